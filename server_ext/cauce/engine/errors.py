"""Every error that Cauce raises on purpose, on one page.

    CauceError
    ├── UsageError          the caller asked for something that makes no sense
    ├── NotFound            no such pipeline, task or run
    ├── PathRefused         a path leaves the place it must stay in
    ├── NotPermitted        the system does not let this user do that
    ├── PipelineHasErrors   pipeline.yaml or a source must be mended before this can run
    ├── ProjectLocked       somebody else is building this project
    ├── FileChanged         a file to be edited is not what it was a moment ago
    └── ProjectUnwritable   the state folder cannot be written

Each carries a stable `code`, says what to do in `hint`, and knows its HTTP status in
``server/routes.py`` and its exit code in ``cli/options.py``: one table each. What goes wrong inside
the user's code is no error of ours but an outcome (`cauce.engine.executors.Outcome`), and
what is wrong in the user's files is a list of `Problem`.
"""

from __future__ import annotations

from typing import ClassVar

from cauce.contract import ErrorBody, Holder, Problem, Where

__all__ = [
    "CauceError",
    "FileChanged",
    "NotFound",
    "NotPermitted",
    "PathRefused",
    "PipelineHasErrors",
    "ProjectLocked",
    "ProjectUnwritable",
    "UsageError",
]


class CauceError(Exception):
    """Base of all: a message for a human, what to do about it, and where."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, hint: str = "", where: Where | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.where = where

    def body(self) -> ErrorBody:
        """The error as it goes over the wire."""
        return ErrorBody(code=self.code, message=self.message, hint=self.hint, where=self.where)


class UsageError(CauceError):
    """The request itself is wrong: an unknown task, a contradictory selection."""

    code = "usage"


class NotFound(CauceError):
    """There is no such pipeline, task or run."""

    code = "not_found"


class PathRefused(CauceError):
    """The path leads out of the folder it must stay in, or to a hidden file."""

    code = "path_refused"


class NotPermitted(CauceError):
    """The operating system does not let this user do that to another's process."""

    code = "not_permitted"


class PipelineHasErrors(CauceError):
    """What was asked for cannot run before these problems are mended."""

    code = "pipeline_has_errors"

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        first = problems[0]
        more = "" if len(problems) == 1 else f" (and {len(problems) - 1} more)"
        super().__init__(f"{first.message}{more}", hint=first.hint, where=first.where)
        self.problems = problems


class ProjectLocked(CauceError):
    """Another builder holds the project's lock."""

    code = "project_locked"

    def __init__(self, holder: Holder | None) -> None:
        who = "Another builder" if holder is None else f"{holder.user} on {holder.host} (process {holder.pid})"
        super().__init__(
            f"{who} is building this project.",
            hint="Wait until it is through, or cancel it.",
        )
        self.holder = holder

    def body(self) -> ErrorBody:
        body = super().body()
        return ErrorBody(code=body.code, message=body.message, hint=body.hint, holder=self.holder)


class FileChanged(CauceError):
    """A file that is to be edited or made is not what it was when that was planned."""

    code = "file_changed"


class ProjectUnwritable(CauceError):
    """The state folder or a product's folder cannot be written."""

    code = "project_unwritable"
