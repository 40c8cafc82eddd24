"""A notebook as the one task of a pipeline: as it is if it can be, else a copy. The notebook itself stays as it was.

It is not split and not looked into, so that this works whatever is in it.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from cauce.engine.injection import PARAMETERS_TAG, tags_of, without_injected
from cauce.engine.notebook import cell_id, read_notebook, write_notebook
from cauce.engine.refactor.model import Book
from cauce.engine.refactor.reading.slugs import slug
from cauce.engine.refactor.writing.tasksource import metadata_for

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["Single", "single_task"]

_PARAMETERS = "upstream = None\nproduct = None"


@dataclass(frozen=True)
class Single:
    """The one task."""

    name: str
    path: str
    """Of its source, relative to the project's root."""
    source: bytes | None
    """To be written; None: the notebook is the source."""


def single_task(book: Book, content: bytes, suffix: str, folder: str) -> Single:
    """The notebook as a task; a copy goes into `folder`.

    Raises:
        SourceError: It cannot be written in that format.
    """
    stem = PurePosixPath(book.path).stem
    name = slug(stem) or "notebook"
    same = book.path.endswith(f".{suffix}") and not book.path.startswith("../")
    if same and any(PARAMETERS_TAG in cell.tags for cell in book.cells):
        return Single(name, book.path, None)
    path = f"{folder}/{name}.{suffix}"
    return Single(name, path, _copy(content, book, Path(path)))


def _copy(content: bytes, book: Book, path: Path) -> bytes:
    """The notebook without outputs, with a parameters cell on top unless it has one."""
    import nbformat

    from_dict: Callable[..., NotebookNode] = nbformat.from_dict
    notebook = without_injected(read_notebook(content, Path(book.path)))
    if not any(PARAMETERS_TAG in tags_of(cell) for cell in notebook.cells):
        top: dict[str, object] = {
            "cell_type": "code",
            "execution_count": None,
            "id": cell_id(0, "parameters", book.path),
            "metadata": {"tags": [PARAMETERS_TAG]},
            "outputs": [],
            "source": _PARAMETERS,
        }
        if (notebook.nbformat, notebook.nbformat_minor) < (4, 5):
            del top["id"]
        notebook.cells.insert(0, from_dict(top))
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell["outputs"], cell["execution_count"] = [], None
    if path.suffix != Path(book.path).suffix:
        kept = {key: value for key, value in notebook.metadata.items() if key not in ("jupytext", "kernelspec")}
        notebook["metadata"] = from_dict({**deepcopy(kept), **metadata_for(book, path)})
    return write_notebook(notebook, None, path)
