"""``cauce task add|rename|remove|undo`` and ``cauce create``: the pipeline itself, changed as in the panel."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cauce.cli.options import Asked, entry_option, exit_with, find_pipeline, json_option, takes_pipeline
from cauce.contract import NewTask, TaskRemoval, encode
from cauce.engine.errors import CauceError, PathRefused

if TYPE_CHECKING:
    from cauce.engine.editing import Planned
    from cauce.engine.project import Project
    from cauce.engine.spec import Entry

__all__ = ["VERBS", "create"]

dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would be written, and write nothing.")


@click.command("add")
@click.argument("source")
@takes_pipeline
@json_option
@dry_run_option
@click.option("--name", default="", help="Default: as the source is called.")
@click.option("--product", "products", multiple=True, metavar="[KEY=]PATH", help="Default: a proposal.")
@click.option("--upstream", multiple=True, metavar="TASK", help="A task that it is to need.")
@click.option("--after", default="", metavar="TASK", help="Write it behind this task. Default: at the end.")
@click.option("--client", default="", help="Of SQL: the database, such as sqlite:///data.db.")
def add(
    asked: Asked,
    source: str,
    as_json: bool,
    dry_run: bool,
    name: str,
    products: tuple[str, ...],
    upstream: tuple[str, ...],
    after: str,
    client: str,
) -> None:
    """Add a task to the pipeline. SOURCE (a path, or module.function) is begun where there is none."""
    from cauce.engine.editing import add_task

    pairs = (product.partition("=") for product in products)
    request = NewTask(
        source=source,
        name=name,
        products={key if equals else "": path if equals else key for key, equals, path in pairs},
        upstream=upstream,
        after=after,
        client=client,
    )
    _change(asked, lambda project: add_task(project, request), as_json=as_json, dry_run=dry_run)


@click.command("rename")
@click.argument("name")
@click.argument("new")
@takes_pipeline
@json_option
@dry_run_option
def rename(asked: Asked, name: str, new: str, as_json: bool, dry_run: bool) -> None:
    """Call the task NAME otherwise, wherever its name is written. Nothing runs again for that."""
    from cauce.engine.editing import rename_task

    _change(asked, lambda project: rename_task(project, name, new), as_json=as_json, dry_run=dry_run)


@click.command("remove")
@click.argument("name")
@takes_pipeline
@json_option
@dry_run_option
@click.option("--detach", is_flag=True, help="Have the tasks that need it no longer say so.")
@click.option("--trash", is_flag=True, help="Move its source to the trash, if no other task has it.")
def remove(asked: Asked, name: str, as_json: bool, dry_run: bool, detach: bool, trash: bool) -> None:
    """Take the task NAME out of the pipeline file. What it made stays."""
    from cauce.engine.editing import remove_task

    request = TaskRemoval(detach=detach, trash=trash)
    _change(asked, lambda project: remove_task(project, name, request), as_json=as_json, dry_run=dry_run)


@click.command("undo")
@click.argument("change")
@takes_pipeline
@json_option
def undo(asked: Asked, change: str, as_json: bool) -> None:
    """Take a CHANGE back, if none of its files was changed since."""
    from cauce.engine.editing import undo as way_back

    try:
        entry = find_pipeline(asked)
        _perform(entry, way_back(entry, change), as_json=as_json, dry_run=False)
    except CauceError as error:
        exit_with(error, as_json=as_json)


VERBS: dict[str, click.Command] = {"add": add, "rename": rename, "remove": remove, "undo": undo}
"""What ``cauce task`` does besides running one."""


@click.command("create")
@click.argument("files", nargs=-1, required=True)
@json_option
@dry_run_option
@click.option("-o", "--output", default="pipeline.yaml", show_default=True, help="The pipeline file to write.")
def create(files: tuple[str, ...], as_json: bool, dry_run: bool, output: str) -> None:
    """Write a pipeline file whose tasks are these FILES: scripts, notebooks, SQL. What they make is guessed."""
    from cauce.engine.editing import create_pipeline
    from cauce.engine.spec import entry_of_file

    path = Path(os.path.abspath(output))  # noqa: PTH100 - a link is where the user sees it
    try:
        inside = []
        for file in files:
            place = Path(os.path.abspath(file))  # noqa: PTH100 - a link is where the user sees it
            if not place.is_relative_to(path.parent):
                raise PathRefused(f"{file} is not below {path.parent}.", hint="Write the pipeline into a folder above.")
            inside.append(place.relative_to(path.parent).as_posix())
        _perform(entry_of_file(path), create_pipeline(path, inside), as_json=as_json, dry_run=dry_run)
    except CauceError as error:
        exit_with(error, as_json=as_json)


def _change(asked: Asked, plan: Callable[[Project], Planned], *, as_json: bool, dry_run: bool) -> None:
    from cauce.engine.parsecache import ParseCache
    from cauce.engine.project import load

    try:
        entry = find_pipeline(asked)
        _perform(entry, plan(load(entry, ParseCache())), as_json=as_json, dry_run=dry_run)
    except CauceError as error:
        exit_with(error, as_json=as_json)


def _perform(entry: Entry, planned: Planned, *, as_json: bool, dry_run: bool) -> None:
    """Do it, unless it is a dry run, and say what it comes to. Raises as `perform`."""
    from cauce.engine.editing import perform
    from cauce.present import present_change
    from cauce.terminal import shown

    record = ""
    if not dry_run:
        planned, record = perform(entry, planned)
    if as_json:
        click.echo(encode(present_change(planned, record)))
        return
    if dry_run:
        click.echo(shown(planned.change.diff, "\n\t"), nl=False)
    for line in planned.change.said:
        click.echo(shown(line))
    for problem in planned.problems:
        click.echo(shown(f"To be mended: {problem.message} {problem.hint}".rstrip()))
    if dry_run and planned.change.files:
        click.echo("Nothing was changed: this was a dry run.")
    elif record:
        click.echo(shown(f"To take it back: cauce task undo {record}{entry_option(entry)}"))
