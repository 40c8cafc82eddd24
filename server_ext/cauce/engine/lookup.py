"""Which task is this file? Asked each time a file is opened or listed, so it is cheap.

Only the pipeline files in the folders above are read, and the one source in question;
never the whole project. What has not changed is not parsed again.
"""

from __future__ import annotations

import threading
from pathlib import Path

from cauce.engine.document import MAX_BYTES
from cauce.engine.files import read_inside
from cauce.engine.graph import Unknown, resolve
from cauce.engine.injection import Binding
from cauce.engine.project import ParseCache, bind
from cauce.engine.source import source_limit
from cauce.engine.spec import PipelineSpec, TaskSpec, entry_of_file

__all__ = ["SourceIndex", "is_pipeline_file", "pipeline_files"]

_LEVELS = 6
"""How many folders above a source its pipeline may be, as Ploomber looks."""
_KEPT = 1000
"""Pipeline files and sources that are remembered; then it begins anew."""


def is_pipeline_file(name: str) -> bool:
    """`pipeline.yaml` and `pipeline.NAME.yaml`."""
    return name.endswith(".yaml") and (name == "pipeline.yaml" or name.startswith("pipeline."))


def pipeline_files(names: list[str]) -> list[str]:
    """The pipeline files among a folder's names: `pipeline.yaml` first, then by name."""
    return sorted((name for name in names if is_pipeline_file(name)), key=lambda name: (name != "pipeline.yaml", name))


class SourceIndex:
    """Tasks by their source files, below one folder (the server's root).

    May be asked from several threads. Never raises: what cannot be read is no task.
    """

    def __init__(self, limit: Path) -> None:
        self._limit = limit.resolve()
        self._parsed = ParseCache()
        self._lock = threading.Lock()

    def binding(self, source: Path) -> Binding | None:
        """What the task with this source is given; None when the file is no task's source.

        The nearest pipeline wins, in a folder `pipeline.yaml`, in a pipeline the first task
        that uses the source.
        """
        with self._lock:
            self._tidy()
            for spec in self._governing(source.parent):
                for task in spec.tasks:
                    if task.kind == "notebook" and spec.root / task.source == source:
                        return self._bind(spec, task)
        return None

    def sources_in(self, folder: Path) -> frozenset[str]:
        """Names of the files in a folder that are sources of tasks."""
        with self._lock:
            self._tidy()
            return frozenset(
                path.name
                for spec in self._governing(folder)
                for task in spec.tasks
                if task.kind == "notebook" and (path := spec.root / task.source).parent == folder
            )

    def _tidy(self) -> None:
        if len(self._parsed) > _KEPT:
            self._parsed = ParseCache()

    def _bind(self, spec: PipelineSpec, task: TaskSpec) -> Binding:
        names = task.upstream
        if names is None:
            try:
                content = read_inside(spec.root, task.source, source_limit(task.source))
            except OSError:
                content = None
            facts = self._parsed.facts(content or b"", task.source, task.name, extract_upstream=True)
            names = facts.upstream
        found = resolve(task.name, names, tuple(other.name for other in spec.tasks))
        return bind(spec, task, tuple(need for need in found if not isinstance(need, Unknown)))

    def _governing(self, folder: Path) -> list[PipelineSpec]:
        specs: list[PipelineSpec] = []
        for level, place in enumerate((folder, *folder.parents)):
            if level > _LEVELS or not place.is_relative_to(self._limit):
                break
            try:
                names = [entry.name for entry in place.iterdir()]
            except OSError:
                continue
            specs += [spec for name in pipeline_files(names) if (spec := self._spec(place / name)) is not None]
        return specs

    def _spec(self, path: Path) -> PipelineSpec | None:
        try:
            content = read_inside(self._limit, str(path.relative_to(self._limit)), MAX_BYTES)
        except (OSError, ValueError):
            return None
        if content is None:
            return None
        entry = entry_of_file(path)

        def read(name: str) -> bytes | None:
            return content if name == entry.name else read_inside(entry.root, name, MAX_BYTES)

        try:
            return self._parsed.spec(entry, read)
        except OSError:
            return None
