"""Functions and objects of the project by their dotted path: imported, and called."""

from __future__ import annotations

import difflib
import functools
import importlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from cauce.runner import Trouble

__all__ = ["accepted", "applied", "call", "load", "named"]


def load(path: str) -> Any:
    """What ``package.module.name`` names. Trouble when there is no such module or name.

    What a module raises while it is imported is passed on.
    """
    parts = path.split(".")
    if len(parts) < 2 or not all(part.isidentifier() for part in parts):
        raise Trouble("Not a dotted path", f"'{path}' does not name a function. Write it as 'module.function'.")
    module, rest = _import(path, parts)
    found = module
    for index, name in enumerate(rest):
        try:
            found = getattr(found, name)
        except AttributeError:
            owner = ".".join(parts[: len(parts) - len(rest) + index])
            close = difflib.get_close_matches(name, [each for each in dir(found) if not each.startswith("_")], 1)
            hint = f" Did you mean '{close[0]}'?" if close else ""
            message = f"'{owner}' has no '{name}'.{hint}"
            raise Trouble("Not found", message, getattr(module, "__file__", None)) from None
    return found


def call(dotted: Mapping[str, Any]) -> Any:
    """Call ``{"path", "arguments"}`` with its arguments: how clients are made, for one."""
    function = load(dotted["path"])
    if not callable(function):
        message = f"'{dotted['path']}' is no function but {type(function).__name__}. Name a function that returns it."
        raise Trouble("Not a function", message)
    return function(**dotted.get("arguments", {}))


def applied(dotted: Mapping[str, Any] | None) -> Callable[..., Any] | None:
    """A function that ``{"path", "arguments"}`` names, which is given its arguments at each call; None for None."""
    if dotted is None:
        return None
    function: Callable[..., Any] = load(dotted["path"])
    given = dotted.get("arguments")
    return functools.partial(function, **given) if given else function


def _import(path: str, parts: list[str]) -> tuple[Any, list[str]]:
    for length in range(len(parts) - 1, 0, -1):
        name = ".".join(parts[:length])
        try:
            return importlib.import_module(name), parts[length:]
        except ModuleNotFoundError as error:
            # Is it this name that is missing, or one that it imports?
            if error.name is None or not (name == error.name or name.startswith(f"{error.name}.")):
                raise
    raise Trouble(
        "Not found",
        f"There is no module '{parts[0]}' from which '{path}' could be imported. "
        "Check the spelling; it is looked for in the project's folder and among what is installed.",
    )


# --- Signatures ---------------------------------------------------------------------------


def accepted(function: Callable[..., Any]) -> tuple[dict[str, bool], bool]:
    """Name → must it be given?, of the arguments that can be given by name; and is any other name taken?"""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # a function written in C
        return {}, True
    by_name = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    names = {each.name: each.default is each.empty for each in parameters if each.kind in by_name}
    return names, any(each.kind is each.VAR_KEYWORD for each in parameters)


def named(names: list[str]) -> str:
    """``'a', 'b' and 'c'``."""
    quoted = [f"'{name}'" for name in names]
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)
