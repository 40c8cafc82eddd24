"""Notebooks in warm processes: one that is trivial, one with large imports, many side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bench.contest import Answer, Contest, Contestant, alternate, column, side_by_side
from bench.figures import Row, Sample, Table, at_least, faster
from bench.subjects import IMPORTS, Subject

__all__ = ["kernels"]

_MANY = 24
_JOBS = 2


def kernels(contest: Contest) -> Table:
    """Cauce next to papermill, nbclient and Ploomber."""
    place = contest.place
    contest.admit_ploomber(Subject(place / "probe").folder("ploomber"))
    rows = [
        *_single(contest, Subject(place / "trivial"), "five trivial cells", contest.rounds, papermill=10),
        *_single(
            contest,
            Subject(place / "imports", IMPORTS),
            "five cells that import pandas, scikit-learn, matplotlib",
            contest.rounds,
            nbclient=15,
        ),
    ]
    many, how = _many(contest, Subject(place / "many", tasks=_MANY))
    text = """
Everybody is called as a library in a process that has imported it already and has run the same
notebook before. Cauce's fork server is warm. *Task*: from the event that it has begun to the event that it has
ended, which includes reading the source, the kernel's start and end, hashing and writing down. *Build*: from calling
`build` to its return, with reading `pipeline.yaml` and finding out what is stale.
"""
    columns = ("Cauce", "papermill", "nbclient", *(["Ploomber"] if contest.ploomber else []))
    return Table("Notebooks", text, columns, (*rows, many), (how, *contest.remarks))


def _single(
    contest: Contest, subject: Subject, what: str, rounds: int, papermill: float = 0, nbclient: float = 0
) -> list[Row]:
    peers = [contest.papermill, contest.nbclient, *([contest.ploomber] if contest.ploomber else [])]
    answers = alternate(rounds, *(_run(each, subject) for each in [contest.cauce, *peers]))
    task, build = column(answers[0], "task"), column(answers[0], "whole")
    theirs = [column(found, "whole") for found in answers[1:]]
    goals = [
        *(at_least(papermill, "papermill", theirs[0], task) if papermill else ()),
        *(at_least(nbclient, "nbclient", theirs[1], task) if nbclient else ()),
    ]
    return [
        Row(f"{what}: task", (str(task), *(faster(each, task) for each in theirs)), tuple(goals)),
        Row(f"{what}: build", (str(build), *(faster(each, build) for each in theirs))),
    ]


def _run(contestant: Contestant, subject: Subject, jobs: int = 1) -> Callable[[], Answer]:
    folder = subject.folder(contestant.name)
    return lambda: contestant.run(folder, jobs)


def _many(contest: Contest, subject: Subject) -> tuple[Row, str]:
    """Independent tasks, two at a time: each peer in whichever way is the fastest for it."""
    nbclients = [contest.nbclient, contest.contestant("nbclient")]
    papermills = [contest.papermill, contest.contestant("papermill")]
    folder = subject.folder("nbclient")
    acts: list[Callable[[], Sequence[Answer]]] = [
        lambda: [contest.cauce.run(subject.folder("cauce"), _JOBS)],
        lambda: [contest.nbclient.run(folder, _JOBS)],
        lambda: side_by_side(nbclients, folder),
        lambda: side_by_side(papermills, subject.folder("papermill")),
    ]
    if (ploomber := contest.ploomber) is not None:
        acts.append(lambda: [ploomber.run(subject.folder("ploomber"), _JOBS)])
    found = alternate(max(1, contest.rounds // 2), *acts)
    ours, together, apart, papermill, *others = (
        Sample(tuple(max(answer.whole for answer in answers) for answers in column)) for column in found
    )
    nbclient = min(together, apart, key=lambda sample: sample.median)
    row = Row(
        f"{_MANY} notebooks of five trivial cells, {_JOBS} at a time: build",
        (
            f"{ours} · {_MANY / ours.median:.1f} a second",
            *(faster(each, ours) for each in (papermill, nbclient, *others)),
        ),
        at_least(12, "nbclient", nbclient, ours),
    )
    how = (
        f"{_JOBS} at a time with nbclient is the faster of one event loop ({together}) and {_JOBS} processes with "
        f"half of the notebooks each ({apart}); with papermill it is {_JOBS} processes."
    )
    return row, how
