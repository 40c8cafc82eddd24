"""Cancelling takes ten seconds at most, whatever the tasks are doing, and leaves nothing alive or believed."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from patience import eventually
from survival import Being, Ground, ground_in, is_alive

from cauce.contract import RunRequest

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for processes in /proc")

PROMISED = 10.0
"""Seconds from the wish to the end."""
MANY = 200

SLEEPS = "here.begun({name!r})\ntime.sleep(600)\n"
REFUSES = (
    "here.begun({name!r})\nwhile True:\n    try:\n        time.sleep(600)\n    except BaseException:\n        pass\n"
)
# Of the ways to be busy in C this one neither lets go of the GIL nor ever asks whether there is a signal.
HOLDS = "import itertools\nhere.begun({name!r})\nsum(itertools.repeat(1))\n"
# Nobody is there to answer.
ASKS = """\
try:
    input("? ")
except Exception:
    pass
here.begun({name!r})
os.read(0, 1)
time.sleep(600)
"""
# Its child ignores what can be ignored, and so does the child's child.
WAITS = """\
import signal, subprocess
child = subprocess.Popen(["sh", "-c", "trap '' INT TERM; sleep 600 & echo $! > grandchild-{name}; wait"])
while not os.path.exists("grandchild-{name}") or not Path("grandchild-{name}").read_text().strip():
    time.sleep(0.05)
here.begun({name!r}, child.pid, int(Path("grandchild-{name}").read_text()))
child.wait()
"""
FORKS = """\
import signal
child = os.fork()
if child == 0:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while True:
        time.sleep(600)
here.begun({name!r}, child)
time.sleep(600)
"""
FLOODS = "here.begun({name!r})\nwhile True:\n    print('x' * 100)\n"
STUBBORN_SHELL = "trap '' INT TERM\nsleep 600 &\nbegun $$ $!\nwait\n"

Make = Callable[[Ground, str], None]


def notebook(code: str) -> Make:
    return lambda ground, name: ground.notebook(name, code.format(name=name))


def function(code: str) -> Make:
    return lambda ground, name: ground.function(name, code.format(name=name))


def script(code: str) -> Make:
    return lambda ground, name: ground.script(name, code.format(name=name))


def shell(ground: Ground, name: str) -> None:
    ground.shell(name, STUBBORN_SHELL)


def starting(ground: Ground, name: str) -> None:
    """Its kernel never comes to answer."""
    code = f"import here, time\nhere.begun({name!r})\ntime.sleep(600)\n"
    ground.kernel("slow", sys.executable, "-c", f"import sys\nsys.path.insert(0, '')\n{code}", "{connection_file}")
    ground.notebook(name, "", "kernelspec_name: slow", "start_timeout: 600")


CASES: dict[str, Make] = {
    "k_sleeps": notebook(SLEEPS),
    "k_refuses": notebook(REFUSES),
    "k_holds": notebook(HOLDS),
    "k_asks": notebook(ASKS),
    "k_waits": notebook(WAITS),
    "k_forks": notebook(FORKS),
    "k_floods": notebook(FLOODS),
    "k_starting": starting,
    "f_refuses": function(REFUSES),
    "f_holds": function(HOLDS),
    "f_asks": function(ASKS),
    "f_waits": function(WAITS),
    "f_forks": function(FORKS),
    "f_floods": function(FLOODS),
    "s_refuses": script(REFUSES),
    "sh_traps": shell,
}
SAMPLE = ["k_refuses", "k_holds", "k_asks", "k_waits", "k_floods", "k_starting", "f_holds", "f_forks", "sh_traps"]


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    with ground_in(tmp_path) as ground:
        yield ground


def with_tasks(ground: Ground, names: list[str], many: int) -> None:
    for name in names:
        CASES[name](ground, name)
    for index in range(many):
        ground.function(f"q{index}", "here.begun('queued')\n")


def check(ground: Ground, names: list[str], many: int, beings: dict[Being, str]) -> None:
    """Nothing of them lives, nothing that they have written counts, and the next build works."""
    left = [task for process, task in beings.items() if is_alive(process)]
    assert left == []
    assert not ground.has_begun("queued")
    tasks = ground.status()
    assert {task.freshness.state for task in tasks.values()} == {"stale"}
    assert {task.activity.state for task in tasks.values()} == {"idle"}
    for name in names:
        last = tasks[name].last_attempt
        assert last is not None
        assert (last.outcome, last.ended is not None, bool(last.cause)) == ("cancelled", True, True)
        if name != "k_starting":
            assert (ground.folder / f"out/{name}.txt").read_text().strip() == "half"
    again = [*(each for each in ("k_holds", "k_starting", "f_holds", "sh_traps") if each in names)] or names
    again += ["q0"] if many else []
    for name in again:
        ground.mend(name)
    with ground.building(*again) as building:
        assert building.end().state == "ok"
    tasks = ground.status()
    assert {name for name, task in tasks.items() if task.freshness.state == "fresh"} == set(again)


@pytest.mark.sampled
def test_a_build_of_stubborn_tasks_is_cancelled_in_time(ground: Ground, leeway: float) -> None:
    #  nine that would go on for ever, 200 that wait for their turn
    with_tasks(ground, SAMPLE, MANY)
    with ground.building("--jobs", str(len(SAMPLE))) as building:
        assert eventually(lambda: ground.has_begun(*SAMPLE)), ground.noted()
        beings = ground.noted()
        assert len(beings) >= len(SAMPLE) + 4  # with the children of three
        asked = time.monotonic()
        building.cancel()
        time.sleep(0.5)
        building.cancel()
        ended = building.end()
        took = time.monotonic() - asked
    assert took < PROMISED + leeway
    assert (ended.code, ended.state) == (130, "cancelled")
    assert {name: ended.tasks[name].outcome for name in SAMPLE} == dict.fromkeys(SAMPLE, "cancelled")
    assert len(ended.tasks) == len(SAMPLE) + MANY
    assert {task.outcome for name, task in ended.tasks.items() if name not in SAMPLE} == {"skipped"}
    check(ground, SAMPLE, MANY, beings)


@pytest.mark.torture
@pytest.mark.parametrize("how", ["SIGTERM", "DELETE"])
@pytest.mark.parametrize("name", CASES)
def test_each_of_them_alone(ground: Ground, name: str, how: str) -> None:
    with_tasks(ground, [name], 3)
    if how == "SIGTERM":
        with ground.building("--jobs", "1") as building:
            assert eventually(lambda: ground.has_begun(name))
            beings, asked = ground.noted(), time.monotonic()
            building.cancel()
            building.cancel()
            assert building.end().state == "cancelled"
            assert time.monotonic() - asked < PROMISED
    else:
        with ground.server() as server:
            run = server.start(RunRequest(jobs=1))
            assert eventually(lambda: ground.has_begun(name))
            beings, asked = ground.noted(), time.monotonic()
            for _ in range(3):
                server.cancel(run)
            shown = server.over(run)
            assert time.monotonic() - asked < PROMISED
            assert shown.run is not None
            assert (shown.run.state, shown.run.tasks[name]) == ("cancelled", "cancelled")
            attempt = shown.tasks[0].last_attempt
            assert attempt is not None
            assert attempt.outcome == "cancelled"
            server.cancel(run)  # harmless
    check(ground, [name], 3, beings)
