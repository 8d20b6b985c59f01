"""When nobody is dunned: at night, in the nap, in the days of the Spring Festival. Pure but for the lunar calendar."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from services.calendar import QuietHours
from services.fee_settings import Dunning

BEFORE, DAYS = 1, 7  # New Year's Eve, and the first seven days
DAY = timedelta(days=1)


def until(at: datetime, figures: Dunning, zone: ZoneInfo) -> datetime:
    """Return when somebody may be dunned again, or the moment itself when he may be now."""
    hours = (
        QuietHours(zone, figures.night_starts, figures.night_ends),
        QuietHours(zone, figures.nap_starts, figures.nap_ends),
    )
    while True:
        later = max(quiet.until(at) for quiet in hours)
        day = later.astimezone(zone).date()
        if is_festival(day):
            later = datetime.combine(day + DAY, time(), zone).astimezone(at.tzinfo)
        if later == at:
            return at
        at = later


def is_festival(day: date) -> bool:
    """Whether a day is from New Year's Eve of the lunar year to its seventh day."""
    first = _new_year(day.year)
    return first is not None and first - BEFORE * DAY <= day < first + DAYS * DAY


@cache
def _new_year(year: int) -> date | None:
    """Ask the library, which is heavy: it is loaded when the first question comes."""
    from holidays.calendars.chinese import _ChineseLunisolar  # noqa: PLC0415

    found, _ = _ChineseLunisolar().lunar_new_year_date(year)
    return found
