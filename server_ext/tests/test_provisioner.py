"""Forked kernels for nbclient and Jupyter, through jupyter_client's own managers."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import KernelProvisionerFactory
from patience import PATIENCE

from cauce.engine.process import is_alive, record_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forking is for Linux")

NotebookClient: Any = nbclient.NotebookClient
code: Callable[..., Any] = nbformat.v4.new_code_cell
new_notebook: Callable[..., Any] = nbformat.v4.new_notebook


@pytest.fixture(autouse=True)
def _asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("JUPYTER_DEFAULT_PROVISIONER_NAME", "cauce-fork")
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.delenv("PYTEST_CURRENT_TEST")  # ipykernel behaves otherwise when it believes that it is tested
    # It reads the variable once in a process, and other tests have started kernels in this one.
    KernelProvisionerFactory.clear_instance()
    yield
    KernelProvisionerFactory.clear_instance()


def book(*cells: str) -> Any:
    return new_notebook(cells=[code(cell) for cell in cells])


TELL = "import os, sys\nprint(os.getppid() == int(os.environ['ASKED_BY']), os.getcwd(), *sys.argv[1:2])"


def told(notebook: Any) -> str:
    return "".join(output.text for cell in notebook.cells for output in cell.outputs)


@pytest.mark.filterwarnings("error::ResourceWarning")
def test_nbclient_executes_in_forked_kernels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASKED_BY", str(os.getpid()))
    one, two, three = book(TELL, "print(In[1][:6])"), book(TELL, "1 / 0"), book("import os\nos.kill(os.getpid(), 9)")
    NotebookClient(one, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert told(one) == f"False {tmp_path} -f\nimport\n"

    async def side_by_side() -> list[Any]:
        books = [book(TELL), book(TELL)]
        await asyncio.gather(*(NotebookClient(each, kernel_name="python3").async_execute() for each in books))
        return books

    assert [told(each) for each in asyncio.run(side_by_side())] == [f"False {Path.cwd()} -f\n"] * 2
    with pytest.raises(nbclient.exceptions.CellExecutionError, match="division by zero"):
        NotebookClient(two, kernel_name="python3").execute()
    with pytest.raises(nbclient.exceptions.DeadKernelError):
        NotebookClient(three, kernel_name="python3").execute()
    gc.collect()  # which finds nothing open


async def answer(client: Any, source: str) -> str:
    """The result of an expression, or the name of what it raised."""
    reply = await client.execute_interactive(
        source, silent=True, user_expressions={"it": "it"}, timeout=PATIENCE, output_hook=lambda _: None
    )
    content = reply["content"]
    return str(content.get("ename") or content["user_expressions"]["it"]["data"]["text/plain"])


def test_a_manager_starts_interrupts_restarts_and_ends_a_forked_kernel(tmp_path: Path) -> None:
    async def live() -> None:
        manager = AsyncKernelManager(kernel_name="python3")
        await manager.start_kernel(cwd=str(tmp_path), env={**os.environ, "ODD": "1"})
        client = manager.client()
        client.start_channels()
        await client.wait_for_ready(timeout=PATIENCE)
        first = int(await answer(client, "import os; it = os.getpid()"))
        assert await answer(client, "it = os.getppid()") != str(os.getpid())
        assert await answer(client, "it = os.environ['ODD'] + os.getcwd()") == repr(f"1{tmp_path}")
        # What people at a keyboard have is there: a history, subshells, a heartbeat.
        assert await answer(client, "it = get_ipython().history_manager.enabled") == "True"
        assert await answer(client, "it = get_ipython().kernel._supports_kernel_subshells") == "True"
        assert await client._async_is_alive()

        # One expression: an interrupt between two is for IPython, and no error.
        running = asyncio.ensure_future(answer(client, "import time; (open('began', 'w').close(), time.sleep(60))"))
        while not (tmp_path / "began").exists():  # noqa: ASYNC110 (another process makes it)
            await asyncio.sleep(0.01)
        await manager.interrupt_kernel()
        assert await running == "KeyboardInterrupt"

        await manager.restart_kernel()
        await client.wait_for_ready(timeout=PATIENCE)
        second = int(await answer(client, "import os; it = os.getpid()"))
        assert second != first
        assert await answer(client, "it = 'time' in dir()") == "False"
        record = record_of(second)
        assert record is not None

        with suppress(Exception):
            client.execute("os._exit(7)")
        while await manager.is_alive():  # noqa: ASYNC110 (it tells nobody)
            await asyncio.sleep(0.01)
        assert not is_alive(record)
        await manager.restart_kernel(now=True)
        await client.wait_for_ready(timeout=PATIENCE)
        client.stop_channels()
        pid = manager.provisioner.pid if manager.provisioner is not None else 0  # type: ignore[attr-defined]
        record = record_of(pid)
        assert record is not None
        await manager.shutdown_kernel(now=True)
        assert not await manager.is_alive()
        assert not is_alive(record)

    before = {*os.listdir("/proc/self/fd")}  # noqa: PTH208 - names alone
    asyncio.run(live())
    assert len({*os.listdir("/proc/self/fd")} - before) <= 4  # noqa: PTH208 (what jupyter_client keeps for ever)


def test_kernels_that_cannot_be_forked_are_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASKED_BY", str(os.getpid()))
    folder = tmp_path / "share/kernels"
    monkeypatch.setenv("JUPYTER_PATH", str(folder.parent))
    other = tmp_path / "python"
    other.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    other.chmod(0o755)
    module = ["-m", "ipykernel_launcher", "-f", "{connection_file}"]
    argv = {
        "debugging": ["python", "-Xfrozen_modules=off", *module],
        "other": [str(other), *module],
        "options": ["python", "-O", *module],
    }
    for name, words in argv.items():
        (folder / name).mkdir(parents=True)
        spec = {"argv": words, "display_name": name, "language": "python"}
        (folder / name / "kernel.json").write_text(json.dumps(spec))
    forked = {}
    for name in argv:
        notebook = book(TELL)
        NotebookClient(notebook, kernel_name=name).execute()
        forked[name] = told(notebook).startswith("False")
    assert forked == {"debugging": True, "other": False, "options": False}


async def test_a_jupyter_server_uses_them(jp_fetch: Callable[..., Any], tmp_path: Path) -> None:
    async def state(kernel: str) -> Any:
        return json.loads((await jp_fetch("api", "kernels", kernel)).body)["execution_state"]

    made = json.loads((await jp_fetch("api", "kernels", method="POST", body=json.dumps({"name": "python3"}))).body)
    for verb in ("interrupt", "restart"):
        await jp_fetch("api", "kernels", made["id"], verb, method="POST", body="{}")
        assert await state(made["id"]) in {"starting", "idle", "busy", "restarting", "unknown"}
    await jp_fetch("api", "kernels", made["id"], method="DELETE")
    assert json.loads((await jp_fetch("api", "kernels")).body) == []


async def test_a_kernel_ends_as_it_should_whatever_is_among_its_modules() -> None:
    manager = AsyncKernelManager()
    await manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        await client.wait_for_ready(timeout=PATIENCE)
        await answer(
            client,
            "import sys\nclass Lazy:\n    def __getattr__(self, name):\n        raise ImportError(name)\n"
            "class Odd:\n    __file__ = b'odd'\nsys.modules.update(lazy=Lazy(), odd=Odd())\nit = None",
        )
        assert manager.provisioner is not None
        await manager.request_shutdown()
        assert await asyncio.wait_for(manager.provisioner.wait(), PATIENCE) == 0
    finally:
        client.stop_channels()
        await manager.shutdown_kernel(now=True)
