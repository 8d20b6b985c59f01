"""Connections stay open and are lent in order; what breaks off leaves nothing behind, and everybody gets a turn."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from contextvars import Context
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, literal, select, text
from sqlalchemy.exc import DBAPIError

from services.connections import Driver
from services.db import Database, Session, afterwards, insert_once
from services.models import Setting
from tests.support.postgres import Databases, PostgresServer

NOON = datetime(2026, 4, 12, 12, tzinfo=UTC)
UNDER_WAY = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"


def row(key: str) -> dict[str, object]:
    return {"community_id": 0, "key": key, "value": 1, "set_at": NOON}


async def driver_of(database: Database) -> Driver:
    async with database.transaction() as session:
        return session.driver


async def count(database: Database) -> int:
    async with database.reading() as session:
        return await session.scalar(select(func.count()).select_from(Setting)) or 0


async def test_one_transaction_after_the_other_goes_over_the_same_connection(database: Database) -> None:
    first = await driver_of(database)
    assert await driver_of(database) is first
    with pytest.raises(ZeroDivisionError):
        async with database.transaction() as session:
            await insert_once(session, Setting, row("a"))
            raise ZeroDivisionError
    assert await driver_of(database) is first
    assert await count(database) == 0


async def test_objects_and_kept_statements_share_the_transaction(database: Database) -> None:
    async with database.transaction() as session:
        session.add(Setting(**row("through an object")))
        await session.flush()
        await insert_once(session, Setting, row("straight"))
        assert await session.scalar(select(func.count()).select_from(Setting)) == 2
    assert await count(database) == 2
    with pytest.raises(ZeroDivisionError):
        async with database.transaction() as session:
            session.add(Setting(**row("lost")))
            await session.flush()
            await insert_once(session, Setting, row("lost too"))
            raise ZeroDivisionError
    assert await count(database) == 2


async def test_an_object_that_was_only_changed_is_written_before_the_commit(database: Database) -> None:
    async with database.transaction() as session:
        session.add(Setting(**row("a")))
    async with database.transaction() as session:
        (await session.scalars(select(Setting))).one().value = 7
    async with database.reading() as session:
        assert await session.scalar(select(Setting.value)) == 7


async def test_a_transaction_that_is_called_off_leaves_nothing(database: Database) -> None:
    inside = asyncio.Event()

    async def work() -> None:
        async with database.transaction() as session:
            await insert_once(session, Setting, row("a"))
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await count(database) == 0
    async with database.transaction() as session:
        await insert_once(session, Setting, row("a"))
    assert await count(database) == 1


async def test_a_statement_that_is_called_off_leaves_no_transaction_open(
    postgresql_url: str, postgres_server: Databases
) -> None:
    database = Database(postgresql_url, connections=1)

    async def work() -> None:
        async with database.transaction() as session:
            await insert_once(session, Setting, row("a"))
            await session.driver.fetch("SELECT pg_sleep(60)", ())

    task = asyncio.create_task(work())
    while not await _sleeping(postgresql_url):
        pass
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.reading() as session:
        name = await session.scalar(select(func.current_database()))
        here = text(f"{UNDER_WAY} AND datname = :name").bindparams(name=name)
        assert await session.scalar(here) == 0
        assert await session.scalar(select(func.count()).select_from(Setting)) == 0
    await database.dispose()


async def _sleeping(url: str) -> bool:
    looking = Database(url, connections=1)
    async with looking.reading() as session:
        found = await session.scalar(text("SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'"))
    await looking.dispose()
    return bool(found)


async def test_on_sqlite_others_come_to_their_turn_between_transactions_that_never_wait(sqlite_url: str) -> None:
    database, turns = Database(sqlite_url), 0

    async def another() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(another())
    for number in range(20):
        async with database.transaction() as session:
            await insert_once(session, Setting, row(f"key {number}"))
    task.cancel()
    assert turns >= 20
    await database.dispose()


async def test_writers_on_sqlite_come_in_the_order_in_which_they_asked(sqlite_url: str) -> None:
    database, order = Database(sqlite_url), list[int]()

    async def work(number: int) -> None:
        async with database.transaction() as session:
            await insert_once(session, Setting, row(f"key {number}"))
            order.append(number)

    await asyncio.gather(*(work(number) for number in range(10)))
    assert order == list(range(10))
    await database.dispose()


async def test_no_more_connections_are_lent_than_there_are(postgresql_url: str) -> None:
    database, inside, most = Database(postgresql_url, connections=3), 0, 0

    async def work() -> None:
        nonlocal inside, most
        async with database.transaction() as session:
            inside += 1
            most = max(most, inside)
            await session.execute(text("SELECT pg_sleep(0.01)"))
            inside -= 1

    await asyncio.gather(*(work() for _ in range(12)))
    assert most == 3
    await database.dispose()


async def test_a_server_that_comes_back_is_talked_to_again(private_postgres: PostgresServer) -> None:
    database = Database(private_postgres.create_database("line"), connections=2)

    async def ask(session: Session) -> int | None:
        return await session.scalar(select(literal(1)))

    assert set(await asyncio.gather(database.run(ask), database.run(ask))) == {1}
    private_postgres.restart()
    found = None
    for _ in range(3):  # a connection may be found to be gone only when it is used
        with suppress(DBAPIError, OSError):
            found = await database.run(ask)
    assert found == 1
    await database.dispose()


async def test_what_is_to_follow_follows_the_commit_alone(database: Database) -> None:
    done: list[str] = []
    async with database.transaction() as session:
        afterwards(session, lambda: done.append("after"))
        assert done == []
    assert done == ["after"]
    with pytest.raises(ZeroDivisionError):
        async with database.transaction() as session:
            afterwards(session, lambda: done.append("never"))
            raise ZeroDivisionError
    assert done == ["after"]


async def test_a_reading_at_one_moment_does_not_see_what_comes_later(database: Database) -> None:
    async with database.reading(at_one_moment=True) as session:
        before = await session.scalar(select(func.count()).select_from(Setting))
        await asyncio.create_task(_another(database), context=Context())
        assert await session.scalar(select(func.count()).select_from(Setting)) == before
    assert await count(database) == 1


async def _another(database: Database) -> None:
    async with database.transaction() as session:
        await insert_once(session, Setting, row("meanwhile"))


async def test_what_is_made_ready_for_one_engine_serves_another_of_its_kind(
    database: Database, database_url: str
) -> None:
    other = Database(database_url)
    async with database.reading() as session:
        known = session.driver.dialect
    async with other.reading() as session:
        assert session.driver.dialect is known
    await other.dispose()
