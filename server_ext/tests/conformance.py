"""Acceptance cases, which tests prove which, and the tables of it: docs/conformance.md and its neighbours.

A test says with ``@pytest.mark.case("S1")`` what it proves. There are two tables, and some ids stand in both:
in files called ``test_refactor…`` the cases of refactoring are meant, elsewhere those of the dialect, unless
the mark itself says so: ``@pytest.mark.case("C24", table="refactoring")``. ``pytest --conformance DOCS`` writes
the tables into that folder after the run; ``pytest --conformance-check DOCS`` fails the run when a table
differs, so that a case that lost its test, or a test that fails, cannot go unnoticed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from refactoringcases import REFACTORING

DIALECT = {
    "S1": "A task without `product` is told, with an example",
    "S2": "Unknown keys at the top and in `meta` are told, with the valid ones",
    "S3": "`tasks` empty, and `tasks` no list, are two errors",
    "S4": "The source's suffix decides the kind of task",
    "S5": "Paths are relative to the pipeline's folder, wherever the build is started",
    "S6": "A notebook task without a notebook among its products is told",
    "S7": "Two tasks with one product are told, however the path is spelled",
    "S8": "An upstream that is no task is told, with the tasks there are",
    "S9": "`import_tasks_from` adds a file of tasks, with its own folder for relative sources",
    "S10": "`upstream` in YAML beside extraction is an error",
    "G1": "Placeholders are filled in from env.yaml and become numbers, Booleans, lists",
    "G2": "`--env--a--b` replaces a nested value",
    "G3": "Which env file belongs to a pipeline",
    "G4": "An undefined placeholder is told, with how to define it",
    "G5": "The placeholders that are always there",
    "G6": "A value of env.yaml that nothing uses is a warning",
    "G7": "A grid makes a task for each combination",
    "G8": "A grid's names and products as templates",
    "G9": "A parameter both in `grid` and in `params` is an error",
    "G10": "A wildcard in upstream gives a group",
    "G11": "A parameter that a function computes",
    "X1": "The literal forms of `upstream`",
    "X2": "An `upstream` that is no such literal is told, with file and line",
    "X3": "Only assignments at the top level count",
    "X4": "A function's upstream is what it subscripts `upstream` with",
    "X5": "A SQL script's upstream is what its template names",
    "X6": "The injected cell comes after the parameters cell, in every format",
    "X7": "Without dependencies nothing is injected as `upstream`",
    "X8": "Injected and debugging cells are taken out, nothing else",
    "X9": "An injected cell that a file holds is no code of its own",
    "X10": "A source without a parameters cell (≠)",
    "X11": "A source that ends with its parameters cell is told",
    "X12": "Annotated and computed `upstream` (≠)",
    "J1": "Opening a task's source injects the cell",
    "J2": "Saving takes it out and keeps the edit",
    "J3": "Files of no pipeline stay as they are",
    "J4": "The server's root above or below the pipeline",
    "J5": "A broken and mended upstream at the next opening",
    "J6": "What changed in the pipeline, its env or the source shows at the next opening",
    "J7": "Two pipelines in one server",
    "J8": "A broken task does not keep the others from being filled in (≠)",
    "J9": "A cell injected by hand stays",
    "J10": "One source of several tasks",
    "J11": "Saving without an edit changes nothing (≠)",
    "J12": "What the checks find does not keep a file from opening",
    "J13": "A function as a notebook",
    "B1": "A second build runs nothing",
    "B2": "A change of code runs the task and what depends on it, no more",
    "B3": "Comments, docstrings and white space of a function run nothing",
    "B4": "Comments and Markdown of a notebook run nothing (≠)",
    "B5": "A changed parameter runs the task; one that cannot be compared never does",
    "B6": "A parameter that a function gives as a tuple, or with numbers as keys, is stable (≠)",
    "B7": "A product that was deleted is made again",
    "B8": "After building only an upstream task, what depends on it is stale",
    "B9": "A resource counts by its content",
    "B10": "A failure skips what depends on it and nothing else",
    "B11": "A failing `on_finish` is a failed task",
    "B12": "A task can end the build early",
    "B13": "A task that forgets a product has failed",
    "B14": "A failing notebook is kept up to where it failed",
    "B15": "The executed notebook in other formats, one or several",
    "B16": "Building a part: with what it needs, by pattern, without what it needs",
    "B17": "A failure in between, and the old code again (≠)",
    "B18": "A damaged metadata file (≠)",
    "B19": "An html and an ipynb product of the same name (≠)",
    "B20": "Two builds at once (≠)",
    "C1": "The report of a build",
    "C2": "The table of the status, with reasons",
    "C3": "One task from the command line",
    "C4": "Suggestions for mistyped commands and tasks",
    "C5": "Scaffolding what is missing",
    "C6": "Strict: the declared parameters are the given ones",
    "C7": "An undefined name stops a task before its kernel starts",
    "C8": "Magics are no errors",
}
"""Id → what it says. (≠): where Cauce behaves otherwise than Ploomber on purpose."""

_DIALECT_HEAD = """\
# Conformance

What Ploomber users may rely on, case by case, and the tests that prove it. This file is made by the
tests: `make conformance` writes it, `make test` fails when it is not what the tests say. Cases marked (≠)
are those in which Cauce behaves better on purpose; [migrating.md](migrating.md) has the whole list.
How notebooks become pipelines has [a table of its own](conformance-refactoring.md).

"""
_REFACTORING_HEAD = """\
# Conformance: from one notebook to a pipeline

What whoever knows Soorgeon may rely on when a notebook is split, case by case, and the tests that prove it. Cases A,
B and C say what Soorgeon's own tests ask for; N are those in which it fails. Where Cauce does something else on
purpose a case is marked ▲. This file is made by the tests, as [conformance.md](conformance.md) is.

"""


@dataclass
class Table:
    """Cases, and what a run of the tests says of them."""

    file: str
    head: str
    cases: Mapping[str, str]
    """Id → what it says."""
    proofs: dict[str, dict[str, str]] = field(default_factory=dict)
    """Case → test → how it is shown: its name, with the note if there is one."""

    def text(self, failed: set[str]) -> str:
        rows = "".join(self._rows(failed))
        return f"{self.head}| case | what | proven by | result |\n|---|---|---|---|\n{rows}"

    def _rows(self, failed: set[str]) -> Iterator[str]:
        for case, what in self.cases.items():
            proofs = self.proofs.get(case, {})
            if not proofs:
                yield f"| {case} | {what} |  | NOT PROVEN |\n"
                continue
            result = "FAILS" if failed & proofs.keys() else "passes"
            yield f"| {case} | {what} | {'<br>'.join(sorted(proofs.values()))} | {result} |\n"


def tables() -> dict[str, Table]:
    return {
        "dialect": Table("conformance.md", _DIALECT_HEAD, DIALECT),
        "refactoring": Table("conformance-refactoring.md", _REFACTORING_HEAD, REFACTORING),
    }


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance")
    group.addoption("--conformance", type=Path, help="Write the tables of acceptance cases to this folder.")
    group.addoption("--conformance-check", type=Path, help="Fail when a table in this folder is not what came out.")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(_Proofs(config), "conformance-tables")


class _Proofs:
    """Collects what proves which case, and how that went."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.tables = tables()
        self.failed: set[str] = set()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            test = item.nodeid.split("[")[0]
            usual = "refactoring" if item.path.name.startswith("test_refactor") else "dialect"
            for marker in item.iter_markers("case"):
                name = marker.kwargs.get("table", usual)
                table = self.tables[name]
                for case in marker.args:
                    if case not in table.cases:
                        raise pytest.UsageError(f"{test} proves {case}, which is no case of the {name}.")
                    note = marker.kwargs.get("note")
                    shown = f"`{test.replace('server_ext/tests/', '')}`" + (f": {note}" if note else "")
                    table.proofs.setdefault(case, {})[test] = shown

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed or report.skipped:
            self.failed.add(report.nodeid.split("[")[0])

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        write, check = self.config.getoption("--conformance"), self.config.getoption("--conformance-check")
        for table in self.tables.values():
            text = table.text(self.failed)
            if write is not None:
                (write / table.file).write_text(text, encoding="utf-8")
            file = None if check is None else check / table.file
            if file is not None and (not file.exists() or file.read_text(encoding="utf-8") != text):
                print(f"\n{file} is not what the tests say: run 'make conformance'.")  # noqa: T201 - pytest shows it
                session.exitstatus = pytest.ExitCode.TESTS_FAILED
