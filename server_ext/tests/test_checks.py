"""What is wrong with a task's source is told before it runs, at its place in the user's own file, and rightly."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent

import pytest
import yaml
from drawn import Workshop
from hypothesis import given
from hypothesis import strategies as st

from cauce.contract import Problem, RunRequest
from cauce.engine.build import Stop, build
from cauce.engine.checks import checks_of, errors_of
from cauce.engine.errors import PipelineHasErrors
from cauce.engine.executors.fake import FakeExecutor
from cauce.engine.parsecache import ParseCache
from cauce.engine.project import Project, load
from cauce.engine.spec import entry_of_file

HEAD = '# %% tags=["parameters"]\nupstream = None\nproduct = None\n\n# %%\n'

Loaded = Callable[..., Project]


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    """A project of files given as text, its pipeline among them or as a list of tasks."""

    def make(tasks: list[dict[str, object]] | str, **files: str) -> Project:
        for name, text in files.items():
            path = tmp_path / name.replace("__", ".")
            path.write_text(text)
        text = tasks if isinstance(tasks, str) else yaml.safe_dump({"tasks": tasks})
        (tmp_path / "pipeline.yaml").write_text(text)
        return load(entry_of_file(tmp_path / "pipeline.yaml"), ParseCache())

    return make


def script(loaded: Loaded, body: str, *, head: str = HEAD, **task: object) -> tuple[Problem, ...]:
    """Findings of one task, which is a script."""
    project = loaded([{"source": "a.py", "product": "out/a.ipynb", **task}], a__py=head + body)
    assert [problem for problem in project.problems if problem.severity == "error"] == []
    return checks_of(project, "a")


def notebook(loaded: Loaded, *cells: str, tags: Mapping[int, str] | None = None) -> tuple[Problem, ...]:
    """Findings of one task, which is a notebook; its first cell holds the parameters."""
    tagged = {0: "parameters", **(tags or {})}
    content = {
        "cells": [
            {
                "cell_type": "code",
                "id": f"c{index}",
                "metadata": {"tags": [tagged[index]]} if index in tagged else {},
                "outputs": [],
                "execution_count": None,
                "source": source,
            }
            for index, source in enumerate(("upstream = None", *cells))
        ],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    project = loaded([{"source": "a.ipynb", "product": "out/a.ipynb"}], a__ipynb=json.dumps(content))
    return checks_of(project, "a")


def told(problems: tuple[Problem, ...]) -> list[str]:
    """`error a.py:6:7 message`, for comparing."""
    lines = []
    for problem in problems:
        where = problem.where
        assert where is not None
        place = ":".join(str(part) for part in (where.path, where.line, where.column) if part is not None)
        lines.append(f"{problem.severity} {place} {problem.message}")
    return lines


# --- Names --------------------------------------------------------------------------------


@pytest.mark.case("C7", note="with its place in the user's own file")
def test_a_task_with_an_undefined_name_fails_before_anything_is_started(workshop: Callable[[str], Workshop]) -> None:
    project = workshop("load ─► fit\nplot")
    project.source("load").write_text(f"{HEAD}number = 1\nprint(foo)\n")

    built = project.build()

    assert built.executor.started == ["plot"]
    assert built.ends["load"] == "failed"
    failed = built.finished("load")
    assert failed.error is not None
    assert "'foo' is not defined" in failed.error.message
    assert failed.error.where is not None
    assert (failed.error.where.line, failed.error.where.column) == (7, 7)


def test_a_name_is_placed_by_characters_not_bytes_and_told_once(loaded: Loaded) -> None:
    assert told(
        script(loaded, "größe = 'ß'\n\n\n# %% [markdown]\n# Words\n\n# %%\nprint('ßß', größe, foo, foo)\n")
    ) == ["error a.py:13:20 The name 'foo' is not defined."]


def test_a_name_in_a_notebook_is_placed_by_cell_and_line(loaded: Loaded) -> None:
    found = notebook(loaded, "\n\nx = 1\n", "%%time\n\nprint(x)\nprint(foo)", "   y = 2\n   print(bar)")
    assert told(found) == [
        "error a.ipynb Cell 3, line 4: The name 'foo' is not defined.",
        "error a.ipynb Cell 4, line 2: The name 'bar' is not defined.",
    ]


def test_upstream_that_was_not_declared_is_explained(loaded: Loaded) -> None:
    head = '# %% tags=["parameters"]\nproduct = None\n\n# %%\n'
    [problem] = script(loaded, "print(upstream)\n", head=head)
    assert "declare" in problem.hint
    assert "parameters cell" in problem.hint


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("print(np.pi)", "import numpy as np"),
        ("print(json.dumps(1))", "import json"),
        ("tresholds = 3\nprint(thresholds)", "'tresholds'"),
        ("print(alpah)", "'alpha'"),
    ],
)
def test_what_was_meant_is_suggested(loaded: Loaded, code: str, hint: str) -> None:
    problem = next(each for each in script(loaded, code, params={"alpha": 1}) if each.severity == "error")
    assert hint in problem.hint


def test_parameters_are_defined_only_after_the_cell_of_parameters(loaded: Loaded) -> None:
    head = '# %% tags=["parameters"]\nupstream = None\nproduct = None\nhalf = alpha / 2\n\n# %%\n'
    found = script(loaded, "print(alpha, half)\n", head=head, params={"alpha": 1})
    assert told(found) == ["error a.py:4:8 The parameter 'alpha' is used before it is given."]


def test_other_sure_mistakes_are_told(loaded: Loaded) -> None:
    found = script(
        loaded, "def f(a, a):\n    pass\nreturn 1\nbreak\nyield 2\ndef g():\n    print(n)\n    n = 1\nn = 0\n"
    )
    assert [problem.code for problem in found] == [
        "check_duplicate_argument",
        "check_return",
        "check_loop",
        "check_yield",
        "check_undefined_local",
    ]


def test_what_is_a_matter_of_taste_is_not_told(loaded: Loaded) -> None:
    assert script(loaded, "import os, sys\nx = f'no placeholder'\nd = {'a': 1, 'a': 2}\ndef f():\n    y = 1\n") == ()


@pytest.mark.case("C8", note="also magics that bind names")
@pytest.mark.parametrize(
    "code",
    [
        "%matplotlib inline\n!ls -l\n%time x = 1\nprint(x)",
        "%%bash\nfor i in 1 2; do echo $i; done",
        "%%time\nx = 1\nprint(x)",
        "%%capture out\nprint(1)",
        "files = !ls\nprint(files)",
        "%%bash --out made\necho 1",
        "open?\n??open",
        "display(1)\nprint(_, Out, In, _3, _i2)\nget_ipython()",
        "%config X\n%pip install a \\\n  b",
        "%matplotlib inline\nquery = '''\n%s\n!not a magic'''\nmore = \"\"\"\nis it?\n%d\"\"\"",
        "%%writefile other.py\nthis is no Python",
        "await something()\nasync for x in y():\n    pass\n",
        ">>> print(1)",
        "print(1); print(2);",
    ],
)
def test_what_ipython_adds_is_no_mistake(loaded: Loaded, code: str) -> None:
    after = {"%%capture out\nprint(1)": "out.show()", "%%bash --out made\necho 1": "print(made)"}.get(code, "1")
    found = notebook(loaded, "async def something(): ...\nasync def y(): ...", code, after)
    assert [problem for problem in found if problem.severity == "error"] == []


@pytest.mark.parametrize(
    "code",
    [
        "%run other.py",
        "%load_ext something",
        "%pylab inline",
        "get_ipython().run_line_magic('run', 'other.py')",
        "exec(open('other.py').read())",
        "globals().update(more=1)",
    ],
)
def test_a_name_that_may_come_from_where_nobody_sees_is_a_warning(loaded: Loaded, code: str) -> None:
    [problem] = notebook(loaded, code, "print(more)")
    assert (problem.code, problem.severity) == ("check_undefined", "warning")


@pytest.mark.parametrize(
    "code",
    [
        "from somewhere import *\nprint(more)",
        "try:\n    more\nexcept NameError:\n    more = 1",
        "def f():\n    global more\n    more = 1\nf()\nprint(more)",
        "def f():\n    return part\npart = 1\nf()\ndel part",
        "import pandas as pd\ndef f(x: 'np.ndarray') -> 'Anything': ...",
        "from __future__ import annotations\ndef f(x: Anything): ...",
        "class A:\n    x = 1\n    y = [x for _ in range(3)]",
        "if False:\n    more = 1\nprint(more)",
        "print(*(more for more in range(3)))\nprint(lambda more: more)",
    ],
)
def test_a_name_that_is_defined_after_all_is_no_mistake(loaded: Loaded, code: str) -> None:
    assert [problem for problem in script(loaded, code) if problem.severity == "error"] == []


def test_a_cell_that_is_meant_to_fail_or_not_run_is_left_alone(loaded: Loaded) -> None:
    assert notebook(loaded, "print(foo)", "print(bar)", tags={1: "raises-exception", 2: "skip-execution"}) == ()


def test_names_from_an_injected_cell_that_was_committed_are_known(loaded: Loaded) -> None:
    assert notebook(loaded, "old = 1", "print(old)", tags={1: "injected-parameters"}) == ()


# --- Syntax -------------------------------------------------------------------------------


def test_a_syntax_error_has_a_place(loaded: Loaded) -> None:
    assert told(script(loaded, "x = 1\n\n# %%\nfor i in range(3) print(i)\n")) == [
        "error a.py:9:19 This is not valid Python: invalid syntax."
    ]


def test_a_cell_that_a_blank_line_has_ended_is_explained(loaded: Loaded) -> None:
    head = '# + tags=["parameters"]\nupstream = None\nproduct = None\n# -\n\n'
    found = script(loaded, "try:\n    x = 1\n\nexcept ImportError:\n    x = 2\n", head=head)
    assert found
    assert all("'# %%'" in problem.hint for problem in found)


# --- Parameters ---------------------------------------------------------------------------


@pytest.mark.case("C6")
def test_strict_wants_the_cell_and_params_to_match_and_says_both_in_one(loaded: Loaded) -> None:
    head = '# %% tags=["parameters"]\nupstream = None\nproduct = None\nr = 1\nif r:\n    s: int = 2\n\n# %%\n'
    found = script(loaded, "1\n", head=head, params={"q": 1, "s": 1}, static_analysis="strict")
    assert told(found) == [
        "error a.py:2:1 The parameters cell and 'params' do not match: the cell has 'r', which 'params' does not "
        "give; 'params' gives 'q', which the cell does not have."
    ]


async def test_strict_refuses_the_build(loaded: Loaded, tmp_path: Path) -> None:
    script(loaded, "print(foo)\n", static_analysis="strict")
    entry = entry_of_file(tmp_path / "pipeline.yaml")
    with pytest.raises(PipelineHasErrors) as refused:
        await build(entry, RunRequest(), executor=FakeExecutor(), emit=lambda _: None, stop=Stop())
    assert [problem.code for problem in refused.value.problems] == ["check_undefined"]


def test_an_unused_parameter_is_a_warning_at_the_task(loaded: Loaded) -> None:
    found = script(loaded, "print(a)\nb = 1\ndf = 'x > @c'\nd += 1\n", params=dict.fromkeys("abcd", 1))
    assert told(found) == ["warning pipeline.yaml:2:3 This parameter is not used in a.py: 'b'."]


def test_disable_looks_for_nothing(loaded: Loaded) -> None:
    assert script(loaded, "print(foo\n", params={"q": 1}, static_analysis="disable") == ()


# --- Functions ----------------------------------------------------------------------------


def function(loaded: Loaded, code: str, **task: object) -> tuple[Problem, ...]:
    project = loaded([{"source": "fns.fit", "product": "out.csv", **task}], fns__py=dedent(code))
    assert [problem for problem in project.problems if problem.severity == "error"] == []
    return checks_of(project, "fit")


def test_a_function_must_take_what_its_task_gives(loaded: Loaded) -> None:
    assert told(function(loaded, "\ndef fit(product, m, n=1): ...\n", params={"k": 1})) == [
        "error fns.py:2 The function 'fit' does not take 'k', which 'params' gives.",
        "error fns.py:2 The function 'fit' needs 'm', which nobody gives.",
    ]
    assert told(function(loaded, "def fit(): ...\n")) == [
        "error fns.py:1 The function 'fit' does not take 'product', the path to write to."
    ]


def test_a_function_that_takes_anything_or_is_decorated_is_believed(loaded: Loaded) -> None:
    assert function(loaded, "def fit(**given): ...\n", params={"k": 1}) == ()
    decorated = function(loaded, "import x\n\n@x.wraps\ndef fit(a): ...\n")
    assert {problem.severity for problem in decorated} == {"warning"}


def test_only_a_functions_own_lines_are_its_business(loaded: Loaded) -> None:
    code = """
        import os

        def other():
            return undefined_there

        def fit(product):
            return os.path, undefined_here, later

        later = 1
        """
    assert told(function(loaded, code)) == ["error fns.py:8:21 The name 'undefined_here' is not defined."]


# --- Templates ----------------------------------------------------------------------------


def sql(loaded: Loaded, text: str, **task: object) -> tuple[Problem, ...]:
    asked = {"source": "a.sql", "product": ["t", "table"], "client": "sqlite:///data.db", **task}
    return checks_of(loaded([asked], a__sql=text), "a")


def test_a_sql_script_must_say_where_its_product_goes(loaded: Loaded) -> None:
    [problem] = sql(loaded, "CREATE TABLE t AS SELECT 1")
    assert (problem.code, problem.severity) == ("check_no_product", "error")
    assert sql(loaded, "CREATE TABLE {{product}} AS SELECT 1") == ()


def test_placeholders_of_a_sql_script_must_be_given_and_used(loaded: Loaded) -> None:
    text = "CREATE TABLE {{product}} AS\nSELECT {{nn}}, {{ free | default(1) }}, {{ get_key('x.json', 'k') }}"
    assert told(sql(loaded, text, params={"n": 1})) == [
        "error a.sql:2 The placeholder 'nn' is not defined.",
        "warning pipeline.yaml:2:3 This parameter is not used in a.sql: 'n'.",
    ]


def test_a_table_declared_as_a_view_is_a_warning(loaded: Loaded) -> None:
    [problem] = sql(loaded, "-- a comment\nCREATE VIEW {{product}} AS SELECT 1")
    assert (problem.code, problem.severity) == ("check_relation_kind", "warning")
    [problem] = sql(loaded, "/* create */ SELECT * FROM {{product}}")
    assert (problem.code, problem.severity) == ("check_makes_nothing", "warning")


def test_a_shell_script_must_say_where_its_product_goes(loaded: Loaded) -> None:
    project = loaded([{"source": "a.sh", "product": "a.txt"}], a__sh="echo 1 > a.txt\n")
    [problem] = checks_of(project, "a")
    assert problem.code == "check_no_product"


# --- Looking ------------------------------------------------------------------------------


def test_findings_follow_an_edit_of_source_or_pipeline(loaded: Loaded) -> None:
    assert len(script(loaded, "print(alpha)\n")) == 1
    assert script(loaded, "print(alpha)\n", params={"alpha": 1}) == ()
    assert len(script(loaded, "print(alpha, beta)\n", params={"alpha": 1})) == 1


def test_each_task_of_a_shared_source_has_the_finding(loaded: Loaded) -> None:
    tasks: list[dict[str, object]] = [
        {"source": "a.py", "name": name, "product": f"out/{name}.ipynb"} for name in ("one", "two")
    ]
    project = loaded(tasks, a__py=f"{HEAD}print(foo)\n")
    assert [errors_of(project, task)[0].task for task in ("one", "two")] == ["one", "two"]


@pytest.mark.case("J12")
def test_findings_are_no_problems_of_the_project(loaded: Loaded) -> None:
    """So the graph stands, other tasks run, and the file opens with its parameters."""
    project = loaded([{"source": "a.py", "product": "out/a.ipynb"}], a__py=f"{HEAD}print(foo)\n")
    assert errors_of(project, "a")
    assert project.problems == ()
    assert project.unbuildable == frozenset()


PIECES = st.sampled_from(
    ["x", "print(", ")", "# %%\n", "%%time\n", "%run a\n", "'''", "for ", " in ", ":", "    ", "{", "}", "\\", "é",
     "def f", "@", "lambda ", "await ", "!ls\n", "?", "del ", "import *", "\x00", "\f", "class ",
     "\n"]
)  # fmt: skip


@given(body=st.lists(PIECES, max_size=40).map("".join))
def test_no_text_is_too_odd(body: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("odd")
    (folder / "a.py").write_text(HEAD + body)
    (folder / "pipeline.yaml").write_text("tasks: [{source: a.py, product: a.ipynb}]")
    project = load(entry_of_file(folder / "pipeline.yaml"), ParseCache())
    for problem in checks_of(project, "a"):
        assert problem.task == "a"
        assert problem.message.endswith(".")
