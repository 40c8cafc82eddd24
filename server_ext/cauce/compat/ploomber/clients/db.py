"""Clients of databases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .client import Client

__all__ = ["DBAPIClient", "SQLAlchemyClient"]


class DBAPIClient(Client):
    """A database whose driver follows the DB-API."""

    def __init__(
        self, connect_fn: Callable[..., Any], connect_kwargs: Mapping[str, Any], split_source: str | None = None
    ) -> None:
        self.connect_fn = connect_fn
        self.connect_kwargs = connect_kwargs
        self.split_source = split_source
        self._connection: Any = None

    @property
    def connection(self) -> Any:
        """The open connection; a new one when there is none."""
        if self._connection is None:
            self._connection = self.connect_fn(**self.connect_kwargs)
        return self._connection

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class SQLAlchemyClient(Client):
    """A database that SQLAlchemy knows, by its URL; files of SQLite and DuckDB do without it."""

    def __init__(
        self, uri: Any, split_source: str | None = "default", create_engine_kwargs: Mapping[str, Any] | None = None
    ) -> None:
        """`split_source` is 'default' for what the database needs, None for nothing."""
        self._uri = uri
        self._arguments = dict(create_engine_kwargs or {})
        self.split_source = split_source
        self.flavor = str(getattr(uri, "drivername", None) or str(uri).partition(":")[0])
        self._engine: Any = None
        self._connection: Any = None

    @property
    def engine(self) -> Any:
        """The engine of SQLAlchemy."""
        if self._engine is None:
            try:
                import sqlalchemy
            except ImportError:
                message = f"A '{self.flavor}' database needs SQLAlchemy here. Run: pip install sqlalchemy"
                raise ModuleNotFoundError(message, name="sqlalchemy") from None
            url = sqlalchemy.engine.make_url(self._uri)
            if url.drivername.partition("+")[0] == "sqlite" and url.database not in {None, "", ":memory:"}:
                Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
            self._engine = sqlalchemy.create_engine(url, **self._arguments)
        return self._engine

    @property
    def connection(self) -> Any:
        """The open connection; a new one when there is none."""
        if self._connection is not None and not getattr(self._connection, "is_valid", True):
            self._connection = None
        if self._connection is None:
            self._connection = self._direct() or self.engine.raw_connection()
        return self._connection

    def close(self) -> None:
        """Close the connection, and those that the engine keeps."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def _direct(self) -> Any:
        """A connection without SQLAlchemy, where it is missing and can be done without."""
        from cauce.runner.database import raw_connection

        try:
            import sqlalchemy  # noqa: F401 - is it there?
        except ImportError:
            return None if self._arguments else raw_connection(str(self._uri))
        return None

    def __repr__(self) -> str:
        return f"SQLAlchemyClient({self.flavor})"
