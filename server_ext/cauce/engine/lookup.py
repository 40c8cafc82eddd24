"""Which task is this file? Asked each time a file is opened or listed, so it is cheap.

Only the pipeline files in the folders above are read, and the one source in question;
never the whole project. What has not changed is not parsed again.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from cauce.engine.document import MAX_BYTES
from cauce.engine.errors import CauceError
from cauce.engine.files import read_inside
from cauce.engine.functionbook import FunctionTask
from cauce.engine.given import bind, upstream_names
from cauce.engine.graph import Dependency, Names
from cauce.engine.injection import Binding
from cauce.engine.parsecache import ParseCache
from cauce.engine.source import MAX_CODE, SourceFacts
from cauce.engine.sourcereader import NOTEBOOK_KINDS, reader, source_facts, with_extracted
from cauce.engine.spec import Entry, PipelineSpec, TaskSpec, entry_of_file

__all__ = ["SourceIndex", "is_pipeline_file", "pipeline_files"]

_LEVELS = 6
"""How many folders above a source its pipeline may be, as Ploomber looks."""
_PACKAGES = 50
"""How many packages below `src` are looked at."""
_MOST_SHARING = 200
"""Tasks that are told of one source: a grid can have thousands."""
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

    The pipeline itself may be above that folder, if it belongs to the user who runs the server:
    what somebody else has put into a shared folder above says nothing about our files.

    May be asked from several threads. Never raises: what cannot be read is no task.
    """

    def __init__(self, limit: Path) -> None:
        self._limit = limit.resolve()
        self._parsed = ParseCache()
        self._lock = threading.Lock()
        self._preferred: dict[Path, tuple[Path, str]] = {}
        """Of sources that several tasks share: the pipeline file and the task that was chosen."""

    def binding(self, source: Path) -> Binding | None:
        """What the task with this source is given; None when the file is no task's source.

        What `prefer` chose wins, as long as it is there; else the nearest pipeline, in a folder `pipeline.yaml`,
        in a pipeline the first task that uses the source.
        """
        with self._lock:
            self._tidy()
            wanted = self._preferred.get(source)
            first: tuple[PipelineSpec, TaskSpec] | None = None
            for spec, task in self._users(source):
                first = first or (spec, task)
                if wanted in (None, (spec.path, task.name)):
                    return self._bind(spec, task)
            return None if first is None else self._bind(*first)

    def sharing(self, source: Path) -> tuple[Binding, ...]:
        """What each task is given whose source this file is, in the order in which `binding` prefers them."""
        with self._lock:
            self._tidy()
            return tuple(self._bind(spec, task) for spec, task in islice(self._users(source), _MOST_SHARING))

    def prefer(self, source: Path, pipeline: Path, task: str) -> bool:
        """From now on, `binding` tells of this task of this pipeline file. False: it does not use the source."""
        with self._lock:
            self._tidy()
            if not any((spec.path, each.name) == (pipeline, task) for spec, each in self._users(source)):
                return False
            self._preferred.pop(source, None)
            self._preferred[source] = pipeline, task
            while len(self._preferred) > _KEPT:
                del self._preferred[next(iter(self._preferred))]
            return True

    def unread(self, source: Path) -> Entry | None:
        """The pipeline that names this file, or one called the same, and has errors that hide which task it is."""
        with self._lock:
            self._tidy()
            for spec in self._governing(source.parent):
                if _tasks_of(spec, source):
                    return None
                if any(problem.severity == "error" for problem in spec.problems):
                    text = _text_of(spec.path)
                    if source.name in text:
                        return spec.entry
        return None

    def sources_in(self, folder: Path) -> frozenset[str]:
        """Names of the files in a folder that are sources of tasks."""
        with self._lock:
            self._tidy()
            return frozenset(
                name
                for spec in self._governing(folder)
                if folder.is_relative_to(spec.root)
                for place in [_relative(folder, spec)]
                for task in spec.tasks
                if task.kind in NOTEBOOK_KINDS
                for inside, _, name in [task.source.rpartition("/")]
                if inside == place
            )

    def function(self, module: Path, task: str) -> FunctionTask | None:
        """The task of this name, if it is a function and this module defines it."""
        with self._lock:
            self._tidy()
            for spec in self._governing(module.parent):
                for each in spec.tasks:
                    if each.name == task and each.kind == "function":
                        found = self._function(spec, each, module)
                        if found is not None:
                            return found
        return None

    def functions_of(self, module: Path) -> tuple[str, ...]:
        """Names of the tasks that name a function of this module, in the nearest pipeline that has any."""
        with self._lock:
            self._tidy()
            for spec in self._governing(module.parent):
                if module.is_relative_to(spec.root):
                    path = _relative(module, spec)
                    if found := tuple(task.name for task in spec.tasks if path in _modules_of(spec, task)):
                        return found
        return ()

    def functions_in(self, folder: Path) -> frozenset[str]:
        """Names of the modules in a folder whose tasks the pipeline wants to be listed as notebooks."""
        with self._lock:
            self._tidy()
            return frozenset(
                name
                for spec in self._governing(folder)
                if spec.list_functions and folder.is_relative_to(spec.root)
                for place in [_relative(folder, spec)]
                for task in spec.tasks
                for path in _modules_of(spec, task)
                for inside, _, name in [path.rpartition("/")]
                if inside == place
            )

    def _function(self, spec: PipelineSpec, task: TaskSpec, module: Path) -> FunctionTask | None:
        facts = source_facts(spec, task, self._parsed)
        if facts is None or not facts.origin or facts.place is None:
            return None
        try:
            if (spec.root / facts.origin).resolve() != module:
                return None
            content = read_inside(spec.root, facts.origin, MAX_CODE)
        except OSError:
            return None
        defined = self._parsed.functions(content or b"", facts.origin).functions
        names = [name for name, each in defined.items() if each.line == facts.place.line]
        if not names:
            return None
        inner = facts.origin.removesuffix(".py").removesuffix("/__init__").split("/")
        wanted = task.source.split(".")[:-1]
        depth = len(inner) - len(wanted)
        if inner[depth:] != wanted:  # another module hands it on
            depth = 1 if inner[0] == "src" and len(inner) > 1 else 0
        folder, dotted = "/".join(inner[:depth]), ".".join(inner[depth:])
        return FunctionTask(self._bind(spec, task), module, names[0], dotted, folder)

    def _tidy(self) -> None:
        if len(self._parsed) > _KEPT:
            self._parsed = ParseCache()

    def _bind(self, spec: PipelineSpec, task: TaskSpec) -> Binding:
        facts = self._facts(spec, task)
        names = Names(other.name for other in spec.tasks)
        found = names.resolve(task.name, upstream_names(task, facts))
        dependencies = tuple(need for need in found if isinstance(need, Dependency))
        tasks = {other.name: other for other in spec.tasks}
        for name in dict.fromkeys([task.name, *(other for need in dependencies for other in need.tasks)]):
            if tasks[name].extract_product:  # then what it makes stands in its own source
                tasks[name] = with_extracted(tasks[name], self._facts(spec, tasks[name]))[0]
        return bind(spec, tasks[task.name], dependencies, tasks)

    def _facts(self, spec: PipelineSpec, task: TaskSpec) -> SourceFacts | None:
        if task.upstream is not None and not task.extract_product:
            return None
        return source_facts(spec, task, self._parsed)

    def _users(self, source: Path) -> Iterator[tuple[PipelineSpec, TaskSpec]]:
        for spec in self._governing(source.parent):
            for task in _tasks_of(spec, source):
                yield spec, task

    def _governing(self, folder: Path) -> Iterator[PipelineSpec]:
        for level, place in enumerate((folder, *folder.parents)):
            if level > _LEVELS or not self._may_look(place):
                break
            names = _names(place)
            paths = [place / name for name in pipeline_files(names)]
            if "src" in names:  # a package's pipeline governs the whole project
                packages = (place / "src" / name for name in sorted(_names(place / "src"))[:_PACKAGES])
                paths += [package / name for package in packages for name in pipeline_files(_names(package))]
            for path in paths:
                spec = self._spec(path)
                if spec is not None and (path.parent == place or spec.root == place):
                    yield spec

    def _may_look(self, path: Path) -> bool:
        return path.is_relative_to(self._limit) or _is_ours(path)

    def _spec(self, path: Path) -> PipelineSpec | None:
        try:
            # The pipeline itself may be no link that leads out: nobody has named it here.
            base = self._limit if path.is_relative_to(self._limit) else path.parent
            if not self._may_look(path) or read_inside(base, str(path.relative_to(base)), MAX_BYTES) is None:
                return None
            entry = entry_of_file(path)
            return self._parsed.spec(entry, reader(entry)) if self._may_look(entry.root) else None
        except (OSError, ValueError, CauceError):
            return None


def _text_of(path: Path) -> str:
    try:
        return (read_inside(path.parent, path.name, MAX_BYTES) or b"").decode("utf-8", "replace")
    except OSError:
        return ""


def _is_ours(path: Path) -> bool:
    try:
        return hasattr(os, "getuid") and path.stat().st_uid == os.getuid()
    except OSError:
        return False


def _tasks_of(spec: PipelineSpec, source: Path) -> list[TaskSpec]:
    if not source.is_relative_to(spec.root):
        return []
    path = _relative(source, spec)
    return [task for task in spec.tasks if task.source == path and task.kind in NOTEBOOK_KINDS]


def _modules_of(spec: PipelineSpec, task: TaskSpec) -> tuple[str, ...]:
    """Files that a function's module may be, by its name alone."""
    if task.kind != "function":
        return ()
    stem = "/".join(task.source.split(".")[:-1])
    beside = os.path.relpath(spec.path.parent, spec.root)
    folders = dict.fromkeys(["", *([] if beside == "." else [Path(beside).as_posix()]), "src"])
    return tuple(
        f"{folder}/{name}" if folder else name for folder in folders for name in (f"{stem}.py", f"{stem}/__init__.py")
    )


def _relative(path: Path, spec: PipelineSpec) -> str:
    relative = path.relative_to(spec.root).as_posix()
    return "" if relative == "." else relative


def _names(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries]
    except OSError:
        return []
