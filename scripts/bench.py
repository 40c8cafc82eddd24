"""What Cauce costs on this machine, next to its peer in the same run.

Whole commands are timed from start to exit, as a user in a terminal meets them: `cauce
build` on one side, `jupyter execute` (nbclient) on the other. Rounds alternate and medians
are compared, so that a busy machine slows both. Ratios travel, seconds do not: copy the
tables that are printed into docs/benchmarks.md.

The second table is about looking at large pipelines, of which there is no peer to compare
with; there the ratio is between sizes: ten times as many tasks should take ten times as long. The third
is about what a builder that waits for its request saves.
"""
# ruff: noqa: T201  A script: printing is what it does.

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cauce.contract import RunRequest, TaskProgress, TaskStarted, encode
from cauce.engine.assessment import assess
from cauce.engine.build import Stop, build
from cauce.engine.executors.fake import FakeExecutor
from cauce.engine.files import Observer
from cauce.engine.parsecache import ParseCache
from cauce.engine.project import load
from cauce.engine.spec import Entry, entry_of_file
from cauce.engine.store import History
from cauce.server.standby import Standbys
from cauce.server.workspace import Workspace

ROUNDS = 5
BIN = Path(sys.executable).parent
# Installed packages have their bytecode; without it every start would compile all anew.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

SCRIPT = """# %% tags=["parameters"]
upstream = {upstream}
product = None

# %%
a = 1

# %%
b = a + 1

# %%
c = a + b

# %%
print(c)
"""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    ours: float
    peer: float | None = None

    def __str__(self) -> str:
        peer = "" if self.peer is None else f"{self.peer:.2f} s"
        ratio = "" if self.peer is None else f"{self.peer / self.ours:.1f} ×"
        return f"| {self.what} | {self.ours:.2f} s | {peer} | {ratio} |"


def make_project(folder: Path, tasks: int, *, chained: bool) -> None:
    """A pipeline of trivial tasks with five code cells, the injected one included, each."""
    names = [f"task_{number:02}" for number in range(tasks)]
    for previous, name in zip([None, *names], names, strict=False):
        upstream = [previous] if chained and previous else None
        (folder / f"{name}.py").write_text(SCRIPT.format(upstream=json.dumps(upstream).replace("null", "None")))
    entries = [{"source": f"{name}.py", "product": f"output/{name}.ipynb"} for name in names]
    # JSON is YAML.
    (folder / "pipeline.yaml").write_text(json.dumps({"tasks": entries}, indent=2))


def make_notebook(path: Path) -> None:
    """The same five cells for the peer."""
    sources = ["product = 'x'", "a = 1", "b = a + 1", "c = a + b", "print(c)"]
    cells: list[dict[str, object]] = [
        {"cell_type": "code", "execution_count": None, "id": f"c{i}", "metadata": {}, "outputs": [], "source": source}
        for i, source in enumerate(sources)
    ]
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    path.write_text(json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}))


def run(command: str, *arguments: str, folder: Path) -> None:
    """Run a command of this environment; its failure ends the benchmark."""
    done = subprocess.run(
        [BIN / command, *arguments],
        cwd=folder,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        sys.exit(f"{command} {' '.join(arguments)} failed:\n{done.stdout}")


def seconds(act: Callable[[], None]) -> float:
    """How long it takes."""
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def medians(*acts: Callable[[], None]) -> list[float]:
    """The median time of each, in alternation, after one round that does not count."""
    rounds = [[seconds(act) for act in acts] for _ in range(ROUNDS + 1)][1:]
    return [statistics.median(column) for column in zip(*rounds, strict=True)]


LOOKED_AT = """# %% tags=["parameters"]
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


def make_large(folder: Path, tasks: int) -> Entry:
    """Notebook tasks with two products, each of which but the first ten needs two others."""
    entries = []
    (folder / "tasks").mkdir(parents=True)
    for number in range(tasks):
        upstream = None if number < 10 else [f"t{number - 10}", f"t{number * 7 % number}"]
        (folder / f"tasks/t{number}.py").write_text(LOOKED_AT.format(upstream=upstream, number=number))
        product = {"nb": f"out/t{number}.ipynb", "data": f"out/t{number}.csv"}
        entries.append({"source": f"tasks/t{number}.py", "product": product, "params": {"n": number}})
    (folder / "pipeline.yaml").write_text(json.dumps({"tasks": entries}, indent=1))
    return entry_of_file(folder / "pipeline.yaml")


def make_diamonds(folder: Path, levels: int) -> Entry:
    """``a0 ─► (b0, c0) ─► a1 ─► …``: two to the power of `levels` ways from the first to the last."""
    tasks: list[dict[str, object]] = []
    for level in range(levels):
        below = [f"b{level - 1}", f"c{level - 1}"] if level else []
        for name, needs in ((f"a{level}", below), (f"b{level}", [f"a{level}"]), (f"c{level}", [f"a{level}"])):
            tasks.append({"source": "task.py", "name": name, "product": f"out/{name}.ipynb", "upstream": needs})
    folder.mkdir(parents=True)
    (folder / "task.py").write_text("print(1)\n")
    (folder / "pipeline.yaml").write_text(json.dumps({"meta": {"extract_upstream": False}, "tasks": tasks}))
    return entry_of_file(folder / "pipeline.yaml")


def pretend_to_build(entry: Entry) -> None:
    """Write down a success of every task without running any."""

    async def go() -> None:
        await build(entry, RunRequest(), executor=FakeExecutor(), emit=lambda event: None, stop=Stop())

    asyncio.run(go())


def first_load(entry: Entry) -> float:
    """Loading and assessing from nothing, without what earlier processes have kept."""
    shutil.rmtree(entry.root / ".cauce", ignore_errors=True)

    def look() -> None:
        assess(load(entry, ParseCache()), History(), Observer(entry.root).glance())

    return seconds(look)


def warm_snapshot(folder: Path) -> float:
    """The server's answer to a panel that asks again while nothing has changed."""

    async def ask() -> float:
        workspace = Workspace(folder, lambda event: None, logging.getLogger("bench"))
        times: list[float] = []
        try:
            for _ in range(100):  # until the sources are checked, and files are old enough to be trusted
                await workspace.snapshot("large/pipeline.yaml")
                await asyncio.sleep(0.5)
                times = []
                for _ in range(ROUNDS):
                    start = time.perf_counter()
                    encode(await workspace.snapshot("large/pipeline.yaml"))
                    times.append(time.perf_counter() - start)
                if max(times) < 2 * min(times):
                    break
            return statistics.median(times)
        finally:
            await workspace.close()

    return asyncio.run(ask())


def looking(place: Path) -> list[str]:
    """The second table."""
    large = make_large(place / "large", 1_000)
    first_load(large)  # imports
    first = statistics.median(first_load(large) for _ in range(3))
    pretend_to_build(large)
    (cold,) = medians(lambda: run("cauce", "status", folder=large.root))
    warm = warm_snapshot(place)
    huge = first_load(make_large(place / "huge", 10_000))
    shallow = statistics.median(first_load(make_diamonds(place / f"shallow{n}", 20)) for n in range(3))
    deep = statistics.median(first_load(make_diamonds(place / f"deep{n}", 40)) for n in range(3))
    return [
        f"| `cauce status` of 1,000 built tasks, a fresh process | {cold:.2f} s | ≤ 0.5 s |",
        f"| the server's snapshot of them, nothing changed | {1000 * warm:.0f} ms | ≤ 50 ms |",
        f"| first look ever at 1,000 tasks | {first:.2f} s | |",
        f"| first look ever at 10,000 tasks | {huge:.2f} s ({huge / first:.1f} × as long) | about 10 × |",
        f"| first look at 40 diamonds in a row | {1000 * deep:.0f} ms ({deep / shallow:.1f} × of 20) | about 2 × |",
    ]


def clicking(folder: Path) -> list[str]:
    """The third table: from the request that a click makes to the first cell, with and without a builder that waits."""

    async def click(standbys: Standbys) -> tuple[float, float]:
        start = time.perf_counter()
        begun = first_cell = 0.0
        builder = await standbys.start(folder / "pipeline.yaml", RunRequest(force=True))
        async for event in builder.events():
            if isinstance(event, TaskStarted):
                begun = time.perf_counter() - start
            elif isinstance(event, TaskProgress):
                first_cell = first_cell or time.perf_counter() - start
        return begun, first_cell

    async def clicks(most: int) -> list[str]:
        standbys = Standbys(lambda: True, most)
        times: list[tuple[float, float]] = []
        try:
            for _ in range(ROUNDS + 1):
                times.append(await click(standbys))
                await standbys.built(folder / "pipeline.yaml")
                await asyncio.sleep(3)  # until it is ready
        finally:
            await standbys.close()
        return [f"{statistics.median(column):.2f} s" for column in zip(*times[1:], strict=True)]

    cold, warm = asyncio.run(clicks(0)), asyncio.run(clicks(1))
    return [f"| {what} | {' | '.join(row)} |" for what, row in (("a new builder", cold), ("one that waited", warm))]


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="cauce-bench-") as place:
        one, ten = Path(place) / "one", Path(place) / "ten"
        one.mkdir()
        ten.mkdir()
        make_project(one, 1, chained=False)
        make_project(ten, 10, chained=True)
        make_notebook(one / "peer.ipynb")
        run("cauce", "build", folder=ten)

        ours, peer = medians(
            lambda: run("cauce", "build", "--force", folder=one),
            lambda: run("jupyter-execute", "peer.ipynb", "--inplace", folder=one),
        )
        rows = [Row("one trivial notebook of five cells", ours, peer)]
        (no_op,) = medians(lambda: run("cauce", "build", folder=ten))
        rows.append(Row("10 tasks, nothing to do", no_op))
        (status,) = medians(lambda: run("cauce", "status", folder=ten))
        rows.append(Row("`cauce status` of 10 tasks", status))

        table = looking(Path(place))
        clicks = clicking(one)

    print("| what | `cauce` | `jupyter execute` | ratio |\n|---|---|---|---|")
    for row in rows:
        print(row)
    print("\n| looking | took | goal |\n|---|---|---|")
    for line in table:
        print(line)
    print("\n| from the click to | the task has begun | its first cell has run |\n|---|---|---|")
    for line in clicks:
        print(line)


if __name__ == "__main__":
    main()
