"""One element into, or out of, a list in brackets, the rest of the text untouched. Pure.

The list is Python's or a flow sequence of YAML: items, commas, and between them nothing but white
space and comments that begin with ``#``. Who calls has found out where the items and commas are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Bracketed", "inserted", "replaced", "without"]


@dataclass(frozen=True)
class Bracketed:
    """A list in a text. Positions are indices into it."""

    text: str
    start: int
    """Where the list begins: its bracket, or the first item of one without."""
    end: int
    """After its end."""
    items: Sequence[tuple[int, int]]
    commas: Sequence[int]
    """Where the comma after each item is; one fewer than items when the last has none."""
    brackets: bool = True
    newline: str = "\n"

    @property
    def trailing(self) -> bool:
        """Is there a comma after the last item?"""
        return bool(self.items) and len(self.commas) == len(self.items)

    @property
    def commented(self) -> bool:
        """Are there comments between the items?"""
        spots = sorted([(comma, comma + 1) for comma in self.commas] + list(self.items))
        stops = [self.start, *(stop for _, stop in spots)]
        starts = [*(start for start, _ in spots), self.end]
        return any("#" in self.text[stop:start] for stop, start in zip(stops, starts, strict=True))

    def line_start(self, position: int) -> int:
        return self.text.rfind("\n", 0, position) + 1

    def line_end(self, position: int) -> int:
        """Before the line break of the line that `position` is in."""
        found = self.text.find("\n", position)
        stop = len(self.text) if found < 0 else found
        return stop - 1 if stop > position and self.text[stop - 1] == "\r" else stop

    def rest_is_empty(self, position: int) -> bool:
        """Is there nothing but white space and a comment until the line's end, and the list goes on below?"""
        end = self.line_end(position)
        rest = self.text[position:end].strip()
        return (not rest or rest.startswith("#")) and end < self.end

    def on_own_line(self, index: int) -> bool:
        """Does a line begin with the item, below the one in which the list begins?"""
        first = self.line_start(self.items[index][0])
        return self.brackets and first > self.start and not self.text[first : self.items[index][0]].strip()

    def after(self, index: int) -> int:
        """After the item and its comma."""
        return self.commas[index] + 1 if index < len(self.commas) else self.items[index][1]


def replaced(text: str, start: int, end: int, new: str) -> str:
    """The text with another piece between two positions."""
    return text[:start] + new + text[end:]


def inserted(found: Bracketed, item: str) -> str:
    """The whole text with one more item at the list's end, laid out as the last one is."""
    text, newline = found.text, found.newline
    if not found.items:
        return _first_inserted(found, item)
    last = len(found.items) - 1
    start, stop = found.items[last]
    if found.on_own_line(last):
        indent = text[found.line_start(start) : start]
        after = found.after(last)
        spot = found.line_end(after) if found.rest_is_empty(after) else after
        line = f"{newline}{indent}{item}{',' if found.trailing else ''}"
        text = replaced(text, spot, spot, line)
        return text if found.trailing else replaced(text, stop, stop, ",")
    gap = " "
    if last:
        between = text[found.commas[last - 1] + 1 : start]
        gap = between if between in ("", "  ") else " "
    if found.trailing:
        spot = found.commas[last] + 1
        return replaced(text, spot, spot, f"{gap}{item},")
    return replaced(text, stop, stop, f",{gap}{item}")


def _first_inserted(found: Bracketed, item: str) -> str:
    if not found.commented:
        return replaced(found.text, found.start + 1, found.end - 1, item)
    # The last comment ends with its line: the closing bracket stands in a line of its own.
    closing = found.line_start(found.end - 1)
    above = found.text[found.line_start(closing - 1) : closing]
    indent = above[: len(above) - len(above.lstrip(" \t"))] if above.lstrip().startswith("#") else ""
    indent = indent or found.text[closing : found.end - 1] + "    "
    return replaced(found.text, closing, closing, f"{indent}{item},{found.newline}")


def without(found: Bracketed, index: int) -> str:
    """The whole text without one item, its comma, and its line when it had one for itself.

    The caller sees to it that a list may be empty, or has more items.
    """
    text = found.text
    start, stop = found.items[index]
    after = found.after(index)
    last = index == len(found.items) - 1
    # What the item before it no longer needs.
    needless = found.commas[index - 1] if last and index and not found.trailing else None
    if found.on_own_line(index) and found.rest_is_empty(after):
        begin, end = found.line_start(start), found.line_end(after)
        end += 2 if text.startswith("\r\n", end) else 1
        text = replaced(text, begin, end, "")
        return text if needless is None else replaced(text, needless, needless + 1, "")
    if needless is not None:
        if "#" not in text[needless:start]:
            return replaced(text, found.items[index - 1][1], stop, "")
        return replaced(replaced(text, start, stop, ""), needless, needless + 1, "")
    if last and index:
        before = found.commas[index - 1] + 1
        return replaced(text, before if "#" not in text[before:start] else start, after, "")
    if not last:
        following = found.items[index + 1][0]
        if "#" not in text[after:following] and "\n" not in text[after:following]:
            return replaced(text, start, following, "")
    return replaced(text, start, after, "")
