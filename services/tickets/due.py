"""What happens to tickets when their time comes: nobody said yes, the owner is silent."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from services import actors, houses, people
from services.catalog import Kind
from services.db import Session
from services.messages import Choice, T, When
from services.models import Ticket
from services.settings import Policy
from services.tickets import dispatch, engine, news
from services.tickets.dispatch import Need
from services.tickets.effects import tap
from services.tickets.rules import Action, State

CLOSER = "autoclose"
MOST_OFFERED = 2


async def _locked(session: Session, ticket_id: int) -> Ticket | None:
    return (
        await session.scalars(select(Ticket).where(Ticket.id == ticket_id).with_for_update(key_share=True))
    ).one_or_none()


async def unaccepted(session: Session, *, ticket_id: int, now: datetime) -> None:
    """Nobody said yes in time: who leads hears it, with the people who could be sent."""
    ticket = await _locked(session, ticket_id)
    if ticket is None or ticket.state not in {State.OPEN, State.ASSIGNED}:
        return
    leads = await dispatch.leads(session, community_id=ticket.community_id, now=now)
    on_duty = [c.staff_id for c in leads if c.on_duty] or [c.staff_id for c in leads]
    team = "engineering" if ticket.kind == Kind.REPAIR else ticket.team
    others = await dispatch.candidates(session, community_id=ticket.community_id, team=team, now=now)
    offered = [c for c in dispatch.ranked(others, Need("")) if c.on_duty and c.staff_id != ticket.holder_id]
    rows = [
        [
            Choice(T("do.send", name=c.name, count=c.open_work), f"t:send:{ticket.id}:{c.staff_id}")
            for c in offered[:MOST_OFFERED]
        ],
        [tap(ticket, "accept")],
    ]
    name = await people.staff_name(session, ticket.holder_id)
    text = T(
        "staff.unaccepted" if name else "staff.undispatched",
        number=ticket.number,
        place=ticket.place,
        matter=ticket.matter,
        name=name,
        since=When(ticket.created_at),
    )
    await news.to_staff(session, ticket, on_duty, text, rows=rows, now=now, tag=":unaccepted")


async def warn_of_closing(session: Session, *, ticket_id: int, now: datetime, policy: Policy) -> None:
    """Say in advance that silence closes the ticket."""
    ticket = await _locked(session, ticket_id)
    if ticket is None or ticket.state != State.DONE:
        return
    left = policy.tickets.autoclose_days - policy.tickets.autoclose_warn_days
    if left <= 0:
        return
    await news.to_owner(
        session,
        ticket,
        T("news.closing_soon", number=ticket.number, matter=ticket.matter, days=left),
        rows=[[tap(ticket, "owner_accepts"), tap(ticket, "owner_returns")]],
        now=now,
        tag=":closing",
    )


async def close_by_silence(session: Session, *, ticket_id: int, now: datetime, policy: Policy) -> None:
    """Close what the owner never answered; it counts as no answer, never as satisfied."""
    ticket = await _locked(session, ticket_id)
    if ticket is None or ticket.state != State.DONE:
        return
    house = await houses.by_id(session, community_id=ticket.community_id)
    closer = actors.system(CLOSER, Action.CLOSE, house=house)
    await engine.act(session, closer, Action.CLOSE, ticket=ticket, now=now, policy=policy)
