"""A digest of what a value holds: equal for equal content in whatever process, '' where that cannot be told.

    digest([1, 2.0, "three"])  → '0f3a…'     digest(open("x"))  → ''

It goes through a value by its structure: containers by what is in them, arrays and tables by their numbers, other
objects by what pickle would store of them. Where two equal values could come to look unlike (caches, handles of
native libraries, things that are used up by looking) it says '': "cannot be compared" is better than a false
difference. A class counts by its name without its module, for one of the notebook is `__main__`'s there and of another
module in a task. Nothing is called that could change the value, and nothing is imported.

Runs in the user's kernel, Python 3.8 or later, without Cauce: the standard library alone.
"""

from __future__ import annotations

import array
import copyreg
import hashlib
import struct
import sys
import time
import types
from collections.abc import Iterable
from typing import Any

__all__ = ["Incomparable", "digest", "is_a"]

MOST_NODES = 400_000
MOST_BYTES = 4 << 30
DEEPEST = 80
"""Containers within each other. Each takes a few frames of the user's stack."""
_SIZE = 16
_BULK = 32
"""So many plain values of one type are taken at once."""
_LOOK_AT_CLOCK = 500

_DENIED = frozenset(
    """_asyncio _io _socket _ssl _thread _weakref IPython altair asyncio bokeh concurrent dask duckdb folium graphviz
    io ipywidgets keras logging matplotlib mpl_toolkits multiprocessing plotly psycopg psycopg2 pyspark queue requests
    seaborn selectors socket sqlalchemy sqlite3 ssl subprocess tensorflow threading tqdm weakref""".split()
)
"""Packages whose objects hold caches, handles, or parts of the process."""
_DENIED_MODULES = ("pandas.core.groupby", "pandas.core.window", "pandas.core.resample", "pandas.io", "pandas.plotting")
_NOT_CONTENT = frozenset(("_stop_words_id", "_rng", "_random_state", "refit_time_", "_tmp_like_exog"))
"""Attributes of scikit-learn's estimators and SciPy's distributions: an address in memory, generators that are often
the whole process's, how long it took."""
_NAN = struct.pack(">d", float("nan"))


class Incomparable(Exception):
    """Two such values cannot be told apart by what they hold, or that would take too long."""


def digest(value: Any, seconds: float = 20.0) -> str:
    """Of what `value` holds; '' for what cannot be compared, or not within that time."""
    try:
        return _Walk(seconds).of(value).hex()
    except Exception:  # whatever the user's classes do when they are asked what they are made of
        return ""


def is_a(kind: type, name: str) -> bool:
    """Is a class, or one that it is derived from, the one of this name, whether or not that is loaded?

    'numpy.ndarray' is told by package and class, wherever in the package that is defined.
    """
    package, _, qualname = name.partition(".")
    for base in kind.__mro__:
        if base.__qualname__ == qualname and str(base.__module__).partition(".")[0] == package:
            return True
    return False


def _named(kind: type, names: Iterable[str]) -> str:
    for name in names:
        if is_a(kind, name):
            return name
    return ""


class _Walk:
    """One value, gone through once."""

    def __init__(self, seconds: float) -> None:
        self.until = time.monotonic() + seconds
        self.nodes = 0
        self.bytes = 0
        self.known: dict[int, bytes] = {}
        self.kept: list[Any] = []
        """What ids were taken of: none of it may go before we have ended, lest another gets its id."""
        self.open: dict[int, int] = {}
        """What we are in the middle of, by id → how deep. To come upon it again is a circle."""
        self.special: dict[type, str] = {}
        """Class → which of those that are taken otherwise it is; '' for none."""
        self.lowest = sys.maxsize
        """The outermost object that a circle has led back to."""

    # --- Anything

    def of(self, value: Any) -> bytes:
        kind = type(value)
        self._spend(1)
        plain = _PLAIN.get(kind)
        if plain is not None:
            return self._hash(plain(value))
        name = id(value)
        if name in self.known:
            return self.known[name]
        depth = len(self.open)
        if name in self.open:
            self.lowest = min(self.lowest, self.open[name])
            return self._hash(b"circle %d" % (depth - self.open[name]))
        if depth >= DEEPEST:
            raise Incomparable
        self.open[name] = depth
        outer, self.lowest = self.lowest, sys.maxsize
        try:
            found = self._content(value, kind)
        finally:
            del self.open[name]
        if self.lowest >= depth:  # else it depends on where it was come from
            self.known[name] = found
            self.kept.append(value)
            self.lowest = sys.maxsize
        self.lowest = min(self.lowest, outer)
        return found

    def _content(self, value: Any, kind: type) -> bytes:
        if kind is list or kind is tuple:
            return self._sequence(kind.__name__, value)
        if kind is dict:
            return self._pairs("dict", value.items())
        if issubclass(kind, (set, frozenset)):
            return self._set(value, kind)
        if issubclass(kind, type):
            return self._join(b"class", [value.__qualname__.encode()])
        if kind is types.FunctionType:
            return self._function(value)
        if kind is types.MethodType:
            return self._join(b"method", [self.of(value.__func__), self.of(value.__self__)])
        if kind is types.CodeType:
            return self._code(value)
        if kind is types.ModuleType or issubclass(kind, types.ModuleType):
            return self._join(b"module", [value.__name__.encode()])
        if kind in (types.BuiltinFunctionType, types.MethodWrapperType, types.WrapperDescriptorType):
            return self._builtin(value)
        special = self.special.get(kind)
        if special is None:
            special = self.special[kind] = _named(kind, _SPECIAL)
        if special:
            return _SPECIAL[special](self, value, kind)
        if _is_shared_generator(value):
            return self._join(b"shared generator", [kind.__qualname__.encode()])
        return self._object(value, kind)

    def _spend(self, nodes: int, size: int = 0) -> None:
        before = self.nodes
        self.nodes += nodes
        self.bytes += size
        if self.nodes > MOST_NODES or self.bytes > MOST_BYTES:
            raise Incomparable
        late = size or self.nodes // _LOOK_AT_CLOCK != before // _LOOK_AT_CLOCK
        if late and time.monotonic() > self.until:
            raise Incomparable

    def _hash(self, content: bytes) -> bytes:
        self._spend(0, len(content) if len(content) > 100_000 else 0)
        return hashlib.blake2b(content, digest_size=_SIZE).digest()

    def _join(self, tag: bytes, parts: Iterable[bytes | memoryview]) -> bytes:
        found = hashlib.blake2b(tag, digest_size=_SIZE)
        for part in parts:
            found.update(b"\0%d:" % len(part))
            found.update(part)
        return found.digest()

    # --- Containers

    def _sequence(self, tag: str, values: Any) -> bytes:
        bulk = self._bulk(values) if len(values) >= _BULK else None
        if bulk is not None:
            return self._join(tag.encode() + b" of", bulk)
        return self._join(tag.encode(), [self.of(value) for value in values])

    def _bulk(self, values: Any) -> list[bytes] | None:
        """Many plain values of one type, at once; None where they are not."""
        kinds = set(map(type, values))
        if len(kinds) != 1:
            return None
        self._spend(1 + len(values) // _BULK)
        kind = kinds.pop()
        if kind is int:
            return [b"int", b",".join(b"%x" % value for value in values)]
        if kind is float:
            if any(value != value for value in values):  # NaN is what is not itself
                values = [_canonical(value) for value in values]
            return [b"float", array.array("d", values).tobytes()]
        if kind is str:
            return [b"str", *_texts(values)]
        if kind is bool:
            return [b"bool", bytes(values)]
        return None

    def _pairs(self, tag: str, items: Iterable[tuple[Any, Any]]) -> bytes:
        keys, values = [], []
        for key, value in items:
            keys.append(key)
            values.append(value)
        return self._join(tag.encode(), [self._sequence("keys", keys), self._sequence("values", values)])

    def _set(self, value: Any, kind: type) -> bytes:
        name = kind.__qualname__.encode() + (b"" if kind in (set, frozenset) else b" derived")
        parts = sorted(self.of(each) for each in value)
        own = getattr(value, "__dict__", None)
        return self._join(b"set " + name, [*parts, self.of(own)] if own else parts)

    # --- Code

    def _function(self, value: Any) -> bytes:
        cells = []
        for cell in value.__closure__ or ():
            try:
                cells.append(self.of(cell.cell_contents))
            except ValueError:  # nothing yet
                cells.append(b"empty")
        parts = [self.of(value.__code__), self.of(value.__defaults__), self.of(value.__kwdefaults__)]
        return self._join(b"function", [*parts, *cells])

    def _code(self, value: Any) -> bytes:
        names = (value.co_names, value.co_varnames, value.co_freevars, value.co_cellvars)
        counts = (value.co_argcount, value.co_kwonlyargcount, value.co_posonlyargcount)
        parts = [value.co_name.encode(), value.co_code, self.of(names), self.of(counts), self.of(value.co_consts)]
        return self._join(b"code", parts)

    def _builtin(self, value: Any) -> bytes:
        owner = getattr(value, "__self__", None)
        parts = [str(getattr(value, "__qualname__", value.__name__)).encode()]
        if owner is not None and not isinstance(owner, types.ModuleType):
            parts.append(self.of(owner))
        return self._join(b"builtin", parts)

    # --- Objects, by what pickle would store

    def _object(self, value: Any, kind: type) -> bytes:
        module = str(kind.__module__)
        if module.partition(".")[0] in _DENIED or module.startswith(_DENIED_MODULES):
            raise Incomparable
        if hasattr(kind, "__next__") or kind in _PASSING:
            raise Incomparable
        reduce = copyreg.dispatch_table.get(kind)
        told = reduce(value) if reduce is not None else value.__reduce_ex__(4)
        name = kind.__qualname__.encode()
        if isinstance(told, str):
            return self._join(b"global", [told.encode(), name])
        if type(told) is not tuple or not 2 <= len(told) <= 6:
            raise Incomparable
        self.kept.append(told)  # its parts are new, and known by their ids
        make, arguments, state, items, pairs = (*told, None, None, None)[:5]
        if state is value and isinstance(value, dict):  # `self.__dict__ = self`, which pickle makes two dicts of
            state = dict(value)
            self.kept.append(state)
        if type(state) is dict and module.startswith(("sklearn.", "scipy.stats.", "statsmodels.")):
            state = _without_clocks(state)
            self.kept.append(state)
        parts = [name, self.of(make), self.of(arguments), self.of(state)]
        if items is not None:
            parts.append(self._sequence("items", list(items)))
        if pairs is not None:
            parts.append(self._pairs("pairs", pairs))
        return self._join(b"object", parts)

    # --- Arrays and tables

    def _array(self, value: Any, kind: type) -> bytes:
        parts = [b"" if kind.__qualname__ in ("ndarray", "memmap") else kind.__qualname__.encode()]
        parts += [repr(tuple(value.shape)).encode(), self._numbers(_numpy().asarray(value))]
        own = getattr(value, "__dict__", None)
        if own and kind.__qualname__ != "memmap":
            parts.append(self.of(own))
        return self._join(b"array", parts)

    def _masked(self, value: Any, kind: type) -> bytes:
        mask = _numpy().ma.getmaskarray(value)
        return self._join(b"masked array", [self._array(value.filled(0), _numpy().ndarray), self._numbers(mask)])

    def _scalar(self, value: Any, kind: type) -> bytes:
        return self._join(b"scalar", [self._numbers(_numpy().asarray(value))])

    def _dtype(self, value: Any, kind: type) -> bytes:
        return self._join(b"dtype", [str(value).encode()])

    def _numbers(self, values: Any) -> bytes:
        numpy = _numpy()
        dtype = values.dtype
        name = dtype.str.encode()
        if dtype.names is not None:
            # Field by field: between them there may be room that nobody has written.
            fields = [self._numbers(values[field]) for field in dtype.names]
            return self._join(b"fields", [*(field.encode() for field in dtype.names), *fields])
        if dtype.kind in "OT":
            return self._sequence("elements", values.reshape(-1).tolist())
        self._spend(1, int(values.nbytes) + 1)
        if dtype.kind == "f" and dtype.itemsize > 8:  # the same, for there is room in these, too
            high = values.astype("f8")
            return self._join(name, [self._numbers(high), self._numbers((values - high).astype("f8"))])
        if dtype.kind == "c":
            return self._join(name, [self._numbers(values.real), self._numbers(values.imag)])
        values = numpy.ascontiguousarray(values).reshape(-1)
        if dtype.kind == "f":
            missing = numpy.isnan(values)
            if missing.any():  # of which there are many, all alike to us
                values = numpy.where(missing, numpy.asarray(float("nan"), dtype), values)
        return self._join(name, [memoryview(values.view("u1")) if values.nbytes else b""])

    def _frame(self, value: Any, kind: type) -> bytes:
        columns = [self._column(value.iloc[:, number]._values) for number in range(value.shape[1])]
        parts = [_own_name(kind, "DataFrame"), self._labels(value.columns), self._labels(value.index), *columns]
        if value.attrs:
            parts.append(self.of(value.attrs))
        return self._join(b"frame", parts)

    def _series(self, value: Any, kind: type) -> bytes:
        parts = [_own_name(kind, "Series"), self.of(value.name), self._labels(value.index)]
        return self._join(b"series", [*parts, self._column(value._values)])

    def _labels(self, value: Any, kind: type | None = None) -> bytes:
        """An index. A range is what it counts; what it was made by (a frequency) does not matter."""
        names = self.of(list(value.names))
        if value.nlevels > 1:
            levels = (value.get_level_values(level) for level in range(value.nlevels))
            return self._join(b"levels", [names, *(self._column(level._values) for level in levels)])
        return self._join(b"index", [names, self._column(value._values)])

    def _column(self, values: Any) -> bytes:
        """Values of a table: texts by what they say, however they are kept."""
        dtype = values.dtype
        if isinstance(values, _numpy().ndarray):
            if dtype.kind != "O":
                return self._numbers(values)
            return self._loose(values.tolist())
        kind = type(values)
        if is_a(type(dtype), "pandas.StringDtype"):
            return self._loose(values.to_numpy(dtype=object).tolist())
        if is_a(kind, "pandas.Categorical"):
            parts = [self._labels(values.categories), self._numbers(_numpy().asarray(values.codes, "i8"))]
            return self._join(b"category", [*parts, b"ordered" if values.ordered else b""])
        if hasattr(values, "asi8"):
            return self._join(b"times", [str(dtype).encode(), self._numbers(values.asi8)])
        if is_a(kind, "pandas.BaseMaskedArray"):
            missing = values._mask
            data = _numpy().where(missing, _numpy().zeros_like(values._data), values._data)
            return self._join(b"masked", [str(dtype).encode(), self._numbers(data), self._numbers(missing)])
        loose = values.to_numpy(dtype=object).tolist()
        return self._join(b"extension", [str(dtype).encode(), self._sequence("elements", loose)])

    def _loose(self, values: list[Any]) -> bytes:
        """Objects in a column. Where all are texts, one that is missing is missing, by whichever of its names."""
        kinds = set(map(type, values))
        others = kinds - {str}
        if str in kinds and all(_is_missing_kind(kind) for kind in others):
            if others:
                missing = _pandas_na()
                flags = bytes(type(value) is str for value in values)
                if all(value is None or value is missing or value != value for value in _not_texts(values)):
                    values = [value if type(value) is str else "" for value in values]
                    return self._join(b"texts", [flags, self._texts(values)])
            else:
                return self._join(b"texts", [b"\1" * len(values), self._texts(values)])
        return self._sequence("elements", values)

    def _texts(self, values: list[Any]) -> bytes:
        self._spend(1 + len(values) // _BULK)
        return self._join(b"str", _texts(values))

    def _sparse(self, value: Any, kind: type) -> bytes:
        numpy = _numpy()
        cells = value.tocoo()
        rows, columns, data = cells.row, cells.col, cells.data
        order = numpy.lexsort((columns, rows))
        parts = [str(value.format).encode(), repr(tuple(value.shape)).encode()]
        places = (self._numbers(numpy.asarray(each, "i8")[order]) for each in (rows, columns))
        return self._join(b"sparse", [*parts, *places, self._numbers(data[order])])

    def _tensor(self, value: Any, kind: type) -> bytes:
        plain = value.detach().cpu().contiguous()
        if str(plain.dtype) == "torch.bfloat16":
            plain = plain.float()
        about = repr((str(value.dtype), tuple(value.shape), bool(value.requires_grad)))
        return self._join(b"tensor", [about.encode(), self._numbers(plain.numpy())])

    def _polars(self, value: Any, kind: type) -> bytes:
        parts = []
        for column in value.get_columns():
            parts += [column.name.encode(), self._polars_series(column, kind)]
        return self._join(b"polars", parts)

    def _polars_series(self, value: Any, kind: type) -> bytes:
        about = f"{value.name} {value.dtype}".encode()
        if not value.null_count() and value.dtype.is_numeric():
            return self._join(about, [self._numbers(value.to_numpy())])
        return self._join(about, [self._sequence("elements", value.to_list())])

    def _lines(self, value: Any, kind: type) -> bytes:
        """What ``!command`` gives: a list, with views of itself that it remembers."""
        return self._sequence("lines", list(value))

    def _arrow(self, value: Any, kind: type) -> bytes:
        columns = (self._sequence("elements", column.to_pylist()) for column in value.columns)
        return self._join(b"arrow", [str(value.schema.remove_metadata()).encode(), *columns])


_SPECIAL = {
    "numpy.MaskedArray": _Walk._masked,
    "numpy.ndarray": _Walk._array,
    "numpy.generic": _Walk._scalar,
    "numpy.dtype": _Walk._dtype,
    "pandas.DataFrame": _Walk._frame,
    "pandas.Series": _Walk._series,
    "pandas.Index": _Walk._labels,
    "scipy._spbase": _Walk._sparse,
    "scipy.spmatrix": _Walk._sparse,
    "torch.Tensor": _Walk._tensor,
    "IPython.SList": _Walk._lines,
    "polars.DataFrame": _Walk._polars,
    "polars.Series": _Walk._polars_series,
    "pyarrow.Table": _Walk._arrow,
}
_PASSING = frozenset((types.CoroutineType, types.FrameType, types.TracebackType, types.GetSetDescriptorType))


def _without_clocks(state: dict[str, Any]) -> dict[str, Any]:
    """What an estimator, a distribution or a model holds, without what is another each time."""
    kept = {key: each for key, each in state.items() if key not in _NOT_CONTENT}
    results = kept.get("cv_results_")
    if type(results) is dict:
        kept["cv_results_"] = {key: each for key, each in results.items() if not str(key).endswith("_time")}
    return kept


def _canonical(value: float) -> float:
    return value if value == value else float("nan")  # NaN is what is not itself


def _texts(values: Any) -> list[bytes]:
    return [array.array("q", map(len, values)).tobytes(), "".join(values).encode("utf-8", "surrogatepass")]


def _not_texts(values: list[Any]) -> Iterable[Any]:
    return (value for value in values if type(value) is not str)


def _is_missing_kind(kind: type) -> bool:
    return kind is float or kind is type(None) or kind.__qualname__ == "NAType"


def _pandas_na() -> Any:
    return getattr(sys.modules.get("pandas"), "NA", None)


def _is_shared_generator(value: Any) -> bool:
    """Does the whole process draw from it? What points to it is the same after a draw."""
    for module, name in (("random", "_inst"), ("numpy.random.mtrand", "_rand")):
        if value is getattr(sys.modules.get(module), name, None):
            return True
    return False


def _own_name(kind: type, name: str) -> bytes:
    return b"" if kind.__qualname__ == name else kind.__qualname__.encode()


def _numpy() -> Any:
    return sys.modules["numpy"]  # of which we have a value


def _of_float(value: float) -> bytes:
    return b"float " + (struct.pack(">d", value) if value == value else _NAN)  # NaN is what is not itself


_PLAIN: dict[type, Any] = {
    type(None): lambda value: b"None",
    type(Ellipsis): lambda value: b"...",
    type(NotImplemented): lambda value: b"NotImplemented",
    bool: lambda value: b"bool %d" % value,
    int: lambda value: b"int %x" % value,
    float: _of_float,
    complex: lambda value: b"complex " + _of_float(value.real) + _of_float(value.imag),
    str: lambda value: b"str " + value.encode("utf-8", "surrogatepass"),
    bytes: lambda value: b"bytes " + value,
    bytearray: lambda value: b"bytearray " + bytes(value),
}
