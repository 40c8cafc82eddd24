"""Which section reads a file that another has written."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cauce.engine.refactor.following.remaking import IN_MEMORY
from cauce.engine.refactor.following.timeline import Line
from cauce.engine.refactor.model import Evidence, Names, Section, TakenFile, Trace

__all__ = ["Filed", "files_between"]


_CHANGES_FOLDER = re.compile(r"\bchdir\(|^%(?:cd|pushd)\b", re.M)


@dataclass(frozen=True)
class Filed:
    """Of one section."""

    reads: tuple[TakenFile, ...] = ()
    after: tuple[int, ...] = ()
    """Sections that it comes after for files' sake: they have read what it writes anew."""
    products: Names = ()
    """What it is the only one to write."""


def files_between(lines: Sequence[Line], sections: Sequence[Section], trace: Trace | None) -> list[Filed]:
    """Follow the files: read ones come from who wrote them last, overwritten ones wait for who read them."""
    elsewhere = _elsewhere(lines)
    reads: list[dict[str, Evidence]] = [{} for _ in sections]
    writes: list[dict[str, Evidence]] = [{} for _ in sections]
    for section, path, is_read, evidence in _uses(lines, sections, trace):
        if path == IN_MEMORY:
            continue
        if is_read and path not in writes[section]:
            reads[section].setdefault(path, evidence)
        if not is_read:
            writes[section].setdefault(path, evidence)
    writers: dict[str, list[int]] = {}
    readers: dict[str, list[int]] = {}
    result: list[Filed] = []
    for at in range(len(sections)):
        taken: list[TakenFile] = []
        after: dict[int, None] = {}
        for path, evidence in {**writes[at], **reads[at]}.items():
            if writers.get(path):
                taken.append(TakenFile(sections[writers[path][-1]].name, path, evidence))
            if path in writes[at]:
                after.update(dict.fromkeys(readers.get(path, ())))
        for path in reads[at]:
            readers.setdefault(path, []).append(at)
        for path in writes[at]:
            writers.setdefault(path, []).append(at)
        result.append(Filed(tuple(taken), tuple(after)))
    return [
        Filed(
            one.reads,
            one.after,
            tuple(
                path
                for path in writes[at]
                if writers[path] == [at] and (writes[at][path] == "traced" or path not in elsewhere)
            ),
        )
        for at, one in enumerate(result)
    ]


def _elsewhere(lines: Sequence[Line]) -> frozenset[str]:
    """Relative paths, written where the working folder is another than that of the pipeline."""
    changes = [line.index for line in lines if _CHANGES_FOLDER.search(line.statement.text)]
    paths = (path for line in lines if changes and line.index > changes[0] for path in line.effect.writes_files)
    return frozenset(_normal(path) for path in paths if not posixpath.isabs(path))


def _uses(
    lines: Sequence[Line], sections: Sequence[Section], trace: Trace | None
) -> Iterator[tuple[int, str, bool, Evidence]]:
    """Section, path, is it read?, evidence: in order."""
    traced = {} if trace is None else {cell.cell: cell for cell in trace.cells}
    told: set[int] = set()
    written_modules: set[str] = set()
    for line in lines:
        cell = traced.get(line.statement.cell)
        for module in {meaning.partition(".")[0] for meaning in line.statement.imports.values()}:
            if f"{module}.py" in written_modules:
                yield line.section, f"{module}.py", True, "static"
        seen_reads = set() if cell is None else {_normal(path) for path in cell.reads}
        seen_writes = set() if cell is None else {_normal(path) for path in cell.writes}
        for path in map(_normal, line.effect.reads_files):
            yield line.section, path, True, "traced" if path in seen_reads else "static"
        for path in map(_normal, line.effect.writes_files):
            written_modules.add(path)
            yield line.section, path, False, "traced" if path in seen_writes else "static"
        if cell is not None and cell.cell not in told:
            told.add(cell.cell)
            for path in map(_normal, cell.reads):
                yield line.section, path, True, "traced"
            for path in map(_normal, cell.writes):
                yield line.section, path, False, "traced"


def _normal(path: str) -> str:
    return posixpath.normpath(path)
