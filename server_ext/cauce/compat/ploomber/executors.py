"""How tasks are run: only how many at a time means something here."""

from __future__ import annotations

from typing import Any

__all__ = ["Parallel", "Serial"]


class Serial:
    """One after another."""

    def __init__(self, **_: Any) -> None:
        self.processes: int | None = None


class Parallel:
    """Several at a time."""

    def __init__(self, processes: int | None = None, **_: Any) -> None:
        self.processes = processes
