"""Products, as a task's code gets them."""

from __future__ import annotations

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

GenericProduct = File
SQLRelation = SQLiteRelation = PostgresRelation = GenericSQLRelation = Relation
