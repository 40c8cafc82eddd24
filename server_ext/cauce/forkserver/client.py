"""How to have a child forked: connect to a fork server, starting it if there is none."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import resource
import secrets
import select
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cauce.forkserver.address import Address, Unavailable, is_read
from cauce.forkserver.wire import Lines, send

__all__ = ["Ended", "Forked", "Request", "ask", "connect", "patience"]

_IDLE = "CAUCE_FORKSERVER_IDLE"
"""This variable says after how many seconds a server ends that nobody is connected to."""
_IDLE_SECONDS = 300.0
_PATIENCE = "CAUCE_FORKSERVER_PATIENCE"
"""This one says for how many seconds a server is waited for."""
_PATIENCE_SECONDS = 60.0
_CONNECT_SECONDS = 3.0
"""For the system to take a connection or a message: a server that is busy importing need not do anything for that."""
_LOCK_SECONDS = 10.0
_START_SECONDS = 10.0
"""For Python to start. What takes long, the imports, comes after that, and is waited for by who asks for a child."""
_BACKLOG = 128
_LONGEST = 1e6
"""Seconds; `poll` counts milliseconds in 32 bits."""


@dataclass(frozen=True)
class Request:
    """A child to be forked."""

    op: Literal["kernel", "task", "run", "hello"]
    """A kernel; one that runs the cells of a task; a verb of the runner; nothing, but to know the server."""
    argv: tuple[str, ...] = ()
    cwd: str = "/"
    env: Mapping[str, str] | None = None
    memory: int | None = None
    """Bytes of data that it may have at most."""
    files: Sequence[int] = ()
    """Its standard streams: see `wire`."""


@dataclass(frozen=True)
class Ended:
    """How a child ended. `code` is minus the signal's number when it was killed by one."""

    code: int
    peak_memory: int | None
    """Bytes."""


class Forked:
    """A child of a fork server, as the other side of its connection sees it.

    `receive` whenever `fileno` can be read. Closing kills the child with its process group.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lines = Lines(connection)
        self.pid: int | None = None
        self.ended: Ended | None = None
        self.refused = ""
        """Why there is no child."""
        self.about: dict[str, object] = {}
        """What the server said of itself, having been greeted."""

    def fileno(self) -> int:
        return self._connection.fileno()

    @property
    def settled(self) -> bool:
        """Is it known whether there is a child?"""
        return self.pid is not None or bool(self.refused) or bool(self.about)

    @property
    def is_alone(self) -> bool:
        """Has the server gone?"""
        return self._lines.closed

    def receive(self) -> None:
        """Take what the server says, without waiting (beyond the connection's timeout)."""
        try:
            messages = self._lines.receive()
        except ValueError as error:
            messages, self._lines.closed = [], True
            self.refused = self.refused or f"the fork server talks nonsense: {error}"
        for message in messages:
            match message:
                case {"pid": int(pid)}:
                    self.pid = pid
                case {"error": str(why)}:
                    self.refused = why
                case {"exit": int(code)}:
                    memory = message.get("peak_memory")
                    self.ended = Ended(code, memory if isinstance(memory, int) else None)
                case _:
                    self.about = message
        if self._lines.closed and self.ended is None:
            if self.pid is None:
                self.refused = self.refused or "the fork server has ended"
            else:
                # It took its children along: the system kills them when their parent dies.
                self.ended = Ended(-9, None)

    def wait(self, seconds: float | None) -> bool:
        """Wait until there is something to `receive`."""
        poll = select.poll()  # `select.select` knows no descriptors beyond 1023, which a Jupyter server may have
        poll.register(self._connection, select.POLLIN)
        return bool(poll.poll(None if seconds is None else seconds * 1000))

    def close(self) -> None:
        """Let go of it; harmless when it has ended."""
        self._lines.close_files()
        self._connection.close()


def ask(connection: socket.socket, request: Request) -> Forked:
    """Ask for a child; `Forked.settled` says when the answer is there. Raises Unavailable."""
    message = {
        "op": request.op,
        "argv": list(request.argv),
        "cwd": request.cwd,
        "env": None if request.env is None else dict(request.env),
        "memory": request.memory,
        "descriptors": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
    }
    try:
        send(connection, message, request.files)
        connection.setblocking(False)
    except OSError as error:
        connection.close()
        raise Unavailable(f"the fork server does not listen: {error.strerror}") from error
    return Forked(connection)


def connect(address: Address, *, start: bool = True) -> socket.socket:
    """A connection to the server, which is started if need be (and allowed). May wait for a moment.

    Raises Unavailable.
    """
    connection = _try(address)
    if connection is not None:
        return connection
    if not start:
        raise Unavailable("no fork server runs")
    try:
        lock = _locked(address.lock)
        try:
            connection = _try(address)  # another builder was quicker
            if connection is None:
                _start(address)
                connection = _try(address)
        finally:
            os.close(lock)
    except OSError as error:
        raise Unavailable(f"the fork server cannot be started: {error.strerror}") from error
    if connection is None:
        raise Unavailable("the fork server does not listen")
    return connection


def _locked(path: Path, seconds: float = _LOCK_SECONDS) -> int:
    """A descriptor of the lock, which is ours until it is closed. Raises OSError, Unavailable."""
    until = time.monotonic() + seconds
    while True:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(lock), os.stat(path)):  # noqa: PTH116 (like the one beside it)
                return lock
        except (BlockingIOError, FileNotFoundError):
            pass  # somebody has it, or a server that ended has just removed it
        os.close(lock)
        if time.monotonic() > until:
            raise Unavailable("somebody has been starting the fork server for too long")
        time.sleep(0.02)


def _try(address: Address) -> socket.socket | None:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(_CONNECT_SECONDS)
    try:
        connection.connect(str(address.socket))
    except (FileNotFoundError, ConnectionRefusedError):
        connection.close()
        return None
    except OSError as error:
        connection.close()
        raise Unavailable(f"the fork server does not listen: {error.strerror or error}") from error
    return connection


def _start(address: Address) -> None:
    """Start a server that listens from this moment on, though it answers only once it has imported everything."""
    _sweep(address.socket.parent)
    temporary = address.socket.with_name(f"{secrets.token_hex(4)}.tmp")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(temporary))
        listener.listen(_BACKLOG)
        temporary.replace(address.socket)
        about = address.socket.stat()
        options = {
            "preload": list(address.preload),
            "listener": listener.fileno(),
            "socket": str(address.socket),
            "inode": [about.st_dev, about.st_ino],
            "lock": str(address.lock),
            "idle": _seconds(_IDLE, _IDLE_SECONDS),
        }
        log = os.open(address.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            process = subprocess.Popen(
                [address.python, str(Path(__file__).with_name("server.py")), json.dumps(options)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[listener.fileno()],
                cwd="/",
                # Not ours: whom it shall serve may have been given another.
                env={name: value for name, value in os.environ.items() if not is_read(name)} | dict(address.variables),
                start_new_session=True,
            )
        finally:
            os.close(log)
        try:
            process.wait(_START_SECONDS)  # it is the child of this one that stays: nobody has to wait for that
        except subprocess.TimeoutExpired as error:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise Unavailable("Python does not start") from error
    finally:
        listener.close()
        with suppress(OSError):
            temporary.unlink()


def patience() -> float:
    """Seconds for a server to import everything and to fork: pandas from a cold disk takes a while."""
    return _seconds(_PATIENCE, _PATIENCE_SECONDS)


def _sweep(folder: Path) -> None:
    """Remove what servers have left that were killed. Whoever listens, at least takes connections."""
    for path in folder.glob("*.sock"):
        with suppress(OSError, Unavailable), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.setblocking(False)
            if connection.connect_ex(str(path)) != errno.ECONNREFUSED:
                continue
            lock = _locked(path.with_suffix(".lock"), 0)
            try:
                for end in (".sock", ".log", ".lock"):
                    path.with_suffix(end).unlink(missing_ok=True)
            finally:
                os.close(lock)


def _seconds(variable: str, default: float) -> float:
    try:
        return min(max(0.0, float(os.environ[variable])), _LONGEST)
    except (KeyError, ValueError):
        return default
