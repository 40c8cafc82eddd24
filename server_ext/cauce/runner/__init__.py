"""The child process in which a project's own code runs: ``python -m cauce.runner <verb>``.

Each verb is a module here with ``run(request: dict) -> dict``; `engine/executors/child` asks. Those that
work in a database are asked by `engine/executors/sessions`, many by one process (`session`). Nothing
but the standard library and this package is imported before the project's code is: it starts in an
instant, in whatever the project has installed. A verb imports at its top all that it needs itself,
for once the project's folder is first on `sys.path` a file of the project may have the name of a
module of the standard library.
"""

from __future__ import annotations

__all__ = ["Trouble"]


class Trouble(Exception):
    """What a verb has to say to the user in plain words, without a traceback."""

    def __init__(
        self, name: str, message: str, path: str | None = None, line: int | None = None, *, output: bool = False
    ) -> None:
        """`path` is absolute or relative to the root. `output`: does the end of the log say more?"""
        super().__init__(message)
        self.name = name
        self.message = message
        self.path = path
        self.line = line
        self.output = output
