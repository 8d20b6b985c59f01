"""Rows of one estate into a database, and from there, within the database, copied for all the others.

Every id becomes `id * estates + n`, so that the tickets of all estates lie between each other, as years leave them.
Indexes that only help are made afterwards; statistics are taken in the end.
"""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy import Column, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect, make_url
from sqlalchemy.schema import CreateIndex

from scripts.bench.archive import Row, Rows
from services.models import Base

CHUNK = 1000  # ids of the first estate that are copied at a time
NO_IDS = frozenset({"event_id", "unique_id", "provider_id", "message_id"})  # a provider's, not ours
KEYED = {  # columns whose `#` stands for the id named
    ("community", "slug"): "id",
    ("address", "external"): "id",
    ("number", "e164"): "id",
    ("timer", "key"): "subject_id",
    ("outbox", "key"): "id",
}
REFERENCES = frozenset({"filed_by"})


class Filling(ABC):
    """A connection that fills a database as fast as it can; what it was doing when it broke is lost."""

    dialect: Dialect

    @abstractmethod
    async def run(self, *statements: str) -> None:
        """Run statements one by one."""

    @abstractmethod
    async def insert(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Insert rows."""

    @abstractmethod
    async def finish(self, tables: Sequence[Table]) -> None:
        """Take statistics, and go on counting ids where the rows end."""


class SqliteFilling(Filling):
    """The standard library's connection, without journal: a file that broke is thrown away."""

    dialect = sqlite.dialect()

    def __init__(self, place: str) -> None:
        """Open the file."""
        self._connection = sqlite3.connect(place, isolation_level=None)

    async def run(self, *statements: str) -> None:
        """Run statements where we are: nobody else waits."""
        for statement in statements:
            self._connection.execute(statement).fetchall()

    async def insert(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Insert many."""
        marks = ", ".join("?" * len(columns))
        self._connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)  # noqa: S608

    async def finish(self, tables: Sequence[Table]) -> None:  # noqa: ARG002 - ids count on by themselves
        """Take statistics and give the file its journal back."""
        await self.run("ANALYZE", "PRAGMA journal_mode = WAL")
        self._connection.close()


class PostgresFilling(Filling):
    """asyncpg's connection, which need not outlive a crash of the server."""

    dialect = postgresql.asyncpg.dialect()  # type: ignore[no-untyped-call]

    def __init__(self, connection: Any) -> None:  # noqa: ANN401 - asyncpg is not typed
        """Take the connection."""
        self._connection = connection

    async def run(self, *statements: str) -> None:
        """Run statements."""
        for statement in statements:
            await self._connection.execute(statement)

    async def insert(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Copy rows in."""
        await self._connection.copy_records_to_table(table, columns=list(columns), records=rows)

    async def finish(self, tables: Sequence[Table]) -> None:
        """Count on, take statistics, and note what every transaction sees."""
        for table in tables:
            counted = f"pg_get_serial_sequence('{table.name}', 'id')"
            await self.run(f"SELECT setval({counted}, (SELECT max(id) FROM {table.name}))")  # noqa: S608 - our tables
        await self.run("VACUUM ANALYZE")
        await self._connection.close()


async def fill(url: str, rows: Rows, *, estates: int) -> None:
    """Fill a migrated, empty database with the estate of the rows, so many times."""
    tables = [Base.metadata.tables[name] for name in rows]
    async with _opened(url) as filling:
        spare = [index for table in tables for index in table.indexes if not index.unique]
        await filling.run(*(f"DROP INDEX {index.name}" for index in spare), *_numbers(estates))
        for table in tables:
            await _copied(filling, table, rows[table.name], estates)
        await filling.run(*(str(CreateIndex(index).compile(dialect=filling.dialect)) for index in spare))
        await filling.finish(tables)


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[Filling]:
    place = make_url(url)
    if place.get_backend_name() == "sqlite":
        quick = SqliteFilling(str(place.database))
        await quick.run("PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "PRAGMA cache_size = -400000")
        yield quick
        return
    connection = await asyncpg.connect(place.set(drivername="postgresql").render_as_string(hide_password=False))
    slow = PostgresFilling(connection)
    await slow.run("SET synchronous_commit = off", "SET maintenance_work_mem = '256MB'")
    try:
        await slow.run("SET session_replication_role = replica")  # the rows point where they should
    except asyncpg.InsufficientPrivilegeError:  # then every one is looked at
        await slow.run("SET session_replication_role = DEFAULT")
    yield slow


def _numbers(estates: int) -> Sequence[str]:
    values = ", ".join(f"({number})" for number in range(estates))
    return "CREATE TEMP TABLE estate_number (n BIGINT)", f"INSERT INTO estate_number VALUES {values}"  # noqa: S608


async def _copied(filling: Filling, table: Table, rows: Sequence[Row], estates: int) -> None:
    """Put the rows into a table of this connection, and multiply them from there, in the order of ids."""
    pattern, columns = f"pattern_{table.name}", list(table.columns)
    names = [column.name for column in columns]
    await filling.run(f"CREATE TEMP TABLE {pattern} AS SELECT * FROM {table.name} LIMIT 0")  # noqa: S608
    await filling.insert(pattern, names, [*_records(columns, rows, filling.dialect)])
    chosen = ", ".join(_copy(column, estates) for column in columns)
    for first in range(1, len(rows) + 1, CHUNK):
        await filling.run(
            f"INSERT INTO {table.name} ({', '.join(names)}) SELECT {chosen}"  # noqa: S608 - words of our own
            f" FROM {pattern} AS p CROSS JOIN estate_number AS e"
            f" WHERE p.id >= {first} AND p.id < {first + CHUNK} ORDER BY p.id, e.n"
        )
    await filling.run(f"DROP TABLE {pattern}")


def _records(columns: Sequence[Column[Any]], rows: Sequence[Row], dialect: Dialect) -> Iterable[Sequence[Any]]:
    """Yield what the driver is given: every column, converted as the house does it."""
    converts = [column.type.dialect_impl(dialect).bind_processor(dialect) for column in columns]
    shapes = [(column.name, missing(column), convert) for column, convert in zip(columns, converts, strict=True)]
    for row in rows:
        found = ((row.get(name, blank), convert) for name, blank, convert in shapes)
        yield [convert(value) if convert and value is not None else value for value, convert in found]


def missing(column: Column[Any]) -> Any:  # noqa: ANN401
    """Return what a column holds of which a row says nothing."""
    if column.default is not None:
        return column.default.arg  # type: ignore[attr-defined]
    if column.server_default is None:
        return None
    told = str(column.server_default.arg)  # type: ignore[attr-defined]
    if told in {"false", "true"}:
        return told == "true"
    return int(told) if told.isdigit() else told


def _copy(column: Column[Any], estates: int) -> str:
    """Say how an estate's value follows from the first estate's."""
    keyed = KEYED.get((column.table.name, column.name))
    if keyed is not None:
        return f"replace(p.{column.name}, '#', CAST(p.{keyed} * {estates} + e.n AS TEXT))"
    is_id = column.name == "id" or (column.name.endswith("_id") and column.name not in NO_IDS)
    return f"p.{column.name} * {estates} + e.n" if is_id or column.name in REFERENCES else f"p.{column.name}"
