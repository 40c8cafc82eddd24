"""What a person sees in a terminal: the status table, a build as it goes, and errors.

On a terminal a build is a live display; piped it is plain lines, one per event. Names,
paths and messages come from the user's files and are always printed as text, never as
rich's markup.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from cauce.contract import (
    BuildEvent,
    CellError,
    Problem,
    RunFinished,
    RunStarted,
    Snapshot,
    Task,
    TaskFinished,
    TaskProgress,
    TaskStarted,
    TaskUnchanged,
    Where,
)
from cauce.engine.errors import CauceError, PipelineHasErrors

__all__ = ["build_display", "print_error", "print_status"]

_MARKS = {
    "fresh": ("✓", "green"),
    "stale": ("●", "yellow"),
    "unknown": ("?", "red"),
    "waiting": ("…", "dim"),
    "running": ("▶", "cyan"),
    "ok": ("✓", "green"),
    "unchanged": ("=", "green"),
    "failed": ("✗", "red"),
    "crashed": ("✗", "red"),
    "cancelled": ("◌", "yellow"),
    "skipped": ("–", "dim"),
}


def print_status(snapshot: Snapshot) -> None:
    """The tasks with their freshness and reasons, then the problems."""
    console = Console()
    if snapshot.tasks:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in ("", "Task", "State", "Why", "Last success"):
            table.add_column(column)
        for task in snapshot.tasks:
            table.add_row(*_status_row(task))
        console.print(table)
    for problem in snapshot.problems:
        _print_problem(console, problem)
    if snapshot.holder is not None:
        holder = snapshot.holder
        console.print(Text(f"{holder.user} on {holder.host} is building this project now.", "cyan"))


def _status_row(task: Task) -> tuple[Text, Text, Text, Text, Text]:
    state: str = task.freshness.state
    why = " ".join(reason.message for reason in task.freshness.reasons)
    if task.activity.state != "idle":
        state = task.activity.state
    mark, colour = _MARKS[state]
    if task.freshness.state == "unknown":
        why = "It, or something it needs, has problems."
    last = "" if task.last_ok is None else _ago(time.time() - task.last_ok)
    return Text(mark, colour), Text(task.name), Text(state, colour), Text(why), Text(last, "dim")


def print_error(error: CauceError) -> None:
    """An error of ours, on stderr, with what to do."""
    console = Console(stderr=True)
    if isinstance(error, PipelineHasErrors):
        console.print(Text("The pipeline has errors:", "bold red"))
        for problem in error.problems:
            _print_problem(console, problem)
        return
    console.print(Text(f"Error: {error.message}", "red"))
    if error.hint:
        console.print(Text(error.hint))


def _print_problem(console: Console, problem: Problem) -> None:
    colour = "red" if problem.severity == "error" else "yellow"
    line = Text(f"{problem.severity}: ", colour)
    if problem.where is not None:
        line.append(f"{_place(problem.where)}: ", "bold")
    line.append(problem.message, "default")
    if problem.hint:
        line.append(f" {problem.hint}", "dim")
    console.print(line)


def _place(where: Where) -> str:
    return ":".join(str(part) for part in (where.path, where.line, where.column) if part is not None)


# --- A build as it goes -------------------------------------------------------------------


@contextmanager
def build_display() -> Iterator[Callable[[BuildEvent], None]]:
    """Gives what to call with each event of the build."""
    console = Console()
    if not console.is_terminal:
        yield lambda event: _print_plain(console, event)
        return
    board = _Board()
    with Live(board, console=console, refresh_per_second=8):
        yield board.take
    for event in board.failed:
        _print_failure(console, event)


class _Board:
    """The live display: one line per task of the run."""

    def __init__(self) -> None:
        self.order: tuple[str, ...] = ()
        self.state: dict[str, str] = {}
        self.note: dict[str, str] = {}
        self.began: dict[str, float] = {}
        self.failed: list[TaskFinished] = []
        self.message = ""
        self.spinner = Spinner("dots", style="cyan")

    def take(self, event: BuildEvent) -> None:
        match event:
            case RunStarted():
                self.order = event.tasks
                self.state = dict.fromkeys(event.tasks, "waiting")
            case TaskStarted():
                self.state[event.task] = "running"
                self.began[event.task] = event.time
                self.note[event.task] = "starting the kernel"
            case TaskProgress():
                self.note[event.task] = f"{event.progress.done}/{event.progress.total} cells"
            case TaskUnchanged():
                self.state[event.task] = "unchanged"
                self.note[event.task] = "its upstream made the same again"
            case TaskFinished():
                self.state[event.task] = event.outcome
                self.note[event.task] = f"{event.duration:.1f} s" if event.outcome == "ok" else event.cause
                if event.outcome in ("failed", "crashed"):
                    self.failed.append(event)
            case RunFinished():
                self.message = event.message
            case _:
                pass

    def __rich__(self) -> Group:
        table = Table(box=None, show_header=False, pad_edge=False)
        for task in self.order:
            state = self.state[task]
            mark, colour = _MARKS[state]
            note = self.note.get(task, "")
            if state == "running":
                note = f"{note}, {time.time() - self.began[task]:.0f} s"
            sign = self.spinner if state == "running" else Text(mark, colour)
            table.add_row(sign, Text(task), Text(state, colour), Text(note, "dim", overflow="ellipsis", no_wrap=True))
        return Group(table, Text(self.message, "bold")) if self.message else Group(table)


def _print_plain(console: Console, event: BuildEvent) -> None:
    match event:
        case RunStarted(tasks=tasks) if tasks:
            console.print(Text(f"Building {len(tasks)} tasks."), soft_wrap=True)
        case TaskStarted():
            why = " ".join(reason.message for reason in event.reasons)
            console.print(Text(f"{event.task}: started. {why}".rstrip()), soft_wrap=True)
        case TaskUnchanged():
            console.print(Text(f"{event.task}: unchanged, its upstream made the same again."), soft_wrap=True)
        case TaskFinished():
            took = f" in {event.duration:.1f} s" if event.duration else ""
            cause = f": {event.cause}" if event.cause else ""
            console.print(Text(f"{event.task}: {event.outcome}{took}{cause}"), soft_wrap=True)
            if event.error is not None:
                _print_failure(console, event)
        case RunFinished():
            console.print(Text(event.message), soft_wrap=True)
        case _:
            pass


def _print_failure(console: Console, event: TaskFinished) -> None:
    error = event.error or CellError(name=event.outcome, message=event.cause)
    place = "" if error.cell is None else f" in cell {error.cell + 1}"
    place += "" if error.line is None else f", line {error.line}"
    console.print(Text(f"{event.task} {event.outcome}{place}: {error.name}: {error.message}", "red"), soft_wrap=True)
    if error.where is not None:
        console.print(Text(f"  at {_place(error.where)}"), soft_wrap=True)
    if error.traceback:
        console.print(Text.from_ansi(error.traceback), soft_wrap=True)
    if error.notebook is not None:
        console.print(Text(f"  partial notebook: {error.notebook}", "dim"), soft_wrap=True)


def _ago(seconds: float) -> str:
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"
