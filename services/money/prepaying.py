"""Paying ahead: what so many months would cost at the lower price, and the agreement that later bills go by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select

from services import access
from services.access import Deed, Subject
from services.actors import Actor
from services.db import Session, insert_once
from services.models import Bill, Building, Discount, Tariff, Unit
from services.money import reckoning, standing, tariffs
from services.money.reckoning import Less, Payer, Reduction
from services.refusals import NotAllowed, Refused

WHOLE = 100  # per cent
RENEWED = timedelta(days=92)  # what ends so soon may be agreed anew


class NothingLess(Refused):
    """The price list gives nothing off for paying so far ahead."""

    key = "refused.prepay"
    ends = False


class OfferGone(Refused):
    """It was agreed meanwhile, or the price list changed."""

    key = "refused.prepay_gone"


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


async def offers(session: Session, *, unit: Unit, today: date) -> Sequence[Offer]:
    """Return what the price list offers a unit for paying ahead; nothing of what is agreed and runs on."""
    payer = await _payer(session, unit)
    found = await tariffs.valid(session, community_id=unit.community_id, first=today, last=today)
    running = {one.code for one in await agreed(session, unit=unit, since=today + RENEWED)}
    offered = []
    for code in dict.fromkeys(one.code for one in found if tariffs.price_of(one).fits(payer)):
        best = await _tariff(session, unit, code, today)
        months = best.prepay_months
        if months and best.prepay_percent < WHOLE and not months % best.months and code not in running:
            offered.append(await offer(session, unit=unit, code=code, months=months, today=today))
    return offered


async def one_of(session: Session, *, unit: Unit, code: str, today: date) -> Offer:
    """Return the offer of a code that still holds; raises `OfferGone`."""
    found = next((one for one in await offers(session, unit=unit, today=today) if one.code == code), None)
    if found is None:
        raise OfferGone
    return found


async def agreed(session: Session, *, unit: Unit, since: date) -> Sequence[Discount]:
    """Return what a unit has agreed to pay ahead, as far as it runs until a day or longer."""
    its = Discount.unit_id == unit.id, Discount.why == Less.PREPAID.value, Discount.until >= since
    return (await session.scalars(select(Discount).where(*its).order_by(Discount.since))).all()


async def may_agree(session: Session, actor: Actor, *, unit: Unit) -> bool:
    """Whether somebody may agree it: whoever may take the unit's money."""
    collector_id = await standing.collector_of(session, unit)
    return access.may(actor, Deed.TAKE_PAYMENT, Subject(unit.community_id, unit.id, collector_id=collector_id))


async def agree(session: Session, actor: Actor, *, unit: Unit, offered: Offer, now: datetime) -> None:
    """Let the bills of the span be at the lower price, agreed once; the money itself is written down as any."""
    if not await may_agree(session, actor, unit=unit):
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
    """Return the first month of the first period that has no bill and was not agreed before."""
    billed = await session.scalar(
        select(func.max(func.coalesce(Bill.to_on, Bill.due_on))).where(
            Bill.unit_id == unit.id, Bill.item == tariff.name
        )
    )
    ahead = [one.until for one in await agreed(session, unit=unit, since=today) if one.code == tariff.code]
    last = max([*ahead, *([billed] if billed is not None else [])], default=None)
    start = max(today, last + reckoning.DAY if last is not None else today).replace(day=1)
    while reckoning.cycle(start, tariff.months) is None or (last is not None and start <= last):
        start = reckoning.after(start, 1)
    return start


async def _payer(session: Session, unit: Unit) -> Payer:
    here = Building.community_id == unit.community_id, Building.name == unit.building
    phase = await session.scalar(select(Building.phase).where(*here)) or ""
    return Payer(unit.id, unit.kind, unit.building, phase, unit.area_cm2, unit.handover_on, unit.vacant_since)
