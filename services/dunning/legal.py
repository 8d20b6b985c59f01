"""The legal list: who is on it and still owes; what it came to since the last summary; when the next summary is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

from services.actors import Actor, House
from services.db import Session
from services.dunning import handing, letters
from services.dunning.steps import Does
from services.models import Bill, DunningAttempt, Handing, Letter, Unit
from services.money.standing import open_cents
from services.stretches import Stretch


@dataclass(frozen=True, slots=True)
class Owing:
    """Somebody on the legal list who still owes."""

    unit: Unit
    name: str
    tie: str
    list: str  # fees | handover | left
    since: datetime  # on the list
    oldest: date  # due
    bills: int
    cents: int
    tried: int
    letter: Letter | None
    handed: Handing | None


@dataclass(frozen=True, slots=True)
class Changes:
    """What became of the list in a stretch of time."""

    new: int
    settled: int
    settled_cents: int


async def listed(session: Session, actor: Actor, *, house: House, now: datetime) -> Sequence[Owing]:
    """Return those on the legal list who still owe, the largest sums first; what is held up is left out."""
    letters.check(actor, house.id)
    found = []
    for attempt in await _attempts(session, house.id):
        bills = await letters.overdue(session, attempt, house=house, now=now)
        if bills:
            found.append(await _owing(session, attempt, bills))
    return sorted(found, key=lambda one: (-one.cents, one.unit.id))


async def _attempts(session: Session, community_id: int) -> Sequence[DunningAttempt]:
    here = DunningAttempt.community_id == community_id, DunningAttempt.way == Does.LEGAL
    return (await session.scalars(select(DunningAttempt).where(*here).order_by(DunningAttempt.id))).all()


async def _owing(session: Session, attempt: DunningAttempt, bills: Sequence[Bill]) -> Owing:
    unit = await session.get_one(Unit, attempt.unit_id)
    person, tie = await letters.payer(session, attempt, unit)
    same = DunningAttempt.unit_id == unit.id, DunningAttempt.list == attempt.list
    tried = select(func.count()).where(*same, DunningAttempt.way != Does.LEGAL, DunningAttempt.state != "skipped")
    newest = select(Letter).where(Letter.unit_id == unit.id, Letter.list == attempt.list).order_by(Letter.id.desc())
    letter = (await session.scalars(newest.limit(1))).one_or_none()
    sent = (await handing.of(session, [letter.id])).get(letter.id, ()) if letter is not None else ()
    return Owing(
        unit,
        person.name if person is not None else "",
        tie,
        attempt.list,
        attempt.at,
        min(bill.due_on for bill in bills),
        len(bills),
        sum(map(open_cents, bills)),
        await session.scalar(tried) or 0,
        letter,
        sent[-1] if sent else None,
    )


async def changes(session: Session, actor: Actor, *, community_id: int, span: Stretch) -> Changes:
    """Return how many came on the list in a stretch of time, and who settled in it."""
    letters.check(actor, community_id)
    attempts = await _attempts(session, community_id)
    settled = await _settled(session, attempts, span)
    return Changes(
        sum(span.starts_at <= one.at < span.ends_at for one in attempts), len(settled), sum(settled.values())
    )


async def _settled(session: Session, attempts: Sequence[DunningAttempt], span: Stretch) -> Mapping[int, int]:
    """Return, for those on the list whose last bill was paid in the span, what all of them came to, by attempt."""
    found: dict[int, int] = {}
    for attempt in attempts:
        its = (await session.scalars(select(Bill).where(Bill.id.in_(attempt.bills)))).all()
        paid = [bill.paid_at for bill in its if bill.paid_at is not None]
        if its and len(paid) == len(its) and span.starts_at <= max(paid) < span.ends_at:
            found[attempt.id] = attempt.cents
    return found
