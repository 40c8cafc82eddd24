"""One pipeline that somebody looks at: what was seen last, what would change it, which revision it is."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Callable, Container
from dataclasses import dataclass
from pathlib import Path

import msgspec
from watchfiles import awatch

from cauce.contract import Problem, RevisionEvent, Snapshot
from cauce.engine.assessment import assess
from cauce.engine.checks import checks_of, known_checks_of
from cauce.engine.errors import NotFound
from cauce.engine.evaluated import evaluated_path
from cauce.engine.files import Observer
from cauce.engine.lock import holder_of, lock_file
from cauce.engine.parsecache import ParseCache
from cauce.engine.project import Project, load
from cauce.engine.running import running_file
from cauce.engine.spec import MAX_PROBLEMS, PipelineSpec, entry_of_file
from cauce.engine.statefolder import history_of
from cauce.engine.store import state_file, state_folder
from cauce.present import Look, present_snapshot
from cauce.server.footprint import Footprint, footprint_of, places_of
from cauce.server.underway import UnderWay

__all__ = ["View", "below"]

_RETRY = 5.0
"""Seconds after which files that could not be watched are tried again; the next time twice as many."""
_CHECKING = 0.2
"""Seconds of one look that go into checking sources; the rest is checked between the looks."""


@dataclass(frozen=True)
class _Last:
    """The last look, and how the files were before it."""

    footprint: Footprint
    look: Look


class _Watched:
    """What changes when there may be news: files of the pipeline, and what its builders write."""

    def __init__(self, files: frozenset[Path]) -> None:
        self.files = files
        self._above = frozenset(folder for file in files for folder in file.parents)

    def concerns(self, name: str, folders: Container[str]) -> bool:
        """Whether that is one of the files, or a folder on the way to one that does not exist yet."""
        path = Path(name)
        return path in self.files or (name not in folders and path in self._above)


class View:
    """One pipeline that somebody looks at."""

    def __init__(
        self,
        path: Path,
        pipeline: str,
        root: Path,
        publish: Callable[[RevisionEvent], None],
        log: logging.Logger,
        attention: float,
    ) -> None:
        self.path = path
        self.entry = entry_of_file(path)
        self.pipeline = pipeline
        self.folder = state_folder(self.entry.root)
        self._where = below(root, self.entry.root)
        self._publish = publish
        self._log = log
        self._attention = attention
        self._cache = ParseCache()
        self._observer = Observer(self.entry.root)
        self._snapshot: Snapshot | None = None
        self._places: tuple[tuple[str, ...], frozenset[str]] = (), frozenset()
        self._last: _Last | None = None
        self._checking: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()
        self._next: asyncio.Task[tuple[Look, Snapshot]] | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._under_way = UnderWay()
        self._watched = _Watched(frozenset())
        self._unwatchable = False
        self._last_asked = time.monotonic()

    async def attended_look(self) -> tuple[Look, Snapshot]:
        """Somebody asks: look, and watch the files for a while.

        Raises:
            Stopping: The server stops meanwhile.
        """
        self._last_asked = time.monotonic()
        found = await self._under_way.do(self.look())
        if (self._watcher is None or self._watcher.done()) and not self._under_way.closed:
            self._watcher = self._under_way.begin(self._watch())
        return found

    @property
    def name(self) -> str:
        """What the pipeline is called."""
        return PipelineSpec(self.entry, (), ()).name

    @property
    def idle(self) -> float:
        """Seconds since somebody asked."""
        return time.monotonic() - self._last_asked

    async def look(self) -> tuple[Look, Snapshot]:
        """The state as of now or later. Any number of calls during a look fold into one more."""
        if self._next is None:
            self._next = self._under_way.begin(self._look())
        return await asyncio.shield(self._next)

    def hint(self) -> None:
        """Something may have changed."""
        if not self._under_way.closed:
            self._under_way.begin(self.look()).add_done_callback(self._report)

    def _report(self, task: asyncio.Future[tuple[Look, Snapshot]]) -> None:
        if not task.cancelled() and task.exception() is not None and not isinstance(task.exception(), NotFound):
            self._log.error("Cannot look at %s", self.pipeline, exc_info=task.exception())

    async def _look(self) -> tuple[Look, Snapshot]:
        async with self._lock:
            self._next = None
            before = self._snapshot
            same = 0 if before is None else before.revision
            look, snapshot, whole = await asyncio.to_thread(self._read_anew_or_not, same)
            if snapshot != before:
                # Wall-clock milliseconds: revisions must keep growing over a server's restart.
                snapshot = msgspec.structs.replace(snapshot, revision=max(same + 1, int(time.time() * 1000)))
                self._snapshot = snapshot
                self._publish(RevisionEvent(pipeline=self.pipeline, revision=snapshot.revision))
            files = look.project.files | {
                state_file(self.folder),
                running_file(self.folder),
                lock_file(self.folder),
                self.folder,
            }
            if files != self._watched.files:
                self._watched = _Watched(files)
            if not whole and self._checking is None:
                self._checking = self._under_way.begin(self._check(look.project))
            return look, snapshot

    async def _check(self, project: Project) -> None:
        """Check the sources bit by bit, and never beside a look: two threads at work would slow each other down."""
        try:
            whole = False
            while not whole:
                async with self._lock:
                    _, whole = await asyncio.to_thread(_findings, project, _CHECKING)
        finally:
            self._checking = None
        self.hint()

    def _read_anew_or_not(self, revision: int) -> tuple[Look, Snapshot, bool]:
        """In a thread, one at a time: what the last look saw if nothing has changed since, else another look."""
        places, products = self._places
        now = footprint_of(places, products, time.time_ns())
        last = self._last
        if (
            last is not None
            and last.footprint.proves(now)
            and last.look.holder is None
            and holder_of(self.folder) is None
            and entry_of_file(self.path) == self.entry
            and self._snapshot is not None
        ):
            return last.look, self._snapshot, True
        look, snapshot, whole = self._read(revision)
        project = look.project
        files = project.files | {state_file(self.folder), evaluated_path(self.entry)}
        self._places = (
            places_of(files, project.root),
            frozenset(str(project.root / product.path) for task in project.tasks.values() for product in task.products),
        )
        # What was asked before the look proves something only of what was asked about.
        self._last = _Last(now, look) if whole and self._places == (places, products) else None
        return look, snapshot, whole

    def _read(self, revision: int) -> tuple[Look, Snapshot, bool]:
        """In a thread, one at a time: all that looks at the disk. False: checking the sources is not through yet."""
        entry = entry_of_file(self.path)  # its env.yaml may have come or gone
        self.entry = entry if entry.root == self.entry.root else self.entry
        self.folder = state_folder(self.entry.root)  # it may have come to be read-only
        project = load(self.entry, self._cache)
        history, holder = history_of(self.folder, self.entry.name)
        observer = self._observer.glance()
        assessed = assess(project, history, observer)
        findings, whole = _findings(project, 0 if self._checking is not None else _CHECKING)
        look = Look(project, history, assessed, observer, holder, findings)
        return look, present_snapshot(look, pipeline=self.pipeline, root=self._where, revision=revision), whole

    # --- Watching

    async def _watch(self) -> None:
        """Look again whenever a file of the pipeline changes, while somebody is interested."""
        pause = _RETRY
        while self.idle < self._attention:
            try:
                await self._watch_folders()
                pause = _RETRY
            except Exception:
                # Out of watches, or a file system that has none: the browser's heartbeat still looks.
                if not self._unwatchable:
                    self._log.warning("The files of %s cannot be watched", self.pipeline, exc_info=True)
                self._unwatchable = True
                await asyncio.sleep(pause)
                pause *= 2

    async def _watch_folders(self) -> None:
        """Watch until other folders are to be watched, or nobody is interested any more."""
        watched = self._watched
        folders = await asyncio.to_thread(_existing_folders, watched.files)
        armed = False
        stop = asyncio.Event()
        async for news in awatch(
            *sorted(folders),
            watch_filter=None,
            recursive=False,
            debounce=300,
            step=50,
            stop_event=stop,
            rust_timeout=1_000,
            yield_on_timeout=True,
        ):
            # At first, whatever there is: what changed before the watch began is told by nobody.
            if not armed or any(watched.concerns(name, folders) for _, name in news):
                armed = True
                with contextlib.suppress(NotFound):
                    await self.look()
            idle = self.idle > self._attention
            now = self._watched
            if idle or now is not watched or await asyncio.to_thread(_existing_folders, now.files) != folders:
                stop.set()

    async def close(self) -> None:
        """Stop looking. Hints have no effect any more."""
        await self._under_way.close()


def _existing_folders(files: frozenset[Path]) -> frozenset[str]:
    """The folders to watch: of each file its folder, or the nearest one above that exists."""
    folders: set[str] = set()
    for folder in {file.parent for file in files}:
        place = folder
        while not os.path.isdir(place) and place != place.parent:  # noqa: PTH112 - False for what may not be looked at
            place = place.parent
        folders.add(str(place))
    return frozenset(folders)


def _findings(project: Project, seconds: float) -> tuple[tuple[Problem, ...], bool]:
    """What checking the sources finds, as far as it is known or comes in that time; and whether that is all."""
    deadline = time.monotonic() + seconds
    found: list[Problem] = []
    whole = True
    for task in project.graph.order:
        known = known_checks_of(project, task)
        if known is None and time.monotonic() < deadline:
            known = checks_of(project, task)
        whole = whole and known is not None
        found += known or ()
    return tuple(found[:MAX_PROBLEMS]), whole


def below(root: Path, folder: Path) -> str:
    """A folder relative to the server's root, '' for the root itself."""
    path = folder.relative_to(root).as_posix()
    return "" if path == "." else path
