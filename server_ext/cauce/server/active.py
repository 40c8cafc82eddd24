"""The builds that are going on below the server's root, whoever started them: what the locks say."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cauce.contract import ActiveBuild, ActiveBuildList, Holder, Pipeline
from cauce.engine.lock import holder_of
from cauce.engine.spec import Entry, entry_of_file
from cauce.engine.store import read_run, state_folder

__all__ = ["active_builds"]


def active_builds(root: Path, pipelines: Iterable[Pipeline]) -> ActiveBuildList:
    """Of these pipelines below `root` those that are being built. Reads a small file of each project, and no more."""
    projects: dict[Path, list[tuple[Entry, Pipeline]]] = {}
    for pipeline in pipelines:
        entry = entry_of_file(root / pipeline.path)
        projects.setdefault(entry.root, []).append((entry, pipeline))
    found = []
    for project, its in projects.items():
        folder = state_folder(project)
        held = holder_of(folder)
        if held is not None:
            found.append(_active(folder, held[0], its))
    return ActiveBuildList(builds=tuple(sorted(found, key=lambda each: each.started)))


def _active(folder: Path, holder: Holder, its: list[tuple[Entry, Pipeline]]) -> ActiveBuild:
    run, built = None, its[0][1]  # at first a build is in no books yet, and one of scripts alone has no file
    for entry, pipeline in its:
        run = read_run(folder, entry.name, holder.run)
        if run is not None:
            built = pipeline
            break
    states = [] if run is None else [*run.tasks.values()]
    return ActiveBuild(
        pipeline=built.path,
        name=built.name,
        run=holder.run,
        started=holder.since,
        done=sum(state not in ("waiting", "running") for state in states),
        total=len(states),
        failed=sum(state in ("failed", "crashed") for state in states),
        host=holder.host,
        user=holder.user,
    )
