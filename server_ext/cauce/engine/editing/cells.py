"""Injected cells that a source itself holds: written in on purpose, and taken out, by whoever made them.

A cell that the panel fills in carries our mark and is never saved. These carry none: they are the
file's own, so that opening and saving keeps them; other editors, which know nothing of pipelines, see them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from cauce.engine.editing.change import Change, FileChange
from cauce.engine.editing.sources import rewritten
from cauce.engine.errors import NotFound
from cauce.engine.injection import INJECTED_TAG, inject, is_injected, tags_of
from cauce.engine.notebook import SourceError, read_notebook
from cauce.engine.project import Project
from cauce.engine.spec import TaskSpec
from cauce.engine.spec.entry import from_setup

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["inject_cells", "remove_cells", "sources_of", "without_injected"]

_OURS = frozenset({INJECTED_TAG, "debugging-settings"})
"""Tags of cells that no user has written: papermill's, Ploomber's, ours."""


def sources_of(project: Project) -> dict[str, list[TaskSpec]]:
    """The notebooks and scripts of a project that can be read → the tasks that use each, in order."""
    found: dict[str, list[TaskSpec]] = {}
    for task in project.tasks.values():
        if task.kind in ("notebook", "script") and task.name in project.contents:
            found.setdefault(task.source, []).append(task)
    return found


def inject_cells(project: Project, tasks: Sequence[str] = ()) -> Change:
    """Plan a cell in every source that says what its task is given; it replaces those that are there.

    A source that several tasks share gets the values of one that `tasks` names (names or patterns), else of one
    that `inject-priority` in setup.cfg names, else of the first.

    Raises:
        NotFound: A name in `tasks` is no task with such a source.
    """
    sources = sources_of(project)
    able = [task.name for users in sources.values() for task in users]
    for name in tasks:
        if not any(fnmatchcase(task, name) for task in able):
            listed = ", ".join(able[:20])
            raise NotFound(f"No notebook or script is a task called '{name}'.", hint=f"There are: {listed}.")
    files, said = [], []
    preferred = _preferred(project.root)
    names = [*tasks, *preferred]
    for name in preferred:
        if not any(fnmatchcase(task, name) for task in able):
            said.append(f"No notebook or script is a task called '{name}', which setup.cfg prefers.")
    for source, users in sources.items():
        wanted = [task for name in names for task in users if fnmatchcase(task.name, name)]
        task = (wanted or users)[0]
        if _is_unclear(project, task.name):
            said.append(f"{source} was left as it is: '{task.name}' has errors.")
            continue
        content = project.contents[task.name]
        try:
            notebook = inject(_bare(read_notebook(content, Path(source))), project.binding(task.name))
            for cell in filter(is_injected, notebook.cells):
                _keep(cell, project.spec.entry.name, task.name)
            after = rewritten(content, Path(source), notebook)
        except SourceError as error:
            said.append(f"{source} was left as it is: {error.message}")
            continue
        files.append(FileChange(source, content, after))
        if after == content:
            said.append(f"{source} holds the cell already.")
        else:
            others = f", one of {len(users)} tasks that share it" if len(users) > 1 else ""
            said.append(f"{source}: injected for '{task.name}'{others}.")
    return Change(project.root, _real(files), tuple(said))


def _preferred(root: Path) -> list[str]:
    """Names and patterns of the tasks that Ploomber's users have chosen among those that share a source."""
    chosen = from_setup(root / "setup.cfg", "inject-priority") or ""
    return [name for part in chosen.split(",") if (name := part.strip())]


def remove_cells(project: Project) -> Change:
    """Plan to take all injected cells out of all sources, whoever wrote them; the rest stays as it is."""
    files, said = [], []
    for source, users in sources_of(project).items():
        content = project.contents[users[0].name]
        try:
            after = without_injected(content, source)
            count = len(read_notebook(content, Path(source)).cells) - len(read_notebook(after, Path(source)).cells)
        except SourceError as error:
            said.append(f"{source} was left as it is: {error.message}")
            continue
        files.append(FileChange(source, content, after))
        if after != content:
            said.append(f"{source}: removed {count} cell{'s' if count != 1 else ''}.")
    return Change(project.root, _real(files), tuple(said))


def without_injected(content: bytes, source: str) -> bytes:
    """A source without injected cells, and without Ploomber's note of them; itself if there are none.

    Raises:
        SourceError: It cannot be read as a notebook.
    """
    path = Path(source)
    notebook = read_notebook(content, path)
    bare = _bare(notebook)
    marked = _is_marked(notebook)
    if len(notebook.cells) == len(bare.cells) and not marked:
        return content
    if marked and path.suffix == ".ipynb":
        del bare.metadata["ploomber"]
    after = rewritten(content, path, bare)
    return _without_mark(after, path) if marked and path.suffix != ".ipynb" else after


def _is_unclear(project: Project, task: str) -> bool:
    """Is there no telling what the task is given? Code that is still to be written is no hindrance."""
    known = {p.code for p in project.problems if p.task == task and p.severity == "error"}
    return task in project.unsound and known != {"parameters_last"}


def _real(files: list[FileChange]) -> tuple[FileChange, ...]:
    return tuple(file for file in files if file.before != file.after)


def _bare(notebook: NotebookNode) -> NotebookNode:
    """A copy without injected cells. Tags of the others stay, empty ones too."""
    from copy import deepcopy

    copy = deepcopy(notebook)
    copy["cells"] = [cell for cell in copy.cells if not _OURS.intersection(tags_of(cell))]
    return copy


def _is_marked(notebook: NotebookNode) -> bool:
    """Does it carry Ploomber's note that a cell was injected by hand, and nothing else of Ploomber's?"""
    mark = notebook.metadata.get("ploomber")
    return isinstance(mark, dict) and set(mark) <= {"injected_manually"}


_MARK = re.compile(
    rb"^(?P<lead>[#'\x20]*)ploomber:(?:\x20*\{\})?[\x20\t]*\r?\n(?:(?P=lead)\x20+injected_manually:[^\n]*\n)?",
    re.MULTILINE,
)


def _without_mark(content: bytes, path: Path) -> bytes:
    """A script without that note in its header, which jupytext would write anew as a whole."""
    end = content.find(b"---", content.find(b"---") + 3)
    shorter = _MARK.sub(b"", content[: max(end, 0)], count=1) + content[max(end, 0) :]
    before, after = read_notebook(content, path), read_notebook(shorter, path)
    same = [cell.source for cell in before.cells] == [cell.source for cell in after.cells]
    return shorter if same and "ploomber" not in after.metadata else content


def _keep(cell: NotebookNode, pipeline: str, task: str) -> None:
    """Make it the file's own: without our mark, and saying what it is."""
    cell["metadata"] = type(cell.metadata)({"tags": [INJECTED_TAG]})
    _, _, values = str(cell.source).partition("\n")
    where, name = " ".join(pipeline.split()), " ".join(task.split())
    cell["source"] = f"# Injected by 'cauce nb --inject' from {where} for task {name}; --remove takes it out.\n{values}"
