"""A pipeline as it is on the disk now, and how current each of its tasks is.

`load` joins spec, sources and graph; `assess` compares that with what the store remembers.
Both only look. The panel, the command line and the build loop all see a project through
these two functions.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from cauce.contract import Freshness, Problem, Reason, Where
from cauce.engine.cellcode import Loads
from cauce.engine.document import MAX_BYTES, Value
from cauce.engine.errors import NotFound
from cauce.engine.evaluated import read_evaluated
from cauce.engine.files import FileTooLarge, LeadsOutside, Observer, hash_inside, read_inside, read_start, real_path
from cauce.engine.fingerprint import Fingerprint, ModuleIndex, canonical, local_modules
from cauce.engine.graph import Dependency, Graph, Names, Unknown, build_graph
from cauce.engine.injection import Binding
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
from cauce.engine.staleness import LastAttempt, ProductState, reasons
from cauce.engine.store import History, TaskHistory

__all__ = ["Assessment", "ParseCache", "Project", "assess", "assess_task", "bind", "binding", "complete", "load"]


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
    evaluated: Evaluated
    spec: PipelineSpec

    def holds(self, entry: Entry, read: Read, evaluated: Evaluated) -> bool:
        return (
            self.entry == entry
            and self.evaluated == evaluated
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
        self._facts: _Memory[tuple[str, str, bool], SourceFacts] = _Memory()
        self._modules: _Memory[str, tuple[Code, Loads]] = _Memory()

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

        spec = parse_spec(entry, noting, evaluated)
        self._specs[entry.path] = _KnownSpec(entry, reads, evaluated, spec)
        return spec

    def facts(self, content: bytes, source: str, task: str, *, extract_upstream: bool) -> SourceFacts:
        key = (source, task, extract_upstream)
        read = partial(read_facts, content, source, task, extract_upstream=extract_upstream)
        return self._facts.get(key, content, read)

    def module(self, content: bytes, path: str) -> tuple[Code, Loads]:
        return self._modules.get(path, content, lambda: code_of(content, path))

    def sweep(self) -> None:
        """Forget what nobody has asked for since the last sweep."""
        for memory in (self._facts, self._modules):
            memory.sweep()
        self._specs = {path: known for path, known in self._specs.items() if path in self._specs_asked}
        self._specs_asked.clear()

    def __len__(self) -> int:
        return len(self._specs) + len(self._facts) + len(self._modules)


@dataclass(frozen=True)
class Project:
    """Everything that looking at the project's text can tell. Holds the bytes it looked at."""

    spec: PipelineSpec
    tasks: Mapping[str, TaskSpec]
    contents: Mapping[str, bytes]
    """Task → its source as read. Lacks tasks whose source could not be read."""
    facts: Mapping[str, SourceFacts]
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
        """Files whose change may change what is shown: specification, sources, modules, products."""
        paths = [task.source for task in self.tasks.values() if task.kind != "function"]
        paths += [product.path for task in self.tasks.values() for product in task.products]
        paths += [path for modules in self.modules.values() for path in modules]
        return frozenset((self.root / path) for path in paths) | {self.root / path for path in self.spec.files}


def load(entry: Entry, cache: ParseCache) -> Project:
    """Look at a pipeline and all its sources.

    Raises:
        NotFound: There is no such file. Whatever is wrong inside of it is a problem, not an error.
    """
    name = entry.path.name

    def read(path: str) -> bytes | None:
        # The pipeline itself may be a link, since somebody has named it; what it names may not lead outside.
        # One byte too many, and the parser says that it is too large.
        try:
            if path == entry.name:
                return read_start(entry.path, MAX_BYTES + 1)
            return read_start(real_path(entry.root, path), MAX_BYTES + 1, follow=False)
        except (FileNotFoundError, NotADirectoryError):
            return None

    try:
        spec = cache.spec(entry, read)
    except FileNotFoundError as error:
        raise NotFound(f"There is no pipeline at {name}.") from error
    except OSError as error:
        raise NotFound(f"{name} cannot be read: {error.strerror}.") from error
    tasks = {task.name: task for task in spec.tasks}
    problems = list(spec.problems)
    contents: dict[str, bytes] = {}
    facts: dict[str, SourceFacts] = {}
    for task in spec.tasks:
        if task.kind != "notebook" or _source_refused(task, spec):
            continue
        source, problem = _read_source(spec.root, task)
        if problem is not None:
            problems.append(problem)
        if source is None:
            continue
        contents[task.name] = source
        found = cache.facts(source, task.source, task.name, extract_upstream=task.upstream is None)
        facts[task.name] = found
        problems.extend(found.problems)
    problems += _products_outside(spec)
    dependencies, given_up = _dependencies(spec, facts, problems)
    graph = build_graph({task: tuple(other for need in dependencies[task] for other in need.tasks) for task in tasks})
    problems += [_cycle_problem(cycle, tasks) for cycle in graph.cycles]
    unsound = spec.unsound.union(
        (problem.task for problem in problems if problem.task is not None and problem.severity == "error"),
        given_up,
        *graph.cycles,
    )
    index = ModuleIndex(lambda name: _read_module(spec.root, name), cache.module)
    modules = {task: local_modules(found.loads, index) for task, found in facts.items()}
    cache.sweep()
    return Project(spec, tasks, contents, facts, modules, dependencies, graph, _summed_up(problems), unsound)


def _source_refused(task: TaskSpec, spec: PipelineSpec) -> bool:
    """Its path leaves the project: said by the spec, and not to be opened."""
    return any(problem.task == task.name and problem.code.startswith("path_") for problem in spec.problems)


def _read_source(root: Path, task: TaskSpec) -> tuple[bytes | None, Problem | None]:
    try:
        content = read_inside(root, task.source, source_limit(task.source))
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


def _products_outside(spec: PipelineSpec) -> Iterator[Problem]:
    """Products that a symbolic link would have written elsewhere, over whatever is there."""
    for task in spec.tasks:
        for product in task.products:
            try:
                real_path(spec.root, product.path)
            except LeadsOutside:
                if _source_refused(task, spec):
                    continue
                message = f"The product {product.path} leads out of the project through a symbolic link."
                hint = "Make it a real folder, or have the other place mounted there."
                yield _task_problem(task, "path_outside", message, hint)
            except OSError:
                continue  # what cannot be told now, the build will say


def _read_module(root: Path, path: str) -> bytes | Code | None:
    try:
        try:
            return read_inside(root, path, MAX_CODE)
        except FileTooLarge:
            return unparsed(hash_inside(root, path))
        except LeadsOutside:  # not ours to read: known by where it is, as seen from here
            real, base = os.path.realpath(root / path), os.path.realpath(root)
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
        written = task.upstream if task.upstream is not None else facts[name].upstream if name in facts else ()
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
                where=Where(path=spec.path.name),
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


def binding(project: Project, task: str) -> Binding:
    """What the injected cell of a task says."""
    return bind(project.spec, project.tasks[task], project.dependencies[task])


def bind(spec: PipelineSpec, task: TaskSpec, dependencies: tuple[Dependency, ...]) -> Binding:
    """The same from the parts that matter, for who does not load the whole project."""
    return Binding(
        root=spec.root,
        pipeline=spec.path.name,
        task=task.name,
        params=task.params,
        upstream=_upstream_value({other.name: other for other in spec.tasks}, dependencies),
        product=_product_value(task),
        kernel=task.notebook.kernel,
    )


def _upstream_value(tasks: Mapping[str, TaskSpec], dependencies: tuple[Dependency, ...]) -> Mapping[str, Value] | None:
    upstream: dict[str, Value] = {}
    for need in dependencies:
        values: dict[str, Value] = {other: _product_value(tasks[other]) for other in need.tasks}
        upstream |= {need.name: values} if need.group else values
    return upstream or None


def _product_value(task: TaskSpec) -> Value:
    if len(task.products) == 1 and task.products[0].key == "":
        return task.products[0].path
    return {product.key: product.path for product in task.products}


# --- Is it current? -----------------------------------------------------------------------


@dataclass(frozen=True)
class Assessment:
    """How current a task is. `fingerprint` is None when problems keep us from telling."""

    freshness: Freshness
    fingerprint: Fingerprint | None

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
    if task in project.unknowable or task not in project.facts:
        return Assessment(Freshness(state="unknown"), None)
    spec, facts = project.tasks[task], project.facts[task]
    needs = project.graph.upstream[task]
    stale = tuple(need for need in needs if not upstream[need].fresh)
    now = Fingerprint(
        code=facts.code,
        text=facts.text,
        modules=project.modules[task],
        params={name: canonical(value) for name, value in spec.params.items()},
        options=_options(spec, facts),
        given=_given(project, spec),
        upstream=_upstream_hashes(project, task, [need for need in needs if need not in stale], observer),
    )
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
    why: tuple[Reason, ...] = reasons(now=now, last=last, products=products, stale_upstream=stale)
    return Assessment(Freshness(state="stale" if why else "fresh", reasons=why), now)


def complete(now: Fingerprint, project: Project, task: str, observer: Observer, cache: ParseCache) -> Fingerprint:
    """The fingerprint with the modules and *all* upstream as they are at this moment: what a run starting now uses."""
    index = ModuleIndex(lambda name: _read_module(project.root, name), cache.module)
    modules = local_modules(project.facts[task].loads, index)
    upstream = _upstream_hashes(project, task, project.graph.upstream[task], observer)
    return msgspec.structs.replace(now, modules=modules, upstream=upstream)


def _options(spec: TaskSpec, facts: SourceFacts) -> dict[str, str]:
    options = {f"product {product.key}".strip(): canonical(product.path) for product in spec.products}
    kernel = facts.kernel if spec.notebook.kernel is None else spec.notebook.kernel
    if kernel is not None:
        options["kernel"] = canonical(kernel)
    return options


def _given(project: Project, spec: TaskSpec) -> dict[str, str]:
    upstream = _upstream_value(project.tasks, project.dependencies[spec.name])
    return {
        "upstream": canonical(None if upstream is None else dict(upstream)),
        "product": canonical(_product_value(spec)),
    }


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
    return {
        need: {
            product.path: observer.hash(product.path)
            for product in project.tasks[need].products
            if product.key != project.tasks[need].notebook_key
            or len(project.tasks[need].products) == 1
            or need in grouped
            or reads.may_read(need, product.key)
        }
        for need in needs
    }
