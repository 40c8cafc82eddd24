"""Where a project keeps its state: in `.cauce` beside pipeline.yaml, or else in the user's cache folder.

Else is where that folder cannot be made or written because the project's own is read-only: a
mount, an image, somebody else's copy that everybody may read. What builds left in its `.cauce`
is what is known there until the first build of one's own, which takes it along.

Who could make `.cauce` but may not write to the one that is there does not build elsewhere:
its owner builds, too, and two builds that do not see each other's lock would spoil each other.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

from cauce.engine.files import STATE

__all__ = ["elsewhere", "place_in_words", "state_folder"]


def state_folder(root: Path) -> Path:
    """Where what is known of a project is to be looked for. It need not be there."""
    own, other = root / STATE, elsewhere(root)
    # Not `is_dir`, which raises where one may not even look.
    if other is None or (not os.path.isdir(other) and os.path.lexists(own)):  # noqa: PTH112 - False for what may not be looked at
        return own
    return other


def elsewhere(root: Path) -> Path | None:
    """The folder that builds use because `.cauce` cannot be written; None where it can, or nothing else would do."""
    own = root / STATE
    if not os.path.isdir(root) or os.access(root, os.W_OK | os.X_OK):  # noqa: PTH112 - False for what may not be looked at
        return None
    # A link is refused in words by whoever builds. A folder of its own may be mounted there.
    if own.is_symlink() or os.access(own, os.W_OK | os.X_OK):
        return None
    cache = _cache()
    if cache is None:
        return None
    name = hashlib.blake2b(os.fsencode(os.path.realpath(root)), digest_size=12).hexdigest()
    return cache / "cauce" / name


def _cache() -> Path | None:
    """The user's folder for what can be had again; None for a user who has none."""
    chosen = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(chosen):  # noqa: PTH117 - the specification has others ignored
        return Path(chosen)
    try:
        home = Path.home()
    except RuntimeError:
        return None
    return home / ("Library/Caches" if sys.platform == "darwin" else ".cache")


def place_in_words(path: Path, root: Path) -> str:
    """A place in the state folder, for people: relative to the project, else to their home."""
    if path.is_relative_to(root):
        return path.relative_to(root).as_posix()
    try:
        return f"~/{path.relative_to(Path.home()).as_posix()}"
    except (ValueError, RuntimeError):
        return str(path)
