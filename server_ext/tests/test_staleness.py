"""Why is a task stale? One picture, one change, the reasons; through the same look that the panel has."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from drawn import Workshop

from cauce.contract import BuildEvent, TaskStarted
from cauce.engine.build import Stop
from cauce.engine.executors.fake import Crash, Fail, Hang, Succeed

Draw = Callable[[str], Workshop]

#  load ─► clean ─► report
#  load ─► plot
PICTURE = "load ─► clean ─► report\n load ─► plot"


@pytest.fixture
def built(workshop: Draw) -> Workshop:
    project = workshop(PICTURE)
    project.write("helpers.py", "from tools import x\n")
    project.write("tools.py", "x = 1\n")
    project.write("job.py", "y = 1\n")
    project.write("src/own.py", "y = 1\n")
    project.write("deep/real.py", "y = 1\n")
    project.link("linked.py", "deep/real.py")
    project.write("../one.py", "y = 1\n")
    project.write("../two.py", "y = 1\n")
    project.link("outer.py", "../one.py")
    project.use("clean", "import helpers, own, linked, outer\n# %run job.py")
    project.give("clean", depth=2)
    assert project.build().state == "ok"
    assert project.fresh == {"load", "clean", "report", "plot"}
    return project


CHANGES: dict[str, tuple[Callable[[Workshop], object], list[str]]] = {
    "code": (lambda p: p.edit("clean", 7), ["code_changed"]),
    "a comment": (lambda p: p.comment("clean", "nothing new"), []),
    "a parameter": (lambda p: p.give("clean", depth=5), ["params_changed depth"]),
    "a parameter more": (lambda p: p.give("clean", depth=2, seed=1), ["params_changed seed"]),
    "a parameter less": (lambda p: p.give("clean"), ["params_changed depth"]),
    "a module": (lambda p: p.write("helpers.py", "from tools import y\n"), ["module_changed helpers.py"]),
    "a module's module": (lambda p: p.write("tools.py", "x = 2\n"), ["module_changed tools.py"]),
    "a comment in a module": (lambda p: p.write("tools.py", "# one\n\nx = 1\n"), []),
    "a module more": (
        lambda p: p.write("tools/__init__.py", "x = 3\n"),
        ["module_changed tools/__init__.py"],
    ),
    "a module that a script runs": (lambda p: p.write("job.py", "y = 2\n"), ["module_changed job.py"]),
    "another module below src": (lambda p: p.write("src/own.py", "y = 2\n"), ["module_changed src/own.py"]),
    "what a link inside the project leads to": (
        lambda p: p.write("deep/real.py", "y = 2\n"),
        ["module_changed linked.py"],
    ),
    "where a link out of the project leads to": (
        lambda p: p.link("outer.py", "../two.py"),
        ["module_changed outer.py"],
    ),
    "what a link out of the project leads to": (lambda p: p.write("../one.py", "y = 2\n"), []),
    "a module less": (
        lambda p: p.use("clean", ""),
        ["code_changed"]
        + [f"module_changed {name}.py" for name in ("helpers", "job", "linked", "outer", "src/own", "tools")],
    ),
    "the path of a product": (
        lambda p: p.move("clean", "out/other.txt"),
        ["options_changed product text", "product_missing out/other.txt"],
    ),
    "the order of the products": (
        lambda p: p.respell(
            "nb: out/clean.ipynb\n    text: out/clean.txt", "text: out/clean.txt\n    nb: out/clean.ipynb"
        ),
        ["options_changed product"],
    ),
    "a product deleted": (lambda p: p.product("clean").unlink(), ["product_missing out/clean.txt"]),
    "a product edited": (lambda p: p.overwrite("clean", "mine\n"), ["product_changed out/clean.txt"]),
    "a product written again as it was": (lambda p: p.overwrite("clean", p.product("clean").read_text()), []),
    "one upstream more": (
        lambda p: p.rewire("clean", "load", "plot"),
        ["code_changed", "upstream_changed plot"],
    ),
    "one upstream less": (lambda p: p.rewire("clean"), ["code_changed", "upstream_changed load"]),
    "upstream stale": (lambda p: p.edit("load", 9), ["upstream_stale load"]),
    "upstream's product edited": (lambda p: p.overwrite("load", "mine\n"), ["upstream_stale load"]),
    "no state": (lambda p: shutil.rmtree(p.root / ".cauce"), ["never_run"]),
}


@pytest.mark.parametrize("what", CHANGES)
def test_each_way_to_be_stale_and_what_is_none(built: Workshop, what: str) -> None:
    change, reasons = CHANGES[what]
    change(built)
    assert built.why("clean") == reasons
    # Whatever is stale, a build mends; and then nothing is left to do.
    again = built.build()
    assert again.state == "ok"
    assert ("clean" in again.ran) == (reasons not in ([], ["upstream_stale load"])) or "load" in again.ran
    assert built.fresh == {"load", "clean", "report", "plot"}
    assert built.build().ran == []


def test_what_the_injected_cell_says_counts_to_the_letter(built: Workshop) -> None:
    built.respell("tasks:", "meta: {extract_upstream: false}\ntasks:")
    built.respell("- source: tasks/clean.py", "- source: tasks/clean.py\n  upstream: [load]")
    built.respell("depth: 2", "grid: {a: 1, b: 2}")
    scripts = {"clean": Succeed(), "report": Succeed()}
    assert built.build(scripts=scripts).state == "ok"
    built.respell("upstream: [load]", "upstream: ['loa*']")
    assert built.why("clean") == ["options_changed upstream"]
    [reason] = built.task("clean").freshness.reasons
    assert reason.message.startswith("What is filled in as upstream changed from {'load': {'nb': 'out/load.ipynb'")
    built.build(scripts=scripts)
    built.respell("grid: {a: 1, b: 2}", "grid: {'a': 0x1, b: 2}")
    assert built.why("clean") == []
    built.respell("grid: {'a': 0x1, b: 2}", "grid: {b: 2, a: 1}")
    assert built.why("clean") == ["params_changed grid"]


def test_the_kernel_that_a_source_names_counts_unless_the_pipeline_names_one(built: Workshop) -> None:
    def name_kernel(name: str) -> None:
        text = built.source("clean").read_text().split("# ---\n")[-1]
        spec = f"{{name: {name}, display_name: Python, language: python}}"
        built.source("clean").write_text(f"# ---\n# jupyter:\n#   kernelspec: {spec}\n# ---\n{text}")

    name_kernel("python3")
    assert built.why("clean") == ["options_changed kernel"]
    built.build()
    name_kernel("elsewhere")
    [reason] = built.task("clean").freshness.reasons
    assert reason.message == "The kernel changed from 'python3' to 'elsewhere'."
    built.respell("- source: tasks/clean.py", "- source: tasks/clean.py\n  kernelspec_name: python3")
    assert built.why("clean") == []


def test_the_words_tell_old_and_new(built: Workshop) -> None:
    built.give("clean", depth=5)
    [reason] = built.task("clean").freshness.reasons
    assert reason.message == "The parameter depth changed from 2 to 5."
    built.give("clean", depth=2)
    built.move("clean", "out/other.txt")
    assert built.task("clean").freshness.reasons[0].message == (
        "The product text changed from 'out/clean.txt' to 'out/other.txt'."
    )


@pytest.mark.parametrize(
    ("script", "words"),
    [(Fail(), "The last run failed."), (Crash(), "The last run crashed."), (Hang(), "The last run was cancelled.")],
)
def test_after_a_run_that_did_not_succeed(built: Workshop, script: Fail | Crash | Hang, words: str) -> None:
    def cancel(event: BuildEvent, stop: Stop) -> None:
        if isinstance(script, Hang) and isinstance(event, TaskStarted):
            stop.ask()

    built.edit("clean", 7)
    run = built.build(scripts={"clean": script}, when=cancel)
    assert run.state == ("cancelled" if isinstance(script, Hang) else "failed")
    assert built.why("clean") == ["last_run_failed"]
    assert built.task("clean").freshness.reasons[0].message == words
    assert built.why("report") == ["upstream_stale clean"]


def test_restoring_the_code_of_the_last_success_does_not_hide_a_failure_since(built: Workshop) -> None:
    #  v1 ok ─► v2 overwrites the product and fails ─► v1 again: the product is still v2's
    built.edit("clean", 7)
    built.build(scripts={"clean": Fail(products={"out/clean.txt": "v2\n"})})
    built.edit("clean", 2)
    assert "last_run_failed" in built.why("clean")
    assert built.build().ran[0] == "clean"
    assert built.product("clean").read_text() == built.clean_rebuild()["clean"]


def test_what_needs_something_stale_waits_for_what_that_will_make(built: Workshop) -> None:
    built.edit("load", 9)
    assert {task: built.why(task) for task in built.tasks} == {
        "load": ["code_changed"],
        "clean": ["upstream_stale load"],
        "plot": ["upstream_stale load"],
        "report": ["upstream_stale clean"],
    }


def test_a_task_with_problems_is_neither_fresh_nor_stale_and_hides_no_other(built: Workshop) -> None:
    built.source("clean").unlink()
    states = {task.name: (task.freshness.state, task.buildable) for task in built.status().tasks}
    assert states == {
        "load": ("fresh", True),
        "clean": ("unknown", False),
        "report": ("unknown", False),
        "plot": ("fresh", True),
    }
    [problem] = built.status().problems
    assert (problem.code, problem.task) == ("source_missing", "clean")


def brought(built: Workshop, name: str, bring: Callable[[Path, Path], object]) -> None:
    target = built.root.with_name(f"{built.root.name}-{name}")
    bring(built.root, target)
    built.root, built.path = target, target / "pipeline.yaml"


def copied(source: Path, target: Path, **how: Any) -> None:
    shutil.copytree(source, target, symlinks=True, **how)


def test_a_project_stays_fresh_where_it_is_moved_or_copied_to(built: Workshop) -> None:
    # As mv, as cp -a, as cp -r: all files are new by their times.
    for name, bring in (
        ("moved", shutil.move),
        ("archived", copied),
        ("copied", partial(copied, copy_function=shutil.copyfile)),
    ):
        brought(built, name, bring)
        assert built.fresh == {"load", "clean", "report", "plot"}
        assert built.build().ran == []
        assert built.fresh == {"load", "clean", "report", "plot"}


def test_a_clone_has_nothing_made(built: Workshop) -> None:
    everything = ["load", "clean", "plot", "report"]
    brought(built, "with-state", partial(copied, ignore=shutil.ignore_patterns("out")))
    assert built.why("load") == ["product_missing out/load.ipynb", "product_missing out/load.txt"]
    assert sorted(built.build().ran) == sorted(everything)
    brought(built, "without", partial(copied, ignore=shutil.ignore_patterns("out", ".cauce")))
    assert {task: built.why(task) for task in everything} == {task: ["never_run"] for task in everything}
    assert sorted(built.build().ran) == sorted(everything)


@pytest.mark.skipif(os.geteuid() != 0, reason="takes two users")
def test_another_user_takes_over_a_copy(built: Workshop) -> None:
    brought(built, "given", copied)
    for path in (built.root, *built.root.rglob("*")):
        os.chown(path, 65534, 65534, follow_symlinks=False)
    built.root.parent.chmod(0o755)
    os.setresuid(65534, 65534, 0)
    try:
        assert built.build().ran == []
        built.edit("plot", 40)
        assert built.build().ran == ["plot"]
        assert built.fresh == {"load", "clean", "report", "plot"}
    finally:
        os.setresuid(0, 0, 0)


def test_the_state_names_no_place_of_this_computer(tmp_path: Path) -> None:
    root = tmp_path / "a-place-of-this-computer"
    root.mkdir()
    (root / "a.py").write_text('# %% tags=["parameters"]\nupstream = product = None\n\n# %%\nimport helper\n')
    (root / "helper.py").write_text("x = 1\n")
    (root / "f.py").write_text("import pathlib\ndef make(product, upstream):\n    pathlib.Path(product).touch()\n")
    (root / "pipeline.yaml").write_text(
        "tasks:\n- {source: a.py, product: out/a.ipynb}\n- {source: f.make, product: out/f.txt, upstream: a}\n"
        "meta: {extract_upstream: false}\n"
    )
    subprocess.run([sys.executable, "-P", "-m", "cauce", "build"], cwd=root, check=True, capture_output=True)
    state = [path for path in (root / ".cauce").rglob("*") if path.is_file()]
    assert {"state.db", "facts"} <= {path.name for path in state}
    assert [path for path in state if root.name.encode() in path.read_bytes()] == []
