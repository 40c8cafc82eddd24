"""Functions that keep something from one call to the next, which a task begins without. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from cauce.engine.refactor.following.crossing import Crossing, listed
from cauce.engine.refactor.following.roles import told_by_decorators
from cauce.engine.refactor.following.timeline import Line
from cauce.engine.refactor.model import Remark
from cauce.engine.refactor.reading.libraries import CHANGES_ITSELF, CHANGES_ITSELF_IF_THROWN_AWAY
from cauce.engine.refactor.reading.scopes import defaults_of

__all__ = ["full_before", "kept_state", "stored_functions"]


def kept_state(found: Crossing) -> Iterator[Remark]:
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


def stored_functions(found: Crossing) -> Iterator[Remark]:
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
                    f"{listed(given.names)} of {part.section.name} keeps a function that reads {name}, which changes "
                    f"in {found.sections[changing[0].section].name}: once stored, it goes on with {name} as it was.",
                    f"Hand {name} to it when it is called, or make it where it is used.",
                    line.cell,
                    line.line,
                    (*given.names, name),
                )


def full_before(found: Crossing) -> Iterator[Remark]:
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
                f"{name} holds {listed([moved[each.index] for each in late])} in each task, also before "
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
