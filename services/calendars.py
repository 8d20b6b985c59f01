"""The calendars of a community: who works when, by its figures and its country's holidays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, time
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from zoneinfo import ZoneInfo

from services import hours, publicdays
from services.calendar import WEEKDAYS, Period, WorkCalendar
from services.catalog import Department
from services.settings import Calendars as Figures
from services.settings import Policy

DEVELOPER = "developer"
ROUND_THE_CLOCK = (Period(time(0), time(0)),)


class Days(StrEnum):
    """In whose working time a deadline is counted."""

    ALWAYS = "always"
    DESK = "desk"
    ENGINEERS = "engineers"
    OFFICE = "office"


DEPARTMENT_DAYS: Mapping[str, Days] = MappingProxyType(
    {
        Department.ENGINEERING: Days.ENGINEERS,
        Department.DESK: Days.DESK,
        Department.SECURITY: Days.DESK,
        Department.CLEANING: Days.DESK,
        Department.GREENING: Days.DESK,
        Department.FINANCE: Days.OFFICE,
        DEVELOPER: Days.OFFICE,
    }
)


@dataclass(frozen=True, slots=True)
class Calendars:
    """The calendars that a community's deadlines are counted in."""

    by_days: Mapping[Days, WorkCalendar]

    def of(self, days: Days) -> WorkCalendar:
        """Return a calendar."""
        return self.by_days[days]


@dataclass(frozen=True, slots=True)
class DaysOff:
    """Public holidays of any year, and the community's own days; its word counts more than the country's."""

    country: str
    region: str
    own: frozenset[date]
    worked: frozenset[date]

    def __contains__(self, day: object) -> bool:
        if not isinstance(day, date) or day in self.worked:
            return False
        return day in self.own or day in publicdays.of(self.country, self.region, day.year).off


@dataclass(frozen=True, slots=True)
class MakeUpDays:
    """Weekend days of any year on which the country or the community works."""

    country: str
    region: str
    own: frozenset[date]

    def __contains__(self, day: object) -> bool:
        if not isinstance(day, date):
            return False
        return day in self.own or day in publicdays.of(self.country, self.region, day.year).worked


def calendars(policy: Policy, zone: ZoneInfo) -> Calendars:
    """Return the calendars that a community works by; made once for the same figures and zone."""
    return _made(policy.calendars, zone)


@lru_cache(maxsize=64)
def _made(figures: Figures, zone: ZoneInfo) -> Calendars:
    made = {
        Days.ALWAYS: WorkCalendar(zone, (ROUND_THE_CLOCK,) * WEEKDAYS),
        Days.DESK: _calendar(figures, zone, figures.desk),
        Days.ENGINEERS: _calendar(figures, zone, figures.engineers),
        Days.OFFICE: _calendar(figures, zone, figures.office, bound=True),
    }
    return Calendars(MappingProxyType(made))


def _calendar(figures: Figures, zone: ZoneInfo, text: str, *, bound: bool = False) -> WorkCalendar:
    """Make one calendar; those that say "workdays" are bound by holidays as the office always is."""
    read = hours.read(text)
    made = WorkCalendar(zone, read.week)
    if not bound and not read.bound:
        return made
    off, extra = frozenset(figures.days_off), frozenset(figures.extra_days)
    return replace(
        made,
        holidays=DaysOff(figures.country, figures.region, off, extra),
        extra_days=MakeUpDays(figures.country, figures.region, extra),
    )
