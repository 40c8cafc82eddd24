"""A task's source as a notebook, and the injected cell that fills in what the build knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Binding", "Value"]

Value = None | bool | int | float | str | list["Value"] | dict[str, "Value"]
"""What a parameter can hold: plain data as YAML writes it."""


@dataclass(frozen=True)
class Binding:
    """What one task is given by its pipeline: all that the injected cell says.

    Paths in `upstream` and `product` are relative to `root`, POSIX, and `root` is the
    task's working directory. `upstream` is None for a task without dependencies: then the
    parameters cell's own ``upstream = None`` stays in force (Ploomber's rule).
    """

    root: Path
    pipeline: str
    """The pipeline file, relative to `root`."""
    task: str
    params: Mapping[str, Value]
    upstream: Mapping[str, Value] | None
    product: Value
    kernel: str | None = None
    """Kernel asked for by pipeline.yaml; None: the source's own, else the default."""
