"""Gives each task of a project to what can run it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from cauce.contract import CellError
from cauce.engine.document import Value
from cauce.engine.executors import Cancelled, Crashed, Evaluation, Failed, HookCall, Job, Listener, Outcome
from cauce.engine.executors.notebook import NotebookExecutor

__all__ = ["ProjectExecutor"]


class ProjectExecutor:
    """Notebooks in kernels. One instance serves one build."""

    def __init__(self) -> None:
        self._notebooks = NotebookExecutor()

    async def run(self, job: Job, listener: Listener, cancel: asyncio.Event) -> Outcome:
        """Run the job to its end; see `Executor.run`."""
        if job.spec.kind != "notebook":
            return Failed(CellError(name="Unsupported", message=f"A task of kind '{job.spec.kind}' cannot be run."))
        return await self._notebooks.run(job, listener, cancel)

    async def hook(self, call: HookCall, listener: Listener, cancel: asyncio.Event) -> Outcome:
        """Call a hook; see `Executor.hook`."""
        return Failed(CellError(name="Unsupported", message=f"The hook {call.hook.path} cannot be called."))

    async def evaluate(
        self, evaluation: Evaluation, listener: Listener, cancel: asyncio.Event
    ) -> Mapping[str, Value | CellError] | Cancelled | Crashed:
        """Find values out; see `Executor.evaluate`."""
        error = CellError(name="Unsupported", message="It cannot be evaluated.")
        return {need.key: error for need in evaluation.needs}

    def kill(self) -> None:
        """Kill everything that runs, now."""
        self._notebooks.kill()

    def close(self) -> None:
        """Give back what is kept between jobs."""
        self._notebooks.close()
