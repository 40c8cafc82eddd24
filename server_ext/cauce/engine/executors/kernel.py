"""One kernel process: chosen, had forked or started, spoken to, ended.

An IPython kernel of our own interpreter is forked by a fork server, which takes a twentieth
of the time that starting one takes; any other is started by Jupyter's own manager. From then
on there is no difference: the kernel dies with us, its death is told at once (not found by polling),
its whole group ends with it, and it is no Jupyter *session*, so that nobody's open notebook is
attached to it. There is no restarter: a kernel that died stays dead.

Importing this costs a tenth of a second (jupyter_client and what it brings), so `notebook` does
it when the first job starts.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import zmq
import zmq.asyncio
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel

from cauce.engine.executors.channels import Channel, Channels, Connection
from cauce.engine.executors.failure import Exit
from cauce.engine.executors.forked import fork
from cauce.engine.executors.messages import Message
from cauce.engine.executors.output import Output
from cauce.engine.executors.watched import Process, Watched, environment
from cauce.engine.memory import ceiling
from cauce.engine.process import KILL, Guard, ProcessRecord, die_with_parent, record_of
from cauce.forkserver.address import Unavailable

if TYPE_CHECKING:
    from jupyter_client.manager import AsyncKernelManager

__all__ = ["Kernel", "Kernels", "NotStarted", "Patience"]

log = logging.getLogger("cauce.kernel")
log.addHandler(logging.NullHandler())

_COMPATIBLE = Path(__file__).parents[2] / "compat"
_LONGEST_SOCKET_PATH = 80  # the system's limit is 104 or 108, and a suffix is added
_ASK_PATIENCE = 1.0
_ASK_AGAIN = 1.0
_SUBSCRIBE_AGAIN = 0.05


class NotStarted(Exception):
    """There is no kernel to run in; the message says why and what to do."""


# --- Which kernel -------------------------------------------------------------------------


class Kernels:
    """The kernels that are installed, looked up once for a build."""

    def __init__(self) -> None:
        self._manager = KernelSpecManager()
        self._found: dict[str, KernelSpec | None] = {}

    def choose(self, asked: str | None, own: str | None, language: str) -> tuple[str, KernelSpec]:
        """Name and specification of the kernel to use.

        That is the one `asked` for by the pipeline; else the source's `own`, if it is
        installed; else ``python3`` for Python. Raises NotStarted when none will do.
        """
        if asked is not None:
            return asked, self._installed(asked)
        if own is not None and (spec := self._find(own)) is not None:
            return own, spec
        if language == "python":
            return "python3", self._installed("python3")
        if own is None:
            raise NotStarted(
                f"The source does not say which kernel runs its {language} code. {self._choice()} "
                "Name one in pipeline.yaml as 'kernelspec_name'."
            )
        return own, self._installed(own)

    def _find(self, name: str) -> KernelSpec | None:
        if name not in self._found:
            try:
                self._found[name] = self._manager.get_kernel_spec(name)
            except (NoSuchKernel, OSError, ValueError):
                self._found[name] = None
        return self._found[name]

    def _installed(self, name: str) -> KernelSpec:
        spec = self._find(name)
        if spec is None:
            raise NotStarted(
                f"There is no kernel called '{name}'. {self._choice()} Install it, or name another in "
                "pipeline.yaml ('kernelspec_name') or in the notebook."
            )
        return spec

    def _choice(self) -> str:
        names = sorted(self._manager.find_kernel_specs())
        return f"Installed: {', '.join(names)}." if names else "None is installed: run 'pip install ipykernel'."


def _can_be_forked(spec: KernelSpec) -> bool:
    """Is it an IPython kernel in our own interpreter, and nothing special?"""
    if not spec.argv or spec.env or spec.metadata.get("kernel_provisioner"):
        return False
    program, *rest = spec.argv
    version = sys.version_info
    names = {"python", f"python{version.major}", f"python{version.major}.{version.minor}", sys.executable}
    # The option makes no difference but to a debugger.
    words = [word for word in rest if word != "-Xfrozen_modules=off"]
    return program in names and words == ["-m", "ipykernel_launcher", "-f", "{connection_file}"]


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

    def __init__(
        self,
        name: str,
        spec: KernelSpec,
        guard: Guard,
        context: zmq.Context[zmq.Socket[bytes]],
        preload: Sequence[str] | None = (),
        memory: int | None = None,
    ) -> None:
        """`preload` are modules that are imported before it is forked; None: it is not to be forked.

        `memory` is its task's limit in bytes, which a forked one is told of.
        """
        self.name = name
        self.killed = False
        """Was it `kill` that ended it?"""
        self.unwanted = asyncio.Event()
        """Once it is set, `start` no longer waits for a fork server."""
        self.info: dict[str, Any] = {}
        """What it has said of itself, once it has: ``language_info`` and more."""
        self.is_forked = False
        """Then it leaves out cells that were sent ahead, where one in front of them ends badly."""
        self.hear: Callable[[Channel, Message], None] = lambda channel, message: None
        """Is called with each message; may be replaced at any time."""
        self.specification = spec
        self._guard = guard
        self._context = context
        self._preload = preload
        self._memory = memory
        self._process: Process | None = None
        self._channels: Channels | None = None
        self._manager: AsyncKernelManager | None = None
        """What has started it, if it was not forked."""
        self._output = Output()
        self._folder = tempfile.mkdtemp(prefix="cauce-")
        self._is_ipykernel = any("ipykernel" in word for word in spec.argv)
        self._subscribed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._informed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asked: set[str] = set()
        self._replies: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._session = ""
        """How the kernel signs what it says of itself: another process, another session."""
        self.replaced: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when another kernel answers in its place: something has started it anew, its memory is gone."""

    @property
    def spec(self) -> dict[str, str]:
        """What a notebook's metadata say about its kernel."""
        return {
            "display_name": self.specification.display_name,
            "language": self.specification.language,
            "name": self.name,
        }

    async def start(self, folder: Path) -> ProcessRecord | None:
        """Start the process in `folder`, unless it was; its record where there can be one. Raises NotStarted."""
        if self._process is not None:
            return record_of(self._process.pid)
        if self._preload is not None and _can_be_forked(self.specification) and self._can_use_sockets():
            try:
                self._process = await self._fork(folder, self._preload)
            except Unavailable as why:
                log.debug("The kernel is not forked: %s", why)
        if self._process is None:
            self._process = await self._launch(folder)
        if self.killed:
            self.kill()
        return record_of(self._process.pid)

    def _can_use_sockets(self) -> bool:
        return os.name == "posix" and len(os.fsencode(self._folder)) <= _LONGEST_SOCKET_PATH

    # --- Forked

    async def _fork(self, folder: Path, preload: Sequence[str]) -> Process:
        from cauce.forkserver.client import Request

        ports: dict[str, int] = {"shell": 1, "iopub": 2, "stdin": 3, "control": 4, "hb": 5}
        key = secrets.token_hex(16)
        where = {
            "transport": "ipc",
            "ip": f"{self._folder}/s",
            "key": key,
            "signature_scheme": "hmac-sha256",
            "kernel_name": self.name,
            **{f"{name}_port": port for name, port in ports.items()},
        }
        file = self._write(where)
        self._listen_to(where)
        env = environment()
        streams = (self._output.end, self._output.end)
        request = Request("task", ("-f", str(file)), str(folder), env, ceiling(self._memory), streams)
        try:
            process = await fork(request, preload, env, self._guard, self.unwanted)
        except Unavailable:
            self._hang_up()
            raise
        self._output.listen()
        self.is_forked = True
        return process

    def _write(self, where: Mapping[str, Any]) -> str:
        file = Path(self._folder, "kernel.json")  # in a folder that is ours alone
        file.write_text(json.dumps(where), "utf-8")
        return str(file)

    # --- Started

    async def _launch(self, folder: Path) -> Process:
        from jupyter_client.manager import AsyncKernelManager

        manager = AsyncKernelManager(
            kernel_name=self.name,
            context=zmq.asyncio.Context(),
            connection_file=str(Path(self._folder, "kernel.json")),
            autorestart=False,
            log=log,
        )
        # No port that another program could take before the kernel binds it, and nobody else can
        # connect: the folder is ours alone. Other languages' kernels do not all know how.
        if self.specification.language.lower() == "python" and self._can_use_sockets():
            manager.transport = "ipc"
        # Not into the history of what the user typed.
        arguments = ["--HistoryManager.hist_file=:memory:"] if self._is_ipykernel else []
        self._manager = manager  # it removes the connection file when it is forgotten
        try:
            await manager.start_kernel(
                cwd=str(folder),
                env=environment(),
                stdout=self._output.end,
                stderr=self._output.end,
                preexec_fn=die_with_parent(os.getpid()),
                extra_arguments=arguments,
            )
        except OSError as error:
            with suppress(Exception):
                manager.ready.exception()  # it was told twice: take it from the future, too
            what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
            raise NotStarted(
                f"The kernel '{self.name}' could not be started: {what}. Check its entry in 'jupyter kernelspec list'."
            ) from error
        finally:
            self._output.listen()
        process = getattr(manager.provisioner, "process", None)
        if not isinstance(process, subprocess.Popen):
            await manager.shutdown_kernel(now=True)
            raise NotStarted(
                f"The kernel '{self.name}' does not run as a local process, so it cannot be watched. "
                "Name a local kernel in pipeline.yaml ('kernelspec_name')."
            )
        watched = Watched(process, self._guard)
        self._listen_to(manager.get_connection_info())
        return watched

    # --- Speaking

    def _listen_to(self, where: Mapping[str, Any]) -> None:
        key = where["key"]
        connection = Connection(
            transport=where["transport"],
            ip=where["ip"],
            ports={channel: where[f"{channel}_port"] for channel in ("shell", "control", "iopub")},
            key=key if isinstance(key, bytes) else str(key).encode("ascii"),
        )
        self._channels = Channels(self._context, connection)
        self._channels.hear = self._hear

    def _hang_up(self) -> None:
        if self._channels is not None:
            self._channels.close()
            self._channels = None

    def _hear(self, channel: Channel, message: Message) -> None:
        if message.type in ("status", "iopub_welcome"):
            session = str(message.header.get("session", ""))
            if self._session and session != self._session:
                _done(self.replaced)
            self._session = session
        if channel == "iopub" and (message.type == "iopub_welcome" or message.parent in self._asked):
            _done(self._subscribed)
        if message.type == "kernel_info_reply":
            self.info = message.content
            _done(self._informed)
        elif message.type == "execute_reply" and message.parent in self._replies:
            reply = self._replies.pop(message.parent)
            if not reply.done():
                reply.set_result(message.content)
        elif message.parent not in self._asked:
            self.hear(channel, message)

    def send(self, kind: str, content: Mapping[str, Any], metadata: Mapping[str, Any] | None = None) -> str:
        """Send a request; its id."""
        assert self._channels is not None  # noqa: S101 (it was started)
        return self._channels.send("shell", kind, content, metadata)

    async def ready(self) -> None:
        """Wait, for ever if need be, until what the kernel puts out reaches us."""
        if self.is_forked:  # it says so itself when we are heard of, and does what it is asked in turn
            self._ask()
            while not (await asyncio.wait({self._subscribed}, timeout=_ASK_AGAIN))[0]:
                self._ask()  # older kernels do not say it by themselves
            return
        while not (self._informed.done() and self._subscribed.done()):
            self._ask()
            patience = _SUBSCRIBE_AGAIN if self._informed.done() else _ASK_AGAIN
            await asyncio.wait({self._informed, self._subscribed}, timeout=patience)
            if self._informed.done():
                await asyncio.wait({self._subscribed}, timeout=patience)
        if self._is_ipykernel:
            # A crash in compiled code then tells the line of Python that led to it.
            self._run_silently("__import__('faulthandler').enable(__import__('sys').stderr, all_threads=False)")
            # Last, so that the kernel's own packages are preferred to our stand-ins.
            self._run_silently(f"__import__('sys').path.append({str(_COMPATIBLE)!r})")

    def _ask(self) -> None:
        self._asked.add(self.send("kernel_info_request", {}))

    def _run_silently(self, code: str) -> str:
        content = {"code": code, "silent": True, "store_history": False, "allow_stdin": False, "stop_on_error": False}
        request = self.send("execute_request", {**content, "user_expressions": {}})
        self._asked.add(request)
        return request

    def aside(self, code: str) -> asyncio.Future[dict[str, Any]]:
        """Run code of ours between cells: no outputs, no number, no history. Its reply, unless the kernel dies."""
        reply: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._replies[self._run_silently(code)] = reply
        return reply

    def interrupt(self) -> None:
        """As the kernel's specification wants it: SIGINT to the group, or a message."""
        if self.specification.interrupt_mode == "message" and self._channels is not None:
            self._channels.send("control", "interrupt_request", {})
        else:
            self.signal(signal.SIGINT)

    # --- Ending

    @property
    def exited(self) -> asyncio.Future[Exit]:
        """Done as soon as the process is dead; see `Process`."""
        assert self._process is not None  # noqa: S101 (it was started)
        return self._process.exited

    def signal(self, signum: int) -> None:
        """Signal the kernel and all that it has started; harmless when it is gone."""
        if self._process is not None:
            self._process.signal(signum)

    async def wait(self, seconds: float) -> bool:
        """Is it dead, within that time?"""
        return self._process is None or await self._process.wait(seconds)

    def kill(self) -> None:
        """End it now, before or after it was started."""
        self.killed = True
        self.unwanted.set()
        self.signal(KILL)

    def last_words(self) -> str:
        """The end of what the process wrote to its bare stdout and stderr."""
        return self._output.tail()

    def leave(self) -> None:
        """Ask it to end when it has done what it was asked before. Harmless when it is gone."""
        if self._channels is None or self._process is None or self._process.exited.done():
            return
        if self.is_forked or not self._is_ipykernel:
            self._channels.send("control", "shutdown_request", {"restart": False})
        else:
            # Gentler than a shutdown request, which makes ipykernel 7 hang for 10 s now and
            # then: it stops its output thread while another thread waits for that to flush.
            self._run_silently("__import__('IPython').get_ipython().ask_exit()")

    @property
    def is_alive(self) -> bool:
        """Was it started, and has it not ended?"""
        return self._process is not None and not self._process.exited.done()

    def abandon(self) -> None:
        """Kill it, if it was started, and give everything back, without waiting for the event loop."""
        self.kill()
        if self._process is not None:
            self._process.release()
        self._give_back()

    async def end(self, patience: Patience) -> None:
        """See the process dead, by harder and harder means, and give everything back."""
        try:
            if self._process is not None:
                await self._end_process(self._process, patience)
        finally:
            if self._process is not None:
                self._process.release()
            self._give_back()

    def _give_back(self) -> None:
        self._hang_up()
        if self._manager is not None:
            self._manager.context.destroy(linger=0)  # of sockets that it has opened and we make no use of
            self._manager = None
        self._output.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _end_process(self, process: Process, patience: Patience) -> None:
        self.leave()
        if not process.exited.done() and self._channels is not None:
            await process.wait(min(_ASK_PATIENCE, patience.exit))
        if not process.exited.done() and self._channels is not None:
            self._channels.send("control", "shutdown_request", {"restart": False})
            await process.wait(patience.exit)
        if not process.exited.done():
            process.signal(signal.SIGTERM)
            await process.wait(patience.terminate)
        if not process.exited.done():
            process.signal(KILL)
            await process.wait(patience.kill)


def _done(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
