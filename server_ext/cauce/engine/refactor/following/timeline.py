"""When each name of a notebook is bound, changed and deleted: what reaches a statement.

A *line* is a statement with the part that it plays in a split. The timeline is made of the lines' effects, aliases
followed: who changes a list changes it under all of its names.
"""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from cauce.engine.refactor.following.sharing import Shared, Sharing, is_made_there
from cauce.engine.refactor.model import Effect, Statement, Trace, TracedCell

__all__ = ["Event", "Line", "Role", "Timeline", "timeline_of"]

Role = Literal["import", "block", "definition", "setup", "code"]
"""block: an `if`, `try` or `with` around imports and what depends on them. It can be repeated, as imports can."""


@dataclass(frozen=True)
class Line:
    """A statement as a split sees it."""

    statement: Statement
    section: int
    role: Role
    effect: Effect
    """The statement's own, put right by what was seen."""
    seen: bool = False
    """Was its cell traced?"""
    opaque: bool = False
    """May it bind whatever it likes? `%run`, `exec`."""

    @property
    def index(self) -> int:
        """Its place in the notebook."""
        return self.statement.index


@dataclass(frozen=True)
class Event:
    """Something that a line does to a name."""

    index: int
    section: int
    kind: Literal["bind", "may", "mutate", "delete"]


@dataclass
class Timeline:
    """All of it."""

    events: dict[str, list[Event]] = field(default_factory=dict)
    shared: list[Mapping[str, Shared]] = field(default_factory=list)
    """At the start of each section, and at the end of the last."""
    mutated: dict[str, int] = field(default_factory=dict)
    """Name → the last section in which its object may be changed in place."""

    def reaching(self, name: str, at: int) -> tuple[Event, ...]:
        """What a name is when the line of that index begins: the event that settles it and those after it, in order.

        It is settled when the first is a bind. After a deletion there is nothing, or what may have come since.
        """
        events = self.events.get(name, ())
        first = last = bisect_left(events, at, key=lambda event: event.index)
        while first and events[first - 1].kind in {"may", "mutate"}:
            first -= 1
        if first and events[first - 1].kind == "bind":
            first -= 1
        return tuple(events[first:last])


def timeline_of(
    lines: Sequence[Line], sections: int, trace: Trace | None, apart: Collection[str], steady: Collection[str]
) -> Timeline:
    """Follow the lines.

    Args:
        apart: Names of objects that give away copies of what they hold, such as tables.
        steady: Names of modules, functions and classes: what they share is not stored.
    """
    result = Timeline()
    sharing = Sharing()
    traced: dict[int, TracedCell] = {} if trace is None else {cell.cell: cell for cell in trace.cells}
    for position, line in enumerate(lines):
        while len(result.shared) <= line.section:
            result.shared.append(sharing.state())
        effect = line.effect
        before = {name: () if is_made_there(effect, name) else sharing.others(name) for name in effect.mutates}
        if effect.shares or effect.binds or effect.deletes:
            sharing.follow(effect, line.section, set(apart) - _put_somewhere(line.statement.node))
        changed: dict[str, None] = {}
        for name in effect.mutates:
            changed.update(dict.fromkeys((name, *before[name], *sharing.others(name))))
        for name in changed:
            if name not in steady:
                result.mutated[name] = line.section
        binds, deletes = dict.fromkeys(effect.binds), dict.fromkeys(effect.deletes)
        for name in dict.fromkeys((*binds, *effect.may_bind, *deletes, *changed)):
            kind: Literal["bind", "may", "mutate", "delete"]
            if name in binds:
                kind = "bind"
            elif name in deletes:
                kind = "delete"
            elif name in effect.may_bind:
                kind = "may"
            else:
                kind = "mutate"
            result.events.setdefault(name, []).append(Event(line.index, line.section, kind))
        last = position + 1 == len(lines) or lines[position + 1].statement.cell != line.statement.cell
        if last and line.seen and line.statement.cell in traced:
            sharing.see(traced[line.statement.cell], result.events.keys() - set(steady), line.section)
    while len(result.shared) <= sections:
        result.shared.append(sharing.state())
    return result


def _put_somewhere(node: ast.stmt | None) -> set[str]:
    """Names whose objects themselves go into something else: a list, a call, an attribute. Tables do, too."""
    found: list[ast.expr | None] = []
    nodes = [] if node is None else list(ast.walk(node))
    # What a loop goes through is gone after it: `for table in (train, test)`.
    loops = [part.iter for part in nodes if isinstance(part, ast.For)]
    passing = {id(inner) for each in loops for inner in ast.walk(each)}
    for part in nodes:
        if id(part) in passing:
            continue
        match part:
            case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts) | ast.Dict(values=parts):
                found += parts
            case ast.Call(args=args, keywords=keywords):
                found += [*args, *(keyword.value for keyword in keywords)]
            case ast.Assign(targets=targets, value=value):
                if not all(isinstance(target, ast.Name) for target in targets):
                    found.append(value)
            case _:
                pass
    return {part.id for part in found if isinstance(part, ast.Name)}
