"""What a build would do, and why: told by looking alone, from what the build itself decides by.

A task in the plan *runs* when something is certain to make it run, whatever the tasks before it make.
It *may run* when it is stale, or comes after what runs, for its upstream alone: that may turn out to make
the same bytes as the last time. All of it is said for a build in which every task succeeds.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection, Iterator, Mapping

from cauce.contract import BuildPlan, Estimate, PlannedTask, Reason, RunRequest
from cauce.engine.admission import admitted, check_inputs
from cauce.engine.assessment import Assessment, known_of
from cauce.engine.errors import UsageError
from cauce.engine.files import Observer
from cauce.engine.plan import Plan, may_run, usual
from cauce.engine.project import Project
from cauce.engine.spec import Entry
from cauce.engine.store import History, TaskHistory

__all__ = ["build_command", "durations_of", "foresee", "jobs_of"]


def foresee(
    project: Project,
    history: History,
    assessed: Mapping[str, Assessment],
    observer: Observer,
    request: RunRequest,
    *,
    pipeline: str,
    root: str,
) -> BuildPlan:
    """The plan of what `request` would begin; `pipeline` and `root` are what the caller calls them.

    Raises:
        NotFound, UsageError, PipelineHasErrors: What the build would refuse by, in the same words.
    """
    if request.action != "build":
        raise UsageError("Only a build has a plan.", hint="Leave 'action' out.")
    selection = admitted(project, request)
    stale = {task for task, assessment in assessed.items() if not assessment.fresh}
    planned = may_run(selection, project.graph, stale)
    check_inputs(project, planned, observer)
    known = known_of(project, history)
    durations = durations_of(known)
    among = frozenset(planned)
    tasks = tuple(_Eyes(project, assessed, planned).planned_tasks(selection.forced, durations))
    jobs = jobs_of(project, request)
    return BuildPlan(
        pipeline=pipeline,
        root=root,
        tasks=tasks,
        fresh=tuple(task for task in selection.tasks if task not in among),
        caveats=(
            *(("evaluation",) if project.spec.needs else ()),
            *(("tables",) if _reads_tables(project, among) else ()),
        ),
        jobs=jobs,
        estimate=_estimate(tasks, Plan.of(planned, project.graph.upstream, durations), durations, jobs),
        command=build_command(project.spec.entry, request),
    )


class _Eyes:
    """What is certain about the tasks of a plan."""

    def __init__(
        self,
        project: Project,
        assessed: Mapping[str, Assessment],
        planned: tuple[str, ...],
    ) -> None:
        self.project = project
        self.assessed = assessed
        self.planned = planned
        self.made = frozenset(product.path for task in planned for product in project.tasks[task].products)
        self.among = frozenset(planned)
        self.settled: set[str] = set()
        """Tasks of the plan that will be current after it: not those that use what is stale and is not to run."""
        for task in planned:
            if all(
                need in self.settled if need in self.among else assessed[need].fresh
                for need in project.graph.upstream[task]
            ):
                self.settled.add(task)

    def planned_tasks(self, forced: Collection[str], durations: Mapping[str, float]) -> Iterator[PlannedTask]:
        for task in self.planned:
            reasons = self.assessed[task].freshness.reasons
            needs = tuple(need for need in self.project.graph.upstream[task] if need in self.among)
            unsettled = not self.settled.issuperset(needs)
            certain = task in forced or unsettled or any(self._stays(reason) for reason in reasons)
            yield PlannedTask(
                name=task,
                verdict="run" if certain else "maybe",
                forced=task in forced,
                reasons=reasons,
                after=needs,
                duration=durations.get(task),
            )

    def _stays(self, reason: Reason) -> bool:
        """Does the reason hold whatever the tasks of the plan make?"""
        match reason.kind:
            case "upstream_stale":
                return reason.subject not in self.settled
            case "upstream_changed":  # what runs again may make what it made before that change
                return reason.how != "changed" or reason.subject not in self.among
            case "resource_changed":
                return reason.subject not in self.made
            case "params_changed":  # a value that nobody remembers may come out as it was
                return reason.how != "computed"
            case _:
                return True


def _reads_tables(project: Project, planned: Collection[str]) -> bool:
    """Does something use what a task has left in a database that is not to run?"""
    return any(
        need not in planned and project.tasks[need].relations
        for task in planned
        for need in project.graph.upstream[task]
    )


def _estimate(tasks: tuple[PlannedTask, ...], plan: Plan, durations: Mapping[str, float], jobs: int) -> Estimate | None:
    if not tasks or not durations:
        return None
    others = usual(durations)
    most = {task.name: others if task.duration is None else task.duration for task in tasks}
    least = most | {task.name: 0.0 for task in tasks if task.verdict == "maybe"}
    return Estimate(
        least=plan.lasts(least, jobs),
        most=plan.lasts(most, jobs),
        unknown=sum(task.duration is None for task in tasks),
    )


def durations_of(known: Mapping[str, TaskHistory]) -> dict[str, float]:
    """Task → seconds that its last success took. One that was marked as current in no time says nothing of that."""
    found: dict[str, float] = {}
    for task, history in known.items():
        last = history.last_ok
        if last is not None and last.ended is not None and last.ended > last.started:
            found[task] = last.ended - last.started
    return found


def jobs_of(project: Project, request: RunRequest) -> int:
    """How many tasks run at a time."""
    return request.jobs or project.spec.jobs or _cores()


def _cores() -> int:
    """Cores we may use, which in a container is fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


_DEFAULT = "pipeline.yaml"


def build_command(entry: Entry, request: RunRequest) -> str:
    """The ``cauce build`` that asks for the same, for a shell in the project's root."""
    words = ["cauce", "build"]
    if entry.kind != "file" or entry.name != _DEFAULT:
        words += ["-e", entry.target or entry.name]
    if request.mode != "up_to":
        words.append("--only" if request.mode == "only" else "--from")
    words += ["--force"] if request.force else []
    words += ["--fail-fast"] if request.fail_fast else []
    words += ["--jobs", str(request.jobs)] if request.jobs is not None else []
    # A name that looks like an option is none after this.
    words += ["--"] if any(task.startswith("-") for task in request.tasks) else []
    return shlex.join([*words, *request.tasks])
