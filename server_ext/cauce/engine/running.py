"""What counts only while attempts run: which processes are theirs, and how far they are.

One small file that is replaced as a whole. It is never synced: it must outlive its writer,
which the system's memory sees to, but not a power cut, which ends the processes as well. That
keeps the store to two transactions a task, each of which waits for the disk five times.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from cauce.contract import Progress
from cauce.engine.files import read_start
from cauce.engine.process import ProcessRecord

__all__ = ["Note", "RunningNotes", "read_running", "running_file"]

_FILE = "running.json"
_LIMIT = 1 << 20


@dataclass(frozen=True)
class Note:
    """What is known of one running attempt."""

    run: str
    process: ProcessRecord | None = None
    progress: Progress = field(default_factory=lambda: Progress(done=0, total=0))


_Notes = dict[int, Note]


def running_file(folder: Path) -> Path:
    """Where that is, in a project's state folder."""
    return folder / _FILE


def read_running(folder: Path) -> Mapping[int, Note]:
    """Attempt → its note, as last written; empty when nothing runs, or nothing that makes sense is there.

    What is there may be left from an attempt that has ended: compare the run.
    """
    try:
        return msgspec.json.decode(read_start(running_file(folder), _LIMIT, follow=False), type=_Notes)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return {}


class RunningNotes:
    """The writer's side, for who holds the project's lock."""

    def __init__(self, folder: Path) -> None:
        self._path = running_file(folder)
        self._notes: _Notes = {}

    def begin(self, attempt: int, run: str) -> None:
        self._notes[attempt] = Note(run)

    def end(self, attempt: int) -> None:
        # Not written: who reads compares with the store.
        self._notes.pop(attempt, None)

    def process(self, attempt: int, process: ProcessRecord) -> None:
        """Raises OSError when it cannot be written."""
        known = self._notes.get(attempt)
        if known is not None:
            self._write(attempt, Note(known.run, process, known.progress))

    def progress(self, attempt: int, progress: Progress) -> None:
        """Raises OSError when it cannot be written."""
        known = self._notes.get(attempt)
        if known is not None:
            self._write(attempt, Note(known.run, known.process, progress))

    def close(self) -> None:
        """Nothing runs any more."""
        with contextlib.suppress(OSError):
            self._path.unlink()

    def _write(self, attempt: int, note: Note) -> None:
        self._notes[attempt] = note
        temporary = self._path.with_name(f"{_FILE}.new")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
        with os.fdopen(os.open(temporary, flags, 0o600), "wb") as stream:
            stream.write(msgspec.json.encode(self._notes))
        temporary.replace(self._path)
