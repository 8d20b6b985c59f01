"""Money lands, and what somebody said of having paid is settled by it: nobody need look for it any more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from services.db import Session
from services.models import Allocation, Matter, Payment, Unit
from services.money import landed, matters
from services.money.matters import UNANSWERED, About


async def close(session: Session, *, unit_ids: Sequence[int], now: datetime) -> int:
    """Close what was said of the units' bills that are paid now: finance and who said it hear so. Return how many.

    Whoever calls holds the units, and has just written money down for them.
    """
    spaces = select(Unit.attached_to).where(Unit.id.in_(unit_ids), Unit.attached_to.is_not(None))
    beside = select(Unit.id).where(Unit.attached_to.in_(unit_ids))
    its = Matter.unit_id.in_(unit_ids) | Matter.unit_id.in_(spaces) | Matter.unit_id.in_(beside)
    said = select(Matter).where(its, Matter.kind == About.PAID, Matter.state.in_(UNANSWERED)).order_by(Matter.id)
    count = 0
    for matter in (await session.scalars(said.with_for_update(key_share=True))).all():
        if await matters.is_paid(session, matter):
            await _close(session, matter, now)
            count += 1
    return count


async def _close(session: Session, matter: Matter, now: datetime) -> None:
    matter.state, matter.answer, matter.answered_at = "answered", "found", now
    await session.flush()
    await matters.close_questions(session, matter)
    await matters.tell_asked(session, matter, now=now)
    paid = select(Payment).join(Allocation, Allocation.payment_id == Payment.id)
    its = Allocation.bill_id.in_(matter.given.get("bills", ())), Allocation.cents > 0
    payment = (await session.scalars(paid.where(*its).order_by(Payment.id.desc()).limit(1))).first()
    if payment is not None:  # once: a file of payments tells nobody else, the till and the page have told
        await landed.tell(session, payment, await session.get_one(Unit, payment.unit_id), now=now)
