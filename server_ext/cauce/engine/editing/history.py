"""What is remembered of a task that gets another name: it moves along, so that nothing runs again for a name.

The fingerprint of an attempt holds names: in the code (`upstream["load"]`), in what was filled in, as keys
of upstream. In whatever it says the project has before the change, it says afterwards what the project
then has; what was different before, and is the reason why a task is stale, stays different.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeVar

import msgspec

from cauce.engine.assessment import Assessment, assess
from cauce.engine.files import Observer
from cauce.engine.fingerprint import Fingerprint
from cauce.engine.project import Project
from cauce.engine.source import Code
from cauce.engine.store import History, TaskHistory

__all__ = ["carried", "moved"]

T = TypeVar("T")


def moved(
    history: History, before: Project, after: Project, names: tuple[str, str], edited: Collection[str]
) -> dict[int, Fingerprint]:
    """Attempt → what its fingerprint is to say, for the attempts from which freshness follows. Pure but for looking.

    Args:
        names: The former and the new name.
        edited: The files that the change edits: only what these say may be different for the name's sake.
    """
    old, new = names
    observer = Observer(before.root).glance()
    then = assess(before, history, observer)
    renamed = {new if task == old else task: known for task, known in history.tasks.items() if task != new}
    now = assess(after, History(tasks=renamed), observer)
    found: dict[int, Fingerprint] = {}
    for task, known in history.tasks.items():
        if task == new:
            continue
        called = new if task == old else task
        for attempt in _attempts(known):
            fingerprint = carried(attempt[1], _of(then, task), _of(now, called), names, edited)
            if fingerprint != attempt[1]:
                found[attempt[0]] = fingerprint
    return found


def _attempts(known: TaskHistory) -> list[tuple[int, Fingerprint]]:
    rows = [known.last, *([known.last_ok] if known.last_ok is not None else [])]
    return [(row.id, row.fingerprint) for row in rows]


def _of(assessed: Mapping[str, Assessment], task: str) -> Fingerprint | None:
    return assessed[task].fingerprint if task in assessed else None


def carried(
    remembered: Fingerprint,
    before: Fingerprint | None,
    after: Fingerprint | None,
    names: tuple[str, str],
    edited: Collection[str],
) -> Fingerprint:
    """A fingerprint of the past as it is once the task is called otherwise. Pure."""
    old, new = names

    def called(values: Mapping[str, T]) -> dict[str, T]:
        return {new if task == old else task: value for task, value in values.items()}

    def modules(past: Mapping[str, Code], had: Mapping[str, Code], has: Mapping[str, Code]) -> dict[str, Code]:
        return {
            path: has[path] if path in edited and path in had and path in has and code.same(had[path]) else code
            for path, code in past.items()
        }

    moved = msgspec.structs.replace(
        remembered, upstream=called(remembered.upstream), unpickled=called(remembered.unpickled)
    )
    if before is None or after is None:  # problems keep us from telling what is different for the name alone
        return moved
    same = remembered.code.same(before.code)
    return msgspec.structs.replace(
        moved,
        code=after.code if same else remembered.code,
        text=after.text if same else remembered.text,
        modules=modules(remembered.modules, before.modules, after.modules),
        unpickled={
            task: modules(code, called(before.unpickled).get(task, {}), after.unpickled.get(task, {}))
            for task, code in moved.unpickled.items()
        },
        given={
            name: after.given[name] if name in after.given and value == before.given.get(name) else value
            for name, value in remembered.given.items()
        },
    )
