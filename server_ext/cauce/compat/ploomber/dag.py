"""Pipelines made by Python code: gathers tasks, and tells them as the mapping that a pipeline.yaml is.

Nothing is built here. A factory returns its `DAG`; what it describes is then shown and built like
any other pipeline.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

from ._describe import address, described_executor, dotted_path, refuse, without_none

__all__ = ["DAG", "DAGConfigurator"]


class DAG:
    """Tasks by name, and what holds for all of them."""

    def __init__(
        self, name: str | None = None, clients: Mapping[Any, Any] | None = None, executor: Any = "serial"
    ) -> None:
        self.name = name or "No name"
        self.clients: dict[Any, Any] = dict(clients or {})
        self.executor = executor
        self.serializer: Any = None
        self.unserializer: Any = None
        self.on_render: Any = None
        self.on_finish: Any = None
        self.on_failure: Any = None
        self.differ: Any = None
        self._params = SimpleNamespace()
        self._head: dict[str, Any] = {}
        """Of one that was read from a pipeline.yaml: all but its tasks."""
        self._from_spec = False
        self._tasks: dict[str, Any] = {}

    # --- A mapping, name → task

    def __getitem__(self, name: str) -> Any:
        try:
            return self._tasks[name]
        except KeyError:
            there = ", ".join(self._tasks) or "none"
            raise KeyError(f"There is no task '{name}' here. Tasks are: {there}.") from None

    def __delitem__(self, name: str) -> None:
        self.pop(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._tasks)

    def __len__(self) -> int:
        return len(self._tasks)

    def __contains__(self, name: object) -> bool:
        return name in self._tasks

    def keys(self) -> Any:
        """The names."""
        return self._tasks.keys()

    def values(self) -> Any:
        """The tasks."""
        return self._tasks.values()

    def items(self) -> Any:
        """Names and tasks."""
        return self._tasks.items()

    def get(self, name: str, default: Any = None) -> Any:
        """The task of a name, `default` when there is none."""
        return self._tasks.get(name, default)

    def pop(self, name: str, *default: Any) -> Any:
        """Take a task out, with what depends on it no longer depending on it."""
        if default and name not in self._tasks:
            return default[0]
        task = self[name]
        del self._tasks[name]
        for other in self._tasks.values():
            other.upstream.pop(name, None)
        return task

    def _add(self, task: Any) -> None:
        if task.name in self._tasks:
            raise ValueError(f"There is already a task '{task.name}'. Give one of them another name.")
        self._tasks[task.name] = task

    # --- What only a build does

    def render(self, *_: Any, **__: Any) -> DAG:
        """Nothing to do: a pipeline is put together when it is shown."""
        return self

    def build(self, *_: Any, **__: Any) -> NoReturn:
        """Refused: see the message."""
        refuse("build", "cauce build")

    def build_partially(self, *_: Any, **__: Any) -> NoReturn:
        """Refused: see the message."""
        refuse("build_partially", "cauce build TASK")

    def status(self, *_: Any, **__: Any) -> NoReturn:
        """Refused: see the message."""
        refuse("status", "cauce status")

    def plot(self, *_: Any, **__: Any) -> NoReturn:
        """Refused: see the message."""
        refuse("plot", "cauce plot")

    def to_markup(self, *_: Any, **__: Any) -> NoReturn:
        """Refused: see the message."""
        refuse("to_markup", "cauce report")

    # --- As a pipeline.yaml

    def described(self, root: Path) -> dict[str, Any]:
        """The mapping that a pipeline.yaml would hold; paths relative to `root`."""
        head = dict(self._head)
        if not self._from_spec:
            head["meta"] = {"extract_upstream": False}
        clients = {_class_name(key): address(client, _class_name(key)) for key, client in self.clients.items()}
        config = {key: value for key, value in vars(self._params).items() if key in ("outdated_by_code", "hot_reload")}
        head |= without_none(
            config={**head.get("config", {}), **config} or None,
            clients={**head.get("clients", {}), **clients} or None,
            executor=described_executor(self.executor) if self.executor != "serial" else None,
            serializer=dotted_path(self.serializer),
            unserializer=dotted_path(self.unserializer),
            on_render=dotted_path(self.on_render),
            on_finish=dotted_path(self.on_finish),
            on_failure=dotted_path(self.on_failure),
        )
        return {**head, "tasks": [task.described(root) for task in self._tasks.values()]}

    def __repr__(self) -> str:
        return f"DAG({self.name!r}, {len(self)} tasks)"


class DAGConfigurator:
    """Sets parameters of the pipelines that it creates."""

    def __init__(self, d: Mapping[str, Any] | None = None) -> None:
        self.params = SimpleNamespace(**dict(d or {}))

    def create(self, *args: Any, **kwargs: Any) -> DAG:
        """A new pipeline with these parameters."""
        dag = DAG(*args, **kwargs)
        dag._params = SimpleNamespace(**vars(self.params))
        return dag

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> DAGConfigurator:
        """One with these parameters."""
        return cls(d)


def _class_name(key: Any) -> str:
    return key if isinstance(key, str) else str(key.__name__)
