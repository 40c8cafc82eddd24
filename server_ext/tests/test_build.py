"""The build loop with the fake executor: what runs, in which order, and what becomes of it."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import resource
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from drawn import Calculator, Workshop, half_made

from cauce.contract import (
    BuildEvent,
    CellError,
    Holder,
    RunFinished,
    RunRefused,
    RunRequest,
    RunStarted,
    TaskFinished,
    TaskProgress,
    TaskStarted,
    encode,
)
from cauce.engine.build import Stop
from cauce.engine.errors import NotFound, PipelineHasErrors, ProjectLocked, ProjectUnwritable, UsageError
from cauce.engine.executors import Job, Listener, Outcome
from cauce.engine.executors.fake import Crash, Fail, FakeExecutor, Hang, Succeed, Wait
from cauce.engine.files import Observer
from cauce.engine.lock import ProjectLock, holder_of
from cauce.engine.statefolder import log_file, tidy
from cauce.engine.store import read_attempts, read_history, read_run, read_runs, state_folder

Draw = Callable[[str], Workshop]

DIAMOND = """
    load ─► clean ─► fit ──► report
            clean ─► plot ─► report
"""


def on(
    kind: type[TaskStarted | TaskProgress | TaskFinished], task: str, do: Callable[[Stop], object]
) -> Callable[[BuildEvent, Stop], None]:
    """Do something when this happens to this task."""

    def heard(event: BuildEvent, stop: Stop) -> None:
        if isinstance(event, kind) and event.task == task:
            do(stop)

    return heard


def texts(project: Workshop) -> dict[str, str]:
    return {task: project.product(task).read_text() for task in project.tasks}


# --- What runs ------------------------------------------------------------------------------


@pytest.mark.case("B1")
def test_everything_once_then_nothing(workshop: Draw) -> None:
    project = workshop(DIAMOND)
    first = project.build()
    assert (first.state, first.message) == ("ok", "5 ran.")
    assert first.ran == ["load", "clean", "fit", "plot", "report"]
    assert texts(project) == project.clean_rebuild()
    second = project.build()
    assert (second.state, second.message) == ("ok", "Everything is up to date.")
    assert [type(event) for event in second.events] == [RunStarted, RunFinished]


def test_the_events_tell_the_whole_story_in_order(workshop: Draw) -> None:
    project = workshop("load ─► fit")
    events = project.build(scripts={"fit": Fail()}).events
    kinds = [type(event).__name__ for event in events]
    assert kinds == "RunStarted TaskStarted TaskProgress TaskFinished TaskStarted TaskFinished RunFinished".split()
    [run] = read_runs(state_folder(project.root), "pipeline.yaml")
    assert {getattr(event, "run", None) for event in events} == {run.id}
    assert isinstance(events[0], RunStarted)
    assert events[0].tasks == ("load", "fit") == tuple(run.tasks)
    times = [event.time for event in events if not isinstance(event, RunRefused)]
    assert times == sorted(times)
    assert (run.state, dict(run.tasks), run.message) == ("failed", {"load": "ok", "fit": "failed"}, "1 ran, 1 failed.")


@pytest.mark.case("B2")
def test_only_what_changed_and_what_that_changes(workshop: Draw) -> None:
    project = workshop(DIAMOND)
    project.build()
    project.edit("fit", 40)
    again = project.build()
    assert again.ends == {"fit": "ok", "report": "ok"}
    assert texts(project) == project.clean_rebuild()


def test_a_task_that_makes_the_same_again_stops_the_wave(workshop: Draw) -> None:
    #  load (runs, same bytes) ─► clean (unchanged) ─► fit, plot (unchanged) ─► report (unchanged)
    project = workshop(DIAMOND)
    project.edit("load", 2)
    project.build()
    project.edit("load", 3)  # halved: the same
    again = project.build()
    assert again.ends == {"load": "ok"} | dict.fromkeys(["clean", "fit", "plot", "report"], "unchanged")
    assert again.message == "1 ran, 4 unchanged."
    assert project.fresh == set(project.tasks)


def test_a_copied_project_is_read_once(workshop: Draw) -> None:
    #  the same bytes, other inodes and times
    project = workshop("load ─► fit\n broken")
    project.build()
    project.edit("broken", 40)
    for task in project.tasks:
        content = project.product(task).read_bytes()
        project.product(task).unlink()
        project.product(task).write_bytes(content)
    project.overwrite("broken", "by hand\n")
    assert project.why("fit") == []
    assert project.build("fit").ran == []
    tasks = read_history(state_folder(project.root), "pipeline.yaml").tasks
    observer = Observer(project.root)
    for task, same in (("load", True), ("fit", True), ("broken", False)):
        known = tasks[task].last_ok
        assert known is not None
        [record] = [record for record in known.products if record.path == f"out/{task}.txt"]
        assert (record == observer.record(record.path)) == same


def test_a_clock_that_is_set_back_shows_no_old_run_as_the_current_one(workshop: Draw) -> None:
    project = workshop("load")
    project.build()
    project._ticks = itertools.count(1_000_000_000)
    project.edit("load", 9)
    failed = project.build(scripts={"load": Fail()})
    shown = project.status().run
    assert shown is not None
    assert isinstance(failed.events[0], RunStarted)
    assert (shown.id, shown.state) == (failed.events[0].run, "failed")
    runs = read_runs(state_folder(project.root), "pipeline.yaml")
    assert [run.state for run in runs] == ["failed", "ok"]


def test_more_code_upstream_that_makes_the_same_data_stops_the_wave(workshop: Draw) -> None:
    #  load's executed notebook shows its new code; fit reads the data alone, plot everything, each its own way
    project = workshop("load ─► fit\n load ─► plot\n load ─► other")
    project.use("fit", "x = upstream['load']['text']")
    project.use("plot", "x = upstream['load']['nb']")
    project.use("other", "x = list(upstream.values())")

    def build(number: int) -> dict[str, str]:
        project.edit("load", number)
        executor = Calculator(project.tick)
        executor.notebook = (
            f'{{"cells": [], "metadata": {{"n": {number}}}, "nbformat": 4, "nbformat_minor": 5}}'.encode()
        )
        return project.build_with(executor, RunRequest(jobs=1)).ends

    build(2)
    assert build(3) == {"load": "ok", "fit": "unchanged", "plot": "ok", "other": "ok"}
    assert project.fresh == set(project.tasks)
    assert build(4) == {"load": "ok", "fit": "ok", "plot": "ok", "other": "ok"}
    # Now it reads more: its code says so, and from then on the notebook counts.
    project.use("fit", "x = upstream['load']")
    assert project.why("fit") == ["code_changed"]
    project.build()
    assert build(5)["fit"] == "ok"


@pytest.mark.case("B4", note="they change nothing that runs")
def test_a_comment_runs_nothing(workshop: Draw) -> None:
    project = workshop(DIAMOND)
    project.build()
    project.comment("load", "explained")
    assert project.build().ran == []


@pytest.mark.parametrize(
    ("tasks", "mode", "force", "ran"),
    [
        ("fit", "up_to", False, "load clean fit"),
        ("plot fit", "up_to", False, "load clean fit plot"),
        ("", "up_to", True, "load clean fit plot report"),
    ],
)
def test_parts_of_a_new_pipeline(workshop: Draw, tasks: str, mode: str, force: bool, ran: str) -> None:
    assert workshop(DIAMOND).build(*tasks.split(), mode=mode, force=force).ran == ran.split()


@pytest.mark.parametrize(
    ("tasks", "mode", "ends"),
    [
        ("fit", "up_to", {"fit": "ok"}),
        ("fit", "only", {"fit": "ok"}),
        ("clean", "from", {"clean": "ok", "fit": "unchanged", "plot": "unchanged", "report": "unchanged"}),
        ("", "up_to", dict.fromkeys(["load", "clean", "fit", "plot", "report"], "ok")),
    ],
)
def test_force_runs_what_is_fresh(workshop: Draw, tasks: str, mode: str, ends: dict[str, str]) -> None:
    project = workshop(DIAMOND)
    project.build()
    assert project.build(*tasks.split(), mode=mode, force=True).ends == ends


def test_what_follows_a_forced_task_runs_when_that_makes_something_else(workshop: Draw) -> None:
    #  clean draws lots: forced, it makes something new
    project = workshop(DIAMOND)
    project.build()
    lots = {"clean": Succeed({"out/clean.txt": "70\n"})}
    assert project.build("clean", mode="from", force=True, scripts=lots).ends == dict.fromkeys(
        ["clean", "fit", "plot", "report"], "ok"
    )


def test_only_uses_what_upstream_made_before_and_says_so_when_it_made_nothing(workshop: Draw) -> None:
    project = workshop("load ─► clean ─► fit")
    with pytest.raises(UsageError) as refused:
        project.build("clean", mode="only")
    assert "load.ipynb" in refused.value.message
    assert "Build 'clean' together with what it needs." in refused.value.hint
    project.build()
    project.edit("load", 9)
    project.edit("clean", 9)
    assert project.build("clean", mode="only").ran == ["clean"]
    # It ran with what load made before; load may make something else.
    assert project.why("clean") == ["upstream_stale load"]
    assert project.build().ran == ["load", "clean", "fit"]


def test_what_only_used_is_remembered(workshop: Draw) -> None:
    #  load is stale, clean runs with what it made before; then load makes the same again
    project = workshop("load ─► clean")
    project.edit("load", 2)
    project.build()
    project.edit("load", 3)
    project.edit("clean", 9)
    project.build("clean", mode="only")
    assert project.build().ends == {"load": "ok", "clean": "unchanged"}


# --- Side by side ---------------------------------------------------------------------------


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_independent_tasks_run_side_by_side_but_never_more_than_asked(workshop: Draw, jobs: int) -> None:
    project = workshop("".join(f"start ─► t{n} ─► end\n" for n in range(6)))
    built = project.build(jobs=jobs)
    assert built.state == "ok"
    assert built.executor.most_at_once == jobs
    assert built.ran[0] == "start"
    assert built.ran[-1] == "end"


def test_a_slow_task_holds_up_nothing_but_what_needs_it(workshop: Draw) -> None:
    #  slow ─► after        a ─► b ─► c
    project = workshop("slow ─► after\n a ─► b ─► c")
    gate = asyncio.Event()
    built = project.build(
        jobs=2,
        scripts={"slow": Wait(gate, Succeed({"out/slow.txt": "0\n"}))},
        when=on(TaskFinished, "c", lambda stop: gate.set()),
    )
    assert list(built.ends) == ["a", "b", "c", "slow", "after"]


def test_what_took_longest_last_time_begins_first(workshop: Draw) -> None:
    class Slow(Calculator):
        """`c` takes a hundred seconds of the project's own clock, and `d`, which follows `b`, fifty."""

        async def run(self, job: Job, listener: Listener, cancel: asyncio.Event) -> Outcome:
            for _ in range({"c": 100, "d": 50}.get(job.binding.task, 0)):
                self._tick()
            return await super().run(job, listener, cancel)

    project = workshop("a\n b\n c\n b ─► d")
    once = RunRequest(force=True, jobs=1)
    assert project.build_with(Slow(project.tick), once).ran == ["b", "a", "c", "d"]  # only the chain is known
    assert project.build_with(Slow(project.tick), once).ran == ["c", "b", "d", "a"]
    # Taken for current without running, nothing is known of how long it takes: as long as most, say.
    project.edit("c", 7)
    project.build("c", action="mark", mode="only")
    assert project.build_with(Slow(project.tick), once).ran == ["b", "d", "a", "c"]


# --- Failures -------------------------------------------------------------------------------


@pytest.mark.case("B10")
def test_a_failure_stays_where_it_is(workshop: Draw) -> None:
    #  t1 ─► t2 (fails) ─► t3 ─► t4         t5
    project = workshop("t1 ─► t2 ─► t3 ─► t4\n t5")
    built = project.build(scripts={"t2": Fail(CellError(name="KeyError", message="'x'", cell=3, line=2))})
    assert built.state == "failed"
    assert built.ends == {"t1": "ok", "t2": "failed", "t3": "skipped", "t4": "skipped", "t5": "ok"}
    assert built.finished("t2").cause == "KeyError: 'x'"
    assert built.finished("t4").cause == "'t2' did not succeed."
    error = built.finished("t2").error
    assert error is not None
    assert (error.cell, error.line, error.notebook) == (3, 2, "out/t2.ipynb")
    assert (project.root / "out/t2.ipynb").exists()  # the partial notebook
    assert not list(project.root.rglob("*.tmp"))

    shown = {task.name: task.last_attempt for task in project.status().tasks}
    assert shown["t4"] is not None
    assert (shown["t4"].outcome, shown["t4"].cause) == ("skipped", "'t2' did not succeed.")
    assert project.build().ran == ["t2", "t3", "t4"]
    assert texts(project) == project.clean_rebuild()


def test_fail_fast_begins_nothing_more_but_lets_what_runs_end(workshop: Draw) -> None:
    project = workshop("bad\n long ─► next\n later")
    gate = asyncio.Event()
    built = project.build(
        jobs=2,
        fail_fast=True,
        scripts={"bad": Fail(), "long": Wait(gate, Succeed({"out/long.txt": "1\n"}))},
        when=on(TaskFinished, "bad", lambda stop: asyncio.get_running_loop().call_soon(gate.set)),
    )
    assert built.ends == {"bad": "failed", "next": "skipped", "later": "skipped", "long": "ok"}
    assert "'bad' failed" in built.finished("later").cause


def test_a_task_that_forgets_its_product_has_failed(workshop: Draw) -> None:
    built = workshop("load ─► fit").build(scripts={"load": Succeed({})})
    assert built.ends == {"load": "failed", "fit": "skipped"}
    assert "did not make out/load.txt" in built.finished("load").cause


def test_a_lost_kernel_is_a_crash(workshop: Draw) -> None:
    built = workshop("load").build(scripts={"load": Crash()})
    assert (built.state, built.ends) == ("failed", {"load": "crashed"})
    assert built.finished("load").cause == "kernel died: The kernel was killed by SIGKILL."


def test_a_product_folder_that_cannot_be_is_a_failure_in_words(workshop: Draw) -> None:
    #  out/ is a file: also root cannot write below it
    project = workshop("load ─► fit\n other")
    project.move("other", "elsewhere/other.txt")
    project.write("out", "in the way")
    built = project.build(scripts={"load": Succeed({})})
    assert built.ends["load"] == "failed"
    assert "out" in built.finished("load").cause
    assert (project.root / "out").read_text() == "in the way"


def test_a_folder_where_the_notebook_should_go_is_a_failure_in_words(workshop: Draw) -> None:
    project = workshop("load")
    (project.root / "out/load.ipynb/inner").mkdir(parents=True)
    assert project.build().ends == {"load": "failed"}
    assert (project.root / "out/load.ipynb/inner").is_dir()
    assert not list(project.root.rglob("*.tmp"))


def test_an_error_with_half_a_character_is_told_all_the_same(workshop: Draw) -> None:
    error = CellError(name="FileNotFoundError", message="'caf\udce9.csv'", traceback="\udce9")
    project = workshop("load")
    built = project.build(scripts={"load": Fail(error)})
    assert built.ends == {"load": "failed"}
    for event in built.events:
        encode(event)
    encode(project.status())


def test_a_disk_that_fills_up_in_the_middle_ends_the_run_in_words(workshop: Draw) -> None:
    #  load ok ─► clean: from its start on no file can grow       long runs all the while
    project = workshop("load ─► clean ─► fit\n long")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        built = project.build(
            jobs=2,
            scripts={"long": Hang()},
            when=on(TaskStarted, "clean", lambda stop: resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))),
        )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (built.state, built.ends) == (
        "crashed",
        {"load": "ok", "clean": "crashed", "long": "crashed", "fit": "skipped"},
    )
    for told in (built.message, *(built.finished(task).cause for task in ("clean", "long", "fit"))):
        assert "Cannot write" in told
        assert "state.db" in told
    assert project.fresh == {"load"}
    again = project.build()
    assert set(again.ran) == {"clean", "fit", "long"}
    assert texts(project) == project.clean_rebuild()


# --- Cancelling -----------------------------------------------------------------------------


def test_cancelling_ends_what_runs_and_skips_what_waits(workshop: Draw) -> None:
    project = workshop(DIAMOND)
    built = project.build(scripts={"clean": Hang()}, when=on(TaskStarted, "clean", Stop.ask))
    assert built.state == "cancelled"
    assert built.ends == {"load": "ok", "clean": "cancelled"} | dict.fromkeys(["fit", "plot", "report"], "skipped")
    assert built.finished("clean").cause == "It was cancelled."
    assert built.message == "Cancelled: 1 ran, 1 cancelled, 3 skipped."
    assert project.build().ran == ["clean", "fit", "plot", "report"]


def test_cancelling_twice_and_before_the_start_is_harmless(workshop: Draw) -> None:
    def at_once(event: BuildEvent, stop: Stop) -> None:
        stop.ask()

    built = workshop(DIAMOND).build(when=at_once)
    assert built.state == "cancelled"
    assert set(built.ends.values()) == {"skipped"}


def test_when_who_started_the_build_is_gone_nothing_goes_on(workshop: Draw) -> None:
    project = workshop(DIAMOND)
    built = project.build(scripts={"clean": Hang()}, when=on(TaskStarted, "clean", Stop.lose))
    assert built.state == "crashed"
    assert built.ends["clean"] == "crashed"
    assert built.finished("clean").cause == "The program that started the build is gone."
    assert project.build().state == "ok"


def test_it_is_gone_also_while_the_build_leaves_a_cancelled_task_time(workshop: Draw) -> None:
    def cancel_then_die(stop: Stop) -> None:
        stop.ask()
        asyncio.get_running_loop().call_later(0.2, stop.lose)

    project = workshop(DIAMOND)
    # Would run for ever, did nobody kill it.
    built = project.build(scripts={"clean": Hang(deaf=True)}, when=on(TaskStarted, "clean", cancel_then_die))
    assert built.finished("clean").cause == "The program that started the build is gone."
    assert built.state == "crashed"


# --- While it runs --------------------------------------------------------------------------


def test_a_source_edited_while_its_task_runs_leaves_it_stale(workshop: Draw) -> None:
    project = workshop("load ─► fit")
    built = project.build(when=on(TaskStarted, "load", lambda stop: project.edit("load", 40)))
    assert built.state == "ok"
    assert project.product("load").read_text() == "0\n"  # of the text as it was when the build began
    assert project.why("load") == ["code_changed"]
    assert project.build().ran == ["load", "fit"]
    assert texts(project) == project.clean_rebuild()


def test_a_module_edited_while_a_task_uses_it_leaves_that_stale_even_when_it_is_put_back(workshop: Draw) -> None:
    project = workshop("load ─► fit")
    project.write("helpers.py", "x = 1\n")
    project.use("load", "import helpers")
    project.build(when=on(TaskStarted, "load", lambda stop: project.write("helpers.py", "x = 2\n")))
    project.write("helpers.py", "x = 1\n")
    assert project.why("load") == ["module_changed helpers.py"]
    project.build(when=on(TaskStarted, "load", lambda stop: (project.root / "helpers.py").unlink()))
    assert project.why("load") == ["module_changed helpers.py"]
    project.build(when=on(TaskStarted, "load", lambda stop: project.write("helpers.py", "x = 1\n")))
    assert project.why("load") == ["module_changed helpers.py"]
    project.build(when=on(TaskStarted, "load", lambda stop: project.write("helpers.py", "x = 1  # one\n")))
    assert project.why("load") == []


def test_a_module_edited_before_its_task_begins_is_the_one_that_the_task_used(workshop: Draw) -> None:
    project = workshop("load ─► fit")
    project.write("helpers.py", "x = 1\n")
    project.use("fit", "import helpers")
    project.build(when=on(TaskStarted, "load", lambda stop: project.write("helpers.py", "x = 2\n")))
    assert project.why("fit") == []
    project.write("helpers.py", "x = 1\n")
    assert project.why("fit") == ["module_changed helpers.py"]


def test_an_input_that_changed_while_a_task_ran_counts_as_changed_once_it_is_back(workshop: Draw) -> None:
    project = workshop("load ─► fit")
    project.build(when=on(TaskProgress, "fit", lambda stop: project.overwrite("load", "99\n")))
    project.overwrite("load", project.clean_rebuild()["load"])
    assert project.why("load") == []
    assert project.why("fit") == ["upstream_changed load"]


def test_the_text_of_a_module_runs_and_not_what_was_compiled_of_another(workshop: Draw) -> None:
    #  the same size in the same second: Python takes the compiled code for current
    project = workshop("load")
    project.use("load", "import helpers")

    def write(value: int) -> None:
        os.utime(project.write("helpers.py", f"x = {value}\n"), (1_700_000_000, 1_700_000_000))

    def used(*flags: str) -> str:
        command = [sys.executable, *flags, "-c", "import helpers; print(helpers.x)"]
        return subprocess.check_output(command, cwd=project.root, env={}, text=True).strip()

    cache = project.root / "__pycache__"
    for flags in ([], ["-OO"]):
        write(1)
        project.build(force=True)
        assert used(*flags) == "1"
        write(2)
        assert used(*flags) == "1"  # that is how Python is
        before = set(cache.iterdir())
        others = ["helpers.txt", "helpers.more.cpython-311.pyc", "other.cpython-311.pyc", "helpers.pyc"]
        kept = {Path(project.write(f"__pycache__/{name}", "")) for name in others}
        project.build()
        assert kept <= set(cache.iterdir())
        assert len(before - set(cache.iterdir())) == 1
        assert used(*flags) == "2"
    # What a link leads to is somebody else's.
    cache.rename(project.root / "elsewhere")
    cache.symlink_to("elsewhere")
    write(3)
    held = set(cache.iterdir())
    project.build()
    assert set(cache.iterdir()) == held


def test_a_product_that_a_run_leaves_as_it_was_is_accepted_and_the_log_says_so(workshop: Draw) -> None:
    project = workshop("load")
    project.build()
    project.edit("load", 40)
    built = project.build_with(FakeExecutor({"load": Succeed({})}), RunRequest())
    assert built.ends == {"load": "ok"}
    assert project.fresh == {"load"}

    def log(events: list[BuildEvent]) -> str:
        assert isinstance(events[0], RunStarted)
        path = log_file(state_folder(project.root), events[0].run, "load", ("load",))
        assert path is not None
        return path.read_text()

    assert log(built.events) == ("load\n[cauce] out/load.txt was not written by this run; it is the one from before.\n")
    assert log(project.build(force=True).events) == "load\n"


def test_an_input_changed_while_a_task_runs_leaves_it_stale(workshop: Draw) -> None:
    project = workshop("load ─► fit")
    project.build(when=on(TaskProgress, "fit", lambda stop: project.overwrite("load", "99\n")))
    assert project.why("load") == ["product_changed out/load.txt"]
    assert project.why("fit") == ["upstream_stale load"]


def test_while_it_runs_the_panel_shows_that(workshop: Draw) -> None:
    project = workshop(DIAMOND)
    seen: list[dict[str, tuple[str, str]]] = []

    def look(stop: Stop) -> None:
        shown = project.status()
        assert shown.holder is not None
        assert shown.run is not None
        assert (shown.run.state, shown.run.id) == ("running", shown.holder.run)
        seen.append({task.name: (task.activity.state, task.freshness.state) for task in shown.tasks})

    project.build(when=on(TaskStarted, "clean", look))
    assert seen[0]["load"] == ("idle", "fresh")
    assert seen[0]["clean"][0] == "running"
    assert seen[0]["fit"] == ("waiting", "stale")
    after = project.status()
    assert after.holder is None
    assert after.run is not None
    assert after.run.state == "ok"


# --- What is refused ------------------------------------------------------------------------


@pytest.mark.case("B20", note="the second is refused, and told who builds")
def test_two_builders_at_once(workshop: Draw) -> None:
    project = workshop("load ─► fit")
    told: list[str] = []

    def another(stop: Stop) -> None:
        # In a process of its own: the lock belongs to the process.
        code = (
            "import sys; from pathlib import Path; from cauce.engine.lock import ProjectLock\n"
            "from cauce.engine.errors import ProjectLocked\n"
            "try:\n    ProjectLock(Path(sys.argv[1]), 'other', 'eve', 0).__enter__()\n"
            "except ProjectLocked as error:\n    print(error.holder.run, error.holder.pid)"
        )
        told.append(subprocess.check_output([sys.executable, "-c", code, str(state_folder(project.root))], text=True))

    built = project.build(when=on(TaskStarted, "load", another))
    assert built.state == "ok"
    assert isinstance(built.events[0], RunStarted)
    run, pid = told[0].split()
    assert run == built.events[0].run
    assert int(pid) > 0
    # And the other way round: who comes second says who was first.
    with ProjectLock(state_folder(project.root), "first", "ann", 12.0), pytest.raises(ProjectLocked) as locked:
        project.build()
    assert locked.value.holder is not None
    assert (locked.value.holder.run, locked.value.holder.user, locked.value.holder.since) == ("first", "ann", 12.0)
    assert "ann on" in locked.value.message


def test_a_note_of_another_host_is_believed_only_while_the_lock_is_held(workshop: Draw) -> None:
    #  a container is gone, its state folder is mounted by the next; or no process can be looked at
    project = workshop("load")
    project.build()
    folder = state_folder(project.root)
    holder = Holder(run="old", pid=999_999, host="pod-that-was", user="ann", since=1.0)
    for host in (holder.host, socket.gethostname()):
        note = json.dumps({"holder": msgspec.to_builtins(msgspec.structs.replace(holder, host=host)), "process": None})
        with ProjectLock(folder, "old", "ann", 1.0):
            (folder / "lock").write_text(note)
            shown = project.status().holder
            assert shown is not None
            assert (shown.run, shown.host) == ("old", host)
        (folder / "lock").write_text(note)
        assert project.status().holder is None
    assert project.build().state == "ok"


def test_who_tidies_up_is_waited_for_and_is_no_builder(workshop: Draw) -> None:
    #  look: tidy waits for a slow reader ─► meanwhile a build begins
    project = workshop("load")
    project.build()
    folder = state_folder(project.root)
    project.edit("load", 9)
    reader = sqlite3.connect(folder / "state.db", isolation_level=None, check_same_thread=False)
    reader.execute("UPDATE runs SET state = 'running', ended = NULL")  # as a killed builder leaves it
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM runs").fetchall()
    tidying = threading.Thread(target=tidy, args=(folder,))
    tidying.start()
    while tidying.is_alive() and not (folder / "lock").read_bytes():
        time.sleep(0.001)
    assert holder_of(folder) is None
    release = threading.Timer(2, reader.close)
    release.start()
    assert project.build().ran == ["load"]
    tidying.join()
    release.join()


def test_a_pipeline_with_errors_is_refused_before_anything_is_written(workshop: Draw) -> None:
    project = workshop("load ─► fit\n other ─► fit")
    project.source("other").unlink()
    for request in ((), ("fit",)):
        with pytest.raises(PipelineHasErrors) as refused:
            project.build(*request)
        assert [problem.code for problem in refused.value.problems] == ["source_missing"]
    assert not state_folder(project.root).exists()
    # What does not need it can run.
    assert project.build("load").ran == ["load"]
    for mode in ("only", "from"):
        with pytest.raises(PipelineHasErrors):
            project.build("fit", mode=mode)


def test_an_entry_without_a_name_spoils_no_other(workshop: Draw) -> None:
    project = workshop("load ─► fit")
    project.write("pipeline.yaml", project.path.read_text() + "- nonsense\n")
    with pytest.raises(PipelineHasErrors) as refused:
        project.build()
    assert [(problem.code, problem.task) for problem in refused.value.problems] == [("task_shape", "#3")]
    assert project.build("fit").ran == ["load", "fit"]


def test_a_broken_file_is_told_rather_than_the_task_that_it_hides(workshop: Draw) -> None:
    project = workshop("load ─► fit")
    project.write(
        "pipeline.yaml", project.path.read_text().replace("- source: tasks/fit.py", "- source: [tasks/fit.py")
    )
    with pytest.raises(PipelineHasErrors) as refused:
        project.build("fit")
    assert refused.value.problems[0].code == "yaml_syntax"


def test_a_cycle_is_refused_but_what_is_outside_runs(workshop: Draw) -> None:
    project = workshop("a ─► b ─► a\n c")
    with pytest.raises(PipelineHasErrors) as refused:
        project.build()
    assert refused.value.problems[0].message == "These tasks need each other: a → b → a."
    assert project.build("c").ran == ["c"]


def test_requests_that_fit_nothing_are_refused(workshop: Draw) -> None:
    project = workshop("load ─► fit")
    with pytest.raises(NotFound) as unknown:
        project.build("lod")
    assert unknown.value.hint == "Did you mean 'load'?"
    with pytest.raises(UsageError):
        project.build(mode="from")
    project.path.unlink()
    with pytest.raises(NotFound):
        project.build()
    assert not state_folder(project.root).exists()


def test_a_state_folder_that_cannot_be_written_is_told(workshop: Draw) -> None:
    project = workshop("load")
    project.write(".cauce", "a file in its place")
    with pytest.raises(ProjectUnwritable) as refused:
        project.build()
    assert ".cauce" in refused.value.message
    assert refused.value.hint
    assert project.fresh == set()


# --- What is given to a task, and what is kept ----------------------------------------------


def test_a_task_is_given_what_the_pipeline_says(workshop: Draw) -> None:
    project = workshop("fit-a ─► report\n fit-b ─► report\n load ─► report")
    project.rewire("report", "fit-*", "load")
    project.give("report", depth=3)
    executor = Calculator(project.tick, {"report": Succeed({"out/report.txt": "1\n"})})
    project.build_with(executor, RunRequest())
    job = executor.jobs["report"]

    def made(task: str) -> dict[str, str]:
        return {"nb": f"out/{task}.ipynb", "text": f"out/{task}.txt"}

    assert job.binding.upstream == {
        "fit-*": {"fit-a": made("fit-a"), "fit-b": made("fit-b")},
        "load": made("load"),
    }
    assert job.binding.params == {"depth": 3}
    assert job.binding.product == made("report")
    assert (job.binding.root, job.binding.pipeline) == (project.root, "pipeline.yaml")
    assert job.content == project.source("report").read_bytes()
    assert job.notebook.parent == project.root / "out"
    assert executor.jobs["load"].binding.upstream is None


def test_history_is_kept(workshop: Draw) -> None:
    project = workshop("load ─► fit")
    folder = state_folder(project.root)
    first = project.build()
    project.edit("fit", 9)
    second = project.build(scripts={"fit": Fail()})
    runs = [event.run for built in (second, first) for event in built.events[:1] if isinstance(event, RunStarted)]
    assert [run.id for run in read_runs(folder, "pipeline.yaml")] == runs
    assert [row.outcome for row in read_attempts(folder, "pipeline.yaml", "fit")] == ["failed", "ok"]
    assert read_run(folder, "pipeline.yaml", runs[0]) is not None
    assert read_run(folder, "other.yaml", runs[0]) is None
    known = read_history(folder, "pipeline.yaml").tasks["fit"]
    assert known.last.outcome == "failed"
    assert known.last_ok is not None
    assert [record.path for record in known.last_ok.products] == ["out/fit.ipynb", "out/fit.txt"]
    log = log_file(folder, runs[1], "fit", ("load", "fit"))
    assert log is not None
    assert log.read_text() == "fit\n"
    assert json.loads(encode(project.status()))["run"]["id"] == runs[0]


def test_two_pipelines_in_one_folder_know_their_own_tasks(workshop: Draw) -> None:
    project = workshop("load")
    project.build()
    other = project.root / "pipeline.small.yaml"
    other.write_text(project.path.read_text().replace("out/", "small/"))
    project.path = other
    assert project.why("load") == ["never_run"]


def test_two_pipelines_that_share_files_know_what_the_other_has_made_of_them(workshop: Draw) -> None:
    project = workshop("load ─► fit")
    first, second = project.path, project.root / "pipeline.serve.yaml"
    second.write_text(first.read_text())
    assert project.build().ran == ["load", "fit"]
    project.path = second
    assert project.build().ran == []
    project.edit("load", 40)
    assert project.build().ran == ["load", "fit"]
    project.path = first
    assert project.build().ran == []
    # What one of them has spoilt is spoilt for the other.
    project.path = second
    project.edit("fit", 50)
    project.build(scripts={"fit": half_made(project, "fit")})
    project.edit("fit", 40)
    project.path = first
    assert project.why("fit")[0] == "last_run_failed"


def test_the_state_is_hidden_from_version_control(workshop: Draw) -> None:
    project = workshop("load")
    project.build()
    assert (state_folder(project.root) / ".gitignore").read_text().splitlines()[-1] == "*"
