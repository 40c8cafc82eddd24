"""The verb `relations`: are the tables and views there that a task in another language was to make?"""

from __future__ import annotations

from typing import Any

from cauce.runner import products, sql
from cauce.runner.database import Opening, opened

__all__ = ["run"]


def run(request: dict[str, Any], opened: Opening = opened) -> dict[str, Any]:
    """Look for them. `request`: ``{"name", "client", "relations": [product, …]}``, of those in that database."""
    with opened(request["client"], request["name"]) as database:
        sql.check(database, [products.build(each) for each in request["relations"]], None)
    return {}
