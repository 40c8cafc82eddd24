"""Looking again is cheap and never wrong: what is kept between processes, and between two looks of the server."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from drawn import Workshop

from cauce.contract import Snapshot
from cauce.engine.files import Observer, hash_inside
from cauce.engine.parsecache import ParseCache
from cauce.engine.project import Project, load
from cauce.engine.spec import entry_of_file
from cauce.engine.store import Store, read_history
from cauce.server.footprint import footprint_of, places_of
from cauce.server.workspace import Workspace

Draw = Callable[[str], Workshop]

CHAIN = "load ─► clean ─► fit"


# --- Between processes ------------------------------------------------------------------------


def fresh_look(project: Workshop) -> str:
    """What a new process has imported to look at the project; the state of each task."""
    code = (
        "import sys; from cauce.cli import main\n"
        "try: main(['status', '--json'])\n"
        "finally: print(*sorted({'jupytext', 'nbformat'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=project.root, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.splitlines()[-1]


def test_what_a_build_has_read_needs_no_reading_again(workshop: Draw) -> None:
    project = workshop(CHAIN)
    assert fresh_look(project) == "jupytext nbformat"
    project.build()
    assert fresh_look(project) == ""
    project.comment("fit", "one file is another now")
    assert fresh_look(project) == "jupytext nbformat"


def facts(project: Workshop) -> Project:
    return load(entry_of_file(project.path), ParseCache())


@pytest.mark.parametrize("damage", [b"", b"\xc1", b"\x93\x01", b"{}", None], ids=repr)
def test_what_is_kept_changes_nothing_whatever_is_in_the_file(workshop: Draw, damage: bytes | None) -> None:
    project = workshop(CHAIN)
    before = facts(project).facts
    project.build()
    assert facts(project).facts == before
    kept = project.root / ".cauce/facts"
    kept.write_bytes(kept.read_bytes()[:-20] if damage is None else damage)
    assert facts(project).facts == before
    project.edit("load", 40)
    edited = facts(project).facts["load"]
    assert edited.code != before["load"].code
    project.build()
    assert facts(project).facts["load"] == edited


# --- Between two looks of the server -------------------------------------------------------------


@pytest.fixture
def old(workshop: Draw) -> Workshop:
    """A built project, with modules that are not there."""
    project = workshop(CHAIN)
    project.write("lib/__init__.py", "")
    project.use("fit", "import lib.helper\nimport unknown")
    project.build()
    return project


CHANGES: dict[str, Callable[[Workshop], object]] = {
    "a source": lambda project: project.edit("load", 40),
    "a source, at equal size": lambda project: project.edit("load", 2),
    "the pipeline": lambda project: project.give("clean", depth=3),
    "a product": lambda project: project.overwrite("load", "7\n"),
    "a product is gone": lambda project: project.product("clean").unlink(),
    "a module appears beside": lambda project: project.write("unknown.py", "x = 1\n"),
    "a module appears in a folder": lambda project: project.write("lib/helper.py", "x = 1\n"),
    "env.yaml appears": lambda project: project.write("env.yaml", "_wrong: 1\n"),
    "a build in a terminal": lambda project: project.build(force=True),
}


@pytest.mark.parametrize("what", CHANGES)
def test_whatever_changes_the_next_look_shows_it(old: Workshop, what: str) -> None:
    async def looks() -> tuple[Snapshot, Snapshot]:
        workspace = Workspace(old.root, lambda event: None, logging.getLogger("test"))
        try:
            before = await workspace.snapshot("pipeline.yaml")
            # Until a look is answered from the one before: the files have to be two seconds old, and checked.
            while (again := await workspace.snapshot("pipeline.yaml")) is not before:
                before = again
                await asyncio.sleep(0.1)
            await asyncio.to_thread(CHANGES[what], old)
            return again, await workspace.snapshot("pipeline.yaml")
        finally:
            await workspace.close()

    before, after = asyncio.run(looks())
    assert after.revision > before.revision


def test_what_was_just_written_proves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("x = 1\n")
    places = places_of([file], tmp_path)
    now = time.time_ns()
    young = footprint_of(places, frozenset(), now)
    assert not young.proves(footprint_of(places, frozenset(), now))
    later = footprint_of(places, frozenset(), now + 10_000_000_000)
    assert later.proves(later)
    folder = tmp_path / "product"
    folder.mkdir()
    inside = footprint_of([str(folder)], frozenset({str(folder)}), now + 10_000_000_000)
    assert not inside.proves(inside), "what changes below a folder does not show in it"
    os.utime(file, ns=(1, 1))
    assert not later.proves(footprint_of(places, frozenset(), now + 10_000_000_000))


# --- Within one tick of the clock --------------------------------------------------------------------


def test_a_product_changed_within_the_tick_in_which_it_was_recorded(tmp_path: Path) -> None:
    #  write, look, write again at equal size: all times may stay what they were
    file = tmp_path / "a.txt"
    for number in range(1_000):
        file.write_text(f"{number:04}")
        record = Observer(tmp_path).record("a.txt")
        assert record is not None
        before = file.stat()
        file.write_text(f"{number:04}"[::-1])
        if record.hash == hash_inside(tmp_path, "a.txt"):
            continue  # a palindrome
        later = Observer(tmp_path)
        later.learn(record)
        assert later.hash("a.txt") != record.hash
        if file.stat().st_mtime_ns == before.st_mtime_ns and number > 20:
            return  # that was the case in question


def test_what_a_build_has_made_needs_no_hashing_after_it(workshop: Draw) -> None:
    project = workshop(CHAIN)
    project.build()
    known = read_history(project.root / ".cauce", "pipeline.yaml").tasks
    for task in known.values():
        assert task.last_ok is not None
        for record in task.last_ok.products:
            assert record.settled
            assert record.stat == Observer(project.root).stat(record.path)


def test_a_builder_killed_before_it_has_looked_once_more(workshop: Draw) -> None:
    project = workshop(CHAIN)
    project.build()
    folder = project.root / ".cauce"
    known = read_history(folder, "pipeline.yaml").tasks["load"].last_ok
    assert known is not None
    young = [replace(record, stat=replace(record.stat, ctime_ns=-1)) for record in known.products]
    with Store(folder) as store:
        store.confirm({known.id: young})
    assert project.fresh == {"load", "clean", "fit"}
    project.build()
    again = read_history(folder, "pipeline.yaml").tasks["load"].last_ok
    assert again is not None
    assert again.products == known.products
