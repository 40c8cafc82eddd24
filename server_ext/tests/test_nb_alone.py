"""`cauce nb test`, `lint`, `clean`: one notebook or script by itself, by the command line and with real kernels."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from cauce.engine.notebook import read_notebook


def command(folder: Path, *arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cauce", "nb", *arguments],
        cwd=folder,
        env=os.environ | ({} if path is None else {"PATH": path}),
        capture_output=True,
        text=True,
        check=False,
    )


def written(path: Path, *cells: str) -> Path:
    """A notebook with a title and these code cells, in the format that the name says."""
    if path.suffix == ".ipynb":
        made = [nbformat.v4.new_markdown_cell("# Title", id="t")]
        made += [nbformat.v4.new_code_cell(cell, id=f"c{number}") for number, cell in enumerate(cells)]
        nbformat.write(nbformat.v4.new_notebook(cells=made), path)
    else:
        path.write_text("# %% [markdown]\n# # Title\n" + "".join(f"\n# %%\n{cell}\n" for cell in cells))
    return path


def outputs(path: Path) -> list[str]:
    cells = nbformat.read(path, 4).cells
    return [output.get("text") or output.get("ename") for cell in cells for output in cell.get("outputs", ())]


# --- test ----------------------------------------------------------------------------------


@pytest.mark.case("C25", table="refactoring", note="NameError and FileNotFoundError have hints, too; ours is Ctrl-C")
@pytest.mark.parametrize(
    ("name", "cells", "code", "words"),
    [
        ("good.ipynb", ["print('ran')"], 0, "good.ipynb: ok in "),
        ("good.py", ["print('ran')", "%time x = 1"], 0, "good.py: ok in "),
        ("missing.py", ["print('ran')", "import skimage.io_"], 1, "'pip install scikit-image'"),
        ("renamed.ipynb", ["print('ran')", "import json\njson.read"], 1, "The library has changed"),
        ("typo.ipynb", ["print('ran')", "x = = 1"], 1, "'cauce nb lint typo.ipynb'"),
        ("old.py", ["print('ran')", "print 'old'"], 1, "Python 2"),
        ("order.ipynb", ["print('ran')", "print(later)", "later = 1"], 1, "Cell 4 further down makes 'later'"),
        ("lost.py", ["print('ran')", "print(lost)"], 1, "No cell makes 'lost'"),
        ("file.py", ["print('ran')", "open('data.csv')"], 1, "There is raw/data.csv"),
    ],
)
def test_a_notebook_runs_or_says_why_not_and_what_to_do(
    tmp_path: Path, name: str, cells: list[str], code: int, words: str
) -> None:
    source = written(tmp_path / name, *cells)
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/data.csv").touch()
    before = source.read_bytes()
    done = command(tmp_path, "test", name)
    assert done.returncode == code, done.stdout + done.stderr
    assert words in done.stdout
    executed = tmp_path / f"{source.stem}-cauce-test.ipynb"
    assert f": {executed.name}\n" in done.stdout
    assert outputs(executed)[0] == "ran\n"
    assert source.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, "raw", executed.name])


def test_it_works_in_its_own_folder_and_a_module_elsewhere_is_pointed_at(tmp_path: Path) -> None:
    (tmp_path / "books").mkdir()
    (tmp_path / "own.py").write_text("x = 1\n")
    written(tmp_path / "books/book.py", "from pathlib import Path\nprint(Path.cwd().name)", "import own")
    done = command(tmp_path, "test", "books/book.py", "result.ipynb")
    assert done.returncode == 1
    assert f"There is 'own' in {tmp_path}" in done.stdout
    assert "at books/book.py:9" in done.stdout
    assert outputs(tmp_path / "result.ipynb")[0] == "books\n"


def test_a_task_by_itself_is_told_to_be_one(tmp_path: Path) -> None:
    task = '# %% tags=["parameters"]\nupstream = None\nproduct = None\n\n# %%\nopen(product["data"], "w")\n'
    (tmp_path / "task.py").write_text(task)
    done = command(tmp_path, "test", "task.py")
    assert done.returncode == 1
    assert "'cauce task NAME'" in done.stdout


def test_only_what_a_test_has_left_is_replaced(tmp_path: Path) -> None:
    written(tmp_path / "book.py", "print(1)")
    mine = written(tmp_path / "mine.ipynb", "print('mine')")
    before = mine.read_bytes()
    refused = command(tmp_path, "test", "book.py", "mine.ipynb")
    assert refused.returncode == 2
    assert "is there already, and not what a test has left" in refused.stderr
    assert mine.read_bytes() == before
    itself = command(tmp_path, "test", "mine.ipynb", "mine.ipynb", "--force")
    assert (itself.returncode, mine.read_bytes()) == (2, before)

    assert command(tmp_path, "test", "book.py", "mine.ipynb", "--force").returncode == 0
    assert outputs(mine) == ["1\n"]
    written(tmp_path / "book.py", "print(2)")
    assert command(tmp_path, "test", "book.py", "mine.ipynb").returncode == 0
    assert outputs(mine) == ["2\n"]


def test_ctrl_c_ends_it_and_what_ran_is_kept(tmp_path: Path) -> None:
    written(tmp_path / "book.py", "print('ran')", "open('reached', 'w').close()\nimport time\ntime.sleep(600)")
    arguments = [sys.executable, "-m", "cauce", "nb", "test", "book.py"]
    with subprocess.Popen(arguments, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as running:
        while not (tmp_path / "reached").exists():
            assert running.poll() is None
        running.send_signal(signal.SIGINT)
        said, _ = running.communicate()
    assert running.returncode == 130
    assert "book.py: cancelled" in said
    assert outputs(tmp_path / "book-cauce-test.ipynb")[0] == "ran\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["test", "none.py"], "There is no file none.py."),
        (["test", "."], "is no file"),
        (["test", "book.py", "out.html"], "must end in '.ipynb'"),
        (["test", "book.py", "none/out.ipynb"], "There is no folder"),
        (["lint", "broken.ipynb"], "not valid JSON"),
        (["lint", "code.R"], "is written in r"),
        (["clean", "code.R"], "is written in r"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, arguments: list[str], words: str) -> None:
    written(tmp_path / "book.py", "print(1)")
    (tmp_path / "broken.ipynb").write_text("{")
    (tmp_path / "code.R").write_text("# %%\nx <- 1\n")
    done = command(tmp_path, *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert len(list(tmp_path.iterdir())) == 3


# --- lint ----------------------------------------------------------------------------------


def test_lint_names_cell_and_line_and_understands_magics(tmp_path: Path) -> None:
    cells = [
        "%matplotlib inline\nimport json\nfiles = !ls",
        "json.dumps(files)\n\nprint(totl)",
        "total = 1",
        "%%bash\nls",
    ]
    written(tmp_path / "book.ipynb", *cells)
    written(tmp_path / "book.py", *cells[:3], "await json.loads(files)")
    written(tmp_path / "broken.ipynb", "x = 1\ny = (")
    found = command(tmp_path, "lint", "book.ipynb", "book.py", "broken.ipynb")
    assert found.returncode == 1
    assert found.stdout.splitlines() == [
        "book.ipynb: cell 3, line 3: The name 'totl' is not defined. Did you mean 'total'?",
        "book.py:12:7: The name 'totl' is not defined. Did you mean 'total'?",
        "broken.ipynb: cell 2, line 2: This is not valid Python: '(' was never closed. Mend it.",
    ]
    listed = command(tmp_path, "lint", "book.ipynb", "--json")
    assert [(each["cell"], each["line"], each["column"]) for each in json.loads(listed.stdout)["mistakes"]] == [
        (2, 3, 7)
    ]

    written(tmp_path / "good.ipynb", "print(1)")
    good = command(tmp_path, "lint", "good.ipynb")
    assert (good.returncode, good.stdout) == (0, "Nothing found in 1 file.\n")


# --- clean ---------------------------------------------------------------------------------

LIGHT = "# # Title\n\nx  =  1\n\n# +\ndef f(a,b):\n    return a+b\n\n\ny = f( 1,2 )\n# -\n\nz = [ y ]\n"
MARKDOWN = "# Title\n\nText,   as it is.\n\n```python\nx  =  1\n```\n\n```bash\nls    -l\n```\n"
MYST = (
    "---\njupytext:\n  text_representation:\n    extension: .md\n    format_name: myst\nkernelspec:\n"
    "  display_name: Python 3\n  name: python3\n---\n\n# Title\n\n```{code-cell} ipython3\nx  =  1\n!ls   -l\n```\n"
)
PERCENT = "# %% [markdown]\n# # Title\n\n# %%\nx  =  1 # é\n# %matplotlib   inline\nplot( x ) ;  # quiet\n\n# %%\ny = 2"


@pytest.mark.case("C24", table="refactoring", note="▲ without --write only a diff is shown")
@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("percent.py", PERCENT, PERCENT.replace("x  =  1 #", "x = 1  #").replace("plot( x ) ;", "plot(x);")),
        ("windows.py", PERCENT.replace("\n", "\r\n"), None),
        (
            "light.py",
            LIGHT,
            LIGHT.replace("x  =", "x =")
            .replace("  1\n", " 1\n")
            .replace("(a,b)", "(a, b)")
            .replace("a+b", "a + b")
            .replace("( 1,2 )", "(1, 2)")
            .replace("[ y ]", "[y]"),
        ),
        ("plain.md", MARKDOWN, MARKDOWN.replace("x  =  1", "x = 1")),
        ("myst.md", MYST, MYST.replace("x  =  1", "x = 1")),
    ],
)
def test_clean_formats_code_and_nothing_else(tmp_path: Path, name: str, content: str, expected: str | None) -> None:
    file = tmp_path / name
    file.write_bytes(content.encode())
    expected = expected or PERCENT.replace("x  =  1 #", "x = 1  #").replace("plot( x ) ;", "plot(x);").replace(
        "\n", "\r\n"
    )
    shown = command(tmp_path, "clean", name)
    assert shown.returncode == 0, shown.stderr
    assert "x = 1" in shown.stdout
    assert file.read_bytes() == content.encode(), "nothing is written unasked"
    assert command(tmp_path, "clean", name, "--write").returncode == 0
    assert file.read_bytes() == expected.encode()
    assert command(tmp_path, "clean", name, "-w").stdout == "Nothing had to change.\n"


@pytest.mark.case("C24", table="refactoring")
@pytest.mark.parametrize("indent", [1, 4])
def test_clean_keeps_outputs_metadata_and_the_layout_of_an_ipynb(tmp_path: Path, indent: int) -> None:
    cell = nbformat.v4.new_code_cell("x  =  1\nx", id="a", execution_count=3, metadata={"tags": ["keep"]})
    cell.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": "1"}, execution_count=3)]
    book = nbformat.v4.new_notebook(cells=[cell], metadata={"z": 1, "a": 2})
    text = json.dumps(book, indent=indent) + "\n"
    (tmp_path / "book.ipynb").write_text(text)
    assert command(tmp_path, "clean", "book.ipynb", "--write").stdout == "book.ipynb: 1 cell formatted.\n"
    assert (tmp_path / "book.ipynb").read_text() == text.replace("x  =  1", "x = 1")


def test_cells_that_cannot_be_formatted_stay_and_are_named_and_all_files_are_written_or_none(tmp_path: Path) -> None:
    cells = ["%%time\n\nx  =  1", "if x :\n  !ls \\\n    -l", "y = (", "%%bash\nls    -l", "z = '%d'%x"]
    book = written(tmp_path / "book.ipynb", *cells)
    before = book.read_bytes()
    (tmp_path / "broken.ipynb").write_text("{")
    assert command(tmp_path, "clean", "--write", "book.ipynb", "broken.ipynb").returncode == 2
    assert book.read_bytes() == before

    done = command(tmp_path, "clean", "--write", "book.ipynb")
    assert done.returncode == 1
    assert done.stderr == "book.ipynb: cell 4 was left as it is: it is not valid Python.\n"
    assert [cell.source for cell in read_notebook(book.read_bytes(), book).cells][1:] == [
        "%%time\nx = 1",
        "if x:\n    !ls \\\n    -l",
        *cells[2:4],
        'z = "%d" % x',
    ]


def test_settings_of_the_project_hold_and_a_formatter_that_is_missing_is_told(tmp_path: Path) -> None:
    (tmp_path / "ruff.toml").write_text('[format]\nquote-style = "single"\n')
    written(tmp_path / "book.py", 'x = "a"')
    assert "+x = 'a'\n" in command(tmp_path, "clean", "book.py").stdout
    missing = command(tmp_path, "clean", "book.py", "--formatter", "black", path="/nowhere")
    if missing.returncode:  # it may be beside our own Python
        assert missing.returncode == 2
        assert "'pip install black'" in missing.stderr
