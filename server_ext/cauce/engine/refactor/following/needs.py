"""What one section needs of those before it: variables, and statements that it repeats."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from cauce.engine.refactor.following.definitions import Places
from cauce.engine.refactor.following.roles import BUILTINS
from cauce.engine.refactor.following.timeline import Event, Line, Timeline
from cauce.engine.refactor.reading.statements import registers

__all__ = ["HISTORY", "Needs", "Noted", "Reading"]

HISTORY = re.compile(r"_{1,3}|In|Out|_[io]h|_i{1,3}|_i?\d+")
"""Names of what earlier cells have put out, or of their texts."""
_REPEATABLE = frozenset({"import", "block", "definition", "setup"})


@dataclass(frozen=True)
class Noted:
    """Something that is wrong with a name at a line."""

    kind: str
    line: Line
    name: str


@dataclass
class Needs:
    """What a section needs."""

    section: int
    variables: dict[str, int] = field(default_factory=dict)
    """Variables of earlier sections → index of the line that uses them first."""
    repeated: dict[int, Line] = field(default_factory=dict)
    """Lines of earlier sections."""
    late: set[int] = field(default_factory=set)
    """Those of them that need what is loaded."""
    own_imports: set[int] = field(default_factory=set)
    """Imports of its own that it uses."""
    imported: dict[str, None] = field(default_factory=dict)
    """From the module of definitions."""
    first_use: dict[str, int] = field(default_factory=dict)
    """Name → index of the first line that uses it."""
    own_used: set[int] = field(default_factory=set)
    """Definitions of its own that it uses."""
    dropped: set[int] = field(default_factory=set)
    """Lines of its own that would do nothing there: a `del` of what it would have to take first, a definition that
    only others use."""
    noted: list[Noted] = field(default_factory=list)


@dataclass
class _Known:
    lines: Sequence[Line]
    timeline: Timeline
    places: Places
    constants: Mapping[str, Line]
    held: Callable[[str, int], tuple[int, ...]]


class Reading:
    """A section's lines, read; `end_need` goes on."""

    def __init__(
        self,
        section: int,
        lines: Sequence[Line],
        timeline: Timeline,
        places: Places,
        constants: Mapping[str, Line],
        starts: Sequence[int],
        held: Callable[[str, int], tuple[int, ...]],
    ) -> None:
        """Read.

        Args:
            lines: Of the whole notebook.
            starts: Index of the first line of each section.
            held: Name, index of a line → definitions that its object may hold on to.
        """
        self._known = _Known(lines, timeline, places, constants, held)
        self._start = starts[section]
        self._end = starts[section + 1]
        self._section = section
        self._visited: set[tuple[int, int]] = set()
        self._asked: set[tuple[str, int]] = set()
        self._result = self.needs = Needs(section)
        self._read()

    def _read(self) -> None:
        for line in self._known.lines[: self._start]:
            if line.role == "setup" or (line.role == "definition" and registers(line.statement.node)):
                self._repeat(line, self._start)
        for line in self._known.lines[self._start : self._end]:
            if line.role == "definition" and registers(line.statement.node):
                self._use(line, self._end)
            if line.index in self._known.places.moved:
                continue
            effect = line.effect
            if self._deletes_only(line):
                self._result.dropped.add(line.index)
                continue
            for name in effect.reads:
                self._need(name, line.index, line)
            if line.role != "definition":
                for name in effect.later:
                    self._need(name, line.index, line, later=True)
        self._spread_lateness()

    def _deletes_only(self, line: Line) -> bool:
        """Is it a `del` of what earlier sections have made, and this one has not used?"""
        node = line.statement.node
        if not isinstance(node, ast.Delete) or not all(isinstance(target, ast.Name) for target in node.targets):
            return False
        for name in line.effect.deletes:
            reaching = self._known.timeline.reaching(name, line.index)
            if name in self._result.first_use or not reaching or any(e.section == self._section for e in reaching):
                return False
        return True

    def _need(self, name: str, at: int, why: Line, *, later: bool = False) -> None:
        """A line of this section, or what it calls, reads a name."""
        if (name, at) in self._asked:
            return
        self._asked.add((name, at))
        self._result.first_use.setdefault(name, at)
        for index in self._known.held(name, at):
            self._use(self._known.lines[index], at)
        reaching = self._known.timeline.reaching(name, at)
        own = [event for event in reaching if event.section == self._section]
        before = [event for event in reaching if event.section != self._section]
        for event in own:
            if event.kind != "mutate":
                self._use(self._known.lines[event.index], at)
        if own and own[0].kind == "bind":
            return
        if before:
            self._bring(name, before, at)
        elif not later:
            self._missing(name, at, why, bool(own))

    def settle_definitions(self, used: Collection[int]) -> None:
        """Drop definitions that are used elsewhere only; one that nobody uses stays, with what it reads.

        Args:
            used: Definitions that other sections repeat.
        """
        moved = self._known.places.moved
        own = [
            line
            for line in self._known.lines[self._start : self._end]
            if line.role == "definition" and line.index not in moved
        ]
        # First those that stay, for they may call others that would be dropped.
        for line in own:
            if line.index not in self._result.own_used and line.index not in used:
                for name in line.effect.later:
                    deleted = not self._known.timeline.reaching(name, self._end)
                    self._need(name, line.index if deleted else self._end, line, later=True)
        gone = [line for line in own if line.index in used and line.index not in self._result.own_used]
        self._result.dropped.update(line.index for line in gone)
        # Nobody has used what a dropped one replaces: left alone, it would be there in its place.
        names = {name: line.index for line in gone for name in line.effect.binds}
        for line in own:
            unused = line.index not in used and line.index not in self._result.own_used
            if unused and any(names.get(name, -1) > line.index for name in line.effect.binds):
                self._result.dropped.add(line.index)

    def end_need(self, name: str) -> None:
        """The section is to give a name. Where it may not have bound it, it takes it itself."""
        reaching = self._known.timeline.reaching(name, self._end)
        before = [event for event in reaching if event.section != self._section]
        if before:
            self._bring(name, before, self._end)
            self._spread_lateness()
        elif reaching and reaching[0].kind != "bind":
            self._result.noted.append(Noted("possibly_unbound", self._known.lines[reaching[-1].index], name))

    def carry(self, name: str) -> None:
        """The section loads a name, perhaps beside one that it uses: what that holds on to has to be there by then."""
        for index in self._known.held(name, self._start):
            line = self._known.lines[index]
            if index not in self._known.places.moved and index not in self._result.repeated:
                self._result.repeated[index] = line
                for read in line.effect.reads:
                    self._made_with(read, line)
        self._spread_lateness()

    def _bring(self, name: str, before: Sequence[Event], at: int) -> None:
        lines = [self._known.lines[event.index] for event in before if event.kind != "mutate"]
        if any(line.index in self._known.places.moved for line in lines):
            for line in lines:
                self._use(line, at)
        elif all(line.role in _REPEATABLE for line in lines):
            for line in lines:
                self._repeat(line, at)
        elif not any(line.index in self._result.repeated for line in lines):
            self._result.variables.setdefault(name, at)

    def _use(self, line: Line, at: int) -> None:
        """What a line of this section, or of an earlier one, has bound is used here."""
        index = line.index
        if index in self._known.places.moved:
            self._result.imported[self._known.places.moved[index]] = None
            for name in self._known.places.by_line[index].parameters if index in self._known.places.by_line else ():
                self._need(name, at, line, later=True)
        elif line.role == "import" and line.section == self._section:
            self._result.own_imports.add(index)
        elif line.role == "definition":
            if line.section != self._section:
                self._repeat(line, at)
                return
            self._result.own_used.add(index)
            if (index, at) not in self._visited:
                self._visited.add((index, at))
                for name in line.effect.later:
                    self._need(name, at, line, later=True)

    def _repeat(self, line: Line, at: int) -> None:
        if line.index in self._known.places.moved or line.section == self._section:
            self._use(line, at)
            return
        if line.role == "definition" and (line.index, at) not in self._visited:
            self._visited.add((line.index, at))
            for name in line.effect.later:
                self._need(name, at, line, later=True)
        if line.index in self._result.repeated:
            return
        self._result.repeated[line.index] = line
        for name in line.effect.reads:
            self._made_with(name, line)
            if line.role == "definition" and self._calls_what_is_loaded(name, line):
                self._result.late.add(line.index)
        if line.role != "definition":
            for name in line.effect.later:
                self._made_with(name, line)

    def _calls_what_is_loaded(self, name: str, line: Line) -> bool:
        """Is it a function that reads variables, and may be called while the line makes a class?"""
        made = (self._known.lines[event.index] for event in self._known.timeline.reaching(name, line.index))
        return any(one.role == "definition" and set(one.effect.later) & self._result.variables.keys() for one in made)

    def _made_with(self, name: str, line: Line) -> None:
        """A repeated line reads a name: what it was there, it has to be here."""
        reaching = self._known.timeline.reaching(name, line.index)
        lines = [self._known.lines[event.index] for event in reaching if event.kind != "mutate"]
        if not reaching or all(
            binder.role in _REPEATABLE or binder.index in self._known.places.moved for binder in lines
        ):
            for binder in lines:
                self._repeat(binder, self._start)
            return
        constant = self._known.constants.get(name)
        if constant is not None and lines == [constant]:
            self._repeat(constant, self._start)
        elif reaching == self._known.timeline.reaching(name, self._start):
            self._result.variables.setdefault(name, self._start)
            self._result.late.add(line.index)
        else:
            kind = "definition_changed" if line.role == "definition" else "not_repeated"
            self._result.noted.append(Noted(kind, line, name))
            if line.role == "setup":
                del self._result.repeated[line.index]

    def _missing(self, name: str, at: int, why: Line, bound: bool) -> None:
        """Nobody has made it before."""
        if not bound and HISTORY.fullmatch(name):
            self._result.noted.append(Noted("history", why, name))
        if not bound and (name in BUILTINS or name.startswith("_")):
            return
        own = why.effect
        maybe = bound or name in own.may_bind or name in own.binds
        self._result.noted.append(Noted("possibly_unbound" if maybe else "unbound", why, name))

    def _spread_lateness(self) -> None:
        """Who reads what a late line binds is late as well."""
        bound: set[str] = set()
        for index in sorted(self._result.repeated):
            line = self._result.repeated[index]
            if index in self._result.late or not bound.isdisjoint(line.effect.reads):
                self._result.late.add(index)
                bound.update(line.effect.binds, line.effect.may_bind)
