"""The keys of the dialect, as tables: what there is, which shape it has, what it means.

What validates a file and what the JSON Schema of an editor is made of are the same tables, so
that an editor completes and marks what the parser understands. A shape says only what can be
told of a value by itself; what concerns several values is `parse`'s.
"""

from __future__ import annotations

import math
from collections.abc import Mapping as Dict
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Literal, get_args

from cauce.contract import TaskKind
from cauce.engine.document import Mapping, Node, Scalar, Sequence, Value
from cauce.engine.spec.report import Report

__all__ = [
    "CONFIG",
    "EXECUTOR",
    "META",
    "NOTEBOOK_SUFFIXES",
    "PRODUCT_CLASSES",
    "SOURCE_LOADER",
    "TASK",
    "TASK_CLASSES",
    "TOP",
    "AnyOf",
    "Anything",
    "Choice",
    "DottedPath",
    "Fields",
    "Flag",
    "Key",
    "ListOf",
    "MapOf",
    "Nothing",
    "Number",
    "Shape",
    "Text",
    "check_fields",
    "dotted_name",
    "unfilled",
]

# --- Shapes -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Text:
    """A word or line of text; a number counts as its digits."""

    what: str = "text"
    blank: bool = False
    """May it be empty?"""


@dataclass(frozen=True)
class Flag:
    """true or false."""


@dataclass(frozen=True)
class Number:
    """A number; whole ones only, unless `fractions`."""

    minimum: int = 0
    fractions: bool = False


@dataclass(frozen=True)
class Choice:
    """One of these words."""

    options: tuple[str, ...]


@dataclass(frozen=True)
class Nothing:
    """null, where it means something else than an absent key."""


@dataclass(frozen=True)
class DottedPath:
    """A function by its name, or a mapping with `dotted_path` and arguments; where `url`, an address too."""

    url: bool = False


@dataclass(frozen=True)
class ListOf:
    """A list of such values."""

    item: Shape
    what: str
    minimum: int = 0
    maximum: int | None = None


@dataclass(frozen=True)
class MapOf:
    """A mapping of any names, or of these, to such values."""

    value: Shape
    what: str
    keys: tuple[str, ...] = ()
    noun: str = "key"


@dataclass(frozen=True)
class Fields:
    """A mapping with known keys."""

    keys: tuple[Key, ...]
    noun: str


@dataclass(frozen=True)
class AnyOf:
    """One of several shapes, told by their kind; `what` names them all."""

    shapes: tuple[Shape, ...]
    what: str


@dataclass(frozen=True)
class Anything:
    """Any value."""


Shape = Text | Flag | Number | Choice | Nothing | DottedPath | ListOf | MapOf | Fields | AnyOf | Anything


@dataclass(frozen=True)
class Key:
    """One key. null always stands for an absent key, but where the shape names `Nothing`."""

    name: str
    shape: Shape
    doc: str
    default: Value = None
    kinds: frozenset[TaskKind] = dataclass_field(default_factory=lambda: frozenset(get_args(TaskKind)))
    """Tasks that it means something for."""
    code: str = "spec_type"
    raw: bool = False
    """Not checked with the others: `parse` looks at each part by itself."""
    must: str = ""
    """What the value must be, where the shape's own words say too little."""
    hint: str = ""


# --- Checking ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Fault:
    """What is wrong with a value, and where. `message` is empty for what was said elsewhere."""

    node: Node
    message: str
    hint: str = ""
    code: str = ""


def unfilled(text: str) -> bool:
    """Does a placeholder stand in it? Then it had a problem of its own, or is computed when built."""
    return "{{" in text and "}}" in text


def dotted_name(text: str) -> str | None:
    """`package.module.name` of a dotted path, also when it is written `package.module::name`; None for no such."""
    module, separator, function = text.partition("::")
    parts = [*module.split("."), function] if separator else text.split(".")
    if len(parts) < 2 or not all(part.isidentifier() for part in parts):
        return None
    return ".".join(parts)


def check_fields(node: Mapping, fields: Fields, report: Report) -> dict[str, Node]:
    """The sound entries of a mapping by their keys; a problem for each of the others.

    null where it means nothing is as if it were not there.
    """
    table = _tables(fields)
    sound: dict[str, Node] = {}
    for name, value in node.entries:
        key = table.get(name.text)
        if key is None:
            hint = report.suggestion(name.text, table)
            report.error("unknown_key", f"'{name.text}' is no {fields.noun}.", name, hint)
        elif _is_null(value) and not _means_nothing(key.shape) and not key.raw:
            continue
        elif not key.raw and (fault := _fault(value, key.shape, key.must)):
            if fault.message:
                subject = f"'{key.name}'" if fault.node is value else f"A part of '{key.name}'"
                message = fault.message if fault.code else f"{subject} must be {fault.message}."
                report.error(fault.code or key.code, message, fault.node, fault.hint or key.hint)
        else:
            sound[key.name] = value
    return sound


_TABLES: dict[int, dict[str, Key]] = {}


def _tables(fields: Fields) -> dict[str, Key]:
    # By identity: the tables are constants of this module, and thousands of tasks ask.
    if id(fields) not in _TABLES:
        _TABLES[id(fields)] = {key.name: key for key in fields.keys}
    return _TABLES[id(fields)]


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is None


def _means_nothing(shape: Shape) -> bool:
    return isinstance(shape, Nothing | Anything) or (
        isinstance(shape, AnyOf) and any(_means_nothing(each) for each in shape.shapes)
    )


def _fault(node: Node, shape: Shape, must: str = "") -> _Fault | None:
    """None for a sound value."""
    if isinstance(node, Scalar) and unfilled(node.text) and not isinstance(shape, Text | Anything | AnyOf):
        return _Fault(node, "")
    match shape:
        case Anything():
            return None
        case Text():
            sound = isinstance(node, Scalar) and node.value is not None and (shape.blank or bool(node.text.strip()))
            return None if sound else _Fault(node, must or shape.what)
        case Flag():
            sound = isinstance(node, Scalar) and isinstance(node.value, bool)
            return None if sound else _Fault(node, must or "true or false")
        case Number():
            return None if _is_number(node, shape) else _Fault(node, must or _number_words(shape))
        case Nothing():
            return None if _is_null(node) else _Fault(node, must or "null")
        case Choice():
            return _choice_fault(node, shape, must)
        case DottedPath():
            return _dotted_fault(node, shape, must)
        case ListOf():
            return _list_fault(node, shape, must)
        case MapOf():
            return _map_fault(node, shape, must)
        case Fields():
            return None if isinstance(node, Mapping) else _Fault(node, must or f"a mapping of {shape.noun}s")
        case AnyOf():
            return _any_fault(node, shape, must)


def _is_number(node: Node, shape: Number) -> bool:
    if not isinstance(node, Scalar) or isinstance(node.value, bool):
        return False
    if isinstance(node.value, float):
        return shape.fractions and math.isfinite(node.value) and node.value >= shape.minimum
    return isinstance(node.value, int) and node.value >= shape.minimum


def _number_words(shape: Number) -> str:
    return f"a {'' if shape.fractions else 'whole '}number of at least {shape.minimum}"


def _choice_fault(node: Node, shape: Choice, must: str) -> _Fault | None:
    if isinstance(node, Scalar) and node.text in shape.options:
        return None
    words = must or "one of " + ", ".join(f"'{option}'" for option in shape.options)
    close = Report("").suggestion(node.text, shape.options) if isinstance(node, Scalar) else ""
    return _Fault(node, words, close if close.startswith("Did") else "")


_DOTTED = "the dotted path of a function, or a mapping with 'dotted_path' and its arguments"
_DOTTED_HINT = "Write it as 'module.function'."


def _dotted_fault(node: Node, shape: DottedPath, must: str) -> _Fault | None:
    words = must or _DOTTED
    if isinstance(node, Mapping):
        inner = node.get("dotted_path")
        if inner is None:
            return _Fault(node, words, "Add 'dotted_path: module.function'.")
        if not isinstance(inner, Scalar) or dotted_name(inner.text) is None:
            silent = isinstance(inner, Scalar) and unfilled(inner.text)
            return _Fault(inner, "" if silent else "a dotted path such as 'module.function'")
        return None
    if isinstance(node, Scalar) and isinstance(node.value, str):
        if shape.url and "://" in node.text:
            return None
        if dotted_name(node.text) is not None:
            return None
    return _Fault(node, words, _DOTTED_HINT)


def _list_fault(node: Node, shape: ListOf, must: str) -> _Fault | None:
    if not isinstance(node, Sequence):
        return _Fault(node, must or shape.what)
    if len(node.items) < shape.minimum or (shape.maximum is not None and len(node.items) > shape.maximum):
        return _Fault(node, must or shape.what)
    for item in node.items:
        if fault := _fault(item, shape.item):
            return fault
    return None


def _map_fault(node: Node, shape: MapOf, must: str) -> _Fault | None:
    if not isinstance(node, Mapping):
        return _Fault(node, must or shape.what)
    for name, value in node.entries:
        if shape.keys and name.text not in shape.keys:
            hint = Report("").suggestion(name.text, shape.keys)
            return _Fault(name, f"'{name.text}' is no {shape.noun}.", hint, code="unknown_key")
        if not _is_null(value) and (fault := _fault(value, shape.value)):
            return fault
    return None


def _any_fault(node: Node, shape: AnyOf, must: str) -> _Fault | None:
    faults: list[_Fault] = []
    for each in shape.shapes:
        fault = _fault(node, each)
        if fault is None:
            return None
        faults.append(fault)
    if any(not fault.message for fault in faults):
        return _Fault(node, "")
    # Deeper inside, only one of the shapes can have been meant.
    deeper = next((fault for fault in faults if fault.node is not node), None)
    if deeper is not None:
        return deeper
    hint = next((fault.hint for fault in faults if fault.hint), "")
    return _Fault(node, must or shape.what, hint)


# --- Tables -----------------------------------------------------------------------------------

TASK_CLASSES: Dict[str, TaskKind] = {
    "NotebookRunner": "notebook",
    "ScriptRunner": "script",
    "PythonCallable": "function",
    "SQLScript": "sql",
    "SQLDump": "dump",
    "ShellScript": "shell",
}
FOREIGN_CLASSES: tuple[str, ...] = tuple(
    """
    SQLTransfer SQLUpload PostgresCopyFrom DownloadFromURL Link Input UploadToS3
    """.split()
)
"""Task classes of Ploomber's Python API that nothing here runs."""
PRODUCT_CLASSES: Dict[str, Literal["file", "relation"]] = {
    "File": "file",
    "SQLRelation": "relation",
    "SQLiteRelation": "relation",
    "PostgresRelation": "relation",
    "GenericSQLRelation": "relation",
}
FOREIGN_PRODUCTS = ("GenericProduct", "EmptyProduct", "MetaProduct", "Product")
NOTEBOOK_SUFFIXES: Dict[str, str] = {
    ".ipynb": "",
    ".html": "html",
    ".md": "markdown",
    ".tex": "latex",
    ".pdf": "pdf",
    ".rst": "rst",
}
"""Suffixes of an executed notebook, with the exporter that writes it ('' for the notebook itself)."""

_NAMES = AnyOf((Text(), ListOf(Text(), "a list of names")), "a name or a list of names")
_PATH = Text("a path")
_RELATION = ListOf(
    AnyOf((Text(blank=True), Nothing()), "text"),
    "a list '[schema, name, table]' or '[name, table]'",
    minimum=2,
    maximum=3,
)
_PRODUCT = AnyOf(
    (Text(), _RELATION, MapOf(AnyOf((Text(), _RELATION), "one path"), "a mapping of names to paths")),
    "a path or a mapping of names to paths",
)
_MAPPING = MapOf(Anything(), "a mapping")
_ALL_CLASSES = (*TASK_CLASSES, *FOREIGN_CLASSES, *PRODUCT_CLASSES, *FOREIGN_PRODUCTS)

_HOOK_WORDS = "a function of the project that is called"


def _hooks(whose: str) -> tuple[Key, ...]:
    return (
        Key("on_render", DottedPath(), f"A function that is called before {whose} is planned."),
        Key("on_finish", DottedPath(), f"A function that is called when {whose} has succeeded; it may refuse."),
        Key("on_failure", DottedPath(), f"A function that is called when {whose} has failed."),
    )


_SERIALIZER = "A function that writes what function tasks return: f(obj, product)."
_UNSERIALIZER = "A function that reads a product for function tasks downstream: f(product)."

CONFIG = Fields(
    (
        Key("outdated_by_code", Flag(), "Does a change of code make a task stale?", True),
        Key("cache_rendered_status", Flag(), "Of Ploomber; changes nothing here.", False),
        Key("hot_reload", Flag(), "Of Ploomber; changes nothing here: what is on the disk counts.", False),
        Key("logging_factory", Anything(), "Of Ploomber; changes nothing here."),
        Key("differ", Anything(), "Of Ploomber; changes nothing here."),
    ),
    "key of 'config'",
)

EXECUTOR = Fields(
    (
        Key("dotted_path", Text("a dotted path"), "ploomber.executors.Parallel or ploomber.executors.Serial."),
        Key("processes", Number(1), "How many tasks run at a time."),
        Key("start_method", Choice(("spawn", "fork", "forkserver")), "Of Ploomber; changes nothing here."),
        Key("print_progress", Flag(), "Of Ploomber; changes nothing here.", False),
        Key("build_in_subprocess", Flag(), "Of Ploomber; tasks always run in processes of their own.", True),
        Key("catch_exceptions", Flag(), "Of Ploomber; changes nothing here.", True),
        Key("catch_warnings", Flag(), "Of Ploomber; changes nothing here.", True),
    ),
    "key of 'executor'",
)

SOURCE_LOADER = Fields(
    (
        Key(
            "path",
            AnyOf((_PATH, ListOf(_PATH, "a list of paths")), "a path or a list of paths"),
            "The folder, or folders, in which sources are looked for, and from which templates include others.",
        ),
        Key(
            "module", Text("the name of a package"), "A package of the project in whose folder sources are looked for."
        ),
    ),
    "key of 'source_loader'",
)

META = Fields(
    (
        Key(
            "extract_upstream",
            Flag(),
            "Read what a task needs from its source; otherwise each task says it with 'upstream'.",
            True,
        ),
        Key("extract_product", Flag(), "Read products from the sources; then no task has a 'product'.", False),
        Key("product_relative_to_source", Flag(), "Are products relative to the folder of their source?", False),
        Key(
            "product_default_class",
            MapOf(Choice((*PRODUCT_CLASSES, *FOREIGN_PRODUCTS)), "a mapping of task classes to product classes",
                  (*TASK_CLASSES, *FOREIGN_CLASSES), "task class"),
            "Which class products of tasks of a class have.",
        ),
        Key("source_loader", SOURCE_LOADER, "Where sources are looked for, as templates."),
        Key(
            "import_tasks_from",
            _PATH,
            "A YAML file with a list of further tasks; sources in it are relative to that file.",
        ),
        Key("jupyter_hot_reload", Flag(), "Of Ploomber; changes nothing here: what is on the disk counts.", True),
        Key("jupyter_functions_as_notebooks", Flag(), "Of Ploomber; changes nothing here.", False),
    ),
    "key of 'meta'",
)  # fmt: skip

_NOTEBOOK: frozenset[TaskKind] = frozenset({"notebook"})
_CODE: frozenset[TaskKind] = frozenset({"notebook", "script"})
_FUNCTION: frozenset[TaskKind] = frozenset({"function"})
_DATABASE: frozenset[TaskKind] = frozenset({"sql", "dump", "function", "shell"})
_DUMP: frozenset[TaskKind] = frozenset({"dump"})

TASK = Fields(
    (
        Key(
            "source",
            Text("a path or the dotted path of a function"),
            "What runs: a script, a notebook, an SQL or shell script, or a function as 'module.function'.",
            code="task_no_source",
            hint="Add 'source: tasks/….py'.",
        ),
        Key(
            "name",
            Text("a word"),
            "What the task is called; by default the source's name. With 'grid' it may hold [[parameter]].",
            code="task_name",
        ),
        Key(
            "product",
            _PRODUCT,
            "What the task makes: a path, a mapping of names to paths, or for SQL [schema, name, table].",
            code="product_shape",
        ),
        Key(
            "upstream",
            _NAMES,
            "The tasks that it needs, with 'meta: {extract_upstream: false}'; * stands for any text.",
            code="upstream_shape",
            must="a task name or a list of them",
        ),
        Key(
            "params",
            MapOf(Anything(), "a mapping of names to values"),
            "Values that the task is given. 'module::function' is replaced by what the function returns.",
            code="params_shape",
        ),
        Key(
            "grid",
            AnyOf(
                (_MAPPING, ListOf(_MAPPING, "a list of mappings", minimum=1)), "a mapping, or a list of mappings"
            ),
            "Parameters to combine: makes a task for each combination of the listed values.",
            code="grid_shape",
        ),
        Key("class", Choice((*TASK_CLASSES, *FOREIGN_CLASSES)), "What kind of task it is; by default the suffix of "
            "the source tells.", code="task_class"),
        Key("product_class", Choice((*PRODUCT_CLASSES, *FOREIGN_PRODUCTS)), "What kind of product it makes.",
            code="product_class"),
        Key("client", DottedPath(url=True), "A function that gives the database connection, or its address, such as "
            "sqlite:///data.db.", kinds=frozenset({"sql", "dump", "shell"})),
        Key("product_client", DottedPath(url=True), "A function that gives the storage, or the database, in which "
            "products are kept."),
        *_hooks("the task"),
        Key("serializer", AnyOf((DottedPath(), Nothing()), _DOTTED), _SERIALIZER + " null: none.", kinds=_FUNCTION),
        Key("unserializer", AnyOf((DottedPath(), Nothing()), _DOTTED), _UNSERIALIZER + " null: none.",
            kinds=_FUNCTION),
        Key("kernelspec_name", Text("a kernel's name"), "The kernel that runs it.", kinds=_NOTEBOOK),
        Key("nb_product_key", _NAMES, "Which product is the executed notebook; a list for several formats.", "nb",
            kinds=_NOTEBOOK),
        Key("nbconvert_exporter_name", AnyOf(
            (Text(), MapOf(Text(), "a mapping of product names to exporters")),
            "an exporter's name, or a mapping of product names to exporters"),
            "What writes the executed notebook, where its suffix does not tell: webpdf, slides, …", kinds=_NOTEBOOK),
        Key("nbconvert_export_kwargs", _MAPPING, "Options of the exporter, such as 'exclude_input: true'.",
            kinds=_NOTEBOOK),
        Key("executor", Choice(("papermill", "ploomber-engine")), "Of Ploomber; changes nothing here.", "papermill",
            kinds=_NOTEBOOK),
        Key("executor_params", _MAPPING, "Options of the execution: start_timeout, execution_timeout, iopub_timeout.",
            kinds=_NOTEBOOK),
        Key("papermill_params", _MAPPING, "The older name of 'executor_params'.", kinds=_NOTEBOOK),
        Key("static_analysis", Choice(("disable", "regular", "strict")), "How its code is checked before it runs.",
            "regular", kinds=_CODE),
        Key("local_execution", Flag(), "Does it work in the folder of its source?", False, kinds=_CODE),
        Key("check_if_kernel_installed", Flag(), "Of Ploomber; a kernel that is missing is always said.", True,
            kinds=_NOTEBOOK),
        Key("debug_mode", Choice(("now", "later")), "Of Ploomber; is not honoured.", kinds=_NOTEBOOK | _FUNCTION),
        Key("chunksize", AnyOf((Number(1), Nothing()), "a whole number of at least 1, or null"),
            "Rows in each file of a dump; null: all in one file.", 10000, kinds=_DUMP),
        Key("io_handler", Text("a name"), "Of Ploomber: CSVIO or ParquetIO; by default the suffix tells.",
            kinds=_DUMP),
    ),
    "task key",
)  # fmt: skip

TOP = Fields(
    (
        Key("tasks", ListOf(AnyOf((TASK, Text()), "a task"), "a list"), "The tasks.", raw=True),
        Key("meta", META, "How the file is to be read.", code="spec_shape", must="a mapping"),
        Key("config", CONFIG, "Settings of the whole pipeline.", code="spec_shape", must="a mapping"),
        Key("executor", AnyOf((Choice(("serial", "parallel")), EXECUTOR),
            "'serial', 'parallel', or a mapping with 'dotted_path'"), "How many tasks run at a time.", "parallel"),
        Key("clients", MapOf(DottedPath(url=True), "a mapping of class names to functions", _ALL_CLASSES,
            "class of tasks or products"), "Connections and storages, by the class of tasks or products they are for."),
        Key("serializer", DottedPath(), _SERIALIZER),
        Key("unserializer", DottedPath(), _UNSERIALIZER),
        *_hooks("the pipeline"),
        Key("location", Text("the dotted path of a function"), "A function that makes the pipeline; the only key."),
    ),
    "pipeline key",
)  # fmt: skip
