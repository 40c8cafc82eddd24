"""What else a task follows from than its code: resources, tables, computed parameters, options, folders."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from looked import Looked

from cauce.engine.assessment import complete
from cauce.engine.evaluated import write_evaluated
from cauce.engine.files import Observer
from cauce.engine.fingerprint import Fingerprint, settled
from cauce.engine.parsecache import ParseCache
from cauce.engine.project import load
from cauce.engine.source import Code
from cauce.engine.spec import entry_of_file
from cauce.engine.store import read_history, state_folder

SCRIPT = '# %% tags=["parameters"]\nupstream = {}\nproduct = None\n\n# %%\n1 + 1\n'


def script(*upstream: str) -> str:
    return SCRIPT.format(list(upstream) or None)


def made(tmp_path: Path, pipeline: str, **files: str) -> Looked:
    """A project that was built; `a__b` stands for the file a/b.py."""
    named = {f"{name.replace('__', '/')}.py": text for name, text in files.items()}
    project = Looked(tmp_path, {"pipeline.yaml": pipeline, **named})
    assert [problem.message for problem in project.problems()] == []
    assert project.build() == "ok"
    assert project.why() == {}
    return project


# --- Resources ------------------------------------------------------------------------------


@pytest.mark.case("B9")
def test_the_content_of_a_resource_counts_and_nothing_else_of_it(tmp_path: Path) -> None:
    pipeline = "- source: a.py\n  product: out/a.ipynb\n  params: {n: 1, resources_: {table: data.json}}\n"
    (tmp_path / "data.json").write_text("{}")
    project = made(tmp_path, pipeline, a=script())
    os.utime(tmp_path / "data.json", (1, 1))
    assert project.why() == {}
    (tmp_path / "data.json").rename(tmp_path / "moved.json")
    project.edit("pipeline.yaml", "data.json", "moved.json")
    assert project.why() == {}
    project.write("moved.json", "[]")
    [reason] = project.assess()["a"].freshness.reasons
    assert (reason.kind, reason.subject, reason.message) == (
        "resource_changed",
        "moved.json",
        "The resource moved.json changed.",
    )
    assert project.load().binding("a").params == {"n": 1, "resources_": {"table": "moved.json"}}

    (tmp_path / "moved.json").unlink()
    [problem] = project.problems()
    assert (problem.code, problem.task, problem.message) == (
        "resource_missing",
        "a",
        "The resource 'table', moved.json, is no file.",
    )


def test_a_resource_outside_of_the_project_is_not_read(tmp_path: Path) -> None:
    pipeline = "- source: a.py\n  product: out/a.ipynb\n  params: {resources_: {table: data.json}}\n"
    project = Looked(tmp_path / "project", {"pipeline.yaml": pipeline, "a.py": script()})
    (tmp_path / "secret").write_text("secret")
    (project.root / "data.json").symlink_to(tmp_path / "secret")
    assert [problem.code for problem in project.problems()] == ["path_outside"]


# --- Tables ---------------------------------------------------------------------------------

TABLES = """\
clients: {SQLScript: 'sqlite:///data.db', SQLDump: 'sqlite:///data.db'}
tasks:
- {source: sql/one.sql, product: [one, table]}
- {source: sql/two.sql, product: [main, two, view]}
- {source: last.py, product: out/last.ipynb}
"""


def test_a_table_counts_by_the_run_that_made_it_and_no_database_is_opened_to_look(tmp_path: Path) -> None:
    project = Looked(
        tmp_path,
        {
            "pipeline.yaml": TABLES,
            "sql/one.sql": "create table {{product}} as select 1",
            "sql/two.sql": "create view {{product}} as select * from {{upstream.one}}",
            "last.py": script("one", "two"),
            "data.db": "no database",
        },
    )
    assert project.problems() == []
    assert project.build() == "ok"
    assert project.why() == {}
    assert project.load().binding("last").upstream == {"one": "one", "two": "main.two"}
    assert project.load().binding("two").product == "main.two"
    history = read_history(state_folder(tmp_path), "pipeline.yaml")
    last = history.tasks["last"].last_ok
    assert last is not None
    tokens = last.fingerprint.upstream
    assert {task: list(hashes) for task, hashes in tokens.items()} == {
        "one": ["table://one"],
        "two": ["view://main.two"],
    }
    assert all(token for hashes in tokens.values() for token in hashes.values())

    project.edit("sql/one.sql", "select 1", "select 2")
    assert project.why() == {
        "one": ["code_changed"],
        "two": ["upstream_stale one"],
        "last": ["upstream_stale one", "upstream_stale two"],
    }
    assert project.build() == "ok"
    assert project.why() == {}
    assert (tmp_path / "data.db").read_text() == "no database"


# --- Parameters -----------------------------------------------------------------------------

COMPUTED = "- source: a.py\n  product: out/a.ipynb\n  params: {n: 'm::number', x: 1}\n"


def test_a_parameter_that_nobody_has_computed_yet_makes_a_task_wait(tmp_path: Path) -> None:
    project = Looked(tmp_path, {"pipeline.yaml": COMPUTED, "a.py": script(), "m.py": "def number(): ...\n"})
    [need] = project.load().spec.needs
    assert project.why() == {"a": ["never_run"]}
    project.values[need.key] = 3
    project.build()
    assert project.load().tasks["a"].params == {"n": 3, "x": 1}
    assert project.why() == {}
    write_evaluated(project.entry, {need.key: 4})
    assert project.why() == {"a": ["params_changed n"]}
    write_evaluated(project.entry, {})
    [reason] = project.assess()["a"].freshness.reasons
    assert (reason.kind, reason.subject) == ("params_changed", "n")
    assert reason.message == "The parameter n is computed when built."


@pytest.mark.case("B5")
def test_a_changed_parameter_is_told_with_both_values(tmp_path: Path) -> None:
    project = made(tmp_path, "- {source: a.py, product: out/a.ipynb, params: {n: 1}}\n", a=script())
    project.edit("pipeline.yaml", "n: 1", "n: 2")
    [reason] = project.assess()["a"].freshness.reasons
    assert reason.message == "The parameter n changed from 1 to 2."


# --- Options --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("product: f.txt", "product: f.txt, serializer: s.dump", ["options_changed serializer", "module_changed s.py"]),
        (
            "product: f.txt",
            "product: f.txt, unserializer: s.load",
            ["options_changed unserializer", "module_changed s.py"],
        ),
    ],
)
def test_options_of_a_function_count(tmp_path: Path, before: str, after: str, why: list[str]) -> None:
    code = "def dump(x, product): ...\ndef load(product): ...\n"
    project = made(tmp_path, "- {source: m.f, product: f.txt}\n", m="def f(product): ...\n", s=code)
    project.edit("pipeline.yaml", before, after)
    assert sorted(project.why()["f"]) == sorted(why)


def test_of_a_serializers_module_only_what_it_uses_counts(tmp_path: Path) -> None:
    code = "def dump(x, product): return 1\n\n\ndef other(): return 1\n"
    pipeline = "- {source: m.f, product: f.txt, serializer: m.dump}\n"
    project = made(tmp_path, pipeline, m=f"def f(): ...\n\n\n{code}")
    project.edit("m.py", "other(): return 1", "other(): return 2")
    assert project.why() == {}
    project.edit("m.py", "product): return 1", "product): return 2")
    assert project.why() == {"f": ["module_changed m.py"]}


def test_another_kind_of_task_is_another_option(tmp_path: Path) -> None:
    project = made(tmp_path, "- {source: a.py, product: {nb: out/a.ipynb, x: out/x}}\n", a=script())
    project.edit("pipeline.yaml", "source: a.py", "source: a.py, class: ScriptRunner")
    assert "options_changed kind" in project.why()["a"]


def test_code_does_not_count_where_the_pipeline_says_so(tmp_path: Path) -> None:
    pipeline = "config: {outdated_by_code: false}\ntasks:\n- {source: a.py, product: out/a.ipynb, params: {n: 1}}\n"
    project = made(tmp_path, pipeline, a=f"{script()}import m\n", m="x = 1\n")
    project.edit("a.py", "1 + 1", "1 + 2")
    project.write("m.py", "x = 2\n")
    assert project.why() == {}
    project.edit("pipeline.yaml", "n: 1", "n: 2")
    assert project.why() == {"a": ["params_changed n"]}


def test_which_products_are_notebooks_is_for_the_pipeline_to_say(tmp_path: Path) -> None:
    #  up: html and ipynb of the notebook, and a table of data; down reads the data alone
    pipeline = """\
- source: up.py
  product: {page: out/up.html, nb: out/up.ipynb, data: out/up.csv}
  nb_product_key: [nb, page]
- {source: down.py, product: out/down.ipynb}
"""
    reads = f"{script('up')}print(upstream['up']['data'])\n"
    project = made(tmp_path, pipeline, up=script(), down=reads)
    known = read_history(state_folder(tmp_path), "pipeline.yaml").tasks["down"].last_ok
    assert known is not None
    assert list(known.fingerprint.upstream["up"]) == ["out/up.csv"]
    project.edit("down.py", "['data']", "['page']")
    project.build()
    known = read_history(state_folder(tmp_path), "pipeline.yaml").tasks["down"].last_ok
    assert known is not None
    assert list(known.fingerprint.upstream["up"]) == ["out/up.html", "out/up.csv"]


def test_an_unserializer_may_read_all_of_upstream_whatever_of_it_is_used_then(tmp_path: Path) -> None:
    pipeline = """\
- {source: up.py, product: {nb: up.ipynb, col: up.csv}}
- {source: m.down, product: x.txt, unserializer: m.read}
"""
    code = "def read(product): return product['nb']\ndef down(product, upstream): upstream['up']['col']\n"
    project = made(tmp_path, pipeline, up=script(), m=code)
    (tmp_path / "up.ipynb").write_text("{}")
    assert "upstream_stale up" in project.why()["down"]
    known = read_history(state_folder(tmp_path), "pipeline.yaml").tasks["down"].last_ok
    assert known is not None
    assert list(known.fingerprint.upstream["up"]) == ["up.ipynb", "up.csv"]


# --- Folders --------------------------------------------------------------------------------


@pytest.mark.case("S5", note="paths in the injected cell are relative to the project, so that they suit everybody")
def test_paths_are_relative_to_the_pipeline_wherever_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = "- {source: tasks/a.py, product: out/a.ipynb}\n- {source: tasks/b.py, product: out/b.ipynb}\n"
    Looked(tmp_path / "sub", {"pipeline.yaml": pipeline, "tasks/a.py": script(), "tasks/b.py": script("a")})
    monkeypatch.chdir(tmp_path)
    project = load(entry_of_file(tmp_path / "sub" / "pipeline.yaml"), ParseCache())
    bound = project.binding("b")
    assert (bound.cwd, bound.upstream, bound.product) == (
        tmp_path / "sub",
        {"a": "out/a.ipynb"},
        "out/b.ipynb",
    )


@pytest.mark.parametrize("option", ["local_execution: true", "class: ScriptRunner"])
def test_a_task_that_works_in_its_own_folder_sees_paths_from_there(tmp_path: Path, option: str) -> None:
    pipeline = (
        "- {source: a.py, product: out/a.ipynb}\n"
        f"- {{source: deep/b.py, product: {{nb: out/b.ipynb}}, params: {{resources_: {{r: data.json}}}}, {option}}}\n"
    )
    (tmp_path / "data.json").write_text("{}")
    project = Looked(tmp_path, {"pipeline.yaml": pipeline, "a.py": script(), "deep/b.py": script("a")})
    assert project.problems() == []
    bound = project.load().binding("b")
    assert bound.cwd == tmp_path / "deep"
    assert bound.params == {"resources_": {"r": "../data.json"}}
    assert bound.upstream == {"a": "../out/a.ipynb"}
    assert bound.product == {"nb": "../out/b.ipynb"}
    assert project.load().binding("a").cwd == tmp_path


@pytest.mark.parametrize("option", ["local_execution: true", "class: ScriptRunner"])
@pytest.mark.parametrize(
    "code",
    [
        "import helper",
        "import sys\nsys.path.append('../common')\nimport shared",
        "exec(open('helper.py').read())",
        "exec(open('../common/shared.py').read())",
        "import first",
    ],
)
def test_modules_are_looked_for_where_the_task_works(tmp_path: Path, option: str, code: str) -> None:
    pipeline = (
        f"- {{source: deep/b.py, product: {{nb: out/b.ipynb}}, {option}}}\n- {{source: c.py, product: c.ipynb}}\n"
    )
    files = {"deep/helper.py": "x = 1\n", "common/shared.py": "x = 1\n", "deep/first.py": "import helper\n"}
    sources = {"pipeline.yaml": pipeline, "deep/b.py": f"{script()}{code}\n", "c.py": f"{script()}{code}\n"}
    project = Looked(tmp_path, {**files, **sources})
    assert project.build() == "ok"
    for path in files:
        project.write(path, files[path] + "y = 2\n")
    assert "b" in project.why()
    assert "c" not in project.why()  # it works at the root, where there is nothing of that name


def test_scripts_that_code_names_count_but_for_itself_and_what_tasks_make(tmp_path: Path) -> None:
    #  a ─► b: b runs a script of the project and one that a makes
    pipeline = "- {source: a.py, product: {nb: a.ipynb, code: out/made.py}}\n- {source: b.py, product: b.ipynb}\n"
    code = "import subprocess\nfor name in ('out/made.py', 'own.py', 'b.py'):\n    subprocess.run(['python', name])\n"
    files = {"pipeline.yaml": pipeline, "a.py": script(), "b.py": f"{script('a')}{code}", "own.py": "x = 1\n"}
    project = Looked(tmp_path, files)
    assert list(project.load().modules["b"]) == ["own.py"]
    assert project.build() == "ok"
    assert list(project.load().modules["b"]) == ["own.py"]
    assert project.why() == {}
    project.write("own.py", "x = 2\n")
    assert project.why() == {"b": ["module_changed own.py"]}


# --- While it runs --------------------------------------------------------------------------


def test_what_a_function_runs_is_what_its_file_says_when_it_begins(tmp_path: Path) -> None:
    project = made(tmp_path, "- {source: m.f, product: f.txt}\n", m="def f(product): return 1\n")
    seen = project.load()
    before = project.assess()["f"].fingerprint
    assert before is not None
    project.edit("m.py", "return 1", "return 2")
    now = complete(before, seen, "f", Observer(tmp_path), ParseCache())
    assert not now.code.same(before.code)
    assert "return 2" in now.text


def test_code_and_resources_that_change_during_a_run_are_known_by_nothing() -> None:
    def taken(code: str, resource: str) -> Fingerprint:
        return Fingerprint(
            code=Code(code, code), text="", modules={}, params={}, options={}, upstream={}, resources={"r": resource}
        )

    before = taken("a", "1")
    assert settled(before, before) == before
    after = settled(before, taken("b", "2"))
    for state in (before, taken("b", "2")):
        assert not after.code.same(state.code)
        assert after.resources["r"] != state.resources["r"]
