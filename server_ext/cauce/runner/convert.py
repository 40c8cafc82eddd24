"""The verb `convert`: an executed notebook as HTML, Markdown, LaTeX, PDF, reStructuredText, by nbconvert.

What it writes is whole in itself where the format allows: figures are inside of HTML and Markdown.
Those of LaTeX and reStructuredText stand beside, in a folder called after the product. Same notebook, same bytes.
"""

from __future__ import annotations

import base64
import difflib
import io
import mimetypes
import shutil
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from cauce.runner import Trouble, errors
from cauce.runner.log import say

try:
    import nbformat
    from nbconvert.exporters import ExporterNameError, NotebookExporter, get_export_names, get_exporter
    from traitlets.config import Config
except ImportError as missing:
    _MISSING: str | None = str(missing.name)
else:
    _MISSING = None

__all__ = ["EXPORTERS", "run"]

EXPORTERS = {
    ".html": "html",
    ".ipynb": "notebook",
    ".md": "markdown",
    ".pdf": "pdf",
    ".rst": "rst",
    ".tex": "latex",
}
_NAMES = {"ipynb": "notebook", "md": "markdown", "tex": "latex"}
_BESIDE = (".tex", ".rst")


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Write the wanted formats.

    `request`: ``{"notebook": path, "targets": [{"path", "to", "exporter"}], "arguments": {…}}``: each
    target goes `to` a path of that name, and is called by its declared `path`; `exporter` may be null.
    """
    if _MISSING is not None:
        raise Trouble("nbconvert is missing", f"{_MISSING} is not installed. Run: pip install nbconvert")
    text = Path(request["notebook"]).read_text(encoding="utf-8")
    for target in request["targets"]:
        notebook = _read(text)  # anew: some exporters change it
        content = _converted(notebook, target, dict(request["arguments"]))
        Path(target["to"]).write_bytes(content)
    return {}


def _read(text: str) -> Any:
    reads: Callable[..., Any] = nbformat.reads
    return reads(text, as_version=4)


def _converted(notebook: Any, target: Mapping[str, Any], arguments: dict[str, Any]) -> bytes:
    path = Path(target["path"])
    exporter_class = _exporter(target["exporter"], path)
    if issubclass(exporter_class, NotebookExporter):
        arguments = {}  # they are for other formats
    if isinstance(arguments.get("config"), dict):
        arguments["config"] = Config(arguments["config"])
    figures = f"{path.stem}_files"
    resources = {
        "metadata": {"name": path.stem, "path": str(path.parent.absolute())},
        "output_files_dir": figures,
        "unique_key": path.stem.replace(" ", "_"),
    }
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            exporter = exporter_class(**arguments)
            content, made = exporter.from_notebook_node(notebook, resources)
    except Exception as error:
        raise _told(error, path) from error
    if isinstance(content, bytes):
        return content
    if not isinstance(content, str):
        raise Trouble("Cannot convert", f"The exporter gave no text for {path}.")
    outputs = made.get("outputs", {})
    if path.suffix.lower() == ".md":
        content = _embedded(content, outputs)
    elif path.suffix.lower() in _BESIDE:
        for name, data in outputs.items():
            # An attachment has the name that its author gave it.
            if PurePosixPath(name).parts[:1] == (figures,) and ".." not in PurePosixPath(name).parts:
                _put(path.parent / name, data)
    if not content.endswith("\n"):
        content += "\n"
    return content.encode("utf-8", "replace")


def _exporter(name: str | None, path: Path) -> Any:
    if name is None:
        name = EXPORTERS.get(path.suffix.lower())
    if name is None:
        formats = ", ".join(EXPORTERS)
        message = f"No format is known for {path}. Use one of {formats}, or set 'nbconvert_exporter_name'."
        raise Trouble("Unknown format", message)
    if name == "webpdf" and path.suffix.lower() != ".pdf":
        raise Trouble("Wrong suffix", f"'webpdf' makes PDF files, and {path} is called otherwise. Call it '….pdf'.")
    find: Callable[[str], Any] = get_exporter
    all_names: Callable[[], list[str]] = get_export_names
    try:
        return find(_NAMES.get(name, name))
    except (ExporterNameError, ValueError):
        names = sorted(all_names())
        close = difflib.get_close_matches(name, names, 1)
        hint = f"Did you mean '{close[0]}'?" if close else f"There are {', '.join(names)}."
        raise Trouble("Unknown exporter", f"nbconvert has no exporter '{name}'. {hint}") from None


def _told(error: Exception, path: Path) -> Trouble:
    """What to do about it, where that is known."""
    kind, message = type(error).__name__, errors.message_of(error)
    need = None
    if kind == "PandocMissing":
        need = "Pandoc, which is not installed. Get it from https://pandoc.org/installing.html"
    elif isinstance(error, OSError) and "not found on PATH" in message:
        program = message.split()[0]
        need = (
            f"{program}, which is not installed. Install TeX (on Debian: apt install texlive-xetex), "
            "or make it an .html file"
        )
    elif "playwright" in message.lower() and ("install" in message.lower() or isinstance(error, ImportError)):
        need = "Playwright and its browser. Run: pip install 'nbconvert[webpdf]' && playwright install chromium"
    if need is not None:
        return Trouble("Cannot convert", f"{path} needs {need}.")
    say(errors.trace(error))
    if kind == "LatexFailed":
        words = [line for line in str(getattr(error, "output", message)).splitlines() if line.startswith("!")]
        say(str(getattr(error, "output", "")))
        said = f": {words[0].lstrip('! ')}" if words else "."
        return Trouble("Cannot convert", f"{path} could not be made, LaTeX failed{said}", output=True)
    return Trouble("Cannot convert", f"{path} could not be made: {kind}: {message}", output=True)


# --- Figures ------------------------------------------------------------------------------


def _embedded(text: str, outputs: Mapping[str, bytes]) -> str:
    """Markdown with its figures inside."""
    for name, data in outputs.items():
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        uri = f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
        for written in {name, quote(name)}:
            text = text.replace(f"]({written})", f"]({uri})")
    return text


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".cauce-{path.name}.tmp")
    with temporary.open("wb") as file:
        shutil.copyfileobj(io.BytesIO(data), file)
    temporary.replace(path)
