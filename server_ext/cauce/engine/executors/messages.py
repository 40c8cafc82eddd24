"""Jupyter's messages as they travel: signed frames of JSON. Pure.

The wire protocol of https://jupyter-client.readthedocs.io/en/stable/messaging.html, as much of it
as it takes to run cells: ``[…routing, <IDS|MSG>, signature, header, parent, metadata, content, …buffers]``.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

__all__ = ["Message", "Wire"]

_DELIMITER = b"<IDS|MSG>"
_VERSION = "5.4"


@dataclass(frozen=True, slots=True)
class Message:
    """One message from a kernel."""

    type: str
    parent: str
    """Id of the request that it belongs to; '' for none."""
    content: dict[str, Any]
    metadata: dict[str, Any]
    header: dict[str, Any]
    buffers: tuple[bytes, ...] = ()


class Wire:
    """Packs and unpacks the messages of one kernel."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._session = secrets.token_hex(8)
        self._count = 0

    def pack(
        self,
        kind: str,
        content: Mapping[str, Any],
        metadata: Mapping[str, Any] | None = None,
        parent: Mapping[str, Any] | None = None,
    ) -> tuple[str, list[bytes]]:
        """The id of a new message, and its frames."""
        self._count += 1
        name = f"{self._session}_{self._count}"
        header = {
            "msg_id": name,
            "msg_type": kind,
            "username": "cauce",
            "session": self._session,
            "date": datetime.now(UTC).isoformat(),
            "version": _VERSION,
        }
        parts = [_encoded(part) for part in (header, parent or {}, metadata or {}, content)]
        return name, [_DELIMITER, self._signature(parts), *parts]

    def unpack(self, frames: Sequence[bytes]) -> Message:
        """The message of these frames. Raises ValueError for what is none, or was not signed with our key."""
        start = frames.index(_DELIMITER) + 1
        signature, *parts = frames[start : start + 5]
        if len(parts) != 4 or (self._key and not hmac.compare_digest(signature, self._signature(parts))):
            raise ValueError("not signed with our key")
        header, parent, metadata, content = (_decoded(part) for part in parts)
        return Message(
            type=str(header.get("msg_type", "")),
            parent=str(parent.get("msg_id", "")),
            content=content,
            metadata=metadata,
            header=header,
            buffers=tuple(frames[start + 5 :]),
        )

    def _signature(self, parts: Sequence[bytes]) -> bytes:
        if not self._key:  # a kernel that signs nothing
            return b""
        return hmac.digest(self._key, b"".join(parts), "sha256").hex().encode("ascii")


def _encoded(part: Mapping[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(part)
    except UnicodeEncodeError:  # half a character, as a notebook may hold in an escape sequence
        return json.dumps(part).encode("ascii")


def _decoded(part: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(part)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        # Not quite JSON: NaN, or bytes that are no text.
        try:
            found = json.loads(part.decode("utf-8", "replace"))
        except RecursionError as error:
            raise ValueError("nested too deep") from error
    if not isinstance(found, dict):
        raise ValueError("not a message")
    return found
