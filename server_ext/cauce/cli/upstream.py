"""``cauce upstream``: what a task needs, shown, or changed where it is written."""

from __future__ import annotations

import click

from cauce.cli.options import Asked, exit_with, find_pipeline, takes_log, takes_pipeline
from cauce.engine.errors import CauceError

__all__ = ["command"]


@click.command("upstream")
@click.argument("task")
@takes_pipeline
@takes_log
@click.option("-a", "--add", multiple=True, metavar="NAME", help="A task that it needs; fit-* for all that match.")
@click.option("-r", "--remove", multiple=True, metavar="NAME", help="A task that it no longer needs.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
def command(asked: Asked, task: str, add: tuple[str, ...], remove: tuple[str, ...], dry_run: bool) -> None:
    """Show what TASK needs, or change that in its source or in pipeline.yaml, and show the difference."""
    from cauce.engine.editing import apply, edit_upstream
    from cauce.engine.editing.upstream import known_task
    from cauce.engine.parsecache import ParseCache
    from cauce.engine.project import load
    from cauce.terminal import shown

    try:
        project = load(find_pipeline(asked), ParseCache())
        if not add and not remove:
            known_task(project, task)
            for need in project.dependencies[task]:
                click.echo(shown(need.name))
            return
        change = edit_upstream(project, task, add=add, remove=remove)
        if not dry_run:
            apply(change)
    except CauceError as error:
        exit_with(error)
    click.echo(shown(change.diff, "\n\t"), nl=False)
    for line in (*change.said, *(["Nothing was changed: this was a dry run."] if dry_run and change.files else [])):
        click.echo(shown(line))
