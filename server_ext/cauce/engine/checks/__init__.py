"""What can be told of a task before it runs: mistakes that its source is sure to fail by, and what looks wrong.

    checks_of(project, task) ─► (Problem, …)     errors fail the task before a process is started,
    refusals(project, tasks) ─► (Problem, …)     those of `static_analysis: strict` refuse the build

Findings stand beside `Project.problems`, since the graph holds and other tasks run whatever
they say. Text and specification are all that is looked at; what was found is remembered by
what it follows from, so that looking again costs next to nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

import msgspec

from cauce.contract import Problem
from cauce.engine.checks.functions import check_body, check_signature, mistakes_in
from cauce.engine.checks.notebook import check_notebook
from cauce.engine.checks.templates import check_template
from cauce.engine.checks.words import given_to
from cauce.engine.files import read_inside
from cauce.engine.project import Project
from cauce.engine.source import MAX_CODE, SourceFacts, digest
from cauce.engine.spec import TaskSpec

__all__ = ["checks_of", "errors_of", "known_checks_of", "refusals"]

T = TypeVar("T")


class _Memory:
    """What was found, by what it follows from. May be asked from several threads."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._known: dict[Hashable, object] = {}
        self._lock = threading.Lock()

    def known(self, key: Hashable) -> object | None:
        return self._known.get(key)

    def get(self, key: Hashable, find: Callable[[], T]) -> T:
        known = self._known.get(key)
        if known is None:
            known = find()
            with self._lock:
                if len(self._known) >= self._size:
                    self._known.clear()
                self._known[key] = known
        return known  # type: ignore[return-value]  # a key is always asked for with the same function


_memory = _Memory(50_000)


def checks_of(project: Project, task: str) -> tuple[Problem, ...]:
    """What is wrong with a task besides `Project.problems`, in the order of the source. Never raises.

    Nothing for a task whose source could not be read: that is among the project's problems.
    """
    spec, facts = project.tasks[task], project.facts.get(task)
    if facts is None or _unreadable(facts):
        return ()
    needs = bool(project.dependencies[task])
    found = _memory.get(_key(project, spec, facts), lambda: _check(project, spec, facts, needs=needs))
    return _told(found, spec)


def known_checks_of(project: Project, task: str) -> tuple[Problem, ...] | None:
    """The same, if it was found out before; None when `checks_of` would take its time."""
    spec, facts = project.tasks[task], project.facts.get(task)
    if facts is None or _unreadable(facts):
        return ()
    found = _memory.known(_key(project, spec, facts))
    return None if found is None else _told(found, spec)  # type: ignore[arg-type]  # as in `_Memory.get`


def _unreadable(facts: SourceFacts) -> bool:
    return any(problem.severity == "error" for problem in facts.problems)


def _told(found: tuple[Problem, ...], spec: TaskSpec) -> tuple[Problem, ...]:
    return tuple(msgspec.structs.replace(each, task=spec.name, where=each.where or spec.where) for each in found)


def _key(project: Project, spec: TaskSpec, facts: SourceFacts) -> Hashable:
    return (
        facts.code.raw,
        spec.kind,
        spec.source,
        given_to(spec),
        bool(project.dependencies[spec.name]),
        spec.name in project.unsound,
        spec.upstream is None,
        spec.notebook.static_analysis,
        spec.notebook.kernel,
        spec.extract_product,
        spec.serializer is None,
        tuple(relation.kind for relation in spec.relations),
    )


def errors_of(project: Project, task: str) -> tuple[Problem, ...]:
    """What the task is sure to fail by: reason enough not to start it."""
    return tuple(problem for problem in checks_of(project, task) if problem.severity == "error")


def refusals(project: Project, tasks: Iterable[str]) -> tuple[Problem, ...]:
    """Why a build of these tasks is not to begin: errors of those with `static_analysis: strict`."""
    strict = (task for task in tasks if project.tasks[task].notebook.static_analysis == "strict")
    return tuple(problem for task in strict for problem in errors_of(project, task))


def _check(project: Project, spec: TaskSpec, facts: SourceFacts, *, needs: bool) -> tuple[Problem, ...]:
    match spec.kind:
        case "notebook" | "script":
            content = project.contents.get(spec.name)
            return () if content is None else check_notebook(content, spec, needs=needs)
        case "function":
            called: Iterable[Problem] = ()
            if facts.signature is not None and spec.name not in project.unsound:  # else who knows what it is given
                called = check_signature(facts.signature, spec, facts.place, needs=needs)
            return (*called, *_body(project, facts))
        case _ if facts.template is not None:
            return tuple(check_template(facts.template, facts.text, spec, needs=needs))
        case _:
            return ()


def _body(project: Project, facts: SourceFacts) -> tuple[Problem, ...]:
    place = facts.place
    if facts.signature is None or place is None or place.line is None:
        return ()
    path = place.path
    try:
        content = read_inside(project.root, path, MAX_CODE) or b""
    except OSError:
        return ()
    module = _memory.get(("module", path, digest(content)), lambda: mistakes_in(content, path))
    return tuple(check_body(module, place.line))
