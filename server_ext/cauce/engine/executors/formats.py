"""The formats in which an executed notebook is wanted: what the verb `convert` is asked.

Pure. nbconvert runs in a child process: it may run LaTeX or a browser, code of the project's
choosing too, and can be cancelled like any task.
"""

from __future__ import annotations

from typing import Any

from cauce.engine.executors import Job

__all__ = ["conversion"]


def conversion(job: Job) -> dict[str, Any] | None:
    """What to ask once the notebook of a job was executed; None when it is wanted as it is.

    Each format goes to the temporary name that the job has for it. None of them is made of, or by
    way of, a file with a declared name: ``report.html`` never touches a ``report.ipynb``.
    """
    spec = job.spec
    if job.notebook is None:
        return None
    targets = [
        {
            "path": product.path,
            "to": str(job.outputs[product.path]),
            "exporter": spec.notebook.exporters.get(product.key),
        }
        for product in spec.products
        if product.path in job.outputs and job.outputs[product.path] != job.notebook
    ]
    if not targets:
        return None
    return {
        "notebook": str(job.notebook),
        "targets": targets,
        "arguments": dict(spec.notebook.export_arguments),
    }
