"""``cauce scaffold``: the sources that a pipeline lacks, or a new project."""

from __future__ import annotations

from pathlib import Path

import click

from cauce.cli.options import Asked, exit_with, find_pipeline, takes_log, takes_pipeline
from cauce.engine.errors import CauceError, NotFound, UsageError

__all__ = ["command"]


@click.command("scaffold")
@click.argument("name", required=False)
@takes_pipeline
@takes_log
@click.option("-E", "--empty", is_flag=True, help="New project: without tasks.")
@click.option("-P", "--package", is_flag=True, help="New project: one that can be installed, below src/.")
@click.option("--pip", "environment", flag_value="pip", default=True, help="New project: requirements.txt (default).")
@click.option("--conda", "environment", flag_value="conda", help="New project: environment.yml.")
@click.option("--dry-run", is_flag=True, help="Say what would be created, and create nothing.")
def command(asked: Asked, name: str | None, empty: bool, package: bool, environment: str, dry_run: bool) -> None:
    """Create the sources that the pipeline names and that do not exist; or, with NAME, a new project.

    Nothing that exists is overwritten.
    """
    try:
        if name is None:
            if empty or package:
                raise UsageError("A new project needs a name.", hint="Such as: cauce scaffold my-project")
            _missing(asked, dry_run)
        else:
            if asked.entry_point is not None:
                raise UsageError(
                    "Either a NAME for a new project, or -e for a pipeline whose sources are to be created.",
                    hint="Leave out one of them.",
                )
            _project(Path(name), empty=empty, package=package, conda=environment == "conda", dry_run=dry_run)
    except CauceError as error:
        exit_with(error)


def _missing(asked: Asked, dry_run: bool) -> None:
    from cauce.engine.editing.change import apply
    from cauce.engine.editing.scaffold import scaffold_missing
    from cauce.engine.parsecache import ParseCache
    from cauce.engine.project import load
    from cauce.terminal import shown

    try:
        entry = find_pipeline(asked)
    except NotFound as error:
        if asked.entry_point is None:
            raise NotFound(error.message, hint="For a new project give it a name: cauce scaffold NAME") from error
        raise
    project = load(entry, ParseCache())
    if not project.tasks and any(problem.severity == "error" for problem in project.problems):
        raise UsageError("The pipeline has errors, and no tasks yet.", hint="See 'cauce status'.")
    change = scaffold_missing(project)
    if not dry_run:
        apply(change)
    for line in change.said:
        click.echo(shown(line))
    if not change.files and not change.said:
        click.echo("Nothing was created: every source is there.")
    elif dry_run:
        click.echo("Nothing was created: this was a dry run.")


def _project(folder: Path, *, empty: bool, package: bool, conda: bool, dry_run: bool) -> None:
    from cauce.engine.editing.change import apply
    from cauce.engine.editing.starter import plan_project
    from cauce.terminal import shown

    change = plan_project(Path.cwd() / folder, empty=empty, package=package, environment="conda" if conda else "pip")
    if not dry_run:
        apply(change)
    for file in change.files:
        click.echo(shown(f"Created {folder / file.path}."))
    if dry_run:
        click.echo("Nothing was created: this was a dry run.")
    else:
        click.echo(f"\nNext:\n  cd {shown(str(folder))}\n  cauce {'status' if empty else 'build'}")
