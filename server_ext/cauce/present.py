"""What the engine knows → what the contract says; the server and the terminal share it.

Looks at the disk only to see the products, through the look's own `Observer`, and whether it can be written.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from zlib import crc32

from cauce.contract import (
    Activity,
    Attempt,
    Changed,
    Edge,
    FileEdit,
    Freshness,
    Holder,
    Problem,
    Product,
    Run,
    Snapshot,
    Task,
    TaskDetail,
)
from cauce.engine.assessment import Assessment, known_of
from cauce.engine.files import Observer
from cauce.engine.fingerprint import Fingerprint
from cauce.engine.functionbook import book_path
from cauce.engine.profiles import profiles
from cauce.engine.project import Project
from cauce.engine.source import unified_diff
from cauce.engine.spec import RelationSpec
from cauce.engine.stateplace import elsewhere, place_in_words, state_folder
from cauce.engine.store import AttemptRow, History, RunRow, TaskHistory, Unreadable

if TYPE_CHECKING:
    from cauce.engine.editing import FileChange, Planned

__all__ = [
    "Look",
    "present_attempt",
    "present_change",
    "present_detail",
    "present_run",
    "present_snapshot",
    "shares",
    "state_problems",
]


_UNREADABLE: dict[Unreadable, tuple[str, str]] = {
    "damaged": (
        "What is known of earlier runs cannot be read",
        "The next build sets '{place}/state.db' aside, beside where it is, and begins anew.",
    ),
    "newer": (
        "What is known of earlier runs was written by a newer version of Cauce",
        "Update Cauce to build here. Or remove '{place}/state.db': that costs rebuilds and history, nothing else.",
    ),
    "denied": (
        "What is known of earlier runs belongs to another user and cannot be read",
        "Only that user can build here. To build for yourself, copy the project without '.cauce'.",
    ),
    "linked": (
        "'.cauce' is a symbolic link, which is not followed",
        "Remove the link: the next build makes a folder in its place.",
    ),
}


@dataclass(frozen=True)
class Look:
    """One look at a pipeline: everything that a snapshot is made of."""

    project: Project
    history: History
    assessed: dict[str, Assessment]
    observer: Observer
    holder: Holder | None
    findings: tuple[Problem, ...] = ()
    """What checking the sources has found: it forbids no build, but tasks will fail by it."""

    @property
    def active(self) -> RunRow | None:
        """The run that is going on; a run that nobody holds the lock for is over."""
        run = self.history.run
        return run if run is not None and self.holder is not None and self.holder.run == run.id else None

    @cached_property
    def known(self) -> dict[str, TaskHistory]:
        """What is known of each task that was ever run."""
        return known_of(self.project, self.history)


def present_snapshot(look: Look, *, pipeline: str, root: str, revision: int) -> Snapshot:
    """The snapshot; `pipeline` and `root` say where that is for whoever asked."""
    project = look.project
    run = look.history.run
    return Snapshot(
        pipeline=pipeline,
        name=project.spec.name,
        root=root,
        revision=revision,
        tasks=tuple(_task(look, task) for task in project.graph.order),
        edges=tuple(
            Edge(source=need, target=task) for task in project.graph.order for need in project.graph.upstream[task]
        ),
        problems=(*project.problems, *look.findings, *_troubles(look)),
        run=None if run is None else present_run(run, look.holder),
        holder=look.holder,
        files=project.ingredients,
        evaluable=bool(project.spec.needs),
        profile=project.spec.entry.profile,
        profiles=_profiles(project),
        unevaluated=project.spec.unevaluated,
    )


def _profiles(project: Project) -> tuple[str, ...]:
    told = profiles(project.spec.entry)
    return () if told.fixed else told.profiles


def _troubles(look: Look) -> Iterator[Problem]:
    """What is in the way of telling how current the tasks are. Building may mend it."""
    yield from state_problems(look.history, look.project.root)
    for task in look.project.tasks.values():
        for product in task.products:
            why = look.observer.trouble(product.path)
            if why and task.name not in look.project.unsound:
                yield Problem(
                    code="product_unreadable",
                    message=f"The product {product.path} counts as missing: {why}.",
                    severity="warning",
                    hint="Remove it, or build the task again.",
                    where=task.where,
                    task=task.name,
                )


def state_problems(history: History, root: Path) -> Iterator[Problem]:
    """What there is to say of where the project's state is kept, and of what is wrong with it."""
    place = place_in_words(state_folder(root), root)
    other = elsewhere(root)
    if other is not None:
        there = place_in_words(other, root)
        yield Problem(
            code="state_elsewhere",
            message=f"You cannot write to the project's folder: builds keep what they remember in '{there}'.",
            severity="warning",
            hint="Tasks can only run where the folders of their products are writable.",
        )
    if history.unreadable is not None:
        what, hint = _UNREADABLE[history.unreadable]
        if history.unreadable == "denied" and other is not None:
            hint = "Your own builds begin with nothing known."
        yield Problem(
            code=f"state_{history.unreadable}",
            message=f"{what}: every task counts as never run.",
            severity="warning",
            hint=hint.format(place=place),
        )
    if history.set_aside:
        yield Problem(
            code="state_set_aside",
            message="What was known of earlier runs was damaged, and was begun anew before the last run.",
            severity="warning",
            hint=f"The damaged file is '{place}/{history.set_aside}'. Remove it if you have no use for it.",
        )


def present_run(run: RunRow, holder: Holder | None) -> Run:
    """One run. One that claims to be running although nobody runs it has crashed."""
    active = holder is not None and holder.run == run.id
    # The lock is held for a moment longer than the run lasts.
    running = run.state == "running" and active
    crashed = run.state == "running" and not active
    message = run.message
    if running:
        through = sum(state not in ("waiting", "running") for state in run.tasks.values())
        message = f"{through} of {len(run.tasks)} tasks are through."
    elif crashed:
        message = "The builder was killed."
    return Run(
        id=run.id,
        state="crashed" if crashed else run.state,
        started=run.started,
        ended=run.ended,
        tasks=dict(run.tasks),
        host=run.host,
        user=run.user,
        message=message,
        action=None if run.request is None else run.request.action,
    )


def present_detail(
    look: Look,
    task: str,
    attempts: tuple[AttemptRow, ...],
    notebooks: dict[str, str],
    *,
    pipeline: str,
    revision: int,
) -> TaskDetail:
    """What there is to say of one task beyond the snapshot."""
    known, facts = look.known.get(task), look.project.facts.get(task)
    diff = ""
    if known is not None and known.last_ok is not None and facts is not None:
        diff = unified_diff(known.last_ok.fingerprint.text, facts.text, look.project.tasks[task].source)
    return TaskDetail(
        pipeline=pipeline,
        task=task,
        revision=revision,
        diff=diff,
        params={name: repr(value) for name, value in look.project.tasks[task].params.items()},
        params_before=None if known is None or known.last_ok is None else _params_of(known.last_ok.fingerprint),
        attempts=tuple(present_attempt(row, look.holder) for row in attempts),
        notebooks=notebooks,
    )


def _params_of(fingerprint: Fingerprint) -> dict[str, str]:
    """Parameters as they were recorded, as Python literals."""
    found = {}
    for name, value in fingerprint.params.items():
        try:
            found[name] = repr(json.loads(value, object_hook=_exact))
        except (ValueError, TypeError):  # it looks like ours, and is the user's
            found[name] = value
    return found


def _exact(value: dict[str, Any]) -> Any:
    """A number that JSON has no word for, as `canonical` writes it."""
    return float(value["__float__"]) if value.keys() == {"__float__"} else value


def _task(look: Look, name: str) -> Task:
    project = look.project
    spec = project.tasks[name]
    facts = project.facts.get(name)
    known = look.known.get(name)
    ok = None if known is None else known.last_ok
    activity = _activity(look, name, known)
    return Task(
        name=name,
        kind=spec.kind,
        source=spec.source,
        where=spec.where,
        definition=None if facts is None else facts.place,
        notebook_path=book_path(facts.origin, name) if spec.kind == "function" and facts and facts.signature else None,
        upstream=project.graph.upstream[name],
        products=(
            *(
                _file(look.observer, product.key, product.path, product.key in spec.notebooks)
                for product in spec.products
            ),
            *(_relation(relation, ok) for relation in spec.relations),
        ),
        freshness=_freshness(look.assessed[name].freshness, activity),
        activity=activity,
        given=_given(project, name),
        sound=name not in project.unsound,
        buildable=name not in project.unbuildable,
        computed=tuple(spec.computed),
        last_attempt=_last_attempt(look, name, known),
        last_ok=look.assessed[name].made_at if ok is None else ok.ended,
        last_duration=None if ok is None or ok.ended is None else ok.ended - ok.started,
    )


def _given(project: Project, name: str) -> str:
    """Made of parts that are remembered with the specification: there may be a thousand tasks."""
    tasks = project.tasks
    words = [tasks[name].given_word]
    for need in project.dependencies[name]:
        words += [need.name, *(other + tasks[other].made_word for other in need.tasks)]
    said = "\0".join(words)
    return f"{crc32(said.encode('utf-8', 'surrogatepass')):08x}"


def _freshness(freshness: Freshness, activity: Activity) -> Freshness:
    """While a task runs, that its last attempt has not succeeded is no reason: it is that attempt."""
    if activity.state != "running":
        return freshness
    reasons = tuple(reason for reason in freshness.reasons if reason.kind != "last_run_failed")
    return Freshness(state=freshness.state, reasons=reasons)


def _activity(look: Look, name: str, known: TaskHistory | None) -> Activity:
    run = look.active
    state = None if run is None else run.tasks.get(name)
    if run is None or state not in ("waiting", "running"):
        return Activity(state="idle")
    if state == "waiting" or known is None:
        return Activity(state="waiting", run=run.id)
    if retry := run.causes.get(name, ""):
        return Activity(state="running", run=run.id, started=known.last.started, retry=retry)
    return Activity(state="running", run=run.id, started=known.last.started, progress=known.last.progress)


def _last_attempt(look: Look, name: str, known: TaskHistory | None) -> Attempt | None:
    run = look.history.run
    if run is not None and run.tasks.get(name) == "skipped":
        when = run.ended if run.ended is not None else run.started
        return Attempt(run=run.id, outcome="skipped", started=when, ended=when, cause=run.causes.get(name, ""))
    return None if known is None else present_attempt(known.last, look.holder)


def present_attempt(row: AttemptRow, holder: Holder | None) -> Attempt:
    """One try at a task. One that claims to be running although nobody runs it has crashed."""
    crashed = row.outcome == "running" and (holder is None or holder.run != row.run)
    outcome: Literal["running", "ok", "failed", "cancelled", "crashed", "stopped"] = (
        "crashed" if crashed else row.outcome
    )
    return Attempt(
        run=row.run,
        outcome=outcome,
        started=row.started,
        ended=row.ended,
        cause="The builder was killed." if crashed else row.cause,
        error=row.error,
    )


def _relation(relation: RelationSpec, ok: AttemptRow | None) -> Product:
    made = ok is not None and any(record.path == relation.path for record in ok.products)
    return Product(key=relation.key, kind=relation.kind, path=relation.qualified, exists=made, notebook=False)


def _file(observer: Observer, key: str, path: str, notebook: bool) -> Product:
    stat = observer.stat(path)
    return Product(
        key=key,
        path=path,
        exists=stat is not None,
        notebook=notebook,
        size=None if stat is None else stat.size,
        modified=None if stat is None else stat.mtime_ns / 1e9,
    )


def shares(values: Sequence[float]) -> list[int]:
    """Each value's percentage of the sum, as whole numbers that sum to 100; all 0 when the sum is 0."""
    total = sum(values)
    if total <= 0:
        return [0] * len(values)
    exact = [value / total * 100 for value in values]
    found = [int(value) for value in exact]
    by_rest = sorted(range(len(values)), key=lambda i: found[i] - exact[i])
    for i in by_rest[: 100 - sum(found)]:
        found[i] += 1
    return found


def present_change(planned: Planned, record: str = "") -> Changed:
    """A change of files, planned or done; `record`: what takes it back."""
    change = planned.change
    return Changed(
        files=tuple(
            FileEdit(path=file.path, kind=_kind(file), diff=file.diff)
            for file in change.files
            if file.before != file.after
        ),
        said=change.said,
        problems=planned.problems,
        task=planned.task,
        source=planned.source,
        undo=record,
    )


def _kind(file: FileChange) -> Literal["created", "edited", "removed"]:
    if file.before is None:
        return "created"
    return "removed" if file.after is None else "edited"
