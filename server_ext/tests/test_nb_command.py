"""`cauce nb`: cells in and out of sources, other formats, pairs; what is not concerned keeps its bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cauce.engine.editing import apply
from cauce.engine.editing.cells import inject_cells, remove_cells
from cauce.engine.notebook import read_notebook
from cauce.engine.parsecache import ParseCache
from cauce.engine.project import Project, load
from cauce.engine.spec import entry_of_file

Fetch = Callable[..., Awaitable[Any]]

PERCENT = (
    '# %% [markdown]\n# # Title\n\n# %% tags=["parameters"]\nupstream = None\nproduct = None\n\n# %%\nx  =  1 # é\n'
)
LIGHT = (
    '# # Title\n\n# + tags=["parameters"]\nupstream = None\nproduct = None\n# -\n\nx  =  1\n\n# +\ny = 2\n\n\nz = 3\n'
)
MARKDOWN = (
    '# Title\n\n```python tags=["parameters"]\nupstream = None\nproduct = None\n```\n\nText.\n\n```python\nx = 1\n```\n'
)
R = '# %% tags=["parameters"]\nupstream <- NULL\nproduct <- NULL\n\n# %%\nx <- 1\n'


def ipynb(indent: int = 1) -> bytes:
    cells = [
        nbformat.v4.new_code_cell("upstream = None\nproduct = None", id="a", metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell("x = 1\nx", id="b", metadata={"tags": []}, execution_count=2),
    ]
    cells[1].outputs = [nbformat.v4.new_output("execute_result", {"text/plain": "1"}, execution_count=2)]
    found = nbformat.v4.new_notebook(cells=cells, metadata={"z": 1, "a": {"é": None}})
    return (json.dumps(found, indent=indent) + "\n").encode()


def make(root: Path, sources: dict[str, str | bytes], more: str = "") -> Path:
    root.mkdir(parents=True, exist_ok=True)
    for name, content in sources.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    spec = "# mine\ntasks:\n" + "".join(
        f"  - source: '{name}'  # here\n    name: {Path(name).stem}{Path(name).suffix[1:]}\n"
        f"    product: {{nb: out/{name.replace('/', '-')}.ipynb}}\n    params: {{depth: 3}}\n"
        for name in sources
    )
    (root / "pipeline.yaml").write_text(spec + more)
    return root


def look(folder: Path) -> Project:
    return load(entry_of_file(folder / "pipeline.yaml"), ParseCache())


def cauce(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cauce", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


SOURCES: dict[str, str | bytes] = {
    "percent.py": PERCENT,
    "tasks/light.py": LIGHT,
    "windows.py": b"\xef\xbb\xbf" + PERCENT.replace("\n", "\r\n").rstrip().encode(),
    "latin.py": ("# -*- coding: latin-1 -*-\n" + PERCENT).encode("latin-1"),
    "none.py": "import os\n\nprint(os.name)\n",
    "text.md": MARKDOWN,
    "r.R": R,
    "book.ipynb": ipynb(),
    "wide.ipynb": ipynb(indent=4),
}


# --- In and out ----------------------------------------------------------------------------


def test_inject_and_remove_leave_every_source_as_it_was(tmp_path: Path) -> None:
    folder = make(tmp_path / "project", SOURCES)
    before = {name: (folder / name).read_bytes() for name in SOURCES}

    done = cauce(folder, "nb", "--inject")
    assert done.returncode == 0, done.stderr
    for name in SOURCES:
        notebook = read_notebook((folder / name).read_bytes(), Path(name))
        [cell] = [cell for cell in notebook.cells if cell.metadata.get("tags") == ["injected-parameters"]]
        assert "depth" in cell.source
        assert "cauce" not in cell.metadata
    again = cauce(folder, "nb", "-i")
    assert again.stdout.count("holds the cell already.") == len(SOURCES)
    problems = [problem for problem in look(folder).problems if problem.severity == "error"]
    assert not [problem for problem in problems if problem.code != "parameters_last"]

    removed = cauce(folder, "nb", "--remove")
    assert removed.stdout.count("removed 1 cell.") == len(SOURCES)
    assert {name: (folder / name).read_bytes() for name in SOURCES} == before
    assert cauce(folder, "nb", "-r").stdout == "Nothing had to change.\n"


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {"ServerApp": {"jpserver_extensions": {"cauce": True}}}


@pytest.mark.case("J9", note="no header is written for it: --remove leaves the file as it was")
async def test_an_injected_cell_that_the_file_holds_outlives_opening_and_saving(
    jp_fetch: Fetch, jp_serverapp: Any, jp_root_dir: Path
) -> None:
    await jp_serverapp.extension_manager.start_all_extensions()
    folder = make(jp_root_dir / "project", {"fit.py": PERCENT, "book.ipynb": ipynb()})
    apply(inject_cells(look(folder)))
    for source in ("fit.py", "book.ipynb"):
        held = (folder / source).read_bytes()
        place = ("api", "contents", "project", source)
        reply = await jp_fetch(*place, params={"type": "notebook", "content": "1"})
        model = json.loads(reply.body)
        told = [cell for cell in model["content"]["cells"] if "injected-parameters" in cell["metadata"].get("tags", [])]
        assert [cell["metadata"].get("cauce") is None for cell in told] == [True, False], "the file's, then ours"
        await jp_fetch(*place, method="PUT", body=json.dumps(model))
        assert (folder / source).read_bytes() == held
        model["content"]["cells"][-1]["source"] = "edited = True"
        await jp_fetch(*place, method="PUT", body=json.dumps(model))
        saved = (folder / source).read_text()
        assert "edited = True" in saved
        assert saved.count("injected-parameters") == 1


INJECTED = '# %% tags=["injected-parameters"]\n# Parameters\nproduct = {"nb": "/abs/out.ipynb"}\n\n'
DEBUGGING = '# %% tags=["debugging-settings"]\nimport os\nos.chdir("/abs")\n\n'


@pytest.mark.case("X8", note="all of them, in all sources, whoever wrote them; the rest keeps its bytes")
def test_all_injected_and_debugging_cells_go_and_nothing_else(tmp_path: Path) -> None:
    clean = PERCENT.replace("# %%\nx", "# %% tags=[]\nx")
    book = json.loads(ipynb())
    dirty = json.loads(ipynb())
    for tag in ("injected-parameters", "debugging-settings", "injected-parameters"):
        cell = nbformat.v4.new_code_cell(
            "x = 1", id=f"{tag[:3]}{len(dirty['cells'])}", metadata={"tags": [tag, "more"]}
        )
        dirty["cells"].insert(1, cell)
    dirty["metadata"]["ploomber"] = {"injected_manually": True}
    folder = make(
        tmp_path / "project",
        {
            "fit.py": clean.replace("# %% tags=[]", INJECTED + DEBUGGING + INJECTED + "# %% tags=[]"),
            "book.ipynb": json.dumps(dirty, indent=2).encode(),
            "clean.py": clean,
        },
    )
    done = cauce(folder, "nb", "--remove")
    assert done.stdout == "fit.py: removed 3 cells.\nbook.ipynb: removed 3 cells.\n"
    assert (folder / "fit.py").read_text() == clean
    assert (folder / "clean.py").read_text() == clean
    assert (folder / "book.ipynb").read_bytes() == json.dumps(book, indent=2).encode()


def test_cells_that_ploomber_committed_go_with_its_note_in_the_header(tmp_path: Path) -> None:
    kernel = "#   kernelspec:\n#     display_name: Python 3\n#     language: python\n#     name: python3\n"
    note = "#   ploomber:\n#     injected_manually: true\n"
    header = "# ---\n# jupyter:\n{}# ---\n\n"
    text = header.format(note + kernel) + PERCENT.replace("# %%\nx", INJECTED + "# %%\nx")
    folder = make(tmp_path / "project", {"fit.py": text})
    apply(remove_cells(look(folder)))
    assert (folder / "fit.py").read_text() == header.format(kernel) + PERCENT


def test_a_shared_source_gets_the_values_of_the_first_task_or_of_the_named_one(tmp_path: Path) -> None:
    more = "  - {source: fit.py, name: second, product: {nb: out/second.ipynb}, params: {depth: 9}}\n"
    folder = make(tmp_path / "project", {"fit.py": PERCENT}, more)
    assert "injected for 'fitpy', one of 2 tasks that share it." in cauce(folder, "nb", "-i").stdout
    assert "depth = 3" in (folder / "fit.py").read_text()
    assert cauce(folder, "nb", "-i", "--task", "sec*").returncode == 0
    assert "depth = 9" in (folder / "fit.py").read_text()
    assert "depth = 3" not in (folder / "fit.py").read_text()
    (folder / "setup.cfg").write_text("[ploomber]\ninject-priority = gone, *econd\n")
    assert "injected for 'fitpy'" in cauce(folder, "nb", "-i", "--task", "fitpy").stdout
    said = cauce(folder, "nb", "-i").stdout
    assert "injected for 'second', one of 2 tasks that share it." in said
    assert "No notebook or script is a task called 'gone', which setup.cfg prefers." in said
    wrong = cauce(folder, "nb", "-i", "--task", "thrid")
    assert wrong.returncode == 2
    assert "'thrid'" in wrong.stderr


some = ["x = 1", "if x:\n    y = 2\n\n\nz = 3", "# only a comment", "%matplotlib inline", "s = '''\n\n# %% no\n'''"]
cells = st.lists(st.sampled_from(some), min_size=1, max_size=4)
PARAMETERS = ' tags=["parameters"]'


@settings(max_examples=40)
@given(cells, st.sampled_from(["percent", "ipynb"]), st.sampled_from([0, 1]), st.booleans())
def test_any_source_is_the_same_after_injecting_and_removing(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], form: str, place: int, ended: bool
) -> None:
    folder = tmp_path_factory.mktemp("any") / "project"
    tagged = min(place, len(texts) - 1)
    if form == "percent":
        heads = [f"# %%{PARAMETERS if index == tagged else ''}" for index in range(len(texts))]
        parts = [f"{head}\n{text}\n" for head, text in zip(heads, texts, strict=True)]
        content = "\n".join(parts).rstrip("\n").encode() + (b"\n" if ended else b"")
        name = "fit.py"
    else:
        new = [
            nbformat.v4.new_code_cell(text, id=str(index), metadata={"tags": ["parameters"]} if index == tagged else {})
            for index, text in enumerate(texts)
        ]
        content = json.dumps(nbformat.v4.new_notebook(cells=new), indent=None if ended else 3).encode()
        name = "fit.ipynb"
    make(folder, {name: content})
    change = inject_cells(look(folder))
    apply(change)
    assert (folder / name).read_bytes() != content
    apply(remove_cells(look(folder)))
    assert (folder / name).read_bytes() == content


# --- Formats -------------------------------------------------------------------------------


def texts(path: Path) -> list[tuple[str, str, list[str]]]:
    notebook = read_notebook(path.read_bytes(), path)
    return [(cell.cell_type, cell.source.strip(), cell.metadata.get("tags") or []) for cell in notebook.cells]


def test_sources_are_converted_and_the_pipeline_follows(tmp_path: Path) -> None:
    folder = make(tmp_path / "project", {"tasks/a.py": PERCENT, "b.py": LIGHT, "c.ipynb": ipynb(), "d.R": R})
    spec = (folder / "pipeline.yaml").read_text()
    had = {name: texts(folder / name) for name in ("tasks/a.py", "b.py", "c.ipynb")}

    done = cauce(folder, "nb", "--format", "ipynb")
    assert done.returncode == 0, done.stderr
    assert "tasks/a.py: now tasks/a.ipynb.\n" in done.stdout
    now = (folder / "pipeline.yaml").read_text()
    assert now == spec.replace("a.py'", "a.ipynb'").replace("b.py'", "b.ipynb'").replace("d.R'", "d.ipynb'")
    assert not list(folder.rglob("*.py"))
    assert texts(folder / "tasks/a.ipynb") == had["tasks/a.py"]
    project = look(folder)
    assert not [problem for problem in project.problems if problem.severity == "error"]

    back = cauce(folder, "nb", "-f", "py:percent")
    assert "d.ipynb was left as it is: it is written in r.\n" in back.stdout
    assert "c.ipynb: now c.py. Its outputs are not in there" in back.stdout
    assert {name: texts(folder / name.replace("ipynb", "py")) for name in had} == had
    light = cauce(folder, "nb", "-f", "py:light")
    assert light.returncode == 0
    assert "# + " in (folder / "tasks/a.py").read_text()
    assert {name: texts(folder / name.replace("ipynb", "py")) for name in had} == had


def test_a_conversion_that_cannot_be_is_refused_and_nothing_changes(tmp_path: Path) -> None:
    folder = make(tmp_path / "project", {"a.py": PERCENT, "b.py": PERCENT})
    (folder / "b.ipynb").write_bytes(ipynb())
    before = {path: path.read_bytes() for path in folder.iterdir()}
    for wanted, words in (
        ("ipynb", "b.ipynb is there already."),
        ("py:marimo", "'py:marimo'"),
        ("tex", "'tex'"),
        ("py:x", "'py:x'"),
    ):
        done = cauce(folder, "nb", "--format", wanted)
        assert done.returncode == 2
        assert words in done.stderr
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


# --- Pairs ---------------------------------------------------------------------------------


def test_pairs_are_made_and_kept_in_step(tmp_path: Path) -> None:
    folder = make(tmp_path / "project", {"tasks/a.py": PERCENT})
    script, twin = folder / "tasks/a.py", folder / "tasks/nbs/a.ipynb"
    done = cauce(folder, "nb", "--pair", "nbs")
    assert done.stdout == "tasks/a.py: paired with tasks/nbs/a.ipynb.\n"
    assert script.read_text().endswith(PERCENT)
    assert texts(twin) == texts(script)
    assert cauce(folder, "nb", "--sync").stdout == "Nothing had to change.\n"

    notebook = nbformat.read(twin, 4)
    notebook.cells[-1].outputs = [nbformat.v4.new_output("stream", text="kept\n")]
    nbformat.write(notebook, twin)
    script.write_text(script.read_text().replace("product = None", "product = None\nmore = 1"))
    os.utime(script, ns=(twin.stat().st_mtime_ns + 10**9,) * 2)
    assert "tasks/nbs/a.ipynb: now as tasks/a.py." in cauce(folder, "nb", "-s").stdout
    assert texts(twin) == texts(script)
    assert nbformat.read(twin, 4).cells[-1].outputs[0].text == "kept\n"

    notebook = nbformat.read(twin, 4)
    notebook.cells[-1].source = "x  =  2"
    nbformat.write(notebook, twin)
    os.utime(twin, ns=(script.stat().st_mtime_ns + 10**9,) * 2)
    assert "tasks/a.py: now as tasks/nbs/a.ipynb." in cauce(folder, "nb", "-s").stdout
    assert script.read_text().endswith("# %%\nx  =  2\n")
    assert not [problem for problem in look(folder).problems if problem.severity == "error"]


# --- Git -----------------------------------------------------------------------------------


def git(folder: Path, *arguments: str) -> str:
    who = {f"GIT_{role}_{what}": f"{what}@x" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env={**os.environ, **who, "GIT_CONFIG_GLOBAL": os.devnull},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_the_hook_keeps_cells_out_of_commits_and_leaves_the_files_alone(tmp_path: Path) -> None:
    folder = make(tmp_path / "repository" / "project", {"fit.py": PERCENT, "book.ipynb": ipynb(), "b.py": PERCENT})
    repository = folder.parent
    git(repository, "init", "-q")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "first")
    assert "will not be committed" in cauce(folder, "nb", "--install-hook").stdout
    assert cauce(folder, "nb", "-I").returncode == 0, "twice does no harm"

    apply(inject_cells(look(folder)))
    injected = {name: (folder / name).read_bytes() for name in ("fit.py", "book.ipynb", "b.py")}
    (folder / "fit.py").write_bytes(injected["fit.py"].replace(b"x  =  1", b"x  =  2"))
    git(repository, "add", "project/fit.py", "project/book.ipynb")
    (folder / "fit.py").write_bytes((folder / "fit.py").read_bytes() + b"not_staged = 1\n")
    now = (folder / "fit.py").read_bytes()
    git(repository, "commit", "-q", "-m", "second")
    assert git(repository, "show", "HEAD:project/fit.py") == PERCENT.replace("x  =  1", "x  =  2")
    assert git(repository, "show", "HEAD:project/book.ipynb").encode() == ipynb()
    assert git(repository, "show", "HEAD:project/b.py") == PERCENT
    assert (folder / "fit.py").read_bytes() == now
    assert (folder / "book.ipynb").read_bytes() == injected["book.ipynb"]

    assert "Removed" in cauce(folder, "nb", "--uninstall-hook").stdout
    hook = repository / ".git/hooks/pre-commit"
    assert not hook.exists()
    hook.write_text("#!/bin/sh\nexit 0\n")
    foreign = cauce(folder, "nb", "--install-hook")
    assert foreign.returncode == 2
    assert "There is a hook already" in foreign.stderr
    assert hook.read_text() == "#!/bin/sh\nexit 0\n"
    git(repository, "config", "core.hooksPath", "/dev/null")
    nowhere = cauce(folder, "nb", "--install-hook")
    assert nowhere.returncode == 1
    assert "Error: /dev/null/pre-commit cannot be written" in nowhere.stderr
