"""Tasks in real kernels: what comes of them, and that nothing of them stays behind.

Every test here also checks that no process, file descriptor, thread, asyncio task or temporary
file is left (see `kernelbench`).
"""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from childbench import members, until
from kernelbench import Bench, Try, kernel_bench_in
from patience import eventually

from cauce.contract import Progress, Where
from cauce.engine.executors import Cancelled, Crashed, Failed, Listener, Outcome, Stopped, Succeeded
from cauce.engine.executors.failure import Exit, death, line_in_cell, locate
from cauce.engine.executors.fake import Crash, Fail, FakeExecutor, Hang, Succeed, Wait
from cauce.engine.process import is_alive
from cauce.engine.spec import ProductSpec
from cauce.engine.spec.model import NotebookOptions

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for leaks in /proc")


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    with kernel_bench_in(tmp_path, monkeypatch) as bench:
        yield bench


def run_until_seen(bench: Bench, attempt: Try, words: str) -> Outcome:
    """Run a task that waits for the file `seen` once it has said these words."""

    async def see() -> None:
        await until(lambda: attempt.job.log.exists() and words in attempt.log)
        (bench.root / "seen").touch()

    (outcome,) = bench.run_all([attempt], see())
    return outcome


# --- Success ------------------------------------------------------------------------------


def test_a_task_runs_in_the_root_with_its_injected_cell(bench: Bench) -> None:
    attempt = bench.task(
        """\
# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Gone
#     language: python
#     name: gone
# ---

# %% [markdown]
# # Title

# %% tags=["parameters"]
upstream = None
product = None
n = 1

# %%
import os, sys, time
from pathlib import Path

# %%
for i in range(3):
    print("line", i, flush=True)
    time.sleep(0.3)  # longer than the kernel gathers output
while not Path("seen").exists():
    time.sleep(0.01)
print("warned", file=sys.stderr)
os.system("echo from a child")
print(n, upstream, os.getcwd(), os.environ.get("JPY_SESSION_NAME"))

# %%

# %%
Path(product["data"]).write_text("data")
""",
        params={"n": 7},
        upstream={"load": "out/load.csv"},
        product={"nb": "out/task.ipynb", "data": "out/data.csv"},
    )
    (bench.root / "out").mkdir()

    assert run_until_seen(bench, attempt, "line 2\n") == Succeeded()

    assert (bench.root / "out/data.csv").read_text() == "data"
    assert attempt.progress == [Progress(done=done, total=5) for done in range(1, 6)]
    expected = "line 0\nline 1\nline 2\n"
    said = f"7 {{'load': 'out/load.csv'}} {bench.root} None\n"
    note, _, log = attempt.log.partition("\n")
    assert note == "[cauce] The source asks for the kernel 'gone', which is not installed: running in 'python3'."
    assert log.startswith(expected)
    assert sorted(log.splitlines()[3:]) == sorted(["warned", "from a child", said.strip()])  # not the result, 4
    (first, *_), *_ = [outputs for outputs in attempt.outputs if outputs]
    assert first.text.startswith(expected)  # one piece, though it came in three
    assert attempt.outputs[-1][0].data["text/plain"] == "4"
    tags = [cell.metadata.get("tags") for cell in attempt.notebook.cells]
    assert tags.index(["injected-parameters"]) == tags.index(["parameters"]) + 1
    assert attempt.notebook.metadata.keys() == {"kernelspec", "language_info"}
    assert attempt.notebook.metadata.kernelspec.name == "python3"
    (record,) = attempt.processes
    assert record.pid == record.group
    assert not is_alive(record)


def test_the_same_notebook_comes_out_twice_whatever_an_earlier_run_left_in_it(bench: Bench) -> None:
    old = {"output_type": "stream", "name": "stdout", "text": "old\n"}
    code: dict[str, Any] = {"cell_type": "code", "metadata": {}, "outputs": [old], "execution_count": 99}
    cells = [{**code, "id": "a", "source": "print('new')"}, {**code, "id": "b", "source": ""}]
    content = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}).encode()
    one, two = bench.task(content, "one.ipynb", task="same"), bench.task(content, "two.ipynb", task="same")
    one.job = replace(one.job, binding=replace(one.job.binding, product="x"))
    two.job = replace(two.job, binding=replace(two.job.binding, product="x"))

    assert bench.run_all([one, two]) == [Succeeded(), Succeeded()]

    assert one.job.notebook.read_bytes() == two.job.notebook.read_bytes()
    assert one.streams() == ["new\n"]
    assert [cell.execution_count for cell in one.notebook.cells] == [1, 2, None]


def test_four_tasks_run_side_by_side(bench: Bench) -> None:
    source = """\
import time
from pathlib import Path
Path(f"here-{me}").touch()
while len(list(Path().glob("here-*"))) < 4:
    time.sleep(0.02)
print(me)
"""
    attempts = [bench.task(source, f"t{me}.py", params={"me": me}) for me in range(4)]

    assert bench.run_all(attempts) == [Succeeded()] * 4

    assert [attempt.log for attempt in attempts] == ["0\n", "1\n", "2\n", "3\n"]


@pytest.mark.parametrize("leave", ["import sys; sys.exit()", "exit()"])
def test_leaving_early_with_zero_is_success_as_in_a_script(bench: Bench, leave: str) -> None:
    attempt = bench.task(f"import atexit\natexit.register(open, 'left', 'w')\n{leave}\n# %%\nprint('not reached')\n")

    assert bench.run(attempt) == Succeeded()

    assert "not reached" not in attempt.log
    assert "cells not run after it: 1" in attempt.log
    assert (bench.root / "left").exists()  # the kernel's exit handlers ran


# --- The user's errors --------------------------------------------------------------------


def failed(outcome: Outcome) -> Any:
    assert isinstance(outcome, Failed)
    return outcome.error


@pytest.mark.case("B14")
def test_an_error_tells_cell_line_and_place_in_the_script(bench: Bench) -> None:
    attempt = bench.task("""\
# %% tags=["parameters"]
upstream = None

# %%
# %matplotlib inline
x = 1

# %%


def inverse(n):
    return 1 / n


# %%
x = 1
try:
    inverse(0)
except ZeroDivisionError as error:
    x = 2
    raise KeyError("no\\nCell In[5], line 1") from error

# %%
print("not reached")
""")
    error = failed(bench.run(attempt))

    assert (error.name, error.cell, error.number, error.line) == ("KeyError", 4, 5, 6)
    assert error.where == Where(path="task.py", line=21)
    assert "ZeroDivisionError" in error.traceback
    assert error.notebook is None
    assert "KeyError" in attempt.log
    assert "not reached" not in attempt.log
    assert attempt.progress[-1] == Progress(done=4, total=6)
    assert attempt.outputs[-2][0].ename == "KeyError"
    assert attempt.outputs[-1] == []


@pytest.mark.parametrize(
    ("cell", "name", "message", "line"),
    [
        ("\n\nx = 1\ndef broken(:\n    pass", "SyntaxError", "invalid syntax", 4),
        ("x = 1\ninput('Name? ')", "StdinNotImplementedError", "input() was called", 2),
        ("import sys\nsys.exit(3)", "SystemExit", "3", None),
        ("def f(n):\n    f(n + 1)\nf(0)", "RecursionError", "maximum recursion depth", 2),
    ],
)
def test_other_errors(bench: Bench, cell: str, name: str, message: str, line: int | None) -> None:
    error = failed(bench.run(bench.task(f"# %%\n{cell}\n")))

    assert (error.name, error.cell, error.line) == (name, 1, line)
    assert error.message.startswith(message)
    assert "/" not in error.message  # nor the kernel's name for the cell
    assert len(error.traceback) < 70_000


def test_log_and_outputs_have_limits_and_stand_anything(bench: Bench) -> None:
    attempt = bench.task("""\
import os
os.write(1, b"\\xff\\n")
print("\\udc80")
# %%
for i in range(1000):
    print("é" * 50)
# %%
1 / 0
""")
    assert failed(bench.run(attempt)).name == "ZeroDivisionError"

    head, _, tail = attempt.log.partition("[cauce] The log has reached its limit of 2,000 bytes.")
    assert len(head.encode()) <= 2_001
    assert head.endswith("é\n")
    assert "division by zero" in tail  # errors are written all the same
    assert tail.count("é") == 0
    printed = attempt.streams()[-1]
    assert printed.startswith("é" * 50 + "\n")
    assert printed.endswith("[cauce] This cell printed more than 20,000 characters. The rest is in the log.\n")
    assert 20_000 < len(printed) < 20_200


def test_what_cannot_be_read_or_written_is_told(bench: Bench) -> None:
    error = failed(bench.run(bench.task(b"{", "broken.ipynb")))
    assert (error.name, error.where) == ("SourceError", Where(path="broken.ipynb", line=1))

    (bench.root / "out").touch()  # a file where the folder should be
    error = failed(bench.run(bench.task("x = 1")))
    assert error.name == "Cannot write"
    assert str(bench.root / "out") in error.message


# --- Deaths -------------------------------------------------------------------------------


def crashed(outcome: Outcome) -> Any:
    assert isinstance(outcome, Crashed)
    return outcome.error


@pytest.mark.parametrize(
    ("die", "message"),
    [
        ("os._exit(3)", "exit code 3"),
        ("os.kill(os.getpid(), 9)", "killed by SIGKILL"),
        ("ctypes.string_at(0)", "crashed with SIGSEGV"),
    ],
)
def test_a_kernel_that_dies_is_reported_with_what_it_did(bench: Bench, die: str, message: str) -> None:
    attempt = bench.task(f"""\
# %%
import ctypes, os, subprocess, time
child = subprocess.Popen(["sleep", "600"])
print("before")
# %%
print("last words", flush=True)
[time.sleep(0.01) for _ in iter(lambda: os.path.exists("seen"), True)]

{die}
# %%
print("not reached")
""")
    error = crashed(run_until_seen(bench, attempt, "last words\n"))

    assert error.name == "kernel died"
    assert message in error.message
    assert (error.cell, error.number) == (2, 3)
    if "SIGSEGV" in message:
        assert error.line == 4
        assert error.where == Where(path="task.py", line=9)
        assert "Fatal Python error" in attempt.log
    assert error.message in attempt.log
    assert attempt.streams() == ["before\n", "last words\n"]
    assert eventually(lambda: members(attempt.processes[0].group) == set())  # its child went with it


def kernelspec(bench: Bench, monkeypatch: pytest.MonkeyPatch, *argv: str) -> None:
    folder = bench.root / "share/kernels/odd"
    folder.mkdir(parents=True)
    spec = {"argv": [*argv], "display_name": "Odd", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(bench.root / "share"))


def test_a_kernel_that_does_not_exist(bench: Bench) -> None:
    error = crashed(bench.run(bench.task("x = 1", kernel="odd")))

    assert error.name == "kernel did not start"
    assert "no kernel called 'odd'" in error.message
    assert "python3" in error.message  # what there is instead


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["/no/such/python", "{connection_file}"], "No such file"),
        ([sys.executable, "-c", "import no_such_module"], "No module named 'no_such_module'"),
        (["sleep", "600"], "did not answer within 1 s"),
    ],
)
def test_a_kernel_that_never_answers(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, argv: list[str], message: str
) -> None:
    kernelspec(bench, monkeypatch, *argv)
    attempt = bench.task("x = 1", kernel="odd")
    attempt.job = replace(attempt.job, start_timeout=1.0 if argv[0] == "sleep" else 30.0)

    error = crashed(bench.run(attempt))

    assert error.name == "kernel did not start"
    assert message in error.message
    assert message in attempt.log
    assert not attempt.job.notebook.exists()


# --- Cancelling and killing ---------------------------------------------------------------

STUBBORN = {
    "sleeps": "import time\ntime.sleep(600)",
    "refuses": "import time\nwhile True:\n  try:\n    time.sleep(600)\n  except BaseException:\n    print('no')",
    "holds": "import itertools\nsum(itertools.repeat(1))",  # the GIL, in C, for ever
    "waits": "import subprocess\nsubprocess.run(['sleep', '600'])",
}


def at_once(name: str, code: str) -> str:
    """Code that makes a file first, as one statement: an interrupt between two is for IPython, and no error."""
    return f"def go():\n    open('{name}', 'w').close()\n{textwrap.indent(code, '    ')}\ngo()\n"


def test_whatever_the_code_does_it_can_be_cancelled(bench: Bench) -> None:
    attempts = {
        name: bench.task(f"print({name!r})\n# %%\n{at_once(name, code)}# %%\nprint('after')\n", f"{name}.py")
        for name, code in STUBBORN.items()
    }
    starting = bench.task("x = 1", "starting.py")
    early = bench.task("x = 1", "early.py")
    early.cancel.set()

    async def cancel_all() -> None:
        await until(lambda: bool(starting.processes))
        starting.cancel.set()
        for name, attempt in attempts.items():
            await bench.appears(name)
            attempt.cancel.set()
            attempt.cancel.set()

    outcomes = bench.run_all([*attempts.values(), starting, early], cancel_all())

    assert outcomes == [Cancelled()] * 6
    for name, attempt in attempts.items():
        assert attempt.streams()[0] == f"{name}\n"  # a partial notebook
        assert "after" not in attempt.log
        assert eventually(lambda group=attempt.processes[0].group: members(group) == set())
    # It was asked kindly. Asked again while it tells that, IPython says it without a traceback.
    said = attempts["sleeps"].outputs[1][0]
    assert "KeyboardInterrupt" in said.get("ename", said.get("text", ""))
    assert not starting.job.notebook.exists()
    assert early.processes == []


def test_kill_ends_every_job_at_once(bench: Bench) -> None:
    attempts = [bench.task(at_once(me, STUBBORN["refuses"]), f"{me}.py") for me in "ab"]

    async def kill() -> None:
        await bench.appears("a")
        await bench.appears("b")
        bench.executor.kill()

    assert bench.run_all(attempts, kill()) == [Cancelled()] * 2
    assert eventually(lambda: not any(members(attempt.processes[0].group) for attempt in attempts))


BUILDER = """
import asyncio, sys
from pathlib import Path
from cauce.contract import Where
from cauce.engine.executors import Job, Listener
from cauce.engine.executors.notebook import NotebookExecutor
from cauce.engine.injection import Binding
from cauce.engine.spec import TaskSpec
from cauce.engine.spec.model import NotebookOptions

root = Path(sys.argv[1])
executor = NotebookExecutor()

async def run(name, code):
    binding = Binding(root, "pipeline.yaml", name, {}, None, f"{name}.ipynb")
    spec = TaskSpec(name, "notebook", f"{name}.py", (), ("",), {}, None, Where(path="pipeline.yaml"))
    job = Job(spec, binding, code.encode(), {}, root / f"{name}.nb", root / f"{name}.log")
    tell = lambda record: (root / f"{name}.group").write_text(str(record.group))
    await executor.run(job, Listener(lambda progress: None, tell), asyncio.Event())

async def main():
    await asyncio.gather(*(run(path.stem, path.read_text()) for path in sorted(root.glob("*.py"))))

asyncio.run(main())
"""


def test_a_builder_that_is_killed_leaves_no_kernel_and_no_child_of_one(bench: Bench) -> None:
    child = "import subprocess\nsubprocess.Popen(['sleep', '600'])\nopen('{0}.ready', 'w').close()\n"
    for name in ("sleeps", "holds"):
        (bench.root / f"{name}.py").write_text(child.format(name) + STUBBORN[name])
    with subprocess.Popen([sys.executable, "-c", BUILDER, str(bench.root)]) as builder:
        try:
            assert eventually(lambda: len(list(bench.root.glob("*.ready"))) == 2)
            groups = [int(path.read_text()) for path in bench.root.glob("*.group")]
            assert [len(members(group)) for group in groups] == [2, 2]
        finally:
            builder.send_signal(signal.SIGKILL)
    assert eventually(lambda: not any(map(members, groups)))


# --- Without a kernel ---------------------------------------------------------------------


def test_importing_the_executor_does_not_import_jupyter() -> None:
    code = (
        "import sys, cauce.engine.executors.notebook, cauce.engine.executors.fake\n"
        "print(*{'zmq', 'nbformat', 'nbclient', 'jupyter_client', 'jupytext', 'traitlets'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


@pytest.mark.parametrize(
    ("script", "cells", "places"),
    [
        ("# %%\na = 1\n\n# %%\nb = 2\nc = 3\n", ["a = 1", "b = 2\nc = 3"], [2, 5]),
        # The same cell twice: their order tells them apart.
        ("# %%\na = 1\n# %%\na = 1\n", ["a = 1", "a = 1"], [2, 4]),
        # A magic is commented in the script; a later cell repeats the line below it.
        ("# %%\n# %time x\na = 1\n# %%\na = 1\n", ["%time x\na = 1", "a = 1"], [2, 5]),
        # A cell that the script does not hold word for word (so written by some other tool),
        # and one that then could be in two places.
        ("# %%\nA = 1\nb = 2\n# %%\nb = 2\n", ["a = 1\nb = 2", "b = 2"], [None, None]),
        ("# %%\na = 1\n", ["a = 1", ""], [2, None]),
    ],
)
def test_a_cell_is_found_in_its_script_or_not_at_all(script: str, cells: list[str], places: list[int | None]) -> None:
    assert [locate(script.split("\n"), cells, index) for index in range(len(cells))] == places


def test_a_line_is_told_only_when_it_is_certain() -> None:
    def reply(*frames: str) -> dict[str, Any]:
        return {"execution_count": 5, "traceback": [*frames, "ValueError: Cell In[5], line 9"]}

    cell = "\n\na\nb\nc"
    assert line_in_cell(reply("Cell \x1b[32mIn[5]\x1b[0m, line 2\n…", "Cell In[4], line 7, in f\n…"), cell) == 4
    assert line_in_cell(reply("Cell In[5], line 1\n…", "Cell In[5], line 3, in f\n…"), cell) == 5
    assert line_in_cell(reply("Cell In[5], line 4\n…"), cell) is None  # there is no such line
    assert line_in_cell(reply("Cell In[5], line 2\n…"), "!ls \\\n  -l\n1 / 0") is None  # lines were joined
    assert line_in_cell(reply(), cell) is None


def test_a_death_is_told_in_words() -> None:
    assert "SIGKILL while asleep (peak memory 2,048 MiB)" in death(Exit(-9, 2**31), "while asleep")
    assert "exit code 0" in death(Exit(0), "while asleep")
    assert "signal 63" in death(Exit(-63), "while asleep")


def test_the_fake_executor_plays_its_scripts(bench: Bench) -> None:
    async def play() -> None:
        go = asyncio.Event()
        fake = FakeExecutor(
            {"fail": Fail(products={"half": "x"}), "crash": Crash(), "hang": Hang(), "wait": Wait(go, Succeed({}))}
        )
        names = ["plain", "fail", "crash", "hang", "wait"]
        tries = {name: bench.task("", f"{name}.py") for name in names}
        for name in names:
            declares = replace(tries[name].job.spec, products=(ProductSpec("data", name),))
            tries[name].job = replace(tries[name].job, spec=declares)
        listener = {name: Listener(tries[name].progress.append, tries[name].processes.append) for name in names}
        running = {
            name: asyncio.create_task(fake.run(tries[name].job, listener[name], tries[name].cancel)) for name in names
        }
        await asyncio.wait([running[name] for name in ("plain", "fail", "crash")])
        assert not running["hang"].done()
        assert not running["wait"].done()
        go.set()
        assert await running["wait"] == Succeeded()
        tries["hang"].cancel.set()
        assert await running["hang"] == Cancelled()
        assert await running["plain"] == Succeeded()
        assert isinstance(await running["fail"], Failed)
        assert isinstance(await running["crash"], Crashed)
        assert fake.started == names
        assert fake.ended[-2:] == ["wait", "hang"]
        assert fake.most_at_once == 5
        assert tries["plain"].progress == [Progress(done=1, total=1)]

    asyncio.run(play())
    made = {path.name: path.read_text() for path in bench.root.iterdir() if path.is_file() and path.suffix != ".log"}
    assert made == {"plain": "plain\n", "half": "x"}


# --- What pipeline.yaml asks of a kernel --------------------------------------------------


def limited(attempt: Try, **arguments: float) -> Try:
    options = NotebookOptions(engine_arguments=arguments)
    return replace(attempt, job=replace(attempt.job, spec=replace(attempt.job.spec, notebook=options)))


def test_a_kernel_works_where_it_is_told_to(bench: Bench) -> None:
    (bench.root / "scripts").mkdir()
    (bench.root / "scripts/beside.py").write_text("name = 'beside'")
    attempt = bench.task("import os, beside\nprint(os.getcwd(), beside.name)", "scripts/task.py", folder="scripts")

    assert bench.run(attempt) == Succeeded()
    assert attempt.log == f"{bench.root}/scripts beside\n"


def test_a_cell_that_takes_longer_than_allowed_fails_the_task(bench: Bench) -> None:
    attempt = limited(bench.task("# %%\nx = 1\n\n# %%\nimport time\ntime.sleep(600)"), execution_timeout=3)

    outcome = bench.run(attempt)

    assert isinstance(outcome, Failed)
    assert outcome.error.name == "Cell timeout"
    assert outcome.error.message.startswith("A cell took longer than the 3 s that 'execution_timeout'")
    assert (outcome.error.cell, outcome.error.where) == (2, Where(path="task.py", line=5))
    assert attempt.notebook.cells[1].execution_count == 2


def test_a_kernel_that_takes_longer_than_allowed_to_start_crashes_the_task(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernelspec(bench, monkeypatch, "sleep", "600")

    outcome = bench.run(limited(bench.task("x = 1", kernel="odd"), start_timeout=0.1))

    assert isinstance(outcome, Crashed)
    assert "did not answer within 0.1 s" in outcome.error.message


def test_a_notebook_may_end_the_build_early(bench: Bench) -> None:
    code = "from ploomber.exceptions import DAGBuildEarlyStop\nraise DAGBuildEarlyStop('nothing new')"

    assert bench.run(bench.task(code)) == Stopped("nothing new")
