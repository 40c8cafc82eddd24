"""``cauce nb``: the sources as files, for editors that know nothing of pipelines, and in other formats.

With a verb it is about one notebook, task or not: see `book`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cauce.cli.options import Asked, exit_with, find_pipeline, takes_log, takes_pipeline
from cauce.engine.errors import CauceError, NotFound, UsageError

if TYPE_CHECKING:
    from cauce.engine.project import Project

__all__ = ["command"]


class _Notebooks(click.Command):
    """Options are about the pipeline's sources; a verb before them is a command of its own: ``cauce nb test FILE``."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        from cauce.cli.book import VERBS

        if args and args[0] in VERBS:
            return VERBS[args[0]].make_context(f"{info_name} {args[0]}", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from cauce.cli.book import VERBS

        with formatter.section("Commands about one notebook or script"):
            formatter.write_dl([(name, verb.get_short_help_str(90)) for name, verb in VERBS.items()])


@click.command("nb", cls=_Notebooks)
@takes_pipeline
@takes_log
@click.option("-i", "--inject", is_flag=True, help="Write into each source a cell with what its task is given.")
@click.option("-t", "--task", "tasks", multiple=True, metavar="NAME", help="With --inject: whose values.")
@click.option("-r", "--remove", is_flag=True, help="Take such cells out of all sources, whoever wrote them.")
@click.option("-f", "--format", "wanted", metavar="FMT", help="Convert the sources: py:percent, py:light, ipynb, md, …")
@click.option("-p", "--pair", "folder", metavar="DIR", help="Pair each script with an .ipynb in DIR beside it.")
@click.option("-s", "--sync", is_flag=True, help="Bring paired scripts and notebooks in step.")
@click.option("-I", "--install-hook", "install", is_flag=True, help="Have git leave injected cells out of commits.")
@click.option("-u", "--uninstall-hook", "uninstall", is_flag=True, help="Remove that hook.")
@click.option("--staged", is_flag=True, hidden=True, help="What the hook runs: cells out of what is staged.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
def command(
    asked: Asked,
    inject: bool,
    tasks: tuple[str, ...],
    remove: bool,
    wanted: str | None,
    folder: str | None,
    sync: bool,
    install: bool,
    uninstall: bool,
    staged: bool,
    dry_run: bool,
) -> None:
    """Change the notebooks and scripts that are tasks. JupyterLab needs none of this: it fills in cells by itself.

    Or test, check, format a single one: 'cauce nb test FILE', 'cauce nb lint FILE', 'cauce nb clean FILE'.
    """
    from cauce.engine.editing import apply
    from cauce.engine.editing.cells import inject_cells, remove_cells
    from cauce.engine.editing.formats import convert_sources, pair_sources, sync_pairs
    from cauce.engine.parsecache import ParseCache
    from cauce.engine.project import load
    from cauce.terminal import shown

    try:
        if sum((inject, remove, sync, install, uninstall, staged, wanted is not None, folder is not None)) != 1:
            raise UsageError("Say what is to be done.", hint="One of --inject, --remove, --format, --pair, --sync.")
        if tasks and not inject:
            raise UsageError("--task goes with --inject.")
        project = load(find_pipeline(asked), ParseCache())
        if install or uninstall or staged:
            _hook(project, install=install, uninstall=uninstall)
            return
        if sync:
            change = sync_pairs(project, dry_run=dry_run)
        else:
            if inject:
                change = inject_cells(project, tasks)
            elif remove:
                change = remove_cells(project)
            elif wanted is not None:
                change = convert_sources(project, wanted)
            else:
                change = pair_sources(project, folder or "")
            if not dry_run:
                apply(change)
    except CauceError as error:
        if staged and isinstance(error, NotFound):
            return  # the pipeline has gone, and with it what the hook was for
        exit_with(error)
    if dry_run:
        click.echo(shown(change.diff, "\n\t"), nl=False)
    for line in change.said:
        click.echo(shown(line))
    if not change.files:
        click.echo("Nothing had to change.")
    elif dry_run:
        click.echo("Nothing was changed: this was a dry run.")


def _hook(project: Project, *, install: bool, uninstall: bool) -> None:
    from cauce.cli import hook
    from cauce.terminal import shown

    if install or uninstall:
        click.echo(shown(hook.install(project) if install else hook.uninstall(project)))
        return
    for line in hook.clean_staged(project):
        click.echo(shown(line))
