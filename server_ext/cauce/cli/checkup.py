"""What `doctor` looks at: the pipeline, its sources, and what this computer lacks to run them. Nothing is run.

`checkup` gathers; each function below it looks at one thing and gives problems.
"""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from cauce.contract import Contract, Problem, Where
from cauce.engine.checks import checks_of
from cauce.engine.executors.formats import unknown_exporter
from cauce.engine.files import STATE, real_path
from cauce.engine.lock import holder_of
from cauce.engine.parsecache import ParseCache
from cauce.engine.project import Project, load
from cauce.engine.spec import Entry, TaskSpec
from cauce.engine.stateplace import elsewhere, state_folder
from cauce.engine.store import read_history
from cauce.present import state_problems

__all__ = ["Checkup", "checkup"]

_PACKAGES = ("jupyterlab", "jupyter_server", "jupyter_client", "ipykernel", "pyzmq", "nbconvert", "jupytext")
_SHOWN = 3
"""Tasks that are named; of more their number."""


class Checkup(Contract, frozen=True, kw_only=True):
    """What ``cauce doctor --json`` prints."""

    pipeline: str
    root: str
    tasks: int
    versions: dict[str, str]
    """Of what matters, '' for what is not installed."""
    problems: tuple[Problem, ...]


def checkup(entry: Entry) -> Checkup:
    """Look at everything that can be told before anything runs.

    Raises:
        NotFound: There is no such pipeline.
    """
    project = load(entry, ParseCache())
    found = [
        *project.problems,
        *(problem for task in project.spec.tasks for problem in checks_of(project, task.name)),
        *_unevaluated(project),
        *_kernels(project),
        *_conversions(project),
        *_databases(project),
        *_programs(project),
        *_imports(project),
        *_alike(project),
        *_folders(project),
        *_leftovers(project),
        *_state(project, entry),
        *_jupyter(),
    ]
    return Checkup(
        pipeline=entry.name,
        root=str(project.root),
        tasks=len(project.tasks),
        versions=_versions(),
        problems=tuple(found),
    )


def _versions() -> dict[str, str]:
    found = {"cauce": "0+source", "python": platform.python_version()}  # run from the sources, without being installed
    for package in ("cauce", *_PACKAGES):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found.setdefault(package, "")
    return found


def _problem(
    code: str,
    message: str,
    hint: str,
    *,
    severity: Literal["error", "warning"] = "error",
    where: Where | None = None,
    task: str | None = None,
) -> Problem:
    return Problem(code=code, message=message, severity=severity, hint=hint, where=where, task=task)


def _named(tasks: Iterable[str]) -> str:
    """'fit' and 'plot'; or 'fit', 'plot' and 5 more."""
    names = [f"'{task}'" for task in tasks]
    if len(names) > _SHOWN:
        names = [*names[: _SHOWN - 1], f"{len(names) - _SHOWN + 1} more"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _missing(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is None
    except (ImportError, ValueError, AttributeError):
        return True


# --- The pipeline -------------------------------------------------------------------------


def _unevaluated(project: Project) -> Iterator[Problem]:
    if project.spec.unevaluated:
        message = "The tasks are made by code that was never run, so there is nothing to look at yet."
        yield _problem("unevaluated", message, "Run 'cauce evaluate'.", severity="warning")


def _leftovers(project: Project) -> Iterator[Problem]:
    """Cells that were injected once and got into the files."""
    seen: set[str] = set()
    for task in project.tasks.values():
        content = project.contents.get(task.name, b"")
        if task.source in seen or task.kind not in {"notebook", "script"}:
            continue
        seen.add(task.source)
        if b"injected-parameters" in content or b"debugging-settings" in content:
            yield from _committed(content, task)


def _committed(content: bytes, task: TaskSpec) -> Iterator[Problem]:
    from cauce.engine.injection import tags_of
    from cauce.engine.notebook import SourceError, read_notebook

    try:
        notebook = read_notebook(content, Path(task.source))
        tags = {tag for cell in notebook.cells for tag in tags_of(cell)}
    except (SourceError, AttributeError, KeyError, TypeError):
        return  # said where the source is read
    if "injected-parameters" in tags:
        message = f"{task.source} holds a cell with injected parameters, which is not part of it."
        hint = "Delete the cell with the tag 'injected-parameters': a new one is made for each run."
        yield _problem(
            "leftover_injected", message, hint, severity="warning", where=Where(path=task.source), task=task.name
        )
    if "debugging-settings" in tags:
        message = f"{task.source} holds a cell with settings for debugging, made by another tool."
        hint = "Delete the cell with the tag 'debugging-settings'."
        yield _problem(
            "leftover_debugging", message, hint, severity="warning", where=Where(path=task.source), task=task.name
        )


# --- What tasks need ----------------------------------------------------------------------


def _by_need(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """What is needed → the tasks that do."""
    found: dict[str, list[str]] = {}
    for need, task in pairs:
        found.setdefault(need, []).append(task)
    return found


def _kernels(project: Project) -> Iterator[Problem]:
    notebooks = [task for task in project.tasks.values() if task.kind == "notebook" and task.name in project.facts]
    if not notebooks:
        return
    from jupyter_client.kernelspec import KernelSpecManager

    installed: Mapping[str, str] = KernelSpecManager().find_kernel_specs()
    choice = f"Installed: {', '.join(sorted(installed))}." if installed else "None is installed: pip install ipykernel."
    asked = _by_need((task.notebook.kernel, task.name) for task in notebooks if task.notebook.kernel is not None)
    for kernel, tasks in asked.items():
        if kernel not in installed:
            message = f"There is no kernel called '{kernel}' (asked for by {_named(tasks)})."
            yield _problem("kernel_missing", message, f"Install it, or name another. {choice}", task=tasks[0])
    rest = [task for task in notebooks if task.notebook.kernel is None]
    own = _by_need((project.facts[task.name].kernel or "", task.name) for task in rest)
    for kernel, tasks in own.items():
        if kernel in installed:
            continue
        scripts_in_r = [task for task in tasks if project.tasks[task].source.lower().endswith((".r", ".rmd"))]
        if scripts_in_r and "ir" not in installed:
            message = f"There is no kernel for R (needed by {_named(scripts_in_r)})."
            yield _problem("kernel_missing", message, f"Install IRkernel. {choice}", task=scripts_in_r[0])
        elif kernel and not scripts_in_r:
            message = f"The kernel '{kernel}' of {_named(tasks)} is not installed: 'python3' runs Python in its place."
            hint = f"Install it, or name another. {choice}"
            yield _problem("kernel_other", message, hint, severity="warning", task=tasks[0])
        elif not kernel and "python3" not in installed:
            message = f"There is no kernel called 'python3' (needed by {_named(tasks)})."
            yield _problem("kernel_missing", message, f"Run: pip install ipykernel. {choice}", task=tasks[0])


def _conversions(project: Project) -> Iterator[Problem]:
    wanted: list[tuple[str, str]] = []
    for task in project.tasks.values():
        for product in task.products:
            suffix = Path(product.path).suffix.lower()
            if product.key in task.notebooks and suffix != ".ipynb":
                wanted.append((task.notebook.exporters.get(product.key, suffix), task.name))
    formats = _by_need(wanted)
    if not formats:
        return
    everybody = list(dict.fromkeys(task for tasks in formats.values() for task in tasks))
    if _missing("nbconvert"):
        message = f"nbconvert is not installed (needed for the products of {_named(everybody)})."
        yield _problem("package_missing", message, "Run: pip install nbconvert", task=everybody[0])
        return
    for name, tasks in formats.items():
        if name and not name.startswith(".") and (hint := unknown_exporter(name)):
            message = f"nbconvert has no exporter '{name}' (asked for by {_named(tasks)})."
            yield _problem("exporter_missing", message, hint, where=project.tasks[tasks[0]].where, task=tasks[0])
    latex = [*formats.get(".pdf", []), *formats.get("pdf", [])]
    pandoc = [*latex, *(task for name in (".rst", "rst", ".tex", "latex") for task in formats.get(name, []))]
    if latex and shutil.which("xelatex") is None:
        message = f"xelatex is not installed (needed for the PDF of {_named(latex)})."
        hint = "Install TeX (on Debian: apt install texlive-xetex), or make it an .html file."
        yield _problem("program_missing", message, hint, task=latex[0])
    if pandoc and shutil.which("pandoc") is None:
        message = f"pandoc is not installed (needed for Markdown cells in the products of {_named(pandoc)})."
        hint = "See https://pandoc.org/installing.html"
        yield _problem("program_missing", message, hint, severity="warning", task=pandoc[0])
    if (browser := formats.get("webpdf", [])) and _missing("playwright"):
        message = f"Playwright is not installed (needed for the PDF of {_named(browser)})."
        hint = "Run: pip install 'nbconvert[webpdf]' && playwright install chromium"
        yield _problem("package_missing", message, hint, task=browser[0])


def _databases(project: Project) -> Iterator[Problem]:
    urls: list[tuple[str, str]] = []
    for task in project.tasks.values():
        clients = [task.client, *(relation.client for relation in task.relations)]
        urls += [(client.partition(":")[0], task.name) for client in clients if isinstance(client, str)]
    for scheme, tasks in _by_need(urls).items():
        package = {"sqlite": "sqlite3", "duckdb": "duckdb"}.get(scheme, "sqlalchemy")
        if _missing(package):
            tasks = list(dict.fromkeys(tasks))
            message = f"{package} is not installed (needed for the database of {_named(tasks)})."
            yield _problem("package_missing", message, f"Run: pip install {package}", task=tasks[0])


def _programs(project: Project) -> Iterator[Problem]:
    in_r = [
        task.name
        for task in project.tasks.values()
        if task.kind == "script" and task.source.lower().endswith((".r", ".rmd"))
    ]
    if in_r and shutil.which("Rscript") is None:
        message = f"There is no 'Rscript' (needed by {_named(in_r)})."
        yield _problem("program_missing", message, "Install R.", task=in_r[0])
    if any(need.kind in {"git", "git_hash"} for need in project.spec.needs) and shutil.which("git") is None:
        message = "There is no 'git', which the placeholders {{git}} and {{git_hash}} need."
        yield _problem("program_missing", message, "Install git, or give them a value in env.yaml.")


def _imports(project: Project) -> Iterator[Problem]:
    """Packages that code in our own environment imports, and which are not there."""
    wanted: list[tuple[str, str]] = []
    for task in project.tasks.values():
        facts = project.facts.get(task.name)
        kernel = task.notebook.kernel or (facts.kernel if facts is not None else None)
        if facts is None or (task.kind == "notebook" and kernel not in {None, "python3"}):
            continue
        folders = ["", "src", str(Path(task.source).parent), *facts.loads.folders]
        for name in dict.fromkeys(each.partition(".")[0] for each in facts.loads.imports if not each.startswith(".")):
            if name in sys.stdlib_module_names or name in {"ploomber", "cauce"} or not name.isidentifier():
                continue
            if not _missing(name) or any(_is_module(project.root / folder / name) for folder in folders):
                continue
            wanted.append((name, task.name))
    for name, tasks in _by_need(wanted).items():
        message = f"'{name}' is imported by {_named(tasks)}, but is neither installed nor in the project."
        hint = "Install it where Cauce runs, unless it is optional."
        yield _problem("package_missing", message, hint, severity="warning", task=tasks[0])


def _is_module(path: Path) -> bool:
    return path.is_dir() or path.with_suffix(".py").is_file()


# --- The disk -----------------------------------------------------------------------------


def _alike(project: Project) -> Iterator[Problem]:
    """Products that are one file where capital letters do not count, as on most Macs and on Windows."""
    known: dict[str, tuple[str, str]] = {}
    for task in project.tasks.values():
        for product in task.products:
            path, owner = known.setdefault(product.path.casefold(), (product.path, task.name))
            if path != product.path:
                message = f"{product.path} and {path} (of '{owner}') differ in capital letters only."
                hint = "Rename one: on many computers they are the same file."
                yield _problem("products_alike", message, hint, severity="warning", where=task.where, task=task.name)


def _folders(project: Project) -> Iterator[Problem]:
    folder = elsewhere(project.root) or project.root / STATE
    if not _writable(folder):
        message = f"The folder {folder} cannot be written: no build can keep its state."
        yield _problem("state_unwritable", message, "Make the project's folder writable for you.")
    said: set[Path] = set()
    for task in project.tasks.values():
        for product in task.products:
            try:
                folder = real_path(project.root, product.path).parent
            except OSError:
                continue  # said by the project
            if folder not in said and not _writable(folder):
                said.add(folder)
                message = f"The folder of the product {product.path} cannot be written."
                hint = "Make it writable for you, or give the product another path."
                yield _problem("product_unwritable", message, hint, where=task.where, task=task.name)


def _writable(folder: Path) -> bool:
    """Is it a folder that can be written, or can it be made?"""
    for place in (folder, *folder.parents):
        if place.exists():
            return place.is_dir() and os.access(place, os.W_OK | os.X_OK)
    return False


def _state(project: Project, entry: Entry) -> Iterator[Problem]:
    folder = state_folder(project.root)
    yield from state_problems(read_history(folder, entry.name), project.root)
    held = holder_of(folder)
    if held is not None:
        holder = held[0]
        message = f"{holder.user} on {holder.host} is building this project now."
        yield _problem("locked", message, "Another build waits until that has ended.", severity="warning")


# --- Jupyter ------------------------------------------------------------------------------


def _jupyter() -> Iterator[Problem]:
    if _missing("jupyterlab"):
        message = "JupyterLab is not installed in this environment: there is no panel."
        yield _problem("jupyterlab_missing", message, "Run: pip install jupyterlab", severity="warning")
        return
    enabled = _server_extensions()
    if not enabled.get("cauce"):
        message = "The extension of the Jupyter server is not enabled: the panel has nobody to talk to."
        hint = "Run: jupyter server extension enable cauce"
        yield _problem("extension_disabled", message, hint, severity="warning")
    if enabled.get("ploomber"):
        message = "Ploomber's extension of the Jupyter server is enabled, too: both would inject parameters."
        hint = "Run: jupyter server extension disable ploomber"
        yield _problem("extension_ploomber", message, hint, severity="warning")


def _server_extensions() -> dict[str, bool]:
    """Which are switched on or off in Jupyter's configuration; the place that counts most has the last word."""
    from jupyter_core.paths import jupyter_config_path

    found: dict[str, bool] = {}
    for place in reversed(jupyter_config_path()):
        folder = Path(place)
        for file in (*sorted(folder.glob("jupyter_server_config.d/*.json")), folder / "jupyter_server_config.json"):
            try:
                said = json.loads(file.read_text("utf-8"))["ServerApp"]["jpserver_extensions"]
                found |= {str(name): bool(on) for name, on in said.items()}
            except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
                continue
    return found
