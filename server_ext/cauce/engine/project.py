"""A pipeline as it is on the disk now, and how current each of its tasks is.

`load` joins spec, sources and graph; `assess` compares that with what the store remembers.
Both only look. The panel, the command line and the build loop all see a project through
these two functions.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from cauce.contract import Freshness, Problem, Reason, Where
from cauce.engine.cellcode import Loads
from cauce.engine.document import MAX_BYTES, Value
from cauce.engine.errors import NotFound
from cauce.engine.evaluated import read_evaluated
from cauce.engine.files import (
    NOWHERE,
    FileTooLarge,
    LeadsOutside,
    Observer,
    RealPaths,
    hash_inside,
    read_inside,
    read_start,
    real_path,
)
from cauce.engine.fingerprint import Fingerprint, ModuleIndex, canonical, local_modules
from cauce.engine.functions import FunctionIndex, Module, function_facts, read_module
from cauce.engine.graph import Dependency, Graph, Names, Unknown, build_graph
from cauce.engine.injection import Binding
from cauce.engine.ploomber import read_record
from cauce.engine.source import (
    MAX_CODE,
    TOO_LARGE_HINT,
    Code,
    SourceFacts,
    code_of,
    digest,
    read_facts,
    source_limit,
    unparsed,
)
from cauce.engine.spec import MAX_PROBLEMS, Entry, Evaluated, PipelineSpec, Read, TaskSpec, parse_spec
from cauce.engine.spec.find import find_in
from cauce.engine.spec.model import Dotted
from cauce.engine.spec.products import check_products, with_products
from cauce.engine.spec.shapes import unfilled
from cauce.engine.staleness import LastAttempt, ProductState, reasons
from cauce.engine.store import History, TaskHistory
from cauce.engine.templates import Template, read_template, template_facts

__all__ = [
    "NOTEBOOK_KINDS",
    "Assessment",
    "ParseCache",
    "Project",
    "assess",
    "assess_task",
    "bind",
    "binding",
    "complete",
    "load",
    "reader",
    "source_facts",
    "upstream_names",
    "with_extracted",
    "with_inputs",
    "working_folder",
]


NOTEBOOK_KINDS = frozenset({"notebook", "script"})
"""Kinds whose sources are opened as notebooks and get the injected cell."""
_MAX_LISTED = 1_000
_MAX_EDGES = 50_000
_MAX_PATTERNS = 500
_SHOWN = 10
"""Tasks of a cycle that are told by name."""


K = TypeVar("K")
V = TypeVar("V")


class _Memory(Generic[K, V]):
    """The last content under each key, and what was read from it."""

    def __init__(self) -> None:
        self._known: dict[K, tuple[bytes, V]] = {}
        self._asked: set[K] = set()

    def get(self, key: K, content: bytes, read: Callable[[], V]) -> V:
        self._asked.add(key)
        known = self._known.get(key)
        if known is not None and known[0] == content:
            return known[1]
        value = read()
        self._known[key] = (content, value)
        return value

    def sweep(self) -> None:
        self._known = {key: known for key, known in self._known.items() if key in self._asked}
        self._asked.clear()

    def __len__(self) -> int:
        return len(self._known)


@dataclass(frozen=True)
class _KnownSpec:
    """A parsed pipeline, and all that it follows from."""

    entry: Entry
    reads: Mapping[str, bytes | str | None]
    finds: Mapping[str, tuple[str, ...]]
    evaluated: Evaluated
    spec: PipelineSpec

    def holds(self, entry: Entry, read: Read, evaluated: Evaluated) -> bool:
        find = find_in(entry.root)
        return (
            self.entry == entry
            and self.evaluated == evaluated
            and all(find(target) == names for target, names in self.finds.items())
            and all(_read_or_why(read, path) == content for path, content in self.reads.items())
        )


def _read_or_why(read: Read, path: str) -> bytes | str | None:
    try:
        return read(path)
    except OSError as error:
        return error.strerror or str(error)


class ParseCache:
    """Pipeline files, sources and modules by content: looking again at the same text costs no parsing.

    Compared by bytes, not by time stamps: reading is cheap, parsing is not, and clocks lie.
    """

    def __init__(self) -> None:
        self._specs: dict[Path, _KnownSpec] = {}
        self._specs_asked: set[Path] = set()
        self._facts: _Memory[tuple[str, str, bool, bool], SourceFacts] = _Memory()
        self._modules: _Memory[str, tuple[Code, Loads]] = _Memory()
        self._functions: _Memory[str, Module] = _Memory()
        self._templates: _Memory[tuple[str, bool], Template] = _Memory()

    def spec(self, entry: Entry, read: Read) -> PipelineSpec:
        """See `parse_spec`, which this raises as."""
        evaluated = read_evaluated(entry)
        known = self._specs.get(entry.path)
        self._specs_asked.add(entry.path)
        if known is not None and known.holds(entry, read, evaluated):
            return known.spec
        reads: dict[str, bytes | str | None] = {}

        def noting(path: str) -> bytes | None:
            reads[path] = _read_or_why(read, path)
            return read(path)

        finds: dict[str, tuple[str, ...]] = {}

        def finding(target: str) -> tuple[str, ...]:
            finds[target] = find_in(entry.root)(target)
            return finds[target]

        spec = parse_spec(entry, noting, evaluated, finding)
        self._specs[entry.path] = _KnownSpec(entry, reads, finds, evaluated, spec)
        return spec

    def facts(
        self, content: bytes, source: str, task: str, *, extract_upstream: bool, extract_product: bool = False
    ) -> SourceFacts:
        """Of a notebook or script; see `read_facts`."""
        key = (source, task, extract_upstream, extract_product)
        read = partial(
            read_facts, content, source, task, extract_upstream=extract_upstream, extract_product=extract_product
        )
        return self._facts.get(key, content, read)

    def module(self, content: bytes, path: str) -> tuple[Code, Loads]:
        return self._modules.get(path, content, lambda: code_of(content, path))

    def functions(self, content: bytes, path: str) -> Module:
        """A module taken apart; see `read_module`."""
        return self._functions.get(path, content, lambda: read_module(content))

    def template(self, content: bytes, path: str, *, sql: bool) -> Template:
        """A template taken apart; see `read_template`."""
        return self._templates.get((path, sql), content, lambda: read_template(content, sql=sql))

    def sweep(self) -> None:
        """Forget what nobody has asked for since the last sweep."""
        for memory in (self._facts, self._modules, self._functions, self._templates):
            memory.sweep()
        self._specs = {path: known for path, known in self._specs.items() if path in self._specs_asked}
        self._specs_asked.clear()

    def __len__(self) -> int:
        sources = len(self._facts) + len(self._modules) + len(self._functions) + len(self._templates)
        return len(self._specs) + sources


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

    @property
    def root(self) -> Path:
        return self.spec.root

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
    def files(self) -> frozenset[Path]:
        """Files whose change may change what is shown: specification, sources, modules, resources, products."""
        paths = [path for task in self.tasks.values() for path in _files_of(task)]
        paths += [facts.origin for facts in self.facts.values() if facts.origin]
        paths += [path for facts in self.facts.values() for path in facts.awaited]
        paths += [path for modules in self.modules.values() for path in modules]
        return frozenset((self.root / path) for path in paths) | {self.root / path for path in self.spec.files}


def _files_of(task: TaskSpec) -> Iterator[str]:
    if task.kind != "function":
        yield task.source
    yield from (product.path for product in task.products)
    yield from task.resources.values()


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
        raise NotFound(f"There is no pipeline at {name}.") from error
    except OSError as error:
        raise NotFound(f"{name} cannot be read: {error.strerror}.") from error
    problems = list(spec.problems)
    contents: dict[str, bytes] = {}
    facts: dict[str, SourceFacts] = {}
    look = _Look(spec, cache)
    refused = {problem.task for problem in spec.problems if problem.code.startswith("path_")}
    tasks: dict[str, TaskSpec] = {}
    for task in spec.tasks:
        tasks[task.name] = task
        if task.name in refused or unfilled(task.source):  # said by the spec, and not to be opened
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
    problems += check_products(spec.tasks, entry.name, spec.files)
    problems += _products_outside(spec, refused, look.places)
    dependencies, given_up = _dependencies(spec, facts, problems)
    graph = build_graph({task: tuple(other for need in dependencies[task] for other in need.tasks) for task in tasks})
    problems += [_cycle_problem(cycle, tasks) for cycle in graph.cycles]
    unsound = spec.unsound.union(
        (problem.task for problem in problems if problem.task is not None and problem.severity == "error"),
        given_up,
        *graph.cycles,
    )
    modules = {task: look.modules(tasks[task], found) for task, found in facts.items()}
    cache.sweep()
    return Project(spec, tasks, contents, facts, modules, dependencies, graph, _summed_up(problems), unsound)


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
    return _Look(spec, cache).facts(task, content)


class _Look:
    """One look at the sources of a project: each file is read once while it lasts."""

    def __init__(self, spec: PipelineSpec, cache: ParseCache) -> None:
        self.places = RealPaths(spec.root)
        self._cache = cache
        self._contents: dict[str, bytes | Code | None] = {}
        self._loaded: dict[Loads, dict[str, Code]] = {}
        self._index = ModuleIndex(self._read, cache.module)
        beside = os.path.relpath(spec.path.parent, spec.root)
        folders = dict.fromkeys(["", *([] if beside == "." else [Path(beside).as_posix()]), "src"])
        self._functions = FunctionIndex(self._read, self._listing, cache.functions, tuple(folders))

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
                content, task.source, task.name, extract_upstream=extract_upstream, extract_product=extract_product
            )
        else:
            sql = task.kind != "shell"
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

    def modules(self, task: TaskSpec, facts: SourceFacts) -> dict[str, Code]:
        """What a task loads besides its source: path → identity."""
        passed, further = dict(facts.passed), list(facts.further)
        for dotted in (task.serializer, task.unserializer):
            if dotted is None:
                continue
            more = function_facts(dotted.path, task.name, dotted.where or task.where, self._functions)
            if not more.origin:
                continue
            known = passed.get(more.origin)
            both = more.code if known is None else Code(known.raw + more.code.raw, known.normal + more.code.normal)
            passed |= {**more.passed, more.origin: both}
            further += [*more.further, (more.loads, more.origin)]
        if not (facts.loads.imports or facts.loads.files or passed or further):
            return passed
        if not (facts.origin or passed or further):  # notebooks: many load the same
            if facts.loads not in self._loaded:
                self._loaded[facts.loads] = local_modules(facts.loads, self._index)
            return dict(self._loaded[facts.loads])
        found = local_modules(facts.loads, self._index, facts.origin, further, passed)
        return dict(sorted((passed | found).items()))

    def _function(self, task: TaskSpec) -> SourceFacts:
        found = function_facts(task.source, task.name, task.where, self._functions)
        return found if task.upstream is None else replace(found, upstream=())

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


def _products_outside(spec: PipelineSpec, refused: Collection[str | None], places: RealPaths) -> Iterator[Problem]:
    """Products that a symbolic link would have written elsewhere, over whatever is there."""
    for task in spec.tasks:
        if task.name in refused:
            continue
        for product in task.products:
            try:
                places.of(product.path)
            except LeadsOutside:
                message = f"The product {product.path} leads out of the project through a symbolic link."
                hint = "Make it a real folder, or have the other place mounted there."
                yield _task_problem(task, "path_outside", message, hint)
            except OSError:
                continue  # what cannot be told now, the build will say


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
    listed = "Tasks are: " + ", ".join(task.name for task in spec.tasks[:20])
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
                hint = f"Did you mean '{need.suggestion}'?" if need.suggestion else listed
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
    """As many as anybody reads, first those of the whole file: they forbid building."""
    if len(problems) <= MAX_PROBLEMS:
        return tuple(problems)
    ordered = sorted(problems, key=lambda problem: problem.task is not None or problem.severity != "error")
    message = f"There are {len(problems) - MAX_PROBLEMS + 1} more problems."
    more = Problem(code="too_many_problems", message=message, severity="warning", hint="Mend the first ones.")
    return (*ordered[: MAX_PROBLEMS - 1], more)


def _task_problem(task: TaskSpec, code: str, message: str, hint: str, where: Where | None = None) -> Problem:
    return Problem(code=code, message=message, severity="error", hint=hint, where=where or task.where, task=task.name)


# --- What a task is given -----------------------------------------------------------------


def upstream_names(task: TaskSpec, facts: SourceFacts | None) -> tuple[str, ...]:
    """The names that a task gives for what it needs, in the pipeline or in its source."""
    if task.upstream is not None:
        return task.upstream
    return () if facts is None else facts.upstream


def binding(project: Project, task: str) -> Binding:
    """What a task is given."""
    return bind(project.spec, project.tasks[task], project.dependencies[task], project.tasks)


def bind(
    spec: PipelineSpec, task: TaskSpec, dependencies: tuple[Dependency, ...], tasks: Mapping[str, TaskSpec]
) -> Binding:
    """The same from the parts that matter, for who does not load the whole project."""
    folder = working_folder(task)
    return Binding(
        root=spec.root,
        pipeline=spec.entry.name,
        task=task.name,
        params={name: _param_value(task, name, value, folder) for name, value in task.params.items()},
        upstream=_upstream_value(tasks, dependencies, folder),
        product=_product_value(task, folder),
        kernel=task.notebook.kernel,
        folder=folder,
    )


def working_folder(task: TaskSpec) -> str:
    """Where a task works, relative to the root, '' for the root: plain scripts where they are, as Ploomber has it."""
    if task.kind == "script" or (task.kind == "notebook" and task.notebook.local):
        return posixpath.dirname(task.source)
    return ""


def _param_value(task: TaskSpec, name: str, value: Value, folder: str) -> Value:
    if name != "resources_" or not task.resources:
        return value
    return {key: _seen_from(folder, path) for key, path in task.resources.items()}


def _upstream_value(
    tasks: Mapping[str, TaskSpec], dependencies: tuple[Dependency, ...], folder: str
) -> Mapping[str, Value] | None:
    upstream: dict[str, Value] = {}
    for need in dependencies:
        values: dict[str, Value] = {other: _product_value(tasks[other], folder) for other in need.tasks}
        upstream |= {need.name: values} if need.group else values
    return upstream or None


def _product_value(task: TaskSpec, folder: str) -> Value:
    values: dict[str, Value] = {product.key: _seen_from(folder, product.path) for product in task.products}
    values |= {relation.key: relation.qualified for relation in task.relations}
    return values[""] if list(values) == [""] else values


def _seen_from(folder: str, path: str) -> str:
    return posixpath.relpath(path, folder) if folder else path


# --- Is it current? -----------------------------------------------------------------------


@dataclass(frozen=True)
class Assessment:
    """How current a task is. `fingerprint` is None when problems keep us from telling."""

    freshness: Freshness
    fingerprint: Fingerprint | None
    made_at: float | None = None
    """When the products that count were made, in seconds since the epoch; None where nobody has recorded it."""

    @property
    def fresh(self) -> bool:
        return self.freshness.state == "fresh"


def assess(project: Project, history: History, observer: Observer) -> dict[str, Assessment]:
    """Every task of the project, in build order."""
    for known in history.tasks.values():
        if known.last_ok is not None:
            for record in known.last_ok.products:
                observer.learn(record)
    found: dict[str, Assessment] = {}
    for task in project.graph.order:
        found[task] = assess_task(project, task, history.tasks.get(task), found, observer)
    return found


def assess_task(
    project: Project, task: str, known: TaskHistory | None, upstream: Mapping[str, Assessment], observer: Observer
) -> Assessment:
    """One task, given the assessments of what it needs."""
    if known is not None and known.last_ok is not None:
        for made in known.last_ok.products:
            if made.stat == NOWHERE:
                observer.learn(made)
    if task in project.unknowable or task not in project.facts:
        return Assessment(Freshness(state="unknown"), None)
    spec, facts = project.tasks[task], project.facts[task]
    needs = project.graph.upstream[task]
    stale = tuple(need for need in needs if not upstream[need].fresh)
    now = Fingerprint(
        code=facts.code,
        text=facts.text,
        modules=project.modules[task],
        params={name: canonical(value) for name, value in spec.params.items() if name != "resources_"},
        options=_options(spec, facts),
        given=_given(project, spec),
        upstream=_upstream_hashes(project, task, [need for need in needs if need not in stale], observer),
        resources=_resource_hashes(spec, observer),
    )
    if known is None:
        vouched = read_record(project.root, spec, project.contents.get(task, b""), facts.text)
        if vouched is not None and all(_made_before(upstream[need], vouched.time) for need in needs):
            return Assessment(Freshness(state="fresh"), now, vouched.time)
    last = None if known is None else LastAttempt(known.last.outcome, known.last.fingerprint)
    recorded = {} if known is None or known.last_ok is None else {r.path: r for r in known.last_ok.products}
    products: dict[str, ProductState] = {}
    for product in spec.products:
        record = recorded.get(product.path)
        if observer.stat(product.path) is None:
            products[product.path] = "missing"
        else:
            same = record is None or record.hash == observer.hash(product.path)
            products[product.path] = "same" if same else "changed"
    for relation in spec.relations:
        products[relation.path] = "same" if relation.path in recorded else "missing"
    why: tuple[Reason, ...] = reasons(
        now=now,
        last=last,
        products=products,
        stale_upstream=stale,
        unknown=[name for name in spec.computed if name not in spec.params],
        resources=spec.resources,
        compare_code=project.spec.compare_code,
    )
    made_at = None if known is None or known.last_ok is None else known.last_ok.ended
    return Assessment(Freshness(state="stale" if why else "fresh", reasons=why), now, made_at)


def _made_before(upstream: Assessment, time: float) -> bool:
    return upstream.fresh and upstream.made_at is not None and upstream.made_at <= time


def complete(now: Fingerprint, project: Project, task: str, observer: Observer, cache: ParseCache) -> Fingerprint:
    """The fingerprint with all that a run starting now reads as it is at this moment.

    That is modules, resources and *all* upstream, and the code of a function, which is imported; of
    any other task the code is what was read.
    """
    spec, facts = project.tasks[task], project.facts[task]
    look = _Look(project.spec, cache)
    if spec.kind not in NOTEBOOK_KINDS:
        facts = look.facts(spec, project.contents.get(task, b""))
    return msgspec.structs.replace(
        now,
        code=facts.code,
        text=facts.text,
        modules=look.modules(spec, facts),
        upstream=_upstream_hashes(project, task, project.graph.upstream[task], observer),
        resources=_resource_hashes(spec, observer),
    )


def with_inputs(project: Project, task: str, now: Fingerprint) -> Project:
    """The project as it is when this is what a task follows from: code and modules may have been edited since."""
    facts = project.facts[task]
    if facts.code == now.code and project.modules[task] == now.modules:
        return project
    return replace(
        project,
        facts={**project.facts, task: replace(facts, code=now.code, text=now.text)},
        modules={**project.modules, task: now.modules},
    )


def _options(spec: TaskSpec, facts: SourceFacts) -> dict[str, str]:
    options = {f"product {product.key}".strip(): canonical(product.path) for product in spec.products}
    options |= {f"product {relation.key}".strip(): canonical(relation.path) for relation in spec.relations}
    options |= {name: canonical(value) for name, value in spec.options.items()}
    kernel = facts.kernel if spec.notebook.kernel is None else spec.notebook.kernel
    if kernel is not None and spec.kind == "notebook":
        options["kernel"] = canonical(kernel)
    if spec.kind != "notebook":
        options["kind"] = canonical(spec.kind)
    for name, called in (("client", spec.client), ("serializer", spec.serializer), ("unserializer", spec.unserializer)):
        if called is not None:
            options[name] = canonical(_called(called))
    for relation in spec.relations:
        if relation.client is not None:
            options[f"client of {relation.key or 'product'}"] = canonical(_called(relation.client))
    return options


def _called(called: Dotted | str) -> Value:
    if isinstance(called, str):  # a URL: another password is the same database, and is not for everybody's eyes
        scheme, separator, rest = called.partition("://")
        account, at, place = rest.rpartition("@")
        return f"{scheme}{separator}{account.partition(':')[0]}{at}{place}"
    return called.path if not called.arguments else {"dotted_path": called.path, **called.arguments}


def _given(project: Project, spec: TaskSpec) -> dict[str, str]:
    folder = working_folder(spec)
    upstream = _upstream_value(project.tasks, project.dependencies[spec.name], folder)
    return {
        "upstream": canonical(None if upstream is None else dict(upstream)),
        "product": canonical(_product_value(spec, folder)),
    }


def _resource_hashes(spec: TaskSpec, observer: Observer) -> dict[str, str]:
    return {name: observer.hash(path) for name, path in spec.resources.items()}


def _upstream_hashes(
    project: Project, task: str, needs: Iterable[str], observer: Observer
) -> dict[str, dict[str, str]]:
    """What counts of the products of what a task needs.

    An executed notebook holds the code that made it: did it always count, each edit would run
    everything below again, though the data came out the same. It counts only where the task may
    read it: when its code does not plainly read other products alone, when upstream is given as
    a group, and when it is all that there is.
    """
    reads = project.facts[task].reads
    grouped = {need for dependency in project.dependencies[task] if dependency.group for need in dependency.tasks}
    found: dict[str, dict[str, str]] = {}
    for need in needs:
        spec = project.tasks[need]
        data = [product.key for product in spec.products if product.key not in spec.notebooks]
        whole = need in grouped or not (data or spec.relations)
        found[need] = {
            product.path: observer.hash(product.path)
            for product in spec.products
            if product.key not in spec.notebooks or whole or reads.may_read(need, product.key)
        }
        found[need] |= {relation.path: observer.token(relation.path) for relation in spec.relations}
    return found
