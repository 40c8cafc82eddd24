"""The kernel of an opened task runs where a build runs it: in the project root."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from jupyter_server.serverapp import ServerApp
from patience import PATIENCE

from cauce.engine.injection import Binding
from cauce.server.contents import wrap_contents_manager
from cauce.server.kernels import wrap_kernel_manager

Fetch = Callable[..., Awaitable[Any]]


class Index:
    """One task, `tasks/fit.py`, whose project is the folder `project`."""

    def __init__(self, root: Path, *, broken: bool = False) -> None:
        self.root = root
        self.broken = broken

    def binding(self, source: Path) -> Binding | None:
        if self.broken:
            raise RuntimeError("broken")
        is_task = source == self.root / "tasks" / "fit.py"
        return Binding(self.root, "pipeline.yaml", "fit", {}, None, "out.txt") if is_task else None

    def sources_in(self, folder: Path) -> frozenset[str]:
        return frozenset({"fit.py"}) if folder == self.root / "tasks" else frozenset()

    def function(self, module: Path, task: str) -> None:
        return None

    def functions_of(self, module: Path) -> tuple[str, ...]:
        return ()

    def functions_in(self, folder: Path) -> frozenset[str]:
        return frozenset()

    def unread(self, source: Path) -> tuple[str, str] | None:
        return None

    def location(self, binding: Binding) -> tuple[str, str] | None:
        return "project/pipeline.yaml", "project"


@pytest.fixture
def project(jp_root_dir: Path) -> Path:
    folder = jp_root_dir.resolve() / "project"
    (folder / "tasks").mkdir(parents=True)
    for name in ("fit.py", "plain.py"):
        (folder / "tasks" / name).write_text("# %%\nx = 1\n")
    return folder


async def working_folder(server: ServerApp, kernel_id: str) -> tuple[Path, str]:
    """(where the kernel runs, the document it was told about), from the kernel itself."""
    client = server.kernel_manager.get_kernel(kernel_id).client()
    client.start_channels()
    try:
        await client.wait_for_ready(timeout=PATIENCE)
        code = {"cwd": "__import__('os').getcwd()", "session": "__import__('os').environ.get('JPY_SESSION_NAME', '')"}
        reply = await client.execute_interactive(
            "", user_expressions=code, store_history=False, timeout=PATIENCE, output_hook=lambda _: None
        )
    finally:
        client.stop_channels()
    found = {key: value["data"]["text/plain"].strip("'") for key, value in reply["content"]["user_expressions"].items()}
    return Path(found["cwd"]), found["session"]


async def start_session(fetch: Fetch, path: str) -> str:
    """As JupyterLab starts the kernel of an opened document: first under a path that it makes up."""
    folder, _, name = path.rpartition("/")
    body = {"path": f"{folder}/{uuid4()}", "name": name, "type": "file", "kernel": {"name": "python3"}}
    session = json.loads((await fetch("api", "sessions", method="POST", body=json.dumps(body))).body)
    await fetch("api", "sessions", session["id"], method="PATCH", body=json.dumps({"path": path}))
    return str(session["kernel"]["id"])


async def start_plain_session(fetch: Fetch, path: str) -> str:
    """As other clients do."""
    body = {"path": path, "name": "", "type": "notebook", "kernel": {"name": "python3"}}
    response = await fetch("api", "sessions", method="POST", body=json.dumps(body))
    return str(json.loads(response.body)["kernel"]["id"])


async def start_kernel(fetch: Fetch, path: str) -> str:
    response = await fetch("api", "kernels", method="POST", body=json.dumps({"name": "python3", "path": path}))
    return str(json.loads(response.body)["id"])


async def test_a_task_runs_in_the_project_root_and_any_other_file_beside_itself(
    jp_serverapp: ServerApp, jp_fetch: Fetch, project: Path
) -> None:
    index = Index(project)
    for _ in range(2):  # twice does no harm
        assert wrap_contents_manager(jp_serverapp, index)
        assert wrap_kernel_manager(jp_serverapp.kernel_manager, index, jp_serverapp.root_dir)
    starts = [
        (start_session, "project/tasks/fit.py"),
        (start_session, "project/tasks/plain.py"),
        (start_plain_session, "project/tasks/fit.py"),
        (start_kernel, "project/tasks/fit.py"),
        (start_kernel, "project/tasks"),
    ]
    found = []
    for start, path in starts:  # one kernel at a time: the machine may be small
        kernel = await start(jp_fetch, path)
        found.append(await working_folder(jp_serverapp, kernel))
        await jp_serverapp.kernel_manager.shutdown_kernel(kernel, now=True)
    assert [folder for folder, _ in found] == [project, project / "tasks", project, project, project / "tasks"]
    assert [Path(session).name for _, session in found[:2]] == ["fit.py", "plain.py"]
    assert found[0][1].endswith("project/tasks/fit.py")


async def test_a_broken_index_leaves_kernels_where_jupyter_puts_them(
    jp_serverapp: ServerApp, jp_fetch: Fetch, project: Path
) -> None:
    index = Index(project, broken=True)
    assert wrap_contents_manager(jp_serverapp, index)
    assert wrap_kernel_manager(jp_serverapp.kernel_manager, index, jp_serverapp.root_dir)
    kernel = await start_session(jp_fetch, "project/tasks/fit.py")
    assert (await working_folder(jp_serverapp, kernel))[0] == project / "tasks"
