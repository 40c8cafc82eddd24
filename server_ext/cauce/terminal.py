"""What a person sees in a terminal: the status table, a build as it goes, and errors.

On a terminal a build is a live display; piped it is plain lines, one per event. Names,
paths and messages come from the user's files and are always printed as text: never as
rich's markup, nor as what the terminal takes for an order (see `shown`).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from rich.console import Console, Group
from rich.live import Live
from rich.padding import Padding
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from cauce.contract import (
    BuildEvent,
    BuildPlan,
    CellError,
    Mistake,
    PlannedTask,
    Preview,
    Problem,
    Progress,
    Reason,
    RunFinished,
    RunStarted,
    Snapshot,
    Split,
    SplitProof,
    SplitRemark,
    SplitTask,
    Task,
    TaskFinished,
    TaskProgress,
    TaskRetry,
    TaskStarted,
    TaskUnchanged,
    Where,
)
from cauce.engine.errors import CauceError, PipelineHasErrors
from cauce.present import shares

if TYPE_CHECKING:
    from cauce.engine.clean import Found
    from cauce.engine.executors import Listener

__all__ = [
    "build_display",
    "cells_display",
    "print_clean",
    "print_error",
    "print_mistakes",
    "print_plan",
    "print_preview",
    "print_proof",
    "print_remarks",
    "print_split",
    "print_status",
    "print_trial",
    "shown",
]

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
    "stopped": ("■", "yellow"),
    "skipped": ("–", "dim"),
}


_ORDERS = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""C0 and C1 controls, and what changes the direction or the line of what follows."""
_LINES = "\n\t"
_COLOUR = r"(?:0?[0-4]|2[2-4]|[34][0-79]|9[0-7]|10[0-7]|[34]8;5;\d{1,3}|[34]8;2(?:;\d{1,3}){3})"
_COLOURS = re.compile(rf"(\x1b\[(?:{_COLOUR}(?:;{_COLOUR})*)?m)")


def shown(text: str, keep: str = "") -> str:
    """The text with everything written out that a terminal would obey, but for what is in `keep`."""

    def written_out(match: re.Match[str]) -> str:
        order = match[0]
        return order if order in keep else order.encode("unicode_escape").decode("ascii")

    return _ORDERS.sub(written_out, text)


def _text(text: str, style: str = "", *, keep: str = "", no_wrap: bool | None = None) -> Text:
    return Text(shown(text, keep), style, overflow="ellipsis" if no_wrap else None, no_wrap=no_wrap)


def _coloured(text: str) -> str:
    """A kernel's lines with its colours, and no other sequence."""
    return "".join(part if _COLOURS.fullmatch(part) else shown(part, _LINES) for part in _COLOURS.split(text))


_NARROW = 70
"""Below so many columns the reasons stand under their task rather than beside it."""
_BROAD = 110
"""From so many on there is room for what a task makes and where it is written."""


def print_status(snapshot: Snapshot) -> None:
    """The tasks with their freshness and reasons, then the problems.

    Piped, a task is a line however long: mark, name, state, last run, product, source, reasons.
    """
    console = Console()
    rows = [_status_row(task) for task in snapshot.tasks]
    if not console.is_terminal:
        columns = [[f"{row.mark} {row.task}", row.state, row.last, row.product, row.source] for row in rows]
        widths = [max(map(len, column), default=0) for column in zip(*columns, strict=True)]
        lines = []
        for row, cells in zip(rows, columns, strict=True):
            padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
            lines.append(shown("  ".join([*padded, row.why]).rstrip()))
        if lines:  # at once: a thousand calls would take longer than looking
            console.print(Text("\n".join(lines)), soft_wrap=True)
    elif rows and console.width < _NARROW:
        for row in rows:
            console.print(Text.assemble((row.mark, row.colour), " ", row.task, " ", (row.state, row.colour)))
            if row.why:
                console.print(Padding(_text(row.why, "dim"), (0, 0, 0, 2)))
    elif rows:
        broad = console.width >= _BROAD
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in ("", "Task", "State", "Why", "Last run", *(("Product", "Source") if broad else ())):
            table.add_column(column, no_wrap=column == "Last run", overflow="fold")
        for row in rows:
            mark, state = _text(row.mark, row.colour), _text(row.state, row.colour)
            more = (_text(row.product, "dim"), _text(row.source, "dim")) if broad else ()
            table.add_row(mark, _text(row.task), state, _text(row.why), _text(row.last, "dim"), *more)
        console.print(table)
    for problem, _ in told_once(snapshot.problems):
        _print_problem(console, problem)
    if snapshot.unevaluated and not rows:
        text = "The tasks are made by code that has not run with these values. Run 'cauce evaluate', or build."
        console.print(_text(text, "yellow"), soft_wrap=True)
    if snapshot.holder is not None:
        holder = snapshot.holder
        console.print(_text(f"{holder.user} on {holder.host} is building this project now.", "cyan"), soft_wrap=True)


class _Row(NamedTuple):
    mark: str
    colour: str
    task: str
    state: str
    why: str
    last: str
    product: str
    source: str


def _status_row(task: Task) -> _Row:
    state: str = task.freshness.state
    why = _why(task.freshness.reasons)
    if task.activity.state != "idle":
        state = task.activity.state
        why = task.activity.retry or why
    mark, colour = _MARKS[state]
    if task.freshness.state == "unknown":
        why = "It, or something it needs, has problems."
    last = "never" if task.last_ok is None else _ago(time.time() - task.last_ok)
    more = f" and {len(task.products) - 1} more" if len(task.products) > 1 else ""
    product = f"{shown(task.products[0].path)}{more}" if task.products else ""
    return _Row(mark, colour, shown(task.name), state, why, last, product, shown(task.source))


def _why(reasons: tuple[Reason, ...]) -> str:
    """The reasons in one line: those that are about upstream alone as one, for they can be many."""
    stale = [reason.subject for reason in reasons if reason.kind == "upstream_stale"]
    words = [reason.message for reason in reasons if reason.kind != "upstream_stale"]
    if len(stale) == 1:
        words.append(f"Needs {stale[0]}, which is stale.")
    elif stale:
        named = stale if len(stale) <= 3 else [*stale[:2], f"{len(stale) - 2} more"]
        words.append(f"Needs {', '.join(named[:-1])} and {named[-1]}, which are stale.")
    return " ".join(words)


_CAVEATS = {
    "evaluation": "Values that functions give, and tasks that a factory makes, are evaluated by the build first: "
    "that may change this.",
    "tables": "The build looks first whether tables that are read are still there, and makes again those that are not.",
}


def print_plan(plan: BuildPlan) -> None:
    """What a build would run, for which reasons, and how long that would take."""
    console = Console()
    for task in plan.tasks:
        sure = task.verdict == "run"
        mark, colour = ("▶", "cyan") if sure else ("?", "yellow")
        took = "" if task.duration is None else f" ({_seconds(task.duration)})"
        line = Text.assemble(
            (mark, colour), " ", shown(task.name), " ", ("runs" if sure else "may run", colour), (took, "dim")
        )
        line.append(f"  {shown(_why_planned(task))}", "default")
        console.print(line, soft_wrap=True)
    for caveat in plan.caveats:
        console.print(_text(_CAVEATS[caveat], "yellow"), soft_wrap=True)
    console.print(_text(_plan_in_short(plan), "bold"), soft_wrap=True)


def _why_planned(task: PlannedTask) -> str:
    if task.verdict == "maybe" and task.after:
        own = tuple(reason for reason in task.reasons if reason.kind not in ("upstream_stale", "upstream_changed"))
        return " ".join(filter(None, [f"If what {_named(task.after)} makes changes.", _why(own)]))
    if task.forced:
        return "Asked for."
    return _why(task.reasons)


def _named(names: tuple[str, ...]) -> str:
    if len(names) < 2:
        return "".join(names)
    some = names if len(names) <= 3 else (*names[:2], f"{len(names) - 2} more")
    return f"{', '.join(some[:-1])} or {some[-1]}"


def _plan_in_short(plan: BuildPlan) -> str:
    if not plan.tasks:
        return "Everything is up to date: nothing would run."
    sure = sum(task.verdict == "run" for task in plan.tasks)
    words = [f"{sure} would run", f"{len(plan.tasks) - sure} may run", f"{len(plan.fresh)} up to date"]
    counts = (sure, len(plan.tasks) - sure, len(plan.fresh))
    text = f"{', '.join(word for word, count in zip(words, counts, strict=True) if count)}."
    if plan.estimate is not None:
        least, most = _seconds(plan.estimate.least), _seconds(plan.estimate.most)
        time = most if least == most else f"{least} to {most}"
        text += f" About {time} with {plan.jobs} at a time"
        if plan.estimate.unknown:
            text += f", where {plan.estimate.unknown} that never succeeded take as long as usual"
        text += "."
    return text


def _seconds(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def print_clean(found: tuple[Found, ...], delete: bool) -> None:
    """What `cauce clean` would remove, and what it keeps with the reason."""
    console = Console()
    going = [each for each in found if not each.kept]
    if going:
        console.print(_text("To remove for good:" if delete else "To move to the trash:", "bold"), soft_wrap=True)
    for each in going:
        console.print(_text(f"  {each.path}  ({_size(each.size)}, made by {each.task})"), soft_wrap=True)
    for each in found:
        if each.kept:
            console.print(_text(f"Kept: {each.path}, since {each.kept}.", "yellow"), soft_wrap=True)
    if any(each.kept == "it was changed since" for each in found):
        console.print(_text("Give --force to remove what was changed too."), soft_wrap=True)
    if not going:
        console.print(_text("There is nothing to remove."), soft_wrap=True)


def _size(count: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def print_preview(preview: Preview) -> None:
    """The beginning of what a product holds. Of images only that they are some."""
    console = Console()
    match preview.kind:
        case "table":
            table = Table(box=None, pad_edge=False, header_style="bold")
            for column in preview.columns:
                head = shown(column.name) + (f"\n{shown(column.type)}" if column.type else "")
                table.add_column(Text(head), no_wrap=True, overflow="ellipsis", max_width=40)
            for row in preview.rows:
                table.add_row(
                    *(_text("·" if value is None else value, "dim" if value is None else "") for value in row)
                )
            console.print(table)
        case "notebook":
            for piece in preview.pieces:
                told = f"[{piece.media_type}]" if piece.kind == "image" else piece.text
                style = {"heading": "bold", "error": "red"}.get(piece.kind, "")
                console.print(_text(told, style, keep=_LINES), soft_wrap=True)
        case "image":
            console.print(_text(f"[{preview.media_type}]", "dim"))
        case _ if preview.text:
            console.print(_text(preview.text, keep=_LINES), soft_wrap=True)
    more = "" if preview.total is None else f" of {preview.total:,}"
    if preview.kind == "table" and preview.cut:
        console.print(_text(f"{len(preview.rows):,} rows{more}.", "dim"))
    elif preview.cut:
        console.print(_text("There is more of it.", "dim"))
    if preview.note:
        console.print(_text(preview.note, "dim"), soft_wrap=True)


def print_error(error: CauceError) -> None:
    """An error of ours, on stderr, with what to do."""
    console = Console(stderr=True)
    if isinstance(error, PipelineHasErrors):
        console.print(_text("The pipeline has errors:", "bold red"))
        for problem, _ in told_once(error.problems):
            _print_problem(console, problem)
        return
    console.print(_text(f"Error: {error.message}", "red"), soft_wrap=True)
    if error.hint:
        console.print(_text(error.hint), soft_wrap=True)


def told_once(problems: Iterable[Problem]) -> list[tuple[Problem, tuple[str, ...]]]:
    """Each problem once, with the tasks of which it is said: much is said alike of all tasks that a grid makes."""
    found: dict[Problem, tuple[Problem, list[str]]] = {}
    for problem in problems:
        _, tasks = found.setdefault(msgspec.structs.replace(problem, task=None), (problem, []))
        if problem.task is not None:
            tasks.append(problem.task)
    return [(first, tuple(dict.fromkeys(tasks))) for first, tasks in found.values()]


def _print_problem(console: Console, problem: Problem) -> None:
    colour = "red" if problem.severity == "error" else "yellow"
    line = Text(f"{problem.severity}: ", colour)
    if problem.where is not None:
        line.append(shown(f"{_place(problem.where)}: "), "bold")
    line.append(shown(problem.message), "default")
    if problem.hint:
        line.append(shown(f" {problem.hint}"), "dim")
    console.print(line, soft_wrap=True)


def _place(where: Where) -> str:
    return ":".join(str(part) for part in (where.path, where.line, where.column) if part is not None)


# --- A build as it goes -------------------------------------------------------------------


@contextmanager
def build_display() -> Iterator[Callable[[BuildEvent], None]]:
    """Gives what to call with each event of the build."""
    console = Console()
    if not console.is_terminal:
        report = _Report()

        def print_plain(event: BuildEvent) -> None:
            report.take(event)
            if isinstance(event, RunFinished) and report.took:
                console.print(report.table(), soft_wrap=True)
            _print_plain(console, event)

        yield print_plain
        return
    board = _Board()
    with Live(board, console=console, refresh_per_second=8):
        yield board.take
    for event in board.failed:
        _print_failure(console, event)


class _Report:
    """What ran, how long it took, and its share of that: shown when a build has ended."""

    def __init__(self) -> None:
        self.planned: tuple[str, ...] = ()
        self.ended: dict[str, str] = {}
        self.took: dict[str, float] = {}
        """In the order in which the tasks began."""

    def take(self, event: BuildEvent) -> None:
        match event:
            case RunStarted():
                self.planned = event.tasks
            case TaskStarted():
                self.took.setdefault(event.task, 0.0)
            case TaskUnchanged():
                self.ended[event.task] = "unchanged"
            case TaskFinished():
                self.ended[event.task] = event.outcome
                if event.task in self.took:
                    self.took[event.task] = event.duration
            case _:
                pass

    def table(self) -> Table:
        """Tasks that ran, in the order in which they began, then the others."""
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in ("Task", "Ran?", "Elapsed (s)", "Percentage"):
            number = column in ("Elapsed (s)", "Percentage")
            table.add_column(column, justify="right" if number else "left", overflow="fold")
        percent = dict(zip(self.took, shares([*self.took.values()]), strict=True))
        for task in (*self.took, *(task for task in self.planned if task not in self.took)):
            state = self.ended.get(task, "waiting")
            ran = "yes" if state == "ok" else state if task in self.took else f"no, {state}"
            _, colour = _MARKS.get(state, ("", ""))
            took = f"{self.took.get(task, 0):.1f}"
            table.add_row(_text(task), _text(ran, colour), took, str(percent.get(task, 0)))
        return table


class _Board:
    """The live display: one line per task of the run."""

    def __init__(self) -> None:
        self.report = _Report()
        self.order: tuple[str, ...] = ()
        self.state: dict[str, str] = {}
        self.note: dict[str, str] = {}
        self.began: dict[str, float] = {}
        self.failed: list[TaskFinished] = []
        self.message = ""
        self.spinner = Spinner("dots", style="cyan")

    def take(self, event: BuildEvent) -> None:
        self.report.take(event)
        match event:
            case RunStarted():
                self.order = event.tasks
                self.state = dict.fromkeys(event.tasks, "waiting")
            case TaskStarted():
                self.state[event.task] = "running"
                self.began[event.task] = event.time
                self.note[event.task] = "starting" if event.attempt == 1 else f"attempt {event.attempt}"
            case TaskRetry():
                self.note[event.task] = _next_try(event)
                del self.began[event.task]  # it waits
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
        if self.message and self.report.took:
            return Group(self.report.table(), _text(self.message, "bold"))
        table = Table(box=None, show_header=False, pad_edge=False)
        for task in self.order:
            state = self.state[task]
            mark, colour = _MARKS[state]
            note = self.note.get(task, "")
            if task in self.began and state == "running":
                note = f"{note}, {time.time() - self.began[task]:.0f} s"
            sign = self.spinner if state == "running" else _text(mark, colour)
            table.add_row(sign, _text(task), _text(state, colour), _text(note, "dim", no_wrap=True))
        return Group(table, _text(self.message, "bold")) if self.message else Group(table)


def _print_plain(console: Console, event: BuildEvent) -> None:
    match event:
        case RunStarted(tasks=tasks) if tasks:
            console.print(_text(f"Building {len(tasks)} task{'' if len(tasks) == 1 else 's'}."), soft_wrap=True)
        case TaskStarted():
            why = _why(event.reasons) or "Asked for."
            why = why if event.attempt == 1 else f"Attempt {event.attempt}."
            console.print(_text(f"{event.task}: started. {why}"), soft_wrap=True)
        case TaskRetry():
            console.print(_text(f"{event.task}: {_next_try(event)}"), soft_wrap=True)
        case TaskUnchanged():
            console.print(_text(f"{event.task}: unchanged, its upstream made the same again."), soft_wrap=True)
        case TaskFinished():
            took = f" in {event.duration:.1f} s" if event.duration else ""
            cause = f": {event.cause}" if event.cause else ""
            console.print(_text(f"{event.task}: {event.outcome}{took}{cause}", keep=_LINES), soft_wrap=True)
            if event.error is not None:
                _print_failure(console, event)
        case RunFinished():
            console.print(_text(event.message), soft_wrap=True)
        case _:
            pass


# --- One notebook by itself ------------------------------------------------------------------


@contextmanager
def cells_display(name: str) -> Iterator[Listener]:
    """Gives what to tell of a notebook that runs: on a terminal a line says how far it is."""
    from cauce.engine.executors import Listener

    console = Console()
    bar = _Bar(name)
    listener = Listener(progress=bar.take, process=lambda _: None)
    if console.is_terminal:
        with Live(bar, console=console, refresh_per_second=8, transient=True):
            yield listener
    else:
        console.print(_text(f"{name}: started."), soft_wrap=True)
        yield listener


class _Bar:
    """How far the cells of one notebook are."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._note = "starting"
        self._began = time.monotonic()
        self._spinner = Spinner("dots", style="cyan")

    def take(self, progress: Progress) -> None:
        self._note = f"{progress.done}/{progress.total} cells"

    def __rich__(self) -> Table:
        table = Table(box=None, show_header=False, pad_edge=False)
        note = f"{self._note}, {time.monotonic() - self._began:.0f} s"
        table.add_row(self._spinner, _text(self._name), _text("running", "cyan"), _text(note, "dim", no_wrap=True))
        return table


def print_trial(
    name: str, error: CellError | None, advice: str, notebook: str, seconds: float, *, cancelled: bool = False
) -> None:
    """How a notebook that ran by itself has ended. `notebook` is the executed one, '' when there is none."""
    console = Console()
    if error is not None:
        _print_error_of(console, name, "failed", error)
        if advice:
            console.print(Text.assemble(("What to do: ", "bold"), shown(advice)), soft_wrap=True)
    else:
        mark, colour = _MARKS["cancelled" if cancelled else "ok"]
        state = "cancelled" if cancelled else "ok"
        console.print(Text.assemble((mark, colour), f" {shown(name)}: {state} in {_seconds(seconds)}."), soft_wrap=True)
    how_far = "Executed notebook" if error is None and not cancelled else "Executed up to there"
    console.print(_text(f"{how_far}: {notebook}" if notebook else "No cell ran.", "dim"), soft_wrap=True)


def print_mistakes(mistakes: tuple[Mistake, ...], files: int) -> None:
    """What was found in notebooks and scripts, a line each: piped as ``FILE: cell 3, line 2: …``, ``FILE:2:1: …``."""
    console = Console()
    for mistake in mistakes:
        colour = "red" if mistake.severity == "error" else "yellow"
        line = Text(f"{shown(mistake.path)}:", "bold")
        if mistake.cell is None:
            line.append(f"{mistake.line}:{mistake.column}: ", "bold")
        else:
            line.append(f" cell {mistake.cell + 1}, line {mistake.line}: ", "bold")
        line.append(shown(mistake.message), colour)
        line.append(shown(f" {mistake.hint}"), "dim")
        console.print(line, soft_wrap=True)
    if not mistakes:
        console.print(_text(f"Nothing found in {files} file{'' if files == 1 else 's'}."))


def _next_try(event: TaskRetry) -> str:
    why = event.cause.partition("\n")[0]
    return f"attempt {event.attempt} of {event.attempts} in {event.delay:.0f} s, because of {why}"


def _print_failure(console: Console, event: TaskFinished) -> None:
    _print_error_of(
        console, event.task, event.outcome, event.error or CellError(name=event.outcome, message=event.cause)
    )


def _print_error_of(console: Console, name: str, outcome: str, error: CellError) -> None:
    place = "" if error.number is None else f" in cell [{error.number}]"
    place += "" if error.line is None else f", line {error.line}"
    what = f"{name} {outcome}{place}: {error.name}: {error.message}"
    console.print(_text(what, "red", keep=_LINES), soft_wrap=True)
    if error.where is not None:
        console.print(_text(f"  at {_place(error.where)}"), soft_wrap=True)
    if error.traceback:
        console.print(Text.from_ansi(_coloured(error.traceback)), soft_wrap=True)
    if error.notebook is not None:
        console.print(_text(f"  partial notebook: {error.notebook}", "dim"), soft_wrap=True)


def _ago(seconds: float) -> str:
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


# --- A notebook, split ---------------------------------------------------------------------

_REMARKS = {"error": ("✗", "red"), "warning": ("!", "yellow"), "note": ("·", "dim")}


def print_split(split: Split) -> None:
    """The pipeline that a notebook becomes: tasks, what goes from one to the other, files."""
    console = Console()
    count = f"{len(split.tasks)} task" + ("" if len(split.tasks) == 1 else "s")
    console.print(_text(f"{split.notebook} → {split.pipeline}, {count}", "bold"), soft_wrap=True)
    for task in split.tasks:
        console.print(Text.assemble("  ", _text(task.name, "bold"), "  ", _text(task.source, "dim")), soft_wrap=True)
        for line in _crossing(split, task):
            console.print(Text("    ") + line, soft_wrap=True)
    if split.definitions:
        console.print(Text("Functions and classes", "bold"))
        for each in split.definitions:
            where = {"module": "in the module", "parameters": "in the module", "copied": "in each task that uses it"}
            more = f", with {', '.join(each.parameters)} as parameters" if each.parameters else ""
            console.print(_text(f"  {each.name}: {where[each.goes]}{more}"), soft_wrap=True)
    console.print(Text("Files", "bold"))
    words = {"created": "new", "edited": "added to", "same": "as it is already", "kept": "stays as it is"}
    for file in split.files:
        console.print(Text.assemble("  ", _text(file.path), "  ", _text(words[file.kind], "dim")), soft_wrap=True)
    print_remarks(split)


def _crossing(split: Split, task: SplitTask) -> Iterator[Text]:
    """What a task takes, and what it gives."""
    for edge in split.edges:
        if edge.target == task.name:
            names = ", ".join(_evident(variable.name, variable.evidence) for variable in edge.variables)
            yield Text.assemble(("← ", "cyan"), _text(edge.source), _text(f": {names}" if names else ""))
    for product in task.products:
        names = ", ".join(product.names)
        if product.format == "recreate":
            yield Text.assemble(("→ ", "green"), _text(f"{names}: made anew where it is used"))
        else:
            trouble = f": {product.trouble}" if product.trouble else ""
            yield Text.assemble(
                ("→ ", "green"),
                _text(names),
                "  ",
                _text(f"{product.path}, {product.format}", "dim"),
                _text(trouble, "red"),
            )
    for file in task.files:
        yield Text.assemble(("→ ", "green"), _text(file))


def _evident(name: str, evidence: str) -> str:
    return name if evidence == "static" else f"{name} ({evidence})"


def print_remarks(split: Split, *, to_errors: bool = False) -> None:
    """What is said of a split, with the place in the notebook."""
    console = Console(stderr=to_errors)
    for remark in split.remarks:
        mark, colour = _REMARKS[remark.severity]
        console.print(Text.assemble((f"{mark} ", colour), _text(_remark(remark), keep="\n")), soft_wrap=True)
        if remark.hint:
            console.print(Text("  ") + _text(remark.hint, "dim"), soft_wrap=True)


def _remark(remark: SplitRemark) -> str:
    place = (
        ""
        if remark.cell is None
        else f"Cell {remark.cell + 1}" + ("" if remark.line is None else f", line {remark.line}")
    )
    return f"{place}: {remark.message}" if place else remark.message


_PROVED = {"same": ("✓", "green"), "differs": ("✗", "red"), "failed": ("✗", "red"), "unknown": ("?", "yellow")}


def print_proof(proof: SplitProof) -> None:
    """Whether a pipeline computes what its notebook does."""
    console = Console()
    for task in proof.tasks:
        mark, colour = _PROVED[task.state]
        compared = "1 variable" if task.compared == 1 else f"{task.compared} variables"
        said = task.message or f"{compared} compared"
        console.print(Text.assemble((f"{mark} ", colour), _text(task.task, "bold"), _text(f"  {said}")), soft_wrap=True)
        for value in task.differs:
            found = value.found or "nothing"
            console.print(_text(f"    {value.name}: {value.expected} in the notebook, {found} here"), soft_wrap=True)
        if task.uncompared:
            console.print(_text(f"    cannot be compared: {', '.join(task.uncompared)}", "dim"), soft_wrap=True)
    console.print(_text(proof.message, "bold green" if proof.same else "bold red"), soft_wrap=True)
