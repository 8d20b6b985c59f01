"""Many payments at once, as files bring them: the same rows that `ledger.record` would write, in a few statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select

from services import access
from services.access import Deed, Subject
from services.actors import Actor
from services.db import Session, insert_once
from services.models import Allocation, Bill, Building, Payment, Unit
from services.money import closing, ledger, spending, standing
from services.money.ledger import PAYMENT, Money
from services.refusals import NotAllowed


@dataclass(frozen=True, slots=True)
class Entry:
    """A payment for a unit, for the bills said or the oldest."""

    unit_id: int
    money: Money
    bills: tuple[int, ...] = ()


@dataclass(slots=True)
class _Spent:
    """What one payment pays."""

    free: int
    parts: list[tuple[Bill, int]] = field(default_factory=list)


async def record_many(
    session: Session, actor: Actor, *, community_id: int, entries: Sequence[Entry], now: datetime
) -> Sequence[int]:
    """Write payments down, each once per key, in the order given; return the ids of those that are new.

    The units must be the community's. Nobody is told but who said that he had paid: whoever brings a file of old
    payments says so himself if he wants. Raises `NotAllowed`.
    """
    if not access.may(actor, Deed.TAKE_PAYMENT, Subject(community_id)):
        raise NotAllowed
    homes, collectors = await _held(session, sorted({entry.unit_id for entry in entries}))
    known = select(Payment.key).where(
        Payment.community_id == community_id, Payment.key.in_([entry.money.key for entry in entries])
    )
    there = set((await session.scalars(known)).all())
    new = list({entry.money.key: entry for entry in entries if entry.money.key not in there}.values())
    if not new:
        return []
    spent = _spend(new, homes, await _open(session, homes, new))
    year, numbers = await ledger.numbered_many(session, community_id=community_id, now=now, count=len(new))
    staff_id = actor.staff.staff_id if actor.staff is not None else None
    rows = [
        {
            **ledger.row_of(community_id, entry.unit_id, entry.money, year, number, now),
            "cents": entry.money.cents,
            "free_cents": what.free,
            "kind": PAYMENT,
            "taken_by": staff_id,
            "credited_to": collectors.get(entry.unit_id),
        }
        for entry, number, what in zip(new, numbers, spent, strict=True)
    ]
    added = await insert_once(session, Payment, rows, Payment.key, Payment.id)
    ids = {row.key: row.id for row in added.all()}
    await _allocate(session, new, spent, ids, now)
    await closing.close(session, unit_ids=list(homes), now=now)
    return [ids[entry.money.key] for entry in new]


async def _held(session: Session, unit_ids: Sequence[int]) -> tuple[Mapping[int, int], Mapping[int, int | None]]:
    """Hold the units' households in the order of their ids; return the home of every unit, and who collects there."""
    home = func.coalesce(Unit.attached_to, Unit.id)
    roots = select(home).where(Unit.id.in_(unit_ids))
    held = select(Unit).where(or_(Unit.id.in_(roots), Unit.attached_to.in_(roots))).order_by(Unit.id)
    units = (await session.scalars(held.with_for_update(key_share=True))).all()
    here = {unit.community_id for unit in units}
    stewards = await session.execute(
        select(Building.name, func.coalesce(Building.collector_id, Building.steward_id).label("staff_id")).where(
            Building.community_id.in_(here)
        )
    )
    of_building = {row.name: row.staff_id for row in stewards.all()}
    return (
        {unit.id: unit.attached_to or unit.id for unit in units},
        {unit.id: unit.collector_id or of_building.get(unit.building) for unit in units},
    )


async def _open(session: Session, homes: Mapping[int, int], entries: Sequence[Entry]) -> Mapping[int, list[Bill]]:
    """Return what each household owes, oldest first, and bills that are said by name."""
    owed: dict[int, list[Bill]] = {}
    said = {one for entry in entries for one in entry.bills}
    asked = select(Bill).where(Bill.unit_id.in_(homes), standing.OPEN, or_(Bill.payer_id.is_(None), Bill.id.in_(said)))
    for bill in (await session.scalars(asked.order_by(Bill.due_on, Bill.id))).all():
        owed.setdefault(homes[bill.unit_id], []).append(bill)
    return owed


def _spend(entries: Sequence[Entry], homes: Mapping[int, int], owed: Mapping[int, Sequence[Bill]]) -> list[_Spent]:
    """Let every payment pay in its turn: the bills said, then the oldest of the household."""
    left = {bill.id: standing.open_cents(bill) for bills in owed.values() for bill in bills}
    found = []
    for entry in entries:
        bills = list(owed.get(homes[entry.unit_id], ()))
        rank = {bill_id: at for at, bill_id in enumerate(entry.bills)}
        mine = [bill for bill in bills if bill.payer_id is None or bill.id in rank]
        mine.sort(key=lambda bill: rank.get(bill.id, len(rank)))
        parts = spending.shares([entry.money.cents], [left[bill.id] for bill in mine])
        what = _Spent(entry.money.cents - sum(cents for *_, cents in parts))
        for _, at, cents in parts:
            left[mine[at].id] -= cents
            what.parts.append((mine[at], cents))
        found.append(what)
    return found


async def _allocate(
    session: Session, entries: Sequence[Entry], spent: Sequence[_Spent], ids: Mapping[str, int], now: datetime
) -> None:
    rows: list[dict[str, Any]] = []
    for entry, what in zip(entries, spent, strict=True):
        for bill, cents in what.parts:
            rows.append(
                {
                    "community_id": bill.community_id,
                    "payment_id": ids[entry.money.key],
                    "bill_id": bill.id,
                    "cents": cents,
                    "at": now,
                }
            )
            bill.paid_cents += cents
            spending.mark(bill, now)
    if rows:
        await insert_once(session, Allocation, rows)
    await session.flush()
