"""Names that Python code uses but nobody defines, and the few other mistakes that end a run for sure.

pyflakes does the finding. It is asked for less than it knows, for what it is not sure of is
left out or told as "perhaps": a false alarm costs more than a mistake that comes out by running.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pyflakes import messages
from pyflakes.checker import Checker, ClassScope, ModuleScope

__all__ = ["Finding", "Kind", "assigned_names", "find_mistakes"]

Kind = Literal["undefined", "undefined_local", "duplicate_argument", "return", "yield", "loop"]

_KINDS: dict[type[messages.Message], Kind] = {
    messages.UndefinedName: "undefined",
    messages.UndefinedLocal: "undefined_local",
    messages.DuplicateArgument: "duplicate_argument",
    messages.ReturnOutsideFunction: "return",
    messages.YieldOutsideFunction: "yield",
    messages.ContinueOutsideLoop: "loop",
    messages.BreakOutsideLoop: "loop",
}
_CATCHES_IT = frozenset({"NameError", "Exception", "BaseException"})
_MOST_ARGUMENTS = 500
"""pyflakes compares each argument of a function with each."""
_LATER_BUILTINS = frozenset({"PythonFinalizationError"})
"""A kernel may be a newer Python than ours."""


@dataclass(frozen=True)
class Finding:
    """A mistake. `line` from 1, `column` from 0 in bytes of UTF-8, as in a syntax tree."""

    kind: Kind
    line: int
    column: int
    name: str = ""
    sure: bool = True
    """Does it fail whenever the code runs?"""


def find_mistakes(
    body: list[ast.stmt], known: Collection[str], *, notebook: bool
) -> tuple[tuple[Finding, ...], frozenset[str]]:
    """Mistakes in statements, by place, and the names that they define; nothing for code that is nested too deeply.

    Args:
        known: Names that are there from the start, besides Python's own.
        notebook: `await` may stand outside of functions, as IPython has it.
    """
    tree = ast.Module(body, [])
    star, declared = False, set[str]()
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(names=names):
                star = star or any(alias.name == "*" for alias in names)
            case ast.Global(names=names):
                declared.update(names)
            case ast.arguments(args=args, kwonlyargs=others) if len(args) + len(others) > _MOST_ARGUMENTS:
                return (), frozenset()
    try:
        checker = _Checker(tree, _LATER_BUILTINS.union(known), notebook=notebook)
    except RecursionError:  # an expression of some hundred terms
        return (), frozenset()
    found = [
        finding
        for finding in checker.found
        # Anything may come from a star import; a global one may be set by whatever was called before.
        if finding.kind != "undefined" or not (star or finding.name in declared)
    ]
    return tuple(sorted(found, key=lambda finding: (finding.line, finding.column))), frozenset(checker.defined)


class _Checker(Checker):
    """pyflakes' walk, with all that is slow, a matter of taste or unsure left out."""

    def __init__(self, tree: ast.Module, known: Collection[str], *, notebook: bool) -> None:
        self.found: list[Finding] = []
        self.defined: set[str] = set()
        self._notebook = notebook
        super().__init__(tree, builtins=known, withDoctest=False)  # type: ignore[no-untyped-call]  # it has no types

    def report(self, kind: type[messages.Message], node: Any, *words: Any) -> None:
        if kind not in _KINDS:
            return
        name = str(words[0]) if words and isinstance(words[0], str) else ""
        if kind is messages.UndefinedName:
            sure = not any(_CATCHES_IT.intersection(names) for names in self.exceptHandlers)
        else:
            sure = kind is not messages.UndefinedLocal or not self._may_come_round(node)
        self.found.append(Finding(_KINDS[kind], node.lineno, node.col_offset, name, sure))

    def _may_come_round(self, node: ast.AST) -> bool:
        """Is it in a loop? Then what comes below may have been before."""
        parents: dict[ast.AST, ast.AST] = self._parents
        at: ast.AST | None = node
        while at is not None and not isinstance(at, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            if isinstance(at, ast.For | ast.AsyncFor | ast.While):
                return True
            at = parents.get(at)
        return False

    def checkDeadScopes(self) -> None:
        """Would say what is never used. Comes last: what the module defines is known by then."""
        for scope in self.deadScopes:
            if type(scope) is ModuleScope:
                self.defined.update(name for name in scope if name not in self.builtIns)

    def differentForks(self, lnode: ast.AST, rnode: ast.AST) -> bool:
        """Only for redefinitions, which are no mistake here; it goes through all that stands in a `try`."""
        return True

    def handleNodeDelete(self, node: ast.Name) -> None:
        """A function that is called before `del` may use what was deleted."""
        if isinstance(self.scope, ModuleScope) and node.id in self.scope:
            return
        super().handleNodeDelete(node)  # type: ignore[no-untyped-call]  # as above

    def handleStringAnnotation(self, *_: Any) -> None:
        """Nobody looks up what is in a string."""

    def handleAnnotation(self, annotation: ast.AST, node: ast.AST) -> None:
        if not self.annotationsFutureEnabled and sys.version_info < (3, 14):
            self.handleNode(annotation, node)  # type: ignore[no-untyped-call]  # as above

    def IMPORTFROM(self, node: ast.ImportFrom) -> None:
        kept = [alias for alias in node.names if alias.name != "*"]
        if kept:
            plain = ast.copy_location(ast.ImportFrom(node.module, kept, node.level), node)
            if sys.version_info >= (3, 15):
                plain.is_lazy = getattr(node, "is_lazy", 0)
            self._parents[plain] = self._parents.get(node)
            super().IMPORTFROM(plain)  # type: ignore[no-untyped-call]  # as above

    def AWAIT(self, node: ast.AST) -> None:
        if self._notebook or not isinstance(self.scope, ClassScope | ModuleScope):
            self.handleChildren(node)  # type: ignore[no-untyped-call]  # as above
        else:
            self.YIELD(node)  # type: ignore[no-untyped-call]  # as above

    def _plain(self, node: ast.AST) -> None:
        self.handleChildren(node)  # type: ignore[no-untyped-call]  # as above

    DICT = BINOP = COMPARE = JOINEDSTR = TEMPLATESTR = _plain
    """Would look for keys that come twice (each with each), wrong `%` formats, and the like."""

    def _handle_string_dot_format(self, node: ast.AST) -> None:
        """Would look for wrong arguments of `str.format`."""


def assigned_names(body: list[ast.stmt]) -> Iterator[str]:
    """Names that statements assign to, those in `if`, `for`, `try` and `with` too; not those of functions in them."""
    todo: list[ast.AST] = list(reversed(body))
    while todo:
        node = todo.pop()
        match node:
            case ast.Assign(targets=targets):
                yield from (part.id for target in targets for part in ast.walk(target) if _stores(part))  # type: ignore[attr-defined]  # `_stores` says so
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
                yield name
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.expr():
                continue
            case _:
                todo.extend(reversed(list(ast.iter_child_nodes(node))))


def _stores(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
