"""Who leads leaves a household in peace for a while; how much of what was due has come in, and why not the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from handlers import day
from handlers.answers import Answers, Question, filled, pick
from handlers.collect import unit_in
from handlers.form import Form
from handlers.places import unit_label
from handlers.turn import Turn
from services import access
from services.access import Deed, Subject
from services.conversations import Option
from services.digests import periods
from services.dunning import promises
from services.messages import Cents, Reply, Start, T, Toast, reply
from services.models import Unit
from services.refusals import NotAllowed, NotFound

SPANS = (30, 60, 90)
FORMS = frozenset({"picture", "table"})


async def spare(turn: Turn, rest: str) -> Reply:
    """Leave a household in peace: `/spare 3-2-1502`."""
    if not access.may(turn.actor, Deed.SPARE, Subject(turn.house.id)):
        raise NotAllowed
    unit = await unit_in(turn, rest)
    return Reply(then=Start("spare", {"unit": unit.id})) if unit is not None else reply(T("collect.which"))


async def _spans(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    days = [Option(count, T("spare.days", days=count)) for count in SPANS]
    return [*days, Option(0, T("spare.no"))]


@dataclass(frozen=True, kw_only=True)
class Spare(Form, name="spare"):
    """For how long, or not at all."""

    unit: Annotated[int, filled()]
    asked: Annotated[bool, filled()] = False  # by the household itself
    days: Annotated[int, pick(_spans)]

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:
        """Name the household and what it owes."""
        del name
        unit = await turn.session.get(Unit, int(so_far["unit"]))
        if unit is None:
            raise NotFound
        owed = await promises.owed_by(turn.session, unit_id=unit.id)
        return Question(
            T("spare.ask" if so_far.get("asked") else "spare.lead", unit=unit_label(unit), cents=Cents(owed)), options
        )

    async def submit(self, turn: Turn) -> Reply:
        """Note it; the household hears."""
        await promises.spare(
            turn.session, turn.actor, unit_id=self.unit, days=self.days, asked=self.asked, now=turn.now
        )
        if self.days:
            return reply(T("spare.noted", days=self.days))
        return reply(T("spare.refused") if self.asked else T("collect.noted"))


async def rates(turn: Turn, rest: str) -> Reply:
    """Make what was collected of a month, `/rates 2026-04`: of everybody, as text, picture, table; else one's own."""
    sees_all = access.may(turn.actor, Deed.SEE_RATES, Subject(turn.house.id))
    if not sees_all and not access.may(turn.actor, Deed.SEE_OWN_RATE, Subject(turn.house.id)):
        raise NotAllowed
    asked, _, form = rest.strip().partition(" ")
    found = day.MONTH.fullmatch(asked)
    if asked and found is None:
        return reply(T("rates.which"))
    local = turn.now.astimezone(turn.house.zone)
    span = day.named(turn, found) if found is not None else periods.month(local.year, local.month, turn.house.zone)
    kind = (f"rates.{form}" if form in FORMS else "rates") if sees_all else "rates.own"
    await day.wanted(turn, kind, span)
    return Reply(toast=Toast(T("digest.follows")))
