"""The numbers in what a task has made: the numeric leaves of its small JSON products.

They are written down with each success so that runs can be compared; nothing else follows
from them. A file is read as it is, nothing is run, and one that holds more than anybody
would call its metrics (a table, a chart, a model) counts as holding none.
"""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cauce.engine.files import read_inside

__all__ = ["Metric", "metrics_of"]

_LARGEST = 256_000
"""Bytes of a file."""
_MOST = 200
"""Numbers in a file."""
_DEEPEST = 8
_LONGEST_NAME = 200


@dataclass(frozen=True)
class Metric:
    """A number in a product."""

    path: str
    """Of the product."""
    name: str
    """The keys that lead to it, with dots between them; '' where the file holds nothing else."""
    value: float


def metrics_of(root: Path, products: Iterable[str]) -> tuple[Metric, ...]:
    """The numbers in these products of the project. Never raises."""
    found: list[Metric] = []
    for path in products:
        if path.endswith(".json"):
            found += _in_file(root, path)
    return tuple(found)


def _in_file(root: Path, path: str) -> list[Metric]:
    try:
        content = read_inside(root, path, _LARGEST)
        value = None if content is None else json.loads(content)
    except (OSError, ValueError, RecursionError):
        return []
    found: dict[str, float] = {}
    for name, number in _leaves(value, "", 0):
        found[name] = number
        if len(found) > _MOST:
            return []
    return [Metric(path, name, number) for name, number in found.items()]


def _leaves(value: object, name: str, depth: int) -> Iterator[tuple[str, float]]:
    """Numbers and their names. Lists are data, and what is true or false is no number."""
    if isinstance(value, dict) and depth < _DEEPEST:
        for key, inner in value.items():
            yield from _leaves(inner, f"{name}.{key}" if name else key, depth + 1)
    elif isinstance(value, int | float) and not isinstance(value, bool) and len(name) <= _LONGEST_NAME:
        with contextlib.suppress(OverflowError, UnicodeEncodeError):
            name.encode()  # half of a character cannot be written down
            number = float(value)
            if math.isfinite(number):
                yield name, number
