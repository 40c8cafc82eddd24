"""The way of docs/tutorial.md in a terminal: a notebook is split, built, gets another model, and only that runs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

HOUSES = Path(__file__).parents[2] / "examples/houses"
MODELS = {"linear-regression", "random-forest"}


def cauce(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "cauce", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def edges(folder: Path) -> set[tuple[str, str]]:
    return {(edge["source"], edge["target"]) for edge in json.loads(cauce(folder, "status", "--json"))["edges"]}


@pytest.mark.case("C6", "C26", note="the notebook of the tutorial; docs/public-notebooks.md names others")
def test_the_notebook_of_the_tutorial_is_split_built_and_gets_another_model(tmp_path: Path) -> None:
    shutil.copytree(HOUSES, tmp_path / "houses")
    folder = tmp_path / "houses"
    before = (folder / "houses.ipynb").read_bytes()
    cauce(folder, "refactor", "houses.ipynb")
    assert edges(folder) == {("load", "clean"), ("clean", "split"), *(("split", model) for model in MODELS)}
    assert (folder / "houses.ipynb").read_bytes() == before
    assert cauce(folder, "build").splitlines()[-1] == "5 ran."

    source = folder / "tasks/gradient-boosting.ipynb"
    cauce(folder, "task", "add", "tasks/gradient-boosting.ipynb", "--product", "nb=output/gradient-boosting.ipynb")
    book = nbformat.read(source, 4)
    parameters = next(cell for cell in book.cells if "parameters" in cell.metadata.get("tags", ()))
    parameters.source = 'upstream = ["split"]\nproduct = None'
    book.cells[-1].source = (
        "import pandas as pd\nfrom sklearn.ensemble import GradientBoostingRegressor\n\n"
        'inputs = upstream["split"]\n'
        'table, values = pd.read_parquet(inputs["X_train"]), pd.read_pickle(inputs["y_train"])\n'
        "boosting = GradientBoostingRegressor().fit(table, values)"
    )
    nbformat.write(book, source)
    assert ("split", "gradient-boosting") in edges(folder)
    again = cauce(folder, "build").splitlines()
    assert again[-1] == "1 ran."
    assert any(line.startswith("gradient-boosting: ok") for line in again)


@pytest.mark.case("A2")
def test_sections_that_use_the_same_are_independent_of_each_other(tmp_path: Path) -> None:
    cells = [
        "## First\n",
        "x = 1",
        "## Second\n",
        "y = x + 1",
        "## Third A\n",
        "print(y)",
        "## Third B\n",
        "print(y * 2)",
    ]
    made = [(nbformat.v4.new_code_cell, nbformat.v4.new_markdown_cell)[cell.startswith("#")](cell) for cell in cells]
    nbformat.write(nbformat.v4.new_notebook(cells=made), tmp_path / "book.ipynb")
    cauce(tmp_path, "refactor", "book.ipynb")
    assert edges(tmp_path) == {("first", "second"), ("second", "third-a"), ("second", "third-b")}
