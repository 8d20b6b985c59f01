"""Working time: two inverse functions, across lunch, holidays, pauses, midnight and clock changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from services.calendar import HORIZON, Break, CalendarError, QuietHours, WorkCalendar

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
MICROSECOND = timedelta(microseconds=1)

DAY = ((time(8, 30), time(12, 0)), (time(14, 0), time(18, 0)))
NIGHT = ((time(22, 0), time(6, 0)),)
ROUND_THE_CLOCK = ((time(0, 0), time(0, 0)),)
EARLY = ((time(1, 30), time(3, 30)),)


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    """Read a local time."""
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def office(
    holidays: frozenset[date] = frozenset(),
    extra_days: frozenset[date] = frozenset(),
) -> WorkCalendar:
    """Monday to Friday with a lunch break."""
    return WorkCalendar(SHANGHAI, (DAY,) * 5 + ((), ()), holidays, extra_days)


days = st.dates(date(2026, 3, 1), date(2026, 11, 15))
moments = st.datetimes(datetime(2026, 3, 1), datetime(2026, 11, 15), timezones=st.just(UTC))  # noqa: DTZ001
amounts = st.timedeltas(timedelta(0), timedelta(hours=90))


@st.composite
def calendars(draw: st.DrawFn) -> WorkCalendar:
    """Calendars of several zones and habits, with holidays and make-up days."""
    zone = draw(st.sampled_from([SHANGHAI, BERLIN, ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")]))
    week = draw(st.lists(st.sampled_from([(), DAY, NIGHT, ROUND_THE_CLOCK, EARLY]), min_size=7, max_size=7))
    assume(any(week))
    holidays = draw(st.frozensets(days, max_size=4))
    extra = draw(st.frozensets(days, max_size=4))
    return WorkCalendar(zone, tuple(week), holidays, extra - holidays)


@st.composite
def pauses(draw: st.DrawFn) -> tuple[Break, ...]:
    """A few pauses, which may overlap."""
    starts = draw(st.lists(moments, max_size=3))
    lengths = [draw(st.timedeltas(timedelta(0), timedelta(days=6))) for _ in starts]
    return tuple(Break(start, start + length) for start, length in zip(starts, lengths, strict=True))


@given(calendars(), moments, amounts, pauses())
@settings(max_examples=150, deadline=None)
def test_the_time_between_a_start_and_its_deadline_is_what_was_added(
    calendar: WorkCalendar, start: datetime, working: timedelta, breaks: tuple[Break, ...]
) -> None:
    deadline = calendar.add(start, working, breaks)
    assert calendar.between(start, deadline, breaks) == working


@given(calendars(), moments, amounts, pauses())
@settings(max_examples=150, deadline=None)
def test_adding_the_time_between_comes_back_to_any_working_moment(
    calendar: WorkCalendar, start: datetime, length: timedelta, breaks: tuple[Break, ...]
) -> None:
    end = start + length
    again = calendar.add(start, calendar.between(start, end, breaks), breaks)
    assert again <= end
    if calendar.between(end - MICROSECOND, end, breaks) and length:
        assert again == end


@given(calendars(), moments, amounts, amounts, pauses())
@settings(max_examples=100, deadline=None)
def test_time_is_added_in_any_number_of_steps_and_never_backwards(
    calendar: WorkCalendar, start: datetime, first: timedelta, second: timedelta, breaks: tuple[Break, ...]
) -> None:
    middle = calendar.add(start, first, breaks)
    end = calendar.add(middle, second, breaks)
    assert start <= middle <= end
    assert calendar.between(start, end, breaks) == first + second
    if second:
        assert end == calendar.add(start, first + second, breaks)


@given(calendars(), st.lists(moments, min_size=3, max_size=3).map(sorted), pauses())
@settings(max_examples=50, deadline=None)
def test_the_time_between_adds_up(calendar: WorkCalendar, three: list[datetime], breaks: tuple[Break, ...]) -> None:
    first, second, third = three
    whole = calendar.between(first, third, breaks)
    assert whole == calendar.between(first, second, breaks) + calendar.between(second, third, breaks)
    assert calendar.between(third, first, breaks) == timedelta(0)


@given(calendars(), moments)
@settings(max_examples=100, deadline=None)
def test_the_next_opening_is_open_and_not_before_now(calendar: WorkCalendar, moment: datetime) -> None:
    opening = calendar.next_open(moment)
    assert opening >= moment
    assert calendar.is_open(opening)
    assert calendar.is_open(moment) == (opening == moment)


def test_a_deadline_may_fall_exactly_on_closing_time() -> None:
    assert office().add(at("2026-04-08T14:00"), timedelta(hours=4)) == at("2026-04-08T18:00")


def test_lunch_and_the_weekend_do_not_count() -> None:
    assert office().add(at("2026-04-10T11:00"), timedelta(hours=5, minutes=30)) == at("2026-04-13T09:00")
    assert office().between(at("2026-04-10T11:00"), at("2026-04-13T09:00")) == timedelta(hours=5, minutes=30)


def test_a_holiday_is_closed_and_a_make_up_sunday_has_the_hours_of_a_working_day() -> None:
    calendar = office(holidays=frozenset({date(2026, 4, 6)}), extra_days=frozenset({date(2026, 4, 5)}))
    assert not calendar.is_open(at("2026-04-06T10:00"))
    assert calendar.is_open(at("2026-04-05T10:00"))
    assert calendar.add(at("2026-04-05T17:00"), timedelta(hours=2)) == at("2026-04-07T09:30")


def test_a_make_up_day_may_have_hours_of_its_own() -> None:
    short = WorkCalendar(
        SHANGHAI,
        (DAY,) * 5 + ((), ()),
        extra_days=frozenset({date(2026, 4, 5)}),
        extra_hours=((time(9), time(12)),),
    )
    assert not short.is_open(at("2026-04-05T15:00"))


def test_a_pause_moves_the_deadline_by_the_working_time_it_covers() -> None:
    waiting = Break(at("2026-04-08T11:00"), at("2026-04-08T15:00"))
    assert office().add(at("2026-04-08T10:00"), timedelta(hours=2), (waiting,)) == at("2026-04-08T16:00")


def test_the_night_in_which_the_clock_goes_forward_is_an_hour_shorter() -> None:
    always = WorkCalendar(BERLIN, (ROUND_THE_CLOCK,) * 7)
    assert always.between(at("2026-03-29T00:00", BERLIN), at("2026-03-30T00:00", BERLIN)) == timedelta(hours=23)
    assert always.between(at("2026-10-25T00:00", BERLIN), at("2026-10-26T00:00", BERLIN)) == timedelta(hours=25)


def test_hours_that_the_clock_jumps_over_are_no_working_time() -> None:
    early = WorkCalendar(BERLIN, (((time(2, 30), time(3, 0)),),) * 7)
    assert early.between(at("2026-03-29T00:00", BERLIN), at("2026-03-30T00:00", BERLIN)) == timedelta(0)


def test_results_are_in_utc() -> None:
    assert office().add(at("2026-04-08T14:00"), timedelta(hours=1)).tzinfo is UTC
    assert office().add(at("2026-04-08T14:00"), timedelta(0)).tzinfo is UTC


def test_a_calendar_that_never_opens_is_refused() -> None:
    with pytest.raises(CalendarError, match="at least one weekday"):
        WorkCalendar(SHANGHAI, ((),) * 7)
    with pytest.raises(CalendarError, match="7 lists"):
        WorkCalendar(SHANGHAI, (DAY,))
    with pytest.raises(CalendarError, match="both a holiday and"):
        office(holidays=frozenset({date(2026, 4, 6)}), extra_days=frozenset({date(2026, 4, 6)}))


def test_what_lies_beyond_the_horizon_is_refused() -> None:
    start = at("2026-04-08T10:00")
    forever = Break(start, start + 2 * HORIZON)
    with pytest.raises(CalendarError, match="does not pass within"):
        office().add(start, timedelta(hours=1), (forever,))
    with pytest.raises(CalendarError, match="more than"):
        office().between(start, start + 2 * HORIZON)
    closed = frozenset(start.date() + timedelta(days=number) for number in range(HORIZON.days + 3))
    with pytest.raises(CalendarError, match="nothing opens"):
        office(holidays=closed).next_open(start)


def test_times_without_a_zone_and_time_backwards_are_refused() -> None:
    with pytest.raises(CalendarError, match="zone"):
        office().is_open(datetime(2026, 4, 8, 10))  # noqa: DTZ001
    with pytest.raises(CalendarError, match="negative"):
        office().add(at("2026-04-08T10:00"), timedelta(hours=-1))
    with pytest.raises(CalendarError, match="cannot end"):
        Break(at("2026-04-08T10:00"), at("2026-04-08T09:00"))


def test_quiet_hours_hold_until_the_morning() -> None:
    quiet = QuietHours(SHANGHAI, time(20, 30), time(8, 0))
    assert quiet.until(at("2026-04-08T23:00")) == at("2026-04-09T08:00")
    assert quiet.until(at("2026-04-09T07:59")) == at("2026-04-09T08:00")
    assert quiet.until(at("2026-04-09T08:00")) == at("2026-04-09T08:00")
    assert quiet.until(at("2026-04-08T12:00")) == at("2026-04-08T12:00")


def test_a_nap_is_quiet_and_equal_times_never_are() -> None:
    nap = QuietHours(SHANGHAI, time(12, 30), time(14, 0))
    assert nap.until(at("2026-04-08T13:00")) == at("2026-04-08T14:00")
    assert QuietHours(SHANGHAI, time(8), time(8)).until(at("2026-04-08T08:00")) == at("2026-04-08T08:00")


@given(moments)
def test_after_the_quiet_it_is_not_quiet(moment: datetime) -> None:
    quiet = QuietHours(BERLIN, time(21, 0), time(2, 30))
    released = quiet.until(moment)
    assert released >= moment
    assert quiet.until(released) == released
