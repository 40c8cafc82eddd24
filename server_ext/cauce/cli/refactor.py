"""``cauce refactor``: a notebook becomes a pipeline, as in the panel: shown, written, taken back."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from cauce.cli.options import (
    CANCELLED,
    FAILED,
    OK,
    WRONG,
    entry_option,
    exit_with,
    json_option,
    spare_the_server,
    takes_log,
)
from cauce.contract import SplitApplied, SplitRequest, SplitRun, encode
from cauce.engine.errors import CauceError, NotFound, UsageError

if TYPE_CHECKING:
    from cauce.engine.refactor.writing.planning import Plan

__all__ = ["command"]


@click.command("refactor")
@click.argument("notebook")
@json_option
@takes_log
@click.option("--trace", "run_first", is_flag=True, help="Run the notebook first, to see what each cell does.")
@click.option("--prove", is_flag=True, help="Build it then, and compare its variables with those of the notebook.")
@click.option("--preview", is_flag=True, help="Show the pipeline, and write nothing.")
@click.option("--diff", is_flag=True, help="Show the text of each file, too.")
@click.option("--level", type=click.IntRange(1, 6), help="Cut at Markdown headings of this level. Default: 2, if any.")
@click.option("--cut", "cuts", type=int, multiple=True, metavar="CELL", help="Cut before this cell, counted from 1.")
@click.option("--name", "names", multiple=True, metavar="CELL=NAME", help="Name the task that begins at this cell.")
@click.option("--store", "stores", multiple=True, metavar="CELL:VAR=FORMAT", help="How to store a variable.")
@click.option("--key", "keys", multiple=True, metavar="CELL:VAR=KEY", help="What product[…] calls it.")
@click.option("-s", "--single-task", is_flag=True, help="Do not split: the notebook as a pipeline of one task.")
@click.option("-f", "--file-format", type=click.Choice(["py", "ipynb"]), help="Of the tasks. Default: the notebook's.")
@click.option("-d", "--df-format", type=click.Choice(["parquet", "csv"]), help="Of tables. Default: parquet.")
@click.option(
    "-z",
    "--serializer",
    type=click.Choice(["pickle", "cloudpickle", "dill"]),
    help="Of what is no table. Default: by type.",
)
@click.option("-p", "--product-prefix", default="output", show_default=True, help="Folder of the products.")
@click.option("--folder", default="", help="Write into this folder. Default: the notebook's.")
@click.option("--pipeline", default="pipeline.yaml", show_default=True, help="Name of the pipeline file.")
@click.option("--module", default="definitions", show_default=True, help="Module of functions and classes.")
@click.option("--tests", is_flag=True, help="Begin tests of that module.")
def command(
    notebook: str,
    as_json: bool,
    run_first: bool,
    prove: bool,
    preview: bool,
    diff: bool,
    level: int | None,
    cuts: tuple[int, ...],
    names: tuple[str, ...],
    stores: tuple[str, ...],
    keys: tuple[str, ...],
    single_task: bool,
    file_format: str | None,
    df_format: str | None,
    serializer: str | None,
    product_prefix: str,
    folder: str,
    pipeline: str,
    module: str,
    tests: bool,
) -> None:
    """Turn a NOTEBOOK into a pipeline with a task for each of its sections. The notebook stays as it is."""
    import msgspec

    try:
        wish = {
            "notebook": notebook,
            "level": level,
            "cuts": [cut - 1 for cut in cuts] or None,
            "names": _by_cell(names, "CELL=NAME"),
            "formats": _by_cell(stores, "CELL:VAR=FORMAT"),
            "keys": _by_cell(keys, "CELL:VAR=KEY"),
            "sourceFormat": file_format or "",
            "dfFormat": df_format or "",
            "serializer": serializer or "",
            "prefix": product_prefix,
            "folder": folder,
            "pipeline": pipeline,
            "module": module,
            "tests": tests,
            "single": single_task,
        }
        try:
            request = msgspec.convert(wish, SplitRequest)
        except msgspec.ValidationError as error:
            raise UsageError(f"That cannot be asked for: {error}.", hint="See 'cauce refactor --help'.") from error
        path = Path(os.path.abspath(notebook))  # noqa: PTH100 - a link is where the user sees it
        content = _read(path)
        if prove and preview:
            raise UsageError("A preview builds nothing that could be compared.", hint="Leave out --preview or --prove.")
        if run_first:
            _trace(path)
        plan = _plan(request, path, content)
        _finish(plan, as_json=as_json, preview=preview, diff=diff)
        if prove:
            _prove(path, plan, as_json=as_json)
    except CauceError as error:
        exit_with(error, as_json=as_json)


def _by_cell(written: tuple[str, ...], form: str) -> dict[str, str]:
    """What is said of cells, or of variables of theirs. People count cells from 1, requests from 0."""
    found = {}
    for text in written:
        key, equals, value = text.partition("=")
        cell, colon, name = key.strip().partition(":")
        if not equals or not cell.isdecimal() or bool(colon) != (":" in form) or not value.strip():
            raise UsageError(f"'{text}' is not {form}.", hint="Such as 4=load, or 4:df=csv.")
        found[f"{int(cell) - 1}{colon}{name}"] = value.strip()
    return found


def _read(path: Path) -> bytes:
    from cauce.engine.files import read_start
    from cauce.engine.source import source_limit

    spare_the_server()
    try:
        return read_start(path, source_limit(path.name) + 1)
    except FileNotFoundError as error:
        raise NotFound(f"There is no file {path.name} in {path.parent}.", hint="Check its name.") from error
    except OSError as error:
        raise UsageError(f"{path.name} cannot be read: {error.strerror}.", hint="Name a notebook.") from error


def _plan(request: SplitRequest, path: Path, content: bytes) -> Plan:
    from cauce.engine.refactor.writing.applying import seen
    from cauce.engine.refactor.writing.planning import plan

    return plan(request, content, seen(path, content), path.parent)


def _trace(path: Path) -> None:
    """Run the notebook. One that fails is worth what was seen until then."""
    from cauce.cli.splitrun import trace_notebook

    found = trace_notebook(path, _say)
    if found is None:
        click.echo("It was cancelled.", err=True)
        sys.exit(CANCELLED)
    if found.failed is not None:
        click.echo(f"Cell {found.failed + 1} fails: {found.error}", err=True)


def _prove(path: Path, plan: Plan, *, as_json: bool) -> None:
    """Build the pipeline, compare, and end."""
    from cauce.cli.splitrun import prove_notebook
    from cauce.terminal import print_proof

    proof = prove_notebook(path, plan.entry.path, _say)
    if proof is None:
        click.echo("It was cancelled.", err=True)
        sys.exit(CANCELLED)
    if as_json:
        click.echo(encode(proof))
    else:
        print_proof(proof)
    sys.exit(OK if proof.same else FAILED)


def _say(run: SplitRun) -> None:
    """Progress, on stderr, and only where somebody looks on."""
    if not sys.stderr.isatty():
        return
    what = run.message or f"Running the notebook: {run.done} of {run.total} cells."
    click.echo(f"\r\x1b[2K{what}", err=True, nl=False)
    if run.done == run.total:
        click.echo(err=True)


def _finish(plan: Plan, *, as_json: bool, preview: bool, diff: bool) -> None:
    from cauce.engine.refactor.writing.applying import do
    from cauce.present import present_change
    from cauce.terminal import print_split, shown

    if plan.planned is None:
        _refuse(plan, as_json=as_json)
    if preview:
        if as_json:
            click.echo(encode(plan.split))
        else:
            print_split(plan.split)
            if diff:
                click.echo(shown(plan.planned.change.diff, "\n\t"), nl=False)
            click.echo("Nothing was written: this was a preview.")
        return
    done, record = do(plan, plan.planned)
    if as_json:
        click.echo(encode(SplitApplied(pipeline=plan.split.pipeline, changed=present_change(done, record))))
        return
    print_split(plan.split)
    if diff:
        click.echo(shown(done.change.diff, "\n\t"), nl=False)
    for line in done.change.said:
        click.echo(shown(line))
    for problem in done.problems:
        click.echo(shown(f"To be mended: {problem.message} {problem.hint}".rstrip()))
    entry = entry_option(plan.entry)
    click.echo(shown(f"Build it with: cauce build{entry}"))
    if record:
        click.echo(shown(f"To take it back: cauce task undo {record}{entry}"))


def _refuse(plan: Plan, *, as_json: bool) -> NoReturn:
    """Say what keeps it from being done, and end."""
    from cauce.terminal import print_remarks

    if as_json:
        click.echo(encode(plan.split))
    else:
        print_remarks(plan.split, to_errors=True)
        click.echo("Nothing was written.", err=True)
    sys.exit(WRONG)
