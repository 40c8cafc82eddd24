"""A product that only code can read, read by a child process: for so long, and with so much memory.

It is as safe as running the task that has made it, and no safer: a pickle runs what it says. Whoever
asks has made sure that the user wants it.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from cauce.contract import Column, Preview
from cauce.engine.executors import DEAF, Cancelled, Crashed, Failed, Stopped
from cauce.engine.executors.answer import Answer, Reply
from cauce.engine.executors.child import Children
from cauce.engine.executors.log import Log
from cauce.engine.executors.request import described, dotted_of
from cauce.engine.memory import bound, used_by
from cauce.engine.preview import LONGEST_CELL, MOST_COLUMNS, MOST_ROWS
from cauce.engine.process import ProcessRecord
from cauce.engine.spec.model import ProductSpec, RelationSpec, TaskSpec

__all__ = ["preview_by_code"]

TIME = 60.0
MEMORY = 2 * 2**30
_PAUSE = 0.3
_LOG = 1_000_000
_TOO_MUCH = f"To read it takes more than {MEMORY / 2**30:.0f} GiB of memory. Read it in a notebook."


class _Table(msgspec.Struct, frozen=True):
    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str | None, ...], ...]
    total: int | None
    cut: bool
    wide: int


class _Text(msgspec.Struct, frozen=True):
    text: str


async def preview_by_code(
    root: Path, task: TaskSpec, product: ProductSpec | RelationSpec, cancel: asyncio.Event
) -> Preview:
    """What the product holds, or why it cannot be told. Use it from the main thread.

    Once `cancel` is set it comes to an end, within seconds whatever the code does.
    """
    name = product.path if isinstance(product, ProductSpec) else product.qualified
    limits = _Limits(cancel)
    children = Children()
    try:
        with TemporaryDirectory(prefix="cauce-") as folder, Log(Path(folder) / "log", _LOG) as log:
            answer = await limits.kept(
                children.ask(
                    "preview",
                    _request(task, product),
                    root=root,
                    log=log,
                    listener=replace(DEAF, process=limits.process),
                    cancel=limits.over,
                )
            )
    except OSError as error:
        return Preview(product=name, kind="none", note=f"It cannot be read: {error.strerror}.")
    finally:
        children.close()
    return _told(name, answer, limits.exceeded)


def _request(task: TaskSpec, product: ProductSpec | RelationSpec) -> dict[str, Any]:
    shape: dict[str, Any] = {"rows": MOST_ROWS, "columns": MOST_COLUMNS, "cell": LONGEST_CELL}
    if isinstance(product, ProductSpec):
        return shape | {"file": product.path}
    client = dotted_of(task.client if product.client is None else product.client)
    return shape | {"relation": described(product), "client": client, "task": task.name}


def _told(name: str, answer: Answer, exceeded: str) -> Preview:
    match answer:
        case Reply(data):
            try:
                found: _Text | _Table = (
                    msgspec.convert(data, _Text) if "text" in data else msgspec.convert(data, _Table)
                )
            except msgspec.ValidationError:
                return Preview(product=name, kind="none", note="What came back makes no sense.")
            if isinstance(found, _Text):
                return Preview(product=name, kind="text", text=found.text)
            return Preview(
                product=name,
                kind="table",
                columns=tuple(Column(name=column, type=kind) for column, kind in found.columns),
                rows=found.rows,
                total=found.total,
                cut=found.cut,
                note=f"{found.wide} more columns are not shown." if found.wide else "",
            )
        case Failed(error) if error.name == "MemoryError":
            return Preview(product=name, kind="none", note=_TOO_MUCH)
        case Failed(error) | Crashed(error):
            said = error.message if error.name.endswith("is missing") else f"{error.name}: {error.message}"
            return Preview(product=name, kind="none", note=exceeded or f"It could not be read. {said}")
        case Stopped(message):
            return Preview(product=name, kind="none", note=f"It could not be read. {message}")
        case Cancelled():
            return Preview(product=name, kind="none", note=exceeded or "Reading it was cancelled.")


class _Limits:
    """Ends what takes too long or too much, and says which."""

    def __init__(self, cancel: asyncio.Event) -> None:
        self.over = asyncio.Event()
        self.exceeded = ""
        self._cancel = cancel
        self._processes: list[ProcessRecord] = []

    def process(self, record: ProcessRecord) -> None:
        self._processes.append(record)
        bound(record, MEMORY)

    async def kept(self, asked: Any) -> Answer:
        watch = [asyncio.ensure_future(each) for each in (self._follow(), self._time(), self._memory())]
        try:
            answer: Answer = await asked
            return answer
        finally:
            for each in watch:
                each.cancel()

    async def _follow(self) -> None:
        await self._cancel.wait()
        self.over.set()

    async def _time(self) -> None:
        await asyncio.sleep(TIME)
        self._exceed(f"To read it took longer than {TIME:.0f} s. Read it in a notebook.")

    async def _memory(self) -> None:
        while True:
            await asyncio.sleep(_PAUSE)
            if await asyncio.to_thread(used_by, tuple(self._processes), MEMORY) > MEMORY:
                self._exceed(_TOO_MUCH)

    def _exceed(self, told: str) -> None:
        if not self.over.is_set():
            self.exceeded = told
            self.over.set()
