"""Formal letters: what is wanted becomes numbered rows that keep what they say; printing reads the rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select

from services import access
from services.access import Deed, Subject
from services.actors import Actor, House
from services.db import Session, upsert
from services.dunning.claims import Claim, claims
from services.dunning.steps import Does, StepList
from services.models import Bill, Community, Company, Counter, DunningAttempt, Letter, Unit, table_of
from services.money.standing import open_cents
from services.refusals import NotAllowed, Refused

WANTED, DONE = "wanted", "done"
PRINTED, SETTLED, MOVED = "printed", "paid", "moved"  # what became of a letter that was wanted
DAY = "letters"  # letters are counted by the year
CHUNK = 8  # letters: a transaction stays under 50 ms


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
    found = await claims(session, attempts, house=house, now=now)
    ready, waiting = _written(found, {**await _head(session, house), "how": how}, lacking)
    for one in found:
        if not one.owed:
            one.attempt.result = MOVED if one.stayed else SETTLED
            one.attempt.state, one.attempt.done_at = DONE, now
    for letter, claim in ready:
        claim.attempt.state, claim.attempt.done_at, claim.attempt.result = DONE, now, PRINTED
        letter.batch, letter.made_at = batch, now
    await _count(session, [letter for letter, _ in ready], house, now)
    return Step(attempts[-1].id if len(attempts) == CHUNK else None, len(ready), waiting)


def _written(
    found: Sequence[Claim], head: Mapping[str, str], lacking: Lacking
) -> tuple[Sequence[tuple[Letter, Claim]], Sequence[Waits]]:
    """Write what each letter says that may be asked for now; tell those apart that can't be printed."""
    ready, waiting = list[tuple[Letter, Claim]](), list[Waits]()
    for claim in found:
        if claim.overdue:
            letter = _letter(claim, head)
            signs = "".join(dict.fromkeys(lacking("".join(_words(letter, claim.unit)))))
            if signs:
                waiting.append(Waits(claim.unit, signs))
            else:
                ready.append((letter, claim))
    return ready, waiting


async def _count(session: Session, letters: Sequence[Letter], house: House, now: datetime) -> None:
    """Give the next numbers of the year."""
    if not letters:
        await session.flush()
        return
    today, many = now.astimezone(house.zone).date(), len(letters)
    row = {"community_id": house.id, "year": today.year, "day": DAY, "count": many}
    on, more = ("community_id", "year", "day"), table_of(Counter).c.count + many
    counted = await upsert(session, Counter, row, on=on, change={"count": more}, returning=(Counter.count,))
    first = counted.scalar_one() - many + 1
    for nth, letter in enumerate(letters, start=first):
        letter.year, letter.number, letter.made_on = today.year, f"{nth:03d}", today
    session.add_all(letters)
    await session.flush()


async def _head(session: Session, house: House) -> Mapping[str, str]:
    named = select(Company.name).join(Community, Community.company_id == Company.id).where(Community.id == house.id)
    return {"company": await session.scalar(named) or "", "estate": house.name, "phone": house.phone}


def _letter(claim: Claim, head: Mapping[str, str]) -> Letter:
    attempt, person = claim.attempt, claim.person
    return Letter(
        community_id=attempt.community_id,
        unit_id=claim.unit.id,
        attempt_id=attempt.id,
        person_id=person.id if person is not None else None,
        name=person.name if person is not None else "",
        tie=claim.tie,
        list=attempt.list,
        since=_since(attempt, claim.unit, claim.overdue),
        cents=claim.cents,
        said={
            **head,
            "lines": [[one.item, one.period, one.due_on.isoformat(), open_cents(one)] for one in claim.overdue],
        },
    )


def _since(attempt: DunningAttempt, unit: Unit, bills: Sequence[Bill]) -> date:
    """Return from when the home stands ready for who has not taken it over, else when the oldest line was due."""
    if attempt.list == StepList.HANDOVER:
        return unit.handover_on or min(bill.from_on or bill.due_on for bill in bills)
    return min(bill.due_on for bill in bills)


def _words(letter: Letter, unit: Unit) -> Sequence[str]:
    """Return what people wrote on it: the catalogue's own words can be printed."""
    said: Mapping[str, Any] = letter.said
    named = [str(part) for line in said["lines"] for part in line[:2]]
    return [letter.name, unit.building, unit.entrance, unit.room, *(str(said[key]) for key in HEAD), *named]


HEAD = ("company", "estate", "phone", "how")


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
    attempts = await session.scalars(select(DunningAttempt).where(*_wanted(house.id, 0)).order_by(DunningAttempt.id))
    found = await claims(session, attempts.all(), house=house, now=now)
    return _written(found, {**await _head(session, house), "how": ""}, lacking)[1]
