"""One kernel process: started, watched, signalled, ended.

Jupyter's own manager starts it and speaks to it. What is ours: the process dies with us, its
death is told at once (not found by polling), its whole group ends with it, and it is no
Jupyter *session*, so that nobody's open notebook is attached to it. There is no restarter: a
kernel that died stays dead.

Importing this costs a second or two (jupyter_client and what it brings), so `notebook` does
it when the first job starts.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zmq
import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_client.manager import AsyncKernelManager

from cauce.engine.executors.failure import Exit
from cauce.engine.executors.output import Output
from cauce.engine.executors.watched import Watched
from cauce.engine.process import KILL, Guard, ProcessRecord, die_with_parent, record_of

__all__ = ["Kernel", "NotStarted", "choose_kernel"]

log = logging.getLogger("cauce.kernel")
log.addHandler(logging.NullHandler())

_COMPATIBLE = Path(__file__).parents[2] / "compat"
_LONGEST_SOCKET_PATH = 80  # the system's limit is 104 or 108, and a suffix is added
_ASK_PATIENCE = 1.0


class NotStarted(Exception):
    """There is no kernel to run in; the message says why and what to do."""


# --- Which kernel -------------------------------------------------------------------------


def choose_kernel(asked: str | None, own: str | None, language: str) -> str:
    """The name of the kernel to use.

    That is the one `asked` for by the pipeline; else the source's `own`, if it is
    installed; else ``python3`` for Python. Raises NotStarted when none will do.
    """
    specs = KernelSpecManager()
    if asked is not None:
        return _installed(specs, asked)
    if own is not None and _exists(specs, own):
        return own
    if language == "python":
        return _installed(specs, "python3")
    if own is None:
        raise NotStarted(
            f"The source does not say which kernel runs its {language} code. {_choice(specs)} "
            "Name one in pipeline.yaml as 'kernelspec_name'."
        )
    return _installed(specs, own)


def _exists(specs: KernelSpecManager, name: str) -> bool:
    try:
        specs.get_kernel_spec(name)
    except (NoSuchKernel, OSError, ValueError):
        return False
    return True


def _installed(specs: KernelSpecManager, name: str) -> str:
    if not _exists(specs, name):
        raise NotStarted(
            f"There is no kernel called '{name}'. {_choice(specs)} Install it, or name another in "
            "pipeline.yaml ('kernelspec_name') or in the notebook."
        )
    return name


def _choice(specs: KernelSpecManager) -> str:
    names = sorted(specs.find_kernel_specs())
    return f"Installed: {', '.join(names)}." if names else "None is installed: run 'pip install ipykernel'."


# --- The process --------------------------------------------------------------------------


@dataclass(frozen=True)
class Patience:
    """How long, in seconds, a kernel is waited for before the next harder measure."""

    exit: float = 5.0
    """After it was asked to shut down: user code may have exit handlers."""
    terminate: float = 2.0
    """After SIGTERM."""
    kill: float = 5.0
    """After SIGKILL; only a process stuck in the system takes longer."""


class Kernel:
    """A kernel process from its start to its end. Whoever made one must `end` it."""

    def __init__(self, name: str, guard: Guard) -> None:
        self.name = name
        self._watched = Watched(guard)
        self.killed = False
        """Was it `kill` that ended it?"""
        self._output = Output()
        self._folder = tempfile.mkdtemp(prefix="cauce-")
        self._context = zmq.asyncio.Context()
        # Outputs beyond zmq's default of 1,000 waiting messages would be dropped silently.
        self._context.setsockopt(zmq.RCVHWM, 0)
        self.manager = AsyncKernelManager(
            kernel_name=name,
            context=self._context,
            connection_file=str(Path(self._folder, "kernel.json")),
            autorestart=False,
            log=log,
        )
        self.client: AsyncKernelClient | None = None
        spec = self.manager.kernel_spec
        self._is_ipykernel = spec is not None and any("ipykernel" in word for word in spec.argv)
        if self._can_use_ipc(spec):
            # No port that another program could take before the kernel binds it, and nobody
            # else can connect: the folder is ours alone.
            self.manager.transport = "ipc"

    def _can_use_ipc(self, spec: KernelSpec | None) -> bool:
        # Other languages' kernels do not all know how to name a socket file.
        python = spec is not None and spec.language.lower() == "python"
        return python and os.name == "posix" and len(os.fsencode(self._folder)) <= _LONGEST_SOCKET_PATH

    @property
    def spec(self) -> dict[str, str]:
        """What a notebook's metadata say about its kernel."""
        spec = self.manager.kernel_spec
        assert spec is not None  # noqa: S101 (`choose_kernel` found it)
        return {"display_name": spec.display_name, "language": spec.language, "name": self.name}

    async def start(self, root: Path) -> ProcessRecord | None:
        """Start the process in `root`; its record where there can be one. Raises NotStarted."""
        # Not into the history of what the user typed.
        arguments = ["--HistoryManager.hist_file=:memory:"] if self._is_ipykernel else []
        try:
            await self.manager.start_kernel(
                cwd=str(root),
                env=_environment(os.environ),
                stdout=self._output.end,
                stderr=self._output.end,
                preexec_fn=die_with_parent(os.getpid()),
                extra_arguments=arguments,
            )
        except OSError as error:
            with suppress(Exception):
                self.manager.ready.exception()  # it was told twice: take it from the future, too
            what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
            raise NotStarted(
                f"The kernel '{self.name}' could not be started: {what}. Check its entry in 'jupyter kernelspec list'."
            ) from error
        finally:
            self._output.listen()
            process = self._adopt()
        if process is None:
            await self.manager.shutdown_kernel(now=True)
            raise NotStarted(
                f"The kernel '{self.name}' does not run as a local process, so it cannot be watched. "
                "Name a local kernel in pipeline.yaml ('kernelspec_name')."
            )
        if self.killed:
            self.kill()
        return record_of(process.pid)

    def _adopt(self) -> subprocess.Popen[bytes] | None:
        """Take charge of the process that the manager started, if it did."""
        process = getattr(self.manager.provisioner, "process", None)
        if not isinstance(process, subprocess.Popen):
            return None
        self._watched.adopt(process)
        return process

    async def ready(self) -> None:
        """Wait, for ever if need be, until the kernel answers."""
        self.client = self.manager.client(context=self._context)
        self.client.start_channels(stdin=False, hb=False)  # hb would be a thread
        await self.client.wait_for_ready()
        if self._is_ipykernel:
            # A crash in compiled code then tells the line of Python that led to it.
            self._run_silently("__import__('faulthandler').enable(__import__('sys').stderr, all_threads=False)")
            # Last, so that the kernel's own packages are preferred to our stand-ins.
            self._run_silently(f"__import__('sys').path.append({str(_COMPATIBLE)!r})")

    async def interrupt(self) -> None:
        """As the kernel's specification wants it: SIGINT to the group, or a message."""
        with suppress(RuntimeError, OSError):  # it has just gone
            await self.manager.interrupt_kernel()

    @property
    def exited(self) -> asyncio.Future[Exit]:
        """Done as soon as the process is dead; see `Watched`."""
        return self._watched.exited

    def signal(self, signum: int) -> None:
        """Signal the whole group; harmless when it is gone."""
        self._watched.signal(signum)

    async def wait(self, seconds: float) -> bool:
        """Is it dead, within that time?"""
        return await self._watched.wait(seconds)

    def kill(self) -> None:
        """Kill the whole group now; if it has not been started yet, as soon as it is."""
        self.killed = True
        self.signal(KILL)

    def last_words(self) -> str:
        """The end of what the process wrote to its bare stdout and stderr."""
        return self._output.tail()

    async def end(self, patience: Patience) -> None:
        """See the process dead, by harder and harder means, and give everything back."""
        try:
            if self._watched.process is not None:
                await self._end_process(patience)
        finally:
            self._watched.release()
            await self._clean_up()

    async def _end_process(self, patience: Patience) -> None:
        if self.client is not None and self._is_ipykernel and not self.exited.done():
            # Gentler than a shutdown request, which makes ipykernel 7 hang for 10 s now and
            # then: it stops its output thread while another thread waits for that to flush.
            self._run_silently("__import__('IPython').get_ipython().ask_exit()")
            await self.wait(min(_ASK_PATIENCE, patience.exit))
        if self.client is not None and not self.exited.done():
            await self.manager.request_shutdown()
            await self.wait(patience.exit)
        if not self.exited.done():
            self.signal(signal.SIGTERM)
            await self.wait(patience.terminate)
        if not self.exited.done():
            self.signal(KILL)
            await self.wait(patience.kill)

    def _run_silently(self, code: str) -> None:
        assert self.client is not None  # noqa: S101 (callers see to it)
        self.client.execute(code, silent=True, store_history=False, stop_on_error=False)

    async def _clean_up(self) -> None:
        if self.client is not None:
            self.client.stop_channels()
        if self.exited.done() and self.manager.provisioner is not None:
            await self.manager.provisioner.wait()  # at once: the exit code is known
        await self.manager.cleanup_resources()
        self._context.destroy(linger=0)
        self._output.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _environment(ours: Mapping[str, str]) -> dict[str, Any]:
    # The name of the notebook in which somebody typed `!cauce build`: not this kernel's.
    return {name: value for name, value in ours.items() if name != "JPY_SESSION_NAME"}
