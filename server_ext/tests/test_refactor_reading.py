"""A notebook is read as it runs: where it is cut, and what each of its statements does to names."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cauce.engine.errors import UsageError
from cauce.engine.refactor.model import Book, Effect, Remark, Share, Statement
from cauce.engine.refactor.reading.book import read_book
from cauce.engine.refactor.reading.effects import fold
from cauce.engine.refactor.reading.known import BUILTINS
from cauce.engine.refactor.reading.sections import Sections, find_sections
from cauce.engine.refactor.reading.statements import read_statements


def book(*cells: str, path: str = "nb.ipynb", tags: Mapping[int, Sequence[str]] | None = None) -> Book:
    """A notebook of these cells; those that begin with `md:` are Markdown."""
    made = []
    for number, text in enumerate(cells):
        markdown = text.startswith("md:")
        cell: dict[str, object] = {
            "cell_type": "markdown" if markdown else "code",
            "id": f"c{number}",
            "metadata": {"tags": list((tags or {}).get(number, ()))},
            "source": dedent(text).strip("\n") if text.startswith("\n") else text.removeprefix("md:"),
        }
        made.append(cell if markdown else {**cell, "outputs": [], "execution_count": None})
    content = {"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return read_book(json.dumps(content).encode("utf-8", "surrogatepass"), path)


def statements(*cells: str) -> tuple[Statement, ...]:
    return read_statements(book(*cells))[0]


def remarks(*cells: str, tags: Mapping[int, Sequence[str]] | None = None) -> tuple[Remark, ...]:
    return read_statements(book(*cells, tags=tags))[1]


def whole(*cells: str) -> Effect:
    """The effect of all statements one after another."""
    return fold(each.effect for each in statements(*cells))


def last(*cells: str) -> Effect:
    """The effect of the last statement."""
    return statements(*cells)[-1].effect


def crossing(code: str) -> str:
    """`in / out`: what a section of this code takes from before, and what it may give to what comes after."""
    read = statements(code)
    effect = fold(each.effect for each in read)
    own = {name for each in read if each.kind in {"import", "definition"} for name in each.effect.binds}
    needs = [*effect.reads, *(name for name in effect.later if name not in effect.binds)]
    taken = sorted({name for name in needs if name not in BUILTINS and name not in own})
    given = sorted({*effect.binds, *effect.may_bind, *effect.mutates} - own)
    return f"{','.join(taken) or '–'} / {','.join(given) or '–'}"


# --- Where it is cut ----------------------------------------------------------------------


def cut(*cells: str, level: int | None = None, cuts: Sequence[int] | None = None, **names: str) -> Sections:
    return find_sections(book(*cells), level, cuts, {int(key[1:]): name for key, name in names.items()})


def shown(found: Sections) -> list[str]:
    return [f"{section.name} {section.first}-{section.end - 1}" for section in found.sections]


@pytest.mark.case("A1", "A3", "A10")
def test_sections_are_what_stands_below_headings_and_the_first_begins_with_the_notebook() -> None:
    cells = ("md:# Iris", "import pandas", "md:## Load", "x = 1", "md:### From disk", "y = 2", "md:## Clean", "z = 3")
    found = cut(*cells)
    assert shown(found) == ["load 0-5", "clean 6-7"]
    assert [section.title for section in found.sections] == ["Load", "Clean"]
    assert (found.level, found.levels, found.remarks) == (2, ((1, 1), (2, 2), (3, 1)), ())


@pytest.mark.case("A4", "N20")
def test_the_last_of_several_headings_in_a_cell_names_the_section() -> None:
    assert shown(cut("md:# H1\n## One", "x = 1")) == ["one 0-1"]
    assert shown(cut("md:## One\ntext\n## Two", "x = 1", "md:## Three", "y = 1")) == ["two 0-1", "three 2-3"]
    found = cut("md:## One", "md:## Two", "x = 1", "md:## Three", "y = 1", "md:## End")
    assert shown(found) == ["two 0-2", "three 3-5"]


@pytest.mark.case("N20")
def test_a_heading_above_the_level_ends_a_section_too() -> None:
    found = cut("md:# A", "a = 1", "md:## Load", "b = 1", "md:# Models", "c = 1", "md:## Forest", "d = 1")
    assert shown(found) == ["load 0-3", "models 4-5", "forest 6-7"]


@pytest.mark.case("A5", "N20")
@pytest.mark.parametrize(
    ("markdown", "titles"),
    [
        ("  ##   H2", ["H2"]),
        ("###  H3", []),
        ("##no heading", []),
        ("```\n## in a fence\n```\n~~~\n## and another\n~~~", []),
        ("    ## in an indented block", []),
        ("> ## quoted\n\n- ## in a list", []),
        ("Load\n----", ["Load"]),
        ('<h2 align="center">Load <b>it</b></h2>', ["Load it"]),
        ("<!-- ## no -->\n<h2>Plot\n</h2>", ["Plot"]),
        ("## Load data ##", ["Load data"]),
        ('## `f()` *and* [more](x.md) <a id="top"></a>', ["f() and more"]),
        ("a\n## One\n\n## Two", ["One", "Two"]),
        ("![x](data:image/png;base64," + "A" * 300_000 + ")\n\n## After", ["After"]),
    ],
)
def test_a_markdown_parser_says_what_a_heading_is(markdown: str, titles: list[str]) -> None:
    assert [heading.text for heading in book(f"md:{markdown}").headings if heading.level == 2] == titles


@pytest.mark.case("A6", "A7")
def test_without_headings_of_the_usual_level_another_divides_it_or_it_is_refused() -> None:
    assert shown(cut("md:# One", "x = 1", "md:# Two", "y = 1")) == ["one 0-1", "two 2-3"]
    assert cut("md:### One", "x = 1", "md:### Two", "y = 1").level == 3
    for cells in (["x = 1"], ["md:# Title", "x = 1"], ['md:{"a": "## b"}', "x = 1"]):
        refused = cut(*cells)
        assert [(remark.code, remark.severity) for remark in refused.remarks] == [("no_headings", "error")]
        assert "single task" in refused.remarks[0].hint
        assert "by hand" in refused.remarks[0].hint
        assert shown(refused) == [f"nb 0-{len(cells) - 1}"]
    asked = cut("md:## One", "x = 1", level=3)
    assert asked.remarks[0].message == "There is no heading of level 3."
    assert "1 of level 2" in asked.remarks[0].hint
    assert cut("md:## Only text").remarks[0].code == "no_code"


@pytest.mark.case("A8")
def test_one_section_is_a_warning() -> None:
    found = cut("md:## One", "x = 1", "md:### Two", "y = 1", "md:### Three", "z = 1")
    assert shown(found) == ["one 0-5"]
    assert [(remark.code, remark.severity) for remark in found.remarks] == [("one_section", "warning")]
    assert "level 3" in found.remarks[0].hint


@pytest.mark.case("A9", "N19")
@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("a ta/sk", "a-ta-sk"),
        ("some_task", "some-task"),
        ("this & that", "this-that"),
        ("`some_function()`", "some-function"),
        ("1.1 some stuff", "section-1-1-some-stuff"),
        ("Análisis de datos", "analisis-de-datos"),
        ("数据", "section-1"),
        ("!!!", "section-1"),
        ("Load data ##", "load-data"),
        ("Загрузка данных", "zagruzka-dannykh"),
        ("Größe", "grosse"),
        ("🚀 Train", "train"),
        ("word " * 40, "word-word-word-word-word-word-word-word-word-word-word-word"),
    ],
)
def test_headings_become_readable_names(title: str, name: str) -> None:
    assert cut(f"md:## {title}", "x = 1").sections[0].name == name


@pytest.mark.case("N1")
def test_names_are_unique_and_nothing_is_lost() -> None:
    found = cut("md:## Plot", "x = 1", "md:## Plot", "y = 1", "md:## Plot 2", "z = 1", "md:## 数据", "a = 1")
    assert shown(found) == ["plot 0-1", "plot-2 2-3", "plot-2-2 4-5", "section-4 6-7"]


def test_the_user_cuts_and_names() -> None:
    cells = ("md:## Load", "x = 1", "md:### Plot", "y = 1", "z = 1")
    assert shown(cut(*cells, cuts=[2, 4])) == ["load 0-1", "plot 2-3", "section-3 4-4"]
    assert shown(cut(*cells, cuts=[2], c2="mine", c0="plot")) == ["plot 0-1", "mine 2-4"]
    assert shown(cut(*cells, cuts=[1, 2])) == ["load 0-1", "plot 2-4"]
    assert [remark.code for remark in cut(*cells, cuts=[2, 9]).remarks] == ["no_such_cell"]
    twice = cut(*cells, cuts=[2], c0="a", c2="a")
    assert [(remark.code, remark.cell) for remark in twice.remarks] == [("section_name", 2)]
    assert [remark.message for remark in cut(*cells, cuts=[2], c0="a/b").remarks] == ["A task cannot be called 'a/b'."]


# --- What is no notebook ------------------------------------------------------------------


def test_what_cannot_be_read_is_refused_with_a_reason() -> None:
    for content, path, word in (
        (b"{}", "a.ipynb", "nbformat"),
        (b"", "a.ipynb", "empty"),
        (b"x", "a.txt", "no notebook"),
        (b"0" * 3_000_000, "a.py", "too large"),
        (b'{"nbformat":4, "nbformat_minor":5, "metadata":{"kernelspec":{"name":"ir"}}, "cells":[]}', "a.ipynb", "r:"),
    ):
        with pytest.raises(UsageError) as refused:
            read_book(content, path)
        assert word.lower() in refused.value.message.lower()
        assert refused.value.hint


def test_scripts_and_markdown_are_read_by_jupytext() -> None:
    percent = read_book(b"# %% [markdown]\n# ## Load\n\n# %%\nx = 1\n", "nb.py")
    assert [(cell.kind, cell.text) for cell in percent.cells] == [("markdown", "## Load"), ("code", "x = 1")]
    markdown = read_book(b"## Load\n\n```python\nx = 1\n```\n", "nb.md")
    assert [heading.text for heading in markdown.headings] == ["Load"]
    assert percent.digest == markdown.digest


# --- Inputs and outputs of one section ------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "code", "expected"),
    [
        pytest.param(*each, marks=pytest.mark.case(each[0]))
        for each in [
            ("B1", "z = x + y", "x,y / z"),
            ("B2", "mapping = {}\nmapping['k'] = 'v'", "– / mapping"),
            ("B3", "df['new'] = df['old'] + 1", "df / df"),
            ("B3", "df['c'] = 1", "df / df"),
            ("B4", "from things import thing\nthing['k'] = 1", "– / –"),
            ("B4", "import things\nthings.k = 1\nthings.k.items['a'] = 2", "– / –"),
            ("B5", "from m import f\nx, y = f(x, y)", "x,y / x,y"),
            ("B6", "a, b, c = 1, 2, 3", "– / a,b,c"),
            ("B6", "[a, b, c] = [1, 2, 3]", "– / a,b,c"),
            ("B6", "(a, (b, *c)) = d", "d / a,b,c"),
            ("B7", "b = 1\nb, c = 2, 3\nc.stuff()", "– / b,c"),
            ("B8", "def f():\n    a, b = 1, 2\n    d = {}\n    d['k'] = 1\n    return a + b", "– / –"),
            ("B9", "for x in range(10):\n    y = x + z", "z / x,y"),
            ("B9", "for a, (b, c) in []:\n    x = a + b + c", "– / a,b,c,x"),
            ("B9", "for i in range(2):\n    for j in range(i):\n        print(i, j)", "– / i,j"),
            ("B10", "for x in range(some_input):\n    pass", "some_input / x"),
            ("B10", "for x in some_input.a.b:\n    pass", "some_input / x"),
            ("B10", "for x in some_input['k'][some_key]:\n    pass", "some_input,some_key / x"),
            ("B10", "for i, x in enumerate(range(some_input)):\n    pass", "some_input / i,x"),
            ("B11", "[y for y in x]", "x / –"),
            ("B11", "[y.a for y in x.items]", "x / –"),
            ("B11", "[b for a in reduced_cats for b in a]", "reduced_cats / –"),
            ("B11", "[[b for b in a] for a in reduced_cats]", "reduced_cats / –"),
            ("B11", "[x + y for x in range(10)]", "y / –"),
            ("B12", "{n for n in numbers}", "numbers / –"),
            ("B12", "y = {k: v + y for k, v in zip(numbers, numbers)}", "numbers,y / y"),
            ("B13", "f'{a} {b:>{c}} {d!r}'", "a,b,c,d / –"),
            ("B13", "s = f'{a!s}'", "a / s"),
            ("B14", "with open('file') as f:\n    x = f.read()", "– / f,x"),
            ("B15", "class A:\n    def __init__(self, x):\n        self.x = x\nsome_object = A(1)", "– / some_object"),
            ("B16", "lambda x: x", "– / –"),
            ("B16", "lambda x: x + y", "y / –"),
            ("B16", "from m import f\nf(lambda x: x)", "– / –"),
            ("B16", "out = lambda x: x + y", "y / out"),
            ("B17", "import pandas as pd\npd.DataFrame({'k': y})", "y / –"),
            ("B17", "import pandas as pd\npd.DataFrame(data={'k': [y, {'z': y}]})", "y / –"),
            ("B17", "from m import f\nf(x=df)", "df / –"),
            ("B18", "df.plot()", "df / –"),
            ("B18", "df['x'].plot()", "df / –"),
            ("B18", "import seaborn as sns\nsns.histplot(df.col)", "df / –"),
            ("B19", "def f(a: T, *, b: U = v) -> Mapping[str, int]:\n    return a", "Mapping,T,U,v / –"),
            ("B20", "print(len([int('1')]))", "– / –"),
            ("N2", "df", "df / –"),
            ("N2", "(a, b)", "a,b / –"),
            ("N2", "assert x == 1, m", "m,x / –"),
            ("N2", "if flag:\n    pass\nelif other:\n    pass", "flag,other / –"),
            ("N2", "f'{x=}'", "x / –"),
            ("N3", "count += 1", "count / count"),
            ("N5", "d[k] = v", "d,k,v / d"),
            ("N5", "d[k] += v", "d,k,v / d"),
            ("N6", "x: int = y", "y / x"),
            ("N6", "x: int", "– / –"),
            ("N7", "lambda a, b: 1\nlambda: 1\nlambda *a, b=c, **d: a + (b, d)", "c / –"),
            ("N8", "try:\n    pass\nexcept ValueError as e:\n    print(e)", "– / –"),
            ("N8", "for i in []:\n    pass\nprint(i)", "– / i"),
            (
                "N9",
                "def f():\n    import math\n    def g():\n        return math.pi\n    for i in 'ab':\n"
                "        d = i\n    return g() + d",
                "– / –",
            ),
            ("N10", "def f(a=K):\n    pass", "K / –"),
            ("N10", "class A(Base):\n    k = K\n    j = k\n    def m(self):\n        return g", "Base,K,g / –"),
            ("N12", "def f():\n    from m import x\n    return x", "– / –"),
            ("N14", "max = 1\nprint(max)", "– / max"),
            ("N15", "[a for a in b if a > thr]", "b,thr / –"),
            ("N15", "if (n := len(b)) > 1 and (m := n):\n    print(m)", "b / m,n"),
            ("N15", "[last := a for a in b]", "b / last"),
            (
                "N15",
                "match p:\n    case {'a': A(b=x), **rest}:\n        pass\n    case [y, *z] | (z, y) as w:\n"
                "        pass\n    case K.v:\n        pass",
                "A,K,p / rest,w,x,y,z",
            ),
            ("N23", "files = !ls\ndisplay(files)\nfiles?\n?files\nawait files", "– / files"),
        ]
    ],
)
def test_what_a_section_takes_and_gives(case: str, code: str, expected: str) -> None:
    assert crossing(code) == expected


def test_a_rebound_builtin_is_a_read_like_any_other() -> None:
    """N14: whoever follows the notebook decides; here it must not be left out."""
    assert last("print(max)").reads == ("print", "max")


@pytest.mark.parametrize(
    ("code", "binds", "may_bind"),
    [
        ("if a:\n    x = 1\nelse:\n    x = 2\n    y = 3", "x", "y"),
        ("if a:\n    x = 1\nelse:\n    raise E", "x", ""),
        ("while a:\n    x = 1", "", "x"),
        ("while True:\n    x = 1\n    if x:\n        y = 2\n        break", "x y", ""),
        ("for i in range(3):\n    x = 1", "i x", ""),
        ("for i in a:\n    x = 1\nelse:\n    y = 1", "i y", "x"),
        ("for i in range(3):\n    if a:\n        continue\n    x = 1", "i", "x"),
        ("try:\n    x = 1\nexcept E:\n    x = 2\n    y = 3\nelse:\n    z = 1\nfinally:\n    w = 1", "x w", "z y"),
        ("try:\n    x = 1\nexcept E:\n    raise", "x", ""),
        ("with a as (b, c):\n    x = 1", "b c x", ""),
        ("from contextlib import suppress\nwith suppress(E):\n    x = 1", "suppress", "x"),
        ("match a:\n    case 1:\n        x = 1\n    case _:\n        x = 2\n        y = 3", "x", "y"),
        ("a and (x := 1)", "", "x"),
        ("y = (x := 1) if a else 2", "y", "x"),
    ],
)
def test_what_is_bound_whichever_way_it_goes(code: str, binds: str, may_bind: str) -> None:
    effect = whole(code)
    assert sorted(effect.binds) == sorted(binds.split())
    assert sorted(effect.may_bind) == sorted(may_bind.split())


def test_reading_what_is_bound_on_one_way_only_needs_it_from_before() -> None:
    assert "x" in last("if a:\n    x = 1\nprint(x)").reads
    assert "x" in last("for i in range(n):\n    print(x)\n    x = i").reads
    assert "x" not in last("for i in range(n):\n    x = i\n    print(x)").reads


def test_functions_do_their_work_when_they_are_called() -> None:
    code = """
        def f():
            global made
            made = table['x']
            log.append(1)
        f()
    """
    defined, called = (each.effect for each in statements(code))
    assert (defined.reads, defined.later, defined.binds, dict(defined.mutates)) == ((), ("table", "log"), ("f",), {})
    assert (called.reads, called.binds, dict(called.mutates)) == (("f",), ("made",), {"log": "sure"})


def test_what_is_deleted_is_gone() -> None:
    effect = whole("x = y = 1\ndel x, y[0]")
    assert (effect.binds, effect.deletes, dict(effect.mutates)) == (("y",), ("x",), {"y": "sure"})
    assert last("if a:\n    del x").deletes == ()


# --- Changed in place -----------------------------------------------------------------------


@pytest.mark.case("N4")
@pytest.mark.parametrize(
    ("code", "changed"),
    [
        ("items.append(2)", {"items": "sure"}),
        ("items.sort()", {"items": "sure"}),
        ("found = items.pop()", {"items": "sure"}),
        ("d.setdefault(k, []).append(v)", {"d": "sure"}),
        ("x.a.b[0].c = 1", {"x": "sure"}),
        ("del x.a", {"x": "sure"}),
        ("items += [1]", {"items": "sure"}),
        ("df.dropna(inplace=True)", {"df": "sure"}),
        ("df['a'].fillna(0, inplace=True)", {"df": "sure"}),
        ("df.drop(columns='a', inplace=flag)", {"df": "possible"}),
        ("df.insert(0, 'a', 1)", {"df": "sure"}),
        ("df = df.append(row)", {}),
        ("df.head()", {}),
        ("text.replace('a', 'b')", {}),
        ("thing.work()", {"thing": "possible"}),
        ("result = thing.work()", {}),
        ("model.fit(X, y)", {"model": "sure"}),
        ("scaled = scaler.fit_transform(X)", {"scaler": "sure"}),
        ("from random import shuffle\nshuffle(x)", {"x": "sure"}),
        ("import numpy as n\nn.random.shuffle(x)", {"x": "sure"}),
        ("import numpy as np\nnp.add(a, b, out=a)", {"a": "sure"}),
        ("import heapq\nheapq.heappush(heap, 1)", {"heap": "sure"}),
        ("setattr(x, 'a', 1)", {"x": "sure"}),
        ("first = next(rows)", {"rows": "sure"}),
        ("tensor.add_(1)", {"tensor": "sure"}),
        ("for row in rows:\n    row['x'] = 1", {"row": "sure", "rows": "sure"}),
        ("for i, row in enumerate(rows):\n    row.append(i)", {"row": "sure", "rows": "sure"}),
        ("for k, v in d.items():\n    v.append(k)", {"v": "sure", "d": "sure"}),
        ("for name in names:\n    df[name] = 1", {"df": "sure"}),
        ("[row.update(x=1) for row in rows]", {"rows": "possible"}),
        ("[x for x in xs if not (x in seen or seen.add(x))]", {"seen": "possible"}),
        ("count = 0\ncount += 1", {}),
        ("def fix(t):\n    t['a'] = 1\nfix(df)", {"df": "sure"}),
        ("def fix(t):\n    t = t.copy()\n    t['a'] = 1\n    return t\ndf2 = fix(df)", {}),
        ("def fix(t):\n    u = t\n    u.append(1)\ndef outer(a, *, b):\n    fix(b)\nouter(x, b=y)", {"y": "sure"}),
        ("def fix(*rest, **named):\n    rest[0].append(1)\nfix(x, y)", {"x": "sure", "y": "sure"}),
        ("def fix(row):\n    log.append(row)\ndf.apply(fix)", {"log": "possible"}),
        ("df.apply(lambda row: log.append(row))", {"log": "possible"}),
        (
            "class A:\n    def add(self, x):\n        self.x = x\n    def get(self):\n"
            "        return self.x\na = A()\na.get()",
            {},
        ),
        ("class A:\n    def add(self, x):\n        self.x = x\na = A()\na.add(1)", {"a": "sure"}),
        (
            "class A:\n    def add(self, x):\n        self.x = x\nclass B(A):\n    pass\nb = B()\ny = b.add(1)",
            {"b": "sure"},
        ),
        ("%time items.append(1)", {"items": "sure"}),
        ("import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot(x)", {"ax": "sure"}),
        (
            "import matplotlib.pyplot as plt\nfig, axes = plt.subplots(2)\n"
            "for ax, c in zip(axes.flat, cs):\n    ax.hist(c)",
            {"ax": "sure", "axes": "sure"},
        ),
        ("import matplotlib.pyplot as plt\nplt.plot(x)\nplt.show()", {}),
        ("import numpy as np\nrng = np.random.default_rng(0)\nx = rng.normal(size=3)", {"rng": "sure"}),
    ],
)
def test_what_is_changed_in_place(code: str, changed: dict[str, str]) -> None:
    assert dict(whole(code).mutates) == changed


def test_what_is_given_to_unknown_functions_is_said_and_not_assumed() -> None:
    effect = last("from somewhere import work\nwork(df, 1, names['a'])")
    assert (effect.handed, dict(effect.mutates)) == (("df", "names"), {})
    assert last("import pandas as pd\npd.concat([a, b])").handed == ()
    assert last("def f(x):\n    return x + 1\nf(a)").handed == ()


@pytest.mark.case("N25")
@pytest.mark.parametrize(
    ("code", "shares"),
    [
        ("raw = df", [("raw", "df", True)]),
        ("a = b = []", [("b", "a", True)]),
        ("a, b = c, d", [("a", "c", True), ("b", "d", True)]),
        ("d = {'k': b, 'l': [c]}", [("d", "b", False), ("d", "c", False)]),
        ("d['k'] = b", [("d", "b", False)]),
        ("d.append(b)", [("d", "b", False)]),
        ("a = b[0]", [("a", "b", False)]),
        ("a = b.c", [("a", "b", False)]),
        ("a = b.shape", []),
        ("a = b if c else d", [("a", "b", True), ("a", "d", True)]),
        ("a = list(b)", [("a", "b", False)]),
        ("a = [x for x in b]", [("a", "b", False)]),
        ("a = [x + 1 for x in b]", []),
        ("a = b + c", []),
        ("a = b.copy()", []),
        ("a = 1\nb = a", []),
        ("import pandas as pd\ndf = pd.read_csv('x.csv')\na = df['a']\nb = df[df.a > 1]\nc = df.a", []),
        ("model = clf.fit(X)", [("model", "clf", True)]),
        ("def f(x, y):\n    return x\na = f(b, c)", [("a", "b", True)]),
        ("def f(x):\n    z = [x]\n    return z\na = f(b)", [("a", "b", False)]),
        ("class A:\n    pass\na = A(b)", [("a", "b", False)]),
        ("import matplotlib.pyplot as plt\nfig, ax = plt.subplots()", [("ax", "fig", False)]),
        ("a = b\na = []", []),
        ("a = b\nc = a\na = 1", [("b", "c", True)]),
        ("a = b\na += [1]", [("a", "b", True)]),
        ("a = b\na = a[0]", [("a", "b", False)]),
    ],
)
def test_which_names_lead_to_one_object(code: str, shares: list[tuple[str, str, bool]]) -> None:
    assert whole(code).shares == tuple(Share(*each) for each in shares)


# --- Kinds of statements ----------------------------------------------------------------------


@pytest.mark.case("N17")
@pytest.mark.parametrize(
    ("code", "sets"),
    [
        ("import matplotlib.pyplot as plt\nplt.style.use('ggplot')", "plot style"),
        ("import matplotlib as mpl\nmpl.rcParams['figure.figsize'] = (8, 4)", "plot style"),
        ("from matplotlib import pyplot as p\np.rcParams.update({'a': 1})", "plot style"),
        ("import seaborn as sns\nsns.set_theme()", "plot style"),
        ("import random\nrandom.seed(SEED)", "random seed"),
        ("import numpy as n\nn.random.seed(0)", "random seed"),
        ("from numpy.random import seed\nseed(0)", "random seed"),
        ("import torch\n_ = torch.manual_seed(0)", "random seed"),
        ("import pandas as pd\npd.set_option('display.max_rows', 9)", "display options"),
        ("import pandas as pd\npd.options.display.max_rows = 9", "display options"),
        ("import warnings\nwarnings.filterwarnings('ignore')", "warnings"),
        ("import os\nos.chdir('..')", "working folder"),
        ("import os\nos.environ['A'] = 'b'", "environment"),
        ("import sys\nsys.path.insert(0, '..')", "module path"),
        ("import sys\nsys.path += ['..']", "module path"),
        ("from dotenv import load_dotenv\nload_dotenv()", "environment"),
        ("import logging\nlogging.getLogger('x').setLevel(30)", "logging"),
        ("import plotly.io as pio\npio.templates.default = 'x'", "plot style"),
        ("import thing\nthing.options.depth = 3", "settings of thing"),
        ("%matplotlib inline", "plot style"),
        ("%load_ext autoreload", "extension"),
        ("%cd data", "working folder"),
        ("%env A=b", "environment"),
        ("get_ipython().run_line_magic('matplotlib', 'inline')", "plot style"),
        ("import sys, warnings\nif not sys.warnoptions:\n    warnings.simplefilter('ignore')", "warnings"),
        (
            "import random\ndef seed_all(n):\n    '''All.'''\n    import numpy as np\n"
            "    random.seed(n)\n    np.random.seed(n)\nseed_all(1)",
            "random seed",
        ),
        # no set-up:
        ("import numpy as np\nrng = np.random.default_rng(0)", ""),
        ("import numpy as np\nx = np.random.rand(3)", ""),
        ("import thing\nthing.data = df", ""),
        ("import matplotlib.pyplot as plt\nplt.figure()", ""),
        ("df.columns = ['a']", ""),
        ("def f():\n    return 1\nf()", ""),
        ("def f():\n    pass\nf()", ""),
        ("%time f()", ""),
        ("%pip install pandas", ""),
        ("random = thing()\nrandom.seed(0)", ""),
    ],
)
def test_what_is_set_up(code: str, sets: str) -> None:
    statement = statements(code)[-1]
    assert (statement.kind == "setup", statement.setup) == (bool(sets), sets)


@pytest.mark.case("N11")
def test_imports_and_what_they_bind() -> None:
    found = statements(
        "import a.b, c as d\nfrom e.f import g as h, i\nfrom . import j\nfrom k import *",
        "try:\n    import cupy as xp\nexcept ImportError:\n    import numpy as xp",
        "try:\n    import q\nexcept ImportError:\n    q = None",
    )
    assert [each.kind for each in found] == ["import"] * 5 + ["code"]
    assert [dict(each.imports) for each in found[:4]] == [
        {"a": "a", "d": "c"},
        {"h": "e.f.g", "i": "e.f.i"},
        {"j": ".j"},
        {},
    ]
    assert found[3].star == ("k",)
    assert (dict(found[4].imports), found[4].effect.binds) == ({"xp": "numpy"}, ("xp",))
    assert dict(found[5].effect.unstorable) == {"q": "a module"}


def test_statements_have_their_places_in_the_cell() -> None:
    cells = (
        "# first\nx = 'é'; import os; y = (x,\n    2)  # end\n@deco\n\ndef f():\n    pass\n\n"
        "files = !ls \\\n  -l\n%time z = 1 # no",
        "%%time\n\nimport sys\na = 1",
        "  b = 1\n  if b:\n      c = 1",
        "%%capture out\nd = 1",
        "%%bash\necho $d\n",
    )
    found = statements(*cells)
    assert [each.text for each in found] == [
        "x = 'é'",
        "import os",
        "y = (x,\n    2)",
        "@deco\n\ndef f():\n    pass",
        "files = !ls \\\n  -l",
        "%time z = 1 # no",
        "import sys",
        "a = 1",
        "b = 1",
        "if b:\n      c = 1",
        "d = 1",
        "%%capture out",
        "%%bash\necho $d",
    ]
    assert [(each.cell, each.line) for each in found] == [
        *[(0, line) for line in (2, 2, 2, 4, 9, 11)],
        *[(1, 3), (1, 4), (2, 1), (2, 2), (3, 2), (3, 1), (4, 1)],
    ]
    assert [each.index for each in found] == list(range(len(found)))
    for each in found:
        assert book(*cells).cells[each.cell].text[each.start : each.stop] == each.text


# --- Magics -----------------------------------------------------------------------------------


@pytest.mark.case("N23")
@pytest.mark.parametrize(
    ("code", "reads", "binds"),
    [
        ("files = !ls {folder} $x $HOME", "folder x", "files"),
        ("!cp {a + b} $$x", "a b", ""),
        ("%time y = f(x)", "f x", "y"),
        ("%timeit -n 10 y = f(x)", "f x", ""),
        ("%%timeit -n 3\ny = f(x)", "f x", ""),
        ("%%time\ny = f(x)", "f x", "y"),
        ("%%capture out --no-stderr\ny = 1", "", "out y"),
        ("%%bash --out said -s {x}\necho $f", "x", "said"),
        ("%%writefile {folder}/a.py\nx", "folder", ""),
        ("x?", "x", ""),
        ("%store x", "x", ""),
    ],
)
def test_magics(code: str, reads: str, binds: str) -> None:
    known = "folder = x = a = b = 1\ndef f(x): return x"
    found = [each for each in statements(known, code) if each.cell == 1]
    effect = fold(each.effect for each in found)
    assert sorted(effect.reads) == sorted(reads.split())
    assert sorted(effect.binds) == sorted(binds.split())
    assert remarks(known, code) == ()


# --- Files, random numbers, what cannot be stored ------------------------------------------


@pytest.mark.case("N16", "C21")
@pytest.mark.parametrize(
    ("code", "reads", "writes"),
    [
        ("df.to_csv('x.csv')", "", "x.csv"),
        ("df.to_csv(path_or_buf='./x.csv')", "", "x.csv"),
        ("text = df.to_csv()", "", ""),
        ("import pandas as pd\ndf = pd.read_csv('x.csv')", "x.csv", ""),
        ("import pandas as pd\ndf = pd.read_csv('https://a.org/x.csv')", "", ""),
        ("open('a').read()", "a", ""),
        ("with open('a', 'w') as f:\n    f.write('x')", "", "a"),
        ("open('a', mode='r+')", "a", "a"),
        ("open(name)", "", ""),
        ("from pathlib import Path\n(Path('a') / 'b').write_text('x')", "", "a/b"),
        ("from pathlib import Path\nD = Path('a')\nN = 'b'\nx = (D / f'{N}.txt').read_text()", "a/b.txt", ""),
        ("from pathlib import Path\nD = Path('a')\nD = Path('b')\n(D / 'c').write_text('x')", "", ""),
        ("import os\nopen(os.path.join('a', 'b'), 'wb')", "", "a/b"),
        ("import numpy as np\nnp.save('a', x)\ny = np.load('a.npy')", "a.npy", "a.npy"),
        ("import joblib\njoblib.dump(m, 'm.joblib')\nn = joblib.load('m.joblib')", "m.joblib", "m.joblib"),
        ("import matplotlib.pyplot as plt\nplt.savefig('a.png')\nfig.savefig('b.png')", "", "a.png b.png"),
        ("import pickle\npickle.dump(x, open('a.pkl', 'wb'))", "", "a.pkl"),
        ("def save(x):\n    x.to_csv('x.csv')\nsave(df)", "", "x.csv"),
        ("%%writefile a.py\nx", "", "a.py"),
        ("%run b", "b.py", ""),
        ("# df.to_csv('x.csv')\n'''open('a', 'w')'''", "", ""),
    ],
)
def test_files_that_are_read_and_written(code: str, reads: str, writes: str) -> None:
    effect = whole(code)
    assert (" ".join(effect.reads_files), " ".join(effect.writes_files)) == (reads, writes)


@pytest.mark.parametrize(
    ("code", "draws"),
    [
        ("import numpy as np\nx = np.random.rand(3)", True),
        ("from random import choice\nx = choice([1])", True),
        ("import numpy as np\nrng = np.random.default_rng(0)\nx = rng.random()", False),
        ("from sklearn.model_selection import train_test_split\na, b = train_test_split(x)", True),
        ("from sklearn.model_selection import train_test_split\na, b = train_test_split(x, random_state=0)", False),
        ("import pandas as pd\ndf = pd.read_csv('a')\ndf.sample(3)", True),
        ("import random\ndef f():\n    return random.random()\nx = f()", True),
        ("import numpy as np\nnp.random.seed(0)", False),
    ],
)
def test_who_draws_from_the_generator_of_all(code: str, draws: bool) -> None:
    assert whole(code).random is draws


@pytest.mark.case("N26")
def test_what_no_file_can_hold() -> None:
    code = """
        import sqlite3, threading
        handle = open('a')
        rows = (r for r in handle)
        connection = sqlite3.connect('a.db')
        cursor = connection.cursor()
        lock = threading.Lock()
        f = lambda x: x
        def numbers():
            yield 1
        n = numbers()
        gone = open('b')
        gone = 1
        plain = [1]
    """
    assert dict(whole(code).unstorable) == {
        "handle": "an open file",
        "rows": "a generator",
        "connection": "a connection",
        "cursor": "a connection",
        "lock": "a lock",
        "f": "a lambda",
        "n": "a generator",
    }


# --- What keeps it from running -----------------------------------------------------------------


@pytest.mark.case("C14")
def test_what_would_not_run_is_an_error_with_cell_and_line() -> None:
    found = remarks("x = 1", "md:text", "y = 2\nz = = 3")
    assert [(each.code, each.severity, each.cell, each.line) for each in found] == [("syntax", "error", 2, 2)]
    found = remarks("x = 1", "%%time\ny = 2\nprint(nobody)", "def f(a, b):\n    return missing", "return 1")
    assert [(each.code, each.cell, each.line, each.names) for each in found] == [
        ("undefined", 1, 3, ("nobody",)),
        ("undefined", 2, 2, ("missing",)),
        ("return", 3, 1, ()),
    ]
    assert all(each.severity == "error" and each.hint for each in found)
    assert not any("single" in each.hint for each in found)
    assert remarks("print(later)", "later = 1")[0].message == "The name 'later' is used before it is defined."


def test_what_may_well_run_is_none() -> None:
    assert remarks("from m import *\nprint(anything)") == ()
    assert remarks("%run other.py\nprint(anything)") == ()
    assert remarks("try:\n    print(unicode)\nexcept NameError:\n    pass") == ()
    assert remarks("print(nobody)", tags={0: ["raises-exception"]}) == ()
    assert remarks("x = = 1", tags={0: ["raises-exception"]}) == ()
    assert remarks("print(nobody)", tags={0: ["skip-execution"]}) == ()
    assert remarks("%%R\nx <- 1", "%%bash\nif [ a ]; then b; fi") == ()
    assert remarks("print(_, __, _3, In, Out)\ndisplay(1)\nawait x", "x = 1") != ()
    assert remarks("async def f():\n    return 1\nawait f()") == ()


# --- Whatever the text --------------------------------------------------------------------------

_WORDS = st.sampled_from(
    """
    x y z = += ( ) [ ] { } : , . \n \n\u0020\u0020\u0020\u0020 def class for in if else while try except with as lambda
    import from * ** 1 'a' f'{x}' % %% ! ? @ return yield await async match case del global := -> \\ ; \r \0 \u2028 é
    %%time %timeit %matplotlib %%bash !ls df append open pd np print
    """.split(" ")
)


@settings(deadline=None)
@given(st.lists(_WORDS, max_size=40), st.lists(_WORDS, max_size=20), st.text(max_size=60))
def test_it_never_raises(first: list[str], second: list[str], markdown: str) -> None:
    cells = ["".join(first), " ".join(second), f"md:{markdown}", f"md:## {markdown}", "x = 1"]
    read = book(*cells)
    found, _ = read_statements(read)
    find_sections(read, None, None, {})
    fold(each.effect for each in found)
    for each in found:
        assert read.cells[each.cell].text[each.start : each.stop] == each.text


@pytest.mark.deep
def test_it_never_raises_on_what_is_deep_or_long() -> None:
    for code in (
        "x = " + "+".join(["y"] * 5000),
        "x" + ".a()" * 3000,
        "x = " + "(" * 150 + ")" * 150,
        "\n".join(f"def f{i}(x):\n    return f{i + 1}(x)" for i in range(500)) + "\nf0(y)",
        "if a:\n    x = 1\n" + "".join(f"elif b{i}:\n    x = {i}\n" for i in range(900)),
        "def f(x):\n    return f(x)\nf(y)",
        "\n".join(f"a{i} = a{i - 1}" for i in range(1, 2000)),
        "for q in w:\n"
        + "".join(f"    a{i} = a{i - 1} if c else [a{i - 1}]\n    a{i}.append(1)\n" for i in range(1, 200)),
        "\n".join(f"def f{i}(x):\n    " + "; ".join(f"f{j}(x)" for j in range(20)) for i in range(20)) + "\nf0(y)",
    ):
        assert statements(code)


@pytest.mark.case("N21")
def test_the_answer_does_not_follow_from_how_python_hashes() -> None:
    program = """
from cauce.engine.refactor.reading.book import read_book
from cauce.engine.refactor.reading.sections import find_sections
from cauce.engine.refactor.reading.statements import read_statements
cells = [
    "import a, b, c\\nfrom d import e, f as g",
    "def w(p, q):\\n    global r, s, t\\n    r, s, t = p, q, u + v\\n    p.x = q.y = 1\\nw(h, i)",
    "if j:\\n    k, l, m = n\\n    del k\\nelse:\\n    m, l, o = n\\n    del l",
    "class A(B, C):\\n    def f(self):\\n        return aa + bb + cc + dd\\nx = [A(y), z, {ee: ff}]",
]
text = "".join(f"# %%\\n{cell}\\n" for cell in [*cells, "ff = 1"])
read = read_book(f"# %% [markdown]\\n# ## One\\n{text}".encode(), "nb.py")
found, said = read_statements(read)
print([(each.kind, each.effect, dict(each.imports)) for each in found], said, find_sections(read, None, None, {}))
"""
    answers = set()
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            capture_output=True,
            text=True,
            check=True,
        )
        answers.add(done.stdout)
    assert len(answers) == 1


# --- Compared with what Python does -------------------------------------------------------------

_NAMES = ("a", "b", "c", "d")
_name = st.sampled_from(_NAMES)
_atom = st.one_of(
    st.integers(0, 3).map(str), _name, st.just("[]"), st.just("{}"), st.sampled_from(["'t'", "[1, 2]", "{'k': [1]}"])
)
_value = st.one_of(
    _atom,
    st.tuples(_name, _name).map("[{0[0]}, {0[1]}]".format),
    st.tuples(_name, _name).map("{{'k': {0[0]}, 'l': {0[1]}}}".format),
    st.tuples(_name, _name).map("({0[0]} if {0[1]} else [{0[0]}])".format),
    _name.map("list({0})".format),
    _name.map("{0}[0]".format),
    _name.map("{0}['k']".format),
    _name.map("[x for x in {0}]".format),
    _name.map("copy.deepcopy({0})".format),
    _name.map("keep({0})".format),
    _name.map("wrap({0})".format),
    _name.map("Box({0})".format),
    _name.map("{0}.get()".format),
    _name.map("{0}.held".format),
    _name.map("{0}[:]".format),
    st.tuples(_name, _name).map("pick({0[0]}, {0[1]})".format),
    st.tuples(_name, _name).map("({0[0]} := {0[1]})".format),
    st.tuples(_name, _name).map("({0[0]} or {0[1]})".format),
)
_simple = st.one_of(
    st.tuples(_name, _value).map("{0[0]} = {0[1]}".format),
    st.tuples(_name, _name, _value).map("{0[0]} = {0[1]} = {0[2]}".format),
    st.tuples(_name, _name, _value, _value).map("{0[0]}, {0[1]} = {0[2]}, {0[3]}".format),
    st.tuples(_name, _value).map("{0[0]}.append({0[1]})".format),
    st.tuples(_name, _value).map("{0[0]}['k'] = {0[1]}".format),
    st.tuples(_name, _value).map("{0[0]}[0] = {0[1]}".format),
    st.tuples(_name, _value).map("{0[0]} += {0[1]}".format),
    st.tuples(_name, _value).map("{0[0]}.update(z={0[1]})".format),
    st.tuples(_name, _value).map("grow({0[0]}, {0[1]})".format),
    _name.map("grow_last([{0}])".format),
    _name.map("remember({0})".format),
    _name.map("inner({0})".format),
    _name.map("[each.append(0) for each in {0}]".format),
    _name.map("list(map(inner, {0}))".format),
    st.tuples(_name, _value).map("push({0[0]}, {0[1]})".format),
    st.tuples(_name, _value).map("{0[0]}.put({0[1]})".format),
    st.tuples(_name, _name, _value).map("{0[0]}, *{0[1]} = {0[2]}".format),
    st.tuples(_name, _name).map("Box({0[0]}).put({0[1]})".format),
    _name.map("del {0}".format),
    _name.map("{0}.clear()".format),
    _name.map("{0}.pop()".format),
    _value,
)


def _indented(body: list[str]) -> str:
    return "".join(f"    {line}\n" for text in body for line in text.splitlines())


_compound = st.one_of(
    st.tuples(_name, st.lists(_simple, min_size=1, max_size=2), st.lists(_simple, min_size=1, max_size=2)).map(
        lambda parts: f"if {parts[0]}:\n{_indented(parts[1])}else:\n{_indented(parts[2])}"
    ),
    st.tuples(_name, _name, st.lists(_simple, min_size=1, max_size=2)).map(
        lambda parts: f"for {parts[0]} in list({parts[1]})[:2]:\n{_indented(parts[2])}"
    ),
    st.tuples(st.lists(_simple, min_size=1, max_size=2), st.lists(_simple, min_size=1, max_size=2)).map(
        lambda parts: f"try:\n{_indented(parts[0])}except Exception:\n{_indented(parts[1])}"
    ),
)
_BEFORE = """
import copy
log = []
def keep(x):
    return x
def wrap(x):
    y = [x]
    return y
def grow(x, y):
    z = x
    z.append(y)
def grow_last(x):
    x[-1].append(0)
def pick(x, y):
    if x:
        z = x
    else:
        z = y
    return z
def inner(x):
    def add():
        x.append(1)
    add()
push = lambda x, y: x.append(y)
class Box:
    def __init__(self, x):
        self.held = x
    def put(self, y):
        self.held.append(y)
        return self
    def get(self):
        return self.held
    def __repr__(self):
        return repr(self.held)
def remember(x):
    global a
    log.append(x)
    a = log
"""


class _Watched(dict[str, object]):
    """Names of a module, which notes which ones are looked up."""

    def __init__(self) -> None:
        super().__init__()
        self.looked: list[str] = []

    def __getitem__(self, key: str) -> object:
        self.looked.append(key)
        return super().__getitem__(key)


@settings(deadline=None, max_examples=300)
@given(st.lists(st.one_of(_simple, _compound), min_size=1, max_size=8))
def test_what_is_said_of_a_statement_is_what_python_does(program: list[str]) -> None:
    """Whatever a statement binds, or changes in place, is said of it or follows from what shares with what."""
    start = ["a = [1, [2]]", "b = {'k': [1]}", "c = [a, 3]", "d = 'text'"]
    found = [each for each in statements(_BEFORE, *start, *program) if each.cell > 0]
    names = _Watched()
    exec(_BEFORE, names, names)  # noqa: S102  # a program of our own making
    shares: set[frozenset[str]] = set()
    for statement in found:
        before = {name: names[name] for name in (*_NAMES, "log") if name in names}
        kept = copy.deepcopy(before)
        names.looked.clear()
        try:
            exec(statement.text, names, names)  # noqa: S102  # as above
            failed = False
        except Exception:
            failed = True
        effect = statement.effect
        looked = tuple(names.looked)
        after = {name: names[name] for name in (*_NAMES, "log") if name in names}
        if failed:
            return  # the notebook ends here
        shares |= {frozenset((share.name, share.other)) for share in effect.shares}
        changed = set(effect.mutates)
        while more := {name for pair in shares if pair & changed for name in pair} - changed:
            changed |= more
        said = {*effect.binds, *effect.may_bind, *effect.deletes}
        for name in {*before, *after}:
            if name not in after:
                assert name in effect.deletes or "\n" in statement.text  # in a branch, of which nothing is said
            elif name not in before or after[name] is not before[name]:
                assert name in said, (statement.text, effect)
            elif repr(after[name]) != repr(kept[name]):
                assert name in changed, (statement.text, effect, shares)
        for name in effect.binds:
            assert name in names, (statement.text, effect)
        for name in looked:
            assert name not in _NAMES or name in (*effect.reads, *said, "a"), (statement.text, effect)
