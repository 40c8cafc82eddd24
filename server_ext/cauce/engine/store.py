"""What happened: runs, attempts and products, in one SQLite file per project.

The store is a cache of facts: deleting it costs rebuilds and history, nothing else. There
is one writer, the builder that holds the project's lock; anybody may read at any time.
A task costs two transactions, its claim and its end; what is only of interest meanwhile is
in `running`. How the file itself is kept whole is in `storefile`.

The commit protocol lives in the order of calls: `claim` (from here the old success proves
nothing) → run → `commit` with the products' hashes, in one transaction. Whatever is still
'running' when nobody holds the lock has crashed; `recover` writes that down.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
import stat
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, TypeVar

import msgspec

from cauce.contract import CellError, Progress, RunRequest
from cauce.engine.errors import ProjectUnwritable
from cauce.engine.files import ProductRecord, Stat
from cauce.engine.fingerprint import Fingerprint
from cauce.engine.metrics import Metric
from cauce.engine.process import ProcessRecord
from cauce.engine.running import RunningNotes, read_running
from cauce.engine.stateplace import state_folder
from cauce.engine.storefile import (
    ATTEMPT_COLUMNS,
    FAULTS,
    PRODUCT_COLUMNS,
    NewerFile,
    current,
    digest,
    identity,
    is_damage,
    misread,
    opened_file,
    reseal,
    set_aside,
    transaction,
)

__all__ = [
    "PATIENCE",
    "AttemptOutcome",
    "AttemptRow",
    "Forgotten",
    "History",
    "RunResults",
    "RunRow",
    "Store",
    "TaskHistory",
    "TaskState",
    "Unreadable",
    "new_run",
    "read_attempts",
    "read_history",
    "read_places",
    "read_results",
    "read_run",
    "read_run_attempts",
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

TaskState = Literal["waiting", "running", "ok", "failed", "cancelled", "crashed", "stopped", "skipped", "unchanged"]
AttemptOutcome = Literal["running", "ok", "failed", "cancelled", "crashed", "stopped"]
Unreadable = Literal["damaged", "denied", "linked", "newer"]
"""Its content makes no sense; it belongs to another user; the state folder is a symbolic link; a newer
version has written it."""
RunState = Literal["running", "ok", "failed", "cancelled", "crashed"]
Forgotten = Literal["unknown", "gone", "hidden"]
"""What became of a run that was to be forgotten: there is none, it is gone, it is not shown any more."""


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
    metrics: tuple[Metric, ...] = ()
    """Only where results are read."""


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
    request: RunRequest | None = None
    """What it was asked to do; None where that was not written down."""
    took: Mapping[str, float] = field(default_factory=dict)
    """Task → seconds from its first attempt to the end of its last; only where several runs are read."""


@dataclass(frozen=True)
class RunResults:
    """What the tasks had come to when a run had ended: by that run, or by one before it."""

    run: RunRow
    attempts: Mapping[str, AttemptRow]
    """Of each task its newest attempt by then, as far as that is still known."""


@dataclass(frozen=True)
class History:
    """What the store knows of one pipeline at one moment."""

    tasks: Mapping[str, TaskHistory] = field(default_factory=dict)
    run: RunRow | None = None
    unreadable: Unreadable | None = None
    """Why the file could not be read: everything counts as never run."""
    elsewhere: Mapping[str, tuple[TaskHistory, ...]] = field(default_factory=dict)
    """The same of tasks in the project's other pipelines, by their names: theirs may be the same files."""
    set_aside: str = ""
    """The damaged file that this one has replaced, by its name in the state folder; '' once there was another run."""


def new_run(now: float) -> str:
    """An id for a run that begins now: those of one project sort by time."""
    return f"{int(now * 1000):x}-{secrets.token_hex(4)}"


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
        self._notes = RunningNotes(folder)
        self.set_aside: Path | None = None
        """Where a damaged file is that was found here."""
        try:
            self._db = opened_file(self._path, patience)
        except NewerFile:
            raise ProjectUnwritable(
                f"{self._path} was written by a newer version of Cauce.",
                hint="Update Cauce, or remove the file: that costs rebuilds and history, nothing else.",
            ) from None
        except (OSError, *FAULTS) as error:
            if not (self._is_damaged(error) or self._path.is_dir()):
                raise self._unwritable(error) from error
            self._db = self._anew()
        self._key = identity(self._db).key

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._notes.close()
        self._db.close()

    def _anew(self) -> sqlite3.Connection:
        try:
            self.set_aside = set_aside(self._path)
            return opened_file(self._path, self._patience, replaces=self.set_aside.name)
        except (OSError, *FAULTS) as error:
            raise self._unwritable(error) from error

    def _or_anew(self, query: Callable[[], T], nothing: T) -> T:
        """What the file says; `nothing`, and a new file, when it turns out to be damaged further in."""
        try:
            return query()
        except FAULTS as error:
            if not self._is_damaged(error):
                raise self._unwritable(error) from error
            self._db.close()
            self._db = self._anew()
            self._key = identity(self._db).key
            return nothing

    def _is_damaged(self, error: Exception) -> bool:
        return is_damage(error) and not misread(error, self._path)

    def _unwritable(self, error: Exception) -> ProjectUnwritable:
        if why := misread(error, self._path):
            return ProjectUnwritable(
                f"Cannot read {self._path}: {why}.",
                hint="The disk, or the connection to it, fails. Build again; if that is no help, copy the project to "
                "another disk.",
            )
        if is_damage(error):
            return ProjectUnwritable(
                f"{self._path} is damaged: {error}.", hint="It is set aside: build again, and it is begun anew."
            )
        return ProjectUnwritable(
            f"Cannot write {self._path}: {error}.",
            hint="Make room, or make the folder writable. Removing the file costs rebuilds and history, nothing else.",
        )

    # --- Writing, each call one transaction

    def recover(self, now: float) -> tuple[ProcessRecord, ...]:
        """Whatever is still running has crashed with its builder. Returns what to reap."""
        return self._or_anew(lambda: self._recover(now), ())

    def _recover(self, now: float) -> tuple[ProcessRecord, ...]:
        cause = "The builder was killed."
        notes = read_running(self._path.parent)
        with transaction(self._db) as db:
            left = db.execute("SELECT id, run FROM attempts WHERE outcome = 'running'").fetchall()
            for attempt, _ in left:
                with _resealed(db, self._key, attempt):
                    db.execute(
                        "UPDATE attempts SET outcome = 'crashed', ended = ?, cause = ? WHERE id = ?",
                        (now, cause, attempt),
                    )
            db.execute("UPDATE run_tasks SET state = 'crashed' WHERE state = 'running'")
            db.execute("UPDATE run_tasks SET state = 'skipped', cause = ? WHERE state = 'waiting'", (cause,))
            db.execute("UPDATE runs SET state = 'crashed', ended = ?, message = ? WHERE ended IS NULL", (now, cause))
        found = [notes[attempt].process for attempt, run in left if attempt in notes and notes[attempt].run == run]
        return tuple(process for process in found if process is not None)

    def begin_run(
        self,
        run: str,
        pipeline: str,
        tasks: tuple[str, ...],
        now: float,
        host: str,
        user: str,
        request: RunRequest | None = None,
    ) -> None:
        with self._transaction() as db:
            db.execute(
                "INSERT INTO runs(id, pipeline, state, started, host, user) VALUES (?, ?, 'running', ?, ?, ?)",
                (run, pipeline, now, host, user),
            )
            if request is not None:
                db.execute("INSERT INTO asked VALUES (?, ?)", (run, msgspec.json.encode(request)))
            db.executemany(
                "INSERT INTO run_tasks(run, position, task, state) VALUES (?, ?, ?, 'waiting')",
                [(run, position, task) for position, task in enumerate(tasks)],
            )

    def claim(self, run: str, pipeline: str, task: str, fingerprint: Fingerprint, now: float) -> int:
        """From here on the task's earlier success proves nothing. Returns the attempt."""
        with self._transaction() as db:
            attempt = db.execute(
                "INSERT INTO attempts(run, pipeline, task, outcome, started, fingerprint) "
                "VALUES (?, ?, ?, 'running', ?, ?)",
                (run, pipeline, task, now, msgspec.json.encode(fingerprint)),
            ).lastrowid
            assert attempt is not None  # noqa: S101 - an INSERT always has a row id
            reseal(db, self._key, attempt)
            known = _pointers(db, self._key, pipeline, task).get(task)
            _point(db, self._key, pipeline, task, attempt, None if known is None else known[1])
            db.execute("UPDATE run_tasks SET state = 'running', cause = '' WHERE run = ? AND task = ?", (run, task))
        self._notes.begin(attempt, run)
        return attempt

    def process(self, attempt: int, process: ProcessRecord) -> None:
        """Not for good, as all else: see `running`."""
        try:
            self._notes.process(attempt, process)
        except OSError as error:
            raise self._unwritable(error) from error

    def progress(self, attempt: int, progress: Progress) -> None:
        """Not for good, as all else: see `running`."""
        try:
            self._notes.progress(attempt, progress)
        except OSError as error:
            raise self._unwritable(error) from error

    def amend(self, attempt: int, fingerprint: Fingerprint) -> None:
        """More is known of what the attempt's inputs were."""
        with self._transaction() as db, _resealed(db, self._key, attempt):
            db.execute("UPDATE attempts SET fingerprint = ? WHERE id = ?", (msgspec.json.encode(fingerprint), attempt))

    def commit(
        self,
        attempt: int,
        run: str,
        task: str,
        products: tuple[ProductRecord, ...],
        now: float,
        metrics: Sequence[Metric] = (),
    ) -> None:
        """The task succeeded and these are its products, and the numbers in them."""
        with self._transaction() as db:
            with _resealed(db, self._key, attempt) as pipeline:
                db.executemany(
                    "INSERT INTO products VALUES (?, ?, ?, ?, ?, ?, ?)",
                    [(attempt, p.path, p.hash, *astuple(p.stat)) for p in products],
                )
                db.execute("UPDATE attempts SET outcome = 'ok', ended = ? WHERE id = ?", (now, attempt))
            db.executemany(
                "INSERT INTO metrics VALUES (?, ?, ?, ?)", [(attempt, m.path, m.name, m.value) for m in metrics]
            )
            _point(db, self._key, pipeline, task, attempt, attempt)
            db.execute("UPDATE run_tasks SET state = 'ok' WHERE run = ? AND task = ?", (run, task))
        self._notes.end(attempt)

    def confirm(self, products: Mapping[int, Collection[ProductRecord]]) -> None:
        """Attempt → products that were read again and hold what they held, though they look different."""
        with self._transaction() as db:
            for attempt, found in products.items():
                with _resealed(db, self._key, attempt):
                    db.executemany(
                        "UPDATE products SET size = ?, mtime_ns = ?, ctime_ns = ?, inode = ? "
                        "WHERE attempt = ? AND path = ? AND hash = ?",
                        [(*astuple(p.stat), attempt, p.path, p.hash) for p in found],
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
            with _resealed(db, self._key, attempt):
                db.execute(
                    "UPDATE attempts SET outcome = ?, ended = ?, cause = ?, error = ? WHERE id = ?",
                    (outcome, now, cause, blob, attempt),
                )
            ours = (state, again, run, task)
            db.execute("UPDATE run_tasks SET state = ?, cause = ? WHERE run = ? AND task = ?", ours)
        self._notes.end(attempt)

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

    def rename(self, pipeline: str, old: str, new: str, fingerprints: Mapping[int, Fingerprint]) -> None:
        """What is known of one task is from here on known of it by its other name.

        What was known of an earlier task of that name no longer counts. `fingerprints`: attempt → what its
        inputs are called now; the caller has found nothing else to be different in them.
        """
        with self._transaction() as db:
            for (attempt,) in db.execute(
                "SELECT id FROM attempts WHERE pipeline = ? AND task = ?", (pipeline, old)
            ).fetchall():
                with _resealed(db, self._key, attempt):
                    db.execute("UPDATE attempts SET task = ? WHERE id = ?", (new, attempt))
            for attempt, fingerprint in fingerprints.items():
                with _resealed(db, self._key, attempt):
                    blob = msgspec.json.encode(fingerprint)
                    db.execute("UPDATE attempts SET fingerprint = ? WHERE id = ?", (blob, attempt))
            known = _pointers(db, self._key, pipeline, old).get(old)
            db.execute("DELETE FROM newest WHERE pipeline = ? AND task IN (?, ?)", (pipeline, old, new))
            if known is not None:
                _point(db, self._key, pipeline, new, *known)
            db.execute(
                "UPDATE OR IGNORE run_tasks SET task = ? WHERE task = ? "
                "AND run IN (SELECT id FROM runs WHERE pipeline = ?)",
                (new, old, pipeline),
            )

    def prune(self, pipeline: str, keep: int, at_once: int = 50) -> tuple[str, ...]:
        """Forget the oldest runs beyond the newest `keep`, and those that were hidden; returns which.

        A run with the newest attempt at a task, or its newest success, is kept however old it
        is: freshness follows from these. Forgets at most `at_once`, the rest later.
        """
        with self._transaction() as db:
            rows = db.execute(_SUPERFLUOUS, {"pipeline": pipeline, "keep": keep, "limit": at_once}).fetchall()
            _forget(db, [row[0] for row in rows])
        return tuple(row[0] for row in rows)

    def forget(self, pipeline: str, run: str) -> Forgotten:
        """Forget a run: what became of it.

        One from which freshness follows is hidden, until it does not any more. What such a run
        knows of other tasks is forgotten at once.
        """
        with self._transaction() as db:
            if not db.execute(_SEEN, {"pipeline": pipeline, "run": run}).fetchone():
                return "unknown"
            if not db.execute(_NEEDED, {"run": run}).fetchone():
                _forget(db, [run])
                return "gone"
            db.execute("INSERT INTO hidden VALUES (?)", (run,))
            _forget_attempts(db, _UNNEEDED, {"run": run})
            return "hidden"

    # --- Reading, for the writer itself

    def history(self, pipeline: str) -> History:
        return self._or_anew(lambda: _history(self._db, pipeline), History())

    def task_history(self, pipeline: str, task: str) -> TaskHistory | None:
        try:
            return _tasks(self._db, self._key, pipeline, task).get(task)
        except FAULTS as error:
            raise self._unwritable(error) from error

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            with transaction(self._db) as db:
                yield db
        except FAULTS as error:
            if self._is_damaged(error):  # who builds next must not find it again
                self._db.close()
                with contextlib.suppress(OSError):
                    self.set_aside = set_aside(self._path)
            raise self._unwritable(error) from error


# --- Looking ------------------------------------------------------------------------------


def read_history(folder: Path, pipeline: str) -> History:
    """What is known of a pipeline. Never raises, never creates or changes anything."""
    found = _reading(folder, lambda db: _history(db, pipeline), History(), lambda why: History(unreadable=why))
    if all(known.last.outcome != "running" for known in found.tasks.values()):
        return found
    notes = read_running(folder)

    def with_progress(known: TaskHistory) -> TaskHistory:
        last, note = known.last, notes.get(known.last.id)
        if last.outcome != "running" or note is None or note.run != last.run:
            return known
        return TaskHistory(replace(last, progress=note.progress), known.last_ok)

    return replace(found, tasks={task: with_progress(known) for task, known in found.tasks.items()})


def read_runs(folder: Path, pipeline: str, limit: int = 50, before: str = "") -> tuple[RunRow, ...]:
    """The pipeline's runs, newest first; those that are older than the run `before`, if it is given."""

    def rows(db: sqlite3.Connection) -> tuple[RunRow, ...]:
        ids = db.execute(_PAGE, {"pipeline": pipeline, "before": before, "limit": limit})
        found = [_run(db, row[0]) for row in ids.fetchall()]
        return tuple(replace(run, took=_took(db, run.id)) for run in found if run is not None)

    return _reading(folder, rows, (), lambda _: ())


def read_run(folder: Path, pipeline: str, run: str) -> RunRow | None:
    """One run; None when the pipeline has none of that id."""

    def row(db: sqlite3.Connection) -> RunRow | None:
        found = _run(db, run)
        return found if found is not None and found.pipeline == pipeline else None

    return _reading(folder, row, None, lambda _: None)


def read_run_attempts(folder: Path, run: str) -> tuple[AttemptRow, ...]:
    """The attempts of a run, in the order in which they began."""

    def rows(db: sqlite3.Connection) -> tuple[AttemptRow, ...]:
        found = _attempts(db, identity(db).key, "SELECT id FROM attempts WHERE run = ?", (run,))
        return tuple(found[number] for number in sorted(found))

    return _reading(folder, rows, (), lambda _: ())


def read_results(folder: Path, pipeline: str, runs: Sequence[str]) -> tuple[RunResults | None, ...]:
    """What the tasks had come to when each of these runs had ended; None for a run that is not there."""

    def results(db: sqlite3.Connection) -> tuple[RunResults | None, ...]:
        return tuple(_results(db, pipeline, run) for run in runs)

    return _reading(folder, results, (None,) * len(runs), lambda _: (None,) * len(runs))


def read_attempts(folder: Path, pipeline: str, task: str, limit: int = 20) -> tuple[AttemptRow, ...]:
    """A task's attempts, newest first."""

    def rows(db: sqlite3.Connection) -> tuple[AttemptRow, ...]:
        which = "SELECT id FROM attempts WHERE pipeline = ? AND task = ? ORDER BY id DESC LIMIT ?"
        found = _attempts(db, identity(db).key, which, (pipeline, task, limit))
        return tuple(found[number] for number in sorted(found, reverse=True))

    return _reading(folder, rows, (), lambda _: ())


def read_places(folder: Path, task: str, runs: Iterable[str]) -> dict[str, int]:
    """Run → the task's place in it, of those of these runs that it was part of."""
    asked = msgspec.json.encode(list(runs)).decode()
    which = "SELECT run, position FROM run_tasks WHERE task = ? AND run IN (SELECT value FROM json_each(?))"
    return _reading(folder, lambda db: dict(db.execute(which, (task, asked)).fetchall()), {}, lambda _: {})


_SUPERFLUOUS = """
SELECT id FROM runs WHERE pipeline = :pipeline AND (id IN (SELECT run FROM hidden)
OR rowid <= (SELECT rowid FROM runs WHERE pipeline = :pipeline ORDER BY rowid DESC LIMIT 1 OFFSET :keep))
AND id NOT IN (SELECT run FROM attempts WHERE id IN (
    SELECT last FROM newest WHERE pipeline = :pipeline UNION SELECT last_ok FROM newest WHERE pipeline = :pipeline))
ORDER BY rowid LIMIT :limit
"""

_SEEN = "SELECT 1 FROM runs WHERE id = :run AND pipeline = :pipeline AND id NOT IN (SELECT run FROM hidden)"
_NEEDED = """
SELECT 1 FROM attempts WHERE run = :run AND id IN (SELECT last FROM newest UNION SELECT last_ok FROM newest) LIMIT 1
"""
_UNNEEDED = """
SELECT id FROM attempts WHERE run = :run
AND id NOT IN (SELECT last FROM newest UNION SELECT last_ok FROM newest WHERE last_ok IS NOT NULL)
"""
_PAGE = """
SELECT id FROM runs WHERE pipeline = :pipeline AND id NOT IN (SELECT run FROM hidden)
AND (:before = '' OR rowid < (SELECT rowid FROM runs WHERE id = :before)) ORDER BY rowid DESC LIMIT :limit
"""
_NEWEST_BY = """
SELECT MAX(id) FROM attempts WHERE pipeline = :pipeline
AND run IN (SELECT id FROM runs WHERE rowid <= (SELECT rowid FROM runs WHERE id = :run)) GROUP BY task
"""
"""Attempts are numbered as they begin, and one build follows the other."""


def _forget(db: sqlite3.Connection, runs: Sequence[str]) -> None:
    """Forget these runs, with all that belongs to them."""
    if not runs:
        return
    db.execute("CREATE TEMP TABLE IF NOT EXISTS forgotten(run TEXT PRIMARY KEY) STRICT")
    db.execute("DELETE FROM forgotten")
    db.executemany("INSERT INTO forgotten VALUES (?)", [(run,) for run in runs])
    ours = "IN (SELECT run FROM forgotten)"
    _forget_attempts(db, f"SELECT id FROM attempts WHERE run {ours}", {})  # noqa: S608 - constants
    for table in ("run_tasks", "asked", "hidden"):
        db.execute(f"DELETE FROM {table} WHERE run {ours}")  # noqa: S608 - our own tables
    db.execute(f"DELETE FROM runs WHERE id {ours}")  # noqa: S608 - our own words


def _forget_attempts(db: sqlite3.Connection, which: str, values: Mapping[str, object]) -> None:
    """Forget attempts, by what selects their ids."""
    for table in ("products", "metrics"):
        db.execute(f"DELETE FROM {table} WHERE attempt IN ({which})", values)  # noqa: S608 - constants
    db.execute(f"DELETE FROM attempts WHERE id IN ({which})", values)  # noqa: S608 - constants


def _took(db: sqlite3.Connection, run: str) -> dict[str, float]:
    rows = db.execute(
        "SELECT task, MAX(ended) - MIN(started) FROM attempts WHERE run = ? AND ended IS NOT NULL GROUP BY task", (run,)
    )
    return {task: took for task, took in rows.fetchall() if isinstance(task, str) and isinstance(took, float)}


def _results(db: sqlite3.Connection, pipeline: str, run: str) -> RunResults | None:
    row = _run(db, run)
    if row is None or row.pipeline != pipeline:
        return None
    newest = db.execute(_NEWEST_BY, {"pipeline": pipeline, "run": run}).fetchall()
    these = "SELECT value FROM json_each(?)", (msgspec.json.encode([row[0] for row in newest]).decode(),)
    metrics: dict[int, list[Metric]] = {}
    select = f"SELECT attempt, path, name, value FROM metrics WHERE attempt IN ({these[0]}) ORDER BY path, name"  # noqa: S608 - our own words
    for attempt, path, name, value in db.execute(select, these[1]).fetchall():
        metrics.setdefault(attempt, []).append(msgspec.convert({"path": path, "name": name, "value": value}, Metric))
    found = _attempts(db, identity(db).key, *these)
    attempts = {each.task: replace(each, metrics=tuple(metrics.get(each.id, ()))) for each in found.values()}
    return RunResults(row, attempts)


def _history(db: sqlite3.Connection, pipeline: str) -> History:
    this = identity(db)
    # In the order in which they were written down: clocks are set back.
    latest = db.execute(_PAGE, {"pipeline": pipeline, "before": "", "limit": 1}).fetchone()
    others: dict[str, list[TaskHistory]] = {}
    # Not '<>', which would read every row where there is but this pipeline.
    elsewhere = "SELECT DISTINCT pipeline FROM newest WHERE pipeline < ? OR pipeline > ?"
    for (other,) in db.execute(elsewhere, (pipeline, pipeline)).fetchall():
        for task, known in _tasks(db, this.key, other, None).items():
            others.setdefault(task, []).append(known)
    young = this.set_aside and db.execute("SELECT COUNT(*) FROM (SELECT 1 FROM runs LIMIT 2)").fetchone()[0] < 2
    return History(
        tasks=_tasks(db, this.key, pipeline, None),
        run=None if latest is None else _run(db, latest[0]),
        elsewhere={task: tuple(known) for task, known in others.items()},
        set_aside=this.set_aside if young else "",
    )


def _tasks(db: sqlite3.Connection, key: bytes, pipeline: str, task: str | None) -> dict[str, TaskHistory]:
    """The newest attempt and the newest success of one task, or of all."""
    which = (
        f"SELECT {column} FROM newest WHERE pipeline = :pipeline AND (:task IS NULL OR task = :task)"  # noqa: S608 - our own column
        for column in ("last", "last_ok")
    )
    attempts = _attempts(db, key, " UNION ".join(which), {"pipeline": pipeline, "task": task})
    found: dict[str, TaskHistory] = {}
    for name, (last, last_ok) in _pointers(db, key, pipeline, task).items():
        try:
            known = TaskHistory(attempts[last], None if last_ok is None else attempts[last_ok])
        except KeyError as error:
            raise sqlite3.DatabaseError(f"the attempt {error} is not there") from None
        found[name] = known
    return found


def _pointers(db: sqlite3.Connection, key: bytes, pipeline: str, task: str | None) -> dict[str, tuple[int, int | None]]:
    """Task → its last attempt and its last success."""
    found: dict[str, tuple[int, int | None]] = {}
    rows = db.execute(
        "SELECT pipeline, task, last, last_ok, seal FROM newest WHERE pipeline = ? AND (? IS NULL OR task = ?)",
        (pipeline, task, task),
    )
    for *row, seal in rows.fetchall():
        if seal != digest(key, *row):
            raise sqlite3.DatabaseError("what it says of a task is not what was written")
        found[row[1]] = row[2], row[3]
    return found


def _point(db: sqlite3.Connection, key: bytes, pipeline: str, task: str, last: int, last_ok: int | None) -> None:
    row = pipeline, task, last, last_ok
    db.execute("INSERT OR REPLACE INTO newest VALUES (?, ?, ?, ?, ?)", (*row, digest(key, *row)))


def _run(db: sqlite3.Connection, run: str) -> RunRow | None:
    row = db.execute(
        "SELECT id, pipeline, state, started, ended, host, user, message FROM runs WHERE id = ?", (run,)
    ).fetchone()
    if row is None:
        return None
    tasks = db.execute("SELECT task, state, cause FROM run_tasks WHERE run = ? ORDER BY position", (run,)).fetchall()
    asked = db.execute("SELECT request FROM asked WHERE run = ?", (run,)).fetchone()
    names = ("id", "pipeline", "state", "started", "ended", "host", "user", "message")
    fields = dict(zip(names, row, strict=True)) | {
        "tasks": {task: state for task, state, _ in tasks},
        "causes": {task: cause for task, _, cause in tasks if cause},
        "request": None if asked is None else _request(asked[0]),
    }
    return msgspec.convert(fields, RunRow)  # nothing is sealed here, and anything may stand there


def _request(blob: bytes) -> RunRequest | None:
    """What was asked for; None where another version could ask for more than this one."""
    try:
        return msgspec.json.decode(blob, type=RunRequest)
    except msgspec.ValidationError:
        return None


@contextlib.contextmanager
def _resealed(db: sqlite3.Connection, key: bytes, attempt: int) -> Iterator[str]:
    """Change what belongs to an attempt, which must be as we have left it; gives its pipeline."""
    found = _rows(db, key, "VALUES(?)", (attempt,))
    if not found:
        raise sqlite3.DatabaseError(f"the attempt {attempt} is not there")
    yield found[attempt][0][2]
    reseal(db, key, attempt)


def _rows(
    db: sqlite3.Connection, key: bytes, which: str, values: Sequence[object] | Mapping[str, object]
) -> dict[int, tuple[tuple[Any, ...], list[tuple[Any, ...]]]]:
    """Attempts, by what selects their ids, each with its products. What is not as it was sealed is damage."""
    products: dict[int, list[tuple[Any, ...]]] = {}
    # Constants, with the values apart.
    select = f"SELECT attempt, {PRODUCT_COLUMNS} FROM products WHERE attempt IN ({which}) ORDER BY attempt, path"  # noqa: S608 - our own columns
    for number, *product in db.execute(select, values).fetchall():
        products.setdefault(number, []).append(tuple(product))
    found = {}
    select = f"SELECT {ATTEMPT_COLUMNS}, seal FROM attempts WHERE id IN ({which})"  # noqa: S608 - our own columns
    for *row, seal in db.execute(select, values).fetchall():
        made = products.get(row[0], [])
        if seal != digest(key, row, made):
            raise sqlite3.DatabaseError(f"the attempt {row[0]} is not what was written")
        found[row[0]] = tuple(row), made
    return found


def _attempts(
    db: sqlite3.Connection, key: bytes, which: str, values: Sequence[object] | Mapping[str, object]
) -> dict[int, AttemptRow]:
    """As `_rows`, as what they mean."""
    return {number: _attempt(row, made) for number, (row, made) in _rows(db, key, which, values).items()}


def _attempt(row: tuple[Any, ...], products: list[tuple[Any, ...]]) -> AttemptRow:
    number, run, _, task, outcome, started, ended, cause, error, fingerprint = row
    fields = {
        "id": number,
        "run": run,
        "task": task,
        "outcome": outcome,
        "started": started,
        "ended": ended,
        "cause": cause,
        "error": None if error is None else msgspec.Raw(error),
        "fingerprint": msgspec.Raw(fingerprint),
        "progress": Progress(done=0, total=0),
    }
    # Decoded as a whole: what another version left there must fail here, as damage, and not
    # as a wrong value later.
    attempt = msgspec.json.decode(msgspec.json.encode(fields), type=AttemptRow)
    records = tuple(ProductRecord(path, value, Stat(*stat)) for path, value, *stat in products)
    return replace(attempt, products=records)


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
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=PATIENCE, isolation_level=None)) as db:
            deadline = time.monotonic() + _READING
            db.set_progress_handler(lambda: time.monotonic() > deadline, 10_000)
            with contextlib.closing(current(db, path)) as now:
                return query(now)
    except NewerFile:
        return unreadable("newer")
    except (FileNotFoundError, NotADirectoryError):
        return empty
    except PermissionError:
        return unreadable("denied")
    except (OSError, *FAULTS):
        return unreadable("damaged")
