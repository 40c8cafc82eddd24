"""The files of the pipeline beside its tasks: pipeline.yaml, the module of definitions, its tests, README, .gitignore.

Pure. What is there already is gone on with: a text is added once, and found to be there the next time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from cauce.engine.editing.entries import block
from cauce.engine.refactor.model import Definition, Flow, Statement
from cauce.engine.refactor.writing.tasktext import Writer

__all__ = ["Entries", "definitions_text", "gitignore_after", "pipeline_text", "readme_after", "tests_text"]

Entries = Sequence[Mapping[str, str | Sequence[str] | Mapping[str, str]]]

_README = """## Pipeline

Made from `{notebook}`: [`{pipeline}`]({pipeline}) says what is built; the tasks are in `{tasks}`, what they make is in
`{prefix}`.

```sh
pip install cauce --requirement requirements.txt
{status}    # which tasks are up to date, and why not
{build}     # run those that are not
```

In JupyterLab the tasks open as notebooks, with what `{pipeline}` gives them filled in.
"""


def pipeline_text(notebook: str, entries: Entries) -> str:
    """A pipeline file with these tasks."""
    head = f"# Made from {_one_line(notebook)}. Dependencies are read from the sources: 'upstream = [...]'.\n"
    return head + "tasks:\n" + "\n\n".join(block(fields, "  - ") for fields in entries) + "\n"


def definitions_text(notebook: str, flow: Flow, writer: Writer) -> str:
    """The module of functions and classes; '' when there are none to go into it."""
    held = [each for each in flow.definitions if each.goes != "copied"]
    if not held:
        return ""
    # What `from __future__` asks for holds for all that is written, whoever needs it.
    future = [each for each in writer.statements if each.text.startswith("from __future__ ")]
    needed = [each for definition in held for each in (*definition.needs, definition.statement)]
    statements = {each.index: each for each in (*future, *needed)}
    parts: list[str] = [f'"""Functions and classes of {_one_line(notebook)}."""']
    before = ""
    for statement in sorted(statements.values(), key=_order):
        kind = "future" if statement.text.startswith("from __future__ ") else statement.kind
        gap = "\n\n\n" if "definition" in (kind, before) else "\n\n" if kind != before else "\n"
        parts.append(gap + writer.text_of(statement).strip("\n"))
        before = kind
    return "".join(parts) + "\n"


def _order(statement: Statement) -> tuple[int, int]:
    """Imports first, then as in the notebook."""
    if statement.kind == "import":
        return (0 if statement.text.startswith("from __future__ ") else 1), statement.index
    return 2, statement.index


def tests_text(module: str, definitions: Sequence[Definition]) -> str:
    """Stubs of tests, one for each function and class of the module; '' when there are none."""
    names = [each.name for each in definitions if each.goes != "copied" and not each.name.startswith("_")]
    if not names:
        return ""
    line = f"from {module} import {', '.join(names)}"
    if len(line) > 88:
        line = f"from {module} import (\n" + "".join(f"    {name},\n" for name in names) + ")"
    tests = "".join(
        f"\n\ndef test_{_as_word(name)}():\n    assert {name}\n"
        f'    pytest.skip("To be written: use it, and assert what comes out of it.")\n'
        for name in names
    )
    return f'"""What {module}.py promises. Run them with: python -m pytest"""\n\nimport pytest\n\n{line}\n{tests}'


def _as_word(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def gitignore_after(before: str | None, prefix: str) -> str | None:
    """The file with the folder of products in it; None when there is none, and nothing to write."""
    place = PurePosixPath(prefix)
    if place.is_absolute() or place.as_posix() == ".":
        return before
    wanted = f"{place.as_posix()}/"
    text = before or ""
    if any(line.strip().strip("/") == place.as_posix() for line in text.splitlines()):
        return before
    gap = "" if not text or text.endswith("\n") else "\n"
    return f"{text}{gap}{wanted}\n"


def readme_after(before: str | None, title: str, *, notebook: str, pipeline: str, tasks: str, prefix: str) -> str:
    """The file with a section about the pipeline, unless it speaks of that already."""
    entry = "" if pipeline == "pipeline.yaml" else f" -e {pipeline}"
    section = _README.format(
        notebook=notebook,
        pipeline=pipeline,
        tasks=tasks,
        prefix=prefix,
        status=f"cauce status{entry}",
        build=f"cauce build{entry}",
    )
    if before is None or not before.strip():
        return f"# {title}\n\n{section}"
    if f"]({pipeline})" in before:
        return before
    gap = "\n" if before.endswith("\n") else "\n\n"
    return f"{before}{gap}{section}"


def _one_line(text: str) -> str:
    return " ".join(text.split())
