"""Runs a task in a Jupyter kernel of its own.

One job: source → notebook with the injected cell → fresh kernel → cells in order → executed
notebook, log, outcome. How a kernel process is handled is `kernel`'s business, how cells are
run `cells`', what an error means `failure`'s.

Importing this module is cheap: a build that has nothing to run never pays for jupyter_client.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cauce.contract import CellError, Where
from cauce.engine.executors import Cancelled, Crashed, Failed, Job, Listener, Outcome, Stopped, Succeeded
from cauce.engine.executors.ahead import Ahead
from cauce.engine.executors.aside import Aside, AsideOf
from cauce.engine.executors.failure import clipped, death, line_at_death, line_in_cell, lines_of, locate, message_of
from cauce.engine.executors.log import LIMIT, Log
from cauce.engine.injection import METADATA_KEY, inject, is_injected, language_of
from cauce.engine.notebook import SourceError, read_notebook
from cauce.engine.process import KILL, Guard

if TYPE_CHECKING:
    import zmq
    from nbformat import NotebookNode

    from cauce.engine.executors.cells import Cells
    from cauce.engine.executors.kernel import Kernel, Kernels

__all__ = ["NotebookExecutor"]

OUTPUT_LIMIT = 10_000_000
_INTERRUPT_PATIENCE = 3.0
_TERMINATE_PATIENCE = 2.0
_KILL_PATIENCE = 5.0
_SHORT_EXIT_PATIENCE = 2.0
_DRAIN_PATIENCE = 2.0
_LONGEST_TRACEBACK = 64 * 1024
_REPLACED = (
    "The kernel died while a cell was running, and something started it anew: what it knew is gone. "
    "The log may say what it died of; name a kernel in pipeline.yaml ('kernelspec_name') that is not restarted."
)
_PARTIAL_PAUSE = 3.0
"""Seconds between two times that the notebook is written while it runs."""
_PARTIAL_SHARE = 30
"""How many times longer the pause is than the writing."""


class NotebookExecutor:
    """Runs each job in a fresh kernel process, several side by side in one event loop.

    Use it from the main thread: on Linux a kernel dies with the thread that started it.
    """

    def __init__(
        self, *, log_limit: int = LIMIT, output_limit: int = OUTPUT_LIMIT, aside_of: AsideOf | None = None
    ) -> None:
        """`log_limit` is in bytes and for a task, `output_limit` in characters and for what one cell prints."""
        self._aside_of = aside_of
        self._log_limit = log_limit
        self._output_limit = output_limit
        self._guard = Guard()
        self._installed: Kernels | None = None
        self._context: zmq.Context[zmq.Socket[bytes]] | None = None
        self._kernels: set[Kernel] = set()
        self._ahead = Ahead()

    async def run(self, job: Job, listener: Listener, cancel: asyncio.Event) -> Outcome:
        """Run the job to its end; see `Executor.run`."""
        try:
            with Log(job.log, self._log_limit, listener.heard) as log:
                return await self._run(job, listener, cancel, log)
        except OSError as error:  # reading the source is over: this is a log or notebook that cannot be written
            what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
            return Failed(CellError(name="Cannot write", message=f"{what}. Make room or permit it, and build again."))

    def kill(self) -> None:
        """Kill every kernel, with its process group, now. Their runs end as `Cancelled`."""
        self._ahead.close()
        for kernel in self._kernels:
            kernel.kill()

    def close(self) -> None:
        """Give back what all kernels share. Call it when no job is running."""
        self._ahead.close()
        self._guard.close()
        if self._context is not None:
            self._context.destroy(linger=0)
            self._context = None

    async def _run(self, job: Job, listener: Listener, cancel: asyncio.Event, log: Log) -> Outcome:
        from cauce.engine.executors.kernel import Kernel, NotStarted, Patience
        from cauce.engine.executors.outputs import clear

        if cancel.is_set():
            return Cancelled()
        try:
            notebook = _prepared(job)
            clear(notebook)
            own = notebook.metadata.get("kernelspec", {}).get("name")
            name, spec = self._kernels_installed().choose(job.binding.kernel, own, language_of(notebook))
        except SourceError as error:
            return Failed(_unreadable(error, job, log), final=True)
        except NotStarted as error:
            return Crashed(_not_started(str(error), log), final=True)

        if job.binding.kernel is None and own not in {None, name}:
            log.note(f"The source asks for the kernel '{own}', which is not installed: running in '{name}'.")
        kernel = await self._ahead.take(name, job.directory)
        if kernel is None:
            kernel = Kernel(name, spec, self._guard, self._sockets(), job.preload, job.memory)
        # Whoever opens the result gets this kernel, and no script paired with it.
        notebook.metadata["kernelspec"] = kernel.spec
        notebook.metadata.pop("jupytext", None)
        self._kernels.add(kernel)
        patience = Patience()
        try:
            aside = (None if self._aside_of is None else self._aside_of(job)) or Aside()
            run = _Run(job, listener, cancel, log, kernel, notebook, self._output_limit, self._start_another, aside)
            outcome = await run.go()
            if not isinstance(outcome, Succeeded):
                patience = Patience(exit=_SHORT_EXIT_PATIENCE)
            return outcome
        finally:
            await kernel.end(patience)
            self._kernels.discard(kernel)

    def _start_another(self, job: Job, kernel: Kernel) -> None:
        """Have a kernel ready for the next job, where that takes long."""
        from cauce.engine.executors.kernel import Kernel

        if job.followed and not kernel.is_forked:
            again = Kernel(kernel.name, kernel.specification, self._guard, self._sockets(), preload=None)
            self._ahead.start(again, job.directory)

    def _kernels_installed(self) -> Kernels:
        from cauce.engine.executors.kernel import Kernels

        if self._installed is None:
            self._installed = Kernels()
        return self._installed

    def _sockets(self) -> zmq.Context[zmq.Socket[bytes]]:
        import zmq

        if self._context is None:
            self._context = zmq.Context()
        return self._context


@dataclass(frozen=True)
class _Run:
    """One job in one kernel."""

    job: Job
    listener: Listener
    cancel: asyncio.Event
    log: Log
    kernel: Kernel
    notebook: NotebookNode
    output_limit: int
    started: Callable[[Job, Kernel], None]
    """Is told when the kernel has been started."""
    aside: Aside

    async def go(self) -> Outcome:
        cancelled = asyncio.ensure_future(self.cancel.wait())
        try:
            return await self._start(cancelled) or await self._execute(cancelled)
        finally:
            cancelled.cancel()

    # --- Until the kernel answers ---

    async def _start(self, cancelled: asyncio.Task[Literal[True]]) -> Outcome | None:
        from cauce.engine.executors.kernel import NotStarted

        kernel = self.kernel
        cancelled.add_done_callback(lambda _: kernel.unwanted.set())
        try:
            record = await kernel.start(self.job.directory)
        except NotStarted as error:
            return Crashed(_not_started(str(error), self.log))
        if record is not None:
            self.listener.process(record)
        self.started(self.job, kernel)
        ready = asyncio.ensure_future(kernel.ready())
        # When it fails because the kernel died, the death is what counts: nobody asks for this error.
        ready.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            patience = _seconds(self.job, "start_timeout") or self.job.start_timeout
            await _first_of(ready, kernel.exited, cancelled, seconds=patience)
            if self.cancel.is_set() or kernel.killed:
                kernel.signal(KILL)  # no code of the user's runs yet
                return Cancelled()
            if kernel.exited.done():
                return self._never_ready(death(kernel.exited.result(), "before it was ready"))
            if not ready.done():
                kernel.signal(KILL)
                limit = self.job.spec.limits.origin("start_timeout")
                return self._never_ready(f"The kernel did not answer within {patience:g} s, as {limit} demands.")
            ready.result()
            self.listener.heard()
        finally:
            if not ready.done():
                ready.cancel()
                await asyncio.wait({ready})
        return None

    def _never_ready(self, how: str) -> Outcome:
        words = self.kernel.last_words().strip()
        said = f" It said: {words.splitlines()[-1].strip()}" if words else ""
        advice = f" Check that the kernel '{self.kernel.name}' starts in a notebook."
        return Crashed(_not_started(clipped(f"{how}{said}{advice}", 2_000), self.log, words))

    # --- From the first cell to the last ---

    async def _execute(self, cancelled: asyncio.Task[Literal[True]]) -> Outcome:
        from cauce.engine.executors.cells import Cells

        kernel = self.kernel
        limits = _seconds(self.job, "execution_timeout"), _seconds(self.job, "iopub_timeout")
        if trouble := await self._run_aside(self.aside.before, cancelled):
            return self._never_ready(f"The kernel '{kernel.name}' cannot be looked into: {trouble}")
        cells = Cells(self.notebook, kernel, self.log, self.output_limit, *limits, after=self.aside.after)
        running = asyncio.ensure_future(cells.run(self.listener.progress, self.cancel))
        keeping = asyncio.ensure_future(self._keep(cells))
        try:
            await _first_of(running, kernel.exited, cancelled)
            if not running.done() and not kernel.exited.done():
                await self._stop(running)
            # After a death: what is still on its way belongs to the notebook.
            await asyncio.wait({running}, timeout=_DRAIN_PATIENCE)
            if running.done():
                await self._run_aside(self.aside.end, cancelled)
        finally:
            keeping.cancel()
            if not running.done():
                running.cancel()
                await asyncio.wait({running})
        kernel.leave()  # it ends while we write
        outcome = self._outcome(cells, running)
        try:
            self._save()
        except OSError as error:
            if isinstance(outcome, Succeeded):
                raise
            self.log.note(f"The partial notebook could not be written: {error}.")  # not the worst that happened
        return outcome

    async def _run_aside(self, code: str, cancelled: asyncio.Future[Any]) -> str:
        """Run code of ours, wait for it, and say what it raised, if it did."""
        kernel = self.kernel
        if not code or kernel.exited.done() or cancelled.done():
            return ""
        reply = kernel.aside(code)
        await _first_of(reply, kernel.exited, cancelled)
        if not reply.done() or reply.result().get("status") == "ok":
            return ""
        return f"{reply.result().get('ename')}: {message_of(reply.result())}"

    async def _keep(self, cells: Cells) -> None:
        """Write the notebook every few seconds while it runs: should we be killed, that is what is left of it."""
        pause = _PARTIAL_PAUSE
        while True:
            await asyncio.sleep(pause)
            if not cells.news:
                continue
            began = time.monotonic()
            cells.settle()
            try:
                self._save()
                self.listener.partial()
            except OSError as error:
                self.log.note(f"The notebook could not be written while it ran: {error}.")
                return
            # Never more than a small part of the time, however large it has grown.
            pause = max(_PARTIAL_PAUSE, _PARTIAL_SHARE * (time.monotonic() - began))

    async def _stop(self, running: asyncio.Future[None]) -> None:
        """Ask ever less kindly, until the cell or the kernel has ended."""
        kernel = self.kernel
        kernel.interrupt()
        await _first_of(running, kernel.exited, seconds=_INTERRUPT_PATIENCE)
        if running.done() or kernel.exited.done():
            return
        kernel.signal(signal.SIGTERM)
        if not await kernel.wait(_TERMINATE_PATIENCE):
            kernel.signal(KILL)
            await kernel.wait(_KILL_PATIENCE)

    def _outcome(self, cells: Cells, running: asyncio.Future[None]) -> Outcome:
        from cauce.engine.executors.cells import Raised, Replaced

        error = None if running.cancelled() else running.exception()
        ended = not running.cancelled() and error is None
        if ended and not cells.stopped:
            return Succeeded()
        if self.cancel.is_set() or self.kernel.killed:
            return Cancelled()
        if isinstance(error, Raised) and error.reply.get("ename") == "DAGBuildEarlyStop":
            return Stopped(message_of(error.reply))
        if isinstance(error, Raised):
            return Failed(self._raised(cells, error.reply))
        if isinstance(error, TimeoutError):
            return Failed(self._too_slow(cells))
        if isinstance(error, Replaced):
            self.kernel.signal(KILL)  # it would be started anew for ever
            return Crashed(self._died(cells, _REPLACED))
        if self.kernel.exited.done():
            return Crashed(self._died(cells))
        raise error or RuntimeError("the cells ended for no reason")

    def _raised(self, cells: Cells, reply: dict[str, Any]) -> CellError:
        line = line_in_cell(reply, self.notebook.cells[cells.current].source)
        return CellError(
            name=str(reply.get("ename")),
            message=message_of(reply),
            traceback=clipped("\n".join(reply.get("traceback") or ()), _LONGEST_TRACEBACK),
            cell=cells.current,
            number=reply.get("execution_count"),
            line=line,
            where=self._where(cells.current, line),
        )

    def _too_slow(self, cells: Cells) -> CellError:
        seconds = _seconds(self.job, "execution_timeout")
        message = (
            f"A cell took longer than the {seconds:g} s that 'execution_timeout' in pipeline.yaml allows. "
            "Allow more, or make it faster."
        )
        self.log.note(message)
        return CellError(
            name="Cell timeout",
            message=message,
            cell=cells.current,
            number=cells.number,
            line=1,
            where=self._where(cells.current, 1),
        )

    def _died(self, cells: Cells, message: str = "") -> CellError:
        if not message:
            doing = "before the first cell" if cells.current is None else "while a cell was running"
            message = death(self.kernel.exited.result(), doing)
        words = self.kernel.last_words().strip()
        self.log.error(f"{words}\n[cauce] {message}" if words else f"[cauce] {message}")
        line = None if cells.current is None else line_at_death(words, self.notebook.cells[cells.current].source)
        where = self._where(cells.current, line)
        return CellError(
            name="kernel died",
            message=message,
            traceback=words,
            cell=cells.current,
            number=cells.number,
            line=line,
            where=where,
        )

    def _where(self, cell: int | None, line: int | None) -> Where | None:
        """The line of the source file that is this line of this cell."""
        if line is None or self.job.source.suffix == ".ipynb":
            return None
        own = [
            index
            for index, each in enumerate(self.notebook.cells)
            if each.cell_type == "code" and not is_injected(each)
        ]
        lines = lines_of(self.job.content)
        if cell not in own or lines is None:
            return None
        first = locate(lines, [self.notebook.cells[index].source for index in own], own.index(cell))
        return None if first is None else Where(path=_relative(self.job), line=first + line - 1)

    def _save(self) -> None:
        from cauce.engine.executors.saved import saved

        assert self.job.notebook is not None  # noqa: S101 - every task with a kernel has one
        self.job.notebook.parent.mkdir(parents=True, exist_ok=True)
        self.job.notebook.write_bytes(saved(self.notebook))


def _prepared(job: Job) -> NotebookNode:
    notebook = read_notebook(job.content, job.source)
    if not job.alone:
        return inject(notebook, job.binding)
    notebook.metadata[METADATA_KEY] = {"tested": job.source.name}
    return notebook


def _seconds(job: Job, name: str) -> float | None:
    """A limit that pipeline.yaml sets in `executor_params`; None where it sets none that means something."""
    value = job.spec.notebook.engine_arguments.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else None


async def _first_of(*futures: asyncio.Future[Any], seconds: float | None = None) -> None:
    await asyncio.wait(futures, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)


def _unreadable(error: SourceError, job: Job, log: Log) -> CellError:
    message = f"{error.message} {error.hint}".strip()
    log.note(message)
    return CellError(name="SourceError", message=message, where=Where(path=_relative(job), line=error.line))


def _not_started(message: str, log: Log, words: str = "") -> CellError:
    log.error(f"{words}\n[cauce] {message}" if words else f"[cauce] {message}")
    return CellError(name="kernel did not start", message=message, traceback=words)


def _relative(job: Job) -> str:
    return Path(os.path.relpath(job.source, job.binding.root)).as_posix()
