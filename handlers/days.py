"""A day as an answer: a date as it is written, or named: today, Friday, the 20th."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from handlers.answers import Answers, Kind, Unclear, chosen
from handlers.turn import Turn
from services.conversations import Option
from services.messages import T
from services.understanding import times
from services.understanding.normalise import normalise

WRITTEN = re.compile(r"(?<!\d)(20\d\d)\s?[-/.\u5e74]\s?(\d{1,2})\s?[-/.\u6708]\s?(\d{1,2})(?!\d)")


def today(turn: Turn) -> date:
    """Return the day that it is in the estate."""
    return turn.now.astimezone(turn.house.zone).date()


def found(text: str) -> tuple[date | None, str]:
    """Return the date that words hold in figures, and the words without it."""
    said = unicodedata.normalize("NFKC", text)
    match = WRITTEN.search(said)
    if match is None:
        return None, text
    try:
        day = date(*(int(part) for part in match.groups()))
    except ValueError:
        return None, text
    return day, said.replace(match.group(), " ").strip()


def read(turn: Turn, text: str) -> date | None:
    """Return the day that words name, in figures or otherwise."""
    day, _ = found(text)
    if day is not None:
        return day
    told = times.day_told(normalise(text), today=today(turn))
    return today(turn) + timedelta(days=told.days[0]) if told is not None and told.days is not None else None


@dataclass(frozen=True, kw_only=True)
class Day(Kind):
    """A day; today is offered."""

    async def options(self, turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG002
        """Offer today."""
        return [Option(today(turn).isoformat(), T("word.today"))]

    async def read(self, turn: Turn, options: Sequence[Option]) -> Any:  # noqa: ANN401
        """Read a date."""
        option = chosen(turn, options)
        day = read(turn, turn.text) if option is None else None
        if option is not None:
            return option.value
        if day is None:
            raise Unclear(T("unclear.day"))
        return day.isoformat()

    def load(self, value: Any) -> Any:  # noqa: ANN401
        """Turn the value into a date."""
        return date.fromisoformat(value)
