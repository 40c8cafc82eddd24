"""``cauce doctor``: everything that can be told before anything runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from cauce.cli.options import WRONG, Asked, exit_with, find_pipeline, json_option, takes_log, takes_pipeline
from cauce.contract import Problem, encode
from cauce.engine.errors import CauceError

if TYPE_CHECKING:
    from rich.console import Console

    from cauce.cli.checkup import Checkup

__all__ = ["command"]

_Told = tuple[Problem, tuple[str, ...]]
"""A problem, and the tasks of which it is said."""
_COLOURS = {"error": "red", "warning": "yellow"}


@click.command("doctor")
@takes_pipeline
@takes_log
@json_option
def command(asked: Asked, as_json: bool) -> None:
    """Say everything that can be told before anything runs.

    Looks at the pipeline, at all sources, and at what this computer lacks to run them. Exits with 2
    when there are errors, with 0 otherwise: warnings alone keep nothing from running.
    """
    from cauce.cli.checkup import checkup

    try:
        found = checkup(find_pipeline(asked))
    except CauceError as error:
        exit_with(error, as_json=as_json)
    if as_json:
        click.echo(encode(found))
    else:
        _print(found)
    if any(problem.severity == "error" for problem in found.problems):
        sys.exit(WRONG)


def _print(found: Checkup) -> None:
    from rich.console import Console
    from rich.text import Text

    from cauce.terminal import shown, told_once

    console = Console()
    told = told_once(found.problems)
    versions = ", ".join(f"{name} {number or 'is not installed'}" for name, number in found.versions.items())
    console.print(Text(versions, "dim"), soft_wrap=True)
    tasks = f"{found.tasks} task{'' if found.tasks == 1 else 's'}"
    console.print(Text(shown(f"{found.pipeline} in {found.root}: {tasks}."), "bold"), soft_wrap=True)
    for place, problems in _by_file(told).items():
        console.print()
        console.print(Text(shown(place), "bold"), soft_wrap=True)
        for problem, of in problems:
            _print_problem(console, problem, of)
    console.print()
    console.print(_summary([problem for problem, _ in told]), soft_wrap=True)


def _by_file(told: Sequence[_Told]) -> dict[str, list[_Told]]:
    """The problems by the file that they are in, in its order; last those that are in none."""
    found: dict[str, list[_Told]] = {}
    for problem, tasks in told:
        if problem.where is not None:
            found.setdefault(problem.where.path, []).append((problem, tasks))
    for each in found.values():
        each.sort(key=lambda one: _place(one[0]))
    rest = [(problem, tasks) for problem, tasks in told if problem.where is None]
    return {**found, "This computer and project": rest} if rest else found


def _place(problem: Problem) -> tuple[int, int]:
    where = problem.where
    return (0, 0) if where is None else (where.line or 0, where.column or 0)


def _print_problem(console: Console, problem: Problem, tasks: Sequence[str]) -> None:
    from rich.text import Text

    from cauce.terminal import shown

    line = Text("  ")
    line.append(problem.severity, _COLOURS[problem.severity])
    numbers = ":".join(str(number) for number in _place(problem) if number)
    line.append(f" {numbers}" if numbers else "", "bold")
    line.append(f": {shown(problem.message)}")
    if len(tasks) > 1 or (tasks and f"'{tasks[0]}'" not in problem.message):
        line.append(f" ({shown(tasks[0])}{f' and {len(tasks) - 1} more' if len(tasks) > 1 else ''})", "dim")
    console.print(line, soft_wrap=True)
    if problem.hint:
        console.print(Text(f"    {shown(problem.hint)}", "dim"), soft_wrap=True)


def _summary(problems: Sequence[Problem]) -> str:
    errors = sum(problem.severity == "error" for problem in problems)
    warnings = len(problems) - errors
    if not problems:
        return "Nothing is wrong."
    words = [f"{count} {what}{'' if count == 1 else 's'}" for count, what in ((errors, "error"), (warnings, "warning"))]
    return f"{' and '.join(word for word in words if not word.startswith('0 '))}."
