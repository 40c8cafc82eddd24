"""Which task is a file? Asked when one is opened: the nearest pipeline says so, and little else is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from looked import Looked

from cauce.engine.lookup import SourceIndex

CODE = '# %% tags=["parameters"]\nupstream = {}\nproduct = None\n\n# %%\n1 + 1\n'
NONE = CODE.format(None)


def test_of_tasks_that_share_a_source_the_first_says_what_is_given(tmp_path: Path) -> None:
    pipeline = "- {source: m.py, name: m-, product: out/m.ipynb, grid: {x: [1, 2]}}\n"
    Looked(tmp_path, {"pipeline.yaml": pipeline, "m.py": NONE})
    first = SourceIndex(tmp_path).binding(tmp_path / "m.py")
    assert first is not None
    assert (first.task, first.params, first.product) == ("m-0", {"x": 1}, "out/m-0.ipynb")


def test_values_come_from_env_and_imported_tasks_and_change_with_them(tmp_path: Path) -> None:
    project = Looked(
        tmp_path,
        {
            "pipeline.yaml": "meta: {import_tasks_from: more/tasks.yaml}\ntasks:\n- {source: m.f, product: f.txt}\n",
            "more/tasks.yaml": "- {source: own.py, product: 'out/{{name}}.ipynb', params: {n: '{{n}}'}}\n",
            "more/own.py": CODE.format(["f"]),
            "m.py": "def f(product): ...\n",
            "env.yaml": "n: 1\nname: x\n",
        },
    )
    index = SourceIndex(tmp_path)
    for value in (1, 2):
        project.write("env.yaml", f"n: {value}\nname: x\n")
        bound = index.binding(tmp_path / "more/own.py")
        assert bound is not None
        assert (bound.params, bound.product, bound.upstream) == ({"n": value}, "out/x.ipynb", {"f": "f.txt"})
    assert index.sources_in(tmp_path / "more") == {"own.py"}
    assert index.sources_in(tmp_path) == set()
    assert index.binding(tmp_path / "m.py") is None


@pytest.mark.parametrize("source", ["scripts/a.py", "src/pkg/a.py"])
def test_a_packages_pipeline_governs_the_whole_project(tmp_path: Path, source: str) -> None:
    Looked(
        tmp_path,
        {
            "setup.py": "",
            "src/pkg/pipeline.yaml": f"- {{source: {source}, product: out/a.ipynb}}\n",
            source: NONE,
        },
    )
    index = SourceIndex(tmp_path)
    bound = index.binding(tmp_path / source)
    assert bound is not None
    assert (bound.root, bound.pipeline, bound.product) == (tmp_path, "src/pkg/pipeline.yaml", "out/a.ipynb")
    assert index.sources_in((tmp_path / source).parent) == {"a.py"}


def test_a_plain_script_works_where_it_is(tmp_path: Path) -> None:
    pipeline = "- {source: deep/a.py, class: ScriptRunner, product: {x: out/x.txt}}\n"
    Looked(tmp_path, {"pipeline.yaml": pipeline, "deep/a.py": NONE})
    bound = SourceIndex(tmp_path).binding(tmp_path / "deep/a.py")
    assert bound is not None
    assert (bound.cwd, bound.product) == (tmp_path / "deep", {"x": "../out/x.txt"})


def test_products_are_read_from_sources_where_the_pipeline_says_so(tmp_path: Path) -> None:
    body = "product = '{}'\n\n# %%\n1 + 1\n"
    head = '# %% tags=["parameters"]\n'
    Looked(
        tmp_path,
        {
            "pipeline.yaml": "meta: {extract_product: true}\ntasks:\n- source: a.py\n- source: b.py\n",
            "a.py": f"{head}upstream = None\n{body.format('out/a.ipynb')}",
            "b.py": f"{head}upstream = ['a']\n{body.format('out/b.ipynb')}",
        },
    )
    bound = SourceIndex(tmp_path).binding(tmp_path / "b.py")
    assert bound is not None
    assert (bound.upstream, bound.product) == ({"a": "out/a.ipynb"}, "out/b.ipynb")
