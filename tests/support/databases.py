"""Fixtures: an empty, migrated database of each kind for every test that asks for one."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from services import migrate
from services.db import Database, Session
from tests.support import memory, postgres
from tests.support.postgres import Databases, PostgresServer, Standing

# Triggers guard the history and keys tie the rows: the role of a replica stops both while rows go. Ids start anew,
# so that a test sees the same numbers on either database.
WIPE = """
SET lock_timeout = '10s';
SET session_replication_role = replica;
DO $$
DECLARE name text;
BEGIN
  FOR name IN SELECT quote_ident(tablename) FROM pg_tables
              WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
    EXECUTE 'DELETE FROM ' || name;
  END LOOP;
  PERFORM setval(oid, 1, false) FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace;
END $$;
"""


class _Undone(Exception):
    """Ends a transaction whose work should leave no trace."""


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Databases]:
    """Give this worker a PostgreSQL server: the one named in the environment, or its own, quick and forgetful."""
    named = os.environ.get(postgres.VARIABLE)
    if named:
        yield Databases(named)
        return
    server = PostgresServer(postgres.IN_MEMORY, in_memory=True)
    yield server
    server.stop()


@pytest.fixture
def private_postgres() -> Iterator[PostgresServer]:
    """Give a test a server for itself, as durable as in life, to stop and restart at will."""
    server = PostgresServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres_template(postgres_server: Databases) -> Iterator[str]:
    """Return the name of a migrated, empty database to copy."""
    name = f"template_{secrets.token_hex(4)}"
    migrate.upgrade(postgres_server.create_database(name))
    yield name
    postgres_server.drop_database(name)


@pytest.fixture(scope="session")
def _postgres_of_worker(postgres_server: Databases, postgres_template: str) -> Iterator[str]:
    name = f"ownerline_{secrets.token_hex(4)}"
    postgres_server.create_database(name, template=postgres_template)
    yield name
    postgres_server.drop_database(name)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a migrated, empty database file to copy."""
    place = tmp_path_factory.mktemp("template") / "ownerline.db"
    migrate.upgrade(f"sqlite:///{place}")
    return place


@pytest.fixture(scope="session")
def places() -> Iterator[Path]:
    """Return where this worker's tests find their SQLite databases, one test after the other in the same place."""
    made = memory.folder("ownerline-sqlite-run")
    yield made
    shutil.rmtree(made)


def renewed(place: Path, template: Path) -> str:
    """Put a copy of a template into a place, a new file that has nothing of the one before; return its URL.

    The same place each time: what was compiled for the database of one test serves the next.
    """
    for old in (place, *(place.with_name(f"{place.name}-{part}") for part in ("wal", "shm"))):
        old.unlink(missing_ok=True)
    return f"sqlite:///{shutil.copy(template, place)}"


@pytest.fixture
def sqlite_url(sqlite_template: Path, places: Path) -> str:
    """Return the URL of an empty SQLite database, a file of this test's own."""
    return renewed(places / "ownerline.db", sqlite_template)


@pytest.fixture(scope="session")
def _wiping(postgres_server: Databases, _postgres_of_worker: str) -> Iterator[Standing]:
    standing = Standing(postgres_server.url(_postgres_of_worker))
    yield standing
    standing.close()


@pytest.fixture
def postgresql_url(postgres_server: Databases, _postgres_of_worker: str, _wiping: Standing) -> Iterator[str]:
    """Return the URL of an empty PostgreSQL database; what the test leaves in it is wiped."""
    yield postgres_server.url(_postgres_of_worker)
    _wiping.execute(WIPE)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Return the URL of an empty database: every test that asks runs once on each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Return an empty database, open; every test that asks runs once on each kind."""
    opened = Database(database_url)
    yield opened
    await opened.dispose()


@pytest.fixture
async def session(database: Database) -> AsyncIterator[Session]:
    """Open a transaction that is rolled back in the end, for what needs no more than one."""
    with suppress(_Undone):
        async with database.transaction() as opened:
            yield opened
            raise _Undone
