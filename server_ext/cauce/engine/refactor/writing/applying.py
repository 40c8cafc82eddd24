"""A plan, done: its files, and a note of how it was split, which a proof goes by. And what a run has shown."""

from __future__ import annotations

from pathlib import Path

from cauce.engine.editing import Planned, perform
from cauce.engine.refactor.model import Trace
from cauce.engine.refactor.reading.book import read_book
from cauce.engine.refactor.running.tracefile import kept_trace, remember
from cauce.engine.refactor.writing.planning import Plan

__all__ = ["do", "seen"]


def seen(notebook: Path, content: bytes) -> Trace | None:
    """What was seen when exactly this code ran. Raises UsageError when that is no notebook."""
    return kept_trace(notebook.parent, read_book(content, notebook.name).digest)


def do(plan: Plan, planned: Planned) -> tuple[Planned, str]:
    """Write it; `planned` is the plan's. Answers and raises as `perform`."""
    done, record = perform(plan.entry, planned)
    remember(plan.entry.root, plan.entry.name, plan.notebook, plan.split, plan.moved)
    return done, record
