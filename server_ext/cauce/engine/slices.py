"""How much of a module counts for one of its names. Read, never imported.

A module holds many tasks. What one of them does follows from its own definition, from the
top-level statements that define what that uses, and from those statements that do something
by themselves. These are its *slice*; an edit elsewhere in the file does not concern it.
"""

from __future__ import annotations

import ast
import codecs
import functools
import io
import json
import re
import symtable
import tokenize
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from cauce.engine.cellcode import (
    CellCode,
    Loads,
    Meanings,
    UpstreamReads,
    first_line,
    loads_of,
    meanings_of,
    upstream_reads,
)
from cauce.engine.codesize import too_much_code
from cauce.engine.document import readable
from cauce.engine.notebook import NO_ENCODINGS
from cauce.engine.source import Signature, digest
from cauce.engine.unwarned import unwarned

__all__ = ["Module", "Slice", "read_module"]

_MAX_PIECES = 1_000
"""Statements in a slice; one that needs more is the whole module."""
_ANYTHING = frozenset({"eval", "exec", "globals", "vars"})
"""Who uses these may use whatever the module defines."""
_MAX_FOLLOWED = 50_000
"""Names that are looked up to tell what calls at import may change; from there on they may change anything."""
_WORD = re.compile(r"[^\W\d]\w*")
_REFERRED = re.compile(r"@([^\W\d]\w*)")
"""How a text that pandas evaluates names a variable."""
_STAYING = frozenset(
    {"Path", "PurePath", "TypeVar", "bool", "compile", "float", "frozenset", "getLogger", "int", "str"}
)
"""What these make cannot be changed, or is the same for all."""


@dataclass(frozen=True)
class Slice:
    """The part of a module that counts for one of its names."""

    normal: str
    """Hash of its statements; without comments, docstrings and formatting."""
    text: str
    loads: Loads


@dataclass(frozen=True)
class _Piece:
    """A top-level statement, or one name of an import."""

    normal: str
    lines: tuple[int, int]
    binds: frozenset[str]
    uses: frozenset[str]
    loads: Loads
    always: bool
    """Does it do something by itself?"""
    star: bool = False
    lonely: bool = False
    """`import x`: when nobody uses the name, it is there for what importing does."""
    calls: frozenset[str] = frozenset()
    """What it uses while the module is imported, where it calls something then."""


@dataclass(frozen=True)
class _Function:
    line: int
    signature: Signature
    upstream: tuple[str, ...]
    reads: UpstreamReads


@dataclass(frozen=True)
class Module:
    """What a module's top level defines. One that is no Python has an `error`."""

    raw: str
    """Hash of the file."""
    text: str
    pieces: tuple[_Piece, ...] = ()
    functions: Mapping[str, _Function] = field(default_factory=dict)
    classes: Mapping[str, int] = field(default_factory=dict)
    """Name → line."""
    imports: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Name → module (relative ones keep their dots), and the name there ('' for the module itself)."""
    stars: tuple[str, ...] = ()
    error: str | None = None
    error_line: int | None = None
    _slices: dict[str, Slice] = field(default_factory=dict, compare=False, repr=False)

    def binds(self, name: str) -> bool:
        """Does any of its statements define the name?"""
        return name in self._binders

    @functools.cached_property
    def _binders(self) -> Mapping[str, tuple[int, ...]]:
        found: dict[str, list[int]] = {}
        for index, piece in enumerate(self.pieces):
            for name in piece.binds:
                found.setdefault(name, []).append(index)
        return {name: tuple(indices) for name, indices in found.items()}

    @functools.cached_property
    def _base(self) -> tuple[frozenset[int], frozenset[str], str]:
        """What counts for every name: pieces, names followed for them, and their hash."""
        names: set[str] = set()
        start = [index for index, piece in enumerate(self.pieces) if piece.always]
        found = self._closure(start, frozenset(), names, None) or frozenset()
        return found, frozenset(names), digest(json.dumps([self.pieces[i].normal for i in sorted(found)]).encode())

    @functools.cached_property
    def _lonely(self) -> Sequence[Loads]:
        used = frozenset().union(*(piece.uses for piece in self.pieces))
        return [piece.loads for piece in self.pieces if piece.lonely and used.isdisjoint(piece.binds)]

    @functools.cached_property
    def _base_loads(self) -> Loads:
        return _joined([*self._lonely, *(self.pieces[index].loads for index in sorted(self._base[0]))])

    @functools.cached_property
    def whole(self) -> Slice:
        """Everything."""
        normal = digest(json.dumps([piece.normal for piece in self.pieces]).encode())
        return Slice(normal, self.text, _joined(piece.loads for piece in self.pieces))

    def slice(self, name: str) -> Slice:
        """What counts for a name that the module's top level binds."""
        if name not in self._slices:
            self._slices[name] = self._slice(name)
        return self._slices[name]

    def _slice(self, name: str) -> Slice:
        base, followed, normal = self._base
        names = set(followed)
        start = [index for index in self._binders.get(name, ()) if index not in base]
        names.add(name)
        more = self._closure(start, base, names, _MAX_PIECES)
        if more is None or not names.isdisjoint(_ANYTHING):
            return self.whole
        pieces = [self.pieces[index] for index in sorted(more)]
        return Slice(
            normal=digest(json.dumps([normal, [piece.normal for piece in pieces]]).encode()),
            text=self._text_of([*pieces, *(self.pieces[index] for index in base)]),
            loads=_joined([self._base_loads, *(piece.loads for piece in pieces)]),
        )

    def on_the_way(self, name: str = "") -> tuple[str, Loads]:
        """What counts of a package that is only passed through, or hands on a name from elsewhere.

        The names that it imports to hand them on are not its business: they count where they are.
        """
        base, _, normal = self._base
        handed = [self.pieces[index].normal for index in self._binders.get(name, ())]
        pieces = [self.pieces[index] for index in sorted(base)]
        if all(piece.star or not piece.always for piece in pieces):
            pieces = []
        return digest(json.dumps([normal, handed]).encode()), _joined([*self._lonely, *(p.loads for p in pieces)])

    def _closure(
        self, start: Iterable[int], known: frozenset[int], names: set[str], limit: int | None
    ) -> frozenset[int] | None:
        """These pieces and all that they need beyond the known ones; None when that is too many.

        Adds to `names` each that was looked up.
        """
        found = set(start)
        todo = list(found)
        while todo:
            if limit is not None and len(found) > limit:
                return None
            for name in self.pieces[todo.pop()].uses:
                if name in names:
                    continue
                names.add(name)
                fresh = [i for i in self._binders.get(name, ()) if i not in found and i not in known]
                found.update(fresh)
                todo += fresh
        return frozenset(found)

    def _text_of(self, pieces: Iterable[_Piece]) -> str:
        lines = self._lines
        ranges = sorted({piece.lines for piece in pieces})
        return "\n\n".join("\n".join(lines[first - 1 : last]) for first, last in ranges)

    @functools.cached_property
    def _lines(self) -> list[str]:
        return self.text.split("\n")


def read_module(content: bytes) -> Module:
    """Take a module apart. Never raises, and takes time linear in its size."""
    raw = digest(content)
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        if codecs.lookup(encoding).name in NO_ENCODINGS:
            raise LookupError(encoding)
        text = content.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
    except (SyntaxError, UnicodeError, LookupError):
        return Module(raw, "", error="its encoding is not what it says")
    try:
        if too_much_code(text):
            raise ValueError("it is too much code")
        with unwarned():
            tree = ast.parse(text)
            table = symtable.symtable(text, "<module>", "exec")
        return _taken_apart(raw, text, tree, table)
    except SyntaxError as error:
        return Module(raw, text, error=error.msg, error_line=error.lineno)
    except (ValueError, RecursionError, MemoryError) as error:
        why = str(error) if isinstance(error, ValueError) else "its expressions are nested too deeply"
        return Module(raw, text, error=why)


def _taken_apart(raw: str, text: str, tree: ast.Module, table: symtable.SymbolTable) -> Module:
    documented = "__doc__" in text or "getdoc" in text  # then it may be what a task works with
    body = [
        statement
        for statement in tree.body
        if not (_says_nothing(statement) and not documented) and not _is_main(statement)
    ]
    inner = _names_inside(body, table)
    pieces: list[_Piece] = []
    functions: dict[str, _Function] = {}
    classes: dict[str, int] = {}
    imports: dict[str, tuple[str, str]] = {}
    stars: list[str] = []
    whole = _whole(text, body, inner, table)
    for statement, names in zip(body, inner, strict=True):
        if not documented:
            _drop_docstrings(statement)
        for each in _statements(statement):
            match each:
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    functions[each.name] = _function(each)
                case ast.ClassDef():
                    classes[each.name] = each.lineno
                case ast.Import():
                    for alias in each.names:
                        imports[alias.asname or alias.name.partition(".")[0]] = (
                            (alias.name, "") if alias.asname else (alias.name.partition(".")[0], "")
                        )
                case ast.ImportFrom():
                    module = "." * each.level + (each.module or "")
                    imports.update({a.asname or a.name: (module, a.name) for a in each.names if a.name != "*"})
                    stars += [module for alias in each.names if alias.name == "*"]
        pieces += _pieces(statement, names, whole)
    found = tuple(_with_effects(pieces, _changeable(body)))
    return Module(raw, text, found, functions, classes, imports, tuple(dict.fromkeys(stars)))


def _says_nothing(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


def _is_main(statement: ast.stmt) -> bool:
    """``if __name__ == "__main__":`` is not for who imports the module."""
    match statement:
        case ast.If(
            test=ast.Compare(
                left=ast.Name(id="__name__"), ops=[ast.Eq()], comparators=[ast.Constant(value="__main__")]
            ),
            orelse=[],
        ):
            return True
        case _:
            return False


def _statements(statement: ast.stmt) -> Iterator[ast.stmt]:
    """A statement and those in its blocks, without what is inside of functions and classes."""
    todo: list[ast.AST] = [statement]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.stmt):
            yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        todo += [
            child
            for child in reversed(list(ast.iter_child_nodes(node)))
            if isinstance(child, ast.stmt | ast.excepthandler | ast.match_case)
        ]


def _names_inside(body: Sequence[ast.stmt], table: symtable.SymbolTable) -> list[frozenset[str]]:
    """For each statement the global names that functions and classes in it use."""
    starts = [first_line(statement) for statement in body]
    groups: list[int] = []  # statements that share a line cannot be told apart by it
    last = 0
    for index, statement in enumerate(body):
        groups.append(groups[-1] if index and starts[index] <= last else index)
        last = max(last, statement.end_lineno or statement.lineno)
    found: dict[int, set[str]] = {group: set() for group in groups}
    for child in table.get_children():
        place = bisect_right(starts, child.get_lineno()) - 1
        names = found[groups[place]] if place >= 0 else set()
        todo = [child]
        while todo:
            scope = todo.pop()
            names.update(symbol.get_name() for symbol in scope.get_symbols() if symbol.is_global())
            todo += scope.get_children()
    return [frozenset(found[group]) for group in groups]


def _names_outside(statement: ast.stmt) -> frozenset[str]:
    """Names that a statement itself uses: not in the bodies of functions and classes."""
    names: set[str] = set()
    todo: list[ast.AST] = [statement]
    while todo:
        node = todo.pop()
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                names.add(name)
            case ast.FunctionDef(body=body) | ast.AsyncFunctionDef(body=body) | ast.ClassDef(body=body):
                inside = {id(each) for each in body}
                todo += [child for child in ast.iter_child_nodes(node) if id(child) not in inside]
                continue
            case ast.Lambda(args=arguments):
                todo.append(arguments)
                continue
        todo += ast.iter_child_nodes(node)
    return frozenset(names)


@dataclass(frozen=True)
class _Whole:
    """What all of a module says, for looking at one statement of it."""

    lines: Sequence[str]
    used: frozenset[str]
    """Names that it reads anywhere."""
    functions: frozenset[str]
    values: frozenset[str]
    """Its names that are no functions, classes and imports."""
    meanings: Meanings


def _whole(text: str, body: Sequence[ast.stmt], inner: Sequence[frozenset[str]], table: symtable.SymbolTable) -> _Whole:
    statements = [each for statement in body for each in _statements(statement)]
    functions = [each for each in statements if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
    symbols = [symbol for symbol in table.get_symbols() if symbol.is_assigned()]
    return _Whole(
        lines=text.split("\n"),
        used=frozenset().union(*inner, *map(_names_outside, body)),
        functions=frozenset(each.name for each in functions),
        values=frozenset(s.get_name() for s in symbols if not (s.is_imported() or s.is_namespace())),
        meanings=meanings_of(body),
    )


def _pieces(statement: ast.stmt, inner: frozenset[str], whole: _Whole) -> Iterator[_Piece]:
    lines = (first_line(statement), statement.end_lineno or statement.lineno)
    match statement:
        case ast.Import(names=aliases):
            for alias in aliases:
                name = alias.asname or alias.name.partition(".")[0]
                one = ast.Import(names=[ast.alias(name=alias.name, asname=alias.asname)])
                binds = frozenset({name})
                yield _Piece(_hash(one), lines, binds, frozenset(), Loads((alias.name,)), False, lonely=True)
            return
        case ast.ImportFrom(module="__future__"):
            yield _Piece(_hash(statement), lines, frozenset(), frozenset(), Loads(), True)
            return
        case ast.ImportFrom(names=aliases, module=module, level=level):
            for alias in aliases:
                one_of = ast.ImportFrom(
                    module=module, names=[ast.alias(name=alias.name, asname=alias.asname)], level=level
                )
                star = alias.name == "*"
                binds = frozenset() if star else frozenset({alias.asname or alias.name})
                uses = frozenset({"globals"}) if (module, alias.name) == ("sys", "modules") else frozenset()
                yield _Piece(_hash(one_of), lines, binds, uses, _loads(one_of, whole), star, star)
            return
    binds, always = _effect(statement, whole)
    uses = inner | _names_outside(statement) | _names_in_annotations(statement) | binds
    uses |= _names_in_texts(statement, whole.values)
    loads = _loads(statement, whole)
    calls = _called_at_import(statement)
    if "locals" in calls or any(map(_gets_at_all, ast.walk(statement))):
        uses |= {"globals"}
    yield _Piece(_hash_or_text(statement, lines, whole.lines), lines, binds, uses, loads, always, calls=calls)


def _gets_at_all(node: ast.AST) -> bool:
    """``sys.modules[__name__]``, ``f.__globals__``, ``frame.f_globals``, ``import_module(__name__)``."""
    match node:
        case ast.Attribute(attr="modules" | "__globals__" | "f_globals"):
            return True
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[ast.Name(id="__name__"), *_]):
            return name in {"import_module", "__import__"}
        case _:
            return False


def _names_in_annotations(statement: ast.stmt) -> frozenset[str]:
    """What classes say of their fields may be made use of, as text too; a symbol table may leave it out."""
    names: set[str] = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.AnnAssign):
            for part in ast.walk(node.annotation):
                if isinstance(part, ast.Name):
                    names.add(part.id)
                elif isinstance(part, ast.Constant) and isinstance(part.value, str):
                    names.update(_WORD.findall(part.value))
    return frozenset(names)


def _names_in_texts(statement: ast.stmt, values: frozenset[str]) -> frozenset[str]:
    """The `values` that its texts name: ``duckdb.sql("FROM cities")``, ``df.query("x > @LIMIT")``.

    Functions and classes only where that is plain, with an ``@``: texts are full of the names of tasks.
    """
    names: set[str] = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            names.update(values.intersection(_WORD.findall(node.value)), _REFERRED.findall(node.value))
    return frozenset(names)


# --- What is called while the module is imported ------------------------------------------


def _called_at_import(statement: ast.stmt) -> frozenset[str]:
    """All names that the statement evaluates at once, where a call is among it; else none."""
    names: set[str] = set()
    calls = False
    todo: list[ast.AST] = [statement]
    while todo:
        node = todo.pop()
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                calls = calls or bool(node.decorator_list)
                todo += [*node.decorator_list, node.args]
                continue
            case ast.Lambda():
                todo.append(node.args)
                continue
            case ast.ClassDef():
                calls = calls or bool(node.decorator_list or node.bases or node.keywords)
            case ast.Call():
                calls = True
            case ast.Name(id=name):
                names.add(name)
        todo += ast.iter_child_nodes(node)
    return frozenset(names) if calls else frozenset()


def _changeable(body: Sequence[ast.stmt]) -> frozenset[str]:
    """Names of the top level whose values other code may change: not those of functions, imports, plain numbers."""
    names: set[str] = set()
    for statement in body:
        names.update(name for node in ast.walk(statement) if isinstance(node, ast.Global) for name in node.names)
        for each in _statements(statement):
            match each:
                case ast.ClassDef(name=name):
                    names.add(name)
                case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Import() | ast.ImportFrom():
                    pass
                case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value) if _stays(value):
                    pass
                case _:
                    todo: list[ast.AST] = [each]
                    while todo:
                        node = todo.pop()
                        if isinstance(node, ast.Name) and _stores(node):
                            names.add(node.id)
                        todo += [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.stmt)]
    return frozenset(names)


def _stays(value: ast.expr) -> bool:
    """Is that surely a value that nobody can change?"""
    for node in ast.walk(value):
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                if name not in _STAYING:
                    return False
            case ast.Call() | ast.List() | ast.Dict() | ast.Set() | ast.Name(ctx=ast.Store()):
                return False
            case ast.ListComp() | ast.DictComp() | ast.SetComp() | ast.GeneratorExp() | ast.Await():
                return False
    return True


def _with_effects(pieces: Sequence[_Piece], changeable: frozenset[str]) -> Iterator[_Piece]:
    """The pieces, which define also what the functions that they call at import may change.

    ``@register def f(): …`` belongs to the table in which `register` puts it, for who reads that.
    """
    binders: dict[str, list[_Piece]] = {}
    for piece in pieces:
        for name in piece.binds:
            binders.setdefault(name, []).append(piece)
    known: dict[frozenset[str], frozenset[str]] = {}
    left = _MAX_FOLLOWED
    for piece in pieces:
        start = frozenset(name for name in piece.calls if name in binders or name in _ANYTHING)
        if not start or piece.always:
            yield piece
            continue
        if start not in known:
            seen, todo = set(start), list(start)
            while todo and left > 0:
                for other in binders.get(todo.pop(), ()):
                    left -= 1 + len(other.uses)
                    todo += other.uses - seen
                    seen |= other.uses
            known[start] = frozenset(seen) if left > 0 else frozenset({"globals"})
        reached = known[start]
        anything = not reached.isdisjoint({"exec", "globals"})
        yield replace(piece, binds=piece.binds | (reached & changeable), always=anything)


def _effect(statement: ast.stmt, whole: _Whole) -> tuple[frozenset[str], bool]:
    """The names that a statement defines or changes, and whether it does something besides."""
    binds: set[str] = set()
    always = False
    for each in _statements(statement):
        match each:
            case (
                ast.FunctionDef(name=name, decorator_list=decorators)
                | ast.AsyncFunctionDef(name=name, decorator_list=decorators)
            ):
                # `@other.register` changes what `other` does.
                binds |= {name, *filter(None, map(_root, decorators))}
                always |= name in {"__getattr__", "__dir__"}
            case ast.ClassDef(name=name, decorator_list=decorators, bases=bases, keywords=keywords):
                # A class may keep account of its subclasses.
                above = [*decorators, *bases, *(keyword.value for keyword in keywords)]
                binds |= {name, *filter(None, map(_root, above))}
            case ast.Assign(targets=targets, value=value):
                names, plain = _targets(targets)
                binds |= names
                if isinstance(value, ast.Name):
                    binds.add(value.id)  # two names of one thing
                always |= not plain or _sets_up(value, names, whole)
            case ast.AnnAssign(target=target, value=value) | ast.AugAssign(target=target, value=value):
                names, plain = _targets([target])
                binds |= names
                always |= not plain or (value is not None and _sets_up(value, names, whole))
            case ast.Import(names=aliases):
                binds |= {alias.asname or alias.name.partition(".")[0] for alias in aliases}
            case ast.ImportFrom(names=aliases):
                binds |= {alias.asname or alias.name for alias in aliases}
                always |= any(alias.name == "*" for alias in aliases)
            case ast.If() | ast.Try() | ast.TryStar() | ast.Pass() | ast.Raise():
                always |= isinstance(each, ast.Raise) and each is statement
            case ast.Expr(value=ast.Constant()):
                binds.add("__doc__")
            case _:
                always = True
                binds |= {node.id for node in ast.walk(each) if isinstance(node, ast.Name) and _stores(node)}
    if any(isinstance(node, ast.NamedExpr) for node in ast.walk(statement)):
        binds |= {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and _stores(node)}
    return frozenset(binds), always


def _stores(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store | ast.Del)


def _targets(targets: Iterable[ast.expr]) -> tuple[frozenset[str], bool]:
    """The names that are bound, and whether nothing but names is."""
    nodes = [node for target in targets for node in ast.walk(target)]
    plain = all(isinstance(n, ast.Name | ast.Tuple | ast.List | ast.Starred | ast.expr_context) for n in nodes)
    return frozenset(node.id for node in nodes if isinstance(node, ast.Name) and _stores(node)), plain


def _sets_up(value: ast.expr, names: frozenset[str], whole: _Whole) -> bool:
    """May what is called for this value be called for what it does: ``_ = load_dotenv()``?

    It may when nobody reads the names that it is given, and when it is a function of this very
    module: those that do something have a value to return as often as not.
    """
    called = [node for node in ast.walk(value) if isinstance(node, ast.Call | ast.Await)]
    if not called or _stays(value):
        return False
    return names.isdisjoint(whole.used) or any(_root(node) in whole.functions for node in called)


def _root(expression: ast.expr) -> str:
    node: ast.expr = expression
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _drop_docstrings(statement: ast.stmt) -> None:
    for node in ast.walk(statement):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = node.body[1:] or [ast.Pass()]


def _hash(statement: ast.stmt) -> str:
    return digest(ast.dump(statement).encode("utf-8", "surrogatepass"))


def _hash_or_text(statement: ast.stmt, lines: tuple[int, int], text: Sequence[str]) -> str:
    try:
        return _hash(statement)
    except (RecursionError, ValueError):  # hundreds of terms, thousands of digits
        return digest("\n".join(text[lines[0] - 1 : lines[1]]).encode("utf-8", "surrogatepass"))


def _loads(statement: ast.stmt, whole: _Whole) -> Loads:
    return loads_of([CellCode((), "", ast.Module([statement], []))], whole.meanings)


def _joined(loads: Iterable[Loads]) -> Loads:
    parts = list(loads)
    return Loads(
        tuple(sorted({name for part in parts for name in part.imports})),
        tuple(sorted({name for part in parts for name in part.files})),
        tuple(sorted({name for part in parts for name in part.folders})),
    )


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef) -> _Function:
    named = [
        (each.lineno, each.col_offset, each.slice.value)
        for each in ast.walk(node)
        if isinstance(each, ast.Subscript)
        and isinstance(each.value, ast.Name)
        and each.value.id == "upstream"
        and isinstance(each.slice, ast.Constant)
        and isinstance(each.slice.value, str)
    ]
    signature = _signature(node)
    reads = upstream_reads([CellCode((), "", ast.Module([node], []))])
    if signature.gathers and "upstream" not in signature.parameters:
        reads = UpstreamReads()  # it may be among the rest
    upstream = tuple(dict.fromkeys(readable(name) for _, _, name in sorted(named)))
    return _Function(node.lineno, signature, upstream, reads)


def _signature(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Signature:
    given = node.args
    positional = [*given.posonlyargs, *given.args]
    required = {arg.arg for arg in positional[: len(positional) - len(given.defaults)]}
    required |= {arg.arg for arg, value in zip(given.kwonlyargs, given.kw_defaults, strict=True) if value is None}
    return Signature(
        parameters=tuple(arg.arg for arg in [*given.args, *given.kwonlyargs]),
        required=frozenset(required),
        gathers=given.kwarg is not None,
        positional_only=tuple(arg.arg for arg in given.posonlyargs),
        decorated=bool(node.decorator_list),
    )
