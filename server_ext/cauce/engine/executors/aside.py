"""Code of ours that runs in the kernel of a notebook beside its cells: no output, no number, no part of the task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cauce.engine.executors import Job

__all__ = ["Aside", "AsideOf"]


@dataclass(frozen=True)
class Aside:
    """What is to be run when; '' for nothing."""

    before: str = ""
    """Before the first cell. When it fails no cell is run."""
    after: Callable[[int], str] | None = None
    """After the cell of this number, whether or not that failed. Cells are then sent one at a time."""
    end: str = ""
    """After the last one that has run, whichever way it ended, if the kernel lives."""


AsideOf = Callable[[Job], Aside | None]
"""What is to be run aside in the kernel of a job."""
