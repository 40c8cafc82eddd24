"""What somebody who comes from Ploomber tries first, by the command line and with real processes."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest


class Desk:
    """A folder with files of a project, and the command."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text).lstrip("\n"))

    def read(self, path: str) -> str:
        return (self.root / path).read_text()

    def cauce(self, *arguments: str) -> tuple[int, str]:
        """The exit code, and all that was said."""
        plain = {name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "COLUMNS")}
        ended = subprocess.run(
            [sys.executable, "-m", "cauce", *arguments],
            cwd=self.root,
            env=plain,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return ended.returncode, ended.stdout


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


# --- Hooks --------------------------------------------------------------------------------------


def test_hooks_of_the_pipeline_get_all_its_tasks(desk: Desk) -> None:
    desk.write(
        "pipeline.yaml",
        """
        on_render: hooks.before
        on_finish: hooks.after
        on_failure: hooks.sorry
        tasks:
        - {source: work.one, product: out/one.txt, params: {n: 1}}
        - {source: work.two, product: {a: out/a.txt, b: out/b.txt}}
        """,
    )
    desk.write(
        "work.py",
        """
        from pathlib import Path

        def one(product, n):
            Path(product).write_text("one")

        def two(product, upstream):
            upstream["one"]
            for each in product:
                Path(each).touch()
        """,
    )
    desk.write(
        "hooks.py",
        """
        from pathlib import Path

        def note(moment, dag):
            words = [f"{name} {dag[name].product} {dag[name].params.get('n')}" for name in dag]
            with open("said.txt", "a") as file:
                print(moment, *words, list(dag["two"].upstream), file=file)

        def before(dag):
            note("before", dag)

        def after(dag, report):
            note("after", dag)
            assert Path(dag["one"].product).read_text() == "one"
            dag["there is none"]

        def sorry(dag, traceback):
            note("sorry", dag)
        """,
    )

    code, said = desk.cauce("build")

    assert code == 1
    assert "The pipeline's on_finish hook hooks.after failed at hooks.py:14: UnknownKey: " in said
    assert "There is no task 'there is none'; there are 'one' and 'two'." in said
    tasks = "one out/one.txt 1 two {'a': File('out/a.txt'), 'b': File('out/b.txt')} None ['one']"
    assert desk.read("said.txt").splitlines() == [f"{moment} {tasks}" for moment in ("before", "after", "sorry")]


# --- What is told before anything runs ----------------------------------------------------------

TASK = "- {source: work.one, product: out/one.txt, %s}\n"


@pytest.mark.parametrize(
    ("head", "task", "said"),
    [
        ("on_render: hooks.befor", "", "There is no function 'befor' in hooks.py, which 'on_render' names."),
        ("on_finish: hoks.before", "", "There is no module 'hoks', which 'on_finish' names."),
        ("", "on_failure: pkg.nothing.f", "There is no module 'pkg.nothing', which 'on_failure' names."),
        ("", "on_finish: hooks.asks", "'hooks.asks', which 'on_finish' names, asks for 'rows', which nobody gives."),
        ("on_finish: hooks.asks", "", "'hooks.asks', which 'on_finish' names, asks for 'product' and 'rows'"),
        ("on_failure: {dotted_path: hooks.before, more: 1}", "", "does not take 'more', which stands beside"),
        ("clients: {File: db.storge}", "", "There is no function 'storge' in db.py, which 'client' names."),
        ("", "product_client: db.typo", "There is no function 'typo' in db.py, which 'client' names."),
        ("", "product_client: db.asks", "'db.asks', which 'client' names, asks for 'where', which nobody gives."),
        ("serializer: db.writ", "", "There is no function 'writ' in db.py, which 'serializer' names."),
        ("", "unserializer: db.typo", "There is no function 'typo' in db.py, which 'unserializer' names."),
        ("", "params: {n: 'hooks::count'}", "There is no function 'count' in hooks.py, which 'params' names."),
        ("", "on_finish: broken.f", "broken.py cannot be read as Python"),
    ],
)
def test_code_that_is_named_and_not_there_is_told(desk: Desk, head: str, task: str, said: str) -> None:
    desk.write("pipeline.yaml", f"{head}\ntasks:\n{TASK % task}- {{source: work.two, product: out/two.txt}}\n")
    desk.write("work.py", "def one(product, n=1): ...\n\n\ndef two(product): ...\n")
    desk.write("hooks.py", "def before(dag): ...\n\n\ndef asks(product, rows): ...\n")
    desk.write("db.py", "def storage(): ...\n\n\ndef asks(where): ...\n\n\ndef write(obj, product): ...\n")
    desk.write("broken.py", "def f(:\n")
    desk.write("pkg/__init__.py", "")

    for command in ("doctor", "status", "build"):
        code, text = desk.cauce(command)
        assert code == 2
        assert said in text
        assert text.count(said) == 1
    assert not (desk.root / "out").exists()


@pytest.mark.parametrize(
    "task",
    [
        "on_finish: json.tool.whatever",  # of an installed package: not ours to read
        "on_finish: ploomber.testing.check",
        "on_finish: hooks.Checks.rows",
        "on_finish: hooks.made.rows",
        "on_finish: hooks.later",
        "on_finish: {dotted_path: hooks.given, rows: 3}",
        "on_finish: hooks.handed",
        "on_finish: hooks.decorated",
        "product_client: hooks.Checks",
        "serializer: lazy.whatever",
        "serializer: star.whatever",
    ],
)
def test_what_may_be_there_is_not_complained_about(desk: Desk, task: str) -> None:
    desk.write("pipeline.yaml", f"tasks:\n{TASK % task}")
    desk.write("work.py", "def one(): ...\n" if "serializer" in task else "def one(product): ...\n")
    desk.write(
        "hooks.py",
        """
        from functools import partial, wraps
        from inner.more import handed

        def given(product, rows, more=None): ...

        class Checks:
            @staticmethod
            def rows(product): ...

        made = Checks()
        later = partial(given, rows=3)

        @wraps(given)
        def decorated(anything): ...
        """,
    )
    desk.write("inner/__init__.py", "")
    desk.write("inner/more.py", "def handed(task, client): ...\n")
    desk.write("lazy.py", "def __getattr__(name): ...\n")
    desk.write("star.py", "from os.path import *\n")

    code, text = desk.cauce("doctor")

    assert (code, "error" in text) == (0, False), text


def test_a_client_that_is_no_function_is_told_by_name(desk: Desk) -> None:
    desk.write("pipeline.yaml", "tasks:\n- {source: q.sql, product: out/q.csv, client: db.client}\n")
    desk.write("q.sql", "SELECT 1\n")
    desk.write("db.py", "client = {'uri': 'sqlite:///data.db'}\n")

    code, text = desk.cauce("build")

    assert code == 1
    assert "'db.client' is no function but dict. Name a function that returns it." in text


def test_an_exporter_that_nobody_brings_is_told(desk: Desk) -> None:
    desk.write(
        "pipeline.yaml",
        "tasks:\n- {source: a.py, product: out/a.html, nbconvert_exporter_name: no-such-thing}\n",
    )
    desk.write("a.py", '# %% tags=["parameters"]\nupstream = None\n\n# %%\nopen("ran", "w")\n')

    code, text = desk.cauce("doctor")
    assert code == 2
    assert "nbconvert has no exporter 'no-such-thing' (asked for by 'a')." in text
    code, text = desk.cauce("build")
    assert code == 1
    assert "nbconvert has no exporter 'no-such-thing' for out/a.html." in text
    assert not (desk.root / "ran").exists(), "told before the notebook has run for an hour"


def test_a_parameter_may_have_any_name_where_a_function_takes_any(desk: Desk) -> None:
    desk.write(
        "pipeline.yaml",
        """
        tasks:
        - {source: work.one, product: out/one.txt, params: {one-more: 1, class: 2}}
        - {source: note.py, product: out/note.ipynb, params: {one-more: 1}}
        """,
    )
    desk.write("work.py", "def one(product, **more):\n    open(product, 'w').write(repr(more))\n")
    desk.write("note.py", '# %% tags=["parameters"]\nupstream = None\n\n# %%\n1\n')

    assert desk.cauce("build", "one")[0] == 0
    assert desk.read("out/one.txt") == "{'one-more': 1, 'class': 2}"
    _, text = desk.cauce("doctor")
    assert text.count("'one-more' is not a variable name.") == 1
    assert "3:" in text.partition("'one-more'")[0].splitlines()[-1]


@pytest.mark.parametrize(
    ("pipeline", "said"),
    [
        ("- {source: work.one, product: x, product_class: GenericSQL}", "Did you mean 'GenericSQLRelation'?"),
        ("- {source: work.one, product: x, product_class: GenericProducts}", "'PostgresRelation'"),
        ("- {source: work.one, product: [out/a.csv, b]}", "Write 'product: {a: out/a.csv, b: b}'."),
        ("- {source: work.one, product: [a.csv, b-c.csv]}", "Write 'product: {a: a.csv, file2: b-c.csv}'."),
        ("- {source: c, product: out/c.txt, grid: {a: [1, 2]}}", "Cannot tell what kind of task 'c' is."),
        ("- source: {{root}}/work.py\n  product: a.ipynb", "Write it in quotes: '{{root}}/work.py'."),
        ("- source: work.one\n\tproduct: a.txt", "a tab stands where only spaces may. Indent with spaces."),
    ],
)
def test_one_mistake_is_one_problem_that_says_what_to_write(desk: Desk, pipeline: str, said: str) -> None:
    desk.write("pipeline.yaml", f"tasks:\n{pipeline}\n")
    desk.write("work.py", "def one(product): ...\n")

    code, text = desk.cauce("status")

    assert code == 2
    assert said in text.replace("  ", " ")
    assert text.count("error: ") == 1, text
    assert "GenericProduct'" not in text


# --- Commands that are called otherwise ---------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("install", "pip install -r requirements.txt"),
        ("examples", "cauce scaffold NAME"),
        ("run", "Use 'cauce build'"),
        ("execute", "Use 'cauce build'"),
        ("build --debug", "There is no debugger in builds."),
        ("build --debuglater", "There is no debugger in builds."),
    ],
)
def test_what_is_called_otherwise_here_is_pointed_to(desk: Desk, command: str, said: str) -> None:
    code, text = desk.cauce(*command.split())
    assert code == 2
    assert said in text
    assert "--debug" not in desk.cauce("build", "--help")[1]


def test_a_session_says_how_to_build(desk: Desk) -> None:
    desk.write("pipeline.yaml", "tasks:\n- {source: work.one, product: out/one.txt}\n")
    desk.write("work.py", "def one(product): ...\n")
    ended = subprocess.run(
        [sys.executable, "-m", "cauce", "interact"],
        cwd=desk.root,
        input='dag.build()\ndag["one"].build(force=True)\n',
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"HOME": str(desk.root / "home"), "IPYTHONDIR": str(desk.root / "ipython")},
    )
    assert "Use 'cauce build' ('!cauce build' in here)." in ended.stdout
    assert "Use 'cauce build one'." in ended.stdout


def test_scaffold_does_not_say_that_all_is_well_before_it_says_what_is_not(desk: Desk) -> None:
    desk.write("pipeline.yaml", "")
    code, text = desk.cauce("scaffold")
    assert code == 2
    assert text == "Error: The pipeline has errors, and no tasks yet.\nSee 'cauce status'.\n"
