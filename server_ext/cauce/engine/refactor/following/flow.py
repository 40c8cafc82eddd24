"""What crosses the cuts of a notebook: the sections as tasks, each with what it takes, gives and repeats.

The notebook is followed once from top to bottom (`timeline`), then the sections are asked from the last to the first
what they need: what nobody asks for is not stored.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from cauce.engine.refactor.following import definitions as placing
from cauce.engine.refactor.following.crossing import Crossing
from cauce.engine.refactor.following.definitions import Places, is_called_only, place_definitions
from cauce.engine.refactor.following.filed import Filed, files_between
from cauce.engine.refactor.following.holding import held_by
from cauce.engine.refactor.following.kinds import FRAME, SERIES, holds_lambdas, not_in_parquet, types_of
from cauce.engine.refactor.following.moving import Moving
from cauce.engine.refactor.following.needs import Reading
from cauce.engine.refactor.following.noticing import notice
from cauce.engine.refactor.following.remaking import remade
from cauce.engine.refactor.following.roles import Roles, is_constant_value, read_roles, refined
from cauce.engine.refactor.following.timeline import Line, Timeline, timeline_of
from cauce.engine.refactor.model import (
    Book,
    Evidence,
    Flow,
    Given,
    Names,
    Part,
    Remark,
    Section,
    Statement,
    Taken,
    Trace,
    TracedValue,
    Wishes,
)

__all__ = ["follow"]

_LAMBDA = "a lambda"
"""cloudpickle can store one."""
_BY_NAME = frozenset({"a function", "a class"})


def follow(
    book: Book,
    sections: tuple[Section, ...],
    statements: tuple[Statement, ...],
    wishes: Wishes,
    trace: Trace | None,
) -> Flow:
    """Find out what each section takes of those before it, and where functions and classes go.

    A trace of other code than the book's is not looked at.
    """
    if trace is not None and trace.digest != book.digest:
        trace = None
    return _Following(sections, statements, wishes, trace).flow()


@dataclass
class _Demand:
    """What later sections want of one."""

    names: dict[str, None] = field(default_factory=dict)
    together: list[Names] = field(default_factory=list)
    by_wish: set[str] = field(default_factory=set)


@dataclass
class _Take:
    provider: int
    names: Names
    by_wish: bool = False


class _Following:
    def __init__(
        self,
        sections: Sequence[Section],
        statements: Sequence[Statement],
        wishes: Wishes,
        trace: Trace | None,
    ) -> None:
        self._sections = sections
        self._wishes = wishes
        self._trace = trace
        self._roles = read_roles(sections, statements, wishes, trace)
        self._types, apart = _types(self._roles)
        lines = self._roles.lines
        timeline = timeline_of(lines, len(sections), trace, apart, _steady(lines))
        constants = _constants(lines, timeline, self._roles)
        self._lines = tuple(refined(lines, self._roles.meanings, constants))
        self._timeline = timeline_of(self._lines, len(sections), trace, apart, _steady(self._lines))
        self._constants = _constants(self._lines, self._timeline, self._roles)
        self._starts = _starts(self._lines, len(sections))
        self._moving = Moving(self._lines, self._timeline, self._starts)
        self._places: Places = place_definitions(
            placing.Knowledge(
                self._lines, self._timeline, self._constants, self._roles.declared, self._moving.unsteady
            ),
            wishes.definitions,
        )
        held = self._held = held_by(self._lines, self._timeline, self._places, self._value_at)
        self._readings = [
            Reading(at, self._lines, self._timeline, self._places, self._constants, self._starts, held)
            for at in range(len(sections))
        ]
        self._demands = [_Demand() for _ in sections]
        self._takes: list[list[_Take]] = [[] for _ in sections]
        self._lambdas: dict[tuple[str, int], bool] = {}
        self._remarks: list[Remark] = []

    def flow(self) -> Flow:
        used = {index for reading in self._readings for index in reading.needs.repeated}
        for reading in self._readings:
            reading.settle_definitions(used)
        for at in reversed(range(len(self._sections))):
            self._ask(at)
        gives = [self._gives(at) for at in range(len(self._sections))]
        takes = [self._taken(at, gives) for at in range(len(self._sections))]
        for reading, taken in zip(self._readings, takes, strict=True):
            for name in dict.fromkeys(name for take in taken for name in take.given.names):
                reading.carry(name)
        self._moving.settle([reading.needs for reading in self._readings], self._places)
        filed = files_between(self._lines, self._sections, self._trace)
        parts = tuple(self._part(at, gives, takes[at], filed[at]) for at in range(len(self._sections)))
        edits = sorted([*self._places.edits, *self._roles.stars.edits], key=lambda e: (e.cell, e.start, e.stop))
        definitions = tuple(self._places.definitions)
        crossing = Crossing(
            self._sections,
            self._lines,
            self._timeline,
            [reading.needs for reading in self._readings],
            parts,
            definitions,
            self._roles,
            self._trace,
            self._type_in,
        )
        return Flow(parts, definitions, tuple(edits), (*self._remarks, *notice(crossing)))

    # -- From the last to the first: what is asked of those before --

    def _ask(self, at: int) -> None:
        for name in self._demands[at].names:
            self._readings[at].end_need(name)
        wanted = dict.fromkeys(self._readings[at].needs.variables)
        providers: dict[str, int] = {}
        by_wish: set[str] = set()
        for name, provider in self._wished(at):
            by_wish.add(name)
            if provider is None:
                wanted.pop(name, None)
            else:
                wanted[name] = None
                providers[name] = provider
        for names in self._together(at, wanted):
            provider = self._provider(at, names)
            for name in names:
                if name in providers:
                    provider = providers[name]
            asked = self._demands[provider]
            asked.names.update(dict.fromkeys(names))
            asked.together.append(names)
            asked.by_wish.update(name for name in names if name in by_wish)
            self._takes[at].append(_Take(provider, names, not by_wish.isdisjoint(names)))

    def _wished(self, at: int) -> Iterable[tuple[str, int | None]]:
        """Of the user's wishes those that can be done."""
        first = {section.first: number for number, section in enumerate(self._sections)}
        for target, name, source in self._wishes.edges:
            if first.get(target) != at:
                continue
            if source is None:
                yield name, None
                continue
            provider = first.get(source)
            if provider is None or provider >= at:
                problem = "it does not come before"
            elif not self._timeline.reaching(name, self._starts[provider + 1]):
                problem = f"there is no {name} at its end"
            else:
                yield name, provider
                continue
            where = self._sections[provider].name if provider is not None else f"cell {source + 1}"
            self._remarks.append(
                Remark(
                    "wish",
                    "warning",
                    f"{self._sections[at].name} cannot take {name} from {where}: {problem}.",
                    cell=target,
                    names=(name,),
                )
            )

    def _together(self, at: int, wanted: Mapping[str, None]) -> list[Names]:
        """Names that have to come from one place, because they are one object, or share what changes later."""
        shared = self._timeline.shared[at]
        groups: dict[tuple[str, int], list[str]] = {}
        changing = {shared[n].group for n in wanted if n in shared and self._timeline.mutated.get(n, -1) >= at}
        for name in wanted:
            place = shared.get(name)
            if place is None:
                key = (name, -1)
            elif place.group in changing:
                key = ("", place.group)
            else:
                key = ("=", place.twins)
            groups.setdefault(key, []).append(name)
        return [tuple(names) for names in groups.values()]

    def _provider(self, at: int, names: Names) -> int:
        start = self._starts[at]
        last = max(
            self._timeline.reaching(name, start)[-1].section for name in names if self._timeline.reaching(name, start)
        )
        if len(names) > 1:
            last = max(last, *(self._timeline.shared[at][name].touched for name in names))
        return last

    # -- From the first to the last: what each gives and takes --

    def _gives(self, at: int) -> dict[str, Given]:
        """Name → what is given, one object for all names of it."""
        demand = self._demands[at]
        leader = {name: name for name in demand.names}

        def find(name: str) -> str:
            while leader[name] != name:
                name = leader[name]
            return name

        for names in demand.together:
            for name in names[1:]:
                leader[find(name)] = find(names[0])
        groups: dict[str, list[str]] = {}
        for name in sorted(demand.names, key=self._age):
            groups.setdefault(find(name), []).append(name)
        shared = self._timeline.shared[at + 1]
        result: dict[str, Given] = {}
        for names_here in groups.values():
            given = self._given(at, tuple(names_here), not demand.by_wish.isdisjoint(names_here))
            twins = {shared[name].twins if name in shared else -1 for name in names_here}
            given = replace(given, whole=len(names_here) == 1 or (len(twins) == 1 and -1 not in twins))
            result.update((name, given) for name in names_here)
        return result

    def _given(self, at: int, names: Names, by_wish: bool) -> Given:
        end = self._starts[at + 1]
        values = [self._value_at(name, self._sections[at].end - 1) for name in names]
        value = values[0]
        unstorable, recreate = "", tuple[Statement, ...]()
        for name, seen in zip(names, values, strict=True):
            unstorable = unstorable or self._unstorable(name, end, seen)
        if len(names) == 1:
            recreate = remade(names[0], end, self._lines, self._timeline, self._places, strict=not unstorable)
        return Given(
            names,
            True,
            value.type if value is not None else self._type_to_store(names[0], end),
            self._evidence(names, end, by_wish),
            value,
            unstorable,
            any(self._by_value(name, end, seen) for name, seen in zip(names, values, strict=True)),
            recreate,
        )

    def _evidence(self, names: Names, at: int, by_wish: bool) -> Evidence:
        if by_wish:
            return "user"
        events = [event for name in names for event in self._timeline.reaching(name, at)[-1:]]
        return "traced" if events and all(self._lines[event.index].seen for event in events) else "static"

    def _by_value(self, name: str, end: int, seen: TracedValue | None) -> bool:
        if seen is not None:
            return seen.storable == "cloudpickle"
        for event in self._timeline.reaching(name, end):
            line = self._lines[event.index]
            value = getattr(line.statement.node, "value", None)
            if line.effect.unstorable.get(name) == _LAMBDA:
                return True
            lambdas = {read for read in line.effect.reads if self._is_or_holds_lambda(read, name, line.index)}
            if isinstance(value, ast.expr):
                if holds_lambdas(value, lambdas) or self._gives_lambdas(value, line):
                    return True
            elif not all(is_called_only(line.statement, read) for read in lambdas):
                return True
        return False

    def _is_or_holds_lambda(self, read: str, by: str, at: int) -> bool:
        key = (read, at)
        if key not in self._lambdas:
            self._lambdas[key] = False  # while it is looked at
            reaching = self._timeline.reaching(read, at)
            self._lambdas[key] = any(self._is_lambda(self._lines[event.index]) for event in reaching) or (
                read != by and bool(reaching) and self._by_value(read, at, None)
            )
        return self._lambdas[key]

    def _gives_lambdas(self, value: ast.expr, at: Line) -> bool:
        """Is it what a lambda gives that names lambdas itself: ``tree = lambda: defaultdict(tree)``?"""
        if not (isinstance(value, ast.Call) and isinstance(value.func, ast.Name)):
            return False
        for event in self._timeline.reaching(value.func.id, at.index):
            line = self._lines[event.index]
            body = getattr(getattr(line.statement.node, "value", None), "body", None)
            if self._is_lambda(line) and isinstance(body, ast.expr) and holds_lambdas(body, line.effect.binds):
                return True
        return False

    def _is_lambda(self, line: Line) -> bool:
        return line.role == "definition" and isinstance(getattr(line.statement.node, "value", None), ast.Lambda)

    def _unstorable(self, name: str, end: int, seen: TracedValue | None) -> str:
        lines = [self._lines[event.index] for event in self._timeline.reaching(name, end)]
        kinds = [line.effect.unstorable.get(name, "") for line in lines]
        if seen is not None:
            # A pickle only names what is defined in the notebook; where it was seen, that was enough.
            own = next((kind for kind in kinds if kind in _BY_NAME), "")
            return own if seen.storable in {"", "cloudpickle"} else seen.storable
        for kind in kinds:
            if kind and kind != _LAMBDA:
                return kind
        for index in self._held(name, end):
            for made in self._lines[index].effect.binds:
                if not any(event.index == index for event in self._timeline.reaching(made, end)):
                    return f"it holds on to {made} as that was before it was defined anew"
        return ""

    def _value_at(self, name: str, cell: int) -> TracedValue | None:
        found = None
        for since, value in self._roles.values.get(name, ()):
            if since > cell:
                break
            found = value
        return found

    def _type_in(self, name: str, part: Part) -> str:
        at = self._sections.index(part.section)
        value = self._value_at(name, part.section.end - 1)
        return value.type if value is not None else self._type_at(name, self._starts[at + 1])

    def _type_at(self, name: str, end: int) -> str:
        reaching = [event for event in self._timeline.reaching(name, end) if event.kind != "mutate"]
        types = {self._types.get((name, event.index), "") for event in reaching}
        return types.pop() if len(types) == 1 else ""

    def _type_to_store(self, name: str, end: int) -> str:
        """The type; of tables none where a parquet file would not hold what they may have come to hold."""
        found = self._type_at(name, end)
        if found != FRAME:
            return found
        todo = [event.index for event in self._timeline.events.get(name, ()) if event.index < end]
        seen: set[int] = set()
        while todo:
            index = todo.pop()
            line = self._lines[index]
            if index in seen or line.role != "code":
                continue
            seen.add(index)
            if not_in_parquet(line.statement.node, self._roles.meanings):
                return ""
            for read in line.effect.reads:
                if self._type_at(read, index) in {FRAME, SERIES} and read != name:
                    todo += (event.index for event in self._timeline.reaching(read, index))
        return found

    def _age(self, name: str) -> tuple[int, str]:
        events = self._timeline.events.get(name)
        return (events[0].index if events else len(self._lines), name)

    def _taken(self, at: int, gives: Sequence[Mapping[str, Given]]) -> tuple[Taken, ...]:
        found: dict[tuple[int, Names], list[_Take]] = {}
        for take in self._takes[at]:
            given = gives[take.provider][take.names[0]]
            found.setdefault((take.provider, given.names), []).append(take)
        result = []
        for provider, names in sorted(found, key=lambda key: (key[0], self._age(key[1][0]))):
            takes = found[provider, names]
            used = {name for take in takes for name in take.names}
            given = gives[provider][names[0]]
            evidence: Evidence = "user" if any(take.by_wish for take in takes) else given.evidence
            result.append(
                Taken(self._sections[provider].name, given, tuple(name for name in names if name in used), evidence)
            )
        return tuple(result)

    def _part(self, at: int, gives: Sequence[Mapping[str, Given]], takes: tuple[Taken, ...], filed: Filed) -> Part:
        given = {id(one): one for one in gives[at].values()}
        order = {section.name: number for number, section in enumerate(self._sections)}
        upstream = {take.section for take in takes} | {read.section for read in filed.reads}
        upstream |= {self._sections[number].name for number in filed.after}
        moved = self._moving.of_section(at)
        return Part(
            section=self._sections[at],
            takes=takes,
            upstream=tuple(sorted(upstream, key=order.__getitem__)),
            gives=tuple(sorted(given.values(), key=lambda one: self._age(one.names[0]))),
            repeated=moved.repeated,
            loaded=moved.loaded,
            removed=moved.removed,
            imported=tuple(self._readings[at].needs.imported),
            reads=filed.reads,
            files=filed.products,
        )


def _starts(lines: Sequence[Line], sections: int) -> tuple[int, ...]:
    """Index of the first line of each section, and the number of lines."""
    starts = []
    at = 0
    for section in range(sections):
        while at < len(lines) and lines[at].section < section:
            at += 1
        starts.append(at)
    return (*starts, len(lines))


def _steady(lines: Iterable[Line]) -> frozenset[str]:
    """Names that nothing but imports and definitions bind."""
    other, found = set[str](), set[str]()
    for line in lines:
        names = (*line.effect.binds, *line.effect.may_bind)
        (found if line.role in {"import", "block", "definition"} else other).update(names)
    return frozenset(found - other)


def _constants(lines: Sequence[Line], timeline: Timeline, roles: Roles) -> dict[str, Line]:
    """Names that are bound once, to what does not depend on when."""
    result: dict[str, Line] = {}
    for line in lines:
        value = _value_of(line)
        if value is None or line.role != "code" or len(line.effect.binds) != 1:
            continue
        name = line.effect.binds[0]
        once = [event.kind for event in timeline.events[name]] == ["bind"]
        if not once or name in timeline.mutated or name in roles.declared:
            continue
        if is_constant_value(value, result.keys() | roles.meanings.keys(), roles.meanings):
            result[name] = line
    return result


def _value_of(line: Line) -> ast.expr | None:
    match line.statement.node:
        case ast.Assign(targets=[ast.Name()], value=value):
            return value
        case ast.AnnAssign(target=ast.Name(), value=ast.expr() as value):
            return value
        case _:
            return None


def _types(roles: Roles) -> tuple[dict[tuple[str, int], str], frozenset[str]]:
    """Name and index of the line that binds it → its type; names that are tables, whoever binds them."""
    found: dict[tuple[str, int], str] = {}
    now: dict[str, str] = {}
    tables: dict[str, bool] = {}
    for line in roles.lines:
        told = dict(types_of(line.statement, roles.meanings, now))
        for name in dict.fromkeys((*line.effect.binds, *line.effect.may_bind)):
            now[name] = found[name, line.index] = told.get(name, "")
            tables[name] = tables.get(name, True) and now[name] in {FRAME, SERIES}
    return found, frozenset(name for name, table in tables.items() if table)
