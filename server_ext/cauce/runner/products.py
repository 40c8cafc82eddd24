"""Products as the project's code gets them.

A single file is a string that is a path too, so that whatever takes either takes it; several are a
mapping. `build` makes them of the request's plain data, where a product is one of

    {"file": path, "client": dotted or null}
    {"relation": name, "schema": …, "kind": "table" or "view", "client": dotted, URL or null}
    {"many": {key: product, …}}
    {"group": {task: product, …}}       all tasks that a name with a '*' stands for
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cauce.runner import dotted

__all__ = [
    "File",
    "Group",
    "Product",
    "Products",
    "Relation",
    "UnknownKey",
    "Upstream",
    "build",
    "is_known_to",
    "upstream",
]


class UnknownKey(KeyError):
    """A name that is not there; says which there are."""

    def __str__(self) -> str:
        return str(self.args[0])


class Product(str):
    """A single product: in the end a name."""

    _client: Any = None

    @property
    def client(self) -> Any:
        """What the pipeline names as its client, made when first asked for; None without one."""
        if isinstance(self._client, Mapping):
            self._client = dotted.call(self._client)
        return self._client

    def __getitem__(self, key: Any) -> str:
        if isinstance(key, str):
            raise TypeError(f"There is a single product here, '{self}', and none called '{key}'.")
        return str.__getitem__(self, key)

    def to_json_serializable(self) -> Any:
        """As plain data."""
        return str(self)


class File(Product):
    """A file or folder. What a `Path` can do that a string cannot, it can do as well."""

    def __new__(cls, identifier: str | os.PathLike[str], client: Any = None) -> File:
        made = str.__new__(cls, os.fspath(identifier))
        made._client = client
        return made

    def __reduce__(self) -> tuple[Any, ...]:  # a client need not be fit to travel
        return File, (str.__str__(self),)

    def __fspath__(self) -> str:
        return str.__str__(self)

    def __truediv__(self, other: str | os.PathLike[str]) -> Path:
        return Path(self) / other

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(Path(self), name)

    def __repr__(self) -> str:
        return f"File({str.__repr__(self)})"

    def exists(self) -> bool:
        """Is it there?"""
        return Path(self).exists()

    def delete(self, force: bool = False) -> None:
        """Remove the file, or the folder with what is in it."""
        if Path(self).is_dir():
            shutil.rmtree(self)
        else:
            Path(self).unlink(missing_ok=True)


class Relation(Product):
    """A table or view. As a string, its name with its schema."""

    name: str
    schema: str | None
    kind: str

    def __new__(cls, name: str, schema: str | None, kind: str, client: Any = None) -> Relation:
        made = str.__new__(cls, name if schema is None else f"{schema}.{name}")
        made.name, made.schema, made.kind, made._client = name, schema, kind, client
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return Relation, (self.name, self.schema, self.kind)

    def __repr__(self) -> str:
        return f"Relation({str.__repr__(self)}, {self.kind!r})"


class Products(dict[str, Any]):
    """Several products of one task, by key. Going through them gives the products, not the keys: as in Ploomber."""

    def __iter__(self) -> Iterator[Any]:
        return iter(self.values())

    @property
    def products(self) -> _Contained:
        """How serializers of Ploomber get at them."""
        return _Contained(self)

    @property
    def client(self) -> Any:
        """That of the first."""
        return next(iter(self.values())).client

    def exists(self) -> bool:
        """Are all there?"""
        return all(product.exists() for product in self.values())

    def missing(self) -> list[Any]:
        """Those that are not there."""
        return [product for product in self.values() if not product.exists()]

    def delete(self, force: bool = False) -> None:
        """Remove all."""
        for product in self.values():
            product.delete(force)

    def to_json_serializable(self) -> Any:
        """As plain data."""
        return {key: product.to_json_serializable() for key, product in self.items()}

    def __missing__(self, key: str) -> Any:
        raise UnknownKey(f"There is no product called '{key}'; there are {dotted.named(list(self.keys()))}.")


class _Contained:
    def __init__(self, products: Products) -> None:
        self.products = dict(products)

    @property
    def first(self) -> Any:
        return next(iter(self.products.values()))

    def __getitem__(self, key: str) -> Any:
        return self.products[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.products.values())

    def __len__(self) -> int:
        return len(self.products)


class Group(dict[str, Any]):
    """The products of all tasks that a name with a '*' stands for, by task."""


class Upstream(dict[str, Any]):
    """The products of what a task needs, by task."""

    @property
    def first(self) -> Any:
        """The only one."""
        if len(self) != 1:
            raise UnknownKey(f"'first' is for a task that needs a single one; this one needs {len(self)}.")
        return next(iter(self.values()))

    def __missing__(self, key: str) -> Any:
        there = f"it needs {dotted.named(list(self))}" if self else "it needs none"
        raise UnknownKey(f"The task does not say that it needs '{key}'; {there}.")

    def to_json_serializable(self) -> Any:
        """As plain data."""
        return {key: _plain(product) for key, product in self.items()}


def _plain(product: Any) -> Any:
    if isinstance(product, Group):
        return {key: each.to_json_serializable() for key, each in product.items()}
    return product.to_json_serializable()


def build(described: Mapping[str, Any]) -> Any:
    """The product that the request describes."""
    match described:
        case {"file": path}:
            return File(path, described.get("client"))
        case {"relation": name, "schema": schema, "kind": kind}:
            return Relation(name, schema, kind, described.get("client"))
        case {"many": many}:
            return Products({key: build(each) for key, each in many.items()})
        case {"group": group}:
            return Group({task: build(each) for task, each in group.items()})
    raise ValueError(f"no product: {described!r}")


def upstream(described: Mapping[str, Any] | None) -> Upstream:
    """The same for all that a task needs; empty for None."""
    return Upstream({name: build(each) for name, each in (described or {}).items()})


def is_known_to() -> None:
    """Have a real Ploomber, if the project's code has imported one, take ours for its own."""
    real = sys.modules.get("ploomber.products")
    for name, ours in (("File", File), ("MetaProduct", Products)):
        theirs = getattr(real, name, None)
        if theirs is not None and theirs is not ours:
            theirs.register(ours)
