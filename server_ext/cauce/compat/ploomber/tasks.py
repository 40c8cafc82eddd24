"""Tasks that Python code makes: what they are of, what they make, and what they need."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, NoReturn

from ._describe import address, described_product, dotted_path, path_text, refuse, without_none

__all__ = [
    "NotebookRunner",
    "PythonCallable",
    "SQLDump",
    "SQLScript",
    "ScriptRunner",
    "ShellScript",
    "Task",
    "TaskGroup",
]


class Task:
    """One task. `options` are the other keys that a task in pipeline.yaml may have."""

    _suffixes: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        source: Any,
        product: Any,
        dag: Any,
        name: str | None = None,
        params: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        self.source = source
        self.product = product
        self.dag = dag
        self.name = str(name if name is not None else self._default_name())
        self.params: dict[str, Any] = dict(params or {})
        self.client = options.pop("client", None)
        self.upstream: dict[str, Task] = {}
        self.on_render: Any = None
        self.on_finish: Any = None
        self.on_failure: Any = None
        self._options = options
        dag._add(self)

    def _default_name(self) -> str:
        if isinstance(self.source, Path | _Loaded):
            return Path(self.source).stem
        if callable(self.source):
            return str(self.source.__name__)
        raise TypeError(f"A {type(self).__name__} of text needs a 'name'.")

    # --- What it needs

    def set_upstream(self, other: Any, group_name: str | None = None) -> None:
        """This task needs the other, or all of a group."""
        if group_name is not None:
            raise TypeError(f"'{self.name}': groups of upstream tasks have no name of their own here.")
        for task in [other] if isinstance(other, Task) else other:
            self.upstream[task.name] = task

    def __rshift__(self, other: Any) -> Any:
        other.set_upstream(self)
        return other

    def __add__(self, other: Any) -> TaskGroup:
        return TaskGroup([self, *([other] if isinstance(other, Task) else other)])

    # --- What only a build does

    def build(self, *_: Any, **__: Any) -> NoReturn:
        """Refused: see the message."""
        refuse("build", f"cauce build {self.name}")

    def status(self, *_: Any, **__: Any) -> NoReturn:
        """Refused: see the message."""
        refuse("status", "cauce status")

    def render(self, *_: Any, **__: Any) -> None:
        """Nothing to do."""

    @property
    def exec_status(self) -> None:
        """Whether it runs is not for the pipeline's own code to say."""
        return

    @exec_status.setter
    def exec_status(self, status: Any) -> NoReturn:
        raise TypeError(
            f"'{self.name}' cannot be skipped by its status. Remove it from the DAG, say which tasks to build "
            f"('cauce build --only'), or take it for current ('cauce mark {self.name}')."
        )

    _exec_status = exec_status

    # --- As an entry of pipeline.yaml

    def described(self, root: Path) -> dict[str, Any]:
        """The entry of `tasks`; paths relative to `root`."""
        product, product_class = described_product(self.product, root, f"'{self.name}'")
        options = {key: dotted_path(value) if callable(value) else value for key, value in self._options.items()}
        options.pop("ext_in", None)
        return without_none(
            name=self.name,
            source=self._described_source(root),
            **{"class": type(self).__name__},
            product=product,
            product_class=product_class,
            params=self.params or None,
            upstream=list(self.upstream),
            client=address(self.client, f"'{self.name}'"),
            on_render=dotted_path(self.on_render),
            on_finish=dotted_path(self.on_finish),
            on_failure=dotted_path(self.on_failure),
            **options,
        )

    def _described_source(self, root: Path) -> str:
        if not isinstance(self.source, str):
            return path_text(Path(self.source), root)
        if "\n" not in self.source and Path(self.source).suffix.lower() in self._suffixes:
            return path_text(self.source, root)
        raise TypeError(f"The source of '{self.name}' is text. Put it into a file, and give its path.")

    def __str__(self) -> str:
        return str(self.product)

    def __repr__(self) -> str:
        return f"{type(self).__name__}: {self.name} -> {self.product!r}"


class NotebookRunner(Task):
    """A notebook, or a script that is one."""

    _suffixes = (".py", ".ipynb", ".r", ".rmd", ".md")


class ScriptRunner(Task):
    """A script that runs without a kernel."""

    _suffixes = (".py",)


class ShellScript(Task):
    """A shell script."""

    _suffixes = (".sh",)


class SQLScript(Task):
    """Statements that make a table or view."""

    _suffixes = (".sql",)


class SQLDump(Task):
    """A query whose result goes to a file."""

    _suffixes = (".sql",)


class PythonCallable(Task):
    """A function."""

    def _described_source(self, root: Path) -> str:
        path = dotted_path(self.source)
        if not isinstance(path, str):
            raise TypeError(f"The source of '{self.name}' must be a plain function: give its arguments as 'params'.")
        return path


class SpecTask(Task):
    """A task that a pipeline.yaml declares."""

    def __init__(self, entry: Mapping[str, Any], name: str, dag: Any) -> None:
        self._entry = dict(entry)
        super().__init__(entry.get("source"), entry.get("product"), dag, name, entry.get("params") or {})

    def described(self, root: Path) -> dict[str, Any]:
        entry = dict(self._entry)
        if self.upstream:
            raise TypeError(f"What '{self.name}' needs is said by its source or by pipeline.yaml, and not in Python.")
        if self.params:
            entry["params"] = self.params
        hooks = {key: dotted_path(getattr(self, key)) for key in ("on_render", "on_finish", "on_failure")}
        return entry | without_none(**hooks, client=address(self.client, f"'{self.name}'"))


class TaskGroup:
    """Several tasks that are said to be needed, or to need, at once."""

    def __init__(self, tasks: Iterable[Task]) -> None:
        self.tasks = list(tasks)

    def __iter__(self) -> Iterator[Task]:
        return iter(self.tasks)

    def __len__(self) -> int:
        return len(self.tasks)

    def __add__(self, other: Any) -> TaskGroup:
        return TaskGroup([*self.tasks, *([other] if isinstance(other, Task) else other)])

    def __rshift__(self, other: Any) -> Any:
        other.set_upstream(self)
        return other

    def set_upstream(self, other: Any) -> None:
        """Each of them needs the other."""
        for task in self.tasks:
            task.set_upstream(other)

    @classmethod
    def from_params(
        cls,
        task_class: type[Task],
        product_class: Any,
        product_primitive: Any,
        task_kwargs: Mapping[str, Any],
        dag: Any,
        params_array: Iterable[Mapping[str, Any]],
        name: str | None = None,
        namer: Callable[[Mapping[str, Any]], str] | None = None,
        **_: Any,
    ) -> TaskGroup:
        """A task for each of the parameters; ``{{name}}`` in a product is the task's."""
        tasks = []
        for index, params in enumerate(params_array):
            called = namer(params) if namer is not None else f"{name}{index}"
            product = _with_name(product_primitive, called, product_class)
            given = {**dict(task_kwargs.get("params") or {}), **params}
            rest = {key: value for key, value in task_kwargs.items() if key != "params"}
            tasks.append(task_class(product=product, dag=dag, name=called, params=given, **rest))
        return cls(tasks)

    @classmethod
    def from_grid(
        cls,
        task_class: type[Task],
        product_class: Any,
        product_primitive: Any,
        task_kwargs: Mapping[str, Any],
        dag: Any,
        grid: Any,
        name: str | None = None,
        namer: Callable[[Mapping[str, Any]], str] | None = None,
        **rest: Any,
    ) -> TaskGroup:
        """A task for each combination of values."""
        grids = [grid] if isinstance(grid, Mapping) else list(grid)
        params = [
            dict(zip(each, values, strict=True)) for each in grids for values in itertools.product(*each.values())
        ]
        return cls.from_params(
            task_class, product_class, product_primitive, task_kwargs, dag, params, name=name, namer=namer, **rest
        )


def _with_name(product: Any, name: str, make: Any) -> Any:
    if isinstance(product, Mapping):
        return {key: _with_name(each, name, make) for key, each in product.items()}
    if isinstance(product, str | Path):
        return make(str(product).replace("{{name}}", name).replace("{{ name }}", name))
    return make([part.replace("{{name}}", name) if isinstance(part, str) else part for part in product])


class _Loaded(type(Path())):  # type: ignore[misc]  # the class of paths of this system
    """A file that a `SourceLoader` found."""


def __getattr__(name: str) -> Any:
    if name.startswith("_") or not name[:1].isupper():
        raise AttributeError(name)

    def unknown(*_: Any, **__: Any) -> NoReturn:
        raise TypeError(f"There are no '{name}' tasks here. Write a function that does it, as a PythonCallable.")

    return unknown
