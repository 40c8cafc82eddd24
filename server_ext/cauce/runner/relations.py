"""The verb `relations`: are the tables and views there that a task in another language was to make?"""

from __future__ import annotations

from typing import Any

from cauce.runner import products, sql
from cauce.runner.database import opened

__all__ = ["run"]


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Look for those that say in which database they are. `request` is a task."""
    described = request["product"]
    for each in described.get("many", {"": described}).values():
        if "relation" in each and each.get("client") is not None:
            with opened(each["client"], request["name"]) as database:
                sql.check(database, [products.build(each)], None)
    return {}
