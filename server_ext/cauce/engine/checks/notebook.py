"""Notebooks and scripts in Python: syntax, undefined names, parameters that do not match.

As tasks (`check_notebook`), or by themselves (`check_alone`).
"""

from __future__ import annotations

import ast
import keyword
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

from cauce.contract import Mistake, Problem, Where
from cauce.engine.cellcode import CellCode, read_cell
from cauce.engine.checks.magics import IPYTHON_NAMES, bound_by, from_history, magic_calls, parsed, transformed
from cauce.engine.checks.words import MOST, defined_elsewhere, given_to, listed, problem, told
from cauce.engine.errors import UsageError
from cauce.engine.executors.failure import lines_of, locate_all
from cauce.engine.injection import INJECTED_TAG, PARAMETERS_TAG, language_of, place_of_injected, tags_of
from cauce.engine.notebook import SourceError, read_notebook
from cauce.engine.spec.model import StaticAnalysis, TaskSpec

__all__ = ["check_alone", "check_notebook"]

MAX_CODE = 200_000
"""Characters that are checked; as much takes about a second."""
_OTHER_KERNELS = ("ir", "xr", "julia", "bash", "scala", "deno", "javascript", "octave", "sas", "stata", "rust", "go")
_PYTHON = frozenset({"python", "ipython"})
_IN_TEXT = re.compile(r"[@{$:]\s*([^\W\d]\w*)")
"""How a name is used within a text: `query("a > @limit")`, `"{limit}"`."""
_DECLARE = "Did you forget to declare what the task needs? Write upstream = ['task'] in the parameters cell."
_GIVE = "Did you forget to declare what the task needs? Give 'upstream' in pipeline.yaml."
_ELSEWHERE = "Define or import it. If another file does that, import it from there."
_ESCAPES = re.compile(r"^(?:[/,;]|>>>|In \[)", re.MULTILINE)
"""What IPython takes for a call, or takes away, though it is no magic."""


def check_notebook(content: bytes, task: TaskSpec, *, needs: bool) -> tuple[Problem, ...]:
    """What is wrong with the source of a notebook or script task; nothing when it is not Python.

    Args:
        needs: Whether the task is given `upstream`.
    """
    mode = task.notebook.static_analysis
    if mode == "disable":
        return ()
    source = _Source.read(content, task)
    if source is None:
        return ()
    broken = [each.problem() for each in islice(source.syntax_errors(), MOST)]
    if broken:
        return tuple(broken)
    given = (*given_to(task), *(["upstream"] if needs else []), "product")
    found = islice(source.mistakes(given), MOST)
    return (*(each.problem() for each in found), *source.parameters(mode))


def check_alone(content: bytes, path: str) -> tuple[Mistake, ...]:
    """What is wrong with a notebook or script that is no task, or is looked at as though it were none: all of it.

    Raises:
        UsageError: It cannot be checked: it is not Python, or too long.
        SourceError: It cannot be read.
    """
    notebook = read_notebook(content, Path(path))
    language = language_of(notebook)
    if language not in _PYTHON:
        raise UsageError(f"{path} is written in {language}.", hint="Only Python can be checked.")
    task = TaskSpec(path, "notebook", path, (), (), {}, None, Where(path=path))
    source = _Source.read(content, task, alone=True)
    if source is None:
        raise UsageError(
            f"{path} holds more than {MAX_CODE:,} characters of code.", hint="Split it to have it checked."
        )
    found = list(source.syntax_errors()) or list(source.mistakes(()))
    return tuple(each.mistake(path) for each in found)


@dataclass(frozen=True)
class _Spot:
    """A place in the code, line and column from 1."""

    where: Where
    """In the file, where its lines are those of the file."""
    cell: int
    """Among all cells, from 0."""
    line: int
    """Within the cell."""
    column: int

    @property
    def prefix(self) -> str:
        """What a message begins with, so that it says what `where` cannot."""
        return f"Cell {self.cell + 1}, line {self.line}: " if self.where.line is None else ""


@dataclass(frozen=True)
class _Found:
    """Something wrong."""

    code: str
    message: str
    hint: str
    spot: _Spot
    sure: bool = True

    def problem(self) -> Problem:
        return problem(self.code, f"{self.spot.prefix}{self.message}", self.hint, self.spot.where, sure=self.sure)

    def mistake(self, path: str) -> Mistake:
        line = self.spot.where.line
        return Mistake(
            code=self.code,
            message=self.message,
            severity="error" if self.sure else "warning",
            hint=self.hint,
            path=path,
            cell=self.spot.cell if line is None else None,
            line=self.spot.line if line is None else line,
            column=self.spot.column,
        )


@dataclass(frozen=True)
class _Cell:
    """A code cell that is run."""

    number: int
    """Among all code cells, from 0."""
    place: int
    """Among all cells, from 0."""
    text: str
    code: CellCode
    tags: frozenset[str]

    @property
    def python(self) -> bool:
        """Is it Python, or meant to be?"""
        return self.code.tree is not None or not self.code.heads or self.code.text.strip() == ""

    @cached_property
    def first(self) -> int:
        """Lines of the cell before what `code.text` holds."""
        return self.text.count("\n") - self.code.text.count("\n") if self.code.heads else 0

    @cached_property
    def indent(self) -> int:
        """By how many columns the cell is indented as a whole."""
        line = next((line for line in self.text.split("\n") if line.strip()), "")
        return len(line) - len(line.lstrip(" \t"))

    @cached_property
    def parsed(self) -> tuple[ast.Module | None, SyntaxError | None]:
        """The syntax tree, with lines as in `code.text`; or what is wrong."""
        if self.code.tree is not None:
            return self.code.tree, None
        # Ours takes a cell line by line; IPython has the last word before anything is called an error.
        python = transformed(self.code.text)
        if python is None:
            return None, None
        text = self.code.text
        blank = len(text) - len(text.lstrip("\n"))
        tree, error = parsed(python)
        above = text[:blank].count("\n")  # IPython takes blank lines away
        if error is not None:
            error.lineno = (error.lineno or 1) + above
        return None if tree is None else ast.increment_lineno(tree, above), error


@dataclass(frozen=True)
class _Source:
    """A source, taken apart."""

    task: TaskSpec
    content: bytes
    cells: tuple[_Cell, ...]
    texts: tuple[str, ...]
    """Of all code cells, also those that are not run."""
    injected: int
    """Before which cell (among all) the injected one comes."""
    foreign: bool
    """Is it run by a Python that may be another than ours?"""
    alone: bool
    """Is it looked at as no task?"""

    @staticmethod
    def read(content: bytes, task: TaskSpec, *, alone: bool = False) -> _Source | None:
        kernel = task.notebook.kernel
        if (kernel or "").lower().startswith(_OTHER_KERNELS):
            return None
        try:
            notebook = read_notebook(content, Path(task.source))
            if language_of(notebook) not in _PYTHON:
                return None
            own = notebook.metadata.get("kernelspec", {}).get("name")
            code = [(place, cell) for place, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
            texts = tuple(str(cell.source) for _, cell in code)
            if sum(map(len, texts)) > MAX_CODE:
                return None
            cells = tuple(
                _Cell(number, place, text, read_cell(text), frozenset(tags_of(cell)))
                for number, ((place, cell), text) in enumerate(zip(code, texts, strict=True))
                if "skip-execution" not in tags_of(cell)
            )
            injected = place_of_injected(notebook)
        except (SourceError, AttributeError, KeyError, TypeError):  # said where the source is read
            return None
        foreign = (kernel or own or "python3") != "python3"
        return _Source(task, content, cells, texts, injected, foreign, alone)

    # --- Syntax

    @cached_property
    def _whole(self) -> bool:
        """Would all cells as one be Python? jupytext breaks a script at blank lines where no cells are marked."""
        return parsed("\n\n".join(self.texts))[0] is not None

    def syntax_errors(self) -> Iterator[_Found]:
        if self.task.kind == "script" and self._whole:
            return  # it is run as a whole
        for cell in self.cells:
            error = cell.parsed[1] if cell.python else None
            if error is None or "raises-exception" in cell.tags:
                continue
            what = re.sub(r" \(detected at line \d+\)| on line \d+", "", error.msg or "invalid syntax")
            sure = not self.foreign and _ESCAPES.search(cell.code.text) is None
            spot = self._spot(cell, error.lineno or 1, max(0, (error.offset or 1) - 1))
            if self._whole:
                hint = "A blank line has ended the cell in the middle of it: mark where cells begin with '# %%'."
            else:
                hint = "Mend it." if sure or self.alone else "Mend it, or set 'static_analysis: disable' for the task."
            yield _Found("check_syntax", f"This is not valid Python: {what}.", hint, spot, sure)

    # --- Names

    def mistakes(self, given: Sequence[str]) -> Iterator[_Found]:
        """`given` are the names that the injected cell gives."""
        from cauce.engine.checks.names import find_mistakes

        magics: list[str] = []
        anything = False
        body: list[ast.stmt] = []
        starts: list[int] = []
        cells: list[_Cell | None] = []
        line = 0
        injected = ast.parse("".join(f"{name} = None\n" for name in given if _assignable(name)))
        waiting = True
        for cell in self.cells:
            if waiting and cell.place >= self.injected:
                waiting = False
                body += ast.increment_lineno(injected, line).body
                starts.append(line)
                cells.append(None)
                line += len(given) + 1
            magics += [*cell.code.heads, *cell.code.magics]
            tree = cell.parsed[0] if cell.python else None
            if tree is None:
                anything = anything or (cell.python and bool(cell.text.strip()))
                continue
            called, other = magic_calls(tree)
            magics += called
            anything = anything or other > 0
            starts.append(line)
            cells.append(cell)
            body += ast.increment_lineno(tree, line).body
            line += cell.code.text.count("\n") + 2
        bound = bound_by(magics)
        anything = anything or bound.anything or defined_elsewhere(body)
        known = IPYTHON_NAMES | bound.names | {"_magic_"}
        found, defined = find_mistakes(body, known, notebook=self.task.kind == "notebook")
        said: set[tuple[str, str]] = set()
        for finding in found:
            index = bisect_right(starts, finding.line - 1) - 1
            at = cells[index]
            if at is None or "raises-exception" in at.tags or (finding.kind, finding.name) in said:
                continue
            if finding.kind == "undefined" and from_history(finding.name):
                continue
            said.add((finding.kind, finding.name))
            within = finding.line - starts[index]
            lines = at.code.text.split("\n")
            before = lines[within - 1].encode()[: finding.column] if within <= len(lines) else b""
            spot = self._spot(at, within, len(before.decode("utf-8", "replace")))
            upstream = _DECLARE if self.task.upstream is None else _GIVE
            unseen = {"unseen": _ELSEWHERE} if self.alone else {}
            code, message, hint = told(finding, [*defined, *given_to(self.task)], upstream=upstream, **unseen)
            if finding.kind == "undefined" and finding.name in given:
                message = f"The parameter '{finding.name}' is used before it is given."
                hint = "Its value comes after the parameters cell: give it a default there, or use it further down."
            yield _Found(code, message, hint, spot, finding.sure and not (anything and finding.name))

    # --- Parameters

    def parameters(self, mode: StaticAnalysis) -> Iterator[Problem]:
        cell = next((cell for cell in self.cells if PARAMETERS_TAG in cell.tags), None)
        if mode == "strict":
            yield from self._differing(cell)
            return
        unused = self._unused(cell)
        if unused:
            one = len(unused) == 1
            yield problem(
                "check_params_unused",
                f"{'This parameter is' if one else 'These parameters are'} not used in {self.task.source}: "
                f"{listed(unused)}.",
                f"Use {'it' if one else 'them'}, or remove {'it' if one else 'them'} from 'params'.",
                None,
                sure=False,
            )

    def _differing(self, cell: _Cell | None) -> Iterator[Problem]:
        from cauce.engine.checks.names import assigned_names

        tree = None if cell is None else cell.parsed[0]
        declared = dict.fromkeys(assigned_names(tree.body if tree is not None else []))
        for name in ("upstream", "product"):
            declared.pop(name, None)
        missing = [name for name in declared if name not in given_to(self.task)]
        unexpected = [name for name in given_to(self.task) if name not in declared]
        if not missing and not unexpected:
            return
        words = []
        if missing:
            words.append(f"the cell has {listed(missing)}, which 'params' does not give")
        if unexpected:
            words.append(f"'params' gives {listed(unexpected)}, which the cell does not have")
        spot = None if cell is None else self._spot(cell, 1, 0)
        yield problem(
            "check_params",
            f"{spot.prefix if spot else ''}The parameters cell and 'params' do not match: {'; '.join(words)}.",
            "Make them equal (a default of None will do), or set 'static_analysis: regular' for the task.",
            Where(path=self.task.source) if spot is None else spot.where,
        )

    def _unused(self, parameters: _Cell | None) -> list[str]:
        used: set[str] = set()
        magics: list[str] = []
        body: list[ast.stmt] = []
        for cell in self.cells:
            tree = cell.parsed[0] if cell.python else None
            magics += [*cell.code.heads, *cell.code.magics]
            if tree is None:
                used.update(re.findall(r"\w+", cell.text))
                continue
            called, other = magic_calls(tree)
            magics += called
            if other:
                return []
            body += tree.body
            if cell is not parameters and INJECTED_TAG not in cell.tags:
                used.update(_augmented(tree))
            used.update(_read(tree))
        if bound_by(magics).anything or defined_elsewhere(body):
            return []
        for magic in magics:
            used.update(re.findall(r"\w+", magic))
        return [name for name in given_to(self.task) if name not in used and name != "resources_"]

    # --- Places

    @cached_property
    def _lines(self) -> dict[int, int]:
        """Code cell → the line of the file (from 1) where it begins; lacks those that cannot be found."""
        if self.task.source.endswith(".ipynb"):
            return {}
        lines = lines_of(self.content)
        places = [] if lines is None else locate_all(lines, self.texts)
        return {number: line for number, line in enumerate(places) if line is not None}

    def _spot(self, cell: _Cell, line: int, column: int) -> _Spot:
        """The place of a line (from 1) of `cell.code.text` and a column (from 0)."""
        line += cell.first
        column += cell.indent + 1
        where = Where(path=self.task.source)
        if cell.number in self._lines:
            where = Where(path=self.task.source, line=self._lines[cell.number] + line - 1, column=column)
        return _Spot(where, cell.place, line, column)


def _assignable(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name)


def _read(tree: ast.Module) -> Iterator[str]:
    """Names that are read, also within texts."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Load() | ast.Del()):
                yield name
            case ast.Constant(value=str(text)):
                yield from _IN_TEXT.findall(text)


def _augmented(tree: ast.Module) -> Iterator[str]:
    """Names that are changed in place: that uses what they were."""
    for node in ast.walk(tree):
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            yield node.target.id
