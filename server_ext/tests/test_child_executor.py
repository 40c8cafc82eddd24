"""Project code in child processes: how they end, what they may do, and that nothing of them stays behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from childbench import ChildBench, Try, bench_in, error_of, members, until
from patience import eventually

from cauce.contract import Where
from cauce.engine.executors import Cancelled, Crashed, Failed, Outcome, Succeeded
from cauce.engine.process import is_alive

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for leaks in /proc")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[ChildBench]:
    with bench_in(tmp_path) as bench:
        yield bench


def function(bench: ChildBench, body: str, before: str = "") -> Try:
    code = f"import os, signal, sys, time\nfrom pathlib import Path\n{before}\ndef f(product):\n"
    bench.write("work.py", code + textwrap.indent(textwrap.dedent(body), "    "))
    return bench.task("work.f")


def run_until_seen(bench: ChildBench, attempt: Try) -> Outcome:
    """Run a task that waits for the file `seen`: of a process that is gone before it is looked at nothing is noted."""

    async def watched() -> Outcome:
        running = asyncio.ensure_future(bench.go(attempt))
        await until(lambda: bool(attempt.processes) or running.done())
        bench.write("seen", "")
        return await running

    return bench.wait(watched())


# --- What a child may do ------------------------------------------------------------------


def test_output_is_in_the_log_as_it_comes_whoever_writes_it(bench: ChildBench) -> None:
    attempt = function(
        bench,
        """
        print("one", end="")
        sys.stderr.write(" two\\n")
        os.system("echo three")
        os.write(1, b"\\xff\\x00 four \\xe2\\x82")
        os.write(1, b"\\xac\\n")
        print("\\ud800")
        Path("printed").touch()
        while not Path("seen").exists():
            time.sleep(0.005)
        """,
    )

    async def watched() -> Outcome:
        running = asyncio.ensure_future(bench.go(attempt))
        await bench.appears("printed")
        await until(lambda: "ud800" in attempt.log)
        bench.write("seen", "")
        return await running

    assert asyncio.run(watched()) == Succeeded()
    assert attempt.log == "one two\nthree\n\ufffd\x00 four €\n\\ud800\n"


def test_a_flood_is_cut_and_stops_nobody(bench: ChildBench) -> None:
    attempt = function(bench, "for _ in range(20_000): print('x' * 100)\nPath(product).touch()")

    assert bench.run(attempt) == Succeeded()

    assert len(attempt.log) < 201_000
    assert "The log has reached its limit of 200,000 bytes." in attempt.log


def test_no_file_of_the_project_stands_in_for_a_module_of_ours(bench: ChildBench) -> None:
    for name in ("json", "traceback", "inspect", "pathlib", "signal", "cauce", "typing", "linecache"):
        bench.write(f"{name}.py", "raise RuntimeError('imported')")
    bench.write("calendar.py", "month = 'ours'")
    bench.write("src/pkg/__init__.py", "name = 'pkg'")
    attempt = function(bench, "import calendar, pkg\nprint(calendar.month, pkg.name, sys.path[0] == os.getcwd())")

    assert bench.run(attempt) == Succeeded()
    assert attempt.log == "ours pkg True\n"


@pytest.mark.parametrize(
    "body",
    [
        "sys.stdout.close(); sys.stderr.close()",
        "os.close(0); os.close(1); os.close(2)",
        "sys.stdout = None",
        "os.chdir('/')",
        "sys.path.clear(); sys.modules.clear()",
    ],
)
def test_what_it_does_to_its_process_keeps_nobody_from_hearing_that_it_worked(bench: ChildBench, body: str) -> None:
    assert bench.run(function(bench, body)) == Succeeded()


def test_input_has_an_end(bench: ChildBench) -> None:
    error = error_of(bench.run(function(bench, "input('? ')")))

    assert error.message == "input() was called, but nobody is there to answer. Make it a parameter of the task."


def test_a_fork_that_comes_back_is_not_heard_and_does_not_outlive_the_task(bench: ChildBench) -> None:
    attempt = function(
        bench,
        """
        child = os.fork()
        if child == 0:
            if os.fork() == 0:
                time.sleep(600)
            raise RuntimeError("the child's own business")
        os.waitpid(child, 0)
        while not Path("seen").exists():
            time.sleep(0.005)
        """,
    )

    assert run_until_seen(bench, attempt) == Succeeded()
    (record,) = attempt.processes
    assert eventually(lambda: members(record.group) == set())


def test_a_daemon_that_left_the_group_keeps_nobody_waiting(bench: ChildBench) -> None:
    attempt = function(
        bench,
        """
        import subprocess
        daemon = subprocess.Popen(["sh", "-c", "while true; do echo flood; done"], start_new_session=True)
        Path("pid").write_text(str(daemon.pid))
        """,
    )

    try:
        assert bench.run(attempt) == Succeeded()
    finally:
        os.kill(int((bench.root / "pid").read_text()), signal.SIGKILL)


def test_multiprocessing_works_however_it_starts_its_processes(bench: ChildBench) -> None:
    attempt = function(
        bench,
        """
        import multiprocessing
        for method in multiprocessing.get_all_start_methods():
            with multiprocessing.get_context(method).Pool(2) as pool:
                print(pool.map(double, [1, 2]))
        """,
        before="def double(n):\n    return 2 * n\n",
    )

    assert bench.run(attempt) == Succeeded()
    assert set(attempt.log.splitlines()) == {"[2, 4]"}


def test_many_run_at_once(bench: ChildBench) -> None:
    bench.write("work.py", "import os\ndef f(product, n):\n    print(n)\n    open(product, 'w').write(str(n))\n")
    attempts = [bench.task("work.f", name=f"t{n}", product=f"out/{n}.txt", params={"n": n}) for n in range(24)]

    async def together() -> list[Outcome]:
        return await asyncio.gather(*map(bench.go, attempts))

    assert asyncio.run(together()) == [Succeeded()] * 24
    assert [attempt.log for attempt in attempts] == [f"{n}\n" for n in range(24)]
    assert [(bench.root / f"out/{n}.txt").read_text() for n in range(24)] == [str(n) for n in range(24)]


# --- How it ends --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "message", "line"),
    [
        ("os._exit(3)", "The process ended by itself while it was running, with exit code 3.", None),
        ("os._exit(0)", "The process ended by itself while it was running, with exit code 0.", None),
        ("os.kill(os.getpid(), signal.SIGKILL)", "The process was killed by SIGKILL while it was running", None),
        ("import ctypes\nctypes.string_at(0)", "The process crashed with SIGSEGV while it was running", 7),
    ],
)
def test_a_death_is_told_with_its_cause_and_last_words(
    bench: ChildBench, body: str, message: str, line: int | None
) -> None:
    attempt = function(bench, f"print('last', 'words')\n{body}")

    outcome = bench.run(attempt)

    assert isinstance(outcome, Crashed)
    assert outcome.error.name == "process died"
    assert outcome.error.message.startswith(message)
    assert outcome.error.traceback.startswith("last words")
    assert outcome.error.where == (None if line is None else Where(path="work.py", line=line))
    assert f"[cauce] {message}" in attempt.log


def test_a_crash_after_the_end_costs_nothing(bench: ChildBench) -> None:
    attempt = function(bench, "import atexit, ctypes\natexit.register(lambda: ctypes.string_at(0))")

    assert bench.run(attempt) == Succeeded()
    assert "crashed with SIGSEGV after the task had ended" in attempt.log


@pytest.mark.parametrize(
    ("body", "cleans_up"),
    [
        ("time.sleep(600)", True),
        ("signal.signal(signal.SIGINT, signal.SIG_IGN)\ntime.sleep(600)", False),
        ("import re\nre.match('(a*)*$', 'a' * 60 + 'b')", False),
        (
            "for name in ('SIGINT', 'SIGTERM'):\n    signal.signal(getattr(signal, name), signal.SIG_IGN)\n"
            "os.system('trap \"\" INT TERM; sleep 600')",
            False,
        ),
    ],
    ids=["asleep", "ignores SIGINT", "in C", "ignores both, and so does its child"],
)
def test_cancelling_ends_it_whatever_it_does(bench: ChildBench, body: str, cleans_up: bool) -> None:
    attempt = function(
        bench, f"try:\n    Path('begun').touch()\n{textwrap.indent(body, '    ')}\nfinally:\n    Path('clean').touch()"
    )

    async def cancelled() -> Outcome:
        running = asyncio.ensure_future(bench.go(attempt))
        await bench.appears("begun")
        attempt.cancel.set()
        return await running

    assert asyncio.run(cancelled()) == Cancelled()
    (record,) = attempt.processes
    assert eventually(lambda: members(record.group) == set())
    assert not cleans_up or (bench.root / "clean").exists()


def test_what_was_cancelled_before_it_began_starts_no_process(bench: ChildBench) -> None:
    attempt = function(bench, "Path('begun').touch()")
    attempt.cancel.set()

    assert bench.run(attempt) == Cancelled()
    assert (attempt.processes, (bench.root / "begun").exists()) == ([], False)


def test_killing_ends_all_at_once(bench: ChildBench) -> None:
    bench.write("work.py", "import time\ndef f(product):\n    open(product, 'w')\n    time.sleep(600)\n")
    attempts = [bench.task("work.f", name=f"t{n}", product=f"{n}.txt") for n in range(3)]

    async def killed() -> list[Outcome]:
        running = asyncio.gather(*map(bench.go, attempts))
        for n in range(3):
            await bench.appears(f"{n}.txt")
        bench.executor.kill()
        return await running

    assert asyncio.run(killed()) == [Cancelled()] * 3


def test_a_killed_builder_leaves_nothing(bench: ChildBench) -> None:
    bench.write(
        "work.py", "import os, time\ndef f(product):\n    os.system('sleep 600 & echo $! > pid')\n    time.sleep(600)\n"
    )
    builder = f"""
import asyncio, sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
from childbench import ChildBench
bench = ChildBench(Path({str(bench.root)!r}))
attempt = bench.task("work.f")
async def main():
    running = asyncio.ensure_future(bench.go(attempt))
    while not attempt.processes:
        await asyncio.sleep(0.01)
    print(attempt.processes[0].group, flush=True)
    await running
asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", builder], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        group = int(process.stdout.readline())
        assert eventually(lambda: (bench.root / "pid").exists() and (bench.root / "pid").read_text() != "")
        assert len(members(group)) >= 2
        process.send_signal(signal.SIGKILL)

    assert eventually(lambda: members(group) == set())


def test_the_record_names_the_process(bench: ChildBench) -> None:
    waits = "while not Path('seen').exists():\n    time.sleep(0.005)"
    attempt = function(bench, f"print(os.getpid(), os.getpgid(0))\n{waits}")

    assert run_until_seen(bench, attempt) == Succeeded()

    (record,) = attempt.processes
    assert attempt.log == f"{record.pid} {record.group}\n"
    assert record.pid != os.getpid()
    assert not is_alive(record)


def test_a_log_that_cannot_be_written_fails_the_task(bench: ChildBench) -> None:
    attempt = function(bench, "")
    attempt.job.log.mkdir()

    outcome = bench.run(attempt)

    assert isinstance(outcome, Failed)
    assert "Is a directory" in outcome.error.message
