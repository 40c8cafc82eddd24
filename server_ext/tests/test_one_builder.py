"""One builder per project: two Jupyter servers and a terminal want to build at once, over and over."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from patience import PATIENCE, eventually
from survival import Building, Ground, Refused, Server, being, ground_in

from cauce.contract import Holder, RunList, RunRefused, RunRequest, RunStarted
from cauce.engine.errors import ProjectLocked
from cauce.engine.lock import ProjectLock, lock_file
from cauce.engine.process import ProcessRecord, record_of

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for processes in /proc")

# Notices a second copy of itself; one that was killed does not count. Ends when it is let go.
ALONE = """\
def lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False

def claim():
    try:
        file = os.open("claimed", os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    except FileExistsError:
        other = int(Path("claimed").read_text() or 0)
        if lives(other):
            with open("two-at-once", "a") as file:
                file.write(f"{os.getpid()} beside {other}\\n")
            raise RuntimeError(f"{other} is at work")
        os.unlink("claimed")
        return claim()
    os.write(file, b"%d" % os.getpid())
    os.close(file)

claim()
"""
# Children by fork alone, which therefore hold every file that the process holds, and leave its group: they
# are not killed with it.
LEAVES_CHILDREN = """\
import multiprocessing

def stay():
    os.setsid()
    while not Path("go").exists():
        time.sleep(0.02)
    os._exit(0)

child = os.fork()
if child == 0:
    stay()
other = multiprocessing.get_context("fork").Process(target=stay, daemon=True)
other.start()
while any(os.getpgid(pid) == os.getpgid(0) for pid in (child, other.pid)):
    time.sleep(0.01)
here.note("children", child, other.pid)
"""
UNTIL_LET_GO = """\
here.begun("one")
while not Path("go").exists():
    time.sleep(0.02)
os.unlink("claimed")
"""


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    with ground_in(tmp_path) as ground:
        ground.function("first", ALONE + LEAVES_CHILDREN + UNTIL_LET_GO)
        ground.function("second", "")
        yield ground


@dataclass(frozen=True)
class Asked:
    """What came of a wish to build: a run, or who holds the project."""

    run: str | None
    holder: Holder | None = None


def by_rest(server: Server) -> Asked:
    try:
        return Asked(server.start(RunRequest(force=True, jobs=2)))
    except Refused as refused:
        if (refused.status, refused.error.code) != (409, "project_locked"):
            raise
        return Asked(None, refused.error.holder)


def by_terminal(terminal: Building) -> Asked:
    first = terminal.first()
    if isinstance(first, RunRefused):
        assert (first.error.code, terminal.process.wait(PATIENCE)) == ("project_locked", 1)
        return Asked(None, first.error.holder)
    assert isinstance(first, RunStarted)
    return Asked(first.run)


def contest(ground: Ground, servers: list[Server], *, kill: bool) -> None:
    """All want to build at once: one may, and is let go in the end; or it is killed, and the next may at once."""
    for name in ("go", "begun/one"):
        (ground.folder / name).unlink(missing_ok=True)
    with ground.building("--force", "--jobs", "2") as terminal, ThreadPoolExecutor(3) as pool:
        wishes = [pool.submit(by_rest, server) for server in servers]
        asked = [by_terminal(terminal), *(wish.result() for wish in wishes)]
        (run,) = [each.run for each in asked if each.run is not None]
        for told in (each.holder for each in asked if each.run is None):
            assert told is not None
            assert (told.run, told.host, told.user != "") == (run, socket.gethostname(), True)
        assert eventually(lambda: ground.has_begun("one"))
        holder = servers[0].snapshot().holder
        assert holder is not None
        assert holder.run == run
        if kill:
            (ground.folder / "begun/one").unlink()
            os.kill(holder.pid, signal.SIGKILL)
            assert eventually(lambda: being(holder.pid) is None)
            with ground.building("--force", "--jobs", "2") as next_one:
                assert isinstance(next_one.first(), RunStarted)
                assert list(ground.noted().values()).count("children") >= 2  # those of the killed task
                assert eventually(lambda: ground.has_begun("one"))
                (ground.folder / "go").touch()
                assert next_one.end().state == "ok"
        else:
            (ground.folder / "go").touch()
            shown = servers[0].over(run)
            assert shown.run is not None
            assert shown.run.state == "ok"
    assert not (ground.folder / "two-at-once").exists()


def rounds(ground: Ground, number: int) -> None:
    with ground.servers(2) as (one, two):
        for index in range(number):
            contest(ground, [one, two], kill=index % 2 == 0)
        runs = one.get("/runs", RunList).runs
        assert {run.state for run in runs} == {"ok", "crashed"}
        assert all(run.ended is not None for run in runs)


def test_who_has_just_taken_the_lock_has_a_moment_to_say_who_it_is(tmp_path: Path) -> None:
    # What stands in it is the note of one that was killed; the disk is slow.
    with subprocess.Popen(["sleep", "600"]) as killed:
        dead = record_of(killed.pid)
        killed.kill()
    path = lock_file(tmp_path)

    def note(run: str, process: ProcessRecord | None) -> None:
        holder = Holder(run=run, pid=1, host=socket.gethostname(), user="ann", since=1.0)
        path.write_bytes(msgspec.json.encode({"holder": holder, "process": process}))

    note("killed", dead)
    with path.open("r+b") as taken:
        fcntl.flock(taken, fcntl.LOCK_EX)
        saying = threading.Timer(1, note, ("new", record_of(os.getpid())))
        saying.start()
        with pytest.raises(ProjectLocked) as refused, ProjectLock(tmp_path, "mine", "eve", 2.0):
            pass
        saying.join()
    assert refused.value.holder is not None
    assert refused.value.holder.run == "new"


def test_one_of_three_builds_and_the_others_are_told_who(ground: Ground) -> None:
    rounds(ground, 3)


@pytest.mark.torture
@pytest.mark.timeout(1200)
def test_one_of_three_builds_a_hundred_times(ground: Ground) -> None:
    rounds(ground, 100)
