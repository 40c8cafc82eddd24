"""One builder per project: a lock that the operating system frees when its holder dies."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import time
from pathlib import Path
from types import TracebackType

import msgspec

from cauce.contract import Holder
from cauce.engine.errors import ProjectLocked, ProjectUnwritable
from cauce.engine.process import ProcessRecord, is_alive, record_of

__all__ = ["ProjectLock", "holder_of"]

_FILE = "lock"
_PATIENCE = 0.5


class _Note(msgspec.Struct, frozen=True):
    """What the holder writes into the lock file. Only a note: the lock itself is `flock`."""

    holder: Holder
    process: ProcessRecord | None


class ProjectLock:
    """Holds a project for one run; use as a context manager.

    The lock is `flock` on ``.cauce/lock``: it is free the moment its holder is gone, however
    it went, so it is never stale and there is nothing to unlock by hand. Kernels do not
    inherit it (Python's descriptors are not inheritable across `exec`).

    Raises:
        ProjectLocked: Somebody else holds it; says who.
        ProjectUnwritable: The state folder cannot be written.
    """

    def __init__(self, folder: Path, run: str, user: str, since: float) -> None:
        self._path = folder / _FILE
        self._note = _Note(
            Holder(run=run, pid=os.getpid(), host=socket.gethostname(), user=user, since=since), record_of(os.getpid())
        )
        self._descriptor: int | None = None

    def __enter__(self) -> ProjectLock:
        import fcntl  # POSIX only

        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
        except OSError as error:
            raise ProjectUnwritable(
                f"Cannot write {self._path}: {os.strerror(error.errno or 0)}.",
                hint="Cauce keeps a project's state in '.cauce' beside pipeline.yaml.",
            ) from error
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EACCES):
                    os.close(descriptor)
                    raise ProjectUnwritable(f"Cannot lock {self._path}: {os.strerror(error.errno or 0)}.") from error
                # A holder that has just died may take a moment to be gone.
                if time.monotonic() > deadline:
                    os.close(descriptor)
                    note = _read(self._path)
                    raise ProjectLocked(note.holder if note else None) from error
                time.sleep(0.02)
        self._descriptor = descriptor
        os.ftruncate(descriptor, 0)
        os.write(descriptor, msgspec.json.encode(self._note))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None


def holder_of(folder: Path) -> tuple[Holder, ProcessRecord | None] | None:
    """Who holds the project now, None when nobody does.

    Looks at the note and whether its writer lives; it never touches the lock, since trying
    it would be in the way of a builder that starts at the same moment. A holder on another
    host cannot be looked at and is believed.
    """
    note = _read(folder / _FILE)
    if note is None:
        return None
    if note.holder.host == socket.gethostname() and note.process is not None and not is_alive(note.process):
        return None
    return note.holder, note.process


def _read(path: Path) -> _Note | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Note)
    except (OSError, msgspec.MsgspecError):
        return None
