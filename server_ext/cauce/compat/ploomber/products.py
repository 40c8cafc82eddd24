"""Products, as a task's code gets them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cauce.runner.products import File, Product, Relation
from cauce.runner.products import Products as MetaProduct

__all__ = [
    "File",
    "GenericProduct",
    "GenericSQLRelation",
    "MetaProduct",
    "PostgresRelation",
    "Product",
    "SQLRelation",
    "SQLiteRelation",
]


class SQLRelation(Relation):
    """A table or view by ``[schema, name, kind]``, or ``[name, kind]``."""

    def __new__(cls, identifier: Sequence[str | None], client: Any = None) -> SQLRelation:
        *schema, name, kind = identifier
        if name is None or kind not in {"table", "view"} or len(schema) > 1:
            raise ValueError(f"A relation is written ['schema', 'name', 'table'], and not {identifier!r}.")
        made = super().__new__(cls, name, schema[0] if schema and schema[0] else None, str(kind), client)
        assert isinstance(made, SQLRelation)  # noqa: S101 (it is `cls`)
        return made


class SQLiteRelation(SQLRelation):
    """One of SQLite."""


class PostgresRelation(SQLRelation):
    """One of PostgreSQL."""


class GenericSQLRelation(SQLRelation):
    """One of any other database."""


GenericProduct = File
