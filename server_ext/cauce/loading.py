"""Products as what they hold: for who sits at a session, and for the project's hooks.

Of the standard library, so that what runs a project's code may have it too; pandas and nbformat are imported
when a file asks for them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

__all__ = ["chosen", "load"]


def chosen(key: str | None, products: Mapping[str, str], notebooks: Collection[str], task: str) -> str:
    """The path of the product that is meant: without a key the only one, or the only one beside the notebook.

    Raises KeyError where there is no such key, or several may be meant.
    """
    if key is None:
        beside = [each for each in products if each not in notebooks]
        choice = beside if len(products) > 1 else list(products)
        key = choice[0] if len(choice) == 1 else None
    if key is None or key not in products:
        raise KeyError(f"Products of {task!r} that are files are: {', '.join(map(repr, products))}.")
    return products[key]


def load(path: Path, task: str, **options: Any) -> Any:
    """Read a file: tables with pandas (with the options), JSON and pickles as what they hold, notebooks and texts.

    Raises FileNotFoundError, and ValueError for a suffix that is not known.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist. Build the task first: cauce build {task}")
    if path.suffix not in _READERS:
        raise ValueError(f"How to read a {path.suffix or 'file without an ending'} is not known: read {path} yourself.")
    return _READERS[path.suffix](path, **options)


def _pandas(reader: str) -> Callable[..., Any]:
    def read(path: Path, **options: Any) -> Any:
        return getattr(import_module("pandas"), reader)(path, **options)

    return read


def _notebook(path: Path) -> Any:
    return import_module("nbformat").read(path, as_version=4)


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


_READERS: dict[str, Callable[..., Any]] = {
    ".csv": _pandas("read_csv"),
    ".feather": _pandas("read_feather"),
    ".parquet": _pandas("read_parquet"),
    ".pickle": _pandas("read_pickle"),
    ".pkl": _pandas("read_pickle"),
    ".ipynb": _notebook,
    ".json": _json,
    **dict.fromkeys((".txt", ".md", ".html", ".log", ".sql"), _text),
}
