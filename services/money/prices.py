"""The price list as owners ask about it: what holds today, for a unit or for everybody, and what held before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from sqlalchemy import select

from services.actors import LIVED_IN, Actor
from services.db import Session
from services.models import Bill, Building, Deposit, Discount, SharedCost, Tariff, Unit
from services.money import cents, standing, tariffs

AREA, FIXED, SHARED = "area", "fixed", "shared"
CENT, YUAN = 100, 10_000  # a rate counts hundredths of a cent
LEAST_DIGITS = 2


@dataclass(frozen=True, slots=True)
class Household:
    """A unit with what is to be known of it to answer questions about its fees."""

    unit: Unit
    phase: str


def yuan(rate: int) -> str:
    """Write a rate as people say it, 28000 as 2.80 and 3490 as 0.349."""
    whole, rest = divmod(rate, YUAN)
    digits = f"{rest:04d}".rstrip("0")
    return f"{whole}.{digits:0<{LEAST_DIGITS}}"


def costs(tariff: Tariff, unit: Unit) -> int:
    """Return what one bill of a tariff comes to for a unit that is lived in, in cents."""
    if tariff.way == AREA:
        return cents.by_area(tariff.rate, unit.area_cm2, Fraction(tariff.months))
    return cents.fixed(tariff.rate, Fraction(tariff.months))


async def households(session: Session, actor: Actor) -> Sequence[Household]:
    """Return the units whose amounts the actor may see; none while he is not proven."""
    if not actor.sees_amounts:
        return []
    units = await standing.units_of(session, actor)
    rows = await session.execute(
        select(Building.name, Building.phase).where(Building.community_id == actor.community_id)
    )
    phases = {row.name: row.phase for row in rows}
    return [Household(unit, phases.get(unit.building, "")) for unit in units]


async def valid(session: Session, *, community_id: int, today: date) -> Sequence[Tariff]:
    """Return the prices that hold on a day, of each the one that began last."""
    found = await tariffs.valid(session, community_id=community_id, first=today, last=today)
    return list({(one.code, one.unit_kind, one.phase, one.building): one for one in found}.values())


def fitting(tariffs: Sequence[Tariff], household: Household) -> Sequence[Tariff]:
    """Return the price of each kind of charge that holds for a unit: the most particular of those that fit."""
    best: dict[str, Tariff] = {}
    for tariff in tariffs:
        if _fits(tariff, household) and (tariff.code not in best or _rank(tariff) >= _rank(best[tariff.code])):
            best[tariff.code] = tariff
    return list(best.values())


def _fits(tariff: Tariff, household: Household) -> bool:
    unit = household.unit
    kind = tariff.unit_kind == unit.kind or (not tariff.unit_kind and unit.kind in LIVED_IN)
    return kind and tariff.phase in {"", household.phase} and tariff.building in {"", unit.building}


def _rank(tariff: Tariff) -> tuple[bool, bool, bool, date]:
    return bool(tariff.building), bool(tariff.phase), bool(tariff.unit_kind), tariff.since


async def before(session: Session, tariff: Tariff) -> Tariff | None:
    """Return the price that a price took the place of; None when it is the first."""
    same = (
        Tariff.community_id == tariff.community_id,
        Tariff.code == tariff.code,
        Tariff.unit_kind == tariff.unit_kind,
        Tariff.phase == tariff.phase,
        Tariff.building == tariff.building,
    )
    earlier = select(Tariff).where(*same, Tariff.since < tariff.since).order_by(Tariff.since.desc()).limit(1)
    return (await session.scalars(earlier)).one_or_none()


async def last_shared(session: Session, *, community_id: int) -> Sequence[SharedCost]:
    """Return the costs that were split last, of each kind the newest period."""
    newest: dict[tuple[str, str, str], SharedCost] = {}
    found = await session.scalars(
        select(SharedCost).where(SharedCost.community_id == community_id).order_by(SharedCost.period.desc()).limit(60)
    )
    for cost in found.all():
        newest.setdefault((cost.code, cost.phase, cost.building), cost)
    return list(newest.values())


async def deposits(session: Session, *, unit_ids: Sequence[int]) -> Sequence[Deposit]:
    """Return what is held for units and what went back, the newest first."""
    found = await session.scalars(
        select(Deposit).where(Deposit.unit_id.in_(unit_ids)).order_by(Deposit.held_since.desc(), Deposit.id)
    )
    return found.all()


async def discounts(session: Session, *, unit_ids: Sequence[int], today: date) -> Sequence[Discount]:
    """Return what units pay less now or later."""
    found = await session.scalars(
        select(Discount).where(Discount.unit_id.in_(unit_ids), Discount.until >= today).order_by(Discount.since)
    )
    return found.all()


async def paid_until(session: Session, *, unit_ids: Sequence[int]) -> date | None:
    """Return the last day for which the units' newest paid bills are; None when none says."""
    statement = (
        select(Bill.to_on)
        .where(Bill.unit_id.in_(unit_ids), Bill.to_on.is_not(None))
        .where(Bill.paid_cents >= Bill.cents + Bill.adjusted_cents)
        .order_by(Bill.to_on.desc())
        .limit(1)
    )
    return (await session.scalars(statement)).one_or_none()
