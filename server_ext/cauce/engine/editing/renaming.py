"""Another name for a task: where it is declared, and wherever others say that they need it.

Nothing is to run again for a name alone: products keep their paths, and what is remembered of the task
moves along (`history`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cauce.engine.editing.drafting import Draft, Planned, check_name, needs_file
from cauce.engine.editing.entries import with_name, with_other_upstream, with_product_of
from cauce.engine.editing.names import in_cell, in_function, in_r_cell, in_template, left_over
from cauce.engine.editing.sources import rewritten
from cauce.engine.editing.upstream import known_task, parameters_cell
from cauce.engine.errors import CauceError, UsageError
from cauce.engine.injection import INJECTED_TAG, language_of, tags_of
from cauce.engine.notebook import SourceError, read_notebook
from cauce.engine.parsecache import ParseCache
from cauce.engine.project import Project
from cauce.engine.source import MAX_CODE
from cauce.engine.sourcereader import NOTEBOOK_KINDS, reader
from cauce.engine.spec import TaskSpec, entry_of_file

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["rename_task"]

_SIBLINGS = 20


def rename_task(project: Project, old: str, new: str) -> Planned:
    """Plan that a task is called otherwise, with all tasks that need it.

    Raises:
        NotFound: There is no such task.
        UsageError: The name is none, or taken; or a name is not written so that it can be changed.
        PipelineHasErrors: The pipeline would have.
    """
    spec = known_task(project, old)
    needs_file(project)
    new = new.strip()
    if new == old:
        raise UsageError(f"It is called '{old}' already.", hint="Give another name.")
    check_name(project, new)
    if any(other.where == spec.where and other.name != old for other in project.tasks.values()):
        raise UsageError(
            f"'{old}' is one of several tasks that a grid makes: its name follows from theirs.",
            hint=f"Change 'name' in line {spec.where.line} of {spec.where.path}.",
        )
    draft = Draft(project)
    said = [f"'{old}' is called '{new}' now."]
    dependents = [project.tasks[name] for name in project.graph.order if old in project.graph.upstream[name]]
    _rename_in_yaml(draft, spec, [task for task in dependents if task.upstream is not None], new)
    edited: set[str] = set()
    for task in dependents:
        said += _rename_in_code(draft, task, old, new, edited)
    after = draft.after()
    _check(project, after, old, new)
    problems = draft.new_problems(after, {old: new})
    said += _elsewhere(project, old, {file.path for file in draft.files})
    return draft.planned(said, task=new, renamed=(old, new), problems=problems)


# --- Where it is declared -----------------------------------------------------------------


@dataclass(frozen=True)
class _Place:
    line: int
    column: int
    task: TaskSpec


def _rename_in_yaml(draft: Draft, spec: TaskSpec, dependents: Iterable[TaskSpec], new: str) -> None:
    """The declaration, and `upstream` of others. From the end of each file, so that the places above stay."""
    places: dict[tuple[str, int, int], TaskSpec] = {}
    for task in (*dependents, spec):
        if task.where.line is None or task.where.column is None:
            raise UsageError(f"It is not known where '{task.name}' is declared.", hint="Look again.")
        places[task.where.path, task.where.line, task.where.column] = task
    for (path, line, column), task in sorted(places.items(), key=lambda item: item[0], reverse=True):
        text = draft.yaml(path)
        if task is spec:
            text = with_product_of(text, (line, column), spec.name)
            text = with_name(text, (line, column), spec.name, new)
        elif spec.name in text.upstream(line, column) or not _through_wildcards(draft.project, task, spec.name):
            text = with_other_upstream(text, (line, column), spec.name, new)
        draft.put_yaml(text)


def _through_wildcards(project: Project, task: TaskSpec, need: str) -> bool:
    """Does it need the other by a name with ``*`` only?"""
    return all(each.group for each in project.dependencies[task.name] if need in each.tasks)


# --- In code ------------------------------------------------------------------------------


def _rename_in_code(draft: Draft, task: TaskSpec, old: str, new: str, edited: set[str]) -> list[str]:
    """Change the source of a task that needs the other; answers with what is to be looked at by hand."""
    if task.kind == "function":
        return _in_function(draft, task, old, new)
    if task.source in edited:
        return []
    edited.add(task.source)
    if task.kind in NOTEBOOK_KINDS:
        return _in_notebook(draft, task, old, new)
    facts = draft.project.facts.get(task.name)
    for path in (task.source, *(facts.passed if facts is not None else ())):
        content = draft.content(path, MAX_CODE)
        if content is not None and old.encode() in content:
            draft.put(path, _with_text(path, content, lambda text: in_template(text, old, new)))
    return []


def _in_notebook(draft: Draft, task: TaskSpec, old: str, new: str) -> list[str]:
    content = draft.source(task)
    if content is None:
        return []
    said: list[str] = []
    try:
        notebook = read_notebook(content, Path(task.source))
        language = language_of(notebook)
        parameters = parameters_cell(notebook)
        for cell in _code_cells(notebook):
            text = str(cell.source)
            if old not in text:
                continue
            if language == "python":
                cell.source = in_cell(text, old, new, declares=cell is parameters)
                if left_over(cell.source, old):
                    said = [f"'{old}' still stands in the code of {task.source}: see whether it means the task."]
            elif language == "r":
                cell.source = in_r_cell(text, old, new, declares=cell is parameters)
            else:
                raise UsageError(
                    f"Names can be changed in Python and R sources only, and {task.source} is {language}.",
                    hint=f"Write '{new}' there by hand, and 'name: {new}' in the pipeline.",
                )
        draft.put(task.source, rewritten(content, Path(task.source), notebook))
    except SourceError as error:
        raise UsageError(f"{task.source}: {error.message}", hint=error.hint) from error
    except UsageError as error:
        raise UsageError(f"{task.source}: {error.message}", hint=error.hint) from error
    return said


def _code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code" and INJECTED_TAG not in tags_of(cell)]


def _in_function(draft: Draft, task: TaskSpec, old: str, new: str) -> list[str]:
    facts = draft.project.facts.get(task.name)
    place = facts.place if facts is not None else None
    if facts is None or place is None or place.line is None:
        return []
    content = draft.content(place.path, MAX_CODE)
    line = place.line
    if content is not None:
        draft.put(place.path, _with_text(place.path, content, lambda text: in_function(text, line, old, new)))
    return []


def _with_text(path: str, content: bytes, edit: Callable[[str], str]) -> bytes:
    """The file with its text edited; BOM and line ends as they were."""
    bom = b"\xef\xbb\xbf" if content.startswith(b"\xef\xbb\xbf") else b""
    try:
        text = content[len(bom) :].decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not written in UTF-8.", hint="Rename the task there by hand.") from error
    windows = text.count("\r\n")
    if windows and windows != text.count("\n"):
        raise UsageError(f"{path} has line ends of two kinds.", hint="Save it with one kind first.")
    edited = edit(text.replace("\r\n", "\n"))
    return bom + (edited.replace("\n", "\r\n") if windows else edited).encode()


# --- What it comes to ---------------------------------------------------------------------


def _check(project: Project, after: Project, old: str, new: str) -> None:
    """Is the pipeline the same but for the name?"""

    def renamed(names: Iterable[str]) -> list[str]:
        return [new if name == old else name for name in names]

    if renamed(project.tasks) != list(after.tasks):
        raise UsageError(f"'{old}' cannot be renamed safely: other tasks would change.", hint="Rename it by hand.")
    for name, spec in project.tasks.items():
        now = new if name == old else name
        before, then = renamed(project.graph.upstream[name]), list(after.graph.upstream[now])
        if sorted(before) != sorted(then):
            [different, *_] = sorted(set(before) ^ set(then))
            if different == new and new in before:
                patterns = [need.name for need in project.dependencies[name] if need.group and old in need.tasks]
                if patterns:
                    raise UsageError(
                        f"'{name}' needs '{old}' through '{patterns[0]}', which '{new}' does not match.",
                        hint="Choose a name that matches.",
                    )
                raise UsageError(
                    f"'{name}' needs '{old}' in a way that cannot be changed safely.", hint="Rename it by hand."
                )
            raise UsageError(
                f"'{name}' would need '{different}', which it does not now.", hint="Choose a name that none matches."
            )
        other = after.tasks[now]
        if (spec.products, spec.relations) != (other.products, other.relations):
            raise UsageError(
                f"The products of '{old}' follow from its name, and would be other files.",
                hint="Write their paths out in 'product' first.",
            )


def _elsewhere(project: Project, old: str, edited: set[str]) -> list[str]:
    """Other pipelines of the folder in which the name is now missing."""
    folder, said = project.spec.path.parent, []
    others = sorted({*folder.glob("pipeline*.yaml"), *folder.glob("pipeline*.yml")} - {project.spec.path})
    for path in others[:_SIBLINGS]:
        try:
            entry = entry_of_file(path)
            spec = ParseCache().spec(entry, reader(entry))
        except (CauceError, OSError):
            continue
        shared = sorted({task.source for task in spec.tasks} & edited)
        if shared and any(task.name == old for task in spec.tasks):
            said.append(f"{entry.name} uses {shared[0]}, too, and has a task '{old}': rename it there as well.")
    return said
