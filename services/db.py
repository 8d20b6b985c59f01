"""The database: engines, the one transaction, and what makes a statement safe to repeat.

This is the only module that commits. Everything else is handed an open `Session`.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from sqlalchemy import ClauseElement, ColumnElement, Float, Result, Table, bindparam, event, literal
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.pool import NullPool
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from services import connections as kept
from services import direct, sqlite_inline
from services.sqltypes import Moment

Session = kept.Session
R = TypeVar("R")

Topic = Literal["inbox", "outbox", "media", "timers", "digests", "imports"]
TOPICS: Sequence[Topic] = get_args(Topic)

SERIALIZATION_STATES = frozenset({"40001", "40P01"})
TROUBLE_CLASSES = ("08", "53", "57", "58")
MOST_RETRIES = 5
READERS = 4  # on SQLite, beside the writer
STATEMENTS_KEPT = 1000  # prepared, per connection: more than the program has
STATEMENTS_COMPILED = 2000  # per engine, with their loaders
ENGINES = 8  # kept for when the same database is opened again

_inside: ContextVar[bool] = ContextVar("inside_a_transaction", default=False)


class Database:
    """One database by URL: `sqlite:///path` for one process, `postgresql://…` for several."""

    def __init__(self, url: str, *, connections: int = 10) -> None:
        """Prepare the engines; nothing connects before the first transaction."""
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        if self.is_sqlite:  # one writer, and readers beside it
            self._writers = kept.Connections(_sqlite(url, read_only=False), 1)
            self._readers = kept.Connections(_sqlite(url, read_only=True), READERS)
        else:
            self._writers = self._readers = kept.Connections(_postgres(url), connections)
        self._listeners = {topic: list[Callable[[], None]]() for topic in TOPICS}

    @asynccontextmanager
    async def transaction(self, *, holding: int | None = None) -> AsyncIterator[Session]:
        """Open the one transaction: committed when the block ends well, rolled back otherwise.

        `holding` is a lock that one transaction at a time has, from its beginning to its end.
        """
        with _Once():
            async with self._writers.lent() as session:
                await session.driver.begin(self._beginning(holding))
                yield session
                await session.flush()
                await session.driver.commit()
            self._tell(session)

    def _beginning(self, holding: int | None) -> str:
        if self.is_sqlite:  # one writer anyway
            return "BEGIN IMMEDIATE"
        return "BEGIN" if holding is None else f"BEGIN; SELECT pg_advisory_xact_lock({holding:d})"

    @asynccontextmanager
    async def reading(self, *, at_one_moment: bool = False) -> AsyncIterator[Session]:
        """Open a session that only reads; on SQLite it runs beside the writer, and always at one moment."""
        how = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" if at_one_moment else ""
        with _Once():
            async with self._readers.lent() as session:
                await session.driver.begin("BEGIN" if self.is_sqlite else how)
                yield session
                await session.driver.commit()

    async def run(self, work: Callable[[Session], Awaitable[R]], *, holding: int | None = None) -> R:
        """Do the work in a transaction, again from the start after a deadlock or a serialization failure."""
        for attempt in range(MOST_RETRIES):
            try:
                async with self.transaction(holding=holding) as session:
                    return await work(session)
            except DBAPIError as error:
                if not is_collision(error) or attempt == MOST_RETRIES - 1:
                    raise
                await asyncio.sleep(random.uniform(0.005, 0.02) * 2**attempt)  # noqa: S311 - jitter
        raise AssertionError

    def listen(self, topic: Topic, listener: Callable[[], None]) -> None:
        """Call the listener after each commit that woke the topic."""
        self._listeners[topic].append(listener)

    def wake(self, topic: Topic) -> None:
        """Call the topic's listeners now."""
        for listener in self._listeners[topic]:
            listener()

    def _tell(self, session: Session) -> None:
        for topic in session.info.pop("woken", ()):
            self.wake(topic)
        for follow in session.info.pop("following", ()):
            follow()

    async def dispose(self) -> None:
        """Close every connection."""
        await self._writers.close()
        if self._readers is not self._writers:
            await self._readers.close()


class _Once:
    """Refuse a transaction inside a transaction."""

    def __enter__(self) -> None:
        if _inside.get():
            msg = "a transaction inside a transaction: pass the session on instead"
            raise RuntimeError(msg)
        self._token = _inside.set(True)

    def __exit__(self, *_: object) -> None:
        _inside.reset(self._token)


def wake(session: Session, topic: Topic) -> None:
    """Remember to wake whoever waits for the topic, after the commit."""
    session.info.setdefault("woken", set()).add(topic)


def wakes(session: Session, topic: Topic) -> bool:
    """Whether the topic is woken after the commit."""
    return topic in session.info.get("woken", ())


def unwake(session: Session, topic: Topic) -> None:
    """Wake nobody for the topic: what waits was taken in this very transaction."""
    session.info.get("woken", set()).discard(topic)


def afterwards(session: Session, follow: Callable[[], None]) -> None:
    """Call this once what the session does is committed."""
    session.info.setdefault("following", []).append(follow)


def is_sqlite(session: Session) -> bool:
    """Whether the session speaks to SQLite."""
    return session.driver.is_sqlite


class MachineTime(FunctionElement[datetime]):
    """Machine time and so many seconds more: the database's clock on PostgreSQL, this machine's on SQLite."""

    name = "machine_time"
    type = Moment()
    inherit_cache = True


@compiles(MachineTime, "postgresql")
def _on_postgresql(element: MachineTime, compiler: SQLCompiler, **kwargs: Any) -> str:  # noqa: ANN401
    return f"(clock_timestamp() + {compiler.process(element.clauses, **kwargs)} * interval '1 second')"


@compiles(MachineTime, "sqlite")
def _on_sqlite(element: MachineTime, compiler: SQLCompiler, **kwargs: Any) -> str:  # noqa: ANN401
    seconds = f"printf('%+.3f seconds', {compiler.process(element.clauses, **kwargs)})"
    return f"strftime('%Y-%m-%d %H:%M:%f000', 'now', {seconds})"  # written as SQLAlchemy writes moments


@cache
def machine_time(seconds: str = "") -> MachineTime:
    """Return machine time for a statement that is made once; `seconds` names the parameter that is added."""
    return MachineTime(bindparam(seconds, type_=Float()) if seconds else literal(0.0, Float()))


def machine_now(plus: timedelta = timedelta()) -> ColumnElement[datetime]:
    """Machine time, and so much more."""
    return MachineTime(literal(plus.total_seconds(), Float()))


async def insert_once(
    session: Session,
    table: Any,  # noqa: ANN401 - a mapped class or a table
    rows: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    *returning: Any,  # noqa: ANN401 - columns
    at: str = "",
) -> Result[Any]:
    """Insert rows whose keys are new and leave the others alone; return the columns of those inserted.

    This takes the place of catching an integrity error: a row that was there already is simply not returned. The
    column named by `at` gets machine time.
    """
    many = [rows] if isinstance(rows, Mapping) else rows
    columns = tuple(column.key for column in returning)
    statement = _insertion(_table(table), is_sqlite(session), at, columns)
    return await direct.execute_many(session, statement, many)


async def upsert(
    session: Session,
    table: Any,  # noqa: ANN401
    row: Mapping[str, Any],
    *,
    on: Sequence[Any],
    change: Mapping[str, Any],
    returning: Sequence[Any] = (),
) -> Result[Any]:
    """Insert the row, or change the one that has the same key."""
    computed = tuple((name, value) for name, value in change.items() if isinstance(value, ClauseElement))
    given = {f"change_{name}": value for name, value in change.items() if not isinstance(value, ClauseElement)}
    names = tuple(column.key for column in returning)
    statement = _insertion_or_change(_table(table), is_sqlite(session), tuple(on), (tuple(given), computed), names)
    return await direct.execute(session, statement, {**row, **given})


def _table(table: Any) -> Table:  # noqa: ANN401
    found: Table = getattr(table, "__table__", table)
    return found


@lru_cache
def _insertion(
    table: Table,
    sqlite_: bool,  # noqa: FBT001 - a key
    at: str,
    returning: tuple[str, ...],
) -> Any:  # noqa: ANN401
    """Return the statement, made once: putting one together costs more than running it."""
    statement = (sqlite.insert if sqlite_ else postgresql.insert)(table).on_conflict_do_nothing()
    statement = statement.values({at: machine_time()}) if at else statement
    return statement.returning(*(table.c[name] for name in returning)) if returning else statement


@lru_cache
def _insertion_or_change(
    table: Table,
    sqlite_: bool,  # noqa: FBT001 - a key
    on: tuple[Any, ...],
    change: tuple[tuple[str, ...], tuple[tuple[str, Any], ...]],
    returning: tuple[str, ...],
) -> Any:  # noqa: ANN401
    given, computed = change
    names = (name.removeprefix("change_") for name in given)
    change_to = {name: bindparam(f"change_{name}", type_=table.c[name].type) for name in names}
    insert = (sqlite.insert if sqlite_ else postgresql.insert)(table)
    statement = insert.on_conflict_do_update(index_elements=list(on), set_={**change_to, **dict(computed)})
    return statement.returning(*(table.c[name] for name in returning)) if returning else statement


def is_collision(error: BaseException) -> bool:
    """Whether the error means "two transactions met, try the whole again"."""
    return _sqlstate(error) in SERIALIZATION_STATES


def is_trouble(error: BaseException) -> bool:
    """Whether the error is the database's (away, locked, full, shutting down), not ours."""
    if isinstance(error, OSError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    state = _sqlstate(error)
    if state is not None:
        return state in SERIALIZATION_STATES or state.startswith(TROUBLE_CLASSES)
    return error.connection_invalidated or type(error.orig).__name__ in {
        "OperationalError",
        "InterfaceError",
        "InternalClientError",
    }


def _sqlstate(error: BaseException) -> str | None:
    orig = getattr(error, "orig", None)
    return getattr(orig, "sqlstate", None)


@lru_cache(maxsize=ENGINES)
def _sqlite(url: str, *, read_only: bool) -> AsyncEngine:
    """Return the engine for a file, made once: it holds no connection, but every statement that was compiled for it."""
    sqlite_inline.register()
    place = make_url(url).set(drivername="sqlite+inline")
    if place.database:
        Path(place.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(
        place,
        poolclass=NullPool,  # what is open stays open, see `Connections`
        isolation_level="AUTOCOMMIT",
        query_cache_size=STATEMENTS_COMPILED,
        connect_args={
            "check_same_thread": False,
            "factory": sqlite_inline.InlineConnection,
            "cached_statements": STATEMENTS_KEPT,
        },
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:  # noqa: ANN401
        sqlite_inline.prepare(connection, read_only=read_only)

    return engine


@lru_cache(maxsize=ENGINES)
def _postgres(url: str) -> AsyncEngine:
    """Return the engine for a database, made once like that for a file."""
    return create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"),
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        query_cache_size=STATEMENTS_COMPILED,
        connect_args={"prepared_statement_cache_size": STATEMENTS_KEPT, "statement_cache_size": STATEMENTS_KEPT},
    )
