"""What a build does besides running tasks: hooks, ending early, values that code computes, taking tasks for current."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from drawn import Calculator, Workshop, half_made

from cauce.contract import CellError, RunFinished, RunRequest, TaskFinished, Where
from cauce.engine.errors import PipelineHasErrors
from cauce.engine.evaluated import evaluated_path
from cauce.engine.executors.fake import Fail, FakeExecutor, Stop, Succeed
from cauce.engine.notebook import read_notebook
from cauce.engine.spec import entry_of_file
from cauce.engine.spec.model import Dotted, Need

Draw = Callable[[str], Workshop]

CHAIN = "load ─► clean ─► fit\n other"


@pytest.fixture
def workshop(workshop: Draw) -> Draw:
    """With the code that the tests here name; none of it is called."""

    def draw(picture: str) -> Workshop:
        project = workshop(picture)
        names = ("check", "before", "sorry", "all_before", "done", "failed", "any_news")
        project.write("hooks.py", "".join(f"def {name}(**given): ...\n" for name in names))
        project.write("facts.py", "def rows(): ...\n")
        return project

    return draw


def hooked(project: Workshop, task: str, hooks: str) -> None:
    """Add lines to a task's entry in pipeline.yaml."""
    source = f"- source: tasks/{task}.py\n"
    project.respell(source, f"{source}  {hooks}\n")


@pytest.mark.case("B11")
def test_a_failing_on_finish_is_a_failed_task_that_runs_again(workshop: Draw) -> None:
    project = workshop(CHAIN)
    hooked(project, "clean", "on_finish: hooks.check")
    broken = Calculator(project.tick)
    broken.hooks["hooks.check"] = Fail(CellError(name="AssertionError", message="too few rows"))
    first = project.build_with(broken, RunRequest())
    assert first.ends == {"load": "ok", "other": "ok", "clean": "failed", "fit": "skipped"}
    assert "on_finish: too few rows" in first.finished("clean").cause
    assert broken.called == [("hooks.check", "clean")]
    assert project.why("clean") == ["last_run_failed"]
    sound = Calculator(project.tick)
    assert project.build_with(sound, RunRequest()).ends == {"clean": "ok", "fit": "ok"}
    assert sound.called == [("hooks.check", "clean")]


def test_what_a_hook_is_given_counts(workshop: Draw) -> None:
    project = workshop("load")
    hooked(project, "load", "on_finish: {dotted_path: hooks.check, rows: 10}")
    assert project.build().ends == {"load": "ok"}
    project.respell("rows: 10", "rows: 20")
    assert project.why("load") == ["options_changed on_finish"]


def test_hooks_are_called_at_their_moments(workshop: Draw) -> None:
    project = workshop(CHAIN)
    hooked(project, "load", "on_render: hooks.before")
    hooked(project, "clean", "on_failure: hooks.sorry")
    hooks = "on_render: hooks.all_before\non_finish: hooks.done\non_failure: hooks.failed\n"
    project.respell("tasks:\n", f"{hooks}tasks:\n")
    executor = Calculator(project.tick, {"clean": Fail()})
    project.build_with(executor, RunRequest(jobs=1))
    assert executor.called == [
        ("hooks.all_before", ""),
        ("hooks.before", "load"),
        ("hooks.sorry", "clean"),
        ("hooks.failed", ""),
    ]
    executor = Calculator(project.tick)
    project.build_with(executor, RunRequest())
    assert executor.called == [("hooks.all_before", ""), ("hooks.done", "")]
    executor = Calculator(project.tick)
    project.build_with(executor, RunRequest())
    assert executor.called == [], "nothing to do, nobody to call"


def test_a_failing_hook_of_the_pipeline_fails_the_run(workshop: Draw) -> None:
    project = workshop("load")
    project.respell("tasks:\n", "on_finish: hooks.done\ntasks:\n")
    executor = Calculator(project.tick)
    where = Where(path="hooks.py", line=3)
    executor.hooks["hooks.done"] = Fail(CellError(name="OSError", message="no mail today", where=where))
    built = project.build_with(executor, RunRequest())
    assert (built.state, built.ends) == ("failed", {"load": "ok"})
    assert "hooks.done failed at hooks.py:3: OSError: no mail today" in built.message
    assert project.fresh == {"load"}


@pytest.mark.case("B12")
@pytest.mark.parametrize("who", ["task", "hook"])
def test_ending_early_begins_nothing_more_and_is_no_failure(workshop: Draw, who: str) -> None:
    project = workshop(CHAIN)
    executor = Calculator(project.tick)
    if who == "task":
        executor = Calculator(project.tick, {"load": Stop("nothing new")})
    else:
        hooked(project, "load", "on_finish: hooks.any_news")
        executor.hooks["hooks.any_news"] = Stop("nothing new")
    built = project.build_with(executor, RunRequest(jobs=1))
    assert built.state == "ok"
    assert built.ends == {"load": "stopped", "other": "skipped", "clean": "skipped", "fit": "skipped"}
    assert built.finished("clean").cause == "'load' ended the build early: nothing new"
    assert project.why("load") == ["last_run_failed"]
    assert project.build().ends == dict.fromkeys(["load", "other", "clean", "fit"], "ok")


@pytest.mark.case("B17", note="the old success proves nothing once the task has run again")
def test_a_failure_in_between_makes_the_old_code_stale_too(workshop: Draw) -> None:
    project = workshop(CHAIN)
    project.build()
    before = project.tasks["clean"].number
    project.edit("clean", 40)
    assert project.build(scripts={"clean": half_made(project, "clean")}).ends["clean"] == "failed"
    project.edit("clean", before)
    # Also told: that the failed run's code, which may have left anything in the products, was another.
    assert project.why("clean") == ["last_run_failed", "code_changed"]
    assert project.build().ends["clean"] == "ok"


@pytest.mark.case("B7")
def test_a_deleted_product_is_made_again_and_what_follows_sees_the_same(workshop: Draw) -> None:
    project = workshop(CHAIN)
    project.build()
    project.product("clean").unlink()
    assert project.why("clean") == ["product_missing out/clean.txt"]
    assert project.why("fit") == ["upstream_stale clean"]
    assert project.build().ends == {"clean": "ok", "fit": "unchanged"}


@pytest.mark.case("B8")
def test_after_building_only_upstream_what_depends_on_it_is_stale(workshop: Draw) -> None:
    project = workshop(CHAIN)
    project.build()
    project.edit("load", 40)
    assert project.build("load", mode="only").ends == {"load": "ok"}
    assert project.why("clean") == ["upstream_changed load"]
    assert project.why("fit") == ["upstream_stale clean"]
    assert project.why("other") == []


# --- Taking tasks for current -----------------------------------------------------------------


def test_a_marked_task_counts_as_made_from_what_is_there(workshop: Draw) -> None:
    project = workshop(CHAIN)
    project.build()
    project.edit("load", 40)
    project.edit("clean", 41)
    marked = project.build("load", action="mark", mode="only")
    assert (marked.state, marked.ends, marked.executor.started) == ("ok", {"load": "ok"}, [])
    assert marked.message == "1 marked as up to date."
    assert project.why("load") == []
    assert project.why("clean") == ["code_changed"]
    assert project.build("clean", action="mark", mode="only").ends == {"clean": "ok"}
    assert project.fresh == set(project.tasks)
    assert project.build().ends == {}


def test_what_is_not_there_cannot_be_marked(workshop: Draw) -> None:
    project = workshop("load ─► fit")
    marked = project.build("load", action="mark", mode="only")
    assert marked.ends == {"load": "skipped"}
    assert "out/load.ipynb, out/load.txt is missing" in marked.finished("load").cause
    assert project.why("load") == ["never_run"]


# --- What only code can tell ------------------------------------------------------------------

COMPUTED = Need("call", Dotted("facts.rows")).key


def compute(project: Workshop, value: object) -> FakeExecutor:
    executor = Calculator(project.tick)
    executor.values[COMPUTED] = value  # type: ignore[assignment]  # what code may give
    return executor


def test_a_computed_parameter_is_evaluated_before_the_build_and_compared(workshop: Draw) -> None:
    project = workshop("load")
    hooked(project, "load", "params: {rows: 'facts::rows'}")
    [task] = project.status().tasks
    assert task.computed == ("rows",)
    first = compute(project, 3)
    assert project.build_with(first, RunRequest()).ends == {"load": "ok"}
    assert first.jobs["load"].binding.params == {"rows": 3}
    assert project.build_with(compute(project, 3), RunRequest()).ends == {}
    again = project.build_with(compute(project, 4), RunRequest(action="evaluate"))
    assert (again.state, again.message, again.ends) == ("ok", "Evaluated.", {})
    assert project.why("load") == ["params_changed rows"], "looking shows the last known value"
    assert project.build_with(compute(project, 4), RunRequest()).ends == {"load": "ok"}


def test_what_cannot_be_evaluated_refuses_its_task_and_no_other(workshop: Draw) -> None:
    project = workshop("load\n other")
    hooked(project, "load", "params: {rows: 'facts::rows'}")
    broken = FakeExecutor(values={COMPUTED: CellError(name="ImportError", message="no module named facts")})
    with pytest.raises(PipelineHasErrors) as refused:
        project.build_with(broken, RunRequest())
    [problem] = refused.value.problems
    assert (problem.code, problem.task) == ("not_evaluated", "load")
    assert "facts.rows could not be evaluated: ImportError: no module named facts." in problem.message
    assert project.build_with(FakeExecutor(), RunRequest(tasks=("other",))).ends == {"other": "ok"}


def test_a_factory_shows_its_tasks_once_it_was_evaluated(tmp_path: Path) -> None:
    project = Workshop(tmp_path / "project", "load")
    entry = {"source": "tasks/load.py", "product": {"nb": "out/load.ipynb", "text": "out/load.txt"}}
    project.write("pipeline.yaml", "location: factory.make\n")
    before = project.status()
    assert (before.unevaluated, before.tasks, before.problems) == (True, (), ())
    made = FakeExecutor(values={Need("factory", Dotted("factory.make")).key: {"tasks": [entry]}})  # type: ignore[list-item]
    project.build_with(made, RunRequest(action="evaluate"))
    after = project.status()
    assert (after.unevaluated, [task.name for task in after.tasks]) == (False, ["load"])
    assert project.build_with(made, RunRequest()).ends == {"load": "ok"}


def test_damaged_values_count_as_never_evaluated(workshop: Draw) -> None:
    project = workshop("load")
    hooked(project, "load", "params: {rows: 'facts::rows'}")
    project.build_with(compute(project, 3), RunRequest())
    path = project.root / evaluated_path(entry_of_file(project.path))
    for content in (b"", b"{", b"[" * 100_000, path.read_bytes()[:-5], b'{"version": 9}', b"\xff\xfe"):
        path.write_bytes(content)
        assert project.task("load").freshness.state == "stale"
    assert project.build_with(compute(project, 3), RunRequest()).ends == {}


# --- What Ploomber has built ------------------------------------------------------------------


def by_ploomber(project: Workshop, task: str, *, when: float, code: str | None = None, params: object = None) -> None:
    """Products of a task, with what Ploomber writes beside them."""
    source = project.source(task)
    cells = [str(cell.source) for cell in read_notebook(source.read_bytes(), source).cells]
    record = {"timestamp": when, "stored_source_code": code or "\n".join(cells), "params": params or {}}
    for path in (f"out/{task}.ipynb", f"out/{task}.txt"):
        project.write(path, f"made by {task}\n")
        folder, _, name = path.rpartition("/")
        project.write(f"{folder}/.{name}.metadata", json.dumps(record))


def test_a_project_that_ploomber_has_built_starts_up_to_date(workshop: Draw) -> None:
    project = workshop(CHAIN)
    for age, task in enumerate(["load", "other", "clean", "fit"]):
        by_ploomber(project, task, when=1_700_000_000.0 + age)
    assert project.fresh == set(project.tasks)
    assert project.build().ends == {}
    project.edit("clean", 40)
    assert project.why("clean") == ["code_changed"], "from now on it is known like what we have made"
    project.overwrite("load", "edited\n")
    assert project.why("load") == ["product_changed out/load.txt"]


@pytest.mark.parametrize("what", ["code", "params", "order", "newer product"])
def test_what_ploomber_would_run_is_not_taken_over(workshop: Draw, what: str) -> None:
    project = workshop("load ─► fit")
    by_ploomber(project, "load", when=1_700_000_000.0)
    by_ploomber(
        project,
        "fit",
        when=1_600_000_000.0 if what == "order" else 1_700_000_001.0,
        code="other" if what == "code" else None,
        params={"n": 1} if what == "params" else None,
    )
    if what == "newer product":
        later = time.time_ns() + 60_000_000_000
        os.utime(project.product("fit"), ns=(later, later))
    assert project.why("load") == []
    reason = {"code": "code_changed", "params": "params_changed n", "order": "upstream_changed load"}
    assert project.why("fit") == [reason.get(what, "never_run")]


def test_comments_and_formatting_do_not_count_in_what_ploomber_has_recorded(workshop: Draw) -> None:
    project = workshop("load ─► fit")
    for age, task in enumerate(["load", "fit"]):
        source = project.source(task)
        source.write_text(f"# %% [markdown]\n# Words with `code`,\n# on two lines.\n\n{source.read_text()}")
        by_ploomber(project, task, when=1_700_000_000.0 + age)
    text = project.source("load").read_text()
    project.source("load").write_text(text + "\n# a comment, and a formatted line\nx = (1,   2)\n")
    recorded = json.loads((project.root / "out/.load.txt.metadata").read_text())["stored_source_code"]
    by_ploomber(project, "load", when=1_700_000_000.0, code=recorded + "\nx = (1, 2)")
    assert project.fresh == set(project.tasks)

    project.source("load").write_text(text + "\nx = (1, 3)\n")
    assert project.why("load") == ["code_changed"]
    assert project.why("fit") == ["upstream_stale load"]


def test_what_is_taken_over_was_made_when_it_was_recorded(workshop: Draw) -> None:
    project = workshop("load ─► fit\n other")
    by_ploomber(project, "load", when=1_700_000_000.0)
    by_ploomber(project, "fit", when=1_700_000_001.0)
    times = {"load": 1_700_000_000.0, "fit": 1_700_000_001.0, "other": None}
    assert {task: project.task(task).last_ok for task in times} == times
    assert project.build().ends == {"other": "ok"}
    assert [project.task(task).last_ok for task in ("load", "fit")] == [1_700_000_000.0, 1_700_000_001.0]
    assert project.fresh == set(project.tasks)


@pytest.mark.case("B18", note="its task runs, the others do not")
@pytest.mark.parametrize("content", [b"", b'{"timestamp": 17', b"\xff", b"[]", b'{"timestamp": "soon"}'])
def test_a_damaged_metadata_file_concerns_its_task_alone(workshop: Draw, content: bytes) -> None:
    project = workshop("load ─► fit\n other")
    for task in project.tasks:
        by_ploomber(project, task, when=1_700_000_000.0)
    (project.root / "out/.fit.txt.metadata").write_bytes(content)
    assert project.fresh == {"load", "other"}
    built = project.build_with(FakeExecutor({"fit": Succeed()}), RunRequest())
    assert built.ends == {"fit": "ok"}
    assert [type(event) for event in built.events if isinstance(event, TaskFinished | RunFinished)]


# --- Partial notebooks of products in another format ------------------------------------------


def test_a_partial_notebook_takes_nobodys_place_and_goes_with_the_next_success(workshop: Draw) -> None:
    project = workshop("load\n other")
    project.respell("nb: out/load.ipynb", "nb: out/load.html")
    project.respell("nb: out/other.ipynb", "nb: out/load.failed.ipynb")
    mine = project.write("out/load.failed-2.ipynb", '{"cells": [], "metadata": {}}')
    for _ in range(2):
        error = project.build("load", scripts={"load": Fail()}).finished("load").error
        assert error is not None
        assert error.notebook == "out/load.failed-3.ipynb"
    assert not (project.root / "out/load.failed.ipynb").exists()
    assert project.build().ends == {"load": "ok", "other": "ok"}
    assert not (project.root / "out/load.failed-3.ipynb").exists()
    assert mine.read_text() == '{"cells": [], "metadata": {}}'
    assert (project.root / "out/load.failed.ipynb").exists(), "another task's product"
