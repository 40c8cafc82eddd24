"""What Ploomber wrote beside its products, read once: a project that it has built starts up to date.

Beside ``out/data.csv`` lies ``out/.data.csv.metadata``, JSON with the time at which the task was
through, its source code and its parameters. If those are still the task's, and nothing it
needs was made later, its products count as made from what is there now; else the task is stale because
of what differs. As soon as Cauce has an attempt of its own at a task, these files mean nothing any more, and they
are never written.

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

from cauce.engine.cellcode import read_cell
from cauce.engine.files import open_regular, read_inside, real_path
from cauce.engine.fingerprint import Fingerprint, canonical
from cauce.engine.injection import INJECTED_TAG, language_of, tags_of
from cauce.engine.notebook import SourceError, read_notebook
from cauce.engine.source import MAX_CODE, Code
from cauce.engine.spec.model import TaskSpec

__all__ = ["Record", "read_record"]

_LIMIT = 5_000_000
_RESOURCE_LIMIT = 50_000_000
_MAX_FUNCTION = 200_000
"""Characters of a recorded function: parsing takes seconds and gigabytes for some millions."""
_DEBUGGING_TAG = "debugging-settings"
_OTHER = Code("", "", "")
"""Equal to no code that is there."""
_TOLERANCE = 10.0
"""Seconds: copying a project writes the two in any order."""


@dataclass(frozen=True)
class Record:
    """What Ploomber recorded of the last success of one task."""

    time: float
    """Seconds since the epoch: when the first of its products was recorded."""
    fingerprint: Fingerprint
    """What it followed from then, as far as that was recorded; the rest is as it is now."""


class _File(msgspec.Struct):
    timestamp: float | None = None
    stored_source_code: str | None = None
    params: dict[str, msgspec.Raw] | None = None


_YEAR_10000 = 253_402_300_800
"""In seconds since the epoch: no clock says more."""


def read_record(root: Path, task: TaskSpec, source: bytes, now: Fingerprint) -> Record | None:
    """What vouches for the task's products; None when nothing does.

    Args:
        source: Content of the task's file; not used for a function.
        now: What the task follows from now. Of a function its text is the code, with what that uses of its module.
    """
    if task.kind not in ("notebook", "script", "function") or task.relations or not task.products:
        return None
    files = [_read(root, product.path) for product in task.products if _untouched(root, product.path)]
    found = [file for file in files if file is not None and 0 <= (file.timestamp or -1) < _YEAR_10000]
    if len(found) < len(task.products) or any(file.stored_source_code is None for file in found):
        return None
    then = now
    for code in {file.stored_source_code or "" for file in found}:
        same = _same_function(code, now.text) if task.kind == "function" else _same_cells(code, source, task.source)
        if not same:
            then = msgspec.structs.replace(then, code=_OTHER, text=code)
    for file in found:
        params = then if file.params is None else _with_params(root, task, then, file.params)
        if params is None:
            return None
        then = params
    return Record(min(file.timestamp for file in found if file.timestamp is not None), then)


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


def _with_params(root: Path, task: TaskSpec, now: Fingerprint, then: Mapping[str, msgspec.Raw]) -> Fingerprint | None:
    """With the parameters as recorded, where a resource is its content; None when that cannot be told."""
    try:
        recorded = {name: msgspec.json.decode(raw) for name, raw in then.items()}
    except (msgspec.MsgspecError, RecursionError):
        return None
    hashes = recorded.pop("resources_", {})
    if not isinstance(hashes, dict):
        return None
    resources = dict.fromkeys(hashes.keys() - task.resources.keys(), "")
    for name, path in task.resources.items():
        if name in hashes:
            same = hashes[name] == _md5(root, path)
            resources[name] = now.resources.get(name, "") if same else ""
    params = {
        name: canonical(task.params[name] if name in task.params and value == task.params[name] else value)
        for name, value in recorded.items()
    }
    return msgspec.structs.replace(now, params=params, resources=resources)


def _md5(root: Path, path: str) -> str | None:
    """Ploomber's choice of a hash."""
    try:
        with open_regular(real_path(root, path), follow=False) as stream:
            content = stream.read(_RESOURCE_LIMIT + 1)
    except OSError:
        return None
    return hashlib.md5(content, usedforsecurity=False).hexdigest() if len(content) <= _RESOURCE_LIMIT else None


def _same_cells(code: str, source: bytes, path: str) -> bool:
    """Do the cells do what the recorded ones did?

    All of them are recorded, Markdown too, one after another. Code is compared as our own state compares it, where
    what is recorded can be told from Markdown; else to the letter.
    """
    try:
        notebook = read_notebook(source, Path(path))
        cells = [
            (cell.cell_type == "code", str(cell.source))
            for cell in notebook.cells
            if not {INJECTED_TAG, _DEBUGGING_TAG}.intersection(tags_of(cell))
        ]
        python = language_of(notebook) == "python" and Path(path).suffix.lower() not in {".r", ".rmd"}
    except (SourceError, AttributeError, KeyError, TypeError):
        return False
    if _lines(code) == _lines("\n".join(text for _, text in cells)):
        return True
    if not python or len(code) > MAX_CODE:
        return False
    for is_code, text in cells:
        if not is_code and text.strip():
            code = f"\n{code}\n".replace(f"\n{text}\n", "\n", 1)
    then, now = read_cell(code), read_cell("\n".join(text for is_code, text in cells if is_code))
    return then.tree is not None and now.tree is not None and then.normal == now.normal


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
