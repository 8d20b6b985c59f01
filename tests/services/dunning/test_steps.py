"""The next step: never while spared or paid, each once, a day between messages, what was missed is left."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalog_file import CatalogError
from services.dunning import quiet, steps
from services.dunning.promises import parts_of
from services.dunning.steps import Does, Household, StepList, following
from services.fee_settings import Dunning

DUE = date(2026, 4, 30)
BETWEEN = timedelta(hours=24)
PLAN = steps.load()
STEPS = PLAN[StepList.FEES]
SHANGHAI = ZoneInfo("Asia/Shanghai")


def noon(day: date) -> datetime:
    return datetime.combine(day, time(4), UTC)


def on(age: int, **known: object) -> str | None:
    day = DUE + timedelta(days=age)
    household = Household(**{"oldest_due": DUE, **known})  # type: ignore[arg-type]
    step = following(STEPS, household, today=day, now=noon(day), between=BETWEEN)
    return step.name if step else None


@pytest.mark.parametrize(
    ("age", "name"),
    [
        (-8, None),
        (-7, "before"),
        (-1, None),
        (0, "due"),
        (1, None),
        (7, "week"),
        (12, None),
        (15, "talk"),
        (22, "call"),
        (30, "month"),
        (45, "visit"),
        (400, "letter"),
        (460, "legal"),
    ],
)
def test_each_step_has_its_days(age: int, name: str | None) -> None:
    assert on(age) == name


def test_what_was_missed_is_not_caught_up() -> None:
    assert on(30, taken={"before"}) == "month"
    assert on(30, taken={"before", "month"}) is None


@given(st.integers(-400, 800))
def test_nobody_is_reminded_who_owes_nothing_or_is_spared(age: int) -> None:
    assert on(age, oldest_due=None) is None
    assert on(age, spared=True) is None


@given(
    st.lists(st.tuples(st.integers(0, 60), st.booleans(), st.booleans()), min_size=1, max_size=40),
)
def test_over_any_days_a_step_comes_once_and_messages_keep_their_distance(days: list[tuple[int, bool, bool]]) -> None:
    now, taken, said, last = noon(DUE - timedelta(days=10)), set[str](), [], None
    for hours, spared, paid in days:
        now += timedelta(hours=hours)
        household = Household(None if paid else DUE, frozenset(taken), last, spared)
        step = following(STEPS, household, today=now.date(), now=now, between=BETWEEN)
        if step is None:
            continue
        assert not spared
        assert not paid
        assert step.name not in taken
        taken.add(step.name)
        if step.does is Does.MESSAGE:
            said.append(now)
            last = now
    assert all(later - earlier >= BETWEEN for earlier, later in pairwise(said))


@given(st.integers(0, 3 * 365 * 24 * 60))
def test_out_of_the_quiet_hours_nobody_is_asleep(minutes: int) -> None:
    figures = Dunning()
    awake = quiet.until(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes), figures, SHANGHAI).astimezone(
        SHANGHAI
    )
    assert time(9) <= awake.time() < time(20, 30)
    assert not time(12, 30) <= awake.time() < time(14)
    assert not quiet.is_festival(awake.date())


def test_the_spring_festival_is_quiet_from_new_years_eve_to_the_seventh_day() -> None:
    assert not quiet.is_festival(date(2027, 2, 4))
    assert quiet.is_festival(date(2027, 2, 5))  # New Year's Eve
    assert quiet.is_festival(date(2027, 2, 12))  # the seventh day
    assert not quiet.is_festival(date(2027, 2, 13))


@given(st.integers(1, 10**9), st.dates(date(2026, 1, 1), date(2030, 1, 1)), st.integers(1, 24))
def test_instalments_make_the_whole_on_days_that_follow_each_other(total: int, first: date, count: int) -> None:
    parts = parts_of(total, first, count)
    assert sum(part.cents for part in parts) == total
    days = [part.due_on for part in parts]
    assert days[0] == first
    assert all(20 <= (later - earlier).days <= 31 for earlier, later in pairwise(days))


def test_a_file_with_fees_alone_says_nothing_to_who_left_and_the_usual_to_who_has_not_taken_over(
    tmp_path: Path,
) -> None:
    file = tmp_path / "steps.toml"
    file.write_text('[fees.week]\ndays = 7\nlasts = 1\ndoes = "message"', encoding="utf-8")
    plan = steps.load(file)
    assert plan[StepList.HANDOVER] == plan[StepList.FEES] != ()
    assert plan[StepList.LEFT] == ()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", "fees"),
        ('[fees]\n[left.cut]\ndays = 1\nlasts = 1\ndoes = "message"', "left"),
        ('[fees.cut]\ndays = 1\nlasts = 1\ndoes = "message"', "before"),
        ('[fees.week]\ndays = "7"\nlasts = 1\ndoes = "message"', "whole number"),
        ('[fees.week]\ndays = 7\nlasts = 1\ndoes = "threat"', "message"),
        ('[fees.week]\ndays = 7\nlasts = 1\ndoes = "call"\n[fees.due]\ndays = 0\nlasts = 1\ndoes = "call"', "rising"),
    ],
)
def test_a_wrong_file_is_named_in_one_line(text: str, names: str, tmp_path: Path) -> None:
    file = tmp_path / "steps.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CatalogError, match=names):
        steps.load(file)
