"""``cauce refactor`` and its routes: what is shown, written, refused, taken back."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from test_refactor_writing import CHAIN, files_below, notebook
from tornado.httpclient import HTTPClientError, HTTPResponse

from cauce.contract import Split, SplitApplied

JSON = {"Content-Type": "application/json"}
Fetch = Callable[..., Awaitable[HTTPResponse]]


def cauce(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cauce", *words], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "work"
    place.mkdir()
    (place / "work.ipynb").write_bytes(CHAIN)
    return place


def test_a_preview_writes_nothing(folder: Path) -> None:
    shown = cauce(folder, "refactor", "work.ipynb", "--preview")
    assert shown.returncode == 0
    assert "work.ipynb → pipeline.yaml, 3 tasks" in shown.stdout
    assert "    ← load: x" in shown.stdout
    assert "    → x  output/load-x.pkl, pickle" in shown.stdout
    assert "  tasks/plot.ipynb  new" in shown.stdout
    assert "Nothing was written" in shown.stdout
    assert set(files_below(folder)) == {"work.ipynb"}
    asked = cauce(folder, "refactor", "work.ipynb", "--preview", "--json")
    split = msgspec.json.decode(asked.stdout, type=Split)
    assert [task.name for task in split.tasks] == ["load", "clean", "plot"]
    assert [(edge.source, edge.target) for edge in split.edges] == [
        ("load", "clean"),
        ("load", "plot"),
        ("clean", "plot"),
    ]
    assert cauce(folder, "refactor", "work.ipynb", "--preview", "--diff").stdout.count("+++ b/tasks/") == 3


def test_it_is_written_and_taken_back(folder: Path) -> None:
    before = files_below(folder)
    written = cauce(folder, "refactor", "work.ipynb", "--json")
    applied = msgspec.json.decode(written.stdout, type=SplitApplied)
    assert applied.pipeline == "pipeline.yaml"
    assert {file.path for file in applied.changed.files} >= {"pipeline.yaml", "tasks/load.ipynb", "README.md"}
    assert cauce(folder, "status").returncode == 0
    assert cauce(folder, "task", "undo", applied.changed.undo).returncode == 0
    assert files_below(folder) == before
    assert not (folder / "tasks").exists()


def test_what_was_split_otherwise_is_not_compared(folder: Path) -> None:
    def refused() -> str:
        asked = cauce(folder, "prove", "work.ipynb", "pipeline.yaml", "--json")
        assert asked.returncode == 2, asked.stderr
        return str(json.loads(asked.stdout.splitlines()[-1])["message"])

    assert cauce(folder, "refactor", "work.ipynb").returncode == 0
    book = json.loads(CHAIN)
    book["cells"].insert(0, book["cells"][-1])
    (folder / "work.ipynb").write_text(json.dumps(book))
    assert "Cells were added" in refused()
    (folder / "work.ipynb").write_bytes(CHAIN)
    (folder / "other.py").write_text("def make(product):\n    open('ran', 'w').close()\n")
    (folder / "pipeline.yaml").write_text("tasks:\n  - {source: other.make, name: other, product: made.txt}\n")
    assert "none of the tasks" in refused()
    assert not (folder / "ran").exists()


def test_what_is_kept_of_a_split_goes_through_no_link(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "elsewhere"
    outside.mkdir()
    (folder / ".cauce").mkdir()
    (folder / ".cauce/splits").symlink_to(outside)
    assert cauce(folder, "refactor", "work.ipynb").returncode == 0
    assert list(outside.iterdir()) == []


def test_options_say_how(folder: Path) -> None:
    options = ["--cut", "4", "--cut", "6", "--name", "4=read", "-f", "py", "-p", "made", "--store", "1:y=json"]
    options += ["--key", "1:x=table"]
    split = msgspec.json.decode(
        cauce(folder, "refactor", "work.ipynb", *options, "--folder", "sub", "--preview", "--json").stdout, type=Split
    )
    assert split.pipeline == "sub/pipeline.yaml"
    assert [task.source for task in split.tasks] == ["tasks/read.py", "tasks/clean.py"]
    assert {product.path for product in split.tasks[0].products} == {"made/read-table.pkl", "made/read-y.json"}
    assert {product.key for product in split.tasks[0].products} == {"table", "y"}


@pytest.mark.case("A6", "A7", "A8", "C14")
@pytest.mark.parametrize(
    ("cells", "options", "said", "single"),
    [
        (["# One", "x = 1"], [], "", True),
        (["x = 1"], [], "no headings", True),
        (["## A", "x = (1", "## B", "x"], [], "Cell 2, line 1", False),
        (["## A", "x = 1\nprint(nowhere)", "## B", "x"], [], "Cell 2, line 2", False),
        (["## A", "x = [len('a')]"], ["--cut", "9"], "no cell 9", False),
        (["## A", "x = [len('a')]"], ["--level", "3"], "no heading of level 3", True),
    ],
)
def test_what_cannot_be_split_is_refused(
    folder: Path, cells: list[str], options: list[str], said: str, single: bool
) -> None:
    (folder / "work.ipynb").write_bytes(notebook(*cells))
    before = files_below(folder)
    refused = cauce(folder, "refactor", "work.ipynb", *options)
    assert refused.returncode == 2
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr
    assert files_below(folder) == before
    split = msgspec.json.decode(cauce(folder, "refactor", "work.ipynb", *options, "--json").stdout, type=Split)
    errors = [remark for remark in split.remarks if remark.severity == "error"]
    assert any(proposal.single for remark in errors for proposal in remark.proposals) == single


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere.ipynb"], "no file nowhere.ipynb"),
        (["."], "cannot be read"),
        (["work.txt"], "no notebook"),
        (["work.ipynb", "--name", "3"], "not CELL=NAME"),
        (["work.ipynb", "--store", "3:x=xml"], "cannot be asked for"),
        (["work.ipynb", "--folder", "../elsewhere"], "not a path in the project"),
    ],
)
def test_wrong_requests_are_told(folder: Path, words: list[str], said: str) -> None:
    (folder / "work.txt").write_text("x")
    refused = cauce(folder, "refactor", *words)
    assert refused.returncode == 2
    assert said in refused.stderr.replace("\n", " ")
    refused = cauce(folder, "refactor", *words, "--json")
    assert (refused.returncode, refused.stderr) == (2, "")
    assert said in json.loads(refused.stdout)["message"]


def test_another_name_is_called_by_it(folder: Path) -> None:
    told = cauce(folder, "refactor", "work.ipynb", "--pipeline", "pipeline.other.yaml", "--single-task").stdout
    assert "cauce build -e pipeline.other.yaml" in told
    assert cauce(folder, "status", "-e", "pipeline.other.yaml").returncode == 0


# --- Over the wire --------------------------------------------------------------------------


async def post(fetch: Fetch, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    try:
        answer = await fetch("cauce", "api", "split", path, method="POST", body=json.dumps(body), headers={**JSON})
    except HTTPClientError as error:
        return error.code, json.loads(error.response.body if error.response is not None else b"null")
    return answer.code, json.loads(answer.body)


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {"ServerApp": {"jpserver_extensions": {"cauce": True}}}


async def test_a_plan_is_shown_and_done(jp_root_dir: Path, jp_fetch: Fetch) -> None:
    place = jp_root_dir / "some where"
    place.mkdir()
    (place / "work.ipynb").write_bytes(CHAIN)
    request = {"notebook": "some where/work.ipynb", "sourceFormat": "py"}
    code, split = await post(jp_fetch, "plan", request)
    assert code == 200
    assert split["applicable"]
    assert split["pipeline"] == "some where/pipeline.yaml"
    assert set(files_below(jp_root_dir)) == {"some where/work.ipynb"}
    code, refused = await post(jp_fetch, "apply", {"request": request, "digest": "other"})
    assert (code, refused["code"]) == (409, "file_changed")
    code, applied = await post(jp_fetch, "apply", {"request": request, "digest": split["digest"]})
    assert code == 200
    written = files_below(place)
    assert {file["path"]: file["text"] for file in split["files"]} == {
        path: content.decode() for path, content in written.items() if path != "work.ipynb"
    }
    listed = json.loads((await jp_fetch("cauce", "api", "pipelines")).body)
    assert [each["path"] for each in listed["pipelines"]] == ["some where/pipeline.yaml"]
    undo = json.dumps({"undo": applied["changed"]["undo"]})
    await jp_fetch(
        "cauce", "api", "pipelines", "some where", "pipeline.yaml", "undo", method="POST", body=undo, headers={**JSON}
    )
    assert set(files_below(place)) == {"work.ipynb"}


async def test_a_plan_with_errors_is_not_done(jp_root_dir: Path, jp_fetch: Fetch) -> None:
    (jp_root_dir / "work.ipynb").write_bytes(notebook("x = 1"))
    code, split = await post(jp_fetch, "plan", {"notebook": "work.ipynb"})
    assert (code, split["applicable"]) == (200, False)
    wanted = {"request": {"notebook": "work.ipynb"}, "digest": split["digest"]}
    code, refused = await post(jp_fetch, "apply", wanted)
    assert (code, refused["code"]) == (422, "pipeline_has_errors")
    assert "headings" in refused["message"]


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"notebook": "../work.ipynb"}, 403),
        ({"notebook": "/etc/passwd"}, 403),
        ({"notebook": ".hidden/work.ipynb"}, 403),
        ({"notebook": "link.ipynb"}, 403),
        ({"notebook": "nowhere.ipynb"}, 404),
        ({"notebook": "work.ipynb", "folder": "out"}, 403),
        ({"notebook": "work.ipynb", "folder": ".."}, 403),
        ({"notebook": "work.ipynb", "pipeline": "x.txt"}, 400),
        ({"notebook": "work.ipynb", "level": "two"}, 400),
        ({"notebook": "."}, 400),
    ],
)
async def test_nothing_else_is_read_or_written(
    tmp_path: Path, jp_root_dir: Path, jp_fetch: Fetch, request_: dict[str, Any], code: int
) -> None:
    (jp_root_dir / "work.ipynb").write_bytes(CHAIN)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "work.ipynb").write_bytes(CHAIN)
    (jp_root_dir / "link.ipynb").symlink_to(outside / "work.ipynb")
    (jp_root_dir / "out").symlink_to(outside)
    before = files_below(tmp_path)
    assert (await post(jp_fetch, "plan", request_))[0] == code
    assert (await post(jp_fetch, "apply", {"request": request_, "digest": ""}))[0] in (code, 409)
    assert files_below(tmp_path) == before
