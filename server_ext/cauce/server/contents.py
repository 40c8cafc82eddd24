"""A task's source opens as a notebook with its inputs filled in, and saves as it was.

The server's contents manager is extended in place, whatever class it is: its instance is
given a subclass of its own class. Everybody who holds a reference (sessions, handlers,
collaboration rooms, file ids) sees the same, and no configuration is lost. What the
subclass does is decided in `cauce.server.taskfiles`, `cauce.server.functionfiles` and `cauce.server.runfiles`.
"""

from __future__ import annotations

import inspect
from functools import wraps
from typing import TYPE_CHECKING, Any

from jupyter_server.services.contents.fileio import FileManagerMixin
from jupyter_server.services.contents.manager import ContentsManager
from tornado.web import HTTPError

from cauce.engine.jupytextyaml import guard_jupytext
from cauce.server.flow import in_base, run, run_async
from cauce.server.runfiles import RunFiles
from cauce.server.taskfiles import Get, Kernels, Model, TaskIndex, session_name

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

__all__ = ["wrap_contents_manager"]


def wrap_contents_manager(serverapp: ServerApp, index: TaskIndex) -> bool:
    """Teach the server's contents manager about tasks; True if it knows them now.

    To be called once all extensions are loaded, since they may replace the manager. A
    manager that does not keep its files in a local folder is left alone.
    """
    manager: Any = serverapp.contents_manager
    if hasattr(manager, "_cauce_notebooks"):
        return True
    name = type(manager).__name__
    if not issubclass(type(manager), FileManagerMixin) or not issubclass(type(manager), ContentsManager):
        serverapp.log.info("Cauce: %s keeps no local files, so tasks do not open as notebooks.", name)
        return False
    if hasattr(manager, "paired_notebooks"):
        guard_jupytext()  # it reads on the event loop
    notebooks = RunFiles(manager, index, Kernels(serverapp), serverapp)
    try:
        manager.__class__ = _derive(type(manager))
    except TypeError as error:
        serverapp.log.warning("Cauce: %s cannot be extended, so tasks do not open as notebooks: %s", name, error)
        return False
    manager._cauce_notebooks = notebooks
    _tell_names(serverapp)
    return True


def _derive(base: Any) -> Any:
    """A subclass of `base` whose get, save and get_kernel_path know tasks."""
    if inspect.iscoroutinefunction(base.get):

        class Derived(base):  # type: ignore[misc]  # the base is known at run time only
            @wraps(base.get)
            async def get(
                self, path: str, content: Any = True, type: Any = None, format: Any = None, **more: Any
            ) -> Any:
                if in_base():
                    return await super().get(path=path, content=content, type=type, format=format, **more)
                request = Get(path.strip("/"), bool(content), type, format, more)
                return await run_async(self._cauce_notebooks.get(super(), request))

            @wraps(base.save)
            async def save(self, model: Model, path: str = "") -> Any:
                if in_base():
                    return await super().save(model, path)
                return await run_async(self._cauce_notebooks.save(super(), model, path.strip("/")))

            @wraps(base.get_kernel_path)
            async def get_kernel_path(self, path: str, model: Any = None) -> Any:
                return await run_async(self._cauce_notebooks.kernel_path(super(), path.strip("/"), model))

            @wraps(base.file_exists)
            async def file_exists(self, path: str = "") -> Any:
                flow = None if in_base() else self._cauce_notebooks.file_exists(path)
                return await (super().file_exists(path) if flow is None else run_async(flow))

            @wraps(base.delete)
            async def delete(self, path: str) -> Any:
                _refuse(self, "deleted", path)
                return await super().delete(path)

            @wraps(base.rename)
            async def rename(self, old_path: str, new_path: str) -> Any:
                _refuse(self, "renamed", old_path, new_path)
                return await super().rename(old_path, new_path)

            @wraps(base.create_checkpoint)
            async def create_checkpoint(self, path: str) -> Any:
                return await super().create_checkpoint(_file_of(self, path))

            @wraps(base.list_checkpoints)
            async def list_checkpoints(self, path: str) -> Any:
                return await super().list_checkpoints(_file_of(self, path))

            @wraps(base.restore_checkpoint)
            async def restore_checkpoint(self, checkpoint_id: str, path: str) -> Any:
                _refuse(self, "restored", path)
                return await super().restore_checkpoint(checkpoint_id, path)

            @wraps(base.delete_checkpoint)
            async def delete_checkpoint(self, checkpoint_id: str, path: str) -> Any:
                return await super().delete_checkpoint(checkpoint_id, _file_of(self, path))

        return _named(Derived, base)

    class SyncDerived(base):  # type: ignore[misc]  # the base is known at run time only
        @wraps(base.get)
        def get(self, path: str, content: Any = True, type: Any = None, format: Any = None, **more: Any) -> Any:
            if in_base():
                return super().get(path=path, content=content, type=type, format=format, **more)
            request = Get(path.strip("/"), bool(content), type, format, more)
            return run(self._cauce_notebooks.get(super(), request))

        @wraps(base.save)
        def save(self, model: Model, path: str = "") -> Any:
            if in_base():
                return super().save(model, path)
            return run(self._cauce_notebooks.save(super(), model, path.strip("/")))

        @wraps(base.get_kernel_path)
        def get_kernel_path(self, path: str, model: Any = None) -> Any:
            return run(self._cauce_notebooks.kernel_path(super(), path.strip("/"), model))

        @wraps(base.file_exists)
        def file_exists(self, path: str = "") -> Any:
            flow = None if in_base() else self._cauce_notebooks.file_exists(path)
            return super().file_exists(path) if flow is None else run(flow)

        @wraps(base.delete)
        def delete(self, path: str) -> Any:
            _refuse(self, "deleted", path)
            return super().delete(path)

        @wraps(base.rename)
        def rename(self, old_path: str, new_path: str) -> Any:
            _refuse(self, "renamed", old_path, new_path)
            return super().rename(old_path, new_path)

        @wraps(base.create_checkpoint)
        def create_checkpoint(self, path: str) -> Any:
            return super().create_checkpoint(_file_of(self, path))

        @wraps(base.list_checkpoints)
        def list_checkpoints(self, path: str) -> Any:
            return super().list_checkpoints(_file_of(self, path))

        @wraps(base.restore_checkpoint)
        def restore_checkpoint(self, checkpoint_id: str, path: str) -> Any:
            _refuse(self, "restored", path)
            return super().restore_checkpoint(checkpoint_id, path)

        @wraps(base.delete_checkpoint)
        def delete_checkpoint(self, checkpoint_id: str, path: str) -> Any:
            return super().delete_checkpoint(checkpoint_id, _file_of(self, path))

    return _named(SyncDerived, base)


def _refuse(manager: Any, what: str, *paths: str) -> None:
    """What is past cannot change; and nobody means the whole module who points at a function's notebook."""
    for path in paths:
        if manager._cauce_notebooks.is_of_run(path):
            raise HTTPError(400, f"What a past run has made cannot be {what}.")
        module = manager._cauce_notebooks.module_of(path)
        if module is not None:
            name = module.rpartition("/")[2]
            raise HTTPError(400, f"A function in {name} cannot be {what} here: edit {name} instead.")


def _file_of(manager: Any, path: str) -> str:
    """The file whose checkpoints a path has."""
    return manager._cauce_notebooks.module_of(path) or path


def _named(derived: Any, base: Any) -> Any:
    derived.__name__ = derived.__qualname__ = f"Task{base.__name__}"
    return derived


def _tell_names(serverapp: ServerApp) -> None:
    """Let `get_kernel_path` know the session's name.

    JupyterLab starts a session under a path that it makes up (a UUID in the document's
    folder) and renames it afterwards; only the name says which document it is for.
    """
    sessions: Any = serverapp.session_manager
    base: Any = type(sessions)
    if not inspect.iscoroutinefunction(getattr(base, "start_kernel_for_session", None)):
        return

    class Derived(base):  # type: ignore[misc]  # the base is known at run time only
        @wraps(base.start_kernel_for_session)
        async def start_kernel_for_session(self, session_id: Any, path: Any, name: Any, *rest: Any, **more: Any) -> Any:
            token = session_name.set(name if isinstance(name, str) and "/" not in name else None)
            try:
                return await super().start_kernel_for_session(session_id, path, name, *rest, **more)
            finally:
                session_name.reset(token)

    try:
        sessions.__class__ = _named(Derived, base)
    except TypeError as error:
        serverapp.log.warning("Cauce: %s cannot be extended: %s", base.__name__, error)
