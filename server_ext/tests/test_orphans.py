"""When a builder or its server is killed: nothing of it is alive five seconds later, and nobody is told that it is."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from patience import eventually
from survival import Ground, ground_in

from cauce.contract import RunRequest, Snapshot, Task

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for processes in /proc")

PROMISED = 5.0
"""Seconds until everything is gone."""

# A child of its own group, and one of that, which hear no signal that can be refused.
WITH_CHILDREN = """\
import itertools, signal, subprocess
child = subprocess.Popen(["sh", "-c", "trap '' INT TERM HUP; sleep 600 & echo $! > {name}.pid; wait"])
while not os.path.exists("{name}.pid") or not Path("{name}.pid").read_text().strip():
    time.sleep(0.05)
here.begun({name!r}, child.pid, int(Path("{name}.pid").read_text()))
"""
SLEEPS = "time.sleep(600)\n"
HOLDS = "sum(itertools.repeat(1))\n"  # the GIL, for ever
TASKS = ("k_sleeps", "k_holds", "f_sleeps", "f_holds", "sh_waits")


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    with ground_in(tmp_path) as ground:
        for name in TASKS[:4]:
            make = ground.notebook if name.startswith("k_") else ground.function
            make(name, WITH_CHILDREN.format(name=name) + (SLEEPS if name.endswith("sleeps") else HOLDS))
        ground.shell("sh_waits", "trap '' INT TERM HUP\nsleep 600 &\nbegun $$ $!\nwait\n")
        yield ground


def all_at_work(ground: Ground) -> None:
    assert eventually(lambda: ground.has_begun(*TASKS))
    assert len(ground.noted()) == 4 * 3 + 2
    assert len(ground.alive()) > len(ground.noted())


def all_crashed(tasks: tuple[Task, ...]) -> None:
    for task in tasks:
        last = task.last_attempt
        assert last is not None
        assert (task.name, last.outcome, bool(last.cause), task.activity.state) == (task.name, "crashed", True, "idle")
        assert last.ended is not None
        assert last.ended >= last.started
        assert task.freshness.state == "stale"


def builds_again(ground: Ground) -> None:
    for name in TASKS:
        ground.mend(name)
    with ground.building() as building:
        ended = building.end()
    assert (ended.state, set(ended.tasks)) == ("ok", set(TASKS))


@pytest.mark.sampled
def test_a_builder_in_a_terminal_is_killed(ground: Ground, leeway: float) -> None:
    with ground.building("--jobs", "5") as building:
        all_at_work(ground)
        building.process.send_signal(signal.SIGKILL)
        building.process.wait()
    all_crashed(tuple(ground.status().values()))  # whoever asks first
    assert eventually(lambda: ground.alive() == {}, PROMISED + leeway), ground.alive()
    builds_again(ground)


@pytest.mark.sampled
def test_a_builder_of_a_server_is_killed(ground: Ground, leeway: float) -> None:
    with ground.server() as server:
        run = server.start(RunRequest(jobs=5))
        all_at_work(ground)
        holder = server.snapshot().holder
        assert holder is not None
        assert holder.run == run
        os.kill(holder.pid, signal.SIGKILL)

        seen: list[Snapshot] = []

        def gone() -> bool:
            seen.append(server.snapshot())
            # Never that nobody builds it though it is being built.
            assert seen[-1].run is not None
            assert (seen[-1].holder is None) == (seen[-1].run.state != "running")
            return seen[-1].holder is None

        assert eventually(gone, PROMISED + leeway)
        snapshot = seen[-1]
        assert snapshot.run is not None
        assert (snapshot.run.state, bool(snapshot.run.message)) == ("crashed", True)
        assert snapshot.run.ended is not None
        assert set(snapshot.run.tasks.values()) == {"crashed"}
        all_crashed(snapshot.tasks)
        assert eventually(lambda: ground.noted() == {}, PROMISED + leeway)


@pytest.mark.torture
def test_a_server_is_killed_and_started_again(ground: Ground, leeway: float) -> None:
    with ground.server() as server:
        run = server.start(RunRequest(jobs=5))
        all_at_work(ground)  # `test_server_killed` has the short form
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        assert eventually(lambda: ground.alive() == {}, PROMISED + leeway), ground.alive()
    with ground.server() as server:
        snapshot = server.snapshot()
        assert snapshot.run is not None
        assert (snapshot.run.id, snapshot.run.state, snapshot.holder) == (run, "crashed", None)
        all_crashed(snapshot.tasks)
    builds_again(ground)
