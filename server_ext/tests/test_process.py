"""Process records, and the nets that catch what would outlive us. Real processes throughout."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from patience import PATIENCE, eventually

from cauce.engine.process import Guard, ProcessRecord, is_alive, kill_group, reap, record_of, signal_group

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and prctl")

SLEEP = [sys.executable, "-I", "-S", "-c", "import time; time.sleep(600)"]


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that leads a group of its own."""
    with subprocess.Popen(SLEEP, start_new_session=True) as process:
        yield process
        process.kill()


def record(pid: int) -> ProcessRecord:
    found = record_of(pid)
    assert found is not None
    return found


def test_a_record_tells_its_process_from_any_other(sleeper: subprocess.Popen[bytes]) -> None:
    ours = record(sleeper.pid)
    assert ours.group == sleeper.pid
    assert is_alive(ours)

    for stranger in (
        replace(ours, started=ours.started + 1),  # the pid was given to somebody else
        replace(ours, boot="before-the-last-boot"),  # or the machine was restarted
        replace(ours, group=os.getpgid(0)),  # or the process changed its group
    ):
        assert not kill_group(stranger, signal.SIGKILL)
    assert not is_alive(replace(ours, started=ours.started + 1))
    assert sleeper.poll() is None

    assert reap([replace(ours, started=1), ours]) == (ours,)
    assert eventually(lambda: not is_alive(ours))  # a zombie now: dead, though still listed
    assert sleeper.wait() == -signal.SIGKILL
    assert record_of(sleeper.pid) is None
    assert not kill_group(ours, signal.SIGKILL)
    assert reap([ours]) == ()


def test_our_own_group_is_never_killed() -> None:
    assert not kill_group(replace(record(os.getpid()), group=os.getpgid(0)), signal.SIGKILL)
    assert not signal_group(0, signal.SIGKILL)
    assert not signal_group(1, signal.SIGKILL)


PARENT = """
import os, subprocess, sys
from cauce.engine.process import Guard, die_with_parent
guard = Guard()
if sys.argv[1] == "tied":
    child = subprocess.Popen(sys.argv[2:], preexec_fn=die_with_parent(os.getpid()), start_new_session=True)
else:
    child = subprocess.Popen(sys.argv[2:], start_new_session=True)
    guard.add(child.pid)
    if sys.argv[1] == "released":
        guard.discard(child.pid)
print(child.pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize(("how", "survives"), [("tied", False), ("guarded", False), ("released", True)])
def test_what_becomes_of_a_child_when_its_parent_is_killed(how: str, survives: bool) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, how, *SLEEP], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        child = record(int(parent.stdout.readline()))
        score = int(Path(f"/proc/{child.pid}/oom_score_adj").read_text("ascii"))
        parent.kill()
        parent.wait()
    if how == "tied":
        assert score >= 500
    if survives:
        time.sleep(0.5)  # long enough for a guard to get it wrong
        assert is_alive(child)
        kill_group(child, signal.SIGKILL)
    assert eventually(lambda: not is_alive(child))


def test_a_guard_that_was_killed_is_replaced(sleeper: subprocess.Popen[bytes]) -> None:
    others = guards()  # of whatever else this process has started
    guard = Guard()
    guard.add(sleeper.pid)
    assert eventually(lambda: len(guards() - others) == 1)  # its command line appears a moment after it does
    (first,) = guards() - others
    os.kill(first, signal.SIGKILL)
    assert eventually(lambda: not is_alive_pid(first))
    with subprocess.Popen(SLEEP, start_new_session=True) as other:
        guard.add(other.pid)
        guard.close()  # what is still listed is killed
        assert other.wait(PATIENCE) == sleeper.wait(PATIENCE) == -signal.SIGKILL
    assert guards() <= others


def guards() -> set[int]:
    """Our children that run a guard."""
    found = set()
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = (path / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[1]
            if int(parent) == os.getpid() and b"groups.discard" in (path / "cmdline").read_bytes():
                found.add(int(path.name))
    return found


def is_alive_pid(pid: int) -> bool:
    found = record_of(pid)
    return found is not None and is_alive(found)
