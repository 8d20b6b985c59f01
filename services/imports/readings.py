"""Meter readings and balances of a file: dated, and never replaced by older ones; a row that is missing is not zero."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from services.db import Session, insert_once
from services.imports.known import Known, located, wrong
from services.imports.lines import Line
from services.models import Balance, MeterReading


async def check_meters(session: Session, lines: Sequence[Line], known: Known) -> None:
    """Compare readings with those written down."""
    located(lines, known)
    whole = [line for line in lines if {"unit_id", "meter", "day", "reading"} <= set(line.fields)]
    for line in whole:
        if date.fromisoformat(line.fields["day"]) > known.today:
            wrong(line, "past", line.fields["day"], name="day")
        if not known.is_new("meter", *_meter_key(line.fields)):
            wrong(line, "once", line.fields["meter"], name="meter")
    there = await _readings(session, [line.fields for line in whole])
    for line in whole:
        row = there.get(_meter_key(line.fields))
        if row is not None:
            newer = row.as_of <= known.as_of and row.thousandths != line.fields["reading"]
            line.state = "changed" if newer else "same"


def _meter_key(row: Mapping[str, Any]) -> tuple[int, str, date]:
    return row["unit_id"], row["meter"], date.fromisoformat(row["day"])


async def _readings(
    session: Session, rows: Sequence[Mapping[str, Any]]
) -> Mapping[tuple[int, str, date], MeterReading]:
    days = sorted({date.fromisoformat(row["day"]) for row in rows})
    units = sorted({row["unit_id"] for row in rows})
    asked = select(MeterReading).where(MeterReading.unit_id.in_(units), MeterReading.read_on.in_(days))
    found = (await session.scalars(asked.execution_options(populate_existing=True))).all()
    return {(row.unit_id, row.meter, row.read_on): row for row in found}


async def apply_meters(session: Session, rows: Sequence[Mapping[str, Any]], known: Known) -> None:
    """Write readings down."""
    new = [
        {
            "community_id": known.community_id,
            "unit_id": row["unit_id"],
            "meter": row["meter"],
            "read_on": date.fromisoformat(row["day"]),
            "thousandths": row["reading"],
            "as_of": known.as_of,
        }
        for row in rows
    ]
    await insert_once(session, MeterReading, new)
    there = await _readings(session, rows)
    for row in rows:
        reading = there[_meter_key(row)]
        if reading.as_of <= known.as_of:
            reading.thousandths, reading.as_of = row["reading"], known.as_of
    await session.flush()


async def check_balances(session: Session, lines: Sequence[Line], known: Known) -> None:
    """Compare balances with those known: only newer ones count."""
    located(lines, known)
    whole = [line for line in lines if {"unit_id", "item", "balance"} <= set(line.fields)]
    for line in whole:
        if not known.is_new("balance", line.fields["unit_id"], line.fields["item"]):
            wrong(line, "once", line.fields["item"], name="item")
    there = await _balances(session, [line.fields for line in whole])
    for line in whole:
        row = there.get((line.fields["unit_id"], line.fields["item"]))
        if row is not None:
            newer = row.as_of < _as_of(line.fields, known) and row.cents != line.fields["balance"]
            line.state = "changed" if newer else "same"


def _as_of(row: Mapping[str, Any], known: Known) -> datetime:
    return datetime.fromisoformat(row["as_of"]) if "as_of" in row else known.as_of


async def _balances(session: Session, rows: Sequence[Mapping[str, Any]]) -> Mapping[tuple[int, str], Balance]:
    asked = select(Balance).where(Balance.unit_id.in_(sorted({row["unit_id"] for row in rows})))
    found = (await session.scalars(asked.execution_options(populate_existing=True))).all()
    return {(row.unit_id, row.item): row for row in found}


async def apply_balances(session: Session, rows: Sequence[Mapping[str, Any]], known: Known) -> None:
    """Write balances down; one that was filled up may be warned of anew."""
    new = [
        {
            "community_id": known.community_id,
            "unit_id": row["unit_id"],
            "item": row["item"],
            "cents": row["balance"],
            "as_of": _as_of(row, known),
        }
        for row in rows
    ]
    await insert_once(session, Balance, new)
    there = await _balances(session, rows)
    for row in rows:
        balance, as_of = there[row["unit_id"], row["item"]], _as_of(row, known)
        if balance.as_of < as_of:
            balance.cents, balance.as_of = row["balance"], as_of
    await session.flush()
