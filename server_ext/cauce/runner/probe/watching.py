"""What a cell does beside its names: files below a folder, and what the whole process has in common.

Files are seen by Python's audit events. What native code (readers of parquet files, say) and other processes do is
found by looking at the folder before and after, which tells what was written, and on Linux by inotify, which tells what
was read; elsewhere that is not seen.

Runs in the user's kernel, Python 3.8 or later, without Cauce: the standard library alone.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import random
import struct
import sys
import time
import warnings
from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["FileWatch", "StateWatch", "unlike_default"]

_MOST_EVENTS = 20_000
_MOST_FILES = 5_000
_SLOW = 1.0
"""Seconds after which a folder is too large to be looked at around each cell."""
_MOST_TOLD = 500
_CODE = (".py", ".pyc", ".pyi", ".so", ".pyd", ".dll", ".dylib")
_OTHER = {
    "subprocess.Popen": "started a process",
    "os.system": "started a process",
    "os.posix_spawn": "started a process",
    "os.fork": "started a process",
    "pty.spawn": "started a process",
    "sqlite3.connect": "opened a database",
    "socket.connect": "connected to the network",
    "socket.getaddrinfo": "connected to the network",
}

_ASKED = ("lscpu", "ldconfig", "nvidia-smi", "sysctl", "uname", "fc-list")
"""What libraries start to learn about the machine."""

# --- Files


class FileWatch:
    """Files below `folder` that are opened, written, moved while it is `on`."""

    def __init__(self, folder: str) -> None:
        self.on = False
        self._folder = os.path.realpath(folder)
        self._events: list[tuple[str, Any, Any]] = []
        self._other: dict[str, None] = {}
        self._readings = _Readings()
        self._look = self._snapshot()
        self._readings.paths()
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Is called at each such event, on whichever thread. It raises nothing, for that would forbid the act."""
        if not self.on:
            return
        try:
            if event == "open":
                path, mode, flags = arguments[:3]
                if isinstance(path, (str, bytes)):
                    self._note("open", self._absolute(path), _ways(mode, flags))
            elif event in ("os.rename", "os.link", "os.symlink"):
                self._note("move", self._absolute(arguments[0]), self._absolute(arguments[1]))
            elif event == "shutil.copyfile":
                self._note("open", self._absolute(arguments[0]), "r")
                self._note("open", self._absolute(arguments[1]), "w")
            elif event in _OTHER:
                if event == "subprocess.Popen" and os.path.basename(os.fsdecode(arguments[0])) in _ASKED:  # noqa: PTH119 - in a hook: as little as possible
                    return
                if event == "sqlite3.connect" and isinstance(arguments[0], (str, bytes)):
                    if os.fsdecode(arguments[0]) == ":memory:":
                        return
                    self._note("open", self._absolute(arguments[0]), "rw")
                self._other[_OTHER[event]] = None
        except Exception:  # noqa: S110 - not for us, whatever it was
            pass

    def _note(self, what: str, path: str, more: str) -> None:
        if len(self._events) < _MOST_EVENTS:
            self._events.append((what, path, more))

    def _absolute(self, path: Any) -> str:
        return os.path.join(os.getcwd(), os.fsdecode(path))  # noqa: PTH109, PTH118 - as it is asked for, and quickly

    def told(self) -> tuple[list[str], list[str], list[str]]:
        """What was read, written, and seen else, since it was asked the last time."""
        events, self._events = self._events, []
        other, self._other = list(self._other), {}
        reads: dict[str, None] = {}
        writes: dict[str, None] = {}
        for what, path, more in events:
            name = self._relative(path)
            if what == "move":
                to = self._relative(more)
                if name is not None:
                    writes.pop(name, None)
                if to is not None:
                    writes[to] = None
                continue
            if name is None:
                continue
            if "r" in more and name not in writes and os.path.isfile(path):  # noqa: PTH113 - in a hook: as little as possible
                reads[name] = None  # else it has made it itself
            if "w" in more:
                writes[name] = None
        for path in self._readings.paths():
            name = self._relative(path)
            if name is not None and name not in writes:
                reads[name] = None
        before = self._look
        self._look = None if before is None else self._snapshot()  # too large once is too large
        if before is not None and self._look is not None:
            for name, about in self._look.items():
                if before.get(name) != about:
                    writes[name] = None
            reads = {name: None for name in reads if name in before}
        self._readings.paths()  # what has been read by looking
        there = [name for name in writes if os.path.isfile(os.path.join(self._folder, name))]  # noqa: PTH113, PTH118 - strings, as the hook has them
        return list(reads)[:_MOST_TOLD], sorted(there)[:_MOST_TOLD], other

    def _relative(self, path: str) -> str | None:
        """The path below the folder; None for what is not there, or nobody's data."""
        real = os.path.realpath(path)
        if not real.startswith(self._folder + os.sep):
            return None
        name = real[len(self._folder) + 1 :].replace(os.sep, "/")
        parts = name.split("/")
        if any(part.startswith(".") or part == "__pycache__" for part in parts) or name.endswith(_CODE):
            return None
        return name if _is_text(name) else None

    def _snapshot(self) -> dict[str, tuple[int, int, int]] | None:
        """File → what says that it is another now; None where there are too many to look."""
        found: dict[str, tuple[int, int, int]] = {}
        began = time.monotonic()
        todo = [self._folder]
        while todo:
            folder = todo.pop()
            self._readings.watch(folder)
            try:
                entries = list(os.scandir(folder))
            except OSError:
                continue
            for entry in entries:
                if entry.name.startswith(".") or entry.name in ("__pycache__", "node_modules"):
                    continue
                try:
                    if entry.is_dir(follow_symlinks=False):
                        todo.append(entry.path)
                    elif entry.is_file() and not entry.name.endswith(_CODE) and _is_text(entry.name):
                        about = entry.stat()
                        name = entry.path[len(self._folder) + 1 :].replace(os.sep, "/")
                        found[name] = (about.st_mtime_ns, about.st_size, about.st_ino)
                except OSError:
                    continue
            if len(found) > _MOST_FILES or time.monotonic() - began > _SLOW:
                return None
        return found


class _Readings:
    """Which files in some folders anybody has read from: inotify, where the system has it."""

    _READ = 0x1  # IN_ACCESS
    _A_FOLDER = 0x40000000
    _FLAGS = 0x800 | 0x80000  # neither to wait, nor for children
    _HEAD = struct.Struct("iIII")
    _MOST = 500

    def __init__(self) -> None:
        self._folders: dict[int, str] = {}
        self._watched: set[str] = set()
        self._descriptor = -1
        if sys.platform != "linux":
            return
        try:
            self._system = ctypes.CDLL(None, use_errno=True)
            self._descriptor = self._system.inotify_init1(self._FLAGS)
        except Exception:  # another C library
            self._descriptor = -1

    def watch(self, folder: str) -> None:
        if self._descriptor < 0 or folder in self._watched or len(self._watched) >= self._MOST:
            return
        self._watched.add(folder)
        number = self._system.inotify_add_watch(self._descriptor, os.fsencode(folder), self._READ)
        if number >= 0:
            self._folders[number] = folder

    def paths(self) -> list[str]:
        """Those since the last time. What was too much to be remembered is missing."""
        found: dict[str, None] = {}
        while self._descriptor >= 0:
            try:
                data = os.read(self._descriptor, 1 << 16)
            except OSError:  # nothing more
                break
            at = 0
            while at + self._HEAD.size <= len(data):
                number, mask, _, length = self._HEAD.unpack_from(data, at)
                at += self._HEAD.size
                name = os.fsdecode(data[at : at + length].rstrip(b"\0"))
                at += length
                if name and number in self._folders and not mask & self._A_FOLDER:
                    found[self._folders[number] + os.sep + name] = None
        return list(found)


def _is_text(name: str) -> bool:
    """Can it be written down? A file's name may be any bytes."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _ways(mode: Any, flags: Any) -> str:
    """'r', 'w' or 'rw': what a file is opened for."""
    if isinstance(mode, str):
        ways = "rw" if "+" in mode or "a" in mode else "w" if set(mode) & set("wx") else "r"
        return "w" if "w" in mode else ways
    if isinstance(flags, int):
        if flags & os.O_RDWR:
            return "rw"
        if flags & (os.O_WRONLY | os.O_CREAT | os.O_TRUNC):
            return "w"
    return "r"


# --- What the process has in common


class StateWatch:
    """Generators of random numbers, styles, options, the environment: what all cells that come after share."""

    def __init__(self) -> None:
        self._before = self._look()
        self._packages = len(sys.modules)

    def told(self, values: Iterable[Any]) -> list[str]:
        """What has changed since it was asked the last time; `values` are those of the notebook's names."""
        before, self._before = self._before, self._look()
        packages, self._packages = self._packages, len(sys.modules)
        changed = []
        for name, now in self._before.items():
            if name in before:
                # Some libraries draw a number while they are imported.
                by_library = name == "random" and packages != self._packages and not _draws(values)
                if before[name] != now and not by_library:
                    changed.append(name)
            elif unlike_default(name):  # its library was imported meanwhile
                changed.append(name)
        return changed

    def _look(self) -> dict[str, str]:
        found = {}
        for name, look in _STATE.items():
            try:
                state = look()
            except Exception:  # noqa: S112 - a library of another version
                continue
            if state is not None:
                found[name] = hashlib.blake2b(state.encode("utf-8", "replace"), digest_size=12).hexdigest()
        return found


def _draws(values: Iterable[Any]) -> bool:
    """Does the notebook itself know the generator of the standard library?"""
    return any(value is random or type(getattr(value, "__self__", None)) is random.Random for value in values)


def _of_numpy() -> str | None:
    mtrand: Any = sys.modules.get("numpy.random.mtrand")
    if mtrand is None:
        return None
    name, keys, *rest = mtrand._rand.get_state(legacy=True)
    return repr((name, keys.tobytes(), rest))


def _of_torch() -> str | None:
    torch: Any = sys.modules.get("torch")
    return None if torch is None else repr(torch.random.get_rng_state().numpy().tobytes())


_BY_ITSELF = ("backend", "interactive")
"""Of matplotlib: what it sets when the first figure is made."""
_OWN_WAYS = ("backend", "interactive", "figure.", "savefig.", "toolbar")
"""Of matplotlib: what Jupyter itself sets when figures are shown in a notebook."""


def _of_matplotlib() -> str | None:
    matplotlib: Any = sys.modules.get("matplotlib")
    if matplotlib is None or not hasattr(matplotlib, "rcParamsOrig"):
        return None
    return repr(_settings(matplotlib.rcParams))


def _settings(parameters: Any) -> list[tuple[str, str]]:
    # `dict.items`: to ask the usual way for what is deprecated warns, and for the backend chooses one.
    return sorted((key, repr(value)) for key, value in dict.items(parameters) if not key.startswith(_BY_ITSELF))


def _of_pandas() -> str | None:
    config: Any = sys.modules.get("pandas._config.config")
    return None if config is None else repr(_flat(config._global_config))


def _flat(options: Any) -> list[tuple[str, str]]:
    found = []
    for key, value in options.items():
        inner = _flat(value) if isinstance(value, dict) else [("", repr(value))]
        found += [(key + "." + name, text) for name, text in inner]
    return found


def _of_numpy_printing() -> str | None:
    numpy: Any = sys.modules.get("numpy")
    return None if numpy is None else repr(sorted((k, repr(v)) for k, v in numpy.get_printoptions().items()))


_OF_LIBRARIES = ("KMP_INIT_AT_FORK", "KMP_DUPLICATE_LIB_OK", "MPLBACKEND", "TF2_BEHAVIOR", "CUDA_MODULE_LOADING")
"""Variables that libraries set while they are imported."""


def _of_environment() -> str:
    return repr(sorted(each for each in os.environ.items() if each[0] not in _OF_LIBRARIES))


def _of_warnings() -> str:
    """Filters that a notebook may have set: for everything, not for a message or a module, as libraries set theirs."""
    found = []
    for action, message, category, module, _ in warnings.filters:
        if message is None and module is None and category.__module__ == "builtins":
            found.append((action, repr(category)))
    return repr(found)


_STATE: dict[str, Callable[[], str | None]] = {
    "random": lambda: repr(random.getstate()),
    "numpy.random": _of_numpy,
    "torch.random": _of_torch,
    "matplotlib": _of_matplotlib,
    "pandas": _of_pandas,
    "numpy": _of_numpy_printing,
    "cwd": os.getcwd,
    "environ": _of_environment,
    "sys.path": lambda: repr(sys.path),
    "warnings": _of_warnings,
}


def unlike_default(name: str) -> bool:
    """Of a library that was imported a moment ago: is it set otherwise already?"""
    try:
        if name == "numpy.random":  # drawn from: where the next number is taken, it begins with a full block
            return bool(sys.modules["numpy.random.mtrand"]._rand.get_state(legacy=True)[2] != 624)
        if name == "matplotlib":
            matplotlib: Any = sys.modules["matplotlib"]
            before = dict(_settings(matplotlib.rcParamsOrig))
            now = dict(_settings(matplotlib.rcParams))
            return any(before.get(key) != value for key, value in now.items() if not key.startswith(_OWN_WAYS))
        if name == "pandas":
            config: Any = sys.modules["pandas._config.config"]
            return any(
                repr(config.get_option(key)) != repr(option.defval)
                for key, option in config._registered_options.items()
                if key not in config._deprecated_options
            )
    except Exception:  # a library of another version
        return False
    return False
