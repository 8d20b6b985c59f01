"""Whether the sums kept beside the rows are what the rows come to, for a community or all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from services.db import Session
from services.models import Adjustment, Allocation, Bill, Payment


@dataclass(frozen=True, slots=True)
class Totals:
    """What a community's books come to, in cents."""

    charged: int
    adjusted: int
    paid_in: int  # less what went back
    allocated: int
    free: int

    @property
    def open(self) -> int:
        """Give what is still to be paid."""
        return self.charged + self.adjusted - self.allocated

    @property
    def balanced(self) -> bool:
        """Whether every cent that came in is either on a bill or free."""
        return self.paid_in == self.allocated + self.free


async def totals(session: Session, *, community_id: int) -> Totals:
    """Return a community's sums."""
    bills = select(func.sum(Bill.cents), func.sum(Bill.adjusted_cents)).where(Bill.community_id == community_id)
    charged, adjusted = (await session.execute(bills)).one()
    money = select(func.sum(Payment.cents), func.sum(Payment.free_cents)).where(Payment.community_id == community_id)
    paid_in, free = (await session.execute(money)).one()
    spent = select(func.sum(Allocation.cents)).where(Allocation.community_id == community_id)
    allocated = await session.scalar(spent)
    return Totals(*(int(cents or 0) for cents in (charged, adjusted, paid_in, allocated, free)))


async def wrong_bills(session: Session, *, community_id: int) -> Sequence[int]:
    """Return the ids of bills whose sums are not those of their rows, or that were paid more than is due."""
    paid = select(func.coalesce(func.sum(Allocation.cents), 0)).where(Allocation.bill_id == Bill.id)
    adjusted = select(func.coalesce(func.sum(Adjustment.cents), 0)).where(Adjustment.bill_id == Bill.id)
    wrong = (
        (Bill.paid_cents != paid.correlate(Bill).scalar_subquery())
        | (Bill.adjusted_cents != adjusted.correlate(Bill).scalar_subquery())
        | (Bill.paid_cents > Bill.cents + Bill.adjusted_cents)
        | ((Bill.paid_cents == Bill.cents + Bill.adjusted_cents) != Bill.paid_at.is_not(None))
    )
    found = select(Bill.id).where(Bill.community_id == community_id, wrong).order_by(Bill.id)
    return (await session.scalars(found)).all()


async def wrong_payments(session: Session, *, community_id: int) -> Sequence[int]:
    """Return the ids of payments of which more or less is spent than came in and stayed."""
    root = func.coalesce(Payment.reverses_id, Payment.id)
    spent = (
        select(func.coalesce(Payment.reverses_id, Payment.id).label("root"), func.sum(Allocation.cents).label("cents"))
        .join(Allocation, Allocation.payment_id == Payment.id)
        .where(Payment.community_id == community_id)
        .group_by(func.coalesce(Payment.reverses_id, Payment.id))
        .subquery()
    )
    kept = (
        select(root.label("root"), func.sum(Payment.cents - Payment.free_cents).label("cents"))
        .where(Payment.community_id == community_id)
        .group_by(root)
        .subquery()
    )
    found = (
        select(kept.c.root)
        .outerjoin(spent, spent.c.root == kept.c.root)
        .where(kept.c.cents != func.coalesce(spent.c.cents, 0))
        .order_by(kept.c.root)
    )
    return (await session.scalars(found)).all()
