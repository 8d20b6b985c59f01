"""Working time: two inverse functions, across lunch, holidays, pauses, midnight and clock changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.calendar import HORIZON, Break, CalendarError, QuietHours, WorkCalendar
from tests.support.worktime import DAY, NIGHT, ROUND_THE_CLOCK, SHANGHAI, Scene, scenes

BERLIN = ZoneInfo("Europe/Berlin")
MICROSECOND = timedelta(microseconds=1)


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    """Read a local time."""
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def office(
    holidays: frozenset[date] = frozenset(),
    extra_days: frozenset[date] = frozenset(),
) -> WorkCalendar:
    """Monday to Friday with a lunch break."""
    return WorkCalendar(SHANGHAI, (DAY,) * 5 + ((), ()), holidays, extra_days)


def law(examples: int) -> settings:
    """Look at so many scenes; the first loads the holidays, which takes its time."""
    return settings(max_examples=examples, deadline=None)


@given(scenes())
@law(75)
def test_the_time_between_a_start_and_its_deadline_is_what_was_added(scene: Scene) -> None:
    deadline = scene.calendar.add(scene.first, scene.working, scene.breaks)
    assert deadline >= scene.first
    assert scene.calendar.between(scene.first, deadline, scene.breaks) == scene.working


@given(scenes())
@law(75)
def test_adding_the_time_between_comes_back_to_any_working_moment_and_to_any_closing(scene: Scene) -> None:
    calendar, start, end, breaks = scene.calendar, scene.first, scene.second, scene.breaks
    again = calendar.add(start, calendar.between(start, end, breaks), breaks)
    assert again <= end
    if start < end and calendar.between(end - MICROSECOND, end, breaks):
        assert again == end


@given(scenes())
@law(50)
def test_a_later_start_or_more_work_never_ends_earlier(scene: Scene) -> None:
    calendar, breaks, (less, more) = scene.calendar, scene.breaks, sorted((scene.working, scene.more))
    assert calendar.add(scene.first, less, breaks) <= calendar.add(scene.first, more, breaks)
    assert calendar.add(scene.first, less, breaks) <= calendar.add(scene.second, less, breaks)


@given(scenes())
@law(37)
def test_time_is_added_in_any_number_of_steps(scene: Scene) -> None:
    calendar, breaks = scene.calendar, scene.breaks
    middle = calendar.add(scene.first, scene.working, breaks)
    end = calendar.add(middle, scene.more, breaks)
    assert calendar.between(scene.first, end, breaks) == scene.working + scene.more
    if scene.more:
        assert end == calendar.add(scene.first, scene.working + scene.more, breaks)


@given(scenes())
@law(37)
def test_a_pause_never_brings_a_deadline_forward(scene: Scene) -> None:
    calendar, start = scene.calendar, scene.first
    assert calendar.add(start, scene.working) <= calendar.add(start, scene.working, scene.breaks)
    paused = calendar.between(start, scene.third) - calendar.between(start, scene.third, scene.breaks)
    assert timedelta(0) <= paused <= sum((pause.end - pause.start for pause in scene.breaks), timedelta(0))


@given(scenes())
@law(37)
def test_the_time_between_adds_up(scene: Scene) -> None:
    calendar, breaks = scene.calendar, scene.breaks
    whole = calendar.between(scene.first, scene.third, breaks)
    parts = ((scene.first, scene.second), (scene.second, scene.third))
    assert whole == sum((calendar.between(start, end, breaks) for start, end in parts), timedelta(0))
    assert whole <= scene.third - scene.first
    if scene.first < scene.third:
        assert calendar.between(scene.third, scene.first, breaks) == timedelta(0)


@given(scenes())
@law(37)
def test_the_next_opening_is_open_and_nothing_is_before_it(scene: Scene) -> None:
    opening = scene.calendar.next_open(scene.first)
    assert opening >= scene.first
    assert scene.calendar.is_open(opening)
    assert scene.calendar.is_open(scene.first) == (opening == scene.first)
    assert scene.calendar.between(scene.first, opening) == timedelta(0)


@given(scenes(), st.integers(0, 12), st.integers(0, 12))
@law(50)
def test_days_are_counted_in_any_number_of_steps_and_never_backwards(scene: Scene, few: int, more: int) -> None:
    calendar = scene.calendar
    closing = calendar.closing(scene.first, few)
    assert closing >= scene.first
    assert calendar.closing(closing) == closing
    assert calendar.closing(closing, more) == calendar.closing(scene.first, few + more)
    assert calendar.closing(scene.second, few) >= closing


@given(scenes(), st.integers(0, 12))
@law(50)
def test_a_deadline_at_a_closing_is_met_by_the_working_time_until_then(scene: Scene, days: int) -> None:
    calendar, start = scene.calendar, scene.first
    closing = calendar.closing(start, days)
    assert calendar.between(closing - MICROSECOND, closing) == MICROSECOND
    assert calendar.add(start, calendar.between(start, closing)) == closing


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


def test_hours_that_the_clock_repeats_last_until_their_second_end() -> None:
    early = WorkCalendar(BERLIN, (((time(2, 15), time(2, 45)),),) * 7)
    assert early.between(at("2026-10-25T00:00", BERLIN), at("2026-10-26T00:00", BERLIN)) == timedelta(minutes=90)
    assert early.closing(at("2026-10-25T00:00", BERLIN)) == datetime(2026, 10, 25, 1, 45, tzinfo=UTC)


def test_working_days_are_counted_from_the_day_that_the_start_falls_in() -> None:
    friday = at("2026-04-10T10:00")
    assert office().closing(friday) == at("2026-04-10T18:00")
    assert office().closing(friday, 3) == at("2026-04-15T18:00")
    assert office().closing(at("2026-04-10T13:00")) == at("2026-04-10T18:00")  # lunch belongs to the day
    assert office().closing(at("2026-04-10T07:00")) == at("2026-04-10T18:00")


def test_a_start_after_closing_or_on_a_day_off_counts_from_the_next_working_day() -> None:
    assert office().closing(at("2026-04-10T18:00")) == at("2026-04-10T18:00")
    assert office().closing(at("2026-04-10T18:00:00.000001")) == at("2026-04-13T18:00")
    assert office().closing(at("2026-04-11T10:00"), 1) == at("2026-04-14T18:00")


def test_after_midnight_it_is_still_the_working_day_of_the_evening_before() -> None:
    nights = WorkCalendar(SHANGHAI, (NIGHT,) * 5 + ((), ()))
    assert nights.closing(at("2026-04-11T03:00")) == at("2026-04-11T06:00")
    assert nights.closing(at("2026-04-11T03:00"), 1) == at("2026-04-14T06:00")


def test_a_day_that_ends_within_the_night_before_it_is_no_day_of_its_own() -> None:
    early = ((time(1, 30), time(3, 30)),)
    odd = WorkCalendar(SHANGHAI, (NIGHT, early, (), (), (), (), ()))
    assert odd.closing(at("2026-04-13T23:00")) == at("2026-04-14T06:00")
    assert odd.closing(at("2026-04-13T23:00"), 1) == at("2026-04-21T06:00")


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
    with pytest.raises(CalendarError, match="0 working days do not pass"):
        office(holidays=closed).closing(start)


def test_times_without_a_zone_and_time_backwards_are_refused() -> None:
    with pytest.raises(CalendarError, match="zone"):
        office().is_open(datetime(2026, 4, 8, 10))  # noqa: DTZ001
    with pytest.raises(CalendarError, match="negative"):
        office().add(at("2026-04-08T10:00"), timedelta(hours=-1))
    with pytest.raises(CalendarError, match="negative, found -1"):
        office().closing(at("2026-04-08T10:00"), -1)
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


@given(st.datetimes(datetime(2026, 3, 1), datetime(2026, 11, 15), timezones=st.just(UTC)))  # noqa: DTZ001
def test_after_the_quiet_it_is_not_quiet(moment: datetime) -> None:
    quiet = QuietHours(BERLIN, time(21, 0), time(2, 30))
    released = quiet.until(moment)
    assert released >= moment
    assert quiet.until(released) == released
