"""Owners, tenants and family of a file: matched to who is known, never one person made of two names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import exists, select

from services.actors import Tie
from services.db import Session, insert_once
from services.imports.known import Known, located, wrong
from services.imports.lines import Line
from services.models import Number, Occupancy, Person, Unit

EVER = date(1900, 1, 1)  # since when nobody knows: what the register says of him is all his
PROOF = "register"


@dataclass(slots=True)
class _Around:
    """Who is tied to the units of some rows, and who has their numbers."""

    tied: dict[tuple[int, str], int] = field(default_factory=dict)  # (unit, name) → person
    by_number: dict[tuple[str, str], int] = field(default_factory=dict)  # (number, name) → person
    numbers: dict[int, set[str]] = field(default_factory=dict)
    active: set[tuple[int, int, str]] = field(default_factory=set)  # unit, person, role
    until: dict[tuple[int, int, str], date | None] = field(default_factory=dict)

    def person(self, row: Mapping[str, Any]) -> int | None:
        """Return who is meant: of that name in that unit, else of that name with that number."""
        name = row["name"]
        found = self.tied.get((row["unit_id"], name))
        numbers = row.get("phone", ())
        return found or next((self.by_number[one, name] for one in numbers if (one, name) in self.by_number), None)


async def check(session: Session, lines: Sequence[Line], known: Known) -> None:
    """Compare people with the register."""
    for line in lines:
        since, until = line.fields.get("since"), line.fields.get("until")
        if since and until and since > until:
            wrong(line, "order", f"{since} > {until}", name="until")
        line.fields.setdefault("role", Tie.OWNER.value)
    located(lines, known)
    whole = [line for line in lines if "unit_id" in line.fields and "name" in line.fields]
    around = await _around(session, [line.fields for line in whole], known)
    for line in whole:
        line.state = _state(line.fields, around)


def _state(row: Mapping[str, Any], around: _Around) -> str:
    person_id = around.person(row)
    if person_id is None:
        return "new"
    tie = (row["unit_id"], person_id, row["role"])
    if tie not in around.active:
        return "changed"
    until = date.fromisoformat(row["until"]) if "until" in row else around.until[tie]
    knows_all = set(row.get("phone", ())) <= around.numbers.get(person_id, set())
    return "same" if knows_all and until == around.until[tie] else "changed"


async def _around(session: Session, rows: Sequence[Mapping[str, Any]], known: Known) -> _Around:
    found = _Around()
    units = sorted({row["unit_id"] for row in rows})
    numbers = sorted({one for row in rows for one in row.get("phone", ())})
    ties = await session.execute(
        select(Occupancy.unit_id, Occupancy.role, Occupancy.status, Occupancy.until, Person.id, Person.name)
        .join(Person, Person.id == Occupancy.person_id)
        .where(Occupancy.unit_id.in_(units))
        .order_by(Occupancy.id)
    )
    for unit_id, role, status, until, person_id, name in ties.all():
        found.tied.setdefault((unit_id, name), person_id)
        if status == "active":
            found.active.add((unit_id, person_id, role))
            found.until[unit_id, person_id, role] = until
    people = set(found.tied.values())
    here = exists().where(Occupancy.person_id == Number.person_id, Occupancy.community_id == known.community_id)
    named = select(Number.e164, Person.id, Person.name).join(Person, Person.id == Number.person_id)
    of_people = (await session.execute(named.where(Number.person_id.in_(people)))).all() if people else []
    by_number = (await session.execute(named.where(Number.e164.in_(numbers), here))).all() if numbers else []
    for e164, person_id, name in (*of_people, *by_number):
        found.numbers.setdefault(person_id, set()).add(e164)
        found.by_number.setdefault((e164, name), person_id)
    return found


async def apply(session: Session, rows: Sequence[Mapping[str, Any]], known: Known, *, now: datetime) -> None:
    """Write people, numbers and ties down; ties end only where the file says when."""
    around = await _around(session, rows, known)
    persons = await _persons(session, rows, around, now)
    numbers = [
        {"person_id": person_id, "e164": one}
        for row, person_id in zip(rows, persons, strict=True)
        for one in row.get("phone", ())
        if one not in around.numbers.get(person_id, set())
    ]
    if numbers:
        await insert_once(session, Number, numbers)
    await _ties(session, rows, persons, around, known)


async def _persons(session: Session, rows: Sequence[Mapping[str, Any]], around: _Around, now: datetime) -> list[int]:
    """Return the person of every row; those who are new are added, once for all their rows."""
    new: dict[int, Person] = {}
    fresh: dict[tuple[object, str], Person] = {}
    found: list[int] = []
    for at, row in enumerate(rows):
        person_id = around.person(row)
        found.append(person_id or 0)
        if person_id is not None:
            continue
        keys = [(row["unit_id"], row["name"]), *((one, row["name"]) for one in row.get("phone", ()))]
        person = next((fresh[key] for key in keys if key in fresh), None)
        if person is None:
            person = Person(name=row["name"], sex=row.get("sex", ""), created_at=now)
            session.add(person)
        fresh.update(dict.fromkeys(keys, person))
        new[at] = person
    await session.flush()
    for at, person in new.items():
        found[at] = person.id
    return found


async def _ties(
    session: Session,
    rows: Sequence[Mapping[str, Any]],
    persons: Sequence[int],
    around: _Around,
    known: Known,
) -> None:
    handed = await session.execute(
        select(Unit.id, Unit.handover_on).where(Unit.id.in_(sorted({row["unit_id"] for row in rows})))
    )
    handover = {unit_id: day for unit_id, day in handed.all()}  # noqa: C416 - rows, not pairs
    new: dict[tuple[int, int, str], dict[str, Any]] = {}
    for row, person_id in zip(rows, persons, strict=True):
        tie = (row["unit_id"], person_id, row["role"])
        until = date.fromisoformat(row["until"]) if "until" in row else None
        if tie in around.active:
            if until is not None and until != around.until[tie]:
                await _until(session, tie, until)
            continue
        since = date.fromisoformat(row["since"]) if "since" in row else handover.get(row["unit_id"]) or EVER
        new[tie] = {
            "community_id": known.community_id,
            "unit_id": row["unit_id"],
            "person_id": person_id,
            "role": row["role"],
            "status": "active",
            "proof": PROOF,
            "since": since,
            "until": until,
        }
    if new:
        await insert_once(session, Occupancy, list(new.values()))


async def _until(session: Session, tie: tuple[int, int, str], until: date) -> None:
    unit_id, person_id, role = tie
    its = select(Occupancy).filter_by(unit_id=unit_id, person_id=person_id, role=role, status="active")
    for one in (await session.scalars(its)).all():
        one.until = until
    await session.flush()
