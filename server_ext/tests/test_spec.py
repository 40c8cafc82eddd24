"""pipeline.yaml: what is sound is read, what is not is said with its place and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cauce.contract import Problem, Where, encode
from cauce.engine.document import Value
from cauce.engine.spec import Entry, PipelineSpec, ProductSpec, RelationSpec, parse_spec
from cauce.engine.spec.model import Dotted, Limits, Need
from cauce.engine.spec.products import check_products, with_products

ROOT = Path("/project")


def parse(
    text: str,
    files: Mapping[str, str] | None = None,
    evaluated: Mapping[str, Value] | None = None,
    name: str = "pipeline.yaml",
) -> PipelineSpec:
    found = {name: text, **(files or {})}
    env = ROOT / "env.yaml" if "env.yaml" in found else None
    entry = Entry("file", ROOT, ROOT / name, env)

    def read(path: str) -> bytes | None:
        return found[path].encode() if path in found else None

    return parse_spec(entry, read, evaluated or {})


def problems_of(text: str, files: Mapping[str, str] | None = None) -> list[Problem]:
    """All problems that can be told without the sources."""
    spec = parse(text, files)
    return [*spec.problems, *check_products(spec.tasks, "pipeline.yaml", spec.files)]


def place(problem: Problem) -> str:
    where = problem.where
    assert where is not None
    assert where.path == "pipeline.yaml"
    return f"{where.line}:{where.column}"


def problem_of(text: str) -> Problem:
    [problem] = problems_of(text)
    return problem


SOUND = """\
meta:
  extract_upstream: false
executor: parallel
tasks:
  - source: tasks/load.py
    product: {nb: out/load.ipynb, data: ./out//load.csv}
    params: {rows: 10, columns: [a, b], nested: {deep: null}}
    kernelspec_name: python3

  - source: notebooks/fit.ipynb
    name: fit-model
    product: out/fit.ipynb
    upstream: [load, "clean-*", load]
"""


def test_a_sound_pipeline() -> None:
    spec = parse(SOUND)
    assert spec.problems == ()
    assert spec.name == "project"
    load, fit = spec.tasks
    assert (load.name, load.kind, load.source, load.notebook.kernel) == ("load", "notebook", "tasks/load.py", "python3")
    assert load.products == (ProductSpec("nb", "out/load.ipynb"), ProductSpec("data", "out/load.csv"))
    assert load.notebooks == ("nb",)
    assert load.params == {"rows": 10, "columns": ["a", "b"], "nested": {"deep": None}}
    assert load.upstream == ()
    assert (load.where.line, load.where.column) == (5, 5)
    assert (fit.name, fit.products, fit.notebooks) == ("fit-model", (ProductSpec("", "out/fit.ipynb"),), ("",))
    assert fit.upstream == ("load", "clean-*")


def test_a_bare_list_of_tasks_is_a_pipeline_and_upstream_is_in_the_sources() -> None:
    [task] = parse("- source: a.py\n  product: a.ipynb\n").tasks
    assert (task.name, task.upstream) == ("a", None)


TASK = "tasks:\n  - source: a.py\n    product: {nb: a.ipynb}\n"

SQL = "clients: {SQLScript: db.get, SQLDump: db.get}\ntasks:\n"

WRONG = {
    "unknown key": ("tsks: []\ntasks: []", "1:1", "Did you mean 'tasks'?"),
    "unknown task key": (TASK + "    prams: {x: 1}", "4:5", "Did you mean 'params'?"),
    "unknown meta key": ("meta:\n  extract_upstrem: true\n" + TASK, "2:3", "Did you mean 'extract_upstream'?"),
    "unknown key like nothing": (TASK + "    zzz: 1", "4:5", "Valid are"),
    "meta of the wrong type": ("meta:\n  extract_upstream: 5\n" + TASK, "2:21", "true or false"),
    "no tasks": ("meta: {}", "1:1", "Add a list of tasks."),
    "empty file": ("", "None:None", "Add 'tasks:'"),
    "tasks is a mapping": ("tasks:\n  a: {source: a.py}", "2:3", "Begin each task with '- '."),
    "tasks is a word": ("tasks: load", "1:8", "Begin each task with '- '."),
    "a scalar": ("hello", "1:1", "tasks"),
    "a task is a word": ("tasks:\n  - a.py", "2:5", "source"),
    "no source": ("tasks:\n  - product: a.ipynb", "2:5", "Add 'source:"),
    "source is a list": ("tasks:\n  - source: [a.py]\n    product: a.ipynb", "2:13", "Add 'source:"),
    "no product": ("tasks:\n  - source: fit.py", "2:5", "output/fit.ipynb"),
    "no notebook product": (
        "tasks:\n  - source: fit.py\n    product: {data: a.csv}", "3:14", "Add 'nb: output/fit.ipynb'.",
    ),
    "single product is no notebook": ("tasks:\n  - source: fit.py\n    product: a.csv", "3:14", "'data: a.csv'"),
    "misspelt notebook": ("tasks:\n  - source: fit.py\n    product: a.ipnb", "3:14", "Did you mean '.ipynb'?"),
    "list product": ("tasks:\n  - source: fit.py\n    product: [a.ipynb]", "3:14", "mapping of names to paths"),
    "product of lists": ("tasks:\n  - source: fit.py\n    product: {nb: a.ipynb, x: [b]}", "3:31", "one path"),
    "product is made twice": (
        TASK + "  - source: b.py\n    product: {nb: b.ipynb, copy: ./a.ipynb}", "4:5", "files of its own",
    ),
    "product is made twice by one task": (
        "tasks:\n  - source: a.py\n    product: {nb: a.ipynb, copy: a.ipynb}", "2:5", "files of its own",
    ),
    "product is the source": ("tasks:\n  - source: a.ipynb\n    product: ./a.ipynb", "2:5", "would overwrite"),
    "product is another's source": (
        TASK + "  - source: b.py\n    product: {nb: b.ipynb, code: a.py}", "4:5", "would overwrite",
    ),
    "product is the pipeline": (
        "tasks:\n  - source: a.py\n    product: {nb: a.ipynb, x: pipeline.yaml}", "2:5", "would overwrite",
    ),
    "product holds another's product": (
        "tasks:\n  - source: a.py\n    product: {nb: nb/a.ipynb, all: out}\n"
        "  - source: b.py\n    product: out/deep/b.ipynb", "4:5", "a folder of its own",
    ),
    "product in another's product": (
        "tasks:\n  - source: b.py\n    product: out/deep/b.ipynb\n"
        "  - source: a.py\n    product: {nb: nb/a.ipynb, all: out}", "4:5",
        "would hold the product out/deep/b.ipynb of 'b'",
    ),
    "product holds a source": (
        "tasks:\n  - source: tasks/a.py\n    product: {nb: a.ipynb, all: tasks}", "2:5",
        "would hold tasks/a.py, the source of 'a'",
    ),
    "product below the pipeline": (
        "tasks:\n  - source: a.py\n    product: {nb: a.ipynb, x: pipeline.yaml/x}", "2:5", "The file pipeline.yaml",
    ),
    "product in the state": (
        "tasks:\n  - source: a.py\n    product: {nb: a.ipynb, x: ./.cauce/state.db}", "2:5", "keeps its state",
    ),
    "product key names no product": (TASK + "    nb_product_key: [nb, html]", "3:14", "html: output/a.ipynb"),
    "same name": (TASK + "  - source: b/a.py\n    product: b.ipynb", "4:5", "another 'name'"),
    "name is a list": (TASK + "    name: [a]", "4:11", "must be a word"),
    "name of two lines": (TASK + '    name: "a\\nb"', "4:11", "one line"),
    "absolute source": ("tasks:\n  - source: /etc/passwd.py\n    product: a.ipynb", "2:13", "below the folder"),
    "source above": ("tasks:\n  - source: a/../../b.py\n    product: a.ipynb", "2:13", "below the folder"),
    "product above": ("tasks:\n  - source: a.py\n    product: ../a.ipynb", "3:14", "below the folder"),
    "backslashes": ("tasks:\n  - source: a.py\n    product: out\\a.ipynb", "3:14", "forward slashes"),
    "home": ("tasks:\n  - source: a.py\n    product: ~/a.ipynb", "3:14", "below the folder"),
    "unknown kind": ("tasks:\n  - source: a/b.txt\n    product: a.ipynb", "2:13", "Use a script or notebook"),
    "sql without a database": (
        "tasks:\n  - source: a.sql\n    product: [a, table]", "2:13", "clients: {SQLScript: module.function}",
    ),
    "misspelt dump": (SQL + "  - source: a.sql\n    product: a.cs", "4:14", "Did you mean '.csv'?"),
    "sql that makes a file": (SQL + "  - source: a.sql\n    product: a", "4:14", "[name, table]"),
    "neither table nor view": (SQL + "  - source: a.sql\n    product: [a, tabel]", "4:18", "'table' or 'view'"),
    "a table of one word": (SQL + "  - source: a.sql\n    product: [a]", "4:14", "mapping of names"),
    "a table of a notebook": ("tasks:\n  - source: a.py\n    product: [a, table]", "3:14", "must be a file"),
    "unknown class": (TASK + "    class: SQLDmp", "4:12", "Did you mean 'SQLDump'?"),
    "unknown product class": (TASK + "    product_class: Fil", "4:20", "Did you mean 'File'?"),
    "class that cannot be run": (TASK + "    class: SQLUpload\n    to_sql_kwargs: {}", "4:12", "Write a script"),
    "product class of another kind": (
        SQL + "  - source: a.sql\n    product: [a, table]\n    product_class: File", "4:14", "use: SQLRelation",
    ),
    "unknown client class": ("clients: {SQLSript: a.b}\n" + TASK, "1:11", "Did you mean 'SQLScript'?"),
    "client is no path": ("clients: {SQLScript: a}\n" + TASK, "1:22", "module.function"),
    "address for files": ("clients: {File: 's3://bucket'}\n" + TASK, "1:17", "a function"),
    "hook is no path": (TASK + "    on_finish: check", "4:16", "module.function"),
    "hook without its path": (TASK + "    on_finish: {x: 1}", "4:16", "Add 'dotted_path: module.function'."),
    "hook of the pipeline": ("on_finish: [a.b]\n" + TASK, "1:12", "dotted path"),
    "unknown executor": ("executor: paralel\n" + TASK, "1:11", "Did you mean 'parallel'?"),
    "no processes": (
        "executor: {dotted_path: ploomber.executors.Parallel, processes: 0}\n" + TASK, "1:65", "at least 1",
    ),
    "unknown config": ("config: {outdated_by_cod: false}\n" + TASK, "1:10", "Did you mean 'outdated_by_code'?"),
    "location beside others": ("location: a.b\n" + TASK, "2:1", "cannot stand beside 'location'"),
    "location is no path": ("location: make", "1:11", "module.function"),
    "static analysis": (TASK + "    static_analysis: false", "4:22", "'disable', 'regular', 'strict'"),
    "local execution": (TASK + "    local_execution: here", "4:22", "true or false"),
    "chunksize": (
        SQL + "  - source: a.sql\n    product: a.csv\n    chunksize: many", "5:16", "at least 1, or null",
    ),
    "notebook that is not listed": (
        "tasks:\n  - source: a.py\n    product: {nb: a.ipynb, page: a.html}\n    nb_product_key: [nb]", "3:14",
        "Add 'page' to 'nb_product_key'.",
    ),
    "one exporter for several": (
        "tasks:\n  - source: a.py\n    product: {a: a.ipynb, b: b.pdf}\n    nb_product_key: [a, b]\n"
        "    nbconvert_exporter_name: webpdf", "3:14", "{b: webpdf}",
    ),
    "exporter of no notebook": (
        TASK + "    nbconvert_exporter_name: {data: webpdf}", "3:14", "no notebook",
    ),
    "a placeholder without a value": (TASK + "    params: {path: 'x/{{rot}}'}", "4:20", "Did you mean '{{root}}'?"),
    "the task's name in a parameter": (TASK + "    params: {path: 'x/{{name}}'}", "4:20", "'product' only"),
    "a grid's placeholder": (TASK + "    name: a-[[x]]", "4:11", "Add a 'grid'"),
    "a grid's placeholder in a product": (
        "tasks:\n  - source: a.py\n    product: a-[[x]].ipynb", "3:14", "Add a 'grid'",
    ),
    "resources are a list": (TASK + "    params: {resources_: [a]}", "4:26", "{name: path}"),
    "a resource is a number": (TASK + "    params: {resources_: {a: 1}}", "4:30", "must be a path"),
    "a resource outside": (TASK + "    params: {resources_: {a: ../b}}", "4:30", "below the folder"),
    "text as a source": ("tasks:\n  - source: notes.txt\n    product: a.ipynb", "2:13", "module.function"),
    "a word as a source": ("tasks:\n  - source: notes\n    product: a.ipynb", "2:13", "module.function"),
    "misspelt source": ("tasks:\n  - source: a/notes.ipnb\n    product: a.ipynb", "2:13", "Did you mean '.ipynb'?"),
    "unknown default class": (
        "meta: {product_default_class: {SQLScrpt: File}}\n" + TASK, "1:32", "Did you mean 'SQLScript'?",
    ),
    "loader without a place": ("meta: {source_loader: {}}\n" + TASK, "1:23", "Add 'path: folder'"),
    "loader outside": (
        "meta: {source_loader: {path: ../sql}}\ntasks:\n  - source: m.f\n    product: a", "1:30", "below the folder",
    ),
    "tasks from a list": ("meta: {import_tasks_from: [a.yaml]}\n" + TASK, "1:27", "a path"),
    "tasks from nowhere": ("meta: {import_tasks_from: a.yaml}\n" + TASK, "1:27", "does not exist"),
    "tasks from outside": ("meta: {import_tasks_from: ../a.yaml}\n" + TASK, "1:27", "below the folder"),
    "what follows from clients": (
        "clients: {SQLSript: a.b}\ntasks:\n  - source: a.sql\n    product: [a, table]", "1:11", "'SQLScript'?",
    ),
    "what follows from a class": (
        "tasks:\n  - source: a.sql\n    product: a.txt\n    class: SQLDmp", "4:12", "'SQLDump'?",
    ),
    "what follows from a default class": (
        "meta: {product_default_class: {SQLScript: Fiel}}\n" + SQL + "  - source: a.sql\n    product: a.txt", "1:43",
        "'File'?",
    ),
    "what follows from a setting": ("meta: {extract_upstream: x}\n" + TASK + "    upstream: [b]", "1:26", "true or"),
    "what follows from settings": ("meta: x\n" + TASK + "    upstream: [b]", "1:7", "mapping"),
    "what follows from a notebook's key": (TASK + "    nb_product_key: {a: b}", "4:21", "a list of names"),
    "what follows from a grid": (TASK + "    name: a-[[x]]\n    grid: 5", "5:11", "a list of mappings"),
    "product in both places": ("meta: {extract_product: true}\n" + TASK, "4:14", "Remove it"),
    "params is a list": (TASK + "    params: [a]", "4:13", "mapping"),
    "reserved parameter": (TASK + "    params: {upstream: 1}", "4:14", "another name"),
    "odd parameter": (TASK + "    params: {a-b: 1}", "4:14", "letters, digits"),
    "keyword parameter": (TASK + "    params: {lambda: 1}", "4:14", "letters, digits"),
    "parameter bomb": (
        TASK + "    params: {a: &a [x, x, x, x, x, x, x, x, x, x], " + ", ".join(
            f"a{n}: &a{n} [{', '.join([f'*a{n - 1}' if n else '*a'] * 9)}]" for n in range(6)
        ) + "}", "4:", "file",
    ),
    "a time without a unit we know": (TASK + "    timeout: 5 fortnights", "4:14", "such as 90s, 15m, 2h, or null"),
    "no time at all": (TASK + "    timeout: 0", "4:14", "give it more"),
    "for ever": (TASK + "    timeout: .inf", "4:14", "From 0 to 366 d"),
    "a size without a unit": (TASK + "    memory: 2", "4:13", "'2MB' or '2GiB'"),
    "a size with half a unit": (TASK + "    memory: 500M", "4:13", "'500MB' or '500GiB'"),
    "a size too small": (TASK + "    memory: 2KB", "4:13", "less than 1 MiB"),
    "no number of retries": (TASK + "    retries: often", "4:14", "a whole number from 0 to 100"),
    "too many retries": (TASK + "    retries: 101", "4:14", "a whole number from 0 to 100"),
    "misspelt limit": (TASK + "    timeuot: 5", "4:5", "Did you mean 'timeout'?"),
    "misspelt default": ("task_defaults: {retry: 2}\n" + TASK, "1:17", "Did you mean 'retries'?"),
    "a default of something else": ("task_defaults: {product: a}\n" + TASK, "1:17", "Valid are: timeout"),
    "defaults are a list": ("task_defaults: [timeout]\n" + TASK, "1:16", "a mapping"),
    "upstream in both places": (TASK + "    upstream: [b]", "4:15", "Remove it"),
    "upstream is a mapping": (
        "meta: {extract_upstream: false}\n" + TASK + "    upstream: {a: b}", "5:15", "a list of them",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_said_with_its_place_and_what_to_do(what: str) -> None:
    text, where, advice = WRONG[what]
    problem = problems_of(text)[0]
    assert place(problem).startswith(where)
    assert advice in f"{problem.message} {problem.hint}"
    assert problem.severity == "error"
    assert len(problems_of(text)) == 1 or what == "parameter bomb"


WARNED = {
    "a key of another kind": (TASK + "    chunksize: 5", "4:5", "Remove it: it is for SQL dumps."),
    "debug mode": (TASK + "    debug_mode: now", "4:17", "not honoured"),
    "an executor of one's own": ("executor: {dotted_path: my.Executor}\n" + TASK, "1:25", "'parallel'"),
    "both names of one key": (
        TASK + "    papermill_params: {a: 1}\n    executor_params: {a: 1}", "4:23", "Remove 'papermill_params'",
    ),
    "misspelt exporter": (TASK + "    nbconvert_exporter_name: webpfd", "4:30", "Did you mean 'webpdf'?"),
    "two limits for the start": (
        TASK + "    start_timeout: 5\n    executor_params: {start_timeout: 9}", "5:22", "Remove the latter.",
    ),
    "a kernel's limit for what has none": (
        "tasks:\n  - source: m.f\n    product: a.txt\n    start_timeout: 5", "4:5", "it is for notebooks",
    ),
    "a folder to work in": (TASK + "    executor_params: {cwd: x}", "4:22", "local_execution: true"),
}  # fmt: skip


@pytest.mark.parametrize("what", WARNED)
def test_what_does_no_harm_is_a_warning(what: str) -> None:
    text, where, advice = WARNED[what]
    [problem] = problems_of(text)
    assert place(problem) == where
    assert advice in f"{problem.message} {problem.hint}"
    assert problem.severity == "warning"
    assert parse(text).unsound == frozenset()


@pytest.mark.case("S1")
def test_a_task_without_a_product_is_named_with_an_example() -> None:
    for source, example in {
        "fit.py": "product: {nb: output/fit.ipynb, data: output/fit.csv}",
        "tasks.fit": "product: output/fit.csv",
        "fit.sql": "product: [fit, table]",
    }.items():
        problem = problem_of(SQL + f"  - source: {source}")
        assert "'fit' has no 'product'" in problem.message
        assert example in problem.hint


@pytest.mark.case("S2")
def test_an_unknown_key_is_told_with_the_valid_ones() -> None:
    for text, valid in {"foo: 1\n" + TASK: "clients", "meta: {foo: 1}\n" + TASK: "extract_upstream"}.items():
        problem = problem_of(text)
        assert "'foo'" in problem.message
        assert valid in problem.hint


@pytest.mark.case("S3")
def test_no_tasks_and_tasks_that_are_no_list_are_different_mistakes() -> None:
    assert problem_of("tasks:\n").code == "spec_tasks_empty"
    assert problem_of("tasks: {a: {source: a.py}}").code == "spec_tasks_shape"


@pytest.mark.case("S4")
def test_the_source_tells_what_kind_of_task_it_is() -> None:
    spec = parse(
        SQL + "  - {source: a.py, product: a.ipynb}\n"
        "  - {source: b.ipynb, product: out/b.ipynb}\n"
        "  - {source: c.sql, product: [c, table]}\n"
        "  - {source: d.sql, product: d.parquet}\n"
        "  - {source: e.sh, product: e.txt}\n"
        "  - {source: package.module.f, product: f.txt}\n"
        "  - {source: g.R, product: g.html}\n"
        "  - {source: h.py, product: h.txt, class: ScriptRunner}\n"
        "  - {source: i.sql, product: i.txt, class: SQLDump}\n"
        "  - {source: 'module::json', product: j.txt}\n"
    )
    assert spec.problems == ()
    kinds = "notebook notebook sql dump shell function notebook script dump function"
    assert [task.kind for task in spec.tasks] == kinds.split()
    assert spec.tasks[9].source == "module.json"


@pytest.mark.case("S6")
def test_the_executed_notebook_must_be_among_the_products() -> None:
    missing = problem_of("tasks: [{source: a.py, product: {data: x.csv}}]")
    assert "lack the executed notebook ('nb')" in missing.message
    no_notebook = problem_of("tasks: [{source: a.py, product: x.csv}]")
    assert "'x.csv' is no notebook" in no_notebook.message
    assert "nb: output/a.ipynb" in no_notebook.hint
    assert problems_of("tasks: [{source: a.py, product: x.bin, nbconvert_exporter_name: webpdf}]") == []


@pytest.mark.case("S7")
def test_two_tasks_with_one_product_are_told_however_it_is_written() -> None:
    problem = problem_of(
        "tasks:\n  - {source: a.py, product: out/x.ipynb}\n  - {source: b.py, product: /project/./out/x.ipynb}"
    )
    assert problem.code == "duplicate_product"
    assert "'a'" in problem.message
    assert "'b'" in problem.message
    table = problem_of(SQL + "  - {source: a.sql, product: [s, t, table]}\n  - {source: b.sql, product: [s, t, table]}")
    assert table.code == "duplicate_product"
    assert (
        problems_of(SQL + "  - {source: a.sql, product: [a, t, table]}\n  - {source: b.sql, product: [t, table]}") == []
    )


@pytest.mark.case("S9")
def test_tasks_of_another_file_are_added_and_their_sources_are_beside_it() -> None:
    text = "meta: {import_tasks_from: parts/more.yaml}\ntasks:\n  - {source: a.py, product: '{{out}}/a.ipynb'}"
    more = "- source: b.py\n  product: '{{out}}/b.ipynb'\n- {source: mod.c, product: out/c.txt}\n"
    spec = parse(text, {"parts/more.yaml": more, "env.yaml": "out: build"})
    assert spec.problems == ()
    assert [(task.name, task.source) for task in spec.tasks] == [("a", "a.py"), ("b", "parts/b.py"), ("c", "mod.c")]
    assert spec.tasks[1].products == (ProductSpec("", "build/b.ipynb"),)
    assert spec.tasks[1].where == Where(path="parts/more.yaml", line=1, column=3)
    assert {"pipeline.yaml", "parts/more.yaml", "env.yaml"} <= {*spec.files}

    [empty] = parse(text, {"parts/more.yaml": "", "env.yaml": "out: build"}).problems
    assert empty.code == "import_empty"
    [shape] = parse(text, {"parts/more.yaml": "tasks: []", "env.yaml": "out: build"}).problems
    assert shape.code == "import_shape"
    [wrong] = parse(text, {"parts/more.yaml": "- source: b.py\n  prodct: b", "env.yaml": "out: build"}).problems[:1]
    assert wrong.where == Where(path="parts/more.yaml", line=2, column=3)
    [twice] = parse(text, {"parts/more.yaml": more.replace("b.py", "a.py"), "env.yaml": "out: build"}).problems
    assert (twice.code, twice.where) == ("duplicate_task", Where(path="parts/more.yaml", line=1, column=3))


@pytest.mark.case("S10")
def test_upstream_is_given_in_one_place() -> None:
    assert problem_of(TASK + "    upstream: b").code == "upstream_twice"
    assert problems_of(TASK + "    upstream: null") == []


@pytest.mark.case("G11")
def test_a_computed_parameter_is_needed_until_a_builder_has_found_it_out() -> None:
    text = (
        TASK + "    params:\n      a: mod::one\n      n: {dotted_path: 'mod::range_', n: 4}\n"
        "      x: {dotted_path: mod.no}\n"
    )
    spec = parse(text)
    assert spec.problems == ()
    [task] = spec.tasks
    assert task.params == {"x": {"dotted_path": "mod.no"}}
    assert [(need.kind, need.call.path, need.call.arguments) for need in spec.needs if need.call] == [
        ("call", "mod.one", {}),
        ("call", "mod.range_", {"n": 4}),
    ]
    assert [*task.computed] == ["a", "n"]
    known = parse(text, evaluated={spec.needs[0].key: 1, spec.needs[1].key: [0, 1, 2, 3]})
    assert known.tasks[0].params == {"a": 1, "n": [0, 1, 2, 3], "x": {"dotted_path": "mod.no"}}
    assert [*known.tasks[0].params] == ["a", "n", "x"]
    assert known.needs == spec.needs
    [nothing] = parse(text, evaluated={spec.needs[0].key: None}).problems
    assert nothing.code == "params_none"


def test_a_database_pipeline() -> None:
    spec = parse(
        "meta: {product_default_class: {SQLScript: SQLiteRelation}}\n"
        "clients:\n"
        "  SQLScript: db.get\n"
        "  SQLDump: {dotted_path: db.get, readonly: true}\n"
        "  SQLiteRelation: db.relations\n"
        "  File: store.get\n"
        "tasks:\n"
        "  - {source: a.sql, product: [s, a, table]}\n"
        "  - {source: b.sql, product: ['', b, view], client: 'sqlite:///b.db', product_client: db.other}\n"
        "  - {source: c.sql, product: c.csv, chunksize: null}\n"
        "  - {source: m.d, product: {x: [d, table], y: d.txt}}\n"
    )
    assert spec.problems == ()
    a, b, c, d = spec.tasks
    assert (a.client, a.products) == (Dotted("db.get", {}, Where(path="pipeline.yaml", line=3, column=14)), ())
    assert [relation.path for relation in (*a.relations, *b.relations)] == ["table://s.a", "view://b"]
    assert [r.client.path for r in (*a.relations, *b.relations) if isinstance(r.client, Dotted)] == [
        "db.relations",
        "db.other",
    ]
    assert b.client == "sqlite:///b.db"
    assert isinstance(c.client, Dotted)
    assert (c.client.path, c.client.arguments) == ("db.get", {"readonly": True})
    assert c.options == {"chunksize": None}
    assert [product.client.path for product in c.products if product.client] == ["store.get"]
    assert [relation.qualified for relation in d.relations] == ["d"]
    assert [product.path for product in d.products] == ["d.txt"]


def test_settings_of_the_pipeline() -> None:
    spec = parse(
        "executor: {dotted_path: ploomber.executors.Parallel, processes: 3, start_method: spawn}\n"
        "config: {outdated_by_code: false, hot_reload: true}\n"
        "serializer: io_.write\n"
        "unserializer: io_.read\n"
        "on_finish: {dotted_path: hooks.done, loud: true}\n"
        "tasks:\n"
        "  - {source: m.a, product: a.txt, on_failure: 'hooks::failed'}\n"
        "  - {source: m.b, product: b.txt, serializer: null, unserializer: m.read}\n"
        "  - {source: c.py, product: c.html, nbconvert_export_kwargs: {exclude_input: true},\n"
        "     papermill_params: {x: 1}}\n"
    )
    assert spec.problems == ()
    a, b, c = spec.tasks
    assert (spec.jobs, spec.compare_code) == (3, False)
    assert spec.hooks.on_finish is not None
    assert (spec.hooks.on_finish.path, spec.hooks.on_finish.arguments) == ("hooks.done", {"loud": True})
    assert [getattr(each, "path", None) for each in (a.serializer, a.unserializer, a.hooks.on_failure)] == [
        "io_.write", "io_.read", "hooks.failed",
    ]  # fmt: skip
    assert [getattr(each, "path", None) for each in (b.serializer, b.unserializer)] == [None, "m.read"]
    assert (c.serializer, c.notebooks) == (None, ("",))
    assert c.options == {"nbconvert_export_kwargs": {"exclude_input": True}}
    assert c.notebook.export_arguments == {"exclude_input": True}
    assert c.notebook.engine_arguments == {"x": 1}
    assert parse("executor: serial\n" + TASK).jobs == 1
    assert parse(TASK).jobs is None


def test_limits_of_a_task_and_of_all() -> None:
    spec = parse(
        "task_defaults: {timeout: 15m, memory: 1.5GiB, retries: 2, start_timeout: '1m 30s', silence_timeout: 60}\n"
        "tasks:\n"
        "  - {source: m.a, product: a.txt}\n"
        "  - {source: m.b, product: b.txt, timeout: null, memory: 500MB, retries: 0, retry_delay: 0,\n"
        "     silence_timeout: '{{patience}}'}\n"
        "  - {source: c.py, product: c.ipynb, executor_params: {start_timeout: 5}}\n"
        "  - {source: d.py, product: d.ipynb, timeout: 1h30m}\n",
        {"env.yaml": "patience: 2 min"},
    )
    assert spec.problems == ()
    a, b, c, d = (task.limits for task in spec.tasks)
    assert (a.timeout, a.silence_timeout, a.start_timeout, a.memory) == (900, 60, 90, 3 * 2**29)
    assert (a.retries, a.retry_delay) == (2, 5)
    assert (b.timeout, b.silence_timeout, b.memory) == (None, 120, 500_000_000)
    assert (b.retries, b.retry_delay) == (0, 0)
    assert (c.start_timeout, d.start_timeout, d.timeout) == (5, 90, 5400)
    assert a.origin("timeout") == "'timeout' (pipeline.yaml:1)"
    assert d.origin("timeout") == "'timeout' (pipeline.yaml:7)"
    assert d.origin("retry_delay") == "'retry_delay' (by default)"
    assert parse(TASK).tasks[0].limits == Limits()


def test_an_executed_notebook_in_several_formats() -> None:
    [task] = parse(
        "tasks:\n  - source: a.py\n    product: {page: a.html, doc: a.pdf, nb: a.ipynb, data: a.csv}\n"
        "    nb_product_key: [nb, page, doc]\n    nbconvert_exporter_name: {doc: webpdf}\n"
    ).tasks
    assert task.notebooks == ("nb", "page", "doc")
    assert task.notebook.exporters == {"doc": "webpdf"}


def test_products_beside_their_source_and_with_the_tasks_name() -> None:
    spec = parse(
        "meta: {product_relative_to_source: true}\n"
        "tasks:\n  - source: parts/a.py\n    name: x\n"
        "    product: {nb: '{{name}}.ipynb', y: '../{{ name }}/y', z: /project/z}\n"
    )
    assert spec.problems == ()
    assert [product.path for product in spec.tasks[0].products] == ["parts/x.ipynb", "x/y", "z"]


def test_sources_that_a_loader_finds() -> None:
    text = (
        "meta: {{source_loader: {}}}\nclients: {{SQLScript: db.get}}\n"
        "tasks:\n  - {{source: a.sql, product: [a, table]}}\n"
    )
    [task] = parse(text.format("{path: sql/}")).tasks
    assert (task.source, task.template_folder) == ("sql/a.sql", "sql")
    [task] = parse(text.format("{module: my.pkg, path: sql}"), {"src/my/pkg/__init__.py": ""}).tasks
    assert (task.source, task.template_folder) == ("src/my/pkg/sql/a.sql", "src/my/pkg/sql")
    [task] = parse(text.format("{path: [one, two]}"), {"two/a.sql": ""}).tasks
    assert (task.source, task.template_folder) == ("two/a.sql", "two")
    [task] = parse(text.format("{module: my}").replace("a.sql", "/project/b/a.sql")).tasks
    assert (task.source, task.template_folder) == ("b/a.sql", None)


def test_files_whose_content_counts() -> None:
    [task] = parse(TASK + "    params: {resources_: {a: data/a.json, b: /project/b}, x: 1}").tasks
    assert task.resources == {"a": "data/a.json", "b": "b"}
    assert task.params == {"resources_": {"a": "data/a.json", "b": "b"}, "x": 1}


def test_what_a_factory_made_is_read_as_the_file_would_be() -> None:
    spec = parse("location: pkg.make")
    assert (spec.problems, spec.tasks, spec.unevaluated) == ((), (), True)
    [need] = spec.needs
    assert (need.kind, need.call and need.call.path) == ("factory", "pkg.make")
    tasks: list[Value] = [
        {"source": "m.a", "product": "/project/a.txt", "upstream": []},
        {"source": "b.py", "product": {"nb": "b.ipynb"}, "upstream": ["a"], "params": {"t": "{{x}}"}},
    ]
    made = parse("location: pkg.make", evaluated={need.key: {"meta": {"extract_upstream": False}, "tasks": tasks}})
    assert (made.problems, made.unevaluated) == ((), False)
    assert [(task.name, task.upstream) for task in made.tasks] == [("a", ()), ("b", ("a",))]
    assert made.tasks[0].products[0].path == "a.txt"
    assert made.tasks[1].params == {"t": "{{x}}"}
    entry = Entry("factory", ROOT, ROOT / "pkg.make", target="pkg.make", overrides={"n": 1})
    [asked] = parse_spec(entry, lambda _: None, {}).needs
    assert asked.call is not None
    assert (asked.call.path, asked.call.arguments) == ("pkg.make", {"n": 1})
    [problem] = parse("location: pkg.make", evaluated={need.key: {"tasks": [{"source": "b.py"}]}}).problems
    assert (problem.code, problem.where) == ("task_no_product", Where(path="pipeline.yaml", line=1, column=11))


def test_scripts_that_match_a_pattern_name_their_products_themselves(tmp_path: Path) -> None:
    for name in (
        "b.py",
        "a.ipynb",
        "c.R",
        "notes.md",
        "data.csv",
        ".hidden.py",
        "README.ipynb",
        "deep/d.py",
        "deep/.x/e.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    def sources(target: str) -> list[str]:
        spec = parse_spec(Entry("glob", tmp_path, tmp_path / "x", target=target), lambda _: None, {})
        assert all(task.extract_product and task.upstream is None for task in spec.tasks)
        return [task.source for task in spec.tasks]

    assert sources("*.py") == ["b.py"]
    assert sources(".") == ["a.ipynb", "b.py", "c.R"]
    assert sources("deep") == ["deep/d.py"]
    assert sources("**/*.py") == ["b.py", "deep/d.py"]
    assert sources("[ab]*") == ["a.ipynb", "b.py"]
    assert sources("../*") == []


def test_products_that_a_source_names_follow_the_same_rules() -> None:
    spec = parse("meta: {extract_product: true}\nclients: {SQLScript: db.get}\ntasks:\n  - a.py\n  - source: b.sql\n")
    assert spec.problems == ()
    a, b = spec.tasks
    assert (a.name, a.extract_product, a.products, a.notebooks) == ("a", True, (), ())
    where = Where(path="a.py", line=3, column=1)
    found, problems = with_products(a, {"nb": "out/a.ipynb", "data": "/project/out/a.csv"}, where)
    assert problems == []
    assert found.products == (ProductSpec("nb", "out/a.ipynb"), ProductSpec("data", "out/a.csv"))
    assert found.notebooks == ("nb",)
    for wrong in (None, 5, {"data": "x"}, "../x.ipynb", ["a", "table"], [[[]]], {}):
        [problem] = with_products(a, wrong, where)[1]
        assert (problem.where, problem.task) == (where, "a")
    found, problems = with_products(b, ["s", "t", "view"], Where(path="b.sql", line=1), "SQLiteRelation")
    assert problems == []
    assert found.relations == (RelationSpec("", "t", "s", "view", b.client),)


def test_a_value_of_git_is_known_after_the_first_build(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    text = "tasks:\n  - {source: a.py, product: 'out/{{git}}/a.ipynb', params: {at: '{{git}}', n: 1}}"
    entry = Entry("file", tmp_path, tmp_path / "pipeline.yaml")
    spec = parse_spec(entry, lambda path: text.encode() if path == "pipeline.yaml" else None, {})
    assert spec.problems == ()
    assert spec.needs == (Need("git"),)
    assert spec.tasks[0].params == {"n": 1}
    assert spec.tasks[0].computed == {"at": Need("git")}
    spec = parse_spec(entry, lambda path: text.encode() if path == "pipeline.yaml" else None, {"git": "main"})
    assert spec.tasks[0].products[0].path == "out/main/a.ipynb"
    assert spec.tasks[0].params == {"at": "main", "n": 1}


def test_no_file_that_the_pipeline_is_made_of_is_overwritten() -> None:
    text = (
        "meta: {import_tasks_from: more.yaml}\ntasks:\n  - {source: m.f, product: {a: more.yaml, b: env.yaml, c: m.py}}"
    )
    found = problems_of(text, {"more.yaml": "- {source: a.py, product: a.ipynb}"})
    assert [problem.code for problem in found] == ["product_is_source"] * 3


def test_products_side_by_side_and_one_task_in_a_folder_of_its_own_are_sound() -> None:
    spec = parse(
        "tasks:\n"
        "  - source: a.py\n"
        "    product: {nb: out/a/nb.ipynb, all: out/a}\n"
        "  - source: b.py\n"
        "    product: {nb: out/ab.ipynb, all: out/a.d, more: out/a-b/c}\n"
    )
    assert spec.problems == ()


def test_everything_wrong_is_said_at_once_and_hides_nothing_that_is_sound() -> None:
    spec = parse(
        "tasks:\n"
        "  - source: good.py\n"
        "    product: good.ipynb\n"
        "  - source: bad.py\n"
        "    prodct: bad.ipynb\n"
        "    params: [1]\n"
        "  - nonsense\n"
        "  - source: also_good.py\n"
        "    product: also_good.ipynb\n"
    )
    assert {"good", "also_good"} <= {task.name for task in spec.tasks} - spec.unsound
    assert spec.unsound == {"bad", "#3"}
    assert [(place(problem), problem.code, problem.task) for problem in spec.problems] == [
        ("5:5", "unknown_key", "bad"),
        ("6:13", "params_shape", "bad"),
        ("4:5", "task_no_product", "bad"),
        ("7:5", "task_shape", "#3"),
    ]


def test_all_mistakes_of_one_value_are_said() -> None:
    found = problems_of(
        "clients: {SQLSript: a.b, File: c, SQLDump: d.e, Fil: d}\n" + TASK + "    on_finsh: a\n    prams: 1"
    )
    assert [place(problem) for problem in found] == ["1:11", "1:32", "1:49", "5:5", "6:5"]


def test_a_file_broken_in_its_last_task_blames_only_the_break() -> None:
    spec = parse("tasks:\n  - source: a.py\n    product: a.ipynb\n  - source: b.py\n    product: {nb: b.ipynb\n")
    assert [task.name for task in spec.tasks] == ["a"]
    assert [problem.code for problem in spec.problems] == ["yaml_syntax"]


LONG = "x" * 1_000_000


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (f"source: a.py, name: {LONG}, product: a.ipynb", "task_name"),
        (f"source: {LONG[:3000]}.py, product: a.ipynb", "task_name"),
        (f"source: {LONG}.py, product: a.ipynb", "path_too_long"),
        (f"source: {LONG}, product: a.ipynb", "path_too_long"),
        (f"source: a.py, product: {LONG}.ipynb", "path_too_long"),
        (f"source: a.py, product: a.ipynb, ? {LONG} : 1", "unknown_key"),
        (f"source: a.py, product: a.ipynb, class: {LONG}", "task_class"),
        (f"source: a.py, product: a.ipynb, upstream: [{LONG}]", "upstream_unknown"),
        (f"source: a.sql, product: [{LONG}, table], client: m.f", "path_too_long"),
        (f"source: a.py, product: a.ipynb, params: {{? {LONG} x : 1}}", "params_name"),
        (f"source: a.py, product: a.ipynb, params: !{LONG} x", "yaml_refused"),
        (f"source: a.py, name: 'a-[[v]]', product: a.ipynb, grid: {{v: [1], ? {LONG} x : [2]}}", "params_name"),
    ],
)
def test_what_is_too_long_to_be_a_name_is_a_mistake_that_is_told_in_few_words(entry: str, code: str) -> None:
    spec = parse(f"meta: {{extract_upstream: false}}\ntasks:\n- {{{entry}}}\n")
    assert code in {problem.code for problem in spec.problems}
    assert all(problem.hint for problem in spec.problems if problem.code in {"task_name", "path_too_long"})
    assert sum(len(problem.message) + len(problem.hint) for problem in spec.problems) < 10_000
    assert all(len(task.name) <= 255 and len(task.source) <= 4096 for task in spec.tasks)
    assert all(len(product.path) <= 4096 for task in spec.tasks for product in task.products)


def test_a_flood_of_mistakes_is_summed_up() -> None:
    spec = parse("tasks: []\n" + "".join(f"tasksss{n}: 1\n" for n in range(20_000)))
    assert len(spec.problems) <= 100
    assert "more" in spec.problems[-1].message


def test_ten_thousand_tasks_are_not_too_many() -> None:
    entry = (
        "- {{source: tasks/t{0}.py, product: {{nb: out/{0}.ipynb, data: out/{0}.csv}}, params: {{a: {0}, b: [x]}}}}\n"
    )
    text = "".join(entry.format(number) for number in range(10_000))
    spec = parse(text)
    assert spec.problems == ()
    assert len(spec.tasks) == 10_000
    assert check_products(spec.tasks, "pipeline.yaml", spec.files) == []


# --- Whatever comes -------------------------------------------------------------------------

scalar = st.sampled_from(
    [
        *(None, True, 0, -1.5, float("nan"), "", "é\n"),
        *" |.|..|/|a.py|b.ipynb|{{x}}|{{name}}|{{git}}|a::b|f.sql|m.f|*|[[x]]|a-[[x.y]]|[[".split("|"),
        *"c.csv|table|sqlite:///x|ScriptRunner|SQLDump|SQLUpload|File|GenericProduct|serial|strict|more.yaml".split(
            "|"
        ),
    ]
)
key = st.sampled_from(
    [
        *"source product name params upstream class kernelspec_name nb_product_key nb zzz grid client".split(),
        *"dotted_path on_finish serializer product_class nbconvert_exporter_name chunksize resources_ x y".split(),
        "",
    ]
)
value = st.recursive(
    scalar, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(key, inner, max_size=5), max_leaves=10
)
task = st.dictionaries(key, value, max_size=6) | value
top = st.fixed_dictionaries(
    {"tasks": st.lists(task, max_size=4) | value},
    optional={
        "meta": st.dictionaries(
            st.sampled_from("extract_upstream extract_product source_loader import_tasks_from x".split()),
            value,
            max_size=3,
        )
        | value,
        "executor": value,
        "clients": value | st.dictionaries(st.sampled_from(["File", "SQLScript", "SQLDump"]), scalar),
        "location": value,
        "on_render": value,
        "config": value,
    },
)


@given(top | value, st.lists(task, max_size=3) | value)
@settings(max_examples=200)
def test_no_structure_is_too_odd(data: object, imported: object) -> None:
    spec = parse(yaml.safe_dump(data), {"more.yaml": yaml.safe_dump(imported), "env.yaml": "x: [1, b]"})
    for problem in (*spec.problems, *check_products(spec.tasks, "pipeline.yaml", spec.files)):
        encode(problem)
        assert problem.message.endswith(".")
        assert problem.where is not None
        assert problem.where.line is not None or problem.code in ("spec_empty", "import_empty")
    names = [task.name for task in spec.tasks]
    assert len(names) == len(set(names))
    for each in spec.tasks:
        if each.name in spec.unsound or each.extract_product:
            continue
        paths = [product.path for product in (*each.products, *each.relations)]
        assert paths
        assert each.kind != "notebook" or {product.key for product in each.products} >= {*each.notebooks} != set()
        assert not any(path.startswith(("/", "..")) for path in (each.source, *paths))


@given(st.text() | st.binary())
def test_no_text_is_too_odd(text: str | bytes) -> None:
    content = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    entry = Entry("file", ROOT, ROOT / "pipeline.yaml", ROOT / "env.yaml")
    for problem in parse_spec(entry, lambda _: content, {}).problems:
        encode(problem)
