"""Answers one request: JSON comes in on stdin, JSON goes back in the same file.

That file is anonymous, has no other end that could close, and is out of the way of what the
project's code does with its standard streams. What goes back: see `answer`.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from cauce.runner import paths
from cauce.runner.answer import answer, flush, settle

__all__ = ["main"]


def main() -> None:
    """Do what the request says."""
    verb = sys.argv[1]
    channel = os.dup(0)  # not inherited by what the code starts
    with os.fdopen(os.dup(channel), "rb") as file:
        asked = json.load(file)
    os.ftruncate(channel, 0)
    settle()
    sys.argv = [""]
    process = os.getpid()
    root = Path(asked["root"])
    reply = answer(lambda: _run(verb, root, asked["request"]), root)
    flush()
    if os.getpid() != process:  # the code forked, and this is not the one who was asked
        os._exit(0)
    os.lseek(channel, 0, os.SEEK_SET)
    with os.fdopen(channel, "wb") as file:
        file.write(reply)


def _run(verb: str, root: Path, request: dict[str, Any]) -> dict[str, Any]:
    module = importlib.import_module(f"cauce.runner.{verb}")
    paths.prepare(root)
    reply: dict[str, Any] = module.run(request)
    return reply


if __name__ == "__main__":  # a process that the code spawns imports this module anew
    main()
