"""Pipelines that a pipeline.yaml declares, for Python code to change before they are shown and built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .dag import DAG
from .tasks import SpecTask

__all__ = ["DAGSpec"]


class DAGSpec:
    """A pipeline.yaml, or what would stand in one, with the values of its placeholders."""

    def __init__(self, data: str | Path | Mapping[str, Any] | Sequence[Any], env: Any = None, **_: Any) -> None:
        from cauce.runner.values import pipeline_of

        self.data: dict[str, Any] = pipeline_of(data, env)

    @classmethod
    def find(cls, env: Any = None, **_: Any) -> DAGSpec:
        """The one of the project."""
        return cls("pipeline.yaml", env)

    @classmethod
    def from_files(cls, files: str | Sequence[str | Path]) -> DAGSpec:
        """Scripts that name their own products."""
        paths = sorted(Path().glob(files)) if isinstance(files, str) else [Path(file) for file in files]
        meta = {"extract_product": True}
        return cls({"meta": meta, "tasks": [{"source": path.as_posix()} for path in paths]})

    @classmethod
    def from_directory(cls, path_to_dir: str | Path) -> DAGSpec:
        """All scripts of a folder."""
        suffixes = (".py", ".r", ".rmd", ".ipynb")
        return cls.from_files([path for path in sorted(Path(path_to_dir).iterdir()) if path.suffix.lower() in suffixes])

    def to_dag(self) -> DAG:
        """The pipeline."""
        dag = DAG()
        dag._from_spec = True
        dag._head = {key: value for key, value in self.data.items() if key != "tasks"}
        for entry in self.data.get("tasks") or ():
            task = {"source": entry} if isinstance(entry, str) else dict(entry)
            SpecTask(task, str(task.get("name") or _name(str(task.get("source")))), dag)
        return dag

    def __getitem__(self, key: str) -> Any:
        return self.data[key]


def _name(source: str) -> str:
    path = Path(source)
    return (
        path.stem if path.suffix.lower() in (".py", ".ipynb", ".r", ".rmd", ".md", ".sql", ".sh") else path.suffix[1:]
    )
