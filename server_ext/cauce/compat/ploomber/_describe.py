"""From Python objects to what stands for them in a pipeline.yaml."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

__all__ = ["address", "described_executor", "described_product", "dotted_path", "path_text", "refuse", "without_none"]


def refuse(what: str, command: str) -> NoReturn:
    """A factory only says what the pipeline is."""
    raise RuntimeError(
        f"{what}() is not for code that Cauce runs: return the DAG from a function, and "
        f"run '{command} -e module.function' in a terminal, or use the panel."
    )


def without_none(**values: Any) -> dict[str, Any]:
    """Those that are not None."""
    return {key: value for key, value in values.items() if value is not None}


def dotted_path(function: Any) -> Any:
    """The name by which a function can be imported, with its arguments where it has some; None for None."""
    if function is None or isinstance(function, str):
        return function
    if isinstance(function, Mapping):
        return dict(function)
    if isinstance(function, functools.partial):
        if function.args:
            raise TypeError(f"{function!r} is given arguments without names, which pipeline.yaml cannot say.")
        return {"dotted_path": dotted_path(function.func), **function.keywords}
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str):
        raise TypeError(f"{function!r} is no function of a module, so no task can find it again.")
    if module == "__main__":
        raise TypeError(f"'{name}' is defined in the script that is run: move it to a module of its own.")
    if not all(part.isidentifier() for part in name.split(".")):
        raise TypeError(
            f"'{name}' in {module} is defined inside of a function or has no name, so no task can find it again. "
            "Define it at the top of a module."
        )
    return f"{module}.{name}"


def path_text(path: Any, root: Path) -> str:
    """A path as pipeline.yaml writes it: relative to the root, where it lies below."""
    found = Path(path)
    if found.is_absolute() and found.is_relative_to(root):
        found = found.relative_to(root)
    return found.as_posix()


def address(client: Any, what: str) -> str | dict[str, Any] | None:
    """What makes a client again: the function that made it, or the address of its database."""
    if client is None:
        return None
    if isinstance(client, str | Mapping) or callable(client):
        named: str | dict[str, Any] = dotted_path(client)
        return named
    uri = getattr(client, "_uri", None)
    if uri is None:
        raise TypeError(
            f"The client of {what} is an object, which cannot be written down. Give the function that makes it, as "
            "text: 'clients.get_client'."
        )
    text = str(uri)
    if "@" in text:
        raise TypeError(
            f"The client of {what} has an account in its address, which would be written to a file. Give the function "
            "that makes it, as text: 'clients.get_client'."
        )
    return text


def described_executor(executor: Any) -> Any:
    """How many tasks may run at a time."""
    if isinstance(executor, str | Mapping):
        return executor
    name = type(executor).__name__
    options = {"processes": executor.processes} if getattr(executor, "processes", None) else {}
    return {"dotted_path": f"ploomber.executors.{name}", **options}


def described_product(product: Any, root: Path, what: str) -> tuple[Any, str | None]:
    """A product as pipeline.yaml writes it, and its class where that has to be said."""
    if isinstance(product, Mapping):
        each = {key: described_product(one, root, f"{what}[{key!r}]") for key, one in product.items()}
        classes = {name for _, name in each.values()}
        if len(classes) > 1:
            raise TypeError(f"{what}: products of several classes cannot be told apart in pipeline.yaml.")
        return {key: text for key, (text, _) in each.items()}, next(iter(classes), None)
    if getattr(product, "_client", None) is not None and not hasattr(product, "schema"):
        raise TypeError(f"{what}: a client of a single file cannot be written down. Give 'clients' to the DAG.")
    if hasattr(product, "schema") and hasattr(product, "kind"):
        parts = [product.schema, product.name, product.kind]
        return [part for part in parts if part is not None], type(product).__name__
    if isinstance(product, str | Path):
        return path_text(str(product), root), None
    if isinstance(product, list | tuple):
        return list(product), None
    raise TypeError(f"{what}: {type(product).__name__} is no product.")
