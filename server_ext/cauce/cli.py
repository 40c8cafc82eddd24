"""The command ``cauce``: the same engine as in the panel, for terminals, scripts and CI.

The server starts its builders through ``cauce build --json --lifeline``, so what it can do
and what a terminal can do never differ. Exit codes: 0 all ok or nothing to do, 1 something
failed, 2 the request or the pipeline has errors, 130 cancelled.

Signals to a build: SIGTERM cancels it, once or many times, and leaves tasks the time to
clean up; so does the first SIGINT (Ctrl-C in a terminal), while a second kills the tasks.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import click

from cauce.contract import BuildEvent, RunRefused, RunRequest, Snapshot, encode
from cauce.engine.errors import CauceError, NotFound, PathRefused, PipelineHasErrors, UsageError
from cauce.engine.files import Observer
from cauce.engine.lock import holder_of
from cauce.engine.project import ParseCache, assess, load
from cauce.engine.spec import entry_of_file
from cauce.engine.store import read_history, state_folder
from cauce.present import Look, present_snapshot

if TYPE_CHECKING:
    import asyncio

    from cauce.engine.build import RunState, Stop

__all__ = ["main"]

OK, FAILED, WRONG, CANCELLED = 0, 1, 2, 130
_EXIT = {"ok": OK, "failed": FAILED, "crashed": FAILED, "cancelled": CANCELLED}
_CALLERS_MISTAKES = (NotFound, PathRefused, PipelineHasErrors, UsageError)
_PARENTS = 6
"""How far up a pipeline.yaml is looked for, as Ploomber does."""


class _Commands(click.Group):
    """Suggests the command that was meant; ends as shells expect it when interrupted."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:  # before the build's own handlers were there; click would say 1
            ctx.exit(CANCELLED)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        import difflib

        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            close = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1)
            if not close:
                raise
            raise click.UsageError(f"{error.message} Did you mean '{close[0]}'?", ctx) from error


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cauce")
def main() -> None:
    """Notebook pipelines: see what is stale, build only that."""
    # nbformat imports jsonschema, which imports every checker of formats that it finds. This one
    # takes most of a second to build a grammar for IRIs, of which notebooks have none.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # the documented way to forbid an import


_entry_point = click.option(
    "-e",
    "--entry-point",
    type=click.Path(path_type=Path),
    help="The pipeline file, or its folder. Default: pipeline.yaml here or in a folder above.",
)
_json = click.option("--json", "as_json", is_flag=True, help="Print the structures of the REST contract.")


@main.command()
@_entry_point
@_json
def status(entry_point: Path | None, as_json: bool) -> None:
    """Show each task: is it current, and why not."""
    try:
        snapshot = _snapshot(_pipeline(entry_point))
    except CauceError as error:
        if as_json:
            click.echo(encode(error.body()))
        _exit_with(error, quiet=as_json)
    if as_json:
        click.echo(encode(snapshot))
    else:
        from cauce.terminal import print_status

        print_status(snapshot)
    if any(problem.severity == "error" for problem in snapshot.problems):
        sys.exit(WRONG)


@main.command("build")
@click.argument("tasks", nargs=-1)
@_entry_point
@_json
@click.option("-f", "--force", is_flag=True, help="Run the named tasks (all, if none) though they are current.")
@click.option("--up-to", "mode", flag_value="up_to", default=True, help="The tasks and what they need (default).")
@click.option("--from", "mode", flag_value="from", help="The tasks and what depends on them.")
@click.option("--only", "mode", flag_value="only", help="Just the tasks.")
@click.option("-j", "--jobs", type=click.IntRange(1, 64), help="Tasks at a time. Default: the cores.")
@click.option("--fail-fast", is_flag=True, help="Begin nothing more after a failure.")
@click.option("--lifeline", is_flag=True, hidden=True, help="End, and leave nothing behind, when stdin closes.")
def build_command(
    tasks: tuple[str, ...],
    entry_point: Path | None,
    as_json: bool,
    force: bool,
    mode: Literal["up_to", "from", "only"],
    jobs: int | None,
    fail_fast: bool,
    lifeline: bool,
) -> None:
    """Run what is stale, or the given TASKS with what they need.

    Ctrl-C cancels: tasks are interrupted and may clean up. A second Ctrl-C kills them at once.
    """
    request = RunRequest(tasks=tasks, mode=mode, force=force, jobs=jobs, fail_fast=fail_fast)
    try:
        path = _pipeline(entry_point)
        if as_json:
            state = _run(path, request, _write_line, lifeline)
        else:
            from cauce.terminal import build_display

            with build_display() as show:
                state = _run(path, request, show, lifeline)
    except CauceError as error:
        if as_json:
            problems = error.problems if isinstance(error, PipelineHasErrors) else ()
            _write_line(RunRefused(error=error.body(), problems=problems))
        _exit_with(error, quiet=as_json)
    sys.exit(_EXIT[state])


def _run(path: Path, request: RunRequest, emit: Callable[[BuildEvent], None], lifeline: bool) -> RunState:
    import asyncio

    from cauce.engine.build import Stop, build
    from cauce.engine.executors.project import ProjectExecutor

    executor = ProjectExecutor()

    async def go() -> RunState:
        stop = Stop()
        loop = asyncio.get_running_loop()
        interrupts = 0

        def interrupted() -> None:
            nonlocal interrupts
            interrupts += 1
            if interrupts > 1:
                executor.kill()
            stop.ask()

        loop.add_signal_handler(signal.SIGINT, interrupted)
        loop.add_signal_handler(signal.SIGTERM, stop.ask)
        if lifeline:
            _hold_on_to(0, loop, stop)

        def careful(event: BuildEvent) -> None:
            try:
                emit(event)
            except BrokenPipeError:
                stop.lose()

        try:
            return await build(entry_of_file(path), request, executor=executor, emit=careful, stop=stop)
        finally:
            executor.close()

    try:
        return asyncio.run(go())
    finally:
        executor.close()


def _hold_on_to(descriptor: int, loop: asyncio.AbstractEventLoop, stop: Stop) -> None:
    """Whoever started us holds the other end of a pipe: when it closes, they are gone."""

    def readable() -> None:
        if not os.read(descriptor, 4096):
            loop.remove_reader(descriptor)
            stop.lose()

    loop.add_reader(descriptor, readable)


def _write_line(event: BuildEvent) -> None:
    sys.stdout.buffer.write(encode(event) + b"\n")
    sys.stdout.buffer.flush()


def _snapshot(path: Path) -> Snapshot:
    entry = entry_of_file(path)
    project = load(entry, ParseCache())
    folder = state_folder(project.root)
    observer = Observer(project.root).glance()
    history = read_history(folder, entry.name)
    held = holder_of(folder)
    look = Look(project, history, assess(project, history, observer), observer, None if held is None else held[0])
    return present_snapshot(look, pipeline=str(path), root=str(project.root), revision=0)


def _pipeline(entry_point: Path | None) -> Path:
    """The pipeline file that is meant.

    Raises:
        NotFound: There is none.
    """
    if entry_point is not None:
        path = entry_point.resolve()
        path = path / "pipeline.yaml" if path.is_dir() else path
        if not path.is_file():
            raise NotFound(f"There is no pipeline at {entry_point}.", hint="Give a pipeline.yaml, or its folder.")
        return path
    here = Path.cwd()
    for folder in (here, *list(here.parents)[:_PARENTS]):
        if (folder / "pipeline.yaml").is_file():
            return folder / "pipeline.yaml"
    raise NotFound(
        f"There is no pipeline.yaml in {here} or in a folder above it.",
        hint="Go to your project, or name the file with -e.",
    )


def _exit_with(error: CauceError, *, quiet: bool = False) -> NoReturn:
    if not quiet:
        from cauce.terminal import print_error

        print_error(error)
    sys.exit(WRONG if isinstance(error, _CALLERS_MISTAKES) else FAILED)
