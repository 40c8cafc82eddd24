"""Finds the files of sources in a folder, or in a package."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from .tasks import _Loaded

__all__ = ["SourceLoader"]


class SourceLoader:
    """Sources by their names, below `path`, which is a folder, one in a package, or several."""

    def __init__(self, path: str | Path | Sequence[str | Path] | None = None, module: str | ModuleType | None = None):
        base = Path()
        if module is not None:
            package = importlib.import_module(module) if isinstance(module, str) else module
            if package.__file__ is None:
                raise ValueError(f"The package '{package.__name__}' has no folder of its own.")
            base = Path(package.__file__).parent
        paths = [path] if isinstance(path, str | Path) else [""] if path is None else list(path)
        self._folders = [base / each for each in paths]

    def __getitem__(self, name: str) -> Path:
        found = [folder / name for folder in self._folders if (folder / name).is_file()]
        if not found:
            places = ", ".join(folder.as_posix() for folder in self._folders)
            raise FileNotFoundError(f"There is no source '{name}' in {places}.")
        return _Loaded(found[0])

    def get_template(self, name: str) -> Path:
        """The same."""
        return self[name]

    def path_to(self, name: str) -> Path:
        """The same."""
        return self[name]
