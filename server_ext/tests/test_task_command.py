"""`cauce task`: exactly one task, and words for whatever is in its way. `cauce build` with Ploomber's flags."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

MAKES = "def {name}(product{upstream}):\n    print('{name} runs')\n    open(str(product), 'w').write('{name}\\n')\n"
USES = "    upstream['{need}']\n"


def function(name: str, *needs: str) -> str:
    text = MAKES.format(name=name, upstream=", upstream" if needs else "")
    return text + "".join(USES.format(need=need) for need in needs) + "\n\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """load → clean → fit-0, fit-1 → report; functions, so that nothing waits for kernels."""
    (tmp_path / "tasks.py").write_text(
        function("load")
        + function("clean", "load")
        + function("fit", "clean")
        + function("report", "fit-*")
        + "def tell(product):\n    print('told of', product)\n"
    )
    tasks = [("load", "load"), ("clean", "clean"), ("fit-0", "fit"), ("fit-1", "fit"), ("report", "report")]
    (tmp_path / "pipeline.yaml").write_text(
        "tasks:\n"
        + "".join(
            f"  - source: tasks.{source}\n    name: {name}\n    product: out/{name}.txt\n" for name, source in tasks
        )
        + "    on_finish: tasks.tell\n"
    )
    return tmp_path


def cauce(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    plain = {name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "COLUMNS", "NO_COLOR")}
    return subprocess.run(
        [sys.executable, "-m", "cauce", *arguments],
        cwd=folder,
        env=plain,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def made(folder: Path) -> set[str]:
    return {path.stem for path in (folder / "out").glob("*.txt")}


@pytest.mark.case("C3", note="says what is in the way and the command that helps; --force is honoured")
def test_a_task_runs_alone_or_says_what_it_waits_for(project: Path) -> None:
    refused = cauce(project, "task", "clean")
    assert refused.returncode == 1
    assert "'clean' needs 'load', which is not up to date." in refused.stderr
    assert "'cauce build clean'" in refused.stderr
    assert not (project / "out").exists()

    assert cauce(project, "task", "load").returncode == 0
    assert made(project) == {"load"}
    assert cauce(project, "task", "clean").returncode == 0
    again = cauce(project, "task", "clean")
    assert (again.returncode, again.stdout) == (
        0,
        "'clean' is up to date. To run it all the same: 'cauce task clean --force'.\n",
    )
    forced = cauce(project, "task", "clean", "--force")
    assert forced.returncode == 0
    assert "clean: started. Asked for." in forced.stdout

    text = (project / "tasks.py").read_text()
    (project / "tasks.py").write_text(text.replace("print('load runs')", "print('load runs anew')"))
    assert "'clean' needs 'load', which is not up to date." in cauce(project, "task", "clean").stderr
    stale = cauce(project, "task", "clean", "-f")
    assert stale.returncode == 0
    assert "clean: started. Needs load, which is stale." in stale.stdout

    unknown = cauce(project, "task", "claen")
    assert (unknown.returncode, unknown.stderr) == (2, "Error: There is no task 'claen'.\nDid you mean 'clean'?\n")


def test_a_task_tells_its_source_and_state_and_runs_its_hook_only(project: Path) -> None:
    source = cauce(project, "task", "clean", "--source")
    assert source.returncode == 0
    assert source.stdout.startswith("def clean(product, upstream):")
    assert "def load" not in source.stdout
    status = cauce(project, "task", "clean", "-st")
    assert status.stdout.split()[1:3] == ["clean", "stale"]
    assert len(status.stdout.splitlines()) == 1
    assert not (project / "out").exists()

    assert "has not made its products yet" in cauce(project, "task", "report", "-of").stderr
    assert cauce(project, "build").returncode == 0
    told = cauce(project, "task", "report", "-of")
    assert told.returncode == 0, told.stderr
    assert "told of out/report.txt" in told.stdout
    assert "report runs" not in told.stdout
    assert cauce(project, "task", "report", "-st").stdout.split()[1:3] == ["report", "fresh"]
    assert "has no on_finish hook" in cauce(project, "task", "load", "-of").stderr


@pytest.mark.case("C4")
def test_a_command_or_task_that_was_mistyped_is_suggested(project: Path) -> None:
    wrong = cauce(project, "buidl")
    assert wrong.returncode == 2
    assert "Did you mean 'build'?" in wrong.stderr
    unknown = cauce(project, "build", "raport")
    assert (unknown.returncode, unknown.stderr) == (2, "Error: There is no task 'raport'.\nDid you mean 'report'?\n")


@pytest.mark.case("B16")
def test_partially_takes_patterns_and_can_leave_out_what_they_need(project: Path) -> None:
    assert cauce(project, "build", "--partially", "clean").returncode == 0
    assert made(project) == {"load", "clean"}
    text = (project / "tasks.py").read_text()
    (project / "tasks.py").write_text(text.replace("print('load runs')", "print('load runs anew')"))
    only = cauce(project, "build", "-p", "fit-*", "--skip-upstream")
    assert only.returncode == 0, only.stderr
    assert made(project) == {"load", "clean", "fit-0", "fit-1"}
    assert "load: started" not in only.stdout
    below = cauce(project, "build", "-p", "fit-*")
    assert "load: started" in below.stdout
    assert "report" not in made(project)
    nothing = cauce(project, "build", "-p", "fti-*")
    assert nothing.returncode == 2
    assert "No task matches 'fti-*'." in nothing.stderr
