"""`grid`: one entry that makes a task for each combination of values."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cauce.engine.document import Node, Value
from cauce.engine.spec.report import Report

__all__ = [
    "GRID_PLACEHOLDER",
    "MAX_EXPANDED",
    "MAX_NAME",
    "MAX_PATH",
    "MAX_TASKS",
    "Axis",
    "Combination",
    "Texts",
    "combinations",
    "count",
    "fill",
    "placeholders",
    "too_many",
]

MAX_TASKS = 20_000
"""Tasks of all grids of a pipeline together: a few short lists can mean any number of them."""
_MAX_VALUES = 1_000_000
"""Tasks times parameters of all grids."""
_MAX_TEXT = 500
"""Characters that one value may put into a name."""
MAX_NAME = 255
"""Characters of a task's name."""
MAX_PATH = 4_096
"""Characters of a path: more than a system allows."""
MAX_EXPANDED = 50_000_000
"""Characters of all that grids expand to, names, paths and parameters, a value counting as 100 at least."""

GRID_PLACEHOLDER = re.compile(r"\[\[([^\[\]]*)\]\]")
_PATH = re.compile(r"\w+(?:\.\w+)*")


@dataclass(frozen=True)
class Axis:
    """One parameter of a grid and the values it takes."""

    name: str
    values: Sequence[Value]


@dataclass(frozen=True)
class Combination:
    """The parameters of one task. `index` counts over all mappings of the grid."""

    index: int
    params: Mapping[str, Value]


def count(grid: Iterable[Sequence[Axis]]) -> tuple[int, int]:
    """How many tasks it makes, and how many parameters these have together; both given up above the limits."""
    tasks = cells = 0
    for axes in grid:
        number = 1 if axes else 0
        for axis in axes:
            number *= len(axis.values)
        tasks += number
        cells += number * len(axes)
    return tasks, cells


def too_many(tasks: int, cells: int) -> bool:
    """Is that more than a pipeline may have?"""
    return tasks > MAX_TASKS or cells > _MAX_VALUES


def combinations(grid: Iterable[Sequence[Axis]]) -> Iterator[Combination]:
    """The combinations in order: the last parameter changes fastest, one mapping after the other."""
    index = 0
    for axes in grid:
        if not axes:
            continue
        for values in itertools.product(*(axis.values for axis in axes)):
            yield Combination(index, {axis.name: value for axis, value in zip(axes, values, strict=True)})
            index += 1


def placeholders(text: str, node: Node, known: frozenset[str], report: Report) -> tuple[str, ...]:
    """What a template asks for, each once; a problem for what no grid can give."""
    found: list[str] = []
    if len(text) > MAX_PATH:
        return ()  # too long for whatever it is: that is said of it
    for written in dict.fromkeys(match[0] for match in GRID_PLACEHOLDER.finditer(text)):
        path = written[2:-2].strip()
        if not _PATH.fullmatch(path):
            message = f"The placeholder '{written}' is more than a name."
            report.error("placeholder_syntax", message, node, "Only names can be filled in, such as [[name]].")
        elif path.partition(".")[0] not in known:
            hint = report.suggestion(path.partition(".")[0], sorted(known))
            report.error("placeholder_unknown", f"'{written}' is no parameter of the grid.", node, hint)
        else:
            found.append(path)
    return tuple(dict.fromkeys(found))


def fill(text: str, values: Mapping[str, str]) -> str:
    """The template with its placeholders filled in; those without a value are nothing, as in Ploomber.

    Broken off when it is longer than any path may be.
    """
    pieces: list[str] = []
    size = end = 0
    for match in GRID_PLACEHOLDER.finditer(text):
        pieces += text[end : match.start()], values.get(match[1].strip(), "")
        end = match.end()
        size += len(pieces[-2]) + len(pieces[-1])
        if size > MAX_PATH:
            return "".join(pieces)
    return "".join((*pieces, text[end:]))


class Texts:
    """What values look like in a name, as Ploomber writes them."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Value, str]] = {}
        self._weights: dict[int, tuple[Value, int]] = {}
        self.too_long = False
        """Was one of them too long to be part of a name?"""

    def of(self, params: Mapping[str, Value], paths: Iterable[str]) -> dict[str, str]:
        """Path of a placeholder → its text. Lacks what these parameters do not have."""
        found: dict[str, str] = {}
        for path in paths:
            name, *steps = path.split(".")
            if name not in params:
                continue
            value: Value = params[name]
            for step in steps:
                value = value.get(step, "") if isinstance(value, dict) else ""
            found[path] = self._text(value)
        return found

    def weight(self, value: Value) -> int:
        """About how much it is to write a value out."""
        if isinstance(value, str):
            return 100 + len(value)
        if not isinstance(value, list | dict):
            return 100
        known = self._weights.get(id(value))
        if known is None:
            parts = value.values() if isinstance(value, dict) else value
            known = self._weights[id(value)] = (value, 100 + sum(map(self.weight, parts)))
        return known[1]

    def _text(self, value: Value) -> str:
        if not isinstance(value, list | dict):
            return self._short(str(value))
        # By identity: a grid's tasks share their values, and a large one is dear to write out.
        known = self._known.get(id(value))
        if known is None:
            known = self._known[id(value)] = (value, self._short(str(value)))
        return known[1]

    def _short(self, text: str) -> str:
        if len(text) > _MAX_TEXT:
            self.too_long = True
            return ""
        return text
