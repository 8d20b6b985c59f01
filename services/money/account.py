"""What was paid and for what, by year and by receipt: for a household of its own time, for who works with accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from services import access, looks
from services.access import Deed, Subject
from services.actors import Actor
from services.db import Session
from services.models import Balance, Bill, Community, Deposit, Matter, Payment, Person, Unit
from services.money import ledger, standing
from services.money.matters import UNANSWERED
from services.refusals import NotAllowed, NotFound

MOST = 40
RECENT = 6


@dataclass(frozen=True, slots=True)
class Entry:
    """A payment, or money that went back, and the bills that it was for."""

    payment: Payment
    unit: Unit
    bills: Sequence[tuple[Bill, int]]
    back: Sequence[Payment] = ()


@dataclass(frozen=True, slots=True)
class Left:
    """Somebody who sold or moved out, and what he still owes for his time."""

    person: Person
    bills: Sequence[Bill]

    @property
    def due(self) -> int:
        """The sum of it, in cents."""
        return sum(standing.open_cents(bill) for bill in self.bills)


@dataclass(frozen=True, slots=True)
class Account:
    """A household's account as who works with it reads it."""

    units: Sequence[Unit]
    owed: Sequence[Bill]
    left: Sequence[Left]
    credit: int
    payments: Sequence[Payment]
    matters: Sequence[Matter]
    balances: Sequence[Balance]
    deposits: Sequence[Deposit]

    @property
    def due(self) -> int:
        """The sum of all that is open, in cents."""
        return sum(standing.open_cents(bill) for bill in self.owed)


async def years(session: Session, actor: Actor) -> Sequence[int]:
    """Return the years in which the actor's units paid something in his time, the newest first."""
    return sorted({payment.paid_on.year for payment, _ in await _own(session, actor)}, reverse=True)


async def past(session: Session, actor: Actor, *, year: int) -> Sequence[Entry]:
    """Return what the actor's units paid in a year of his time, the newest first; raises `NeedsProof`."""
    theirs = [(payment, unit) for payment, unit in await _own(session, actor) if payment.paid_on.year == year]
    return [Entry(one, unit, await ledger.allocations_of(session, one)) for one, unit in theirs[:MOST]]


async def _own(session: Session, actor: Actor) -> Sequence[tuple[Payment, Unit]]:
    ids = [unit.id for unit in await standing.units_of(session, actor)]
    rows = await session.execute(
        select(Payment, Unit)
        .join(Unit, Unit.id == Payment.unit_id)
        .where(Payment.unit_id.in_(ids), Payment.reverses_id.is_(None))
        .order_by(Payment.paid_on.desc(), Payment.id.desc())
        .limit(MOST * 10)
    )
    found = rows.all()
    left = await standing.left_paid(session, payment_ids=[payment.id for payment, _ in found])
    return [(one, unit) for one, unit in found if _in_his_time(actor, one, unit, left.get(one.id))]


def _in_his_time(actor: Actor, payment: Payment, unit: Unit, left_id: int | None) -> bool:
    """Whether it is of the actor's household and time; what somebody paid who had left is that person's alone."""
    if left_id is not None:
        return left_id == actor.person_id and actor.sees_amounts
    return access.may(actor, Deed.SEE_PAST, Subject(unit.community_id, unit.attached_to or unit.id, on=payment.paid_on))


async def receipt(session: Session, actor: Actor, *, number: str) -> Entry:
    """Return the newest payment of a receipt's number to its household, or to who works with accounts. `NotFound`."""
    rows = await session.execute(
        select(Payment, Unit)
        .join(Unit, Unit.id == Payment.unit_id)
        .where(Payment.community_id == actor.community_id, Payment.number == number)
        .order_by(Payment.year.desc())
    )
    for payment, unit in rows.all():
        if await _may_see(session, actor, payment, unit):
            return await _entry(session, payment, unit)
    raise NotFound


async def receipt_seen(session: Session, actor: Actor, *, number: str, now: datetime) -> Entry:
    """Return the same, shown to somebody; to an employee it is a look at the unit's fees."""
    entry = await receipt(session, actor, number=number)
    await looks.note(session, actor, what="fees", unit_id=entry.unit.id, now=now)
    return entry


async def by_id(session: Session, actor: Actor, *, payment_id: int) -> Entry:
    """Return a payment by its id, to the same people; raises `NotFound`."""
    payment = await session.get(Payment, payment_id)
    if payment is None or payment.community_id != actor.community_id:
        raise NotFound
    unit = await session.get_one(Unit, payment.unit_id)
    if not await _may_see(session, actor, payment, unit):
        raise NotFound
    return await _entry(session, payment, unit)


async def _entry(session: Session, payment: Payment, unit: Unit) -> Entry:
    back = await session.scalars(select(Payment).where(Payment.reverses_id == payment.id).order_by(Payment.id))
    return Entry(payment, unit, await ledger.allocations_of(session, payment), back.all())


async def _may_see(session: Session, actor: Actor, payment: Payment, unit: Unit) -> bool:
    left = await standing.left_paid(session, payment_ids=[payment.id])
    if _in_his_time(actor, payment, unit, left.get(payment.id)):
        return True
    collector_id = await standing.collector_of(session, unit)
    own_entry = actor.staff is not None and payment.taken_by == actor.staff.staff_id
    subject = Subject(unit.community_id, unit.id, collector_id=collector_id)
    return own_entry or access.may(actor, Deed.SEE_ACCOUNT, subject)


async def looked_at(session: Session, actor: Actor, *, unit_id: int, now: datetime) -> Account:
    """Return the same, shown to an employee, which is written down; raises `NotFound`, `NotAllowed`."""
    found = await of_unit(session, actor, unit_id=unit_id)
    await looks.note(session, actor, what="fees", unit_id=unit_id, now=now)
    return found


async def of_unit(session: Session, actor: Actor, *, unit_id: int) -> Account:
    """Return a household's account to who works with it; raises `NotFound`, `NotAllowed`."""
    unit = await session.get(Unit, unit_id)
    if unit is None or unit.community_id != actor.community_id:
        raise NotFound
    collector_id = await standing.collector_of(session, unit)
    if not access.may(actor, Deed.SEE_ACCOUNT, Subject(unit.community_id, unit.id, collector_id=collector_id)):
        raise NotAllowed
    units = await standing.household(session, unit_id=unit_id)
    ids = [one.id for one in units]
    payments = select(Payment).where(Payment.unit_id.in_(ids)).order_by(Payment.paid_on.desc(), Payment.id.desc())
    waiting = select(Matter).where(Matter.unit_id.in_(ids), Matter.state.in_(UNANSWERED)).order_by(Matter.id)
    left = select(Balance).where(Balance.unit_id.in_(ids)).order_by(Balance.item)
    held = select(Deposit).where(Deposit.unit_id.in_(ids), Deposit.back_on.is_(None)).order_by(Deposit.id)
    return Account(
        units=units,
        owed=await standing.owed(session, unit_ids=ids),
        left=await _left(session, ids),
        credit=await standing.credit(session, unit_ids=ids),
        payments=(await session.scalars(payments.limit(RECENT))).all(),
        matters=(await session.scalars(waiting)).all(),
        balances=(await session.scalars(left)).all(),
        deposits=(await session.scalars(held)).all(),
    )


async def _left(session: Session, unit_ids: Sequence[int]) -> Sequence[Left]:
    owing = await standing.left_owing(session, unit_ids=unit_ids)
    return [Left(await session.get_one(Person, person_id), bills) for person_id, bills in owing.items()]


async def slug(session: Session, *, community_id: int) -> str:
    """Return the name by which a community is called in links."""
    return await session.scalar(select(Community.slug).where(Community.id == community_id)) or ""


def shares(bills: Sequence[Bill], cents: int) -> tuple[Sequence[tuple[Bill, int]], int]:
    """Say which bills a sum would pay, the oldest first, and what would be left over."""
    found, rest = [], cents
    for bill in bills:
        part = min(rest, standing.open_cents(bill))
        if part > 0:
            found.append((bill, part))
            rest -= part
    return found, rest
