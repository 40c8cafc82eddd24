"""``--env--a--b VALUE``: the values of env.yaml as options, for this time only; a factory's arguments likewise.

Which options there are depends on the pipeline that is meant, so they are put into a command
when a command line names one of them, or asks for help. A factory is not called for that, nor
imported: what it takes is read from its text.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from cauce.cli.options import VALUES, Asked, exit_with, find_pipeline
from cauce.engine.document import Value
from cauce.engine.errors import CauceError
from cauce.engine.spec import Entry

if TYPE_CHECKING:
    import ast

__all__ = ["with_values"]

_PREFIX = "--env--"
_KEY = re.compile(r"[^\W_][\w.-]*")
_MOST = 500
_LARGEST = 1_000_000


@dataclass(frozen=True)
class _Takes:
    """A value that can be given."""

    key: str
    """As in `Entry.overrides`."""
    flag: str
    default: str


def with_values(command: click.Command, arguments: Sequence[str]) -> click.Command:
    """The command with an option for each value of the pipeline that its arguments mean, if they may be asked for."""
    if not any(option.name == "entry_point" for option in command.params):
        return command
    given = any(argument.startswith(_PREFIX) for argument in arguments)
    named = _entry_point(arguments)
    may_be_factory = named is not None and "." in named and not named.endswith((".yaml", ".yml"))
    if not given and not may_be_factory and {"-h", "--help"}.isdisjoint(arguments):
        return command
    try:
        takes = list(_takes(find_pipeline(Asked(named))))
    except (CauceError, OSError) as error:
        if given and isinstance(error, CauceError):
            exit_with(error)
        return command
    taken = {flag for option in command.params for flag in option.opts}
    command = copy.copy(command)
    command.params = [*command.params, *(_option(each) for each in takes[:_MOST] if each.flag not in taken)]
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


def _option(takes: _Takes) -> click.Option:
    def keep(ctx: click.Context, _option: click.Parameter, text: str | None) -> None:
        if text is not None:
            from cauce.engine.spec.placeholders import cast

            ctx.meta.setdefault(VALUES, {})[takes.key] = cast(text)

    name = re.sub(r"\W", "_", takes.flag.strip("-"))
    default = f"Default: {takes.default}" if takes.default else "Must be given."
    return click.Option([name, takes.flag], metavar="VALUE", help=default, expose_value=False, callback=keep)


def _takes(entry: Entry) -> Iterator[_Takes]:
    if entry.kind == "factory":
        yield from _of_factory(entry)
    else:
        yield from _of_env(entry, "")


def _of_env(entry: Entry, prefix: str) -> Iterator[_Takes]:
    from cauce.engine.spec.env import env_leaves

    for key, value in env_leaves(entry):
        if _KEY.fullmatch(key):
            yield _Takes(f"{prefix}{key}", _PREFIX + key.replace(".", "--"), _written(value))


def _written(value: Value) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) < 100 else f"{text[:99]}…"


# --- Factories


def _of_factory(entry: Entry) -> Iterator[_Takes]:
    """The arguments of the function, and the values of the env.yaml that its decorator names."""
    import ast

    function = _definition(entry)
    if function is None:
        return
    arguments = function.args
    plain = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(plain) - len(arguments.defaults)) + list(arguments.defaults)
    pairs = [*zip(plain, defaults, strict=True), *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    for decorator in function.decorator_list:
        match decorator:
            case ast.Call(func=ast.Name("with_env") | ast.Attribute(attr="with_env"), args=[source, *_]):
                pairs = pairs[1:]
                yield from _of_source(entry, source)
    for argument, default in pairs:
        yield _Takes(argument.arg, f"--{argument.arg}", "" if default is None else _unparsed(default))


def _unparsed(value: ast.expr) -> str:
    import ast

    try:
        return ast.unparse(value)
    except (RecursionError, ValueError):  # hundreds of terms, thousands of digits
        return "…"


def _of_source(entry: Entry, source: ast.expr) -> Iterator[_Takes]:
    import ast

    if isinstance(source, ast.Constant) and isinstance(source.value, str):
        yield from _of_env(replace(entry, kind="file", env=entry.root / source.value), "env.")
    elif isinstance(source, ast.Dict):
        for key, value in zip(source.keys, source.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str) and _KEY.fullmatch(key.value):
                text = value.value if isinstance(value, ast.Constant) else None
                yield _Takes(
                    f"env.{key.value}",
                    _PREFIX + key.value,
                    _unparsed(value) if text is None or isinstance(text, int) else str(text),
                )


def _definition(entry: Entry) -> ast.FunctionDef | None:
    import ast

    from cauce.engine.files import read_inside

    module, _, name = entry.target.rpartition(".")
    path = module.replace(".", "/")
    for place in (f"{path}.py", f"{path}/__init__.py", f"src/{path}.py", f"src/{path}/__init__.py"):
        try:
            content = read_inside(entry.root, place, _LARGEST)
            tree = None if content is None else ast.parse(content)
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for statement in tree.body if tree is not None else ():
            if isinstance(statement, ast.FunctionDef) and statement.name == name:
                return statement
    return None
