"""What is owed by when, with known answers: each figure in the calendar that it names."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.calendar import Break
from services.calendars import DEVELOPER, Calendars, Days, calendars
from services.catalog import Department, Kind, Priority
from services.settings import Policy
from services.tickets import terms
from services.tickets.terms import Clock, Matter, Term

ZONE = ZoneInfo("Asia/Shanghai")
POLICY = Policy()
CALENDARS: Calendars = calendars(POLICY, ZONE)
NORMAL, EMERGENCY, URGENT = Priority.NORMAL, Priority.EMERGENCY, Priority.URGENT
ENGINEERING, DESK, FINANCE = Department.ENGINEERING, Department.DESK, Department.FINANCE
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 1), timezones=st.just(ZONE))  # noqa: DTZ001
MATTERS = st.builds(
    Matter,
    kind=st.sampled_from(Kind),
    priority=st.sampled_from(Priority),
    department=st.sampled_from([*Department, DEVELOPER]),
    public=st.booleans(),
    grade=st.sampled_from(["", "minor", "medium", "major"]),
    resolve_days=st.sampled_from([None, 0, 2, 5]),
)


def at(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=ZONE)


def owed(kind: Kind, priority: Priority = NORMAL, department: str = ENGINEERING, **more: Any) -> dict[Clock, Term]:
    return dict(terms.terms(Matter(kind=kind, priority=priority, department=department, **more), POLICY.deadlines))


def by(term: Term, start: str, *breaks: Break) -> str:
    return f"{term.due(at(start), CALENDARS, breaks).astimezone(ZONE):%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("start", "answered"),
    [
        ("2026-04-13 10:00", "2026-04-13 10:30"),
        ("2026-04-13 20:50", "2026-04-14 08:50"),  # ten minutes tonight, twenty tomorrow
        ("2026-04-13 23:00", "2026-04-14 09:00"),
        ("2026-04-13 20:30", "2026-04-13 21:00"),  # exactly at closing time
        ("2026-02-17 10:00", "2026-02-17 10:30"),  # the desk works at Spring Festival
    ],
)
def test_a_complaint_is_answered_by_a_person_within_half_an_hour_of_desk_time(start: str, answered: str) -> None:
    assert by(owed(Kind.COMPLAINT, department=DESK)[Clock.ANSWER], start) == answered


def test_a_complaint_is_answered_within_48_real_hours_whatever_the_calendar_says() -> None:
    closed = calendars(Policy(calendars=POLICY.calendars.model_copy(update={"desk": "08:30-21:00 mon"})), ZONE)
    term = owed(Kind.COMPLAINT, department=DESK)[Clock.ANSWER]
    start = at("2026-04-14 10:00")
    assert term.due(start, closed) == start + timedelta(hours=48)
    rest = Break(start, start + timedelta(days=5))
    assert term.due(start, CALENDARS, [rest]) == start + timedelta(hours=48)  # nor does a pause help


@pytest.mark.parametrize(
    ("department", "start", "settled"),
    [
        (DESK, "2026-04-13 10:00", "2026-04-13 21:00"),  # by the desk itself the same day
        (ENGINEERING, "2026-04-13 10:00", "2026-04-16 21:00"),  # three of the department's days
        (FINANCE, "2026-04-13 10:00", "2026-04-16 17:30"),
        (FINANCE, "2026-02-13 10:00", "2026-02-25 17:30"),  # 14 and 28 February are made up, 15 to 23 are off
    ],
)
def test_a_complaint_is_settled_in_the_days_of_whom_it_concerns(department: str, start: str, settled: str) -> None:
    assert by(owed(Kind.COMPLAINT, department=department)[Clock.RESOLVE], start) == settled


@pytest.mark.parametrize("start", ["2026-04-13 03:00", "2026-02-17 03:00", "2026-04-13 12:00"])
def test_an_emergency_is_acknowledged_in_three_minutes_at_any_hour(start: str) -> None:
    clocks = owed(Kind.REPAIR, EMERGENCY)
    assert clocks[Clock.ACCEPT].due(at(start), CALENDARS) == at(start) + timedelta(minutes=3)
    assert clocks[Clock.RESOLVE].due(at(start), CALENDARS) == at(start) + timedelta(days=1)
    there = terms.promised(at(start), POLICY, ZONE, priority=EMERGENCY)
    assert there == at(start) + timedelta(minutes=30)


def test_what_is_urgent_has_a_yes_in_five_minutes_and_somebody_there_in_thirty_at_any_hour() -> None:
    start = "2026-04-13 03:00"
    assert by(owed(Kind.REPAIR, URGENT)[Clock.ACCEPT], start) == "2026-04-13 03:05"
    assert terms.promised(at(start), POLICY, ZONE, priority=URGENT) == at("2026-04-13 03:30")


@pytest.mark.parametrize(
    ("start", "accepted", "called"),
    [
        ("2026-04-13 10:00", "2026-04-13 10:30", "2026-04-13 12:00"),
        ("2026-04-13 20:45", "2026-04-14 08:15", "2026-04-14 09:45"),  # engineers: 8:00 to 21:00
        ("2026-04-13 02:00", "2026-04-13 08:30", "2026-04-13 10:00"),
    ],
)
def test_another_repair_is_accepted_and_its_owner_called_in_the_engineers_hours(
    start: str, accepted: str, called: str
) -> None:
    clocks = owed(Kind.REPAIR)
    assert (by(clocks[Clock.ACCEPT], start), by(clocks[Clock.ANSWER], start)) == (accepted, called)


def test_nobody_is_called_about_a_public_place() -> None:
    assert Clock.ANSWER not in owed(Kind.REPAIR, public=True)


def test_what_is_the_developers_waits_over_lunch_over_the_weekend_and_over_spring_festival() -> None:
    clocks = owed(Kind.REPAIR, department=DEVELOPER)
    assert clocks[Clock.ACCEPT].days is Days.OFFICE
    assert by(clocks[Clock.ACCEPT], "2026-04-10 10:00") == "2026-04-13 17:30"  # from Friday to Monday
    assert by(clocks[Clock.ACCEPT], "2026-02-14 10:00") == "2026-02-24 17:30"
    office = Term(days=Days.OFFICE, minutes=60)
    assert by(office, "2026-04-13 11:30") == "2026-04-13 14:00"
    assert by(office, "2026-04-13 11:00") == "2026-04-13 12:00"  # due as lunch begins
    assert by(office, "2026-04-13 12:30") == "2026-04-13 14:30"
    assert by(office, "2026-02-14 17:00") == "2026-02-24 09:00"


@pytest.mark.parametrize(("grade", "days"), [("minor", 7), ("medium", 30), ("major", 60), ("", 7)])
def test_a_defect_has_real_days_by_its_grade(grade: str, days: int) -> None:
    for kind, department in ((Kind.DEFECT, ENGINEERING), (Kind.REPAIR, DEVELOPER)):
        term = owed(kind, department=department, grade=grade)[Clock.RESOLVE]
        start = at("2026-02-10 10:00")  # Spring Festival does not count less
        assert term.due(start, CALENDARS) == start + timedelta(days=days)


def test_the_catalogues_own_figure_for_settling_goes_first() -> None:
    assert by(owed(Kind.REPAIR, resolve_days=0)[Clock.RESOLVE], "2026-04-13 10:00") == "2026-04-13 21:00"
    assert by(owed(Kind.COMPLAINT, department=DESK, resolve_days=5)[Clock.RESOLVE], "2026-04-13 10:00") == (
        "2026-04-18 21:00"
    )


def test_praise_is_answered_by_the_end_of_the_next_day_and_owes_nothing_else() -> None:
    clocks = owed(Kind.PRAISE, department=DESK)
    assert set(clocks) == {Clock.ANSWER}
    assert by(clocks[Clock.ANSWER], "2026-04-13 22:00") == "2026-04-15 21:00"


@pytest.mark.parametrize(
    ("start", "end", "there"),
    [
        ("2026-04-13 09:00", None, "2026-04-13 18:00"),
        ("2026-04-13 14:00", None, "2026-04-13 18:00"),  # four hours are left exactly
        ("2026-04-13 14:01", None, "2026-04-14 12:00"),
        ("2026-04-13 14:01", "2026-04-15 10:00", "2026-04-15 10:00"),
    ],
)
def test_an_ordinary_arrival_is_today_while_there_is_time_else_tomorrow_else_as_agreed(
    start: str, end: str | None, there: str
) -> None:
    agreed = at(end) if end else None
    assert terms.promised(at(start), POLICY, ZONE, end=agreed).astimezone(ZONE) == at(there)


def test_a_pause_puts_off_by_the_working_time_it_took() -> None:
    term = owed(Kind.REPAIR)[Clock.ANSWER]  # two engineers' hours
    night = Break(at("2026-04-13 10:30"), at("2026-04-14 08:30"))
    assert by(term, "2026-04-13 10:00", night) == "2026-04-14 10:00"
    closings = Term(days=Days.ENGINEERS, closings=0)
    assert by(closings, "2026-04-13 10:00", Break(at("2026-04-13 11:00"), at("2026-04-13 13:00"))) == (
        "2026-04-14 10:00"
    )


@given(MATTERS)
def test_whatever_is_filed_somebody_owes_an_answer_or_a_yes_and_the_calendar_fits_the_house(matter: Matter) -> None:
    found = terms.terms(matter, POLICY.deadlines)
    given_a_date = matter.kind is Kind.RECTIFICATION  # by whoever wrote it, who has it from the start
    assert given_a_date or {Clock.ACCEPT, Clock.ANSWER} & set(found)
    assert Clock.ARRIVE not in found  # promised, not counted
    assert Clock.NEXT not in found
    if matter.kind is Kind.REPAIR and matter.priority is EMERGENCY and matter.department != DEVELOPER:
        assert {term.days for term in found.values()} == {Days.ALWAYS}


@given(MATTERS, MOMENTS)
def test_a_deadline_lies_ahead_survives_being_kept_and_a_pause_never_brings_it_nearer(
    matter: Matter, start: datetime
) -> None:
    for term in terms.terms(matter, POLICY.deadlines).values():
        due = term.due(start, CALENDARS)
        assert start <= due
        assert Term.unpacked(term.packed()) == term
        rest = Break(start + timedelta(minutes=5), start + timedelta(hours=30))
        assert term.due(start, CALENDARS, [rest]) >= due
    assert Term.unpacked({}) is None


@given(MOMENTS, st.sampled_from(Priority))
def test_a_promise_is_for_later_and_for_a_day_that_people_remember(start: datetime, priority: Priority) -> None:
    there = terms.promised(start, POLICY, ZONE, priority=priority)
    assert start < there <= start + timedelta(days=2)
