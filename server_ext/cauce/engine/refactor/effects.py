"""What a statement does to names: read, bound, changed in place, shared. Pure; nothing is imported or run.

A statement is walked in the order in which it runs, with the names that are bound for sure at each point: branches
are walked apart and meet in what they have in common, and what a loop does may not happen at all, but for its
targets. What a function of the notebook does to its arguments and to names of the notebook is found by walking its
body in the same way, once. What libraries do stands in `libraries`.

Where it is not sure, the answer errs to the side of more: a variable that is stored for nothing costs a file, one
that is not costs the result.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from cauce.engine.refactor import libraries, magics
from cauce.engine.refactor.known import MAGIC, Known, imported_by, path_of
from cauce.engine.refactor.model import Effect, Names, Share, Sureness
from cauce.engine.refactor.scopes import Function, annotations_of, local_names, parameters_of, scope_of, walk_here

__all__ = ["effect_of", "effect_of_magic", "fold", "summary_of"]

_Sources = tuple[tuple[str, bool], ...]
"""Names that a value leads to, and whether it is that very object."""
_MOST_NESTED = 40
"""Functions that call functions that are followed."""
_IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError"})


def effect_of(node: ast.stmt, known: Known) -> tuple[Effect, dict[str, str]]:
    """The effect of a top-level statement where `known` holds, and the kinds of what it binds. Never raises."""
    walk = _Walk(known)
    try:
        walk.block([node])
        return walk.effect(), walk.kinds
    except RecursionError:  # hundreds of terms
        return _roughly(node), {}


def effect_of_magic(text: str, known: Known) -> Effect:
    """The effect of a line with a magic or a shell command."""
    walk = _Walk(known)
    try:
        walk.magic(text)
        return walk.effect()
    except RecursionError:
        return Effect()


def _roughly(node: ast.stmt) -> Effect:
    """Without regard to the order in it."""
    reads: dict[str, None] = {}
    binds: dict[str, None] = {}
    for part in walk_here([node]):
        match part:
            case ast.Name(id=name, ctx=ast.Load()):
                reads.setdefault(name)
            case ast.Name(id=name, ctx=ast.Store()):
                binds.setdefault(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                binds.setdefault(name)
    later = dict.fromkeys(
        part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load)
    )
    return Effect(reads=tuple(reads), binds=tuple(binds), later=tuple(name for name in later if name not in reads))


# --- One after another ----------------------------------------------------------------------


def fold(effects: Iterable[Effect]) -> Effect:
    """The effect of statements after one another."""
    reads: dict[str, None] = {}
    later: dict[str, None] = {}
    binds: dict[str, None] = {}
    may_bind: dict[str, None] = {}
    deletes: dict[str, None] = {}
    mutates: dict[str, Sureness] = {}
    handed: dict[str, None] = {}
    shares: list[Share] = []
    reads_files: dict[str, None] = {}
    writes_files: dict[str, None] = {}
    unstorable: dict[str, str] = {}
    random = False
    for effect in effects:
        for name in effect.reads:
            if name not in binds:
                reads.setdefault(name)
        later.update(dict.fromkeys(effect.later))
        for name, sureness in effect.mutates.items():
            mutates[name] = _surer(mutates.get(name), sureness)
        handed.update(dict.fromkeys(effect.handed))
        for name in effect.deletes:
            binds.pop(name, None)
            may_bind.pop(name, None)
            unstorable.pop(name, None)
            deletes.setdefault(name)
        as_before = {share.name: share.whole for share in effect.shares if share.name == share.other}
        anew = [
            name for name in (*effect.binds, *effect.deletes) if name not in effect.mutates and name not in as_before
        ]
        shares = [
            replace(share, whole=share.whole and as_before.get(share.name, True) and as_before.get(share.other, True))
            for share in _without(shares, anew)
        ]
        shares += (share for share in effect.shares if share.name != share.other)
        for name in effect.binds:
            binds.setdefault(name)
            may_bind.pop(name, None)
            deletes.pop(name, None)
            unstorable.pop(name, None)
        for name in effect.may_bind:
            if name not in binds:
                may_bind.setdefault(name)
            deletes.pop(name, None)
        unstorable.update(effect.unstorable)
        reads_files.update(dict.fromkeys(effect.reads_files))
        writes_files.update(dict.fromkeys(effect.writes_files))
        random = random or effect.random
    return Effect(
        reads=tuple(reads),
        later=tuple(later),
        binds=tuple(binds),
        may_bind=tuple(may_bind),
        deletes=tuple(deletes),
        mutates=mutates,
        handed=tuple(handed),
        shares=tuple(dict.fromkeys(shares)),
        reads_files=tuple(reads_files),
        writes_files=tuple(writes_files),
        random=random,
        unstorable=unstorable,
    )


def _without(shares: Sequence[Share], names: Iterable[str]) -> list[Share]:
    """The shares when these names are bound to something else: what shared with them may still share."""
    kept = list(shares)
    for name in names:
        gone = [share for share in kept if name in (share.name, share.other)]
        if not gone:
            continue
        kept = [share for share in kept if share not in gone]
        others = [(share.other if share.name == name else share.name, share.whole) for share in gone]
        for index, (one, whole) in enumerate(others):
            for another, as_whole in others[index + 1 :]:
                if one != another:
                    kept.append(Share(one, another, whole and as_whole))
    return list(dict.fromkeys(kept))


def _surer(one: Sureness | None, other: Sureness) -> Sureness:
    return "sure" if "sure" in (one, other) else "possible"


# --- Functions of the notebook ---------------------------------------------------------------


@dataclass(frozen=True)
class Summary:
    """What a call of a function of the notebook does."""

    parameters: Names = ()
    gathers: Names = ()
    """Those that take the rest: `*rest`, `**options`."""
    mutates: Mapping[str, Sureness] = field(default_factory=dict)
    """Its parameters, and names of the notebook."""
    handed: Names = ()
    binds: Names = ()
    may_bind: Names = ()
    returns: _Sources = ()
    shares: tuple[Share, ...] = ()
    """Between its parameters and names of the notebook."""
    generates: bool = False
    random: bool = False
    reads_files: Names = ()
    writes_files: Names = ()
    kind: str = ""


_NOTHING = Summary()


def summary_of(function: Function, known: Known, depth: int = 0) -> Summary:
    """Of a function or lambda; found once."""
    found = known.summaries.get(id(function))
    if isinstance(found, Summary):
        return found
    if depth > _MOST_NESTED:
        return _NOTHING
    known.summaries[id(function)] = _NOTHING  # while it is looked at: it may call itself
    own = local_names(function)
    walk = _Walk(known, own, parameters_of(function), depth + 1)
    body = [ast.Return(function.body)] if isinstance(function, ast.Lambda) else function.body
    try:
        walk.block(body)
    except RecursionError:
        return _NOTHING
    state = _meet([walk.state, *walk.returned])
    given = function.args
    outer = {name: sureness for name, sureness in walk.outer.items() if name not in own or _is_given(function, name)}
    summary = Summary(
        parameters=parameters_of(function),
        gathers=tuple(arg.arg for arg in (given.vararg, given.kwarg) if arg is not None),
        mutates=outer,
        handed=tuple(walk.handed),
        binds=tuple(name for name in walk.ever if name not in own and name in state.bound),
        may_bind=tuple(name for name in walk.ever if name not in own and name not in state.bound),
        returns=tuple(dict.fromkeys(walk.returns)),
        shares=tuple(dict.fromkeys(walk.outer_shares())),
        generates=any(isinstance(part, ast.Yield | ast.YieldFrom) for part in walk_here(body)),
        random=walk.random,
        reads_files=tuple(walk.reads_files),
        writes_files=tuple(walk.writes_files),
        kind=walk.returned_kind or "",
    )
    known.summaries[id(function)] = summary
    return summary


def _is_given(function: Function, name: str) -> bool:
    return name in parameters_of(function)


# --- The walk --------------------------------------------------------------------------------


@dataclass
class _State:
    """What holds at a point, whichever way it was reached."""

    bound: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    alive: bool = True
    """Is it reached at all?"""

    def copy(self) -> _State:
        return _State(set(self.bound), set(self.gone), self.alive)


def _meet(states: Sequence[_State]) -> _State:
    reached = [state for state in states if state.alive]
    if not reached:
        return _State(alive=False)
    return _State(
        set.intersection(*(state.bound for state in reached)), set.intersection(*(state.gone for state in reached))
    )


class _Walk(ast.NodeVisitor):
    """Goes through statements in the order in which they run."""

    def __init__(
        self, known: Known, own: frozenset[str] = frozenset(), parameters: Names = (), depth: int = 0
    ) -> None:
        self.known = known
        self.own = own
        """Names of the function whose body it is."""
        self.parameters = parameters
        self.depth = depth
        self.state = _State()
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
        self.unstorable: dict[str, str] = {}
        self.kinds: dict[str, str] = {}
        self.returns: list[tuple[str, bool]] = []
        self.returned: list[_State] = []
        self.returned_kind: str | None = None
        self._imports: dict[str, str] = {}
        self._masks: list[dict[str, _Sources]] = []
        """Names of comprehensions around, and what they come from."""
        self._loops: list[tuple[list[_State], list[_State]]] = []
        """Of loops around: how things are at each `break`, and at each `continue`."""
        self._from: dict[str, tuple[_Sources, bool]] = {}
        """Names bound here → what they lead to, and whether that was there before."""

    def effect(self) -> Effect:
        state = self.state if self.state.alive else _State(set(self.ever))
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
            unstorable={name: what for name, what in self.unstorable.items() if name not in state.gone},
        )

    # --- Names

    def read(self, name: str) -> None:
        if name != MAGIC and self._masked(name) is None and name not in self.state.bound:
            self.reads.setdefault(name)

    def bind(self, name: str, sources: _Sources = (), kind: str = "", unstorable: str = "") -> None:
        if kind == "plain":
            sources = ()
        before = {other: other not in self.state.bound for other, _ in sources}
        self.state.bound.add(name)
        self.state.gone.discard(name)
        self.ever.setdefault(name)
        self._imports.pop(name, None)
        self.kinds.pop(name, None)
        self.unstorable.pop(name, None)
        self._from.pop(name, None)
        if kind:
            self.kinds[name] = kind
        elif name in self.known.kinds:
            self.kinds[name] = ""
        if unstorable:
            self.unstorable[name] = unstorable
        for whole in (whole for other, whole in sources if other == name and before[name]):
            self.shares.setdefault(Share(name, name, whole))  # `a = a[0]`: still shares what it shared
        real = tuple((other, whole) for other, whole in sources if other != name)
        if real:
            self._from[name] = (real, all(before[other] for other, _ in real))
        for other, whole in real:
            self.shares.setdefault(Share(name, other, whole))

    def mutate(self, name: str | None, sureness: Sureness, seen: frozenset[str] = frozenset()) -> None:
        """Note that the object that a name leads to is changed."""
        if name is None or name in seen:
            return
        sources = self._masked(name)
        if sources is not None:
            for other, _ in sources:
                self.mutate(other, sureness, seen | {name})
            return
        if self._meaning(name) is not None:
            return  # of a library, not of the notebook
        self.mutates[name] = _surer(self.mutates.get(name), sureness)
        if name not in self.state.bound:
            self.outer[name] = _surer(self.outer.get(name), sureness)
        for other, _ in self._from.get(name, ((), True))[0]:
            self.mutate(other, sureness, seen | {name})
            if self._from[name][1] and other in self.state.bound and other not in self._from:
                # It was that of before when the name was given to it.
                self.outer[other] = _surer(self.outer.get(other), "possible")

    def _masked(self, name: str) -> _Sources | None:
        return next((mask[name] for mask in reversed(self._masks) if name in mask), None)

    def _meaning(self, name: str) -> str | None:
        if self._masked(name) is not None:
            return None
        if name in self._imports:
            return self._imports[name]
        return None if name in self.own or name in self.ever else self.known.meaning(name)

    def dotted(self, expression: ast.expr) -> str | None:
        """What an expression is called where it comes from: `numpy.random.seed`, also where numpy is `n`."""
        match expression:
            case ast.Name(id=name):
                return self._meaning(name)
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

    def _definitions(self, name: str) -> tuple[Function | ast.ClassDef, ...]:
        if self._masked(name) is not None or name in self.own or name in self.ever:
            return ()
        return self.known.definitions(name)

    # --- Statements

    def block(self, body: Sequence[ast.stmt]) -> None:
        for statement in body:
            if not self.state.alive:
                return
            self.visit(statement)

    def visit_Expr(self, node: ast.Expr) -> None:
        value = node.value.value if isinstance(node.value, ast.Await) else node.value
        if isinstance(value, ast.Call):
            self._call(value, used=False)
        else:
            self.visit(value)

    def visit_Assign(self, node: ast.Assign) -> None:
        self._value(node.value, stored=all(isinstance(target, ast.Name) for target in node.targets))
        for target in node.targets:
            self._assign(target, node.value)
        names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        if self.kind(node.value) != "plain":
            for one, other in pairwise(names):
                self.shares.setdefault(Share(other, one, True))

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self._value(node.value, stored=isinstance(node.target, ast.Name))
        if not isinstance(node.target, ast.Name):
            self._parts_of_target(node.target)
        self._annotation(node.annotation)
        if node.value is not None:
            self._assign(node.target, node.value)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if not isinstance(node.target, ast.Name):
            self.visit(node.value)
            self._assign(node.target, node.value, anew=False)
            return
        name = node.target.id
        self.read(name)
        self.visit(node.value)
        if self._kind_of_name(name) != "plain":
            # The object alone: a number that came from elsewhere stays there what it was.
            self.mutates[name] = "sure"
            if name not in self.state.bound:
                self.outer[name] = "sure"
        kind, sources = self._kind_of_name(name), self._from.get(name)
        self.bind(name, kind=kind)
        if sources is not None:
            self._from[name] = sources

    def _value(self, value: ast.expr, *, stored: bool) -> None:
        """Evaluate what is assigned. A lambda that is given a name is not called yet."""
        if stored and isinstance(value, ast.Lambda):
            self._lambda(value, called=False)
        else:
            self.visit(value)

    def _assign(self, target: ast.expr, value: ast.expr, *, anew: bool = True) -> None:
        if (
            isinstance(target, ast.Tuple | ast.List)
            and isinstance(value, ast.Tuple | ast.List)
            and len(target.elts) == len(value.elts)
            and not any(isinstance(each, ast.Starred) for each in (*target.elts, *value.elts))
        ):
            found = [(self.sources(each), self.kind(each), self._unstorable(each)) for each in value.elts]
            for one, (sources, kind, unstorable) in zip(target.elts, found, strict=True):
                self._target(one, sources, kind, unstorable)
            return
        sources = self.sources(value) if anew else ()
        kind = self.kind(value)
        if isinstance(target, ast.Tuple | ast.List):
            self._unpack(target, value, sources, kind)
        else:
            self._target(target, sources, kind, self._unstorable(value))

    def _unpack(self, target: ast.Tuple | ast.List, value: ast.expr, sources: _Sources, kind: str) -> None:
        if kind == "iterator":
            self.mutate(self.root(value), "sure")
        for index, each in enumerate(target.elts):
            part = kind
            if kind == "figure and axes":
                part = "figure" if index == 0 else "axes"
            elif kind == "iterator":
                part = ""
            self._target(each, _parts(sources), part)
        names = [each.id for each in target.elts if isinstance(each, ast.Name)]
        if kind == "figure and axes" and len(names) > 1:
            self.shares.setdefault(Share(names[1], names[0], False))

    def _target(self, target: ast.expr, sources: _Sources, kind: str = "", unstorable: str = "") -> None:
        match target:
            case ast.Name(id=name):
                self.bind(name, sources, kind, unstorable)
            case ast.Tuple(elts=elts) | ast.List(elts=elts):
                for each in elts:
                    self._target(each, _parts(sources), kind)
            case ast.Starred(value=value):
                self._target(value, _parts(sources))
            case ast.Attribute() | ast.Subscript():
                self._parts_of_target(target)
                root = self.root(target)
                self.mutate(root, "sure")
                self._put(root, sources)

    def _parts_of_target(self, target: ast.expr) -> None:
        if isinstance(target, ast.Attribute | ast.Subscript):
            self.visit(target.value)
        if isinstance(target, ast.Subscript):
            self.visit(target.slice)

    def _put(self, root: str | None, sources: _Sources) -> None:
        """Note that an object holds from now on what these lead to."""
        if root is None or self._kind_of_name(root) in libraries.PUTS_COPIES:
            return
        for name in (root,) if self._masked(root) is None else [other for other, _ in self._masked(root) or ()]:
            if self._meaning(name) is None:
                for other, _ in sources:
                    if other != name:
                        self.shares.setdefault(Share(name, other, False))

    def visit_Delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            self._delete(target)

    def _delete(self, target: ast.expr) -> None:
        match target:
            case ast.Name(id=name):
                self.read(name)
                self.state.bound.discard(name)
                self.state.gone.add(name)
                self.unstorable.pop(name, None)
                self._from.pop(name, None)
            case ast.Tuple(elts=elts) | ast.List(elts=elts):
                for each in elts:
                    self._delete(each)
            case _:
                self._parts_of_target(target)
                self.mutate(self.root(target), "sure")

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        for name, meaning in imported_by([node]).items():
            self.bind(name)
            self._imports[name] = meaning

    visit_ImportFrom = visit_Import

    def visit_Global(self, node: ast.Global) -> None:
        """At the top it says nothing; in a function `local_names` has seen it."""

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        """As above."""

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is not None:
            if isinstance(node.value, ast.Call):
                self._call(node.value, used=None)  # whoever calls the function may throw it away
            else:
                self.visit(node.value)
            for name, whole in self.sources(node.value):
                self.returns += self._origins(name, whole)
            self.returned_kind = self.kind(node.value) if self.returned_kind in (None, self.kind(node.value)) else ""
        self.returned.append(self.state)
        self.state = _State(alive=False)

    def _origins(self, name: str, whole: bool, seen: frozenset[str] = frozenset()) -> list[tuple[str, bool]]:
        """What a name of a function leads to of what was there before it was called."""
        if name in seen:
            return []
        found = [(name, whole)] if name not in self.own or (name in self.parameters and name not in self.ever) else []
        for other, as_whole in self._from.get(name, ((), True))[0]:
            found += self._origins(other, whole and as_whole, seen | {name})
        return found

    def outer_shares(self) -> Iterator[Share]:
        """What shares afterwards of what was there before, or is there for the notebook."""
        for share in self.shares:
            ends = [
                dict.fromkeys(self._origins(name, True))
                for name in (share.name, share.other)
            ]
            for one, whole in ends[0]:
                for other, as_whole in ends[1]:
                    if one != other:
                        yield Share(one, other, share.whole and whole and as_whole)

    def visit_Raise(self, node: ast.Raise) -> None:
        self.generic_visit(node)
        self.state = _State(alive=False)

    # --- Ways through

    def _branches(self, bodies: Iterable[tuple[_State, Sequence[ast.stmt]]]) -> None:
        ends = []
        for state, body in bodies:
            self.state = state
            self.block(body)
            ends.append(self.state)
        self.state = _meet(ends)

    def _test(self, test: ast.expr) -> tuple[_State, _State]:
        """How things are when it holds, and when it does not."""
        match test:
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                held, failed = self._test(operand)
                return failed, held
            case ast.BoolOp(op=op, values=values):
                ends: list[_State] = []
                for value in values:
                    held, failed = self._test(value)
                    going, over = (held, failed) if isinstance(op, ast.And) else (failed, held)
                    ends.append(over)
                    self.state = going.copy()
                last, done = self.state.copy(), _meet(ends)
                return (last, done) if isinstance(op, ast.And) else (done, last)
            case ast.Call():
                self._call(test, used=None)
                return self.state.copy(), self.state.copy()
            case _:
                self.visit(test)
                return self.state.copy(), self.state.copy()

    def visit_If(self, node: ast.If) -> None:
        held, failed = self._test(node.test)
        self._branches([(held, node.body), (failed, node.orelse)])

    def visit_IfExp(self, node: ast.IfExp) -> None:
        held, failed = self._test(node.test)
        self.state = held
        self.visit(node.body)
        held = self.state
        self.state = failed
        self.visit(node.orelse)
        self.state = _meet([held, self.state])

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        held, failed = self._test(node)
        self.state = _meet([held, failed])

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        self._consume(node.iter)
        before = self.state.copy()
        self._loop_target(node.target, node.iter)
        targets = {
            part.id for part in ast.walk(node.target) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
        }
        breaks, rounds = self._loop(node.body)
        rounds = _meet([self.state, rounds])
        after = before.copy()
        after.bound |= targets & (rounds.bound if rounds.alive else targets)
        if _is_never_empty(node.iter):
            after = rounds
        elif not rounds.alive and not breaks.alive:
            after = before.copy()  # the body never comes to an end: then it was empty
        self.state = after
        self.block(node.orelse)
        if breaks.alive:
            if not _is_never_empty(node.iter):
                breaks = _meet([breaks, _State(before.bound | targets, set(before.gone))])
            self.state = _meet([self.state, breaks])

    visit_AsyncFor = visit_For

    def visit_While(self, node: ast.While) -> None:
        held, failed = self._test(node.test)
        self.state = held
        breaks, _ = self._loop(node.body)
        always = isinstance(node.test, ast.Constant) and bool(node.test.value)
        self.state = _State(alive=False) if always else failed
        self.block(node.orelse)
        self.state = _meet([self.state, breaks])

    def _loop(self, body: Sequence[ast.stmt]) -> tuple[_State, _State]:
        """Walk a loop's body once. How things are where it is broken off, and where the next round begins."""
        self._loops.append(([], []))
        self.block(body)
        breaks, rounds = self._loops.pop()
        return _meet(breaks), _meet(rounds)

    def visit_Break(self, node: ast.Break) -> None:
        if self._loops:
            self._loops[-1][0].append(self.state)
        self.state = _State(alive=False)

    def visit_Continue(self, node: ast.Continue) -> None:
        if self._loops:
            self._loops[-1][1].append(self.state)
        self.state = _State(alive=False)

    def visit_With(self, node: ast.With | ast.AsyncWith) -> None:
        before = self.state.copy()
        stops = False
        for item in node.items:
            self.visit(item.context_expr)
            called = self.dotted(item.context_expr) or ""
            stops = stops or called == "contextlib.suppress()"
            if item.optional_vars is not None:
                value = item.context_expr
                self._target(item.optional_vars, self.sources(value), self.kind(value), self._unstorable(value))
        self.block(node.body)
        if stops:
            self.state = _meet([before, self.state])

    visit_AsyncWith = visit_With

    def visit_Try(self, node: ast.Try | ast.TryStar) -> None:
        before = self.state.copy()
        self.block(node.body)
        self.block(node.orelse)
        ends = [self.state]
        for handler in node.handlers:
            self.state = before.copy()
            if handler.type is not None:
                self.visit(handler.type)
            name = handler.name
            if name is not None:
                self._masks.append({name: ()})
            self.block(handler.body)
            if name is not None:
                self._masks.pop()
            ends.append(self.state)
        merged = _meet(ends)
        if not node.finalbody:
            self.state = merged
            return
        start = _meet([before, merged])
        self.state = start.copy()
        self.block(node.finalbody)
        final = self.state
        self.state = merged
        if not final.alive:
            self.state = final
        elif merged.alive:
            self.state = _State(
                (merged.bound | (final.bound - start.bound)) - (final.gone - start.gone),
                (merged.gone | (final.gone - start.gone)) - (final.bound - start.bound),
            )

    visit_TryStar = visit_Try

    def visit_Match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        sources = _parts(self.sources(node.subject))
        ends = []
        going = self.state
        for case in node.cases:
            self.state = going.copy()
            for part in ast.walk(case.pattern):
                match part:
                    case ast.MatchValue(value=value) | ast.MatchClass(cls=value):
                        self.visit(value)
                    case ast.MatchMapping(keys=keys):
                        for key in keys:
                            self.visit(key)
            for part in ast.walk(case.pattern):
                match part:
                    case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                        self.bind(name, sources)
            if case.guard is not None:
                self.visit(case.guard)
            self.block(case.body)
            ends.append(self.state)
            if case.guard is None and _always_matches(case.pattern):
                going = _State(alive=False)
                break
        self.state = _meet([*ends, going])

    # --- Definitions

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for decorator in node.decorator_list:
            self.visit(decorator)
        self._defaults(node)
        self._masks.append(_type_parameters(node))
        for annotation in annotations_of(node):
            self._annotation(annotation)
        self._masks.pop()
        own = _type_parameters(node)
        self._say_later(name for name in scope_of(node).reads if name != node.name and name not in own)
        self.bind(node.name)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for decorator in node.decorator_list:
            self.visit(decorator)
        own = _type_parameters(node)
        self._masks.append(own)
        for base in node.bases:
            self.visit(base)
        for keyword in node.keywords:
            self.visit(keyword.value)
        self._masks.pop()
        body = _Walk(self.known, depth=self.depth)
        body.block(node.body)
        for name in body.reads:
            if name not in own:
                self.read(name)
        for name, sureness in body.mutates.items():
            if name not in body.ever:
                self.mutate(name, sureness)
        self._say_later(
            name
            for name in (*body.later, *scope_of(node).reads)
            if name != node.name and name not in own and not (name in body.ever and name not in scope_of(node).reads)
        )
        self.random = self.random or body.random
        self.bind(node.name)

    def visit_TypeAlias(self, node: ast.AST) -> None:
        """``type Name = …``, of which the right side waits until it is asked for."""
        name: ast.Name = node.name  # type: ignore[attr-defined]  # Python 3.12
        value: ast.expr = node.value  # type: ignore[attr-defined]
        self._say_later(part.id for part in ast.walk(value) if isinstance(part, ast.Name))
        self.bind(name.id)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._lambda(node, called=True)

    def _lambda(self, node: ast.Lambda, *, called: bool) -> None:
        """`called`: it is given to something that may call it at once."""
        self._defaults(node)
        reads = [name for name in scope_of(node).reads if self._masked(name) is None]
        self._say_later(reads)
        if not called:
            return
        for name in reads:
            self.read(name)
        self._do(summary_of(node, self.known, self.depth), [], [], "possible")

    def _defaults(self, function: Function) -> None:
        for default in (*function.args.defaults, *function.args.kw_defaults):
            if default is not None:
                self.visit(default)

    def _annotation(self, annotation: ast.expr) -> None:
        if self.known.lazy_annotations:
            self._say_later(part.id for part in ast.walk(annotation) if isinstance(part, ast.Name))
        else:
            self.visit(annotation)

    def _say_later(self, names: Iterable[str]) -> None:
        self.later.update(dict.fromkeys(name for name in names if name != MAGIC))

    # --- Expressions

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.read(node.id)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self._value(node.value, stored=True)
        self._target(node.target, self.sources(node.value), self.kind(node.value), self._unstorable(node.value))

    def visit_Dict(self, node: ast.Dict) -> None:
        for key, value in zip(node.keys, node.values, strict=True):
            if key is not None:
                self.visit(key)
            self.visit(value)

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        before: _State | None = None
        masks = 0
        for generator in node.generators:
            self.visit(generator.iter)
            self._consume(generator.iter)
            before = self.state.copy() if before is None else before
            self._masks.append(self._elements(generator.target, generator.iter))
            masks += 1
            for test in generator.ifs:
                self.state = self._test(test)[0]
        if isinstance(node, ast.DictComp):
            self.visit(node.key)
            self.visit(node.value)
        elif isinstance(node.elt, ast.Call):
            self._call(node.elt, used=None)
        else:
            self.visit(node.elt)
        del self._masks[len(self._masks) - masks :]
        if before is not None:
            self.state = before  # it may have been empty

    visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_ListComp

    def visit_Call(self, node: ast.Call) -> None:
        self._call(node, used=True)

    def _call(self, node: ast.Call, *, used: bool | None) -> None:
        """`used`: is what it returns made use of? None where it may be called for what it does all the same."""
        func = node.func
        if isinstance(func, ast.Name) and func.id == MAGIC:
            if node.args and isinstance(node.args[0], ast.Constant):
                self.magic(str(node.args[0].value))
            return
        said = magics.called(node)
        if said is not None:
            self.read("get_ipython")
            self.magic(said)
            return
        self.visit(func)
        arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
        for argument in arguments:
            self.visit(argument.value if isinstance(argument, ast.Starred) else argument)
        if isinstance(func, ast.Lambda):
            self._do(summary_of(func, self.known, self.depth), node.args, node.keywords, "sure")
            return
        dotted = self.dotted(func)
        self._files(node, dotted)
        self._hand_generators(arguments)
        if isinstance(func, ast.Name) and (definitions := self._definitions(func.id)):
            self._call_own(definitions, node)
            return
        for argument in arguments:
            self._may_call(argument)
        if dotted is not None:
            self._call_library(node, dotted)
        elif isinstance(func, ast.Attribute):
            self._call_method(node, func, used=used)
        else:
            self._hand(arguments)

    def _call_own(self, definitions: Sequence[Function | ast.ClassDef], node: ast.Call) -> None:
        for definition in definitions:
            sureness: Sureness = "sure" if len(definitions) == 1 else "possible"
            if isinstance(definition, ast.ClassDef):
                for method in definition.body:
                    if isinstance(method, ast.FunctionDef) and method.name in {"__init__", "__new__"}:
                        this: list[ast.expr] = [ast.Constant(None)]
                        self._do(summary_of(method, self.known, self.depth), this + node.args, node.keywords, sureness)
            else:
                summary = summary_of(definition, self.known, self.depth)
                if not summary.generates:
                    self._do(summary, node.args, node.keywords, sureness)
                for argument in node.args:
                    self._may_call(argument)

    def _do(
        self, summary: Summary, args: Sequence[ast.expr], keywords: Sequence[ast.keyword], sureness: Sureness
    ) -> None:
        """What a call does that is summed up so."""
        given = _given(summary, args, keywords)
        own = set(summary.parameters)
        for name, sure in summary.mutates.items():
            how: Sureness = sure if sureness == "sure" else "possible"
            for argument in given.get(name, ()):
                for root, _ in self.sources(argument) or self._root_sources(argument):
                    self.mutate(root, how)
            if name not in own:
                self.mutate(name, how)
        for share in summary.shares:
            ones, others = (
                [part for argument in given.get(name, ()) for part in self.sources(argument)]
                if name in own
                else [(name, True)]
                for name in (share.name, share.other)
            )
            for one, whole in ones:
                for other, as_whole in others:
                    if one != other:
                        self.shares.setdefault(Share(one, other, share.whole and whole and as_whole))
        for name in summary.handed:
            self._hand(given.get(name, ()))
        for name in summary.binds:
            if sureness == "sure":
                self.bind(name)
            else:
                self.ever.setdefault(name)
        for name in summary.may_bind:
            self.ever.setdefault(name)
        self.random = self.random or summary.random
        self.reads_files.update(dict.fromkeys(summary.reads_files))
        self.writes_files.update(dict.fromkeys(summary.writes_files))

    def _root_sources(self, argument: ast.expr) -> _Sources:
        root = self.root(argument)
        return () if root is None else ((root, False),)

    def _may_call(self, argument: ast.expr) -> None:
        """A function that is given away may be called: `table.apply(note)`."""
        if isinstance(argument, ast.Name):
            for definition in self._definitions(argument.id):
                if not isinstance(definition, ast.ClassDef):
                    summary = summary_of(definition, self.known, self.depth)
                    self._do(replace(summary, handed=()), [], [], "possible")

    def _call_library(self, node: ast.Call, dotted: str) -> None:
        changed = libraries.CHANGES_ARGUMENT.get(dotted)
        if changed is not None and len(node.args) > changed:
            self.mutate(self.root(node.args[changed]), "sure")
            for argument in node.args[changed + 1 :]:
                self._put(self.root(node.args[changed]), self.sources(argument))
        for keyword in node.keywords:
            if keyword.arg == "out":
                self.mutate(self.root(keyword.value), "sure")
            elif keyword.arg == "inplace" and node.args and _is(keyword.value, True):
                self.mutate(self.root(node.args[0]), "possible")
        if libraries.lookup(libraries.CHANGES_GENERATOR_OF_ALL, dotted) or (
            (seed := libraries.DRAWS_UNLESS_SEEDED.get(dotted)) and not _given_a_value(node, seed)
        ):
            self.random = True
        if changed is None and dotted.partition(".")[0] not in libraries.KNOWN_TO_LEAVE_ARGUMENTS:
            self._hand([*node.args, *(keyword.value for keyword in node.keywords)])

    def _call_method(self, node: ast.Call, func: ast.Attribute, *, used: bool | None) -> None:
        name = func.attr
        root = self.root(func.value)
        kind = self.kind(func.value)
        sureness = self._changed_by(name, kind, node, used=used)
        if root is not None and sureness is not None:
            self.mutate(root, sureness)
        if kind.startswith("class "):
            self._call_of_class(kind.removeprefix("class "), name, node, root)
        elif name in self.known.methods and name not in libraries.CHANGES_ITSELF and kind == "":
            for method in self.known.methods[name]:
                summary = summary_of(method, self.known, self.depth)
                self._do(summary, [func.value, *node.args], node.keywords, "possible")
        if name in libraries.PUTS_IN and kind not in libraries.PUTS_COPIES and sureness is not None:
            for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
                self._put(root, self.sources(argument))
        place = libraries.METHOD_CHANGES_ARGUMENT.get(name)
        if place is not None and len(node.args) > place:
            self.mutate(self.root(node.args[place]), "sure")
        if name == "sample" and kind == "table" and not _given_a_value(node, "random_state"):
            self.random = True

    def _call_of_class(self, name: str, method: str, node: ast.Call, root: str | None) -> None:
        for definition in self._methods(name, method):
            summary = summary_of(definition, self.known, self.depth)
            this: list[ast.expr] = [ast.Constant(None) if root is None else ast.Name(root, ast.Load())]
            self._do(summary, this + node.args, node.keywords, "sure")

    def _methods(self, name: str, method: str, depth: int = 0) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        """The method of a class of the notebook, or of one above it."""
        for definition in self.known.classes.get(name, ()):
            own = [
                part
                for part in definition.body
                if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef) and part.name == method
            ]
            if own:
                yield own[-1]
            elif depth < _MOST_NESTED:
                for base in definition.bases:
                    if isinstance(base, ast.Name) and base.id != name:
                        yield from self._methods(base.id, method, depth + 1)

    def _changed_by(self, method: str, kind: str, node: ast.Call, *, used: bool | None) -> Sureness | None:
        """Does this method change its object?"""
        for keyword in node.keywords:
            if keyword.arg == "inplace" and not _is(keyword.value, False):
                return "sure" if _is(keyword.value, True) else "possible"
        if method in libraries.CHANGES_ITSELF or kind == "random generator":
            return "sure"
        if kind.startswith("class "):
            own = any(True for _ in self._methods(kind.removeprefix("class "), method))
            return None if own or used is not False else "possible"  # what it does itself is found in its body
        if kind == "table":
            return "sure" if used is False and method in {"insert", "update"} else None
        if kind == "iterator":
            return "sure" if method not in {"close"} else None
        if kind in {"axes", "figure"}:
            return None if method.startswith("get_") or method in {"savefig", "show"} else "sure"
        if method in libraries.CHANGES_ITSELF_IF_THROWN_AWAY:
            # `frame = frame.append(row)` makes another one.
            return None if used else "sure" if used is False else "possible"
        if method.endswith("_") and not method.startswith("_"):
            return "sure"  # as PyTorch calls what works in place
        if used is not False or method in libraries.HARMLESS:
            return None
        return "sure" if method.startswith(("set_", "add_")) else "possible"

    def _hand(self, arguments: Iterable[ast.expr]) -> None:
        for argument in arguments:
            value = argument.value if isinstance(argument, ast.Starred) else argument
            root = self.root(value) if isinstance(value, ast.Name | ast.Attribute | ast.Subscript) else None
            if root is None or self._masked(root) is not None or self._meaning(root) is not None:
                continue
            if root not in self.state.bound or root in self.own:
                self.handed.setdefault(root)

    def _hand_generators(self, arguments: Iterable[ast.expr]) -> None:
        """Who is given a random generator draws from it; who is given an iterator goes through it."""
        for argument in arguments:
            value = argument.value if isinstance(argument, ast.Starred) else argument
            if isinstance(value, ast.Name) and self._kind_of_name(value.id) in {"random generator", "iterator"}:
                self.mutate(value.id, "possible")

    def _consume(self, iterable: ast.expr) -> None:
        if isinstance(iterable, ast.Name) and self._kind_of_name(iterable.id) == "iterator":
            self.mutate(iterable.id, "sure")

    # --- Magics

    def magic(self, text: str) -> None:
        said = magics.read_magic(text)
        for name in said.names:
            if name in self.known.bound or name in self.ever:
                self.read(name)
        self.reads_files.update(dict.fromkeys(said.reads_files))
        self.writes_files.update(dict.fromkeys(said.writes_files))
        if said.code is not None and said.keeps:
            self.block(said.code.body)
        elif said.code is not None:
            apart = _Walk(self.known, depth=self.depth)
            apart.block(said.code.body)
            for name in apart.reads:
                self.read(name)
            for name, sureness in apart.mutates.items():
                if name not in apart.ever:
                    self.mutate(name, sureness)
            self.random = self.random or apart.random
        for name in said.binds:
            self.bind(name)

    # --- Files

    def _files(self, node: ast.Call, dotted: str | None) -> None:
        func = node.func
        method = func.attr if isinstance(func, ast.Attribute) else ""
        first = (
            node.args[0]
            if node.args
            else next(
                (
                    keyword.value
                    for keyword in node.keywords
                    if keyword.arg
                    in {
                        "file",
                        "filename",
                        "fname",
                        "path",
                        "path_or_buf",
                        "filepath_or_buffer",
                        "io",
                        "path_or_buffer",
                    }
                ),
                None,
            )
        )
        if dotted in {"builtins.open", "io.open", "gzip.open", "bz2.open", "codecs.open"}:
            self._opened(self._path(first), _mode(node, 1))
        elif dotted is not None and (dotted in libraries.READS_FILE or dotted in libraries.WRITES_FILE):
            for table, files in ((libraries.READS_FILE, self.reads_files), (libraries.WRITES_FILE, self.writes_files)):
                place = table.get(dotted)
                if place is None:
                    continue
                path = self._path(first if place == 0 else node.args[place] if len(node.args) > place else None)
                if path is not None:
                    files.setdefault(_as_numpy_has_it(path, dotted))
            if dotted.endswith(".connect"):
                path = self._path(first)
                if path is not None:
                    self.writes_files.setdefault(path)
        elif method in {"read_text", "read_bytes"} and isinstance(func, ast.Attribute):
            self._opened(self._path(func.value), "r")
        elif method in {"write_text", "write_bytes"} and isinstance(func, ast.Attribute):
            self._opened(self._path(func.value), "w")
        elif method == "open" and isinstance(func, ast.Attribute) and dotted is None:
            self._opened(self._path(func.value), _mode(node, 0))
        elif method in libraries.SAVES_FILE and dotted is None:
            self._opened(self._path(first), "w")

    def _path(self, expression: ast.expr | None) -> str | None:
        masked = frozenset(name for mask in self._masks for name in mask)
        path = path_of(expression, self.known, self.own | masked)
        return None if path == "." else path

    def _opened(self, path: str | None, mode: str) -> None:
        if path is None:
            return
        if "+" in mode or not set(mode) & set("wax"):
            self.reads_files.setdefault(path)
        if set(mode) & set("wax+"):
            self.writes_files.setdefault(path)

    # --- What values are

    def root(self, expression: ast.expr) -> str | None:
        """The name whose object an expression is, or is a part of."""
        match expression:
            case ast.Name(id=name):
                return name
            case ast.Attribute(value=value) | ast.Subscript(value=value) | ast.Starred(value=value):
                return self.root(value)
            case ast.Await(value=value):
                return self.root(value)
            case ast.NamedExpr(target=ast.Name(id=name)):
                return name
            case ast.Call(func=ast.Attribute(value=value, attr=attr)):
                return self.root(value) if attr in libraries.PARTS_OF_ITSELF | libraries.RETURNS_ITSELF else None
            case _:
                return None

    def sources(self, value: ast.expr) -> _Sources:
        """The names that a value leads to."""
        found: Iterable[tuple[str, bool]]
        match value:
            case ast.Name(id=name):
                plain = self._meaning(name) is not None or self._kind_of_name(name) == "plain"
                found = () if plain else ((name, True),)
                masked = self._masked(name)
                found = found if masked is None else masked
            case ast.Attribute(value=inner, attr=attr):
                plain = attr in _PLAIN_ATTRIBUTES or self.kind(inner) == "table" or self.dotted(value) is not None
                found = () if plain else _parts(self.sources(inner))
            case ast.Subscript(value=inner):
                found = () if self.kind(inner) == "table" else _parts(self.sources(inner))
            case ast.Starred(value=inner) | ast.Await(value=inner) | ast.NamedExpr(value=inner):
                found = self.sources(inner)
            case ast.Tuple(elts=elts) | ast.List(elts=elts) | ast.Set(elts=elts):
                found = [part for each in elts for part in _parts(self.sources(each))]
            case ast.Dict(values=values):
                found = [part for each in values for part in _parts(self.sources(each))]
            case ast.IfExp(body=body, orelse=orelse):
                found = [*self.sources(body), *self.sources(orelse)]
            case ast.BoolOp(values=values):
                found = [part for each in values for part in self.sources(each)]
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                found = self._sources_of_comprehension(value)
            case ast.Call():
                found = self._sources_of_call(value)
            case _:
                found = ()
        return tuple(dict.fromkeys(found))

    def _sources_of_comprehension(
        self, value: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
    ) -> _Sources:
        for generator in value.generators:
            self._masks.append(self._elements(generator.target, generator.iter))
        found = _parts(self.sources(value.value if isinstance(value, ast.DictComp) else value.elt))
        del self._masks[len(self._masks) - len(value.generators) :]
        return found

    def _sources_of_call(self, node: ast.Call) -> _Sources:
        func = node.func
        arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
        if isinstance(func, ast.Name) and (definitions := self._definitions(func.id)):
            found: list[tuple[str, bool]] = []
            for definition in definitions:
                if isinstance(definition, ast.ClassDef):
                    found += [part for each in arguments for part in _parts(self.sources(each))]
                else:
                    found += self._returned(summary_of(definition, self.known, self.depth), node)
            return tuple(found)
        dotted = self.dotted(func)
        if dotted is not None:
            if dotted not in libraries.PARTS_OF_ARGUMENTS:
                return ()
            return tuple(part for each in arguments for part in _parts(self.sources(each)))
        if isinstance(func, ast.Attribute):
            if func.attr in libraries.RETURNS_ITSELF:
                return self.sources(func.value)
            kind = self.kind(func.value)
            if kind.startswith("class "):
                return tuple(
                    part
                    for method in self._methods(kind.removeprefix("class "), func.attr)
                    for part in self._returned(summary_of(method, self.known, self.depth), node, func.value)
                )
            if func.attr in libraries.PARTS_OF_ITSELF and kind != "table":
                return _parts(self.sources(func.value))
        return ()

    def _returned(self, summary: Summary, node: ast.Call, this: ast.expr | None = None) -> list[tuple[str, bool]]:
        given = _given(summary, node.args if this is None else [this, *node.args], node.keywords)
        found: list[tuple[str, bool]] = []
        for name, whole in summary.returns:
            for argument in given.get(name, ()):
                found += [(other, whole and as_whole) for other, as_whole in self.sources(argument)]
            if name not in summary.parameters:
                found.append((name, whole))
        return found

    def kind(self, value: ast.expr) -> str:
        """What a value is, as far as it decides what its methods do: the words of `libraries.GIVES`."""
        match value:
            case ast.Constant() | ast.JoinedStr():
                return "plain"
            case ast.Name(id=name):
                return self._kind_of_name(name)
            case ast.UnaryOp(operand=operand):
                return self.kind(operand)
            case ast.Attribute(value=inner, attr=attr):
                kind = self.kind(inner)
                if kind == "table":
                    return "" if attr in _PLAIN_ATTRIBUTES or attr == "values" else "table"
                return libraries.METHOD_GIVES.get((kind, attr), "")
            case ast.Subscript(value=inner):
                kind = self.kind(inner)
                return kind if kind in {"table", "axes", "array"} else ""
            case ast.GeneratorExp():
                return "iterator"
            case ast.NamedExpr(value=inner) | ast.Starred(value=inner):
                return self.kind(inner)
            case ast.BinOp(left=left, right=right):
                kinds = {self.kind(left), self.kind(right)}
                return "table" if "table" in kinds else "plain" if kinds == {"plain"} else ""
            case ast.IfExp(body=body, orelse=orelse):
                return self.kind(body) if self.kind(body) == self.kind(orelse) else ""
            case ast.Call(func=func):
                return self._kind_of_call(func)
            case _:
                return ""

    def _kind_of_name(self, name: str) -> str:
        if self._masked(name) is not None:
            return ""
        if name in self.kinds:
            return self.kinds[name]
        return "" if name in self.own or name in self.ever else self.known.kinds.get(name, "")

    def _kind_of_call(self, func: ast.expr) -> str:
        if isinstance(func, ast.Name) and (definitions := self._definitions(func.id)):
            definition = definitions[-1]
            if isinstance(definition, ast.ClassDef):
                return f"class {definition.name}"
            summary = summary_of(definition, self.known, self.depth)
            return "iterator" if summary.generates else summary.kind
        dotted = self.dotted(func)
        if dotted is not None:
            return libraries.lookup(libraries.GIVES, dotted) or ""
        if isinstance(func, ast.Attribute):
            kind = self.kind(func.value)
            if func.attr in libraries.RETURNS_ITSELF:
                return kind
            return libraries.METHOD_GIVES.get((kind, func.attr), "")
        return ""

    def _unstorable(self, value: ast.expr) -> str:
        """What it is that no file can hold; '' when one can, as far as is known."""
        match value:
            case ast.GeneratorExp():
                return "a generator"
            case ast.Lambda():
                return "a lambda"
            case ast.Call(func=func):
                if isinstance(func, ast.Name):
                    for definition in self._definitions(func.id):
                        if not isinstance(definition, ast.ClassDef):
                            generates = summary_of(definition, self.known, self.depth).generates
                            return "a generator" if generates else ""
                dotted = self.dotted(func)
                if dotted is not None:
                    return libraries.lookup(libraries.UNSTORABLE, dotted) or ""
                if isinstance(func, ast.Attribute):
                    if func.attr == "open" and self._path(func.value) is not None:
                        return "an open file"
                    return libraries.UNSTORABLE_METHODS.get(func.attr, "")
                return ""
            case ast.Name(id=name):
                return self.unstorable.get(name, "")
            case _:
                return ""

    # --- Loops

    def _loop_target(self, target: ast.expr, iterable: ast.expr) -> None:
        elements = self._elements(target, iterable)
        kind = self._kind_of_elements(iterable)
        if isinstance(target, ast.Name):
            self.bind(target.id, elements.get(target.id, ()), kind)
            return
        for part in ast.walk(target):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                of_axes = kind == "axes" or self._has_axes(part.id, target, iterable)
                self.bind(part.id, elements.get(part.id, ()), "axes" if of_axes else "")
            elif isinstance(part, ast.Attribute | ast.Subscript) and isinstance(part.ctx, ast.Store):
                self._target(part, _parts(self.sources(iterable)))

    def _has_axes(self, name: str, target: ast.expr, iterable: ast.expr) -> bool:
        for one, other in _pairs(target, iterable):
            if isinstance(one, ast.Name) and one.id == name:
                return other is not None and self._kind_of_elements(other) == "axes"
            nested = other is not None and one is not target and isinstance(one, ast.Tuple | ast.List)
            if nested and other is not None and self._has_axes(name, one, other):
                return True
        return False

    def _kind_of_elements(self, iterable: ast.expr) -> str:
        kind = self.kind(iterable)
        return kind if kind == "axes" else ""

    def _elements(self, target: ast.expr, iterable: ast.expr) -> dict[str, _Sources]:
        """Names of a loop's target, and what each leads to."""
        found: dict[str, _Sources] = {}
        for one, other in _pairs(target, iterable):
            if one is not target and other is not None and isinstance(one, ast.Tuple | ast.List):
                found.update(self._elements(one, other))
                continue
            sources = () if other is None else _parts(self.sources(other))
            if other is not None and self.kind(other) == "table":
                sources = ()
            for part in ast.walk(one):
                if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                    found[part.id] = sources
        return found


_PLAIN_ATTRIBUTES = frozenset(
    "shape size ndim dtype dtypes columns index name names nbytes itemsize __name__ __class__ __doc__ __dict__".split()
)
"""Attributes that are values of their own."""


def _parts(sources: _Sources) -> _Sources:
    return tuple((name, False) for name, _ in sources)


def _pairs(target: ast.expr, iterable: ast.expr) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    """Parts of a loop's target, and the iterable that each runs through; None where it only counts."""
    elts = target.elts if isinstance(target, ast.Tuple | ast.List) else []
    match iterable:
        case ast.Call(func=ast.Name(id="zip"), args=args) if len(elts) == len(args) and elts:
            yield from zip(elts, args, strict=True)
        case ast.Call(func=ast.Name(id="enumerate"), args=[counted, *_]) if len(elts) == 2:
            yield elts[0], None
            yield elts[1], counted
        case ast.Call(func=ast.Name(id="range" | "len" | "enumerate")):
            yield target, None
        case ast.Call(func=ast.Attribute(value=held, attr="items"), args=[]) if len(elts) == 2:
            yield elts[0], None
            yield elts[1], held
        case ast.Call(func=ast.Attribute(attr="keys"), args=[]):
            yield target, None
        case _:
            yield target, iterable


def _given(summary: Summary, args: Sequence[ast.expr], keywords: Sequence[ast.keyword]) -> dict[str, list[ast.expr]]:
    """Parameter → what it is given."""
    found: dict[str, list[ast.expr]] = {}
    plain = [name for name in summary.parameters if name not in summary.gathers]
    rest = summary.gathers[0] if summary.gathers else ""
    spread = False
    for index, argument in enumerate(args):
        spread = spread or isinstance(argument, ast.Starred)
        if spread:
            for name in (*plain[index:], *summary.gathers):
                found.setdefault(name, []).append(argument)
        else:
            name = plain[index] if index < len(plain) else rest
            found.setdefault(name, []).append(argument)
    for keyword in keywords:
        name = keyword.arg if keyword.arg in plain else summary.gathers[-1] if summary.gathers else ""
        found.setdefault(name or "", []).append(keyword.value)
    found.pop("", None)
    return found


def _is(expression: ast.expr, value: bool) -> bool:
    return isinstance(expression, ast.Constant) and expression.value is value


def _given_a_value(node: ast.Call, name: str) -> bool:
    return any(
        keyword.arg is None or (keyword.arg == name and not _is_none(keyword.value)) for keyword in node.keywords
    )


def _is_none(expression: ast.expr) -> bool:
    return isinstance(expression, ast.Constant) and expression.value is None


def _is_never_empty(iterable: ast.expr) -> bool:
    """Does a loop over it run once for sure?"""
    match iterable:
        case ast.List(elts=elts) | ast.Tuple(elts=elts) | ast.Set(elts=elts):
            return any(not isinstance(each, ast.Starred) for each in elts)
        case ast.Constant(value=str(text)):
            return bool(text)
        case ast.Call(func=ast.Name(id="range"), args=[ast.Constant(value=int(count))]):
            return count > 0
        case ast.Call(func=ast.Name(id="enumerate"), args=[counted, *_]):
            return _is_never_empty(counted)
        case _:
            return False


def _always_matches(pattern: ast.pattern) -> bool:
    match pattern:
        case ast.MatchAs(pattern=None):
            return True
        case ast.MatchAs(pattern=ast.pattern() as inner):
            return _always_matches(inner)
        case ast.MatchOr(patterns=patterns):
            return any(map(_always_matches, patterns))
        case _:
            return False


def _type_parameters(node: ast.AST) -> dict[str, _Sources]:
    return {str(each.name): () for each in getattr(node, "type_params", [])}


def _mode(node: ast.Call, place: int) -> str:
    given = next((keyword.value for keyword in node.keywords if keyword.arg == "mode"), None)
    if given is None and len(node.args) > place:
        given = node.args[place]
    if given is None:
        return "r"
    return str(given.value) if isinstance(given, ast.Constant) else "r+"


def _as_numpy_has_it(path: str, dotted: str) -> str:
    suffix = {"numpy.save": ".npy", "numpy.savez": ".npz", "numpy.savez_compressed": ".npz"}.get(dotted, "")
    return path if path.endswith(suffix) else path + suffix
