"""Builders that are ready before they are wanted: they build what an ordinary one builds, and are no bother."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jupyter_server.serverapp import ServerApp
from patience import PATIENCE
from tornado.httpclient import HTTPClientError, HTTPResponse

from cauce.contract import Build, Run, RunRequest, Snapshot, encode

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for processes in /proc")

Fetch = Callable[..., Awaitable[HTTPResponse]]

#  Waits until it may go on, so that one can see who builds.
TASK = "until [ -e go ]; do sleep 0.02; done\necho {{size}} > {{product}}\n"
PIPELINE = "tasks:\n  - source: task.sh\n    name: task\n    product: out/size.txt\n    params: {size: 3}\n"


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {"ServerApp": {"jpserver_extensions": {"cauce": True}}}


class Project:
    """A pipeline of one task, and the browser in front of it."""

    def __init__(self, folder: Path, fetch: Fetch) -> None:
        self.folder = folder
        self._fetch = fetch
        folder.mkdir(parents=True)
        (folder / "task.sh").write_text(TASK)
        (folder / "pipeline.yaml").write_text(PIPELINE)

    async def ask(self, *path: str, **request: Any) -> bytes:
        return (
            await self._fetch("cauce", "api", "pipelines", self.folder.name, "pipeline.yaml", *path, **request)
        ).body

    async def look(self) -> Snapshot:
        return msgspec.json.decode(await self.ask(), type=Snapshot)

    async def click(self) -> tuple[int, Run]:
        """Build everything; the process that did, and what became of it."""
        (self.folder / "go").unlink(missing_ok=True)
        headers = {"Content-Type": "application/json"}
        body = await self.ask("runs", method="POST", headers=headers, body='{"force": true}')
        run = msgspec.json.decode(body, type=Build).run
        holder = (await self.look()).holder
        assert holder is not None
        assert holder.run == run
        (self.folder / "go").touch()
        while lives(holder.pid):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.02)
        ended = (await self.look()).run
        assert ended is not None
        assert ended.id == run
        return holder.pid, ended

    @property
    def waiting(self) -> list[int]:
        """Builders that wait here to be asked."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and (entry / "cwd").resolve() == self.folder:
                    found += [int(entry.name)] * (b"--standby" in (entry / "cmdline").read_bytes().split(b"\0"))
            except OSError:
                continue
        return found

    async def ready(self) -> int:
        """The builder that waits here, once it has nothing more to do."""
        before: dict[int, str | None] = {}
        while True:
            now = {pid: _rests(pid) for pid in self.waiting}
            if now and now == before and None not in now.values():
                [pid] = now
                return pid
            before = now
            await asyncio.sleep(0.3)

    def made(self) -> str:
        return (self.folder / "out" / "size.txt").read_text()


def lives(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def _rests(pid: int) -> str | None:
    """How much a process has worked so far; None while it works, or would if it were given a processor or the disk."""
    done = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            fields = (task / "stat").read_text().rpartition(")")[2].split()
            switches = [line for line in (task / "status").read_text().splitlines() if "ctxt_switches" in line]
            if fields[0] != "S":
                return None
            done.append(" ".join([task.name, *fields[11:13], *switches]))
    except OSError:  # it has ended meanwhile
        return None
    return "\n".join(sorted(done))


@pytest.fixture
def project(jp_root_dir: Path, jp_fetch: Fetch) -> Project:
    return Project(jp_root_dir / "project", jp_fetch)


def state(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file of a folder: size and time."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in files}


async def test_who_waits_touches_nothing_and_builds_what_is_there_when_it_is_asked(project: Project) -> None:
    await project.look()
    assert project.waiting == []  # nobody has built anything
    first, run = await project.click()
    assert (run.state, run.message, project.made()) == ("ok", "1 ran.", "3\n")
    # What the builder itself needs is not to be found in the project, whatever is there.
    (project.folder / "nbformat.py").write_text("raise SystemExit('imported')")
    before = state(project.folder)
    pid = await project.ready()
    assert state(project.folder) == before
    assert (await project.look()).holder is None

    # Everything that it may have read ahead is different now, and the last of it is wrong.
    (project.folder / "env.yaml").write_text("size: 5\n")
    (project.folder / "pipeline.yaml").write_text(PIPELINE.replace("3", '"{{size}}"'))
    (project.folder / "task.sh").write_text(TASK.replace("echo", "echo size"))
    second, run = await project.click()
    assert (run.state, run.message, project.made()) == ("ok", "1 ran.", "size 5\n")
    assert second == pid != first

    pid = await project.ready()
    (project.folder / "pipeline.yaml").write_text(PIPELINE.replace("task.sh", "nowhere.sh"))
    with pytest.raises(HTTPClientError, match="422"):
        await project.click()
    # That took the builder; the next click finds another.
    (project.folder / "pipeline.yaml").write_text(PIPELINE)
    (project.folder / "task.sh").write_text(f"{TASK}exit 1")
    third, run = await project.click()
    assert (run.state, run.message) == ("failed", "1 failed.")
    assert third != pid


def killed(pid: int, project: Project) -> None:
    os.kill(pid, signal.SIGKILL)


def stopped(pid: int, project: Project) -> None:
    os.kill(pid, signal.SIGSTOP)


def another_environment(pid: int, project: Project) -> None:
    os.environ["CAUCE_TEST"] = "2"


def another_package(pid: int, project: Project) -> None:
    Path(sys.path[0], "package.py").touch()


def another_folder(pid: int, project: Project) -> None:
    kept = project.folder.rename(project.folder.with_name("old"))
    subprocess.run(["cp", "-r", kept, project.folder], check=True)


async def test_one_that_is_of_no_use_is_replaced_without_a_word(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site-packages").mkdir()
    monkeypatch.syspath_prepend(tmp_path / "site-packages")
    monkeypatch.setenv("CAUCE_TEST", "1")
    await project.click()
    for happens in (killed, stopped, another_environment, another_package, another_folder):
        pid = await project.ready()
        happens(pid, project)
        builder, run = await project.click()
        assert (run.state, run.message) == ("ok", "1 ran."), happens
        assert builder != pid, happens
        assert not lives(pid), happens


async def test_the_last_two_pipelines_have_one_each_and_the_server_takes_them_with_it(
    jp_root_dir: Path, jp_fetch: Fetch, jp_serverapp: ServerApp
) -> None:
    projects = [Project(jp_root_dir / name, jp_fetch) for name in "abc"]
    for project in projects:
        await project.click()
    a, b, c = projects
    pids = [await b.ready(), await c.ready()]
    while a.waiting:  # noqa: ASYNC110 - the server, which ends it, is in this process
        await asyncio.sleep(0.02)
    assert [(await each.click())[0] for each in (b, c)] == pids
    await b.ready()
    await jp_serverapp.web_app.settings["cauce_workspace"].close()
    assert not [pid for project in projects for pid in project.waiting]


def test_one_that_is_not_asked_in_time_or_has_lost_its_server_ends(tmp_path: Path) -> None:
    (tmp_path / "pipeline.yaml").write_text(PIPELINE)
    before = state(tmp_path)
    command = [sys.executable, "-P", "-m", "cauce", "build", "--standby"]
    with subprocess.Popen([*command, "0.1"], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as unused:
        assert unused.wait(PATIENCE) == 0
    lost = subprocess.run(
        [*command, "600"], cwd=tmp_path, input=b"", capture_output=True, timeout=PATIENCE, check=False
    )
    assert (lost.returncode, lost.stdout, lost.stderr) == (0, b"", b"")
    assert state(tmp_path) == before


def test_one_that_is_asked_is_a_builder_like_any_other(tmp_path: Path) -> None:
    (tmp_path / "task.sh").write_text(TASK)
    (tmp_path / "pipeline.yaml").write_text(PIPELINE)
    command = [sys.executable, "-P", "-m", "cauce", "build", "--standby", "600"]
    with subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(encode(RunRequest()) + b"\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"taken\n"
        for line in process.stdout:
            if json.loads(line)["type"] == "task_started":
                process.terminate()
                break
        last = json.loads(process.stdout.read().splitlines()[-1])
        assert (last["state"], process.wait()) == ("cancelled", 130)
        process.stdin.close()


IMPORTS = """
import sys
from cauce.cli import main
from cauce.cli.build import command
from cauce.engine.warmup import warm_up
from cauce.engine.parsecache import ParseCache
from cauce.engine.project import load
from cauce.engine.spec import entry_of_file
from pathlib import Path

sys.modules["rfc3987_syntax"] = sys.modules["jupyter_server"] = None  # as the builder does
warm_up(load(entry_of_file(Path("pipeline.yaml").resolve()), ParseCache()))
before = set(sys.modules)
try:
    main(["build", "--json"])
except SystemExit as end:
    assert end.code == 0, end.code
    later = sys.modules.keys() - before  # parts of the standard library are quick
    print("later:", *sorted(name for name in later if name.partition(".")[0] not in sys.stdlib_module_names))
    print("never:", sys.modules["rfc3987_syntax"], sys.modules["jupyter_server"])
"""


def test_whatever_a_build_imports_is_imported_ahead(tmp_path: Path) -> None:
    (tmp_path / "book.py").write_text('# %% tags=["parameters"]\nupstream = None\nproduct = None\n\n# %%\nprint(1)\n')
    (tmp_path / "task.sh").write_text(TASK)
    (tmp_path / "go").touch()
    (tmp_path / "steps.py").write_text("def step(product):\n    open(product, 'w').write('x')\n")
    book = "  - source: book.py\n    product: out/book.ipynb\n"
    (tmp_path / "pipeline.yaml").write_text(f"{PIPELINE}{book}  - source: steps.step\n    product: out/x.txt\n")
    done = subprocess.run(
        [sys.executable, "-P", "-c", IMPORTS],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.stdout.splitlines()[-2:] == ["later:", "never: None None"], done.stdout[-2000:] + done.stderr
