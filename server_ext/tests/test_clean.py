"""Cleaning: what was recorded goes to the trash, everything else stays where it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from drawn import Workshop
from test_cli import cauce

from cauce.engine.lock import ProjectLock

Draw = Callable[[str], Workshop]


@pytest.fixture
def project(workshop: Draw) -> Workshop:
    found = workshop("load ─► fit\n load ─► plot")
    found.build()
    found.write("out/mine.txt", "by hand\n")
    return found


@pytest.fixture
def home(project: Workshop) -> Path:
    """A home with a trash: on the same device as the project, for a file is not copied there."""
    home = project.root.parent / "home"
    home.mkdir()
    return home


def clean(project: Workshop, home: Path, *arguments: str) -> tuple[int, str]:
    ended = cauce(project, "clean", *arguments, HOME=str(home), XDG_DATA_HOME=str(home))
    assert "Traceback" not in ended.stderr
    return ended.returncode, ended.stdout + ended.stderr


def trashed(home: Path) -> list[str]:
    return sorted(path.name for path in home.glob("Trash/files/*"))


def here(project: Workshop) -> list[str]:
    return sorted(path.name for path in (project.root / "out").iterdir())


ALL = ["fit.ipynb", "fit.txt", "load.ipynb", "load.txt", "mine.txt", "plot.ipynb", "plot.txt"]


def test_what_was_made_goes_to_the_trash_and_is_missing_then(project: Workshop, home: Path) -> None:
    assert clean(project, home, "--yes", "fit") == (
        0,
        "To move to the trash:\n  out/fit.ipynb  (66 bytes, made by fit)\n  out/fit.txt  (2 bytes, made by fit)\n"
        "Moved to the trash: 2 products.\n",
    )
    assert trashed(home) == ["fit.ipynb", "fit.txt"]
    assert project.why("fit") == ["product_missing out/fit.ipynb", "product_missing out/fit.txt"]
    assert project.fresh == {"load", "plot"}
    assert clean(project, home, "-y")[0] == 0
    assert here(project) == ["mine.txt"]
    assert clean(project, home) == (0, "There is nothing to remove.\n")
    assert project.build().state == "ok"
    assert here(project) == ALL


def test_nothing_goes_unasked(project: Workshop, home: Path) -> None:
    code, said = clean(project, home)
    assert code == 2
    assert "Nobody can be asked whether to remove them." in said
    assert clean(project, home, "--dry-run")[0] == 0
    assert json.loads(clean(project, home, "--dry-run", "--json", "load")[1]) == {
        "moved": ["out/load.ipynb", "out/load.txt"],
        "kept": {},
    }
    assert clean(project, home, "--yes", "lod")[1].endswith("Did you mean 'load'?\n")
    assert here(project) == ALL
    assert not trashed(home)


def test_what_somebody_changed_is_kept_unless_forced(project: Workshop, home: Path) -> None:
    project.overwrite("fit", "mine now\n")
    code, said = clean(project, home, "-y", "fit")
    assert code == 0
    assert "Kept: out/fit.txt, since it was changed since.\nGive --force" in said
    assert trashed(home) == ["fit.ipynb"]
    assert clean(project, home, "-y", "fit", "--force")[0] == 0
    assert trashed(home) == ["fit.ipynb", "fit.txt"]


def test_only_what_a_task_has_made_is_removed(project: Workshop, home: Path) -> None:
    #  a link in a product's place, one that leads to the product's folder, and a file that is a source by now
    outside = project.root.parent / "treasure"
    outside.write_text("mine\n")
    project.link("out/load.txt", str(outside))
    code, said = clean(project, home, "--force", "-y", "load")
    assert code == 0
    assert "Kept: out/load.txt, since it is a link." in said
    assert outside.read_text() == "mine\n"

    (project.root / "out").rename(project.root / "real")
    project.link("out", "real")
    said = clean(project, home, "--force", "-y", "fit")[1]
    assert said.count("since it is reached through a link") == 2
    assert (project.root / "real/fit.txt").exists()

    (project.root / "out").unlink()
    (project.root / "real").rename(project.root / "out")
    (project.root / "out/load.txt").unlink()
    project.move("fit", "out/fit.py")
    project.build("fit")
    project.respell("source: tasks/plot.py", "source: out/fit.py\n  name: plot")
    said = clean(project, home, "--force", "-y", "fit")[1]
    assert "Kept: out/fit.py, since the project itself is made of it." in said
    assert trashed(home) == ["fit.ipynb", "load.ipynb"]


def test_what_another_task_makes_now_is_not_removed_with_the_first(project: Workshop, home: Path) -> None:
    project.move("fit", "out/other.txt")
    project.move("plot", "out/fit.txt")
    said = clean(project, home, "-y", "fit")[1]
    assert "Kept: out/fit.txt, since another task makes it too." in said
    assert trashed(home) == ["fit.ipynb"]


def test_not_while_somebody_builds(project: Workshop, home: Path) -> None:
    with ProjectLock(project.root / ".cauce", "run", "ana", 0.0):
        code, said = clean(project, home, "-y")
        assert code == 1
        assert "is building this project." in said
    assert here(project) == ALL


def test_without_a_trash_nothing_is_lost(project: Workshop, home: Path) -> None:
    home.rmdir()
    code, said = clean(project, home, "-y")
    assert code == 1
    assert "to the trash" in said
    assert "Nothing was removed." in said
    assert "--delete" in said
    assert here(project) == ALL
    code, said = clean(project, home, "-y", "--delete")
    assert (code, said.splitlines()[-1]) == (0, "Removed 6 products.")
    assert here(project) == ["mine.txt"]
