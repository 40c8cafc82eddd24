"""An executor that is made when something is to be run: a build that has nothing to do never pays for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from cauce.contract import CellError
from cauce.engine.document import Value
from cauce.engine.executors import Cancelled, Crashed, Evaluation, Executor, HookCall, Job, Listener, Outcome
from cauce.engine.spec import TaskSpec

__all__ = ["LateExecutor"]


class LateExecutor:
    """Stands for the executor that `make` makes. See `Executor` for what each method does."""

    def __init__(self, make: Callable[[], Executor]) -> None:
        self._make = make
        self._made: Executor | None = None

    def _executor(self) -> Executor:
        if self._made is None:
            self._made = self._make()
        return self._made

    async def run(self, job: Job, listener: Listener, cancel: asyncio.Event) -> Outcome:
        return await self._executor().run(job, listener, cancel)

    async def hook(self, call: HookCall, listener: Listener, cancel: asyncio.Event) -> Outcome:
        return await self._executor().hook(call, listener, cancel)

    async def upload(self, job: Job, listener: Listener, cancel: asyncio.Event) -> Outcome:
        return await self._executor().upload(job, listener, cancel)

    async def fetch(self, job: Job, targets: Mapping[str, Path], listener: Listener, cancel: asyncio.Event) -> Outcome:
        return await self._executor().fetch(job, targets, listener, cancel)

    async def gone(self, tasks: Sequence[TaskSpec], root: Path, log: Path, cancel: asyncio.Event) -> frozenset[str]:
        return await self._executor().gone(tasks, root, log, cancel)

    async def evaluate(
        self, evaluation: Evaluation, listener: Listener, cancel: asyncio.Event
    ) -> Mapping[str, Value | CellError] | Cancelled | Crashed:
        return await self._executor().evaluate(evaluation, listener, cancel)

    def kill(self) -> None:
        if self._made is not None:
            self._made.kill()

    def close(self) -> None:
        if self._made is not None:
            self._made.close()
