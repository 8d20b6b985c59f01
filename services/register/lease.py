"""Leases: somebody rents, is asked about before the last day comes, and is out of the register after it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from sqlalchemy import exists, select

from services import access, conversations, houses, people, timers
from services.access import Deed, Subject
from services.actors import Actor, House, Proof, Tie
from services.db import Session
from services.messages import T
from services.models import Occupancy, Person, Timer, Unit
from services.outbox import Priority
from services.refusals import NotAllowed, NotFound
from services.register import handing, telling, ties
from services.register.sale import LONGEST_AHEAD, LONGEST_BACK, BadDay
from services.register.ties import Newcomer, NoSuchTie, Tied
from services.settings import Policies, Policy

ASK, OVER, SUBJECT = "register.lease_ask", "register.lease_over", "occupancy"
ASKED_AT = time(10, 0)
LONGEST = timedelta(days=366 * 20)
WATCHED = timedelta(days=200)


async def let(
    session: Session,
    actor: Actor,
    *,
    unit_id: int,
    tenant: Newcomer,
    since: date,
    until: date | None,
    now: datetime,
    policy: Policy,
) -> Tied:
    """Write down who rents a unit, and until when; a tenant who is there gets a new last day. Raises `Refused`."""
    unit = await session.get(Unit, unit_id, with_for_update=True, populate_existing=True)
    house = actor.house
    if unit is None or house is None or unit.community_id != house.id:
        raise NotFound
    if not access.may(actor, Deed.EDIT_REGISTER, Subject(unit.community_id, unit.id)):
        raise NotAllowed
    today = ties.today(house, now)
    if not today - LONGEST_BACK <= since <= today + LONGEST_AHEAD or (until is not None and until < max(since, today)):
        raise BadDay
    person = await ties.person_of(session, tenant, now=now)
    tie_id = await ties.begin(
        session,
        unit=unit,
        person_id=person.id,
        role=Tie.TENANT,
        proof=Proof.REGISTER,
        since=since,
        until=until,
        approved_by=actor.person_id,
    )
    unit.vacant_since = None
    await session.flush()
    return await _until(session, tie_id, until, house=house, now=now, policy=policy)


async def _until(
    session: Session, tie_id: int, until: date | None, *, house: House, now: datetime, policy: Policy
) -> Tied:
    """Set the last day of a tie, and the moments that follow from it."""
    found = await ties.by_id(session, tie_id=tie_id)
    if found is None or found.tie.status == ties.ENDED:
        raise NoSuchTie
    found.tie.until = until
    await session.flush()
    if until is not None:
        await _watch(session, found.tie, house=house, now=now, policy=policy)
    else:
        await timers.cancel(session, subject=SUBJECT, subject_id=tie_id, kinds=(ASK, OVER))
    return found


async def _watch(session: Session, tie: Occupancy, *, house: House, now: datetime, policy: Policy) -> None:
    """Set the timers of a lease: when is asked, and when it is over."""
    if tie.until is None:
        return
    asked = datetime.combine(tie.until - timedelta(days=policy.registry.lease_ask_days), ASKED_AT, house.zone)
    over = datetime.combine(tie.until + timedelta(days=1), time(0), house.zone)
    for kind, at in ((ASK, max(asked, now)), (OVER, over)):
        await timers.move(
            session,
            key=f"{kind}:{tie.id}",
            kind=kind,
            subject=SUBJECT,
            subject_id=tie.id,
            due_at=at,
            community_id=tie.community_id,
            given={"until": tie.until.isoformat()},
        )


async def watch(session: Session, *, now: datetime, policies: Policies) -> int:
    """See that every lease whose end comes near is watched, however it came into the register; return how many."""
    last = (now + WATCHED).date()
    unwatched = (
        select(Occupancy)
        .where(Occupancy.status == ties.ACTIVE, Occupancy.role == Tie.TENANT, Occupancy.until <= last)
        .where(~exists().where(Timer.subject == SUBJECT, Timer.subject_id == Occupancy.id, Timer.kind == OVER))
        .order_by(Occupancy.id)
        .limit(100)
    )
    found = (await session.scalars(unwatched)).all()
    for tie in found:
        house = await houses.by_id(session, community_id=tie.community_id)
        policy = await policies.of(session, tie.community_id)
        await _watch(session, tie, house=house, now=now, policy=policy)
    return len(found)


async def ask(session: Session, *, tie_id: int, until: date, now: datetime) -> None:
    """A lease ends soon: ask its owner whether it goes on; one who can't be reached is the desk's."""
    found = await ties.by_id(session, tie_id=tie_id)
    if found is None or found.tie.status != ties.ACTIVE or found.tie.until != until:
        return
    everybody = await ties.of_unit(session, unit_ids=[found.tie.unit_id])
    owners = [one.person for one in everybody if one.tie.role == Tie.OWNER]
    reached = await people.addresses_of(session, [one.id for one in owners])
    asked = next((one for one in owners if one.id in reached), None)
    asking = {} if asked is None else {asked.id: reached[asked.id]}
    if asked is None:
        asking = await telling.desk(session, community_id=found.tie.community_id, now=now)
    for who, to in asking.items():
        await conversations.ask(
            session,
            to=to,
            person_id=asked.id if asked is not None else None,
            form="lease_end",
            given={"tie": tie_id, "until": until.isoformat()},
            key=f"lease:{tie_id}:{until.isoformat()}:{'owner' if asked else 'desk'}:{who}",
            priority=Priority.NOTICE,
            now=now,
            expires_at=now + timedelta(days=60),
        )


async def seen(session: Session, actor: Actor, *, tie_id: int) -> tuple[Tied, Unit]:
    """Return a lease for its owner, or the desk; raises `NotFound`."""
    found = await ties.by_id(session, tie_id=tie_id)
    unit = await session.get(Unit, found.tie.unit_id) if found is not None else None
    if found is None or unit is None:
        raise NotFound
    owns = any(home.unit_id == unit.id and home.tie is Tie.OWNER for home in actor.homes)
    if not owns and not access.may(actor, Deed.EDIT_REGISTER, Subject(unit.community_id, unit.id)):
        raise NotFound
    return found, unit


async def answer(
    session: Session, actor: Actor, *, tie_id: int, until: date | None, now: datetime, policy: Policy
) -> Tied:
    """The owner or the desk says how a lease goes on: until a later day, or (None) it ends as written."""
    found, unit = await seen(session, actor, tie_id=tie_id)
    if found.tie.status != ties.ACTIVE or actor.house is None:
        raise NoSuchTie
    await conversations.end_where(session, key_prefix=f"lease:{tie_id}:")
    if until is None:
        text = T("lease.told_ends", place=ties.place(unit), day=telling.day(found.tie.until or now.date()))
        await telling.tell(session, found.person, text, key=f"lease:{tie_id}:{found.tie.until}:ends", now=now)
        return found
    if until <= (found.tie.until or until) or until > ties.today(actor.house, now) + LONGEST:
        raise BadDay
    found = await _until(session, tie_id, until, house=actor.house, now=now, policy=policy)
    text = T("lease.told_goes_on", place=ties.place(unit), day=telling.day(until))
    await telling.tell(session, found.person, text, key=f"lease:{tie_id}:{until}:on", now=now)
    return found


async def over(session: Session, *, tie_id: int, until: date, now: datetime, policy: Policy) -> None:
    """The last day of a lease has passed: whoever rented is out, what he reported goes on with the owner."""
    found = await ties.by_id(session, tie_id=tie_id)
    if found is not None and found.tie.status == ties.ACTIVE and found.tie.until == until:
        await _out(session, found, why="lease_over", by=None, now=now, policy=policy)


async def move_out(session: Session, actor: Actor, *, tie_id: int, last: date, now: datetime, policy: Policy) -> Tied:
    """The desk writes down that somebody leaves, and his last day; a day gone by ends it at once. Raises `Refused`."""
    found = await ties.by_id(session, tie_id=tie_id)
    house = actor.house
    if found is None or house is None or found.tie.community_id != house.id or found.tie.role == Tie.OWNER:
        raise NoSuchTie
    if not access.may(actor, Deed.EDIT_REGISTER, Subject(house.id, found.tie.unit_id)):
        raise NotAllowed
    today = ties.today(house, now)
    if not max(found.tie.since, today - LONGEST_BACK) <= last <= today + LONGEST_AHEAD:
        raise BadDay
    if last >= today and found.tie.role == Tie.TENANT:
        return await _until(session, tie_id, last, house=house, now=now, policy=policy)
    found.tie.until = last
    await _out(session, found, why="left", by=actor.person_id, now=now, policy=policy)
    return found


async def _out(session: Session, leaver: Tied, *, why: str, by: int | None, now: datetime, policy: Policy) -> None:
    """End a tie and those that came through it; hand on what was open; tell both sides."""
    tie = leaver.tie
    house = await houses.by_id(session, community_id=tie.community_id)
    unit = await session.get(Unit, tie.unit_id, with_for_update=True)
    everybody = await ties.of_unit(session, unit_ids=[tie.unit_id], lock=True)
    owner = next((one.person for one in everybody if one.tie.role == Tie.OWNER), None)
    last = tie.until or ties.today(house, now)
    gone = ties.with_them(everybody, [leaver])
    for one in gone:
        ties.end(one.tie, last=last, why=why, by=by, now=now)
    await session.flush()
    await timers.cancel(session, subject=SUBJECT, subject_id=tie.id, kinds=(ASK, OVER))
    if unit is None:
        return
    if tie.role == Tie.TENANT and unit.payer == Tie.TENANT:
        after = last + timedelta(days=1)
        await handing.bills(session, unit_ids=[unit.id], payer_id=tie.person_id, before=after)
    leavers = [one.person.id for one in gone]
    await handing.cars(session, community_id=tie.community_id, leavers=leavers, last=last)
    await handing.tickets(session, unit_ids=[unit.id], leavers=leavers, heir=owner, house=house, now=now, policy=policy)
    await _told(session, unit, leaver, owner, last=last, now=now)


async def _told(session: Session, unit: Unit, leaver: Tied, owner: Person | None, *, last: date, now: datetime) -> None:
    place, day, key = ties.place(unit), telling.day(last), f"left:{leaver.tie.id}:{last}"
    await telling.tell(session, leaver.person, T("lease.told_over", place=place, day=day), key=key, now=now)
    if owner is not None and leaver.tie.role == Tie.TENANT:
        text = T("lease.told_owner", place=place, name=leaver.person.name, day=day)
        await telling.tell(session, owner, text, key=f"{key}:owner", now=now)
