"""Killing builds anywhere: a project that shows what is stale, `strace` to stop it, and what must hold after.

    grid = Grid(folder, CHEAP)
    start = grid.built("start", version=1)          # a project that was built
    points = grid.points(start, version=2)          # where a build of its edited sources touches the disk
    grid.kill(start, version=2, at=points[7])       # what must hold holds, or AssertionError

Each task's products hold the version of its source, in several lines, and all that its upstream made:
a product that is torn, or left from before, differs from what a clean build makes.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from click.testing import CliRunner
from patience import PATIENCE, eventually
from smalldisk import SmallDisk
from strace import attached, traced
from systemcalls import Point, moments, parse, points_in

from cauce.cli import main

__all__ = [
    "CHEAP",
    "FULL",
    "Grid",
    "Layout",
    "Said",
    "cauce",
    "possible_errors",
]

BUILD = (sys.executable, "-P", "-m", "cauce", "build", "--jobs", "1")
_STARTS_AND_WAITS = ("vfork", "clone", "clone3", "pidfd_open", "epoll_wait", "epoll_pwait")
_OURS = re.compile(
    r"\.cauce(/(\.gitignore|lock|running\.json|state\.db|state\.db-journal|facts|logs|logs/[^/]+|logs/[^/]+/\w+\.log"
    r"|notebooks(/[^/]+(/\d+\.ipynb)?)?))?"
)
"""What may lie in the state folder."""

_STEPS = """
import os
import time


def _wait_for_strace(task):
    gate = f"../gate/{task}"
    if os.path.isdir(gate):
        with open(f"{gate}/written", "w") as file:
            file.write(str(os.getpid()))
        os.rename(f"{gate}/written", f"{gate}/process")
        while not os.path.exists(f"{gate}/go"):
            time.sleep(0.01)


def _write(path, *lines):
    with open(str(path), "w") as file:
        for line in lines:
            file.write(line)
            file.flush()


def load(product):
    _wait_for_strace("load")
    _write(product, "load VERSION\\n", "more of VERSION\\n")


def total(product, upstream):
    _wait_for_strace("total")
    made = open(str(upstream["double"])).read()
    _write(product["text"], "total VERSION\\n", made)
    _write(product["log"], "log VERSION\\n", made)
"""
_DOUBLE = """{% set made = upstream["load"] %}
gate=../gate/double
if [ -d $gate ]; then
    echo $$ > $gate/written
    mv $gate/written $gate/process
    while [ ! -e $gate/go ]; do sleep 0.01; done
fi
echo double VERSION > {{product}}
cat {{made}} {{made}} >> {{product}}
"""
_REPORT = """# %% tags=["parameters"]
upstream = ["double"]
product = None

# %%
from pathlib import Path

from steps import _wait_for_strace

# %%
_wait_for_strace("report")
made = Path(upstream["double"]).read_text()
with open(product["text"], "w") as file:
    print("report VERSION", file=file, flush=True)
    print(made, file=file, flush=True)
"""
_FIRST_TWO = """tasks:
  - source: steps.load
    product: out/load.txt
  - source: tasks/double.sh
    product: out/double.txt
"""


@dataclass(frozen=True)
class Layout:
    """A project of three tasks, each of which needs the one before."""

    name: str
    sources: Mapping[str, str]
    products: Mapping[str, tuple[str, ...]]
    """Task → what it makes, in order."""

    def write(self, root: Path, version: int) -> None:
        """Have the sources say this version."""
        for path, text in self.sources.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text.replace("VERSION", str(version)))


CHEAP = Layout(
    "cheap",
    {
        "pipeline.yaml": _FIRST_TWO + "  - source: steps.total\n    product: {text: out/total.txt, log: out/log.txt}\n",
        "steps.py": _STEPS,
        "tasks/double.sh": _DOUBLE,
    },
    {"load": ("out/load.txt",), "double": ("out/double.txt",), "total": ("out/total.txt", "out/log.txt")},
)
FULL = Layout(
    "full",
    {
        "pipeline.yaml": _FIRST_TWO
        + "  - source: tasks/report.py\n    product: {nb: out/report.ipynb, text: out/report.txt}\n",
        "steps.py": _STEPS,
        "tasks/double.sh": _DOUBLE,
        "tasks/report.py": _REPORT,
    },
    {"load": ("out/load.txt",), "double": ("out/double.txt",), "report": ("out/report.ipynb", "out/report.txt")},
)


# --- Asking Cauce


@dataclass(frozen=True)
class Said:
    """How a command ended."""

    code: int
    text: str

    @property
    def killed(self) -> bool:
        return self.code == -signal.SIGKILL


def cauce(root: Path, *arguments: str) -> Said:
    """The command line, in this process: starting Python a thousand times takes too long."""
    with contextlib.chdir(root):
        result = CliRunner().invoke(main, arguments)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Said(result.exit_code, result.output)


def fresh_tasks(root: Path) -> list[bool]:
    """Of each task in order: does `cauce status` call it current?"""
    said = cauce(root, "status", "--json")
    assert said.code == 0, said.text
    return [task["freshness"]["state"] == "fresh" for task in json.loads(said.text)["tasks"]]


def working_in(root: Path) -> list[str]:
    """Command lines of the processes whose working directory lies in that folder: kernels, runners, their children.

    A process that serves several builds has none of its own there, and may stay.
    """
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                if (entry / "cwd").readlink().is_relative_to(root):
                    command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                    if command:  # a zombie has none
                        found.append(command)
    return found


# --- What can go wrong where

_NO_ROOM = ("ENOSPC", "EDQUOT", "EIO")
_ERRORS: Mapping[str, tuple[str, ...]] = {
    "fsync": ("EIO", "ENOSPC", "EDQUOT"),
    "fdatasync": ("EIO", "ENOSPC", "EDQUOT"),
    "write": _NO_ROOM,
    "pwrite64": _NO_ROOM,
    "ftruncate": ("EIO", "EROFS"),
    "flock": ("EIO",),
    "fchown": ("EIO", "EROFS"),
}
_OTHER_CHANGES = ("ENOSPC", "EDQUOT", "EIO", "EROFS")


def possible_errors(point: Point) -> tuple[str, ...]:
    """What a failing disk may answer to that call: a full one refuses no reading, one that is read-only no writing
    to what is open."""
    return _ERRORS.get(point.call, _OTHER_CHANGES) if point.changes else ("EIO",)


# --- The grid


@dataclass
class Grid:
    """One layout; its projects lie in `folder`, made when they are needed, once."""

    folder: Path
    layout: Layout
    thorough: bool = False
    """After each point, are the edited and the reverted project both built, or one of them in turn?"""
    _turn: int = 0
    _points: dict[tuple[Path, int], list[Point]] = field(default_factory=dict)
    _clean: dict[int, dict[str, bytes]] = field(default_factory=dict)
    """Version → product → what it should hold."""

    def built(self, name: str, *, version: int | None) -> Path:
        """A project that has been built at this version; None: never."""
        root = self.folder / name
        if root.exists():
            return root
        self.layout.write(root, version or 0)
        if version is not None:
            said = cauce(root, "build")
            assert said.code == 0, said.text
        return root

    def killed(self, name: str, start: Path, version: int, at: Point) -> Path:
        """What is left of `start` when a build of that version was killed there."""
        root = self.folder / name
        if root.exists():
            return root
        with self._copy(start, version) as copy:
            said, _ = self._trace(copy, at.call, f"inject={at.call}:signal=KILL:when={at.number}")
            assert said.killed, said.text
            copy.rename(root)
        return root

    def clean(self, version: int) -> Mapping[str, bytes]:
        """The products that a build from nothing makes."""
        if version not in self._clean:
            self._clean[version] = self._products(self.built(f"clean-{version}", version=version))
        return self._clean[version]

    def points(self, start: Path, version: int) -> list[Point]:
        """Where a builder touches the project, in order, and where it starts processes and waits for them."""
        if (start, version) not in self._points:
            with self._copy(start, version) as root:
                said, trace = self._trace(root, "%file,%desc,%process")
                assert said.code == 0, said.text
                calls = parse(trace, str(root))
            found = {*points_in(calls, str(root)), *moments(calls, _STARTS_AND_WAITS)}
            order = {(call.name, call.number): index for index, call in enumerate(calls)}
            self._points[start, version] = sorted(found, key=lambda point: order[point.call, point.number])
        return self._points[start, version]

    def kill(self, start: Path, version: int, at: Point) -> str:
        """Build a copy of `start` with sources of that version, kill the builder there: what was killed, in a word.

        What was killed is 'killed', or 'ended' when the build never came there: system calls
        that wait are made more often on some days.

        Raises:
            AssertionError: Something does not hold that must.
        """
        with self._copy(start, version) as root:
            said, _ = self._trace(root, at.call, f"inject={at.call}:signal=KILL:when={at.number}")
            assert said.killed or said.code == 0, said.text
            self.check(root, version)
            return "killed" if said.killed else "ended"

    def refuse(self, start: Path, version: int, at: Point, error: str) -> str:
        """As `kill`, but the system answers with an error: 'told', or 'no matter' if the build did not mind.

        'elsewhere' when it met another call: those that concern no file are made more often on some days.
        """
        with self._copy(start, version) as root:
            said, trace = self._trace(root, at.call, f"inject={at.call}:error={error}:when={at.number}")
            refused = [line for line in trace.splitlines() if "(INJECTED)" in line]
            met = points_in(parse("\n".join(refused), str(root)), str(root))
            told = self._judge(said, root, version, error) if met else "elsewhere" if refused else "ended"
            self.check(root, version)
            return told

    def build_limited(self, start: Path, version: int, size: int) -> str:
        """As `refuse`, but no file may become larger than so many bytes."""
        with self._copy(start, version) as root:
            said = run(["prlimit", f"--fsize={size}", *BUILD], root)
            told = self._judge(said, root, version, "EFBIG")
            self.check(root, version)
            return told

    def build_on(self, disk: SmallDisk, start: Path, version: int, pages: int) -> str:
        """As `refuse`, but on a disk with so little room left; there is more when all is put right."""
        root = disk.folder / "project"
        shutil.copytree(start, root)
        self.layout.write(root, version)
        try:
            disk.leave(pages)
            said = run(BUILD, root)
            told = self._judge(said, root, version, "ENOSPC")
            disk.leave(10_000)
            self.check(root, version)
            return told
        finally:
            shutil.rmtree(root, ignore_errors=True)

    def _judge(self, said: Said, root: Path, version: int, error: str) -> str:
        """Of a build that met an error: did it end well, or else in words?"""
        assert "Traceback" not in said.text, said.text
        assert said.code in (0, 1, 2), f"exit code {said.code}\n{said.text}"
        if said.code:
            assert tells(said.text, root, error), said.text
            return "told"
        assert self._products(root) == self.clean(version), f"built with exit code 0, wrongly\n{said.text}"
        return "no matter"

    def kill_task(self, start: Path, version: int, task: str, at: Point) -> str:
        """As `kill`, but it is the process in which a task's code runs that is killed, while it runs."""
        with self._copy(start, version) as root:
            said, _ = self._trace_task(root, task, at.call, f"inject={at.call}:signal=KILL:when={at.number}")
            assert 'Traceback (most recent call last):\n  File "<frozen runpy>' not in said.text, said.text
            if said.code == 0:  # its last calls make no difference any more
                assert self._products(root) == self.clean(version), f"built with exit code 0, wrongly\n{said.text}"
            else:
                assert said.code == 1, said.text
                assert f"{task}: crashed" in said.text or f"{task}: failed" in said.text, said.text
                names = [*self.layout.products]
                for later in names[names.index(task) + 1 :]:
                    assert f"{later}: skipped" in said.text, said.text
            self.check(root, version)
            return "told" if said.code else "no matter"

    def points_of_task(self, start: Path, version: int, task: str) -> list[Point]:
        """Where a task's own process changes the project, and where it ends."""
        with self._copy(start, version) as root:
            said, trace = self._trace_task(root, task, "%file,%desc,exit_group")
            assert said.code == 0, said.text
            calls = parse(trace, str(root))
            ends = moments(calls, ["exit_group"])
            return [*(point for point in points_in(calls, str(root)) if point.changes), *ends]

    def check(self, root: Path, version: int) -> None:
        """What must hold of a project in which a build of sources of that version came to a bad end.

        Nothing is called current that is not, neither now nor once the edit is taken back;
        the store is sound; nothing of the build goes on; one more build puts everything right.
        """
        assert eventually(lambda: not working_in(root)), working_in(root)
        self._check_sources(root, version)
        self._check_verdicts(root, version)
        earlier = version - 1
        self.layout.write(root, earlier)
        self._check_verdicts(root, earlier)
        self._check_store(root)
        # It is put right, be the edit made again or taken back.
        self._turn += 1
        for now in (version, earlier) if self.thorough else ((version, earlier)[self._turn % 2],):
            self.layout.write(root, now)
            said = cauce(root, "build", "--jobs", "1")
            assert said.code == 0, said.text
            assert self._products(root) == self.clean(now)
            assert all(fresh_tasks(root))
            self._check_sources(root, now)
        self._check_store(root, over=True)
        self._check_nothing_left(root)

    # --- What must hold

    def _check_verdicts(self, root: Path, version: int) -> None:
        made, meant = self._products(root), self.clean(version)
        for fresh, paths in zip(fresh_tasks(root), self.layout.products.values(), strict=True):
            for path in paths if fresh else ():
                assert made.get(path) == meant[path], f"falsely fresh at version {version}: {path}: {made.get(path)!r}"

    def _check_store(self, root: Path, *, over: bool = False) -> None:
        state = root / ".cauce" / "state.db"
        if not state.exists() or not state.stat().st_size:
            assert not over
            return
        with contextlib.closing(sqlite3.connect(state)) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            if over:
                assert db.execute("SELECT id FROM runs WHERE ended IS NULL OR state = 'running'").fetchall() == []
                assert db.execute("SELECT id FROM attempts WHERE ended IS NULL").fetchall() == []

    def _check_sources(self, root: Path, version: int) -> None:
        for path, text in self.layout.sources.items():
            assert (root / path).read_text() == text.replace("VERSION", str(version)), path

    def _check_nothing_left(self, root: Path) -> None:
        assert eventually(lambda: not working_in(root)), working_in(root)
        known = {path for task in self.layout.products.values() for path in task} | {*self.layout.sources}
        folders = {Path(path).parent.as_posix() for path in known}
        found = {path.relative_to(root).as_posix() for path in root.rglob("*")}
        left = {path for path in found - known - folders if not _OURS.fullmatch(path) and "__pycache__" not in path}
        assert not left, f"left behind: {sorted(left)}"

    # --- How

    def _products(self, root: Path) -> dict[str, bytes]:
        paths = (path for task in self.layout.products.values() for path in task)
        return {path: (root / path).read_bytes() for path in paths if (root / path).exists()}

    @contextlib.contextmanager
    def _copy(self, start: Path, version: int) -> Iterator[Path]:
        root = self.folder / "copy"
        shutil.copytree(start, root)
        self.layout.write(root, version)
        try:
            yield root
        finally:
            shutil.rmtree(root, ignore_errors=True)

    def _trace(self, root: Path, calls: str, *inject: str) -> tuple[Said, str]:
        trace = self.folder / "trace"
        trace.unlink(missing_ok=True)
        said = run([*traced(trace, calls, *inject), *BUILD], root)
        return said, trace.read_text(errors="replace")

    def _trace_task(self, root: Path, task: str, calls: str, *inject: str) -> tuple[Said, str]:
        """Build, with `strace` attached to the process that runs that task's code, once it is about to begin."""
        gate, trace = self.folder / "gate" / task, self.folder / "trace"
        gate.mkdir(parents=True)
        trace.unlink(missing_ok=True)
        with ThreadPoolExecutor(1) as beside:
            building = beside.submit(run, BUILD, root)
            try:
                ready = gate / "process"
                assert eventually(lambda: ready.exists() or building.done(), PATIENCE)
                if not ready.exists():
                    raise AssertionError(f"the task was not begun:\n{building.result().text}")
                strace = attached(int(ready.read_text()), trace, calls, *inject)
            finally:
                (gate / "go").touch()  # whatever happened, nobody is kept waiting
            said = building.result()
        strace.communicate(timeout=PATIENCE)
        shutil.rmtree(gate)
        return said, trace.read_text(errors="replace")


def run(command: Sequence[str], cwd: Path) -> Said:
    """Run a command to its end, which must come.

    Raises:
        AssertionError: It hangs.
    """
    plain = {name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "COLUMNS")}
    plain |= {"CAUCE_FORKSERVER_IDLE": "5"}  # on a disk of its own, or with limits, none but this build can use it
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=plain,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        text, _ = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        text, _ = process.communicate()
        raise AssertionError(f"it hangs:\n{text}") from None
    return Said(process.returncode, text)


_WORDS: Mapping[str, tuple[str, ...]] = {
    "ENOSPC": ("No space left on device", "database or disk is full"),
    "EDQUOT": ("Disk quota exceeded",),
    "EIO": ("Input/output error",),
    "EROFS": ("Read-only file system",),
    "EFBIG": ("File too large",),
}
_LESS = (
    *("disk I/O error", "unable to open database file", "attempt to write a readonly database"),
    "cannot be read",
)
"""What SQLite says of most of them, and Cauce of a module."""


def tells(text: str, root: Path, error: str) -> bool:
    """Does a text say in words what went wrong, and with which file?"""
    text = " ".join(text.split())  # a terminal's lines are broken anywhere
    why = any(words in text for words in (*_WORDS[error], *_LESS))
    names = {path.name for path in root.rglob("*")} | {root.name}
    return why and any(name in text for name in names)
