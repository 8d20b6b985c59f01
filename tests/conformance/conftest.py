"""Fixtures: several replicas on one database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from services.db import Database

REPLICAS = 4


@pytest.fixture
async def replicas(database_url: str) -> AsyncIterator[Sequence[Database]]:
    """Return four replicas' databases: connections of their own on PostgreSQL; SQLite serves one process."""
    first = Database(database_url, connections=3)
    others = [] if first.is_sqlite else [Database(database_url, connections=3) for _ in range(REPLICAS - 1)]
    yield [first, *others] if others else [first] * REPLICAS
    for db in (first, *others):
        await db.dispose()
