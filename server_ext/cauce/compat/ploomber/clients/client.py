"""What all clients of databases have in common."""

from __future__ import annotations

import abc
from typing import Any

__all__ = ["Client"]


class Client(abc.ABC):
    """Opens a connection when it is first asked for one."""

    split_source: str | None = None
    """What separates the statements of a script, for databases that take one at a time."""

    @property
    @abc.abstractmethod
    def connection(self) -> Any:
        """A connection of the DB-API."""

    @abc.abstractmethod
    def close(self) -> None:
        """Close what is open."""

    def cursor(self) -> Any:
        """A cursor of the connection."""
        return self.connection.cursor()

    def execute(self, code: str) -> None:
        """Run a script, and make it last."""
        from cauce.runner.database import Database

        database = Database(self.connection, self.close, self.split_source)
        for statement in database.statements(code):
            database.execute(statement.text)
        database.commit()
