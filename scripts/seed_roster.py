"""The roster of the demo's estate: everybody on duty for the days to come."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from datetime import time as clock
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from scripts.register import Register
from services.db import Session, insert_once
from services.models import Community, Duty, Staff

NIGHT = (clock(20, 0), clock(8, 0))
ENOUGH_DAYS = 200  # the roster is carried on when less is left


async def carry_on(session: Session, book: Register, community: Community, *, now: datetime) -> None:
    """Put everybody on duty for the days to come, unless there is enough roster left."""
    zone = ZoneInfo(community.zone)
    nights = {person.badge for person in book.staff if person.nights}
    known = {person.badge for person in book.staff}
    last = select(func.max(Duty.ends_at)).where(Duty.staff_id == Staff.id).scalar_subquery()
    staff = await session.execute(
        select(Staff.id, Staff.badge, last).where(Staff.community_id == community.id, Staff.badge.in_(known))
    )
    today = now.astimezone(zone).date()
    rows: list[dict[str, object]] = []
    for staff_id, badge, until in staff.all():
        if until is not None and until - now > timedelta(days=ENOUGH_DAYS):
            continue
        first = today if until is None else max(today, until.astimezone(zone).date())
        spans = _nights if badge in nights else _whole
        for starts_at, ends_at in spans(first, book.roster_days, zone):
            row = {"staff_id": staff_id, "starts_at": starts_at, "ends_at": ends_at}
            rows.append({"community_id": community.id, **row})
    if rows:
        await insert_once(session, Duty, rows)


def _whole(first: date, days: int, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """Yield one stretch, around the clock."""
    yield (
        datetime.combine(first, clock(0, 0), zone),
        datetime.combine(first + timedelta(days=days), clock(0, 0), zone),
    )


def _nights(first: date, days: int, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """Yield a stretch per night, beginning with the one that the first day begins in."""
    for ahead in range(-1, days):
        day = first + timedelta(days=ahead)
        yield (
            datetime.combine(day, NIGHT[0], zone),
            datetime.combine(day + timedelta(days=1), NIGHT[1], zone),
        )
