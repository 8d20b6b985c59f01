"""What an incident cost the homes: told, not reached, lost, settled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from services import incidents, places, publishing
from services.actors import Actor
from services.db import Session, upsert
from services.messages import T
from services.models import Incident, IncidentHousehold, Unit
from services.refusals import NotFound


@dataclass(frozen=True, slots=True)
class Home:
    """A home of an incident with its row."""

    unit: Unit
    row: IncidentHousehold


async def homes(session: Session, incident: Incident) -> Sequence[Home]:
    """Return the homes of an incident, by building, entrance, room; who may see it has been asked before."""
    rows = await session.execute(
        select(Unit, IncidentHousehold)
        .join(IncidentHousehold, IncidentHousehold.unit_id == Unit.id)
        .where(IncidentHousehold.incident_id == incident.id)
        .order_by(Unit.building, Unit.entrance, Unit.room, Unit.id)
    )
    return [Home(unit, row) for unit, row in rows.all()]


async def report(
    session: Session,
    actor: Actor,
    *,
    incident_id: int,
    unit_id: int,
    words: str,
    media: Sequence[int],
    now: datetime,
) -> Incident:
    """Write down what a home lost, said by who lives there or taken down by the desk. Raises `NotFound`."""
    incident = await session.get(Incident, incident_id, with_for_update=True)
    if incident is None or incident.community_id != actor.community_id:
        raise NotFound
    own = unit_id in {home.unit_id for home in actor.here}
    if not (own or actor.is_front) or not await publishing.is_affected(session, incident, unit_id=unit_id):
        raise NotFound
    row = publishing.household(incident_id, unit_id)
    await upsert(session, IncidentHousehold, row, on=("incident_id", "unit_id"), change={"unit_id": unit_id})
    known = await _row(session, incident_id, unit_id)
    said = [*([known.loss_words] if known.loss_words else []), words]
    known.loss_words, known.loss_at = "\n".join(said), now
    known.loss_media = list(dict.fromkeys([*known.loss_media, *media]))
    await session.flush()
    if own and not actor.is_front:
        unit = await session.get_one(Unit, unit_id)
        place = places.unit_label(unit)
        text = T("staff.incident_loss", number=incident.id, place=place, words=words)
        await publishing.to_staff(session, incident, [incident.staff_id], text, now=now)
    return incident


async def settle(
    session: Session, actor: Actor, *, incident_id: int, unit_id: int, cents: int, words: str, now: datetime
) -> IncidentHousehold:
    """Write down what was agreed on with a home; raises `NotFound`."""
    await incidents.find(session, actor, incident_id=incident_id, lock=True)
    row = await _row(session, incident_id, unit_id)
    row.settled_cents, row.settled_words, row.settled_at = cents, words, now
    row.settled_by = actor.staff.staff_id if actor.staff else None
    await session.flush()
    return row


async def _row(session: Session, incident_id: int, unit_id: int) -> IncidentHousehold:
    found = (
        await session.scalars(
            select(IncidentHousehold)
            .where(IncidentHousehold.incident_id == incident_id, IncidentHousehold.unit_id == unit_id)
            .execution_options(populate_existing=True)
        )
    ).one_or_none()
    if found is None:
        raise NotFound
    return found
