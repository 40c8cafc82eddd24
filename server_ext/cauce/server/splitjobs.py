"""Notebooks that are run to see what they do, and pipelines that are compared with theirs: by processes of their own.

One of each kind for a notebook at a time, whoever asks. It goes on whatever becomes of the browser that asked, and
ends with the server, which holds its standard input open. Here is only how far it is; a trace is kept on the disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Literal

import msgspec

from cauce.contract import SplitRun
from cauce.server.builder import BuilderFailed
from cauce.server.underway import end

__all__ = ["SplitJobs", "Verb"]

Verb = Literal["trace", "prove"]

_LONGEST_LINE = 64 << 20
_GOODBYE = 15.0
"""Seconds for a process to end: it leaves the kernel some to clean up."""
_REMEMBERED = 100
"""Ended ones of which it is still known how they ended."""
NONE = SplitRun(state="none")


class SplitJobs:
    """All that run, and how the last ones ended. Lives on one event loop."""

    def __init__(self) -> None:
        self._jobs: dict[tuple[Verb, Path], _Job] = {}
        self._starting = asyncio.Lock()

    @property
    def busy(self) -> bool:
        """Is anything running?"""
        return any(job.running for job in self._jobs.values())

    async def start(self, verb: Verb, notebook: Path, *more: str) -> SplitRun:
        """Begin, unless it is running already: then it goes on as it was begun.

        Raises:
            BuilderFailed: The system does not let us.
        """
        key = verb, notebook
        async with self._starting:  # two tabs may ask while the process comes up
            job = self._jobs.get(key)
            if job is None or not job.running:
                job = await _Job.begun(verb, notebook, more)
                self._jobs.pop(key, None)
                self._jobs[key] = job
                self._forget()
            return job.state

    def state(self, verb: Verb, notebook: Path) -> SplitRun:
        job = self._jobs.get((verb, notebook))
        return NONE if job is None else job.state

    def cancel(self, verb: Verb, notebook: Path) -> None:
        """Ask it to end; harmless when it has, or was never begun."""
        job = self._jobs.get((verb, notebook))
        if job is not None:
            job.cancel()

    async def close(self) -> None:
        """End all of them."""
        await asyncio.gather(*(job.close() for job in self._jobs.values()), return_exceptions=True)

    def _forget(self) -> None:
        over = [key for key, job in self._jobs.items() if not job.running]
        for key in over[:-_REMEMBERED]:
            del self._jobs[key]


class _Job:
    """One process, from its start to its end."""

    def __init__(self, process: Process) -> None:
        self.state = SplitRun(state="running")
        self._process = process
        self._cancelled = False
        self._follower = asyncio.create_task(self._follow())
        self._killer: asyncio.Task[None] | None = None

    @classmethod
    async def begun(cls, verb: Verb, notebook: Path, more: tuple[str, ...]) -> _Job:
        # -P, as for builders: nothing beside the notebook is to be imported by the process itself.
        command = [sys.executable, "-P", "-m", "cauce", verb, "--json", "--lifeline", "--", str(notebook), *more]
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                cwd=notebook.parent,
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE,
                limit=_LONGEST_LINE,
                start_new_session=True,
            )
        except OSError as error:
            raise BuilderFailed(
                f"It cannot be run: no process can be started: {error.strerror}.", hint="Ask who runs the server."
            ) from error
        return cls(process)

    @property
    def running(self) -> bool:
        return self.state.state == "running"

    def cancel(self) -> None:
        if not self.running or self._cancelled:
            return
        self._cancelled = True
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        self._killer = asyncio.create_task(self._kill_later())

    async def close(self) -> None:
        """Let go of it: with its stdin it ends, with all that it has started."""
        await end(self._process, self._follower, patience=_GOODBYE)
        if self._killer is not None:
            await self._killer

    async def _kill_later(self) -> None:
        try:
            async with asyncio.timeout(_GOODBYE):
                await self._process.wait()
        except TimeoutError:
            await end(self._process, self._follower)

    async def _follow(self) -> None:
        process = self._process
        assert process.stdout is not None and process.stderr is not None  # noqa: S101, PT018 - they are pipes
        complaints = asyncio.create_task(process.stderr.read())
        last = self.state
        try:
            while line := await process.stdout.readline():
                with contextlib.suppress(msgspec.MsgspecError):
                    last = msgspec.json.decode(line, type=SplitRun)
                if last.state == "running":
                    self.state = last
            await process.wait()
        except ValueError:  # a line longer than anything we say
            await end(process)
        finally:
            said = (await complaints).decode("utf-8", "replace").strip().splitlines()
            if last.state == "running":
                last = self._without_a_word(last, said[-1] if said else "")
            self.state = last
            if process.stdin is not None:
                process.stdin.close()

    def _without_a_word(self, last: SplitRun, said: str) -> SplitRun:
        if self._cancelled:
            return msgspec.structs.replace(last, state="cancelled", message="It was cancelled.")
        why = f": {said}" if said else "."
        return msgspec.structs.replace(last, state="failed", message=f"The process that ran it has died{why}"[:500])
