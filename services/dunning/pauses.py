"""What holds dunning up: a matter before finance, a promise, hardship, an open complaint of the household."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select

from services.catalog import Kind
from services.db import Session
from services.models import Occupancy, Promise, Sparing, Ticket
from services.money.matters import paused_bills
from services.tickets.rules import State

ENDED = (State.CLOSED, State.CANCELLED, State.MERGED)

__all__ = ["paused_bills", "spared"]


async def spared(session: Session, *, homes: Sequence[int], now: datetime) -> frozenset[int]:
    """Return the homes that are not dunned at all for now."""
    promised = select(Promise.unit_id).where(Promise.unit_id.in_(homes), Promise.state == "open")
    relieved = select(Sparing.unit_id).where(
        Sparing.unit_id.in_(homes), Sparing.ended_at.is_(None), or_(Sparing.until.is_(None), Sparing.until > now)
    )
    complains = (
        select(Occupancy.unit_id)
        .join(Ticket, Ticket.requester_id == Occupancy.person_id)
        .where(
            Occupancy.unit_id.in_(homes),
            Occupancy.status == "active",
            Ticket.kind == Kind.COMPLAINT,
            Ticket.state.not_in(ENDED),
        )
    )
    return frozenset((await session.scalars(promised.union(relieved, complains))).all())
