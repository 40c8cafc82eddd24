"""Sources from one format into another, and in pairs with notebooks: what jupytext knows, written safely."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from cauce.engine.document import MAX_BYTES
from cauce.engine.editing.cells import sources_of
from cauce.engine.editing.change import Change, FileChange, apply
from cauce.engine.editing.sources import rewritten
from cauce.engine.editing.yamltext import YamlText, read_yaml_text
from cauce.engine.errors import UsageError
from cauce.engine.files import read_inside
from cauce.engine.injection import language_of, strip
from cauce.engine.notebook import SourceError, read_notebook, write_notebook
from cauce.engine.project import Project
from cauce.engine.source import source_limit
from cauce.engine.spec import TaskSpec

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["convert_sources", "pair_sources", "sync_pairs"]

_SUFFIXES = {".py": "python", ".r": "r", ".ipynb": "", ".md": "", ".rmd": "r"}
"""What a source may be called, and the language that it then is in."""


def convert_sources(project: Project, wanted: str) -> Change:
    """Plan all sources in this format (``py:percent``, ``py:light``, ``ipynb``, ``md``…), and `source:` to match.

    The old file goes where the suffix changes. All or nothing, but for sources that cannot be in
    that format, which `Change.said` names.

    Raises:
        UsageError: There is no such format; a file that would be created exists; or `source` is not
            written in the pipeline so that it can be changed.
    """
    suffix, name = _format(wanted)
    if project.spec.entry.kind != "file":
        raise UsageError("Sources that a pattern or a function finds cannot be converted.", hint="Write pipeline.yaml.")
    files: list[FileChange] = []
    said: list[str] = []
    moved: list[TaskSpec] = []
    for source, users in sources_of(project).items():
        content = project.contents[users[0].name]
        target = PurePosixPath(source).with_suffix(suffix).as_posix()
        try:
            after, note = _converted(content, source, target, name)
        except SourceError as error:
            said.append(f"{source} was left as it is: {error.message}")
            continue
        if after is None:
            said.append(f"{source} was left as it is: {note}")
        elif target == source:
            if after != content:
                files.append(FileChange(source, content, after))
                said.append(f"{source}: now in the format {wanted}.{note}")
        else:
            if (project.root / target).exists():
                raise UsageError(f"{target} is there already.", hint=f"Move it away; {source} would become that.")
            files += [FileChange(target, None, after), FileChange(source, content, None)]
            said.append(f"{source}: now {target}.{note}")
            moved += users
    return Change(project.root, (*files, *_renamed(project, moved, suffix)), tuple(said))


def _format(text: str) -> tuple[str, str | None]:
    """Suffix, and jupytext's name of the format; None for the suffix's own."""
    from jupytext import formats

    long_form: Callable[..., dict[str, str]] = formats.long_form_one_format
    implementation: Callable[..., Any] = formats.get_format_implementation
    hint = "Known are py:percent, py:light, ipynb, md, Rmd, R:percent, and others of jupytext's."
    try:
        found = long_form(text)
        suffix, name = found["extension"], found.get("format_name")
        if suffix.lower() not in _SUFFIXES or name in ("marimo", "quarto", "pandoc", "bare"):
            raise UsageError(f"Sources cannot be in the format '{text}'.", hint=hint)
        if suffix != ".ipynb":
            name = name or {".py": "percent", ".r": "percent"}.get(suffix.lower())
            implementation(suffix, name)
    except UsageError:
        raise
    except Exception as error:  # jupytext raises whatever its parsers raise
        raise UsageError(f"There is no format '{text}'.", hint=hint) from error
    return suffix, name


def _converted(content: bytes, source: str, target: str, name: str | None) -> tuple[bytes | None, str]:
    """The source in the other format, None where there is a reason against it; and what to say of it."""
    path, new = Path(source), Path(target)
    notebook = read_notebook(content, path)
    language = _SUFFIXES.get(path.suffix.lower()) or language_of(notebook)
    needed = _SUFFIXES[new.suffix.lower()]
    if needed and needed != language:
        return None, f"it is written in {language}."
    ours = notebook.metadata.get("jupytext", {})
    now = ours.get("text_representation", {}).get("format_name")
    if source == target and (new.suffix == ".ipynb" or now == name or (name is None and now is not None)):
        return content, ""
    ours.pop("text_representation", None)
    if new.suffix == ".ipynb":
        kept = {key: value for key, value in ours.items() if key == "formats"}
        notebook.metadata.pop("jupytext", None)
        if kept:
            notebook.metadata["jupytext"] = kept
        if language == "r":
            notebook.metadata.setdefault("kernelspec", {"display_name": "R", "language": "R", "name": "ir"})
    outputs = any(cell.get("outputs") for cell in notebook.cells) and path.suffix == ".ipynb"
    after = write_notebook(notebook, None, new, name)
    if _said(read_notebook(after, new)) != _said(notebook):
        return None, "its cells would not be the same."
    if path.suffix != ".ipynb" and new.suffix != ".ipynb":
        after = _dressed(after, content)
    return after, " Its outputs are not in there: the executed notebook has them." if outputs else ""


def _said(notebook: NotebookNode) -> list[tuple[str, str, list[str]]]:
    return [(cell.cell_type, cell.source.strip("\n"), cell.metadata.get("tags") or []) for cell in notebook.cells]


def _dressed(text: bytes, like: bytes) -> bytes:
    """The line ends and the BOM of another file."""
    if like.count(b"\r\n") * 2 > like.count(b"\n"):
        text = text.replace(b"\n", b"\r\n")
    return b"\xef\xbb\xbf" + text if like.startswith(b"\xef\xbb\xbf") else text


def _renamed(project: Project, tasks: list[TaskSpec], suffix: str) -> list[FileChange]:
    """The files that name the sources of these tasks, with the other suffix."""
    files: dict[str, tuple[bytes, YamlText]] = {}
    places: dict[tuple[str, int, int], str] = {}
    for task in tasks:
        where = task.where
        if where.line is None or where.column is None:
            raise UsageError(f"The source of '{task.name}' is not written in the pipeline.", hint="Change it by hand.")
        places[where.path, where.line, where.column] = PurePosixPath(task.source).suffix
    # From the end, since a longer suffix moves what stands behind it in its line.
    for (path, line, column), old in sorted(places.items(), reverse=True):
        if path not in files:
            content = read_inside(project.root, path, MAX_BYTES) or b""
            files[path] = content, read_yaml_text(content, path)
        content, text = files[path]
        files[path] = content, text.with_suffix(line, column, old, suffix)
    return [FileChange(path, content, text.encode()) for path, (content, text) in sorted(files.items())]


# --- Pairs --------------------------------------------------------------------------------


def pair_sources(project: Project, folder: str) -> Change:
    """Plan an .ipynb in `folder`, beside each script, that jupytext keeps in step with it.

    Raises:
        UsageError: The folder leads out of the project, or a notebook is there already.
    """
    place = PurePosixPath(folder)
    if place.is_absolute() or ".." in place.parts or not place.parts:
        raise UsageError(f"'{folder}' is not a folder beside the sources.", hint="Give a name, such as 'notebooks'.")
    files: list[FileChange] = []
    said: list[str] = []
    for source, users in sources_of(project).items():
        if source.endswith(".ipynb"):
            said.append(f"{source} was left as it is: only scripts are paired. Convert it first, with --format.")
            continue
        content = project.contents[users[0].name]
        try:
            notebook = read_notebook(content, Path(source))
            ours = notebook.metadata.setdefault("jupytext", {})
            if ours.get("formats"):
                said.append(f"{source} is paired already: {ours['formats']}.")
                continue
            name = ours.get("text_representation", {}).get("format_name")
            own = PurePosixPath(source).suffix[1:] + (f":{name}" if name else "")
            ours["formats"] = f"{place.as_posix()}//ipynb,{own}"
            if ours.get("notebook_metadata_filter") == "-all":
                del ours["notebook_metadata_filter"]  # the header must say it
            after = rewritten(content, Path(source), notebook)
            [other] = _pairs(source, ours["formats"])
            twin = write_notebook(notebook, None, Path(other))
        except SourceError as error:
            said.append(f"{source} was left as it is: {error.message}")
            continue
        if (project.root / other).exists():
            raise UsageError(f"{other} is there already.", hint="Move it away, or choose another folder.")
        files += [FileChange(source, content, after), FileChange(other, None, twin)]
        said.append(f"{source}: paired with {other}.")
    return Change(project.root, tuple(files), tuple(said))


def _pairs(source: str, formats: str) -> list[str]:
    """The .ipynb files that a script is paired with; none where the names do not fit."""
    from jupytext import formats as known
    from jupytext import paired_paths

    long_forms: Callable[..., list[dict[str, str]]] = known.long_form_multiple_formats
    base_of: Callable[..., tuple[str, dict[str, str]]] = paired_paths.find_base_path_and_format
    full: Callable[..., str] = paired_paths.full_path
    try:
        wanted = long_forms(formats)
        base, _ = base_of(source, wanted)
        paths = [full(base, fmt) for fmt in wanted]
    except Exception as error:  # jupytext raises whatever its parsers raise
        raise SourceError(Path(source), f"its pairing '{formats}' does not fit its name.", "Correct it.") from error
    found = [PurePosixPath(path).as_posix() for path in paths if path.endswith(".ipynb") and path != source]
    return [path for path in found if not path.startswith(("/", "../"))]


def sync_pairs(project: Project, *, dry_run: bool = False) -> Change:
    """Bring paired scripts and notebooks in step: the one that was changed last says what is in the cells.

    Outputs stay with the cells that made them. Raises as `apply`.
    """
    files: list[FileChange] = []
    said: list[str] = []
    scripts: list[Path] = []
    for source, users in sources_of(project).items():
        content = project.contents[users[0].name]
        try:
            script = read_notebook(content, Path(source))
            formats = script.metadata.get("jupytext", {}).get("formats")
            for other in _pairs(source, formats) if formats and not source.endswith(".ipynb") else ():
                file = _in_step(project.root, source, content, script, other)
                if file is not None:
                    files.append(file)
                    scripts.append(project.root / source)
                    said.append(f"{file.path}: now as {other if file.path == source else source}.")
        except (SourceError, OSError) as error:
            message = error.message if isinstance(error, SourceError) else f"{error.strerror}."
            said.append(f"{source} was left as it is: {message}")
    change = Change(project.root, tuple(files), tuple(said))
    if not dry_run:
        apply(change)
        for script_path in scripts:
            os.utime(script_path)  # jupytext takes the script for the one that counts while it is the newer one
    return change


def _in_step(root: Path, source: str, content: bytes, script: NotebookNode, other: str) -> FileChange | None:
    from jupytext import combine

    with_outputs: Callable[..., NotebookNode] = combine.combine_inputs_with_outputs
    twin_content = read_inside(root, other, source_limit(other))
    if twin_content is None:
        return FileChange(other, None, write_notebook(script, None, Path(other)))
    twin = read_notebook(twin_content, Path(other))
    if _said(strip(twin)) == _said(script):
        return None
    if (root / other).stat().st_mtime_ns > (root / source).stat().st_mtime_ns:
        return FileChange(source, content, write_notebook(_with_cells_of(script, strip(twin)), content, Path(source)))
    combined = with_outputs(script, twin, fmt={"extension": PurePosixPath(source).suffix})
    return FileChange(other, twin_content, rewritten(twin_content, Path(other), _with_cells_of(twin, combined)))


def _with_cells_of(notebook: NotebookNode, other: NotebookNode) -> NotebookNode:
    """The notebook, its metadata and format, with the cells of another."""
    from copy import deepcopy

    copy = deepcopy(notebook)
    copy["cells"] = deepcopy(other.cells)
    if (copy.nbformat, copy.nbformat_minor) < (4, 5):
        for cell in copy.cells:
            cell.pop("id", None)
    return copy
