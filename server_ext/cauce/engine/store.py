"""What happened: runs, attempts and products, in one SQLite file per project.

The store is a cache of facts: deleting it costs rebuilds and history, nothing else. There
is one writer, the builder that holds the project's lock; anybody may read at any time.
A rollback journal with full sync rather than WAL: that also works on network file systems
and costs about a millisecond a commit, of which a task needs three.

The commit protocol lives in the order of calls: `claim` (from here the old success proves
nothing) → run → `commit` with the products' hashes, in one transaction. Whatever is still
'running' when nobody holds the lock has crashed; `recover` writes that down.
"""

from __future__ import annotations

import contextlib
import functools
import os
import secrets
import sqlite3
import stat
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import astuple, dataclass, field, replace
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from cauce.contract import CellError, Progress
from cauce.engine.errors import ProjectUnwritable
from cauce.engine.files import STATE, ProductRecord, Stat
from cauce.engine.fingerprint import Fingerprint
from cauce.engine.process import ProcessRecord

__all__ = [
    "PATIENCE",
    "AttemptOutcome",
    "AttemptRow",
    "History",
    "RunRow",
    "Store",
    "TaskHistory",
    "TaskState",
    "Unreadable",
    "new_run",
    "read_attempts",
    "read_history",
    "read_run",
    "read_runs",
    "state_file",
    "state_folder",
]

T = TypeVar("T")

_FILE = "state.db"
PATIENCE = 10.0
"""Seconds to wait for others who use the file, which are quick unless the disk is slow."""
_READING = 10.0
"""Seconds after which what is read cannot be what we wrote."""
_VERSION = 1
_SCHEMA = """
CREATE TABLE runs(
    id TEXT PRIMARY KEY, pipeline TEXT NOT NULL, state TEXT NOT NULL, started REAL NOT NULL, ended REAL,
    host TEXT NOT NULL, user TEXT NOT NULL, message TEXT NOT NULL DEFAULT '') STRICT;
CREATE INDEX runs_by_pipeline ON runs(pipeline, started);
CREATE TABLE run_tasks(
    run TEXT NOT NULL REFERENCES runs(id), position INTEGER NOT NULL, task TEXT NOT NULL, state TEXT NOT NULL,
    cause TEXT NOT NULL DEFAULT '', PRIMARY KEY(run, task)) STRICT, WITHOUT ROWID;
CREATE TABLE attempts(
    id INTEGER PRIMARY KEY, run TEXT NOT NULL REFERENCES runs(id), pipeline TEXT NOT NULL, task TEXT NOT NULL,
    outcome TEXT NOT NULL, started REAL NOT NULL, ended REAL, cause TEXT NOT NULL DEFAULT '', error BLOB,
    fingerprint BLOB NOT NULL, process BLOB, done INTEGER NOT NULL DEFAULT 0, total INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX attempts_by_task ON attempts(pipeline, task, id);
CREATE TABLE products(
    attempt INTEGER NOT NULL REFERENCES attempts(id), path TEXT NOT NULL, hash TEXT NOT NULL, size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL, inode INTEGER NOT NULL,
    PRIMARY KEY(attempt, path)) STRICT, WITHOUT ROWID;
"""

TaskState = Literal["waiting", "running", "ok", "failed", "cancelled", "crashed", "stopped", "skipped", "unchanged"]
AttemptOutcome = Literal["running", "ok", "failed", "cancelled", "crashed", "stopped"]
Unreadable = Literal["damaged", "denied", "linked"]
"""Its content makes no sense; it belongs to another user; the state folder is a symbolic link."""
RunState = Literal["running", "ok", "failed", "cancelled", "crashed"]


@dataclass(frozen=True)
class AttemptRow:
    """One try at one task. Its fingerprint is what its inputs were before it began."""

    id: int
    run: str
    task: str
    outcome: AttemptOutcome
    started: float
    ended: float | None
    cause: str
    error: CellError | None
    fingerprint: Fingerprint
    progress: Progress
    products: tuple[ProductRecord, ...] = ()


@dataclass(frozen=True)
class TaskHistory:
    """The two attempts that matter for a task."""

    last: AttemptRow
    last_ok: AttemptRow | None


@dataclass(frozen=True)
class RunRow:
    """One build."""

    id: str
    pipeline: str
    state: RunState
    started: float
    ended: float | None
    host: str
    user: str
    message: str
    tasks: Mapping[str, TaskState]
    """In build order."""
    causes: Mapping[str, str]
    """Why, for tasks that were skipped, and for running ones that wait to be tried again."""


@dataclass(frozen=True)
class History:
    """What the store knows of one pipeline at one moment."""

    tasks: Mapping[str, TaskHistory] = field(default_factory=dict)
    run: RunRow | None = None
    unreadable: Unreadable | None = None
    """Why the file could not be read: everything counts as never run."""
    elsewhere: Mapping[str, tuple[TaskHistory, ...]] = field(default_factory=dict)
    """The same of tasks in the project's other pipelines, by their names: theirs may be the same files."""


def new_run(now: float) -> str:
    """An id for a run that begins now: those of one project sort by time."""
    return f"{int(now * 1000):x}-{secrets.token_hex(4)}"


def state_folder(root: Path) -> Path:
    """Where a project keeps its state."""
    return root / STATE


def state_file(folder: Path) -> Path:
    """The database: its time changes whenever something is written down."""
    return folder / _FILE


class Store:
    """The writer's side. Open it only while holding the project's lock."""

    def __init__(self, folder: Path, *, patience: float = PATIENCE) -> None:
        """Open, creating it if needed. A damaged file is set aside and begun anew.

        All methods raise ProjectUnwritable when the disk is full or fails, or when somebody
        has been reading for `patience` seconds.

        Raises:
            ProjectUnwritable: The folder cannot be written, or a newer Cauce wrote the file.
        """
        self._path = state_file(folder)
        self._patience = patience
        try:
            self._db = _open(self._path, patience)
        except (OSError, sqlite3.Error) as error:
            if not (_is_damage(error) or self._path.is_dir()):
                raise self._unwritable(error) from error
            self._db = self._anew()

    def close(self) -> None:
        self._db.close()

    def _anew(self) -> sqlite3.Connection:
        number = sum(1 for _ in self._path.parent.glob(f"{_FILE}.damaged-*[0-9]")) + 1
        aside = self._path.with_name(f"{_FILE}.damaged-{number}")
        try:
            self._path.replace(aside)
            # Left behind, it would be rolled back into the new file.
            journal = self._path.with_name(f"{_FILE}-journal")
            if journal.exists() and journal.stat().st_size:
                journal.replace(aside.with_name(f"{aside.name}-journal"))
            return _open(self._path, self._patience)
        except (OSError, sqlite3.Error) as error:
            raise self._unwritable(error) from error

    def _or_anew(self, query: Callable[[sqlite3.Connection], T], nothing: T) -> T:
        """What the file says; `nothing`, and a new file, when it turns out to be damaged further in."""
        try:
            return query(self._db)
        except (sqlite3.Error, msgspec.MsgspecError) as error:
            if not _is_damage(error):
                raise self._unwritable(error) from error
            self._db.close()
            self._db = self._anew()
            return nothing

    def _unwritable(self, error: Exception) -> ProjectUnwritable:
        return ProjectUnwritable(
            f"Cannot write {self._path}: {error}.",
            hint="Make room, or make the folder writable. Removing the file costs rebuilds and history, nothing else.",
        )

    # --- Writing, each call one transaction

    def recover(self, now: float) -> tuple[ProcessRecord, ...]:
        """Whatever is still running has crashed with its builder. Returns what to reap."""
        return self._or_anew(lambda db: _recover(db, now), ())

    def begin_run(self, run: str, pipeline: str, tasks: tuple[str, ...], now: float, host: str, user: str) -> None:
        with self._transaction() as db:
            db.execute(
                "INSERT INTO runs(id, pipeline, state, started, host, user) VALUES (?, ?, 'running', ?, ?, ?)",
                (run, pipeline, now, host, user),
            )
            db.executemany(
                "INSERT INTO run_tasks(run, position, task, state) VALUES (?, ?, ?, 'waiting')",
                [(run, position, task) for position, task in enumerate(tasks)],
            )

    def claim(self, run: str, pipeline: str, task: str, fingerprint: Fingerprint, now: float) -> int:
        """From here on the task's earlier success proves nothing. Returns the attempt."""
        with self._transaction() as db:
            cursor = db.execute(
                "INSERT INTO attempts(run, pipeline, task, outcome, started, fingerprint) "
                "VALUES (?, ?, ?, 'running', ?, ?)",
                (run, pipeline, task, now, msgspec.json.encode(fingerprint)),
            )
            db.execute("UPDATE run_tasks SET state = 'running', cause = '' WHERE run = ? AND task = ?", (run, task))
        assert cursor.lastrowid is not None  # noqa: S101 - an INSERT always has a row id
        return cursor.lastrowid

    def process(self, attempt: int, process: ProcessRecord) -> None:
        with self._transaction() as db:
            db.execute("UPDATE attempts SET process = ? WHERE id = ?", (msgspec.json.encode(process), attempt))

    def progress(self, attempt: int, progress: Progress) -> None:
        with self._transaction() as db:
            db.execute("UPDATE attempts SET done = ?, total = ? WHERE id = ?", (progress.done, progress.total, attempt))

    def amend(self, attempt: int, fingerprint: Fingerprint) -> None:
        """More is known of what the attempt's inputs were."""
        with self._transaction() as db:
            db.execute("UPDATE attempts SET fingerprint = ? WHERE id = ?", (msgspec.json.encode(fingerprint), attempt))

    def commit(self, attempt: int, run: str, task: str, products: tuple[ProductRecord, ...], now: float) -> None:
        """The task succeeded and these are its products."""
        with self._transaction() as db:
            db.executemany(
                "INSERT INTO products VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(attempt, p.path, p.hash, *astuple(p.stat)) for p in products],
            )
            db.execute("UPDATE attempts SET outcome = 'ok', ended = ? WHERE id = ?", (now, attempt))
            db.execute("UPDATE run_tasks SET state = 'ok' WHERE run = ? AND task = ?", (run, task))

    def confirm(self, products: Mapping[int, Collection[ProductRecord]]) -> None:
        """Attempt → products that were read again and hold what they held, though they look different."""
        with self._transaction() as db:
            db.executemany(
                "UPDATE products SET size = ?, mtime_ns = ?, ctime_ns = ?, inode = ? "
                "WHERE attempt = ? AND path = ? AND hash = ?",
                [(*astuple(p.stat), attempt, p.path, p.hash) for attempt, found in products.items() for p in found],
            )

    def fail(
        self,
        attempt: int,
        run: str,
        task: str,
        outcome: Literal["failed", "cancelled", "crashed", "stopped"],
        cause: str,
        error: CellError | None,
        now: float,
        again: str = "",
    ) -> None:
        """The attempt ended, and the task with it; unless it waits to be tried `again`, for this cause."""
        state = "running" if again else outcome
        blob = None if error is None else msgspec.json.encode(error)
        with self._transaction() as db:
            db.execute(
                "UPDATE attempts SET outcome = ?, ended = ?, cause = ?, error = ? WHERE id = ?",
                (outcome, now, cause, blob, attempt),
            )
            ours = (state, again, run, task)
            db.execute("UPDATE run_tasks SET state = ?, cause = ? WHERE run = ? AND task = ?", ours)

    def not_again(self, run: str, task: str, outcome: Literal["failed", "crashed"]) -> None:
        """A task that waited to be tried again will not be: it ended as its last attempt did."""
        with self._transaction() as db:
            db.execute("UPDATE run_tasks SET state = ?, cause = '' WHERE run = ? AND task = ?", (outcome, run, task))

    def not_run(self, run: str, ends: Mapping[str, tuple[Literal["skipped", "unchanged"], str]]) -> None:
        """Tasks that the run did not have to, or could not, run; each with its cause."""
        with self._transaction() as db:
            db.executemany(
                "UPDATE run_tasks SET state = ?, cause = ? WHERE run = ? AND task = ?",
                [(state, cause, run, task) for task, (state, cause) in ends.items()],
            )

    def end_run(self, run: str, state: RunState, message: str, now: float) -> None:
        with self._transaction() as db:
            db.execute("UPDATE runs SET state = ?, ended = ?, message = ? WHERE id = ?", (state, now, message, run))

    def prune(self, pipeline: str, keep: int, at_once: int = 50) -> tuple[str, ...]:
        """Forget the oldest runs beyond the newest `keep`; returns which.

        A run with the newest attempt at a task, or its newest success, is kept however old it
        is: freshness follows from these. Forgets at most `at_once`, the rest later.
        """
        with self._transaction() as db:
            rows = db.execute(_SUPERFLUOUS, {"pipeline": pipeline, "keep": keep, "limit": at_once}).fetchall()
            if rows:
                db.execute("CREATE TEMP TABLE IF NOT EXISTS forgotten(run TEXT PRIMARY KEY) STRICT")
                db.execute("DELETE FROM forgotten")
                db.executemany("INSERT INTO forgotten VALUES (?)", rows)
                ours = "IN (SELECT run FROM forgotten)"
                db.execute(f"DELETE FROM products WHERE attempt IN (SELECT id FROM attempts WHERE run {ours})")  # noqa: S608
                db.execute(f"DELETE FROM attempts WHERE run {ours}")  # noqa: S608 - constants
                db.execute(f"DELETE FROM run_tasks WHERE run {ours}")  # noqa: S608
                db.execute(f"DELETE FROM runs WHERE id {ours}")  # noqa: S608
        return tuple(row[0] for row in rows)

    # --- Reading, for the writer itself

    def history(self, pipeline: str) -> History:
        return self._or_anew(lambda db: _history(db, pipeline), History())

    def task_history(self, pipeline: str, task: str) -> TaskHistory | None:
        try:
            return _tasks(self._db, pipeline, task).get(task)
        except (sqlite3.Error, msgspec.MsgspecError) as error:
            raise self._unwritable(error) from error

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            with _whole(self._db) as db:
                yield db
        except sqlite3.Error as error:
            raise self._unwritable(error) from error


@contextlib.contextmanager
def _whole(db: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield db
        db.commit()
    except BaseException:
        db.rollback()
        raise


def _recover(db: sqlite3.Connection, now: float) -> tuple[ProcessRecord, ...]:
    cause = "The builder was killed."
    with _whole(db):
        rows = db.execute("SELECT process FROM attempts WHERE outcome = 'running' AND process IS NOT NULL").fetchall()
        db.execute(
            "UPDATE attempts SET outcome = 'crashed', ended = ?, cause = ? WHERE outcome = 'running'", (now, cause)
        )
        db.execute("UPDATE run_tasks SET state = 'crashed' WHERE state = 'running'")
        db.execute("UPDATE run_tasks SET state = 'skipped', cause = ? WHERE state = 'waiting'", (cause,))
        db.execute("UPDATE runs SET state = 'crashed', ended = ?, message = ? WHERE ended IS NULL", (now, cause))
    return tuple(msgspec.json.decode(row[0], type=ProcessRecord) for row in rows)


def _is_damage(error: Exception) -> bool:
    """Is it the content that is wrong, rather than the disk, the permissions or a lock?

    Pages that make no sense, text that is no UTF-8 (sqlite3 gives that no code), facts that
    do not decode, and tables other than ours.
    """
    if isinstance(error, msgspec.MsgspecError):
        return True
    if not isinstance(error, sqlite3.DatabaseError):
        return False
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)


def read_history(folder: Path, pipeline: str) -> History:
    """What is known of a pipeline. Never raises, never creates or changes anything."""
    return _reading(folder, lambda db: _history(db, pipeline), History(), lambda why: History(unreadable=why))


def read_runs(folder: Path, pipeline: str, limit: int = 50) -> tuple[RunRow, ...]:
    """The pipeline's runs, newest first."""

    def rows(db: sqlite3.Connection) -> tuple[RunRow, ...]:
        ids = db.execute("SELECT id FROM runs WHERE pipeline = ? ORDER BY rowid DESC LIMIT ?", (pipeline, limit))
        found = [_run(db, row[0]) for row in ids.fetchall()]
        return tuple(run for run in found if run is not None)

    return _reading(folder, rows, (), lambda _: ())


def read_run(folder: Path, pipeline: str, run: str) -> RunRow | None:
    """One run; None when the pipeline has none of that id."""

    def row(db: sqlite3.Connection) -> RunRow | None:
        found = _run(db, run)
        return found if found is not None and found.pipeline == pipeline else None

    return _reading(folder, row, None, lambda _: None)


def read_attempts(folder: Path, pipeline: str, task: str, limit: int = 20) -> tuple[AttemptRow, ...]:
    """A task's attempts, newest first."""

    def rows(db: sqlite3.Connection) -> tuple[AttemptRow, ...]:
        found = db.execute(
            f"SELECT {_ATTEMPT} FROM attempts WHERE pipeline = ? AND task = ? ORDER BY id DESC LIMIT ?",  # noqa: S608
            (pipeline, task, limit),
        )
        return tuple(_attempt(db, row) for row in found.fetchall())

    return _reading(folder, rows, (), lambda _: ())


_SUPERFLUOUS = """
SELECT id FROM runs WHERE pipeline = :pipeline
AND rowid <= (SELECT rowid FROM runs WHERE pipeline = :pipeline ORDER BY rowid DESC LIMIT 1 OFFSET :keep)
AND id NOT IN (SELECT run FROM attempts WHERE id IN (
    SELECT MAX(id) FROM attempts WHERE pipeline = :pipeline GROUP BY task
    UNION SELECT MAX(id) FROM attempts WHERE pipeline = :pipeline AND outcome = 'ok' GROUP BY task))
ORDER BY rowid LIMIT :limit
"""
_ATTEMPT = "id, run, task, outcome, started, ended, cause, error, fingerprint, done, total"


def _history(db: sqlite3.Connection, pipeline: str) -> History:
    # In the order in which they were written down: clocks are set back.
    latest = db.execute("SELECT id FROM runs WHERE pipeline = ? ORDER BY rowid DESC LIMIT 1", (pipeline,)).fetchone()
    others: dict[str, list[TaskHistory]] = {}
    # Not '<>', which would read every row where there is but this pipeline.
    elsewhere = "SELECT DISTINCT pipeline FROM attempts WHERE pipeline < ? OR pipeline > ?"
    for (other,) in db.execute(elsewhere, (pipeline, pipeline)).fetchall():
        for task, known in _tasks(db, other, None).items():
            others.setdefault(task, []).append(known)
    run = None if latest is None else _run(db, latest[0])
    theirs = {task: tuple(known) for task, known in others.items()}
    return History(_tasks(db, pipeline, None), run, elsewhere=theirs)


def _tasks(db: sqlite3.Connection, pipeline: str, task: str | None) -> dict[str, TaskHistory]:
    """The newest attempt and the newest success of one task, or of all."""

    def newest(condition: str) -> list[tuple[object, ...]]:
        return db.execute(
            f"SELECT {_ATTEMPT} FROM attempts WHERE id IN (SELECT MAX(id) FROM attempts "  # noqa: S608 - constants
            f"WHERE pipeline = ? AND (? IS NULL OR task = ?) {condition} GROUP BY task)",
            (pipeline, task, task),
        ).fetchall()

    succeeded = {row[2]: _attempt(db, row) for row in newest("AND outcome = 'ok'")}
    found: dict[str, TaskHistory] = {}
    for row in newest(""):
        ok = succeeded.get(row[2])
        last = ok if ok is not None and ok.id == row[0] else _attempt(db, row)
        found[last.task] = TaskHistory(last, ok)
    return found


def _run(db: sqlite3.Connection, run: str) -> RunRow | None:
    row = db.execute(
        "SELECT id, pipeline, state, started, ended, host, user, message FROM runs WHERE id = ?", (run,)
    ).fetchone()
    if row is None:
        return None
    tasks = db.execute("SELECT task, state, cause FROM run_tasks WHERE run = ? ORDER BY position", (run,)).fetchall()
    number, pipeline, state, started, ended, host, user, message = row
    return RunRow(
        id=number,
        pipeline=pipeline,
        state=state,
        started=started,
        ended=ended,
        host=host,
        user=user,
        message=message,
        tasks={task: state for task, state, _ in tasks},
        causes={task: cause for task, _, cause in tasks if cause},
    )


def _attempt(db: sqlite3.Connection, row: tuple[object, ...]) -> AttemptRow:
    number, run, task, outcome, started, ended, cause, error, fingerprint, done, total = row
    products = db.execute(
        "SELECT path, hash, size, mtime_ns, ctime_ns, inode FROM products WHERE attempt = ? ORDER BY path", (number,)
    ).fetchall()
    fields = {
        "id": number,
        "run": run,
        "task": task,
        "outcome": outcome,
        "started": started,
        "ended": ended,
        "cause": cause,
        "error": None if error is None else msgspec.Raw(error if isinstance(error, bytes) else b"null"),
        "fingerprint": msgspec.Raw(fingerprint if isinstance(fingerprint, bytes) else b"null"),
        "progress": {"done": done, "total": total},
    }
    # Decoded as a whole: what another version or a bad disk left there must fail here, as
    # damage, and not as a wrong value later.
    attempt = msgspec.json.decode(msgspec.json.encode(fields), type=AttemptRow)
    records = tuple(ProductRecord(path, value, Stat(*stat)) for path, value, *stat in products)
    return replace(attempt, products=records)


def _open(path: Path, patience: float) -> sqlite3.Connection:
    if path.is_symlink():
        raise sqlite3.DatabaseError("it is a symbolic link")  # somebody else's database
    db = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA trusted_schema = OFF")
        db.execute("PRAGMA journal_mode = TRUNCATE")
        db.execute("PRAGMA synchronous = FULL")
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version > _VERSION:
            raise ProjectUnwritable(
                f"{path} was written by a newer version of Cauce.",
                hint="Update Cauce, or remove the file: that costs rebuilds and history, nothing else.",
            )
        if version == 0:
            db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT;")
        else:
            _check(db, path)
    except BaseException:
        db.close()
        raise
    return db


def _check(db: sqlite3.Connection, path: Path) -> None:
    """Refuse a file with any table, index, view or trigger that is not ours, or that is cut off.

    A view may be written so that reading it never ends. SQLite itself reads what is missing of
    the last page as zeros.
    """
    if frozenset(db.execute(_SCHEMA_OF)) != _our_schema():
        raise sqlite3.DatabaseError("it holds other tables than Cauce's")
    pages, size = db.execute("PRAGMA page_count").fetchone()[0], db.execute("PRAGMA page_size").fetchone()[0]
    if path.stat().st_size < pages * size:
        raise sqlite3.DatabaseError("it is cut off")


_SCHEMA_OF = "SELECT type, name, tbl_name, sql FROM sqlite_schema LIMIT 100"


@functools.cache
def _our_schema() -> frozenset[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(":memory:")) as db:
        db.executescript(_SCHEMA)
        return frozenset(db.execute(_SCHEMA_OF))


def _reading(
    folder: Path, query: Callable[[sqlite3.Connection], T], empty: T, unreadable: Callable[[Unreadable], T]
) -> T:
    path = state_file(folder)
    try:
        if folder.is_symlink():
            return unreadable("linked")
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode):
            return unreadable("damaged")
        if found.st_size == 0:  # its first transaction is on the way
            return empty
        if not os.access(path, os.R_OK):
            return unreadable("denied")
        # Not read-only: after a crash in the middle of a commit the first to look must be
        # able to roll the journal back. A folder that cannot be written is tried read-only.
        mode = "rw" if os.access(path, os.W_OK) and os.access(folder, os.W_OK) else "ro"
        uri = f"{path.resolve().as_uri()}?mode={mode}"
        db = sqlite3.connect(uri, uri=True, timeout=PATIENCE, isolation_level=None)
        with contextlib.closing(db):
            deadline = time.monotonic() + _READING
            db.set_progress_handler(lambda: time.monotonic() > deadline, 10_000)
            db.execute("PRAGMA trusted_schema = OFF")
            if db.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
                return unreadable("damaged")
            db.execute("BEGIN")  # one moment in time for all that is read
            _check(db, path)
            return query(db)
    except (FileNotFoundError, NotADirectoryError):
        return empty
    except PermissionError:
        return unreadable("denied")
    except (sqlite3.Error, msgspec.MsgspecError, OSError):
        return unreadable("damaged")
