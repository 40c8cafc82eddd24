"""Where the project's code is imported from."""

from __future__ import annotations

import sys
from pathlib import Path

__all__ = ["COMPATIBLE", "prepare"]

COMPATIBLE = Path(__file__).parent.parent / "compat"
"""Holds our `ploomber`."""


def prepare(root: Path) -> None:
    """Put the project first on `sys.path`, and our `ploomber` last: a real one is preferred.

    ``src/`` counts too when there are packages in it, for a project that was never installed.
    """
    first = [str(root)]
    if any(root.glob("src/*/__init__.py")):
        first.append(str(root / "src"))
    sys.path[:] = [*first, *(path for path in sys.path if path not in first), str(COMPATIBLE)]
