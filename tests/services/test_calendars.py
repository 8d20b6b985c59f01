"""The calendars of a community: its hours, its country's holidays and make-up days, its own days."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services import hours, publicdays
from services.calendar import Period, WorkCalendar
from services.calendars import DEPARTMENT_DAYS, DEVELOPER, Days, DaysOff, MakeUpDays, calendars
from services.catalog import Department
from services.settings import BadSettingError, Policy, with_changes

SHANGHAI = ZoneInfo("Asia/Shanghai")
TOP = Path(__file__).resolve().parents[2]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def changed(**figures: Any) -> Policy:
    return with_changes(Policy(), {f"calendars.{key}": value for key, value in figures.items()})


def calendar(days: Days, **figures: Any) -> WorkCalendar:
    return calendars(changed(**figures), SHANGHAI).of(days)


def working_days(of: WorkCalendar, first: str, last: str) -> list[str]:
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    span = [start + timedelta(days=count) for count in range((end - start).days + 1)]
    return [f"{day:%m-%d}" for day in span if of.hours(day)]


def test_the_office_rests_at_spring_festival_2026_and_makes_up_for_it_on_two_saturdays() -> None:
    assert working_days(calendar(Days.OFFICE), "2026-02-09", "2026-03-02") == [
        *("02-09", "02-10", "02-11", "02-12", "02-13", "02-14"),  # Saturday the 14th is made up
        *("02-24", "02-25", "02-26", "02-27", "02-28"),  # and Saturday the 28th
        "03-02",
    ]


def test_the_office_rests_at_national_day_2026_and_makes_up_for_it_on_a_sunday_and_a_saturday() -> None:
    assert working_days(calendar(Days.OFFICE), "2026-09-18", "2026-10-13") == [
        *("09-18", "09-20", "09-21", "09-22", "09-23", "09-24"),  # Sunday the 20th is made up; the 25th is Mid-Autumn
        *("09-28", "09-29", "09-30"),
        *("10-08", "10-09", "10-10", "10-12", "10-13"),  # Saturday the 10th is made up
    ]


def test_a_make_up_day_has_the_hours_of_a_weekday() -> None:
    office = calendar(Days.OFFICE)
    assert office.is_open(at("2026-02-14T08:30"))
    assert not office.is_open(at("2026-02-14T12:30"))
    assert office.closing(at("2026-02-14T09:00")) == at("2026-02-14T17:30")
    assert not office.is_open(at("2026-02-21T10:00"))


@pytest.mark.parametrize(
    ("start", "days", "closing"),
    [
        ("2022-09-30T10:00", 3, "2022-10-10T17:30"),  # a Friday; make-up Saturday the 8th and Sunday the 9th
        ("2026-09-30T10:00", 3, "2026-10-10T17:30"),
        ("2026-09-30T17:30", 0, "2026-09-30T17:30"),
        ("2026-09-30T17:31", 0, "2026-10-08T17:30"),
        ("2026-02-13T18:00", 0, "2026-02-14T17:30"),
        ("2026-02-14T12:30", 1, "2026-02-24T17:30"),
        ("2025-12-31T09:00", 1, "2026-01-04T17:30"),  # over the year: the first working day is a made-up Sunday
    ],
)
def test_working_days_are_counted_as_people_in_china_count_them(start: str, days: int, closing: str) -> None:
    assert calendar(Days.OFFICE).closing(at(start), days) == at(closing)


def test_working_hours_run_over_the_holidays() -> None:
    office = calendar(Days.OFFICE)
    assert office.add(at("2026-09-30T15:30"), timedelta(hours=4)) == at("2026-10-08T10:30")
    assert office.between(at("2026-02-15T00:00"), at("2026-02-24T00:00")) == timedelta(0)


def test_desk_and_engineers_work_on_holidays_and_somebody_is_always_there() -> None:
    for days in (Days.DESK, Days.ENGINEERS, Days.ALWAYS):
        assert calendar(days).is_open(at("2026-02-17T10:00"))
    assert calendar(Days.ENGINEERS).next_open(at("2026-02-17T03:00")) == at("2026-02-17T08:00")
    assert calendar(Days.DESK).next_open(at("2026-02-17T21:00")) == at("2026-02-18T08:30")
    assert calendar(Days.ALWAYS).is_open(at("2026-02-17T03:00"))


def test_a_year_that_is_not_proclaimed_yet_has_the_days_that_the_law_names() -> None:
    office = calendar(Days.OFFICE)
    assert not office.hours(date(2036, 10, 1))
    assert office.hours(date(2036, 10, 9))
    assert office.closing(at("2035-01-01T09:00"), 1000) > at("2038-12-01T00:00")


def test_the_days_of_the_community_count_more_than_those_of_the_country() -> None:
    own = {"days_off": ["2026-02-14", "2026-03-03"], "extra_days": ["2026-02-18", "2026-03-07"]}
    assert working_days(calendar(Days.OFFICE, **own), "2026-02-13", "2026-02-23") == ["02-13", "02-18"]
    assert working_days(calendar(Days.OFFICE, **own), "2026-03-02", "2026-03-08") == [
        *("03-02", "03-04", "03-05", "03-06", "03-07"),
    ]
    assert calendar(Days.DESK, **own).is_open(at("2026-03-03T10:00"))


def test_hours_that_say_workdays_are_bound_by_holidays_and_others_are_not() -> None:
    assert not calendar(Days.DESK, desk="09:00-18:00 workdays").is_open(at("2026-02-17T10:00"))
    assert calendar(Days.DESK, desk="09:00-18:00 workdays").is_open(at("2026-02-14T10:00"))
    assert calendar(Days.DESK, desk="09:00-18:00 mon-fri").is_open(at("2026-02-17T10:00"))
    assert not calendar(Days.OFFICE, office="09:00-18:00 mon-sat").is_open(at("2026-02-17T10:00"))


def test_other_countries_and_regions_have_their_own_days() -> None:
    corpus_christi = at("2026-06-04T10:00")
    assert calendar(Days.OFFICE, country="DE").is_open(corpus_christi)
    assert not calendar(Days.OFFICE, country="DE", region="BY").is_open(corpus_christi)
    assert calendar(Days.OFFICE, country="").is_open(at("2026-02-17T10:00"))
    assert not calendar(Days.OFFICE, country="", days_off="2026-02-17").is_open(at("2026-02-17T10:00"))
    assert not calendar(Days.OFFICE, country="US").is_open(at("2021-12-31T10:00"))  # New Year's Day, kept on Friday


def test_the_calendars_are_made_once_for_the_same_figures() -> None:
    assert calendars(Policy(), SHANGHAI) is calendars(changed(country="CN"), ZoneInfo("Asia/Shanghai"))
    assert calendars(Policy(), SHANGHAI) is not calendars(Policy(), ZoneInfo("Asia/Hong_Kong"))
    one, other = (calendar(Days.OFFICE, days_off=["2026-03-03"]) for _ in range(2))
    assert hash(one) == hash(other)
    assert one == other != calendar(Days.OFFICE)


def test_only_a_day_can_be_off_or_made_up() -> None:
    assert "2026-02-17" not in DaysOff("CN", "", frozenset(), frozenset())
    assert "2026-02-14" not in MakeUpDays("CN", "", frozenset())


def test_every_department_has_its_calendar() -> None:
    assert set(DEPARTMENT_DAYS) == {*Department, DEVELOPER}
    assert DEPARTMENT_DAYS[Department.ENGINEERING] is Days.ENGINEERS
    assert DEPARTMENT_DAYS[Department.FINANCE] is DEPARTMENT_DAYS["developer"] is Days.OFFICE


@pytest.mark.parametrize(
    ("text", "open_on", "periods"),
    [
        ("08:30-21:00 daily", "0123456", ["08:30-21:00"]),
        ("8:30-12:00 13:30-17:30 workdays", "01234", ["08:30-12:00", "13:30-17:30"]),
        ("09:00-18:00 Mon-Fri", "01234", ["09:00-18:00"]),
        ("09:00-18:00 mon,wed,sat", "025", ["09:00-18:00"]),
        ("09:00-18:00 fri-mon,wed", "02456", ["09:00-18:00"]),
        ("22:00-06:00 fri,sat", "45", ["22:00-06:00"]),
        ("06:00-12:00 20:00-02:00 sun", "6", ["06:00-12:00", "20:00-02:00"]),
        ("00:00-00:00 daily", "0123456", ["00:00-00:00"]),
    ],
)
def test_hours_are_read_as_people_write_them(text: str, open_on: str, periods: list[str]) -> None:
    found = hours.read(text)
    assert "".join(str(day) for day, periods in enumerate(found.week) if periods) == open_on
    first = next(filter(None, found.week))
    assert [f"{period.start:%H:%M}-{period.end:%H:%M}" for period in first] == periods
    assert found.bound == ("workdays" in text)


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("desk", "", "calendars.desk: found '', '' where the days stand at the end; allowed: daily, workdays, mon-fri"),
        ("desk", "08:30-21:00", "'08:30-21:00' where the days stand at the end; allowed: daily"),
        ("desk", "08:30-21:00 sometimes", "'sometimes' where the days stand at the end; allowed: daily"),
        ("desk", "08:30-21:00 mon-", "'mon-' where the days stand"),
        ("desk", "08:30-21:00 mon,", "'mon,' where the days stand"),
        ("desk", "daily", "no hours before 'daily'; allowed: hours such as \"08:30-21:00 daily\""),
        ("engineers", "08:30-24:00 daily", "'08:30-24:00' where hours stand; allowed: from 00:00 to 23:59"),
        ("engineers", "08:30–21:00 daily", "where hours stand; allowed"),
        ("office", "08:30-12:00 11:00-17:30 daily", "11:00-17:30 begins before 08:30-12:00 ends"),
        ("office", "22:00-06:00 07:00-08:00 daily", "07:00-08:00 begins before 22:00-06:00 ends"),
        ("country", "XX", "calendars.country: found 'XX', no holidays are known of 'XX'; allowed: a two-letter code"),
        ("country", "China", "calendars.country: found 'China', no holidays are known of 'China'; allowed"),
        ("region", "ZZ", "calendars: CN has no region 'ZZ'; allowed: none"),
        ("days_off", ["today"], "calendars.days_off.0: found 'today'"),
        ("days_off", [20260503], "calendars.days_off: found [20260503], allowed: days such as"),
        ("extra_days", 7, "calendars.extra_days: found 7"),
    ],
)
def test_figures_that_make_no_calendar_are_refused_in_one_line(key: str, value: object, told: str) -> None:
    with pytest.raises(BadSettingError) as refused:
        changed(**{key: value})
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("figures", "told"),
    [
        ({"country": "DE", "region": "XY"}, "calendars: DE has no region 'XY'; allowed: BB, BE, BW"),
        ({"country": "", "region": "BY"}, "calendars: a region 'BY' without a country"),
        (
            {"days_off": "2026-05-04", "extra_days": "2026-05-09, 2026-05-04"},
            "calendars: 2026-05-04 is in days_off and in extra_days; allowed: one of them",
        ),
    ],
)
def test_figures_that_do_not_go_together_are_refused(figures: dict[str, Any], told: str) -> None:
    with pytest.raises(BadSettingError) as refused:
        changed(**figures)
    assert told in str(refused.value)


@pytest.mark.parametrize(
    "written", [["2026-05-04", date(2026, 5, 9)], "2026-05-04, 2026-05-09", "[2026-05-04 2026-05-09]"]
)
def test_days_are_taken_as_a_list_or_in_one_line(written: object) -> None:
    assert changed(days_off=written).calendars.days_off == (date(2026, 5, 4), date(2026, 5, 9))


def test_a_year_is_asked_for_once() -> None:
    assert publicdays.of("CN", "", 2026) is publicdays.of("CN", "", 2026)
    assert publicdays.of("", "", 2026) == publicdays.PublicDays()
    assert date(2011, 12, 31) in publicdays.of("CN", "", 2011).worked  # made up for a day of 2012


def test_who_asks_for_the_desk_only_does_not_wait_for_the_holidays() -> None:
    code = (
        "import sys, datetime, zoneinfo, pathlib, bot.settings as s, services.calendars as c\n"
        "policy = s.load(pathlib.Path('config.toml'), {}).policy()\n"
        "desk = c.calendars(policy, zoneinfo.ZoneInfo('Asia/Shanghai')).of(c.Days.DESK)\n"
        "assert desk.next_open(datetime.datetime(2026, 2, 17, tzinfo=datetime.UTC))\n"
        "assert 'holidays' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=TOP, check=True)


def test_results_are_hours_of_the_zone_of_the_estate() -> None:
    new_york = calendars(Policy(), ZoneInfo("America/New_York")).of(Days.DESK)
    assert new_york.next_open(datetime(2026, 3, 8, 5, tzinfo=UTC)) == datetime(2026, 3, 8, 12, 30, tzinfo=UTC)
    assert new_york.hours(date(2026, 3, 8)) == (Period(time(8, 30), time(21, 0)),)
