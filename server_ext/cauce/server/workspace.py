"""The server's one mutable thing: which pipelines are looked at, and who is building them.

    command ─► start() ─► builder process ─► store on disk
                              │ any line           │
                              ▼                    ▼
    files change ─────────► look() ─► load + assess + history ─► snapshot, revision + 1 ─► publish

There is one source of truth, the disk: what a pipeline is doing is read from the store that
the builder writes, whether that builder is ours, a terminal's or another server's. A line
from a builder or a changed file is only a hint to look again. So a restarted server, a
second tab and a build from a terminal all show the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import msgspec
from watchfiles import awatch

from cauce.contract import (
    Build,
    BuildEvent,
    CheckRequest,
    Cleaned,
    CleanRequest,
    Created,
    Edited,
    LogChunk,
    PipelineList,
    Problem,
    Problems,
    RevisionEvent,
    Run,
    RunFinished,
    RunList,
    RunRequest,
    Snapshot,
    TaskDetail,
    UpstreamChange,
)
from cauce.engine.assessment import assess
from cauce.engine.checks import checks_of, known_checks_of
from cauce.engine.errors import NotFound, NotPermitted, PathRefused, UsageError
from cauce.engine.evaluated import evaluated_path
from cauce.engine.files import LeadsOutside, Observer, open_regular, real_path
from cauce.engine.functionbook import FunctionTask
from cauce.engine.injection import Binding
from cauce.engine.lock import holder_of
from cauce.engine.lookup import SourceIndex
from cauce.engine.notebook import warm_up
from cauce.engine.parsecache import ParseCache
from cauce.engine.process import is_alive
from cauce.engine.project import Project, load
from cauce.engine.spec import MAX_PROBLEMS, entry_of_file
from cauce.engine.statefolder import log_file, tidy
from cauce.engine.store import History, read_attempts, read_history, read_run, read_runs, state_folder
from cauce.present import Look, present_detail, present_run, present_snapshot
from cauce.server import changes
from cauce.server.builder import Builder
from cauce.server.discovery import find_pipelines
from cauce.server.footprint import Footprint, footprint_of, places_of

__all__ = ["Workspace"]

_LIST_LIFETIME = 30.0
_ATTENTION = 300.0
"""Seconds for which a pipeline's files are watched after somebody last looked at it."""
_MEMORY = 3600.0
"""Seconds for which a pipeline is remembered that nobody looks at."""
_RETRY = 5.0
"""Seconds after which files that could not be watched are tried again; the next time twice as many."""
_MOST_NAMES = 1_000
_LONGEST_NAME = 1_000
_LOG_PIECE = 1 << 18
_CHECKING = 0.2
"""Seconds of one look that go into checking sources; the rest is checked between the looks."""


class Workspace:
    """All pipelines below one folder. Lives on one event loop; disk work happens in threads.

    Args:
        root: The server's root; nothing outside of it is shown.
        publish: Tells everybody that a pipeline has a new revision.
        allow_hidden: Whether pipelines in hidden folders may be shown, as Jupyter is set.
    """

    def __init__(
        self,
        root: Path,
        publish: Callable[[RevisionEvent], None],
        log: logging.Logger,
        *,
        allow_hidden: bool = False,
        attention: float = _ATTENTION,
    ) -> None:
        self.root = root.resolve()
        self._publish = publish
        self._log = log
        self._allow_hidden = allow_hidden
        self._attention = attention
        self._views: dict[Path, _View] = {}
        self._builders: dict[Path, tuple[Builder, asyncio.Task[None]]] = {}
        self._index = SourceIndex(self.root)
        self._list: tuple[float, PipelineList] | None = None
        self._warm = False

    # --- Looking

    async def pipelines(self, *, refresh: bool = False) -> PipelineList:
        """What there is below the root; from memory when it was asked a moment ago."""
        if refresh or self._list is None or time.monotonic() - self._list[0] > _LIST_LIFETIME:
            self._list = (time.monotonic(), await asyncio.to_thread(find_pipelines, self.root))
        return self._list[1]

    async def snapshot(self, pipeline: str) -> Snapshot:
        return (await (await self._view(pipeline)).attended_look())[1]

    async def detail(self, pipeline: str, task: str) -> TaskDetail:
        view = await self._view(pipeline)
        look, snapshot = await view.attended_look()
        if task not in look.project.tasks:
            raise NotFound(f"There is no task '{task}' in {pipeline}.")
        attempts = await asyncio.to_thread(read_attempts, view.folder, view.entry.name, task)
        return present_detail(look, task, attempts, pipeline=pipeline, revision=snapshot.revision)

    async def runs(self, pipeline: str) -> RunList:
        view = await self._view(pipeline)
        rows = await asyncio.to_thread(read_runs, view.folder, view.entry.name)
        active = await self._active(view)
        return RunList(runs=tuple(present_run(row, active=row.id == active) for row in rows))

    async def run(self, pipeline: str, run: str) -> Run:
        view = await self._view(pipeline)
        row = await asyncio.to_thread(read_run, view.folder, view.entry.name, run)
        if row is None:
            raise NotFound(f"There is no run '{run}' of {pipeline}.")
        return present_run(row, active=row.id == await self._active(view))

    async def log(self, pipeline: str, run: str, task: str, offset: int) -> LogChunk:
        """A piece of a task's log, cut between characters."""
        view = await self._view(pipeline)
        row = await self.run(pipeline, run)
        path = log_file(view.folder, run, task, row.tasks)
        if path is None:
            raise NotFound(f"The task '{task}' is not part of the run '{run}'.")
        over = row.tasks[task] not in ("waiting", "running") or row.state != "running"
        return await asyncio.to_thread(_read_log, view.entry.root, path, offset, over)

    # --- Acting

    async def start(self, pipeline: str, request: RunRequest) -> Build:
        """Start a builder. It goes on whatever becomes of the browser that asked.

        Raises:
            UsageError: It names too much, or what can be no name.
            BuildRefused: See `Builder.start`.
        """
        _check_names(request.tasks)
        view = await self._view(pipeline)
        builder = await Builder.start(view.path, request)
        follower = asyncio.create_task(self._follow(view, builder))
        self._builders[view.folder] = (builder, follower)
        view.hint()  # a look may find the pipeline gone: the run has started all the same
        return Build(run=builder.run)

    async def change_upstream(self, pipeline: str, task: str, change: UpstreamChange) -> Edited:
        """Edit what a task needs, in place."""
        view = await self._view(pipeline)
        edited = await asyncio.to_thread(changes.change_upstream, view.entry, task, change)
        view.hint()
        return edited

    async def scaffold(self, pipeline: str) -> Created:
        """Create the sources that are missing."""
        view = await self._view(pipeline)
        created = await asyncio.to_thread(changes.create_sources, view.entry)
        view.hint()
        return created

    async def clean(self, pipeline: str, request: CleanRequest) -> Cleaned:
        """Move what tasks have made to the trash."""
        _check_names(request.tasks)
        view = await self._view(pipeline)
        cleaned = await asyncio.to_thread(changes.remove_products, view.entry, request)
        view.hint()
        return cleaned

    async def check(self, request: CheckRequest) -> Problems:
        """What is wrong with a text that is being edited. The file itself need not exist yet."""
        path = self._confined(request.path)
        try:
            await asyncio.to_thread(real_path, self.root, request.path)
        except LeadsOutside:
            raise PathRefused(f"{request.path} leads out of the server's root.") from None
        except OSError as error:
            raise NotFound(f"{request.path} cannot be looked at: {error.strerror}.") from error
        await asyncio.to_thread(self._check_project, path)
        return await asyncio.to_thread(changes.check_text, path, request)

    async def cancel(self, pipeline: str, run: str) -> None:
        """Ask the run's builder to stop, be it ours or somebody else's on this machine.

        Asking again changes nothing: a builder takes any number of SIGTERM for one wish.

        Raises:
            UsageError: It runs on another machine, or cannot be told from another process.
            NotPermitted: It is another user's.
        """
        view = await self._view(pipeline)
        builder, _ = self._builders.get(view.folder, (None, None))
        if builder is not None and builder.run == run:
            builder.cancel()
            return
        held = await asyncio.to_thread(holder_of, view.folder)
        if held is None or held[0].run != run:
            await self.run(pipeline, run)  # over already, or unknown
            return
        holder, process = held
        if holder.host != socket.gethostname() or process is None:
            raise UsageError(
                f"The run was started by {holder.user} on {holder.host} (process {holder.pid}).",
                hint="Cancel it where it was started.",
            )
        if is_alive(process):
            try:
                os.kill(process.pid, signal.SIGTERM)
            except ProcessLookupError:
                pass
            except PermissionError as error:
                raise NotPermitted(
                    f"The run was started by {holder.user}, whose processes you may not stop.",
                    hint=f"Ask {holder.user} to cancel it.",
                ) from error

    @property
    def busy(self) -> bool:
        """Whether a builder of ours is at work."""
        return bool(self._builders)

    async def close(self) -> None:
        """End all builders and watchers."""
        followers = [follower for _, follower in self._builders.values()]
        await asyncio.gather(*(builder.close() for builder, _ in self._builders.values()))
        await asyncio.gather(*followers, *(view.close() for view in self._views.values()), return_exceptions=True)

    # --- What an open document belongs to (TaskIndex of `cauce.server.taskfiles`)

    def binding(self, source: Path) -> Binding | None:
        return self._index.binding(source)

    def sources_in(self, folder: Path) -> frozenset[str]:
        names = self._index.sources_in(folder)
        if names and not self._warm:
            # Somebody looks at a folder with tasks and may soon open one: jupytext takes a
            # second to import, which then would be waited for.
            self._warm = True
            threading.Thread(target=warm_up, name="cauce-warm-up", daemon=True).start()
        return names

    def function(self, module: Path, task: str) -> FunctionTask | None:
        return self._index.function(module, task)

    def functions_of(self, module: Path) -> tuple[str, ...]:
        return self._index.functions_of(module)

    def functions_in(self, folder: Path) -> frozenset[str]:
        return self._index.functions_in(folder)

    def location(self, binding: Binding) -> tuple[str, str] | None:
        """Pipeline file and project root, relative to the server's root."""
        try:
            root = _below(self.root, binding.root.resolve())
        except ValueError:
            return None
        return str(PurePosixPath(root) / binding.pipeline), root

    # --- Inside

    async def _view(self, pipeline: str) -> _View:
        path = await asyncio.to_thread(self._resolve, pipeline)
        for other in [other for other, view in self._views.items() if view.idle > _MEMORY]:
            if self._views[other].folder not in self._builders:
                del self._views[other]
        if path not in self._views:
            self._views[path] = _View(path, pipeline, self.root, self._publish, self._log, self._attention)
        return self._views[path]

    def _resolve(self, pipeline: str) -> Path:
        """A pipeline's file, from what a request calls it.

        Raises:
            PathRefused: It leads out of the server's root, or is hidden.
            NotFound: There is no such file.
        """
        path = self._confined(pipeline)
        try:
            found = real_path(self.root, pipeline).is_file()
        except LeadsOutside:
            raise PathRefused(f"{pipeline} leads out of the server's root.") from None
        except OSError:
            found = False
        if not found:
            raise NotFound(f"There is no pipeline at {pipeline}.")
        self._check_project(path)
        return path

    def _check_project(self, path: Path) -> None:
        """Refuse a file of a package whose project begins above the server's root. Raises `PathRefused`."""
        if not entry_of_file(path).root.is_relative_to(self.root):
            raise PathRefused(
                f"The project of {path.name} begins above the server's root.",
                hint="Start the server in the project's folder: where its setup.py or pyproject.toml is.",
            )

    def _confined(self, pipeline: str) -> Path:
        """Where a file is that a request names, by its name alone. Raises as `_resolve`."""
        relative = PurePosixPath(pipeline)
        if "\0" in pipeline or relative.is_absolute() or ".." in relative.parts or "\\" in pipeline:
            raise PathRefused("A pipeline's path is relative to the server's root.")
        if not self._allow_hidden and any(part.startswith(".") for part in relative.parts):
            raise PathRefused("Hidden files are not shown.")
        if relative.suffix not in (".yaml", ".yml"):
            raise NotFound(f"{pipeline} is no pipeline file.")
        return self.root / relative

    async def _active(self, view: _View) -> str | None:
        held = await asyncio.to_thread(holder_of, view.folder)
        return None if held is None else held[0].run

    async def _follow(self, view: _View, builder: Builder) -> None:
        last: BuildEvent | None = None
        try:
            async for event in builder.events():
                last = event
                view.hint()
            if not isinstance(last, RunFinished):
                self._log.error("The builder of %s, run %s, ended without a word", view.pipeline, builder.run)
            elif last.state == "crashed":
                self._log.error("The run %s of %s crashed: %s", builder.run, view.pipeline, last.message)
            complaints = await builder.complaints()
            if complaints:
                self._log.warning("The builder of %s said: %s", view.pipeline, complaints)
        except Exception:
            self._log.exception("The builder of %s, run %s, cannot be followed", view.pipeline, builder.run)
        finally:
            if self._builders.get(view.folder, (None,))[0] is builder:
                del self._builders[view.folder]
            view.hint()


@dataclass(frozen=True)
class _Last:
    """The last look, and how the files were before it."""

    footprint: Footprint
    look: Look


class _View:
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
        self._where = _below(root, self.entry.root)
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
        self._watched: frozenset[Path] = frozenset()
        self._unwatchable = False
        self._last_asked = time.monotonic()

    async def attended_look(self) -> tuple[Look, Snapshot]:
        """Somebody asks: look, and watch the files for a while."""
        self._last_asked = time.monotonic()
        found = await self.look()
        if self._watcher is None or self._watcher.done():
            self._watcher = asyncio.create_task(self._watch())
        return found

    @property
    def idle(self) -> float:
        """Seconds since somebody asked."""
        return time.monotonic() - self._last_asked

    async def look(self) -> tuple[Look, Snapshot]:
        """The state as of now or later. Any number of calls during a look fold into one more."""
        if self._next is None:
            self._next = asyncio.create_task(self._look())
        return await asyncio.shield(self._next)

    def hint(self) -> None:
        """Something may have changed."""
        task = asyncio.ensure_future(self.look())
        task.add_done_callback(self._report)

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
            self._watched = look.project.files
            if not whole and self._checking is None:
                self._checking = asyncio.create_task(self._check(look.project))
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
        files = project.files | {self.folder / "state.db", self.entry.root / evaluated_path(self.entry)}
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
        project = load(self.entry, self._cache)
        history = read_history(self.folder, self.entry.name)
        held = holder_of(self.folder)
        if held is None and _unfinished(history):
            tidy(self.folder)
            history = read_history(self.folder, self.entry.name)
        observer = self._observer.glance()
        assessed = assess(project, history, observer)
        findings, whole = _findings(project, 0 if self._checking is not None else _CHECKING)
        look = Look(project, history, assessed, observer, None if held is None else held[0], findings)
        return look, present_snapshot(look, pipeline=self.pipeline, root=self._where, revision=revision), whole

    # --- Watching

    @property
    def _told_by(self) -> frozenset[Path]:
        """What changes when there may be news: files of the pipeline, and what its builders write."""
        return self._watched | {self.folder / "state.db", self.folder / "lock", self.folder}

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
        files = self._told_by
        folders = await asyncio.to_thread(_existing_folders, files)
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
            if not armed or any(_concerns(name, files, folders) for _, name in news):
                armed = True
                with contextlib.suppress(NotFound):
                    await self.look()
            idle = self.idle > self._attention
            now = self._told_by
            if idle or now != files or await asyncio.to_thread(_existing_folders, now) != folders:
                stop.set()

    async def close(self) -> None:
        for task in (self._watcher, self._next, self._checking):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await task


def _existing_folders(files: frozenset[Path]) -> frozenset[str]:
    """The folders to watch: of each file its folder, or the nearest one above that exists."""
    folders: set[str] = set()
    for folder in {file.parent for file in files}:
        place = folder
        while not os.path.isdir(place) and place != place.parent:  # noqa: PTH112 - False for what may not be looked at
            place = place.parent
        folders.add(str(place))
    return frozenset(folders)


def _concerns(name: str, files: frozenset[Path], folders: frozenset[str]) -> bool:
    """Whether that is one of the files, or a folder on the way to one that does not exist yet."""
    path = Path(name)
    return path in files or (name not in folders and any(file.is_relative_to(path) for file in files))


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


def _unfinished(history: History) -> bool:
    run = history.run
    return (run is not None and run.state == "running") or any(
        known.last.outcome == "running" for known in history.tasks.values()
    )


def _below(root: Path, folder: Path) -> str:
    """A folder relative to the server's root, '' for the root itself."""
    path = folder.relative_to(root).as_posix()
    return "" if path == "." else path


def _check_names(tasks: tuple[str, ...]) -> None:
    """Refuse what would not fit a builder's command line."""
    if len(tasks) > _MOST_NAMES:
        raise UsageError(
            f"{len(tasks)} tasks are named; {_MOST_NAMES} can be.", hint="Name none to build all that is stale."
        )
    for task in tasks:
        if "\0" in task or len(task) > _LONGEST_NAME:
            raise UsageError(f"A task cannot be called {task[:40]!r}.", hint="Give the names of tasks.")


def _read_log(root: Path, path: Path, offset: int, over: bool) -> LogChunk:
    try:
        # Below the project, and the file itself: a link could show any file of the server's user.
        with open_regular(real_path(root, str(path.parent)) / path.name, follow=False) as stream:
            size = stream.seek(0, os.SEEK_END)
            start = min(max(offset, 0), size)
            stream.seek(start)
            piece = stream.read(_LOG_PIECE)
    except OSError:
        return LogChunk(text="", offset=0, next_offset=0, complete=over)
    at_end = start + len(piece) >= size
    if not (at_end and over):
        piece = piece[: _whole_characters(piece)]
    return LogChunk(
        text=piece.decode("utf-8", "replace"),
        offset=start,
        next_offset=start + len(piece),
        complete=over and at_end,
    )


def _whole_characters(piece: bytes) -> int:
    """Length of the piece without a UTF-8 character that is cut off at its end."""
    for back in range(1, min(4, len(piece)) + 1):
        byte = piece[-back]
        if byte & 0xC0 == 0x80:
            continue
        length = 4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2 if byte >= 0xC0 else 1
        return len(piece) - back if length > back else len(piece)
    return len(piece)
