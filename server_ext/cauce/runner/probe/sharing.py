"""Which names lead to one object, and which to objects that hold the same: only of what can change.

Runs in the user's kernel, Python 3.8 or later, without Cauce: the standard library alone.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Iterable, Mapping
from typing import Any

from .likeness import is_a

__all__ = ["can_change", "holding", "the_same"]

_MOST_SEEN = 2_000
_DEEPEST = 5
_MOST_PAIRS = 200
_FIXED = (
    *(type(None), bool, int, float, complex, str, bytes, range, slice, type, types.ModuleType, types.FunctionType),
    *(types.BuiltinFunctionType, types.MethodType, type(Ellipsis), type(NotImplemented), property),
)
_FIXED_MODULES = ("datetime", "decimal", "fractions", "uuid", "re", "pathlib", "pathlib._local", "zoneinfo", "enum")


def can_change(value: Any) -> bool:
    """May its content become another while it stays the same object?"""
    kind = type(value)
    if issubclass(kind, _FIXED) or kind.__module__ in _FIXED_MODULES or is_a(kind, "numpy.generic"):
        return False
    if is_a(kind, "pandas.Index") or is_a(kind, "pandas.Timestamp") or is_a(kind, "numpy.dtype"):
        return False
    if kind is tuple or kind is frozenset:
        return any(can_change(each) for each in value) if len(value) <= 50 else True
    return True


def the_same(names: Mapping[str, Any]) -> list[list[str]]:
    """Groups of names that lead to one object."""
    groups: dict[int, list[str]] = {}
    for name, value in names.items():
        if can_change(value):
            groups.setdefault(id(value), []).append(name)
    return [group for group in groups.values() if len(group) > 1]


def holding(names: Mapping[str, Any]) -> list[list[str]]:
    """Pairs of which the first's object holds the second's, or both hold one that can change."""
    tops = {name: value for name, value in names.items() if can_change(value)}
    owners: dict[int, list[str]] = {}
    for name, value in tops.items():
        owners.setdefault(id(value), []).append(name)
    pairs: dict[tuple[str, str], None] = {}
    holders: dict[int, list[str]] = {}
    for name, value in tops.items():
        inside, own = _inside(value)
        for each in inside:
            for other in owners.get(each, ()):
                if other != name and tops[other] is not value:
                    pairs[name, other] = None
        for each in own:
            for other in holders.get(each, ()):
                if (name, other) not in pairs and tops[other] is not value:
                    pairs[other, name] = None
            holders.setdefault(each, []).append(name)
        if len(pairs) > _MOST_PAIRS:
            break
    return [list(pair) for pair in pairs][:_MOST_PAIRS]


def _inside(value: Any) -> tuple[set[int], set[int]]:
    """Ids of what it holds, however deep; and of those among them which it does not share with its library.

    Two figures hold the same maps of colours, and are independent all the same.
    """
    found: set[int] = set()
    own: set[int] = set()
    kept: list[Any] = []  # what is made on the way: none may give its id to another
    todo: list[tuple[Any, int, bool]] = [(value, 0, True)]
    seen = {id(value)}
    while todo and len(seen) < _MOST_SEEN:
        each, depth, is_own = todo.pop(0)
        memory = _memory(each)
        if memory is not None:
            kept.append(memory)
            found.add(id(memory))
            own.add(id(memory))
        if depth >= _DEEPEST:
            continue
        is_plain, parts = _parts(each)
        for part in parts:
            if id(part) in seen or not can_change(part):
                continue
            seen.add(id(part))
            kept.append(part)
            found.add(id(part))
            if is_own and is_plain:
                own.add(id(part))
            todo.append((part, depth + 1, is_own and is_plain))
    return found, own


def _parts(value: Any) -> tuple[bool, Iterable[Any]]:
    """What it holds at once; is it a plain box of it, or an object of the notebook's own classes?"""
    kind = type(value)
    if issubclass(kind, dict):
        return True, list(dict.values(value))[:_MOST_SEEN]
    if issubclass(kind, (list, tuple)):
        return True, list(value[:_MOST_SEEN])
    if issubclass(kind, (set, frozenset)):
        return True, list(value)[:_MOST_SEEN]
    if is_a(kind, "numpy.ndarray"):
        return True, value.reshape(-1)[:_MOST_SEEN].tolist() if value.dtype.kind == "O" else ()
    if str(kind.__module__).partition(".")[0] in ("pandas", "polars", "pyarrow", "torch"):
        return True, ()
    own = getattr(value, "__dict__", None)
    return kind.__module__ == "__main__", list(own.values()) if type(own) is dict else ()


def _memory(value: Any) -> Any:
    """The array whose memory this is a view of."""
    kind = type(value)
    if is_a(kind, "numpy.ndarray"):
        return _root(value)
    if (is_a(kind, "pandas.DataFrame") or is_a(kind, "pandas.Series")) and not _copies_on_write():
        blocks = value._mgr.arrays
        if len(blocks) == 1 and is_a(type(blocks[0]), "numpy.ndarray"):
            return _root(blocks[0])
    return None


def _root(value: Any) -> Any:
    while is_a(type(getattr(value, "base", None)), "numpy.ndarray"):
        value = value.base
    return value


def _copies_on_write() -> bool:
    """Is writing to a table never seen through another, as from pandas 3 on?"""
    pandas: Any = sys.modules["pandas"]
    if int(pandas.__version__.partition(".")[0]) >= 3:
        return True
    try:
        return bool(pandas.options.mode.copy_on_write)
    except Exception:  # older than that
        return False
