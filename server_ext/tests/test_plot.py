"""Pictures of a pipeline: where the nodes stand, and that a project's texts stay texts."""

from __future__ import annotations

import itertools
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest
from drawn import Workshop
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from test_cli import cauce

from cauce.contract import Edge, Problem, Snapshot, Task
from cauce.engine.executors.fake import Fail
from cauce.plot.html import plot_page, report_page
from cauce.plot.layout import Layout, layout
from cauce.plot.mermaid import markdown, mermaid
from cauce.plot.png import png
from cauce.plot.svg import svg

Draw = Callable[[str], Workshop]

NASTY = [
    "<script>alert(1)</script>",
    '" onload="alert(1)',
    "]]> --> &amp; &#60;b&#62;",
    "تحليل البيانات",
    "\x1b[31m\u202egnp.\x00",
    "```\n# heading",
    "a-name-" * 40,
]

CHROMIUM = shutil.which("chromium")

sizes = st.tuples(st.integers(20, 300), st.integers(20, 120))


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Sizes, and edges of which some may close cycles, be double or lead from a node to itself."""
    nodes = draw(st.lists(sizes, min_size=1, max_size=14))
    number = st.integers(0, len(nodes) - 1)
    return nodes, draw(st.lists(st.tuples(number, number), max_size=30))


def check(sizes: list[tuple[int, int]], edges: list[tuple[int, int]], drawing: Layout) -> None:
    """No two nodes touch, all is within the drawing, and edges lead from border to border."""
    boxes = [(x - w / 2, y - h / 2, x + w / 2, y + h / 2) for (x, y), (w, h) in zip(drawing.nodes, sizes, strict=True)]
    slack = 0.01
    for left, top, right, bottom in boxes:
        assert left >= -slack
        assert top >= -slack
        assert right <= drawing.width + slack
        assert bottom <= drawing.height + slack
    for a, b in itertools.combinations(boxes, 2):
        apart = a[2] <= b[0] + slack or b[2] <= a[0] + slack or a[3] <= b[1] + slack or b[3] <= a[1] + slack
        assert apart
    for (a, b), line in zip(edges, drawing.edges, strict=True):
        assert (len(line) == 0) == (a == b)
        for node, (x, y) in ((a, line[0]), (b, line[-1])) if line else ():
            left, top, right, bottom = boxes[node]
            assert left - slack <= x <= right + slack
            assert top - slack <= y <= bottom + slack


@given(graphs(), st.sampled_from([None, "down", "right"]))
def test_nodes_never_overlap_and_edges_end_at_their_nodes(
    graph: tuple[list[tuple[int, int]], list[tuple[int, int]]], direction: object
) -> None:
    nodes, edges = graph
    drawing = layout(nodes, edges, direction=direction)  # type: ignore[arg-type]  # sampled from the right ones
    check(nodes, edges, drawing)
    assert drawing == layout(nodes, edges, direction=direction)  # type: ignore[arg-type]


@given(graphs())
def test_edges_go_downward_unless_they_close_a_cycle(
    graph: tuple[list[tuple[int, int]], list[tuple[int, int]]],
) -> None:
    nodes, edges = graph
    forward = [(min(edge), max(edge)) for edge in edges if edge[0] != edge[1]]
    drawing = layout(nodes, forward, direction="down")
    for (a, b), line in zip(forward, drawing.edges, strict=True):
        assert drawing.nodes[a][1] + nodes[a][1] / 2 < drawing.nodes[b][1] - nodes[b][1] / 2
        assert [y for _, y in line] == sorted(y for _, y in line)


def test_a_grid_is_read_from_left_to_right_and_a_chain_from_above() -> None:
    many = 40
    grid = [edge for i in range(1, many + 1) for edge in ((0, i), (i, many + 1))]
    assert layout([(120, 44)] * (many + 2), grid).direction == "right"
    assert layout([(120, 44)] * 5, [(i, i + 1) for i in range(4)]).direction == "down"


@pytest.mark.parametrize("shape", ["chain", "star", "apart", "mixed"])
def test_thousands_of_tasks_are_drawn(shape: str) -> None:
    #  Quadratic work would take minutes: the test's time limit sees it.
    count, dice = 5000, random.Random(1)
    edges = {
        "chain": [(i, i + 1) for i in range(count - 1)] + [(0, i) for i in range(2, count)],
        "star": [(0, i) for i in range(1, count - 1)] + [(i, count - 1) for i in range(1, count - 1)],
        "apart": [],
        "mixed": sorted({(dice.randrange(i), i) for i in range(1, count) for _ in range(2)}),
    }[shape]
    drawing = layout([(150, 44)] * count, edges)
    assert len(set(drawing.nodes)) == count


# --- What is written into pictures ----------------------------------------------------------


@pytest.fixture
def snapshot(workshop: Draw) -> Snapshot:
    """Tasks in all states, with nasty names."""
    project = workshop("ok ─► broken ─► after\n ok ─► failed\n ok ─► never")
    project.build("ok")
    project.build("failed", scripts={"failed": Fail()})
    project.rewire("broken", "ok", "nowhere")
    return named(project.status(), dict(zip(["ok", "broken", "after", "failed", "never"], NASTY, strict=False)))


def named(snapshot: Snapshot, names: dict[str, str]) -> Snapshot:
    """The snapshot with other names of tasks, and more nastiness in products and problems."""

    def rename(task: Task) -> Task:
        products = tuple(replace(product, path=f"out/{NASTY[1]}{product.path}") for product in task.products)
        return replace(task, name=names.get(task.name, task.name), source=NASTY[0], products=products)

    return replace(
        snapshot,
        name=NASTY[0],
        tasks=tuple(map(rename, snapshot.tasks)),
        edges=tuple(Edge(source=names[edge.source], target=names[edge.target]) for edge in snapshot.edges),
        problems=(
            *(replace(each, task=names.get(each.task or "")) for each in snapshot.problems),
            Problem(code="x", message=NASTY[0] + NASTY[4], hint=NASTY[1], severity="error"),
        ),
    )


class Tags(HTMLParser):
    """The elements of a page with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_names_are_text_in_an_svg(snapshot: Snapshot) -> None:
    picture = svg(snapshot, products=True)
    root = ElementTree.fromstring(picture)  # noqa: S314 - our own, and that it parses is the point
    names = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert names == {"svg", "style", "g", "path", "rect", "text", "title"}
    assert not [key for element in root.iter() for key in element.attrib if key.startswith("on") or "href" in key]
    words = [element.text or "" for element in root.iter() if element.tag.endswith("text")]
    assert "<script>alert(1)</script>" in words
    assert {"fresh", "stale", "unknown", "failed"} <= set(words)
    assert not set("\x1b\x00\u202e") & set(picture)


def test_a_page_runs_nothing_but_its_own_script(snapshot: Snapshot) -> None:
    for page, scripts in ((plot_page(snapshot, products=True), 1), (report_page(snapshot), 0)):
        tags = Tags(page).found
        assert [tag for tag, _ in tags].count("script") == scripts
        assert not [tag for tag, _ in tags if tag in ("a", "img", "iframe", "link", "object", "b")]
        assert not [
            key for _, attributes in tags for key in attributes if key.startswith("on") or key in ("src", "style")
        ]
        [policy] = [attributes["content"] for _, attributes in tags if "http-equiv" in attributes]
        assert policy is not None
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "unsafe" not in policy
        assert not set("\x1b\x00\u202e") & set(page)


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_a_browser_finds_nothing_to_refuse_in_a_page(tmp_path: Path, snapshot: Snapshot) -> None:
    page = tmp_path / "page.html"
    page.write_text(plot_page(snapshot))
    options = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",  # it may be small
        "--enable-logging=stderr",
        f"--user-data-dir={page.parent}/c",
    ]
    ended = subprocess.run(
        [CHROMIUM, *options, "--dump-dom", page.as_uri()], capture_output=True, text=True, check=True
    )
    assert 'class="plot live"' in ended.stdout
    assert "CONSOLE" not in ended.stderr


@given(st.lists(st.sampled_from(NASTY) | st.text(max_size=20), unique=True, min_size=2, max_size=5))
def test_mermaid_is_nodes_edges_and_classes_whatever_the_names(names: list[str]) -> None:
    task = a_task(names[0])
    tasks = (task, *(replace(task, name=name, upstream=(names[0],)) for name in names[1:]))
    snapshot = Snapshot(
        pipeline="p",
        name="n",
        root="/",
        revision=0,
        tasks=tasks,
        edges=tuple(Edge(source=names[0], target=name) for name in names[1:]),
        problems=(),
        run=None,
    )
    first, *lines = mermaid(snapshot, products=True).splitlines()
    assert first == "flowchart TD"
    label = r'"<b>(?:[\w /.-]|#\d+;)*</b><br/>stale<br/>(?:[\w /.-]|#\d+;)*"'
    kinds = [rf"    t\d+\({label}\):::stale", r"    t0 --> t\d+", r"    classDef stale [\w:#,. -]+"]
    found = [next(i for i, kind in enumerate(kinds) if re.fullmatch(kind, line)) for line in lines]
    assert found == [0] * len(names) + [1] * (len(names) - 1) + [2]
    assert markdown(snapshot).count("```") == 2


def a_task(name: str) -> Task:
    return msgspec.convert(
        {
            "name": name,
            "kind": "notebook",
            "source": "a.py",
            "where": {"path": "pipeline.yaml"},
            "upstream": (),
            "products": [{"key": "", "path": 'o"ut`.ipynb', "exists": True, "notebook": True}],
            "freshness": {"state": "stale"},
            "activity": {"state": "idle"},
            "given": "",
            "sound": True,
            "buildable": True,
        },
        type=Task,
    )


# --- The commands ---------------------------------------------------------------------------


def test_plot_saves_what_the_ending_says(workshop: Draw) -> None:
    project = workshop("load ─► fit")
    project.build("load")
    begins = {"svg": b"<svg ", "md": b"```mermaid\n", "mmd": b"flowchart TD\n", "html": b"<!DOCTYPE html>"}
    for ending, begin in begins.items():
        ended = cauce(project, "plot", "-o", f"graph.{ending}", "--include-products")
        assert (ended.returncode, ended.stdout) == (0, f"Plot saved at: graph.{ending}\n")
        content = (project.root / f"graph.{ending}").read_bytes()
        assert content.startswith(begin)
        assert b"fit.txt" in content
    assert cauce(project, "plot").stdout == "Plot saved at: pipeline.html\n"
    assert cauce(project, "plot", "-b", "mermaid", "-o", "-").stdout.startswith("```mermaid\n")
    project.path.rename(project.root / "pipeline.serve.yaml")
    assert cauce(project, "plot", "-e", "pipeline.serve.yaml").stdout == "Plot saved at: pipeline.serve.html\n"
    assert not list(project.root.glob("*.tmp"))
    for output, advice in (("a.bmp", "End it in .html, .svg, .png, .md or .mmd"), ("none/a.svg", "Name another file")):
        ended = cauce(project, "plot", "-e", "pipeline.serve.yaml", "-o", output)
        assert ended.returncode != 0
        assert advice in " ".join(ended.stderr.split())


def test_a_png_is_drawn_or_says_what_to_install(workshop: Draw) -> None:
    pytest.importorskip("resvg_py")
    project = workshop("load ─► fit")
    assert png(svg(project.status())).startswith(b"\x89PNG\r\n")
    code = "import sys; sys.modules['resvg_py'] = None; from cauce.cli import main; main(['plot', '-o', 'a.png'])"
    ended = subprocess.run([sys.executable, "-c", code], cwd=project.root, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "pip install 'cauce[plot]'" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_empty_and_a_broken_pipeline_are_drawn_too(workshop: Draw) -> None:
    project = workshop("load ─► fit ─► load")
    ended = cauce(project, "plot", "-o", "a.svg")
    assert ended.returncode == 2  # as `status` says it
    assert (project.root / "a.svg").read_text().count("unknown</text>") == 2
    project.path.write_text("tasks: []\n")
    cauce(project, "plot", "-o", "a.svg")
    assert "This pipeline has no tasks." in (project.root / "a.svg").read_text()


def test_a_report_tells_tasks_problems_and_the_last_run(workshop: Draw) -> None:
    project = workshop("load ─► fit ─► report")
    project.write("tasks/fit.py", "# %% tags=['parameters']\nupstream = ['load']\nproduct = None\n\n# %%\n1 / 0\n")
    project.write(
        "tasks/load.py",
        "# %% tags=['parameters']\nupstream = None\nproduct = None\n\n# %%\nopen(product['text'], 'w').write('x')\n",
    )
    cauce(project, "build")
    project.respell("tasks:", "meta: {extract_upstreem: true}\ntasks:")
    ended = cauce(project, "report", "-o", "r.html")
    assert (ended.returncode, ended.stdout) == (2, "Report saved at: r.html\n")
    page = (project.root / "r.html").read_text()
    for words in ("ZeroDivisionError: division by zero", "1 ran, 1 failed, 1 skipped.", "extract_upstreem", "<svg "):
        assert words in page
    assert "\x1b" not in page
