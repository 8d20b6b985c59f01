"""Days, weeks and months of a zone, and when the next round comes."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.digests import periods

HERE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 4, 12, 1, 0, tzinfo=UTC)  # Sunday, 9:00


def _local(month: int, day: int, hour: int = 0, minute: int = 0, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=HERE)


def test_a_day_is_the_estates_own() -> None:
    assert periods.day_of(NOW, HERE).starts_at == _local(4, 12)
    assert periods.day_of(NOW, HERE, ago=1).ends_at == _local(4, 12)


def test_a_week_is_monday_to_sunday_and_over() -> None:
    week = periods.week_before(NOW, HERE)
    assert (week.starts_at, week.ends_at) == (_local(3, 30), _local(4, 6))
    assert periods.week_before(NOW + timedelta(days=1), HERE).starts_at == _local(4, 6)
    assert periods.week_before(NOW, HERE, ago=1).ends_at == week.starts_at


def test_months_have_their_own_length() -> None:
    assert periods.month_before(NOW, HERE).starts_at == _local(3, 1)
    december = periods.month(2025, 12, HERE)
    assert december.ends_at == _local(1, 1)
    assert periods.same_before(periods.month(2026, 3, HERE), HERE) == periods.month(2026, 2, HERE)
    assert periods.same_before(periods.week_before(NOW, HERE), HERE) == periods.week_before(NOW, HERE, ago=1)


def test_a_trend_ends_with_the_period() -> None:
    weeks = periods.weeks_up_to(periods.month(2026, 3, HERE), HERE, count=3)
    assert [one.ends_at for one in weeks] == [_local(3, 18), _local(3, 25), _local(4, 1)]


def test_a_night_may_end_on_the_day_it_began() -> None:
    evening = periods.night_before(NOW, HERE, starts=time(21), ends=time(8))
    assert (evening.starts_at, evening.ends_at) == (_local(4, 11, 21), _local(4, 12, 8))
    late = periods.night_before(NOW, HERE, starts=time(0, 30), ends=time(6))
    assert late.starts_at == _local(4, 12, 0, 30)


def test_the_next_round_is_today_if_its_hour_is_still_to_come() -> None:
    assert periods.next_daily(NOW, HERE, time(17, 30)) == _local(4, 12, 17, 30)
    assert periods.next_daily(NOW, HERE, time(8, 20)) == _local(4, 13, 8, 20)
    assert periods.next_weekly(NOW, HERE, 0, time(9)) == _local(4, 13, 9)
    assert periods.next_weekly(NOW, HERE, 6, time(8)) == _local(4, 19, 8)
    assert periods.next_weekly(NOW, HERE, 6, time(10)) == _local(4, 12, 10)
    assert periods.next_monthly(NOW, HERE, 1, time(9)) == _local(5, 1, 9)
    assert periods.next_monthly(NOW, HERE, 28, time(9)) == _local(4, 28, 9)
    assert periods.next_monthly(_local(12, 20), HERE, 5, time(9)) == _local(1, 5, 9, year=2027)
