"""The verb `hook`: calls `on_render`, `on_finish` or `on_failure`, with what it asks for by name.

A task's hook may ask for `task`, `product`, `params`, `upstream` and `client`; a pipeline's for
`dag`, `report` and `traceback`; both for what pipeline.yaml gives it.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from cauce import loading
from cauce.runner import Trouble, dotted, products

__all__ = ["Dag", "Task", "run"]


class Task:
    """What a hook sees of a task."""

    def __init__(self, request: Mapping[str, Any], among: Mapping[str, Task] | None = None) -> None:
        """`among`: all tasks, where the request only names those that it needs."""
        self.name: str = request["name"]
        self.source = _Source(request)
        self.product = products.build(request["product"])
        self._request = request
        self._among = among

    @property
    def params(self) -> dict[str, Any]:
        """The parameters, with `upstream` and `product` as the task's code gets them."""
        given = dict(self._request["params"])
        if self._request.get("upstream"):
            given["upstream"] = products.upstream(self._request["upstream"])
        return given | {"product": self.product}

    @property
    def upstream(self) -> dict[str, Task]:
        """The tasks that it needs, by name."""
        needs = self._request.get("needs", ())
        if self._among is not None:
            return {name: self._among[name] for name in needs if name in self._among}
        return {each["name"]: Task(each) for each in needs}

    @cached_property
    def client(self) -> Any:
        """What the pipeline names as the task's client, or that of the database it names; None without either."""
        client = self._request.get("client")
        if isinstance(client, str):
            return dotted.load("ploomber.clients.SQLAlchemyClient")(client)
        return client and dotted.call(client)

    def load(self, key: str | None = None, **options: Any) -> Any:
        """A product as what it holds: by the task's unserializer, else by its suffix; of a table the first rows.

        `key` may be left out when there is one product, or one beside the notebook. The options are for what reads it.
        """
        product, keys = self.product, self._request["notebooks"]
        if isinstance(product, products.Relation):
            return self._rows(product, **options)
        several = product if isinstance(product, products.Products) else {"": product}
        files = {name: each for name, each in several.items() if isinstance(each, products.File)}
        path = loading.chosen(key, files, keys, self.name)
        unserializer = dotted.applied(self._request.get("unserializer"))
        return loading.load(Path(path), self.name, **options) if unserializer is None else unserializer(path, **options)

    def _rows(self, table: products.Relation, limit: int = 10) -> Any:
        cursor = self.client.connection.cursor()
        try:
            cursor.execute(f"SELECT * FROM {table} LIMIT {int(limit)}")  # noqa: S608  # the project's own name
            names = [column[0] for column in cursor.description]
            return importlib.import_module("pandas").DataFrame(cursor.fetchall(), columns=names)
        finally:
            cursor.close()

    def __repr__(self) -> str:
        return f"Task({self.name!r}: {self.source} -> {self.product!r})"


class _Source:
    """Its code as text, and where it is."""

    def __init__(self, request: Mapping[str, Any]) -> None:
        self._request = request
        self.name: str = request["name"]

    @property
    def loc(self) -> Path:
        return Path(self._request["source"])

    def __str__(self) -> str:
        return str(self._request["source"])


class Dag(Mapping[str, Task]):
    """What a hook sees of the pipeline: its name, and its tasks."""

    def __init__(self, name: str, requests: Iterable[Mapping[str, Any]]) -> None:
        self.name = name
        self._tasks: dict[str, Task] = {}
        for request in requests:
            self._tasks[request["name"]] = Task(request, self._tasks)

    def __getitem__(self, name: str) -> Task:
        if name not in self._tasks:
            raise products.UnknownKey(f"There is no task '{name}'; there are {dotted.named(list(self._tasks))}.")
        return self._tasks[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tasks)

    def __len__(self) -> int:
        return len(self._tasks)

    def __repr__(self) -> str:
        return f"DAG({self.name!r})"


class Report(dict[str, list[Any]]):
    """Columns of the build's report: a mapping as a table library takes it, a table when printed."""

    def __str__(self) -> str:
        rows = [list(self), *map(list, zip(*self.values(), strict=True))]
        widths = [max(len(str(row[index])) for row in rows) for index in range(len(self))]
        lines = ["  ".join(f"{value!s:<{width}}" for value, width in zip(row, widths, strict=True)) for row in rows]
        return "\n".join(line.rstrip() for line in lines)


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Call it."""
    path, given = request["hook"]["path"], dict(request["hook"]["arguments"])
    hook = dotted.load(path)
    offers = _of_task(request["task"]) if request.get("task") else _of_pipeline(request)
    takes, takes_any = dotted.accepted(hook)
    unknown = [] if takes_any else [name for name in given if name not in takes]
    lacking = [name for name, needed in takes.items() if needed and name not in given and name not in offers]
    code = getattr(inspect.unwrap(hook), "__code__", None)
    place = () if code is None else (code.co_filename, code.co_firstlineno)
    if unknown:
        message = f"'{path}' does not take {dotted.named(unknown)}, which pipeline.yaml gives it."
        raise Trouble("Wrong arguments", message, *place)
    if lacking:
        raise Trouble(
            "Wrong arguments",
            f"'{path}' asks for {dotted.named(lacking)}, which is not there for {request['moment']}. "
            f"It may ask for {dotted.named(sorted(offers))}, and for what stands beside 'dotted_path'.",
            *place,
        )
    products.is_known_to()
    hook(**given, **{name: offers[name]() for name in takes if name in offers and name not in given})
    return {}


def _of_task(request: Mapping[str, Any]) -> dict[str, Any]:
    task = Task(request)
    return {
        "task": lambda: task,
        "product": lambda: task.product,
        "params": lambda: task.params,
        "upstream": lambda: products.upstream(request.get("upstream")),
        "client": lambda: task.client,
    }


def _of_pipeline(request: Mapping[str, Any]) -> dict[str, Any]:
    report = request.get("report") or ()
    offers: dict[str, Any] = {"dag": lambda: Dag(request["name"], request["tasks"])}
    if request["moment"] == "on_finish":
        offers["report"] = lambda: _report(report)
    if request["moment"] == "on_failure":
        offers["traceback"] = lambda: {"build": request.get("traceback"), "on_finish": None}
    return offers


def _report(rows: Any) -> Report:
    seconds = [row["elapsed"] for row in rows]
    whole = sum(seconds)
    return Report(
        {
            "name": [row["name"] for row in rows],
            "Ran?": [row["ran"] for row in rows],
            "Elapsed (s)": [round(each, 6) for each in seconds],
            "Percentage": [round(100 * each / whole, 4) if whole else 0 for each in seconds],
        }
    )
