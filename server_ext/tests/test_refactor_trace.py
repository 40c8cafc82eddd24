"""A notebook that is run to see what it does: from the command line and over REST, with real kernels.

Each starts processes, so there are few of them and each looks at much.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import nbformat
import pytest
from patience import PATIENCE, eventually
from tornado.httpclient import HTTPClientError, HTTPResponse

from cauce.contract import Split, SplitEdge, SplitRun, SplitTask, SplitVariable
from cauce.engine.process import is_alive, record_of
from cauce.engine.refactor.model import Trace, TracedCell
from cauce.engine.refactor.reading.book import read_book
from cauce.engine.refactor.running.tracefile import kept_trace, remember

Fetch = Callable[..., Awaitable[HTTPResponse]]
COMMAND = (sys.executable, "-P", "-m", "cauce")


def notebook(path: Path, *cells: str, kernel: str | None = None) -> Path:
    """A notebook of these code cells; those that begin with '#' and a letter are Markdown."""
    made = [
        nbformat.v4.new_markdown_cell(text) if text.startswith("## ") else nbformat.v4.new_code_cell(text)  # type: ignore[no-untyped-call]
        for text in map(textwrap.dedent, cells)
    ]
    metadata = {} if kernel is None else {"kernelspec": {"name": kernel, "display_name": kernel, "language": "python"}}
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=made, metadata=metadata), path)  # type: ignore[no-untyped-call]
    return path


@dataclass
class Traced:
    code: int
    lines: list[SplitRun]
    trace: Trace | None

    @property
    def last(self) -> SplitRun:
        return self.lines[-1]

    @property
    def cells(self) -> dict[int, TracedCell]:
        assert self.trace is not None
        return {cell.cell: cell for cell in self.trace.cells}


def trace(path: Path, env: dict[str, str] | None = None) -> Traced:
    """Run the command to its end, and read what it has kept."""
    command = [*COMMAND, "trace", "--json", path.name]
    done = subprocess.run(command, cwd=path.parent, capture_output=True, env={**os.environ, **(env or {})})
    lines = [msgspec.json.decode(line, type=SplitRun) for line in done.stdout.splitlines()]
    assert lines, done.stderr.decode()
    return Traced(done.returncode, lines, kept(path))


def kept(path: Path) -> Trace | None:
    return kept_trace(path.parent, read_book(path.read_bytes(), path.name).digest)


# --- What is seen


@pytest.mark.case("N4", "N16", "N17", "N25", "N26", note="as seen when it runs")
def test_what_cells_do_to_names_objects_and_files_is_seen(tmp_path: Path) -> None:
    (tmp_path / "given.csv").write_text("a,b\n1,x\n2,y\n")
    path = notebook(
        tmp_path / "nb.ipynb",
        "## Load",
        """
        import matplotlib.pyplot as plt, numpy as np, pandas as pd
        from math import *
        df = pd.read_csv("given.csv")
        raw = df
        items, count, max = [1], 0, 3
        rows = np.zeros(4)
        """,
        "## Clean",
        """
        df["c"] = 1
        items.append(2)
        count += 1
        d = {"k": items}
        view = rows[1:]
        view[0] = 5
        """,
        """
        df.to_csv("out.csv", index=False)
        df.to_parquet("out.parquet")
        with open("note.txt", "w") as f:
            f.write("hi")
        plt.style.use("ggplot")
        pd.set_option("display.max_rows", 7)
        np.random.seed(1)
        import os; os.environ["CHOSEN"] = "1"
        """,
        """
        back, again = pd.read_csv("out.csv"), pd.read_parquet("out.parquet")
        os.rename("note.txt", "renamed.txt")
        fig, ax = plt.subplots()
        handle = open("renamed.txt"); lazy = (i for i in range(3)); plus = lambda x: x + 1
        """,
        """
        ax.plot([1, 2])
        import subprocess, sys
        subprocess.run([sys.executable, "-c", "open('by-child.txt', 'w').write('x')"])
        open(b"no text \\xff", "w").close()
        half = "\\ud800"
        del raw
        from sklearn.linear_model import LinearRegression
        model = LinearRegression().fit([[1.0], [2.0]], [1, 2])
        """,
    )
    found = trace(path)
    assert (found.code, found.last.state) == (0, "done"), found.last
    assert [line.cell for line in found.lines if line.cell is not None] == [1, 3, 4, 5, 6]
    assert {line.total for line in found.lines} == {5}
    assert found.trace is not None
    one, two, three, four, five = found.trace.cells

    assert {"df", "raw", "items", "count", "max", "rows", "pd", "sqrt"} <= {*one.bound}
    assert one.same == (("df", "raw"),)
    assert one.reads == ("given.csv",)
    values = one.values
    assert (values["df"].type, values["df"].summary, values["df"].frame) == ("pandas.DataFrame", "(2, 2)", True)
    assert values["items"].json and not values["df"].json  # noqa: PT018 - one answer in two halves
    assert values["rows"].type == "numpy.ndarray"

    assert two.bound == ("count", "d", "view")
    assert two.mutated == ("df", "raw", "items", "rows")
    assert {("d", "items"), ("view", "rows")} <= {*two.holds}
    assert two.values["count"].summary == "1"

    assert three.writes == ("note.txt", "out.csv", "out.parquet")
    assert {"matplotlib", "pandas", "numpy.random", "environ"} == {*three.state}
    assert not three.mutated

    assert {*four.reads} == {"out.csv", "out.parquet", "renamed.txt"} or {*four.reads} == {"out.csv", "out.parquet"}
    assert four.writes == ("renamed.txt",)
    assert four.values["back"].digest == four.values["again"].digest != ""
    storable = {name: value.storable for name, value in four.values.items()}
    assert storable == {
        "back": "",
        "again": "",
        "fig": "",
        "ax": "",
        "handle": "an open file",
        "lazy": "a generator",
        "plus": "cloudpickle",
    }
    assert ("fig", "ax") in four.holds
    assert not four.state

    assert {"fig", "ax"} == {*five.mutated}
    assert five.deleted == ("raw",)
    assert five.writes == ("by-child.txt",)
    assert five.other == ("started a process",)
    model = five.values["model"]
    assert model.type == "sklearn.linear_model.LinearRegression"
    assert "sklearn.base.BaseEstimator" in model.bases
    assert model.digest

    assert found.trace.distributions["sklearn"].startswith("scikit-learn==")
    assert "sqrt" in found.trace.stars["math"]
    assert found.trace.python == ".".join(map(str, sys.version_info[:3]))


def test_the_notebook_notices_nothing_of_it(tmp_path: Path) -> None:
    for name in ("json", "pickle", "hashlib", "array", "cloudpickle"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('the project\\'s own, which nobody asked for')\n")
    path = notebook(
        tmp_path / "nb.ipynb",
        """
        import gc, random, sys, warnings
        random.seed(0); drawn = random.getstate()
        class Witness:
            def __del__(self): told.append("gone")
        told = []
        lazy = iter([1, 2, 3])
        before = dict(globals())
        filters = list(warnings.filters)
        witness = Witness()
        """,
        """
        witness = None
        assert told == ["gone"], "something has kept it alive"
        "the last"
        """,
        """
        assert _ == "the last" and Out[2] == "the last" and len(In) == 4, (Out, len(In))
        new = {name for name in globals() if not name.startswith("_")} - set(before)
        assert new <= {"before", "filters", "witness", "new"}, new
        assert random.getstate() == drawn and list(lazy) == [1, 2, 3] and list(warnings.filters) == filters
        exec = compile = type = open = list = dict = len = map = None
        """,
        """
        del exec, compile, type, open, list, dict, len, map
        1 / 1
        """,
        "%reset -f",
        "last = 1",
    )
    found = trace(path)
    assert found.last.state == "done", found.last
    assert found.cells[4].deleted
    assert found.cells[5].bound == ("last",)


def test_another_number_at_the_place_of_the_one_before_is_another(tmp_path: Path) -> None:
    again = """
        place, others = id(number), []
        del number
        while id(number := int("70000")) != place:
            others.append(number)
        del others
        """
    found = trace(notebook(tmp_path / "nb.ipynb", "number = int('50000')", again))
    assert "number" in found.cells[1].bound
    assert found.cells[1].values["number"].summary == "70000"


# --- How it may end


def test_a_cell_that_raises_ends_it_and_what_was_seen_up_to_there_is_kept(tmp_path: Path) -> None:
    path = notebook(tmp_path / "nb.ipynb", "a = [1]", "a.append(2)\nb = a[7]", "open('never', 'w')")
    found = trace(path)
    assert (found.code, found.last.state, found.last.cell) == (1, "failed", 1)
    assert "IndexError" in found.last.message
    assert "line 2" in found.last.message
    assert found.trace is not None
    assert found.trace.failed == 1
    assert [cell.mutated for cell in found.trace.cells] == [(), ("a",)]
    assert not (tmp_path / "never").exists()

    allowed = notebook(tmp_path / "allowed.ipynb", "1 / 0", "b = 2")
    edited = nbformat.read(allowed, 4)  # type: ignore[no-untyped-call]
    edited.cells[0].metadata["tags"] = ["raises-exception"]
    nbformat.write(edited, allowed)  # type: ignore[no-untyped-call]
    assert trace(allowed).last.state == "done"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"),
        ("import os; os._exit(3)", "exit"),
        ("exit()", "calls exit()"),
    ],
)
def test_a_cell_that_ends_the_kernel_is_named(tmp_path: Path, code: str, said: str) -> None:
    found = trace(notebook(tmp_path / "nb.ipynb", "a = 1", code, "b = 1"))
    assert (found.last.state, found.last.cell) == ("failed", 1), found.last
    assert said in found.last.message
    assert found.trace is not None
    assert found.trace.cells[0].bound == ("a",)


def test_what_cannot_be_run_says_why(tmp_path: Path) -> None:
    spec = tmp_path / "jupyter" / "kernels" / "broken"
    spec.mkdir(parents=True)
    argv = [sys.executable, "-c", "raise SystemExit('no such environment')", "{connection_file}"]
    (spec / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "Broken", "language": "python"}))
    env = {"JUPYTER_PATH": str(tmp_path / "jupyter")}
    found = trace(notebook(tmp_path / "nb.ipynb", "a = 1", kernel="broken"), env)
    assert (found.code, found.last.state) == (2, "failed")
    assert "'broken'" in found.last.message
    assert found.trace is None

    (tmp_path / "text.ipynb").write_text("no notebook")
    done = subprocess.run([*COMMAND, "trace", "--json", "text.ipynb"], cwd=tmp_path, capture_output=True)
    assert done.returncode == 2
    assert msgspec.json.decode(done.stdout, type=SplitRun).state == "failed"


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("how", ["signal", "lifeline"])
def test_it_can_be_ended_and_leaves_no_kernel_behind(tmp_path: Path, how: str) -> None:
    slow = "import os, time, pathlib\npathlib.Path('pid').write_text(str(os.getpid()))\ntime.sleep(600)"
    path = notebook(tmp_path / "nb.ipynb", "a = 1", slow)
    command = [*COMMAND, "trace", "--json", "--lifeline", path.name]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=tmp_path, start_new_session=True, **pipes) as process:
        pid = tmp_path / "pid"
        assert eventually(lambda: pid.exists() and pid.read_text() != "")
        kernel = record_of(int(pid.read_text()))
        assert kernel is not None
        if how == "signal":
            process.send_signal(signal.SIGTERM)
        else:
            process.stdin.close()  # type: ignore[union-attr]  # it is a pipe
        lines = process.stdout.read().splitlines()  # type: ignore[union-attr]  # it is a pipe
        assert process.wait(PATIENCE) == 130
    assert msgspec.json.decode(lines[-1], type=SplitRun).state == "cancelled"
    assert eventually(lambda: not is_alive(kernel))
    assert kept(path) is None


def test_a_trace_is_of_the_code_that_ran(tmp_path: Path) -> None:
    path = notebook(tmp_path / "nb.ipynb", "a = 1")
    assert trace(path).trace is not None
    notebook(path, "## Only words\n", "a = 1")
    assert kept(path) is not None
    notebook(path, "a = 2")
    assert kept(path) is None
    notebook(path, "a = 1")
    [file] = (tmp_path / ".cauce").rglob("trace-*.json")
    for damage in (b"", b"{}", b"\xff", file.read_bytes()[:-5], b"[" * 100_000):
        file.write_bytes(damage)
        assert kept(path) is None


# --- Over REST


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {"ServerApp": {"jpserver_extensions": {"cauce": True}}}


class Asked:
    """One notebook below the server's root, and the questions about it."""

    def __init__(self, fetch: Fetch, kind: str = "trace") -> None:
        self._fetch, self._place = fetch, ("cauce", "api", "split", kind)

    async def start(self, **body: str) -> SplitRun:
        headers = {"Content-Type": "application/json"}
        reply = await self._fetch(*self._place, method="POST", headers=headers, body=json.dumps(body))
        assert reply.code == 202
        return msgspec.json.decode(reply.body, type=SplitRun)

    async def look(self, path: str) -> SplitRun:
        return msgspec.json.decode((await self._fetch(*self._place, params={"notebook": path})).body, type=SplitRun)

    async def cancel(self, path: str) -> None:
        reply = await self._fetch(*self._place, method="DELETE", params={"notebook": path})
        assert reply.code == 204

    async def until(self, path: str, is_so: Callable[[SplitRun], bool]) -> SplitRun:
        """The first answer that is so. The test's own time-out bounds the waiting."""
        while not is_so(found := await self.look(path)):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.05)
        return found

    async def ended(self, path: str) -> SplitRun:
        return await self.until(path, lambda run: run.state != "running")


async def test_the_server_has_a_notebook_run_one_at_a_time(jp_root_dir: Path, jp_fetch: Fetch) -> None:
    asked = Asked(jp_fetch)
    path = notebook(
        jp_root_dir / "a folder" / "nb.ipynb",
        "import pathlib, time\nwith open('begun', 'a') as f: f.write('x')",
        "while not pathlib.Path('go').exists(): time.sleep(0.02)",
    )
    name = "a folder/nb.ipynb"
    assert (await asked.look(name)).state == "none"
    await asked.cancel(name)
    both = await asyncio.gather(asked.start(notebook=name), asked.start(notebook=name))
    assert {run.state for run in both} == {"running"}
    assert (await asked.start(notebook=name)).state == "running"
    (path.parent / "go").touch()
    ended = await asked.ended(name)
    assert (ended.state, ended.done, ended.total) == ("done", 2, 2), ended
    assert (path.parent / "begun").read_text() == "x"
    assert kept(path) is not None

    notebook(path, "import time; time.sleep(600)")
    await asked.start(notebook=name)
    await asked.until(name, lambda run: run.cell is not None)
    await asked.cancel(name)
    await asked.cancel(name)
    assert (await asked.ended(name)).state == "cancelled"

    notebook(path, "a = 1", "1 / 0")
    await asked.start(notebook=name)
    failed = await asked.ended(name)
    assert (failed.state, failed.cell) == ("failed", 1)
    assert "ZeroDivisionError" in failed.message


async def test_what_is_no_notebook_below_the_root_is_refused(jp_root_dir: Path, jp_fetch: Fetch) -> None:
    (jp_root_dir / "out.ipynb").symlink_to("/etc/hostname")
    for kind in ("trace", "proof"):
        asked = Asked(jp_fetch, kind)
        for name, code in {
            "../x.ipynb": 403,
            ".hidden.ipynb": 403,
            "out.ipynb": 403,
            "none.ipynb": 404,
            "": 404,
        }.items():
            for call in (asked.start(notebook=name), asked.look(name), asked.cancel(name)):
                with pytest.raises(HTTPClientError) as refused:
                    await call
                assert refused.value.code == code, name
    (jp_root_dir / " a space.ipynb").write_text("{}")
    assert (await Asked(jp_fetch).look(" a space.ipynb")).state == "none"
    (jp_root_dir / "words.txt").write_text("a = 1")
    asked = Asked(jp_fetch)
    await asked.start(notebook="words.txt")
    assert "no notebook" in (await asked.ended("words.txt")).message


# --- The pipeline beside the notebook

CODE = {
    "load": """
        import random
        import pandas as pd
        df = pd.DataFrame({"a": [1.0, 2.0, None], "b": ["x", "y", "z"]})
        LIMIT = 10
        luck = random.random()
        items = [1]
        held = {"k": items}
        """,
    "clean": """
        df.dropna(inplace=True)
        items.append(2)
        count = len(df)
        class Holder:
            def __init__(self, held): self.held = held
        holder = Holder(count)
        lazy = (i for i in range(3))
        """,
}
TASKS = {
    "load": """
        # %%
        import random
        import pandas as pd
        # %% tags=["parameters"]
        upstream = None
        product = None
        # %%
        df = pd.DataFrame({"a": [1.0, 2.0, None], "b": ["x", "y", "z"]})
        luck = random.random()
        items = [1]
        held = {"k": items}
        # %%
        df.to_parquet(product["df"])
        """,
    "clean": """
        # %%
        import pandas as pd
        from definitions import Holder
        # %% tags=["parameters"]
        upstream = ["load"]
        product = None
        # %%
        df = pd.read_parquet(upstream["load"]["df"])
        items = [1]
        # %%
        df.dropna(inplace=True)
        items.append(2)
        count = len(df)
        holder = Holder(count)
        lazy = (i for i in range(3))
        """,
}
PIPELINE = """
tasks:
  - source: tasks/load.py
    product: {nb: output/load.ipynb, df: output/load-df.parquet}
  - source: tasks/clean.py
    product: {nb: output/clean.ipynb}
"""


class Pair:
    """A notebook of two sections, and the pipeline that it has become."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = notebook(folder / "nb.ipynb", "## Load", CODE["load"], "## Clean", CODE["clean"])
        (folder / "tasks").mkdir()
        (folder / "output").mkdir()
        for name, text in TASKS.items():
            (folder / "tasks" / f"{name}.py").write_text(textwrap.dedent(text).lstrip())
        (folder / "definitions.py").write_text("class Holder:\n    def __init__(self, held): self.held = held\n")
        (folder / "pipeline.yaml").write_text(PIPELINE)
        sections = [("load", 0, 2), ("clean", 2, 4)]
        tasks = tuple(
            SplitTask(name=name, title="", first=first, end=end, source="", upstream=(), products=())
            for name, first, end in sections
        )
        edge = SplitEdge(
            source="load", target="clean", variables=(SplitVariable(id="0:df", name="df", evidence="static"),)
        )
        split = Split(
            notebook="nb.ipynb",
            digest="",
            pipeline="pipeline.yaml",
            levels=(),
            level=2,
            cuts=(0, 2),
            cells=(),
            tasks=tasks,
            edges=(edge,),
            files=(),
            remarks=(),
            traced=False,
            applicable=True,
        )
        remember(folder, "pipeline.yaml", "nb.ipynb", split, moved=["LIMIT"])

    def edit(self, task: str, old: str, new: str) -> None:
        source = self.folder / "tasks" / f"{task}.py"
        assert old in source.read_text()
        source.write_text(source.read_text().replace(old, new))


def prove(folder: Path) -> tuple[int, SplitRun]:
    command = [*COMMAND, "prove", "--json", "nb.ipynb", "pipeline.yaml"]
    done = subprocess.run(command, cwd=folder, capture_output=True)
    return done.returncode, msgspec.json.decode(done.stdout.splitlines()[-1], type=SplitRun)


def test_a_pipeline_that_does_what_the_notebook_does_is_said_to(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    code, run = prove(tmp_path)
    assert (code, run.state, run.done) == (0, "done", 2), run
    assert run.proof is not None
    assert run.proof.same
    assert run.message == "It behaves the same: 7 variables of 2 tasks are equal. Not compared: luck, lazy."
    load, clean = run.proof.tasks
    assert (load.state, load.compared, load.uncompared) == ("same", 3, ("luck",))
    assert (clean.state, clean.compared, clean.uncompared) == ("same", 4, ("lazy",))
    assert kept(pair.path) is not None

    pair.edit("clean", "dropna(inplace=True)", "dropna()")
    code, run = prove(tmp_path)
    assert code == 1
    assert run.proof is not None
    assert not run.proof.same
    differs = {value.name: (value.expected, value.found) for value in run.proof.tasks[1].differs}
    assert differs["count"] == ("int 2", "int 3")
    assert {*differs} == {"df", "count", "holder"}
    assert "'clean' differs in df, count, holder." in run.message


def test_a_run_of_the_notebook_on_other_data_is_not_believed(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    for text in (pair.path, tmp_path / "tasks" / "load.py"):
        text.write_text(
            text.read_text()
            .replace('"a": [1.0,', '"a": [float(open("given.txt").read()),')
            .replace('\\"a\\": [1.0,', '\\"a\\": [float(open(\\"given.txt\\").read()),')
        )
    (tmp_path / "given.txt").write_text("1")
    assert trace(pair.path).last.state == "done"
    (tmp_path / "given.txt").write_text("7")
    code, run = prove(tmp_path)
    assert (code, run.state) == (0, "done"), run
    assert run.proof is not None
    assert [task.compared for task in run.proof.tasks] == [3, 4]


def test_what_is_the_same_twice_by_chance_is_no_difference(tmp_path: Path) -> None:
    """A file that counts runs is the chance: the pipeline is the second of them, the notebook the others."""
    pair = Pair(tmp_path)
    drawn = "turn = int(runs.read_text()) if runs.exists() else 0; size = runs.write_text(str(turn + 1))"
    drawn = f"from pathlib import Path; runs = Path('runs'); {drawn}; coin = turn % 2"
    luck = "luck = random.random()"
    pair.edit("load", luck, drawn)
    notebook(pair.path, "## Load", CODE["load"].replace(luck, drawn), "## Clean", CODE["clean"])
    code, run = prove(tmp_path)
    assert code == 0, run
    assert run.proof is not None
    assert "turn" in run.proof.tasks[0].uncompared
    assert (tmp_path / "runs").read_text() == "4"


def test_what_cannot_be_proved_says_why(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    notebook(pair.path, "## Load", "1 / 0")
    code, run = prove(tmp_path)
    assert (code, run.state) == (2, "failed")
    assert "fails in cell 2" in run.message
    notebook(pair.path, "a = 1")
    for file in (tmp_path / ".cauce").rglob("split-*"):
        file.unlink()
    code, run = prove(tmp_path)
    assert (code, run.state) == (2, "failed")
    assert "Split the notebook again" in run.message
    (tmp_path / "pipeline.yaml").unlink()
    assert "no pipeline" in prove(tmp_path)[1].message


async def test_the_server_has_it_proved(jp_root_dir: Path, jp_fetch: Fetch) -> None:
    pair = Pair(jp_root_dir)
    pair.edit("load", "luck = random.random()", "luck = random.random()\nraise KeyError('no')")
    asked = Asked(jp_fetch, "proof")
    await asked.start(notebook="nb.ipynb", pipeline="pipeline.yaml")
    ended = await asked.ended("nb.ipynb")
    assert ended.proof is not None, ended
    assert not ended.proof.same
    assert [task.state for task in ended.proof.tasks] == ["failed", "unknown"]
    assert "KeyError" in ended.proof.tasks[0].message
    assert ended.message == "It does not run: load failed. Of clean nothing could be seen."
    with pytest.raises(HTTPClientError) as refused:
        await asked.start(notebook="nb.ipynb", pipeline="none.yaml")
    assert refused.value.code == 404
