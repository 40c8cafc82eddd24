"""Statements, walked in the order in which they run, with the names that are bound for sure at each point.

Branches are walked apart and meet in what they have in common, and what a loop does may not happen at all, but for
its targets. What a function of the notebook does to its arguments and to names of the notebook is found by walking
its body in the same way, once.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from itertools import pairwise

from cauce.engine.refactor.model import Share
from cauce.engine.refactor.reading.bindings import Definitions, State, meet
from cauce.engine.refactor.reading.calls import Calls
from cauce.engine.refactor.reading.known import Known, imported_by
from cauce.engine.refactor.reading.scopes import (
    Function,
    annotations_of,
    functions_within,
    key_of_all,
    local_names,
    parameters_of,
    scope_of,
    walk_here,
)
from cauce.engine.refactor.reading.summaries import NOTHING, Sources, Summary
from cauce.engine.refactor.reading.values import parts_of

__all__ = ["Walk"]


_MOST_NESTED = 40
"""Functions that call functions that are followed."""
_MOST_LOOPS = 3
"""Loops in loops that are walked twice."""
_OPERATORS: dict[type[ast.operator], str] = {
    ast.LShift: "__lshift__",
    ast.RShift: "__rshift__",
    ast.BitOr: "__or__",
    ast.MatMult: "__matmul__",
}
"""Those with which classes are told something: ``pipeline >> step``."""
_MOST_FOLLOWED = 1_000
"""Functions that are looked at again because they call one another."""


class Walk(Calls):
    """Goes through statements in the order in which they run."""

    # --- Statements

    def block(self, body: Sequence[ast.stmt]) -> None:
        for statement in body:
            if not self.state.alive:
                return
            self.visit(statement)

    def visit_Expr(self, node: ast.Expr) -> None:
        value = node.value.value if isinstance(node.value, ast.Await) else node.value
        if isinstance(value, ast.Call):
            self.call(value, used=False)
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
        kind = self.kind_of_name(name)
        if kind != "plain":
            # The object alone: a number that came from elsewhere stays there what it was.
            self.mutates[name] = "sure"
            if name not in self.state.bound:
                self.outer[name] = "sure"
        came_from = self.state.came_from.get(name)
        self.bind(name, kind="" if kind == "plain" and self.kind(node.value) != "plain" else kind)
        if came_from is not None:
            self.state.came_from[name] = came_from

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
            found = [self._what(each) for each in value.elts]
            for one, what in zip(target.elts, found, strict=True):
                self._target(one, *what)
            return
        sources, kind, unstorable, definitions = self._what(value)
        if isinstance(target, ast.Tuple | ast.List):
            self._unpack(target, value, sources, kind)
        else:
            self._target(target, sources if anew else (), kind, unstorable, definitions)

    def _what(self, value: ast.expr) -> tuple[Sources, str, str, Definitions]:
        """What there is to say of a value before it is given a name."""
        return self.sources(value), self.kind(value), self.unstorable_as(value), self.definitions_of(value)

    def _unpack(self, target: ast.Tuple | ast.List, value: ast.expr, sources: Sources, kind: str) -> None:
        if kind == "iterator":
            self.change(value, "sure")
        made = self._returned_by(value)
        for index, each in enumerate(target.elts):
            part = made.elements[index] if len(made.elements) == len(target.elts) else kind
            if kind == "figure and axes":
                part = "figure" if index == 0 else "axes"
            elif kind == "iterator":
                part = ""
            self._target(each, parts_of(sources), part)
        names = [each.id for each in target.elts if isinstance(each, ast.Name)]
        if kind == "figure and axes" and len(names) > 1:
            self.shares.setdefault(Share(names[1], names[0], False))
        for one, other in made.tied if len(names) == len(target.elts) else ():
            if max(one, other) < len(names):
                self.shares.setdefault(Share(names[other], names[one], False))

    def _returned_by(self, value: ast.expr) -> Summary:
        """The function of the notebook that is called, if that is one and only."""
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
            made = self.definitions(value.func.id)
            if len(made) == 1 and not isinstance(made[0], ast.ClassDef):
                return self.summary(made[0])
        return NOTHING

    def _target(
        self,
        target: ast.expr,
        sources: Sources,
        kind: str = "",
        unstorable: str = "",
        definitions: Definitions = (),
    ) -> None:
        match target:
            case ast.Name(id=name):
                self.bind(name, sources, kind, unstorable, definitions)
            case ast.Tuple(elts=elts) | ast.List(elts=elts):
                for each in elts:
                    self._target(each, parts_of(sources), kind)
            case ast.Starred(value=value):
                self._target(value, parts_of(sources))
            case ast.Subscript() if (key := key_of_all(target)) is not None and not self.own:
                self.bind(key, sources, kind, unstorable, definitions)
            case ast.Attribute() | ast.Subscript():
                self._parts_of_target(target)
                self.change(target, "sure")
                root = self.root(target)
                self.put(root, sources)
                if unstorable and root is not None:
                    self.state.unstorable[root] = unstorable

    def loop_target(self, target: ast.expr, iterable: ast.expr) -> None:
        elements = self.elements(target, iterable)
        kind = self._kind_of_elements(iterable)
        if isinstance(target, ast.Name):
            self.bind(target.id, elements.get(target.id, ()), kind)
            return
        for part in ast.walk(target):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                of_axes = kind == "axes" or self._has_axes(part.id, target, iterable)
                self.bind(part.id, elements.get(part.id, ()), "axes" if of_axes else "")
            elif isinstance(part, ast.Attribute | ast.Subscript) and isinstance(part.ctx, ast.Store):
                self._target(part, parts_of(self.sources(iterable)))

    def _parts_of_target(self, target: ast.expr) -> None:
        if isinstance(target, ast.Attribute | ast.Subscript):
            self.visit(target.value)
        if isinstance(target, ast.Subscript):
            self.visit(target.slice)

    def visit_Delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            self._delete(target)

    def _delete(self, target: ast.expr) -> None:
        match target:
            case ast.Name(id=name):
                self.read(name)
                self.state.bound.discard(name)
                self.state.gone.add(name)
                for table in (self.state.unstorable, self.state.came_from, self.state.kinds, self.state.definitions):
                    table.pop(name, None)
            case ast.Tuple(elts=elts) | ast.List(elts=elts):
                for each in elts:
                    self._delete(each)
            case _:
                self._parts_of_target(target)
                self.change(target, "sure")

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        for name, meaning in imported_by([node]).items():
            self.bind(name)
            self.imports[name] = meaning

    visit_ImportFrom = visit_Import

    def visit_Global(self, node: ast.Global) -> None:
        """At the top it says nothing; in a function `local_names` has seen it."""

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        """As above."""

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is not None:
            if isinstance(node.value, ast.Call):
                self.call(node.value, used=None)  # whoever calls the function may throw it away
            else:
                self.visit(node.value)
            for name, whole in self.sources(node.value):
                self.returns += self.origins(name, whole)
            kind = self.kind(node.value)
            self.returned_kind = kind if self.returned_kind in (None, kind) else ""
            if isinstance(node.value, ast.Tuple):
                self._returns_tuple(node.value)
            else:
                self.returned_elements = ()
            own = [] if isinstance(node.value, ast.Name) and node.value.id not in self.own else [node.value]
            found = (each for value in own for each in self.definitions_of(value))
            self.returned_functions += (each for each in found if not isinstance(each, ast.ClassDef))
        self.returned.append(self.state)
        self.state = State(alive=False)

    def _returns_tuple(self, value: ast.Tuple) -> None:
        kinds = tuple(self.kind(each) for each in value.elts)
        before = self.returned_elements
        self.returned_elements = kinds if before in (None, kinds) else ()
        reached = [self._reached_from(name for name, _ in self.sources(each)) for each in value.elts]
        for one, names in enumerate(reached):
            for other in range(one + 1, len(reached)):
                if names & reached[other]:
                    self.returned_ties.setdefault((one, other))

    def _reached_from(self, names: Iterable[str]) -> set[str]:
        """Names of objects that share something with these."""
        found, todo = set[str](), list(names)
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                todo += (share.other for share in self.shares if share.name == name)
                todo += (share.name for share in self.shares if share.other == name)
        return found

    def visit_Raise(self, node: ast.Raise) -> None:
        self.generic_visit(node)
        self.state = State(alive=False)

    # --- Ways through

    def _branches(self, bodies: Iterable[tuple[State, Sequence[ast.stmt]]]) -> None:
        ends = []
        for state, body in bodies:
            self.state = state
            self.block(body)
            ends.append(self.state)
        self.state = meet(ends)

    def _test(self, test: ast.expr) -> tuple[State, State]:
        """How things are when it holds, and when it does not."""
        match test:
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                held, failed = self._test(operand)
                return failed, held
            case ast.BoolOp(op=op, values=values):
                ends: list[State] = []
                for value in values:
                    held, failed = self._test(value)
                    going, over = (held, failed) if isinstance(op, ast.And) else (failed, held)
                    ends.append(over)
                    self.state = going.copy()
                last, done = self.state.copy(), meet(ends)
                return (last, done) if isinstance(op, ast.And) else (done, last)
            case ast.Call():
                self.call(test, used=None)
                return self.state.copy(), self.state.copy()
            case _:
                self.visit(test)
                return self.state.copy(), self.state.copy()

    def visit_If(self, node: ast.If) -> None:
        if ast.unparse(node.test) == "__name__ == '__main__'":
            self.block(node.body)  # so it is in a notebook, and in a task
            return
        held, failed = self._test(node.test)
        self._branches([(held, node.body), (failed, node.orelse)])

    def visit_IfExp(self, node: ast.IfExp) -> None:
        held, failed = self._test(node.test)
        self.state = held
        self.visit(node.body)
        held = self.state
        self.state = failed
        self.visit(node.orelse)
        self.state = meet([held, self.state])

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        held, failed = self._test(node)
        self.state = meet([held, failed])

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        self.consume(node.iter)
        before = self.state.copy()
        targets = {
            part.id for part in ast.walk(node.target) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
        }
        breaks, rounds = self._loop(node.body, node)
        if _is_never_empty(node.iter):
            self.state = rounds
        else:
            self.state = meet([before, rounds])
            self.state.bound |= targets & rounds.bound if rounds.alive else set()
        self.block(node.orelse)
        if breaks.alive and not _is_never_empty(node.iter):
            bound = before.bound | targets
            breaks.bound &= bound
        self.state = meet([self.state, breaks])

    visit_AsyncFor = visit_For

    def visit_While(self, node: ast.While) -> None:
        held, failed = self._test(node.test)
        self.state = held
        breaks, rounds = self._loop(node.body)
        always = isinstance(node.test, ast.Constant) and bool(node.test.value)
        self.state = State(alive=False) if always else meet([failed, rounds])
        self.block(node.orelse)
        self.state = meet([self.state, breaks])

    def _loop(self, body: Sequence[ast.stmt], head: ast.For | ast.AsyncFor | None = None) -> tuple[State, State]:
        """Walk a loop's body. How things are where it is broken off, and where a round ends.

        Twice, for what a round leaves behind the next one finds.
        """
        begin = self.state
        breaks = rounds = State(alive=False)
        for _ in range(2 if len(self._loops) < _MOST_LOOPS else 1):
            self.state = begin.copy()
            if head is not None:
                self.loop_target(head.target, head.iter)
            self._loops.append(([], []))
            self.block(body)
            breaks, rounds = map(meet, self._loops.pop())
            rounds = meet([self.state, rounds])
            if not rounds.alive:
                break
            begin = meet([begin, rounds])
        return breaks, rounds

    def visit_Break(self, node: ast.Break) -> None:
        if self._loops:
            self._loops[-1][0].append(self.state)
        self.state = State(alive=False)

    def visit_Continue(self, node: ast.Continue) -> None:
        if self._loops:
            self._loops[-1][1].append(self.state)
        self.state = State(alive=False)

    def visit_With(self, node: ast.With | ast.AsyncWith) -> None:
        before = self.state.copy()
        stops = False
        for item in node.items:
            self.visit(item.context_expr)
            for method in ("__enter__", "__exit__"):
                self.call_method_of_own(item.context_expr, method)
            called = self.dotted(item.context_expr) or ""
            stops = stops or called == "contextlib.suppress()"
            if item.optional_vars is not None:
                value = item.context_expr
                self._target(item.optional_vars, *self._what(value))
        self.block(node.body)
        if stops:
            self.state = meet([before, self.state])

    visit_AsyncWith = visit_With

    def visit_Try(self, node: ast.Try | ast.TryStar) -> None:
        before = self.state.copy()
        self.block(node.body)
        tried = self.state.copy()
        self.block(node.orelse)
        ends = [self.state]
        failed = meet([before, tried])
        for handler in node.handlers:
            self.state = failed.copy()
            if handler.type is not None:
                self.visit(handler.type)
            name = handler.name
            if name is not None:
                self.masks.append({name: ()})
            self.block(handler.body)
            if name is not None:
                self.masks.pop()
            ends.append(self.state)
        merged = meet(ends)
        if not node.finalbody:
            self.state = merged
            return
        start = meet([before, merged])
        self.state = start.copy()
        self.block(node.finalbody)
        final = self.state
        if final.alive and merged.alive:
            bound, gone = final.bound - start.bound, final.gone - start.gone
            self.state.bound = (merged.bound - gone) | bound
            self.state.gone = (merged.gone - bound) | gone
        elif final.alive:
            self.state = merged

    visit_TryStar = visit_Try

    def visit_Match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        sources = parts_of(self.sources(node.subject))
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
                going = State(alive=False)
                break
        self.state = meet([*ends, going])

    # --- Definitions

    def _decorators(self, decorators: Sequence[ast.expr]) -> None:
        """What they change, such as a table of all that they decorate, they do wherever the definition is."""
        mutates, outer = dict(self.mutates), dict(self.outer)
        for decorator in decorators:
            self.visit(decorator)
        self.mutates, self.outer = mutates, outer

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._decorators(node.decorator_list)
        self._defaults(node)
        self.masks.append(_type_parameters(node))
        for annotation in annotations_of(node):
            self._annotation(annotation)
        self.masks.pop()
        own = _type_parameters(node)
        self.say_later(name for name in scope_of(node).reads if name != node.name and name not in own)
        self.bind(node.name, definitions=(node,))

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._decorators(node.decorator_list)
        own = _type_parameters(node)
        self.masks.append(own)
        for base in node.bases:
            self.visit(base)
        for keyword in node.keywords:
            self.visit(keyword.value)
        self.masks.pop()
        body = self.apart()
        body.block(node.body)
        for name in body.reads:
            if name not in own:
                self.read(name)
        for name, sureness in body.mutates.items():
            if name not in body.ever:
                self.mutate(name, sureness)
        self.say_later(
            name
            for name in (*body.later, *scope_of(node).reads)
            if name != node.name and name not in own and not (name in body.ever and name not in scope_of(node).reads)
        )
        self.random = self.random or body.random
        self.bind(node.name, definitions=(node,))

    def visit_TypeAlias(self, node: ast.AST) -> None:
        """``type Name = …``, of which the right side waits until it is asked for."""
        name: ast.Name = node.name  # type: ignore[attr-defined]  # Python 3.12
        value: ast.expr = node.value  # type: ignore[attr-defined]
        self.say_later(part.id for part in ast.walk(value) if isinstance(part, ast.Name))
        self.bind(name.id)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._lambda(node, called=True)

    def _lambda(self, node: ast.Lambda, *, called: bool) -> None:
        """`called`: it is given to something that may call it at once."""
        self._defaults(node)
        reads = [name for name in scope_of(node).reads if self.masked(name) is None]
        self.say_later(reads)
        if not called:
            return
        for name in reads:
            self.read(name)
        self.do(self.summary(node), [], [], "possible")

    def _defaults(self, function: Function) -> None:
        for default in (*function.args.defaults, *function.args.kw_defaults):
            if default is not None:
                self.visit(default)

    def _annotation(self, annotation: ast.expr) -> None:
        if self.known.lazy_annotations:
            self.say_later(part.id for part in ast.walk(annotation) if isinstance(part, ast.Name))
        else:
            self.visit(annotation)

    # --- Expressions

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.read(node.id)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        key = key_of_all(node)
        if key is None or self.own:
            self.generic_visit(node)
        elif isinstance(node.ctx, ast.Load):
            self.read(key)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self._value(node.value, stored=True)
        self._target(node.target, *self._what(node.value))

    def visit_Dict(self, node: ast.Dict) -> None:
        for key, value in zip(node.keys, node.values, strict=True):
            if key is not None:
                self.visit(key)
            self.visit(value)

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        before: State | None = None
        masks = 0
        for generator in node.generators:
            self.visit(generator.iter)
            self.consume(generator.iter)
            before = self.state.copy() if before is None else before
            self.masks.append(self.elements(generator.target, generator.iter))
            masks += 1
            for test in generator.ifs:
                self.state = self._test(test)[0]
        if isinstance(node, ast.DictComp):
            self.visit(node.key)
            self.visit(node.value)
        elif isinstance(node.elt, ast.Call):
            self.call(node.elt, used=None)
        else:
            self.visit(node.elt)
        del self.masks[len(self.masks) - masks :]
        if before is not None:
            self.state = meet([before, self.state])  # it may have been empty

    visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_ListComp

    def visit_Call(self, node: ast.Call) -> None:
        self.call(node, used=True)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        self.generic_visit(node)
        if (method := _OPERATORS.get(type(node.op))) is not None:
            self.call_method_of_own(node.left, method, [node.right])

    def apart(self) -> Walk:
        return Walk(self.known, depth=self.depth)

    def summary(self, function: Function) -> Summary:
        return _summary_of(function, self.known, self.depth)


def _summary_of(function: Function, known: Known, depth: int) -> Summary:
    """Of a function or lambda; found once."""
    found = known.summaries.get(id(function))
    if isinstance(found, Summary):
        if id(function) in known.followed:
            known.unfinished.add(id(function))
        return found
    if depth > _MOST_NESTED:
        return NOTHING
    known.summaries[id(function)] = NOTHING  # while it is looked at: it may call itself
    known.followed.append(id(function))
    summary = _summed_up(function, known, depth)
    known.followed.pop()
    known.unfinished.discard(id(function))
    known.summaries[id(function)] = summary
    if known.unfinished and len(known.followed) > 0 and known.tries < _MOST_FOLLOWED:
        # It calls one that is being looked at, of which not all is known by now: the next to ask looks again.
        known.tries += 1
        del known.summaries[id(function)]
    return summary


def _summed_up(function: Function, known: Known, depth: int) -> Summary:
    own = local_names(function)
    walk = Walk(known, own, parameters_of(function), depth + 1)
    body = [ast.Return(function.body)] if isinstance(function, ast.Lambda) else function.body
    try:
        walk.block(body)
    except RecursionError:
        return NOTHING
    state = walk.state = meet([walk.state, *walk.returned])
    given = function.args
    outer = {name: sureness for name, sureness in walk.outer.items() if name not in own or _is_given(function, name)}
    for inner in functions_within(function):
        # Called by whatever name, from wherever in it.
        summary = walk.summary(inner)
        for name in summary.mutates:
            if name not in summary.parameters and (name not in own or _is_given(function, name)):
                outer.setdefault(name, "possible")
        for name in (*summary.binds, *summary.may_bind):
            if name not in own:
                walk.ever.setdefault(name)
        walk.random = walk.random or summary.random
    return Summary(
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
        kind=_kind_of_closure(walk, own) if walk.returned_functions else walk.returned_kind or "",
        elements=walk.returned_elements or (),
        tied=tuple(walk.returned_ties),
        closes=bool(walk.returned_functions),
    )


def _kind_of_closure(walk: Walk, own: frozenset[str]) -> str:
    """Of functions that a function makes: those that change what it has left them are not the same after a call."""
    for function in walk.returned_functions:
        summary = walk.summary(function)
        if not own.isdisjoint((*summary.mutates, *summary.binds, *summary.may_bind)):
            return "closure"
    return ""


def _is_given(function: Function, name: str) -> bool:
    return name in parameters_of(function)


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


def _type_parameters(node: ast.AST) -> dict[str, Sources]:
    return {str(each.name): () for each in getattr(node, "type_params", [])}
