"""A project made to harm who only looks at it: links, pipes, devices, floods, other people's files.

Looking at it must end, within the project, with an answer in words.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from drawn import Workshop

from cauce.contract import BuildEvent, Problem, TaskStarted
from cauce.engine.build import Stop
from cauce.engine.errors import NotFound, PipelineHasErrors
from cauce.engine.files import MAX_ENTRIES
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


# --- Products elsewhere ---------------------------------------------------------------------


@pytest.mark.parametrize("link", ["out", "out/load.txt"])
def test_a_product_that_a_link_would_put_elsewhere_is_refused(workshop: Draw, link: str) -> None:
    project = workshop("load\n other")
    project.move("other", "more/other.txt")
    project.write("pipeline.yaml", project.path.read_text().replace("out/other.ipynb", "more/other.ipynb"))
    elsewhere = project.root.parent / "elsewhere"
    elsewhere.mkdir()
    (project.root / link).parent.mkdir(exist_ok=True)
    (project.root / link).symlink_to(elsewhere if link == "out" else elsewhere / "precious.txt")

    problems = project.status().problems
    assert {(problem.code, problem.task) for problem in problems} == {("path_outside", "load")}
    assert problems[0].hint
    assert not project.task("load").products[1].exists
    with pytest.raises(PipelineHasErrors):
        project.build("load")
    assert project.build("other").state == "ok"
    assert list(elsewhere.iterdir()) == []


def test_a_link_that_appears_during_the_build_is_not_followed_either(workshop: Draw) -> None:
    project = workshop("load ─► fit")
    project.move("fit", "later/fit.txt")
    elsewhere = project.root.parent / "elsewhere"
    elsewhere.mkdir()

    def put_link(event: BuildEvent, _: Stop) -> None:
        if isinstance(event, TaskStarted) and event.task == "load":
            (project.root / "later").symlink_to(elsewhere)

    built = project.build(when=put_link)
    assert built.ends == {"load": "ok", "fit": "failed"}
    assert "later/fit.txt: it leads out of the project" in built.finished("fit").cause
    assert list(elsewhere.iterdir()) == []


def test_a_folder_as_product(workshop: Draw) -> None:
    project = workshop("load")
    inside = project.write("inside.txt", "1")
    outside = project.root.parent / "outside.txt"
    outside.write_text("1")
    project.write("data/part.txt", "1")
    (project.root / "data/a link in").symlink_to(inside)
    (project.root / "data/a link out").symlink_to(outside)
    (project.root / "data/a loop").symlink_to(project.root / "data")
    text = project.path.read_text()
    project.write("pipeline.yaml", text.replace("text: out/load.txt", "text: out/load.txt\n    data: data"))
    assert project.build().state == "ok"

    outside.write_text("not ours: neither read nor followed")
    assert project.why("load") == []
    inside.write_text("22")
    assert project.why("load") == ["product_changed data"]

    for number in range(MAX_ENTRIES):
        (project.root / f"data/{number}").touch()
    problem = problem_of(project)
    assert (problem.code, problem.severity, problem.task) == ("product_unreadable", "warning", "load")
    assert "more than 100,000 files" in problem.message
    built = project.build()
    assert "data: it holds more than 100,000 files" in built.finished("load").cause
