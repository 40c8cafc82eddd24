"""One process for all tasks of a client: what they share, and what happens to the others when one goes wrong."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest
from childbench import ChildBench, Try, bench_in, error_of, until
from patience import eventually

from cauce.contract import Where
from cauce.engine.executors import Cancelled, Crashed, Outcome, Succeeded
from cauce.engine.process import is_alive, record_of
from cauce.engine.spec.model import Dotted, RelationSpec

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for leaks in /proc")

CLIENT = Dotted("clients.get")
SQLITE = "import sqlite3\ndef get():\n    return sqlite3.connect('data.db')\n"
DUCKDB = "import duckdb\ndef get():\n    return duckdb.connect('data.duckdb')\n"
TELLING = "import os\n{}\ndef get():\n    print(os.getpid(), file=open('pids.txt', 'a'))\n    return {}\n"
"""Says in which process it is called."""
TABLE = "CREATE TABLE {{product}} AS SELECT 1 AS n"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[ChildBench]:
    with bench_in(tmp_path) as made:
        yield made


def script(bench: ChildBench, name: str, text: str = TABLE, client: Any = CLIENT) -> Try:
    bench.write(f"sql/{name}.sql", text)
    made = (RelationSpec("", name, None, "table"),)
    return bench.task(f"sql/{name}.sql", "sql", name=name, product={}, relations=made, client=client)


def together(bench: ChildBench, *attempts: Try) -> list[Outcome]:
    async def go() -> list[Outcome]:
        return await asyncio.gather(*(bench.go(attempt) for attempt in attempts))

    return bench.wait(go())


def pid(attempt: Try) -> int:
    """Of the process that ran it last."""
    return attempt.processes[-1].pid


def is_gone(process: int) -> bool:
    return not Path(f"/proc/{process}").exists()


def cauce(root: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "cauce", *arguments]
    return subprocess.Popen(
        command, cwd=root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def built(root: Path, *arguments: str) -> str:
    process = cauce(root, "build", *arguments)
    said, _ = process.communicate()
    assert process.returncode == 0, said
    return said


def pipeline(root: Path, text: str, **scripts: str) -> None:
    (root / "pipeline.yaml").write_text(text)
    for name, content in scripts.items():
        (root / f"{name}.sql").write_text(content)


# --- What they share ----------------------------------------------------------------------


def test_a_build_runs_the_tasks_of_a_client_in_one_process_side_by_side_or_not(tmp_path: Path) -> None:
    (tmp_path / "clients.py").write_text(TELLING.format("import duckdb", "duckdb.connect('data.duckdb')"))
    names = [f"t{n}" for n in range(4)]
    tasks = "".join(f"- {{source: {name}.sql, product: [{name}, table]}}\n" for name in names)
    union = " UNION ".join(f"SELECT n FROM {{{{upstream['{name}']}}}}" for name in names)  # noqa: S608 - scripts of this test
    pipeline(
        tmp_path,
        "clients: {SQLScript: clients.get, SQLDump: clients.get}\n"
        f"tasks:\n{tasks}- {{source: all.sql, product: all.csv, chunksize: null}}\n",
        **dict.fromkeys(names, TABLE),
        all=union,
    )
    built(tmp_path, "--jobs", "4")
    assert (tmp_path / "all.csv").read_text() == "n\n1\n"
    pids = (tmp_path / "pids.txt").read_text().split()
    assert len(pids) == 5
    assert len(set(pids)) == 1
    assert is_gone(int(pids[0]))


@pytest.mark.parametrize(("client", "suffix"), [("sqlite://", "csv"), ("duckdb://", "parquet")])
def test_tables_in_memory_live_as_long_as_the_build(tmp_path: Path, client: str, suffix: str) -> None:
    left = (
        "CREATE TEMP TABLE brief AS SELECT 1 AS n;\nATTACH ':memory:' AS other;\nCREATE TABLE {{product}} AS SELECT n"
    )
    pipeline(
        tmp_path,
        f"clients: {{SQLScript: '{client}', SQLDump: '{client}'}}\n"
        "tasks:\n- {source: a.sql, product: [a, table]}\n- {source: b.sql, product: [b, table]}\n"
        f"- {{source: c.sql, product: c.{suffix}}}\n- {{source: d.sql, product: d.{suffix}, chunksize: null}}\n",
        a=f"{left} FROM brief",
        b=f"{left} + 1 AS n FROM {{{{upstream['a']}}}}",
        c="SELECT n FROM {{upstream['b']}}",
        d="SELECT n FROM {{upstream['b']}}",
    )
    assert "4 ran" in built(tmp_path)
    (tmp_path / "d.sql").write_text("SELECT n + 1 AS n FROM {{upstream['b']}}")
    assert "4 ran" in built(tmp_path)  # tables that are gone are made anew
    with duckdb.connect() as connection:
        assert connection.execute(f"FROM '{tmp_path}/d.{suffix}'").fetchall() == [(3,)]


def test_other_processes_have_the_file_between_two_tasks(bench: ChildBench) -> None:
    bench.write("clients.py", DUCKDB)
    bench.write(
        "work.py",
        "import duckdb\n\ndef count(product):\n    with duckdb.connect('data.duckdb') as connection:\n"
        "        connection.execute('CREATE TABLE counted AS SELECT count(*) AS n FROM first')\n",
    )
    first, second = script(bench, "first"), script(bench, "second", "CREATE TABLE {{product}} AS FROM counted")
    assert bench.run(first) == Succeeded(), first.log
    assert bench.run(bench.task("work.count")) == Succeeded()
    assert bench.run(second) == Succeeded(), second.log
    assert pid(first) == pid(second)


def test_a_task_finds_nothing_of_what_another_left_in_its_connection(bench: ChildBench) -> None:
    bench.write("clients.py", SQLITE)
    text = "CREATE TEMP TABLE brief AS SELECT 1 AS n;\nCREATE TABLE IF NOT EXISTS {{product}} (n INTEGER);\n"
    left = script(bench, "left_open", text + "INSERT INTO left_open VALUES (1);\nSELECT nothing")  # noqa: S608 - scripts of this test
    after = script(bench, "after", text + "INSERT INTO {{product}} SELECT count(*) FROM left_open")  # noqa: S608 - scripts of this test
    assert error_of(bench.run(left)).where == Where(path="sql/left_open.sql", line=4)
    assert bench.run(after) == Succeeded(), after.log
    assert pid(left) == pid(after)
    with closing(sqlite3.connect(bench.root / "data.db")) as connection:
        assert connection.execute("SELECT n FROM after").fetchall() == [(0,)]


SERVER = """
import os, sqlite3, time

def meet(name):
    open(f'met/{name}', 'w').close()
    while len(os.listdir('met')) < 2:
        time.sleep(0.01)

class Connection:  # of a driver that nobody knows
    def __init__(self):
        inner = sqlite3.connect('data.db')
        inner.create_function('meet', 1, meet)
        self.cursor, self.commit, self.rollback, self.close = inner.cursor, inner.commit, inner.rollback, inner.close

def get():
    return Connection()
"""


def test_a_database_server_is_asked_by_several_at_once(bench: ChildBench) -> None:
    bench.write("clients.py", SERVER)
    (bench.root / "met").mkdir()
    bench.run(script(bench, "first"))
    one, other = (script(bench, name, f"SELECT meet('{name}') -- {{{{product}}}}") for name in ("one", "other"))
    for outcome in together(bench, one, other):  # neither would end without the other
        assert "did not make the table" in error_of(outcome).message
    assert pid(one) != pid(other)


@pytest.mark.parametrize(
    "code",
    [
        "import sqlite3\nconnection = sqlite3.connect('data.db')\ndef get():\n    return connection\n",
        "import os, sqlite3\nopened = []\ndef get():\n    opened.append(1)\n    if len(opened) > 1:\n"
        "        raise OSError('the tunnel is there already')\n    return sqlite3.connect('data.db')\n",
    ],
)
def test_a_client_that_gives_a_single_connection_gets_another_process(bench: ChildBench, code: str) -> None:
    bench.write("clients.py", code)
    attempts = [script(bench, name) for name in ("a", "b", "c")]
    assert together(bench, *attempts) == [Succeeded()] * 3
    assert "tunnel" not in "".join(attempt.log for attempt in attempts)


# --- What goes wrong ----------------------------------------------------------------------


def test_an_error_is_that_of_its_own_task(bench: ChildBench) -> None:
    bench.write("clients.py", SQLITE)
    a, b, c = script(bench, "a"), script(bench, "b", f"-- here\n{TABLE} FROM nowhere"), script(bench, "c")
    first, second, third = together(bench, a, b, c)
    assert (first, third) == (Succeeded(), Succeeded())
    error = error_of(second)
    assert error.where == Where(path="sql/b.sql", line=2)
    assert "no such table: nowhere" in error.message
    assert pid(a) == pid(b) == pid(c)
    assert [f"CREATE TABLE {name} AS" in attempt.log for attempt in (a, b, c) for name in "abc"] == [
        True, False, False, False, True, False, False, False, True,
    ]  # fmt: skip


ENDLESS = "{{product}} AS WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) AS n FROM t"


@pytest.mark.sampled
@pytest.mark.parametrize("code", [SQLITE, DUCKDB])
def test_a_query_is_cancelled_and_those_that_wait_are_not(bench: ChildBench, code: str, leeway: float) -> None:
    bench.write("clients.py", code)
    bench.run(script(bench, "before"))
    endless = script(bench, "endless", f"CREATE TABLE {ENDLESS}")
    after, never = script(bench, "after"), script(bench, "never")

    async def go() -> tuple[list[Outcome], float]:
        running = [asyncio.ensure_future(bench.go(attempt)) for attempt in (endless, after, never)]
        await until(lambda: endless.job.log.exists() and "RECURSIVE" in endless.log)
        never.cancel.set()
        assert await running[2] == Cancelled()  # without waiting for its turn
        began = time.monotonic()
        endless.cancel.set()
        await running[0]
        took = time.monotonic() - began
        return await asyncio.gather(*running), took

    outcomes, took = bench.wait(go())
    assert outcomes == [Cancelled(), Succeeded(), Cancelled()], after.log
    assert took < 10 + leeway
    assert never.processes == []


FORGETS = """
import sqlite3

class Forgets(sqlite3.Connection):
    told = False

    def interrupt(self):
        if self.told:
            super().interrupt()
        self.told = True

def get():
    return sqlite3.connect(":memory:", factory=Forgets)
"""
"""An interrupt that comes before its statement is forgotten, as by any driver; here the first always is."""


@pytest.mark.parametrize("client", ["sqlite://", "duckdb://", CLIENT])
def test_tables_in_memory_outlive_a_query_that_is_cancelled(bench: ChildBench, client: Any) -> None:
    bench.write("clients.py", FORGETS)
    first, last = script(bench, "first", client=client), script(bench, "last", f"{TABLE} FROM first", client)
    endless = script(bench, "endless", f"CREATE TABLE {ENDLESS}", client)

    async def go() -> Outcome:
        running = asyncio.ensure_future(bench.go(endless))
        await until(lambda: endless.job.log.exists() and "RECURSIVE" in endless.log)
        endless.cancel.set()
        return await running

    assert [bench.run(first), bench.wait(go()), bench.run(last)] == [Succeeded(), Cancelled(), Succeeded()]


def test_killing_ends_what_runs_and_what_waits(bench: ChildBench) -> None:
    bench.write("clients.py", SQLITE)
    endless, waiting = script(bench, "endless", f"CREATE TABLE {ENDLESS}"), script(bench, "waiting")

    async def killed() -> list[Outcome]:
        running = [asyncio.ensure_future(bench.go(attempt)) for attempt in (endless, waiting)]
        await until(lambda: endless.job.log.exists() and "RECURSIVE" in endless.log)
        bench.executor.kill()
        return await asyncio.gather(*running)

    assert bench.wait(killed()) == [Cancelled()] * 2
    assert waiting.processes == []


def test_a_death_is_that_of_its_own_task(bench: ChildBench) -> None:
    code = "\ndef die():\n    print('last words')\n    os.abort()\n"
    bench.write(
        "clients.py",
        f"import os\nimport sqlite3\n{code}\ndef get():\n    connection = sqlite3.connect('data.db')\n"
        "    connection.create_function('die', 0, die)\n    return connection\n",
    )
    before, after = script(bench, "before"), script(bench, "after")
    dying = script(bench, "dying", "SELECT die() -- {{product}}")
    first, second, third = together(bench, before, dying, after)
    assert (first, third) == (Succeeded(), Succeeded())
    assert isinstance(second, Crashed)
    assert "SIGABRT" in second.error.message
    assert "last words" in second.error.traceback
    assert second.error.where == Where(path="clients.py", line=6)
    assert "last words" not in before.log + after.log


def test_a_process_that_was_killed_between_two_tasks_is_replaced(bench: ChildBench) -> None:
    bench.write("clients.py", SQLITE)
    a, b, c = (script(bench, name) for name in "abc")
    assert bench.run(a) == Succeeded()
    os.kill(pid(a), signal.SIGKILL)  # nobody has noticed when the next one comes
    assert bench.run(b) == Succeeded(), b.log
    os.kill(pid(b), signal.SIGKILL)

    async def noticed() -> None:
        await until(lambda: is_gone(pid(b)))

    bench.wait(noticed())
    assert bench.run(c) == Succeeded(), c.log
    assert len({pid(a), pid(b), pid(c)}) == 3


def test_tables_that_a_death_took_along_are_spoken_of(bench: ChildBench) -> None:
    a, b = script(bench, "a", client="sqlite://"), script(bench, "b", f"{TABLE} FROM a", client="sqlite://")
    assert bench.run(a) == Succeeded()
    os.kill(pid(a), signal.SIGKILL)
    assert "no such table: a" in error_of(bench.run(b)).message
    assert "It begins anew, and empty." in b.log


@pytest.mark.sampled
def test_no_process_outlives_a_builder_that_is_killed(tmp_path: Path, leeway: float) -> None:
    (tmp_path / "clients.py").write_text(TELLING.format("import sqlite3", "sqlite3.connect('data.db')"))
    pipeline(
        tmp_path,
        "clients: {SQLScript: clients.get}\ntasks:\n- {source: a.sql, product: [a, table]}\n"
        "- {source: wait.sh, product: out.txt}\n",
        a=TABLE,
    )
    (tmp_path / "wait.sh").write_text("echo {{upstream['a']}}; touch waiting; sleep 600 > {{product}}")
    builder = cauce(tmp_path, "build")
    try:
        assert eventually((tmp_path / "waiting").exists)
        session = record_of(int((tmp_path / "pids.txt").read_text().split()[-1]))
        assert session is not None
    finally:
        builder.kill()
        builder.communicate()
    assert eventually(lambda: not is_alive(session), 5 + leeway)
