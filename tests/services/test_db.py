"""The database holds to its promises: one transaction, rows inserted once, moments aware, JSON never changed in place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from services import db
from services.db import Database, Session, insert_once, is_trouble, machine_now, upsert
from services.models import Setting
from services.sqltypes import FrozenDict

NOON = datetime(2026, 4, 12, 12, tzinfo=UTC)


class Colliding(Exception):
    """Stands for a driver's error of a transaction that met another."""

    sqlstate = "40001"


class Away(Exception):
    """Stands for a driver's error of a server that is gone."""

    sqlstate = "57P01"


class Wrong(Exception):
    """Stands for a driver's error that is our own mistake."""

    sqlstate = "42601"


def collision() -> DBAPIError:
    return DBAPIError("UPDATE", {}, Colliding())


def row(key: str, value: object = 1, at: datetime = NOON) -> dict[str, object]:
    return {"community_id": 0, "key": key, "value": value, "set_at": at}


async def values(session: Session) -> dict[str, object]:
    found = await session.execute(select(Setting.key, Setting.value).order_by(Setting.key))
    return {row.key: row.value for row in found}


async def test_a_block_that_ends_well_is_committed_and_one_that_raises_is_not(database: Database) -> None:
    async with database.transaction() as session:
        await insert_once(session, Setting, row("kept"))
    with pytest.raises(ZeroDivisionError):
        async with database.transaction() as session:
            await insert_once(session, Setting, row("lost"))
            raise ZeroDivisionError
    async with database.reading() as session:
        assert await values(session) == {"kept": 1}


async def test_a_transaction_inside_a_transaction_raises(database: Database) -> None:
    async with database.transaction():
        with pytest.raises(RuntimeError, match="inside a transaction"):
            async with database.transaction():
                pass
        with pytest.raises(RuntimeError, match="inside a transaction"):
            async with database.reading():
                pass
    async with database.transaction():
        pass


async def test_a_row_whose_key_is_there_is_not_returned_again(database: Database) -> None:
    async with database.transaction() as session:
        first = await insert_once(session, Setting, [row("a"), row("b")], Setting.key)
        again = await insert_once(session, Setting, [row("b", 2), row("c")], Setting.key)
        assert set(first.scalars()) == {"a", "b"}
        assert list(again.scalars()) == ["c"]
        assert await values(session) == {"a": 1, "b": 1, "c": 1}


async def test_a_row_whose_key_is_there_may_be_changed(database: Database) -> None:
    async with database.transaction() as session:
        for value in (1, 2):
            await upsert(session, Setting, row("a", value), on=("community_id", "key"), change={"value": value})
        assert await values(session) == {"a": 2}


async def test_a_naive_moment_is_refused_and_others_come_back_in_utc(database: Database) -> None:
    in_shanghai = NOON.astimezone(timezone(timedelta(hours=8)))
    async with database.transaction() as session:
        await insert_once(session, Setting, row("a", at=in_shanghai))
        assert await session.scalar(select(Setting.set_at)) == NOON
        assert (await session.scalars(select(Setting.set_at))).one().tzinfo is UTC
        with pytest.raises(Exception, match="naive datetime"):
            await insert_once(session, Setting, row("b", at=NOON.replace(tzinfo=None)))


async def test_json_comes_back_frozen(database: Database) -> None:
    async with database.transaction() as session:
        await insert_once(session, Setting, row("a", {"list": [1, {"deep": None}], "text": "漏水"}))
        value = await session.scalar(select(Setting.value))
        assert value == {"list": (1, {"deep": None}), "text": "漏水"}
        with pytest.raises(TypeError, match="replaced, never changed in place"):
            value["text"] = "changed"
        with pytest.raises(TypeError, match="replaced, never changed in place"):
            value["list"][1].update(deep=1)
        assert isinstance(value["list"], tuple)


def test_no_way_to_change_a_frozen_dict_is_open() -> None:
    frozen = FrozenDict({"a": 1})
    changes: dict[str, tuple[object, ...]] = {
        "pop": ("a",),
        "popitem": (),
        "clear": (),
        "setdefault": ("b", 1),
        "__delitem__": ("a",),
        "__ior__": ({"b": 1},),
    }
    for name, values_ in changes.items():
        with pytest.raises(TypeError):
            getattr(frozen, name)(*values_)
    assert frozen == {"a": 1}


async def test_work_that_met_another_transaction_is_done_again_from_the_start(database: Database) -> None:
    tries: list[int] = []

    async def work(session: Session) -> int:
        await insert_once(session, Setting, row(f"try{len(tries)}"))
        tries.append(len(tries))
        if len(tries) < 3:
            raise collision()
        return len(tries)

    assert await database.run(work) == 3
    async with database.reading() as session:
        assert await values(session) == {"try2": 1}


async def test_work_that_always_collides_gives_up(database: Database) -> None:
    tries: list[int] = []

    async def work(session: Session) -> None:
        tries.append(1)
        raise collision()

    with pytest.raises(DBAPIError):
        await database.run(work)
    assert len(tries) == db.MOST_RETRIES


async def test_any_other_error_is_raised_at_once(database: Database) -> None:
    tries: list[int] = []

    async def work(session: Session) -> None:
        tries.append(1)
        raise DBAPIError("SELEC", {}, Wrong())

    with pytest.raises(DBAPIError):
        await database.run(work)
    assert len(tries) == 1


def test_trouble_is_the_databases_and_mistakes_are_ours() -> None:
    assert is_trouble(collision())
    assert is_trouble(DBAPIError("SELECT", {}, Away()))
    assert is_trouble(OSError("no route"))
    assert is_trouble(OperationalError("SELECT", {}, type("OperationalError", (Exception,), {})()))
    assert not is_trouble(DBAPIError("SELEC", {}, Wrong()))
    assert not is_trouble(IntegrityError("INSERT", {}, Exception()))
    assert not is_trouble(ValueError())


async def test_whoever_listens_is_woken_after_the_commit_and_only_then(database: Database) -> None:
    woken: list[str] = []
    database.listen("outbox", lambda: woken.append("outbox"))
    database.listen("inbox", lambda: woken.append("inbox"))
    async with database.transaction() as session:
        db.wake(session, "outbox")
        db.wake(session, "outbox")
        assert woken == []
    assert woken == ["outbox"]
    with pytest.raises(ZeroDivisionError):
        async with database.transaction() as session:
            db.wake(session, "inbox")
            raise ZeroDivisionError
    assert woken == ["outbox"]


async def test_a_reading_session_on_sqlite_cannot_write(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    async with database.reading() as session:
        with pytest.raises(DBAPIError):
            await session.execute(text("DELETE FROM setting"))
    await database.dispose()


async def test_machine_time_is_now(database: Database) -> None:
    async with database.reading() as session:
        now = await session.scalar(select(machine_now()))
        later = await session.scalar(select(machine_now(timedelta(hours=1))))
    assert now is not None
    assert later is not None
    assert abs(datetime.now(UTC) - now) < timedelta(seconds=30)
    assert timedelta(minutes=59) < later - now < timedelta(minutes=61)


async def test_foreign_keys_hold(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.transaction() as session:
            await session.execute(text("INSERT INTO number (person_id, e164) VALUES (77, '+1')"))
