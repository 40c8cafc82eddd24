"""One builder per project: a lock that the operating system frees when its holder dies."""

from __future__ import annotations

import contextlib
import errno
import getpass
import os
import socket
import sys
import time
from pathlib import Path
from types import TracebackType

import msgspec

from cauce.contract import Holder
from cauce.engine.errors import ProjectLocked, ProjectUnwritable
from cauce.engine.files import read_start
from cauce.engine.process import ProcessRecord, is_alive, record_of

__all__ = ["ProjectLock", "holder_of", "lock_file", "user_name"]

_FILE = "lock"
_NOTE_LIMIT = 1 << 16
_PATIENCE = 0.5
"""Seconds for which a holder that has just died, or somebody who only looks, may be in the way."""
_MORE_PATIENCE = 5.0
"""Seconds until who tidies up after a crash must be through, and whoever has taken the lock has said who it is."""
_BUSY = (errno.EAGAIN, errno.EACCES)
_NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EOPNOTSUPP)


class _Note(msgspec.Struct, frozen=True):
    """What the holder writes into the lock file. Only a note: the lock itself is `flock`."""

    holder: Holder
    process: ProcessRecord | None


def lock_file(folder: Path) -> Path:
    """What is locked, in a project's state folder."""
    return folder / _FILE


class ProjectLock:
    """Holds a project for one run; use as a context manager.

    The lock is `flock` on ``.cauce/lock``: it is free the moment its holder is gone, however
    it went, so it is never stale and there is nothing to unlock by hand. Kernels do not
    inherit it (Python's descriptors are not inheritable across `exec`).

    An empty `run` says that no build holds it but somebody who tidies up and will be through
    in a moment; a build waits for that.

    Raises:
        ProjectLocked: Somebody else holds it; says who.
        ProjectUnwritable: The state folder cannot be written.
    """

    def __init__(self, folder: Path, run: str, user: str, since: float) -> None:
        self._path = lock_file(folder)
        self._note = _Note(
            Holder(run=run, pid=os.getpid(), host=socket.gethostname(), user=user, since=since), record_of(os.getpid())
        )
        self._descriptor: int | None = None

    def __enter__(self) -> ProjectLock:
        import fcntl  # POSIX only

        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
        except OSError as error:
            raise self._unwritable(error) from error
        began = time.monotonic()
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if error.errno not in _BUSY:
                    os.close(descriptor)
                    raise self._no_lock(error) from error
                note = _read(self._path)
                if time.monotonic() - began > self._patience(note):
                    os.close(descriptor)
                    raise ProjectLocked(note.holder if note is not None and note.holder.run else None) from error
                time.sleep(0.02)
        try:
            os.ftruncate(descriptor, 0)
            os.write(descriptor, msgspec.json.encode(self._note))
        except OSError as error:
            os.close(descriptor)
            raise self._unwritable(error) from error
        self._descriptor = descriptor
        return self

    def _patience(self, note: _Note | None) -> float:
        """Seconds to wait for whoever has the lock, when that is the note in it."""
        if not self._note.holder.run:  # we only tidy up
            return _PATIENCE
        builds = note is not None and bool(note.holder.run) and _may_live(note)
        return _PATIENCE if builds else _MORE_PATIENCE

    def _unwritable(self, error: OSError) -> ProjectUnwritable:
        return ProjectUnwritable(
            f"Cannot write {self._path}: {os.strerror(error.errno or 0)}.",
            hint="Cauce keeps a project's state in '.cauce' beside pipeline.yaml: make room, or make it writable.",
        )

    def _no_lock(self, error: OSError) -> ProjectUnwritable:
        hint = "Make the file writable, or remove it: it is made anew."
        if error.errno in _NO_LOCKS:
            hint = (
                "This file system has no locks, or has run out of them. Mount it with locks (for NFS: not "
                "'nolock', and with its lock service running), or move the project to a disk that has them."
            )
        return ProjectUnwritable(f"Cannot lock {self._path}: {os.strerror(error.errno or 0)}.", hint=hint)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, 0)
            with contextlib.suppress(OSError):  # it is closed, and unlocked, all the same
                os.close(self._descriptor)
            self._descriptor = None


def holder_of(folder: Path) -> tuple[Holder, ProcessRecord | None] | None:
    """Whose build holds the project now, None when nobody's does.

    A note names a process of this host that can be looked at: whether that lives decides,
    and the lock is left alone. Any other note may be old (a container's name is never seen
    again, and macOS has no record of processes): then the lock itself is tried for an
    instant, for which `ProjectLock` has patience, and the note is believed if it is taken.
    """
    note = None if folder.is_symlink() else _read(lock_file(folder))
    if note is None or not note.holder.run:
        return None
    if note.holder.host == socket.gethostname() and note.process is not None:
        held = is_alive(note.process)
    else:
        held = _is_taken(lock_file(folder))
    return (note.holder, note.process) if held else None


def _may_live(note: _Note) -> bool:
    """False when its process was one of this host that has ended: another has the lock, and has not said so yet."""
    return note.holder.host != socket.gethostname() or note.process is None or is_alive(note.process)


def _is_taken(path: Path) -> bool:
    if sys.platform == "win32":  # nobody can build there
        return False
    import fcntl

    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno in _BUSY
    finally:
        os.close(descriptor)
    return False


def _read(path: Path) -> _Note | None:
    try:
        return msgspec.json.decode(read_start(path, _NOTE_LIMIT, follow=False), type=_Note)
    except (OSError, msgspec.MsgspecError):
        return None


def user_name() -> str:
    """Who we are, for whoever finds the lock taken."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without an entry for our id
        return str(os.getuid())
