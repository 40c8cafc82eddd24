"""What the commands share: which pipeline is meant, options that many take, how they end.

Nothing heavy is imported here, for every command imports it.
"""

from __future__ import annotations

import functools
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from cauce.engine.errors import CauceError, NotFound, PathRefused, PipelineHasErrors, UsageError
from cauce.engine.spec import Entry, entry_of_file

__all__ = [
    "CANCELLED",
    "FAILED",
    "OK",
    "WRONG",
    "Asked",
    "exit_with",
    "find_pipeline",
    "json_option",
    "takes_log",
    "takes_pipeline",
]

OK, FAILED, WRONG, CANCELLED = 0, 1, 2, 130
"""The exit codes."""
_CALLERS_MISTAKES = (NotFound, PathRefused, PipelineHasErrors, UsageError)
_PARENTS = 6
"""How far up a pipeline.yaml is looked for, as Ploomber does."""

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Asked:
    """Which pipeline a command line asks for: as written, nothing has been looked for yet."""

    entry_point: Path | None = None


def takes_pipeline(function: Function) -> Function:
    """The options that say which pipeline is meant; the command gets `asked`, an `Asked`."""

    @click.option(
        "-e",
        "--entry-point",
        type=click.Path(path_type=Path),
        help="The pipeline file, or its folder. Default: pipeline.yaml here or in a folder above.",
    )
    @functools.wraps(function)
    def command(*, entry_point: Path | None, **rest: Any) -> Any:
        return function(asked=Asked(entry_point), **rest)

    return command  # type: ignore[return-value]  # click reads options from it, nobody calls it as `function`


def find_pipeline(asked: Asked) -> Entry:
    """The pipeline that is meant.

    Raises:
        NotFound: There is none.
    """
    if asked.entry_point is not None:
        path = asked.entry_point.resolve()
        path = path / "pipeline.yaml" if path.is_dir() else path
        if not path.is_file():
            raise NotFound(f"There is no pipeline at {asked.entry_point}.", hint="Give a pipeline.yaml, or its folder.")
        return entry_of_file(path)
    here = Path.cwd()
    for folder in (here, *list(here.parents)[:_PARENTS]):
        if (folder / "pipeline.yaml").is_file():
            return entry_of_file(folder / "pipeline.yaml")
    raise NotFound(
        f"There is no pipeline.yaml in {here} or in a folder above it.",
        hint="Go to your project, or name the file with -e.",
    )


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


def exit_with(error: CauceError, *, quiet: bool = False) -> NoReturn:
    """Say what is wrong on stderr, unless `quiet` (it has been said as JSON), and end."""
    if not quiet:
        from cauce.terminal import print_error

        print_error(error)
    sys.exit(WRONG if isinstance(error, _CALLERS_MISTAKES) else FAILED)
