"""The notebook, run once in a fresh kernel, and looked at after each cell: what names, objects and files it changed.

    start the kernel → install the probe → for each code cell: run it → note what it did → finish → `Trace`

The kernel is the notebook's own, in the notebook's folder, as for a task. The probe (`cauce.runner.probe`) runs in it
aside: the notebook sees nothing of it. What it finds comes back through files, since values may be of any size.
A cell that raises ends it; what was seen up to there is worth having. Run this in a builder, never in the server.
"""

from __future__ import annotations

import ast
import asyncio
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from cauce.engine.cellcode import read_cell
from cauce.engine.errors import UsageError
from cauce.engine.executors.failure import death, line_in_cell, message_of
from cauce.engine.executors.log import Log
from cauce.engine.files import read_whole
from cauce.engine.injection import language_of
from cauce.engine.notebook import SourceError, read_notebook
from cauce.engine.process import KILL, Guard
from cauce.engine.refactor.model import Book, Trace, TracedCell
from cauce.engine.refactor.probing import call, installed_and

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from cauce.engine.executors.kernel import Kernel

__all__ = ["Progress", "trace"]

Progress = Callable[[int | None, int, int], None]
"""Is told the cell that runs, how many code cells have run, and how many there are."""
Answer = TypeVar("Answer")

_START_PATIENCE = 120.0
_PROBE_PATIENCE = 300.0
"""Seconds that looking at the names may take: the probe keeps to less, unless an object of the user's does not."""
_INTERRUPT_PATIENCE = 3.0
_TERMINATE_PATIENCE = 2.0
_KILL_PATIENCE = 5.0
_LARGEST_ANSWER = 32_000_000
_LOG_LIMIT = 1_000_000
_OUTPUT_LIMIT = 100_000
_LONGEST_ERROR = 500


class _Finish(msgspec.Struct, frozen=True):
    """What the probe tells at the end."""

    python: str = ""
    distributions: dict[str, str] = {}
    stars: dict[str, tuple[str, ...]] = {}


class _Cancelled(Exception):
    """It was asked to end."""


@dataclass(frozen=True)
class _Ended(Exception):
    """A cell ended it."""

    why: str


async def trace(book: Book, content: bytes, folder: Path, progress: Progress, cancel: asyncio.Event) -> Trace | None:
    """What the notebook does when it runs in `folder`; None when `cancel` was set before it had ended.

    Use it from the main thread: on Linux a kernel dies with the thread that started it.

    Raises:
        UsageError: There is no kernel to run it in, or none that can be looked into.
    """
    import zmq

    from cauce.engine.executors.kernel import Kernel, Kernels, NotStarted, Patience

    try:
        notebook = read_notebook(content, Path(book.path))
        own = notebook.metadata.get("kernelspec", {}).get("name")
        name, spec = Kernels().choose(None, own, language_of(notebook))
    except SourceError as error:
        raise UsageError(f"{book.path}: {error.message}", hint=error.hint) from error
    except NotStarted as error:
        raise UsageError(f"{book.path} cannot be run: {error}") from error

    guard, sockets = Guard(), zmq.Context[zmq.Socket[bytes]]()
    kernel = Kernel(name, spec, guard, sockets)
    patience = Patience(exit=2.0)
    try:
        with tempfile.TemporaryDirectory(prefix="cauce-") as place, Log(Path(place, "log"), _LOG_LIMIT) as log:
            run = _Run(book, notebook, folder, kernel, log, Path(place), progress, cancel)
            try:
                return await run.go()
            except _Cancelled:
                return None
            except NotStarted as error:
                raise UsageError(f"{book.path} cannot be run: {error}") from error
            finally:
                await kernel.end(patience)
    finally:
        guard.close()
        sockets.destroy(linger=0)


@dataclass(frozen=True)
class _Run:
    """One notebook in one kernel."""

    book: Book
    notebook: NotebookNode
    folder: Path
    kernel: Kernel
    log: Log
    place: Path
    """For answers of the probe."""
    progress: Progress
    cancel: asyncio.Event

    async def go(self) -> Trace:
        cancelled = asyncio.ensure_future(self.cancel.wait())
        cancelled.add_done_callback(lambda _: self.kernel.unwanted.set())
        try:
            await self._start(cancelled)
            return await self._trace(cancelled)
        finally:
            cancelled.cancel()

    async def _start(self, cancelled: asyncio.Future[Any]) -> None:
        from cauce.engine.executors.kernel import NotStarted

        kernel = self.kernel
        self.progress(None, 0, len(self._todo()))
        await kernel.start(self.folder)
        ready = asyncio.ensure_future(kernel.ready())
        ready.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            await _first_of(ready, kernel.exited, cancelled, seconds=_START_PATIENCE)
            if cancelled.done():
                raise _Cancelled
            if kernel.exited.done():
                raise NotStarted(f"{death(kernel.exited.result(), 'before it was ready')} {self._advice()}")
            if not ready.done():
                raise NotStarted(f"Its kernel did not answer within {_START_PATIENCE:g} s. {self._advice()}")
        finally:
            if not ready.done():
                ready.cancel()
        reply = await self._aside(installed_and(call("start", str(self.folder))), cancelled)
        if reply.get("status") != "ok":
            raise NotStarted(
                f"The kernel '{kernel.name}' cannot be looked into ({reply.get('ename')}: {message_of(reply)}): it "
                "takes one of IPython, with Python 3.8 or later."
            )

    def _advice(self) -> str:
        return f"Check that the kernel '{self.kernel.name}' starts in a notebook."

    def _todo(self) -> list[int]:
        return [cell.number for cell in self.book.cells if cell.kind == "code" and cell.text.strip()]

    async def _trace(self, cancelled: asyncio.Future[Any]) -> Trace:
        todo = self._todo()
        seen: list[TracedCell] = []
        failed, error = None, ""
        for done, number in enumerate(todo):
            self.progress(number, done, len(todo))
            began = time.monotonic()
            try:
                await self._execute(number, cancelled)
            except _Ended as ended:
                failed, error = number, ended.why[:_LONGEST_ERROR]
            seconds = time.monotonic() - began
            noted = None if self.kernel.exited.done() else await self._ask(TracedCell, "note", number, cancelled)
            if noted is not None:
                seen.append(msgspec.structs.replace(noted, seconds=round(seconds, 3)))
            if failed is None and noted is None:
                failed, error = number, "The kernel could not be looked into after this cell."
            if failed is not None:
                break
        self.progress(None, len(todo), len(todo))
        finish = None
        if not self.kernel.exited.done():
            finish = await self._ask(_Finish, "finish", [*_starred(self.book)], cancelled)
        finish = finish or _Finish()
        return Trace(
            digest=self.book.digest,
            cells=tuple(seen),
            python=finish.python,
            distributions=finish.distributions,
            stars=finish.stars,
            failed=failed,
            error=error,
        )

    # --- One cell

    async def _execute(self, number: int, cancelled: asyncio.Future[Any]) -> None:
        """Run a cell. Raises _Ended when nothing can come after it, _Cancelled."""
        from cauce.engine.executors.cells import Cells, Died, Raised, Replaced

        kernel = self.kernel
        alone = copy(self.notebook)  # a dictionary of its own, whose cell is the notebook's
        alone["cells"] = [self.notebook.cells[number]]
        cells = Cells(alone, kernel, self.log, _OUTPUT_LIMIT)
        running = asyncio.ensure_future(cells.run(lambda _: None, self.cancel))
        try:
            await _first_of(running, kernel.exited, cancelled)
            if cancelled.done():
                await self._stop(running)
                raise _Cancelled
            await asyncio.wait({running}, timeout=_KILL_PATIENCE)
        finally:
            if not running.done():
                running.cancel()
                await asyncio.wait({running})
        try:
            await running
        except Raised as raised:
            line = line_in_cell(raised.reply, self.notebook.cells[number].source)
            at = "" if line is None else f" (line {line})"
            raise _Ended(f"{raised.reply.get('ename')}: {message_of(raised.reply)}{at}") from raised
        except Replaced as replaced:
            raise _Ended("The kernel died, and something started it anew.") from replaced
        except (Died, asyncio.CancelledError) as died:
            raise _Ended(self._death()) from died
        if cells.left:
            raise _Ended("It calls exit(): what comes after it does not run.")

    def _death(self) -> str:
        return death(self.kernel.exited.result(), "while the cell was running")

    async def _stop(self, running: asyncio.Future[None]) -> None:
        """Ask ever less kindly."""
        kernel = self.kernel
        kernel.interrupt()
        await _first_of(running, kernel.exited, seconds=_INTERRUPT_PATIENCE)
        if running.done() or kernel.exited.done():
            return
        kernel.signal(signal.SIGTERM)
        if not await kernel.wait(_TERMINATE_PATIENCE):
            kernel.signal(KILL)
            await kernel.wait(_KILL_PATIENCE)

    # --- The probe

    async def _ask(
        self, kind: type[Answer], function: str, argument: int | list[str], cancelled: asyncio.Future[Any]
    ) -> Answer | None:
        """What the probe answers; None when it could not."""
        file = self.place / f"{function}.json"
        await self._aside(call(function, str(file), argument), cancelled)
        try:
            return msgspec.json.decode(await asyncio.to_thread(read_whole, file, _LARGEST_ANSWER), type=kind)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None
        finally:
            with suppress(OSError):
                file.unlink()

    async def _aside(self, code: str, cancelled: asyncio.Future[Any]) -> dict[str, Any]:
        """The reply to code of ours; one without a status when there is none."""
        reply = self.kernel.aside(code)
        await _first_of(reply, self.kernel.exited, cancelled, seconds=_PROBE_PATIENCE)
        if cancelled.done():
            raise _Cancelled
        return reply.result() if reply.done() else {}


async def _first_of(*futures: asyncio.Future[Any], seconds: float | None = None) -> None:
    await asyncio.wait(futures, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)


def _starred(book: Book) -> Iterator[str]:
    """Modules of which the notebook imports everything."""
    for cell in book.cells:
        if cell.kind != "code":
            continue
        tree = read_cell(cell.text).tree
        for node in ast.walk(tree) if tree is not None else ():
            if isinstance(node, ast.ImportFrom) and node.module and any(each.name == "*" for each in node.names):
                yield node.module
