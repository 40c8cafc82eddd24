"""``cauce preview``: the beginning of what a task has made.

The server starts it for products that only code can read, with ``--json --lifeline``: what happens then
is what happens in a terminal.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import click

from cauce.cli.options import FAILED, OK, Asked, exit_with, find_pipeline, json_option, takes_log, takes_pipeline
from cauce.contract import Preview, encode
from cauce.engine.errors import CauceError, UsageError
from cauce.engine.spec import Entry
from cauce.engine.spec.model import TaskSpec

__all__ = ["command"]


@click.command("preview")
@click.argument("task")
@click.argument("product", required=False)
@takes_pipeline
@takes_log
@json_option
@click.option("--lifeline", is_flag=True, hidden=True, help="End when stdin closes.")
def command(asked: Asked, task: str, product: str | None, as_json: bool, lifeline: bool) -> None:
    """Show the beginning of what TASK has made: of PRODUCT, or of the only one beside its notebook.

    To read parquet files, pickles and tables of databases runs code, as building does.
    """
    try:
        found = _preview(find_pipeline(asked), task, product, lifeline)
    except CauceError as error:
        exit_with(error, as_json=as_json)
    if as_json:
        click.echo(encode(found))
    else:
        from cauce.terminal import print_preview

        print_preview(found)
    sys.exit(FAILED if found.kind == "none" else OK)


def _preview(entry: Entry, name: str, product: str | None, lifeline: bool) -> Preview:
    from cauce.engine.editing.upstream import known_task
    from cauce.engine.parsecache import ParseCache
    from cauce.engine.preview import preview, product_named
    from cauce.engine.project import load

    project = load(entry, ParseCache())
    known_task(project, name)
    task = project.tasks[name]
    chosen = product_named(task, _only(task) if product is None else product)
    found = preview(project.root, chosen)
    if found.kind != "code":
        return found
    from cauce.engine.previewer import preview_by_code

    async def ask() -> Preview:
        cancel = asyncio.Event()
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(signum, cancel.set)
        if lifeline:

            def readable() -> None:
                if not os.read(0, 4096):
                    loop.remove_reader(0)
                    cancel.set()

            loop.add_reader(0, readable)
        return await preview_by_code(project.root, task, chosen, cancel)

    return asyncio.run(ask())


def _only(task: TaskSpec) -> str:
    names = [each.path for each in task.products if each.key not in task.notebooks or len(task.products) == 1]
    names += [relation.qualified for relation in task.relations]
    if len(names) != 1:
        raise UsageError(f"'{task.name}' makes {len(names)} products.", hint=f"Name one of: {', '.join(names)}.")
    return names[0]
