"""Sums of money and days as people type them in a dialogue about fees."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, timedelta

from handlers import words
from handlers.answers import Answers, Options, Pick, When
from handlers.turn import Turn
from services.conversations import Option
from services.messages import T
from services.understanding.normalise import normalise

SUM = re.compile(r"(?<![\d.\-])(\d{1,9}(?:,\d{3})*)(?:\.(\d{1,2}))?(?![\d.\-])")
DAY = re.compile(r"(?:(?P<year>20\d\d)[-./\u5e74])?(?P<month>1[0-2]|0?[1-9])[-./\u6708](?P<day>3[01]|[12]\d|0?[1-9])")
WAYS = ("transfer", "wechat", "alipay", "cash", "card", "other")
MOST = 100_000_000  # cents of one entry: a million yuan


def cents_in(text: str) -> int | None:
    """Read a sum of yuan, 752.64 or 1,200元; None when there is none, or it can't be meant."""
    found = SUM.search(unicodedata.normalize("NFKC", text))
    if found is None:
        return None
    cents = int(found[1].replace(",", "")) * 100 + int((found[2] or "").ljust(2, "0") or 0)
    return cents if 0 < cents <= MOST else None


def today(turn: Turn) -> date:
    """Return the estate's day."""
    return turn.now.astimezone(turn.house.zone).date()


def day_in(turn: Turn, text: str) -> date | None:
    """Read a day that was: 4月10日, 2026-04-10, yesterday; None when it says none, or lies ahead."""
    now = today(turn)
    found = DAY.search(unicodedata.normalize("NFKC", text))
    if found is None:
        near = {"words.today": 0, "words.yesterday": 1}
        back = next((days for key, days in near.items() if words.within(turn, key)), None)
        return now - timedelta(days=back) if back is not None else None
    try:
        day = date(int(found["year"] or now.year), int(found["month"]), int(found["day"]))
    except ValueError:
        return None
    if day > now and not found["year"]:
        day = day.replace(year=day.year - 1)
    return day if day <= now else None


def way_in(turn: Turn, text: str) -> str | None:
    """Find the way on which money came in what is typed: cash, 微信."""
    said = normalise(text).lower()
    return next((way for way in WAYS if any(word in said for word in words.variants(turn, f"words.way.{way}"))), None)


async def ways(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    """Offer the ways on which money comes."""
    return [Option(way, T(f"way.{way}")) for way in WAYS]


async def typed_way(turn: Turn) -> str | None:
    """Read a way that was typed."""
    return way_in(turn, turn.text)


async def days(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    """Offer today and yesterday."""
    now = today(turn)
    yesterday = now - timedelta(days=1)
    return [Option(now.isoformat(), T("day.today")), Option(yesterday.isoformat(), T("day.yesterday"))]


async def typed_day(turn: Turn) -> str | None:
    """Read a day that was typed."""
    day = day_in(turn, turn.text)
    return day.isoformat() if day is not None else None


async def typed_sum(turn: Turn) -> int | None:
    """Read a sum that was typed."""
    return cents_in(turn.text)


async def nothing(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    """Offer nothing: it is typed."""
    return []


def a_sum(of: Options = nothing, *, when: When | None = None) -> Pick:
    """A sum of money in cents, typed in yuan, or one of those offered."""
    return Pick(of=of, other=typed_sum, when=when)
