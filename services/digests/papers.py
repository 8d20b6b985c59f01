"""A household's statement and its receipts as pictures: put together for who may see them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time

from services import places
from services.actors import Actor, House
from services.db import Session
from services.digests.pages import Page, Paper, Row
from services.messages import Cents, Style, T, When, lines
from services.models import Bill, Unit
from services.money import account, standing
from services.money.account import Entry
from services.money.standing import open_cents
from services.refusals import Refused

STATEMENT, RECEIPT = "statement", "receipt:"
KINDS = (STATEMENT, RECEIPT)


async def pages(session: Session, actor: Actor, *, kind: str, house: House, now: datetime) -> Sequence[Page]:
    """Return the picture's page; whoever may not see it any more gets the refusal's words."""
    try:
        if kind == STATEMENT:
            return await _statement(session, actor, house, now)
        entry = await account.by_id(session, actor, payment_id=int(kind.removeprefix(RECEIPT)))
    except Refused as refused:
        return [Page(refused.text)]
    paper = _receipt(entry, house)
    return [Page(T("receipt.sent", number=entry.payment.number), papers=[paper])]


async def _statement(session: Session, actor: Actor, house: House, now: datetime) -> Sequence[Page]:
    bills = await standing.due(session, actor)
    if not bills:
        return [Page(T("fees.none"))]
    units = {unit.id: unit for unit in await standing.units_of(session, actor)}
    rows: list[Row] = []
    for unit_id in dict.fromkeys(bill.unit_id for bill in bills):
        rows.append(Row(_unit(units[unit_id]), strong=True))
        rows += [_line(bill) for bill in bills if bill.unit_id == unit_id]
    total, first = Cents(sum(map(open_cents, bills))), min(bill.due_on for bill in bills)
    rows.append(Row(T("paper.total"), T("paper.sum", cents=total), strong=True))
    foot = lines(
        T("paper.late" if first < now.astimezone(house.zone).date() else "paper.due", due=_day(first)),
        T("paper.as_of", day=When(max(bill.as_of for bill in bills), Style.DAY)),
        T("paper.phone", estate=house.name, phone=house.phone),
    )
    local = now.astimezone(house.zone)
    subtitle = T("paper.made", estate=house.name, year=local.year, day=When(now, Style.DAY))
    paper = Paper("statement", T("paper.statement"), subtitle, rows, foot)
    return [Page(T("paper.sent", total=total), papers=[paper])]


def _unit(unit: Unit) -> T:
    place = places.unit_label(unit)
    return T("fees.unit", unit=place, area=f"{unit.area_cm2 / 10_000:.2f}") if unit.area_cm2 else place


def _line(bill: Bill) -> Row:
    below = lines(
        T("paper.reckoned", reckoned=bill.reckoned) if bill.reckoned else None,
        T("fees.adjusted", cents=Cents(bill.adjusted_cents)) if bill.adjusted_cents else None,
        T("fees.part_paid", cents=Cents(bill.paid_cents)) if bill.paid_cents > 0 else None,
    )
    return Row(_item(bill), T("paper.sum", cents=Cents(open_cents(bill))), below)


def _item(bill: Bill) -> T:
    return T("fees.item", item=bill.item, period=bill.period)


def _day(day: date) -> When:
    return When(datetime.combine(day, time(12), tzinfo=UTC), Style.DAY)


def _receipt(entry: Entry, house: House) -> Paper:
    payment, unit = entry.payment, entry.unit
    rows = [Row(_unit(unit), strong=True)]
    rows += [Row(_item(bill), T("paper.sum", cents=Cents(cents))) for bill, cents in entry.bills]
    if payment.free_cents:
        rows.append(Row(T("paper.ahead"), T("paper.sum", cents=Cents(payment.free_cents))))
    rows += [Row(T("paper.gone", number=one.number), T("paper.sum", cents=Cents(one.cents))) for one in entry.back]
    rows.append(Row(T("paper.received"), T("paper.sum", cents=Cents(payment.cents)), strong=True))
    foot = lines(
        T("paper.way", way=T(f"way.{payment.way}"), year=payment.paid_on.year, day=_day(payment.paid_on)),
        T("take_payment.paper", number=payment.receipt) if payment.receipt else None,
        T("paper.phone", estate=house.name, phone=house.phone),
    )
    title = T("paper.receipt" if payment.cents > 0 else "paper.refund")
    return Paper(
        f"receipt-{payment.number}", title, T("paper.number", estate=house.name, number=payment.number), rows, foot
    )
