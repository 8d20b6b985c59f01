"""What units owe and who pays for them; amounts only for those who may see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import ColumnElement, and_, func, or_, select

from services import access
from services.access import Deed, Subject
from services.actors import Actor, Home, Tie
from services.db import Session
from services.models import Allocation, Bill, Building, Occupancy, Payment, Person, Unit
from services.refusals import NotAllowed, Refused

OPEN = Bill.paid_cents < Bill.cents + Bill.adjusted_cents


class NeedsProof(Refused):
    """Amounts are named only to somebody proven; a sender's number can be forged."""

    key = "refused.needs_proof"


def open_cents(bill: Bill) -> int:
    """Return what is still to be paid of a bill, in cents."""
    return bill.cents + bill.adjusted_cents - bill.paid_cents


async def due(session: Session, actor: Actor) -> Sequence[Bill]:
    """Return the open bills here that the actor pays, earliest first by unit; raises `NeedsProof`."""
    _proven(actor)
    theirs = [Bill.payer_id == actor.person_id, *(_of_home(home) for home in _paying(actor))]
    return (
        await session.scalars(
            select(Bill)
            .where(Bill.community_id == actor.community_id, OPEN, or_(*theirs))
            .order_by(Bill.unit_id, Bill.due_on, Bill.id)
        )
    ).all()


def _of_home(home: Home) -> ColumnElement[bool]:
    """Say which bills somebody of a home pays: its own and those of its parking spaces; a tenant's of his time."""
    spaces = select(Unit.id).where(Unit.attached_to == home.unit_id)
    its = and_(Bill.payer_id.is_(None), or_(Bill.unit_id == home.unit_id, Bill.unit_id.in_(spaces)))
    if home.tie is not Tie.TENANT or home.since is None:
        return its
    return and_(its, func.coalesce(Bill.to_on, Bill.due_on) >= home.since)


def _proven(actor: Actor) -> None:
    if not actor.sees_amounts:
        raise NeedsProof(phone=actor.house.phone if actor.house else "")


def _paying(actor: Actor) -> list[Home]:
    return [home for home in actor.units if access.may(actor, Deed.SEE_DUE, Subject(home.community_id, home.unit_id))]


async def units_of(session: Session, actor: Actor) -> Sequence[Unit]:
    """Return the units here whose amounts the actor may see, parking spaces too; raises `NeedsProof`."""
    _proven(actor)
    own = [home.unit_id for home in _paying(actor)]
    left = select(Bill.unit_id).where(Bill.payer_id == actor.person_id, Bill.community_id == actor.community_id, OPEN)
    statement = select(Unit).where(or_(Unit.id.in_(own), Unit.attached_to.in_(own), Unit.id.in_(left)))
    return (await session.scalars(statement.order_by(Unit.id))).all()


async def owed(session: Session, *, unit_ids: Sequence[int]) -> Sequence[Bill]:
    """Return the open bills that the units' present payers owe, oldest first."""
    return (
        await session.scalars(
            select(Bill).where(Bill.unit_id.in_(unit_ids), Bill.payer_id.is_(None), OPEN).order_by(Bill.due_on, Bill.id)
        )
    ).all()


async def left_owing(session: Session, *, unit_ids: Sequence[int]) -> Mapping[int, Sequence[Bill]]:
    """Return what who sold or moved out still owes for the units, by person, oldest first."""
    theirs = Bill.unit_id.in_(unit_ids), Bill.payer_id.is_not(None), OPEN
    found: dict[int, list[Bill]] = {}
    for bill in await session.scalars(select(Bill).where(*theirs).order_by(Bill.payer_id, Bill.due_on, Bill.id)):
        if bill.payer_id is not None:
            found.setdefault(bill.payer_id, []).append(bill)
    return found


async def left_paid(session: Session, *, payment_ids: Sequence[int]) -> Mapping[int, int]:
    """Return whose bills, of people who left, some payments paid: person by payment."""
    its = Allocation.payment_id.in_(payment_ids), Bill.payer_id.is_not(None)
    rows = await session.execute(
        select(Allocation.payment_id, Bill.payer_id).join(Bill, Bill.id == Allocation.bill_id).where(*its)
    )
    return {payment_id: person_id for payment_id, person_id in rows if person_id is not None}


async def arrears(session: Session, actor: Actor, *, unit_id: int, today: date) -> int:
    """Return what a unit has not paid in time, in cents, for the desk alone; raises `NotAllowed`."""
    if actor.community_id is None or not access.may(actor, Deed.SEE_ACCOUNT, Subject(actor.community_id, unit_id)):
        raise NotAllowed
    late = Bill.community_id == actor.community_id, Bill.unit_id == unit_id, Bill.due_on < today
    total = func.coalesce(func.sum(Bill.cents + Bill.adjusted_cents - Bill.paid_cents), 0)
    return int(await session.scalar(select(total).where(*late, Bill.payer_id.is_(None), OPEN)) or 0)


async def household(session: Session, *, unit_id: int) -> Sequence[Unit]:
    """Return a home and the parking spaces that belong to it, by id, named by any of them."""
    root = select(func.coalesce(Unit.attached_to, Unit.id)).where(Unit.id == unit_id).scalar_subquery()
    found = select(Unit).where(or_(Unit.id == root, Unit.attached_to == root)).order_by(Unit.id)
    return (await session.scalars(found)).all()


async def payers(session: Session, *, unit_ids: Sequence[int]) -> Mapping[int, Sequence[Person]]:
    """Return who pays for each unit: its owners, or its tenants where tenants pay and there is one."""
    units = (await session.execute(select(Unit.id, Unit.payer, Unit.attached_to).where(Unit.id.in_(unit_ids)))).all()
    homes = {row.attached_to or row.id for row in units}
    lives = Occupancy.unit_id.in_(homes), Occupancy.status == "active", Occupancy.role.in_([Tie.OWNER, Tie.TENANT])
    rows = await session.execute(
        select(Occupancy.unit_id, Occupancy.role, Person)
        .join(Person, Person.id == Occupancy.person_id)
        .where(*lives)
        .order_by(Occupancy.id)
    )
    of_home: dict[int, dict[str, list[Person]]] = {}
    for home_id, role, person in rows.all():
        of_home.setdefault(home_id, {}).setdefault(role, []).append(person)
    found = {row.id: (row.payer, of_home.get(row.attached_to or row.id, {})) for row in units}
    return {unit_id: by.get(payer) or by.get(Tie.OWNER, []) for unit_id, (payer, by) in found.items() if by}


async def credit(session: Session, *, unit_ids: Sequence[int]) -> int:
    """Return what was paid ahead and is for no bill yet, in cents."""
    paid = select(func.coalesce(func.sum(Payment.free_cents), 0)).where(
        Payment.unit_id.in_(unit_ids), Payment.free_cents > 0
    )
    return int(await session.scalar(paid) or 0)


async def collector_of(session: Session, unit: Unit) -> int | None:
    """Return the staff id of who collects for a unit: its own collector, else the building's, else its steward."""
    if unit.collector_id is not None:
        return unit.collector_id
    collects = select(func.coalesce(Building.collector_id, Building.steward_id))
    here = Building.community_id == unit.community_id, Building.name == unit.building
    found: int | None = await session.scalar(collects.where(*here))
    return found
