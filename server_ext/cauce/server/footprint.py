"""Has anything changed since the last look? Told by what the system says of the files, without opening them.

Looking at a thousand tasks reads a thousand files; asking about them takes a tenth of that.
Equal answers mean an equal look, but for a file that was written again within one tick of the
system's clock, at equal size: so only answers count that were settled when they were taken.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Footprint", "footprint_of", "places_of"]

_SETTLED_NS = 2_000_000_000
"""Coarser than any file system's clock, FAT's too."""

Place = tuple[int, int, int, int, int]


@dataclass(frozen=True)
class Footprint:
    """What the system says of some files and folders at one moment."""

    places: tuple[Place | None, ...]
    """Device, inode, size, times of change; None for what is not there."""
    settled: bool
    """Was the last change long enough ago that any later one shows?"""

    def proves(self, now: Footprint) -> bool:
        """Is what followed from this footprint still so, when this one was taken now?"""
        return self.settled and self.places == now.places


def places_of(files: Iterable[Path], root: Path) -> tuple[str, ...]:
    """What to ask about: the files, and the folders in which another may appear."""
    found = {str(file) for file in files}
    top = str(root)
    folders = {os.path.dirname(file) for file in found}  # noqa: PTH120 - thousands of them
    while folders:
        found |= folders
        folders = {os.path.dirname(folder) for folder in folders if folder.startswith(f"{top}/")} - found  # noqa: PTH120 - thousands of strings, no paths
    return tuple(sorted(found | {top, f"{top}/src"}))


def footprint_of(places: Iterable[str], products: frozenset[str], now_ns: int) -> Footprint:
    """Ask about them. A product that is a folder is never settled: the system does not tell what changes below it."""
    found: list[Place | None] = []
    newest = 0
    opaque = False
    for place in places:
        try:
            about = os.stat(place)  # noqa: PTH116 - thousands of them
        except (OSError, ValueError):
            found.append(None)
            continue
        newest = max(newest, about.st_mtime_ns, about.st_ctime_ns)
        opaque = opaque or (stat.S_ISDIR(about.st_mode) and place in products)
        found.append((about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns))
    return Footprint(tuple(found), not opaque and newest < now_ns - _SETTLED_NS)
