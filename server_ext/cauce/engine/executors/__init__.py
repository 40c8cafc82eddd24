"""How a task's code is run: the seam between the build loop and whatever executes.

An executor is given a `Job` (all it may know) and answers with an `Outcome` (how it
ended, as a value). Exceptions out of an executor are bugs of ours. `notebook` runs Jupyter
kernels, `child` the project's Python and shell code in processes of their own, `sessions` its SQL
in a process for each client, `project` gives each task to the one that can run it; `fake` is the
shipped stand-in that runs nothing, for tests and for trying out the build loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from cauce.contract import CellError, Progress
from cauce.engine.document import Value
from cauce.engine.injection import Binding
from cauce.engine.process import ProcessRecord
from cauce.engine.spec.model import Dotted, Entry, Need, TaskSpec

__all__ = [
    "DEAF",
    "Cancelled",
    "Crashed",
    "Evaluation",
    "Executor",
    "Failed",
    "HookCall",
    "Job",
    "Listener",
    "Outcome",
    "Stopped",
    "Succeeded",
    "TaskExecutor",
]


@dataclass(frozen=True)
class Job:
    """One attempt at one task, with everything read from the disk already.

    `content` is the source as it was when its fingerprint was taken: the executor must run
    these bytes and never read the file again (a function's module is imported by name: empty).
    `outputs` are the products that the executor writes itself, rather than the task's code:
    the executed notebook in its formats, the file of a dump. Each goes to the temporary name
    given here; the build loop renames it once it is proven. `notebook` is the temporary name
    of the executed notebook as ``.ipynb``, whatever formats are wanted of it (it is among
    `outputs` when that is a product); None for tasks without one.
    """

    spec: TaskSpec
    binding: Binding
    content: bytes
    outputs: Mapping[str, Path]
    """Product path, relative to the root → temporary name in the same folder."""
    notebook: Path | None
    log: Path
    upstream: tuple[TaskSpec, ...] = ()
    """The tasks that it needs: an unserializer, a client, a relation says how to read what they made."""
    start_timeout: float = 60.0
    """Seconds that its kernel has to answer."""
    preload: tuple[str, ...] | None = ()
    """Modules that may be imported before its process is forked; None: it needs a process that was started."""
    followed: bool = False
    """Will another task of the same kind begin after this one? Its kernel may be started ahead."""
    memory: int | None = None
    """Bytes that it may use together with all processes that it starts; None: as many as there are.

    `limits` sees to it for each process that `Listener.process` is told of. What an executor can do
    is to bound a process from its first moment on (`memory.ceiling`), or to ask for so much elsewhere.
    """
    alone: bool = False
    """Is it no task of a pipeline? Then nothing is filled in, and the notebook says what it is a trial of."""

    @property
    def source(self) -> Path:
        """The source file, absolute. Means nothing for a function."""
        return self.binding.root / self.spec.source

    @property
    def directory(self) -> Path:
        """Where the task's code works: what the paths that it is given are relative to."""
        return self.binding.cwd


@dataclass(frozen=True)
class HookCall:
    """A hook to call. `job` is None for a hook of the whole pipeline."""

    hook: Dotted
    moment: Literal["on_render", "on_finish", "on_failure"]
    root: Path
    log: Path
    job: Job | None = None
    error: CellError | None = None
    """What happened, for `on_failure`."""
    report: tuple[Mapping[str, Value], ...] = ()
    """Of a pipeline's `on_finish`: name, ran, elapsed of each task."""
    jobs: tuple[Job, ...] = ()
    """All tasks that are sound, for a hook of the whole pipeline."""


@dataclass(frozen=True)
class Evaluation:
    """Values to find out before a build is planned."""

    entry: Entry
    needs: tuple[Need, ...]
    log: Path


@dataclass(frozen=True)
class Succeeded:
    """It ran to its end."""


@dataclass(frozen=True)
class Failed:
    """The user's code raised."""

    error: CellError
    final: bool = False
    """Would another try end the same, so that there is no use in one?"""


@dataclass(frozen=True)
class Stopped:
    """The user's code asked the whole build to end early, in good order."""

    message: str = ""


@dataclass(frozen=True)
class Cancelled:
    """Stopped because it was asked to."""


@dataclass(frozen=True)
class Crashed:
    """The process died, never started or fell silent: not the user's exception."""

    error: CellError
    final: bool = False
    """As of `Failed`."""


Outcome = Succeeded | Failed | Stopped | Cancelled | Crashed


@dataclass(frozen=True)
class Listener:
    """What an executor tells while it runs. Calls are cheap and never raise."""

    progress: Callable[[Progress], None]
    process: Callable[[ProcessRecord], None]
    """Called once the task's process is up, so that it can be reaped should we die."""
    partial: Callable[[], object] = lambda: None
    """Called now and then while cells run, when `Job.notebook` holds what has come of them: it may be taken away."""
    heard: Callable[[], None] = lambda: None
    """Called whenever something comes of the task: what it prints or shows, and that its kernel answers."""


DEAF = Listener(progress=lambda _: None, process=lambda _: None)
"""For what is no attempt at a task: it dies with the builder all the same."""


class TaskExecutor(Protocol):
    """What an attempt at a task needs of an executor."""

    async def run(self, job: Job, listener: Listener, cancel: asyncio.Event) -> Outcome:
        """Run the job to its end.

        Setting `cancel` must end it within 10 s whatever the code does: interrupt, 3 s
        later SIGTERM to the process group, 2 s later SIGKILL. A partial notebook is
        written to `job.notebook` unless the kernel never started.
        """
        ...

    async def hook(self, call: HookCall, listener: Listener, cancel: asyncio.Event) -> Outcome:
        """Call a hook, under the same rules. `Stopped` when it asks to end the build early."""
        ...

    async def upload(self, job: Job, listener: Listener, cancel: asyncio.Event) -> Outcome:
        """Copy the products of a job, which are in place, to the storages that they have, if any."""
        ...

    async def fetch(self, job: Job, targets: Mapping[str, Path], listener: Listener, cancel: asyncio.Event) -> Outcome:
        """Get copies of products from their storages: product → temporary name.

        One that the storage does not have is not made; that is no failure.
        """
        ...


class Executor(TaskExecutor, Protocol):
    """Runs jobs, several at once. One instance serves one build."""

    async def gone(self, tasks: Sequence[TaskSpec], root: Path, log: Path, cancel: asyncio.Event) -> frozenset[str]:
        """Names of those tasks whose tables or views are not there any more, as far as their databases say."""
        ...

    async def evaluate(
        self, evaluation: Evaluation, listener: Listener, cancel: asyncio.Event
    ) -> Mapping[str, Value | CellError] | Cancelled | Crashed:
        """`Need.key` → its value, or why there is none; under the same rules."""
        ...

    def kill(self) -> None:
        """Kill every process of every job now, from any point of the event loop.

        The runs concerned end as `Cancelled`.
        """
        ...

    def close(self) -> None:
        """Give back what is kept between jobs. Called once, after the last job has ended."""
        ...
