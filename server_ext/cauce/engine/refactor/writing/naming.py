"""Names that our lines in a task use, so that they take nobody else's. Pure.

A notebook that has ``import pandas as pd`` has its frames loaded by ``pd``; one in which ``Path`` is matplotlib's gets
``import pathlib``; one that imports ``product`` from itertools keeps it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cauce.engine.refactor.model import Statement

__all__ = ["Imports", "Meanings", "meanings_of", "names_in"]

_USUAL: Mapping[str, tuple[tuple[str, str], ...]] = {
    "pandas": (("import pandas as pd", "pd"), ("import pandas", "pandas")),
    "polars": (("import polars as pl", "pl"), ("import polars", "polars")),
    "numpy": (("import numpy as np", "np"), ("import numpy", "numpy")),
    "Path": (("from pathlib import Path", "Path"), ("import pathlib", "pathlib.Path")),
}
"""What our code needs → how that is imported, and then called; others by their own name."""
_MEANS = {"Path": "pathlib.Path"}


@dataclass(frozen=True)
class Meanings:
    """What names mean in a notebook."""

    imported: Mapping[str, frozenset[str]]
    """Name → all that imports bind it to, dotted."""
    bound: frozenset[str]
    """Names that its code binds by itself."""

    def is_free(self, name: str) -> bool:
        return name not in self.bound and name not in self.imported

    def may_mean(self, name: str, what: str) -> bool:
        """Could the name stand for that in each task?"""
        return name not in self.bound and self.imported.get(name, frozenset()) <= {what}

    def free(self, wanted: str) -> str:
        """A name like that which nobody has."""
        while not self.is_free(wanted):
            wanted += "_"
        return wanted


def meanings_of(statements: Iterable[Statement]) -> Meanings:
    """What the names of the whole notebook mean."""
    imported: dict[str, set[str]] = {}
    bound: set[str] = set()
    for statement in statements:
        for name, what in statement.imports.items():
            imported.setdefault(name, set()).add(what)
        effect = statement.effect
        bound.update(name for name in (*effect.binds, *effect.may_bind) if name not in statement.imports)
    return Meanings({name: frozenset(what) for name, what in imported.items()}, frozenset(bound))


@dataclass
class Imports:
    """What our code in one task imports."""

    meanings: Meanings
    there: Mapping[str, str]
    """Name → what it is, of imports that the task has anyway."""
    lines: dict[str, None] = field(default_factory=dict)
    """To add; a set that keeps its order."""

    def name_of(self, what: str) -> str:
        """How code says `what`, which is imported from now on."""
        dotted = _MEANS.get(what, what)
        for name, means in self.there.items():
            if means == dotted and self.meanings.may_mean(name, dotted):
                return name
        module, _, rest = dotted.partition(".")
        hidden = self.meanings.free(f"_{module}")
        usual = _USUAL.get(what, ((f"import {what}", what),))
        for line, expression in (*usual, (f"import {module} as {hidden}", f"{hidden}.{rest}".rstrip("."))):
            name = expression.partition(".")[0]
            if self.meanings.may_mean(name, dotted if name == expression else module):
                self.lines[line] = None
                return expression
        raise AssertionError("the last one is free")


def names_in(statements: Sequence[Statement]) -> frozenset[str]:
    """Every name that these statements mention, at whatever depth."""
    found: set[str] = set()
    for statement in statements:
        found.update(statement.imports)
        found.update(statement.effect.binds, statement.effect.reads, statement.effect.later)
        if statement.node is not None:
            found.update(node.id for node in ast.walk(statement.node) if isinstance(node, ast.Name))
    return frozenset(found)
