"""Evaluates a pipeline as a builder does, with real child processes, and looks at it afterwards."""

from __future__ import annotations

import asyncio
import textwrap
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from cauce.contract import BuildEvent, Problem, RunRequest
from cauce.engine.build import Stop, build
from cauce.engine.document import Value
from cauce.engine.errors import PipelineHasErrors
from cauce.engine.executors.project import ProjectExecutor
from cauce.engine.parsecache import ParseCache
from cauce.engine.project import Project, load
from cauce.engine.spec import find_entry

__all__ = ["evaluate", "write"]


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """A project of these files; returns its folder."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(textwrap.dedent(text))
    return folder


def evaluate(
    folder: Path, entry_point: str | None = None, values: Mapping[str, Value] | None = None
) -> tuple[Project, tuple[Problem, ...]]:
    """The pipeline as it is seen once it was evaluated, and what went wrong with that."""
    entry = replace(find_entry(entry_point, folder, {}), overrides=values or {})
    executor = ProjectExecutor()
    said: list[BuildEvent] = []
    problems: tuple[Problem, ...] = ()

    async def go() -> None:
        await build(entry, RunRequest(action="evaluate"), executor=executor, emit=said.append, stop=Stop())

    try:
        asyncio.run(go())
    except PipelineHasErrors as error:
        problems = error.problems
    finally:
        executor.close()
    return load(entry, ParseCache()), problems
