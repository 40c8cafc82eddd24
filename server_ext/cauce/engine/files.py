"""The disk, as far as we touch it: reading, hashing, comparing, and writing by rename."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import stat as stat_module
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "Observer",
    "ProductRecord",
    "Stat",
    "read_inside",
    "replace_durably",
    "sync",
    "temporary_beside",
    "write_durably",
]

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Stat:
    """What says, without reading it, that a file is the one it was."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


@dataclass(frozen=True)
class ProductRecord:
    """A product as it was when its task succeeded."""

    path: str
    """POSIX, relative to the project root."""
    hash: str
    stat: Stat


class Observer:
    """Looks at the products of one project; hashes a file once for each state it is in.

    May be used from several threads: at worst a file is hashed twice.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._hashes: dict[tuple[str, Stat], str] = {}

    def stat(self, path: str) -> Stat | None:
        """None when there is nothing (or nothing that can be looked at) under that path."""
        try:
            found = (self._root / path).stat()
        except (OSError, ValueError):
            return None
        if not (stat_module.S_ISREG(found.st_mode) or stat_module.S_ISDIR(found.st_mode)):
            return None
        if stat_module.S_ISDIR(found.st_mode):
            return _folder_stat(self._root / path)
        return Stat(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)

    def learn(self, record: ProductRecord) -> None:
        """Trust a recorded hash for a file that still looks exactly as recorded."""
        self._hashes[record.path, record.stat] = record.hash

    def hash(self, path: str) -> str:
        """Content hash of a file or folder; '' when it cannot be read."""
        found = self.stat(path)
        if found is None:
            return ""
        known = self._hashes.get((path, found))
        if known is not None:
            return known
        try:
            value = _content_hash(self._root / path)
        except OSError:
            return ""
        self._hashes[path, found] = value
        return value

    def record(self, path: str) -> ProductRecord | None:
        """The product as it is now; None when it is missing or unreadable."""
        found, value = self.stat(path), self.hash(path)
        return None if found is None or not value else ProductRecord(path, value, found)


def _content_hash(path: Path) -> str:
    digest = hashlib.blake2b(digest_size=16)
    if path.is_dir():
        for file in _files_below(path):
            digest.update(file.relative_to(path).as_posix().encode("utf-8", "surrogateescape") + b"\0")
            digest.update(_content_hash(file).encode())
        return digest.hexdigest()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _files_below(folder: Path) -> Iterator[Path]:
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() and not entry.is_symlink():
            yield from _files_below(entry)
        elif entry.is_file():
            yield entry


def _folder_stat(folder: Path) -> Stat | None:
    """A folder looks unchanged when all files below it do."""
    size = newest = changed = mixed = 0
    try:
        for file in _files_below(folder):
            found = file.stat()
            size += found.st_size
            newest = max(newest, found.st_mtime_ns)
            changed = max(changed, found.st_ctime_ns)
            mixed ^= found.st_ino
    except OSError:
        return None
    return Stat(size, newest, changed, mixed)


def read_inside(root: Path, path: str) -> bytes | None:
    """Content of a file of the project, None when it is not there.

    Raises:
        PermissionError: Through a symbolic link the path leads out of the project.
        OSError: It cannot be read.
    """
    target = root / path
    try:
        real = target.resolve(strict=True)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (RuntimeError, ValueError) as error:  # a loop of links; an embedded NUL
        raise OSError(str(error)) from error
    if not real.is_relative_to(root.resolve()):
        raise PermissionError(f"{path} leads out of the project")
    if not real.is_file():  # a folder, or a pipe that would block us for ever
        return None
    return real.read_bytes()


def temporary_beside(path: Path) -> Path:
    """An unused hidden name in the same folder: renaming across file systems would fail."""
    return path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.tmp")


def replace_durably(temporary: Path, path: Path) -> None:
    """Put a finished temporary file in place; after this a power cut cannot undo it."""
    sync(temporary)
    temporary.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Have the system bring a file, or a folder's list of names, to the disk."""
    with contextlib.suppress(OSError):  # some file systems cannot sync folders
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_durably(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    temporary = temporary_beside(path)
    try:
        temporary.write_bytes(content)
        replace_durably(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
