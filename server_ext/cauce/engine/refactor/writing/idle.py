"""Sections that do nothing of their own: imports, set-up, functions, and constants among these. Pure.

All of that is repeated where it is needed, or stands in the module, so that nothing would be left of such a section
but an empty task. Its text and cells join the next section.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from cauce.engine.refactor.model import Remark, Section, Statement
from cauce.engine.refactor.writing.formats import is_constant

__all__ = ["constants_of_setup", "without_idle", "works"]


def constants_of_setup(statements: Sequence[Statement]) -> frozenset[int]:
    """Which statements give a name a constant for good, in a cell of imports and set-up: ``SEED = 42`` below them."""
    bound = Counter(name for each in statements for name in (*each.effect.binds, *each.effect.may_bind))
    changed = {name for each in statements for name in (*each.effect.mutates, *each.effect.deletes)}

    def is_constant_for_good(statement: Statement) -> bool:
        names = statement.effect.binds
        return is_constant(statement) and all(bound[name] == 1 and name not in changed for name in names)

    cells: dict[int, list[Statement]] = {}
    for statement in statements:
        cells.setdefault(statement.cell, []).append(statement)
    found: set[int] = set()
    for held in cells.values():
        constants = {each.index for each in held if each.kind == "code" and is_constant_for_good(each)}
        others = [each for each in held if each.index not in constants]
        if any(each.kind in ("import", "setup") for each in others) and all(each.kind != "code" for each in others):
            found |= constants
    return frozenset(found)


def works(
    section: Section, statements: Iterable[Statement], repeated: Mapping[int, bool], constants: Collection[int]
) -> bool:
    """Does the section do anything of its own?

    Args:
        repeated: Cells that are set-up, or not, as the user says.
        constants: As `constants_of_setup` has found them.
    """
    for each in statements:
        if section.first <= each.cell < section.end:
            idle = each.kind != "code" or each.index in constants
            if not repeated.get(each.cell, idle):
                return True
    return False


def without_idle(
    sections: Sequence[Section], working: Collection[Section], names: Mapping[int, str], statements: Sequence[Statement]
) -> tuple[tuple[Section, ...], tuple[Remark, ...]]:
    """The sections that are tasks, and what is said of the others.

    Args:
        names: Names by the user, by a section's first cell: of two that are joined the first one's counts.
    """
    found: list[Section] = []
    idle: list[Section] = []
    remarks: list[Remark] = []
    for section in sections:
        if section not in working:
            idle.append(section)
            continue
        if idle:
            name = names.get(idle[0].first, section.name)
            remarks += [_joined(each, name, statements) for each in idle]
            section = replace(section, name=name, first=idle[0].first)
            idle = []
        found.append(section)
    if not found:
        return (replace(sections[0], end=sections[-1].end),), ()
    if idle:
        remarks += [_joined(each, found[-1].name, statements) for each in idle]
        found[-1] = replace(found[-1], end=idle[-1].end)
    return tuple(found), tuple(remarks)


def _joined(section: Section, task: str, statements: Iterable[Statement]) -> Remark:
    title = section.title or section.name
    code = any(section.first <= each.cell < section.end for each in statements)
    why = "imports, functions, set-up and constants stand where they are needed" if code else "it has no code"
    return Remark(
        "section_joined",
        "note",
        f"'{title}' is no task of its own: {why}.",
        f"Its text is in the task '{task}'.",
        cell=section.first,
    )
