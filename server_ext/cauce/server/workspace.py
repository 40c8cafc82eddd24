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
import logging
import os
import signal
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path, PurePosixPath

from cauce.contract import (
    ActiveBuildList,
    Build,
    BuildEvent,
    BuildPlan,
    Changed,
    CheckRequest,
    Cleaned,
    CleanRequest,
    Created,
    LogChunk,
    NewPipeline,
    NewTask,
    Opened,
    Pipeline,
    PipelineList,
    Preview,
    Problems,
    Profiles,
    RevisionEvent,
    Run,
    RunComparison,
    RunDetail,
    RunFinished,
    RunList,
    RunRequest,
    ShowRequest,
    Snapshot,
    Split,
    SplitApplied,
    SplitApply,
    SplitJob,
    SplitRequest,
    SplitRun,
    TaskDetail,
    TaskRemoval,
    TaskRename,
    UpstreamChange,
)
from cauce.engine.errors import NotFound, NotPermitted, PathRefused, UsageError
from cauce.engine.files import LeadsOutside, Observer, real_path
from cauce.engine.foresight import foresee
from cauce.engine.functionbook import FunctionTask
from cauce.engine.graph import no_task
from cauce.engine.injection import Binding
from cauce.engine.lock import holder_of
from cauce.engine.lookup import SourceIndex
from cauce.engine.notebook import warm_up
from cauce.engine.preview import preview, product_named
from cauce.engine.process import is_alive
from cauce.engine.profiles import choose, profiles
from cauce.engine.spec import Entry, entry_of_file
from cauce.engine.statefolder import is_own, log_file
from cauce.engine.store import read_attempts
from cauce.present import present_detail, present_run
from cauce.runs import compare_runs, forget_run, known_run, list_runs, run_detail, task_notebooks
from cauce.server import changes, refactoring
from cauce.server.active import active_builds
from cauce.server.builder import Builder
from cauce.server.discovery import find_pipelines
from cauce.server.logs import read_log
from cauce.server.opened import look_into, show_task
from cauce.server.previews import Previews
from cauce.server.splitjobs import SplitJobs, Verb
from cauce.server.standby import Standbys
from cauce.server.underway import Stopping, UnderWay
from cauce.server.view import View, below

__all__ = ["Workspace"]

_LIST_LIFETIME = 30.0
_ATTENTION = 300.0
"""Seconds for which a pipeline's files are watched after somebody last looked at it."""
_MEMORY = 3600.0
"""Seconds for which a pipeline is remembered that nobody looks at."""
_MOST_NAMES = 1_000
_LONGEST_NAME = 1_000
_LONGEST_PATH = 4_096
_LONGEST_PART = 255
_INSIDE = "Name a file below the folder in which the Jupyter server was started."


class Workspace:
    """All pipelines below one folder. Lives on one event loop; disk work happens in threads.

    Args:
        root: The server's root; nothing outside of it is shown.
        publish: Tells everybody that a pipeline has a new revision.
        allow_hidden: Whether pipelines in hidden folders may be shown, as Jupyter is set.
        standbys: How many builders may be kept ready for the next build.
    """

    def __init__(
        self,
        root: Path,
        publish: Callable[[RevisionEvent], None],
        log: logging.Logger,
        *,
        allow_hidden: bool = False,
        attention: float = _ATTENTION,
        standbys: int = 2,
    ) -> None:
        self.root = root.resolve()
        self._publish = publish
        self._log = log
        self._allow_hidden = allow_hidden
        self._attention = attention
        self._views: dict[Path, View] = {}
        self._builders: dict[Path, Builder] = {}
        self._followers = UnderWay()
        """They go on for a moment after their builders' end; so do views that nobody looks at any more."""
        self._asked = UnderWay()
        """Processes that are being started, or waited for, for somebody who has asked."""
        self._standbys = Standbys(lambda: not self._builders, standbys)
        self._previews = Previews()
        self._splits = SplitJobs()
        self._index = SourceIndex(self.root)
        self._changing: defaultdict[Path, asyncio.Lock] = defaultdict(asyncio.Lock)
        """Of each project: a change goes by what the files hold, and another one must not be at it meanwhile."""
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
            raise no_task(task, look.project.tasks)
        attempts = await asyncio.to_thread(read_attempts, view.folder, view.entry.name, task)
        notebooks = await asyncio.to_thread(task_notebooks, view.entry, task, {row.run for row in attempts})
        # In a thread: code that was written anew takes long to compare.
        return await asyncio.to_thread(
            present_detail, look, task, attempts, notebooks, pipeline=pipeline, revision=snapshot.revision
        )

    async def preview(self, pipeline: str, task: str, product: str) -> Preview:
        """The beginning of a product, as far as nothing has to be run for it."""
        view = await self._view(pipeline)
        look, _ = await view.attended_look()
        if task not in look.project.tasks:
            raise no_task(task, look.project.tasks)
        named = product_named(look.project.tasks[task], product)
        return await asyncio.to_thread(preview, view.entry.root, named)

    async def runs(self, pipeline: str, *, before: str = "", limit: int = 50) -> RunList:
        view = await self._view(pipeline)
        return await asyncio.to_thread(list_runs, view.entry, before=before, limit=limit)

    async def run(self, pipeline: str, run: str) -> Run:
        view = await self._view(pipeline)
        return present_run(*await asyncio.to_thread(known_run, view.entry, run))

    async def attempts(self, pipeline: str, run: str) -> RunDetail:
        """One run as it went."""
        view = await self._view(pipeline)
        return await asyncio.to_thread(run_detail, view.entry, run)

    async def compare(self, pipeline: str, before: str, after: str) -> RunComparison:
        """What the tasks had come to when two runs had ended."""
        view = await self._view(pipeline)
        return await asyncio.to_thread(compare_runs, view.entry, before, after)

    async def forget(self, pipeline: str, run: str) -> None:
        """Forget a run that has ended."""
        view = await self._view(pipeline)
        await asyncio.to_thread(forget_run, view.entry, run)
        view.hint()

    async def plan(self, pipeline: str, request: RunRequest) -> BuildPlan:
        """What a build would do. Nothing is run.

        Raises:
            NotFound, UsageError, PipelineHasErrors: What a build would be refused by.
        """
        _check_names(request.tasks)
        view = await self._view(pipeline)
        look, snapshot = await view.attended_look()
        observer = Observer(look.project.root)  # the look's own may be in use
        return await asyncio.to_thread(
            foresee,
            look.project,
            look.history,
            look.assessed,
            observer,
            request,
            pipeline=pipeline,
            root=snapshot.root,
        )

    async def builds(self) -> ActiveBuildList:
        """Who builds anything below the root now: from here, from a terminal, from another server."""
        if self._list is None:
            await self.pipelines()
        # Searching the folders each time that somebody builds would be too much: one may be missing for a while.
        listed = () if self._list is None else self._list[1].pipelines
        names = {pipeline.path for pipeline in listed}
        looked_at = (Pipeline(path=view.pipeline, name=view.name) for view in self._views.values())
        more = tuple(pipeline for pipeline in looked_at if pipeline.path not in names)
        return await asyncio.to_thread(active_builds, self.root, (*listed, *more))

    async def log(self, pipeline: str, run: str, task: str, offset: int, limit: int | None = None) -> LogChunk:
        """A piece of a task's log, cut between characters."""
        view = await self._view(pipeline)
        row = await self.run(pipeline, run)
        path = log_file(view.folder, run, task, row.tasks)
        if path is None:
            raise NotFound(f"The task '{task}' is not part of the run '{run}'.", hint="Choose another run.")
        over = row.tasks[task] not in ("waiting", "running") or row.state != "running"
        return await asyncio.to_thread(read_log, view.folder.parent, path, offset, limit, over)

    # --- Acting

    async def start(self, pipeline: str, request: RunRequest) -> Build:
        """Start a builder. It goes on whatever becomes of the browser that asked.

        Raises:
            UsageError: It names too much, or what can be no name.
            BuildRefused, BuilderFailed: See `Builder.start`.
            Stopping: See there.
        """
        _check_names(request.tasks)
        view = await self._view(pipeline)
        return await self._asked.do(self._start(view, request))

    async def _start(self, view: View, request: RunRequest) -> Build:
        builder = await self._standbys.start(view.path, request)
        self._builders[view.entry.root] = builder
        self._followers.begin(self._follow(view, builder))
        view.hint()  # a look may find the pipeline gone: the run has started all the same
        return Build(run=builder.run)

    async def preview_by_code(self, pipeline: str, task: str, product: str) -> Preview:
        """The beginning of a product that only code can read: a process reads it."""
        found = await self.preview(pipeline, task, product)
        if found.kind != "code":
            return found
        return await self._asked.do(self._previews.of((await self._view(pipeline)).path, task, product))

    async def change_upstream(self, pipeline: str, task: str, request: UpstreamChange) -> Changed:
        """Edit what a task needs, in place."""
        return await self._change(pipeline, lambda entry: changes.change_upstream(entry, task, request))

    async def add_task(self, pipeline: str, request: NewTask) -> Changed:
        """One more task."""
        return await self._change(pipeline, lambda entry: changes.add_one(entry, request))

    async def rename_task(self, pipeline: str, task: str, request: TaskRename) -> Changed:
        """Another name for a task."""
        return await self._change(pipeline, lambda entry: changes.rename_one(entry, task, request))

    async def remove_task(self, pipeline: str, task: str, request: TaskRemoval) -> Changed:
        """One task less."""
        return await self._change(pipeline, lambda entry: changes.remove_one(entry, task, request))

    async def undo(self, pipeline: str, record: str) -> Changed:
        """Take a change back."""
        return await self._change(pipeline, lambda entry: changes.take_back(entry, record))

    async def profiles(self, pipeline: str) -> Profiles:
        """Which files of values there are to choose from."""
        view = await self._view(pipeline)
        return await asyncio.to_thread(profiles, entry_of_file(view.path))

    async def choose_profile(self, pipeline: str, profile: str) -> Profiles:
        """Have the values of another file used from here on, by all who work in this copy of the project."""
        view = await self._view(pipeline)
        chosen = await asyncio.to_thread(choose, entry_of_file(view.path), profile)
        view.hint()
        return chosen

    async def _change(self, pipeline: str, act: Callable[[Entry], Changed]) -> Changed:
        view = await self._view(pipeline)
        async with self._changing[view.entry.root]:
            changed = await asyncio.to_thread(act, view.entry)
        view.hint()
        return changed

    async def create(self, request: NewPipeline) -> Changed:
        """A pipeline file where there is none."""
        path = await asyncio.to_thread(self._unmade, request.path)
        folder = PurePosixPath(request.path).parent
        files = [self._seen_from(folder, file) for file in request.files]
        changed = await asyncio.to_thread(partial(changes.create_one, path, files, dry_run=request.dry_run))
        if not request.dry_run:
            self._list = None
        return changed

    async def plan_split(self, request: SplitRequest) -> Split:
        """What a notebook would become as a pipeline."""
        notebook = await asyncio.to_thread(self._notebook, request)
        return await asyncio.to_thread(refactoring.plan_split, notebook, request)

    async def apply_split(self, wanted: SplitApply) -> SplitApplied:
        """Write that pipeline."""
        notebook = await asyncio.to_thread(self._notebook, wanted.request)
        applied = await asyncio.to_thread(refactoring.apply_split, notebook, wanted)
        self._list = None
        return applied

    def _notebook(self, request: SplitRequest) -> Path:
        """The notebook to be split, when both it and the pipeline are below the server's root. Raises as `_resolve`."""
        relative = self._below(request.notebook)
        for path in (relative, relative.parent / self._below(request.folder) / self._below(request.pipeline)):
            try:
                real_path(self.root, path.as_posix())
            except LeadsOutside:
                raise PathRefused(f"{path} leads out of the server's root.", hint=_INSIDE) from None
            except OSError as error:
                raise NotFound(f"{path} cannot be looked at: {error.strerror}.", hint=_INSIDE) from error
        self._check_project(self.root / relative.parent / request.folder / request.pipeline)
        return self.root / relative

    def _seen_from(self, folder: PurePosixPath, file: str) -> str:
        """A file as seen from a folder above it; both are relative to the server's root."""
        try:
            return self._below(file).relative_to(folder).as_posix()
        except ValueError:
            raise UsageError(
                f"{file} is not in the folder of the pipeline.", hint="Write the pipeline into a folder above it."
            ) from None

    async def scaffold(self, pipeline: str) -> Created:
        """Create the sources that are missing."""
        view = await self._view(pipeline)
        async with self._changing[view.entry.root]:
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
        path = await asyncio.to_thread(self._unmade, request.path)
        return await asyncio.to_thread(changes.check_text, path, request)

    async def cancel(self, pipeline: str, run: str) -> None:
        """Ask the run's builder to stop, be it ours or somebody else's on this machine.

        Asking again changes nothing: a builder takes any number of SIGTERM for one wish.

        Raises:
            UsageError: It runs on another machine, or cannot be told from another process.
            NotPermitted: It is another user's.
        """
        view = await self._view(pipeline)
        builder = self._builders.get(view.entry.root)
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
            refused = NotPermitted(
                f"The run was started by {holder.user}, whose processes you may not stop.",
                hint=f"Ask {holder.user} to cancel it.",
            )
            if not await asyncio.to_thread(is_own, view.folder):
                raise refused
            try:
                os.kill(process.pid, signal.SIGTERM)
            except ProcessLookupError:
                pass
            except PermissionError as error:
                raise refused from error

    @property
    def busy(self) -> bool:
        """Whether a builder of ours is at work."""
        return bool(self._builders) or self._splits.busy

    async def close(self) -> None:
        """End all builders and watchers, and whatever somebody waits for."""
        await self._asked.close()  # which may have been about to become one of the others
        await asyncio.gather(
            self._standbys.close(), self._splits.close(), *(builder.close() for builder in self._builders.values())
        )
        await self._followers.wait()
        await asyncio.gather(*(view.close() for view in self._views.values()))

    # --- Running a notebook that is split

    async def run_split(self, verb: Verb, request: SplitJob) -> SplitRun:
        """Run a notebook to see what it does, or the pipeline that it became to compare the two; see `SplitJobs`."""
        notebook = await asyncio.to_thread(self._file, request.notebook)
        more = (str(await asyncio.to_thread(self._resolve, request.pipeline)),) if verb == "prove" else ()
        return await self._asked.do(self._splits.start(verb, notebook, *more))

    async def split_run(self, verb: Verb, notebook: str) -> SplitRun:
        """How far that is."""
        return self._splits.state(verb, await asyncio.to_thread(self._file, notebook))

    async def cancel_split(self, verb: Verb, notebook: str) -> None:
        """Ask it to end."""
        self._splits.cancel(verb, await asyncio.to_thread(self._file, notebook))

    # --- What an open document shows

    async def opened(self, document: str) -> Opened:
        """What is filled in when the document is opened as a notebook now."""
        self._below(document)
        return await asyncio.to_thread(look_into, self._index, self.root, document, self.location)

    async def show(self, request: ShowRequest) -> Opened:
        """Fill in the values of another task that shares the document's source."""
        self._below(request.path)
        pipeline = await asyncio.to_thread(self._resolve, request.pipeline)
        await asyncio.to_thread(show_task, self._index, self.root, request.path, pipeline, request.task)
        return await self.opened(request.path)

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

    def unread(self, source: Path) -> tuple[str, str] | None:
        entry = self._index.unread(source)
        return None if entry is None else self._place(entry.root, entry.name)

    def location(self, binding: Binding) -> tuple[str, str] | None:
        """Pipeline file and project root, relative to the server's root."""
        return self._place(binding.root, binding.pipeline)

    def _place(self, project: Path, pipeline: str) -> tuple[str, str] | None:
        try:
            root = below(self.root, project.resolve())
        except ValueError:
            return None
        return str(PurePosixPath(root) / pipeline), root

    # --- Inside

    async def _view(self, pipeline: str) -> View:
        path = await asyncio.to_thread(self._resolve, pipeline)
        if self._asked.closed:
            raise Stopping
        for other in [other for other, view in self._views.items() if view.idle > _MEMORY]:
            if self._views[other].entry.root not in self._builders:
                self._followers.begin(self._views.pop(other).close())
                self._standbys.release(other)
        if path not in self._views:
            self._views[path] = View(path, pipeline, self.root, self._publish, self._log, self._attention)
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
            raise PathRefused(f"{pipeline} leads out of the server's root.", hint=_INSIDE) from None
        except OSError:
            found = False
        if not found:
            raise NotFound(f"There is no pipeline at {pipeline}.", hint="It may have been moved: refresh the list.")
        self._check_project(path)
        return path

    def _file(self, path: str) -> Path:
        """A file that a request names. Raises as `_resolve`."""
        self._below(path)
        found = self.root / path
        try:
            found = real_path(self.root, path)
            there = found.is_file()
        except LeadsOutside:
            raise PathRefused(f"{path} leads out of the server's root.", hint=_INSIDE) from None
        except OSError:
            there = False
        if not there:
            raise NotFound(f"There is no file at {path}.", hint="It may have been moved or renamed: open it again.")
        return found

    def _unmade(self, pipeline: str) -> Path:
        """As `_resolve`, for a file that need not be there yet."""
        path = self._confined(pipeline)
        try:
            real_path(self.root, pipeline)
        except LeadsOutside:
            raise PathRefused(f"{pipeline} leads out of the server's root.", hint=_INSIDE) from None
        except OSError as error:
            raise NotFound(f"{pipeline} cannot be looked at: {error.strerror}.", hint=_INSIDE) from error
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
        """Where a pipeline file is that a request names, by its name alone. Raises as `_resolve`."""
        relative = self._below(pipeline)
        if relative.suffix not in (".yaml", ".yml"):
            raise NotFound(f"{pipeline} is no pipeline file.", hint="Their names end in .yaml or .yml.")
        return self.root / relative

    def _below(self, path: str) -> PurePosixPath:
        """A path relative to the server's root, as a request names it. Raises as `_resolve`."""
        relative = PurePosixPath(path)
        if "\0" in path or relative.is_absolute() or ".." in relative.parts or "\\" in path:
            raise PathRefused("Paths are relative to the server's root.", hint=_INSIDE)
        if not self._allow_hidden and any(part.startswith(".") for part in relative.parts):
            raise PathRefused("Hidden files are not shown.", hint="Set ContentsManager.allow_hidden to show them.")
        if len(path) > _LONGEST_PATH or any(len(part) > _LONGEST_PART for part in relative.parts):
            raise NotFound("There is no file with a path as long as that.")
        return relative

    async def _follow(self, view: View, builder: Builder) -> None:
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
            if self._builders.get(view.entry.root) is builder:
                del self._builders[view.entry.root]
            view.hint()
        await self._standbys.built(view.path)


def _check_names(tasks: tuple[str, ...]) -> None:
    """Refuse what would not fit a builder's command line."""
    if len(tasks) > _MOST_NAMES:
        raise UsageError(
            f"{len(tasks)} tasks are named; {_MOST_NAMES} can be.", hint="Name none to build all that is stale."
        )
    for task in tasks:
        if "\0" in task or len(task) > _LONGEST_NAME:
            raise UsageError(f"A task cannot be called {task[:40]!r}.", hint="Give the names of tasks.")
