"""The examples that are shipped build, and a second build has nothing to do."""

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
