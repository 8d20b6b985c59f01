"""The databases for tests are empty at first, of their own, and keep nothing."""

from __future__ import annotations

import asyncio
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from services import migrate
from services.db import Database, Session
from services.models import Setting
from tests.support import postgres
from tests.support.postgres import PostgresServer


def _setting(key: str) -> Setting:
    return Setting(community_id=0, key=key, value="1", set_at=datetime.now(UTC))


async def _count(session: Session) -> int:
    return await session.scalar(select(func.count()).select_from(Setting)) or 0


@pytest.mark.parametrize("run", ["first", "second"])
async def test_a_database_is_empty_however_it_was_left(database: Database, run: str) -> None:
    async with database.transaction() as session:
        assert await _count(session) == 0
        session.add(_setting(run))
    async with database.reading() as session:
        assert await _count(session) == 1


def test_a_database_is_migrated(database_url: str) -> None:
    assert migrate.is_current(database_url)


async def test_a_session_sees_its_own_rows(session: Session) -> None:
    session.add(_setting("mine"))
    await session.flush()
    assert await _count(session) == 1


async def test_a_durable_server_loses_nothing_in_a_crash(private_postgres: PostgresServer) -> None:
    url = private_postgres.create_database("crash")
    migrate.upgrade(url)
    database = Database(url)
    async with database.transaction() as session:
        session.add(_setting("kept"))
    await database.dispose()
    await asyncio.to_thread(private_postgres.restart)
    async with database.reading() as session:
        assert await _count(session) == 1
    await database.dispose()


def test_a_stopped_server_leaves_nothing_behind() -> None:
    server = PostgresServer(postgres.QUICK)
    folder = server._folder
    assert folder.is_dir()
    server.stop()
    server.stop()
    assert not folder.exists()


def test_the_copied_programs_are_closed_to_others() -> None:
    kept = postgres.programs().parent.parent.parent
    assert stat.S_IMODE(kept.stat().st_mode) == 0o755
    assert kept.stat().st_uid == os.geteuid()


def test_programs_are_copied_again_when_some_were_swept(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_text("program", encoding="ascii")
    kept = tmp_path / "kept"
    postgres._copy({Path("bin/one"): source, Path("lib/two"): source}, kept)
    assert postgres._is_whole(kept, [Path("bin/one"), Path("lib/two")])
    (kept / "lib" / "two").unlink()
    assert not postgres._is_whole(kept, [Path("bin/one"), Path("lib/two")])


def test_a_folder_that_others_may_change_is_refused(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    kept.chmod(0o777)
    with pytest.raises(RuntimeError, match="only you can change"):
        postgres._is_whole(kept, [])
