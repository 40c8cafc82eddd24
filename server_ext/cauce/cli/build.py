"""``cauce build``: run what is stale.

The server starts its builders through ``cauce build --json --lifeline``, so what it can do
and what a terminal can do never differ. With ``--standby`` such a builder first gets ready: it imports
what it will need, reads the pipeline, and waits for its request. It holds no lock then, writes
nothing and runs nothing; when the request is there it is a builder like any other.

Signals to a build: SIGTERM cancels it, once or many times, and leaves tasks the time to
clean up; so does the first SIGINT (Ctrl-C in a terminal), while a second kills the tasks.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, NoReturn

import click

from cauce.cli.options import (
    CANCELLED,
    FAILED,
    OK,
    Asked,
    exit_with,
    find_pipeline,
    json_option,
    spare_the_server,
    takes_log,
    takes_pipeline,
)
from cauce.contract import BuildEvent, RunFinished, RunRefused, RunRequest, TaskFinished, TaskRetry, TaskStarted, encode
from cauce.engine.errors import CauceError, PipelineHasErrors
from cauce.engine.spec import Entry

if TYPE_CHECKING:
    import asyncio

    from cauce.engine.build import RunState, Stop
    from cauce.engine.executors import Executor
    from cauce.engine.parsecache import ParseCache

__all__ = ["command", "perform"]

_LONGEST_REQUEST = 1 << 24
_EXIT = {"ok": OK, "failed": FAILED, "crashed": FAILED, "cancelled": CANCELLED}

log = logging.getLogger("cauce.build")


def _no_debugger(_: click.Context, __: click.Parameter, asked: bool) -> None:
    if asked:
        raise click.UsageError(
            "There is no debugger in builds. Look at the failed task's notebook and log, or at its products in "
            "'cauce interact'."
        )


@click.command("build")
@click.argument("tasks", nargs=-1)
@takes_pipeline
@takes_log
@json_option
@click.option("-f", "--force", is_flag=True, help="Run the named tasks (all, if none) though they are current.")
@click.option("--up-to", "mode", flag_value="up_to", default=True, help="The tasks and what they need (default).")
@click.option("--from", "mode", flag_value="from", help="The tasks and what depends on them.")
@click.option("--only", "mode", flag_value="only", help="Just the tasks.")
@click.option(
    "-p", "--partially", multiple=True, metavar="NAME", help="As in Ploomber: NAME, or fit-* for all that match."
)
@click.option("-su", "--skip-upstream", is_flag=True, help="As in Ploomber: just the tasks, as --only.")
@click.option("-j", "--jobs", type=click.IntRange(1, 64), help="Tasks at a time. Default: the cores.")
@click.option("--fail-fast", is_flag=True, help="Begin nothing more after a failure.")
@click.option("-n", "--dry-run", is_flag=True, help="Run nothing: say what would run, why, and for how long.")
@click.option(
    "--debug", "--debuglater", is_flag=True, hidden=True, expose_value=False, callback=_no_debugger, is_eager=True
)
@click.option("--request", hidden=True, help="All of the above as the JSON of a RunRequest: how the server asks.")
@click.option("--lifeline", is_flag=True, hidden=True, help="End, and leave nothing behind, when stdin closes.")
@click.option(
    "--standby", type=float, hidden=True, help="Get ready, and wait so many seconds for the request on stdin."
)
def command(
    asked: Asked,
    tasks: tuple[str, ...],
    as_json: bool,
    force: bool,
    mode: Literal["up_to", "from", "only"],
    partially: tuple[str, ...],
    skip_upstream: bool,
    jobs: int | None,
    fail_fast: bool,
    dry_run: bool,
    request: str | None,
    lifeline: bool,
    standby: float | None,
) -> None:
    """Run what is stale, or the given TASKS with what they need. A name may be a pattern: 'fit-*'.

    Ctrl-C cancels: tasks are interrupted and may clean up. A second Ctrl-C kills them at once.
    """
    if standby is not None:
        _stand_by(asked, standby)
    mode = "only" if skip_upstream else mode
    asked_for = RunRequest(tasks=(*tasks, *partially), mode=mode, force=force, jobs=jobs, fail_fast=fail_fast)
    if dry_run:
        _foretell(asked, asked_for, as_json)
    perform(asked, _decoded(request) if request else asked_for, as_json, lifeline)


def _foretell(asked: Asked, request: RunRequest, as_json: bool) -> NoReturn:
    """Say what a build would do, and end as it would if that cannot be begun."""
    from cauce.cli.look import plan_of

    try:
        plan = plan_of(find_pipeline(asked), request)
    except CauceError as error:
        exit_with(error, as_json=as_json)
    if as_json:
        click.echo(encode(plan))
    else:
        from cauce.terminal import print_plan

        print_plan(plan)
    sys.exit(OK)


def _stand_by(asked: Asked, patience: float) -> NoReturn:
    """Get ready, wait for the request, and perform it as for ``--json --lifeline``."""
    from cauce.engine.parsecache import ParseCache
    from cauce.engine.project import load
    from cauce.engine.warmup import TAKEN, warm_up

    spare_the_server()
    cache = ParseCache()
    try:
        project = load(find_pipeline(asked), cache)
    except CauceError:  # it may be mended by then
        project = None
    kept = warm_up(project)  # noqa: F841 - until we end
    request = _line_from(0, patience)
    if request is None:
        sys.exit(OK)
    sys.stdout.buffer.write(TAKEN)
    sys.stdout.buffer.flush()
    perform(asked, _decoded(request), as_json=True, lifeline=True, cache=cache)


def _line_from(descriptor: int, patience: float) -> str | None:
    """The one line that is sent; None when it does not come in time, or the other end is closed."""
    deadline = time.monotonic() + patience
    line = b""
    while not line.endswith(b"\n"):
        readable, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
        if not readable or len(line) > _LONGEST_REQUEST or not (more := os.read(descriptor, 65_536)):
            return None
        line += more
    return line.decode()


def _decoded(request: str) -> RunRequest:
    import msgspec

    try:
        return msgspec.json.decode(request, type=RunRequest)
    except msgspec.MsgspecError as error:
        raise click.BadParameter(f"{error}.", param_hint="--request") from error


def perform(
    asked: Asked, request: RunRequest, as_json: bool, lifeline: bool = False, cache: ParseCache | None = None
) -> NoReturn:
    """Run a builder for this request, showing what it does, and end with the exit code that says how it went."""
    spare_the_server()
    try:
        entry = find_pipeline(asked)
        if as_json:
            state = _run(entry, request, _write_line, lifeline, cache)
        else:
            from cauce.terminal import build_display

            with build_display() as show:
                state = _run(entry, request, show, lifeline, cache)
    except CauceError as error:
        if as_json:
            problems = error.problems if isinstance(error, PipelineHasErrors) else ()
            _write_line(RunRefused(error=error.body(), problems=problems))
        exit_with(error, quiet=as_json)
    sys.exit(_EXIT[state])


def _run(
    entry: Entry, request: RunRequest, emit: Callable[[BuildEvent], None], lifeline: bool, cache: ParseCache | None
) -> RunState:
    import asyncio

    from cauce.engine.build import Stop, build
    from cauce.engine.executors.late import LateExecutor

    executor = LateExecutor(_make_executor)

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
            _log(event)
            try:
                emit(event)
            except BrokenPipeError:
                stop.lose()

        try:
            return await build(entry, request, executor=executor, emit=careful, stop=stop, cache=cache)
        finally:
            executor.close()

    try:
        return asyncio.run(go())
    finally:
        executor.close()


def _make_executor() -> Executor:
    from cauce.engine.executors.project import ProjectExecutor

    return ProjectExecutor()


def _hold_on_to(descriptor: int, loop: asyncio.AbstractEventLoop, stop: Stop) -> None:
    """Whoever started us holds the other end of a pipe: when it closes, they are gone."""

    def readable() -> None:
        if not os.read(descriptor, 4096):
            loop.remove_reader(descriptor)
            stop.lose()

    loop.add_reader(descriptor, readable)


def _log(event: BuildEvent) -> None:
    match event:
        case TaskStarted():
            log.info("%r: started. %s", event.task, " ".join(reason.message for reason in event.reasons))
        case TaskRetry():
            log.warning("%r: %s, attempt %d comes: %r", event.task, event.outcome, event.attempt, event.cause)
        case TaskFinished(outcome="failed" | "crashed"):
            log.error("%r: %s: %r", event.task, event.outcome, event.cause)
        case TaskFinished():
            log.info("%r: %s in %.1f s", event.task, event.outcome, event.duration)
        case RunFinished():
            log.info("%s", event.message)
        case _:
            log.debug("%r", event)


def _write_line(event: BuildEvent) -> None:
    sys.stdout.buffer.write(encode(event) + b"\n")
    sys.stdout.buffer.flush()
