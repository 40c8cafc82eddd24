"""``cauce status``: each task, is it current, and why not."""

from __future__ import annotations

import sys

import click

from cauce.cli.look import look_at
from cauce.cli.options import WRONG, Asked, exit_with, find_pipeline, json_option, takes_log, takes_pipeline
from cauce.contract import encode
from cauce.engine.errors import CauceError

__all__ = ["command"]


@click.command("status")
@takes_pipeline
@takes_log
@json_option
def command(asked: Asked, as_json: bool) -> None:
    """Show each task: is it current, and why not."""
    try:
        snapshot = look_at(find_pipeline(asked))
    except CauceError as error:
        exit_with(error, as_json=as_json)
    if as_json:
        click.echo(encode(snapshot))
    else:
        from cauce.terminal import print_status

        print_status(snapshot)
    if any(problem.severity == "error" for problem in snapshot.problems):
        sys.exit(WRONG)
