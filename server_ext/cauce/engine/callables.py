"""Code that a pipeline names beside its sources: hooks, clients, serializers, computed values. Read, never imported.

    PipelineSpec ─► uses_of ─► is it there? can it be called so? ─► (Problem, …)

Of what is not in the project's folders nothing is said but that there is no such package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from cauce.contract import Problem, Where
from cauce.engine.source import Signature, SourceFacts
from cauce.engine.spec.model import Dotted, Hooks, PipelineSpec, TaskSpec

if TYPE_CHECKING:
    from cauce.engine.functions import FunctionIndex

__all__ = ["Callables", "Use", "check_callables", "uses_of"]

_OF_TASK = frozenset({"task", "product", "params", "upstream", "client"})
_OF_PIPELINE: Mapping[str, frozenset[str]] = {
    "on_render": frozenset({"dag"}),
    "on_finish": frozenset({"dag", "report"}),
    "on_failure": frozenset({"dag", "traceback"}),
}
_STAND_IN = "ploomber"
"""Tasks find it where they run, also where it is not installed."""


@dataclass(frozen=True)
class Callables:
    """What was found out about them."""

    problems: tuple[Problem, ...] = ()
    unsound: frozenset[str] = frozenset()
    """Tasks that use what is wrong; of several that share it only the first has the problem."""
    files: frozenset[str] = frozenset()
    """Where they are, or may come to be."""


@dataclass(frozen=True)
class Use:
    """One place in the pipeline that names code."""

    key: str
    dotted: Dotted
    task: str | None
    where: Where | None
    offers: frozenset[str] | None = None
    """Arguments that it may ask for beside those that are written; None where we do not say how it is called."""


@dataclass
class _Looked:
    problem: Problem | None = None
    signature: Signature | None = None
    place: Where | None = None
    files: tuple[str, ...] = field(default_factory=tuple)


def check_callables(
    uses: Iterable[Use], facts_of: Callable[[str, str, Where], SourceFacts], index: FunctionIndex
) -> Callables:
    """What is wrong with them, each mistake once. `facts_of` reads a definition (path, task, where)."""
    problems: dict[tuple[str, str, Where | None], Problem] = {}
    unsound: set[str] = set()
    known: dict[str, _Looked] = {}
    files: set[str] = set()
    for use in uses:
        path = use.dotted.path
        if path not in known:
            known[path] = _look(path, facts_of, index)
        files.update(known[path].files)
        problem = _missing(use, known[path]) or _uncallable(use, known[path])
        if problem is not None:
            problems.setdefault((use.key, path, use.where), problem)
            unsound |= {use.task} if use.task is not None else set()
    return Callables(tuple(problems.values()), frozenset(unsound), frozenset(files))


def uses_of(spec: PipelineSpec) -> Iterator[Use]:
    """All that the pipeline names."""
    yield from _hooks(spec.hooks, None, lambda moment: _OF_PIPELINE[moment])
    computed: set[str] = set()
    for task in spec.tasks:
        yield from _hooks(task.hooks, task, lambda _: _OF_TASK)
        yield from _plain("client", [task.client], task, called=True)
        yield from _plain("client", [product.client for product in task.products], task, called=True)
        yield from _plain("client", [relation.client for relation in task.relations], task, called=True)
        yield from _plain("serializer", [task.serializer], task)
        yield from _plain("unserializer", [task.unserializer], task)
        computed.update(need.key for need in task.computed.values())
        yield from _plain("params", [need.call for need in task.computed.values()], task, called=True)
    for need in spec.needs:
        if need.kind == "call" and need.call is not None and need.key not in computed:
            yield Use("grid", need.call, need.task, need.call.where, frozenset())


def _hooks(hooks: Hooks, task: TaskSpec | None, offers: Callable[[str], frozenset[str]]) -> Iterator[Use]:
    for moment in ("on_render", "on_finish", "on_failure"):
        hook: Dotted | None = getattr(hooks, moment)
        if hook is not None:
            where = hook.where or (None if task is None else task.where)
            yield Use(moment, hook, None if task is None else task.name, where, offers(moment))


def _plain(key: str, named: Iterable[Dotted | str | None], task: TaskSpec, *, called: bool = False) -> Iterator[Use]:
    for each in named:
        if isinstance(each, Dotted):
            yield Use(key, each, task.name, each.where or task.where, frozenset() if called else None)


# --- Is it there? -------------------------------------------------------------------------


def _look(path: str, facts_of: Callable[[str, str, Where], SourceFacts], index: FunctionIndex) -> _Looked:
    nowhere = Where(path="")
    parts = path.split(".")
    module = next((parts[:n] for n in range(len(parts) - 1, 0, -1) if index.locate(parts[:n]) is not None), None)
    if module is None:
        if parts[0] == _STAND_IN or index.installed(parts[0]):
            return _Looked()
        facts = facts_of(path, "", nowhere)
        return _Looked(_error(facts), files=facts.awaited)
    file = index.locate(module) or ""
    facts = facts_of(".".join(parts[: len(module) + 1]), "", nowhere)
    problem = _error(facts)
    files = tuple(name for name in (file, facts.origin, *facts.awaited) if name)
    found = index.module(file)
    open_ended = found is not None and found.error is None and (found.binds("__getattr__") or bool(found.stars))
    if problem is not None and open_ended:
        return _Looked(files=files)
    if len(parts) == len(module) + 1:
        return _Looked(problem, facts.signature, facts.place, files)
    # What a class or an object has is not looked up; a module that is missing below a package is.
    return _Looked(None if problem is None else _error(facts_of(path, "", nowhere)), files=files)


def _error(facts: SourceFacts) -> Problem | None:
    return next((problem for problem in facts.problems if problem.severity == "error"), None)


def _missing(use: Use, looked: _Looked) -> Problem | None:
    problem = looked.problem
    if problem is None:
        return None
    if problem.code == "module_broken":  # one without a line was not read
        read = problem.where is not None and problem.where.line is not None
        return msgspec.structs.replace(problem, task=use.task) if read else None
    meant = problem.hint.startswith("Did you mean")
    return Problem(
        code="callable_missing",
        message=f"{problem.message.rstrip('.')}, which '{use.key}' names.",
        severity="error",
        hint=problem.hint if meant else f"Write it there, or correct '{use.key}'.",
        where=use.where,
        task=use.task,
    )


# --- Can it be called so? -----------------------------------------------------------------


def _uncallable(use: Use, looked: _Looked) -> Problem | None:
    takes = looked.signature
    if takes is None or takes.decorated or use.offers is None:  # what is called then may take something else
        return None
    given = use.dotted.arguments
    unknown = [] if takes.gathers else [name for name in given if name not in takes.parameters]
    lacking = [name for name in takes.parameters if name in takes.required and name not in {*given, *use.offers}]
    if not unknown and not lacking:
        return None
    told = []
    if lacking:
        told.append(f"asks for {_listed(lacking)}, which nobody gives")
    if unknown:
        told.append(f"does not take {_listed(unknown)}, which stands beside 'dotted_path'")
    may = f"It may ask for {_listed(sorted(use.offers))}, and for what" if use.offers else "It may ask for what"
    return Problem(
        code="callable_arguments",
        message=f"'{use.dotted.path}', which '{use.key}' names, {' and '.join(told)}.",
        severity="error",
        hint=f"{may} stands beside 'dotted_path'." if lacking else "Add it to the function, or remove it.",
        where=looked.place or use.where,
        task=use.task,
    )


def _listed(names: list[str]) -> str:
    quoted = [f"'{name}'" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
