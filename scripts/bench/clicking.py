"""From the request that a click makes to the first cell, with and without a builder that waits for it."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from bench.contest import Contest
from bench.figures import Row, Sample, Table, at_most
from bench.subjects import Subject
from cauce.contract import RunRequest, TaskProgress, TaskStarted
from cauce.server.standby import Standbys

__all__ = ["clicking"]

_READY = 3.0
"""Seconds that a builder gets to become ready."""

_TEXT = """
From the request that a click on *Build* makes to the first cell, without the browser's own part. One that waited is
what builds after the first from the same server get: a process that has imported everything, for ten minutes at most.
"""


def clicking(contest: Contest) -> Table:
    """Both ways of starting a builder."""
    folder = Subject(contest.place / "click").folder("cauce")
    rows = []
    for what, most in (("a new builder", 0), ("one that waited", 1)):
        begun, cell = asyncio.run(_clicks(folder, most, contest.rounds))
        rows.append(Row(what, (str(begun), str(cell)), at_most(0.3, cell) if most else ()))
    return Table(
        "From the click to the first cell", _TEXT, ("the task has begun", "its first cell has run"), tuple(rows)
    )


async def _clicks(folder: Path, most: int, rounds: int) -> tuple[Sample, Sample]:
    standbys = Standbys(lambda: True, most)
    found: list[tuple[float, float]] = []
    try:
        for _ in range(rounds + 1):
            found.append(await _click(standbys, folder))
            await standbys.built(folder / "pipeline.yaml")
            await asyncio.sleep(_READY)
    finally:
        await standbys.close()
    begun, cells = zip(*found[1:], strict=True)
    return Sample(begun), Sample(cells)


async def _click(standbys: Standbys, folder: Path) -> tuple[float, float]:
    start = time.perf_counter()
    begun = cell = 0.0
    builder = await standbys.start(folder / "pipeline.yaml", RunRequest(force=True))
    async for event in builder.events():
        if isinstance(event, TaskStarted):
            begun = time.perf_counter() - start
        elif isinstance(event, TaskProgress):
            cell = cell or time.perf_counter() - start
    return begun, cell
