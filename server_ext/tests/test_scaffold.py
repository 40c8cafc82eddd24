"""Scaffolding: what is missing is created where the pipeline says, and what is there is left alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from cauce.engine.editing import apply, scaffold_missing
from cauce.engine.errors import FileChanged
from cauce.engine.parsecache import ParseCache
from cauce.engine.project import Project, load
from cauce.engine.spec import entry_of_file


def cauce(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    plain = {name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "COLUMNS", "NO_COLOR")}
    return subprocess.run(
        [sys.executable, "-m", "cauce", *arguments],
        cwd=folder,
        env=plain,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def look(folder: Path) -> Project:
    return load(entry_of_file(folder / "pipeline.yaml"), ParseCache())


def project(folder: Path, tasks: list[dict[str, object]], **more: object) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "pipeline.yaml").write_text(yaml.safe_dump({**more, "tasks": tasks}, sort_keys=False))
    return folder


def notebook(source: str, **more: object) -> dict[str, object]:
    return {"source": source, "product": f"out/{source.replace('/', '-')}.ipynb", **more}


@pytest.mark.case("C5")
def test_missing_sources_are_created_in_the_right_place_and_others_left(tmp_path: Path) -> None:
    there = b"# mine, without an end of line\r\nimport os\r\n\r\n\r\ndef kept(product):\r\n    pass"
    folder = project(
        tmp_path / "project",
        [
            notebook("load.py", name="load", params={"depth": 3, "words": ["a", "é"]}),
            notebook("tasks/deep/clean.ipynb", name="clean", params={"x": None}),
            notebook("report.md", name="report"),
            notebook("plot.R", name="plot", params={"x": True}),
            notebook("text.Rmd", name="text"),
            {"source": "sh/run.sh", "name": "run", "product": "out/run.txt"},
            {"source": "sql/rows.sql", "name": "rows", "product": "out/rows.csv", "client": "db.client"},
            {"source": "mine.kept", "name": "kept", "product": "out/kept.txt"},
            {"source": "mine.new", "name": "new", "product": "out/new.txt", "params": {"size": 2}},
            {"source": "mine.newer", "name": "newer", "product": "out/newer.txt"},
            {"source": "pkg.sub.mod.fit", "name": "fit", "product": {"model": "out/fit.bin"}},
            notebook("kept.py", name="notebook"),
        ],
    )
    (folder / "mine.py").write_bytes(there)
    (folder / "db.py").write_text("def client():\n    pass\n")
    (folder / "kept.py").write_text("# %% tags=['parameters']\nupstream = None\n\n# %%\n1\n")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    done = cauce(folder, "scaffold")
    assert done.returncode == 0, done.stderr
    assert "Created tasks/deep/clean.ipynb.\n" in done.stdout
    assert "Added the function 'new' to mine.py.\n" in done.stdout
    assert "Created pkg/sub/mod.py with the function 'fit'.\n" in done.stdout

    module = (folder / "mine.py").read_bytes()
    assert module.startswith(there + b"\r\n\r\n\r\ndef new(product, size):\r\n")
    assert module.replace(b"\r\n", b"").count(b"\n") == 0
    assert all(path.read_bytes() == content for path, content in before.items() if path.name != "mine.py")
    assert (folder / "pkg/__init__.py").read_bytes() == (folder / "pkg/sub/__init__.py").read_bytes() == b""
    assert "depth = 3\nwords = ['a', 'é']" in (folder / "load.py").read_text()
    assert "{{product}}" in (folder / "sh/run.sh").read_text()
    assert json.loads((folder / "tasks/deep/clean.ipynb").read_text())["cells"][1]["metadata"] == {
        "tags": ["parameters"]
    }

    found = look(folder)
    assert not [
        p for p in found.problems if p.severity == "error" and p.code != "client_missing" and "db" not in p.message
    ]
    assert found.tasks.keys() == found.facts.keys()
    again = cauce(folder, "scaffold")
    assert (again.returncode, again.stdout) == (0, "Nothing was created: every source is there.\n")


def test_upstream_that_the_pipeline_gives_stands_in_what_is_created(tmp_path: Path) -> None:
    sources = ["a.py", "b.ipynb", "c.R", "d.sql", "e.sh", "tasks.f"]
    tasks: list[dict[str, object]] = [notebook("load.py", name="load"), notebook("clean.py", name="clean")]
    for source in sources:
        product = ["rows", "table"] if source == "d.sql" else f"out/{source}.{'ipynb' if source < 'd' else 'txt'}"
        tasks.append({"source": source, "name": source[0] + "1", "product": product, "upstream": ["load", "clean"]})
    tasks[5]["client"] = "db.client"
    folder = project(tmp_path / "project", tasks, meta={"extract_upstream": False})
    (folder / "db.py").write_text("def client():\n    pass\n")
    created = apply(scaffold_missing(look(folder)))
    assert {path.relative_to(folder.resolve()).as_posix() for path in created} == {
        *("load.py", "clean.py", "a.py", "b.ipynb", "c.R", "d.sql", "e.sh", "tasks.py")
    }
    assert "upstream = ['load', 'clean']" in (folder / "a.py").read_text()
    assert 'upstream <- list("load", "clean")' in (folder / "c.R").read_text()
    assert 'FROM {{upstream["load"]}}' in (folder / "d.sql").read_text()
    assert "def f(product, upstream):" in (folder / "tasks.py").read_text()
    assert not [problem for problem in look(folder).problems if problem.severity == "error"]


def test_nothing_is_overwritten_and_all_or_nothing_is_done(tmp_path: Path) -> None:
    folder = project(tmp_path / "project", [notebook("a.py"), notebook("new/b.py"), notebook("c.py")])
    change = scaffold_missing(look(folder))
    (folder / "c.py").write_text("mine\n")
    with pytest.raises(FileChanged, match=r"c\.py is there already"):
        apply(change)
    assert sorted(path.name for path in folder.iterdir()) == ["c.py", "pipeline.yaml"]
    assert (folder / "c.py").read_text() == "mine\n"


def test_nothing_is_created_outside_of_the_project_or_for_an_installed_package(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    folder = project(
        tmp_path / "project",
        [
            notebook("../a.py", name="a"),
            notebook("link/b.py", name="b"),
            {"source": "json.tool.run", "name": "c", "product": "out/c.txt"},
            {"source": "yaml.thing", "name": "d", "product": "out/d.txt"},
        ],
    )
    (folder / "link").symlink_to("../elsewhere")
    done = cauce(folder, "scaffold")
    assert sorted(path.name for path in folder.iterdir()) == ["link", "pipeline.yaml"]
    assert not list((tmp_path / "elsewhere").iterdir())
    assert not (tmp_path / "a.py").exists()
    assert "was not created" in done.stdout


@pytest.mark.parametrize("package", [False, True])
def test_a_new_project_builds_at_once(tmp_path: Path, package: bool) -> None:
    done = cauce(tmp_path, "scaffold", "my-project", *(["--package"] if package else []))
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("\n\nNext:\n  cd my-project\n  cauce build\n")
    folder = tmp_path / "my-project"
    built = cauce(folder, "build")
    assert built.returncode == 0, built.stdout + built.stderr
    assert (folder / "output/summary.txt").read_text().startswith("29 days, ")
    assert cauce(folder, "build").stdout == "Everything is up to date.\n"
    assert (folder / "src/my_project/pipeline.yaml").exists() == package

    again = cauce(tmp_path, "scaffold", "my-project")
    assert again.returncode == 2
    assert "is there already" in again.stderr


def test_an_empty_project_has_a_sound_pipeline(tmp_path: Path) -> None:
    assert cauce(tmp_path, "scaffold", "bare", "--empty", "--conda").returncode == 0
    folder = tmp_path / "bare"
    assert sorted(path.name for path in folder.iterdir()) == [
        ".gitignore",
        "README.md",
        "environment.yml",
        "pipeline.yaml",
    ]
    assert yaml.safe_load((folder / "environment.yml").read_text())["name"] == "bare"
    assert cauce(folder, "status").returncode == 0
    nowhere = cauce(tmp_path, "scaffold")
    assert nowhere.returncode == 2
    assert "cauce scaffold NAME" in nowhere.stderr
