"""Which definitions an object may hold on to: an instance its class, a list of functions these.

Only those that are copied into tasks matter: what lies in a module is found from everywhere.
"""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections.abc import Callable, Sequence

from cauce.engine.refactor.following.definitions import Places, is_called_only
from cauce.engine.refactor.following.timeline import Line, Timeline
from cauce.engine.refactor.model import TracedValue

__all__ = ["held_by"]

_PLAIN = ("builtins.", "numpy.", "pandas.", "pyarrow.", "datetime.")
_HOLDERS = frozenset({"dict", "list", "set", "tuple", "frozenset"})


def held_by(
    lines: Sequence[Line], timeline: Timeline, places: Places, values: Callable[[str, int], TracedValue | None]
) -> Callable[[str, int], tuple[int, ...]]:
    """Name, index of a line → definitions that what it leads to may hold on to when the line begins.

    Args:
        values: Name, number of a cell → what the name was seen to be at its end.
    """
    copied = {index for index, place in places.by_line.items() if place.goes == "copied"}
    made = _made_by(lines, copied)
    if not copied:
        return lambda name, at: ()
    history: dict[str, list[tuple[int, tuple[int, ...]]]] = {}

    def held(name: str, at: int) -> tuple[int, ...]:
        changes = history.get(name, ())
        position = bisect_left(changes, at, key=lambda change: change[0])
        return changes[position - 1][1] if position else ()

    for line in lines:
        if line.role not in {"code", "setup"}:
            continue
        found: dict[int, None] = {}
        for name in dict.fromkeys((*line.effect.reads, *line.effect.later)):
            found.update(dict.fromkeys(held(name, line.index)))
            for event in timeline.reaching(name, line.index):
                if event.index in made:
                    found.update(dict.fromkeys(made[event.index]))
                if event.index in copied and not is_called_only(line.statement, name):
                    found[event.index] = None
        binds = set(line.effect.binds)
        for name in dict.fromkeys((*line.effect.binds, *line.effect.may_bind, *line.effect.mutates)):
            before = () if name in binds else held(name, line.index)
            after = tuple(dict.fromkeys((*before, *found)))
            if after != held(name, line.index):
                value = values(name, line.statement.cell)
                plain = value is not None and value.type.rpartition(".")[2] not in _HOLDERS and _is_plain(value.type)
                history.setdefault(name, []).append((line.index, () if plain else after))
    return held


def _is_plain(name: str) -> bool:
    return "." not in name or name.startswith(_PLAIN)


def _made_by(lines: Sequence[Line], copied: set[int]) -> dict[int, tuple[int, ...]]:
    """Index of a definition → copied classes whose instances a call of it may give away."""
    by_name: dict[str, list[Line]] = {}
    for line in lines:
        if line.role == "definition":
            for name in line.effect.binds:
                by_name.setdefault(name, []).append(line)
    result: dict[int, tuple[int, ...]] = {}
    for line in (line for named in by_name.values() for line in named):
        found: dict[int, None] = {}
        todo, seen = [line], {line.index}
        while todo:
            one = todo.pop()
            if one.index in copied and not isinstance(one.statement.node, ast.FunctionDef | ast.AsyncFunctionDef):
                found[one.index] = None
            for name in (*one.effect.reads, *one.effect.later):
                for other in by_name.get(name, ()):
                    if other.index not in seen:
                        seen.add(other.index)
                        todo.append(other)
        if found:
            result[line.index] = tuple(sorted(found))
    return result
