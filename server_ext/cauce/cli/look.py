"""A pipeline as it is on disk now: what `status`, `plot` and `report` show."""

from __future__ import annotations

from cauce.contract import Snapshot
from cauce.engine.assessment import assess
from cauce.engine.files import Observer
from cauce.engine.parsecache import ParseCache
from cauce.engine.project import load
from cauce.engine.spec import Entry
from cauce.engine.statefolder import history_of
from cauce.engine.store import state_folder
from cauce.present import Look, present_snapshot

__all__ = ["look_at"]


def look_at(entry: Entry) -> Snapshot:
    """Load, assess and present; nothing is run, and nothing written but that a killed builder's attempts have crashed.

    The snapshot holds what is wrong too.

    Raises:
        CauceError: The pipeline cannot be read at all.
    """
    project = load(entry, ParseCache())
    folder = state_folder(project.root)
    observer = Observer(project.root).glance()
    history, holder = history_of(folder, entry.name)
    look = Look(project, history, assess(project, history, observer), observer, holder)
    return present_snapshot(look, pipeline=str(entry.path), root=str(project.root), revision=0)
