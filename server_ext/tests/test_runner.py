"""What tasks that are no notebooks are given, how they are run, and what is said when they fail."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from childbench import ChildBench, Try, bench_in, error_of

from cauce.contract import CellError, Where
from cauce.engine.executors import Cancelled, Failed, Stopped, Succeeded
from cauce.engine.spec.model import Dotted, RelationSpec

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for leaks in /proc")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[ChildBench]:
    with bench_in(tmp_path) as bench:
        yield bench


def code(text: str) -> str:
    return textwrap.dedent(text).lstrip("\n")


# --- Functions ----------------------------------------------------------------------------


def test_a_function_gets_its_product_upstream_and_parameters(bench: ChildBench) -> None:
    bench.write(
        "pkg/work.py",
        code("""
        import json, os, pickle
        from pathlib import Path

        def first(product):
            (product / "..").resolve()
            assert product.suffix == ".txt" and product.parent == Path("out") and not product.exists()
            assert pickle.loads(pickle.dumps(product)) == product == "out/first.txt" and json.dumps([product])
            with open(product, "w") as file:
                file.write("first")

        def second(product, upstream, n, *, scale=2):
            assert upstream.first == upstream["first"] and list(upstream) == ["first"]
            assert dict(product) == {"a": "out/a.txt", "b": "out/b"}
            Path(product["a"]).write_text(Path(upstream["first"]).read_text() * n * scale)
            os.mkdir(product["b"])

        def third(product, upstream):
            many = upstream["*"]
            Path(product).write_text(repr([sorted(many), str(many["second"]["a"]), str(many["first"])]))

        def anything(**given):
            Path(given["product"]).write_text(" ".join(given))
        """),
    )
    first = bench.task("pkg.work.first", product="out/first.txt")
    second = bench.task(
        "pkg.work.second", product={"a": "out/a.txt", "b": "out/b"}, needs=(first,), params={"n": 2, "scale": 1}
    )
    third = bench.task("pkg.work.third", product="out/third.txt", needs=(first, second), group="*")
    anything = bench.task("pkg.work.anything", product="out/any.txt", needs=(first,), params={"n": 1})

    assert [bench.run(each) for each in (first, second, third, anything)] == [Succeeded()] * 4
    assert (bench.root / "out/a.txt").read_text() == "firstfirst"
    assert (bench.root / "out/third.txt").read_text() == "[['first', 'second'], 'out/a.txt', 'out/first.txt']"
    assert (bench.root / "out/any.txt").read_text() == "n product upstream"


def test_several_products_are_gone_through_one_by_one(bench: ChildBench) -> None:
    bench.write(
        "work.py",
        code("""
        import copy, json, pickle
        from pathlib import Path

        def takes(**given):
            return given

        def f(product):
            for each in product:
                Path(each).touch()
                assert each.exists() and each.suffix == ".txt"
            plain = {"a": "out/a.txt", "b": "out/b.txt"}
            assert list(product.keys()) == [key for key, _ in product.items()] == ["a", "b"] and "a" in product
            assert dict(product) == {**product} == takes(**product) == product | {} == plain
            assert json.loads(json.dumps(product)) == copy.deepcopy(product) == plain
            assert pickle.loads(pickle.dumps(product)) == plain and len(product) == 2

        def g(product, upstream):
            assert list(upstream) == ["f"]
            Path(product).write_text(" ".join(upstream["f"]))

        def h(product, upstream):
            assert list(upstream["*"]) == ["f", "g"]
            product["typo"]
        """),
    )
    f = bench.task("work.f", product={"a": "out/a.txt", "b": "out/b.txt"})
    g = bench.task("work.g", product="out/g.txt", needs=(f,))
    h = bench.task("work.h", product={"one": "out/1", "two": "out/2"}, needs=(f, g), group="*")

    assert [bench.run(each) for each in (f, g)] == [Succeeded()] * 2
    assert (bench.root / "out/g.txt").read_text() == "out/a.txt out/b.txt"
    assert "there are 'one' and 'two'" in error_of(bench.run(h)).message


def test_a_failure_names_the_line_of_the_project_that_led_to_it(bench: ChildBench) -> None:
    bench.write("lib/deep.py", "import json\n\ndef parse(text):\n    return json.loads(text)\n")
    bench.write("work.py", "from lib import deep\n\ndef f(product):\n    print('so far')\n    deep.parse('{')\n")
    attempt = bench.task("work.f")

    error = error_of(bench.run(attempt))

    assert error.name == "JSONDecodeError"
    assert error.message == "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"
    assert error.where == Where(path="lib/deep.py", line=4)
    assert error.traceback.startswith(
        f'Traceback (most recent call last):\n  File "{bench.root}/work.py", line 5, in f'
    )
    assert "runner" not in error.traceback
    assert attempt.log == f"so far\n{error.traceback}"


@pytest.mark.parametrize(
    ("source", "text", "name", "message", "line"),
    [
        ("gone.f", "", "Not found", "There is no module 'gone' from which 'gone.f' could be imported.", None),
        ("work.clen", "def clean(product): ...", "Not found", "'work' has no 'clen'. Did you mean 'clean'?", None),
        ("work.f", "import gone", "ModuleNotFoundError", "No module named 'gone'", 1),
        ("work.f", "x = 1\ndef f(:", "SyntaxError", "invalid syntax (work.py, line 2)", 2),
        ("work.f", "f = 3", "Not a function", "'work.f' is no function but int.", None),
        ("work.f", "\ndef f(): ...", "Wrong arguments", "'work.f' does not take 'product', the path to write to.", 2),
        ("work.f", "def f(product): ...", "Wrong arguments", "'work.f' cannot be called. It does not take 'n': add", 1),
        ("work.f", "def f(product, n, m): ...", "Wrong arguments", "'work.f' cannot be called. It needs 'm': add", 1),
        ("work.f", "def f(product, n): exit()", "SystemExit", "exit() was called. Return from the function", 1),
        ("work.f", "def f(product, n, upstream): upstream['a']", "UnknownKey", "The task does not say that it", 1),
        ("work.f", "def f(product, n): product['a']", "TypeError", "There is a single product here, 'out.txt'", 1),
        (
            "work.f",
            "def f(product, n): raise ValueError(b'caf\\xe9'.decode('utf-8', 'surrogateescape'))",
            "ValueError",
            "caf?",
            1,
        ),
        ("work.f", "def f(product, n): return f(product, n)", "RecursionError", "maximum recursion depth exceeded", 1),
        ("work.f", "class E(Exception):\n  __str__ = None\ndef f(product, n): raise E", "E", "(its message cannot", 3),
    ],
)
def test_what_cannot_be_called_or_ends_oddly_is_told_in_words(
    bench: ChildBench, source: str, text: str, name: str, message: str, line: int | None
) -> None:
    bench.write("work.py", text)

    error = error_of(bench.run(bench.task(source, params={"n": 1})))

    assert (error.name, error.message[: len(message)]) == (name, message)
    assert (error.where and error.where.line) == line


def test_a_failure_with_a_whole_table_in_its_message_is_told(bench: ChildBench) -> None:
    bench.write("f.py", "def f(product):\n    raise ValueError('x' * 30_000_000)\n")
    error = error_of(bench.run(bench.task("f.f")))
    assert (error.name, error.where) == ("ValueError", Where(path="f.py", line=2))
    assert len(error.message) < 100_000


def test_an_early_stop_is_no_failure(bench: ChildBench) -> None:
    bench.write(
        "work.py",
        code("""
        from ploomber.exceptions import DAGBuildEarlyStop

        class Mine(DAGBuildEarlyStop): ...

        def f(product):
            raise Mine("nothing new")
        """),
    )

    assert bench.run(bench.task("work.f")) == Stopped("nothing new")


# --- Serializers --------------------------------------------------------------------------


def serialized(bench: ChildBench, name: str, how: str, *needs: Try, **more: object) -> Try:
    more = {"serializer": Dotted(f"io_.write_{how}"), "unserializer": Dotted(f"io_.read_{how}"), **more}
    return bench.task(f"work.{name}", needs=needs, **more)  # type: ignore[arg-type]  # fields of a TaskSpec


def test_serializers_write_what_is_returned_and_read_what_upstream_made(bench: ChildBench) -> None:
    bench.write(
        "io_.py",
        code("""
        from pathlib import Path
        from ploomber.io import serializer, unserializer

        def shout(obj, product):
            Path(product).write_text(obj.upper())

        @serializer({".loud": shout}, fallback=True, defaults=[".txt", ".json", ".csv"], unpack=True)
        def write_all(obj, product): ...

        @unserializer({".loud": lambda path: Path(path).read_text()}, fallback=True,
                      defaults=[".txt", ".json", ".csv"], unpack=True)
        def read_all(product): ...

        def write_plain(obj, product):
            Path(product).write_text(repr(obj))

        def read_plain(product):
            return eval(Path(product).read_text())
        """),
    )
    bench.write(
        "work.py",
        code("""
        def one():
            return "text"

        def many(upstream, n):
            assert upstream["one"] == "text"
            return {"json": [1, n], "loud": "a", "any": {1, 2}, "files": {"x.txt": "x", "y.json": 1}}

        def frame(upstream):
            import pandas as pd
            got = upstream["many"]
            assert got == {"json": [1, 2], "loud": "A", "any": {1, 2}, "files": {"x.txt": "x", "y.json": 1}}, got
            return pd.DataFrame({"n": got["json"]})

        def last(upstream, product):
            group = upstream["*"]
            assert group["one"] == "text" and list(group["frame"]["n"]) == [1, 2]
            open(product, "w").write("done")

        def nothing():
            pass

        def other():
            return {"a": 1, "c": 2}
        """),
    )
    one = serialized(bench, "one", "all", product="out/one.txt")
    products = {"json": "out/many.json", "loud": "out/many.loud", "any": "out/any", "files": "out/files"}
    many = serialized(bench, "many", "all", one, product=products, params={"n": 2})
    frame = serialized(bench, "frame", "all", many, product="out/frame.csv")
    last = serialized(bench, "last", "all", one, frame, group="*", product="out/last", serializer=None)
    bench.write("out/files/old.txt", "from an earlier run")

    assert [bench.run(each) for each in (one, many, frame, last)] == [Succeeded()] * 4

    assert (bench.root / "out/many.loud").read_text() == "A"
    assert json.loads((bench.root / "out/many.json").read_text()) == [1, 2]
    assert sorted(path.name for path in (bench.root / "out/files").iterdir()) == ["x.txt", "y.json"]
    assert (bench.root / "out/last").read_text() == "done"

    plain = serialized(bench, "one", "plain", product="out/plain")
    assert bench.run(plain) == Succeeded()
    assert (bench.root / "out/plain").read_text() == "'text'"

    nothing = error_of(bench.run(serialized(bench, "nothing", "all")))
    assert nothing.message.startswith("'work.nothing' returned None, but its task has a serializer")
    other = error_of(bench.run(serialized(bench, "other", "all", product={"a": "a", "b": "b"})))
    assert "without ['b'] and with ['c'], which are no products" in other.message


def test_the_ready_made_serializers_pickle(bench: ChildBench) -> None:
    bench.write("work.py", "def one():\n    return {1}\ndef two(upstream):\n    return upstream['one'] | {2}\n")
    own = {
        "serializer": Dotted("ploomber.io.serializer_pickle"),
        "unserializer": Dotted("ploomber.io.unserializer_pickle"),
    }
    one = bench.task("work.one", product="one", **own)
    two = bench.task("work.two", product="two", needs=(one,), **own)

    assert [bench.run(one), bench.run(two)] == [Succeeded(), Succeeded()]


# --- Hooks --------------------------------------------------------------------------------


def test_hooks_get_what_they_ask_for_by_name(bench: ChildBench) -> None:
    bench.write(
        "hooks.py",
        code("""
        from pathlib import Path

        def everything(task, product, params, upstream, client, index, more="default"):
            other = task.upstream["first"]
            print(task.name, product, params["n"], params["product"], other.product["data"], upstream["first"]["data"])
            print(client.url, index, more, task.source)

        class Client:
            url = "a client"

        def nothing():
            print("called")

        def of_pipeline(dag, report):
            print(dag.name, list(dag), len(dag), "second" in dag, report["Ran?"])
            print(dag["second"].product, dag["second"].params["n"], dag["second"].params["upstream"]["first"]["data"])
            print(dag["second"].upstream["first"] is dag["first"], dag["first"].product["data"].exists())
            print(report)

        def failed(traceback):
            print(traceback["build"], traceback["on_finish"])

        def asks(task, foo): ...

        def checks(product):
            raise ValueError(f"{product} is empty")
        """),
    )
    bench.write("work.py", "")
    first = bench.task("work.first", product={"data": "out/first.csv"})
    job = bench.task(
        "work.f", product="out.txt", needs=(first,), params={"n": 1}, client=Dotted("hooks.Client"), name="second"
    ).job

    assert bench.hook("hooks.everything", job=job, index=3) == (
        Succeeded(),
        "second out.txt 1 out.txt out/first.csv out/first.csv\na client 3 default work.f\n",
    )
    assert bench.hook("hooks.nothing", job=job) == (Succeeded(), "called\n")
    report = ({"name": "a", "ran": True, "elapsed": 1.5}, {"name": "bb", "ran": False, "elapsed": 0})
    assert bench.hook("hooks.of_pipeline", report=report, jobs=(first.job, job)) == (
        Succeeded(),
        f"{bench.root.name} ['first', 'second'] 2 True [True, False]\n"
        "out.txt 1 out/first.csv\nTrue False\n"
        "name  Ran?   Elapsed (s)  Percentage\na     True   1.5          100.0\nbb    False  0            0.0\n",
    )
    error = CellError(name="ValueError", message="no", traceback="the traceback")
    assert bench.hook("hooks.failed", "on_failure", error=error) == (Succeeded(), "the traceback None\n")

    outcome, _ = bench.hook("hooks.asks", job=job)
    assert error_of(outcome).message.startswith(
        "'hooks.asks' asks for 'foo', which is not there for on_finish. It may ask"
    )
    outcome, _ = bench.hook("hooks.nothing", job=job, foo=1)
    assert error_of(outcome).message == "'hooks.nothing' does not take 'foo', which pipeline.yaml gives it."
    outcome, log = bench.hook("hooks.checks", job=job)
    assert error_of(outcome).message == "out.txt is empty"
    assert error_of(outcome).where == Where(path="hooks.py", line=26)
    assert log.endswith("ValueError: out.txt is empty\n")


def test_a_hook_may_load_what_its_task_and_others_have_made(bench: ChildBench) -> None:
    bench.write(
        "hooks.py",
        code("""
        import pytest

        def read(product, sep=" "):
            return open(product).read().split(sep)

        def check(task, client):
            assert task.upstream["plain"].load() == {"n": 1}
            assert list(task.upstream["written"].load("words")) == ["a", "b"]
            assert task.upstream["written"].load("words", sep="b") == ["a ", ""]
            client.execute("CREATE TABLE t (a INT); INSERT INTO t VALUES (1), (2), (3)")
            assert task.upstream["table"].load(limit=2)["a"].tolist() == [1, 2]
            assert task.load()["b"].tolist() == [2] and list(task.load("data", usecols=["a"]).columns) == ["a"]
            with pytest.raises(KeyError, match="'nb', 'data'"):
                task.load("typo")
            with pytest.raises(FileNotFoundError, match="cauce build report"):
                task.load("nb")
        """),
    )
    bench.write("out/plain.json", '{"n": 1}')
    bench.write("out/words", "a b")
    bench.write("out/data.csv", "a,b\n1,2\n")
    needs = (
        bench.task("work.plain", product="out/plain.json", name="plain"),
        bench.task(
            "work.written",
            product={"words": "out/words", "more": "out/more"},
            unserializer=Dotted("hooks.read"),
            name="written",
        ),
        bench.task(
            "table.sql",
            "sql",
            product={},
            relations=(RelationSpec("", "t", None, "table"),),
            client="sqlite:///data.db",
            content=b" ",
        ),
    )
    products = {"nb": "out/report.ipynb", "data": "out/data.csv"}
    job = bench.task(
        "report.py", "notebook", product=products, needs=needs, client="sqlite:///data.db", content=b" "
    ).job
    job = replace(job, spec=replace(job.spec, notebooks=("nb",)))

    assert bench.hook("hooks.check", job=job)[0] == Succeeded()


def test_a_hook_may_ask_the_database(bench: ChildBench) -> None:
    bench.write(
        "hooks.py",
        code("""
        from ploomber.testing.sql import distinct_values_in_column as values, duplicates_in_column as twice
        from ploomber.testing.sql import nulls_in_columns, range_in_column

        def check(client, task):
            client.execute("CREATE TABLE t (a INT, b INT); INSERT INTO t VALUES (1, 2), (1, NULL), (3, 2)")
            assert client is task.client
            print(nulls_in_columns(client, ["a", "b"], "t"), nulls_in_columns(client, "a", "t"))
            print(range_in_column(client, "a", "t"), values(client, "a", "t"))
            print(twice(client, "a", "t"), twice(client, ["a", "b"], "t"))
        """),
    )
    job = bench.task("work.f", client="sqlite:///data.db").job

    assert bench.hook("hooks.check", job=job) == (Succeeded(), "True False\n(1, 3) {1, 3}\nTrue False\n")


# --- Shell --------------------------------------------------------------------------------


def test_a_shell_script_is_filled_in_and_run(bench: ChildBench) -> None:
    bench.write("make.sh", 'echo "{{n}}" > {{product["a"]}}\nmkdir -p {{product.b}}\n')
    bench.write(
        "scripts/join.sh",
        "#!/usr/bin/env bash\nset -eu\n# {{upstream}}\ncat {{upstream['make']['a']}} > {{product}}\n"
        'false || echo "$0 in $PWD"\nread line || echo no input\n',
    )
    bench.write("count.sh", "#!/usr/bin/env python3\nopen('{{product}}', 'w').write('{{ n * 2 }}')\n")
    make = bench.task("make.sh", "shell", name="make", product={"a": "a b.txt", "b": "dir"}, params={"n": "1 2"})
    make.job.source.write_text('echo "{{n}}" > "{{product["a"]}}"\r\nmkdir -p {{product.b}}\r\n')
    make = bench.task("make.sh", "shell", name="make", product={"a": "a.txt", "b": "dir"}, params={"n": "1 2"})
    join = bench.task("scripts/join.sh", "shell", name="join", product="joined.txt", needs=(make,))
    count = bench.task("count.sh", "shell", name="count", product="count.txt", params={"n": 21})

    assert [bench.run(each) for each in (make, join, count)] == [Succeeded()] * 3
    assert (bench.root / "joined.txt").read_text() == "1 2\n"
    assert (bench.root / "count.txt").read_text() == "42"
    assert join.log == f"scripts/join.sh in {bench.root}\nno input\n"


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("echo one\nexit 3\n", "The script ended with exit code 3. It said last: one", None),
        ("set -e\n\nnosuchcommand\n", "The script ended with exit code 127. It said last: run.sh: line 3: nosuch", 3),
        ("#!/bin/sh -e\nfalse\necho not reached\n", "The script ended with exit code 1.", None),
        ("kill -9 $$\n", "The script ended with the signal SIGKILL.", None),
        ("#!/no/such/interpreter\n", "There is no '/no/such/interpreter' here to run the script with.", 1),
        ("echo {{product}}\n\necho {{nope}}\n", "'nope' is undefined", 3),
        ("echo\n{% if %}\n", "", 2),
    ],
)
def test_a_shell_script_that_fails_says_where(bench: ChildBench, text: str, message: str, line: int | None) -> None:
    bench.write("run.sh", text)

    error = error_of(bench.run(bench.task("run.sh", "shell")))

    assert error.message.startswith(message)
    assert error.where == Where(path="run.sh", line=line)


def test_a_shell_script_keeps_its_bytes(bench: ChildBench) -> None:
    content = b"#!/bin/sh\necho caf\xe9 > {{product}}\n"
    attempt = bench.task("run.sh", "shell", content=content)

    assert bench.run(attempt) == Succeeded()
    assert (bench.root / "out.txt").read_bytes() == b"caf\xe9\n"


def test_a_cancelled_shell_script_has_its_time_to_clean_up(bench: ChildBench) -> None:
    bench.write("run.sh", "trap 'sleep 0.3; touch clean; exit 1' INT\ntouch begun\nwhile true; do sleep 0.1; done\n")
    attempt = bench.task("run.sh", "shell")

    async def cancelled() -> object:
        running = asyncio.ensure_future(bench.go(attempt))
        await bench.appears("begun")
        attempt.cancel.set()
        return await running

    assert asyncio.run(cancelled()) == Cancelled()
    assert (bench.root / "clean").exists()


# --- Scripts ------------------------------------------------------------------------------

SCRIPT = '''\
"""What it does."""
from __future__ import annotations
# %% tags=["parameters"]
upstream = None
product = None
n = 1

# %% [markdown]
# Some words

# %%
import json, os, sys
from pathlib import Path
import beside

class Known:
    def __repr__(self) -> Nothing:
        return "known"

if __name__ == "__main__":
    Path(product).write_text(json.dumps([n, os.getcwd(), sys.path[0], sys.argv, beside.name]))
    import pickle
    print(pickle.loads(pickle.dumps(Known())))
'''


def test_a_script_runs_with_its_values_in_its_own_folder(bench: ChildBench) -> None:
    bench.write("scripts/run.py", SCRIPT)
    bench.write("scripts/beside.py", "name = 'beside'")
    attempt = bench.task("scripts/run.py", "script", product="../out.json", params={"n": 7}, folder="scripts")

    assert bench.run(attempt) == Succeeded()

    folder = str(bench.root / "scripts")
    assert json.loads((bench.root / "out.json").read_text()) == [7, folder, folder, [f"{folder}/run.py"], "beside"]
    assert attempt.log == "known\n"


@pytest.mark.parametrize(
    ("end", "name", "message", "line"),
    [
        ("\n1 / 0\n", "ZeroDivisionError", "division by zero", 25),
        ("\ndef f(:\n", "SyntaxError", "invalid syntax (run.py, line 25)", 25),
        ("\nsys.exit('no good')\n", "SystemExit", "no good", None),
        ("\nexit(2)\n", "SystemExit", "exit(2) was called", None),
        ("\n# %%\n# %matplotlib inline\n", "SyntaxError", "'%matplotlib inline' is a magic, which only notebooks", 26),
        ("\n# %%\n!ls\n", "SyntaxError", "'!ls' is a magic, which only notebooks have.", 26),
    ],
)
def test_a_script_that_fails_names_the_line_of_the_file(
    bench: ChildBench, end: str, name: str, message: str, line: int | None
) -> None:
    bench.write("run.py", SCRIPT + end)
    bench.write("beside.py", "name = 'beside'")

    error = error_of(bench.run(bench.task("run.py", "script", product="out.json")))

    assert (error.name, error.message[: len(message)]) == (name, message)
    assert error.where == Where(path="run.py", line=line)


@pytest.mark.parametrize(
    "text",
    [
        "raise SystemExit",
        "exit(0)",
        "upstream = None\nprint('100%' + '''\n%s\n!x\n''')",
        "\ufeff# -*- coding: utf-8 -*-\r\nprint('é')\r\n",
    ],
)
def test_a_script_may_end_with_exit_0_and_hold_what_looks_like_a_magic(bench: ChildBench, text: str) -> None:
    bench.write("run.py", text)

    assert bench.run(bench.task("run.py", "script", product="out.json")) == Succeeded()


def test_a_notebook_runs_as_a_script(bench: ChildBench) -> None:
    cells = [
        {"cell_type": "code", "source": "product = None", "metadata": {"tags": ["parameters"]}},
        {"cell_type": "markdown", "source": "# Title", "metadata": {}},
        {"cell_type": "code", "source": "open(product, 'w').write('x')\nraise ValueError(product)", "metadata": {}},
    ]
    for cell in cells:
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
    bench.write("run.ipynb", json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}))

    error = error_of(bench.run(bench.task("run.ipynb", "script", product="out.txt")))

    assert (error.message, error.where) == ("out.txt", None)
    assert 'File "<run.ipynb, code cell 3>", line 2, in <module>\n    raise ValueError(product)' in error.traceback


def test_a_source_that_is_no_text_is_told(bench: ChildBench) -> None:
    outcome = bench.run(bench.task("run.py", "script", content=b"\xff\xfe\x00"))

    assert isinstance(outcome, Failed)
    assert outcome.error.name == "SourceError"


@pytest.mark.skipif(shutil.which("Rscript") is not None, reason="R is here")
def test_a_script_in_r_says_that_r_is_needed(bench: ChildBench) -> None:
    bench.write("run.R", "# + tags=['parameters']\nupstream <- NULL\n\n# +\nprint(1)\n")

    error = error_of(bench.run(bench.task("run.R", "script")))

    assert error.message == "There is no 'Rscript' here to run the script with. Install R."


# --- A real Ploomber ----------------------------------------------------------------------


def test_a_real_ploomber_is_preferred_and_takes_our_products_for_its_own(bench: ChildBench) -> None:
    bench.write("ploomber/__init__.py", "")
    bench.write("ploomber/exceptions.py", "class DAGBuildEarlyStop(Exception): ...")
    bench.write(
        "ploomber/products.py",
        "import abc\nclass File(abc.ABC): ...\nclass MetaProduct(abc.ABC): ...\n",
    )
    bench.write(
        "work.py",
        code("""
        from ploomber.products import File, MetaProduct

        def write(obj, product):
            assert isinstance(product, MetaProduct) and not isinstance(product, File)
            assert list(product.products.products) == ["a"] and isinstance(product["a"], File)
            open(product["a"], "w").write(obj)

        def f():
            return "real"

        def stop(product):
            from ploomber.exceptions import DAGBuildEarlyStop
            raise DAGBuildEarlyStop("enough")
        """),
    )

    assert bench.run(bench.task("work.f", product={"a": "a.txt"}, serializer=Dotted("work.write"))) == Succeeded()
    assert (bench.root / "a.txt").read_text() == "real"
    assert bench.run(bench.task("work.stop")) == Stopped("enough")


def test_a_client_runs_shell_scripts_its_own_way(bench: ChildBench) -> None:
    bench.write(
        "clients.py",
        "from ploomber.clients import ShellClient\ndef client(run):\n    return ShellClient(run_template=run)\n",
    )
    bench.write("run.sh", "import sys; print('café', sys.argv[1:]); open('{{product}}', 'w')\n")
    own = Dotted("clients.client", {"run": "python3 {{path_to_code}} --more 'a b'"})
    attempt = bench.task("run.sh", "shell", client=own)

    assert bench.run(attempt) == Succeeded()
    assert attempt.log == "café ['--more', 'a b']\n"
    assert (bench.root / "out.txt").exists()
