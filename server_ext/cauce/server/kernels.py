"""A kernel that is started for a task's source runs where a build runs it: in the project root, most often.

Sessions ask the contents manager for the kernel's folder (`cauce.server.contents`). This is
for whoever starts a kernel for a file without a session: consoles, other clients.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from logging import Logger
from pathlib import Path
from typing import Any

from jupyter_server.services.kernels.kernelmanager import MappingKernelManager
from jupyter_server.utils import to_os_path

from cauce.engine.functionbook import book_of
from cauce.server.taskfiles import TaskIndex

__all__ = ["wrap_kernel_manager"]

_PATIENCE = 2.0


def wrap_kernel_manager(kernel_manager: Any, index: TaskIndex, root_dir: str | Path) -> bool:
    """Start kernels for task sources in the project root; True if the manager was taught to.

    A manager whose kernels run elsewhere (a gateway's) is left alone: our paths mean
    nothing there.
    """
    if hasattr(kernel_manager, "_cauce_folders"):
        return True
    base: Any = type(kernel_manager)
    if not issubclass(base, MappingKernelManager) or base.__module__.startswith("jupyter_server.gateway"):
        return False

    class Derived(base):  # type: ignore[misc]  # the base is known at run time only
        def cwd_for_path(self, path: Any, **kwargs: Any) -> Any:
            folder = super().cwd_for_path(path, **kwargs)
            # Sessions also ask, without `env`, to learn the document's own path.
            if "env" not in kwargs:
                return folder
            return self._cauce_folders.folder(path) or folder

    Derived.__name__ = Derived.__qualname__ = f"Task{base.__name__}"
    try:
        kernel_manager.__class__ = Derived
    except TypeError as error:
        kernel_manager.log.warning("Cauce: %s cannot be extended: %s", base.__name__, error)
        return False
    kernel_manager._cauce_folders = _Folders(index, str(root_dir), kernel_manager.log)
    return True


class _Folders:
    """The working folder of each task."""

    def __init__(self, index: TaskIndex, root_dir: str, log: Logger) -> None:
        self._index = index
        self._root_dir = root_dir
        self._log = log
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="cauce-folder")

    def folder(self, path: str) -> str | None:
        """Where a kernel for this file starts; None for a file that is no task, or a folder.

        Asked on the event loop, which has no time to wait for a slow disk: None then, too.
        """
        try:
            return self._thread.submit(self._find, path).result(_PATIENCE)
        except TimeoutError:
            self._log.warning("Cauce: the disk is slow; the kernel starts beside %s.", path)
            return None

    def _find(self, path: str) -> str | None:
        try:
            source = self._real(path)
            binding = self._index.binding(source) if source.is_file() else None
            if binding is None and (book := book_of(path.strip("/"))) is not None and not source.exists():
                function = self._index.function(self._real(book[0]), book[1])
                binding = None if function is None else function.binding
        except Exception:
            self._log.warning("Cauce: the index of tasks failed; the kernel starts beside %s.", path, exc_info=True)
            return None
        return str(binding.cwd) if binding is not None and binding.cwd.is_dir() else None

    def _real(self, path: str) -> Path:
        return Path(os.path.realpath(to_os_path(path, self._root_dir)))  # type: ignore[arg-type]  # an ApiPath
