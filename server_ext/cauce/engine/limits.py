"""The limits of one attempt, kept over the executors' seam: whatever runs the task, the same holds.

    the build's cancel ─┐
    timeout ────────────┼─► over ─► the `cancel` of every executor call ─► interrupt, SIGTERM, SIGKILL
    silence ────────────┤
    memory ─────────────┘

An executor ends what it runs when its `cancel` is set, and need not know why. What it then calls
`Cancelled` is told here as what it was: "Timed out", "Silent too long", "Out of memory". A kernel
that does not start is the executor's own to tell, for nobody else knows when it has.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType

import msgspec

from cauce.contract import CellError, Progress
from cauce.engine.executors import Cancelled, Crashed, Failed, HookCall, Job, Listener, Outcome, TaskExecutor
from cauce.engine.executors.log import Log
from cauce.engine.memory import bound, far_beyond, is_measurable, used_by
from cauce.engine.process import KILL, ProcessRecord, kill_group
from cauce.engine.spec.model import Limits
from cauce.engine.spec.quantities import size_in_words, time_in_words
from cauce.engine.timer import Timer

__all__ = ["Limited"]

OUT_OF_MEMORY = "Out of memory"
_PAUSE = 0.25
"""Seconds between two looks at the memory: a process can fill some 500 MB meanwhile."""
_NEARLY = 0.9
"""Of the limit: whoever dies there has died of it, as far as anybody can tell."""
_LESS = "Allow more, or work on less at a time."
_MEMORY_ERROR = re.compile(r"MemoryError$")  # numpy, pyarrow and others have their own kinds


class Limited:
    """An executor for one attempt. The time counts from `async with` to its end."""

    def __init__(
        self, executor: TaskExecutor, limits: Limits, *, cancel: asyncio.Event, timer: Timer, log: Path
    ) -> None:
        """`cancel` is the build's; `log` the task's, to which what was exceeded is written at once."""
        self._executor = executor
        self._limits = limits
        self._timer = timer
        self._cancel = cancel
        self._log = log
        self._noted = False
        self._watch = _Watch(limits, cancel, timer, log)

    async def __aenter__(self) -> Limited:
        self._watch.begin()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._watch.end()

    async def run(self, job: Job, listener: Listener, cancel: asyncio.Event) -> Outcome:
        """As the executor does, under the limits; so are the others. `cancel` is heeded from the start."""
        if self._limits.memory is not None and not is_measurable():
            self._note("The limit of 'memory' is not kept: this system does not tell what a process uses.")
        starting = job.spec.kind == "notebook"
        return await self._call(self._watch, listener, lambda *given: self._executor.run(job, *given), starting)

    async def hook(self, call: HookCall, listener: Listener, cancel: asyncio.Event) -> Outcome:
        """For `on_failure` the limits begin anew: what the task has used up is not the hook's fault."""

        def called(listener: Listener, over: asyncio.Event) -> Awaitable[Outcome]:
            return self._executor.hook(call, listener, over)

        if call.moment != "on_failure":
            return await self._call(self._watch, listener, called)
        watch = _Watch(self._limits, self._cancel, self._timer, self._log)
        watch.begin()
        try:
            return await self._call(watch, listener, called)
        finally:
            await watch.end()

    async def upload(self, job: Job, listener: Listener, cancel: asyncio.Event) -> Outcome:
        return await self._call(self._watch, listener, lambda *given: self._executor.upload(job, *given))

    async def fetch(self, job: Job, targets: Mapping[str, Path], listener: Listener, cancel: asyncio.Event) -> Outcome:
        return await self._call(self._watch, listener, lambda *given: self._executor.fetch(job, targets, *given))

    async def _call(
        self,
        watch: _Watch,
        listener: Listener,
        call: Callable[[Listener, asyncio.Event], Awaitable[Outcome]],
        starting: bool = False,
    ) -> Outcome:
        watch.listen(starting=starting)
        try:
            outcome = watch.told(await call(watch.between(listener), watch.over))
        finally:
            watch.rest()
        if isinstance(outcome, Cancelled) and not self._noted:
            self._noted = True
            self._note("The task was cancelled.")
        return outcome

    def _note(self, text: str) -> None:
        with suppress(OSError), Log(self._log) as log:
            log.note(text)


class _Watch:
    """From `begin` to `end` sets `over` when the build is cancelled or a limit is exceeded, whichever comes first."""

    def __init__(self, limits: Limits, cancel: asyncio.Event, timer: Timer, log: Path) -> None:
        self.over = asyncio.Event()
        self._limits = limits
        self._cancel = cancel
        self._timer = timer
        self._log = log
        self._exceeded: CellError | None = None
        self._heard: float | None = None
        """When something was heard last; None while there is nobody to be heard."""
        self._progress: Progress | None = None
        self._processes: list[ProcessRecord] = []
        self._peak = 0
        self._tasks: list[asyncio.Task[None]] = []
        if cancel.is_set():
            self.over.set()

    def begin(self) -> None:
        limits, watching = self._limits, [self._follow()]
        if limits.timeout is not None:
            watching.append(self._watch_time(limits.timeout, self._timer.now() + limits.timeout))
        if limits.silence_timeout is not None:
            watching.append(self._watch_silence(limits.silence_timeout))
        if limits.memory is not None and is_measurable():
            watching.append(self._watch_memory(limits.memory))
        self._tasks = [asyncio.create_task(each) for each in watching]

    async def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        for ended in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended  # a bug of ours

    # --- What is heard of the task

    def listen(self, *, starting: bool) -> None:
        """Somebody runs; `starting`: first something that has a limit of its own, and is over once it is heard."""
        self._heard = None if starting else self._timer.now()

    def rest(self) -> None:
        """Nobody runs: what there is to hash and to put in place is our own work."""
        self._heard = None

    def between(self, listener: Listener) -> Listener:
        """A listener that tells both."""

        def progress(value: Progress) -> None:
            self._progress = value
            heard()
            listener.progress(value)

        def process(record: ProcessRecord) -> None:
            self._processes.append(record)
            if self._limits.memory is not None:
                bound(record, self._limits.memory)
            if self._heard is not None:  # not yet, of a kernel: it has to answer first
                heard()
            listener.process(record)

        def heard() -> None:
            self._heard = self._timer.now()
            listener.heard()

        return replace(listener, progress=progress, process=process, heard=heard)

    def told(self, outcome: Outcome) -> Outcome:
        """The outcome by its right name."""
        memory = self._limits.memory
        match outcome:
            case Cancelled() | Crashed() if self._exceeded is not None:
                # Out of memory it would be the next time as well: nothing has changed.
                return Failed(self._exceeded, final=self._exceeded.name == OUT_OF_MEMORY)
            case Failed(error=error) if memory is not None and _MEMORY_ERROR.search(error.name):
                return Failed(self._out_of_memory(error, memory, f"{error.name}: {error.message}"), final=True)
            case Crashed(error=error) if memory is not None and self._peak >= _NEARLY * memory:
                return Crashed(self._out_of_memory(error, memory, error.message), final=True)
            case _:
                return outcome

    def _out_of_memory(self, error: CellError, limit: int, told: str) -> CellError:
        """An error that the executor has told, which has more to say of where it was than we have."""
        words = f"{told.removesuffix(': ').removesuffix('.')}. {self._used(limit)} {_LESS}"
        return msgspec.structs.replace(error, name=OUT_OF_MEMORY, message=words)

    def _used(self, limit: int) -> str:
        allowed = f"{self._limits.origin('memory')} allows {size_in_words(limit)}."
        return f"The task used {size_in_words(self._peak)}, where {allowed}" if self._peak else allowed

    # --- What it is watched for

    async def _follow(self) -> None:
        await self._cancel.wait()
        self.over.set()

    async def _watch_time(self, limit: float, until: float) -> None:
        await self._timer.until(until)
        origin = self._limits.origin("timeout")
        message = f"It took longer than the {time_in_words(limit)} that {origin} allows.{self._so_far()}"
        self._exceed("Timed out", f"{message} Allow more, or make it faster.")

    async def _watch_silence(self, limit: float) -> None:
        while (due := (self._timer.now() if self._heard is None else self._heard) + limit) > self._timer.now():
            await self._timer.until(due)
        origin = self._limits.origin("silence_timeout")
        message = f"Nothing was heard of it for the {time_in_words(limit)} that {origin} allows.{self._so_far()}"
        self._exceed("Silent too long", f"{message} Allow more, or have it print how far it is.")

    async def _watch_memory(self, limit: int) -> None:
        while True:
            await self._timer.until(self._timer.now() + _PAUSE)
            used = await asyncio.to_thread(used_by, tuple(self._processes), limit)
            self._peak = max(self._peak, used)
            if used > limit:
                self._exceed(OUT_OF_MEMORY, f"{self._used(limit)}{self._so_far()} {_LESS}")
            if used > far_beyond(limit):  # while it is asked to end, the machine must not suffer
                for record in self._processes:
                    kill_group(record, KILL)

    def _so_far(self) -> str:
        progress = self._progress
        if progress is None or progress.done >= progress.total:
            return ""
        return f" It was in code cell {progress.done + 1} of {progress.total}."

    def _exceed(self, name: str, message: str) -> None:
        if self.over.is_set():
            return
        self._exceeded = CellError(name=name, message=message)
        with suppress(OSError), Log(self._log) as log:
            log.note(f"{name}: {message}")
        self.over.set()
