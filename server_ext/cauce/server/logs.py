"""A piece of a task's log, in whole characters."""

from __future__ import annotations

import os
from pathlib import Path

from cauce.contract import LogChunk
from cauce.engine.files import open_regular, real_path

__all__ = ["read_log"]

_LOG_PIECE = 1 << 18
_LONGEST_CHARACTER = 4


def read_log(above: Path, path: Path, offset: int, limit: int | None, over: bool) -> LogChunk:
    """What is at `offset` of the file, in bytes: from its end when it is negative. Empty if it cannot be read.

    `over`: nothing more will be written. It begins with a whole character: a little later than asked for, maybe.
    """
    try:
        # Below what the state folder is in, and the file itself: a link could show any file of the server's user.
        with open_regular(real_path(above, str(path.parent)) / path.name, follow=False) as stream:
            size = stream.seek(0, os.SEEK_END)
            start = min(offset, size) if offset >= 0 else max(size + offset, 0)
            stream.seek(start)
            piece = stream.read(_LOG_PIECE if limit is None else max(_LONGEST_CHARACTER, min(limit, _LOG_PIECE)))
    except OSError:
        return LogChunk(text="", offset=0, next_offset=0, complete=over)
    cut = _rest_of_a_character(piece)
    start, piece = start + cut, piece[cut:]
    at_end = start + len(piece) >= size
    if not (at_end and over):
        piece = piece[: _whole_characters(piece)]
    return LogChunk(
        text=piece.decode("utf-8", "replace"),
        offset=start,
        next_offset=start + len(piece),
        complete=over and at_end,
    )


def _rest_of_a_character(piece: bytes) -> int:
    """Length of what the piece begins with of a UTF-8 character that begins before it."""
    length = 0
    while length < min(3, len(piece)) and piece[length] & 0xC0 == 0x80:
        length += 1
    return length


def _whole_characters(piece: bytes) -> int:
    """Length of the piece without a UTF-8 character that is cut off at its end."""
    for back in range(1, min(4, len(piece)) + 1):
        byte = piece[-back]
        if byte & 0xC0 == 0x80:
            continue
        length = 4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2 if byte >= 0xC0 else 1
        return len(piece) - back if length > back else len(piece)
    return len(piece)
