"""Reading the user's text without what Python warns of in it: an invalid escape is their business, not our log's.

Which warnings are shown is a setting of the whole process. Two threads that change it and put it
back side by side may leave it changed for good, so only one at a time may.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["unwarned"]

_ONE_AT_A_TIME = threading.RLock()


@contextmanager
def unwarned() -> Iterator[None]:
    """No warning is shown, in no thread, until this ends. Keep it short."""
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
