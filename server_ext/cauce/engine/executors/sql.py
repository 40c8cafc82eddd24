"""A task in SQL: what the verbs `sql` and `dump` are asked; of any task, `relations`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

from cauce.engine.executors import Job
from cauce.engine.executors.request import dotted_of, product_of, task_of
from cauce.engine.spec import TaskSpec

__all__ = ["relations_request", "sql_request", "there_request"]


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


def there_request(tasks: Iterable[TaskSpec]) -> dict[str, Any]:
    """What has to be asked to know whether the tables of tasks are still there."""
    return {
        "tasks": [{"name": task.name, "product": product_of(task), "client": dotted_of(task.client)} for task in tasks]
    }


def relations_request(job: Job) -> dict[str, Any] | None:
    """A task in another language, where it has to be asked whether it made its tables; None for others."""
    asked = job.spec.kind != "sql" and any(relation.client is not None for relation in job.spec.relations)
    return task_of(job) if asked else None
