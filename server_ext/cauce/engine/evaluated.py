"""Values that only running code can tell, as a builder last found them: one JSON file per pipeline.

Looking reads them, so that a pipeline with a computed parameter or a factory can be shown
without running anything. They are a cache of facts like the store: what cannot be read counts
as never evaluated.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from cauce.engine.document import Value
from cauce.engine.files import read_inside, write_whole
from cauce.engine.spec.model import Entry, Evaluated
from cauce.engine.stateplace import state_folder

__all__ = ["evaluated_path", "read_evaluated", "write_evaluated"]

_LIMIT = 20_000_000
_DEPTH = 64


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    pipeline: str
    values: dict[str, msgspec.Raw]


def evaluated_path(entry: Entry) -> Path:
    """Where the values of a pipeline are kept."""
    # By its hash: a pipeline below the root has slashes in its name, a pattern worse.
    digest = hashlib.blake2b(entry.name.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
    return state_folder(entry.root) / "evaluated" / f"{digest}.json"


def read_evaluated(entry: Entry) -> Evaluated:
    """The last known values; empty when there are none, or none that make sense."""
    try:
        path = evaluated_path(entry)
        above = path.parents[2]  # of the state folder, which must be no link out of it either
        content = read_inside(above, path.relative_to(above).as_posix(), _LIMIT)
        if content is None:
            return {}
        file = msgspec.json.decode(content, type=_File)
        if file.version != 1 or file.pipeline != entry.name:
            return {}
        values: dict[str, Value] = {key: msgspec.json.decode(raw) for key, raw in file.values.items()}
    except (OSError, msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return {}
    return values if all(_shallow(value) for value in values.values()) else {}


def write_evaluated(entry: Entry, values: Mapping[str, Value]) -> None:
    """Replace the known values. Only for who holds the project's lock.

    Raises:
        OSError: The state folder cannot be written.
    """
    path = evaluated_path(entry)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, msgspec.json.encode({"version": 1, "pipeline": entry.name, "values": dict(values)}))


def _shallow(value: Value, depth: int = 0) -> bool:
    """Is it nested no deeper than what YAML may hold? All else is recursive, too."""
    if depth > _DEPTH:
        return False
    match value:
        case list():
            return all(_shallow(item, depth + 1) for item in value)
        case dict():
            return all(_shallow(item, depth + 1) for item in value.values())
        case _:
            return True
