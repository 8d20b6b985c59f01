"""When somebody may come, and when somebody came."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.understanding.normalise import normalise
from services.understanding.times import GRACE, clock_time, windows

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 4, 8, 15, 0, tzinfo=SHANGHAI)  # a Wednesday


def wished(text: str, now: datetime = NOW) -> list[str]:
    """Read the windows of a text as local times."""
    found, _ = windows(normalise(text), now=now, zone=SHANGHAI)
    return [
        f"{window.start.astimezone(SHANGHAI):%m-%d %H:%M} {window.end.astimezone(SHANGHAI):%m-%d %H:%M}"
        for window in found
    ]


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("明天上午", "04-09 08:00 04-09 12:00"),
        ("明早来吧", "04-09 08:00 04-09 12:00"),
        ("後天下午3-5點", "04-10 15:00 04-10 17:00"),
        ("周六3点后", "04-11 15:00 04-11 21:00"),
        ("周末都在家", "04-11 08:00 04-12 21:00"),
        ("下周三9点到11点", "04-15 09:00 04-15 11:00"),
        ("下下周一", "04-20 08:00 04-20 21:00"),
        ("下午", "04-08 15:00 04-08 18:00"),
        ("晚上7点半以后来", "04-08 19:30 04-08 21:00"),
        ("下班后在家", "04-08 18:00 04-08 21:00"),
        ("4月13日上午", "04-13 08:00 04-13 12:00"),
        ("13号下午", "04-13 14:00 04-13 18:00"),
        ("现在在家", "04-08 15:00 04-08 16:00"),
        ("明天3点前", "04-09 08:00 04-09 15:00"),
        ("明天下午三点一刻来", "04-09 15:15 04-09 16:15"),
        ("tomorrow morning", "04-09 08:00 04-09 12:00"),
        ("tonight please", "04-08 18:00 04-08 21:00"),
        ("saturday after 3", "04-11 15:00 04-11 21:00"),
        ("between 3 and 5 pm tomorrow", "04-09 15:00 04-09 17:00"),
        ("next monday before 11am", "04-13 08:00 04-13 11:00"),
    ],
)
def test_wishes_become_windows(text: str, window: str) -> None:
    assert wished(text) == [window]


@pytest.mark.parametrize(
    "text",
    [
        "今天早上开始漏水",
        "晚上停水",
        "有一点漏水",
        "昨天报的修",
        "每天半夜吵",
        "99点来",
        "2月30日",
        "1月3日",
        "今天上午来",
        "快一点来",
    ],
)
def test_stories_and_what_is_past_are_no_wishes(text: str) -> None:
    assert wished(text) == []


def test_a_date_at_the_turn_of_the_year_is_the_coming_one() -> None:
    december = datetime(2026, 12, 20, 9, 0, tzinfo=SHANGHAI)
    assert wished("1月3日上午", december) == ["01-03 08:00 01-03 12:00"]


def test_two_wishes_are_two_windows() -> None:
    assert wished("明天上午或者周六下午都行") == ["04-09 08:00 04-09 12:00", "04-11 14:00 04-11 18:00"]


def test_a_window_that_runs_begins_now() -> None:
    assert wished("今天下午过来") == ["04-08 15:00 04-08 18:00"]


@pytest.mark.parametrize(
    ("text", "arrived"),
    [
        ("14:20到的", "14:20"),
        ("14点20到", "14:20"),
        ("1420到", "14:20"),
        ("14.20到", "14:20"),
        ("2点20到的", "14:20"),
        ("两点二十到", "14:20"),
        ("两点半到的", "14:30"),
        ("上午九点半", "09:30"),
        ("下午1点", "13:00"),
        ("2:20pm", "14:20"),
        ("12:10 am", "00:10"),
        ("15:03", "15:03"),
        ("刚到", "15:00"),
        ("just arrived", "15:00"),
    ],
)
def test_staff_may_type_when_they_came(text: str, arrived: str) -> None:
    moment = clock_time(text, now=NOW, zone=SHANGHAI)
    assert moment is not None
    assert moment.tzinfo is UTC
    assert f"{moment.astimezone(SHANGHAI):%m-%d %H:%M}" == f"04-08 {arrived}"


@pytest.mark.parametrize("text", ["15:30到", "25:00", "10:99", "换了角阀", "", "7点pm"])
def test_times_to_come_and_nonsense_are_not_arrivals(text: str) -> None:
    assert clock_time(text, now=NOW, zone=SHANGHAI) is None


@given(st.text(max_size=60), st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
@settings(max_examples=200, deadline=None)
def test_any_text_can_be_searched_for_times(text: str, now: datetime) -> None:
    for window in windows(normalise(text), now=now, zone=SHANGHAI)[0]:
        assert now <= window.end
        assert window.start < window.end
    arrived = clock_time(text, now=now, zone=SHANGHAI)
    assert arrived is None or arrived <= now + GRACE
