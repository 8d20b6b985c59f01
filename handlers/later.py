"""Times to come: what is offered, how typed ones are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from handlers.answers import Answers, Pick
from handlers.turn import Turn
from services.conversations import Option
from services.messages import T, When
from services.models import Ticket
from services.tickets import finding
from services.understanding.numbers import choice_number
from services.understanding.times import Window

MORNING, NOON, EVENING = time(9), time(12), time(18)
A_WHILE = timedelta(days=3)
AT_LEAST = timedelta(minutes=20)  # a time nearer than this is no rest
AN_HOUR = timedelta(hours=1)
EVEN = timedelta(minutes=5)


def at(turn: Turn, day: datetime, clock: time, *, days: int = 0) -> datetime:
    """Return a clock time of the estate, so many days after the day of a moment."""
    zone = turn.house.zone
    date = day.astimezone(zone).date() + timedelta(days=days)
    return datetime.combine(date, clock, zone).astimezone(turn.now.tzinfo)


def next_morning(turn: Turn) -> datetime:
    """Return when we are in touch again: tomorrow at nine."""
    return at(turn, turn.now, MORNING, days=1)


async def rests(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    """Offer until when work may rest: the end of today, tomorrow morning, in three days."""
    evening, morning = at(turn, turn.now, EVENING), next_morning(turn)
    times = [evening] if evening > turn.now + AN_HOUR else []
    times += [morning, morning + A_WHILE - timedelta(days=1)]
    return [Option(when.isoformat(), T("later.at", until=When(when))) for when in times]


async def delays(turn: Turn, so_far: Answers) -> Sequence[Option]:
    """Offer how much later it gets, counted from what was promised."""
    ticket = await finding.find(turn.session, turn.actor, ticket_id=int(so_far["ticket"]))
    base = _even(_promised(turn, ticket))
    half, hour = base + AN_HOUR / 2, base + AN_HOUR
    options = [
        Option(half.isoformat(), T("later.half_hour", until=When(half))),
        Option(hour.isoformat(), T("later.hour", until=When(hour))),
    ]
    later = [at(turn, base, EVENING), at(turn, base, NOON, days=1)]
    return [*options, *(Option(one.isoformat(), T("later.at", until=When(one))) for one in later if one > hour)]


def _promised(turn: Turn, ticket: Ticket) -> datetime:
    """Return the time that can't be kept; now, when it has passed or nothing was said."""
    promised = ticket.promised_at if ticket.arrived_at is None else None
    return max(turn.now, promised or ticket.due_at or turn.now)


def _even(moment: datetime) -> datetime:
    """Round up to five minutes."""
    over = timedelta(minutes=moment.minute, seconds=moment.second, microseconds=moment.microsecond) % EVEN
    return moment + (EVEN - over if over else timedelta())


def begins(turn: Turn, text: str) -> datetime | None:
    """Read when something goes on: the beginning of the time that the words name."""
    window = _window(turn, text)
    if window is None:
        return None
    return window.start if window.start > turn.now + AT_LEAST else window.end


def ends(turn: Turn, text: str) -> datetime | None:
    """Read by when somebody comes: a clock time as it is, else the end of the time that the words name."""
    window = _window(turn, text)
    if window is None:
        return None
    clock = window.end - window.start <= AN_HOUR and window.start > turn.now
    return window.start if clock else window.end


def _window(turn: Turn, text: str) -> Window | None:
    return next(iter(turn.understood(text).when), None) if text else None


@dataclass(frozen=True, kw_only=True)
class Moment(Pick):
    """A moment to come: one of those offered, or typed; `begin` takes the beginning of a typed stretch of time."""

    begin: bool = False

    async def read(self, turn: Turn, options: Sequence[Option]) -> Any:  # noqa: ANN401
        """Read a typed time first: "18:30" is not a misspelt "18:00"."""
        if choice_number(turn.text) is None:
            moment = (begins if self.begin else ends)(turn, turn.text)
            if moment is not None:
                return moment.isoformat()
        return await super().read(turn, options)

    def load(self, value: Any) -> Any:  # noqa: ANN401
        """Turn the text into the moment."""
        return datetime.fromisoformat(value)
