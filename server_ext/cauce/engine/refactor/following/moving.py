"""What stands at the top of a task, and what is taken out of its cells for that.

Imports go to the top where that changes nothing: not over a change of what they find, nor over a use of the same name
for something else.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from cauce.engine.refactor.following.definitions import Places
from cauce.engine.refactor.following.needs import Needs
from cauce.engine.refactor.following.timeline import Line, Timeline
from cauce.engine.refactor.model import Statement

__all__ = ["Moved", "Moving"]

_CHANGES_IMPORTS = re.compile(
    r"sys\.path|environ|putenv|chdir|load_dotenv|\b(?:matplotlib|mpl)\.use\b|\bset_start_method|^%\s*(?:cd|env|set_env)\b"
    r"|[!%]\s*(?:pip3?|conda|mamba|uv|apt|apt-get)\b"
)
"""What decides which modules are found, and how they begin."""
_SET_ANEW = frozenset({"random seed", "plot style", "display options", "warnings"})
"""Set-up of which the last one is enough, where it says the same."""


@dataclass(frozen=True)
class Moved:
    """Of one section."""

    repeated: tuple[Statement, ...]
    loaded: tuple[Statement, ...]
    removed: tuple[Statement, ...]


class Moving:
    """Of all sections; `of_section` may be asked once it is settled what they need."""

    def __init__(self, lines: Sequence[Line], timeline: Timeline, starts: Sequence[int]) -> None:
        self._lines = lines
        self._timeline = timeline
        self._starts = starts
        self._needs: Sequence[Needs] = ()
        self._used: set[int] = set()
        self._moved: set[int] = set()
        self._first: set[int] = set()
        """Changes of what imports find, before which nothing is done in their sections."""
        unsteady: set[int] = set()
        for section in range(len(starts) - 1):
            unsteady.update(self._unsteady(lines[starts[section] : starts[section + 1]]))
        self.unsteady = frozenset(unsteady)
        """Imports that come after such a change."""

    def settle(self, needs: Sequence[Needs], places: Places) -> None:
        """It is known what sections need."""
        self._needs = needs
        self._moved = set(places.moved)
        self._used = {index for one in needs for index in (*one.repeated, *one.own_imports)}
        self._used |= {need.index for place in places.definitions for need in place.needs}

    def of_section(self, section: int) -> Moved:
        """What becomes of a section's lines, and of those that it repeats."""
        needs = self._needs[section]
        top = {index: line for index, line in needs.repeated.items() if index not in needs.late}
        removed: dict[int, Line] = {}
        own = self._lines[self._starts[section] : self._starts[section + 1]]
        for line in own:
            if line.index in self._moved or line.index in needs.dropped:
                removed[line.index] = line
            elif line.index in self._first:
                top[line.index] = removed[line.index] = line
            elif line.role == "import" and line.index in self._used and self._may_move(line, needs):
                removed[line.index] = line
                if line.index in needs.own_imports:
                    top[line.index] = line
        for line in self._lines:
            if _is_future(line):
                top[line.index] = line
                if line.section == section:
                    removed[line.index] = line
        return Moved(
            tuple(_once(line for _, line in sorted(top.items(), key=lambda item: (not _is_future(item[1]), item[0])))),
            tuple(needs.repeated[index].statement for index in sorted(needs.late & needs.repeated.keys())),
            tuple(removed[index].statement for index in sorted(removed)),
        )

    def _may_move(self, line: Line, needs: Needs) -> bool:
        if line.index in self.unsteady:
            return False
        for name in line.effect.binds if line.statement.star else (*line.effect.binds, *line.effect.may_bind):
            if name in needs.variables:
                return False
            first = needs.first_use.get(name, line.index)
            own = [e for e in self._timeline.reaching(name, line.index) if e.section == line.section]
            used = self._timeline.reaching(name, first) if first < line.index else ()
            others = [self._lines[event.index] for event in (*own, *used)]
            meant = line.statement.imports.get(name) or line.statement.text
            if any(
                other.role != "import" or (other.statement.imports.get(name) or other.statement.text) != meant
                for other in others
            ):
                return False
            if first < line.index and not used:
                return False
        return True

    def _unsteady(self, lines: Iterable[Line]) -> Iterator[int]:
        nothing_done = True
        changed = False
        written: set[str] = set()
        for line in lines:
            if line.role == "import":
                modules = {meaning.partition(".")[0] for meaning in line.statement.imports.values()}
                if changed or not modules.isdisjoint(written):
                    yield line.index
                continue
            written.update(path.removesuffix(".py").partition("/")[0] for path in line.effect.writes_files)
            if _CHANGES_IMPORTS.search(line.statement.text) and line.role in {"setup", "code"}:
                if nothing_done and self._needs_imports_only(line):
                    self._first.add(line.index)
                    continue
                changed = True
            made = line.statement.setup == "folder"
            nothing_done = nothing_done and not made and line.role in {"setup", "definition"}

    def _needs_imports_only(self, line: Line) -> bool:
        if line.effect.binds or line.effect.may_bind:
            return False
        for name in (*line.effect.reads, *line.effect.later):
            reaching = self._timeline.reaching(name, line.index)
            if any(self._lines[event.index].role != "import" for event in reaching if event.kind != "mutate"):
                return False
        return True


def _is_future(line: Line) -> bool:
    node = line.statement.node
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _once(lines: Iterable[Line]) -> Iterator[Statement]:
    """What says the same stands once: imports, unless another has bound a name of theirs in between, and set-up."""
    kept = list(lines)
    last = {_said(line): at for at, line in enumerate(kept) if line.statement.setup in _SET_ANEW}
    now: dict[str, str] = {}
    for at, line in enumerate(kept):
        if last.get(_said(line), at) != at:
            continue
        names = (*line.effect.binds, *line.effect.may_bind)
        meant = {name: line.statement.imports.get(name) or _said(line) for name in names}
        if line.role == "import" and names and all(now.get(name) == meant[name] for name in names):
            continue
        now.update(meant)
        yield line.statement


def _said(line: Line) -> str:
    return " ".join(line.statement.text.split())
