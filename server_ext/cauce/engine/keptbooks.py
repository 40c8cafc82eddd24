"""Executed notebooks of past runs: kept, found again under a path that is no file, and forgotten.

    .cauce/notebooks/<run>/<place in the run>.ipynb     pipeline.yaml (runs)/<run>/<task>.ipynb

The product of a task is what its last run has made. A copy of it, not a link, so that nobody who
edits the product changes what was. Nothing follows from these files: one that is missing is missing.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote

from cauce.engine.files import as_file_name, is_own_folder, open_regular, read_whole, real_path, temporary_beside

__all__ = [
    "BOOKS",
    "book_file",
    "is_kept",
    "keep_book",
    "kept_of",
    "read_book",
    "run_book_of",
    "run_book_path",
    "trim_books",
]

BOOKS = "notebooks"
"""The folder in the state folder."""
_LARGEST = 50_000_000
"""Bytes of one notebook; a larger one is not kept."""
_MOST_BYTES = 500_000_000
_MOST_FILES = 5_000
"""Of all that are kept in a project: those of the newest runs."""
_SUFFIX = " (runs)"
_PATH = re.compile(
    rf"(?P<pipeline>(?:.*/)?[^/]+\.ya?ml){re.escape(_SUFFIX)}/(?P<run>-?[0-9a-f]+-[0-9a-f]{{8}})/(?P<task>[^/]+)\.ipynb",
    re.DOTALL,
)


def book_file(folder: Path, run: str, log: Path) -> Path:
    """Where the notebook of a task is kept, which logs there in that run."""
    return folder / BOOKS / run / f"{log.stem}.ipynb"


def run_book_path(pipeline: str, run: str, task: str) -> str:
    """The path under which the notebook of a run opens: no file is there."""
    return f"{pipeline}{_SUFFIX}/{run}/{as_file_name(task)}.ipynb"


def run_book_of(path: str) -> tuple[str, str, str] | None:
    """(pipeline, run, task) of such a path; None for any other."""
    match = _PATH.fullmatch(path)
    return None if match is None else (match["pipeline"], match["run"], unquote(match["task"]))


def is_kept(folder: Path, run: str, place: int) -> bool:
    """Was the notebook of the task kept that has this place in a run?"""
    try:
        return real_path(folder.parent, f"{folder.name}/{BOOKS}/{run}/{place}.ipynb").is_file()
    except OSError:
        return False


def kept_of(folder: Path, run: str, tasks: Iterable[str]) -> dict[str, Path]:
    """Task → its notebook, of those that were kept of a run with these tasks."""
    try:
        place = real_path(folder.parent, f"{folder.name}/{BOOKS}/{run}")
        there = set(os.listdir(place))  # noqa: PTH208 - names are all that is asked for
    except OSError:
        return {}
    return {task: place / f"{index}.ipynb" for index, task in enumerate(tasks) if f"{index}.ipynb" in there}


def keep_book(notebook: Path, folder: Path, place: Path) -> None:
    """Keep a copy of an executed notebook, in place of the one of an earlier attempt. Never raises."""
    temporary = temporary_beside(folder / BOOKS)  # where those that are left behind are swept up
    try:
        real_path(folder.parent, place.parent.relative_to(folder.parent).as_posix())  # no link may lead elsewhere
        with open_regular(notebook, follow=False) as source:
            if os.fstat(source.fileno()).st_size > _LARGEST:
                return
            place.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("xb") as copy:
                shutil.copyfileobj(source, copy)
        temporary.replace(place)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def read_book(place: Path) -> bytes:
    """A notebook that was kept. Raises as `files.read_whole`."""
    return read_whole(place, _LARGEST, follow=False)


def trim_books(folder: Path) -> None:
    """Remove the notebooks of the oldest runs beyond what may be kept, as far as that is possible."""
    files = size = 0
    with contextlib.suppress(OSError, ValueError):
        if not is_own_folder(folder, BOOKS):
            return
        runs = (entry.path for entry in os.scandir(folder / BOOKS))
        newest, *older = sorted(runs, reverse=True)  # an id begins with its time
        for run in (newest, *older):
            if files <= _MOST_FILES and size <= _MOST_BYTES:
                for bytes_ in _sizes(Path(run)):
                    files += 1
                    size += bytes_
            if run != newest and (files > _MOST_FILES or size > _MOST_BYTES):
                shutil.rmtree(run, ignore_errors=True)


def _sizes(run: Path) -> Iterator[int]:
    with contextlib.suppress(OSError), os.scandir(run) as entries:
        for entry in entries:
            yield entry.stat(follow_symlinks=False).st_size
