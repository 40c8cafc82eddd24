"""Where a notebook is cut: at its headings, or where the user says.

A heading of the level that is used begins a section, and so does one above it once the first has come: what
stands below "# Results" is no part of "## Plots". What comes before the first belongs to the first section. A
section that has no code joins the next one, and lends it nothing but its text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from cauce.engine.editing.drafting import check_spelling
from cauce.engine.errors import UsageError
from cauce.engine.refactor.model import Book, Heading, Remark, Section
from cauce.engine.refactor.reading.slugs import slug, unique

__all__ = ["Sections", "find_sections"]

_USUAL = 2


@dataclass(frozen=True)
class Sections:
    """A notebook, cut."""

    sections: tuple[Section, ...]
    """All cells are in one, in order. One section of everything where it cannot be cut."""
    level: int | None
    """Of the headings at which it is cut; None where that is done by hand, or cannot be."""
    levels: tuple[tuple[int, int], ...]
    """Levels that there are, and how many headings of each."""
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True)
class _Part:
    first: int
    end: int
    title: str


def find_sections(book: Book, level: int | None, cuts: Sequence[int] | None, names: Mapping[int, str]) -> Sections:
    """Cut a notebook.

    Args:
        level: Of the headings to cut at; None: 2, or the one that divides best when there is none.
        cuts: Cells before which it is cut, in place of headings.
        names: Names by the user, by a section's first cell.
    """
    counted = Counter(heading.level for heading in book.headings)
    levels = tuple(sorted(counted.items()))
    remarks: list[Remark] = []
    if not any(_has_code(book, number) for number in range(len(book.cells))):
        remarks.append(
            Remark("no_code", "error", f"There is no code in {book.path}.", "Choose a notebook with code in it.")
        )
        return Sections((_whole(book),), None, levels, tuple(remarks))
    used: int | None = None
    if cuts is not None:
        wrong = [cut for cut in cuts if not 0 <= cut < len(book.cells)]
        if wrong:
            remarks.append(
                Remark(
                    "no_such_cell",
                    "error",
                    f"There is no cell {wrong[0] + 1}: the last one is {len(book.cells)}.",
                    "Cut before a cell that is there; they are counted from 1, with the Markdown cells.",
                )
            )
        parts = _cut_by_hand(book, sorted({0, *cuts} - set(wrong)))
    else:
        used = _level(book, level, counted)
        if used is None or used not in counted:
            remarks.append(_no_headings(level, levels))
            return Sections((_whole(book),), None, levels, tuple(remarks))
        parts = _cut_at_headings(book, used)
    named, wrongly = _named(book, parts, names)
    remarks += wrongly
    if len(named) == 1:
        remarks.append(_single(used, counted))
    return Sections(named, used, levels, tuple(remarks))


def _has_code(book: Book, number: int) -> bool:
    cell = book.cells[number]
    return cell.kind == "code" and bool(cell.text.strip())


def _whole(book: Book) -> Section:
    return Section(slug(PurePosixPath(book.path).stem) or "section-1", "", 0, len(book.cells))


# --- Where --------------------------------------------------------------------------------


def _level(book: Book, level: int | None, counted: Mapping[int, int]) -> int | None:
    if level is not None or _USUAL in counted:
        return _USUAL if level is None else level
    # The outline's uppermost level that divides anything.
    return next((each for each in sorted(counted) if len(_cut_at_headings(book, each)) > 1), None)


def _cut_at_headings(book: Book, level: int) -> list[_Part]:
    first = next(index for index, heading in enumerate(book.headings) if heading.level == level)
    starts: dict[int, str] = {}
    for heading in book.headings[first:]:
        if heading.level <= level:
            starts[heading.cell] = heading.text  # the last one of a cell
    return _joined(book, list(starts.items()))


def _cut_by_hand(book: Book, cuts: Iterable[int]) -> list[_Part]:
    parts = _joined(book, [(cut, "") for cut in cuts])
    return [_Part(part.first, part.end, _title(book, part.first, part.end)) for part in parts]


def _title(book: Book, start: int, end: int) -> str:
    """What stands above the code: the last heading among those of the uppermost level."""
    code = next((number for number in range(start, end) if _has_code(book, number)), end)
    above: list[Heading] = [heading for heading in book.headings if start <= heading.cell < code]
    top = min((heading.level for heading in above), default=0)
    return next((heading.text for heading in reversed(above) if heading.level == top), "")


def _joined(book: Book, starts: Sequence[tuple[int, str]]) -> list[_Part]:
    """Sections with code, the first of which begins with the notebook."""
    parts: list[_Part] = []
    begun: int | None = 0
    for index, (start, title) in enumerate(starts):
        end = starts[index + 1][0] if index + 1 < len(starts) else len(book.cells)
        first = start if begun is None else begun
        if any(_has_code(book, number) for number in range(first, end)):
            parts.append(_Part(first, end, title))
            begun = None
        else:
            begun = first
    if begun is not None and parts:  # text at the end
        parts[-1] = _Part(parts[-1].first, len(book.cells), parts[-1].title)
    return parts


# --- Names --------------------------------------------------------------------------------


def _named(book: Book, parts: Sequence[_Part], names: Mapping[int, str]) -> tuple[tuple[Section, ...], list[Remark]]:
    remarks: list[Remark] = []
    given: dict[int, str] = {}
    for part in parts:
        name = names.get(part.first)
        if name is None:
            continue
        try:
            check_spelling(name)
        except UsageError as error:
            remarks.append(Remark("section_name", "error", error.message, error.hint, part.first, names=(name,)))
        else:
            if name in given.values():
                message = f"Two sections are called '{name}'."
                remarks.append(
                    Remark("section_name", "error", message, "Give one another name.", part.first, names=(name,))
                )
        given[part.first] = name
    taken = set(given.values())
    sections = []
    for index, part in enumerate(parts):
        name = given.get(part.first)
        if name is None:
            name = unique(slug(part.title) or f"section-{index + 1}", taken)
            taken.add(name)
        sections.append(Section(name, part.title, part.first, part.end))
    return tuple(sections), remarks


# --- What is said of it -------------------------------------------------------------------


def _no_headings(level: int | None, levels: Sequence[tuple[int, int]]) -> Remark:
    there = " and ".join(f"{count} of level {each}" for each, count in levels)
    if level is not None:
        message = f"There is no heading of level {level}."
        if levels:
            return Remark(
                "no_headings", "error", message, f"There {_are(levels)} {there}: use one of these, or cut by hand."
            )
        hint = "Cut it by hand, or write a Markdown heading such as '## Load' above each part."
        return Remark("no_headings", "error", message, hint)
    message = "There are no headings at which the notebook could be cut"
    message += f": only {there}, which divides no code." if levels else "."
    hint = (
        "Write a Markdown heading such as '## Load' above each part, cut it by hand, or make it a pipeline of a "
        "single task."
    )
    return Remark("no_headings", "error", message, hint)


def _are(levels: Sequence[tuple[int, int]]) -> str:
    return "is" if levels[0][1] == 1 else "are"


def _single(level: int | None, counted: Mapping[int, int]) -> Remark:
    message = "There is one section only, so the pipeline has one task."
    others = [each for each, count in sorted(counted.items()) if each != level and count > 1]
    if level is not None and others:
        return Remark("one_section", "warning", message, f"Cut at headings of level {others[0]}, or by hand.")
    return Remark("one_section", "warning", message, "Write more headings, or cut it by hand.")
