"""The client of a session: its database, opened for one request after another.

A task must find what it would find if it ran by itself: other processes work in the same file between
two tasks, and DuckDB lets one process alone have it; tables that are temporary, and settings, are those
of a connection. So each request gets a connection of its own, which is closed before the reply goes
back. Only a database in memory stays open: its tables live as long as its connection. What a task
leaves in that beside its tables (a transaction, temporary tables, attached files) is taken away.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Literal

from cauce.runner import Trouble
from cauce.runner.database import Client, Database, adopted, in_use, made_by, patiently, quietly

__all__ = ["Nature", "SessionClient"]

Nature = Literal["alone", "shared", "memory"]
"""Of a database: one task at a time · several, each in a process of its own · one at a time, in this process only."""
_AGAIN = 0.05
"""Seconds from one interrupt of a database to the next."""


class SessionClient:
    """One client, whose `opened` stands for that of `database`."""

    def __init__(self, tell: Callable[[Nature], None]) -> None:
        """`tell` is called when a database has been opened, before anything is done in it."""
        self.is_spent = False
        """Can nothing but another process open it? Then nothing was done for the request at hand."""
        self._tell = tell
        self._made: Any = None
        self._was_opened = False
        self._last: Any = None
        self._kept: _Kept | None = None
        self._current: Database | None = None
        self._over = threading.Event()
        """Is the request at hand through with the database?"""

    @contextmanager
    def opened(self, client: Client | None, task: str) -> Iterator[Database]:
        """The database that a task works in. `client` is the same at each call.

        Raises:
            Trouble: It cannot be opened.
        """
        assert client is not None  # noqa: S101 (there are no sessions for it)
        database = self._kept.database if self._kept else self._open(client)
        if self._kept is None and database.is_in_memory:
            self._kept = _Kept(database)
        self._tell("memory" if self._kept else "shared" if database.flavour == "other" else "alone")
        self._current, self._over = database, threading.Event()
        try:
            yield database
        finally:
            self._current = None
            self._over.set()
            database.rollback()
            if self._kept:
                self._kept.tidy()
            else:
                self._last = database.raw
                for close in (database.close, database.raw.close):
                    with suppress(Exception):
                        close()

    def interrupt(self) -> None:
        """Stop what the database is doing, as soon as it does something; from another thread.

        Drivers forget an interrupt that comes just before a statement begins: so it is told until the request is over.
        """
        over = self._over
        while not over.is_set() and (database := self._current) is not None:
            database.interrupt()
            over.wait(_AGAIN)

    def _open(self, client: Client) -> Database:
        if not self._was_opened:
            self._was_opened = True
            return quietly(lambda: patiently(lambda: self._adopt(client)))
        try:
            database = patiently(lambda: self._adopt(client))
        except Exception as error:
            if in_use(error):
                return quietly(_raising(error))
            raise self._spent() from error
        if database.raw is self._last:  # somebody remembers what we have closed
            raise self._spent()
        return database

    def _adopt(self, client: Client) -> Database:
        made = made_by(client) if self._made is None else self._made
        if isinstance(made, str) or any(hasattr(made, each) for each in ("raw_connection", "split_source")):
            self._made = made  # a URL, engine or client gives one connection after another
        return adopted(made, client)

    def _spent(self) -> Trouble:
        self.is_spent = True
        return Trouble("Not opened again", "The client gives no connection a second time in the same process.")


def _raising(error: Exception) -> Callable[[], Database]:
    def call() -> Database:
        raise error

    return call


_BRIEF = {
    "sqlite": (
        "SELECT 'view', name FROM sqlite_temp_master WHERE type = 'view'",
        "SELECT 'table', name FROM sqlite_temp_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        "SELECT 'database', name FROM pragma_database_list WHERE name NOT IN ('main', 'temp')",
    ),
    "duckdb": (
        "SELECT 'view', view_name FROM duckdb_views() WHERE temporary AND NOT internal",
        "SELECT 'table', table_name FROM duckdb_tables() WHERE temporary",
        "SELECT 'database', database_name FROM duckdb_databases() WHERE NOT internal",
    ),
}
"""What does not last: views before the tables that they are of, and databases that are attached."""


class _Kept:
    """A database in memory, with what there was in it when it was opened."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._own = frozenset(self._brief())
        place = self._rows("SELECT current_database(), current_schema()") if database.flavour == "duckdb" else []
        self._place = ".".join(map(_quoted, place[0])) if place else ""

    def tidy(self) -> None:
        """Take away what a task that opens it itself would not find, but leave tables and views."""
        statements = [f"USE {self._place}"] if self._place else []
        for kind, name in self._brief():
            if (kind, name) not in self._own:
                statements.append(f"DETACH {name}" if kind == "database" else f"DROP {kind} temp.{name}")
        for statement in statements:
            with suppress(Exception):
                self.database.raw.execute(statement)

    def _brief(self) -> list[tuple[str, str]]:
        queries = _BRIEF[self.database.flavour]
        return [(row[0], _quoted(row[1])) for query in queries for row in self._rows(query)]

    def _rows(self, query: str) -> list[Any]:
        rows: list[Any] = self.database.raw.execute(query).fetchall()
        return rows


def _quoted(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))
