"""Money that comes in and goes back, and what it is for: rows are added, none is changed but the sums kept beside them.

What always holds, to the cent: a bill's `paid_cents` is the sum of its allocations; what was paid in, less what went
back, is the sum of all allocations and of what is free (`reconcile` looks). Whoever writes here holds the rows of the
household's units.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from services import access
from services.access import Deed, Subject
from services.actors import Actor
from services.db import Session, insert_once, upsert
from services.models import Adjustment, Allocation, Bill, Community, Counter, Payment, Unit, table_of
from services.money import closing, landed, spending, standing
from services.refusals import NotAllowed, Refused

PAYMENT, REFUND, REVERSAL = "payment", "refund", "reversal"
MORE = table_of(Counter).c.count


class BadSum(Refused):
    """A sum that can't be: nothing, less than nothing, or more than there is."""

    key = "refused.sum"
    ends = False


class KeyTaken(Refused):
    """The same receipt or provider's number was written down for another unit or another sum."""

    key = "refused.payment_known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """What came in, as its source tells it; `key` names the same money however often it is told."""

    cents: int
    way: str
    source: str
    key: str
    paid_on: date
    payer: str = ""
    receipt: str = ""
    media_id: int | None = None
    words: str = ""


async def record(
    session: Session,
    actor: Actor,
    *,
    unit: Unit,
    money: Money,
    bills: Sequence[int] = (),
    tell: bool = True,
    now: datetime,
) -> Payment:
    """Write a payment down, once per key, for the bills said, else the oldest; what is left over stays free.

    Tells who pays for the unit. Raises `NotAllowed`, `BadSum`, `KeyTaken`.
    """
    collector_id = await standing.collector_of(session, unit)
    _allowed(actor, Deed.TAKE_PAYMENT, unit, collector_id)
    if money.cents <= 0:
        raise BadSum
    units = await lock(session, unit_id=unit.id)
    year, number = await numbered(session, community_id=unit.community_id, now=now)
    staff_id = actor.staff.staff_id if actor.staff is not None else None
    row = {
        **row_of(unit.community_id, unit.id, money, year, number, now),
        "cents": money.cents,
        "free_cents": money.cents,
        "kind": PAYMENT,
        "taken_by": staff_id,
        "credited_to": collector_id,
    }
    added = (await insert_once(session, Payment, row, Payment.id)).scalar_one_or_none()
    if added is None:
        return await _known(session, unit, money)
    payment = await session.get_one(Payment, added)
    await spending.spend(session, [payment], await spending.chosen(session, units, bills), now=now)
    await closing.close(session, unit_ids=[one.id for one in units], now=now)
    if tell:
        await landed.tell(session, payment, unit, now=now)
    return payment


def _allowed(actor: Actor, deed: Deed, unit: Unit, collector_id: int | None = None) -> None:
    if not access.may(actor, deed, Subject(unit.community_id, unit.id, collector_id=collector_id)):
        raise NotAllowed


def row_of(community_id: int, unit_id: int, money: Money, year: int, number: str, now: datetime) -> dict[str, object]:
    """Return what is the same for money that comes and money that goes back."""
    return {
        "community_id": community_id,
        "unit_id": unit_id,
        "key": money.key,
        "year": year,
        "number": number,
        "way": money.way,
        "source": money.source,
        "paid_on": money.paid_on,
        "landed_at": now,
        "payer": money.payer,
        "receipt": money.receipt,
        "media_id": money.media_id,
        "words": money.words,
    }


async def _known(session: Session, unit: Unit, money: Money) -> Payment:
    asked = Payment.community_id == unit.community_id, Payment.key == money.key
    payment = (await session.scalars(select(Payment).where(*asked))).one()
    if (payment.unit_id, payment.cents) != (unit.id, money.cents):
        raise KeyTaken(number=payment.number)
    return payment


async def lock(session: Session, *, unit_id: int) -> Sequence[Unit]:
    """Hold the household's units until the end of the transaction, in the order of their ids, and return them."""
    ids = [unit.id for unit in await standing.household(session, unit_id=unit_id)]
    held = select(Unit).where(Unit.id.in_(ids)).order_by(Unit.id).with_for_update(key_share=True)
    return (await session.scalars(held)).all()


async def numbered(session: Session, *, community_id: int, now: datetime) -> tuple[int, str]:
    """Return year and number of the next receipt of the estate's day."""
    year, numbers = await numbered_many(session, community_id=community_id, now=now, count=1)
    return year, numbers[0]


async def numbered_many(session: Session, *, community_id: int, now: datetime, count: int) -> tuple[int, Sequence[str]]:
    """Return the year and the numbers of the next receipts of the estate's day."""
    zone = await session.scalar(select(Community.zone).where(Community.id == community_id))
    local = now.astimezone(ZoneInfo(zone or "UTC"))
    row = {"community_id": community_id, "year": local.year, "day": f"{local:%m%d}-P", "count": count}
    on = ("community_id", "year", "day")
    counted = await upsert(session, Counter, row, on=on, change={"count": MORE + count}, returning=(Counter.count,))
    last = counted.scalar_one()
    return local.year, [f"{local:%m%d}-{nth:03d}" for nth in range(last - count + 1, last + 1)]


async def refund(
    session: Session,
    actor: Actor,
    *,
    payment: Payment,
    cents: int,
    key: str,
    words: str,
    now: datetime,
    on: date | None = None,
    tell: bool = True,
) -> Payment:
    """Give part of a payment back, what is free of it first; the bills that it paid are open again. `BadSum`."""
    gone = Money(cents=-cents, way=payment.way, source=payment.source, key=key, paid_on=on or now.date(), words=words)
    return await _take_back(session, actor, payment, gone, kind=REFUND, tell=tell, now=now)


async def reverse(session: Session, actor: Actor, *, payment: Payment, key: str, words: str, now: datetime) -> Payment:
    """Take the whole of a payment back that never was: a wrong entry, a transfer that was recalled."""
    left = await _left_of(session, payment)
    gone = Money(cents=-left, way=payment.way, source=payment.source, key=key, paid_on=now.date(), words=words)
    return await _take_back(session, actor, payment, gone, kind=REVERSAL, tell=True, now=now)


async def _take_back(
    session: Session, actor: Actor, payment: Payment, gone: Money, *, kind: str, tell: bool, now: datetime
) -> Payment:
    unit = await session.get_one(Unit, payment.unit_id)
    _allowed(actor, Deed.TAKE_BACK, unit)
    await lock(session, unit_id=unit.id)
    await session.refresh(payment)
    known = await session.scalar(
        select(Payment).where(Payment.community_id == unit.community_id, Payment.key == gone.key)
    )
    if known is not None:
        return known
    if payment.kind != PAYMENT or not 0 < -gone.cents <= await _left_of(session, payment):
        raise BadSum
    back = await _opposite(session, actor, payment, unit, gone, now)
    back.kind = kind
    session.add(back)
    await session.flush()
    await spending.take_back(session, payment, back, -gone.cents, now=now)
    if tell:
        await landed.back(session, back, payment, unit, now=now)
    return back


async def _opposite(
    session: Session, actor: Actor, payment: Payment, unit: Unit, money: Money, now: datetime
) -> Payment:
    year, number = await numbered(session, community_id=unit.community_id, now=now)
    return Payment(
        **row_of(unit.community_id, unit.id, money, year, number, now) | {"payer": payment.payer},
        cents=money.cents,
        free_cents=0,
        reverses_id=payment.id,
        taken_by=actor.staff.staff_id if actor.staff is not None else None,
        credited_to=payment.credited_to,
    )


async def _left_of(session: Session, payment: Payment) -> int:
    """Return how much of a payment has not gone back."""
    gone = select(func.coalesce(func.sum(Payment.cents), 0)).where(Payment.reverses_id == payment.id)
    return payment.cents + int(await session.scalar(gone) or 0)


async def adjust(
    session: Session,
    actor: Actor,
    *,
    bill: Bill,
    cents: int,
    why: str,
    key: str,
    words: str = "",
    now: datetime,
) -> Adjustment:
    """Correct a charge by so much, once per key; what was paid too much then pays the next bill. Raises `BadSum`."""
    unit = await session.get_one(Unit, bill.unit_id)
    _allowed(actor, Deed.ADJUST, unit)
    units = await lock(session, unit_id=unit.id)
    await session.refresh(bill)
    if known := await session.scalar(select(Adjustment).where(Adjustment.key == key)):
        return known
    if cents == 0 or bill.cents + bill.adjusted_cents + cents < 0:
        raise BadSum
    row = Adjustment(
        community_id=bill.community_id,
        bill_id=bill.id,
        key=key,
        cents=cents,
        why=why,
        words=words,
        by_id=actor.staff.staff_id if actor.staff is not None else None,
        at=now,
    )
    session.add(row)
    bill.adjusted_cents += cents
    await session.flush()
    await spending.free_excess(session, bill, now=now)
    await spending.settle(session, units=units, now=now)
    spending.mark(bill, now)
    return row


async def spend_ahead(session: Session, *, unit_ids: Sequence[int], now: datetime) -> None:
    """Let what was paid ahead for some units pay what is new of their households."""
    free = select(Payment.unit_id).where(Payment.unit_id.in_(unit_ids), Payment.free_cents > 0).distinct()
    for unit_id in sorted((await session.scalars(free)).all()):
        await spending.settle(session, units=await lock(session, unit_id=unit_id), now=now)


async def allocations_of(session: Session, payment: Payment) -> Sequence[tuple[Bill, int]]:
    """Return which bills a payment paid and how much of each, what went back taken off."""
    its = select(Payment.id).where((Payment.id == payment.id) | (Payment.reverses_id == payment.id))
    total = func.sum(Allocation.cents)
    rows = await session.execute(
        select(Bill, total)
        .join(Allocation, Allocation.bill_id == Bill.id)
        .where(Allocation.payment_id.in_(its))
        .group_by(Bill.id)
        .having(total != 0)
        .order_by(Bill.due_on, Bill.id)
    )
    return [(bill, int(cents)) for bill, cents in rows.all()]
