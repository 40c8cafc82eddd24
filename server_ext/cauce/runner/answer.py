"""What comes back of a request: the reply of a verb, or what went wrong, as JSON data.

``{"reply": …}``, ``{"error": {"name", "message", "traceback", "where"}}`` or ``{"stop": message}`` when an
early stop of the build was asked for.
"""

from __future__ import annotations

import faulthandler
import io
import json
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from cauce.runner import Trouble, errors

__all__ = ["answer", "flush", "settle"]

_LONGEST = 1_000_000


def settle() -> None:
    """Make the process fit for the project's code: nothing on its stdin, UTF-8 and deaths told on the others."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    # Ignored, where a shell started the build in the background.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    faulthandler.enable(sys.stderr, all_threads=False)


def answer(ask: Callable[[], dict[str, Any]], root: Path) -> bytes:
    """What `ask` returns, whatever the code does in it short of ending the process."""
    try:
        return _encoded({"reply": ask()})
    except Trouble as trouble:
        where = errors.place(root, trouble.path, trouble.line)
        said = _said(trouble.name, trouble.message, "", where)
        return _encoded({"error": said | {"output": trouble.output}})
    except BaseException as error:
        if any(kind.__name__ == "DAGBuildEarlyStop" for kind in type(error).__mro__):
            return _encoded({"stop": errors.message_of(error)})
        told = _said(type(error).__name__, errors.message_of(error), errors.trace(error), errors.where(error, root))
        return _encoded({"error": told})


def flush() -> None:
    """Have all that was printed on its way, as far as the code has left us the streams."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()


def _encoded(reply: dict[str, Any]) -> bytes:
    # Half a character, of a file name for one, must not cost the reply.
    return json.dumps(reply, allow_nan=False, ensure_ascii=False).encode("utf-8", "replace")


def _said(name: str, message: str, traceback: str, where: dict[str, Any] | None) -> dict[str, Any]:
    # The end of a traceback says what happened; a whole table in a message must not cost the reply.
    return {"name": name, "message": message[:_LONGEST], "traceback": traceback[-_LONGEST:], "where": where}
