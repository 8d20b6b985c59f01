"""When somebody is on duty, in few words: a day and hours, such as "tomorrow 8-20"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.stretches import Stretch
from services.understanding.normalise import normalise
from services.understanding.times import day_told

LAST_HOUR = 24
CLOCK = r"(\d{1,2})(?:\s?[:点时]\s?(\d{2}|半)?分?)?"
NUMERIC_DATE = re.compile(r"(?<!\d)(1[0-2]|0?[1-9])[/-](3[01]|[12]\d|0?[1-9])(?!\d)")
HOURS = re.compile(rf"(?<![\d:/-]){CLOCK}\s?(?:-|~|到|至|to)\s?(?:次日|第二天|第二日|明早)?\s?{CLOCK}(?![\d:/-])")


@dataclass(frozen=True, slots=True)
class Told:
    """What was said: hours or a whole day, or neither; and the words that are left: whose duty it is."""

    rest: str
    day: Stretch | None = None  # the whole day that was named
    hours: Stretch | None = None


def read(text: str, *, now: datetime, zone: ZoneInfo) -> Told:
    """Read a day and hours; without a day it is today, an end before the start is the next day's."""
    words = normalise(text)
    today = now.astimezone(zone).date()
    mentions = list(HOURS.finditer(words))
    found = mentions[-1] if mentions else None
    if found is not None:
        words = f"{words[: found.start()]} {words[found.end() :]}"
    words = NUMERIC_DATE.sub(r"\1月\2日", words)
    told = day_told(words, today=today)
    for start, end in reversed(told.spans if told else ()):
        words = f"{words[:start]} {words[end:]}"
    ahead = told.days[0] if told and told.days else 0
    hours = _between(found, today + timedelta(days=ahead), zone) if found is not None else None
    return Told(" ".join(words.split()), whole(today + timedelta(days=ahead), zone) if told else None, hours)


def whole(day: date, zone: ZoneInfo) -> Stretch:
    """Return a day from midnight to midnight."""
    return Stretch(_moment(day, zone), _moment(day + timedelta(days=1), zone))


def _moment(day: date, zone: ZoneInfo, at: time = time(0)) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)


def _between(found: re.Match[str], day: date, zone: ZoneInfo) -> Stretch | None:
    first, last = _clock(found[1], found[2]), _clock(found[3], found[4])
    if first is None or last is None:
        return None
    return stretch(day, first, last, zone)


def _clock(hour: str, minute: str | None) -> timedelta | None:
    minutes = 30 if minute == "半" else int(minute or 0)
    return clock(int(hour), minutes)


def clock(hour: int, minute: int) -> timedelta | None:
    """Return a time of day, 24:00 among them; None when there is no such time."""
    fits = (hour < LAST_HOUR and minute < 60) or (hour, minute) == (LAST_HOUR, 0)
    return timedelta(hours=hour, minutes=minute) if fits else None


def stretch(day: date, first: timedelta, last: timedelta, zone: ZoneInfo) -> Stretch | None:
    """Return the hours of a day as a stretch; an end not after the start is the next day's. None: no time at all."""
    starts, ends = _on(day, first, zone), _on(day, last, zone)
    if last <= first:
        ends = _on(day + timedelta(days=1), last, zone)
    return Stretch(starts, ends) if starts < ends else None


def _on(day: date, at: timedelta, zone: ZoneInfo) -> datetime:
    """Put a time of day on the real line; 24:00 is the next day's beginning."""
    days, seconds = divmod(int(at.total_seconds()), 24 * 3600)
    return _moment(day + timedelta(days=days), zone, time(seconds // 3600, seconds % 3600 // 60))
