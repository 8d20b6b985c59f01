"""What holds dunning up: a matter before finance, a promise, a visit agreed, hardship, a related open complaint."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import func, or_, select

from services.catalog import Kind
from services.db import Session
from services.models import Bill, DunningAttempt, Occupancy, Promise, Sparing, Ticket, Unit
from services.money.matters import paused_bills
from services.money.standing import OPEN
from services.tickets.rules import State

ENDED = (State.CLOSED, State.CANCELLED, State.MERGED)
BEFORE = timedelta(days=120)  # a bill is due so long after its period began, at the most, when that is not told

__all__ = ["paused_bills", "spared"]


async def spared(session: Session, *, homes: Sequence[int], now: datetime) -> frozenset[int]:
    """Return the homes that are not dunned at all for now."""
    promised = select(Promise.unit_id).where(Promise.unit_id.in_(homes), Promise.state == "open")
    relieved = select(Sparing.unit_id).where(
        Sparing.unit_id.in_(homes), Sparing.ended_at.is_(None), or_(Sparing.until.is_(None), Sparing.until > now)
    )
    met = select(DunningAttempt.unit_id).where(
        DunningAttempt.unit_id.in_(homes), DunningAttempt.state == "task", DunningAttempt.visit_until > now
    )
    found = set((await session.scalars(promised.union(relieved, met))).all())
    return frozenset(found | await _complaining(session, homes))


async def _complaining(session: Session, homes: Sequence[int]) -> set[int]:
    """Return the homes with an open complaint that may be why they don't pay.

    It is of somebody who lives there, about this home or none, filed since the period of the oldest open bill began.
    """
    about = func.coalesce(Unit.attached_to, Unit.id)
    complaints = await session.execute(
        select(Occupancy.unit_id, Ticket.created_at)
        .join(Ticket, Ticket.requester_id == Occupancy.person_id)
        .outerjoin(Unit, Unit.id == Ticket.unit_id)
        .where(
            Occupancy.unit_id.in_(homes),
            Occupancy.status == "active",
            Ticket.kind == Kind.COMPLAINT,
            Ticket.state.not_in(ENDED),
            or_(Ticket.unit_id.is_(None), about == Occupancy.unit_id),
        )
    )
    filed = [(home, at.date()) for home, at in complaints]
    since = await _since(session, [home for home, _ in filed]) if filed else {}
    return {home for home, on in filed if on >= since.get(home, on)}


async def _since(session: Session, homes: Sequence[int]) -> dict[int, date]:
    """Return for each home the day on which the period of its oldest open bill began, as far as that is known."""
    home = func.coalesce(Unit.attached_to, Unit.id)
    rows = await session.execute(
        select(home, func.min(Bill.from_on), func.min(Bill.due_on))
        .join(Unit, Unit.id == Bill.unit_id)
        .where(or_(Unit.id.in_(homes), Unit.attached_to.in_(homes)), OPEN, Bill.payer_id.is_(None))
        .group_by(home)
    )
    return {home_id: min(due_on - BEFORE, from_on or date.max) for home_id, from_on, due_on in rows}
