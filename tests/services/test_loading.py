"""Objects from kept statements are the session's: one for each row, tracked, complete, and as the engine loads them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Select, bindparam, inspect, select, update

from services import loading
from services.db import Database
from services.models import Timer, table_of
from services.models.base import Base

NOON = datetime(2026, 4, 12, 12, 30, tzinfo=UTC)


def timer(key: str) -> Timer:
    return Timer(key=key, kind="survey.ask", subject="ticket", subject_id=7, given={"words": ["漏水"]}, due_at=NOON)


def kept() -> Select[Any]:
    return select(table_of(Timer)).where(table_of(Timer).c.key == bindparam("wanted"))


KEPT = kept()


KINDS = sorted((mapper.class_ for mapper in Base.registry.mappers), key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_attributes_are_named_like_their_columns(kind: type[Base]) -> None:
    """What `put` relies on."""
    assert [attribute.key for attribute in inspect(kind).column_attrs] == [c.key for c in table_of(kind).columns]


async def test_what_was_added_has_its_id_and_its_defaults_and_is_tracked(database: Database) -> None:
    async with database.transaction() as session:
        new = timer("a")
        await loading.add(session, new)
        assert (new.id > 0, new.state, new.tries, new.given) == (True, "waiting", 0, {"words": ("漏水",)})
        assert new in session
        assert not session.dirty
        new.tries = 3
    async with database.reading() as session:
        assert (await session.scalars(select(Timer.tries))).all() == [3]


async def test_an_object_is_the_same_however_it_was_loaded(database: Database) -> None:
    async with database.transaction() as session:
        await loading.add(session, timer("a"))
    async with database.transaction() as session:
        [one] = await loading.objects(session, KEPT, {"wanted": "a"}, Timer)
        [same] = await loading.objects(session, KEPT, {"wanted": "a"}, Timer)
        assert one is same
        assert one is (await session.scalars(select(Timer))).one()
        assert (one.due_at, one.given) == (NOON, {"words": ("漏水",)})
    async with database.transaction() as session:
        by_engine = (await session.scalars(select(Timer))).one()
        assert (await loading.objects(session, KEPT, {"wanted": "a"}, Timer)) == [by_engine]


async def test_a_known_object_stays_as_it_stands_unless_asked_fresh(database: Database) -> None:
    async with database.transaction() as session:
        await loading.add(session, timer("a"))
        [one] = await loading.objects(session, KEPT, {"wanted": "a"}, Timer)
        table = table_of(Timer)
        await session.execute(update(table).values(tries=5))
        await loading.objects(session, KEPT, {"wanted": "a"}, Timer)
        assert one.tries == 0
        await loading.objects(session, KEPT, {"wanted": "a"}, Timer, fresh=True)
        assert one.tries == 5
        assert not session.dirty


async def test_changes_of_a_loaded_object_are_written_and_nothing_else(database: Database) -> None:
    async with database.transaction() as session:
        await loading.add(session, timer("a"))
        await loading.add(session, timer("b"))
    async with database.transaction() as session:
        [one] = await loading.objects(session, KEPT, {"wanted": "b"}, Timer)
        one.state = "done"
    async with database.reading() as session:
        rows = await session.execute(select(Timer.key, Timer.state, Timer.tries).order_by(Timer.key))
        assert [tuple(row) for row in rows] == [("a", "waiting", 0), ("b", "done", 0)]
