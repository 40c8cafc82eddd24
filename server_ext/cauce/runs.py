"""Runs that were: their list, one of them as it went, two of them compared. What the server and the terminal tell."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import msgspec

from cauce.contract import Holder, Result, RunAttempt, RunComparison, RunDetail, RunList
from cauce.engine.comparison import compared
from cauce.engine.errors import NotFound, UsageError
from cauce.engine.files import STATE
from cauce.engine.keptbooks import BOOKS, is_kept, kept_of, read_book, run_book_path
from cauce.engine.spec import Entry
from cauce.engine.statefolder import forget, runs_of
from cauce.engine.stateplace import state_folder
from cauce.engine.store import RunRow, read_places, read_results, read_run, read_run_attempts, read_runs
from cauce.present import present_attempt, present_run

__all__ = ["compare_runs", "forget_run", "known_run", "list_runs", "run_detail", "run_notebook", "task_notebooks"]


def list_runs(entry: Entry, *, before: str = "", limit: int = 50) -> RunList:
    """The pipeline's runs, newest first; those that are older than the run `before`, if it is given."""
    folder = state_folder(entry.root)
    rows, holder = runs_of(folder, lambda: read_runs(folder, entry.name, limit + 1, before))
    return RunList(
        runs=tuple(present_run(row, holder) for row in rows[:limit]),
        durations={row.id: dict(row.took) for row in rows[:limit]},
        more=len(rows) > limit,
    )


def known_run(entry: Entry, run: str) -> tuple[RunRow, Holder | None]:
    """A run, and who builds the project now.

    Raises:
        NotFound: There is none of that id.
    """
    folder = state_folder(entry.root)

    def read() -> tuple[RunRow, ...]:
        row = read_run(folder, entry.name, run)
        return () if row is None else (row,)

    rows, holder = runs_of(folder, read)
    if not rows:
        raise _unknown(entry, run)
    return rows[0], holder


def run_detail(entry: Entry, run: str) -> RunDetail:
    """One run as it went. Raises as `known_run`."""
    folder = state_folder(entry.root)
    row, holder = known_run(entry, run)
    numbers: Counter[str] = Counter()
    told = []
    for attempt in read_run_attempts(folder, run):
        numbers[attempt.task] += 1
        shown = present_attempt(attempt, holder)
        told.append(
            RunAttempt(
                task=attempt.task,
                number=numbers[attempt.task],
                outcome="crashed" if shown.outcome == "crashed" else attempt.outcome,
                started=attempt.started,
                ended=attempt.ended,
                cause=shown.cause,
                upstream=tuple(attempt.fingerprint.upstream),
            )
        )
    return RunDetail(
        run=present_run(row, holder),
        request=row.request,
        attempts=tuple(told),
        notebooks={task: run_book_path(entry.name, run, task) for task in kept_of(folder, run, row.tasks)},
    )


def run_notebook(entry: Entry, run: str, task: str) -> bytes:
    """The executed notebook of a task in a run, as it was kept.

    Raises:
        NotFound: There is none.
        OSError: It cannot be read.
    """
    folder = state_folder(entry.root)
    row = read_run(folder, entry.name, run)
    place = None if row is None else kept_of(folder, run, row.tasks).get(task)
    if place is None:
        raise NotFound(
            f"No notebook of '{task}' was kept in the run '{run}'.",
            hint="Those of old runs are removed, and of runs that were deleted.",
        )
    return read_book(place)


def task_notebooks(entry: Entry, task: str, runs: Iterable[str]) -> dict[str, str]:
    """Run → the path at which the task's executed notebook opens, of those of these runs that have kept it."""
    folder = state_folder(entry.root)
    return {
        run: run_book_path(entry.name, run, task)
        for run, place in read_places(folder, task, runs).items()
        if is_kept(folder, run, place)
    }


def compare_runs(entry: Entry, before: str, after: str) -> RunComparison:
    """What the tasks had come to when two runs had ended.

    Raises:
        NotFound: There is none of these ids.
        UsageError: It is the same run.
    """
    if before == after:
        raise UsageError("A run is as it is: name two different runs to compare.", hint="Look at the list of runs.")
    folder = state_folder(entry.root)
    _, holder = known_run(entry, after)
    old, new = read_results(folder, entry.name, (before, after))
    if old is None:
        raise _unknown(entry, before)
    if new is None:
        raise _unknown(entry, after)

    @cache
    def kept(run: str) -> dict[str, Path]:
        row = read_run(folder, entry.name, run)
        return {} if row is None else kept_of(folder, run, row.tasks)

    def with_notebook(task: str, result: Result | None) -> Result | None:
        place = None if result is None else kept(result.run).get(task)
        if result is None or place is None:
            return result
        # Where the state is kept elsewhere, nobody else needs to know of it.
        file = f"{STATE}/{BOOKS}/{result.run}/{place.name}" if folder.name == STATE else None
        path = run_book_path(entry.name, result.run, task)
        return msgspec.structs.replace(result, notebook=path, notebook_file=file)

    return RunComparison(
        before=present_run(old.run, holder),
        after=present_run(new.run, holder),
        tasks=tuple(
            msgspec.structs.replace(
                each, before=with_notebook(each.task, each.before), after=with_notebook(each.task, each.after)
            )
            for each in compared(old, new)
        ),
    )


def forget_run(entry: Entry, run: str) -> None:
    """Forget a run that has ended. Raises as `statefolder.forget`."""
    forget(state_folder(entry.root), entry.name, run, time.time())


def _unknown(entry: Entry, run: str) -> NotFound:
    return NotFound(
        f"There is no run '{run}' of {entry.name}.", hint="Only the newest runs are kept: look at the list."
    )
