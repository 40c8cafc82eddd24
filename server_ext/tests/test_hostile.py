"""A project made to harm who only looks at it: links, pipes, devices, floods, other people's files.

Looking at it must end, within the project, with an answer in words.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from drawn import Workshop

from cauce.contract import Problem
from cauce.engine.errors import NotFound, PipelineHasErrors
from cauce.engine.lock import holder_of
from cauce.engine.lookup import SourceIndex
from cauce.engine.store import state_folder

Draw = Callable[[str], Workshop]
ENDLESS = Path("/dev/zero")


def pipe(place: Path) -> None:
    os.mkfifo(place)


def device(place: Path) -> None:
    place.symlink_to(ENDLESS)


def folder(place: Path) -> None:
    place.mkdir()


def problem_of(project: Workshop) -> Problem:
    [problem] = project.status().problems
    return problem


# --- Files that never end -------------------------------------------------------------------


@pytest.mark.parametrize("odd", [pipe, device, folder])
def test_what_is_no_file_is_not_read(workshop: Draw, odd: Callable[[Path], None]) -> None:
    project = workshop("load ─► fit")
    project.use("fit", "import helpers")
    project.build()
    for place in (state_folder(project.root) / "lock", state_folder(project.root) / "state.db"):
        place.unlink()
        odd(place)
    odd(project.root / "helpers.py")
    assert holder_of(state_folder(project.root)) is None
    assert project.status().run is None

    project.source("load").unlink()
    odd(project.source("load"))
    assert problem_of(project).task == "load"
    assert problem_of(project).code == ("path_outside" if odd is device else "source_unreadable")

    project.path.unlink()
    odd(project.path)
    assert SourceIndex(project.root).sources_in(project.root / "tasks") == frozenset()
    with pytest.raises(NotFound):
        project.status()


def test_what_is_too_large_is_told_and_not_parsed(workshop: Draw) -> None:
    project = workshop("load ─► fit\n plot")
    project.use("fit", "import helpers")
    helpers = project.write("helpers.py", "x = [\n" + "1,\n" * 700_000 + "]\n")
    project.build()
    assert project.fresh == set(project.tasks)
    helpers.write_text(helpers.read_text() + "# a comment counts in what is not parsed\n")
    assert project.why("fit") == ["module_changed helpers.py"]

    project.comment("plot", "1" * 2_000_000)
    problem = problem_of(project)
    assert (problem.code, problem.task) == ("source_too_large", "plot")
    assert "2 MB" in problem.message
    assert "Keep data" in problem.hint
    assert project.build("load").state == "ok"
    with pytest.raises(PipelineHasErrors):
        project.build("plot")

    project.write("pipeline.yaml", project.path.read_text() + "#" * 2_000_000)
    assert problem_of(project).code == "yaml_too_large"
