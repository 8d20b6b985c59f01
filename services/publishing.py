"""An incident told to the homes that it is about: unit by unit in chunks, one message per person and revision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, func, select

from services import conversations, outbox, people, timers
from services.actors import LIVED_IN
from services.db import Session, upsert
from services.messages import Channel, Choice, T, Text, When, lines, plain, window_end
from services.models import Incident, IncidentHousehold, Occupancy, Unit
from services.outbox import Priority, To

AT_ONCE, BY_DAY = "incident.publish", "incident.publish_by_day"
MAIN = "incident"
CHUNK = 40  # units


class Stage(StrEnum):
    """What is told."""

    START = "start"
    CHANGE = "change"
    END = "end"


async def begin(session: Session, incident: Incident, *, stage: Stage, words: str, now: datetime) -> None:
    """Begin to tell all homes; what was still to be told of before is not told any more."""
    await timers.cancel(session, subject=MAIN, subject_id=incident.id, kinds=(AT_ONCE, BY_DAY))
    await outbox.cancel(session, key_prefix=f"{MAIN}:{incident.id}:")
    incident.revision += 1
    await session.flush()
    given = {"stage": stage, "words": words, "revision": incident.revision, "after": 0}
    await _go_on(session, incident, given, now)


async def _go_on(session: Session, incident: Incident, given: Mapping[str, Any], now: datetime) -> None:
    """Set the timer: what was planned, and what is over, wakes nobody."""
    kind = BY_DAY if incident.planned or given["stage"] == Stage.END else AT_ONCE
    await timers.move(
        session,
        key=f"{kind}:{incident.id}:{given['revision']}",
        kind=kind,
        subject=MAIN,
        subject_id=incident.id,
        due_at=now,
        community_id=incident.community_id,
        given=dict(given),
    )


async def publish(session: Session, *, incident_id: int, given: Mapping[str, Any], now: datetime) -> None:
    """Tell the next homes; a newer revision makes an older one stop."""
    incident = await session.get(Incident, incident_id)
    if incident is None or incident.revision != given["revision"]:
        return
    units = (
        await session.scalars(_homes(incident).where(Unit.id > given["after"]).order_by(Unit.id).limit(CHUNK))
    ).all()
    living = await _living(session, [unit.id for unit in units])
    reached = await people.addresses_of(session, sorted({person for persons in living.values() for person in persons}))
    for unit in units:
        ways = [reached[person] for person in living.get(unit.id, ()) if person in reached]
        await _keep(session, incident, unit, ways, now)
    for person_id, to in reached.items():
        await _say(session, incident, person_id, to, given, now)
    if len(units) == CHUNK:
        await _go_on(session, incident, {**given, "after": units[-1].id}, now)


def _homes(incident: Incident) -> Select[Any]:
    return _units(incident.community_id, incident.buildings)


def _units(community_id: int, buildings: Sequence[str]) -> Select[Any]:
    homes = select(Unit).where(Unit.community_id == community_id, Unit.kind.in_(sorted(LIVED_IN)))
    return homes.where(Unit.building.in_(buildings)) if buildings else homes


async def count(session: Session, *, community_id: int, buildings: Sequence[str]) -> int:
    """Return how many homes there are in the buildings."""
    homes = _units(community_id, buildings).subquery()
    return await session.scalar(select(func.count()).select_from(homes)) or 0


async def is_affected(session: Session, incident: Incident, *, unit_id: int) -> bool:
    """Whether a home lies where the incident is."""
    return await session.scalar(_homes(incident).where(Unit.id == unit_id)) is not None


async def _living(session: Session, unit_ids: Sequence[int]) -> Mapping[int, Sequence[int]]:
    rows = await session.execute(
        select(Occupancy.unit_id, Occupancy.person_id)
        .where(Occupancy.unit_id.in_(unit_ids), Occupancy.status == "active")
        .order_by(Occupancy.id)
    )
    found: dict[int, list[int]] = {}
    for unit_id, person_id in rows.all():
        found.setdefault(unit_id, []).append(person_id)
    return found


def household(incident_id: int, unit_id: int) -> dict[str, Any]:
    """Return the row of a home of which nothing is known yet."""
    return {"incident_id": incident_id, "unit_id": unit_id, "told_how": "", "loss_media": []}


async def _keep(session: Session, incident: Incident, unit: Unit, ways: Sequence[To], now: datetime) -> None:
    told = {"told_at": now, "told_how": ways[0].channel} if ways else {"told_at": None, "told_how": ""}
    row = {**household(incident.id, unit.id), **told}
    await upsert(session, IncidentHousehold, row, on=("incident_id", "unit_id"), change=told)


async def _say(
    session: Session, incident: Incident, person_id: int, to: To, given: Mapping[str, Any], now: datetime
) -> None:
    by_sms = to.channel == Channel.SMS
    lost = () if incident.planned or by_sms else [[Choice(T("do.loss"), f"go:loss:{incident.id}")]]
    await conversations.tell(
        session,
        to=to,
        key=f"{MAIN}:{incident.id}:{given['revision']}:{person_id}",
        text=worded(incident, Stage(given["stage"]), given["words"], short=by_sms),
        rows=lost,
        priority=Priority.NOTICE,
        person_id=person_id,
        now=now,
    )


def worded(incident: Incident, stage: Stage, words: str, *, short: bool) -> Text:
    """Say what, where, when; by text message without more words."""
    name = "planned" if stage is Stage.START and incident.planned else stage.value
    known = "" if stage is Stage.END or incident.until_at is not None else ".open"
    text = T(f"incident.{name}{known}", what=what(incident), where=where(incident), **times(incident))
    return lines(text, plain(words) if words and not short else None)


def times(incident: Incident) -> dict[str, Any]:
    """Return from when and until when, as a text is given them."""
    start, end = incident.from_at, incident.until_at
    return {"start": When(start), "end": window_end(start, end) if end is not None else None}


def what(incident: Incident) -> T:
    """Name the matters."""
    return _and([T(f"incident.what.{key}") for key in incident.categories])


def where(incident: Incident) -> T:
    """Name the buildings."""
    if not incident.buildings:
        return T("incident.everywhere")
    return T("incident.buildings", names=_and([plain(name) for name in incident.buildings]))


def _and(parts: Sequence[T]) -> T:
    """Put names in a row, as the reader's language does."""
    first, *others = parts
    return T("incident.and", one=first, more=_and(others)) if others else first


async def to_staff(
    session: Session,
    incident: Incident,
    staff_ids: Sequence[int],
    text: Text,
    *,
    now: datetime,
    verbs: Sequence[str] = (),
) -> None:
    """Tell employees something about an incident, with what they may do next, or else the way to it."""
    ways = [Choice(T(f"do.incident_{verb}"), f"go:incident:{incident.id} {verb}") for verb in verbs]
    for staff_id, to in (await people.addresses_of_staff(session, staff_ids)).items():
        await conversations.tell(
            session,
            to=to,
            key=f"{MAIN}-staff:{incident.id}:{staff_id}:{now.isoformat()}",
            text=text,
            rows=[ways or [Choice(T("do.incident"), f"go:incident:{incident.id}")]],
            priority=Priority.WORK,
            now=now,
        )
