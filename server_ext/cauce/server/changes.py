"""What the panel changes in the user's files, and what it says of texts that are not saved: all in threads."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from cauce.contract import (
    CheckRequest,
    Cleaned,
    CleanRequest,
    Created,
    Edited,
    Problem,
    Problems,
    UpstreamChange,
)
from cauce.engine.clean import clean, look_for
from cauce.engine.document import MAX_BYTES
from cauce.engine.editing import apply, edit_upstream, scaffold_missing
from cauce.engine.evaluated import read_evaluated
from cauce.engine.files import read_start, real_path
from cauce.engine.parsecache import ParseCache
from cauce.engine.project import load
from cauce.engine.spec import Entry, entry_of_file, parse_spec
from cauce.engine.spec.products import check_products

__all__ = ["change_upstream", "check_text", "create_sources", "remove_products"]


def change_upstream(entry: Entry, task: str, change: UpstreamChange) -> Edited:
    """Edit what a task needs where that is written. Raises as `edit_upstream` and `apply`."""
    planned = edit_upstream(load(entry, ParseCache()), task, add=change.add, remove=change.remove)
    apply(planned)
    path = planned.files[0].path if planned.files else ""
    return Edited(path=path, diff=planned.diff)


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
