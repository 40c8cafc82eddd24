"""The verb `there`: of which tasks are tables or views gone? Their database says; nobody else can."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from cauce.runner import Trouble, products
from cauce.runner.database import Opening, opened

__all__ = ["run"]


def run(request: dict[str, Any], opened: Opening = opened) -> dict[str, Any]:
    """Look for what tasks have made in the database of one client.

    `request`: ``{"client", "tasks": [{"name", "relations": [product, …]}, …]}``. Reply: ``{"gone": [name, …]}``.
    Where a database cannot be asked nothing is gone: who needs the table will have more to say about that.
    """
    gone: list[str] = []
    with suppress(Trouble), opened(request["client"], request["tasks"][0]["name"]) as database:
        for task in request["tasks"]:
            if any(database.kind_of(products.build(each)) is None for each in task["relations"]):
                gone.append(task["name"])
    return {"gone": gone}
