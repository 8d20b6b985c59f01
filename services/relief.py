"""What a shift leaves behind, with the last word about each, and who comes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import aliased

from services import inlined
from services.actors import Actor, Membership
from services.db import Session
from services.models import Content, Duty, History, Person, Staff, Ticket
from services.tickets import dispatch, finding
from services.tickets.rules import IN_HAND, Action, State

SOON = timedelta(hours=2)
MOST_ITEMS = 30
MOST_COMING = 8
CONTROL_ROOM = ("desk", "security")  # by night the control room keeps the desk: they relieve each other
SPOKEN = (Action.NOTE, Action.ASK, Action.ANSWER, Action.TELL, Action.DONE, Action.OWNER_RETURNS, Action.GIVE_BACK)


@dataclass(frozen=True, slots=True)
class Coming:
    """A colleague who may take over: on duty now, soon, later or not at all."""

    staff_id: int
    name: str
    badge: str
    starts_at: datetime | None
    soon: bool
    on_duty: bool


async def left_open(session: Session, actor: Actor, *, now: datetime) -> Sequence[Ticket]:
    """Return what the employee hands over: his own tickets; of the desk also what nobody holds or what is overdue."""
    staff = actor.staff
    if staff is None:
        return []
    if not _keeps_the_desk(actor, staff):
        return await finding.in_hand(session, staff_id=staff.staff_id)
    holder = aliased(Staff)
    found = await session.scalars(
        select(Ticket)
        .outerjoin(holder, holder.id == Ticket.holder_id)
        .where(
            Ticket.community_id == staff.community_id,
            inlined.outside(Ticket.state, dispatch.ENDED),  # as the index says it
            inlined.among(Ticket.state, tuple(sorted(IN_HAND))),
            or_(Ticket.holder_id.is_(None), holder.team.in_(_teams(actor, staff)), _overdue(now)),
            finding.seen_by(actor),
        )
        .order_by(_overdue(now).desc(), Ticket.due_at.nulls_last(), Ticket.id)
        .limit(MOST_ITEMS)
    )
    return found.all()


def _keeps_the_desk(actor: Actor, staff: Membership) -> bool:
    return actor.is_front or staff.team in CONTROL_ROOM


def _teams(actor: Actor, staff: Membership) -> Sequence[str]:
    """Return whose shifts the employee's is one of."""
    return CONTROL_ROOM if staff.team in CONTROL_ROOM and not actor.is_lead else (staff.team,)


def _overdue(now: datetime) -> ColumnElement[bool]:
    return func.coalesce(Ticket.due_at < now, False) & ~inlined.equal(Ticket.state, State.PAUSED)


async def last_words(session: Session, ticket_ids: Sequence[int]) -> Mapping[int, str]:
    """Return for each ticket the last thing that was said about it, where anything was."""
    rows = await session.execute(
        select(History.ticket_id, Content.words)
        .join(Content, Content.id == History.content_id)
        .where(History.ticket_id.in_(ticket_ids), History.action.in_(SPOKEN), Content.words != "")
        .order_by(History.ticket_id, History.seq)
    )
    return {ticket_id: words for ticket_id, words in rows if words}


async def coming(session: Session, actor: Actor, *, now: datetime) -> Sequence[Coming]:
    """Return who of the team may take over: who begins soon first, then who is on duty now, then the others."""
    staff = actor.staff
    if staff is None:
        return []
    starts = select(func.min(Duty.starts_at)).where(Duty.staff_id == Staff.id, Duty.starts_at > now).scalar_subquery()
    until = (
        select(func.max(Duty.ends_at))
        .where(Duty.staff_id == Staff.id, Duty.starts_at <= now, Duty.ends_at > now)
        .scalar_subquery()
    )
    rows = await session.execute(
        select(Staff.id, Person.name, Staff.badge, starts, until)
        .join(Person, Person.id == Staff.person_id)
        .where(Staff.community_id == staff.community_id, Staff.active, Staff.id != staff.staff_id)
        .where(Staff.team.in_(_teams(actor, staff)))
        .order_by(Staff.id)
    )
    found = [
        Coming(row[0], row[1], row[2], row[3], row[3] is not None and row[3] <= now + SOON, row[4] is not None)
        for row in rows
    ]
    return sorted(found, key=lambda one: _rank(one, now))[:MOST_COMING]


def _rank(one: Coming, now: datetime) -> tuple[int, datetime, int]:
    nearness = 0 if one.soon and not one.on_duty else 1 if one.on_duty else 2 if one.starts_at is not None else 3
    return nearness, one.starts_at if one.starts_at is not None and not one.on_duty else now, one.staff_id
