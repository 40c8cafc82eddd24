"""Many runs in one server leave nothing behind: no file, thread, process, socket, temporary file or memory."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from patience import eventually
from survival import Ground, Server, ground_in, open_files, zombies_of

from cauce.contract import LogChunk, RunList, RunRequest, TaskDetail

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for leaks in /proc")

MEMORY_GROWS = 1.05


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    # Short: sockets' names may not be long.
    with TemporaryDirectory(prefix="cauce-", dir="/tmp") as temporary, ground_in(tmp_path) as ground:
        # What is kept warm stays: it is counted before and after.
        ground.variables = {"TMPDIR": temporary, "CAUCE_FORKSERVER_IDLE": "1000"}
        ground.notebook("kernel", "print('hello')\n")
        ground.function("fails", "raise ValueError('no')\n")
        ground.function("child", "import subprocess\nsubprocess.Popen(['sleep', '600'])\n")
        ground.function("endless", "here.begun('endless')\ntime.sleep(600)\n")
        yield ground
        ground.raze()  # what was warm


@dataclass(frozen=True)
class Held:
    """What a server holds, counted by kind, and what is there because of it."""

    files: Counter[str]
    threads: Counter[str]
    tasks: int
    warm: list[int]
    """Of each process that is kept for the next build, how many files it has open."""
    zombies: int
    temporary: tuple[str, ...]


def held(ground: Ground, server: Server) -> tuple[Held, int]:
    """That, and its memory in MiB."""
    ticking = json.loads(server.ask("ticking"))
    threads = [name.rstrip("0123456789") for name in ticking["threads"]]
    temporary = Path(ground.variables["TMPDIR"])
    others = [pid for pid in ground.alive() if pid != server.process.pid]
    return Held(
        Counter(ticking["files"]),
        # Those of the loop's own pool come as they are needed, up to a limit, and stay.
        Counter(name for name in threads if not name.startswith("asyncio_")),
        ticking["tasks"],
        sorted(map(open_files, others)),
        sum(len(zombies_of(pid)) for pid in (server.process.pid, *others)),
        tuple(sorted(str(path.relative_to(temporary)) for path in temporary.rglob("*"))),
    ), ticking["memory"]


def one_of_each(ground: Ground, server: Server) -> None:
    """Four runs: three to their ends, one cancelled; with everything that the panel asks."""
    for task in ("kernel", "fails", "child"):
        run = server.start(RunRequest(tasks=(task,), force=True))
        server.over(run)
        server.get(f"/runs/{run}/log", LogChunk, task=task)
        server.get(f"/tasks/{task}", TaskDetail)
        server.get("/runs", RunList)
    run = server.start(RunRequest(tasks=("endless",)))
    assert eventually(lambda: ground.has_begun("endless"))
    server.cancel(run)
    server.over(run)
    (ground.folder / "begun/endless").unlink()


def settled(ground: Ground, server: Server) -> tuple[Held, int]:
    """What is held a second later still, in which no other process has done anything: none is about to begin or end."""
    before = held(ground, server), work(ground, server)
    while True:
        time.sleep(1)
        now = held(ground, server), work(ground, server)
        if (now[0][0], now[1]) == (before[0][0], before[1]):
            return now[0]
        before = now


def work(ground: Ground, server: Server) -> dict[int, list[str]]:
    """How much each process other than the server has computed so far."""
    found = {}
    for pid in ground.alive():
        if pid != server.process.pid:
            with suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
                found[pid] = fields[11:13]
    return found


def leaks_nothing(ground: Ground, *, warm: int, rounds: int) -> None:
    with ground.server("--ServerApp.jpserver_extensions=ticking=True") as server:
        for _ in range(warm):
            one_of_each(ground, server)
        before, memory = settled(ground, server)
        assert before.zombies == 0
        for _ in range(rounds):
            one_of_each(ground, server)
        after, now = settled(ground, server)
        assert after == before
        assert now <= memory * MEMORY_GROWS


def test_runs_leave_nothing_behind(ground: Ground) -> None:
    leaks_nothing(ground, warm=1, rounds=1)


@pytest.mark.torture
@pytest.mark.timeout(1800)
def test_two_hundred_runs_leave_nothing_behind(ground: Ground) -> None:
    leaks_nothing(ground, warm=5, rounds=50)
