"""Hooks and the tasks that they are told of, where none of these runs.

`call_on_finish` calls a task's hook on what the task has made before; nothing is recorded.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from cauce.engine.errors import UsageError
from cauce.engine.executors import DEAF, Executor, HookCall, Job, Outcome
from cauce.engine.lock import ProjectLock, user_name
from cauce.engine.parsecache import ParseCache
from cauce.engine.project import Project, load
from cauce.engine.spec import Entry
from cauce.engine.statefolder import prepared
from cauce.engine.stateplace import state_folder
from cauce.engine.store import new_run

__all__ = ["call_on_finish", "job_of"]


def job_of(project: Project, task: str, log: Path) -> Job:
    """A task as a hook is told of it."""
    return Job(
        spec=project.tasks[task],
        binding=project.binding(task),
        content=project.contents.get(task, b""),
        outputs={},
        notebook=None,
        log=log,
        upstream=tuple(project.tasks[need] for need in project.graph.upstream[task]),
    )


async def call_on_finish(entry: Entry, task: str, executor: Executor) -> tuple[Outcome, Path]:
    """Call it as the end of a run would, under the project's lock; how that went, and where its output is.

    Raises:
        UsageError: The task has no such hook, has errors, or has not made its products yet.
        ProjectLocked: Somebody is building.
    """
    project = load(entry, ParseCache())
    spec = project.tasks[task]
    if spec.hooks.on_finish is None:
        raise UsageError(f"'{task}' has no on_finish hook.", hint="Give it one in pipeline.yaml.")
    if task in project.unbuildable:
        raise UsageError(f"'{task}' has errors.", hint="See 'cauce status'.")
    folder = state_folder(entry.root)
    missing = [product.path for product in spec.products if not (entry.root / product.path).exists()]
    if missing or not folder.is_dir() or folder.is_symlink():
        what = f": {', '.join(missing)}" if missing else ""
        raise UsageError(f"'{task}' has not made its products yet{what}.", hint=f"Run it: 'cauce task {task}'.")
    now = time.time()
    run = new_run(now)
    folder = prepared(entry.root)
    log = folder / "logs" / run / "on_finish.log"
    job = job_of(project, task, log)
    with ProjectLock(folder, run, user_name(), now):
        call = HookCall(spec.hooks.on_finish, "on_finish", entry.root, log, job)
        return await executor.hook(call, DEAF, asyncio.Event()), log
