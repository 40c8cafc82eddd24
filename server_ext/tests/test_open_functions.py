"""A function that is a task opens, runs and saves as a notebook, over managers of both kinds.

root/project/
  pipeline.yaml        get, fit: functions of functions.py, listed as notebooks; away: of src/pkg/more.py
  functions.py
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import nbformat
import pytest
from jupyter_server.serverapp import ServerApp
from patience import PATIENCE
from test_opening import Fetch, injected, opened, save, snapshot, with_extensions
from tornado.httpclient import HTTPClientError

PIPELINE = """\
meta: {jupyter_functions_as_notebooks: true}
tasks:
  - {source: functions.get, product: out/get.csv, params: {rows: 3}}
  - {source: functions.fit, product: out/fit.txt}
  - {source: pkg.more.away, product: out/away.txt}
"""
MODULE = '''\
from pathlib import Path


def text(x):  return str( x )

def get(product, rows):
    Path(product).parent.mkdir(exist_ok=True)
    Path(product).write_text(text(rows))


# between
def fit(product, upstream):
    """Fit."""
    found = Path(upstream["get"]).read_text()

    Path(product).write_text(found)
'''
FIT = "project/functions.py (functions)/fit.ipynb"
GET = "project/functions.py (functions)/get.ipynb"


@pytest.fixture(params=["AsyncLargeFileManager", "LargeFileManager"])
def jp_server_config(request: pytest.FixtureRequest) -> dict[str, Any]:
    manager = f"jupyter_server.services.contents.largefilemanager.{request.param}"
    return {"ServerApp": {"contents_manager_class": manager, "jpserver_extensions": {"cauce": True}}}


@pytest.fixture
def root(jp_root_dir: Path) -> Path:
    folder = jp_root_dir.resolve() / "project"
    (folder / "src" / "pkg").mkdir(parents=True)
    (folder / "pipeline.yaml").write_text(PIPELINE)
    (folder / "functions.py").write_text(MODULE)
    (folder / "src" / "pkg" / "more.py").write_text("def away(product):\n    open(product, 'w')\n")
    return folder


@pytest.fixture
def fetch(root: Path, jp_serverapp: ServerApp, jp_fetch: Fetch) -> Fetch:
    return with_extensions(jp_serverapp, jp_fetch)


def cell(source: str) -> dict[str, Any]:
    return dict(nbformat.v4.new_code_cell(source))


async def listing(fetch: Fetch, path: str) -> dict[str, str]:
    model = json.loads((await fetch("api", "contents", *path.split("/"))).body)
    return {entry["path"]: entry["type"] for entry in model["content"]}


async def listing_with(fetch: Fetch, path: str, name: str) -> dict[str, str]:
    """The first listing with that name: those that would have to wait for the index come without."""
    while name not in (found := await listing(fetch, path)):  # noqa: ASYNC110 - the index tells nobody
        await asyncio.sleep(0.05)
    return found


async def hash_of(fetch: Fetch, path: str) -> str:
    params = {"type": "notebook", "content": "0", "hash": "1"}
    return str(json.loads((await fetch("api", "contents", *path.split("/"), params=params)).body)["hash"])


@pytest.mark.case("J13", note="blank lines make the cells, and no byte of the rest of the module can change")
async def test_a_function_opens_as_a_notebook_and_an_added_cell_is_in_its_body(root: Path, fetch: Fetch) -> None:
    model = await opened(fetch, FIT)
    nbformat.validate(model["content"])
    assert (model["name"], model["path"], model["type"]) == ("fit.ipynb", FIT, "notebook")
    setup, given, *body = [each["source"] for each in model["content"]["cells"]]
    assert setup.split("\n")[1:] == ["from pathlib import Path"]
    assert given.split("\n")[1:] == ["upstream = {'get': 'out/get.csv'}", "product = 'out/fit.txt'"]
    assert body == ['"""Fit."""', 'found = Path(upstream["get"]).read_text()', "Path(product).write_text(found)"]
    await save(fetch, model)
    assert (root / "functions.py").read_text() == MODULE
    model["content"]["cells"].append(cell("1 + 1"))
    await save(fetch, model)
    assert (root / "functions.py").read_text() == MODULE + "\n    1 + 1\n"


async def test_parameters_that_are_no_variables_are_among_the_rest(root: Path, fetch: Fetch) -> None:
    (root / "pipeline.yaml").write_text(PIPELINE.replace("{rows: 3}", "{rows: 3, one-more: 4}"))
    (root / "functions.py").write_text(MODULE.replace("rows):", "rows, **more):"))
    setup, given, *_ = [each["source"] for each in (await opened(fetch, GET))["content"]["cells"]]
    assert "more = {'one-more': 4}" in setup.replace('"', "'")
    assert given.split("\n")[1:] == ["rows = 3", "product = 'out/get.csv'"]


async def test_another_function_may_be_saved_meanwhile_but_not_the_same(root: Path, fetch: Fetch) -> None:
    fit, get = await opened(fetch, FIT), await opened(fetch, GET)
    fit["content"]["cells"][-1]["source"] = "pass"
    await save(fetch, fit)
    assert await hash_of(fetch, GET) == get["hash"]
    assert await hash_of(fetch, FIT) != fit["hash"]
    get["content"]["cells"][-1]["source"] += "\nrows"
    await save(fetch, get)
    changed = MODULE.replace("Path(product).write_text(found)", "pass")
    changed = changed.replace("write_text(text(rows))", "write_text(text(rows))\n    rows")
    assert (root / "functions.py").read_text() == changed


async def test_what_is_no_python_is_not_saved(root: Path, fetch: Fetch) -> None:
    model = await opened(fetch, FIT)
    model["content"]["cells"].append(cell("!ls"))
    with pytest.raises(HTTPClientError) as caught:
        await save(fetch, model)
    assert caught.value.response is not None
    said = json.loads(caught.value.response.body)["message"]
    assert said.startswith("functions.py was not changed. In cell 4 of the function, line 1 is no Python")
    assert (root / "functions.py").read_text() == MODULE


async def test_listings_show_the_functions_where_the_pipeline_wants_it(root: Path, fetch: Fetch) -> None:
    folder = "project/functions.py (functions)"
    assert (await listing_with(fetch, "project", folder))[folder] == "directory"
    assert await listing(fetch, folder) == {GET: "notebook", FIT: "notebook"}
    await listing_with(fetch, "project/src/pkg", "project/src/pkg/more.py (functions)")
    (root / "pipeline.yaml").write_text(PIPELINE.partition("\n")[2])
    assert folder not in await listing(fetch, "project")
    away = await opened(fetch, "project/src/pkg/more.py (functions)/away.ipynb")
    assert "product = 'out/away.txt'" in injected(away)


async def test_a_notebook_is_not_moved_nor_removed_and_its_checkpoint_is_the_modules(root: Path, fetch: Fetch) -> None:
    path = FIT.split("/")
    made = json.loads((await fetch("api", "contents", *path, "checkpoints", method="POST", body="")).body)
    assert len(json.loads((await fetch("api", "contents", *path, "checkpoints")).body)) == 1
    back = ("api", "contents", *path, "checkpoints", made["id"])
    refused: list[tuple[tuple[str, ...], dict[str, Any]]] = [
        (back, {"method": "POST", "body": ""}),
        (("api", "contents", *path), {"method": "DELETE"}),
        (("api", "contents", *path[:-1]), {"method": "DELETE"}),
        (("api", "contents", *path), {"method": "PATCH", "body": '{"path": "project/x.ipynb"}'}),
        (("api", "contents", "project", "pipeline.yaml"), {"method": "PATCH", "body": json.dumps({"path": FIT})}),
        (("api", "contents", *path), {"method": "PUT", "body": '{"type": "file", "format": "text", "content": ""}'}),
        (("api", "contents", *path[:-1], "x.ipynb"), {"method": "PUT", "body": '{"type": "notebook"}'}),
    ]
    for where, how in refused:
        with pytest.raises(HTTPClientError) as caught:
            await fetch(*where, **how)
        assert caught.value.code in (400, 404)
    assert (root / "functions.py").read_text() == MODULE
    assert not (root / "x.ipynb").exists()


@pytest.mark.parametrize(
    "path",
    [
        "project/functions.py (functions)/nobody.ipynb",
        "project/functions.py (functions)/away.ipynb",
        "project/none.py (functions)/fit.ipynb",
        "project/pipeline.yaml (functions)/fit.ipynb",
    ],
)
async def test_what_is_no_such_task_is_not_found(fetch: Fetch, path: str) -> None:
    with pytest.raises(HTTPClientError) as caught:
        await opened(fetch, path)
    assert caught.value.code == 404


async def test_a_folder_that_is_really_called_so_is_a_folder(root: Path, fetch: Fetch) -> None:
    (root / "functions.py (functions)").mkdir()
    (root / "functions.py (functions)" / "fit.ipynb").write_text(nbformat.writes(nbformat.v4.new_notebook()))
    assert (await opened(fetch, FIT))["content"]["cells"] == []
    assert list(await listing(fetch, "project/functions.py (functions)")) == [FIT]


async def test_the_snapshot_says_where_it_opens(fetch: Fetch) -> None:
    tasks = {task.name: task for task in (await snapshot(fetch, "project/pipeline.yaml")).tasks}
    assert tasks["fit"].notebook_path == "functions.py (functions)/fit.ipynb"
    assert tasks["away"].notebook_path == "src/pkg/more.py (functions)/away.ipynb"


async def test_its_cells_run_in_a_kernel_that_starts_in_the_projects_root(
    root: Path, fetch: Fetch, jp_serverapp: ServerApp
) -> None:
    model = await opened(fetch, GET)
    # As JupyterLab does it: the path is made up at first.
    path = f"{GET.rpartition('/')[0]}/{uuid4()}"
    body = json.dumps({"path": path, "name": "get.ipynb", "type": "notebook", "kernel": {"name": "python3"}})
    session = json.loads((await fetch("api", "sessions", method="POST", body=body)).body)
    await fetch("api", "sessions", session["id"], method="PATCH", body=json.dumps({"path": GET}))
    client = jp_serverapp.kernel_manager.get_kernel(session["kernel"]["id"]).client()
    client.start_channels()
    try:
        await client.wait_for_ready(timeout=PATIENCE)
        for each in model["content"]["cells"]:
            reply = await client.execute_interactive(each["source"], timeout=PATIENCE, output_hook=lambda _: None)
            assert reply["content"]["status"] == "ok"
    finally:
        client.stop_channels()
        await jp_serverapp.kernel_manager.shutdown_all()
    assert (root / "out" / "get.csv").read_text() == "3"
