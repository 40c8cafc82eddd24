"""Which tasks to run, and in which order they become ready. Pure.

    selection ──► waiting ──► ready ──► running ──► done
                     └──────────────────────────► skipped

`Plan` is a value: every step answers with a new one. The build loop asks it what is ready,
tells it what began and how it ended, and never decides anything itself.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from cauce.contract import RunRequest
from cauce.engine.errors import NotFound, UsageError
from cauce.engine.graph import Graph, listed, no_task

__all__ = ["End", "Plan", "Selection", "select"]

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


@dataclass(frozen=True)
class Plan:
    """A build in progress. Tasks that are not in it count as there and done."""

    tasks: tuple[str, ...]
    upstream: Mapping[str, tuple[str, ...]]
    running: frozenset[str] = frozenset()
    ended: Mapping[str, End] = field(default_factory=dict)

    @classmethod
    def of(cls, tasks: tuple[str, ...], upstream: Mapping[str, tuple[str, ...]]) -> Plan:
        """A plan for `tasks` in build order; needs outside of them are left out."""
        chosen = frozenset(tasks)
        return cls(tasks, {task: tuple(need for need in upstream[task] if need in chosen) for task in tasks})

    @property
    def waiting(self) -> tuple[str, ...]:
        """Neither begun nor ended, in build order."""
        return tuple(task for task in self.tasks if task not in self.running and task not in self.ended)

    @property
    def ready(self) -> tuple[str, ...]:
        """Waiting tasks whose needs are all through, in build order."""
        return tuple(
            task
            for task in self.waiting
            if all(self.ended.get(need) in ("ok", "unchanged") for need in self.upstream[task])
        )

    @property
    def done(self) -> bool:
        return len(self.ended) == len(self.tasks)

    def began(self, task: str) -> Plan:
        """The task runs now."""
        return replace(self, running=self.running | {task})

    def finished(self, task: str, end: End) -> Plan:
        """The task ended. What needs it is skipped if it did not succeed (see `blocked`)."""
        plan = replace(self, running=self.running - {task}, ended={**self.ended, task: end})
        if end in ("ok", "unchanged"):
            return plan
        blocked = plan.blocked()
        return replace(plan, ended={**plan.ended, **dict.fromkeys(blocked, "skipped")})

    def blocked(self) -> Mapping[str, str]:
        """Waiting tasks that can never run → the failed task that is in their way."""
        culprit: dict[str, str] = {}
        for task in self.tasks:
            if task in self.ended or task in self.running:
                continue
            for need in self.upstream[task]:
                if need in culprit:
                    culprit[task] = culprit[need]
                    break
                if self.ended.get(need) in ("failed", "cancelled", "crashed", "stopped", "skipped"):
                    culprit[task] = need
                    break
        return culprit

    def stopped(self) -> Plan:
        """Nothing more is begun: every waiting task is skipped."""
        return replace(self, ended={**self.ended, **dict.fromkeys(self.waiting, "skipped")})
