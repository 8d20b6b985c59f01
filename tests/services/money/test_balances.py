"""Prepaid balances: which threshold they have reached, and how often that is said."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from services.messages import Channel
from services.models import Balance, Outgoing
from services.money import balances
from tests.support import accounts, estate
from tests.support.line import Line

HOME = "3-2-1502"


@pytest.mark.parametrize(
    ("cents", "reached"), [(5_001, None), (5_000, 5_000), (2_001, 5_000), (2_000, 2_000), (0, 0), (-300, 0)]
)
def test_the_lowest_threshold_that_is_reached_counts(cents: int, reached: int | None) -> None:
    assert balances.level(cents, (50, 20, 0)) == reached


def test_without_thresholds_nothing_is_low() -> None:
    assert balances.level(-1, ()) is None


async def told(line: Line) -> int:
    async with line.db.reading() as session:
        return len((await session.scalars(select(Outgoing.id).where(Outgoing.key.like("balance:%")))).all())


async def test_each_threshold_is_said_once_until_it_is_filled_up(line: Line) -> None:
    await estate.linked(line, "王芳")
    steps = [(4_900, 1), (4_000, 1), (1_900, 2), (3_000, 2), (1_500, 3), (9_000, 3), (-100, 4), (-200, 4)]
    for cents, count in steps:
        await accounts.left(line, HOME, "电费", cents)
        await line.advance(timedelta(minutes=1))
        assert await told(line) == count, cents


async def test_a_number_that_is_not_proven_hears_no_sum(line: Line) -> None:
    phone = await estate.linked(line, "王芳", Channel.SMS)
    await accounts.left(line, HOME, "电费", 1_234)
    await line.advance(timedelta(minutes=1))
    said = line.screen(phone).messages[-1].text
    assert "电费" in said
    assert "12.34" not in said


async def test_many_are_looked_at_in_parts(line: Line) -> None:
    """More than a part holds: the last one is reached by a turn of its own."""
    async with line.db.transaction() as session:
        unit = await accounts.unit_called(session, HOME)
        session.add_all(
            Balance(community_id=unit.community_id, unit_id=unit.id, item=f"表{count}", cents=100, as_of=line.now)
            for count in range(balances.CHUNK + 1)
        )
    await line.schedule.balances()
    await line.advance(timedelta(minutes=1))
    async with line.db.reading() as session:
        left = await session.scalars(select(Balance.id).where(Balance.warned_cents.is_(None)))
        assert left.all() == []
