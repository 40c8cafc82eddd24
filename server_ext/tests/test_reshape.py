"""Tasks added, renamed and removed: the pipeline is what was asked for, and everything else as it was."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from drawn import Workshop
from hypothesis import given, settings
from hypothesis import strategies as st
from patience import PATIENCE

from cauce.contract import NewTask, TaskRemoval
from cauce.engine.editing import (
    Planned,
    add_task,
    create_pipeline,
    perform,
    remove_task,
    rename_task,
    undo,
)
from cauce.engine.editing.entries import with_entry, with_name, without_entry
from cauce.engine.editing.yamltext import read_yaml_text
from cauce.engine.errors import CauceError, FileChanged, NotFound, PipelineHasErrors, ProjectLocked, UsageError
from cauce.engine.lock import ProjectLock
from cauce.engine.parsecache import ParseCache
from cauce.engine.project import Project, load
from cauce.engine.spec import entry_of_file
from cauce.engine.statefolder import prepared

Draw = Callable[[str], Workshop]

# --- The text ------------------------------------------------------------------------------

comments = st.sampled_from(["", "", '  # why, [so] "it" is: that'])
between = st.sampled_from([[], [], [""], ["", ""], ["# a line: of its own"], ["", "  # more - to come", ""]])
values = st.sampled_from(["out/x.csv", "'quoted: so'", '"{{path}}/x"', "[table, view]", "{nb: a.ipynb, data: b}"])


@st.composite
def pipelines(draw: st.DrawFn) -> tuple[str, list[tuple[int, int]]]:
    """A pipeline file as somebody may have laid it out, and where its tasks begin."""
    newline = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    whole = draw(st.booleans())
    indent = 0 if whole else draw(st.sampled_from([0, 2, 4]))
    width = draw(st.sampled_from([2, 2, 4]))
    lines = [*draw(between)]
    if not whole:
        lines += [*draw(st.sampled_from([[], ["meta:", "  extract_upstream: true", ""]])), f"tasks:{draw(comments)}"]
    places = []
    for index in range(draw(st.integers(1, 4))):
        lines += draw(between)
        places.append((len(lines) + 1, indent + width + 1))
        inner = " " * (indent + width)
        lines.append(f"{' ' * indent}-{' ' * (width - 1)}source: t{index}.py{draw(comments)}")
        for key in draw(st.lists(st.sampled_from(["name", "block", "text", "one", "list"]), unique=True)):
            if key == "name":
                lines.append(f"{inner}name: task-{index}{draw(comments)}")
            elif key == "block":
                lines += [f"{inner}params:", f"{inner}  a: 1{draw(comments)}", f"{inner}  b: {{c: d}}"]
            elif key == "text":
                lines += [f"{inner}doc: |", f"{inner}  - source: no task", "", f"{inner}  more"]
            elif key == "list":
                lines += [f"{inner}upstream:", *(f"{inner}{draw(st.sampled_from(['', '  ']))}- a" for _ in range(1))]
            else:
                lines.append(f"{inner}product: {draw(values)}{draw(comments)}")
        lines += draw(st.sampled_from([[], [], [f"{inner}# params: none"]]))
    lines += draw(between)
    if not whole and draw(st.booleans()):
        lines += ["on_finish: hooks.done", "# the end"]
    return newline.join([*lines, ""]), places


def tasks_of(text: str) -> list[object]:
    data = yaml.safe_load(text)
    found = data if isinstance(data, list) else data["tasks"]
    assert isinstance(found, list)
    return found


def rest_of(text: str) -> object:
    data = yaml.safe_load(text)
    return None if isinstance(data, list) else {key: value for key, value in data.items() if key != "tasks"}


def is_within(part: list[str], whole: list[str]) -> bool:
    lines = iter(whole)
    return all(line in lines for line in part)


@settings(max_examples=60)
@given(pipelines(), st.data())
def test_an_entry_more_is_there_and_gone_again_leaves_the_text(
    drawn: tuple[str, list[tuple[int, int]]], data: st.DataObject
) -> None:
    text, places = drawn
    file = read_yaml_text(text.encode(), "pipeline.yaml")
    after = data.draw(st.sampled_from([None, *places]))
    new = {"source": "new.py", "name": "yes", "product": {"nb": "o/{{x}}.ipynb"}, "upstream": ["a", "b, c"]}
    more = with_entry(file, new, after)
    at = len(places) if after is None else places.index(after) + 1
    held = tasks_of(text)
    assert tasks_of(more.text) == [*held[:at], new, *held[at:]]
    assert rest_of(more.text) == rest_of(text)
    assert is_within(text.splitlines(), more.text.splitlines())  # every line is there, in its order
    assert ("\r\n" in more.text) == ("\r\n" in text) or "\n" not in text

    line = next(i for i, each in enumerate(more.text.splitlines()) if "source: new.py" in each)
    column = more.text.splitlines()[line].index("source") + 1
    less = without_entry(more, (line + 1, column))
    assert tasks_of(less.text) == held
    assert [each for each in less.text.splitlines() if each.strip()] == [x for x in text.splitlines() if x.strip()]


@settings(max_examples=60)
@given(pipelines(), st.data())
def test_an_entry_less_keeps_all_others_and_their_comments(
    drawn: tuple[str, list[tuple[int, int]]], data: st.DataObject
) -> None:
    text, places = drawn
    index = data.draw(st.integers(0, len(places) - 1))
    less = without_entry(read_yaml_text(text.encode(), "pipeline.yaml"), places[index]).text
    held = tasks_of(text)
    assert tasks_of(less) == held[:index] + held[index + 1 :]
    assert rest_of(less) == rest_of(text)
    lines = text.splitlines()
    end = places[index + 1][0] - 1 if index + 1 < len(places) else len(lines)
    others = [*lines[: places[index][0] - 1], *lines[end:]]
    if len(places) > 1:
        assert is_within([each for each in others if each.strip()], less.splitlines())


@settings(max_examples=60)
@given(pipelines(), st.data(), st.sampled_from(["new", "no", "1.5", "a: b", "é", "it's"]))
def test_another_name_changes_one_line_at_most(
    drawn: tuple[str, list[tuple[int, int]]], data: st.DataObject, name: str
) -> None:
    text, places = drawn
    index = data.draw(st.integers(0, len(places) - 1))
    renamed = with_name(read_yaml_text(text.encode(), "pipeline.yaml"), places[index], f"task-{index}", name).text
    held = tasks_of(text)
    assert tasks_of(renamed) == [*held[:index], {**held[index], "name": name}, *held[index + 1 :]]  # type: ignore[dict-item]
    same = [line for line in text.splitlines() if f"name: task-{index}" not in line]
    assert is_within(same, renamed.splitlines())


def test_what_is_shared_is_refused() -> None:
    text = "tasks:\n  - &a\n    source: a.py\n    product: x\n  - <<: *a\n    source: b.py\n"
    with pytest.raises(UsageError):
        without_entry(read_yaml_text(text.encode(), "pipeline.yaml"), (3, 5))


# --- Projects ------------------------------------------------------------------------------


def look(root: Path) -> Project:
    return load(entry_of_file(root / "pipeline.yaml"), ParseCache())


def do(root: Path, planned: Planned) -> str:
    return perform(entry_of_file(root / "pipeline.yaml"), planned)[1]


def contents(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and ".cauce" not in path.parts
    }


def freshness(workshop: Workshop) -> dict[str, str]:
    return {task.name: task.freshness.state for task in workshop.status().tasks}


def test_a_name_alone_makes_nothing_stale_and_hides_nothing(workshop: Draw) -> None:
    project = workshop("load ─► clean ─► fit\n clean ─► plot")
    project.build()
    project.edit("plot", 7)
    before = contents(project.root)
    assert freshness(project) == {"load": "fresh", "clean": "fresh", "fit": "fresh", "plot": "stale"}

    record = do(project.root, rename_task(look(project.root), "clean", "tidy up"))
    assert freshness(project) == {"load": "fresh", "tidy up": "fresh", "fit": "fresh", "plot": "stale"}
    snapshot = project.status()
    assert snapshot.run is not None
    assert "tidy up" in snapshot.run.tasks
    assert "clean" not in snapshot.run.tasks

    do(project.root, undo(entry_of_file(project.root / "pipeline.yaml"), record))
    assert contents(project.root) == before
    assert freshness(project) == {"load": "fresh", "clean": "fresh", "fit": "fresh", "plot": "stale"}


def test_nothing_is_renamed_while_somebody_builds(workshop: Draw) -> None:
    project = workshop("load ─► fit")
    project.build()
    before = contents(project.root)
    planned = rename_task(look(project.root), "load", "get")
    with ProjectLock(prepared(project.root), "run", "somebody", 0.0), pytest.raises(ProjectLocked):
        do(project.root, planned)
    assert contents(project.root) == before


def test_a_change_is_not_undone_over_what_came_later(workshop: Draw) -> None:
    project = workshop("load ─► fit")
    record = do(project.root, remove_task(look(project.root), "fit", TaskRemoval()))
    path = project.root / "pipeline.yaml"
    path.write_text(path.read_text() + "# mine\n")
    with pytest.raises(FileChanged, match=r"pipeline\.yaml was changed since"):
        undo(entry_of_file(path), record)
    for unknown in ("", "../x", record[:-1] + ("0" if record[-1] != "0" else "1")):
        with pytest.raises(NotFound):
            undo(entry_of_file(path), unknown)


def test_a_change_of_a_large_pipeline_is_taken_back(workshop: Draw) -> None:
    project = workshop("load ─► fit")
    path = project.root / "pipeline.yaml"
    path.write_text(path.read_text() + f"# {'x' * 98}\n" * 25_000)
    before = contents(project.root)
    record = do(project.root, remove_task(look(project.root), "fit", TaskRemoval()))
    do(project.root, undo(entry_of_file(path), record))
    assert contents(project.root) == before


SOURCES = {
    "pipeline.yaml": """# kept
tasks:
  - source: load.py
    product: {nb: o/load.ipynb, data: o/load.csv}  # kept, too
  - source: steps.shape
    product: o/shape.txt
  - source: sum.sql
    product: o/sum.csv
    client: sqlite:///x.db
  - source: tell.sh
    product: o/told.txt
  - source: fit.ipynb
    product: o/fit.ipynb
""",
    "load.py": '# %% tags=["parameters"]\nupstream = None\nproduct = None\n\n# %%\n1\n',
    "steps.py": 'def other(upstream):\n    return upstream["load"]\n\n\ndef shape(product, upstream):\n'
    "    print(upstream['load'][\"data\"], 'load')\n",
    "sum.sql": '-- upstream["load"]\nSELECT 1 {{ upstream["load"]["data"] }}\n'
    '{% raw %}{{upstream["load"]}}{% endraw %}\n',
    "tell.sh": "cat {{upstream.load}} > {{product}}\n",
    "fit.ipynb": json.dumps(
        {
            "cells": [
                {
                    "cell_type": "code",
                    "execution_count": None,
                    "metadata": {"tags": ["parameters"]},
                    "outputs": [],
                    "source": ["upstream = {'load': None}  # é\n", "product = None"],
                },
                {
                    "cell_type": "code",
                    "execution_count": None,
                    "metadata": {},
                    "outputs": [],
                    "source": 'é = upstream.get("load"), "load" in upstream, upstream["load"]["load"]',
                },
            ],
            "metadata": {},
            "nbformat": 4,
            "nbformat_minor": 4,
        },
        indent=2,
    ),
}


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    for name, text in SOURCES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_a_name_is_changed_in_every_kind_of_source(mixed: Path) -> None:
    record = do(mixed, rename_task(look(mixed), "load", "raw data"))
    project = look(mixed)
    assert all(project.graph.upstream[task] == ("raw data",) for task in ("shape", "sum", "tell", "fit"))
    steps = (mixed / "steps.py").read_text()
    assert steps == SOURCES["steps.py"].replace("upstream['load']", "upstream['raw data']")
    assert '{% raw %}{{upstream["load"]}}{% endraw %}' in (mixed / "sum.sql").read_text()
    assert (mixed / "tell.sh").read_text() == 'cat {{upstream["raw data"]}} > {{product}}\n'
    cells = [json.loads((mixed / "fit.ipynb").read_text())["cells"][i]["source"] for i in (0, 1)]
    assert cells[0][0] == "upstream = {'raw data': None}  # é\n"
    assert cells[1] == 'é = upstream.get("raw data"), "raw data" in upstream, upstream["raw data"]["load"]'
    do(mixed, undo(entry_of_file(mixed / "pipeline.yaml"), record))
    assert contents(mixed) == {name: text.encode() for name, text in SOURCES.items()}


@pytest.mark.parametrize(
    ("new", "why"),
    [
        ("fit", "already"),
        ("", "needs a name"),
        ("a*", "cannot be called"),
        ("a/b", "cannot be called"),
        ("load", "already"),
    ],
)
def test_what_can_be_no_name_is_refused(mixed: Path, new: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        rename_task(look(mixed), "load", new)


def test_a_name_that_others_mean_by_a_pattern_keeps_matching_it(tmp_path: Path) -> None:
    (tmp_path / "pipeline.yaml").write_text(
        "meta: {extract_upstream: false}\ntasks:\n"
        "  - {source: a.py, name: fit-a, product: o/a.ipynb}\n"
        "  - {source: b.py, name: all, product: o/b.ipynb, upstream: ['fit-*']}\n"
    )
    for name in "ab":
        (tmp_path / f"{name}.py").write_text('# %% tags=["parameters"]\nupstream = None\nproduct = None\n')
    with pytest.raises(UsageError, match="which 'other' does not match"):
        rename_task(look(tmp_path), "fit-a", "other")
    do(tmp_path, rename_task(look(tmp_path), "fit-a", "fit-b"))
    assert look(tmp_path).graph.upstream["all"] == ("fit-b",)


def test_a_task_goes_when_those_that_need_it_may_be_edited(mixed: Path) -> None:
    with pytest.raises(UsageError, match="need 'load'"):
        remove_task(look(mixed), "load", TaskRemoval())
    with pytest.raises(UsageError, match="follows from its code"):
        remove_task(look(mixed), "load", TaskRemoval(detach=True))
    for task in ("shape", "sum", "tell"):
        do(mixed, remove_task(look(mixed), task, TaskRemoval()))
    planned = remove_task(look(mixed), "load", TaskRemoval(detach=True))
    assert any("still reads" in line for line in planned.change.said)
    do(mixed, planned)
    assert (mixed / "pipeline.yaml").read_text() == (
        "# kept\ntasks:\n  - source: fit.ipynb\n    product: o/fit.ipynb\n"
    )
    assert (mixed / "load.py").exists()
    do(mixed, remove_task(look(mixed), "fit", TaskRemoval()))
    assert (mixed / "pipeline.yaml").read_text() == "# kept\ntasks: []\n"


def test_a_task_more_has_a_source_that_says_what_it_needs(mixed: Path) -> None:
    do(mixed, add_task(look(mixed), NewTask(source="tasks/plot.py", upstream=("load", "fit"), after="load")))
    do(mixed, add_task(look(mixed), NewTask(source="steps.more", products={"": "o/more.txt"}, upstream=("plot",))))
    project = look(mixed)
    assert not [problem for problem in project.problems if problem.severity == "error"]
    assert project.graph.upstream["plot"] == ("load", "fit")
    assert project.graph.upstream["more"] == ("plot",)
    assert list(project.tasks)[:2] == ["load", "plot"]
    assert (mixed / "steps.py").read_text().startswith(SOURCES["steps.py"])


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        (NewTask(source=""), UsageError),
        (NewTask(source="../out.py"), UsageError),
        (NewTask(source="load.py"), CauceError),
        (NewTask(source="x.py", name="fit"), UsageError),
        (NewTask(source="x.py", upstream=("nothing",)), NotFound),
        (NewTask(source="x.txt"), PipelineHasErrors),
        (NewTask(source="x.py", products={"nb": "o/x.ipynb", "data": "o/load.csv"}), PipelineHasErrors),
        (NewTask(source="x.py", products={"nb": "../x.ipynb"}), UsageError),
    ],
)
def test_a_task_that_cannot_be_is_refused(mixed: Path, wanted: NewTask, error: type[CauceError]) -> None:
    before = contents(mixed)
    with pytest.raises(error):
        add_task(look(mixed), wanted)
    assert contents(mixed) == before


# --- A new pipeline ------------------------------------------------------------------------


def test_a_pipeline_for_files_that_are_there(mixed: Path) -> None:
    (mixed / "pipeline.yaml").unlink()
    (mixed / "load.py").write_text(
        '# %% tags=["parameters"]\nupstream = None\nproduct = None\n\n# %%\ndf.to_parquet(product["data"])\n'
        'json.dump(1, open(product["metrics"], "w"))\nplt.savefig(product["plot"])\n'
    )
    planned = create_pipeline(mixed / "pipeline.yaml", ["fit.ipynb", "load.py", "sum.sql"])
    do(mixed, planned)
    project = look(mixed)
    assert list(project.tasks) == ["load", "fit", "sum"]
    assert {product.key: product.path for product in project.tasks["load"].products} == {
        "nb": "output/load.ipynb",
        "data": "output/load.parquet",
        "metrics": "output/load-metrics.json",
        "plot": "output/load-plot.png",
    }
    with pytest.raises(UsageError, match="is there already"):
        create_pipeline(mixed / "pipeline.yaml", ["load.py"])
    with pytest.raises(NotFound):
        create_pipeline(mixed / "other.yaml", ["nothing.py"])
    with pytest.raises(UsageError):
        create_pipeline(mixed / "other.yaml", ["../load.py"])


# --- Profiles ------------------------------------------------------------------------------


def cauce(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cauce", *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


def test_values_are_those_of_the_chosen_file(tmp_path: Path) -> None:
    (tmp_path / "pipeline.yaml").write_text("tasks:\n  - {source: a.py, product: o/a.ipynb, params: {n: '{{n}}'}}\n")
    (tmp_path / "a.py").write_text('# %% tags=["parameters"]\nupstream = None\nproduct = None\nn = None\n')
    (tmp_path / "env.yaml").write_text("n: 1\n")
    (tmp_path / "env.prod.yaml").write_text("n: 2\n")

    def params() -> object:
        return look(tmp_path).tasks["a"].params["n"]

    assert params() == 1
    assert "default" in cauce(tmp_path, "profile").stdout
    chosen = cauce(tmp_path, "profile", "prod")
    assert chosen.returncode == 0, chosen.stderr
    assert params() == 2
    assert "env.prod.yaml" in cauce(tmp_path, "status").stderr
    assert json.loads(cauce(tmp_path, "status", "--json").stdout)["profile"] == "prod"
    assert json.loads(cauce(tmp_path, "status", "--json", "--profile", "default").stdout)["profile"] == ""
    wrong = cauce(tmp_path, "profile", "prd")
    assert (wrong.returncode, "Did you mean 'prod'?" in wrong.stderr) == (2, True)
    (tmp_path / "env.prod.yaml").unlink()
    assert any("was chosen" in problem.message for problem in look(tmp_path).problems)
    cauce(tmp_path, "profile", "default")
    assert params() == 1


# --- The command line ----------------------------------------------------------------------


def test_the_command_line_does_the_same(mixed: Path) -> None:
    before = contents(mixed)
    dry = cauce(mixed, "task", "rename", "load", "get", "--dry-run")
    assert "+    name: get" in dry.stdout
    assert contents(mixed) == before
    assert cauce(mixed, "task", "rename", "load", "get").returncode == 0
    assert cauce(mixed, "task", "add", "plot.py", "--upstream", "get").returncode == 0
    assert look(mixed).graph.upstream["plot"] == ("get",)
    assert cauce(mixed, "task", "remove", "get").returncode == 2
    removed = cauce(mixed, "task", "remove", "plot")
    assert removed.returncode == 0
    [record] = [line.split()[-1] for line in removed.stdout.splitlines() if "task undo" in line]
    assert cauce(mixed, "task", "undo", record).returncode == 0
    assert "plot" in look(mixed).tasks
    for words in (["remove", "nobody"], ["add", "x.txt"], ["rename", "load", "plot"], ["undo", "nothing"]):
        refused = cauce(mixed, "task", *words, "--json")
        assert (refused.returncode, refused.stderr) == (2, "")
        assert json.loads(refused.stdout)["message"]
    made = cauce(mixed, "create", "load.py", "-o", "pipeline.an other.yaml")
    [way_back] = [line.partition(": cauce ")[2] for line in made.stdout.splitlines() if "task undo" in line]
    assert cauce(mixed, *shlex.split(way_back)).returncode == 0
    assert not (mixed / "pipeline.an other.yaml").exists()
    (mixed / "pipeline.yaml").unlink()
    assert cauce(mixed, "create", "load.py", "plot.py").returncode == 0
    assert list(look(mixed).tasks) == ["load", "plot"]


def test_a_difference_has_the_lines_of_the_file(mixed: Path) -> None:
    (mixed / "plot.py").write_bytes(SOURCES["load.py"].replace("upstream = None", "# a\x0cb\nupstream = None").encode())
    shown = cauce(mixed, "task", "add", "plot.py", "--upstream", "load", "--dry-run")
    assert "No newline" not in shown.stdout
    assert "a\\x0cb" in shown.stdout


def test_comments_however_many_hold_up_nothing(mixed: Path) -> None:
    (mixed / "table.sql").write_text("/* a line of a box */\n" * 60 + "CREATE TABLE {{product}} AS SELECT 1\n")
    assert cauce(mixed, "create", "table.sql", "-o", "pipeline.other.yaml").returncode == 0
    assert "class:" not in (mixed / "pipeline.other.yaml").read_text()
    (mixed / "plot.R").write_text(
        f'# %% tags=["parameters"]\nupstream <- list("load",\n  {"#" * 60}\n  other())\nproduct <- NULL\n'
    )
    refused = cauce(mixed, "task", "add", "plot.R", "--upstream", "fit")
    assert (refused.returncode, "plain list of names" in refused.stderr) == (2, True)


def test_what_the_trash_does_not_take_stays_and_the_rest_is_taken_back(
    mixed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(mixed)
    (mixed.parent / "no folder").touch()
    monkeypatch.setenv("XDG_DATA_HOME", str(mixed.parent / "no folder"))
    removed = json.loads(cauce(mixed, "task", "remove", "fit", "--trash", "--json").stdout)
    assert [file["path"] for file in removed["files"]] == ["pipeline.yaml"]
    assert any("fit.ipynb could not be moved to the trash" in line for line in removed["said"])
    assert "fit" not in look(mixed).tasks
    undone = cauce(mixed, "task", "undo", removed["undo"])
    assert undone.returncode == 0, undone.stderr
    assert contents(mixed) == before
