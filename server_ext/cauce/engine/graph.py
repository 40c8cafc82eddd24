"""Which task needs which: edges, wildcards, cycles, and one stable order. Pure.

Edges point the way data flows: from the upstream task to the one that uses its products.
Ties are broken by the order of declaration, so that the same file always gives the same
order.
"""

from __future__ import annotations

import difflib
import fnmatch
import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

__all__ = ["Dependency", "Graph", "Unknown", "build_graph", "resolve"]


@dataclass(frozen=True)
class Dependency:
    """One name in a task's `upstream`, and the tasks it stands for.

    A wildcard (a name with ``*``) stands for every other task that matches, in the order of
    declaration; the task then receives them as a group under the name as written.
    """

    name: str
    tasks: tuple[str, ...]

    @property
    def group(self) -> bool:
        return "*" in self.name


@dataclass(frozen=True)
class Unknown:
    """A name in `upstream` that stands for no task."""

    name: str
    suggestion: str | None


def resolve(task: str, names: Iterable[str], tasks: tuple[str, ...]) -> tuple[Dependency | Unknown, ...]:
    """What each name in a task's `upstream` stands for, in the order written."""
    found: list[Dependency | Unknown] = []
    for name in names:
        if "*" in name:
            matches = tuple(other for other in tasks if other != task and fnmatch.fnmatchcase(other, name))
            found.append(Dependency(name, matches))
        elif name in tasks:
            found.append(Dependency(name, (name,)))
        else:
            close = difflib.get_close_matches(name, tasks, n=1)
            found.append(Unknown(name, close[0] if close else None))
    return tuple(found)


@dataclass(frozen=True)
class Graph:
    """An acyclic graph. Tasks on a cycle, and what depends on them, are in no order."""

    upstream: Mapping[str, tuple[str, ...]]
    """Task → what it needs directly. Names every task."""
    downstream: Mapping[str, tuple[str, ...]]
    order: tuple[str, ...]
    """Upstream first; ties in the order of declaration; tasks on cycles come last."""
    cycles: tuple[tuple[str, ...], ...]
    """Each as the tasks along it, beginning with the first declared."""

    def ancestors(self, tasks: Iterable[str]) -> frozenset[str]:
        """The tasks and all that they need."""
        return _reach(tasks, self.upstream)

    def descendants(self, tasks: Iterable[str]) -> frozenset[str]:
        """The tasks and all that depends on them."""
        return _reach(tasks, self.downstream)


def build_graph(upstream: Mapping[str, tuple[str, ...]]) -> Graph:
    """The graph of `task → what it needs`, in the order of declaration. Linear in its edges.

    Names that are no task must have been left out (see `resolve`).
    """
    position = {task: index for index, task in enumerate(upstream)}
    downstream: dict[str, list[str]] = {task: [] for task in upstream}
    missing = {task: len(set(needs)) for task, needs in upstream.items()}
    for task, needs in upstream.items():
        for need in dict.fromkeys(needs):
            downstream[need].append(task)
    ready = [index for task, index in position.items() if missing[task] == 0]
    heapq.heapify(ready)
    names = tuple(upstream)
    order: list[str] = []
    while ready:
        task = names[heapq.heappop(ready)]
        order.append(task)
        for user in downstream[task]:
            missing[user] -= 1
            if missing[user] == 0:
                heapq.heappush(ready, position[user])
    rest = tuple(task for task in upstream if missing[task] > 0)
    return Graph(
        upstream={task: tuple(dict.fromkeys(needs)) for task, needs in upstream.items()},
        downstream={task: tuple(users) for task, users in downstream.items()},
        order=(*order, *rest),
        cycles=_cycles(rest, upstream),
    )


def _cycles(rest: tuple[str, ...], upstream: Mapping[str, tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """One cycle for each knot among the tasks that could not be ordered."""
    left = dict.fromkeys(rest)
    found: list[tuple[str, ...]] = []
    settled: set[str] = set()
    for start in rest:
        path: dict[str, None] = {}
        task = start
        # Every unordered task needs an unordered one: walking up must end in a circle.
        while task not in path and task not in settled:
            path[task] = None
            task = next(need for need in upstream[task] if need in left)
        if task not in settled:
            walked = list(path)
            circle = walked[walked.index(task) :]
            first = min(range(len(circle)), key=lambda index: rest.index(circle[index]))
            # Walked against the data's direction: turn it round.
            found.append(tuple(reversed(circle[first + 1 :] + circle[: first + 1])))
        settled.update(path)
    return tuple(found)


def _reach(start: Iterable[str], edges: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    seen = set(start)
    todo = list(seen)
    while todo:
        for neighbour in edges[todo.pop()]:
            if neighbour not in seen:
                seen.add(neighbour)
                todo.append(neighbour)
    return frozenset(seen)
