"""Decisions written once, for managers that are synchronous and for those that are not.

A flow is a generator that yields the calls it needs (`Base`, `Work`, `Ask`) and gets their
results back; `run` and `run_async` drive it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from jupyter_core.utils import ensure_async

__all__ = ["Ask", "Base", "Flow", "Work", "in_base", "run", "run_async"]


@dataclass(frozen=True)
class Base:
    """Call the manager's own code: on the event loop, awaited where it is asynchronous."""

    call: Callable[[], Any]


@dataclass(frozen=True)
class Work:
    """Touch the disk or convert a notebook: off the event loop where there is one."""

    call: Callable[[], Any]


@dataclass(frozen=True)
class Ask:
    """Ask the index: always off this thread, for `patience` seconds; None if it fails."""

    future: Future[Any]
    patience: float


Flow = Generator[Base | Work | Ask, Any, Any]


@dataclass
class _Scope:
    active: bool = True


_scope: ContextVar[_Scope | None] = ContextVar("cauce_base_scope", default=None)


def in_base() -> bool:
    """Does the manager's own code run? What it asks of itself, it gets from itself."""
    scope = _scope.get()
    return scope is not None and scope.active


@contextmanager
def _base_scope() -> Iterator[None]:
    # A task that the manager starts meanwhile inherits the scope, and may outlive it.
    scope = _Scope()
    token = _scope.set(scope)
    try:
        yield
    finally:
        scope.active = False
        _scope.reset(token)


def run(flow: Flow) -> Any:
    def act(step: Base | Work | Ask) -> Any:
        match step:
            case Base(call):
                with _base_scope():
                    return call()
            case Work(call):
                return call()
            case Ask(future, patience):
                return future.result(patience)

    step = next(flow)
    try:
        while True:
            try:
                value = act(step)
            except Exception as error:
                step = flow.throw(error)
            else:
                step = flow.send(value)
    except StopIteration as end:
        return end.value


async def run_async(flow: Flow) -> Any:
    async def act(step: Base | Work | Ask) -> Any:
        match step:
            case Base(call):
                with _base_scope():
                    return await ensure_async(call())
            case Work(call):
                return await asyncio.to_thread(call)
            case Ask(future, patience):
                return await asyncio.wait_for(asyncio.wrap_future(future), patience)

    try:
        step = next(flow)
        while True:
            try:
                value = await act(step)
            except Exception as error:
                step = flow.throw(error)
            else:
                step = flow.send(value)
    except StopIteration as end:
        return end.value
