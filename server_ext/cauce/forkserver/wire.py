"""What fork server and client say to each other: lines of JSON over a unix socket, with open files beside them.

One connection is one child. The client sends one request::

    {"op": "task", "argv": ["-f", "kernel.json"], "cwd": "/project", "env": {…}, …}   + stdout, stderr
    {"op": "run", "argv": ["function"], "cwd": "/project", "env": {…}, …}             + stdin, stdout

(also ``"memory"``, bytes of data that it may have, and ``"descriptors"``, files that it may have open)
and is told ``{"pid": 123}`` or ``{"error": "why not"}``, and at the end ``{"exit": -9, "peak_memory":
123456}``: the exit code, minus the signal's number when it was killed by one; bytes. Whoever
closes the connection before has the child killed. ``{"op": "hello"}`` is answered with what
there is to know about the server, and keeps it from ending for want of work.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Sequence
from typing import Any

__all__ = ["Lines", "send"]

_PIECE = 1 << 16
_MOST_FILES = 4
_LONGEST = 1 << 24
"""Bytes of one line. The environment of a process is the longest thing in it."""


def send(connection: socket.socket, message: dict[str, Any], files: Sequence[int] = ()) -> None:
    """Send a message with open files (descriptors). Raises OSError when nobody is there."""
    line = json.dumps(message).encode("ascii") + b"\n"
    sent = socket.send_fds(connection, [line], list(files)) if files else connection.send(line)
    if sent < len(line):
        connection.sendall(line[sent:])


class Lines:
    """Messages as they arrive on a connection, in pieces of any size."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._data = b""
        self.files: list[int] = []
        """Descriptors that came along, not inheritable; whoever takes them closes them."""
        self.closed = False
        """Has the other side gone?"""

    def receive(self) -> list[dict[str, Any]]:
        """The messages that one read brings; none when it would wait. Raises ValueError for nonsense."""
        try:
            data, files, _, _ = socket.recv_fds(self._connection, _PIECE, _MOST_FILES)
        except BlockingIOError:
            return []
        except ConnectionError:
            data, files = b"", []
        self.files += files
        self.closed = not data
        *lines, self._data = (self._data + data).split(b"\n")
        if len(self._data) > _LONGEST or len(self.files) > _MOST_FILES:
            raise ValueError("too much for one message")
        return [_decoded(line) for line in lines]

    def close_files(self) -> None:
        """Close the descriptors that nobody has taken."""
        for file in self.files:
            os.close(file)
        self.files = []


def _decoded(line: bytes) -> dict[str, Any]:
    message = json.loads(line)
    if not isinstance(message, dict):
        raise ValueError("not a message")
    return message
