"""``cauce runs``: the runs that were; one of them; two compared; one forgotten."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from cauce.cli.options import FAILED, Asked, exit_with, find_pipeline, json_option, takes_pipeline
from cauce.contract import Run, RunComparison, RunDetail, RunList, TaskComparison, encode
from cauce.engine.errors import CauceError, NotFound

if TYPE_CHECKING:
    from cauce.engine.spec import Entry

__all__ = ["command"]


@click.group("runs")
def command() -> None:
    """Show the runs that were, compare two of them, delete one.

    RUN is an id as 'cauce runs list' shows it, or 'last'.
    """


@command.command("list")
@takes_pipeline
@click.option("-n", "--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="How many.")
@json_option
def list_command(asked: Asked, limit: int, as_json: bool) -> None:
    """List the runs, newest first."""
    from cauce.runs import list_runs

    try:
        runs = list_runs(find_pipeline(asked), limit=limit)
    except CauceError as error:
        exit_with(error, as_json=as_json)
    if as_json:
        click.echo(encode(runs))
    else:
        _say(_lines_of_list(runs))


@command.command("show")
@click.argument("run", default="last")
@takes_pipeline
@json_option
def show_command(asked: Asked, run: str, as_json: bool) -> None:
    """Show what became of each task in RUN (default: the last)."""
    from cauce.runs import run_detail

    try:
        entry = find_pipeline(asked)
        detail = run_detail(entry, _meant(entry, run))
    except CauceError as error:
        exit_with(error, as_json=as_json)
    if as_json:
        click.echo(encode(detail))
    else:
        _say(_lines_of_run(detail))
    if detail.run.state not in ("ok", "running"):
        sys.exit(FAILED)


@command.command("compare")
@click.argument("before")
@click.argument("after", default="last")
@takes_pipeline
@json_option
def compare_command(asked: Asked, before: str, after: str, as_json: bool) -> None:
    """Say what differs between what the run BEFORE left and what the run AFTER did (default: the last)."""
    from cauce.runs import compare_runs

    try:
        entry = find_pipeline(asked)
        comparison = compare_runs(entry, _meant(entry, before), _meant(entry, after))
    except CauceError as error:
        exit_with(error, as_json=as_json)
    if as_json:
        click.echo(encode(comparison))
    else:
        _say(_lines_of_comparison(comparison))


@command.command("delete")
@click.argument("run")
@takes_pipeline
def delete_command(asked: Asked, run: str) -> None:
    """Forget RUN with its logs and notebooks. What is up to date stays so, and products stay where they are."""
    from cauce.runs import forget_run

    try:
        entry = find_pipeline(asked)
        forget_run(entry, _meant(entry, run))
    except CauceError as error:
        exit_with(error)
    click.echo("The run was deleted.")


def _meant(entry: Entry, name: str) -> str:
    """The id of the run that is called so: by its id, the end of it, or 'last'.

    Raises:
        NotFound: There is none.
    """
    from cauce.runs import list_runs

    runs = list_runs(entry, limit=200).runs
    if not runs:
        raise NotFound("The pipeline was never built.", hint="'cauce build' builds it.")
    if name == "last":
        return runs[0].id
    for run in runs:
        if name in (run.id, _short(run)):
            return run.id
    raise NotFound(f"There is no run '{name}'.", hint="'cauce runs list' shows which there are.")


def _short(run: Run) -> str:
    return run.id.rpartition("-")[2]


# --- In words


def _say(lines: Iterator[str]) -> None:
    from cauce.terminal import shown

    for line in lines:
        click.echo(shown(line))


def _lines_of_list(runs: RunList) -> Iterator[str]:
    if not runs.runs:
        yield "The pipeline was never built."
    for run in runs.runs:
        yield f"{_short(run)}  {_moment(run.started)}  {_took(run.started, run.ended):>8}  {run.state:9}  {run.message}"


def _lines_of_run(detail: RunDetail) -> Iterator[str]:
    run = detail.run
    yield f"{run.id}, {run.state}: {run.message}"
    yield f"Began {_moment(run.started)}, took {_took(run.started, run.ended)}, by {run.user} on {run.host}."
    width = max(map(len, run.tasks), default=0)
    for task, state in run.tasks.items():
        attempts = [attempt for attempt in detail.attempts if attempt.task == task]
        took = _took(attempts[0].started, attempts[-1].ended) if attempts else ""
        tries = f"  attempt {attempts[-1].number}" if len(attempts) > 1 else ""
        cause = attempts[-1].cause if attempts else ""
        yield f"  {task:{width}}  {state:9}  {took:>8}{tries}  {cause}".rstrip()


def _lines_of_comparison(comparison: RunComparison) -> Iterator[str]:
    before, after = comparison.before, comparison.after
    yield f"{_short(before)} ({_moment(before.started)}) → {_short(after)} ({_moment(after.started)})"
    changed = [task for task in comparison.tasks if task.changes]
    if not changed:
        yield "Nothing differs."
    for task in changed:
        yield f"{task.task}: {', '.join(task.changes)}"
        yield from (f"  {line}" for line in _lines_of_task(task))


def _lines_of_task(task: TaskComparison) -> Iterator[str]:
    if "outcome" in task.changes:
        outcomes = ["not known" if result is None else result.outcome for result in (task.before, task.after)]
        yield " → ".join(outcomes)
    for value in (*task.params, *task.options):
        yield f"{value.name}: {_or_none(value.before)} → {_or_none(value.after)}"
    for metric in task.metrics:
        if metric.before != metric.after:
            name = f"{metric.path} {metric.name}".strip()
            yield f"{name}: {_number(metric.before)} → {_number(metric.after)}"
    for word, names in (("module", task.modules), ("resource", task.resources), ("upstream", task.upstream)):
        yield from (f"{word} {name} differs" for name in names)
    for product in task.products:
        if product.change != "same":
            yield f"{product.path}: {product.change}"
    if task.code_left_out:
        yield "its code differs"
    yield from task.code.splitlines()


def _or_none(value: str | None) -> str:
    return "none" if value is None else value


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.6g}"


def _moment(when: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(when))


def _took(started: float, ended: float | None) -> str:
    return "" if ended is None else f"{ended - started:.1f} s"
