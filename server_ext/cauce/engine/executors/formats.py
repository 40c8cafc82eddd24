"""The formats in which an executed notebook is wanted: what the verb `convert` is asked.

nbconvert runs in a child process: it may run LaTeX or a browser, code of the project's choosing
too, and can be cancelled like any task.
"""

from __future__ import annotations

import difflib
import importlib.util
import shutil
from collections.abc import Iterator
from importlib.metadata import entry_points
from typing import Any

from cauce.engine.executors import Job
from cauce.engine.spec.keys import EXPORTERS
from cauce.engine.spec.model import ProductSpec

__all__ = ["conversion", "lacking", "unknown_exporter"]


def conversion(job: Job) -> dict[str, Any] | None:
    """What to ask once the notebook of a job was executed; None when it is wanted as it is.

    Each format goes to the temporary name that the job has for it. None of them is made of, or by
    way of, a file with a declared name: ``report.html`` never touches a ``report.ipynb``.
    """
    targets = [
        {"path": product.path, "to": str(job.outputs[product.path]), "exporter": exporter}
        for product, exporter in _wanted(job)
    ]
    if not targets:
        return None
    return {"notebook": str(job.notebook), "targets": targets, "arguments": dict(job.spec.notebook.export_arguments)}


def lacking(job: Job) -> str:
    """What is not installed that a format needs for sure, in words; '' for nothing.

    Better said before the notebook has run for an hour.
    """
    for product, exporter in _wanted(job):
        suffix = product.path.lower().rpartition(".")[2]
        name = exporter or suffix
        if exporter and (hint := unknown_exporter(exporter)):
            return f"nbconvert has no exporter '{exporter}' for {product.path}. {hint}"
        if (name, suffix) == ("webpdf", "pdf") and importlib.util.find_spec("playwright") is None:
            return (
                f"{product.path} needs Playwright, which is not installed. "
                "Run: pip install 'nbconvert[webpdf]' && playwright install chromium."
            )
        configured = {"config", "latex_command"} & job.spec.notebook.export_arguments.keys()
        if name == "pdf" and not configured and shutil.which("xelatex") is None:
            return (
                f"{product.path} needs xelatex, which is not installed. Install TeX (on Debian: apt install "
                "texlive-xetex) and Pandoc, or set 'nbconvert_exporter_name: webpdf', or make it an .html file."
            )
    return ""


def unknown_exporter(name: str) -> str:
    """What to do, where neither nbconvert nor another package has an exporter of this name; else ''. Imports none."""
    if name.lower() in (*EXPORTERS, "ipynb") or "." in name:  # a class by its dotted path
        return ""
    installed = {each.name for each in entry_points(group="nbconvert.exporters")}
    if {name, name.lower()} & installed:
        return ""
    close = difflib.get_close_matches(name, [*EXPORTERS, *sorted(installed)], 1)
    if close:
        return f"Did you mean '{close[0]}'?"
    return "Correct 'nbconvert_exporter_name', or install the package that brings it."


def _wanted(job: Job) -> Iterator[tuple[ProductSpec, str | None]]:
    """The products that are to be converted, each with its exporter where one is named."""
    for product in job.spec.products:
        temporary = job.outputs.get(product.path)
        if job.notebook is not None and temporary is not None and temporary != job.notebook:
            yield product, job.spec.notebook.exporters.get(product.key)
