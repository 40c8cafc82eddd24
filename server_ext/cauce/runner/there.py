"""The verb `there`: of which tasks are tables or views gone? Their database says; nobody else can."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from cauce.runner import Trouble, products
from cauce.runner.database import opened

__all__ = ["run"]


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Look for what each task has made. `request`: ``{"tasks": [{"name", "product", "client"}, …]}``.

    Reply: ``{"gone": [name, …]}``. Where a database cannot be asked nothing is gone: who needs
    the table will have more to say about that.
    """
    return {"gone": [task["name"] for task in request["tasks"] if _lacks_something(task)]}


def _lacks_something(task: dict[str, Any]) -> bool:
    described = task["product"]
    for each in described.get("many", {"": described}).values():
        client = each.get("client") or task["client"]
        if "relation" not in each or client is None:
            continue
        with suppress(Trouble), opened(client, task["name"]) as database:
            if database.kind_of(products.build(each)) is None:
                return True
    return False
