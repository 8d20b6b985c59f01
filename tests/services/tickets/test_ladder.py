"""Who hears when: the ladder walked over random deadlines, as the timer walks it."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.calendars import Days, calendars
from services.catalog import Priority
from services.settings import Policy
from services.tickets import ladder
from services.tickets.ladder import BEFORE, NOBODY_YET, ORDINARY, Step, Taken, Watched
from services.tickets.terms import Clock

ZONE = ZoneInfo("Asia/Shanghai")
POLICY = Policy()
CALENDARS = calendars(POLICY, ZONE)
DESK = CALENDARS.of(Days.DESK)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 1), timezones=st.just(ZONE))  # noqa: DTZ001
LOOKS = st.lists(st.integers(0, 3 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes)), max_size=25)
UP = [step for step in ORDINARY if step not in BEFORE]


@st.composite
def watched(draw: st.DrawFn) -> Watched:
    start = draw(MOMENTS)
    return Watched(
        clock=draw(st.sampled_from(Clock)),
        priority=draw(st.sampled_from(Priority)),
        days=draw(st.sampled_from(Days)),
        started_at=start,
        due_at=start + timedelta(minutes=draw(st.integers(1, 6000))),
        promised=draw(st.booleans()),
    )


def following(seen: Watched, taken: list[Taken], now: datetime) -> tuple[Step, datetime] | None:
    return ladder.following(seen, taken, now=now, figures=POLICY.deadlines, calendars=CALENDARS)


def walk(seen: Watched, looks: list[timedelta], *, patience: int = 12) -> list[Taken]:
    """Look when something is due, but each time so much later as things go, and take what is due then."""
    taken: list[Taken] = []
    now, delays = seen.started_at, iter(looks)
    for _ in range(patience):
        found = following(seen, taken, now)
        if found is None:
            break
        now = max(now, found[1]) + next(delays, timedelta())
        found = following(seen, taken, now)  # what would have come before may be left out by now
        if found is not None and found[1] <= now:
            taken.append(Taken(found[0], now))
    return taken


@given(watched(), LOOKS)
def test_steps_come_in_order_each_once_and_reach_the_top(seen: Watched, looks: list[timedelta]) -> None:
    steps = [one.step for one in walk(seen, looks)]
    if Step.PAGE in steps:
        assert set(steps) == {Step.PAGE}
        return
    assert steps == sorted(set(steps), key=ORDINARY.index)
    assert set(steps) <= set(ladder.steps(seen))
    assert steps[-1] is Step.MANAGER


@given(watched(), LOOKS)
def test_nobody_is_warned_once_the_deadline_has_passed(seen: Watched, looks: list[timedelta]) -> None:
    for one in walk(seen, looks):
        if one.step in BEFORE:
            assert seen.started_at < one.at < seen.due_at
        elif one.step is not Step.PAGE:
            assert one.at >= seen.due_at


@given(watched(), LOOKS)
def test_after_a_long_sleep_there_is_one_step_up_and_the_next_after_its_time(
    seen: Watched, looks: list[timedelta]
) -> None:
    up = [one for one in walk(seen, looks) if one.step in UP]
    calendar = CALENDARS.of(Days.ALWAYS if seen.priority is Priority.EMERGENCY else Days.DESK)
    wait = timedelta(minutes=POLICY.deadlines.escalate_minutes)
    for earlier, later in pairwise(up):
        assert calendar.between(earlier.at, later.at) >= wait


@given(watched())
def test_leads_are_left_alone_while_the_desk_is_closed_unless_there_is_danger(seen: Watched) -> None:
    for one in walk(seen, []):
        if one.step in UP and seen.priority is not Priority.EMERGENCY:
            assert DESK.is_open(one.at) or one.at == DESK.closing(one.at)


@given(watched(), st.integers(1, 40))
def test_paging_goes_on_every_three_minutes_until_somebody_says_yes(seen: Watched, times: int) -> None:
    if ladder.steps(seen) != (Step.PAGE,):
        return
    pages = walk(seen, [], patience=times)
    assert [one.step for one in pages] == [Step.PAGE] * times
    assert pages[0].at == seen.due_at  # the first page left with the ticket
    again = timedelta(minutes=POLICY.deadlines.emergency_again_minutes)
    assert all(later.at - earlier.at == again for earlier, later in pairwise(pages))


@pytest.mark.parametrize(
    ("clock", "promised", "steps"),
    [
        (Clock.ACCEPT, False, NOBODY_YET),
        (Clock.ARRIVE, True, ORDINARY),
        (Clock.RESOLVE, False, (Step.WARN, Step.LEAD, Step.SUPERVISOR, Step.MANAGER)),
    ],
)
def test_the_owner_hears_only_of_what_he_was_promised(clock: Clock, promised: bool, steps: tuple[Step, ...]) -> None:
    assert tuple(ladder.steps(ordinary(clock, promised=promised))) == steps


def ordinary(clock: Clock, *, promised: bool = True, started: str = "09:00", due: str = "18:00") -> Watched:
    return Watched(
        clock=clock,
        priority=Priority.NORMAL,
        days=Days.ENGINEERS,
        started_at=at(started),
        due_at=at(due),
        promised=promised,
    )


def at(text: str) -> datetime:
    return datetime.strptime(f"2026-04-13 {text}", "%Y-%m-%d %H:%M").replace(tzinfo=ZONE)


def test_an_arrival_at_six_warns_at_half_past_five_tells_at_ten_to_and_climbs_by_half_hours() -> None:
    found = [(one.step, f"{one.at.astimezone(ZONE):%H:%M}") for one in walk(ordinary(Clock.ARRIVE), [])]
    assert found == [
        (Step.WARN, "17:30"),
        (Step.OWNER, "17:50"),
        (Step.LEAD, "18:00"),
        (Step.SUPERVISOR, "18:30"),
        (Step.MANAGER, "19:00"),
    ]


def test_a_warning_never_comes_before_half_of_the_time_is_gone() -> None:
    short = ordinary(Clock.ARRIVE, started="17:40")
    assert following(short, [], at("17:40")) == (Step.WARN, at("17:50"))


def test_what_passes_late_at_night_waits_for_the_desk() -> None:
    late = ordinary(Clock.ARRIVE, due="22:30")
    up = [one.at.astimezone(ZONE) for one in walk(late, []) if one.step in UP]
    assert [f"{moment:%d %H:%M}" for moment in up] == ["14 08:30", "14 09:00", "14 09:30"]
