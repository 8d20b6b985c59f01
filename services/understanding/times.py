"""Time in words: when somebody may come, and when somebody came."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from services.understanding import vocabulary
from services.understanding.lexicon import Lexicon, Word, build
from services.understanding.normalise import lower, normalise, number

GRACE = timedelta(minutes=5)  # clocks of phones differ; more than this is a time to come
SHORT = 1  # a message that says no more than a time is a wish
SHORT_LATIN = 8
QUARTERS = 15
NOON = 12
FIRST_MORNING_HOUR = 8  # three without more is the afternoon, nine the morning
LAST_HOUR = 23
LAST_MINUTE = 59
WEEK = 7
HALF_YEAR = timedelta(days=183)

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time in UTC, start before end."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """One mention of a time: the spans that tell it, and what they tell."""

    spans: tuple[Span, ...]
    days: tuple[int, int] | None = None  # first and last day, counted from today
    part: str | None = None
    clock: re.Match[str] | None = None

    @property
    def start(self) -> int:
        """Where the mention begins."""
        return self.spans[0][0]

    @property
    def end(self) -> int:
        """Where the mention ends."""
        return self.spans[-1][1]


@dataclass(frozen=True, slots=True)
class Timing:
    """The compiled words and patterns of time."""

    words: Lexicon  # labels: "<days>:<part>", either side may be empty
    clock: re.Pattern[str]
    weekday: re.Pattern[str]
    date: re.Pattern[str]
    joint: re.Pattern[str]
    arrival: re.Pattern[str]
    arrival_bare: re.Pattern[str]
    wish: re.Pattern[str]
    hours: Mapping[str, tuple[int, int]]
    weekdays: Mapping[str, int]
    next_week: frozenset[str]
    week_after: frozenset[str]
    weekend: frozenset[str]
    just: tuple[str, ...]


@cache
def timing() -> Timing:
    """Compile the shipped words of time, once."""
    words = vocabulary.shipped()
    table = words.patterns["times"]
    entries = [Word(word, f"{days}:") for days, told in table["days"].items() for word in told]
    entries += [Word(word, f":{part}") for part, told in table["parts"].items() for word in told]
    entries += [Word(word, f"{days}:{part}") for word, (days, part) in table["both"].items()]
    week = table["week"]
    return Timing(
        words=build(entries, {}, lower),
        clock=words.regex("times", "clock"),
        weekday=words.regex("times", "weekday"),
        date=words.regex("times", "date"),
        joint=words.regex("times", "joint"),
        arrival=words.regex("times", "arrival"),
        arrival_bare=words.regex("times", "arrival_bare"),
        wish=_any_of(words.list("time", "wish")),
        hours={part: (first, last) for part, (first, last) in table["hours"].items()},
        weekdays=table["weekdays"],
        next_week=frozenset(week["next"]),
        week_after=frozenset(week["after_next"]),
        weekend=frozenset(week["weekend"]),
        just=tuple(lower(word) for word in table["arrived"]["just"]),
    )


def windows(text: str, *, now: datetime, zone: ZoneInfo) -> tuple[tuple[Window, ...], tuple[Span, ...]]:
    """Read the times wished for in a normalised text, and the spans that tell them; what is past is left out."""
    kit = timing()
    found: list[Window] = []
    spans: list[Span] = []
    for told in _mentions(kit, text, now.astimezone(zone).date()):
        window = _window(kit, told, now, zone) if _is_wish(kit, told, text) else None
        if window is not None and window not in found:
            found.append(window)
            spans.extend(told.spans)
    return tuple(found), tuple(spans)


def day_told(text: str, *, today: date) -> Told | None:
    """Return the first day that a normalised text names (today, tomorrow, Friday, the 12th), or None."""
    return next((told for told in _mentions(timing(), text, today) if told.days is not None), None)


def clock_time(text: str, *, now: datetime, zone: ZoneInfo) -> datetime | None:
    """Read when somebody arrived today (14:20, half past two, just now); None when unclear or still to come."""
    kit = timing()
    plain = lower(normalise(text))
    found = kit.arrival_bare.search(plain) or kit.arrival.search(plain)
    if found is None:
        return now.astimezone(UTC) if any(word in plain for word in kit.just) else None
    hour, minute = number(found["h"]), _minute(found)
    if hour is None or minute is None:
        return None
    part = next((hit.label.partition(":")[2] for hit in kit.words.hits(plain)), "")
    today = now.astimezone(zone).date()
    moments = [_moment(zone, today, each, minute) for each in _hours(found, hour, part)]
    past = [moment for moment in moments if moment is not None and moment <= now + GRACE]
    return max(past, default=None)


def _hours(found: re.Match[str], hour: int, part: str) -> Iterable[int]:
    """Give the hours of the day that a spoken hour may mean."""
    half = (found.groupdict().get("ap") or "").lower()
    if hour > NOON or half == "am" or part == "morning":
        return (0 if half == "am" and hour == NOON else hour,)
    if half == "pm" or part in ("afternoon", "evening"):
        return (hour % NOON + NOON,)
    return (hour, hour % NOON + NOON)


def _mentions(kit: Timing, text: str, today: date) -> list[Told]:
    """Find days, parts of days and clock times, and join those that stand together."""
    plain = lower(text)
    single = [_told_word(hit.start, hit.end, hit.label) for hit in kit.words.hits(plain)]
    single += [_told_weekday(kit, found, today) for found in kit.weekday.finditer(text)]
    single += [told for found in kit.date.finditer(text) if (told := _told_date(found, today)) is not None]
    taken = [(told.start, told.end) for told in single]
    single += [
        Told(spans=(found.span(),), clock=found)
        for found in kit.clock.finditer(text)
        if not any(found.start() < end and start < found.end() for start, end in taken)
    ]
    joined: list[Told] = []
    for told in sorted(single, key=lambda each: (each.start, each.end)):
        pair = _join(joined[-1], told) if joined and kit.joint.fullmatch(text, joined[-1].end, told.start) else None
        if pair is None:
            joined.append(told)
        else:
            joined[-1] = pair
    return joined


def _join(left: Told, right: Told) -> Told | None:
    """Join two mentions that complete each other; None when they say the same thing twice."""
    if (left.days and right.days) or (left.part and right.part) or (left.clock and right.clock):
        return None
    return Told(
        spans=left.spans + right.spans,
        days=left.days or right.days,
        part=left.part or right.part,
        clock=left.clock or right.clock,
    )


def _told_word(start: int, end: int, label: str) -> Told:
    """Read a word for a day, a part of a day, or both."""
    days, _, part = label.partition(":")
    return Told(spans=((start, end),), days=(int(days), int(days)) if days else None, part=part or None)


def _told_weekday(kit: Timing, found: re.Match[str], today: date) -> Told:
    """Read a weekday; without "next" it is the coming one, today included."""
    which = (found["which"] or "").strip().lower()
    name = (found["day"] or found["name"]).lower()
    weekend = name in kit.weekend
    wanted = 5 if weekend else kit.weekdays[name]
    if which in kit.next_week or which in kit.week_after:
        ahead = wanted - today.weekday() + WEEK * (1 + (which in kit.week_after))
    else:
        ahead = (wanted - today.weekday()) % WEEK
        weekend = weekend and today.weekday() < WEEK - 1
    return Told(spans=(found.span(),), days=(ahead, ahead + weekend))


def _told_date(found: re.Match[str], today: date) -> Told | None:
    """Read a date of the calendar: the nearest one that is not long past."""
    day = int(found["dom"] or found["domonly"])
    month = int(found["month"] or today.month)
    for year in (today.year, today.year + 1):
        try:
            wanted = date(year, month, day)
        except ValueError:
            continue
        if wanted >= today - HALF_YEAR:
            ahead = (wanted - today).days
            return Told(spans=(found.span(),), days=(ahead, ahead))
    return None


def _is_wish(kit: Timing, told: Told, text: str) -> bool:
    """Tell a wish from a story: a coming day is one; today or an hour needs a word of coming near it."""
    if told.days and told.days[0] > 0:
        return True
    told_length = sum(end - start for start, end in told.spans)
    near = text[max(0, told.start - 6) : told.start] + " " + text[told.end : told.end + 8]
    short = SHORT_LATIN if text.isascii() else SHORT
    onwards = told.clock is not None and bool(told.clock["relafter"])
    return len(text) - told_length <= short or onwards or bool(kit.wish.search(lower(near)))


def _window(kit: Timing, told: Told, now: datetime, zone: ZoneInfo) -> Window | None:
    """Bring a mention to a stretch of time that is not over yet."""
    if told.part == "now" and not told.clock:
        return Window(now.astimezone(UTC), now.astimezone(UTC) + timedelta(hours=kit.hours["now"][1]))
    first, last = told.days or (0, 0)
    today = now.astimezone(zone).date()
    opens, closes = kit.hours[told.part or "day"]
    hours = _clock_hours(kit, told) if told.clock else (time(opens), time(closes))
    if hours is None:
        return None
    try:
        begins = datetime.combine(today + timedelta(days=first), hours[0], zone).astimezone(UTC)
        ends = datetime.combine(today + timedelta(days=last), hours[1], zone).astimezone(UTC)
    except OverflowError:
        return None
    begins = max(begins, now.astimezone(UTC)) if first <= 0 else begins
    return Window(begins, ends) if begins < ends else None


def _clock_hours(kit: Timing, told: Told) -> tuple[time, time] | None:
    """Read the hours of a clock time: from, until, between, or for about an hour."""
    found = told.clock
    if found is None:
        return None
    start = _hour(found["h"] or found["henglish"] or found["hafter"] or found["hbefore"], found, told.part)
    if start is None:
        return None
    minute = _minute(found) or 0
    opens, closes = kit.hours[told.part or "day"]
    if found["h2"]:
        end = _hour(found["h2"], found, told.part, least=start.hour)
        return (start.replace(minute=minute), end.replace(minute=_second_minute(found))) if end else None
    if found["relafter"] or found["after"]:
        return start.replace(minute=minute), time(max(closes, min(start.hour + 1, LAST_HOUR)))
    if found["relbefore"] or found["before"]:
        return time(min(opens, start.hour)), start.replace(minute=minute)
    return start.replace(minute=minute), time(min(start.hour + 1, LAST_HOUR), minute)


def _hour(text: str | None, found: re.Match[str], part: str | None, least: int = 0) -> time | None:
    """Read an hour, taking it for the afternoon when the words or common sense say so."""
    hour = number(text or "")
    if hour is None or hour > LAST_HOUR:
        return None
    half = (found["ap"] or found["ap2"] or "").lower()
    if half == "am":
        return time(hour % NOON if hour <= NOON else hour)
    late = half == "pm" or part in ("afternoon", "evening") or (part is None and hour < FIRST_MORNING_HOUR)
    if hour < NOON and (late or hour < least):
        hour += NOON
    return time(hour)


def _minute(found: re.Match[str]) -> int | None:
    """Read the minutes: half, quarters, digits; none said is the full hour."""
    parts = found.groupdict()
    if parts.get("half"):
        return 30
    if parts.get("quarter"):
        return (number(parts["quarter"]) or 1) * QUARTERS
    minute = number(parts["m"]) if parts.get("m") else 0
    return minute if minute is not None and minute <= LAST_MINUTE else None


def _second_minute(found: re.Match[str]) -> int:
    """Read the minutes of the end of a range."""
    if found["half2"]:
        return 30
    minute = int(found["m2"]) if found["m2"] else 0
    return minute if minute <= LAST_MINUTE else 0


def _moment(zone: ZoneInfo, day: date, hour: int, minute: int) -> datetime | None:
    """Put a local time on the real line."""
    if hour > LAST_HOUR:
        return None
    return datetime.combine(day, time(hour, minute), zone).astimezone(UTC)


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    """Match any of the words; Latin ones only as whole words."""
    ordered = sorted(words, key=len, reverse=True)
    return re.compile("|".join(rf"\b{re.escape(word)}\b" if word.isascii() else re.escape(word) for word in ordered))
