"""Cases that a public office forwards 转办单: its own number, and clocks in real hours."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from services import timers
from services.db import Session
from services.messages import Choice, T, When, plain
from services.models import OutsideCase, Ticket
from services.refusals import Refused
from services.tickets import dispatch, finding, news
from services.tickets.deeds import Deed
from services.tickets.requests import Outside
from services.tickets.rules import OVER, Action

SUBJECT = "outside_case"
REACHES = frozenset({Action.CALLED, Action.TELL, Action.ASK, Action.ARRIVED, Action.DONE})


class KnownCase(Refused):
    """The office's number was taken down before."""

    key = "refused.known_case"


class NotForwarded(Refused):
    """There is no office to reply to."""

    key = "refused.not_forwarded"


async def see_new(session: Session, *, community_id: int, outside: Outside) -> None:
    """See that an office's case was not taken down before; raises `KnownCase`."""
    number = await session.scalar(
        select(Ticket.number)
        .join(OutsideCase, OutsideCase.ticket_id == Ticket.id)
        .where(
            OutsideCase.community_id == community_id,
            OutsideCase.office == outside.office,
            OutsideCase.number == outside.number,
        )
    )
    if number is not None:
        raise KnownCase(outside=outside.number, number=number)


async def keep(session: Session, deed: Deed, outside: Outside) -> None:
    """Keep an office's case and set its clock."""
    ticket = deed.ticket
    row = OutsideCase(
        community_id=ticket.community_id,
        ticket_id=ticket.id,
        office=outside.office,
        number=outside.number,
        contact_due_at=outside.contact_by,
        due_at=outside.reply_by,
    )
    session.add(row)
    await session.flush()
    warn = outside.reply_by - timedelta(hours=deed.policy.complaints.warn_hours)
    for kind, at in (("outside.warn", max(warn, deed.now)), ("outside.due", outside.reply_by)):
        await timers.set_once(
            session,
            key=f"{kind}:{row.id}",
            kind=kind,
            subject=SUBJECT,
            subject_id=row.id,
            due_at=at,
            community_id=row.community_id,
        )


async def case_of(session: Session, ticket: Ticket) -> OutsideCase | None:
    """Return the office's case behind a ticket, if it was forwarded."""
    if ticket.source != "forwarded":
        return None
    return (await session.scalars(select(OutsideCase).where(OutsideCase.ticket_id == ticket.id))).one_or_none()


async def reached(session: Session, deed: Deed) -> None:
    """Note that the owner of a forwarded case was spoken to, the first time."""
    if deed.action not in REACHES or deed.actor.staff is None:
        return
    case = await case_of(session, deed.ticket)
    if case is not None and case.contacted_at is None:
        case.contacted_at = deed.now


async def remind(session: Session, *, case_id: int, now: datetime, over: bool) -> None:
    """Tell who holds a forwarded case, and who leads, that its reply is due or overdue; nothing once it went back."""
    case = await session.get(OutsideCase, case_id)
    ticket = await finding.locked(session, ticket_id=case.ticket_id) if case is not None else None
    if case is None or ticket is None or case.replied_at is not None:
        return
    leads = await dispatch.leads_of(session, ticket, now=now)
    told = {one.staff_id for one in leads if one.on_duty or over} or {one.staff_id for one in leads}
    told |= {ticket.holder_id} if ticket.holder_id is not None and ticket.state not in OVER else set()
    text = T(
        "staff.outside_over" if over else "staff.outside_due",
        number=ticket.number,
        office=T(f"office.{case.office}"),
        outside=case.number,
        by=When(case.due_at),
        matter=plain(ticket.matter),
    )
    rows = [
        [Choice(T("do.reply_outside"), f"t:reply_outside:{ticket.id}"), Choice(T("do.view"), f"t:view:{ticket.id}")]
    ]
    tag = ":outside_over" if over else ":outside_due"
    await news.to_staff(session, ticket, sorted(told), text, rows=rows, now=now, tag=tag)
