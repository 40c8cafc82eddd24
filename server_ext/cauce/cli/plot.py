"""``cauce plot``: the graph as a picture in a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import click

from cauce.cli.look import look_at
from cauce.cli.options import OK, WRONG, Asked, exit_with, find_pipeline, takes_log, takes_pipeline
from cauce.contract import Snapshot
from cauce.engine.errors import CauceError, ProjectUnwritable, UsageError
from cauce.engine.files import write_whole

__all__ = ["command", "default_name", "save"]

Format = Literal["html", "svg", "png", "md", "mmd"]
_ENDINGS: dict[str, Format] = {
    ".html": "html",
    ".htm": "html",
    ".svg": "svg",
    ".png": "png",
    ".md": "md",
    ".mmd": "mmd",
    ".mermaid": "mmd",
}
_BACKENDS: dict[str, Format] = {"d3": "html", "mermaid": "md", "pygraphviz": "png"}


@click.command("plot")
@takes_pipeline
@takes_log
@click.option("-o", "--output", help="Where to save it: FILE.html, .svg, .png, .md or .mmd; - prints it.")
@click.option("-i", "--include-products", is_flag=True, help="Show what each task makes.")
@click.option("-t", "--format", "kind", type=click.Choice(sorted({*_ENDINGS.values()})), help="Default: by the ending.")
@click.option(
    "-b", "--backend", type=click.Choice(sorted(_BACKENDS)), help="As Ploomber calls formats: html, md and png."
)
def command(asked: Asked, output: str | None, include_products: bool, kind: Format | None, backend: str | None) -> None:
    """Save a picture of the pipeline: a page, SVG, PNG or Mermaid.

    Without -o a page is saved as pipeline.html (of pipeline.NAME.yaml: pipeline.NAME.html).
    """
    try:
        entry = find_pipeline(asked)
        chosen = kind or _format_of(output, backend)
        snapshot = look_at(entry)
        content = _drawn(snapshot, chosen, include_products)
        save(content, Path(output or default_name(entry.path, chosen)), "Plot")
    except CauceError as error:
        exit_with(error)
    sys.exit(WRONG if any(problem.severity == "error" for problem in snapshot.problems) else OK)


def _format_of(output: str | None, backend: str | None) -> Format:
    if output is None or output == "-":
        return _BACKENDS[backend] if backend else "html"
    ending = Path(output).suffix.lower()
    if ending not in _ENDINGS:
        raise UsageError(
            f"The ending of '{output}' names no format.", hint="End it in .html, .svg, .png, .md or .mmd, or give -t."
        )
    return _ENDINGS[ending]


def _drawn(snapshot: Snapshot, kind: Format, products: bool) -> bytes:
    if kind == "html":
        from cauce.plot.html import plot_page

        return plot_page(snapshot, products=products).encode()
    if kind in ("md", "mmd"):
        from cauce.plot.mermaid import markdown, mermaid

        return (markdown if kind == "md" else mermaid)(snapshot, products=products).encode()
    from cauce.plot.svg import svg

    picture = svg(snapshot, products=products)
    if kind == "svg":
        return picture.encode()
    from cauce.plot.png import png

    return png(picture)


def default_name(pipeline: Path, ending: str) -> str:
    """As Ploomber names it: with the pipeline's own part of its name."""
    name = pipeline.name.removeprefix("pipeline.").removesuffix(".yaml").removesuffix(".yml")
    own = pipeline.name.startswith("pipeline.") and name not in ("yaml", "yml")
    return f"pipeline.{name}.{ending}" if own else f"pipeline.{ending}"


def save(content: bytes, path: Path, what: str) -> None:
    """Write the whole file or nothing, and say where; ``-`` prints it.

    Raises:
        ProjectUnwritable: It cannot be written there.
    """
    if str(path) == "-":
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        write_whole(path, content)
    except OSError as error:
        raise ProjectUnwritable(f"Cannot write {path}: {error.strerror}.", hint="Name another file with -o.") from error
    click.echo(f"{what} saved at: {path}")
