"""A notebook's sections as files: what a reader sees of them, and that nothing of the notebook is lost."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import pytest
import yaml
from hypothesis import Phase, given, settings
from splits import pictures
from test_refactor_same import programs

from cauce.contract import Split, SplitRequest
from cauce.engine.editing import perform, undo
from cauce.engine.errors import CauceError, UsageError
from cauce.engine.notebook import read_notebook
from cauce.engine.refactor.model import Effect, Statement, Trace
from cauce.engine.refactor.reading.book import read_book
from cauce.engine.refactor.reading.statements import read_statements
from cauce.engine.refactor.writing.cutting import lifted, rest_of
from cauce.engine.refactor.writing.planning import Plan, plan
from cauce.engine.refactor.writing.projecttext import gitignore_after, readme_after
from cauce.engine.refactor.writing.requirements import requirements_after, requirements_of

# --- Statements out of cells ----------------------------------------------------------------


def statements_of(text: str) -> list[Statement]:
    """The statements of a cell without magics; imports and definitions are told from the rest."""
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    found = []
    for index, node in enumerate(ast.parse(text).body):
        line, column = min([(node.lineno, node.col_offset), *((each.lineno, 0) for each in decorators(node))])
        start, stop = starts[line - 1] + column, starts[(node.end_lineno or 1) - 1] + (node.end_col_offset or 0)
        imports = isinstance(node, ast.Import | ast.ImportFrom)
        defines = isinstance(node, ast.FunctionDef | ast.ClassDef)
        kind = "import" if imports else "definition" if defines else "code"
        found.append(Statement(index, 0, line, start, stop, text[start:stop], kind, Effect(), node))  # type: ignore[arg-type]
    return found


def decorators(node: ast.stmt) -> list[ast.expr]:
    return node.decorator_list if isinstance(node, ast.FunctionDef | ast.ClassDef) else []


@pytest.mark.parametrize(
    ("cell", "rest"),
    [
        ("import x", ""),
        ("import x\nimport y\n", ""),
        ("# What is needed\nimport x\n\n# and this\nimport y", ""),
        ("a = 1; import x", "a = 1"),
        ("import x; a = 1", "a = 1"),
        ("a; import x; b;", "a; b;"),
        ("import x; import y; import z", ""),
        ("import x;df.plot();", "df.plot();"),
        ("a = 1; import x  # why", "a = 1  # why"),
        ("import x  # noqa\na", "a"),
        ("from x import (\n    y,  # this\n    z,\n)\na", "a"),
        ("a\n\nimport x\n\nb", "a\n\nb"),
        ("a\n\n\nimport x\n\n\nb", "a\n\n\nb"),
        ("# Read it\nimport x\na = x.read()", "# Read it\na = x.read()"),
        ("'''\n# no comment\n'''\nimport x", "'''\n# no comment\n'''"),
        ("a = 1\n# what f is for\n@wrapped\ndef f():\n    return 1  # one\nb = 2", "a = 1\nb = 2"),
        ("# only words\n", "# only words\n"),
        ("if a:\n    import x\nimport y", "if a:\n    import x"),
        ('a = """\n    import x"""; import x', 'a = """\n    import x"""'),
    ],
)
def test_statements_are_cut_out_cleanly(cell: str, rest: str) -> None:
    held = statements_of(cell)
    gone = [each for each in held if each.kind != "code"]
    assert rest_of(cell, gone, (), held) == rest


def test_a_definition_takes_its_comments_along() -> None:
    cell = "a = 1\n\n# Cleans.\n# Twice.\n@wrapped\ndef clean(x):\n    return x  # as it is\n\n\nb = 2; import y  # noqa: F401"  # noqa: E501 - a cell as somebody wrote it
    held = statements_of(cell)
    function, module = held[1], held[3]
    assert lifted(cell, function, (), held) == "# Cleans.\n# Twice.\n@wrapped\ndef clean(x):\n    return x  # as it is"
    assert lifted(cell, module, (), held) == "import y  # noqa: F401"
    assert rest_of(cell, [function, module], (), held) == "a = 1\n\nb = 2  # noqa: F401"


# --- Files that are there already -----------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, "# What the tasks import\nnumpy==2.0\npandas==2.2\n"),
        (
            "numpy>=1.20\nPandas [extra] ; python_version > '3'\n",
            "numpy>=1.20\nPandas [extra] ; python_version > '3'\n",
        ),
        ("numpy", "numpy\n# What the tasks import\npandas==2.2\n"),
        ("# What the tasks import\nnumpy==1.0\n", "# What the tasks import\nnumpy==1.0\npandas==2.2\n"),
        ("-r other.txt\n", "-r other.txt\n# What the tasks import\nnumpy==2.0\npandas==2.2\n"),
    ],
)
def test_requirements_get_what_they_lack(before: str | None, after: str) -> None:
    wanted = {"numpy": "numpy==2.0", "pandas": "pandas==2.2"}
    assert requirements_after(before, wanted) == after
    assert requirements_after(after, wanted) == after


@pytest.mark.parametrize(
    ("before", "prefix", "after"),
    [
        (None, "output", "output/\n"),
        ("*.pyc", "output", "*.pyc\noutput/\n"),
        ("/output\n", "output", "/output\n"),
        (None, "/data/made", None),
        ("x\n", "/data/made", "x\n"),
    ],
)
def test_what_is_made_is_ignored_by_git(before: str | None, prefix: str, after: str | None) -> None:
    assert gitignore_after(before, prefix) == after


def test_a_readme_is_added_to_once() -> None:
    def after(before: str | None) -> str:
        return readme_after(
            before, "work", notebook="a.ipynb", pipeline="pipeline.yaml", tasks="tasks/", prefix="output/"
        )

    assert after(None).startswith("# work\n\n## Pipeline\n")
    added = after("# Mine\nIt is about much.")
    assert added.startswith("# Mine\nIt is about much.\n\n## Pipeline\n")
    assert after(added) == added


# --- Whole notebooks ------------------------------------------------------------------------

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def notebook(*cells: str, metadata: dict[str, Any] | None = None) -> bytes:
    """An .ipynb: what begins with '#' and a blank, or with '##', is Markdown; a raw cell begins with '>'."""
    made = []
    for index, text in enumerate(cells):
        kind = "markdown" if re.match(r"#+ ", text) else "code"
        cell: dict[str, Any] = {"cell_type": kind, "id": f"c{index}", "metadata": {}, "source": text}
        made.append(cell | ({"execution_count": 7, "outputs": []} if kind == "code" else {}))
    meta = {"kernelspec": KERNEL} if metadata is None else metadata
    return json.dumps({"cells": made, "metadata": meta, "nbformat": 4, "nbformat_minor": 5}).encode()


CHAIN = notebook(
    "# Numbers",
    "## Set-up",
    "import math\nimport json",
    "## Load",
    "x = [1, 2]\ny = sum(x) / 3",
    "## Clean",
    "x = [math.floor(each) for each in x]\nprint(x)",
    "## Plot",
    "print(x, y)",
)


def planned(place: Path, content: bytes = CHAIN, name: str = "work.ipynb", **wishes: Any) -> Plan:
    """The plan for a notebook in a folder, where it is then, too."""
    place.mkdir(exist_ok=True)
    (place / name).write_bytes(content)
    return plan(SplitRequest(notebook=name, **wishes), content, None, place)


def done(place: Path, content: bytes = CHAIN, name: str = "work.ipynb", **wishes: Any) -> Split:
    """The same, written."""
    found = planned(place, content, name, **wishes)
    assert found.planned is not None, found.split.remarks
    perform(found.entry, found.planned)
    return found.split


def cells_of(path: Path) -> list[tuple[str, str, list[str]]]:
    read = read_notebook(path.read_bytes(), path)
    return [(cell.cell_type, cell.source, cell.metadata.get("tags") or []) for cell in read.cells]


def files_below(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".cauce" not in path.parts
    }


@pytest.mark.case("A3", "C8")
@pytest.mark.parametrize("source_format", ["py", "ipynb"])
def test_a_task_says_what_its_section_did(tmp_path: Path, source_format: str) -> None:
    done(tmp_path, source_format=source_format)
    assert cells_of(tmp_path / f"tasks/clean.{source_format}") == [
        ("markdown", "## Clean", []),
        ("code", "import pickle\nfrom pathlib import Path\n\nimport math", ["imports"]),
        ("code", 'upstream = ["load"]\nproduct = None', ["parameters"]),
        ("code", 'with Path(upstream["load"]["x"]).open("rb") as file:\n    x = pickle.load(file)', ["load"]),
        ("code", "x = [math.floor(each) for each in x]\nprint(x)", []),
        (
            "code",
            'Path(product["x"]).parent.mkdir(parents=True, exist_ok=True)\n'
            'with Path(product["x"]).open("wb") as file:\n    pickle.dump(x, file)',
            ["save"],
        ),
    ]
    first = cells_of(tmp_path / f"tasks/load.{source_format}")
    assert first[0] == ("markdown", "# Numbers", [])
    assert ("code", "upstream = None\nproduct = None", ["parameters"]) in first
    pipeline = yaml.safe_load((tmp_path / "pipeline.yaml").read_text())
    assert pipeline["tasks"][2] == {
        "source": f"tasks/plot.{source_format}",
        "product": {"nb": "output/plot.ipynb"},
    }


@pytest.mark.case("C19")
def test_notebooks_know_their_kernel(tmp_path: Path) -> None:
    script = b"# %% [markdown]\n# ## One\n\n# %%\nx = 1.5; y = [x]\n\n# %% [markdown]\n# ## Two\n\n# %%\nprint(y)\n"
    done(tmp_path / "a", script, "work.py", source_format="ipynb")
    held = json.loads((tmp_path / "a/tasks/two.ipynb").read_text())
    assert held["metadata"]["kernelspec"]["name"] == "python3"
    done(tmp_path / "b", CHAIN, source_format="py")
    assert (tmp_path / "b/tasks/load.py").read_text().startswith("# %% [markdown]\n# # Numbers\n")
    other = notebook("## A", "x = [len('a')]", "## B", "print(x)", metadata={"kernelspec": {**KERNEL, "name": "lab"}})
    done(tmp_path / "c", other, source_format="py")
    assert "name: lab" in (tmp_path / "c/tasks/a.py").read_text()


@pytest.mark.case("C9")
@pytest.mark.parametrize("source_format", ["py", "ipynb"])
def test_magics_stay_as_they_are(tmp_path: Path, source_format: str) -> None:
    content = notebook(
        "## One",
        "%%bash\nls",
        "%%html\n<b>x</b>",
        "%%capture\nimport math\nx = [math.pi]",
        "import json\n%timeit json.dumps(1)\n!echo hello",
        "## Two",
        "%cd .\nprint(x)",
    )
    done(tmp_path, content, source_format=source_format)
    texts = [text for kind, text, tags in cells_of(tmp_path / f"tasks/one.{source_format}") if kind == "code"]
    assert "%%bash\nls" in texts
    assert "%%html\n<b>x</b>" in texts
    assert "%%capture\nx = [math.pi]" in texts
    assert "%timeit json.dumps(1)\n!echo hello" in texts
    assert "import math" in texts[0]
    assert "import json" in texts[0]


@pytest.mark.case("C15")
@pytest.mark.parametrize(
    ("wishes", "save", "load", "suffix"),
    [
        ({}, 'df.to_parquet(product["df"])', 'df = pd.read_parquet(upstream["load"]["df"])', "parquet"),
        (
            {"df_format": "csv"},
            'df.to_csv(product["df"], index=False)',
            'df = pd.read_csv(upstream["load"]["df"])',
            "csv",
        ),
    ],
)
def test_tables_are_stored_as_asked(tmp_path: Path, wishes: dict[str, Any], save: str, load: str, suffix: str) -> None:
    content = notebook("## Load", "import pandas as pd\ndf = pd.read_csv('x.csv')", "## Use", "df.head()")
    done(tmp_path, content, **wishes)
    assert cells_of(tmp_path / "tasks/load.ipynb")[-1][1].splitlines()[-1] == save
    assert cells_of(tmp_path / "tasks/use.ipynb")[3][1] == load
    assert f"output/load-df.{suffix}" in (tmp_path / "pipeline.yaml").read_text()


@pytest.mark.case("C15")
@pytest.mark.parametrize("serializer", ["pickle", "cloudpickle", "dill"])
def test_what_is_no_table_is_stored_as_asked(tmp_path: Path, serializer: str) -> None:
    content = notebook("## Load", "f = [lambda x: x]", "## Use", "f[0](1)")
    done(tmp_path, content, serializer=serializer)
    assert f"    {serializer}.dump(f, file)" in cells_of(tmp_path / "tasks/load.ipynb")[-1][1]
    assert f"    f = {serializer}.load(file)" in cells_of(tmp_path / "tasks/use.ipynb")[3][1]
    listed = (tmp_path / "requirements.txt").read_text() if serializer != "pickle" else ""
    assert (serializer in listed) == (serializer != "pickle")


@pytest.mark.case("C16")
@pytest.mark.parametrize(
    ("imported", "listed"), [("pyarrow", {"pyarrow"}), ("fastparquet", {"fastparquet"}), ("", {"pyarrow"})]
)
def test_parquet_needs_one_library(tmp_path: Path, imported: str, listed: set[str]) -> None:
    more = f"import {imported}\n{imported}.x\n" if imported else ""
    content = notebook("## Load", f"{more}import pandas as pd\ndf = pd.read_csv('x.csv')", "## Use", "df.head()")
    done(tmp_path, content)
    names = {re.match(r"[\w-]+", line)[0] for line in (tmp_path / "requirements.txt").read_text().splitlines()[1:]}  # type: ignore[index]
    assert names == {"pandas", *listed}


@pytest.mark.case("C22")
def test_requirements_are_what_is_imported(tmp_path: Path) -> None:
    (tmp_path / "mine.py").touch()
    code = (
        "import yaml.nodes as c\nimport os, nbformat\nfrom msgspec.json import decode\nimport mine\nimport sklearn.svm"
    )
    code += "\nimport nowhere_at_all"
    use = "print(c, os, nbformat, decode, mine, sklearn, nowhere_at_all)\nx = [1]"
    done(tmp_path, notebook("## One", code, use, "## Two", "def f():\n    import click", "f(); x"))
    lines = (tmp_path / "requirements.txt").read_text().splitlines()[1:]
    assert [re.split("==| ", line)[0].lower() for line in lines] == [
        "click",
        "msgspec",
        "nbformat",
        "nowhere_at_all",
        "pyyaml",
        "scikit-learn",
    ]
    assert all("==" in line or "not installed" in line for line in lines)


def test_a_module_that_was_found_when_it_ran_and_that_no_package_has_brought_is_not_to_be_installed() -> None:
    seen = Trace("", (), distributions={"numpy": "numpy==2.0"})
    modules = ["numpy", "nowhere_at_all"]
    assert requirements_of(modules, (), (), seen) == {"numpy": "numpy==2.0"}
    for trace in (None, Trace("", (), distributions={"numpy": "numpy==2.0"}, failed=3)):
        assert "nowhere-at-all" in requirements_of(modules, (), (), trace)


@pytest.mark.case("C17", "N21")
def test_a_second_time_nothing_is_to_be_done(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("requests\r\n", newline="")
    (tmp_path / "README.md").write_text("# Mine\n")
    (tmp_path / ".gitignore").write_text("*.pyc\n")
    done(tmp_path, notebook("## A", "import yaml\nx = [yaml.SafeLoader]", "## B", "print(x)"))
    before = files_below(tmp_path)
    assert before["requirements.txt"].startswith(b"requests\r\n# What the tasks import\r\n")
    assert before["README.md"].startswith(b"# Mine\n\n## Pipeline\n")
    assert before[".gitignore"] == b"*.pyc\noutput/\n"
    again = planned(tmp_path, before["work.ipynb"])
    assert again.planned is not None
    assert again.planned.change.files == ()
    assert {file.kind for file in again.split.files} == {"same"}


@pytest.mark.case("C18")
def test_products_go_where_they_are_wanted(tmp_path: Path) -> None:
    done(tmp_path, prefix="made/here")
    tasks = yaml.safe_load((tmp_path / "pipeline.yaml").read_text())["tasks"]
    assert all(path.startswith("made/here/") for task in tasks for path in task["product"].values())
    assert (tmp_path / ".gitignore").read_text() == "made/here/\n"
    inside = done(tmp_path / "b", prefix=str(tmp_path / "b/there"))
    assert inside.tasks[0].products[0].path == "there/load-x.pkl"
    outside = planned(tmp_path / "c", prefix="/elsewhere").split
    assert not outside.applicable  # products stay in the project
    assert outside.remarks[0].code == "path_outside"


@pytest.mark.case("N18")
def test_a_variable_may_be_called_nb(tmp_path: Path) -> None:
    split = done(tmp_path, notebook("## A", "nb = [1]\nX = [2]\nx = [len(X)]", "## B", "print(nb, X, x)"))
    assert [(each.key, each.path) for each in split.tasks[0].products] == [
        ("nb_2", "output/a-nb_2.pkl"),
        ("X", "output/a-X.pkl"),
        ("x", "output/a-x-2.pkl"),  # for file systems that take X and x for the same
    ]


def test_names_that_the_notebook_uses_are_left_to_it(tmp_path: Path) -> None:
    content = notebook(
        "## A",
        "from itertools import product\nfrom matplotlib.path import Path\nfile = 1.5\npickle = list(product([file]))",
        "## B",
        "print(pickle, list(product([1])), Path)\nupstream = [1]",
        "## C",
        "print(upstream, file)",
    )
    done(tmp_path, content, source_format="py")
    assert (tmp_path / "tasks/b.py").read_text().split("\n\n", 1)[1] == (
        '# %% tags=["imports"]\nimport pathlib\nimport pickle as _pickle\n\nfrom matplotlib.path import Path\n\n'
        '# %% tags=["parameters"]\nupstream = ["a"]\nproduct = None\n\n'
        '# %% tags=["load"]\ntask_upstream, task_product = upstream, product\n'
        'with pathlib.Path(task_upstream["a"]["pickle"]).open("rb") as file_:\n    pickle = _pickle.load(file_)\n\n'
        '# %% tags=["setup"]\nfrom itertools import product\n\n'
        "# %%\nprint(pickle, list(product([1])), Path)\nupstream = [1]\n\n"
        '# %% tags=["save"]\npathlib.Path(task_product["upstream"]).parent.mkdir(parents=True, exist_ok=True)\n'
        'with pathlib.Path(task_product["upstream"]).open("wb") as file_:\n    _pickle.dump(upstream, file_)\n'
    )


@pytest.mark.case("C11")
def test_functions_get_a_module(tmp_path: Path) -> None:
    content = notebook(
        "## A",
        "import math\nimport json\n# Doubles.\ndef twice(x):\n    return math.fsum([x, x])\nx = [twice(1)]",
        "## B",
        "class Big:\n    size = 3\n\n@staticmethod\ndef half(x):\n    return x / 2\nprint(x, Big, half, json)",
    )
    done(tmp_path, content, tests=True)
    assert (tmp_path / "definitions.py").read_text() == (
        '"""Functions and classes of work.ipynb."""\n\nimport math\n\n\n'
        "# Doubles.\ndef twice(x):\n    return math.fsum([x, x])\n\n\n"
        "class Big:\n    size = 3\n\n\n@staticmethod\ndef half(x):\n    return x / 2\n"
    )
    assert "from definitions import twice" in cells_of(tmp_path / "tasks/a.ipynb")[1][1]
    assert "def test_twice()" in (tmp_path / "tests/test_definitions.py").read_text()
    done(tmp_path / "none", notebook("## A", "x = [len('a')]", "## B", "print(x)"), tests=True)
    assert not (tmp_path / "none/definitions.py").exists()
    assert not (tmp_path / "none/tests").exists()


def test_the_module_hides_no_other(tmp_path: Path) -> None:
    content = notebook("## A", "def f(): return 1\nx = [f()]", "## B", "print(x)")
    (tmp_path / "definitions.py").write_text("mine = 1\n")
    done(tmp_path, content)
    assert (tmp_path / "definitions.py").read_text() == "mine = 1\n"
    assert "def f" in (tmp_path / "definitions_2.py").read_text()
    assert done(tmp_path / "b", content, module="json").remarks[0].code == "module_name"
    assert (tmp_path / "b/json_2.py").exists()


def test_what_is_there_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks/clean.ipynb").write_text("mine")
    (tmp_path / "pipeline.yaml").write_text("tasks: []\n")
    found = planned(tmp_path)
    assert found.planned is None
    assert not found.split.applicable
    errors = {remark.names[0]: remark for remark in found.split.remarks if remark.severity == "error"}
    assert set(errors) == {"tasks/clean.ipynb", "pipeline.yaml"}
    assert errors["pipeline.yaml"].proposals[0].pipeline == "pipeline.work.yaml"
    assert errors["tasks/clean.ipynb"].proposals[0].folder == "work"
    assert {file.path: file.kind for file in found.split.files}["tasks/clean.ipynb"] == "kept"
    done(tmp_path, folder="work")
    assert (tmp_path / "work/pipeline.yaml").exists()


@pytest.mark.case("N22", "C23")
def test_all_or_nothing(tmp_path: Path) -> None:
    found = planned(tmp_path)
    assert found.planned is not None
    before = files_below(tmp_path)
    (tmp_path / "tasks").write_text("in the way")  # since it was planned
    with pytest.raises(CauceError):
        perform(found.entry, found.planned)
    (tmp_path / "tasks").unlink()
    assert files_below(tmp_path) == before
    _, record = perform(found.entry, found.planned)
    planned_back = undo(found.entry, record)
    perform(found.entry, planned_back)
    assert files_below(tmp_path) == before


@pytest.mark.case("N21")
def test_the_same_notebook_gives_the_same_pipeline(tmp_path: Path) -> None:
    texts = set()
    for seed in ("0", "1", "2"):
        folder = tmp_path / seed / "work"
        folder.mkdir(parents=True)
        (folder / "work.ipynb").write_bytes(CHAIN)
        subprocess.run(
            [sys.executable, "-m", "cauce", "refactor", "work.ipynb"],
            cwd=folder,
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        )
        texts.add(tuple(sorted(files_below(folder).items())))
    assert len(texts) == 1


@pytest.mark.case("C20")
@pytest.mark.parametrize(("name", "source_format"), [("a b.ipynb", ""), ("a b.ipynb", "py"), ("a b.py", "ipynb")])
def test_a_single_task(tmp_path: Path, name: str, source_format: str) -> None:
    content = notebook("x = 1", metadata={"kernelspec": KERNEL, "mine": 1}) if name.endswith("ipynb") else b"x = 1\n"
    split = done(tmp_path, content, name, single=True, source_format=source_format)
    suffix = source_format or "ipynb"
    assert split.tasks[0].source == f"tasks/a-b.{suffix}"
    assert cells_of(tmp_path / f"tasks/a-b.{suffix}") == [
        ("code", "upstream = None\nproduct = None", ["parameters"]),
        ("code", "x = 1", []),
    ]
    assert (tmp_path / name).read_bytes() == content
    if source_format == "":
        assert json.loads((tmp_path / "tasks/a-b.ipynb").read_text())["metadata"]["mine"] == 1


def test_a_notebook_with_parameters_is_a_task_as_it_is(tmp_path: Path) -> None:
    content = json.loads(notebook("upstream = None\nproduct = None", "x = 1"))
    content["cells"][0]["metadata"]["tags"] = ["parameters"]
    split = done(tmp_path, json.dumps(content).encode(), single=True)
    assert split.tasks[0].source == "work.ipynb"
    assert not (tmp_path / "tasks").exists()


def test_images_in_the_text_come_along(tmp_path: Path) -> None:
    content = json.loads(notebook("## A", "x = [len('a')]", "## B", "print(x)"))
    content["cells"][2]["attachments"] = {"a.png": {"image/png": "aGk="}}
    content["cells"][3]["metadata"] = {"slideshow": {"slide_type": "slide"}, "scrolled": True}
    done(tmp_path, json.dumps(content).encode())
    cells = json.loads((tmp_path / "tasks/b.ipynb").read_text())["cells"]
    assert cells[0]["attachments"] == {"a.png": {"image/png": "aGk="}}
    assert {"slideshow": {"slide_type": "slide"}} in [cell["metadata"] for cell in cells]


@pytest.mark.parametrize(
    "wishes",
    [{"folder": "../x"}, {"folder": "/x"}, {"prefix": "../x"}, {"pipeline": "a/b.yaml"}, {"module": "a.b"}],
)
def test_paths_stay_in_the_project(tmp_path: Path, wishes: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        planned(tmp_path, **wishes)


def test_our_cells_are_formatted_as_ruff_does(tmp_path: Path) -> None:
    long = "a_rather_long_name_for_a_variable_given"
    content = notebook(
        "## A section with a heading that is long",
        f"import pandas as pd\n{long} = [1]\n{long}_df = pd.read_csv('x.csv')\ndef f(): return 1",
        *(part for n in range(9) for part in (f"## Another section with a heading {n}", f"y{n} = [{long}]")),
        "## End",
        f"print({long}_df, {', '.join(f'y{n}' for n in range(9))})",
    )
    split = done(tmp_path, content, source_format="py", tests=True)
    texts = [(tmp_path / "tests/test_definitions.py").read_text()]
    texts += [text + "\n" for task in split.tasks for _, text, tags in cells_of(tmp_path / task.source) if tags]
    ruff = [sys.executable, "-m", "ruff", "format", "--isolated", "-"]
    for text in texts:
        assert subprocess.run(ruff, input=text, capture_output=True, text=True, check=True).stdout == text


def test_a_split_pipeline_builds(tmp_path: Path) -> None:
    content = notebook(
        "# Whole",
        "## Set-up",
        "import random\nrandom.seed(3)\nLIMIT = 2",
        "## Make",
        "def under(values, limit):\n    return [each for each in values if each < limit]\n",
        "numbers = [random.randint(0, 5) for _ in range(9)]\nalias = numbers",
        "## Change",
        "alias.append(1)",
        "## Use",
        "small = under(numbers, LIMIT)\nassert small[-1] == 1 and alias is numbers",
    )
    done(tmp_path, content, source_format="py")
    built = subprocess.run(
        [sys.executable, "-m", "cauce", "build"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stdout + built.stderr


def test_what_a_pickle_does_not_hold_is_stored_otherwise(tmp_path: Path) -> None:
    content = notebook(
        "## A",
        "import sqlite3\nworks = {'f': lambda x: x}\ngen = (i for i in range(3))\n"
        "held = open('x.txt')\nsame = sorted([2, 1], key=lambda x: x)",
        "## B",
        "print(works, list(gen), held.read(), same)",
    )
    split = done(tmp_path, content)
    products = {each.names[0]: each for each in split.tasks[0].products}
    assert {name: each.format for name, each in products.items()} == {
        "works": "cloudpickle",
        "gen": "recreate",
        "held": "recreate",
        "same": "pickle",
    }
    late = [text for _, text, tags in cells_of(tmp_path / "tasks/b.ipynb") if tags == ["setup"]]
    assert late == ["gen = (i for i in range(3))\nheld = open('x.txt')"]
    other = planned(tmp_path / "b", content, formats={"0:held": "pickle"}).split
    remark = next(each for each in other.remarks if each.code == "unstorable")
    assert [(each.formats, each.cuts, each.trace) for each in remark.proposals] == [
        ({"0:held": "recreate"}, None, False),
        ({}, (0,), False),
        ({}, None, True),
    ]


@pytest.mark.case("N16", "C21")
def test_files_are_products(tmp_path: Path) -> None:
    content = notebook(
        "## A",
        "from pathlib import Path\nPath('x.csv').write_text('1')\nnb = [len('a')]",
        "## B",
        "print(Path('x.csv').read_text(), nb)",
    )
    split = done(tmp_path, content)
    assert split.tasks[0].files == ("x.csv",)
    assert [(each.id, each.name) for each in split.edges[0].variables] == [("0:nb", "nb"), ("", "x.csv")]
    made = yaml.safe_load((tmp_path / "pipeline.yaml").read_text())["tasks"][0]["product"]
    assert made == {"nb": "output/a.ipynb", "nb_2": "output/a-nb_2.pkl", "x": "x.csv"}


def test_paths_of_another_folder_are_told(tmp_path: Path) -> None:
    content = notebook("## A", "import pandas as pd\ndf = pd.read_csv('x.csv')", "## B", "df.head()")
    (told,) = [each for each in planned(tmp_path, content, folder="sub").split.remarks if each.code == "path"]
    assert (told.severity, told.cell, told.line, told.names) == ("warning", 1, 2, ("x.csv",))
    assert all(each.code != "path" for each in planned(tmp_path, content).split.remarks)


@pytest.mark.case("N17")
def test_set_up_is_no_task_and_stands_in_each(tmp_path: Path) -> None:
    content = notebook(
        "# Work",
        "## Set-up",
        "import os\nimport sys\nsys.path.insert(0, 'lib')\nos.environ['A'] = '1'",
        "import random\nrandom.seed(1)\nSEED = 2",
        "## A",
        "x = [random.random()]",
        "## B",
        "print(x, SEED)",
    )
    split = done(tmp_path, content, source_format="py")
    assert [(task.name, task.first) for task in split.tasks] == [("a", 0), ("b", 6)]
    cells = cells_of(tmp_path / "tasks/b.py")
    assert cells[1][1] == (
        "import pickle\nfrom pathlib import Path\n\nimport os\nimport sys\nsys.path.insert(0, 'lib')\n"
        "os.environ['A'] = '1'\nimport random"
    )
    assert cells[2][1:] == ("random.seed(1)", ["setup"])
    assert cells[5][1:] == ("SEED = 2", ["setup"])


def ran(code: str, module: ModuleType, name: str) -> None:
    exec(compile(code, name, "exec"), module.__dict__)  # noqa: S102 - texts of this test


@settings(max_examples=25, deadline=None, phases=[Phase.generate])
@given(programs())
def test_written_tasks_compute_what_the_notebook_does(sections: list[list[str]]) -> None:
    """As the test of the flow, with the very texts that are written: variables are the same at each section's end."""
    cells = [cell for at, texts in enumerate(sections) for cell in (f"## S{at}", *texts)]
    content = notebook(*cells)
    with TemporaryDirectory() as place:
        split = planned(Path(place), content, source_format="py").split
        if not split.applicable or any(remark.code == "unstorable" for remark in split.remarks):
            return
        statements, _ = read_statements(read_book(content, "work.ipynb"))
        files = {file.path: file.text for file in split.files}
        entries = yaml.safe_load(files["pipeline.yaml"])["tasks"]
        products = {
            Path(entry["source"]).stem: {key: f"{place}/{path}" for key, path in entry["product"].items()}
            for entry in entries
        }
        linear, main = ModuleType("__main__"), sys.modules["__main__"]
        try:
            for task in split.tasks:
                own = [each for each in statements if task.first <= each.cell < task.end]
                sys.modules["__main__"] = linear
                for statement in own:
                    ran(statement.text, linear, "work")
                if "definitions.py" in files:
                    sys.modules["definitions"] = ModuleType("definitions")
                    ran(files["definitions.py"], sys.modules["definitions"], "definitions")
                sys.modules["__main__"] = alone = ModuleType("__main__")
                for cell in read_notebook(files[task.source].encode(), Path(task.source)).cells:
                    if cell.cell_type == "code":
                        ran(cell.source, alone, task.source)
                    if "parameters" in cell.metadata.get("tags", []):
                        alone.__dict__.update(
                            upstream={name: products[name] for name in task.upstream}, product=products[task.name]
                        )
                names = {
                    name for each in own if each.kind == "code" for name in (*each.effect.binds, *each.effect.mutates)
                }
                names |= {each.name for edge in split.edges if edge.target == task.name for each in edge.variables}
                # What is in the module, or stands only where it is used, need not be here.
                names = {name for name in names & linear.__dict__.keys() if name in alone.__dict__}
                assert pictures(alone.__dict__, sorted(names)) == pictures(linear.__dict__, sorted(names)), task.name
        finally:
            sys.modules["__main__"] = main
            sys.modules.pop("definitions", None)


@pytest.mark.case("N25")
def test_names_of_one_object_stay_so(tmp_path: Path) -> None:
    content = notebook(
        "## A",
        "import pandas as pd\ndf = pd.read_csv('x.csv')\nraw = df\na = [1]\nb = [len(a)]\na, b = b, a\nkeep = [a]",
        "## B",
        "raw['y'] = 1\nprint(df)\na.append(1)\nprint(keep, b)",
    )
    done(tmp_path, content)
    (load,) = [text for _, text, tags in cells_of(tmp_path / "tasks/b.ipynb") if tags == ["load"]]
    assert 'df = pd.read_parquet(upstream["a"]["df"])\nraw = df' in load
    assert "b, a, keep = pickle.load(file)" in load or "a, b, keep = pickle.load(file)" in load


def test_what_the_notebook_asks_of_the_future_holds_in_the_module(tmp_path: Path) -> None:
    content = notebook(
        "## A",
        "from __future__ import annotations\ndef f(x: Later) -> Later:\n    return x\nclass Later:\n    pass",
        "## B",
        "print(f(1))",
    )
    done(tmp_path, content, source_format="py")
    text = (tmp_path / "definitions.py").read_text()
    assert text.startswith(
        '"""Functions and classes of work.ipynb."""\n\nfrom __future__ import annotations\n\n\ndef f'
    )
    exec(compile(text, "definitions", "exec"), {})  # noqa: S102 - what was written


def test_tables_that_parquet_does_not_hold_are_pickled_also_where_nothing_was_run(tmp_path: Path) -> None:
    """Intervals it refuses, the frequency of an index it loses."""
    content = notebook(
        "## A",
        "import pandas as pd\ndf, plain = pd.read_csv('x.csv'), pd.read_csv('y.csv')\ndf['band'] = pd.cut(df.age, 3)\n"
        "more = df.copy()\nplain['band'] = pd.cut(plain.age, 3, labels=False)\nweekly = plain.asfreq('W')",
        "## B",
        "print(df, more, plain, weekly)\ntree = lambda: __import__('collections').defaultdict(tree)\nt = tree()",
        "## C",
        "print(t)",
    )
    formats = {
        product.key: product.format for task in planned(tmp_path, content).split.tasks for product in task.products
    }
    assert formats == {"df": "pickle", "more": "pickle", "plain": "parquet", "weekly": "pickle", "t": "cloudpickle"}
