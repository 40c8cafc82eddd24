"""What the user should know of a split before it is applied."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from cauce.engine.refactor.following.edits import written
from cauce.engine.refactor.following.kinds import ARRAY
from cauce.engine.refactor.following.needs import Needs, Noted
from cauce.engine.refactor.following.roles import Roles, told_by_decorators
from cauce.engine.refactor.following.timeline import Line, Timeline
from cauce.engine.refactor.model import Definition, Part, Remark, Section, Statement, Taken, Trace
from cauce.engine.refactor.reading.libraries import CHANGES_ITSELF, CHANGES_ITSELF_IF_THROWN_AWAY
from cauce.engine.refactor.reading.scopes import defaults_of, key_of_all

__all__ = ["Crossing", "notice"]

_STATE = {
    "cwd": "the working folder",
    "environ": "environment variables",
    "matplotlib": "settings of matplotlib",
    "pandas": "options of pandas",
    "sys.path": "where modules are found",
    "warnings": "which warnings are shown",
}
_MOST_NAMED = 5


@dataclass(frozen=True)
class Crossing:
    """All that was found out."""

    sections: Sequence[Section]
    lines: Sequence[Line]
    timeline: Timeline
    needs: Sequence[Needs]
    parts: Sequence[Part]
    definitions: Sequence[Definition]
    roles: Roles
    trace: Trace | None
    type_at: Callable[[str, Part], str]
    """Name, part → its type at the end of the section, where that is known."""


def notice(found: Crossing) -> Iterator[Remark]:
    """All remarks: errors, then warnings, then notes, each in the notebook's order."""
    remarks = [
        *_names(found),
        *_hidden(found),
        *_kept(found),
        *_stored_functions(found),
        *_registered(found),
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


def _names(found: Crossing) -> Iterator[Remark]:
    said: set[tuple[str, str, int]] = set()
    for needs in found.needs:
        perhaps: dict[int, list[Noted]] = {}
        for noted in needs.noted:
            unsure = noted.kind == "possibly_unbound"
            key = (noted.kind, noted.name, needs.section if unsure else noted.line.index)
            if key in said:
                continue
            said.add(key)
            if unsure:
                perhaps.setdefault(noted.line.index, []).append(noted)
            else:
                yield from _name(found, needs.section, noted)
        for together in perhaps.values():
            yield from _possibly_unbound(found, needs.section, together)


def _possibly_unbound(found: Crossing, section: int, noted: Sequence[Noted]) -> Iterator[Remark]:
    """What one statement reads or gives, though it is not bound whichever way the section goes."""
    line = noted[0].line
    names: list[str] = []
    for each in noted:
        events = found.timeline.events.get(each.name, ())
        binders = [found.lines[event.index] for event in events if event.section == section and event.kind == "may"]
        if any(isinstance(binder.statement.node, ast.If | ast.Match) for binder in binders):
            names.append(each.name)  # a loop that does nothing is rare
    if line.seen or not names:
        return
    statement = line.statement
    text = written(statement)
    at = statement.line if text is None else min(text.line_of(name) for name in names)
    are, them = ("is", "it") if len(names) == 1 else ("are", "them")
    yield Remark(
        "possibly_unbound",
        "note",
        f"{_listed(names)} may not be there in {found.sections[section].name} (cell {statement.cell + 1}, line {at}): "
        f"{'it' if len(names) == 1 else 'they'} {are} bound on some ways through the section only, and by no section "
        "before.",
        f"Give {them if len(names) > 1 else names[0]} a value before the condition.",
        statement.cell,
        at,
        tuple(names),
    )


def _name(found: Crossing, section: int, noted: Noted) -> Iterator[Remark]:
    name, line = noted.name, noted.line
    statement = line.statement
    where = found.sections[section].name
    text = written(statement)
    at = statement.line if text is None else text.line_of(name)
    place = f"cell {statement.cell + 1}, line {at}"
    events = found.timeline.events.get(name, ())
    if noted.kind == "unbound":
        opaque = next((other for other in reversed(found.lines[: line.index]) if other.opaque), None)
        if line.seen and found.trace is not None and found.trace.failed is None:
            return
        if opaque is not None:
            if opaque.section != section:
                yield Remark(
                    "hidden",
                    "error",
                    f"{where} uses {name} ({place}), which nothing makes by that name; cell "
                    f"{opaque.statement.cell + 1} may, in a way that cannot be read.",
                    f"Run the notebook once to find out, or give {name} a value by its name.",
                    statement.cell,
                    at,
                    (name,),
                )
            return
        later = next((event for event in events if event.index > line.index and event.kind == "bind"), None)
        gone = any(event.index < line.index and event.kind == "delete" for event in events)
        if gone:
            message, hint = f"{name} was deleted before", "Delete it after it was used for the last time."
        elif later is not None:
            message = f"no section before makes {name}; {found.sections[later.section].name} does so later"
            hint = "Put the cells into the order in which they have to run."
        else:
            message, hint = f"nothing in the notebook makes {name}", "Define or import it before."
        compound = statement.node is not None and hasattr(statement.node, "body")
        yield Remark(
            "unbound",
            "warning" if compound and events else "error",
            f"{where} uses {name} ({place}), but {message}.",
            hint,
            statement.cell,
            at,
            (name,),
        )
    elif noted.kind == "definition_changed":
        made = " and ".join(statement.effect.binds) or "it"
        yield Remark(
            "definition_changed",
            "error",
            f"{where} uses {made} (cell {statement.cell + 1}, line {statement.line}), which was made with {name} as "
            "it was there; it has changed since.",
            f"Hand {name} to {made} when it is called, or give it another name where it changes.",
            statement.cell,
            statement.line,
            (name,),
        )
    elif noted.kind == "history":
        if name.strip("_") or not _put_out_before(found, section, statement):
            yield Remark(
                "history",
                "error",
                f"{where} uses {name} ({place}), which depends on the cells that have run before: a task has others.",
                "Give the value a name where it is made, and use that.",
                statement.cell,
                at,
                (name,),
            )
    else:
        yield Remark(
            "not_repeated",
            "warning",
            f"{statement.text.splitlines()[0]} (cell {statement.cell + 1}) is not repeated in {where}: it uses {name}, "
            "which has changed since.",
            f"Give {name} another name where it changes.",
            statement.cell,
            statement.line,
            (name,),
        )


def _hidden(found: Crossing) -> Iterator[Remark]:
    """Variables that are looked up by names that are made while the code runs."""
    for line in found.lines:
        called = _looks_up(line.statement.node)
        if called and (line.section or line.role == "definition") and len(found.sections) > 1:
            yield Remark(
                "hidden",
                "warning",
                f"{found.sections[line.section].name} looks names up while it runs, by {called}() (cell "
                f"{line.statement.cell + 1}): what it needs of other sections so cannot be read, and is not handed on.",
                "Keep these values in a dictionary, or join the sections.",
                line.statement.cell,
                line.statement.line,
            )


def _looks_up(node: ast.stmt | None) -> str:
    """What does so: `eval` of a text that is not known, `globals()` without a name."""
    parts = [] if node is None else list(ast.walk(node))
    functions = [part for part in parts if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)]
    inside = {id(inner) for function in functions for inner in ast.walk(function)}
    plain = {
        id(part.value)
        for part in parts
        if isinstance(part, ast.Subscript) and key_of_all(part) is not None and id(part) not in inside
    }
    for part in parts:
        match part:
            case ast.Compare(left=ast.Constant(), comparators=[ast.Call() as asked]):
                plain.add(id(asked))
            case ast.Call(func=ast.Name(id="eval" | "exec" as name), args=[given], keywords=[]):
                if not isinstance(given, ast.Constant):
                    return name
            case ast.Call(func=ast.Name(id="globals" | "locals" | "vars" as name), args=[], keywords=[]):
                of_function = id(part) in inside and name != "globals"
                if id(part) not in plain and not of_function:
                    return name
            case _:
                pass
    return ""


def _kept(found: Crossing) -> Iterator[Remark]:
    """Functions and classes that remember what they were told: each task has them as they are defined."""
    for definition in found.definitions:
        name = definition.name
        default = _changed_default(definition.statement.node)
        told: int | None = None
        for line in found.lines:
            if line.index <= definition.statement.index or line.role not in {"code", "setup"}:
                continue
            uses = name in line.effect.reads or name in line.effect.later
            if told is not None and uses and line.section != told:
                what = f"its default {default}" if default else "what is set on it"
                yield Remark(
                    "state_kept",
                    "warning",
                    f"{name} remembers what it was told in {found.sections[told].name} ({what}), and "
                    f"{found.sections[line.section].name} uses it (cell {line.statement.cell + 1}): a task begins with "
                    "it as it is defined.",
                    "Keep that in a variable that is handed to it.",
                    line.statement.cell,
                    line.statement.line,
                    (name,),
                )
                break
            if told is None and ((uses and default) or (line.role == "code" and name in line.effect.mutates)):
                told = line.section


def _stored_functions(found: Crossing) -> Iterator[Remark]:
    """Functions that are stored by value, and with them what they read: it may have changed by when they are called."""
    for at, part in enumerate(found.parts):
        for given in part.gives:
            if not given.by_value:
                continue
            makers = [line for line in found.lines if line.section <= at and _touches(line, given.names)]
            reads = dict.fromkeys(name for line in makers for name in _read_when_called(found, line))
            users = [number for number, other in enumerate(found.parts) if any(t.given is given for t in other.takes)]
            for name in reads:
                events = [
                    event
                    for event in found.timeline.events.get(name, ())
                    if at < event.section <= max(users, default=-1)
                ]
                changing = [event for event in events if found.lines[event.index].role == "code"]
                made = {found.lines[event.index].role for event in found.timeline.events.get(name, ())}
                if name in given.names or not changing or not made.isdisjoint({"definition", "import"}):
                    continue
                line = found.lines[changing[0].index].statement
                yield Remark(
                    "stored_function",
                    "warning",
                    f"{_listed(given.names)} of {part.section.name} keeps a function that reads {name}, which changes "
                    f"in {found.sections[changing[0].section].name}: once stored, it goes on with {name} as it was.",
                    f"Hand {name} to it when it is called, or make it where it is used.",
                    line.cell,
                    line.line,
                    (*given.names, name),
                )


def _registered(found: Crossing) -> Iterator[Remark]:
    """Tables that decorators fill: in a module they are full before the first task begins."""
    section = {line.index: line.section for line in found.lines}
    moved = {one.statement.index: one.name for one in found.definitions if one.goes == "module"}
    for name, those in told_by_decorators(line.statement for line in found.lines).items():
        late = [each for each in those if each.index in moved and section[each.index] > section[those[0].index]]
        used = min((line.section for line in found.lines if name in line.effect.reads), default=len(found.sections))
        if late and used < section[late[-1].index]:
            first = late[-1]
            yield Remark(
                "registered",
                "warning",
                f"{name} holds {_listed([moved[each.index] for each in late])} in each task, also before "
                f"{found.sections[section[first.index]].name}: the module is read whole.",
                "Define them before the section that uses them first, or leave it so.",
                first.cell,
                first.line,
                (name,),
            )


def _touches(line: Line, names: Sequence[str]) -> bool:
    return not {*line.effect.binds, *line.effect.may_bind, *line.effect.mutates}.isdisjoint(names)


def _read_when_called(found: Crossing, line: Line) -> Iterator[str]:
    """What functions in it, and those that it names, read when they are called."""
    yield from line.effect.later
    for name in line.effect.reads:
        for event in found.timeline.reaching(name, line.index):
            if found.lines[event.index].role == "definition":
                yield from found.lines[event.index].effect.later


def _changed_default(node: ast.stmt | None) -> str:
    """A parameter whose default is a list or the like that the function changes; '' when there is none."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return ""
    kept = {name for name, value in defaults_of(node) if isinstance(value, ast.List | ast.Dict | ast.Set | ast.Call)}
    for part in ast.walk(node):
        match part:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)):
                if name in kept and method in CHANGES_ITSELF | CHANGES_ITSELF_IF_THROWN_AWAY:
                    return name
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store()) | ast.AugAssign(target=ast.Name(id=name)):
                if name in kept:
                    return name
            case _:
                pass
    return ""


def _put_out_before(found: Crossing, section: int, statement: Statement) -> bool:
    """Does an earlier cell of the section end in a value?"""
    last = {
        line.statement.cell: line
        for line in found.lines
        if line.section == section and line.statement.cell < statement.cell
    }
    return any(isinstance(line.statement.node, ast.Expr) for line in last.values())


def _unstorable(found: Crossing) -> Iterator[Remark]:
    for part in found.parts:
        for given in part.gives:
            if not given.unstorable:
                continue
            users = _listed([other.section.name for other in found.parts if any(t.given is given for t in other.takes)])
            names = _listed(given.names)
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
                f"Cell {cell.cell + 1} changes {_listed(changed)} for all that comes after it; tasks do not notice.",
                "Mark the cell as set-up, to be repeated in each task.",
                cell.cell,
            )


def _stars(found: Crossing) -> Iterator[Remark]:
    for line in found.lines:
        statement = line.statement
        if not statement.star:
            continue
        module = _listed(statement.star)
        if perhaps := found.roles.stars.perhaps.get(statement.index):
            yield Remark(
                "star_import",
                "warning",
                f"It is not known which of {_listed(perhaps)} come from {module}: all of its names are imported in "
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
                f"Of {module}, {_listed(sorted(names))} {'is' if len(names) == 1 else 'are'} imported by name.",
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
                f"{definition.name} reads {_listed(definition.parameters)} of the notebook: it gets "
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
                f"{found.sections[at].name} hands {_listed(risky)} to functions that may change what they are given; "
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
                    f"{_listed(given.names)} of {part.section.name} {how}: they are stored together.",
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
                    f"{_listed(arrays)} of {part.section.name} may be views of the same numbers: in later tasks a "
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


def _listed(names: Sequence[str] | Iterator[str] | dict[str, Line]) -> str:
    """'a, b and c'; many are cut short."""
    words = list(names)
    if len(words) > _MOST_NAMED:
        words = [*words[: _MOST_NAMED - 1], f"{len(words) - _MOST_NAMED + 1} more"]
    return " and ".join([*([", ".join(words[:-1])] if len(words) > 1 else []), *words[-1:]])
