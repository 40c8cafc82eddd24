"""A pipeline as it is on disk now, and what a build would do: what `status`, `plot`, `report` and dry runs show."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

from cauce.contract import BuildPlan, RunRequest, Snapshot
from cauce.engine.assessment import assess
from cauce.engine.files import Observer
from cauce.engine.foresight import foresee
from cauce.engine.parsecache import ParseCache
from cauce.engine.project import load
from cauce.engine.spec import Entry
from cauce.engine.statefolder import history_of
from cauce.engine.store import state_folder
from cauce.present import Look, present_snapshot

__all__ = ["look_at", "plan_of"]


def look_at(entry: Entry) -> Snapshot:
    """Load, assess and present; nothing is run, and nothing written but that a killed builder's attempts have crashed.

    The snapshot holds what is wrong too.

    Raises:
        CauceError: The pipeline cannot be read at all.
    """
    with _nothing_collected():
        look = _look(entry)
        return present_snapshot(look, pipeline=str(entry.path), root=str(look.project.root), revision=0)


def plan_of(entry: Entry, request: RunRequest) -> BuildPlan:
    """What a build would do; nothing is run, as above.

    Raises:
        CauceError: The build would be refused by it.
    """
    with _nothing_collected():
        look = _look(entry)
        project, paths = look.project, (str(entry.path), str(look.project.root))
        return foresee(project, look.history, look.assessed, look.observer, request, pipeline=paths[0], root=paths[1])


def _look(entry: Entry) -> Look:
    project = load(entry, ParseCache())
    observer = Observer(project.root).glance()
    history, holder = history_of(state_folder(project.root), entry.name)
    return Look(project, history, assess(project, history, observer), observer, holder)


@contextlib.contextmanager
def _nothing_collected() -> Iterator[None]:
    """Hardly anything that a look makes is garbage, and what it made is used until the process ends: the collector
    would go over all of it again and again, a tenth of the time that a thousand tasks take."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()
