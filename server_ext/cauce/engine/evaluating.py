"""Before a build is planned: computing what running code alone can tell, and keeping it for whoever looks."""

from __future__ import annotations

import asyncio
from pathlib import Path

from cauce.contract import CellError, Problem, Where
from cauce.engine.document import Value
from cauce.engine.errors import ProjectUnwritable
from cauce.engine.evaluated import read_evaluated, write_evaluated
from cauce.engine.executors import DEAF, Cancelled, Crashed, Evaluation, Executor
from cauce.engine.parsecache import ParseCache
from cauce.engine.project import load
from cauce.engine.spec import Entry, PipelineSpec
from cauce.engine.spec.model import Need
from cauce.engine.stateplace import state_folder

__all__ = ["evaluate"]

_ROUNDS = 4


async def evaluate(
    entry: Entry, cache: ParseCache, executor: Executor, log: Path, cancel: asyncio.Event
) -> tuple[Problem, ...]:
    """Find out what only running code can tell, and keep it for whoever looks; what went wrong with it.

    A factory's tasks may bring parameters that are computed in their turn.

    Raises:
        ProjectUnwritable: The values cannot be kept.
    """
    values: dict[str, Value] = {}
    troubles: list[Problem] = []
    asked: set[str] = set()
    for _ in range(_ROUNDS):
        spec = load(entry, cache).spec
        needs = tuple(need for need in spec.needs if need.key not in asked)
        if not needs or cancel.is_set():
            break
        asked |= {need.key for need in needs}
        found = await executor.evaluate(Evaluation(entry, needs, log), DEAF, cancel)
        if isinstance(found, Cancelled):
            break
        for need in needs:
            value = found.error if isinstance(found, Crashed) else found[need.key]
            if isinstance(value, CellError):
                troubles.append(_not_evaluated(need, value, spec))
            else:
                values[need.key] = value
        kept = {key: value for key, value in read_evaluated(entry).items() if key in asked}
        try:
            write_evaluated(entry, kept | values)
        except OSError as error:
            raise ProjectUnwritable(
                f"Cannot write {state_folder(entry.root)}: {error.strerror}.", hint="Make the folder writable."
            ) from error
    return tuple(troubles)


def _not_evaluated(need: Need, error: CellError, spec: PipelineSpec) -> Problem:
    what = need.call.path if need.call is not None else f"{{{{{need.kind}}}}}"
    where = error.where or (need.call.where if need.call is not None else None) or Where(path=spec.entry.name)
    message = f"{what} could not be evaluated: {error.name}: {error.message}".rstrip(": .")
    return Problem(code="not_evaluated", message=f"{message}.", severity="error", where=where, task=need.task)
