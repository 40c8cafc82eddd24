"""``cauce interact``: an IPython session in the project, with the pipeline at hand.

The session belongs to who opened it, like a notebook: it may read products with whatever reads
them, which nothing else of ours does outside of tasks.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

import click

from cauce import loading
from cauce.cli.look import look_at
from cauce.cli.options import Asked, exit_with, find_pipeline, takes_log, takes_pipeline
from cauce.contract import Snapshot
from cauce.engine.errors import CauceError, UsageError
from cauce.engine.parsecache import ParseCache
from cauce.engine.project import Project, load
from cauce.engine.spec import Entry

__all__ = ["Pipeline", "PipelineTask", "command"]

_BANNER = (
    "--TerminalInteractiveShell.banner1=\n"
    "The pipeline is here as `pipeline`, and as `dag`. Try pipeline.status(), list(pipeline), or a task:\n"
    'pipeline["name"].product, .params, .upstream, .load()\n\n'
)


@click.command("interact")
@takes_pipeline
@takes_log
def command(asked: Asked) -> None:
    """Open an IPython session with the pipeline in it.

    `pipeline` (or `dag`) is the pipeline: pipeline.status(), pipeline["task"].load("data"). Opens even if
    the pipeline has problems, and says which.
    """
    try:
        entry = find_pipeline(asked)
        pipeline = Pipeline(entry)
        try:
            from IPython import start_ipython
        except ImportError:
            raise UsageError("IPython is not installed.", hint="Install it with: pip install ipython") from None
    except CauceError as error:
        exit_with(error)
    pipeline.status()
    os.chdir(entry.root)
    sys.path.insert(0, str(entry.root))
    history = f"--HistoryManager.enabled={sys.stdin.isatty()}"
    start_ipython(argv=[_BANNER, history], user_ns={"pipeline": pipeline, "dag": pipeline})


class Pipeline(Mapping[str, "PipelineTask"]):
    """The pipeline as it is on disk: task names → tasks, in build order. Each look is a new one."""

    def __init__(self, entry: Entry) -> None:
        self._entry = entry
        self._cache = ParseCache()
        self._load()

    def _load(self) -> Project:
        return load(self._entry, self._cache)

    def status(self) -> None:
        """Print each task: is it current, and why not; and the problems."""
        from cauce.terminal import print_status

        print_status(self.snapshot())

    def build(self, *_: Any, **__: Any) -> NoReturn:
        """Nothing is built from in here."""
        raise UsageError("Tasks are run by a builder, not in this session. Use 'cauce build' ('!cauce build' in here).")

    def snapshot(self) -> Snapshot:
        """What `status` prints, as data."""
        return look_at(self._entry)

    def __getitem__(self, task: str) -> PipelineTask:
        project = self._load()
        if task not in project.tasks:
            raise KeyError(f"There is no task {task!r}. Tasks are: {', '.join(project.graph.order)}.")
        return PipelineTask(project, task)

    def __iter__(self) -> Iterator[str]:
        return iter(self._load().graph.order)

    def __len__(self) -> int:
        return len(self._load().tasks)

    def __repr__(self) -> str:
        project = self._load()
        return f"<pipeline {project.spec.name}: {', '.join(project.graph.order) or 'no tasks'}>"


class PipelineTask:
    """One task, with the values that it is given when it runs. Paths are relative to where it works."""

    def __init__(self, project: Project, task: str) -> None:
        self._root = project.root
        self._spec = project.tasks[task]
        given = project.binding(task)
        self.name = task
        self.source: str = self._spec.source
        self.product: Any = given.product
        self.params: dict[str, Any] = dict(given.params)
        self.upstream: dict[str, Any] | None = None if given.upstream is None else dict(given.upstream)

    def build(self, *_: Any, **__: Any) -> NoReturn:
        """Nothing is built from in here."""
        raise UsageError(f"Tasks are run by a builder, not in this session. Use 'cauce build {self.name}'.")

    def load(self, key: str | None = None) -> Any:
        """Read a product: tables with pandas, JSON and pickles as what they hold, notebooks and texts.

        `key` may be left out when there is one product, or one beside the notebook.
        """
        products = {product.key: product.path for product in self._spec.products}
        return loading.load(self._root / loading.chosen(key, products, self._spec.notebooks, self.name), self.name)

    def __repr__(self) -> str:
        return f"<task {self.name}: {self.source} → {self.product}>"
