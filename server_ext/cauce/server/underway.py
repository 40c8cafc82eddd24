"""What is under way while the server runs, and has to have ended when it stops.

An event loop that closes over a task, or over a process that is being started, leaves them to finalisers: these
run at any later moment, cannot do their work without a loop, and leave behind what they were to end.
"""

from __future__ import annotations

import asyncio
import contextlib
from asyncio.subprocess import Process
from collections.abc import Coroutine
from typing import Any, TypeVar

from cauce.engine.errors import CauceError

__all__ = ["Stopping", "UnderWay", "end"]

T = TypeVar("T")

_DEATH = 5.0
"""Seconds until a process that was killed is gone, unless it is stuck in the system."""
_LAST_WORDS = 5.0
"""Seconds for which what a process has said is read on after its end: another may hold the pipe."""


class Stopping(CauceError):
    """The server stops, and what was asked of it with it."""

    code = "stopping"

    def __init__(self) -> None:
        super().__init__("The server is stopping.", hint="Ask again when it has been started anew.")


class UnderWay:
    """Tasks that somebody waits for in the end, whoever has begun them. Lives on one event loop."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    @property
    def closed(self) -> bool:
        """Is the end near?"""
        return self._closed

    def begin(self, job: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Have it done by a task of its own."""
        task = asyncio.create_task(job)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def do(self, job: Coroutine[Any, Any, T]) -> T:
        """Do it for somebody who waits for it, and only while they do.

        Raises:
            Stopping: The server stops before it is done.
        """
        if self._closed:
            job.close()
            raise Stopping
        try:
            return await self.begin(job)
        except asyncio.CancelledError:
            if self._closed:
                raise Stopping from None
            raise

    async def wait(self) -> None:
        """Until all of them have ended, and what they have begun at their end."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def close(self) -> None:
        """Cancel all of them, and wait until they have ended."""
        self._closed = True
        while self._tasks:
            tasks = list(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def end(process: Process, *readers: asyncio.Task[Any], patience: float = 0.0) -> None:
    """Let go of a process: with its stdin it ends, with all that it has started. Kill it if it has not in time.

    Its pipes are closed then, whoever else holds their other ends. The `readers` of what it says are
    given some seconds for the rest of it before.
    """
    if process.stdin is not None:
        process.stdin.close()
    try:
        if not await _has_ended(process, patience):
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await _has_ended(process, _DEATH)
        elif readers:
            await asyncio.wait(readers, timeout=_LAST_WORDS)
    finally:
        process._transport.close()  # type: ignore[attr-defined]  # nothing else closes what it has said
    if readers:
        await asyncio.wait(readers, timeout=_DEATH)


async def _has_ended(process: Process, seconds: float) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await process.wait()
    return process.returncode is not None
