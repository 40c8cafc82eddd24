"""The sockets to one kernel, listened to by the event loop itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import zmq

from cauce.engine.executors.messages import Message, Wire

__all__ = ["Channel", "Channels", "Connection"]

Channel = Literal["shell", "control", "iopub"]

_TURN = 0.03
"""Seconds for which one kernel is listened to before others are."""
_RECONNECT = 1
"""Milliseconds between two tries to connect to a kernel that does not listen yet."""


@dataclass(frozen=True)
class Connection:
    """Where a kernel listens, as its connection file has it."""

    transport: Literal["ipc", "tcp"]
    ip: str
    ports: Mapping[Channel, int]
    key: bytes

    def address(self, channel: Channel) -> str:
        """In ZeroMQ's words."""
        between = "-" if self.transport == "ipc" else ":"
        return f"{self.transport}://{self.ip}{between}{self.ports[channel]}"


class Channels:
    """Sends requests, and hands on what comes. Whoever made one must `close` it."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], connection: Connection) -> None:
        self.hear: Callable[[Channel, Message], None] = lambda channel, message: None
        """Is called with each message that comes; may be replaced at any time."""
        self._connection = connection
        self._context = context
        self._wire = Wire(connection.key)
        self._loop = asyncio.get_running_loop()
        self._sockets: dict[Channel, zmq.Socket[bytes]] = {}
        self._open("iopub")  # first, so that nothing is missed
        self._open("shell")

    def _open(self, channel: Channel) -> zmq.Socket[bytes]:
        socket = self._context.socket(zmq.SUB if channel == "iopub" else zmq.DEALER)
        socket.linger = 0
        socket.reconnect_ivl = _RECONNECT
        # Beyond a thousand messages that wait outputs would be dropped, without a word.
        socket.rcvhwm = 0
        if channel == "iopub":
            socket.subscribe(b"")
        socket.connect(self._connection.address(channel))
        self._sockets[channel] = socket
        self._loop.add_reader(socket.fileno(), self._read, channel)
        self._loop.call_soon(self._read, channel)
        return socket

    def send(
        self,
        channel: Channel,
        kind: str,
        content: Mapping[str, Any],
        metadata: Mapping[str, Any] | None = None,
        parent: Mapping[str, Any] | None = None,
    ) -> str:
        """Send a request; its id."""
        socket = self._sockets.get(channel) or self._open(channel)
        name, frames = self._wire.pack(kind, content, metadata, parent)
        socket.send_multipart(frames)
        # The descriptor tells of a change only, and sending may have taken notice of it.
        self._loop.call_soon(self._read, channel)
        return name

    def _read(self, channel: Channel) -> None:
        socket = self._sockets.get(channel)
        until = time.monotonic() + _TURN
        while socket is not None and not socket.closed:
            try:
                frames = socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            try:
                message = self._wire.unpack(frames)
            except ValueError:  # not from our kernel
                continue
            self.hear(channel, message)
            if time.monotonic() > until:
                self._loop.call_soon(self._read, channel)
                return

    def close(self) -> None:
        """Harmless when it is closed already."""
        sockets, self._sockets = self._sockets, {}
        for socket in sockets.values():
            self._loop.remove_reader(socket.fileno())
            socket.close()
