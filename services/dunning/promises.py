"""Promises to pay on a day or in instalments, looked at when each is due; hardship, which who leads decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from sqlalchemy import func, select

from services import access, conversations, houses, people, places, timers
from services.access import Deed, Subject
from services.actors import Actor
from services.db import Session
from services.messages import Choice, T, Text
from services.models import Instalment, Payment, Promise, Sparing, Timer, Unit
from services.money import cents as sums
from services.money import standing
from services.money.cents import following
from services.outbox import Priority
from services.refusals import NotAllowed, NotFound, Refused
from services.settings import Policy
from services.tickets import dispatch

DUE, SUBJECT = "promise.due", "promise"
LOOKED_AT = time(10, 30)  # of the day after: a transfer takes a night
ANSWER_DAYS = timedelta(days=14)


class BadPromise(Refused):
    """A day that is past or too far, too many parts, or sums that do not make what is owed."""

    key = "refused.promise"
    ends = False


class AlreadyPromised(Refused):
    """The household has an open promise: it is kept first."""

    key = "refused.promised"


class NothingOwed(Refused):
    """There is nothing to promise."""

    key = "refused.nothing_owed"


class Why(StrEnum):
    """Why a household is not dunned for a while."""

    HARDSHIP = "hardship"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Part:
    """How much by which day."""

    due_on: date
    cents: int


def parts_of(total: int, first: date, count: int) -> Sequence[Part]:
    """Split a sum into equal parts, one a month from the first day on; each is whole cents, all make the sum."""
    found, day = [], first
    for cents in sums.split(total, [1] * count):
        found.append(Part(day, cents))
        month = following(day)
        day = min(month.replace(day=min(first.day, 28)), month + timedelta(days=27))
    return found


async def owed_by(session: Session, *, unit_id: int) -> int:
    """Return what a household owes, in cents."""
    units = [unit.id for unit in await standing.household(session, unit_id=unit_id)]
    return sum(standing.open_cents(bill) for bill in await standing.owed(session, unit_ids=units))


async def may_speak_for(session: Session, actor: Actor, *, unit_id: int) -> Unit:
    """Return the home, held, when the actor pays for it or collects there; raises `NotFound`, `NotAllowed`."""
    unit = await session.get(Unit, unit_id, with_for_update={"key_share": True})
    if unit is None or unit.attached_to is not None:
        raise NotFound
    here = Subject(unit.community_id, unit.id, collector_id=await standing.collector_of(session, unit))
    if not access.may(actor, Deed.SAY_OF_BILLS, here) and not access.may(actor, Deed.COLLECT, here):
        raise NotAllowed
    return unit


async def make(
    session: Session, actor: Actor, *, unit_id: int, parts: Sequence[Part], now: datetime, policy: Policy
) -> Promise:
    """Write a promise down: until it is due the household is left in peace. Raises `Refused`."""
    unit = await may_speak_for(session, actor, unit_id=unit_id)
    known = select(Promise.id).where(Promise.unit_id == unit.id, Promise.state == "open")
    if await session.scalar(known) is not None:
        raise AlreadyPromised
    house = await houses.by_id(session, community_id=unit.community_id)
    _check(parts, await owed_by(session, unit_id=unit.id), now.astimezone(house.zone).date(), policy)
    promise = Promise(
        community_id=unit.community_id,
        unit_id=unit.id,
        person_id=None if actor.staff is not None else actor.person_id,
        taken_by=actor.staff.staff_id if actor.staff is not None else None,
        made_at=now,
    )
    session.add(promise)
    await session.flush()
    session.add_all(Instalment(promise_id=promise.id, due_on=part.due_on, cents=part.cents) for part in parts)
    for part in parts:
        morning = datetime.combine(part.due_on + timedelta(days=1), LOOKED_AT, house.zone)
        await timers.set_once(
            session,
            key=f"{DUE}:{promise.id}:{part.due_on}",
            kind=DUE,
            subject=SUBJECT,
            subject_id=promise.id,
            due_at=morning,
            community_id=unit.community_id,
        )
    return promise


def _check(parts: Sequence[Part], owed: int, today: date, policy: Policy) -> None:
    figures = policy.dunning
    if owed <= 0:
        raise NothingOwed
    days = [part.due_on for part in parts]
    latest = today + timedelta(days=figures.promise_days + 31 * (len(parts) - 1))
    in_order = days == sorted(set(days)) and days[0] >= today and days[-1] <= latest
    fits = sum(part.cents for part in parts) == owed and min(part.cents for part in parts) > 0
    if not in_order or not fits or len(parts) > figures.instalments:
        raise BadPromise(days=figures.promise_days, count=figures.instalments)


async def look(session: Session, timer: Timer, now: datetime, policy: Policy) -> None:  # noqa: ARG001
    """Compare what came in since with what was promised by now: kept, broken, or the next part is awaited."""
    promise = await session.get(Promise, timer.subject_id, with_for_update=True)
    if promise is None or promise.state != "open":
        return
    house = await houses.by_id(session, community_id=promise.community_id)
    today = now.astimezone(house.zone).date()
    parts = (await session.scalars(select(Instalment).where(Instalment.promise_id == promise.id))).all()
    due = sum(part.cents for part in parts if part.due_on < today)
    owes = await owed_by(session, unit_id=promise.unit_id)
    if owes > 0 and await _paid_since(session, promise) < due:
        promise.state, promise.ended_at = "broken", now
        await _tell_collector(session, promise, now=now)
    elif owes == 0 or all(part.due_on < today for part in parts):
        promise.state, promise.ended_at = "kept", now
        await _thank(session, promise, now=now)


async def _paid_since(session: Session, promise: Promise) -> int:
    units = [unit.id for unit in await standing.household(session, unit_id=promise.unit_id)]
    paid = select(func.coalesce(func.sum(Payment.cents), 0)).where(
        Payment.unit_id.in_(units), Payment.landed_at >= promise.made_at
    )
    return int(await session.scalar(paid) or 0)


async def _thank(session: Session, promise: Promise, *, now: datetime) -> None:
    await _tell_payers(session, promise.unit_id, T("promise.kept"), key=f"promise:{promise.id}:kept", now=now)


async def _tell_payers(session: Session, unit_id: int, text: Text, *, key: str, now: datetime) -> None:
    payers = (await standing.payers(session, unit_ids=[unit_id])).get(unit_id, ())
    for person_id, to in (await people.addresses_of(session, [one.id for one in payers])).items():
        await conversations.tell(
            session, to=to, person_id=person_id, key=f"{key}:{person_id}", text=text, priority=Priority.WORK, now=now
        )


async def _tell_collector(session: Session, promise: Promise, *, now: datetime) -> None:
    unit = await session.get_one(Unit, promise.unit_id)
    collector_id = await standing.collector_of(session, unit)
    place = places.unit_label(unit)
    for staff_id, to in (await people.addresses_of_staff(session, [collector_id] if collector_id else [])).items():
        await conversations.tell(
            session,
            to=to,
            key=f"promise:{promise.id}:broken:{staff_id}",
            text=T("promise.broken", unit=place),
            rows=[[Choice(T("collect.open"), f"go:collect:{unit.id}")]],
            priority=Priority.WORK,
            now=now,
        )


async def ask_hardship(session: Session, actor: Actor, *, unit_id: int, now: datetime) -> None:
    """Ask who leads whether the household may be left in peace for a while."""
    unit = await may_speak_for(session, actor, unit_id=unit_id)
    leads = await dispatch.leads(session, community_id=unit.community_id, now=now)
    reached = await people.addresses_of_staff(session, [one.staff_id for one in leads])
    for staff_id, to in reached.items():
        await conversations.ask(
            session,
            to=to,
            person_id=None,
            form="spare",
            given={"unit": unit.id, "asked": True},
            key=f"hardship:{unit.id}:{now:%Y%m%d}:{staff_id}",
            priority=Priority.WORK,
            now=now,
            expires_at=now + ANSWER_DAYS,
        )


async def spare(
    session: Session, actor: Actor, *, unit_id: int, days: int, asked: bool, why: Why = Why.HARDSHIP, now: datetime
) -> None:
    """Leave a household in peace for so many days, or no longer (0), which it hears if it asked."""
    unit = await session.get(Unit, unit_id, with_for_update={"key_share": True})
    if unit is None or actor.staff is None:
        raise NotFound
    if not access.may(actor, Deed.SPARE, Subject(unit.community_id, unit.id)):
        raise NotAllowed
    await conversations.end_where(session, key_prefix=f"hardship:{unit.id}:")
    key = f"spared:{unit.id}:{now:%Y%m%d%H%M}"
    for earlier in await session.scalars(select(Sparing).where(Sparing.unit_id == unit.id, Sparing.ended_at.is_(None))):
        earlier.ended_at, earlier.ended_by = now, actor.staff.staff_id
    if days == 0:
        if asked:
            await _tell_payers(session, unit.id, T("spare.refused_owner"), key=key, now=now)
        return
    session.add(
        Sparing(
            community_id=unit.community_id,
            unit_id=unit.id,
            why=why.value,
            since=now,
            until=now + timedelta(days=days),
            set_by=actor.staff.staff_id,
        )
    )
    await _tell_payers(session, unit.id, T("spare.owner", days=days), key=key, now=now)
