"""Routes that answer an edit or a question about one, through real HTTP: what they do, and what they refuse."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from drawn import Workshop
from tornado.httpclient import HTTPResponse

Fetch = Callable[..., Awaitable[HTTPResponse]]
Ask = Callable[..., Awaitable[tuple[int, Any]]]
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {"ServerApp": {"jpserver_extensions": {"cauce": True}}}


@pytest.fixture
def jp_root_dir(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    root = tmp_path / ("src" if "package" in request.node.name else "root")
    root.mkdir()
    return root


@pytest.fixture
def project(jp_root_dir: Path) -> Workshop:
    root = jp_root_dir / "mine"
    (root / "tasks").mkdir(parents=True)
    return Workshop(root, "load ─► fit\n plot")


@pytest.fixture
def ask(jp_fetch: Fetch) -> Ask:
    """Status and decoded body of a request to the API; a dict as body is sent as JSON."""

    async def go(method: str, path: str, body: object = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        options: dict[str, Any] = {
            "method": method,
            "raise_error": False,
            "headers": dict(JSON if headers is None else headers),
        }
        if method != "GET":
            options["body"] = body if isinstance(body, bytes) else json.dumps({} if body is None else body)
        reply = await jp_fetch("cauce", "api", *path.split("/"), **options)
        return reply.code, json.loads(reply.body)

    return go


PIPELINE = "pipelines/mine/pipeline.yaml"


# --- What all of them refuse


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no json",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"add": "load", "path": 1, "text": 2, "tasks": "load"}',
        b'{"add": [1], "path": "mine/pipeline.yaml", "text": "\xff", "tasks": [1]}',
        b'{"add": ["\\ud800"], "path": "\\ud800.yaml", "text": "\\ud800", "tasks": ["\\ud800"]}',
        b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
async def test_what_is_not_the_body_is_400(ask: Ask, project: Workshop, body: bytes) -> None:
    routes = [("PUT", f"{PIPELINE}/tasks/fit/upstream"), ("POST", f"{PIPELINE}/clean"), ("POST", "check")]
    routes += [("POST", f"{PIPELINE}/tasks/fit/{verb}") for verb in ("rename", "remove")]
    routes += [("POST", f"{PIPELINE}/{verb}") for verb in ("tasks", "undo")] + [("POST", "create")]
    routes += [("PUT", f"{PIPELINE}/profile")]
    before = {path: path.read_bytes() for path in project.root.rglob("*") if path.is_file()}
    for method, path in routes:
        status, said = await ask(method, path, body)
        assert (status, said["code"]) == (400, "usage"), (path, said)
        assert "Traceback" not in said["message"]
    assert {path: path.read_bytes() for path in project.root.rglob("*") if path.is_file()} == before


async def test_a_body_that_is_not_said_to_be_json_is_400(ask: Ask, project: Workshop) -> None:
    for method, path in [("PUT", f"{PIPELINE}/tasks/fit/upstream"), ("POST", f"{PIPELINE}/clean"), ("POST", "check")]:
        status, said = await ask(method, path, b"{}", {"Content-Type": "text/plain"})
        assert (status, said["code"]) == (400, "usage")


async def test_a_path_out_of_the_root_is_403(ask: Ask, project: Workshop, jp_root_dir: Path) -> None:
    outside = jp_root_dir.parent / "outside"
    outside.mkdir(exist_ok=True)
    (outside / "pipeline.yaml").write_text("tasks:\n- {source: new.py, product: out.ipynb}\n")
    (jp_root_dir / "link").symlink_to(outside)
    (jp_root_dir / ".hidden").mkdir()
    (jp_root_dir / ".hidden/pipeline.yaml").write_text("tasks: []\n")
    for place in ("link", "%2e%2e/outside", "mine/..%2f..%2foutside", ".hidden"):
        for method, path, body in [
            ("PUT", "tasks/new/upstream", {"add": ["x"]}),
            ("POST", "scaffold", None),
            ("POST", "clean", {}),
        ]:
            status, _ = await ask(method, f"pipelines/{place}/pipeline.yaml/{path}", body)
            assert status in (403, 404), (place, path)
    for name in ("link/pipeline.yaml", "../outside/pipeline.yaml", "/etc/x.yaml", ".hidden/pipeline.yaml", "a\0.yaml"):
        status, said = await ask("POST", "check", {"path": name, "text": "tasks: []"})
        assert (status, said["code"]) == (403, "path_refused"), name
    assert sorted(path.name for path in outside.iterdir()) == ["pipeline.yaml"]


async def test_a_package_whose_project_begins_above_the_root_is_403(ask: Ask, jp_root_dir: Path) -> None:
    project = jp_root_dir.parent
    (project / "setup.py").touch()
    (project / "secret.yaml").write_text("- {source: a.py}\n")
    package = jp_root_dir / "package"
    package.mkdir()
    (package / "pipeline.yaml").write_text("meta: {import_tasks_from: ../../secret.yaml}\ntasks: []\n")
    for method, path, body in [
        ("GET", "", None),
        ("GET", "/runs", None),
        ("POST", "/scaffold", None),
        ("POST", "/clean", {}),
    ]:
        status, said = await ask(method, f"pipelines/package/pipeline.yaml{path}", body)
        assert (status, said["code"]) == (403, "path_refused")
        assert "above" in said["message"]
    status, said = await ask("POST", "check", {"path": "package/pipeline.yaml", "text": "tasks: 1"})
    assert (status, said["code"]) == (403, "path_refused")


async def test_a_pipeline_that_is_not_there_is_404(ask: Ask, project: Workshop) -> None:
    for method, path, body in [
        ("PUT", "tasks/fit/upstream", {"add": ["x"]}),
        ("POST", "scaffold", None),
        ("POST", "clean", {}),
    ]:
        status, said = await ask(method, f"pipelines/mine/pipeline.other.yaml/{path}", body)
        assert (status, said["code"]) == (404, "not_found")


# --- Upstream


async def test_upstream_is_edited_in_place(ask: Ask, project: Workshop) -> None:
    status, said = await ask("PUT", f"{PIPELINE}/tasks/plot/upstream", {"add": ["load"]})
    assert (status, [file["path"] for file in said["files"]]) == (200, ["tasks/plot.py"])
    assert "+upstream" in said["files"][0]["diff"]
    assert project.load().graph.upstream["plot"] == ("load",)
    assert (await ask("PUT", f"{PIPELINE}/tasks/plot/upstream", {"remove": ["load"]}))[0] == 200
    assert project.load().graph.upstream["plot"] == ()


async def test_an_upstream_that_cannot_be_is_refused(ask: Ask, project: Workshop) -> None:
    before = project.source("load").read_bytes()
    assert (await ask("PUT", f"{PIPELINE}/tasks/nobody/upstream", {"add": ["load"]}))[0] == 404
    for change in ({"add": ["nobody"]}, {"add": ["load"]}, {"add": ["fit"]}):
        status, said = await ask("PUT", f"{PIPELINE}/tasks/load/upstream", change)
        assert status in (400, 404, 422), (change, said)
        assert said["message"]
    assert project.source("load").read_bytes() == before


# --- Scaffold


async def test_scaffold_creates_what_is_missing_and_nothing_else(ask: Ask, project: Workshop) -> None:
    kept = project.source("load").read_bytes()
    project.source("plot").unlink()
    status, said = await ask("POST", f"{PIPELINE}/scaffold")
    assert (status, said["files"]) == (201, ["tasks/plot.py"])
    assert project.source("plot").exists()
    assert project.source("load").read_bytes() == kept
    status, said = await ask("POST", f"{PIPELINE}/scaffold")
    assert (status, said.get("files", [])) in [(201, []), (422, [])]


async def test_scaffold_writes_through_no_link(ask: Ask, project: Workshop, jp_root_dir: Path) -> None:
    elsewhere = jp_root_dir.parent / "elsewhere"
    elsewhere.mkdir()
    (project.root / "way").symlink_to(elsewhere)
    (project.root / "pipeline.yaml").write_text("tasks:\n- {source: way/new.py, product: out/new.ipynb}\n")
    status, _ = await ask("POST", f"{PIPELINE}/scaffold")
    assert status in (201, 403, 422)
    assert list(elsewhere.iterdir()) == []


# --- Clean


async def test_clean_says_first_and_moves_then(ask: Ask, project: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(project.root.parent / "data"))
    await asyncio.to_thread(project.build)
    made = project.root / "out/plot.txt"
    status, said = await ask("POST", f"{PIPELINE}/clean", {"tasks": ["plot"], "dryRun": True})
    assert (status, sorted(said["moved"])) == (200, ["out/plot.ipynb", "out/plot.txt"])
    assert made.exists()
    assert (await ask("POST", f"{PIPELINE}/clean", {"tasks": ["nobody"]}))[0] in (400, 404)
    assert (await ask("POST", f"{PIPELINE}/clean", {"tasks": ["a\0b"]}))[0] == 400
    assert (await ask("POST", f"{PIPELINE}/clean", {"tasks": ["plot"] * 1001}))[0] == 400
    assert made.exists()


# --- Check


async def test_check_says_what_is_wrong_with_a_text_and_reads_no_other(ask: Ask, project: Workshop) -> None:
    on_disk = project.path.read_bytes()
    status, said = await ask("POST", "check", {"path": "mine/pipeline.yaml", "text": "tasks:\n- {sorce: a.py}\n"})
    assert status == 200
    assert [(problem["code"], problem["where"]["line"]) for problem in said["problems"]] == [("task_no_source", 2)]
    status, said = await ask("POST", "check", {"path": "mine/pipeline.yaml", "text": on_disk.decode()})
    assert (status, said["problems"]) == (200, [])
    status, said = await ask("POST", "check", {"path": "mine/pipeline.new.yaml", "text": "tasks: 1\n"})
    assert (status, [problem["code"] for problem in said["problems"]]) == (200, ["spec_tasks_shape"])
    assert (await ask("POST", "check", {"path": "mine/notes.txt", "text": ""}))[0] == 404
    assert project.path.read_bytes() == on_disk
    assert not (project.root / "pipeline.new.yaml").exists()


async def test_check_tells_no_variable_of_the_server(
    ask: Ask, project: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be asked with the right to read alone: that must not read what only code could."""
    monkeypatch.setenv("VERY_SECRET", "hunter2/hunter2")
    fields = "{source: '{{env.VERY_SECRET}}', name: '{{env.VERY_SECRET}}', product: '{{env.VERY_SECRET}}'}"
    for text in (
        f"tasks:\n- {fields}\n- {fields}\n",
        "meta: {import_tasks_from: '{{env.VERY_SECRET}}'}\ntasks:\n- {source: a.b, class: '{{env.VERY_SECRET}}'}\n",
        "location: '{{env.VERY_SECRET}}'\n",
        "tasks:\n- {source: a.py, name: 'x-[[a]]', product: x, upstream: 1, grid: {a: ['{{env.VERY_SECRET}}', 1]}}\n",
    ):
        status, said = await ask("POST", "check", {"path": "mine/pipeline.yaml", "text": text})
        assert status == 200
        assert "hunter2" not in json.dumps(said)
    project.write("pipeline.yaml", "tasks:\n- {source: '{{x}}', product: '{{x}}', name: '{{x}}'}\n")
    status, said = await ask("POST", "check", {"path": "mine/env.yaml", "text": "x: '{{env.VERY_SECRET}}'\ny__z: 1\n"})
    assert status == 200
    assert [problem["code"] for problem in said["problems"]] == ["env_key"]
    assert "hunter2" not in json.dumps(said)


async def test_check_bears_any_text(ask: Ask, project: Workshop) -> None:
    for text in ("[" * 100_000, "a: &a [*a]", "\0", "- - -", "x" * 8_100_000, "tasks: !!python/object:os.system x"):
        status, said = await ask("POST", "check", {"path": "mine/pipeline.yaml", "text": text})
        assert status == 200
        assert said["problems"]


# --- Schema


async def test_schemas_are_served_and_no_others(ask: Ask) -> None:
    for dialect in ("pipeline", "env"):
        status, said = await ask("GET", f"schema/{dialect}")
        assert status == 200
        assert said["$schema"].startswith("http://json-schema.org/")
    status, said = await ask("GET", "schema/other")
    assert (status, said["code"]) == (404, "not_found")


# --- Tasks more, less, and called otherwise


async def test_tasks_are_changed_and_changes_taken_back(ask: Ask, project: Workshop) -> None:
    def files() -> dict[str, bytes]:
        found = (path for path in project.root.rglob("*") if path.is_file() and ".cauce" not in path.parts)
        return {path.relative_to(project.root).as_posix(): path.read_bytes() for path in found}

    before = files()
    wanted = {"source": "tasks/more.py", "upstream": ["load"], "after": "load"}
    status, dry = await ask("POST", f"{PIPELINE}/tasks", {**wanted, "dryRun": True})
    assert (status, files(), dry["undo"]) == (200, before, "")
    status, added = await ask("POST", f"{PIPELINE}/tasks", wanted)
    assert status == 200
    assert {**added, "undo": ""} == dry
    assert [(file["path"], file["kind"]) for file in added["files"]] == [
        ("pipeline.yaml", "edited"),
        ("tasks/more.py", "created"),
    ]
    status, renamed = await ask("POST", f"{PIPELINE}/tasks/load/rename", {"name": "get it"})
    assert (status, renamed["task"]) == (200, "get it")
    status, refused = await ask("POST", f"{PIPELINE}/tasks/get it/remove", {})
    assert (status, refused["code"]) == (400, "usage")
    _, snapshot = await ask("GET", PIPELINE)
    assert {"source": "get it", "target": "more"} in snapshot["edges"]
    status, wrong = await ask("POST", f"{PIPELINE}/tasks", {"source": "x.txt"})
    assert (status, wrong["where"]["path"]) == (422, "pipeline.yaml")

    for change in (renamed, added):
        status, _ = await ask("POST", f"{PIPELINE}/undo", {"undo": change["undo"]})
        assert status == 200
    assert files() == before
    status, _ = await ask("POST", f"{PIPELINE}/undo", {"undo": added["undo"]})
    assert status == 409
    status, _ = await ask("POST", f"{PIPELINE}/undo", {"undo": "../../x"})
    assert status == 404


async def test_entries_of_every_kind_are_changed_or_refused_with_the_line(ask: Ask, project: Workshop) -> None:
    code = '# %% tags=["parameters"]\nupstream = None\nproduct = {"nb": "out/last.ipynb"}\n\n# %%\n1\n'
    (project.root / "tasks/last.py").write_text(code)
    path = project.root / "pipeline.yaml"
    path.write_text("meta: {extract_product: true}\ntasks:\n  - tasks/last.py\n")
    status, said = await ask("POST", f"{PIPELINE}/tasks/last/rename", {"name": "end"})
    assert status == 200, said
    assert path.read_text().endswith("  - source: tasks/last.py\n    name: end\n")
    tabbed = "meta: {extract_product: true}\ntasks:\n  - source: tasks/last.py\t# why\n"
    path.write_text(tabbed)
    _, snapshot = await ask("GET", PIPELINE)
    assert [task["name"] for task in snapshot["tasks"]] == ["last"]
    for change in ("rename", "remove"):
        status, said = await ask(
            "POST", f"{PIPELINE}/tasks/last/{change}", {"name": "end"} if change == "rename" else {}
        )
        assert (status, said["where"]["line"]) == (400, 3), said
    assert path.read_text() == tabbed


async def test_changes_that_are_asked_for_at_once_are_all_made(ask: Ask, project: Workshop) -> None:
    sources = [f"tasks/more{number}.py" for number in range(8)]
    asked = [ask("POST", f"{PIPELINE}/tasks", {"source": source}) for source in sources]
    assert [status for status, _ in await asyncio.gather(*asked)] == [200] * len(sources)
    text = (project.root / "pipeline.yaml").read_text()
    assert [source for source in sources if source not in text] == []


async def test_what_cannot_be_written_is_called_by_its_name(ask: Ask, project: Workshop) -> None:
    status, said = await ask("POST", f"{PIPELINE}/tasks", {"source": "tasks/load.py/more.py"})
    assert (status, said["message"]) == (403, "tasks/load.py/more.py cannot be written: Not a directory.")


async def test_a_pipeline_is_created_inside_of_the_root_only(ask: Ask, project: Workshop, jp_root_dir: Path) -> None:
    (jp_root_dir / "new").mkdir()
    (jp_root_dir / "new/a.py").write_text('# %% tags=["parameters"]\nupstream = None\nproduct = None\n\n# %%\n1\n')
    status, made = await ask("POST", "create", {"path": "new/pipeline.yaml", "files": ["new/a.py"]})
    assert (status, made["files"][0]["path"]) == (200, "pipeline.yaml")
    status, _ = await ask("POST", "create", {"path": "new/pipeline.yaml", "files": ["new/a.py"]})
    assert status == 400
    (jp_root_dir / "link").symlink_to(jp_root_dir.parent)
    for path in ("../pipeline.yaml", "/tmp/pipeline.yaml", "new/pipeline.txt", ".new/pipeline.yaml", "link/p.yaml"):
        status, _ = await ask("POST", "create", {"path": path, "files": ["new/a.py"]})
        assert status in (400, 403, 404), path
    (jp_root_dir.parent / "b.py").write_text("1\n")
    (jp_root_dir / "new/.b.py").write_text("1\n")
    for path, file in [("link/p.yaml", "link/b.py"), ("new/p.yaml", "new/.b.py"), ("new/p.yaml", "new/../../b.py")]:
        status, said = await ask("POST", "create", {"path": path, "files": [file]})
        assert (status, said["code"]) == (403, "path_refused"), path
    assert not (jp_root_dir.parent / "p.yaml").exists()
    assert not (jp_root_dir.parent / ".cauce").exists()


async def test_no_task_is_begun_where_the_state_is(ask: Ask, project: Workshop) -> None:
    before = (project.root / "pipeline.yaml").read_bytes()
    for wanted in ({"source": ".cauce/new.py"}, {"source": "new.py", "products": {"nb": "./.cauce/new.ipynb"}}):
        status, said = await ask("POST", f"{PIPELINE}/tasks", wanted)
        assert (status, said["code"]) == (400, "usage"), said
    assert (project.root / "pipeline.yaml").read_bytes() == before


@pytest.mark.parametrize("path", ["../out.txt", "{outside}", "link/out.txt", "there.txt"])
async def test_an_undo_that_came_with_the_project_writes_nothing_outside(
    ask: Ask, project: Workshop, jp_root_dir: Path, path: str
) -> None:
    outside = jp_root_dir.parent / "elsewhere"
    outside.mkdir()
    (project.root / "link").symlink_to(outside)
    (outside / "there.txt").write_text("kept\n")
    (project.root / "there.txt").symlink_to(outside / "there.txt")
    folder = project.root / ".cauce/undo"
    folder.mkdir(parents=True)
    name = "0123456789ab-01234567"
    change = {"path": path.format(outside=outside / "out.txt"), "before": "ZXZpbA==", "after": None}
    record = {"pipeline": "pipeline.yaml", "renamed": None, "files": [change]}
    (folder / f"{name}.json").write_text(json.dumps(record))
    status, _ = await ask("POST", f"{PIPELINE}/undo", {"undo": name})
    assert status in (400, 409)
    assert [entry.name for entry in outside.iterdir()] == ["there.txt"]
    assert (outside / "there.txt").read_text() == "kept\n"
    assert not (jp_root_dir / "out.txt").exists()


@pytest.mark.parametrize("profile", ["a\0b", "a\nb", "\u202e", "a" * 50_000, "../../x", "a\\b"])
async def test_a_choice_that_came_with_the_project_and_is_no_name_is_none(
    ask: Ask, project: Workshop, profile: str
) -> None:
    (project.root / ".cauce").mkdir(exist_ok=True)
    (project.root / ".cauce/profiles.json").write_text(json.dumps({"pipeline.yaml": profile}))
    status, snapshot = await ask("GET", PIPELINE)
    assert (status, snapshot["profile"]) == (200, "")


async def test_values_are_chosen(ask: Ask, project: Workshop) -> None:
    (project.root / "env.yaml").write_text("n: 1\n")
    (project.root / "env.prod.yaml").write_text("n: 2\n")
    status, there = await ask("GET", f"{PIPELINE}/profile")
    assert (status, there) == (200, {"profile": "", "profiles": ["", "prod"], "fixed": ""})
    status, _ = await ask("PUT", f"{PIPELINE}/profile", {"profile": "prod"})
    assert status == 200
    _, snapshot = await ask("GET", PIPELINE)
    assert (snapshot["profile"], snapshot["profiles"]) == ("prod", ["", "prod"])
    status, _ = await ask("PUT", f"{PIPELINE}/profile", {"profile": "../x"})
    assert status == 404
