"""Planned changes, done; and taken back.

    Planned ─► perform ─► files, all or none ─► history moved along ─► a record of what was there ─► its id
                                                                                  │
    undo ◄────────────────────────────────────────────────────────────────────────┘

The record holds the files as they were and as they became. It is of use while they are as they became, and
kept in the state folder: the newest few, none that is large.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path, PurePosixPath

import msgspec

from cauce.engine.editing.change import Change, FileChange, apply
from cauce.engine.editing.drafting import Planned
from cauce.engine.editing.history import moved
from cauce.engine.errors import FileChanged, NotFound, ProjectUnwritable
from cauce.engine.files import LeadsOutside, read_start, real_path, write_whole
from cauce.engine.lock import ProjectLock, user_name
from cauce.engine.parsecache import ParseCache
from cauce.engine.project import load
from cauce.engine.spec import Entry
from cauce.engine.statefolder import opened, prepared
from cauce.engine.store import read_history, state_file, state_folder

__all__ = ["perform", "undo"]

_FOLDER = "undo"
_KEPT = 20
_LARGEST = 20_000_000
_ID = re.compile(r"[0-9a-f]{12}-[0-9a-f]{8}")


class _File(msgspec.Struct, frozen=True):
    path: str
    before: bytes | None
    after: bytes | None


class _Record(msgspec.Struct, frozen=True):
    """A change that was made."""

    pipeline: str
    renamed: tuple[str, str] | None
    files: tuple[_File, ...]
    folders: tuple[str, ...] = ()
    """Those that were made for it, innermost first."""


def perform(entry: Entry, planned: Planned) -> tuple[Planned, str]:
    """Do it. Answers with what was done, which may say more than the plan, and what `undo` takes; '' for nothing.

    Raises:
        FileChanged: A file is not what it was; nothing was changed.
        ProjectLocked: A name is to change while somebody builds.
        ProjectUnwritable: The disk does not take it; nothing was changed.
    """
    change = planned.change
    if not change.files and not planned.discarded:
        return planned, ""
    gone = tuple(FileChange(path, _content(change.root, path), None) for path in planned.discarded)
    said = list(change.said)
    made = _missing_folders(change)
    if planned.renamed is None or not state_file(state_folder(entry.root)).exists():
        apply(change)
    else:
        said += _apply_with_history(entry, planned)
    moved_away = []
    for file in gone:
        try:
            _to_trash(change.root / file.path)
            moved_away.append(file)
        except OSError as error:
            why = error.strerror or str(error)
            said.append(f"{file.path} could not be moved to the trash: {why}.")
    for folder in planned.folders:
        with contextlib.suppress(OSError):  # something is in it, or it is gone
            real_path(change.root, folder).rmdir()
    done = replace(planned, change=Change(change.root, (*change.files, *moved_away), tuple(said)))
    return done, _remember(entry, done, made)


def undo(entry: Entry, record: str) -> Planned:
    """The way back from a change, to be done by `perform`.

    Raises:
        NotFound: It is not known any more.
        FileChanged: A file was changed since.
    """
    found = _record(state_folder(entry.root), record)
    if found is None or found.pipeline != entry.name:
        raise NotFound("That change cannot be undone any more.", hint="Only the last ones can: edit the files by hand.")
    files = tuple(FileChange(file.path, file.after, file.before) for file in found.files)
    for file in files:
        if _content(entry.root, file.path) != file.before:
            what = "is gone" if _content(entry.root, file.path) is None else "was changed since"
            raise FileChanged(
                f"That cannot be undone: {file.path} {what}.", hint="Nothing was changed: edit the files by hand."
            )
    names = ", ".join(file.path for file in files)
    renamed = None if found.renamed is None else (found.renamed[1], found.renamed[0])
    task = "" if renamed is None else renamed[1]
    change = Change(entry.root, files, (f"As before: {names}.",))
    return Planned(change, task=task, renamed=renamed, folders=found.folders)


def _apply_with_history(entry: Entry, planned: Planned) -> list[str]:
    """The files, and then what is remembered. Killed in between, tasks are stale and none is falsely fresh."""
    assert planned.renamed is not None  # noqa: S101  # who calls has asked
    old, new = planned.renamed
    try:
        folder = prepared(entry.root)
    except ProjectUnwritable as error:
        apply(planned.change)
        return [f"What is remembered of '{old}' stays behind: {error.message}"]
    with ProjectLock(folder, "", user_name(), time.time()):
        edited = {file.path: file.after for file in planned.change.files}
        history = read_history(folder, entry.name)
        fingerprints = moved(
            history,
            load(entry, ParseCache()),
            load(entry, ParseCache(), edited),
            (old, new),
            edited,
        )
        apply(planned.change)
        try:
            with contextlib.closing(opened(folder, time.time())) as store:
                store.rename(entry.name, old, new, fingerprints)
        except ProjectUnwritable as error:
            return [f"What is remembered of '{old}' could not be moved: {error.message} It will run again."]
    return []


def _missing_folders(change: Change) -> tuple[str, ...]:
    """The folders that the change makes, innermost first."""
    parents = {parent for file in change.files if file.after is not None for parent in PurePosixPath(file.path).parents}
    missing = [path.as_posix() for path in parents if not (change.root / path).exists()]
    return tuple(sorted(missing, key=lambda path: (-path.count("/"), path)))


def _content(root: Path, path: str) -> bytes | None:
    try:
        return read_start(real_path(root, path), _LARGEST + 1, follow=False)
    except (LeadsOutside, OSError):
        return None


def _to_trash(path: Path) -> None:
    """Raises OSError where there is no trash."""
    move: Callable[[str], None] = import_module("send2trash").send2trash  # it ships no types
    move(os.fspath(path))


# --- Records ------------------------------------------------------------------------------


def _remember(entry: Entry, done: Planned, made: tuple[str, ...]) -> str:
    """Write down what was there; '' where that cannot be."""
    files = tuple(_File(file.path, file.before, file.after) for file in done.change.files if file.before != file.after)
    size = sum(len(content or b"") for file in files for content in (file.before, file.after))
    if not files or size > _LARGEST:
        return ""
    name = f"{int(time.time() * 1000):012x}-{secrets.token_hex(4)}"
    try:
        folder = prepared(entry.root) / _FOLDER
        if folder.is_symlink():
            return ""
        folder.mkdir(mode=0o700, exist_ok=True)
        _forget_old(folder)
        record = _Record(entry.name, done.renamed, files, made)
        write_whole(folder / f"{name}.json", msgspec.json.encode(record))
    except (OSError, ProjectUnwritable):
        return ""
    return name


def _record(folder: Path, name: str) -> _Record | None:
    if not _ID.fullmatch(name) or (folder / _FOLDER).is_symlink():
        return None
    try:
        content = read_start(folder / _FOLDER / f"{name}.json", 2 * _LARGEST, follow=False)
        return msgspec.json.decode(content, type=_Record)
    except (OSError, msgspec.MsgspecError):
        return None


def _forget_old(folder: Path) -> None:
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries if _ID.fullmatch(entry.name.removesuffix(".json")))
    for name in names[: max(0, len(names) - _KEPT + 1)]:
        (folder / name).unlink(missing_ok=True)
