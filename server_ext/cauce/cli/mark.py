"""``cauce mark``: take tasks for up to date without running them."""

from __future__ import annotations

from typing import Literal

import click

from cauce.cli.build import perform
from cauce.cli.options import Asked, json_option, takes_log, takes_pipeline
from cauce.contract import RunRequest

__all__ = ["command"]


@click.command("mark")
@click.argument("tasks", nargs=-1, required=True)
@takes_pipeline
@takes_log
@json_option
@click.option("--only", "mode", flag_value="only", default=True, help="Just the tasks (default).")
@click.option("--up-to", "mode", flag_value="up_to", help="The tasks and what they need.")
@click.option("--from", "mode", flag_value="from", help="The tasks and what depends on them.")
def command(asked: Asked, tasks: tuple[str, ...], as_json: bool, mode: Literal["up_to", "from", "only"]) -> None:
    """Take the given TASKS for up to date as they are, without running them.

    You say that what they made is still what they would make: after a change of code that changes no
    result, say. Their products must exist.
    """
    perform(asked, RunRequest(action="mark", tasks=tasks, mode=mode), as_json)
