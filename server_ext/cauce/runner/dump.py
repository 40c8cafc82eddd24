"""The verb `dump`: writes the rows that a query gives to a file, or to a folder of numbered files.

The last statement of the script gives the rows. With a `chunksize` (10000 unless the task says
otherwise, as with Ploomber) the product is a folder: ``0.csv``, ``1.csv``, …
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from cauce.runner import Trouble, dotted, products, template
from cauce.runner.database import Database, Opening, Statement, opened
from cauce.runner.log import say
from cauce.runner.sql import execute

__all__ = ["run"]

_CHUNK = 10_000

Rows = Sequence[Sequence[Any]]


def run(request: dict[str, Any], opened: Opening = opened) -> dict[str, Any]:
    """Write the file. `request` is a task, with `folder` (see `sql`) and the `output` to write to."""
    values = template.values_of(request)
    path = request["source"]
    script = template.render(request["content"], path=path, folder=request["folder"], values=values)
    text = template.render_at_last(script.text, values)
    say(text)
    chunk = _chunk(request["options"].get("chunksize", _CHUNK))
    output = Path(request["output"])
    writer = _writer(request["options"].get("io_handler"), values["product"])
    with opened(request["client"], request["name"]) as database:
        statements = database.statements(text)
        if not statements:
            raise Trouble("Nothing to run", "The script has no statements.", path)
        *before, query = statements
        for statement in before:
            execute(database, statement, script)
        if isinstance(writer, _Parquet) and database.flavour == "duckdb" and database.raw is database.connection:
            count = _by_itself(database, query, script, output, chunk)
        else:
            count = _row_by_row(database, query, script, output, chunk, writer)
        database.commit()
    where = f" to a folder with {chunk:,} rows per file ('chunksize: null' makes a single file)" if chunk else ""
    say(f"[cauce] {count:,} rows were written{where}.")
    return {}


def _chunk(given: Any) -> int:
    """How many rows a file takes; 0 for all in one."""
    if given is None or (isinstance(given, int) and given >= 0):
        return given or 0
    raise Trouble("Wrong option", f"'chunksize' must be a number of rows, or null for a single file, not {given!r}.")


# --- Rows ---------------------------------------------------------------------------------


def _row_by_row(
    database: Database, query: Statement, script: template.Rendered, output: Path, chunk: int, writer: _Writer
) -> int:
    cursor = execute(database, query, script)
    if not cursor.description:
        message = f"The statement gives no rows, and a dump needs some. End the script with a SELECT: {query.quoted}"
        raise Trouble("No rows", message, script.path, script.line(query.offset))
    names = [column[0] for column in cursor.description]
    if not chunk:
        rows = cursor.fetchall()
        writer.write(output, names, rows)
        return len(rows)
    with suppress(AttributeError):  # not all drivers have it
        cursor.arraysize = chunk  # how many rows some get at once
    output.mkdir()
    count = index = 0
    rows = cursor.fetchmany(chunk)
    while rows or index == 0:  # without rows there is a file that says which columns there would be
        writer.write(output / f"{index}.{writer.suffix}", names, rows)
        count, index = count + len(rows), index + 1
        rows = cursor.fetchmany(chunk)
    return count


def _by_itself(database: Database, query: Statement, script: template.Rendered, output: Path, chunk: int) -> int:
    """DuckDB writes Parquet with its own types."""
    execute(database, query, script, "CREATE TEMP TABLE cauce_dump AS ")
    count = int(database.raw.execute("SELECT count(*) FROM cauce_dump").fetchone()[0])

    def write(path: Path, rows: str) -> None:
        target = str(path).replace("'", "''")
        database.raw.execute(f"COPY ({rows}) TO '{target}' (FORMAT parquet)")

    if not chunk:
        write(output, "FROM cauce_dump")
        return count
    output.mkdir()
    for index in range(max(1, -(-count // chunk))):
        write(output / f"{index}.parquet", f"FROM cauce_dump LIMIT {chunk} OFFSET {index * chunk}")
    return count


# --- Formats ------------------------------------------------------------------------------


class _Writer(Protocol):
    suffix: str

    def write(self, path: Path, names: Sequence[str], rows: Rows) -> None:
        """Write a file."""


class _Csv:
    suffix = "csv"

    def write(self, path: Path, names: Sequence[str], rows: Rows) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(names)
            writer.writerows(rows)


class _Parquet:
    suffix = "parquet"

    def __init__(self) -> None:
        self._types: dict[str, Any] = {}

    def write(self, path: Path, names: Sequence[str], rows: Rows) -> None:
        try:
            import pyarrow
            from pyarrow import parquet
        except ImportError:
            message = "Writing Parquet needs pyarrow, which is not installed. Run: pip install pyarrow"
            raise Trouble("pyarrow is missing", message) from None
        columns: Iterable[Sequence[Any]] = zip(*rows, strict=True) if rows else [()] * len(names)
        arrays = []
        for name, column in zip(names, columns, strict=True):
            try:
                # All files of a folder have the types of the first that says something.
                array = pyarrow.array(list(column), type=self._types.get(name))
            except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError) as error:
                message = f"The column '{name}' holds values of several types: {error}"
                raise Trouble("Mixed types", f"{message.rstrip('.')}. Use CAST in the query.") from None
            if not pyarrow.types.is_null(array.type):
                self._types[name] = array.type
            arrays.append(array)
        parquet.write_table(pyarrow.Table.from_arrays(arrays, names=list(names)), str(path))


class _Theirs:
    """A handler of the project's own, with the methods of those of Ploomber."""

    def __init__(self, handler: Any) -> None:
        self._handler = handler
        self.suffix = str(getattr(handler, "extension", "dat"))
        if not isinstance(getattr(handler, "extension", None), str):
            self.suffix = "dat"

    def write(self, path: Path, names: Sequence[str], rows: Rows) -> None:
        self._handler(path, False).write(rows, list(names))


def _writer(handler: Any, product: Any) -> _Writer:
    first = next(iter(product.values())) if isinstance(product, products.Products) else product
    if handler is None:
        return _Parquet() if str(first).lower().endswith(".parquet") else _Csv()
    name = str(handler).rpartition(".")[2]
    if name.lower() in {"csvio", "csv"}:
        return _Csv()
    if name.lower() in {"parquetio", "parquet"}:
        return _Parquet()
    return _Theirs(dotted.load(str(handler)))
