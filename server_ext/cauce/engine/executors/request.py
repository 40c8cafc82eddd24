"""What a child process is told of a task: plain data, which `runner/products` and the verbs read.

{"name", "kind", "source", "content", "params",
 "product": product, "notebooks": [key, …], "upstream": {name: product} or null,
 "serializer", "unserializer", "client": dotted or null, "template_folder", "options",
     "needs": [task, …]}

A hook of the whole pipeline is told of all tasks, each with the names of those that it needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cauce.engine.executors import Job
from cauce.engine.spec.model import Dotted, ProductSpec, RelationSpec, TaskSpec

__all__ = ["described", "dotted_of", "product_of", "task_of", "tasks_of"]


def task_of(job: Job) -> dict[str, Any]:
    """The task of a job. Paths are relative to the root. `content` is its text, '' where that does not decode."""
    return _own(job.spec) | {
        "params": dict(job.binding.params),
        "content": job.content.decode("utf-8-sig", "replace"),
        "upstream": _upstream(job),
        "serializer": dotted_of(job.spec.serializer),
        "needs": [_own(task) for task in job.upstream],
    }


def tasks_of(jobs: Iterable[Job]) -> list[dict[str, Any]]:
    """All tasks of a pipeline. Not their texts: there may be much of it, and a hook has the files."""
    return [
        _own(job.spec)
        | {
            "params": dict(job.binding.params),
            "upstream": _upstream(job),
            "needs": [task.name for task in job.upstream],
        }
        for job in jobs
    ]


def product_of(task: TaskSpec) -> dict[str, Any]:
    """What a task makes, as it is called by those who need it."""
    made: list[ProductSpec | RelationSpec] = [*task.products, *task.relations]
    if len(made) == 1 and made[0].key == "":
        return described(made[0])
    return {"many": {each.key: described(each) for each in made}}


def dotted_of(dotted: Dotted | str | None) -> Any:
    """A function by its name with what it is given; a URL as it is."""
    if not isinstance(dotted, Dotted):
        return dotted
    return {"path": dotted.path, "arguments": dict(dotted.arguments)}


def _own(task: TaskSpec) -> dict[str, Any]:
    return {
        "name": task.name,
        "kind": task.kind,
        "source": task.source,
        "params": dict(task.params),
        "product": product_of(task),
        "notebooks": list(task.notebooks),
        "client": dotted_of(task.client),
        "unserializer": dotted_of(task.unserializer),
        "template_folder": task.template_folder,
        "options": dict(task.options),
    }


def _upstream(job: Job) -> dict[str, Any] | None:
    if job.binding.upstream is None:
        return None
    tasks = {task.name: product_of(task) for task in job.upstream}
    named: dict[str, Any] = {}
    for name, value in job.binding.upstream.items():
        if name in tasks:
            named[name] = tasks[name]
        elif isinstance(value, Mapping):  # a name with a '*'
            named[name] = {"group": {each: tasks[each] for each in value if each in tasks}}
    return named


def described(product: ProductSpec | RelationSpec) -> dict[str, Any]:
    """A single product."""
    if isinstance(product, ProductSpec):
        return {"file": product.path, "client": dotted_of(product.client)}
    client = dotted_of(product.client)
    return {"relation": product.name, "schema": product.schema, "kind": product.kind, "client": client}
