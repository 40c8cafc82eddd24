"""Executed notebooks in other formats than their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from patience import eventually
from survival import being

SOURCE = """# %% tags=["parameters"]
upstream = None
product = None

# %% [markdown]
# A heading of its own.

# %%
import base64
from IPython.display import Image

code_of_its_own = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
print("what it " + "says")
Image(base64.b64decode(code_of_its_own))
"""


def project(root: Path, pipeline: str, **sources: str) -> Path:
    (root / "pipeline.yaml").write_text(pipeline)
    for name, text in {"a": SOURCE, **sources}.items():
        (root / f"{name}.py").write_text(text)
    return root


def build(root: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cauce", "build", *arguments],
        cwd=root,
        env={**os.environ, "COLUMNS": "1000", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def files(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in (root / "out").rglob("*") if path.is_file())


@pytest.mark.case("B15", note="figures are inside of Markdown too")
def test_a_notebook_is_written_in_every_format_that_is_asked_for(tmp_path: Path) -> None:
    root = project(
        tmp_path,
        """
        tasks:
          - source: a.py
            product: {html: out/a.html, text: out/a.md, nb: out/a.ipynb, data: out/a.csv}
            nb_product_key: [html, text, nb]
            nbconvert_export_kwargs: {exclude_input: true}
        """,
        a=SOURCE.replace("import base64\n", "import base64\nopen(product['data'], 'w').write('1')\n"),
    )
    done = build(root)
    assert done.returncode == 0, done.stderr
    assert files(root) == ["out/a.csv", "out/a.html", "out/a.ipynb", "out/a.md"]
    html, text = (root / "out/a.html").read_text(), (root / "out/a.md").read_text()
    for content in (html, text):
        assert "code_of_its_own" not in content
        assert "what it says" in content
        assert "data:image/png;base64,iVBORw0KGgo" in content
    assert "code_of_its_own" in (root / "out/a.ipynb").read_text()
    assert build(root, "--force").returncode == 0
    assert (root / "out/a.html").read_text() == html
    assert "Everything is up to date." in build(root).stdout


@pytest.mark.case("B19", note="nothing is made by way of another task's file")
def test_products_that_differ_in_their_suffix_alone_leave_each_other_in_peace(tmp_path: Path) -> None:
    root = project(
        tmp_path,
        """
        tasks:
          - {source: a.py, product: out/r.html}
          - {source: b.py, product: out/r.ipynb}
          - {source: c.py, product: {nb: out/r.md}}
        """,
        b=SOURCE.replace("what it ", "b "),
        c=SOURCE.replace("what it ", "c "),
    )
    done = build(root, "--jobs", "3")
    assert done.returncode == 0, done.stderr
    assert files(root) == ["out/r.html", "out/r.ipynb", "out/r.md"]
    said = [(root / path).read_text() for path in files(root)]
    assert ["what it says" in said[0], "b says" in said[1], "c says" in said[2]] == [True, True, True]


def test_an_exporter_and_its_configuration_can_be_named(tmp_path: Path) -> None:
    root = project(
        tmp_path,
        """
        tasks:
          - source: a.py
            product: out/a.html
            nbconvert_exporter_name: slides
            nbconvert_export_kwargs:
              config:
                SlidesExporter: {preprocessors: [nbconvert.preprocessors.TagRemovePreprocessor]}
                TagRemovePreprocessor: {remove_cell_tags: [unseen]}
        """,
        a=SOURCE + '\n# %% tags=["unseen"]\nprint("never " + "seen")\n',
    )
    assert build(root).returncode == 0
    html = (root / "out/a.html").read_text()
    assert "reveal" in html
    assert "what it says" in html
    assert "never seen" not in html


def test_figures_of_a_format_that_cannot_hold_them_stand_beside(tmp_path: Path) -> None:
    plain = SOURCE.replace("# %% [markdown]\n# A heading of its own.\n\n", "")
    root = project(tmp_path, "tasks: [{source: a.py, product: out/a.rst}]", a=plain)
    done = build(root)
    assert done.returncode == 0, done.stderr
    figure = next(path for path in files(root) if path.endswith(".png"))
    assert f".. image:: {figure.removeprefix('out/')}" in (root / "out/a.rst").read_text()


@pytest.mark.parametrize(
    ("product", "options", "said"),
    [
        ("a.html", "nbconvert_exporter_name: htlm", "Did you mean 'html'?"),
        ("a.pdf", "", "a.pdf needs xelatex, which is not installed."),
        ("a.tex", "", "a.tex needs Pandoc, which is not installed. Get it from https://"),
        ("a.html", "nbconvert_exporter_name: webpdf", "Call it '….pdf'"),
    ],
)
def test_what_a_format_needs_is_said(tmp_path: Path, product: str, options: str, said: str) -> None:
    root = project(tmp_path, f"tasks:\n  - source: a.py\n    product: out/{product}\n    {options}\n")
    (root / "empty").mkdir()
    done = build(root, PATH=str(root / "empty"))
    assert done.returncode == 1
    assert said in f"{done.stdout}{done.stderr}"
    assert f"out/{product}" not in files(root)


PREPROCESSOR = """
import os, signal, time
from pathlib import Path
from nbconvert.preprocessors import Preprocessor


class Rough(Preprocessor):
    def preprocess(self, notebook, resources):
        {}
"""
ROUGH = """
tasks:
  - source: a.py
    product: out/a.html
    nbconvert_export_kwargs: {config: {HTMLExporter: {preprocessors: [rough.Rough]}}}
"""


def test_a_conversion_that_crashes_is_an_outcome(tmp_path: Path) -> None:
    root = project(tmp_path, ROUGH, rough=PREPROCESSOR.format("os.kill(os.getpid(), signal.SIGSEGV)"))
    done = build(root)
    assert done.returncode == 1
    assert "crashed with SIGSEGV" in done.stdout + done.stderr
    assert files(root) == ["out/a.failed.ipynb"]


def test_a_conversion_that_hangs_can_be_cancelled(tmp_path: Path) -> None:
    hanging = "Path('pid').write_text(str(os.getpid()))\n        time.sleep(600)"
    root = project(tmp_path, ROUGH, rough=PREPROCESSOR.format(hanging))
    with subprocess.Popen([sys.executable, "-m", "cauce", "build"], cwd=root, stdout=subprocess.DEVNULL) as running:
        assert eventually(lambda: (root / "pid").exists() and (root / "pid").read_text() != "")
        running.send_signal(signal.SIGTERM)
        assert running.wait() != 0
    assert eventually(lambda: being(int((root / "pid").read_text())) is None)
    assert files(root) == ["out/a.failed.ipynb"]


def test_a_failed_notebook_is_kept_as_it_is_and_not_converted(tmp_path: Path) -> None:
    root = project(tmp_path, "tasks: [{source: a.py, product: out/a.html}]", a=SOURCE + "\n# %%\n1 / 0\n")
    assert build(root).returncode == 1
    assert files(root) == ["out/a.failed.ipynb"]
