"""Requests to databases: one process per client answers them in turn, for the length of a build.

The other side is `cauce.runner.session`. For each request the promises of a child hold (see `child`):
its output goes to its own log, cancelling it takes ten seconds at most, a death is told with its cause and
fails the request at hand alone. Those that wait get another process.

What a database is the session tells when it has opened it. One in a file, or in memory, takes one request
at a time, in the order in which they came: DuckDB lets nobody else have the file meanwhile, and SQLite one
alone write. A database server takes as many as there are, each in a session of its own.
"""

from __future__ import annotations

import asyncio
import codecs
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Literal

from cauce.engine.executors import Cancelled, Listener
from cauce.engine.executors.answer import Answer, answer_of
from cauce.engine.executors.child import Children, environment
from cauce.engine.executors.failure import Exit
from cauce.engine.executors.log import Log
from cauce.engine.executors.output import Output
from cauce.engine.executors.watched import LADDER, Watched
from cauce.engine.process import KILL, Guard, die_with_parent, record_of

__all__ = ["Sessions"]

_LEAVING_PATIENCE = 2.0
_LONGEST_IDLE = 60.0
"""Seconds; what a database in memory holds is worth waiting longer for."""

Nature = Literal["alone", "shared", "memory"]
"""Of a database: one task at a time · several, each in a process of its own · one at a time, in this process only."""

_BEGUN, _DONE, _SPENT = b"b", b"d", b"n"
_NATURES: Mapping[bytes, Nature] = {b"a": "alone", b"s": "shared", b"m": "memory"}


class Sessions:
    """Has requests answered by the client that they name, several clients side by side in one event loop.

    Use it from the main thread: on Linux a session dies with the thread that started it.
    """

    def __init__(self, children: Children) -> None:
        """`children` are asked where there is nobody else to ask: without a client, and on Windows."""
        self._children = children
        self._guard = Guard()
        self._lines: dict[str, _Line] = {}
        self._live: set[_Session] = set()

    async def ask(
        self,
        verb: str,
        request: Mapping[str, Any],
        *,
        root: Path,
        log: Log,
        listener: Listener,
        cancel: asyncio.Event,
    ) -> Answer:
        """Have `runner.<verb>` answer `request` in the database of its "client"; see `Children.ask`.

        Raises:
            OSError: There is no room for the request, or no process to be had.
        """
        client = request["client"]
        if client is None or sys.platform == "win32":  # there no socket can hand over a file
            return await self._children.ask(verb, request, root=root, log=log, listener=listener, cancel=cancel)
        line = self._lines.setdefault(json.dumps([str(root), client], sort_keys=True), _Line())
        if line.is_taken:
            log.note("Waiting for the database, in which another task is at work.")
        if not await line.turn(cancel):
            return Cancelled()
        text = json.dumps({"verb": verb, "root": str(root), "request": request})
        try:
            while True:
                answer = await self._answer(line, line.ready(), text, root, log, listener, cancel)
                if answer is not None:
                    return answer
        finally:
            line.leave()

    def kill(self) -> None:
        """Kill every session, with its process group, now. What they are at, and what waits, ends as `Cancelled`."""
        for line in self._lines.values():
            line.send_away()
        for session in self._live:
            session.kill()

    def close(self) -> None:
        """End all sessions, and the guard process. Call it in their event loop, when nothing is running."""
        for session in self._live:
            session.hang_up()
        deadline = time.monotonic() + _LEAVING_PATIENCE
        for session in self._live:
            session.end(deadline)
        self._live.clear()
        self._lines.clear()
        self._guard.close()

    async def _answer(
        self,
        line: _Line,
        idle: _Session | None,
        text: str,
        root: Path,
        log: Log,
        listener: Listener,
        cancel: asyncio.Event,
    ) -> Answer | None:
        """What a session says, a new one where none is idle; None where it did nothing, and another must be asked."""
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        output = Output(lambda data: log.write(decode(data)))
        with tempfile.TemporaryFile(buffering=0) as channel:
            channel.write(text.encode("utf-8", "surrogatepass"))
            channel.seek(0)
            try:
                session = self._started(line, output, root, log) if idle is None else idle
                try:
                    if (record := record_of(session.pid)) is not None:
                        listener.process(record)
                    session.begin(channel, output, line.learn)
                    output.listen()
                    await session.ended(cancel)
                except BaseException:  # whatever it is at, nobody waits for it
                    session.kill()
                    raise
            finally:
                output.close()
                log.write(decode(b"", True))
            if session.is_unwanted:
                if session.said == _DONE and line.nature == "memory":
                    line.keep(session)
                else:
                    session.hang_up()
                return Cancelled()
            if session.said == _DONE:
                line.keep(session)
                return answer_of(channel, log=log, words=output.tail(), exit=None, root=root)
            if idle is not None and (session.said == _SPENT or not session.has_begun):
                return None
            return answer_of(channel, log=log, words=output.tail(), exit=await session.exited, root=root)

    def _started(self, line: _Line, output: Output, root: Path, log: Log) -> _Session:
        if line.was_lost:
            line.was_lost = False
            log.note("The process that held the database in memory has ended. It begins anew, and empty.")
        session = _Session(self._guard, output, root)
        self._live.add(session)

        def forget(_: object) -> None:
            self._live.discard(session)
            line.lose(session)
            session.close()

        session.exited.add_done_callback(forget)
        return session


class _Line:
    """Who waits for the database of a client, in their order, and the sessions that have nothing to do."""

    def __init__(self) -> None:
        self.nature: Nature | None = None
        """None until it was opened for the first time."""
        self.was_lost = False
        """Has a process ended that held a database in memory, and nobody was told?"""
        self._served = 0
        self._idle: list[_Session] = []
        self._waiting: deque[asyncio.Future[bool]] = deque()

    @property
    def is_taken(self) -> bool:
        """Must whoever comes now wait?"""
        return self.nature != "shared" and self._served > 0

    async def turn(self, cancel: asyncio.Event) -> bool:
        """Wait for one's turn, and `leave` afterwards; False when it never came, because of `cancel` or `send_away`."""
        if not self.is_taken:
            self._served += 1
            return True
        place: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        cancelled = asyncio.ensure_future(cancel.wait())
        has_come = False
        try:
            first: set[asyncio.Future[Any]] = {place, cancelled}
            await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
            has_come = place.done() and place.result() and not cancel.is_set()
        finally:
            cancelled.cancel()
            if not place.done():
                self._waiting.remove(place)
            elif place.result() and not has_come:
                self.leave()
        return has_come

    def leave(self) -> None:
        """Let the next one have their turn."""
        self._served -= 1
        self._call()

    def send_away(self) -> None:
        """Nobody who waits will have their turn."""
        while self._waiting:
            self._waiting.popleft().set_result(False)

    def learn(self, nature: Nature) -> None:
        """A session has opened the database."""
        self.nature = nature
        self._call()

    def ready(self) -> _Session | None:
        """A session that has nothing to do, if there is any."""
        while self._idle:
            session = self._idle.pop()
            if not session.is_leaving:
                return session
        return None

    def keep(self, session: _Session) -> None:
        """Have it ready for the next request; for a while, unless there is something in it."""
        self._idle.append(session)
        session.rest(None if self.nature == "memory" else _LONGEST_IDLE)

    def lose(self, session: _Session) -> None:
        """The session has ended."""
        if session in self._idle:
            self._idle.remove(session)
        self.was_lost = self.nature == "memory"

    def _call(self) -> None:
        while self._waiting and not self.is_taken:
            self._served += 1
            self._waiting.popleft().set_result(True)


class _Session:
    """A process, and the request that it is at."""

    def __init__(self, guard: Guard, output: Output, root: Path) -> None:
        """Start it; what it has to say before it begins goes to `output`.

        Raises:
            OSError: There is no process to be had.
        """
        self.said = b""
        """What ended the request, `_DONE` or `_SPENT`; nothing yet, or the process has died."""
        self.has_begun = False
        self.is_leaving = False
        """Has it been told that nobody will ask any more?"""
        self.is_unwanted = False
        """Was it asked to end before it had?"""
        self._learn: Callable[[Nature], None] = lambda nature: None
        self._heard = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._guard = guard
        self._wire, theirs = socket.socketpair()
        self._wire.setblocking(False)
        try:
            with theirs:
                process = subprocess.Popen(
                    [sys.executable, "-P", "-u", "-m", "cauce.runner.session"],
                    stdin=theirs.fileno(),
                    stdout=output.end,
                    stderr=subprocess.STDOUT,
                    cwd=root,
                    env=environment(),
                    start_new_session=True,
                    preexec_fn=die_with_parent(os.getpid()),
                )
        except BaseException:
            self._wire.close()
            raise
        self._watched = Watched(process, guard)
        asyncio.get_running_loop().add_reader(self._wire, self._hear)

    @property
    def pid(self) -> int:
        return self._watched.pid

    @property
    def exited(self) -> asyncio.Future[Exit]:
        return self._watched.exited

    def begin(self, channel: IO[bytes], output: Output, learn: Callable[[Nature], None]) -> None:
        """Hand over a request; `learn` is told what the database is. All that is known is about it from now on."""
        self.rest(None)
        self.said, self.has_begun, self.is_unwanted, self._learn = b"", False, False, learn
        self._heard.clear()
        with suppress(BrokenPipeError, ConnectionResetError):  # it has died, which we are about to be told
            socket.send_fds(self._wire, [b"?"], [channel.fileno(), output.end])

    async def ended(self, cancel: asyncio.Event) -> None:
        """Wait for the answer, or for the process to die; once `cancel` is set, ask for either ever less kindly."""
        heard, cancelled = asyncio.ensure_future(self._heard.wait()), asyncio.ensure_future(cancel.wait())
        over: set[asyncio.Future[Any]] = {heard, self.exited}
        first: set[asyncio.Future[Any]] = {*over, cancelled}
        try:
            await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
            for signum, patience in LADDER:
                if heard.done() or self.exited.done():
                    break
                self.is_unwanted = True
                self._watched.signal(signum)
                await asyncio.wait(over, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            self._hear()  # what it said before it died
        finally:
            heard.cancel()
            cancelled.cancel()

    def rest(self, seconds: float | None) -> None:
        """End it after that time, unless it is told otherwise before."""
        if self._timer is not None:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        self._timer = None if seconds is None else loop.call_later(seconds, self.hang_up)

    def kill(self) -> None:
        """Kill it with its process group, now."""
        self.is_unwanted = not self.said
        self._watched.signal(KILL)

    def hang_up(self) -> None:
        """Have it end, which it does by itself when nobody can ask any more."""
        if self.is_leaving:
            return
        self.is_leaving = True
        with suppress(OSError):
            self._wire.shutdown(socket.SHUT_WR)
        self.rest(None)
        self._timer = asyncio.get_running_loop().call_later(_LEAVING_PATIENCE, self._watched.signal, KILL)

    def end(self, deadline: float) -> None:
        """Wait until it has ended, then kill what is left."""
        while not _is_dead(self._watched.process) and time.monotonic() < deadline:
            time.sleep(0.002)
        self._guard.discard(self.pid)
        self._watched.release()
        self._watched.process.wait()
        self.close()

    def close(self) -> None:
        """Give back what belongs to a process that has ended, once its last words are heard."""
        self._hear()
        if self._timer is not None:
            self._timer.cancel()
        asyncio.get_running_loop().remove_reader(self._wire)
        self._wire.close()

    def _hear(self) -> None:
        if self._wire.fileno() < 0:
            return
        try:
            words = self._wire.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            words = b""
        for word in map(bytes, zip(words)):
            if word in (_DONE, _SPENT):
                self.said = word
                self._heard.set()
            elif word == _BEGUN:
                self.has_begun = True
            elif word in _NATURES:
                self._learn(_NATURES[word])
        if not words:  # it is about to die, or its code has closed what is not its own
            asyncio.get_running_loop().remove_reader(self._wire)
            self.hang_up()


def _is_dead(process: subprocess.Popen[bytes]) -> bool:
    """Has it ended? Where it can be known without, its number is not given back yet."""
    if process.returncode is not None or not hasattr(os, "waitid"):
        return process.poll() is not None
    try:
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True
