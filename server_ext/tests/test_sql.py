"""Tasks in SQL, in real databases: scripts that make tables, and dumps of queries."""

from __future__ import annotations

import asyncio
import csv
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from childbench import ChildBench, Try, bench_in, error_of

from cauce.contract import Where
from cauce.engine.executors import Succeeded
from cauce.engine.spec.model import Dotted, RelationSpec
from cauce.runner.database import split

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for leaks in /proc")

SQLITE = "sqlite:///data.db"
DUCKDB = "duckdb:///data.duckdb"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[ChildBench]:
    with bench_in(tmp_path) as made:
        yield made


def script(
    bench: ChildBench,
    name: str,
    text: str,
    client: Any = SQLITE,
    *,
    made: tuple[RelationSpec, ...] | None = None,
    kind: Any = "table",
    **more: Any,
) -> Try:
    """A script that makes the table of its name, unless told otherwise."""
    bench.write(f"sql/{name}.sql", text)
    relations = (RelationSpec("", name, None, kind),) if made is None else made
    return bench.task(f"sql/{name}.sql", "sql", name=name, product={}, relations=relations, client=client, **more)


def dump(bench: ChildBench, name: str, text: str, product: str, client: Any = SQLITE, **more: Any) -> Try:
    bench.write(f"sql/{name}.sql", text)
    attempt = bench.task(f"sql/{name}.sql", "dump", name=name, product=product, client=client, **more)
    target = bench.root / product
    target.parent.mkdir(parents=True, exist_ok=True)
    return replace(attempt, job=replace(attempt.job, outputs={product: target.with_name(f".{name}.tmp")}))


def output(attempt: Try) -> Path:
    return next(iter(attempt.job.outputs.values()))


def rows(bench: ChildBench, query: str) -> list[Any]:
    with closing(sqlite3.connect(bench.root / "data.db")) as connection:
        return connection.execute(query).fetchall()


NUMBERS = """
-- three rows; of no consequence: ';'
DROP TABLE IF EXISTS {{product}};
CREATE TABLE {{product}} AS
SELECT 1 AS n UNION SELECT 2 UNION SELECT {{last}};
"""


@pytest.mark.parametrize("client", [SQLITE, DUCKDB])
def test_a_script_makes_its_table_and_others_build_on_it(bench: ChildBench, client: str) -> None:
    numbers = script(bench, "numbers", NUMBERS, client, params={"last": 5})
    doubled = script(
        bench,
        "doubled",
        "DROP VIEW IF EXISTS {{product.name}};\n"
        "CREATE VIEW {{product}} AS SELECT 2 * n AS n FROM {{upstream['numbers']}}",
        client,
        needs=(numbers,),
        kind="view",
    )
    table = dump(
        bench,
        "table",
        "SELECT n FROM {{upstream.doubled}} ORDER BY n",
        "out/table.csv",
        client,
        needs=(doubled,),
        options={"chunksize": None},
    )
    for attempt in (numbers, numbers, doubled, doubled, table):
        assert bench.run(replace(attempt, cancel=asyncio.Event())) == Succeeded(), attempt.log
    assert output(table).read_text() == "n\n2\n4\n10\n"
    assert "SELECT 1 AS n UNION SELECT 2 UNION SELECT 5;" in numbers.log


@pytest.mark.parametrize(
    "code",
    [
        "import sqlite3\ndef get():\n    return sqlite3.connect('data.db')",
        "import sqlalchemy\ndef get():\n    return sqlalchemy.create_engine('sqlite:///data.db')",
        "import sqlalchemy\ndef get():\n    return sqlalchemy.create_engine('sqlite:///data.db').connect()",
        "import sqlalchemy\ndef get():\n    return sqlalchemy.make_url('sqlite:///data.db')",
        "def get():\n    return 'sqlite:///data.db'",
        "from ploomber.clients import SQLAlchemyClient\ndef get():\n    return SQLAlchemyClient('sqlite:///data.db')",
        "import sqlite3\nfrom ploomber.clients import DBAPIClient\n"
        "def get():\n    return DBAPIClient(sqlite3.connect, dict(database='data.db'))",
        "import sys\nsys.modules['sqlalchemy'] = None\nfrom ploomber.clients import SQLAlchemyClient\n"
        "def get():\n    return SQLAlchemyClient('sqlite:///data.db')",
    ],
)
def test_whatever_a_project_has_for_a_client_will_do(bench: ChildBench, code: str) -> None:
    bench.write("clients.py", code)
    client = Dotted("clients.get")
    numbers = script(bench, "numbers", NUMBERS, client, params={"last": 5})
    table = dump(bench, "table", "SELECT * FROM {{upstream.numbers}}", "out/table.csv", client, needs=(numbers,))
    assert bench.run(numbers) == Succeeded(), numbers.log
    assert rows(bench, "SELECT count(*) FROM numbers") == [(3,)]
    assert bench.run(table) == Succeeded(), table.log


def test_a_client_is_given_its_arguments(bench: ChildBench) -> None:
    bench.write("clients.py", "import sqlite3\ndef get(path):\n    return sqlite3.connect(path)")
    numbers = script(bench, "numbers", NUMBERS, Dotted("clients.get", {"path": "data.db"}), params={"last": 5})
    assert bench.run(numbers) == Succeeded()
    assert rows(bench, "SELECT count(*) FROM numbers") == [(3,)]


def test_macros_are_imported_from_beside_the_source_or_from_the_folder_of_templates(bench: ChildBench) -> None:
    macro = "{% macro pick(n) %}\nSELECT {{n}} AS n\n{% endmacro %}"
    text = (
        "{% import 'macros.sql' as m %}\nDROP TABLE IF EXISTS {{product}};\nCREATE TABLE {{product}} AS {{m.pick(7)}}"
    )
    bench.write("sql/macros.sql", macro)
    assert bench.run(script(bench, "picked", text)) == Succeeded()
    bench.write("sql/macros.sql", "")
    bench.write("shared/macros.sql", macro)
    assert bench.run(script(bench, "picked", text, template_folder="shared")) == Succeeded()
    assert rows(bench, "SELECT n FROM picked") == [(7,)]


def test_a_group_of_upstream_tasks_can_be_gone_through(bench: ChildBench) -> None:
    parts = tuple(script(bench, f"part-{n}", "", made=(RelationSpec("", f"part_{n}", None, "table"),)) for n in (1, 2))
    for n, part in enumerate(parts, 1):
        text = f"CREATE TABLE {{{{product}}}} AS SELECT {n} AS n"
        part = replace(part, job=replace(part.job, content=text.encode()))
        assert bench.run(part) == Succeeded()
    text = (
        "CREATE TABLE {{product}} AS\n{% for part in upstream['part-*'].values() %}SELECT n FROM {{part}}"
        "{{ ' UNION ' if not loop.last }}{% endfor %}"
    )
    assert bench.run(script(bench, "whole", text, needs=parts, group="part-*")) == Succeeded()
    assert rows(bench, "SELECT n FROM whole") == [(1,), (2,)]


@pytest.mark.case("B13")
@pytest.mark.parametrize("client", [SQLITE, DUCKDB])
def test_a_script_that_does_not_make_its_table_has_failed(bench: ChildBench, client: str) -> None:
    lacking = script(bench, "lacking", "CREATE TABLE other AS SELECT 1 AS n; -- {{product}}", client)
    error = error_of(bench.run(lacking))
    assert error.name == "Missing products"
    assert "did not make the table lacking" in error.message
    temporary = script(bench, "brief", "CREATE TEMP TABLE {{product}} AS SELECT 1 AS n", client)
    assert "did not make the table brief" in error_of(bench.run(temporary)).message
    view = script(bench, "seen", "CREATE VIEW {{product}} AS SELECT 1 AS n", client)
    assert "seen is a view, but pipeline.yaml says" in error_of(bench.run(view)).message


def test_nothing_is_dropped_before_so_that_a_script_can_add_to_its_table(bench: ChildBench) -> None:
    text = "CREATE TABLE IF NOT EXISTS {{product}} (n INTEGER);\nINSERT INTO {{product}} VALUES (1);"
    for _ in range(2):
        assert bench.run(script(bench, "growing", text)) == Succeeded()
    assert rows(bench, "SELECT count(*) FROM growing") == [(2,)]
    error = error_of(bench.run(script(bench, "growing", "CREATE TABLE {{product}} (n INTEGER)")))
    assert "already exists" in error.message
    assert "DROP TABLE IF EXISTS {{product}}" in error.message


@pytest.mark.parametrize(("client", "line"), [(SQLITE, 7), (DUCKDB, 7)])
def test_a_failing_statement_is_told_with_its_place(bench: ChildBench, client: str, line: int) -> None:
    text = (
        "{% set column = 'n' %}\n-- {{product}}\nCREATE TABLE IF NOT EXISTS failing (n INTEGER);\n"
        "{% for i in [1, 2] %}\nINSERT INTO failing VALUES ({{i}});\n{% endfor %}\n"
        "SELECT {{column}}, missing FROM failing;\n"
    )
    error = error_of(bench.run(script(bench, "failing", text, client)))
    assert error.where == Where(path="sql/failing.sql", line=line)
    assert "missing" in error.message
    assert "The statement: SELECT n, missing FROM failing" in error.message


@pytest.mark.parametrize(
    ("text", "said", "line"),
    [
        ("SELECT 1;\nSELECT {{nothing}}", "'nothing' is undefined. Add it to the task's 'params'.", 2),
        ("SELECT 1;\n\nSELECT * FROM {{upstream.a}}", "The task has no upstream tasks", 3),
        ("SELECT {% if %}", "Expected an expression", 1),
        ("{% raise 'Not on my watch.' %}", "Not on my watch.", 1),
        ("\n{% import 'gone.sql' as m %}", "There is no template 'gone.sql' in sql/", 2),
        ("-- nothing here {{product}}", "The script has no statements.", None),
    ],
)
def test_a_template_that_cannot_be_filled_in_is_told_with_its_place(
    bench: ChildBench, text: str, said: str, line: int | None
) -> None:
    error = error_of(bench.run(script(bench, "wrong", text)))
    assert said in error.message
    assert error.where == Where(path="sql/wrong.sql", line=line)


def test_a_task_without_a_client_is_told_how_to_name_one(bench: ChildBench) -> None:
    error = error_of(bench.run(script(bench, "lost", NUMBERS, None, params={"last": 5})))
    assert "'clients: {SQLScript: clients.get}'" in error.message
    bench.write("clients.py", "def get():\n    pass")
    error = error_of(bench.run(script(bench, "lost", NUMBERS, Dotted("clients.get"), params={"last": 5})))
    assert "'clients.get' returned nothing, which is no database." in error.message
    error = error_of(bench.run(script(bench, "lost", NUMBERS, "nosuch://host/db", params={"last": 5})))
    assert "nosuch" in error.message


def test_passwords_stay_where_they_are(bench: ChildBench) -> None:
    bench.write(
        "clients.py",
        "def get():\n    url = 'postgresql://me:s3cr3t@/x@nowhere/db'\n"
        "    raise OSError('no way to postgresql://me:s3cr3t@/x@nowhere/db')",
    )
    for client in (Dotted("clients.get"), "mysql+nosuch://me:s3cr3t@nowhere/db", "wrong:://me:s3cr3t@nowhere"):
        attempt = script(bench, "secret", NUMBERS, client, params={"last": 5})
        error = error_of(bench.run(attempt))
        assert "s3cr3t" not in f"{error}{attempt.log}"
    assert "clients.py" in attempt.log


def test_a_function_that_does_not_make_its_table_has_failed(bench: ChildBench) -> None:
    made = (RelationSpec("", "counted", None, "table", SQLITE),)
    code = "import sqlite3\n\ndef count(product, n):\n    if n:\n        with sqlite3.connect('data.db') as con:\n"
    bench.write("work.py", code + "            con.execute(f'CREATE TABLE {product} AS SELECT {n} AS n')\n")
    lacking = bench.task("work.count", product={}, relations=made, params={"n": 0})
    assert "did not make the table counted" in error_of(bench.run(lacking)).message
    making = bench.task("work.count", product={}, relations=made, params={"n": 3})
    assert bench.run(making) == Succeeded(), making.log


@pytest.mark.parametrize("client", [SQLITE, DUCKDB])
def test_tasks_side_by_side_wait_for_a_database_that_takes_one_at_a_time(bench: ChildBench, client: str) -> None:
    bench.write(
        "clients.py",
        "import time, sqlite3\n\ndef get():\n"
        f"    from cauce.runner.database import raw_connection\n    connection = raw_connection({client!r})\n"
        "    connection.execute('BEGIN')\n    connection.execute('CREATE TABLE IF NOT EXISTS busy (n INTEGER)')\n"
        "    time.sleep(0.5)\n    connection.commit()\n    return connection\n",
    )
    text = "CREATE TABLE {{product}} AS SELECT 1 AS n"
    attempts = [script(bench, f"t{n}", text, Dotted("clients.get") if n else client) for n in range(3)]

    async def together() -> list[Any]:
        return await asyncio.gather(*(bench.go(attempt) for attempt in attempts))

    assert bench.wait(together()) == [Succeeded()] * 3


def test_a_password_is_not_remembered_and_another_makes_nothing_stale(tmp_path: Path) -> None:
    def cauce(*arguments: str) -> str:
        command = [sys.executable, "-m", "cauce", *arguments]
        done = subprocess.run(
            command, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        return done.stdout + done.stderr

    def pipeline(url: str) -> None:
        text = f"clients: {{SQLScript: '{url}'}}\ntasks: [{{source: t.sql, product: [t, table]}}]\n"
        (tmp_path / "pipeline.yaml").write_text(text)

    (tmp_path / "t.sql").write_text("CREATE TABLE {{product}} AS SELECT 1 AS n")
    pipeline("nosuch://me:s3cr3t@host/db")
    told = cauce("build")
    assert "1 failed" in told
    pipeline("nosuch://me:s3cr3t@other/db")
    told += cauce("status") + cauce("status", "--json")
    assert "nosuch://me@other/db" in told
    pipeline("nosuch://me:an0th3r@host/db")
    assert "nosuch" not in cauce("status")
    kept = b"".join(file.read_bytes() for file in (tmp_path / ".cauce").rglob("*") if file.is_file())
    assert "s3cr3t" not in told + kept.decode("utf-8", "replace")


def test_a_dump_without_chunks_is_one_file(bench: ChildBench) -> None:
    text = "SELECT 1 AS n, 'a,\"b\"' AS t UNION SELECT 2, NULL ORDER BY n;"
    attempt = dump(bench, "two", text, "out/two.csv", options={"chunksize": None})
    assert bench.run(attempt) == Succeeded()
    with output(attempt).open(newline="") as file:
        assert list(csv.reader(file)) == [["n", "t"], ["1", 'a,"b"'], ["2", ""]]


@pytest.mark.parametrize("client", [SQLITE, DUCKDB])
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_dump_in_chunks_is_a_folder_of_numbered_files(bench: ChildBench, client: str, suffix: str) -> None:
    import pandas

    text = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 25) SELECT n FROM t ORDER BY n"
    attempt = dump(bench, "many", text, f"out/many.{suffix}", client, options={"chunksize": 10})
    assert bench.run(attempt) == Succeeded()
    files = sorted(output(attempt).iterdir())
    assert [file.name for file in files] == [f"{n}.{suffix}" for n in range(3)]
    read = getattr(pandas, f"read_{suffix}")
    assert [len(read(file)) for file in files] == [10, 10, 5]
    assert list(read(files[2]).n) == [21, 22, 23, 24, 25]
    nothing = dump(bench, "none", "SELECT 1 AS n WHERE 1 = 0", f"out/none.{suffix}", client)
    assert bench.run(nothing) == Succeeded()
    assert list(read(output(nothing) / f"0.{suffix}").columns) == ["n"]


@pytest.mark.parametrize("client", [SQLITE, DUCKDB])
def test_a_parquet_file_keeps_the_types(bench: ChildBench, client: str) -> None:
    import pandas

    attempt = dump(
        bench, "typed", "SELECT 1 AS n, 0.5e0 AS x, 'a' AS t", "t.parquet", client, options={"chunksize": None}
    )
    assert bench.run(attempt) == Succeeded()
    frame = pandas.read_parquet(output(attempt))
    assert [frame.n.dtype.kind, frame.x.dtype.kind, frame.t[0]] == ["i", "f", "a"]
    if client == SQLITE:
        mixed = dump(bench, "mixed", "SELECT 1 AS n UNION SELECT 'a'", "m.parquet", client)
        assert "The column 'n' holds values of several types" in error_of(bench.run(mixed)).message


def test_a_dump_fills_in_at_last_what_its_upstream_has_made(bench: ChildBench) -> None:
    bench.write("out/bounds.json", '{"last": 3}')
    bounds = bench.task("sql/bounds.py", name="bounds", product="out/bounds.json", content=b"#")
    attempt = dump(bench, "d", "SELECT [[get_key(upstream['bounds'], 'last')]] AS n", "d.csv", needs=(bounds,))
    assert bench.run(attempt) == Succeeded(), attempt.log
    assert (output(attempt) / "0.csv").read_text() == "n\n3\n"


def test_a_dump_needs_rows(bench: ChildBench) -> None:
    error = error_of(bench.run(dump(bench, "none", "CREATE TABLE t (n INTEGER)", "n.csv")))
    assert "gives no rows" in error.message


def test_a_semicolon_ends_a_statement_only_where_it_does() -> None:
    text = """
    -- a comment; and
    INSERT INTO t VALUES (';', 'it''s; so'); /* ; */
    CREATE TRIGGER x AFTER INSERT ON t BEGIN UPDATE t SET n = 1; DELETE FROM u; END;
    ;; SELECT ";" """
    assert [each.text[:14] for each in split(text, "sqlite")] == ["INSERT INTO t ", "CREATE TRIGGER", 'SELECT ";"']
    assert [text[each.offset : each.offset + 6] for each in split(text, "sqlite")] == ["INSERT", "CREATE", "SELECT"]
    assert len(split("CREATE FUNCTION f() AS $$ a; b; $$; SELECT 1", "other", ";")) == 2
    assert len(split("SELECT 1; SELECT 2", "other")) == 1
    assert [each.text for each in split("SELECT 1\nGO\nSELECT 2", "other", "GO")] == ["SELECT 1", "SELECT 2"]
    assert split(" -- only words\n ; ", "duckdb") == []
