"""The keys of the dialect, as tables: what there is, which shape it has, what it means.

What validates a file and what the JSON Schema of an editor is made of are the same tables, so
that an editor completes and marks what the parser understands.
"""

from __future__ import annotations

from collections.abc import Mapping as Dict
from typing import Literal

from cauce.contract import TaskKind
from cauce.engine.spec.shapes import (
    DOTTED_WORDS,
    DURATION_WORDS,
    SIZE_WORDS,
    AnyOf,
    Anything,
    Choice,
    DottedPath,
    Duration,
    Fields,
    Flag,
    Key,
    ListOf,
    MapOf,
    Nothing,
    Number,
    Size,
    Text,
)

__all__ = [
    "CONFIG",
    "EXECUTOR",
    "EXPORTERS",
    "FOREIGN_CLASSES",
    "FOREIGN_PRODUCTS",
    "META",
    "NOTEBOOK_SUFFIXES",
    "PRODUCT_CLASSES",
    "SOURCE_LOADER",
    "TASK",
    "TASK_CLASSES",
    "TASK_DEFAULTS",
    "TOP",
]

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
EXPORTERS = tuple(
    """
    html markdown latex pdf webpdf qtpdf qtpng rst notebook slides asciidoc script python custom
    """.split()
)
"""The exporters of nbconvert itself; other packages may bring more."""

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
            MapOf(Choice(tuple(PRODUCT_CLASSES), FOREIGN_PRODUCTS), "a mapping of task classes to product classes",
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
        Key(
            "jupyter_functions_as_notebooks",
            Flag(),
            "Do listings show functions that are tasks as notebooks, beside their module? They open as such anyway.",
            False,
        ),
    ),
    "key of 'meta'",
)  # fmt: skip

_NOTEBOOK: frozenset[TaskKind] = frozenset({"notebook"})
_CODE: frozenset[TaskKind] = frozenset({"notebook", "script"})
_FUNCTION: frozenset[TaskKind] = frozenset({"function"})
_DUMP: frozenset[TaskKind] = frozenset({"dump"})

_LIMITED_TIME = AnyOf((Duration(), Nothing()), f"{DURATION_WORDS}, or null")
_LIMITS = (
    Key("timeout", _LIMITED_TIME, "How long one attempt at the task may take, in seconds or such as 90s, 15m, 2h; "
        "null: for ever."),
    Key("silence_timeout", _LIMITED_TIME, "How long it may go without printing anything and without finishing a cell; "
        "null: for ever."),
    Key("start_timeout", Duration(), "How long its kernel may take to start.", 60, kinds=_NOTEBOOK),
    Key("memory", AnyOf((Size(), Nothing()), f"{SIZE_WORDS}, or null"), "How much memory the task and all processes "
        "that it starts may use, such as 500MB or 2GiB; null: no limit of its own."),
    Key("retries", Number(0, 100), "How often it is tried again when its code raises, its process dies or it takes too "
        "long.", 0),
    Key("retry_delay", Duration(zero=True), "How long to wait before it is tried again: twice as long each time, "
        "10 minutes at most, and a little more by chance.", 5),
)  # fmt: skip
"""Ours, not Ploomber's. None of them says what is made, so that none makes a task stale."""
TASK_DEFAULTS = Fields(_LIMITS, "key of 'task_defaults'")

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
        Key("product_class", Choice(tuple(PRODUCT_CLASSES), FOREIGN_PRODUCTS), "What kind of product it makes.",
            code="product_class"),
        Key("client", DottedPath(url=True), "A function that gives the database connection, or its address, such as "
            "sqlite:///data.db.", kinds=frozenset({"sql", "dump", "shell"})),
        Key("product_client", DottedPath(url=True), "A function that gives the storage, or the database, in which "
            "products are kept."),
        *_hooks("the task"),
        Key("serializer", AnyOf((DottedPath(), Nothing()), DOTTED_WORDS), _SERIALIZER + " null: none.",
            kinds=_FUNCTION),
        Key("unserializer", AnyOf((DottedPath(), Nothing()), DOTTED_WORDS), _UNSERIALIZER + " null: none.",
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
        *_LIMITS,
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
        Key("task_defaults", TASK_DEFAULTS, "Limits and retries of each task that does not say otherwise.",
            must="a mapping"),
        Key("clients", MapOf(DottedPath(url=True), "a mapping of class names to functions", _ALL_CLASSES,
            "class of tasks or products"), "Connections and storages, by the class of tasks or products they are for."),
        Key("serializer", DottedPath(), _SERIALIZER),
        Key("unserializer", DottedPath(), _UNSERIALIZER),
        Key("preload", ListOf(Text("a module"), "a list of modules"),
            "Modules that are imported once for all tasks, besides those known to be safe; [] for none at all."),
        *_hooks("the pipeline"),
        Key("location", Text("the dotted path of a function"), "A function that makes the pipeline; the only key."),
    ),
    "pipeline key",
)  # fmt: skip
