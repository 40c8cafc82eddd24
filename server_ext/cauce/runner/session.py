"""A process that answers several requests in turn about one client: ``python -m cauce.runner.session``.

Its stdin is a socket. Each request comes as a byte with two files: one with the request, in which the
reply goes back (see `__main__`; it says the verb, too), and where the output goes meanwhile. What is
told are bytes (`engine/executors/sessions` reads them):

    b   the request has begun: from here on it may have done something
    a, s, m   the database is open; it takes one task at a time, takes several, is in memory
    d   done, the reply is there
    n   nothing was done, since the client can only be opened by another process

In between nothing is written anywhere, and an interrupt is none. It ends when the socket closes.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

# All that it takes, before the project's folder is on the path.
from cauce.runner import dump, paths, relations, sql, there
from cauce.runner.answer import answer, flush, settle
from cauce.runner.client import SessionClient

__all__ = ["main"]

_VERBS: dict[str, Callable[..., dict[str, Any]]] = {
    "dump": dump.run,
    "relations": relations.run,
    "sql": sql.run,
    "there": there.run,
}


_ON_EXEC: int = getattr(socket, "MSG_CMSG_CLOEXEC", 0)
"""None of what the code starts gets these files."""


def main() -> None:
    """Answer until nobody asks any more."""
    wire = socket.socket(fileno=os.dup(0))  # not inherited by what the code starts
    settle()
    sys.argv = [""]
    session = _Session(wire)
    signal.signal(signal.SIGINT, session.interrupt)
    _have_told(session.client.interrupt)
    while not session.client.is_spent:
        try:
            asked, files, _, _ = socket.recv_fds(wire, 1, 2, _ON_EXEC)
        except OSError:
            break
        if not asked:
            break
        session.serve(*files)


def _have_told(interrupt: Callable[[], None]) -> None:
    """Call it at each signal, and at once: what `signal.signal` has called waits until a statement has ended."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)

    def listen() -> None:
        while os.read(reading, 1):
            interrupt()

    threading.Thread(target=listen, daemon=True).start()


class _Session:
    def __init__(self, wire: socket.socket) -> None:
        self.client = SessionClient(lambda nature: self._tell(nature[0]))
        self._wire = wire
        self._process = os.getpid()
        self._is_busy = False
        self._nothing = os.open(os.devnull, os.O_WRONLY)
        self._has_path = False

    def interrupt(self, signum: int, frame: object) -> None:
        """Ctrl-C for the task at hand; one that comes too late means nobody."""
        if self._is_busy:
            raise KeyboardInterrupt

    def serve(self, channel: int, output: int) -> None:
        """Answer the request that is in `channel`."""
        self._write_to(output)
        os.close(output)
        with os.fdopen(channel, "r+b") as file:
            asked = json.loads(file.read())
            file.seek(0)
            file.truncate()
            reply = self._answered(asked["verb"], Path(asked["root"]), asked["request"])
            file.write(reply)
        self._write_to(self._nothing)
        self._tell("n" if self.client.is_spent else "d")

    def _answered(self, verb: str, root: Path, request: dict[str, Any]) -> bytes:
        def run() -> dict[str, Any]:
            self._tell("b")
            os.chdir(root)
            if not self._has_path:
                self._has_path = True
                paths.prepare(root)
            self._is_busy = True
            return _VERBS[verb](request, self.client.opened)

        try:
            reply = answer(run, root)
            self._is_busy = False
        except KeyboardInterrupt as error:  # while it was being answered
            self._is_busy = False
            reply = answer(_raising(error), root)
        flush()
        if os.getpid() != self._process:  # the code forked, and this is not the one who was asked
            os._exit(0)
        return reply

    def _write_to(self, file: int) -> None:
        os.dup2(file, 1)
        os.dup2(file, 2)

    def _tell(self, mark: str) -> None:
        with suppress(OSError):  # nobody is there any more, and the end is near
            self._wire.sendall(mark.encode("ascii"))


def _raising(error: BaseException) -> Callable[[], dict[str, Any]]:
    def call() -> dict[str, Any]:
        raise error

    return call


if __name__ == "__main__":  # a process that the code spawns imports this module anew
    main()
