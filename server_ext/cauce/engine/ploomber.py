"""What Ploomber wrote beside its products, read once: a project that it has built starts up to date.

Beside ``out/data.csv`` lies ``out/.data.csv.metadata``, JSON with the time at which the task was
through, its source code and its parameters. If those are still the task's, and nothing it
needs was made later, its products count as made from what is there now. As soon as Cauce has
an attempt of its own at a task, these files mean nothing any more, and they are never written.

Not taken from there: tables and views (their metadata is in the database, which is not opened to
look), SQL and shell scripts (their code is recorded with everything filled in).
"""

from __future__ import annotations

import ast
import hashlib
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import msgspec

from cauce.engine.document import Value
from cauce.engine.files import open_regular, read_inside, real_path
from cauce.engine.injection import INJECTED_TAG, tags_of
from cauce.engine.notebook import SourceError, read_notebook
from cauce.engine.spec.model import TaskSpec

__all__ = ["Record", "read_record"]

_LIMIT = 5_000_000
_RESOURCE_LIMIT = 50_000_000
_MAX_FUNCTION = 200_000
"""Characters of a recorded function: parsing takes seconds and gigabytes for some millions."""
_DEBUGGING_TAG = "debugging-settings"
_TOLERANCE = 10.0
"""Seconds: copying a project writes the two in any order."""


@dataclass(frozen=True)
class Record:
    """What Ploomber recorded of the last success of one task."""

    time: float
    """Seconds since the epoch: when the first of its products was recorded."""


class _File(msgspec.Struct):
    timestamp: float | None = None
    stored_source_code: str | None = None
    params: dict[str, msgspec.Raw] | None = None


def read_record(root: Path, task: TaskSpec, source: bytes, text: str) -> Record | None:
    """What vouches for the task's products; None when nothing does, or the task changed since.

    Args:
        source: Content of the task's file; not used for a function.
        text: Code of a function, with what it uses of its module.
    """
    if task.kind not in ("notebook", "script", "function") or task.relations or not task.products:
        return None
    files = [_read(root, product.path) for product in task.products if _untouched(root, product.path)]
    found = [file for file in files if file is not None and file.timestamp is not None]
    if len(found) < len(task.products):
        return None
    now = _params(root, task)
    if now is None or any(not _same_params(file.params, now) for file in found):
        return None
    codes = {file.stored_source_code for file in found}
    [code, *others] = codes
    if code is None or others:
        return None
    same = _same_function(code, text) if task.kind == "function" else _same_cells(code, source, task.source)
    return Record(min(file.timestamp for file in found if file.timestamp is not None)) if same else None


def _metadata_of(product: str) -> str:
    path = PurePosixPath(product)
    return str(path.with_name(f".{path.name}.metadata"))


def _untouched(root: Path, product: str) -> bool:
    """Is the product no newer than what was recorded after it was made? Else somebody has made another since."""
    try:
        made = real_path(root, product).lstat().st_mtime
        recorded = real_path(root, _metadata_of(product)).lstat().st_mtime
    except OSError:
        return False
    return made <= recorded + _TOLERANCE


def _read(root: Path, product: str) -> _File | None:
    try:
        content = read_inside(root, _metadata_of(product), _LIMIT)
        return None if content is None else msgspec.json.decode(content, type=_File)
    except (OSError, msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None


def _params(root: Path, task: TaskSpec) -> Mapping[str, Value] | None:
    """The parameters as Ploomber writes them: a resource by its content. None when one cannot be told."""
    if task.computed.keys() - task.params.keys():
        return None
    params = {name: value for name, value in task.params.items() if name != "resources_"}
    if not task.resources:
        return params
    hashes: dict[str, Value] = {}
    for name, path in task.resources.items():
        try:
            with open_regular(real_path(root, path), follow=False) as stream:
                content = stream.read(_RESOURCE_LIMIT + 1)
        except OSError:
            return None
        if len(content) > _RESOURCE_LIMIT:
            return None
        hashes[name] = hashlib.md5(content, usedforsecurity=False).hexdigest()  # Ploomber's choice
    return {**params, "resources_": hashes}


def _same_params(then: Mapping[str, msgspec.Raw] | None, now: Mapping[str, Value]) -> bool:
    """Ploomber drops what is no JSON, and compares the rest; one without a record is not compared at all."""
    if then is None:
        return True
    try:
        recorded = {name: msgspec.json.decode(raw) for name, raw in then.items()}
    except (msgspec.MsgspecError, RecursionError):
        return False
    return recorded == dict(now)


def _same_cells(code: str, source: bytes, path: str) -> bool:
    """Are the cells the recorded ones? All of them count there, Markdown too."""
    try:
        notebook = read_notebook(source, Path(path))
        cells = [
            str(cell.source)
            for cell in notebook.cells
            if not {INJECTED_TAG, _DEBUGGING_TAG}.intersection(tags_of(cell))
        ]
    except (SourceError, AttributeError, KeyError, TypeError):
        return False
    return _lines(code) == _lines("\n".join(cells))


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def _same_function(then: str, now: str) -> bool:
    function = _function(then) if len(then) <= _MAX_FUNCTION else None
    before = None if function is None else _dumped(function)
    found = None if function is None else _function(now, function.name)
    return before is not None and found is not None and before == _dumped(found)


def _function(text: str, name: str = "") -> ast.FunctionDef | None:
    """The function that a text begins with, or the last of that name; None where there is none."""
    try:
        tree = ast.parse(textwrap.dedent(text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    for statement in tree.body[:1] if not name else reversed(tree.body):
        if isinstance(statement, ast.FunctionDef) and name in ("", statement.name):
            return statement
    return None


def _dumped(function: ast.FunctionDef) -> str | None:
    """A function without comments, formatting and docstring."""
    if ast.get_docstring(function, clean=False) is not None:
        function.body = function.body[1:]
    try:
        return ast.dump(function)
    except (RecursionError, ValueError):
        return None
