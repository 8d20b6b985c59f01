"""Working time and quiet hours: two pure types that know zones, holidays, pauses and clock changes."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import NamedTuple
from zoneinfo import ZoneInfo

HORIZON = timedelta(days=3660)  # further away nobody plans: a guard against calendars that never open
ZERO = timedelta(0)
DAY = timedelta(days=1)
WEEKDAYS = 7


class CalendarError(ValueError):
    """The calendar can't answer: it is never open, contradicts itself, or the time has no zone."""


class Period(NamedTuple):
    """Local opening hours; an end not after its start is on the next day, so 00:00 to 00:00 is all day."""

    start: time
    end: time


class Span(NamedTuple):
    """A stretch of real time, from start up to but not including end, in UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Break:
    """A pause of a clock: no working time passes from start to end."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        """Refuse a pause without a zone or with its ends swapped."""
        if _utc(self.end) < _utc(self.start):
            raise CalendarError(f"a break cannot end ({self.end}) before it starts ({self.start})")


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """When somebody works: hours per weekday (Monday first), days off, and make-up working days.

    A make-up day has the hours of `extra_hours`, or else of the first working weekday; a day that is both off and
    made up is off. Days are a set, or whatever tells by `in` without an end. Times in and out are aware; results
    are in UTC.
    """

    zone: ZoneInfo
    week: tuple[tuple[tuple[time, time], ...], ...]
    holidays: Container[date] = frozenset()
    extra_days: Container[date] = frozenset()
    extra_hours: tuple[tuple[time, time], ...] = ()

    def __post_init__(self) -> None:
        """Refuse a calendar that is never open or says two things about one day."""
        if len(self.week) != WEEKDAYS:
            raise CalendarError(f"a week has 7 lists of hours, found {len(self.week)}")
        if not any(self.week):
            raise CalendarError("a calendar needs hours on at least one weekday, found none")
        if isinstance(self.extra_days, frozenset):
            both = min((day for day in self.extra_days if day in self.holidays), default=None)
            if both:
                raise CalendarError(f"{both} is both a holiday and a make-up working day")

    def add(self, start: datetime, working: timedelta, breaks: Sequence[Break] = ()) -> datetime:
        """Find the moment when this much working time has passed; no time has passed at the start itself."""
        if working < ZERO:
            raise CalendarError(f"working time to add must not be negative, found {working}")
        left = working
        if not left:
            return _utc(start)
        for span in self._open(start, _utc(start) + HORIZON, breaks):
            if left <= span.end - span.start:
                return span.start + left
            left -= span.end - span.start
        raise CalendarError(f"{working} of working time does not pass within {HORIZON.days} days of {start}")

    def between(self, start: datetime, end: datetime, breaks: Sequence[Break] = ()) -> timedelta:
        """Count the working time between two moments; none when the end is not after the start."""
        if _utc(end) - _utc(start) > HORIZON:
            raise CalendarError(f"{start} and {end} are more than {HORIZON.days} days apart")
        return sum((span.end - span.start for span in self._open(start, end, breaks)), ZERO)

    def next_open(self, at: datetime) -> datetime:
        """Find the first working moment, which is now when it is open."""
        for span in self._open(at, _utc(at) + HORIZON, ()):
            return span.start
        raise CalendarError(f"nothing opens within {HORIZON.days} days of {at}")

    def is_open(self, at: datetime) -> bool:
        """Tell whether this moment is working time; the closing moment is not."""
        moment = _utc(at)
        return any(True for _ in self._open(moment, moment + timedelta(microseconds=1), ()))

    def closing(self, start: datetime, days: int = 0) -> datetime:
        """Find the last closing moment of a working day: of the one that `start` falls in, or so many further on.

        A start after the day's last closing, or on a day off, counts from the next working day; one at the very
        closing still belongs to its day. So three working days from Friday, with a weekend between, end on Wednesday:
        `office.closing(friday_at_ten, 3)` is Wednesday 17:30, and so is `office.closing(thursday_evening, 3)`.
        """
        if days < 0:
            raise CalendarError(f"working days to go must not be negative, found {days}")
        for closing in islice(self._closings(_utc(start)), days, None):
            return closing
        raise CalendarError(f"{days} working days do not pass within {HORIZON.days} days of {start}")

    def hours(self, day: date) -> tuple[tuple[time, time], ...]:
        """Give the local hours that begin on a day."""
        if day in self.holidays:
            return ()
        if day in self.extra_days:
            return self.extra_hours or next(hours for hours in self.week if hours)
        return self.week[day.weekday()]

    def _closings(self, start: datetime) -> Iterator[datetime]:
        """Walk the closing moments of days from a moment on; a day that ends within the one before it is none."""
        latest = start - datetime.resolution
        day = start.astimezone(self.zone).date() - DAY
        for _ in range(HORIZON.days):
            ends = [span.end for span in self._spans(day) if span.start < span.end]
            if ends and max(ends) > latest:
                latest = max(ends)
                yield latest
            day += DAY

    def _spans(self, day: date) -> list[Span]:
        return sorted(_span(self.zone, day, *period) for period in self.hours(day))

    def _open(self, start: datetime, end: datetime, breaks: Sequence[Break]) -> Iterator[Span]:
        """Walk the working spans between two moments, in order, without overlaps, less the breaks."""
        position, limit = _utc(start), _utc(end)
        pauses = sorted((_utc(pause.start), _utc(pause.end)) for pause in breaks)
        day = position.astimezone(self.zone).date() - DAY
        last = limit.astimezone(self.zone).date()
        while day <= last:
            for begins, ends in self._spans(day):
                span = Span(max(begins, position), min(ends, limit))
                if span.start < span.end:
                    position = span.end
                    yield from _without(span, pauses)
            day += DAY


@dataclass(frozen=True, slots=True)
class QuietHours:
    """The local hours in which nobody is written to; equal times mean never quiet."""

    zone: ZoneInfo
    start: time
    end: time

    def until(self, at: datetime) -> datetime:
        """Give the end of the quiet that holds at a moment, or the moment itself when it is not quiet."""
        moment = _utc(at)
        if self.start == self.end:
            return at
        today = moment.astimezone(self.zone).date()
        nights = (_span(self.zone, day, self.start, self.end) for day in (today - DAY, today))
        return next((night.end for night in nights if night.start <= moment < night.end), at)


def _span(zone: ZoneInfo, day: date, start: time, end: time) -> Span:
    """Put local hours of a day on the real line; an hour that the clock repeats is counted twice."""
    closing = day if end > start else day + DAY
    return Span(
        datetime.combine(day, start.replace(fold=0), zone).astimezone(UTC),
        datetime.combine(closing, end.replace(fold=1), zone).astimezone(UTC),
    )


def _without(span: Span, pauses: Sequence[tuple[datetime, datetime]]) -> Iterator[Span]:
    """Cut sorted pauses out of a span."""
    position = span.start
    for begins, ends in pauses:
        if position < min(begins, span.end):
            yield Span(position, min(begins, span.end))
        position = max(position, ends)
    if position < span.end:
        yield Span(position, span.end)


def _utc(moment: datetime) -> datetime:
    """Bring an aware moment to UTC and refuse a naive one."""
    if moment.tzinfo is None:
        raise CalendarError(f"a time needs a zone, found {moment}")
    return moment.astimezone(UTC)
