"""A notebook or script as the cells that a split works on. Pure: bytes in, nothing of the notebook runs."""

from __future__ import annotations

import json
from pathlib import Path

from cauce.engine.codesize import too_much_code
from cauce.engine.errors import UsageError
from cauce.engine.injection import language_of, tags_of
from cauce.engine.notebook import SourceError, read_notebook
from cauce.engine.refactor.model import Book, Cell
from cauce.engine.refactor.reading.headings import headings_of
from cauce.engine.source import MAX_CODE, TOO_LARGE_HINT, digest, source_limit

__all__ = ["read_book"]

_SUFFIXES = (".ipynb", ".py", ".md", ".ipy")


def read_book(content: bytes, path: str) -> Book:
    """The notebook in these bytes.

    Raises:
        UsageError: It is none, is too large, or is not in Python.
    """
    if not path.endswith(_SUFFIXES):
        raise UsageError(
            f"{path} is no notebook.", hint="Choose an .ipynb, or a .py or .md that jupytext reads as one."
        )
    if len(content) > source_limit(path):
        raise UsageError(f"{path} is too large to be split.", hint=TOO_LARGE_HINT)
    try:
        notebook = read_notebook(content, Path(path))
    except SourceError as error:
        raise UsageError(f"{path}: {error.message}", hint=error.hint) from error
    try:
        language = language_of(notebook)
        metadata = json.loads(json.dumps(notebook.metadata, default=str))
        cells = tuple(
            Cell(
                number,
                cell.cell_type,
                str(cell.source).replace("\r\n", "\n").replace("\r", "\n"),
                tuple(tags_of(cell)),
            )
            for number, cell in enumerate(notebook.cells)
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{path} has metadata that make no sense.", hint="Save it again in JupyterLab.") from error
    if language not in {"python", "ipython"}:
        raise UsageError(
            f"{path} is written in {language}: only Python can be split.",
            hint="Use it as a single task: 'cauce create' makes a pipeline of it.",
        )
    code = [cell.text for cell in cells if cell.kind == "code"]
    if sum(map(len, code)) > MAX_CODE or too_much_code("\n".join(code)):
        raise UsageError(f"There is too much code in {path} to be split.", hint=TOO_LARGE_HINT)
    headings = tuple(
        heading for cell in cells if cell.kind == "markdown" for heading in headings_of(cell.text, cell.number)
    )
    identity = digest(json.dumps(code).encode())
    return Book(path, cells, headings, "python", metadata, identity)
