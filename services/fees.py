"""What is due and why, for those who may see amounts."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from services.actors import Actor
from services.db import Session
from services.models import Bill
from services.refusals import Refused


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
