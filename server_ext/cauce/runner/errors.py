"""From an exception of the project's code to what is said about it: message, traceback, place."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

__all__ = ["message_of", "place", "trace", "where"]

_OURS = str(Path(__file__).parent.parent) + os.sep
_INSTALLED = ("site-packages", "dist-packages")


def message_of(error: BaseException) -> str:
    """What the exception says, or what to do where that is known better."""
    if isinstance(error, EOFError) and str(error) == "EOF when reading a line":
        return "input() was called, but nobody is there to answer. Make it a parameter of the task."
    if isinstance(error, SystemExit):
        code = "" if error.code is None else repr(error.code)
        return f"exit({code}) was called. Return from the function to end it, raise an exception to have it fail."
    try:
        return str(error)
    except Exception as other:
        return f"(its message cannot be told: {type(other).__name__})"


def trace(error: BaseException) -> str:
    """The traceback, without the frames that led into the project's code."""
    try:
        told = traceback.TracebackException.from_exception(error)
        _cut(told, set())
        return "".join(told.format())
    except Exception:  # an exception that cannot be printed
        return f"{type(error).__name__}\n"


def _cut(told: traceback.TracebackException, seen: set[int]) -> None:
    if id(told) in seen:
        return
    seen.add(id(told))
    kept = [frame for frame in told.stack if not _is_way_in(frame.filename)]
    told.stack = traceback.StackSummary.from_list(kept)
    for other in (told.__cause__, told.__context__, *(getattr(told, "exceptions", None) or ())):
        if other is not None:
            _cut(other, seen)


def _is_way_in(filename: str) -> bool:
    return filename.startswith((_OURS, "<frozen importlib", "<frozen runpy")) or filename == importlib.__file__


def where(error: BaseException, root: Path) -> dict[str, Any] | None:
    """The innermost line in a file of the project; for code that does not parse, the line that does not."""
    if isinstance(error, SyntaxError) and error.filename:
        return place(root, error.filename, error.lineno)
    found = None
    for filename, line in _frames(error.__traceback__):
        found = place(root, filename, line) or found
    return found


def _frames(trace: TracebackType | None) -> Iterator[tuple[str, int | None]]:
    while trace is not None:
        yield trace.tb_frame.f_code.co_filename, trace.tb_lineno
        trace = trace.tb_next


def place(root: Path, filename: str | None, line: int | None) -> dict[str, Any] | None:
    """A line of a file, relative to the root; None for one elsewhere, or of an installed package."""
    if not filename or filename.startswith("<"):
        return None
    path = os.path.relpath(os.path.join(root, filename), root)  # noqa: PTH118 (links are not followed)
    if not _inside(path) or any(part in _INSTALLED for part in Path(path).parts):
        return None
    for prefix in {sys.prefix, sys.base_prefix}:  # an environment in the project's folder
        home = os.path.relpath(prefix, root)
        if _inside(home) and home != "." and Path(path).is_relative_to(home):
            return None
    return {"path": Path(path).as_posix(), "line": line}


def _inside(path: str) -> bool:
    return not os.path.isabs(path) and ".." not in Path(path).parts  # noqa: PTH117 - text of a traceback
