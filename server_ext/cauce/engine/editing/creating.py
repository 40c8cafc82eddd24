"""A pipeline file for scripts and notebooks that are there already: each a task, its products guessed.

tasks/load.py ──┐  name from the file, upstream from its own literal,
tasks/fit.ipynb ┼─► products from the keys that its code writes to
tasks/sum.sql ──┘                                          ─► pipeline.yaml
"""

from __future__ import annotations

import ast
import os
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from cauce.contract import Problem
from cauce.engine.cellcode import read_cell
from cauce.engine.editing.change import Change, FileChange
from cauce.engine.editing.drafting import Planned, check_path
from cauce.engine.editing.entries import block
from cauce.engine.errors import NotFound, UsageError
from cauce.engine.files import LeadsOutside, read_inside
from cauce.engine.graph import build_graph
from cauce.engine.notebook import SourceError, read_notebook
from cauce.engine.parsecache import ParseCache
from cauce.engine.project import Project, load
from cauce.engine.source import read_facts, source_limit
from cauce.engine.spec import entry_of_file
from cauce.engine.templates import read_template

__all__ = ["SUFFIXES", "create_pipeline"]

SUFFIXES = (".py", ".ipynb", ".r", ".rmd", ".md", ".sql", ".sh")
"""What can be a task."""

_MOST = 1_000
_HEAD = "# What is built, from what, into what. Dependencies are read from the sources: 'upstream = […]'.\n"
_ENDING = re.compile(r"to_(csv|parquet|json|excel|html|feather|pickle)$")
_SUFFIX_OF = {"excel": "xlsx", "pickle": "pkl", "savefig": "png", "imsave": "png", "imwrite": "png", "dump": "pkl"}
_SUFFIX_OF |= {"save": "npy", "savez": "npz", "savetxt": "txt", "write_text": "txt", "write_image": "png"}
_SUFFIX_OF |= {"write_parquet": "parquet", "write_csv": "csv", "write_html": "html", "sink_parquet": "parquet"}
_OF_KEY = {"model": "pkl", "plot": "png", "figure": "png", "chart": "png", "metrics": "json", "report": "html"}
_DATABASES = (".db", ".sqlite", ".sqlite3", ".duckdb")
# Without going back, here and inside: it would take twice as long with each comment above what is no SELECT.
_SELECTS = re.compile(r"\s*(?>--[^\n]*\n\s*|/\*.*?\*/\s*|\{\{.*?\}\}\s*|\{%.*?%\}\s*)*+(?:select|with)\b", re.I | re.S)

_Fields = dict[str, str | Sequence[str] | Mapping[str, str]]


def create_pipeline(path: Path, files: Sequence[str]) -> Planned:
    """Plan the file at `path` (absolute) with these tasks; paths are relative to its folder.

    Raises:
        NotFound: There is no such file.
        UsageError: There is a pipeline already, or what is named can be no task.
    """
    if path.suffix not in (".yaml", ".yml"):
        raise UsageError(f"{path.name} is no name for a pipeline.", hint="Its name ends in .yaml.")
    if os.path.lexists(path):
        raise UsageError(
            f"{path.name} is there already.", hint="Add the files to it one by one, or choose another name."
        )
    names = tuple(dict.fromkeys(check_path(file) for file in files))
    if not names:
        raise UsageError("No files are named.", hint="Choose scripts, notebooks or SQL.")
    if len(names) > _MOST:
        raise UsageError(f"{len(names)} files are too many at once.", hint=f"Choose {_MOST} at most.")
    entry = entry_of_file(path)
    tasks = _Tasks(entry.root)
    home = os.path.relpath(path.parent, entry.root)
    for file in names:
        tasks.take(file if home == "." else posixpath.join(Path(home).as_posix(), file))
    text = _HEAD + "tasks:\n" + "\n\n".join(block(fields, "  - ") for fields in tasks.in_order()) + "\n"
    name = entry.name
    after = load(entry, ParseCache(), {name: text.encode()})
    said = [f"Created {name} with {len(names)} task{'' if len(names) == 1 else 's'}.", *tasks.said]
    change = Change(entry.root, (FileChange(name, None, text.encode()),), tuple(said))
    return Planned(change, problems=_worth_telling(after))


def _worth_telling(project: Project) -> tuple[Problem, ...]:
    return tuple(problem for problem in project.problems if problem.code != "env_missing")


class _Tasks:
    """The entries to write."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._fields: dict[str, _Fields] = {}
        self._needs: dict[str, tuple[str, ...]] = {}
        self.said: list[str] = []

    def take(self, file: str) -> None:
        """One more. Raises as `create_pipeline`."""
        suffix = posixpath.splitext(file)[1].lower()
        if suffix not in SUFFIXES:
            raise UsageError(
                f"{file} cannot be a task.", hint="Tasks are scripts, notebooks and SQL: " + ", ".join(SUFFIXES) + "."
            )
        try:
            content = read_inside(self._root, file, source_limit(file))
        except LeadsOutside as error:
            raise UsageError(f"{file} leads out of the folder.", hint="Put the file itself there.") from error
        except OSError as error:
            raise UsageError(f"{file} cannot be read: {error.strerror}.", hint="Make it readable for you.") from error
        if content is None:
            raise NotFound(f"There is no file {file}.", hint="It may have been moved: choose again.")
        stem = PurePosixPath(file).stem
        name = self._free(stem, file)
        fields: _Fields = {"source": file}
        if name != stem:
            fields["name"] = name
        if suffix == ".sql":
            self._needs[name] = read_template(content, sql=True).upstream
            self._sql(name, content, fields)
        elif suffix == ".sh":
            self._needs[name] = read_template(content, sql=False).upstream
            fields["product"] = f"output/{name}.txt"
        else:
            self._needs[name] = read_facts(content, file, name, extract_upstream=True).upstream
            fields["product"] = _products(name, content, file)
        self._fields[name] = fields

    def _free(self, stem: str, file: str) -> str:
        """A name that no other task has: with its folder, or a number."""
        folder = PurePosixPath(file).parent.name
        candidates = [stem, *([f"{folder}-{stem}"] if folder else []), *(f"{stem}-{n}" for n in range(2, _MOST + 2))]
        return next(name for name in candidates if name not in self._fields)

    def _sql(self, name: str, content: bytes, fields: _Fields) -> None:
        database = next(iter(_databases(self._root)), "data.db")
        scheme = "duckdb" if database.endswith(".duckdb") else "sqlite"
        if _SELECTS.match(content.decode("utf-8", "replace")):
            fields["class"] = "SQLDump"
            fields["product"] = f"output/{name}.csv"
        else:
            fields["product"] = ["".join(letter if letter.isalnum() else "_" for letter in name), "table"]
        fields["client"] = f"{scheme}:///{database}"
        self.said.append(f"'{name}' works in {database}: correct its 'client' if that is another database.")

    def in_order(self) -> list[_Fields]:
        """What others need comes first; else as they were named."""
        edges = {
            name: tuple(dict.fromkeys(need for need in needs if need in self._fields and need != name))
            for name, needs in self._needs.items()
        }
        graph = build_graph(edges)
        return [self._fields[name] for name in (*graph.order, *(name for name in edges if name not in graph.order))]


def _databases(root: Path) -> Iterator[str]:
    with os.scandir(root) as entries:
        yield from sorted(entry.name for entry in entries if entry.name.endswith(_DATABASES) and entry.is_file())


# --- What they make -----------------------------------------------------------------------


def _products(name: str, content: bytes, file: str) -> dict[str, str]:
    """The executed notebook, and a file for each key of `product` that the code names."""
    found = {"nb": f"output/{name}.ipynb"}
    for key, suffix in _written(content, file):
        if key not in found:
            found[key] = f"output/{name}.{suffix}" if key == "data" else f"output/{name}-{_plain(key)}.{suffix}"
    return found


def _plain(key: str) -> str:
    return re.sub(r"[^\w.-]", "_", key)


def _written(content: bytes, file: str) -> Iterator[tuple[str, str]]:
    """Keys of `product` in the code, in the order of their first use, each with a suffix that fits."""
    try:
        notebook = read_notebook(content, Path(file))
    except SourceError:
        return
    for cell in notebook.cells:
        tree = read_cell(cell.source).tree if cell.cell_type == "code" else None
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)] if tree is not None else []
        ending = {id(node): _ending(call) for call in calls for node in ast.walk(call)}
        # The innermost call is the last that names a node in its parts.
        for node in ast.walk(tree) if tree is not None else ():
            match node:
                case ast.Subscript(value=ast.Name(id="product"), slice=ast.Constant(value=str(key))) if key:
                    yield key, ending.get(id(node)) or _OF_KEY.get(key) or "csv"


def _ending(call: ast.Call) -> str:
    """The suffix of what a call writes; '' where it does not tell."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    match = _ENDING.fullmatch(name)
    ending = match[1] if match else name
    if name == "dump" and isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
        return {"json": "json", "yaml": "yaml"}.get(call.func.value.id, "pkl")
    return _SUFFIX_OF.get(ending, ending if match else "")
