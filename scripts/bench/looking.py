"""Looking at large pipelines, of which there is no peer to compare with.

The ratio there is between sizes: ten times as many tasks should take ten times as long.
"""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.commands import run
from bench.contest import Contest, alternate, environment
from bench.figures import Goal, Row, Sample, Table, at_most
from bench.subjects import write_pipeline
from cauce.contract import RunRequest, encode
from cauce.engine.assessment import assess
from cauce.engine.build import Stop, build
from cauce.engine.executors.fake import FakeExecutor
from cauce.engine.files import Observer
from cauce.engine.parsecache import ParseCache
from cauce.engine.project import load
from cauce.engine.spec import Entry, entry_of_file
from cauce.engine.store import History
from cauce.server.workspace import Workspace

__all__ = ["looking"]

_TEXT = """
Notebook tasks with two products each, of which all but the first ten need two others. A first look reads every source
with jupytext; later ones, in whatever process, find in `.cauce/facts` what was read.
"""

_SCRIPT = """# %% tags=["parameters"]
upstream = {upstream}
product = None
n = None

# %%
import json

import pandas as pd

# %%
total = n + {number}
for name in upstream or []:
    total += len(name)
data = pd.DataFrame({{"total": [total], "squares": [total**2]}})

# %%
data.to_csv(product["data"])
print(json.dumps({{"total": total}}))
"""


def looking(contest: Contest) -> Table:
    """How long it takes to tell what is in a pipeline and whether it is current."""
    place, rounds = contest.place / "looking", contest.rounds
    large = _make_large(place / "large", 1_000)
    (first_looks,) = alternate(3, partial(_first_look, large))
    _pretend_to_build(large)
    (statuses,) = alternate(
        rounds, partial(run, "cauce", "status", folder=large.root, env=environment(contest.runtime))
    )
    first, status = Sample(tuple(first_looks)), Sample(tuple(statuses))
    warm = _warm_snapshots(place, rounds)
    huge = Sample((_first_look(_make_large(place / "huge", 10_000)),))
    shallow = Sample(tuple(_first_look(_make_diamonds(place / f"shallow{n}", 20)) for n in range(3)))
    deep = Sample(tuple(_first_look(_make_diamonds(place / f"deep{n}", 40)) for n in range(3)))
    rows = (
        Row("`cauce status` of 1,000 built tasks, a fresh process", (str(status),), at_most(0.5, status)),
        Row("the server's snapshot of them, nothing changed", (str(warm),), at_most(0.05, warm)),
        Row("first look ever at 1,000 tasks", (str(first),)),
        _grown("first look ever at 10,000 tasks", huge, first, 10, "of 1,000"),
        _grown("first look at 40 diamonds in a row", deep, shallow, 2, "of 20"),
    )
    return Table("Looking at large pipelines", _TEXT, ("took",), rows)


def _grown(what: str, larger: Sample, smaller: Sample, wanted: float, of: str) -> Row:
    ratio = larger.median / smaller.median
    goal = Goal(f"about {wanted:g} × {of}", ratio <= 1.3 * wanted)
    return Row(what, (f"{larger}, {ratio:.1f} × {of}",), (goal,))


def _make_large(folder: Path, tasks: int) -> Entry:
    """Notebook tasks with two products, each of which but the first ten needs two others."""
    entries: list[dict[str, object]] = []
    (folder / "tasks").mkdir(parents=True)
    for number in range(tasks):
        upstream = None if number < 10 else [f"t{number - 10}", f"t{number * 7 % number}"]
        (folder / f"tasks/t{number}.py").write_text(
            _SCRIPT.format(upstream=json.dumps(upstream).replace("null", "None"), number=number)
        )
        product = {"nb": f"out/t{number}.ipynb", "data": f"out/t{number}.csv"}
        entries.append({"source": f"tasks/t{number}.py", "product": product, "params": {"n": number}})
    write_pipeline(folder, entries)
    return entry_of_file(folder / "pipeline.yaml")


def _make_diamonds(folder: Path, levels: int) -> Entry:
    """``a0 ─► (b0, c0) ─► a1 ─► …``: two to the power of `levels` ways from the first to the last."""
    tasks: list[dict[str, object]] = []
    for level in range(levels):
        below = [f"b{level - 1}", f"c{level - 1}"] if level else []
        for name, needs in ((f"a{level}", below), (f"b{level}", [f"a{level}"]), (f"c{level}", [f"a{level}"])):
            tasks.append({"source": "task.py", "name": name, "product": f"out/{name}.ipynb", "upstream": needs})
    folder.mkdir(parents=True)
    (folder / "task.py").write_text("print(1)\n")
    write_pipeline(folder, tasks, meta={"extract_upstream": False})
    return entry_of_file(folder / "pipeline.yaml")


def _pretend_to_build(entry: Entry) -> None:
    """Write down a success of every task without running any."""

    async def go() -> None:
        await build(entry, RunRequest(), executor=FakeExecutor(), emit=lambda event: None, stop=Stop())

    asyncio.run(go())


def _first_look(entry: Entry) -> float:
    """Loading and assessing from nothing, without what earlier processes have kept."""
    shutil.rmtree(entry.root / ".cauce", ignore_errors=True)
    return _seconds(lambda: assess(load(entry, ParseCache()), History(), Observer(entry.root).glance()))


def _warm_snapshots(folder: Path, rounds: int) -> Sample:
    """The server's answer to a panel that asks again while nothing has changed."""

    async def ask() -> Sample:
        workspace = Workspace(folder, lambda event: None, logging.getLogger("bench"))
        times: list[float] = []
        try:
            for _ in range(100):  # until the sources are checked, and files are old enough to be trusted
                await workspace.snapshot("large/pipeline.yaml")
                await asyncio.sleep(0.5)
                times = []
                for _ in range(max(3, rounds)):
                    began = time.perf_counter()
                    encode(await workspace.snapshot("large/pipeline.yaml"))
                    times.append(time.perf_counter() - began)
                if max(times) < 2 * min(times):
                    break
            return Sample(tuple(times))
        finally:
            await workspace.close()

    return asyncio.run(ask())


def _seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began
