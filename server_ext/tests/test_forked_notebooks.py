"""Notebooks come out of forked kernels as they do out of started ones, and as nbclient has them."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from difflib import unified_diff
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest
from kernelbench import Bench, Try, kernel_bench_in

from cauce.engine.executors import Failed, Outcome, Succeeded
from cauce.engine.injection import inject
from cauce.engine.notebook import read_notebook

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forking is for Linux")

NotebookClient: Any = nbclient.NotebookClient
code: Callable[..., Any] = nbformat.v4.new_code_cell
new_notebook: Callable[..., Any] = nbformat.v4.new_notebook
writes: Callable[..., str] = nbformat.writes


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    with kernel_bench_in(tmp_path, monkeypatch) as bench:
        yield bench


def task(bench: Bench, content: bytes, name: str, ahead: tuple[str, ...] | None = (), **binding: Any) -> Try:
    attempt = bench.task(content, name, **binding)
    return replace(attempt, job=replace(attempt.job, preload=ahead))


DISPLAYS = [
    "from IPython.display import *\nimport sys, time\nh = display(HTML('<b>one</b>'), display_id='x')",
    "display('again', display_id='x')\n'result'",
    "update_display(Markdown('changed'), display_id='x', metadata={'a': 1})\nupdate_display(1, display_id='unknown')",
    "print('gone')\nclear_output()\nprint('kept')",
    "print('gone', flush=True)\nclear_output(wait=True)\ndisplay(2)\nclear_output(wait=True)",
    "for n in range(3):\n    print(n, flush=True)\n    print('err', n, file=sys.stderr, flush=True)\n    display(n)",
    "display({'text/plain': 'a', 'application/json': {'b': [1, None, True, 'é\\udc80']}}, raw=True)\nMath('x')",
    "display(Image(b'\\x89PNG\\r\\n\\x1a\\n' + bytes(range(256)), format='png', width=3))\nLatex('$x$')",
    "print('\\r50%\\r100%', end='')\nprint('\\x1b[31mred\\x1b[0m\\x00')",
    "%%capture kept\nprint('captured')\ndisplay(3)",
    "kept.show()\nkept",
    "_, __, Out.keys(), In[-2]",
    "1;",
    "%%bash\necho out",
    "%%bash\necho err >&2",
    "import warnings\nwarnings.warn('careful')\nimport logging\nlogging.warning('logged')",
    "class Rich:\n    def _repr_mimebundle_(self, **kwargs):\n"
    "        return {'text/plain': 'p', 'text/html': 'h'}, {'text/html': {'isolated': True}}\nRich()",
    "get_ipython().set_next_input('never')\nget_ipython().run_cell('print(\"inner\"); 5')\nNone",
    "from IPython.core.page import page\npage('paged')",
    "await __import__('asyncio').sleep(0.01)\nprint('awaited')",
    "import threading\nnext_cell = threading.Event()\n"
    "def late():\n    next_cell.wait()\n    print('late', flush=True)\n"
    "thread = threading.Thread(target=late)\nthread.start()",
    "next_cell.set()\nthread.join()\nprint('last')",
]
WIDGETS = [
    "import sys\nfrom IPython.display import display",
    """\
from comm import create_comm
class Output:  # as ipywidgets has it
    def __init__(self):
        names = {"_model_name": "OutputModel", "_model_module": "@jupyter-widgets/output"}
        state = {**names, "_model_module_version": "1.0.0", "msg_id": "", "outputs": []}
        self.comm = create_comm(target_name="jupyter.widget", data={"state": state, "buffer_paths": []})
        self.told = []
        self.comm.on_msg(lambda message: self.told.append(message["content"]["data"]["state"]["outputs"]))
    def send(self, **state):
        self.comm.send({"method": "update", "state": state, "buffer_paths": []})
    def __enter__(self):
        self.send(msg_id=get_ipython().kernel.get_parent("shell")["header"]["msg_id"])
    def __exit__(self, *error):
        sys.stdout.flush()
        self.send(msg_id="")
one, two = Output(), Output()""",
    "with one:\n    print('into one')\n    display(1)\nprint('beside')",
    "with one:\n    with two:\n        print('into two')\n    print('into one again')",
    "print([[len(told) for told in each.told] for each in (one, two)])",
    "state = {'_model_name': 'ImageModel', '_model_module': 'm', '_model_module_version': '2', 'value': None}\n"
    "data = {'state': state, 'buffer_paths': [['value']]}\n"
    "image = create_comm(target_name='jupyter.widget', data=data, buffers=[b'\\x00\\xff'])\n"
    "display({'application/vnd.jupyter.widget-view+json': {'model_id': image.comm_id}}, raw=True)",
]
FAILS = "raises-exception"
FAILURES = [
    (FAILS, "1 / 0"),
    ("", "print('after')"),
    ("skip-execution", "print('skipped')"),
    (FAILS, "raise SystemExit(3)"),
    (FAILS, "raise SystemExit(0)"),
    (FAILS, "def f(:"),
    (FAILS, "input('?')"),
    (FAILS, "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(5)"),
    (
        "",
        "try:\n    os.kill(os.getpid(), signal.SIGINT)\n    time.sleep(5)\nexcept KeyboardInterrupt:\n    print('no')",
    ),
    ("", "print('more')"),
    ("", "print('and more')"),
    (FAILS, "async def g():\n    raise KeyError('x')\nawait g()"),
    (FAILS, "class Odd(Exception):\n    def _render_traceback_(self):\n        return ['odd']\nraise Odd"),
    ("", ""),
    (FAILS, "class Broken:\n    def _repr_html_(self):\n        raise ValueError('broken')\nBroken()"),
    ("", "print('the end')"),
]


def book_of(cells: list[tuple[str, str]]) -> bytes:
    made = [
        code(source, id=f"c{index}", metadata={"tags": [tag] if tag else []})
        for index, (tag, source) in enumerate(cells)
    ]
    return writes(
        new_notebook(cells=made, metadata={"kernelspec": {"name": "python3", "display_name": "Python"}})
    ).encode()


def plain(book: Any) -> Any:
    """What must be the same; numbers of memory and processes, and names of widgets, are drawn anew each time."""
    for cell in book.cells:
        cell.metadata.pop("execution", None)
        outputs: list[Any] = []
        for output in cell.outputs:  # nbclient leaves streams in the pieces that they came in
            if outputs and outputs[-1].get("name", "") == output.get("name"):
                outputs[-1].text += output.text
            else:
                outputs.append(output)
        cell.outputs = outputs
    book.metadata.pop("kernelspec")
    states = book.metadata.pop("widgets", {}).values()
    widgets = sorted(json.dumps(each, sort_keys=True) for state in states for each in state["state"].values())
    text = json.dumps([book, widgets], sort_keys=True, indent=1)
    return re.sub(r"\b(0x)?[0-9a-f]{12,}\b|ipykernel_\d+", "…", text)


def test_outputs_are_those_of_a_started_kernel_and_of_nbclient(bench: Bench) -> None:
    books = {"displays": book_of([("", source) for source in DISPLAYS]), "failures": book_of(FAILURES)}
    ours = books | {"widgets": book_of([("", source) for source in WIDGETS])}  # at which nbclient hangs now and then
    tries = {
        (name, me): task(bench, content, f"{name}-{me}.ipynb", ahead, params={"me": "x"}, task="same", product="x")
        for name, content in ours.items()
        for me, ahead in (("forked", ()), ("started", None))
    }
    theirs = {
        name: inject(read_notebook(books[name], Path("x.ipynb")), tries[name, "forked"].job.binding) for name in books
    }

    async def run_theirs() -> None:
        for book in theirs.values():
            client = NotebookClient(book, kernel_name="python3", startup_timeout=240, iopub_timeout=240)
            await client.async_execute(cwd=str(bench.root))

    assert bench.run_all([*tries.values()], run_theirs()) == [Succeeded()] * 6

    for name in ours:
        forked = plain(tries[name, "forked"].notebook)
        for other in (tries[name, "started"].notebook, *([theirs[name]] if name in theirs else ())):
            assert "\n".join(unified_diff(plain(other).splitlines(), forked.splitlines())) == ""


ENDS = {
    "raise": ("1 / 0", Failed),
    "leave": ("exit()", Succeeded),
    "exit": ("import sys\nsys.exit(0)", Succeeded),
    "fail": ("import sys\nsys.exit(3)", Failed),
    "interrupt": ("import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(600)", Failed),
    "syntax": ("def f(:", Failed),
    "await": ("await __import__('asyncio').sleep(0)\n1 / 0", Failed),
}


def test_no_cell_is_begun_after_the_last_one(bench: Bench) -> None:
    """Cells are sent ahead; many quick ones, that the race between them and the news of the end be lost if it can."""
    tries = {}
    for name, (end, kind) in ENDS.items():
        for before in range(6):
            cells = ["x = 1"] * before + [end] + [f"open('begun-{name}-{before}', 'w').close()"] * 3
            attempt = task(bench, book_of([("", cell) for cell in cells]), f"{name}{before}.ipynb")
            tries[name, before] = attempt, kind

    async def go() -> None:
        turn = asyncio.Semaphore(4)

        async def one(attempt: Try, kind: type[Outcome]) -> None:
            async with turn:
                assert isinstance(await bench.go(attempt), kind)

        await asyncio.gather(*(one(*each) for each in tries.values()))

    asyncio.run(go())
    assert [path.name for path in bench.root.glob("begun-*")] == []
    for (_, before), (attempt, _) in tries.items():
        counts = [cell.execution_count for cell in attempt.notebook.cells if cell.cell_type == "code"]
        assert counts == [*range(1, before + 3), None, None, None]


SLOW_TO_SAY = """
import threading
kernel = get_ipython().kernel
say, silent = kernel._publish_status, False
def publish(status, channel, parent=None):
    if status != "idle":
        say(status, channel, parent)
    elif not silent:
        threading.Timer(0.5, say, (status, channel, parent or kernel.get_parent("shell"))).start()
kernel._publish_status = publish
"""


def test_a_kernel_that_never_says_that_outputs_are_complete_is_not_waited_for(bench: Bench) -> None:
    cells = [("", SLOW_TO_SAY), ("", "silent = True"), ("", "print('last')")]
    attempt = task(bench, book_of(cells), "silent.ipynb")
    spec = attempt.job.spec
    spec = replace(spec, notebook=replace(spec.notebook, engine_arguments={"iopub_timeout": 1}))
    attempt = replace(attempt, job=replace(attempt.job, spec=spec))
    assert asyncio.run(bench.go(attempt)) == Succeeded()
    assert "last\n" in attempt.log
