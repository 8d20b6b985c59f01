"""Opening hours as people write them: `08:30-12:00 13:30-17:30 workdays`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time
from functools import lru_cache
from itertools import pairwise

from services.calendar import WEEKDAYS, Period

ALLOWED = 'hours such as "08:30-21:00 daily" or "08:30-12:00 13:30-17:30 workdays"'
_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WHEN = "daily, workdays, mon-fri or days such as mon,tue,sat"
_WORKDAYS = "workdays"
_WORDS = {"daily": "mon-sun", _WORKDAYS: "mon-fri"}
_PERIOD = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])-([01]?[0-9]|2[0-3]):([0-5][0-9])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Hours:
    """The same hours on some days of the week; `bound`: public holidays and make-up working days count."""

    week: tuple[tuple[Period, ...], ...]
    bound: bool


@lru_cache(maxsize=256)
def read(text: str) -> Hours:
    """Read opening hours; an end not after its start is on the next day. ValueError says what does not fit.

    "22:00-06:00 fri,sat" is open from Friday evening to Saturday morning and the night after that.
    """
    *periods, when = text.lower().split() or [""]
    days = _days(when)
    if not periods:
        raise ValueError(f"no hours before {when!r}; allowed: {ALLOWED}")
    hours = tuple(map(_period, periods))
    for (first, second), (period, following) in zip(pairwise(periods), pairwise(hours), strict=True):
        if not period.start < period.end <= following.start:
            raise ValueError(f"{second} begins before {first} ends; allowed: hours in the order of the day")
    week = tuple(hours if day in days else () for day in range(WEEKDAYS))
    return Hours(week, bound=when == _WORKDAYS)


def _days(text: str) -> frozenset[int]:
    """Read days of the week, counted from Monday."""
    found: set[int] = set()
    for part in _WORDS.get(text, text).split(","):
        first, _, last = part.partition("-")
        if first not in _NAMES or (last or first) not in _NAMES or part.endswith("-"):
            raise ValueError(f"{text!r} where the days stand at the end; allowed: {_WHEN}")
        start, end = _NAMES.index(first), _NAMES.index(last or first)
        found.update((start + step) % WEEKDAYS for step in range((end - start) % WEEKDAYS + 1))
    return frozenset(found)


def _period(text: str) -> Period:
    found = _PERIOD.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} where hours stand; allowed: from 00:00 to 23:59, such as 08:30-17:30")
    hour, minute, last_hour, last_minute = map(int, found.groups())
    return Period(time(hour, minute), time(last_hour, last_minute))
