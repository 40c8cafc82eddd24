"""From what a kernel says about an error to what we say: which cell, which line, which line of the file.

Pure. A place is given only when it is certain; None is always an honest answer.
"""

from __future__ import annotations

import io
import re
import signal
import tokenize
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = [
    "Exit",
    "clipped",
    "death",
    "line_at_death",
    "line_in_cell",
    "lines_of",
    "locate",
    "locate_all",
    "message_of",
    "plain",
]


# --- Errors -------------------------------------------------------------------------------

_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_FRAME = re.compile(r"\s*(?:Cell|Input) In ?\[(\d+)\], line (\d+)\b")
_NEXT_IN_CHAIN = re.compile(r"\s*(?:During handling of the above|The above exception was the direct cause)")
_JOINED_MAGIC = re.compile(r"\s*(?:[\w\s,]+=\s*)?[!%].*\\\s*$")
_CELL_FILE = re.compile(r" \((?:\d+\.py|<ipython-input-[^>]*>|ipykernel_\d+/\d+\.py), line (\d+)\)$")
_FATAL_FRAME = re.compile(r'^ *File ".*[/\\]ipykernel_\d+[/\\]\d+\.py", line (\d+) in <module>$', re.MULTILINE)
_NO_STDIN = "StdinNotImplementedError"
_LONGEST_MESSAGE = 10_000
_MOST_COMPARED = 50_000_000
"""Lines times cells: more is nothing that anybody wrote."""


def plain(text: str) -> str:
    """The text without ANSI colours."""
    return _ANSI.sub("", text)


def line_in_cell(error: Mapping[str, Any], source: str) -> int | None:
    """The line (from 1) of the cell at which an error arose; `error` is an IPython execute_reply.

    That is the innermost frame in this cell of the exception that ended it; for a syntax
    error, the line that does not parse.
    """
    frames: list[int] = []
    for entry in map(plain, error.get("traceback") or ()):
        if _NEXT_IN_CHAIN.match(entry):
            frames.clear()
        # The frame's place opens the entry. What follows, and the message, is the user's text.
        match = _FRAME.match(entry)
        if match and int(match[1]) == error.get("execution_count"):
            frames.append(int(match[2]))
    return _line_as_written(frames[-1], source) if frames else None


def line_at_death(words: str, source: str) -> int | None:
    """The line (from 1) of the cell that ran when Python's fault handler wrote `words`."""
    match = _FATAL_FRAME.search(words)
    return _line_as_written(int(match[1]), source) if match else None


def _line_as_written(line: int, source: str) -> int | None:
    """IPython takes leading blank lines away, and joins a magic that a backslash continues."""
    lines = source.split("\n")
    line += next((count for count, text in enumerate(lines) if text.strip()), 0)
    if line > len(lines) or any(_JOINED_MAGIC.match(text) for text in lines[: line - 1]):
        return None
    return line


def message_of(error: Mapping[str, Any]) -> str:
    """The exception's message, without the made-up name that IPython gives to a cell."""
    if error.get("ename") == _NO_STDIN:
        return "input() was called, but nobody is there to answer. Make it a parameter of the task."
    return clipped(_CELL_FILE.sub("", plain(str(error.get("evalue", "")))), _LONGEST_MESSAGE)


def clipped(text: str, limit: int) -> str:
    """The text; without its middle where it is longer than `limit` characters."""
    if len(text) <= limit:
        return text
    head, tail = text[: limit // 4], text[-(limit - limit // 4) :]
    return f"{head}\n… {len(text) - limit:,} characters left out …\n{tail}"


# --- Deaths -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Exit:
    """How a process ended. `code` is minus the signal's number when it was killed by one."""

    code: int
    peak_memory: int | None = None
    """In bytes; at least what the builder itself uses."""


def death(exit: Exit, doing: str, what: str = "kernel") -> str:
    """Why the kernel (or `what` it was) is gone; `doing` says when ('while a cell was running')."""
    if exit.code >= 0:
        return f"The {what} ended by itself {doing}, with exit code {exit.code}."
    try:
        name = signal.Signals(-exit.code).name
    except ValueError:
        name = f"signal {-exit.code}"
    memory = "" if exit.peak_memory is None else f" (peak memory {exit.peak_memory / 2**20:,.0f} MiB)"
    if name == "SIGKILL":
        return f"The {what} was killed by SIGKILL {doing}{memory}. Most likely the memory ran out."
    if name in {"SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGABRT"}:
        return f"The {what} crashed with {name} {doing}{memory}: a fault in a compiled library. The log may say which."
    return f"The {what} was killed by {name} {doing}{memory}."


# --- Places -------------------------------------------------------------------------------


def lines_of(content: bytes) -> list[str] | None:
    """The lines of a script as jupytext sees them; None when it does not decode."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        return re.split(r"\r\n|\r|\n", content.decode(encoding))
    except (SyntaxError, UnicodeDecodeError, LookupError):
        return None


def locate(lines: Sequence[str], cells: Sequence[str], index: int) -> int | None:
    """The line (from 1) of a script at which code cell `index` begins.

    Cells stand in the script in their order and do not overlap. So each is tried as early
    and as late as that allows: where both agree there is no other place. None otherwise,
    and for a cell that the script does not hold word for word (magics may be commented).
    """
    return locate_all(lines, cells)[index]


def locate_all(lines: Sequence[str], cells: Sequence[str]) -> list[int | None]:
    """The same for each code cell."""
    if len(lines) * len(cells) > _MOST_COMPARED:
        return [None] * len(cells)
    earliest = _first_fit(lines, [cell.split("\n") for cell in cells])
    backwards = _first_fit(lines[::-1], [cell.split("\n")[::-1] for cell in reversed(cells)])
    found: list[int | None] = []
    for index, cell in enumerate(cells):
        latest = backwards.get(len(cells) - 1 - index)
        start = None if latest is None else len(lines) - latest - len(cell.split("\n"))
        found.append(start + 1 if start is not None and earliest.get(index) == start else None)
    return found


def _first_fit(lines: Sequence[str], blocks: Iterable[Sequence[str]]) -> dict[int, int]:
    found: dict[int, int] = {}
    position = 0
    for index, block in enumerate(blocks):
        if not any(line.strip() for line in block):
            continue
        for start in range(position, len(lines) - len(block) + 1):
            if all(_same(lines[start + k], line) for k, line in enumerate(block)):
                found[index] = start
                position = start + len(block)
                break
    return found


def _same(text: str, line: str) -> bool:
    text, line = text.rstrip(), line.rstrip()
    return text == line or text == f"# {line}"
