"""Looking is safe: no code of a project runs because somebody lists, opens or watches it.

Every place of the project that could be executed writes a file if it is. The file must
never appear, whatever is shown.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp
from tornado.httpclient import HTTPResponse

Fetch = Callable[..., Awaitable[HTTPResponse]]


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {"ServerApp": {"jpserver_extensions": {"cauce": True}}}


def bird(place: Path, who: str) -> str:
    """Python that sings when executed."""
    return f"__import__('pathlib').Path({str(place)!r}).joinpath({who!r}).touch()"


@pytest.fixture
def mine(jp_root_dir: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A project full of code, and the folder where any that runs leaves its name."""
    songs = tmp_path / "songs"
    songs.mkdir()
    project = jp_root_dir / "mine"
    (project / "tasks").mkdir(parents=True)
    (project / "pkg").mkdir()
    (project / ".git" / "hooks").mkdir(parents=True)

    def code(who: str) -> str:
        return bird(songs, who)

    (project / "pipeline.yaml").write_text(f"""\
meta:
  import_tasks_from: more.yaml
  jupyter_functions_as_notebooks: true
config: {{logging_factory: pkg.factory}}
clients: {{SQLScript: pkg.client}}
serializer: pkg.serializer
unserializer: pkg.unserializer
executor: {{dotted_path: pkg.executor}}
on_finish: pkg.on_finish
on_render: pkg.on_render
on_failure: pkg.on_failure
tasks:
  - source: tasks/script.py
    product: {{nb: out/script.ipynb, data: "{{{{ {json.dumps(code("jinja"))[1:-1]} }}}}"}}
    params:
      called: pkg::param
      tag: "{{{{cycler.__init__.__globals__.os.popen('touch {songs}/popen')}}}}"
    on_render: pkg.on_render
  - source: tasks/notebook.ipynb
    product: out/notebook.ipynb
  - source: pkg.function
    product: out/function.txt
  - source: tasks/template.sql
    product: out/table.csv
    client: pkg.client
  - source: tasks/sound.py
    name: sound
    product: {{nb: out/sound.ipynb, model: out/model.pkl, table: out/table.parquet, page: out/page.html}}
  - source: '!!python/object/apply:os.system ["touch {songs}/tag"]'
    product: x
""")
    (project / "pipeline.loader.yaml").write_text(f"""\
meta:
  source_loader: {{module: pkg}}
  extract_product: true
tasks:
  - source: loaded.sql
    client: pkg.client
  - source: run.sh
    product: "out/{{{{git_hash}}}}/{{{{now}}}}/{{{{env.HOME}}}}"
    grid: {{a: [1, pkg::param], b: "pkg::param"}}
    name: grid-[[{code("grid")}]]
""")
    (project / "pkg" / "loaded.sql").write_text("{% import 'macros.sql' as m %}{{ m.x() }}{{ " + code("macro") + " }}")
    (project / "pkg" / "macros.sql").write_text("{% macro x() %}{{ " + code("macro2") + " }}{% endmacro %}")
    (project / "pkg" / "run.sh").write_text(f"touch {songs}/shell\n# {{{{product}}}} {{{{ {code('shell')} }}}}")
    (project / "factory.yaml").write_text("location: pkg.make\n")
    (project / "pipeline.factory.yaml").write_text("location: pkg.make\n")
    (project / "pipeline.tag.yaml").write_text(f'tasks: !!python/object/apply:os.system ["touch {songs}/tag"]\n')
    (project / "more.yaml").write_text("- source: pkg.function\n  product: y\n")
    (project / "env.yaml").write_text(f'path: {{made: "{songs}/"}}\nx: "{{{{ {code("env")} }}}}"\n')
    script = (
        f'# %% tags=["parameters"]\nupstream = [{code("upstream")}]\nproduct = None\n# %%\nimport pkg\n{code("cell")}\n'
    )
    (project / "tasks" / "script.py").write_text(script)
    (project / "tasks" / "sound.py").write_text(script.replace(code("upstream"), '"script"'))
    cells = [
        {"cell_type": "code", "id": "a", "metadata": {"tags": ["parameters"]}, "outputs": [], "execution_count": None,
         "source": f"upstream = {code('nb-upstream')}"},
    ]  # fmt: skip
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (project / "tasks" / "notebook.ipynb").write_text(json.dumps(notebook))
    (project / "tasks" / "template.sql").write_text("{{ " + code("sql") + " }}")
    (project / "out").mkdir()
    (project / "out" / "model.pkl").write_bytes(b"cos\nsystem\n(S'touch " + str(songs).encode() + b"/pickle'\ntR.")
    (project / "out" / "table.parquet").write_bytes((project / "out" / "model.pkl").read_bytes())
    (project / "out" / "page.html").write_text(f"<script>{code('page')}</script>")
    (project / "out" / "sound.ipynb").write_text(json.dumps(notebook))
    for name in ("conftest", "sitecustomize", "usercustomize", "jupyter_config", "jupyter_server_config", "yaml",
                 "jupytext", "nbformat", "msgspec", "cauce", "json", "setup"):  # fmt: skip
        (project / f"{name}.py").write_text(code(f"module-{name}"))
    function = f"@{code('decorator')}\ndef function(product, x={code('default')}):\n    {code('body')}\n"
    (project / "pkg" / "__init__.py").write_text(f"{code('package')}\n\n\n{function}")
    (project / "evil.pth").write_text(f"import pathlib; {code('pth')}")
    (project / "setup.cfg").write_text("[ploomber]\nentry-point = pipeline.yaml\n")
    (project / "jupytext.toml").write_text('formats = "ipynb,py:percent"\n')
    hook = project / ".git" / "hooks" / "post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {songs}/hook\n")
    hook.chmod(0o755)
    (project / ".git" / "config").write_text(f'[core]\n\tfsmonitor = "touch {songs}/fsmonitor"\n')
    return project, songs


async def test_no_code_runs_by_looking(jp_fetch: Fetch, jp_serverapp: ServerApp, mine: tuple[Path, Path]) -> None:
    project, songs = mine
    await jp_serverapp.extension_manager.start_all_extensions()  # the fixture leaves that out

    async def look(*path: str, **query: str) -> int:
        return (await jp_fetch(*path, params=query, raise_error=False)).code

    api = ("cauce", "api", "pipelines")
    pipelines = "pipeline.yaml pipeline.loader.yaml pipeline.factory.yaml pipeline.tag.yaml factory.yaml more.yaml"
    for pipeline in pipelines.split():
        assert await look(*api, "mine", pipeline) == 200
        assert await look(*api, "mine", pipeline, "runs") == 200
        for task in ("script", "notebook", "function", "template", "sound"):
            assert await look(*api, "mine", pipeline, "tasks", task) in (200, 404)
    for product in ("sound.ipynb", "model.pkl", "table.parquet", "page.html"):
        assert await look(*api, "mine", "pipeline.yaml", "tasks", "sound", "preview", product=f"out/{product}") == 200
    assert await look(*api, refresh="1") == 200
    for folder in ("mine", "mine/tasks"):
        assert await look("api", "contents", folder) == 200
    for name in ("script.py", "sound.py", "notebook.ipynb", "template.sql"):
        await look("api", "contents", "mine", "tasks", name)
        await look("api", "contents", "mine", "tasks", name, type="notebook", content="1", hash="1")

    check, json_ = ("cauce", "api", "check"), {"Content-Type": "application/json"}
    for pipeline in pipelines.split():
        for body in ("{}", '{"tasks": ["sound"], "force": true}'):
            where = (*api, "mine", pipeline, "plan")
            reply = await jp_fetch(*where, method="POST", headers=json_, body=body, raise_error=False)
            assert reply.code in (200, 400, 404, 422)
    assert await look("cauce", "api", "builds") == 200
    for file in ("pipeline.yaml", "pipeline.loader.yaml", "env.yaml"):
        question = json.dumps({"path": f"mine/{file}", "text": (project / file).read_text()})
        assert (await jp_fetch(*check, method="POST", headers=json_, body=question)).code == 200

    # Watched too: change everything once and look again.
    for file in [*project.rglob("*.py"), *project.rglob("*.yaml")]:
        file.write_text(file.read_text() + "\n")
    await asyncio.sleep(1)
    reply = await jp_fetch(*api, "mine", "pipeline.yaml")
    assert b'"tasks"' in reply.body
    book = ("api", "contents", "mine", "pkg", "__init__.py (functions)")
    for folder in (("api", "contents", "mine", "pkg"), book):
        # A listing waits for the index for a moment only.
        while b"(functions)" not in (await jp_fetch(*folder)).body:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.1)
    opened = await jp_fetch("api", "contents", "mine", "tasks", "sound.py", params={"type": "notebook"})
    saved = json.loads(opened.body)
    assert b"injected-parameters" in opened.body
    await jp_fetch("api", "contents", "mine", "tasks", "sound.py", method="PUT", body=json.dumps(saved))

    model = json.loads((await jp_fetch(*book, "function.ipynb")).body)
    model["content"]["cells"][-1]["source"] += "\n1 + 1"
    await jp_fetch(*book, "function.ipynb", method="PUT", body=json.dumps(model))
    assert "\n    1 + 1\n" in (project / "pkg" / "__init__.py").read_text()

    assert sorted(song.name for song in songs.iterdir()) == []


async def test_the_birds_can_sing(mine: tuple[Path, Path]) -> None:
    """The canary above would mean nothing if its code did not do what it says."""
    project, songs = mine
    exec((project / "conftest.py").read_text())  # noqa: S102 - that is the point
    assert [song.name for song in songs.iterdir()] == ["module-conftest"]
