"""``cauce task``: one task and nothing else. What a build would do besides is said, not done."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click
import msgspec

from cauce.cli.look import look_at
from cauce.cli.options import FAILED, Asked, exit_with, find_pipeline, takes_log, takes_pipeline
from cauce.contract import RunRequest, Snapshot
from cauce.engine.errors import CauceError, PipelineHasErrors, UsageError

if TYPE_CHECKING:
    from cauce.engine.project import Project
    from cauce.engine.spec import Entry

__all__ = ["command"]

_SHOWN = 5


class _Task(click.Command):
    """``cauce task NAME`` runs it; a verb with something after it changes the pipeline: ``cauce task add SOURCE``."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        from cauce.cli.reshape import VERBS

        if len(args) > 1 and args[0] in VERBS and (args[1] in ("-h", "--help") or not args[1].startswith("-")):
            # A task of that name alone runs: nothing follows it but options.
            return VERBS[args[0]].make_context(f"{info_name} {args[0]}", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)


@click.command("task", cls=_Task)
@click.argument("name")
@takes_pipeline
@takes_log
@click.option("-f", "--force", is_flag=True, help="Run it though it is current, or what it needs is not.")
@click.option("-s", "--source", "source", is_flag=True, help="Print its source.")
@click.option("-st", "--status", "status", is_flag=True, help="Say whether it is current, and why not.")
@click.option("-of", "--on-finish", "on_finish", is_flag=True, help="Only call its on_finish hook.")
@click.option("-b", "--build", "build", is_flag=True, help="Run it too, with any of the three above.")
def command(asked: Asked, name: str, force: bool, source: bool, status: bool, on_finish: bool, build: bool) -> None:
    """Run the task NAME, and nothing that it needs: for that there is 'cauce build NAME'.

    Besides: 'cauce task add SOURCE', 'rename NAME NEW', 'remove NAME' and 'undo CHANGE' change the pipeline; each
    has its own --help.
    """
    from cauce.engine.editing.upstream import known_task
    from cauce.engine.parsecache import ParseCache
    from cauce.engine.project import load

    try:
        entry = find_pipeline(asked)
        project = load(entry, ParseCache())
        general = tuple(p for p in project.problems if p.task is None and p.severity == "error")
        if name not in project.tasks and general:
            raise PipelineHasErrors(general)
        known_task(project, name)
        if source:
            _print_source(project, name)
        if status:
            _print_status(look_at(entry), name)
        if on_finish:
            _call_hook(entry, name)
        if build or not (source or status or on_finish):
            _run(asked, entry, name, force=force, computed=bool(project.spec.needs))
    except CauceError as error:
        exit_with(error)


def _run(asked: Asked, entry: Entry, name: str, *, force: bool, computed: bool) -> None:
    """Run it, or say why not. Where values are `computed`, only the build can tell whether it is up to date."""
    from cauce.cli.build import perform
    from cauce.terminal import print_error, shown

    snapshot = look_at(entry)
    if not force and not any(problem.severity == "error" for problem in snapshot.problems):
        states = {task.name: task.freshness.state for task in snapshot.tasks}
        above = _above(snapshot, name)
        stale = [task.name for task in snapshot.tasks if task.name in above and states[task.name] != "fresh"]
        if stale:
            told = ", ".join(f"'{task}'" for task in stale[:_SHOWN]) + (" and others" if len(stale) > _SHOWN else "")
            what = "which is not up to date" if len(stale) == 1 else "which are not up to date"
            error = UsageError(
                f"'{name}' needs {told}, {what}.",
                hint=f"Run them with it: 'cauce build {name}'. Or run it with what is there: "
                f"'cauce task {name} --force'.",
            )
            print_error(error)
            sys.exit(FAILED)
        if states[name] == "fresh" and not computed:
            click.echo(shown(f"'{name}' is up to date. To run it all the same: 'cauce task {name} --force'."))
            return
    perform(asked, RunRequest(tasks=(name,), mode="only", force=force), as_json=False)


def _above(snapshot: Snapshot, name: str) -> set[str]:
    """All that a task needs, directly or not."""
    found: set[str] = set()
    todo = [name]
    while todo:
        task = todo.pop()
        needs = {edge.source for edge in snapshot.edges if edge.target == task} - found
        found |= needs
        todo += needs
    return found


def _print_status(snapshot: Snapshot, name: str) -> None:
    from cauce.terminal import print_status

    tasks = tuple(task for task in snapshot.tasks if task.name == name)
    problems = tuple(problem for problem in snapshot.problems if problem.task in (None, name))
    print_status(msgspec.structs.replace(snapshot, tasks=tasks, problems=problems))


def _print_source(project: Project, name: str) -> None:
    """What the task's code is: of a function its definition, of an .ipynb its code, else the file."""
    from cauce.terminal import shown

    spec, facts = project.tasks[name], project.facts.get(name)
    content = project.contents.get(name)
    if facts is not None and (spec.kind == "function" or spec.source.endswith(".ipynb")):
        text = facts.text
    elif content is not None:
        text = content.decode("utf-8", "replace")
    else:
        raise UsageError(f"The source {spec.source} cannot be read.", hint="'cauce status' says why.")
    # In a pipe to the letter; a terminal would obey some of it.
    text = shown(text, "\n\t") if sys.stdout.isatty() else text
    click.echo(text, nl=not text.endswith("\n"))


def _call_hook(entry: Entry, name: str) -> None:
    """Call the hook on the products as they are, as the end of a run would, and show what it says.

    Raises:
        UsageError: There is none, or nothing to call it on.
        ProjectLocked: Somebody is building.
    """
    import asyncio

    from cauce.engine.executors import Crashed, Failed
    from cauce.engine.executors.project import ProjectExecutor
    from cauce.engine.lonehook import call_on_finish
    from cauce.terminal import shown

    executor = ProjectExecutor()
    try:
        outcome, log = asyncio.run(call_on_finish(entry, name, executor))
    finally:
        executor.close()
    if log.is_file():
        click.echo(shown(log.read_text("utf-8", "replace"), "\n\t"), nl=False)
    if isinstance(outcome, Failed | Crashed):
        error = outcome.error
        if error.traceback:
            click.echo(shown(error.traceback, "\n\t"), err=True)
        click.echo(shown(f"on_finish of '{name}' failed: {error.name}: {error.message}"), err=True)
        sys.exit(FAILED)
    click.echo(shown(f"on_finish of '{name}' was called."))
