"""Answers one request: JSON comes in on stdin, JSON goes back in the same file.

That file is anonymous, has no other end that could close, and is out of the way of what the
project's code does with its standard streams. Reply: ``{"reply": …}``, ``{"error": {"name",
"message", "traceback", "where"}}`` or ``{"stop": message}`` when an early stop of the build was asked for.
"""

from __future__ import annotations

import faulthandler
import importlib
import io
import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from cauce.runner import Trouble, errors, paths

__all__ = ["main"]

_LONGEST = 1_000_000


def main() -> None:
    """Do what the request says."""
    verb = sys.argv[1]
    channel = os.dup(0)  # not inherited by what the code starts
    with os.fdopen(os.dup(channel), "rb") as file:
        asked = json.load(file)
    os.ftruncate(channel, 0)
    _settle()
    sys.argv = [""]
    process = os.getpid()
    root = Path(asked["root"])
    reply = _answer(verb, root, asked["request"])
    if os.getpid() != process:  # the code forked, and this is not the one who was asked
        _leave(0)
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    os.lseek(channel, 0, os.SEEK_SET)
    with os.fdopen(channel, "wb") as file:
        file.write(reply)


def _settle() -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    # Ignored, where a shell started the build in the background.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    faulthandler.enable(sys.stderr, all_threads=False)


def _answer(verb: str, root: Path, request: dict[str, Any]) -> bytes:
    """The reply, whatever the code does short of ending the process."""
    try:
        module = importlib.import_module(f"cauce.runner.{verb}")
        paths.prepare(root)
        return _encoded({"reply": module.run(request)})
    except Trouble as trouble:
        where = errors.place(root, trouble.path, trouble.line)
        said = _said(trouble.name, trouble.message, "", where)
        return _encoded({"error": said | {"output": trouble.output}})
    except BaseException as error:
        if any(kind.__name__ == "DAGBuildEarlyStop" for kind in type(error).__mro__):
            return _encoded({"stop": errors.message_of(error)})
        told = _said(type(error).__name__, errors.message_of(error), errors.trace(error), errors.where(error, root))
        return _encoded({"error": told})


def _encoded(reply: dict[str, Any]) -> bytes:
    # Half a character, of a file name for one, must not cost the reply.
    return json.dumps(reply, allow_nan=False, ensure_ascii=False).encode("utf-8", "replace")


def _said(name: str, message: str, traceback: str, where: dict[str, Any] | None) -> dict[str, Any]:
    # The end of a traceback says what happened; a whole table in a message must not cost the reply.
    return {"name": name, "message": message[:_LONGEST], "traceback": traceback[-_LONGEST:], "where": where}


def _leave(code: int) -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":  # a process that the code spawns imports this module anew
    main()
