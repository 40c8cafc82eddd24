"""What a pipeline file says, as frozen data: the words that everything after the parser speaks.

    pipeline.yaml ─┐
    env.yaml ──────┼─► parse ─► PipelineSpec ─► project.load ─► …
    Evaluated ─────┘

Nothing here was imported, evaluated or rendered. What only running code can tell (a parameter
that a function computes, a factory) is a `Need`; its last known value comes in as `Evaluated`.
Paths are POSIX and relative to the project root unless said otherwise.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal
from urllib.parse import unquote
from zlib import crc32

from cauce.contract import Problem, TaskKind, Where
from cauce.engine.document import Value

__all__ = [
    "Dotted",
    "Entry",
    "Evaluated",
    "Hooks",
    "Limits",
    "Need",
    "NotebookOptions",
    "PipelineSpec",
    "ProductRule",
    "ProductSpec",
    "RelationSpec",
    "StaticAnalysis",
    "TaskKind",
    "TaskSpec",
    "database_file",
]

StaticAnalysis = Literal["disable", "regular", "strict"]

Evaluated = Mapping[str, Value]
"""`Need.key` → the value it had when a builder last evaluated it."""


@dataclass(frozen=True)
class Entry:
    """Where a pipeline begins: what ``-e`` names, or what was found.

    `file`: a pipeline file. `glob`: scripts found by a pattern or in a folder, each a task that
    names its own products. `factory`: a dotted path of a function that makes the pipeline.
    """

    kind: Literal["file", "glob", "factory"]
    root: Path
    """The project root, absolute: what all paths are relative to, and where tasks work."""
    path: Path
    """The pipeline file, absolute. For the others a name in `root` that identifies the pipeline, no file."""
    env: Path | None = None
    """The env.yaml that belongs to it; None when there is none."""
    profile: str = ""
    """The NAME of the env.NAME.yaml that was chosen in its place (`spec.profile`); '' when none was."""
    target: str = ""
    """The pattern (relative to `root`) or the dotted path."""
    overrides: Mapping[str, Value] = field(default_factory=dict)
    """Values given for this time only (``--env--a--b``): dotted key of env.yaml → value."""

    @property
    def name(self) -> str:
        """What the store calls the pipeline: unique below its root."""
        return self.path.relative_to(self.root).as_posix()


@dataclass(frozen=True)
class Dotted:
    """A function or object of the project's code by its name, with keyword arguments: never called here."""

    path: str
    """``package.module.name``, always with dots (Ploomber's ``module::name`` too)."""
    arguments: Mapping[str, Value] = field(default_factory=dict)
    where: Where | None = None


@dataclass(frozen=True)
class Need:
    """A value that only running code can tell.

    `call`: the result of a `Dotted` (a parameter, a grid's value). `factory`: the tasks that
    it makes. `git`, `git_hash`, `now`: Ploomber's placeholders of these names.
    """

    kind: Literal["call", "factory", "git", "git_hash", "now"]
    call: Dotted | None = None
    task: str | None = None
    """Whose parameter it is; None for what the whole pipeline needs."""

    @property
    def key(self) -> str:
        """Identifies the value among `Evaluated`: equal for two needs that one evaluation serves."""
        if self.call is None:
            return self.kind
        arguments = json.dumps(dict(self.call.arguments), sort_keys=True, ensure_ascii=False)
        return f"{self.kind} {self.call.path} {arguments}"


@dataclass(frozen=True)
class ProductSpec:
    """A file or folder that a task makes. `key` is '' for a single, unnamed product."""

    key: str
    path: str
    client: Dotted | None = None
    """Gives the storage to which the file is copied once made, and fetched from; None: none."""


@dataclass(frozen=True)
class RelationSpec:
    """A table or view in a database that a task makes."""

    key: str
    name: str
    schema: str | None
    kind: Literal["table", "view"]
    client: Dotted | str | None = None
    """Gives the connection: a function of the project, or a URL such as ``sqlite:///data.db``."""

    @property
    def path(self) -> str:
        """What stands for it where files have their path; no file can be called so."""
        return f"{self.kind}://{self.qualified}"

    @property
    def qualified(self) -> str:
        """The name as SQL says it."""
        return self.name if self.schema is None else f"{self.schema}.{self.name}"


_FILE_URL = re.compile(r"(?:sqlite|duckdb):///([^/?][^?]*)")


def database_file(client: Dotted | str | None) -> str | None:
    """The file of the project that a URL names as a database of SQLite or DuckDB; None for everything else."""
    match = _FILE_URL.fullmatch(client) if isinstance(client, str) else None
    path = posixpath.normpath(unquote(match[1])) if match else ".."
    return None if path.split("/")[0] == ".." or path == ":memory:" or not path.isprintable() else path


@dataclass(frozen=True)
class Hooks:
    """Functions of the project to call at certain moments; part of what runs, not of what is shown."""

    on_render: Dotted | None = None
    on_finish: Dotted | None = None
    on_failure: Dotted | None = None


@dataclass(frozen=True)
class NotebookOptions:
    """How a notebook or script is executed and what is made of it."""

    kernel: str | None = None
    """`kernelspec_name`; None: the source's own, else the default."""
    exporters: Mapping[str, str] = field(default_factory=dict)
    """Key of a notebook product → nbconvert exporter, where one is named."""
    export_arguments: Mapping[str, Value] = field(default_factory=dict)
    """`nbconvert_export_kwargs`: traits of the exporter."""
    static_analysis: StaticAnalysis = "regular"
    local: bool = False
    """`local_execution`: work in the source's folder."""
    engine_arguments: Mapping[str, Value] = field(default_factory=dict)
    """`executor_params`; those that mean something here: `execution_timeout`, `iopub_timeout`."""


@dataclass(frozen=True)
class Limits:
    """How much one attempt at a task may take, and how often it is tried again. Times in seconds, sizes in bytes.

    What is made does not follow from them: they are no part of what is compared.
    """

    timeout: float | None = None
    silence_timeout: float | None = None
    start_timeout: float = 60.0
    memory: int | None = None
    retries: int = 0
    retry_delay: float = 5.0
    places: Mapping[str, Where] = field(default_factory=dict)
    """Key → where it is set, for those that are."""

    def origin(self, key: str) -> str:
        """A limit with where it is set, in words: ``'timeout' (pipeline.yaml:12)``."""
        place = self.places.get(key)
        if place is None:
            return f"'{key}' (by default)"
        return f"'{key}' ({place.path}{'' if place.line is None else f':{place.line}'})"


@dataclass(frozen=True)
class ProductRule:
    """How to read what a task names as its products; asked again when its source names them."""

    root: str
    """The project root, absolute: a path below it may be written in full."""
    folder: str = ""
    """What paths are relative to, below the root."""
    product_class: str | None = None
    """`product_class`, or the default of the task's class, where either is given."""
    clients: Mapping[str, Dotted | str] = field(default_factory=dict)
    """Class of products → what gives their storage or database."""
    client: Dotted | str | None = None
    """`product_client`: before all others."""
    database: Dotted | str | None = None
    """The task's own client: where its tables are when nothing else is said."""
    keys: tuple[str, ...] = ("nb",)
    """`nb_product_key`."""
    listed: bool = False
    """Is it a list? Then all products that look like notebooks must be in it."""
    exporters: str | Mapping[str, str] | None = None
    """`nbconvert_exporter_name`."""
    index: int | None = None
    """Position among the tasks of a grid; it is part of the products' names."""
    values: Mapping[str, str] = field(default_factory=dict)
    """Of a grid: placeholder ``[[x]]`` → its text."""


@dataclass(frozen=True)
class TaskSpec:
    """One sound entry of `tasks` (of a `grid`: one of its tasks)."""

    name: str
    kind: TaskKind
    source: str
    """A path; for a function its dotted path."""
    products: tuple[ProductSpec, ...]
    """Files, in the order written. With `extract_product` empty until the source has been read."""
    notebooks: tuple[str, ...]
    """Keys of the products that are the executed notebook in one format or another; first the main one."""
    params: Mapping[str, Value]
    """In order. Lacks computed ones that were never evaluated. `resources_` stands among them as written."""
    upstream: tuple[str, ...] | None
    """Names given in YAML; None: they are read from the source."""
    where: Where
    relations: tuple[RelationSpec, ...] = ()
    computed: Mapping[str, Need] = field(default_factory=dict)
    """Parameter → what computes it; those are in `params` too once they were evaluated."""
    resources: Mapping[str, str] = field(default_factory=dict)
    """`resources_`: name → path of a file whose content counts."""
    extract_product: bool = False
    """The source names the products (`product = …`, ``{% set product = … %}``)."""
    hooks: Hooks = field(default_factory=Hooks)
    client: Dotted | str | None = None
    """SQL: where it runs."""
    serializer: Dotted | None = None
    unserializer: Dotted | None = None
    notebook: NotebookOptions = field(default_factory=NotebookOptions)
    limits: Limits = field(default_factory=Limits)
    template_folder: str | None = None
    """Of a source that `source_loader` finds: the folder from which Jinja templates are loaded."""
    product_rule: ProductRule | None = None
    """For `products.with_products`, once the source has named the products."""
    options: Mapping[str, Value] = field(default_factory=dict)
    """What else decides what is made, as written (`chunksize`, `nbconvert_export_kwargs`, …); counts when comparing."""

    @cached_property
    def given_word(self) -> str:
        """Becomes another when the entry says something else of what the task is given. Told to nobody."""
        return f"{crc32(repr((dict(self.params), self.resources)).encode('utf-8', 'surrogatepass')):x}{self.made_word}"

    @cached_property
    def made_word(self) -> str:
        """The same of what it makes."""
        return f"{crc32(repr((self.products, self.relations)).encode('utf-8', 'surrogatepass')):x}"


@dataclass(frozen=True)
class PipelineSpec:
    """A pipeline, whole."""

    entry: Entry
    tasks: tuple[TaskSpec, ...]
    problems: tuple[Problem, ...]
    unsound: frozenset[str] = frozenset()
    """Names of tasks that have an error here (some are in `tasks` all the same)."""
    needs: tuple[Need, ...] = ()
    """What must be evaluated before a build, each key once, in the order written."""
    unevaluated: bool = False
    """Is it a factory's pipeline that was never evaluated? Then `tasks` is empty."""
    hooks: Hooks = field(default_factory=Hooks)
    jobs: int | None = None
    """How many tasks run at a time at most, where `executor` says; None: as many as there are cores."""
    preload: tuple[str, ...] | None = None
    """Modules to import once for all tasks, besides those known to be safe; () for none at all."""
    compare_code: bool = True
    """`config.outdated_by_code`: does a change of code make a task stale?"""
    list_functions: bool = False
    """`meta.jupyter_functions_as_notebooks`: do listings show notebooks of functions beside their modules?"""
    files: tuple[str, ...] = ()
    """All files that were read for it, relative to the root: the pipeline itself, env.yaml, imported tasks."""

    @cached_property
    def made(self) -> frozenset[str]:
        """Paths of all products."""
        return frozenset(product.path for task in self.tasks for product in task.products)

    @property
    def path(self) -> Path:
        return self.entry.path

    @property
    def root(self) -> Path:
        return self.entry.root

    @property
    def name(self) -> str:
        """What to call it: the folder's name, with the file's own part when it has one."""
        if self.entry.kind != "file":
            return f"{self.root.name} ({self.entry.target})"
        stem = self.path.stem.removeprefix("pipeline").strip(".")
        return f"{self.root.name} ({stem})" if stem else self.root.name
