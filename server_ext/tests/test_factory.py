"""Pipelines that Python code makes: called in a child process, then shown and built like any other."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from evaluating import evaluate, write

from cauce.contract import Where
from cauce.engine.parsecache import ParseCache
from cauce.engine.project import load
from cauce.engine.spec import find_entry

TASKS = """\
from pathlib import Path

def load(product):
    Path(product).write_text("1")

def clean(upstream, product, rows=0):
    Path(product).write_text(Path(upstream["load"]).read_text() + str(rows))

def told(product):
    pass
"""

MADE = """\
import functools
from pathlib import Path

import tasks
from ploomber import DAG, DAGConfigurator, SourceLoader
from ploomber.clients import SQLAlchemyClient
from ploomber.executors import Parallel
from ploomber.products import File, SQLiteRelation
from ploomber.tasks import NotebookRunner, PythonCallable, SQLScript, SQLDump, ShellScript, TaskGroup

def make():
    dag = DAG(executor=Parallel(processes=2))
    out = Path("out")
    load = PythonCallable(tasks.load, File(out / "load.csv"), dag)
    tidy = File(out.resolve() / "clean.csv")
    clean = PythonCallable(tasks.clean, product=tidy, dag=dag, name="tidy", params={"rows": 3})
    plot = NotebookRunner(
        SourceLoader("notebooks")["plot.py"], {"nb": File(out / "plot.ipynb"), "data": File(out / "plot.csv")}, dag,
        kernelspec_name="python3", static_analysis="disable",
    )
    query = SQLScript(Path("sql/query.sql"), SQLiteRelation([None, "found", "table"]), dag)
    dump = SQLDump(Path("sql/dump.sql"), File(out / "dump.csv"), dag, name="dump", chunksize=None)
    dag.clients[SQLScript] = SQLAlchemyClient("sqlite:///data.db")
    dag.clients[SQLDump] = "clients.get"
    dag.clients[SQLiteRelation] = SQLAlchemyClient("sqlite:///data.db")
    load.on_finish = functools.partial(tasks.told, product=1)
    load >> clean >> plot
    (load + query) >> dump
    return dag
"""
FILES = {
    "tasks.py": TASKS,
    "pipeline.py": MADE,
    "notebooks/plot.py": "# %% tags=['parameters']\nupstream = None\nproduct = None\n\n# %%\n1\n",
    "sql/query.sql": "CREATE TABLE {{product}} AS SELECT 1 AS x",
    "sql/dump.sql": "SELECT * FROM {{upstream['query']}}",
    "clients.py": "def get():\n    pass\n",
}


def test_a_factory_makes_the_tasks(tmp_path: Path) -> None:
    folder = write(tmp_path, FILES)
    before = load(find_entry("pipeline.make", folder, {}), ParseCache())
    assert before.spec.unevaluated
    assert not before.tasks
    after, problems = evaluate(folder, "pipeline.make")
    assert problems == ()
    assert [problem.message for problem in after.problems] == []
    assert {
        name: (task.kind, task.source, [each.path for each in (*task.products, *task.relations)], task.upstream)
        for name, task in after.tasks.items()
    } == {
        "load": ("function", "tasks.load", ["out/load.csv"], ()),
        "tidy": ("function", "tasks.clean", ["out/clean.csv"], ("load",)),
        "plot": ("notebook", "notebooks/plot.py", ["out/plot.ipynb", "out/plot.csv"], ("tidy",)),
        "query": ("sql", "sql/query.sql", ["table://found"], ()),
        "dump": ("dump", "sql/dump.sql", ["out/dump.csv"], ("load", "query")),
    }
    tasks = after.tasks
    assert tasks["tidy"].params == {"rows": 3}
    assert tasks["plot"].notebook.kernel == "python3"
    assert tasks["query"].client == "sqlite:///data.db"
    finish = tasks["load"].hooks.on_finish
    assert finish is not None
    assert (finish.path, finish.arguments) == ("tasks.told", {"product": 1})
    assert after.spec.jobs == 2


FACTORIES = """\
from ploomber import DAG, with_env
from ploomber.products import File
from ploomber.spec import DAGSpec
from ploomber.tasks import PythonCallable
import tasks

@with_env("env.yaml")
def spec(env, drop=False):
    dag = DAGSpec("pipeline.yaml", env=dict(env)).to_dag().render()
    assert env.path.out.name == "made" and env["deep"]["n"] == env.deep.n
    if drop:
        del dag["clean"]
    return dag

def own_env():
    return DAGSpec("pipeline.yaml")

@with_env({"n": 1})
def of_mapping(env):
    dag = DAG()
    PythonCallable(tasks.load, File(f"{env.n}.txt"), dag)
    return dag

def needs(x, y=1):
    return {"tasks": [{"source": "tasks.load", "product": f"{x}{y}.txt"}]}
"""
WITH_ENV = {
    "tasks.py": TASKS,
    "factories.py": FACTORIES,
    "env.yaml": "path: {out: '{{root}}/made'}\ndeep: {n: 1}\n",
    "pipeline.yaml": """\
        tasks:
          - source: tasks.load
            product: '{{path.out}}/load.txt'
          - source: tasks.clean
            product: '{{path.out}}/clean.txt'
            params: {rows: '{{deep.n}}'}
        """,
    "located.pipeline.yaml": "location: factories.spec\n",
}


@pytest.mark.parametrize("entry_point", ["factories.spec", "located.pipeline.yaml", "factories.own_env"])
def test_a_factory_may_begin_with_a_pipeline_file(tmp_path: Path, entry_point: str) -> None:
    after, problems = evaluate(write(tmp_path, WITH_ENV), entry_point)
    assert problems == ()
    assert after.problems == ()
    assert [task.products[0].path for task in after.tasks.values()] == ["made/load.txt", "made/clean.txt"]
    assert after.tasks["clean"].params == {"rows": 1}
    assert after.graph.upstream["clean"] == ("load",)


def test_values_and_arguments_for_a_factory_are_given_for_this_time(tmp_path: Path) -> None:
    folder = write(tmp_path, WITH_ENV)
    changed, problems = evaluate(folder, "factories.spec", {"env.deep.n": 7})
    assert problems == ()
    assert changed.tasks["clean"].params == {"rows": 7}
    dropped, _ = evaluate(folder, "factories.spec", {"drop": True})
    assert list(dropped.tasks) == ["load"]
    located, _ = evaluate(folder, "located.pipeline.yaml", {"deep.n": 8})
    assert located.tasks["clean"].params == {"rows": 8}
    mapping, _ = evaluate(folder, "factories.of_mapping", {"env.n": 5})
    assert mapping.tasks["load"].products[0].path == "5.txt"
    plain, _ = evaluate(folder, "factories.needs", {"x": "a"})
    assert plain.tasks["load"].products[0].path == "a1.txt"
    _, [unknown] = evaluate(folder, "factories.spec", {"env.deep.m": 7})
    assert "'deep.m' is no key of env.yaml. Did you mean 'deep.n'?" in unknown.message
    _, [lacking] = evaluate(folder, "factories.needs")
    assert "'factories.needs' needs 'x'. Give --x VALUE." in lacking.message


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (
            "PythonCallable(lambda product: 1, File('x'), dag, name='x')",
            "is defined inside of a function or has no name",
        ),
        ("def inner(product): pass\n    PythonCallable(inner, File('x'), dag)", "is defined inside of a function"),
        ("SQLScript('SELECT 1', File('x'), dag, name='x')", "The source of 'x' is text. Put it into a file"),
        ("dag.build()", "run 'cauce build -e module.function' in a terminal, or use the panel."),
        ("dag['zzz']", "There is no task 'zzz' here. Tasks are: none."),
        ("SQLUpload('x', File('x'), dag)", "There are no 'SQLUpload' tasks here."),
        (
            "PythonCallable(tasks.load, File('x'), dag); PythonCallable(tasks.load, File('y'), dag)",
            "already a task 'load'",
        ),
        (
            "dag.clients[SQLScript] = SQLAlchemyClient('postgresql://me:secret@host/db')",
            "has an account in its address",
        ),
        ("dag.clients[SQLScript] = DBAPIClient(print, {})", "is an object, which cannot be written down"),
        ("dag = 1", "returned int. A factory returns its DAG."),
        ("raise ValueError('no luck')", "ValueError: no luck."),
    ],
)
def test_what_cannot_be_written_down_is_refused_in_one_sentence(tmp_path: Path, code: str, said: str) -> None:
    module = (
        "import tasks\nfrom ploomber import DAG\nfrom ploomber.products import File\n"
        "from ploomber.clients import DBAPIClient, SQLAlchemyClient\n"
        "from ploomber.tasks import PythonCallable, SQLScript, SQLUpload\n\n"
        f"def make():\n    dag = DAG()\n    {code}\n    return dag\n"
    )
    _, [problem] = evaluate(write(tmp_path, {"tasks.py": TASKS, "factory.py": module}), "factory.make")
    assert said in problem.message
    assert problem.message.startswith("factory.make could not be evaluated: ")


def test_tasks_may_be_made_by_a_grid(tmp_path: Path) -> None:
    module = """\
        import tasks
        from ploomber import DAG
        from ploomber.products import File
        from ploomber.tasks import PythonCallable, TaskGroup

        def make():
            dag = DAG()
            load = PythonCallable(tasks.load, File("load.txt"), dag)
            group = TaskGroup.from_grid(
                PythonCallable, File, "out/{{name}}.txt", {"source": tasks.clean}, dag, {"rows": [1, 2]}, name="clean-"
            )
            load >> group
            return dag
        """
    after, problems = evaluate(write(tmp_path, {"tasks.py": TASKS, "factory.py": module}), "factory.make")
    assert problems == ()
    made = [(task.name, task.products[0].path, dict(task.params), task.upstream) for task in after.tasks.values()]
    assert made[1:] == [
        ("clean-0", "out/clean-0.txt", {"rows": 1}, ("load",)),
        ("clean-1", "out/clean-1.txt", {"rows": 2}, ("load",)),
    ]


def test_a_wrong_placeholder_is_told_by_the_factory_that_reads_it(tmp_path: Path) -> None:
    files = WITH_ENV | {"env.yaml": "path: {out: out}\n"}
    _, [problem] = evaluate(write(tmp_path, files), "factories.own_env")
    assert "The placeholder '{{deep.n}}' is not defined." in problem.message
    assert problem.where == Where(path="factories.py", line=16)


def cauce(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cauce", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.case("G2", note="with did-you-mean, and for a factory's own arguments too")
def test_values_are_options_of_the_command_line(tmp_path: Path) -> None:
    files: Mapping[str, str] = {
        "tasks.py": TASKS,
        "env.yaml": "nested: {p: 1}\n",
        "pipeline.yaml": """\
            tasks:
              - source: tasks.load
                product: 'out/{{nested.p}}.txt'
              - source: tasks.clean
                product: 'out/clean-{{nested.p}}.txt'
                params: {rows: '{{nested.p}}'}
            """,
        "factories.py": FACTORIES,
    }
    folder = write(tmp_path, files)
    built = cauce(folder, "build", "--env--nested--p", "9")
    assert built.returncode == 0, built.stderr
    assert (folder / "out/clean-9.txt").read_text() == "19"
    assert not (folder / "out/1.txt").exists()
    told = cauce(folder, "build", "--help").stdout
    assert "--env--nested--p VALUE" in told
    assert "Default: 1" in told
    wrong = cauce(folder, "status", "--env--nested--q", "9")
    assert wrong.returncode == 2
    assert "Did you mean '--env--nested--p'?" in wrong.stderr
    factory = cauce(folder, "status", "-e", "factories.needs", "--help").stdout
    assert "--x VALUE" in factory
    assert "Must be given." in factory
    made = cauce(folder, "build", "-e", "factories.needs", "--x", "b", "--y", "2")
    assert made.returncode == 0, made.stderr
    assert (folder / "b2.txt").read_text() == "1"


def test_a_factory_may_ask_for_env_yaml_without_naming_it(tmp_path: Path) -> None:
    made = """\
from ploomber import DAG, with_env
from ploomber.products import File
from ploomber.tasks import PythonCallable
import tasks

@with_env
def make(env):
    dag = DAG()
    PythonCallable(tasks.load, File(env.path.out / "load.csv"), dag)
    return dag
"""
    folder = write(tmp_path, {"tasks.py": TASKS, "pipeline.py": made, "env.yaml": "path:\n  out: made\n"})
    after, problems = evaluate(folder, "pipeline.make")
    assert [problem.message for problem in problems] == []
    assert [each.path for each in after.tasks["load"].products] == ["made/load.csv"]


def test_a_look_says_that_the_code_which_makes_the_tasks_has_not_run(tmp_path: Path) -> None:
    folder = write(tmp_path, FILES)
    looked = subprocess.run(
        [sys.executable, "-m", "cauce", "status", "-e", "pipeline.make"], cwd=folder, capture_output=True, text=True
    )
    assert (looked.returncode, looked.stderr) == (0, "")
    assert "Run 'cauce evaluate', or build." in looked.stdout
