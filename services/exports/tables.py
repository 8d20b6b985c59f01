"""The tables that can be taken out, each under the columns that an import reads back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, Select, and_, func, select

from services import phones
from services.db import Session
from services.imports.columns import Columns
from services.models import Balance, Bill, Building, MeterReading, Number, Occupancy, Payment, Person, Unit
from services.money import standing

CHUNK = 2_000
CM2, THOUSAND = Decimal(10_000), Decimal(1000)


class Kind(StrEnum):
    """What can be taken out."""

    UNITS = "units"
    OWNERS = "owners"
    PARKING = "parking"
    BILLS = "bills"
    PAYMENTS = "payments"
    METERS = "meters"
    BALANCES = "balances"
    ARREARS = "arrears"


Cell = str | int | Decimal | date | None


@dataclass(frozen=True, slots=True)
class Span:
    """Which rows: of a community, of some days where rows have a day."""

    community_id: int
    zone: ZoneInfo
    since: date = date(1900, 1, 1)
    until: date = date(2999, 12, 31)


@dataclass(frozen=True, slots=True)
class Table:
    """One table: the fields of its columns, the rows asked for, and how a row is written."""

    fields: Sequence[str]
    asked: Callable[[Span], Select[*tuple[Any, ...]]]
    after: Any  # the column that rows are paged by
    cells: Callable[[Row[Any], Columns, Span], Sequence[Cell]]


def yuan(cents: int) -> Decimal:
    """Return a sum with two digits after the point, exactly."""
    return Decimal(cents).scaleb(-2)


def named(row: Any) -> str:  # noqa: ANN401 - any row with a unit's parts
    """Write a unit as imports read it."""
    return "-".join(part for part in (row.building, row.entrance, row.room) if part)


async def rows(session: Session, kind: Kind, span: Span, words: Columns) -> AsyncIterator[Sequence[Cell]]:
    """Yield the rows of a table in pages, so that no list of all is ever in memory."""
    table, last = TABLES[kind], 0
    while True:
        page = table.asked(span).add_columns(table.after.label("paged_by"))
        found = (await session.execute(page.where(table.after > last).order_by(table.after).limit(CHUNK))).all()
        for row in found:
            yield table.cells(row, words, span)
        if len(found) < CHUNK:
            return
        last = found[-1].paged_by


def _units(span: Span) -> Select[*tuple[Any, ...]]:
    beside = and_(Building.community_id == Unit.community_id, Building.name == Unit.building)
    return (
        select(Unit.building, Unit.entrance, Unit.room, Unit.kind, Building.phase, Unit.area_cm2)
        .add_columns(Unit.handover_on, Unit.takeover, Unit.vacant_since, Unit.payer, Unit.emergency_contact)
        .outerjoin(Building, beside)
        .where(Unit.community_id == span.community_id, Unit.building != "")
    )


def _unit_cells(row: Row[Any], words: Columns, span: Span) -> Sequence[Cell]:  # noqa: ARG001
    return (
        *(row.building, row.entrance, row.room, words.word("kind", row.kind), row.phase or ""),
        *(Decimal(row.area_cm2) / CM2, row.handover_on, words.word("takeover", row.takeover), row.vacant_since),
        *(words.word("payer", row.payer), row.emergency_contact),
    )


def _owners(span: Span) -> Select[*tuple[Any, ...]]:
    numbers = select(func.aggregate_strings(Number.e164, "/")).where(Number.person_id == Person.id)
    return (
        select(Unit.building, Unit.entrance, Unit.room, Person.name, Person.sex, Occupancy.role)
        .add_columns(Occupancy.since, Occupancy.until, numbers.scalar_subquery().label("numbers"))
        .select_from(Occupancy)
        .join(Unit, Unit.id == Occupancy.unit_id)
        .join(Person, Person.id == Occupancy.person_id)
        .where(Occupancy.community_id == span.community_id, Occupancy.status == "active", Occupancy.role != "proxy")
    )


def _owner_cells(row: Row[Any], words: Columns, span: Span) -> Sequence[Cell]:  # noqa: ARG001
    said = "/".join(phones.readable(one) for one in (row.numbers or "").split("/") if one)
    sex = words.word("sex", row.sex) if row.sex else ""
    return named(row), row.name, said, words.word("role", row.role), sex, row.since, row.until


def _parking(span: Span) -> Select[*tuple[Any, ...]]:
    home = Unit.__table__.alias("home")
    return (
        select(Unit.room.label("space"), Unit.area_cm2, Unit.payer, home.c.building, home.c.entrance, home.c.room)
        .outerjoin(home, home.c.id == Unit.attached_to)
        .where(Unit.community_id == span.community_id, Unit.kind == "parking", Unit.building == "")
    )


def _parking_cells(row: Row[Any], words: Columns, span: Span) -> Sequence[Cell]:  # noqa: ARG001
    return row.space, named(row), Decimal(row.area_cm2) / CM2, words.word("payer", row.payer)


def _bills(span: Span) -> Select[*tuple[Any, ...]]:
    return (
        select(Unit.building, Unit.entrance, Unit.room, Bill.item, Bill.period, Bill.cents, Bill.adjusted_cents)
        .add_columns(Bill.paid_cents, Bill.due_on, Bill.from_on, Bill.to_on, Bill.reckoned)
        .join(Unit, Unit.id == Bill.unit_id)
        .where(Bill.community_id == span.community_id, Bill.due_on.between(span.since, span.until))
    )


def _arrears(span: Span) -> Select[*tuple[Any, ...]]:
    return _bills(span).where(standing.OPEN)


def _bill_cells(row: Row[Any], words: Columns, span: Span) -> Sequence[Cell]:  # noqa: ARG001
    sums = yuan(row.cents + row.adjusted_cents), yuan(row.paid_cents)
    return named(row), row.item, row.period, *sums, row.due_on, row.from_on, row.to_on, row.reckoned


def _payments(span: Span) -> Select[*tuple[Any, ...]]:
    return (
        select(Unit.building, Unit.entrance, Unit.room, Payment.cents, Payment.paid_on, Payment.way)
        .add_columns(Payment.key, Payment.year, Payment.number, Payment.payer, Payment.words)
        .join(Unit, Unit.id == Payment.unit_id)
        .where(Payment.community_id == span.community_id, Payment.paid_on.between(span.since, span.until))
    )


def _payment_cells(row: Row[Any], words: Columns, span: Span) -> Sequence[Cell]:  # noqa: ARG001
    serial = row.key.removeprefix("import:")
    way = words.word("way", row.way) if row.way in words.codes["way"].values() else row.way
    receipt = f"{row.year}-{row.number}"
    return named(row), yuan(row.cents), row.paid_on, way, serial, receipt, row.payer, row.words


def _meters(span: Span) -> Select[*tuple[Any, ...]]:
    return (
        select(Unit.building, Unit.entrance, Unit.room, MeterReading.meter, MeterReading.read_on)
        .add_columns(MeterReading.thousandths)
        .join(Unit, Unit.id == MeterReading.unit_id)
        .where(MeterReading.community_id == span.community_id, MeterReading.read_on.between(span.since, span.until))
    )


def _meter_cells(row: Row[Any], words: Columns, span: Span) -> Sequence[Cell]:  # noqa: ARG001
    return named(row), row.meter, row.read_on, Decimal(row.thousandths) / THOUSAND


def _balances(span: Span) -> Select[*tuple[Any, ...]]:
    return (
        select(Unit.building, Unit.entrance, Unit.room, Balance.item, Balance.cents, Balance.as_of)
        .join(Unit, Unit.id == Balance.unit_id)
        .where(Balance.community_id == span.community_id)
    )


def _balance_cells(row: Row[Any], words: Columns, span: Span) -> Sequence[Cell]:  # noqa: ARG001
    as_of = f"{row.as_of.astimezone(span.zone):%Y-%m-%d %H:%M:%S}"
    return named(row), row.item, yuan(row.cents), as_of


BILL = ("unit", "item", "period", "amount", "paid", "due", "from", "to", "reckoned")
TABLES: Mapping[Kind, Table] = {
    Kind.UNITS: Table(
        (
            "building",
            "entrance",
            "room",
            "kind",
            "phase",
            "area",
            "handover",
            "takeover",
            "vacant",
            "payer",
            "emergency",
        ),
        _units,
        Unit.id,
        _unit_cells,
    ),
    Kind.OWNERS: Table(("unit", "name", "phone", "role", "sex", "since", "until"), _owners, Occupancy.id, _owner_cells),
    Kind.PARKING: Table(("space", "unit", "area", "payer"), _parking, Unit.id, _parking_cells),
    Kind.BILLS: Table(BILL, _bills, Bill.id, _bill_cells),
    Kind.ARREARS: Table(BILL, _arrears, Bill.id, _bill_cells),
    Kind.PAYMENTS: Table(
        ("unit", "amount", "day", "way", "serial", "receipt", "payer_name", "note"),
        _payments,
        Payment.id,
        _payment_cells,
    ),
    Kind.METERS: Table(("unit", "meter", "day", "reading"), _meters, MeterReading.id, _meter_cells),
    Kind.BALANCES: Table(("unit", "item", "balance", "as_of"), _balances, Balance.id, _balance_cells),
}
