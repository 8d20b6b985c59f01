"""Ties between people and units: begun, ended, looked up; what they mean stands in `services.models.Occupancy`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from services import places
from services.actors import House, Tie
from services.db import Session, upsert
from services.messages import T
from services.models import Number, Occupancy, Person, Unit
from services.refusals import Refused

ACTIVE, PENDING, ENDED = "active", "pending", "ended"


class NoSuchTie(Refused):
    """Nobody of the unit is meant, or not any more."""

    key = "refused.no_tie"


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody who comes to a unit: a name, a number if one is known."""

    name: str
    e164: str = ""


@dataclass(frozen=True, slots=True)
class Tied:
    """Somebody's tie to a unit, with who he is."""

    tie: Occupancy
    person: Person


def today(house: House, now: datetime) -> date:
    """Return the day that it is in the community."""
    return now.astimezone(house.zone).date()


def place(unit: Unit) -> T:
    """Say a unit as its people do."""
    return places.unit_label(unit)


async def of_unit(session: Session, *, unit_ids: Sequence[int], lock: bool = False) -> Sequence[Tied]:
    """Return who is tied to the units now, owners first."""
    await session.flush()  # what this turn changed must not be read over
    statement = (
        select(Occupancy, Person)
        .join(Person, Person.id == Occupancy.person_id)
        .where(Occupancy.unit_id.in_(unit_ids), Occupancy.status == ACTIVE)
        .order_by(Occupancy.role != Tie.OWNER, Occupancy.role != Tie.TENANT, Occupancy.id)
    )
    if lock:
        statement = statement.with_for_update(of=Occupancy, key_share=True)
    rows = await session.execute(statement.execution_options(populate_existing=True))
    return [Tied(tie, person) for tie, person in rows]


async def by_id(session: Session, *, tie_id: int) -> Tied | None:
    """Return a tie with its person, locked; None when there is none."""
    await session.flush()
    rows = await session.execute(
        select(Occupancy, Person)
        .join(Person, Person.id == Occupancy.person_id)
        .where(Occupancy.id == tie_id)
        .with_for_update(of=Occupancy, key_share=True)
        .execution_options(populate_existing=True)
    )
    found = rows.one_or_none()
    return Tied(found[0], found[1]) if found is not None else None


async def begin(  # noqa: PLR0913 - a tie is made of this much
    session: Session,
    *,
    unit: Unit,
    person_id: int,
    role: Tie,
    proof: str,
    since: date,
    until: date | None = None,
    approved_by: int | None = None,
    for_person_id: int | None = None,
    status: str = ACTIVE,
) -> int:
    """Tie a person to a unit, once however often it is said; return the tie's id."""
    if (known := await _same(session, unit.id, person_id, role)) is not None:
        return known
    row = {
        "community_id": unit.community_id,
        "unit_id": unit.id,
        "person_id": person_id,
        "role": role,
        "status": status,
        "proof": proof,
        "since": since,
        "until": until,
        "approved_by": approved_by,
        "for_person_id": for_person_id,
    }
    again = {"status": status, "until": until, "ended_at": None, "ended_by": None, "ended_why": "", "proof": proof}
    added = await upsert(
        session,
        Occupancy,
        row,
        on=("unit_id", "person_id", "role", "since"),
        change={**again, "approved_by": approved_by, "for_person_id": for_person_id},
        returning=(Occupancy.id,),
    )
    return int(added.scalar_one())


async def is_tied(session: Session, *, unit_id: int, person_id: int) -> bool:
    """Whether somebody has to do with a unit now, in whatever role."""
    its = Occupancy.unit_id == unit_id, Occupancy.person_id == person_id, Occupancy.status == ACTIVE
    return await session.scalar(select(Occupancy.id).where(*its).limit(1)) is not None


async def _same(session: Session, unit_id: int, person_id: int, role: Tie) -> int | None:
    """Return an open tie of that role; whoever owns or rents needs no tie as family besides."""
    enough = {role} | ({Tie.OWNER, Tie.TENANT} if role is Tie.FAMILY else set())
    found: int | None = await session.scalar(
        select(Occupancy.id)
        .where(Occupancy.unit_id == unit_id, Occupancy.person_id == person_id)
        .where(Occupancy.status.in_([ACTIVE, PENDING]), Occupancy.role.in_(enough))
        .limit(1)
    )
    return found


def end(tie: Occupancy, *, last: date, why: str, by: int | None, now: datetime) -> None:
    """End a tie with its last day; what was ended before keeps its own."""
    if tie.status == ENDED:
        return
    tie.status, tie.until = ENDED, max(tie.since, min(last, tie.until or last))
    tie.ended_at, tie.ended_by, tie.ended_why = now, by, why


def with_them(everybody: Sequence[Tied], leavers: Sequence[Tied]) -> Sequence[Tied]:
    """Return the ties that go with those who leave: theirs, and of family and proxies that came through them.

    Family of whom nobody knows whose it is goes too, unless it was there before the leaver came.
    """
    people, first = {one.tie.person_id for one in leavers}, min(one.tie.since for one in leavers)
    gone = {one.tie.id for one in leavers}
    follow = [
        one
        for one in everybody
        if one.tie.id not in gone
        and one.tie.role in {Tie.FAMILY, Tie.PROXY}
        and (one.tie.for_person_id in people or (one.tie.for_person_id is None and one.tie.since >= first))
    ]
    return [*leavers, *follow]


async def person_of(session: Session, newcomer: Newcomer, *, now: datetime) -> Person:
    """Return somebody of that name and number, who is added where the register has none."""
    known = None
    if newcomer.e164:
        same = select(Person).join(Number, Number.person_id == Person.id)
        same = same.where(Number.e164 == newcomer.e164, Person.name == newcomer.name).order_by(Person.id)
        known = (await session.scalars(same.limit(1))).one_or_none()
    if known is not None:
        return known
    person = Person(name=newcomer.name, sex="", locale="", needs_care=False, shows_number=True, created_at=now)
    session.add(person)
    await session.flush()
    if newcomer.e164:
        session.add(Number(person_id=person.id, e164=newcomer.e164))
        await session.flush()
    return person
