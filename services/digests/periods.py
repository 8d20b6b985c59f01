"""Days, weeks and months of an estate's zone as stretches of time, and when the next round of a kind is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.stretches import Stretch

A_DAY, A_WEEK = timedelta(days=1), timedelta(days=7)
DECEMBER = 12


def at(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """Return a moment of a local day."""
    return datetime.combine(day, clock, zone).astimezone(UTC)


def day_of(now: datetime, zone: ZoneInfo, *, ago: int = 0) -> Stretch:
    """Return the local day of a moment, or the one so many days before it."""
    first = now.astimezone(zone).date() - timedelta(days=ago)
    return Stretch(at(first, time(0), zone), at(first + A_DAY, time(0), zone))


def week_before(now: datetime, zone: ZoneInfo, *, ago: int = 0) -> Stretch:
    """Return the last whole week, Monday to Sunday, or one so many weeks before it."""
    today = now.astimezone(zone).date()
    monday = today - timedelta(days=today.weekday()) - A_WEEK * ago
    return Stretch(at(monday - A_WEEK, time(0), zone), at(monday, time(0), zone))


def month(year: int, number: int, zone: ZoneInfo) -> Stretch:
    """Return a month."""
    following = date(year + 1, 1, 1) if number == DECEMBER else date(year, number + 1, 1)
    return Stretch(at(date(year, number, 1), time(0), zone), at(following, time(0), zone))


def month_before(now: datetime, zone: ZoneInfo) -> Stretch:
    """Return the last whole month."""
    last = now.astimezone(zone).date().replace(day=1) - A_DAY
    return month(last.year, last.month, zone)


def same_before(span: Stretch, zone: ZoneInfo) -> Stretch:
    """Return the period before one: the month before a month, else as many days."""
    first = span.starts_at.astimezone(zone)
    if month(first.year, first.month, zone) == span:
        return month_before(span.starts_at, zone)
    days = (span.ends_at.astimezone(zone).date() - first.date()).days
    return Stretch(at(first.date() - timedelta(days=days), time(0), zone), span.starts_at)


def weeks_up_to(span: Stretch, zone: ZoneInfo, *, count: int) -> list[Stretch]:
    """Return so many stretches of seven days, the last of which ends with the period, oldest first."""
    last = span.ends_at.astimezone(zone).date()
    ends = [last - A_WEEK * ago for ago in reversed(range(count))]
    return [Stretch(at(end - A_WEEK, time(0), zone), at(end, time(0), zone)) for end in ends]


def night_before(now: datetime, zone: ZoneInfo, *, starts: time, ends: time) -> Stretch:
    """Return the night that a morning follows, from closing time to opening time."""
    today = now.astimezone(zone).date()
    return Stretch(at(today if starts < ends else today - A_DAY, starts, zone), at(today, ends, zone))


def next_daily(now: datetime, zone: ZoneInfo, clock: time) -> datetime:
    """Return when it is that time next."""
    today = now.astimezone(zone).date()
    first = at(today, clock, zone)
    return first if first > now else at(today + A_DAY, clock, zone)


def next_weekly(now: datetime, zone: ZoneInfo, weekday: int, clock: time) -> datetime:
    """Return when it is that time of that weekday next; Monday is 0."""
    today = now.astimezone(zone).date()
    day = today + timedelta(days=(weekday - today.weekday()) % 7)
    first = at(day, clock, zone)
    return first if first > now else at(day + A_WEEK, clock, zone)


def next_monthly(now: datetime, zone: ZoneInfo, day: int, clock: time) -> datetime:
    """Return when it is that time of that day of the month next."""
    today = now.astimezone(zone).date()
    first = at(today.replace(day=day), clock, zone)
    if first > now:
        return first
    following = (today.replace(day=1) + timedelta(days=32)).replace(day=day)
    return at(following, clock, zone)


def next_of_months(now: datetime, zone: ZoneInfo, months: Sequence[int], day: int, clock: time) -> datetime:
    """Return when it is that time of that day of one of the months next."""
    return next(moment for moment in _of_months(now, zone, months, day, clock) if moment > now)


def last_of_months(now: datetime, zone: ZoneInfo, months: Sequence[int], day: int, clock: time) -> datetime:
    """Return when it was so last before a moment."""
    return max(moment for moment in _of_months(now, zone, months, day, clock) if moment < now)


def _of_months(now: datetime, zone: ZoneInfo, months: Sequence[int], day: int, clock: time) -> Sequence[datetime]:
    """Return those of the year of a moment, and of the years around it, in order."""
    year = now.astimezone(zone).year
    return [at(date(one, month, day), clock, zone) for one in (year - 1, year, year + 1) for month in sorted(months)]
