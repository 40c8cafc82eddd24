"""What a source says: its upstream, its code, its imports. Read from every format, never run."""

from __future__ import annotations

import ast
import contextlib
import json
import warnings
from pathlib import Path
from typing import Any

import jupytext
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from looked import Looked

from cauce.contract import Problem, Where, encode
from cauce.engine.fingerprint import ModuleIndex, local_modules
from cauce.engine.source import SourceFacts, read_facts, unified_diff
from cauce.engine.spec import Entry

HEAD = '# %% tags=["parameters"]\n'


def facts(text: str | bytes, source: str = "tasks/fit.py") -> SourceFacts:
    content = text if isinstance(text, bytes) else text.encode()
    return read_facts(content, source, "fit", extract_upstream=True)


def ipynb(*cells: str) -> str:
    """An .ipynb with these code cells, none with a tag."""
    return notebook(*((cell, "") for cell in cells))


def notebook(*cells: tuple[str, str]) -> str:
    """An .ipynb with these code cells, each with its tag ('': none)."""
    given: list[dict[str, object]] = [
        {
            "cell_type": "code",
            "source": text,
            "metadata": {"tags": [tag]} if tag else {},
            "outputs": [],
            "execution_count": None,
            "id": f"c{n}",
        }
        for n, (text, tag) in enumerate(cells)
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": given})


def problem(text: str) -> Problem:
    [found] = facts(f"{text}\n# %%\n1 + 1\n").problems
    return found


# --- Upstream -------------------------------------------------------------------------------


@pytest.mark.case("X1", "X3")
@pytest.mark.parametrize(
    ("cell", "upstream"),
    [
        ("upstream = None", ()),
        ("upstream = []", ()),
        ("x = 1", ()),
        ("upstream = ['load', 'clean']", ("load", "clean")),
        ("upstream = ('load',)", ("load",)),
        ("upstream = {'load', 'clean', 'load'}", ("load", "clean")),  # a set, in the order written
        ("upstream = {'load': None, 'fit-*': None}", ("load", "fit-*")),
        ("upstream = set()", ()),
        ("upstream: list[str] = ['load']", ("load",)),
        ("upstream: list = []", ()),
        ("upstream = ['a']\nif True:\n    upstream = ['b']", ("a",)),
        ("upstream = product = ['load']", ("load",)),
        ("upstream = ['a']\nupstream = ['b']", ("b",)),
        ("upstream = [\n    'a',  # first\n\n    'b',\n]", ("a", "b")),
        ("def f():\n    upstream = ['a']", ()),
        ("%load_ext autoreload\nupstream = ['a']  # right?", ("a",)),
        ("upstream = ['a' 'b']", ("ab",)),
    ],
)
def test_upstream_is_the_literal_in_the_parameters_cell(cell: str, upstream: tuple[str, ...]) -> None:
    found = facts(f"{HEAD}{cell}\n\n# %%\nupstream = ['elsewhere']\n")
    assert found.upstream == upstream
    assert [problem for problem in found.problems if problem.severity == "error"] == []


@pytest.mark.case("X12", note="annotated literals are read, calls are refused by name")
@pytest.mark.parametrize(
    "cell",
    [
        "upstream = list(['a'])",
        "upstream = __import__('pathlib').Path({path!r}).write_text('ran')",
        "upstream = [name for name in 'ab']",
        "upstream = ['a'] + ['b']",
        "upstream = 'load'",
        "upstream = [1]",
        "upstream = f'{{open({path!r}, \"w\")}}'",
        "upstream = ['a']\nupstream += ['b']",
        "upstream, product = ['a'], None",
        "upstream = ['a'",
        "upstream = " + "(" * 150 + "1" + ")" * 150,
    ],
)
def test_upstream_that_is_computed_is_refused_and_never_run(cell: str, tmp_path: Path) -> None:
    trap = tmp_path / "ran"
    found = problem("import os\n\n" + HEAD + cell.format(path=str(trap)) + "\n")
    assert not trap.exists()
    assert found.severity == "error"
    assert found.hint
    assert found.task == "fit"
    assert found.where is not None
    assert found.where.path == "tasks/fit.py"


@pytest.mark.case("X2", note="a parameters cell without 'upstream' is a warning, and means none")
@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("x = 1", "The parameters cell (cell 2) does not say 'upstream': it counts as none."),
        ("upstream = 1", "'upstream' must be a list of task names or None, not 1 (cell 2)."),
        ("upstream = 'b'", "'upstream' must be a list of task names or None, not 'b' (cell 2)."),
        ("upstream = f()", "'upstream' must be written out, not computed: f() (cell 2)."),
        ("upstream = (", "The parameters cell (cell 2) is not valid Python."),
    ],
)
def test_what_is_wrong_with_upstream_names_file_and_cell(cell: str, message: str) -> None:
    text = notebook(("1 + 1", ""), (cell, "parameters"), ("1 + 1", ""))
    [found] = facts(text, "fit.ipynb").problems
    assert found.message == message
    assert found.hint
    assert found.where == Where(path="fit.ipynb")
    as_script = f"# %%\n1 + 1\n\n{HEAD}{cell}\n\n# %%\n1 + 1\n"
    [found] = facts(as_script).problems
    assert found.where == Where(path="tasks/fit.py", line=5)


def test_the_place_of_a_computed_upstream_is_told() -> None:
    where = problem(f"{HEAD}product = None\nupstream = names()\n").where
    assert where is not None
    assert (where.path, where.line) == ("tasks/fit.py", 3)


def test_no_upstream_is_extracted_when_the_pipeline_gives_it() -> None:
    text = f"{HEAD}upstream = names()\n\n# %%\n1 + 1\n".encode()
    found = read_facts(text, "tasks/fit.py", "fit", extract_upstream=False)
    assert (found.upstream, found.problems) == ((), ())


@pytest.mark.case("X10", note="such a source needs nothing; it is left as it is")
def test_without_a_parameters_cell_there_is_no_upstream() -> None:
    found = facts("# %%\nupstream = ['a']\n")
    assert (found.upstream, found.problems) == ((), ())


@pytest.mark.case("X11")
@pytest.mark.parametrize(
    ("source", "text", "example"),
    [
        ("a.py", f"{HEAD}upstream = None\n1 + 1\n", "after a line '# %%'."),
        ("a.py", '# + tags=["parameters"]\nupstream = None\n# -\n', "after a line '# +'."),
        ("a.md", '```python tags=["parameters"]\nupstream = None\n```\n', "after a line '```python'."),
        ("a.R", '# %% tags=["parameters"]\nupstream <- NULL\n', "after a line '# %%'."),
        ("a.Rmd", '```{r tags=c("parameters")}\nupstream <- NULL\n```\n', "after a line '```{r}'."),
        ("a.ipynb", "", "Add a code cell below it."),
    ],
)
def test_a_parameters_cell_that_is_last_is_told_with_an_example(source: str, text: str, example: str) -> None:
    text = text or notebook(("upstream = None", "parameters"), ("", ""))
    [found] = facts(text, source).problems
    assert (found.code, found.severity, found.where) == ("parameters_last", "error", Where(path=source))
    assert found.hint.endswith(example)


# --- R --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "upstream"),
    [
        ("upstream <- NULL", ()),
        ("upstream = list()", ()),
        ("upstream <- list('a', \"b\")  # two", ("a", "b")),
        ("upstream <- c('a',\n  'b', # the last\n  'a')", ("a", "b")),
        ("upstream <- list(a = NULL, 'b' = NULL)", ("a", "b")),
        ("upstream <- list('a')\nupstream <- list('b')\nx <- upstream == 1", ("b",)),
        ("f <- function() {\n  upstream <- list('a')\n}\nupstream <- NULL", ()),
    ],
)
def test_upstream_of_an_r_source(cell: str, upstream: tuple[str, ...]) -> None:
    for source, text in {
        "a.R": f"{HEAD}{cell}\n\n# %%\n1 + 1\n",
        "a.Rmd": f'```{{r tags=c("parameters")}}\n{cell}\n```\n\n```{{r}}\n1 + 1\n```\n',
    }.items():
        found = facts(text, source)
        assert (found.upstream, found.problems) == (upstream, ())


@pytest.mark.parametrize(
    "header", ["", "---\njupyter:\n  kernelspec: {name: python3, display_name: Python 3}\n---\n\n"]
)
def test_a_document_for_r_may_be_written_in_python(header: str) -> None:
    text = f"""{header}```{{python tags=c("parameters")}}
upstream = ['i']
```

```{{python}}
import helpers  # {{}}
```
"""
    found = facts(text, "a.Rmd")
    assert (found.upstream, found.problems, found.loads.imports) == (("i",), (), ("helpers",))
    assert same(found, facts(text.replace("  # {}", ""), "a.Rmd"))


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("upstream <- names(x)", "upstream_not_literal"),
        ("upstream <- list('a'", "upstream_not_literal"),
        ("upstream <- list('a') + 1", "upstream_not_literal"),
        ("upstream <- list(1)", "upstream_shape"),
        ("upstream <- 'a'", "upstream_shape"),
        ("x <- 1", "upstream_missing"),
        ("upstream <- " + "list(" * 5_000, "upstream_not_literal"),
    ],
)
def test_upstream_of_an_r_source_that_cannot_be_read(cell: str, code: str) -> None:
    [found] = facts(f"{HEAD}{cell}\n\n# %%\n1 + 1\n", "a.R").problems
    assert found.code == code
    assert "<-" in found.hint


# --- Products that the source names ---------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "cell", "product"),
    [
        ("a.py", "product = 'out/a.ipynb'", "out/a.ipynb"),
        ("a.py", "product: dict = {'nb': 'a.ipynb', 'data': 'a.csv'}", {"nb": "a.ipynb", "data": "a.csv"}),
        ("a.R", 'product <- "a.ipynb"', "a.ipynb"),
        ("a.R", 'product <- list(nb = "a.ipynb", "data" = \'a.csv\')', {"nb": "a.ipynb", "data": "a.csv"}),
    ],
)
def test_the_product_is_the_literal_in_the_parameters_cell(source: str, cell: str, product: object) -> None:
    text = f"{HEAD}upstream = None\n{cell}\n\n# %%\n1 + 1\n"
    found = read_facts(text.encode(), source, "a", extract_upstream=False, extract_product=True)
    assert found.problems == ()
    assert found.product is not None
    assert (found.product.value, found.product.line) == (product, 3)


@pytest.mark.parametrize("cell", ["x = 1", "product = None", "product = f()", "product = {'nb': b'x'}"])
def test_a_source_that_does_not_name_its_product_is_told_how(cell: str) -> None:
    text = f"{HEAD}{cell}\n\n# %%\n1 + 1\n".encode()
    [found] = read_facts(text, "tasks/fit.py", "fit", extract_upstream=False, extract_product=True).problems
    assert found.severity == "error"
    assert 'product = {"nb": "output/fit.ipynb"}' in found.hint


def test_scripts_of_a_folder_that_name_their_products(tmp_path: Path) -> None:
    body = "\n\n# %%\n1 + 1\n"
    project = Looked(
        tmp_path,
        {
            "a.py": f"{HEAD}upstream = None\nproduct = {{'nb': 'out/a.ipynb', 'data': 'out/a.csv'}}{body}",
            "b.py": f"{HEAD}upstream = ['a']\nproduct = 'out/b.ipynb'{body}",
        },
        Entry(kind="glob", root=tmp_path, path=tmp_path / "*.py", target="*.py"),
    )
    assert project.problems() == []
    assert project.load().binding("b").upstream == {"a": {"nb": "out/a.ipynb", "data": "out/a.csv"}}
    assert project.build() == "ok"
    assert project.why() == {}
    project.edit("a.py", "a.csv", "b.ipynb")
    assert {(problem.code, problem.task) for problem in project.problems()} == {("duplicate_product", "b")}
    project.write("c.py", f"{HEAD}upstream = ['b']\nproduct = 'out/c.ipynb'{body}")
    assert set(project.load().tasks) == {"a", "b", "c"}


# --- Which task needs which -----------------------------------------------------------------


@pytest.mark.case("S8")
def test_an_upstream_that_is_no_task_is_told_with_those_that_there_are(tmp_path: Path) -> None:
    files = {f"{name}.py": f"{HEAD}upstream = ['zz']\n\n# %%\n1 + 1\n" for name in ("load", "plot")}
    pipeline = "".join(f"- {{source: {name}.py, product: {name}.ipynb}}\n" for name in ("load", "plot"))
    found = Looked(tmp_path, {"pipeline.yaml": pipeline, **files}).problems()[0]
    assert found.message == "'load' needs 'zz', which is no task."
    assert found.hint == "Tasks are: load, plot."


def test_a_task_of_a_class_that_cannot_be_run_keeps_its_place_and_its_source_is_not_missed(tmp_path: Path) -> None:
    pipeline = """\
meta: {extract_upstream: false}
tasks:
- {source: get.py, product: {nb: out/get.ipynb, data: out/users.csv}}
- {source: out/users.csv, name: upload, class: SQLUpload, product: [users, table], upstream: get}
"""
    project = Looked(tmp_path, {"pipeline.yaml": pipeline, "get.py": f"{HEAD}upstream = None\n\n# %%\n1 + 1\n"})
    assert [problem.code for problem in project.problems()] == ["task_unsupported"]
    assert project.load().graph.upstream["upload"] == ("get",)


@pytest.mark.case("G10")
def test_a_wildcard_gives_a_group_to_every_kind_of_task(tmp_path: Path) -> None:
    #  m-0, m-1 ─► script, function, query
    pipeline = """\
clients: {SQLDump: 'sqlite:///x.db'}
tasks:
- {source: m.py, name: m-, product: out/m.ipynb, grid: {x: [1, 2]}}
- {source: script.py, product: out/script.ipynb}
- {source: fn.function, product: out/f.txt}
- {source: query.sql, product: out/q.csv}
"""
    files = {
        "pipeline.yaml": pipeline,
        "m.py": f"{HEAD}upstream = None\nx = None\n\n# %%\n1 + 1\n",
        "script.py": f"{HEAD}upstream = ['m-*']\n\n# %%\n1 + 1\n",
        "fn.py": "def function(product, upstream):\n    upstream['m-*']\n",
        "query.sql": "select {{upstream['m-*'] | length}}",
    }
    project = Looked(tmp_path, files)
    assert project.problems() == []
    group = {"m-*": {"m-0": "out/m-0.ipynb", "m-1": "out/m-1.ipynb"}}
    for task in ("script", "function", "query"):
        assert project.load().binding(task).upstream == group
    #  the same, said by the pipeline
    text = pipeline.replace("clients:", "meta: {extract_upstream: false}\nclients:")
    project.write("pipeline.yaml", text.replace("source: fn.function", "source: fn.function, upstream: 'm-*'"))
    assert project.load().binding("function").upstream == group
    assert project.load().binding("script").upstream is None


# --- What literals mean ---------------------------------------------------------------------

literal = st.recursive(
    st.text(max_size=4) | st.integers(-5, 5) | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)
statement = st.one_of(
    st.builds("upstream = {!r}".format, st.lists(st.text(max_size=5), max_size=4)),
    st.builds("upstream = {!r}".format, literal),
    st.builds("product = {!r}".format, literal),
    st.just("# upstream = ['commented']"),
    st.just("s = '''\nupstream = ['quoted']\n'''"),
)


@given(st.lists(statement, max_size=4))
def test_upstream_and_product_are_what_literal_eval_says_of_the_last_assignment(statements: list[str]) -> None:
    cell = "\n".join(statements)
    found = facts(notebook((cell, "parameters"), ("1 + 1", "")), "fit.ipynb")
    said: dict[str, Any] = {"upstream": None, "product": None}
    for node in ast.parse(cell).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            said[node.targets[0].id] = ast.literal_eval(node.value)
    meant = said["upstream"]
    raw = notebook((cell, "parameters"), ("1 + 1", "")).encode()
    product = read_facts(raw, "fit.ipynb", "fit", extract_upstream=False, extract_product=True).product
    assert (None if product is None else product.value) == said["product"]
    if meant is None:
        assert found.upstream == ()
        assert {each.code for each in found.problems} <= {"upstream_missing"}
    elif isinstance(meant, list | dict) and all(isinstance(name, str) for name in meant):
        assert found.upstream == tuple(dict.fromkeys(meant))
    else:
        assert found.upstream == ()
        assert [each.code for each in found.problems] == ["upstream_shape"]


# --- The identity of code -------------------------------------------------------------------

BASE = """\
# %% [markdown]
# A title

# %% tags=["parameters"]
upstream = None

# %%
import os
x = [1, 2]

# %%
# %matplotlib inline
print(x, 'a  b')

# %% language="bash"
# echo "one"
#
# echo "two"
"""

SAME = {
    "a comment": ("x = [1, 2]", "x = [1, 2]  # three"),
    "blank lines": ("import os\n", "import os\n\n\n"),
    "formatting": ("x = [1, 2]", "x = [\n    1,\n    2,\n]"),
    "quotes": ("'a  b'", '"a  b"'),
    "Markdown": ("# A title", "# Another title\n#\n# and text"),
    "a new Markdown cell": ("# %%\nimport os", "# %% [markdown]\n# more\n\n# %%\nimport os"),
    "line ends": ("\n", "\r\n"),
    "a mark at the beginning": ("# %% [markdown]\n# A title", "\ufeff# %% [markdown]\n# A title"),
    "an empty cell": ("# %%\nimport os", "# %%\n# nothing\n\n# %%\nimport os"),
    "a semicolon that hides nothing": ("x = [1, 2]", "x = [1, 2];"),
    "a tag that says nothing": ("# %%\nimport os", '# %% tags=["fun"]\nimport os'),
}
OTHER = {
    "a value": ("[1, 2]", "[1, 3]"),
    "blanks in a text": ("'a  b'", "'a b'"),
    "a magic": ("# %matplotlib inline", "# %matplotlib widget"),
    "no magic": ("# %matplotlib inline\n", ""),
    "bash": ("two", "three"),
    "a blank line in a here-document": ('# echo "one"\n#\n', '# echo "one"\n#\n#\n'),
    "the order": ("import os\nx = [1, 2]", "x = [1, 2]\nimport os"),
    "one line less": ("import os\n", ""),
    "parameters": ("upstream = None", "upstream = []"),
    "cells divided otherwise": ("import os\nx", "import os\n\n# %%\nx"),
    "a semicolon that hides": ("print(x, 'a  b')", "print(x, 'a  b');  # quiet"),
    "where parameters are filled in": (
        '# %% tags=["parameters"]\nupstream = None\n\n# %%\n',
        '# %%\nupstream = None\n\n# %% tags=["parameters"]\n',
    ),
    "no place where parameters are filled in": ('# %% tags=["parameters"]', "# %%"),
    "a cell not run": ("# %%\nimport os", '# %% tags=["skip-execution"]\nimport os'),
    "a cell that may fail": ("# %%\nimport os", '# %% tags=["raises-exception"]\nimport os'),
    "code made Markdown": ("# %%\nimport os", "# %% [markdown]\nimport os"),
}


def same(before: SourceFacts, after: SourceFacts) -> bool:
    assert before.code.same(before.code)
    assert before.code.same(after.code) == after.code.same(before.code)
    return before.code.same(after.code)


@pytest.mark.parametrize("what", SAME)
def test_what_does_not_count(what: str) -> None:
    before, after = SAME[what]
    assert before in BASE
    assert same(facts(BASE), facts(BASE.replace(before, after)))


@pytest.mark.parametrize("what", OTHER)
def test_what_counts(what: str) -> None:
    before, after = OTHER[what]
    assert before in BASE
    assert not same(facts(BASE), facts(BASE.replace(before, after, 1)))


def converted(to: str) -> str:
    notebook: Any = jupytext.reads(BASE, fmt="py:percent")  # type: ignore[no-untyped-call]  # it ships no types
    text: str = jupytext.writes(notebook, fmt=to)  # type: ignore[no-untyped-call]  # it ships no types
    return text


def test_the_format_does_not_count() -> None:
    assert "echo" in facts(converted("py:light")).text
    for to, source in {"py:light": "fit.py", "ipynb": "fit.ipynb", "md": "fit.md"}.items():
        other = facts(converted(to), source)
        assert same(facts(BASE), other)
        assert (other.upstream, other.problems) == ((), ())


@pytest.mark.case("X9")
def test_outputs_and_the_injected_cell_do_not_count() -> None:
    raw = json.loads(converted("ipynb"))
    before = facts(json.dumps(raw), "fit.ipynb")
    raw["cells"][2] |= {"outputs": [{"output_type": "stream", "name": "stdout", "text": "hello"}], "execution_count": 7}
    injected = raw["cells"][1] | {
        "source": "upstream = ['x']",
        "id": "injected",
        "metadata": {"tags": ["injected-parameters"]},
    }
    raw["cells"].insert(2, injected)
    after = facts(json.dumps(raw), "fit.ipynb")
    assert same(before, after)
    assert after.upstream == ()


def test_code_that_is_no_python_is_still_known_by_its_text() -> None:
    broken = facts(f"{HEAD}upstream = None\n\n# %%\nx = (\n")
    assert not same(broken, facts(f"{HEAD}upstream = None\n\n# %%\nx = ((\n"))
    assert same(broken, facts(f"{HEAD}upstream = None\n\n# %%\nx = (\n\n"))


@pytest.mark.deep
@pytest.mark.parametrize("terms", [100, 300, 900, 3_000, 30_000])
def test_one_expression_may_be_longer_than_the_stack(terms: int) -> None:
    long = " + ".join(["1"] * terms)
    assert not same(facts(f"# %%\nx = {long}\n"), facts(f"# %%\nx = {long} + 2\n"))


@pytest.mark.parametrize("cell", ["%%html\n{}", "{}", "x = !ls\n{}\nimport helpers", "%%time\n{}", "{}= !ls"])
@pytest.mark.parametrize("text", ["some words here\n" * 6_000, "a " * 30_000, "\n" * 60_000 + "-", "%%time\n" * 6_000])
def test_prose_is_read_in_one_pass(cell: str, text: str) -> None:
    # Looked at from each line anew it would take minutes, and the test's time be up.
    for count in (1, 10):
        assert facts(ipynb(cell.format(text * count)), "a.ipynb").code.normal


@pytest.mark.parametrize(
    ("cell", "counts"),
    [
        ("%%time\nx = 1  # one", False),
        ("%%capture out\n\n%%time\nx = 1  # one", False),
        ("%%html\nx = 1  # one", True),
        ("!ls  # one", True),
        ("files = !ls  # one", True),
        ("!ls \\\n  -l  # one\nx = 1", True),
        ("!ls\nx = 1  # one", False),
        ("x?\nx = 1  # one", False),
    ],
)
def test_a_comment_counts_where_it_is_none(cell: str, counts: bool) -> None:
    before, after = facts(ipynb(cell), "a.ipynb"), facts(ipynb(cell.replace("  # one", "")), "a.ipynb")
    assert same(before, after) != counts
    assert not same(before, facts(ipynb(cell.replace("\n", "\n\ny = 1\n", 1) + "\ny"), "a.ipynb"))


@given(st.text(max_size=40) | st.binary(max_size=40), st.sampled_from(["a.py", "a.ipynb", "a.md", "a.R", "a.Rmd"]))
@example(b"\xff\xfe", "a.py")
@example("x = '\x00'", "a.py")
def test_any_text_gives_facts_or_a_problem(content: str | bytes, source: str) -> None:
    raw = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    found = facts(raw, source)
    assert same(found, facts(raw, source))
    for each in found.problems:
        encode(each)


odd = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(0, 5)
    | st.sampled_from(["", "code", "markdown", "x = 1", "python", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                "cells metadata cell_type source tags kernelspec language outputs nbformat jupytext id".split()
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(odd, odd, odd)
@settings(max_examples=150)
@example([{"cell_type": "code", "source": "upstream = ['\ud800']", "metadata": {"tags": ["parameters"]}}], {}, [])
@example([{"cell_type": "code", "source": "upstream = ['\\ud800']", "metadata": {"tags": ["parameters"]}}], {}, [])
@example([], {"kernelspec": None}, [])
@example([], {"kernelspec": "python"}, [])
@example([], None, [])
@example([{"cell_type": "code", "source": 5, "metadata": None}], {}, [])
def test_any_notebook_gives_facts_or_a_problem(cells: object, metadata: object, outputs: object) -> None:
    raw = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}
    if isinstance(cells, list) and cells and isinstance(cells[0], dict):
        cells[0].setdefault("outputs", outputs)
    found = facts(json.dumps(raw), "a.ipynb")
    found.text.encode()  # goes into the store
    for name in found.upstream:
        name.encode()  # goes over the wire
    for each in found.problems:
        encode(each)


def test_the_difference_is_shown_in_lines_of_code() -> None:
    before, after = facts(BASE).text, facts(BASE.replace("[1, 2]", "[1, 3]")).text
    diff = unified_diff(before, after, "tasks/fit.py").splitlines()
    assert [line for line in diff if line[0] in "+-"][2:] == ["-x = [1, 2]", "+x = [1, 3]"]
    assert unified_diff(before, before, "tasks/fit.py") == ""


# --- Imports --------------------------------------------------------------------------------


def tracked(source: str, **modules: str) -> list[str]:
    """The modules behind a source; `a__b` stands for the file a/b.py."""
    files = {
        f"{name.replace('__', '/')}.py".replace("/init.py", "/__init__.py"): text for name, text in modules.items()
    }
    index = ModuleIndex(lambda path: files[path].encode() if path in files else None)
    return list(local_modules(facts(source).loads, index))


def test_modules_are_followed_as_python_would_import_them() -> None:
    #  task ─► a/__init__ ─► a/tools ─► a/deep/core ─► top      (numpy: not ours)
    modules = {
        "a__init": "from .tools import mend",
        "a__tools": "import numpy\nfrom .deep import core",
        "a__deep__init": "",
        "a__deep__core": "from ...top import x\nimport a.tools",  # beyond the top package, and in a circle
        "a__unused": "x = 1",
        "top": "",
        "unused": "",
    }
    assert tracked("# %%\ndef f():\n    import a.tools as t\n", **modules) == [
        "a/__init__.py", "a/deep/__init__.py", "a/deep/core.py", "a/tools.py", "top.py",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "line",
    [
        "import helpers",
        "import os, helpers",
        "import helpers as h",
        "from helpers import x",
        "from helpers import *",
        "from helpers.inner import x",
        "try:\n    import helpers\nexcept ImportError:\n    pass",
        "%load_ext autoreload\nimport helpers",
        "!ls\nx = helpers = 1\nimport helpers",
        "%%time\nimport helpers",
        "    import helpers",
        "    if x:\n        pass\n    import helpers",
        "importlib.import_module('helpers')",
        "%load_ext helpers",
        "%run helpers.py",
        "%run -i ./helpers 1 2",
        "%%capture\n%run 'helpers.py'",
        "!python -u helpers.py",
        "!python -m helpers",
        "exec(open('helpers.py').read())",
        "exec(compile(Path('helpers.py').read_text(), 'x', 'exec'), {})",
        "runpy.run_path('./helpers.py')",
        "%%capture out\n%%time\n!ls \\\n  -l\nimport helpers",
        "from importlib import import_module as load\nload('helpers')",
        "NAME = 'helpers'\nimportlib.import_module(NAME)",
        "for name in ['os', 'helpers']:\n    importlib.import_module(name)",
        "pkgutil.resolve_name('helpers:go')",
        "spec_from_file_location('q', 'helpers.py')",
        "get_ipython().run_line_magic('run', 'helpers')",
        "get_ipython().magic('run helpers')",
        "subprocess.run([sys.executable, 'helpers.py'])",
        "subprocess.run([sys.executable, '-m', 'helpers'])",
        "os.system('python helpers.py --fast')",
        "os.system('cd . && python -m helpers')",
        "open('helpers.py', 'r').read()",
        "%%bash\npython helpers.py",
    ],
)
def test_every_way_to_import(line: str) -> None:
    index = ModuleIndex(lambda path: b"" if path == "helpers.py" else None)
    found = facts(ipynb(line), "a.ipynb")
    assert list(local_modules(found.loads, index)) == ["helpers.py"]


@pytest.mark.parametrize(
    "line",
    [
        "'helpers.py'",
        "def f():\n    'What helpers.py does, too.'",
        "Path('helpers.py').write_text('x = 1')",
        "(folder / 'helpers.py').unlink()",
        "with open('helpers.py', 'w') as file: ...",
        "Path('helpers.py').open(mode='wt')",
        "%%writefile helpers.py\nx = 1",
        "# helpers.py",
        "%%bash\n# python helpers.py",
    ],
)
def test_what_is_told_of_and_what_is_written_is_not_loaded(line: str) -> None:
    index = ModuleIndex(lambda path: b"" if path == "helpers.py" else None)
    assert list(local_modules(facts(ipynb(line), "a.ipynb").loads, index)) == []


def test_scripts_that_r_loads_count() -> None:
    found = facts("```{r}\nsource('lib/first.R')\n```\n", "a.Rmd")
    files = {"lib/first.R": b"source('lib/second.R')", "lib/second.R": b"x <- 1"}
    assert list(local_modules(found.loads, ModuleIndex(files.get))) == list(files)


def test_a_star_inside_a_package() -> None:
    assert tracked("# %%\nfrom a import *\n", a__init="from .tools import *", a__tools="") == [
        "a/__init__.py",
        "a/tools.py",
    ]


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import sys\nsys.path.insert(0, 'lib')\nimport tool", "lib/tool.py"),
        ("import sys, os\nsys.path.append(os.path.abspath('./lib/'))\nimport tool.x", "lib/tool.py"),
        ("import sys\nsys.path[:0] = ['lib']\ndef f():\n    import tool", "lib/tool.py"),
        ("import sys\nsys.path += ['nowhere', 'lib']\nimport tool", "lib/tool.py"),
        ("import sys\nLIB = 'lib'\nsys.path.append(LIB)\nimport tool", "lib/tool.py"),
        ("import sys\nHERE = Path('lib')\nLIB = HERE.resolve()\nsys.path.append(str(LIB))\nimport tool", "lib/tool.py"),
        ("for path in ('lib', 'x'):\n    sys.path.append(path)\nimport tool", "lib/tool.py"),
        ("import sys as system\nsystem.path.append('lib')\nimport tool", "lib/tool.py"),
        ("from sys import path\npath.append('lib')\nimport tool", "lib/tool.py"),
        ("path = []\npath.append('lib')\nimport tool", ""),
        ("import site\nsite.addsitedir('lib')\nimport tool", "lib/tool.py"),
        ("sys.path.append(os.path.join('src', 'installed'))\nimport base", "src/installed/base.py"),
        ("sys.path.append(str(Path('src') / 'installed'))\nimport base", "src/installed/base.py"),
        ("import boot, tool", "boot.py lib/tool.py"),  # boot.py is it that names lib/
        ("import tool", ""),
        ("import installed.core", "src/installed/__init__.py src/installed/base.py src/installed/core.py"),
        ("import both", "both.py"),  # at the root, so not the one below src/
        ("%run scripts/go.py", "scripts/beside.py scripts/go.py"),
        ("exec(open('../other/lib.py').read())", ""),
    ],
)
def test_where_modules_are_looked_for(code: str, found: str) -> None:
    modules = {
        "lib__tool": "",
        "boot": "import sys\nsys.path.insert(0, 'lib')",
        "src__installed__init": "",
        "src__installed__core": "from . import base\nimport tool",
        "src__installed__base": "",
        "both": "",
        "src__both": "",
        "scripts__go": "import beside",
        "scripts__beside": "",
    }
    assert tracked(f"# %%\n{code}\n", **modules) == found.split()


def test_names_and_folders_without_end() -> None:
    folders = "".join(f"sys.path.append('f{n}')\n" for n in range(5_000))
    assert tracked(f"# %%\nimport {'a.' * 20_000}b\n{folders}import a\n", a="") == ["a.py"]
    named = "".join(f"N{n} = [N{n + 1}, 'f{n}', N0]\nsys.path.append(N{n})\n" for n in range(5_000))
    assert tracked(f"# %%\nimport sys\n{named}import a\n", a="") == ["a.py"]
    scripts = " ".join(f"f{n}.py" for n in range(60_000))
    assert tracked(f"# %%\nx = '{scripts}', 'a.py'\n", a="") == ["a.py"]


# --- What is read of upstream ---------------------------------------------------------------

DATA = {("load", "data")}
READS: dict[str, set[tuple[str, str]] | None] = {
    "x = 1": set(),
    "upstream = ['load']": set(),
    "pd.read_csv(upstream['load']['data'])": DATA,
    "%matplotlib inline\n%time f(1)\nx = f\"{upstream['load']['data']}\"[2:]": DATA,
    "%%capture\n%%time\ndef f():\n    return upstream['load']['data'].upper()": DATA,
    "%%html\n<b>upside</b>": set(),
    "upstream['load']['data'], upstream['load']['nb']": DATA | {("load", "nb")},
    # Whatever else is done with it may read anything.
    "upstream['load']": None,
    "upstream['load'][key]": None,
    "upstream[task]['data']": None,
    "upstream['load'].get('nb')": None,
    "for task in upstream: pass": None,
    "upstream.values()": None,
    "f(upstream)": None,
    "given = upstream": None,
    "def f(given=upstream): pass": None,
    "upstream['load'][upstream['load']['data']]": None,
    # Other ways to get at it, and at a notebook.
    "globals()['upstream']": None,
    "locals": None,
    "eval('up' + 'stream')": None,
    "exec(text)": None,
    "get_ipython().user_ns": None,
    "import __main__ as m": None,
    "from inspect import currentframe": None,
    "sys._getframe(0)": None,
    "sys.modules['__main__']": None,
    "module.upstream": None,
    "frame.query('x in @upstream')": None,
    "nbformat.read('out/load.ipynb', 4)": None,
    "Path(upstream['load']['data']).with_suffix('.ipynb')": None,
    "%run other.py": None,
    "%time f(upstream)": None,
    "!cat out/*": None,
    "files = !ls out": None,
    "%store x": None,
    # What cannot be looked at.
    "x = (": None,
    "%%bash\ncat out/*": None,
    "%%html\n%run x": set(),
}


@pytest.mark.parametrize("code", READS)
@pytest.mark.parametrize("more", ["", "upstream['load']['data']", "upstream"])
def test_what_code_reads_of_upstream(code: str, more: str) -> None:
    reads = facts(ipynb("upstream = ['load']", code, more), "a.ipynb").reads
    meant = READS[code]
    if meant is None or more == "upstream":
        assert reads.anything
        assert reads.may_read("load", "nb")
        return
    meant = meant | (DATA if more else set())
    assert not reads.anything
    assert reads.keys == meant
    assert reads.may_read("load", "nb") == (("load", "nb") in meant)


def test_what_code_in_another_language_reads_is_not_known() -> None:
    assert facts("```{r}\nx <- 1\n```\n", "a.Rmd").reads.anything


class Recorder(dict[str, Any]):
    """A mapping that knows which keys were read, and passes that on to what it holds."""

    def __init__(self, content: dict[str, Any], seen: set[tuple[str, ...]], place: tuple[str, ...] = ()) -> None:
        super().__init__(content)
        self.seen, self.place = seen, place

    def __getitem__(self, key: str) -> Any:
        value = super().__getitem__(key)
        self.seen.add((*self.place, key))
        return Recorder(value, self.seen, (*self.place, key)) if isinstance(value, dict) else value

    def get(self, key: str, default: Any = None) -> Any:
        with contextlib.suppress(KeyError):
            return self[key]
        return default


expression = st.recursive(
    st.sampled_from(["upstream", "'a'", "'b'", "'nb'", "'data'", "other", "[]", "{}"]),
    lambda inner: st.one_of(
        st.builds("{}[{}]".format, inner, inner),
        st.builds("{}.get({})".format, inner, inner),
        st.builds("(lambda upstream: {})({})".format, inner, inner),
        st.builds("[{} for other in {}]".format, inner, inner),
        st.builds("(other := {})".format, inner),
        st.builds("[{}, {}]".format, inner, inner),
    ),
    max_leaves=6,
)


@given(st.lists(expression, min_size=1, max_size=4))
@settings(max_examples=300)
@example(["(other := upstream)", "other['a']['nb']"])
@example(["upstream['a']['data']", "upstream['b']['nb']"])
def test_nothing_is_read_that_was_not_foreseen(lines: list[str]) -> None:
    reads = facts(ipynb(*lines), "a.ipynb").reads
    seen: set[tuple[str, ...]] = set()
    made = {task: {"nb": f"out/{task}.nb", "data": f"out/{task}"} for task in "ab"}
    names: dict[str, Any] = {"upstream": Recorder(made, seen), "other": "a"}
    for line in lines:
        with contextlib.suppress(Exception), warnings.catch_warnings(action="ignore"):
            exec(line, names)  # noqa: S102 - the expressions above, and nothing else
    for place in seen:
        assert len(place) == 1 or reads.may_read(*place)


# --- Sizes ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("a.py", "# %%\na\n" * 200_000),
        ("a.py", "a\n\n" * 400_000),
        ("a.py", "# +\na\n" * 200_000),
        ("a.py", "# ---\n# jupyter:\n#   jupytext:\n#     text_representation: {extension: .py, format_name: light}\n"
         "# ---\n# %%\n" + "a\n\n" * 50_000),
        ("a.py", "a\n\n" * 4_000 + "a\n" * 150_000),
        ("a.R", "#' a\n1\n" * 90_000),
        ("a.md", "```python\na\n```\n\n" * 40_000),
        ("a.Rmd", "```{r}\na\n```\n\n" * 40_000),
        ("a.md", "```{code-cell}\na\n```\n\n" * 40_000),
        ("a.ipynb", ipynb(*["a"] * 20_000)),
        ("a.py", "# %%\nx = [" + "1," * 900_000 + "]\n"),
        ("a.ipynb", ipynb("x = [" + "1," * 900_000 + "]")),
    ],
    ids=lambda value: value if value.startswith("a.") else f"{len(value)}",
)  # fmt: skip
def test_a_source_of_too_many_parts_is_refused(source: str, text: str) -> None:
    assert [problem.code for problem in facts(text, source).problems] == ["source_too_large"]


def test_a_large_source_is_read_as_any_other() -> None:
    cells = "".join(
        f"# %% Step {number}\nfirst_{number} = 1\n\nsecond_{number} = f(first_{number})\n\n" for number in range(1_500)
    )
    assert [problem.code for problem in facts(f"{HEAD}upstream = None\n\n{cells}").problems] == []
