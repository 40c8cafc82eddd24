"""What is known of the notebook around a statement: what its names stand for, as far as that is written.

`survey` reads all of it once; `Known.passed` then follows statement by statement, so that a name means what it
does there.
"""

from __future__ import annotations

import ast
import builtins
import posixpath
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cauce.engine.checks.magics import IPYTHON_NAMES
from cauce.engine.refactor.reading.scopes import Function, walk_here

__all__ = ["BUILTINS", "MAGIC", "Known", "imported_by", "path_of", "survey"]

MAGIC = "_magic_"
"""The function that magics are calls of, as `cellcode` has them."""
BUILTINS = frozenset(dir(builtins)) | IPYTHON_NAMES | {"__name__", "__file__", "__doc__", "__builtins__"}
"""Names that are there from the start."""

_LONGEST_PATH = 500
_DEEPEST = 12
_JOINS = frozenset({"pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath", "os.path.join", "posixpath.join"})
_KEEPS = frozenset({"builtins.str", "os.fspath", "os.path.normpath", "os.path.abspath", "os.path.expanduser"})


@dataclass
class Known:
    """At some statement of the notebook."""

    functions: Mapping[str, tuple[Function, ...]]
    """All that are defined at the top of the notebook, by name."""
    classes: Mapping[str, tuple[ast.ClassDef, ...]]
    methods: Mapping[str, tuple[ast.FunctionDef | ast.AsyncFunctionDef, ...]]
    """Of all those classes."""
    constants: Mapping[str, ast.expr]
    """Names that are bound once in all of the notebook → to what."""
    bound: frozenset[str]
    """Names that are bound anywhere."""
    lazy_annotations: bool
    """Are annotations left alone (``from __future__ import annotations``)?"""
    imports: dict[str, str] = field(default_factory=dict)
    """Name → what it is called where it comes from."""
    kinds: dict[str, str] = field(default_factory=dict)
    """Name → what it is bound to: the words of `libraries.GIVES`, and `class X` of a class of the notebook."""
    current: dict[str, tuple[Function | ast.ClassDef, ...]] = field(default_factory=dict)
    """The functions and classes that a name may be here."""
    shadowed: set[str] = field(default_factory=set)
    """Names of builtins that the notebook has bound by now."""
    summaries: dict[int, object] = field(default_factory=dict)
    """Of functions, by the id of their node: filled by `walk`, as the following are."""
    followed: list[int] = field(default_factory=list)
    """Functions that are being looked at."""
    unfinished: set[int] = field(default_factory=set)
    """Those of them that were asked about meanwhile."""
    holding: dict[str, tuple[Function, ...]] = field(default_factory=dict)
    """Name → functions that its object may hold, such as those in a list."""
    tries: int = 0

    def meaning(self, name: str) -> str | None:
        """What a name is called where it comes from, if that is not the notebook."""
        if name in self.imports:
            return self.imports[name]
        return f"builtins.{name}" if name in BUILTINS and name not in self.shadowed else None

    def definitions(self, name: str) -> tuple[Function | ast.ClassDef, ...]:
        """What a name may be a function or class by: the one here, or else all that there are."""
        if name in self.current:
            return self.current[name]
        if name in self.shadowed or name in self.imports:
            return ()
        return (*self.functions.get(name, ()), *self.classes.get(name, ()))

    def passed(
        self,
        node: ast.stmt | None,
        binds: Iterable[str],
        kinds: Mapping[str, str],
        definitions: Mapping[str, tuple[Function | ast.ClassDef, ...]],
    ) -> None:
        """Go on behind a statement that binds these names."""
        for name in binds:
            self.shadowed.add(name)
            for table in (self.imports, self.current, self.kinds):
                table.pop(name, None)
            if kinds.get(name):
                self.kinds[name] = kinds[name]
            if name in definitions:
                self.current[name] = definitions[name]
        if node is not None:
            self.imports.update(imported_by([node]))


def survey(statements: Iterable[ast.stmt]) -> Known:
    """Read all statements of a notebook once."""
    functions: dict[str, tuple[Function, ...]] = {}
    classes: dict[str, tuple[ast.ClassDef, ...]] = {}
    methods: dict[str, tuple[ast.FunctionDef | ast.AsyncFunctionDef, ...]] = {}
    values: dict[str, ast.expr] = {}
    counted: Counter[str] = Counter()
    lazy = False
    for statement in statements:
        for node in walk_here([statement]):
            match node:
                case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                    counted[name] += 1
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                    counted[name] += 1
                    functions[name] = (*functions.get(name, ()), node)
                    counted.update(_global_in(node))
                case ast.ClassDef(name=name, body=body):
                    counted[name] += 1
                    classes[name] = (*classes.get(name, ()), node)
                    for part in body:
                        if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef):
                            methods[part.name] = (*methods.get(part.name, ()), part)
                            counted.update(_global_in(part))
                case ast.Import() | ast.ImportFrom():
                    counted.update(list(imported_by([node])))
                    lazy = lazy or (
                        isinstance(node, ast.ImportFrom)
                        and node.module == "__future__"
                        and any(alias.name == "annotations" for alias in node.names)
                    )
                case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                    counted[name] += 1
                case ast.MatchMapping(rest=str(name)):
                    counted[name] += 1
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                if isinstance(value, ast.Lambda):
                    functions[name] = (*functions.get(name, ()), value)
                values[name] = value
    once = {name: value for name, value in values.items() if counted[name] == 1}
    return Known(functions, classes, methods, once, frozenset(counted), lazy)


def _global_in(function: ast.AST) -> set[str]:
    return {name for node in ast.walk(function) if isinstance(node, ast.Global) for name in node.names}


def imported_by(nodes: Iterable[ast.AST]) -> dict[str, str]:
    """Names that imports among the nodes bind, and what these are called where they come from."""
    found: dict[str, str] = {}
    for node in walk_here(nodes):
        match node:
            case ast.Import(names=aliases):
                for alias in aliases:
                    if alias.asname:
                        found[alias.asname] = alias.name
                    else:
                        found[alias.name.partition(".")[0]] = alias.name.partition(".")[0]
            case ast.ImportFrom(names=aliases, module=module, level=level):
                prefix = "." * level + (module or "")
                joint = "" if prefix.endswith(".") or not prefix else "."
                for alias in aliases:
                    if alias.name != "*":
                        found[alias.asname or alias.name] = f"{prefix}{joint}{alias.name}"
    return found


# --- Paths --------------------------------------------------------------------------------


def path_of(expression: ast.expr | None, known: Known, own: Mapping[str, object] | frozenset[str]) -> str | None:
    """The path that an expression is sure to be, as it is written; None when it is computed, or no local file.

    Args:
        own: Names that stand for something else here: a function's own.
    """
    text = _text_of(expression, known, own, _DEEPEST)
    if not text or len(text) > _LONGEST_PATH or not text.isprintable() or "://" in text or text.startswith("<"):
        return None
    return posixpath.normpath(text.replace("\\", "/"))


def _text_of(
    expression: ast.expr | None, known: Known, own: Mapping[str, object] | frozenset[str], depth: int
) -> str | None:
    if depth == 0:
        return None
    match expression:
        case ast.Constant(value=str(text)):
            return text
        case ast.Name(id=name) if name in known.constants and name not in own:
            return _text_of(known.constants[name], known, own, depth - 1)
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return _joined([_text_of(part, known, own, depth - 1) for part in (left, right)])
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            texts = [_text_of(part, known, own, depth - 1) for part in (left, right)]
            return None if None in texts else "".join(map(str, texts))
        case ast.JoinedStr(values=values):
            parts = [
                _text_of(part.value if isinstance(part, ast.FormattedValue) else part, known, own, depth - 1)
                for part in values
                if not (isinstance(part, ast.FormattedValue) and (part.format_spec or part.conversion != -1))
            ]
            return None if None in parts or len(parts) < len(values) else "".join(map(str, parts))
        case ast.Call(func=func, args=args, keywords=[]):
            called = _dotted(func, known, own)
            if called in _JOINS or (called in _KEEPS and len(args) == 1):
                return _joined([_text_of(part, known, own, depth - 1) for part in args]) if args else "."
            if isinstance(func, ast.Attribute) and func.attr in {"joinpath", "resolve", "absolute", "expanduser"}:
                return _joined([_text_of(part, known, own, depth - 1) for part in (func.value, *args)])
            return "." if called in {"os.getcwd", "pathlib.Path.cwd"} else None
        case _:
            return None


def _dotted(expression: ast.expr, known: Known, own: Mapping[str, object] | frozenset[str]) -> str | None:
    match expression:
        case ast.Name(id=name):
            return None if name in own else known.meaning(name)
        case ast.Attribute(value=value, attr=attr):
            above = _dotted(value, known, own)
            return None if above is None else f"{above}.{attr}"
        case _:
            return None


def _joined(parts: list[str | None]) -> str | None:
    return None if None in parts else posixpath.join(*map(str, parts))
