"""Which task needs which: edges, wildcards, cycles, and one stable order. Pure.

Edges point the way data flows: from the upstream task to the one that uses its products.
Ties are broken by the order of declaration, so that the same file always gives the same
order.
"""

from __future__ import annotations

import difflib
import fnmatch
import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cauce.engine.errors import NotFound

__all__ = ["Dependency", "Graph", "Names", "Unknown", "build_graph", "listed", "no_task"]


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


class Names:
    """The tasks of one pipeline, to look up what is written in `upstream`; each name costs once."""

    def __init__(self, tasks: Iterable[str]) -> None:
        self._tasks = dict.fromkeys(tasks)
        self._groups: dict[str, tuple[str, ...]] = {}
        self._suggestions: dict[str, str | None] = {}

    def resolve(self, task: str, names: Iterable[str]) -> tuple[Dependency | Unknown, ...]:
        """What each name in a task's `upstream` stands for, in the order written."""
        return tuple(self._resolve(task, name) for name in names)

    def _resolve(self, task: str, name: str) -> Dependency | Unknown:
        if "*" in name:
            if name not in self._groups:
                self._groups[name] = tuple(other for other in self._tasks if fnmatch.fnmatchcase(other, name))
            return Dependency(name, tuple(other for other in self._groups[name] if other != task))
        if name in self._tasks:
            return Dependency(name, (name,))
        return Unknown(name, self._suggestion(name))

    def _suggestion(self, name: str) -> str | None:
        """The task that was meant; not for what is no name, nor for ever more of them: looking is dear."""
        if name in self._suggestions:
            return self._suggestions[name]
        if len(name) > _LONG or len(self._suggestions) >= _SUGGESTIONS:
            return None
        self._suggestions[name] = _close_to(name, self._tasks)
        return self._suggestions[name]


_LONG = 100
_SUGGESTIONS = 20
_LISTED = 20


def _close_to(name: str, tasks: Iterable[str]) -> str | None:
    """The task that was meant, if any is close; not for what is no name."""
    if len(name) > _LONG:
        return None
    return next(iter(difflib.get_close_matches(name, [task for task in tasks if len(task) <= _LONG], n=1)), None)


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


def no_task(name: str, tasks: Iterable[str]) -> NotFound:
    """What to raise where a task of this name is asked for and there is none."""
    names = tuple(tasks)
    close = _close_to(name, names)
    return NotFound(f"There is no task '{name}'.", hint=listed(names) if close is None else f"Did you mean '{close}'?")


def listed(tasks: Sequence[str]) -> str:
    """The first tasks, for who has to name one."""
    return "Tasks are: " + ", ".join(tasks[:_LISTED]) + "." if tasks else "There is no task at all."


def build_graph(upstream: Mapping[str, tuple[str, ...]]) -> Graph:
    """The graph of `task → what it needs`, in the order of declaration. Linear in its edges.

    Names that are no task must have been left out (see `Names.resolve`).
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
    left = {task: position for position, task in enumerate(rest)}
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
            first = min(range(len(circle)), key=lambda index: left[circle[index]])
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
