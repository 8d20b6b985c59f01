"""Migrations: from nothing, from the last release, and what they leave refuses to be changed."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from services import migrate, outbox
from services.db import Database
from services.models import Address, Base, Card, History, LinkLog, Outgoing, Prompt, Seal, Setting, TeamChat
from services.outbox import Account
from tests.support.postgres import Databases

LAST_RELEASE = "0001"
RELEASE_ROWS = Path(__file__).with_name("release_0_1_0.sql")
NOW = datetime(2026, 4, 12, 2, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return the URL of a database without any table: one run on each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/folder that is not there/bare.db"
        return
    server: Databases = request.getfixturevalue("postgres_server")
    name = f"bare_{token_hex(4)}"
    yield server.create_database(name)
    server.drop_database(name)


def _shape(connection: Connection) -> dict[str, str]:
    """Return everything the database knows of its tables, as its own words."""
    if connection.dialect.name == "sqlite":
        rows = connection.execute(
            text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND type <> 'trigger'")
        )
        return {name: "\n".join(sorted(_lines(sql))) for name, sql in rows if name != "alembic_version"}
    columns = connection.execute(
        text(
            "SELECT table_name || '.' || column_name, data_type || ' ' || coalesce(character_maximum_length, 0)"
            " || ' ' || is_nullable || ' ' || coalesce(column_default, '') FROM information_schema.columns"
            " WHERE table_schema = 'public' AND table_name <> 'alembic_version'"
        )
    )
    indexes = connection.execute(
        text("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexname !~ '^alembic'")
    )
    ties = connection.execute(
        text(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conname !~ '^alembic'"
            " AND connamespace = 'public'::regnamespace"
        )
    )
    return {name: definition for found in (columns, indexes, ties) for name, definition in found}


def _lines(sql: str) -> list[str]:
    """Cut a statement at the commas between its parts, whatever the white space and the order; columns come late, too."""
    head, _, body = sql.partition("(")
    head = head.replace('"', "")  # a table that was made anew has its name in quotes
    parts, depth = [""], 0
    for sign in body.strip().removesuffix(")"):
        depth += (sign == "(") - (sign == ")")
        if sign == "," and not depth:
            parts.append("")
        else:
            parts[-1] += sign
    return [re.sub(r"\s+", " ", part).strip().replace(" )", ")") for part in (head, *parts)]


async def _look(url: str, work: Any) -> Any:
    db = Database(url)
    try:
        async with db.transaction() as session:
            return await (await session.connection()).run_sync(work)
    finally:
        await db.dispose()


def test_revisions_are_a_line_and_their_files_are_named_by_them() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrate.HOME))
    config.set_main_option("path_separator", "os")
    walked = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert walked[::-1] == migrate.known()
    assert migrate.head() == walked[0]


async def test_migrations_give_what_the_models_say(bare_url: str) -> None:
    """Twice: as Alembic compares, and word by word as the database tells its tables."""
    migrate.upgrade(bare_url)
    differences = await _look(bare_url, lambda c: compare_metadata(MigrationContext.configure(c), Base.metadata))
    assert not differences
    migrated = await _look(bare_url, _shape)
    await _look(bare_url, _remade)
    assert migrated == await _look(bare_url, _shape)


def _remade(connection: Connection) -> None:
    Base.metadata.drop_all(connection)
    Base.metadata.create_all(connection)


def test_a_database_knows_its_revision(bare_url: str) -> None:
    assert migrate.current(bare_url) is None
    assert not migrate.is_current(bare_url)
    migrate.ensure_current(bare_url)
    migrate.ensure_current(bare_url)
    assert migrate.current(bare_url) == migrate.head()
    assert migrate.is_current(bare_url)


def test_looking_for_a_revision_makes_no_file(tmp_path: Path) -> None:
    assert migrate.current(f"sqlite:///{tmp_path}/none.db") is None
    assert not list(tmp_path.iterdir())


def test_several_may_migrate_at_once(bare_url: str) -> None:
    with ThreadPoolExecutor(4) as replicas:
        for done in [replicas.submit(migrate.upgrade, bare_url) for _ in range(4)]:
            done.result()
    assert migrate.is_current(bare_url)


async def test_tables_of_a_later_release_are_left_alone(bare_url: str) -> None:
    migrate.upgrade(bare_url)
    await _look(bare_url, lambda c: c.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(migrate.TooNewError, match="revision 9999, this program knows up to"):
        migrate.ensure_current(bare_url)


def test_a_revision_that_fails_leaves_nothing_behind(bare_url: str) -> None:
    with pytest.raises(Exception, match="nonsense"):
        migrate.upgrade(bare_url, to="nonsense")
    assert migrate.current(bare_url) is None


@pytest.mark.parametrize("statement", ["update", "delete"])
@pytest.mark.parametrize("table", [History, Seal])
async def test_history_refuses_to_be_changed(database: Database, table: Any, statement: str) -> None:
    for url_part in _past_rows():
        async with database.transaction() as session:
            await session.execute(text(url_part))
    change = delete(table) if statement == "delete" else update(table).values(hash="forged")
    with pytest.raises(DBAPIError, match="are never changed"):
        async with database.transaction() as session:
            await session.execute(change)
    async with database.reading() as session:
        assert (await session.scalars(select(table.hash))).all() == ["h"]


@pytest.mark.parametrize("statement", ["update", "delete"])
async def test_who_was_tied_to_which_address_refuses_to_be_changed(database: Database, statement: str) -> None:
    row = {"address_id": 1, "person_id": 2, "what": "tied", "how": "code", "at": NOW}
    async with database.transaction() as session:
        await session.execute(insert(LinkLog).values(**row))
    change = delete(LinkLog) if statement == "delete" else update(LinkLog).values(person_id=3)
    with pytest.raises(DBAPIError, match="are never changed"):
        async with database.transaction() as session:
            await session.execute(change)
    async with database.reading() as session:
        assert (await session.scalars(select(LinkLog.person_id))).all() == [2]


def _past_rows() -> list[str]:
    rows = RELEASE_ROWS.read_text(encoding="utf-8")
    return [statement for statement in rows.split(";\n") if statement.strip()]


async def test_a_database_of_the_last_release_goes_on(bare_url: str) -> None:
    """Its open question waits for the answer, its unsent message is sent, what was sent stays sent."""
    migrate.upgrade(bare_url, to=LAST_RELEASE)
    await _look(bare_url, lambda c: [c.execute(text(statement)) for statement in _past_rows()])
    migrate.upgrade(bare_url)
    db = Database(bare_url)
    async with db.transaction() as session:
        prompt = (await session.scalars(select(Prompt))).one()
        assert (prompt.state, prompt.form, prompt.asked) == ("open", "repair", "place")
        assert prompt.answers == (("matter", "厨房漏水"),)
        assert prompt.given == {"source": "chat"}
        claimed = await outbox.claim(
            session,
            Account("telegram", "main"),
            owner="new",
            lease=timedelta(minutes=1),
            slots=5,
            desk_now=NOW + timedelta(hours=1),
        )
        assert [row.key for row in claimed] == ["ask:1:place"]
        assert (await session.scalars(select(Outgoing.state).order_by(Outgoing.id))).all() == ["accepted", "sending"]
        session.add(Address(channel="telegram", account="main", external="5002", created_at=NOW))
        await session.flush()
        assert (await session.scalars(select(Address.id).order_by(Address.id))).all() == [1, 2, 3]
    await db.dispose()


async def test_a_staff_group_of_the_last_release_keeps_its_team_and_topic(bare_url: str) -> None:
    migrate.upgrade(bare_url, to=LAST_RELEASE)
    await _look(bare_url, lambda c: [c.execute(text(statement)) for statement in _past_rows()])
    migrate.upgrade(bare_url)
    db = Database(bare_url)
    async with db.reading() as session:
        chat = (await session.scalars(select(TeamChat))).one()
        assert (chat.community_id, chat.team, chat.address_id, chat.topic) == (1, "engineering", 2, "9")
        assert (await session.scalars(select(Card.topic))).all() == ["9"]
    await db.dispose()


PAST_SETTINGS = ("tickets.accept_minutes", "tickets.answer_hours", "desk.opens", "tickets.urge_hours")
PAST_GROUPS = (("-1", "engineering", ""), ("-2", "engineering", "7"), ("-3", "desk", "9"), ("-4", "", ""))


async def test_figures_and_groups_of_the_last_release_are_found_where_they_are_kept_now(bare_url: str) -> None:
    """Settings got new names; each team's first group became its chat, one without a team none."""
    migrate.upgrade(bare_url, to=LAST_RELEASE)

    def before(connection: Connection) -> None:
        community = "INSERT INTO community (slug, name, zone, locale, phone, created_at) VALUES"
        connection.execute(text(f"{community} ('a', 'a', 'Asia/Shanghai', 'en', '1', '{NOW:%Y-%m-%d}')"))
        for key in PAST_SETTINGS:
            connection.execute(insert(Setting).values(community_id=0, key=key, value=7, set_at=NOW))
        for external, team, topic in PAST_GROUPS:
            row = insert(Address).values(**_group(external, team, topic))
            connection.execute(row)

    await _look(bare_url, before)
    migrate.upgrade(bare_url)
    db = Database(bare_url)
    async with db.reading() as session:
        kept = (await session.execute(select(Setting.key, Setting.value).order_by(Setting.key))).all()
        chats = (await session.execute(select(TeamChat.team, TeamChat.address_id, TeamChat.topic))).all()
    await db.dispose()
    names = ["deadlines.accept_minutes", "deadlines.complaint_answer_hours", "tickets.urge_hours"]
    assert [tuple(row) for row in kept] == [(name, 7) for name in names]
    assert sorted(tuple(row) for row in chats) == [("desk", 3, "9"), ("engineering", 1, "")]


def _group(external: str, team: str, topic: str) -> dict[str, Any]:
    return {
        "channel": "telegram",
        "account": "main",
        "external": external,
        "is_group": True,
        "team": team,
        "topic": topic,
        "community_id": 1,
        "locale": "en",
        "display_name": team,
        "proof": "none",
        "created_at": NOW,
    }


def test_an_upgrade_waits_for_a_writer_on_sqlite(sqlite_url: str) -> None:
    """Another process writes; the migration takes its turn after it."""
    place = sqlite_url.removeprefix("sqlite:///")
    writer = sqlite3.connect(place, isolation_level=None, check_same_thread=False)
    writer.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(1) as aside:
        waiting = aside.submit(migrate.upgrade, sqlite_url)
        assert not waiting.done()
        writer.execute("ROLLBACK")
        waiting.result(10)
    writer.close()
