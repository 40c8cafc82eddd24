"""Kernels that are started before they are needed, where starting one takes long.

That is everywhere but where kernels are forked: on macOS and Windows, for other languages, for
other environments. While one task runs, the kernel of the next one starts beside it. There is never more
than one, for each takes memory, and starting it takes a core for a while.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cauce.engine.executors.kernel import Kernel

__all__ = ["Ahead"]


class Ahead:
    """At most one kernel that waits for a task. Whoever made one must `close` it."""

    def __init__(self) -> None:
        self._kernel: Kernel | None = None
        self._folder = Path()
        self._starting: asyncio.Task[None] | None = None

    def start(self, kernel: Kernel, folder: Path) -> None:
        """Start this one to wait, unless another does."""
        if self._kernel is not None:
            kernel.abandon()
            return
        self._kernel, self._folder = kernel, folder
        self._starting = asyncio.create_task(_started(kernel, folder))

    async def take(self, name: str, folder: Path) -> Kernel | None:
        """The kernel that waits, if it is of this name, in this folder, and alive. Whoever takes it ends it."""
        kernel, starting = self._kernel, self._starting
        if kernel is None or starting is None:
            return None
        self._kernel = self._starting = None
        try:
            await asyncio.wait({starting})
        except BaseException:  # nobody else knows of it any more
            starting.cancel()
            kernel.abandon()
            raise
        if (kernel.name, self._folder) == (name, folder) and kernel.is_alive:
            return kernel
        kernel.abandon()
        return None

    def close(self) -> None:
        """Kill what waits still; no code of anybody's has run in it."""
        if self._starting is not None:
            self._starting.cancel()
        if self._kernel is not None:
            self._kernel.abandon()
        self._kernel = self._starting = None


async def _started(kernel: Kernel, folder: Path) -> None:
    from cauce.engine.executors.kernel import NotStarted

    try:
        await kernel.start(folder)
    except (NotStarted, OSError):  # whoever needs one will be told
        kernel.kill()
