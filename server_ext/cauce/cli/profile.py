"""``cauce profile``: which env.yaml this copy of the project works with."""

from __future__ import annotations

import click

from cauce.cli.options import Asked, exit_with, find_pipeline, json_option, takes_pipeline
from cauce.contract import encode
from cauce.engine.errors import CauceError

__all__ = ["command"]


@click.command("profile")
@click.argument("name", required=False)
@takes_pipeline
@json_option
def command(asked: Asked, name: str | None, as_json: bool) -> None:
    """Show the files of values that there are; with NAME, use those of env.NAME.yaml from here on.

    'default' is env.yaml. The panel and all builds in this copy of the project follow; '--profile' of
    other commands names one for that time only.
    """
    from cauce.engine.profiles import choose, profiles
    from cauce.engine.spec.profile import profile_file
    from cauce.terminal import shown

    try:
        entry = find_pipeline(asked)
        found = profiles(entry) if name is None else choose(entry, name)
    except CauceError as error:
        exit_with(error, as_json=as_json)
    if as_json:
        click.echo(encode(found))
        return
    if found.fixed:
        click.echo(shown(found.fixed))
    for each in found.profiles or ("",):
        mark = "*" if each == found.profile else " "
        click.echo(shown(f"{mark} {each or 'default'} ({profile_file(each)})"))
