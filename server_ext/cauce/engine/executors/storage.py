"""Copies of products in a storage: what the verb `storage` is asked.

Pure. `ProjectExecutor.upload` copies a task's products once they are in place; `ProjectExecutor.fetch`
gets those that have gone missing, to temporary names: whether they are what the task made, the caller
must prove by their hashes before they take the products' names.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from cauce.engine.executors.request import dotted_of
from cauce.engine.spec.model import ProductSpec, TaskSpec

__all__ = ["downloads", "uploads"]


def uploads(spec: TaskSpec) -> list[dict[str, Any]]:
    """A request per storage, with the products that have one; none for most tasks."""
    return _requests(spec, "upload", {product.path: None for product in spec.products})


def downloads(spec: TaskSpec, targets: Mapping[str, Path]) -> list[dict[str, Any]]:
    """The same for fetching: product → file or folder to make of its copy."""
    return _requests(spec, "download", {path: str(target) for path, target in targets.items()})


def _requests(spec: TaskSpec, action: str, files: Mapping[str, str | None]) -> list[dict[str, Any]]:
    wanted = [product for product in spec.products if product.client is not None and product.path in files]
    return [
        {
            "action": action,
            "client": dotted_of(group[0].client),
            "files": {product.path: files[product.path] for product in group},
        }
        for group in _by_client(wanted)
    ]


def _by_client(products: Collection[ProductSpec]) -> list[list[ProductSpec]]:
    groups: dict[str, list[ProductSpec]] = {}
    for product in products:
        groups.setdefault(repr(dotted_of(product.client)), []).append(product)
    return list(groups.values())
