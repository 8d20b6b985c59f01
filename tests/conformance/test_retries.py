"""Two transactions that meet: the one that loses is worked again from its start."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from sqlalchemy import select, text, update

from services.db import Database, Session
from services.models import Bucket

NOW = datetime(2026, 4, 12, tzinfo=UTC)


async def _two_rows(db: Database) -> None:
    async def add(session: Session) -> None:
        session.add_all([Bucket(name=name, tokens_milli=0, refilled_at=NOW) for name in ("one", "two")])

    await db.run(add)


async def test_a_deadlock_is_worked_again_from_the_start(database: Database) -> None:
    await _two_rows(database)
    met = asyncio.Barrier(2)
    starts: list[str] = []

    async def both(session: Session, first: str, second: str) -> None:
        starts.append(first)
        for name in (first, second):
            more = Bucket.tokens_milli + 1
            await session.execute(
                update(Bucket)
                .where(Bucket.name == name)
                .values(tokens_milli=more)
                .execution_options(synchronize_session=False)
            )
            if len(starts) <= 2 and name == first and not database.is_sqlite:
                await met.wait()

    await asyncio.gather(
        database.run(lambda session: both(session, "one", "two")),
        database.run(lambda session: both(session, "two", "one")),
    )
    async with database.reading() as session:
        assert (await session.scalars(select(Bucket.tokens_milli))).all() == [2, 2]
    assert len(starts) == (2 if database.is_sqlite else 3)


async def test_a_serialization_failure_is_worked_again_from_the_start(postgresql_url: str) -> None:
    database = Database(postgresql_url)
    await _two_rows(database)
    met = asyncio.Barrier(2)
    starts: list[str] = []

    async def copy(session: Session, read: str, write: str) -> None:
        starts.append(write)
        await session.execute(text("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"))
        found = await session.scalar(select(Bucket.tokens_milli).where(Bucket.name == read)) or 0
        if len(starts) <= 2:
            await met.wait()
        await session.execute(
            update(Bucket)
            .where(Bucket.name == write)
            .values(tokens_milli=found + 1)
            .execution_options(synchronize_session=False)
        )

    await asyncio.gather(
        database.run(lambda session: copy(session, "one", "two")),
        database.run(lambda session: copy(session, "two", "one")),
    )
    async with database.reading() as session:
        assert sorted((await session.scalars(select(Bucket.tokens_milli))).all()) == [1, 2]
    assert len(starts) == 3
    await database.dispose()
