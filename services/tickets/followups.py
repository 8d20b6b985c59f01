"""Calls that are owed to owners after the end: who makes them, by when, what they brought."""

from __future__ import annotations

from datetime import datetime, timedelta

from services import people, timers
from services.actors import Actor
from services.db import Session
from services.messages import Choice, T, Text, When, lines
from services.models import FollowUp, Ticket
from services.phones import readable
from services.refusals import NotFound
from services.settings import Policy
from services.tickets import dispatch, news

SUBJECT = "follow_up"


async def plan(
    session: Session,
    ticket: Ticket,
    *,
    staff_id: int | None,
    about: Text,
    now: datetime,
    policy: Policy,
    survey_id: int | None = None,
) -> FollowUp:
    """Let somebody call the owner, and tell him why and by when; with nobody to do it the call stays open."""
    row = FollowUp(
        community_id=ticket.community_id,
        ticket_id=ticket.id,
        survey_id=survey_id,
        staff_id=staff_id,
        due_at=now + timedelta(hours=policy.surveys.follow_up_hours),
        outcome="",
        created_at=now,
    )
    session.add(row)
    await session.flush()
    if staff_id is not None:
        phone = readable(ticket.requester_phone) if ticket.shows_number else ""
        whom = T("staff.follow_up.by", name=ticket.requester_name, phone=phone, by=When(row.due_at))
        rows = [[Choice(T("do.followed_up"), f"f:done:{row.id}")]]
        tag = f":{SUBJECT}{row.id}"
        await news.to_staff(session, ticket, [staff_id], lines(about, whom), rows=rows, now=now, tag=tag)
        await timers.set_once(
            session,
            key=f"{SUBJECT}:{row.id}:due",
            kind="follow_up.due",
            subject=SUBJECT,
            subject_id=row.id,
            due_at=row.due_at,
            community_id=row.community_id,
        )
    return row


async def overdue(session: Session, *, follow_up_id: int, now: datetime) -> None:
    """Tell everybody who leads that a promised call was not made."""
    row = await session.get(FollowUp, follow_up_id)
    if row is None or row.done_at is not None:
        return
    ticket = await session.get(Ticket, row.ticket_id)
    if ticket is None:
        return
    leads = await dispatch.leads_of(session, ticket, now=now)
    name = await people.staff_name(session, row.staff_id)
    text = T("staff.follow_up.overdue", number=ticket.number, name=name)
    await news.to_staff(session, ticket, [c.staff_id for c in leads], text, now=now, tag=f":overdue{row.id}")


async def done(session: Session, actor: Actor, *, follow_up_id: int, outcome: str, now: datetime) -> FollowUp:
    """Write down what the call brought; raises `NotFound`."""
    row = await session.get(FollowUp, follow_up_id)
    if row is None or row.community_id != actor.community_id or not (actor.is_lead or _owes(actor, row)):
        raise NotFound
    if row.done_at is None:
        row.done_at, row.outcome = now, outcome
        await timers.cancel(session, subject=SUBJECT, subject_id=row.id)
    return row


def _owes(actor: Actor, row: FollowUp) -> bool:
    return actor.staff is not None and actor.staff.staff_id == row.staff_id
