"""What a process writes to its bare stdout and stderr: told as it comes, and the end of it remembered.

Nobody must see it on our own stdout, which may be JSON, and it may be endless.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Callable
from typing import IO

__all__ = ["Output"]

_REMEMBERED = 16_384
_PIECE = 65_536
_MOST_AT_ONCE = 64
"""Pieces; somebody who left the process group may write for ever."""


class Output:
    """A pipe from one process. Whoever made one must `close` it."""

    def __init__(self, told: Callable[[bytes], None] = lambda data: None) -> None:
        """`told` gets the bytes as they come."""
        self._told = told
        self._tail = b""
        self._from: int | None = None
        self._file: IO[bytes] | None = None
        self._listening = False
        self.end: int
        """For `Popen`, until `listen` is called."""
        if sys.platform == "win32":  # its event loop cannot wait for a pipe
            self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 (`close` does)
            self.end = self._file.fileno()
        else:
            self._from, self.end = os.pipe()
            os.set_blocking(self._from, False)

    def listen(self) -> None:
        """Begin to read; call it when the process has its end of the pipe."""
        if self._from is not None:
            os.close(self.end)
            self._listening = True
            asyncio.get_running_loop().add_reader(self._from, self._read)

    def tail(self) -> str:
        """What came last, up to now."""
        self._drain()
        return self._tail.decode("utf-8", "replace")

    def close(self) -> None:
        """Take what was written up to now, and stop reading."""
        if self._file is not None:
            self._file.seek(0)
            while data := self._file.read(_PIECE):
                self._take(data)
            self._file.close()
            self._file = None
        self._drain()
        self._stop()

    def _drain(self) -> None:
        for _ in range(_MOST_AT_ONCE):
            if not self._listening or not self._read():
                break

    def _stop(self) -> None:
        if self._from is None:
            return
        if self._listening:
            asyncio.get_running_loop().remove_reader(self._from)
            self._listening = False
        else:  # nobody was started
            os.close(self.end)
        os.close(self._from)
        self._from = None

    def _read(self) -> bool:
        if self._from is None:
            return False
        try:
            data = os.read(self._from, _PIECE)
        except BlockingIOError:
            return False
        if not data:  # nobody holds the other end any more
            self._stop()
        self._take(data)
        return bool(data)

    def _take(self, data: bytes) -> None:
        self._tail = (self._tail + data)[-_REMEMBERED:]
        self._told(data)
