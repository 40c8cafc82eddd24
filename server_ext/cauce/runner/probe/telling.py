"""What is told of a value: its type, a word for a human, and which files could hold it.

Nothing of the user's is printed: only plain values, and objects of libraries whose `repr` is known to be harmless.

Runs in the user's kernel, Python 3.8 or later, without Cauce: the standard library alone.
"""

from __future__ import annotations

import enum
import os
import pickle
import re
import reprlib
import sys
import time
from typing import Any

from .likeness import is_a

__all__ = ["bases_of", "holds_json", "is_storable_frame", "storing", "summary", "type_name"]

LONGEST = 120
_MOST_STORED = 64 << 20
"""Bytes after which we believe that the rest can be stored, too."""
_MOST_JSON = 200_000
_MOST_BASES = 12
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_SCALARS = (type(None), bool, int, float, complex, str, bytes)
_WORDS = {
    "generator": "a generator",
    "coroutine": "a coroutine",
    "async_generator": "a generator",
    "TextIOWrapper": "an open file",
    "BufferedReader": "an open file",
    "BufferedWriter": "an open file",
    "BufferedRandom": "an open file",
    "FileIO": "an open file",
    "lock": "a lock",
    "RLock": "a lock",
    "Thread": "a thread",
    "socket": "a network connection",
    "Connection": "a connection",
    "Cursor": "a cursor of a database",
    "DuckDBPyConnection": "a connection",
    "Engine": "a connection",
    "module": "a module",
}
_CANNOT_NAME = ("lambda", "local object", "not found as", "not the same object", "attribute lookup")
"""What pickle says of code that it cannot name, which cloudpickle stores."""


# --- In words


def type_name(kind: type) -> str:
    """Module and qualified name: the module that people import it from, where the class is to be found there."""
    module, name = str(kind.__module__), kind.__qualname__
    if module == "builtins":
        return name
    parts = module.split(".")
    for count in range(1, len(parts)):
        public = ".".join(parts[:count])
        if vars(sys.modules.get(public, sys)).get(name) is kind:
            return public + "." + name
    return module + "." + name


def bases_of(kind: type) -> list[str]:
    """The same of what it is derived from, the nearest first."""
    return [type_name(base) for base in kind.__mro__[1:] if base is not object][:_MOST_BASES]


def summary(value: Any) -> str:
    """A short word for a human."""
    kind = type(value)
    try:
        text = _summary(value, kind)
    except Exception:  # a class of the user's may be anything
        text = ""
    text = _ADDRESS.sub("", " ".join(text.split()))
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


class _Short(reprlib.Repr):
    """Plain values only: of all else the type."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = 60
        self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = self.maxdict = 8
        self.maxlevel = 3

    def repr_instance(self, x: Any, level: int) -> str:
        if type(x) in _SCALARS:
            text = repr(x[: self.maxother]) if type(x) is bytes else repr(x)
            return text if len(text) <= self.maxother else text[: self.maxother - 1] + "…"
        if is_a(type(x), "numpy.generic"):
            return str(x)
        return type(x).__name__


_short = _Short()
_SHAPED = (
    *("numpy.ndarray", "pandas.DataFrame", "pandas.Series", "pandas.Index", "polars.DataFrame", "polars.Series"),
    *("scipy._spbase", "scipy.spmatrix", "torch.Tensor"),
)
_CONTAINERS = (list, tuple, set, frozenset, dict)


def _summary(value: Any, kind: type) -> str:
    if kind in _SCALARS or kind in _CONTAINERS:
        return _short.repr(value)
    if any(is_a(kind, name) for name in _SHAPED):
        shape = repr(tuple(value.shape))
        return f"{shape} {value.dtype}" if is_a(kind, "numpy.ndarray") else shape
    if kind in (range, slice):
        return repr(value)
    if isinstance(kind, enum.EnumMeta):
        return f"{kind.__name__}.{value._name_}"
    if is_a(kind, "numpy.generic") or is_a(kind, "sklearn.BaseEstimator") or is_a(kind, "pandas.Timestamp"):
        return repr(value)
    if isinstance(value, type(sys)):
        return value.__name__
    if isinstance(value, type) or kind.__name__ in ("function", "builtin_function_or_method"):
        return str(value.__name__)
    if kind.__module__ in ("datetime", "pathlib", "pathlib._local", "decimal", "fractions", "uuid", "re"):
        return repr(value)
    if issubclass(kind, _CONTAINERS):
        return f"{kind.__name__} of {len(value)}"
    return ""


# --- Which files could hold it


class _Enough(Exception):
    """So much could be stored that the rest will be."""


class _Scales:
    """A file that only weighs."""

    def __init__(self, seconds: float) -> None:
        self.size = 0
        self._until = time.monotonic() + seconds

    def write(self, data: Any) -> int:
        size = len(data)
        self.size += size
        if self.size > _MOST_STORED or time.monotonic() > self._until:
            raise _Enough
        return size

    def aside(self, buffer: Any) -> None:
        """Large pieces of memory, which need not be copied to be weighed."""
        self.size += memoryview(buffer).nbytes


def storing(value: Any, seconds: float = 10.0) -> tuple[str, int | None]:
    """Which pickle can store it ('' the usual one, 'cloudpickle' only that; else why none can), and bytes, roughly."""
    scales = _Scales(seconds)
    try:
        pickle.Pickler(scales, 5, buffer_callback=scales.aside).dump(value)
    except _Enough:
        return "", scales.size
    except RecursionError:
        return "it is nested too deep", None
    except Exception as error:
        if type(value).__name__ in _WORDS:
            return _WORDS[type(value).__name__], None
        return _other_pickle(value, error, seconds)
    return "", scales.size


def _other_pickle(value: Any, error: Exception, seconds: float) -> tuple[str, int | None]:
    said = " ".join(str(error).split())
    cloudpickle = _cloudpickle()
    if cloudpickle is None:
        return ("cloudpickle", None) if any(words in said for words in _CANNOT_NAME) else (_why(said, error), None)
    scales = _Scales(seconds)
    try:
        cloudpickle.Pickler(scales, 5, buffer_callback=scales.aside).dump(value)
    except _Enough:
        pass
    except Exception as other:
        return _why(" ".join(str(other).split()), other), None
    return "cloudpickle", scales.size


def _cloudpickle() -> Any:
    """None where it is not installed. A file beside the notebook of that name is not what is meant."""
    path = sys.path[:]
    sys.path[:] = [folder for folder in path if folder not in ("", ".", os.getcwd())]  # noqa: PTH109 - a string, as the path holds
    try:
        import cloudpickle
    except Exception:
        return None
    finally:
        sys.path[:] = path
    return cloudpickle


def _why(said: str, error: Exception) -> str:
    for name, words in _WORDS.items():
        if f"'{name}' object" in said or f".{name}'" in said:
            return "it holds " + words
    return (said or type(error).__name__)[:LONGEST]


def holds_json(value: Any) -> bool:
    """Would it come back from JSON as it is: no tuples, no keys but texts, nothing that is there twice?"""
    todo = [value]
    seen: set[int] = set()
    count = 0
    while todo:
        each = todo.pop()
        kind = type(each)
        count += 1
        if count > _MOST_JSON:
            return False
        if kind is float:
            if each != each or each in (float("inf"), float("-inf")):  # NaN is what is not itself
                return False
        elif kind is list or kind is dict:
            if id(each) in seen:
                return False
            seen.add(id(each))
            if kind is dict:
                if set(map(type, each)) - {str}:
                    return False
                todo.extend(each.values())
            else:
                todo.extend(each)
        elif kind not in (type(None), bool, int, str):
            return False
    return True


def is_storable_frame(value: Any) -> bool:
    """Would a table come back from a parquet file as it is?"""
    kind = type(value)
    if not is_a(kind, "pandas.DataFrame") or kind.__qualname__ != "DataFrame" or value.attrs:
        return False
    names = value.columns
    if names.nlevels > 1 or list(names.names) != [None] or not len(names) or not names.is_unique:
        return False
    if any(type(name) is not str for name in names):
        return False
    index = value.index
    if index.nlevels > 1 or not (index.name is None or type(index.name) is str) or index.name in set(names):
        return False
    if getattr(index, "freq", None) is not None:
        return False
    columns = (value.iloc[:, number]._values for number in range(value.shape[1]))
    return _comes_back(index._values) and all(map(_comes_back, columns))


def _comes_back(values: Any) -> bool:
    dtype = values.dtype
    name = str(dtype)
    if is_a(type(dtype), "pandas.CategoricalDtype"):
        return all(type(each) is str for each in values.categories) and set(values.codes) >= set(
            range(len(values.categories))
        )
    if name == "object":
        # pandas 3 makes texts of them, of a type of their own.
        old = int(str(getattr(sys.modules.get("pandas"), "__version__", "0")).partition(".")[0] or 0) < 3
        return old and set(map(type, values.tolist())) <= {str}
    if name in ("float16", "float128", "longdouble") or name.startswith(("complex", "period", "interval", "Sparse")):
        return False
    if name.startswith(("datetime64", "timedelta64")):
        return "[ns" in name or "[us" in name or "[ms" in name
    plain = ("bool", "int", "uint", "float", "Int", "UInt", "Float", "boolean", "string", "str")
    return name.startswith(plain) and "[" not in name.replace("[python]", "").replace("[pyarrow]", "")
