"""What a task looks like: one of five states, told by a word, a shape, a stroke and a colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cauce.contract import Problem, Snapshot, Task
from cauce.plot.text import plain

__all__ = ["LOOKS", "Look", "State", "look_of", "problems_by_task", "reasons", "story"]

State = str


@dataclass(frozen=True)
class Look:
    """One state: the word that says it, and how it is drawn."""

    word: State
    fill: str
    stroke: str
    dark_fill: str
    dark_stroke: str
    sign: str
    """A path in a square of 12 by 12."""
    width: float = 1.5
    dash: str = ""
    corner: float = 7


_CHECK = "M2.5 6.5 5 9.2 9.6 3.2"
_CROSS = "M3 3 9 9M9 3 3 9"
_AGAIN = "M10 6.2A4 4 0 1 1 8.6 3.1M9 .9V3.5H6.4"
_ASK = "M3.9 4.4A2.1 2.1 0 1 1 6 6.4V7.6M6 9.9V10"
_PLAY = "M4 2.5 9.5 6 4 9.5Z"
LOOKS: Mapping[State, Look] = {
    look.word: look
    for look in (
        Look("fresh", "#e8f5ec", "#2e7d32", "#12281a", "#57ab5a", _CHECK),
        Look("stale", "#fff6dd", "#9a6700", "#2b2207", "#d4a72c", _AGAIN, dash="6 4"),
        Look("failed", "#fdebea", "#c62828", "#351615", "#f47067", _CROSS, width=2.5, corner=0),
        Look("unknown", "#f0f2f4", "#57606a", "#22272e", "#909dab", _ASK, dash="1.5 3.5", corner=16),
        Look("running", "#e5f1fd", "#0b62b8", "#0d2339", "#539bf5", _PLAY, width=2.5),
    )
}
"""In the order in which they are counted."""


def look_of(task: Task) -> Look:
    """The look of the task as it is now."""
    if task.activity.state == "running":
        return LOOKS["running"]
    last = task.last_attempt
    if task.freshness.state == "stale" and last is not None and last.outcome in ("failed", "crashed"):
        return LOOKS["failed"]
    return LOOKS[task.freshness.state]


def problems_by_task(snapshot: Snapshot) -> Mapping[str, Sequence[Problem]]:
    """Task → what is wrong with it."""
    found: dict[str, list[Problem]] = {}
    for problem in snapshot.problems:
        if problem.task is not None:
            found.setdefault(problem.task, []).append(problem)
    return found


def reasons(task: Task, problems: Sequence[Problem]) -> str:
    """Why it is not fresh, in a line; '' when it is."""
    if task.freshness.state == "unknown":
        told = [problem.message for problem in problems if problem.severity == "error"]
        return plain(" ".join(told) or "Something that it needs has problems.")
    return plain(" ".join(reason.message for reason in task.freshness.reasons))


def story(task: Task, problems: Sequence[Problem]) -> str:
    """All there is to say of a task, in lines: what is shown when the pointer rests on it."""
    lines = [f"{plain(task.name)}: {look_of(task).word}", reasons(task, problems)]
    if look_of(task).word == "failed" and task.last_attempt is not None:
        lines.append(plain(task.last_attempt.cause))
    lines.append(f"Source: {plain(task.source)}")
    lines += [f"Product: {plain(product.path)}{'' if product.exists else ' (missing)'}" for product in task.products]
    return "\n".join(line for line in lines if line)
