"""Databases: from whatever a project has for a client to something that runs statements.

A client is a URL, or what a function of the project returns: a connection (sqlite3, DuckDB, any of
the DB-API), an engine or connection of SQLAlchemy, a URL, or a client object as Ploomber has them
(with `connection` and `split_source`). SQLite and DuckDB need no SQLAlchemy.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import unquote

from cauce.runner import Trouble, dotted, errors
from cauce.runner.log import conceal, say
from cauce.runner.products import Relation

__all__ = [
    "Database",
    "Opening",
    "Statement",
    "adopted",
    "in_use",
    "made_by",
    "opened",
    "patiently",
    "quietly",
    "raw_connection",
    "split",
]

Flavour = Literal["sqlite", "duckdb", "other"]
Client = Mapping[str, Any] | str
"""A function as ``{"path", "arguments"}``, or a URL."""

_PATIENCE = 300.0
"""Seconds for which a database file that somebody else is writing to is waited for."""
_LONGEST_QUOTE = 300
T = TypeVar("T")


# --- Opening ------------------------------------------------------------------------------


Opening = Callable[[Client | None, str], AbstractContextManager["Database"]]
"""How a verb gets at the database of a client, for a task: `opened`, or what a session has in its place."""


@contextmanager
def opened(client: Client | None, task: str) -> Iterator[Database]:
    """The database that a task works in, closed in the end.

    Raises:
        Trouble: There is none, or it cannot be opened.
    """
    if client is None:
        raise Trouble(
            "No client",
            f"The task '{task}' has no database to run in. Name one for all tasks of its class at the top of "
            "pipeline.yaml, such as 'clients: {SQLScript: clients.get}' with a function 'get' in clients.py that "
            "returns a connection; or for this task, such as 'client: sqlite:///data.db'.",
        )
    database = quietly(lambda: patiently(lambda: adopted(made_by(client), client)))
    try:
        yield database
    finally:
        with suppress(Exception):
            database.close()


def made_by(client: Client) -> Any:
    """What the function of a client returns; a URL is itself."""
    return client if isinstance(client, str) else dotted.call(client)


def adopted(made: Any, client: Client) -> Database:
    """The database behind `made`, which is what the function of a client returned or a URL."""
    name = type(made).__name__
    if isinstance(made, str) or (name == "URL" and hasattr(made, "render_as_string")):
        return _from_url(made if isinstance(made, str) else made.render_as_string(hide_password=False))
    if hasattr(made, "connection") and hasattr(made, "execute") and hasattr(made, "split_source"):
        return Database(made.connection, made.close, made.split_source)
    if hasattr(made, "raw_connection"):  # an engine
        return _from_engine(made)
    if hasattr(made, "exec_driver_sql"):  # a connection of SQLAlchemy
        return Database(made.connection, lambda: (made.close(), made.engine.dispose()))
    if hasattr(made, "cursor"):
        return Database(made, made.close)
    by = client if isinstance(client, str) else client["path"]
    raise Trouble(
        "Not a client",
        f"'{by}' returned {'nothing' if made is None else f'an object of the class {name}'}, which is no database. "
        "Return a connection, an SQLAlchemy engine, or a URL such as 'sqlite:///data.db'.",
    )


def _from_engine(engine: Any) -> Database:
    connection = engine.raw_connection()
    # One that is handed out is nothing that an engine disposes of.
    return Database(connection, lambda: (connection.close(), engine.dispose()))


def _from_url(url: str) -> Database:
    if (connection := raw_connection(url)) is not None:
        return Database(connection, connection.close)
    try:
        import sqlalchemy
    except ImportError:
        scheme = url.partition(":")[0]
        message = f"A '{scheme}' database needs SQLAlchemy. Run: pip install sqlalchemy"
        raise Trouble("SQLAlchemy is missing", message) from None
    return _from_engine(sqlalchemy.create_engine(url))


_FILE_URL = re.compile(r"(sqlite|duckdb)://(?:/([^?]*))?")


def raw_connection(url: str) -> Any:
    """A connection without SQLAlchemy, for the URL of a file of SQLite or DuckDB; None for others.

    The path is relative to the working directory; with four slashes it is absolute. Folders are made.
    """
    match = _FILE_URL.fullmatch(url)
    if match is None:
        return None
    path = unquote(match[2] or "") or ":memory:"
    if path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    if match[1] == "sqlite":
        return sqlite3.connect(path)
    try:
        import duckdb
    except ImportError:
        raise Trouble("DuckDB is missing", "Its Python package is not installed. Run: pip install duckdb") from None
    return duckdb.connect(path)


def quietly(call: Callable[[], T]) -> T:
    """What the project's own code raises goes to the log with its traceback, but no password does."""
    root = Path.cwd()
    try:
        return call()
    except Trouble as trouble:
        raise Trouble(trouble.name, conceal(trouble.message), trouble.path, trouble.line) from None
    except Exception as error:
        say(errors.trace(error))
        where = errors.where(error, root) or {}
        message = conceal(errors.message_of(error))
        raise Trouble(type(error).__name__, message, where.get("path"), where.get("line"), output=True) from None


def patiently(call: Callable[[], T]) -> T:
    """Another task of the build may have a DuckDB file open, which one process alone can have."""
    deadline, pause = time.monotonic() + _PATIENCE, 0.1
    while True:
        try:
            return call()
        except Exception as error:
            if not in_use(error) or time.monotonic() > deadline:
                raise
        if pause == 0.1:
            say("[cauce] The database is in use by another process: waiting for it.")
        time.sleep(pause)
        pause = min(pause * 1.5, 2.0)


def in_use(error: Exception) -> bool:
    """Has another process a file of DuckDB open?"""
    return "duckdb" in type(error).__module__ and "Could not set lock" in str(error)


# --- Working ------------------------------------------------------------------------------


class Database:
    """An open database."""

    def __init__(self, connection: Any, close: Callable[[], Any], token: str | None = None) -> None:
        """`token` separates statements: None where the database takes several at once, or is known."""
        self.connection = connection
        self.close = close
        self.raw = _raw(connection)
        self.flavour = _flavour(self.raw)
        self._token = None if token == "default" else token  # noqa: S105 - no password: it parts statements
        if self.flavour == "sqlite":
            self.raw.execute(f"PRAGMA busy_timeout = {int(_PATIENCE * 1000)}").close()

    def statements(self, text: str) -> list[Statement]:
        """The statements of a script, as far as they must be told apart."""
        return split(text, self.flavour, self._token)

    def execute(self, statement: str) -> Any:
        """Run it; a cursor, from which rows can be fetched."""
        if self.flavour == "duckdb" and self.raw is self.connection:
            return self.raw.execute(statement)  # its cursors are connections of their own
        cursor = self.connection.cursor()
        cursor.execute(statement)
        return cursor

    def commit(self) -> None:
        """Make it last."""
        try:
            self.connection.commit()
        except AttributeError:
            return
        except Exception as error:
            if self.flavour != "duckdb" or "no transaction is active" not in str(error):
                raise

    def rollback(self) -> None:
        """Undo what was not committed, if there is anything."""
        with suppress(Exception):
            self.connection.rollback()

    def interrupt(self) -> None:
        """Stop the statement that runs, where the driver can; from another thread."""
        for name in ("interrupt", "cancel"):
            if (stop := getattr(self.raw, name, None)) is not None:
                with suppress(Exception):
                    stop()

    @property
    def is_in_memory(self) -> bool:
        """Is all that it holds lost when it is closed?"""
        query = {
            "sqlite": "SELECT file FROM pragma_database_list",
            "duckdb": "SELECT path FROM duckdb_databases() WHERE NOT internal",
        }.get(self.flavour)
        try:
            return query is not None and not any(row[0] for row in self.raw.execute(query).fetchall())
        except Exception:
            return False

    def kind_of(self, relation: Relation) -> str | None:
        """'table' or 'view', as it is; None where there is no such relation that outlives the connection."""
        schema, name = _bare(relation.schema), _bare(relation.name)
        if self.flavour == "sqlite":
            catalogue = f'"{schema or "main"}".sqlite_master'
            query = f"SELECT type FROM {catalogue} WHERE type IN ('table', 'view') AND lower(name) = lower(?)"  # noqa: S608 - the user's own database, in a process of theirs
            row = self.raw.execute(query, [name]).fetchone()
            return None if row is None else str(row[0])
        if self.flavour == "duckdb" and self.raw is self.connection:
            query = (
                "SELECT table_type FROM information_schema.tables WHERE lower(table_name) = lower(?) "
                "AND table_type <> 'LOCAL TEMPORARY' AND lower(?) IN ('', lower(table_schema), lower(table_catalog))"
            )
            row = self.raw.execute(query, [name, (schema or "").rpartition(".")[2]]).fetchone()
            return None if row is None else "view" if row[0] == "VIEW" else "table"
        try:
            # Whatever the database: that is the name by which the tasks after this one will ask for it.
            self.execute(f"SELECT 1 FROM {relation} WHERE 1 = 0").close()  # noqa: S608 - the same
        except Exception:
            with suppress(Exception):
                self.connection.rollback()
            return None
        return relation.kind


def _raw(connection: Any) -> Any:
    """The driver's own connection, where a pool's stands for it."""
    for name in ("driver_connection", "dbapi_connection"):
        if (inner := getattr(connection, name, None)) is not None:
            return inner
    return connection


def _flavour(raw: Any) -> Flavour:
    if isinstance(raw, sqlite3.Connection):
        return "sqlite"
    return "duckdb" if "duckdb" in type(raw).__module__ else "other"


def _bare(name: str | None) -> str | None:
    """An identifier without its quotes."""
    if name and len(name) > 1 and name[0] + name[-1] in ('""', "``", "[]"):
        return name[1:-1]
    return name


# --- Statements ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Statement:
    """One statement of a script."""

    text: str
    offset: int
    """Where it begins in the script."""

    @property
    def quoted(self) -> str:
        """On one line, clipped."""
        line = " ".join(self.text.split())
        return line if len(line) <= _LONGEST_QUOTE else f"{line[:_LONGEST_QUOTE]}…"

    def place(self, message: str) -> int:
        """The offset in the script that the database's message means; else where the statement begins."""
        if match := re.search(r"^\s*LINE (\d+):", message, re.MULTILINE):  # PostgreSQL, DuckDB
            lines = self.text.splitlines(keepends=True)[: int(match[1]) - 1]
            return self.offset + len("".join(lines))
        if match := re.search(r'near "([^"]+)"|no such (?:table|column|function): (?:\w+\.)?(\w+)', message):  # SQLite
            found = [each.start() for each in re.finditer(re.escape(match[1] or match[2]), self.text)]
            if len(found) == 1:
                return self.offset + found[0]
        return self.offset


_LEXEME = re.compile(
    r"""(?P<nothing> \s+ | --[^\n]* | /\*.*?(?:\*/|\Z) )
      | '(?:[^']|'')*(?:'|\Z) | "(?:[^"]|"")*(?:"|\Z) | `[^`]*(?:`|\Z) | (?P<dollar>\$[A-Za-z_]*\$).*?(?:(?P=dollar)|\Z)
      | (?P<end> ; ) | [^\s;'"`$/-]+ | .""",
    re.DOTALL | re.VERBOSE,
)


def split(text: str, flavour: Flavour, token: str | None = None) -> list[Statement]:
    """The statements of a script; a script whole where the database takes it so.

    A ';' in a string, a comment or the body of a trigger ends nothing. Other tokens do, wherever they stand.
    """
    if token and token != ";":  # noqa: S105 (not that kind of token)
        pieces = text.split(token)
        starts = [sum(len(each) + len(token) for each in pieces[:index]) for index in range(len(pieces))]
        return [each for piece, start in zip(pieces, starts, strict=True) if (each := _statement(piece, start))]
    if flavour == "other" and token is None:
        whole = _statement(text, 0)
        return [] if whole is None else [whole]
    found: list[Statement] = []
    start = 0
    for match in _LEXEME.finditer(text):
        if match["end"] is None:
            continue
        if flavour == "sqlite" and not sqlite3.complete_statement(text[start : match.end()]):
            continue
        if statement := _statement(text[start : match.start()], start):
            found.append(statement)
        start = match.end()
    if statement := _statement(text[start:], start):
        found.append(statement)
    return found


def _statement(text: str, offset: int) -> Statement | None:
    """Without the comments before it; None when there is nothing else."""
    for match in _LEXEME.finditer(text):
        if match["nothing"] is None and match["end"] is None:
            return Statement(text[match.start() :].rstrip(), offset + match.start())
    return None
