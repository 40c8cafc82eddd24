"""Limits and retries of tasks: how each ends, what is said of it, and that nobody waits in vain."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from drawn import MEMORY, Built, Workshop
from patience import eventually

from cauce.contract import (
    BuildEvent,
    CellError,
    RunRequest,
    Snapshot,
    TaskFinished,
    TaskProgress,
    TaskRetry,
    TaskStarted,
)
from cauce.engine.build import Stop
from cauce.engine.executors import Job, Listener, Outcome
from cauce.engine.executors.fake import Crash, Fail, FakeExecutor, Hang, Script, Succeed, Turns
from cauce.engine.executors.fake import Stop as StopBuild
from cauce.engine.retries import delay
from cauce.engine.spec.model import Limits
from cauce.engine.statefolder import log_file
from cauce.engine.store import read_attempts, read_runs, state_folder
from cauce.engine.timer import FakeTimer

Draw = Callable[[str], Workshop]
When = Callable[[BuildEvent, Stop], None]


@pytest.fixture
def timer() -> FakeTimer:
    return FakeTimer()


@pytest.fixture
def draw(workshop: Draw, timer: FakeTimer) -> Draw:
    """Projects whose builds wait by the fake timer alone."""

    def drawing(picture: str) -> Workshop:
        project = workshop(picture)
        project.timer = timer
        return project

    return drawing


def patiently(timer: FakeTimer) -> When:
    """Whoever is to be tried again has waited for long enough at once."""

    def heard(event: BuildEvent, _: Stop) -> None:
        if isinstance(event, TaskRetry):
            timer.advance(event.delay)

    return heard


def log_of(project: Workshop, built: Built, task: str) -> str:
    run = built.finished(task).run
    tasks = read_runs(state_folder(project.root), "pipeline.yaml")[0].tasks
    path = log_file(state_folder(project.root), run, task, tasks)
    assert path is not None
    return path.read_text()


def outcomes(project: Workshop, task: str) -> list[str]:
    """Of all attempts, the first one first."""
    rows = read_attempts(state_folder(project.root), "pipeline.yaml", task)
    return [row.outcome for row in reversed(rows)]


def retries(built: Built) -> list[TaskRetry]:
    return [event for event in built.events if isinstance(event, TaskRetry)]


# --- Trying again ---------------------------------------------------------------------------


def test_a_task_is_tried_again_until_it_succeeds(draw: Draw, timer: FakeTimer) -> None:
    #  load: failed, crashed, ok ─► fit
    project = draw("load ─► fit")
    project.say("load", retries=2, retry_delay=4)
    shown: list[Snapshot] = []

    def heard(event: BuildEvent, stop: Stop) -> None:
        if isinstance(event, TaskRetry):
            shown.append(project.status())
        patiently(timer)(event, stop)

    built = project.build(scripts={"load": Turns((Fail(), Crash(), Succeed({"out/load.txt": "5\n"})))}, when=heard)

    assert built.ends == {"load": "ok", "fit": "ok"}
    assert outcomes(project, "load") == ["failed", "crashed", "ok"]
    assert project.fresh == {"load", "fit"}
    started = [(event.task, event.attempt) for event in built.events if isinstance(event, TaskStarted)]
    assert started == [("load", 1), ("load", 2), ("load", 3), ("fit", 1)]
    first, second = retries(built)
    assert (first.attempt, first.attempts, first.outcome, second.outcome) == (2, 3, "failed", "crashed")
    assert 4 <= first.delay <= 6
    assert 8 <= second.delay <= 12
    log = log_of(project, built, "load")
    assert f"[cauce] Attempt 2 of 3 in {first.delay:.0f} s, because of ValueError: told to fail\n" in log
    assert f"[cauce] Attempt 3 of 3 in {second.delay:.0f} s, because of kernel died: The kernel was killed" in log
    # Meanwhile nobody is told that it has failed.
    assert [dict(each.run.tasks) for each in shown if each.run] == [{"load": "running", "fit": "waiting"}] * 2
    load = shown[0].tasks[0]
    assert (load.activity.state, load.activity.progress) == ("running", None)
    assert load.activity.retry.startswith("Attempt 2 of 3 in ")
    assert all(reason.kind != "last_run_failed" for reason in load.freshness.reasons)
    assert project.task("load").activity.retry == ""


def test_at_last_it_has_failed(draw: Draw, timer: FakeTimer) -> None:
    project = draw("load ─► fit")
    project.say("load", retries=2)
    built = project.build(scripts={"load": Fail()}, when=patiently(timer))
    assert built.ends == {"load": "failed", "fit": "skipped"}
    assert (built.state, built.message) == ("failed", "1 failed, 1 skipped.")
    assert outcomes(project, "load") == ["failed"] * 3
    assert "last_run_failed" in project.why("load")


@pytest.mark.parametrize(
    ("script", "keys"),
    [
        (Fail(CellError(name="SyntaxError", message="invalid syntax")), {}),
        (Succeed({}), {}),
        (StopBuild("nothing new"), {}),
        (Succeed(), {"on_finish": "hooks.refuse"}),
        (Succeed(), {"on_render": "hooks.refuse"}),
    ],
    ids=["no code", "missing products", "stopped", "a hook after it", "a hook before it"],
)
def test_what_would_end_the_same_is_not_tried_again(draw: Draw, script: Script, keys: dict[str, str]) -> None:
    project = draw("load")
    project.write("hooks.py", "def refuse():\n    pass\n")
    project.say("load", retries=5, **keys)
    executor = FakeExecutor({"load": script}, hooks={"hooks.refuse": Fail()})
    built = project.build_with(executor, RunRequest())
    assert retries(built) == []
    assert len(outcomes(project, "load")) == 1
    assert built.ends["load"] in ("failed", "stopped")


def test_what_checking_has_found_is_not_tried_again(draw: Draw) -> None:
    project = draw("load")
    project.say("load", retries=5)
    project.use("load", "print(nowhere)")
    built = project.build()
    assert (built.finished("load").cause.partition(":")[0], retries(built)) == ("Check failed", [])


def test_cancelling_ends_the_wait_at_once(draw: Draw) -> None:
    #  load: waits for its second attempt, for ever by this timer
    project = draw("load ─► fit")
    project.say("load", retries=1)
    built = project.build(
        scripts={"load": Fail()}, when=lambda event, stop: stop.ask() if isinstance(event, TaskRetry) else None
    )
    assert built.state == "cancelled"
    assert built.ends == {"load": "failed", "fit": "skipped"}
    assert built.finished("load").cause.endswith("It was not tried again: nothing more was to be begun.")
    assert (project.task("load").activity.state, project.task("load").activity.retry) == ("idle", "")
    assert project.status().run is not None
    assert outcomes(project, "load") == ["failed"]


def test_a_cancelled_attempt_is_not_tried_again(draw: Draw) -> None:
    project = draw("load")
    project.say("load", retries=5)
    built = project.build(
        scripts={"load": Hang()}, when=lambda event, stop: stop.ask() if isinstance(event, TaskStarted) else None
    )
    assert (built.ends, retries(built)) == ({"load": "cancelled"}, [])
    assert log_of(project, built, "load").endswith("[cauce] The task was cancelled.\n")


def test_who_waits_takes_no_place_from_others(draw: Draw, timer: FakeTimer) -> None:
    #  one at a time: a waits for its second attempt until b has ended
    project = draw("a\n b")
    project.say("a", retries=1)

    def heard(event: BuildEvent, _: Stop) -> None:
        if isinstance(event, TaskFinished) and event.task == "b":
            timer.advance(100)

    built = project.build(scripts={"a": Turns((Fail(), Succeed({"out/a.txt": "1\n"})))}, when=heard, jobs=1)
    assert built.ran == ["a", "b", "a"]
    assert built.executor.most_at_once == 1
    assert built.ends == {"b": "ok", "a": "ok"}


def test_after_another_failure_nothing_is_begun_again_where_that_was_asked(draw: Draw) -> None:
    project = draw("a\n b")
    project.say("a", retries=1)
    built = project.build(scripts={"a": Fail(), "b": Fail()}, jobs=1, fail_fast=True)
    assert built.ran == ["a", "b"]
    assert built.ends == {"b": "failed", "a": "failed"}


def test_waits_grow_are_bounded_and_never_shorter_than_asked_for() -> None:
    limits = Limits(retry_delay=4)
    assert [delay(limits, failures, 0) for failures in (1, 2, 3, 9, 100)] == [4, 8, 16, 600, 600]
    assert delay(limits, 1, 1) == 6
    assert delay(Limits(retry_delay=3600), 5, 0) == 3600
    assert delay(Limits(retry_delay=0), 5, 1) == 0


# --- Limits, by the fake timer --------------------------------------------------------------


def test_what_takes_too_long_has_failed_and_may_be_tried_again(draw: Draw, timer: FakeTimer) -> None:
    #  load: hangs, then succeeds ─► fit
    project = draw("load ─► fit")
    project.say("load", timeout="15m", retries=1)

    def heard(event: BuildEvent, stop: Stop) -> None:
        if isinstance(event, TaskStarted) and event.attempt == 1:
            timer.advance(899)
            timer.advance(1)
        patiently(timer)(event, stop)

    built = project.build(scripts={"load": Turns((Hang(), Succeed({"out/load.txt": "5\n"})))}, when=heard)
    assert built.ends == {"load": "ok", "fit": "ok"}
    [again] = retries(built)
    assert (again.outcome, again.error.name) == ("failed", "Timed out")
    assert again.error.message.startswith("It took longer than the 15 min that 'timeout' (pipeline.yaml:")
    assert "Timed out: It took longer" in log_of(project, built, "load")
    assert "cancelled" not in log_of(project, built, "load")


def test_until_then_it_may_take_its_time(draw: Draw, timer: FakeTimer) -> None:
    project = draw("load")
    project.say("load", timeout="15m", silence_timeout="10m")

    def heard(event: BuildEvent, stop: Stop) -> None:
        if isinstance(event, TaskStarted):
            timer.advance(599)
            asyncio.get_running_loop().call_later(0.05, stop.ask)

    assert project.build(scripts={"load": Hang()}, when=heard).ends == {"load": "cancelled"}


class Talkative(FakeExecutor):
    """Says something every 50 s, for 200 s."""

    def __init__(self, timer: FakeTimer, then: Script) -> None:
        super().__init__({"load": then})
        self._timer = timer

    async def run(self, job: Job, listener: Listener, cancel: asyncio.Event) -> Outcome:
        for _ in range(4):
            self._timer.advance(50)
            for _ in range(5):
                await asyncio.sleep(0)
            listener.heard()
        if self.scripts["load"] == Hang():
            self._timer.advance(60)
        return await super().run(job, listener, cancel)


def test_only_silence_is_too_long(draw: Draw, timer: FakeTimer) -> None:
    project = draw("load")
    project.say("load", silence_timeout=60)
    assert project.build_with(Talkative(timer, Succeed()), RunRequest()).ends == {"load": "ok"}
    project.edit("load", 5)
    built = project.build_with(Talkative(timer, Hang()), RunRequest())
    error = built.finished("load").error
    assert error is not None
    assert error.name == "Silent too long"
    assert error.message.startswith("Nothing was heard of it for the 60 s that 'silence_timeout' (pipeline.yaml:")


def test_a_failure_hook_has_the_time_that_its_task_had(draw: Draw, timer: FakeTimer) -> None:
    #  load hangs: its on_failure is called, hangs too, and is ended as well
    project = draw("load")
    project.write("hooks.py", "def tell():\n    pass\n")
    project.say("load", timeout=10, on_failure="hooks.tell")

    class Slow(FakeExecutor):
        async def hook(self, call, listener, cancel):  # type: ignore[no-untyped-def]  # as the fake's
            timer.advance(10)
            return await super().hook(call, listener, cancel)

    built = project.build_with(
        Slow({"load": Hang()}, hooks={"hooks.tell": Hang()}),
        RunRequest(),
        lambda event, stop: timer.advance(10) if isinstance(event, TaskStarted) else None,
    )
    assert built.executor.called == [("hooks.tell", "load")]
    assert built.finished("load").cause.startswith("Timed out: It took longer")


def test_limits_make_no_task_stale(draw: Draw) -> None:
    project = draw("load ─► fit")
    project.build()
    project.say("load", timeout=1, silence_timeout=2, start_timeout=3, memory="1GiB", retries=4, retry_delay=5)
    project.path.write_text("task_defaults: {timeout: 2h}\n" + project.path.read_text())
    assert project.fresh == {"load", "fit"}
    assert project.build().ran == []


# --- Limits of real processes ---------------------------------------------------------------

PIPELINE = """
task_defaults:
  silence_timeout: 2m
  timeout: 5m
tasks:
  - {source: slow.py, product: slow.ipynb, timeout: 10, on_failure: tasks.tell}
  - {source: silent.py, product: silent.html, silence_timeout: 2}
  - {source: greedy.py, product: greedy.ipynb, memory: 200MB}
  - {source: tasks.slow, product: function.txt, timeout: 6, name: function}
  - {source: tasks.wanting, product: wanting.txt, memory: 200MB, retries: 3}
  - {source: tasks.greedy, product: children.txt, memory: 300MB, name: children}
  - {source: tasks.flaky, product: flaky.txt, retries: 3, retry_delay: 0}
  - {source: script.py, product: script.txt, class: ScriptRunner, silence_timeout: 2}
  - {source: shell.sh, product: shell.txt, timeout: 2}
  - {source: tasks.modest, product: modest.txt, memory: 200MB}
"""
CODE = {
    "slow.py": "upstream = None\nproduct = None\n\n# %%\nprint('here')\n\n# %%\nimport time\ntime.sleep(600)\n",
    "silent.py": "upstream = None\nproduct = None\n\n# %%\nimport time\ntime.sleep(600)\n",
    "greedy.py": """
        upstream = None
        product = None

        # %%
        import time
        held = []

        # %%
        while True:
            held.append(b"x" * 2**23)
            time.sleep(0.01)
    """,
    "tasks.py": """
        import mmap
        import os
        import subprocess
        import sys
        import time
        from pathlib import Path

        def tell():
            Path("told").touch()

        def slow(product, upstream):
            upstream["flaky"]  # has run: there is what a process is forked from, which takes its time
            try:
                time.sleep(600)
            finally:
                Path("cleaned").touch()

        def wanting(product):
            bytearray(2**33)

        def greedy(product):
            # In sessions of their own, each below the limit.
            code = "import os, time; held = b'x' * 2**27\\n"
            code += f"while os.getppid() == {os.getpid()}: time.sleep(0.1)"
            children = [subprocess.Popen([sys.executable, "-c", code], start_new_session=True) for _ in range(4)]
            children[0].wait()

        def modest(product):
            # Reserved, and not used.
            held = mmap.mmap(-1, 2**29, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
            time.sleep(1)
            Path(product).write_text("")

        def flaky(product):
            with open("counter", "a+") as file:
                file.write("x")
                file.seek(0)
                if len(file.read()) < 3:
                    raise ConnectionError("the line is bad")
            Path(product).write_text("")
    """,
    "script.py": "upstream = None\nproduct = None\n\n# %%\nprint('begins', flush=True)\nimport time\ntime.sleep(600)\n",
    "shell.sh": "sleep 600\ntouch {{product}}\n",
}


@pytest.fixture(scope="module")
def ran() -> Iterator[tuple[Path, dict[str, TaskFinished], list[BuildEvent]]]:
    """One build in which every limit is exceeded, side by side."""
    with TemporaryDirectory(prefix="cauce-", dir=MEMORY) as folder:
        root = Path(folder)
        (root / "pipeline.yaml").write_text(PIPELINE)
        for name, code in CODE.items():
            text = textwrap.dedent(code).lstrip()
            marked = text.replace("upstream = None", '# %% tags=["parameters"]\nupstream = None')
            (root / name).write_text(marked)
        command = [sys.executable, "-P", "-m", "cauce", "build", "--json", "--jobs", "12"]
        ended = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=280, check=False)
        assert ended.returncode == 1, (ended.stdout[-2_000:], ended.stderr)
        told = [msgspec.json.decode(line, type=BuildEvent) for line in ended.stdout.splitlines()]
        yield root, {event.task: event for event in told if isinstance(event, TaskFinished)}, told


Ran = tuple[Path, dict[str, TaskFinished], list[BuildEvent]]


@pytest.mark.parametrize(
    ("task", "name", "says"),
    [
        ("slow", "Timed out", "It took longer than the 10 s that 'timeout' (pipeline.yaml:6) allows."),
        ("silent", "Silent too long", "for the 2 s that 'silence_timeout' (pipeline.yaml:7) allows."),
        ("greedy", "Out of memory", "where 'memory' (pipeline.yaml:8) allows 200 MB."),
        ("function", "Timed out", "It took longer than the 6 s that 'timeout' (pipeline.yaml:9) allows."),
        ("wanting", "Out of memory", "MemoryError."),
        ("children", "Out of memory", "where 'memory' (pipeline.yaml:11) allows 300 MB."),
        ("script", "Silent too long", "Nothing was heard of it for the 2 s"),
        ("shell", "Timed out", "Allow more, or make it faster."),
    ],
)
def test_who_exceeds_a_limit_fails_in_words(ran: Ran, task: str, name: str, says: str) -> None:
    ended = ran[1][task]
    assert ended.error is not None
    assert (ended.outcome, ended.error.name) == ("failed", name)
    assert says in ended.error.message


def test_what_a_limited_task_did_is_kept_and_it_may_clean_up(ran: Ran) -> None:
    root, ends, _ = ran
    assert (root / "cleaned").exists()
    assert (root / "told").exists()
    greedy, wanting = ends["greedy"].error, ends["wanting"].error
    assert greedy is not None
    assert wanting is not None
    assert greedy.notebook == "greedy.ipynb"
    assert json.loads((root / "greedy.ipynb").read_bytes())["cells"]
    assert wanting.where is not None
    assert wanting.where.path == "tasks.py"


def test_what_is_reserved_and_not_used_does_not_count(ran: Ran) -> None:
    assert ran[1]["modest"].outcome == "ok"


def test_a_flaky_task_succeeds_at_last(ran: Ran) -> None:
    root, ends, told = ran
    assert ends["flaky"].outcome == "ok"
    assert (root / "counter").read_text() == "xxx"
    again = [event for event in told if isinstance(event, TaskRetry)]
    assert [(event.task, event.attempt) for event in again] == [("flaky", 2), ("flaky", 3)]
    assert [row.outcome for row in read_attempts(state_folder(root), "pipeline.yaml", "flaky")] == [
        "ok",
        "failed",
        "failed",
    ]


def test_a_terminal_tells_each_attempt_and_calls_only_the_last_one_failed(draw: Draw) -> None:
    project = draw("load")
    project.say("load", retries=1, retry_delay=0)
    project.use("load", "raise ValueError('no luck')")
    command = [sys.executable, "-P", "-m", "cauce", "build"]
    ended = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    lines = [line for line in ended.stdout.splitlines() if line.startswith("load")]
    assert lines[:3] == [
        "load: started. It has never run.",
        "load: attempt 2 of 2 in 0 s, because of ValueError: no luck",
        "load: started. Attempt 2.",
    ]
    assert lines[3].startswith("load: failed in ")
    assert re.match(r"load +failed +\d", lines[-1])


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_nothing_of_them_lives_on(ran: Ran) -> None:
    def works_there(process: Path) -> bool:
        try:
            return (process / "cwd").readlink() == ran[0]
        except OSError:
            return False

    assert eventually(lambda: not any(map(works_there, Path("/proc").glob("[0-9]*"))))


def test_a_cell_is_named_once_one_has_ended(draw: Draw, timer: FakeTimer) -> None:
    project = draw("load")
    project.say("load", timeout=10)

    class AtWork(FakeExecutor):
        async def run(self, job: Job, listener: Listener, cancel: asyncio.Event) -> Outcome:
            from cauce.contract import Progress

            listener.progress(Progress(done=1, total=3))
            timer.advance(10)
            return await super().run(job, listener, cancel)

    built = project.build_with(AtWork({"load": Hang()}), RunRequest())
    assert "It was in code cell 2 of 3." in built.finished("load").cause
    assert any(isinstance(event, TaskProgress) for event in built.events)
