"""Which bills money pays: the bills said, else the oldest; what is paid too much or taken back, the other way round."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import func, select

from services.db import Session
from services.models import Allocation, Bill, Payment, Unit
from services.money import standing
from services.money.standing import open_cents


def shares(sums: Iterable[int], wants: Iterable[int]) -> list[tuple[int, int, int]]:
    """Spend sums in order on wants in order: (which sum, which want, how much), nothing twice, nothing over a want."""
    found, left = [], list(wants)
    at = 0
    for nth, total in enumerate(sums):
        rest = total
        while rest > 0 and at < len(left):
            part = min(rest, left[at])
            if part > 0:
                found.append((nth, at, part))
            rest -= part
            left[at] -= part
            at += left[at] <= 0
    return found


async def chosen(session: Session, units: Sequence[Unit], bills: Sequence[int]) -> Sequence[Bill]:
    """Return the household's bills in the order in which they are paid: those said as said, then the oldest."""
    ids = [unit.id for unit in units]
    found = {bill.id: bill for bill in await standing.owed(session, unit_ids=ids)}
    if not bills:
        return list(found.values())
    said = await session.scalars(select(Bill).where(Bill.id.in_(bills), Bill.unit_id.in_(ids)))
    known = {bill.id: bill for bill in said.all()}
    first = [known[one] for one in dict.fromkeys(bills) if one in known]
    return [*first, *(bill for bill in found.values() if bill.id not in known)]


async def spend(session: Session, payments: Sequence[Payment], bills: Sequence[Bill], *, now: datetime) -> None:
    """Let what is free of payments pay bills, both in the order given; the caller holds the units."""
    parts = shares([payment.free_cents for payment in payments], [max(open_cents(bill), 0) for bill in bills])
    for nth, at, cents in parts:
        _allocate(session, payments[nth], bills[at], cents, now)
        payments[nth].free_cents -= cents
    await session.flush()


def _allocate(session: Session, payment: Payment, bill: Bill, cents: int, now: datetime) -> None:
    session.add(Allocation(community_id=bill.community_id, payment_id=payment.id, bill_id=bill.id, cents=cents, at=now))
    bill.paid_cents += cents
    mark(bill, now)


def mark(bill: Bill, now: datetime) -> None:
    """Note when a bill came to be paid, or that it is open again."""
    if open_cents(bill) > 0:
        bill.paid_at = None
    elif bill.paid_at is None:
        bill.paid_at = now


async def settle(session: Session, *, units: Sequence[Unit], now: datetime) -> None:
    """Let money that was paid ahead pay what is open, the oldest of each first; the caller holds the units."""
    ids = [unit.id for unit in units]
    free = select(Payment).where(Payment.unit_id.in_(ids), Payment.free_cents > 0).order_by(Payment.paid_on, Payment.id)
    payments = (await session.scalars(free)).all()
    if payments:
        await spend(session, payments, await standing.owed(session, unit_ids=ids), now=now)


async def take_back(session: Session, payment: Payment, back: Payment, cents: int, *, now: datetime) -> None:
    """Take a sum out of what a payment paid: what is free of it first, then of its bills the latest due."""
    free = min(payment.free_cents, cents)
    payment.free_cents -= free
    its = select(Payment.id).where((Payment.id == payment.id) | (Payment.reverses_id == payment.id))
    total = func.sum(Allocation.cents)
    rows = await session.execute(
        select(Bill, total)
        .join(Allocation, Allocation.bill_id == Bill.id)
        .where(Allocation.payment_id.in_(its))
        .group_by(Bill.id)
        .having(total > 0)
        .order_by(Bill.due_on.desc(), Bill.id.desc())
    )
    paid = [(bill, int(part)) for bill, part in rows.all()]
    for _, at, part in shares([cents - free], [part for _, part in paid]):
        _allocate(session, back, paid[at][0], -part, now)
    await session.flush()


async def free_excess(session: Session, bill: Bill, *, now: datetime) -> None:
    """Free what was paid for a bill beyond what it is now: the latest payment's part first."""
    excess = -open_cents(bill)
    if excess <= 0:
        return
    root = func.coalesce(Payment.reverses_id, Payment.id)
    total = func.sum(Allocation.cents)
    rows = await session.execute(
        select(root, total)
        .join(Payment, Payment.id == Allocation.payment_id)
        .where(Allocation.bill_id == bill.id)
        .group_by(root)
        .having(total > 0)
        .order_by(root.desc())
    )
    paid = [(await session.get_one(Payment, payment_id), int(part)) for payment_id, part in rows.all()]
    for _, at, part in shares([excess], [part for _, part in paid]):
        _allocate(session, paid[at][0], bill, -part, now)
        paid[at][0].free_cents += part
    await session.flush()
