"""The manager's day in chat: today's digest in its forms, the sheets of week and month."""

from __future__ import annotations

import re
from datetime import datetime

from handlers.turn import Turn
from services.digests import jobs, periods
from services.messages import Reply, Style, T, Toast, When, reply
from services.refusals import NotAllowed, Refused
from services.stretches import Stretch

FORMS = frozenset({"plain", "table", "buildings"})
MONTH = re.compile(r"(?:(?P<year>20\d\d)[-./\u5e74])?(?P<month>1[0-2]|0?[1-9])\u6708?")


class NotYet(Refused):
    """The period has not begun."""

    key = "sheet.not_yet"


async def today(turn: Turn, rest: str) -> Reply:
    """Make the digest of today anew, or one of its forms; it follows in a moment."""
    kind = rest if rest in FORMS else "today"
    await _ask(turn, kind, periods.day_of(turn.now, turn.house.zone))
    return Reply(toast=Toast(T("digest.follows")))


async def uncleared(turn: Turn, rest: str) -> Reply:  # noqa: ARG001
    """List what was due today and is still open."""
    await _ask(turn, "uncleared", periods.day_of(turn.now, turn.house.zone))
    return Reply(toast=Toast(T("digest.follows")))


async def week(turn: Turn, rest: str) -> Reply:  # noqa: ARG001
    """Make the sheet of the last whole week."""
    span = periods.week_before(turn.now, turn.house.zone)
    await _ask(turn, "week", span)
    return _follows(span)


async def month(turn: Turn, rest: str) -> Reply:
    """Make the sheet of the last whole month, or of the one named: `/month 2026-03`, `/month 3`."""
    found = MONTH.fullmatch(rest.replace(" ", ""))
    if rest and found is None:
        return reply(T("sheet.which_month"))
    span = periods.month_before(turn.now, turn.house.zone) if found is None else named(turn, found)
    if span.starts_at >= turn.now:
        raise NotYet
    await _ask(turn, "month", span)
    return _follows(span)


def named(turn: Turn, found: re.Match[str]) -> Stretch:
    """Return the month that was named; without a year, the last one of that name that has begun."""
    local = turn.now.astimezone(turn.house.zone)
    number = int(found["month"])
    year = int(found["year"]) if found["year"] else local.year - (number > local.month)
    return periods.month(year, number, turn.house.zone)


def _follows(span: Stretch) -> Reply:
    last = datetime.fromtimestamp(span.ends_at.timestamp() - 1, span.ends_at.tzinfo)
    return reply(T("sheet.follows", first=When(span.starts_at, Style.DAY), last=When(last, Style.DAY)))


async def _ask(turn: Turn, kind: str, span: Stretch) -> None:
    """Only who leads may."""
    if not turn.actor.is_lead:
        raise NotAllowed
    await wanted(turn, kind, span)


async def wanted(turn: Turn, kind: str, span: Stretch) -> None:
    """Ask for it to be made; one event asks once."""
    actor = turn.actor
    await jobs.ask(
        turn.session,
        key=f"digest:{actor.channel}:{actor.account}:{actor.event_id}:{kind}",
        kind=kind,
        community_id=turn.house.id,
        address_id=actor.to.address_id,
        at=turn.now,
        span=span,
    )
