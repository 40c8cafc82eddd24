"""What crosses the cuts of a notebook, where functions go, what is repeated; most of it run, whole and as tasks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from splits import Split, differences, module_text, split

from cauce.engine.refactor.model import Trace, TracedCell, TracedValue, Wishes

_LIST = TracedValue(type="list", digest="1")


def _same(made: Split) -> Split:
    """It computes the same as tasks."""
    assert not differences(made)
    return made


# --- Variables ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sections", "edges"),
    [
        pytest.param(
            ["df = [1]", "df = df + [2]", "n = len(df)"],
            {"a": {}, "b": {"a": ["df"]}, "c": {"b": ["df"]}},
            marks=pytest.mark.case("C1"),
            id="the closest provider",
        ),
        pytest.param(
            ["df = [1]", "df = [2]", "n = len(df)"],
            {"a": {}, "b": {}, "c": {"b": ["df"]}},
            marks=pytest.mark.case("C2"),
            id="bound again without being read",
        ),
        pytest.param(
            ["df = [1]", "df = [2]\nn = len(df)"],
            {"a": {}, "b": {}},
            marks=pytest.mark.case("C3"),
            id="bound before it is used",
        ),
        pytest.param(
            ["x, x2 = 1, 2", "y = x"], {"a": {}, "b": {"a": ["x"]}}, marks=pytest.mark.case("C5"), id="unused"
        ),
        pytest.param(
            ["x, y = 1, 2", "z = x + y\nw = x"],
            {"a": {}, "b": {"a": ["x", "y"]}},
            marks=pytest.mark.case("C7"),
            id="two of one",
        ),
        pytest.param(
            ["a_, b_, flag = 1, 2, True", "assert a_ == 1\nif flag:\n    pass\nf'{b_=}'"],
            {"a": {}, "b": {"a": ["a_", "b_", "flag"]}},
            marks=pytest.mark.case("N2"),
            id="read in all ways",
        ),
        pytest.param(["df = [1]", "df"], {"a": {}, "b": {"a": ["df"]}}, marks=pytest.mark.case("N2"), id="shown alone"),
        pytest.param(
            ["count = 0", "count += 1", "n = count"],
            {"a": {}, "b": {"a": ["count"]}, "c": {"b": ["count"]}},
            marks=pytest.mark.case("N3"),
            id="counted up",
        ),
        pytest.param(
            ["items = [1]", "items.append(2)", "n = len(items)"],
            {"a": {}, "b": {"a": ["items"]}, "c": {"b": ["items"]}},
            marks=pytest.mark.case("N4"),
            id="changed in place",
        ),
        pytest.param(
            ["import os\nf = g = [1]", "with open(os.devnull) as f:\n    n = len(f.read())", "m = g"],
            {"a": {}, "b": {}, "c": {"a": ["g"]}},
            id="made and changed by one statement",
        ),
        pytest.param(
            ["d = {}\ndef fix(x):\n    x['k'] = 1", "fix(d)", "n = d['k']"],
            {"a": {}, "b": {"a": ["d"]}, "c": {"b": ["d"]}},
            marks=pytest.mark.case("N4"),
            id="changed by a function of the notebook",
        ),
        pytest.param(
            ["for i in [1, 2]:\n    pass", "j = i"],
            {"a": {}, "b": {"a": ["i"]}},
            marks=pytest.mark.case("N8"),
            id="target of a loop",
        ),
        pytest.param(
            ["max = 3", "n = max"], {"a": {}, "b": {"a": ["max"]}}, marks=pytest.mark.case("N14"), id="a builtin's name"
        ),
        pytest.param(
            ["thr, xs = 1, [1, 2]", "ys = [x for x in xs if x > thr]\nif (n := len(ys)): pass", "m = n"],
            {"a": {}, "b": {"a": ["thr", "xs"]}, "c": {"b": ["n"]}},
            marks=pytest.mark.case("N15"),
            id="comprehension and walrus",
        ),
        pytest.param(
            ["x = 1", "y = x\nx = 2", "z = y"],
            {"a": {}, "b": {"a": ["x"]}, "c": {"b": ["y"]}},
            marks=pytest.mark.case("N24"),
            id="bound again, never read",
        ),
        pytest.param(
            ["x = 1", "if x > 3:\n    x = 2", "y = x"],
            {"a": {}, "b": {"a": ["x"]}, "c": {"b": ["x"]}},
            id="bound on some ways",
        ),
        pytest.param(["x = [1]", "del x", "y = 1"], {"a": {}, "b": {}, "c": {}}, id="only deleted"),
    ],
)
def test_variables_come_from_who_made_them_last(sections: list[str], edges: dict[str, dict[str, list[str]]]) -> None:
    """From the closest earlier section that binds or changes them, and only if somebody uses them."""
    assert _same(split(*sections)).edges == edges


@pytest.mark.case("A2", "C6")
def test_the_classic_workshop() -> None:
    """Load, clean, split, two models: with exactly these edges."""
    made = split(
        load="import pandas as pd\nfrom sklearn.datasets import load_iris\ndf = load_iris(as_frame=True)['data']",
        clean="df = df[df['petal length (cm)'] > 2]\ndf['area'] = df['petal length (cm)'] * 2",
        split="from sklearn.model_selection import train_test_split\nX = df.drop('area', axis='columns')\ny = df.area\n"
        "X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.33, random_state=42)",
        lr="from sklearn.linear_model import LinearRegression\nlr = LinearRegression()\nlr.fit(X_train, y_train)\n"
        "y_pred = lr.predict(X_test)\ny_test - y_pred",
        rf="from sklearn.ensemble import RandomForestRegressor\nrf = RandomForestRegressor()\n"
        "rf.fit(X_train, y_train)\ny_pred = rf.predict(X_test)\ny_test - y_pred",
    )
    parts = ["X_test", "X_train", "y_test", "y_train"]
    assert made.edges == {
        "load": {},
        "clean": {"load": ["df"]},
        "split": {"clean": ["df"]},
        "lr": {"split": parts},
        "rf": {"split": parts},
    }
    assert made.text(made.part("lr").repeated) == ["from sklearn.linear_model import LinearRegression"]
    assert {given.names for given in made.part("split").gives} == {(name,) for name in parts}


@pytest.mark.case("C4")
def test_what_nobody_made_is_an_error_with_its_place() -> None:
    """Told with section, cell and line: used too early, deleted, never made."""
    made = split("x = 1\nlater = 2", ["y = x", "\nz = (x +\n     nowhere)"], "del x", "print(x)\nw = last", "last = 1")
    errors = {(r.names, r.cell, r.line): r.message for r in made.flow.remarks if r.severity == "error"}
    assert list(errors) == [(("nowhere",), 2, 3), (("x",), 4, 1), (("last",), 4, 2)]
    assert errors[("nowhere",), 2, 3].startswith("b uses nowhere (cell 3, line 3), but nothing in the notebook makes")
    assert "was deleted before" in errors[("x",), 4, 1]
    assert "e does so later" in errors[("last",), 4, 2]


def test_what_may_be_unbound_is_noted() -> None:
    """The section itself binds it, on some ways; a loop is taken to do something."""
    assert not split("xs = [1]", "for x in xs:\n    y = x\nprint(y)").remarks
    made = split("x = 1", "if x > 0:\n    y = 2\nprint(y)")
    assert made.remarks == {("note", "possibly_unbound")}


# --- Imports, set-up ----------------------------------------------------------------------


@pytest.mark.case("C8")
def test_imports_stand_once_at_the_top_of_tasks_that_use_them() -> None:
    """Taken out of the cells; what only others use is not kept, what nobody uses is where it was."""
    made = split(
        "from __future__ import annotations\nimport math\nimport json, this_is_unused as unused\nx = math.pi",
        "import math\nimport string\ny = math.floor(x)",
        "z = json.dumps(y)",
        "import antigravity_of_a_test",
    )
    future = "from __future__ import annotations"
    assert made.text(made.part("a").repeated) == [future, "import math"]
    assert made.text(made.part("b").repeated) == [future, "import math"]
    assert made.text(made.part("c").repeated) == [future, "import json, this_is_unused as unused"]
    assert made.text(made.part("b").removed) == ["import math"]
    assert not made.part("d").removed


@pytest.mark.parametrize(
    "section",
    [
        "x = 1\ny = x\nimport math as x\nz = x.pi",
        "json = 3\nz = json\nimport json",
        "import sys\nk = 1\nsys.path.append('x' * k)\nimport math as m\nz = m.pi",
    ],
)
def test_imports_stay_where_their_place_matters(section: str) -> None:
    """Another meaning of the name before, or a change of what is found."""
    made = _same(split(section, "q = z"))
    assert not [each for each in made.part("a").removed if each.text.startswith("import") and "sys" not in each.text]


@pytest.mark.case("N11")
def test_imports_that_depend_are_repeated_whole() -> None:
    """With what they say about it."""
    either = "try:\n    import no_such_module as js\nexcept ImportError:\n    import json as js"
    flagged = "try:\n    import no_such_module\n    HAVE = True\nexcept ImportError:\n    HAVE = False"
    made = _same(split([either, flagged], "x = js.dumps(1)", "y = 1 if HAVE else 2"))
    assert made.text(made.part("b").repeated) == [either]
    assert made.text(made.part("c").repeated) == [flagged]
    assert made.edges == {"a": {}, "b": {}, "c": {}}


@pytest.mark.case("N17")
def test_set_up_is_repeated_in_all_later_tasks() -> None:
    """With the imports and constants that it needs; in its own section it stays in its place."""
    made = _same(
        split(
            "import random, os\nSEED = 3\nrandom.seed(SEED)\nos.environ['A_TEST_OF_SPLITS'] = '1'",
            "x = random.random()",
            "import os\ny = os.environ['A_TEST_OF_SPLITS']",
        )
    )
    seed, env = "random.seed(SEED)", "os.environ['A_TEST_OF_SPLITS'] = '1'"
    assert made.text(made.part("b").repeated) == ["import random, os", "SEED = 3", seed, env]
    assert made.text(made.part("c").repeated) == ["import random, os", "SEED = 3", seed, env]
    assert made.part("b").takes == ()
    assert not {seed, env} & {*made.text(made.part("a").removed)}


def test_set_up_that_reads_a_variable_comes_after_it_is_loaded() -> None:
    """And is not repeated where the variable is another by then, which is told."""
    made = split("import random\nn = len([1])\nrandom.seed(n)", "x = random.random()", "n = 5", "y = random.random()")
    assert made.text(made.part("b").loaded) == ["random.seed(n)"]
    assert made.edges["b"] == {"a": ["n"]}
    assert not made.part("d").loaded
    assert ("warning", "not_repeated") in made.remarks


def test_the_user_says_what_is_set_up() -> None:
    """And what is not."""
    sections = (["path = 'x'", "import random\nrandom.seed(0)"], "y = path")
    made = _same(split(*sections, wishes=Wishes(repeated={0: True, 1: False})))
    assert made.text(made.part("b").repeated) == ["path = 'x'"]
    assert made.edges == {"a": {}, "b": {}}


def test_a_second_draw_is_warned_of() -> None:
    """The numbers follow on from those of another section; not where it is seeded anew."""
    draws = "x = random.random()"
    seed = "import random\nrandom.seed(0)"
    assert ("warning", "random") in split(seed, draws, draws).remarks
    assert ("warning", "random") not in split(seed, draws, f"{seed}\n{draws}").remarks
    assert ("warning", "random") not in split("import random", draws, draws).remarks


# --- Functions and classes ----------------------------------------------------------------


@pytest.mark.case("C11")
def test_definitions_go_into_a_module_with_what_they_need() -> None:
    """Only the imports that they use; no module when there are none."""
    made = _same(
        split(
            "import math, json\nimport string\ndef area(r):\n    return math.pi * r",
            "class Box:\n    def m(self):\n        return area(1)\nx = Box().m()",
            "y = area(2)",
        )
    )
    assert [(each.name, each.goes) for each in made.flow.definitions] == [("area", "module"), ("Box", "module")]
    text = module_text(made)
    assert text.startswith("import math, json\ndef area(r):")
    assert "string" not in text
    assert made.part("b").imported == ("Box",)
    assert made.part("c").imported == ("area",)
    assert not split("x = 1", "y = x").flow.definitions


@pytest.mark.case("C12")
def test_variables_that_functions_read_become_parameters() -> None:
    """Through other functions, too; calls hand them on, whatever they look like."""
    made = _same(
        split(
            "x = 1\nx = x + 1\nw = [1]\nw.append(2)",
            [
                "def f(a, b=2, *rest, **more):  # (comment)\n    return a + x + len(rest)",
                "def g(a):\n    return sum(f(i, ) for i in range(a)) + h()",
                "def h():\n    w.append(3)\n    return len(w)",
                "def first(it):\n    return next(it) + x",
            ],
            "y = [f(1), g(2), g(  # so many\n    3,  # three\n), (lambda v: f(v))(1), first(i for i in [5])]",
            "z = len(w)",
        )
    )
    goes = {each.name: (each.goes, each.parameters) for each in made.flow.definitions}
    assert goes == {
        "f": ("parameters", ("x",)),
        "g": ("parameters", ("x", "w")),
        "h": ("parameters", ("w",)),
        "first": ("parameters", ("x",)),
    }
    text = module_text(made)
    assert "def f(a, b=2, *rest, x, **more):  # (comment)" in text
    assert "def g(a, *, x, w):" in text
    assert "sum(f(i, x=x) for i in range(a)) + h(w=w)" in text
    assert "first((i for i in [5]), x=x)" in made.text(made.statements)[-2]
    assert made.edges["d"] == {"c": ["w"]}


@pytest.mark.parametrize(
    ("definition", "use", "why"),
    [
        ("def f(a):\n    return a + x", "y = list(map(f, [1]))", "other than by calling"),
        ("def f(a):\n    return a + x", "y = [f(x) for x in [1, 2]]", "another variable"),
        ("def f(a):\n    return a + x", "def g(x):\n    return f(x)\ny = g(1)", "another variable"),
        ("def f(a):\n    global x\n    x += 1\n    return a + x", "y = f(1)\nz = x", "binds global"),
        ("class f:\n    def m(self):\n        return x", "y = f().m()", "no plain function"),
        ("def f(a):\n    yield a + x", "y = list(f(1))", "generator"),
        ("def f(a, **k):\n    return a + x", "y = f(1, **{'x': 2}) if False else f(1)", "hands it arguments"),
        ("f = lambda a: a + x", "y = f(1)", "no plain function"),
        ("def f(a):\n    return eval('x') + a", "y = f(1)", "uses eval"),
    ],
)
def test_else_they_are_copied(definition: str, use: str, why: str) -> None:
    """Into each task that uses them, with what they read there; why is told."""
    made = split("x = 1\nx = x + 1", definition, use)
    if "eval" not in definition:
        _same(made)
        assert "x" in made.edges["c"][next(iter(made.edges["c"]))]
    assert made.flow.definitions[0].goes == "copied"
    assert why in made.flow.definitions[0].why
    assert definition in made.text(made.part("c").repeated)
    assert made.text(made.part("b").removed) == [definition]


def test_each_use_gets_the_definition_before_it() -> None:
    """Where a name is defined twice."""
    one, two = "def f():\n    return 1", "def f():\n    return 2"
    made = _same(split(f"{one}\nx = f()", f"y = f()\n{two}\nz = f()", "w = f()"))
    assert made.text(made.part("b").repeated) == [one]
    assert made.text(made.part("c").repeated) == [two]


@pytest.mark.case("N10", "N13")
def test_what_a_definition_is_made_with_comes_along() -> None:
    """Constants, bases, decorators move to the module; variables make it a copy, while they are what they were."""
    made = _same(
        split(
            "import functools\nK = 2\nclass Base:\n    k = K\n"
            "def deco(f):\n    @functools.wraps(f)\n    def g(*a):\n        return f(*a) + K\n    return g",
            "@deco\ndef f(a=K):\n    return a\nclass A(Base):\n    pass",
            "y = f(1) + A.k + K",
        )
    )
    assert {each.goes for each in made.flow.definitions} == {"module"}
    assert "K = 2\nclass Base" in module_text(made)
    assert "@deco\ndef f(a=K)" in module_text(made)
    assert made.part("c").imported == ("f", "A", "K")
    assert made.text(made.part("a").removed)[1] == "K = 2"

    changing = "k = 1\nk += 1\ndef f(a=k):\n    return a"
    made = _same(split(changing, "y = f()"))
    assert made.text(made.part("b").loaded) == ["def f(a=k):\n    return a"]
    made = split(changing, "k = 5", "y = f()")
    remark = next(each for each in made.flow.remarks if each.severity == "error")
    assert (remark.code, remark.cell, remark.line) == ("definition_changed", 0, 3)


@pytest.mark.case("N9", "N12")
def test_what_is_local_is_no_variable() -> None:
    """Imports, functions and loops within a function."""
    made = _same(
        split(
            "def f(n):\n    import math\n    def g(d):\n        return d\n    for d in range(n):\n        pass\n"
            "    return math.floor(g(d))",
            "d = 7\ny = f(3)",
        )
    )
    assert made.flow.definitions[0].goes == "module"
    assert made.edges == {"a": {}, "b": {}}


def test_what_nobody_uses_stays_with_what_it_uses() -> None:
    """Though that is copied elsewhere."""
    one, two = "def h():\n    return 1", "def h():\n    return 2"
    made = _same(split(f"{one}\ndef f():\n    return h()\ndef f():\n    return h()", f"x = h()\n{two}"))
    assert not made.part("a").removed


def test_instances_take_their_class_along() -> None:
    """One that could not go into the module: wherever its objects go."""
    kind = "class A:\n    def m(self):\n        return x"
    made = _same(split(f"x = 1\nx += 1\n{kind}\na = [A()]", "b = a[0]", "x += 1\ny = b.m()"))
    assert made.text(made.part("b").repeated) == [kind]
    assert made.text(made.part("c").repeated) == [kind]


def test_the_user_says_where_definitions_go() -> None:
    """Where that can be done."""
    sections = ("def f(a):\n    return a\nx = 1\nx += 1\ndef g():\n    return x", "y = f(g())")
    made = _same(split(*sections, wishes=Wishes(definitions={"f": "copied", "g": "module"})))
    assert [(d.name, d.goes, d.choices) for d in made.flow.definitions] == [
        ("f", "copied", ("module", "copied")),
        ("g", "parameters", ("parameters", "copied")),
    ]


# --- Magics, stars, files -----------------------------------------------------------------


@pytest.mark.case("C10")
def test_magics_add_no_edges_but_those_of_their_code() -> None:
    """`%timeit f()` uses f, and nothing else."""
    made = split(
        "def f():\n    return 1", "%timeit f()\n%matplotlib inline\nx, y = 1, 2", "%time z = x + y", "print(z)"
    )
    assert made.edges == {"a": {}, "b": {}, "c": {"b": ["x", "y"]}, "d": {"c": ["z"]}}
    assert made.part("b").imported == ("f",)


@pytest.mark.case("C13")
def test_star_imports_name_what_is_used() -> None:
    """By what their modules say; where that is not known, what nothing else makes comes from the only one."""
    made = _same(split("from math import *\nfrom json import *\nx = sqrt(4)", "y = dumps(floor(x + pi))"))
    assert made.text(made.part("a").removed) == ["from math import floor, pi, sqrt", "from json import dumps"]
    assert made.text(made.part("a").repeated) == ["from math import floor, pi, sqrt"]
    made = split("from no_such_module_of_a_test import *\nfrom math import *", "y = thing(pi)")
    assert made.text(made.part("b").repeated) == [
        "from no_such_module_of_a_test import thing",
        "from math import pi",
    ]
    made = split("from no_such_module_of_a_test import *\nfrom no_other_module import *", "y = thing(1)")
    assert len(made.part("b").repeated) == 2
    assert made.remarks == {("warning", "star_import"), ("note", "empty")}
    seen = Trace("digest", (), stars={"no_other_module": ("thing",)})
    made = split("from no_such_module_of_a_test import *\nfrom no_other_module import *", "y = thing(1)", trace=seen)
    assert made.text(made.part("b").repeated) == ["from no_other_module import thing"]


@pytest.mark.case("N16")
def test_who_reads_a_file_comes_after_who_wrote_it() -> None:
    """It is a product when nobody else writes it; who writes it anew waits for its readers."""
    made = split(
        "import pandas as pd\ndf = pd.DataFrame()\ndf.to_csv('./x.csv')\ndf.to_csv('y.csv')",
        "t = pd.read_csv('x.csv')\nu = pd.read_csv('y.csv')",
        "open('y.csv', 'w').write('')",
    )
    assert made.edges == {"a": {}, "b": {"a": []}, "c": {"a": [], "b": []}}
    assert made.part("a").files == ("x.csv",)
    assert [(each.section, each.path, each.evidence) for each in made.part("b").reads] == [
        ("a", "x.csv", "static"),
        ("a", "y.csv", "static"),
    ]


# --- Objects with several names, and those that no file holds -----------------------------


@pytest.mark.case("N25")
def test_one_object_by_two_names_stays_one() -> None:
    """Also when it is given its second name somewhere else than the first."""
    made = _same(split("raw = [1]", "df = raw\nother = [2]", "df.append(3)", "x = raw + other"))
    assert made.edges["d"] == {"b": ["other"], "c": ["raw"]}
    assert [(given.names, given.whole) for given in made.part("b").gives] == [(("raw", "df"), True), (("other",), True)]
    made = _same(split("a_ = [1]\nb_ = [a_, 2]", "a_.append(3)", "x = b_[0]"))
    assert made.part("a").gives[0].names == ("a_", "b_")
    assert not made.part("a").gives[0].whole
    made = _same(split("a_ = [1]\nb_ = [a_, 2]", "x = len(a_) + len(b_)"))
    assert len(made.part("a").gives) == 2, "nothing changes them later: nobody can tell"


def test_what_a_file_cannot_keep_of_it_is_told() -> None:
    """Lambdas have no name to be found by; arrays that look at the same numbers do so no more."""
    made = split("f = lambda v: v\nfs = [f, lambda v: v]\ny = sorted([1], key=lambda v: -v)", "z = fs[0](y)")
    assert {given.names[0]: given.by_value for given in made.part("a").gives} == {"fs": True, "y": False}
    made = split("import numpy as np\na_ = np.zeros(3)\nb_ = a_[:2]", "b_[0] = 1", "c_ = a_")
    assert ("warning", "views") in made.remarks


def test_texts_that_pandas_evaluates_read_variables() -> None:
    """Where they are evaluated, and in functions."""
    made = split(
        "import pandas as pd\nlow = 1\nlow += 1\ndf = pd.DataFrame({'a': [1, 3]})\n"
        "def big(t):\n    return len(t.query('a > @low'))",
        "d = df.query('a > @low and a < 9')",
        "n = big(df)",
    )
    assert made.edges["b"] == {"a": ["df", "low"]}
    assert made.edges["c"] == {"a": ["df", "low"]}
    assert made.flow.definitions[0].parameters == ("low",)


@pytest.mark.case("N26")
def test_what_no_file_holds_is_told_with_what_makes_it() -> None:
    """Before it is written; what follows from imports, constants and files can be made anew."""
    made = split(
        "import sqlite3\nNAME = 'x.db'\nconn = sqlite3.connect(NAME)\nlines = (i for i in [1])",
        "x = conn.execute('select 1').fetchall()\ny = next(lines)",
    )
    gives = {given.names[0]: given for given in made.part("a").gives}
    assert gives["conn"].unstorable
    assert [each.text for each in gives["conn"].recreate] == [
        "import sqlite3",
        "NAME = 'x.db'",
        "conn = sqlite3.connect(NAME)",
    ]
    assert gives["lines"].unstorable == "a generator"
    made = split("from sklearn.model_selection import KFold\nparts = KFold(2).split([1, 2])", "x = list(parts)")
    assert made.part("a").gives[0].unstorable == "a generator"
    made = split("import sqlite3\nconn = sqlite3.connect(':memory:')", "x = conn.cursor()")
    assert made.part("a").gives[0].unstorable
    assert not made.part("a").gives[0].recreate
    assert ("warning", "unstorable") in made.remarks


# --- What was seen, and what the user says -------------------------------------------------


@pytest.mark.case("N4")
def test_a_trace_decides() -> None:
    """On what may change: what was not seen to does not, what was seen to does; what is sure stays."""
    sections = ("import lib\nx = [1]\ny = [1]\nw = [1]", "x.whatever()\nlib.change(y)\nw.sort()", "z = x + y + w")
    assert split(*sections).edges["c"] == {"a": ["y"], "b": ["w", "x"]}
    assert ("note", "handed") in split(*sections).remarks
    seen = Trace(
        "digest",
        (
            TracedCell(0, bound=("x", "y", "w"), values={"x": _LIST, "y": _LIST, "w": _LIST}),
            TracedCell(1, mutated=("y",), values={"y": _LIST}),
            TracedCell(2, bound=("z",), values={"z": _LIST}),
        ),
    )
    made = split(*sections, trace=seen)
    assert made.edges["c"] == {"a": ["x"], "b": ["w", "y"]}
    assert {take.evidence for part in made.flow.parts for take in part.takes} == {"traced"}
    assert made.part("b").gives[0].type == "list"
    assert not made.remarks
    other = split(*sections, trace=Trace("of another", seen.cells))
    assert other.edges["c"] == {"a": ["y"], "b": ["w", "x"]}


def test_the_user_knows_better_what_is_taken() -> None:
    """From another section, not at all, or though nobody can see it; what cannot be is told."""
    sections = ("x = 1\nk = 1", "x = 2", "y = x", "z = 3")
    wishes = Wishes(edges=((2, "x", 0), (3, "k", 0), (3, "nope", 1)))
    made = split(*sections, wishes=wishes)
    assert made.edges == {"a": {}, "b": {}, "c": {"a": ["x"]}, "d": {"a": ["k"]}}
    assert {take.evidence for part in made.flow.parts for take in part.takes} == {"user"}
    assert made.remarks == {("warning", "wish")}
    assert split(*sections, wishes=Wishes(edges=((2, "x", None),))).edges["c"] == {}


@pytest.mark.case("N21")
def test_the_order_is_the_notebooks_in_every_process() -> None:
    """Whatever the seed of hashes."""
    code = (
        "from splits import split\n"
        "made = split('import math, json\\na, b, c, d = [1], [2], [3], [4]\\ndef f(x):\\n    return x + len(c + d)',"
        "'e = [a, b]\\nc.append(f(1))', 'g = d + c + b + a + e\\nmath.pi, json.dumps')\n"
        "print([(p.takes, p.upstream, p.gives, p.repeated, p.imported) for p in made.flow.parts], made.flow.edits,"
        "made.flow.definitions, made.flow.remarks)"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parent,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(found) == 1
    assert "Taken" in found.pop()


def test_an_object_that_is_only_loaded_beside_another_finds_its_class() -> None:
    made = split(
        "b = [0]\nc = {'k': 1}",
        "class A:\n    def __init__(self, v):\n        self.v = v\n    def m(self):\n        return self.v + len(b)\n"
        "b = b + [0]\na = A(c.get('k'))",
        "c['k'] = 0",
        "a.v = 2\nz = a.m()",
    )
    assert made.text(made.part("c").repeated) == made.text(made.part("d").repeated) != []
    _same(made)


# --- What notebooks do by the way ----------------------------------------------------------


_WRAPS = "def log(fn):\n    def inner(*given):\n        calls.append(1)\n        return fn(*given)\n    return inner\n"


@pytest.mark.parametrize(
    "sections",
    [
        pytest.param(
            [f"calls = []\n{_WRAPS}@log\ndef f(x):\n    return x", "y = f(1)", "z = [*calls]"], id="decorator"
        ),
        pytest.param(
            [
                "from contextlib import contextmanager\ncalls = []\n"
                "@contextmanager\ndef timed():\n    calls.append(1)\n    yield",
                "with timed():\n    y = 1",
                "z = [*calls]",
            ],
            id="generator that is used as a context",
        ),
        pytest.param(
            [
                "class A:\n    def __init__(self):\n        self.v = []\n"
                "    def __enter__(self):\n        self.v += [1]\n"
                "    def __exit__(self, *given):\n        self.v += [2]\n"
                "    def __call__(self):\n        self.v += [3]\n"
                "    def __rshift__(self, other):\n        self.v += [other]\na = A()",
                "with a:\n    pass",
                "a()",
                "a >> 7",
                "z = [*a.v]",
            ],
            id="what Python calls of a class",
        ),
        pytest.param(
            ["import types\nhome = types\ndef f():\n    return 1\ntypes.SplitTest = f", "z = types.SplitTest()"],
            id="a function hung into a library",
        ),
        pytest.param(
            [
                "calls = []\ndef f():\n    calls.append(1)\nsteps = [f]\nby_name = {'f': f}",
                "for s in steps:\n    s()",
                "by_name['f']()",
                "z = [*calls]",
            ],
            id="functions in a list",
        ),
        pytest.param(
            [
                "calls = []\nclass Bell:\n    def __init__(self):\n        self.told = []\n"
                "    def on(self, f):\n        self.told.append(f)\n"
                "    def ring(self):\n        for f in self.told:\n            f()\n"
                "def f():\n    calls.append(1)\nbell = Bell()\nbell.on(f)",
                "bell.ring()",
                "z = [*calls]",
            ],
            id="a function that an object was told",
        ),
        pytest.param(
            [
                "def pair():\n    held = [1]\n    return held, [held]\nx, y = pair()",
                "x.append(2)",
                "z = [*y[0]]",
            ],
            id="what one function returns",
        ),
        pytest.param(
            [
                "known = []\nclass A:\n    def __init__(self, v):\n        self.v = v\n        known.append(self)\n"
                "    @classmethod\n    def new(cls, v):\n        return cls(v)\n"
                "    def to(self, v):\n        self.v = v\n        return self\na = A(1)\nb = A(2).to(3)",
                "c = A.new(4)\nb.v = 5",
                "a.v = 6",
                "z = [each.v for each in known]",
            ],
            id="objects that are told of themselves",
        ),
        pytest.param(
            [
                "x = [1]\nx.append(2)\ndef f(*given):\n    return len(x)\ny = [f(x) for x in [[]]]",
                "class A:\n    n = f()\nz = A.n",
                "w = A.n",
            ],
            id="a class that calls a function while it is made",
        ),
        pytest.param(
            [
                "held = {'x': []}\ndef f(v):\n    def put(z):\n        held['x'].append(z)\n"
                "    def twice():\n        put(v)\n        put(v)\n    twice()",
                "f(1)",
                "z = [*held['x']]",
            ],
            id="functions within functions",
        ),
        pytest.param(
            [
                "def halve(d, out=None):\n    out = d if out is None else out\n"
                "    out['k'] = d['k'] / 2\n    return out\n"
                "x, y = {'k': 8}, {}",
                "halve(x, out=y)\nw = halve(x)",
                "z = [x['k'], y['k']]\nw['n'] = 1",
                "v = [*x]",
            ],
            id="a parameter that may be given another meaning",
        ),
        pytest.param(
            ["def product(a):\n    return a\nx = [product(2)]", "y = product(x)"],
            id="a function called as what a task is given",
        ),
        pytest.param(
            ["import numpy as np\nx = [1, 2, 3]", "np.random.default_rng(0).shuffle(x)", "z = [*x]"],
            id="shuffled by a generator without a name",
        ),
    ],
)
def test_what_is_changed_behind_other_names_is_handed_on(sections: list[str]) -> None:
    """By whatever is called without being named where it is called."""
    _same(split(*sections))


def test_a_default_is_what_is_given() -> None:
    """Who draws from a generator by default changes it; a function that holds it cannot be repeated as it was."""
    made = split("import random\nrng = random.Random(1)\ndef f(r=rng):\n    return r.random()", "x = f()", "y = f()")
    assert ("error", "definition_changed") in made.remarks
    _same(split("import random\nrng = random.Random(1)\ndef f(r=rng):\n    return r.random()", "x = f()", "y = 1"))


def test_tables_in_a_list_are_those_with_names() -> None:
    """What is taken out of a table is a copy; what a table is put into holds the table."""
    made = split(
        "import pandas as pd\none, two = pd.DataFrame({'x': [1]}), pd.DataFrame({'x': [2]})\n"
        "tables = [one]\ntables.append(two)",
        "for table in tables:\n    table['y'] = 3",
        "z = [*one.columns, *two.columns]",
    )
    assert made.edges["c"] == {"b": ["one", "two"]}
    made = split(
        "import pandas as pd\none, two = pd.DataFrame({'x': [1]}), pd.DataFrame({'x': [2]})\n"
        "for name, table in [('one', one), ('two', two)]:\n    table['y'] = name",
        "one['z'] = 1",
        "w = [*one.columns, *two.columns]",
    )
    assert [given.names for given in made.part("a").gives] == [("one",), ("two",)]
    styled = "import pandas as pd\ndf = pd.DataFrame({'x': [1]})\ns = df.style"
    assert split(styled, "s.set_caption('x')", "t = s.to_html()").edges["c"] == {"b": ["s"]}


def test_who_draws_on_a_figure_changes_it() -> None:
    """What was drawn is a part of it, and of two names for the figure in hand each may be of the other."""
    plt = "import matplotlib.pyplot as plt\nimport pandas as pd\n"
    for made in (
        split(f"{plt}fig, ax = plt.subplots()\nline, = ax.plot([1])", "line.set_color('red')", "fig.savefig('x.png')"),
        split(f"{plt}fig, ax = plt.subplots()\ndf = pd.Series([1])", "df.plot(ax=ax)", "fig.savefig('x.png')"),
        split(f"{plt}fig = plt.figure()\nax = plt.gca()", "ax.set_title('x')", "fig.savefig('x.png')"),
    ):
        assert made.edges["c"] == {"b": ["fig"]}


def test_a_function_that_only_one_way_defines_is_made_anew_also_where_it_was_seen() -> None:
    """In the kernel of the trace a pickle could name it; in that of a task it cannot."""
    function = TracedValue(type="builtins.function")
    seen = Trace("digest", (TracedCell(0, bound=("f",), values={"f": function}), TracedCell(1)))
    made = split("if True:\n    def f():\n        return 1", "x = [f()]", trace=seen)
    assert made.part("a").gives[0].unstorable == "a function"


def test_functions_that_functions_make_have_no_name_that_a_pickle_could_hold() -> None:
    """They are stored by value, as lambdas are; who calls one that counts changes it."""
    made = split(
        "def make(k):\n    def times(x):\n        return k * x\n    return times\n"
        "def counter():\n    n = 0\n"
        "    def count():\n        nonlocal n\n        n += 1\n        return n\n    return count\n"
        "double, by_name, c = make(2), {n: make(n) for n in (1, 2)}, counter()",
        "x = double(1)\nc()",
        "y = double(by_name[1](1)) + c()",
    )
    assert {given.names[0]: given.by_value for given in made.part("a").gives} == dict.fromkeys(
        ("double", "by_name", "c"), True
    )
    assert made.edges["c"] == {"a": ["by_name", "double"], "b": ["c"]}


def test_names_in_texts_are_names() -> None:
    """Where the text is there to be read; else it is told that they are not handed on."""
    made = _same(
        split(
            "exec('q = [5]')\nglobals()['k'] = 1\nk2 = [k]\ndef f(x):\n    return len(q) + x",
            "v = eval('q + k2')\nw = globals()['q'] + vars()['k2']",
            "u = eval('f(1)')",
        )
    )
    assert made.edges["b"] == {"a": ["k2", "q"]}
    assert made.flow.definitions[0].goes == "copied", "its calls in texts could not be given more arguments"
    for look in ("eval(name)", "globals()[name]", "vars().get(name)"):
        made = split("x = 1\nname = str('x')", f"y = {look}")
        assert ("warning", "hidden") in made.remarks
    assert not split("x = 1", "y = 'x' in globals()").remarks
    assert ("warning", "hidden") in split("x = 1", "def f():\n    return globals()['x']\ny = f()").remarks
    assert ("warning", "hidden") not in split("x = 1", "def f(a):\n    return locals()\ny = f(1)").remarks
    made = split("for n in 'ab':\n    globals()[n] = 1", "y = a_of_a_test")
    assert ("error", "hidden") in made.remarks


def test_what_follows_from_the_order_of_cells_is_refused() -> None:
    """Numbers of cells are others in a task; the last value is that of the cell before, if that is in the task."""
    for history in ("y = Out[1]", "y = _3", "y = In[1]", "y = _ + 1"):
        assert ("error", "history") in split("1 + 1", history).remarks
    assert not split("x = 1", ["x + 1", "y = _ + 1"]).remarks
    assert not split("for _ in range(2):\n    pass", "y = _").remarks


def test_what_registers_functions_is_done_in_each_task() -> None:
    """Though nobody names them; by whatever name they have."""
    _same(
        split(
            "from functools import singledispatch\n@singledispatch\ndef show(x):\n    return 'any'\n"
            "@show.register\ndef _(x: int):\n    return 'int'\n@show.register(str)\ndef of_text(x):\n    return 'str'",
            "y = [show(1), show('a')]",
            "@show.register(list)\ndef _(x):\n    return 'list'\nz = show([])",
            "w = [show([]), show(1)]",
        )
    )


def test_functions_and_classes_that_remember_are_told() -> None:
    """A task has them as they are defined: what was set on them, or put into a default, is not there."""
    default = "def f(x, seen=[]):\n    seen.append(x)\n    return len(seen)"
    assert ("warning", "state_kept") in split(f"{default}\ny = f(1)", "z = f(1)").remarks
    assert ("warning", "state_kept") not in split(f"{default}\ny = f(1)\nw = f(1)", "z = y").remarks
    counted = "class A:\n    n = 0\n    def __init__(self):\n        A.n += 1"
    assert ("warning", "state_kept") in split(f"{counted}\na_ = A()", "z = A.n").remarks
    assert ("warning", "state_kept") not in split(counted, "a_ = A()\nz = A.n").remarks


def test_folders_are_made_wherever_something_may_be_written_into_them() -> None:
    """Tasks may be built in another order, or on another computer. Behind a change of folder no path is a product."""
    made = split("import os\nos.makedirs('out', exist_ok=True)\nx = [1]", "open('out/a.txt', 'w')", "os.makedirs('no')")
    assert made.text(made.part("b").repeated) == ["import os", "os.makedirs('out', exist_ok=True)"]
    assert made.part("b").files == ("out/a.txt",)
    made = split("import os\nos.chdir('out')\nx = [1]", "open('a.txt', 'w')", "y = open('a.txt').read()")
    assert made.part("b").files == ()
    assert made.edges["c"] == {"b": []}


def test_what_is_made_of_a_lambda_is_stored_by_value() -> None:
    """A pipeline with one in it, its clone, a search through it; not what it has computed."""
    made = split(
        "from sklearn.base import clone\nfrom sklearn.pipeline import Pipeline\n"
        "from sklearn.model_selection import GridSearchCV\nfrom sklearn.preprocessing import FunctionTransformer\n"
        "pipe = Pipeline([('f', FunctionTransformer(lambda v: v))])\nother = clone(pipe)\n"
        "grid = GridSearchCV(other, {}).fit([[1]])\ny = pipe.transform([[1]])",
        "print(pipe, other, grid, y)",
    )
    assert {given.names[0]: given.by_value for given in made.part("a").gives} == {
        "pipe": True,
        "other": True,
        "grid": True,
        "y": False,
    }


def test_a_logger_is_the_processes() -> None:
    made = _same(
        split(
            "import logging\nlog = logging.getLogger('of a test')\nlog.setLevel(logging.DEBUG)\nx = [1]",
            "y = log.isEnabledFor(10) + x[0]",
        )
    )
    assert made.edges["b"] == {"a": ["x"]}
    assert made.text(made.part("b").repeated)[1:] == [
        "log = logging.getLogger('of a test')",
        "log.setLevel(logging.DEBUG)",
    ]


def test_a_stored_function_goes_on_with_what_it_has_read() -> None:
    """Which is told where that changes; a function that makes functions is not given more arguments."""
    make = "def make():\n    def f(x):\n        return k * x\n    return f\n"
    made = split(f"k = 1\n{make}g = make()", "k = 5\ny = g(2)")
    assert ("warning", "stored_function") in made.remarks
    assert made.flow.definitions[0].goes == "copied"
    assert ("warning", "stored_function") not in split(f"k = 1\n{make}g = make()", "y = g(2)", "k = 5").remarks
    assert ("warning", "stored_function") in split(
        "k = [1]\nfs = [lambda x: x + len(k)]", "k.append(2)\ny = fs[0](1)"
    ).remarks


def test_tables_that_decorators_fill_are_full_in_the_module() -> None:
    """Also where it was seen that they are filled; what sees more of it than in the notebook is told."""
    table = "known = {}\ndef register(f):\n    known[f.__name__] = f\n    return f\n@register\ndef one():\n    return 1"
    two = "@register\ndef two():\n    return 2\ny = len(known)"
    seen = TracedValue(type="dict", digest="1")
    trace = Trace(
        "digest",
        (
            TracedCell(0, bound=("known",), values={"known": seen}),
            TracedCell(1, bound=("y",), mutated=("known",), values={"known": seen, "y": _LIST}),
            TracedCell(2, bound=("z",), values={"z": _LIST}),
        ),
    )
    for found in (None, trace):
        made = _same(split(table, two, "z = [known[name]() for name in known]", trace=found))
        assert ("warning", "registered") not in made.remarks
    keep = "    def keep(f):\n        known[name] = f\n        return f\n    return keep\n"
    by_name = f"known = {{}}\ndef register(name):\n{keep}"
    made = _same(split(f"{by_name}@register('one')\ndef one():\n    return 1", "z = [known['one']()]"))
    assert {each.goes for each in made.flow.definitions} == {"module"}
    assert ("warning", "registered") in split(table, "x = len(known)", two).remarks
