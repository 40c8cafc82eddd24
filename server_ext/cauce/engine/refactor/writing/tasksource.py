"""A task's cells as the bytes of a script or notebook. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cauce.engine.notebook import SourceError, cell_id, read_notebook, write_notebook
from cauce.engine.refactor.model import Book
from cauce.engine.refactor.writing.tasktext import TaskCell

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["metadata_for", "task_source"]

_USUAL = "python3"
_KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": _USUAL}
_OF_A_RUN = frozenset({"execution", "ExecuteTime", "papermill", "outputId", "collapsed", "scrolled", "trusted", "tags"})
"""Metadata of a cell that tell how it ran, or how its output was looked at."""


def task_source(cells: Sequence[TaskCell], book: Book, content: bytes, path: Path) -> bytes:
    """The file. Images within Markdown come along into a notebook; a script cannot hold them.

    Raises:
        SourceError: They cannot be written so.
    """
    import nbformat

    from_dict: Callable[..., NotebookNode] = nbformat.from_dict
    own = _own_cells(content, book) if path.suffix == ".ipynb" else {}
    held = []
    for number, cell in enumerate(cells):
        was = own.get(cell.origin) if cell.origin is not None else None
        metadata = {key: value for key, value in (was or {}).get("metadata", {}).items() if key not in _OF_A_RUN}
        if cell.tags:
            metadata["tags"] = list(cell.tags)
        made: dict[str, Any] = {
            "cell_type": cell.kind,
            "id": cell_id(number, cell.kind, cell.text),
            "metadata": metadata,
            "source": cell.text,
        }
        if cell.kind == "code":
            made |= {"execution_count": None, "outputs": []}
        elif was and was.get("attachments"):
            made["attachments"] = was["attachments"]
        held.append(made)
    notebook = from_dict({"cells": held, "metadata": metadata_for(book, path), "nbformat": 4, "nbformat_minor": 5})
    return write_notebook(notebook, None, path)


def metadata_for(book: Book, path: Path) -> dict[str, Any]:
    """The kernel that the notebook asks for: always in a notebook, in a script if it is not the usual one."""
    kernel = book.metadata.get("kernelspec")
    if path.suffix != ".ipynb":
        if isinstance(kernel, dict) and kernel.get("name") != _USUAL:
            return {"kernelspec": deepcopy(kernel), "jupytext": {"notebook_metadata_filter": "kernelspec,-jupytext"}}
        return {"jupytext": {"notebook_metadata_filter": "-all"}}
    found: dict[str, Any] = {"kernelspec": deepcopy(kernel) if isinstance(kernel, dict) else dict(_KERNEL)}
    language = book.metadata.get("language_info")
    return found | ({"language_info": deepcopy(language)} if isinstance(language, dict) else {})


def _own_cells(content: bytes, book: Book) -> dict[int, dict[str, Any]]:
    """Cells of the notebook as its file has them."""
    try:
        return dict(enumerate(read_notebook(content, Path(book.path)).cells))
    except SourceError:
        return {}
