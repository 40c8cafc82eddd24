"""How a task's code is run: the seam between the build loop and whatever executes.

An executor is given a `Job` (all it may know) and answers with an `Outcome` (how it
ended, as a value). Exceptions out of `Executor.run` are bugs of ours. `notebook` runs a
Jupyter kernel; `fake` is the shipped stand-in that runs nothing, for tests and for trying
out the build loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cauce.contract import CellError, Progress
from cauce.engine.injection import Binding
from cauce.engine.process import ProcessRecord

__all__ = ["Cancelled", "Crashed", "Executor", "Failed", "Job", "Listener", "Outcome", "Succeeded"]


@dataclass(frozen=True)
class Job:
    """One attempt at one task, with everything read from the disk already.

    `content` is the source as it was when its fingerprint was taken: the executor must run
    these bytes and never read the file again. `notebook` is where the executed notebook
    goes: a temporary name chosen by the build loop, which renames it once it is proven.
    """

    binding: Binding
    source: Path
    content: bytes
    notebook: Path
    log: Path
    start_timeout: float = 60.0


@dataclass(frozen=True)
class Succeeded:
    """Every cell ran."""


@dataclass(frozen=True)
class Failed:
    """The user's code raised."""

    error: CellError


@dataclass(frozen=True)
class Cancelled:
    """Stopped because it was asked to."""


@dataclass(frozen=True)
class Crashed:
    """The kernel died, never started or fell silent: not the user's exception."""

    error: CellError


Outcome = Succeeded | Failed | Cancelled | Crashed


@dataclass(frozen=True)
class Listener:
    """What an executor tells while it runs. Calls are cheap and never raise."""

    progress: Callable[[Progress], None]
    process: Callable[[ProcessRecord], None]
    """Called once the task's process is up, so that it can be reaped should we die."""


class Executor(Protocol):
    """Runs jobs, several at once. One instance serves one build."""

    async def run(self, job: Job, listener: Listener, cancel: asyncio.Event) -> Outcome:
        """Run the job to its end.

        Setting `cancel` must end it within 10 s whatever the code does: interrupt, 3 s
        later SIGTERM to the process group, 2 s later SIGKILL. A partial notebook is
        written to `job.notebook` unless the kernel never started.
        """
        ...

    def kill(self) -> None:
        """Kill every process of every job now, from any point of the event loop.

        The runs concerned end as `Cancelled`.
        """
        ...

    def close(self) -> None:
        """Give back what is kept between jobs. Called once, after the last job has ended."""
        ...
