"""Where a pipeline that a notebook becomes goes, and names there that are free. Pure."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cauce.contract import SplitRequest
from cauce.engine.editing.drafting import check_path
from cauce.engine.errors import UsageError
from cauce.engine.files import as_file_name
from cauce.engine.spec import Entry, entry_of_file

__all__ = ["Place", "free", "free_path", "in_path"]

_MODULE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Place:
    """The project's folder, and how its parts are called."""

    entry: Entry
    notebook: str
    """Relative to the project's root, as code and texts call it."""
    shown: str
    """The pipeline file, relative to the server's root."""
    home: str
    """Of the sources: relative to the root; '' but in a package."""
    prefix: str

    @classmethod
    def of(cls, request: SplitRequest, folder: Path) -> Place:
        """Raises UsageError."""
        below = "" if request.folder.strip() in ("", ".") else check_path(request.folder)
        name = request.pipeline
        if PurePosixPath(name).suffix not in (".yaml", ".yml") or "/" in name or "\\" in name or not name.isprintable():
            raise UsageError(f"'{name}' is no name for a pipeline.", hint="Its name ends in .yaml.")
        if not _MODULE.fullmatch(request.module):
            raise UsageError(f"'{request.module}' is no name for a module.", hint="Such as 'definitions'.")
        entry = entry_of_file(folder / below / name)
        home = (folder / below).relative_to(entry.root).as_posix()
        notebook = posixpath.relpath((folder / PurePosixPath(request.notebook).name).as_posix(), entry.root.as_posix())
        shown = posixpath.normpath((PurePosixPath(request.notebook).parent / below / name).as_posix())
        prefix = PurePosixPath(request.prefix.strip().replace("\\", "/") or "output")
        if not prefix.is_absolute():
            prefix = PurePosixPath(check_path(prefix.as_posix()))
        elif prefix.is_relative_to(entry.root.as_posix()):
            prefix = prefix.relative_to(entry.root.as_posix())
        return cls(entry, notebook, shown, "" if home == "." else f"{home}/", prefix.as_posix())

    @property
    def root(self) -> Path:
        return self.entry.root

    def product(self, task: str) -> str:
        """Where a task's products go: to be gone on with by a name or an ending."""
        return f"{self.prefix}/{as_file_name(task)}".removeprefix("./")


def free(wanted: str, taken: set[str], *, lower: bool = False, sign: str = "_") -> str:
    """The name, with a number if it is taken; it is taken then."""
    found, number = wanted, 1
    while (found.lower() if lower else found) in taken:
        number += 1
        found = f"{wanted}{sign}{number}"
    taken.add(found.lower() if lower else found)
    return found


def free_path(stem: str, suffix: str, taken: set[str]) -> str:
    """A path that no other has, on a file system that does not tell x from X either; it is taken then."""
    found, number = f"{stem}{suffix}", 1
    while found.lower() in taken:
        number += 1
        found = f"{stem}-{number}{suffix}"
    taken.add(found.lower())
    return found


def in_path(key: str) -> str:
    """The key as part of a file's name."""
    return re.sub(r"[^\w.-]+", "_", key).strip("._") or "value"
