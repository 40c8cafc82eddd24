"""An executed notebook as the bytes of its file: laid out as nbformat does it, in a fraction of the time.

nbformat checks against the schema, copies, and encodes in Python, which for a large notebook stops
everything else for long. What is written here was checked when it was read, and holds nothing
else that is not made by `outputs`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import nbformat
from nbformat import NotebookNode

__all__ = ["saved"]

_OF_LINES = frozenset({"application/javascript", "image/svg+xml"})
_TRANSIENT = frozenset({"orig_nbformat", "orig_nbformat_minor", "signature"})


def saved(notebook: NotebookNode) -> bytes:
    """The whole file. The notebook stays as it is."""
    try:
        compact = msgspec.json.encode(_on_disk(notebook), order="sorted")
        return msgspec.json.format(compact, indent=1) + b"\n"
    except (UnicodeEncodeError, RecursionError, TypeError, OverflowError):
        # Half a character (a lone surrogate) in an output must not cost the notebook.
        writes: Callable[[NotebookNode], str] = nbformat.writes
        return f"{writes(notebook)}\n".encode("utf-8", "replace")


def _on_disk(notebook: Mapping[str, Any]) -> dict[str, Any]:
    metadata = {key: value for key, value in notebook["metadata"].items() if key not in _TRANSIENT}
    return {**notebook, "metadata": metadata, "cells": [_cell(cell) for cell in notebook["cells"]]}


def _cell(cell: Mapping[str, Any]) -> dict[str, Any]:
    metadata = {key: value for key, value in cell["metadata"].items() if key != "trusted"}
    found = {**cell, "metadata": metadata, "source": _lines(cell["source"])}
    if "attachments" in cell:
        found["attachments"] = {name: _bundle(bundle) for name, bundle in cell["attachments"].items()}
    if "outputs" in cell:
        found["outputs"] = [_output(output) for output in cell["outputs"]]
    return found


def _output(output: Mapping[str, Any]) -> dict[str, Any]:
    match output["output_type"]:
        case "stream":
            return {**output, "text": _lines(output["text"])}
        case "display_data" | "execute_result":
            return {**output, "data": _bundle(output["data"])}
        case _:
            return {**output}


def _bundle(data: Mapping[str, Any]) -> dict[str, Any]:
    """What is text, in lines, by which versions of a file are compared."""
    return {
        kind: _lines(value) if kind.startswith("text/") or kind in _OF_LINES else value for kind, value in data.items()
    }


def _lines(text: object) -> object:
    return text.splitlines(keepends=True) if isinstance(text, str) else text
