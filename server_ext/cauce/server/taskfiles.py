"""What a contents manager does with a task's file: get, save, and where its kernel runs.

The rule for trouble: whatever goes wrong on our side is logged, and the answer is the one
that the manager would have given without us.

Scripts that jupytext pairs with an .ipynb are read and written by jupytext's own contents
manager, so that outputs stay where the user put them; all others by `cauce.engine.notebook`,
which returns an unedited file to the byte.
"""

from __future__ import annotations

import hashlib
import inspect
import os
import re
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass
from logging import Logger
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tornado.web import HTTPError

from cauce.engine.files import FileTooLarge, NotRegular, open_regular, read_whole, write_whole
from cauce.engine.functionbook import FunctionTask
from cauce.engine.injection import (
    METADATA_KEY,
    Binding,
    inject,
    is_injected,
    language_of,
    serve_kernel,
    strip,
    without_injected,
)
from cauce.engine.notebook import RUN_PROGRAMS, SourceError, read_notebook, write_notebook
from cauce.engine.source import TOO_LARGE_HINT, source_limit
from cauce.server.flow import Ask, Base, Flow, Work
from cauce.server.pairing import pairing_class

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp
    from nbformat import NotebookNode

__all__ = [
    "LONG_PATIENCE",
    "PATIENCE",
    "FoundTask",
    "Get",
    "Kernels",
    "Model",
    "TaskFiles",
    "TaskIndex",
    "Unread",
    "believe",
    "session_name",
    "without_ours",
]

PATIENCE = 0.3
"""Seconds that a request waits for the index before it is answered without us."""
OPENING_PATIENCE = 2.0
"""The same for opening a notebook that others can open, too: without us it has nothing filled in."""
LONG_PATIENCE = 5.0
"""The same where going on without us costs more than waiting: opening a script as a notebook,
which nobody else may be able to do, and starting its kernel, which then stays where it started."""


Model = dict[str, Any]
"""A model, as the contents service passes it around: an untyped dict."""


session_name: ContextVar[str | None] = ContextVar("cauce_session_name", default=None)
"""The name of the session whose kernel is being started."""


class TaskIndex(Protocol):
    """Which files are the sources of notebook tasks, and what their tasks are given.

    Called from worker threads, several at once. Answers are cheap while nothing changed.
    """

    def binding(self, source: Path) -> Binding | None:
        """The task whose source this file (an absolute real path) is; None for any other file."""
        ...

    def sources_in(self, folder: Path) -> frozenset[str]:
        """Names of the files directly in this folder (an absolute real path) that are task sources."""
        ...

    def function(self, module: Path, task: str) -> FunctionTask | None:
        """The task of this name, if it is a function and this file (an absolute real path) defines it."""
        ...

    def functions_of(self, module: Path) -> tuple[str, ...]:
        """Names of the tasks that name a function of this module (an absolute real path)."""
        ...

    def functions_in(self, folder: Path) -> frozenset[str]:
        """Names of the modules in this folder (an absolute real path) whose tasks are listed as notebooks."""
        ...

    def unread(self, source: Path) -> tuple[str, str] | None:
        """As `location`: of the pipeline that names this file and has errors that hide which task it is."""
        ...

    def location(self, binding: Binding) -> tuple[str, str] | None:
        """(pipeline file, project root) relative to the server's root; None if outside of it."""
        ...


@dataclass(frozen=True)
class Get:
    """The arguments of a manager's get."""

    path: str
    content: bool
    type: str | None
    format: str | None
    more: Mapping[str, Any]
    """`require_hash`, where the manager knows it, and whatever a subclass adds."""

    def of(self, manager: Any, **changes: Any) -> Base:
        arguments = {"path": self.path, "content": self.content, "type": self.type, "format": self.format}
        return Base(lambda: manager.get(**arguments | dict(self.more) | changes))


@dataclass(frozen=True)
class FoundTask:
    """A file that is a task's source, and what the task is given."""

    source: Path
    binding: Binding


@dataclass(frozen=True)
class Unread:
    """A file that its pipeline names, but the pipeline has errors that hide what the task is given."""

    source: Path
    pipeline: str
    root: str


class TaskFiles:
    """What get, save and get_kernel_path do for one manager."""

    def __init__(self, manager: Any, index: TaskIndex, kernels: Kernels, serverapp: ServerApp) -> None:
        self._manager = manager
        self._index = index
        self._kernels = kernels
        self._serverapp = serverapp
        self._log: Logger = serverapp.log
        self._base_class: Any = type(manager)
        self._hashes = "require_hash" in inspect.signature(self._base_class.get).parameters
        self._pairing_manager: Any = None
        self._threads = ThreadPoolExecutor(_ASKERS, thread_name_prefix="cauce-index")
        self._asked: set[Future[Any]] = set()
        self._ids = _SavedIds()
        self._languages: dict[str, Any] = {}
        """What the kernels of saved notebooks said of their language, by the kernel's name."""

    # Reading

    def get(self, base: Any, request: Get) -> Flow:
        ipynb = request.path.endswith(".ipynb")
        if request.content and self._is_notebook(request):
            patience = OPENING_PATIENCE if ipynb or self._jupytext_is_base else LONG_PATIENCE
            task = (yield from self._task(request.path, patience)) or (yield from self._unread(request.path, patience))
            if task is None:
                return (yield request.of(base))
            yield Work(lambda: refuse_odd(task.source))
            if ipynb:
                return (yield from self._open_ipynb(base, request, task))
            return (yield from self._open_script(base, request, task))
        model = yield request.of(base)
        if request.type not in (None, "notebook"):
            return model
        if model["type"] == "directory" and request.content:
            return (yield from self._mark_sources(request.path, model))
        if model["type"] == "file" and not request.content and (yield from self._task(request.path)) is not None:
            return {**model, "type": "notebook"}
        return model

    def _is_notebook(self, request: Get) -> bool:
        """Would the manager answer with a notebook, if it is one?"""
        if request.type is not None or request.path.endswith(".ipynb"):
            return request.type in (None, "notebook")
        if not self._jupytext_is_base:
            return False
        try:  # jupytext takes a script for a notebook unless it is told otherwise
            return Path(self._manager._get_os_path(request.path)).is_file()
        except HTTPError:
            return False

    def _mark_sources(self, path: str, model: Model) -> Flow:
        """A listing in which the scripts that are tasks are notebooks, so that Open With offers it."""
        folder = self._manager._get_os_path(path)
        names = yield from self._ask(lambda: self._index.sources_in(Path(os.path.realpath(folder))))
        if not names:
            return model
        content = [
            {**entry, "type": "notebook"} if entry["type"] == "file" and entry["name"] in names else entry
            for entry in model["content"]
        ]
        return {**model, "content": content}

    def _open_ipynb(self, base: Any, request: Get, task: FoundTask | Unread) -> Flow:
        model = yield request.of(base)
        if self._jupytext_is_base:
            yield from self._doubt(
                base, model["content"], (yield from self._paired(base, request.path, model["content"]))
            )
        try:
            filled = yield from self._filled(model["content"], task)
            return {**model, "content": filled}
        except Exception:
            self._log.warning("Cauce: %s opens without its task's inputs.", request.path, exc_info=True)
            return model

    def _open_script(self, base: Any, request: Get, task: FoundTask | Unread) -> Flow:
        # Asked first: what the manager refuses (hidden, outside of the root) stays refused.
        about = yield request.of(base, content=False, type="notebook")
        try:
            content = yield Work(lambda: read_source(task.source))
            notebook = yield Work(lambda: read_notebook(content, task.source))
            self._ids.give(notebook, task.source, content)
            paired = yield from self._paired(base, request.path, notebook)
            if paired is not None:
                about = yield request.of(paired.manager, type="notebook", format=None)
                notebook = about["content"]
                yield from self._doubt(base, notebook, paired)
            notebook = yield from self._filled(notebook, task)
            # For colours before a kernel runs; and so that a document is not dirty merely
            # because its kernel, once started, says what it said last time.
            said = self._languages.get(notebook.metadata.get("kernelspec", {}).get("name"))
            notebook.metadata.setdefault("language_info", said or {"name": language_of(notebook)})
            believe(notebook.cells)
            model = {**about, "type": "notebook", "format": "json", "mimetype": None, "content": notebook}
            if "hash" in model and (paired is None or paired.manager is not base):
                model |= self._manager._get_hash(content)  # of what was read, and of this file alone
            self._manager.validate_notebook_model(model)
            return model
        except SourceError as error:
            # Not the manager's answer: it would say that the script is no JSON, or read what we refuse to.
            raise HTTPError(400, f"{request.path}: {error.message} {error.hint}") from error
        except HTTPError:
            raise
        except Exception:
            self._log.warning("Cauce: %s cannot be opened with its task's inputs.", request.path, exc_info=True)
            return (yield request.of(base))

    def _filled(self, notebook: NotebookNode, task: FoundTask | Unread) -> Flow:
        if isinstance(task, FoundTask):
            return (yield from self._fill(notebook, task.binding))
        # As it is, and whoever opens it can tell why.
        notebook = yield from self._serve(notebook, None)
        ours = notebook.metadata.setdefault(METADATA_KEY, {})
        ours["pipeline"], ours["root"] = task.pipeline, task.root
        return notebook

    def _serve(self, notebook: NotebookNode, kernel: str | None) -> Flow:
        """The notebook without marks of others, with a kernel."""
        import nbformat

        from_dict: Callable[[object], NotebookNode] = nbformat.from_dict
        plain = without_injected(from_dict(notebook))  # a mark in the file is not ours
        chosen = yield Work(lambda: self._kernels.choose(kernel, plain))
        return plain if chosen is None else serve_kernel(plain, chosen)

    def _fill(self, notebook: NotebookNode, binding: Binding) -> Flow:
        """The notebook with kernel, injected cell and our metadata."""
        notebook = yield from self._serve(notebook, binding.kernel)
        try:
            notebook = inject(notebook, binding)
        except SourceError as error:
            self._log.warning("Cauce: %s", error)
        believe(filter(is_injected, notebook.cells))
        place = yield from self._ask(lambda: self._index.location(binding))
        if place is not None:
            ours = notebook.metadata.setdefault(METADATA_KEY, {})
            ours["pipeline"], ours["root"] = place
            ours["task"] = binding.task
        return notebook

    # Writing

    def save(self, base: Any, model: Model, path: str) -> Flow:
        content = model.get("content")
        if model.get("type") != "notebook" or not isinstance(content, dict):
            return (yield Base(lambda: base.save(model, path)))
        marked = _is_marked(content)
        if not marked and (yield from self._task(path)) is None:
            return (yield Base(lambda: base.save(model, path)))

        self._remember_language(content)
        # What carries our marks is stripped whatever the index says by now.
        notebook = yield Work(lambda: without_ours(content))
        stripped = {**model, "content": notebook}
        source = Path(os.path.realpath(self._manager._get_os_path(path)))
        yield Work(lambda: refuse_odd(source))
        paired = yield from self._paired(base, path, notebook)
        if paired is not None:
            return (yield from self._save_paired(paired.manager, stripped, source, path))
        if path.endswith(".ipynb"):
            if not (yield Work(lambda: _unchanged(notebook, source))):
                return (yield Base(lambda: base.save(stripped, path)))
            write = False
        else:
            write = True
        return (yield from self._save_alone(base, stripped, source, path, write=write))

    def _remember_language(self, content: Model) -> None:
        metadata = content.get("metadata")
        if not isinstance(metadata, dict):
            return
        kernel, language = metadata.get("kernelspec"), metadata.get("language_info")
        if isinstance(kernel, dict) and isinstance(kernel.get("name"), str) and isinstance(language, dict):
            self._languages[kernel["name"]] = language

    def _save_alone(self, base: Any, model: Model, source: Path, path: str, *, write: bool) -> Flow:
        """Save as the manager does, hooks and events included, but with our own writing."""
        manager = self._manager
        manager.run_pre_save_hooks(model=model, path=path)
        if not manager.allow_hidden and (yield Base(lambda: manager.is_hidden(path))):
            raise HTTPError(400, f"Cannot create file or directory {path!r}")
        if write:
            yield Work(lambda: self._write(model["content"], source))
        if not (yield Base(lambda: manager.checkpoints.list_checkpoints(path))):
            yield Base(lambda: manager.create_checkpoint(path))
        hashed = {"require_hash": True} if self._hashes else {}
        saved = yield Base(lambda: base.get(path=path, content=False, type="notebook", **hashed))
        manager.run_post_save_hooks(model=saved, os_path=manager._get_os_path(path))
        manager.emit(data={"action": "save", "path": path})
        return saved

    def _write(self, notebook: NotebookNode, source: Path) -> None:
        original = read_source(source) if source.exists() else None
        try:
            content = write_notebook(notebook, original, source)
        except SourceError as error:
            raise HTTPError(400, f"{source.name} was not saved. {error.message} {error.hint}") from error
        if len(content) > source_limit(source.name):  # nor could it be opened again
            raise HTTPError(400, f"{source.name} was not saved. It would be too large for code. {TOO_LARGE_HINT}")
        if content != original:
            self._put(source, content)
        self._ids.keep(notebook, source, content)

    def _put(self, source: Path, content: bytes) -> None:
        with self._manager.perm_to_403(str(source)):
            _replace(source, content, atomic=self._manager.use_atomic_writing)

    def _save_paired(self, paired: Any, model: Model, source: Path, path: str) -> Flow:
        """Let jupytext write both halves; a script whose text did not change keeps its bytes."""

        def held() -> bytes | None:
            try:
                return None if source.suffix == ".ipynb" else read_source(source)
            except (OSError, HTTPError):  # not there, or larger than a script is
                return None

        original = yield Work(held)
        saved = yield Base(lambda: paired.save(model, path))

        def restore() -> bool:
            if original is None or held() in (None, original):
                return False
            if not _same_text(model["content"], original, source):
                return False
            self._put(source, original)
            return True

        if (yield Work(restore)):
            saved = yield Base(lambda: paired.get(path, content=False))
        return saved

    # Kernels

    def kernel_path(self, base: Any, path: str, model: Any) -> Flow:
        """A task's kernel starts in the folder in which a build runs it: the project root, most often."""
        name = session_name.get()
        if name and not (yield Base(lambda: self._manager.file_exists(path))):
            path_of_document = f"{path.rpartition('/')[0]}/{name}"
        else:
            path_of_document = path
        task = yield from self._task(path_of_document, LONG_PATIENCE)
        if task is not None:
            place = yield from self._ask(lambda: self._index.location(task.binding))
            if place is not None and task.binding.cwd == task.binding.root:
                return place[1]
            # A folder that has no path here, or is not the root: `cauce.server.kernels` knows it by the file.
            return path_of_document
        return (yield Base(lambda: base.get_kernel_path(path, model=model)))

    # Asking the index

    def _task(self, path: str, patience: float = PATIENCE) -> Generator[Base | Work | Ask, Any, FoundTask | None]:
        try:
            os_path = self._manager._get_os_path(path)
        except HTTPError:
            return None  # not a path below the root: the manager will say so

        def find() -> FoundTask | None:
            source = Path(os.path.realpath(os_path))
            binding = self._index.binding(source)
            return None if binding is None else FoundTask(source, binding)

        task: FoundTask | None = yield from self._ask(find, patience)
        return task

    def _unread(self, path: str, patience: float) -> Generator[Base | Work | Ask, Any, Unread | None]:
        """Should one open it all the same? A tab that is restored while pipeline.yaml is broken must not vanish."""
        try:
            source = Path(os.path.realpath(self._manager._get_os_path(path)))
        except HTTPError:
            return None
        place = yield from self._ask(lambda: self._index.unread(source), patience)
        return None if place is None or not source.is_file() else Unread(source, *place)

    def _ask(self, question: Callable[[], Any], patience: float = PATIENCE) -> Flow:
        self._asked = {future for future in self._asked if not future.done()}
        if len(self._asked) >= 4 * _ASKERS:
            self._log.warning("Cauce: the index of tasks hangs; files open without it.")
            return None
        future = self._threads.submit(question)
        self._asked.add(future)
        try:
            return (yield Ask(future, patience))
        except TimeoutError:
            self._log.warning("Cauce: the index of tasks took more than %s s; the file opens without it.", patience)
        except Exception:
            self._log.warning("Cauce: the index of tasks failed; the file opens without it.", exc_info=True)
        return None

    # jupytext's pairs

    @property
    def _jupytext_is_base(self) -> bool:
        return hasattr(self._manager, "paired_notebooks") and hasattr(self._manager, "get_config")

    def _paired(self, base: Any, path: str, notebook: NotebookNode) -> Generator[Base | Work | Ask, Any, _Pair | None]:
        """The pair that this notebook is a half of; None for a notebook that has none.

        It is kept by jupytext's own contents manager where that is in use, else by one of our
        own that serves paired scripts only.
        """
        from jupytext import formats, paired_paths

        long_form: Callable[..., list[dict[str, str]]] = formats.long_form_multiple_formats
        find_base_path: Callable[..., tuple[str, dict[str, str]]] = paired_paths.find_base_path_and_format
        paths_of: Callable[..., list[tuple[str, object]]] = paired_paths.paired_paths
        manager = base if self._jupytext_is_base else None
        try:
            declared = notebook.metadata.get("jupytext", {}).get("formats")
            if manager is None:
                if path.endswith(".ipynb"):
                    return None  # without jupytext, a notebook is only a notebook
                manager = self._pairing()
            owner = self._manager if manager is base else manager
            config = yield Base(lambda: owner.get_config(path))
            wanted = long_form(declared or config.default_formats(path), auto_ext_requires_language_info=False)
            if len(wanted) < 2:
                return None
            _, fmt = find_base_path(path, wanted)
            paths = tuple(other for other, _ in paths_of(path, fmt, wanted))
            if any(form.get("extension") == ".qmd" or form.get("format_name") in RUN_PROGRAMS for form in wanted):
                self._log.warning("Cauce: %s opens without its pair: reading that would start a program.", path)
                return None
            places = [Path(self._manager._get_os_path(other)) for other in paths]
        except paired_paths.InconsistentPath:
            return None  # paired, but under other names
        except Exception:
            self._log.warning("Cauce: cannot tell whether jupytext pairs %s; taken as not paired.", path, exc_info=True)
            return None
        yield Work(lambda: refuse_odd(*places))
        return _Pair(manager, paths)

    def _doubt(self, base: Any, notebook: NotebookNode, pair: _Pair | None) -> Flow:
        """Believe in outputs only if the .ipynb that they come from is trusted.

        jupytext takes a cell's metadata from the script, and a script can say `trusted=true`.
        """
        shown = [cell for cell in notebook.cells if cell.get("outputs") and cell.metadata.get("trusted")]
        if pair is None or not shown:
            return
        path = next((path for path in pair.paths if path.endswith(".ipynb")), None)
        plain = self._manager.super if self._jupytext_is_base else base
        trusted = False
        if path is not None:
            model = yield Base(lambda: plain.get(path, content=True, type="notebook"))
            trusted = all(cell.metadata.get("trusted") for cell in model["content"].cells if cell.cell_type == "code")
        for cell in shown:
            cell.metadata["trusted"] = trusted

    def _pairing(self) -> Any:
        if self._pairing_manager is None:
            own = self._manager
            build = pairing_class(self._base_class)
            self._pairing_manager = build(
                parent=self._serverapp,
                log=self._log,
                root_dir=own.root_dir,
                allow_hidden=own.allow_hidden,
                use_atomic_writing=own.use_atomic_writing,
            )
            self._pairing_manager.notary = own.notary
            self._pairing_manager._pre_save_hooks = own._pre_save_hooks
            self._pairing_manager._post_save_hooks = own._post_save_hooks
        return self._pairing_manager


@dataclass(frozen=True)
class _Pair:
    """Files that jupytext keeps equal."""

    manager: Any
    """Whose get and save know of both."""
    paths: tuple[str, ...]
    """The files, as the contents service calls them."""


_ASKERS = 4


def believe(cells: Iterable[NotebookNode]) -> None:
    """Mark as trusted what has nothing to show. Nothing else of a file is ever trusted by us."""
    for cell in cells:
        if cell.cell_type == "code" and not cell.get("outputs"):
            cell.metadata["trusted"] = True


# --- Reading ------------------------------------------------------------------------------


def read_source(source: Path) -> bytes:
    """The content of a source. What is no file, or too large for a source, is a 400."""
    try:
        return read_whole(source, source_limit(source.name))
    except NotRegular as error:
        raise _odd(source) from error
    except FileTooLarge as error:
        raise HTTPError(400, f"{source.name}: {error.strerror}. {TOO_LARGE_HINT}") from error


def refuse_odd(*sources: Path) -> None:
    """Refuse what is there and no file, before a manager waits for the other end of a pipe."""
    for source in sources:
        try:
            open_regular(source).close()
        except NotRegular as error:
            raise _odd(source) from error
        except OSError:
            pass  # the manager says so in its own way


def _odd(source: Path) -> HTTPError:
    return HTTPError(400, f"{source.name} is not a regular file. Put a file in its place.")


# --- Saving -------------------------------------------------------------------------------


def without_ours(content: Model) -> NotebookNode:
    """What the file should hold, from what a client sent; a malformed notebook is a 400."""
    import nbformat
    from nbformat.v4 import rwbase

    from_dict: Callable[[object], NotebookNode] = nbformat.from_dict
    rejoin_lines: Callable[[NotebookNode], NotebookNode] = rwbase.rejoin_lines
    try:
        notebook = rejoin_lines(from_dict(content))
        sections = (notebook.metadata.get(key, {}) for key in ("jupytext", "kernelspec", "language_info"))
        if not isinstance(notebook.cells, list) or not all(isinstance(section, dict) for section in sections):
            raise TypeError("its cells are no list, or its metadata is of another shape")
        for cell in notebook.cells:
            if not (isinstance(cell.source, str) and isinstance(cell.metadata, dict) and cell.cell_type):
                raise TypeError("a cell without text")
        return strip(notebook)
    except (AttributeError, KeyError, TypeError) as error:
        raise HTTPError(400, f"The notebook is malformed: {error!r}. Reload it and try again.") from error


def _is_marked(content: Model) -> bool:
    """Is there anything of ours in what a client sent, whatever that is?"""
    cells, metadata = content.get("cells"), content.get("metadata")
    if isinstance(metadata, dict) and METADATA_KEY in metadata:
        return True
    shaped = (cell for cell in cells if isinstance(cell, dict)) if isinstance(cells, list) else ()
    return any(is_injected(cell) for cell in shaped if isinstance(cell.get("metadata"), dict))


def _unchanged(notebook: NotebookNode, source: Path) -> bool:
    try:
        original = read_source(source)
        return write_notebook(notebook, original, source) == original
    except (OSError, SourceError, HTTPError):
        return False


def _same_text(notebook: NotebookNode, original: bytes, source: Path) -> bool:
    """Does the script hold this notebook already, whatever jupytext would write differently?"""
    try:
        held = read_notebook(original, source)
    except SourceError:
        return False

    def cells(notebook: NotebookNode) -> list[tuple[str, str, list[str]]]:
        return [(cell.cell_type, cell.source, cell.metadata.get("tags") or []) for cell in notebook.cells]

    def fact(notebook: NotebookNode, section: str, key: str) -> object:
        return notebook.metadata.get(section, {}).get(key)

    # A script that names no kernel leaves that to the other half; jupytext would add it to both.
    kernel = fact(held, "kernelspec", "name")
    return (
        cells(held) == cells(notebook)
        and fact(held, "jupytext", "formats") == fact(notebook, "jupytext", "formats")
        and kernel in (None, fact(notebook, "kernelspec", "name"))
    )


def _replace(path: Path, content: bytes, *, atomic: bool) -> None:
    """Write to a temporary name in the same folder, then rename; mode and owner stay.

    Written in place where the user turned atomic writing off, or where the folder is not
    writable but the file is.
    """
    if not atomic or (path.exists() and not os.access(path.parent, os.W_OK)):
        with path.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        return
    write_whole(path, content)


class _SavedIds:
    """The cell ids that a script's cells had in the open document when it was saved.

    A script has no room for ids, and those that `read_notebook` derives change with an edit.
    As long as the file is what was saved, it is served with the ids that the open documents
    have: a collaboration room then finds the file equal to what it holds.
    """

    def __init__(self) -> None:
        self._known: dict[Path, tuple[bytes, tuple[str, ...]]] = {}

    def keep(self, notebook: NotebookNode, source: Path, content: bytes) -> None:
        ids = tuple(str(cell.get("id", "")) for cell in notebook.cells)
        self._known.pop(source, None)
        if len(set(ids)) == len(ids) and all(map(_CELL_ID.fullmatch, ids)):
            self._known[source] = hashlib.sha256(content).digest(), ids
        while len(self._known) > _IDS_KEPT:
            del self._known[next(iter(self._known))]

    def give(self, notebook: NotebookNode, source: Path, content: bytes) -> None:
        digest, ids = self._known.get(source, (b"", ()))
        if len(ids) == len(notebook.cells) and digest == hashlib.sha256(content).digest():
            for cell, cell_id in zip(notebook.cells, ids, strict=True):
                cell["id"] = cell_id


_CELL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_IDS_KEPT = 500


# --- Kernels ------------------------------------------------------------------------------


class Kernels:
    """Which installed kernel a task's notebook asks for when its file names none."""

    def __init__(self, serverapp: ServerApp) -> None:
        self._specs: Any = serverapp.kernel_spec_manager
        self._default: Callable[[], str] = lambda: str(serverapp.kernel_manager.default_kernel_name)

    def choose(self, wanted: str | None, notebook: NotebookNode) -> dict[str, str] | None:
        """The kernelspec to serve: what the pipeline asks for, else one for a file that names none."""
        own = notebook.metadata.get("kernelspec", {}).get("name")
        if own is not None and wanted in (None, own):
            return None
        specs = self._specs.get_all_specs()
        if inspect.iscoroutine(specs):  # a gateway's, which lives on the event loop
            specs.close()
            specs = {}
        if wanted is not None:
            return _kernelspec(wanted, specs.get(wanted, {}))
        language = language_of(notebook)
        names = sorted(specs, key=lambda name: (name != self._default(), name))
        for name in names:
            if str(specs[name].get("spec", {}).get("language", "")).lower() == language:
                return _kernelspec(name, specs[name])
        return None


def _kernelspec(name: str, entry: Mapping[str, Any]) -> dict[str, str]:
    spec = entry.get("spec", {})
    told = {"display_name": spec.get("display_name", name), "language": spec.get("language"), "name": name}
    return {key: value for key, value in told.items() if value}
