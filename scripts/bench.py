"""What Cauce costs on this machine, next to its peer in the same run.

Whole commands are timed from start to exit, as a user in a terminal meets them: `cauce
build` on one side, `jupyter execute` (nbclient) on the other. Rounds alternate and medians
are compared, so that a busy machine slows both. Ratios travel, seconds do not: copy the
table that is printed into docs/benchmarks.md.
"""
# ruff: noqa: T201  A script: printing is what it does.

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROUNDS = 5
BIN = Path(sys.executable).parent

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

    print("| what | `cauce` | `jupyter execute` | ratio |\n|---|---|---|---|")
    for row in rows:
        print(row)


if __name__ == "__main__":
    main()
