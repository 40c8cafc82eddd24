"""Code cells laid out as a formatter does it; what they do, and all else in the file, stays as it is.

Pure: the formatter is handed in. It sees one cell at a time, as Python: magics are put out of its way and come back
afterwards, and so does the semicolon that hides what a cell would show, which formatters take for idle. A cell that
does not mean the same afterwards is left as it was, and named.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cauce.engine.cellcode import CellCode, read_cell, shielded
from cauce.engine.editing.sources import rewritten
from cauce.engine.errors import UsageError
from cauce.engine.injection import language_of
from cauce.engine.notebook import read_notebook

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["Formatter", "Left", "Refused", "Tidied", "tidied"]


@dataclass(frozen=True)
class Refused:
    """A formatter's answer to a text that it cannot format, in its words."""

    why: str


Formatter = Callable[[Sequence[str]], Sequence[str | Refused]]
"""Formats texts, each by itself."""


@dataclass(frozen=True)
class Left:
    """A cell that stays as it is, though it is not known to be in order."""

    cell: int
    """Among all cells, from 0."""
    why: str


@dataclass(frozen=True)
class Tidied:
    """A file as it would be. `content` is the very bytes that it has where nothing is to be changed."""

    content: bytes
    changed: int
    """How many cells differ."""
    left: tuple[Left, ...]


def tidied(content: bytes, path: Path, formatter: Formatter) -> Tidied:
    """The notebook or script with each of its Python cells formatted, in the flavour that it has.

    Raises:
        UsageError: It is not in Python.
        SourceError: It cannot be read or written.
    """
    notebook = read_notebook(content, path)
    if (language := language_of(notebook)) not in ("python", "ipython"):
        raise UsageError(f"{path} is written in {language}.", hint="Only Python can be formatted.")
    left: list[Left] = []
    cells: list[_Cell] = []
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        code = read_cell(cell.source)
        if code.tree is not None:
            python, magics = shielded(code)
            python = _with_end(read_cell(python), "") if code.hides else python
            cells.append(_Cell(number, cell.source, code, python, magics))
        elif not code.heads:
            left.append(Left(number, "it is not valid Python"))
    changed = 0
    for cell, answer in zip(cells, formatter([cell.python for cell in cells]), strict=True):
        text = Refused(answer.why) if isinstance(answer, Refused) else cell.with_text(answer)
        if isinstance(text, Refused):
            left.append(Left(cell.number, text.why))
        elif text != cell.source:
            _put(notebook, cell.number, text)
            changed += 1
    after = rewritten(content, path, notebook) if changed else content
    return Tidied(after, changed, tuple(sorted(left, key=lambda each: each.cell)))


def _put(notebook: NotebookNode, number: int, text: str) -> None:
    notebook.cells[number]["source"] = text


@dataclass(frozen=True)
class _Cell:
    number: int
    source: str
    code: CellCode
    python: str
    """What the formatter gets: a name stands for each magic."""
    magics: dict[str, str]
    """That name → the magic."""

    def with_text(self, formatted: str) -> str | Refused:
        """The cell with what the formatter has made of it."""
        text = formatted.strip("\n")
        for name, magic in self.magics.items():
            if text.count(name) != 1:
                return Refused("its magics do not fit in")
            text = text.replace(name, magic)
        if self.code.hides:
            text = _with_end(read_cell(text), ";")
        text = "\n".join([*self._heads(), text])
        return text if _meaning(read_cell(text)) == _meaning(self.code) else Refused("the formatter would change it")

    def _heads(self) -> list[str]:
        """The lines of cell magics, as they are written."""
        lines = self.source.split("\n")
        count = len(lines) - self.code.text.count("\n") - 1
        return [line.rstrip() for line in lines[:count] if line.strip()] if self.code.heads else []


def _with_end(code: CellCode, end: str) -> str:
    """The code (without cell magics) with this between its last statement and what follows, in place of a semicolon."""
    if code.tree is None or not code.tree.body:
        return code.text
    last = code.tree.body[-1]
    lines = code.text.split("\n")
    at, column = (last.end_lineno or 1) - 1, last.end_col_offset or 0
    line = lines[at].encode("utf-8", "surrogatepass")
    rest = line[column:].lstrip(b" \t")
    rest = rest[1:] if rest.startswith(b";") else line[column:]
    lines[at] = (line[:column] + end.encode() + rest).decode("utf-8", "surrogatepass")
    return "\n".join(lines)


# --- What a cell does -----------------------------------------------------------------------


def _meaning(code: CellCode) -> tuple[str, ...]:
    """Equal for two cells that do the same, as far as formatters go: they lay out docstrings and what is deleted."""
    if code.tree is None:
        return code.normal
    try:
        tree = deepcopy(code.tree)
        for node in ast.walk(tree):
            match node:
                case (
                    ast.FunctionDef(body=[first, *_])
                    | ast.AsyncFunctionDef(body=[first, *_])
                    | ast.ClassDef(body=[first, *_])
                ):
                    _forget_docstring(first)
                case ast.Delete(targets=[ast.Tuple(elts=parts)]):
                    node.targets = parts
        return (*code.heads, ast.dump(tree), *([";"] if code.hides else ()))
    except RecursionError:  # hundreds of terms
        return code.normal


def _forget_docstring(statement: ast.stmt) -> None:
    match statement:
        case ast.Expr(value=ast.Constant(value=str(text)) as constant):
            constant.value = " ".join(text.split())
