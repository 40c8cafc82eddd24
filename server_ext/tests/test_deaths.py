"""However a task's process dies, hangs or is replaced: an outcome follows, with a cause and the last output."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from survival import Ground, Server, ground_in

from cauce.contract import Attempt, LogChunk, RunRequest

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for processes in /proc")

PROMISED = 5.0
"""Seconds from the death until it is told."""
FAILED_WITHIN = 10.0
"""Seconds until code that fails is told to have failed: its process has a while to end by itself."""

LAST = 'import subprocess\nchild = subprocess.Popen(["sleep", "600"])\nprint("last words", flush=True)\n'
DYING = f"{LAST}here.begun({{name!r}}, child.pid)\ntime.sleep(0.3)\nPath('died-{{name}}').touch()\n"
EXHAUSTS = """\
import resource
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (64 << 20),) * 2)
hog = []
while True:
    hog.append(bytearray(1 << 20))
"""


@dataclass(frozen=True)
class Death:
    """How it dies, and what is told of it."""

    code: str
    outcome: str
    cause: str


DEATHS = {
    "segfault": Death("import ctypes\nctypes.string_at(0)\n", "crashed", "SIGSEGV"),
    "killed": Death("os.kill(os.getpid(), 9)\n", "crashed", "SIGKILL"),
    "terminated": Death("os.kill(os.getpid(), 15)\n", "crashed", ""),
    "aborts": Death("os.abort()\n", "crashed", "SIGABRT"),
    "exits": Death("os._exit(3)\n", "crashed", "exit code 3"),
    "leaves": Death("sys.exit(3)\n", "failed", "SystemExit"),
    "exhausts": Death(EXHAUSTS, "failed", "MemoryError"),
    "replaced": Death("os.execv('/bin/true', ['true'])\n", "crashed", "exit code 0"),
}


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    with ground_in(tmp_path) as ground:
        yield ground


@pytest.fixture
def server(ground: Ground) -> Iterator[Server]:
    with ground.server() as server:
        yield server


def ended(server: Server, run: str) -> tuple[dict[str, Attempt], dict[str, str]]:
    """Of each task what happened to it, and its log."""
    snapshot = server.over(run)
    attempts, logs = {}, {}
    for task in snapshot.tasks:
        assert task.last_attempt is not None
        attempts[task.name] = task.last_attempt
        logs[task.name] = server.get(f"/runs/{run}/log", LogChunk, task=task.name).text
    return attempts, logs


@pytest.mark.sampled
def test_each_death_is_told_with_its_cause_and_the_last_output(ground: Ground, server: Server, leeway: float) -> None:
    for name, death in DEATHS.items():
        ground.notebook(f"k_{name}", DYING.format(name=f"k_{name}") + death.code)
        ground.function(f"f_{name}", DYING.format(name=f"f_{name}") + death.code)
    ground.script("s_killed", DYING.format(name="s_killed") + DEATHS["killed"].code)
    ground.shell(
        "sh_killed", "sleep 600 &\necho last words\nbegun $$ $!\nsleep 0.3\ntouch died-sh_killed\nkill -9 $$\n"
    )

    attempts, logs = ended(server, server.start(RunRequest(jobs=4)))

    expected = {f"{kind}_{name}": death for name, death in DEATHS.items() for kind in "kf"}
    expected |= {"s_killed": DEATHS["killed"], "sh_killed": Death("", "failed", "")}
    for name, death in expected.items():
        attempt = attempts[name]
        told = f"{attempt.cause} {attempt.error.message if attempt.error else ''}"
        assert (name, attempt.outcome) == (name, death.outcome), attempt
        assert death.cause in told, attempt
        assert attempt.cause, attempt
        assert "last words" in logs[name], name
        assert attempt.ended is not None
        late = attempt.ended - (ground.folder / f"died-{name}").stat().st_mtime
        assert late < (PROMISED if death.outcome == "crashed" else FAILED_WITHIN) + leeway, (name, late)
    assert ground.noted() == {}


# --- What lives on but will never answer ---------------------------------------------------

# Starts the real kernel, and another one whenever that has died: what a server with automatic restarts does.
RESTARTS = """\
import subprocess, sys
while True:
    subprocess.run([sys.executable, "-m", "ipykernel_launcher", "-f", sys.argv[1]])
"""
AGAIN = """\
words = Path("/proc/self/cmdline").read_bytes().split(b"\\0")[:-1]
os.execv(sys.executable, [sys.executable, *words[1:]])
"""
STOPS = "import signal\nos.kill(os.getpid(), signal.SIGSTOP)\n"
ANSWERS_NO_MORE = {
    "k_restarted": Death("os._exit(3)\n", "crashed", "started it anew"),
    "k_begins_again": Death(AGAIN, "crashed", ""),
    "k_is_something_else": Death("os.execv('/bin/sleep', ['sleep', '600'])\n", "failed", "Silent too long"),
    "k_stopped": Death(STOPS, "failed", "Silent too long"),
    "f_stopped": Death(STOPS, "failed", "Silent too long"),
}
SILENT = 3


@pytest.mark.sampled
def test_a_process_that_lives_but_is_not_what_it_was_is_not_waited_for(
    ground: Ground, server: Server, leeway: float
) -> None:
    ground.kernel("restarting", sys.executable, "-c", RESTARTS, "{connection_file}")
    # What a function's process is forked from has to be there, lest it is silent before it begins.
    ground.function("warm", "")
    make_function = partial(ground.function, needs="warm")
    for name, death in ANSWERS_NO_MORE.items():
        make = ground.notebook if name.startswith("k_") else make_function
        limit = [f"silence_timeout: {SILENT}"] if death.cause == "Silent too long" else []
        kernel = ["kernelspec_name: restarting"] if name == "k_restarted" else []
        make(name, DYING.format(name=name) + death.code, *limit, *kernel)

    attempts, logs = ended(server, server.start(RunRequest(jobs=len(ANSWERS_NO_MORE))))

    for name, death in ANSWERS_NO_MORE.items():
        attempt = attempts[name]
        assert (name, attempt.outcome) == (name, death.outcome), attempt
        assert attempt.cause, attempt
        assert death.cause in attempt.cause, attempt
        assert "last words" in logs[name], name
        assert attempt.ended is not None
        late = attempt.ended - (ground.folder / f"died-{name}").stat().st_mtime
        # Interrupt, SIGTERM and SIGKILL, where it does not answer at all.
        assert late < (PROMISED if death.outcome == "crashed" else SILENT + 10) + leeway, (name, late)
    assert ground.noted() == {}
