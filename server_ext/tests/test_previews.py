"""What products hold, asked over REST: bounded whatever they hold, and nothing run but on demand."""

from __future__ import annotations

import base64
import json
import os
import pickle
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tornado.httpclient import HTTPClientError, HTTPResponse

from cauce.contract import LogChunk, Preview, TaskDetail
from cauce.server.logs import read_log

Fetch = Callable[..., Awaitable[HTTPResponse]]

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {"ServerApp": {"jpserver_extensions": {"cauce": True}}}


class Made:
    """A project with one task, which has made these files."""

    def __init__(self, root: Path, fetch: Fetch) -> None:
        self.root = root
        self.fetch = fetch
        (root / "out").mkdir(parents=True)
        (root / "work.py").write_text("def make(product):\n    pass\n")
        self._declare({})

    def _declare(self, products: dict[str, str]) -> None:
        named = {"nothing": "out/nothing.txt", **products}
        task = {"source": "work.make", "name": "make", "product": named}
        rows = {"source": "rows.sql", "name": "rows", "product": ["squares", "table"], "client": "sqlite:///out/db"}
        (self.root / "rows.sql").write_text("CREATE TABLE {{product}} AS SELECT 1 AS n, NULL AS m\n")
        (self.root / "pipeline.yaml").write_text(json.dumps({"tasks": [task, rows]}))

    def path(self, name: str) -> Path:
        self._declare({"it": f"out/{name}"})
        return self.root / "out" / name

    async def look(self, name: str, *, task: str = "make", run: bool = False) -> Preview:
        product = name if task == "rows" else f"out/{name}"
        where = ("cauce", "api", "pipelines", "mine", "pipeline.yaml", "tasks", task, "preview")
        if run:
            headers = {"Content-Type": "application/json"}
            reply = await self.fetch(*where, method="POST", headers=headers, body=json.dumps({"product": product}))
        else:
            reply = await self.fetch(*where, params={"product": product})
        return msgspec.json.decode(reply.body, type=Preview)

    async def write(self, name: str, content: bytes | str) -> Preview:
        self.path(name).write_bytes(content.encode() if isinstance(content, str) else content)
        return await self.look(name)


@pytest.fixture
def made(jp_root_dir: Path, jp_fetch: Fetch) -> Made:
    return Made(jp_root_dir / "mine", jp_fetch)


# --- Tables


async def test_a_table_is_shown_with_its_names_and_how_many_rows_it_has(made: Made) -> None:
    found = await made.write("a.csv", 'name,n\n"a, b",1\n"two\nlines",\n')
    assert found.kind == "table"
    assert [column.name for column in found.columns] == ["name", "n"]
    assert found.rows == (("a, b", "1"), ("two\nlines", ""))
    assert (found.total, found.cut) == (2, False)


async def test_what_ends_a_line_elsewhere_ends_no_row_of_a_table(made: Made) -> None:
    found = await made.write("a.csv", "name,n\none\u2028more,1\ntwo\x85\x0cmore,2\n\n\n")
    assert found.rows == (("one\u2028more", "1"), ("two\x85\x0cmore", "2"))
    assert (found.total, found.cut) == (2, False)
    found = await made.write("a.csv", "name,n\rone,1\rtwo,2\r")
    assert (found.rows, found.total) == ((("one", "1"), ("two", "2")), 2)


async def test_of_a_huge_table_the_beginning_is_shown_and_its_rows_are_counted(made: Made) -> None:
    path = made.path("a.csv")
    with path.open("w") as stream:
        stream.write("a;b;c\n")
        for _ in range(40):
            stream.write("1;2,5;three\n" * 50_000)
    found = await made.look("a.csv")
    assert len(found.rows) == 100
    assert found.rows[0] == ("1", "2,5", "three")
    assert (found.total, found.cut) == (2_000_000, True)


@pytest.mark.parametrize(
    "content",
    [
        "a,b\n" + "x" * 200_000 + ",2\n",
        "a,b\n" + '"' + "x" * 400_000,
        "," * 300_000,
        "a\tb\r\n1\t2\r\n\r\n\r\n",
        "\ufeffa,b\n1,2\n",
        "a,b\n\x1b[31m1,2\n",
        "\n" * 100_000,
        "",
    ],
    ids=["long value", "open quote", "wide", "blank lines", "bom", "escape", "nothing but lines", "empty"],
)
async def test_whatever_a_table_holds_the_answer_is_small(made: Made, content: str) -> None:
    found = await made.write("a.csv", content)
    assert len(msgspec.json.encode(found)) < 1_000_000
    assert found.kind in ("table", "text", "none")


async def test_text_that_is_not_utf_8_is_shown_and_what_is_no_text_is_not(made: Made) -> None:
    assert (await made.write("a.csv", "año,b\n1,2\n".encode("cp1252"))).columns[0].name == "año"
    assert (await made.write("a.csv", "año,b\n1,2\n".encode("utf-16"))).columns[0].name == "año"
    assert (await made.write("a.csv", os.urandom(1000))).kind == "none"
    assert (await made.write("a.dat", b"\0\1\2")).kind == "none"


# --- Others


async def test_json_is_sent_as_it_is_though_it_is_none_that_a_browser_reads(made: Made) -> None:
    text = '{"a": NaN, "b": 12345678901234567890, "c": "\\ud800"}'
    found = await made.write("a.json", text)
    assert (found.kind, found.text, found.cut) == ("json", text, False)


async def test_a_text_is_cut_between_characters(made: Made) -> None:
    found = await made.write("a.txt", "é" * 1_000_000)
    assert found.cut
    assert set(found.text) == {"é"}


async def test_images_are_sent_unless_they_would_fill_the_memory_of_a_browser(made: Made) -> None:
    found = await made.write("a.png", PIXEL)
    assert (found.kind, found.media_type) == ("image", "image/png")
    assert base64.b64decode(found.text) == PIXEL
    bomb = PIXEL[:16] + (60_000).to_bytes(4) * 2 + PIXEL[24:]
    assert "pixels" in (await made.write("a.png", bomb)).note
    assert "too large" in (await made.write("a.png", PIXEL + bytes(7_000_000))).note
    assert (await made.write("a.png", b"no image")).kind == "image"  # the browser says so
    assert (await made.write("a.svg", "<svg><script>1</script></svg>")).media_type == "image/svg+xml"


async def test_of_a_notebook_headings_and_outputs_are_shown(made: Made) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Title\n", "text"]},
        {"cell_type": "code", "source": "x", "outputs": [
            {"output_type": "stream", "text": "said"},
            {"output_type": "display_data", "data": {"image/png": base64.b64encode(PIXEL).decode(), "text/plain": "x"}},
            {"output_type": "error", "ename": "ValueError", "evalue": "no"},
        ]},
        {"cell_type": 7, "outputs": {"a": 1}}, 3, {"cell_type": "code", "outputs": [None, {"output_type": "stream"}]},
    ]  # fmt: skip
    found = await made.write("a.ipynb", json.dumps({"cells": cells}))
    assert [piece.kind for piece in found.pieces] == ["heading", "text", "image", "error"]
    assert found.total == 5


@pytest.mark.parametrize("content", ["[" * 100_000, "{", "[]", '{"cells": 3}', '{"cells": [[[]]]}', "null"])
async def test_a_notebook_that_is_none_is_said_to_be_none(made: Made, content: str) -> None:
    found = await made.write("a.ipynb", content)
    assert found.kind == "none" or not found.pieces


# --- What is not there, or elsewhere


async def test_what_leads_out_of_the_project_is_not_shown(made: Made, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    made.path("a.txt").symlink_to(secret)
    found = await made.look("a.txt")
    assert (found.kind, found.text) == ("none", "")
    assert "out of the project" in found.note
    made.path("a.pkl").symlink_to(secret)
    assert (await made.look("a.pkl", run=True)).kind == "none"


async def test_a_pipe_is_not_waited_for(made: Made) -> None:
    os.mkfifo(made.path("a.csv"))
    assert (await made.look("a.csv")).kind == "none"


async def test_a_folder_shows_its_names(made: Made) -> None:
    folder = made.path("parts")
    folder.mkdir()
    (folder / "b").touch()
    (folder / "a").mkdir()
    assert (await made.look("parts")).text == "a/\nb"


async def test_what_is_not_there_and_what_is_no_product_is_told(made: Made) -> None:
    made.path("a.csv")
    assert "not there yet" in (await made.look("a.csv")).note
    for product in ("../../etc/passwd", "work.py", ""):
        with pytest.raises(HTTPClientError) as refused:
            await made.fetch(
                *("cauce", "api", "pipelines", "mine", "pipeline.yaml", "tasks", "make", "preview"),
                params={"product": product},
            )
        assert refused.value.code == 404


# --- By running code


class Touches:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (os.system, (f"touch {self.path}",))


async def test_a_pickle_is_read_by_a_process_of_its_own_and_only_when_that_is_asked_for(
    made: Made, tmp_path: Path
) -> None:
    sign = tmp_path / "sign"
    made.path("a.pkl").write_bytes(pickle.dumps(Touches(sign)))
    assert (await made.look("a.pkl")).kind == "code"
    assert not sign.exists()
    assert (await made.look("a.pkl", run=True)).kind == "text"
    assert sign.exists()


async def test_what_cannot_be_read_says_why(made: Made) -> None:
    made.path("a.pkl").write_bytes(b"no pickle")
    found = await made.look("a.pkl", run=True)
    assert found.kind == "none"
    assert found.note
    made.path("b.pkl").write_bytes(b"cos\n_exit\n(I7\ntR.")
    assert "process" in (await made.look("b.pkl", run=True)).note


async def test_a_table_of_a_database_is_shown(made: Made) -> None:
    made.path("a.txt")
    with closing(sqlite3.connect(made.root / "out" / "db")) as db, db:
        db.execute("CREATE TABLE squares AS SELECT 1 AS n, NULL AS m")
    assert (await made.look("squares", task="rows")).kind == "code"
    found = await made.look("squares", task="rows", run=True)
    assert [column.name for column in found.columns] == ["n", "m"]
    assert found.rows == (("1", None),)


async def test_a_frame_is_a_table(made: Made) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": range(250), "b": ["x", None] * 125}, index=pandas.RangeIndex(250))
    frame.set_index("a").to_pickle(made.path("a.pkl"))
    found = await made.look("a.pkl", run=True)
    assert next((column.name, column.type) for column in found.columns) == ("a", "int64")
    assert found.rows[:2] == (("0", "x"), ("1", None))
    assert (len(found.rows), found.total, found.cut) == (100, 250, True)


# --- The rest of a task's detail


def test_a_log_is_read_backwards_in_whole_characters(tmp_path: Path) -> None:
    text = "añb€c𝄞d\n" * 1_000
    path = tmp_path / "log"
    path.write_text(text, encoding="utf-8")
    chunk = read_log(tmp_path, path, -100, None, True)
    read = chunk.text
    while chunk.offset > 0:
        at = max(0, chunk.offset - 77)
        chunk = read_log(tmp_path, path, at, chunk.offset - at, False)
        read = chunk.text + read
    assert isinstance(chunk, LogChunk)
    assert read == text


async def test_the_detail_has_the_parameters_of_the_last_success(jp_root_dir: Path, jp_fetch: Fetch) -> None:
    folder = jp_root_dir / "params"
    folder.mkdir()
    (folder / "work.py").write_text("def make(product, a, b=0):\n    open(product, 'w').write('x')\n")

    def declare(params: dict[str, Any]) -> None:
        task = {"source": "work.make", "name": "make", "product": "out.txt", "params": params}
        (folder / "pipeline.yaml").write_text(json.dumps({"tasks": [task]}))

    async def detail() -> TaskDetail:
        reply = await jp_fetch("cauce", "api", "pipelines", "params", "pipeline.yaml", "tasks", "make")
        return msgspec.json.decode(reply.body, type=TaskDetail)

    declare({"a": [1, "x"], "b": {"__float__": [2]}})
    assert (await detail()).params_before is None
    built = await jp_fetch(
        *("cauce", "api", "pipelines", "params", "pipeline.yaml", "runs"),
        method="POST", headers={"Content-Type": "application/json"}, body="{}",
    )  # fmt: skip
    assert built.code == 202
    while (found := await detail()).params_before is None:
        pass
    assert found.params_before == {"a": "[1, 'x']", "b": '{"__float__":[2]}'}
    declare({"a": None, "b": 2})
    found = await detail()
    assert found.params == {"a": "None", "b": "2"}
    assert found.params_before == {"a": "[1, 'x']", "b": '{"__float__":[2]}'}
