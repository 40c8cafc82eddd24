"""Questions about a table or view. Names are taken as they stand: they are the project's own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = ["distinct_values_in_column", "duplicates_in_column", "nulls_in_columns", "range_in_column"]


def nulls_in_columns(client: Any, cols: str | Iterable[str], product: Any) -> bool:
    """Is there a NULL in any of the columns?"""
    columns = [cols] if isinstance(cols, str) else list(cols)
    empty = " OR ".join(f"{column} IS NULL" for column in columns)
    return bool(_rows(client, f"SELECT COUNT(*) FROM {product} WHERE {empty}")[0][0])  # noqa: S608 - names that the user's own test gives


def range_in_column(client: Any, col: str, product: Any) -> tuple[Any, Any]:
    """The smallest and the largest value."""
    smallest, largest = _rows(client, f"SELECT MIN({col}), MAX({col}) FROM {product}")[0]  # noqa: S608 - the same
    return smallest, largest


def distinct_values_in_column(client: Any, col: str, product: Any) -> set[Any]:
    """The values that there are."""
    return {row[0] for row in _rows(client, f"SELECT DISTINCT {col} FROM {product}")}  # noqa: S608 - the same


def duplicates_in_column(client: Any, col: str | Iterable[str], product: Any) -> bool:
    """Is there a value (of several columns: a combination) more than once?"""
    columns = col if isinstance(col, str) else ", ".join(col)
    query = f"SELECT {columns} FROM {product} GROUP BY {columns} HAVING COUNT(*) > 1"  # noqa: S608 - the same
    return bool(_rows(client, query))


def _rows(client: Any, query: str) -> list[Any]:
    cursor = client.connection.cursor()
    try:
        cursor.execute(query)
        return list(cursor.fetchall())
    finally:
        cursor.close()
