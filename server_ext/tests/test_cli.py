"""The command line as a user, a script and CI meet it: a process, real kernels, exit codes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from drawn import Workshop
from hypothesis import given
from hypothesis import strategies as st
from patience import PATIENCE, eventually

from cauce.cli import COMMANDS
from cauce.contract import (
    BuildEvent,
    RunFinished,
    RunRefused,
    RunStarted,
    Snapshot,
    TaskFinished,
    TaskStarted,
)
from cauce.present import shares

Draw = Callable[[str], Workshop]

HEAD = '# %% tags=["parameters"]\nupstream = {upstream}\nproduct = None\n\n# %%\n'
MAKES = "from pathlib import Path\n\nPath(product['text']).write_text('made\\n')\n"
SLEEPS = (
    "import os, subprocess, sys, time\n\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    "open('pids.new', 'w').write(f'{os.getpid()} {child.pid}')\n"
    "os.rename('pids.new', 'pids')\n"
    "time.sleep(600)\n"
)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "cauce", *arguments]


def cauce(project: Workshop, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    plain = {name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "COLUMNS", "NO_COLOR")}
    return subprocess.run(
        command(*arguments),
        cwd=project.root,
        env=plain | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def events(text: str) -> list[BuildEvent]:
    return [msgspec.json.decode(line, type=BuildEvent) for line in text.splitlines()]


def snapshot(project: Workshop) -> Snapshot:
    return msgspec.json.decode(cauce(project, "status", "--json").stdout, type=Snapshot)


def write(project: Workshop, task: str, code: str) -> None:
    upstream = list(project.tasks[task].upstream)
    project.source(task).write_text(HEAD.format(upstream=upstream) + code)


@pytest.fixture
def project(workshop: Draw) -> Workshop:
    found = workshop("load ─► fit")
    for task in found.tasks:
        write(found, task, MAKES)
    return found


# --- Real kernels ---------------------------------------------------------------------------


def test_build_twice_then_fail(project: Workshop) -> None:
    first = cauce(project, "build", "--json")
    assert first.returncode == 0, first.stderr
    told = events(first.stdout)
    assert isinstance(told[0], RunStarted)
    assert isinstance(told[-1], RunFinished)
    assert [event.task for event in told if isinstance(event, TaskStarted)] == ["load", "fit"]
    assert project.product("fit").read_text() == "made\n"

    second = cauce(project, "build")
    assert (second.returncode, second.stdout) == (0, "Everything is up to date.\n")

    write(project, "fit", "# comment\n\n1 / 0\n")
    failed = cauce(project, "build")
    assert failed.returncode == 1
    lines = failed.stdout.splitlines()
    assert lines[:2] == ["Building 1 task.", "fit: started. The code changed."]
    assert "fit failed in cell [3], line 3: ZeroDivisionError: division by zero" in lines
    assert "  at tasks/fit.py:8" in lines
    assert "  partial notebook: out/fit.ipynb" in lines
    assert lines[-3:] == ["Task  Ran?    Elapsed (s)  Percentage", lines[-2], "1 failed."]
    assert re.fullmatch(r"fit   failed +\d+\.\d +100", lines[-2])
    assert "\x1b" not in failed.stdout  # no colours in a pipe

    forced = cauce(project, "build", "load", "--force")
    assert (forced.returncode, forced.stdout.splitlines()[1]) == (0, "load: started. Asked for.")


@pytest.mark.case("C1", note="also says why a task did not run")
def test_a_build_ends_with_a_table_of_what_ran_and_its_share(workshop: Draw) -> None:
    project = workshop("a ─► b ─► c ─► d")
    for task in "abd":
        write(project, task, MAKES)
    write(project, "c", "1 / 0\n")
    cauce(project, "build", "a")
    lines = cauce(project, "build").stdout.splitlines()
    begin = next(i for i, line in enumerate(lines) if line.startswith("Task "))
    head, *rows = [re.split(r" {2,}", line.strip()) for line in lines[begin:-1]]
    assert head == ["Task", "Ran?", "Elapsed (s)", "Percentage"]
    assert [(row[0], row[1]) for row in rows] == [("b", "yes"), ("c", "failed"), ("d", "no, skipped")]
    assert sum(int(row[3]) for row in rows) == 100
    assert rows[-1][2:] == ["0.0", "0"]


@given(st.lists(st.floats(0, 1e6), max_size=30))
def test_percentages_sum_to_100(values: list[float]) -> None:
    found = shares(values)
    assert sum(found) == (100 if sum(values) > 0 else 0)
    assert all(
        abs(part - value / sum(values) * 100) < 1 for part, value in zip(found, values, strict=True) if any(found)
    )


@contextmanager
def building(project: Workshop, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A build in a process of its own, in the middle of a task that sleeps."""
    pids = project.root / "pids"
    with subprocess.Popen(
        command("build", *arguments), cwd=project.root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as builder:
        try:
            assert eventually(lambda: pids.exists() or builder.poll() is not None)
            assert builder.poll() is None
            yield builder
        finally:
            builder.kill()


def alive(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_a_builder_that_is_killed_leaves_nothing_behind_and_no_lie(project: Workshop) -> None:
    #  load ok ─► fit: kill -9 in the middle
    assert cauce(project, "build").returncode == 0
    write(project, "fit", SLEEPS)
    with building(project, "--json") as builder:
        assert snapshot(project).holder is not None
        second = cauce(project, "build")
        assert second.returncode == 1
        assert f"(process {builder.pid}) is building this project." in second.stderr
        builder.kill()
        builder.wait()
    processes = (project.root / "pids").read_text().split()
    assert eventually(lambda: not any(map(alive, processes)))

    after = snapshot(project)
    assert after.holder is None
    assert after.run is not None
    assert (after.run.state, after.run.message) == ("crashed", "The builder was killed.")
    fit = after.tasks[1]
    assert fit.last_attempt is not None
    assert (fit.last_attempt.outcome, fit.freshness.state) == ("crashed", "stale")
    assert "The last run crashed." in cauce(project, "status").stdout

    write(project, "fit", MAKES)  # as at the last success: the interrupted attempt still counts
    again = cauce(project, "build", "--json")
    assert [event.task for event in events(again.stdout) if isinstance(event, TaskStarted)] == ["fit"]
    assert again.returncode == 0
    assert {task.freshness.state for task in snapshot(project).tasks} == {"fresh"}
    assert not list(project.root.rglob("*.tmp"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_control_c_cancels_and_says_so(project: Workshop, number: signal.Signals) -> None:
    write(project, "load", SLEEPS)
    with building(project, "--json") as builder:
        builder.send_signal(number)
        out, _ = builder.communicate(timeout=PATIENCE)
    assert builder.returncode == 130
    told = events(out)
    assert isinstance(told[-1], RunFinished)
    assert told[-1].state == "cancelled"
    assert {event.task: event.outcome for event in told if isinstance(event, TaskFinished)} == {
        "load": "cancelled",
        "fit": "skipped",
    }
    processes = (project.root / "pids").read_text().split()
    assert eventually(lambda: not any(map(alive, processes)))


def test_when_the_lifeline_is_cut_the_build_ends(project: Workshop) -> None:
    write(project, "load", SLEEPS)
    with building(project, "--json", "--lifeline") as builder:
        assert builder.stdin is not None
        builder.stdin.close()
        builder.wait(PATIENCE)
        assert builder.stdout is not None
        last = events(builder.stdout.read())[-1]
    assert builder.returncode == 1
    assert isinstance(last, RunFinished)
    assert last.state == "crashed"
    processes = (project.root / "pids").read_text().split()
    assert eventually(lambda: not any(map(alive, processes)))


# --- Mistakes -------------------------------------------------------------------------------


@pytest.mark.case("C4")
@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (["stats"], "Did you mean 'status'?"),
        (["buidl"], "Did you mean 'build'?"),
        (["build", "--forse"], "--force"),
        (["build", "lod"], "Did you mean 'load'?"),
        (["build", "--only"], "Name one."),
        (["build", "--jobs", "0"], "1<=x<=64"),
        (["status", "-e", "nowhere"], "Give a pipeline.yaml, its folder"),
    ],
)
def test_mistakes_end_with_2_and_advice(project: Workshop, arguments: list[str], advice: str) -> None:
    ended = cauce(project, *arguments)
    assert ended.returncode == 2
    assert advice in " ".join(ended.stderr.split())
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


def test_no_pipeline_here(project: Workshop) -> None:
    project.path.unlink()
    ended = cauce(project, "status")
    assert ended.returncode == 2
    assert "There is no pipeline.yaml in" in ended.stderr
    for arguments in (["status", "--json"], ["build", "--json"]):
        ended = cauce(project, *arguments)
        assert (ended.returncode, ended.stderr) == (2, "")
        told = msgspec.json.decode(ended.stdout, type=dict[str, Any])
        assert (told.get("error") or told)["code"] == "not_found"


def test_a_pipeline_with_errors_is_shown_and_not_built(project: Workshop) -> None:
    project.path.write_text(project.path.read_text() + "  color: red\n")
    shown = cauce(project, "status")
    assert shown.returncode == 2
    assert "error: pipeline.yaml:10:3: 'color' is no task key." in shown.stdout
    assert "load" in shown.stdout
    refused = cauce(project, "build", "--json")
    assert refused.returncode == 2
    [event] = events(refused.stdout)
    assert isinstance(event, RunRefused)
    assert event.error.code == "pipeline_has_errors"
    assert [problem.task for problem in event.problems] == ["fit"]
    assert "pipeline.yaml:10:3" in cauce(project, "build").stderr
    assert not (project.root / ".cauce").exists()


# --- What is shown --------------------------------------------------------------------------


def test_status_in_a_pipe_is_a_line_a_task_however_long(workshop: Draw) -> None:
    needs = [f"a-task-with-a-rather-long-name-{number}" for number in range(5)]
    project = workshop("".join(f"{need} ─► report\n" for need in needs))
    project.build()
    for need in needs:
        project.edit(need, 50)
    lines = cauce(project, "status").stdout.splitlines()
    assert len(lines) == 6
    assert {line.split()[1]: line.partition(".py  ")[2].strip() for line in lines} == {
        **dict.fromkeys(needs, "The code changed."),
        "report": f"Needs {needs[0]}, {needs[1]} and 3 more, which are stale.",
    }


@pytest.mark.case("C2", note="each reason in words: which parameter, module, product or upstream")
def test_status_says_when_why_what_and_where(workshop: Draw) -> None:
    project = workshop("load ─► fit ─► report")
    project.build("fit")
    project.give("load", n=3)
    lines = [re.split(r" {2,}", line) for line in cauce(project, "status").stdout.splitlines()]
    ago = r"just now|\d+ (?:day|hour|minute)s? ago"
    assert [line[0] for line in lines] == ["● load", "● fit", "● report"]
    assert all(re.fullmatch(ago if i < 2 else "never", line[2]) for i, line in enumerate(lines))
    assert [line[3:] for line in lines] == [
        ["out/load.ipynb and 1 more", "tasks/load.py", "The parameter n is new: 3."],
        ["out/fit.ipynb and 1 more", "tasks/fit.py", "Needs load, which is stale."],
        ["out/report.ipynb and 1 more", "tasks/report.py", "It has never run."],
    ]
    broad = cauce(project, "status", FORCE_COLOR="1", TERM="xterm", COLUMNS="140").stdout
    for word in ("Task", "State", "Why", "Last run", "Product", "Source"):
        assert word in re.sub(r"\x1b\[[0-9;]*m", "", broad).splitlines()[0]


@pytest.mark.parametrize("columns", [30, 70, 100])
def test_status_fits_the_terminal_and_loses_no_word(workshop: Draw, columns: int) -> None:
    project = workshop("load ─► clean-the-data ─► report\n load ─► report")
    project.build()
    project.edit("load", 50)
    shown = cauce(project, "status", FORCE_COLOR="1", TERM="xterm", COLUMNS=str(columns)).stdout
    assert "\x1b" in shown
    shown = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    lines = shown.splitlines()
    assert max(map(len, lines)) <= columns
    words = shown.split()
    for word in "load clean-the-data report The code changed. Needs load, which is stale.".split():
        assert word in words


def test_status_tells_names_as_text(workshop: Draw) -> None:
    project = workshop("load")
    project.path.write_text(
        "tasks:\n  - {source: tasks/load.py, name: '[red]x[/red] [link=y]', product: out/load.ipynb}\n"
    )
    assert "[red]x[/red] [link=y]" in cauce(project, "status", FORCE_COLOR="1", COLUMNS="100").stdout


def test_nothing_in_a_project_gives_the_terminal_orders(project: Workshop) -> None:
    #  escape sequences, the C1 way to write them, and a right-to-left override
    name = "t\x1b]0;pwned\x07\x1b[2J\x9b31m\u202e"
    quoted = json.dumps(name)
    project.path.write_text(
        f"tasks:\n  - {{source: tasks/load.py, product: out/load.ipynb, {quoted}: 1}}\n"
        f"  - {{source: {json.dumps(name + '.py')}, product: {quoted}}}\n"
    )
    assert {problem.code for problem in snapshot(project).problems} >= {"task_name"}
    for arguments in (["status"], ["build"]):
        ended = cauce(project, *arguments)
        said = ended.stdout + ended.stderr
        assert not set("\x1b\x07\x9b\u202e") & set(said)
        assert "pwned" in said

    write(project, "load", "raise ValueError('\\x1b[2J\\x9b8m\\x1b]0;pwned\\x07\\u202e')\n")
    project.path.write_text("tasks:\n  - {source: tasks/load.py, product: out/load.ipynb}\n")
    failed = cauce(project, "build", FORCE_COLOR="1", TERM="xterm", COLUMNS="100").stdout
    assert "ValueError" in failed
    assert not set("\x07\x9b\u202e") & set(failed)
    assert "\x1b[2J" not in failed
    assert "\x1b]0;" not in failed
    assert re.search(r"\x1b\[[0-9;]*m", failed)  # the kernel's colours


def test_a_pipeline_is_found_from_below_and_by_name(project: Workshop) -> None:
    below = project.root / "tasks"
    found = subprocess.check_output(command("status", "--json"), cwd=below)
    assert msgspec.json.decode(found, type=Snapshot).root == str(project.root)
    for entry in (str(project.root), str(project.path)):
        shown = subprocess.check_output(command("status", "--json", "-e", entry), cwd="/")
        assert msgspec.json.decode(shown, type=Snapshot).pipeline == str(project.path)


# --- The commands themselves ----------------------------------------------------------------


def test_help_lists_all_commands_as_they_describe_themselves(project: Workshop) -> None:
    from importlib import import_module

    listed = " ".join(cauce(project, "--help").stdout.split())
    for name, (place, line) in COMMANDS.items():
        module, _, attribute = place.partition(":")
        assert f"{name} {line}" in listed
        assert getattr(import_module(module), attribute).name == name


def test_a_command_imports_nothing_of_the_others(project: Workshop) -> None:
    code = "import sys; from cauce.cli import main; main(['status'], standalone_mode=False); print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", code], cwd=project.root, text=True).split()
    assert "cauce.cli.status" in loaded
    unwanted = ("cauce.cli.build", "cauce.cli.plot", "cauce.plot", "cauce.engine.clean")
    assert not set(unwanted) & set(loaded)


def test_a_log_goes_where_it_is_told_to(project: Workshop) -> None:
    ended = cauce(project, "build", "load", "--json", "--log", "info", "-F", "build.log")
    assert ended.returncode == 0
    assert events(ended.stdout)
    for text in (ended.stderr, (project.root / "build.log").read_text()):
        assert "INFO cauce.build: 'load': started. It has never run." in text
    refused = cauce(project, "status", "-F", "nowhere/build.log")
    assert refused.returncode == 2
    assert "The log cannot be written to nowhere/build.log" in refused.stderr
    assert cauce(project, "status", "-l", "loud").returncode == 2


def test_interact_opens_with_the_pipeline_though_it_has_problems(project: Workshop) -> None:
    cauce(project, "build")
    project.path.write_text(project.path.read_text() + "  color: red\n")
    lines = (
        'pipeline["load"].load()\n'
        'pipeline["fit"].upstream["load"]["text"]\n'
        "list(dag), len(dag)\n"
        'open("tasks/fit.py").read(4)\n'
    )
    ended = subprocess.run(
        command("interact", "-e", str(project.root)),
        cwd="/",
        input=lines,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"HOME": str(project.root / "home"), "IPYTHONDIR": str(project.root / "ipython")},
    )
    assert "'color' is no task key." in ended.stdout
    for words in ("Out[1]: 'made\\n'", "Out[2]: 'out/load.txt'", "Out[3]: (['load', 'fit'], 2)", "Out[4]: '# %%'"):
        assert words in ended.stdout
