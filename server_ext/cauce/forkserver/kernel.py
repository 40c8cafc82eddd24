"""A forked child as a Jupyter kernel.

`IPKernelApp` as ``python -m ipykernel_launcher`` has it, with three differences: what does not
depend on the caller is done before the fork; a kernel *of a task* leaves out what only people
at a keyboard need (history file, heartbeat, subshells); and such a kernel begins no cell that
was sent ahead once one has failed, was interrupted or asked to exit, so that cells may be sent
before those in front of them have ended.
"""

from __future__ import annotations

import atexit
import faulthandler
import importlib
import io
import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from IPython.core.application import BaseIPythonApplication
from IPython.core.inputtransformer2 import TransformerManager

__all__ = ["prepare", "run"]

_AHEAD = (
    *("ipykernel.zmqshell", "ipykernel.debugger", "ipykernel.heartbeat", "ipykernel.comm"),
    *("ipykernel.inprocess.manager", "ipykernel.subshell_manager", "ipykernel.subshell"),
    *("IPython.core.completer", "IPython.core.completerlib", "IPython.core.debugger", "IPython.core.historyapp"),
    *("IPython.core.logger", "IPython.core.magics", "IPython.core.oinspect", "IPython.extensions.storemagic"),
    *("IPython.utils.wildcard", "comm.base_comm", "pdb", "psutil", "sqlite3", "tornado.platform.asyncio"),
)
_COMPATIBLE = Path(__file__).parents[1] / "compat"
_ABOUT = "cauce"
"""Key of a request's metadata, for ``ahead`` (was it sent before those in front of it had ended?) and ``may_fail``."""


class _Kernel(IPythonKernel):
    """The kernel of a task."""

    stopped = False
    """Shall no cell that was sent ahead be begun any more?"""
    interrupts = -1
    """Descriptor from which a byte can be read for each signal, the number of the signal."""

    @property
    def _supports_kernel_subshells(self) -> bool:
        return False

    async def _progressively_terminate_all_children(self) -> None:
        """Ours are killed with our group. Waiting for one that does not heed SIGTERM would be the end of us, too."""

    def should_handle(self, stream: Any, msg: dict[str, Any], idents: Any) -> bool:
        about = msg["metadata"].get(_ABOUT, {})
        if msg["header"]["msg_type"] != "execute_request":
            return bool(super().should_handle(stream, msg, idents))
        with suppress(BlockingIOError):
            # Also where the cell has swallowed it. A handler of ours would be seen in its traceback.
            self.stopped = signal.SIGINT in os.read(self.interrupts, 4096) or self.stopped
        ahead = bool(about.get("ahead"))  # else whoever sends it knows of all before it
        self.stopped = self.stopped and ahead
        # A front end's answer to a widget must come between the cells, and is behind those that were sent ahead.
        if not self.stopped and not (ahead and self.comm_manager.comms):
            return bool(super().should_handle(stream, msg, idents))
        self._send_abort_reply(stream, msg, idents)
        return False

    async def do_execute(self, *arguments: Any, **named: Any) -> dict[str, Any]:
        reply: dict[str, Any] = await super().do_execute(*arguments, **named)
        may_fail = (named.get("cell_meta") or {}).get(_ABOUT, {}).get("may_fail", False)
        leaves = self.shell is not None and getattr(self.shell, "exit_now", False)
        if leaves or (reply.get("status") != "ok" and not may_fail):
            self.stopped = True
        return reply


class _NoSubshells:
    """Takes the place of the thread through which, for the sake of subshells, each message would have to go.

    Taken for None where the question is whether there is one; asked all the same who has begun it.
    """

    def __init__(self) -> None:
        self.parent_thread = threading.current_thread()

    def __bool__(self) -> bool:
        return False


class _Prepared(BaseIPythonApplication):
    """Takes the place of the part of `initialize` that was done before the fork."""

    def initialize(self, argv: Sequence[str] | None = None) -> None:
        """Nothing is left to do."""


class _TaskApp(IPKernelApp, _Prepared):
    """The application of a task's kernel."""

    def initialize(self, argv: Sequence[str] | None = None) -> None:
        super().initialize(argv)

    def init_control(self, context: Any) -> None:
        super().init_control(context)
        self.shell_channel_thread = _NoSubshells()

    def init_heartbeat(self) -> None:
        """Whether it lives is seen without asking it."""


def prepare() -> None:
    """Import what a kernel needs, and do what is the same for every kernel of a task."""
    for module in _AHEAD:
        try:
            importlib.import_module(module)
        except ImportError:  # of another version
            continue
    app = _TaskApp.instance(parent_handle=1)  # 1: no thread that looks for the parent
    app.kernel_class = _Kernel
    app.config.HistoryManager.enabled = False
    app.config.IPythonKernel._execute_sleep = 0
    BaseIPythonApplication.initialize(app, [])
    # Regular expressions and tables that each kernel would compile for itself before its first cell.
    TransformerManager().transform_cell("a = 1\n")


def run(argv: list[str], *, for_task: bool) -> None:
    """Be the kernel that the arguments of ``ipykernel_launcher`` describe, until it is told to end."""
    sys.argv = ["ipykernel_launcher", *argv]
    if for_task:
        app: IPKernelApp = _TaskApp.instance()
        app.connection_file = argv[argv.index("-f") + 1]
    else:
        _TaskApp.clear_instance()
        app = IPKernelApp.instance(parent_handle=1)
    app.initialize(argv)
    if for_task:
        _Kernel.interrupts, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        # A crash in compiled code then tells the line of Python that led to it.
        try:
            faulthandler.enable(sys.stderr, all_threads=False)
        except io.UnsupportedOperation:  # it leaves the real one alone
            faulthandler.enable(2, all_threads=False)
        sys.path.append(str(_COMPATIBLE))  # last, so that the kernel's own packages are preferred to our stand-ins
    app.start()
    # Not `app.close`: it stops the thread that sends output while another waits for it to flush, for ten seconds.
    atexit.unregister(app.close)
