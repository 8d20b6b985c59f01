"""Money comes in, pays the bills it should, goes back, and the books hold to the cent."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from services.actors import Actor, Role
from services.db import Session
from services.models import Bill, Outgoing, Payment, Unit
from services.money import ledger, reconcile, spending, standing
from services.money.ledger import BadSum, KeyTaken, Money
from services.refusals import NotAllowed
from tests.support import estate
from tests.support.line import START, Line


async def somebody(session: Session, line: Line, name: str) -> Actor:
    return await estate.actor_of(session, line, await estate.web_of(session, name))


async def finance(session: Session, line: Line) -> Actor:
    """Return somebody of finance."""
    lead = await somebody(session, line, "孙经理")
    assert lead.staff is not None
    return replace(lead, memberships=(replace(lead.staff, role=Role.FINANCE),))


async def bill(session: Session, unit: Unit, cents: int, *, month: int, item: str = "物业费") -> Bill:
    """Write a bill of a month down."""
    row = Bill(
        community_id=unit.community_id,
        unit_id=unit.id,
        item=item,
        period=f"2027-{month:02d}",
        cents=cents,
        due_on=date(2027, month, 28),
        as_of=START,
    )
    session.add(row)
    await session.flush()
    return row


async def a_unit(session: Session) -> Unit:
    """Return a home that owes nothing."""
    billed = select(Bill.unit_id)
    return (await session.scalars(select(Unit).where(Unit.id.not_in(billed)).order_by(Unit.id).limit(1))).one()


def money(cents: int, key: str) -> Money:
    return Money(cents=cents, way="cash", source="desk", key=key, paid_on=START.date())


async def balanced(session: Session, community_id: int) -> None:
    """Look whether the books hold."""
    await session.flush()
    assert await reconcile.wrong_bills(session, community_id=community_id) == []
    assert await reconcile.wrong_payments(session, community_id=community_id) == []
    assert (await reconcile.totals(session, community_id=community_id)).balanced


async def test_the_oldest_bill_is_paid_first_and_the_rest_stays_free(line: Line) -> None:
    async with line.db.transaction() as session:
        actor, unit = await finance(session, line), await a_unit(session)
        new, old = await bill(session, unit, 5_000, month=3), await bill(session, unit, 3_000, month=2)
        paid = await ledger.record(session, actor, unit=unit, money=money(9_000, "a"), now=START)
        assert [standing.open_cents(one) for one in (old, new)] == [0, 0]
        assert paid.free_cents == 1_000
        later = await bill(session, unit, 1_600, month=4)
        await spending.settle(session, units=[unit], now=START)
        assert (standing.open_cents(later), paid.free_cents) == (600, 0)
        await balanced(session, unit.community_id)


async def test_bills_that_are_named_are_paid_before_older_ones(line: Line) -> None:
    async with line.db.transaction() as session:
        actor, unit = await finance(session, line), await a_unit(session)
        old, new = await bill(session, unit, 3_000, month=2), await bill(session, unit, 5_000, month=3)
        await ledger.record(session, actor, unit=unit, money=money(5_500, "a"), bills=[new.id], now=START)
        assert (standing.open_cents(new), standing.open_cents(old)) == (0, 2_500)


async def test_the_same_money_is_written_down_once(line: Line) -> None:
    async with line.db.transaction() as session:
        actor, unit = await finance(session, line), await a_unit(session)
        first = await ledger.record(session, actor, unit=unit, money=money(500, "a"), now=START)
        again = await ledger.record(session, actor, unit=unit, money=money(500, "a"), now=START)
        assert again.id == first.id
        with pytest.raises(KeyTaken):
            await ledger.record(session, actor, unit=unit, money=money(501, "a"), now=START)
        assert (await reconcile.totals(session, community_id=unit.community_id)).free == 500


async def test_receipts_of_a_day_count_up(line: Line) -> None:
    async with line.db.transaction() as session:
        actor, unit = await finance(session, line), await a_unit(session)
        numbers = [
            (await ledger.record(session, actor, unit=unit, money=money(500, str(n)), now=START)).number
            for n in range(3)
        ]
        day = START.astimezone(actor.house.zone) if actor.house else START
        counts = [int(number[-3:]) for number in numbers]
        assert counts == [counts[0], counts[0] + 1, counts[0] + 2]
        assert numbers[0].startswith(f"{day:%m%d}-")


async def test_a_refund_opens_the_latest_bill_again_and_no_more_goes_back_than_came(line: Line) -> None:
    async with line.db.transaction() as session:
        actor, unit = await finance(session, line), await a_unit(session)
        old, new = await bill(session, unit, 3_000, month=2), await bill(session, unit, 5_000, month=3)
        paid = await ledger.record(session, actor, unit=unit, money=money(8_200, "a"), now=START)
        back = await ledger.refund(session, actor, payment=paid, cents=1_000, key="r", words="多收", now=START)
        assert (back.cents, paid.free_cents) == (-1_000, 0)
        assert (standing.open_cents(old), standing.open_cents(new)) == (0, 800)
        with pytest.raises(BadSum):
            await ledger.refund(session, actor, payment=paid, cents=7_201, key="r2", words="", now=START)
        await balanced(session, unit.community_id)


async def test_a_reversal_takes_all_of_it_back(line: Line) -> None:
    async with line.db.transaction() as session:
        actor, unit = await finance(session, line), await a_unit(session)
        one = await bill(session, unit, 3_000, month=2)
        paid = await ledger.record(session, actor, unit=unit, money=money(5_000, "a"), now=START)
        assert standing.open_cents(one) == 0
        await ledger.reverse(session, actor, payment=paid, key="r", words="记错了", now=START)
        await session.refresh(one)
        assert one.paid_at is None
        assert (standing.open_cents(one), paid.cents, paid.free_cents) == (3_000, 5_000, 0)
        await balanced(session, unit.community_id)


async def test_a_bill_made_smaller_lets_money_go_to_the_next(line: Line) -> None:
    async with line.db.transaction() as session:
        actor, unit = await finance(session, line), await a_unit(session)
        one = await bill(session, unit, 3_000, month=2)
        await ledger.record(session, actor, unit=unit, money=money(3_000, "a"), now=START)
        two = await bill(session, unit, 700, month=3)
        await ledger.adjust(session, actor, bill=one, cents=-1_000, why="wrong", key="w", now=START)
        assert (one.cents, one.adjusted_cents, one.paid_cents, two.paid_cents) == (3_000, -1_000, 2_000, 700)
        assert await standing.credit(session, unit_ids=[unit.id]) == 300
        with pytest.raises(BadSum):
            await ledger.adjust(session, actor, bill=one, cents=-2_001, why="wrong", key="w2", now=START)
        await balanced(session, unit.community_id)


async def test_who_may_not_write_money_down_is_refused(line: Line) -> None:
    async with line.db.transaction() as session:
        unit = await a_unit(session)
        for name in ("王师傅", "王芳"):
            actor = await somebody(session, line, name)
            with pytest.raises(NotAllowed):
                await ledger.record(session, actor, unit=unit, money=money(500, name), now=START)


async def test_whatever_is_done_the_books_hold(line: Line) -> None:
    dice = random.Random(20261123)
    async with line.db.transaction() as session:
        actor, unit = await finance(session, line), await a_unit(session)
        bills = [await bill(session, unit, dice.randint(1, 9_999), month=month) for month in range(1, 13)]
        payments: list[Payment] = []
        for n in range(60):
            match dice.choice(("pay", "pay", "refund", "reverse", "adjust")):
                case "pay":
                    said = [one.id for one in dice.sample(bills, dice.randint(0, 3))]
                    got = money(dice.randint(1, 6_000), f"p{n}")
                    payments.append(
                        await ledger.record(session, actor, unit=unit, money=got, bills=said, now=START + timedelta(n))
                    )
                case "adjust":
                    one, by = dice.choice(bills), dice.randint(-3_000, 2_000)
                    if by and one.cents + one.adjusted_cents + by >= 0:
                        await ledger.adjust(session, actor, bill=one, cents=by, why="wrong", key=f"a{n}", now=START)
                case what if payments:
                    paid = dice.choice(payments)
                    try:
                        if what == "refund":
                            back = dice.randint(1, paid.cents)
                            await ledger.refund(
                                session, actor, payment=paid, cents=back, key=f"r{n}", words="", now=START
                            )
                        else:
                            await ledger.reverse(session, actor, payment=paid, key=f"v{n}", words="", now=START)
                    except BadSum:
                        pass
            await balanced(session, unit.community_id)


async def test_who_pays_hears_the_sum_only_where_he_is_proven(line: Line) -> None:
    async with line.db.transaction() as session:
        actor = await finance(session, line)
        home = (await somebody(session, line, "王芳")).here[0]
        unit = await session.get_one(Unit, home.unit_id)
        paid = await ledger.record(session, actor, unit=unit, money=money(75_264, "a"), now=START)
        said = (await session.scalars(select(Outgoing).where(Outgoing.key.like(f"paid:{paid.id}:%")))).all()
        assert said
        assert all(("money.landed_plain" in str(row.payload)) == ("75264" not in str(row.payload)) for row in said)
