"""The disk, as far as we touch it: reading, hashing, comparing, and writing by rename."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import stat as stat_module
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

__all__ = [
    "FileTooLarge",
    "LeadsOutside",
    "NotRegular",
    "Observer",
    "ProductRecord",
    "Stat",
    "hash_inside",
    "open_regular",
    "read_inside",
    "read_start",
    "real_path",
    "replace_durably",
    "sync",
    "temporary_beside",
    "write_durably",
]

_CHUNK = 1 << 20
_READ = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)


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
    with open_regular(path) as stream:
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


class LeadsOutside(OSError):
    """Through a symbolic link the path leads out of the project."""


class NotRegular(OSError):
    """It is a folder, a pipe, a device: nothing to read a text from."""


class FileTooLarge(OSError):
    """It is larger than such a file may be."""


def real_path(root: Path, path: str) -> Path:
    """A path below `root` without links. What is not there yet is where it would be made.

    Raises:
        LeadsOutside: That is not below `root`.
        OSError: There is no telling.
    """
    base = os.path.realpath(root)
    try:
        real = os.path.realpath(Path(base) / path)
    except ValueError as error:  # an embedded NUL
        raise OSError(errno.EINVAL, str(error), path) from error
    if not Path(real).is_relative_to(base):
        raise LeadsOutside(errno.EXDEV, "it leads out of the project", path)
    return Path(real)


def open_regular(path: Path, *, follow: bool = True) -> BinaryIO:
    """Open a file for reading; never waits for the other end of a pipe.

    Raises:
        NotRegular: It is no file, or a link that is not to be followed.
        OSError: It cannot be opened.
    """
    try:
        descriptor = os.open(path, _READ if follow else _READ | getattr(os, "O_NOFOLLOW", 0))
    except OSError as error:
        if error.errno == errno.ELOOP and not follow:
            raise NotRegular(error.errno, "it is a link", str(path)) from error
        raise
    try:
        if not stat_module.S_ISREG(os.fstat(descriptor).st_mode):
            raise NotRegular(errno.EINVAL, "it is not a regular file", str(path))
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_start(path: Path, limit: int, *, follow: bool = True) -> bytes:
    """The first `limit` bytes of a file. Raises as `open_regular`."""
    with open_regular(path, follow=follow) as stream:
        return stream.read(limit)


def read_inside(root: Path, path: str, limit: int) -> bytes | None:
    """Content of a file of the project, None when it is not there.

    Raises:
        LeadsOutside, NotRegular, FileTooLarge: See there.
        OSError: It cannot be read.
    """
    try:
        content = read_start(real_path(root, path), limit + 1, follow=False)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if len(content) > limit:
        raise FileTooLarge(errno.EFBIG, f"it is larger than {limit // 1_000_000} MB", path)
    return content


def hash_inside(root: Path, path: str) -> str:
    """Hash of a file of the project, however large. Raises as `read_inside`."""
    return _content_hash(real_path(root, path))


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
