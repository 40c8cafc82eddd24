"""One entry of `tasks` → the tasks that it makes. Each stands for itself: it spoils no other."""

from __future__ import annotations

import keyword
import posixpath
import unicodedata
from collections.abc import Iterable
from collections.abc import Mapping as Dict
from dataclasses import replace
from pathlib import PurePosixPath

from cauce.contract import Problem, TaskKind
from cauce.engine.document import Mapping, Node, Scalar, Sequence, TooLarge, Value, plain
from cauce.engine.spec.grid import (
    GRID_PLACEHOLDER,
    MAX_EXPANDED,
    MAX_NAME,
    MAX_PATH,
    Axis,
    Texts,
    combinations,
    count,
    fill,
    placeholders,
    too_many,
)
from cauce.engine.spec.keys import EXPORTERS, FOREIGN_CLASSES, PRODUCT_CLASSES, TASK, TASK_CLASSES
from cauce.engine.spec.limits import read_limits
from cauce.engine.spec.model import Dotted, Limits, Need, NotebookOptions, ProductRule, StaticAnalysis, TaskSpec
from cauce.engine.spec.products import Made, inside, read_products, suffix
from cauce.engine.spec.quantities import seconds_of
from cauce.engine.spec.reading import NOTHING, Nothing, Reading
from cauce.engine.spec.report import Report
from cauce.engine.spec.shapes import Key, check_fields, dotted_name, unfilled

__all__ = ["read_entry"]

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


def read_entry(reading: Reading, node: Node, folder: str, *, imported: bool) -> list[TaskSpec]:
    """The tasks that an entry of `tasks` makes: one, or those of its grid; none when it is hopeless.

    `folder` is what its source is relative to; imported ones are found without a source loader.
    """
    report = reading.report
    node = reading.filled(node)
    if reading.settings.extract_product and isinstance(node, Scalar) and isinstance(node.value, str):
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
    if len(source.text) > MAX_PATH:
        message = f"The source is a path of more than {MAX_PATH:,} characters."
        report.error("path_too_long", message, source, "Give it a shorter path.")
        return []
    foreign = node.get("class")
    if isinstance(foreign, Scalar) and foreign.text in FOREIGN_CLASSES:
        # Its own keys are not known here, and it is no use to complain about each.
        hint = "Write a script, a function or an SQL script that does it."
        report.error("task_unsupported", f"Tasks of the class '{foreign.text}' cannot be run.", foreign, hint)
        return [_foreign(node, source, report)]
    given = check_fields(node, TASK, report)
    return _Entry(reading, node, given, source, folder, imported).tasks()


def _foreign(node: Mapping, source: Scalar, report: Report) -> TaskSpec:
    """What stands for a task that cannot be run, for those that need it."""
    name = node.get("name")
    named = isinstance(name, Scalar) and name.text.strip() and len(name.text) <= MAX_NAME
    text = name.text if isinstance(name, Scalar) and named else PurePosixPath(source.text).stem[:MAX_NAME]
    given = node.get("upstream")
    items = given.items if isinstance(given, Sequence) else () if given is None else (given,)
    upstream = tuple(dict.fromkeys(item.text for item in items if isinstance(item, Scalar)))
    return TaskSpec(text, "sql", source.text, (), (), {}, upstream, report.where(node))


class _Entry:
    """One entry of `tasks`, whose values have the right shape; makes one task, or those of its grid."""

    def __init__(
        self, reading: Reading, node: Mapping, given: dict[str, Node], source: Scalar, folder: str, imported: bool
    ) -> None:
        self.reading = reading
        self.report = reading.report
        self.settings = reading.settings
        self.node = node
        self.given = given
        self.source = source
        self.folder = folder
        self.imported = imported

    def tasks(self) -> list[TaskSpec]:
        kind = self._kind()
        if kind is None:
            return [_foreign(self.node, self.source, self.report)]
        self._check_kinds(kind)
        path, templates = self._source(kind)
        name = self._name(kind)
        task = self._common(name, kind, path, templates)
        rule = self._rule(kind, path, task.client)
        grid = self.given.get("grid")
        if grid is not None:
            return self._grid(grid, task, rule)
        if not self._is_sound("grid"):
            return []
        if self.node.get("name") is not None and GRID_PLACEHOLDER.search(name):
            hint = "Add a 'grid', or write the value."
            message = f"'{name}' has a placeholder of a grid, and there is none."
            self.report.error("placeholder_no_grid", message, self.node.get("name"), hint)
        return [self._complete(task, rule)]

    # --- What kind of task

    def _kind(self) -> TaskKind | None:
        """None where it cannot be told, which is the only thing to say then."""
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
        if unfilled(text) or not self._is_sound("class"):
            return "notebook"  # what is wrong was said
        message = f"Cannot tell what kind of task '{text}' is."
        close = self.report.meant(suffix(text), _KIND_OF_SUFFIX) if suffix(text) else ""
        valid = "Use a script or notebook (" + ", ".join(sorted(_KIND_OF_SUFFIX)) + "), or 'module.function'."
        self.report.error("task_kind", message, self.source, f"{close} {valid}".strip())
        return None

    def _is_file_name(self, text: str) -> bool:
        """Does it look like a file, and is there no module that could have such a function?"""
        if suffix(text) not in _FILE_SUFFIXES:
            return False
        module = text.rpartition(".")[0].replace(".", "/")
        return not any(self.reading.exists(path) for path in (f"{module}.py", f"{module}/__init__.py"))

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
            return inside(text, self.source, self.reading.root, "source", self.report, self.folder), None
        folder = loader[0]
        if len(loader) > 1:
            joined = ((each, posixpath.normpath(posixpath.join(each, text))) for each in loader)
            folder = next((each for each, path in joined if self.reading.exists(path)), folder)
        return inside(text, self.source, self.reading.root, "source", self.report, folder), folder

    def _name(self, kind: TaskKind) -> str:
        source = self.source.text
        default = source.replace("::", ".").rpartition(".")[2] if kind == "function" else PurePosixPath(source).stem
        given = self.node.get("name")
        if given is None or "name" not in self.given:
            if _has_controls(default):
                message = "The source's name gives the task a name with control characters."
                self.report.error("task_name", message, self.source, "Add a 'name'.")
            if len(default or source) > MAX_NAME:
                message = f"The source gives the task a name of more than {MAX_NAME} characters."
                self.report.error("task_name", message, self.source, "Add a 'name'.")
            return (default or source)[:MAX_NAME]
        name = given.text if isinstance(given, Scalar) else default
        if _has_controls(name):
            message = "'name' must be one line without control characters."
            self.report.error("task_name", message, given)
            return (default or source)[:MAX_NAME]
        if len(name) > MAX_NAME:
            message = f"'name' must have {MAX_NAME} characters at most."
            self.report.error("task_name", message, given, "Give the task a shorter name.")
            return name[:MAX_NAME]
        return name

    # --- What all tasks of the entry have in common

    def _common(self, name: str, kind: TaskKind, path: str, templates: str | None) -> TaskSpec:
        params, computed, resources = self._params(name, kind)
        client = self._client(kind)
        arguments = self._engine_arguments(kind)
        limits = self._limits(arguments)
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
            hooks=self.reading.hooks(self.given),
            client=client,
            serializer=self._serializer("serializer", kind, self.settings.serializer),
            unserializer=self._serializer("unserializer", kind, self.settings.unserializer),
            notebook=self._notebook(kind, arguments),
            limits=limits,
            template_folder=templates,
            options=self._options(),
        )

    def _client(self, kind: TaskKind) -> Dotted | str | None:
        client = self.reading.dotted(self.given.get("client"))
        if client is None and "client" not in self.given and self._is_sound("client"):
            client = self.settings.clients.get(_CLASS_OF_KIND[kind])
            known = self._is_sound("class") and "clients" not in self.settings.doubtful
            if client is None and kind in ("sql", "dump") and known:
                hint = f"Add 'client: module.function', or 'clients: {{{_CLASS_OF_KIND[kind]}: module.function}}'."
                message = "It is not said which database the SQL runs in."
                self.report.error("task_no_client", message, self.source, hint)
        return client

    def _is_sound(self, name: str) -> bool:
        """Had the key no problem of its own? Else nothing is to be said of what follows from it."""
        node = self.node.get(name)
        return name in self.given or node is None or (isinstance(node, Scalar) and node.value is None)

    def _serializer(self, name: str, kind: TaskKind, default: Dotted | None) -> Dotted | None:
        if kind != "function":
            return None
        if name not in self.given:
            return default
        found = self.reading.dotted(self.given[name])
        return found if isinstance(found, Dotted) else None

    def _upstream(self) -> tuple[str, ...] | None:
        given = self.given.get("upstream")
        items = given.items if isinstance(given, Sequence) else () if given is None else (given,)
        if self.settings.extract_upstream:
            if items and "extract_upstream" not in self.settings.doubtful:
                hint = "Remove it, or set 'meta: {extract_upstream: false}'."
                message = "'upstream' is read from the source, it cannot be given here too."
                self.report.error("upstream_twice", message, given, hint)
            return None
        names = tuple(dict.fromkeys(item.text for item in items if isinstance(item, Scalar)))
        if any(len(name) > MAX_NAME for name in names):
            message = f"No task has a name of more than {MAX_NAME} characters."
            self.report.error("upstream_unknown", message, given, "Name tasks of this pipeline.")
        return tuple(name for name in names if len(name) <= MAX_NAME)

    def _notebook(self, kind: TaskKind, arguments: dict[str, Value]) -> NotebookOptions:
        if kind not in ("notebook", "script"):
            return NotebookOptions()
        kernel, analysis = self.given.get("kernelspec_name"), self.given.get("static_analysis")
        checks: StaticAnalysis = "regular"
        if isinstance(analysis, Scalar) and analysis.text == "disable":
            checks = "disable"
        elif isinstance(analysis, Scalar) and analysis.text == "strict":
            checks = "strict"
        debug = self.given.get("debug_mode")
        if debug is not None:
            hint = "Remove it. What a failed task has done can be seen in its notebook and its log."
            self.report.warning("unsupported", "'debug_mode' is not honoured.", debug, hint)
        return NotebookOptions(
            kernel=kernel.text if isinstance(kernel, Scalar) else None,
            export_arguments=self._mapping("nbconvert_export_kwargs"),
            static_analysis=checks,
            local=self.reading.flag(self.given, "local_execution", default=False),
            engine_arguments=arguments,
        )

    def _engine_arguments(self, kind: TaskKind) -> dict[str, Value]:
        if kind not in ("notebook", "script"):
            return {}
        name = "executor_params" if "executor_params" in self.given else "papermill_params"
        if name == "executor_params" and "papermill_params" in self.given:
            hint = "Remove 'papermill_params': it is the older name."
            message = "'executor_params' and 'papermill_params' are the same; the latter is not used."
            self.report.warning("executor_params_twice", message, self.given["papermill_params"], hint)
        arguments = self._mapping(name)
        if "cwd" in arguments:
            local = self.reading.flag(self.given, "local_execution", default=False)
            hint = "" if local else "Write 'local_execution: true' to work in the folder of the source."
            message = "'cwd' is not honoured: tasks work in the project's folder."
            self.report.warning("unsupported", message, self.given[name], hint)
        return arguments

    def _limits(self, arguments: dict[str, Value]) -> Limits:
        """`arguments` are Papermill's, among which the limit for the start of a kernel may be."""
        limits = read_limits(self.given, self.settings.limits, self.report)
        seconds = seconds_of(arguments.pop("start_timeout", None))
        if not seconds:
            return limits
        node = self.given["executor_params" if "executor_params" in self.given else "papermill_params"]
        if "start_timeout" in self.given:
            message = "'start_timeout' is given twice; that of the executor is not used."
            self.report.warning("start_timeout_twice", message, node, "Remove the latter.")
            return limits
        places = {**limits.places, "start_timeout": self.report.where(node)}
        return replace(limits, start_timeout=seconds, places=places)

    def _mapping(self, name: str) -> dict[str, Value]:
        node = self.given.get(name)
        value = None if node is None else self.reading.plain(node)
        return value if isinstance(value, dict) else {}

    def _options(self) -> dict[str, Value]:
        options: dict[str, Value] = {}
        for name in _OPTIONS:
            node = self.given.get(name)
            if node is None or isinstance(value := _plain_or_nothing(node), Nothing):
                continue
            if value != _TASK_KEYS[name].default or name == "chunksize":
                options[name] = value
        return options

    # --- Parameters

    def _params(self, name: str, kind: TaskKind) -> tuple[dict[str, Value], dict[str, Need], dict[str, str]]:
        params: dict[str, Value] = {}
        computed: dict[str, Need] = {}
        resources: dict[str, str] = {}
        given = self.given.get("params")
        for key, node in given.entries if isinstance(given, Mapping) else ():
            if not self._check_param(key, kind):
                continue
            if key.text == "resources_":
                resources = self._resources(node)
                params[key.text] = dict(resources)
                continue
            value, need = self._value(node, name, key.text)
            if need is not None:
                computed[key.text] = need
            if not isinstance(value, Nothing):
                params[key.text] = value
        return params, computed, resources

    def _check_param(self, key: Scalar, kind: TaskKind) -> bool:
        if key.text in {"upstream", "product"}:
            message = f"A parameter cannot be called '{key.text}'."
            hint = "Cauce fills that in by itself: give it another name."
            self.report.error("params_reserved", message, key, hint)
            return False
        # A function may take any name, with ``**``.
        if kind in ("notebook", "script") and (not key.text.isidentifier() or keyword.iskeyword(key.text)):
            hint = "Use letters, digits and underscores, and no word of the language."
            self.report.error("params_name", f"'{key.text}' is not a variable name.", key, hint)
            return False
        return True

    def _value(self, node: Node, task: str, param: str) -> tuple[Value | Nothing, Need | None]:
        """A value as it is now, and what computes it."""
        call = self.reading.call(node)
        if call is not None:
            need = Need("call", call, task)
            self.reading.need(need)
            value = self.reading.evaluated.get(need.key, NOTHING)
            if value is None:
                hint = "Let it return a value."
                message = f"'{call.path}' returned nothing (None) for '{param}'."
                self.report.error("params_none", message, node, hint)
            return value, need
        data = self.reading.plain(node)
        if isinstance(data, Nothing):
            return data, None
        for text in _strings(data):
            if awaited := self.reading.awaited(text):
                return NOTHING, awaited
            if "{{" in text and "name" in text and text.replace(" ", "").find("{{name}}") >= 0:
                hint = "Write the name out, or define 'name' in env.yaml."
                self.report.error("placeholder_undefined", "'{{name}}' is filled in for 'product' only.", node, hint)
                return NOTHING, None
        return data, None

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
                found[key.text] = inside(value.text, value, self.reading.root, "resource", self.report)
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
        if not (self._is_sound("nb_product_key") and self._is_sound("nbconvert_exporter_name")):
            keys = ()
        elif isinstance(wanted, Sequence):
            keys = tuple(dict.fromkeys(item.text for item in wanted.items if isinstance(item, Scalar)))
        elif isinstance(wanted, Scalar):
            keys = (wanted.text,)
        named: str | dict[str, str] | None = None
        if isinstance(exporters, Scalar):
            named = exporters.text
        elif isinstance(exporters, Mapping):
            named = {key.text: value.text for key, value in exporters.entries if isinstance(value, Scalar)}
        self._check_exporters(exporters)
        default = self.settings.product_classes.get(_CLASS_OF_KIND[kind])
        beside = self.settings.relative_to_source and kind != "function"
        return ProductRule(
            root=self.reading.root,
            folder=posixpath.dirname(path) if beside else "",
            product_class=cls.text if isinstance(cls, Scalar) else default,
            clients={name: each for name, each in self.settings.clients.items() if name in PRODUCT_CLASSES},
            client=self.reading.dotted(given.get("product_client")),
            database=client,
            keys=keys,
            listed=isinstance(wanted, Sequence),
            exporters=named,
        )

    def _check_exporters(self, node: Node | None) -> None:
        for each in [value for _, value in node.entries] if isinstance(node, Mapping) else [node]:
            if not isinstance(each, Scalar) or each.text in EXPORTERS:
                continue
            if close := self.report.meant(each.text, EXPORTERS):
                # Only what looks like a slip: packages may bring exporters of their own.
                self.report.warning("exporter_unknown", f"nbconvert has no exporter '{each.text}'.", each, close)

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
            if self._is_sound("product") and "extract_product" not in self.settings.doubtful:
                message = f"The task '{task.name}' has no 'product'."
                self.report.error("task_no_product", message, self.node, _product_example(task))
            return task
        classes = self._is_sound("class") and self._is_sound("product_class")
        if not classes or "product_default_class" in self.settings.doubtful:
            return task  # what it makes cannot be told
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
        size = tuple(a + b for a, b in zip(count(grid), self.reading.grid_size, strict=True))
        if too_many(*size):
            hint = "Use fewer values, or combine them in one task."
            self.report.error("grid_too_large", "The grid makes more tasks than there may be.", node, hint)
            return []
        self.reading.grid_size = (size[0], size[1])
        known = frozenset(axis.name for axes in grid for axis in axes) | task.params.keys()
        before = len(self.report.problems)
        paths = placeholders(template, self.node.get("name") or self.node, known, self.report)
        in_products = self._product_placeholders(known)
        if task.extract_product:  # which of them the source will ask for is not known
            in_products = tuple(axis.name for axes in grid for axis in axes if _are_short(axis.values))
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
        weight = sum(map(texts.weight, task.params.values())) + self._weight_of_products()
        made: dict[str, TaskSpec] = {}
        complaints: dict[str, Problem] = {}
        twice = ""
        for combination in combinations(grid):
            params = {**combination.params, **task.params}
            values = texts.of(params, paths)
            name = fill(template, values) if GRID_PLACEHOLDER.search(template) else f"{template}{combination.index}"
            if len(name) > MAX_NAME:
                message = f"'{template}' gives a task a name of more than {MAX_NAME} characters."
                self.report.error("grid_names", message, self.node.get("name") or node, "Use short parameters in it.")
                break
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
            if any(problem.code == "path_too_long" for problem in complaints.values()):
                break
            self.reading.grid_expanded += weight + sum(map(texts.weight, combination.params.values()))
            self.reading.grid_expanded += sum(100 + len(product.path) for product in made[name].products)
            if self.reading.grid_expanded > MAX_EXPANDED:
                made.clear()
                hint = "Use fewer values, or keep large ones in files."
                self.report.error("grid_too_large", "The grid's tasks are too much text all together.", node, hint)
                break
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

    def _weight_of_products(self) -> int:
        product = self.given.get("product")
        parts = [node for _, node in product.entries] if isinstance(product, Mapping) else [product]
        return sum(100 + (len(part.text) if isinstance(part, Scalar) else 0) for part in parts)

    def _axes(self, node: Node, task: TaskSpec) -> list[list[Axis]] | None:
        """The parameters of the grid and their values; None when they are wrong, or not known before the build."""
        grid: list[list[Axis]] = []
        overlapping: set[str] = set()
        before, pending = len(self.report.problems), False
        for part in node.items if isinstance(node, Sequence) else (node,):
            axes: list[Axis] = []
            for key, value in part.entries if isinstance(part, Mapping) else ():
                if not self._check_param(key, task.kind):
                    continue
                if key.text in task.params or key.text in task.computed:
                    if key.text not in overlapping:
                        hint = "Remove it from one of them."
                        message = f"'{key.text}' is in 'grid' and in 'params'."
                        self.report.error("grid_overlap", message, key, hint)
                    overlapping.add(key.text)
                    continue
                data, need = self._value(value, task.name, key.text)
                pending = pending or (need is not None and isinstance(data, Nothing))
                if isinstance(data, Nothing):
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


def _are_short(values: Iterable[Value]) -> bool:
    return not any(isinstance(value, list | dict) or len(str(value)) > 100 for value in values)


def _plain_or_nothing(node: Node) -> Value | Nothing:
    try:
        return plain(node)
    except TooLarge:
        return NOTHING


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
