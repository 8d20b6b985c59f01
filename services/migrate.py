"""Bring a database to the revision that this program works with; safe to run from several replicas at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from services.db import Session

HOME = Path(__file__).parent / "migrations"
HEAD = "head"
LOCK = 0x4F776E65726C696E  # "Ownerlin": one replica at a time migrates
R = TypeVar("R")


class TooNewError(Exception):
    """The database has a revision that this program does not know."""


def upgrade(url: str, *, to: str = HEAD) -> None:
    """Run all revisions that are still missing, in one transaction; creates the file on SQLite."""
    place = make_url(url)
    if place.get_backend_name() == "sqlite":
        Path(place.database or "").parent.mkdir(parents=True, exist_ok=True)
    _connected(place, lambda connection: _upgrade(connection, to), begin="BEGIN IMMEDIATE")


def current(url: str) -> str | None:
    """Return the database's revision; None when it has none (or, on SQLite, no file yet)."""
    place = make_url(url)
    if place.get_backend_name() == "sqlite" and not Path(place.database or "").exists():
        return None
    return _connected(place, revision_of, begin="BEGIN")


def head() -> str:
    """Return the newest revision that this program knows."""
    return known()[-1]


def known() -> list[str]:
    """Return all revisions in order; their files are named by them."""
    return sorted(path.name.partition("_")[0] for path in (HOME / "versions").glob("[0-9]*_*.py"))


def is_current(url: str) -> bool:
    """Tell whether nothing is left to run."""
    return current(url) == head()


def ensure_current(url: str) -> None:
    """Upgrade where needed; raises `TooNewError` rather than work on tables of a later release."""
    found = current(url)
    if found == head():
        return
    if found is not None and found not in known():
        raise TooNewError(f"the database has revision {found}, this program knows up to {head()}: use a newer one")
    upgrade(url)


async def revision(session: Session) -> str | None:
    """Return the revision of the session's database."""
    connection = await session.connection()
    return await connection.run_sync(revision_of)


def revision_of(connection: Connection) -> str | None:
    """Return the revision of the connection's database."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _upgrade(connection: Connection, to: str) -> None:
    # Alembic takes its time to import and is needed once per release.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(HOME).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, to)


def _connected(place: URL, work: Callable[[Connection], R], *, begin: str) -> R:
    """Do the work in one transaction, on an engine of its own; from plain code or below a running loop."""
    if place.get_backend_name() == "sqlite":
        return _on_sqlite(place, work, begin)
    with ThreadPoolExecutor(1) as aside:
        return aside.submit(asyncio.run, _on_postgres(place, work)).result()


def _on_sqlite(place: URL, work: Callable[[Connection], R], begin: str) -> R:
    engine = create_engine(place.set(drivername="sqlite+pysqlite"), poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def _plain(connection: Any, _record: object) -> None:  # noqa: ANN401
        connection.isolation_level = None  # the driver's own transactions would leave out the tables
        connection.execute("PRAGMA busy_timeout = 60000").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    with engine.begin() as connection:
        return work(connection)


async def _on_postgres(place: URL, work: Callable[[Connection], R]) -> R:
    engine = create_async_engine(place.set(drivername="postgresql+asyncpg"), poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()
