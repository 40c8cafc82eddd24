"""Whole commands, from start to exit, as somebody in a terminal meets them."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from bench.contest import Contest, alternate, end_fork_servers, environment
from bench.figures import Row, Sample, Table, at_most, faster
from bench.subjects import Subject

__all__ = ["commands", "run"]

_BIN = Path(sys.executable).parent
_TEXT = """
Each is a fresh process, from start to exit. *First build*: no fork server runs yet.
"""


def commands(contest: Contest) -> Table:
    """`cauce build` next to `papermill` and `jupyter execute`, and what should take no time at all."""
    one, ten = Subject(contest.place / "one"), Subject(contest.place / "ten", tasks=10, chained=True)
    env = environment(contest.runtime)
    ours, theirs = one.folder("cauce"), one.folder("peers")
    run("cauce", "build", folder=ten.folder("cauce"), env=env)
    found = alternate(
        contest.rounds,
        partial(run, "cauce", "build", "--force", folder=ours, env=env),
        partial(_first_build, ours, contest.place),
        partial(run, "papermill", "task_00.ipynb", "out.ipynb", folder=theirs, env=env),
        partial(run, "jupyter-execute", "task_00.ipynb", "--inplace", folder=theirs, env=env),
    )
    warm, cold, papermill, nbclient = (Sample(tuple(seconds)) for seconds in found)
    rows = [
        Row(f"{what}: five trivial cells", (str(sample), faster(papermill, sample), faster(nbclient, sample)))
        for what, sample in (("`cauce build`", warm), ("`cauce build`, first build", cold))
    ]
    for what, command in (("`cauce build`: 10 tasks, nothing to do", "build"), ("`cauce status`: 10 tasks", "status")):
        (seconds,) = alternate(contest.rounds, partial(run, "cauce", command, folder=ten.folder("cauce"), env=env))
        rows.append(Row(what, (str(Sample(tuple(seconds))), "", ""), at_most(0.3, Sample(tuple(seconds)))))
    return Table("Commands", _TEXT, ("Cauce", "`papermill`", "`jupyter execute`"), tuple(rows))


def _first_build(folder: Path, place: Path) -> float:
    # A place of its own for each, since a server takes a moment to end.
    runtime = Path(tempfile.mkdtemp(dir=place))
    try:
        return run("cauce", "build", "--force", folder=folder, env=environment(runtime))
    finally:
        end_fork_servers(runtime)


def run(command: str, *arguments: str, folder: Path, env: Mapping[str, str]) -> float:
    """Run a command of this environment; how long it takes. Its failure ends the benchmark."""
    began = time.perf_counter()
    done = subprocess.run(
        [_BIN / command, *arguments],
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    took = time.perf_counter() - began
    if done.returncode != 0:
        sys.exit(f"{command} {' '.join(arguments)} failed:\n{done.stdout}")
    return took
