"""Whom a complaint is about, as far as its words tell: an employee by name or badge, a team, neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from services.actors import Actor
from services.db import Session
from services.models import Holding, Person, Staff, Ticket
from services.tickets.apart import NOBODY_NAMED, About
from services.understanding import vocabulary
from services.understanding.teams import team_in

CONDUCT = "staff_conduct"  # the category of complaints about people who work here
LATELY = timedelta(days=30)
MOST_OFFERED = 3


async def named(session: Session, *, community_id: int, text: str, conduct: bool) -> About:
    """Return whom the words name; a team only where `conduct`, how people behave, is the matter."""
    staff_id = await _employee(session, community_id, text)
    if staff_id is not None:
        return About(staff_id=staff_id)
    return About(team=team_in(text)) if conduct else NOBODY_NAMED


async def _employee(session: Session, community_id: int, text: str) -> int | None:
    """Return the only employee whose badge or whole name stands in the words."""
    rows = await session.execute(
        select(Staff.id, Person.name, Staff.badge)
        .join(Person, Person.id == Staff.person_id)
        .where(Staff.community_id == community_id, Staff.active)
    )
    everybody = rows.all()
    badges = {
        (first or second).lstrip("0")
        for first, second in vocabulary.shipped().regex("complaints", "badge").findall(text)
    }
    by_badge = {row.id for row in everybody if row.badge and row.badge.lstrip("0") in badges}
    by_name = {row.id for row in everybody if len(row.name) > 1 and row.name in text}
    for found in (by_badge, by_name):
        if len(found) == 1:
            return int(next(iter(found)))
    return None


async def lately_with(session: Session, actor: Actor, *, now: datetime) -> Sequence[int]:
    """Return who worked on the person's tickets of the last weeks, the latest first: one of them may be meant."""
    if actor.person_id is None:
        return []
    rows = await session.scalars(
        select(Holding.staff_id)
        .join(Ticket, Ticket.id == Holding.ticket_id)
        .where(
            Ticket.requester_id == actor.person_id,
            Ticket.community_id == actor.community_id,
            Holding.since > now - LATELY,
        )
        .order_by(Holding.since.desc(), Holding.id.desc())
    )
    return list(dict.fromkeys(rows))[:MOST_OFFERED]
