"""A task's log: what the code printed, as it printed it, up to a limit."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from cauce.engine.executors.failure import clipped

__all__ = ["Log"]

LIMIT = 50 * 1024 * 1024
LONGEST_ERROR = 256 * 1024


class Log:
    """Appends to a file, at once and in UTF-8; what cannot be encoded becomes '?'.

    Beyond `limit` bytes output is dropped; the log says so there, and at its end how much it
    was. Errors and our own notes are short and always written. A disk that is full ends the
    log, not the task.
    """

    def __init__(self, path: Path, limit: int = LIMIT, heard: Callable[[], None] = lambda: None) -> None:
        """`heard` is called whenever the code has written something, and by whoever knows of more."""
        self.heard = heard
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab", buffering=0)
        self._left = limit
        self._limit = limit
        self._full = False
        self._dropped_lines = 0
        self._dropped_bytes = 0
        self._at_line_start = _ends_a_line(path)

    def __enter__(self) -> Log:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._dropped_bytes:
            self.note(f"{self._dropped_lines:,} lines ({self._dropped_bytes:,} bytes) were dropped.")
        self._file.close()

    def write(self, text: str) -> None:
        """Append what the code wrote to stdout or stderr."""
        self.heard()
        data = text.encode("utf-8", "replace")
        if self._full:
            self._drop(data)
            return
        if len(data) > self._left:
            fits = data[: self._left].decode("utf-8", "ignore").encode("utf-8")
            self._drop(data[len(fits) :])
            data = fits
            self._full = True
        self._left -= len(data)
        self._append(data)
        if self._full:
            self.note(
                f"The log has reached its limit of {self._limit:,} bytes. What the task printed after this was dropped."
            )

    def _drop(self, data: bytes) -> None:
        self._dropped_lines += data.count(b"\n")
        self._dropped_bytes += len(data)

    def error(self, text: str) -> None:
        """Append a traceback on lines of its own."""
        self._lines(clipped(text, LONGEST_ERROR))

    def note(self, text: str) -> None:
        """Append a remark of ours on a line of its own."""
        self._lines(f"[cauce] {text}")

    def _lines(self, text: str) -> None:
        start = "" if self._at_line_start else "\n"
        self._append(f"{start}{text.rstrip()}\n".encode("utf-8", "replace"))

    def _append(self, data: bytes) -> None:
        if not data:
            return
        self._at_line_start = data.endswith(b"\n")
        try:
            self._file.write(data)
        except OSError:
            self._full = True


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return True
        file.seek(-1, os.SEEK_END)
        return file.read() == b"\n"
