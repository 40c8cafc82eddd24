"""``cauce clean``: remove what tasks have made."""

from __future__ import annotations

import sys

import click

from cauce.cli.options import FAILED, Asked, exit_with, find_pipeline, json_option, takes_log, takes_pipeline
from cauce.contract import Cleaned, encode
from cauce.engine.clean import Found, clean, look_for
from cauce.engine.errors import CauceError, UsageError

__all__ = ["command"]


@click.command("clean")
@click.argument("tasks", nargs=-1)
@takes_pipeline
@takes_log
@json_option
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("-n", "--dry-run", is_flag=True, help="Only show what would be removed.")
@click.option("-f", "--force", is_flag=True, help="Also what was changed since it was made.")
@click.option("--delete", is_flag=True, help="Remove for good, instead of moving to the trash.")
def command(
    asked: Asked, tasks: tuple[str, ...], as_json: bool, yes: bool, dry_run: bool, force: bool, delete: bool
) -> None:
    """Move to the trash what all tasks, or the given TASKS, have made.

    Only files that a successful build has recorded and that nobody has changed since. Tables in
    databases stay. The tasks run again at the next build.
    """
    try:
        entry = find_pipeline(asked)
        found = look_for(entry, tasks, force=force)
        going = [each for each in found if not each.kept]
        if not as_json:
            _show(found, delete)
        if dry_run or not going:
            kept = {each.path: each.kept for each in found if each.kept}
            done = Cleaned(moved=tuple(each.path for each in going), kept=kept)
        elif yes or _agreed(len(going), delete):
            done = clean(entry, found, force=force, delete=delete)
        else:
            sys.exit(FAILED)
    except CauceError as error:
        exit_with(error, as_json=as_json)
    if as_json:
        click.echo(encode(done))
    elif going and not dry_run:
        where = "Removed" if delete else "Moved to the trash:"
        click.echo(f"{where} {_files(len(done.moved))}.")


def _agreed(count: int, delete: bool) -> bool:
    """Raises UsageError where nobody can be asked."""
    if not sys.stdin.isatty():
        raise UsageError(
            "Nobody can be asked whether to remove them.", hint="Say it with --yes, or look with --dry-run."
        )
    question = f"Remove {_files(count)} for good?" if delete else f"Move {_files(count)} to the trash?"
    return click.confirm(question, err=True)


def _show(found: tuple[Found, ...], delete: bool) -> None:
    from cauce.terminal import print_clean

    print_clean(found, delete)


def _files(count: int) -> str:
    return f"{count} product{'' if count == 1 else 's'}"
