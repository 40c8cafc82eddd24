"""What somebody who comes from Ploomber tries first, by the command line and with real processes."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest


class Desk:
    """A folder with files of a project, and the command."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text).lstrip("\n"))

    def read(self, path: str) -> str:
        return (self.root / path).read_text()

    def cauce(self, *arguments: str) -> tuple[int, str]:
        """The exit code, and all that was said."""
        plain = {name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "COLUMNS")}
        ended = subprocess.run(
            [sys.executable, "-m", "cauce", *arguments],
            cwd=self.root,
            env=plain,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return ended.returncode, ended.stdout


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


# --- Hooks --------------------------------------------------------------------------------------


def test_hooks_of_the_pipeline_get_all_its_tasks(desk: Desk) -> None:
    desk.write(
        "pipeline.yaml",
        """
        on_render: hooks.before
        on_finish: hooks.after
        on_failure: hooks.sorry
        tasks:
        - {source: work.one, product: out/one.txt, params: {n: 1}}
        - {source: work.two, product: {a: out/a.txt, b: out/b.txt}}
        """,
    )
    desk.write(
        "work.py",
        """
        from pathlib import Path

        def one(product, n):
            Path(product).write_text("one")

        def two(product, upstream):
            upstream["one"]
            for each in product:
                Path(each).touch()
        """,
    )
    desk.write(
        "hooks.py",
        """
        from pathlib import Path

        def note(moment, dag):
            words = [f"{name} {dag[name].product} {dag[name].params.get('n')}" for name in dag]
            with open("said.txt", "a") as file:
                print(moment, *words, list(dag["two"].upstream), file=file)

        def before(dag):
            note("before", dag)

        def after(dag, report):
            note("after", dag)
            assert Path(dag["one"].product).read_text() == "one"
            dag["there is none"]

        def sorry(dag, traceback):
            note("sorry", dag)
        """,
    )

    code, said = desk.cauce("build")

    assert code == 1
    assert "The pipeline's on_finish hook hooks.after failed at hooks.py:14: UnknownKey: " in said
    assert "There is no task 'there is none'; there are 'one' and 'two'." in said
    tasks = "one out/one.txt 1 two {'a': File('out/a.txt'), 'b': File('out/b.txt')} None ['one']"
    assert desk.read("said.txt").splitlines() == [f"{moment} {tasks}" for moment in ("before", "after", "sorry")]
