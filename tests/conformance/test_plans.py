"""No list, card or look-up of tickets goes through a whole table, or through all that an estate ever had."""

from __future__ import annotations

from sqlalchemy import text

from scripts.bench import looking
from scripts.bench.looking import Looking
from services.db import Database

TICKETS = 2000


async def _scans(url: str) -> list[str]:
    """Return each operation with the tables that its statements go through."""
    db = Database(url)
    try:
        size, world, now = await looking.fill(url, TICKETS)
        watched = Looking(db, world, size, now)
        if db.is_sqlite:  # nobody takes statistics there: plans have to be good without
            await _forget_statistics(url)
        await watched.choose(3)
        found = []
        for operation in looking.OPERATIONS:
            async with db.transaction() as session:
                if not db.is_sqlite:  # it goes through what is as small as this
                    await session.execute(text("SET LOCAL enable_seqscan = off"))
                plans = await watched.plans_in(session, operation)
            assert plans, operation.name
            found += [f"{operation.name}: {table}: {plan.steps} {plan.sql}" for plan in plans for table in plan.scans]
        return found
    finally:
        await db.dispose()


async def _forget_statistics(url: str) -> None:
    db = Database(url)
    async with db.transaction() as session:
        await session.execute(text("DELETE FROM sqlite_stat1"))
    await db.dispose()


async def test_what_turns_ask_of_many_tickets_is_found_by_an_index(database_url: str) -> None:
    assert await _scans(database_url) == []
