"""A task in SQL: what the verbs `sql` and `dump` are asked; of any task, `relations`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from cauce.engine.executors import Job
from cauce.engine.executors.request import described, dotted_of, task_of
from cauce.engine.spec import TaskSpec

__all__ = ["relations_requests", "sql_request", "there_requests"]


def sql_request(job: Job) -> dict[str, Any]:
    """A task, with the `folder` of its templates, and for a dump the `output` to write to.

    A task that names no client runs where the tables that it makes are said to be.
    """
    spec = job.spec
    named = next((each.client for each in spec.relations if each.client is not None), None)
    request = task_of(job) | {
        "client": dotted_of(named if spec.client is None else spec.client),
        "folder": spec.template_folder or PurePosixPath(spec.source).parent.as_posix(),
    }
    if spec.kind == "dump":
        request["output"] = str(job.outputs[spec.products[0].path])
    return request


def there_requests(tasks: Iterable[TaskSpec]) -> list[dict[str, Any]]:
    """What each database has to be asked to know whether the tables of tasks are still there."""
    asked: dict[str, dict[str, Any]] = {}
    for task in tasks:
        for client, relations in _by_client(task):
            if client is not None:
                one = {"name": task.name, "relations": relations}
                asked.setdefault(repr(client), {"client": client, "tasks": []})["tasks"].append(one)
    return list(asked.values())


def relations_requests(job: Job) -> list[dict[str, Any]]:
    """Of a task in another language: a request for each database that is to say whether the task made its tables."""
    if job.spec.kind == "sql":
        return []
    named = replace(job.spec, client=None)
    return [
        {"name": job.spec.name, "client": client, "relations": relations}
        for client, relations in _by_client(named)
        if client is not None
    ]


def _by_client(task: TaskSpec) -> list[tuple[Any, list[dict[str, Any]]]]:
    """The tables and views that a task makes, by the database that they are in."""
    found: dict[str, tuple[Any, list[dict[str, Any]]]] = {}
    for relation in task.relations:
        client = dotted_of(task.client if relation.client is None else relation.client)
        found.setdefault(repr(client), (client, []))[1].append(described(relation))
    return list(found.values())
