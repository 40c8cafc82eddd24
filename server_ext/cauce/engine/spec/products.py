"""What tasks make: files, folders, tables and views; which of them is the executed notebook.

Products are named in the pipeline or, with `extract_product`, in the sources: the same rules
for both. `check_products` looks at all of them together, once all are known.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Literal

from cauce.contract import Problem, TaskKind, Where
from cauce.engine.document import Mapping as MappingNode
from cauce.engine.document import Node, Scalar, TooLarge, Value, readable
from cauce.engine.document import Sequence as SequenceNode
from cauce.engine.files import STATE
from cauce.engine.spec.grid import GRID_PLACEHOLDER, MAX_PATH, fill
from cauce.engine.spec.keys import FOREIGN_PRODUCTS, NOTEBOOK_SUFFIXES, PRODUCT_CLASSES
from cauce.engine.spec.model import Dotted, ProductRule, ProductSpec, RelationSpec, TaskSpec
from cauce.engine.spec.report import Report, task_problem
from cauce.engine.spec.shapes import unfilled

__all__ = ["Made", "check_products", "inside", "read_products", "suffix", "with_products", "wrap"]

_NAME = re.compile(r"\{\{ ?name ?\}\}")
_HINT_PLACE = "Give the product another path, such as one below 'output/'."


_OF_KIND: Mapping[TaskKind, Literal["file", "relation"]] = {
    "notebook": "file",
    "script": "file",
    "dump": "file",
    "sql": "relation",
}
"""What tasks of a kind make; functions and shell scripts make either."""


@dataclass(frozen=True)
class Made:
    """The products of one task."""

    files: tuple[ProductSpec, ...] = ()
    relations: tuple[RelationSpec, ...] = ()
    notebooks: tuple[str, ...] = ()
    exporters: Mapping[str, str] | None = None


def suffix(path: str) -> str:
    """With its dot, in small letters."""
    return PurePosixPath(path).suffix.lower()


def wrap(value: Value, where: Where | Node | None, depth: int = 64) -> Node:
    """Plain data as if it had been written at one place; line 0 where there is none.

    Raises:
        TooLarge: It is nested too deeply.
    """
    if depth < 0:
        raise TooLarge
    line, column = (where.line or 0, where.column or 0) if where is not None else (0, 0)
    if isinstance(value, dict):
        entries = tuple(
            (Scalar(str(key), str(key), line, column), wrap(each, where, depth - 1)) for key, each in value.items()
        )
        return MappingNode(entries, line, column)
    if isinstance(value, list):
        return SequenceNode(tuple(wrap(each, where, depth - 1) for each in value), line, column)
    return Scalar("" if value is None else str(value), value, line, column)


def inside(text: str, node: Node, root: str, what: str, report: Report, folder: str = "") -> str:
    """A path of the project, POSIX, relative to its root; a problem for one that leaves it.

    One that is written in full is made relative. `folder` is what a relative one is relative to.
    """
    if len(text) > MAX_PATH:
        message = f"The {what} is a path of more than {MAX_PATH:,} characters."
        report.error("path_too_long", message, node, "Give it a shorter path.")
        return text[:MAX_PATH]
    if unfilled(text):
        return text  # undefined: has a problem of its own; or not known before the build
    if not text.strip() or "\0" in text:
        report.error("path_empty", f"The {what} is not a path.", node)
        return text
    path = posixpath.normpath(text)
    base = root.rstrip("/")
    if path.startswith(f"{base}/") and base:
        path = path[len(base) + 1 :]
    elif path == base:
        path = "."
    elif not posixpath.isabs(path):
        path = posixpath.normpath(posixpath.join(folder, path)) if folder else path
    if posixpath.isabs(path) or path == ".." or path.startswith("../") or "\\" in text or text.startswith("~"):
        hint = "Use a path below the folder of pipeline.yaml, with forward slashes."
        report.error("path_outside", f"The {what} '{text}' is outside the project.", node, hint)
    elif path == ".":
        report.error("path_empty", f"The {what} is the project itself.", node)
    return path


# --- Reading ----------------------------------------------------------------------------------


def read_products(node: Node, task: str, kind: TaskKind, rule: ProductRule, report: Report) -> Made:
    """What a task makes, as its key `product` or its source says it. `task` is the task's name."""
    if rule.product_class in FOREIGN_PRODUCTS:
        hint = "Valid are: " + ", ".join(PRODUCT_CLASSES) + "."
        report.error("unsupported", f"Products of the class '{rule.product_class}' cannot be made.", node, hint)
        return Made()
    wanted, given = _OF_KIND.get(kind), PRODUCT_CLASSES.get(rule.product_class or "")
    if wanted is not None and given is not None and wanted != given:
        noun = "files" if wanted == "file" else "tables and views"
        valid = ", ".join(name for name, each in PRODUCT_CLASSES.items() if each == wanted)
        message = f"'{task}' can only make {noun}, no '{rule.product_class}'."
        report.error("product_class", message, node, f"Remove the class of the product, or use: {valid}.")
        return Made()
    parts = [(key.text, value) for key, value in node.entries] if isinstance(node, MappingNode) else [("", node)]
    files: list[ProductSpec] = []
    relations: list[RelationSpec] = []
    sound = True
    for key, part in parts:
        before = len(report.problems)
        if isinstance(part, SequenceNode):
            relation = _relation(key, part, task, kind, rule, report)
            relations += [] if relation is None else [relation]
        elif isinstance(part, Scalar) and part.value is not None and part.text.strip():
            product = _file(key, part, task, kind, rule, report, single=not isinstance(node, MappingNode))
            files += [] if product is None else [product]
        else:
            report.error("product_shape", f"The product '{key}' must be one path.", part)
        sound = sound and len(report.problems) == before
    if not parts:
        report.error("product_shape", "'product' names no product.", node, "Add 'name: path' entries.")
    if kind != "notebook" or not parts:
        return Made(tuple(files), tuple(relations))
    if not sound:
        # Which of them is the notebook can be told all the same, but more complaints would mislead.
        known = {product.key for product in files}
        return Made(tuple(files), tuple(relations), tuple(key for key in ("", *rule.keys) if key in known))
    notebooks, exporters = _notebooks(files, node, task, rule, report)
    return Made(tuple(files), tuple(relations), notebooks, exporters)


def with_products(
    task: TaskSpec, value: Value, where: Where, product_class: str | None = None
) -> tuple[TaskSpec, list[Problem]]:
    """The task with the products that its source names: a path, a mapping, or ``[schema, name, table]``.

    `where` is the place in the source. `product_class` is what the source says of it, such as
    ``SQLiteRelation``; None where it says nothing.
    """
    rule = task.product_rule or ProductRule("")
    if product_class is not None:
        rule = replace(rule, product_class=product_class)
    report = Report(where.path)
    report.task = task.name
    if not _is_text(value):
        hint = "Write it with whole characters."
        report.error("product_shape", "The product holds half of a character.", wrap(None, where), hint)
        return task, report.problems
    try:
        node = wrap(value, where)
    except TooLarge:
        report.error("product_shape", "The product is nested too deeply.", wrap(None, where))
        return task, report.problems
    if isinstance(node, Scalar) and node.value is None:
        report.error("task_no_product", f"The source of '{task.name}' names no product.", node, "Set 'product'.")
        return task, report.problems
    made = read_products(node, task.name, task.kind, rule, report)
    notebook = replace(task.notebook, exporters=made.exporters or {})
    found = replace(task, products=made.files, relations=made.relations, notebooks=made.notebooks, notebook=notebook)
    return found, report.problems


def _is_text(value: Value) -> bool:
    """Can all of it be stored and sent? Python and Jinja can write halves of characters."""
    match value:
        case str():
            return readable(value) == value
        case list():
            return all(map(_is_text, value))
        case dict():
            return all(map(_is_text, (*value, *value.values())))
        case _:
            return True


def _named(text: str, task: str, rule: ProductRule, node: Node, report: Report, *, single: bool) -> str:
    """A product's path or name with its placeholders filled in and, of a grid, its number in it."""
    if rule.index is None:
        if GRID_PLACEHOLDER.search(text):
            hint = "Add a 'grid', or write the value."
            report.error("placeholder_no_grid", f"'{text}' has a placeholder of a grid, and there is none.", node, hint)
        return _NAME.sub(lambda _: task, text)
    # Ploomber's names, to the letter: products of projects that were built before lie under them.
    if single:
        text = _NAME.sub(lambda _: task, text)
    return _NAME.sub(lambda _: task, fill(_numbered(text, rule.index), rule.values))


def _numbered(text: str, index: int) -> str:
    path = PurePosixPath(text)
    ending = "".join(path.suffixes)
    stem = path.name[: len(path.name) - len(ending)] if ending else path.name
    return str(path.with_name(f"{stem}-{index}{ending}")) if path.name else f"{text}-{index}"


def _file(
    key: str, node: Scalar, task: str, kind: TaskKind, rule: ProductRule, report: Report, *, single: bool
) -> ProductSpec | None:
    if _expected(kind, rule) == "relation":
        hint = "Write 'product: [name, table]' or '[schema, name, table]'."
        if kind == "sql" and rule.product_class is None:
            dump = "or a .csv or .parquet file to write what it selects."
            hint = report.meant(suffix(node.text), (".csv", ".parquet")) or f"{hint[:-1]}, {dump}"
        report.error("product_class", f"The product of '{task}' must be a table or view.", node, hint)
        return None
    text = node.text if len(node.text) > MAX_PATH else _named(node.text, task, rule, node, report, single=single)
    path = inside(text, node, rule.root, "product", report, rule.folder)
    client = rule.client if rule.client is not None else rule.clients.get("File")
    if isinstance(client, str):
        report.error("spec_type", "A storage for files is no address.", node, "Give a function that makes the client.")
        client = None
    return ProductSpec(key, path, client)


def _relation(
    key: str, node: SequenceNode, task: str, kind: TaskKind, rule: ProductRule, report: Report
) -> RelationSpec | None:
    words = [item.text if isinstance(item, Scalar) and item.value is not None else "" for item in node.items]
    files = [word for word in words if "/" in word or suffix(word)]
    if files and words[-1] not in ("table", "view") and _expected(kind, rule) != "relation":
        each = ", ".join(f"{_key_of(word, number)}: {word}" for number, word in enumerate(words, 1))
        hint = f"Write 'product: {{{each}}}'."
        report.error("product_shape", "Several files are a mapping of names to paths, no list.", node, hint)
        return None
    if _expected(kind, rule) == "file":
        hint = "Write a path" + (", or add 'product_class: SQLRelation'." if kind in {"function", "shell"} else ".")
        report.error("product_class", f"The product of '{task}' must be a file.", node, hint)
        return None
    if len(words) not in (2, 3) or not words[-2].strip():
        hint = "Write '[name, table]' or '[schema, name, table]'."
        report.error("product_shape", "A table or view is a list of two or three words.", node, hint)
        return None
    made: Literal["table", "view"]
    if words[-1] == "table":
        made = "table"
    elif words[-1] == "view":
        made = "view"
    else:
        hint = "The last word is 'table' or 'view'."
        report.error("product_shape", f"'{words[-1]}' is neither a table nor a view.", node.items[-1], hint)
        return None
    name = words[-2]
    if max(map(len, words)) > MAX_PATH:
        report.error("path_too_long", "The name of the table or view is too long.", node, "Give it a shorter name.")
        return None
    if rule.index is not None:
        name = fill(f"{name}-{rule.index}", rule.values)
    elif GRID_PLACEHOLDER.search(name):
        hint = "Add a 'grid', or write the value."
        report.error("placeholder_no_grid", f"'{name}' has a placeholder of a grid, and there is none.", node, hint)
    schema = words[0] if len(words) == 3 and words[0] else None
    return RelationSpec(key, _NAME.sub(lambda _: task, name), schema, made, _database(rule))


def _key_of(path: str, number: int) -> str:
    stem = PurePosixPath(path).stem
    return stem if stem.isidentifier() else f"file{number}"


def _database(rule: ProductRule) -> Dotted | str | None:
    """Where a table is: as the task says, as the file says for the class of product, or where the task runs."""
    classes = [rule.product_class] if rule.product_class is not None else [*PRODUCT_CLASSES]
    given = (rule.clients[each] for each in classes if each in rule.clients and PRODUCT_CLASSES[each] == "relation")
    return rule.client if rule.client is not None else next(given, rule.database)


def _expected(kind: TaskKind, rule: ProductRule) -> Literal["file", "relation"] | None:
    """What the products must be; None where their shape tells."""
    return _OF_KIND.get(kind) or PRODUCT_CLASSES.get(rule.product_class or "")


def _notebooks(
    files: Sequence[ProductSpec], node: Node, task: str, rule: ProductRule, report: Report
) -> tuple[tuple[str, ...], Mapping[str, str]]:
    """Keys of the products that are the executed notebook, and the exporters named for them."""
    paths = {product.key: product.path for product in files}
    if not rule.keys:
        return (), {}  # which they are had a problem of its own
    keys = ("",) if "" in paths and len(paths) == 1 and not isinstance(node, MappingNode) else rule.keys
    exporters = _exporters(keys, node, rule, report)
    for key in keys:
        if key not in paths:
            report.error(
                "product_no_notebook",
                f"The products of '{task}' lack the executed notebook ('{key}').",
                node,
                f"Add '{key}: output/{task}.ipynb'.",
            )
        elif unfilled(paths[key]) or suffix(paths[key]) in NOTEBOOK_SUFFIXES or key in exporters:
            continue
        else:
            ending = suffix(paths[key])
            close = report.meant(ending, NOTEBOOK_SUFFIXES) if ending else ""
            if not close:
                close = f"Give two products: 'nb: output/{task}.ipynb' and 'data: {paths[key]}'."
            report.error("product_no_notebook", f"'{paths[key]}' is no notebook.", node, close)
    if rule.listed:
        for key, path in paths.items():
            if key not in keys and suffix(path) in NOTEBOOK_SUFFIXES:
                hint = f"Add '{key}' to 'nb_product_key'."
                report.error("product_unlisted", f"'{path}' is a notebook, too, and not listed.", node, hint)
    return tuple(key for key in keys if key in paths), exporters


def _exporters(keys: tuple[str, ...], node: Node, rule: ProductRule, report: Report) -> Mapping[str, str]:
    match rule.exporters:
        case None:
            return {}
        case str():
            if rule.listed and len(keys) > 1:
                hint = "Write a mapping: 'nbconvert_exporter_name: {" + keys[-1] + ": " + rule.exporters + "}'."
                report.error("exporter_which", "It is not said which product the exporter is for.", node, hint)
                return {}
            return {keys[0]: rule.exporters}
        case _:
            for key in rule.exporters:
                if key not in keys:
                    hint = "Add it to 'nb_product_key'."
                    report.error(
                        "exporter_which", f"There is an exporter for '{key}', which is no notebook.", node, hint
                    )
            return {key: exporter for key, exporter in rule.exporters.items() if key in keys}


# --- All together -----------------------------------------------------------------------------


def check_products(tasks: Sequence[TaskSpec], pipeline: str, files: Iterable[str] = ()) -> list[Problem]:
    """No two products may be one file, and none may be, or hold, a file that is another's.

    What a task wrote into another's product would change that behind its back. `pipeline` is the
    pipeline file, `files` are all that were read for it (`PipelineSpec.files`); relative to the root.
    """
    problems: list[Problem] = []
    owners: dict[str, str] = {}
    written = {task.source: f"the source of '{task.name}'" for task in tasks if task.kind != "function"}
    written |= dict.fromkeys(files, "which the pipeline reads") | {pipeline: "the pipeline itself"}
    modules = _modules(tasks)
    for task in tasks:
        for path in [product.path for product in task.products]:
            if path == STATE or path.startswith(f"{STATE}/"):
                message = f"The product '{path}' lies where Cauce keeps its state."
                problems.append(task_problem(task, "product_in_state", message, _HINT_PLACE))
            elif path in written or path in modules:
                whose = written.get(path) or f"the source of '{modules[path]}'"
                message = f"Building '{task.name}' would overwrite {path}, {whose}."
                problems.append(task_problem(task, "product_is_source", message, _HINT_PLACE))
            elif path in owners and not unfilled(path):
                problems.append(_twice(task, f"'{path}'", owners[path], "file"))
            owners.setdefault(path, task.name)
        for relation in task.relations:
            place = f"{relation.path} {_client_name(relation.client)}"
            if place in owners:
                problems.append(
                    _twice(task, f"The {relation.kind} '{relation.qualified}'", owners[place], relation.kind)
                )
            owners.setdefault(place, task.name)
    problems += _check_nesting(tasks, written)
    return problems


def _twice(task: TaskSpec, what: str, owner: str, noun: str) -> Problem:
    message = f"{what} is a product of '{owner}' already, and of '{task.name}'."
    hint = f"Each product needs a {noun} of its own, each task files of its own."
    return task_problem(task, "duplicate_product", message, hint)


def _client_name(client: Dotted | str | None) -> str:
    return client.path if isinstance(client, Dotted) else client or ""


def _modules(tasks: Iterable[TaskSpec]) -> dict[str, str]:
    """Files in which the functions of tasks may be → the task."""
    found: dict[str, str] = {}
    for task in tasks:
        if task.kind == "function":
            module = task.source.rpartition(".")[0].replace(".", "/")
            found |= {f"{module}.py": task.name, f"{module}/__init__.py": task.name}
    return found


def _check_nesting(tasks: Sequence[TaskSpec], written: Mapping[str, str]) -> Iterable[Problem]:
    by_name = {task.name: (position, task) for position, task in enumerate(tasks)}
    places = [(f"{product.path}/", task.name) for task in tasks for product in task.products]
    places += [(f"{path}/", "") for path in written]  # nobody's: not made by a task
    around: list[tuple[str, str]] = []
    for path, owner in sorted(places):  # a folder, then all that lies below it
        while around and not path.startswith(around[-1][0]):
            around.pop()
        if around and path != around[-1][0] and owner != around[-1][1]:
            folder, other = around[-1]
            _, later = max((by_name[task] for task in (owner, other) if task), key=lambda each: each[0])
            inner = f"the product {path[:-1]} of '{owner}'" if owner else f"{path[:-1]}, {written[path[:-1]]}"
            outer = f"The product {folder[:-1]} of '{other}'" if other else f"The file {folder[:-1]}"
            hint = "Give each task a folder of its own to write to."
            yield task_problem(later, "product_nested", f"{outer} would hold {inner}.", hint)
        around.append((path, owner))
