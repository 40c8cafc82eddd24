"""A project folder, a `ProjectExecutor`, and proof that nothing of what it ran stays behind."""

from __future__ import annotations

import asyncio
import os
import tempfile
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from cauce.contract import CellError, Progress, TaskKind, Where
from cauce.engine.executors import Failed, HookCall, Job, Listener, Outcome
from cauce.engine.executors.project import ProjectExecutor
from cauce.engine.injection import Binding
from cauce.engine.process import ProcessRecord
from cauce.engine.spec.model import Dotted, ProductSpec, TaskSpec

__all__ = ["ChildBench", "Try", "bench_in", "error_of", "held", "members", "until"]

T = TypeVar("T")


@dataclass
class Try:
    """One job, and what was told about it."""

    job: Job
    cancel: asyncio.Event = field(default_factory=asyncio.Event)
    progress: list[Progress] = field(default_factory=list)
    processes: list[ProcessRecord] = field(default_factory=list)

    @property
    def listener(self) -> Listener:
        return Listener(self.progress.append, self.processes.append)

    @property
    def log(self) -> str:
        return self.job.log.read_text("utf-8")


class ChildBench:
    """Writes files, runs tasks and hooks."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.executor = ProjectExecutor(log_limit=200_000)
        self._runner = asyncio.Runner()

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    def task(
        self,
        source: str,
        kind: TaskKind = "function",
        *,
        name: str = "",
        product: str | Mapping[str, str] = "out.txt",
        params: Mapping[str, Any] | None = None,
        needs: tuple[Try, ...] = (),
        group: str = "",
        content: bytes = b"",
        folder: str = "",
        **spec: Any,
    ) -> Try:
        """A task that needs others, under their names or under that of a `group`."""
        name = name or (source.rpartition(".")[2] if kind == "function" else Path(source).stem)
        products = {"": product} if isinstance(product, str) else product
        upstream: dict[str, Any] = {each.job.spec.name: each.job.binding.product for each in needs}
        given = {group: upstream} if group else upstream
        made = TaskSpec(
            name,
            kind,
            source,
            tuple(ProductSpec(key, path) for key, path in products.items()),
            (),
            params or {},
            None,
            Where(path="pipeline.yaml"),
            **spec,
        )
        value = product if isinstance(product, str) else dict(product)
        binding = Binding(self.root, "pipeline.yaml", name, params or {}, given or None, value, folder=folder)
        if kind != "function":
            content = content or (self.root / source).read_bytes()
        needed = tuple(each.job.spec for each in needs)
        return Try(Job(made, binding, content, {}, None, self.root / f"{name}.log", needed))

    async def go(self, attempt: Try) -> Outcome:
        return await self.executor.run(attempt.job, attempt.listener, attempt.cancel)

    def run(self, attempt: Try) -> Outcome:
        return self.wait(self.go(attempt))

    def wait(self, for_what: Coroutine[Any, Any, T]) -> T:
        """What it returns. There is one event loop for all, as in a build."""
        return self._runner.run(for_what)

    def close(self) -> None:
        async def close() -> None:
            self.executor.close()

        self.wait(close())
        self._runner.close()

    def hook(self, path: str, moment: Any = "on_finish", job: Job | None = None, **given: Any) -> tuple[Outcome, str]:
        """The outcome, and what it printed."""
        more = {name: given.pop(name) for name in ("report", "error", "jobs") if name in given}
        log = self.root / "hook.log"
        log.unlink(missing_ok=True)
        call = HookCall(Dotted(path, given), moment, self.root, log, job, **more)
        listener = Listener(lambda _: None, lambda _: None)
        return self.wait(self.executor.hook(call, listener, asyncio.Event())), log.read_text("utf-8")

    async def appears(self, name: str) -> None:
        await until(lambda: (self.root / name).exists())


@contextmanager
def bench_in(root: Path) -> Iterator[ChildBench]:
    """A bench, with proof that no process, descriptor, thread or temporary file is left in the end."""
    with tempfile.TemporaryDirectory(prefix="scratch-") as scratch:
        old, tempfile.tempdir = tempfile.tempdir, scratch
        temporary = os.environ.get("TMPDIR")
        os.environ["TMPDIR"] = scratch
        before = held()
        bench = ChildBench(root)
        try:
            yield bench
            bench.close()
            assert held() <= before, held() - before
            assert os.listdir(scratch) == []  # noqa: PTH208 - names alone
        finally:
            tempfile.tempdir = old
            if temporary is None:
                del os.environ["TMPDIR"]
            else:
                os.environ["TMPDIR"] = temporary


def error_of(outcome: Outcome) -> CellError:
    """What a task failed of."""
    assert isinstance(outcome, Failed), outcome
    return outcome.error


def children() -> set[int]:
    """Our child processes, zombies included."""
    return {pid for pid, fields in _processes() if int(fields[1]) == os.getpid()}


def members(group: int) -> set[int]:
    """The live processes of a group."""
    return {pid for pid, fields in _processes() if int(fields[2]) == group and fields[0] not in "ZX"}


def _processes() -> Iterator[tuple[int, list[str]]]:
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            yield int(path.parent.name), path.read_text("utf-8", "replace").rpartition(")")[2].split()
        except OSError:
            continue


def held() -> set[object]:
    """What this process holds: children, threads, open files. Some of it is another test's, and may go at any time."""
    return {*children(), *descriptors(), *threading.enumerate()}


def descriptors() -> set[tuple[str, str]]:
    """Our open files, each with its number."""
    found = set()
    for path in Path("/proc/self/fd").iterdir():
        try:
            found.add((path.name, str(path.readlink())))
        except OSError:  # the one that reads this folder
            continue
    return found


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 (what we wait for happens in another process)
        await asyncio.sleep(0.005)
