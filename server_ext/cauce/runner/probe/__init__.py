"""Looks at the names of a notebook between its cells, inside of the kernel that runs it.

    start(folder)             before the first cell
    note(answer, cell)        after each: what it bound, changed, deleted, read and wrote → JSON, into the file `answer`
    finish(answer, stars)     at the end: what is installed, what star imports bring
    tell(answer)              or, of a task: what each of its variables has come to

The *text* of this package is sent into the user's kernel (`engine/refactor/tracing` does it), which may be of another
environment, Python 3.8 or later, without Cauce: hence the standard library alone, and relative imports. It lives in
`sys.modules` under a name of its own, leaves nothing among the user's names, never changes a value, and never raises
into their code. No object of theirs is kept alive by it.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
import types
import warnings
import weakref
from collections.abc import Callable, Iterable
from typing import Any

from .likeness import digest, is_a
from .sharing import can_change, holding, the_same
from .telling import bases_of, holds_json, is_storable_frame, storing, summary, type_name
from .watching import FileWatch, StateWatch

__all__ = ["finish", "note", "start", "tell"]

_OWN_NAMES = re.compile(r"_(i{1,3}|_{0,2}|\d+|i\d+|ih|oh|dh|exit_code)|__\w+__|__pydevd_ret_val_dict")
_MOST_NAMES = 5_000
_PATIENCE = 60.0
"""Seconds that looking at the names may take after one cell; what is not reached is not told."""
_SMALL = 100_000
"""Bytes."""
_VALUE_PATIENCE = 20.0


class _Seen:
    """A variable as it was when we looked last."""

    __slots__ = ("digest", "id", "kind", "marks", "ref")

    def __init__(self, value: Any, found: str, marks: str) -> None:
        self.id = id(value)
        self.kind = id(type(value))
        self.digest = found
        self.marks = marks
        try:
            self.ref: Any = weakref.ref(value)
        except Exception:  # lists, numbers, texts: the id has to do
            self.ref = None

    def may_be_same(self, value: Any) -> bool:
        """Is it the object that it was? The place of one that is gone may be that of another by now."""
        if self.id != id(value) or self.kind != id(type(value)):
            return False
        return self.ref is None or self.ref() is value

    def is_told_by_id(self, value: Any) -> bool:
        """Is there nothing to be won by looking at what it holds? Large texts are hardly ever at the same place."""
        return self.ref is not None or sys.getsizeof(value, 0) > _SMALL


class _Session:
    """One notebook, from its first cell to its last."""

    def __init__(self, folder: str) -> None:
        self.began = 0.0
        self.seen: dict[str, _Seen] = {}
        self.look()
        self.state = StateWatch()
        self.files = FileWatch(folder)

    def look(self) -> dict[str, Any]:
        """What has become of the names since the last time."""
        names = _names()
        until = time.monotonic() + _PATIENCE
        now: dict[str, _Seen] = {}
        bound: list[str] = []
        mutated: list[str] = []
        digests: dict[int, str] = {}  # one object may have many names
        for name, value in names.items():
            before = self.seen.get(name)
            same = before is not None and before.may_be_same(value)
            fixed = not can_change(value)
            told = before is not None and fixed and before.is_told_by_id(value)
            if same and before is not None and (told or time.monotonic() > until):
                now[name] = before
                continue
            if id(value) not in digests:
                left = min(_VALUE_PATIENCE, until - time.monotonic())
                digests[id(value)] = digest(value, left) if left > 0 else ""
            found = _Seen(value, digests[id(value)], _marks(value))
            now[name] = found
            if before is None or not same:
                bound.append(name)
            elif before.digest != found.digest or before.marks != found.marks:
                (bound if fixed else mutated).append(name)
        deleted = [name for name in self.seen if name not in names]
        self.seen = now
        return {
            "bound": bound,
            "mutated": mutated,
            "deleted": deleted,
            "values": {name: _value(names[name], now[name].digest) for name in [*bound, *mutated]},
            "same": the_same(names),
            "holds": holding(names),
        }


_session: _Session | None = None


def start(folder: str) -> None:
    """Take note of how things are before the first cell."""
    global _session
    if _session is None:
        _session = _Session(folder)
    _session.files.on = True
    _session.began = time.monotonic()


def note(answer: str, cell: int) -> None:
    """What the cell of this number, which has just ended, did."""
    session = _session
    if session is None:
        return
    session.files.on = False
    seconds = round(time.monotonic() - session.began, 3)
    try:
        reads, writes, other = session.files.told()
        found = {
            "cell": cell,
            "seconds": seconds,
            "reads": reads,
            "writes": writes,
            "other": other,
            "state": session.state.told(_names().values()),
        }
        _write(answer, lambda: {**found, **session.look()})
    finally:
        session.files.on = True
        session.began = time.monotonic()


def finish(answer: str, stars: Iterable[str]) -> None:
    """What is installed of what was imported, and what star imports of these modules bring."""
    if _session is not None:
        _session.files.on = False
    _write(
        answer,
        lambda: {
            "python": ".".join(map(str, sys.version_info[:3])),
            "stars": {name: _public(sys.modules[name]) for name in stars if name in sys.modules},
            "distributions": _distributions(),
        },
    )


def tell(answer: str) -> None:
    """What each variable has come to."""

    def told() -> dict[str, Any]:
        until = time.monotonic() + _PATIENCE
        values = {}
        for name, value in _names().items():
            left = min(_VALUE_PATIENCE, until - time.monotonic())
            values[name] = {
                "type": type_name(type(value)),
                "digest": digest(value, left) if left > 0 else "",
                "summary": summary(value),
            }
        return {"values": values}

    _write(answer, told)


# --- Inside


def _names() -> dict[str, Any]:
    """The user's names, without those that IPython has put there."""
    from IPython import get_ipython

    shell: Any = get_ipython()  # type: ignore[no-untyped-call,unused-ignore]
    hidden = shell.user_ns_hidden
    return {
        name: value
        for name, value in list(shell.user_ns.items())[:_MOST_NAMES]
        if isinstance(name, str) and not _OWN_NAMES.fullmatch(name) and not (name in hidden and hidden[name] is value)
    }


def _value(value: Any, found: str) -> dict[str, Any]:
    kind = type(value)
    told: dict[str, Any] = {"type": type_name(kind), "digest": found, "summary": summary(value)}
    if kind.__module__ != "builtins":
        told["bases"] = bases_of(kind)
    if isinstance(value, (types.ModuleType, type)):
        return told
    told["storable"], told["size"] = storing(value)
    told["json"] = holds_json(value)
    told["frame"] = _or_false(is_storable_frame, value)
    return told


def _or_false(ask: Callable[[Any], bool], value: Any) -> bool:
    try:
        return ask(value)
    except Exception:  # a table of another version
        return False


def _marks(value: Any) -> str:
    """Of a figure, whose content cannot be compared: what was drawn into it, by which a change shows."""
    kind = type(value)
    try:
        if is_a(kind, "matplotlib.Figure"):
            return repr([(id(axes), _marks(axes)) for axes in value.axes])
        if is_a(kind, "matplotlib.Axes"):
            drawn = (value.lines, value.patches, value.collections, value.images, value.texts, value.artists)
            ids = [id(each) for each in [*(item for group in drawn for item in group), value.get_legend()]]
            return repr([ids, value.get_title(), value.get_xlabel(), value.get_ylabel(), value.axison])
        if is_a(kind, "numpy.ndarray") and value.dtype.kind == "O" and value.size <= 100:
            return repr([_marks(each) for each in value.reshape(-1)])
    except Exception:  # one of another version
        return ""
    return ""


def _public(module: types.ModuleType) -> list[str]:
    """What `from module import *` brings."""
    names = getattr(module, "__all__", None)
    if names is None:
        names = [name for name in vars(module) if not name.startswith("_")]
    return sorted(str(name) for name in names)[:_MOST_NAMES]


def _distributions() -> dict[str, str]:
    """Top-level module → 'name==version' of what has brought it, for modules that were imported."""
    from importlib import metadata

    imported = {name.partition(".")[0] for name in list(sys.modules)}
    imported -= set(getattr(sys, "stdlib_module_names", ())) | set(sys.builtin_module_names)
    found: dict[str, str] = {}
    for each in metadata.distributions():
        try:
            name = each.metadata["Name"]
            pinned = name + "==" + each.version
            tops = _tops(each) & imported
        except Exception:  # noqa: S112 - one that is half there
            continue
        for top in tops:
            # `google` may be many's: the one that is called like it, or the first.
            if top not in found or name.lower().replace("-", "_") == top.lower():
                found[top] = pinned
    return {top: found[top] for top in sorted(found)}


def _tops(distribution: Any) -> set[str]:
    said = distribution.read_text("top_level.txt")
    if said is not None:
        return set(said.split())
    tops = set()
    for file in distribution.files or ():
        first = file.parts[0]
        if len(file.parts) > 1:
            if file.suffix == ".py" or file.name.endswith((".so", ".pyd")):
                tops.add(first)
        elif first.endswith((".py", ".so", ".pyd")):
            tops.add(first.partition(".")[0])
    return tops


def _write(answer: str, tell: Callable[[], dict[str, Any]]) -> None:
    """Into the file, whole or not at all; what goes wrong is told there, too."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            told = tell()
        except Exception as error:
            told = {"trouble": type(error).__name__ + ": " + str(error)[:500]}
    text = json.dumps(told)
    with open(answer + ".part", "w", encoding="utf-8") as file:  # noqa: PTH123 - pathlib may be the one of the notebook
        file.write(text)
    os.replace(answer + ".part", answer)  # noqa: PTH105 - the same
