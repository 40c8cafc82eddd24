"""The fork server's process: imports once, forks for whoever asks, ends when nobody does.

Run as a script. It has one thread and no event loop, for a fork copies nothing else safely; it
runs no code but that of installed packages, for its children shall not see each other's traces.
"""

from __future__ import annotations

import ctypes
import fcntl
import gc
import importlib
import importlib.util
import json
import os
import resource
import select
import signal
import socket
import sys
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

if __name__ == "__main__" and not sys.flags.safe_path:
    del sys.path[0]  # the folder of this script, whose modules are found as parts of a package

from cauce.forkserver import fresh
from cauce.forkserver.wire import Lines, send

__all__ = ["main"]


@dataclass
class _Client:
    """One connection, and the child that it has asked for."""

    socket: socket.socket
    lines: Lines
    child: int | None = None
    """Its pid, while it lives."""
    has_asked: bool = False
    """Else it only looks whether somebody listens, as who starts another server does."""


@dataclass
class _Server:
    listener: socket.socket
    address: Path
    inode: list[int]
    """Device and number of our socket's name: another server may have taken its place."""
    lock: Path
    idle: float
    """Seconds after which it ends when nobody has asked for anything."""
    about: dict[str, Any]
    base: fresh.Base
    clients: dict[int, _Client] = field(default_factory=dict)
    """By descriptor."""
    wake: tuple[int, int] = (-1, -1)
    used: float = field(default_factory=time.monotonic)
    """When the last who had asked for something left."""
    hangup: signal.Handlers = signal.SIG_DFL
    """What a hangup did when we began: whoever is started below `nohup` is spared it, and so are our children."""

    def serve(self) -> NoReturn:
        self.wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(self.wake[1], warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _noticed)
        signal.signal(signal.SIGTERM, self._terminated)
        if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
            self.hangup = signal.SIG_IGN
        for ignored in (signal.SIGINT, signal.SIGHUP):  # of a terminal that is not ours
            signal.signal(ignored, signal.SIG_IGN)
        poll = select.poll()
        poll.register(self.listener, select.POLLIN)
        poll.register(self.wake[0], select.POLLIN)
        while True:
            left = self.idle - (time.monotonic() - self.used)
            found = poll.poll(None if self.clients else max(left, 0) * 1000)
            if not found and not self.clients:
                self._end_if_forgotten()
                self.used = time.monotonic()
            for descriptor, _ in found:
                if descriptor == self.wake[0]:
                    with suppress(BlockingIOError):
                        os.read(descriptor, 4096)
                    self._reap()
                elif descriptor == self.listener.fileno():
                    with suppress(BlockingIOError, ConnectionError):
                        connection, _ = self.listener.accept()
                        connection.setblocking(False)
                        self.clients[connection.fileno()] = _Client(connection, Lines(connection))
                        poll.register(connection, select.POLLIN)
                elif descriptor in self.clients and not self._hear(self.clients[descriptor]):
                    poll.unregister(descriptor)
                    self._forget(self.clients.pop(descriptor))

    # --- Ending

    def _terminated(self, signum: int, frame: FrameType | None) -> None:
        for client in self.clients.values():
            _kill(client)
        self._end()

    def _end_if_forgotten(self) -> None:
        """End, unless somebody has just connected: who holds the lock may be about to."""
        try:
            lock = os.open(self.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:  # the folder has gone
            self._end()
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            return
        self._remove(".sock")  # from here on nobody can connect
        if not select.select([self.listener], [], [], 0)[0]:
            self._end()
        os.close(lock)

    def _end(self) -> NoReturn:
        self._remove(".sock", ".log", ".lock")
        os._exit(0)

    def _remove(self, *endings: str) -> None:
        """Remove files of ours, unless they are another server's by now."""
        with suppress(OSError):
            about = self.address.stat()
            self.inode = self.inode if [about.st_dev, about.st_ino] == self.inode else []
        for ending in endings if self.inode else ():
            with suppress(OSError):
                self.address.with_suffix(ending).unlink()

    # --- Clients

    def _hear(self, client: _Client) -> bool:
        """Do what it asks for; False when it has gone, or talks nonsense."""
        try:
            for message in client.lines.receive():
                client.has_asked = True
                self._answer(client, message)
        except (ValueError, KeyError, TypeError, OSError):
            traceback.print_exc()
            return False
        return not client.lines.closed

    def _forget(self, client: _Client) -> None:
        if client.has_asked:
            self.used = time.monotonic()
        _kill(client)
        client.lines.close_files()
        client.socket.close()

    def _answer(self, client: _Client, message: dict[str, Any]) -> None:
        if message["op"] == "hello":
            send(client.socket, self.about)
            return
        if client.child is not None:
            raise ValueError("one child for each connection")
        try:
            client.child = self._fork(message, client)
            answer: dict[str, Any] = {"pid": client.child}
        except OSError as error:  # no memory, too many processes
            answer = {"error": f"the process cannot be forked: {error.strerror}"}
        client.lines.close_files()
        send(client.socket, answer)

    def _reap(self) -> None:
        while True:
            try:
                # First its group, then the child: until it is reaped nobody else can get its number.
                found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if found is None:
                return
            with suppress(OSError):
                os.killpg(found.si_pid, signal.SIGKILL)
            _, status, usage = os.wait4(found.si_pid, 0)
            ended = {"exit": os.waitstatus_to_exitcode(status), "peak_memory": usage.ru_maxrss * 1024}
            for client in self.clients.values():
                if client.child == found.si_pid:
                    client.child = None
                    with suppress(OSError):
                        send(client.socket, ended)

    # --- Forking

    def _fork(self, message: dict[str, Any], client: _Client) -> int:
        """The pid of a new child, which leads a session of its own by the time that this returns."""
        reader, writer = os.pipe2(os.O_CLOEXEC)
        server = os.getpid()
        try:
            pid = os.fork()
        except OSError:
            os.close(reader)
            os.close(writer)
            raise
        if pid == 0:
            os.close(reader)
            self._be_child(message, client.lines, server, writer)
        os.close(writer)
        os.read(reader, 1)
        os.close(reader)
        return pid

    def _be_child(self, message: dict[str, Any], lines: Lines, server: int, settled: int) -> NoReturn:
        code, before = 70, frozenset(sys.modules)
        try:
            os.setsid()
            _die_with(server)
            os.write(settled, b".")
            os.close(settled)
            signal.set_wakeup_fd(-1)
            for signum in (signal.SIGCHLD, signal.SIGTERM):
                signal.signal(signum, signal.SIG_DFL)
            signal.signal(signal.SIGHUP, self.hangup)
            for descriptor in (*self.wake, self.listener.detach()):
                os.close(descriptor)
            for other in self.clients.values():
                os.close(other.socket.detach())
                if other.lines is not lines:
                    other.lines.close_files()
            _limit(message.get("memory"), message.get("descriptors"))
            code = fresh.live(message, lines.files, self.base)
        except BaseException:  # ours, or it has no folder to work in
            traceback.print_exc()
        finally:
            fresh.leave(code, before)


def _noticed(signum: int, frame: FrameType | None) -> None:
    """The loop is woken up by a byte in its pipe; without a handler there would be none."""


def _kill(client: _Client) -> None:
    if client.child is not None:
        with suppress(OSError):
            os.killpg(client.child, signal.SIGKILL)


def _die_with(server: int) -> None:
    prctl = ctypes.CDLL(None).prctl
    prctl(1, int(signal.SIGKILL), 0, 0, 0)  # PR_SET_PDEATHSIG: the server has one thread, so that this is about it
    if os.getppid() != server:
        os._exit(1)
    with suppress(OSError), open("/proc/self/oom_score_adj", "r+", encoding="ascii") as file:  # noqa: PTH123 (quick)
        score = min(1000, int(file.read()) + 500)  # rather the task than the Jupyter server
        file.seek(0)
        file.write(str(score))


def _limit(memory: object, descriptors: object) -> None:
    if isinstance(memory, int):
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    if isinstance(descriptors, int):  # the hard limit is the same
        resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))


# --- Importing --------------------------------------------------------------------------------


def _import_all(preload: list[str]) -> tuple[fresh.Base, dict[str, str]]:
    """Import what children need; module → why not, of those that were asked for."""
    from cauce.forkserver import runner

    runner.prepare()
    of_runner = frozenset(sys.modules)
    from cauce.forkserver import kernel

    kernel.prepare()
    of_kernel = frozenset(sys.modules)
    before = dict(os.environ)
    refused: dict[str, str] = {}
    for module in preload:
        try:
            _check(module)
            _import(module)
        except BaseException as error:  # whatever a package does: tasks will see it themselves
            refused[module] = f"{type(error).__name__}: {error}"
    # What imports have put into the environment belongs to each child, too.
    added = {name: value for name, value in os.environ.items() if before.get(name) != value}
    return fresh.Base(of_runner, of_kernel, added), refused


def _import(name: str) -> None:
    """Import a module, or the one that has something of this name in it."""
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        package = name.rpartition(".")[0]
        if not package or error.name != name:
            raise
        importlib.import_module(package)


def _check(module: str) -> None:
    """Only what is installed: code that somebody edits would go on as it was. Raises ImportError."""
    found = importlib.util.find_spec(module.partition(".")[0])
    places = [] if found is None else [*(found.submodule_search_locations or ()), *filter(None, [found.origin])]
    if not places:
        raise ImportError("it is not installed")
    if any(fresh.INSTALLED.isdisjoint(Path(place).parts) for place in places):
        raise ImportError("it is not among the installed packages, so that it may change")


def _trouble() -> str:
    """Why children should not have all of this imported ahead; nothing, as a rule."""
    # What Python imports when it starts included: a sitecustomize in PYTHONPATH, an ipykernel that somebody works at.
    edited = (name for name, module in sys.modules.items() if not fresh.is_installed(module))
    if (name := next(edited, None)) is not None:
        return f"they import {name}, which is not among the installed packages, so that it may change"
    # A lock that another thread holds at the fork stays locked in the child for ever.
    return "imports have started threads" if _threads() > 1 else ""


def _threads() -> int:
    """How many of our own there are once a fork has ended those that end by that (OpenBLAS' do)."""
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return len(os.listdir("/proc/self/task"))  # noqa: PTH208 (names are counted)


def main() -> NoReturn:
    """Serve; the only argument says, as JSON, what `client` has decided."""
    options = json.loads(sys.argv[1])
    if os.fork():  # nobody has to wait for us
        os._exit(0)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a connection for each child
    os.environ.pop("JPY_PARENT_PID", None)  # ipykernel reads it when it is imported
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")  # debugpy warns of modules that are frozen: all are
    # Arrow's allocator would begin a thread, only to give memory back in time, as soon as pandas is imported.
    os.environ.setdefault("JE_ARROW_MALLOC_CONF", "background_thread:false")
    backend = os.environ.pop("MPLBACKEND", None)  # each child decides
    base, refused = _import_all(options["preload"])
    refused |= options.get("refused", {})
    if trouble := _trouble():
        if not options["preload"]:
            raise SystemExit(f"Kernels cannot be forked: {trouble}.")
        options["refused"] = dict.fromkeys(options["preload"], trouble)
        options["preload"] = []
        if backend is not None:
            os.environ["MPLBACKEND"] = backend
        os.execv(sys.executable, [sys.executable, __file__, json.dumps(options)])  # noqa: S606 (no shell is meant)
    gc.collect()
    gc.freeze()  # what is there stays in pages that are shared with the children
    listener = socket.socket(fileno=options["listener"])
    listener.setblocking(False)
    about = {"server": os.getpid(), "preloaded": sorted({*options["preload"]} - {*refused}), "refused": refused}
    address, lock = Path(options["socket"]), Path(options["lock"])
    _Server(listener, address, options["inode"], lock, options["idle"], about, base).serve()


if __name__ == "__main__":
    main()
