"""Duty in few words: whose, which day, which hours."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from services.understanding import shifttimes

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 4, 12, 1, tzinfo=UTC)  # Sunday, 9:00


@pytest.mark.parametrize(
    ("text", "rest", "hours"),
    [
        ("王师傅 明天 8-20", "王师傅", "13 08:00 – 13 20:00"),
        ("王师傅明天8点到20点", "王师傅", "13 08:00 – 13 20:00"),
        ("27 20-8", "27", "12 20:00 – 13 08:00"),
        ("刘师傅 4月15日 8:30-17:30", "刘师傅", "15 08:30 – 15 17:30"),
        ("刘师傅 04-15 8点半到17点", "刘师傅", "15 08:30 – 15 17:00"),
        ("刘师傅 周五 20:00-次日8:00", "刘师傅", "17 20:00 – 18 08:00"),
        ("Wang tomorrow 8-20", "Wang", "13 08:00 – 13 20:00"),
        ("陈师傅 今天 8-24", "陈师傅", "12 08:00 – 13 00:00"),
        ("陈师傅 25-30", "陈师傅", ""),
        ("陈师傅 8-30", "陈师傅", ""),
        ("陈师傅 明天", "陈师傅", ""),
        ("陈师傅", "陈师傅", ""),
    ],
)
def test_name_day_and_hours_are_told_apart(text: str, rest: str, hours: str) -> None:
    told = shifttimes.read(text, now=NOW, zone=ZONE)
    said = ""
    if told.hours is not None:
        starts, ends = told.hours.starts_at.astimezone(ZONE), told.hours.ends_at.astimezone(ZONE)
        said = f"{starts:%d %H:%M} – {ends:%d %H:%M}"
    assert (told.rest, said) == (rest, hours)


def test_a_day_without_hours_is_the_whole_day() -> None:
    told = shifttimes.read("王师傅 off 明天", now=NOW, zone=ZONE)
    assert told.rest == "王师傅 off"
    assert told.day is not None
    assert told.day.starts_at == datetime(2026, 4, 12, 16, tzinfo=UTC)
    assert shifttimes.read("王师傅 off", now=NOW, zone=ZONE).day is None
