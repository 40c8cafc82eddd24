"""Tasks open and save through /api/contents, over every contents manager people use.

project/                    the pipeline's root
  load.py                   a task, percent format
  tasks/fit.ipynb           a task that is a notebook
  plain.py                  no task
"""

from __future__ import annotations

import json
import os
import stat
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_server.serverapp import ServerApp
from tornado.httpclient import HTTPClientError

from cauce.engine.injection import Binding, filled_in
from cauce.engine.notebook import read_notebook, warm_up
from cauce.engine.source import MAX_CODE
from cauce.server.contents import wrap_contents_manager

Fetch = Callable[..., Awaitable[Any]]

PERCENT = (
    b'# %% [markdown]\r\n# # Load\r\n\r\n# %% tags=["parameters"]\r\nupstream = None\r\nproduct = None\r\n'
    b"\r\n# %%\r\nprint(product)  \r\n\r\n\r\n\r\n# %%\r\n%time x = 1"
)
LATIN = "# -*- coding: latin-1 -*-\n\nx = 'é'\f\n\ny = 2\n".encode("latin-1")
PAIRED = b"""# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.17.0
# ---

# %% tags=["parameters"]
upstream = None

# %%
print('paired')
"""


class Index:
    """Knows what it is told."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.tasks: dict[Path, Binding] = {}
        self.trouble: Callable[[], None] = lambda: None

    def add(self, source: str) -> Path:
        path = (self.root / source).resolve()
        name = path.stem
        self.tasks[path] = Binding(self.root, "pipeline.yaml", name, {"n": 1}, None, {"nb": f"out/{name}.ipynb"})
        return path

    def binding(self, source: Path) -> Binding | None:
        self.trouble()
        return self.tasks.get(source)

    def sources_in(self, folder: Path) -> frozenset[str]:
        self.trouble()
        return frozenset(path.name for path in self.tasks if path.parent == folder)

    def function(self, module: Path, task: str) -> None:
        return None

    def functions_of(self, module: Path) -> tuple[str, ...]:
        return ()

    def functions_in(self, folder: Path) -> frozenset[str]:
        return frozenset()

    def unread(self, source: Path) -> tuple[str, str] | None:
        return None

    def location(self, binding: Binding) -> tuple[str, str] | None:
        self.trouble()
        return f"project/{binding.pipeline}", "project"


MANAGERS = {
    "async": ("AsyncLargeFileManager", False),
    "sync": ("LargeFileManager", False),
    "async jupytext": ("AsyncLargeFileManager", True),
    "sync jupytext": ("LargeFileManager", True),
}


@pytest.fixture(params=MANAGERS)
def jp_server_config(request: pytest.FixtureRequest) -> dict[str, Any]:
    name, jupytext = MANAGERS[request.param]
    return {
        "ServerApp": {
            "contents_manager_class": f"jupyter_server.services.contents.largefilemanager.{name}",
            "jpserver_extensions": {"jupyterlab_jupytext": jupytext},
        }
    }


@pytest.fixture
def project(jp_root_dir: Path) -> Path:
    folder = jp_root_dir.resolve() / "project"
    (folder / "tasks").mkdir(parents=True)
    (folder / "plain.py").write_bytes(b"x = 1\n")
    (folder / "data.csv").write_bytes(b"a,b\n")
    return folder


@pytest.fixture
def index(project: Path) -> Index:
    return Index(project)


@pytest.fixture
def server(jp_serverapp: ServerApp, index: Index, jp_server_config: dict[str, Any]) -> ServerApp:
    jupytext = jp_server_config["ServerApp"]["jpserver_extensions"]["jupyterlab_jupytext"]
    assert ("Jupytext" in type(jp_serverapp.contents_manager).__name__) == jupytext
    assert wrap_contents_manager(jp_serverapp, index)
    assert wrap_contents_manager(jp_serverapp, index), "twice does no harm"
    return jp_serverapp


async def get(fetch: Fetch, path: str, **params: str) -> dict[str, Any]:
    response = await fetch("api", "contents", *path.split("/"), params=params)
    model: dict[str, Any] = json.loads(response.body)
    return model


async def open_notebook(fetch: Fetch, path: str) -> dict[str, Any]:
    """As JupyterLab's notebook factory asks for it."""
    return await get(fetch, path, type="notebook", content="1", hash="1")


async def look(fetch: Fetch, path: str) -> dict[str, Any]:
    """As JupyterLab asks before it saves, to learn whether the file changed on disk."""
    return await get(fetch, path, type="notebook", content="0", hash="1")


async def save(fetch: Fetch, model: dict[str, Any]) -> dict[str, Any]:
    """As JupyterLab sends it, after a kernel has told its language."""
    model["content"]["metadata"]["language_info"] = {"name": "python", "version": "3.13.1"}
    body = json.dumps({"type": "notebook", "format": "json", "content": model["content"]})
    response = await fetch("api", "contents", *model["path"].split("/"), method="PUT", body=body)
    saved: dict[str, Any] = json.loads(response.body)
    return saved


def injected(model: dict[str, Any]) -> list[int]:
    cells = model["content"]["cells"]
    return [index for index, cell in enumerate(cells) if "injected-parameters" in cell["metadata"].get("tags", [])]


def facts(path: Path) -> tuple[bytes, int, int, int]:
    about = path.stat()
    return path.read_bytes(), about.st_mtime_ns, stat.S_IMODE(about.st_mode), about.st_ino


# --- Scripts ------------------------------------------------------------------------------


async def test_a_script_opens_with_its_inputs_and_saves_as_it_was(
    server: ServerApp, index: Index, jp_fetch: Fetch
) -> None:
    source = index.add("load.py")
    source.write_bytes(PERCENT)
    source.chmod(0o755)
    before = facts(source)

    model = await open_notebook(jp_fetch, "project/load.py")
    assert injected(model) == [2]
    cell = model["content"]["cells"][2]
    assert cell["source"].splitlines()[1:] == ["n = 1", "product = {'nb': 'out/load.ipynb'}"]
    assert (cell["metadata"]["editable"], cell["metadata"]["deletable"]) == (False, False)
    ours = model["content"]["metadata"]["cauce"]
    assert (ours["pipeline"], ours["task"], ours["root"]) == ("project/pipeline.yaml", "load", "project")
    assert model["content"]["metadata"]["kernelspec"]["name"] == "python3"
    nbformat.validate(model["content"])
    assert (await look(jp_fetch, "project/load.py"))["hash"] == model["hash"]

    for _ in range(2):
        saved = await save(jp_fetch, model)
        assert facts(source) == before
        assert (saved["type"], saved["content"]) == ("notebook", None)
        assert saved["hash"] == model["hash"] == (await look(jp_fetch, "project/load.py"))["hash"]
        assert saved["last_modified"] == model["last_modified"]


async def test_an_edit_changes_its_line_only_and_keeps_the_mode(
    server: ServerApp, index: Index, jp_fetch: Fetch
) -> None:
    source = index.add("load.py")
    source.write_bytes(PERCENT)
    source.chmod(0o755)
    model = await open_notebook(jp_fetch, "project/load.py")
    cell = model["content"]["cells"][3]
    cell["source"] = cell["source"].replace("print(product)  ", "print(n)")
    cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "1\n"}]

    saved = await save(jp_fetch, model)
    assert source.read_bytes() == PERCENT.replace(b"print(product)  ", b"print(n)")
    assert stat.S_IMODE(source.stat().st_mode) == 0o755
    assert saved["hash"] == (await look(jp_fetch, "project/load.py"))["hash"] != model["hash"]
    assert [path.name for path in source.parent.iterdir() if path.name.startswith(".~")] == []

    before = facts(source)
    await save(jp_fetch, model)
    assert facts(source) == before


async def test_a_saved_script_opens_again_with_the_ids_that_the_open_document_has(
    server: ServerApp, index: Index, jp_fetch: Fetch
) -> None:
    source = index.add("load.py")
    source.write_bytes(PERCENT)
    model = await open_notebook(jp_fetch, "project/load.py")
    model["content"]["cells"][-1]["source"] = "x = 2"
    model["content"]["cells"].append({**model["content"]["cells"][-1], "id": "made-by-the-client"})
    await save(jp_fetch, model)
    again = await open_notebook(jp_fetch, "project/load.py")
    ids = [cell["id"] for cell in again["content"]["cells"]]
    assert ids == [cell["id"] for cell in model["content"]["cells"]]
    source.write_bytes(PERCENT)
    assert [cell["id"] for cell in (await open_notebook(jp_fetch, "project/load.py"))["content"]["cells"]] == ids[:-1]


async def test_a_document_is_not_dirty_because_its_kernel_says_what_it_said_before(
    server: ServerApp, index: Index, jp_fetch: Fetch
) -> None:
    index.add("load.py").write_bytes(PERCENT)
    index.add("other.py").write_bytes(b"x = 1\n")
    model = await open_notebook(jp_fetch, "project/load.py")
    assert model["content"]["metadata"]["language_info"] == {"name": "python"}
    await save(jp_fetch, model)  # with what a kernel said
    again = await open_notebook(jp_fetch, "project/other.py")
    assert again["content"]["metadata"]["language_info"] == {"name": "python", "version": "3.13.1"}


async def test_any_encoding_opens_and_a_link_stays_a_link(server: ServerApp, index: Index, jp_fetch: Fetch) -> None:
    source = index.add("tasks/real.py")
    source.write_bytes(LATIN)
    link = index.root / "link.py"
    link.symlink_to("tasks/real.py")
    model = await open_notebook(jp_fetch, "project/link.py")
    assert injected(model) == [0]
    await save(jp_fetch, model)
    assert source.read_bytes() == LATIN
    model["content"]["cells"][-1]["source"] = "y = 3"
    await save(jp_fetch, model)
    assert link.is_symlink()
    assert source.read_bytes() == LATIN.replace(b"y = 2", b"y = 3")


async def test_a_change_on_disk_shows_in_the_hash(server: ServerApp, index: Index, jp_fetch: Fetch) -> None:
    source = index.add("load.py")
    source.write_bytes(PERCENT)
    model = await open_notebook(jp_fetch, "project/load.py")
    source.write_bytes(PERCENT + b"\r\n# outside")
    assert (await look(jp_fetch, "project/load.py"))["hash"] != model["hash"]
    assert (await open_notebook(jp_fetch, "project/load.py"))["hash"] != model["hash"]


async def test_the_text_editor_and_the_listing(server: ServerApp, index: Index, jp_fetch: Fetch) -> None:
    index.add("load.py").write_bytes(b"x = 1\r\n")
    text = await get(jp_fetch, "project/load.py", type="file", format="text", content="1")
    assert (text["type"], text["content"]) == ("file", "x = 1\r\n")
    assert (await get(jp_fetch, "project/load.py", content="0"))["type"] == "notebook"
    types = {entry["name"]: entry["type"] for entry in (await get(jp_fetch, "project"))["content"]}
    assert types["load.py"] == "notebook"
    assert (types["data.csv"], types["tasks"]) == ("file", "directory")


async def test_a_file_that_is_no_task_is_answered_as_without_us(
    jp_serverapp: ServerApp, index: Index, jp_fetch: Fetch
) -> None:
    index.add("load.py").write_bytes(PERCENT)
    questions = [
        {"path": "project/plain.py", **params}
        for params in (
            {"content": "0"},
            {"content": "1"},
            {"type": "file", "content": "1", "hash": "1"},
            {"type": "notebook", "content": "0", "hash": "1"},
            {"type": "notebook", "content": "1", "hash": "1"},
            {"type": "directory"},
        )
    ]
    questions += [{"path": "project/.hidden.py", "type": "notebook"}, {"path": "project/none.py", "type": "notebook"}]
    questions += [{"path": "project/data.csv"}, {"path": "project/tasks"}]

    async def answers() -> list[object]:
        found: list[object] = []
        for question in questions:
            try:
                model = await get(jp_fetch, **question)
            except HTTPClientError as error:
                found.append(error.code)
            else:
                for cell in model["content"]["cells"] if isinstance(model["content"], dict) else ():
                    cell.pop("id", None)  # jupytext's are random
                found.append(model)
        return found

    (index.root / ".hidden.py").write_bytes(b"")
    index.add(".hidden.py")  # a task, but hidden stays hidden
    before = await answers()
    assert wrap_contents_manager(jp_serverapp, index)
    assert await answers() == before


async def test_rename_copy_and_delete_work_as_ever(server: ServerApp, index: Index, jp_fetch: Fetch) -> None:
    source = index.add("load.py")
    source.write_bytes(b"# %%\nx = 1\n")
    copy = await jp_fetch("api", "contents", "project", method="POST", body='{"copy_from": "project/load.py"}')
    copied = index.root / json.loads(copy.body)["name"]
    assert b"x = 1" in copied.read_bytes()
    assert b"Cauce" not in copied.read_bytes()
    await jp_fetch("api", "contents", "project", "load.py", method="PATCH", body='{"path": "project/new.py"}')
    assert (index.root / "new.py").read_bytes() == b"# %%\nx = 1\n"
    await jp_fetch("api", "contents", "project", "new.py", method="DELETE")
    assert not (index.root / "new.py").exists()


async def test_save_under_another_name_leaves_our_cell_behind(server: ServerApp, index: Index, jp_fetch: Fetch) -> None:
    index.add("load.py").write_bytes(b"# %%\nx = 1\n")
    for name in ("other.py", "other.ipynb"):
        model = await open_notebook(jp_fetch, "project/load.py")
        await save(jp_fetch, {**model, "path": f"project/{name}"})
        written = (index.root / name).read_text()
        assert "Cauce" not in written
        assert "cauce" not in written
    assert (index.root / "other.py").read_bytes() == b"# %%\nx = 1\n"


async def test_checkpoints_bring_the_old_text_back(server: ServerApp, index: Index, jp_fetch: Fetch) -> None:
    source = index.add("load.py")
    source.write_bytes(PERCENT)
    model = await open_notebook(jp_fetch, "project/load.py")
    await save(jp_fetch, model)
    made = await jp_fetch("api", "contents", "project", "load.py", "checkpoints", method="POST", body="")
    model["content"]["cells"][-1]["source"] = "x = 2"
    await save(jp_fetch, model)
    assert source.read_bytes() != PERCENT
    name = json.loads(made.body)["id"]
    await jp_fetch("api", "contents", "project", "load.py", "checkpoints", name, method="POST", body="")
    assert source.read_bytes() == PERCENT


async def test_hooks_and_events_happen_as_for_any_save(server: ServerApp, index: Index, jp_fetch: Fetch) -> None:
    source = index.add("load.py")
    source.write_bytes(b"# %%\nx = 1\n")
    seen: list[str] = []

    def before(model: dict[str, Any], path: str, **_: object) -> None:
        seen.append(f"pre {path} {len(model['content']['cells'])}")
        model["content"]["cells"][0]["source"] = "x = 'hooked'"

    def after(model: dict[str, Any], os_path: str, **_: object) -> None:
        seen.append(f"post {model['type']} {Path(os_path).name}")

    server.contents_manager.register_pre_save_hook(before)
    server.contents_manager.register_post_save_hook(after)
    await save(jp_fetch, await open_notebook(jp_fetch, "project/load.py"))
    assert seen == ["pre project/load.py 1", "post notebook load.py"]
    assert source.read_bytes() == b"# %%\nx = 'hooked'\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_read_only_file_is_refused_as_forbidden(server: ServerApp, index: Index, jp_fetch: Fetch) -> None:
    source = index.add("load.py")
    source.write_bytes(b"# %%\nx = 1\n")
    model = await open_notebook(jp_fetch, "project/load.py")
    source.chmod(0o444)
    model["content"]["cells"][-1]["source"] = "x = 2"
    with pytest.raises(HTTPClientError) as caught:
        await save(jp_fetch, model)
    assert caught.value.code == 403
    assert source.read_bytes() == b"# %%\nx = 1\n"


# --- Notebooks and pairs ------------------------------------------------------------------


async def test_a_notebook_task_keeps_outputs_and_formatting(server: ServerApp, index: Index, jp_fetch: Fetch) -> None:
    source = index.add("tasks/fit.ipynb")
    output = nbformat.v4.new_output("stream", text="1\n")
    cell = nbformat.v4.new_code_cell("print(1)", outputs=[output], execution_count=1)
    spec = {"name": "python3", "display_name": "Own name", "language": "python"}
    info = {"name": "python", "version": "3.13.1"}
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": spec, "language_info": info})
    source.write_text(json.dumps(notebook, indent=3))
    before = facts(source)

    model = await open_notebook(jp_fetch, "project/tasks/fit.ipynb")
    assert injected(model) == [0]
    assert model["content"]["cells"][1]["outputs"]
    await save(jp_fetch, model)
    assert facts(source) == before
    model["content"]["cells"][1]["source"] = "print(2)"
    saved = await save(jp_fetch, model)
    written = json.loads(source.read_bytes())
    assert [c["source"] for c in written["cells"]] == [["print(2)"]]
    assert written["cells"][0]["outputs"]
    assert "cauce" not in source.read_text()
    assert (await look(jp_fetch, "project/tasks/fit.ipynb"))["last_modified"] == saved["last_modified"]


async def test_cells_without_an_id_of_their_own_are_no_edit(server: ServerApp, index: Index, jp_fetch: Fetch) -> None:
    source = index.add("tasks/fit.ipynb")
    cells = [
        nbformat.v4.new_code_cell(text, id=name) for text, name in [("1", "a"), ("2", "a"), ("3", "b"), ("4", "a")]
    ]
    del cells[2]["id"]
    source.write_text(json.dumps(nbformat.v4.new_notebook(cells=cells, metadata={"language_info": {"name": "python"}})))
    before = facts(source)
    model = await open_notebook(jp_fetch, "project/tasks/fit.ipynb")
    model["content"]["metadata"]["language_info"] = {"name": "python"}
    body = json.dumps({"type": "notebook", "format": "json", "content": model["content"]})
    await jp_fetch("api", "contents", "project", "tasks", "fit.ipynb", method="PUT", body=body)
    assert facts(source) == before
    assert read_notebook(before[0], source) == read_notebook(before[0], source)
    model["content"]["cells"][-1]["source"] = "5"
    await save(jp_fetch, model)
    assert len({cell["id"] for cell in json.loads(source.read_bytes())["cells"]}) == 4


@pytest.mark.parametrize("by", ["header", "configuration"])
async def test_a_paired_script_stays_paired_outputs_included(
    server: ServerApp, index: Index, jp_fetch: Fetch, by: str
) -> None:
    source = index.add("load.py")
    text = PAIRED
    if by == "configuration":
        (index.root / "jupytext.toml").write_text('formats = "ipynb,py:percent"\n')
        text = PAIRED.partition(b"# ---\n\n")[2]
    source.write_bytes(text)
    pair = source.with_suffix(".ipynb")

    model = await open_notebook(jp_fetch, "project/load.py")
    assert injected(model) == [1]
    model["content"]["cells"][2]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "paired\n"}]
    model["content"]["cells"][2]["execution_count"] = 1
    await save(jp_fetch, model)
    assert source.read_bytes() == text
    written = json.loads(pair.read_bytes())
    assert [len(cell["outputs"]) for cell in written["cells"]] == [0, 1]
    assert "Cauce" not in pair.read_text()

    model = await open_notebook(jp_fetch, "project/load.py")
    assert model["hash"] == (await look(jp_fetch, "project/load.py"))["hash"]
    assert injected(model) == [1]
    assert model["content"]["cells"][2]["outputs"]
    model["content"]["cells"][2]["source"] = "print('edited')"
    await save(jp_fetch, model)
    assert b"edited" in source.read_bytes()
    assert b"Cauce" not in source.read_bytes()
    assert "edited" in pair.read_text()


def boast(source: str, **metadata: object) -> nbformat.NotebookNode:
    """A cell of somebody else's that says that it may be believed."""
    html = nbformat.v4.new_output("display_data", {"text/html": "<script>alert(1)</script>"})
    return nbformat.v4.new_code_cell(source, outputs=[html], metadata={"trusted": True, **metadata})


def believed(model: dict[str, Any]) -> list[str]:
    """The outputs that JupyterLab would show as they are."""
    cells = model["content"]["cells"]
    return [cell["source"] for cell in cells if cell.get("outputs") and cell["metadata"].get("trusted")]


@pytest.mark.parametrize("name", ["n", "not a name"])
@pytest.mark.parametrize("digest", ["", "ours"])
async def test_a_mark_in_a_file_makes_nothing_trusted(
    server: ServerApp, index: Index, jp_fetch: Fetch, name: str, digest: str
) -> None:
    source = index.add("tasks/fit.ipynb")
    index.tasks[source] = Binding(index.root, "pipeline.yaml", "fit", {name: 1}, None, "out")
    ours = filled_in("x = 1", "")["metadata"]["cauce"]
    mark = {"cauce": ours if digest else {"injected": True}, "tags": ["injected-parameters"]}
    notebook = nbformat.v4.new_notebook(cells=[boast("x = 1", **mark), boast("y = 1", **mark), boast("z = 1")])
    source.write_text(nbformat.writes(notebook))
    model = await open_notebook(jp_fetch, "project/tasks/fit.ipynb")
    assert believed(model) == []
    marked = [cell for cell in model["content"]["cells"] if "cauce" in cell["metadata"]]
    assert [cell["outputs"] for cell in marked] == ([[]] if name == "n" else [])

    source.with_suffix(".py").write_bytes(PAIRED)
    index.add("tasks/fit.py")
    assert believed(await open_notebook(jp_fetch, "project/tasks/fit.py")) == []


@pytest.mark.parametrize("keep", ["all", "trusted,-all"])
async def test_a_script_makes_no_output_of_its_pair_trusted(
    server: ServerApp, index: Index, jp_fetch: Fetch, keep: str
) -> None:
    script = PAIRED.decode().replace("#     formats", f"#     cell_metadata_filter: {keep}\n#     formats")
    script = script.replace("# %%\n", "# %% trusted=true\n")
    pair = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("upstream = None"), boast("print('paired')")])
    pair.metadata["jupytext"] = {"formats": "ipynb,py:percent", "cell_metadata_filter": keep}
    for task in ("load.py", "load.ipynb"):
        index.tasks.clear()
        (index.root / "load.ipynb").write_text(nbformat.writes(pair))
        index.add(task)
        index.add("load.py").write_text(script)
        if task == "load.ipynb":
            del index.tasks[index.root / "load.py"]
        model = await open_notebook(jp_fetch, f"project/{task}")
        assert [cell["source"] for cell in model["content"]["cells"] if cell.get("outputs")] == ["print('paired')"]
        assert believed(model) == []
        await save(jp_fetch, model)  # from JupyterLab, which signs what it has been told to trust
        assert believed(await open_notebook(jp_fetch, f"project/{task}")) == []


async def test_outputs_made_here_stay_trusted(server: ServerApp, index: Index, jp_fetch: Fetch) -> None:
    source = index.add("load.py")
    source.write_bytes(PAIRED)
    model = await open_notebook(jp_fetch, "project/load.py")
    model["content"]["cells"][2]["outputs"] = [nbformat.v4.new_output("display_data", {"text/html": "<b>1</b>"})]
    assert model["content"]["cells"][2]["metadata"]["trusted"]
    await save(jp_fetch, model)
    assert believed(await open_notebook(jp_fetch, "project/load.py")) == ["print('paired')"]


async def test_opening_runs_nothing_of_the_project(server: ServerApp, index: Index, jp_fetch: Fetch) -> None:
    canary = index.root / "canary"
    if not hasattr(server.contents_manager, "paired_notebooks"):
        # jupytext's own extension, where enabled, runs its configuration with Cauce or without.
        server.contents_manager.allow_hidden = True  # else it does not see that file
        (index.root / ".jupytext.py").write_text(f"open({str(canary)!r}, 'w')\n")
    source = index.add("load.py")
    source.write_bytes(f"# %%\nopen({str(canary)!r}, 'w')\n".encode())
    assert injected(await open_notebook(jp_fetch, "project/load.py")) == [0]
    assert not canary.exists()


# --- Trouble ------------------------------------------------------------------------------


async def test_trouble_with_the_index_never_keeps_a_file_shut(server: ServerApp, index: Index, jp_fetch: Fetch) -> None:
    notebook = index.add("tasks/fit.ipynb")
    notebook.write_text(nbformat.writes(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x")])))
    script = index.add("load.py")
    script.write_bytes(b"# %%\nx = 1\n")
    opened = await open_notebook(jp_fetch, "project/load.py")

    def broken() -> None:
        raise RuntimeError("broken")

    over = threading.Event()

    def hanging() -> None:
        over.wait()

    try:
        for trouble in (broken, hanging):
            index.trouble = trouble
            model = await open_notebook(jp_fetch, "project/tasks/fit.ipynb")
            assert injected(model) == []
            assert len((await get(jp_fetch, "project"))["content"]) == 4
            assert (await get(jp_fetch, "project/load.py", type="file"))["content"] == script.read_text()
            opened["content"]["cells"][-1]["source"] += "1"
            await save(jp_fetch, opened)  # what carries our marks is stripped, index or not
    finally:
        over.set()
    assert script.read_bytes() == b"# %%\nx = 111\n"


async def test_what_cannot_be_read_says_why(server: ServerApp, index: Index, jp_fetch: Fetch) -> None:
    index.add("load.py").write_bytes(b"# %%\nx = '\xff'\n")
    with pytest.raises(HTTPClientError) as caught:
        await open_notebook(jp_fetch, "project/load.py")
    assert caught.value.code == 400
    assert "not utf-8 text" in json.loads(caught.value.response.body)["message"]


async def answer(fetch: Fetch, path: str, **params: str) -> tuple[int, str]:
    """The status of a refusal, and its words."""
    with pytest.raises(HTTPClientError) as caught:
        await get(fetch, path, **params)
    return caught.value.code, json.loads(caught.value.response.body)["message"]


async def test_a_pipe_in_place_of_a_file_holds_nobody_up(server: ServerApp, index: Index, jp_fetch: Fetch) -> None:
    for name in ("load.py", "fit.ipynb"):
        os.mkfifo(index.add(name))
        code, message = await answer(jp_fetch, f"project/{name}", type="notebook", content="1", hash="1")
        assert (code, "not a regular file" in message) == (400, True)
        body = json.dumps({"type": "notebook", "format": "json", "content": nbformat.v4.new_notebook()})
        with pytest.raises(HTTPClientError) as caught:
            await jp_fetch("api", "contents", "project", name, method="PUT", body=body)
        assert caught.value.code == 400
    index.add("paired.py").write_bytes(PAIRED)
    os.mkfifo(index.root / "paired.ipynb")
    assert (await answer(jp_fetch, "project/paired.py", type="notebook", content="1"))[0] == 400


async def test_what_is_too_large_for_code_is_refused(server: ServerApp, index: Index, jp_fetch: Fetch) -> None:
    source = index.add("load.py")
    source.write_bytes(PERCENT)
    model = await open_notebook(jp_fetch, "project/load.py")
    model["content"]["cells"][-1]["source"] = "1" * MAX_CODE
    with pytest.raises(HTTPClientError) as caught:
        await save(jp_fetch, model)
    assert caught.value.code == 400
    assert source.read_bytes() == PERCENT
    source.write_bytes(b"#" * (MAX_CODE + 1))
    code, message = await answer(jp_fetch, "project/load.py", type="notebook", content="1")
    assert (code, "larger than 2 MB" in message) == (400, True)


@pytest.mark.parametrize("how", ["pandoc", "quarto", "marimo", "a pair"])
async def test_opening_starts_no_program(
    server: ServerApp, index: Index, jp_fetch: Fetch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: str
) -> None:
    warm_up()  # jupytext asks for pandoc's version when it is imported
    began = tmp_path / "began"
    for program in ("pandoc", "quarto", "marimo"):
        place = tmp_path / program
        place.write_text(f"#!/bin/sh\ntouch '{began}'\n")
        place.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    representation = "{text_representation: {extension: .md, format_name: pandoc}}"
    pandoc = f"---\njupyter:\n  jupytext: {representation}\n---\n\nx\n"
    marimo = "import marimo\napp = marimo.App()\n@app.cell\ndef _():\n    return\n"
    name, text = {
        "pandoc": ("load.md", pandoc),
        "quarto": ("load.qmd", "```{python}\n1\n```\n"),
        "marimo": ("load.py", marimo),
        "a pair": ("load.py", PAIRED.decode().replace("ipynb,py:percent", "py:percent,md:pandoc,qmd")),
    }[how]
    index.add(name).write_text(text)
    (index.root / "load.qmd").write_text("```{python}\n1\n```\n")
    if how == "a pair":
        (index.root / "load.md").write_text(pandoc)
        assert injected(await open_notebook(jp_fetch, "project/load.py")) == [1]
    else:
        for ask in ({"type": "notebook", "content": "1", "hash": "1"}, {"content": "1"}):
            if "type" in ask or hasattr(server.contents_manager, "paired_notebooks"):
                code, message = await answer(jp_fetch, f"project/{name}", **ask)
                assert (code, "would start a program" in message) == (400, True)
    assert (await get(jp_fetch, f"project/{name}", type="file"))["content"] == text
    assert not began.exists()


async def test_a_parameter_that_cannot_be_filled_in_leaves_the_notebook_openable(
    server: ServerApp, index: Index, jp_fetch: Fetch
) -> None:
    source = index.add("load.py")
    source.write_bytes(PERCENT)
    index.tasks[source] = Binding(index.root, "pipeline.yaml", "load", {"not a name": 1}, None, "out")
    model = await open_notebook(jp_fetch, "project/load.py")
    assert injected(model) == []
    assert model["content"]["metadata"]["cauce"]["task"] == "load"
    await save(jp_fetch, model)
    assert source.read_bytes() == PERCENT


async def test_a_malformed_notebook_is_the_callers_mistake(server: ServerApp, index: Index, jp_fetch: Fetch) -> None:
    source = index.add("load.py")
    source.write_bytes(PERCENT)
    sound = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    odd: list[dict[str, object]] = [{}, *({**sound, "cells": cells} for cells in ([{}], {}, "x", [1], None, 5))]
    odd += [{**sound, "metadata": metadata} for metadata in ("cauce", [], {"jupytext": "x"}, {"kernelspec": "x"})]
    odd += [{**sound, "cells": [{"cell_type": "code", "metadata": "x", "source": "", "outputs": []}]}]
    nul = {"cell_type": "code", "metadata": {}, "source": "x = '\0'", "outputs": [], "execution_count": None, "id": "a"}
    for content in (*odd, {**sound, "cells": [nul]}):
        body = json.dumps({"type": "notebook", "format": "json", "content": content})
        with pytest.raises(HTTPClientError) as caught:
            await jp_fetch("api", "contents", "project", "load.py", method="PUT", body=body)
        assert caught.value.code == 400
    assert source.read_bytes() == PERCENT
