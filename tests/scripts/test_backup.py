"""Backup and restore: all rows, from either database into either, and nothing said twice."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
from sqlalchemy import select

from bot.settings import Settings
from scripts.seed import seed
from scripts.trouble import CommandError
from services import backup, deadletters
from services.backup import BadBackupError
from services.db import Database
from services.models import Address, Base, ClockOffset, Outgoing
from tests.scripts.conftest import Call
from tests.support.postgres import Databases

NOW = datetime(2026, 4, 12, 2, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return the URL of another database, with its tables and nothing in them."""
    if request.param == "sqlite":
        yield f"sqlite:///{shutil.copy(request.getfixturevalue('sqlite_template'), tmp_path / 'other.db')}"
        return
    server: Databases = request.getfixturevalue("postgres_server")
    name = f"other_{token_hex(4)}"
    yield server.create_database(name, template=request.getfixturevalue("postgres_template"))
    server.drop_database(name)


@pytest.fixture
async def empty(empty_url: str) -> AsyncIterator[Database]:
    db = Database(empty_url)
    yield db
    await db.dispose()


async def _fill(db: Database) -> None:
    await seed(db, Settings(), now=NOW)
    desk = NOW + timedelta(days=1)
    ages = {"accepted": 30, "pending": 90, "sending": 50}
    async with db.transaction() as session:
        session.add(ClockOffset(id=1, seconds=86400, moved_at=NOW))
        for number, (state, minutes) in enumerate({**ages, "pending ": 10}.items(), 1):
            at = desk - timedelta(minutes=minutes)
            row = {"kind": "say", "priority": 1, "payload": {"n": number}, "locale": "en", "created_at": at}
            session.add(Outgoing(key=f"{number}", address_id=number, state=state.strip(), **row))


async def _rows(db: Database) -> dict[str, list[Any]]:
    async with db.reading() as session:
        return {
            table.name: [
                tuple(row) for row in await session.execute(select(table).order_by(*table.primary_key.columns))
            ]
            for table in Base.metadata.sorted_tables
        }


async def _states(db: Database) -> list[str]:
    async with db.reading() as session:
        return list((await session.scalars(select(Outgoing.state).order_by(Outgoing.id))).all())


async def test_a_backup_of_either_database_is_restored_into_either(
    database: Database, empty: Database, tmp_path: Path
) -> None:
    await _fill(database)
    media = tmp_path / "media" / "ab"
    media.mkdir(parents=True)
    (media / "abcd").write_bytes(b"a picture")
    place = tmp_path / "line.zip"
    saved = await backup.save(database, place, media=tmp_path / "media", now=NOW)
    assert backup.inspect(place) == saved
    assert saved.desk_time == NOW + timedelta(days=1)
    held = await backup.restore(empty, place, saved, media=tmp_path / "restored")
    assert held == 2
    assert (tmp_path / "restored" / "ab" / "abcd").read_bytes() == b"a picture"
    before, after = await _rows(database), await _rows(empty)
    assert before.pop("outbox") != after.pop("outbox")
    assert before == after
    assert await _states(empty) == ["accepted", "pending", "held", "held"]
    async with empty.transaction() as session:
        assert await deadletters.release(session) == 2
        session.add(Address(channel="web", account="web", external="new", created_at=NOW))
    assert await _states(empty) == ["accepted", "pending", "pending", "pending"]


async def test_only_an_empty_database_is_filled(database: Database, tmp_path: Path) -> None:
    await _fill(database)
    place = tmp_path / "line.zip"
    saved = await backup.save(database, place, media=None, now=NOW)
    with pytest.raises(BadBackupError, match="not empty"):
        await backup.restore(database, place, saved, media=tmp_path)


async def test_a_backup_that_was_touched_is_refused(sqlite_url: str, tmp_path: Path) -> None:
    db, place = Database(sqlite_url), tmp_path / "line.zip"
    await _fill(db)
    await backup.save(db, place, media=None, now=NOW)
    await db.dispose()
    forged = tmp_path / "forged.zip"
    with zipfile.ZipFile(place) as source, zipfile.ZipFile(forged, "w") as target:
        for entry in source.namelist():
            data = source.read(entry)
            target.writestr(entry, data.replace("王芳".encode(), "李芳".encode()))
    with pytest.raises(BadBackupError, match=r"person\.jsonl is not what was saved"):
        backup.inspect(forged)


@pytest.mark.parametrize("content", [b"", b"no zip"])
def test_what_is_no_backup_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(content)
    for place in (tmp_path / "x.zip", tmp_path / "none.zip"):
        with pytest.raises(BadBackupError, match="not a backup"):
            backup.inspect(place)


async def test_media_stay_below_their_folder(sqlite_url: str, tmp_path: Path) -> None:
    """A name that leads elsewhere is refused before anything is written there."""
    db, place = Database(sqlite_url), tmp_path / "line.zip"
    saved = await backup.save(db, place, media=None, now=NOW)
    part = backup.Part(1, "", ())
    forged = backup.Manifest(
        format=1, revision="", taken_at=NOW, desk_time=NOW, tables=saved.tables, media={"media/../../x": part}
    )
    with pytest.raises(BadBackupError, match="leads out"):
        await backup.restore(db, place, forged, media=tmp_path / "media")
    await db.dispose()


def test_the_commands_save_and_restore(call: Call, tmp_path: Path) -> None:
    assert call("seed").exit_code == 0
    place, other = str(tmp_path / "line.zip"), f"sqlite:///{tmp_path}/new/line.db"
    assert "revision" in call("backup", place).output
    assert "is there already" in str(call("backup", place).exception)
    assert "is no folder" in str(call("backup", str(tmp_path / "no" / "x.zip")).exception)
    assert "restored as of" in call("restore", place, OWNERLINE_DATABASE__URL=other).output
    assert "units already" in call("seed", OWNERLINE_DATABASE__URL=other).output
    refused = call("restore", place)
    assert isinstance(refused.exception, CommandError)
    assert "not empty" in str(refused.exception)
    assert call("outbox", "release").output == "0 released\n"
