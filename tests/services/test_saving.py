"""Changed objects are written by one statement for each kind of change, and by the session where that can't be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm.exc import StaleDataError

from scripts.bench import plans
from services.db import Database, Session
from services.models import Timer

NOON = datetime(2026, 4, 12, 12, 30, tzinfo=UTC)


async def timers(session: Session) -> list[Timer]:
    return list((await session.scalars(select(Timer).order_by(Timer.key))).all())


@pytest.fixture
async def three(database: Database) -> Database:
    """Put three timers into the database."""
    async with database.transaction() as session:
        for key in "abc":
            session.add(Timer(key=key, kind="k", subject="ticket", subject_id=7, given={}, due_at=NOON))
    return database


async def test_what_changed_alike_is_written_together_and_nothing_else(three: Database) -> None:
    async with three.transaction() as session:
        one, two, other = await timers(session)
        with plans.heard(session) as heard:
            one.tries, two.tries = 1, 2
            other.given = {"words": ["漏水"]}
            other.tries = 0  # as it was
            await session.flush()
            await session.flush()
        written = sorted(sql.partition(" WHERE")[0].split("SET ")[1].split("=")[0] for sql, _ in heard)
        assert written == ["given", "tries"]
    async with three.reading() as session:
        assert [(t.tries, t.given) for t in await timers(session)] == [(1, {}), (2, {}), (0, {"words": ("漏水",)})]


async def test_what_was_written_may_change_again_and_back(three: Database) -> None:
    async with three.transaction() as session:
        one, *_ = await timers(session)
        one.due_at = NOON + timedelta(hours=1)
        await session.flush()
        one.due_at = NOON
    async with three.reading() as session:
        assert (await timers(session))[0].due_at == NOON


async def test_what_the_database_works_out_goes_the_sessions_way(three: Database) -> None:
    async with three.transaction() as session:
        one, two, _ = await timers(session)
        one.tries = Timer.tries + 5
        two.state = "done"
    async with three.reading() as session:
        assert [(t.tries, t.state) for t in await timers(session)] == [(5, "waiting"), (0, "done"), (0, "waiting")]


async def test_a_row_that_is_gone_is_no_row_that_was_written(three: Database) -> None:
    with pytest.raises(StaleDataError, match="timer"):
        async with three.transaction() as session:
            one, *_ = await timers(session)
            await session.execute(delete(Timer).execution_options(synchronize_session=False))
            one.tries = 1


async def test_new_and_changed_objects_go_together(three: Database) -> None:
    async with three.transaction() as session:
        one, *_ = await timers(session)
        one.tries = 4
        session.add(Timer(key="d", kind="k", subject="ticket", subject_id=7, given={}, due_at=NOON))
        await session.flush()
        one.tries = 5
    async with three.reading() as session:
        assert [t.tries for t in await timers(session)] == [5, 0, 0, 0]
