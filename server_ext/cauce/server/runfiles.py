"""The executed notebook of a past run opens under a path that is no file, and cannot be changed.

    pipeline.yaml (runs)/18c3f2a1b40-0a1b2c3d/fit.ipynb ─► what was kept of the task `fit` in that run

The folder in which it is kept is hidden, and nobody's business but ours (`cauce.engine.keptbooks`).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tornado.web import HTTPError

from cauce.engine.errors import NotFound
from cauce.engine.keptbooks import run_book_of
from cauce.engine.spec import entry_of_file
from cauce.runs import run_notebook
from cauce.server.flow import Flow, Work
from cauce.server.functionfiles import FunctionFiles
from cauce.server.taskfiles import Get, Model

__all__ = ["RunFiles"]


class RunFiles(FunctionFiles):
    """What a manager does with files, with the functions in them, and with notebooks of past runs."""

    def get(self, base: Any, request: Get) -> Flow:
        found = run_book_of(request.path)
        if found is None or self._is_file(request.path):
            return (yield from super().get(base, request))
        pipeline, run, task = found
        if request.type not in (None, "notebook"):
            raise HTTPError(400, f"{request.path} is no {request.type}.")
        # The manager says what may be seen: nothing hidden, nothing outside of its root.
        about = yield request.of(base, path=pipeline, content=False, type="file", format=None)
        content = yield Work(lambda: self._read(pipeline, run, task))
        model = {
            **about,
            "name": request.path.rpartition("/")[2],
            "path": request.path,
            "type": "notebook",
            "size": len(content),
            "content": None,
            "format": None,
            "mimetype": None,
            "writable": False,
            "created": _moment(run),
            "last_modified": _moment(run),
        }
        if "hash" in about:
            model |= self._manager._get_hash(content)
        if request.content:
            notebook = yield Work(lambda: _notebook(content, request.path))
            # As of any notebook: what it shows is believed if this user has run it, or said so.
            self._manager.mark_trusted_cells(notebook, request.path)
            model |= {"content": notebook, "format": "json"}
            self._manager.validate_notebook_model(model)
        return model

    def save(self, base: Any, model: Model, path: str) -> Flow:
        if self.is_of_run(path):
            raise HTTPError(403, "What a past run has made cannot be changed: use 'Save Notebook As…' to have a copy.")
        return (yield from super().save(base, model, path))

    def file_exists(self, path: str) -> Flow | None:
        found = run_book_of(path.strip("/"))
        if found is None or self._is_file(path.strip("/")):
            return super().file_exists(path)
        return self._kept(*found)

    def is_of_run(self, path: str) -> bool:
        """Whether a path stands for a notebook of a past run."""
        return run_book_of(path.strip("/")) is not None and not self._is_file(path.strip("/"))

    # Inside

    def _is_file(self, path: str) -> bool:
        """Is there really a file of that name, which then is what is meant?"""
        try:
            return os.path.lexists(self._manager._get_os_path(path))
        except HTTPError:
            return False

    def _kept(self, pipeline: str, run: str, task: str) -> Flow:
        try:
            yield Work(lambda: self._read(pipeline, run, task))
        except HTTPError:
            return False
        return True

    def _read(self, pipeline: str, run: str, task: str) -> bytes:
        gone = HTTPError(404, f"No notebook of '{task}' was kept in that run, or it was removed since.")
        try:
            root = Path(os.path.realpath(self._manager._get_os_path("")))
            entry = entry_of_file(Path(os.path.realpath(self._manager._get_os_path(pipeline))))
            if not entry.root.is_relative_to(root):
                raise gone
            return run_notebook(entry, run, task)
        except NotFound:
            raise gone from None
        except OSError as error:
            raise HTTPError(400, f"The notebook cannot be read: {error.strerror or error}.") from error


def _notebook(content: bytes, path: str) -> Any:
    import nbformat

    reads: Callable[..., Any] = nbformat.reads
    try:
        return reads(content.decode("utf-8", "replace"), as_version=4)
    except Exception as error:  # whatever a damaged file leads to
        raise HTTPError(400, f"{path} cannot be read as a notebook: {error!r}") from error


def _moment(run: str) -> datetime:
    """When a run began, which its id tells: see `store.new_run`."""
    try:
        return datetime.fromtimestamp(int(run.rpartition("-")[0], 16) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)
