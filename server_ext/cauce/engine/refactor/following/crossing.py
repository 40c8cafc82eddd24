"""What the remarks of a split are told from, and how they name things. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from cauce.engine.refactor.following.needs import Needs
from cauce.engine.refactor.following.roles import Roles
from cauce.engine.refactor.following.timeline import Line, Timeline
from cauce.engine.refactor.model import Definition, Part, Section, Trace

__all__ = ["Crossing", "listed"]

_MOST_NAMED = 5


@dataclass(frozen=True)
class Crossing:
    """All that was found out."""

    sections: Sequence[Section]
    lines: Sequence[Line]
    timeline: Timeline
    needs: Sequence[Needs]
    parts: Sequence[Part]
    definitions: Sequence[Definition]
    roles: Roles
    trace: Trace | None
    type_at: Callable[[str, Part], str]
    """Name, part → its type at the end of the section, where that is known."""


def listed(names: Sequence[str] | Iterator[str] | dict[str, Line]) -> str:
    """'a, b and c'; many are cut short."""
    words = list(names)
    if len(words) > _MOST_NAMED:
        words = [*words[: _MOST_NAMED - 1], f"{len(words) - _MOST_NAMED + 1} more"]
    return " and ".join([*([", ".join(words[:-1])] if len(words) > 1 else []), *words[-1:]])
