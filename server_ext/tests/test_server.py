"""The server, asked over REST as the browser asks it, with real builders and real kernels."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import msgspec
import pytest
from childbench import children
from jupyter_server.serverapp import ServerApp
from tornado.httpclient import HTTPClientError, HTTPResponse

from cauce.contract import (
    Build,
    Contract,
    ErrorBody,
    Holder,
    LogChunk,
    PipelineList,
    RevisionEvent,
    Run,
    RunList,
    RunRequest,
    Snapshot,
    SplitJob,
    TaskDetail,
)
from cauce.engine.errors import CauceError
from cauce.engine.process import record_of
from cauce.rest import EVENT_SCHEMA_ID
from cauce.server.routes import status_of
from cauce.server.workspace import Workspace

Fetch = Callable[..., Awaitable[HTTPResponse]]

FIRST = """\
# %% tags=["parameters"]
upstream = None
product = None
size = 1

# %%
from pathlib import Path

print("first says", size)
Path(product["data"]).write_text("x" * size)
"""

SECOND = """\
# %% tags=["parameters"]
upstream = ["first"]
product = None

# %%
from pathlib import Path

Path(product["data"]).write_text(Path(upstream["first"]["data"]).read_text() * 2)
"""

#     first ──► second
PIPELINE = """\
tasks:
  - source: first.py
    product: {nb: out/first.ipynb, data: out/first.txt}
    params: {size: 3}
  - source: second.py
    product: {nb: out/second.ipynb, data: out/second.txt}
"""

SLEEPS = """\
# %% tags=["parameters"]
upstream = None
product = None

# %%
import time

print("going to sleep", flush=True)
time.sleep(600)
"""


CLEANS_UP = """\
# %% tags=["parameters"]
upstream = None
product = None

# %%
import time
from pathlib import Path

data = Path(product["data"])
try:
    data.write_text("half")
    time.sleep(600)
finally:
    time.sleep(1)
    data.write_text("cleaned up")
"""


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {"ServerApp": {"jpserver_extensions": {"cauce": True}, "allow_unauthenticated_access": False}}


@pytest.fixture
def project(jp_root_dir: Path) -> Path:
    folder = jp_root_dir / "my project"
    folder.mkdir()
    (folder / "pipeline.yaml").write_text(PIPELINE)
    (folder / "first.py").write_text(FIRST)
    (folder / "second.py").write_text(SECOND)
    return folder


PATH = ("my project", "pipeline.yaml")
Reply = TypeVar("Reply", bound=Contract)


async def get(fetch: Fetch, *path: str, as_: type[Reply], **query: str) -> Reply:
    """A reply as the contract's structure, which refuses fields that are not in it."""
    reply = await fetch("cauce", "api", "pipelines", *path, params=query)
    assert reply.headers["Content-Type"].startswith("application/json")
    return msgspec.json.decode(reply.body, type=as_)


async def start(fetch: Fetch, *path: str, **request: object) -> Build:
    reply = await fetch(
        "cauce", "api", "pipelines", *path, "runs",
        method="POST", headers={"Content-Type": "application/json"}, body=json.dumps(request),
    )  # fmt: skip
    assert reply.code == 202
    return msgspec.json.decode(reply.body, type=Build)


JSON = {"Content-Type": "application/json"}


async def refused(call: Awaitable[object]) -> tuple[int, ErrorBody]:
    with pytest.raises(HTTPClientError) as caught:
        await call
    assert caught.value.response is not None
    return caught.value.code, msgspec.json.decode(caught.value.response.body, type=ErrorBody)


async def until(fetch: Fetch, wanted: Callable[[Snapshot], bool], *path: str) -> Snapshot:
    """The first snapshot that is as wanted. The test's own time-out bounds the waiting."""
    while True:
        snapshot = await get(fetch, *(path or PATH), as_=Snapshot)
        if wanted(snapshot):
            return snapshot
        await asyncio.sleep(0.1)


def over(snapshot: Snapshot) -> bool:
    return snapshot.run is not None and snapshot.run.state != "running" and snapshot.holder is None


async def test_shows_the_pipelines_below_the_root(jp_fetch: Fetch, project: Path) -> None:
    hidden = project.parent / ".hidden"
    hidden.mkdir()
    (hidden / "pipeline.yaml").write_text(PIPELINE)
    (project / "pipeline.serve.yaml").write_text(PIPELINE)
    (project / ".venv").mkdir()
    (project / "env" / "lib").mkdir(parents=True)
    (project / "env" / "pyvenv.cfg").touch()
    (project / "env" / "lib" / "pipeline.yaml").write_text(PIPELINE)

    found = await get(jp_fetch, as_=PipelineList, refresh="1")

    assert [(p.path, p.name) for p in found.pipelines] == [
        ("my project/pipeline.yaml", "my project"),
        ("my project/pipeline.serve.yaml", "my project (serve)"),
    ]


async def test_builds_shows_and_does_not_build_again(jp_fetch: Fetch, project: Path) -> None:
    before = await get(jp_fetch, *PATH, as_=Snapshot)
    assert [(t.name, t.freshness.reasons[0].kind) for t in before.tasks] == [
        ("first", "never_run"),
        ("second", "never_run"),
    ]
    assert before.root == "my project"

    run = (await start(jp_fetch, *PATH)).run
    after = await until(jp_fetch, over)

    assert after.run is not None
    assert (after.run.id, after.run.state, after.run.message) == (run, "ok", "2 ran.")
    assert after.revision > before.revision
    assert [task.freshness.state for task in after.tasks] == ["fresh", "fresh"]
    assert (project / "out" / "second.txt").read_text() == "xxxxxx"
    log = await get(jp_fetch, *PATH, "runs", run, "log", as_=LogChunk, task="first")
    assert log.text == "first says 3\n"
    assert log.complete

    await start(jp_fetch, *PATH)
    again = await until(jp_fetch, lambda s: over(s) and s.run is not None and s.run.id != run)
    assert again.run is not None
    assert (again.run.message, again.run.tasks) == ("Everything is up to date.", {})
    runs = await get(jp_fetch, *PATH, "runs", as_=RunList)
    assert [r.state for r in runs.runs] == ["ok", "ok"]

    (project / "first.py").write_text(FIRST.replace('"x" * size', '"y" * size'))
    detail = await get(jp_fetch, *PATH, "tasks", "first", as_=TaskDetail)
    assert '-Path(product["data"]).write_text("x" * size)' in detail.diff
    assert '+Path(product["data"]).write_text("y" * size)' in detail.diff
    assert detail.params == {"size": "3"}
    assert [attempt.outcome for attempt in detail.attempts] == ["ok"]


async def test_what_a_pipeline_is_made_of_is_told(jp_fetch: Fetch, project: Path) -> None:
    (project / "env.yaml").write_text("size: 3")
    (project / "steps.py").write_text("def third(product, upstream): upstream['second']")
    (project / "sizes.py").write_text("three = 3")
    (project / "first.py").write_text(FIRST.replace("from pathlib", "import sizes\nfrom pathlib"))
    (project / "pipeline.yaml").write_text(PIPELINE + "  - source: steps.third\n    product: out/third.txt\n")

    snapshot = await get(jp_fetch, *PATH, as_=Snapshot)

    assert set(snapshot.files) == {"pipeline.yaml", "env.yaml", "sizes.py", "steps.py"}
    assert not snapshot.evaluable


async def test_a_failure_tells_cell_line_and_notebook_and_skips_by_name(jp_fetch: Fetch, project: Path) -> None:
    (project / "first.py").write_text(FIRST.replace('print("first says", size)', "1 / 0"))

    await start(jp_fetch, *PATH)
    snapshot = await until(jp_fetch, over)

    first, second = snapshot.tasks
    assert first.last_attempt is not None
    assert second.last_attempt is not None
    error = first.last_attempt.error
    assert error is not None
    assert (error.name, error.cell, error.number, error.line) == ("ZeroDivisionError", 2, 3, 3)
    assert error.notebook == "out/first.ipynb"
    assert error.where is not None
    assert (error.where.path, error.where.line) == ("first.py", 9)
    assert (project / "out" / "first.ipynb").exists()
    assert (second.last_attempt.outcome, second.last_attempt.cause) == ("skipped", "'first' did not succeed.")


async def test_one_build_at_a_time_and_it_can_be_cancelled(jp_fetch: Fetch, project: Path) -> None:
    (project / "first.py").write_text(SLEEPS)
    run = (await start(jp_fetch, *PATH)).run

    status, body = await refused(start(jp_fetch, *PATH))
    assert status == 409
    assert body.holder is not None
    assert body.holder.run == run

    running = await until(
        jp_fetch, lambda s: s.tasks[0].activity.progress is not None and s.tasks[0].activity.progress.done > 0
    )
    assert [task.activity.state for task in running.tasks] == ["running", "waiting"]
    while True:
        log = await get(jp_fetch, *PATH, "runs", run, "log", as_=LogChunk, task="first")
        if log.text:
            break
        await asyncio.sleep(0.1)
    assert (log.text, log.complete) == ("going to sleep\n", False)

    for _ in range(2):
        assert (await jp_fetch("cauce", "api", "pipelines", *PATH, "runs", run, method="DELETE")).code == 204
    ended = await until(jp_fetch, over)

    assert ended.run is not None
    assert (ended.run.state, ended.run.tasks) == ("cancelled", {"first": "cancelled", "second": "skipped"})
    assert ended.holder is None
    assert [task.freshness.state for task in ended.tasks] == ["stale", "stale"]
    # Cancelling what is over is harmless.
    assert (await jp_fetch("cauce", "api", "pipelines", *PATH, "runs", run, method="DELETE")).code == 204


async def test_cancelling_twice_leaves_a_task_the_time_to_clean_up(jp_fetch: Fetch, project: Path) -> None:
    (project / "first.py").write_text(CLEANS_UP)
    run = (await start(jp_fetch, *PATH)).run
    while not (project / "out" / "first.txt").exists():  # noqa: ASYNC110 - another process makes it
        await asyncio.sleep(0.05)
    # The builder is ours, whatever its note says.
    note = json.loads((project / ".cauce" / "lock").read_bytes())
    (project / ".cauce" / "lock").write_text(json.dumps({"holder": note["holder"] | {"host": "x"}, "process": None}))
    for _ in range(3):
        assert (await jp_fetch("cauce", "api", "pipelines", *PATH, "runs", run, method="DELETE")).code == 204
        await asyncio.sleep(0.1)
    ended = await until(jp_fetch, over)
    assert ended.run is not None
    assert ended.run.state == "cancelled"
    assert (project / "out" / "first.txt").read_text() == "cleaned up"
    assert (project / "out" / "first.ipynb").exists()


CANCELS = """\
import asyncio, encodings.ascii, logging, os, sys  # all before it may read no more
from pathlib import Path

from cauce.engine.errors import CauceError
from cauce.server.routes import status_of
from cauce.server.workspace import Workspace

async def cancel():
    await Workspace(Path(sys.argv[1]), print, logging.getLogger()).cancel("pipeline.yaml", "theirs")

os.setuid(65534)
try:
    asyncio.run(cancel())
except CauceError as error:
    print(status_of(error.body()), error.message, error.hint)
"""


async def test_a_server_that_stops_leaves_nothing_under_way(project: Path) -> None:
    # A build's end is when most is: the next builder is made ready, and the pipeline looked at.
    workspace = Workspace(project, lambda _: None, logging.getLogger())
    before = asyncio.all_tasks()
    await workspace.start("pipeline.yaml", RunRequest())
    while workspace.busy:  # noqa: ASYNC110 - that very moment is meant
        await asyncio.sleep(0)

    await workspace.close()

    assert asyncio.all_tasks() == before


async def build(workspace: Workspace) -> object:
    return await workspace.start("pipeline.yaml", RunRequest())


async def preview(workspace: Workspace) -> object:
    return await workspace.preview_by_code("pipeline.yaml", "first", "out/first.pkl")


async def trace(workspace: Workspace) -> object:
    return await workspace.run_split("trace", SplitJob(notebook="first.py"))


@pytest.mark.parametrize("later", [0.0, 0.2])  # seconds: while the process is being started, and waited for
@pytest.mark.parametrize("ask", [build, preview, trace])
async def test_a_server_that_stops_takes_what_it_was_asked_for_with_it(
    project: Path, ask: Callable[[Workspace], Awaitable[object]], later: float
) -> None:
    (project / "pipeline.yaml").write_text(PIPELINE.replace("first.txt", "first.pkl"))
    (project / "out").mkdir()
    (project / "out/first.pkl").touch()
    workspace = Workspace(project, lambda _: None, logging.getLogger())
    tasks, processes = asyncio.all_tasks(), children()
    asked = asyncio.ensure_future(ask(workspace))
    while children() <= processes:  # noqa: ASYNC110 - that very moment is meant
        await asyncio.sleep(0)
    await asyncio.sleep(later)

    await workspace.close()

    with suppress(CauceError):  # or it was done a moment before
        await asked
    assert asyncio.all_tasks() <= tasks
    assert children() <= processes
    with pytest.raises(CauceError) as refused:
        await ask(workspace)
    assert status_of(refused.value.body()) == 503


@pytest.mark.skipif(os.geteuid() != 0, reason="takes two users")
def test_another_users_build_cannot_be_cancelled_and_it_says_whose_it_is() -> None:
    with TemporaryDirectory() as folder, subprocess.Popen(["sleep", "600"]) as theirs:
        root = Path(folder)
        root.chmod(0o755)
        (root / "pipeline.yaml").write_text(PIPELINE)
        (root / ".cauce").mkdir()
        process = record_of(theirs.pid)
        holder = Holder(run="theirs", pid=theirs.pid, host=socket.gethostname(), user="ann", since=1.0)
        (root / ".cauce" / "lock").write_bytes(msgspec.json.encode({"holder": holder, "process": process}))
        said = subprocess.run(
            [sys.executable, "-P", "-c", CANCELS, folder], capture_output=True, text=True, check=False
        )
        alive = theirs.poll() is None
        theirs.kill()
    assert alive
    assert said.stdout.startswith("403 The run was started by ann"), said.stderr
    assert said.stdout.endswith("Ask ann to cancel it.\n")


async def test_requests_that_make_no_sense(jp_fetch: Fetch, project: Path) -> None:
    outside = project.parent.parent / "outside"
    outside.mkdir()
    (outside / "pipeline.yaml").write_text(PIPELINE)
    (project / "out-link").symlink_to(outside)

    assert (await refused(get(jp_fetch, "nowhere", "pipeline.yaml", as_=Snapshot)))[0] == 404
    assert (await refused(get(jp_fetch, "my project", "out-link", "pipeline.yaml", as_=Snapshot)))[0] == 403
    assert (await refused(get(jp_fetch, "my project", ".secret", "pipeline.yaml", as_=Snapshot)))[0] == 403
    assert (await refused(get(jp_fetch, *PATH, "tasks", "third", as_=TaskDetail)))[0] == 404
    assert (await refused(get(jp_fetch, *PATH, "runs", "none", as_=Run)))[0] == 404
    assert (await refused(start(jp_fetch, *PATH, jobs=0)))[0] == 400
    assert (await refused(start(jp_fetch, *PATH, wrong=1)))[0] == 400
    status, body = await refused(start(jp_fetch, *PATH, tasks=["frist"]))
    assert (status, body.hint) == (404, "Did you mean 'first'?")

    for tasks in (["first\0"], ["f" * 200_000], ["first"] * 40_000):
        status, body = await refused(start(jp_fetch, *PATH, tasks=tasks))
        assert (status, body.code) == (400, "usage")
        assert body.hint
    status, body = await refused(get(jp_fetch, *PATH, "runs", "none", "log", as_=LogChunk))
    assert (status, body.message) == (400, "'task' is missing.")

    (project / "pipeline.yaml").write_text(PIPELINE + "  - source: third.py\n    prodct: x\n")
    status, body = await refused(start(jp_fetch, *PATH))
    assert (status, body.code) == (422, "pipeline_has_errors")
    assert body.message.endswith("more)")
    assert body.where is not None
    assert (body.where.path, body.where.line) == ("pipeline.yaml", 8)
    # What is sound can still be built.
    await start(jp_fetch, *PATH, tasks=["first"])
    assert (await until(jp_fetch, over)).tasks[0].freshness.state == "fresh"


async def test_what_can_be_no_path_is_no_pipeline(jp_fetch: Fetch, project: Path) -> None:
    for path in ("a/" * 3000 + "x.yaml", "x" * 300 + "/pipeline.yaml", "src/" + "x" * 300 + "/pipeline.yaml"):
        status, _ = await refused(get(jp_fetch, *path.split("/"), as_=Snapshot))
        assert status == 404
        body = json.dumps({"path": path, "text": "tasks: []"})
        status, reply = await refused(jp_fetch("cauce", "api", "check", method="POST", body=body, headers=dict(JSON)))
        assert (status, path) == (404, path), reply


async def test_a_broken_file_shows_what_is_sound(jp_fetch: Fetch, project: Path) -> None:
    (project / "pipeline.yaml").write_text(PIPELINE + "  - source: [\n")
    snapshot = await get(jp_fetch, *PATH, as_=Snapshot)
    assert [task.name for task in snapshot.tasks] == ["first", "second"]
    assert [task.freshness.state for task in snapshot.tasks] == ["stale", "stale"]
    assert not any(task.buildable for task in snapshot.tasks)
    (problem,) = snapshot.problems
    assert problem.where is not None
    assert (problem.code, problem.where.line) == ("yaml_syntax", 8)


async def test_a_change_outside_reaches_the_browser_by_itself(
    jp_fetch: Fetch, jp_serverapp: ServerApp, project: Path
) -> None:
    heard: asyncio.Queue[RevisionEvent] = asyncio.Queue()

    async def listen(logger: object, schema_id: str, data: dict[str, object]) -> None:
        heard.put_nowait(msgspec.convert(data, RevisionEvent))

    assert jp_serverapp.event_logger is not None
    jp_serverapp.event_logger.add_listener(schema_id=EVENT_SCHEMA_ID, listener=listen)
    first = await get(jp_fetch, *PATH, as_=Snapshot)
    assert (await heard.get()).revision == first.revision
    # At once, and just once: the watch may begin a moment later, but misses nothing.
    (project / "first.py").write_text(FIRST.replace("upstream = None", "upstream = [oops]"))
    event = await heard.get()
    assert event.pipeline == "my project/pipeline.yaml"
    assert event.revision > first.revision
    second = await get(jp_fetch, *PATH, as_=Snapshot)
    assert second.revision >= event.revision
    assert [problem.code for problem in second.problems] == ["upstream_not_literal"]
