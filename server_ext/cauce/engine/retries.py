"""Whether a task is tried again after an attempt that did not succeed, and when. Pure.

Again is tried what may end otherwise: its code raised, its process died, it took too long, a
storage was out of reach. Never what was refused before it ran, what is no code at all, or what ran
to its end and did not make what it should: executors and `attempt` say that by `final`.
"""

from __future__ import annotations

from cauce.engine.executors import Crashed, Failed, Outcome
from cauce.engine.spec.model import Limits

__all__ = ["delay", "may_end_otherwise"]

_NO_CODE = frozenset({"SyntaxError", "IndentationError", "TabError"})
_LONGEST = 600.0
_BY_CHANCE = 0.5


def may_end_otherwise(outcome: Outcome) -> bool:
    """Is another try worth it?"""
    match outcome:
        case Failed(error=error, final=final) | Crashed(error=error, final=final):
            return not final and error.name not in _NO_CODE
        case _:
            return False


def delay(limits: Limits, failures: int, chance: float) -> float:
    """Seconds to wait after so many failures: twice as many each time, and never fewer than were asked for.

    `chance` is from 0 to 1 and makes it up to half as long again, so that tasks which failed
    together do not come back together.
    """
    longest = max(limits.retry_delay, _LONGEST)
    wait = min(limits.retry_delay * 2.0 ** min(failures - 1, 100), longest)
    return wait * (1 + _BY_CHANCE * chance)
