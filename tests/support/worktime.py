"""Scenes of working time for property tests: a calendar, moments where something happens, and pauses."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from services.calendar import Break, Period, WorkCalendar
from services.calendars import Days, calendars
from services.hours import read
from services.settings import Policy

SHANGHAI = ZoneInfo("Asia/Shanghai")
ZONES = (SHANGHAI, *map(ZoneInfo, ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe")))
# Days around which clocks change in one of the zones, and Chinese make-up days of 2026.
LIVELY = (
    *(date(2026, 3, 8), date(2026, 3, 29), date(2026, 4, 5), date(2026, 10, 4), date(2026, 10, 25), date(2026, 11, 1)),
    *(
        date(2026, 2, 14),
        date(2026, 2, 28),
        date(2026, 5, 9),
        date(2026, 9, 20),
        date(2026, 10, 10),
        date(2026, 12, 31),
    ),
)

DAY = (Period(time(8, 30), time(12, 0)), Period(time(14, 0), time(18, 0)))
NIGHT = (Period(time(22, 0), time(6, 0)),)
ROUND_THE_CLOCK = (Period(time(0, 0), time(0, 0)),)
EARLY = (Period(time(1, 30), time(3, 30)),)
HABITS = tuple(
    read(text).week
    for text in (
        "08:30-21:00 daily",
        "08:30-12:00 13:30-17:30 workdays",
        "02:15-02:45 daily",
        "22:00-06:00 fri,sat",
        "23:30-00:30 mon-fri",
    )
)

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Scene:
    """A calendar, three moments in order, some working time, and pauses."""

    calendar: WorkCalendar
    first: datetime
    second: datetime
    third: datetime
    working: timedelta
    more: timedelta
    breaks: tuple[Break, ...]


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    """Scenes around one day, so that holidays, pauses, clock changes and moments come together."""
    day = draw(st.sampled_from(LIVELY) | st.dates(date(2026, 1, 2), date(2027, 1, 10)))
    calendar = draw(made(day) | shipped())
    first, second, third = sorted(draw(moments(calendar, day)) for _ in range(3))
    pauses = [
        sorted((draw(moments(calendar, day)), draw(moments(calendar, day)))) for _ in range(draw(st.integers(0, 3)))
    ]
    return Scene(
        calendar,
        first,
        second,
        third,
        draw(amounts()),
        draw(amounts()),
        tuple(Break(start, end) for start, end in pauses),
    )


@st.composite
def made(draw: st.DrawFn, day: date) -> WorkCalendar:
    """A calendar of any habit and zone, with holidays and make-up days about a day."""
    near = st.integers(-4, 10).map(lambda count: day + timedelta(days=count))
    loose = st.lists(st.sampled_from([(), DAY, NIGHT, ROUND_THE_CLOCK, EARLY]), min_size=7, max_size=7).map(tuple)
    week = draw(st.sampled_from(HABITS) | loose.filter(any))
    holidays = draw(st.frozensets(near, max_size=4))
    extra: Container[date] = draw(st.frozensets(near, max_size=4)) - holidays
    extra_hours = draw(st.sampled_from([(), DAY, NIGHT]))
    return WorkCalendar(draw(st.sampled_from(ZONES)), week, holidays, extra, extra_hours)


def shipped() -> st.SearchStrategy[WorkCalendar]:
    """The calendars that the shipped figures make, in every zone."""
    return st.sampled_from([calendars(Policy(), zone).of(days) for zone in ZONES for days in Days])


@st.composite
def moments(draw: st.DrawFn, calendar: WorkCalendar, day: date) -> datetime:
    """A moment about a day: any, or exactly at (or right beside) an opening, a closing, or midnight."""
    about = day + timedelta(days=draw(st.integers(-3, 8)))
    edges = [time(0), *(clock for period in calendar.hours(about) for clock in period)]
    clock = draw(st.sampled_from(edges) | st.times())
    local = datetime.combine(about, clock.replace(fold=draw(st.integers(0, 1))), calendar.zone)
    return local.astimezone(UTC) + draw(st.sampled_from([timedelta(0), timedelta(0), _MICROSECOND, -_MICROSECOND]))


def amounts() -> st.SearchStrategy[timedelta]:
    """Working time to add: whole half hours, which end at openings and closings, or any."""
    return st.integers(0, 120).map(lambda count: count * timedelta(minutes=30)) | st.timedeltas(
        timedelta(0), timedelta(hours=90)
    )
