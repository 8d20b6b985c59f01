"""Paying ahead: what so many months would cost at the lower price, and the agreement that later bills go by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

from services import access
from services.access import Deed, Subject
from services.actors import Actor
from services.db import Session, insert_once
from services.models import Bill, Building, Discount, Tariff, Unit
from services.money import reckoning, tariffs
from services.money.reckoning import Less, Payer, Reduction
from services.refusals import NotAllowed, Refused


class NothingLess(Refused):
    """The price list gives nothing off for paying so far ahead."""

    key = "refused.prepay"
    ends = False


@dataclass(frozen=True, slots=True)
class Offer:
    """What paying ahead comes to."""

    code: str
    name: str
    since: date
    until: date
    months: int
    percent: int
    cents: int  # at the lower price
    full_cents: int


async def offer(session: Session, *, unit: Unit, code: str, months: int, today: date) -> Offer:
    """Work out what so many months cost from the first that was not billed yet; raises `NothingLess`."""
    tariff = await _tariff(session, unit, code, today)
    if not tariff.prepay_months or months < tariff.prepay_months or months % tariff.months:
        raise NothingLess(months=tariff.prepay_months)
    first = await _first(session, unit, tariff, today)
    until = reckoning.after(first, months) - reckoning.DAY
    less = Reduction(code, Less.PREPAID, tariff.prepay_percent, first, until)
    payer = await _payer(session, unit)
    price = [tariffs.price_of(tariff)]
    starts = [reckoning.after(first, step) for step in range(0, months, tariff.months)]
    full = sum(one.cents for start in starts for one in reckoning.charges(payer, price, [], month=start))
    cents = sum(one.cents for start in starts for one in reckoning.charges(payer, price, [less], month=start))
    return Offer(code, tariff.name, first, until, months, tariff.prepay_percent, cents, full)


async def agree(session: Session, actor: Actor, *, unit: Unit, offered: Offer, now: datetime) -> None:
    """Let the bills of the span be at the lower price, agreed once; the money itself is written down as any."""
    if not access.may(actor, Deed.TAKE_PAYMENT, Subject(unit.community_id, unit.id)):
        raise NotAllowed
    row = {
        "community_id": unit.community_id,
        "unit_id": unit.id,
        "code": offered.code,
        "why": Less.PREPAID.value,
        "percent": offered.percent,
        "since": offered.since,
        "until": offered.until,
        "by_id": actor.staff.staff_id if actor.staff is not None else None,
        "at": now,
    }
    await insert_once(session, Discount, row)


async def _tariff(session: Session, unit: Unit, code: str, today: date) -> Tariff:
    found = await tariffs.valid(session, community_id=unit.community_id, first=today, last=today)
    payer = await _payer(session, unit)
    fitting = [one for one in found if one.code == code and tariffs.price_of(one).fits(payer)]
    if not fitting:
        raise NothingLess(months=0)
    return max(fitting, key=lambda one: tariffs.price_of(one).narrowness)


async def _first(session: Session, unit: Unit, tariff: Tariff, today: date) -> date:
    """Return the first month of the first period that has no bill."""
    last = await session.scalar(select(func.max(Bill.to_on)).where(Bill.unit_id == unit.id, Bill.item == tariff.name))
    start = max(today, last + reckoning.DAY if last is not None else today).replace(day=1)
    while reckoning.cycle(start, tariff.months) is None or (last is not None and start <= last):
        start = reckoning.after(start, 1)
    return start


async def _payer(session: Session, unit: Unit) -> Payer:
    here = Building.community_id == unit.community_id, Building.name == unit.building
    phase = await session.scalar(select(Building.phase).where(*here)) or ""
    return Payer(unit.id, unit.kind, unit.building, phase, unit.area_cm2, unit.handover_on, unit.vacant_since)
