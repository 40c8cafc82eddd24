"""Dry runs: what a build would do and why, told without doing it. That it comes true is in `test_incremental`."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from drawn import Workshop
from tornado.httpclient import HTTPResponse

from cauce.contract import RunRequest
from cauce.engine.errors import NotFound, PipelineHasErrors, UsageError
from cauce.engine.foresight import build_command
from cauce.engine.spec import Entry, entry_of_file

Draw = Callable[[str], Workshop]
Fetch = Callable[..., Awaitable[HTTPResponse]]

#   load ─► clean ─► fit ──► report
#           clean ─► plot ─► report
PICTURE = "load ─► clean ─► fit ─► report\n clean ─► plot ─► report"


def told(project: Workshop, *tasks: str, **request: Any) -> list[str]:
    plan = project.plan(*tasks, **request)
    return [f"{task.name} {task.verdict}{' forced' if task.forced else ''}" for task in plan.tasks]


def test_what_never_ran_runs_and_what_is_current_does_not(workshop: Draw) -> None:
    project = workshop(PICTURE)
    assert told(project) == ["load run", "clean run", "fit run", "plot run", "report run"]
    assert project.plan().estimate is None  # of which nobody knows anything
    project.build()
    plan = project.plan()
    assert (plan.tasks, plan.fresh) == ((), ("load", "clean", "fit", "plot", "report"))
    assert plan.estimate is None


def test_what_is_stale_for_its_upstream_alone_may_run(workshop: Draw) -> None:
    project = workshop(PICTURE)
    project.build()
    project.edit("clean", 9)
    project.edit("report", 9)
    plan = project.plan()
    assert told(project) == ["clean run", "fit maybe", "plot maybe", "report run"]
    assert [task.after for task in plan.tasks] == [(), ("clean",), ("clean",), ("fit", "plot")]
    assert plan.fresh == ("load",)
    assert {reason.kind for reason in plan.tasks[1].reasons} == {"upstream_stale"}


@pytest.mark.parametrize(
    ("tasks", "request_", "expected"),
    [
        ("fit", {}, ["clean run", "fit maybe"]),
        ("fit", {"force": True}, ["clean run", "fit run forced"]),
        # What it needs is stale and stays so: nothing that runs could make it current.
        ("fit", {"mode": "only"}, ["fit run"]),
        ("fit", {"mode": "from"}, ["fit run", "report run"]),
        ("load", {"mode": "only", "force": True}, ["load run forced"]),
        ("*t", {"mode": "only"}, ["fit run", "plot run", "report run"]),
        ("", {"force": True}, [f"{name} run forced" for name in ("load", "clean", "fit", "plot", "report")]),
    ],
)
def test_each_mode(workshop: Draw, tasks: str, request_: dict[str, Any], expected: list[str]) -> None:
    project = workshop(PICTURE)
    project.build()
    project.edit("clean", 9)
    assert told(project, *tasks.split(), **request_) == expected
    ran = project.build(*tasks.split(), **request_).ran
    assert {line.split()[0] for line in expected if "run" in line.split()} <= set(ran)


def test_what_a_build_would_refuse_a_plan_refuses_too(workshop: Draw) -> None:
    project = workshop(PICTURE)
    with pytest.raises(UsageError, match=r"needs out/load\.(ipynb|txt), which 'load' has not made"):
        project.plan("clean", mode="only")
    with pytest.raises(NotFound):
        project.plan("claen")
    with pytest.raises(UsageError, match="needs a task"):
        project.plan(mode="from")
    with pytest.raises(UsageError, match="Only a build has a plan"):
        project.plan(action="mark")
    project.say("fit", upstream="nobody")
    with pytest.raises(PipelineHasErrors):
        project.plan()


def test_how_long_it_takes_depends_on_what_may_run_and_on_how_much_runs_at_a_time(workshop: Draw) -> None:
    project = workshop("a ─► b ─► d\n a ─► c ─► d")
    project.build()
    took = {task.name: task.duration for task in project.plan(force=True).tasks}
    assert None not in took.values()
    whole = sum(took.values())  # type: ignore[arg-type]  # none is None
    one, two = (project.plan(force=True, jobs=jobs).estimate for jobs in (1, 2))
    assert one is not None
    assert two is not None
    assert (one.least, one.most) == (pytest.approx(whole), pytest.approx(whole))
    assert two.most == pytest.approx(whole - min(took["b"], took["c"]))  # type: ignore[type-var, operator]
    project.edit("a", 9)
    part = project.plan(jobs=1).estimate
    assert part is not None
    assert part.least == pytest.approx(took["a"])
    assert part.most == pytest.approx(whole)
    assert part.unknown == 0


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (RunRequest(), "cauce build"),
        (RunRequest(tasks=("fit", "a task"), mode="only", force=True), "cauce build --only --force fit 'a task'"),
        (
            RunRequest(tasks=("-x",), mode="from", fail_fast=True, jobs=3),
            "cauce build --from --fail-fast --jobs 3 -- -x",
        ),
    ],
)
def test_the_command_that_does_the_same(request_: RunRequest, words: str, tmp_path: Path) -> None:
    assert build_command(entry_of_file(tmp_path / "pipeline.yaml"), request_) == words
    other = Entry("file", tmp_path, tmp_path / "pipeline.my own.yaml")
    assert build_command(other, RunRequest()) == "cauce build -e 'pipeline.my own.yaml'"


class TestTerminal:
    def run(self, project: Workshop, command: str) -> tuple[int, str]:
        found = subprocess.run(
            [sys.executable, "-m", *shlex.split(command)], cwd=project.root, capture_output=True, text=True, check=False
        )
        return found.returncode, found.stdout

    def test_a_dry_run_runs_nothing_and_says_so_in_words_and_in_json(self, workshop: Draw) -> None:
        project = workshop(PICTURE)
        project.build("plot")
        project.edit("load", 9)
        code, words = self.run(project, "cauce build --dry-run --jobs 1")
        assert code == 0
        lines = words.splitlines()
        assert [line.split()[1] for line in lines[:5]] == ["load", "clean", "fit", "plot", "report"]
        assert "runs" in lines[0]
        assert "The code changed." in lines[0]
        assert "may run" in lines[1]
        assert "If what load makes changes." in lines[1]
        assert lines[-1].startswith("3 would run, 2 may run. About ")
        assert "where 2 that never succeeded take as long as usual" in lines[-1]

        code, text = self.run(project, "cauce build --dry-run --json --only plot --force --jobs 2")
        plan = json.loads(text)
        assert code == 0
        assert [task["name"] for task in plan["tasks"]] == ["plot"]
        # Pasted into a terminal, the command means the same.
        assert self.run(project, f"{plan['command']} --dry-run --json") == (0, text)
        assert project.fresh == set()  # load is stale, and so is what follows

        assert self.run(project, "cauce build --dry-run nobody")[0] == 2


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {"ServerApp": {"jpserver_extensions": {"cauce": True}}}


async def post(jp_fetch: Fetch, request: dict[str, Any]) -> tuple[int, Any]:
    where = ("cauce", "api", "pipelines", "drawn", "pipeline.yaml", "plan")
    reply = await jp_fetch(
        *where,
        method="POST",
        headers={"Content-Type": "application/json"},
        body=json.dumps(request),
        raise_error=False,
    )
    return reply.code, json.loads(reply.body)


async def test_the_server_tells_the_same_and_refuses_as_for_a_build(jp_fetch: Fetch, jp_root_dir: Path) -> None:
    project = Workshop(jp_root_dir / "drawn", PICTURE)
    code, plan = await post(jp_fetch, {"tasks": ["clean"], "force": True})
    assert code == 200
    assert (plan["pipeline"], plan["root"]) == ("drawn/pipeline.yaml", "drawn")
    assert [(task["name"], task["verdict"]) for task in plan["tasks"]] == [("load", "run"), ("clean", "run")]
    assert plan["command"] == "cauce build --force clean"
    assert not (project.root / ".cauce").exists()
    assert (await post(jp_fetch, {"tasks": ["x" * 2000]}))[0] == 400
    assert (await post(jp_fetch, {"tasks": ["nobody"]}))[0] == 404
    assert (await post(jp_fetch, {"tasks": ["fit"], "mode": "only"}))[0] == 400
    project.path.write_text("tasks: 7\n")
    assert (await post(jp_fetch, {}))[0] == 422


async def test_a_build_that_was_started_anywhere_is_among_the_active_ones(jp_fetch: Fetch, jp_root_dir: Path) -> None:
    project = Workshop(jp_root_dir / "drawn", "a ─► b")

    async def active() -> Any:
        return json.loads((await jp_fetch("cauce", "api", "builds")).body)["builds"]

    assert await active() == []
    project.source("a").write_text(project.source("a").read_text() + "\nimport time\ntime.sleep(600)\n")
    terminal = subprocess.Popen([sys.executable, "-m", "cauce", "build"], cwd=project.root, stdout=subprocess.DEVNULL)  # noqa: ASYNC220 - it goes on beside the test
    try:
        while not (found := await active()) or not found[0]["total"]:
            assert terminal.poll() is None
        [build] = found
        assert (build["pipeline"], build["name"]) == ("drawn/pipeline.yaml", "drawn")
        assert (build["done"], build["total"], build["failed"]) == (0, 2, 0)
        where = ("cauce", "api", "pipelines", "drawn", "pipeline.yaml", "runs", build["run"])
        await jp_fetch(*where, method="DELETE")
        while await active():
            pass
        assert terminal.wait() == 130
    finally:
        terminal.kill()
        terminal.wait()
