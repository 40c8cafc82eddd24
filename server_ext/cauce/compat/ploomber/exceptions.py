"""What the code of a project raises, or catches."""

from __future__ import annotations

__all__ = [
    "CallbackSignatureError",
    "DAGBuildEarlyStop",
    "DAGBuildError",
    "DAGRenderError",
    "MissingClientError",
    "RemoteFileNotFound",
    "RenderError",
    "SQLTaskBuildError",
    "SourceInitializationError",
    "TaskBuildError",
    "TaskInitializationError",
    "TaskRenderError",
    "UpstreamKeyError",
    "ValidationError",
]


class DAGBuildEarlyStop(Exception):
    """Ends the build in good order: nothing more is begun, and it is no failure."""


class DAGBuildError(Exception):
    """A build that failed."""


class DAGRenderError(Exception):
    """A pipeline that cannot be put together."""


class TaskInitializationError(Exception):
    """A task that makes no sense."""


class TaskBuildError(Exception):
    """A task that failed."""


class SQLTaskBuildError(TaskBuildError):
    """A task in SQL that failed."""


class TaskRenderError(Exception):
    """A task that cannot be put together."""


class RenderError(Exception):
    """A template that cannot be filled in."""


class SourceInitializationError(Exception):
    """A source that makes no sense."""


class CallbackSignatureError(Exception):
    """A hook that asks for what there is not."""


class UpstreamKeyError(Exception):
    """A task's upstream that there is not."""


class RemoteFileNotFound(Exception):
    """A file that a storage does not have."""


class MissingClientError(Exception):
    """A task or product without a client, though it needs one."""


class ValidationError(Exception):
    """Input that is not as it should be."""
