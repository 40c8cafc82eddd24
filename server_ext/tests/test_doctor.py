"""``cauce doctor``, as a user and CI meet it: a process that looks and runs nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HEAD = '# %% tags=["parameters"]\nupstream = {}\nproduct = None\n\n# %%\n'


def doctor(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    plain = {name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "COLUMNS", "NO_COLOR")}
    return subprocess.run(
        [sys.executable, "-m", "cauce", "doctor", *arguments],
        cwd=folder,
        env=plain | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def found(folder: Path, *arguments: str, **environment: str) -> dict[str, dict[str, Any]]:
    """Code → problem. Those that speak of the Jupyter of whoever runs the tests are left out."""
    reply = json.loads(doctor(folder, "--json", *arguments, **environment).stdout)
    return {each["code"]: each for each in reply["problems"] if not each["code"].startswith(("extension_", "jupyter"))}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pipeline.yaml").write_text("tasks:\n  - source: a.py\n    product: out/a.ipynb\n")
    (tmp_path / "a.py").write_text(f"{HEAD.format(None)}print(product)\n")
    return tmp_path


def test_nothing_is_wrong_with_a_sound_project(project: Path) -> None:
    assert found(project) == {}
    assert doctor(project).returncode == 0


def test_problems_stand_by_file_in_order_with_the_hint_beneath_and_errors_exit_with_2(project: Path) -> None:
    (project / "a.py").write_text(f"{HEAD.format(None)}print(foo)\n\nprint(np)\n")
    done = doctor(project)
    lines = [line for line in done.stdout.splitlines() if line]
    begin = lines.index("a.py")
    assert lines[begin + 1] == "  error 6:7: The name 'foo' is not defined. (a)"
    assert lines[begin + 2].startswith("    Define or import it")
    assert lines[begin + 3] == "  error 8:7: The name 'np' is not defined. (a)"
    assert lines[-1].startswith("2 errors")
    assert done.returncode == 2


def test_what_is_said_of_all_tasks_of_a_grid_is_told_once(project: Path) -> None:
    with (project / "pipeline.yaml").open("a") as file:
        file.write("    name: a-[[n]]\n    grid: {n: [1, 2, 3]}\n")
    (project / "a.py").write_text(f"{HEAD.format(None)}print(n, foo)\n")
    done = doctor(project)
    assert done.stdout.count("The name 'foo' is not defined. (a-1 and 2 more)") == 1
    assert done.stdout.count("'foo'") == 1
    replied = json.loads(doctor(project, "--json").stdout)["problems"]
    assert [each["task"] for each in replied if each["code"] == "check_undefined"] == ["a-1", "a-2", "a-3"]


def test_warnings_alone_exit_with_0(project: Path) -> None:
    (project / "a.py").write_text(f"{HEAD.format(None)}import no_such_package\nprint(product)\n")
    assert found(project).keys() == {"package_missing"}
    assert doctor(project).returncode == 0


def test_problems_of_the_pipeline_are_among_them(project: Path) -> None:
    (project / "a.py").write_text(f"{HEAD.format(['b'])}print(product)\n")
    assert "upstream_unknown" in found(project)


def test_a_kernel_that_is_not_installed_is_told(project: Path) -> None:
    with (project / "pipeline.yaml").open("a") as file:
        file.write("    kernelspec_name: nowhere\n")
    problem = found(project)["kernel_missing"]
    assert "'nowhere'" in problem["message"]
    assert "'a'" in problem["message"]
    assert "python3" in problem["hint"]


def test_programs_that_a_format_needs_are_told(project: Path, tmp_path: Path) -> None:
    (project / "pipeline.yaml").write_text("tasks:\n  - source: a.py\n    product: out/a.pdf\n")
    empty = tmp_path / "empty"
    empty.mkdir()
    codes = json.loads(doctor(project, "--json", PATH=str(empty)).stdout)["problems"]
    said = " ".join(each["message"] for each in codes)
    assert "xelatex" in said
    assert "pandoc" in said


def test_what_is_left_over_from_other_tools_is_told(project: Path) -> None:
    cell = '# %% tags=["injected-parameters"]\nproduct = "/home/me/out/a.ipynb"\n\n'
    (project / "a.py").write_text(f"{HEAD.format(None)}1\n\n{cell}# %%\nprint(product)\n")
    assert found(project).keys() == {"leftover_injected"}


def test_products_that_differ_in_capitals_only_are_told(project: Path) -> None:
    with (project / "pipeline.yaml").open("a") as file:
        file.write("  - source: a.py\n    name: b\n    product: Out/A.ipynb\n")
    assert found(project).keys() == {"products_alike"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_project_that_cannot_be_written_is_told(project: Path) -> None:
    project.chmod(0o500)
    try:
        assert {"state_elsewhere", "product_unwritable"} <= found(project).keys()
    finally:
        project.chmod(0o700)


def test_a_file_where_the_state_belongs_is_told(project: Path) -> None:
    (project / ".cauce").write_text("")
    assert "state_unwritable" in found(project)


def test_the_extension_of_the_server_is_looked_for_in_jupyters_configuration(project: Path, tmp_path: Path) -> None:
    config = tmp_path / "config" / "jupyter_server_config.d"
    config.mkdir(parents=True)

    def told() -> set[str]:
        # Of all places this one counts most, also in a virtual environment in which we are installed.
        reply = doctor(project, "--json", JUPYTER_CONFIG_PATH=str(config.parent))
        return {each["code"] for each in json.loads(reply.stdout)["problems"]}

    for name, enabled in (("cauce", True), ("ploomber", True)):
        said = {"ServerApp": {"jpserver_extensions": {name: enabled}}}
        (config / f"{name}.json").write_text(json.dumps(said))
    assert told() == {"extension_ploomber"}
    (config / "cauce.json").write_text(json.dumps({"ServerApp": {"jpserver_extensions": {"cauce": False}}}))
    assert "extension_disabled" in told()


def test_looking_runs_and_writes_nothing(project: Path) -> None:
    (project / "pipeline.yaml").write_text(
        "on_render: pkg.hook\ntasks:\n  - source: pkg.make\n    product: out/a.txt\n    params: {n: pkg::count}\n"
    )
    (project / "pkg.py").write_text("open('sung', 'w')\ndef make(product, n): ...\n")
    before = sorted(path.relative_to(project) for path in project.rglob("*"))
    doctor(project)
    assert sorted(path.relative_to(project) for path in project.rglob("*")) == before


def test_without_a_pipeline_it_says_so(tmp_path: Path) -> None:
    done = doctor(tmp_path)
    assert done.returncode == 2
    assert "pipeline" in done.stderr
