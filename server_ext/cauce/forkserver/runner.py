"""A forked child as a runner: `cauce.runner` as ``python -m`` would have it, without the start."""

from __future__ import annotations

import importlib
import runpy
import sys

__all__ = ["prepare", "run"]

_VERBS = ("function", "hook", "script", "shell")


def prepare() -> None:
    """Import ahead what the commonest verbs need: our own code, and no code of any project's."""
    for verb in _VERBS:
        importlib.import_module(f"cauce.runner.{verb}")


def run(verb: str) -> None:
    """Answer one request, as `cauce.runner.__main__` says."""
    sys.argv = ["cauce.runner", verb]
    runpy.run_module("cauce.runner", run_name="__main__", alter_sys=True)
