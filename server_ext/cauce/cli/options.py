"""What the commands share: which pipeline is meant, options that many take, how they end.

Nothing heavy is imported here, for every command imports it.
"""

from __future__ import annotations

import functools
import logging
import os
import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from cauce.engine.document import Value
from cauce.engine.errors import CauceError, NotFound, PathRefused, PipelineHasErrors, UsageError
from cauce.engine.spec import Entry, find_entry
from cauce.engine.spec.profile import profile_file

__all__ = [
    "CANCELLED",
    "FAILED",
    "OK",
    "VALUES",
    "WRONG",
    "Asked",
    "entry_option",
    "exit_with",
    "find_pipeline",
    "json_option",
    "spare_the_server",
    "takes_log",
    "takes_pipeline",
]

OK, FAILED, WRONG, CANCELLED = 0, 1, 2, 130
"""The exit codes."""
_CALLERS_MISTAKES = (NotFound, PathRefused, PipelineHasErrors, UsageError)
VALUES = "cauce.values"
"""Where in click's `meta` the values given for this time are: dotted key of env.yaml → value."""

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Asked:
    """Which pipeline a command line asks for: as written, nothing has been looked for yet."""

    entry_point: str | None = None
    values: Mapping[str, Value] = field(default_factory=dict)
    """Dotted key of env.yaml → value for this time only."""
    profile: str | None = None
    """The profile for this time only."""


def takes_pipeline(function: Function) -> Function:
    """The options that say which pipeline is meant; the command gets `asked`, an `Asked`."""

    @click.option(
        "-e",
        "--entry-point",
        help="The pipeline file, or its folder; scripts, such as '*.py'; or a function that makes the pipeline, such "
        "as module.function. Default: pipeline.yaml here or in a folder above.",
    )
    @click.option("--profile", metavar="NAME", help="Values from env.NAME.yaml this time; 'default': from env.yaml.")
    @functools.wraps(function)
    def command(*, entry_point: str | None, profile: str | None, **rest: Any) -> Any:
        values = click.get_current_context().meta.get(VALUES, {})
        return function(asked=Asked(entry_point, values, profile), **rest)

    return command  # type: ignore[return-value]  # click reads options from it, nobody calls it as `function`


def find_pipeline(asked: Asked) -> Entry:
    """The pipeline that is meant.

    Raises:
        NotFound: There is none.
        UsageError: What is named is none.
    """
    entry = find_entry(asked.entry_point, Path.cwd(), os.environ)
    if asked.profile is not None:
        from cauce.engine.profiles import known
        from cauce.engine.spec.env import ENV_FILENAME

        # As the variable, so that the processes of the build know it, too.
        os.environ[ENV_FILENAME] = profile_file(known(entry, asked.profile))
        entry = find_entry(asked.entry_point, Path.cwd(), os.environ)
    if entry.profile and not json_asked():
        click.echo(f"Values from {profile_file(entry.profile)}: see 'cauce profile'.", err=True)
    return replace(entry, overrides=asked.values) if asked.values else entry


def json_asked() -> bool:
    """Does the command print structures, for programs?"""
    context = click.get_current_context(silent=True)
    return context is not None and context.params.get("as_json") is True


json_option = click.option("--json", "as_json", is_flag=True, help="Print the structures of the REST contract.")

_LEVELS = ("debug", "info", "warning", "error", "critical")
_LINE = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def takes_log(function: Function) -> Function:
    """``--log`` and ``--log-file``: what the logger ``cauce`` says, on stderr or in a file."""

    @click.option(
        "-l", "--log", type=click.Choice(_LEVELS, case_sensitive=False), help="Log to stderr from this level."
    )
    @click.option("-F", "--log-file", type=click.Path(path_type=Path, dir_okay=False), help="Log to this file.")
    @functools.wraps(function)
    def command(*, log: str | None, log_file: Path | None, **rest: Any) -> Any:
        _log_to(log, log_file)
        return function(**rest)

    return command  # type: ignore[return-value]  # as above


def _log_to(level: str | None, file: Path | None) -> None:
    logger = logging.getLogger("cauce")
    # Without one, Python itself would print what is only of interest where a log was asked for.
    logger.addHandler(logging.NullHandler())
    handlers: list[logging.Handler] = [] if level is None else [logging.StreamHandler()]
    if file is not None:
        try:
            handlers.append(logging.FileHandler(file, encoding="utf-8"))
        except OSError as error:
            exit_with(UsageError(f"The log cannot be written to {file}: {error.strerror}."))
    for handler in handlers:
        handler.setFormatter(logging.Formatter(_LINE))
        logger.addHandler(handler)
    if handlers:
        logger.setLevel((level or "info").upper())
        logger.propagate = False


def exit_with(error: CauceError, *, as_json: bool = False, quiet: bool = False) -> NoReturn:
    """Say what is wrong, on stderr or as JSON, unless `quiet` (it has been said), and end."""
    if as_json:
        from cauce.contract import encode

        click.echo(encode(error.body()))
    elif not quiet:
        from cauce.terminal import print_error

        print_error(error)
    sys.exit(WRONG if isinstance(error, _CALLERS_MISTAKES) else FAILED)


def entry_option(entry: Entry) -> str:
    """How a further command finds the pipeline from the working folder, as a shell takes it; '' where it does."""
    path = os.path.relpath(entry.path)
    return "" if path == "pipeline.yaml" else f" -e {shlex.quote(path)}"


def spare_the_server() -> None:
    """Jupyter's server stays out, which jupytext would import with its contents managers, wherever it is installed."""
    sys.modules.setdefault("jupyter_server", None)  # type: ignore[arg-type]  # the documented way to forbid an import
