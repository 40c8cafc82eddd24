"""What the tasks import, as distributions to install: for requirements.txt. Nothing is imported to find out."""

from __future__ import annotations

import ast
import contextlib
import importlib.metadata
import re
import sys
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from cauce.engine.cellcode import read_cell
from cauce.engine.refactor.model import Effect, Statement, Trace

__all__ = ["HEAD", "modules_in", "modules_of", "optional_of", "requirements_after", "requirements_of"]

_NOTHING = Effect()
HEAD = "# What the tasks import"
_NAME = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)")
_ALWAYS = frozenset({"IPython", "ipykernel", "cauce"})
"""Is there wherever tasks are run."""
_KNOWN = {
    "sklearn": "scikit-learn",
    "cv2": "opencv-python",
    "PIL": "pillow",
    "yaml": "PyYAML",
    "bs4": "beautifulsoup4",
    "skimage": "scikit-image",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "git": "GitPython",
    "Crypto": "pycryptodome",
    "mpl_toolkits": "matplotlib",
    "pylab": "matplotlib",
    "umap": "umap-learn",
    "imblearn": "imbalanced-learn",
    "fitz": "PyMuPDF",
    "attr": "attrs",
}
"""Modules that are called otherwise than what is to be installed; asked only where neither is installed."""


def modules_of(statements: Iterable[Statement]) -> tuple[str, ...]:
    """Top-level modules that these statements import, in functions as well; in the order of the notebook."""
    found: dict[str, None] = {}
    for statement in statements:
        for node in ast.walk(statement.node) if statement.node is not None else ():
            match node:
                case ast.Import(names=names):
                    found.update((name.name.split(".")[0], None) for name in names)
                case ast.ImportFrom(module=str(module), level=0):
                    found[module.split(".")[0]] = None
    return tuple(found)


def optional_of(statements: Iterable[Statement]) -> frozenset[str]:
    """Those that code can do without: it tries to import them, and knows what to do else."""
    tried = [each for each in statements if isinstance(each.node, ast.Try)]
    bodies = [each for each in tried if isinstance(each.node, ast.Try) and any(map(_catches, each.node.handlers))]
    return frozenset(modules_of(bodies))


def _catches(handler: ast.ExceptHandler) -> bool:
    names = {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)} if handler.type else set()
    return handler.type is None or not names.isdisjoint({"ImportError", "ModuleNotFoundError", "Exception"})


def modules_in(cell: str) -> tuple[str, ...]:
    """The same of a cell, magics and all."""
    tree = read_cell(cell).tree
    body = [] if tree is None else tree.body
    return modules_of(Statement(0, 0, 0, 0, 0, "", "import", _NOTHING, node) for node in body)


def requirements_of(
    modules: Iterable[str], local: Collection[str], optional: Collection[str], trace: Trace | None
) -> dict[str, str]:
    """Distribution, as it is normally spelled → the line for it; sorted.

    Args:
        local: Modules of the project itself.
        optional: Modules that are listed only if they are installed.
    """
    installed: Mapping[str, list[str]] | None = None
    seen = trace.distributions if trace is not None else {}
    found: dict[str, str] = {}
    for module in dict.fromkeys(modules):
        if module in sys.stdlib_module_names or module in local or module in _ALWAYS:
            continue
        line = seen.get(module)
        if line is None:
            if installed is None:
                installed = _distributions(_now())
            if module not in installed and (module in optional or (module not in _KNOWN and _has_run(trace))):
                continue  # the notebook runs without it, or finds it as a file of the user's own
            line = _installed(module, installed.get(module, []))
        found.setdefault(_spelled(line), line)
    return dict(sorted(found.items()))


def _has_run(trace: Trace | None) -> bool:
    """Was it seen where modules come from, to the end?"""
    return trace is not None and trace.failed is None and bool(trace.distributions)


def _now() -> tuple[tuple[str, int], ...]:
    """What changes when something is installed or removed."""
    found = []
    for place in sys.path:
        with contextlib.suppress(OSError):
            found.append((place, Path(place).stat().st_mtime_ns))
    return tuple(found)


@lru_cache(maxsize=1)
def _distributions(_: object) -> Mapping[str, list[str]]:
    """Module → distributions. Reads a file of each, which takes a third of a second where many are installed."""
    return importlib.metadata.packages_distributions()


def _installed(module: str, distributions: list[str]) -> str:
    for name in sorted(distributions, key=lambda name: (_spelled(name) != _spelled(module), name)):
        try:
            return f"{name}=={importlib.metadata.version(name)}"
        except importlib.metadata.PackageNotFoundError:
            continue
    return f"{_KNOWN.get(module, module)}  # not installed here: check name and version"


def requirements_after(before: str | None, wanted: Mapping[str, str]) -> str | None:
    """The file with what it lacks; None when there is nothing to write."""
    there = set()
    for line in (before or "").splitlines():
        if match := _NAME.match(line):
            there.add(_spelled(match[1]))
    lines = [line for name, line in wanted.items() if name not in there]
    if not lines:
        return before
    text = before or ""
    if text and not text.endswith("\n"):
        text += "\n"
    head = "" if HEAD in text else f"{HEAD}\n"
    return text + head + "".join(f"{line}\n" for line in lines)


def _spelled(line: str) -> str:
    match = _NAME.match(line)
    return re.sub(r"[-_.]+", "-", match[1]).lower() if match else line
