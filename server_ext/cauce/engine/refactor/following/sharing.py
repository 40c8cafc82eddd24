"""Which names lead to one object, statement by statement.

Names that share are kept in *groups*; within a group, *twins* lead to the very same object. Both only ever claim too
much: what is claimed wrongly makes a file larger, what is missed makes a result wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cauce.engine.refactor.model import Effect, Share, TracedCell

__all__ = ["Shared", "Sharing", "is_made_there"]


@dataclass(frozen=True)
class Shared:
    """A name among those that it shares with, at one point of the notebook."""

    group: int
    twins: int
    touched: int
    """The section in which the group came about as it is."""


class _Group:
    __slots__ = ("names", "touched")

    def __init__(self, names: Iterable[str], touched: int) -> None:
        self.names = dict.fromkeys(names)
        self.touched = touched


def is_made_there(effect: Effect, name: str) -> bool:
    """Is what it changes by this name an object that it has made itself, as in ``with open(p) as f: f.read()``?"""
    return name not in effect.reads and (name in effect.binds or name in effect.may_bind)


class Sharing:
    """The state after the statements that it was told of."""

    def __init__(self) -> None:
        self._groups: dict[str, _Group] = {}
        self._twins: dict[str, _Group] = {}

    def others(self, name: str) -> Iterable[str]:
        """Names whose objects may be changed when this name's is."""
        group = self._groups.get(name)
        return () if group is None else tuple(group.names)

    def follow(self, effect: Effect, section: int, apart: Iterable[str] = ()) -> None:
        """Go on by one statement.

        Args:
            apart: Names that share nothing, whatever is said: what they hold is copied when it is taken out.
        """
        plain = set(apart)
        shares = [s for s in effect.shares if s.whole or plain.isdisjoint((s.name, s.other))]
        old = {name: f"{name} before" for name in effect.binds if any(share.other == name for share in shares)}
        for name, before in old.items():
            if name in self._groups:
                self._join(Share(before, name, True), self._groups[name].touched)
        for name in (*effect.binds, *effect.deletes):
            if name not in effect.mutates or is_made_there(effect, name):  # `x += y` may have left `x` what it was
                self._leave(name)
        for share in shares:
            if share.other in old and old[share.other] in self._groups:
                self._join(Share(share.name, old[share.other], share.whole), section)
            if share.name != share.other:
                self._join(share, section)
        for before in old.values():
            self._leave(before)

    def see(self, cell: TracedCell, names: Iterable[str], section: int) -> None:
        """Take what was seen at the end of a cell for what is."""
        before = {name: frozenset(group.names) for name, group in self._groups.items()}
        since = {name: group.touched for name, group in self._groups.items()}
        self._groups.clear()
        self._twins.clear()
        known = set(names)
        for same in cell.same:
            twins = [name for name in same if name in known]
            for other in twins[1:]:
                self._join(Share(twins[0], other, True), section)
        for name, other in cell.holds:
            if name in known and other in known and name != other:
                self._join(Share(name, other, False), section)
        for name, group in self._groups.items():
            if before.get(name) == frozenset(group.names):
                group.touched = since[name]

    def state(self) -> Mapping[str, Shared]:
        """As it is, for later."""
        groups: dict[int, int] = {}
        twins: dict[int, int] = {}
        return {
            name: Shared(
                groups.setdefault(id(group), len(groups)),
                twins.setdefault(id(self._twins[name]), len(twins)),
                group.touched,
            )
            for name, group in self._groups.items()
            if len(group.names) > 1
        }

    def _leave(self, name: str) -> None:
        for table in (self._groups, self._twins):
            if (group := table.pop(name, None)) is not None:
                group.names.pop(name)

    def _join(self, share: Share, section: int) -> None:
        for table in (self._groups, self._twins):
            for name in (share.name, share.other):
                if name not in table:
                    table[name] = _Group([name], section)
        _merge(self._groups, share, section)
        if share.whole:
            _merge(self._twins, share, section)


def _merge(table: dict[str, _Group], share: Share, section: int) -> None:
    one, other = table[share.name], table[share.other]
    if one is other:
        return
    if len(one.names) < len(other.names):
        one, other = other, one
    one.names.update(other.names)
    one.touched = section
    for name in other.names:
        table[name] = one
