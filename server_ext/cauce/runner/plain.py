"""What the project's code returns, as plain data that can be written down as JSON."""

from __future__ import annotations

import datetime
import math
import os
from collections.abc import Mapping, Sequence, Set
from typing import Any

from cauce.runner import Trouble

__all__ = ["plain"]

_DEEPEST = 48
_MOST = 100_000
_LONGEST = 2_000_000


def plain(value: Any, what: str) -> Any:
    """The value with tuples and sets as lists, keys as text, numpy's numbers as numbers, paths as text.

    Trouble, which names it as `what`, when there is no plain form of it.
    """
    return _Plain(what).of(value, 0)


class _Plain:
    def __init__(self, what: str) -> None:
        self.what = what
        self.count = 0
        self.length = 0

    def of(self, value: Any, depth: int) -> Any:
        self.count += 1
        if depth > _DEEPEST or self.count > _MOST or self.length > _LONGEST:
            raise Trouble("Too large", f"{self.what} is too large or too deep. Write it to a file, and give its path.")
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, str):
            return self.text(str.__str__(value))
        if isinstance(value, int):
            return self.number(int(value))
        if isinstance(value, float):
            return self.fraction(float(value))
        if isinstance(value, os.PathLike):
            path = os.fspath(value)
            return self.text(path if isinstance(path, str) else os.fsdecode(path))
        if isinstance(value, datetime.date | datetime.time):
            return value.isoformat()
        if isinstance(value, Mapping):
            made = {self.key(key): self.of(each, depth + 1) for key, each in value.items()}
            if len(made) != len(value):
                raise Trouble("No plain data", f"{self.what} has several keys that are the same text.")
            return made
        if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
            return [self.of(each, depth + 1) for each in value]
        if isinstance(value, Set):
            return sorted((self.of(each, depth + 1) for each in value), key=lambda each: (str(type(each)), str(each)))
        for method in ("item", "tolist"):  # numbers and arrays of numpy, and what behaves so
            turned = self.turned(value, method)
            if turned is not value and type(turned) is not type(value):
                return self.of(turned, depth + 1)
        raise Trouble(
            "No plain data",
            f"{self.what} is or holds {type(value).__name__}, which is neither text, number, list nor mapping.",
        )

    def turned(self, value: Any, method: str) -> Any:
        try:
            return getattr(value, method)()
        except Exception:
            return value

    def key(self, key: Any) -> str:
        if isinstance(key, str):
            return self.text(str.__str__(key))
        plain = self.of(key, _DEEPEST)
        if isinstance(plain, list | dict):
            raise Trouble("No plain data", f"{self.what} has a key that is neither text nor number.")
        return plain if isinstance(plain, str) else str(plain)

    def text(self, text: str) -> str:
        self.length += len(text)
        try:
            text.encode()
        except UnicodeEncodeError:
            raise Trouble("No plain data", f"{self.what} holds text that is not Unicode.") from None
        return text

    def number(self, number: int) -> int:
        if number.bit_length() > 1024:
            raise Trouble("Too large", f"{self.what} holds a whole number of more than 300 digits.")
        return number

    def fraction(self, number: float) -> float:
        if not math.isfinite(number):
            raise Trouble("No plain data", f"{self.what} holds {number}, which is no number that can be written down.")
        return number
