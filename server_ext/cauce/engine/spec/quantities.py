"""Times and sizes as people write them: ``90``, ``"15m"``, ``"1h 30m"``; ``"500MB"``, ``"2GiB"``."""

from __future__ import annotations

import math
import re

__all__ = [
    "DURATION_PATTERN",
    "LONGEST",
    "SIZE_PATTERN",
    "SMALLEST",
    "bytes_of",
    "seconds_of",
    "size_in_words",
    "time_in_words",
]

LONGEST = 366 * 86_400
"""Seconds. Who writes more means something else."""
SMALLEST = 2**20
"""Bytes. Nothing runs in less."""
_MOST = 2**50

_NUMBER = r"[0-9]{1,9}(?:\.[0-9]{1,9})?"
# One blank at most between two parts: several optional ones in a row would take for ever to fail.
DURATION_PATTERN = (
    rf"^(?=[0-9])(?:({_NUMBER}) ?d)? ?(?:({_NUMBER}) ?h)? ?(?:({_NUMBER}) ?m(?:in)?)? ?(?:({_NUMBER}) ?(?:s(?:ec)?)?)?$"
)
"""Days, hours, minutes and seconds, any of them; a bare number is seconds. As regular expressions of JSON Schema go."""
SIZE_PATTERN = rf"^({_NUMBER}) ?([KkMmGgTt])([Ii]?)[Bb]$"
"""Always with its unit: a bare number could be bytes or megabytes."""

_DURATION = re.compile(DURATION_PATTERN)
_SIZE = re.compile(SIZE_PATTERN)
_PARTS = (86_400, 3_600, 60, 1)


def seconds_of(value: object) -> float | None:
    """A time in seconds, from 0 to `LONGEST`; None for what is none."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value)
    elif isinstance(value, str) and (match := _DURATION.match(value.strip())) is not None:
        seconds = math.fsum(float(part) * size for part, size in zip(match.groups(), _PARTS, strict=True) if part)
    else:
        return None
    return seconds if 0 <= seconds <= LONGEST else None


def bytes_of(value: object) -> int | None:
    """A size in bytes, of `SMALLEST` or more; None for what is none."""
    match = _SIZE.match(value.strip()) if isinstance(value, str) else None
    if match is None:
        return None
    number, unit, binary = match.groups()
    size = round(float(number) * (1024 if binary else 1000) ** ("kmgt".index(unit.lower()) + 1))
    return size if SMALLEST <= size <= _MOST else None


def time_in_words(seconds: float) -> str:
    """``90 s``, ``15 min``, ``2 h``: in the largest unit of which it is a whole number."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s" if seconds < 100_000 else f"{seconds:.0f} s"


def size_in_words(size: int) -> str:
    """``500 MB``, ``512 MiB``, ``1.5 GiB``: in thousands where it is a whole number of those."""
    for thousands, unit in ((10**9, "GB"), (10**6, "MB")):
        if size >= thousands and size % thousands == 0:
            return f"{size // thousands} {unit}"
    return f"{size / 2**30:.3g} GiB" if size >= 2**30 else f"{size / 2**20:,.0f} MiB"
