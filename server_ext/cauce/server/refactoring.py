"""A notebook turned into a pipeline by a request: looked at and written, in threads. Nothing of it runs here."""

from __future__ import annotations

from pathlib import Path

from cauce.contract import Problem, Split, SplitApplied, SplitApply, SplitRequest, Where
from cauce.engine.errors import FileChanged, NotFound, PipelineHasErrors, UsageError
from cauce.engine.files import NotRegular, read_start
from cauce.engine.refactor.writing.applying import do, seen
from cauce.engine.refactor.writing.planning import Plan, plan
from cauce.engine.source import digest, source_limit
from cauce.present import present_change

__all__ = ["apply_split", "plan_split"]


def plan_split(notebook: Path, request: SplitRequest) -> Split:
    """What the notebook (absolute, confined) would become. Raises as `plan`."""
    return _planned(notebook, request, _read(notebook)).split


def apply_split(notebook: Path, wanted: SplitApply) -> SplitApplied:
    """Write it.

    Raises:
        FileChanged: The notebook, or a file that is to be written, is not what it was.
        PipelineHasErrors: Something in the plan keeps it from being done.
        ProjectUnwritable: The disk does not take it; nothing was changed.
    """
    content = _read(notebook)
    if digest(content) != wanted.digest:
        raise FileChanged(f"{notebook.name} was changed meanwhile.", hint="Nothing was written: look again.")
    found = _planned(notebook, wanted.request, content)
    if found.planned is None:
        raise PipelineHasErrors(_errors(found.split))
    done, record = do(found, found.planned)
    return SplitApplied(pipeline=found.split.pipeline, changed=present_change(done, record))


def _planned(notebook: Path, request: SplitRequest, content: bytes) -> Plan:
    return plan(request, content, seen(notebook, content), notebook.parent)


def _errors(split: Split) -> tuple[Problem, ...]:
    return tuple(
        Problem(
            code=remark.code,
            message=remark.message if remark.cell is None else f"Cell {remark.cell + 1}: {remark.message}",
            severity="error",
            hint=remark.hint,
            where=Where(path=split.notebook, line=remark.line),
        )
        for remark in split.remarks
        if remark.severity == "error"
    )


def _read(notebook: Path) -> bytes:
    """The notebook, and a byte more than it may have, so that one that is too large is told."""
    try:
        return read_start(notebook, source_limit(notebook.name) + 1)
    except FileNotFoundError as error:
        raise NotFound(f"There is no notebook {notebook.name}.", hint="It may have been moved.") from error
    except NotRegular as error:
        raise UsageError(f"{notebook.name} is no file.", hint="Choose a notebook.") from error
    except OSError as error:
        raise UsageError(
            f"{notebook.name} cannot be read: {error.strerror}.", hint="Permit it, and try again."
        ) from error
