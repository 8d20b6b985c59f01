"""Many payments at once leave the books as they would be had each come alone."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import select

from services import actors
from services.access import Deed
from services.actors import UnitKind
from services.db import Session
from services.models import Bill, Community, Payment, Unit
from services.money import bulk, ledger, reconcile
from services.money.bulk import Entry
from services.money.ledger import Money
from tests.support.line import START, Line

TILL = actors.system("tests", Deed.TAKE_PAYMENT)
HOMES = 4


async def street(session: Session, community_id: int, building: str, seed: int) -> Sequence[Unit]:
    """Build homes with parking spaces and bills, the same for the same seed."""
    dice = random.Random(seed)
    units: list[Unit] = []
    for number in range(HOMES):
        home = Unit(community_id=community_id, building=building, entrance="1", room=str(number))
        session.add(home)
        await session.flush()
        kind = UnitKind.PARKING.value
        space = Unit(community_id=community_id, building=building, entrance="P", room=str(number), kind=kind)
        space.attached_to = home.id
        session.add(space)
        await session.flush()
        units += [home, space]
    for unit in units:
        for month in range(dice.randrange(4)):
            due = START.date().replace(month=month + 1)
            bill = Bill(community_id=community_id, unit_id=unit.id, item="x", period=str(month), as_of=START)
            bill.cents, bill.due_on = dice.randrange(1, 300), due
            session.add(bill)
    await session.flush()
    return units


async def books(session: Session, units: Sequence[Unit]) -> tuple[object, object]:
    """Return what the units' bills and payments come to, without their ids."""
    at = {unit.id: count for count, unit in enumerate(units)}
    bills = (await session.scalars(select(Bill).where(Bill.unit_id.in_(at)).order_by(Bill.id))).all()
    paid = (await session.scalars(select(Payment).where(Payment.unit_id.in_(at)).order_by(Payment.id))).all()
    return (
        [(at[one.unit_id], one.period, one.paid_cents, one.paid_at) for one in bills],
        [(at[one.unit_id], one.cents, one.free_cents, one.paid_on, one.way) for one in paid],
    )


@pytest.mark.parametrize("seed", range(5))
async def test_a_file_of_payments_is_booked_as_if_each_had_come_alone(line: Line, seed: int) -> None:
    async with line.db.transaction() as session:
        community_id = (await session.scalars(select(Community.id))).one()
        one_by_one = await street(session, community_id, "one", seed)
        at_once = await street(session, community_id, "many", seed)
        dice = random.Random(seed)
        paid = [(dice.randrange(len(at_once)), dice.randrange(1, 400)) for _ in range(12)]
        entries = []
        for count, (at, cents) in enumerate(paid):
            money = Money(cents=cents, way="cash", source="import", paid_on=START.date(), key=f"one:{count}")
            await ledger.record(session, TILL, unit=one_by_one[at], money=money, tell=False, now=START)
            entries.append(Entry(at_once[at].id, replace(money, key=f"many:{count}")))
        for _ in range(2):  # the second time brings nothing
            await bulk.record_many(session, TILL, community_id=community_id, entries=entries, now=START)
        assert await books(session, at_once) == await books(session, one_by_one)
        assert (await reconcile.totals(session, community_id=community_id)).balanced
        assert await reconcile.wrong_bills(session, community_id=community_id) == []
