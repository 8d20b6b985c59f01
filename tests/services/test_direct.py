"""The direct way to the driver gives what the engine gives: rows, types, errors, and one transaction with it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Select, Update, bindparam, insert, select, update
from sqlalchemy.exc import DBAPIError

from services import direct
from services.connections import SqliteDriver
from services.db import Database
from services.models import Timer, table_of
from services.sqltypes import FrozenDict

NOON = datetime(2026, 4, 12, 12, 30, tzinfo=UTC)
TIMER = {
    "key": "k1",
    "kind": "survey.ask",
    "subject": "ticket",
    "subject_id": 7,
    "given": {"words": ["漏水", 1, None]},
    "due_at": NOON,
}
KEEP = insert(table_of(Timer)).returning(table_of(Timer).c.id)


def _timers(*columns: str) -> Select[Any]:
    table = table_of(Timer).c
    return select(*(table[name] for name in columns)).where(table.key == bindparam("wanted"))


def _move() -> Update:
    return update(table_of(Timer)).where(table_of(Timer).c.key == bindparam("wanted")).values(due_at=bindparam("later"))


async def test_rows_come_as_the_engine_gives_them(database: Database) -> None:
    kept = _timers("id", "key", "given", "due_at", "tries", "state")
    async with database.transaction() as session:
        new = (await direct.execute(session, KEEP, TIMER)).scalar_one()
        (row,) = await direct.execute(session, kept, {"wanted": "k1"})
        (same,) = await session.execute(kept, {"wanted": "k1"})
    assert tuple(row) == tuple(same)
    assert (row.id, row.due_at, row.tries, row.state) == (new, NOON, 0, "waiting")
    assert isinstance(row.given, FrozenDict)
    assert row.given == {"words": ("漏水", 1, None)}


async def test_a_statement_without_rows_gives_none(database: Database) -> None:
    async with database.transaction() as session:
        await direct.execute(session, KEEP, TIMER)
        moved = await direct.execute(session, _move(), {"wanted": "k1", "later": NOON.replace(hour=13)})
        assert moved.all() == []
        assert await direct.scalar(session, _timers("due_at"), {"wanted": "k1"}) == NOON.replace(hour=13)
        assert await direct.scalar(session, _timers("due_at"), {"wanted": "k2"}) is None


async def test_what_was_said_directly_is_undone_with_the_rest(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.transaction() as session:
            await direct.execute(session, KEEP, TIMER)
            await direct.execute(session, KEEP, TIMER | {"key": "k2"})
            raise ZeroDivisionError
    async with database.reading() as session:
        assert (await session.scalars(select(Timer.key))).all() == []


async def test_an_error_of_the_driver_is_an_error_of_the_database(database: Database) -> None:
    with pytest.raises(DBAPIError):
        async with database.transaction() as session:
            await direct.execute(session, KEEP, TIMER)
            await direct.execute(session, KEEP, TIMER)
    async with database.transaction() as session:  # the connection is as good as before
        assert await direct.scalar(session, _timers("id"), {"wanted": "k1"}) is None


async def test_a_list_of_values_goes_the_engines_way(database: Database) -> None:
    several = select(table_of(Timer).c.key).where(table_of(Timer).c.key.in_(bindparam("some", expanding=True)))
    async with database.transaction() as session:
        await direct.execute(session, KEEP, TIMER)
        assert list((await direct.execute(session, several, {"some": ["k0", "k1"]})).scalars()) == ["k1"]


async def test_on_a_slow_disk_a_commit_waits_in_a_thread_until_the_disk_is_quick_again(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    for seconds, at_once in ((0.0, True), (60.0, False)):
        async with database.transaction() as session:
            await direct.execute(session, KEEP, TIMER | {"key": f"after {seconds} seconds"})
            driver = session.driver
            assert isinstance(driver, SqliteDriver)
            driver.commit_seconds = seconds
        assert (driver.commit_seconds < 1) is at_once
        assert driver.commit_seconds != seconds, "each commit is timed"
    async with database.reading() as session:
        assert len((await session.scalars(select(Timer.key))).all()) == 2
    await database.dispose()


async def test_lists_of_any_length_are_asked_for(database: Database) -> None:
    table = table_of(Timer).c
    several = select(table.key).where(
        table.key.in_(bindparam("some", expanding=True)), table.tries == bindparam("tries")
    )
    several = several.order_by(table.key)
    async with database.transaction() as session:
        await direct.execute_many(session, KEEP, [TIMER | {"key": f"k{n}"} for n in range(5)])
        for wanted in ([], ["k1"], ["k0", "k1", "gone"], [f"k{n}" for n in range(direct.LONGEST_LIST + 10)]):
            found = await direct.execute(session, several, {"some": wanted, "tries": 0})
            assert list(found.scalars()) == sorted(set(wanted) & {f"k{n}" for n in range(5)})


async def test_a_statement_for_several_rows_gives_the_rows_of_all_in_order(database: Database) -> None:
    async with database.transaction() as session:
        ids = (await direct.execute_many(session, KEEP, [TIMER | {"key": f"k{n}"} for n in range(5)])).scalars().all()
        assert ids == sorted(ids)
        assert len(ids) == 5
        moved = [{"wanted": f"k{n}", "later": NOON.replace(hour=n)} for n in range(5)]
        assert (await direct.execute_many(session, _move(), moved)).all() == []
        rows = await direct.execute_many(session, _timers("key", "due_at"), [{"wanted": w} for w in ("k3", "no", "k0")])
        assert [tuple(row) for row in rows] == [("k3", NOON.replace(hour=3)), ("k0", NOON.replace(hour=0))]


async def test_a_list_within_a_statement_for_several_rows_is_refused(database: Database) -> None:
    several = select(table_of(Timer).c.key).where(table_of(Timer).c.key.in_(bindparam("some", expanding=True)))
    async with database.transaction() as session:
        with pytest.raises(TypeError, match="for many"):
            await direct.execute_many(session, several, [{"some": ["k0"]}] * 2)
