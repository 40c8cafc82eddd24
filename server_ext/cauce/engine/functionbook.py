"""A function of a module as a notebook: the paragraphs of its body are the cells. Pure, and nothing is run.

    module ─► open_function ─► notebook ─► save_function ─► the module, other lines only where a cell was edited

A cell ends at a blank line between statements, after the docstring and before a `return`, which
no kernel can run. Its lines lack the body's indentation, but for those that begin inside of a
string: they are shown and written as they stand, so that a string means the same in the cell.
"""

from __future__ import annotations

import ast
import io
import re
import symtable
import tokenize
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from cauce.engine.cellcode import first_line
from cauce.engine.codesize import too_much_code
from cauce.engine.document import Value
from cauce.engine.files import as_file_name
from cauce.engine.injection import Binding, assignment, filled_in
from cauce.engine.notebook import SourceError, SourceText, cell_id
from cauce.engine.unwarned import unwarned

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = [
    "FunctionTask",
    "book_of",
    "book_path",
    "definition",
    "open_function",
    "save_function",
    "with_setup",
]

_SUFFIX = " (functions)"
_BOOK = re.compile(rf"(?P<module>(?:.*/)?[^/]+\.py){re.escape(_SUFFIX)}(?:/(?P<task>[^/]+)\.ipynb)?", re.DOTALL)
_MOST_COMPARED = 4_000_000
"""Pairs of lines; what is longer on both sides is written anew."""


@dataclass(frozen=True)
class FunctionTask:
    """A task that is a function, and where that is."""

    binding: Binding
    path: Path
    """The module file that defines it, absolute and real."""
    name: str
    """What it is called there."""
    module: str
    """What the module is called when imported, with dots."""
    folder: str = ""
    """The folder from which it is imported, relative to the project root."""


# --- What the notebook is called ----------------------------------------------------------


def book_path(module: str, task: str = "") -> str:
    """The path of a task's notebook, which is no file: it stands beside the module. Without a task, its folder."""
    folder = f"{module}{_SUFFIX}"
    return f"{folder}/{as_file_name(task)}.ipynb" if task else folder


def book_of(path: str) -> tuple[str, str] | None:
    """(module, task) of such a path, '' for the folder; None for any other path."""
    match = _BOOK.fullmatch(path)
    return None if match is None else (match["module"], unquote(match["task"] or ""))


# --- Taking a module apart ----------------------------------------------------------------

_Definition = ast.FunctionDef | ast.AsyncFunctionDef
_Line = tuple[str, bool]
"""A line as it is shown, and whether it begins inside of a string."""
_Raw = tuple[str, str]
"""A line of the file, and how it ends there."""


@dataclass(frozen=True)
class _Body:
    """The body of a function, between its signature and whatever follows it."""

    text: SourceText
    tree: ast.Module
    node: _Definition
    first: int
    """Index of the line below the signature."""
    stop: int
    """Index of the line below the body."""
    indent: str
    shown: tuple[_Line, ...]
    """All lines of the body."""
    cells: tuple[tuple[int, int], ...]
    """Each cell's lines among those; what is between two cells are blank lines."""

    @property
    def raw(self) -> list[_Raw]:
        return list(zip(self.text.lines[self.first : self.stop], self.text.ends[self.first : self.stop], strict=True))

    @property
    def top(self) -> int:
        """Index of the line at which the function begins, decorators included."""
        return first_line(self.node) - 1

    @cached_property
    def sources(self) -> list[str]:
        return ["\n".join(line for line, _ in self.shown[start:stop]) for start, stop in self.cells]


def _body(content: bytes, path: Path, name: str) -> _Body:
    """Raises SourceError when the function is not there, or not on lines of its own."""
    text = SourceText.decode(content, path)
    tree = _parsed(text, path)
    found = [each for each in _definitions(tree.body) if each.name == name]
    if not found:
        raise SourceError(path, f"There is no function '{name}' in it.", "Was it renamed? Open the module instead.")
    node = found[-1]
    first = _below_signature(text, node)
    if first is None:
        raise SourceError(
            path, f"The function '{name}' stands on one line.", "Put its body on lines of its own.", node.lineno
        )
    statement = text.lines[first_line(node.body[0]) - 1]
    indent = statement[: len(statement) - len(statement.lstrip(" \t\f"))].rpartition("\f")[2]
    stop = _below_comments(text, node.end_lineno or node.lineno, indent)
    lines = text.lines[first:stop]
    try:
        inside = _inside_strings(lines)
    except (tokenize.TokenError, SyntaxError) as error:
        message = f"The body of the function '{name}' cannot be taken apart."
        raise SourceError(path, message, "Does its last line end with a backslash?", stop) from error
    shown = tuple(
        (line if index in inside else _dedented(line, indent), index in inside) for index, line in enumerate(lines)
    )
    return _Body(text, tree, node, first, stop, indent, shown, tuple(_cells(lines, node, first)))


def _parsed(text: SourceText, path: Path) -> ast.Module:
    try:
        if too_much_code("\n".join(text.lines)):
            raise ValueError("it is too much code")
        with unwarned():
            return ast.parse("\n".join(text.lines) + "\n")
    except SyntaxError as error:
        raise SourceError(
            path, f"It cannot be read as Python: {error.msg}.", "Mend it in the editor.", error.lineno
        ) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise SourceError(path, f"It cannot be read as Python: {error}.", "Mend it in the editor.") from error


def _definitions(statements: Sequence[ast.stmt]) -> Iterator[_Definition]:
    """The functions that a module's top level defines, also below an `if`, in order."""
    todo: list[ast.AST] = list(reversed(statements))
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
        elif not isinstance(node, ast.ClassDef):
            inner = [each for each in ast.iter_child_nodes(node) if isinstance(each, _BLOCKS)]
            todo += reversed(inner)


_BLOCKS = (ast.stmt, ast.excepthandler, ast.match_case)


def _below_signature(text: SourceText, node: _Definition) -> int | None:
    """Index of the line below the signature; None when the body begins on its last line."""
    last = ""
    lines = (f"{line}\n" for line in text.lines[node.lineno - 1 : node.end_lineno])
    for token in tokenize.generate_tokens(lambda: next(lines, "")):
        if token.type == tokenize.NEWLINE:
            return node.lineno - 1 + token.start[0] if last == ":" else None
        if token.type not in (tokenize.COMMENT, tokenize.NL):
            last = token.string
    return None


def _below_comments(text: SourceText, end: int, indent: str) -> int:
    """`end`, or the line below the comments that follow there with the body's indentation."""
    stop = end
    for index in range(end, len(text.lines)):
        line = text.lines[index]
        if line.startswith(indent) and line.strip().startswith("#"):
            stop = index + 1
        elif line.strip():
            break
    return stop


def _inside_strings(lines: Sequence[str]) -> frozenset[int]:
    """Indices of the lines that begin inside of a string. The lines must be sound."""
    found: set[int] = set()
    opened: list[int] = []
    source = "".join(f"{line}\n" for line in lines)
    for token in tokenize.generate_tokens(io.StringIO(source, newline="\n").readline):
        kind = tokenize.tok_name[token.type]
        if kind.endswith("STRING_START"):  # from Python 3.12 an f-string comes in pieces
            opened.append(token.start[0])
        elif kind.endswith("STRING_END") and opened:
            found.update(range(opened.pop(), token.end[0]))
        elif kind == "STRING":
            found.update(range(token.start[0], token.end[0]))
    return frozenset(found)


def _dedented(line: str, indent: str) -> str:
    """The line without the body's indentation, or without as much of it as it has."""
    if not line.strip(" \t\f"):
        return line[len(indent) :] if line.startswith(indent) else ""
    same = 0
    while same < min(len(indent), len(line)) and line[same] == indent[same]:
        same += 1
    return line[same:]


def _cells(lines: Sequence[str], node: _Definition, first: int) -> Iterator[tuple[int, int]]:
    inside: set[int] = set()
    splits: set[int] = set()
    for index, statement in enumerate(node.body):
        start, end = first_line(statement) - 1 - first, (statement.end_lineno or statement.lineno) - first
        inside.update(range(start, end))
        follows = index > 0 and (node.body[index - 1].end_lineno or 0) - 1 - first < start
        if follows and (isinstance(statement, ast.Return) or (index == 1 and _is_docstring(node.body[0]))):
            splits.add(start if isinstance(statement, ast.Return) else _end(node.body[0]) - first)
    begun: int | None = None
    for index, line in enumerate(lines):
        blank = index not in inside and not line.strip(" \t\f")
        if begun is not None and (blank or index in splits):
            yield begun, index
            begun = None
        if begun is None and not blank:
            begun = index
    if begun is not None:
        yield begun, len(lines)


def _is_docstring(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _end(statement: ast.stmt) -> int:
    return statement.end_lineno or statement.lineno


# --- Opening ------------------------------------------------------------------------------


def open_function(content: bytes, path: Path, name: str) -> NotebookNode:
    """The body of a module's function as a notebook.

    Raises:
        SourceError: There is no such function, or it cannot be edited by lines.
    """
    import nbformat

    body = _body(content, path, name)
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "execution_count": None,
            "id": cell_id(index, "code", source),
            "metadata": {},
            "outputs": [],
            "source": source,
        }
        for index, source in enumerate(body.sources)
    ]
    from_dict: Callable[[object], NotebookNode] = nbformat.from_dict
    return from_dict({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def definition(content: bytes, path: Path, name: str) -> bytes:
    """The lines of the function, decorators included: when they are what they were, so is its notebook.

    Raises SourceError as `open_function`.
    """
    body = _body(content, path, name)
    lines = zip(body.text.lines[body.top : body.stop], body.text.ends[body.top : body.stop], strict=True)
    return "".join(line + end for line, end in lines).encode("utf-8", "surrogatepass")


def with_setup(notebook: NotebookNode, content: bytes, function: FunctionTask) -> NotebookNode:
    """The notebook with a first cell that says what the body uses and is not given: a copy.

    That is what it takes from its module, and what the signature gives for parameters that the
    pipeline does not. The cell carries our mark, as the injected one does. Products are plain
    strings here, as in every notebook: in a build a function gets objects that are strings and paths.
    """
    from copy import deepcopy

    import nbformat

    body = _body(content, function.path, function.name)
    lines = [*_imports(body, function), *_defaults(body, function.binding)]
    result = deepcopy(notebook)
    if lines:
        place = " ".join(function.path.name.split())
        note = f"# Filled in by Cauce: what the function takes from {place}. To change it, change the module."
        from_dict: Callable[[object], NotebookNode] = nbformat.from_dict
        seed = f"setup\0{function.binding.pipeline}\0{function.binding.task}"
        result.cells.insert(0, from_dict(filled_in("\n".join([note, *lines]), seed)))
    return result


def _imports(body: _Body, function: FunctionTask) -> Iterator[str]:
    used = _used(body)
    parts = function.module.split(".")
    here = parts if function.path.name == "__init__.py" else parts[:-1]
    own: dict[str, dict[str, None]] = {}
    stars: list[str] = []
    for statement in body.tree.body:
        match statement:
            case ast.Import(names=aliases):
                for alias in aliases:
                    name = alias.asname or alias.name.partition(".")[0]
                    line = ast.unparse(ast.Import(names=[alias]))
                    own.setdefault(name, {})[line] = None
            case ast.ImportFrom(module=module, names=aliases, level=level) if module != "__future__":
                base = here[: len(here) - level + 1] if level else []
                absolute = ".".join([*base, *([module] if module else [])])
                for alias in aliases:
                    line = ast.unparse(ast.ImportFrom(module=absolute, names=[alias], level=0))
                    if absolute and alias.name == "*":
                        stars.append(line)
                    elif absolute:
                        own.setdefault(alias.asname or alias.name, {})[line] = None
    defined = _bound(body.tree)
    from_module = sorted(name for name in used if name in defined and name not in own)
    lines = [*stars, *(line for name in own if name in used for line in own[name])]
    if from_module:
        lines.append(f"from {function.module} import {', '.join(from_module)}")
    if function.folder and lines:
        yield "import sys"
        yield f"sys.path.insert(0, {function.folder!r})"
    yield from lines


def _used(body: _Body) -> set[str]:
    """Names of the module that the function's body and its defaults use."""
    arguments = body.node.args
    defaults = [*arguments.defaults, *(value for value in arguments.kw_defaults if value is not None)]
    used = {node.id for default in defaults for node in ast.walk(default) if isinstance(node, ast.Name)}
    try:
        table = symtable.symtable("\n".join(body.text.lines) + "\n", "<module>", "exec")
    except (SyntaxError, ValueError, RecursionError):  # no Python after all: say what can be said
        return used | {node.id for node in ast.walk(body.node) if isinstance(node, ast.Name)}
    lines = {body.node.lineno, first_line(body.node)}
    todo = [each for each in table.get_children() if each.get_name() == body.node.name and each.get_lineno() in lines]
    while todo:
        scope = todo.pop()
        used.update(symbol.get_name() for symbol in scope.get_symbols() if symbol.is_global())
        todo += scope.get_children()
    return used


def _bound(tree: ast.Module) -> set[str]:
    """Names that the module's top level binds."""
    found: set[str] = set()
    todo: list[ast.AST] = list(tree.body)
    while todo:
        node = todo.pop()
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
                continue
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                found |= {alias.asname or alias.name.partition(".")[0] for alias in aliases if alias.name != "*"}
            case ast.Name(id=name, ctx=ast.Store()):
                found.add(name)
            case ast.Lambda():
                continue
        todo += ast.iter_child_nodes(node)
    return found


def _defaults(body: _Body, binding: Binding) -> Iterator[str]:
    given = {*binding.params, "product", *(["upstream"] if binding.upstream is not None else [])}
    arguments = body.node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    values: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    values += arguments.defaults
    named = [*zip(positional, values, strict=True), *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    for argument, value in named:
        if argument.arg in given:
            continue
        if value is not None:
            with suppress(RecursionError, ValueError):  # hundreds of terms, thousands of digits
                yield f"{argument.arg} = {ast.unparse(value)}"
        elif argument.arg == "upstream":
            yield "upstream = {}"
    if arguments.kwarg is not None:
        names = {argument.arg for argument, _ in named}
        rest: dict[str, Value] = {name: value for name, value in binding.params.items() if name not in names}
        try:
            yield assignment(arguments.kwarg.arg, rest, "python")
        except ValueError:
            return


# --- Saving -------------------------------------------------------------------------------


def save_function(notebook: NotebookNode, content: bytes, path: Path, name: str) -> bytes:
    """The module with the cells as the body of the function; `content` itself when nothing was edited.

    Our additions must have been taken out (`injection.strip`). Outside of the body no byte
    changes, inside of it only lines that were edited. Cells that are no code become comments.

    Raises:
        SourceError: As `open_function`, and when the cells are no Python that can be a body.
    """
    body = _body(content, path, name)
    sources = [source for cell in notebook.cells if (source := _source(cell.cell_type, cell.source))]
    if sources == body.sources:
        return content
    known = {source: list(body.shown[slice(*cell)]) for source, cell in zip(body.sources, body.cells, strict=True)}
    fresh = [known.get(source) or _read_cell(source, index, path) for index, source in enumerate(sources)]
    wanted: list[tuple[str, list[_Line]]] = list(zip(sources, fresh, strict=True))
    if not any(_says(source) for source in sources):
        wanted.append(("pass", [("pass", False)]))
    for lines in (_merged(body, wanted), _anew(body, wanted)):
        text = [*_raw(body.text, 0, body.first), *lines, *_raw(body.text, body.stop, None)]
        whole = [(line, end or body.text.end) for line, end in text]
        changed = body.text.encode(body.text.with_lines(whole), path)
        if _holds(changed, path, name, body, [source for source, _ in wanted]):
            _check_compiles(changed, content, path)
            return changed
    raise SourceError(
        path, "The cells do not make up the body of a function.", "Look for a line that ends with a backslash."
    )


def _source(kind: str, source: str) -> str:
    """What a cell says, without blank lines around it; text as comments."""
    lines = re.split(r"\r\n|\r|\n", source)
    while lines and not lines[0].strip(" \t\f"):
        del lines[0]
    while lines and not lines[-1].strip(" \t\f"):
        del lines[-1]
    if kind != "code":
        lines = [f"# {line}".rstrip() for line in lines]
    return "\n".join(lines)


def _says(source: str) -> bool:
    try:
        return bool(ast.parse(source).body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True


def _read_cell(source: str, index: int, path: Path) -> list[_Line]:
    try:
        with unwarned():
            ast.parse(source)
        inside = _inside_strings(source.split("\n"))
    except (SyntaxError, ValueError, RecursionError, MemoryError, tokenize.TokenError) as error:
        line = (error.lineno if isinstance(error, SyntaxError) else None) or 1
        said = error.msg if isinstance(error, SyntaxError) else str(error)
        text = (source.split("\n")[line - 1 : line] or [""])[0].strip()
        hint = "Mend the cell and save again."
        if text.startswith(("%", "!", "?")) or text.endswith("?"):
            hint = "Magics and shell commands cannot stand in a function: take them out and save again."
        raise SourceError(
            path, f"In cell {index + 1} of the function, line {line} is no Python: {said}.", hint
        ) from error
    return [(line, number in inside) for number, line in enumerate(source.split("\n"))]


def _raw(text: SourceText, start: int, stop: int | None) -> list[_Raw]:
    return list(zip(text.lines[start:stop], text.ends[start:stop], strict=True))


def _merged(body: _Body, wanted: Sequence[tuple[str, list[_Line]]]) -> list[_Raw]:
    """The lines of the new body; those that say what they said keep their bytes, blank lines between cells too."""
    raw, blank = body.raw, [("", body.text.end)]
    before = body.cells[0][0] if body.cells else 0
    lines = raw[:before]
    previous: int | None = None

    def gap(old: int | None, new: int) -> list[_Raw]:
        if new == 0:
            return []
        found = raw[body.cells[old - 1][1] : body.cells[old][0]] if old else []
        return found if old and previous == old - 1 else found or blank

    for tag, a, b, c, d in _differences(body.sources, [source for source, _ in wanted]):
        if tag == "equal":
            for old, new in zip(range(a, b), range(c, d), strict=True):
                lines += gap(old, new)
                lines += raw[slice(*body.cells[old])]
                previous = old
        elif tag != "delete":
            lines += gap(a if a < b else None, c)
            fresh: list[_Line] = []
            for new in range(c, d):
                old = a + new - c
                between = len(raw[body.cells[old - 1][1] : body.cells[old][0]]) if a < old < b else 1
                fresh += [("", False)] * (between if new > c else 0)
                fresh += wanted[new][1]
            place = slice(body.cells[a][0], body.cells[b - 1][1]) if a < b else slice(0, 0)
            lines += _edited(body, raw[place], body.shown[place], fresh)
            previous = b - 1 if a < b and d - c <= b - a else None
    return lines


def _edited(body: _Body, raw: Sequence[_Raw], shown: Sequence[_Line], fresh: Sequence[_Line]) -> Iterator[_Raw]:
    for tag, a, b, c, d in _differences(shown, fresh):
        if tag == "equal":
            yield from raw[a:b]
        else:
            yield from (_written(line, body) for line in fresh[c:d])


def _differences(old: Sequence[Any], new: Sequence[Any]) -> Iterator[tuple[str, int, int, int, int]]:
    """As `SequenceMatcher.get_opcodes`, in bounded time."""
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    if head:
        yield "equal", 0, head, 0, head
    before, after = old[head : len(old) - tail], new[head : len(new) - tail]
    if len(before) * len(after) > _MOST_COMPARED:
        yield "replace", head, head + len(before), head, head + len(after)
    else:
        for tag, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
            yield tag, head + a, head + b, head + c, head + d
    if tail:
        yield "equal", len(old) - tail, len(old), len(new) - tail, len(new)


def _anew(body: _Body, wanted: Sequence[tuple[str, list[_Line]]]) -> Iterator[_Raw]:
    """The lines of the new body, all written as we write."""
    for index, (source, _) in enumerate(wanted):
        if index:
            yield "", body.text.end
        try:
            inside = _inside_strings(source.split("\n"))
        except (tokenize.TokenError, SyntaxError):
            inside = frozenset()
        for number, line in enumerate(source.split("\n")):
            yield _written((line, number in inside), body)


def _written(line: _Line, body: _Body) -> _Raw:
    text, inside = line
    return (text if inside or not text.strip(" \t\f") else body.indent + text), body.text.end


def _holds(changed: bytes, path: Path, name: str, before: _Body, sources: Sequence[str]) -> bool:
    """Does this module have those cells as that function, and everything else where it was?"""
    try:
        body = _body(changed, path, name)
    except SourceError:
        return False
    rest = len(body.text.lines) - body.stop == len(before.text.lines) - before.stop
    said = [line for source in body.sources for line in source.split("\n") if line.strip()]
    meant = [line for source in sources for line in source.split("\n") if line.strip()]
    return rest and body.first == before.first and body.node.name == before.node.name and said == meant


def _check_compiles(changed: bytes, content: bytes, path: Path) -> None:
    """Refuse what Python takes for a text but not for a function: an `await`, say, in one that is not async."""
    trouble = _compiles(changed)
    if trouble is not None and _compiles(content) is None:
        raise SourceError(path, f"The cells cannot be the body of a function: {trouble}.", "Mend them and save again.")


def _compiles(content: bytes) -> str | None:
    try:
        with unwarned():
            compile(content, "<module>", "exec", dont_inherit=True)
    except SyntaxError as error:
        return error.msg
    except (ValueError, RecursionError, MemoryError):
        return None  # too much to be told
    return None
