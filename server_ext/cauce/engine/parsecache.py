"""What was read of a project's texts, kept by content: looking again at the same text costs no parsing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from cauce.contract import Problem, Where
from cauce.engine.cellcode import Loads, UpstreamReads
from cauce.engine.evaluated import read_evaluated
from cauce.engine.remembered import Remembered, fact_key
from cauce.engine.source import (
    FLAVOUR,
    Code,
    SourceFacts,
    code_of,
    read_facts,
)
from cauce.engine.spec import Entry, Evaluated, PipelineSpec, Read, parse_spec
from cauce.engine.spec.find import find_in

if TYPE_CHECKING:
    from cauce.engine.slices import Module
    from cauce.engine.templates import Template

__all__ = ["ParseCache"]

K = TypeVar("K")
V = TypeVar("V")


class _Memory(Generic[K, V]):
    """The last content under each key, and what was read from it."""

    def __init__(self) -> None:
        self._known: dict[K, tuple[bytes, V]] = {}
        self._asked: set[K] = set()

    def get(self, key: K, content: bytes, read: Callable[[], V]) -> V:
        self._asked.add(key)
        known = self._known.get(key)
        if known is not None and known[0] == content:
            return known[1]
        value = read()
        self._known[key] = (content, value)
        return value

    def items(self) -> Iterator[tuple[K, bytes, V]]:
        for key, (content, value) in self._known.items():
            yield key, content, value

    def sweep(self) -> None:
        self._known = {key: known for key, known in self._known.items() if key in self._asked}
        self._asked.clear()

    def __len__(self) -> int:
        return len(self._known)


@dataclass(frozen=True)
class _KnownSpec:
    """A parsed pipeline, and all that it follows from."""

    entry: Entry
    reads: Mapping[str, bytes | str | None]
    finds: Mapping[str, tuple[str, ...]]
    evaluated: Evaluated
    spec: PipelineSpec

    def holds(self, entry: Entry, read: Read, evaluated: Evaluated) -> bool:
        find = find_in(entry.root)
        return (
            self.entry == entry
            and self.evaluated == evaluated
            and all(find(target) == names for target, names in self.finds.items())
            and all(_read_or_why(read, path) == content for path, content in self.reads.items())
        )


def _read_or_why(read: Read, path: str) -> bytes | str | None:
    try:
        return read(path)
    except OSError as error:
        return error.strerror or str(error)


class NotebookFacts(msgspec.Struct, frozen=True, array_like=True):
    """The facts of a notebook or script, as they are kept between processes."""

    code: Code
    text: str
    upstream: tuple[str, ...]
    loads: Loads
    reads: UpstreamReads
    kernel: str | None
    problems: tuple[Problem, ...]
    place: Where | None

    @classmethod
    def of(cls, facts: SourceFacts) -> NotebookFacts:
        return cls(**{name: getattr(facts, name) for name in cls.__struct_fields__})

    @staticmethod
    def covers(facts: SourceFacts) -> bool:
        """Is there nothing else to it? Sources that name their own products are read again each time."""
        return NotebookFacts.of(facts).facts() == facts

    def facts(self) -> SourceFacts:
        return SourceFacts(**{name: getattr(self, name) for name in self.__struct_fields__})


class ParseCache:
    """Pipeline files, sources and modules by content: looking again at the same text costs no parsing.

    Compared by bytes, not by time stamps: reading is cheap, parsing is not, and clocks lie.
    """

    def __init__(self) -> None:
        self._specs: dict[Path, _KnownSpec] = {}
        self._specs_asked: set[Path] = set()
        self._facts: _Memory[tuple[Path, str, str, bool, bool], SourceFacts] = _Memory()
        self._remembered: dict[Path, Remembered[NotebookFacts]] = {}
        self._modules: _Memory[str, tuple[Code, Loads]] = _Memory()
        self._functions: _Memory[str, Module] = _Memory()
        self._templates: _Memory[tuple[str, bool], Template] = _Memory()

    def spec(self, entry: Entry, read: Read) -> PipelineSpec:
        """See `parse_spec`, which this raises as."""
        evaluated = read_evaluated(entry)
        known = self._specs.get(entry.path)
        self._specs_asked.add(entry.path)
        if known is not None and known.holds(entry, read, evaluated):
            return known.spec
        reads: dict[str, bytes | str | None] = {}

        def noting(path: str) -> bytes | None:
            reads[path] = _read_or_why(read, path)
            return read(path)

        finds: dict[str, tuple[str, ...]] = {}

        def finding(target: str) -> tuple[str, ...]:
            finds[target] = find_in(entry.root)(target)
            return finds[target]

        spec = parse_spec(entry, noting, evaluated, finding)
        self._specs[entry.path] = _KnownSpec(entry, reads, finds, evaluated, spec)
        return spec

    def facts(
        self,
        root: Path,
        content: bytes,
        source: str,
        task: str,
        *,
        extract_upstream: bool,
        extract_product: bool = False,
    ) -> SourceFacts:
        """Of a notebook or script; see `read_facts`. `root`: the project, whose builds may have read it before."""
        key = (root, source, task, extract_upstream, extract_product)

        def read() -> SourceFacts:
            known = self._kept(root).get(fact_key(*key[1:], content))
            if known is not None:
                return known.facts()
            return read_facts(content, source, task, extract_upstream=extract_upstream, extract_product=extract_product)

        return self._facts.get(key, content, read)

    def keep(self, root: Path) -> None:
        """Have what was read of this project's notebooks and scripts in its state folder, for other processes.

        Only for who holds the project's lock.

        Raises:
            OSError: The folder cannot be written. Nothing is lost by that.
        """
        values = {
            fact_key(*key[1:], content): NotebookFacts.of(facts)
            for key, content, facts in self._facts.items()
            if key[0] == root and NotebookFacts.covers(facts)
        }
        self._kept(root).write(values)

    def _kept(self, root: Path) -> Remembered[NotebookFacts]:
        if root not in self._remembered:
            self._remembered[root] = Remembered(root, NotebookFacts, FLAVOUR)
        return self._remembered[root]

    def module(self, content: bytes, path: str) -> tuple[Code, Loads]:
        return self._modules.get(path, content, lambda: code_of(content, path))

    def functions(self, content: bytes, path: str) -> Module:
        """A module taken apart; see `read_module`."""
        from cauce.engine.slices import read_module  # like templates: only projects that have some pay for it

        return self._functions.get(path, content, lambda: read_module(content))

    def template(self, content: bytes, path: str, *, sql: bool) -> Template:
        """A template taken apart; see `read_template`."""
        from cauce.engine.templates import read_template

        return self._templates.get((path, sql), content, lambda: read_template(content, sql=sql))

    def sweep(self) -> None:
        """Forget what nobody has asked for since the last sweep."""
        for memory in (self._facts, self._modules, self._functions, self._templates):
            memory.sweep()
        self._specs = {path: known for path, known in self._specs.items() if path in self._specs_asked}
        self._specs_asked.clear()

    def __len__(self) -> int:
        sources = len(self._facts) + len(self._modules) + len(self._functions) + len(self._templates)
        return len(self._specs) + sources
