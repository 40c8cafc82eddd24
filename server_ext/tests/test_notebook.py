"""Sources as notebooks: nothing of the user's is lost, nothing of ours is kept."""

from __future__ import annotations

import ast
import json
import math
import re
from pathlib import Path

import nbformat
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cauce.engine.document import Value
from cauce.engine.injection import Binding, inject, is_injected, serve_kernel, strip
from cauce.engine.notebook import SourceError, read_notebook, write_notebook

SCRIPT = Path("tasks/fit.py")
PYTHON = {"name": "python3", "language": "python", "display_name": "Python 3 (ipykernel)"}


def binding(**changes: object) -> Binding:
    facts: dict[str, object] = {
        "root": Path("/project"),
        "pipeline": "pipeline.yaml",
        "task": "fit",
        "params": {"depth": 3},
        "upstream": {"load": {"data": "out/load.parquet"}},
        "product": {"nb": "out/fit.ipynb", "model": "out/fit.pickle"},
    }
    return Binding(**{**facts, **changes})  # type: ignore[arg-type]  # the table above is complete and right


def saved(notebook: nbformat.NotebookNode, content: bytes, path: Path) -> bytes:
    """What a save of the open document leaves in the file."""
    return write_notebook(strip(notebook), content, path)


def served(content: bytes, path: Path = SCRIPT) -> nbformat.NotebookNode:
    """What JupyterLab is given for this file."""
    notebook = inject(serve_kernel(read_notebook(content, path), PYTHON), binding())
    notebook.metadata["language_info"] = {"name": "python", "version": "3.13"}  # JupyterLab adds it by itself
    return nbformat.from_dict(json.loads(json.dumps(notebook)))


# --- Scripts, as people write them ---------------------------------------------------------

block_of_code = st.sampled_from(
    [
        ["x = 1"],
        ["y = 'é'"],
        ["if x:", "\tpass"],
        ["z = '''", "  # %% no cell", "'''"],
        ["z = '''text'''"],
        [""],
        ["", ""],
        ["   "],
        ["\f"],
        ["class A:", "    def f(a):  # form\ffeed", "        return a", "    "],
        ["# a comment"],
        ["# %matplotlib inline"],
        ["s = 'a\x0bb\x1cc'"],
        ["trailing = 1   "],
        ["# # not a heading"],
        ["#"],
    ]
)
code = st.lists(block_of_code, max_size=4).map(lambda blocks: [line for block in blocks for line in block])
markers = st.sampled_from(
    [
        "# %%",
        "# %% ",
        "#%%",
        "# %% a title",
        '# %% tags=["parameters"]',
        '# %% tags=["keep", "me"]',
        "# %% [markdown]",
        "# %% [raw]",
        '# %% [markdown] tags=["a"]',
    ]
)
light_markers = st.sampled_from(["# +", '# + tags=["parameters"]', "# -", "", "# + [markdown]"])


def header(name: str) -> list[str]:
    return [
        *["# ---", "# jupyter:", "#   jupytext:", "#     text_representation:", "#       extension: .py"],
        *[f"#       format_name: {name}", "#       jupytext_version: 1.14.0", "#   kernelspec:"],
        *["#     display_name: My Python", "#     language: python", "#     name: python3", "# ---", ""],
    ]


@st.composite
def scripts(draw: st.DrawFn, *, formats: tuple[str, ...] = ("percent", "light")) -> bytes:
    name = draw(st.sampled_from(formats))
    lines = ["#!/usr/bin/env python"] if draw(st.booleans()) else []
    cookie = draw(st.sampled_from(["", "utf-8", "latin-1", "cp1252"]))
    if cookie:
        lines.append(f"# -*- coding: {cookie} -*-")
    if draw(st.booleans()):
        lines += header(name)
    for _ in range(draw(st.integers(1, 4))):
        lines += [draw(markers if name == "percent" else light_markers), *draw(code)]
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    text = end.join(lines) + end * draw(st.integers(0, 3))
    bom = b"\xef\xbb\xbf" if cookie in {"", "utf-8"} and draw(st.booleans()) else b""
    return bom + text.encode(cookie or "utf-8")


@given(scripts())
@settings(max_examples=200, deadline=None)
def test_open_and_save_without_an_edit_is_the_same_file(content: bytes) -> None:
    assert saved(served(content), content, SCRIPT) == content


@given(scripts(formats=("percent",)), st.data())
@settings(max_examples=200, deadline=None)
def test_an_edit_changes_the_lines_of_that_edit_only(content: bytes, data: st.DataObject) -> None:
    notebook = served(content)
    candidates = [cell for cell in notebook.cells if cell.cell_type == "code" and not is_injected(cell)]
    assume(candidates)
    cell = data.draw(st.sampled_from(candidates))
    assume(cell.source.strip() and "'''" not in cell.source)
    cell.source = "EDITED = 1\n" + cell.source
    written = saved(notebook, content, SCRIPT)

    lines = re.split(rb"(?<=\n)|(?<=\r)(?!\n)", written)
    [edited] = [index for index, line in enumerate(lines) if line.strip() == b"EDITED = 1"]
    assert b"".join(lines[:edited] + lines[edited + 1 :]) == content
    assert [c.source for c in read_notebook(written, SCRIPT).cells] == [c.source for c in strip(notebook).cells]


def test_the_lines_between_cells_stay_whatever_the_second_begins_with() -> None:
    content = b"# %%\nx = 1\n\n\n# %%\nclass A:\n    pass\n"
    notebook = served(content)
    notebook.cells[-1].source = "y = 2\n" + notebook.cells[-1].source
    assert saved(notebook, content, SCRIPT) == content.replace(b"class", b"y = 2\nclass")


@given(scripts(formats=("light",)))
@settings(max_examples=100, deadline=None)
def test_an_edited_light_script_reads_back_as_edited(content: bytes) -> None:
    notebook = served(content)
    notebook.cells.append(nbformat.v4.new_code_cell("EDITED = 1"))
    again = read_notebook(saved(notebook, content, SCRIPT), SCRIPT)
    assert again.cells[-1].source.splitlines()[-1] == "EDITED = 1"


@given(scripts())
@settings(max_examples=50, deadline=None)
def test_reading_is_deterministic_ids_included(content: bytes) -> None:
    notebook = served(content)
    assert notebook == served(content)
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    nbformat.validate(notebook)


def test_a_script_without_header_gets_none_and_keeps_new_tags() -> None:
    content = b"# %%\nx = 1\n\n# %%\nprint(x)\n"
    notebook = served(content)
    notebook.cells[1].metadata["tags"] = ["parameters"]
    assert saved(notebook, content, SCRIPT) == b'# %% tags=["parameters"]\nx = 1\n\n# %%\nprint(x)\n'


def test_a_header_keeps_its_kernel_and_version_until_the_user_changes_the_kernel() -> None:
    content = "\n".join([*header("percent"), "# %%", "x = 1", ""]).encode()
    notebook = read_notebook(content, SCRIPT)
    notebook.metadata["kernelspec"] = PYTHON  # JupyterLab writes the installed display name
    notebook.cells[0].source = "x = 2"
    assert saved(notebook, content, SCRIPT) == content.replace(b"x = 1", b"x = 2")
    notebook.metadata["kernelspec"] = {"name": "gpu", "language": "python", "display_name": "GPU"}
    assert b"#     name: gpu\n" in saved(notebook, content, SCRIPT)


def test_a_header_that_keeps_everything_is_not_rewritten_by_a_started_kernel() -> None:
    lines = header("percent")
    lines.insert(3, "#     notebook_metadata_filter: all")
    content = "\n".join([*lines, "# %%", "x = 1", ""]).encode()
    assert saved(served(content), content, SCRIPT) == content


def test_repeated_lines_do_not_lead_an_edit_astray() -> None:
    content = b"# %% [markdown]\n# %% [markdown]\nx = 1\n# %% \nx = 1\n\n"
    notebook = served(content)
    notebook.cells[-1].source = "EDITED = 1\nx = 1"
    assert saved(notebook, content, SCRIPT) == content.replace(b"%% \n", b"%% \nEDITED = 1\n")


def test_mixed_line_ends_stay_where_they_are() -> None:
    content = b"# %%\r\nx = 1\n\n# %%\r\ny = 2\r\nz = 3"
    notebook = served(content)
    notebook.cells[-1].source += "\nnew = 4"
    assert saved(notebook, content, SCRIPT) == b"# %%\r\nx = 1\n\n# %%\r\ny = 2\r\nz = 3\r\nnew = 4"


def test_a_character_that_the_encoding_lacks_makes_the_file_utf_8_and_says_so() -> None:
    content = "# -*- coding: latin-1 -*-\n# %%\nx = 'é'\n".encode("latin-1")
    notebook = served(content)
    notebook.cells[-1].source = "x = 'é→'"
    assert saved(notebook, content, SCRIPT) == "# -*- coding: utf-8 -*-\n# %%\nx = 'é→'\n".encode()


def test_half_a_character_is_refused_with_its_line() -> None:
    notebook = served(b"# %%\nx = 1\n")
    notebook.cells[-1].source = "x = 1\ny = '\ud800'"
    with pytest.raises(SourceError, match="surrogate") as caught:
        saved(notebook, b"# %%\nx = 1\n", SCRIPT)
    assert caught.value.line == 3


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        (".R", "# %% tags=[\"parameters\"]\nupstream <- NULL\n\n# %%\nprint('é')\n"),
        (".R", '#\' Text\n\n#+ tags=c("parameters")\nx <- 1\n'),
        (".md", '# Title\n\n```python tags=["parameters"]\nx = 1\n```\n\n::: note\nText\n:::\n'),
        (".Rmd", '---\ntitle: A\n---\n\nText\n\n```{r tags=c("parameters")}\nx <- 1\n```\n'),
        (".jl", "# %%\nx = 1\n"),
    ],
)
def test_other_text_formats_round_trip(suffix: str, text: str) -> None:
    path, content = Path("task" + suffix), text.encode()
    notebook = read_notebook(content, path)
    assert [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert saved(notebook, content, path) == content


def test_an_ipynb_keeps_its_formatting_until_edited() -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 1", id="mine")])
    content = json.dumps(notebook, indent=4).encode()
    path = Path("task.ipynb")
    opened = inject(read_notebook(content, path), binding())
    assert [cell.id == "mine" for cell in opened.cells] == [False, True]
    opened.cells[1].metadata["trusted"] = True
    assert saved(opened, content, path) == content
    opened.cells[1].source = "x = 2"
    written = json.loads(saved(opened, content, path))
    assert [cell["source"] for cell in written["cells"]] == [["x = 2"]]


def test_old_notebooks_without_ids_read_the_same_twice() -> None:
    cells = [{"cell_type": "code", "source": "x", "metadata": {}, "outputs": [], "execution_count": None}] * 2
    for minor in (4, 5):
        content = json.dumps({"nbformat": 4, "nbformat_minor": minor, "metadata": {}, "cells": cells}).encode()
        notebook = inject(read_notebook(content, Path("a.ipynb")), binding())
        assert notebook == inject(read_notebook(content, Path("a.ipynb")), binding())
        nbformat.validate(notebook)


# --- What cannot be read -------------------------------------------------------------------


def bomb(before: str, after: str, kind: str = "list") -> bytes:
    """A text with YAML that says a lot in a few lines, as many as there are of `before` and `after`."""
    many = {"list": "[{}]", "merge": "{{<<: [{}]}}", "mapping": None}[kind]
    lines = ["  a0: &a0 {x: 1}"]
    for level in range(1, 10):
        below = ", ".join([f"*a{level - 1}"] * 9)
        keys = ", ".join(f"k{number}: *a{level - 1}" for number in range(9))
        lines.append(f"  a{level}: &a{level} " + (many.format(below) if many else f"{{{keys}}}"))
    return (before + "\n".join(lines) + after).encode()


def commented(text: bytes, sign: bytes) -> bytes:
    return b"".join(sign + b" " + line for line in text.splitlines(keepends=True))


HEADER = bomb("---\njupyter:\n", "\n---\n")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        *[(f"a{suffix}", HEADER) for suffix in (".md", ".Rmd", ".markdown", ".myst")],
        *[(f"a{suffix}", commented(HEADER, b"#")) for suffix in (".py", ".R", ".r", ".sh", ".jl")],
        ("a.R", commented(HEADER, b"#'") + b"\nx\n"),
        *[(f"a{suffix}", commented(HEADER, b"//")) for suffix in (".js", ".scala")],
        *[(f"a{suffix}", commented(HEADER, b"--")) for suffix in (".lua", ".hs")],
        ("a.clj", commented(HEADER, b";;")),
        ("a.m", commented(HEADER, b"%")),
        ("a.py", commented(bomb("---\njupyter:\n", "\n---\n", "merge"), b"#")),
        ("a.md", bomb("---\njupyter:\n", "\n---\n", "mapping")),
        ("a.py", commented(b"---\n" + b"# c\n" * 420 + HEADER[4:], b"#")),
        ("a.py", commented(b'---\n"unclosed: [\n' + HEADER[4:], b"#")),
        ("a.md", b"<!--\n\n" + HEADER + b"-->\n"),
        ("a.md", bomb("---\nroot:\n", "\n---\n")),
        ("a.md", bomb("----\nroot:\n", "\n----\n")),
        ("a.md", bomb("---\n---\nroot:\n", "\n---\n")),
        ("a.md", bomb("---\nroot:\n", "\n...\n")),
        ("a.md", bomb("```{code-cell}\n---\nroot:\n", "\n---\n1\n```\n")),
        ("a.md", bomb("```{code-cell}\n:root:\n", "\n1\n```\n").replace(b"\n  a", b"\n:  a")),
        ("a.py", b"# ---\n# jupyter:\n#   a: 1" + b":1" * 100_000 + b"\n# ---\n"),
        ("a.py", b"# ---\n# jupyter:\n#   a: !!int '1" + b":1" * 100_000 + b"'\n# ---\n"),
        ("a.py", b"# ---\n# jupyter:\n#   a: " + b"[" * 60_000 + b"\n# ---\n"),
        ("a.py", b"# ---\n# jupyter: &a\n#   a: *a\n# ---\n"),
        ("a.py", b"# ---\n# jupyter:\n#   a: [" + b"1," * 100_000 + b"]\n# ---\n"),
    ],
)
def test_yaml_that_explodes_is_refused_wherever_it_stands(name: str, content: bytes) -> None:
    # Where jupytext takes it for text, there is nothing to refuse: then it is in a cell, as it was written.
    try:
        notebook = read_notebook(content, Path(name))
    except SourceError:
        pass
    else:
        assert len(json.dumps(notebook.metadata)) < 10_000
        assert sum(len(json.dumps(cell)) for cell in notebook.cells) < 2 * len(content) + 10_000


def test_a_header_may_have_aliases() -> None:
    text = b"# ---\n# jupyter:\n#   a: &a [1, 2]\n#   b: *a\n# ---\n\n# %%\nx\n"
    assert read_notebook(text, SCRIPT).metadata["b"] == [1, 2]
    assert saved(served(text), text, SCRIPT) == text


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.py", b"# %%\nx = '\xff'\n", "a.py:2: The file is not utf-8 text"),
        ("a.py", b"# coding: klingon\n", "a.py:1: The encoding comment is wrong"),
        ("a.py", b"import marimo\napp = marimo.App()\n@app.cell\ndef f(): ...\n", "marimo format"),
        ("a.qmd", b"---\n---\n", "quarto format"),
        ("a.py", commented(HEADER, b"#"), "holds more than 20,000 values"),
        ("a.py", b"# ---\n# jupyter:\n#   a: " + b"[" * 60_000 + b"\n# ---\n", "nested more than 64 levels"),
        ("a.py", b"# ---\n# jupyter:\n#   a: [\n# ---\n", "cannot be read as a notebook"),
        ("a.py", b"# %% name=3\n1\n", "is not of type 'string'"),
        ("a.py", b'# %% [raw] tags=["a", "a"]\n1\n', "has non-unique elements"),
        ("a.ipynb", b"", "empty file"),
        ("a.ipynb", b'{\n"cells": [,]}', "a.ipynb:2: The notebook is not valid JSON"),
        ("a.ipynb", b"[" * 100_000, "cannot be read"),
        ("a.ipynb", b"[1]", "not a notebook"),
        ("a.ipynb", b'{"nbformat": 4, "nbformat_minor": 5, "cells": 3}', "cannot be read"),
        ("a.sql", b"select 1", "cannot be read as a notebook"),
    ],
)
def test_what_cannot_be_read_is_one_error_that_says_where_and_what_to_do(
    name: str, content: bytes, message: str
) -> None:
    with pytest.raises(SourceError) as caught:
        read_notebook(content, Path(name))
    assert message in str(caught.value)
    assert caught.value.hint
    assert "\n" not in str(caught.value)


# --- The injected cell ---------------------------------------------------------------------

PARAMETERS = (
    b'# %% [markdown]\n# # Fit\n\n# %% tags=["parameters"]\nupstream = ["load"]\nproduct = None\n\n# %%\nprint(1)\n'
)

values: st.SearchStrategy[Value] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["a", "b", "été"]), values), st.dictionaries(st.text(), values), values)
@settings(deadline=None)
def test_values_are_literals_that_read_back(
    params: dict[str, Value], upstream: dict[str, Value], product: Value
) -> None:
    cell = inject(read_notebook(b"", SCRIPT), binding(params=params, upstream=upstream, product=product)).cells[0]
    statements = ast.parse(cell.source).body
    said = [(ast.unparse(s.targets[0]), ast.literal_eval(s.value)) for s in statements if isinstance(s, ast.Assign)]
    assert len(said) == len(statements)
    assert repr(said) == repr([*params.items(), ("upstream", upstream), ("product", product)])


def test_the_cell_stands_after_the_parameters_cell_and_explains_itself() -> None:
    notebook = inject(read_notebook(PARAMETERS, SCRIPT), binding())
    cell = notebook.cells[2]
    assert cell.source == (
        "# Filled in by Cauce from pipeline.yaml for task fit. To change it, change the pipeline.\n"
        "depth = 3\n"
        "upstream = {'load': {'data': 'out/load.parquet'}}\n"
        "product = {'nb': 'out/fit.ipynb', 'model': 'out/fit.pickle'}"
    )
    assert cell.metadata["tags"] == ["injected-parameters"]
    assert (cell.metadata["editable"], cell.metadata["deletable"]) == (False, False)
    assert cell.metadata["cauce"]["injected"] is True
    assert inject(notebook, binding()) == notebook
    assert strip(notebook) == read_notebook(PARAMETERS, SCRIPT)


IN_EVERY_FORMAT = {
    "task.py": b'# %% tags=["parameters"]\nupstream = None\n\n# %%\nprint(1)\n',
    "light.py": b'# + tags=["parameters"]\nupstream = None\n\n# +\nprint(1)\n',
    "task.md": b'```python tags=["parameters"]\nupstream = None\n```\n\n```python\nprint(1)\n```\n',
    "task.R": b'# %% tags=["parameters"]\nupstream <- NULL\n\n# %%\nprint(1)\n',
    "task.Rmd": b'```{r tags=c("parameters")}\nupstream <- NULL\n```\n\n```{r}\nprint(1)\n```\n',
    "task.ipynb": nbformat.writes(
        nbformat.v4.new_notebook(
            cells=[
                nbformat.v4.new_code_cell("upstream = None", id="a", metadata={"tags": ["parameters"]}),
                nbformat.v4.new_code_cell("print(1)", id="b"),
            ]
        )
    ).encode(),
}


@pytest.mark.case("X6")
@pytest.mark.parametrize("name", IN_EVERY_FORMAT)
def test_in_every_format_the_cell_comes_after_the_parameters_and_is_replaced_by_the_next(name: str) -> None:
    notebook = inject(read_notebook(IN_EVERY_FORMAT[name], Path(name)), binding())
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.metadata.get("tags", []) for cell in code] == [["parameters"], ["injected-parameters"], []]
    assert "depth" in code[1].source
    assert "product" in code[1].source
    again = inject(notebook, binding(params={"depth": 4}))
    assert [is_injected(cell) for cell in again.cells].count(True) == 1
    assert "4" in next(cell.source for cell in again.cells if is_injected(cell)).splitlines()[1]


@pytest.mark.case("X7")
def test_without_a_parameters_cell_it_stands_at_the_top_and_without_upstream_it_says_none() -> None:
    cell = inject(read_notebook(b"# %%\nprint(1)\n", SCRIPT), binding(upstream=None)).cells[0]
    assert is_injected(cell)
    assert "upstream" not in cell.source


def test_a_name_cannot_smuggle_code_in() -> None:
    cell = inject(read_notebook(b"", SCRIPT), binding(task="a\nimport os", pipeline="b\r!ls")).cells[0]
    assert cell.source.splitlines()[1] == "depth = 3"
    for name in ("a b", "class", "x = 1\nimport os; y"):
        with pytest.raises(SourceError, match="not a Python variable name"):
            inject(read_notebook(b"", SCRIPT), binding(params={name: 1}))


def test_nan_and_infinity() -> None:
    params: dict[str, Value] = {"a": math.inf, "b": -math.inf, "c": [math.nan]}
    notebook = inject(read_notebook(b"", SCRIPT), binding(params=params))
    scope: dict[str, object] = {}
    exec(notebook.cells[0].source, scope)  # noqa: S102 - our own cell
    assert (scope["a"], scope["b"], str(scope["c"])) == (math.inf, -math.inf, "[nan]")
    assert strip(notebook).cells == []


def test_r_values() -> None:
    params: dict[str, Value] = {"a": True, "b": None, "c": [1, 2.5, 'q"\\\n\x01'], "d": {"k v": []}}
    notebook = inject(read_notebook(b"# %%\nx <- 1\n", Path("a.R")), binding(params=params, upstream=None, product="o"))
    assert notebook.cells[0].source.splitlines()[1:] == [
        "a <- TRUE",
        "b <- NULL",
        'c <- list(1, 2.5, "q\\"\\\\\\n\\U{1}")',
        'd <- list("k v" = list())',
        'product <- "o"',
    ]
    assert len(strip(notebook).cells) == 1


def test_another_language_is_refused_by_name() -> None:
    with pytest.raises(SourceError, match="written in julia"):
        inject(read_notebook(b"# %%\nx = 1\n", Path("a.jl")), binding())


def test_copies_and_reformatted_cells_go_but_what_the_user_wrote_stays() -> None:
    notebook = inject(read_notebook(PARAMETERS, SCRIPT), binding())
    ours = notebook.cells[2]
    pasted = nbformat.from_dict(json.loads(json.dumps(ours)))
    pasted.metadata.pop("deletable")  # as JupyterLab does
    reformatted = nbformat.from_dict(json.loads(json.dumps(pasted)))
    reformatted.source = ours.source.replace("'", '"').replace("{", "{\n    ").replace("}", ",\n}")
    edited = nbformat.from_dict(json.loads(json.dumps(pasted)))
    edited.source = ours.source.replace("depth = 3", "depth = 4")
    edited.metadata.tags.append("mine")
    notebook.cells += [pasted, reformatted, edited]
    kept = strip(notebook).cells
    assert [cell.source for cell in kept] == [
        *[c.source for c in read_notebook(PARAMETERS, SCRIPT).cells],
        edited.source,
    ]
    assert dict(kept[-1].metadata) == {"tags": ["mine"]}


def test_a_committed_injected_cell_stays_in_the_file_and_ours_wins() -> None:
    content = PARAMETERS.replace(b"# %%\nprint", b'# %% tags=["injected-parameters"]\ndepth = 1\n\n# %%\nprint')
    notebook = served(content)
    assert [is_injected(cell) for cell in notebook.cells] == [False, False, False, True, False]
    notebook.cells[-1].source = "print(2)"
    assert saved(notebook, content, SCRIPT) == content.replace(b"print(1)", b"print(2)")


def test_the_served_kernel_is_taken_back_unless_the_user_chose_another() -> None:
    own = {"name": "own", "language": "python", "display_name": "Own"}
    notebook = read_notebook(PARAMETERS, SCRIPT)
    assert strip(serve_kernel(notebook, PYTHON)) == notebook
    notebook.metadata["kernelspec"] = own
    opened = serve_kernel(notebook, PYTHON)
    assert strip(opened) == notebook
    opened.metadata["kernelspec"] = {"name": "chosen", "language": "python", "display_name": "Chosen"}
    assert strip(opened).metadata["kernelspec"]["name"] == "chosen"
