"""The pipelines below the server's root, found by walking a bounded number of folders."""

from __future__ import annotations

import os
from pathlib import Path

from cauce.contract import Pipeline, PipelineList
from cauce.engine.lookup import pipeline_files
from cauce.engine.spec import PipelineSpec, entry_of_file

__all__ = ["find_pipelines"]

_DEPTH = 8
_FOLDERS = 20_000
_PIPELINES = 500
_NEVER = frozenset(("node_modules", "__pycache__", "site-packages", "dist-packages"))


def find_pipelines(root: Path) -> PipelineList:
    """Breadth first and in alphabetical order: what is near the root comes first.

    Hidden folders, virtual environments and installed packages are passed over; symbolic
    links to folders are not followed.
    """
    found: list[Pipeline] = []
    level, seen = [root], 0
    for _ in range(_DEPTH):
        below: list[Path] = []
        for folder in level:
            seen += 1
            if seen > _FOLDERS or len(found) >= _PIPELINES:
                return PipelineList(pipelines=tuple(found), truncated=True)
            files, folders = _scan(folder)
            for name in pipeline_files(files):
                path = folder / name
                spec = PipelineSpec(entry_of_file(path), (), ())
                found.append(Pipeline(path=path.relative_to(root).as_posix(), name=spec.name))
            if "pyvenv.cfg" not in files:
                below += [folder / name for name in folders]
        level = below
    return PipelineList(pipelines=tuple(found), truncated=False)  # whatever lies deeper is data


def _scan(folder: Path) -> tuple[list[str], list[str]]:
    files: list[str] = []
    folders: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if not _is_text(entry.name):
                    continue  # it has no place in JSON, nor in a URL
                if entry.is_dir(follow_symlinks=False):
                    if not entry.name.startswith(".") and entry.name not in _NEVER:
                        folders.append(entry.name)
                else:
                    files.append(entry.name)
    except OSError:
        return [], []
    return files, sorted(folders)


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
