"""Where each function and class of a notebook goes.

Into a module, when all that it needs can go there as well. There, too, but with the variables that it reads as further
parameters, when each of its calls can be told to hand them on. Else a copy goes into each task that uses it, which is
always right: what it reads is then that task's.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from cauce.engine.refactor.following import edits
from cauce.engine.refactor.following.kinds import holds_lambdas
from cauce.engine.refactor.following.roles import BUILTINS
from cauce.engine.refactor.following.timeline import Line, Timeline
from cauce.engine.refactor.model import Definition, Statement, TextEdit

__all__ = ["Knowledge", "Place", "Places", "is_called_only", "place_definitions"]

Place = Literal["module", "parameters", "copied"]

_OF_TASKS = frozenset({"upstream", "product"})
_ANYTHING = frozenset({"_magic_", "eval", "exec", "globals", "locals", "vars", "__name__", "__file__", "get_ipython"})
"""Who uses these may mean the notebook itself."""


@dataclass(frozen=True)
class Knowledge:
    """What is known of the notebook's names."""

    lines: Sequence[Line]
    timeline: Timeline
    constants: Mapping[str, Line]
    declared: frozenset[str]
    unsteady: frozenset[int]
    """Imports whose place matters: those that come after a change of what they find."""


@dataclass
class Places:
    """What was decided."""

    definitions: list[Definition] = field(default_factory=list)
    by_line: dict[int, Definition] = field(default_factory=dict)
    moved: dict[int, str] = field(default_factory=dict)
    """Index of a statement that goes into the module → the name that it binds."""
    edits: list[TextEdit] = field(default_factory=list)


def place_definitions(known: Knowledge, wishes: Mapping[str, Place]) -> Places:
    """Decide for all of them; the user's wish is done where it can be."""
    return _Placing(known, wishes).places()


@dataclass
class _Candidate:
    line: Line
    name: str
    why: str = ""
    """Why it cannot go into the module, not even with parameters."""
    variables: dict[str, None] = field(default_factory=dict)
    calls: tuple[str, ...] = ()
    """Other definitions that it uses."""


class _Placing:
    def __init__(self, known: Knowledge, wishes: Mapping[str, Place]) -> None:
        self._known = known
        self._wishes = wishes
        self._binders: dict[str, list[Line]] = {}
        self._users: dict[str, list[Line]] = {}
        for line in known.lines:
            for name in dict.fromkeys((*line.effect.binds, *line.effect.may_bind, *line.effect.deletes)):
                self._binders.setdefault(name, []).append(line)
            for name in dict.fromkeys((*line.effect.reads, *line.effect.later)):
                self._users.setdefault(name, []).append(line)
        self._written: dict[int, edits.Written | None] = {}
        self._all = {
            line.effect.binds[0]: line
            for line in known.lines
            if line.role == "definition" and len(line.effect.binds) == 1 and self._single(line.effect.binds[0])
        }
        for name, line in self._all.items():
            users = self._users.setdefault(name, [])
            if line not in users:
                users.append(line)  # it may call itself
        self._candidates = {name: self._candidate(name, line) for name, line in self._all.items()}

    def places(self) -> Places:
        self._settle(honour=False)
        possible = {name: self._choices(candidate) for name, candidate in self._candidates.items()}
        for name, candidate in self._candidates.items():
            if self._wishes.get(name) == "copied" and not candidate.why:
                candidate.why = "you want it so"
        self._settle(honour=True)
        result = Places()
        needed: dict[int, Line] = {}
        for line in self._known.lines:
            if line.role != "definition":
                continue
            name = line.effect.binds[0] if line.effect.binds else ""
            settled = self._candidates.get(name)
            if settled is None or settled.line is not line:
                result.by_line[line.index] = Definition(
                    name, line.statement, "copied", why=self._why_many(name), choices=("copied",)
                )
                continue
            definition = self._definition(settled, possible[name], needed)
            result.by_line[line.index] = definition
            if definition.goes != "copied":
                result.moved[line.index] = name
        result.definitions = [result.by_line[index] for index in sorted(result.by_line) if result.by_line[index].name]
        for index, line in needed.items():
            if line.role == "code" and len(line.effect.binds) == 1:
                result.moved[index] = line.effect.binds[0]
        result.edits = list(self._edits())
        return result

    # -- What each is --

    def _single(self, name: str) -> bool:
        return len(self._binders.get(name, ())) == 1 and name not in self._known.declared

    def _why_many(self, name: str) -> str:
        if name in self._known.declared:
            return f"a function binds {name} anew"
        return f"{name} is defined more than once" if len(self._binders.get(name, ())) > 1 else ""

    def _candidate(self, name: str, line: Line) -> _Candidate:
        result = _Candidate(line, name)
        used: dict[str, None] = {}
        for read in dict.fromkeys((*line.effect.reads, *line.effect.later)):
            if read == name or (read not in self._binders and read in BUILTINS and read not in _ANYTHING):
                continue
            if read in _ANYTHING and read not in self._binders:
                result.why = result.why or f"it uses {read}"
            elif read in self._all:
                used[read] = None
            elif read in self._known.constants:
                pass
            elif all(binder.role in {"import", "block"} for binder in self._binders.get(read, ())):
                result.why = result.why or self._why_import(read)
            elif any(binder.role in {"definition", "import", "block"} for binder in self._binders[read]):
                result.why = result.why or f"it uses {read}, which is not the same throughout the notebook"
            elif read in line.effect.reads:
                result.why = result.why or f"it is made with the variable {read}"
            else:
                result.variables[read] = None
        result.calls = tuple(used)
        if name in _OF_TASKS:
            result.why = result.why or f"a task is given something else as {name}"
        if line.statement.node is not None and any(isinstance(n, ast.Global) for n in ast.walk(line.statement.node)):
            result.why = result.why or "it binds global variables"
        if name in self._known.timeline.mutated:
            result.why = result.why or f"{name} is changed after it was defined"
        return result

    def _why_import(self, name: str) -> str:
        binders = self._binders.get(name, ())
        if len({line.statement.imports.get(name) or line.statement.text for line in binders}) > 1:
            return f"{name} is imported in different ways"
        if any(line.index in self._known.unsteady for line in binders):
            return f"where {name} is imported from is set before in the notebook"
        return ""

    # -- What follows for those that use them --

    def _settle(self, *, honour: bool) -> None:
        """Until nothing changes: who uses what stays out of the module stays out, and hands on what that is handed."""
        changed = True
        while changed:
            changed = False
            for candidate in self._candidates.values():
                if candidate.why:
                    continue
                before = len(candidate.variables)
                for name in candidate.calls:
                    called = self._candidates[name]
                    if called.why:
                        candidate.why = f"it uses {name}, which is copied"
                        break
                    if called.variables and name in candidate.line.effect.reads:
                        candidate.why = f"it is made with {name}, which reads variables"
                        break
                    candidate.variables.update(called.variables)
                if candidate.variables and not candidate.why:
                    candidate.why = self._why_no_parameters(candidate)
                changed = changed or bool(candidate.why) or len(candidate.variables) != before

    def _choices(self, candidate: _Candidate) -> tuple[Place, ...]:
        if candidate.why:
            return ("copied",)
        return ("parameters", "copied") if candidate.variables else ("module", "copied")

    def _why_no_parameters(self, candidate: _Candidate) -> str:
        reads = f"it reads {', '.join(candidate.variables)}"
        node = candidate.line.statement.node
        if not isinstance(node, ast.FunctionDef):
            return f"{reads}, and is no plain function"
        if node.decorator_list:
            return f"{reads}, and is decorated"
        if _is_generator(node):
            return f"{reads}, and is a generator"
        if _returns_functions(node):
            return f"{reads}, and makes functions, which may read them later"
        if self._text(candidate.line) is None:
            return f"{reads}, and its text cannot be changed safely"
        names = set(candidate.variables)
        if names & {part.arg for part in ast.walk(node) if isinstance(part, ast.arg)}:
            return f"{reads}, and has parameters of that name"
        for line in self._users.get(candidate.name, ()):
            problem = self._problem(line, candidate, names)
            if problem:
                return f"{reads}, and {problem}"
        return ""

    def _problem(self, line: Line, candidate: _Candidate, names: set[str]) -> str:
        """What keeps a use from being told to hand on these names; '' when nothing does."""
        cell = line.statement.cell + 1  # as people count
        text = self._text(line)
        if text is None:
            return f"cell {cell} uses it where its text cannot be changed safely"
        uses = list(_uses(text.tree, candidate.name))
        if not uses and line is not candidate.line:
            return f"cell {cell} calls it in a text"
        for use in uses:
            if use.call is None:
                return f"cell {cell} uses it other than by calling it"
            if use.in_text and not edits.IN_TEXTS:
                return f"cell {cell} calls it within an f-string"
            if use.local & names:
                return f"in cell {cell} {', '.join(sorted(use.local & names))} is another variable where it is called"
            keywords = {keyword.arg for keyword in use.call.keywords}
            if keywords & names or (None in keywords and _takes_keywords(candidate.line.statement)):
                return f"cell {cell} hands it arguments of that name"
        if line.role != "definition":
            for name in names:
                reaching = self._known.timeline.reaching(name, line.index)
                if (not reaching or reaching[0].kind != "bind") and name not in line.effect.binds:
                    return f"it is used in cell {cell} before {name} is there for sure"
        return ""

    def _text(self, line: Line) -> edits.Written | None:
        if line.index not in self._written:
            self._written[line.index] = edits.written(line.statement)
        return self._written[line.index]

    # -- What comes of it --

    def _definition(self, candidate: _Candidate, choices: tuple[Place, ...], needed: dict[int, Line]) -> Definition:
        if candidate.why:
            return Definition(candidate.name, candidate.line.statement, "copied", why=candidate.why, choices=choices)
        needs: dict[int, Line] = {}
        todo = [candidate.line]
        while todo:
            line = todo.pop()
            for name in (*line.effect.reads, *line.effect.later):
                for binder in self._makers(name, candidate.line):
                    if name in candidate.variables or binder.role == "definition" or binder.index in needs:
                        continue
                    needs[binder.index] = binder
                    todo.append(binder)
        needed.update(needs)
        return Definition(
            candidate.name,
            candidate.line.statement,
            "parameters" if candidate.variables else "module",
            tuple(needs[index].statement for index in sorted(needs)),
            tuple(candidate.variables),
            choices,
            f"it reads {', '.join(candidate.variables)}" if candidate.variables else "",
        )

    def _makers(self, name: str, line: Line) -> Sequence[Line]:
        """Who binds a name for a definition: of imports that mean the same, the last before it."""
        binders = [b for b in self._binders.get(name, ()) if name in b.effect.binds or name in b.effect.may_bind]
        if len(binders) < 2:
            return binders
        before = [binder for binder in binders if binder.index < line.index]
        return [before[-1] if before else binders[0]]

    def _edits(self) -> Iterator[TextEdit]:
        for candidate in self._candidates.values():
            if candidate.why or not candidate.variables:
                continue
            names = tuple(candidate.variables)
            if (own := self._text(candidate.line)) is not None:
                yield from own.with_parameters(names)
            for line in self._users.get(candidate.name, ()):
                if (text := self._text(line)) is None:
                    continue
                for use in _uses(text.tree, candidate.name):
                    if use.call is not None:
                        yield from text.with_arguments(use.call, names)


def is_called_only(statement: Statement, name: str) -> bool:
    """Does the statement do nothing with a function but call it?"""
    return statement.node is not None and all(use.call is not None for use in _uses(statement.node, name))


def _is_generator(node: ast.FunctionDef) -> bool:
    todo: list[ast.AST] = list(node.body)
    while todo:
        part = todo.pop()
        if isinstance(part, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            todo.extend(ast.iter_child_nodes(part))
    return False


def _returns_functions(node: ast.FunctionDef) -> bool:
    """Does it give away functions that are written in it?"""
    inner = {
        part.name
        for part in ast.walk(node)
        if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef) and part is not node
    }
    returned = [part.value for part in ast.walk(node) if isinstance(part, ast.Return) and part.value is not None]
    return any(holds_lambdas(value, inner) for value in returned)


def _takes_keywords(statement: Statement) -> bool:
    node = statement.node
    return isinstance(node, ast.FunctionDef) and node.args.kwarg is not None


# --- Uses of a name, with what is local where it is used ----------------------------------


@dataclass(frozen=True)
class _Use:
    call: ast.Call | None
    """The call, when it is called; None when anything else is done with it."""
    local: frozenset[str]
    """Names that are not the notebook's there."""
    in_text: bool


def _uses(tree: ast.stmt, name: str) -> Iterator[_Use]:
    """All uses of a top-level name in a statement."""
    todo: list[tuple[ast.AST, frozenset[str], bool]] = [(tree, frozenset(), False)]
    while todo:
        node, local, in_text = todo.pop()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            if name not in local:
                yield _Use(node, local, in_text)
            todo.extend((part, local, in_text) for part in (*node.args, *node.keywords))
            continue
        if isinstance(node, ast.Name) and node.id == name and name not in local:
            yield _Use(None, local, in_text)
        inner = local | _bound_in(node)
        outside: set[ast.AST] = set()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            defaults = [*node.args.defaults, *(default for default in node.args.kw_defaults if default is not None)]
            outside = {*defaults, *getattr(node, "decorator_list", ())}
            todo.extend((part, local, in_text) for part in outside)
        text = in_text or isinstance(node, ast.JoinedStr)
        for part in ast.iter_child_nodes(node):
            if isinstance(part, ast.arguments):
                todo.extend(
                    (a.annotation, local, text) for a in ast.walk(part) if isinstance(a, ast.arg) and a.annotation
                )
            elif part not in outside:
                todo.append((part, inner, text))


def _bound_in(node: ast.AST) -> frozenset[str]:
    """Names that are local in a function, lambda, class or comprehension."""
    match node:
        case ast.FunctionDef(args=args, body=body) | ast.AsyncFunctionDef(args=args, body=body):
            return frozenset({part.arg for part in ast.walk(args) if isinstance(part, ast.arg)}) | _assigned(body)
        case ast.Lambda(args=args):
            return frozenset(part.arg for part in ast.walk(args) if isinstance(part, ast.arg))
        case ast.ClassDef(body=body):
            return _assigned(body)
        case ast.ListComp(generators=rounds) | ast.SetComp(generators=rounds) | ast.GeneratorExp(generators=rounds):
            return _targets(rounds)
        case ast.DictComp(generators=rounds):
            return _targets(rounds)
        case _:
            return frozenset()


def _targets(rounds: Sequence[ast.comprehension]) -> frozenset[str]:
    return frozenset(part.id for one in rounds for part in ast.walk(one.target) if isinstance(part, ast.Name))


def _assigned(body: Sequence[ast.stmt]) -> frozenset[str]:
    """Names that a body binds by itself; too many rather than too few."""
    found: set[str] = set()
    todo: list[ast.AST] = list(body)
    while todo:
        node = todo.pop()
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                found.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
                continue
            case ast.Lambda():
                continue
            case (
                ast.ExceptHandler(name=str() as name)
                | ast.MatchAs(name=str() as name)
                | ast.MatchStar(name=str() as name)
            ):
                found.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                found.update((alias.asname or alias.name).partition(".")[0] for alias in aliases)
            case _:
                pass
        todo.extend(ast.iter_child_nodes(node))
    return frozenset(found)
