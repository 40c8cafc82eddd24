"""The Jupyter server is killed with SIGKILL at any moment of a build.

Nothing of the build may survive it, nothing may look fresh that is not, what became of it is
told, and the next build must bring everything up to date as if nothing had happened.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from patience import PATIENCE, eventually

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for processes in /proc")

GONE_WITHIN = 5.0
TOKEN = "a-token"  # noqa: S105 - of a server that lives for a test

HEAD = '# %% tags=["parameters"]\nupstream = None\nproduct = None\n\n# %%\nfrom pathlib import Path\n'
DONE = HEAD + 'Path(product["data"]).write_text("done")\n'
# A kernel that waits, with a child process of its own.
WITH_CHILD = HEAD + (
    'import subprocess, sys\nPath(product["data"]).write_text("half")\n'
    'subprocess.run([sys.executable, "-c", "import time; time.sleep(600)"])\n'
)
# A kernel that cannot even look whether its parent is alive: C code holds the GIL.
HOLDS_GIL = HEAD + 'import ctypes\nPath(product["data"]).write_text("half")\nctypes.PyDLL(None).sleep(600)\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "root" / "project"
    folder.mkdir(parents=True)
    lines = ["tasks:"]
    for name, text in {"quick": DONE, "child": WITH_CHILD, "gil": HOLDS_GIL}.items():
        (folder / f"{name}.py").write_text(text)
        lines += [f"  - source: {name}.py", f"    product: {{nb: out/{name}.ipynb, data: out/{name}.txt}}"]
    (folder / "pipeline.yaml").write_text("\n".join(lines) + "\n")
    return folder


class Server:
    """A Jupyter server as a process of its own."""

    def __init__(self, root: Path) -> None:
        runtime = root.parent / "runtime"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", "--ip=127.0.0.1",
             # Below those that the system gives to whoever asks for any; it tries others if this one is taken.
             f"--port={random.randrange(20_000, 30_000)}", f"--ServerApp.root_dir={root}",
             f"--IdentityProvider.token={TOKEN}", "--ServerApp.jpserver_extensions=cauce=True"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"JUPYTER_CONFIG_DIR": str(root.parent / "config"), "JUPYTER_RUNTIME_DIR": str(runtime)},
        )  # fmt: skip
        self._about = runtime / f"jpserver-{self.process.pid}.json"
        self._url = ""

    def ask(self, path: str, body: dict[str, Any] | None = None, method: str | None = None) -> Any:
        request = urllib.request.Request(
            self._url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {TOKEN}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as reply:
            return json.loads(reply.read() or b"null")

    def wait(self) -> None:
        """Until it answers, at the port that it has found."""
        while True:
            assert self.process.poll() is None, "the server did not start"
            with suppress(OSError, ValueError):  # there is nothing yet, or half of it
                self._url = json.loads(self._about.read_bytes())["url"] + "cauce/api/pipelines"
                self.ask("")
                return
            time.sleep(0.1)


@pytest.fixture
def server(project: Path) -> Iterator[Server]:
    server = Server(project.parent)
    try:
        yield server
    finally:
        server.process.kill()
        server.process.wait()


def working_in(folder: Path) -> list[str]:
    """Command lines of all processes whose working directory is the folder."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "cwd").resolve() == folder:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
                if command:  # a zombie has none
                    found.append(command)
        except OSError:
            continue
    return found


def cauce(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "cauce", *arguments], cwd=project, capture_output=True, text=True, timeout=PATIENCE
    )


def status(project: Path) -> Any:
    return json.loads(cauce(project, "status", "--json").stdout)


def tasks(project: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = status(project)["tasks"]
    return found


def states(project: Path) -> dict[str, str]:
    return {task["name"]: task["freshness"]["state"] for task in tasks(project)}


@pytest.mark.sampled
def test_nothing_survives_and_nothing_is_falsely_fresh(project: Path, server: Server, leeway: float) -> None:
    server.wait()
    server.ask("/project/pipeline.yaml/runs", {"jobs": 3})
    while not all((project / "out" / f"{name}.txt").exists() for name in ("quick", "child", "gil")):
        time.sleep(0.1)
    while server.ask("/project/pipeline.yaml")["tasks"][0]["freshness"]["state"] != "fresh":
        time.sleep(0.1)
    assert eventually(lambda: len(working_in(project)) >= 4), "a builder, two kernels and a child"

    server.process.send_signal(signal.SIGKILL)
    server.process.wait()

    assert eventually(lambda: not working_in(project), GONE_WITHIN + leeway), working_in(project)
    assert states(project) == {"quick": "fresh", "child": "stale", "gil": "stale"}
    for attempt in (task["lastAttempt"] for task in tasks(project)[1:]):
        assert (attempt["outcome"], bool(attempt["ended"]), bool(attempt["cause"])) == ("crashed", True, True)

    # The nastiest case: the sources now are what an earlier success was made from, or might
    # have been; the files on the disk are half written all the same.
    for name in ("child", "gil"):
        (project / f"{name}.py").write_text(DONE)
    build = cauce(project, "build", "--json")
    assert build.returncode == 0, build.stderr
    events = [json.loads(line) for line in build.stdout.splitlines()]
    assert events[0]["tasks"] == ["child", "gil"]
    assert set(states(project).values()) == {"fresh"}
    assert (project / "out" / "gil.txt").read_text() == "done"


@pytest.mark.sampled
def test_a_builder_that_waits_for_the_next_build_ends_with_the_server(
    project: Path, server: Server, leeway: float
) -> None:
    (project / "pipeline.yaml").write_text("tasks:\n  - source: quick.sh\n    product: out/quick.txt\n")
    (project / "quick.sh").write_text("echo done > {{product}}\n")
    server.wait()
    server.ask("/project/pipeline.yaml/runs", {})
    while not any("--standby" in command for command in working_in(project)):
        time.sleep(0.05)
    server.process.kill()
    server.process.wait()
    assert eventually(lambda: not working_in(project), GONE_WITHIN + leeway), working_in(project)


# --- At which moment

STEPS = """
import os
import signal
import time


def large(product):
    with open(product, "wb") as file:
        file.write(b"VERSION")
        file.truncate(SIZE)


def stubborn(product, upstream):
    with open(product, "w") as file:
        file.write("half of VERSION")
        file.flush()
        for asked in (signal.SIGINT, signal.SIGTERM):
            signal.signal(asked, signal.SIG_IGN)
        while os.path.exists("wait"):
            time.sleep(0.1)
        file.write(", the other half")
    upstream["large"]
"""
PIPELINE = """tasks:
  - {source: steps.large, product: out/large.bin}
  - {source: steps.stubborn, product: out/stubborn.txt}
"""
SIZE = 1 << 29
"""Takes a while to hash, and no room: nothing is in it."""


@dataclass(frozen=True)
class Build:
    """One that a server is being asked for."""

    server: Server
    project: Path
    answer: Future[Any]

    @property
    def run(self) -> str:
        return str(self.answer.result()["run"])


def starting(build: Build) -> bool:
    return bool(working_in(build.project))


def begun(build: Build) -> bool:
    return bool(build.run)


def committing(build: Build) -> bool:
    return made(build.project)["large"] == "two"


def running(build: Build) -> bool:
    return made(build.project)["stubborn"] == "half of two"


def cancelling(build: Build) -> bool:
    if not running(build):
        return False
    build.server.ask(f"/project/pipeline.yaml/runs/{build.run}", method="DELETE")
    return True


def made(project: Path) -> dict[str, str]:
    """Task → what its product says; of the large one '' unless all of it is there."""
    large, stubborn = project / "out" / "large.bin", project / "out" / "stubborn.txt"
    with large.open("rb") as file:
        start = file.read(3).decode() if large.stat().st_size == SIZE else ""
    return {"large": start, "stubborn": stubborn.read_text()}


@pytest.mark.sampled
@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(moment, marks=[] if moment in (starting, cancelling) else pytest.mark.torture)
        for moment in (starting, begun, committing, running, cancelling)
    ],
)
def test_what_became_of_it_is_told(
    project: Path, server: Server, moment: Callable[[Build], bool], leeway: float
) -> None:
    def write(version: str) -> None:
        (project / "steps.py").write_text(STEPS.replace("VERSION", version).replace("SIZE", str(SIZE)))

    def check(version: str) -> None:
        meant = {"large": version, "stubborn": f"half of {version}, the other half"}
        found = made(project)
        assert {
            task: found[task] for task, state in states(project).items() if state == "fresh"
        }.items() <= meant.items()

    (project / "pipeline.yaml").write_text(PIPELINE)
    write("one")
    assert cauce(project, "build").returncode == 0
    before = status(project)["run"]["id"]
    write("two")
    (project / "wait").touch()
    server.wait()
    with ThreadPoolExecutor(1) as asking:
        build = Build(server, project, asking.submit(server.ask, "/project/pipeline.yaml/runs", {"jobs": 1}))
        while not moment(build):
            time.sleep(0.01)
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()

    assert eventually(lambda: not working_in(project), GONE_WITHIN + leeway), working_in(project)
    told = status(project)["run"]
    if told["id"] == before:
        assert moment is starting
    else:
        assert told["state"] in ("crashed", "cancelled")
        assert told["ended"] is not None
        assert not {"running", "waiting"} & {*told["tasks"].values()}
    check("two")
    if moment in (running, cancelling):
        assert states(project)["large"] == "fresh", "what was made stays made"
    write("one")  # as though it had never been edited
    check("one")
    (project / "wait").unlink()
    built = cauce(project, "build")
    assert built.returncode == 0, built.stderr
    assert set(states(project).values()) == {"fresh"}
    check("one")
