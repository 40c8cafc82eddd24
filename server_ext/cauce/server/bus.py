"""A pipeline's revision changed → every browser hears of it, over Jupyter's own event bus.

Events are hints without replay: they carry a number, never content. Who cares fetches the
snapshot.
"""

from __future__ import annotations

import msgspec
from jupyter_events import EventLogger

from cauce.contract import RevisionEvent
from cauce.rest import EVENT_SCHEMA_ID

__all__ = ["Bus"]

_SCHEMA = {
    "$id": EVENT_SCHEMA_ID,
    "version": "1",
    "title": "A pipeline changed",
    "description": "Fetch the pipeline's snapshot if the revision is newer than yours.",
    "personal-data": False,
    "type": "object",
    "required": ["pipeline", "revision"],
    "properties": {
        "pipeline": {"type": "string", "description": "The pipeline file, relative to the server's root."},
        "revision": {"type": "integer", "description": "Grows with every change."},
    },
}


class Bus:
    """Must be made before the first browser connects: who is connected hears no later schema."""

    def __init__(self, logger: EventLogger) -> None:
        self._logger = logger
        logger.register_event_schema(_SCHEMA)

    def publish(self, event: RevisionEvent) -> None:
        self._logger.emit(schema_id=EVENT_SCHEMA_ID, data=msgspec.to_builtins(event))
