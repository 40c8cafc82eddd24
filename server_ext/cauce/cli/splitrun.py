"""Running a notebook to see what it does, and the pipeline that it became to see that it does the same.

For people these are ``cauce refactor --trace`` and ``--prove``; the server starts ``cauce trace`` and ``cauce prove``,
which say in lines of JSON (`SplitRun`) how far they are, and with the last of them how it ended.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

import click

from cauce.cli.options import CANCELLED, FAILED, OK, exit_with, spare_the_server
from cauce.contract import SplitProof, SplitRun, encode
from cauce.engine.errors import CauceError, NotFound, UsageError

if TYPE_CHECKING:
    from cauce.engine.build import Stop
    from cauce.engine.refactor.model import Book, Trace

__all__ = ["prove_command", "prove_notebook", "trace_command", "trace_notebook"]

Say = Callable[[SplitRun], None]
Result = TypeVar("Result")

_lifeline = click.option("--lifeline", is_flag=True, hidden=True, help="End, and leave nothing behind, at stdin's end.")


def trace_notebook(path: Path, say: Say, *, lifeline: bool = False) -> Trace | None:
    """Run a notebook, and keep what was seen of it; None when it was cancelled.

    Raises:
        CauceError: It is none, or cannot be run; what was seen cannot be kept.
    """
    from cauce.engine.refactor.running.tracefile import keep_trace
    from cauce.engine.refactor.running.tracing import trace

    book, content = _read(path)

    def told(cell: int | None, done: int, total: int) -> None:
        say(SplitRun(state="running", cell=cell, done=done, total=total))

    found = _until_stopped(lambda stop: trace(book, content, path.parent, told, stop.cancel), lifeline)
    if found is not None:
        keep_trace(path.parent, found)
    return found


def prove_notebook(path: Path, pipeline: Path, say: Say, *, lifeline: bool = False) -> SplitProof | None:
    """Compare a pipeline with the notebook that it was made of; None when it was cancelled.

    Raises:
        CauceError: It is not known how it was made, or one of them cannot be run.
    """
    from cauce.engine.refactor.running.proving import prove
    from cauce.engine.refactor.running.tracefile import kept_split
    from cauce.engine.spec import entry_of_file

    book, content = _read(path)
    if not pipeline.is_file():
        raise NotFound(f"There is no pipeline at {pipeline}.", hint="Split the notebook first: 'cauce refactor'.")
    entry = entry_of_file(pipeline.resolve())
    kept = kept_split(entry.root, entry.name)
    if kept is None:
        raise UsageError(
            f"It is not known how {pipeline.name} was made of {path.name}.",
            hint="Split the notebook again first.",
        )

    def told(message: str, done: int, total: int) -> None:
        say(SplitRun(state="running", done=done, total=total, message=message))

    return _until_stopped(lambda stop: prove(book, content, path.parent, entry, kept, told, stop), lifeline)


@click.command("trace", hidden=True)
@click.argument("notebook", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the structures of the REST contract.")
@_lifeline
def trace_command(notebook: Path, as_json: bool, lifeline: bool) -> None:
    """Run NOTEBOOK once, and keep what each cell was seen to do."""
    say = _say_json if as_json else _say
    try:
        found = trace_notebook(notebook.resolve(), say, lifeline=lifeline)
    except CauceError as error:
        _refuse(error, as_json)
    if found is None:
        say(SplitRun(state="cancelled", message="It was cancelled."))
        sys.exit(CANCELLED)
    done = len(found.cells)
    if found.failed is not None:
        message = f"Cell {found.failed + 1} failed: {found.error}"
        say(SplitRun(state="failed", cell=found.failed, done=done, total=done, message=message))
        sys.exit(FAILED)
    names = {name for cell in found.cells for name in cell.values}
    say(SplitRun(state="done", done=done, total=done, message=f"{done} cells ran; {len(names)} names were looked at."))
    sys.exit(OK)


@click.command("prove", hidden=True)
@click.argument("notebook", type=click.Path(path_type=Path))
@click.argument("pipeline", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the structures of the REST contract.")
@_lifeline
def prove_command(notebook: Path, pipeline: Path, as_json: bool, lifeline: bool) -> None:
    """Run PIPELINE, and compare its variables with those of NOTEBOOK that it was made of."""
    say = _say_json if as_json else _say
    try:
        proof = prove_notebook(notebook.resolve(), pipeline.resolve(), say, lifeline=lifeline)
    except CauceError as error:
        _refuse(error, as_json)
    if proof is None:
        say(SplitRun(state="cancelled", message="It was cancelled."))
        sys.exit(CANCELLED)
    total = len(proof.tasks)
    say(SplitRun(state="done", done=total, total=total, message=proof.message, proof=proof))
    sys.exit(OK if proof.same else FAILED)


def _refuse(error: CauceError, as_json: bool) -> NoReturn:
    if as_json:
        _say_json(SplitRun(state="failed", message=f"{error.message} {error.hint}".strip()))
    exit_with(error, quiet=as_json)


def _say_json(run: SplitRun) -> None:
    sys.stdout.buffer.write(encode(run) + b"\n")
    sys.stdout.buffer.flush()


def _say(run: SplitRun) -> None:
    if run.message:
        click.echo(run.message)


def _read(path: Path) -> tuple[Book, bytes]:
    from cauce.engine.alone import read_source
    from cauce.engine.refactor.reading.book import read_book

    spare_the_server()
    content = read_source(path)
    return read_book(content, path.name), content


def _until_stopped(act: Callable[[Stop], Awaitable[Result]], lifeline: bool) -> Result:
    """Do it in an event loop, in which SIGINT, SIGTERM and the end of whoever started us cancel it."""
    from cauce.engine.build import Stop

    # The order of a set of texts is nobody's fault, and no difference.
    os.environ.setdefault("PYTHONHASHSEED", "0")

    async def go() -> Result:
        stop = Stop()
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(signum, stop.ask)
        if lifeline:

            def readable() -> None:
                if not os.read(0, 4096):
                    loop.remove_reader(0)
                    stop.lose()

            loop.add_reader(0, readable)
        return await act(stop)

    return asyncio.run(go())
