"""What can be made anew instead of being stored: connections, open files, generators."""

from __future__ import annotations

from collections.abc import Sequence

from cauce.engine.refactor.following.definitions import Places
from cauce.engine.refactor.following.timeline import Line, Timeline
from cauce.engine.refactor.model import Statement

__all__ = ["IN_MEMORY", "remade"]

IN_MEMORY = ":memory:"
_MOST = 20
"""Statements; who needs more is better stored, or moved."""


def remade(
    name: str, end: int, lines: Sequence[Line], timeline: Timeline, places: Places, *, strict: bool
) -> tuple[Statement, ...]:
    """Statements that make a variable as it is when the line `end` begins; none when there is more to it than imports,
    constants and files.

    Args:
        strict: It is not made anew where it may have been changed; a connection is the same after it was used.
    """
    found: dict[int, Line] = {}
    todo = [(name, end)]
    while todo:
        wanted, at = todo.pop()
        reaching = timeline.reaching(wanted, at)
        makers = [lines[event.index] for event in reaching if event.kind in {"bind", "may"}]
        changers = [lines[event.index] for event in reaching if event.kind == "mutate"]
        if any(strict or line.effect.mutates.get(wanted) != "possible" for line in changers):
            return ()
        for line in makers:
            if line.index in found:
                continue
            effect = line.effect
            if line.role == "definition" or (line.index in places.moved and line.role != "import"):
                return ()
            if line.role == "code" and not _may_run_again(line):
                return ()
            found[line.index] = line
            todo += [(read, line.index) for read in (*effect.reads, *effect.later)]
            if len(found) > _MOST:
                return ()
    if not any(line.role == "code" for line in found.values()):
        return ()
    return tuple(found[index].statement for index in sorted(found))


def _may_run_again(line: Line) -> bool:
    effect = line.effect
    if effect.random or line.opaque or "sure" in effect.mutates.values():
        return False
    # A database is there when it is opened again, unless it is in memory.
    return set(effect.writes_files) <= set(effect.reads_files) - {IN_MEMORY}
