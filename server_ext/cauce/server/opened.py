"""What an open notebook shows beyond its file, told on its own: so that it can follow the pipeline while it is open.

It is found out as if the notebook were opened now, by the same code, and only what is ours is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from cauce.contract import FilledCell, Input, Opened, TaskRef
from cauce.engine.document import Value
from cauce.engine.errors import NotFound, PathRefused
from cauce.engine.files import FileTooLarge, LeadsOutside, NotRegular, read_whole, real_path
from cauce.engine.functionbook import FunctionTask, book_of, open_function, with_setup
from cauce.engine.injection import METADATA_KEY, Binding, inject, is_injected, language_of
from cauce.engine.lookup import SourceIndex
from cauce.engine.notebook import SourceError, read_notebook
from cauce.engine.source import source_limit
from cauce.server.functionfiles import as_variables

__all__ = ["look_into", "show_task"]

Place = Callable[[Binding], tuple[str, str] | None]
"""(pipeline file, project root) of a task, relative to the server's root; None if outside of it."""

_MOST_INPUTS = 2_000
_NO_TASK = "It may have been renamed, or the pipeline file cannot be read: see its problems."


def look_into(index: SourceIndex, root: Path, path: str, place: Place) -> Opened:
    """What is filled in when the document at `path`, relative to `root`, is opened now. In a thread.

    Raises:
        NotFound: It is no task's source.
        PathRefused: It leads out of the root.
    """
    book = book_of(path)
    if book is not None and book[1]:
        module, task = book
        function = index.function(_real(root, module), task)
        if function is None:
            raise NotFound(f"{module} has no function of a task '{task}'.", hint=_NO_TASK)
        return _told(function.binding, (function.binding,), place, lambda: _function_cells(function))
    source = _real(root, path)
    binding = index.binding(source)
    if binding is None:
        raise NotFound(f"{path} is not the source of a task.", hint=_NO_TASK)
    return _told(binding, index.sharing(source), place, lambda: _source_cells(source, binding))


def show_task(index: SourceIndex, root: Path, path: str, pipeline: Path, task: str) -> None:
    """Let the document show the values of this task from now on. In a thread. Raises as `look_into`."""
    if not index.prefer(_real(root, path), pipeline.resolve(), task):
        raise NotFound(f"{path} is not the source of the task '{task}'.", hint=_NO_TASK)


def _real(root: Path, path: str) -> Path:
    try:
        return real_path(root, path)
    except LeadsOutside:
        raise PathRefused(f"{path} leads out of the server's root.", hint="Name a file below it.") from None
    except OSError as error:
        raise NotFound(f"{path} cannot be looked at: {error.strerror}.", hint=_NO_TASK) from error


def _told(
    binding: Binding, sharing: tuple[Binding, ...], place: Place, read: Callable[[], tuple[str, tuple[FilledCell, ...]]]
) -> Opened:
    where = place(binding)
    if where is None:
        raise NotFound(
            f"The pipeline of the task '{binding.task}' is outside of the folder that JupyterLab shows.",
            hint="Start JupyterLab in the project's folder.",
        )
    cells: tuple[FilledCell, ...] = ()
    language, trouble = "python", ""
    try:
        language, cells = read()
    except SourceError as error:
        trouble = f"{error.message} {error.hint}".strip()
    except (FileTooLarge, NotRegular, OSError) as error:
        trouble = f"It cannot be read: {error.strerror}."
    others = [(each, found) for each in sharing for found in [place(each)] if found is not None]
    return Opened(
        pipeline=where[0],
        root=where[1],
        task=binding.task,
        language=language,
        choices=tuple(TaskRef(pipeline=found[0], task=each.task) for each, found in others),
        cells=cells,
        inputs=tuple(_inputs(binding.upstream or {})),
        trouble=trouble,
    )


def _source_cells(source: Path, binding: Binding) -> tuple[str, tuple[FilledCell, ...]]:
    notebook = inject(read_notebook(read_whole(source, source_limit(source.name)), source), binding)
    return language_of(notebook), _filled(notebook.cells)


def _function_cells(function: FunctionTask) -> tuple[str, tuple[FilledCell, ...]]:
    content = read_whole(function.path, source_limit(function.path.name))
    notebook = inject(open_function(content, function.path, function.name), as_variables(function.binding))
    return "python", _filled(with_setup(notebook, content, function).cells)


def _filled(cells: list[Mapping[str, object]]) -> tuple[FilledCell, ...]:
    return tuple(
        FilledCell(source=str(cell["source"]), digest=str(cell["metadata"][METADATA_KEY]["digest"]))  # type: ignore[index]
        for cell in cells
        if is_injected(cell)
    )


def _inputs(upstream: Mapping[str, Value]) -> Iterator[Input]:
    left = _MOST_INPUTS

    def leaves(value: Value, keys: tuple[str, ...]) -> Iterator[Input]:
        nonlocal left
        if isinstance(value, dict):
            for key, inner in value.items():
                yield from leaves(inner, (*keys, str(key)))
        elif left > 0:
            left -= 1
            yield Input(keys=keys, value=str(value))

    yield from leaves(dict(upstream), ())
