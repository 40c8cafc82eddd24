"""Opening and saving tasks in a real server with real pipelines: what Ploomber users know from Jupyter.

root/
  a/pipeline.yaml      load ─► tasks/plot.py, and two tasks that share shared.py
  b/pipeline.yaml      another pipeline
  loose.py             a file of no pipeline
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import nbformat
import pytest
from jupyter_server.serverapp import ServerApp
from tornado.httpclient import HTTPResponse

from cauce.contract import RunRequest, Snapshot
from cauce.engine.build import Stop, build
from cauce.engine.executors.fake import FakeExecutor
from cauce.engine.spec import entry_of_file

Fetch = Callable[..., Awaitable[HTTPResponse]]

PIPELINE = """\
tasks:
  - source: load.py
    product: {nb: out/load.ipynb, data: out/load.csv}
    params: {rows: 3}
  - source: tasks/plot.py
    product: out/plot.ipynb
  - source: shared.py
    name: first
    product: out/first.ipynb
    params: {depth: 1}
  - source: shared.py
    name: second
    product: out/second.ipynb
    params: {depth: 2}
"""


def script(upstream: str = "None", body: str = "print(product)") -> str:
    return f'# %% tags=["parameters"]\nupstream = {upstream}\nproduct = None\n\n# %%\n{body}\n'


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {"ServerApp": {"jpserver_extensions": {"cauce": True}}}


@pytest.fixture
def root(jp_root_dir: Path) -> Path:
    folder = jp_root_dir.resolve()
    (folder / "a" / "tasks").mkdir(parents=True)
    (folder / "b").mkdir()
    (folder / "a" / "pipeline.yaml").write_text(PIPELINE)
    (folder / "a" / "load.py").write_text(script(body="print(rows)"))
    (folder / "a" / "tasks" / "plot.py").write_text(script('["load"]', 'print(upstream["load"]["data"])'))
    (folder / "a" / "shared.py").write_text(script())
    (folder / "b" / "pipeline.yaml").write_text("tasks:\n  - source: load.py\n    product: made/b.ipynb\n")
    (folder / "b" / "load.py").write_text(script())
    (folder / "loose.py").write_text(script())
    return folder


def with_extensions(server: ServerApp, fetch: Fetch) -> Fetch:
    """As `fetch`; the first time the extensions' start hooks run before, which the test server leaves out."""
    started = False

    async def fetching(*path: str, **options: Any) -> HTTPResponse:
        nonlocal started
        if not started:
            started = True
            await server.extension_manager.start_all_extensions()
        return await fetch(*path, **options)

    return fetching


@pytest.fixture
def fetch(root: Path, jp_serverapp: ServerApp, jp_fetch: Fetch) -> Fetch:
    return with_extensions(jp_serverapp, jp_fetch)


async def opened(fetch: Fetch, path: str) -> dict[str, Any]:
    params = {"type": "notebook", "content": "1", "hash": "1"}
    model: dict[str, Any] = json.loads((await fetch("api", "contents", *path.split("/"), params=params)).body)
    return model


async def save(fetch: Fetch, model: dict[str, Any]) -> None:
    body = json.dumps({"type": "notebook", "format": "json", "content": model["content"]})
    await fetch("api", "contents", *model["path"].split("/"), method="PUT", body=body)


def injected(model: dict[str, Any]) -> str:
    """What is filled in; '' when nothing is."""
    cells = [cell for cell in model["content"]["cells"] if "injected-parameters" in cell["metadata"].get("tags", [])]
    assert len(cells) <= 1
    return str(cells[0]["source"]) if cells else ""


async def snapshot(fetch: Fetch, path: str) -> Snapshot:
    reply = await fetch("cauce", "api", "pipelines", *path.split("/"))
    return msgspec.json.decode(reply.body, type=Snapshot)


@pytest.mark.case("J1")
async def test_a_task_opens_filled_in_after_its_parameters(fetch: Fetch) -> None:
    model = await opened(fetch, "a/tasks/plot.py")
    sources = [cell["source"] for cell in model["content"]["cells"]]
    assert sources[0].startswith('upstream = ["load"]')
    assert sources[1] == injected(model)
    assert "upstream = {'load': {'nb': 'out/load.ipynb', 'data': 'out/load.csv'}}" in sources[1]
    assert "product = 'out/plot.ipynb'" in sources[1]


@pytest.mark.case("J2")
async def test_saving_keeps_the_edit_and_nothing_of_ours(root: Path, fetch: Fetch) -> None:
    model = await opened(fetch, "a/tasks/plot.py")
    model["content"]["cells"][-1]["source"] += "\nprint('edited')"
    await save(fetch, model)
    text = (root / "a/tasks/plot.py").read_text()
    assert text == script('["load"]', 'print(upstream["load"]["data"])\nprint(\'edited\')')


@pytest.mark.case("J3")
async def test_a_file_of_no_pipeline_is_left_alone(root: Path, fetch: Fetch) -> None:
    (root / "loose.ipynb").write_text(nbformat.writes(nbformat.v4.new_notebook(cells=[])))
    model = await opened(fetch, "loose.ipynb")
    assert injected(model) == ""
    before = (root / "loose.py").read_bytes()
    text = json.loads((await fetch("api", "contents", "loose.py")).body)
    assert text["content"] == before.decode()


@pytest.mark.case("J7")
async def test_two_pipelines_give_each_file_its_own(fetch: Fetch) -> None:
    assert "rows = 3" in injected(await opened(fetch, "a/load.py"))
    assert "product = 'made/b.ipynb'" in injected(await opened(fetch, "b/load.py"))


@pytest.mark.case("J5")
async def test_a_broken_upstream_and_a_mended_one_show_at_the_next_opening(root: Path, fetch: Fetch) -> None:
    plot = root / "a/tasks/plot.py"
    sound = plot.read_text()
    plot.write_text(sound.replace('"load"', '"lode"', 1))
    assert "'load'" not in injected(await opened(fetch, "a/tasks/plot.py"))
    plot.write_text(sound)
    assert "upstream = {'load'" in injected(await opened(fetch, "a/tasks/plot.py"))


@pytest.mark.case("J6")
async def test_changes_of_pipeline_env_and_source_show_at_the_next_opening(root: Path, fetch: Fetch) -> None:
    pipeline, env = root / "a/pipeline.yaml", root / "a/env.yaml"
    env.write_text("rows: 4\n")
    pipeline.write_text(PIPELINE.replace("rows: 3", "rows: '{{rows}}'"))
    assert "rows = 4" in injected(await opened(fetch, "a/load.py"))
    env.write_text("rows: 5\n")
    assert "rows = 5" in injected(await opened(fetch, "a/load.py"))
    (root / "a/load.py").write_text(script('["first"]'))
    assert "'first': 'out/first.ipynb'" in injected(await opened(fetch, "a/load.py"))


@pytest.mark.case("J8", note="what is sound is filled in, and the panel shows the problem")
async def test_a_broken_task_spoils_no_other(root: Path, fetch: Fetch) -> None:
    (root / "a/shared.py").write_text(script("['nobody']"))
    assert "'load': {" in injected(await opened(fetch, "a/tasks/plot.py"))
    problems = (await snapshot(fetch, "a/pipeline.yaml")).problems
    assert {(problem.code, problem.task) for problem in problems if problem.severity == "error"} == {
        ("upstream_unknown", "first"),
        ("upstream_unknown", "second"),
    }


@pytest.mark.case("J10")
async def test_a_shared_source_shows_its_first_task_and_saving_concerns_both(root: Path, fetch: Fetch) -> None:
    model = await opened(fetch, "a/shared.py")
    assert "depth = 1" in injected(model)
    entry = entry_of_file(root / "a/pipeline.yaml")
    await build(entry, RunRequest(), executor=FakeExecutor(), emit=lambda event: None, stop=Stop())
    model["content"]["cells"][-1]["source"] += "\nmore = 1"
    await save(fetch, model)
    stale = {task.name for task in (await snapshot(fetch, "a/pipeline.yaml")).tasks if task.freshness.state == "stale"}
    assert stale == {"first", "second"}


@pytest.mark.case("J11", note="the state stays what it was")
async def test_saving_without_an_edit_changes_nothing(root: Path, fetch: Fetch) -> None:
    entry = entry_of_file(root / "a/pipeline.yaml")
    await build(entry, RunRequest(), executor=FakeExecutor(), emit=lambda event: None, stop=Stop())
    before = (root / "a/tasks/plot.py").read_bytes()
    await save(fetch, await opened(fetch, "a/tasks/plot.py"))
    assert (root / "a/tasks/plot.py").read_bytes() == before
    assert {task.freshness.state for task in (await snapshot(fetch, "a/pipeline.yaml")).tasks} == {"fresh"}


@pytest.mark.case("J12")
async def test_findings_of_the_checks_keep_nothing_shut(root: Path, fetch: Fetch) -> None:
    (root / "a/load.py").write_text(script(body="print(undefined_name)"))
    assert "rows = 3" in injected(await opened(fetch, "a/load.py"))


class TestElsewhere:
    """The server's root is not where the pipeline is."""

    @pytest.fixture
    def jp_root_dir(self, tmp_path: Path) -> Path:
        """A folder of the project: the pipeline itself is above what the server shows."""
        folder = tmp_path / "project" / "tasks"
        folder.mkdir(parents=True)
        (folder.parent / "pipeline.yaml").write_text("tasks:\n  - source: tasks/load.py\n    product: out/load.ipynb\n")
        (folder / "load.py").write_text(script())
        return folder

    @pytest.mark.case("J4")
    async def test_a_pipeline_above_the_servers_root_fills_in_too(
        self, jp_serverapp: ServerApp, jp_fetch: Fetch
    ) -> None:
        assert "product = 'out/load.ipynb'" in injected(
            await opened(with_extensions(jp_serverapp, jp_fetch), "load.py")
        )
