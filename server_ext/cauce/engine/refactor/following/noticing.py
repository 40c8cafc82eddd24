"""What the user should know of a split before it is applied."""

from __future__ import annotations

from collections.abc import Iterator

from cauce.engine.refactor.following.crossing import Crossing, listed
from cauce.engine.refactor.following.kinds import ARRAY
from cauce.engine.refactor.following.remembering import full_before, kept_state, stored_functions
from cauce.engine.refactor.following.timeline import Line
from cauce.engine.refactor.following.unclear import hidden_names, unclear_names
from cauce.engine.refactor.model import Remark, Taken

__all__ = ["notice"]

_STATE = {
    "cwd": "the working folder",
    "environ": "environment variables",
    "matplotlib": "settings of matplotlib",
    "pandas": "options of pandas",
    "sys.path": "where modules are found",
    "warnings": "which warnings are shown",
}


def notice(found: Crossing) -> Iterator[Remark]:
    """All remarks: errors, then warnings, then notes, each in the notebook's order."""
    remarks = [
        *unclear_names(found),
        *hidden_names(found),
        *kept_state(found),
        *stored_functions(found),
        *full_before(found),
        *_unstorable(found),
        *_random(found),
        *_state(found),
        *_stars(found),
        *_functions(found),
        *_handed(found),
        *_aliases(found),
        *_views(found),
        *_empty(found),
    ]
    order = {"error": 0, "warning": 1, "note": 2}
    return iter(sorted(dict.fromkeys(remarks), key=lambda remark: (order[remark.severity], remark.cell or 0)))


def _unstorable(found: Crossing) -> Iterator[Remark]:
    for part in found.parts:
        for given in part.gives:
            if not given.unstorable:
                continue
            users = listed([other.section.name for other in found.parts if any(t.given is given for t in other.takes)])
            names = listed(given.names)
            makers = [
                line
                for line in found.lines
                if line.section <= found.parts.index(part) and set(line.effect.binds) & set(given.names)
            ]
            line = makers[-1].statement if makers else None
            ways = "Move the cut so that it is made and used in one section"
            ways += (
                ", or make it anew where it is used" if given.recreate else ", or store what is read from it instead"
            )
            yield Remark(
                "unstorable",
                "warning",
                f"{names} ({given.unstorable}) goes from {part.section.name} to {users}, and no file can hold it.",
                f"{ways}.",
                line.cell if line is not None else part.section.first,
                line.line if line is not None else None,
                given.names,
            )


def _random(found: Crossing) -> Iterator[Remark]:
    """Sections whose numbers follow on from those that another has drawn."""
    seeded = False
    drawn: int | None = None
    """The section that has drawn since the last seed."""
    said: set[int] = set()
    states = {} if found.trace is None else {cell.cell: cell.state for cell in found.trace.cells}
    for line in found.lines:
        if "seed" in line.statement.setup:
            seeded, drawn = True, None
        seen = any("random" in state for state in states.get(line.statement.cell, ()))
        if line.role == "setup" or not (line.effect.random or (seen and line.role == "code")):
            continue
        if line.seen and not seen:
            continue
        if seeded and drawn is not None and drawn != line.section and line.section not in said:
            said.add(line.section)
            yield Remark(
                "random",
                "warning",
                f"{found.sections[line.section].name} draws random numbers after {found.sections[drawn].name} has: as "
                "a task it begins anew from the seed, and its numbers are others than in the notebook.",
                "Seed the generator in this section as well, or give functions a generator of their own.",
                line.statement.cell,
                line.statement.line,
            )
        if drawn is None or line.section not in said:
            drawn = line.section


def _state(found: Crossing) -> Iterator[Remark]:
    """Changes of the process that nobody could read in the code."""
    if found.trace is None:
        return
    plain = {line.statement.cell for line in found.lines} - {
        line.statement.cell for line in found.lines if line.role in {"import", "block", "setup"}
    }
    last = max((line.section for line in found.lines), default=0)
    section = {line.statement.cell: line.section for line in found.lines}
    for cell in found.trace.cells:
        changed = [_STATE[state] for state in cell.state if state in _STATE]
        if changed and cell.cell in plain and section[cell.cell] < last:
            yield Remark(
                "state",
                "warning",
                f"Cell {cell.cell + 1} changes {listed(changed)} for all that comes after it; tasks do not notice.",
                "Mark the cell as set-up, to be repeated in each task.",
                cell.cell,
            )


def _stars(found: Crossing) -> Iterator[Remark]:
    for line in found.lines:
        statement = line.statement
        if not statement.star:
            continue
        module = listed(statement.star)
        if perhaps := found.roles.stars.perhaps.get(statement.index):
            yield Remark(
                "star_import",
                "warning",
                f"It is not known which of {listed(perhaps)} come from {module}: all of its names are imported in "
                "each task.",
                "Run the notebook once to find out, or import the names by name.",
                statement.cell,
                statement.line,
                perhaps,
            )
        elif any(edit.cell == statement.cell and edit.start == statement.start for edit in found.roles.stars.edits):
            names = found.roles.stars.brought[statement.index]
            yield Remark(
                "star_import",
                "note",
                f"Of {module}, {listed(sorted(names))} {'is' if len(names) == 1 else 'are'} imported by name.",
                cell=statement.cell,
                line=statement.line,
                names=names,
            )


def _functions(found: Crossing) -> Iterator[Remark]:
    for definition in found.definitions:
        statement = definition.statement
        why = f": {definition.why}" if definition.why else ""
        if definition.goes == "parameters":
            yield Remark(
                "parameters",
                "note",
                f"{definition.name} reads {listed(definition.parameters)} of the notebook: it gets "
                f"{'it' if len(definition.parameters) == 1 else 'them'} as further arguments.",
                cell=statement.cell,
                line=statement.line,
                names=(definition.name, *definition.parameters),
            )
        elif definition.goes == "copied" and any(statement in (*p.repeated, *p.loaded) for p in found.parts):
            yield Remark(
                "copied",
                "note",
                f"{definition.name} is copied into each task that uses it{why}.",
                cell=statement.cell,
                line=statement.line,
                names=(definition.name,),
            )


def _handed(found: Crossing) -> Iterator[Remark]:
    """Variables that a section hands to functions of which nothing is known, and that others take from before it."""
    takes: dict[str, list[tuple[int, int, Taken]]] = {}
    place = {section.name: at for at, section in enumerate(found.sections)}
    for at, part in enumerate(found.parts):
        for take in part.takes:
            for name in take.names:
                takes.setdefault(name, []).append((place[take.section], at, take))
    for at in range(len(found.sections)):
        names: dict[str, Line] = {}
        for line in found.lines:
            if line.section == at and not line.seen:
                names.update((name, line) for name in line.effect.handed if name not in names)
        risky = {
            name: line
            for name, line in names.items()
            if any(maker < at < user for maker, user, _ in takes.get(name, ()))
        }
        if risky:
            first = min(risky.values(), key=lambda line: line.index).statement
            yield Remark(
                "handed",
                "note",
                f"{found.sections[at].name} hands {listed(risky)} to functions that may change what they are given; "
                "later sections take it as it was before.",
                "Run the notebook once to find out.",
                first.cell,
                first.line,
                tuple(risky),
            )


def _aliases(found: Crossing) -> Iterator[Remark]:
    for part in found.parts:
        for given in part.gives:
            if len(given.names) > 1:
                how = "lead to one object" if given.whole else "share parts that change later"
                yield Remark(
                    "alias",
                    "note",
                    f"{listed(given.names)} of {part.section.name} {how}: they are stored together.",
                    cell=part.section.first,
                    names=given.names,
                )


def _views(found: Crossing) -> Iterator[Remark]:
    """Arrays that look at the same numbers: a file keeps the numbers of each, not that they are the same."""
    for part in found.parts:
        for given in part.gives:
            arrays = [] if given.whole else [name for name in given.names if found.type_at(name, part) == ARRAY]
            if len(arrays) > 1:
                yield Remark(
                    "views",
                    "warning",
                    f"{listed(arrays)} of {part.section.name} may be views of the same numbers: in later tasks a "
                    "change of one does not change the others.",
                    "Change them in the section that makes them, or copy them there.",
                    part.section.first,
                    names=tuple(arrays),
                )


def _empty(found: Crossing) -> Iterator[Remark]:
    for at, part in enumerate(found.parts):
        moved = {statement.index for statement in part.removed}
        own = [line for line in found.lines if line.section == at]
        if own and all(line.index in moved or line.role == "setup" for line in own) and len(found.parts) > 1:
            yield Remark(
                "empty",
                "note",
                f"All code of {part.section.name} is repeated where it is needed: it has nothing to do as a task.",
                "Merge it with the next section.",
                part.section.first,
            )
