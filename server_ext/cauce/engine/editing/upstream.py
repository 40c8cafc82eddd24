"""What a task needs, changed where that is written: in its source, or in pipeline.yaml."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from cauce.contract import Problem
from cauce.engine.document import MAX_BYTES
from cauce.engine.editing.change import Change, FileChange
from cauce.engine.editing.literal import with_name, without_name
from cauce.engine.editing.sources import rewritten
from cauce.engine.editing.yamltext import YamlText, read_yaml_text
from cauce.engine.errors import NotFound, UsageError
from cauce.engine.files import read_inside
from cauce.engine.graph import build_graph, listed, no_task
from cauce.engine.injection import INJECTED_TAG, PARAMETERS_TAG, language_of, tags_of
from cauce.engine.notebook import SourceError, cell_id, read_notebook
from cauce.engine.project import Project
from cauce.engine.source import read_facts
from cauce.engine.spec import TaskSpec

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["edit_upstream", "edited_entry", "edited_source", "known_task", "parameters_cell", "written_upstream"]

_KINDS = {
    "function": 'what the function reads of it, such as upstream["load"]',
    "sql": 'what the script reads of it, such as {{upstream["load"]}}',
    "dump": 'what the query reads of it, such as {{upstream["load"]}}',
    "shell": 'what the script reads of it, such as {{upstream["load"]}}',
}


def known_task(project: Project, task: str) -> TaskSpec:
    """The task of this name.

    Raises:
        NotFound: There is none; did you mean …?
    """
    if task not in project.tasks:
        raise no_task(task, project.tasks)
    return project.tasks[task]


def edit_upstream(project: Project, task: str, *, add: Sequence[str] = (), remove: Sequence[str] = ()) -> Change:
    """Plan that a task needs the tasks `add`, and no longer those in `remove`.

    A name may be a wildcard (``fit-*``). What the task needs already is left alone. Tasks that
    share the source, or the entry of a `grid`, change together; `Change.said` tells.

    Raises:
        NotFound: There is no such task, or `add` names none.
        UsageError: It would make a cycle; the task does not need what is in `remove`, or needs it
            through a wildcard; or upstream is not written as a plain literal.
    """
    spec = known_task(project, task)
    add, remove = tuple(dict.fromkeys(add)), tuple(dict.fromkeys(remove))
    both = [name for name in add if name in remove]
    if both:
        raise UsageError(f"'{both[0]}' cannot be both added and removed.", hint="Choose one.")
    for name in add:
        _check_added(project, name)
    written = written_upstream(project, spec)
    for name in remove:
        _check_removed(task, name, written)
    new = [name for name in add if name not in written]
    wanted = (*(name for name in written if name not in remove), *new)
    said = [f"'{task}' needs '{name}' already." for name in add if name in written]
    if not new and not remove:
        return Change(project.root, (), tuple(said))
    together = _together(project, spec)
    _check_cycles(project, task, together, wanted)
    file = _file(project, spec, new, remove)
    for other in together:
        said += [f"'{other}' needs '{name}' now." for name in new]
        said += [f"'{other}' no longer needs '{name}'." for name in remove]
    return Change(project.root, (file,), tuple(said))


def _file(project: Project, spec: TaskSpec, add: Sequence[str], remove: Sequence[str]) -> FileChange:
    if spec.upstream is None:
        content = project.contents[spec.name]
        return FileChange(spec.source, content, edited_source(spec, content, add, remove))
    path = spec.where.path
    try:
        found = read_inside(project.root, path, MAX_BYTES)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
    if found is None:
        raise UsageError(f"{path} is not there any more.", hint="Look again.")
    return FileChange(path, found, edited_entry(read_yaml_text(found, path), spec, add, remove).encode())


# --- May it be? ---------------------------------------------------------------------------


def _check_added(project: Project, name: str) -> None:
    if "*" not in name:
        known_task(project, name)
    elif not any(fnmatchcase(other, name) for other in project.tasks):
        raise NotFound(f"No task matches '{name}'.", hint=listed([*project.tasks]))


def _check_removed(task: str, name: str, written: tuple[str, ...]) -> None:
    if name in written:
        return
    for pattern in written:
        if "*" in pattern and fnmatchcase(name, pattern):
            raise UsageError(
                f"'{task}' needs '{name}' through '{pattern}', which names other tasks too.",
                hint=f"Remove '{pattern}', and add those that are still needed.",
            )
    close = difflib.get_close_matches(name, written, n=1)
    needs = f"It needs: {', '.join(written)}." if written else "It needs nothing."
    raise UsageError(f"'{task}' does not need '{name}'.", hint=f"Did you mean '{close[0]}'?" if close else needs)


def _check_cycles(project: Project, task: str, together: tuple[str, ...], wanted: tuple[str, ...]) -> None:
    edges = dict(project.graph.upstream)
    names = tuple(project.tasks)
    for other in together:
        edges[other] = tuple(
            need
            for name in wanted
            for need in (names if "*" in name else (name,))
            if need in edges and (fnmatchcase(need, name) and need != other if "*" in name else True)
        )
    before = {frozenset(cycle) for cycle in project.graph.cycles}
    for cycle in build_graph(edges).cycles:
        if frozenset(cycle) not in before:
            if len(cycle) == 1:
                raise UsageError(f"'{task}' cannot need itself.", hint="Name another task.")
            raise UsageError(
                "These tasks would need each other: " + " → ".join((*cycle, cycle[0])) + ".",
                hint="Remove one of the other dependencies first.",
            )


def _together(project: Project, spec: TaskSpec) -> tuple[str, ...]:
    """The tasks whose upstream is written at the same place, this one first."""
    if spec.upstream is not None:
        others = [other.name for other in project.tasks.values() if other.where == spec.where]
    else:
        others = [
            other.name for other in project.tasks.values() if other.source == spec.source and other.upstream is None
        ]
    return (spec.name, *(other for other in others if other != spec.name))


def written_upstream(project: Project, spec: TaskSpec) -> tuple[str, ...]:
    """The names of what the task needs, as they stand where they are written.

    Raises:
        UsageError: There is no telling.
    """
    if project.spec.entry.kind == "factory":
        raise UsageError(
            f"What '{spec.name}' needs is said by the function {project.spec.entry.target}.", hint="Change it there."
        )
    if spec.upstream is not None:
        return spec.upstream
    if spec.kind in _KINDS:
        raise UsageError(
            f"What '{spec.name}' needs follows from {_KINDS[spec.kind]}.", hint=f"Change the code in {spec.source}."
        )
    facts = project.facts.get(spec.name)
    if facts is None:
        raise UsageError(f"The source {spec.source} cannot be read.", hint="See 'cauce status'.")
    for problem in facts.problems:
        if _forbids(problem):
            raise UsageError(problem.message, hint=problem.hint, where=problem.where)
    return facts.upstream


def _forbids(problem: Problem) -> bool:
    """Is there no telling what upstream is?"""
    about = problem.code.startswith(("upstream_", "source_")) or problem.code == "parameters_syntax"
    return about and problem.severity == "error"


# --- In the source ------------------------------------------------------------------------


def edited_source(spec: TaskSpec, content: bytes, add: Sequence[str] = (), remove: Sequence[str] = ()) -> bytes:
    """The source of a task in which it needs other tasks.

    Raises:
        UsageError: Upstream is not written there as a plain literal.
    """
    path = Path(spec.source)
    try:
        notebook = read_notebook(content, path)
        language = language_of(notebook)
        if language not in {"python", "r"}:
            raise UsageError(
                f"Upstream can be edited in Python and R sources only, and {spec.source} is {language}.",
                hint="Edit its parameters cell by hand.",
            )
        cell = parameters_cell(notebook)
        if cell is None:
            cell = _add_parameters_cell(notebook, "product <- NULL" if language == "r" else "product = None")
        text = str(cell.source)
        for name in add:
            text = with_name(text, name, language)
        for name in remove:
            text = without_name(text, name, language)
        cell.source = text
        after = rewritten(content, path, notebook)
    except SourceError as error:
        raise UsageError(f"{spec.source}: {error.message}", hint=error.hint) from error
    before = read_facts(content, spec.source, spec.name, extract_upstream=True).upstream
    now = read_facts(after, spec.source, spec.name, extract_upstream=True)
    if set(now.upstream) != (set(before) | set(add)) - set(remove) or any(map(_forbids, now.problems)):
        raise UsageError(f"'upstream' in {spec.source} cannot be edited safely.", hint="Edit it by hand.")
    return after


def parameters_cell(notebook: NotebookNode) -> NotebookNode | None:
    """The cell that says what is given; an injected one does not count."""
    for cell in notebook.cells:
        tags = tags_of(cell)
        if cell.cell_type == "code" and PARAMETERS_TAG in tags and INJECTED_TAG not in tags:
            found: NotebookNode = cell
            return found
    return None


def _add_parameters_cell(notebook: NotebookNode, text: str) -> NotebookNode:
    """A new, empty one before the first code."""
    from nbformat import v4

    new_code_cell: Callable[..., NotebookNode] = v4.new_code_cell
    place = next((index for index, cell in enumerate(notebook.cells) if cell.cell_type == "code"), len(notebook.cells))
    cell = new_code_cell(text, metadata={"tags": [PARAMETERS_TAG]})
    if (notebook.nbformat, notebook.nbformat_minor) >= (4, 5):
        cell["id"] = cell_id(place, "parameters", "")
    else:
        cell.pop("id", None)
    notebook.cells.insert(place, cell)
    return cell


# --- In pipeline.yaml ---------------------------------------------------------------------


def edited_entry(text: YamlText, spec: TaskSpec, add: Sequence[str] = (), remove: Sequence[str] = ()) -> YamlText:
    """The pipeline file (that `spec.where` names) in which the task needs other tasks.

    Raises:
        UsageError: Its upstream is not written there so that this can be done.
    """
    path, line, column = spec.where.path, spec.where.line, spec.where.column
    if line is None or column is None:
        raise UsageError(f"It is not known where {path} declares '{spec.name}'.", hint="Look again.")
    written = text.upstream(line, column)
    if set(written) != set(spec.upstream or ()) and not any("{{" in name for name in written):
        raise UsageError(f"'{spec.name}' has errors, so its upstream cannot be edited.", hint="Mend them first.")
    missing = [name for name in remove if name not in written]
    if missing:
        raise UsageError(
            f"'{missing[0]}' is not written as such in the 'upstream' in line {line} of {path}.",
            hint="A placeholder gives it its name: change that.",
        )
    for name in add:
        text = text.with_upstream(line, column, name)
    for name in remove:
        text = text.without_upstream(line, column, name)
    return text
