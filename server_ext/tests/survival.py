"""A project, the builders and Jupyter servers that work on it as processes of their own, and who of them is alive.

Everything goes through the front door: the command line, REST, the files of the project. Tasks
note their own process ids (`here.note`); whatever else a builder or server starts, and what that
starts, is known by a mark in its environment.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from patience import PATIENCE, eventually

from cauce.contract import (
    BuildEvent,
    Contract,
    ErrorBody,
    RunFinished,
    RunRequest,
    Snapshot,
    Task,
    TaskFinished,
    encode,
)

__all__ = [
    "Being",
    "Building",
    "Ground",
    "Refused",
    "Server",
    "ground_in",
    "is_alive",
    "open_files",
    "peak_memory",
    "zombies_of",
]

Reply = TypeVar("Reply", bound=Contract)

_MARK = "CAUCE_TESTED_BY"
_TOKEN = "a-token"  # noqa: S105 - of a server that lives for a test
_HEAD = '# %% tags=["parameters"]\nupstream = None\nproduct = None\n\n# %%\n'
_BODY = 'import os, sys, time\nfrom pathlib import Path\nimport here\nPath(product["data"]).write_text("half")\n'
_HERE = '''\
"""What tasks tell of themselves: which processes are theirs, and that the worst is about to come."""

import os
from pathlib import Path


def note(name, *pids):
    Path("noted").mkdir(exist_ok=True)
    with open(f"noted/{name}", "a") as file:
        file.write("".join(f"{pid}\\n" for pid in pids))


def begun(name, *pids):
    note(name, os.getpid(), *pids)
    Path("begun").mkdir(exist_ok=True)
    Path("begun", name).touch()
'''


# --- Processes ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Being:
    """A process that can be told from a later one with its number."""

    pid: int
    started: int


def being(pid: int) -> Being | None:
    """None when there is no such process, or only a zombie of it."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else Being(pid, int(fields[19]))


def is_alive(process: Being) -> bool:
    return being(process.pid) == process


def zombies_of(parent: int) -> list[int]:
    """Its children that have ended and were not asked how."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_text("utf-8", "replace").rpartition(")")[2].split()
            if fields[0] == "Z" and int(fields[1]) == parent:
                found.append(int(path.parent.name))
    return found


def open_files(pid: int) -> int:
    with suppress(OSError):
        return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    return 0


def peak_memory(pid: int) -> int:
    """In MiB, so far; 0 when it is gone."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) // 1024
    return 0


# --- A project ----------------------------------------------------------------------------


class Ground:
    """A project below a folder that Jupyter servers can show. Every process begun from here bears our mark."""

    pipeline = "project/pipeline.yaml"

    def __init__(self, root: Path) -> None:
        self.root = root / "root"
        self.folder = self.root / "project"
        self.folder.mkdir(parents=True)
        # What is kept warm for the next build runs nobody's code; let it go soon, so that nothing has to be left.
        self.variables = {"CAUCE_FORKSERVER_IDLE": "1"}
        """Of the environment of all that is started from here."""
        self._beside = root
        self._mark = uuid.uuid4().hex
        self._entries: dict[str, list[str]] = {}
        self.write("here.py", _HERE)

    @property
    def environment(self) -> dict[str, str]:
        # ipykernel behaves otherwise when it believes that it is being tested.
        ours = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
        beside = {name: str(self._beside / name.lower()) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR")}
        return ours | beside | self.variables | {_MARK: self._mark, "JUPYTER_PATH": str(self._beside / "share")}

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    def kernel(self, name: str, *argv: str) -> None:
        """Install a kernel for Python that is started like this."""
        folder = self._beside / "share" / "kernels" / name
        folder.mkdir(parents=True)
        spec = {"argv": [*argv], "display_name": name, "language": "python"}
        (folder / "kernel.json").write_text(json.dumps(spec))

    def notebook(self, name: str, code: str, *keys: str) -> None:
        """A task in a kernel, with more `keys` in pipeline.yaml. Its first act is half a product."""
        self.write(f"{name}.py", _HEAD + _BODY + textwrap.dedent(code))
        self._declare(name, f"{name}.py", f"{{nb: out/{name}.ipynb, data: out/{name}.txt}}", *keys)

    def script(self, name: str, code: str) -> None:
        self.write(f"{name}.py", _HEAD + _BODY + textwrap.dedent(code))
        self._declare(name, f"{name}.py", f"{{data: out/{name}.txt}}", "class: ScriptRunner")

    def function(self, name: str, code: str, *keys: str, needs: str = "") -> None:
        """Another task, if any, is what it `needs`."""
        body = textwrap.indent(_BODY + textwrap.dedent(code), "    ")
        head = f"def f(product, upstream):\n    upstream[{needs!r}]\n" if needs else "def f(product):\n"
        self.write(f"{name}.py", head + body)
        self._declare(name, f"{name}.f", f"{{data: out/{name}.txt}}", *keys)

    def shell(self, name: str, code: str) -> None:
        """Its shell is called $$, and `begun` what it says when it has begun."""
        says = f'begun() {{ echo "$@" >> noted/{name}; mkdir -p begun; touch begun/{name}; }}'
        head = f'mkdir -p noted\necho half > {{{{product["data"]}}}}\n{says}\n'
        self.write(f"{name}.sh", head + textwrap.dedent(code))
        self._declare(name, f"{name}.sh", f"{{data: out/{name}.txt}}")

    def mend(self, name: str) -> None:
        """Give a task code that works and is quick."""
        source = self._entries[name][0]
        done = 'from pathlib import Path\nPath(product["data"]).write_text("done")\n'
        if source.endswith(".sh"):
            self.write(source, 'echo done > {{product["data"]}}\n')
        elif source.endswith(".py"):
            self.write(source, _HEAD + done)
            self._entries[name] = [line for line in self._entries[name] if "kernelspec_name" not in line]
            self._declare_all()
        else:
            self.write(f"{name}.py", "def f(product):\n" + textwrap.indent(done, "    "))

    def _declare(self, name: str, source: str, product: str, *keys: str) -> None:
        self._entries[name] = [source, f"source: {source}", f"name: {name}", f"product: {product}", *keys]
        self._declare_all()

    def _declare_all(self) -> None:
        lines = ["tasks:"]
        for _, first, *more in self._entries.values():
            lines += [f"  - {first}", *(f"    {line}" for line in more)]
        self.write("pipeline.yaml", "\n".join(lines) + "\n")

    # --- Acting

    def cauce(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-P", "-m", "cauce", *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def status(self) -> dict[str, Task]:
        """What the command line says of each task."""
        done = self.cauce("status", "--json")
        return {task.name: task for task in msgspec.json.decode(done.stdout, type=Snapshot).tasks}

    @contextmanager
    def building(self, *arguments: str) -> Iterator[Building]:
        """A build in a terminal's stead, begun."""
        with Building(self, arguments) as building:
            try:
                yield building
            finally:
                building.process.kill()

    @contextmanager
    def server(self, *options: str) -> Iterator[Server]:
        """A Jupyter server that answers."""
        with self.servers(1, *options) as (server,):
            yield server

    @contextmanager
    def servers(self, number: int, *options: str) -> Iterator[list[Server]]:
        """Several of them beside each other."""
        begun = [Server(self, self._beside / f"server-{uuid.uuid4().hex}.log", options) for _ in range(number)]
        try:
            for server in begun:
                server.wait()
            yield begun
        finally:
            for server in begun:
                server.process.kill()
                server.process.wait()

    # --- Looking

    def has_begun(self, *names: str) -> bool:
        return all((self.folder / "begun" / name).exists() for name in names)

    def noted(self) -> dict[Being, str]:
        """The living processes that tasks have noted, with the task."""
        found = {}
        for path in (self.folder / "noted").iterdir():
            for word in path.read_text("ascii").split():
                process = being(int(word))
                if process is not None:
                    found[process] = path.name
        return found

    def alive(self) -> dict[int, str]:
        """Every living process that descends from what was started here, with its command line."""
        mark = f"{_MARK}={self._mark}".encode()
        found = {}
        for path in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if mark in (path / "environ").read_bytes().split(b"\0") and being(int(path.name)) is not None:
                    command = (path / "cmdline").read_bytes().replace(b"\0", b" ")
                    found[int(path.name)] = command.decode("utf-8", "replace").strip()
        return found

    def raze(self) -> None:
        """End whatever a failed test has left."""
        for pid in self.alive():
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)


@contextmanager
def ground_in(root: Path) -> Iterator[Ground]:
    ground = Ground(root)
    try:
        yield ground
        assert eventually(lambda: ground.alive() == {}), ground.alive()
    finally:
        ground.raze()


# --- Who works on it ----------------------------------------------------------------------


class Building:
    """``cauce build --json`` as a process."""

    def __init__(self, ground: Ground, arguments: tuple[str, ...]) -> None:
        command = [sys.executable, "-P", "-m", "cauce", "build", "--json", *arguments]
        self.process = subprocess.Popen(
            command,
            cwd=ground.folder,
            env=ground.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def __enter__(self) -> Building:
        self.process.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self.process.__exit__(*error)

    def first(self) -> BuildEvent:
        """The first thing that it says: that it has begun, or why it does not."""
        assert self.process.stdout is not None
        return _event(self.process.stdout.readline())

    def cancel(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def end(self, seconds: float = PATIENCE) -> Ended:
        """Wait until it is over. Raises `TimeoutExpired`."""
        out, complaints = self.process.communicate(timeout=seconds)
        assert complaints == b"", complaints.decode()
        return Ended(self.process.returncode, [_event(line) for line in out.splitlines()])


def _event(line: bytes) -> BuildEvent:
    event: BuildEvent = msgspec.json.decode(line, type=BuildEvent)
    return event


@dataclass(frozen=True)
class Ended:
    """How a build ended."""

    code: int
    events: list[BuildEvent]

    @property
    def state(self) -> str:
        last = self.events[-1]
        assert isinstance(last, RunFinished), last
        return last.state

    @property
    def tasks(self) -> dict[str, TaskFinished]:
        return {event.task: event for event in self.events if isinstance(event, TaskFinished)}


def _with_tests(environment: dict[str, str]) -> dict[str, str]:
    """So that an extension of the tests can be loaded."""
    paths = [environment["PYTHONPATH"]] if "PYTHONPATH" in environment else []
    return environment | {"PYTHONPATH": os.pathsep.join([*paths, str(Path(__file__).parent)])}


class Refused(Exception):
    """The server answered with an error."""

    def __init__(self, status: int, error: ErrorBody) -> None:
        super().__init__(f"{status}: {error.message}")
        self.status = status
        self.error = error


class Server:
    """A Jupyter server as a process of its own, asked as the browser asks it."""

    def __init__(self, ground: Ground, log: Path, options: tuple[str, ...] = ()) -> None:
        self.log = log
        self._pipeline = f"cauce/api/pipelines/{ground.pipeline}"
        command = [
            *(sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", "--ip=127.0.0.1"),
            # Below those that the system gives to whoever asks for any.
            *(f"--port={random.randrange(20_000, 30_000)}", f"--ServerApp.root_dir={ground.root}"),
            *(f"--IdentityProvider.token={_TOKEN}", "--ServerApp.jpserver_extensions=cauce=True", *options),
        ]
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=_with_tests(ground.environment)
            )
        runtime = Path(ground.environment["JUPYTER_RUNTIME_DIR"])
        self._about = runtime / f"jpserver-{self.process.pid}.json"
        self.url = ""

    def ask(self, path: str, body: bytes | None = None, method: str = "", **query: str | int) -> bytes:
        """What it answers. Raises `Refused`, and OSError when nobody does."""
        request = urllib.request.Request(
            f"{self.url}{path}?{urllib.parse.urlencode(query)}",
            data=body,
            headers={"Authorization": f"token {_TOKEN}", "Content-Type": "application/json"},
            method=method or ("GET" if body is None else "POST"),
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as reply:
                content: bytes = reply.read()
                return content
        except urllib.error.HTTPError as error:
            raise Refused(error.code, msgspec.json.decode(error.read(), type=ErrorBody)) from error

    def get(self, path: str, as_: type[Reply], **query: str | int) -> Reply:
        """Something of the pipeline: `path` begins with a slash, or is empty for its snapshot."""
        return msgspec.json.decode(self.ask(self._pipeline + path, None, "GET", **query), type=as_)

    def snapshot(self) -> Snapshot:
        return self.get("", Snapshot)

    def start(self, request: RunRequest | None = None) -> str:
        """Start a build; the id of its run. Raises `Refused`."""
        reply = json.loads(self.ask(f"{self._pipeline}/runs", encode(request or RunRequest())))
        return str(reply["run"])

    def cancel(self, run: str) -> None:
        self.ask(f"{self._pipeline}/runs/{run}", method="DELETE")

    def until(self, wanted: Callable[[Snapshot], bool], seconds: float = PATIENCE) -> Snapshot:
        """The first snapshot that is as wanted."""
        deadline = time.monotonic() + seconds
        while not wanted(snapshot := self.snapshot()):
            assert time.monotonic() < deadline, snapshot
            time.sleep(0.1)
        return snapshot

    def over(self, run: str) -> Snapshot:
        """How it is when the run has ended and nobody builds."""

        def ended(snapshot: Snapshot) -> bool:
            last = snapshot.run
            return last is not None and (last.id, snapshot.holder) == (run, None) and last.state != "running"

        return self.until(ended)

    def wait(self) -> None:
        """Until it answers, at the port that it has found."""
        while not self.url:
            assert self.process.poll() is None, self.log.read_text("utf-8", "replace")
            with suppress(OSError, ValueError):
                self.url = json.loads(self._about.read_bytes())["url"]
                self.ask("api/status")
                return
            self.url = ""
            time.sleep(0.1)
