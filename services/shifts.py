"""Who is on duty when: the roster that leads keep, going off duty, and work whose holder is gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Select, delete, insert, or_, select

from services import conversations
from services.actors import Actor
from services.db import Session
from services.messages import Style, T, Text, When
from services.models import Duty, Person, Staff
from services.outbox import Priority
from services.refusals import NotAllowed, NotFound
from services.settings import Policies
from services.stretches import Stretch, together, without
from services.tickets import news, passing

MOST_NAMED = 8


@dataclass(frozen=True, slots=True)
class Colleague:
    """An employee as a roster names him."""

    staff_id: int
    name: str
    badge: str
    team: str


@dataclass(frozen=True, slots=True)
class Shift:
    """A stretch of somebody's roster."""

    who: Colleague
    stretch: Stretch


# ---------------------------------------------------------------- the roster


async def put_on(session: Session, actor: Actor, *, staff_id: int, starts_at: datetime, ends_at: datetime) -> bool:
    """Put somebody on duty; False when he is on all that time already. Raises `NotAllowed`, `NotFound`."""
    known = await _theirs(session, actor, staff_id)
    return await _keep(session, actor, staff_id, known, together([*known, Stretch(starts_at, ends_at)]))


async def take_off(session: Session, actor: Actor, *, staff_id: int, starts_at: datetime, ends_at: datetime) -> bool:
    """Take somebody off duty for a while; False when he was not on. Raises `NotAllowed`, `NotFound`."""
    known = await _theirs(session, actor, staff_id)
    return await _keep(session, actor, staff_id, known, without(known, Stretch(starts_at, ends_at)))


async def _theirs(session: Session, actor: Actor, staff_id: int) -> list[Stretch]:
    """Return somebody's roster, with himself locked: two who change it do so one after the other."""
    if not (actor.is_lead or actor.system):
        raise NotAllowed
    staff = await _locked(session, staff_id)
    if staff is None or not staff.active or staff.community_id != actor.community_id:
        raise NotFound
    rows = await session.execute(select(Duty.starts_at, Duty.ends_at).where(Duty.staff_id == staff_id))
    return [Stretch(*row) for row in rows]


async def _locked(session: Session, staff_id: int) -> Staff | None:
    found = await session.scalars(select(Staff).where(Staff.id == staff_id).with_for_update(key_share=True))
    return found.one_or_none()


async def _keep(
    session: Session, actor: Actor, staff_id: int, known: Sequence[Stretch], wanted: Sequence[Stretch]
) -> bool:
    gone, new = sorted(set(known) - set(wanted)), sorted(set(wanted) - set(known))
    for one in gone:
        await session.execute(
            delete(Duty)
            .where(Duty.staff_id == staff_id, Duty.starts_at == one.starts_at)
            .execution_options(synchronize_session=False)
        )
    for one in new:
        row = {"community_id": actor.community_id, "staff_id": staff_id}
        await session.execute(insert(Duty).values(**row, starts_at=one.starts_at, ends_at=one.ends_at))
    return bool(gone or new)


async def on_duty(session: Session, community_id: int, at: datetime) -> Sequence[Shift]:
    """Return who is on duty at a moment, team by team."""
    return await _read(session, _shifts(community_id).where(Duty.starts_at <= at, Duty.ends_at > at))


async def roster(session: Session, community_id: int, start: datetime, end: datetime) -> Sequence[Shift]:
    """Return every stretch that touches the time between, team by team, in order of time."""
    return await _read(session, _shifts(community_id).where(Duty.starts_at < end, Duty.ends_at > start))


def _shifts(community_id: int) -> Select[int, str, str, str, datetime, datetime]:
    return (
        select(Staff.id, Person.name, Staff.badge, Staff.team, Duty.starts_at, Duty.ends_at)
        .join(Staff, Staff.id == Duty.staff_id)
        .join(Person, Person.id == Staff.person_id)
        .where(Duty.community_id == community_id, Staff.active)
        .order_by(Staff.team, Duty.starts_at, Staff.id)
    )


async def _read(session: Session, statement: Select[int, str, str, str, datetime, datetime]) -> Sequence[Shift]:
    rows = await session.execute(statement)
    return [Shift(Colleague(*row[:4]), Stretch(row[4], row[5])) for row in rows]


async def stretch_now(session: Session, *, staff_id: int, now: datetime) -> Stretch | None:
    """Return the stretch in which somebody is on duty now, else his next one; None when there is none."""
    row = (
        await session.execute(
            select(Duty.starts_at, Duty.ends_at)
            .where(Duty.staff_id == staff_id, Duty.ends_at > now)
            .order_by(Duty.starts_at)
            .limit(1)
        )
    ).one_or_none()
    return Stretch(*row) if row else None


async def called(session: Session, *, community_id: int, words: str) -> Sequence[Colleague]:
    """Return the employees whom a name, a badge or a part of it may mean; one who is named exactly alone."""
    rows = await session.execute(
        select(Staff.id, Person.name, Staff.badge, Staff.team)
        .join(Person, Person.id == Staff.person_id)
        .where(
            Staff.community_id == community_id,
            Staff.active,
            or_(Person.name.contains(words, autoescape=True), Staff.badge.startswith(words, autoescape=True)),
        )
        .order_by(Staff.id)
        .limit(MOST_NAMED)
    )
    found = [Colleague(*row) for row in rows]
    exact = [one for one in found if words in {one.name, one.badge}]
    return exact if len(exact) == 1 else found


async def tell(session: Session, actor: Actor, *, staff_id: int, text: Text, now: datetime) -> None:
    """Tell somebody that his roster was changed by another."""
    if actor.staff is None or actor.staff.staff_id == staff_id:
        return
    for to in (await news.reach(session, [staff_id])).values():
        key = f"duty:{staff_id}:{actor.channel}:{actor.account}:{actor.event_id}"
        await conversations.tell(session, to=to, key=key, text=text, priority=Priority.WORK, now=now)


# ---------------------------------------------------------------- going off duty


async def go_off(session: Session, actor: Actor, *, now: datetime) -> bool:
    """End one's own duty now; False when one was not on duty. Raises `NotAllowed`."""
    if actor.staff is None:
        raise NotAllowed
    staff_id = actor.staff.staff_id
    await _locked(session, staff_id)
    rows = await session.execute(
        select(Duty.starts_at, Duty.ends_at).where(Duty.staff_id == staff_id, Duty.starts_at <= now, Duty.ends_at > now)
    )
    present = [Stretch(*row) for row in rows]
    cut = [left for one in present for left in without([one], Stretch(now, one.ends_at))]
    return await _keep(session, actor, staff_id, present, cut)


# ---------------------------------------------------------------- stranded work


async def rescue(session: Session, *, staff_id: int, now: datetime, policies: Policies) -> int:
    """Let the work of somebody who has left or can't be reached go on; return how many tickets that were."""
    if staff_id not in await passing.stranded(session):  # he is back, or another replica was quicker
        return 0
    staff = await session.get(Staff, staff_id)
    if staff is None:
        return 0
    policy = await policies.of(session, staff.community_id)
    why = "unreachable" if staff.active else "left"
    return await passing.hand_on_all(session, staff_id=staff_id, now=now, policy=policy, why=why)


def span(stretch: Stretch, zone: ZoneInfo) -> T:
    """Word a stretch of duty: a whole day, or from when to when; the day of the end only where it is another one."""
    first, last = stretch.starts_at.astimezone(zone), stretch.ends_at.astimezone(zone)
    if (first.time(), last.time(), last.date() - first.date()) == (time(0), time(0), timedelta(days=1)):
        return T("duty.the_day", day=When(stretch.starts_at, Style.DAY))
    style = Style.CLOCK if first.date() == last.date() else Style.NEAR
    return T("duty.span", start=When(stretch.starts_at), end=When(stretch.ends_at, style))
