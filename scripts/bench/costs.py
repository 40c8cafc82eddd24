"""What running costs beside time: memory of kernels, computing time of the builder; and tasks that are no notebooks."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from bench.contest import Answer, Contest, Contestant, alternate, column
from bench.figures import Row, Sample, Table, at_most, faster
from bench.subjects import LIBRARIES, Subject, make_function, make_shell

__all__ = ["costs"]

_KERNELS = 8
_MANY = 24
_WAIT = 10
_PATIENCE = 300.0

_STAY = """import os, pathlib, time
pathlib.Path("here").mkdir(exist_ok=True)
pathlib.Path("here", str(os.getpid())).write_text(str(os.getppid()))
while not pathlib.Path("leave").exists():
    time.sleep(0.1)"""

_TEXT = f"""
*Ordinary* is nbclient for memory and computing time, and Cauce without a fork server (`CAUCE_FORKSERVER=off`) for
tasks. Memory is the sum of the proportional shares (PSS) of {_KERNELS} kernels, all of which have imported pandas,
scikit-learn and matplotlib and still run, and of the fork server.
"""


def costs(contest: Contest) -> Table:
    """Cauce next to what is started the ordinary way."""
    place, rounds = contest.place, contest.rounds
    rows: list[Row] = []
    remarks: list[str] = []
    if Path("/proc/self/smaps_rollup").exists():
        rows.append(_memory(contest))
    else:
        remarks.append("How much memory processes share is told by Linux only.")
    rows += [_computing(contest), _waiting(contest)]
    for what, folder in (
        ("a trivial notebook, from event to event", Subject(place / "started").folder("cauce")),
        ("a function, from event to event", make_function(place / "function")),
        ("a shell script, from event to event", make_shell(place / "shell")),
    ):
        found = alternate(rounds, partial(contest.cauce.run, folder), partial(contest.started.run, folder))
        forked, started = (column(answers, "task") for answers in found)
        rows.append(Row(what, (str(forked), faster(started, forked))))
    return Table("Costs", _TEXT, ("Cauce", "ordinary"), tuple(rows), tuple(remarks))


# --- Computing time -------------------------------------------------------------------------


def _computing(contest: Contest) -> Row:
    subject = Subject(contest.place / "cpu", tasks=_MANY)
    found = alternate(
        max(1, contest.rounds // 2),
        partial(contest.cauce.run, subject.folder("cauce"), 2),
        partial(contest.nbclient.run, subject.folder("nbclient"), 2),
    )
    ours, theirs = (Sample(tuple(answer.cpu / _MANY for answer in answers)) for answers in found)
    what = f"computing time of the builder, for each of {_MANY} trivial notebooks"
    return Row(what, (str(ours), faster(theirs, ours)), at_most(0.02, ours))


def _waiting(contest: Contest) -> Row:
    """What one more than a trivial task takes that does nothing for a while."""
    short = Subject(contest.place / "short", ("import time", "time.sleep(0)"))
    long = Subject(contest.place / "long", ("import time", f"time.sleep({_WAIT})"))
    found = alternate(
        max(1, contest.rounds // 3),
        *(
            partial(contestant.run, subject.folder(contestant.name))
            for contestant in (contest.cauce, contest.nbclient)
            for subject in (short, long)
        ),
    )
    ours, theirs = (_more(*found[:2]), _more(*found[2:]))
    what = f"computing time of the builder, while a notebook sleeps for {_WAIT} s"
    return Row(what, (str(ours), str(theirs)), at_most(0.05, ours))


def _more(short: Sequence[Answer], long: Sequence[Answer]) -> Sample:
    return Sample(tuple(max(0.0, more.cpu - less.cpu) for less, more in zip(short, long, strict=True)))


# --- Memory ---------------------------------------------------------------------------------


def _memory(contest: Contest) -> Row:
    subject = Subject(contest.place / "memory", (LIBRARIES, _STAY), tasks=_KERNELS)
    found = alternate(
        1,
        partial(_shares, contest.cauce, subject.folder("cauce")),
        partial(_shares, contest.nbclient, subject.folder("nbclient")),
    )
    ours, theirs = (Sample(tuple(megabytes), "MiB") for megabytes in found)
    return Row(f"memory of {_KERNELS} kernels at once", (str(ours), faster(theirs, ours)), at_most(450, ours))


def _shares(contestant: Contestant, folder: Path) -> float:
    """MiB of all the kernels while they run, and of what has forked them."""
    here, leave = folder / "here", folder / "leave"
    leave.unlink(missing_ok=True)
    for left in here.glob("*"):
        left.unlink()
    contestant.request(folder, _KERNELS)
    try:
        kernels = _parents(here)
        parents = set(kernels.values()) - {contestant.pid}
        return sum(_share(pid) for pid in {*kernels, *parents}) / 1024
    finally:
        leave.touch()
        contestant.answer()


def _parents(here: Path) -> dict[int, int]:
    """Kernel → its parent, once all of them are there."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        told = {int(file.name): file.read_text() for file in here.glob("*")}
        if len(told) == _KERNELS and all(told.values()):
            return {pid: int(parent) for pid, parent in told.items()}
        time.sleep(0.2)
    raise TimeoutError(f"{_KERNELS} kernels are not there after {_PATIENCE:g} s")


def _share(pid: int) -> int:
    """Of the memory of a process, in kiB: what it shares with others is divided by their number."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
