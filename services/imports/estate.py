"""Units and parking spaces of a file: what is new, what changes, written in bulk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select, update

from services.actors import UnitKind
from services.db import Session, insert_once
from services.imports.known import SPACE, Known, wrong
from services.imports.lines import Line
from services.models import Building, Unit

ATTRIBUTES = {  # field of the file → column of the row
    "kind": "kind",
    "area": "area_cm2",
    "handover": "handover_on",
    "takeover": "takeover",
    "vacant": "vacant_since",
    "payer": "payer",
    "emergency": "emergency_contact",
}
DAYS = frozenset({"handover", "vacant"})


async def check_units(session: Session, lines: Sequence[Line], known: Known) -> None:
    """Compare lines with the register."""
    for line in lines:
        parts = line.fields.get("unit")
        if parts is not None and not known.is_new("unit", *parts):
            wrong(line, "once", "-".join(part for part in parts if part), name="unit")
    await _compare(session, [line for line in lines if "unit" in line.fields], known)


async def _compare(session: Session, lines: Sequence[Line], known: Known) -> None:
    for line in lines:
        found = known.unit_id(line.fields["unit"])
        if found is not None:
            line.fields["unit_id"] = found
    rows = await _rows(session, [line.fields["unit_id"] for line in lines if "unit_id" in line.fields])
    for line in lines:
        row = rows.get(line.fields.get("unit_id", 0))
        if row is not None:
            line.state = "changed" if changes(line.fields, row) else "same"


async def _rows(session: Session, ids: Sequence[int]) -> Mapping[int, Unit]:
    found = await session.scalars(select(Unit).where(Unit.id.in_(ids)).execution_options(populate_existing=True))
    return {unit.id: unit for unit in found.all()}


def values(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a line says of a unit, as columns."""
    return {
        column: date.fromisoformat(fields[name]) if name in DAYS else fields[name]
        for name, column in ATTRIBUTES.items()
        if name in fields
    }


def changes(fields: Mapping[str, Any], unit: Unit) -> dict[str, Any]:
    """Return the columns that a line changes."""
    return {name: value for name, value in values(fields).items() if getattr(unit, name) != value}


async def apply_units(session: Session, rows: Sequence[Mapping[str, Any]], known: Known) -> None:
    """Write units down: new ones with their buildings, changes of the others."""
    named = [
        {"community_id": known.community_id, "name": name, "phase": ""}
        for name in sorted({row["unit"][0] for row in rows if row["unit"][0] != SPACE})
    ]
    if named:
        await insert_once(session, Building, named)
    for name, phase in {row["unit"][0]: row["phase"] for row in rows if "phase" in row}.items():
        here = Building.community_id == known.community_id, Building.name == name
        await session.execute(update(Building).where(*here).values(phase=phase))
    await _upsert(session, rows, known)


async def _upsert(session: Session, rows: Sequence[Mapping[str, Any]], known: Known) -> None:
    plain = {"kind": UnitKind.FLAT.value, "area_cm2": 0, "payer": "owner", "emergency_contact": ""}
    plain |= {"takeover": "done"}
    plain |= {"handover_on": None, "vacant_since": None, "attached_to": None}
    new = [
        {
            **plain,
            **values(row),
            "community_id": known.community_id,
            "building": row["unit"][0],
            "entrance": row["unit"][1],
            "room": row["unit"][2],
            "attached_to": row.get("attached_to"),
        }
        for row in rows
        if "unit_id" not in row
    ]
    if new:
        await insert_once(session, Unit, new)
    units = await _rows(session, [row["unit_id"] for row in rows if "unit_id" in row])
    for row in rows:
        unit = units.get(row.get("unit_id", 0))
        if unit is not None:
            for name, value in changes(row, unit).items():
                setattr(unit, name, value)
            if row.get("attached_to") is not None:
                unit.attached_to = row["attached_to"]
    await session.flush()


async def check_parking(session: Session, lines: Sequence[Line], known: Known) -> None:
    """Compare parking spaces with the register; the home that one belongs to must be there."""
    for line in lines:
        parts = line.fields.get("unit")
        if parts is not None:
            line.fields["attached_to"] = known.unit_id(parts)
            if line.fields["attached_to"] is None:
                wrong(line, "unit_known", "-".join(part for part in parts if part), name="unit")
        space = line.fields.get("space")
        if space is None:
            continue
        if not known.is_new("space", space):
            wrong(line, "once", space, name="space")
        line.fields |= {"unit": [SPACE, SPACE, space], "kind": UnitKind.PARKING.value}
    whole = [line for line in lines if "space" in line.fields]
    await _compare(session, whole, known)
    rows = await _rows(session, [line.fields["unit_id"] for line in whole if "unit_id" in line.fields])
    for line in whole:
        row = rows.get(line.fields.get("unit_id", 0))
        if row is not None and line.fields.get("attached_to") not in {None, row.attached_to}:
            line.state = "changed"
