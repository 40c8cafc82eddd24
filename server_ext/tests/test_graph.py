"""The graph and the plan: valid, stable orders; every cycle found; every task ended once."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import pytest
from drawn import drawn
from hypothesis import given
from hypothesis import strategies as st

from cauce.contract import RunRequest
from cauce.engine.errors import NotFound, UsageError
from cauce.engine.graph import Dependency, Graph, Names, Unknown, build_graph
from cauce.engine.plan import End, Plan, select


def graph(picture: str) -> Graph:
    return build_graph(drawn(picture))


DIAMOND = """
    load ─► clean ─► fit ──► report
            clean ─► plot ─► report
    notes
"""

# --- The graph ------------------------------------------------------------------------------


def test_upstream_comes_first_and_ties_are_in_the_order_of_declaration() -> None:
    assert graph(DIAMOND).order == ("load", "clean", "fit", "plot", "report", "notes")
    assert graph("z\ny\nx ─► a").order == ("z", "y", "x", "a")
    late = build_graph({"report": ("fit",), "notes": (), "fit": ("load",), "load": ()})
    assert late.order == ("notes", "load", "fit", "report")


def test_a_chain_of_diamonds_is_walked_once() -> None:
    #  a0 ─► b0, c0 ─► a1 ─► b1, c1 ─► a2 …     2⁴⁰ ways from one end to the other
    upstream: dict[str, tuple[str, ...]] = {"a0": ()}
    for level in range(40):
        upstream |= {f"b{level}": (f"a{level}",), f"c{level}": (f"a{level}",)}
        upstream[f"a{level + 1}"] = (f"b{level}", f"c{level}")
    found = build_graph(upstream)
    assert found.ancestors(["a40"]) == found.descendants(["a0"]) == upstream.keys()
    assert found.order == tuple(upstream)
    assert set(select(RunRequest(tasks=("a40",)), found).tasks) == upstream.keys()


def test_a_chain_of_thousands_needs_no_stack() -> None:
    upstream = {f"t{n}": (f"t{n - 1}",) if n else () for n in range(20_000)}
    found = build_graph(upstream)
    assert found.order == tuple(upstream)
    assert len(found.descendants(["t0"])) == 20_000
    assert len(build_graph(upstream | {"t0": ("t19999",)}).cycles[0]) == 20_000


def test_what_a_task_needs_and_what_needs_it() -> None:
    assert graph(DIAMOND).ancestors(["plot"]) == {"load", "clean", "plot"}
    assert graph(DIAMOND).descendants(["fit", "notes"]) == {"fit", "report", "notes"}
    assert graph(DIAMOND).downstream["clean"] == ("fit", "plot")


@pytest.mark.parametrize(
    ("picture", "cycles"),
    [
        ("a ─► b ─► c ─► a", [("a", "b", "c")]),
        ("a ─► a", [("a",)]),
        ("start ─► b ─► c ─► b\n c ─► end", [("b", "c")]),
        ("a ─► b ─► a\n x ─► y ─► x\n b ─► x", [("a", "b"), ("x", "y")]),
    ],
)
def test_cycles_are_told_along_the_way_the_data_flows(picture: str, cycles: list[tuple[str, ...]]) -> None:
    found = graph(picture)
    assert list(found.cycles) == cycles
    assert sorted(found.order) == sorted(drawn(picture))


def test_names_in_upstream() -> None:
    tasks = ("load", "fit-a", "fit-b", "report")
    assert Names(tasks).resolve("report", ["fit-*", "load"]) == (
        Dependency("fit-*", ("fit-a", "fit-b")),
        Dependency("load", ("load",)),
    )
    assert Names(tasks).resolve("fit-a", ["fit-*"]) == (Dependency("fit-*", ("fit-b",)),)  # never itself
    assert Names(tasks).resolve("load", ["x*", "raport", "zzz"]) == (
        Dependency("x*", ()),
        Unknown("raport", "report"),
        Unknown("zzz", None),
    )


names = st.lists(st.sampled_from("abcdefghij"), unique=True, max_size=10)


@st.composite
def graphs(draw: st.DrawFn, *, cyclic: bool = False) -> dict[str, tuple[str, ...]]:
    tasks = draw(names)
    declared = draw(st.permutations(tasks))
    upstream = {
        task: tuple(draw(st.lists(st.sampled_from(others), max_size=3))) if others else ()
        for index, task in enumerate(tasks)
        for others in [tasks if cyclic else tasks[:index]]
    }
    return {task: upstream[task] for task in declared}


@given(graphs())
def test_the_order_of_any_graph_is_valid_and_as_declared_where_it_may_be(upstream: dict[str, tuple[str, ...]]) -> None:
    found = build_graph(upstream)
    assert found.cycles == ()
    assert sorted(found.order) == sorted(upstream)
    place = {task: index for index, task in enumerate(found.order)}
    assert all(place[need] < place[task] for task, needs in upstream.items() for need in needs)
    declared = list(upstream)
    for first, second in itertools.pairwise(found.order):
        # A later declared task stands before an earlier one only where something forces it.
        if declared.index(first) > declared.index(second):
            assert first in upstream[second]
    for task in upstream:
        above = found.ancestors([task])
        assert above == {task}.union(*(found.ancestors([need]) for need in upstream[task]))
        assert all(task in found.descendants([other]) for other in above)


@given(graphs(cyclic=True))
def test_a_cycle_is_reported_exactly_when_there_is_one(upstream: dict[str, tuple[str, ...]]) -> None:
    found = build_graph(upstream)

    def needs_itself(task: str) -> bool:
        return any(task in found.ancestors([need]) for need in upstream[task])

    circular = {task for task in upstream if needs_itself(task)}
    assert bool(found.cycles) == bool(circular)
    for cycle in found.cycles:
        for source, target in zip(cycle, (*cycle[1:], cycle[0]), strict=True):
            assert source in upstream[target]
    # Marking what is reported marks, with what depends on it, all that cannot be ordered.
    reported = found.descendants(task for cycle in found.cycles for task in cycle)
    assert reported == found.descendants(circular)
    healthy = [task for task in found.order if task not in reported]
    assert list(found.order[: len(healthy)]) == healthy


# --- What a request means -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "tasks", "forced"),
    [
        (RunRequest(), "load clean fit plot report notes", ""),
        (RunRequest(force=True), "load clean fit plot report notes", "load clean fit plot report notes"),
        (RunRequest(tasks=("fit",)), "load clean fit", ""),
        (RunRequest(tasks=("notes", "fit"), force=True), "load clean fit notes", "fit notes"),
        (RunRequest(tasks=("fit",), mode="from"), "fit report", ""),
        (RunRequest(tasks=("plot", "fit"), mode="only"), "fit plot", ""),
    ],
)
def test_a_request_selects(request_: RunRequest, tasks: str, forced: str) -> None:
    selection = select(request_, graph(DIAMOND))
    assert selection.tasks == tuple(tasks.split())
    assert selection.forced == frozenset(forced.split())


def test_a_request_that_makes_no_sense_is_refused_with_advice() -> None:
    with pytest.raises(NotFound) as unknown:
        select(RunRequest(tasks=("cleen",)), graph(DIAMOND))
    assert unknown.value.hint == "Did you mean 'clean'?"
    with pytest.raises(NotFound) as far:
        select(RunRequest(tasks=("zzz",)), graph(DIAMOND))
    assert "load, clean" in far.value.hint
    with pytest.raises(UsageError):
        select(RunRequest(mode="only"), graph(DIAMOND))


# --- The plan -------------------------------------------------------------------------------


def test_a_failure_skips_what_needs_it_and_says_which_was_in_the_way() -> None:
    #  t1 ─► t2 (fails) ─► t3 ─► t4      t5
    upstream = drawn("t1 ─► t2 ─► t3 ─► t4\n t5")
    plan = Plan.of(tuple(upstream), upstream)
    assert plan.ready == ("t1", "t5")
    plan = plan.began("t1").finished("t1", "ok").began("t2").finished("t2", "failed")
    assert plan.ended == {"t1": "ok", "t2": "failed", "t3": "skipped", "t4": "skipped"}
    assert plan.ready == ("t5",)
    assert not plan.done
    assert plan.stopped().ended["t5"] == "skipped"


def makespan(plan: Plan, takes: Mapping[str, float], jobs: int) -> tuple[float, list[str]]:
    """How long a build takes in which each task takes what it takes, and in which order tasks begin."""
    now, running, began = 0.0, dict[str, float](), list[str]()
    while not plan.done:
        while plan.ready and len(running) < jobs:
            task = plan.ready[0]
            assert all(plan.ended.get(need) == "ok" for need in plan.needed_by if task in plan.needed_by[need])
            plan = plan.began(task)
            running[task] = now + takes[task]
            began.append(task)
        task = min(running, key=running.__getitem__)
        now = running.pop(task)
        plan = plan.finished(task, "ok")
    return now, began


#  Four small tasks, and the long way that is written last: begun in that order it would start when
#  the others are over.
LONG_WAY_LAST = """
    a
    b
    c
    d
    load ─► train ─► report
"""
TAKES = {"a": 2.0, "b": 2.0, "c": 2.0, "d": 2.0, "load": 3.0, "train": 4.0, "report": 1.0}


def test_the_longest_way_to_the_end_begins_first() -> None:
    upstream = drawn(LONG_WAY_LAST)
    tasks = tuple(upstream)
    took, began = makespan(Plan.of(tasks, upstream, TAKES), TAKES, jobs=2)
    assert began == ["load", "a", "b", "train", "c", "d", "report"]
    assert took == sum(TAKES.values()) / 2 == 8  # no way of doing it is quicker
    # Where nothing is known all take the same, and the longer chain still comes first.
    assert Plan.of(tasks, upstream).ready == ("load", "a", "b", "c", "d")
    # In the order of the file it takes half as long again.
    misled = {"a": 99.0, "b": 98.0, "c": 97.0, "d": 96.0} | dict.fromkeys(("load", "train", "report"), 1.0)
    assert makespan(Plan.of(tasks, upstream, misled), TAKES, jobs=2) == (12, list(tasks))


def test_a_task_that_never_ran_is_expected_to_take_as_long_as_most() -> None:
    upstream: dict[str, tuple[str, ...]] = dict.fromkeys(("new", "quick", "usual", "slow", "newer"), ())
    known = {"quick": 1.0, "usual": 5.0, "slow": 60.0, "of another build": 5.0}
    assert Plan.of(tuple(upstream), upstream, known).ready == ("slow", "new", "usual", "newer", "quick")


@given(graphs(), st.data())
def test_any_course_of_events_starts_tasks_in_order_and_ends_each_once(
    upstream: Mapping[str, tuple[str, ...]], data: st.DataObject
) -> None:
    chosen = tuple(task for task in build_graph(upstream).order if data.draw(st.booleans()))
    seconds = st.floats(0.01, 100)
    known = {task: data.draw(seconds) for task in upstream if data.draw(st.booleans())}
    plan = Plan.of(chosen, upstream, known)
    assert plan == Plan.of(chosen, upstream, {task: known[task] for task in reversed(known)})
    while not plan.done:
        assert list(plan.ready) == sorted(plan.ready, key=plan.rank.__getitem__)
        for task in plan.ready:  # what has to come later never is more urgent
            assert all(plan.rank[task] < plan.rank[other] for other in plan.needed_by[task])
        assert not plan.running & set(plan.ended)
        assert set(plan.waiting) | plan.running | set(plan.ended) == set(chosen)
        for task in plan.ready:
            assert all(plan.ended[need] in ("ok", "unchanged") for need in upstream[task] if need in chosen)
        moves = [("begin", task) for task in plan.ready] + [("end", task) for task in sorted(plan.running)]
        assert moves, "a plan that is not done always has something to do"
        move, task = data.draw(st.sampled_from(moves))
        before = plan
        if move == "begin":
            plan = plan.began(task)
            continue
        end: End = data.draw(st.sampled_from(("ok", "unchanged", "failed", "cancelled", "crashed")))
        plan = plan.finished(task, end)
        assert plan.ended[task] == end
        assert before.ended.items() <= plan.ended.items()  # what has ended stays ended as it did
        for other in plan.ended.keys() - before.ended.keys() - {task}:
            assert plan.ended[other] == "skipped"
            assert any(plan.ended[need] not in ("ok", "unchanged") for need in upstream[other] if need in plan.ended)
    assert set(plan.ended) == set(chosen)
