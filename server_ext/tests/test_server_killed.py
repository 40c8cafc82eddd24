"""The Jupyter server is killed with SIGKILL in the middle of a build.

Nothing of the build may survive it, nothing may look fresh that is not, and the next build
must bring everything up to date as if nothing had happened.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from patience import eventually

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for processes in /proc")

GONE_WITHIN = 5.0
TOKEN = "a-token"  # noqa: S105

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
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/cauce/api/pipelines"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", "--ip=127.0.0.1",
             f"--port={port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={root}",
             f"--IdentityProvider.token={TOKEN}", "--ServerApp.jpserver_extensions=cauce=True"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"JUPYTER_CONFIG_DIR": str(root.parent / "config"),
                              "JUPYTER_RUNTIME_DIR": str(root.parent / "runtime")},
        )  # fmt: skip

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(  # noqa: S310 - our own server
            self.url + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {TOKEN}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as reply:  # noqa: S310
            return json.load(reply)

    def wait(self) -> None:
        while True:
            try:
                self.ask("")
                return
            except OSError:
                assert self.process.poll() is None, "the server did not start"
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
        [sys.executable, "-P", "-m", "cauce", *arguments], cwd=project, capture_output=True, text=True, timeout=100
    )


def tasks(project: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(cauce(project, "status", "--json").stdout)["tasks"]
    return found


def states(project: Path) -> dict[str, str]:
    return {task["name"]: task["freshness"]["state"] for task in tasks(project)}


def test_nothing_survives_and_nothing_is_falsely_fresh(project: Path, server: Server) -> None:
    server.wait()
    server.ask("/project/pipeline.yaml/runs", {"jobs": 3})
    while not all((project / "out" / f"{name}.txt").exists() for name in ("quick", "child", "gil")):
        time.sleep(0.1)
    while server.ask("/project/pipeline.yaml")["tasks"][0]["freshness"]["state"] != "fresh":
        time.sleep(0.1)
    assert len(working_in(project)) >= 4, "a builder, two kernels and a child"

    server.process.send_signal(signal.SIGKILL)
    server.process.wait()

    deadline = time.monotonic() + GONE_WITHIN
    while (left := working_in(project)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left == []
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


def test_a_builder_that_waits_for_the_next_build_ends_with_the_server(project: Path, server: Server) -> None:
    (project / "pipeline.yaml").write_text("tasks:\n  - source: quick.sh\n    product: out/quick.txt\n")
    (project / "quick.sh").write_text("echo done > {{product}}\n")
    server.wait()
    server.ask("/project/pipeline.yaml/runs", {})
    while not any("--standby" in command for command in working_in(project)):
        time.sleep(0.05)
    server.process.kill()
    server.process.wait()
    assert eventually(lambda: working_in(project) == [], GONE_WITHIN)
