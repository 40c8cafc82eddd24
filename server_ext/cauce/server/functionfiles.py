"""A task that is a function opens as a notebook too, under a path that is no file.

    functions.py (functions)/fit.ipynb ─► the body of the function of task `fit` in functions.py

What is read and written is the module (`cauce.engine.functionbook`). Whether somebody else has
changed the notebook meanwhile is told by the lines of its function alone: two functions of a
module can be open, and saved, at the same time.
"""

from __future__ import annotations

import keyword
import os
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tornado.web import HTTPError

from cauce.engine.functionbook import (
    FunctionTask,
    book_of,
    book_path,
    definition,
    open_function,
    save_function,
    with_setup,
)
from cauce.engine.injection import Binding, language_of
from cauce.engine.notebook import SourceError
from cauce.server.flow import Base, Flow, Work
from cauce.server.taskfiles import (
    LONG_PATIENCE,
    PATIENCE,
    FoundTask,
    Get,
    Model,
    TaskFiles,
    believe,
    read_source,
    without_ours,
)

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["FunctionFiles", "as_variables"]


@dataclass(frozen=True)
class _Book:
    """A path that stands for a function; '' as the task: for all of a module."""

    path: str
    module: str
    task: str


class FunctionFiles(TaskFiles):
    """What a manager does with files, and with the functions in them."""

    _writing = threading.Lock()

    def get(self, base: Any, request: Get) -> Flow:
        book = self._book(request.path)
        if book is None:
            model = yield from super().get(base, request)
            if model["type"] == "directory" and request.content and isinstance(model["content"], list):
                return (yield from self._with_books(request.path, model))
            return model
        if request.type not in (None, "notebook" if book.task else "directory"):
            raise HTTPError(400, f"{request.path} is no {request.type}.")
        # The manager says what may be seen: nothing hidden, nothing outside of its root.
        about = yield request.of(base, path=book.module, content=False, type="file", format=None)
        if book.task == "":
            return (yield from self._listing(about, book, with_content=request.content))
        function = yield from self._found(book)
        content = yield Work(lambda: read_source(function.path))
        model = self._model(about, book, self._about(content, function))
        if request.content:
            notebook = yield from self._opened(book, function, content)
            model |= {"content": notebook, "format": "json"}
            self._manager.validate_notebook_model(model)
        return model

    def save(self, base: Any, model: Model, path: str) -> Flow:
        book = self._book(path)
        if book is None:
            return (yield from super().save(base, model, path))
        content = model.get("content")
        if book.task == "" or model.get("type") != "notebook" or not isinstance(content, dict):
            raise HTTPError(400, f"{path} is no file: only the notebook of a function can be saved there.")
        self._remember_language(content)
        notebook = yield Work(lambda: without_ours(content))
        yield Base(lambda: base.get(path=book.module, content=False, type="file"))
        function = yield from self._found(book)
        wanted = {**model, "content": notebook}
        self._manager.run_pre_save_hooks(model=wanted, path=path)
        written = yield Work(lambda: self._write_function(wanted["content"], function, book))
        hashed = {"require_hash": True} if self._hashes else {}
        about = yield Base(lambda: base.get(path=book.module, content=False, type="file", **hashed))
        # What has been saved is the module: hooks that convert notebooks find none.
        os_path = self._manager._get_os_path(book.module)
        self._manager.run_post_save_hooks(model=about, os_path=os_path)
        self._manager.emit(data={"action": "save", "path": book.module})
        return self._model(about, book, self._about(written, function))

    def file_exists(self, path: str) -> Flow | None:
        """Whether there is such a function; None where the path is none of ours."""
        book = self._book(path)
        if book is None or book.task == "":
            return None
        return self._exists(book)

    def module_of(self, path: str) -> str | None:
        """The module that such a path is about; None where it is none of ours."""
        book = self._book(path)
        return None if book is None else book.module

    # Inside

    def _book(self, path: str) -> _Book | None:
        found = book_of(path.strip("/"))
        if found is None:
            return None
        try:
            folder = self._manager._get_os_path(book_path(found[0]))
            module = self._manager._get_os_path(found[0])
        except HTTPError:
            return None
        # A folder that is really called so is a folder.
        return None if os.path.lexists(folder) or not Path(module).is_file() else _Book(path.strip("/"), *found)

    def _module(self, book: _Book) -> Path:
        return Path(os.path.realpath(self._manager._get_os_path(book.module)))

    def _exists(self, book: _Book) -> Flow:
        module = self._module(book)
        return (yield from self._ask(lambda: self._index.function(module, book.task))) is not None

    def _found(self, book: _Book) -> Flow:
        module = self._module(book)
        function = yield from self._ask(lambda: self._index.function(module, book.task), LONG_PATIENCE)
        if function is None:
            name = book.module.rpartition("/")[2]
            raise HTTPError(
                404, f"There is no task '{book.task}' whose function is in {name}, or {name} cannot be read as Python."
            )
        return function

    def _task(self, path: str, patience: float = PATIENCE) -> Flow:
        book = self._book(path)
        if book is None or book.task == "":
            return (yield from super()._task(path, patience))
        module = self._module(book)
        function = yield from self._ask(lambda: self._index.function(module, book.task), patience)
        return None if function is None else FoundTask(function.path, as_variables(function.binding))

    def _opened(self, book: _Book, function: FunctionTask, content: bytes) -> Flow:
        def read() -> NotebookNode:
            notebook = open_function(content, function.path, function.name)
            self._ids.give(notebook, self._key(book, function), definition(content, function.path, function.name))
            return notebook

        try:
            notebook = yield Work(read)
            notebook = yield from self._fill(notebook, as_variables(function.binding))
            notebook = yield Work(lambda: with_setup(notebook, content, function))
        except SourceError as error:
            raise HTTPError(400, f"{book.path}: {error.message} {error.hint}") from error
        said = self._languages.get(notebook.metadata.get("kernelspec", {}).get("name"))
        notebook.metadata.setdefault("language_info", said or {"name": language_of(notebook)})
        believe(notebook.cells)
        return notebook

    def _write_function(self, notebook: NotebookNode, function: FunctionTask, book: _Book) -> bytes:
        with self._writing:
            original = read_source(function.path)
            try:
                content = save_function(notebook, original, function.path, function.name)
            except SourceError as error:
                name = book.module.rpartition("/")[2]
                raise HTTPError(400, f"{name} was not changed. {error.message} {error.hint}") from error
            if content != original:
                self._put(function.path, content)
        self._ids.keep(notebook, self._key(book, function), definition(content, function.path, function.name))
        return content

    def _key(self, book: _Book, function: FunctionTask) -> Path:
        return function.path / book.task

    def _about(self, content: bytes, function: FunctionTask) -> bytes:
        """What the notebook follows from."""
        try:
            return definition(content, function.path, function.name)
        except SourceError:
            return content

    def _model(self, about: Model, book: _Book, lines: bytes) -> Model:
        name = book.path.rpartition("/")[2]
        model = {**about, "name": name, "path": book.path, "type": "notebook", "size": len(lines)}
        model |= {"content": None, "format": None, "mimetype": None}
        return model | self._manager._get_hash(lines) if "hash" in about else model

    def _listing(self, about: Model, book: _Book, *, with_content: bool) -> Flow:
        module = self._module(book)
        tasks = (yield from self._ask(lambda: self._index.functions_of(module))) or ()
        if not tasks:
            raise HTTPError(404, f"No function of {book.module} is a task.")
        model = _folder(about, book.path)
        if not with_content:
            return model
        bare = {key: value for key, value in about.items() if not key.startswith("hash")}
        books = [_Book(book_path(book.module, task), book.module, task) for task in tasks]
        return {**model, "format": "json", "content": [self._model(bare, each, b"") | {"size": None} for each in books]}

    def _with_books(self, path: str, model: Model) -> Flow:
        """A listing with a folder of notebooks beside each module whose pipeline wants that."""
        folder = self._manager._get_os_path(path)
        names = yield from self._ask(lambda: self._index.functions_in(Path(os.path.realpath(folder))))
        if not names:
            return model
        taken = {entry["name"] for entry in model["content"]}
        more = [
            _folder(entry, book_path(entry["path"]))
            for entry in model["content"]
            if entry["name"] in names and entry["type"] != "directory" and book_path(entry["name"]) not in taken
        ]
        return {**model, "content": [*model["content"], *more]}


def as_variables(binding: Binding) -> Binding:
    """Without parameters that only ``**`` can take: the cell that stands for it has them."""
    params = {
        name: value for name, value in binding.params.items() if name.isidentifier() and not keyword.iskeyword(name)
    }
    return replace(binding, params=params)


def _folder(about: Model, path: str) -> Model:
    bare = {key: value for key, value in about.items() if not key.startswith("hash")}
    told = {"type": "directory", "content": None, "format": None, "mimetype": None, "size": None, "writable": False}
    return {**bare, **told, "name": path.rpartition("/")[2], "path": path}
