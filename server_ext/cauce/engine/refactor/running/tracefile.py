"""What is kept of a notebook that was run, and of how it was split: in the state folder of its folder.

Traces go by the digest of the code that ran, so that an edit leaves none behind that is believed. All of it can be
had again by running the notebook: what cannot be read counts as not there.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import msgspec

from cauce.contract import Split
from cauce.engine.errors import ProjectUnwritable
from cauce.engine.files import read_whole, write_whole
from cauce.engine.refactor.model import Trace
from cauce.engine.statefolder import prepared
from cauce.engine.stateplace import state_folder

__all__ = ["KeptSection", "KeptSplit", "keep_trace", "kept_split", "kept_trace", "remember"]

_FOLDER = "splits"
_LARGEST = 64_000_000
_MOST = 20
"""Traces in a folder; the oldest go."""
_DIGEST = re.compile(r"[0-9a-f]{8,128}")

Kept = TypeVar("Kept")


class KeptSection(msgspec.Struct, frozen=True):
    """A section of the notebook that has become a task."""

    task: str
    first: int
    end: int
    takes: tuple[str, ...] = ()
    """Variables of earlier sections that it loads."""


class KeptSplit(msgspec.Struct, frozen=True):
    """A split as it was written."""

    notebook: str
    """Its file, relative to the pipeline's folder."""
    sections: tuple[KeptSection, ...]
    moved: tuple[str, ...] = ()
    """What has gone into the module of definitions: tasks need not have it any more."""
    cells: int = 0
    """How many the notebook had; 0 where that is not known."""


# --- Traces


def keep_trace(folder: Path, trace: Trace) -> None:
    """Keep the trace of a notebook in `folder`. Raises `ProjectUnwritable`."""
    path = _place(prepared(folder), f"trace-{trace.digest}.json")
    _write(path, trace)
    with contextlib.suppress(OSError):
        traces = sorted(path.parent.glob("trace-*.json"), key=lambda each: each.stat().st_mtime, reverse=True)
        for old in traces[_MOST:]:
            old.unlink(missing_ok=True)


def kept_trace(folder: Path, digest: str) -> Trace | None:
    """What was seen of a notebook in `folder` with exactly this code when it ran."""
    if not _DIGEST.fullmatch(digest):
        return None
    trace = _read(_place(state_folder(folder), f"trace-{digest}.json"), Trace)
    return trace if trace is not None and trace.digest == digest else None


# --- Splits


def remember(root: Path, pipeline: str, notebook: str, split: Split, moved: Iterable[str] = ()) -> None:
    """Take note of what became of a notebook's sections: what a proof compares by.

    `root` is the pipeline's folder, `pipeline` the file's name, `notebook` relative to the folder; `moved` see
    `KeptSplit`: constants; functions and classes are in the split. That it cannot be written is no reason not to split.
    """
    sections = tuple(
        KeptSection(
            task.name,
            task.first,
            task.end,
            tuple(each.name for edge in split.edges if edge.target == task.name for each in edge.variables if each.id),
        )
        for task in split.tasks
    )
    gone = (*moved, *(each.name for each in split.definitions if each.goes != "copied"))
    with contextlib.suppress(ProjectUnwritable):
        _write(_place(prepared(root), _named("split", pipeline)), KeptSplit(notebook, sections, gone, len(split.cells)))


def kept_split(root: Path, pipeline: str) -> KeptSplit | None:
    """How the notebook was split that this pipeline was made of."""
    return _read(_place(state_folder(root), _named("split", pipeline)), KeptSplit)


# --- Inside


def _place(state: Path, name: str) -> Path:
    return state / _FOLDER / name


def _named(what: str, pipeline: str) -> str:
    """A file's name for whatever a pipeline's file is called."""
    return f"{what}-{hashlib.blake2b(pipeline.encode('utf-8', 'surrogateescape'), digest_size=8).hexdigest()}.json"


def _write(path: Path, value: msgspec.Struct) -> None:
    try:
        if path.parent.is_symlink():
            raise ProjectUnwritable(f"{path.parent} is a symbolic link, which is not followed.", hint="Remove it.")
        path.parent.mkdir(mode=0o700, exist_ok=True)
        write_whole(path, msgspec.json.encode(value))
    except OSError as error:
        raise ProjectUnwritable(
            f"Cannot write {path}: {error.strerror}.", hint="Make room, or make the folder writable."
        ) from error


def _read(path: Path, kind: type[Kept]) -> Kept | None:
    try:
        if path.parent.is_symlink():
            return None
        return msgspec.json.decode(read_whole(path, _LARGEST, follow=False), type=kind)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
