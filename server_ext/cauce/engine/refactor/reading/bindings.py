"""The names of the notebook while a statement is walked: which are bound by now, what is read of before, what is
changed in place, what leads to one object.

    Bindings ─► Values ─► Calls ─► Walk          each knows what those before it know
"""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from cauce.engine.refactor.model import Effect, Names, Share, Sureness
from cauce.engine.refactor.reading.known import MAGIC, Known
from cauce.engine.refactor.reading.scopes import Function
from cauce.engine.refactor.reading.summaries import Sources, Summary

__all__ = ["Bindings", "Definitions", "State", "meet", "surer"]


Definitions = tuple[Function | ast.ClassDef, ...]


@dataclass
class State:
    """What holds at a point, whichever way it was reached."""

    bound: set[str] = field(default_factory=set)
    """Names that are bound for sure."""
    gone: set[str] = field(default_factory=set)
    """Names that are deleted for sure."""
    kinds: dict[str, str] = field(default_factory=dict)
    """Names bound here → what they are bound to; '' where nothing is known."""
    definitions: dict[str, Definitions] = field(default_factory=dict)
    """Names bound here → the functions or classes that they may be."""
    came_from: dict[str, tuple[Sources, bool]] = field(default_factory=dict)
    """Names bound here → what they may lead to, and whether that was there before."""
    unstorable: dict[str, str] = field(default_factory=dict)
    still: set[str] = field(default_factory=set)
    """Names bound here that may be what they were before: ``ax = ax or gca()``."""
    alive: bool = True
    """Is it reached at all?"""

    def copy(self) -> State:
        return State(
            set(self.bound),
            set(self.gone),
            dict(self.kinds),
            dict(self.definitions),
            dict(self.came_from),
            dict(self.unstorable),
            set(self.still),
            self.alive,
        )


def meet(states: Sequence[State]) -> State:
    """How things are where several ways come together."""
    reached = [state for state in states if state.alive]
    if len(reached) < 2:
        return reached[0] if reached else State(alive=False)
    result = State(
        set.intersection(*(state.bound for state in reached)), set.intersection(*(state.gone for state in reached))
    )
    for state in reached:
        for name, kind in state.kinds.items():
            same = all(other.kinds.get(name) == kind for other in reached)
            result.kinds[name] = kind if same else ""
        for name, definitions in state.definitions.items():
            before = result.definitions.get(name, ())
            result.definitions[name] = (*before, *(each for each in definitions if each not in before))
        for name, (sources, outer) in state.came_from.items():
            others, also = result.came_from.get(name, ((), True))
            result.came_from[name] = (tuple(dict.fromkeys((*others, *sources))), outer and also)
        result.unstorable.update(state.unstorable)
        result.still |= state.still
    return result


def surer(one: Sureness | None, other: Sureness) -> Sureness:
    return "sure" if "sure" in (one, other) else "possible"


class Bindings(ast.NodeVisitor, ABC):
    """What is known at a point, and what has been found so far."""

    def __init__(self, known: Known, own: frozenset[str] = frozenset(), parameters: Names = (), depth: int = 0) -> None:
        self.known = known
        self.own = own
        """Names of the function whose body it is."""
        self.parameters = parameters
        self.depth = depth
        self.state = State()
        self.reads: dict[str, None] = {}
        self.later: dict[str, None] = {}
        self.ever: dict[str, None] = {}
        self.mutates: dict[str, Sureness] = {}
        self.outer: dict[str, Sureness] = {}
        """Of objects that were there before."""
        self.handed: dict[str, None] = {}
        self.shares: dict[Share, None] = {}
        self.reads_files: dict[str, None] = {}
        self.writes_files: dict[str, None] = {}
        self.random = False
        self.returns: list[tuple[str, bool]] = []
        self.returned: list[State] = []
        self.returned_kind: str | None = None
        self.returned_elements: tuple[str, ...] | None = None
        self.returned_ties: dict[tuple[int, int], None] = {}
        self.returned_functions: list[Function] = []
        """Those that are written in the function whose body it is."""
        self.imports: dict[str, str] = {}
        self.masks: list[dict[str, Sources]] = []
        """Names of comprehensions around, and what they come from."""
        self._loops: list[tuple[list[State], list[State]]] = []
        """Of loops around: how things are at each `break`, and at each `continue`."""

    @abstractmethod
    def block(self, body: Sequence[ast.stmt]) -> None:
        """Walk statements, one after another."""

    @abstractmethod
    def summary(self, function: Function) -> Summary:
        """What a call of a function of the notebook does."""

    @abstractmethod
    def apart(self) -> Bindings:
        """A walk of its own, of what keeps its names to itself."""

    def effect(self) -> Effect:
        state = self.state if self.state.alive else replace(self.state, bound=set(self.ever))
        return Effect(
            reads=tuple(self.reads),
            later=tuple(self.later),
            binds=tuple(name for name in self.ever if name in state.bound),
            may_bind=tuple(name for name in self.ever if name not in state.bound and name not in state.gone),
            deletes=tuple(sorted(state.gone)),
            mutates=dict(self.mutates),
            handed=tuple(name for name in self.handed if name not in self.mutates),
            shares=tuple(self.shares),
            reads_files=tuple(self.reads_files),
            writes_files=tuple(self.writes_files),
            random=self.random,
            unstorable=dict(state.unstorable),
        )

    # --- Names

    def read(self, name: str) -> None:
        if name != MAGIC and self.masked(name) is None and name not in self.state.bound:
            self.reads.setdefault(name)

    def bind(
        self, name: str, sources: Sources = (), kind: str = "", unstorable: str = "", definitions: Definitions = ()
    ) -> None:
        """Note that a name is bound to what leads to these."""
        state = self.state
        before = {other: other not in state.bound for other, _ in sources}
        if any(other == name and (before[name] or name in state.still) for other, _ in sources):
            state.still.add(name)
        else:
            state.still.discard(name)
        state.bound.add(name)
        state.gone.discard(name)
        self.ever.setdefault(name)
        self.imports.pop(name, None)
        state.kinds[name] = kind
        for table in (state.unstorable, state.came_from, state.definitions):
            table.pop(name, None)
        if unstorable:
            state.unstorable[name] = unstorable
        if definitions:
            state.definitions[name] = definitions
        if kind == "plain":
            return
        for whole in (whole for other, whole in sources if other == name and before[name]):
            self.shares.setdefault(Share(name, name, whole))  # `a = a[0]`: still shares what it shared
        real = tuple((other, whole) for other, whole in sources if other != name)
        if real:
            state.came_from[name] = (real, all(before[other] for other, _ in real))
        for other, whole in real:
            self.shares.setdefault(Share(name, other, whole))

    def mutate(self, name: str, sureness: Sureness) -> None:
        """Note that the object that a name leads to is changed, and with it whatever that came from."""
        todo = [name]
        seen: set[str] = set()
        while todo:
            at = todo.pop()
            if at in seen:
                continue
            seen.add(at)
            masked = self.masked(at)
            if masked is not None:
                todo += (other for other, _ in masked)
                continue
            if self.meaning(at) is not None:
                continue  # of a library, not of the notebook
            self.mutates[at] = surer(self.mutates.get(at), sureness)
            if at not in self.state.bound:
                self.outer[at] = surer(self.outer.get(at), sureness)
            elif at in self.state.still:
                self.outer[at] = surer(self.outer.get(at), "possible")
            sources, was_there = self.state.came_from.get(at, ((), True))
            for other, _ in sources:
                todo.append(other)
                if was_there and other in self.state.bound and other not in self.state.came_from:
                    # It was that of before when the name was given to it.
                    self.outer[other] = surer(self.outer.get(other), "possible")

    def say_later(self, names: Iterable[str]) -> None:
        self.later.update(dict.fromkeys(name for name in names if name != MAGIC))

    # --- What names stand for

    def masked(self, name: str) -> Sources | None:
        return next((mask[name] for mask in reversed(self.masks) if name in mask), None)

    def meaning(self, name: str) -> str | None:
        if self.masked(name) is not None:
            return None
        if name in self.imports:
            return self.imports[name]
        return None if name in self.own or name in self.ever else self.known.meaning(name)

    def dotted(self, expression: ast.expr) -> str | None:
        """What an expression is called where it comes from: `numpy.random.seed`, also where numpy is `n`."""
        match expression:
            case ast.Name(id=name):
                return self.meaning(name)
            case ast.Attribute(value=value, attr=attr):
                above = self.dotted(value)
                return None if above is None else f"{above}.{attr}"
            case ast.Subscript(value=value):
                return self.dotted(value)
            case ast.Call(func=func):
                above = self.dotted(func)
                return None if above is None else f"{above}()"
            case _:
                return None

    def definitions(self, name: str) -> Definitions:
        """The functions and classes that a name may be."""
        if self.masked(name) is not None:
            return ()
        if name in self.state.definitions:
            return self.state.definitions[name]
        return () if name in self.own or name in self.ever else self.known.definitions(name)

    def origins(self, name: str, whole: bool) -> list[tuple[str, bool]]:
        """What a name of a function leads to of what was there before it was called."""
        found: list[tuple[str, bool]] = []
        todo = [(name, whole)]
        seen: set[tuple[str, bool]] = set()
        while todo:
            at, entire = todo.pop()
            if (at, entire) in seen:
                continue
            seen.add((at, entire))
            if at not in self.own or (at in self.parameters and (at not in self.ever or at in self.state.still)):
                found.append((at, entire))
            sources = self.state.came_from.get(at, ((), True))[0]
            todo += ((other, entire and as_whole) for other, as_whole in sources)
        return found

    def outer_shares(self) -> Iterator[Share]:
        """What shares afterwards of what was there before, or is there for the notebook."""
        for share in self.shares:
            ends = [dict.fromkeys(self.origins(name, True)) for name in (share.name, share.other)]
            for one, whole in ends[0]:
                for other, as_whole in ends[1]:
                    if one != other:
                        yield Share(one, other, share.whole and whole and as_whole)
