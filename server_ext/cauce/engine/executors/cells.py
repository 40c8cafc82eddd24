"""The cells of one notebook, run in one kernel: sent in order, what they put out kept, the first error the end.

Where the kernel can be relied on to leave out what follows a failure, a cell is sent while the
one in front of it still runs, so that the kernel never waits for us.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode

from cauce.contract import Progress
from cauce.engine.executors.channels import Channel
from cauce.engine.executors.kernel import Kernel
from cauce.engine.executors.log import Log
from cauce.engine.executors.messages import Message
from cauce.engine.executors.outputs import Outputs

__all__ = ["Cells", "Died", "Raised", "Replaced"]

_DRAIN = 0.2
"""Seconds for what a kernel has sent before it died to arrive."""
_IOPUB_PATIENCE = 30.0
"""Seconds for a cell's last outputs to arrive after its reply."""
_AHEAD = 2
"""Cells that are on their way at a time. More gain nothing."""


class Raised(Exception):
    """A cell raised. `reply` is the kernel's execute_reply content."""

    def __init__(self, reply: dict[str, Any]) -> None:
        super().__init__(str(reply.get("ename")))
        self.reply = reply


class Died(Exception):
    """The kernel died."""


class Replaced(Exception):
    """Something has started the kernel anew."""


@dataclass
class _Sent:
    """A cell on its way."""

    index: int
    reply: dict[str, Any] | None = None
    idle: bool = False
    """Has the kernel said that no more outputs come?"""


class Cells:
    """Runs the code cells in order, filling the notebook with what they put out."""

    def __init__(
        self,
        notebook: NotebookNode,
        kernel: Kernel,
        log_file: Log,
        output_limit: int,
        execution_timeout: float | None = None,
        iopub_timeout: float | None = None,
        after: Callable[[int], str] | None = None,
    ) -> None:
        """The timeouts are in seconds. `execution_timeout` is for one cell; None: it may take for ever.

        `after` is code to run aside when the cell of that number has ended.
        """
        self._after = after
        self.current: int | None = None
        """Index of the cell that runs, or ran last."""
        self.stopped = False
        """Did `stop` keep it from running every cell?"""
        self.news = False
        """Has anything come since `settle`?"""
        self.outputs = Outputs(notebook, output_limit, self._tell_kernel)
        self._notebook = notebook
        self._kernel = kernel
        self._log = log_file
        self._timeout = execution_timeout
        self._patience = iopub_timeout or _IOPUB_PATIENCE
        self._todo = [index for index, cell in enumerate(notebook.cells) if _runs(cell)]
        self._begun = 0
        """How many were sent."""
        self._done = 0
        self._sent: dict[str, _Sent] = {}
        """By request, those that have ended included: threads may still print."""
        self._line: list[str] = []
        """Requests of the cells on their way, in order."""
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._timer: asyncio.TimerHandle | None = None
        self._progress: Callable[[Progress], None] = lambda progress: None
        self._stop = asyncio.Event()

    @property
    def number(self) -> int | None:
        """What the kernel calls the current cell: the 4 of ``In [4]``."""
        return None if self.current is None else self._notebook.cells[self.current].get("execution_count")

    async def run(self, progress: Callable[[Progress], None], stop: asyncio.Event) -> None:
        """Run until the end, `stop`, or a call of ``exit()``.

        Raises Raised when a cell does, TimeoutError when one takes too long, Died and Replaced.
        """
        self._progress, self._stop = progress, stop
        self._kernel.hear = self._hear
        try:
            self._send()
            news: set[asyncio.Future[Any]] = {self._ended, self._kernel.exited, self._kernel.replaced}
            await asyncio.wait(news, return_when=asyncio.FIRST_COMPLETED)
            if self._kernel.replaced.done() and not self._kernel.exited.done():
                raise Replaced
            if not self._ended.done():
                # What the kernel sent before it died is still being received: leave it a moment.
                await asyncio.wait({self._ended}, timeout=_DRAIN)
            if not self._ended.done():
                raise Died
            self._ended.result()
        finally:
            self._kernel.hear = lambda channel, message: None
            self._wait_for_nothing()
            self.settle()

    def settle(self) -> None:
        """Make the notebook hold all that has come up to now."""
        self.news = False
        self.outputs.settle()
        if "language_info" in self._kernel.info:
            self._notebook.metadata["language_info"] = self._kernel.info["language_info"]

    # --- Sending

    def _send(self) -> None:
        """Send as many cells as may be on their way, if there are any left."""
        ahead = _AHEAD if self._kernel.is_forked and not self.outputs.has_widgets and self._after is None else 1
        while len(self._line) < ahead and self._begun < len(self._todo):
            if self._stop.is_set():
                break
            index = self._todo[self._begun]
            cell = self._notebook.cells[index]
            content = {
                "code": cell.source,
                "silent": False,
                "store_history": True,
                "user_expressions": {},
                "allow_stdin": False,
                "stop_on_error": not _may_fail(cell),
            }
            metadata = {"cauce": {"ahead": bool(self._line), "may_fail": _may_fail(cell)}}
            request = self._kernel.send("execute_request", content, metadata)
            self._sent[request] = _Sent(index)
            self._line.append(request)
            self._begun += 1
        if self._line:
            self._look_at_first()
        else:
            self.stopped = self._begun < len(self._todo)
            self._end()

    def _look_at_first(self) -> None:
        first, loop = self._sent[self._line[0]], asyncio.get_running_loop()
        self.current = first.index
        self._wait_for_nothing()
        if first.reply is not None:  # perhaps while what the one before it put out was on its way still
            self._timer = loop.call_later(self._patience, self._give_up_on, first)
        elif self._timeout is not None:
            self._timer = loop.call_later(self._timeout, self._end, TimeoutError())

    def _wait_for_nothing(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tell_kernel(self, kind: str, content: Mapping[str, Any]) -> None:
        self._kernel.send(kind, content)

    def _end(self, error: Exception | None = None) -> None:
        if self._ended.done():
            return
        if error is None:
            self._ended.set_result(None)
        else:
            self._ended.set_exception(error)

    # --- Hearing

    def _hear(self, channel: Channel, message: Message) -> None:
        sent = self._sent.get(message.parent)
        if sent is None:
            return
        self.news = True
        self._log.heard()
        content = message.content
        cell = self._notebook.cells[sent.index]
        match message.type:
            case "execute_reply":
                sent.reply = content
                if content.get("status") != "aborted" and isinstance(content.get("execution_count"), int):
                    cell["execution_count"] = content["execution_count"]
                if self._line and message.parent == self._line[0] and not sent.idle:
                    self._look_at_first()
                self._advance()
            case "status" if content.get("execution_state") == "idle":
                sent.idle = True
                self._advance()
            case "status" if content.get("execution_state") == "busy" and self._stop.is_set():
                self._kernel.interrupt()  # it began after we had asked for the end
            case "execute_input":
                cell["execution_count"] = content.get("execution_count")
            case "stream":
                self._log.write(str(content["text"]))
                self.outputs.take(sent.index, message)
            case "error":
                trace = "\n".join(content.get("traceback") or ())
                self._log.error(trace or f"{content.get('ename')}: {content.get('evalue')}")
                self.outputs.take(sent.index, message)
            case _:
                self.outputs.take(sent.index, message)

    def _give_up_on(self, sent: _Sent) -> None:
        self._log.note(f"The kernel did not say within {self._patience:g} s that a cell's outputs are complete.")
        sent.idle = True
        self._advance()

    def _advance(self) -> None:
        """Take note of the cells that have ended, in their order, and send those that follow."""
        moved = False
        while self._line and not self._ended.done():
            sent = self._sent[self._line[0]]
            if sent.reply is None:
                break
            if (
                sent.reply.get("status") == "aborted"
            ):  # it was not begun (and older kernels do not say that they are idle)
                self._begun = self._todo.index(sent.index)
                self._line.clear()
                moved = True
                break
            if not sent.idle:
                break
            self._line.pop(0)
            self._done += 1
            moved = True
            if self._after is not None:
                self._kernel.aside(self._after(sent.index))  # before anything that is sent from here on
            if self._ends(sent.reply, self._notebook.cells[sent.index]):
                return
        if moved and not self._ended.done():
            self._send()

    def _ends(self, reply: dict[str, Any], cell: NotebookNode) -> bool:
        """Is this the end? If it is a good one, the cell counts as done."""
        failed = reply.get("status") == "error"
        # As in a script, and in Papermill: leaving with 0 is no failure.
        leaves = failed and reply.get("ename") == "SystemExit" and reply.get("evalue") in {"", "0", "None"}
        leaves = (leaves and not _may_fail(cell)) or any(
            payload.get("source") == "ask_exit" for payload in reply.get("payload") or ()
        )
        if failed and not leaves and not _may_fail(cell):
            self._end(Raised(reply))
            return True
        self._progress(Progress(done=self._done, total=len(self._todo)))
        if not leaves:
            return False
        if self._done < len(self._todo):
            self._log.note(f"exit() was called; cells not run after it: {len(self._todo) - self._done}.")
        self._end()
        return True


def _runs(cell: NotebookNode) -> bool:
    skipped = "skip-execution" in cell.metadata.get("tags", ())
    return bool(cell.cell_type == "code" and cell.source.strip() and not skipped)


def _may_fail(cell: NotebookNode) -> bool:
    return "raises-exception" in cell.metadata.get("tags", ())
