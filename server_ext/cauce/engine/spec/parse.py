"""pipeline.yaml → a frozen `PipelineSpec` and every problem found on the way, each with file:line.

Ploomber's dialect, read statically: nothing is imported, evaluated or rendered. Each task
stands for itself: what is wrong with one never hides another. Which keys there are and what
shape their values have is said in `keys`; here is what they mean together. A key that changes
nothing here (hot reload, …) is accepted in silence; one that cannot be honoured is said.
"""

from __future__ import annotations

import errno
import os
import posixpath
from collections.abc import Iterable
from collections.abc import Mapping as Dict
from dataclasses import replace
from pathlib import PurePosixPath

from cauce.engine.document import Mapping, Node, Scalar, Sequence, TooLarge, Value, read_document, readable
from cauce.engine.spec.env import read_environment
from cauce.engine.spec.find import Find, find_in
from cauce.engine.spec.keys import CONFIG, EXECUTOR, META, SOURCE_LOADER, TASK_DEFAULTS, TOP
from cauce.engine.spec.limits import read_limits
from cauce.engine.spec.model import Dotted, Entry, Evaluated, Hooks, Limits, Need, PipelineSpec, TaskSpec
from cauce.engine.spec.products import inside, wrap
from cauce.engine.spec.reading import Read, Reading, Settings
from cauce.engine.spec.report import MAX_PROBLEMS
from cauce.engine.spec.shapes import Fields, check_fields, dotted_name, unfilled
from cauce.engine.spec.tasks import read_entry

__all__ = ["MAX_PROBLEMS", "Read", "parse_spec"]


def parse_spec(
    entry: Entry,
    read: Read,
    evaluated: Evaluated,
    find: Find | None = None,
    variables: Dict[str, str] | None = None,
) -> PipelineSpec:
    """Parse a pipeline. Everything wrong inside of it is a problem.

    `find` names the scripts that match a pattern; by default those on the disk below the root.
    `variables` are those for ``{{env.NAME}}``; by default those of this process.
    How products stand to each other is not looked at: `check_products` does, once all are known.

    Raises:
        OSError: The pipeline file itself cannot be read (FileNotFoundError: it is not there).
    """
    parser = _Parser(Reading(entry, read, evaluated), variables)
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


class _Parser:
    def __init__(self, reading: Reading, variables: Dict[str, str] | None) -> None:
        self.reading = reading
        self.variables = variables
        self.entry = reading.entry
        self.report = reading.report
        self.folder = posixpath.dirname(self.entry.name) if self.entry.kind == "file" else ""
        """Of the pipeline file, relative to the root."""
        self.files = [self.entry.name] if self.entry.kind == "file" else []
        self.tasks: dict[str, TaskSpec] = {}
        self.entries = 0
        """Entries of `tasks` that were read."""
        self.hooks = Hooks()
        self.jobs: int | None = None
        self.preload: tuple[str, ...] | None = None
        self.compare_code = True
        self.list_functions = False
        self.unevaluated = False

    # --- The three ways in

    def file(self, content: bytes) -> PipelineSpec:
        self.reading.environment = read_environment(
            self.entry, self.reading.read, self.reading.evaluated, variables=self.variables
        )
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
        self.reading.need(need)
        value = self.reading.evaluated.get(need.key)
        if value is None:
            self.unevaluated = True
            return self._spec()
        try:
            made = wrap(value, location)
        except TooLarge:
            self.report.error("spec_shape", f"What '{path}' makes is nested too deeply.", location)
            return self._spec()
        self.reading.literal = True
        self._pipeline(made, broken=False)
        return self._spec()

    def scripts(self, paths: Iterable[str]) -> PipelineSpec:
        """Each script a task that names its own products."""
        self.reading.settings = Settings(extract_product=True)
        for path in paths:
            if readable(path) != path:
                message = f"The name of the script {readable(path)} is no text."
                self.report.error("path_not_text", message, None, "Give it a name in UTF-8.")
                continue
            self.report.file = path
            node = wrap({"source": path}, None)
            self._entry(replace(node, line=1, column=1), "")
        self.report.file = self.entry.name
        if not self.tasks:
            self.report.error(
                "spec_no_tasks", f"No script matches '{self.entry.target}'.", None, "Scripts end in .py, .ipynb or .R."
            )
        return self._spec()

    def _location(self, root: Mapping, location: Node) -> PipelineSpec:
        location = self.reading.filled(location)
        others = [key for key, _ in root.entries if key.text != "location"]
        for key in others:
            hint = "Remove one of them: the function makes the whole pipeline."
            self.report.error("location_alone", f"'{key.text}' cannot stand beside 'location'.", key, hint)
        if not isinstance(location, Scalar):
            hint = "Write 'location: module.function'."
            self.report.error("spec_type", "'location' must be the dotted path of a function.", location, hint)
            return self._spec()
        # Values for this time only are values of env.yaml here: see `runner.factory`.
        return self.factory(location, {f"env.{key}": value for key, value in self.entry.overrides.items()})

    def _look_for_environment(self) -> None:
        """Files of values that would count if they were there, so that their appearance is noticed."""
        environment = self.reading.environment
        if environment is not None:
            self.files += environment.files
        part = PurePosixPath(self.entry.path.stem).name.removeprefix("pipeline").strip(".")
        for name in [f"env.{part}.yaml"] * bool(part) + ["env.yaml"]:
            for folder in dict.fromkeys((self.folder, "")):
                self.files.append(posixpath.join(folder, name))

    def _spec(self) -> PipelineSpec:
        report = self.report
        if self.reading.environment is not None:
            report.problems[:0] = self.reading.environment.problems
            errors = any(problem.severity == "error" for problem in report.problems)
            idle = None if errors or self.unevaluated or self.reading.literal else self.reading.environment.unused()
            if idle is not None:
                report.problems.append(idle)
            for need in self.reading.environment.needs.values():
                self.reading.need(need)
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
            needs=tuple(self.reading.needs.values()),
            unevaluated=self.unevaluated,
            hooks=self.hooks,
            jobs=self.jobs,
            preload=self.preload,
            compare_code=self.compare_code,
            list_functions=self.list_functions,
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
        filled = self.reading.filled(head)
        if isinstance(filled, Mapping):
            self._head(filled)
        if tasks is None:
            if not broken:
                self.report.error("spec_no_tasks", "The key 'tasks' is missing.", root, "Add a list of tasks.")
        elif isinstance(tasks, Scalar) and tasks.value is None:
            if not broken and self.reading.settings.imports is None:
                hint = "Add '- source: …' entries below it."
                self.report.error("spec_tasks_empty", "'tasks' is empty.", tasks, hint)
        elif not isinstance(tasks, Sequence):
            self.report.error("spec_tasks_shape", "'tasks' must be a list.", tasks, "Begin each task with '- '.")
        else:
            self._tasks(tasks, "", broken=broken)
        if self.reading.settings.imports is not None:
            self._import(self.reading.settings.imports)

    def _head(self, head: Mapping) -> None:
        given = check_fields(head, TOP, self.report)
        meta = self._fields(given.get("meta"), META)
        config = self._fields(given.get("config"), CONFIG)
        loader = self._fields(meta.get("source_loader"), SOURCE_LOADER)
        if "source_loader" in meta and not loader:
            hint = "Add 'path: folder' or 'module: package'."
            self.report.error("source_loader", "'source_loader' names no place.", meta["source_loader"], hint)
        self.compare_code = self.reading.flag(config, "outdated_by_code", default=True)
        self.list_functions = self.reading.flag(meta, "jupyter_functions_as_notebooks", default=False)
        self.jobs = self._jobs(given.get("executor"))
        if isinstance(modules := given.get("preload"), Sequence):
            self.preload = tuple(each.text for each in modules.items if isinstance(each, Scalar))
        self.hooks = self.reading.hooks(given)
        serializer, unserializer = (
            self.reading.dotted(given.get("serializer")),
            self.reading.dotted(given.get("unserializer")),
        )
        self.reading.settings = Settings(
            extract_upstream=self.reading.flag(meta, "extract_upstream", default=True),
            extract_product=self.reading.flag(meta, "extract_product", default=False),
            relative_to_source=self.reading.flag(meta, "product_relative_to_source", default=False),
            product_classes=self._default_classes(meta.get("product_default_class")),
            clients=self._clients(given.get("clients")),
            loader=self._loader(loader),
            serializer=serializer if isinstance(serializer, Dotted) else None,
            unserializer=unserializer if isinstance(unserializer, Dotted) else None,
            limits=read_limits(self._fields(given.get("task_defaults"), TASK_DEFAULTS), Limits(), self.report),
            imports=meta.get("import_tasks_from"),
            doubtful=frozenset(_unsound(head, given) | _unsound(head.get("meta"), meta)),
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
            client = self.reading.dotted(value)
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
                folder = inside(joined, node, self.reading.root, "path", self.report)
                folders += [folder] if len(self.report.problems) == before else []
        return tuple(folders)

    def _package(self, module: str) -> str:
        """The folder of a package of the project, which is found by its name: nothing is imported."""
        path = module.replace(".", "/")
        places = [posixpath.normpath(posixpath.join(base, path)) for base in (self.folder, "", "src")]
        for place in dict.fromkeys(places):
            self.files.append(f"{place}/__init__.py")
            if self.reading.exists(f"{place}/__init__.py"):
                return place
        for place in dict.fromkeys(places):
            if self.reading.exists(f"{place}.py"):
                return posixpath.dirname(place) or "."
        # A package need not have an __init__.py: then it is where the pipeline lies in it, or beside it.
        return next((place for place in places if f"{self.folder}/".startswith(f"{place}/")), places[0])

    def _import(self, node: Node) -> None:
        text = node.text if isinstance(node, Scalar) else ""
        before = len(self.report.problems)
        path = inside(text, node, self.reading.root, "file of tasks", self.report, self.folder)
        if len(self.report.problems) > before or unfilled(path):
            return
        self.files.append(path)
        try:
            content = self.reading.read(path)
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
        for index, node in enumerate(nodes.items):
            problems, tasks = len(self.report.problems), len(self.tasks)
            self._entry(node, folder, imported=imported)
            if broken and index == len(nodes.items) - 1 and len(self.report.problems) > problems:
                # The text breaks off here: what this entry lacks is not its fault.
                del self.report.problems[problems:]
                for name in list(self.tasks)[tasks:]:
                    del self.tasks[name]
                    self.report.unsound.discard(name)

    def _entry(self, node: Node, folder: str, *, imported: bool = False) -> None:
        """One entry, which is called by its number while it has no name."""
        report = self.report
        self.entries += 1
        since = report.begin(f"#{self.entries}")
        made = read_entry(self.reading, node, folder, imported=imported)
        twice = next((task.name for task in made if task.name in self.tasks), None)
        if twice is not None:
            at = self.tasks[twice].where
            file = "" if at.path == report.file else f"{at.path}, "
            message = f"There is already a task '{twice}' ({file}line {at.line})."
            # Whoever asks for it may mean either.
            report.error("duplicate_task", message, node, "Give one of them another 'name'.")
        for task in made:
            self.tasks.setdefault(task.name, task)
        report.end(since, tuple(task.name for task in made))


def _unsound(node: Node | None, given: Dict[str, Node]) -> set[str]:
    """Keys that had a problem; of a section that is none, all that matter."""
    if isinstance(node, Mapping):
        return {key.text for key, value in node.entries if not _is_null(value)} - given.keys()
    return set() if node is None or _is_null(node) else {"extract_upstream", "extract_product"}


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is None
