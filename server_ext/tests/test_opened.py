"""What an open notebook can ask for while it is open: what is filled in by now, and for which task.

root/a/pipeline.yaml   load ─► plot.py;  first and second share shared.py;  fit is a function of code.py
root/a/pipeline.serve.yaml   third shares shared.py, too
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jupyter_server.serverapp import ServerApp
from test_opening import injected, opened, save, script, with_extensions
from tornado.httpclient import HTTPClientError, HTTPResponse

from cauce.contract import Opened, TaskRef

Fetch = Callable[..., Awaitable[HTTPResponse]]

PIPELINE = """\
tasks:
  - source: load.py
    product: {nb: out/load.ipynb, data: out/load.csv}
  - source: plot.py
    product: out/plot.ipynb
    params: {rows: 3}
  - source: code.fit
    product: out/fit.txt
  - source: shared.py
    name: first
    product: out/first.ipynb
    params: {depth: 1}
  - source: shared.py
    name: second
    product: out/second.ipynb
    params: {depth: 2}
"""
SERVE = """\
tasks:
  - source: shared.py
    name: third
    product: out/third.ipynb
    params: {depth: 3}
"""


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {"ServerApp": {"jpserver_extensions": {"cauce": True}}}


@pytest.fixture
def root(jp_root_dir: Path) -> Path:
    folder = jp_root_dir.resolve() / "a"
    folder.mkdir()
    (folder / "pipeline.yaml").write_text(PIPELINE)
    (folder / "pipeline.serve.yaml").write_text(SERVE)
    (folder / "load.py").write_text(script())
    (folder / "plot.py").write_text(script('["load"]'))
    (folder / "shared.py").write_text(script())
    (folder / "code.py").write_text(
        'import json\n\n\ndef fit(product, upstream):\n    upstream["load"]\n    json.dumps({})\n'
    )
    (folder / "loose.py").write_text(script())
    (jp_root_dir.resolve().parent / "secret.py").write_text(script())
    return folder


@pytest.fixture
def fetch(root: Path, jp_serverapp: ServerApp, jp_fetch: Fetch) -> Fetch:
    return with_extensions(jp_serverapp, jp_fetch)


async def ask(fetch: Fetch, path: str) -> Opened:
    reply = await fetch("cauce", "api", "opened", params={"path": path})
    return msgspec.json.decode(reply.body, type=Opened)


async def show(fetch: Fetch, path: str, pipeline: str, task: str) -> Opened:
    body = json.dumps({"path": path, "pipeline": pipeline, "task": task})
    headers = {"Content-Type": "application/json"}
    reply = await fetch("cauce", "api", "opened", method="PUT", body=body, headers=headers)
    return msgspec.json.decode(reply.body, type=Opened)


async def refused(call: Awaitable[Opened]) -> tuple[int, str]:
    with pytest.raises(HTTPClientError) as caught:
        await call
    assert caught.value.response is not None
    return caught.value.code, json.loads(caught.value.response.body)["message"]


async def test_it_is_what_the_document_opens_with(root: Path, fetch: Fetch) -> None:
    told = await ask(fetch, "a/plot.py")
    model = await opened(fetch, "a/plot.py")
    assert [cell.source for cell in told.cells] == [injected(model)]
    assert (told.pipeline, told.root, told.task, told.language) == ("a/pipeline.yaml", "a", "plot", "python")
    assert [(each.keys, each.value) for each in told.inputs] == [
        (("load", "nb"), "out/load.ipynb"),
        (("load", "data"), "out/load.csv"),
    ]


async def test_what_it_tells_later_can_take_the_place_of_the_cell_and_is_not_saved(root: Path, fetch: Fetch) -> None:
    before = (root / "plot.py").read_bytes()
    model = await opened(fetch, "a/plot.py")
    (root / "pipeline.yaml").write_text(PIPELINE.replace("rows: 3", "rows: 4"))
    [cell] = (await ask(fetch, "a/plot.py")).cells
    assert "rows = 4" in cell.source
    filled = model["content"]["cells"][1]
    filled["source"] = cell.source
    filled["metadata"]["cauce"]["digest"] = cell.digest
    await save(fetch, model)
    assert (root / "plot.py").read_bytes() == before


async def test_of_tasks_that_share_a_source_one_can_be_chosen(root: Path, fetch: Fetch) -> None:
    told = await ask(fetch, "a/shared.py")
    assert told.task == "first"
    assert told.choices == (
        TaskRef(pipeline="a/pipeline.yaml", task="first"),
        TaskRef(pipeline="a/pipeline.yaml", task="second"),
        TaskRef(pipeline="a/pipeline.serve.yaml", task="third"),
    )
    for pipeline, task, depth in (("a/pipeline.yaml", "second", 2), ("a/pipeline.serve.yaml", "third", 3)):
        told = await show(fetch, "a/shared.py", pipeline, task)
        assert (told.pipeline, told.task) == (pipeline, task)
        assert f"depth = {depth}" in told.cells[0].source
        model = await opened(fetch, "a/shared.py")
        assert injected(model) == told.cells[0].source
        assert model["content"]["metadata"]["cauce"]["task"] == task


async def test_a_choice_that_is_gone_is_no_choice(root: Path, fetch: Fetch) -> None:
    await show(fetch, "a/shared.py", "a/pipeline.serve.yaml", "third")
    (root / "pipeline.serve.yaml").unlink()
    assert (await ask(fetch, "a/shared.py")).task == "first"
    status, message = await refused(show(fetch, "a/shared.py", "a/pipeline.yaml", "plot"))
    assert (status, message) == (404, "a/shared.py is not the source of the task 'plot'.")


async def test_a_function_has_its_own_values(root: Path, fetch: Fetch) -> None:
    path = "a/code.py (functions)/fit.ipynb"
    told = await ask(fetch, path)
    model = await opened(fetch, path)
    marked = [cell["source"] for cell in model["content"]["cells"] if cell["metadata"].get("cauce")]
    assert [cell.source for cell in told.cells] == marked
    assert len(marked) == 2
    assert told.choices == (TaskRef(pipeline="a/pipeline.yaml", task="fit"),)


async def test_what_cannot_be_filled_in_says_why(root: Path, fetch: Fetch) -> None:
    notebook = {"nbformat": 4, "nbformat_minor": 5, "cells": [], "metadata": {"language_info": {"name": "julia"}}}
    (root / "j.ipynb").write_text(json.dumps(notebook))
    (root / "pipeline.yaml").write_text("tasks:\n  - source: j.ipynb\n    product: out/j.ipynb\n")
    told = await ask(fetch, "a/j.ipynb")
    assert told.cells == ()
    assert "written in julia" in told.trouble


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("a/loose.py", 404),
        ("a/none.py", 404),
        ("a", 404),
        ("a/code.py (functions)/gone.ipynb", 404),
        ("../secret.py", 403),
        ("/etc/passwd", 403),
        ("a/.hidden.py", 403),
        ("a/\0.py", 404),
    ],
)
async def test_only_sources_of_tasks_below_the_root(path: str, status: int, fetch: Fetch) -> None:
    assert (await refused(ask(fetch, path)))[0] == status


async def test_a_link_does_not_lead_out(root: Path, fetch: Fetch) -> None:
    (root / "plot.py").unlink()
    (root / "plot.py").symlink_to(root.parent.parent / "secret.py")
    assert (await refused(ask(fetch, "a/plot.py")))[0] == 403


async def test_a_task_of_a_pipeline_with_errors_opens_as_it_is_and_says_of_which(root: Path, fetch: Fetch) -> None:
    """So does a tab that JupyterLab restores; without, it would be told that the script is no JSON."""
    before = (root / "plot.py").read_bytes()
    (root / "pipeline.yaml").write_text("tasks:\n  - source: plot.py\n product: [")
    model = await opened(fetch, "a/plot.py")
    assert injected(model) == ""
    assert model["content"]["metadata"]["cauce"]["pipeline"] == "a/pipeline.yaml"
    assert "task" not in model["content"]["metadata"]["cauce"]
    await save(fetch, model)
    assert (root / "plot.py").read_bytes() == before
    assert (await refused(ask(fetch, "a/plot.py")))[0] == 404
    with pytest.raises(HTTPClientError):  # a file that it does not name is still none of ours
        await opened(fetch, "a/loose.py")
