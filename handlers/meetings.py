"""A time to meet who collects: the household picks it, or who collects after a call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from handlers import collect
from handlers.answers import Answers, filled, pick
from handlers.form import Form
from handlers.turn import Turn
from services.conversations import Option
from services.dunning import promises, visits
from services.messages import Choice, Reply, Start, Style, T, When, reply, window_end
from services.models import Unit
from services.refusals import NotFound

OFF = "off"


async def command(turn: Turn, rest: str) -> Reply:
    """Agree a time for a home, one's own without a name: `/meet 3-2-1502`; `off` takes it back."""
    words, _, off = rest.strip().partition(" ")
    unit_id = await _home(turn, words if off == OFF else rest.strip())
    if off == OFF:
        gone = await visits.call_off(turn.session, turn.actor, unit_id=unit_id, now=turn.now)
        return reply(T("visit.gone") if gone else T("visit.no"))
    if not await _offered(turn, unit_id):
        return reply(T("visit.full", phone=turn.house.phone))
    return Reply(then=Start("meet", {"unit": unit_id}))


async def _home(turn: Turn, words: str) -> int:
    if not words:
        found = next((home.unit_id for home in turn.actor.here), None)
    else:
        unit = await collect.unit_in(turn, words)
        found = unit.id if unit is not None else None
    if found is None:
        raise NotFound
    return (await promises.may_speak_for(turn.session, turn.actor, unit_id=found)).id


async def _offered(turn: Turn, unit_id: int) -> Sequence[Option]:
    spans = await visits.offered(turn.session, turn.actor, unit_id=unit_id, now=turn.now, figures=turn.policy.dunning)
    return [
        Option(span.start.isoformat(), T("visit.time", start=When(span.start, Style.WEEK), end=window_end(*span)))
        for span in spans
    ]


async def _times(turn: Turn, so_far: Answers) -> Sequence[Option]:
    return await _offered(turn, so_far["unit"])


@dataclass(frozen=True, kw_only=True)
class Meet(Form, name="meet"):
    """When to meet."""

    unit: Annotated[int, filled()]
    start: Annotated[str, pick(_times)]

    async def submit(self, turn: Turn) -> Reply:
        """Agree it."""
        booked = await visits.book(
            turn.session,
            turn.actor,
            unit_id=self.unit,
            start=datetime.fromisoformat(self.start),
            now=turn.now,
            policy=turn.policy,
        )
        unit = await turn.session.get_one(Unit, self.unit)
        span = visits.span_of(booked)
        words = await visits.said(turn.session, unit, booked.staff_id, span) if span else {}
        if turn.actor.staff is not None:
            return reply(T("visit.noted", **words), [Choice(T("collect.back"), "go:collect")])
        return reply(T("visit.agreed", **words), *visits.choices(self.unit))
