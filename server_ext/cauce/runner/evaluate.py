"""The verb `evaluate`: finds out what only running code can tell, each value for itself.

The request is ``{"needs": [{"key", "kind", "path", "arguments"}, …]}``; `path` and `arguments`
are there for the kind `call`. The reply is ``{"values": {key: value}, "errors":
{key: {"name", "message", "traceback", "where"}}}``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from cauce.runner import Trouble, dotted, errors, placeholders, plain, products

__all__ = ["run"]


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Evaluate all; what goes wrong with one is told of that one."""
    root = Path.cwd()
    products.is_known_to()
    values: dict[str, Any] = {}
    troubles: dict[str, Any] = {}
    for need in request["needs"]:
        try:
            values[need["key"]] = _value(need, root)
        except KeyboardInterrupt:
            raise
        except Trouble as trouble:
            where = errors.place(root, trouble.path, trouble.line)
            troubles[need["key"]] = _told(trouble.name, trouble.message, "", where)
        except BaseException as error:
            trace = errors.trace(error)
            with suppress(Exception):
                sys.stderr.write(trace)
            told = _told(type(error).__name__, errors.message_of(error), trace, errors.where(error, root))
            troubles[need["key"]] = told
        finally:
            os.chdir(root)  # whatever the code did
    return {"values": values, "errors": troubles}


def _told(name: str, message: str, traceback: str, where: dict[str, Any] | None) -> dict[str, Any]:
    return {"name": name, "message": message, "traceback": traceback, "where": where}


def _value(need: Mapping[str, Any], root: Path) -> Any:
    match need["kind"]:
        case "call":
            return _called(need)
        case "now":
            return placeholders.now()
        case "git":
            return placeholders.git(root)
        case _:
            return placeholders.git_hash(root)


def _called(need: Mapping[str, Any]) -> Any:
    path = need["path"]
    function = dotted.load(path)
    if not callable(function):
        raise Trouble("Not a function", f"'{path}' is no function but {type(function).__name__}.")
    takes, takes_any = dotted.accepted(function)
    unknown = [] if takes_any else [name for name in need["arguments"] if name not in takes]
    lacking = [name for name, needed in takes.items() if needed and name not in need["arguments"]]
    if unknown:
        raise Trouble("Wrong arguments", f"'{path}' does not take {dotted.named(unknown)}.")
    if lacking:
        message = f"'{path}' needs {dotted.named(lacking)}. Write it beside 'dotted_path'."
        raise Trouble("Wrong arguments", message)
    value = plain.plain(function(**need["arguments"]), f"What '{path}' returned")
    if value is None:
        raise Trouble("Nothing returned", f"'{path}' returned None, which is no value for a parameter.")
    return value
