"""Paying ahead: the lower price for what is not billed yet, kept to by the bills that follow."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from services import actors
from services.access import Deed
from services.actors import Role
from services.db import Session
from services.messages import Channel
from services.models import Bill, Community, Discount, Unit
from services.money import billing, prepaying, tariffs
from services.money.prepaying import NothingLess
from services.refusals import NotAllowed
from tests.support import accounts, estate
from tests.support.line import START, Line

OPERATOR = actors.system("operator", Deed.RUN_BILLS, Deed.TAKE_PAYMENT)
PRICES = """
[[prices]]
code = "management"
name = "物业服务费"
way = "area"
price = 2.80
months = 3
prepay_months = 12
prepay_percent = 95
since = 2020-01-01
"""


async def a_flat(session: Session, tmp_path: Path) -> Unit:
    """Return a flat of an estate with a price list."""
    community_id = int(await session.scalar(select(Community.id)) or 0)
    file = tmp_path / "prices.toml"
    file.write_text(PRICES, encoding="utf-8")
    await tariffs.keep(session, OPERATOR, community_id=community_id, rows=tariffs.read(file))
    return (await session.scalars(select(Unit).where(Unit.area_cm2 > 0).order_by(Unit.id).limit(1))).one()


async def test_a_year_ahead_costs_less_and_the_bills_keep_to_it(line: Line, tmp_path: Path) -> None:
    today = START.date()
    async with line.db.transaction() as session:
        unit = await a_flat(session, tmp_path)
        offered = await prepaying.offer(session, unit=unit, code="management", months=12, today=today)
        assert offered.cents < offered.full_cents
        assert abs(offered.cents - offered.full_cents * 95 / 100) <= 4
        assert offered.since == date(2026, 4, 1)
        assert reckoned_months(offered.since, offered.until) == 12
        for _ in range(2):
            await prepaying.agree(session, OPERATOR, unit=unit, offered=offered, now=START)
        assert len((await session.scalars(select(Discount))).all()) == 1
        run = await billing.begin(session, OPERATOR, community_id=unit.community_id, month=offered.since, now=START)
        while await billing.go_on(session, run_id=run.id, now=START):
            pass
        bill = (await session.scalars(select(Bill).where(Bill.unit_id == unit.id, Bill.code == "management"))).one()
        assert [step["why"] for step in bill.steps] == ["prepaid"]
        assert bill.cents == pytest.approx(offered.cents / 4, abs=1)


def reckoned_months(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month + 1


async def test_what_is_billed_already_is_not_offered_again(line: Line, tmp_path: Path) -> None:
    async with line.db.transaction() as session:
        unit = await a_flat(session, tmp_path)
        first = await prepaying.offer(session, unit=unit, code="management", months=12, today=START.date())
        session.add(
            Bill(
                community_id=unit.community_id,
                unit_id=unit.id,
                code="management",
                item="物业服务费",
                period="x",
                from_on=first.since,
                to_on=date(first.since.year, first.since.month + 2, 28),
                cents=1,
                due_on=first.since,
                as_of=START,
            )
        )
        await session.flush()
        later = await prepaying.offer(session, unit=unit, code="management", months=12, today=START.date())
        assert reckoned_months(first.since, later.since) - 1 == 3


@pytest.mark.parametrize(("code", "months"), [("management", 6), ("management", 13), ("parking", 12)])
async def test_nothing_off_is_said_to_be_nothing_off(line: Line, tmp_path: Path, code: str, months: int) -> None:
    async with line.db.transaction() as session:
        unit = await a_flat(session, tmp_path)
        with pytest.raises(NothingLess):
            await prepaying.offer(session, unit=unit, code=code, months=months, today=START.date())


async def test_what_is_agreed_is_offered_again_only_when_it_ends_soon_and_then_after_it(
    line: Line, tmp_path: Path
) -> None:
    async with line.db.transaction() as session:
        unit = await a_flat(session, tmp_path)
        (first,) = await prepaying.offers(session, unit=unit, today=START.date())
        await prepaying.agree(session, OPERATOR, unit=unit, offered=first, now=START)
        assert await prepaying.offers(session, unit=unit, today=START.date()) == []
        (later,) = await prepaying.offers(session, unit=unit, today=first.until - timedelta(days=30))
        assert later.since == first.until + timedelta(days=1)


async def test_a_collector_agrees_it_where_he_collects_and_nowhere_else(line: Line, tmp_path: Path) -> None:
    await accounts.hired(line, "陈收费", Role.COLLECTOR, Channel.WEB)
    async with line.db.transaction() as session:
        await a_flat(session, tmp_path)
        collector = await estate.actor_of(session, line, await estate.web_of(session, "陈收费"))
        unit, other = await accounts.unit_called(session, "3-2-1502"), await accounts.unit_called(session, "1-1-101")
        offered = await prepaying.offer(session, unit=unit, code="management", months=12, today=START.date())
        await prepaying.agree(session, collector, unit=unit, offered=offered, now=START)
        with pytest.raises(NotAllowed):
            await prepaying.agree(session, collector, unit=other, offered=offered, now=START)
