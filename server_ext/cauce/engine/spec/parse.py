"""pipeline.yaml → a frozen `PipelineSpec` and every problem found on the way, each with file:line.

Ploomber's dialect, read statically: nothing is imported, evaluated or rendered. Each task
stands for itself: what is wrong with one never hides another. Which keys there are and what
shape their values have is said in `keys`; here is what they mean together. A key that changes
nothing here (hot reload, …) is accepted in silence; one that cannot be honoured is said.
"""

from __future__ import annotations

import errno
import keyword
import os
import posixpath
import unicodedata
from collections.abc import Callable, Iterable
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from cauce.contract import Problem, TaskKind
from cauce.engine.document import Mapping, Node, Scalar, Sequence, TooLarge, Value, plain, read_document
from cauce.engine.spec.env import Environment, awaits, expand, read_environment
from cauce.engine.spec.find import Find, find_in
from cauce.engine.spec.grid import GRID_PLACEHOLDER, Axis, Texts, combinations, count, fill, placeholders, too_many
from cauce.engine.spec.keys import (
    CONFIG,
    EXECUTOR,
    FOREIGN_CLASSES,
    META,
    PRODUCT_CLASSES,
    SOURCE_LOADER,
    TASK,
    TASK_CLASSES,
    TOP,
    Fields,
    Key,
    check_fields,
    dotted_name,
    unfilled,
)
from cauce.engine.spec.model import (
    Dotted,
    Entry,
    Evaluated,
    Hooks,
    Need,
    NotebookOptions,
    PipelineSpec,
    ProductRule,
    StaticAnalysis,
    TaskSpec,
)
from cauce.engine.spec.products import Made, inside, read_products, suffix, wrap
from cauce.engine.spec.report import MAX_PROBLEMS, Report

__all__ = ["MAX_PROBLEMS", "Read", "parse_spec"]

_KIND_OF_SUFFIX: dict[str, TaskKind] = {
    ".py": "notebook",
    ".ipynb": "notebook",
    ".r": "notebook",
    ".rmd": "notebook",
    ".md": "notebook",
    ".sql": "sql",
    ".sh": "shell",
}
_CLASS_OF_KIND: dict[TaskKind, str] = {kind: name for name, kind in TASK_CLASSES.items()}
_FILE_SUFFIXES = frozenset(
    """
    .txt .csv .tsv .json .yaml .yml .toml .ini .cfg .xml .html .pdf .rst .tex .parquet .xlsx .xls .zip .gz .png .jpg
    .svg .db .pkl .pickle .js .ts .jl .ps1 .bat .qmd .scala
    """.split()
)
_TASK_KEYS: Dict[str, Key] = {key.name: key for key in TASK.keys}
_KIND_WORDS: dict[TaskKind, str] = {
    "notebook": "notebooks",
    "script": "plain scripts",
    "function": "functions",
    "sql": "SQL scripts",
    "dump": "SQL dumps",
    "shell": "shell scripts",
}
_OPTIONS = ("chunksize", "io_handler", "nbconvert_export_kwargs", "nbconvert_exporter_name", "local_execution")
"""Keys that decide what is made and have no place of their own in what is compared."""
_MAX_UPSTREAM = 10_000

Read = Callable[[str], bytes | None]
"""Content of a file by its path relative to the root; None when it is not there. Raises OSError."""


def parse_spec(entry: Entry, read: Read, evaluated: Evaluated, find: Find | None = None) -> PipelineSpec:
    """Parse a pipeline. Everything wrong inside of it is a problem.

    `find` names the scripts that match a pattern; by default those on the disk below the root.
    How products stand to each other is not looked at: `check_products` does, once all are known.

    Raises:
        OSError: The pipeline file itself cannot be read (FileNotFoundError: it is not there).
    """
    parser = _Parser(entry, read, evaluated)
    match entry.kind:
        case "factory":
            location = Scalar(entry.target, entry.target, 0, 0)
            return parser.factory(location, entry.overrides)
        case "glob":
            return parser.scripts((find or find_in(entry.root))(entry.target))
    content = read(entry.name)
    if content is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), entry.name)
    return parser.file(content)


@dataclass(frozen=True)
class _Settings:
    """What the file says of all of its tasks."""

    extract_upstream: bool = True
    extract_product: bool = False
    relative_to_source: bool = False
    product_classes: Dict[str, str] = field(default_factory=dict)
    clients: Dict[str, Dotted | str] = field(default_factory=dict)
    loader: tuple[str, ...] = ()
    """Folders in which sources are looked for, relative to the root; empty: the root."""
    serializer: Dotted | None = None
    unserializer: Dotted | None = None
    imports: Node | None = None
    """`import_tasks_from`."""


class _Parser:
    def __init__(self, entry: Entry, read: Read, evaluated: Evaluated) -> None:
        self.entry = entry
        self.read = read
        self.evaluated = evaluated
        self.report = Report(entry.name)
        self.root = entry.root.as_posix()
        self.folder = posixpath.dirname(entry.name) if entry.kind == "file" else ""
        """Of the pipeline file, relative to the root."""
        self.files = [entry.name] if entry.kind == "file" else []
        self.environment: Environment | None = None
        self.literal = False
        """Is it data that was made by a function, in which no placeholders stand?"""
        self.settings = _Settings()
        self.needs: dict[str, Need] = {}
        self.tasks: dict[str, TaskSpec] = {}
        self.grid_size = (0, 0)
        self.hooks = Hooks()
        self.jobs: int | None = None
        self.compare_code = True
        self.unevaluated = False

    # --- The three ways in

    def file(self, content: bytes) -> PipelineSpec:
        self.environment = read_environment(self.entry, self.read, self.evaluated)
        self._look_for_environment()
        document = read_document(content, self.entry.name)
        self.report.problems.extend(document.problems)
        broken = bool(document.problems)
        root = document.root
        if root is None or (isinstance(root, Scalar) and root.value is None):
            if not broken:
                hint = "Add 'tasks:' with a list of '- source: …' entries."
                self.report.error("spec_empty", "The file is empty.", None, hint)
        elif isinstance(root, Mapping) and (location := root.get("location")) is not None and not broken:
            return self._location(root, location)
        else:
            self._pipeline(root, broken=broken)
        return self._spec()

    def factory(self, location: Node, arguments: Dict[str, Value]) -> PipelineSpec:
        """What a function of the project makes, as the builder wrote it down when it last called it."""
        text = location.text if isinstance(location, Scalar) else ""
        path = dotted_name(text)
        if path is None:
            if not unfilled(text):
                hint = "Write it as 'module.function'."
                self.report.error("spec_type", f"'{text}' is not the dotted path of a function.", location, hint)
            return self._spec()
        where = self.report.where(location)
        need = Need("factory", Dotted(path, dict(arguments), where))
        self._need(need)
        value = self.evaluated.get(need.key)
        if value is None:
            self.unevaluated = True
            return self._spec()
        try:
            made = wrap(value, location)
        except TooLarge:
            self.report.error("spec_shape", f"What '{path}' makes is nested too deeply.", location)
            return self._spec()
        self.literal = True
        self._pipeline(made, broken=False)
        return self._spec()

    def scripts(self, paths: Iterable[str]) -> PipelineSpec:
        """Each script a task that names its own products."""
        self.settings = _Settings(extract_product=True)
        for number, path in enumerate(paths):
            self.report.file = path
            node = wrap({"source": path}, None)
            self._entry(replace(node, line=1, column=1), f"#{number + 1}", "")
        self.report.file = self.entry.name
        if not self.tasks:
            self.report.error(
                "spec_no_tasks", f"No script matches '{self.entry.target}'.", None, "Scripts end in .py, .ipynb or .R."
            )
        return self._spec()

    def _location(self, root: Mapping, location: Node) -> PipelineSpec:
        location = self._filled(location)
        others = [key for key, _ in root.entries if key.text != "location"]
        for key in others:
            hint = "Remove one of them: the function makes the whole pipeline."
            self.report.error("location_alone", f"'{key.text}' cannot stand beside 'location'.", key, hint)
        if not isinstance(location, Scalar):
            hint = "Write 'location: module.function'."
            self.report.error("spec_type", "'location' must be the dotted path of a function.", location, hint)
            return self._spec()
        return self.factory(location, {})

    def _look_for_environment(self) -> None:
        """Files of values that would count if they were there, so that their appearance is noticed."""
        environment = self.environment
        if environment is not None:
            self.files += environment.files
        part = PurePosixPath(self.entry.path.stem).name.removeprefix("pipeline").strip(".")
        for name in [f"env.{part}.yaml"] * bool(part) + ["env.yaml"]:
            for folder in dict.fromkeys((self.folder, "")):
                self.files.append(posixpath.join(folder, name))

    def _spec(self) -> PipelineSpec:
        report = self.report
        if self.environment is not None:
            report.problems[:0] = self.environment.problems
            errors = any(problem.severity == "error" for problem in report.problems)
            idle = None if errors or self.unevaluated or self.literal else self.environment.unused()
            if idle is not None:
                report.problems.append(idle)
            for need in self.environment.needs.values():
                self._need(need)
        tasks = (problem.task for problem in report.problems if problem.severity == "error")
        unsound = frozenset(report.unsound.union(task for task in tasks if task is not None))
        problems = report.problems
        if len(problems) > MAX_PROBLEMS:
            more = len(problems) - MAX_PROBLEMS + 1
            del problems[MAX_PROBLEMS - 1 :]
            report.error("too_many_problems", f"There are {more} more problems.", None, "Mend the first ones.")
        return PipelineSpec(
            self.entry,
            tuple(self.tasks.values()),
            tuple(problems),
            unsound,
            needs=tuple(self.needs.values()),
            unevaluated=self.unevaluated,
            hooks=self.hooks,
            jobs=self.jobs,
            compare_code=self.compare_code,
            files=tuple(dict.fromkeys(self.files)),
        )

    # --- The pipeline as a whole

    def _pipeline(self, root: Node, *, broken: bool) -> None:
        if isinstance(root, Sequence):
            self._tasks(root, "", broken=broken)
            return
        if not isinstance(root, Mapping):
            if not broken:
                self.report.error("spec_shape", "A pipeline is a mapping with the key 'tasks'.", root)
            return
        tasks = root.get("tasks")
        head = Mapping(tuple(entry for entry in root.entries if entry[0].text != "tasks"), root.line, root.column)
        filled = self._filled(head)
        self._head(check_fields(filled, TOP, self.report) if isinstance(filled, Mapping) else {})
        if tasks is None:
            if not broken:
                self.report.error("spec_no_tasks", "The key 'tasks' is missing.", root, "Add a list of tasks.")
        elif isinstance(tasks, Scalar) and tasks.value is None:
            if not broken and self.settings.imports is None:
                hint = "Add '- source: …' entries below it."
                self.report.error("spec_tasks_empty", "'tasks' is empty.", tasks, hint)
        elif not isinstance(tasks, Sequence):
            self.report.error("spec_tasks_shape", "'tasks' must be a list.", tasks, "Begin each task with '- '.")
        else:
            self._tasks(tasks, "", broken=broken)
        if self.settings.imports is not None:
            self._import(self.settings.imports)

    def _head(self, given: dict[str, Node]) -> None:
        meta = self._fields(given.get("meta"), META)
        config = self._fields(given.get("config"), CONFIG)
        loader = self._fields(meta.get("source_loader"), SOURCE_LOADER)
        if "source_loader" in meta and not loader:
            hint = "Add 'path: folder' or 'module: package'."
            self.report.error("source_loader", "'source_loader' names no place.", meta["source_loader"], hint)
        self.compare_code = self._flag(config, "outdated_by_code", default=True)
        self.jobs = self._jobs(given.get("executor"))
        self.hooks = self._hooks(given)
        serializer, unserializer = self._dotted(given.get("serializer")), self._dotted(given.get("unserializer"))
        self.settings = _Settings(
            extract_upstream=self._flag(meta, "extract_upstream", default=True),
            extract_product=self._flag(meta, "extract_product", default=False),
            relative_to_source=self._flag(meta, "product_relative_to_source", default=False),
            product_classes=self._default_classes(meta.get("product_default_class")),
            clients=self._clients(given.get("clients")),
            loader=self._loader(loader),
            serializer=serializer if isinstance(serializer, Dotted) else None,
            unserializer=unserializer if isinstance(unserializer, Dotted) else None,
            imports=meta.get("import_tasks_from"),
        )

    def _fields(self, node: Node | None, fields: Fields) -> dict[str, Node]:
        return check_fields(node, fields, self.report) if isinstance(node, Mapping) else {}

    def _jobs(self, node: Node | None) -> int | None:
        if isinstance(node, Scalar):
            return 1 if node.text == "serial" else None
        if not isinstance(node, Mapping):
            return None
        given = check_fields(node, EXECUTOR, self.report)
        path = given.get("dotted_path")
        if not isinstance(path, Scalar):
            if node.get("dotted_path") is None:
                hint = "Add 'dotted_path: ploomber.executors.Parallel'."
                self.report.error("spec_type", "The executor lacks its 'dotted_path'.", node, hint)
            return None
        name = path.text.rpartition(".")[2]
        if name == "Serial":
            return 1
        if name not in ("Parallel", "ParallelDill"):
            hint = "Use 'serial', 'parallel' or ploomber.executors.Parallel."
            self.report.warning("unsupported", f"The executor '{path.text}' is not used.", path, hint)
        processes = given.get("processes")
        return processes.value if isinstance(processes, Scalar) and isinstance(processes.value, int) else None

    def _default_classes(self, node: Node | None) -> dict[str, str]:
        if not isinstance(node, Mapping):
            return {}
        return {key.text: value.text for key, value in node.entries if isinstance(value, Scalar)}

    def _clients(self, node: Node | None) -> dict[str, Dotted | str]:
        clients: dict[str, Dotted | str] = {}
        for key, value in node.entries if isinstance(node, Mapping) else ():
            client = self._dotted(value)
            if isinstance(client, str) and key.text == "File":
                hint = "Give a function that makes the client."
                self.report.error("spec_type", "A storage for files is no address.", value, hint)
            elif client is not None:
                clients[key.text] = client
        return clients

    def _loader(self, given: dict[str, Node]) -> tuple[str, ...]:
        """The folders in which sources are looked for: `path` below the folder of `module`."""
        path, module = given.get("path"), given.get("module")
        base = ""
        if isinstance(module, Scalar):
            if not all(part.isidentifier() for part in module.text.split(".")):
                hint = "Write it as 'package' or 'package.module'."
                self.report.error("source_loader", f"'{module.text}' is no name of a package.", module, hint)
                return ()
            base = self._package(module.text)
        elif path is None:
            return ()
        items = path.items if isinstance(path, Sequence) else (path,) if path is not None else ()
        texts = [(item.text, item) for item in items if isinstance(item, Scalar)]
        if path is None and isinstance(module, Scalar):
            texts = [(".", module)]
        folders: list[str] = []
        for text, node in texts:
            joined = posixpath.normpath(posixpath.join(base, text)) if base else text
            if joined in (".", "./"):
                folders.append(".")
            else:
                before = len(self.report.problems)
                folder = inside(joined, node, self.root, "path", self.report)
                folders += [folder] if len(self.report.problems) == before else []
        return tuple(folders)

    def _package(self, module: str) -> str:
        """The folder of a package of the project, which is found by its name: nothing is imported."""
        path = module.replace(".", "/")
        places = [posixpath.normpath(posixpath.join(base, path)) for base in (self.folder, "", "src")]
        for place in dict.fromkeys(places):
            self.files.append(f"{place}/__init__.py")
            if self._exists(f"{place}/__init__.py"):
                return place
        for place in dict.fromkeys(places):
            if self._exists(f"{place}.py"):
                return posixpath.dirname(place) or "."
        # A package need not have an __init__.py: then it is where the pipeline lies in it, or beside it.
        return next((place for place in places if f"{self.folder}/".startswith(f"{place}/")), places[0])

    def _exists(self, path: str) -> bool:
        try:
            return self.read(path) is not None
        except OSError:
            return False

    def _import(self, node: Node) -> None:
        text = node.text if isinstance(node, Scalar) else ""
        before = len(self.report.problems)
        path = inside(text, node, self.root, "file of tasks", self.report, self.folder)
        if len(self.report.problems) > before or unfilled(path):
            return
        self.files.append(path)
        try:
            content = self.read(path)
        except OSError as error:
            message = f"The file of tasks {path} cannot be read: {error.strerror}."
            self.report.error("import_unreadable", message, node, "Correct 'import_tasks_from'.")
            return
        if content is None:
            message = f"The file of tasks {path} does not exist."
            self.report.error("import_missing", message, node, "Create it, or correct 'import_tasks_from'.")
            return
        document = read_document(content, path)
        self.report.problems.extend(document.problems)
        broken = bool(document.problems)
        self.report.file = path
        root = document.root
        if isinstance(root, Sequence) and root.items:
            self._tasks(root, posixpath.dirname(path), broken=broken, imported=True)
        elif root is None or (isinstance(root, Scalar) and root.value is None) or isinstance(root, Sequence):
            if not broken:
                hint = "Add '- source: …' entries, or remove 'import_tasks_from'."
                self.report.error("import_empty", f"{path} holds no tasks.", root, hint)
        elif not broken:
            self.report.error("import_shape", f"{path} must be a list of tasks.", root, "Begin each task with '- '.")
        self.report.file = self.entry.name

    # --- Tasks

    def _tasks(self, nodes: Sequence, folder: str, *, broken: bool, imported: bool = False) -> None:
        number = 0 if not imported else len(self.tasks)
        for index, node in enumerate(nodes.items):
            problems, tasks = len(self.report.problems), len(self.tasks)
            self._entry(node, f"#{number + index + 1}", folder, imported=imported)
            if broken and index == len(nodes.items) - 1 and len(self.report.problems) > problems:
                # The text breaks off here: what this entry lacks is not its fault.
                del self.report.problems[problems:]
                for name in list(self.tasks)[tasks:]:
                    del self.tasks[name]
                    self.report.unsound.discard(name)

    def _entry(self, node: Node, place: str, folder: str, *, imported: bool = False) -> None:
        """One entry. `place` is what it is called while it has no name: it spoils no other task."""
        report = self.report
        since = report.begin(place)
        made = self._made(self._filled(node), place, folder, imported=imported)
        names = []
        for task in made:
            other = self.tasks.get(task.name)
            if other is None:
                self.tasks[task.name] = task
            else:
                at = other.where
                file = "" if at.path == report.file else f"{at.path}, "
                message = f"There is already a task '{task.name}' ({file}line {at.line})."
                # Whoever asks for it may mean either.
                report.error("duplicate_task", message, node, "Give one of them another 'name'.")
            names.append(task.name)
        report.end(since, tuple(names))

    def _made(self, node: Node, place: str, folder: str, *, imported: bool) -> list[TaskSpec]:
        """The tasks that an entry makes: one, or those of its grid."""
        report = self.report
        if self.settings.extract_product and isinstance(node, Scalar) and isinstance(node.value, str):
            node = Mapping(((Scalar("source", "source", node.line, node.column), node),), node.line, node.column)
        if not isinstance(node, Mapping):
            message = "A task is a mapping with 'source' and 'product'."
            report.error("task_shape", message, node, "Write '- source: …'.")
            return []
        source = node.get("source")
        if source is None or not isinstance(source, Scalar) or source.value is None or not source.text.strip():
            hint = "Add 'source: tasks/….py'."
            report.error("task_no_source", "The task has no 'source'.", source or node, hint)
            return []
        foreign = node.get("class")
        if isinstance(foreign, Scalar) and foreign.text in FOREIGN_CLASSES:
            # Its own keys are not known here, and it is no use to complain about each.
            hint = "Write a script, a function or an SQL script that does it."
            report.error("unsupported", f"Tasks of the class '{foreign.text}' cannot be run.", foreign, hint)
            return [self._foreign(node, source)]
        given = check_fields(node, TASK, report)
        task = _Entry(self, node, given, source, folder, imported)
        return task.tasks()

    def _foreign(self, node: Mapping, source: Scalar) -> TaskSpec:
        """What stands for a task that cannot be run, for those that need it."""
        name = node.get("name")
        text = name.text if isinstance(name, Scalar) and name.text.strip() else PurePosixPath(source.text).stem
        return TaskSpec(text, "sql", source.text, (), (), {}, (), self.report.where(node))

    # --- Values

    def _filled(self, node: Node) -> Node:
        if self.environment is None or self.literal:
            return node
        return expand(node, self.environment, self.report.error)

    def _need(self, need: Need) -> None:
        self.needs.setdefault(need.key, need)

    def _flag(self, given: dict[str, Node], name: str, *, default: bool) -> bool:
        node = given.get(name)
        return node.value if isinstance(node, Scalar) and isinstance(node.value, bool) else default

    def _hooks(self, given: dict[str, Node]) -> Hooks:
        found = [self._dotted(given.get(name)) for name in ("on_render", "on_finish", "on_failure")]
        return Hooks(*(hook if isinstance(hook, Dotted) else None for hook in found))

    def _dotted(self, node: Node | None) -> Dotted | str | None:
        """A dotted path that was checked; an address as it is."""
        where = self.report.where(node)
        if isinstance(node, Mapping):
            inner = node.get("dotted_path")
            path = dotted_name(inner.text) if isinstance(inner, Scalar) else None
            return None if path is None else Dotted(path, self._arguments(node), where)
        if not isinstance(node, Scalar) or node.value is None:
            return None
        if "://" in node.text:
            return node.text
        path = dotted_name(node.text)
        return None if path is None else Dotted(path, {}, where)

    def _arguments(self, node: Mapping) -> dict[str, Value]:
        arguments: dict[str, Value] = {}
        for key, value in node.entries:
            if key.text != "dotted_path" and not isinstance(data := self._plain(value), _Nothing):
                arguments[key.text] = data
        return arguments

    def _plain(self, node: Node) -> Value | _Nothing:
        try:
            return plain(node)
        except TooLarge:
            hint = "Keep data in a file, and give the task its path."
            self.report.error("params_too_large", "The value is too large or too deep.", node, hint)
            return _NOTHING

    def _call(self, node: Node) -> Dotted | None:
        """``module::function``, by itself or as `dotted_path` of a mapping: a value that is computed."""
        inner = node.get("dotted_path") if isinstance(node, Mapping) else node
        if not isinstance(inner, Scalar) or not isinstance(inner.value, str) or "::" not in inner.text:
            return None
        found = self._dotted(node) if dotted_name(inner.text) is not None else None
        return found if isinstance(found, Dotted) else None


class _Entry:
    """One entry of `tasks`, whose values have the right shape; makes one task, or those of its grid."""

    def __init__(
        self, parser: _Parser, node: Mapping, given: dict[str, Node], source: Scalar, folder: str, imported: bool
    ) -> None:
        self.parser = parser
        self.report = parser.report
        self.settings = parser.settings
        self.node = node
        self.given = given
        self.source = source
        self.folder = folder
        self.imported = imported

    def tasks(self) -> list[TaskSpec]:
        kind = self._kind()
        self._check_kinds(kind)
        path, templates = self._source(kind)
        name = self._name(kind)
        task = self._common(name, kind, path, templates)
        rule = self._rule(kind, path, task.client)
        grid = self.given.get("grid")
        if grid is not None:
            return self._grid(grid, task, rule)
        if self.node.get("name") is not None and GRID_PLACEHOLDER.search(name):
            hint = "Add a 'grid', or write the value."
            message = f"'{name}' has a placeholder of a grid, and there is none."
            self.report.error("placeholder_no_grid", message, self.node.get("name"), hint)
        return [self._complete(task, rule)]

    # --- What kind of task

    def _kind(self) -> TaskKind:
        cls = self.given.get("class")
        if isinstance(cls, Scalar) and cls.text in TASK_CLASSES:
            return TASK_CLASSES[cls.text]
        text = self.source.text
        kind = _KIND_OF_SUFFIX.get(suffix(text))
        product = self.given.get("product")
        if kind == "sql" and isinstance(product, Scalar) and suffix(product.text) in (".csv", ".parquet"):
            return "dump"
        if kind is not None:
            return kind
        if dotted_name(text) is not None and not self._is_file_name(text):
            return "function"
        if unfilled(text) or self.node.get("class") is not None:
            return "notebook"  # what is wrong was said
        message = f"Cannot tell what kind of task '{text}' is."
        close = self.report.suggestion(suffix(text), _KIND_OF_SUFFIX) if suffix(text) else ""
        valid = "Use a script or notebook (" + ", ".join(sorted(_KIND_OF_SUFFIX)) + "), or 'module.function'."
        hint = f"{close} {valid}" if close.startswith("Did") else valid
        self.report.error("task_kind", message, self.source, hint)
        return "notebook"

    def _is_file_name(self, text: str) -> bool:
        """Does it look like a file, and is there no module that could have such a function?"""
        if suffix(text) not in _FILE_SUFFIXES:
            return False
        module = text.rpartition(".")[0].replace(".", "/")
        return not any(self.parser._exists(path) for path in (f"{module}.py", f"{module}/__init__.py"))

    def _check_kinds(self, kind: TaskKind) -> None:
        for key, _ in self.node.entries:
            known = _TASK_KEYS.get(key.text)
            if known is not None and key.text in self.given and kind not in known.kinds:
                del self.given[key.text]
                whom = " and ".join(_KIND_WORDS[each] for each in _KIND_WORDS if each in known.kinds)
                message = f"'{key.text}' means nothing for {_KIND_WORDS[kind]}."
                self.report.warning("key_of_other_kind", message, key, f"Remove it: it is for {whom}.")

    def _source(self, kind: TaskKind) -> tuple[str, str | None]:
        """The path, and the folder of templates that it belongs to."""
        text = self.source.text
        if kind == "function":
            path = dotted_name(text)
            if path is None:
                if not unfilled(text):
                    message = f"'{text}' is not the dotted path of a function."
                    self.report.error("task_kind", message, self.source, "Write it as 'module.function'.")
                return text, None
            return path, None
        loader = self.settings.loader
        if not loader or self.imported or posixpath.isabs(text):
            return inside(text, self.source, self.parser.root, "source", self.report, self.folder), None
        folder = loader[0]
        if len(loader) > 1:
            joined = ((each, posixpath.normpath(posixpath.join(each, text))) for each in loader)
            folder = next((each for each, path in joined if self.parser._exists(path)), folder)
        return inside(text, self.source, self.parser.root, "source", self.report, folder), folder

    def _name(self, kind: TaskKind) -> str:
        source = self.source.text
        default = source.replace("::", ".").rpartition(".")[2] if kind == "function" else PurePosixPath(source).stem
        given = self.node.get("name")
        if given is None or "name" not in self.given:
            if _has_controls(default):
                message = "The source's name gives the task a name with control characters."
                self.report.error("task_name", message, self.source, "Add a 'name'.")
            return default or source
        name = given.text if isinstance(given, Scalar) else default
        if _has_controls(name):
            message = "'name' must be one line without control characters."
            self.report.error("task_name", message, given)
            return default or source
        return name

    # --- What all tasks of the entry have in common

    def _common(self, name: str, kind: TaskKind, path: str, templates: str | None) -> TaskSpec:
        params, computed, resources = self._params(name)
        client = self._client(kind)
        return TaskSpec(
            name=name,
            kind=kind,
            source=path,
            products=(),
            notebooks=(),
            params=params,
            upstream=self._upstream(),
            where=self.report.where(self.node),
            computed=computed,
            resources=resources,
            extract_product=self.settings.extract_product,
            hooks=self.parser._hooks(self.given),
            client=client,
            serializer=self._serializer("serializer", kind, self.settings.serializer),
            unserializer=self._serializer("unserializer", kind, self.settings.unserializer),
            notebook=self._notebook(kind),
            template_folder=templates,
            options=self._options(),
        )

    def _client(self, kind: TaskKind) -> Dotted | str | None:
        client = self.parser._dotted(self.given.get("client"))
        if client is None and "client" not in self.given and self._is_sound("client"):
            client = self.settings.clients.get(_CLASS_OF_KIND[kind])
            if client is None and kind in ("sql", "dump"):
                hint = f"Add 'client: module.function', or 'clients: {{{_CLASS_OF_KIND[kind]}: module.function}}'."
                message = "It is not said which database the SQL runs in."
                self.report.error("task_no_client", message, self.source, hint)
        return client

    def _is_sound(self, name: str) -> bool:
        """Is the key absent, or null? If it was neither and is not given, it had a problem."""
        node = self.node.get(name)
        return node is None or (isinstance(node, Scalar) and node.value is None)

    def _serializer(self, name: str, kind: TaskKind, default: Dotted | None) -> Dotted | None:
        if kind != "function":
            return None
        if name not in self.given:
            return default
        found = self.parser._dotted(self.given[name])
        return found if isinstance(found, Dotted) else None

    def _upstream(self) -> tuple[str, ...] | None:
        given = self.given.get("upstream")
        items = given.items if isinstance(given, Sequence) else () if given is None else (given,)
        if self.settings.extract_upstream:
            if items:
                hint = "Remove it, or set 'meta: {extract_upstream: false}'."
                message = "'upstream' is read from the source, it cannot be given here too."
                self.report.error("upstream_twice", message, given, hint)
            return None
        return tuple(dict.fromkeys(item.text for item in items if isinstance(item, Scalar)))

    def _notebook(self, kind: TaskKind) -> NotebookOptions:
        if kind not in ("notebook", "script"):
            return NotebookOptions()
        kernel, analysis = self.given.get("kernelspec_name"), self.given.get("static_analysis")
        checks: StaticAnalysis = "regular"
        if isinstance(analysis, Scalar) and analysis.text == "disable":
            checks = "disable"
        elif isinstance(analysis, Scalar) and analysis.text == "strict":
            checks = "strict"
        local = self.parser._flag(self.given, "local_execution", default=False)
        debug = self.given.get("debug_mode")
        if debug is not None:
            hint = "Remove it. What a failed task has done can be seen in its notebook and its log."
            self.report.warning("unsupported", "'debug_mode' is not honoured.", debug, hint)
        return NotebookOptions(
            kernel=kernel.text if isinstance(kernel, Scalar) else None,
            export_arguments=self._mapping("nbconvert_export_kwargs"),
            static_analysis=checks,
            local=local,
            engine_arguments=self._engine_arguments(local=local),
        )

    def _engine_arguments(self, *, local: bool) -> dict[str, Value]:
        name = "executor_params" if "executor_params" in self.given else "papermill_params"
        if name == "executor_params" and "papermill_params" in self.given:
            hint = "Remove 'papermill_params': it is the older name."
            message = "'executor_params' and 'papermill_params' are the same; the latter is not used."
            self.report.warning("executor_params_twice", message, self.given["papermill_params"], hint)
        arguments = self._mapping(name)
        if "cwd" in arguments:
            hint = "Write 'local_execution: true' to work in the folder of the source."
            message = "'cwd' is not honoured: tasks work in the project's folder."
            self.report.warning("unsupported", message, self.given[name], "" if local else hint)
        return arguments

    def _mapping(self, name: str) -> dict[str, Value]:
        node = self.given.get(name)
        value = None if node is None else self.parser._plain(node)
        return value if isinstance(value, dict) else {}

    def _options(self) -> dict[str, Value]:
        options: dict[str, Value] = {}
        for name in _OPTIONS:
            node = self.given.get(name)
            if node is None or isinstance(value := _plain_or_nothing(node), _Nothing):
                continue
            if value != _TASK_KEYS[name].default or name == "chunksize":
                options[name] = value
        return options

    # --- Parameters

    def _params(self, name: str) -> tuple[dict[str, Value], dict[str, Need], dict[str, str]]:
        params: dict[str, Value] = {}
        computed: dict[str, Need] = {}
        resources: dict[str, str] = {}
        given = self.given.get("params")
        for key, node in given.entries if isinstance(given, Mapping) else ():
            if not self._check_param(key):
                continue
            if key.text == "resources_":
                resources = self._resources(node)
                params[key.text] = dict(resources)
                continue
            value, need = self._value(node, name, key.text)
            if need is not None:
                computed[key.text] = need
            if not isinstance(value, _Nothing):
                params[key.text] = value
        return params, computed, resources

    def _check_param(self, key: Scalar) -> bool:
        if key.text in {"upstream", "product"}:
            message = f"A parameter cannot be called '{key.text}'."
            hint = "Cauce fills that in by itself: give it another name."
            self.report.error("params_reserved", message, key, hint)
            return False
        if not key.text.isidentifier() or keyword.iskeyword(key.text):
            hint = "Use letters, digits and underscores, and no word of the language."
            self.report.error("params_name", f"'{key.text}' is not a variable name.", key, hint)
            return False
        return True

    def _value(self, node: Node, task: str, param: str) -> tuple[Value | _Nothing, Need | None]:
        """A value as it is now, and what computes it."""
        call = self.parser._call(node)
        if call is not None:
            need = Need("call", call, task)
            self.parser._need(need)
            value = self.parser.evaluated.get(need.key, _NOTHING)
            if value is None:
                hint = "Let it return a value."
                message = f"'{call.path}' returned nothing (None) for '{param}'."
                self.report.error("params_none", message, node, hint)
            return value, need
        data = self.parser._plain(node)
        if isinstance(data, _Nothing):
            return data, None
        for text in _strings(data):
            if awaits(text):
                kinds = [each for each in self._awaited() if f"{{{{{each.kind}}}}}" in text.replace(" ", "")]
                return _NOTHING, next(iter(kinds), None)
            if "{{" in text and "name" in text and text.replace(" ", "").find("{{name}}") >= 0:
                hint = "Write the name out, or define 'name' in env.yaml."
                self.report.error("placeholder_undefined", "'{{name}}' is filled in for 'product' only.", node, hint)
                return _NOTHING, None
        return data, None

    def _awaited(self) -> tuple[Need, ...]:
        environment = self.parser.environment
        return () if environment is None else tuple(environment.needs.values())

    def _resources(self, node: Node) -> dict[str, str]:
        if not isinstance(node, Mapping):
            hint = "Write 'resources_: {name: path}'."
            self.report.error("params_resources", "'resources_' must be a mapping of names to paths.", node, hint)
            return {}
        found: dict[str, str] = {}
        for key, value in node.entries:
            if not isinstance(value, Scalar) or not isinstance(value.value, str):
                self.report.error("params_resources", f"The resource '{key.text}' must be a path.", value)
            else:
                found[key.text] = inside(value.text, value, self.parser.root, "resource", self.report)
        return found

    # --- Products

    def _rule(self, kind: TaskKind, path: str, client: Dotted | str | None) -> ProductRule:
        given = self.given
        cls, wanted, exporters = (
            given.get("product_class"),
            given.get("nb_product_key"),
            given.get("nbconvert_exporter_name"),
        )
        keys: tuple[str, ...] = ("nb",)
        if isinstance(wanted, Sequence):
            keys = tuple(dict.fromkeys(item.text for item in wanted.items if isinstance(item, Scalar)))
        elif isinstance(wanted, Scalar):
            keys = (wanted.text,)
        named: str | dict[str, str] | None = None
        if isinstance(exporters, Scalar):
            named = exporters.text
        elif isinstance(exporters, Mapping):
            named = {key.text: value.text for key, value in exporters.entries if isinstance(value, Scalar)}
        default = self.settings.product_classes.get(_CLASS_OF_KIND[kind])
        beside = self.settings.relative_to_source and kind != "function"
        return ProductRule(
            root=self.parser.root,
            folder=posixpath.dirname(path) if beside else "",
            product_class=cls.text if isinstance(cls, Scalar) else default,
            clients={name: each for name, each in self.settings.clients.items() if name in PRODUCT_CLASSES},
            client=self.parser._dotted(given.get("product_client")),
            database=client,
            keys=keys,
            listed=isinstance(wanted, Sequence),
            exporters=named,
        )

    def _complete(self, task: TaskSpec, rule: ProductRule) -> TaskSpec:
        """The task with its products, as far as the file names them."""
        given = self.given.get("product")
        if task.extract_product:
            if given is not None:
                hint = "Remove it, or remove 'extract_product' from 'meta'."
                message = "'product' is read from the source, it cannot be given here too."
                self.report.error("product_twice", message, given, hint)
            return replace(task, product_rule=rule)
        if given is None:
            if self._is_sound("product"):
                message = f"The task '{task.name}' has no 'product'."
                self.report.error("task_no_product", message, self.node, _product_example(task))
            return task
        return _with(task, read_products(given, task.name, task.kind, rule, self.report))

    # --- Grids

    def _grid(self, node: Node, task: TaskSpec, rule: ProductRule) -> list[TaskSpec]:
        template, named = task.name, "name" in self.given
        if not named and self._is_sound("name"):
            message = "A task with a 'grid' needs a 'name'."
            hint = f"Add 'name: {task.name}-', to which numbers are added, or 'name: {task.name}-[[parameter]]'."
            self.report.error("grid_no_name", message, node, hint)
        if not named:
            template = f"{task.name}-"
        grid = self._axes(node, task)
        if grid is None:
            return []
        size = tuple(a + b for a, b in zip(count(grid), self.parser.grid_size, strict=True))
        if too_many(*size):
            hint = "Use fewer values, or combine them in one task."
            self.report.error("grid_too_large", "The grid makes more tasks than there may be.", node, hint)
            return []
        self.parser.grid_size = (size[0], size[1])
        known = frozenset(axis.name for axes in grid for axis in axes) | task.params.keys()
        before = len(self.report.problems)
        paths = placeholders(template, self.node.get("name") or self.node, known, self.report)
        in_products = self._product_placeholders(known)
        sound = len(self.report.problems) == before
        return self._combined(node, task, rule, grid, template, (*paths, *in_products), sound=sound)

    def _combined(
        self,
        node: Node,
        task: TaskSpec,
        rule: ProductRule,
        grid: list[list[Axis]],
        template: str,
        paths: tuple[str, ...],
        *,
        sound: bool,
    ) -> list[TaskSpec]:
        texts = Texts()
        made: dict[str, TaskSpec] = {}
        complaints: dict[str, Problem] = {}
        twice = ""
        for combination in combinations(grid):
            params = {**combination.params, **task.params}
            values = texts.of(params, paths)
            name = fill(template, values) if GRID_PLACEHOLDER.search(template) else f"{template}{combination.index}"
            if name in made or _has_controls(name) or not name.strip():
                twice = twice or name or "''"
                continue
            computed = {key: need for key, need in task.computed.items() if key not in combination.params}
            each = replace(task, name=name, params=params, computed=computed)
            before = len(self.report.problems)
            made[name] = self._complete(each, replace(rule, index=combination.index, values=values))
            # What is wrong with the entry is wrong with each of its tasks, and said once.
            for problem in self.report.problems[before:]:
                complaints.setdefault(f"{problem.code} {problem.where}", problem)
            del self.report.problems[before:]
        self.report.problems += complaints.values()
        place = self.node.get("name") or node
        if twice and sound:
            message = f"'{template}' does not tell the tasks of the grid apart: it is '{twice}' more than once."
            if _has_controls(twice) or twice == "''":
                message = f"'{template}' gives a task a name that is empty or has control characters."
            self.report.error("grid_names", message, place, "Name all parameters that vary, as [[parameter]].")
        if texts.too_long:
            hint = "Use a short parameter in the name."
            self.report.error("grid_names", "A value is too long to be part of a name.", place, hint)
        return list(made.values())

    def _product_placeholders(self, known: frozenset[str]) -> tuple[str, ...]:
        product = self.given.get("product")
        parts = [node for _, node in product.entries] if isinstance(product, Mapping) else [product]
        found: list[str] = []
        for part in parts:
            for item in part.items if isinstance(part, Sequence) else (part,):
                if isinstance(item, Scalar):
                    found += placeholders(item.text, item, known, self.report)
        return tuple(found)

    def _axes(self, node: Node, task: TaskSpec) -> list[list[Axis]] | None:
        """The parameters of the grid and their values; None when they are wrong, or not known before the build."""
        grid: list[list[Axis]] = []
        overlapping: set[str] = set()
        before, pending = len(self.report.problems), False
        for part in node.items if isinstance(node, Sequence) else (node,):
            axes: list[Axis] = []
            for key, value in part.entries if isinstance(part, Mapping) else ():
                if not self._check_param(key):
                    continue
                if key.text in task.params or key.text in task.computed:
                    if key.text not in overlapping:
                        hint = "Remove it from one of them."
                        message = f"'{key.text}' is in 'grid' and in 'params'."
                        self.report.error("grid_overlap", message, key, hint)
                    overlapping.add(key.text)
                    continue
                data, need = self._value(value, task.name, key.text)
                pending = pending or (need is not None and isinstance(data, _Nothing))
                if isinstance(data, _Nothing):
                    continue
                values = data if isinstance(data, list) else [data]
                if not values:
                    message = f"The grid's parameter '{key.text}' has no values."
                    self.report.error("grid_empty", message, value, "Give it at least one.")
                axes.append(Axis(key.text, values))
            grid.append(axes)
        if len(self.report.problems) > before:
            return None
        if pending:
            message = f"How many tasks '{task.name}' makes is computed when built."
            self.report.warning("grid_unevaluated", message, node, "Build the pipeline once to see them.")
            return None
        if not any(grid):
            self.report.error("grid_empty", "The grid has no parameters.", node, "Add 'parameter: [values]'.")
            return None
        return grid


class _Nothing:
    """No value: the node had a problem, or it is not known before the build."""


_NOTHING = _Nothing()


def _plain_or_nothing(node: Node) -> Value | _Nothing:
    try:
        return plain(node)
    except TooLarge:
        return _NOTHING


def _with(task: TaskSpec, made: Made) -> TaskSpec:
    notebook = replace(task.notebook, exporters=made.exporters) if made.exporters else task.notebook
    return replace(task, products=made.files, relations=made.relations, notebooks=made.notebooks, notebook=notebook)


def _product_example(task: TaskSpec) -> str:
    match task.kind:
        case "notebook":
            return f"Add 'product: {{nb: output/{task.name}.ipynb, data: output/{task.name}.csv}}'."
        case "sql":
            return f"Add 'product: [{task.name}, table]', or 'product: output/{task.name}.csv' to write a file."
        case _:
            return f"Add 'product: output/{task.name}.csv'."


def _has_controls(text: str) -> bool:
    return any(unicodedata.category(character) == "Cc" for character in text)


def _strings(value: Value) -> Iterable[str]:
    match value:
        case str():
            yield value
        case list():
            for item in value:
                yield from _strings(item)
        case dict():
            for item in value.values():
                yield from _strings(item)
