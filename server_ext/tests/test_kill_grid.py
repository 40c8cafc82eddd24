"""A build is killed, or its disk fails, at any system call with which it touches the project.

Here a sample of all points; `make torture` tries each of them, and prints what came of it. See `killgrid`
for what must hold after.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from drawn import MEMORY
from killgrid import CHEAP, FULL, Grid, Layout, possible_errors
from smalldisk import SmallDisk, on_small_disk
from strace import no_attaching, no_tracing
from systemcalls import Point, sample
from torture import Table

pytestmark = [
    pytest.mark.sampled,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="traces system calls, mounts disks: for Linux"),
]

Start = Callable[[Grid], tuple[Path, int]]
"""A project in some state, and the version of its sources that is to be built."""
_PLAIN = frozenset(["ioctl", "lseek"])
"""They ask the disk for nothing."""


GridOf = Callable[[Layout], Grid]


@pytest.fixture(scope="module")
def grid_of(torture: bool) -> Iterator[GridOf]:
    with TemporaryDirectory(prefix="cauce-grid-", dir=MEMORY) as name:
        folder = Path(os.path.realpath(name))
        grids = {layout.name: Grid(folder / layout.name, layout, torture) for layout in (CHEAP, FULL)}
        yield lambda layout: grids[layout.name]


@pytest.fixture
def tracing() -> None:
    if why := no_tracing():
        pytest.skip(why)


@pytest.fixture
def attaching() -> None:
    if why := no_attaching():
        pytest.skip(why)


def never_built(grid: Grid) -> tuple[Path, int]:
    return grid.built("new", version=None), 1


def edited(grid: Grid) -> tuple[Path, int]:
    return grid.built("start", version=1), 2


def killed_before(grid: Grid) -> tuple[Path, int]:
    """In the middle of a transaction, which the next builder has to roll back."""
    start, version = edited(grid)
    half = [point for point in grid.points(start, version) if point.kind == "pwrite64 .cauce/state.db"]
    return grid.killed("killed", start, version, half[len(half) // 2]), version


@pytest.mark.usefixtures("tracing")
@pytest.mark.parametrize(
    ("start", "layout", "size"),
    [
        pytest.param(edited, CHEAP, 9, id="edited"),
        pytest.param(never_built, CHEAP, 3, id="never built"),
        pytest.param(killed_before, CHEAP, 3, id="killed before"),
        pytest.param(edited, FULL, 0, id="with a notebook", marks=pytest.mark.torture),
    ],
)
def test_builder_killed(grid_of: GridOf, torture: bool, table: Table, start: Start, layout: Layout, size: int) -> None:
    grid = grid_of(layout)
    project, version = start(grid)
    points = [point for point in grid.points(project, version) if point.changes or not point.place]
    assert len({point.call for point in points}) > 8, "not all was seen"
    for point in points if torture else sample(points, size):
        table.record("KILL", point.kind, point.number, partial(grid.kill, project, version, point))
    table.check()
    assert table.verdicts["killed"] > 0.8 * len(table.rows), f"too many points were not met\n{table}"


@pytest.mark.usefixtures("attaching")
@pytest.mark.parametrize(
    ("task", "layout", "size"),
    [
        pytest.param("load", CHEAP, 2, id="function"),
        pytest.param("double", CHEAP, 1, id="shell"),
        pytest.param("report", FULL, 1, id="notebook"),
    ],
)
def test_task_killed(grid_of: GridOf, torture: bool, table: Table, task: str, layout: Layout, size: int) -> None:
    grid = grid_of(layout)
    project, version = edited(grid)
    points = grid.points_of_task(project, version, task)
    for point in points if torture else sample(points, size):
        table.record("KILL", point.kind, point.number, partial(grid.kill_task, project, version, task, point))
    table.check()
    assert table.verdicts["told"] > 0


@pytest.mark.usefixtures("tracing")
@pytest.mark.parametrize(
    ("start", "kind", "size"),
    [
        pytest.param(edited, "", 12, id="edited"),
        # SQLite takes a page that was not read for damage. There are many of them, one is not enough.
        pytest.param(edited, "pread64 .cauce/state.db", 3, id="the store is not read"),
        pytest.param(never_built, "", 0, id="never built", marks=pytest.mark.torture),
    ],
)
def test_disk_fails(grid_of: GridOf, torture: bool, table: Table, start: Start, kind: str, size: int) -> None:
    grid = grid_of(CHEAP)
    project, version = start(grid)
    points = [point for point in grid.points(project, version) if point.place and point.call not in _PLAIN]
    points = [point for point in points if kind in ("", point.kind)]
    for error, point in _refusals(points if torture else sample(points, size), every=torture):
        table.record(error, point.kind, point.number, partial(grid.refuse, project, version, point, error))
    table.check()
    assert table.verdicts["told"] > 0


def _refusals(points: list[Point], *, every: bool) -> Iterator[tuple[str, Point]]:
    """Each point with each error that it may meet, or with one of them in turn."""
    for number, point in enumerate(points):
        errors = possible_errors(point)
        for error in errors if every else (errors[number % len(errors)],):
            yield error, point


def test_disk_fills_up(grid_of: GridOf, torture: bool, table: Table) -> None:
    grid = grid_of(CHEAP)
    project, version = edited(grid)
    for known in (version - 1, version):
        grid.clean(known)  # while there is room
    mount = grid.folder / "disk"
    mount.mkdir()

    def build_with(pages: int, disk: SmallDisk) -> str:
        return grid.build_on(disk, project, version, pages)

    for pages in range(40) if torture else (0, 6, 12):
        try:
            table.record("ENOSPC", "pages left", pages, partial(on_small_disk, mount, partial(build_with, pages)))
        except OSError as error:
            pytest.skip(f"no disk can be mounted here: {error}")
    table.check()
    assert table.verdicts["told"] > 0


@pytest.mark.skipif(shutil.which("prlimit") is None, reason="prlimit is not installed (Debian: util-linux)")
def test_files_may_not_grow(grid_of: GridOf, torture: bool, table: Table) -> None:
    grid = grid_of(CHEAP)
    project, version = edited(grid)
    every = (0, 1, 20, 100, 300, 500, 1000, 2000, *range(4096, 65_536, 2048))
    for size in every if torture else (0, 100, 8192):
        table.record("EFBIG", "bytes at most", size, partial(grid.build_limited, project, version, size))
    table.check()
    assert table.verdicts["told"] > 0
