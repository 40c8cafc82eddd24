"""A notebook, cut at random and written as files, computes the same: the text of its tasks is run in order."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

from hypothesis import given, note, settings
from splits import pictures, run
from test_refactor_same import programs

from cauce.contract import Split, SplitRequest
from cauce.engine.refactor.reading.book import read_book
from cauce.engine.refactor.reading.statements import read_statements
from cauce.engine.refactor.writing.planning import plan

_MODULE = "definitions"


@settings(max_examples=25, report_multiple_bugs=False)
@given(programs())
def test_written_tasks_compute_what_the_notebook_does(sections: list[list[str]]) -> None:
    """Each variable that a section binds or takes is in its task what it is in the notebook."""
    script = _percent(sections)
    note(script)
    with TemporaryDirectory() as folder:
        root = Path(folder)
        made = plan(SplitRequest(notebook="nb.py"), script.encode(), None, root)
        if made.planned is None:
            # A function that nobody calls may read what is gone by then, and Cauce's own checks say so.
            refused = {each.code for each in made.split.remarks if each.severity == "error"}
            assert refused <= {"definition_changed", "check_undefined"}
            return
        for file in made.planned.change.files:
            (root / file.path).parent.mkdir(parents=True, exist_ok=True)
            (root / file.path).write_bytes(file.after or b"")
        expected = _as_notebook(script, made.split)
        products = {task.name: {each.key: str(root / each.path) for each in task.products} for task in made.split.tasks}
        module = {*made.moved, *(each.name for each in made.split.definitions)}
        for task in made.split.tasks:
            found = _as_task(root, task.source, products, products[task.name])
            for name, value in expected[task.name].items():
                if name not in module:
                    assert found.get(name) == value, f"{task.name}: {name}"


def _percent(sections: Sequence[Sequence[str]]) -> str:
    """A notebook as a script, a heading a section."""
    cells: list[str] = []
    for at, section in enumerate(sections):
        cells += [f"# %% [markdown]\n# ## {chr(ord('a') + at)}", *(f"# %%\n{cell}" for cell in section)]
    return "\n\n".join(cells) + "\n"


def _as_notebook(script: str, split: Split) -> dict[str, dict[str, Any]]:
    """Task → what the variables of its section look like at its end."""
    book = read_book(script.encode(), "nb.py")
    statements, _ = read_statements(book)
    result: dict[str, dict[str, Any]] = {}
    with _main() as namespace:
        for task in split.tasks:
            names = {v.name: None for edge in split.edges if edge.target == task.name for v in edge.variables}
            for statement in statements:
                if task.first <= statement.cell < task.end:
                    run(statement.text, task.name, namespace)
                    if statement.kind == "code":
                        names.update(dict.fromkeys(statement.effect.binds))
            result[task.name] = pictures(namespace, list(names))
    return result


def _as_task(root: Path, source: str, upstream: Mapping[str, Any], product: Mapping[str, str]) -> dict[str, Any]:
    """All variables at the end of a task."""
    with _main() as namespace:
        sys.path.insert(0, str(root))
        try:
            for cell in read_book((root / source).read_bytes(), source).cells:
                if cell.kind == "code":
                    run(cell.text, source, namespace)
                if "parameters" in cell.tags:
                    namespace.update(upstream=upstream, product=product)
            return pictures(namespace, list(namespace))
        finally:
            sys.path.remove(str(root))
            sys.modules.pop(_MODULE, None)


@contextmanager
def _main() -> Iterator[dict[str, Any]]:
    """A namespace that pickles find again."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield sys.modules["__main__"].__dict__
    finally:
        sys.modules["__main__"] = main
