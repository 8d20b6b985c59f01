"""A cost split among units by area 公摊: every unit its part, all parts the whole, without all units at hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select

from services.actors import LIVED_IN
from services.db import Session
from services.models import BillRun, Building, SharedCost, Tariff, Unit
from services.money import cents, reckoning
from services.money.reckoning import WHOLE, Charge, Payer, Step, Way


@dataclass(slots=True)
class Splitting:
    """A cost being split: its row, what owners read, by when it is due."""

    cost: SharedCost
    name: str
    due_on: date

    @property
    def month(self) -> tuple[date, date]:
        """Give the first and the last day of the cost's month."""
        first = date.fromisoformat(f"{self.cost.period}-01")
        return first, reckoning.after(first, 1) - reckoning.DAY

    def part(self, unit: Payer) -> int | None:
        """Take a unit's part off, in the order of ids; None for a unit that has none."""
        cost = self.cost
        if not self._is_for(unit) or not cost.area_cm2:
            return None
        upto = cost.done_cm2 + unit.area_cm2
        part = cents.portion(cost.cents, cost.done_cm2, upto, cost.area_cm2)
        if unit.unit_id == cost.last_unit:
            part = cost.cents - cost.done_cents
        cost.done_cm2, cost.done_cents = upto, cost.done_cents + part
        return part

    def _is_for(self, unit: Payer) -> bool:
        scope = self.cost.phase in {"", unit.phase} and self.cost.building in {"", unit.building}
        handed = unit.handover_on is None or unit.handover_on <= self.month[1]
        return scope and handed and unit.kind in LIVED_IN and unit.unit_id <= self.cost.last_unit


def _due(month: date, tariff: Tariff | None) -> date:
    return month + timedelta(days=tariff.due_days if tariff is not None else 30)


def named(costs: Sequence[SharedCost], prices: Sequence[Tariff], month: date) -> list[Splitting]:
    """Return costs with their names of the price list."""
    of_code = {price.code: price for price in prices if price.way == Way.SHARED}
    found = []
    for cost in costs:
        price = of_code.get(cost.code)
        found.append(Splitting(cost, price.name if price is not None else cost.code, _due(month, price)))
    return found


def charges(costs: Sequence[Splitting], unit: Payer) -> list[Charge]:
    """Return a unit's parts, those of one code and month together."""
    found: dict[tuple[str, str], Charge] = {}
    for one in costs:
        part = one.part(unit)
        if not part:
            continue
        first, last = one.month
        step = Step(Way.SHARED, 0, unit.area_cm2, "1", WHOLE, "", part, one.cost.cents, one.cost.area_cm2)
        key = (one.cost.code, one.cost.period)
        known = found.get(key)
        steps = (*known.steps, step) if known is not None else (step,)
        total = sum(each.cents for each in steps)
        found[key] = Charge(
            unit.unit_id, one.cost.code, one.name, one.cost.period, first, last, one.due_on, total, steps
        )
    return list(found.values())


async def begin(session: Session, *, run: BillRun, month: date) -> None:
    """Let a run have the costs up to its month that nobody split yet, and fix among whom each is split."""
    waiting = select(SharedCost).where(
        SharedCost.community_id == run.community_id,
        SharedCost.run_id.is_(None),
        SharedCost.period <= f"{month:%Y-%m}",
    )
    for cost in (await session.scalars(waiting.order_by(SharedCost.id))).all():
        await _fix(session, cost)
        cost.run_id = run.id if cost.units else None


async def _fix(session: Session, cost: SharedCost) -> None:
    row = (await session.execute(_among(cost))).one()
    cost.units, cost.area_cm2, cost.last_unit = int(row[0]), int(row[1] or 0), int(row[2] or 0)
    if not cost.area_cm2:
        cost.units = 0


def _among(cost: SharedCost) -> Select[int, int, int]:
    last = reckoning.after(date.fromisoformat(f"{cost.period}-01"), 1) - reckoning.DAY
    where: list[ColumnElement[bool]] = [
        Unit.community_id == cost.community_id,
        Unit.kind.in_(LIVED_IN),
        Unit.area_cm2 > 0,
        or_(Unit.handover_on.is_(None), Unit.handover_on <= last),
    ]
    if cost.building:
        where.append(Unit.building == cost.building)
    if cost.phase:
        of_phase = Building.community_id == cost.community_id, Building.phase == cost.phase
        where.append(Unit.building.in_(select(Building.name).where(*of_phase)))
    return select(func.count(), func.sum(Unit.area_cm2), func.max(Unit.id)).where(*where)


async def of_run(session: Session, *, community_id: int, month: date, run_id: int | None) -> Sequence[SharedCost]:
    """Return the costs of a run; without one, copies of those that the next run would have."""
    asked = select(SharedCost).where(SharedCost.community_id == community_id).order_by(SharedCost.id)
    if run_id is not None:
        return (await session.scalars(asked.where(SharedCost.run_id == run_id))).all()
    waiting = asked.where(SharedCost.run_id.is_(None), SharedCost.period <= f"{month:%Y-%m}")
    found = [SharedCost(**_plain(cost)) for cost in (await session.scalars(waiting)).all()]
    for cost in found:
        await _fix(session, cost)
    return found


def _plain(cost: SharedCost) -> Mapping[str, Any]:
    names = ("community_id", "code", "period", "phase", "building", "cents", "words")
    return {name: getattr(cost, name) for name in names} | {"done_cm2": 0, "done_cents": 0}


async def end(session: Session, *, run: BillRun, now: datetime) -> None:
    """Note when the costs of a run were split."""
    for cost in (await session.scalars(select(SharedCost).where(SharedCost.run_id == run.id))).all():
        cost.split_at = now
