"""Where a pipeline begins: a file, a pattern, a factory. Looks at names only, never at contents."""

from __future__ import annotations

from pathlib import Path

from cauce.engine.spec.model import Entry

__all__ = ["entry_of_file"]


def entry_of_file(path: Path) -> Entry:
    """The entry point that a pipeline file is. `path` is absolute; it need not exist."""
    return Entry(kind="file", root=path.parent, path=path)
