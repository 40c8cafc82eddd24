"""The beginning of a product, read without running anything: bounded, and by its format alone.

What takes a library to read (parquet, pickles, a database) is only recognised here; `previewer` has it
read by a process of its own.
"""

from __future__ import annotations

import base64
import csv
import json
import os
import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Literal

from cauce.contract import Column, Piece, Preview
from cauce.engine.errors import NotFound
from cauce.engine.files import LeadsOutside, NotRegular, open_regular, real_path
from cauce.engine.spec.model import ProductSpec, RelationSpec, TaskSpec

__all__ = ["LONGEST_CELL", "MOST_COLUMNS", "MOST_ROWS", "preview", "product_named"]

MOST_ROWS = 100
MOST_COLUMNS = 60
LONGEST_CELL = 300
_TEXT = 256_000
_HTML = 2_000_000
_IMAGE = 6_000_000
_NOTEBOOK = 30_000_000
_COUNTED = 64_000_000
"""Bytes of a table whose lines are counted."""
_PARSED = 4_000_000
"""The same where a line end may be part of a value."""
_CHUNK = 1 << 20
_MOST_NAMES = 200
_MOST_PIECES = 40
_LONGEST_PIECE = 4_000
_MOST_PIXELS = 100_000_000
"""More than that takes a browser's memory, however small the file is."""

_TABLES = {".csv": "", ".tsv": "\t", ".tab": "\t"}
_JSON = {".json", ".geojson", ".jsonl", ".ndjson"}
_HTML_FILES = {".html", ".htm"}
_IMAGES = {
    ".avif": "image/avif",
    ".bmp": "image/bmp",
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
}
_BY_CODE = {
    *(".arrow", ".feather", ".orc", ".parquet", ".pq"),
    *(".joblib", ".pickle", ".pkl"),
    *(".npy", ".npz"),
    *(".dta", ".ods", ".xls", ".xlsx"),
}
_PACKED = {".bz2", ".gz", ".xz", ".zip", ".zst"}
_MEDIA = ("image/png", "image/jpeg", "image/svg+xml", "image/gif")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def product_named(task: TaskSpec, product: str) -> ProductSpec | RelationSpec:
    """The product that a task declares under that path or name.

    Raises:
        NotFound: It declares none.
    """
    for each in task.products:
        if each.path == product:
            return each
    for relation in task.relations:
        if relation.qualified == product:
            return relation
    raise NotFound(f"The task '{task.name}' makes no '{product}'.", hint="It may have been renamed: refresh.")


def preview(root: Path, product: ProductSpec | RelationSpec) -> Preview:
    """What a product holds, or why that cannot be shown. Never raises for what is in the file."""
    if isinstance(product, RelationSpec):
        return Preview(product=product.qualified, kind="code")
    path = product.path
    try:
        real = real_path(root, path)
        if real.is_dir():
            return _folder(path, real)
        with open_regular(real, follow=False) as stream:
            return _Reader(path, stream).read()
    except (LeadsOutside, NotRegular) as error:
        return _none(path, f"It is not shown: {error.strerror}.")
    except FileNotFoundError:
        return _none(path, "It is not there yet: run its task first.")
    except OSError as error:
        return _none(path, f"It cannot be read: {error.strerror}.")


def _none(path: str, note: str) -> Preview:
    return Preview(product=path, kind="none", note=note)


def _folder(path: str, real: Path) -> Preview:
    names = []
    with os.scandir(real) as entries:
        for entry in entries:
            names.append(f"{entry.name}/" if entry.is_dir(follow_symlinks=False) else entry.name)
            if len(names) > _MOST_NAMES:
                break
    shown = sorted(names[:_MOST_NAMES])
    text = "\n".join(_clean(name).replace("\n", " ") for name in shown)
    return Preview(product=path, kind="folder", text=text, total=len(shown), cut=len(names) > _MOST_NAMES)


class _Reader:
    """One open file."""

    def __init__(self, path: str, stream: BinaryIO) -> None:
        self.path = path
        self.stream = stream
        self.size = os.fstat(stream.fileno()).st_size

    def read(self) -> Preview:
        name = PurePosixPath(self.path)
        suffix = name.suffix.lower()
        if suffix in _BY_CODE or (suffix in _PACKED and PurePosixPath(name.stem).suffix.lower() in _TABLES):
            return Preview(product=self.path, kind="code")
        if suffix in _TABLES:
            return self.table(_TABLES[suffix])
        if suffix in _JSON:
            return self.text("json")
        if suffix == ".ipynb":
            return self.notebook()
        if suffix in _IMAGES:
            return self.image(_IMAGES[suffix])
        if suffix in _HTML_FILES:
            return self.text("html", _HTML)
        return self.text("text")

    def text(self, kind: Literal["text", "json", "html"], limit: int = _TEXT) -> Preview:
        content = self.stream.read(limit)
        cut = self.size > len(content)
        if content.startswith(b"PAR1"):
            return Preview(product=self.path, kind="code")
        text = _decoded(content, cut)
        if text is None:
            return _none(self.path, "It is no text, and its format is not known here.")
        return Preview(product=self.path, kind=kind, text=text, cut=cut)

    def table(self, delimiter: str) -> Preview:
        content = self.stream.read(_TEXT)
        cut = self.size > len(content)
        text = _decoded(content, cut)
        if text is None:
            return _none(self.path, "It is no text, though its name says that it is a table.")
        if cut and "\n" in text:
            text = text[: text.rindex("\n") + 1]  # the last line is not whole
        by = delimiter or _delimiter(text)
        try:
            read = []
            for row in csv.reader(_lines(text), delimiter=by):
                if row:
                    read.append(row)
                if len(read) > MOST_ROWS + 1:
                    break
        except csv.Error:  # a value longer than any should be
            return Preview(product=self.path, kind="text", text=text, cut=cut)
        if not read:
            return _none(self.path, "It is empty.")
        width = max(map(len, read))
        header = [_cell(name) for name in read[0]] + [""] * (width - len(read[0]))
        rows = tuple(
            tuple(_cell(value) for value in [*row, *[""] * (width - len(row))][:MOST_COLUMNS])
            for row in read[1 : MOST_ROWS + 1]
        )
        return Preview(
            product=self.path,
            kind="table",
            columns=tuple(Column(name=name) for name in header[:MOST_COLUMNS]),
            rows=rows,
            total=self._rows(content, by),
            cut=cut or len(read) > MOST_ROWS + 1 or width > MOST_COLUMNS,
            note=f"{width - MOST_COLUMNS} more columns are not shown." if width > MOST_COLUMNS else "",
        )

    def _rows(self, content: bytes, delimiter: str) -> int | None:
        """How many there are below the header; None where counting them takes long, or they are told in UTF-16."""
        if self.size > _COUNTED or content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return None
        self.stream.seek(0)
        if self.size <= _PARSED:
            text = self.stream.read(_PARSED).decode("utf-8-sig", "replace")
            try:
                return max(sum(1 for row in csv.reader(_lines(text), delimiter=delimiter) if row) - 1, 0)
            except csv.Error:
                return None
        lines, last = 0, b""
        while chunk := self.stream.read(_CHUNK):
            if b'"' in chunk:
                return None
            lines += chunk.count(b"\n")
            last = chunk
        return max(lines - (1 if last.endswith(b"\n") else 0), 0)

    def image(self, media_type: str) -> Preview:
        if self.size > _IMAGE:
            return _none(self.path, f"An image of {self.size / 1e6:.0f} MB is too large to be shown here: open it.")
        content = self.stream.read(_IMAGE)
        if not content:
            return _none(self.path, "It is empty.")
        if _pixels(content) > _MOST_PIXELS:
            return _none(self.path, "The image has too many pixels to be shown here.")
        text = base64.b64encode(content).decode("ascii")
        return Preview(product=self.path, kind="image", text=text, media_type=media_type)

    def notebook(self) -> Preview:
        if self.size > _NOTEBOOK:
            return _none(self.path, f"A notebook of {self.size / 1e6:.0f} MB is too large to be shown here: open it.")
        try:
            cells = json.loads(self.stream.read(_NOTEBOOK))["cells"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return _none(self.path, "It is no notebook that can be read.")
        if not isinstance(cells, list):
            return _none(self.path, "It is no notebook that can be read.")
        pieces: list[Piece] = []
        left = _IMAGE
        cut = False
        for piece in (piece for cell in cells for piece in _pieces(cell)):
            left -= len(piece.text)
            if len(pieces) == _MOST_PIECES or left < 0:
                cut = True
                break
            pieces.append(piece)
        return Preview(product=self.path, kind="notebook", pieces=tuple(pieces), total=len(cells), cut=cut)


# --- Text ---------------------------------------------------------------------------------


def _decoded(content: bytes, cut: bool) -> str | None:
    """The text; None for what is none."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return _clean(content.decode("utf-16", "replace"))
    if b"\0" in content:
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # A character that is cut off at the end is none that is wrong.
        whole = cut and error.end >= len(content) and error.start >= len(content) - 3
        text = content[: error.start].decode("utf-8-sig") if whole else content.decode("cp1252", "replace")
    strange = len(_CONTROL.findall(text))
    return None if strange > 8 + len(text) / 50 else _clean(text)


def _clean(text: str) -> str:
    """Without halves of characters, which could not be sent."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _lines(text: str) -> StringIO:
    """Its lines as tables have them: `splitlines` would end one at a line separator within a value, too."""
    return StringIO(text, newline="")


def _cell(value: str) -> str:
    return value if len(value) <= LONGEST_CELL else f"{value[:LONGEST_CELL]}…"


def _delimiter(text: str) -> str:
    """What stands most often in the first line, outside of quotes."""
    line = re.sub(r'"[^"]*"', "", next((line for line in text.splitlines() if line.strip()), ""))
    return max((",", ";", "\t", "|"), key=line.count)


# --- Images -------------------------------------------------------------------------------


def _pixels(content: bytes) -> int:
    """How many the image says that it has; 0 where that is not looked for."""
    if content.startswith(b"\x89PNG") and len(content) >= 24:
        return int.from_bytes(content[16:20]) * int.from_bytes(content[20:24])
    if content.startswith(b"GIF8") and len(content) >= 10:
        return int.from_bytes(content[6:8], "little") * int.from_bytes(content[8:10], "little")
    return 0


# --- Notebooks ----------------------------------------------------------------------------


def _pieces(cell: Any) -> Iterator[Piece]:
    """What of a cell is worth seeing: headings and outputs. Whatever is not as it should be is left out."""
    if not isinstance(cell, dict):
        return
    if cell.get("cell_type") == "markdown":
        for line in _joined(cell.get("source")).splitlines():
            if match := re.match(r"#{1,6}\s+(.+)", line):
                yield Piece(kind="heading", text=_short(match[1].strip()))
    outputs = cell.get("outputs")
    for output in outputs if isinstance(outputs, list) else ():
        if isinstance(output, dict):
            piece = _output(output)
            if piece is not None and piece.text.strip():
                yield piece


def _output(output: dict[str, Any]) -> Piece | None:
    match output.get("output_type"):
        case "stream":
            return Piece(kind="text", text=_short(_joined(output.get("text"))))
        case "error":
            said = f"{_joined(output.get('ename'))}: {_joined(output.get('evalue'))}"
            return Piece(kind="error", text=_short(said))
        case "display_data" | "execute_result" | "update_display_data":
            data = output.get("data")
            if not isinstance(data, dict):
                return None
            for media_type in _MEDIA:
                if media_type in data:
                    return _image(media_type, _joined(data[media_type]))
            return Piece(kind="text", text=_short(_joined(data.get("text/plain"))))
    return None


def _image(media_type: str, text: str) -> Piece | None:
    if media_type == "image/svg+xml":
        text = base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")
    else:
        text = re.sub(r"\s+", "", text)
        try:
            content = base64.b64decode(text, validate=True)
        except ValueError:
            return None
        if _pixels(content) > _MOST_PIXELS:
            return Piece(kind="text", text="[An image with too many pixels to be shown here.]")
    return Piece(kind="image", text=text, media_type=media_type)


def _joined(text: Any) -> str:
    """A text of a notebook: a string, or a list of them."""
    if isinstance(text, list):
        text = "".join(part for part in text if isinstance(part, str))
    return _clean(text) if isinstance(text, str) else ""


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_PIECE else f"{text[:_LONGEST_PIECE]}…"
