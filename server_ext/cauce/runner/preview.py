"""The verb `preview`: what is in a file that takes a library to read, or in a table of a database.

The request is ``{"file": path}``, or ``{"relation": product, "client": client, "task": name}``, with ``"rows"``,
``"columns"`` and ``"cell"``: how much is wanted. The reply is a table, ``{"columns": [[name, type], …],
"rows": [[text or null, …], …], "total": number or null}``, or ``{"text": …}``.
"""

from __future__ import annotations

import pickle
import pprint
from collections.abc import Iterable, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from cauce.runner import Trouble, products
from cauce.runner.database import Opening, opened, quietly

__all__ = ["run"]

_LONGEST_TEXT = 100_000


def run(request: dict[str, Any], opened: Opening = opened) -> dict[str, Any]:
    """Look at what is there; nothing is changed."""
    shape = _Shape(request["rows"], request["columns"], request["cell"])
    if "file" in request:
        return _file(Path(request["file"]), shape)
    relation = products.build(request["relation"])
    with opened(request["client"], request["task"]) as database:
        # A database that knows no LIMIT says so.
        statement = f"SELECT * FROM {relation} LIMIT {shape.rows + 1}"  # noqa: S608 - named by pipeline.yaml
        cursor = quietly(lambda: database.execute(statement))
        names = [str(column[0]) for column in cursor.description]
        return shape.table([(name, "") for name in names], cursor.fetchall(), None)


def _file(path: Path, shape: _Shape) -> dict[str, Any]:
    match path.suffix.lower():
        case ".parquet" | ".pq":
            return _parquet(path, shape)
        case ".pickle" | ".pkl":
            with path.open("rb") as stream:
                try:
                    return shape.of(_unpickled(stream))
                except pickle.UnpicklingError:
                    stream.seek(0)
                    return shape.of(_needed("joblib", path).load(stream))
        case ".joblib":
            return shape.of(_needed("joblib", path).load(path))
        case ".npy" | ".npz":
            return _arrays(path, shape)
        case ".feather" | ".arrow":
            return shape.of(_needed("pandas", path).read_feather(path))
        case ".orc":
            return shape.of(_needed("pandas", path).read_orc(path))
        case ".dta":
            with _needed("pandas", path).read_stata(path, chunksize=shape.rows + 1) as parts:
                return shape.of(next(iter(parts)), None)
        case ".ods" | ".xls" | ".xlsx":
            return shape.of(_needed("pandas", path).read_excel(path, nrows=shape.rows + 1), None)
        case _:  # a packed table
            return shape.of(_needed("pandas", path).read_csv(path, nrows=shape.rows + 1), None)


def _unpickled(stream: Any) -> Any:
    return pickle.load(stream)  # noqa: S301 - that is what was asked for


def _needed(module: str, path: Path) -> Any:
    try:
        return import_module(module)
    except ImportError:
        raise Trouble(
            f"{module} is missing", f"To read {path.name} takes the package '{module}'. Run: pip install {module}"
        ) from None


def _parquet(path: Path, shape: _Shape) -> dict[str, Any]:
    """Its first rows, without reading the others where that can be had."""
    with suppress(ImportError):
        file = import_module("pyarrow.parquet").ParquetFile(path)
        schema = file.schema_arrow
        columns = [(name, str(kind)) for name, kind in zip(schema.names, schema.types, strict=True)]
        chosen = schema.names[: shape.columns]
        part = next(file.iter_batches(batch_size=shape.rows + 1, columns=chosen), None)
        values = [] if part is None else list(zip(*(column.to_pylist() for column in part.columns), strict=True))
        return shape.table(columns, values, file.metadata.num_rows)
    with suppress(ImportError):
        frame = import_module("polars").scan_parquet(path).head(shape.rows + 1).collect()
        return shape.of(frame, None)
    with suppress(ImportError):
        return shape.of(import_module("pandas").read_parquet(path))
    raise Trouble("pyarrow is missing", f"To read {path.name} takes the package 'pyarrow'. Run: pip install pyarrow")


def _arrays(path: Path, shape: _Shape) -> dict[str, Any]:
    numpy = _needed("numpy", path)
    if path.suffix.lower() == ".npy":
        return shape.of(numpy.asarray(numpy.load(path, mmap_mode="r")))
    with numpy.load(path) as arrays:
        return {"text": "\n".join(f"{name}: {arrays[name].dtype} {arrays[name].shape}" for name in arrays.files)}


class _Shape:
    """How much is wanted of a table, and how it is told."""

    def __init__(self, rows: int, columns: int, cell: int) -> None:
        self.rows = rows
        self.columns = columns
        self.cell = cell

    def of(self, value: Any, total: int | None = -1) -> dict[str, Any]:
        """Whatever it is: a table as one, anything else as its text. `total` -1: as many as it has."""
        kind = f"{type(value).__module__.partition('.')[0]}.{type(value).__name__}"
        if kind == "pandas.Series":
            value, kind = value.to_frame(), "pandas.DataFrame"
        if kind == "pandas.DataFrame":
            return self._pandas(value, len(value) if total == -1 else total)
        if kind == "polars.DataFrame":
            columns = [(name, str(dtype)) for name, dtype in zip(value.columns, value.dtypes, strict=True)]
            return self.table(columns, value.head(self.rows + 1).rows(), value.height if total == -1 else total)
        if kind == "pyarrow.Table":
            columns = [(field.name, str(field.type)) for field in value.schema]
            first = value.slice(0, self.rows + 1)
            rows = list(zip(*(column.to_pylist() for column in first.columns), strict=True))
            return self.table(columns, rows, value.num_rows if total == -1 else total)
        return {"text": _told(value)}

    def _pandas(self, frame: Any, total: int | None) -> dict[str, Any]:
        first = frame.head(self.rows + 1)
        if type(first.index).__name__ != "RangeIndex" or first.index.name is not None:
            first = first.copy()
            names = [str(name) if name is not None else "" for name in first.index.names]
            index = first.index.to_frame(index=False)
            columns = [(name, str(dtype)) for name, dtype in zip(names, index.dtypes, strict=True)]
            parts = [index.iloc[:, i] for i in range(len(names))]
        else:
            columns, parts = [], []
        columns += [(str(name), str(dtype)) for name, dtype in zip(first.columns, first.dtypes, strict=True)]
        parts += [first.iloc[:, i] for i in range(min(first.shape[1], self.columns))]
        missing = [part.isna().tolist() for part in parts]
        values = [
            [None if gone else value for value, gone in zip(part.tolist(), gones, strict=True)]
            for part, gones in zip(parts, missing, strict=True)
        ]
        return self.table(columns, list(zip(*values, strict=True)), total)

    def table(
        self, columns: Sequence[tuple[str, str]], rows: Sequence[Iterable[Any]], total: int | None
    ) -> dict[str, Any]:
        """The first columns and rows, as text."""
        told = [[self.text(value) for value in list(row)[: self.columns]] for row in rows[: self.rows]]
        return {
            "columns": [[_clipped(str(name), self.cell), kind] for name, kind in columns[: self.columns]],
            "rows": told,
            "total": total,
            "cut": len(rows) > self.rows or (total is not None and total > len(told)) or len(columns) > self.columns,
            "wide": max(0, len(columns) - self.columns),
        }

    def text(self, value: Any) -> str | None:
        if value is None:
            return None
        if isinstance(value, bytes | bytearray | memoryview):
            return _clipped(repr(bytes(value[: self.cell])), self.cell)
        return _clipped(str(value), self.cell)


def _told(value: Any) -> str:
    """What it is, and what it says of itself."""
    kind = type(value)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    about = f"{name}, shape {shape}, {dtype}" if isinstance(shape, tuple) and dtype is not None else name
    said = pprint.pformat(value, width=88, sort_dicts=False) if kind in (dict, list, tuple, set) else repr(value)
    return _clipped(f"{about}\n\n{said}", _LONGEST_TEXT)


def _clipped(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]}…"
