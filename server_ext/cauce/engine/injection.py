"""The injected cell, which fills in what the pipeline gives a task: notebook → `inject` → `strip`
→ the same notebook. Pure.

What is ours in an open document carries our mark: the cell itself, and the kernel that a
source without one is served with. None of it ever reaches the user's file.
"""

from __future__ import annotations

import ast
import hashlib
import keyword
import re
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cauce.engine.codesize import too_much_code
from cauce.engine.document import Value
from cauce.engine.notebook import SourceError, cell_id

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = [
    "INJECTED_TAG",
    "METADATA_KEY",
    "PARAMETERS_TAG",
    "Binding",
    "assignment",
    "filled_in",
    "inject",
    "is_injected",
    "language_of",
    "place_of_injected",
    "serve_kernel",
    "strip",
    "tags_of",
    "without_injected",
]

PARAMETERS_TAG = "parameters"
INJECTED_TAG = "injected-parameters"
METADATA_KEY = "cauce"
"""Where our marks live, in the notebook's and in the injected cell's metadata."""


@dataclass(frozen=True)
class Binding:
    """What one task is given by its pipeline: all that the injected cell says.

    Paths in `upstream`, `product` and the parameter `resources_` are relative to `cwd`, the
    task's working directory, and POSIX; tables and views are given by their name. `upstream` is
    None for a task without dependencies: then the parameters cell's own ``upstream = None`` stays
    in force (Ploomber's rule).
    """

    root: Path
    pipeline: str
    """The pipeline file, relative to `root`."""
    task: str
    params: Mapping[str, Value]
    upstream: Mapping[str, Value] | None
    product: Value
    kernel: str | None = None
    """Kernel asked for by pipeline.yaml; None: the source's own, else the default."""
    folder: str = ""
    """Where the task works, relative to `root`; '' for `root` itself."""

    @property
    def cwd(self) -> Path:
        """Where the task works."""
        return self.root / self.folder


def inject(notebook: NotebookNode, binding: Binding) -> NotebookNode:
    """A copy with exactly one injected cell that says what `binding` says.

    It stands after the first cell tagged `parameters`, else at the top. A cell tagged
    `injected-parameters` which the *file* holds (committed by another tool) is the user's:
    it stays, and ours stands after it, so that ours is in force. Same input, same cell, id
    included. Raises SourceError for a language in which we cannot write values, and for
    a parameter that cannot be a variable.
    """
    import nbformat

    from_dict: Callable[..., NotebookNode] = nbformat.from_dict
    result = without_injected(notebook)
    source = _source(binding, language_of(notebook))
    cell = filled_in(source, f"injected\0{binding.pipeline}\0{binding.task}")
    if (result.nbformat, result.nbformat_minor) < (4, 5):
        del cell["id"]
    result.cells.insert(place_of_injected(result), from_dict(cell))
    return result


def filled_in(source: str, seed: str) -> dict[str, Any]:
    """A locked cell with our mark, which `strip` takes out again; its id follows from `seed`."""
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": cell_id(0, seed, ""),
        "metadata": {
            "tags": [INJECTED_TAG],
            "editable": False,
            "deletable": False,
            METADATA_KEY: {"injected": True, "digest": _digest(source)},
        },
        "outputs": [],
        "source": source,
    }


def strip(notebook: NotebookNode) -> NotebookNode:
    """A copy without any of our additions: what the file should hold.

    Removed is every cell with our mark whose assignments are still those that we wrote:
    the injected cell wherever it was moved, copies of it, and a reformatted one. A marked
    cell that says something else was edited by the user (a copy, or in a client that does
    not know locked cells): it loses mark, tag and lock, and stays as an ordinary cell.
    """
    result = without_injected(notebook)
    ours = result.metadata.pop(METADATA_KEY, None)
    kernel = ours.get("kernel") if isinstance(ours, dict) else None
    if isinstance(kernel, dict) and result.metadata.get("kernelspec", {}).get("name") == kernel.get("served"):
        result.metadata.pop("kernelspec", None)
        if kernel.get("own"):
            result.metadata["kernelspec"] = kernel["own"]
    return result


def serve_kernel(notebook: NotebookNode, kernelspec: Mapping[str, str]) -> NotebookNode:
    """A copy that asks for this kernel in the open document only: `strip` takes it back.

    Should the user choose another kernel meanwhile, `strip` keeps the user's choice.
    """
    result = deepcopy(notebook)
    own = result.metadata.get("kernelspec")
    ours = result.metadata.setdefault(METADATA_KEY, {})
    ours["kernel"] = {"served": kernelspec["name"], "own": deepcopy(own)}
    result.metadata["kernelspec"] = dict(kernelspec)
    return result


def is_injected(cell: Mapping[str, Any]) -> bool:
    """Does the cell carry our mark?"""
    mark = cell.get("metadata", {}).get(METADATA_KEY)
    return isinstance(mark, Mapping) and mark.get("injected") is True


def language_of(notebook: NotebookNode) -> str:
    """The language of the code cells, in lower case: 'python' where nothing says otherwise."""
    metadata = notebook.metadata
    representation = metadata.get("jupytext", {}).get("text_representation", {})
    name = (
        metadata.get("kernelspec", {}).get("language")
        or metadata.get("language_info", {}).get("name")
        or metadata.get("jupytext", {}).get("main_language")
        or {".r": "r", ".R": "r", ".Rmd": "r"}.get(representation.get("extension", ""))
        or {"ir": "r"}.get(metadata.get("kernelspec", {}).get("name", ""))
        or "python"
    )
    return str(name).lower()


def tags_of(cell: NotebookNode) -> list[str]:
    """The cell's tags; none where a file has something else in their place."""
    tags = cell.metadata.get("tags", [])
    return [str(tag) for tag in tags] if isinstance(tags, list) else []


def without_injected(notebook: NotebookNode) -> NotebookNode:
    """A copy in which no cell carries our mark: see `strip`."""
    result = deepcopy(notebook)
    cells = []
    for cell in result.cells:
        if is_injected(cell):
            if _digest(cell.source) == cell.metadata[METADATA_KEY].get("digest"):
                continue
            for key in (METADATA_KEY, "editable", "deletable"):
                cell.metadata.pop(key, None)
            tags = [tag for tag in cell.metadata.pop("tags", []) if tag != INJECTED_TAG]
            if tags:
                cell.metadata["tags"] = tags
        cells.append(cell)
    result["cells"] = cells
    return result


def place_of_injected(notebook: NotebookNode) -> int:
    """The index that the injected cell gets among the cells."""

    def tagged(tag: str) -> list[int]:
        return [index for index, cell in enumerate(notebook.cells) if tag in tags_of(cell)]

    return max([*tagged(PARAMETERS_TAG)[:1], *tagged(INJECTED_TAG)], default=-1) + 1


def _source(binding: Binding, language: str) -> str:
    path = binding.root / binding.pipeline
    if language not in _LANGUAGES:
        raise SourceError(
            path,
            f"Task '{binding.task}' is written in {language}: its parameters cannot be filled in.",
            "Use Python or R, or pass values through files.",
        )
    assign = _LANGUAGES[language]
    given: dict[str, Value] = dict(binding.params)
    if binding.upstream is not None:
        given["upstream"] = dict(binding.upstream)
    given["product"] = binding.product
    # A newline in a name must not end the comment.
    pipeline, task = " ".join(binding.pipeline.split()), " ".join(binding.task.split())
    lines = [f"# Filled in by Cauce from {pipeline} for task {task}. To change it, change the pipeline."]
    for name, value in given.items():
        try:
            lines.append(assign(name, value))
        except ValueError as error:
            raise SourceError(
                path,
                f"Parameter '{name}' of task '{binding.task}' cannot be filled in: {error}.",
                "Change it in the pipeline.",
            ) from error
    return "\n".join(lines)


def assignment(name: str, value: Value, language: str) -> str:
    """A statement that gives a variable this value; `language` is python or r.

    Raises:
        ValueError: There is no such variable, or no such value, in that language.
    """
    return _LANGUAGES[language](name, value)


def _assign_python(name: str, value: Value) -> str:
    if not name.isidentifier() or keyword.iskeyword(name):
        raise ValueError("the name is not a Python variable name")
    return f"{name} = {_python(value, len(name) + 3, '')}"


def _python(value: Value, column: int, indent: str) -> str:
    """A literal that `ast.literal_eval` reads back; long collections take a line per item."""
    if isinstance(value, float):
        # literal_eval knows no name for these; 1e999 is the float that reads as infinity.
        if value != value:
            return 'float("nan")'
        return {float("inf"): "1e999", float("-inf"): "-1e999"}.get(value, repr(value))
    if isinstance(value, dict):
        pairs = [(f"{key!r}: ", item) for key, item in value.items()]
        return _python_items(pairs, "{", "}", column, indent)
    if isinstance(value, list):
        return _python_items([("", item) for item in value], "[", "]", column, indent)
    return repr(value)


def _python_items(items: Sequence[tuple[str, Value]], left: str, right: str, column: int, indent: str) -> str:
    flat = left + ", ".join(key + _python(item, -10_000, "") for key, item in items) + right
    if not items or column + len(flat) <= 100:
        return flat
    inner = indent + "    "
    lines = [f"{inner}{key}{_python(item, len(inner) + len(key), inner)},\n" for key, item in items]
    return f"{left}\n{''.join(lines)}{indent}{right}"


def _assign_r(name: str, value: Value) -> str:
    if not re.fullmatch(r"(?:[A-Za-z]|\.(?![0-9]))[A-Za-z0-9._]*", name) or name in _R_RESERVED:
        raise ValueError("the name is not an R variable name")
    return f"{name} <- {_r(value)}"


_R_RESERVED = frozenset({"if", "else", "repeat", "while", "function", "for", "next", "break", "in"}) | frozenset(
    {"TRUE", "FALSE", "NULL", "Inf", "NaN", "NA", "NA_integer_", "NA_real_", "NA_character_"}
)


def _r(value: Value) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        if value != value:
            return "NaN"
        return {float("inf"): "Inf", float("-inf"): "-Inf"}.get(value, repr(value))
    if isinstance(value, int):
        return repr(value)
    if isinstance(value, str):
        return _r_string(value)
    if isinstance(value, list):
        return f"list({', '.join(map(_r, value))})"
    if "" in value:
        raise ValueError("R has no empty names")
    return f"list({', '.join(f'{_r_string(key)} = {_r(item)}' for key, item in value.items())})"


def _r_string(value: str) -> str:
    if "\0" in value:
        raise ValueError("R has no strings with a NUL character")
    named = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return '"' + "".join(named.get(c) or (c if c.isprintable() else f"\\U{{{ord(c):x}}}") for c in value) + '"'


_LANGUAGES: Mapping[str, Callable[[str, Value], str]] = {"python": _assign_python, "r": _assign_r}


def _digest(source: str) -> str:
    """What the cell assigns, as a short hash that a code formatter does not change."""
    try:
        said: object = _assignments(source)
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        # Not Python, or a NaN: quotes, spaces and comments do not count.
        code = re.sub(r"(?m)^\s*#.*$", "", source)
        said = re.sub(r"\s+|,(?=\s*[\])}])", "", code.replace('"', "'"))
    return hashlib.sha256(repr(said).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _assignments(source: str) -> list[tuple[str, Value]]:
    said: list[tuple[str, Value]] = []
    if too_much_code(source):
        raise ValueError("the cell is too much code")
    for statement in ast.parse(source).body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                said.append((name, ast.literal_eval(value)))
            case _:
                raise ValueError("the cell does more than assign values")
    return said
