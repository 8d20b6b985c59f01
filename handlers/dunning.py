"""Who leads leaves a household in peace for a while; how much of what was due has come in, and why not the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from handlers.answers import Answers, Question, filled, pick
from handlers.collect import unit_in
from handlers.day import MONTH
from handlers.form import Form
from handlers.places import unit_label
from handlers.turn import Turn
from services import access
from services.access import Deed, Subject
from services.conversations import Option
from services.digests import periods
from services.dunning import collecting, promises
from services.messages import Cents, Reply, Start, Style, T, When, lines, reply
from services.models import Unit
from services.refusals import NotAllowed, NotFound

SPANS = (30, 60, 90)


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
    """Say how much of what was due in a month has come in: `/rates`, `/rates 2026-04`."""
    found = MONTH.fullmatch(rest.replace(" ", ""))
    local = turn.now.astimezone(turn.house.zone)
    year = int(found["year"]) if found is not None and found["year"] else local.year
    span = periods.month(year, int(found["month"]) if found is not None else local.month, turn.house.zone)
    first = span.starts_at.astimezone(turn.house.zone).date()
    last = (span.ends_at.astimezone(turn.house.zone) - timedelta(seconds=1)).date()
    session, actor = turn.session, turn.actor
    rows = await collecting.rates(session, actor, first=first, last=last, upto=span.ends_at)
    if not rows:
        return reply(T("rates.none"))
    why = await collecting.reasons(session, actor, since=span.starts_at, until=span.ends_at)
    ended, kept = await collecting.promised(session, actor, since=span.starts_at, until=span.ends_at)
    due, paid = sum(row.due for row in rows), sum(row.paid for row in rows)
    return reply(
        lines(
            T("rates.head", month=When(span.starts_at, Style.DAY), percent=f"{100 * paid / max(due, 1):.1f}"),
            T("rates.sums", due=Cents(due), paid=Cents(paid)),
            *(T("rates.building", name=row.name, percent=f"{row.percent:.1f}", paid=Cents(row.paid)) for row in rows),
            T("rates.promises", ended=ended, kept=kept) if ended else None,
            *(T("rates.reason", reason=T(f"arrears.{name}"), count=count) for name, count in why),
            T("rates.rule"),
        )
    )
