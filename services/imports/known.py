"""What an import knows of its community while it reads: the units by their names, what the file has named before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import select

from services.db import Session
from services.imports.columns import Kind
from services.imports.lines import Line, Problem
from services.models import Unit

SPACE = ""  # parking spaces stand in no building: their name is the room's

Parts = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Coming:
    """A payment that the file brings."""

    key: str
    names: frozenset[str]  # by which a refund may name it
    cents: int


@dataclass(slots=True)
class Known:
    """One file being read for a community."""

    community_id: int
    kind: Kind
    today: date
    as_of: datetime
    units: Mapping[Parts, int]
    rooms: Mapping[tuple[str, str], Sequence[int]]  # building and room → units, for names without an entrance
    seen: set[int] = field(default_factory=set)
    coming: dict[int, list[Coming]] = field(default_factory=dict)  # home → payments of rows before
    gone: dict[str, int] = field(default_factory=dict)  # key of a payment → cents that rows before give back

    def unit_id(self, parts: Sequence[str]) -> int | None:
        """Return the unit that is meant; None for none, or for more than one."""
        building, entrance, room = parts
        found = self.units.get((building, entrance, room))
        if found is not None or entrance:
            return found
        meant = self.rooms.get((building, room), ())
        return meant[0] if len(meant) == 1 else None

    def is_new(self, *key: object) -> bool:
        """Whether the file names this for the first time."""
        mark = hash(key)
        if mark in self.seen:
            return False
        self.seen.add(mark)
        return True


async def load(session: Session, *, community_id: int, kind: Kind, today: date, as_of: datetime) -> Known:
    """Read the names of the community's units, once per file."""
    rows = await session.execute(
        select(Unit.id, Unit.building, Unit.entrance, Unit.room).where(Unit.community_id == community_id)
    )
    units: dict[Parts, int] = {}
    rooms: dict[tuple[str, str], list[int]] = {}
    for unit_id, building, entrance, room in rows.all():
        units[building, entrance, room] = unit_id
        rooms.setdefault((building, room), []).append(unit_id)
    return Known(community_id, kind, today, as_of, units, rooms)


def wrong(line: Line, expected: str, found: object = "", *, name: str = "") -> None:
    """Note what is wrong with a field of a line, or with the line as a whole."""
    line.problems.append(
        line.form.problem(name, found, expected) if line.form is not None else Problem("", "", str(found), expected)
    )


def located(lines: Sequence[Line], known: Known) -> dict[int, list[Line]]:
    """Find the unit of every line and return the lines by unit; a line whose unit nobody knows is told so."""
    found: dict[int, list[Line]] = {}
    for line in lines:
        parts = line.fields.get("unit")
        if parts is None:
            continue
        unit_id = known.unit_id(parts)
        if unit_id is None:
            wrong(line, "unit_known", "-".join(part for part in parts if part), name="unit")
            continue
        line.fields["unit_id"] = unit_id
        found.setdefault(unit_id, []).append(line)
    return found
