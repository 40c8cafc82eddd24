"""``cauce nb test|lint|clean``: a notebook or script by itself, whether it is a task or not."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from cauce.cli.options import CANCELLED, FAILED, OK, exit_with, takes_log
from cauce.contract import CellError, Mistake, Mistakes, encode
from cauce.engine.errors import CauceError, UsageError

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from cauce.engine.alone import Trial
    from cauce.engine.editing.formatters import FormatterName
    from cauce.engine.editing.tidying import Tidied
    from cauce.engine.executors import Listener, Outcome

__all__ = ["VERBS"]

json_option = click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
_path = click.Path(path_type=Path)


# --- test


@click.command("test")
@click.argument("file", type=_path)
@click.argument("out", type=_path, required=False)
@takes_log
@click.option("-f", "--force", is_flag=True, help="Replace OUT, whatever it is.")
def test(file: Path, out: Path | None, force: bool) -> None:
    """Run FILE from top to bottom in a fresh kernel: does it still run?

    FILE is a notebook or a script, and works in its own folder. It is not changed: the executed notebook goes to OUT,
    by default NAME-cauce-test.ipynb beside it, also when it fails. Exit code 1: it failed. Ctrl-C ends it.
    """
    from cauce.engine.alone import kernel_of, trial_of
    from cauce.engine.executors import Cancelled, Crashed, Failed
    from cauce.terminal import cells_display, print_trial

    try:
        trial = trial_of(file, out, force=force)
        began = time.monotonic()
        with cells_display(str(file)) as listener:
            outcome, written = _run(trial, listener)
        seconds = time.monotonic() - began
    except CauceError as error:
        exit_with(error)
    shown = str(out or file.with_name(trial.out.name)) if written else ""
    kernel = kernel_of(trial) if written else ""
    _tell_of_another_kernel(trial, kernel)
    match outcome:
        case Failed(error=what) | Crashed(error=what):
            print_trial(str(file), _placed(what, file), _advice(what, trial, file, kernel), shown, seconds)
            sys.exit(FAILED)
        case Cancelled():
            print_trial(str(file), None, "", shown, seconds, cancelled=True)
            sys.exit(CANCELLED)
        case _:
            print_trial(str(file), None, "", shown, seconds)
            sys.exit(OK)


def _run(trial: Trial, listener: Listener) -> tuple[Outcome, bool]:
    import asyncio

    from cauce.engine.alone import run_trial
    from cauce.engine.executors.notebook import NotebookExecutor

    executor = NotebookExecutor()

    async def go() -> tuple[Outcome, bool]:
        cancel = asyncio.Event()

        def interrupted() -> None:
            if cancel.is_set():
                executor.kill()
            cancel.set()

        for signum in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(signum, interrupted)
        return await run_trial(trial, executor, listener, cancel)

    try:
        return asyncio.run(go())
    finally:
        executor.close()


def _placed(error: CellError, file: Path) -> CellError:
    """The error with a place that can be found from where the command was given."""
    if error.where is None:
        return error
    return msgspec.structs.replace(error, where=msgspec.structs.replace(error.where, path=str(file)))


def _notebook(trial: Trial) -> NotebookNode | None:
    from cauce.engine.notebook import SourceError, read_notebook

    try:
        return read_notebook(trial.content, trial.source)
    except SourceError:
        return None


def _tell_of_another_kernel(trial: Trial, used: str) -> None:
    from cauce.terminal import shown

    notebook = _notebook(trial)
    asked = "" if notebook is None else str(notebook.metadata.get("kernelspec", {}).get("name") or "")
    if used and asked not in ("", used):
        click.echo(shown(f"It asks for the kernel '{asked}', which is not installed: it ran in '{used}'."), err=True)


def _advice(error: CellError, trial: Trial, file: Path, kernel: str) -> str:
    from cauce.engine.advice import Scene, advice
    from cauce.engine.injection import PARAMETERS_TAG, tags_of

    notebook = _notebook(trial)
    if notebook is None:
        return ""
    cells = [(number, cell.source) for number, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    is_task = any(PARAMETERS_TAG in tags_of(cell) and "product" in cell.source for cell in notebook.cells)
    return advice(error, Scene(str(file), trial.source.parent, cells, kernel or "python3", is_task))


# --- lint


@click.command("lint")
@click.argument("files", nargs=-1, required=True, type=_path, metavar="FILE...")
@json_option
def lint(files: tuple[Path, ...], as_json: bool) -> None:
    """Say what will fail in each FILE, without running it.

    FILE is a notebook or a script. What fails is code that is no Python, and names that nobody defines; magics are
    understood. Exit code 1: something was found.
    """
    from cauce.engine.alone import read_source
    from cauce.engine.checks.notebook import check_alone
    from cauce.engine.notebook import SourceError
    from cauce.terminal import print_mistakes

    found: list[Mistake] = []
    try:
        for file in files:
            try:
                found += check_alone(read_source(file), str(file))
            except SourceError as error:
                raise _unreadable(error, file) from error
    except CauceError as error:
        exit_with(error, as_json=as_json)
    if as_json:
        click.echo(encode(Mistakes(mistakes=tuple(found))))
    else:
        print_mistakes(tuple(found), len(files))
    sys.exit(FAILED if found else OK)


def _unreadable(error: Exception, file: Path) -> UsageError:
    from cauce.contract import Where
    from cauce.engine.notebook import SourceError

    assert isinstance(error, SourceError)  # noqa: S101 - callers catch that alone
    place = f"{file}" if error.line is None else f"{file}:{error.line}"
    return UsageError(f"{place}: {error.message}", hint=error.hint, where=Where(path=str(file), line=error.line))


# --- clean


@click.command("clean")
@click.argument("files", nargs=-1, required=True, type=_path, metavar="FILE...")
@click.option("-w", "--write", is_flag=True, help="Write it. Without this, only what would change is shown.")
@click.option("--formatter", "wanted", type=click.Choice(["ruff", "black"]), help="Default: ruff, else black.")
def clean(files: tuple[Path, ...], write: bool, wanted: FormatterName | None) -> None:
    """Format the code cells of each FILE: as a diff, or with --write for good.

    FILE is a notebook or a script. Everything else stays as it is: text, outputs, metadata, magics, the format of a
    script, its line ends. A cell that cannot be formatted stays, and is named (exit code 1). All files are written,
    or none.
    """
    from cauce.engine.alone import read_source
    from cauce.engine.editing import Change, FileChange, apply
    from cauce.engine.editing.formatters import formatter_for
    from cauce.engine.editing.tidying import tidied
    from cauce.engine.notebook import SourceError
    from cauce.terminal import shown

    results: list[tuple[Path, bytes, Tidied]] = []
    try:
        for file in dict.fromkeys(files):
            content = read_source(file)
            _, formatter = formatter_for(file, wanted)
            try:
                results.append((file, content, tidied(content, file, formatter)))
            except SourceError as error:
                raise _unreadable(error, file) from error
        changed = [(file, FileChange(str(file), before, after.content)) for file, before, after in results]
        changed = [(file, change) for file, change in changed if change.before != change.after]
        if write:
            # Wherever they are: the user has named them.
            root = Path("/")
            files_changed = (FileChange(str(file.resolve()), each.before, each.after) for file, each in changed)
            apply(Change(root, tuple(files_changed)))
    except CauceError as error:
        exit_with(error)
    if not write:
        click.echo(shown("".join(change.diff for _, change in changed), "\n\t"), nl=False)
    for file, _, result in results:
        for left in result.left:
            click.echo(shown(f"{file}: cell {left.cell + 1} was left as it is: {left.why}."), err=True)
        if write and result.changed:
            click.echo(shown(f"{file}: {result.changed} cell{'s' if result.changed > 1 else ''} formatted."))
    if not changed:
        click.echo("Nothing had to change.")
    elif not write:
        click.echo("Nothing was written: give --write for that.", err=True)
    sys.exit(FAILED if any(result.left for _, _, result in results) else OK)


VERBS = {"test": test, "lint": lint, "clean": clean}
"""What follows ``cauce nb`` → the command."""
