"""``--env--a--b VALUE``: the values of env.yaml as options, for this time only.

Which options there are depends on the pipeline that is meant, so they are put into a command
when a command line names one of them, or asks for help.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from typing import Any

import click

from cauce.cli.options import VALUES, Asked, exit_with, find_pipeline
from cauce.engine.document import Value
from cauce.engine.errors import CauceError

__all__ = ["with_values"]

_PREFIX = "--env--"
_KEY = re.compile(r"[^\W_][\w.-]*")
_MOST = 500


def with_values(command: click.Command, arguments: Sequence[str]) -> click.Command:
    """The command with an option for each value of the pipeline that its arguments mean, if they are asked for."""
    given = [argument for argument in arguments if argument.startswith(_PREFIX)]
    wants_help = not {"-h", "--help"}.isdisjoint(arguments)
    if not (given or wants_help) or not any(option.name == "entry_point" for option in command.params):
        return command
    from cauce.engine.spec.env import env_leaves

    try:
        entry = find_pipeline(Asked(_entry_point(arguments)))
        leaves = env_leaves(entry)
    except (CauceError, OSError) as error:
        if given and isinstance(error, CauceError):
            exit_with(error)
        return command
    command = copy.copy(command)
    command.params = [*command.params, *(_option(key, value) for key, value in leaves[:_MOST] if _KEY.fullmatch(key))]
    return command


def _entry_point(arguments: Sequence[str]) -> str | None:
    """What follows ``-e``; the last one counts."""
    found = None
    for position, argument in enumerate(arguments):
        if argument in ("-e", "--entry-point"):
            found = arguments[position + 1] if position + 1 < len(arguments) else None
        elif argument.startswith("--entry-point="):
            found = argument.partition("=")[2]
        elif argument.startswith("-e"):
            found = argument[2:]
    return found


def _option(key: str, default: Value) -> click.Option:
    def keep(ctx: click.Context, _option: click.Parameter, text: str | None) -> None:
        if text is not None:
            from cauce.engine.spec.env import cast

            ctx.meta.setdefault(VALUES, {})[key] = cast(text)

    flag = _PREFIX + key.replace(".", "--")
    name = flag.strip("-").replace("-", "_").replace(".", "_")
    shown = default if isinstance(default, str) else _written(default)
    return click.Option([name, flag], metavar="VALUE", help=f"Default: {shown}", expose_value=False, callback=keep)


def _written(value: Any) -> str:
    import json

    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) < 100 else f"{text[:99]}…"
