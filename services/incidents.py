"""Incidents, planned or not: something that many homes have at once, said at once to whoever reports it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, or_, select

from services import loading, publishing, timers
from services.actors import LIVED_IN, Actor
from services.db import Session, upsert
from services.messages import T, When
from services.models import Building, Incident, IncidentHousehold, Unit, table_of
from services.publishing import MAIN, Stage, where
from services.refusals import NotAllowed, NotFound, Refused
from services.sqltypes import Moment

CATEGORIES = ("water_off", "power_off", "lift", "gas", "heating_air", "signal", "drains", "plumbing", "other")
OVERRUN = "incident.overrun"
AGAIN = timedelta(hours=2)
MOST = 10
SOON = timedelta(minutes=15)  # what begins later was planned


class IncidentOver(Refused):
    """It has ended already."""

    key = "refused.incident_over"


class BadTimes(Refused):
    """It ends before it begins, or has ended already."""

    key = "refused.incident_times"
    ends = False


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What is told of an incident: what, where, from when until when, in whose words."""

    categories: Sequence[str]
    buildings: Sequence[str]  # none: the whole estate
    from_at: datetime
    until_at: datetime | None
    words: str


async def begin(session: Session, actor: Actor, *, told: News, now: datetime) -> Incident:
    """Open an incident and begin to tell the homes; raises `Refused`."""
    staff = actor.staff
    if not actor.is_front or staff is None:
        raise NotAllowed
    _in_order(told.from_at, told.until_at, now)
    incident = Incident(
        community_id=staff.community_id,
        categories=list(told.categories),
        buildings=list(told.buildings),
        planned=told.from_at > now + SOON,
        from_at=told.from_at,
        until_at=told.until_at,
        words=told.words,
        revision=0,
        staff_id=staff.staff_id,
        created_at=now,
    )
    session.add(incident)
    await session.flush()
    await _told(session, incident, Stage.START, now)
    return incident


async def change(
    session: Session, actor: Actor, *, incident_id: int, until_at: datetime | None, words: str, now: datetime
) -> Incident:
    """Say another time, or other words; raises `Refused`."""
    incident = await _running(session, actor, incident_id)
    _in_order(incident.from_at, until_at, now)
    incident.until_at, incident.words = until_at, words or incident.words
    await _told(session, incident, Stage.CHANGE, now)
    return incident


async def end(session: Session, actor: Actor, *, incident_id: int, words: str, now: datetime) -> Incident:
    """Say that it is over; raises `Refused`."""
    incident = await _running(session, actor, incident_id)
    incident.ended_at = now
    await timers.cancel(session, subject=MAIN, subject_id=incident.id, kinds=(OVERRUN,))
    await publishing.begin(session, incident, stage=Stage.END, words=words, now=now)
    return incident


def _in_order(from_at: datetime, until_at: datetime | None, now: datetime) -> None:
    if until_at is not None and until_at <= max(from_at, now):
        raise BadTimes


async def _told(session: Session, incident: Incident, stage: Stage, now: datetime) -> None:
    await publishing.begin(session, incident, stage=stage, words=incident.words, now=now)
    if incident.until_at is None:
        await timers.cancel(session, subject=MAIN, subject_id=incident.id, kinds=(OVERRUN,))
        return
    await _look_at(session, incident, incident.until_at)


async def _look_at(session: Session, incident: Incident, due_at: datetime) -> None:
    await timers.move(
        session,
        key=f"{OVERRUN}:{incident.id}",
        kind=OVERRUN,
        subject=MAIN,
        subject_id=incident.id,
        due_at=due_at,
        community_id=incident.community_id,
    )


async def overrun(session: Session, *, incident_id: int, now: datetime) -> None:
    """Its time has passed and nobody said that it is over: who opened it is asked, and asked again."""
    incident = await session.get(Incident, incident_id)
    if incident is None or incident.ended_at is not None or incident.until_at is None:
        return
    text = T("staff.incident_overrun", number=incident.id, where=where(incident), until=When(incident.until_at))
    await publishing.to_staff(session, incident, [incident.staff_id], text, verbs=("end", "change"), now=now)
    await _look_at(session, incident, now + AGAIN)


async def find(session: Session, actor: Actor, *, incident_id: int, lock: bool = False) -> Incident:
    """Return an incident of the desk's community; raises `NotFound`."""
    statement = select(Incident).where(Incident.id == incident_id, Incident.community_id == actor.community_id)
    found = (await session.scalars(statement.with_for_update() if lock else statement)).one_or_none()
    if found is None or not actor.is_front:
        raise NotFound
    return found


async def _running(session: Session, actor: Actor, incident_id: int) -> Incident:
    incident = await find(session, actor, incident_id=incident_id, lock=True)
    if incident.ended_at is not None:
        raise IncidentOver(number=incident.id)
    return incident


async def listed(session: Session, actor: Actor) -> Sequence[Incident]:
    """Return the newest incidents, for the desk."""
    if not actor.is_front:
        raise NotAllowed
    found = await session.scalars(
        select(Incident).where(Incident.community_id == actor.community_id).order_by(Incident.id.desc()).limit(MOST)
    )
    return found.all()


async def holding(
    session: Session, *, community_id: int, categories: Sequence[str], buildings: Sequence[str], now: datetime
) -> Incident | None:
    """Return the newest incident that holds now in one of the buildings, of one of the categories (none: of any)."""
    asked = {"community_id": community_id, "now": now}
    found = await loading.objects(session, _holding(), asked, Incident)
    return next((one for one in found if _fits(one, categories, buildings)), None)


@cache
def _holding() -> Select[Any]:
    incident = table_of(Incident).c
    running = incident.community_id == bindparam("community_id"), incident.ended_at.is_(None)
    begun = incident.from_at <= bindparam("now", type_=Moment)
    return select(table_of(Incident)).where(*running, begun).order_by(incident.id.desc())


def _fits(incident: Incident, categories: Sequence[str], buildings: Sequence[str]) -> bool:
    matter = not categories or set(categories) & set(incident.categories)
    place = not incident.buildings or set(buildings) & set(incident.buildings)
    return bool(matter and place)


async def noted(session: Session, incident: Incident, *, unit_id: int | None, now: datetime) -> None:
    """Keep that a home has asked and was answered."""
    if unit_id is None or not await publishing.is_affected(session, incident, unit_id=unit_id):
        return
    row = {**publishing.household(incident.id, unit_id), "asked_at": now}
    await upsert(session, IncidentHousehold, row, on=("incident_id", "unit_id"), change={"asked_at": now})


async def building_names(session: Session, *, community_id: int) -> Sequence[str]:
    """Return how the estate's buildings are called."""
    listed_ones = select(Building.name).where(Building.community_id == community_id)
    of_house = Unit.community_id == community_id, Unit.kind.in_(sorted(LIVED_IN))
    lived_in = select(Unit.building).where(*of_house).distinct()
    names: set[Any] = {*(await session.scalars(listed_ones)), *(await session.scalars(lived_in))}
    return sorted(names, key=lambda name: (len(name), name))


async def latest_at(session: Session, actor: Actor, *, now: datetime, within: timedelta) -> Incident | None:
    """Return the newest incident that one of somebody's homes had lately, still or until a while ago."""
    found = await session.scalars(
        select(Incident)
        .where(
            Incident.community_id == actor.community_id,
            Incident.from_at <= now,
            or_(Incident.ended_at.is_(None), Incident.ended_at > now - within),
        )
        .order_by(Incident.id.desc())
        .limit(MOST)
    )
    mine = tuple(home.building for home in actor.here)
    return next((one for one in found if mine and _fits(one, (), mine)), None)
