"""The folder of a project in which builds keep what they remember: made, cleared of what is old, put in order."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from cauce.contract import Holder
from cauce.engine.errors import NotFound, ProjectLocked, ProjectUnwritable
from cauce.engine.files import STATE, is_own_folder, open_regular, temporary_beside
from cauce.engine.keptbooks import BOOKS, trim_books
from cauce.engine.lock import ProjectLock, holder_of, lock_file, user_name
from cauce.engine.process import reap
from cauce.engine.running import running_file
from cauce.engine.stateplace import elsewhere
from cauce.engine.store import PATIENCE, History, RunRow, Store, read_history, read_run, state_file

__all__ = ["forget", "history_of", "is_own", "log_file", "opened", "prepared", "prune", "runs_of", "tidy"]

Known = TypeVar("Known")

_TIDY_PATIENCE = 0.5
_MORE_QUESTIONS = 2
"""A build that began or ended between two questions looks like one that was killed."""
_RUNS_KEPT = 200
"""Per pipeline; older ones are forgotten, but for those that freshness follows from."""
_LEFT_BEHIND = re.compile(r"\.cauce-[0-9a-f]{8}\.tmp")
"""See `files.temporary_beside`."""
_RUN_ID = re.compile(r"-?[0-9a-f]+-[0-9a-f]{8}")


def prepared(root: Path) -> Path:
    """The folder in which a build of the project keeps its state, made if it is not there.

    Raises:
        ProjectUnwritable: It cannot be made, or is a link, or is in a folder that others can write to.
    """
    other = elsewhere(root)
    if other is None:
        return _made(root / STATE)
    try:
        other.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        about = other.parent.lstat()
    except OSError as error:
        raise ProjectUnwritable(
            f"The project's folder is read-only, and {other.parent} cannot be made: {error.strerror}.",
            hint="A build keeps its state in one of them. Set XDG_CACHE_HOME to a folder of yours.",
        ) from error
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.geteuid() or about.st_mode & 0o022:
        raise ProjectUnwritable(
            f"{other.parent} is not a folder that only you can write to.",
            hint="The project's folder is read-only, so builds keep their state there. Remove it, or mend its mode.",
        )
    _made(other)
    _take_along(root / STATE, other)
    return other


def _take_along(own: Path, other: Path) -> None:
    """What builds have left in the project itself, before it was read-only or by whoever may write to it."""
    if state_file(other).exists() or own.is_symlink():
        return
    # Its journal first: without that it may be half of something.
    for path in (state_file(own).with_name(f"{state_file(own).name}-journal"), state_file(own)):
        copy = temporary_beside(other / path.name)
        try:
            with open_regular(path, follow=False) as there, copy.open("xb") as here:
                shutil.copyfileobj(there, here)
            copy.replace(other / path.name)
        except OSError:  # nothing there, or not for us: everything is built
            copy.unlink(missing_ok=True)


def _made(folder: Path) -> Path:
    try:
        if folder.is_symlink():
            raise ProjectUnwritable(
                f"{folder} is a symbolic link, which is not followed.",
                hint="Remove it: the next build makes a folder in its place.",
            )
        folder.mkdir(mode=0o700, exist_ok=True)
        with contextlib.suppress(FileExistsError), (folder / ".gitignore").open("x") as ignore:
            ignore.write("# Made by Cauce: this folder is a cache, it needs no versions.\n*\n")
    except OSError as error:
        raise ProjectUnwritable(
            f"Cannot write {folder}: {error.strerror}.", hint="A build keeps its state there. Make the folder writable."
        ) from error
    return folder


def log_file(folder: Path, run: str, task: str, tasks: Iterable[str]) -> Path | None:
    """Where an attempt's output is logged; None for a task that is not in the run.

    Named by the task's place in the run, since a task's name may hold anything.
    """
    for index, name in enumerate(tasks):
        if name == task:
            return folder / "logs" / run / f"{index}.log"
    return None


def prune(store: Store, folder: Path, pipeline: str) -> None:
    """Keep the history from growing for ever; what cannot be removed now is no harm."""
    with contextlib.suppress(ProjectUnwritable):
        for run in store.prune(pipeline, _RUNS_KEPT):
            _remove(folder, run, "logs", BOOKS)
    trim_books(folder)


def forget(folder: Path, pipeline: str, run: str, now: float) -> None:
    """Forget a run, its logs and the notebooks that were kept of it. What is fresh stays fresh.

    Raises:
        NotFound: There is no such run.
        ProjectLocked: Somebody is building: the store has one writer.
        ProjectUnwritable: The state cannot be written.
    """
    unknown = NotFound(f"There is no run '{run}' of {pipeline}.", hint="It may have been deleted: look at the list.")
    if read_run(folder, pipeline, run) is None:  # without making a store where there is none
        raise unknown
    with ProjectLock(folder, "", user_name(), now), opened(folder, now) as store:
        match store.forget(pipeline, run):
            case "unknown":
                raise unknown
            case "gone":
                _remove(folder, run, "logs", BOOKS)
            case "hidden":  # what tasks have printed the last time is shown with them
                _remove(folder, run, BOOKS)


def _remove(folder: Path, run: str, *places: str) -> None:
    """Remove what was kept of a run, as far as that is possible."""
    if not _RUN_ID.fullmatch(run):  # as we make them, whatever the file says
        return
    for place in places:
        if is_own_folder(folder, place):
            shutil.rmtree(folder / place / run, ignore_errors=True)


def is_own(folder: Path) -> bool:
    """Have we written the state ourselves? What somebody else has may name any process of ours."""
    if sys.platform == "win32":
        return True
    for path in (state_file(folder), running_file(folder), lock_file(folder)):
        try:
            about = path.lstat()
        except FileNotFoundError:
            continue
        except OSError:
            return False
        if not stat.S_ISREG(about.st_mode) or about.st_uid != os.geteuid():
            return False
    return True


def opened(folder: Path, now: float, *, patience: float = PATIENCE) -> Store:
    """The store, once what a killed builder has left is written down as crashed and its processes are gone.

    Only for who holds the project's lock. Raises as `Store` does.
    """
    may_kill = is_own(folder)  # before the store makes files of its own
    _sweep(folder)
    store = Store(folder, patience=patience)
    try:
        left = store.recover(now)
        reap(left if may_kill else ())
    except BaseException:
        store.close()
        raise
    return store


def _sweep(folder: Path) -> None:
    """Remove the half-written files of a builder that was killed: none but builders write here."""
    for place in ("", "evaluated"):
        if place and not is_own_folder(folder, place):
            continue
        with contextlib.suppress(OSError), os.scandir(folder / place) as entries:
            for entry in entries:
                if _LEFT_BEHIND.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                    with contextlib.suppress(OSError):
                        Path(entry.path).unlink()


def tidy(folder: Path, clock: Callable[[], float] = time.time) -> None:
    """Write down that a killed builder's attempts have crashed, and reap what it left alive.

    For whoever notices first; does nothing while somebody builds or the folder is read-only.
    Gives up rather than keep a build waiting, which would do the same.
    """
    with contextlib.suppress(ProjectLocked, ProjectUnwritable), ProjectLock(folder, "", user_name(), clock()):
        opened(folder, clock(), patience=_TIDY_PATIENCE).close()


def history_of(folder: Path, pipeline: str) -> tuple[History, Holder | None]:
    """What is known of a pipeline, and who builds the project.

    Whoever looks first after a builder was killed writes down that its attempts have crashed. In a
    folder that is not ours they still say that they are running, though nobody builds.
    """
    return _settled(
        folder,
        lambda: (read_history(folder, pipeline), _holder(folder)),
        lambda history, holder: holder is None and _unfinished(history),
    )


def runs_of(folder: Path, read: Callable[[], tuple[RunRow, ...]]) -> tuple[tuple[RunRow, ...], Holder | None]:
    """The runs that `read` finds, and who builds the project; else as `history_of`."""
    return _settled(
        folder,
        lambda: (read(), _holder(folder)),
        lambda runs, holder: any(run.state == "running" and (holder is None or holder.run != run.id) for run in runs),
    )


def _settled(
    folder: Path,
    ask: Callable[[], tuple[Known, Holder | None]],
    is_left: Callable[[Known, Holder | None], bool],
) -> tuple[Known, Holder | None]:
    known, holder = ask()
    for _ in range(_MORE_QUESTIONS):
        if not is_left(known, holder):
            break
        tidy(folder)
        known, holder = ask()
    return known, holder


def _holder(folder: Path) -> Holder | None:
    held = holder_of(folder)
    return None if held is None else held[0]


def _unfinished(history: History) -> bool:
    run = history.run
    return (run is not None and run.state == "running") or any(
        known.last.outcome == "running"
        for every in (history.tasks.values(), *history.elsewhere.values())
        for known in every
    )
