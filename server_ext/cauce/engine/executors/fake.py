"""An executor that runs nothing and does as it is told: for tests, and for trying out the build loop.

    FakeExecutor({"load": Fail(CellError(name="KeyError", message="'x'")), "fit": Hang()})

What each task does is plain data. A task without a script succeeds and writes what it declares.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cauce.contract import CellError, Progress
from cauce.engine.document import Value
from cauce.engine.executors import (
    Cancelled,
    Crashed,
    Evaluation,
    Failed,
    HookCall,
    Job,
    Listener,
    Outcome,
    Stopped,
    Succeeded,
)
from cauce.engine.spec import TaskSpec

__all__ = ["Crash", "Fail", "FakeExecutor", "Hang", "Script", "Stop", "Succeed", "Turns", "Wait"]

NOTEBOOK = b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}\n'


@dataclass(frozen=True)
class Succeed:
    """Write the products and succeed.

    `products` maps paths (relative to the root) to contents; None for every declared
    product other than notebooks, each holding the task's name. Say ``{}`` for a task that
    succeeds and forgets its products.
    """

    products: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Fail:
    """Raise in the user's code; `products` are written before."""

    error: CellError = field(
        default_factory=lambda: CellError(name="ValueError", message="told to fail", cell=1, line=1)
    )
    products: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Crash:
    """Lose the kernel."""

    error: CellError = field(
        default_factory=lambda: CellError(name="kernel died", message="The kernel was killed by SIGKILL.")
    )


@dataclass(frozen=True)
class Stop:
    """Ask the whole build to end early, in good order."""

    message: str = ""


@dataclass(frozen=True)
class Hang:
    """Run until cancelled or killed; one that is deaf, until killed."""

    deaf: bool = False


@dataclass(frozen=True)
class Wait:
    """Run until `event` is set, then do as `then` says; cancelling ends it before."""

    event: asyncio.Event
    then: Succeed | Fail | Crash | Stop = field(default_factory=Succeed)


@dataclass(frozen=True)
class Turns:
    """Do another of these each time that it is tried, and the last one ever after."""

    scripts: tuple[Succeed | Fail | Crash | Stop | Hang | Wait, ...]


Script = Succeed | Fail | Crash | Stop | Hang | Wait | Turns


class FakeExecutor:
    """Plays its scripts, and remembers what was asked of it.

    `started` and `ended` list tasks in the order in which that happened; `jobs` holds the
    last job of each task; `most_at_once` is the largest number that ran side by side.
    `called` lists hooks as (dotted path, task or ''), `evaluated` the keys that were asked for.
    `dropped` holds tasks whose tables are said to be gone. `notebook` is what it writes as each executed notebook.
    No process is started, so `Listener.process` is never called.
    """

    def __init__(
        self,
        scripts: Mapping[str, Script] | None = None,
        *,
        hooks: Mapping[str, Script] | None = None,
        values: Mapping[str, Value | CellError] | None = None,
    ) -> None:
        """`hooks`: dotted path → what calling it does (default: succeed); `values`: `Need.key` → its value."""
        self.scripts: dict[str, Script] = dict(scripts or {})
        self.hooks: dict[str, Script] = dict(hooks or {})
        self.values: dict[str, Value | CellError] = dict(values or {})
        self.called: list[tuple[str, str]] = []
        self.evaluated: list[str] = []
        self.dropped: set[str] = set()
        self.notebook = NOTEBOOK
        self.started: list[str] = []
        self.ended: list[str] = []
        self.jobs: dict[str, Job] = {}
        self.most_at_once = 0
        self.closed = False
        self._running = 0
        self._killed = asyncio.Event()

    async def run(self, job: Job, listener: Listener, cancel: asyncio.Event) -> Outcome:
        """Play the script of the job's task."""
        with self._noted(job):
            listener.heard()
            job.log.parent.mkdir(parents=True, exist_ok=True)
            with job.log.open("a", encoding="utf-8") as log:
                log.write(f"{job.binding.task}\n")
            outcome = await self._play(job, cancel)
            for output in {*job.outputs.values(), *([job.notebook] if job.notebook else [])}:
                output.parent.mkdir(parents=True, exist_ok=True)
                output.write_bytes(self.notebook)
            if isinstance(outcome, Succeeded):
                listener.progress(Progress(done=1, total=1))
            return outcome

    async def upload(self, job: Job, listener: Listener, cancel: asyncio.Event) -> Outcome:
        """Copy nothing."""
        return Succeeded()

    async def fetch(self, job: Job, targets: Mapping[str, Path], listener: Listener, cancel: asyncio.Event) -> Outcome:
        """Find nothing."""
        return Succeeded()

    async def gone(self, tasks: Sequence[TaskSpec], root: Path, log: Path, cancel: asyncio.Event) -> frozenset[str]:
        """Those that `dropped` names."""
        return frozenset(task.name for task in tasks if task.name in self.dropped)

    async def hook(self, call: HookCall, listener: Listener, cancel: asyncio.Event) -> Outcome:
        """Remember the call, and end as told."""
        self.called.append((call.hook.path, "" if call.job is None else call.job.spec.name))
        match self.hooks.get(call.hook.path, Succeed()):
            case Fail(error=error):
                return Failed(error)
            case Crash(error=error):
                return Crashed(error)
            case Stop(message=message):
                return Stopped(message)
            case Hang():
                await _first_of(cancel, self._killed)
                return Cancelled()
            case _:
                return Succeeded()

    async def evaluate(
        self, evaluation: Evaluation, listener: Listener, cancel: asyncio.Event
    ) -> Mapping[str, Value | CellError] | Cancelled | Crashed:
        """The values it was given; for others an error."""
        self.evaluated += [need.key for need in evaluation.needs]
        unknown = CellError(name="KeyError", message="nobody told its value")
        return {need.key: self.values.get(need.key, unknown) for need in evaluation.needs}

    def kill(self) -> None:
        """End what runs as though it had been cancelled."""
        self._killed.set()

    def close(self) -> None:
        """Nothing is kept between jobs; only remembers that it was called."""
        self.closed = True

    @contextmanager
    def _noted(self, job: Job) -> Iterator[None]:
        self.started.append(job.binding.task)
        self.jobs[job.binding.task] = job
        self._running += 1
        self.most_at_once = max(self.most_at_once, self._running)
        try:
            yield
        finally:
            self._running -= 1
            self.ended.append(job.binding.task)

    async def _play(self, job: Job, cancel: asyncio.Event) -> Outcome:
        script = self.scripts.get(job.binding.task, Succeed())
        if isinstance(script, Turns):
            turn = self.started.count(job.binding.task)
            script = script.scripts[min(turn, len(script.scripts)) - 1]
        await asyncio.sleep(0)  # so that jobs started together do run together
        if isinstance(script, Hang):
            await _first_of(self._killed, *(() if script.deaf else (cancel,)))
        elif isinstance(script, Wait):
            await _first_of(script.event, cancel, self._killed)
        if cancel.is_set() or self._killed.is_set():
            return Cancelled()
        return _end(job, script.then if isinstance(script, Wait) else script)


def _end(job: Job, script: Script) -> Outcome:
    match script:
        case Crash(error=error):
            return Crashed(error)
        case Fail(error=error, products=products):
            _write(job.binding.root, products)
            return Failed(error)
        case Stop(message=message):
            return Stopped(message)
        case Succeed(products=products):
            _write(job.binding.root, _declared(job) if products is None else products)
            return Succeeded()
        case _:  # Hang ends by being cancelled alone
            return Cancelled()


def _declared(job: Job) -> Mapping[str, str]:
    paths = [product.path for product in job.spec.products if product.path not in job.outputs]
    return dict.fromkeys(paths, f"{job.binding.task}\n")


def _write(root: Path, products: Mapping[str, str]) -> None:
    for path, content in products.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content, encoding="utf-8")


async def _first_of(*events: asyncio.Event) -> None:
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
