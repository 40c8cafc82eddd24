"""What a call of a function of the notebook does, and to which of its arguments."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cauce.engine.refactor.model import Names, Share, Sureness

__all__ = ["NOTHING", "Sources", "Summary", "given_to"]

Sources = tuple[tuple[str, bool], ...]
"""Names that a value leads to, and whether it is that very object."""


@dataclass(frozen=True)
class Summary:
    """What a call of a function of the notebook does."""

    parameters: Names = ()
    gathers: Names = ()
    """Those that take the rest: `*rest`, `**options`."""
    mutates: Mapping[str, Sureness] = field(default_factory=dict)
    """Its parameters, and names of the notebook."""
    handed: Names = ()
    binds: Names = ()
    may_bind: Names = ()
    returns: Sources = ()
    shares: tuple[Share, ...] = ()
    """Between its parameters and names of the notebook."""
    generates: bool = False
    random: bool = False
    reads_files: Names = ()
    writes_files: Names = ()
    kind: str = ""
    elements: Names = ()
    """Kinds of what it returns, where that is a tuple written out."""
    tied: tuple[tuple[int, int], ...] = ()
    """Elements of that tuple that share something: a figure and its axes."""
    closes: bool = False
    """Does it return a function that is written in it? No pickle can name that."""


NOTHING = Summary()


def given_to(summary: Summary, args: Sequence[ast.expr], keywords: Sequence[ast.keyword]) -> dict[str, list[ast.expr]]:
    """Parameter → what it is given."""
    found: dict[str, list[ast.expr]] = {}
    plain = [name for name in summary.parameters if name not in summary.gathers]
    rest = summary.gathers[0] if summary.gathers else ""
    spread = False
    for index, argument in enumerate(args):
        spread = spread or isinstance(argument, ast.Starred)
        if spread:
            for name in (*plain[index:], *summary.gathers):
                found.setdefault(name, []).append(argument)
        else:
            name = plain[index] if index < len(plain) else rest
            found.setdefault(name, []).append(argument)
    for keyword in keywords:
        name = keyword.arg if keyword.arg in plain else summary.gathers[-1] if summary.gathers else ""
        found.setdefault(name or "", []).append(keyword.value)
    found.pop("", None)
    return found
