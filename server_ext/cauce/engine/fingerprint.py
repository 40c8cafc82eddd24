"""What a task's products follow from: code, modules, params, options, upstream content.

Two fingerprints that are equal mean: running again would make the same. No clocks, no
paths outside the project, nothing of the machine.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from cauce.engine.document import Value
from cauce.engine.source import Code, code_of

__all__ = ["Fingerprint", "ModuleIndex", "canonical", "local_modules"]

ModuleReader = Callable[[str], bytes | Code | None]
"""Content of a file of the project by its POSIX path relative to the root; None if absent.

What is too large to be parsed comes as its identity alone.
"""


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

    def __init__(self, read: ModuleReader) -> None:
        self._read = read
        self._seen: dict[str, tuple[Code, tuple[str, ...]] | None] = {}

    def module(self, path: str) -> tuple[Code, tuple[str, ...]] | None:
        """Identity and imports of a module file, None when there is none."""
        if path not in self._seen:
            match self._read(path):
                case bytes(content):
                    self._seen[path] = code_of(content)
                case Code() as code:
                    self._seen[path] = (code, ())
                case None:
                    self._seen[path] = None
        return self._seen[path]


def local_modules(imports: Iterable[str], index: ModuleIndex) -> dict[str, Code]:
    """The project's own modules behind the imports, transitively; sorted by path.

    A task's working directory is the project root, so `import a.b` means ``a.py``,
    ``a/__init__.py``, ``a/b.py`` or ``a/b/__init__.py`` below it. What is not there is an
    installed package and does not count.
    """
    found: dict[str, Code] = {}
    todo = [(name, "") for name in imports]
    while todo:
        name, package = todo.pop()
        for path in _candidates(_absolute(name, package)):
            if path in found:
                continue
            module = index.module(path)
            if module is None:
                continue
            code, inner = module
            found[path] = code
            todo.extend((other, _package_of(path)) for other in inner)
    return dict(sorted(found.items()))


def _absolute(name: str, package: str) -> str:
    """`..b` inside package `a.c` is `a.b`."""
    bare = name.lstrip(".")
    level = len(name) - len(bare)
    if level == 0:
        return name
    parts = package.split(".") if package else []
    base = parts[: len(parts) - (level - 1)] if level > 1 else parts
    return ".".join([*base, bare])


def _candidates(name: str) -> Iterable[str]:
    """Files that importing a dotted name may run: each package on the way, and the module."""
    parts = [part for part in name.split(".") if part and part != "*"]  # `from a import *`
    for length in range(1, len(parts) + 1):
        stem = "/".join(parts[:length])
        yield f"{stem}.py"
        yield f"{stem}/__init__.py"


def _package_of(path: str) -> str:
    """The package in which a module file's relative imports start."""
    folder = Path(path).parent
    return ".".join(folder.parts)
