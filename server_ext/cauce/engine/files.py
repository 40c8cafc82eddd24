"""The disk, as far as we touch it: reading, hashing, comparing, and writing by rename."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
import shutil
import stat as stat_module
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO

__all__ = [
    "MAX_ENTRIES",
    "NOWHERE",
    "STATE",
    "TICK_NS",
    "FileTooLarge",
    "LeadsOutside",
    "NotRegular",
    "Observer",
    "ProductRecord",
    "RealPaths",
    "Stat",
    "as_file_name",
    "hash_inside",
    "is_own_folder",
    "open_regular",
    "read_inside",
    "read_start",
    "read_whole",
    "real_path",
    "remove_bytecode",
    "replace_durably",
    "settles_at",
    "sync",
    "temporary_beside",
    "write_whole",
    "written_beside",
]

STATE = ".cauce"
"""The folder in a project's root that is ours."""
MAX_ENTRIES = 100_000
"""Files and folders in a product that is a folder: each is looked at whenever somebody looks."""
_CHUNK = 1 << 20
_READ = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)


@dataclass(frozen=True)
class Stat:
    """What says, without reading it, that a file is the one it was."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


NOWHERE = Stat(0, 0, 0, 0)
"""Of a table or view, which no file is."""
TICK_NS = 20_000_000
"""The system's clock moves on that often at least, as files see it: moments in between look alike."""
_COARSE_TICK_NS = 2_000_000_000
"""The same where times are whole seconds: FAT has every second one."""
_UNSETTLED = -1


@dataclass(frozen=True)
class ProductRecord:
    """A product as it was when its task succeeded."""

    path: str
    """POSIX, relative to the project root; of a table or view `RelationSpec.path`."""
    hash: str
    stat: Stat

    @property
    def settled(self) -> bool:
        """Does its `stat` prove that it is unchanged? Not when it was looked at right after it was written."""
        return self.stat.ctime_ns != _UNSETTLED


class Observer:
    """Looks at the products of one project; hashes a file once for each state it is in.

    May be used from several threads: at worst a file is hashed twice.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._hashes: dict[tuple[str, Stat], str] = {}
        self._seen: dict[str, tuple[Stat | None, str]] | None = None
        self._places: RealPaths | None = None

    def glance(self) -> Observer:
        """The same observer for one moment: it looks at each path once."""
        observer = Observer(self._root)
        observer._hashes = self._hashes
        observer._seen = {}
        observer._places = RealPaths(self._root)
        return observer

    def stat(self, path: str) -> Stat | None:
        """None when there is nothing (or nothing that can be looked at) under that path."""
        return self._look(path)[0]

    def trouble(self, path: str) -> str:
        """Why what is there counts as not there; '' when it counts, or there is nothing."""
        return self._look(path)[1]

    def _look(self, path: str) -> tuple[Stat | None, str]:
        if self._seen is not None and path in self._seen:
            return self._seen[path]
        found: tuple[Stat | None, str]
        try:
            real = str(real_path(self._root, path)) if self._places is None else self._places.of(path)
            found = _stat(self._root, real, path), ""
        except (LeadsOutside, FileTooLarge, NotRegular, PermissionError) as error:
            found = None, error.strerror or ""
        except OSError:
            found = None, ""
        if self._seen is not None:
            self._seen[path] = found
        return found

    def learn(self, record: ProductRecord) -> None:
        """Trust a recorded hash for a file that still looks exactly as recorded."""
        self._hashes[record.path, record.stat] = record.hash

    def token(self, path: str) -> str:
        """What was recorded of a table or view when it was last made; '' when nothing was. Looks nowhere."""
        return self._hashes.get((path, NOWHERE), "")

    def hash(self, path: str) -> str:
        """Content hash of a file or folder; '' when it cannot be read."""
        found = self.stat(path)
        if found is None:
            return ""
        known = self._hashes.get((path, found))
        if known is not None:
            return known
        before = time.time_ns()
        try:
            value = hash_inside(self._root, path)
        except OSError:
            return ""
        if settles_at(found, before) < before:
            self._hashes[path, found] = value
        return value

    def record(self, path: str) -> ProductRecord | None:
        """The product as it is now; None when it is missing or unreadable."""
        before = time.time_ns()
        found, value = self.stat(path), self.hash(path)
        if found is None or not value:
            return None
        settled = (path, found) in self._hashes or settles_at(found, before) < before
        return ProductRecord(path, value, found if settled else replace(found, ctime_ns=_UNSETTLED))


def settles_at(found: Stat, now: int) -> int:
    """Until when a file could be written again and look as it does; nanoseconds since the epoch, as `now`.

    By the file system's clock: one that is far behind ours settles too soon.
    """
    # Anybody may set a time of writing, in the future, too; the other one is the system's.
    newest = max(found.ctime_ns, found.mtime_ns if found.mtime_ns <= now else 0)
    return newest + (_COARSE_TICK_NS if found.ctime_ns % 1_000_000_000 == 0 else TICK_NS)


def _stat(root: Path, real: str, path: str) -> Stat:
    found = os.lstat(real)
    if stat_module.S_ISDIR(found.st_mode):
        return _folder_stat(root, Path(real))
    if not stat_module.S_ISREG(found.st_mode):
        raise NotRegular(errno.EINVAL, "it is neither a file nor a folder", path)
    return Stat(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def _content_hash(root: Path, path: Path) -> str:
    digest = hashlib.blake2b(digest_size=16)
    if path.is_dir():
        for file, real in _files_below(root, path):
            digest.update(file.relative_to(path).as_posix().encode("utf-8", "surrogateescape") + b"\0")
            digest.update(b"-> " + os.fsencode(file.readlink()) if real is None else _content_hash(root, real).encode())
        return digest.hexdigest()
    with open_regular(path, follow=False) as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _files_below(root: Path, folder: Path) -> Iterator[tuple[Path, Path | None]]:
    """The files of a folder in order, each with what it is once links are followed.

    None for a link that leads out of the project: it counts as the link that it is. Links
    to folders do not count.

    Raises:
        FileTooLarge: There are too many.
    """
    seen = 0
    todo = [(folder, True)]
    while todo:
        path, is_folder = todo.pop()
        if not is_folder:
            try:
                yield path, real_path(root, str(path)) if path.is_symlink() else path
            except LeadsOutside:
                yield path, None
            continue
        below: list[tuple[Path, bool]] = []
        with os.scandir(path) as entries:
            for entry in entries:
                seen += 1
                if seen > MAX_ENTRIES:
                    raise FileTooLarge(errno.EFBIG, f"it holds more than {MAX_ENTRIES:,} files", str(folder))
                if entry.is_dir(follow_symlinks=False):
                    below.append((path / entry.name, True))
                elif entry.is_file():
                    below.append((path / entry.name, False))
        todo += sorted(below, reverse=True)


def _folder_stat(root: Path, folder: Path) -> Stat:
    """A folder looks unchanged when all files below it do."""
    size = newest = changed = mixed = 0
    for file, real in _files_below(root, folder):
        found = (real or file).lstat()
        size += found.st_size
        newest = max(newest, found.st_mtime_ns)
        changed = max(changed, found.st_ctime_ns)
        mixed ^= found.st_ino
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
        real = os.path.realpath(os.path.join(base, path))  # noqa: PTH118 - asked for each product, and slow enough
    except ValueError as error:  # an embedded NUL, half of a character
        raise OSError(errno.EINVAL, str(error), path) from error
    if real != base and not real.startswith(f"{base.rstrip('/')}/"):
        raise LeadsOutside(errno.EXDEV, "it leads out of the project", path)
    return Path(real)


def is_own_folder(folder: Path, name: str) -> bool:
    """Whether what has this name in a folder of ours is in it: what a link leads to is not ours to remove."""
    return os.path.realpath(folder / name) == os.path.join(os.path.realpath(folder), name)  # noqa: PTH118 - as text


class RealPaths:
    """`real_path` for one moment and many paths below one root: each folder is looked up once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._base = os.path.realpath(root)
        self._folders: dict[str, str] = {}

    def of(self, path: str) -> str:
        """A path below the root without links, as text: making a `Path` of each is slow. Raises as `real_path`."""
        folder, _, name = path.rpartition("/")
        if name in {"", ".", ".."} or not _can_be_name(path):
            return str(real_path(self.root, path))
        if folder not in self._folders:
            # Outside too: what lies there is refused below, for each path by its name.
            start = "/" if path.startswith("/") else self._base
            self._folders[folder] = os.path.realpath(os.path.join(start, folder))  # noqa: PTH118 - as in `real_path`
        real = f"{self._folders[folder].rstrip('/')}/{name}"
        if os.path.islink(real):  # noqa: PTH114 - a string, for speed
            real = os.path.realpath(real)
        if real != self._base and not real.startswith(f"{self._base.rstrip('/')}/"):
            raise LeadsOutside(errno.EXDEV, "it leads out of the project", path)
        return real

    def read(self, path: str, limit: int) -> bytes | None:
        """See `read_inside`."""
        try:
            return read_whole(self.of(path), limit, follow=False)
        except (FileNotFoundError, NotADirectoryError):
            return None


def _can_be_name(path: str) -> bool:
    """Could the system have a file of that name? Not with a NUL or half of a character in it."""
    try:
        return b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        return False


def open_regular(path: Path | str, *, follow: bool = True) -> BinaryIO:
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


def read_start(path: Path | str, limit: int, *, follow: bool = True) -> bytes:
    """The first `limit` bytes of a file. Raises as `open_regular`."""
    with open_regular(path, follow=follow) as stream:
        return stream.read(limit)


def read_whole(path: Path | str, limit: int, *, follow: bool = True) -> bytes:
    """Content of a file.

    Raises:
        NotRegular, FileTooLarge: See there.
        OSError: It cannot be read.
    """
    content = read_start(path, limit + 1, follow=follow)
    if len(content) > limit:
        raise FileTooLarge(errno.EFBIG, f"it is larger than {limit // 1_000_000} MB", str(path))
    return content


def read_inside(root: Path, path: str, limit: int) -> bytes | None:
    """Content of a file of the project, None when it is not there.

    Raises:
        LeadsOutside, NotRegular, FileTooLarge: See there.
        OSError: It cannot be read.
    """
    return RealPaths(root).read(path, limit)


def hash_inside(root: Path, path: str) -> str:
    """Hash of a file or folder of the project, however large. Raises as `real_path`, `open_regular`."""
    return _content_hash(root, real_path(root, path))


def remove_bytecode(root: Path, module: str) -> None:
    """Remove what any Python has compiled of a module of the project, so that its text is what runs.

    Python takes compiled code for current when the text has the same size and was changed in
    the same second. Only files that are named like such code, in `__pycache__` beside the
    module, and only where no link leads there. Does nothing where it cannot.
    """
    path = PurePosixPath(module)
    # Not importlib's cache_from_source: a kernel may be another version of Python.
    compiled = re.compile(rf"{re.escape(path.stem)}\.[\w-]+(\.opt-\w+)?\.pyc")
    folder = Path(os.path.realpath(root), *path.parent.parts, "__pycache__")
    if path.suffix != ".py" or os.path.realpath(folder) != str(folder):
        return
    with contextlib.suppress(OSError):
        for file in folder.iterdir():
            if compiled.fullmatch(file.name) and not file.is_symlink():
                file.unlink(missing_ok=True)


def as_file_name(task: str) -> str:
    """A task's name as that of a file, without a suffix; `urllib.parse.unquote` gives it back."""
    name = task.replace("%", "%25").replace("/", "%2F").replace("\\", "%5C")
    return f"%2E{name[1:]}" if name.startswith(".") else name


def temporary_beside(path: Path) -> Path:
    """An unused hidden name in the same folder: renaming across file systems would fail.

    Short, whatever the file is called: a name may have 255 bytes.
    """
    return path.with_name(f".cauce-{secrets.token_hex(4)}.tmp")


def written_beside(path: Path, content: bytes) -> Path:
    """A temporary file in the same folder with this content; the mode and owner are those of `path`, if it is there.

    Raises:
        OSError: It cannot be written, or `path` is write-protected. Nothing is left behind.
    """
    temporary = temporary_beside(path)
    try:
        if path.exists() and not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, "it is write-protected", str(path))
        # Made by os.open rather than tempfile: a new file gets the mode that the umask leaves it.
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as stream:
            stream.write(content)
        if path.exists():
            _with_mode_of(path, temporary)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def write_whole(path: Path, content: bytes) -> None:
    """Have `path` hold this content, durably, or leave it as it is.

    Raises:
        OSError: As `written_beside` and `replace_durably` do.
    """
    temporary = written_beside(path, content)
    try:
        replace_durably(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _with_mode_of(path: Path, copy: Path) -> None:
    """Give `copy` the mode of `path`, and its owner where the system lets us."""
    shutil.copymode(path, copy)
    about, now = path.stat(), copy.stat()
    if hasattr(os, "chown") and (about.st_uid, about.st_gid) != (now.st_uid, now.st_gid):
        with contextlib.suppress(OSError):  # only root may give files away
            os.chown(copy, about.st_uid, about.st_gid)


def replace_durably(temporary: Path, path: Path) -> None:
    """Put a finished temporary file in place; after this a power cut cannot undo it.

    Raises:
        OSError: The disk did not take the file; what was in its place still is.
    """
    try:
        _fsync(temporary)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # a file system that knows no syncing
            raise
    temporary.replace(path)
    sync(path.parent)


_LOST = (errno.EIO, errno.ENOSPC, errno.EDQUOT)


def sync(path: Path) -> None:
    """Have the system bring a file, or a folder's list of names, to the disk, if it can.

    Raises OSError when the disk has lost what was written.
    """
    try:
        _fsync(path)
    except OSError as error:  # some file systems cannot sync folders
        if error.errno in _LOST:
            raise


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
