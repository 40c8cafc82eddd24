"""A process that a fork server forks for us: watched, signalled and ended like one that we start ourselves."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cauce.engine.executors.failure import Exit
from cauce.engine.process import KILL, Guard, signal_group
from cauce.forkserver.address import Address, Unavailable, address_of

if sys.platform != "win32":
    from cauce.forkserver.client import Forked, Request, ask, connect, patience

__all__ = ["ForkedProcess", "fork"]

_silent: set[Path] = set()
"""Sockets of servers that have not answered in time, or have ended instead. One task has waited; others need not."""


class ForkedProcess:
    """The child, from its fork to its end; see `Process` for what can be done with it."""

    def __init__(self, forked: Forked, guard: Guard) -> None:
        assert forked.pid is not None  # noqa: S101 (`fork` has seen to it)
        self.exited: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        self.pid: int = forked.pid
        self._forked = forked
        self._guard = guard
        self._released = False
        guard.add(self.pid)
        asyncio.get_running_loop().add_reader(forked.fileno(), self._hear)
        self._hear()

    def _hear(self) -> None:
        self._forked.receive()
        ended = self._forked.ended
        if ended is None or self.exited.done():
            return
        asyncio.get_running_loop().remove_reader(self._forked.fileno())
        # The server has done that before it told; should it have died instead, this is what is left to do.
        signal_group(self.pid, KILL)
        self._guard.discard(self.pid)
        self.exited.set_result(Exit(code=ended.code, peak_memory=ended.peak_memory))

    def signal(self, signum: int) -> None:
        if not self.exited.done():
            signal_group(self.pid, signum)

    async def wait(self, seconds: float) -> bool:
        await asyncio.wait({self.exited}, timeout=seconds)
        return self.exited.done()

    def release(self) -> None:
        if self._released:
            return
        self._released = True
        if not self.exited.done():
            self.signal(KILL)
            self._guard.discard(self.pid)
            asyncio.get_running_loop().remove_reader(self._forked.fileno())
        self._forked.close()


async def fork(
    request: Request, preload: Sequence[str], env: Mapping[str, str], guard: Guard, unwanted: asyncio.Event
) -> ForkedProcess:
    """Have a child forked by the server for this environment, which is started if there is none.

    A server that does not answer is not waited for any longer once the child is `unwanted`.
    Raises Unavailable: start an ordinary process.
    """
    address = address_of(env, preload)
    if address.socket in _silent:
        raise Unavailable("the fork server has not answered before")
    forked = ask(await _connected(address, unwanted), request)
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[Any] = loop.create_future()
    given_up: asyncio.Future[Any] = asyncio.ensure_future(unwanted.wait())

    def hear() -> None:
        forked.receive()
        if forked.settled and not answered.done():
            answered.set_result(None)

    loop.add_reader(forked.fileno(), hear)
    try:
        await asyncio.wait({answered, given_up}, timeout=patience(), return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        forked.close()
        raise
    finally:
        given_up.cancel()
        loop.remove_reader(forked.fileno())
    if forked.pid is None:
        forked.close()
        if forked.is_alone or not (answered.done() or given_up.done()):
            _silent.add(address.socket)
        raise Unavailable(forked.refused or "the fork server does not answer")
    return ForkedProcess(forked, guard)


async def _connected(address: Address, unwanted: asyncio.Event) -> socket.socket:
    """A connection to the server, which may have to be started first. Raises Unavailable."""
    try:
        return connect(address, start=False)
    except Unavailable:
        connecting = asyncio.ensure_future(asyncio.to_thread(connect, address))
    given_up = asyncio.ensure_future(unwanted.wait())
    try:
        await asyncio.wait({connecting, given_up}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        given_up.cancel()
    if not connecting.done():
        connecting.add_done_callback(lambda done: _let_go(done, address))
        raise Unavailable("the fork server is still being started")
    try:
        return connecting.result()
    except Unavailable:
        _silent.add(address.socket)
        raise


def _let_go(connecting: asyncio.Future[socket.socket], address: Address) -> None:
    """There is a connection after all, and nobody who wants it."""
    if connecting.cancelled():
        return
    if connecting.exception() is None:
        connecting.result().close()
    else:
        _silent.add(address.socket)
