"""The price list of a community: read from the operator's file, kept as rows, shown to who asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from sqlalchemy import or_, select

from services import access
from services.access import Deed, Subject
from services.actors import Actor, UnitKind
from services.catalog_file import CatalogError, Table, opened
from services.db import Session, upsert
from services.models import Discount, SharedCost, Tariff
from services.money.reckoning import Price, Reduction, Way
from services.refusals import NotAllowed

KEY = ("community_id", "code", "unit_kind", "phase", "building", "since")
NEEDED = ("code", "name", "way", "since")
ALLOWED = ("price", "months", "due_days", "unit_kind", "phase", "building", "vacant_percent", "vacant_after_months")
LATER = ("prepay_months", "prepay_percent", "until")
FINEST = 10_000  # parts of a yuan that a price may have


@dataclass(frozen=True, slots=True)
class Cost:
    """What is to be split among units."""

    code: str
    period: str
    cents: int
    words: str = ""
    phase: str = ""
    building: str = ""


def read(path: Path) -> Sequence[Mapping[str, Any]]:
    """Read a price list; `CatalogError` names what is wrong in it."""
    top = opened(path)
    top.only(required={"prices"})
    return [_row(table) for table in top.rows("prices")]


def _row(table: Table) -> dict[str, Any]:
    table.only(required=NEEDED, optional=ALLOWED + LATER)
    way = table.code("way", Way)
    return {
        "code": table.line("code"),
        "name": table.line("name"),
        "way": way.value,
        "rate": 0 if way is Way.SHARED else _rate(table),
        "months": _whole(table, "months", 1, (1, 2, 3, 4, 6, 12)),
        "due_days": _whole(table, "due_days", 30, range(366)),
        "unit_kind": table.code("unit_kind", UnitKind).value if "unit_kind" in table.entries else "",
        "phase": table.line("phase", empty=True) if "phase" in table.entries else "",
        "building": table.line("building", empty=True) if "building" in table.entries else "",
        "vacant_percent": _whole(table, "vacant_percent", 100, range(101)),
        "vacant_after_months": _whole(table, "vacant_after_months", 0, range(121)),
        "prepay_months": _whole(table, "prepay_months", 0, range(121)),
        "prepay_percent": _whole(table, "prepay_percent", 100, range(1, 101)),
        "since": _day(table, "since"),
        "until": _day(table, "until") if "until" in table.entries else None,
    }


def _rate(table: Table) -> int:
    found = table.entries.get("price")
    try:
        exact = Decimal(str(found)) * FINEST
    except InvalidOperation:
        raise table.wrong("price", found, "a price such as 2.80") from None
    if isinstance(found, bool) or exact < 0 or exact != exact.to_integral_value():
        raise table.wrong("price", found, "a price such as 2.80, with at most four digits after the point")
    return int(exact)


def _whole(table: Table, name: str, fallback: int, allowed: Sequence[int]) -> int:
    found = table.entries.get(name, fallback)
    if isinstance(found, bool) or not isinstance(found, int) or found not in allowed:
        raise table.wrong(name, found, f"a whole number from {min(allowed)} to {max(allowed)} that fits a year")
    return found


def _day(table: Table, name: str) -> date:
    found = table.entries[name]
    if type(found) is not date:
        raise table.wrong(name, found, "a day such as 2026-01-01")
    return found


async def keep(session: Session, actor: Actor, *, community_id: int, rows: Sequence[Mapping[str, Any]]) -> int:
    """Write a price list down: a price of the same code, scope and first day is replaced. Raises `NotAllowed`."""
    if not access.may(actor, Deed.RUN_BILLS, Subject(community_id)):
        raise NotAllowed
    for row in rows:
        change = {name: value for name, value in row.items() if name not in KEY}
        await upsert(session, Tariff, {"community_id": community_id, **row}, on=KEY, change=change)
    return len(rows)


async def share(session: Session, actor: Actor, *, community_id: int, cost: Cost) -> None:
    """Write down what is to be split; one that was split already is not changed any more: `CatalogError`."""
    if not access.may(actor, Deed.RUN_BILLS, Subject(community_id)):
        raise NotAllowed
    row = {
        "community_id": community_id,
        "code": cost.code,
        "period": cost.period,
        "phase": cost.phase,
        "building": cost.building,
        "cents": cost.cents,
        "words": cost.words,
    }
    where = {"community_id": community_id, "code": cost.code, "period": cost.period, "phase": cost.phase}
    known = await session.scalar(select(SharedCost).filter_by(**where, building=cost.building))
    if known is not None and known.run_id is not None and known.cents != cost.cents:
        raise CatalogError(f"{cost.code} of {cost.period} is split already; correct the bills instead")
    on = ("community_id", "code", "period", "phase", "building")
    await upsert(session, SharedCost, row, on=on, change={"cents": cost.cents, "words": cost.words})


async def valid(session: Session, *, community_id: int, first: date, last: date) -> Sequence[Tariff]:
    """Return the prices that hold on some day of a span, by code."""
    holds = Tariff.since <= last, or_(Tariff.until.is_(None), Tariff.until >= first)
    asked = select(Tariff).where(Tariff.community_id == community_id, *holds)
    return (await session.scalars(asked.order_by(Tariff.code, Tariff.since, Tariff.id))).all()


async def reductions(
    session: Session, *, unit_ids: Sequence[int], first: date, last: date
) -> Mapping[int, Sequence[Reduction]]:
    """Return for which units less was agreed within a span."""
    asked = select(Discount).where(Discount.unit_id.in_(unit_ids), Discount.since <= last, Discount.until >= first)
    found: dict[int, list[Reduction]] = {}
    for one in (await session.scalars(asked.order_by(Discount.id))).all():
        found.setdefault(one.unit_id, []).append(Reduction(one.code, one.why, one.percent, one.since, one.until))
    return found


def price_of(tariff: Tariff) -> Price:
    """Return a row of the price list as reckoning needs it."""
    return Price(
        tariff.code,
        tariff.name,
        Way(tariff.way),
        tariff.rate,
        tariff.months,
        tariff.due_days,
        tariff.since,
        tariff.until,
        tariff.unit_kind,
        tariff.phase,
        tariff.building,
        tariff.vacant_percent,
        tariff.vacant_after_months,
    )
