"""The examples that are shipped build, and a second build has nothing to do; the notebook to be split runs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"


def cauce(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "cauce", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_kind_of_task_in_one_pipeline(tmp_path: Path) -> None:
    folder = tmp_path / "orders"
    shutil.copytree(EXAMPLES / "orders", folder, ignore=shutil.ignore_patterns(".cauce", "output"))
    assert cauce(folder, "build").splitlines()[-1] == "7 ran."
    assert (folder / "output/summary.md").read_text().count("* report-") == 3
    assert "<code" not in (folder / "output/report-es-0.html").read_text(), "the pages are without code"
    assert cauce(folder, "build").splitlines()[-1] == "Everything is up to date."
    functions = folder / "orders.py"
    functions.write_text(functions.read_text().replace("# Best days", "# The best days"))
    again = cauce(folder, "build")
    assert again.splitlines()[-1] == "2 ran.", again
    assert cauce(folder, "build", "--env--days", "7").splitlines()[-1] == "7 ran."


def test_the_notebook_of_the_tutorial_runs_on_data_that_is_always_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "houses"
    shutil.copytree(EXAMPLES / "houses", folder)
    (folder / "houses.csv").unlink()
    subprocess.run([sys.executable, "make_houses.py"], cwd=folder, check=True)
    assert (folder / "houses.csv").read_bytes() == (EXAMPLES / "houses/houses.csv").read_bytes()
    assert "houses.ipynb: ok" in cauce(folder, "nb", "test", "houses.ipynb")
    assert cauce(folder, "nb", "lint", "houses.ipynb") == "Nothing found in 1 file.\n"
    assert cauce(folder, "nb", "clean", "houses.ipynb") == "Nothing had to change.\n"
