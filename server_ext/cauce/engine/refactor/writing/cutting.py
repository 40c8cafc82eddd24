"""Statements cut out of a cell's text, and lifted from it, so that nothing tells that they were there. Pure.

# what follows is needed          ◄── goes with the import: nothing of its paragraph is left
import os  # noqa                 ◄── goes, comment and all
                                  ◄── goes, too: one blank line is left between its neighbours
x = 1; import sys                 ◄── becomes `x = 1`
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cauce.engine.refactor.model import Statement, TextEdit

__all__ = ["lifted", "rest_of"]

_BLANK = " \t"


def rest_of(
    text: str, removed: Iterable[Statement], edits: Iterable[TextEdit], all_of_cell: Sequence[Statement]
) -> str:
    """The cell without these statements, and edited elsewhere; '' when nothing but comments would be left."""
    gone = sorted(removed, key=lambda each: each.start)
    inside = [(each.start, each.stop) for each in gone]
    steps: list[tuple[int, int, Statement | str]] = [(each.start, each.stop, each) for each in gone]
    steps += [
        (edit.start, edit.stop, edit.text)
        for edit in edits
        if not any(start <= edit.start and edit.stop <= stop for start, stop in inside)
    ]
    # From the end on: what stands before keeps its place meanwhile.
    for start, stop, what in sorted(steps, key=lambda step: step[:2], reverse=True):
        if isinstance(what, str):
            text = text[:start] + what + text[stop:]
        else:
            text = _without(text, what, _floor(all_of_cell, start))
    if gone and all(_says_nothing(line) for line in text.split("\n")):
        return ""
    return text.strip("\n").rstrip() if gone else text


def lifted(text: str, statement: Statement, edits: Iterable[TextEdit], all_of_cell: Sequence[Statement]) -> str:
    """The statement as it stands elsewhere: edited, with its comments; above it of a definition, behind it of all."""
    start, stop = statement.start, statement.stop
    found = text[start:stop]
    for edit in sorted(edits, key=lambda each: each.start, reverse=True):
        if start <= edit.start and edit.stop <= stop:
            found = found[: edit.start - start] + edit.text + found[edit.stop - start :]
    behind = text[stop : _line_end(text, stop)].strip()
    if behind.startswith("#"):
        found += f"  {behind}"
    if statement.kind == "definition" and not text[_line_start(text, start) : start].strip():
        begin = _comments_above(text, _line_start(text, start), _floor(all_of_cell, start))
        found = text[begin : _line_start(text, start)] + found
    return found


def _floor(statements: Sequence[Statement], start: int) -> int:
    """Where the statement before ends: a comment above that is part of its text."""
    return max((each.stop for each in statements if each.stop <= start), default=0)


def _without(text: str, statement: Statement, floor: int) -> str:
    """The text without the statement, and without what belongs to nothing else."""
    start, stop = statement.start, statement.stop
    begin, end = _line_start(text, start), _line_end(text, stop)
    before, behind = text[begin:start].strip(), text[stop:end].strip()
    if behind.startswith(";") and (rest := behind[1:].strip()) and not rest.startswith("#"):
        after = stop + text[stop:].index(";") + 1
        while text[after] in _BLANK:
            after += 1
        return text[:start] + text[after:]
    if before:
        # It ends its line. A semicolon that hides what the line shows was about this one.
        kept = text[:start].rstrip(_BLANK).removesuffix(";").rstrip(_BLANK)
        comment = behind.lstrip("; \t")
        return kept + (f"  {comment}" if comment else "") + text[end:]
    return _without_lines(text, begin, end, floor, with_comments=statement.kind == "definition")


def _without_lines(text: str, begin: int, end: int, floor: int, *, with_comments: bool) -> str:
    after = text[end + 1 :]
    ends_paragraph = not after.split("\n", 1)[0].strip()
    if ends_paragraph or with_comments:
        begin = _comments_above(text, begin, floor)
    head = text[:begin]
    if ends_paragraph and (not head.strip() or head.endswith("\n\n")):
        # One gap of the two that would meet.
        lines = after.split("\n")
        while lines and not lines[0].strip():
            lines.pop(0)
        after = "\n".join(lines)
        if not after:
            head = head.rstrip("\n")
    return head + after


def _comments_above(text: str, line: int, floor: int) -> int:
    """Where the comments begin that stand directly above the line that begins there."""
    while line > 0:
        above = _line_start(text, line - 1)
        if above < floor or not text[above:line].lstrip(_BLANK).startswith("#"):
            break
        line = above
    return line


def _says_nothing(line: str) -> bool:
    """Is it blank, a comment, or the head of a cell magic that is left without a body?"""
    line = line.strip()
    return not line or line.startswith(("#", "%%"))


def _line_start(text: str, place: int) -> int:
    return text.rfind("\n", 0, place) + 1


def _line_end(text: str, place: int) -> int:
    found = text.find("\n", place)
    return len(text) if found < 0 else found
