"""Notebooks as short texts, what a split makes of them, and that run: as tasks, each in a namespace of its own."""

from __future__ import annotations

import builtins
import pickle
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from cauce.engine.refactor.following import edits
from cauce.engine.refactor.following.flow import follow
from cauce.engine.refactor.model import Book, Cell, Flow, Part, Section, Statement, Trace, Wishes
from cauce.engine.refactor.reading.statements import read_statements

MODULE = "definitions_of_a_test"


@dataclass(frozen=True)
class Split:
    """A notebook, and what became of it."""

    book: Book
    statements: tuple[Statement, ...]
    flow: Flow

    def part(self, name: str) -> Part:
        """The task of that name."""
        return next(part for part in self.flow.parts if part.section.name == name)

    @property
    def edges(self) -> dict[str, dict[str, list[str]]]:
        """Task → task that it comes after → variables that it takes of that."""
        return {
            part.section.name: {
                name: sorted(n for take in part.takes if take.section == name for n in take.names)
                for name in part.upstream
            }
            for part in self.flow.parts
        }

    @property
    def remarks(self) -> set[tuple[str, str]]:
        """Severity and code of each."""
        return {(remark.severity, remark.code) for remark in self.flow.remarks}

    def text(self, statements: Sequence[Statement]) -> list[str]:
        """Their texts, edited."""
        return [edits.text_of(statement, self.flow.edits) for statement in statements]


def split(
    *sections: str | Sequence[str],
    wishes: Wishes | None = None,
    trace: Trace | None = None,
    **names: str | Sequence[str],
) -> Split:
    """A notebook of sections, each one cell or several: 'a', 'b', … or by name."""
    given = {**{chr(ord("a") + at): cells for at, cells in enumerate(sections)}, **names}
    cells: list[Cell] = []
    cut: list[Section] = []
    for name, texts in given.items():
        first = len(cells)
        for text in (texts,) if isinstance(texts, str) else texts:
            cells.append(Cell(len(cells), "code", text))
        cut.append(Section(name, name.title(), first, len(cells)))
    book = Book("nb.ipynb", tuple(cells), (), "python", {}, "digest")
    statements, remarks = read_statements(book)
    errors = [remark for remark in remarks if remark.severity == "error" and remark.code == "syntax"]
    assert not errors, errors
    return Split(book, statements, follow(book, tuple(cut), statements, wishes or Wishes(), trace))


# --- As tasks -----------------------------------------------------------------------------


def run(text: str, where: str, namespace: dict[str, Any]) -> None:
    """Run a piece of a program."""
    exec(compile(text, f"<{where}>", "exec"), namespace)  # noqa: S102 - a program of the test's own


@contextmanager
def _module(name: str, source: str) -> Iterator[None]:
    module = ModuleType(name)
    sys.modules[name] = module
    try:
        run(source, name, module.__dict__)
        yield
    finally:
        del sys.modules[name]


def module_text(split: Split) -> str:
    """The module of definitions."""
    found: dict[int, Statement] = {}
    for definition in split.flow.definitions:
        if definition.goes != "copied":
            found.update((each.index, each) for each in (*definition.needs, definition.statement))
    return "\n".join(split.text([found[index] for index in sorted(found)]))


def task_text(split: Split, part: Part, module: str = MODULE) -> tuple[str, str]:
    """What stands before what it takes is loaded, and after."""
    before: list[str] = []
    imported = f"from {module} import {', '.join(part.imported)}" if part.imported else ""
    texts = split.text(part.repeated)
    for statement, text in zip(part.repeated, texts, strict=True):
        if imported and statement.kind != "import" and set(part.imported) & {*statement.effect.reads}:
            before.append(imported)
            imported = ""
        before.append(text)
    before.append(imported)
    gone = {statement.index for statement in part.removed}
    own = [
        statement
        for statement in split.statements
        if part.section.first <= statement.cell < part.section.end and statement.index not in gone
    ]
    return "\n".join(before), "\n".join(split.text([*part.loaded, *own]))


def run_as_tasks(split: Split) -> dict[str, dict[str, Any]]:
    """Task → what its own variables look like at its end. Each has a namespace; what it takes was pickled."""
    stored: dict[tuple[str, tuple[str, ...]], bytes] = {}
    result: dict[str, dict[str, Any]] = {}
    main = sys.modules["__main__"]
    for part in split.flow.parts:
        errors = [remark for remark in split.flow.remarks if remark.severity == "error"]
        assert not errors, errors
        with _module(MODULE, module_text(split)):
            before, after = task_text(split, part)
            task = ModuleType("__main__")
            sys.modules["__main__"] = task
            try:
                run(before, f"{part.section.name}: top", task.__dict__)
                for take in part.takes:
                    values = pickle.loads(stored[take.section, take.given.names])  # noqa: S301 - our own
                    task.__dict__.update({name: values[name] for name in take.names})
                run(after, part.section.name, task.__dict__)
                for given in part.gives:
                    values = {name: task.__dict__[name] for name in given.names}
                    stored[part.section.name, given.names] = pickle.dumps(values)
            finally:
                sys.modules["__main__"] = main
            result[part.section.name] = pictures(task.__dict__, own_names(split, part))
    return result


def run_as_notebook(split: Split) -> dict[str, dict[str, Any]]:
    """Section → what its own variables look like at its end."""
    result: dict[str, dict[str, Any]] = {}
    main = sys.modules["__main__"]
    notebook = ModuleType("__main__")
    sys.modules["__main__"] = notebook
    try:
        for part in split.flow.parts:
            for statement in split.statements:
                if part.section.first <= statement.cell < part.section.end:
                    run(statement.text, part.section.name, notebook.__dict__)
            result[part.section.name] = pictures(notebook.__dict__, own_names(split, part))
    finally:
        sys.modules["__main__"] = main
    return result


def pictures(namespace: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """What variables look like, wherever their classes are defined."""
    return {name: _picture(namespace[name]) for name in names if name in namespace}


def _picture(value: Any) -> Any:
    if isinstance(value, list | tuple | set | frozenset):
        return (type(value).__name__, [_picture(each) for each in value])
    if isinstance(value, dict):
        return {key: _picture(each) for key, each in value.items()}
    if isinstance(value, int | float | str | bytes | None):
        return value
    if isinstance(value, type | ModuleType) or callable(value):
        return getattr(value, "__name__", "callable")
    return (type(value).__name__, _picture(vars(value)) if hasattr(value, "__dict__") else repr(value))


def own_names(split: Split, part: Part) -> list[str]:
    """Names of variables that a section binds for sure, or takes."""
    found: dict[str, None] = {name: None for take in part.takes for name in take.names}
    for statement in split.statements:
        if part.section.first <= statement.cell < part.section.end and statement.kind == "code":
            found.update(dict.fromkeys(statement.effect.binds))
    gone = {name for statement in part.removed for name in statement.effect.binds}
    return [name for name in found if name not in gone and not hasattr(builtins, name)]


def differences(split: Split) -> dict[str, tuple[Any, Any]]:
    """Variables that tasks have otherwise than the notebook: 'task.name' → as in the notebook, as in the task."""
    expected, found = run_as_notebook(split), run_as_tasks(split)
    return {
        f"{task}.{name}": (value, found[task].get(name, "nothing"))
        for task, values in expected.items()
        for name, value in values.items()
        if found[task].get(name, "nothing") != value
    }
