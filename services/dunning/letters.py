"""Formal letters: which are wanted, numbered once, as texts for a page; the legal list; a household's record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from services import access, places
from services.access import Deed, Subject
from services.actors import Actor, House
from services.db import Session, upsert
from services.dunning import pauses
from services.dunning.steps import Does
from services.messages import Cents, Style, T, Text, When
from services.models import Bill, Community, Company, Counter, DunningAttempt, Outgoing, Payment, Unit, table_of
from services.money import standing
from services.money.standing import open_cents
from services.refusals import NotAllowed

WANTED, DONE, PRINTED, SETTLED = "wanted", "done", "printed", "paid"
ONE_MORE = table_of(Counter).c.count + 1
DAY = "letters"  # letters are counted by the year


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter, as its page says it."""

    number: T
    place: Text
    head: str  # company and community
    day: When
    lines: Sequence[Text]
    total: Text
    phone: str


@dataclass(frozen=True, slots=True)
class Owing:
    """A household of the legal list."""

    unit: Unit
    since: datetime
    cents: int
    tried: int


@dataclass(frozen=True, slots=True)
class Tried:
    """One attempt of a household's record, with what became of its message."""

    attempt: DunningAttempt
    delivery: str


def _allowed(actor: Actor, deed: Deed, community_id: int) -> None:
    if not access.may(actor, deed, Subject(community_id)):
        raise NotAllowed


async def take(session: Session, actor: Actor, *, house: House, now: datetime, most: int = 200) -> Sequence[Letter]:
    """Number the letters that are wanted, note them as printed, return them.

    What was paid since, or stays with who sold, is left out; what is held up now waits until it is not.
    """
    _allowed(actor, Deed.SEND_LETTERS, house.id)
    wanted = select(DunningAttempt).where(
        DunningAttempt.community_id == house.id,
        DunningAttempt.way == Does.LETTER,
        DunningAttempt.state == WANTED,
    )
    held = wanted.order_by(DunningAttempt.id).limit(most).with_for_update(key_share=True)
    head = await _head(session, house)
    found = []
    for attempt in (await session.scalars(held)).all():
        owed = await _open(session, attempt)
        bills = await _unheld(session, attempt, owed, now)
        if owed and not bills:
            continue
        attempt.state, attempt.done_at = DONE, now
        attempt.result = PRINTED if bills else SETTLED
        if bills:
            await _number(session, attempt, house, now)
            found.append(await _letter(session, attempt, bills, house, head, now))
    await session.flush()
    return found


async def _head(session: Session, house: House) -> str:
    name = await session.scalar(
        select(Company.name).join(Community, Community.company_id == Company.id).where(Community.id == house.id)
    )
    return f"{name}  {house.name}" if name else house.name


async def _open(session: Session, attempt: DunningAttempt) -> Sequence[Bill]:
    """Return what the household still owes of an attempt's bills; what stayed with who sold is not its own."""
    units = await standing.household(session, unit_id=attempt.unit_id)
    owed = await standing.owed(session, unit_ids=[unit.id for unit in units])
    return [bill for bill in owed if bill.id in set(attempt.bills)]


async def _unheld(session: Session, attempt: DunningAttempt, bills: Sequence[Bill], now: datetime) -> Sequence[Bill]:
    """Return those that no matter, promise, hardship or complaint holds up, as for every other step."""
    if await pauses.spared(session, homes=[attempt.unit_id], now=now):
        return []
    held = await pauses.paused_bills(session, unit_ids=[attempt.unit_id], now=now)
    return [bill for bill in bills if bill.id not in held]


async def _number(session: Session, attempt: DunningAttempt, house: House, now: datetime) -> None:
    year = now.astimezone(house.zone).year
    row = {"community_id": house.id, "year": year, "day": DAY, "count": 1}
    on = ("community_id", "year", "day")
    counted = await upsert(session, Counter, row, on=on, change={"count": ONE_MORE}, returning=(Counter.count,))
    attempt.letter_year, attempt.letter_number = year, f"{counted.scalar_one():03d}"


async def _letter(
    session: Session, attempt: DunningAttempt, bills: Sequence[Bill], house: House, head: str, now: datetime
) -> Letter:
    unit = await session.get_one(Unit, attempt.unit_id)
    return Letter(
        T("letter.number", year=attempt.letter_year, count=attempt.letter_number),
        places.unit_label(unit),
        head,
        When(now, Style.DAY),
        [T("letter.line", item=bill.item, period=bill.period, cents=Cents(open_cents(bill))) for bill in bills],
        T("letter.total", cents=Cents(sum(map(open_cents, bills)))),
        house.phone,
    )


async def legal(session: Session, actor: Actor, *, community_id: int, now: datetime) -> Sequence[Owing]:
    """Return the households of the legal list that still owe, with what was tried before."""
    _allowed(actor, Deed.SEND_LETTERS, community_id)
    here = DunningAttempt.community_id == community_id, DunningAttempt.way == Does.LEGAL
    found = []
    for attempt in (await session.scalars(select(DunningAttempt).where(*here).order_by(DunningAttempt.id))).all():
        cents = sum(map(open_cents, await _unheld(session, attempt, await _open(session, attempt), now)))
        if cents:
            unit = await session.get_one(Unit, attempt.unit_id)
            tried = len(await record(session, actor, unit=unit))
            found.append(Owing(unit, attempt.at, cents, tried))
    return found


async def record(session: Session, actor: Actor, *, unit: Unit) -> Sequence[Tried]:
    """Return all that was tried with a household, in time, with what became of each message."""
    _allowed(actor, Deed.SEND_LETTERS, unit.community_id)
    attempts = await session.scalars(
        select(DunningAttempt).where(DunningAttempt.unit_id == unit.id).order_by(DunningAttempt.at, DunningAttempt.id)
    )
    tried = attempts.all()
    keys = [attempt.outbox_key for attempt in tried if attempt.outbox_key]
    rows = await session.execute(select(Outgoing.key, Outgoing.state).where(Outgoing.key.in_(keys)))
    states = {row.key: row.state for row in rows.all()}
    return [Tried(attempt, str(states.get(attempt.outbox_key, ""))) for attempt in tried]


async def paid(session: Session, actor: Actor, *, unit: Unit) -> Sequence[Payment]:
    """Return a household's payments, in time."""
    _allowed(actor, Deed.SEND_LETTERS, unit.community_id)
    its = select(Payment).where(Payment.unit_id == unit.id).order_by(Payment.paid_on, Payment.id)
    return (await session.scalars(its)).all()
