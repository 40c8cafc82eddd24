"""How a finding is told, and what to do about it."""

from __future__ import annotations

import ast
import difflib
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from cauce.contract import Problem, Where
from cauce.engine.spec.model import TaskSpec

if TYPE_CHECKING:
    from cauce.engine.checks.names import Finding

__all__ = ["MOST", "USUAL", "close_to", "defined_elsewhere", "given_to", "listed", "problem", "told"]

MOST = 20
"""Findings of one task; more nobody reads."""
_MOST_NAMES = 1000
"""Among so many names the one that was meant is looked for."""

_DYNAMIC = frozenset({"__builtins__", "__main__", "builtins", "exec", "execfile", "globals", "locals", "vars"})
USUAL = {
    "np": "import numpy as np",
    "pd": "import pandas as pd",
    "plt": "import matplotlib.pyplot as plt",
    "sns": "import seaborn as sns",
    "Path": "from pathlib import Path",
    "datetime": "from datetime import datetime",
    "defaultdict": "from collections import defaultdict",
    "Counter": "from collections import Counter",
    "partial": "from functools import partial",
    "numpy": "import numpy",
    "pandas": "import pandas",
    "sklearn": "import sklearn",
}
"""Names that everybody gives → the line that does."""
_SEEN = "Define or import it; if that is done where it cannot be seen, set 'static_analysis: disable' for the task."
_SIMPLE = {
    "duplicate_argument": ("The argument '{}' stands twice in the definition of a function.", "Rename one."),
    "return": ("'return' stands outside of a function.", "Use if and else, or put the code into a function."),
    "yield": ("'yield' or 'await' stands outside of a function.", "Put the code into a function."),
    "loop": ("'break' or 'continue' stands outside of a loop.", "Remove it."),
}


def told(finding: Finding, names: Sequence[str], *, upstream: str, unseen: str = _SEEN) -> tuple[str, str, str]:
    """Code, message and hint.

    Args:
        names: What may have been meant instead.
        upstream: What to do when `upstream` is the name.
        unseen: What to do when the name is there all the same.
    """
    name = finding.name
    if finding.kind == "undefined" and name in names:
        return "check_undefined", f"The name '{name}' is used before it is defined.", "Define it further up."
    if finding.kind == "undefined":
        return "check_undefined", f"The name '{name}' is not defined.", _hint(name, names, upstream, unseen)
    if finding.kind == "undefined_local":
        message = f"'{name}' is used before it is assigned in the function."
        return "check_undefined_local", message, f"Assign it first, or say 'global {name}'."
    message, hint = _SIMPLE[finding.kind]
    return f"check_{finding.kind}", message.format(name), hint


def _hint(name: str, names: Sequence[str], upstream: str, unseen: str) -> str:
    if name == "upstream":
        return upstream
    if name in USUAL:
        return f"Did you forget '{USUAL[name]}'?"
    if name in sys.stdlib_module_names:
        return f"Did you forget 'import {name}'?"
    close = close_to(name, names)
    return f"Did you mean '{close}'?" if close else unseen


def close_to(name: str, names: Sequence[str]) -> str | None:
    """The name that was probably meant."""
    found = difflib.get_close_matches(name, sorted(set(names))[:_MOST_NAMES], n=1, cutoff=0.65)
    return found[0] if found else None


def given_to(task: TaskSpec) -> tuple[str, ...]:
    """The parameters of a task, also those whose value is not known before it is built."""
    return tuple(dict.fromkeys([*task.params, *task.computed]))


def problem(code: str, message: str, hint: str, where: Where | None, *, sure: bool = True) -> Problem:
    """A problem of a task that is named later; `where` None is where the pipeline declares it."""
    return Problem(code=code, message=message, severity="error" if sure else "warning", hint=hint, where=where)


def listed(names: Iterable[str]) -> str:
    """'a', 'b' and 'c'."""
    quoted = [f"'{name}'" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def defined_elsewhere(body: Iterable[ast.stmt]) -> bool:
    """May the code define names in ways that its text does not show?"""
    for statement in body:
        for node in ast.walk(statement):
            match node:
                case ast.Name(id=name) if name in _DYNAMIC:
                    return True
                case ast.Import(names=names) if any(alias.name in _DYNAMIC for alias in names):
                    return True
    return False
