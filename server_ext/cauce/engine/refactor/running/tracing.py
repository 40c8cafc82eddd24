"""The notebook, run once in a fresh kernel, and looked at after each cell: what names, objects and files it changed.

    install the probe → for each code cell: run it, have the probe note what it did → finish → `Trace`

It runs as any notebook does (`executors.notebook`), in its own folder and kernel. The probe (`cauce.runner.probe`)
works beside it, and the notebook sees nothing of it; what it finds comes back through files, since it may be of any
size. A cell that raises ends it: what was seen up to there is worth having. Run this in a builder, never in the server.
"""

from __future__ import annotations

import ast
import asyncio
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from cauce.contract import CellError, Where
from cauce.contract import Progress as Done
from cauce.engine.cellcode import read_cell
from cauce.engine.errors import UsageError
from cauce.engine.executors import Cancelled, Crashed, Failed, Job, Listener, Outcome, Stopped
from cauce.engine.executors.aside import Aside, AsideOf
from cauce.engine.executors.notebook import NotebookExecutor
from cauce.engine.files import read_whole
from cauce.engine.injection import Binding
from cauce.engine.refactor.model import Book, Trace, TracedCell
from cauce.engine.refactor.running.probing import call, installed_and
from cauce.engine.spec import TaskSpec

__all__ = ["Progress", "trace"]

Progress = Callable[[int | None, int, int], None]
"""Is told the cell that runs, how many code cells have run, and how many there are."""
Answer = TypeVar("Answer")

_LARGEST_ANSWER = 32_000_000
_LOG_LIMIT = 1_000_000
_OUTPUT_LIMIT = 100_000
_LONGEST_ERROR = 500


class _Finish(msgspec.Struct, frozen=True):
    """What the probe tells at the end."""

    python: str = ""
    distributions: dict[str, str] = {}
    stars: dict[str, tuple[str, ...]] = {}


async def trace(book: Book, content: bytes, folder: Path, progress: Progress, cancel: asyncio.Event) -> Trace | None:
    """What the notebook does when it runs in `folder`; None when `cancel` was set before it had ended.

    Use it from the main thread: on Linux a kernel dies with the thread that started it.

    Raises:
        UsageError: There is no kernel to run it in, or none that can be looked into.
    """
    todo = [cell.number for cell in book.cells if _runs(cell.kind, cell.text, cell.tags)]
    done = 0

    def hear(value: Done) -> None:
        nonlocal done
        done = value.done
        progress(todo[done] if done < len(todo) else None, done, len(todo))

    with tempfile.TemporaryDirectory(prefix="cauce-", ignore_cleanup_errors=True) as place:
        answers = Path(place)
        executor = NotebookExecutor(log_limit=_LOG_LIMIT, output_limit=_OUTPUT_LIMIT, aside_of=_probe(book, answers))
        progress(todo[0] if todo else None, 0, len(todo))
        try:
            job = _job(book, content, folder, answers)
            outcome = await executor.run(job, Listener(progress=hear, process=lambda _: None), cancel)
        finally:
            executor.close()
        cells = await asyncio.to_thread(_noted, answers, todo)
        finish = await asyncio.to_thread(_read, answers / "finish.json", _Finish)

    if isinstance(outcome, Cancelled):
        return None
    failed, error = _failure(outcome, todo, done, cells)
    if failed is None and error:
        raise UsageError(f"{book.path} cannot be run: {error}")
    finish = finish or _Finish()
    return Trace(
        digest=book.digest,
        cells=cells,
        python=finish.python,
        distributions=finish.distributions,
        stars=finish.stars,
        failed=failed,
        error=error[:_LONGEST_ERROR],
    )


def _failure(outcome: Outcome, todo: Sequence[int], done: int, cells: Sequence[TracedCell]) -> tuple[int | None, str]:
    """The cell that ended it before its time, and why; no cell where it could not begin, nothing where all is well."""
    match outcome:
        case Failed(error) | Crashed(error):
            return error.cell, error.message if error.cell is None else _in_words(error)
        case Stopped(message):
            return todo[min(done, len(todo) - 1)], message or "It ended the build early."
        case _ if done < len(todo):
            return todo[max(done - 1, 0)], "It calls exit(): what comes after it does not run."
    unseen = {*todo} - {cell.cell for cell in cells}
    return (min(unseen), "What it did could not be seen: the kernel did not say.") if unseen else (None, "")


def _runs(kind: str, text: str, tags: tuple[str, ...]) -> bool:
    return kind == "code" and bool(text.strip()) and "skip-execution" not in tags


def _job(book: Book, content: bytes, folder: Path, place: Path) -> Job:
    return Job(
        spec=TaskSpec(book.path, "notebook", book.path, (), (), {}, None, Where(path=book.path)),
        binding=Binding(root=folder, pipeline="", task=book.path, params={}, upstream=None, product=None),
        content=content,
        outputs={},
        notebook=place / "executed.ipynb",
        log=place / "log",
        preload=None,  # as fresh as in JupyterLab
        alone=True,
    )


def _probe(book: Book, place: Path) -> AsideOf:
    """What the probe is to do beside the notebook; its answers go into `place`."""
    stars = [*dict.fromkeys(_starred(book))]
    return lambda job: Aside(
        before=installed_and(call("start", str(job.directory))),
        after=lambda number: call("note", str(place / f"{number}.json"), number),
        end=call("finish", str(place / "finish.json"), stars),
    )


def _starred(book: Book) -> Iterator[str]:
    """Modules of which the notebook imports everything."""
    for cell in book.cells:
        tree = read_cell(cell.text).tree if cell.kind == "code" else None
        for node in ast.walk(tree) if tree is not None else ():
            if isinstance(node, ast.ImportFrom) and node.module and any(each.name == "*" for each in node.names):
                yield node.module


def _noted(place: Path, todo: list[int]) -> tuple[TracedCell, ...]:
    found = (_read(place / f"{number}.json", TracedCell) for number in todo)
    return tuple(cell for cell in found if cell is not None)


def _read(file: Path, kind: type[Answer]) -> Answer | None:
    """What the probe answered; None when it could not, or its answer makes no sense."""
    try:
        return msgspec.json.decode(read_whole(file, _LARGEST_ANSWER), type=kind)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _in_words(error: CellError) -> str:
    said = f"{error.name}: {error.message}" if error.name != "kernel died" else error.message
    return said if error.line is None else f"{said} (line {error.line})"
