"""Removing what tasks have made: only what was recorded, unchanged, and to the trash.

`to_clean` decides by looking, `clean` acts while it holds the project's lock. Nothing is
written down: a product that is gone is what makes its task stale.
"""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path, PurePosixPath

from cauce.contract import Cleaned, RunRequest
from cauce.engine.errors import ProjectLocked, ProjectUnwritable, UsageError
from cauce.engine.files import STATE, LeadsOutside, Observer, real_path
from cauce.engine.lock import ProjectLock, holder_of
from cauce.engine.parsecache import ParseCache
from cauce.engine.plan import select
from cauce.engine.project import Project, load
from cauce.engine.spec import Entry
from cauce.engine.statefolder import prepared
from cauce.engine.stateplace import state_folder
from cauce.engine.store import History, read_history

__all__ = ["Found", "clean", "look_for", "to_clean"]

_RELATIONS = ("table://", "view://")


@dataclass(frozen=True)
class Found:
    """A product that a successful run has made and that is still there."""

    task: str
    path: str
    """POSIX, relative to the project root."""
    size: int
    kept: str
    """Why it stays, in words; '' when it may go."""


def look_for(entry: Entry, tasks: tuple[str, ...], *, force: bool = False) -> tuple[Found, ...]:
    """What the tasks (all, when none are named) have made, and what of it `clean` would remove.

    Raises:
        NotFound: There is no such pipeline, or no such task.
        ProjectLocked: A build is going on.
        UsageError: What was made cannot be told.
    """
    project = load(entry, ParseCache())
    folder = state_folder(project.root)
    held = holder_of(folder)
    if held is not None:
        raise ProjectLocked(held[0])
    history = read_history(folder, entry.name)
    if history.unreadable is not None:
        raise UsageError(
            "What earlier runs have made cannot be read, so nothing is removed.", hint="See 'cauce status' for why."
        )
    return to_clean(project, history, Observer(project.root), tasks, force=force)


def to_clean(
    project: Project, history: History, observer: Observer, tasks: tuple[str, ...], *, force: bool = False
) -> tuple[Found, ...]:
    """The products recorded at the last success of each task, in build order; those that are gone are left out.

    Kept are, even with `force`: links, what leads out of the project, and what the project itself
    is made of or another task makes. Without `force` also what is not as it was recorded.

    Raises:
        NotFound: There is no such task.
    """
    chosen = select(RunRequest(tasks=tasks, mode="only" if tasks else "up_to"), project.graph).tasks
    theirs = {product.path for task in project.tasks.values() if task.name not in chosen for product in task.products}
    found: dict[str, Found] = {}
    for task in chosen:
        known = history.tasks.get(task)
        if known is None or known.last_ok is None:
            continue
        for record in known.last_ok.products:
            observer.learn(record)
            now = None if record.path.startswith(_RELATIONS) else _lstat(project.root, record.path)
            if now is None or record.path in found:
                continue
            kept = _in_the_way(project, record.path, now)
            if not kept and record.path in theirs:
                kept = "another task makes it too"
            if not kept and not force and observer.hash(record.path) != record.hash:
                kept = "it was changed since"
            seen = observer.stat(record.path)
            found[record.path] = Found(task, record.path, 0 if seen is None else seen.size, kept)
    return tuple(found.values())


def _lstat(root: Path, path: str) -> os.stat_result | None:
    try:
        return (root / path).lstat()
    except (OSError, ValueError):
        return None


def _in_the_way(project: Project, path: str, now: os.stat_result) -> str:
    """Why it is no product to remove, whatever was recorded; '' when it is one."""
    if not (stat.S_ISREG(now.st_mode) or stat.S_ISDIR(now.st_mode)):
        return "it is a link" if stat.S_ISLNK(now.st_mode) else "it is neither a file nor a folder"
    root = Path(os.path.realpath(project.root))
    try:
        real = real_path(project.root, path)
    except LeadsOutside:
        return "it leads out of the project"
    except OSError:
        return "it cannot be looked at"
    if real != root / PurePosixPath(path):
        return "it is reached through a link"
    if any(real == own or real in own.parents for own in _own_files(project, root)):
        return "the project itself is made of it"
    return ""


def _own_files(project: Project, root: Path) -> Iterator[Path]:
    """What is not made but written: the pipeline, sources, modules, and our own state."""
    made = {product.path for task in project.tasks.values() for product in task.products}
    own = {path.relative_to(project.root).as_posix() for path in project.files} - made
    own |= {task.source for task in project.tasks.values() if task.kind != "function"}
    yield root / STATE
    yield root
    for path in own:
        yield Path(os.path.realpath(root / path))


def clean(entry: Entry, wanted: Collection[Found], *, force: bool = False, delete: bool = False) -> Cleaned:
    """Remove what `look_for` found, if it is still as it was found; holds the project's lock meanwhile.

    Moves to the trash; with `delete` for good.

    Raises:
        NotFound: There is no such pipeline, or a task is gone.
        ProjectLocked: A build is going on.
        ProjectUnwritable: There is no trash for these files, or one cannot be removed. What was removed
            before that is told.
    """
    tasks = tuple({found.task: None for found in wanted})
    if not tasks:
        return Cleaned(moved=(), kept={})
    folder = prepared(entry.root)
    moved: list[str] = []
    kept: dict[str, str] = {}
    with ProjectLock(folder, "", "", time.time()):
        project, history = load(entry, ParseCache()), read_history(folder, entry.name)
        agreed = {found.path for found in wanted if not found.kept}
        kept |= {found.path: found.kept for found in wanted if found.kept}
        for found in to_clean(project, history, Observer(project.root), tasks, force=force):
            if found.kept or found.path not in agreed:
                kept[found.path] = found.kept or "it has come meanwhile"
                continue
            _remove(project.root, found.path, delete, moved)
            moved.append(found.path)
    return Cleaned(moved=tuple(moved), kept=kept)


def _remove(root: Path, path: str, delete: bool, moved: Collection[str]) -> None:
    target = root / path
    try:
        if not delete:
            _to_trash(target)
        elif target.is_dir():
            shutil.rmtree(target)
        else:
            target.unlink()
    except OSError as error:
        why = error.strerror or str(error)
        before = f" Removed before: {', '.join(moved)}." if moved else " Nothing was removed."
        if delete:
            raise ProjectUnwritable(f"Cannot remove {path}: {why}.{before}", hint="Make it writable.") from error
        raise ProjectUnwritable(
            f"Cannot move {path} to the trash: {why}.{before}",
            hint="Remove for good what cannot go to the trash with --delete.",
        ) from error


def _to_trash(path: Path) -> None:
    """Raises OSError where there is no trash."""
    move: Callable[[str], None] = import_module("send2trash").send2trash  # it ships no types
    move(os.fspath(path))
