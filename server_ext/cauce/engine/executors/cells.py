"""The cells of one notebook, run in one kernel: nbclient's loop with our log, progress and stop.

Importing this is as dear as importing `kernel`.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Any

from nbclient.client import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from cauce.contract import Progress
from cauce.engine.executors.kernel import Kernel, log
from cauce.engine.executors.log import Log

__all__ = ["Cells", "Raised", "clear", "coalesce"]

_DRAIN = 0.2
_IOPUB_PATIENCE = 30


class Raised(Exception):
    """A cell raised. `reply` is the kernel's execute_reply content."""

    def __init__(self, reply: dict[str, Any]) -> None:
        super().__init__(str(reply.get("ename")))
        self.reply = reply


class Cells(NotebookClient):
    """Runs the cells in order, filling `nb` with what they put out."""

    def __init__(
        self,
        nb: NotebookNode,
        kernel: Kernel,
        log_file: Log,
        output_limit: int,
        execution_timeout: float | None = None,
        iopub_timeout: float | None = None,
    ) -> None:
        """`execution_timeout` is in seconds and for one cell; None: it may take for ever."""
        super().__init__(
            nb,
            km=kernel.manager,
            # Time stamps would make two runs of the same code two different products.
            record_timing=False,
            # After a cell's reply its last outputs may still be on their way.
            iopub_timeout=math.ceil(iopub_timeout or _IOPUB_PATIENCE),
            timeout=None if execution_timeout is None else math.ceil(execution_timeout),
            on_cell_executed=self._keep_reply,
            log=log,
        )
        self.kc = kernel.client
        self.current: int | None = None
        """Index of the cell that runs, or ran last."""
        self.stopped = False
        """Did `stop` keep it from running every cell?"""
        self._kernel = kernel
        self._log_file = log_file
        self._reply: dict[str, Any] = {}
        self._output_limit = output_limit
        self._room = output_limit
        """How many more characters the current cell may print into the notebook."""

    @property
    def number(self) -> int | None:
        """What the kernel calls the current cell: the 4 of ``In [4]``."""
        return None if self.current is None else self.nb.cells[self.current].get("execution_count")

    async def run(self, progress: Callable[[Progress], None], stop: asyncio.Event) -> None:
        """Run until the end, `stop`, or a call of ``exit()``.

        Raises Raised when a cell does, TimeoutError when one takes too long, and DeadKernelError.
        """
        assert self.kc is not None  # noqa: S101 (the kernel is ready)
        info = await self.async_wait_for_reply(self.kc.kernel_info())
        if info is not None and "language_info" in info["content"]:
            self.nb.metadata["language_info"] = info["content"]["language_info"]
        todo = [index for index, cell in enumerate(self.nb.cells) if self._runs(cell)]
        for done, index in enumerate(todo, start=1):
            if stop.is_set():
                self.stopped = True
                return
            self.current = index
            ended = await self._run_cell(index)
            progress(Progress(done=done, total=len(todo)))
            if ended and done < len(todo):
                self._log_file.note(f"exit() was called; cells not run after it: {len(todo) - done}.")
            if ended:
                break
        self.set_widgets_metadata()

    async def _run_cell(self, index: int) -> bool:
        """Did the cell ask for the end?"""
        self._room = self._output_limit
        try:
            await self.async_execute_cell(self.nb.cells[index], index)
        except CellExecutionError:
            # As in a script, and in Papermill: leaving with 0 is no failure.
            if self._reply.get("ename") == "SystemExit" and self._reply.get("evalue") in {"", "0", "None"}:
                return True
            raise Raised(self._reply) from None
        return any(payload.get("source") == "ask_exit" for payload in self._reply.get("payload") or ())

    def _runs(self, cell: NotebookNode) -> bool:
        skipped = self.skip_cells_with_tag in cell.metadata.get("tags", ())
        return bool(cell.cell_type == "code" and cell.source.strip() and not skipped)

    def _keep_reply(self, execute_reply: dict[str, Any], **_: object) -> None:
        self._reply = execute_reply["content"]

    def process_message(self, msg: dict[str, Any], cell: NotebookNode, cell_index: int) -> NotebookNode | None:
        """Log what belongs in the log, then do as nbclient does, within the limit for one cell."""
        content = msg["content"]
        match msg["msg_type"]:
            case "stream":
                self._log_file.write(content["text"])
                if self._room < 0:
                    return None
                if len(content["text"]) > self._room:
                    notice = f"This cell printed more than {self._output_limit:,} characters. The rest is in the log."
                    content["text"] = f"{content['text'][: self._room]}\n[cauce] {notice}\n"
                    self._room = -1
                else:
                    self._room -= len(content["text"])
            case "clear_output":
                self._room = self._output_limit
            case "error":
                self._log_file.error("\n".join(content["traceback"]) or f"{content['ename']}: {content['evalue']}")
        return super().process_message(msg, cell, cell_index)

    async def _async_poll_kernel_alive(self) -> None:
        # nbclient looks once a second whether the kernel lives; we are told. What the kernel
        # sent before it died is still being received: leave it a moment.
        await asyncio.wait({self._kernel.exited})
        await asyncio.sleep(_DRAIN)
        if self.task_poll_for_reply is not None:
            self.task_poll_for_reply.cancel()


def clear(notebook: NotebookNode) -> None:
    """Remove what an earlier run left in the cells."""
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell["outputs"] = []
            cell["execution_count"] = None
            cell.metadata.pop("execution", None)


def coalesce(notebook: NotebookNode) -> None:
    """Join neighbouring pieces of the same stream, which arrive as the clock would have it."""
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        outputs: list[NotebookNode] = []
        pieces: list[str] = []
        for output in cell.outputs:
            before = outputs[-1] if outputs else None
            if (
                before is not None
                and output.output_type == before.output_type == "stream"
                and output.name == before.name
            ):
                pieces.append(output.text)
                continue
            if before is not None and pieces:
                before["text"] = "".join(pieces)
            outputs.append(output)
            pieces = [output.text] if output.output_type == "stream" else []
        if outputs and pieces:
            outputs[-1]["text"] = "".join(pieces)
        cell["outputs"] = outputs
