"""The decorators of serializers: which function writes, or reads, a file of which suffix."""

from __future__ import annotations

import importlib
import json
import pickle
import shutil
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from inspect import signature
from pathlib import Path
from typing import Any

from .products import MetaProduct

__all__ = ["serializer", "serializer_pickle", "unserializer", "unserializer_pickle"]

Function = Callable[..., Any]


# --- By suffix ----------------------------------------------------------------------------


def _write_text(value: Any, product: Any) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{product} takes a string, not {type(value).__name__}.")
    Path(product).write_text(value)


def _write_json(value: Any, product: Any) -> None:
    try:
        text = json.dumps(value)
    except TypeError as error:
        raise TypeError(f"{product} takes what JSON knows: {error}.") from error
    Path(product).write_text(text)


def _write_frame(method: str) -> Function:
    def write(value: Any, product: Any) -> None:
        if not hasattr(value, method):
            raise TypeError(f"{product} takes a data frame, not {type(value).__name__}.")
        getattr(value, method)(str(product))

    return write


def _read_frame(method: str) -> Function:
    def read(product: Any) -> Any:
        return getattr(importlib.import_module("pandas"), method)(str(product))

    return read


_WRITERS: dict[str, Function] = {
    ".txt": _write_text,
    ".json": _write_json,
    ".csv": _write_frame("to_csv"),
    ".parquet": _write_frame("to_parquet"),
}
_READERS: dict[str, Function] = {
    ".txt": lambda product: Path(product).read_text(),
    ".json": lambda product: json.loads(Path(product).read_text()),
    ".csv": _read_frame("read_csv"),
    ".parquet": _read_frame("read_parquet"),
}


def _by_suffix(
    mapping: Mapping[str, Function] | None, defaults: Iterable[str] | None, ours: Mapping[str, Function], name: str
) -> dict[str, Function]:
    if mapping is not None and not isinstance(mapping, Mapping):
        raise TypeError(f"The extension mapping of '{name}' is {type(mapping).__name__}, not a dictionary.")
    if isinstance(defaults, str) or not isinstance(defaults or [], Iterable):
        raise TypeError(f"'defaults' of '{name}' must be a list of suffixes, such as ['.csv'].")
    own, chosen = dict(mapping or {}), list(defaults or [])
    if wrong := [suffix for suffix in own if not suffix.startswith(".")]:
        raise ValueError(f"Suffixes begin with a dot; those of '{name}' that do not: {wrong}.")
    if wrong := [suffix for suffix in chosen if suffix not in ours]:
        raise ValueError(f"There are no defaults for {wrong} of '{name}', only for {list(ours)}.")
    if wrong := [suffix for suffix in chosen if suffix in own]:
        raise ValueError(f"{wrong} of '{name}' are in the extension mapping and in 'defaults' both.")
    return {suffix: ours[suffix] for suffix in chosen} | own


def _fallback(fallback: bool | str, verb: str, name: str) -> Function | None:
    """What pickles, or unpickles, a file of any other suffix; None for none."""
    if fallback is False or fallback is None:
        return None
    modules = {True: "pickle", "pickle": "pickle", "joblib": "joblib", "cloudpickle": "cloudpickle"}
    if fallback not in modules:
        raise ValueError(f"'fallback' of '{name}' must be True, 'joblib' or 'cloudpickle', not {fallback!r}.")
    try:
        act: Function = getattr(importlib.import_module(modules[fallback]), verb)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(f"'{name}' falls back to {fallback}, which is not installed.") from error
    return act


def _takes(function: Function, count: int) -> str:
    there = len(signature(function).parameters)
    if there != count:
        raise TypeError(f"'{function.__name__}' must take {count} argument(s), not {there}.")
    return function.__name__


# --- Decorators ---------------------------------------------------------------------------


def serializer(
    extension_mapping: Mapping[str, Function] | None = None,
    *,
    fallback: bool | str = False,
    defaults: Iterable[str] | None = None,
    unpack: bool = False,
) -> Callable[[Function], Function]:
    """Make ``f(value, product)`` write by suffix; its own body writes what no suffix and no fallback covers.

    Of several products each is written, from a mapping with the same keys. With `unpack` a
    mapping goes to a folder, a file for each of its items.
    """

    def decorate(function: Function) -> Function:
        name = _takes(function, 2)
        suffixes = _by_suffix(extension_mapping, defaults, _WRITERS, name)
        dump = _fallback(fallback, "dump", name)

        def write(value: Any, path: Any) -> None:
            act = suffixes.get(Path(path).suffix)
            if act is not None:
                act(value, path)
            elif dump is not None:
                with Path(path).open("wb") as file:
                    dump(value, file)
            else:
                function(value, path)

        def write_all(value: Any, product: Any) -> None:
            if not (unpack and isinstance(value, Mapping)):
                write(value, product)
                return
            folder = Path(product)
            if folder.is_dir():  # else what an earlier run left would be among it
                shutil.rmtree(folder)
            else:
                folder.unlink(missing_ok=True)
            folder.mkdir(parents=True)
            for key, each in value.items():
                if not isinstance(key, str):
                    raise TypeError(f"{product} takes file names as keys, not {key!r}.")
                write(each, folder / key)

        @wraps(function)
        def serialize(obj: Any, product: Any) -> None:
            if not isinstance(product, MetaProduct):
                write_all(obj, product)
                return
            _match(obj, list(product.keys()))
            for key, value in obj.items():
                write_all(value, product[key])

        return serialize

    return decorate


def unserializer(
    extension_mapping: Mapping[str, Function] | None = None,
    *,
    fallback: bool | str = False,
    defaults: Iterable[str] | None = None,
    unpack: bool = False,
) -> Callable[[Function], Function]:
    """The same for reading: ``f(product)``. With `unpack` a folder is read as a mapping, file name → value."""

    def decorate(function: Function) -> Function:
        name = _takes(function, 1)
        suffixes = _by_suffix(extension_mapping, defaults, _READERS, name)
        load = _fallback(fallback, "load", name)

        def read(path: Any) -> Any:
            act = suffixes.get(Path(path).suffix)
            if act is not None:
                return act(path)
            if load is None:
                return function(path)
            with Path(path).open("rb") as file:
                return load(file)

        def read_all(product: Any) -> Any:
            if unpack and Path(product).is_dir():
                return {path.name: read(path) for path in sorted(Path(product).iterdir())}
            return read(product)

        @wraps(function)
        def unserialize(product: Any) -> Any:
            if isinstance(product, MetaProduct):
                return {key: read_all(each) for key, each in product.items()}
            return read_all(product)

        return unserialize

    return decorate


def _match(value: Any, keys: list[str]) -> None:
    if not isinstance(value, Mapping):
        raise TypeError(
            f"The task has the products {keys}, so its function must return a dictionary with these keys, "
            f"not {type(value).__name__}."
        )
    missing, unexpected = [key for key in keys if key not in value], [key for key in value if key not in keys]
    if missing or unexpected:
        said = [f"without {missing}"] if missing else []
        said += [f"with {unexpected}, which are no products"] if unexpected else []
        raise ValueError(f"The function returned a dictionary {' and '.join(said)}; the products are {keys}.")


@serializer(fallback=True)
def serializer_pickle(obj: Any, product: Any) -> None:
    """Pickles whatever it is."""
    Path(product).write_bytes(pickle.dumps(obj))


@unserializer(fallback=True)
def unserializer_pickle(product: Any) -> Any:
    """Reads what `serializer_pickle` wrote."""
    return pickle.loads(Path(product).read_bytes())  # noqa: S301 (the project's own)
