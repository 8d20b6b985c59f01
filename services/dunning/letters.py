"""Formal letters: what is wanted becomes numbered rows that keep what they say; printing reads the rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select

from services import access
from services.access import Deed, Subject
from services.actors import Actor, House, Tie
from services.db import Session, upsert
from services.dunning import pauses
from services.dunning.steps import Does
from services.models import Bill, Community, Company, Counter, DunningAttempt, Letter, Occupancy, Person, Unit, table_of
from services.money import standing
from services.money.standing import open_cents
from services.refusals import NotAllowed, Refused

WANTED, DONE = "wanted", "done"
PRINTED, SETTLED, MOVED = "printed", "paid", "moved"  # what became of a letter that was wanted
LEFT = "left"  # the list of those who moved away: their bills stayed with them
ONE_MORE = table_of(Counter).c.count + 1
DAY = "letters"  # letters are counted by the year
CHUNK = 6  # letters: a transaction stays under 50 ms


class NoSuchLetter(Refused):
    """No letter here has that number."""

    key = "refused.no_letter"


Lacking = Callable[[str], str]  # the signs of words that can't be printed


@dataclass(frozen=True, slots=True)
class Waits:
    """A letter that can't be printed: the signs that the fonts lack."""

    unit: Unit
    signs: str


@dataclass(frozen=True, slots=True)
class Step:
    """What one short transaction of numbering did, and where the next one begins."""

    after: int | None  # None: all were looked at
    numbered: int
    waiting: Sequence[Waits]


@dataclass(frozen=True, slots=True)
class Printed:
    """A numbered letter and the home that it is about."""

    letter: Letter
    unit: Unit

    @property
    def name(self) -> str:
        """Its number as people write it."""
        return f"{self.letter.year}-{self.letter.number}"


@dataclass(frozen=True, slots=True)
class Want:
    """How many letters are wanted, and what was owed when they became so."""

    count: int
    cents: int


def check(actor: Actor, community_id: int) -> None:
    """Raise `NotAllowed` unless the actor deals with letters there."""
    if not access.may(actor, Deed.SEND_LETTERS, Subject(community_id)):
        raise NotAllowed


def _wanted(community_id: int, after: int) -> tuple[ColumnElement[bool], ...]:
    return (
        DunningAttempt.community_id == community_id,
        DunningAttempt.way == Does.LETTER,
        DunningAttempt.state == WANTED,
        DunningAttempt.id > after,
    )


async def wanted(session: Session, actor: Actor, *, community_id: int) -> Want:
    """Count the letters that are wanted; what was paid since or is held up is found when they are numbered."""
    check(actor, community_id)
    summed = select(func.count(), func.coalesce(func.sum(DunningAttempt.cents), 0)).where(*_wanted(community_id, 0))
    count, cents = (await session.execute(summed)).one()
    return Want(count, int(cents))


async def number(
    session: Session, actor: Actor, *, house: House, batch: str, after: int, lacking: Lacking, how: str, now: datetime
) -> Step:
    """Number the next letters that are wanted, and write down what they say; call again until `after` is None.

    What was paid since, or stays with who sold, is left out and noted so; what something holds up waits, and so does a
    letter with a sign that can't be printed.
    """
    check(actor, house.id)
    held = select(DunningAttempt).where(*_wanted(house.id, after)).order_by(DunningAttempt.id).limit(CHUNK)
    attempts = (await session.scalars(held.with_for_update(key_share=True))).all()
    head = {**await _head(session, house), "how": how}
    waiting, numbered = list[Waits](), 0
    for attempt in attempts:
        if not await owed(session, attempt):
            attempt.state, attempt.done_at = DONE, now
            attempt.result = MOVED if await _stayed(session, attempt) else SETTLED
            continue
        bills = await overdue(session, attempt, house=house, now=now)
        if not bills:
            continue
        letter, unit = await _letter(session, attempt, bills, head)
        signs = "".join(dict.fromkeys(lacking("".join(_words(letter, unit)))))
        if signs:
            waiting.append(Waits(unit, signs))
            continue
        await _count(session, letter, batch, house, now)
        attempt.state, attempt.done_at, attempt.result = DONE, now, PRINTED
        numbered += 1
    await session.flush()
    return Step(attempts[-1].id if len(attempts) == CHUNK else None, numbered, waiting)


async def owed(session: Session, attempt: DunningAttempt) -> Sequence[Bill]:
    """Return what is still open of an attempt's bills, and still of those whom it was for, oldest first."""
    whose = Bill.payer_id == attempt.person_id if attempt.list == LEFT else Bill.payer_id.is_(None)
    home = func.coalesce(Unit.attached_to, Unit.id) == attempt.unit_id
    its = Bill.id.in_(attempt.bills), standing.OPEN, whose, home
    statement = select(Bill).join(Unit, Unit.id == Bill.unit_id).where(*its).order_by(Bill.due_on, Bill.id)
    return (await session.scalars(statement)).all()


async def _stayed(session: Session, attempt: DunningAttempt) -> bool:
    """Whether something of it is open all the same: it stayed with who sold or moved out."""
    still = select(Bill.id).where(Bill.id.in_(attempt.bills), standing.OPEN).limit(1)
    return await session.scalar(still) is not None


async def overdue(session: Session, attempt: DunningAttempt, *, house: House, now: datetime) -> Sequence[Bill]:
    """Return what an attempt may ask for now: overdue, and no matter, promise, hardship or complaint holds it up."""
    found = await owed(session, attempt)
    if not found or (attempt.list != LEFT and await pauses.spared(session, homes=[attempt.unit_id], now=now)):
        return []
    held = await pauses.paused_bills(session, unit_ids=sorted({bill.unit_id for bill in found}), now=now)
    today = now.astimezone(house.zone).date()
    return [bill for bill in found if bill.id not in held and bill.due_on < today]


async def _head(session: Session, house: House) -> Mapping[str, str]:
    named = select(Company.name).join(Community, Community.company_id == Company.id).where(Community.id == house.id)
    return {"company": await session.scalar(named) or "", "estate": house.name, "phone": house.phone}


async def _letter(
    session: Session, attempt: DunningAttempt, bills: Sequence[Bill], head: Mapping[str, str]
) -> tuple[Letter, Unit]:
    unit = await session.get_one(Unit, attempt.unit_id)
    person, tie = await payer(session, attempt, unit)
    rows = [[bill.item, bill.period, bill.due_on.isoformat(), open_cents(bill)] for bill in bills]
    letter = Letter(
        community_id=attempt.community_id,
        unit_id=unit.id,
        attempt_id=attempt.id,
        person_id=person.id if person is not None else None,
        name=person.name if person is not None else "",
        tie=tie,
        list=attempt.list,
        since=_since(attempt, unit, bills),
        cents=sum(map(open_cents, bills)),
        said={**head, "lines": rows},
    )
    return letter, unit


def _since(attempt: DunningAttempt, unit: Unit, bills: Sequence[Bill]) -> date:
    """Return from when the home stands ready for who has not taken it over, else when the oldest line was due."""
    if attempt.list == "handover":
        return unit.handover_on or min(bill.from_on or bill.due_on for bill in bills)
    return min(bill.due_on for bill in bills)


async def payer(session: Session, attempt: DunningAttempt, unit: Unit) -> tuple[Person | None, Tie]:
    """Return whom an attempt is for, and as what: who left, else who pays for the home now."""
    if attempt.list == LEFT and attempt.person_id is not None:
        return await session.get(Person, attempt.person_id), Tie.OWNER
    found = (await standing.payers(session, unit_ids=[unit.id])).get(unit.id, ())
    if not found:
        return None, Tie.OWNER
    tenants = unit.payer == Tie.TENANT and await _rents(session, unit, found[0])
    return found[0], Tie.TENANT if tenants else Tie.OWNER


async def _rents(session: Session, unit: Unit, person: Person) -> bool:
    rents = Occupancy.unit_id == unit.id, Occupancy.person_id == person.id, Occupancy.role == Tie.TENANT
    return await session.scalar(select(Occupancy.id).where(*rents, Occupancy.status == "active")) is not None


def _words(letter: Letter, unit: Unit) -> Sequence[str]:
    """Return what people wrote on it: the catalogue's own words can be printed."""
    said: Mapping[str, Any] = letter.said
    named = [str(part) for line in said["lines"] for part in line[:2]]
    return [letter.name, unit.building, unit.entrance, unit.room, *(str(said[key]) for key in HEAD), *named]


HEAD = ("company", "estate", "phone", "how")


async def _count(session: Session, letter: Letter, batch: str, house: House, now: datetime) -> None:
    today = now.astimezone(house.zone).date()
    row = {"community_id": house.id, "year": today.year, "day": DAY, "count": 1}
    on = ("community_id", "year", "day")
    counted = await upsert(session, Counter, row, on=on, change={"count": ONE_MORE}, returning=(Counter.count,))
    letter.year, letter.number = today.year, f"{counted.scalar_one():03d}"
    letter.batch, letter.made_at, letter.made_on = batch, now, today
    session.add(letter)
    await session.flush()


async def batch(session: Session, actor: Actor, *, community_id: int, name: str) -> Sequence[Printed]:
    """Return the letters that were numbered together, in order."""
    return await _found(session, actor, community_id, Letter.batch == name)


async def last_batch(session: Session, actor: Actor, *, community_id: int) -> Sequence[Printed]:
    """Return the letters that were numbered last, together."""
    newest = select(Letter.batch).where(Letter.community_id == community_id).order_by(Letter.id.desc()).limit(1)
    return await _found(session, actor, community_id, Letter.batch == newest.scalar_subquery())


async def numbered(session: Session, actor: Actor, *, community_id: int, name: str) -> Printed:
    """Return one letter, 2026-012; raises `NoSuchLetter`."""
    year, _, count = name.strip().partition("-")
    if not (year.isascii() and year.isdecimal() and count):
        raise NoSuchLetter
    found = await _found(session, actor, community_id, Letter.year == int(year), Letter.number == count.strip())
    if not found:
        raise NoSuchLetter
    return found[0]


async def _found(session: Session, actor: Actor, community_id: int, *which: ColumnElement[bool]) -> Sequence[Printed]:
    check(actor, community_id)
    here = select(Letter, Unit).join(Unit, Unit.id == Letter.unit_id).where(Letter.community_id == community_id)
    rows = await session.execute(here.where(*which).order_by(Letter.id))
    return [Printed(letter, unit) for letter, unit in rows.all()]


async def waiting(session: Session, actor: Actor, *, house: House, lacking: Lacking, now: datetime) -> Sequence[Waits]:
    """Return the letters that wait for a sign of theirs."""
    check(actor, house.id)
    head, found = {**await _head(session, house), "how": ""}, list[Waits]()
    for attempt in (await session.scalars(select(DunningAttempt).where(*_wanted(house.id, 0)))).all():
        bills = await overdue(session, attempt, house=house, now=now)
        if bills:
            letter, unit = await _letter(session, attempt, bills, head)
            if signs := "".join(dict.fromkeys(lacking("".join(_words(letter, unit))))):
                found.append(Waits(unit, signs))
    return found
