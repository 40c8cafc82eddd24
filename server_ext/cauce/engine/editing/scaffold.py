"""The sources that a pipeline names and that do not exist: each as a beginning to go on from.

What exists stays as it is to the byte; to a module only a function is added, at its end. What is
created parses, names its upstream and parameters as the pipeline does, and says where to write.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from cauce.engine.document import Value
from cauce.engine.editing.change import Change, FileChange, combined
from cauce.engine.files import LeadsOutside, read_inside, real_path
from cauce.engine.functions import FunctionIndex
from cauce.engine.injection import PARAMETERS_TAG, assignment
from cauce.engine.notebook import cell_id
from cauce.engine.project import Project
from cauce.engine.source import MAX_CODE
from cauce.engine.spec import TaskSpec

__all__ = ["scaffold_missing"]


def scaffold_missing(project: Project, only: Mapping[str, tuple[str, ...]] | None = None) -> Change:
    """Plan every source that the project's tasks lack. `Change.said` tells of each, and of what cannot be created.

    `only`: of these tasks alone, with what each is to say that it needs.
    """
    files: dict[str, FileChange] = {}
    said: list[str] = []
    modules = _Modules(project)
    for task in project.tasks.values():
        if only is not None and task.name not in only:
            continue
        wanted = _Wanted(task, (task.upstream if only is None else only[task.name]) or ())
        if task.kind == "function":
            made, words = modules.lacks(wanted)
        else:
            made, words = _missing_file(project, wanted, files)
        for file in made:
            [files[file.path]] = combined([files[file.path], file] if file.path in files else [file])
        said += words
    return Change(project.root, tuple(files.values()), tuple(dict.fromkeys(said)))


@dataclass(frozen=True)
class _Wanted:
    """A task, and what its source is to read; `task.upstream` is None where the source has to say so."""

    task: TaskSpec
    needs: tuple[str, ...]


_Made = tuple[tuple[FileChange, ...], tuple[str, ...]]
_NOTHING: _Made = (), ()


def _missing_file(project: Project, wanted: _Wanted, files: dict[str, FileChange]) -> _Made:
    task = wanted.task
    path = PurePosixPath(task.source)
    if task.name in project.contents or path.as_posix() in files:
        return _NOTHING
    refused = any(p.task == task.name and p.code.startswith("path_") for p in project.problems)
    if refused or path.is_absolute() or ".." in path.parts or "{{" in task.source:
        return (), (f"{task.source} was not created: its path leaves the project, or is not known.",)
    try:
        if real_path(project.root, task.source).exists():
            return _NOTHING
    except (LeadsOutside, OSError) as error:
        return (), (f"{task.source} was not created: {error.strerror}.",)
    write = _TEMPLATES.get(path.suffix.lower())
    if write is None:
        return (), (f"{task.source} was not created: there is no beginning for '{path.suffix}'.",)
    return (FileChange(path.as_posix(), None, write(wanted).encode()),), (f"Created {path}.",)


# --- Scripts and notebooks ----------------------------------------------------------------


def _upstream(wanted: _Wanted) -> list[Value] | None:
    return list(wanted.needs) or None


def _product(task: TaskSpec) -> Value:
    """What the parameters cell says of products; where the source decides that, a place for each of two."""
    if not task.extract_product:
        return None
    return {"nb": f"output/{task.name}.ipynb", "data": f"output/{task.name}.csv"}


def _parameters(wanted: _Wanted, language: str) -> list[str]:
    task = wanted.task
    r = language == "r"
    nothing = "NULL" if r else "None"
    first = 'upstream <- list("load")' if r else 'upstream = ["load"]'
    if task.upstream is None:
        about = f"# The tasks that this one needs, such as {first}, or {nothing}."
    else:
        about = "# pipeline.yaml says which tasks this one needs; they are filled in below."
    lines = [about, assignment("upstream", _upstream(wanted), language)]
    if task.extract_product:
        lines.append("# What this task makes: the executed notebook, and its data.")
    lines.append(assignment("product", _product(task), language))
    for name, value in task.params.items():
        try:
            lines.append(assignment(name, value, language))
        except ValueError:
            continue  # pipeline.yaml's problem, which the status tells
    return lines


def _to_do(wanted: _Wanted, language: str) -> list[str]:
    """Comments that say what the code is to read and to write."""
    task = wanted.task
    opening = '"]]' if language == "r" else '"]'
    bracket = '[["' if language == "r" else '["'
    lines = [f"# Read what '{need}' has made: upstream{bracket}{need}{opening}." for need in wanted.needs]
    keys = [product.key for product in task.products if product.key and product.key not in task.notebooks]
    lines += [f"# Write to product{bracket}{key}{opening}." for key in keys]
    return lines or ["# Your code."]


def _percent(wanted: _Wanted, language: str) -> str:
    title = ["# %% [markdown]", f"# # {_title(wanted.task)}"]
    parameters = [f'# %% tags=["{PARAMETERS_TAG}"]', *_parameters(wanted, language)]
    return "\n\n".join("\n".join(part) for part in (title, parameters, ["# %%", *_to_do(wanted, language)])) + "\n"


def _title(task: TaskSpec) -> str:
    return " ".join(PurePosixPath(task.source).stem.replace("_", " ").split()) or task.name


def _python(wanted: _Wanted) -> str:
    return _percent(wanted, "python")


def _r(wanted: _Wanted) -> str:
    return _percent(wanted, "r")


def _rmarkdown(wanted: _Wanted) -> str:
    parts = [
        f"# {_title(wanted.task)}",
        f'```{{r tags=c("{PARAMETERS_TAG}")}}\n' + "\n".join(_parameters(wanted, "r")) + "\n```",
        "```{r}\n" + "\n".join(_to_do(wanted, "r")) + "\n```",
    ]
    return "\n\n".join(parts) + "\n"


def _markdown(wanted: _Wanted) -> str:
    parts = [
        f"# {_title(wanted.task)}",
        f'```python tags=["{PARAMETERS_TAG}"]\n' + "\n".join(_parameters(wanted, "python")) + "\n```",
        "```python\n" + "\n".join(_to_do(wanted, "python")) + "\n```",
    ]
    return "\n\n".join(parts) + "\n"


def _notebook(wanted: _Wanted) -> str:
    cells = [
        ("markdown", f"# {_title(wanted.task)}", {}),
        ("code", "\n".join(_parameters(wanted, "python")), {"tags": [PARAMETERS_TAG]}),
        ("code", "\n".join(_to_do(wanted, "python")), {}),
    ]
    written = []
    for index, (kind, text, metadata) in enumerate(cells):
        cell: dict[str, object] = {"cell_type": kind, "id": cell_id(index, kind, text), "metadata": metadata}
        if kind == "code":
            cell |= {"execution_count": None, "outputs": []}
        written.append(cell | {"source": text.splitlines(keepends=True)})
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {"cells": written, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


# --- Templates ----------------------------------------------------------------------------


def _index(name: str) -> str:
    return f"upstream[{json.dumps(name, ensure_ascii=False)}]"


def _sql(wanted: _Wanted) -> str:
    task = wanted.task
    needs = ["{{" + _index(need) + "}}" for need in wanted.needs if "*" not in need]
    select = f"SELECT *\nFROM {needs[0]}" if needs else "SELECT 1 AS answer"
    select += "".join(f"\n-- JOIN {need} ON …" for need in needs[1:])
    head = f"-- {_title(task)}\n"
    if task.upstream is None and not needs:
        head += '-- Read what another task has made with its name: upstream["load"], in double braces.\n'
    if task.kind == "dump":
        return f"{head}{select}\n"
    if task.extract_product:
        table = "".join(letter if letter.isalnum() else "_" for letter in task.name)
        head += f'{{% set product = SQLRelation(["{table}", "table"]) %}}\n'
    view = bool(task.relations) and task.relations[0].kind == "view"
    kind = "VIEW" if view else "TABLE"
    return f"{head}\nDROP {kind} IF EXISTS {{{{product}}}};\n\nCREATE {kind} {{{{product}}}} AS\n{select};\n"


def _shell(wanted: _Wanted) -> str:
    task = wanted.task
    keys = [product.key for product in task.products]
    products = [f'{{{{product["{key}"]}}}}' if key else "{{product}}" for key in keys] or ["{{product}}"]
    lines = ["#!/usr/bin/env bash", f"# {_title(task)}", "set -euo pipefail", ""]
    lines += [f'cat "{{{{{_index(need)}}}}}"' for need in wanted.needs if "*" not in need]
    return "\n".join([*lines, *(f'echo "{_title(task)}" > "{product}"' for product in products)]) + "\n"


_TEMPLATES: dict[str, Callable[[_Wanted], str]] = {
    ".py": _python,
    ".r": _r,
    ".rmd": _rmarkdown,
    ".md": _markdown,
    ".ipynb": _notebook,
    ".sql": _sql,
    ".sh": _shell,
}


# --- Functions ----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Place:
    """Where a function belongs: its module's file, and packages to make on the way."""

    path: str
    packages: tuple[str, ...] = ()


class _Modules:
    """The modules of one project, with what is added to them as it goes."""

    def __init__(self, project: Project) -> None:
        self._project = project
        root, pipeline = project.root, project.spec.path.parent
        beside = pipeline.relative_to(root).as_posix() if pipeline.is_relative_to(root) else "."
        self._folders = tuple(dict.fromkeys(["", "" if beside == "." else beside, "src"]))
        self._index = FunctionIndex(self._read, self._listing, folders=self._folders)
        self._made: dict[str, bytes] = {}
        self._done: set[str] = set()

    def lacks(self, wanted: _Wanted) -> _Made:
        """What to add so that the task's function exists."""
        task = wanted.task
        *parts, name = task.source.split(".")
        if task.source in self._done or not parts or not all(part.isidentifier() for part in (*parts, name)):
            return _NOTHING
        self._done.add(task.source)
        path = self._index.locate(parts)
        if path is None:
            return self._new_module(wanted, parts, name)
        module = self._index.module(path)
        if module is None or module.error is not None:
            return (), (f"'{name}' was not added to {path}: it cannot be read as Python.",)
        if module.binds(name) or name in module.imports or module.stars:
            return _NOTHING
        return self._added(wanted, name, path)

    def _new_module(self, wanted: _Wanted, parts: Sequence[str], name: str) -> _Made:
        ours = [folder for folder in self._folders if self._listing("/".join(filter(None, [folder, parts[0]])))]
        if not ours and (parts[0] in sys.stdlib_module_names or self._index.installed(parts[0])):
            return (), (f"{wanted.task.source} was not created: '{parts[0]}' is an installed package.",)
        base = PurePosixPath(ours[0] if ours else "")
        made: list[FileChange] = []
        for depth in range(1, len(parts)):
            folder = base.joinpath(*parts[:depth])
            init = (folder / "__init__.py").as_posix()
            if not (self._project.root / folder).is_dir() and init not in self._made:
                self._made[init] = b""
                made.append(FileChange(init, None, b""))
        path = base.joinpath(*parts[:-1], f"{parts[-1]}.py").as_posix()
        added, said = self._added(wanted, name, path)
        return (*made, *added), said

    def _added(self, wanted: _Wanted, name: str, path: str) -> _Made:
        was = self._read_now(path)
        before = was or b""
        newline = b"\r\n" if before.count(b"\r\n") * 2 > before.count(b"\n") else b"\n"
        gap = b""
        if before.strip():
            gap = newline * 2 if before.endswith((b"\n", b"\r")) else newline * 3
        elif before and not before.endswith(b"\n"):
            gap = newline
        after = before + gap + _function(wanted, name).encode().replace(b"\n", newline)
        new = was is None and path not in self._made
        self._made[path] = after
        what = f"Created {path} with the function '{name}'." if new else f"Added the function '{name}' to {path}."
        return (FileChange(path, None if new else before, after),), (what,)

    def _read_now(self, path: str) -> bytes | None:
        return self._made[path] if path in self._made else self._read(path)

    def _read(self, path: str) -> bytes | None:
        try:
            return read_inside(self._project.root, path, MAX_CODE)
        except OSError:
            return None

    def _listing(self, folder: str) -> list[str]:
        try:
            return sorted(path.name for path in real_path(self._project.root, folder or ".").iterdir())
        except OSError:
            return []


def _function(wanted: _Wanted, name: str) -> str:
    """A function that takes what it will be given."""
    task = wanted.task
    names = [] if task.serializer is not None else ["product"]
    names += ["upstream"] if wanted.needs else []
    names += [param for param in task.params if param.isidentifier() and param not in ("product", "upstream")]
    names += [param for param in task.computed if param.isidentifier() and param not in names]
    lines = [f"def {name}({', '.join(names)}):"]
    if task.upstream is None:  # that it reads them is what says that it needs them
        lines += [f"    upstream[{json.dumps(need, ensure_ascii=False)}]" for need in wanted.needs]
    else:
        lines += [f"    # Read what '{need}' has made: upstream[{need!r}]." for need in wanted.needs]
    if task.upstream is None and not wanted.needs:
        lines.append("    # To use what another task has made, take 'upstream' and read upstream[\"its name\"].")
    if task.serializer is None:
        keys = [product.key for product in task.products if product.key]
        lines += [f"    # Write to product[{key!r}]." for key in keys] or ["    # Write to the path 'product'."]
    else:
        lines.append("    # Return what is to be kept.")
    return "\n".join([*lines, f'    raise NotImplementedError("{name} is still to be written")']) + "\n"
