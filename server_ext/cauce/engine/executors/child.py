"""Project code in a child process: one request, one reply, under the same promises as a kernel.

The other side is `cauce.runner`, in a process that is forked or started. It dies with us, leads a
group of its own that is killed when it ends, its output goes to the log as it comes, and
cancelling it takes ten seconds at most whatever its code does.
"""

from __future__ import annotations

import asyncio
import codecs
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from cauce.contract import CellError
from cauce.engine.executors import Cancelled, Crashed, Listener, watched
from cauce.engine.executors.answer import Answer, answer_of
from cauce.engine.executors.failure import Exit
from cauce.engine.executors.forked import fork
from cauce.engine.executors.log import Log
from cauce.engine.executors.output import Output
from cauce.engine.executors.watched import LADDER, Process, Watched
from cauce.engine.memory import ceiling
from cauce.engine.process import KILL, Guard, die_with_parent, record_of
from cauce.forkserver.address import Unavailable

__all__ = ["Children", "environment"]


class Children:
    """Starts child processes, several side by side in one event loop.

    Use it from the main thread: on Linux a child dies with the thread that started it.
    """

    def __init__(self) -> None:
        self._guard = Guard()
        self._running: set[_Child] = set()

    async def ask(
        self,
        verb: str,
        request: Mapping[str, Any],
        *,
        root: Path,
        log: Log,
        listener: Listener,
        cancel: asyncio.Event,
        cwd: Path | None = None,
        preload: Sequence[str] | None = None,
        memory: int | None = None,
    ) -> Answer:
        """Have `runner.<verb>` answer `request` (JSON data) in a process of its own.

        It works in `cwd`, else in `root`, from which the project's modules are imported. It is
        forked with the modules of `preload` imported ahead and told of its limit of `memory`
        (bytes); started, when that is None. A
        traceback goes to the log, too. `Failed` is what the project's code raised (or what the
        verb has against the request), `Crashed` a process that died without a word.

        Raises:
            OSError: There is no room for the request, or no process to be had.
        """
        if cancel.is_set():
            return Cancelled()
        with tempfile.TemporaryFile(buffering=0) as channel:
            text = json.dumps({"root": str(root), "request": request})
            channel.write(text.encode("utf-8", "surrogatepass"))
            channel.seek(0)
            child = _Child(self._guard, log)
            self._running.add(child)
            cancelled = asyncio.ensure_future(cancel.wait())
            cancelled.add_done_callback(lambda _: child.hurry.set())
            try:
                process = await child.start(verb, channel, cwd or root, preload, memory)
                record = record_of(process.pid)
                if record is not None:
                    listener.process(record)
                await child.ended(cancel)
            finally:
                cancelled.cancel()
                child.close()
                self._running.discard(child)
            if child.unwanted:
                return Cancelled()
            if child.exit is None:  # stuck in the system, in spite of everything
                return Crashed(CellError(name="process stuck", message="The process did not end when it was killed."))
            return answer_of(channel, log=log, words=child.last_words(), exit=child.exit, root=root)

    def kill(self) -> None:
        """Kill every child, with its process group, now. They end as `Cancelled`."""
        for child in self._running:
            child.kill()

    def close(self) -> None:
        """End the guard process. Call it when nothing is running."""
        self._guard.close()


class _Child:
    """One process from its start to its end."""

    def __init__(self, guard: Guard, log: Log) -> None:
        self.log = log
        self.unwanted = False
        """Was it asked to end before it had?"""
        self.hurry = asyncio.Event()
        """Once it is set, a fork server is not waited for."""
        self._guard = guard
        self._process: Process | None = None
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._output = Output(lambda data: log.write(self._decode(data)))

    async def start(
        self, verb: str, channel: IO[bytes], cwd: Path, preload: Sequence[str] | None, memory: int | None
    ) -> Process:
        process = None if preload is None else await self._fork(verb, channel, cwd, preload, memory)
        self._process = process or self._launch(verb, channel, cwd)
        self._output.listen()
        if self.unwanted:
            self._process.signal(KILL)
        return self._process

    async def _fork(
        self, verb: str, channel: IO[bytes], cwd: Path, preload: Sequence[str], memory: int | None
    ) -> Process | None:
        env = environment()
        try:
            from cauce.forkserver.client import Request

            request = Request("run", (verb,), str(cwd), env, ceiling(memory), (channel.fileno(), self._output.end))
            return await fork(request, preload, env, self._guard, self.hurry)
        except (ImportError, Unavailable):
            return None

    def _launch(self, verb: str, channel: IO[bytes], cwd: Path) -> Process:
        # -P: no file of the project may stand in for a module of ours. Unbuffered, so that
        # the log has what was printed before a crash.
        command = [sys.executable, "-P", "-u", "-m", "cauce.runner", verb]
        process = subprocess.Popen(
            command,
            stdin=channel,
            stdout=self._output.end,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=environment(),
            start_new_session=True,
            preexec_fn=die_with_parent(os.getpid()),
        )
        return Watched(process, self._guard)

    async def ended(self, cancel: asyncio.Event) -> None:
        """Wait for the end; once `cancel` is set, ask for it ever less kindly."""
        process = self._process
        assert process is not None  # noqa: S101 (it was started)
        cancelled = asyncio.ensure_future(cancel.wait())
        first: set[asyncio.Future[Any]] = {process.exited, cancelled}
        try:
            await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
        finally:
            cancelled.cancel()
        for signum, patience in LADDER:
            if process.exited.done():
                return
            self.unwanted = True
            process.signal(signum)
            await process.wait(patience)

    def kill(self) -> None:
        if self._process is None or not self._process.exited.done():
            self.unwanted = True
            self.hurry.set()
            if self._process is not None:
                self._process.signal(KILL)

    def close(self) -> None:
        if self._process is not None:
            self._process.release()
        self._output.close()
        self.log.write(self._decode(b"", True))

    @property
    def exit(self) -> Exit | None:
        """How it ended; None while it has not."""
        return self._process.exited.result() if self._process is not None and self._process.exited.done() else None

    def last_words(self) -> str:
        return self._output.tail()


def environment() -> dict[str, str]:
    """What a runner is told; see `watched.environment`."""
    return watched.environment() | {"PYTHONUNBUFFERED": "1"}
