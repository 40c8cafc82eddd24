"""The processes of the contestants, seen from outside, and the fork servers that belong to this run alone."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypeVar

from bench.figures import Sample
from cauce.forkserver.address import OFF, Address, Unavailable
from cauce.forkserver.client import Request, ask, connect

__all__ = [
    "Answer",
    "Contest",
    "Contestant",
    "Unable",
    "alternate",
    "column",
    "end_fork_servers",
    "environment",
    "side_by_side",
]

T = TypeVar("T")

_PATIENCE = 3


class Unable(Exception):
    """A contestant cannot do it; the message says why."""


@dataclass(frozen=True)
class Answer:
    """What one request came to, in seconds."""

    whole: float
    """From the call of the library to its return."""
    cpu: float
    """Of the contestant's own process, without its kernels."""
    task: float
    """From event to event where there are any, at the median; else the whole."""


def environment(runtime: Path) -> dict[str, str]:
    """In which contestants and commands run: fork servers of others are neither used nor warmed."""
    # Installed packages have their bytecode; without it every start would compile all anew.
    ours = {name: value for name, value in os.environ.items() if name not in ("PYTHONDONTWRITEBYTECODE", OFF)}
    runtime.mkdir(parents=True, exist_ok=True)
    return {**ours, "XDG_RUNTIME_DIR": str(runtime), "CAUCE_FORKSERVER_IDLE": "900"}


class Contestant:
    """One process. Requests may be made of several before the answers are waited for."""

    def __init__(self, name: str, env: Mapping[str, str], errors: Path) -> None:
        self._log = errors.open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.contestants", name],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self.name = name

    @property
    def pid(self) -> int:
        return self._process.pid

    def request(self, folder: Path, jobs: int = 1, part: int = 0, parts: int = 1) -> None:
        """Have it run what is in a folder, or one part of it."""
        assert self._process.stdin is not None  # noqa: S101 (it is a pipe)
        request = {"folder": str(folder), "jobs": jobs, "part": part, "parts": parts}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()

    def answer(self) -> Answer:
        """Wait for the answer. Raises Unable."""
        assert self._process.stdout is not None  # noqa: S101 (it is a pipe)
        line = self._process.stdout.readline()
        if not line:
            raise Unable(f"{self.name} has ended")
        told = json.loads(line)
        if "error" in told:
            raise Unable(f"{self.name}: {told['error']}")
        return Answer(told["whole"], told["cpu"], told.get("task", told["whole"]))

    def run(self, folder: Path, jobs: int = 1) -> Answer:
        self.request(folder, jobs)
        return self.answer()

    def close(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()
        self._log.close()


class Contest:
    """All contestants of this run. A context: in the end none is left, nor any fork server."""

    def __init__(self, place: Path, rounds: int) -> None:
        self.place = place
        self.rounds = rounds
        self.runtime = place / "run"
        self._errors = place / "errors.log"
        self._open = ExitStack()
        self.cauce = self.contestant("cauce")
        self.started = self.contestant("cauce", {OFF: "off"})
        """Cauce, starting processes the ordinary way."""
        self.nbclient = self.contestant("nbclient")
        self.papermill = self.contestant("papermill")
        self.ploomber: Contestant | None = None
        """Where it is installed, and works with the Jupyter that is."""
        self.remarks: list[str] = []
        """Who could not take part, and why."""

    def contestant(self, name: str, more: Mapping[str, str] | None = None) -> Contestant:
        """One more of that name."""
        made = Contestant(name, {**environment(self.runtime), **(more or {})}, self._errors)
        self._open.callback(made.close)
        return made

    def admit_ploomber(self, folder: Path) -> None:
        """Let it take part if it can run what is in that folder."""
        if importlib.util.find_spec("ploomber") is None:
            self.remarks.append("Ploomber is not installed, and did not take part.")
            return
        candidate = self.contestant("ploomber")
        try:
            candidate.run(folder)
        except Unable as why:
            self.remarks.append(f"Ploomber could not take part: {why}.")
        else:
            self.ploomber = candidate

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()
        end_fork_servers(self.runtime)
        if error is not None:
            sys.stderr.write(self._errors.read_text("utf-8", "replace")[-4000:])


def alternate(rounds: int, *acts: Callable[[], T]) -> list[list[T]]:
    """For each act what it comes to in every round, in alternation, after one round that does not count."""
    found = [[_at_last(act) for act in acts] for _ in range(rounds + 1)][1:]
    return [list(column) for column in zip(*found, strict=True)]


def _at_last(act: Callable[[], T]) -> T:
    """Again where it was not able to: kernels that are started look for ports, and now and then two take the same."""
    for _ in range(_PATIENCE):
        with suppress(Unable):
            return act()
    return act()


def side_by_side(contestants: Sequence[Contestant], folder: Path) -> list[Answer]:
    """The answers of several, each of which runs its part. Raises Unable once none runs any more."""
    for part, contestant in enumerate(contestants):
        contestant.request(folder, part=part, parts=len(contestants))
    answers: list[Answer] = []
    for contestant in contestants:
        with suppress(Unable):
            answers.append(contestant.answer())
    if len(answers) < len(contestants):
        raise Unable(f"{contestants[0].name} has failed in one of {len(contestants)} processes")
    return answers


def column(answers: Sequence[Answer], what: Literal["whole", "cpu", "task"]) -> Sample:
    """One of the numbers of all answers."""
    return Sample(tuple(getattr(answer, what) for answer in answers))


def end_fork_servers(runtime: Path) -> None:
    """End those that listen in a runtime folder."""
    for socket in runtime.glob("cauce-*/*.sock"):
        address = Address(sys.executable, (), socket, socket.with_suffix(".lock"), socket.with_suffix(".log"), ())
        with suppress(Unavailable, ProcessLookupError):
            server = ask(connect(address, start=False), Request("hello"))
            while not server.settled and server.wait(10):
                server.receive()
            server.close()
            if isinstance(pid := server.about.get("server"), int):
                os.kill(pid, signal.SIGTERM)
