"""Forked kernels for whoever speaks jupyter_client: nbclient, papermill, Jupyter itself.

Installed under the name ``cauce-fork``; a kernel's specification asks for it::

    "metadata": {"kernel_provisioner": {"provisioner_name": "cauce-fork", "config": {"preload": ["pandas"]}}}

or the environment does, for all of them: ``JUPYTER_DEFAULT_PROVISIONER_NAME=cauce-fork``. Kernels that
cannot be forked (another interpreter's, another language's, not on Linux) are started as ever.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import IO, TYPE_CHECKING, Any

from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import List, Unicode

from cauce.forkserver.address import Unavailable, address_of

if TYPE_CHECKING:
    from jupyter_client.connect import KernelConnectionInfo

    from cauce.forkserver.client import Forked

__all__ = ["ForkProvisioner", "launches_ipykernel"]


def launches_ipykernel(command: list[str]) -> bool:
    """Does this start an IPython kernel in the interpreter that runs us, and nothing else?"""
    words = [word for word in command[1:] if word != "-Xfrozen_modules=off"]  # it makes no difference but to a debugger
    return command[:1] == [sys.executable] and words[:3] == ["-m", "ipykernel_launcher", "-f"] and len(words) > 3


class ForkProvisioner(LocalProvisioner):
    """Has kernels forked where that can be, else starts them as `LocalProvisioner` does."""

    preload = List(Unicode(), help="Modules that are imported before the fork.").tag(config=True)

    _forked: Forked | None = None

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Start the kernel; see `KernelProvisionerBase`."""
        wanted = self._scrub_kwargs(kwargs)
        if launches_ipykernel(cmd) and not wanted.get("preexec_fn"):
            try:
                forked = await asyncio.to_thread(self._fork, cmd, wanted)
            except Unavailable as why:
                self.log.debug("The kernel is not forked: %s", why)
            else:
                self._forked = forked
                self.process = _Process(forked)  # type: ignore[assignment]  # it is used as a Popen, no more
                self.pid = self.pgid = forked.pid
                return self.connection_info
        return await super().launch_kernel(cmd, **kwargs)

    def _fork(self, command: list[str], wanted: dict[str, Any]) -> Forked:
        from cauce.forkserver.client import Request, ask, connect, patience

        env = {name: value for name, value in (wanted.get("env") or os.environ).items() if name != "JPY_PARENT_PID"}
        cwd = os.path.abspath(wanted.get("cwd") or ".")  # noqa: PTH100 (may be a text)
        if paths := env.get("PYTHONPATH"):  # the server is elsewhere
            env["PYTHONPATH"] = os.pathsep.join(os.path.join(cwd, path) for path in paths.split(os.pathsep))  # noqa: PTH118 - text of the environment
        arguments = tuple(command[command.index("ipykernel_launcher") + 1 :])
        with ExitStack() as opened:
            files = [_descriptor(wanted.get(name), opened, default) for name, default in (("stdout", 1), ("stderr", 2))]
            request = Request("kernel", arguments, cwd, env, files=files)
            forked = ask(connect(address_of(env, self.preload)), request)
        until = time.monotonic() + patience()
        while not forked.settled and forked.wait(max(0, until - time.monotonic())):
            forked.receive()
        if forked.pid is None:
            forked.close()
            raise Unavailable(forked.refused or "the fork server does not answer")
        return forked

    async def wait(self) -> int | None:
        """Wait for its end, of which we are told at once."""
        forked, self._forked = self._forked, None
        while forked is not None and forked.ended is None:
            await asyncio.to_thread(forked.wait, 1.0)
            forked.receive()
        return await super().wait()

    async def cleanup(self, restart: bool = False) -> None:
        """Give back what belongs to a kernel that nobody waits for, since it has died by itself."""
        if self._forked is not None:
            self._forked.close()
            self._forked = None
        await super().cleanup(restart)


class _Process:
    """As much of `subprocess.Popen` as `LocalProvisioner` makes use of."""

    stdin = stdout = stderr = None

    def __init__(self, forked: Forked) -> None:
        assert forked.pid is not None  # noqa: S101 (it was forked)
        self.forked = forked
        self.pid: int = forked.pid

    def poll(self) -> int | None:
        if self.forked.ended is None:
            self.forked.receive()
        return None if self.forked.ended is None else self.forked.ended.code

    def wait(self) -> int | None:
        code = self.poll()
        self.forked.close()
        return code

    def send_signal(self, signum: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, signum)


def _descriptor(stream: int | IO[Any] | None, opened: ExitStack, default: int) -> int:
    """As `subprocess.Popen` would understand it. Raises Unavailable for a pipe, whose other end somebody wants."""
    match stream:
        case None:
            return default
        case subprocess.DEVNULL:
            return opened.enter_context(open(os.devnull, "wb")).fileno()  # noqa: PTH123 (no path)
        case int() if stream < 0:
            raise Unavailable("the kernel's output is to be read through a pipe")
        case int():
            return stream
        case _:
            return stream.fileno()
