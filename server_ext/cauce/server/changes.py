"""What the panel changes in the user's files, and what it says of texts that are not saved: all in threads."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cauce.contract import (
    Changed,
    CheckRequest,
    Cleaned,
    CleanRequest,
    Created,
    NewTask,
    Problem,
    Problems,
    TaskRemoval,
    TaskRename,
    UpstreamChange,
)
from cauce.engine.clean import clean, look_for
from cauce.engine.document import MAX_BYTES
from cauce.engine.editing import (
    Planned,
    add_task,
    apply,
    create_pipeline,
    edit_upstream,
    perform,
    remove_task,
    rename_task,
    scaffold_missing,
    undo,
)
from cauce.engine.evaluated import read_evaluated
from cauce.engine.files import read_start, real_path
from cauce.engine.parsecache import ParseCache
from cauce.engine.project import load
from cauce.engine.spec import Entry, entry_of_file, parse_spec
from cauce.engine.spec.products import check_products
from cauce.present import present_change

__all__ = [
    "add_one",
    "change_upstream",
    "check_text",
    "create_one",
    "create_sources",
    "remove_one",
    "remove_products",
    "rename_one",
    "take_back",
]


def change_upstream(entry: Entry, task: str, request: UpstreamChange) -> Changed:
    """Edit what a task needs where that is written. Raises as `edit_upstream` and `perform`."""
    project = load(entry, ParseCache())
    planned = Planned(edit_upstream(project, task, add=request.add, remove=request.remove), task=task)
    return _done(entry, planned, dry_run=request.dry_run)


def add_one(entry: Entry, request: NewTask) -> Changed:
    """Raises as `add_task` and `perform`."""
    return _done(entry, add_task(load(entry, ParseCache()), request), dry_run=request.dry_run)


def rename_one(entry: Entry, task: str, request: TaskRename) -> Changed:
    """Raises as `rename_task` and `perform`."""
    return _done(entry, rename_task(load(entry, ParseCache()), task, request.name), dry_run=request.dry_run)


def remove_one(entry: Entry, task: str, request: TaskRemoval) -> Changed:
    """Raises as `remove_task` and `perform`."""
    return _done(entry, remove_task(load(entry, ParseCache()), task, request), dry_run=request.dry_run)


def take_back(entry: Entry, record: str) -> Changed:
    """Raises as `undo` and `perform`."""
    return _done(entry, undo(entry, record), dry_run=False)


def create_one(path: Path, files: Sequence[str], *, dry_run: bool) -> Changed:
    """Raises as `create_pipeline` and `perform`. The files are relative to the pipeline's folder."""
    return _done(entry_of_file(path), create_pipeline(path, files), dry_run=dry_run)


def _done(entry: Entry, planned: Planned, *, dry_run: bool) -> Changed:
    """Do it unless it is only asked about, and say what it comes to."""
    record = ""
    if not dry_run:
        planned, record = perform(entry, planned)
    return present_change(planned, record)


def create_sources(entry: Entry) -> Created:
    """Create the sources that are missing. Raises as `scaffold_missing` and `apply`."""
    planned = scaffold_missing(load(entry, ParseCache()))
    apply(planned)
    return Created(files=tuple(file.path for file in planned.files))


def remove_products(entry: Entry, request: CleanRequest) -> Cleaned:
    """Move products to the trash, or say what would be. Raises as `look_for` and `clean`."""
    found = look_for(entry, request.tasks, force=request.force)
    if request.dry_run:
        kept = {each.path: each.kept for each in found if each.kept}
        return Cleaned(moved=tuple(each.path for each in found if not each.kept), kept=kept)
    return clean(entry, found, force=request.force)


def check_text(path: Path, request: CheckRequest) -> Problems:
    """What is wrong with a pipeline file or env.yaml at `path`, had it this text.

    Of an env file the pipeline beside it is checked that it belongs to, for that is where its
    values are used. Other files are read as they are on the disk.
    """
    pipeline = _pipeline_of(path)
    entry = entry_of_file(pipeline)
    if pipeline != path and entry.env is None:  # the file is not there yet
        entry = replace(entry, env=path)
    try:
        edited = path.relative_to(entry.root).as_posix()
    except ValueError:  # not below the project's root
        return Problems(problems=())
    text = request.text.encode("utf-8", "surrogatepass")

    def read(name: str) -> bytes | None:
        if name == edited:
            return text
        try:
            return read_start(real_path(entry.root, name), MAX_BYTES + 1, follow=False)
        except (FileNotFoundError, NotADirectoryError):
            return None

    try:
        spec = parse_spec(entry, read, read_evaluated(entry), variables=_unsaid())
    except OSError:  # an env.yaml without a pipeline
        return Problems(problems=())
    found = (*spec.problems, *check_products(spec.tasks, entry.name, spec.files))
    return Problems(problems=tuple(problem for problem in found if _is_in(problem, edited)))


def _unsaid() -> dict[str, str]:
    """The environment with the values left open: who may only read could have a problem tell them."""
    return {name: f"{{{{env.{name}}}}}" for name in os.environ}


def _is_in(problem: Problem, file: str) -> bool:
    return problem.where is not None and problem.where.path == file


def _pipeline_of(path: Path) -> Path:
    """`pipeline.serve.yaml` for `env.serve.yaml`, else the file itself."""
    if path.name == "env.yaml" or path.name.startswith("env."):
        return path.with_name("pipeline" + path.name.removeprefix("env"))
    return path
