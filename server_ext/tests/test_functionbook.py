"""A function's body as cells: opened, edited and written back, with nothing else of the module touched."""

from __future__ import annotations

import ast
import difflib
from pathlib import Path

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cauce.engine.functionbook import FunctionTask, book_of, book_path, open_function, save_function, with_setup
from cauce.engine.injection import Binding, inject, strip
from cauce.engine.notebook import SourceError

PATH = Path("/project/pkg/functions.py")

MODULE = b'''\
import pandas as pd
import os.path
from . import other
from .near import thing as near

LIMIT = 3


def helper(x):
    return x * LIMIT


@decorated(1,
           2)
def fit(product, upstream, n=LIMIT, *, depth: int = 4, **rest) -> None:  # signature
    """Fit.

    More.
    """
    a = helper(n)   # odd
# at the margin
    query = """
SELECT 1
    """

    for x in (
      a,
    ):
        pd.DataFrame(os.path.join(near, query))

    \t
    return other
    # an afterthought


def last(product): pass
'''


def sources(notebook: nbformat.NotebookNode) -> list[str]:
    return [cell.source for cell in notebook.cells]


def opened(module: bytes = MODULE, name: str = "fit") -> nbformat.NotebookNode:
    notebook = open_function(module, PATH, name)
    nbformat.validate(notebook)
    return notebook


def saved(notebook: nbformat.NotebookNode, module: bytes = MODULE, name: str = "fit") -> bytes:
    content = save_function(notebook, module, PATH, name)
    again = open_function(content, PATH, name)
    assert save_function(again, content, PATH, name) == content
    return content


def test_paragraphs_docstring_and_return_are_cells_and_strings_stay_what_they_are() -> None:
    assert sources(opened()) == [
        '"""Fit.\n\n    More.\n    """',
        'a = helper(n)   # odd\n# at the margin\nquery = """\nSELECT 1\n    """',
        "for x in (\n  a,\n):\n    pd.DataFrame(os.path.join(near, query))",
        "return other\n# an afterthought",
    ]


def test_an_edited_cell_changes_its_own_lines_only() -> None:
    notebook = opened()
    notebook.cells[1].source = notebook.cells[1].source.replace("helper(n)   # odd", "helper(n + 1)")
    assert saved(notebook) == MODULE.replace(b"helper(n)   # odd", b"helper(n + 1)")


def test_cells_come_and_go() -> None:
    notebook = opened()
    notebook.cells.insert(1, nbformat.v4.new_code_cell('text = """\n  kept\n"""\n\n\n'))
    notebook.cells.insert(3, nbformat.v4.new_markdown_cell("Why\n\nso"))
    notebook.cells.append(nbformat.v4.new_code_cell("  \n"))
    del notebook.cells[4]
    old = MODULE[MODULE.index(b"    for x") : MODULE.index(b"    \t\n")]
    new = MODULE.replace(old, b"    # Why\n    #\n    # so\n\n")
    new = new.replace(b'    """\n    a =', b'    """\n\n    text = """\n  kept\n"""\n\n    a =')
    assert saved(notebook).replace(b"    \t\n", b"") == new.replace(b"    \t\n", b"")


@pytest.mark.parametrize("end", [b"\r\n", b"\r"])
def test_line_ends_encoding_and_tabs_stay(end: bytes) -> None:
    module = "# -*- coding: latin-1 -*-\nif 1:\n\tdef f(product):\n\t\ta = 'é'\n\n\t\tif a:\n\t\t\tb = 1".encode(
        "latin-1"
    )
    module = module.replace(b"\n", end)
    notebook = opened(module, "f")
    assert sources(notebook) == ["a = 'é'", "if a:\n\tb = 1"]
    assert saved(notebook, module, "f") == module
    notebook.cells.append(nbformat.v4.new_code_cell("ü = 1"))
    assert saved(notebook, module, "f") == module + end * 2 + "\t\tü = 1".encode("latin-1")


def test_a_function_without_cells_passes() -> None:
    module = b"def f(product):\n    return 1\nx = 1\n"
    notebook = opened(module, "f")
    notebook.cells = []
    assert saved(notebook, module, "f") == b"def f(product):\n    pass\nx = 1\n"


def test_two_functions_of_a_module_are_saved_one_after_the_other() -> None:
    first, second = opened(name="fit"), opened(name="helper")
    first.cells[2].source = "x = 1"
    second.cells[0].source = "return 2"
    content = saved(first)
    both = saved(second, content, "helper")
    assert both == content.replace(b"return x * LIMIT", b"return 2")


def test_the_first_cell_brings_what_the_function_uses() -> None:
    binding = Binding(PATH.parents[1], "pipeline.yaml", "fit", {"extra": 1}, None, "out/fit.csv")
    function = FunctionTask(binding, PATH, "fit", "pkg.functions", "src")
    notebook = with_setup(inject(opened(), binding), MODULE, function)
    assert notebook.cells[0].source.split("\n")[1:] == [
        "import sys",
        "sys.path.insert(0, 'src')",
        "import pandas as pd",
        "import os.path",
        "from pkg import other",
        "from pkg.near import thing as near",
        "from pkg.functions import LIMIT, helper",
        "upstream = {}",
        "n = LIMIT",
        "depth = 4",
        "rest = {'extra': 1}",
    ]
    assert notebook.cells[1].source.split("\n")[1:] == ["extra = 1", "product = 'out/fit.csv'"]
    assert save_function(strip(notebook), MODULE, PATH, "fit") == MODULE


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("x = (", "In cell 5 of the function, line 1 is no Python"),
        ("%time x = 1", "take them out"),
        ("await x", "'await' outside"),
        ("from x import *", "import \\* only allowed at module level"),
        ("x = 1 \\", "line 1 is no Python"),
        ("x = '\ud800'", "surrogate"),
    ],
)
def test_what_cannot_be_in_a_function_is_refused_in_words(cell: str, said: str) -> None:
    notebook = opened()
    notebook.cells.append(nbformat.v4.new_code_cell(cell))
    with pytest.raises(SourceError, match=said):
        save_function(notebook, MODULE, PATH, "fit")


@pytest.mark.parametrize(
    ("module", "name", "said"),
    [
        (MODULE, "last", "stands on one line"),
        (MODULE, "nobody", "no function 'nobody'"),
        (b"def f(:\n", "f", "cannot be read as Python"),
        (b"\xff", "f", "not utf-8"),
        (b"def f():\n    x\0\n", "f", "cannot be read as Python"),
    ],
)
def test_what_cannot_be_edited_by_lines_is_refused_in_words(module: bytes, name: str, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        open_function(module, PATH, name)


@pytest.mark.parametrize("task", ["fit", "a/b", ".hidden", "100%", "%2F", "a\\b", "ü (functions)"])
def test_paths_tell_module_and_task(task: str) -> None:
    path = book_path("a/functions.py", task)
    assert path.startswith("a/functions.py (functions)/")
    assert path.count("/") == 2
    assert book_of(path) == ("a/functions.py", task)


def test_other_paths_are_none_of_ours() -> None:
    assert book_of(book_path("functions.py")) == ("functions.py", "")
    for path in ("functions.py", "functions.py (functions)/x.py", "functions (functions)/x.ipynb", ""):
        assert book_of(path) is None


@pytest.mark.deep
def test_thousands_of_equal_cells_and_imports_take_no_long_time() -> None:
    module = b"import a.b\n" * 4_000 + b"def f(product, x=" + b"1+" * 600 + b"1):\n" + b"    a()\n\n" * 4_000
    notebook = open_function(module, PATH, "f")
    notebook.cells = [*notebook.cells[1:-1], nbformat.v4.new_code_cell("b()")]
    for cell in notebook.cells[::2]:
        cell.source = "c()"
    content = save_function(notebook, module, PATH, "f")
    assert content.count(b"    c()\n\n") == 2_000
    function = FunctionTask(Binding(PATH.parent, "p.yaml", "f", {}, None, "x"), PATH, "f", "functions")
    assert with_setup(notebook, module, function).cells[0].source.count("import a.b") == 1


# --- Properties ---------------------------------------------------------------------------

STATEMENTS = st.sampled_from(
    [
        "x = 1",
        "y = f(\n  x,\n\n z)",
        's = """\nat the margin\n\n    deeper\n"""',
        "t = f'''{x}\n{\nx}\n'''",
        "u = 'a\\\nb'",
        "if x:\n    y = 2\n\n    # inner\n    z = 3\nelse:\n    z = 4",
        "def g():\n    return 1",
        "@d\nclass A:\n    b = 1",
        "return x",
        '"""a string"""',
        "# a comment",
        "a = 1; b = 2  ",
        "for i in x: pass",
    ]
)
BODY = st.lists(st.tuples(STATEMENTS, st.sampled_from(["", "\n", "\n\n", "    \n"])), min_size=1, max_size=7)
BEFORE = st.sampled_from(["", "import a\n\n", "# one\n@d(\n 1)\n", "def f():\n    old\n\n\n"])
AFTER = st.sampled_from(
    ["", "\n\ndef g(): pass\n", "    # deeper\n", "# margin\nx = 1", "\n\nclass A:\n    def f(self):\n        1\n"]
)
INDENT = st.sampled_from(["    ", "\t", " "])


@st.composite
def modules(draw: st.DrawFn) -> bytes:
    indent = draw(INDENT)
    lines: list[str] = []
    for statement, gap in draw(BODY):
        strings = "'''" in statement or '"""' in statement or "\\\n" in statement
        first, *rest = statement.split("\n")
        lines.append("\n".join([indent + first, *(line if strings or not line else indent + line for line in rest)]))
        lines.append(gap)
    body = "".join(f"{line}\n" if index % 2 == 0 else line for index, line in enumerate(lines))
    head = draw(st.sampled_from(["def f(product, upstream={'a': 1}):\n", "async def f(\n  product\n): # x\n\n"]))
    text = draw(BEFORE) + head + f"{indent}pass\n" + body + draw(AFTER)
    if draw(st.booleans()):
        text = text.rstrip("\n")
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"]))).encode()


def around(module: bytes) -> tuple[str, str]:
    """What is before and after the body of the last function f, as Python sees it."""
    tree = ast.parse(module)
    last = [
        each for each in tree.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and each.name == "f"
    ][-1]
    last.body = []
    return ast.dump(tree), ast.dump(last)


@given(modules())
def test_opening_and_saving_changes_nothing(module: bytes) -> None:
    notebook = opened(module, "f")
    assert saved(notebook, module, "f") == module
    shown = "\n\n".join(sources(notebook))
    held = ast.parse(module)
    [*_, function] = [n for n in held.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) and n.name == "f"]
    assert ast.dump(ast.Module(function.body, [])) == ast.dump(ast.parse(shown))


@given(modules(), st.data())
def test_an_edit_changes_the_cell_that_was_edited(module: bytes, data: st.DataObject) -> None:
    notebook = opened(module, "f")
    before = sources(notebook)
    index = data.draw(st.integers(0, len(before) - 1))
    wanted = data.draw(
        st.sampled_from(["new = 1", 'new = """\n\n  kept\n"""', "if new:\n    1", before[index] + "\nnew"])
    )
    notebook.cells[index].source = wanted
    content = saved(notebook, module, "f")
    assert "\n\n".join(sources(opened(content, "f"))).split() == "\n\n".join(sources(notebook)).split()
    assert around(content) == around(module)
    old, new = module.splitlines(keepends=True), content.splitlines(keepends=True)
    edited = len(before[index].split("\n"))
    kept = sum(size for *_, size in difflib.SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks())
    assert kept >= len(old) - edited - 1


@given(modules(), st.data())
def test_any_cells_end_up_in_the_body_and_nowhere_else(module: bytes, data: st.DataObject) -> None:
    notebook = opened(module, "f")
    cells = data.draw(
        st.lists(st.sampled_from([*sources(notebook), "new = 1", "# only", "", "t = '''\n x\n'''"]), max_size=8)
    )
    notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    content = saved(notebook, module, "f")
    meant = ast.parse("\n".join(cells)).body or ast.parse("pass").body
    [*_, function] = [
        n for n in ast.parse(content).body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) and n.name == "f"
    ]
    assert ast.dump(ast.Module(function.body, [])) == ast.dump(ast.Module(meant, []))
    assert around(content) == around(module)
