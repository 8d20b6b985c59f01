"""A database of its own for every test, and a site on it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot import app
from bot.settings import Settings
from handlers.turn import World as HouseWorld
from services.db import Database
from tests.bot.web.clerks import with_links
from tests.bot.web.fakes import World
from tests.support.line import Line


@pytest.fixture(scope="session")
def desk_world(settings: Settings) -> HouseWorld:
    """What the house knows, with links that lead to the sites of these tests."""
    return with_links(app.world_of(settings))


@pytest.fixture
async def line(sqlite_estate_url: str, desk_world: HouseWorld) -> AsyncIterator[Line]:
    """The house with the demo's estate, behind the desk's page."""
    opened = Line(sqlite_estate_url, desk_world)
    yield opened
    await opened.close()


@pytest.fixture
async def server_line(postgresql_estate_url: str, desk_world: HouseWorld) -> AsyncIterator[Line]:
    """The same on PostgreSQL."""
    opened = Line(postgresql_estate_url, desk_world)
    yield opened
    await opened.close()


@pytest.fixture
async def world(sqlite_url: str) -> AsyncIterator[World]:
    db = Database(sqlite_url)
    yield World(db)
    await db.dispose()
