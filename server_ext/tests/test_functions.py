"""Tasks that are functions: where they are found, what they need, how much of their module they are."""

from __future__ import annotations

import json
import re
import sys
import textwrap
import types
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from looked import Looked

from cauce.contract import Where, encode
from cauce.engine.functions import FunctionIndex, function_facts
from cauce.engine.slices import read_module

TASKS = """\
\"\"\"All tasks.\"\"\"
import json
from pathlib import Path

import pandas as pd, helpers

LIMIT = 10
DEPTH = 3


def first(product):
    \"\"\"Makes a.\"\"\"
    Path(product).write_text(shout("a"))


def second(product, upstream, depth=DEPTH):
    # reads a
    Path(product).write_text(upstream["first"])
    limited = LIMIT


def third(product, upstream):
    helpers.save(product, upstream["second"])


def shout(text):
    return text.upper()
"""
PIPELINE = """\
tasks:
  - {source: tasks.first, product: out/first.txt}
  - {source: tasks.second, product: out/second.txt}
  - {source: tasks.third, product: out/third.txt}
"""
FILES = {"pipeline.yaml": PIPELINE, "tasks.py": TASKS, "helpers.py": "def save(path, text): ...\n"}


@pytest.fixture
def built(tmp_path: Path) -> Looked:
    project = Looked(tmp_path, FILES)
    assert project.problems() == []
    assert project.build() == "ok"
    assert project.why() == {}
    return project


EDITS = {
    "its own code": ('write_text(shout("a"))', 'write_text(shout("b"))', {"first": ["code_changed"]}),
    "a helper it calls": ("text.upper()", "text.lower()", {"first": ["code_changed"]}),
    "a constant in its body": ("LIMIT = 10", "LIMIT = 11", {"second": ["code_changed"]}),
    "what makes a constant in its body": ("LIMIT = 10", 'LIMIT = json.loads("10")', {"second": ["code_changed"]}),
    "a constant in its signature": ("DEPTH = 3", "DEPTH = 4", {"second": ["code_changed"]}),
    "a default": ("depth=DEPTH", "depth=2", {"second": ["code_changed"]}),
    "the name it imports by": ("import pandas as pd", "import polars as pd", {}),
    "a comment": ("# reads a", "# reads what first makes", {}),
    "a docstring": ('"""Makes a."""', '"""Makes what is asked for."""', {}),
    "the module's docstring": ('"""All tasks."""', '"""Every task."""', {}),
    "formatting": ("text.upper()", "(\n        text\n        .upper()\n    )", {}),
    "an import more": ("import json\n", "import json\nimport re\n", {}),
    "an import less": ("import pandas as pd, helpers", "import helpers", {}),
    "a function more": ("def shout", "def whisper(): ...\n\n\ndef shout", {}),
    "what runs as a script only": (
        "def shout",
        'if __name__ == "__main__":\n    first("x")\n\n\ndef shout',
        {},
    ),
    "a statement that does something": (
        "LIMIT = 10",
        "LIMIT = 10\npd.options.display.width = 80",
        {"first": ["code_changed"], "second": ["code_changed"], "third": ["code_changed"]},
    ),
    "a decorator": ("def shout", "@staticmethod\ndef shout", {"first": ["code_changed"]}),
    "another definition of the same name": (
        "def shout",
        "if LIMIT:\n    def shout(text): ...\n\n\ndef shout",
        {"first": ["code_changed"]},
    ),
    "code that may use anything": (
        "return text.upper()",
        "return globals()[text]",
        {"first": ["code_changed", "module_changed helpers.py"]},
    ),
}


@pytest.mark.case("B2", "B3", note="a helper that the function calls counts, too")
@pytest.mark.parametrize("what", EDITS)
def test_only_what_a_function_follows_from_makes_it_stale(built: Looked, what: str) -> None:
    before, after, why = EDITS[what]
    built.edit("tasks.py", before, after)
    stale = built.why()
    own = {task: [reason for reason in reasons if "upstream" not in reason] for task, reasons in stale.items()}
    assert {task: reasons for task, reasons in own.items() if reasons} == why
    if why:  # and what follows from it
        assert built.build() == "ok"
    assert built.why() == {}


HIDDEN = {
    "a register": """
        found = []
        def register(step): found.append(step); return step
        @register
        def other(): return "OLD"
        def task(): return [step() for step in found]
        """,
    "a register by name": """
        found = {}
        def register(name):
            def put(step): found[name] = step; return step
            return put
        @register("a")
        def other(): return "OLD"
        def task(): return [step() for step in found.values()]
        """,
    "what a function sets up whose value somebody else uses": """
        settings = {}
        def set_up(value): settings["value"] = value; return value
        done = set_up("OLD")
        def other(): return done
        def task(): return settings
        """,
    "what a function sets up elsewhere": """
        import sys
        def set_up(): sys.kept = "OLD"
        _ = set_up()
        def task(): return sys.kept
        """,
    "what a function sets up elsewhere for whom its value is, too": """
        import sys
        def set_up(): sys.kept = "OLD"; return sys
        place: object = set_up()
        def other(): return place
        def task(): return sys.kept
        """,
    "what is called for what it does": """
        import builtins
        _: None = setattr(builtins, "kept", "OLD")
        def task(): return builtins.kept
        """,
    "a subclass of a subclass": """
        class Step:
            found = []
            def __init_subclass__(cls): Step.found.append(cls)
        class First(Step): value = 1
        class Second(First): value = "OLD"
        def task(): return [step.value for step in Step.found]
        """,
    "a metaclass": """
        class Meta(type):
            found = []
            def __init__(cls, *rest): Meta.found.append(cls)
        class Step(metaclass=Meta): value = "OLD"
        def task(): return [step.value for step in Meta.found]
        """,
    "a second name": """
        found = []
        same = found
        same += ["OLD"]
        def task(): return found
        """,
    "a condition that does something": """
        found = []
        def add(): found.append("OLD"); return True
        if add(): pass
        def task(): return found
        """,
    "all names": """
        def step_one(): return "OLD"
        steps = [each for name, each in list(locals().items()) if name.startswith("step_")]
        def task(): return [step() for step in steps]
        """,
    "all names of a frame": """
        import inspect
        LIMIT = "OLD"
        def task(): return inspect.currentframe().f_globals["LI" "MI" + "T"]
        """,
    "a name in a text": """
        import pkgutil
        LIMIT = "OLD"
        def task(place="m"): return pkgutil.resolve_name(f"{place}:LIMIT")
        """,
    "a type as text": """
        import typing
        class Step: value = "OLD"
        class Plan: first: "Step"
        def task(): return typing.get_type_hints(Plan)["first"].value
        """,
    "a docstring that is used": """
        def query(): \"\"\"select OLD\"\"\"
        def task(): return query.__doc__
        """,
}


@pytest.mark.parametrize("what", HIDDEN)
def test_what_is_put_in_place_by_importing_counts(what: str) -> None:
    before = textwrap.dedent(HIDDEN[what])
    after = before.replace("OLD", "NEW")
    assert outcome(before, spread=False) != outcome(after, spread=False)
    slices = [read_module(text.encode()).slice("task").normal for text in (before, after)]
    assert slices[0] != slices[1]


def test_a_function_that_a_query_names_counts_and_a_docstring_names_nothing() -> None:
    def known(good: str, limit: str) -> str:
        text = f"""
LIMIT = {limit}
def good(x): return x > {good}
def task(df):
    \"\"\"Those below LIMIT.\"\"\"
    return df.query("@good(x)")
"""
        return read_module(text.encode()).slice("task").normal

    assert known("1", "1") == known("1", "2") != known("2", "1")


def test_a_module_of_the_project_counts_for_who_uses_it(built: Looked) -> None:
    built.write("helpers.py", "def save(path, text): return 1\n")
    assert built.why() == {"third": ["module_changed helpers.py"]}


def test_what_a_function_loads_by_a_name_of_its_module_counts(tmp_path: Path) -> None:
    code = """
from importlib import import_module as load
SCRIPT = "scripts/go.py"
def one(product):
    load("helper")
def two(product):
    'Not what tasks.py does.'
    subprocess.run(["python", SCRIPT])
"""
    files = {
        "pipeline.yaml": "- {source: tasks.one, product: 1.txt}\n- {source: tasks.two, product: 2.txt}\n",
        "tasks.py": code,
        "helper.py": "x = 1\n",
        "scripts/go.py": "import beside\n",
        "scripts/beside.py": "x = 1\n",
    }
    project = Looked(tmp_path, files)
    modules = project.load().modules
    assert list(modules["one"]) == ["helper.py"]
    assert list(modules["two"]) == ["scripts/beside.py", "scripts/go.py"]


def test_after_globals_everything_counts(built: Looked) -> None:
    built.edit("tasks.py", "return text.upper()", "return globals()[text]")
    built.build()
    built.edit("tasks.py", "LIMIT = 10", "LIMIT = 11")
    assert built.why()["first"] == ["code_changed"]


@pytest.mark.case("X4")
def test_upstream_of_a_function_is_what_it_asks_for_by_a_written_name(tmp_path: Path) -> None:
    code = """
def fit(product, upstream, name, df):
    upstream["b"], df["no"], upstream[name], upstream[f"{name}"], upstream.get("c")
    def inner():
        return upstream["a"]["key"]
    return [upstream["b"] for _ in ()]
"""
    tasks = "".join(f"- {{source: m.{name}, product: {name}.txt}}\n" for name in ("fit", "a", "b"))
    others = "def a(product): ...\ndef b(product): ...\n"
    project = Looked(tmp_path, {"pipeline.yaml": tasks, "m.py": code + others}).load()
    assert project.facts["fit"].upstream == ("b", "a")
    assert project.graph.upstream["fit"] == ("b", "a")
    assert project.facts["fit"].place == Where(path="m.py", line=2)


def test_a_yaml_upstream_of_a_function_is_believed(tmp_path: Path) -> None:
    pipeline = (
        "meta: {extract_upstream: false}\ntasks:\n"
        "- {source: m.a, product: a.txt}\n- {source: m.b, product: b.txt, upstream: [a]}\n"
    )
    files = {"pipeline.yaml": pipeline, "m.py": 'def a(product): ...\ndef b(product, upstream): upstream["c"]\n'}
    project = Looked(tmp_path, files).load()
    assert project.graph.upstream == {"a": (), "b": ("a",)}
    assert project.problems == ()


# --- Where it is ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "files", "place"),
    [
        ("m.f", {"m.py": "def f(): ...\n"}, ("m.py", 1)),
        ("p.m.f", {"p/m.py": "\nasync def f(): ...\n"}, ("p/m.py", 2)),
        ("p.f", {"p/__init__.py": "def f(): ...\n"}, ("p/__init__.py", 1)),
        ("p.m.f", {"src/p/m.py": "def f(): ...\n"}, ("src/p/m.py", 1)),
        ("p.f", {"p/__init__.py": "from .m import f", "p/m.py": "@deco\n\ndef f(): ...\n"}, ("p/m.py", 3)),
        ("p.g", {"p/__init__.py": "from p.m import f as g", "p/m.py": "def f(): ...\n"}, ("p/m.py", 1)),
        ("p.f", {"p/__init__.py": "from .m import *", "p/m.py": "def f(): ...\n"}, ("p/m.py", 1)),
        (
            "p.f",
            {"p/__init__.py": "from .q import f", "p/q/__init__.py": "from ..m import f", "p/m.py": "def f(): ...\n"},
            ("p/m.py", 1),
        ),
        ("m.f", {"m.py": "try:\n    import x\nexcept ImportError:\n    def f(): ...\n"}, ("m.py", 4)),
    ],
)
def test_where_a_function_is_defined(
    tmp_path: Path, source: str, files: dict[str, str], place: tuple[str, int]
) -> None:
    project = Looked(tmp_path, {"pipeline.yaml": f"- {{source: {source}, product: x.txt}}\n", **files})
    assert project.problems() == []
    where = next(iter(project.load().facts.values())).place
    assert where == Where(path=place[0], line=place[1])


def problem(source: str, files: dict[str, str | None]) -> tuple[str, str, str, str]:
    def listing(folder: str) -> list[str]:
        prefix = f"{folder}/" if folder else ""
        return [path.removeprefix(prefix).split("/")[0] for path in files if path.startswith(prefix)]

    def read(path: str) -> bytes | None:
        text = files.get(path)
        return None if text is None else text.encode()

    index = FunctionIndex(read, listing)
    [found] = function_facts(source, "task", Where(path="pipeline.yaml", line=7), index).problems
    assert found.task == "task"
    return found.severity, found.code, found.message, found.hint


@pytest.mark.parametrize(
    ("source", "files", "severity", "words"),
    [
        ("tsks.f", {"tasks.py": ""}, "error", "There is no module 'tsks'. Did you mean 'tasks'?"),
        ("p.q.f", {"p/qq.py": ""}, "error", "There is no module 'p.q'. Did you mean 'p.qq'?"),
        ("p.q.f", {"p/other.py": ""}, "error", "There is no module 'p.q'. Create p/q.py, or correct 'source'."),
        ("p.q.f", {"p/q.py": None}, "error", "The module p/q.py cannot be read. Make it readable for you, or"),
        ("p.f", {"p/q.py": ""}, "error", "'p' is a folder, in which no function is. Write 'folder.module.function'."),
        (
            "nowhere_at_all.f",
            {},
            "error",
            "There is no module 'nowhere_at_all'. Create nowhere_at_all.py, or correct 'source'.",
        ),
        (
            "m.celan",
            {"m.py": "def clean(): ..."},
            "error",
            "There is no function 'celan' in m.py. Did you mean 'clean'?",
        ),
        ("m.C.f", {"m.py": "class C:\n def f(self): ..."}, "error", "'m.C.f' is a method"),
        ("m.f", {"m.py": "f = make()"}, "warning", "'f' in m.py is no function: what it needs cannot be told."),
        ("m.C", {"m.py": "class C: ..."}, "warning", "'C' in m.py is no function"),
        ("m.f", {"m.py": "def f(:"}, "error", "m.py cannot be read as Python: "),
        ("m.f", {"m.py": "x = '\0'"}, "error", "m.py cannot be read as Python: "),
        ("json.dumps", {}, "warning", "'json.dumps' is not in the project: changes in it are not seen."),
        ("m.dumps", {"m.py": "from json import dumps"}, "warning", "'m.dumps' is not in the project"),
        (
            "m.f",
            {"m.py": "from n import f", "n.py": "from m import f"},
            "error",
            "'f' is handed on from module to module without end.",
        ),
        ("m..f", {}, "error", "'m..f' is not the name of a function."),
    ],
)
def test_what_is_wrong_is_told_in_words(source: str, files: dict[str, str | None], severity: str, words: str) -> None:
    found = problem(source, files)
    assert found[0] == severity
    assert f"{found[2]} {found[3]}".startswith(words)
    assert found[3].endswith((".", "?"))


def test_a_function_elsewhere_is_known_by_its_name(tmp_path: Path) -> None:
    project = Looked(tmp_path, {"pipeline.yaml": "- {source: json.dumps, name: a, product: x.txt}\n"})
    project.build()
    assert project.why() == {}
    project.write("pipeline.yaml", "- {source: json.dump, name: a, product: x.txt}\n")
    assert project.why() == {"a": ["code_changed"]}


def test_a_package_that_hands_on_all_tasks_ties_none_to_another(tmp_path: Path) -> None:
    #  p/__init__ ─► p/one, p/two ─► p/common
    project = Looked(
        tmp_path,
        {
            "pipeline.yaml": "- {source: p.one, product: 1.txt}\n- {source: p.two.two, product: 2.txt}\n",
            "p/__init__.py": "from .one import one\nfrom .two import two\n",
            "p/one.py": "def one(product): ...\n",
            "p/two.py": "from .common import x\n\ndef two(product):\n    x()\n",
            "p/common.py": "def x(): ...\n",
        },
    )
    assert project.build() == "ok"
    project.write("p/one.py", "def one(product): return 1\n")
    assert project.why() == {"one": ["code_changed"]}
    project.build()
    project.write("p/common.py", "def x(): return 2\n")
    assert project.why() == {"two": ["module_changed p/common.py"]}
    project.build()
    project.edit("p/__init__.py", "from .one", "print('hello')\nfrom .one")
    assert project.why() == {"one": ["module_changed p/__init__.py"], "two": ["module_changed p/__init__.py"]}


def test_what_a_package_imports_for_its_own_sake_counts(tmp_path: Path) -> None:
    files = {
        "pipeline.yaml": "- {source: p.one.one, product: 1.txt}\n",
        "p/__init__.py": "import p.patches\n",
        "p/patches.py": "import os\nos.environ['MODE'] = 'a'\n",
        "p/one.py": "def one(product): ...\n",
    }
    project = Looked(tmp_path, files)
    assert project.build() == "ok"
    project.edit("p/patches.py", "'a'", "'b'")
    assert project.why() == {"one": ["module_changed p/patches.py"]}


def test_who_writes_values_and_opens_databases_counts(tmp_path: Path) -> None:
    pipeline = """
        - {source: tasks.one, product: 1.txt, serializer: code.write}
        - {source: q.sql, client: code.database, product: [q, table]}
        - {source: dump.sql, client: code.database, product: d.csv, io_handler: code.Handler}
        """
    code = """
        def write(value, product): "A"
        def database(): return "B"
        class Handler: extension = "C"
        """
    files = {
        "pipeline.yaml": textwrap.dedent(pipeline),
        "tasks.py": "def one(): ...\n",
        "code.py": textwrap.dedent(code).replace('"A"', "return 'A'"),
        "q.sql": "CREATE TABLE {{product}} AS SELECT 1 AS n\n",
        "dump.sql": "SELECT 1 AS n\n",
    }
    project = Looked(tmp_path, files)
    assert project.build() == "ok"
    for letter, concerned in (("A", {"one"}), ("B", {"q", "dump"}), ("C", {"dump"})):
        project.edit(
            "code.py", letter + ("'" if letter == "A" else '"'), f"{letter}2" + ("'" if letter == "A" else '"')
        )
        assert project.why() == {task: ["module_changed code.py"] for task in concerned}
        assert project.build() == "ok"


def test_a_dump_in_pieces_removes_nothing_from_a_folder_that_is_not_its_own(tmp_path: Path) -> None:
    files = {
        "pipeline.yaml": "- {source: q.sql, client: 'sqlite:///d.db', class: SQLDump, product: data}\n",
        "q.sql": "SELECT 1 AS n\n",
        "data/raw.csv": "precious\n",
    }
    project = Looked(tmp_path, files)
    assert project.build() == "failed"
    assert (tmp_path / "data/raw.csv").read_text() == "precious\n"
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["raw.csv"]


def test_which_products_are_made_of_the_notebook_counts(tmp_path: Path) -> None:
    files = {
        "pipeline.yaml": "- {source: a.py, product: {nb: a.ipynb, page: a.html}, nb_product_key: [nb, page]}\n",
        "a.py": "# %% tags=['parameters']\nupstream = None\nproduct = None\n# %%\n1\n",
    }
    project = Looked(tmp_path, files)
    assert project.build() == "ok"
    project.edit("pipeline.yaml", "[nb, page]", "nb")
    assert project.why() == {"a": ["options_changed nb_product_key"]}


def test_a_function_that_ploomber_has_run_is_taken_over_with_what_it_uses(tmp_path: Path) -> None:
    function = 'def one(product, n):\n    """Makes one."""\n    Path(product).write_text(str(LIMIT))\n'
    record = {"timestamp": 1_700_000_000.0, "stored_source_code": function, "params": {"n": 1}}
    files = {
        "pipeline.yaml": "- {source: tasks.one, product: 1.txt, params: {n: 1}}\n",
        "tasks.py": f"from pathlib import Path\n\nLIMIT = 3\n\n\n{function}",
        "1.txt": "3",
        ".1.txt.metadata": json.dumps(record),
    }
    project = Looked(tmp_path, files)
    assert project.why() == {}
    project.edit("tasks.py", "str(LIMIT)", "str(n)")
    assert project.why() == {"one": ["code_changed"]}


def test_a_module_that_may_come_is_waited_for(tmp_path: Path) -> None:
    source = "# %% tags=['parameters']\nupstream = None\n# %%\nimport sys\nsys.path.insert(0, 'lib')\nimport helper\n"
    files = {"pipeline.yaml": "- {source: a.py, product: a.ipynb}\n", "a.py": source, "lib/other.py": ""}
    project = Looked(tmp_path, files)
    assert tmp_path / "lib/helper.py" in project.load().files
    assert project.build() == "ok"
    project.write("lib/helper.py", "x = 1\n")
    assert project.why() == {"a": ["module_changed lib/helper.py"]}


# --- How it may be called -------------------------------------------------------------------


def test_how_a_function_may_be_called_is_kept_for_checks() -> None:
    module = read_module(b"@deco\ndef f(a, /, b, c=1, *rest, d, e=2, **more): ...\ndef g(): ...\n")
    signature = module.functions["f"].signature
    assert signature.positional_only == ("a",)
    assert signature.parameters == ("b", "c", "d", "e")
    assert signature.required == {"a", "b", "d"}
    assert (signature.gathers, signature.decorated) == (True, True)
    assert not module.functions["g"].signature.gathers


# --- Any text -------------------------------------------------------------------------------

name = st.sampled_from("abc")
number = st.sampled_from("1234")
statement = st.one_of(
    st.builds("{} = {}".format, name, number),
    st.builds("{} = {}, {}".format, name, name, number),
    st.builds("{} += {}".format, name, number),
    st.builds("{}.append({})".format, name, number),
    st.builds("{} = [{}]".format, name, number),
    st.builds("{}[0] = {}".format, name, number),
    st.builds("def {}(): return {}, {}".format, name, name, number),
    st.builds("def {}({}={}): return {}".format, name, name, name, number),
    st.builds("def {}():\n    def inner(): return {}\n    return inner(), {}".format, name, name, number),
    st.builds("def {}():\n    global {}\n    {} = {}".format, name, name, name, number),
    st.builds("class {}:\n    {} = {}\n    def __repr__(self): return repr({})".format, name, name, number, name),
    st.builds("if {}:\n    {} = {}\nelse:\n    def {}(): return {}".format, name, name, number, name, number),
    st.builds("try:\n    {}()\nexcept TypeError:\n    {} = {}".format, name, name, number),
    st.builds("{} = [{} for {} in ({}, {})]".format, name, name, name, name, number),
    st.builds("{} = lambda {}: ({}, {})".format, name, name, name, number),
    st.builds("for {} in ({}, {}): {}".format, name, name, number, name),
    st.builds("({} := {})".format, name, number),
    st.builds("del {}".format, name),
    st.builds("@{}\ndef {}(x): return {}".format, name, name, number),
    st.builds("import json as {}".format, name),
    st.builds("def {}(x=0):\n    {}.append({})\n    return x".format, name, name, number),
    st.builds("def {}(x=0):\n    {}.append(x)\n    return {}".format, name, name, number),
    st.builds("{} = {}({})".format, name, name, name),
    st.builds("{} = {}".format, name, name),
    st.builds("if {}(): pass".format, name),
    st.builds("class {}:\n    seen = []\n    def __init_subclass__(cls): {}.seen.append(cls)".format, name, name),
    st.builds("class {}({}):\n    {} = {}".format, name, name, name, number),
)


def outcome(text: str, *, spread: bool = True) -> str | None:
    """What the task gives; None when its module cannot be imported."""
    module = sys.modules["m"] = types.ModuleType("m")
    names = vars(module)
    try:
        exec(text, names)  # noqa: S102 - the statements above, and nothing else
    except Exception:
        return None
    try:
        found = names["task"]()
        if not spread:
            return repr(found)
        return re.sub(r" at 0x\w+", "", repr([each() if callable(each) else each for each in found]))
    except Exception as error:
        return type(error).__name__


@given(st.lists(statement, min_size=1, max_size=7), st.data())
@settings(max_examples=500)
def test_what_an_equal_slice_does_is_equal(lines: list[str], data: st.DataObject) -> None:
    task = "def task(): return [a, b]"
    before = "\n".join([*lines, task])
    changed = list(lines)
    place = data.draw(st.integers(0, len(lines) - 1))
    changed[place] = data.draw(statement | st.just(""))
    after = "\n".join([*changed, task])
    if read_module(before.encode()).slice("task").normal == read_module(after.encode()).slice("task").normal:
        assert None in (outcome(before), outcome(after)) or outcome(before) == outcome(after)


@pytest.mark.deep
@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
@example(b"\xff\xfe")
@example(b"# coding: nowhere\n")
@example(b"x = " + b"(" * 500)
@example(b"x = " + b"-" * 5_000 + b"1")
@example(b"x = 1" + b" + 1" * 5_000)
def test_any_text_gives_a_module(content: bytes) -> None:
    module = read_module(content)
    for name in (*module.functions, "x"):
        module.slice(name).text.encode()
    index = FunctionIndex(lambda path: content if path == "m.py" else None, lambda folder: [])
    for each in function_facts("m.x", "task", Where(path="p"), index).problems:
        encode(each)


@pytest.mark.deep
@pytest.mark.parametrize("terms", [300, 2_000])
def test_one_expression_may_be_longer_than_the_stack(terms: int) -> None:
    text = f"LONG = {' + '.join(['1'] * terms)}\ndef f(): return LONG\n"
    module = read_module(text.encode())
    assert module.error is None
    assert module.slice("f").normal != read_module(text.replace("1\n", "2\n").encode()).slice("f").normal


@pytest.mark.parametrize("text", ["f = lambda: x; ", "x = 1; ", "import x; ", "def f(x=1): y\n", "x.y = [\n", "@f\n"])
def test_long_modules_are_read_in_one_pass(text: str) -> None:
    # Each statement compared with each other one would take minutes.
    module = read_module((text * 20_000).encode())
    module.slice("f")


def test_files_that_would_mend_it_are_watched(tmp_path: Path) -> None:
    pipeline = "- {source: p.f, product: x.txt}\n- {source: q.sql, product: y.csv, client: 'sqlite:///x'}\n"
    project = Looked(tmp_path, {"pipeline.yaml": pipeline, "q.sql": "{% include 'i.sql' %}"})
    wanted = {tmp_path / name for name in ("p.py", "p/__init__.py", "src/p.py", "i.sql")}
    assert wanted <= project.load().files
    project.write("src/p.py", "def g(): ...\n")
    assert tmp_path / "src/p.py" in project.load().files


def test_modules_with_thousands_of_tasks_are_read_once() -> None:
    chain = "".join(f"def f{n}(): f{n + 1}()\n" for n in range(5_000))
    module = read_module(chain.encode())
    # Looked at from each function anew, to its end, it would take minutes.
    assert len({module.slice(f"f{n}").normal for n in range(5_000)}) == 1_001
