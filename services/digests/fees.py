"""The morning's line of fees: what landed, how much of the month is paid, who promised, why the rest is not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.actors import Actor, House
from services.db import Session
from services.digests import periods
from services.dunning import rates
from services.dunning.rates import Sums
from services.messages import Cents, T, joined

BETWEEN = " \u00b7 "
WHY = timedelta(days=30)  # reasons are counted so far back


@dataclass(frozen=True, slots=True)
class Fees:
    """What one estate's morning is told of its fees."""

    yesterday: int  # cents that landed
    month: Sums
    year_ago: Sums  # the same month until the same day
    promised: int
    reason: str


async def gather(session: Session, actor: Actor, *, house: House, now: datetime) -> Fees | None:
    """Look it up for somebody who may see what was collected; else None."""
    if not rates.may_see(actor, house.id):
        return None
    yesterday = periods.day_of(now, house.zone, ago=1)
    today = now.astimezone(house.zone).date()
    first = today.replace(day=1)
    then = first.replace(year=first.year - 1)
    found = await rates.parts(session, actor, months=[first])
    before = await rates.parts(session, actor, months=[then], before=then + (today - first) + timedelta(days=1))
    why = await rates.reasons(session, actor, since=now - WHY, until=now)
    return Fees(
        yesterday=await rates.landed(session, actor, since=yesterday.starts_at, until=yesterday.ends_at),
        month=rates.total([part for part in found if part.community_id == house.id]),
        year_ago=rates.total([part for part in before if part.community_id == house.id]),
        promised=await rates.promised_for(session, actor, day=today),
        reason=why[0][0] if why else "",
    )


def line(found: Fees | None) -> T | None:
    """Say it in a line; nothing of nothing."""
    if found is None:
        return None
    parts = [
        T("digest.fees.day", cents=Cents(found.yesterday)) if found.yesterday else None,
        _month(found),
        T("digest.fees.promised", count=found.promised) if found.promised else None,
        T("digest.fees.reason", reason=T(f"arrears.{found.reason}")) if found.reason else None,
    ]
    said = [part for part in parts if part is not None]
    return T("digest.fees", parts=joined(said, BETWEEN)) if said else None


def _month(found: Fees) -> T | None:
    if found.month.share is None:
        return None
    if found.year_ago.share is None:
        return T("digest.fees.month", percent=found.month.percent)
    return T("digest.fees.month_before", percent=found.month.percent, before=found.year_ago.percent)
