"""A store whose bits are wrong, whichever: what is believed of it is what was written, or nothing.

The files are small and the oracle is strict: of each task either exactly the record that was
written is read, or none. Whoever builds then must get a file that works.
"""

from __future__ import annotations

import contextlib
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
from drawn import Workshop

from cauce.engine.executors.fake import Fail
from cauce.engine.store import History, Store, read_attempts, read_history, read_runs, state_file, state_folder

Draw = Callable[[str], Workshop]
PIPELINE = "pipeline.yaml"


@dataclass
class Patient:
    """A state folder whose file is damaged again and again."""

    folder: Path
    content: bytes
    known: History

    def suffer(self, content: bytes) -> bool:
        """Look at, and take over, a file of that content. Was it believed?"""
        for path in self.folder.iterdir():
            path.unlink()
        state_file(self.folder).write_bytes(content)
        looked = read_history(self.folder, PIPELINE)
        self._believe(looked)
        read_runs(self.folder, PIPELINE)
        read_attempts(self.folder, PIPELINE, "fit")
        with Store(self.folder) as store:
            store.recover(1.0)
            taken = store.history(PIPELINE)
            self._believe(taken)
            store.begin_run("new", PIPELINE, ("load",), 1.0, "host", "user")
            attempt = store.claim("new", PIPELINE, "load", self.known.tasks["load"].last.fingerprint, 1.0)
            store.commit(attempt, "new", "load", self.known.tasks["load"].last.products, 1.0)
            store.end_run("new", "ok", "", 1.0)
        after = read_history(self.folder, PIPELINE)
        assert after.unreadable is None
        assert after.tasks["load"].last.run == "new"
        assert {task: after.tasks.get(task) for task in ("clean", "fit")} == {
            task: taken.tasks.get(task) for task in ("clean", "fit")
        }
        return taken.tasks == self.known.tasks

    def _believe(self, history: History) -> None:
        for task, known in history.tasks.items():
            assert known == self.known.tasks[task]


@pytest.fixture
def patient(workshop: Draw, tmp_path: Path) -> Patient:
    project = workshop("load ─► clean ─► fit")
    project.build()
    project.edit("fit", 9)
    project.build(scripts={"fit": Fail()})
    folder = state_folder(project.root)
    for path in folder.iterdir():
        if path != state_file(folder):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return Patient(folder, state_file(folder).read_bytes(), read_history(folder, PIPELINE))


def cut(patient: Patient, lengths: Iterable[int]) -> None:
    for length in lengths:
        assert not patient.suffer(patient.content[:length])


def flip(patient: Patient, seed: int, times: int) -> None:
    dice = random.Random(seed)
    believed = 0
    for _ in range(times):
        content = bytearray(patient.content)
        for _ in range(dice.choice((1, 1, 1, 2, 8))):
            content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
        believed += patient.suffer(bytes(content))
    # Much of the file is empty, or beside the point; much is not.
    assert times * 0.1 < believed < times * 0.9


def test_a_healthy_file_is_believed(patient: Patient) -> None:
    assert set(patient.known.tasks) == {"load", "clean", "fit"}
    assert patient.suffer(patient.content)
    assert [path.name for path in patient.folder.iterdir() if "damaged" in path.name] == []


def test_a_file_cut_off_at_many_places(patient: Patient) -> None:
    size = len(patient.content)
    borders = {border + by for border in range(0, size + 1, 4096) for by in (-1, 0, 1)}
    cut(patient, sorted(length for length in {*range(1, 120, 7), *borders} if 0 < length < size))


@pytest.mark.torture
@pytest.mark.timeout(1800)
def test_a_file_cut_off_at_every_byte(patient: Patient) -> None:
    cut(patient, range(1, len(patient.content)))


def test_bits_flipped(patient: Patient) -> None:
    flip(patient, 1, 500)


@pytest.mark.torture
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(2, 12))
def test_thousands_of_bits_flipped(patient: Patient, seed: int) -> None:
    flip(patient, seed, 1_000)


@pytest.mark.torture
@pytest.mark.timeout(1800)
def test_each_byte_of_what_is_known_of_a_task(patient: Patient) -> None:
    # Where there is text there is what was written; the rest of the file is numbers and nothing.
    for place, byte in enumerate(patient.content):
        if byte:
            content = bytearray(patient.content)
            content[place] ^= 1
            patient.suffer(bytes(content))


# --- What lies beside the file --------------------------------------------------------------


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """The file of another project with tasks of the same names."""
    project = Workshop(tmp_path / "other", "load ─► clean ─► fit")
    project.edit("load", 40)
    for _ in range(3):
        project.build(force=True)
    return state_file(state_folder(project.root))


def beside(patient: Patient, suffix: str, content: bytes) -> Path:
    path = state_file(patient.folder)
    path.write_bytes(patient.content)
    path.with_name(path.name + suffix).write_bytes(content)
    return path


def write_in_the_middle(path: Path, mode: str) -> dict[str, bytes]:
    """What SQLite has beside a file while it writes to every page of it."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(f"PRAGMA journal_mode = {mode}")
        db.execute("PRAGMA synchronous = OFF")  # so that the journal is whole before the end
        db.execute("BEGIN")
        db.execute("UPDATE attempts SET pipeline = pipeline || 'x'")
        db.execute("UPDATE runs SET pipeline = pipeline || 'x'")
        db.execute("UPDATE newest SET last = 1")
        db.execute("PRAGMA cache_spill = 1")
        if mode == "WAL":
            db.execute("COMMIT")
        found = {
            suffix: path.with_name(path.name + suffix).read_bytes()
            for suffix in ("-journal", "-wal", "-shm")
            if path.with_name(path.name + suffix).exists()
        }
        if mode != "WAL":
            db.execute("ROLLBACK")
    return found


@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
@pytest.mark.parametrize("whose", ["its own", "another's"])
def test_what_was_left_beside_the_file_is_never_taken_for_news(
    patient: Patient, other: Path, tmp_path: Path, mode: str, whose: str
) -> None:
    path = other
    if whose == "its own":  # as it was before, say in a copy from yesterday
        path = tmp_path / "copy"
        path.write_bytes(patient.content)
    left = write_in_the_middle(path, mode)
    assert max(map(len, left.values())) > 4096
    for suffix, content in left.items():
        beside(patient, suffix, content)
    looked = read_history(patient.folder, PIPELINE)
    for task, known in looked.tasks.items():
        assert known == patient.known.tasks[task]
    for suffix, content in left.items():  # looking may have rolled it back
        beside(patient, suffix, content)
    with Store(patient.folder) as store:
        taken = store.history(PIPELINE)
        assert taken.tasks in ({}, patient.known.tasks)
        store.begin_run("new", PIPELINE, ("load",), 1.0, "host", "user")
    assert read_history(patient.folder, PIPELINE).unreadable is None


@pytest.mark.parametrize("suffix", ["-journal", "-wal", "-shm"])
def test_nonsense_beside_the_file(patient: Patient, suffix: str) -> None:
    dice = random.Random(3)
    for content in (b"", b"\0" * 4096, dice.randbytes(10_000)):
        beside(patient, suffix, content)
        assert read_history(patient.folder, PIPELINE).tasks in ({}, patient.known.tasks)
        with Store(patient.folder) as store:
            assert store.history(PIPELINE).tasks in ({}, patient.known.tasks)
        assert read_history(patient.folder, PIPELINE).unreadable is None
        for path in patient.folder.iterdir():
            path.unlink()
