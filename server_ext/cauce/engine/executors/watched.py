"""A process of which we are told at once when it dies, and whose whole group dies with it.

`Process` is what can be done with one; `Watched` is one that we have started, `forked.ForkedProcess`
one that a fork server has forked.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from cauce.engine.executors.failure import Exit
from cauce.engine.process import KILL, Guard, signal_group

__all__ = ["LADDER", "Process", "Watched", "environment"]

_POLL = 0.2
_KILLED = 1.0
"""Seconds until a process that was killed is gone, unless it is stuck in the system."""


LADDER = ((signal.SIGINT, 3.0), (signal.SIGTERM, 2.0), (KILL, 5.0))
"""How a process is asked to end, ever less kindly: the signal, and for how many seconds it is waited for after it."""


class Process(Protocol):
    """A process that leads a process group of its own.

    `exited` is done as soon as the process is dead (it is never cancelled), and by then its
    process group has been killed.
    """

    @property
    def exited(self) -> asyncio.Future[Exit]: ...

    @property
    def pid(self) -> int: ...

    def signal(self, signum: int) -> None:
        """Signal the whole group; harmless when it is gone."""
        ...

    async def wait(self, seconds: float) -> bool:
        """Is it dead, within that time?"""
        ...

    def release(self) -> None:
        """Stop watching, and kill it if it still lives."""
        ...


class Watched:
    """A child process; see `Process`. Take charge of it as soon as it is started."""

    def __init__(self, process: subprocess.Popen[bytes], guard: Guard) -> None:
        self.exited: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        self.process = process
        self._guard = guard
        self._pidfd: int | None = None
        self._poller: asyncio.Task[None] | None = None
        self._guard.add(process.pid)
        if sys.platform == "linux":
            try:
                self._pidfd = os.pidfd_open(process.pid)
            except OSError:  # a very old or emulated system
                pass
            else:
                asyncio.get_running_loop().add_reader(self._pidfd, self._on_death)
                return
        self._poller = asyncio.get_running_loop().create_task(self._poll(process))

    @property
    def pid(self) -> int:
        return self.process.pid

    def signal(self, signum: int) -> None:
        """Signal the whole group; harmless when it is gone."""
        if self.exited.done():
            return
        if sys.platform == "win32":
            self.process.kill()
        else:
            signal_group(self.process.pid, signum)

    async def wait(self, seconds: float) -> bool:
        """Is it dead, within that time?"""
        await asyncio.wait({self.exited}, timeout=seconds)
        return self.exited.done()

    def release(self) -> None:
        """Stop watching, and kill it if it still lives."""
        if not self.exited.done():
            self.signal(KILL)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(_KILLED)  # or it would be there as a zombie for as long as we are
            self._guard.discard(self.pid)
        self._unwatch()

    async def _poll(self, process: subprocess.Popen[bytes]) -> None:
        while process.poll() is None:  # noqa: ASYNC110 (nothing tells us, on this system)
            await asyncio.sleep(_POLL)
        self._on_death()

    def _unwatch(self) -> None:
        if self._pidfd is not None:
            asyncio.get_running_loop().remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = None
        if self._poller is not None and asyncio.current_task() is not self._poller:
            self._poller.cancel()

    def _on_death(self) -> None:
        process = self.process
        self._unwatch()
        # First the group, then the reaping: until then nobody else can get this number.
        signal_group(process.pid, KILL)
        memory = _reap(process)
        self._guard.discard(process.pid)
        code = process.wait()
        if not self.exited.done():
            self.exited.set_result(Exit(code=code, peak_memory=memory))


def environment() -> dict[str, str]:
    """What a process is told that works in another folder than we do, and that a fork server in a third may fork."""
    # The name of the notebook in which somebody typed `!cauce build`: not this process's.
    ours = {name: value for name, value in os.environ.items() if name != "JPY_SESSION_NAME"}
    if paths := ours.get("PYTHONPATH"):
        ours["PYTHONPATH"] = os.pathsep.join(str(Path(path).absolute()) for path in paths.split(os.pathsep))
    return ours


def _reap(process: subprocess.Popen[bytes]) -> int | None:
    """Collect the exit code, and the peak memory in bytes where the system tells."""
    if sys.platform != "linux" or process.returncode is not None:
        return None
    try:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
    except ChildProcessError:
        return None
    if pid == 0:
        return None
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_maxrss * 1024
