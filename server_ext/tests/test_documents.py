"""What the documents say of the tests is so: docs/reliability.md names no test that is not there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "reliability.md"
LINK_OR_TEST = re.compile(r"\[[^]]*\]\((?P<link>[^)]*)\)|`(?P<test>[^`]*)`(?: \*(?P<mark>\w+)\*)?")
MARKS = {"sampled": "sample", "torture": "torture"}
"""How a marker of pytest is called on the page. See `torture`."""


@cache
def known_tests(path: Path) -> dict[str, str]:
    """Name of each test of a file → how it is marked on the page, '' if it is not."""
    text = path.read_text("utf-8")
    if path.suffix == ".ts":
        return dict.fromkeys(re.findall(r"\btest\(\s*'([^']*)'", text), "")
    tests, whole_file = {}, ""
    for node in ast.parse(text).body:
        match node:
            case ast.Assign(targets=[ast.Name(id="pytestmark")], value=value):
                whole_file = mark_in(value)
            case ast.Assign(targets=[ast.Name(id=name)]) if name.startswith("Test"):
                tests[name] = whole_file
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if name.startswith("test_"):
                own = "".join(mark_in(each) for each in node.decorator_list if "parametrize" not in ast.unparse(each))
                tests[name] = own or whole_file
    return tests


def mark_in(markers: ast.expr) -> str:
    return "".join(mark for marker, mark in MARKS.items() if f"pytest.mark.{marker}" in ast.unparse(markers))


def rows() -> Iterator[tuple[str, list[tuple[Path, str, str]]]]:
    """Each promise, with file, name and mark of the tests that prove it: whatever is set as code after a link."""
    for line in PAGE.read_text("utf-8").splitlines():
        promise, bar, proofs = line.strip("| ").partition(" | ")
        if not bar or promise == "promise":
            continue
        named, file = [], None
        for found in LINK_OR_TEST.finditer(proofs):
            if found["link"]:
                file = (DOCS / found["link"]).resolve()
            elif file is not None:
                named.append((file, found["test"], found["mark"] or ""))
        yield promise, named


def test_every_promise_names_tests_that_are_there_and_how_often_they_run() -> None:
    promises = dict(rows())
    assert len(promises) > 30
    for promise, named in promises.items():
        assert named, promise
        for file, test, mark in named:
            assert known_tests(file).get(test) == mark, (file.name, test, mark)
