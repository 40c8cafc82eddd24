"""Waiting for what happens in another process, with a bound: promises are bounded, speeds are not."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["PATIENCE", "eventually"]

PATIENCE = 120.0
"""Seconds for what takes one or two on a machine that has nothing else to do. Less than a test has as a whole, so that
it says what it has waited for."""


def eventually(condition: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Whether it came true within that time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
