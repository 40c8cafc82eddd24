"""What a task is given: its parameters, what upstream made, what it is to make, and the folder that it works in."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

from cauce.engine.document import Value
from cauce.engine.graph import Dependency
from cauce.engine.injection import Binding
from cauce.engine.source import (
    SourceFacts,
)
from cauce.engine.spec import PipelineSpec, TaskSpec

__all__ = ["bind", "product_value", "upstream_names", "upstream_value", "working_folder"]


def upstream_names(task: TaskSpec, facts: SourceFacts | None) -> tuple[str, ...]:
    """The names that a task gives for what it needs, in the pipeline or in its source."""
    if task.upstream is not None:
        return task.upstream
    return () if facts is None else facts.upstream


def bind(
    spec: PipelineSpec, task: TaskSpec, dependencies: tuple[Dependency, ...], tasks: Mapping[str, TaskSpec]
) -> Binding:
    """The same from the parts that matter, for who does not load the whole project."""
    folder = working_folder(task)
    return Binding(
        root=spec.root,
        pipeline=spec.entry.name,
        task=task.name,
        params={name: _param_value(task, name, value, folder) for name, value in task.params.items()},
        upstream=upstream_value(tasks, dependencies, folder),
        product=product_value(task, folder),
        kernel=task.notebook.kernel,
        folder=folder,
    )


def working_folder(task: TaskSpec) -> str:
    """Where a task works, relative to the root, '' for the root: plain scripts where they are, as Ploomber has it."""
    if task.kind == "script" or (task.kind == "notebook" and task.notebook.local):
        return posixpath.dirname(task.source)
    return ""


def _param_value(task: TaskSpec, name: str, value: Value, folder: str) -> Value:
    if name != "resources_" or not task.resources:
        return value
    return {key: _seen_from(folder, path) for key, path in task.resources.items()}


def upstream_value(
    tasks: Mapping[str, TaskSpec], dependencies: tuple[Dependency, ...], folder: str
) -> Mapping[str, Value] | None:
    upstream: dict[str, Value] = {}
    for need in dependencies:
        values: dict[str, Value] = {other: product_value(tasks[other], folder) for other in need.tasks}
        upstream |= {need.name: values} if need.group else values
    return upstream or None


def product_value(task: TaskSpec, folder: str) -> Value:
    values: dict[str, Value] = {product.key: _seen_from(folder, product.path) for product in task.products}
    values |= {relation.key: relation.qualified for relation in task.relations}
    return values[""] if list(values) == [""] else values


def _seen_from(folder: str, path: str) -> str:
    return posixpath.relpath(path, folder) if folder else path
