"""The bills of a month: looked at before, then written unit by unit in short steps that go on where they stopped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from services import access
from services.access import Deed, Subject
from services.actors import Actor
from services.db import Session, insert_once
from services.models import Bill, BillRun, Building, Unit
from services.money import ledger, reckoning, sharing, tariffs
from services.money.reckoning import Charge, Payer, Price, Reduction
from services.refusals import NotAllowed, Refused

CHUNK = 120  # units in one transaction
SOURCE = "run"


class BillsThere(Refused):
    """The bills of this month were written before."""

    key = "refused.bills_there"


@dataclass(slots=True)
class Preview:
    """What a run would write."""

    units: int = 0
    bills: int = 0
    cents: int = 0
    by_item: Counter[str] = field(default_factory=Counter)
    known: int = 0  # written before


@dataclass(frozen=True, slots=True)
class _Book:
    """What all units of a run share."""

    month: date
    prices: Sequence[Price]
    phases: Mapping[str, str]
    costs: Sequence[sharing.Splitting]

    @property
    def last(self) -> date:
        """Give the last day that any period of this run may have."""
        return reckoning.after(self.month, max((price.months for price in self.prices), default=1)) - reckoning.DAY


async def begin(session: Session, actor: Actor, *, community_id: int, month: date, now: datetime) -> BillRun:
    """Begin the run of a month, or find the one that stopped; raises `NotAllowed`, `BillsThere`."""
    if not access.may(actor, Deed.RUN_BILLS, Subject(community_id)):
        raise NotAllowed
    row = {"community_id": community_id, "period": f"{month:%Y-%m}", "begun_at": now}
    await insert_once(session, BillRun, row)
    found = select(BillRun).where(BillRun.community_id == community_id, BillRun.period == row["period"])
    run = (await session.scalars(found.with_for_update(key_share=True))).one()
    if run.state != "running":
        raise BillsThere(month=run.period)
    if run.after_unit == 0:
        await sharing.begin(session, run=run, month=month)
    return run


async def go_on(session: Session, *, run_id: int, now: datetime) -> bool:
    """Write the bills of the next units; False when that was the last of them."""
    run = (await session.scalars(select(BillRun).where(BillRun.id == run_id).with_for_update(key_share=True))).one()
    if run.state != "running":
        return False
    book = await _book(session, run.community_id, date.fromisoformat(f"{run.period}-01"), run_id=run.id)
    units = await _units(session, run.community_id, run.after_unit, hold=True)
    written = await _write(session, book, units, now)
    run.bills += len(written)
    run.cents += sum(written)
    if units:
        run.after_unit = units[-1].id
        await ledger.spend_ahead(session, unit_ids=[unit.id for unit in units], now=now)
    if len(units) == CHUNK:
        return True
    run.state, run.done_at = "done", now
    await sharing.end(session, run=run, now=now)
    return False


async def found(session: Session, *, run_id: int) -> BillRun:
    """Return a run."""
    return await session.get_one(BillRun, run_id)


async def _book(session: Session, community_id: int, month: date, *, run_id: int | None) -> _Book:
    found = await tariffs.valid(session, community_id=community_id, first=month, last=reckoning.after(month, 12))
    buildings = await session.execute(
        select(Building.name, Building.phase).where(Building.community_id == community_id)
    )
    costs = await sharing.of_run(session, community_id=community_id, month=month, run_id=run_id)
    phases = {row.name: row.phase for row in buildings.all()}
    return _Book(month, [tariffs.price_of(one) for one in found], phases, sharing.named(costs, found, month))


async def _units(session: Session, community_id: int, after: int, *, hold: bool) -> Sequence[Unit]:
    asked = select(Unit).where(Unit.community_id == community_id, Unit.id > after).order_by(Unit.id).limit(CHUNK)
    return (await session.scalars(asked.with_for_update(key_share=True) if hold else asked)).all()


async def _write(session: Session, book: _Book, units: Sequence[Unit], now: datetime) -> list[int]:
    """Insert what the units are charged; return the sums of the bills that were not there."""
    rows = [_row(charge, unit, now) for unit, charge in await _charged(session, book, units)]
    if not rows:
        return []
    added = await insert_once(session, Bill, rows, Bill.cents)
    return [int(cents) for cents in added.scalars()]


async def _charged(session: Session, book: _Book, units: Sequence[Unit]) -> list[tuple[Unit, Charge]]:
    ids = [unit.id for unit in units]
    less = await tariffs.reductions(session, unit_ids=ids, first=book.month, last=book.last)
    return [(unit, charge) for unit in units for charge in _of_unit(book, unit, less.get(unit.id, ()))]


def _of_unit(book: _Book, unit: Unit, less: Sequence[Reduction]) -> list[Charge]:
    payer = Payer(
        unit.id,
        unit.kind,
        unit.building,
        book.phases.get(unit.building, ""),
        unit.area_cm2,
        unit.handover_on,
        unit.vacant_since,
    )
    own = reckoning.charges(payer, book.prices, less, month=book.month)
    return [*own, *sharing.charges(book.costs, payer)]


def _row(charge: Charge, unit: Unit, now: datetime) -> dict[str, Any]:
    return {
        "community_id": unit.community_id,
        "unit_id": unit.id,
        "code": charge.code,
        "item": charge.name,
        "period": charge.period,
        "from_on": charge.from_on,
        "to_on": charge.to_on,
        "cents": charge.cents,
        "steps": reckoning.pack(charge.steps),
        "due_on": charge.due_on,
        "as_of": now,
        "source": SOURCE,
    }


async def preview(session: Session, actor: Actor, *, community_id: int, month: date) -> Preview:
    """Work out what a run would write, without writing anything; raises `NotAllowed`."""
    if not access.may(actor, Deed.RUN_BILLS, Subject(community_id)):
        raise NotAllowed
    book = await _book(session, community_id, month, run_id=None)
    sums, after = Preview(), 0
    while units := await _units(session, community_id, after, hold=False):
        charged = await _charged(session, book, units)
        known = await _known(session, [unit.id for unit in units])
        for unit, charge in charged:
            if (unit.id, charge.name, charge.period) in known:
                sums.known += 1
                continue
            sums.bills += 1
            sums.cents += charge.cents
            sums.by_item[charge.name] += charge.cents
        sums.units += len({unit.id for unit, _ in charged})
        after = units[-1].id
        session.expunge_all()
    return sums


async def _known(session: Session, unit_ids: Sequence[int]) -> set[tuple[int, str, str]]:
    rows = await session.execute(select(Bill.unit_id, Bill.item, Bill.period).where(Bill.unit_id.in_(unit_ids)))
    return {(unit_id, item, period) for unit_id, item, period in rows.all()}
