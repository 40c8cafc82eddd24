"""A project given as its files, looked at the way the panel does, and taken for built without running it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from cauce.contract import CellError, Problem, RunRequest
from cauce.engine.assessment import Assessment, assess
from cauce.engine.build import Stop, build
from cauce.engine.document import Value
from cauce.engine.executors.fake import FakeExecutor
from cauce.engine.files import Observer
from cauce.engine.parsecache import ParseCache
from cauce.engine.project import Project, load
from cauce.engine.source import SourceFacts
from cauce.engine.spec import Entry, entry_of_file
from cauce.engine.store import read_history, state_folder

__all__ = ["Looked"]


class Looked:
    """The files of a project, by their paths, and what looking at them tells."""

    def __init__(self, root: Path, files: Mapping[str, str], entry: Entry | None = None) -> None:
        self.root = root
        for path, text in files.items():
            self.write(path, text)
        self.values: dict[str, Value | CellError] = {}
        """`Need.key` → what evaluating it gives."""
        self._given = entry
        self._cache = ParseCache()

    @property
    def entry(self) -> Entry:
        return self._given or entry_of_file(self.root / "pipeline.yaml")

    def write(self, path: str, text: str) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def edit(self, path: str, before: str, after: str) -> None:
        text = (self.root / path).read_text()
        assert text.count(before) == 1, before
        self.write(path, text.replace(before, after))

    def load(self) -> Project:
        return load(self.entry, self._cache)

    def facts(self, task: str) -> SourceFacts:
        return self.load().facts[task]

    def problems(self) -> list[Problem]:
        return list(self.load().problems)

    def build(self) -> str:
        """With an executor that makes every product and runs nothing; how it ended."""
        executor = FakeExecutor(values=self.values)
        return asyncio.run(build(self.entry, RunRequest(), executor=executor, emit=lambda event: None, stop=Stop()))

    def assess(self) -> dict[str, Assessment]:
        history = read_history(state_folder(self.root), self.entry.name)
        return assess(self.load(), history, Observer(self.root))

    def why(self) -> dict[str, list[str]]:
        """Stale task → reasons as `kind subject`."""
        return {
            task: [f"{reason.kind} {reason.subject}".strip() for reason in found.freshness.reasons]
            for task, found in self.assess().items()
            if found.freshness.state != "fresh"
        }
