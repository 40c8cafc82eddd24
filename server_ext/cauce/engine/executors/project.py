"""Gives each task of a project to what can run it: notebooks to kernels, SQL to sessions, all else to children."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from cauce.contract import CellError, Where
from cauce.engine.document import Value
from cauce.engine.executors import (
    DEAF,
    Cancelled,
    Crashed,
    Evaluation,
    Failed,
    HookCall,
    Job,
    Listener,
    Outcome,
    Succeeded,
)
from cauce.engine.executors.answer import Answer, Reply
from cauce.engine.executors.aside import AsideOf
from cauce.engine.executors.child import Children
from cauce.engine.executors.evaluation import evaluation_requests, values_told
from cauce.engine.executors.formats import conversion, lacking
from cauce.engine.executors.log import LIMIT, Log
from cauce.engine.executors.notebook import OUTPUT_LIMIT, NotebookExecutor
from cauce.engine.executors.request import dotted_of, task_of, tasks_of
from cauce.engine.executors.sessions import Sessions
from cauce.engine.executors.sql import relations_requests, sql_request, there_requests
from cauce.engine.executors.storage import downloads, uploads
from cauce.engine.spec import TaskSpec

__all__ = ["ProjectExecutor"]


class ProjectExecutor:
    """One instance serves one build. Use it from the main thread."""

    def __init__(
        self, *, log_limit: int = LIMIT, output_limit: int = OUTPUT_LIMIT, aside_of: AsideOf | None = None
    ) -> None:
        """`log_limit` is in bytes and for a task, `output_limit` in characters and for what one cell prints."""
        self._log_limit = log_limit
        self._notebooks = NotebookExecutor(log_limit=log_limit, output_limit=output_limit, aside_of=aside_of)
        self._children = Children()
        self._sessions = Sessions(self._children)

    async def run(self, job: Job, listener: Listener, cancel: asyncio.Event) -> Outcome:
        """Run the job to its end; see `Executor.run`."""
        root = job.binding.root
        outcome = await self._run(job, listener, cancel)
        for request in relations_requests(job):
            if not isinstance(outcome, Succeeded):
                break
            answer = await self._query("relations", request, root, job.log, listener, cancel)
            outcome = outcome_of(answer)
        return outcome

    async def _run(self, job: Job, listener: Listener, cancel: asyncio.Event) -> Outcome:
        root = job.binding.root
        match job.spec.kind:
            case "notebook":
                if lack := lacking(job):
                    return Failed(CellError(name="Cannot convert", message=lack), final=True)
                outcome = await self._notebooks.run(job, listener, cancel)
                request = conversion(job) if isinstance(outcome, Succeeded) else None
                if request is None:
                    return outcome
                return await self._ask("convert", request, root, root, job.log, listener, cancel)
            case "sql" | "dump" as verb:
                return outcome_of(await self._query(verb, sql_request(job), root, job.log, listener, cancel))
            case "function":
                return await self._ask("function", task_of(job), root, root, job.log, listener, cancel, job)
            case "shell":
                # To the byte, whatever its encoding.
                request = task_of(job) | {"content": job.content.decode("utf-8", "surrogateescape")}
                outcome = await self._ask("shell", request, root, root, job.log, listener, cancel, job)
                return _told_by_shell(outcome, job.spec.source)
            case "script":
                from cauce.engine.executors.script import Unrunnable, script_request

                try:
                    request = script_request(job)
                except Unrunnable as trouble:
                    return Failed(trouble.error, final=True)
                return await self._ask("script", request, root, job.directory, job.log, listener, cancel, job)

    async def hook(self, call: HookCall, listener: Listener, cancel: asyncio.Event) -> Outcome:
        """Call a hook; see `Executor.hook`."""
        error = call.error
        request = {
            "hook": dotted_of(call.hook),
            "moment": call.moment,
            "name": call.root.name,
            "task": None if call.job is None else task_of(call.job),
            "tasks": tasks_of(call.jobs),
            "report": [dict(row) for row in call.report],
            "traceback": None if error is None else error.traceback or f"{error.name}: {error.message}",
        }
        return await self._ask("hook", request, call.root, call.root, call.log, listener, cancel)

    async def evaluate(
        self, evaluation: Evaluation, listener: Listener, cancel: asyncio.Event
    ) -> Mapping[str, Value | CellError] | Cancelled | Crashed:
        """Find values out; see `Executor.evaluate`."""
        root = evaluation.entry.root
        values: dict[str, Value | CellError] = {}
        for verb, needs, request in evaluation_requests(evaluation):
            answer = await self._answer(verb, request, root, root, evaluation.log, listener, cancel)
            told = values_told(needs, answer)
            if isinstance(told, Cancelled | Crashed):
                return told
            values.update(told)
        return values

    async def gone(self, tasks: Sequence[TaskSpec], root: Path, log: Path, cancel: asyncio.Event) -> frozenset[str]:
        """Names of those tasks whose tables or views are not there any more; see `Executor.gone`."""
        asked = [self._query("there", request, root, log, DEAF, cancel) for request in there_requests(tasks)]
        replies = [answer.data for answer in await asyncio.gather(*asked) if isinstance(answer, Reply)]
        return frozenset(str(name) for data in replies for name in data["gone"])

    async def upload(self, job: Job, listener: Listener, cancel: asyncio.Event) -> Outcome:
        """Copy the products of a job, which are in place, to the storages that they have, if any."""
        root = job.binding.root
        for request in uploads(job.spec):
            outcome = await self._ask("storage", request, root, root, job.log, listener, cancel)
            if not isinstance(outcome, Succeeded):
                return outcome
        return Succeeded()

    async def fetch(self, job: Job, targets: Mapping[str, Path], listener: Listener, cancel: asyncio.Event) -> Outcome:
        """Get copies of products from their storages: product → temporary name.

        One that the storage does not have is not made; that is no failure.
        """
        root = job.binding.root
        for request in downloads(job.spec, targets):
            outcome = await self._ask("storage", request, root, root, job.log, listener, cancel)
            if not isinstance(outcome, Succeeded):
                return outcome
        return Succeeded()

    def kill(self) -> None:
        """Kill everything that runs, now."""
        self._notebooks.kill()
        self._children.kill()
        self._sessions.kill()

    def close(self) -> None:
        """Give back what is kept between jobs: in the event loop, where there is something."""
        self._notebooks.close()
        self._sessions.close()
        self._children.close()

    async def _ask(
        self,
        verb: str,
        request: Mapping[str, Any],
        root: Path,
        cwd: Path,
        log: Path,
        listener: Listener,
        cancel: asyncio.Event,
        job: Job | None = None,
    ) -> Outcome:
        """`job` is given where the child runs the task's own code."""
        return outcome_of(await self._answer(verb, request, root, cwd, log, listener, cancel, job))

    async def _answer(
        self,
        verb: str,
        request: Mapping[str, Any],
        root: Path,
        cwd: Path,
        log: Path,
        listener: Listener,
        cancel: asyncio.Event,
        job: Job | None = None,
    ) -> Answer:
        preload, memory = (None, None) if job is None else (job.preload, job.memory)

        def ask(lines: Log) -> Awaitable[Answer]:
            return self._children.ask(
                verb,
                request,
                root=root,
                cwd=cwd,
                log=lines,
                listener=listener,
                cancel=cancel,
                preload=preload,
                memory=memory,
            )

        return await self._logged(log, listener, ask)

    async def _query(
        self,
        verb: str,
        request: Mapping[str, Any],
        root: Path,
        log: Path,
        listener: Listener,
        cancel: asyncio.Event,
    ) -> Answer:
        """Ask the database of the client that the request names."""

        def ask(lines: Log) -> Awaitable[Answer]:
            return self._sessions.ask(verb, request, root=root, log=lines, listener=listener, cancel=cancel)

        return await self._logged(log, listener, ask)

    async def _logged(self, log: Path, listener: Listener, ask: Callable[[Log], Awaitable[Answer]]) -> Answer:
        try:
            with Log(log, self._log_limit, listener.heard) as lines:
                return await ask(lines)
        except OSError as error:
            what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
            return Failed(CellError(name="Cannot run", message=f"{what}. Make room or permit it, and build again."))


def outcome_of(answer: Answer) -> Outcome:
    """The outcome of a task whose answer says nothing but that it worked."""
    return Succeeded() if isinstance(answer, Reply) else answer


def _told_by_shell(outcome: Outcome, source: str) -> Outcome:
    """The outcome with what the shell said last, and the line of the script that it named."""
    if not isinstance(outcome, Failed) or outcome.error.name != "Script failed":
        return outcome
    error = outcome.error
    lines = [line.strip() for line in error.traceback.splitlines() if line.strip()]
    named = re.findall(rf"^{re.escape(source)}: (?:line )?(\d+): ", error.traceback, re.MULTILINE)
    message = f"{error.message} It said last: {lines[-1][:500]}" if lines else error.message
    where = Where(path=source, line=int(named[-1]) if named else None)
    return Failed(msgspec.structs.replace(error, message=message, where=where))
