"""What tasks have made, and what becomes of it: tables that are dropped, pickled objects, folders that become files."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from looked import Looked

PLAIN = {name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "COLUMNS", "NO_COLOR")}


def written(root: Path, files: Mapping[str, str]) -> Path:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def cauce(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cauce", *arguments],
        cwd=root,
        env=PLAIN,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def built(root: Path, *arguments: str) -> dict[str, str]:
    """Task → how it ended in a build that goes well."""
    done = cauce(root, "build", "--json", *arguments)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, events or done.stderr
    ends = {event["task"]: event["outcome"] for event in events if event["type"] == "task_finished"}
    return ends | {event["task"]: "unchanged" for event in events if event["type"] == "task_unchanged"}


# --- Tables ---------------------------------------------------------------------------------

TABLES = """\
clients: {SQLScript: CLIENT, SQLDump: CLIENT}
tasks:
- {source: one.sql, product: [one, table]}
- {source: two.sql, product: [two, view]}
- {source: last.sql, class: SQLDump, product: out/last.csv, chunksize: null}
"""
SCRIPTS = {
    "one.sql": "create table {{product}} as select 1 as n",
    "two.sql": "create view {{product}} as select n from {{upstream.one}}",
    "last.sql": "select n from {{upstream.two}}",
    "clients.py": "import sqlite3\n\ndef get():\n    return sqlite3.connect('data.db')\n",
}


def drop(root: Path, *statements: str) -> None:
    with closing(sqlite3.connect(root / "data.db")) as database, database:
        for statement in statements:
            database.execute(statement)


def test_a_database_file_that_is_gone_is_seen_by_looking(tmp_path: Path) -> None:
    root = written(tmp_path, {**SCRIPTS, "pipeline.yaml": TABLES.replace("CLIENT", "sqlite:///data.db")})
    assert built(root) == {"one": "ok", "two": "ok", "last": "ok"}
    (root / "data.db").unlink()
    reasons = Looked(root, {}).why()
    assert reasons["one"] == ["product_missing table://one"]
    assert reasons["two"] == ["upstream_stale one", "product_missing view://two"]
    assert built(root) == {"one": "ok", "two": "ok", "last": "ok"}
    assert built(root) == {}


def test_tables_that_are_gone_are_made_again_for_who_reads_them(tmp_path: Path) -> None:
    #  one ─► two ─► last: only last is stale, and both that it follows from have lost what they made
    root = written(tmp_path, {**SCRIPTS, "pipeline.yaml": TABLES.replace("CLIENT", "clients.get")})
    assert built(root) == {"one": "ok", "two": "ok", "last": "ok"}
    drop(root, "drop view two", "drop table one")
    (root / "last.sql").write_text("select n as m from {{upstream.two}}")
    alone = cauce(root, "build", "last", "--only")
    assert alone.returncode == 2
    assert "'last' needs what 'two' has made in the database, which is not there any more." in alone.stderr
    assert built(root) == {"one": "ok", "two": "ok", "last": "ok"}
    assert (root / "out/last.csv").read_text().split() == ["m", "1"]


def test_a_table_that_was_never_made_cannot_be_marked(tmp_path: Path) -> None:
    root = written(tmp_path, {**SCRIPTS, "pipeline.yaml": TABLES.replace("CLIENT", "clients.get")})
    assert "one is missing" in cauce(root, "mark", "one").stdout
    drop(root, "create table one as select 7 as n")
    assert cauce(root, "mark", "one").returncode == 0
    assert built(root) == {"two": "ok", "last": "ok"}
    assert (root / "out/last.csv").read_text().split() == ["n", "7"]


# --- Files ----------------------------------------------------------------------------------


def test_a_dump_in_pieces_becomes_a_single_file_and_back(tmp_path: Path) -> None:
    pipeline = "clients: {SQLDump: 'sqlite:///data.db'}\ntasks:\n- {source: q.sql, product: out/q.csv, chunksize: 1}\n"
    query = "select 1 as n union select 2"
    root = written(tmp_path, {"pipeline.yaml": pipeline, "q.sql": query})
    for chunks, is_folder in (("1", True), ("null", False), ("1", True)):
        (root / "pipeline.yaml").write_text(pipeline.replace("chunksize: 1", f"chunksize: {chunks}"))
        assert built(root) == {"q": "ok"}
        assert (root / "out/q.csv").is_dir() == is_folder
        assert [path.name for path in (root / "out").iterdir()] == ["q.csv"]


def test_what_a_killed_builder_left_half_made_is_removed(tmp_path: Path) -> None:
    code = "def f(product):\n    open(product, 'w').close()\n"
    root = written(tmp_path, {"pipeline.yaml": "- {source: m.f, product: out/f.txt}\n", "m.py": code})
    written(root, {"out/.cauce-0123abcd.out/1.csv": "", "out/.cauce-4567abcd.out": "", "out/.cauce-mine.out": ""})
    assert built(root) == {"f": "ok"}
    assert sorted(path.name for path in (root / "out").iterdir()) == [".cauce-mine.out", "f.txt"]


def test_the_code_behind_pickled_objects_counts_for_who_loads_them(tmp_path: Path) -> None:
    pipeline = "- {source: m.fit, product: out/model.pickle}\n- {source: n.predict, product: out/said.txt}\n"
    fit = "import pickle\n\nfrom models import Model\n\n\ndef fit(product):\n"
    files = {
        "pipeline.yaml": pipeline,
        "models.py": "class Model:\n    def predict(self):\n        return 'one'\n",
        "m.py": fit + "    with open(product, 'wb') as file:\n        pickle.dump(Model(), file)\n",
        "n.py": "import pickle\nfrom pathlib import Path\n\n\ndef predict(product, upstream):\n"
        "    Path(product).write_text(pickle.loads(Path(upstream['fit']).read_bytes()).predict())\n",
    }
    root = written(tmp_path, files)
    assert built(root) == {"fit": "ok", "predict": "ok"}
    project = Looked(root, {})
    assert project.why() == {}
    project.edit("models.py", "'one'", "'two'")
    assert built(root) == {"fit": "ok", "predict": "ok"}
    assert (root / "out/said.txt").read_text() == "two"
    assert project.why() == {}
    project.edit("models.py", "class Model:\n", "class Model:  # of mine\n")
    assert project.why() == {}


# --- Products that are somebody's input -----------------------------------------------------


def test_a_product_that_is_an_input_is_told_before_it_is_overwritten(tmp_path: Path) -> None:
    made = "\n\ndef make(product):\n    ...\n"
    pipeline = """\
- {source: a.make, name: itself, product: {out: out/1, data: helper.py}}
- {source: b.make, name: other, product: out/2, params: {resources_: {table: table.json}}}
- {source: c.make, name: maker, product: table.json}
- {source: d.make, name: spoiler, product: own.json, params: {resources_: {own: own.json}}}
- {source: e.make, name: real, product: real/x.txt}
- {source: f.make, name: linked, product: link/x.txt}
- {source: g.make, name: generator, product: generated.py}
- {source: h.make, name: user, product: out/h, upstream: generator}
"""
    files = {f"{name}.py": made for name in "bcdefg"}
    files |= {"a.py": f"import helper{made}", "h.py": f"import generated{made}", "helper.py": "", "generated.py": ""}
    root = written(tmp_path, {**files, "table.json": "1", "own.json": "1", "real/y": ""})
    written(root, {"pipeline.yaml": f"meta: {{extract_upstream: false}}\ntasks:\n{pipeline}"})
    (root / "link").symlink_to("real")
    told = {(problem.task, problem.code, problem.severity) for problem in Looked(root, {}).problems()}
    assert told == {
        ("itself", "product_is_input", "warning"),
        ("other", "product_is_input", "warning"),
        ("spoiler", "product_is_source", "error"),
        ("linked", "duplicate_product", "error"),
    }
