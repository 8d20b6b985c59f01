"""What is due and why, for those who may see amounts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, select

from services.actors import Actor
from services.db import Session
from services.models import Bill
from services.refusals import NotAllowed, Refused


class NeedsProof(Refused):
    """Amounts are named only to somebody proven; a sender's number can be forged."""

    key = "refused.needs_proof"


async def due(session: Session, actor: Actor) -> Sequence[Bill]:
    """Return the unpaid bills of the actor's units here, earliest first; raises `NeedsProof`."""
    if not actor.sees_amounts:
        raise NeedsProof(phone=actor.house.phone if actor.house else "")
    return (
        await session.scalars(
            select(Bill)
            .where(
                Bill.community_id == actor.community_id,
                Bill.unit_id.in_([home.unit_id for home in actor.here]),
                Bill.paid_cents < Bill.cents,
            )
            .order_by(Bill.unit_id, Bill.due_on, Bill.id)
        )
    ).all()


async def arrears(session: Session, actor: Actor, *, unit_id: int, today: date) -> int:
    """Return what a unit has not paid in time, in cents, for the desk alone; raises `NotAllowed`."""
    if not actor.is_front:
        raise NotAllowed
    late = Bill.community_id == actor.community_id, Bill.unit_id == unit_id, Bill.due_on < today
    owed = select(func.coalesce(func.sum(Bill.cents - Bill.paid_cents), 0)).where(*late, Bill.paid_cents < Bill.cents)
    return int(await session.scalar(owed) or 0)
