"""A task that is a function: where it is defined. Read, never imported.

'pkg.tasks.clean' ─► files that hold it ─► Module.slice('clean') ─► SourceFacts
"""

from __future__ import annotations

import difflib
import importlib.util
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from cauce.contract import Problem, Where
from cauce.engine.cellcode import Loads, UpstreamReads
from cauce.engine.document import readable
from cauce.engine.slices import Module, read_module
from cauce.engine.source import Code, SourceFacts, digest

__all__ = ["FunctionIndex", "function_facts"]

_MAX_HOPS = 8
_MAX_PARTS = 20


class FunctionIndex:
    """The modules of one project, each taken apart once while the index lives."""

    def __init__(
        self,
        read: Callable[[str], bytes | Code | None],
        listing: Callable[[str], Sequence[str]],
        parse: Callable[[bytes, str], Module] = lambda content, _: read_module(content),
        folders: Sequence[str] = ("", "src"),
    ) -> None:
        """`listing` gives the names in a folder, none where there is no such folder."""
        self._read = read
        self._parse = parse
        self._seen: dict[str, Module | None] = {}
        self._installed: dict[str, bool] = {}
        self.listing = listing
        self.folders = folders
        """Where modules are looked for, in this order."""

    def module(self, path: str) -> Module | None:
        """A module file, None when there is none."""
        if path not in self._seen:
            match self._read(path):
                case bytes(content):
                    self._seen[path] = self._parse(content, path)
                case Code() as code:
                    self._seen[path] = Module(code.raw, "", error="it is too large to be read")
                case None:
                    self._seen[path] = None
        return self._seen[path]

    def locate(self, parts: Sequence[str], folders: Sequence[str] | None = None) -> str | None:
        """The file that a module is, None when the project has none of that name."""
        return next((path for path in self.candidates(parts, folders) if self.module(path) is not None), None)

    def candidates(self, parts: Sequence[str], folders: Sequence[str] | None = None) -> Iterator[str]:
        """Where a module may be."""
        stem = "/".join(parts[:_MAX_PARTS])
        for folder in self.folders if folders is None else folders:
            for path in (f"{stem}/__init__.py", f"{stem}.py"):
                yield f"{folder}/{path}" if folder else path

    def installed(self, name: str) -> bool:
        """Is there a package of this (undotted) name in our own environment? Imports nothing."""
        if name not in self._installed:
            try:
                self._installed[name] = importlib.util.find_spec(name) is not None
            except (ImportError, ValueError, AttributeError):
                self._installed[name] = False
        return self._installed[name]


@dataclass(frozen=True)
class _Found:
    """A definition: the file, the name in it, and the files that handed it on."""

    path: str
    name: str
    handed: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class _Elsewhere:
    """It comes from an installed package."""

    handed: tuple[tuple[str, str], ...] = ()


def function_facts(dotted: str, task: str, where: Where, index: FunctionIndex) -> SourceFacts:
    """What a function's definition says. Never raises: what is wrong comes as a problem.

    Args:
        dotted: ``package.module.function``.
        where: Where the pipeline names it, for problems.
    """

    def wrong(code: str, message: str, hint: str, place: Where | None = None) -> SourceFacts:
        problem = Problem(code=code, message=message, severity="error", hint=hint, where=place or where, task=task)
        awaited = index.candidates(parts) if path is None else (path,)
        code_of_none = Code(digest(dotted.encode()), "")
        return SourceFacts(code_of_none, "", (), place=place, problems=(problem,), awaited=tuple(awaited))

    *parts, name = dotted.split(".")
    path: str | None = None
    if not parts or len(parts) > _MAX_PARTS or not all(part.isidentifier() for part in (*parts, name)):
        return wrong("function_name", f"'{dotted}' is not the name of a function.", "Write 'module.function'.")
    path = index.locate(parts)
    if path is None:
        if len(parts) > 1 and (owner := index.locate(parts[:-1])) and _class_line(index, owner, parts[-1]):
            message = f"'{dotted}' is a method: whose it would be cannot be told."
            return wrong("function_missing", message, "Write a function that calls it.")
        if not _begins_here(parts, index) and index.installed(parts[0]):
            return _outside(dotted, task, where, digest(dotted.encode()))
        return wrong("module_missing", *_no_module(parts, index))
    found = _definition(path, name, index)
    if isinstance(found, Problem):
        return wrong(found.code, found.message, found.hint, found.where)
    raw = digest(
        "\0".join([dotted, *(m.raw for p, _ in _files(found, path) if (m := index.module(p)) is not None)]).encode()
    )
    if isinstance(found, _Elsewhere):
        facts = _outside(dotted, task, where, raw)
        return _with_packages(facts, found.handed, path, index)
    module = index.module(found.path)
    if module is None:  # it was just there
        return wrong("module_missing", *_no_module(parts, index))
    sliced = module.slice(found.name)
    function = module.functions.get(found.name)
    line = function.line if function else module.classes.get(found.name)
    place = Where(path=found.path, line=line)
    problems: tuple[Problem, ...] = ()
    if function is None:
        message = f"'{found.name}' in {found.path} is no function: what it needs cannot be told."
        hint = "Write it with 'def', or give 'upstream' in the pipeline."
        problems = (
            Problem(code="function_computed", message=message, severity="warning", hint=hint, where=place, task=task),
        )
    facts = SourceFacts(
        code=Code(raw, sliced.normal),
        text=readable(sliced.text),
        upstream=function.upstream if function else (),
        loads=sliced.loads,
        reads=function.reads if function else UpstreamReads(),
        place=place,
        origin=found.path,
        signature=function.signature if function else None,
        problems=problems,
    )
    return _with_packages(facts, found.handed, found.path, index)


def _files(found: _Found | _Elsewhere, path: str) -> tuple[tuple[str, str], ...]:
    return (*found.handed, (found.path, found.name)) if isinstance(found, _Found) else (*found.handed, (path, ""))


def _definition(path: str, name: str, index: FunctionIndex) -> _Found | _Elsewhere | Problem:
    """Follow a name from module to module to where it is defined."""
    handed: list[tuple[str, str]] = []
    while len(handed) <= _MAX_HOPS:
        module = index.module(path)
        if module is None:
            return _Elsewhere(tuple(handed))
        if module.error is not None:
            return Problem(
                code="module_broken",
                message=f"{path} cannot be read as Python: {module.error}.",
                severity="error",
                hint="Mend it: nothing in it can run.",
                where=Where(path=path, line=module.error_line),
            )
        step = module.imports.get(name)
        if name in module.functions or (step is None and name in module.classes) or step is None:
            if name in module.functions or module.binds(name):
                return _Found(path, name, tuple(handed))
            if (passed := _through_star(path, module, name, index)) is None:
                return _no_function(path, module, name)
            step = (passed, name)
        handed.append((path, name))
        target, wanted = step
        following = _target(target, wanted, path, index)
        if following is None:
            return _Elsewhere(tuple(handed))
        path, name = following
    return Problem(
        code="function_missing",
        message=f"'{name}' is handed on from module to module without end.",
        severity="error",
        hint="Name the module that defines it.",
    )


def _target(target: str, wanted: str, path: str, index: FunctionIndex) -> tuple[str, str] | None:
    """The file and the name in it that ``from target import wanted`` in the file `path` means."""
    bare = target.lstrip(".")
    parts = [part for part in bare.split(".") if part]
    folders: Sequence[str] | None = None
    if level := len(target) - len(bare):
        package = path.split("/")[:-1]
        parts = [*package[: max(0, len(package) - level + 1)], *parts]
        folders = [""]
    if not wanted or not parts:
        return None
    found = index.locate(parts[: _MAX_PARTS + 2], folders)
    return None if found is None else (found, wanted)


def _through_star(path: str, module: Module, name: str, index: FunctionIndex) -> str | None:
    """The module whose ``import *`` brings a name."""
    for star in module.stars[:_MAX_PARTS]:
        following = _target(star, name, path, index)
        inner = index.module(following[0]) if following is not None else None
        if inner is not None and (inner.binds(name) or inner.stars):
            return star
    return None


def _with_packages(
    facts: SourceFacts, handed: Sequence[tuple[str, str]], path: str, index: FunctionIndex
) -> SourceFacts:
    """The facts with what counts of the packages on the way and of modules that hand the name on."""
    names: dict[str, str] = {}
    for each in (*(file for file, _ in handed), path):
        pieces = each.split("/")[:-1]
        for depth in range(1, len(pieces) + 1):
            package = "/".join([*pieces[:depth], "__init__.py"])
            if package != path and index.module(package) is not None:
                names.setdefault(package, "")
    names.update((file, name) for file, name in handed if file != path)
    passed: dict[str, Code] = {}
    more: list[tuple[Loads, str]] = []
    for file, name in sorted(names.items()):
        module = index.module(file)
        if module is not None:
            normal, loads = module.on_the_way(name)
            passed[file] = Code(digest(f"{name}\0{module.raw}".encode()), normal)
            more.append((loads, file))
    return replace(facts, passed=passed, further=tuple(more))


def _outside(dotted: str, task: str, where: Where, raw: str) -> SourceFacts:
    message = f"'{dotted}' is not in the project: changes in it are not seen."
    hint = "Build the task with force after an update of its package."
    problem = Problem(code="function_outside", message=message, severity="warning", hint=hint, where=where, task=task)
    return SourceFacts(Code(raw, digest(dotted.encode())), f"{dotted}\n", (), problems=(problem,))


def _class_line(index: FunctionIndex, path: str, name: str) -> int | None:
    module = index.module(path)
    return None if module is None else module.classes.get(name)


def _begins_here(parts: Sequence[str], index: FunctionIndex) -> bool:
    if index.locate(parts[:1]) is not None:
        return True
    return any(index.listing(f"{folder}/{parts[0]}" if folder else parts[0]) for folder in index.folders)


def _no_module(parts: Sequence[str], index: FunctionIndex) -> tuple[str, str]:
    """Message and hint: which part of a module's name is not there, and what it may have been meant for."""
    known: Sequence[str] = ()
    depth = 0
    for depth in range(len(parts)):
        names: dict[str, None] = {}
        for folder in index.folders:
            place = "/".join(filter(None, [folder, *parts[:depth]]))
            names.update(dict.fromkeys(_modules(index.listing(place))))
        known = tuple(names)
        if parts[depth] not in known:
            break
    else:  # all of it is there: it was no file that could be read
        file = next((path for path in index.candidates(parts) if _is_listed(path, index)), None)
        if file is not None:
            return f"The module {file} cannot be read.", "Make it readable for you, or correct 'source'."
        return f"'{'.'.join(parts)}' is a folder, in which no function is.", "Write 'folder.module.function'."
    [close] = difflib.get_close_matches(parts[depth], known[:500], n=1) or [""]
    module = ".".join(parts)
    meant = ".".join([*parts[:depth], close, *parts[depth + 1 :]])
    if close:
        return f"There is no module '{module}'.", f"Did you mean '{meant}'?"
    return f"There is no module '{module}'.", f"Create {'/'.join(parts)}.py, or correct 'source'."


def _is_listed(path: str, index: FunctionIndex) -> bool:
    folder, _, name = path.rpartition("/")
    return name in index.listing(folder)


def _modules(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        stem = name.removesuffix(".py")
        if stem.isidentifier() and not stem.startswith("__"):
            yield stem


def _no_function(path: str, module: Module, name: str) -> Problem:
    known = list(module.functions)[:500]
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean '{close[0]}'?" if close else f"Write 'def {name}(product): …' there, or correct 'source'."
    return Problem(
        code="function_missing",
        message=f"There is no function '{name}' in {path}.",
        severity="error",
        hint=hint,
    )
