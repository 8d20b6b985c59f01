"""Connections that stay open, and what a transaction asks of them: begin, commit, roll back, fetch.

A pool lends and takes back, begins and ends through layers made for every driver there is; that costs more than what a
turn says to the database. So connections are kept, the engine commits nothing of its own (AUTOCOMMIT), and BEGIN and
COMMIT go to the driver where they stand. The session's objects use the same connection, inside the same transaction.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import cache
from typing import Any, TypeVar

from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from services import saving
from services.sqlite_inline import InlineConnection

R = TypeVar("R")

QUICK = 0.003  # seconds: a disk that takes less is not worth a thread, whose way there and back takes as long
WEIGHT = 0.1  # of the newest commit in what is known of the disk


class Driver(ABC):
    """The driver's connection below the engine's, for one transaction at a time."""

    is_sqlite: bool

    def __init__(self, connection: AsyncConnection, raw: Any) -> None:  # noqa: ANN401 - either driver's
        """Take the engine's connection and the driver's below it."""
        self.connection, self.raw = connection, raw
        self.dialect = _known(connection.dialect)

    @abstractmethod
    async def begin(self, how: str) -> None:
        """Begin a transaction with the words given."""

    @abstractmethod
    async def commit(self) -> None:
        """Commit it."""

    @abstractmethod
    async def rollback(self) -> None:
        """Roll back what is open, if anything is."""

    @abstractmethod
    async def fetch(self, sql: str, values: Sequence[Any]) -> Sequence[Sequence[Any]]:
        """Run a statement with the driver's own values; return its rows. Raises `DBAPIError`."""

    @abstractmethod
    async def fetch_many(self, sql: str, several: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
        """Run a statement once for each of several sets of values; return the rows of all, in order."""

    @property
    @abstractmethod
    def is_gone(self) -> bool:
        """Whether the connection is of no more use."""


_DIALECTS: dict[tuple[object, ...], Dialect] = {}


def _known(dialect: Dialect) -> Dialect:
    """Return the first of the dialects that are alike: what was made ready for one engine serves another too."""
    return _DIALECTS.setdefault((type(dialect), getattr(dialect, "server_version_info", None)), dialect)


class PostgresDriver(Driver):
    """asyncpg's connection."""

    is_sqlite = False

    async def begin(self, how: str) -> None:
        """Begin; a transaction that only reads, statement by statement, needs no beginning."""
        if how:
            await self._say(how)

    async def commit(self) -> None:
        """Commit."""
        if self.raw.is_in_transaction():
            await self._say("COMMIT")

    async def rollback(self) -> None:
        """Roll back, whatever the driver knows: it may have been called off in the middle of BEGIN."""
        if not self.raw.is_closed():
            await self._say("ROLLBACK")

    async def fetch(self, sql: str, values: Sequence[Any]) -> Sequence[Sequence[Any]]:
        """Run a statement; the driver prepares it once."""
        return await self._done(self.raw.fetch(sql, *values), sql)

    async def fetch_many(self, sql: str, several: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
        """Run a statement several times, on one way to the server and back."""
        return await self._done(self.raw.fetchmany(sql, several), sql)

    async def _say(self, sql: str) -> None:
        await self._done(self.raw.execute(sql), sql)

    async def _done(self, doing: Awaitable[R], sql: str) -> R:
        try:
            return await doing
        except _postgres_errors() as error:
            raise DBAPIError(sql, None, error, connection_invalidated=self.raw.is_closed()) from error

    @property
    def is_gone(self) -> bool:
        """Whether the server closed it, or something is under way on it still."""
        return bool(self.raw.is_closed() or self.raw.is_in_transaction())


class SqliteDriver(Driver):
    """The standard library's connection: it waits in a thread for another process's lock and for a slow disk only."""

    is_sqlite = True
    raw: InlineConnection
    changes_before = 0  # rows changed before the present transaction
    commit_seconds = 0.0  # that a commit has been taking of late

    async def begin(self, how: str) -> None:
        """Begin; for writing, take the lock at once: a read that later writes would fail or lose updates."""
        await asyncio.sleep(0)  # nothing below waits, and whoever else is in the loop must come to his turn
        try:
            if not self.raw.begins_at_once(how):
                await asyncio.to_thread(self.raw.execute, how)
        except sqlite3.Error as error:
            raise DBAPIError(how, None, error) from error
        self.changes_before = self.raw.total_changes

    async def commit(self) -> None:
        """Commit here while the disk is quick, else wait for it in a thread."""
        try:
            if self.raw.total_changes == self.changes_before:
                self.raw.execute("COMMIT")
            elif self.commit_seconds < QUICK:
                self._commit_timed()
            else:
                await asyncio.to_thread(self._commit_timed)
        except sqlite3.Error as error:
            raise DBAPIError("COMMIT", None, error) from error

    def _commit_timed(self) -> None:
        began = time.perf_counter()
        self.raw.execute("COMMIT")
        self.commit_seconds += (time.perf_counter() - began - self.commit_seconds) * WEIGHT

    async def rollback(self) -> None:
        """Roll back where we are: nothing waits."""
        try:
            self.raw.rollback()
        except sqlite3.Error as error:  # a commit that was called off went through all the same
            raise DBAPIError("ROLLBACK", None, error) from error

    async def fetch(self, sql: str, values: Sequence[Any]) -> Sequence[Sequence[Any]]:
        """Run a statement where we are."""
        try:
            return self.raw.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise DBAPIError(sql, None, error) from error

    async def fetch_many(self, sql: str, several: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
        """Run a statement several times where we are."""
        return [row for values in several for row in await self.fetch(sql, values)]

    @property
    def is_gone(self) -> bool:
        """Whether something is under way on it still."""
        return self.raw.in_transaction


class Session(AsyncSession):
    """One transaction: its objects, and the driver that they share with kept statements."""

    def __init__(self, driver: Driver) -> None:
        """Open a session over a driver's connection."""
        super().__init__(driver.connection, expire_on_commit=False, autoflush=False)
        self.driver = driver

    async def flush(self, objects: Sequence[Any] | None = None) -> None:
        """Write changed objects, if there are any: the short way unless rows come or go."""
        come_or_go = self.new or self.deleted
        if come_or_go or not await saving.save(self, self.dirty):
            await super().flush(objects)


class Connections:
    """The connections of one engine, lent one by one to whoever comes first."""

    def __init__(self, engine: AsyncEngine, most: int) -> None:
        """Connect to nothing yet."""
        self._engine, self._free = engine, asyncio.Semaphore(most)
        self._idle: list[Driver] = []
        self._open = True

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[Session]:
        """Lend a connection, with a session over it; a transaction that is left open is rolled back."""
        async with self._free:
            session, is_well = Session(await self._take()), False
            try:
                yield session
                is_well = not session.driver.is_gone
            finally:
                if is_well:
                    await self._give_back(session)
                else:
                    await asyncio.shield(self._undo(session))

    async def _take(self) -> Driver:
        while self._idle:
            driver = self._idle.pop()
            if not driver.is_gone:
                return driver
            await driver.connection.close()
        connection = await self._engine.connect()
        raw = (await connection.get_raw_connection()).driver_connection
        return (SqliteDriver if connection.dialect.name == "sqlite" else PostgresDriver)(connection, raw)

    async def _undo(self, session: Session) -> None:
        with suppress(DBAPIError, OSError):  # a connection that is gone takes its transaction along
            await session.driver.rollback()
        await self._give_back(session)

    async def _give_back(self, session: Session) -> None:
        if session.in_transaction():
            session.sync_session.close()  # nothing waits: what was open has ended
        if self._open and not session.driver.is_gone:
            self._idle.append(session.driver)
        else:
            await session.driver.connection.close()

    async def close(self) -> None:
        """Close what is idle now, and what is lent when it comes back."""
        self._open = False
        idle, self._idle = self._idle, []
        for driver in idle:
            await driver.connection.close()
        await self._engine.dispose()


@cache
def _postgres_errors() -> tuple[type[Exception], ...]:
    """Return what the driver raises of its own; whoever is on SQLite need not wait for it."""
    import asyncpg  # noqa: PLC0415

    return asyncpg.PostgresError, asyncpg.InterfaceError
