"""Waiting as something that is handed in: what has deadlines is tried without anybody sleeping.

A timer's clock is never set, unlike that of the day: of a computer that is put to sleep, or whose
user travels, no task runs out of time.
"""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

__all__ = ["FakeTimer", "SystemTimer", "Timer"]


class Timer(Protocol):
    """A clock to wait by."""

    def now(self) -> float:
        """Seconds since whenever; only differences mean something."""
        ...

    async def until(self, when: float) -> None:
        """Wait for that moment; at once when it has passed."""
        ...


class SystemTimer:
    """The system's."""

    def now(self) -> float:
        return time.monotonic()

    async def until(self, when: float) -> None:
        await asyncio.sleep(max(0.0, when - self.now()))


class FakeTimer:
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self._now = 0.0
        self._waiting: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> float:
        return self._now

    async def until(self, when: float) -> None:
        if when > self._now:
            passed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((when, passed))
            await passed

    def advance(self, seconds: float) -> None:
        """Let so much time pass, as soon as who runs now has come to wait for something."""
        asyncio.get_running_loop().call_soon(self._advance, seconds)

    def _advance(self, seconds: float) -> None:
        self._now += seconds
        due = [passed for when, passed in self._waiting if when <= self._now]
        self._waiting = [(when, passed) for when, passed in self._waiting if when > self._now]
        for passed in due:
            if not passed.done():  # nobody waits any more
                passed.set_result(None)
