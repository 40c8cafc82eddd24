"""A builder is killed, or its disk fails, at any system call with which it touches the project.

Here a sample of all points; `make torture` tries each of them, and prints what came of it. See `killgrid`
for what must hold after.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from drawn import MEMORY
from killgrid import CHEAP, FULL, Grid, Layout, Table, no_tracing, possible_errors
from systemcalls import Point, sample

pytestmark = [pytest.mark.sampled, pytest.mark.skipif(bool(no_tracing()), reason=no_tracing())]

Start = Callable[[Grid], tuple[Path, int]]
"""A project in some state, and the version of its sources that is to be built."""
_PLAIN = frozenset(["ioctl", "lseek"])
"""They ask the disk for nothing."""


@pytest.fixture
def folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="cauce-grid-", dir=MEMORY if MEMORY.is_dir() else None) as name:
        yield Path(os.path.realpath(name))


def never_built(grid: Grid) -> tuple[Path, int]:
    return grid.built("start", version=None), 1


def edited(grid: Grid) -> tuple[Path, int]:
    return grid.built("start", version=1), 2


def killed_before(grid: Grid) -> tuple[Path, int]:
    """In the middle of a transaction, which the next builder has to roll back."""
    start, version = edited(grid)
    half = [
        point for point in grid.points(start, version) if point.call == "pwrite64" and point.place == ".cauce/state.db"
    ]
    return grid.killed("killed", start, version, half[len(half) // 2]), version


@pytest.mark.parametrize(
    ("start", "layout", "size"),
    [
        pytest.param(edited, CHEAP, 9, id="edited"),
        pytest.param(never_built, CHEAP, 3, id="never built"),
        pytest.param(killed_before, CHEAP, 3, id="killed before"),
        pytest.param(edited, FULL, 0, id="with a notebook", marks=pytest.mark.torture),
    ],
)
def test_killed_anywhere(
    folder: Path, torture: bool, tables: list[object], start: Start, layout: Layout, size: int
) -> None:
    grid = Grid(folder, layout)
    project, version = start(grid)
    points = [point for point in grid.points(project, version) if point.changes or not point.place]
    assert len({point.call for point in points}) > 8, "not all was seen"
    table = Table("A builder killed anywhere")
    tables.append(table)
    for point in points if torture else sample(points, size):
        table.record("KILL", point, partial(grid.kill, project, version, point))
    assert not table.failures, "\n\n".join(table.failures)
    assert table.verdicts["killed"] > 0.8 * len(table.rows), f"too many points were not met\n{table}"


@pytest.mark.parametrize(
    ("start", "size"), [(edited, 12), pytest.param(never_built, 0, marks=pytest.mark.torture(only=True))]
)
def test_refused_anything(folder: Path, torture: bool, tables: list[object], start: Start, size: int) -> None:
    grid = Grid(folder, CHEAP)
    project, version = start(grid)
    points = [point for point in grid.points(project, version) if point.place and point.call not in _PLAIN]
    table = Table("A disk that fails anywhere")
    tables.append(table)
    for error, point in _refusals(points if torture else sample(points, size), every=torture):
        table.record(error, point, partial(grid.refuse, project, version, point, error))
    assert not table.failures, "\n\n".join(table.failures)
    assert table.verdicts["told"] > 0


def _refusals(points: list[Point], *, every: bool) -> Iterator[tuple[str, Point]]:
    """Each point with each error that it may meet, or with one of them in turn."""
    for number, point in enumerate(points):
        errors = possible_errors(point)
        for error in errors if every else (errors[number % len(errors)],):
            yield error, point
