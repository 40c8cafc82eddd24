"""What `strace` has seen, as data: which system calls touched a project, and the n-th of which each was.

    calls = parse(text, cwd="/project")
    points = points_in(calls, "/project")
    sample(points, 16)

A point is a place at which a process can be stopped or refused something: `strace` counts the calls
of each name, in each thread, so a point is a name and a number. Everything here is pure.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

__all__ = ["Call", "Point", "moments", "parse", "points_in", "sample"]

_TAKE_PATHS = frozenset(
    "open openat openat2 creat mkdir mkdirat rmdir rename renameat renameat2 unlink unlinkat link linkat symlink "
    "symlinkat mknod mknodat stat lstat newfstatat statx access faccessat faccessat2 readlink readlinkat chmod "
    "fchmodat chown lchown fchownat utime utimes utimensat truncate statfs getxattr lgetxattr listxattr llistxattr "
    "setxattr lsetxattr chdir".split()
)
"""Their quoted arguments are paths; those of all others are contents."""
_CHANGE = frozenset(
    "creat mkdir mkdirat rmdir rename renameat renameat2 unlink unlinkat link linkat symlink symlinkat mknod mknodat "
    "chmod fchmod fchmodat chown lchown fchown fchownat utime utimes utimensat truncate ftruncate fallocate setxattr "
    "lsetxattr fsetxattr write writev pwrite64 pwritev pwritev2 sendfile copy_file_range fsync fdatasync "
    "sync_file_range flock".split()
)
_OPEN = frozenset(["open", "openat", "openat2"])
_OPEN_TO_WRITE = re.compile(r"\bO_(WRONLY|RDWR|CREAT|TRUNC)\b")
_LINE = re.compile(r"(?:(?P<process>\d+) +)?(?P<name>[a-z]\w*)\((?P<rest>.*)")
_ARGUMENT = re.compile(r'"(?P<text>(?:[^"\\]|\\.)*)"|(?:\d+|AT_FDCWD)<(?P<place>[^>]*)>')
_RUN = re.compile(r"-?\b[0-9a-f]{6,}-[0-9a-f]{8}\b")
_RANDOM = re.compile(r"\.cauce-[0-9a-f]{8}\b")


@dataclass(frozen=True)
class Call:
    """One system call, counted as `strace` counts it."""

    process: int
    """The thread; 0 where only one was watched."""
    name: str
    number: int
    """The how-manieth call of that name by that thread, from 1."""
    paths: tuple[str, ...]
    """Absolute; empty for what concerns no file."""
    changes: bool
    """Could it change what is on the disk, or bring it there?"""


@dataclass(frozen=True)
class Point:
    """The `number`-th call of that name, which concerns `place`."""

    call: str
    number: int
    place: str
    """Relative to the project, with what is different in each run replaced; '' for what concerns no file."""
    changes: bool

    @property
    def kind(self) -> str:
        return f"{self.call} {self.place}".rstrip()


def parse(text: str, cwd: str) -> list[Call]:
    """The calls in `strace -y -o` output, with or without `-f`, in the order in which they began."""
    counts: Counter[tuple[int, str]] = Counter()
    found: list[Call] = []
    for line in text.splitlines():
        match = _LINE.match(line)  # neither '<... openat resumed>' nor '--- SIGCHLD' nor '+++ exited'
        if match is None:
            continue
        process, name, rest = int(match["process"] or 0), match["name"], match["rest"]
        counts[process, name] += 1
        found.append(Call(process, name, counts[process, name], _paths(name, rest, cwd), _changes(name, rest)))
    return found


def _paths(name: str, rest: str, cwd: str) -> tuple[str, ...]:
    paths: list[str] = []
    base, open_file = cwd, ""
    for argument in _ARGUMENT.finditer(rest):
        if argument["place"] is not None:
            base = argument["place"]
            open_file = open_file or base
        elif name in _TAKE_PATHS:
            paths.append(posixpath.normpath(posixpath.join(base, argument["text"])))
    if name in ("readlink", "readlinkat"):  # the second is what it says
        return tuple(paths[:1])
    return tuple(paths) or ((open_file,) if open_file.startswith("/") else ())


def _changes(name: str, rest: str) -> bool:
    return name in _CHANGE or (name in _OPEN and _OPEN_TO_WRITE.search(rest) is not None)


def points_in(calls: Iterable[Call], root: str) -> list[Point]:
    """The calls that touch what lies in a folder."""
    return [
        Point(call.name, call.number, _place(path, root), call.changes)
        for call in calls
        if (path := next((path for path in call.paths if _lies_in(path, root)), None)) is not None
    ]


def moments(calls: Iterable[Call], names: Sequence[str]) -> list[Point]:
    """Calls by their names, whatever they concern: starting a process, waiting for one."""
    return [Point(call.name, call.number, "", False) for call in calls if call.name in names]


def _lies_in(path: str, root: str) -> bool:
    return path == root or path.startswith(f"{root}/")


def _place(path: str, root: str) -> str:
    return _RANDOM.sub(".cauce-<random>", _RUN.sub("<run>", path[len(root) + 1 :] or "."))


def sample(points: Sequence[Point], size: int) -> list[Point]:
    """So many of them, always the same: one of every call that there is, the rest spread evenly."""
    chosen = {group[len(group) // 2]: None for group in _grouped(points, lambda point: point.call)}
    places = [group[-1] for group in _grouped(points, lambda point: point.kind)]
    for pool in (places, points):
        wanted = min(size - len(chosen), len(pool))
        for number in range(max(wanted, 0)):
            chosen[pool[number * len(pool) // wanted]] = None
    return [point for point in points if point in chosen][:size]


def _grouped(points: Sequence[Point], key: Callable[[Point], str]) -> list[list[Point]]:
    groups: dict[str, list[Point]] = {}
    for point in points:
        groups.setdefault(key(point), []).append(point)
    return list(groups.values())
