"""A heading as a task's name: readable, and safe in a path, a URL and a shell."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

__all__ = ["slug", "unique"]

_LONGEST = 60
_OTHER = re.compile(r"[^0-9a-z]+")


def _table(letters: str, sounds: str) -> dict[int, str]:
    return {ord(letter): sound.strip("_") for letter, sound in zip(letters, sounds.split(), strict=True)}


_SOUNDS = {
    **_table("ßæœøđðłþıħ", "ss ae oe o d d l th i h"),
    **_table(
        "абвгдежзийклмнопрстуфхцчшщъыьэюяієґў",
        "a b v g d e zh z i y k l m n o p r s t u f kh ts ch sh shch _ y _ e yu ya i ye g u",
    ),
    **_table("αβγδεζηθικλμνξοπρσςτυφχψω", "a v g d e z i th i k l m n x o p r s s t y f ch ps o"),
}
"""How letters that are no Latin ones with marks are written in these."""


def slug(title: str) -> str:
    """The name for a heading; '' when nothing of it can be read as Latin letters and digits."""
    # Marks are taken off first where they make no other letter: й is one, é is e with a mark.
    text = "".join(_SOUNDS.get(ord(letter), letter) for letter in unicodedata.normalize("NFC", title).lower())
    bare = "".join(mark for mark in unicodedata.normalize("NFKD", text) if not unicodedata.combining(mark))
    spelled = "".join(_SOUNDS.get(ord(letter), letter) for letter in bare)
    name = _OTHER.sub("-", spelled).strip("-")
    if len(name) > _LONGEST:
        whole, _, _ = name[: _LONGEST + 1].rpartition("-")
        name = (whole or name[:_LONGEST]).strip("-")
    return f"section-{name}" if name[:1].isdigit() else name


def unique(name: str, taken: Collection[str]) -> str:
    """The name, or the first of `name-2`, `name-3` … that is not taken."""
    found, number = name, 1
    while found in taken:
        number += 1
        found = f"{name}-{number}"
    return found
