"""Samples, goals and tables, and how they are written down as Markdown."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

__all__ = ["Goal", "Row", "Sample", "Table", "at_least", "at_most", "document", "faster"]

_PACKAGES = ("ipykernel", "jupyter_client", "nbclient", "papermill", "ploomber", "pandas", "scikit-learn", "matplotlib")


@dataclass(frozen=True)
class Sample:
    """The same thing measured several times, in seconds or whatever `unit` says."""

    values: tuple[float, ...]
    unit: str = "s"

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def __str__(self) -> str:
        scale, unit = (1000.0, "ms") if self.unit == "s" and self.median < 1 else (1.0, self.unit)
        middle, low, high = (scale * value for value in (self.median, min(self.values), max(self.values)))
        digits = 0 if unit != "s" and middle >= 10 else 1 if middle >= 10 else 2
        if len(self.values) == 1:
            return f"{middle:,.{digits}f} {unit}"
        return f"{middle:,.{digits}f} {unit} ({low:,.{digits}f}–{high:,.{digits}f})"


@dataclass(frozen=True)
class Goal:
    """What something should come to, and whether it does."""

    text: str
    met: bool


def at_least(wanted: float, peer: str, theirs: Sample | None, ours: Sample) -> tuple[Goal, ...]:
    """So many times faster than a peer; no goal at all where there is none to compare with."""
    if theirs is None:
        return ()
    return (Goal(f"≥ {wanted:g} × {peer}", theirs.median / ours.median >= wanted),)


def at_most(wanted: float, ours: Sample) -> tuple[Goal, ...]:
    """No more than that, in the sample's unit."""
    text = f"{wanted * 1000:g} ms" if ours.unit == "s" and wanted < 0.1 else f"{wanted:g} {ours.unit}"
    return (Goal(f"≤ {text}", ours.median <= wanted),)


def faster(theirs: Sample | None, ours: Sample) -> str:
    """A peer's median, and by how much ours is the smaller."""
    return "" if theirs is None else f"{theirs} · **{theirs.median / ours.median:.1f} ×**"


@dataclass(frozen=True)
class Row:
    """One line of a table: what was measured, a cell for each column but the first and the last, goals."""

    what: str
    cells: tuple[str, ...]
    goals: tuple[Goal, ...] = ()


@dataclass(frozen=True)
class Table:
    """Rows with a heading, and what has to be known to read them."""

    title: str
    text: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    remarks: tuple[str, ...] = ()


# --- Markdown ------------------------------------------------------------------------------


def document(opening: str, tables: Sequence[Table], notes: Mapping[str, str], load: float) -> str:
    """The whole file. `notes` say, by a row's first cell, why its goal is missed; `load` is that before the run."""
    missed = sum(not goal.met for table in tables for row in table.rows for goal in row.goals)
    goals = sum(len(row.goals) for table in tables for row in table.rows)
    parts = [opening.strip(), f"{_circumstances(load)} {goals - missed} of {goals} goals are met."]
    parts += [_table(table, notes) for table in tables]
    return "\n\n".join(parts) + "\n"


def _circumstances(load: float) -> str:
    found = []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    system = f"{platform.system()}, {platform.machine()}, {cores} cores, Python {platform.python_version()}"
    busy = f"load {load:.1f} before the run"
    return f"{datetime.now(UTC):%Y-%m-%d}: {system}, {busy}; {', '.join(found)}."


def _table(table: Table, notes: Mapping[str, str]) -> str:
    head = ["what", *table.columns, "goal"]
    lines = [_line(head), _line(["---"] * len(head))]
    lines += [_line([row.what, *row.cells, "; ".join(_told(goal) for goal in row.goals)]) for row in table.rows]
    missed = [row.what for row in table.rows if not all(goal.met for goal in row.goals)]
    why = [f"- Missed: {what}: {notes[what]}" for what in missed if what in notes]
    remarks = [f"- {remark}" for remark in table.remarks]
    parts = [f"## {table.title}", table.text.strip(), "\n".join(lines), "\n".join([*why, *remarks])]
    return "\n\n".join(part for part in parts if part)


def _told(goal: Goal) -> str:
    return f"{goal.text} ✓" if goal.met else f"{goal.text} **missed**"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
