"""Cauce and its peers, each called as the library that it is, in a process of its own that lives on.

Run as ``python -m bench.contestants NAME``: a line of JSON with a folder and how many tasks may
run at a time is a request, a line with what was measured the answer. Names are imported where they are
used, so that nobody is slowed down by what another needs.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

__all__ = ["CONTESTANTS"]


def cauce(folder: Path, jobs: int, notebooks: Sequence[Path]) -> dict[str, float]:
    """Also how long a task takes from the event of its begin to that of its end, at the median."""
    import statistics

    from cauce.contract import BuildEvent, RunRequest, TaskFinished, TaskStarted
    from cauce.engine.build import Stop, build
    from cauce.engine.executors.project import ProjectExecutor
    from cauce.engine.spec import entry_of_file

    begun: dict[str, float] = {}
    ended: dict[str, float] = {}

    def emit(event: BuildEvent) -> None:
        if isinstance(event, TaskStarted):
            begun[event.task] = time.perf_counter()
        elif isinstance(event, TaskFinished):
            ended[event.task] = time.perf_counter()

    async def go() -> str:
        executor = ProjectExecutor()
        try:
            request = RunRequest(force=True, jobs=jobs)
            return await build(
                entry_of_file(folder / "pipeline.yaml"), request, executor=executor, emit=emit, stop=Stop()
            )
        finally:
            executor.close()

    state = asyncio.run(go())
    if state != "ok":
        raise RuntimeError(f"the build has {state}")
    return {"task": statistics.median(ended[task] - begun[task] for task in ended)}


def nbclient(folder: Path, jobs: int, notebooks: Sequence[Path]) -> dict[str, float]:
    import nbformat
    from nbclient import NotebookClient

    read: Callable[..., Any] = nbformat.read
    write: Callable[..., None] = nbformat.write

    async def execute(path: Path, turn: asyncio.Semaphore) -> None:
        async with turn:
            notebook = read(path, 4)
            await NotebookClient(notebook, resources={"metadata": {"path": str(folder)}}).async_execute()
            write(notebook, _output(path))

    async def go() -> None:
        turn = asyncio.Semaphore(jobs)
        await asyncio.gather(*(execute(path, turn) for path in notebooks))

    asyncio.run(go())
    return {}


def papermill(folder: Path, jobs: int, notebooks: Sequence[Path]) -> dict[str, float]:
    """One after the other: it offers nothing else."""
    from papermill.execute import execute_notebook

    execute: Callable[..., object] = execute_notebook
    for path in notebooks:
        execute(path, _output(path), cwd=folder, progress_bar=False, log_output=False)
    return {}


def ploomber(folder: Path, jobs: int, notebooks: Sequence[Path]) -> dict[str, float]:
    from ploomber.executors import Parallel, Serial
    from ploomber.spec import DAGSpec

    os.chdir(folder)
    dag: Any = DAGSpec("pipeline.yaml").to_dag()
    dag.executor = Parallel(processes=jobs) if jobs > 1 else Serial()
    dag.build(force=True)
    return {}


CONTESTANTS: dict[str, Callable[[Path, int, Sequence[Path]], dict[str, float]]] = {
    "cauce": cauce,
    "nbclient": nbclient,
    "papermill": papermill,
    "ploomber": ploomber,
}
"""What each does with a folder, tasks at a time, and the notebooks in the folder; what it tells beside the time."""


def _output(path: Path) -> Path:
    folder = path.parent / "executed"
    folder.mkdir(exist_ok=True)
    return folder / path.name


def _serve(name: str) -> None:
    # What libraries and kernels print is not to come between the answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    logging.disable(logging.WARNING)
    for line in sys.stdin:
        asked = json.loads(line)
        folder = Path(asked["folder"])
        notebooks = sorted(folder.glob("*.ipynb"))[asked["part"] :: asked["parts"]]
        try:
            busy = _cpu()
            began = time.perf_counter()
            told = CONTESTANTS[name](folder, asked["jobs"], notebooks)
            told |= {"whole": time.perf_counter() - began, "cpu": _cpu() - busy}
            answers.write(json.dumps(told) + "\n")
        except Exception as error:  # whatever a peer raises
            answers.write(json.dumps({"error": f"{type(error).__name__}: {error}"}) + "\n")


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    _serve(sys.argv[1])
