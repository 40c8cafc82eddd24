"""The statements of a notebook, each with its place in its cell, what kind it is, and what it does to names.

Cells are taken apart by `cellcode`; what that does not take for Python, IPython is asked about before it is called
an error. A cell that is not to be run (tag `skip-execution`) has no statements.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from cauce.engine.cellcode import CellCode, first_line, read_cell
from cauce.engine.checks.magics import IPYTHON_NAMES, bound_by, from_history, magic_calls, parsed, transformed
from cauce.engine.checks.words import defined_elsewhere, told
from cauce.engine.refactor.model import Book, Cell, Effect, Remark, Statement
from cauce.engine.refactor.reading import magics
from cauce.engine.refactor.reading.effects import fold, follow
from cauce.engine.refactor.reading.known import MAGIC, Known, imported_by, survey
from cauce.engine.refactor.reading.scopes import walk_here
from cauce.engine.refactor.reading.settingup import setup_of

__all__ = ["read_statements", "registers"]

_SKIPPED = "skip-execution"
_MAY_FAIL = "raises-exception"
_APART = frozenset({"timeit"})
"""Cell magics that run Python in a scope of its own."""
_MOST_REMARKS = 50


def read_statements(book: Book) -> tuple[tuple[Statement, ...], tuple[Remark, ...]]:
    """All statements of all code cells, and what keeps the notebook from running. Never raises."""
    cells = [
        _read(cell) for cell in book.cells if cell.kind == "code" and cell.text.strip() and _SKIPPED not in cell.tags
    ]
    remarks = [cell.error for cell in cells if cell.error is not None]
    if not remarks:
        remarks = list(_mistakes(cells))
    known = survey(node for cell in cells for node in cell.body)
    statements: list[Statement] = []
    for cell in cells:
        for statement in _statements(cell, known):
            statements.append(replace(statement, index=len(statements)))
    return tuple(statements), tuple(remarks[:_MOST_REMARKS])


# --- Cells --------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Piece:
    """A code cell, taken apart."""

    cell: Cell
    code: CellCode
    body: tuple[ast.stmt, ...]
    heads: int
    """How many lines stand above what `body` is of."""
    python: bool
    """False when it is in another language, by its cell magic."""
    placed: bool = True
    """Do the lines and columns of `body` lead to its text? They do not where IPython has rewritten it."""
    unread: bool = False
    """Is it Python that cannot be read? Then it may do anything."""
    error: Remark | None = None


def _read(cell: Cell) -> _Piece:
    code = read_cell(cell.text)
    heads = cell.text.count("\n") - code.text.count("\n") if code.heads else 0
    if code.tree is not None:
        return _Piece(cell, code, tuple(code.tree.body), heads, python=True)
    if code.heads:
        last = magics.word_of(code.heads[-1])
        if last not in {"capture", "prun", "time", "timeit"}:
            return _Piece(cell, code, (), heads, python=False)
    python = transformed(code.text)
    if python is None:
        return _Piece(cell, code, (), heads, python=False, unread=True)
    tree, error = parsed(python)
    if tree is not None:
        return _Piece(cell, code, tuple(tree.body), heads, python=True, placed=False)
    if error is None or _MAY_FAIL in cell.tags:
        return _Piece(cell, code, (), heads, python=False, unread=True)
    blank = len(code.text) - len(code.text.lstrip("\n"))
    above = code.text[:blank].count("\n") + heads
    what = re.sub(r" \(detected at line \d+\)| on line \d+", "", error.msg or "invalid syntax")
    remark = Remark(
        "syntax",
        "error",
        f"This is not valid Python: {what}.",
        "Mend it, so that the notebook runs from top to bottom.",
        cell.number,
        min(above + (error.lineno or 1), cell.text.count("\n") + 1),
    )
    return _Piece(cell, code, (), heads, python=True, error=remark)


# --- Statements ---------------------------------------------------------------------------


def _statements(piece: _Piece, known: Known) -> Iterator[Statement]:
    cell, text = piece.cell, piece.cell.text
    apart = any(magics.word_of(head) in _APART for head in piece.code.heads)
    if not piece.python or not piece.placed or apart or piece.error is not None:
        effect = _effect_of_whole(piece, known, apart=apart)
        start = len(text) - len(text.lstrip())
        stop = len(text.rstrip())
        line = text[:start].count("\n") + 1
        yield Statement(0, cell.number, line, start, stop, text[start:stop], "code", effect)
        return
    lines = _Lines(piece)
    binding = [head for head in piece.code.heads if bound_by([head]).names]
    for node in piece.body:
        start, stop = lines.place(node)
        kind, setup = _kind_of(node, known)
        effect = follow(node, known)
        imports = imported_by([node]) if kind == "import" else {}
        if kind == "code" and (made := _defined_in(node)):
            bound = (*effect.binds, *effect.may_bind)
            unstorable = {name: what for name, what in made.items() if name in bound}
            effect = replace(effect, unstorable={**unstorable, **effect.unstorable})
        yield Statement(
            index=0,
            cell=cell.number,
            line=text[:start].count("\n") + 1,
            start=start,
            stop=stop,
            text=text[start:stop],
            kind=kind,  # type: ignore[arg-type]  # the four words of `_kind_of`
            effect=effect,
            node=node,
            imports=imports,
            star=_stars(node) if kind == "import" else (),
            setup=setup,
        )
    for head in binding:
        # It is bound when all of the cell has run; its text stands above.
        start = text.index(head.strip())
        effect = Effect(binds=tuple(sorted(bound_by([head]).names)))
        stop = start + len(head.strip())
        yield Statement(0, cell.number, text[:start].count("\n") + 1, start, stop, text[start:stop], "code", effect)
        known.passed(None, effect.binds, {}, {})


def _effect_of_whole(piece: _Piece, known: Known, *, apart: bool) -> Effect:
    """Of a cell that is one statement."""
    effects: list[Effect] = []
    if piece.python:
        effects += (follow(node, known) for node in piece.body)
    whole = fold(effects)
    if apart:
        own = {*whole.binds, *whole.may_bind}
        whole = replace(
            whole,
            binds=(),
            may_bind=(),
            deletes=(),
            shares=(),
            unstorable={},
            mutates={name: sure for name, sure in whole.mutates.items() if name in whole.reads or name not in own},
        )
    for index, head in enumerate(piece.code.heads):
        said = magics.read_magic(head, piece.code.text if index == len(piece.code.heads) - 1 else "")
        more = Effect(
            reads=tuple(name for name in said.names if name in known.bound),
            binds=said.binds,
            reads_files=said.reads_files,
            writes_files=said.writes_files,
        )
        whole = fold([more, whole])
        known.passed(None, said.binds, {}, {})
    return whole


class _Lines:
    """Where lines and columns of a cell's code are in the cell's text."""

    def __init__(self, piece: _Piece) -> None:
        self._lines = piece.code.text.split("\n")
        own = piece.cell.text.split("\n")
        self._offsets: list[int] = []
        self._indents: list[int] = []
        position = sum(len(line) + 1 for line in own[: piece.heads])
        for line, bare in zip(own[piece.heads :], self._lines, strict=False):
            self._offsets.append(position)
            self._indents.append(len(line) - len(bare))
            position += len(line) + 1
        self._length = len(piece.cell.text)
        self._has_magics = bool(piece.code.magics)

    def place(self, node: ast.stmt) -> tuple[int, int]:
        first = first_line(node)
        decorated = first != node.lineno
        start = self._at(first, 0 if decorated else node.col_offset)
        if decorated:
            line = self._lines[first - 1]
            start += len(line) - len(line.lstrip())
        last, column = node.end_lineno or node.lineno, node.end_col_offset or 0
        if self._has_magics and _ends_in_magic(node):
            return start, self._end_of_magic(last)
        return start, min(self._at(last, column), self._length)

    def _at(self, line: int, column: int) -> int:
        bare = self._lines[line - 1].encode("utf-8", "surrogatepass")[:column]
        return self._offsets[line - 1] + self._indents[line - 1] + len(bare.decode("utf-8", "surrogatepass"))

    def _end_of_magic(self, line: int) -> int:
        while line < len(self._lines) and self._lines[line - 1].endswith("\\"):
            line += 1
        return self._offsets[line - 1] + self._indents[line - 1] + len(self._lines[line - 1].rstrip())


def _ends_in_magic(node: ast.stmt) -> bool:
    return any(
        isinstance(part, ast.Call)
        and isinstance(part.func, ast.Name)
        and part.func.id == MAGIC
        and (part.end_lineno, part.end_col_offset) == (node.end_lineno, node.end_col_offset)
        for part in ast.walk(node)
    )


# --- Kinds --------------------------------------------------------------------------------

_CALLED_AT_ONCE = frozenset({"ipywidgets.interact", "ipywidgets.interact_manual", "ipywidgets.widgets.interact"})


def _kind_of(node: ast.stmt, known: Known) -> tuple[str, str]:
    """The kind, and of set-up what it sets."""
    if _only_imports(node):
        return "import", ""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return ("code" if any(_calls_at_once(each, known) for each in node.decorator_list) else "definition"), ""
    setup = setup_of(node, known)
    return ("setup", setup) if setup else ("code", "")


def _calls_at_once(decorator: ast.expr, known: Known) -> bool:
    """Does it call what it decorates: ``@interact(n=10)``?"""
    match decorator:
        case ast.Call(func=func):
            return _calls_at_once(func, known)
        case ast.Attribute(value=ast.Name(id=name), attr=attr):
            return f"{known.meaning(name)}.{attr}" in _CALLED_AT_ONCE
        case ast.Name(id=name):
            return known.meaning(name) in _CALLED_AT_ONCE
        case _:
            return False


def registers(node: ast.stmt | None) -> bool:
    """Is it a function or class that is used by having been told to others: ``@show.register``?"""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return False
    called = (each.func if isinstance(each, ast.Call) else each for each in node.decorator_list)
    return any(isinstance(each, ast.Attribute) and each.attr.startswith("register") for each in called)


def _only_imports(node: ast.stmt) -> bool:
    """An import, or one of several that depends on what is installed."""
    match node:
        case ast.Import() | ast.ImportFrom():
            return True
        case ast.Try(body=body, orelse=orelse, finalbody=finalbody, handlers=handlers):
            handled = [each for handler in handlers for each in handler.body]
            parts: Sequence[ast.stmt] = [*body, *orelse, *finalbody, *handled]
        case _:
            return False
    return all(_only_imports(each) or isinstance(each, ast.Pass) for each in parts) and any(map(_only_imports, parts))


def _defined_in(node: ast.stmt) -> dict[str, str]:
    """What code defines on the way, and cannot be stored but where its definition is."""
    found = dict.fromkeys(imported_by([node]), "a module")
    for part in walk_here([node]):
        if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef):
            found[part.name] = "a function"
        elif isinstance(part, ast.ClassDef):
            found[part.name] = "a class"
    return found


def _stars(node: ast.stmt) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(
            "." * part.level + (part.module or "")
            for part in ast.walk(node)
            if isinstance(part, ast.ImportFrom) and any(alias.name == "*" for alias in part.names)
        )
    )


# --- Mistakes -----------------------------------------------------------------------------


def _mistakes(pieces: Sequence[_Piece]) -> Iterator[Remark]:
    """Names that nobody defines, and what else is sure to end a run."""
    from cauce.engine.checks.names import find_mistakes

    said_magics: list[str] = []
    anything = False
    body: list[ast.stmt] = []
    starts: list[int] = []
    line = 0
    for piece in pieces:
        said_magics += [*piece.code.heads, *piece.code.magics]
        anything = anything or not piece.placed or piece.unread
        starts.append(line)
        end = max((node.end_lineno or 0 for node in piece.body), default=0)
        tree = ast.Module(list(piece.body), [])
        called, other = magic_calls(tree)
        said_magics += called
        anything = anything or other > 0
        body += [ast.increment_lineno(node, line) for node in piece.body]
        line += max(end, piece.code.text.count("\n") + 1) + 1
    bound = bound_by(said_magics)
    anything = anything or bound.anything or defined_elsewhere(body)
    found, defined = find_mistakes(body, IPYTHON_NAMES | bound.names | {MAGIC}, notebook=True)
    for piece, start in zip(pieces, starts, strict=True):
        for node in piece.body:
            ast.increment_lineno(node, -start)  # as they were
    said: set[tuple[str, str]] = set()
    for finding in found:
        piece = pieces[bisect_right(starts, finding.line - 1) - 1]
        undefined = finding.kind == "undefined"
        unsure = not finding.sure or (anything and bool(finding.name)) or _MAY_FAIL in piece.cell.tags
        if unsure or (undefined and from_history(finding.name)) or (finding.kind, finding.name) in said:
            continue
        said.add((finding.kind, finding.name))
        unseen = "Define or import it, so that the notebook runs from top to bottom."
        code, message, hint = told(finding, [*defined], upstream=unseen, unseen=unseen)
        within = finding.line - starts[pieces.index(piece)] + piece.heads if piece.placed else None
        names = (finding.name,) if finding.name else ()
        yield Remark(code.removeprefix("check_"), "error", message, hint, piece.cell.number, within, names)
