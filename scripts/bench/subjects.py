"""The pipelines and notebooks that are run: the same cells for Cauce and for its peers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["IMPORTS", "LIBRARIES", "TRIVIAL", "Subject", "make_function", "make_shell", "write_pipeline"]

TRIVIAL = ("a = 1", "b = a + 1", "c = a + b", "print(c)")
"""With the one that holds the values of the task these are five cells; Cauce runs the defaults before it, too."""

LIBRARIES = "import matplotlib.pyplot as plt\nimport pandas as pd\nfrom sklearn.linear_model import LinearRegression"

IMPORTS = (f"{LIBRARIES}\na = 1", *TRIVIAL[1:])
"""The same, after importing what is large."""


@dataclass(frozen=True)
class Subject:
    """So many tasks of these cells, in a folder for each contestant: what one leaves behind is nothing to another."""

    place: Path
    cells: tuple[str, ...] = TRIVIAL
    tasks: int = 1
    chained: bool = False

    def folder(self, contestant: str) -> Path:
        """A folder with a pipeline of tasks, and notebooks of the same cells. Made when it is asked for first."""
        folder = self.place / contestant
        if not folder.exists():
            folder.mkdir(parents=True)
            names = [f"task_{number:02}" for number in range(self.tasks)]
            for previous, name in zip([None, *names], names, strict=False):
                upstream = [previous] if self.chained and previous else None
                (folder / f"{name}.py").write_text(_script(self.cells, upstream))
                (folder / f"{name}.ipynb").write_text(_notebook(self.cells))
            write_pipeline(folder, [{"source": f"{name}.py", "product": f"output/{name}.ipynb"} for name in names])
        return folder


def _script(cells: Sequence[str], upstream: list[str] | None) -> str:
    parameters = f'# %% tags=["parameters"]\nupstream = {upstream}\nproduct = None\n'
    return "\n".join([parameters, *(f"# %%\n{cell}\n" for cell in cells)])


def _notebook(cells: Sequence[str]) -> str:
    made: list[dict[str, object]] = [
        {"cell_type": "code", "execution_count": None, "id": f"c{i}", "metadata": {}, "outputs": [], "source": source}
        for i, source in enumerate(["product = 'x'", *cells])
    ]
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return json.dumps({"cells": made, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5})


def write_pipeline(folder: Path, tasks: Sequence[dict[str, object]], **more: object) -> None:
    # JSON is YAML.
    (folder / "pipeline.yaml").write_text(json.dumps({**more, "tasks": tasks}, indent=1))


def make_function(folder: Path) -> Path:
    """A pipeline with one task that is a function."""
    folder.mkdir(parents=True)
    (folder / "work.py").write_text("def write(product):\n    open(product, 'w').write('done')\n")
    write_pipeline(folder, [{"source": "work.write", "product": "output/done.txt"}])
    return folder


def make_shell(folder: Path) -> Path:
    """A pipeline with one task that is a shell script."""
    folder.mkdir(parents=True)
    (folder / "work.sh").write_text("echo done > {{product}}\n")
    write_pipeline(folder, [{"source": "work.sh", "product": "output/done.txt"}])
    return folder
