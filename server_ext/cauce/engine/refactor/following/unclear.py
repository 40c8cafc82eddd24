"""Names of which the cells do not tell, or not surely, what they stand for where they are used. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from cauce.engine.refactor.following.crossing import Crossing, listed
from cauce.engine.refactor.following.edits import written
from cauce.engine.refactor.following.needs import Noted
from cauce.engine.refactor.model import Remark, Statement
from cauce.engine.refactor.reading.scopes import key_of_all

__all__ = ["hidden_names", "unclear_names"]


def unclear_names(found: Crossing) -> Iterator[Remark]:
    """Variables that nobody, or only some way through the code, gives a value; what only a session knows."""
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
        f"{listed(names)} may not be there in {found.sections[section].name} (cell {statement.cell + 1}, line {at}): "
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


def hidden_names(found: Crossing) -> Iterator[Remark]:
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


def _put_out_before(found: Crossing, section: int, statement: Statement) -> bool:
    """Does an earlier cell of the section end in a value?"""
    last = {
        line.statement.cell: line
        for line in found.lines
        if line.section == section and line.statement.cell < statement.cell
    }
    return any(isinstance(line.statement.node, ast.Expr) for line in last.values())
