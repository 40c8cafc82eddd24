"""What the sources of a project and its modules say, each file read once.

`project.load` asks for all of them, `lookup` for the source of one task, `assessment` again for what
a task loads when it begins.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from cauce.contract import Problem, Where
from cauce.engine.cellcode import Loads
from cauce.engine.document import MAX_BYTES
from cauce.engine.files import (
    FileTooLarge,
    LeadsOutside,
    RealPaths,
    hash_inside,
    read_inside,
    read_start,
    real_path,
)
from cauce.engine.fingerprint import ModuleIndex, local_modules
from cauce.engine.given import working_folder
from cauce.engine.parsecache import ParseCache
from cauce.engine.source import (
    MAX_CODE,
    TOO_LARGE_HINT,
    Code,
    SourceFacts,
    digest,
    source_limit,
    unparsed,
)
from cauce.engine.spec import Entry, PipelineSpec, Read, TaskSpec
from cauce.engine.spec.model import Dotted
from cauce.engine.spec.products import with_products
from cauce.engine.spec.report import task_problem

if TYPE_CHECKING:
    from cauce.engine.callables import Callables
    from cauce.engine.functions import FunctionIndex
    from cauce.engine.templates import Template

__all__ = ["NOTEBOOK_KINDS", "Instead", "SourceReader", "reader", "source_facts", "with_extracted"]

Instead = Mapping[str, bytes | None]
"""Files of a project as a planned change would leave them: path → content, None for one that would be gone."""
NOTEBOOK_KINDS = frozenset({"notebook", "script"})
"""Kinds whose sources are opened as notebooks and get the injected cell."""
_MAX_LISTED = 1_000


def reader(entry: Entry, instead: Instead | None = None) -> Read:
    """Reads the files of a pipeline, one byte more than the parser takes, so that it says that it is too much.

    The pipeline itself may be a link, since somebody has named it; what it names may not lead outside.
    """
    planned = instead or {}

    def read(path: str) -> bytes | None:
        if path in planned:
            return planned[path]
        try:
            if path == entry.name:
                return read_start(entry.path, MAX_BYTES + 1)
            return read_start(real_path(entry.root, path), MAX_BYTES + 1, follow=False)
        except (FileNotFoundError, NotADirectoryError):
            return None

    return read


def with_extracted(task: TaskSpec, facts: SourceFacts | None) -> tuple[TaskSpec, list[Problem]]:
    """The task with the products that its source names."""
    if facts is None or facts.product is None:
        return task, []
    where = Where(path=task.source, line=facts.product.line)
    return with_products(task, facts.product.value, where, facts.product.cls)


def source_facts(spec: PipelineSpec, task: TaskSpec, cache: ParseCache) -> SourceFacts | None:
    """What the source of one task says, for who does not load the whole project; None when it cannot be read."""
    content = b""
    if task.kind != "function":
        try:
            found = read_inside(spec.root, task.source, source_limit(task.source))
        except OSError:
            return None
        if found is None:
            return None
        content = found
    return SourceReader(spec, cache).facts(task, content)


class SourceReader:
    """One look at the sources of a project: each file is read once while it lasts."""

    def __init__(self, spec: PipelineSpec, cache: ParseCache, instead: Instead | None = None) -> None:
        self.places = RealPaths(spec.root)
        self._instead: Instead = instead or {}
        self._cache = cache
        self._contents: dict[str, bytes | Code | None] = {}
        self._loaded: dict[tuple[Loads, str, frozenset[str]], dict[str, Code]] = {}
        self._index = ModuleIndex(self._read, self._module)
        self.imports: set[str] = set()
        """Names, dotted, that the tasks and the project's modules import, as far as `modules` was asked for."""
        beside = os.path.relpath(spec.path.parent, spec.root)
        self._folders = tuple(dict.fromkeys(["", *([] if beside == "." else [Path(beside).as_posix()]), "src"]))

    @property
    def awaited(self) -> frozenset[str]:
        """What was looked for and is not there."""
        return frozenset(path for path, content in self._contents.items() if content is None)

    def source(self, task: TaskSpec) -> tuple[bytes | None, Problem | None]:
        """The content of a task's source file, or what keeps it from being read."""
        if task.source in self._instead:
            planned = self._instead[task.source]
            return planned, None if planned is not None else _source_missing(task)
        return _read_source(self.places, task)

    def facts(self, task: TaskSpec, content: bytes) -> SourceFacts:
        """What the source of a task says. `content` means nothing for a function."""
        extract_upstream, extract_product = task.upstream is None, task.extract_product
        if task.kind == "function":
            found = self._function(task)
        elif task.kind in NOTEBOOK_KINDS:
            found = self._cache.facts(
                self.places.root,
                content,
                task.source,
                task.name,
                extract_upstream=extract_upstream,
                extract_product=extract_product,
            )
        else:
            sql = task.kind != "shell"
            from cauce.engine.templates import template_facts

            found = template_facts(
                self._cache.template(content, task.source, sql=sql),
                task.source,
                task.name,
                extract_upstream=extract_upstream,
                extract_product=extract_product,
                folder=task.template_folder or posixpath.dirname(task.source),
                find=lambda path: self._template(path, sql),
            )
        return found

    def callables(self, spec: PipelineSpec) -> Callables:
        """What is told of the code that the pipeline names beside its sources."""
        from cauce.engine.callables import Callables, check_callables, uses_of

        uses = list(uses_of(spec))
        return check_callables(uses, self._facts_of, self._functions) if uses else Callables()

    def modules(self, task: TaskSpec, facts: SourceFacts, made: frozenset[str]) -> dict[str, Code]:
        """What a task loads besides its source: path → identity. `made`: what the pipeline makes."""
        passed, further, folder = dict(facts.passed), list(facts.further), working_folder(task)
        self.imports.update(facts.loads.imports, *(loads.imports for loads, _ in further))
        for name in dict.fromkeys(_called_with(task)):
            more = self._facts_of(name, task.name, task.where)
            if not more.origin:
                continue
            known = passed.get(more.origin)
            both = more.code if known is None else Code(known.raw + more.code.raw, known.normal + more.code.normal)
            passed |= {**more.passed, more.origin: both}
            further += [*more.further, (more.loads, more.origin)]
        if not (facts.loads.imports or facts.loads.files or passed or further):
            return passed
        if not (facts.origin or passed or further):  # notebooks: many load the same
            key = (facts.loads, folder, made)
            if key not in self._loaded:
                self._loaded[key] = local_modules(facts.loads, self._index, folder=folder, made=made)
            return {path: code for path, code in self._loaded[key].items() if path != task.source}
        found = local_modules(facts.loads, self._index, facts.origin, further, passed, folder, made)
        return dict(sorted((passed | found).items()))

    def _function(self, task: TaskSpec) -> SourceFacts:
        found = self._facts_of(task.source, task.name, task.where)
        return found if task.upstream is None else replace(found, upstream=())

    def _facts_of(self, dotted: str, task: str, where: Where) -> SourceFacts:
        from cauce.engine.functions import function_facts

        return function_facts(dotted, task, where, self._functions)

    @cached_property
    def _functions(self) -> FunctionIndex:
        from cauce.engine.functions import FunctionIndex

        return FunctionIndex(self._read, self._listing, self._cache.functions, self._folders)

    def _template(self, path: str, sql: bool) -> Template | None:
        content = self._read(path)
        return self._cache.template(content, path, sql=sql) if isinstance(content, bytes) else None

    def _module(self, content: bytes, path: str) -> tuple[Code, Loads]:
        code, loads = self._cache.module(content, path)
        self.imports.update(loads.imports)
        return code, loads

    def _read(self, path: str) -> bytes | Code | None:
        if path not in self._contents:
            planned = path in self._instead
            self._contents[path] = self._instead[path] if planned else _read_module(self.places, path)
        return self._contents[path]

    def _listing(self, folder: str) -> list[str]:
        try:
            with os.scandir(real_path(self.places.root, folder)) as entries:
                return sorted(entry.name for entry in islice(entries, _MAX_LISTED))
        except OSError:
            return []


def _called_with(task: TaskSpec) -> Iterator[str]:
    """Functions that decide with a task what it makes: how values are written, and in which database SQL works."""
    clients = [task.client, *(relation.client for relation in task.relations)] if task.kind in ("sql", "dump") else []
    for dotted in (task.serializer, task.unserializer, *clients):
        if isinstance(dotted, Dotted):
            yield dotted.path
    handler = task.options.get("io_handler")
    if isinstance(handler, str) and "." in handler:
        yield handler


def _read_source(places: RealPaths, task: TaskSpec) -> tuple[bytes | None, Problem | None]:
    try:
        content = places.read(task.source, source_limit(task.source))
    except LeadsOutside:
        message = f"The source {task.source} leads out of the project through a symbolic link."
        return None, task_problem(task, "path_outside", message, "Put the file itself into the project.")
    except FileTooLarge as error:
        message = f"The source {task.source} is not read: {error.strerror}."
        return None, task_problem(task, "source_too_large", message, TOO_LARGE_HINT)
    except OSError as error:
        message = f"The source {task.source} cannot be read: {error.strerror}."
        hint = "Make it readable for you." if isinstance(error, PermissionError) else "Correct 'source'."
        return None, task_problem(task, "source_unreadable", message, hint)
    return content, None if content is not None else _source_missing(task)


def _source_missing(task: TaskSpec) -> Problem:
    hint = "Create it, or correct 'source'."
    return task_problem(task, "source_missing", f"The source {task.source} does not exist.", hint)


def _read_module(places: RealPaths, path: str) -> bytes | Code | None:
    try:
        try:
            return places.read(path, MAX_CODE)
        except FileTooLarge:
            return unparsed(hash_inside(places.root, path))
        except LeadsOutside:  # not ours to read: known by where it is, as seen from here
            real, base = os.path.realpath(places.root / path), os.path.realpath(places.root)
            return unparsed(digest(os.fsencode(os.path.relpath(real, base)))) if Path(real).is_file() else None
    except OSError:
        return None
