"""A change to files: planned as a value, shown as a diff, then done wholly or not at all."""

from __future__ import annotations

import contextlib
import difflib
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path, PurePosixPath

from cauce.engine.errors import FileChanged, ProjectUnwritable, UsageError
from cauce.engine.files import (
    LeadsOutside,
    NotRegular,
    read_start,
    real_path,
    replace_durably,
    sync,
    write_whole,
    written_beside,
)

__all__ = ["Change", "FileChange", "apply", "combined"]

_LIMIT = 50_000_000


@dataclass(frozen=True)
class FileChange:
    """What becomes of one file. `before` None: it is created; `after` None: it is removed."""

    path: str
    """POSIX, relative to the root of the `Change`."""
    before: bytes | None
    after: bytes | None

    @property
    def diff(self) -> str:
        """The change as a unified diff, '' where there is none; lines end with a newline each."""
        old, new = ([] if text is None else _lines(text) for text in (self.before, self.after))
        before = "/dev/null" if self.before is None else f"a/{self.path}"
        after = "/dev/null" if self.after is None else f"b/{self.path}"
        return "".join(
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
            for line in difflib.unified_diff(old, new, before, after)
        )


@dataclass(frozen=True)
class Change:
    """Files to change together, and what that means in words."""

    root: Path
    files: tuple[FileChange, ...]
    said: tuple[str, ...] = field(default=())
    """Sentences for whoever asked: what will be different, or why nothing is."""

    @property
    def diff(self) -> str:
        return "".join(file.diff for file in self.files)


def _lines(content: bytes) -> list[str]:
    # As diffs have them: `splitlines` would end one at a form feed, too.
    return list(StringIO(content.decode("utf-8", "backslashreplace"), newline="\n"))


def apply(change: Change) -> tuple[Path, ...]:
    """Do it: write everything beside its place, then rename. Answers with the files, links followed.

    Mode and owner of a file stay; a link stays a link; folders that are missing are made.

    Raises:
        FileChanged: A file is not what it was when the change was planned; nothing was changed.
        UsageError: A path leads out of the project, or is no file.
        ProjectUnwritable: The disk does not take it; what had been changed is as it was.
    """
    places = [(file, _place(change.root, file.path)) for file in change.files if file.before != file.after]
    for file, place in places:
        _check(file, place)
    ready: list[tuple[FileChange, Path, Path | None]] = []
    done: list[tuple[FileChange, Path]] = []
    folders: list[Path] = []
    at = ""
    try:
        for file, place in places:
            at = file.path
            folders += _make_folders(place.parent)
            ready.append((file, place, None if file.after is None else written_beside(place, file.after)))
        for file, _, temporary in ready:  # now, so that nothing takes its time between the last look and the renaming
            at = file.path
            if temporary is not None:
                sync(temporary)
        for file, place, temporary in ready:
            at = file.path
            _check(file, place)
            _put(file, place, temporary)
            done.append((file, place))
    except BaseException as error:
        for file, place in reversed(done):
            _undo(file, place)
        for _, _, temporary in ready:
            if temporary is not None:
                temporary.unlink(missing_ok=True)
        for folder in reversed(folders):
            with contextlib.suppress(OSError):
                folder.rmdir()
        if isinstance(error, OSError):
            raise ProjectUnwritable(
                f"{at} cannot be written: {error.strerror}.", hint="Nothing was changed."
            ) from error
        raise
    return tuple(place for _, place in places)


def _place(root: Path, path: str) -> Path:
    try:
        return real_path(root, path)
    except LeadsOutside as error:
        raise UsageError(
            f"{path} leads out of the project through a symbolic link.", hint="Edit the file where it is."
        ) from error
    except OSError as error:
        raise UsageError(f"{path} cannot be a file: {error.strerror}.", hint="Choose another name.") from error


def _check(file: FileChange, place: Path) -> None:
    """Is the file still what the change was planned for?"""
    try:
        now: bytes | None = read_start(place, _LIMIT, follow=False)
    except (FileNotFoundError, NotADirectoryError):
        now = None
    except NotRegular as error:
        raise UsageError(f"{file.path} is no file.", hint="Choose another name.") from error
    except OSError as error:
        raise UsageError(f"{file.path} cannot be read: {error.strerror}.", hint="Permit it, and try again.") from error
    if now == file.before:
        return
    if file.before is None:
        raise FileChanged(f"{file.path} is there already.", hint="It was left as it is.")
    what = "was removed" if now is None else "was changed"
    raise FileChanged(f"{file.path} {what} meanwhile.", hint="Nothing was changed: look at it and try again.")


def _make_folders(folder: Path) -> list[Path]:
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    made = []
    for path in reversed(missing):
        path.mkdir()
        made.append(path)
    return made


def _put(file: FileChange, place: Path, temporary: Path | None) -> None:
    if temporary is None:
        place.unlink()
        sync(place.parent)
    elif file.before is None:
        # Unlike a rename, a link never replaces what somebody else has made at this very moment.
        try:
            os.link(temporary, place)
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links
            replace_durably(temporary, place)
        else:
            temporary.unlink()
            sync(place)
            sync(place.parent)
    else:
        replace_durably(temporary, place)


def _undo(file: FileChange, place: Path) -> None:
    with contextlib.suppress(OSError):
        if file.before is None:
            place.unlink(missing_ok=True)
        else:
            write_whole(place, file.before)


def combined(changes: Iterable[FileChange]) -> tuple[FileChange, ...]:
    """One change per file: what came later goes on from what came before it."""
    found: dict[str, FileChange] = {}
    for change in changes:
        path = PurePosixPath(change.path).as_posix()
        first = found.get(path, change)
        found[path] = FileChange(path, first.before, change.after)
    return tuple(found.values())
