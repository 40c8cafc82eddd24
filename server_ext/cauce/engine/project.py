"""A pipeline as it is on the disk now: `load` joins spec, sources and graph, and only looks.

The panel, the command line and the build loop all see a project through `load`, and how current
it is through `assessment.assess`.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from cauce.contract import Problem, Where
from cauce.engine.cellcode import Loads
from cauce.engine.document import MAX_BYTES, shortened
from cauce.engine.errors import NotFound
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
from cauce.engine.given import bind, upstream_names, working_folder
from cauce.engine.graph import Dependency, Graph, Names, Unknown, build_graph, listed
from cauce.engine.injection import Binding
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
from cauce.engine.spec import MAX_PROBLEMS, Entry, PipelineSpec, Read, TaskSpec
from cauce.engine.spec.model import Dotted, database_file
from cauce.engine.spec.products import check_products, with_products
from cauce.engine.spec.shapes import unfilled

if TYPE_CHECKING:
    from cauce.engine.callables import Callables
    from cauce.engine.functions import FunctionIndex
    from cauce.engine.templates import Template

__all__ = ["NOTEBOOK_KINDS", "Project", "SourceReader", "load", "reader", "source_facts", "with_extracted"]


NOTEBOOK_KINDS = frozenset({"notebook", "script"})
"""Kinds whose sources are opened as notebooks and get the injected cell."""
_MAX_LISTED = 1_000
_MAX_EDGES = 50_000
_MAX_PATTERNS = 500
_SHOWN = 10
"""Tasks of a cycle that are told by name."""


@dataclass(frozen=True)
class Project:
    """Everything that looking at the project's text can tell. Holds the bytes it looked at."""

    spec: PipelineSpec
    tasks: Mapping[str, TaskSpec]
    contents: Mapping[str, bytes]
    """Task → its source as read. Lacks functions, and tasks whose source could not be read."""
    facts: Mapping[str, SourceFacts]
    """Task → what its source says. `facts[task].place` is where it is defined, to be opened."""
    modules: Mapping[str, dict[str, Code]]
    dependencies: Mapping[str, tuple[Dependency, ...]]
    graph: Graph
    problems: tuple[Problem, ...]
    """As many as anybody reads."""
    unsound: frozenset[str]
    """Tasks with errors of their own, also where those are not among `problems`."""
    awaited: frozenset[str] = frozenset()
    """Files that were looked for and are not there, and modules of which nothing but what they define matters."""

    @property
    def root(self) -> Path:
        return self.spec.root

    def binding(self, task: str) -> Binding:
        """What the injected cell of a task says."""
        return bind(self.spec, self.tasks[task], self.dependencies[task], self.tasks)

    @cached_property
    def unknowable(self) -> frozenset[str]:
        """Tasks of which nothing can be told: unsound ones, and what depends on them."""
        return self.graph.descendants(self.unsound & self.tasks.keys())

    @cached_property
    def unbuildable(self) -> frozenset[str]:
        """Tasks that cannot run: the unknowable ones.

        All tasks while the file itself is not sound: half a pipeline.yaml may mean anything.
        """
        if any(problem.task is None and problem.severity == "error" for problem in self.problems):
            return frozenset(self.tasks)
        return self.unknowable

    @cached_property
    def ingredients(self) -> tuple[str, ...]:
        """Files of text that tasks are made of beside their sources: the specification's, and modules."""
        paths = {*self.spec.files, *(path for modules in self.modules.values() for path in modules)}
        paths.update(facts.origin for facts in self.facts.values() if facts.origin)
        return tuple(sorted(paths))

    @cached_property
    def files(self) -> frozenset[Path]:
        """Files whose change may change what is shown: specification, sources, modules, resources, products."""
        paths = [path for task in self.tasks.values() for path in _files_of(task)]
        paths += [facts.origin for facts in self.facts.values() if facts.origin]
        paths += [path for facts in self.facts.values() for path in facts.awaited]
        paths += [path for modules in self.modules.values() for path in modules]
        paths += self.awaited
        return frozenset((self.root / path) for path in paths) | {self.root / path for path in self.spec.files}


def _files_of(task: TaskSpec) -> Iterator[str]:
    if task.kind != "function":
        yield task.source
    yield from (product.path for product in task.products)
    yield from task.resources.values()
    databases = (database_file(relation.client or task.client) for relation in task.relations)
    yield from (path for path in databases if path is not None)


def reader(entry: Entry) -> Read:
    """Reads the files of a pipeline, one byte more than the parser takes, so that it says that it is too much.

    The pipeline itself may be a link, since somebody has named it; what it names may not lead outside.
    """

    def read(path: str) -> bytes | None:
        try:
            if path == entry.name:
                return read_start(entry.path, MAX_BYTES + 1)
            return read_start(real_path(entry.root, path), MAX_BYTES + 1, follow=False)
        except (FileNotFoundError, NotADirectoryError):
            return None

    return read


def load(entry: Entry, cache: ParseCache) -> Project:
    """Look at a pipeline and all its sources.

    Raises:
        NotFound: There is no such file. Whatever is wrong inside of it is a problem, not an error.
    """
    name = entry.path.name
    try:
        spec = cache.spec(entry, reader(entry))
    except FileNotFoundError as error:
        raise NotFound(f"There is no pipeline at {name}.", hint="Create it: 'cauce scaffold' helps.") from error
    except OSError as error:
        raise NotFound(f"{name} cannot be read: {error.strerror}.", hint="Permit it, and try again.") from error
    problems = list(spec.problems)
    contents: dict[str, bytes] = {}
    facts: dict[str, SourceFacts] = {}
    look = SourceReader(spec, cache)
    refused = {problem.task for problem in spec.problems if problem.code.startswith("path_")}
    # Of a class that is not known here: its source may be what another task makes.
    foreign = {problem.task for problem in spec.problems if problem.code == "task_unsupported"}
    tasks: dict[str, TaskSpec] = {}
    for task in spec.tasks:
        tasks[task.name] = task
        if task.name in refused | foreign or unfilled(task.source):  # said by the spec, and not to be opened
            continue
        if task.kind != "function":
            source, problem = look.source(task)
            if problem is not None:
                problems.append(problem)
            if source is None:
                continue
            contents[task.name] = source
        found = look.facts(task, contents.get(task.name, b""))
        facts[task.name] = found
        problems.extend(found.problems)
        problems.extend(_resources_missing(look.places, task))
        if found.product is not None:
            tasks[task.name], more = with_extracted(task, found)
            problems += more
    if any(task.extract_product for task in spec.tasks):
        spec = replace(spec, tasks=tuple(tasks.values()))
    called = look.callables(replace(spec, tasks=tuple(tasks.values())))
    problems += called.problems
    known = [task for task in spec.tasks if task.name not in foreign]
    problems += check_products(known, entry.name, spec.files)
    problems += _products_by_links(spec, refused, look.places)
    dependencies, given_up = _dependencies(spec, facts, problems)
    graph = build_graph({task: tuple(other for need in dependencies[task] for other in need.tasks) for task in tasks})
    problems += [_cycle_problem(cycle, tasks) for cycle in graph.cycles]
    modules = {task: look.modules(tasks[task], found, spec.made) for task, found in facts.items()}
    problems += _inputs_overwritten(tasks, modules, graph)
    unsound = spec.unsound.union(
        (problem.task for problem in problems if problem.task is not None and problem.severity == "error"),
        called.unsound,
        given_up,
        *graph.cycles,
    )
    cache.sweep()
    awaited = look.awaited | called.files
    return Project(spec, tasks, contents, facts, modules, dependencies, graph, _summed_up(problems), unsound, awaited)


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

    def __init__(self, spec: PipelineSpec, cache: ParseCache) -> None:
        self.places = RealPaths(spec.root)
        self._cache = cache
        self._contents: dict[str, bytes | Code | None] = {}
        self._loaded: dict[tuple[Loads, str, frozenset[str]], dict[str, Code]] = {}
        self._index = ModuleIndex(self._read, cache.module)
        beside = os.path.relpath(spec.path.parent, spec.root)
        self._folders = tuple(dict.fromkeys(["", *([] if beside == "." else [Path(beside).as_posix()]), "src"]))

    @property
    def awaited(self) -> frozenset[str]:
        """What was looked for and is not there."""
        return frozenset(path for path, content in self._contents.items() if content is None)

    def source(self, task: TaskSpec) -> tuple[bytes | None, Problem | None]:
        """The content of a task's source file, or what keeps it from being read."""
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

    def _read(self, path: str) -> bytes | Code | None:
        if path not in self._contents:
            self._contents[path] = _read_module(self.places, path)
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


def _resources_missing(places: RealPaths, task: TaskSpec) -> Iterator[Problem]:
    for name, path in task.resources.items():
        if unfilled(path):
            continue
        try:
            there = Path(places.of(path)).is_file()
        except LeadsOutside:
            message = f"The resource {path} leads out of the project through a symbolic link."
            yield _task_problem(task, "path_outside", message, "Put the file itself into the project.")
            continue
        except OSError:
            there = False
        if not there:
            message = f"The resource '{name}', {path}, is no file."
            yield _task_problem(task, "resource_missing", message, "Create it, or correct 'resources_'.")


def _read_source(places: RealPaths, task: TaskSpec) -> tuple[bytes | None, Problem | None]:
    try:
        content = places.read(task.source, source_limit(task.source))
    except LeadsOutside:
        message = f"The source {task.source} leads out of the project through a symbolic link."
        return None, _task_problem(task, "path_outside", message, "Put the file itself into the project.")
    except FileTooLarge as error:
        message = f"The source {task.source} is not read: {error.strerror}."
        return None, _task_problem(task, "source_too_large", message, TOO_LARGE_HINT)
    except OSError as error:
        message = f"The source {task.source} cannot be read: {error.strerror}."
        hint = "Make it readable for you." if isinstance(error, PermissionError) else "Correct 'source'."
        return None, _task_problem(task, "source_unreadable", message, hint)
    if content is None:
        hint = "Create it, or correct 'source'."
        return None, _task_problem(task, "source_missing", f"The source {task.source} does not exist.", hint)
    return content, None


def _products_by_links(spec: PipelineSpec, refused: Collection[str | None], places: RealPaths) -> Iterator[Problem]:
    """Products that a symbolic link would have written elsewhere: outside, or over what another task makes."""
    owners: dict[str, tuple[str, str]] = {}
    for task in spec.tasks:
        if task.name in refused:
            continue
        for product in task.products:
            try:
                path, owner = owners.setdefault(places.of(product.path), (product.path, task.name))
                if path != product.path:
                    message = f"{product.path} is {path} by a symbolic link, which '{owner}' makes."
                    hint = "Each product needs a file of its own."
                    yield _task_problem(task, "duplicate_product", message, hint)
            except LeadsOutside:
                message = f"The product {product.path} leads out of the project through a symbolic link."
                hint = "Make it a real folder, or have the other place mounted there."
                yield _task_problem(task, "path_outside", message, hint)
            except OSError:
                continue  # what cannot be told now, the build will say


def _inputs_overwritten(
    tasks: Mapping[str, TaskSpec], modules: Mapping[str, Mapping[str, Code]], graph: Graph
) -> Iterator[Problem]:
    """Files that a task is to make though it, or one that does not wait for it, has them for its input."""
    makers = {product.path: task.name for task in tasks.values() for product in task.products}
    for task in tasks.values():
        for name, path in task.resources.items():
            if makers.get(path) == task.name:
                message = f"Building '{task.name}' would overwrite its own resource '{name}', {path}."
                yield _task_problem(task, "product_is_source", message, "Give the product another path.")
        for path in (*task.resources.values(), *modules.get(task.name, ())):
            maker = makers.get(path)
            if maker is None or (maker == task.name and path in task.resources.values()):
                continue
            if maker == task.name:
                message = f"'{maker}' loads {path}, which it overwrites itself."
            elif maker not in graph.ancestors([task.name]):
                message = f"'{task.name}' has {path} for its input, which '{maker}' makes, but does not wait for it."
            else:
                continue
            where = task.where if maker == task.name else tasks[maker].where
            hint = "Give the product another path, or say that the one task needs the other."
            yield Problem(
                code="product_is_input", message=message, severity="warning", hint=hint, where=where, task=task.name
            )


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


def _dependencies(
    spec: PipelineSpec, facts: Mapping[str, SourceFacts], problems: list[Problem]
) -> tuple[dict[str, tuple[Dependency, ...]], frozenset[str]]:
    """Task → what it needs; and the tasks of which that is not told, since there is too much of it."""
    names = Names(task.name for task in spec.tasks)
    tasks_are = listed([task.name for task in spec.tasks])
    dependencies: dict[str, tuple[Dependency, ...]] = {}
    given_up: list[str] = []
    edges = 0
    patterns: set[str] = set()
    for task in spec.tasks:
        name = task.name
        written = upstream_names(task, facts.get(name))
        patterns.update(need for need in written if "*" in need)
        resolved = names.resolve(name, written) if len(patterns) <= _MAX_PATTERNS else ()
        edges += sum(len(need.tasks) for need in resolved if isinstance(need, Dependency))
        if len(patterns) > _MAX_PATTERNS or edges > _MAX_EDGES:
            given_up.append(name)
            dependencies[name] = ()
            continue
        for need in resolved:
            if isinstance(need, Unknown):
                hint = f"Did you mean '{need.suggestion}'?" if need.suggestion else tasks_are
                problems.append(
                    _task_problem(task, "upstream_unknown", f"'{name}' needs '{need.name}', which is no task.", hint)
                )
            elif not need.tasks:
                problems.append(
                    Problem(
                        code="upstream_no_match",
                        message=f"No task matches '{need.name}', which '{name}' needs.",
                        severity="warning",
                        where=task.where,
                        task=name,
                    )
                )
        dependencies[name] = tuple(need for need in resolved if isinstance(need, Dependency))
    if given_up:
        problems.append(
            Problem(
                code="too_many_dependencies",
                message=f"There are more than {_MAX_EDGES:,} dependencies, or {_MAX_PATTERNS} names with '*'.",
                severity="error",
                hint="Let one task gather what many others need.",
                where=Where(path=spec.entry.name),
            )
        )
    return dependencies, frozenset(given_up)


def _cycle_problem(cycle: tuple[str, ...], tasks: Mapping[str, TaskSpec]) -> Problem:
    shown = cycle if len(cycle) <= _SHOWN else (*cycle[:_SHOWN], f"… ({len(cycle)} tasks)")
    message = "These tasks need each other: " + " → ".join((*shown, cycle[0])) + "."
    return _task_problem(tasks[cycle[0]], "cycle", message, "Remove one of the dependencies.")


def _summed_up(problems: list[Problem]) -> tuple[Problem, ...]:
    """As many, and as much of each, as anybody reads; first those of the whole file: they forbid building."""
    if len(problems) <= MAX_PROBLEMS:
        return tuple(map(_shortened, problems))
    ordered = sorted(problems, key=lambda problem: problem.task is not None or problem.severity != "error")
    message = f"There are {len(problems) - MAX_PROBLEMS + 1} more problems."
    more = Problem(code="too_many_problems", message=message, severity="warning", hint="Mend the first ones.")
    return (*map(_shortened, ordered[: MAX_PROBLEMS - 1]), more)


def _shortened(problem: Problem) -> Problem:
    message, hint = shortened(problem.message), shortened(problem.hint)
    same = message is problem.message and hint is problem.hint
    return problem if same else msgspec.structs.replace(problem, message=message, hint=hint)


def _task_problem(task: TaskSpec, code: str, message: str, hint: str, where: Where | None = None) -> Problem:
    return Problem(code=code, message=message, severity="error", hint=hint, where=where or task.where, task=task.name)
