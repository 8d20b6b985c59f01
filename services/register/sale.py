"""A unit is sold: who sold it sees nothing of it any more, who bought it sees nothing of before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import update

from services import access, houses, timers
from services.access import Deed, Subject
from services.actors import Actor, House, Proof, Tie
from services.db import Session
from services.messages import T
from services.models import LinkCode, Person, Unit
from services.money import standing
from services.refusals import NotAllowed, NotFound, Refused
from services.register import handing, telling, ties
from services.register.ties import Newcomer, Tied
from services.settings import Policy

DUE, SUBJECT = "register.sale", "occupancy"
LONGEST_BACK, LONGEST_AHEAD = timedelta(days=90), timedelta(days=366)


class BadDay(Refused):
    """The day lies too far back or ahead."""

    key = "refused.register_day"
    ends = False


class OwnsAlready(Refused):
    """The buyer owns it."""

    key = "refused.owns_already"


@dataclass(frozen=True, slots=True)
class Sold:
    """What a sale did: who bought from when, what of the seller went on and what stayed with him."""

    unit: Unit
    buyer: Person
    on: date
    done: bool  # False: the day is still to come
    left: Sequence[str] = ()  # names
    tickets: int = 0
    owed_cents: int = 0
    credit_cents: int = 0


async def sell(
    session: Session, actor: Actor, *, unit_id: int, buyer: Newcomer, on: date, now: datetime, policy: Policy
) -> Sold:
    """Write down who bought a unit and from which day; what follows happens on that day. Raises `Refused`."""
    unit, house = await _unit(session, actor, unit_id)
    today = ties.today(house, now)
    if not today - LONGEST_BACK <= on <= today + LONGEST_AHEAD:
        raise BadDay
    person = await ties.person_of(session, buyer, now=now)
    owners = [one for one in await ties.of_unit(session, unit_ids=[unit.id]) if one.tie.role == Tie.OWNER]
    if person.id in {one.person.id for one in owners}:
        raise OwnsAlready(name=person.name)
    tie_id = await ties.begin(
        session,
        unit=unit,
        person_id=person.id,
        role=Tie.OWNER,
        proof=Proof.REGISTER,
        since=on,
        approved_by=actor.person_id,
        status=ties.PENDING,
    )
    if on > today:
        at = datetime.combine(on, time(0), house.zone)
        key = f"{DUE}:{tie_id}"
        await timers.move(
            session,
            key=key,
            kind=DUE,
            subject=SUBJECT,
            subject_id=tie_id,
            due_at=at,
            community_id=unit.community_id,
        )
        return Sold(unit, person, on, done=False)
    return await _pass(session, tie_id, house=house, by=actor.person_id, now=now, policy=policy)


async def _unit(session: Session, actor: Actor, unit_id: int) -> tuple[Unit, House]:
    unit = await session.get(Unit, unit_id, with_for_update=True, populate_existing=True)
    if unit is None or actor.house is None or unit.community_id != actor.house.id:
        raise NotFound
    if not access.may(actor, Deed.EDIT_REGISTER, Subject(unit.community_id, unit.id)):
        raise NotAllowed
    return unit, actor.house


async def come(session: Session, *, tie_id: int, now: datetime, policy: Policy) -> None:
    """The day of a sale that was written down before has come."""
    found = await ties.by_id(session, tie_id=tie_id)
    if found is None or found.tie.status != ties.PENDING:
        return
    house = await houses.by_id(session, community_id=found.tie.community_id)
    await _pass(session, tie_id, house=house, by=found.tie.approved_by, now=now, policy=policy)


async def _pass(session: Session, tie_id: int, *, house: House, by: int | None, now: datetime, policy: Policy) -> Sold:
    """Let the unit, and the parking spaces that belong to it, pass to who bought it."""
    bought = await ties.by_id(session, tie_id=tie_id)
    unit = await session.get(Unit, bought.tie.unit_id, with_for_update=True) if bought is not None else None
    if bought is None or unit is None:
        raise NotFound
    on = bought.tie.since
    spaces = await standing.household(session, unit_id=unit.id)
    unit_ids = [unit.id, *(one.id for one in spaces if one.attached_to == unit.id)]
    everybody = await ties.of_unit(session, unit_ids=unit_ids, lock=True)
    sellers = [one for one in everybody if one.tie.role == Tie.OWNER and one.person.id != bought.person.id]
    owed = await _leave(session, everybody, sellers, unit_ids, on=on, by=by, now=now) if sellers else 0
    bought.tie.status = ties.ACTIVE
    unit.payer, unit.emergency_contact = Tie.OWNER, ""  # whom the seller named is not the buyer's
    await session.flush()
    await _end_codes(session, unit_ids, by=by, now=now)
    handed = await handing.tickets(
        session,
        unit_ids=unit_ids,
        leavers=[one.person.id for one in ties.with_them(everybody, sellers)] if sellers else [],
        heir=bought.person,
        house=house,
        now=now,
        policy=policy,
    )
    await _tell(session, unit, bought, sellers, on=on, now=now)
    credit = await standing.credit(session, unit_ids=unit_ids)
    names = [one.person.name for one in sellers]
    return Sold(unit, bought.person, on, done=True, left=names, tickets=handed, owed_cents=owed, credit_cents=credit)


async def _leave(
    session: Session,
    everybody: Sequence[Tied],
    sellers: Sequence[Tied],
    unit_ids: Sequence[int],
    *,
    on: date,
    by: int | None,
    now: datetime,
) -> int:
    """End the ties of who sold and of who came through him; return what he leaves owing."""
    for one in ties.with_them(everybody, sellers):
        ties.end(one.tie, last=on - timedelta(days=1), why="sold", by=by, now=now)
    await session.flush()
    gone = [one.person.id for one in ties.with_them(everybody, sellers)]
    community_id = sellers[0].tie.community_id
    await handing.cars(session, community_id=community_id, leavers=gone, last=on - timedelta(days=1))
    return await handing.bills(session, unit_ids=unit_ids, payer_id=sellers[0].person.id, before=on)


async def _end_codes(session: Session, unit_ids: Sequence[int], *, by: int | None, now: datetime) -> None:
    """No code or invitation of before opens the unit any more."""
    live = LinkCode.unit_id.in_(unit_ids), LinkCode.revoked_at.is_(None)
    ended = update(LinkCode).where(*live).values(revoked_at=now, revoked_by=by)
    await session.execute(ended.execution_options(synchronize_session=False))


async def _tell(
    session: Session, unit: Unit, bought: Tied, sellers: Sequence[Tied], *, on: date, now: datetime
) -> None:
    gone = T("sale.told_seller", place=ties.place(unit), day=telling.day(on - timedelta(days=1)))
    for one in sellers:
        await telling.tell(session, one.person, gone, key=f"sale:{bought.tie.id}:{one.person.id}", now=now)
    here = T("sale.told_buyer", place=ties.place(unit), day=telling.day(on))
    await telling.tell(session, bought.person, here, key=f"sale:{bought.tie.id}:{bought.person.id}", now=now)
