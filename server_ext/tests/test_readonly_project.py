"""A project in a folder that cannot be written: its state is in the user's cache folder.

The folder is a read-only mount, in a namespace of its own; root may write whatever modes say.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from patience import PATIENCE

PIPELINE = """
tasks:
  - source: work.make
    product: out/made.txt
  - source: work.use
    product: out/used.txt
"""
WORK = """
from pathlib import Path


def make(product):
    print("making")
    Path(product).write_text("made")


def use(product, upstream):
    Path(product).write_text(Path(upstream["make"]).read_text() + " and used")
"""
# What the server shows of the project: its problems, and the log of its last run's first task.
SERVER = """
import asyncio, json, logging, pathlib
from cauce.server.workspace import Workspace
async def look():
    workspace = Workspace(pathlib.Path.cwd(), lambda event: None, logging.getLogger())
    snapshot = await workspace.snapshot("pipeline.yaml")
    log = await workspace.log("pipeline.yaml", snapshot.run.id, "make", 0)
    print(json.dumps([[problem.code for problem in snapshot.problems], log.text]))
    await workspace.close()
asyncio.run(look())
"""


def in_namespace(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    alone = ["unshare", "--mount", "sh", "-ec", script]
    return subprocess.run(
        alone if os.geteuid() == 0 else ["unshare", "--map-root-user", *alone[1:]],
        env={**os.environ, "COLUMNS": "1000", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


@pytest.fixture(scope="module", autouse=True)
def _mounts(tmp_path_factory: pytest.TempPathFactory) -> None:
    if shutil.which("unshare") is None:
        pytest.skip("takes unshare")
    place = shlex.quote(str(tmp_path_factory.mktemp("mount")))
    if in_namespace(f"mount --bind {place} {place} && mount -o remount,ro,bind {place}").returncode != 0:
        pytest.skip("takes the right to mount")


class ReadOnly:
    def __init__(self, folder: Path) -> None:
        self.root = folder / "project"
        self.cache = folder / "cache"
        self.products = folder / "products"
        for path in (self.root / "out", self.products):
            path.mkdir(parents=True)
        (self.root / "pipeline.yaml").write_text(PIPELINE)
        (self.root / "work.py").write_text(WORK)

    def run(self, *command: str, products: bool = True) -> subprocess.CompletedProcess[str]:
        """In the project, which is read-only but, with `products`, for their folder."""
        root, out = shlex.quote(str(self.root)), shlex.quote(str(self.root / "out"))
        script = f"mount --bind {root} {root}; mount -o remount,ro,bind {root}; cd {root}\n"
        if products:
            script += f"mount --bind {shlex.quote(str(self.products))} {out}\n"
        script += f"exec {shlex.join(command)}"
        return in_namespace(script, XDG_CACHE_HOME=str(self.cache))

    def cauce(self, *arguments: str, products: bool = True) -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, "-P", "-m", "cauce", *arguments, products=products)

    def status(self) -> tuple[dict[str, str], list[str]]:
        """Task → is it current; codes of the problems."""
        snapshot: dict[str, Any] = json.loads(self.cauce("status", "--json").stdout)
        states = {task["name"]: task["freshness"]["state"] for task in snapshot["tasks"]}
        return states, [problem["code"] for problem in snapshot["problems"]]


@pytest.fixture
def project(tmp_path: Path) -> ReadOnly:
    return ReadOnly(tmp_path)


def test_builds_keep_their_state_in_the_users_cache_and_say_so(project: ReadOnly) -> None:
    assert project.status() == ({"make": "stale", "use": "stale"}, ["state_elsewhere"])
    assert not project.cache.exists(), "looking writes nothing"
    done = project.cauce("build")
    assert done.returncode == 0, done.stdout + done.stderr
    assert project.status() == ({"make": "fresh", "use": "fresh"}, ["state_elsewhere"])
    assert "Everything is up to date." in project.cauce("build").stdout
    assert sorted(path.name for path in project.root.iterdir()) == ["out", "pipeline.yaml", "work.py"]

    [folder] = (project.cache / "cauce").iterdir()
    assert {"state.db", "lock", "logs"} <= {path.name for path in folder.iterdir()}
    assert folder.stat().st_mode & 0o777 == 0o700
    for command in ("status", "doctor"):
        assert str(folder) in project.cauce(command).stdout
    project.cauce("build", "--force")
    codes, log = json.loads(project.run(sys.executable, "-P", "-c", SERVER).stdout)
    assert codes == ["state_elsewhere"]
    assert "making" in log


def test_what_was_built_before_it_was_read_only_is_taken_along(project: ReadOnly) -> None:
    project.products.rmdir()
    project.products = project.root / "out"
    subprocess.run([sys.executable, "-P", "-m", "cauce", "build"], cwd=project.root, check=True, capture_output=True)
    assert project.status()[0] == {"make": "fresh", "use": "fresh"}
    assert "Everything is up to date." in project.cauce("build").stdout
    assert project.status()[0] == {"make": "fresh", "use": "fresh"}


def test_without_a_place_for_products_tasks_fail_in_words(project: ReadOnly) -> None:
    done = project.cauce("build", "--json", products=False)
    assert done.returncode == 1
    ends = [event for line in done.stdout.splitlines() if (event := json.loads(line))["type"] == "task_finished"]
    assert ends[0]["outcome"] == "failed"
    assert "Read-only file system" in ends[0]["cause"]
    assert "Traceback" not in done.stderr


def test_a_cache_folder_that_others_can_write_to_is_not_used(project: ReadOnly) -> None:
    theirs = project.cache.parent / "theirs"
    theirs.mkdir()
    project.cache.mkdir()
    (project.cache / "cauce").symlink_to(theirs)
    done = project.cauce("build")
    assert done.returncode != 0
    assert "only you can write to" in done.stderr
    (project.cache / "cauce").unlink()
    (project.cache / "cauce").mkdir()
    (project.cache / "cauce").chmod(0o777)
    assert "only you can write to" in project.cauce("build").stderr
    assert list(theirs.iterdir()) == []
