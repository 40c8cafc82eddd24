"""Scripts by a pattern or in a folder, as ``-e "*.py"`` and ``-e folder`` name them: names only, no contents."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from fnmatch import translate
from pathlib import Path, PurePosixPath

__all__ = ["SCRIPT_SUFFIXES", "Find", "find_in"]

Find = Callable[[str], tuple[str, ...]]
"""A pattern, or a folder, relative to the root → the scripts it names, relative to the root, in order."""

SCRIPT_SUFFIXES = frozenset((".py", ".r", ".rmd", ".ipynb"))
"""In lower case, of what a folder's or a pattern's tasks are."""
_MAX_ENTRIES = 50_000
_MAX_PARTS = 20


def find_in(root: Path) -> Find:
    """Looks on the disk below `root`, at a bounded number of names; hidden ones and links to folders do not count."""

    def find(target: str) -> tuple[str, ...]:
        parts = [part for part in target.split("/") if part not in ("", ".")]
        if not any(character in target for character in "*?["):  # a folder
            parts.append("*")
        if target.startswith("/") or ".." in parts or len(parts) > _MAX_PARTS:
            return ()
        found = _Search(root).below(parts)
        if parts[-1:] == ["*"]:  # a folder's description is no task of it
            found = [path for path in found if not path.rpartition("/")[2].lower().startswith("readme.")]
        return tuple(sorted(found))

    return find


class _Search:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.left = _MAX_ENTRIES

    def below(self, parts: list[str]) -> list[str]:
        patterns = [None if part == "**" else re.compile(translate(part)) for part in parts]
        last = len(patterns) - 1
        found: dict[str, None] = {}
        seen: set[tuple[str, int]] = set()
        todo = [("", 0)]
        while todo:
            folder, position = todo.pop()
            if position > last or (folder, position) in seen:
                continue
            seen.add((folder, position))
            pattern = patterns[position]
            if pattern is None:
                todo.append((folder, position + 1))
            for name, is_folder in self.names(folder):
                path = f"{folder}/{name}" if folder else name
                if is_folder and pattern is None:
                    todo.append((path, position))
                elif is_folder and pattern is not None and pattern.match(name):
                    todo.append((path, position + 1))
                elif not is_folder and position == last and (pattern is None or pattern.match(name)):
                    found[path] = None
        return [path for path in found if PurePosixPath(path).suffix.lower() in SCRIPT_SUFFIXES]

    def names(self, folder: str) -> list[tuple[str, bool]]:
        names: list[tuple[str, bool]] = []
        try:
            with os.scandir(self.root / folder) as entries:
                for entry in entries:
                    self.left -= 1
                    if self.left < 0:
                        break
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        names.append((entry.name, True))
                    elif entry.is_file():
                        names.append((entry.name, False))
        except OSError:
            return []
        return names
