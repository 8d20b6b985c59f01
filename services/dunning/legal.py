"""The legal list: who is on it and still owes; what it came to since the last summary; when the next summary is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import func, select

from services.actors import Actor, House
from services.db import Session
from services.dunning import handing, letters
from services.dunning.claims import Claim, claims
from services.dunning.steps import Does
from services.models import Bill, DunningAttempt, Handing, Letter, Unit
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
    found = await claims(session, await _attempts(session, house.id), house=house, now=now)
    owing = _together([one for one in found if one.overdue])
    tried = await _tried(session, [one.unit.id for one in owing])
    sent = await _letters(session, [one.unit.id for one in owing])
    handed = await handing.of(session, [letter.id for letter in sent.values()])
    made = [_owing(one, tried, sent.get((one.unit.id, one.attempt.list)), handed) for one in owing]
    return sorted(made, key=lambda one: (-one.cents, one.unit.id))


def _together(found: Sequence[Claim]) -> Sequence[Claim]:
    """Lay together who came on the list more than once: it is one household, and a bill counts once."""
    whole: dict[tuple[int, str, int | None], Claim] = {}
    for one in found:
        name = one.unit.id, one.attempt.list, one.person.id if one.person is not None else None
        known = whole.get(name, one)
        bills = {bill.id: bill for bill in (*known.overdue, *one.overdue)}
        whole[name] = replace(known, overdue=sorted(bills.values(), key=lambda bill: (bill.due_on, bill.id)))
    return list(whole.values())


async def _attempts(session: Session, community_id: int) -> Sequence[DunningAttempt]:
    here = DunningAttempt.community_id == community_id, DunningAttempt.way == Does.LEGAL
    return (await session.scalars(select(DunningAttempt).where(*here).order_by(DunningAttempt.id))).all()


async def _tried(session: Session, homes: Sequence[int]) -> Mapping[tuple[int, str], int]:
    """Count the attempts before, by home and list."""
    its = DunningAttempt.unit_id.in_(homes), DunningAttempt.way != Does.LEGAL, DunningAttempt.state != "skipped"
    by = DunningAttempt.unit_id, DunningAttempt.list
    rows = await session.execute(select(*by, func.count()).where(*its).group_by(*by))
    return {(unit_id, name): count for unit_id, name, count in rows}


async def _letters(session: Session, homes: Sequence[int]) -> Mapping[tuple[int, str], Letter]:
    """Return the newest letter by home and list."""
    rows = await session.scalars(select(Letter).where(Letter.unit_id.in_(homes)).order_by(Letter.id))
    return {(letter.unit_id, letter.list): letter for letter in rows}


def _owing(
    one: Claim,
    tried: Mapping[tuple[int, str], int],
    letter: Letter | None,
    handed: Mapping[int, Sequence[Handing]],
) -> Owing:
    sent = handed.get(letter.id, ()) if letter is not None else ()
    return Owing(
        one.unit,
        one.person.name if one.person is not None else "",
        one.tie,
        one.attempt.list,
        one.attempt.at,
        min(bill.due_on for bill in one.overdue),
        len(one.overdue),
        one.cents,
        tried.get((one.unit.id, one.attempt.list), 0),
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
    ids = sorted({bill_id for one in attempts for bill_id in one.bills})
    rows = await session.execute(select(Bill.id, Bill.paid_at).where(Bill.id.in_(ids)))
    paid_at = {row.id: row.paid_at for row in rows}
    found: dict[int, int] = {}
    for one in attempts:
        days = [paid_at.get(bill_id) for bill_id in one.bills]
        paid = [day for day in days if day is not None]
        if days and len(paid) == len(days) and span.starts_at <= max(paid) < span.ends_at:
            found[one.id] = one.cents
    return found
