"""Which tasks to run, and in which order they become ready. Pure.

    selection ──► waiting ──► ready ──► running ──► done
                     └──────────────────────────► skipped

`Plan` is a value: every step answers with a new one. The build loop asks it what is ready,
tells it what began and how it ended, and never decides anything itself.

When more tasks are ready than may run, the most urgent begins: the one with the longest way to the
end of the build, its own expected duration and those of what can only follow it added up. Begun in
the order of the file, a long chain that is written last would start when all else is over.
"""

from __future__ import annotations

import bisect
import fnmatch
import heapq
import statistics
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from cauce.contract import RunRequest
from cauce.engine.errors import NotFound, UsageError
from cauce.engine.graph import Graph, listed, no_task

__all__ = ["End", "Plan", "Selection", "may_run", "select", "usual"]

End = Literal["ok", "unchanged", "failed", "cancelled", "crashed", "stopped", "skipped"]


@dataclass(frozen=True)
class Selection:
    """What a request means for a graph."""

    tasks: tuple[str, ...]
    """May run, in build order."""
    forced: frozenset[str]
    """Run though they are fresh."""


def select(request: RunRequest, graph: Graph) -> Selection:
    """The tasks that a request is about. A name with ``*`` that is no task's stands for all that match.

    Raises:
        NotFound: It names a task that does not exist.
        UsageError: It asks for `only` or `from` without naming a task.
    """
    named = tuple(dict.fromkeys(task for name in request.tasks for task in _meant(name, graph)))
    if not request.tasks:
        if request.mode != "up_to":
            raise UsageError(f"'{request.mode.replace('_', '-')}' needs a task.", hint="Name one.")
        return Selection(graph.order, frozenset(graph.order) if request.force else frozenset())
    if request.mode == "only":
        chosen = frozenset(named)
    elif request.mode == "up_to":
        chosen = graph.ancestors(named)
    else:
        chosen = graph.descendants(named)
    tasks = tuple(task for task in graph.order if task in chosen)
    return Selection(tasks, frozenset(named) if request.force else frozenset())


def _meant(name: str, graph: Graph) -> tuple[str, ...]:
    if name in graph.upstream:
        return (name,)
    if "*" in name:
        found = tuple(task for task in graph.order if fnmatch.fnmatchcase(task, name))
        if not found:
            raise NotFound(f"No task matches '{name}'.", hint=listed(graph.order))
        return found
    raise no_task(name, graph.order)


def may_run(selection: Selection, graph: Graph, stale: Collection[str]) -> tuple[str, ...]:
    """What of a selection goes into the build, in build order; the rest is fresh and stays so."""
    planned: dict[str, None] = {}
    for task in selection.tasks:
        # What follows a forced task may turn out to need a run, however fresh it is now.
        follows = any(need in planned for need in graph.upstream[task])
        if task in selection.forced or follows or task in stale:
            planned[task] = None
    return tuple(planned)


@dataclass(frozen=True)
class Plan:
    """A build in progress. Tasks that are not in it count as there and done."""

    tasks: tuple[str, ...]
    """In build order."""
    running: frozenset[str]
    ended: Mapping[str, End]
    ready: tuple[str, ...]
    """Waiting tasks whose needs are all through, the most urgent first."""
    lacking: Mapping[str, int]
    """Task → how many of its needs are not through yet."""
    needed_by: Mapping[str, tuple[str, ...]]
    position: Mapping[str, int]
    """Task → its place in build order."""
    rank: Mapping[str, int]
    """Task → its place among all when they are ordered by urgency, ties by build order."""

    @classmethod
    def of(
        cls,
        tasks: tuple[str, ...],
        upstream: Mapping[str, tuple[str, ...]],
        durations: Mapping[str, float] | None = None,
    ) -> Plan:
        """A plan for `tasks` in build order; needs outside of them are left out.

        `durations`: seconds that tasks are known to take, be they in the plan or not. Others are
        expected to take the median of these, or all the same where nothing is known.
        """
        position = {task: index for index, task in enumerate(tasks)}
        needs = {task: [need for need in upstream[task] if need in position] for task in tasks}
        followers: dict[str, list[str]] = {task: [] for task in tasks}
        for task, its in needs.items():
            for need in its:
                followers[need].append(task)
        needed_by = {task: tuple(others) for task, others in followers.items()}
        rank = _ranked(tasks, needed_by, durations or {})
        return cls(
            tasks=tasks,
            running=frozenset(),
            ended={},
            ready=tuple(sorted((task for task in tasks if not needs[task]), key=rank.__getitem__)),
            lacking={task: len(its) for task, its in needs.items()},
            needed_by=needed_by,
            position=position,
            rank=rank,
        )

    @property
    def waiting(self) -> tuple[str, ...]:
        """Neither begun nor ended, in build order."""
        return tuple(task for task in self.tasks if task not in self.running and task not in self.ended)

    @property
    def done(self) -> bool:
        return len(self.ended) == len(self.tasks)

    def began(self, task: str) -> Plan:
        """The task runs now."""
        return replace(self, running=self.running | {task}, ready=self._ready_without(task))

    def finished(self, task: str, end: End) -> Plan:
        """The task ended. What needs it is ready once nothing else is lacking, or skipped if it did not succeed."""
        plan = replace(
            self,
            running=self.running - {task},
            ended={**self.ended, task: end},
            ready=self._ready_without(task),
        )
        return plan._released(task) if end in ("ok", "unchanged") else plan._blocked(task)

    def stopped(self) -> Plan:
        """Nothing more is begun: every waiting task is skipped."""
        return replace(self, ended={**self.ended, **dict.fromkeys(self.waiting, "skipped")}, ready=())

    def lasts(self, seconds: Mapping[str, float], jobs: int) -> float:
        """How long the whole plan would take from its beginning, if each task took what `seconds` says."""
        lacking = {**self.lacking}
        ready = [(self.rank[task], task) for task in self.ready]
        heapq.heapify(ready)
        running: list[tuple[float, int, str]] = []
        now = 0.0
        while ready or running:
            while ready and len(running) < jobs:
                rank, task = heapq.heappop(ready)
                heapq.heappush(running, (now + seconds[task], rank, task))
            now, _, ended = heapq.heappop(running)
            for other in self.needed_by[ended]:
                lacking[other] -= 1
                if not lacking[other]:
                    heapq.heappush(ready, (self.rank[other], other))
        return now

    def _released(self, task: str) -> Plan:
        followers = self.needed_by[task]
        if not followers:
            return self
        lacking = {**self.lacking}
        ready = [*self.ready]
        for other in followers:
            lacking[other] -= 1
            if not lacking[other] and other not in self.ended:
                bisect.insort(ready, other, key=self.rank.__getitem__)
        return replace(self, lacking=lacking, ready=tuple(ready))

    def _blocked(self, task: str) -> Plan:
        found: set[str] = set()
        todo = [task]
        while todo:
            others = [other for other in self.needed_by[todo.pop()] if other not in found and other not in self.ended]
            found.update(others)
            todo += others
        skipped = sorted(found, key=self.position.__getitem__)
        return replace(self, ended={**self.ended, **dict.fromkeys(skipped, "skipped")})

    def _ready_without(self, task: str) -> tuple[str, ...]:
        place = bisect.bisect_left(self.ready, self.rank[task], key=self.rank.__getitem__)
        if self.ready[place : place + 1] != (task,):
            return self.ready
        return self.ready[:place] + self.ready[place + 1 :]


def usual(durations: Mapping[str, float]) -> float:
    """Seconds that a task is expected to take of which nothing is known."""
    return statistics.median(durations.values()) if durations else 1.0


def _ranked(
    tasks: Sequence[str], needed_by: Mapping[str, Iterable[str]], durations: Mapping[str, float]
) -> dict[str, int]:
    others = usual(durations)
    urgency: dict[str, float] = {}
    for task in reversed(tasks):
        after = max((urgency[other] for other in needed_by[task]), default=0.0)
        urgency[task] = durations.get(task, others) + after
    by_urgency = sorted(tasks, key=urgency.__getitem__, reverse=True)  # which leaves equals in their order
    return {task: place for place, task in enumerate(by_urgency)}
