"""One task less: its entry in the pipeline file, and its name where others say that they need it."""

from __future__ import annotations

from pathlib import Path

from cauce.contract import TaskRemoval
from cauce.engine.cellcode import read_cell
from cauce.engine.editing.drafting import Draft, Planned, needs_file
from cauce.engine.editing.entries import without_entry
from cauce.engine.editing.names import left_over
from cauce.engine.editing.upstream import edited_entry, edited_source, known_task
from cauce.engine.errors import UsageError
from cauce.engine.notebook import SourceError, read_notebook
from cauce.engine.project import Project
from cauce.engine.sourcereader import NOTEBOOK_KINDS
from cauce.engine.spec import TaskSpec

__all__ = ["dependents_of", "remove_task"]

_SHOWN = 5


def dependents_of(project: Project, task: str) -> tuple[str, ...]:
    """Tasks that need it by its own name, in build order; those that mean it by a name with ``*`` lose nothing."""
    return tuple(
        name
        for name in project.graph.order
        if any(need.name == task and not need.group for need in project.dependencies[name])
    )


def remove_task(project: Project, name: str, wanted: TaskRemoval) -> Planned:
    """Plan that the pipeline no longer has a task.

    Raises:
        NotFound: There is no such task.
        UsageError: Others need it, or a grid makes it; or the file is not laid out so that it can be edited.
        PipelineHasErrors: The pipeline would have.
    """
    spec = known_task(project, name)
    needs_file(project)
    if any(other.where == spec.where and other.name != name for other in project.tasks.values()):
        raise UsageError(
            f"'{name}' is one of several tasks that a grid makes.",
            hint=f"Change the grid in line {spec.where.line} of {spec.where.path}.",
        )
    dependents = [project.tasks[other] for other in dependents_of(project, name)]
    if dependents and not wanted.detach:
        listed = ", ".join(f"'{other.name}'" for other in dependents[:_SHOWN])
        more = f" and {len(dependents) - _SHOWN} more" if len(dependents) > _SHOWN else ""
        raise UsageError(
            f"{listed}{more} need{'s' if len(dependents) == 1 else ''} '{name}'.",
            hint="Have them no longer say that they need it, or remove them first.",
        )
    draft = Draft(project)
    said = [f"Removed '{name}' from {spec.where.path}."]
    places: list[tuple[str, int, int, TaskSpec]] = []
    edited: set[str] = set()
    for task in dependents:
        if task.upstream is not None:
            places.append(_place(task))
        elif task.kind not in NOTEBOOK_KINDS:
            raise UsageError(
                f"That '{task.name}' needs '{name}' follows from its code in {task.source}.",
                hint=f'Change the code so that it no longer reads upstream["{name}"].',
            )
        elif task.source not in edited:
            edited.add(task.source)
            draft.put(task.source, edited_source(task, draft.source(task) or b"", remove=[name]))
        said.append(f"'{task.name}' no longer says that it needs '{name}'.")
        if task.kind in NOTEBOOK_KINDS and _still_reads(draft.source(task) or b"", task, name):
            said.append(f"{task.source} still reads what '{name}' has made: change its code, or it fails.")
    # From the end of each file, so that the places above stay.
    for path, line, column, task in sorted([*places, _place(spec)], key=lambda place: place[:3], reverse=True):
        text = draft.yaml(path)
        if task is spec:
            draft.put_yaml(without_entry(text, (line, column)))
        else:
            draft.put_yaml(edited_entry(text, task, remove=[name]))
    after = draft.after()
    _check(project, after, name)
    kept = [product.path for product in spec.products]
    if kept:
        said.append(f"What it made stays: {', '.join(kept[:_SHOWN])}{' and more' if len(kept) > _SHOWN else ''}.")
    discarded, words = _discarded(project, spec, wanted.trash)
    return draft.planned([*said, *words], problems=draft.new_problems(after, {name: ""}), discarded=discarded)


def _place(task: TaskSpec) -> tuple[str, int, int, TaskSpec]:
    if task.where.line is None or task.where.column is None:
        raise UsageError(f"It is not known where '{task.name}' is declared.", hint="Look again.")
    return task.where.path, task.where.line, task.where.column, task


def _still_reads(content: bytes, task: TaskSpec, name: str) -> bool:
    try:
        notebook = read_notebook(content, Path(task.source))
    except SourceError:
        return False
    return any(
        cell.cell_type == "code" and read_cell(cell.source).tree is not None and left_over(cell.source, name)
        for cell in notebook.cells
    )


def _discarded(project: Project, spec: TaskSpec, trash: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if spec.kind == "function":
        return (), (f"The function {spec.source} stays.",) if trash else ()
    if not trash:
        return (), (f"{spec.source} stays.",)
    other = next((task for task in project.tasks.values() if task.source == spec.source and task is not spec), None)
    if other is not None:
        return (), (f"{spec.source} stays: '{other.name}' is made of it, too.",)
    if spec.name not in project.contents:
        return (), ()
    return (spec.source,), (f"{spec.source} goes to the trash.",)


def _check(project: Project, after: Project, name: str) -> None:
    """Is the pipeline the same but for the task?"""
    if [task for task in project.tasks if task != name] != list(after.tasks):
        raise UsageError(f"'{name}' cannot be removed safely: other tasks would change.", hint="Remove it by hand.")
    for task in after.tasks:
        needs = [need for need in project.graph.upstream[task] if need != name]
        if list(after.graph.upstream[task]) != needs:
            raise UsageError(
                f"'{name}' cannot be removed safely: what '{task}' needs would change.", hint="Remove it by hand."
            )
