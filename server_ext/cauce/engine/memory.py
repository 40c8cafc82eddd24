"""How much memory a task's processes use, and a bound to what one of them may ask for (Linux).

What counts is what only these processes hold: their own pages, in memory or swapped out, and their
part of those that they share with others. Libraries, files that are mapped and pages that the
kernel of a fork server inherited are not charged again to each process that has them.

A limit of the system (``RLIMIT_AS``, ``RLIMIT_DATA``) counts what is *reserved*, for each process
by itself: thread stacks, the arenas of allocators and virtual machines, arrays that were never
touched. Set to the limit itself it would end tasks that use a tenth of it, and let four workers use
four times as much. So what is used is measured, a few times a second; and `bound` sets the system's
limit well above, where it only stops what asks for far too much at once: code gets a MemoryError
at its own line, before the machine is out of memory.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from cauce.engine.process import ProcessRecord, is_alive

__all__ = ["bound", "ceiling", "far_beyond", "is_measurable", "used_by"]

_PROC = Path("/proc")
_SLACK = 2 * 2**30
_PER_CORE = 64 * 2**20
"""What numerical libraries reserve for each of their threads."""
_MOST_PROCESSES = 10_000
_FIELD = re.compile(rb"^(\w+): +(\d+) kB$", re.MULTILINE)


def is_measurable() -> bool:
    """Does the system tell what a process uses?"""
    return sys.platform == "linux" and (_PROC / "self/status").exists()


def far_beyond(limit: int) -> int:
    """Bytes of which no task with that limit can be in honest need, whatever its libraries reserve."""
    return limit + max(limit, _SLACK) + _PER_CORE * (os.cpu_count() or 1)


def ceiling(limit: int | None) -> int | None:
    """`far_beyond` where there is a limit: for who can bound a process before it runs a line of code."""
    return None if limit is None else far_beyond(limit)


def bound(record: ProcessRecord, limit: int) -> None:
    """Have a process, and those that it starts from now on, be refused what is far beyond the limit."""
    if sys.platform != "linux":
        return
    import resource

    with suppress(OSError, ValueError):  # it has gone, or somebody has bound it tighter
        _, hard = resource.prlimit(record.pid, resource.RLIMIT_DATA)
        most = far_beyond(limit)
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)
        resource.prlimit(record.pid, resource.RLIMIT_DATA, (most, hard))


def used_by(records: Iterable[ProcessRecord], limit: int) -> int:
    """Bytes that these processes use with all that they have started; exact where it is beyond `limit`.

    Below that it may count twice what they share: to tell it apart takes long in large processes.
    """
    processes = {pid for record in records if is_alive(record) for pid in _family(record)}
    used = sum(map(_held, processes))
    return used if used <= limit else sum(map(_part, processes))


def _family(record: ProcessRecord) -> Iterator[int]:
    """The process and its descendants, whatever group or session they have made for themselves."""
    todo, seen = [record.pid], {record.pid}
    while todo and len(seen) < _MOST_PROCESSES:
        pid = todo.pop()
        yield pid
        children = [child for child in _children(pid) if child not in seen]
        seen.update(children)
        todo += children


def _children(pid: int) -> Iterator[int]:
    """Each thread has children of its own."""
    with suppress(OSError):
        for thread in os.listdir(_PROC / str(pid) / "task"):  # noqa: PTH208 - its names are all that is wanted
            with suppress(OSError):
                yield from map(int, (_PROC / str(pid) / "task" / thread / "children").read_bytes().split())


def _held(pid: int) -> int:
    sizes = _sizes(pid, "status")
    own = [sizes[name] for name in (b"RssAnon", b"RssShmem", b"VmSwap") if name in sizes]
    return sum(own) if b"RssAnon" in sizes else sizes.get(b"VmRSS", 0)


def _part(pid: int) -> int:
    sizes = _sizes(pid, "smaps_rollup")
    if b"Pss_Anon" in sizes:
        return sum(sizes.get(name, 0) for name in (b"Pss_Anon", b"Pss_Shmem", b"SwapPss"))
    return sizes[b"Pss"] if b"Pss" in sizes else _held(pid)


def _sizes(pid: int, file: str) -> dict[bytes, int]:
    try:
        text = (_PROC / str(pid) / file).read_bytes()
    except OSError:  # it has just ended, or is not ours
        return {}
    return {name: int(size) * 1024 for name, size in _FIELD.findall(text.replace(b"\t", b" "))}
