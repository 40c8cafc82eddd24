"""A task's source as a notebook: bytes → `read_notebook` → `write_notebook` → the same bytes.

Pure, and reading never runs anything: jupytext's formats that would start a program (marimo,
quarto, pandoc) are refused.

jupytext does the conversion. What it cannot keep is kept here: encoding, BOM, line ends, the
last newline, form feeds, and whatever else it would write differently from how the user wrote
it. `write_notebook` renders both the notebook in the file and the notebook to be saved, and
applies to the file only what differs between the two renderings.
"""

from __future__ import annotations

import codecs
import hashlib
import io
import json
import re
import tokenize
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cauce.engine.jupytextyaml import TooMuchYaml, guard_jupytext
from cauce.engine.unwarned import unwarned

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = [
    "NO_ENCODINGS",
    "RUN_PROGRAMS",
    "SourceError",
    "SourceText",
    "cell_id",
    "read_notebook",
    "warm_up",
    "write_notebook",
]


class SourceError(Exception):
    """A source cannot be read or written as a notebook. `hint` says what the user can do."""

    def __init__(
        self, path: Path, message: str, hint: str, line: int | None = None, code: str = "source_unreadable"
    ) -> None:
        place = f"{path}:{line}" if line is not None else f"{path}"
        super().__init__(f"{place}: {message} {hint}")
        self.path = path
        self.message = message
        self.hint = hint
        self.line = line
        self.code = code


def warm_up() -> None:
    """Read something, so that the first notebook is not slower than the next: imports, and nbformat's schema."""
    read_notebook(b"0\n", Path("warm.py"))


# --- Reading ------------------------------------------------------------------------------


def read_notebook(content: bytes, path: Path) -> NotebookNode:
    """The notebook that these bytes hold, in the format that they and the suffix say.

    Only `content` and the suffix of `path` count: neither the disk nor a jupytext
    configuration file is consulted, so that server, builder and command line see the same
    cells. Cell ids follow from content and position; an .ipynb keeps its own. Raises
    SourceError and nothing else.
    """
    if path.suffix == ".ipynb":
        return _read_ipynb(content, path)
    text = SourceText.decode(content, path)
    return _read_text(text.lines, path, text.cookie)


def _read_ipynb(content: bytes, path: Path) -> NotebookNode:
    import nbformat

    reads: Callable[..., NotebookNode] = nbformat.reads
    if not content.strip():
        raise SourceError(path, "The notebook is an empty file.", "Delete it or create it again in JupyterLab.")
    try:
        raw = json.loads(content.decode("utf-8-sig"))
        with_ids = isinstance(raw, dict) and raw.get("nbformat") == 4
        if not isinstance(raw, dict) or "nbformat" not in raw:
            raise SourceError(path, "This is not a notebook: there is no 'nbformat' in it.", _RECREATE)
        _check_size(path, len(raw.get("cells", ())))
        named = [cell.get("id") for cell in raw.get("cells", ())] if with_ids else []
        # nbformat invents random ids for cells that lack one of their own, and says so at length.
        for index in _without_id(raw):
            cell = raw["cells"][index]
            cell["id"] = cell_id(index, str(cell.get("cell_type")), json.dumps(cell.get("source")))
        notebook = reads(json.dumps(raw), as_version=4)
    except SourceError:
        raise
    except json.JSONDecodeError as error:
        raise SourceError(path, f"The notebook is not valid JSON: {error.msg}.", _RECREATE, error.lineno) from error
    except Exception as error:  # nbformat raises whatever its converters and jsonschema raise
        raise SourceError(path, f"The notebook cannot be read: {_one_line(error)}.", _RECREATE) from error
    if not named:
        _set_ids(notebook)
    return notebook


def _without_id(raw: dict[str, Any]) -> list[int]:
    """Which cells of an .ipynb have no id of their own, though they should."""
    if raw.get("nbformat") != 4 or raw.get("nbformat_minor", 0) < 5:
        return []
    seen: set[object] = set()
    found: list[int] = []
    for index, cell in enumerate(raw.get("cells", ())):
        if not cell.get("id") or cell["id"] in seen:
            found.append(index)
        seen.add(cell.get("id"))
    return found


_RECREATE = "Open it in JupyterLab and save it again, or restore it from version control."


def _read_text(lines: Sequence[str], path: Path, cookie: str | None) -> NotebookNode:
    import jupytext
    from jupytext import formats

    from cauce.engine.jupytextcells import hasten_jupytext

    guard_jupytext()
    hasten_jupytext()
    _check_size(path, 0, len(lines))
    reads: Callable[..., NotebookNode] = jupytext.reads
    declared_format: Callable[[str, str], str | None] = formats.read_format_from_metadata
    guess_format: Callable[[str, str], tuple[str | None, dict[str, str]]] = formats.guess_format
    shield = _Shield(lines)
    text = "\n".join(shield.cover(line) for line in _with_plain_cookie(lines, cookie))
    suffix = path.suffix
    try:
        fmt: dict[str, str | None] = {"extension": suffix}
        name = declared_format(text, suffix)
        if name is None:
            name, options = guess_format(text, suffix)
            if name == "pandoc":
                name = "markdown"  # it was guessed from a line of colons
            fmt |= {"format_name": name, **options}  # spares jupytext guessing again
        if name in RUN_PROGRAMS:
            raise SourceError(
                path,
                f"The {name} format cannot be a task's source: reading it would start a program.",
                f"Convert it with 'jupytext --to py:percent {path.name}'.",
            )
        _check_size(path, _count_cells(lines, str(name)), len(lines))
        notebook = reads(text, fmt=fmt)
    except SourceError:
        raise
    except TooMuchYaml as error:
        raise SourceError(
            path, f"Its YAML is refused: {error}.", "Write the header's values out, or drop it."
        ) from error
    except Exception as error:  # jupytext raises whatever its parsers raise
        raise SourceError(
            path, f"The script cannot be read as a notebook: {_one_line(error)}.", "Check its header and cell markers."
        ) from error
    for cell in notebook.cells:
        cell.source = shield.uncover(cell.source)
    options = notebook.metadata.get("jupytext", {})
    kept = options.get("cell_metadata_filter", "")
    if options.get("notebook_metadata_filter") == "-all" and kept.endswith("-all") and "tags" not in kept.split(","):
        # A script without a header keeps only the kinds of cell metadata that it has already.
        # Tags must be storable in any script: `parameters` is one.
        options["cell_metadata_filter"] = f"tags,{kept}"
    _set_ids(notebook)
    return notebook


RUN_PROGRAMS = frozenset({"marimo", "quarto", "pandoc"})
"""Names of jupytext's formats that are read by starting a program."""


_MAX_CELLS = 5_000
_MAX_LINES = 200_000
_MAX_LOOKS = 100_000_000
"""Cells times lines: jupytext goes through all that is left of a text for each of its cells."""
_PERCENT = re.compile(r"\W*%%")
_OTHER_MARKS = re.compile(r"\s*(```|~~~|<!--)|\W{1,3}\s*(\+|-|%%|In\[|<codecell>|region|endregion|\{\{\{|\}\}\}|#{19})")


def _count_cells(lines: Sequence[str], format_name: str) -> int:
    """How many cells these lines have at most, or a few more."""
    if format_name in ("percent", "hydrogen"):
        return sum(1 for line in lines if _PERCENT.match(line))
    count = 0
    before = ""
    for line in lines:
        begins = line.strip() and not before.strip()
        turns = format_name == "spin" and line.startswith("#'") != before.startswith("#'")
        count += bool(begins or turns or _OTHER_MARKS.match(line))
        before = line
    return count


def _check_size(path: Path, cells: int, lines: int = 0) -> None:
    """Refuse what would take minutes to read; nothing that people write is as large."""
    if cells > _MAX_CELLS or lines > _MAX_LINES or cells * lines > _MAX_LOOKS:
        counts = [f"{cells:,} cells or paragraphs"] * bool(cells) + [f"{lines:,} lines"] * bool(lines)
        message = f"There are too many parts in it: {' in '.join(counts)}."
        raise SourceError(path, message, "Split it, and keep data in files of their own.", code="source_too_large")


def _set_ids(notebook: NotebookNode) -> None:
    if (notebook.nbformat, notebook.nbformat_minor) < (4, 5):
        return
    for index, cell in enumerate(notebook.cells):
        cell["id"] = cell_id(index, cell.cell_type, cell.source)


def cell_id(index: int, kind: str, source: str) -> str:
    """An id that follows from a cell's position and content."""
    return hashlib.sha256(f"{index}\0{kind}\0{source}".encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


# --- The text around the cells ------------------------------------------------------------

_COOKIE = re.compile(r"^[ \t\f]*#.*?coding[:=][ \t]*([-_.a-zA-Z0-9]+)")  # PEP 263
_LINE = re.compile(r"([^\r\n]*)(\r\n|\r|\n|\Z)")


@dataclass(frozen=True)
class SourceText:
    """A text file taken apart so that it can be put together again to the byte."""

    lines: tuple[str, ...]
    ends: tuple[str, ...]
    """The line end of each line; '' for a last line that has none."""
    encoding: str
    bom: bool
    cookie: str | None
    """The encoding that the file's own PEP 263 comment names, if there is one."""

    @classmethod
    def decode(cls, content: bytes, path: Path) -> SourceText:
        bom = content.startswith(codecs.BOM_UTF8)
        encoding, cookie = "utf-8", None
        if path.suffix in _HASH_SCRIPTS:
            encoding, cookie = _declared(content, path)
        try:
            text = content.removeprefix(codecs.BOM_UTF8 if bom else b"").decode(encoding)
        except (UnicodeDecodeError, LookupError) as error:
            line = content.count(b"\n", 0, error.start) + 1 if isinstance(error, UnicodeDecodeError) else None
            raise SourceError(
                path,
                f"The file is not {encoding} text.",
                "Save it as UTF-8, or name its encoding in the first line: '# -*- coding: latin-1 -*-'.",
                line,
            ) from error
        found = [match.groups() for match in _LINE.finditer(text) if match[0]]
        lines, ends = tuple(line for line, _ in found), tuple(end for _, end in found)
        return cls(lines, ends, encoding, bom, cookie)

    @cached_property
    def end(self) -> str:
        """How this file ends its lines."""
        return max(("\n", "\r\n", "\r"), key=self.ends.count)

    def with_lines(self, lines: Sequence[tuple[str, str]]) -> str:
        """These (line, line end) pairs as one text that ends as this file ends."""
        text = "".join(line + end for line, end in lines[:-1])
        if lines:
            last, end = lines[-1]
            unended = bool(self.lines) and not self.ends[-1]
            text += last if unended else last + (end or self.end)
        return text

    def encode(self, text: str, path: Path) -> bytes:
        if "\0" in text and not any("\0" in line for line in self.lines):
            line = len(re.findall(r"\r\n|\r|\n", text[: text.index("\0")])) + 1
            raise SourceError(path, "The text holds a NUL character.", "Delete it and save again.", line)
        bom = codecs.BOM_UTF8 if self.bom else b""
        encoding, cookie = self.encoding, None
        if path.suffix in _HASH_SCRIPTS:
            # What the text says counts: the user may have edited the comment that names it.
            encoding, cookie = _declared(bom + text.encode("utf-8", "surrogatepass"), path)
        try:
            return bom + text.encode(encoding)
        except UnicodeEncodeError as error:
            if cookie is None or encoding == "utf-8":
                line = len(re.findall(r"\r\n|\r|\n", text[: error.start])) + 1
                raise SourceError(
                    path, "The text holds half of a character (a lone surrogate).", "Delete it and save again.", line
                ) from error
        # The file's encoding has no such character: the same text in UTF-8, and the cookie says so.
        head, rest = _split_head(text)
        head = re.sub(rf"(coding[:=][ \t]*){re.escape(cookie)}", r"\g<1>utf-8", head, count=1)
        return self.encode(head + rest, path)


NO_ENCODINGS = frozenset({"punycode", "idna", "undefined"})
"""Codecs that no source is written in; the first takes hours for a large file."""
_HASH_SCRIPTS = frozenset({".py"})
"""Suffixes of scripts whose language honours PEP 263."""


def _declared(content: bytes, path: Path) -> tuple[str, str | None]:
    """(encoding of the text after the BOM, the name in the cookie or None), as Python sees it."""
    # tokenize breaks lines at \n only; Python itself also at \r.
    head = re.split(rb"\r\n|\r|\n", content.removeprefix(codecs.BOM_UTF8), maxsplit=2)[:2]
    named = [match[1] for match in (_COOKIE.match(line.decode("latin-1")) for line in head) if match]
    if not named:
        return "utf-8", None
    bom = codecs.BOM_UTF8 if content.startswith(codecs.BOM_UTF8) else b""
    try:
        encoding, seen = tokenize.detect_encoding(io.BytesIO(bom + b"\n".join(head)).readline)
    except SyntaxError as error:
        raise SourceError(
            path, f"The encoding comment is wrong: {_one_line(error)}.", "Name a known encoding, such as utf-8.", 1
        ) from error
    if codecs.lookup(encoding).name in NO_ENCODINGS:
        raise SourceError(path, f"No source can be in {encoding}.", "Name another encoding, such as utf-8.", 1)
    # A second line counts only after a first one that is blank or a comment.
    counts = any(_COOKIE.match(line.removeprefix(codecs.BOM_UTF8).decode("latin-1")) for line in seen)
    return encoding.removesuffix("-sig"), named[0] if counts else None


def _split_head(text: str) -> tuple[str, str]:
    """The first two lines, where a PEP 263 comment can be, and the rest."""
    position = 0
    for match in list(re.finditer(r"\r\n|\r|\n", text))[:2]:
        position = match.end()
    return text[:position], text[position:]


def _with_plain_cookie(lines: Sequence[str], cookie: str | None) -> Iterator[str]:
    """The lines with an encoding comment that jupytext accepts: it knows only 'utf-8'."""
    pending = cookie is not None and cookie != "utf-8"
    for index, line in enumerate(lines):
        match = _COOKIE.match(line) if pending and index < 2 else None
        if match:
            pending = False
            yield line[: match.start(1)] + "utf-8" + line[match.end(1) :]
        else:
            yield line


class _Shield:
    """Hides the characters at which str.splitlines, and so jupytext, would break a line.

    Python does not: a form feed, say, stands inside its line. Each is replaced by a
    private-use character that the text does not hold.
    """

    def __init__(self, lines: Sequence[str]) -> None:
        used = set().union(*map(set, lines))
        free = (chr(code) for code in range(0xF0000, 0xFFFFE) if chr(code) not in used)
        self._cover = {ord(char): next(free) for char in "\v\f\x1c\x1d\x1e\x85\u2028\u2029"}
        self._uncover = {ord(stand_in): chr(code) for code, stand_in in self._cover.items()}

    def cover(self, text: str) -> str:
        return text.translate(self._cover)

    def uncover(self, text: str) -> str:
        return text.translate(self._uncover)


# --- Writing ------------------------------------------------------------------------------


def write_notebook(notebook: NotebookNode, original: bytes | None, path: Path, format_name: str | None = None) -> bytes:
    """The bytes that hold this notebook, written as `original` is written.

    Our additions must have been taken out (`injection.strip`). If nothing differs from what
    `original` holds (outputs and cell ids do not count in a text format), the result is
    `original` itself. Otherwise only the lines that the change concerns differ
    from it. `original` None is a new file: jupytext's percent format for a script, unless
    `format_name` says otherwise. Raises SourceError and nothing else.
    """
    wanted = deepcopy(notebook)
    if path.suffix == ".ipynb":
        return _write_ipynb(wanted, original, path)
    before = SourceText.decode(original or b"", path)
    base_notebook = _read_text(before.lines, path, before.cookie)
    _keep_what_clients_rewrite(wanted, base_notebook)
    fmt = _format_of(base_notebook, path) if original is not None else {"extension": path.suffix}
    if original is None and format_name is not None:
        fmt["format_name"] = format_name
    shield = _Shield([*before.lines, *(cell.source for cell in wanted.cells)])
    base = _render(base_notebook, fmt, shield, path)
    target = _render(wanted, fmt, shield, path)
    if original is not None and base == target:
        return original
    # How many lines part two cells, jupytext decides by what the second begins with: nobody asked for that. Unless
    # a cell ends in empty lines itself.
    spaced = any(cell.source.endswith("\n") for cell in wanted.cells)
    merged = _merge(base, target, before, keep_spacing=not spaced)
    plain = list(_with_plain_cookie([line for line, _ in merged], before.cookie))
    if not _holds(plain, wanted, target, path):
        # Safe, if less considerate of the file: what jupytext writes, in the file's line ends.
        merged = [(line, before.end) for line in target]
    return before.encode(before.with_lines(_with_cookie(merged, before.cookie)), path)


def _write_ipynb(wanted: NotebookNode, original: bytes | None, path: Path) -> bytes:
    target = _ipynb_text(wanted, path)
    if original is not None:
        try:
            held = _read_ipynb(original, path)
            same = deepcopy(wanted)
            if len(held.cells) == len(same.cells):
                for index in _without_id(json.loads(original.decode("utf-8-sig"))):
                    same.cells[index]["id"] = held.cells[index].id  # whatever it was given when it was opened
            if _ipynb_text(held, path) == _ipynb_text(same, path):
                return original
        except SourceError:
            pass  # an unreadable original is replaced: the user chose to save over it
    return target.encode("utf-8", "surrogatepass") + b"\n"


def _ipynb_text(notebook: NotebookNode, path: Path) -> str:
    import nbformat

    writes: Callable[..., str] = nbformat.writes
    from_dict: Callable[..., NotebookNode] = nbformat.from_dict
    plain = from_dict(deepcopy(notebook))
    for cell in plain.cells:
        cell.metadata.pop("trusted", None)  # lives in the open document only
    try:
        return writes(plain).removesuffix("\n")
    except Exception as error:  # nbformat raises whatever its validator raises
        raise SourceError(
            path, f"The notebook cannot be written: {_one_line(error)}.", "Reload it and try again."
        ) from error


def _keep_what_clients_rewrite(wanted: NotebookNode, base: NotebookNode) -> None:
    """Keep the file's own description of its kernel and language: changing those is no edit.

    JupyterLab rewrites the kernel's display name, and adds the language's version, whenever
    a kernel starts. Another kernel is the user's choice.
    """
    own, now = base.metadata.get("kernelspec"), wanted.metadata.get("kernelspec")
    if own and now and own.get("name") == now.get("name"):
        wanted.metadata["kernelspec"] = deepcopy(own)
    wanted.metadata.pop("language_info", None)
    if "language_info" in base.metadata:
        wanted.metadata["language_info"] = deepcopy(base.metadata["language_info"])


def _format_of(notebook: NotebookNode, path: Path) -> dict[str, str]:
    name = notebook.metadata.get("jupytext", {}).get("text_representation", {}).get("format_name")
    return {"extension": path.suffix} | ({"format_name": name} if name else {})


def _render(notebook: NotebookNode, fmt: Mapping[str, str], shield: _Shield, path: Path) -> list[str]:
    """What jupytext writes, as lines without line ends and without our stand-ins."""

    import jupytext

    writes: Callable[..., str] = jupytext.writes
    copy = deepcopy(notebook)
    for cell in copy.cells:
        cell.source = shield.cover(re.sub(r"\r\n?", "\n", cell.source))
    try:
        with unwarned():
            text = writes(copy, fmt=dict(fmt))
    except Exception as error:  # jupytext raises whatever its writers raise
        raise SourceError(
            path,
            f"The notebook cannot be written as a script: {_one_line(error)}.",
            "Undo the last change and save again.",
        ) from error
    lines = text.removesuffix("\n").split("\n") if text else []
    return [shield.uncover(line) for line in lines]


def _holds(lines: Sequence[str], wanted: NotebookNode, target: Sequence[str], path: Path) -> bool:
    """Do these lines read back as the wanted cells, or at least as what jupytext wrote of them?"""

    def cells(notebook: NotebookNode) -> list[tuple[str, str, list[str]]]:
        return [(cell.cell_type, cell.source, cell.metadata.get("tags") or []) for cell in notebook.cells]

    held = cells(_read_text(lines, path, "utf-8"))
    return held == cells(wanted) or held == cells(_read_text(target, path, "utf-8"))


def _with_cookie(lines: Sequence[tuple[str, str]], cookie: str | None) -> list[tuple[str, str]]:
    """Undo `_with_plain_cookie` in lines that came from jupytext."""
    result = list(lines)
    for index, (line, end) in enumerate(result[:2]):
        match = _COOKIE.match(line)
        if match and cookie and match[1] == "utf-8":
            result[index] = (line[: match.start(1)] + cookie + line[match.end(1) :], end)
    return result


def _merge(
    base: Sequence[str], target: Sequence[str], file: SourceText, *, keep_spacing: bool
) -> list[tuple[str, str]]:
    """Apply to the file what changed from `base` to `target`: a three-way merge by lines.

    `base` is how jupytext renders the file. Where that is not what the file holds, and
    nothing changed there, the file's own lines stay. The change wins where both differ, but for
    the number of empty lines above a cell's marker, with `keep_spacing`.
    """
    changes = (hunk for hunk in _hunks(base, target) if not (keep_spacing and _is_spacing(base, target, hunk)))
    ours = [(*hunk, "target") for hunk in changes]
    theirs = [(*hunk, "file") for hunk in _hunks(base, file.lines)]
    merged: list[tuple[str, str]] = []
    at_base = at_file = 0

    def same_until(stop: int) -> None:
        nonlocal at_base, at_file
        count = stop - at_base
        kept = slice(at_file, at_file + count)
        merged.extend(zip(file.lines[kept], file.ends[kept], strict=True))
        at_base, at_file = stop, at_file + count

    for group in _groups(sorted([*ours, *theirs])):
        low, high = group[0][0], max(hunk[1] for hunk in group)
        same_until(low)
        # Outside its hunks a side has the base's lines, shifted by what its hunks added.
        file_length = (high - low) + sum((h[3] - h[2]) - (h[1] - h[0]) for h in group if h[4] == "file")
        changed = [hunk for hunk in group if hunk[4] == "target"]
        if changed:
            start = changed[0][2] - (changed[0][0] - low)
            stop = changed[-1][3] + (high - changed[-1][1])
            merged.extend((line, file.end) for line in target[start:stop])
        else:
            merged.extend(
                zip(
                    file.lines[at_file : at_file + file_length], file.ends[at_file : at_file + file_length], strict=True
                )
            )
        at_base, at_file = high, at_file + file_length
    same_until(len(base))
    # A line that was the last one without an end may now stand in the middle.
    return [(line, end or file.end) for line, end in merged]


_MARKER = re.compile(r"\s*(#|//|--)\s*%%")


def _is_spacing(base: Sequence[str], target: Sequence[str], hunk: tuple[int, int, int, int]) -> bool:
    """Are that empty lines alone, above the marker of a cell?"""
    low, high, start, stop = hunk
    if any(line.strip() for line in (*base[low:high], *target[start:stop])):
        return False
    return all(_MARKER.match(_first_full(lines, at)) for lines, at in ((base, high), (target, stop)))


def _first_full(lines: Sequence[str], at: int) -> str:
    return next((lines[index] for index in range(at, len(lines)) if lines[index].strip()), "")


_Hunk = tuple[int, int, int, int, str]


def _hunks(base: Sequence[str], other: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    """Where the two differ: base[a:b] became other[c:d].

    Lines are paired by what they say without spaces and comment signs, since that is what
    jupytext adds and removes; those that are paired but not equal differ one by one.
    """
    said, said_by_other = ([re.sub(r"[\s#]+", "", line) or line.strip() for line in lines] for lines in (base, other))
    head = 0
    while head < min(len(base), len(other)) and said[head] == said_by_other[head]:
        head += 1
    tail = 0
    while tail < min(len(base), len(other)) - head and said[-1 - tail] == said_by_other[-1 - tail]:
        tail += 1
    middle = SequenceMatcher(
        None, said[head : len(base) - tail], said_by_other[head : len(other) - tail], autojunk=False
    )
    blocks = [
        ("equal", 0, head, 0, head),
        *((tag, head + a, head + b, head + c, head + d) for tag, a, b, c, d in middle.get_opcodes()),
        ("equal", len(base) - tail, len(base), len(other) - tail, len(other)),
    ]
    for tag, a, b, c, d in blocks:
        if tag != "equal":
            yield a, b, c, d
            continue
        for step in range(b - a):
            if base[a + step] != other[c + step]:
                yield a + step, a + step + 1, c + step, c + step + 1


def _groups(hunks: Sequence[_Hunk]) -> Iterator[list[_Hunk]]:
    """Hunks that overlap in the base, together; two insertions at the same spot overlap."""
    group: list[_Hunk] = []
    high = -1
    for hunk in hunks:
        same_spot = bool(group) and hunk[0] == hunk[1] == high == group[-1][0]
        if hunk[0] < high or same_spot:
            group.append(hunk)
        else:
            if group:
                yield group
            group = [hunk]
        high = max(high, hunk[1])
    if group:
        yield group
