"""SQLite for asyncio without a thread hop per statement.

Statements on a local file take microseconds, a hop to a thread takes a hundred. So statements run where they are;
only what has to wait, BEGIN IMMEDIATE for another process's lock and COMMIT for a slow disk, goes to a thread.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import URL
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.pool import AsyncAdaptedQueuePool, Pool
from sqlalchemy.util import await_only

PATIENCE = 10_000  # milliseconds to wait for another process


class InlineCursor(sqlite3.Cursor):
    """A cursor that the async engine may close softly: there is nothing to wait for."""

    server_side = False

    async def _async_soft_close(self) -> None:
        """Keep the rows that are still to be read."""


class InlineConnection(sqlite3.Connection):
    """A connection that hands out such cursors."""

    def cursor(self, factory: type[sqlite3.Cursor] = InlineCursor) -> sqlite3.Cursor:  # type: ignore[override]
        """Open a cursor."""
        return super().cursor(factory)

    def begins_at_once(self, how: str) -> bool:
        """Begin if nobody has the lock that it takes; False when one would have to wait."""
        self.execute("PRAGMA busy_timeout = 0")
        try:
            self.execute(how)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:  # the low byte tells the kind
                raise
            return False
        finally:
            self.execute(f"PRAGMA busy_timeout = {PATIENCE}")
        return True


class InlineSqlite(SQLiteDialect_pysqlite):
    """The standard library's driver under an async engine."""

    driver = "inline"
    is_async = True
    supports_statement_cache = True

    @classmethod
    def get_pool_class(cls, url: URL) -> type[Pool]:  # noqa: ARG003
        """Waiting for the one writer happens in the loop, not in a lock of the file."""
        return AsyncAdaptedQueuePool

    def get_driver_connection(self, connection: Any) -> Any:  # noqa: ANN401
        """The driver's connection is the DBAPI connection itself."""
        return connection

    def do_execute(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:  # noqa: ANN401, ARG002
        """Run the statement here; the engine insists on seeing an await, so it sees one that never waits."""
        await_only(_at_once())
        cursor.execute(statement, parameters)

    def do_execute_no_params(self, cursor: Any, statement: str, context: Any = None) -> None:  # noqa: ANN401, ARG002
        """Run a statement without parameters the same way."""
        await_only(_at_once())
        cursor.execute(statement)

    def do_executemany(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:  # noqa: ANN401, ARG002
        """Run a statement for many rows the same way."""
        await_only(_at_once())
        cursor.executemany(statement, parameters)

    def do_rollback(self, dbapi_connection: Any) -> None:  # noqa: ANN401
        """Leave the transaction alone: whoever began it ends it."""


async def _at_once() -> None:
    """Be awaited without waiting."""


def register() -> None:
    """Make `sqlite+inline://` known to SQLAlchemy (idempotent)."""
    registry.register("sqlite.inline", __name__, InlineSqlite.__name__)


def prepare(connection: sqlite3.Connection, *, read_only: bool) -> None:
    """Set a new connection up: WAL, full durability, foreign keys, patience with other processes."""
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {PATIENCE}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "temp_store = MEMORY",
        f"query_only = {'ON' if read_only else 'OFF'}",
    ):
        connection.execute(f"PRAGMA {pragma}").close()
