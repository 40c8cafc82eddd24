"""Text of a project on its way into a picture: made harmless, measured, shortened.

Widths are those of Arial and what is metrically like it, a little generous; the picture asks
for such fonts.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

__all__ = ["BOLD", "FONTS", "plain", "shorten", "width"]

FONTS = "Arial, Helvetica, 'Liberation Sans', 'Noto Sans', sans-serif"
BOLD = 1.06
"""How much wider bold letters are."""

_ORDERS = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]+")
"""What XML forbids, and what changes the direction or the line of what follows."""
_EMS = {
    letter: em
    for letters, em in (
        ("ijl'|", 0.24),
        ("ft.,:;!/\\I[] ", 0.29),
        ('r-()`"', 0.35),
        ("{}*^ckszvxyJ", 0.5),
        ("ABEKPSVXYFTLZ&", 0.67),
        ("CDHNRUwGOQ", 0.75),
        ("mM%", 0.86),
        ("@W", 1.0),
    )
    for letter in letters
}


def plain(text: str) -> str:
    """The text with what nobody could read or XML forbids written out."""
    return _ORDERS.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


@lru_cache(maxsize=4096)
def _em(letter: str) -> float:
    if letter in _EMS:
        return _EMS[letter]
    if letter < "\x7f":
        return 0.56
    if unicodedata.combining(letter) or letter in "\u200b\u200c\u200d":
        return 0.0
    return 1.05 if unicodedata.east_asian_width(letter) in "WF" else 0.65


def width(text: str, size: float) -> float:
    """How wide the text is, about, in letters of that size."""
    return sum(map(_em, text)) * size


def shorten(text: str, room: float, size: float) -> str:
    """The text, or its beginning and end around an ellipsis: names differ least in their middle."""
    if width(text, size) <= room:
        return text
    room -= width("…", size)
    head, tail = 0, len(text)
    while head < tail:
        front = head <= len(text) - tail  # by turns
        letter = text[head] if front else text[tail - 1]
        room -= width(letter, size)
        if room < 0:
            break
        head, tail = (head + 1, tail) if front else (head, tail - 1)
    return f"{text[:head]}…{text[tail:]}"
