"""How much code is parsed: a syntax tree takes a thousand times the memory of what it is of."""

from __future__ import annotations

import re

__all__ = ["MAX_WORDS", "too_much_code"]

MAX_WORDS = 250_000
"""Words and signs of Python in one piece: ten times the largest modules that people write."""
_WORD = re.compile(r"\w+|[^\w\s]")


def too_much_code(text: str) -> bool:
    """Is it more than is parsed?"""
    if len(text) <= MAX_WORDS:
        return False
    return any(count >= MAX_WORDS for count, _ in enumerate(_WORD.finditer(text)))
