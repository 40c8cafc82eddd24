"""A `ScriptRunner` task: its source with the values filled in, in pieces that know where they are from."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cauce.contract import CellError, Where
from cauce.engine.executors import Job
from cauce.engine.executors.failure import lines_of, locate
from cauce.engine.executors.request import task_of
from cauce.engine.injection import inject, is_injected, language_of
from cauce.engine.notebook import SourceError, read_notebook

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["Unrunnable", "script_request"]

_MAGIC = re.compile(r"^[ \t]*(?:%{1,2}[A-Za-z]|!\S).*$", re.MULTILINE)


class Unrunnable(Exception):
    """The source cannot be run as a script."""

    def __init__(self, error: CellError) -> None:
        super().__init__(error.message)
        self.error = error


def script_request(job: Job) -> dict[str, Any]:
    """What the verb `script` is asked: ``pieces`` of ``{"code", "file", "line"}`` to run one after the other.

    Raises:
        Unrunnable: The source cannot be read as code, or holds magics, which only notebooks have.
    """
    try:
        notebook = inject(read_notebook(job.content, job.source), job.binding)
    except SourceError as error:
        where = Where(path=job.spec.source, line=error.line)
        message = f"{error.message} {error.hint}".strip()
        raise Unrunnable(CellError(name="SourceError", message=message, where=where)) from error
    language = language_of(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    own = [str(cell.source) for cell in cells if not is_injected(cell)]
    at = next(index for index, cell in enumerate(cells) if is_injected(cell))
    lines = lines_of(job.content)
    if language == "python":
        _refuse_magics(job, own, lines)
    pieces = _split(job, lines, own, at, cells[at]) if job.source.suffix == ".py" and lines is not None else None
    folder = str(job.source.parent)
    return task_of(job) | {
        "language": language,
        "folder": folder,
        "pieces": _by_cells(job, cells) if pieces is None else pieces,
    }


def _split(
    job: Job, lines: list[str], own: Sequence[str], at: int, injected: NotebookNode
) -> list[dict[str, Any]] | None:
    """The text as it is, with the values where they belong; None when that place cannot be told for certain."""
    after = 0
    if at > 0:
        first = locate(lines, own, at - 1)
        if first is None:
            return None
        after = first - 1 + len(own[at - 1].split("\n"))
    file = str(job.source)
    return [
        {"code": "\n".join(lines[:after]) + "\n", "file": file, "line": 1},
        {"code": injected.source, "file": "<values filled in>", "line": 1},
        {"code": "\n".join(lines[after:]) + "\n", "file": file, "line": after + 1},
    ]


def _by_cells(job: Job, cells: Sequence[NotebookNode]) -> list[dict[str, Any]]:
    name = Path(job.spec.source).name
    return [
        {"code": f"{cell.source}\n", "file": f"<{name}, code cell {number}>", "line": 1}
        for number, cell in enumerate(cells, start=1)
    ]


def _refuse_magics(job: Job, own: Sequence[str], lines: list[str] | None) -> None:
    for index, cell in enumerate(own):
        magic = _MAGIC.search(cell)
        if magic is None or _parses(cell):
            continue
        first = None if lines is None or job.source.suffix == ".ipynb" else locate(lines, own, index)
        line = None if first is None else first + cell[: magic.start()].count("\n")
        raise Unrunnable(
            CellError(
                name="SyntaxError",
                message=f"'{magic[0].strip()}' is a magic, which only notebooks have. Remove it, or remove "
                "'class: ScriptRunner' to run the task as a notebook.",
                where=Where(path=job.spec.source, line=line),
            )
        )


def _parses(code: str) -> bool:
    try:
        ast.parse(code)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return True
