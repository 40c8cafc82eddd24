"""pipeline.yaml → a frozen `PipelineSpec` and every problem found on the way, each with file:line.

Ploomber's dialect, read statically: nothing is imported, evaluated or rendered. Each task
stands for itself: what is wrong with one never hides another. A key that Ploomber knows
and this version does not honour yet is a problem of its task (`unsupported`), not silence:
running it would do something else than the file says.
"""

from __future__ import annotations

import difflib
import errno
import keyword
import os
import posixpath
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath

from cauce.contract import Problem, Where
from cauce.engine.document import Mapping, Node, Scalar, Sequence, TooLarge, Value, plain, read_document
from cauce.engine.spec.model import Entry, Evaluated, NotebookOptions, PipelineSpec, ProductSpec, TaskKind, TaskSpec

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

_TOP_KEYS = tuple(
    """
    meta config clients tasks serializer unserializer executor on_finish on_render on_failure
    location
    """.split()
)
_META_KEYS = tuple(
    """
    extract_upstream extract_product product_relative_to_source product_default_class source_loader
    import_tasks_from jupyter_hot_reload jupyter_functions_as_notebooks
    """.split()
)
_TASK_KEYS = tuple(
    """
    source name product upstream params kernelspec_name nb_product_key class product_class client
    product_client on_finish on_render on_failure serializer unserializer grid executor
    executor_params papermill_params nbconvert_exporter_name nbconvert_export_kwargs static_analysis
    local_execution check_if_kernel_installed debug_mode chunksize io_handler
    """.split()
)

# Known keys that change nothing here: Cauce always runs in parallel, checks the kernel
# when it starts it, and shows no functions as notebooks.
_HARMLESS = frozenset(
    ("executor", "static_analysis", "check_if_kernel_installed", "jupyter_hot_reload", "jupyter_functions_as_notebooks")
)
_UNDERSTOOD_META = frozenset(("extract_upstream",))
_UNDERSTOOD_TASK = frozenset(
    ("source", "name", "product", "upstream", "params", "kernelspec_name", "nb_product_key", "class")
)
_LATER = "This version of Cauce does not support it yet."
MAX_PROBLEMS = 100
"""More than anybody reads; a file made to have thousands must not cost seconds and megabytes."""


Read = Callable[[str], bytes | None]
"""Content of a file by its path relative to the root; None when it is not there. Raises OSError."""


def parse_spec(entry: Entry, read: Read, evaluated: Evaluated) -> PipelineSpec:
    """Parse a pipeline. Everything wrong inside of it is a problem.

    Raises:
        OSError: The pipeline file itself cannot be read (FileNotFoundError: it is not there).
    """
    content = read(entry.name)
    if content is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), entry.name)
    return _Parser(entry).parse(content)


class _Parser:
    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.path = entry.path
        self.problems: list[Problem] = []

    # --- The file as a whole

    def parse(self, content: bytes) -> PipelineSpec:
        document = read_document(content, self.path.name)
        self.problems.extend(document.problems)
        broken = bool(document.problems)
        root = document.root
        if root is None or (isinstance(root, Scalar) and root.value is None):
            if not broken:
                self._error(
                    "spec_empty", "The file is empty.", None, hint="Add 'tasks:' with a list of '- source: …' entries."
                )
            return self._spec(())
        if isinstance(root, Sequence):
            return self._spec(self._tasks(root, extract_upstream=True, broken=broken))
        if not isinstance(root, Mapping):
            if not broken:
                self._error("spec_shape", "A pipeline is a mapping with the key 'tasks'.", root)
            return self._spec(())
        self._check_keys(root, _TOP_KEYS, "pipeline key")
        for key, _ in root.entries:
            if key.text in _TOP_KEYS and key.text not in {"tasks", "meta"} | _HARMLESS:
                self._error("unsupported", f"The key '{key.text}' cannot be honoured.", key, hint=_LATER)
        extract_upstream = self._meta(root.get("meta"))
        tasks = root.get("tasks")
        if tasks is None:
            if not broken and root.get("location") is None:
                self._error("spec_no_tasks", "The key 'tasks' is missing.", root, hint="Add a list of tasks.")
            return self._spec(())
        if isinstance(tasks, Scalar) and tasks.value is None:
            if not broken:
                self._error("spec_tasks_empty", "'tasks' is empty.", tasks, hint="Add '- source: …' entries below it.")
            return self._spec(())
        if not isinstance(tasks, Sequence):
            self._error("spec_tasks_shape", "'tasks' must be a list.", tasks, hint="Begin each task with '- '.")
            return self._spec(())
        return self._spec(self._tasks(tasks, extract_upstream=extract_upstream, broken=broken))

    def _spec(self, tasks: tuple[TaskSpec, ...]) -> PipelineSpec:
        unsound = frozenset(p.task for p in self.problems if p.task is not None and p.severity == "error")
        if len(self.problems) > MAX_PROBLEMS:
            more = len(self.problems) - MAX_PROBLEMS + 1
            del self.problems[MAX_PROBLEMS - 1 :]
            self._error("too_many_problems", f"There are {more} more problems.", None, hint="Mend the first ones.")
        return PipelineSpec(self.entry, tasks, tuple(self.problems), unsound, files=(self.entry.name,))

    def _meta(self, meta: Node | None) -> bool:
        """Check `meta`; answer whether upstream is extracted from the sources."""
        if meta is None or (isinstance(meta, Scalar) and meta.value is None):
            return True
        if not isinstance(meta, Mapping):
            self._error("spec_shape", "'meta' must be a mapping.", meta)
            return True
        self._check_keys(meta, _META_KEYS, "key of 'meta'")
        for key, value in meta.entries:
            if key.text not in _META_KEYS or key.text in _UNDERSTOOD_META | _HARMLESS:
                continue
            if isinstance(value, Scalar) and value.value is False:
                continue  # spelled-out default
            self._error("unsupported", f"'meta.{key.text}' cannot be honoured.", key, hint=_LATER)
        extract = meta.get("extract_upstream")
        if extract is None:
            return True
        if not isinstance(extract, Scalar) or not isinstance(extract.value, bool):
            self._error("spec_type", "'extract_upstream' must be true or false.", extract)
            return True
        return extract.value

    # --- One task

    def _tasks(self, nodes: Sequence, *, extract_upstream: bool, broken: bool) -> tuple[TaskSpec, ...]:
        tasks: list[TaskSpec] = []
        seen: dict[str, Node] = {}
        for index, node in enumerate(nodes.items):
            before = len(self.problems)
            task = self._task(node, f"#{index + 1}", extract_upstream)
            if broken and index == len(nodes.items) - 1 and len(self.problems) > before:
                # The text breaks off here: what this entry lacks is not its fault.
                del self.problems[before:]
                continue
            if task is None:
                continue
            if task.name in seen:
                self._error(
                    "duplicate_task",
                    f"There is already a task '{task.name}' (line {seen[task.name].line}).",
                    node,
                    hint="Give one of them another 'name'.",
                    task=task.name,  # whoever asks for it may mean either
                )
                continue
            seen[task.name] = node
            tasks.append(task)
        self._check_products(tasks, seen)
        return tuple(tasks)

    def _check_products(self, tasks: Iterable[TaskSpec], nodes: dict[str, Node]) -> None:
        """No two products may be one file, and none may be, or hold, a file that is another's.

        What a task wrote into another's product would change that behind its back.
        """
        owners: dict[str, str] = {}
        written = {task.source: f"the source of '{task.name}'" for task in tasks if task.kind != "function"}
        written[self.path.name] = "the pipeline itself"
        for task in tasks:
            for product in task.products:
                if product.path == ".cauce" or product.path.startswith(".cauce/"):
                    self._error(
                        "product_in_state",
                        f"The product '{product.path}' lies where Cauce keeps its state.",
                        nodes[task.name],
                        hint="Give the product another path, such as one below 'output/'.",
                        task=task.name,
                    )
                elif product.path in written:
                    self._error(
                        "product_is_source",
                        f"Building '{task.name}' would overwrite {product.path}, {written[product.path]}.",
                        nodes[task.name],
                        hint="Give the product another path, such as one below 'output/'.",
                        task=task.name,
                    )
                elif product.path in owners:
                    self._error(
                        "duplicate_product",
                        f"'{product.path}' is a product of '{owners[product.path]}' already.",
                        nodes[task.name],
                        hint="Each product needs a file of its own, each task files of its own.",
                        task=task.name,
                    )
                owners.setdefault(product.path, task.name)
        self._check_nesting(tasks, nodes, written)

    def _check_nesting(self, tasks: Iterable[TaskSpec], nodes: dict[str, Node], written: dict[str, str]) -> None:
        order = {task.name: position for position, task in enumerate(tasks)}
        places = [(f"{product.path}/", task.name) for task in tasks for product in task.products]
        places += [(f"{path}/", "") for path in written]  # nobody's: not made by a task
        around: list[tuple[str, str]] = []
        for path, owner in sorted(places):  # a folder, then all that lies below it
            while around and not path.startswith(around[-1][0]):
                around.pop()
            if around and path != around[-1][0] and owner != around[-1][1]:
                folder, other = around[-1]
                later = max((task for task in (owner, other) if task), key=lambda task: order[task])
                inner = f"the product {path[:-1]} of '{owner}'" if owner else f"{path[:-1]}, {written[path[:-1]]}"
                outer = f"The product {folder[:-1]} of '{other}'" if other else f"The file {folder[:-1]}"
                self._error(
                    "product_nested",
                    f"{outer} would hold {inner}.",
                    nodes[later],
                    hint="Give each task a folder of its own to write to.",
                    task=later,
                )
            around.append((path, owner))

    def _task(self, node: Node, place: str, extract_upstream: bool) -> TaskSpec | None:
        """One entry. `place` is what it is called while it has no name: it spoils no other task."""
        if not isinstance(node, Mapping):
            message = "A task is a mapping with 'source' and 'product'."
            self._error("task_shape", message, node, hint="Write '- source: …'.", task=place)
            return None
        source = node.get("source")
        if not isinstance(source, Scalar) or not isinstance(source.value, str) or not source.text.strip():
            hint = "Add 'source: tasks/….py'."
            self._error("task_no_source", "The task has no 'source'.", source or node, hint=hint, task=place)
            return None
        name = self._name(node, source.text)
        self._check_keys(node, _TASK_KEYS, "task key", task=name)
        for key, _ in node.entries:
            if key.text in _TASK_KEYS and key.text not in _UNDERSTOOD_TASK | _HARMLESS:
                self._error("unsupported", f"The key '{key.text}' cannot be honoured.", key, hint=_LATER, task=name)
        kind = self._kind(node, source, name)
        path = self._inside(source, name, "source") if kind != "function" else source.text
        products, notebook_key = self._products(node, name)
        return TaskSpec(
            name=name,
            kind=kind,
            source=path,
            products=products,
            notebooks=(notebook_key,),
            params=self._params(node, name),
            upstream=self._upstream(node, name, extract_upstream),
            notebook=NotebookOptions(kernel=self._kernel(node, name)),
            where=Where(path=self.path.name, line=node.line, column=node.column),
        )

    def _name(self, node: Mapping, source: str) -> str:
        given = node.get("name")
        default = PurePosixPath(source).stem if _suffix(source) in _KIND_OF_SUFFIX else source.rpartition(".")[2]
        if given is None:
            if _has_controls(default):
                message = "The source's name gives the task a name with control characters."
                self._error("task_name", message, node.get("source"), hint="Add a 'name'.", task=default)
            return default
        if not isinstance(given, Scalar) or given.value is None or not given.text.strip():
            self._error("task_name", "'name' must be a word.", given, task=default)
            return default
        if _has_controls(given.text):
            self._error("task_name", "'name' must be one line without control characters.", given, task=default)
            return default
        self._check_placeholder(given, given.text, default)
        return given.text

    def _kind(self, node: Mapping, source: Scalar, task: str) -> TaskKind:
        cls = node.get("class")
        if isinstance(cls, Scalar) and cls.text != "NotebookRunner":
            self._error("unsupported", f"The class '{cls.text}' cannot be run.", cls, hint=_LATER, task=task)
        suffix = _suffix(source.text)
        kind = _KIND_OF_SUFFIX.get(suffix)
        if kind is None and "/" not in source.text and "." in source.text and suffix[1:].isidentifier():
            kind = "function"
        if kind is None:
            self._error(
                "task_kind",
                f"Cannot tell what kind of task '{source.text}' is.",
                source,
                hint="Use a script or notebook: " + ", ".join(sorted(_KIND_OF_SUFFIX)) + ".",
                task=task,
            )
            return "notebook"
        if kind != "notebook":
            what = {"function": "Functions", "sql": "SQL scripts", "shell": "Shell scripts"}[kind]
            self._error("unsupported", f"{what} cannot be run as tasks.", source, hint=_LATER, task=task)
        return kind

    def _products(self, node: Mapping, task: str) -> tuple[tuple[ProductSpec, ...], str]:
        given = node.get("product")
        wanted = node.get("nb_product_key")
        key = wanted.text if isinstance(wanted, Scalar) else "nb"
        if wanted is not None and not isinstance(wanted, Scalar):
            self._error(
                "unsupported", "'nb_product_key' must be one name.", wanted, hint=f"A list: {_LATER}", task=task
            )
        if given is None or (isinstance(given, Scalar) and given.value is None):
            self._error(
                "task_no_product",
                f"The task '{task}' has no 'product'.",
                node,
                hint=f"Add 'product: {{nb: output/{task}.ipynb, data: output/{task}.csv}}'.",
                task=task,
            )
            return (), key
        if isinstance(given, Scalar):
            products: tuple[ProductSpec, ...] = (ProductSpec("", self._inside(given, task, "product")),)
            key = ""
        elif isinstance(given, Mapping):
            entries = [(name.text, value) for name, value in given.entries]
            products = tuple(
                ProductSpec(name, self._inside(value, task, "product"))
                for name, value in entries
                if isinstance(value, Scalar)
            )
            for name, value in entries:
                if not isinstance(value, Scalar):
                    self._error("product_shape", f"The product '{name}' must be one path.", value, task=task)
        else:
            self._error("product_shape", "'product' must be a path or a mapping of names to paths.", given, task=task)
            return (), key
        self._check_notebook_product(products, key, given, task)
        return products, key

    def _check_notebook_product(self, products: tuple[ProductSpec, ...], key: str, node: Node, task: str) -> None:
        notebook = next((product for product in products if product.key == key), None)
        if notebook is None:
            self._error(
                "product_no_notebook",
                f"The products of '{task}' lack the executed notebook ('{key}').",
                node,
                hint=f"Add '{key}: output/{task}.ipynb'.",
                task=task,
            )
        elif _suffix(notebook.path) in {".html", ".pdf", ".md", ".tex", ".rst"}:
            self._error(
                "unsupported",
                f"The executed notebook cannot be written as '{_suffix(notebook.path)}'.",
                node,
                hint=f"Use an .ipynb file. {_LATER}",
                task=task,
            )
        elif _suffix(notebook.path) != ".ipynb":
            self._error(
                "product_no_notebook",
                f"'{notebook.path}' is no notebook.",
                node,
                hint=f"Give two products: 'nb: output/{task}.ipynb' and 'data: {notebook.path}'.",
                task=task,
            )

    def _params(self, node: Mapping, task: str) -> dict[str, Value]:
        given = node.get("params")
        if given is None or (isinstance(given, Scalar) and given.value is None):
            return {}
        if not isinstance(given, Mapping):
            self._error("params_shape", "'params' must be a mapping.", given, task=task)
            return {}
        params: dict[str, Value] = {}
        for key, value in given.entries:
            if key.text in {"upstream", "product"}:
                self._error(
                    "params_reserved",
                    f"A parameter cannot be called '{key.text}'.",
                    key,
                    hint="Cauce fills that in by itself: give it another name.",
                    task=task,
                )
            elif not key.text.isidentifier() or keyword.iskeyword(key.text):
                self._error(
                    "params_name",
                    f"'{key.text}' is not a variable name.",
                    key,
                    hint="Use letters, digits and underscores, and no word of the language.",
                    task=task,
                )
            elif key.text == "resources_":
                self._error("unsupported", "'params.resources_' cannot be honoured.", key, hint=_LATER, task=task)
            elif not isinstance(data := self._plain(value, task), _Nothing):
                params[key.text] = data
        return params

    def _upstream(self, node: Mapping, task: str, extract: bool) -> tuple[str, ...] | None:
        given = node.get("upstream")
        if extract:
            if given is not None:
                self._error(
                    "upstream_twice",
                    "'upstream' is read from the source, it cannot be given here too.",
                    given,
                    hint="Remove it, or set 'meta: {extract_upstream: false}'.",
                    task=task,
                )
            return None
        if given is None or (isinstance(given, Scalar) and given.value is None):
            return ()
        items = given.items if isinstance(given, Sequence) else (given,)
        names = tuple(item.text for item in items if isinstance(item, Scalar))
        if isinstance(given, Mapping) or len(names) != len(items):
            self._error("upstream_shape", "'upstream' must be a task name or a list of them.", given, task=task)
        return tuple(dict.fromkeys(names))

    def _kernel(self, node: Mapping, task: str) -> str | None:
        given = node.get("kernelspec_name")
        if given is None or (isinstance(given, Scalar) and given.value is None):
            return None
        if not isinstance(given, Scalar):
            self._error("spec_type", "'kernelspec_name' must be a kernel's name.", given, task=task)
            return None
        return given.text

    # --- Shared checks

    def _plain(self, node: Node, task: str) -> Value | _Nothing:
        try:
            value = plain(node)
        except TooLarge:
            self._error(
                "params_too_large",
                "The value is too large or too deep.",
                node,
                hint="Keep data in a file, and give the task its path.",
                task=task,
            )
            return _NOTHING
        for text in _strings(value):
            if self._check_placeholder(node, text, task):
                return _NOTHING
            if _is_call(text):
                self._error(
                    "unsupported", f"The value '{text}' is computed by a function.", node, hint=_LATER, task=task
                )
                return _NOTHING
        return value

    def _inside(self, node: Scalar, task: str, what: str) -> str:
        """A path of the project, POSIX and normalised; problems for one that leaves it."""
        text = node.text
        if self._check_placeholder(node, text, task):
            return text
        if not text.strip() or "\0" in text:
            self._error("path_empty", f"The {what} is not a path.", node, task=task)
            return text
        path = posixpath.normpath(text)
        if posixpath.isabs(path) or path == ".." or path.startswith("../") or "\\" in text or text.startswith("~"):
            self._error(
                "path_outside",
                f"The {what} '{text}' is outside the project.",
                node,
                hint="Use a path below the folder of pipeline.yaml, with forward slashes.",
                task=task,
            )
        elif path == ".":
            self._error("path_empty", f"The {what} is the project itself.", node, task=task)
        return path

    def _check_placeholder(self, node: Node, text: str, task: str) -> bool:
        if "{{" not in text and "[[" not in text:
            return False
        self._error("unsupported", f"The placeholder in '{text}' cannot be filled in.", node, hint=_LATER, task=task)
        return True

    def _check_keys(self, node: Mapping, valid: Iterable[str], what: str, task: str | None = None) -> None:
        names = tuple(valid)
        for key, _ in node.entries:
            if key.text not in names:
                # Looking for what was meant is dear: not for what will not be shown.
                looking = len(self.problems) < MAX_PROBLEMS
                close = difflib.get_close_matches(key.text, names, n=1) if looking else []
                hint = f"Did you mean '{close[0]}'?" if close else "Valid are: " + ", ".join(names) + "."
                self._error("unknown_key", f"'{key.text}' is no {what}.", key, hint=hint, task=task)

    def _error(self, code: str, message: str, node: Node | None, *, hint: str = "", task: str | None = None) -> None:
        where = Where(path=self.path.name, line=node.line if node else None, column=node.column if node else None)
        self.problems.append(Problem(code=code, message=message, severity="error", hint=hint, where=where, task=task))


class _Nothing:
    """No value: the node had a problem."""


_NOTHING = _Nothing()


def _has_controls(text: str) -> bool:
    return any(unicodedata.category(character) == "Cc" for character in text)


def _suffix(path: str) -> str:
    return PurePosixPath(path).suffix.lower()


def _strings(value: Value) -> Iterable[str]:
    match value:
        case str():
            yield value
        case list():
            for item in value:
                yield from _strings(item)
        case dict():
            for key, item in value.items():
                yield key
                yield from _strings(item)


def _is_call(text: str) -> bool:
    """Ploomber's ``module::function``: a value that is computed by calling it."""
    module, separator, function = text.partition("::")
    return bool(separator) and function.isidentifier() and all(part.isidentifier() for part in module.split("."))
