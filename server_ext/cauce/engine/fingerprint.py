"""What a task's products follow from: code, modules, params, options, upstream content.

Two fingerprints that are equal mean: running again would make the same. No clocks, and
nothing of the machine but where the project's links out of it lead to.
"""

from __future__ import annotations

import json
import math
import posixpath
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import PurePosixPath

import msgspec

from cauce.engine.cellcode import Loads
from cauce.engine.document import Value
from cauce.engine.source import Code, code_of

__all__ = ["Fingerprint", "ModuleIndex", "canonical", "local_modules", "settled"]

ModuleReader = Callable[[str], bytes | Code | None]
"""Content of a file of the project by its POSIX path relative to the root; None if absent.

What is too large to be parsed comes as its identity alone.
"""
ModuleParser = Callable[[bytes, str], tuple[Code, Loads]]


_MAX_FOLDERS = 20
_MAX_DEPTH = 20
_MAX_SCRIPTS = 1_000
"""More than anybody has; a text made to have thousands must not keep us looking."""


class Fingerprint(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that decides what a run of a task makes. Stored as JSON with each attempt."""

    code: Code
    text: str
    """The code cells as they were, to show what changed since."""
    modules: dict[str, Code]
    """Modules of the project that the code imports, directly or not: path → identity."""
    params: dict[str, str]
    """Parameter → canonical JSON."""
    options: dict[str, str]
    """What else counts: product paths, and the kernel that pipeline.yaml or else the source names."""
    upstream: dict[str, dict[str, str]]
    """Upstream task → its products' paths → content hash. Empty hashes are not comparable."""
    given: dict[str, str] = {}
    """`upstream` and `product` as the injected cell says them, as canonical JSON: also which names
    and groups upstream has there, which keys lead to which path, and in which order."""
    unpickled: dict[str, dict[str, Code]] = {}
    """Upstream task whose products are pickled objects → the code that such an object may be of. Its
    bytes hold but the names of its classes: what they do may change while the bytes stay."""
    resources: dict[str, str] = {}
    """`resources_`: name → content hash of the file. Not its path: a file may move."""


_NOTHING = Code("", "", "")
_CHANGED = "changed while it ran"


def settled(before: Fingerprint, after: Fingerprint) -> Fingerprint:
    """What a run followed from, when its inputs looked so before it and so after it.

    Of a module or product that changed meanwhile nobody knows which state the run has seen: in
    its place stands what is equal to nothing, so that the task is stale and says because of what.
    """
    modules = {
        path: code if path in after.modules and code.same(after.modules[path]) else _NOTHING
        for path, code in before.modules.items()
    }
    upstream = {
        task: {path: value if after.upstream[task].get(path) == value else _CHANGED for path, value in values.items()}
        for task, values in before.upstream.items()
    }
    new = dict.fromkeys(after.modules.keys() - before.modules.keys(), _NOTHING)
    return msgspec.structs.replace(
        before,
        code=before.code if before.code.same(after.code) else _NOTHING,
        modules=dict(sorted((modules | new).items())),
        upstream=upstream,
        resources={
            name: value if after.resources.get(name) == value else _CHANGED for name, value in before.resources.items()
        },
    )


def canonical(value: Value) -> str:
    """A value as JSON that is equal when the injected cell is: keys in their order, exact numbers."""

    def exact(part: Value) -> Value:
        match part:
            case float() if not math.isfinite(part):
                return {"__float__": repr(part)}
            case list():
                return [exact(item) for item in part]
            case dict():
                return {key: exact(item) for key, item in part.items()}
            case _:
                return part

    return json.dumps(exact(value), separators=(",", ":"), ensure_ascii=False)


class ModuleIndex:
    """Modules of one project, each read and parsed once while the index lives."""

    def __init__(self, read: ModuleReader, parse: ModuleParser = code_of) -> None:
        self._read = read
        self._parse = parse
        self._seen: dict[str, tuple[Code, Loads] | None] = {}

    def module(self, path: str) -> tuple[Code, Loads] | None:
        """Identity of a module file and what it loads, None when there is none."""
        if path not in self._seen:
            match self._read(path):
                case bytes(content):
                    self._seen[path] = self._parse(content, path)
                case Code() as code:
                    self._seen[path] = (code, Loads())
                case None:
                    self._seen[path] = None
        return self._seen[path]


Start = tuple[Loads, str]
"""What a file loads, and the file: relative imports are relative to it. '' for the project root."""


def local_modules(
    loads: Loads,
    index: ModuleIndex,
    origin: str = "",
    further: Sequence[Start] = (),
    passed: Collection[str] = (),
    folder: str = "",
    made: Collection[str] = (),
) -> dict[str, Code]:
    """The project's own modules behind what a task loads, transitively; sorted by path.

    `import a.b` means ``a.py``, ``a/__init__.py``, ``a/b.py`` or ``a/b/__init__.py`` below the
    project root, below the folder in which the task works, or below one that the code puts on
    `sys.path` by its literal name. What is found in neither may come from a
    project installed from its ``src/`` folder, and is looked for there. What is not there
    either is an installed package and does not count; nor does what is imported by a
    computed name. Too many modules cost a needless run, one too few a wrong "fresh": of
    several that a name may mean all count.

    Args:
        origin: The file whose `loads` these are; '' for a notebook, which belongs to no package.
        further: What other files load, each with the file.
        passed: Packages that the caller accounts for as far as they are only on the way.
        folder: Where the task works; '' for the project root.
        made: Files that tasks make: naming one is not running it.
    """
    starts = [(loads, origin), *further]
    folders = {"", folder}
    while True:
        found, named = _reached(starts, index, sorted(folders), passed, folder, made)
        more = folders.union(sorted(named)[:_MAX_FOLDERS])
        if more == folders:
            return dict(sorted(found.items()))
        folders = more  # what was looked for before may be found there


def _reached(
    starts: Sequence[Start],
    index: ModuleIndex,
    folders: list[str],
    passed: Collection[str],
    folder: str,
    made: Collection[str],
) -> tuple[dict[str, Code], set[str]]:
    """Modules found when looking in these folders, and folders that the code names itself."""
    found: dict[str, Code] = {}
    named: set[str] = set()
    for loads, place in starts:
        named |= _inside(loads.folders, "", folder, posixpath.dirname(place))
    todo = list(reversed(starts))
    while todo:
        outer, place = todo.pop()
        scripts = _inside(outer.files, "", folder, posixpath.dirname(place)).difference(made, [place])
        paths = [path for name in outer.imports for path in _imported(name, place, index, folders, passed)]
        for path in dict.fromkeys([*paths, *sorted(scripts)[:_MAX_SCRIPTS]]):
            module = None if path in found else index.module(path)
            if module is None:
                continue
            code, inner = module
            found[path] = code
            todo.append((inner, path))
            named |= _inside(inner.folders, "", folder, posixpath.dirname(path))
            if path in scripts:
                named.add(posixpath.dirname(path))  # a script finds what is beside it
    return found, named


def _imported(name: str, place: str, index: ModuleIndex, folders: list[str], passed: Collection[str]) -> Iterable[str]:
    """Files that importing a dotted name in the file `place` may run."""
    bare = name.lstrip(".")
    parts = [part for part in bare.split(".") if part and part != "*"]  # `from a import *`
    if level := len(name) - len(bare):  # `..b` inside package `a.c` is `a.b`
        package = PurePosixPath(place).parent.parts
        return _unpassed([*package[: max(0, len(package) - level + 1)], *parts], "", index, passed)
    paths = [path for folder in folders for path in _unpassed(parts, folder, index, passed)]
    if any(index.module(path) is not None for path in paths):
        return paths
    if any(index.module(path) is not None for folder in folders for path in _candidates(parts, folder)):
        return paths
    return _unpassed(parts, "src", index, passed)


def _unpassed(parts: list[str], folder: str, index: ModuleIndex, passed: Collection[str]) -> list[str]:
    """The candidates without the packages that are only on the way to what is meant."""
    paths = list(_candidates(parts, folder))
    if not passed:
        return paths
    there = [path for path in paths if index.module(path) is not None]
    return [path for path in paths if path not in passed or (there and path == there[-1])]


def _candidates(parts: list[str], folder: str = "") -> Iterable[str]:
    """Each package on the way, and the module."""
    for length in range(1, min(len(parts), _MAX_DEPTH) + 1):
        stem = "/".join([folder, *parts[:length]] if folder else parts[:length])
        yield f"{stem}.py"
        yield f"{stem}/__init__.py"


def _inside(paths: Collection[str], *bases: str) -> set[str]:
    """What they name below the root as seen from one of these folders, each in one spelling."""
    seen = (posixpath.join(base, path) for base in dict.fromkeys(bases) for path in paths if path.isprintable())
    plain = {posixpath.normpath(path or ".") for path in seen}
    return {"" if path == "." else path for path in plain if not path.startswith(("/", "../")) and path != ".."}
