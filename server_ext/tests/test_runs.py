"""Past runs: listed, shown, compared and forgotten, and the notebooks that were kept of them."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from drawn import Workshop
from jupyter_server.serverapp import ServerApp
from test_opening import Fetch, opened, with_extensions
from test_server import FIRST, JSON, PIPELINE, SECOND, SLEEPS, get, start
from tornado.httpclient import HTTPClientError

from cauce.contract import (
    ErrorBody,
    LogChunk,
    Run,
    RunComparison,
    RunDetail,
    RunList,
    Snapshot,
    TaskComparison,
    TaskDetail,
)
from cauce.engine.errors import NotFound, ProjectLocked, UsageError
from cauce.engine.executors.fake import Fail
from cauce.engine.keptbooks import BOOKS, trim_books
from cauce.engine.lock import ProjectLock
from cauce.engine.metrics import metrics_of
from cauce.engine.spec import Entry, entry_of_file
from cauce.engine.store import state_file, state_folder
from cauce.runs import compare_runs, forget_run, list_runs, run_detail, run_notebook

Draw = Callable[[str], Workshop]
PATH = ("my project", "pipeline.yaml")


def entry_of(project: Workshop) -> Entry:
    return entry_of_file(project.root / "pipeline.yaml")


def ids(project: Workshop) -> list[str]:
    """Oldest first."""
    return [run.id for run in reversed(list_runs(entry_of(project), limit=200).runs)]


@pytest.fixture
def built(workshop: Draw) -> Workshop:
    #  load ─► clean ─► fit; then fit is edited and fails, is mended, and clean is given a parameter
    project = workshop("load ─► clean ─► fit")
    project.build()
    project.edit("fit", 9)
    project.build(scripts={"fit": Fail()})
    project.build()
    project.give("clean", alpha=2)
    project.build()
    return project


# --- Which there are, and how they went


def test_runs_come_in_pages_with_what_their_tasks_took(built: Workshop) -> None:
    entry = entry_of(built)
    first, failed, mended, last = ids(built)
    page = list_runs(entry, limit=2)
    assert ([run.id for run in page.runs], page.more) == ([last, mended], True)
    page = list_runs(entry, limit=2, before=mended)
    assert ([run.id for run in page.runs], page.more) == ([failed, first], False)
    assert page.durations[first].keys() == {"load", "clean", "fit"}
    assert all(seconds > 0 for seconds in page.durations[first].values())
    assert list_runs(entry, before="no such run").runs == ()


def test_a_run_tells_what_it_was_asked_for_and_each_attempt(workshop: Draw) -> None:
    project = workshop("load ─► fit")
    project.say("fit", retries=1)
    project.build("fit", force=True, scripts={"fit": Fail()})
    detail = run_detail(entry_of(project), ids(project)[0])
    assert detail.request is not None
    assert (detail.request.tasks, detail.request.force) == (("fit",), True)
    assert detail.run.action == "build"
    assert [run.action for run in list_runs(entry_of(project)).runs] == ["build"]
    assert {attempt.task: attempt.upstream for attempt in detail.attempts} == {"load": (), "fit": ("load",)}
    numbers = [attempt.number for attempt in detail.attempts if attempt.task == "fit"]
    assert numbers == list(range(1, len(numbers) + 1))
    assert all(attempt.ended is not None and attempt.started <= attempt.ended for attempt in detail.attempts)


# --- Two of them compared


def by_task(comparison: RunComparison) -> dict[str, TaskComparison]:
    return {task.task: task for task in comparison.tasks}


def test_runs_are_compared_by_what_the_tasks_had_come_to(built: Workshop) -> None:
    first, failed, mended, last = ids(built)
    found = by_task(compare_runs(entry_of(built), first, failed))
    assert found.keys() == {"fit"}, "what did not run is what it was"
    assert found["fit"].changes == ("outcome", "code")
    assert found["fit"].products == (), "nobody knows what a failed attempt has left"
    assert found["fit"].before is not None
    assert (found["fit"].before.run, found["fit"].before.outcome) == (first, "ok")
    assert "-number = 3" in found["fit"].code.splitlines()
    assert "+number = 9" in found["fit"].code.splitlines()

    found = by_task(compare_runs(entry_of(built), mended, last))
    assert found["clean"].changes == ("params", "products")
    [param] = found["clean"].params
    assert (param.name, param.before, param.after) == ("alpha", None, "2")
    assert found["fit"].upstream == ("clean",)
    assert found["fit"].code == ""
    assert {product.path: product.change for product in found["clean"].products}["out/clean.txt"] == "changed"
    assert "load" not in found

    back = by_task(compare_runs(entry_of(built), last, mended))
    assert [(param.before, param.after) for param in back["clean"].params] == [("2", None)]


def test_only_two_runs_that_are_there_are_compared(built: Workshop) -> None:
    first, *_, last = ids(built)
    with pytest.raises(UsageError):
        compare_runs(entry_of(built), last, last)
    for pair in ((first, "1-00000000"), ("1-00000000", first)):
        with pytest.raises(NotFound):
            compare_runs(entry_of(built), *pair)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"r2": 0.9, "test": {"n": 3, "ok": true, "name": "x"}}', {"r2": 0.9, "test.n": 3.0}),
        ("0.5", {"": 0.5}),
        ('{"huge": 1e999, "none": null, "list": [1, 2], "big": %s}' % ("9" * 400), {}),
        ("{" + ", ".join(f'"{i}": {i}' for i in range(1000)) + "}", {}),
        ("[" * 100_000, {}),
        ('{"a": 1', {}),
        ('{"\\ud800": 1}', {}),
    ],
)
def test_numbers_in_small_json_files_are_metrics(tmp_path: Path, text: str, expected: dict[str, float]) -> None:
    (tmp_path / "metrics.json").write_text(text)
    found = metrics_of(tmp_path, ["metrics.json", "missing.json", "data.csv"])
    assert {metric.name: metric.value for metric in found} == expected


# --- One of them forgotten


def test_what_is_fresh_stays_so_whatever_is_forgotten(built: Workshop) -> None:
    entry = entry_of(built)
    for run in ids(built):
        forget_run(entry, run)
        assert built.fresh == set(built.tasks)
        assert run not in ids(built)
        with pytest.raises(NotFound):
            forget_run(entry, run)
    assert ids(built) == []
    snapshot = built.status()
    assert snapshot.run is None
    assert snapshot.problems == ()
    assert built.build().ran == []
    assert built.fresh == set(built.tasks)


def test_a_run_that_nothing_follows_from_is_gone_with_all_that_was_kept_of_it(built: Workshop) -> None:
    _, failed, *_ = ids(built)
    folder = state_folder(built.root)
    assert (folder / "logs" / failed).exists() or (folder / BOOKS / failed).exists()
    forget_run(entry_of(built), failed)
    assert not (folder / "logs" / failed).exists()
    assert not (folder / BOOKS / failed).exists()
    with sqlite3.connect(state_file(folder)) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        dump = "\n".join(db.iterdump())
    db.close()
    assert {"asked", "metrics", "hidden"} <= set(tables)
    assert failed not in dump


def test_a_hidden_run_goes_once_nothing_follows_from_it(built: Workshop) -> None:
    *_, last = ids(built)
    forget_run(entry_of(built), last)
    built.edit("load", 7)
    built.build()  # all of it anew
    built.build()
    folder = state_folder(built.root)
    with sqlite3.connect(state_file(folder)) as db:
        assert db.execute("SELECT COUNT(*) FROM runs WHERE id = ?", (last,)).fetchone() == (0,)
        assert db.execute("SELECT COUNT(*) FROM hidden").fetchone() == (0,)
    db.close()


def test_nothing_is_forgotten_while_somebody_builds(built: Workshop) -> None:
    first = ids(built)[0]
    with ProjectLock(state_folder(built.root), "another", "ana", 1.0), pytest.raises(ProjectLocked):
        forget_run(entry_of(built), first)
    assert first in ids(built)


# --- Notebooks that were kept


def test_each_run_keeps_its_notebooks_whoever_edits_the_products(built: Workshop) -> None:
    first = ids(built)[0]
    kept = run_notebook(entry_of(built), first, "fit")
    assert "cells" in json.loads(kept)
    (built.root / "out/fit.ipynb").write_text("{}")
    assert run_notebook(entry_of(built), first, "fit") == kept
    assert run_detail(entry_of(built), first).notebooks.keys() == {"load", "clean", "fit"}
    with pytest.raises(NotFound):
        run_notebook(entry_of(built), first, "another")


def test_so_many_notebooks_are_kept_and_no_more(tmp_path: Path) -> None:
    books = tmp_path / ".cauce" / BOOKS
    for run in range(4):
        (books / f"{run}-00000000").mkdir(parents=True)
        for number in range(2_000):
            (books / f"{run}-00000000" / f"{number}.ipynb").touch()
    trim_books(tmp_path / ".cauce")
    assert sorted(path.name for path in books.iterdir()) == ["2-00000000", "3-00000000"]


def test_what_a_link_in_place_of_the_folder_leads_to_is_not_removed(tmp_path: Path) -> None:
    for folder in ("data", "more"):
        (tmp_path / "mine" / folder).mkdir(parents=True)
        for number in range(3_000):
            (tmp_path / "mine" / folder / f"{number}.ipynb").touch()
    (tmp_path / ".cauce").mkdir()
    (tmp_path / ".cauce" / BOOKS).symlink_to(tmp_path / "mine")
    trim_books(tmp_path / ".cauce")
    assert sorted(path.name for path in (tmp_path / "mine").iterdir()) == ["data", "more"]


def test_a_link_in_place_of_the_folder_is_not_followed(workshop: Draw, tmp_path: Path) -> None:
    project = workshop("load")
    state_folder(project.root).mkdir(exist_ok=True)
    (state_folder(project.root) / BOOKS).symlink_to(tmp_path)
    assert project.build().state == "ok"
    assert list(tmp_path.iterdir()) == []


# --- Over REST


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {"ServerApp": {"jpserver_extensions": {"cauce": True}}}


@pytest.fixture
def project(jp_root_dir: Path) -> Path:
    folder = jp_root_dir.resolve() / "my project"
    folder.mkdir()
    (folder / "pipeline.yaml").write_text(PIPELINE)
    (folder / "first.py").write_text(FIRST)
    (folder / "second.py").write_text(SECOND)
    return folder


@pytest.fixture
def fetch(project: Path, jp_serverapp: ServerApp, jp_fetch: Fetch) -> Fetch:
    return with_extensions(jp_serverapp, jp_fetch)


async def ended(fetch: Fetch, app: ServerApp, run: str) -> Run:
    """The run, once it is over and nobody in the server follows it any more."""
    while True:
        found = await get(fetch, *PATH, "runs", run, as_=Run)
        if found.state != "running" and not app.web_app.settings["cauce_workspace"].busy:
            return found
        await asyncio.sleep(0.05)


async def forget(fetch: Fetch, run: str) -> int:
    path = ("cauce", "api", "pipelines", *PATH, "runs", run, "record")
    try:
        return (await fetch(*path, method="DELETE")).code
    except HTTPClientError as error:
        msgspec.json.decode(error.response.body if error.response else b"", type=ErrorBody)
        return error.code


async def test_runs_over_rest(fetch: Fetch, project: Path, jp_serverapp: ServerApp) -> None:
    first = (await start(fetch, *PATH)).run
    assert (await ended(fetch, jp_serverapp, first)).state == "ok"
    (project / "pipeline.yaml").write_text(PIPELINE.replace("size: 3", "size: 4"))
    second = (await start(fetch, *PATH)).run
    assert (await ended(fetch, jp_serverapp, second)).state == "ok"

    page = await get(fetch, *PATH, "runs", as_=RunList, limit="1")
    assert ([run.id for run in page.runs], page.more) == ([second], True)
    page = await get(fetch, *PATH, "runs", as_=RunList, before=second)
    assert ([run.id for run in page.runs], page.more) == ([first], False)
    with pytest.raises(HTTPClientError, match="400"):
        await get(fetch, *PATH, "runs", as_=RunList, limit="many")

    comparison = await get(fetch, *PATH, "runs", second, "comparison", as_=RunComparison, **{"with": first})
    found = by_task(comparison)
    assert [(each.name, each.before, each.after) for each in found["first"].params] == [("size", "3", "4")]
    result = found["first"].before
    assert result is not None
    assert result.notebook == f"pipeline.yaml (runs)/{first}/first.ipynb"
    assert result.notebook_file is not None
    assert (project / result.notebook_file).is_file()

    detail = await get(fetch, *PATH, "runs", first, "attempts", as_=RunDetail)
    model = await opened(fetch, f"my project/{detail.notebooks['first']}")
    assert "first says 3" in json.dumps(model["content"])
    assert (model["type"], model["writable"], model["name"]) == ("notebook", False, "first.ipynb")

    task = await get(fetch, *PATH, "tasks", "first", as_=TaskDetail)
    assert [attempt.run for attempt in task.attempts] == [second, first]
    assert task.notebooks[first] == detail.notebooks["first"]
    assert "first says 4" in json.dumps((await opened(fetch, f"my project/{task.notebooks[second]}"))["content"])

    assert await forget(fetch, first) == 204
    assert await forget(fetch, first) == 404
    task = await get(fetch, *PATH, "tasks", "first", as_=TaskDetail)
    assert task.notebooks.keys() == {second}
    assert [run.id for run in (await get(fetch, *PATH, "runs", as_=RunList)).runs] == [second]
    with pytest.raises(HTTPClientError, match="404"):
        await opened(fetch, f"my project/{detail.notebooks['first']}")
    assert await forget(fetch, second) == 204
    snapshot = await get(fetch, *PATH, as_=Snapshot)
    assert {task.freshness.state for task in snapshot.tasks} == {"fresh"}
    log = await get(fetch, *PATH, "runs", second, "log", as_=LogChunk, task="first")
    assert "first says 4" in log.text, "what it printed the last time is still shown with the task"


async def test_a_run_that_goes_on_is_not_forgotten(fetch: Fetch, project: Path, jp_serverapp: ServerApp) -> None:
    (project / "first.py").write_text(SLEEPS)
    run = (await start(fetch, *PATH)).run
    assert await forget(fetch, run) == 409
    await fetch("cauce", "api", "pipelines", *PATH, "runs", run, method="DELETE")
    assert (await ended(fetch, jp_serverapp, run)).state == "cancelled"


async def test_the_past_cannot_be_changed(fetch: Fetch, project: Path, jp_serverapp: ServerApp) -> None:
    run = (await start(fetch, *PATH)).run
    await ended(fetch, jp_serverapp, run)
    path = f"my project/pipeline.yaml (runs)/{run}/first.ipynb"
    model = await opened(fetch, path)
    body = json.dumps({"type": "notebook", "format": "json", "content": model["content"]})
    where = ("api", "contents", *path.split("/"))
    for request in (
        {"method": "PUT", "body": body},
        {"method": "DELETE"},
        {"method": "PATCH", "body": json.dumps({"path": "my project/first.ipynb"})},
    ):
        with pytest.raises(HTTPClientError, match=r"40[03]"):
            await fetch(*where, headers=dict(JSON), **request)
    assert "first says" in json.dumps((await opened(fetch, path))["content"])
    for odd in ("..", "0-00000000", f"{run}/.."):
        with pytest.raises(HTTPClientError, match=r"40[04]"):
            await opened(fetch, f"my project/pipeline.yaml (runs)/{odd}/first.ipynb")


# --- From the command line


def cauce(project: Workshop, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cauce", "runs", *arguments]
    return subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=False)


def test_runs_from_the_command_line(built: Workshop) -> None:
    first, failed, mended, last = ids(built)
    listed = cauce(built, "list").stdout.splitlines()
    assert [line.split()[0] for line in listed] == [run.rpartition("-")[2] for run in (last, mended, failed, first)]
    shown = cauce(built, "show", failed)
    assert shown.returncode == 1
    assert "ValueError: told to fail" in shown.stdout
    compared = cauce(built, "compare", mended.rpartition("-")[2])
    assert "alpha: none → 2" in compared.stdout
    assert msgspec.json.decode(cauce(built, "compare", first, failed, "--json").stdout, type=RunComparison).tasks
    assert cauce(built, "delete", failed).returncode == 0
    gone = cauce(built, "show", failed)
    assert gone.returncode == 2
    assert "cauce runs list" in gone.stderr


@pytest.mark.parametrize("kept", ["logs", BOOKS])
def test_what_a_link_leads_to_stays_when_a_run_is_deleted(built: Workshop, tmp_path: Path, kept: str) -> None:
    _, failed, *_ = ids(built)
    folder = state_folder(built.root)
    theirs = tmp_path / "theirs" / failed / "0.log"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("theirs")
    if (folder / kept).exists():
        (folder / kept).rename(folder / "aside")
    (folder / kept).symlink_to(tmp_path / "theirs")
    deleted = cauce(built, "delete", failed)
    assert (deleted.returncode, deleted.stderr) == (0, "")
    assert theirs.read_text() == "theirs"
    assert failed not in ids(built)
