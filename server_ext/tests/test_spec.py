"""pipeline.yaml: what is sound is read, what is not is said with its place and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cauce.contract import Problem, encode
from cauce.engine.document import Value
from cauce.engine.spec import Entry, PipelineSpec, ProductSpec, parse_spec
from cauce.engine.spec.products import check_products

ROOT = Path("/project")


def parse(text: str, files: Mapping[str, str] | None = None, evaluated: Mapping[str, Value] | None = None,
          name: str = "pipeline.yaml") -> PipelineSpec:
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
    assert load.notebook_key == "nb"
    assert load.params == {"rows": 10, "columns": ["a", "b"], "nested": {"deep": None}}
    assert load.upstream == ()
    assert (load.where.line, load.where.column) == (5, 5)
    assert (fit.name, fit.products, fit.notebook_key) == ("fit-model", (ProductSpec("", "out/fit.ipynb"),), "")
    assert fit.upstream == ("load", "clean-*")


def test_a_bare_list_of_tasks_is_a_pipeline_and_upstream_is_in_the_sources() -> None:
    [task] = parse("- source: a.py\n  product: a.ipynb\n").tasks
    assert (task.name, task.upstream) == ("a", None)


TASK = "tasks:\n  - source: a.py\n    product: {nb: a.ipynb}\n"

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
    "params is a list": (TASK + "    params: [a]", "4:13", "mapping"),
    "reserved parameter": (TASK + "    params: {upstream: 1}", "4:14", "another name"),
    "odd parameter": (TASK + "    params: {a-b: 1}", "4:14", "letters, digits"),
    "keyword parameter": (TASK + "    params: {lambda: 1}", "4:14", "letters, digits"),
    "parameter bomb": (
        TASK + "    params: {a: &a [x, x, x, x, x, x, x, x, x, x], " + ", ".join(
            f"a{n}: &a{n} [{', '.join([f'*a{n - 1}' if n else '*a'] * 9)}]" for n in range(6)
        ) + "}", "4:", "file",
    ),
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


def test_a_file_broken_in_its_last_task_blames_only_the_break() -> None:
    spec = parse("tasks:\n  - source: a.py\n    product: a.ipynb\n  - source: b.py\n    product: {nb: b.ipynb\n")
    assert [task.name for task in spec.tasks] == ["a"]
    assert [problem.code for problem in spec.problems] == ["yaml_syntax"]


def test_a_flood_of_mistakes_is_summed_up() -> None:
    spec = parse("tasks: []\n" + "".join(f"tasksss{n}: 1\n" for n in range(20_000)))
    assert len(spec.problems) <= 100
    assert "more" in spec.problems[-1].message


# --- Whatever comes -------------------------------------------------------------------------

scalar = st.sampled_from(
    [None, True, 0, -1.5, float("nan"), "", "é\n", *" |.|..|/|a.py|b.ipynb|{{x}}|a::b|f.sql|m.f|*".split("|")]
)
key = st.sampled_from(
    [*"source product name params upstream class kernelspec_name nb_product_key nb zzz grid".split(), ""]
)
value = st.recursive(
    scalar, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(key, inner, max_size=5), max_leaves=10
)
task = st.dictionaries(key, value, max_size=6) | value
top = st.fixed_dictionaries(
    {"tasks": st.lists(task, max_size=4) | value},
    optional={
        "meta": st.dictionaries(st.sampled_from(["extract_upstream", "x"]), value, max_size=2) | value,
        "executor": value,
        "clients": value,
    },
)


@given(top | value)
@settings(max_examples=200)
def test_no_structure_is_too_odd(data: object) -> None:
    spec = parse(yaml.safe_dump(data))
    for problem in spec.problems:
        encode(problem)
        assert problem.message
        assert problem.where is not None
        assert problem.where.line is not None or problem.code == "spec_empty"
    names = [task.name for task in spec.tasks]
    assert len(names) == len(set(names))
    sound = [task for task in spec.tasks if task.name not in spec.unsound]
    for each in sound:
        paths = [product.path for product in each.products]
        assert paths
        assert len(paths) == len(set(paths))
        assert any(product.key == each.notebook_key for product in each.products)
        assert not any(path.startswith(("/", "..")) for path in (each.source, *paths))
