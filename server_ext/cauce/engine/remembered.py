"""What reading sources has told, kept between processes: one file, `facts` in the state folder.

Reading a thousand notebooks takes seconds, looking up what they said takes milliseconds.
An entry is found by the hash of everything that it follows from: content, path, what was
asked, and the code of ours that reads it; so it is never out of date, and who deletes the
file loses time and nothing else. Builders write it, looking only reads it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from cauce.engine.files import read_inside, write_whole
from cauce.engine.stateplace import state_folder

__all__ = ["Remembered", "fact_key"]

T = TypeVar("T")

_FILE = "facts"
_LIMIT = 200_000_000
_VERSION = 1


@cache
def _rules() -> str:
    """The code that reads, by its hash: with another version of it every entry counts as not there."""
    digest = hashlib.blake2b(digest_size=16)
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


class _File(msgspec.Struct, frozen=True, array_like=True):
    version: int
    written_by: str
    entries: dict[bytes, msgspec.Raw]


def fact_key(*parts: object) -> bytes:
    """The key of what follows from these parts, the last of which may be large."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part if isinstance(part, bytes) else repr(part).encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.digest()


class Remembered(Generic[T]):
    """The file of one project, of values of one type. Read when first asked, and never again."""

    def __init__(self, root: Path, kind: type[T], flavour: str) -> None:
        """`flavour`: what else the entries depend on, such as the version of Python's grammar."""
        self._root = root
        self._decoder: msgspec.msgpack.Decoder[T] = msgspec.msgpack.Decoder(kind)
        self._flavour = flavour
        self._entries: dict[bytes, msgspec.Raw] | None = None

    @cached_property
    def _written_by(self) -> str:
        return f"{self._flavour} {_rules()}"

    def get(self, key: bytes) -> T | None:
        """The value under a key; None when it is not there or makes no sense."""
        raw = self._read().get(key)
        if raw is None:
            return None
        try:
            return self._decoder.decode(raw)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            return None

    def _read(self) -> dict[bytes, msgspec.Raw]:
        if self._entries is None:
            self._entries = {}
            try:
                folder = state_folder(self._root)
                content = read_inside(folder.parent, f"{folder.name}/{_FILE}", _LIMIT)
                file = None if content is None else msgspec.msgpack.decode(content, type=_File)
            except (OSError, msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
                file = None
            if file is not None and (file.version, file.written_by) == (_VERSION, self._written_by):
                self._entries = file.entries
        return self._entries

    def write(self, values: Mapping[bytes, T]) -> None:
        """Have exactly these entries in the file. Does nothing when they are there already.

        Raises:
            OSError: The state folder cannot be written. Nothing is lost by that.
        """
        known = self._read()
        if known.keys() == values.keys():
            return
        encode = msgspec.msgpack.Encoder().encode
        entries = {key: known[key] if key in known else msgspec.Raw(encode(value)) for key, value in values.items()}
        write_whole(state_folder(self._root) / _FILE, encode(_File(_VERSION, self._written_by, entries)))
        self._entries = entries
