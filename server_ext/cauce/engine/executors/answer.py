"""What came of a request to `cauce.runner`: its reply, or the outcome of which there is none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import msgspec

from cauce.contract import CellError, Where
from cauce.engine.executors import Cancelled, Crashed, Failed, Stopped
from cauce.engine.executors.failure import Exit, clipped, death
from cauce.engine.executors.log import Log

__all__ = ["Answer", "Reply", "answer_of"]

_LARGEST_REPLY = 50_000_000
_LONGEST_MESSAGE = 10_000
_LONGEST_TRACEBACK = 64 * 1024
_FATAL_FRAME = re.compile(r'^ *File "([^"\n]+)", line (\d+) in ', re.MULTILINE)


@dataclass(frozen=True)
class Reply:
    """What the verb had to say: JSON data, not validated."""

    data: Mapping[str, Any]


Answer = Reply | Failed | Stopped | Cancelled | Crashed


class _Place(msgspec.Struct, frozen=True):
    path: str
    line: int | None = None


class _Error(msgspec.Struct, frozen=True):
    name: str
    message: str
    traceback: str = ""
    where: _Place | None = None
    output: bool = False


class _Told(msgspec.Struct, frozen=True):
    reply: dict[str, Any] | None = None
    error: _Error | None = None
    stop: str | None = None


def answer_of(channel: IO[bytes], *, log: Log, words: str, exit: Exit | None, root: Path) -> Answer:
    """The answer that is in `channel`.

    `words` is what the process printed last, `exit` how it ended; None for one that goes on.
    """
    channel.seek(0)
    content = channel.read(_LARGEST_REPLY + 1)
    if len(content) > _LARGEST_REPLY:
        message = f"The reply is larger than {_LARGEST_REPLY:,} bytes. Return less, or write it to a file."
        log.note(message)
        return Failed(CellError(name="Reply too large", message=message))
    told = None
    with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        told = msgspec.json.decode(content, type=_Told)
    match told:
        case _Told(error=_Error() as error):
            return Failed(_error(error, log, words))
        case _Told(stop=str() as message):
            return Stopped(clipped(message, _LONGEST_MESSAGE))
        case _Told(reply=dict() as data):
            if exit is not None and exit.code < 0:
                log.note(f"{death(exit, 'after the task had ended', 'process')} The task itself had succeeded.")
            return Reply(data)
    return Crashed(_died(exit, log, words, root))


def _error(error: _Error, log: Log, words: str) -> CellError:
    log.error(error.traceback or f"[cauce] {error.name}: {error.message}")
    return CellError(
        name=error.name,
        message=clipped(error.message, _LONGEST_MESSAGE),
        traceback=clipped(words.strip() if error.output else error.traceback, _LONGEST_TRACEBACK),
        where=None if error.where is None else Where(path=error.where.path, line=error.where.line),
    )


def _died(exit: Exit | None, log: Log, words: str, root: Path) -> CellError:
    message = "The process gave no reply." if exit is None else death(exit, "while it was running", "process")
    log.error(f"[cauce] {message}")
    return CellError(name="process died", message=message, traceback=words.strip(), where=_place_of_death(words, root))


def _place_of_death(words: str, root: Path) -> Where | None:
    """The innermost line of the project, where Python's fault handler had something to say."""
    for filename, line in _FATAL_FRAME.findall(words.strip()):
        path = Path(filename)
        if path.is_relative_to(root) and "site-packages" not in path.parts:
            return Where(path=path.relative_to(root).as_posix(), line=int(line))
    return None
