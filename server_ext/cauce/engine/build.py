"""The one loop that acts: takes a plan, runs what is ready, writes down what became of it.

Everything with an effect happens here, in the order that the commit protocol wants:

    claim  → the old success proves nothing any more
    run    → the executor; the executed notebook goes to a temporary name
    prove  → every declared product exists, and the inputs are what they were
    commit → notebook renamed into place, products hashed and synced, one transaction 'ok'

What happens between claim and commit is in `attempt`. What only running code can tell (computed
parameters, factories) is evaluated first, before anything is planned.

A product that is there but was not written by the run is accepted: tasks that fetch a file only if
it is missing are common. The task's log says so.

Killed at any point, the attempt is left 'running' with nobody holding the lock, which
counts as crashed: the task is stale and the next build runs it again.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import socket
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import msgspec

from cauce.contract import (
    BuildEvent,
    CellError,
    Problem,
    Progress,
    RunFinished,
    RunRequest,
    RunStarted,
    TaskFinished,
    TaskKind,
    TaskProgress,
    TaskRetry,
    TaskStarted,
    TaskUnchanged,
    Where,
)
from cauce.engine.admission import admitted, check_inputs
from cauce.engine.assessment import Assessment, assess, assess_task, complete, known_of, with_inputs
from cauce.engine.attempt import Attempt, sweep
from cauce.engine.document import Value
from cauce.engine.errors import ProjectUnwritable
from cauce.engine.evaluating import evaluate
from cauce.engine.executors import (
    DEAF,
    Cancelled,
    Crashed,
    Executor,
    Failed,
    HookCall,
    Listener,
    Outcome,
    Stopped,
    Succeeded,
)
from cauce.engine.executors.log import Log
from cauce.engine.files import NOWHERE, TICK_NS, Observer, ProductRecord, remove_bytecode, settles_at
from cauce.engine.fingerprint import Fingerprint, settled
from cauce.engine.foresight import durations_of, jobs_of
from cauce.engine.keptbooks import book_file
from cauce.engine.lock import ProjectLock, user_name
from cauce.engine.lonehook import job_of
from cauce.engine.metrics import Metric, metrics_of
from cauce.engine.parsecache import ParseCache
from cauce.engine.plan import End, Plan, Selection, may_run
from cauce.engine.process import ProcessRecord
from cauce.engine.project import Project, load
from cauce.engine.retries import delay, may_end_otherwise
from cauce.engine.spec import Entry
from cauce.engine.statefolder import log_file, opened, prepared, prune
from cauce.engine.stateplace import place_in_words
from cauce.engine.store import History, Store, TaskHistory, new_run
from cauce.engine.timer import SystemTimer, Timer

__all__ = ["RunState", "Stop", "build"]

RunState = Literal["ok", "failed", "cancelled", "crashed"]

_PROGRESS_PAUSE = 0.2
"""Seconds between two times that the progress of a task is written down."""
_LONGEST_CAUSE = 300
"""Characters, where a cause is told in passing."""


class Stop:
    """How a running build is told to end. Make it inside the event loop that builds."""

    def __init__(self) -> None:
        self.cancel = asyncio.Event()
        self.gone = asyncio.Event()

    @property
    def lost(self) -> bool:
        """Is whoever started us gone?"""
        return self.gone.is_set()

    def ask(self) -> None:
        """Cancel: interrupt what runs, begin nothing more."""
        self.cancel.set()

    def lose(self) -> None:
        """Whoever started us is gone: nothing may survive."""
        self.cancel.set()
        self.gone.set()


@dataclass(frozen=True)
class _Turn:
    """One attempt to come at a task."""

    task: str
    assessment: Assessment
    number: int = 1
    """Which try in this run, from 1."""
    began: float | None = None
    """When the first one was begun."""


@dataclass(frozen=True)
class _Ended:
    """How one attempt ended, as the loop needs it."""

    task: str
    end: End
    cause: str = ""
    error: CellError | None = None
    again: _Turn | None = None
    """The next one; None when the task has ended."""
    wait: float = 0.0
    """Seconds until then."""
    due: float = 0.0
    """When that is, by the build's timer."""


async def build(
    entry: Entry,
    request: RunRequest,
    *,
    executor: Executor,
    emit: Callable[[BuildEvent], None],
    stop: Stop,
    clock: Callable[[], float] = time.time,
    timer: Timer | None = None,
    cache: ParseCache | None = None,
) -> RunState:
    """Build a pipeline; returns when everything has ended.

    `cache` is what the caller has read of the pipeline before; it goes by content, so it may be of any age.

    Whatever it raises, it raises before the first event. A state folder that cannot be
    written any more once the run has begun ends the run as crashed, in words.

    Raises:
        NotFound, UsageError: The request does not fit the pipeline.
        PipelineHasErrors: Something that was asked for cannot run before it is mended.
        ProjectLocked: Another builder is at work.
        ProjectUnwritable: The state folder cannot be written.
    """
    cache = ParseCache() if cache is None else cache
    project = load(entry, cache)
    if not project.spec.needs:
        admitted(project, request)  # what can be refused is refused before anything is written
    folder = prepared(entry.root)
    run = new_run(clock())
    with ProjectLock(folder, run, user_name(), clock()):
        store = opened(folder, clock())
        killing = asyncio.create_task(_kill_when_lost(stop, executor))
        try:
            troubles: tuple[Problem, ...] = ()
            if project.spec.needs:
                log = folder / "logs" / run / "evaluation.log"
                troubles = await evaluate(entry, cache, executor, log, stop.cancel)
                project = load(entry, cache)
            selection = admitted(project, request, troubles)
            timer = timer or SystemTimer()
            this = _Build(run, project, cache, request, selection, store, folder, executor, emit, stop, clock, timer)
            sweep(project)
            await this.prepare(selection)
            return await this.go()
        finally:
            killing.cancel()
            store.close()


async def _kill_when_lost(stop: Stop, executor: Executor) -> None:
    """At once, whatever the build waits for: told to cancel before, it leaves tasks the time to clean up."""
    await stop.gone.wait()
    executor.kill()


class _Build:
    """One run: the only mutable thing in the engine."""

    def __init__(
        self,
        run: str,
        project: Project,
        cache: ParseCache,
        request: RunRequest,
        selection: Selection,
        store: Store,
        folder: Path,
        executor: Executor,
        emit: Callable[[BuildEvent], None],
        stop: Stop,
        clock: Callable[[], float],
        timer: Timer,
    ) -> None:
        self.run = run
        self.project = project
        self.pipeline = project.spec.entry.name
        self.request = request
        self.forced = selection.forced
        self.store = store
        self.folder = folder
        self.executor = executor
        self.told: set[str] = set()
        """Tasks whose end has been emitted."""
        self._emit = emit
        self.stop = stop
        self.trouble = ""
        """What went wrong beside the tasks: a hook of the pipeline."""
        self.failed: CellError | None = None
        """The first error of the run."""
        self.durations: dict[str, float] = {}
        self.lost: set[str] = set()
        """Tasks whose tables are not there any more, though they were made."""
        self.young: set[str] = set()
        """Tasks with products that have been read, but may have been written again without looking different."""
        self.left: Counter[TaskKind] = Counter()
        """Tasks by kind that have not begun, as far as is known: some may be skipped."""
        self.broken = ""
        """Why nothing can be written down any more; '' while it can."""
        self.clock = clock
        self.timer = timer
        self.resting: dict[asyncio.Task[None], _Ended] = {}
        """What waits to be tried again, with how it ended last. It takes no place from others meanwhile."""
        self.closing = asyncio.Event()
        """Set when nothing more is to be begun."""
        self.cache = cache
        self.observer = Observer(project.root)
        history: History = store.history(self.pipeline)
        self.known: dict[str, TaskHistory] = known_of(project, history)
        self.assessed: dict[str, Assessment] = assess(project, history, self.observer)
        self.plan = Plan.of((), project.graph.upstream)
        self._confirm()

    async def prepare(self, selection: Selection) -> None:
        """Plan what has to run.

        Raises:
            UsageError: Something that is not to run has not made what is needed of it.
        """
        planned = self._planned(selection)
        match self.request.action:
            case "build":
                if await self._find_lost_tables(planned):
                    planned = self._planned(selection)
                check_inputs(self.project, planned, self.observer, self.lost)
            case "mark":
                self.lost |= await self._gone(planned)
            case _:
                pass
        self.plan = Plan.of(planned, self.project.graph.upstream, durations_of(self.known))
        self.left = Counter(self.project.tasks[task].kind for task in planned)

    def _planned(self, selection: Selection) -> tuple[str, ...]:
        stale = {task for task, assessment in self.assessed.items() if not assessment.fresh}
        return may_run(selection, self.project.graph, stale)

    async def _find_lost_tables(self, planned: Iterable[str]) -> bool:
        """Ask for the tables that are going to be read: who looks may open no database, a builder may.

        Those that are gone are missing products from here on. Were there any?
        """
        readers: Collection[str] = frozenset(planned)
        asked: set[str] = set()
        while makers := [
            need
            for need in dict.fromkeys(need for task in readers for need in self.project.graph.upstream[task])
            if need not in asked and need not in self.forced and self.assessed[need].fresh
        ]:
            asked.update(makers)
            gone = await self._gone(makers)
            self.lost |= gone
            readers = gone  # which have to run again, and read tables themselves
        for task in self.lost:
            self.known[task] = _without_tables(self.known[task])
        if self.lost:
            self.assessed = assess(self.project, History(self.known), self.observer)
        return bool(self.lost)

    async def _gone(self, tasks: Iterable[str]) -> frozenset[str]:
        """Those that have made tables or views which are not there any more."""
        makers = [self.project.tasks[task] for task in sorted(tasks) if self.project.tasks[task].relations]
        if not makers:
            return frozenset()
        log = self.folder / "logs" / self.run / "tables.log"
        return await self.executor.gone(makers, self.project.root, log, self.stop.cancel)

    def _confirm(self, tasks: Collection[str] | None = None) -> None:
        """Remember what was read only to find it as it was: a copied project is hashed once, not at each look."""
        found: dict[int, list[ProductRecord]] = {}
        for task, known in self.known.items():
            if tasks is not None and task not in tasks:
                continue
            if known.last_ok is None or task not in self.assessed or self.assessed[task].fingerprint is None:
                continue
            declared = {product.path for product in self.project.tasks[task].products}
            for record in known.last_ok.products:
                if record.path in declared and self.observer.stat(record.path) not in (None, record.stat):
                    now = self.observer.record(record.path)
                    if now is None or now.hash != record.hash:
                        continue
                    if now.settled:
                        found.setdefault(known.last_ok.id, []).append(now)
                    else:
                        self.young.add(task)
        if found:
            self.store.confirm(found)

    async def _settle(self) -> None:
        """Look once more at products that were hashed within a tick of being written, when that has passed.

        Until then they are hashed at each look: whether anybody has changed them in that tick does not show.
        """
        tasks = self.young | {task for task, end in self.plan.ended.items() if end == "ok" and self._is_young(task)}
        paths = [product.path for task in tasks for product in self.project.tasks[task].products]
        stats = [stat for path in paths if (stat := self.observer.stat(path)) is not None]
        if not stats:
            return
        now = time.time_ns()
        pause = max(settles_at(stat, now) for stat in stats) - now
        # Where clocks are coarse, or set wrong, the next build looks again.
        await asyncio.sleep(min(max(pause, 0), 2 * TICK_NS) / 1e9)
        await asyncio.to_thread(self._confirm, tasks)

    def _is_young(self, task: str) -> bool:
        known = self.known.get(task)
        return known is not None and known.last_ok is not None and not all(r.settled for r in known.last_ok.products)

    async def go(self) -> RunState:
        tasks = self.plan.tasks
        here = socket.gethostname(), user_name()
        self.store.begin_run(self.run, self.pipeline, tasks, self.clock(), *here, self.request)
        self.emit(RunStarted(run=self.run, pipeline=self.pipeline, time=self.clock(), tasks=tasks))
        running: dict[asyncio.Task[_Ended], str] = {}
        try:
            self._adopt()
            if self.request.action == "mark":
                self._mark_all()
            elif await self._pipeline_hook("on_render"):
                await self._loop(running)
            else:
                self._stop_waiting(self.trouble)
            await self._call_last_hooks()
            await self._settle()
            return self._finish()
        except ProjectUnwritable as error:
            return await self._give_up(error, running)

    def _adopt(self) -> None:
        """Write down what counts as made by an earlier tool: from here on it is known like what we made."""
        for task, assessment in self.assessed.items():
            if task not in self.known and assessment.fresh and assessment.fingerprint is not None:
                self._commit_as_is(task, assessment.fingerprint, assessment.made_at)

    def _commit_as_is(self, task: str, fingerprint: Fingerprint, made_at: float | None = None) -> None:
        """The products that are there are what the inputs as they are now lead to: somebody says so."""
        now = self.clock() if made_at is None else made_at
        known = complete(fingerprint, self.project, task, self.observer, self.cache)
        attempt = self.store.claim(self.run, self.pipeline, task, known, now)
        metrics = metrics_of(self.project.root, self._paths(task))
        self.store.commit(attempt, self.run, task, self._records_as_is(task), now, metrics)
        history = self.store.task_history(self.pipeline, task)
        if history is not None:
            self.known[task] = history

    def _paths(self, task: str) -> list[str]:
        return [product.path for product in self.project.tasks[task].products]

    def _records_as_is(self, task: str) -> tuple[ProductRecord, ...]:
        spec, known = self.project.tasks[task], self.known.get(task)
        before = {} if known is None or known.last_ok is None else {each.path: each for each in known.last_ok.products}
        files = (self.observer.record(product.path) for product in spec.products)
        relations = (
            before.get(each.path) or ProductRecord(each.path, secrets.token_hex(16), NOWHERE) for each in spec.relations
        )
        return (*(record for record in files if record is not None), *relations)

    def _mark_all(self) -> None:
        """Take stale tasks for current, where their products are there to be taken for that."""
        for task in self.plan.tasks:
            assessment = assess_task(self.project, task, self.known.get(task), self.assessed, self.observer)
            self.assessed[task] = assessment
            paths = [product.path for product in self.project.tasks[task].products]
            missing = [path for path in paths if self.observer.stat(path) is None]
            if task in self.lost:
                missing += [relation.qualified for relation in self.project.tasks[task].relations]
            now = self.clock()
            if assessment.fresh:
                self.store.not_run(self.run, {task: ("unchanged", "")})
                self.emit(TaskUnchanged(run=self.run, task=task, time=now))
                self.plan = self.plan.finished(task, "unchanged")
                continue
            if missing or assessment.fingerprint is None:
                self.plan = self.plan.finished(task, "skipped")
                cause = f"{', '.join(missing)} is missing: there is nothing to be taken for current."
                self._skip({task: cause})
                continue
            self.emit(TaskStarted(run=self.run, task=task, time=now, reasons=assessment.freshness.reasons))
            self._commit_as_is(task, assessment.fingerprint)
            self.emit(TaskFinished(run=self.run, task=task, time=self.clock(), outcome="ok", duration=0))
            self.plan = self.plan.began(task)
            self._end(_Ended(task, "ok"))

    # --- Hooks of the whole pipeline

    async def _pipeline_hook(
        self,
        moment: Literal["on_render", "on_finish", "on_failure"],
        error: CellError | None = None,
        report: tuple[dict[str, Value], ...] = (),
    ) -> bool:
        """Call it, if there is one and there is something to do; False, and `trouble`, when it fails."""
        hook = getattr(self.project.spec.hooks, moment)
        if hook is None or not self.plan.tasks:
            return True
        log = self.folder / "logs" / self.run / f"{moment}.log"
        sound = [task for task in self.project.graph.order if task not in self.project.unknowable]
        jobs = tuple(job_of(self.project, task, log) for task in sound)
        call = HookCall(hook, moment, self.project.root, log, None, error, report, jobs)
        outcome = await self.executor.hook(call, DEAF, self.stop.cancel)
        match outcome:
            case Failed(error=raised) | Crashed(error=raised):
                self.trouble = f"The pipeline's {moment} hook {hook.path} failed{_at(raised.where)}: "
                self.trouble += f"{raised.name}: {raised.message}"
                self.failed = raised
                return False
            case Stopped(message=message):
                self.trouble = message or f"The pipeline's {moment} hook ended the build early."
                return False
            case _:
                return True

    async def _call_last_hooks(self) -> None:
        if self.stop.cancel.is_set() or self.request.action != "build":
            return
        if self.failed is None and all(end in ("ok", "unchanged") for end in self.plan.ended.values()):
            await self._pipeline_hook("on_finish", report=self._report())
        if self.failed is not None:
            told = self.trouble
            await self._pipeline_hook("on_failure", error=self.failed)
            self.trouble = told or self.trouble

    def _report(self) -> tuple[dict[str, Value], ...]:
        return tuple(
            {"name": task, "ran": end == "ok", "elapsed": self.durations.get(task, 0.0)}
            for task, end in self.plan.ended.items()
        )

    def emit(self, event: BuildEvent) -> None:
        if isinstance(event, TaskFinished | TaskUnchanged):
            self.told.add(event.task)
        self._emit(event)

    async def _loop(self, running: dict[asyncio.Task[_Ended], str]) -> None:
        jobs = jobs_of(self.project, self.request)
        cancelled = asyncio.create_task(self.stop.cancel.wait())
        try:
            while not self.plan.done:
                if self.stop.cancel.is_set():
                    self._stop_waiting("The run was cancelled.")
                self._begin_again(jobs, running)
                while len(running) < jobs and (ready := self.plan.ready):
                    self._begin(ready[0], running)
                if running or self.resting:
                    # Who has rested waits for a place. A set event would make waiting for it return at once, for ever.
                    news: set[asyncio.Future[Any]] = {*running, *(rest for rest in self.resting if not rest.done())}
                    news |= set() if cancelled.done() else {cancelled}
                    await asyncio.wait(news, return_when=asyncio.FIRST_COMPLETED)
                    for attempt in [attempt for attempt in running if attempt.done()]:
                        ended = attempt.result()
                        if ended.again is None:
                            self._end(ended)
                        else:
                            self.resting[asyncio.create_task(self.timer.until(ended.due))] = ended
                        del running[attempt]
        except ProjectUnwritable:
            raise  # what runs is ended in good order
        except BaseException:  # a bug of ours, or the loop is torn down: nothing may stay behind
            self.executor.kill()
            raise
        finally:
            cancelled.cancel()
            for rest in self.resting:
                rest.cancel()

    async def _give_up(self, error: ProjectUnwritable, running: dict[asyncio.Task[_Ended], str]) -> RunState:
        """What happens can no longer be written down: end what runs, and say why.

        The store may still say that the run is running; since nobody holds the lock then, it
        counts as crashed, which it has.
        """
        self.broken = error.message
        self.stop.ask()
        await asyncio.gather(*running, *self.resting, return_exceptions=True)
        now = self.clock()
        begun = {*running.values(), *(ended.task for ended in self.resting.values())}
        for task in self.plan.tasks:
            if task not in self.told:
                outcome: Literal["crashed", "skipped"] = "crashed" if task in begun else "skipped"
                self.emit(
                    TaskFinished(run=self.run, task=task, time=now, outcome=outcome, duration=0, cause=self.broken)
                )
        message = f"{error.message} {error.hint}"
        with contextlib.suppress(ProjectUnwritable):
            self.store.end_run(self.run, "crashed", message, now)
        self.emit(RunFinished(run=self.run, time=now, state="crashed", message=message))
        return "crashed"

    def _begin(self, task: str, running: dict[asyncio.Task[_Ended], str]) -> None:
        assessment = assess_task(self.project, task, self.known.get(task), self.assessed, self.observer)
        self.assessed[task] = assessment
        if assessment.fresh and task not in self.forced:
            # Its upstream ran and made the same bytes.
            self.store.not_run(self.run, {task: ("unchanged", "")})
            self.emit(TaskUnchanged(run=self.run, task=task, time=self.clock()))
            self.plan = self.plan.finished(task, "unchanged")
            return
        self.plan = self.plan.began(task)
        running[asyncio.create_task(self._attempt(_Turn(task, assessment)))] = task

    def _begin_again(self, jobs: int, running: dict[asyncio.Task[_Ended], str]) -> None:
        """Begin what has rested for long enough, as far as there is room; before others, which have not waited yet."""
        for rest, ended in [*self.resting.items()]:
            if self.closing.is_set():
                del self.resting[rest]
                rest.cancel()
                self._end(self._not_again(ended))
            elif rest.done() and len(running) < jobs and ended.again is not None:
                del self.resting[rest]
                running[asyncio.create_task(self._attempt(ended.again))] = ended.task

    def _not_again(self, ended: _Ended) -> _Ended:
        """The task ended as its last attempt did."""
        assert ended.again is not None and ended.again.began is not None  # noqa: S101, PT018 - it has rested
        outcome: Literal["failed", "crashed"] = "crashed" if ended.end == "crashed" else "failed"
        self.store.not_again(self.run, ended.task, outcome)
        cause = f"{ended.cause.removesuffix('.')}. It was not tried again: nothing more was to be begun."
        return self._tell_end(replace(ended, cause=cause, again=None), ended.again.began, self.clock())

    async def _attempt(self, turn: _Turn) -> _Ended:
        task, assessment = turn.task, turn.assessment
        assert assessment.fingerprint is not None  # noqa: S101 - only buildable tasks are planned
        fingerprint = complete(assessment.fingerprint, self.project, task, self.observer, self.cache)
        self.project = with_inputs(self.project, task, fingerprint)  # edited since the build began
        self._forget_bytecode(task, fingerprint)
        recorded = self._recorded(task, assessment)
        started = self.clock()
        attempt = self.store.claim(self.run, self.pipeline, task, fingerprint, started)
        reasons = assessment.freshness.reasons
        self.emit(TaskStarted(run=self.run, task=task, time=started, reasons=reasons, attempt=turn.number))
        outcome, products = await self._try(task, attempt, recorded)
        metrics: tuple[Metric, ...] = ()
        if isinstance(outcome, Succeeded):
            metrics = await asyncio.to_thread(metrics_of, self.project.root, self._paths(task))
            after = await asyncio.to_thread(complete, fingerprint, self.project, task, self.observer, self.cache)
            if (known := settled(fingerprint, after)) != fingerprint:
                self.store.amend(attempt, known)
        ended = self.clock()
        turn = turn if turn.began is not None else replace(turn, began=started)
        result = self._write_down(attempt, turn, outcome, products, metrics, ended)
        return result if result.again is not None else self._tell_end(result, turn.began or started, ended)

    def _tell_end(self, result: _Ended, began: float, now: float) -> _Ended:
        self.durations[result.task] = now - began
        self.failed = self.failed or result.error
        self.emit(
            TaskFinished(
                run=self.run,
                task=result.task,
                time=now,
                outcome=_outcome(result.end),
                duration=now - began,
                cause=result.cause,
                error=result.error,
            )
        )
        return result

    def _with_another(self, turn: _Turn, outcome: Outcome, result: _Ended) -> _Ended:
        """The result, with another turn where one is left and may end otherwise."""
        limits = self.project.tasks[turn.task].limits
        if turn.number > limits.retries or self.closing.is_set() or self.stop.cancel.is_set():
            return result
        if not may_end_otherwise(outcome):
            return result
        wait = delay(limits, turn.number, random.random())  # noqa: S311 - nobody gains by guessing it
        again = replace(turn, number=turn.number + 1)
        return replace(result, again=again, wait=wait, due=self.timer.now() + wait)

    def _tell_retry(self, result: _Ended, why: str, log: Path, now: float) -> None:
        """That it is tried again: to whoever listens, and in the task's log."""
        assert result.again is not None and result.error is not None  # noqa: S101, PT018 - callers see to it
        with contextlib.suppress(OSError), Log(log) as lines:
            lines.note(why)
        self.emit(
            TaskRetry(
                run=self.run,
                task=result.task,
                time=now,
                attempt=result.again.number,
                attempts=self.project.tasks[result.task].limits.retries + 1,
                delay=result.wait,
                outcome="crashed" if result.end == "crashed" else "failed",
                cause=result.cause,
                error=result.error,
            )
        )

    def _forget_bytecode(self, task: str, now: Fingerprint) -> None:
        """Have the kernel compile modules anew that the task's last attempt has not seen as they are."""
        known = self.known.get(task)
        before = {} if known is None else known.last.fingerprint.modules
        origin = self.project.facts[task].origin  # of a function
        if origin and (known is None or known.last.fingerprint.code.raw != now.code.raw):
            remove_bytecode(self.project.root, origin)
        for path, code in now.modules.items():
            if path not in before or before[path].raw != code.raw:
                remove_bytecode(self.project.root, path)

    def _write_down(
        self,
        attempt: int,
        turn: _Turn,
        outcome: Outcome,
        products: tuple[ProductRecord, ...],
        metrics: tuple[Metric, ...],
        now: float,
    ) -> _Ended:
        task = turn.task
        if isinstance(outcome, Succeeded):
            self.store.commit(attempt, self.run, task, products, now, metrics)
            return _Ended(task, "ok")
        end: Literal["failed", "cancelled", "crashed", "stopped"]
        error: CellError | None = None
        if isinstance(outcome, Cancelled):
            why = "The program that started the build is gone." if self.stop.lost else self.broken
            end, cause = ("crashed", why) if why else ("cancelled", "It was cancelled.")
        elif isinstance(outcome, Stopped):
            end, cause = "stopped", outcome.message or "It ended the build early."
        else:
            end = "failed" if isinstance(outcome, Failed) else "crashed"
            error = _encodable(outcome.error)
            cause = f"{error.name}: {error.message}" if error.message else error.name
        result = self._with_another(turn, outcome, _Ended(task, end, cause, error))
        next_try = "" if result.again is None else self._next_try(result, result.again.number)
        self.store.fail(attempt, self.run, task, end, cause, error, now, next_try)
        if next_try:
            self._tell_retry(result, next_try, self._log_of(task), now)
        return result

    def _next_try(self, result: _Ended, number: int) -> str:
        attempts = self.project.tasks[result.task].limits.retries + 1
        return f"Attempt {number} of {attempts} in {result.wait:.0f} s, because of {_first_line(result.cause)}"

    def _log_of(self, task: str) -> Path:
        log = log_file(self.folder, self.run, task, self.plan.tasks)
        assert log is not None  # noqa: S101 - the task is in the plan
        return log

    def _recorded(self, task: str, assessment: Assessment) -> dict[str, str]:
        """Product → hash of what the task made last, where it has to run only because some of it is missing."""
        known = self.known.get(task)
        if known is None or known.last_ok is None or task in self.forced:
            return {}
        if any(reason.kind != "product_missing" for reason in assessment.freshness.reasons):
            return {}
        return {record.path: record.hash for record in known.last_ok.products}

    async def _try(
        self, task: str, attempt: int, recorded: dict[str, str]
    ) -> tuple[Outcome, tuple[ProductRecord, ...]]:
        log = self._log_of(task)
        listener = self._listener(task, attempt)
        from cauce.engine.checks import errors_of

        findings = errors_of(self.project, task)
        cancel = self.stop.cancel
        kind = self.project.tasks[task].kind
        self.left[kind] -= 1
        this = Attempt(
            self.project,
            task,
            self.executor,
            self.observer,
            self.folder,
            log,
            book_file(self.folder, self.run, log),
            listener,
            cancel,
            findings,
            recorded=recorded,
            timer=self.timer,
            followed=self.left[kind] > 0,
        )
        return await this.go()

    def _listener(self, task: str, attempt: int) -> Listener:
        # Neither is worth ending a task for: whether the disk takes what counts is seen at the commit.
        written = float("-inf")

        def progress(value: Progress) -> None:
            nonlocal written
            # Writing waits for the disk, and cells may be quick. The first and the last always count.
            if value.done == value.total or time.monotonic() - written >= _PROGRESS_PAUSE:
                with contextlib.suppress(ProjectUnwritable):
                    self.store.progress(attempt, value)
                written = time.monotonic()
            self.emit(TaskProgress(run=self.run, task=task, time=self.clock(), progress=value))

        def process(record: ProcessRecord) -> None:
            with contextlib.suppress(ProjectUnwritable):
                self.store.process(attempt, record)

        return Listener(progress, process)

    def _end(self, ended: _Ended) -> None:
        task = ended.task
        known = self.store.task_history(self.pipeline, task)
        if known is not None:
            self.known[task] = known
        self.assessed[task] = assess_task(self.project, task, known, self.assessed, self.observer)
        before = self.plan
        self.plan = self.plan.finished(task, ended.end)
        skipped = [*self.plan.ended][len(before.ended) + 1 :]
        why = f"'{task}' did not succeed."
        if ended.end == "stopped":
            why = f"'{task}' ended the build early: {ended.cause}"
        self._skip(dict.fromkeys(skipped, why))
        if self.request.fail_fast and ended.end in ("failed", "crashed"):
            self._stop_waiting(f"'{task}' failed, and nothing more was to be begun.")
        elif ended.end == "stopped":
            self._stop_waiting(why)

    def _stop_waiting(self, cause: str) -> None:
        self.closing.set()
        waiting = self.plan.waiting
        self.plan = self.plan.stopped()
        self._skip(dict.fromkeys(waiting, cause))

    def _skip(self, causes: dict[str, str]) -> None:
        if not causes:
            return
        now = self.clock()
        self.store.not_run(self.run, {task: ("skipped", cause) for task, cause in causes.items()})
        for task, cause in causes.items():
            self.emit(TaskFinished(run=self.run, task=task, time=now, outcome="skipped", duration=0, cause=cause))

    def _finish(self) -> RunState:
        ends = list(self.plan.ended.values())
        if self.stop.lost:
            state: RunState = "crashed"
        elif self.stop.cancel.is_set():
            state = "cancelled"
        elif self.failed is not None or any(end in ("failed", "crashed") for end in ends):
            state = "failed"
        else:
            state = "ok"
        begun_anew = _begun_anew(self.store.set_aside, self.project.root)
        message = " ".join(filter(None, [_summary(state, ends, self.request.action), self.trouble, begun_anew]))
        # Before the end is told: who begins another build upon that shall not find this one still at work.
        prune(self.store, self.folder, self.pipeline)
        with contextlib.suppress(OSError):
            self.cache.keep(self.project.root)
        now = self.clock()
        self.store.end_run(self.run, state, message, now)
        self.emit(RunFinished(run=self.run, time=now, state=state, message=message))
        return state


def _first_line(cause: str) -> str:
    first = cause.strip().partition("\n")[0]
    return first if len(first) <= _LONGEST_CAUSE else f"{first[:_LONGEST_CAUSE]}…"


def _without_tables(known: TaskHistory) -> TaskHistory:
    """As though they had not been made."""
    if known.last_ok is None:
        return known
    products = tuple(record for record in known.last_ok.products if record.stat != NOWHERE)
    last_ok = replace(known.last_ok, products=products)
    return TaskHistory(last_ok if known.last.id == last_ok.id else known.last, last_ok)


def _begun_anew(set_aside: Path | None, root: Path) -> str:
    """What to say when the store was found damaged."""
    if set_aside is None:
        return ""
    place = place_in_words(set_aside, root)
    return f"What was known of earlier runs was damaged and begun anew; the damaged file is {place}."


def _at(where: Where | None) -> str:
    return "" if where is None else f" at {where.path}:{where.line}" if where.line else f" in {where.path}"


def _outcome(end: End) -> Literal["ok", "failed", "cancelled", "crashed", "stopped", "skipped"]:
    return "ok" if end == "unchanged" else end


def _encodable(error: CellError) -> CellError:
    """Without halves of characters (a file name in another encoding): they can neither be stored nor sent."""
    texts = {name: text for name, text in msgspec.structs.asdict(error).items() if isinstance(text, str)}
    return msgspec.structs.replace(
        error, **{name: text.encode("utf-8", "replace").decode("utf-8") for name, text in texts.items()}
    )


def _summary(state: RunState, ends: list[End], action: Literal["build", "mark", "evaluate"]) -> str:
    if action == "evaluate":
        return "Cancelled." if state == "cancelled" else "Evaluated."
    if not ends:
        return "Cancelled." if state == "cancelled" else "Everything is up to date."
    words: list[tuple[End, str]] = [
        ("ok", "ran" if action == "build" else "marked as up to date"),
        ("unchanged", "unchanged"),
        ("failed", "failed"),
        ("crashed", "crashed"),
        ("cancelled", "cancelled"),
        ("stopped", "ended the build early"),
        ("skipped", "skipped"),
    ]
    counts = [f"{ends.count(end)} {word}" for end, word in words if end in ends]
    start = "Cancelled: " if state == "cancelled" else ""
    return f"{start}{', '.join(counts)}."
