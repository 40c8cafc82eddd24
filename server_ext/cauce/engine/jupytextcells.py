"""The cells that jupytext makes of a text, checked once all of them are there rather than each by itself.

nbformat's functions that make a cell check it against the schema with its slow validator, which is half of the
time that reading a script takes. The notebook that jupytext then puts them into is checked as a whole, by the quick
one.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import nbformat
from nbformat import NotebookNode

__all__ = ["hasten_jupytext"]

_node: Callable[..., NotebookNode] = nbformat.NotebookNode  # which has no types


@cache
def hasten_jupytext() -> None:
    """Have jupytext make cells with our functions, in this process, from now on."""
    import jupytext  # noqa: F401 - to have been imported
    from nbformat.v4 import nbbase

    for module_name, module in list(sys.modules.items()):
        if module_name.startswith("jupytext."):
            for name, function in _OURS.items():
                if getattr(module, name, None) is getattr(nbbase, name):
                    module.__dict__[name] = function


def _code(source: str = "", **more: Any) -> NotebookNode:
    return _made("code", source, {"execution_count": None, "outputs": []}, more)


def _markdown(source: str = "", **more: Any) -> NotebookNode:
    return _made("markdown", source, {}, more)


def _raw(source: str = "", **more: Any) -> NotebookNode:
    return _made("raw", source, {}, more)


def _made(kind: str, source: str, rest: dict[str, Any], more: dict[str, Any]) -> NotebookNode:
    cell = _node(id=secrets.token_hex(4), cell_type=kind, metadata=_node(), source=source, **rest)
    update: Callable[..., None] = cell.update
    update(more)
    return cell


_OURS = {"new_code_cell": _code, "new_markdown_cell": _markdown, "new_raw_cell": _raw}
