"""A source with some cells changed, every other byte as it was. Pure.

Scripts are `write_notebook`'s business, which merges by lines. An .ipynb that another tool has laid
out in its own way is JSON that would be written anew as a whole: here its text is changed where the
cells are that differ, and nowhere else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cauce.engine.notebook import SourceError, read_notebook, write_notebook

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["rewritten"]

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


def rewritten(content: bytes, path: Path, wanted: NotebookNode) -> bytes:
    """The source with these cells (and without the notebook metadata that `wanted` lacks).

    Raises:
        SourceError: It cannot be written so.
    """
    if path.suffix == ".ipynb":
        try:
            merged = _merged(content, path, wanted)
            if _plain(read_notebook(merged, path)) == _plain(wanted):
                return merged
        except (_NotPlain, ValueError, KeyError, TypeError, AttributeError, SourceError):
            pass  # an older format, a damaged file: written anew
    return write_notebook(wanted, content, path)


class _NotPlain(Exception):
    """The file is not laid out so that single cells of it can be changed."""


def _plain(notebook: NotebookNode) -> Any:
    return json.loads(json.dumps(notebook))


def _merged(content: bytes, path: Path, wanted: NotebookNode) -> bytes:
    text = content.decode("utf-8")  # a BOM is none of JSON's
    had = _plain(read_notebook(content, path))
    if had["nbformat"] != json.loads(text)["nbformat"]:
        raise _NotPlain
    now = _plain(wanted)
    before, after = had["cells"], now["cells"]
    old_keys, new_keys = ([json.dumps(cell, sort_keys=True) for cell in cells] for cells in (before, after))
    for tag, a, b, c, d in reversed(SequenceMatcher(None, old_keys, new_keys, autojunk=False).get_opcodes()):
        if tag == "equal":
            continue
        same = min(b - a, d - c)
        text = _without_cells(text, a + same, b)
        for offset in reversed(range(c + same, d)):
            text = _with_cell(text, a + same, after[offset])
        for offset in range(same):
            old, new = before[a + offset], after[c + offset]
            if {**old, "source": ""} != {**new, "source": ""}:
                text = _with_cell(_without_cells(text, a + offset, a + offset + 1), a + offset, new)
            else:
                text = _with_source(text, a + offset, new["source"])
    for key in had["metadata"]:
        if key not in now["metadata"]:
            text = _without_metadata(text, key)
    return text.encode("utf-8", "surrogatepass")


# --- JSON with positions ------------------------------------------------------------------


def _space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return at if match is None else match.end()


def _end_of(text: str, at: int) -> int:
    return _DECODER.raw_decode(text, at)[1]


def _members(text: str, at: int) -> Iterator[tuple[str, int, int, int]]:
    """Of the object that begins at `at`: key, where the key begins, where its value begins and ends."""
    at = _space(text, at + 1)
    while text[at] != "}":
        start = at
        key, at = _DECODER.raw_decode(text, at)
        value = _space(text, _space(text, at) + 1)
        end = _end_of(text, value)
        yield key, start, value, end
        at = _space(text, end)
        at = _space(text, at + 1) if text[at] == "," else at


def _elements(text: str, at: int) -> list[tuple[int, int]]:
    found = []
    at = _space(text, at + 1)
    while text[at] != "]":
        end = _end_of(text, at)
        found.append((at, end))
        at = _space(text, end)
        at = _space(text, at + 1) if text[at] == "," else at
    return found


def _member(text: str, at: int, key: str) -> tuple[int, int]:
    for name, _, start, end in _members(text, at):
        if name == key:
            return start, end
    raise _NotPlain


def _cells(text: str) -> tuple[int, int]:
    return _member(text, _space(text, 0), "cells")


def _without_cells(text: str, first: int, stop: int) -> str:
    if first == stop:
        return text
    place, end = _cells(text)
    spans = _elements(text, place)
    if stop < len(spans):
        return text[: spans[first][0]] + text[spans[stop][0] :]
    if first:
        return text[: spans[first - 1][1]] + text[spans[-1][1] :]
    return text[:place] + "[]" + text[end:]


def _with_cell(text: str, index: int, cell: Any) -> str:
    place, end = _cells(text)
    spans = _elements(text, place)
    if not spans:
        return text[:place] + f"[{_dumps(cell, text, None)}]" + text[end:]
    gap = text[place + 1 : spans[0][0]]
    indent = gap.rpartition("\n")[2] if "\n" in gap else None
    written = _dumps(cell, text, indent)
    if index < len(spans):
        spot = spans[index][0]
        return f"{text[:spot]}{written},{gap or ' '}{text[spot:]}"
    spot = spans[-1][1]
    return f"{text[:spot]},{gap or ' '}{written}{text[spot:]}"


def _dumps(value: Any, text: str, indent: str | None) -> str:
    """The value as JSON, laid out as in the text, its lines but the first below `indent`."""
    if indent is None:
        return json.dumps(value, ensure_ascii=text.isascii())
    unit = re.search(r"\{\r?\n([ \t]+)\"", text)
    newline = "\r\n" if "\r\n" in text else "\n"
    if isinstance(value, dict) and isinstance(value.get("source"), str):
        value = {**value, "source": value["source"].splitlines(keepends=True)}
    keys_sorted = json.dumps(value, indent=unit[1] if unit else 1, ensure_ascii=text.isascii(), sort_keys=True)
    return keys_sorted.replace("\n", newline + indent)


def _with_source(text: str, index: int, source: str) -> str:
    place, _ = _cells(text)
    start, end = _member(text, _elements(text, place)[index][0], "source")
    if text[start] == '"':
        return text[:start] + json.dumps(source, ensure_ascii=text.isascii()) + text[end:]
    spans = _elements(text, start)
    lines = source.splitlines(keepends=True)
    if not spans or not lines:
        return text[:start] + _list(lines, text) + text[end:]
    # Lines that stay keep their bytes, escapes included.
    old = [json.loads(text[a:b]) for a, b in spans]
    kept: dict[str, str] = {line: text[a:b] for line, (a, b) in zip(old, spans, strict=True)}
    gap = text[start + 1 : spans[0][0]]
    between = text[spans[0][1] : spans[1][0]] if len(spans) > 1 else f",{gap or ' '}"
    tail = text[spans[-1][1] : end]
    body = between.join(kept.get(line) or json.dumps(line, ensure_ascii=text.isascii()) for line in lines)
    return text[: start + 1] + gap + body + tail + text[end:]


def _list(lines: Sequence[str], text: str) -> str:
    return json.dumps(list(lines), ensure_ascii=text.isascii())


def _without_metadata(text: str, key: str) -> str:
    place, end = _member(text, _space(text, 0), "metadata")
    members = list(_members(text, place))
    for position, (name, start, _, stop) in enumerate(members):
        if name != key:
            continue
        if len(members) == 1:
            return text[:place] + "{}" + text[end:]
        if position + 1 < len(members):
            return text[:start] + text[members[position + 1][1] :]
        return text[: members[position - 1][3]] + text[stop:]
    return text
