"""What to do about the error that ended a notebook, as far as its kind and message tell.

A notebook that ran once and does not run any more mostly fails in one of a few ways: a library that is not installed
here, or has changed since; cells that were run in another order than they stand in; files that were elsewhere.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cauce.contract import CellError
from cauce.engine.cellcode import read_cell
from cauce.engine.checks.words import USUAL
from cauce.engine.distributions import distribution_of, installed_version

__all__ = ["Scene", "advice"]

_GONE: Mapping[str, str] = dict.fromkeys(("asynchat", "asyncore", "distutils", "imp", "smtpd"), "3.12") | dict.fromkeys(
    "aifc audioop cgi cgitb chunk crypt imghdr lib2to3 mailcap nntplib pipes sndhdr sunau telnetlib uu xdrlib".split(),
    "3.13",
)
"""Modules that Python itself had → the version that no longer has them."""
_MOST_LOOKED_AT = 2_000
"""Files below the notebook's folder among which one of the same name is looked for."""


@dataclass(frozen=True)
class Scene:
    """Where an error happened."""

    file: str
    """The notebook, as it was named."""
    folder: Path
    """Where it ran."""
    cells: Sequence[tuple[int, str]]
    """Its code cells: number among all cells, from 0, and text."""
    kernel: str = "python3"
    is_task: bool = False
    """Has it a parameters cell that a pipeline fills in?"""


def advice(error: CellError, scene: Scene) -> str:
    """What to do, in sentences; '' where there is nothing to say that the error does not say itself."""
    known = _KINDS.get(error.name)
    return "" if known is None else known(error, scene)


def _missing_module(error: CellError, scene: Scene) -> str:
    match = re.search(r"No module named '([^']+)'", error.message)
    if match is None:
        return ""
    name = match[1]
    top = name.partition(".")[0]
    for folder in scene.folder.parents[:3]:
        if (folder / f"{top}.py").is_file() or (folder / top / "__init__.py").is_file():
            return (
                f"There is '{top}' in {folder}, but a notebook finds modules in its own folder, {scene.folder}: "
                f"move one of them, or begin with 'import sys; sys.path.insert(0, {str(folder)!r})'."
            )
    if top in _GONE:
        instead = " 'pip install setuptools' brings it back." if top == "distutils" else ""
        return f"Python itself had '{top}' up to {_before(_GONE[top])}. Use what has taken its place.{instead}"
    distribution = distribution_of(name)
    if name != top and distribution == distribution_of(top):
        # The package itself was found, or it would be the one that is missing.
        return f"'{top}' is there without '{name}'. {_other_version(top)}"
    what = distribution if distribution == name else f"{distribution}, which has the module '{name}',"
    return (
        f"Install {what} for the kernel '{scene.kernel}': 'pip install {distribution}' in its environment, or "
        f"'%pip install {distribution}' in a cell."
    )


def _before(version: str) -> str:
    major, _, minor = version.partition(".")
    return f"{major}.{int(minor) - 1}"


def _other_version(module: str) -> str:
    installed = installed_version(module)
    return (
        f"The library has changed since the notebook was written{f' ({installed} is installed)' if installed else ''}: "
        "see in its release notes what has taken the place of this, or install the version that was used then."
    )


def _attribute(error: CellError, scene: Scene) -> str:
    module = re.search(r"module '([\w.]+)' has no attribute", error.message)
    if module is not None:
        own = scene.folder / f"{module[1].partition('.')[0]}.py"
        if own.is_file():
            return f"{own.name} in the notebook's folder hides the library of that name: rename it."
        return _other_version(module[1])
    kind = re.search(r"'(\w+)' object has no attribute", error.message)
    if kind is not None and kind[1] == "NoneType":
        return "What stands before the dot is None: some call gave no result (as those with 'inplace=True' do)."
    return (
        "If this worked once, a library has changed since the notebook was written: see in its release notes what has "
        "taken the place of this, or install the version that was used then."
    )


def _import(error: CellError, scene: Scene) -> str:
    match = re.search(r"cannot import name '\w+' from (?:partially initialized module )?'([\w.]+)'", error.message)
    if match is None:
        return ""
    own = scene.folder / f"{match[1].partition('.')[0]}.py"
    if own.is_file():
        return f"{own.name} in the notebook's folder is what was imported: should it be a library, rename the file."
    return _other_version(match[1])


def _syntax(error: CellError, scene: Scene) -> str:
    if re.search(r"Missing parentheses in call to '(print|exec)'", error.message):
        return "The notebook is written for Python 2: rewrite it for Python 3 (print(...) has parentheses)."
    return f"Mend the line. 'cauce nb lint {scene.file}' names all such places without running anything."


def _name(error: CellError, scene: Scene) -> str:
    match = re.search(r"name '(\w+)' is not defined", error.message)
    if match is None:
        return ""
    name = match[1]
    if error.cell is not None:
        for number, text in scene.cells:
            if number > error.cell and name in _bound(text):
                return (
                    f"Cell {number + 1} further down makes '{name}': the cells were run in another order than they "
                    "stand in. Move that cell up."
                )
    if name in USUAL:
        return f"Add '{USUAL[name]}' at the top."
    if name in sys.stdlib_module_names:
        return f"Add 'import {name}' at the top."
    return (
        f"No cell makes '{name}': one that did was deleted, or changed after it had run. 'cauce nb lint {scene.file}' "
        "names all such places without running anything."
    )


def _nothing(error: CellError, scene: Scene) -> str:
    if not scene.is_task or "'NoneType' object is not" not in error.message:
        return ""
    return (
        "It is a task of a pipeline, which gives it 'upstream' and 'product'; by itself it gets neither. Run it with "
        "'cauce task NAME' or 'cauce build NAME'."
    )


def _bound(text: str) -> set[str]:
    """Names that a cell makes at its top level, roughly."""
    tree = read_cell(text).tree
    found: set[str] = set()
    todo: list[ast.AST] = [] if tree is None else [tree]
    while todo:
        node = todo.pop()
        match node:
            case ast.Name(id=name, ctx=ast.Store()):
                found.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
                continue
            case ast.alias(name=name, asname=other):
                found.add(other or name.partition(".")[0])
            case ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                continue
        todo.extend(ast.iter_child_nodes(node))
    return found


def _missing_file(error: CellError, scene: Scene) -> str:
    start = f"Paths are taken from the folder of the notebook, {scene.folder}"
    match = re.search(r"No such file or directory: '([^']+)'", error.message)
    if match is None:
        return f"{start}."
    path = match[1]
    if path.startswith(("/", "~")) or re.match(r"[A-Za-z]:[\\/]", path):
        other = _elsewhere(Path(path.replace("\\", "/")).name, scene.folder)
        there = f" There is {other}." if other else ""
        return f"The path is that of another machine: name the file from {scene.folder}.{there}"
    for folder in (Path.cwd(), *scene.folder.parents[:3]):
        if folder != scene.folder and (folder / path).exists():
            return f"{start}; in {folder} there is one: change the path, or move the notebook."
    other = _elsewhere(Path(path).name, scene.folder)
    return f"{start}. There is {other}: change the path." if other else f"{start}: put the file there."


def _elsewhere(name: str, folder: Path) -> str:
    """A file of that name below the folder, relative to it; '' when there is none, or it cannot be found soon."""
    seen = 0
    todo = [folder]
    while todo and seen < _MOST_LOOKED_AT:
        at = todo.pop(0)
        try:
            children = sorted(at.iterdir())
        except OSError:
            continue
        seen += len(children)
        for child in children:
            if child.name == name and child.is_file():
                return child.relative_to(folder).as_posix()
            if child.is_dir() and not child.name.startswith(".") and not child.is_symlink():
                todo.append(child)
    return ""


_KINDS: Mapping[str, Callable[[CellError, Scene], str]] = {
    "ModuleNotFoundError": _missing_module,
    "ImportError": _import,
    "AttributeError": _attribute,
    "SyntaxError": _syntax,
    "IndentationError": _syntax,
    "TabError": _syntax,
    "NameError": _name,
    "TypeError": _nothing,
    "FileNotFoundError": _missing_file,
}
