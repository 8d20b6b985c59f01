"""A database of its own for every test, and a site on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.db import Database
from tests.bot.web.fakes import World, make_tables


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    db = Database(f"sqlite:///{tmp_path / 'line.db'}")
    await make_tables(db)
    yield World(db)
    await db.dispose()
