"""The values of env.yaml for factories: ``@with_env("env.yaml")``."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

__all__ = ["Env", "load_env", "with_env"]

_CURRENT: list[Env] = []


class Env(Mapping[str, Any]):
    """Values by name: ``env["a"]["b"]``, or ``env.a.b``. Those below `path` are paths."""

    def __init__(self, values: Mapping[str, Any], *, paths: bool = False) -> None:
        self._values = {key: self._value(value, paths=paths or key == "path") for key, value in values.items()}

    @staticmethod
    def _value(value: Any, *, paths: bool) -> Any:
        if isinstance(value, Mapping):
            return Env(value, paths=paths)
        return Path(value) if paths and isinstance(value, str) else value

    def __getitem__(self, key: str) -> Any:
        try:
            return self._values[key]
        except KeyError:
            raise KeyError(f"There is no '{key}' in env.yaml. Keys are: {', '.join(self._values)}.") from None

    def __getattr__(self, key: str) -> Any:
        if key.startswith("_"):
            raise AttributeError(key)
        try:
            return self[key]
        except KeyError as error:
            raise AttributeError(error.args[0]) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Env({self._values!r})"


def with_env(source: str | Path | Mapping[str, Any] | Callable[..., Any]) -> Callable[..., Any]:
    """Gives a function the values as its first argument, `env`; ``env__a__b=…`` replaces one of them.

    Without brackets, as plain ``@with_env``, it reads env.yaml.
    """
    if callable(source):
        return with_env("env.yaml")(source)  # type: ignore[no-any-return]  # what it decorates may be anything

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        first = next(iter(inspect.signature(function).parameters), None)
        if first != "env":
            raise RuntimeError(f"'{function.__name__}' must take 'env' as its first argument.")

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            given = {key: kwargs.pop(key) for key in list(kwargs) if key.startswith("env__")}
            env = Env(_read(source, {key[5:].replace("__", "."): value for key, value in given.items()}))
            _CURRENT.append(env)
            try:
                return function(env, *args, **kwargs)
            finally:
                _CURRENT.pop()

        # `env` is not for the caller to give.
        signature = inspect.signature(function)
        rest = [each for name, each in signature.parameters.items() if name != "env"]
        anything = inspect.Parameter("values", inspect.Parameter.VAR_KEYWORD)
        if not any(each.kind is inspect.Parameter.VAR_KEYWORD for each in rest):
            rest.append(anything)
        call.__signature__ = signature.replace(parameters=rest)  # type: ignore[attr-defined]
        call._takes_env = True  # type: ignore[attr-defined]
        return call

    return decorate


def load_env(function: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a function the values that the factory which calls it was given."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if not _CURRENT:
            raise RuntimeError(f"'{function.__name__}' can only be called by a function that has @with_env.")
        return function(_CURRENT[-1], *args, **kwargs)

    return call


def _read(source: str | Path | Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    from cauce.runner.values import values_of

    return values_of(source, overrides)
