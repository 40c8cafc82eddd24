"""``cauce report``: a page with the graph, the state of each task, the problems and the last run."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from cauce.cli.look import look_at
from cauce.cli.options import OK, WRONG, Asked, exit_with, find_pipeline, takes_log, takes_pipeline
from cauce.cli.plot import default_name, save
from cauce.engine.errors import CauceError

__all__ = ["command"]


@click.command("report")
@takes_pipeline
@takes_log
@click.option("-o", "--output", type=click.Path(path_type=Path, allow_dash=True), help="Where to save it; - prints it.")
@click.option("-i", "--include-products", is_flag=True, help="Show what each task makes in the graph too.")
@click.option("-b", "--backend", hidden=True, help="Accepted, since Ploomber has it; the page is always the same.")
def command(asked: Asked, output: Path | None, include_products: bool, backend: str | None) -> None:
    """Save a page with the graph, all tasks, problems and the last run.

    Without -o it is saved as pipeline.html (of pipeline.NAME.yaml: pipeline.NAME.html).
    """
    from cauce.plot.html import report_page

    try:
        entry = find_pipeline(asked)
        snapshot = look_at(entry)
        page = report_page(snapshot, products=include_products)
        save(page.encode(), output or Path(default_name(entry.path, "html")), "Report")
    except CauceError as error:
        exit_with(error)
    sys.exit(WRONG if any(problem.severity == "error" for problem in snapshot.problems) else OK)
