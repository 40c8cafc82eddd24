"""Measures everything, prints it, and writes it down: ``python -m bench --rounds 7 --write docs/benchmarks.md``."""
# ruff: noqa: T201  A script: printing is what it does.

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench.clicking import clicking
from bench.commands import commands
from bench.contest import Contest, environment
from bench.costs import costs
from bench.drawing import drawing
from bench.figures import Table, document
from bench.kernels import kernels
from bench.looking import looking

TABLES: Mapping[str, Callable[[Contest], Table | Sequence[Table]]] = {
    "kernels": kernels,
    "costs": costs,
    "commands": commands,
    "clicking": clicking,
    "looking": looking,
    "drawing": drawing,
}

NOTES: Mapping[str, str] = {
    "five trivial cells: task": (
        "of 66 ms some 40 are computing: the fork, IPython's setting up of a shell (23), the cells, the end of the "
        "process. The goal was set when papermill took 0.77 s; its 0.61 s here are mostly waiting by the clock."
    ),
    "24 notebooks of five trivial cells, 2 at a time: build": (
        "each kernel takes some 45 ms of a core and the builder 15, so that two cores are busy all the time, while "
        "nbclient, most of whose time is waiting, gains more from two at a time (0.36 s each) than when the goal was "
        "set."
    ),
}
"""Why a goal is missed, by the first cell of its row. It is printed only while the goal is missed."""

OPENING = """
# Benchmarks

`make bench` has written this file. It measures Cauce and its peers in the same run, in rounds that alternate
between them, after one round that does not count: {rounds} rounds, fewer of what takes long (`make bench ROUNDS=…`).
The figures are medians, with the least and the most in parentheses. Next to a peer's stands by how much Cauce is
faster, or spends less, in **bold**. Ratios travel from machine to machine, seconds do not.
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", choices=TABLES, action="append", help="measure this; may be repeated")
    parser.add_argument("--write", type=Path, help="the file to write")
    options = parser.parse_args()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    tables: list[Table] = []
    with tempfile.TemporaryDirectory(prefix="cauce-bench-") as place, Contest(Path(place), options.rounds) as contest:
        ours = environment(contest.runtime)
        os.environ.clear()  # builders that are started from here belong to the run, too
        os.environ.update(ours)
        for name, measure in TABLES.items():
            if options.only is None or name in options.only:
                print(f"Measuring {name} …", flush=True)
                found = measure(contest)
                tables += [found] if isinstance(found, Table) else found
    text = document(OPENING.format(rounds=options.rounds), tables, NOTES, load)
    print(f"\n{text}", end="")
    if options.write is not None:
        options.write.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
