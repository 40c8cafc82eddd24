"""``cauce evaluate``: compute what running code alone can tell, and build nothing."""

from __future__ import annotations

import click

from cauce.cli.build import perform
from cauce.cli.options import Asked, json_option, takes_log, takes_pipeline
from cauce.contract import RunRequest

__all__ = ["command"]


@click.command("evaluate")
@takes_pipeline
@takes_log
@json_option
def command(asked: Asked, as_json: bool) -> None:
    """Run the code that makes the pipeline: a factory, parameters that functions give, {{git_hash}}.

    'cauce build' does that by itself; this is for seeing the result before anything is built.
    """
    perform(asked, RunRequest(action="evaluate"), as_json)
