"""What happens to finished tickets when the owner stays silent: a warning, then closing."""

from __future__ import annotations

from datetime import datetime

from services import actors, houses
from services.db import Session
from services.messages import T
from services.settings import Policy
from services.tickets import engine, finding, news
from services.tickets.rules import Action, State
from services.tickets.telling import tap

CLOSER = "autoclose"


async def warn_of_closing(session: Session, *, ticket_id: int, now: datetime, policy: Policy) -> None:
    """Say in advance that silence closes the ticket."""
    ticket = await finding.locked(session, ticket_id=ticket_id)
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
    ticket = await finding.locked(session, ticket_id=ticket_id)
    if ticket is None or ticket.state != State.DONE:
        return
    house = await houses.by_id(session, community_id=ticket.community_id)
    closer = actors.system(CLOSER, Action.CLOSE, house=house)
    await engine.act(session, closer, Action.CLOSE, ticket=ticket, now=now, policy=policy)
