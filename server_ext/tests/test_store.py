"""The state file as it may be found: older, newer, cut off, overwritten. Never falsely fresh, never a traceback."""

from __future__ import annotations

import contextlib
import random
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from drawn import Workshop

from cauce.contract import BuildEvent, encode
from cauce.engine.build import Stop
from cauce.engine.errors import ProjectUnwritable
from cauce.engine.executors.fake import Fail
from cauce.engine.files import ProductRecord, Stat
from cauce.engine.running import running_file
from cauce.engine.statefolder import tidy
from cauce.engine.store import Store, read_attempts, read_history, read_runs, state_folder

Draw = Callable[[str], Workshop]


@pytest.fixture
def built(workshop: Draw) -> Workshop:
    project = workshop("load ─► clean ─► fit\n load ─► plot")
    project.build()
    project.edit("fit", 9)
    project.build(scripts={"fit": Fail()})
    assert project.fresh == {"load", "clean", "plot"}
    return project


def database(project: Workshop) -> Path:
    return state_folder(project.root) / "state.db"


def set_aside(project: Workshop) -> list[Path]:
    return sorted(path for path in state_folder(project.root).glob("state.db.damaged-*") if path.suffix[-1].isdigit())


def survives(project: Workshop) -> bool:
    """Look and build; was anything believed that may not be true?"""
    known = {"load", "clean", "plot"}
    encode(project.status())
    assert project.fresh <= known
    folder = state_folder(project.root)
    read_runs(folder, "pipeline.yaml")
    read_attempts(folder, "pipeline.yaml", "fit")
    tidy(folder)
    again = project.build()
    assert again.state == "ok"
    assert "fit" in again.ran
    assert project.fresh == set(project.tasks)
    assert {task: project.product(task).read_text() for task in project.tasks} == project.clean_rebuild()
    assert project.build().ran == []
    return again.ran == ["fit"]


@pytest.mark.parametrize("part", [0.0, 0.001, 0.01, 0.1, 0.3, 0.5, 0.8, 0.99, 0.9999])
def test_a_file_cut_off_anywhere(built: Workshop, part: float) -> None:
    content = database(built).read_bytes()
    database(built).write_bytes(content[: int(len(content) * part)])
    survives(built)
    # SQLite may not miss the end of its last page; we do.
    assert len(set_aside(built)) == (1 if part > 0 else 0)


@pytest.mark.parametrize("seed", range(6))
def test_pages_overwritten_with_anything(built: Workshop, seed: int) -> None:
    dice = random.Random(seed)
    content = bytearray(database(built).read_bytes())
    for _ in range(4):
        start = dice.randrange(len(content))
        content[start : start + 600] = dice.randbytes(len(content[start : start + 600]))
    database(built).write_bytes(content)
    survives(built)


@pytest.mark.parametrize(
    "content", [b"hello, I am no database\n" * 100, b"\0" * 8192, b"SQLite format 3\0" + b"\xff" * 5000]
)
def test_something_else_in_its_place(built: Workshop, content: bytes) -> None:
    database(built).write_bytes(content)
    assert built.fresh == set()
    assert not survives(built)
    [damaged] = set_aside(built)
    assert damaged.read_bytes() == content


def test_a_folder_in_its_place(built: Workshop) -> None:
    database(built).unlink()
    (database(built) / "inner").mkdir(parents=True)
    assert not survives(built)
    assert (set_aside(built)[0] / "inner").is_dir()


def test_damage_again_and_again_never_overwrites_what_was_set_aside(built: Workshop) -> None:
    for count in range(5):
        database(built).write_text(f"damage {count}")
        built.build()
    # The newest are kept.
    assert [path.read_text() for path in set_aside(built)] == ["damage 2", "damage 3", "damage 4"]


def test_damage_is_told(built: Workshop) -> None:
    database(built).write_text("damage")
    [problem] = built.status().problems
    assert (problem.code, problem.severity) == ("state_damaged", "warning")
    message = built.build().message
    [damaged] = set_aside(built)
    assert f"the damaged file is .cauce/{damaged.name}." in message
    assert built.status().run is not None
    [problem] = built.status().problems
    assert (problem.code, problem.severity) == ("state_set_aside", "warning")
    assert damaged.name in problem.hint
    assert "damaged" not in built.build().message
    assert built.status().problems == ()


def change(project: Workshop, *statements: str) -> None:
    db = sqlite3.connect(database(project))
    for statement in statements:
        db.execute(statement)
    db.commit()
    db.close()


def test_a_newer_file_is_left_alone_and_says_so(built: Workshop) -> None:
    change(built, "PRAGMA user_version = 99", "ALTER TABLE runs ADD COLUMN weather TEXT")
    content = database(built).read_bytes()
    assert built.fresh == set()
    [problem] = built.status().problems
    assert (problem.code, problem.severity) == ("state_newer", "warning")
    assert "Update Cauce" in problem.hint
    with pytest.raises(ProjectUnwritable) as refused:
        built.build()
    assert "newer version" in refused.value.message
    assert "Update Cauce" in refused.value.hint
    assert database(built).read_bytes() == content


@pytest.fixture(params=[1, 2])
def version(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def older(workshop: Draw, version: int) -> Workshop:
    """A project with the store that an older version left of it; fit has failed since, with another number."""
    project = workshop("load ─► clean ─► fit")
    project.build()
    project.edit("fit", 9)
    database(project).unlink()
    with contextlib.closing(sqlite3.connect(database(project))) as db:
        db.executescript((Path(__file__).parent / f"stores/version-{version}.sql").read_text())
    return project


def test_an_older_file_is_understood_and_taken_over_by_who_builds(older: Workshop, version: int) -> None:
    content = database(older).read_bytes()
    assert older.status().problems == ()
    assert older.fresh == {"load", "clean"}
    attempt = older.task("fit").last_attempt
    assert attempt is not None
    assert (attempt.outcome, attempt.cause) == ("failed", "ValueError: told to fail")
    assert [run.message for run in read_runs(state_folder(older.root), "pipeline.yaml")] == ["1 failed.", "3 ran."]
    assert database(older).read_bytes() == content, "looking writes nothing"

    assert older.build().ran == ["fit"]
    assert older.fresh == set(older.tasks)
    assert len(read_runs(state_folder(older.root), "pipeline.yaml")) == 3
    assert len(read_attempts(state_folder(older.root), "pipeline.yaml", "fit")) == 3
    assert set_aside(older) == []
    copy = database(older).with_name(f"state.db.version-{version}")
    database(older).unlink()
    copy.rename(database(older))
    assert older.fresh == {"load", "clean"}, "with the older Cauce, too"


def test_an_older_file_that_is_damaged_is_set_aside(older: Workshop) -> None:
    content = bytearray(database(older).read_bytes())
    # The second page is a table's.
    content[4096:4200] = bytes(104)
    database(older).write_bytes(content)
    assert older.build().state == "ok"
    assert len(set_aside(older)) == 1


@pytest.mark.parametrize(
    "statements",
    [
        ("PRAGMA user_version = 0",),
        ("PRAGMA user_version = 1",),
        ("PRAGMA user_version = 2",),
        # As no newer version would have left it.
        ("PRAGMA user_version = 99",),
        ("DROP TABLE products",),
        ("ALTER TABLE attempts RENAME COLUMN fingerprint TO print",),
        ("UPDATE attempts SET fingerprint = CAST('{' AS BLOB)",),
        ("UPDATE attempts SET fingerprint = CAST('{\"code\": 1}' AS BLOB)",),
        ("UPDATE attempts SET outcome = 'splendid'",),
        ("UPDATE attempts SET outcome = 'ok'",),
        ("UPDATE products SET hash = replace(hash, 'a', 'b')",),
        ("DELETE FROM products WHERE path LIKE '%.txt'",),
        ("DELETE FROM attempts WHERE task = 'load'",),
        ("UPDATE newest SET last = last_ok WHERE task = 'fit'",),
        ("UPDATE identity SET key = randomblob(16)",),
        ("DELETE FROM identity",),
        ("UPDATE runs SET state = 'splendid'",),
    ],
)
def test_a_file_of_another_shape(built: Workshop, statements: tuple[str, ...]) -> None:
    change(built, *statements)
    assert built.fresh == set()
    assert not survives(built)
    assert len(set_aside(built)) == 1


def test_what_was_running_when_the_builder_died_has_crashed(built: Workshop) -> None:
    #  the builder was killed in the middle of load: nobody holds the lock
    with Store(state_folder(built.root)) as store:
        store.begin_run("killed", "pipeline.yaml", ("load",), 1.0, "host", "user")
        fingerprint = read_history(state_folder(built.root), "pipeline.yaml").tasks["load"].last.fingerprint
        store.claim("killed", "pipeline.yaml", "load", fingerprint, 1.0)
    assert built.why("load") == ["last_run_failed"]
    attempt = built.task("load").last_attempt
    assert attempt is not None
    assert (attempt.outcome, attempt.cause) == ("crashed", "The builder was killed.")
    tidy(state_folder(built.root))
    known = read_history(state_folder(built.root), "pipeline.yaml").tasks["load"].last
    assert (known.outcome, known.cause) == ("crashed", "The builder was killed.")
    assert known.ended is not None
    assert survives(built) is False


def test_old_runs_are_forgotten_but_what_freshness_follows_from_is_not(built: Workshop) -> None:
    #  two real runs, then 300 of a task that is long gone from the pipeline
    folder = state_folder(built.root)
    real = [run.id for run in read_runs(folder, "pipeline.yaml")]
    fingerprint = read_history(folder, "pipeline.yaml").tasks["load"].last.fingerprint
    product = ProductRecord("gone.txt", "hash", Stat(1, 1, 1, 1))
    with Store(folder) as store:
        for number in range(300):
            run = f"{number:x}-00000000"
            store.begin_run(run, "pipeline.yaml", ("gone",), 1.0, "host", "user")
            attempt = store.claim(run, "pipeline.yaml", "gone", fingerprint, 1.0)
            store.commit(attempt, run, "gone", (product,), 1.0)
            store.end_run(run, "ok", "", 1.0)
            (folder / "logs" / run).mkdir()
    for _ in range(4):
        assert built.build().state == "ok"
    left = [run.id for run in read_runs(folder, "pipeline.yaml", limit=1000)]
    # load's, clean's and plot's success is in the first run; fit ran since, in one of the newest.
    assert len(left) == 201
    assert left[-1] == real[-1]
    assert real[0] not in left
    assert built.fresh == set(built.tasks)
    assert {path.name for path in (folder / "logs").iterdir()} <= set(left)
    db = sqlite3.connect(database(built))
    for orphans in (
        "attempts WHERE run NOT IN (SELECT id FROM runs)",
        "run_tasks WHERE run NOT IN (SELECT id FROM runs)",
        "products WHERE attempt NOT IN (SELECT id FROM attempts)",
    ):
        assert db.execute(f"SELECT COUNT(*) FROM {orphans}").fetchone() == (0,)  # noqa: S608 - a query of this test
    db.close()


def test_ten_thousand_runs_are_listed_at_once(built: Workshop) -> None:
    runs = [(f"{number:x}-00000000", 1.0 + number) for number in range(10_000)]
    with contextlib.closing(sqlite3.connect(database(built))) as db:
        db.executemany("INSERT INTO runs VALUES (?, 'pipeline.yaml', 'ok', ?, 2.0, 'host', 'user', 'x')", runs)
        tasks = [(run, number, f"task {number}") for run, _ in runs for number in range(5)]
        db.executemany("INSERT INTO run_tasks VALUES (?, ?, ?, 'ok', '')", tasks)
        db.commit()
    folder = state_folder(built.root)

    def seconds(look: Callable[[], object]) -> float:
        began = time.perf_counter()
        look()
        return time.perf_counter() - began

    assert len(read_runs(folder, "pipeline.yaml")) == 50
    assert min(seconds(lambda: read_runs(folder, "pipeline.yaml")) for _ in range(5)) < 0.2
    assert min(seconds(lambda: read_history(folder, "pipeline.yaml")) for _ in range(5)) < 0.2


def test_looking_changes_nothing(workshop: Draw) -> None:
    project = workshop("load")
    project.status()
    assert not state_folder(project.root).exists()
    project.build()
    before = {path: path.read_bytes() for path in state_folder(project.root).rglob("*") if path.is_file()}
    project.status()
    assert {path: path.read_bytes() for path in state_folder(project.root).rglob("*") if path.is_file()} == before


def test_a_task_costs_two_transactions(workshop: Draw) -> None:
    #  each of which waits for the disk, and there may be thousands of tasks
    project = workshop("load")
    changes: dict[str, set[bytes]] = {"task_progress": set(), "task_started": set()}

    def note(event: BuildEvent, _: Stop) -> None:
        kind = type(event).__struct_config__.tag
        if kind in changes:
            changes[str(kind)].add(database(project).read_bytes())
            if kind == "task_progress":
                running = read_history(state_folder(project.root), "pipeline.yaml").tasks["load"].last
                assert running.progress.total > 0

    project.build(when=note)
    assert changes["task_progress"] == changes["task_started"]
    assert not running_file(state_folder(project.root)).exists()


def test_a_full_disk_is_told(built: Workshop) -> None:
    store = Store(state_folder(built.root))
    store._db.execute("PRAGMA max_page_count = 1")  # the only way to a full disk that needs no disk of its own
    tasks = tuple(f"task {number}" for number in range(10_000))
    with pytest.raises(ProjectUnwritable) as refused:
        store.begin_run("full", "pipeline.yaml", tasks, 0.0, "host", "user")
    store.close()
    assert "full" in refused.value.message
    assert refused.value.hint


def test_half_written_files_of_a_killed_builder_are_removed(built: Workshop) -> None:
    left = [state_folder(built.root) / path for path in (".cauce-0a1b2c3d.tmp", "evaluated/.cauce-0a1b2c3d.tmp")]
    for path in left:
        path.parent.mkdir(exist_ok=True)
        path.write_text("half of")
    built.build()
    assert not any(path.exists() for path in left)
