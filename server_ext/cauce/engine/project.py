"""A pipeline as it is on the disk now: `load` joins spec, sources and graph, and only looks.

The panel, the command line and the build loop all see a project through `load`, and how current
it is through `assessment.assess`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from cauce.contract import Problem, Where
from cauce.engine.document import shortened
from cauce.engine.errors import NotFound
from cauce.engine.files import (
    LeadsOutside,
    RealPaths,
)
from cauce.engine.given import bind, upstream_names
from cauce.engine.graph import Dependency, Graph, Names, Unknown, build_graph, listed
from cauce.engine.injection import Binding
from cauce.engine.parsecache import ParseCache
from cauce.engine.source import (
    Code,
    SourceFacts,
)
from cauce.engine.sourcereader import Instead, SourceReader, reader, with_extracted
from cauce.engine.spec import MAX_PROBLEMS, Entry, PipelineSpec, TaskSpec
from cauce.engine.spec.model import database_file
from cauce.engine.spec.products import check_products
from cauce.engine.spec.report import task_problem
from cauce.engine.spec.shapes import unfilled

if TYPE_CHECKING:
    pass
from cauce.forkserver.preload import preloaded

__all__ = ["Project", "load"]


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

    imports: frozenset[str] = frozenset()
    """Names, dotted, that tasks and the project's modules import."""

    @property
    def root(self) -> Path:
        return self.spec.root

    def binding(self, task: str) -> Binding:
        """What the injected cell of a task says."""
        return bind(self.spec, self.tasks[task], self.dependencies[task], self.tasks)

    @cached_property
    def preload(self) -> tuple[str, ...]:
        """Modules to import before processes of tasks are forked: the same for all, so that they share a server."""
        return preloaded(self.imports, self.spec.preload)

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


def load(entry: Entry, cache: ParseCache, instead: Instead | None = None) -> Project:
    """Look at a pipeline and all its sources; with some files as a planned change would leave them.

    Raises:
        NotFound: There is no such file. Whatever is wrong inside of it is a problem, not an error.
    """
    name = entry.path.name
    try:
        spec = cache.spec(entry, reader(entry, instead))
    except FileNotFoundError as error:
        raise NotFound(f"There is no pipeline at {name}.", hint="Create it: 'cauce scaffold' helps.") from error
    except OSError as error:
        raise NotFound(f"{name} cannot be read: {error.strerror}.", hint="Permit it, and try again.") from error
    problems = list(spec.problems)
    contents: dict[str, bytes] = {}
    facts: dict[str, SourceFacts] = {}
    look = SourceReader(spec, cache, instead)
    refused = {problem.task for problem in spec.problems if problem.code.startswith("path_")}
    # Of a class or kind that is not known here: its source may be what another task makes.
    foreign = {problem.task for problem in spec.problems if problem.code in ("task_unsupported", "task_kind")}
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
    return Project(
        spec,
        tasks,
        contents,
        facts,
        modules,
        dependencies,
        graph,
        _summed_up(problems),
        unsound,
        awaited,
        frozenset(name for name in look.imports if not name.startswith(".")),
    )


def _resources_missing(places: RealPaths, task: TaskSpec) -> Iterator[Problem]:
    for name, path in task.resources.items():
        if unfilled(path):
            continue
        try:
            there = Path(places.of(path)).is_file()
        except LeadsOutside:
            message = f"The resource {path} leads out of the project through a symbolic link."
            yield task_problem(task, "path_outside", message, "Put the file itself into the project.")
            continue
        except OSError:
            there = False
        if not there:
            message = f"The resource '{name}', {path}, is no file."
            yield task_problem(task, "resource_missing", message, "Create it, or correct 'resources_'.")


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
                    yield task_problem(task, "duplicate_product", message, hint)
            except LeadsOutside:
                message = f"The product {product.path} leads out of the project through a symbolic link."
                hint = "Make it a real folder, or have the other place mounted there."
                yield task_problem(task, "path_outside", message, hint)
            except OSError:
                continue  # what cannot be told now, the build will say


def _inputs_overwritten(
    tasks: Mapping[str, TaskSpec], modules: Mapping[str, Mapping[str, Code]], graph: Graph
) -> Iterator[Problem]:
    """Files that a task is to make though it, or one that does not wait for it, has them for its input."""
    makers = {product.path: task.name for task in tasks.values() for product in task.products}
    after = cache(lambda maker: graph.descendants([maker]))
    for task in tasks.values():
        for name, path in task.resources.items():
            if makers.get(path) == task.name:
                message = f"Building '{task.name}' would overwrite its own resource '{name}', {path}."
                yield task_problem(task, "product_is_source", message, "Give the product another path.")
        for path in (*task.resources.values(), *modules.get(task.name, ())):
            maker = makers.get(path)
            if maker is None or (maker == task.name and path in task.resources.values()):
                continue
            if maker == task.name:
                message = f"'{maker}' loads {path}, which it overwrites itself."
            elif task.name not in after(maker):
                message = f"'{task.name}' has {path} for its input, which '{maker}' makes, but does not wait for it."
            else:
                continue
            where = task.where if maker == task.name else tasks[maker].where
            hint = "Give the product another path, or say that the one task needs the other."
            yield Problem(
                code="product_is_input", message=message, severity="warning", hint=hint, where=where, task=task.name
            )


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
                    task_problem(task, "upstream_unknown", f"'{name}' needs '{need.name}', which is no task.", hint)
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
    return task_problem(tasks[cycle[0]], "cycle", message, "Remove one of the dependencies.")


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
