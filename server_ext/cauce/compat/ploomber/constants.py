"""States of a task, by the names that projects import."""

from __future__ import annotations

from enum import Enum

__all__ = ["TaskStatus"]


class TaskStatus(Enum):
    """Ploomber's words; here freshness and activity are told apart, and shown elsewhere."""

    WaitingRender = "waiting_render"
    Skipped = "skipped"
    WaitingExecution = "waiting_execution"
    WaitingUpstream = "waiting_upstream"
    WaitingDownload = "waiting_download"
    Executed = "executed"
    Errored = "errored"
    Aborted = "aborted"
