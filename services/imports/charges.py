"""Bills and payments of a file: charges are added or corrected, money is booked; what a file does not name stays."""

from __future__ import annotations

import hashlib
from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import select

from services import actors
from services.access import Deed
from services.db import Session, insert_once
from services.imports import refunds
from services.imports.cells import month_of
from services.imports.known import Known, located, wrong
from services.imports.lines import Line
from services.models import Bill, Payment
from services.money import bulk, ledger
from services.money.bulk import Entry
from services.money.ledger import Money

SOURCE = "import"
TILL = actors.system(SOURCE, Deed.TAKE_PAYMENT, Deed.ADJUST, Deed.TAKE_BACK)
LONGEST_CODE = 64
MONTH = len("2026-03")

BillKey = tuple[int, str, str]


async def check_bills(session: Session, lines: Sequence[Line], known: Known) -> None:
    """Compare charges with those written down; older figures change nothing."""
    located(lines, known)
    whole = []
    for line in lines:
        fields = line.fields
        for name in ("amount", "paid"):
            if fields.get(name, 0) < 0 or (name == "amount" and fields.get(name) == 0):
                wrong(line, "positive", f"{fields[name] / 100:.2f}", name=name)
        if len(fields.get("item", "")) > LONGEST_CODE or len(fields.get("period", "")) > LONGEST_CODE:
            wrong(line, "short", name="period")
        if "unit_id" not in fields or not {"item", "period", "amount"} <= set(fields):
            continue
        if not known.is_new("bill", fields["unit_id"], fields["item"], fields["period"]):
            wrong(line, "once", f"{fields['item']} {fields['period']}", name="period")
        whole.append(line)
    there = await _bills(session, [line.fields for line in whole])
    for line in whole:
        bill = there.get(_key(line.fields))
        if bill is not None:
            line.state = "changed" if _changes(line.fields, bill, known) else "same"


def _changes(row: Mapping[str, Any], bill: Bill, known: Known) -> bool:
    if bill.as_of > known.as_of:
        return False
    differs: bool = row["amount"] != bill.cents + bill.adjusted_cents
    return differs or bool(row.get("paid", 0) > bill.paid_cents)


def _key(row: Mapping[str, Any]) -> BillKey:
    return row["unit_id"], row["item"], row["period"]


async def _bills(session: Session, rows: Sequence[Mapping[str, Any]]) -> Mapping[BillKey, Bill]:
    units = sorted({row["unit_id"] for row in rows})
    items = sorted({row["item"] for row in rows})
    asked = select(Bill).where(Bill.unit_id.in_(units), Bill.item.in_(items))
    found = (await session.scalars(asked.execution_options(populate_existing=True))).all()
    return {(bill.unit_id, bill.item, month_of(bill.period)): bill for bill in found}


async def apply_bills(session: Session, rows: Sequence[Mapping[str, Any]], known: Known, *, now: datetime) -> None:
    """Write charges down, correct those that changed, book what the file says was paid."""
    there = await _bills(session, rows)  # a charge that the price list made may write its month otherwise
    if new := [_bill(row, known) for row in rows if _key(row) not in there]:
        await insert_once(session, Bill, new)
    bills = await _bills(session, rows)
    await _correct(session, rows, bills, known, now)
    entries = [
        _paid(bills[_key(row)], row, known)
        for row in rows
        if row.get("paid", 0) > bills[_key(row)].paid_cents and bills[_key(row)].as_of <= known.as_of
    ]
    if entries:
        await bulk.record_many(session, TILL, community_id=known.community_id, entries=entries, now=now)
    await ledger.spend_ahead(session, unit_ids=sorted({row["unit_id"] for row in rows}), now=now)


def _bill(row: Mapping[str, Any], known: Known) -> dict[str, Any]:
    return {
        "community_id": known.community_id,
        "unit_id": row["unit_id"],
        "item": row["item"],
        "period": row["period"],
        "from_on": _day(row.get("from")),
        "to_on": _day(row.get("to")),
        "cents": row["amount"],
        "reckoned": row.get("reckoned", ""),
        "due_on": _day(row.get("due")) or _end(row["period"]) or known.today,
        "as_of": known.as_of,
        "source": SOURCE,
    }


def _day(said: str | None) -> date | None:
    return date.fromisoformat(said) if said else None


def _end(period: str) -> date | None:
    """Return the last day of a period that is one month."""
    if len(period) != MONTH or not period.replace("-", "").isdigit():
        return None
    year, month = int(period[:4]), int(period[5:])
    return date(year, month, monthrange(year, month)[1])


async def _correct(
    session: Session,
    rows: Sequence[Mapping[str, Any]],
    bills: Mapping[BillKey, Bill],
    known: Known,
    now: datetime,
) -> None:
    for row in rows:
        bill = bills[_key(row)]
        less = row["amount"] - bill.cents - bill.adjusted_cents
        if less and bill.as_of <= known.as_of:
            key = f"import:{bill.id}:{known.as_of:%Y%m%d%H%M%S}:{row['amount']}"
            await ledger.adjust(session, TILL, bill=bill, cents=less, why=SOURCE, key=key, now=now)
        bill.as_of = max(bill.as_of, known.as_of)
    await session.flush()


def _paid(bill: Bill, row: Mapping[str, Any], known: Known) -> Entry:
    money = Money(
        cents=row["paid"] - bill.paid_cents,
        way="other",
        source=SOURCE,
        key=f"import:bill:{bill.id}:{row['paid']}",
        paid_on=known.as_of.date(),
    )
    return Entry(bill.unit_id, money, (bill.id,))


async def check_payments(session: Session, lines: Sequence[Line], known: Known) -> None:
    """Tell which payments are new: by their serial number, else by all that they say."""
    located(lines, known)
    whole = []
    for line in lines:
        fields = line.fields
        if refunds.is_one(fields) and fields.get("amount", 0):
            fields["back"] = abs(fields["amount"])
        elif fields.get("amount", 1) <= 0:
            wrong(line, "positive", f"{fields['amount'] / 100:.2f}", name="amount")
        if "day" in fields and date.fromisoformat(fields["day"]) > known.today:
            wrong(line, "past", fields["day"], name="day")
        if {"unit_id", "amount", "day"} <= set(fields):
            fields["key"] = refunds.key_of(fields, known) if "back" in fields else _payment_key(fields, known)
            if not known.is_new("payment", fields["key"]):
                wrong(line, "once", fields.get("serial", ""), name="serial")
            whole.append(line)
    await _compare(session, whole, known)
    await refunds.find(session, whole, known)


async def _compare(session: Session, whole: Sequence[Line], known: Known) -> None:
    """Tell which payments are written down already; one that says something else is wrong."""
    keys = {key for line in whole for key in _names(line.fields)}
    here = Payment.community_id == known.community_id, Payment.key.in_(keys)
    rows = await session.execute(select(Payment.key, Payment.unit_id, Payment.cents).where(*here))
    there = {row.key: (row.unit_id, row.cents) for row in rows.all()}
    for line in whole:
        fields = line.fields
        cents = -fields["back"] if "back" in fields else fields["amount"]
        found = [there[key] for key in _names(fields) if key in there]
        if "back" in fields:  # its serial may be that of the payment it is of
            found = [one for one in found if one[1] < 0]
        if found:
            line.state = "same"
            if found[0] != (fields["unit_id"], cents):
                wrong(line, "serial", fields.get("serial", ""), name="serial")


def _names(row: Mapping[str, Any]) -> Sequence[str]:
    """Return the keys under which a payment may be written down already, by a file or elsewhere."""
    serial = row.get("serial", "")
    return [row["key"], *([serial, f"import:{serial}"] if serial else ())]


def _payment_key(row: Mapping[str, Any], known: Known) -> str:
    if "serial" in row:
        return f"import:{row['serial']}"
    said = [str(row.get(name, "")) for name in ("unit_id", "amount", "day", "way", "payer_name", "receipt", "note")]
    digest = hashlib.sha256("\x1f".join(said).encode()).hexdigest()[:24]
    nth = 1
    while not known.is_new("nth", digest, nth):
        nth += 1
    return f"import:{digest}:{nth}"


async def apply_payments(session: Session, rows: Sequence[Mapping[str, Any]], known: Known, *, now: datetime) -> None:
    """Book payments, and what of them went back, in the order of the file."""
    for goes_back, some in groupby(rows, key=lambda row: "back" in row):
        if goes_back:
            for row in some:
                await refunds.apply(session, TILL, row, known, now=now)
            continue
        entries = [Entry(row["unit_id"], _money(row)) for row in some]
        await bulk.record_many(session, TILL, community_id=known.community_id, entries=entries, now=now)


def _money(row: Mapping[str, Any]) -> Money:
    return Money(
        cents=row["amount"],
        way=row.get("way", "other"),
        source=SOURCE,
        key=row["key"],
        paid_on=date.fromisoformat(row["day"]),
        payer=row.get("payer_name", ""),
        receipt=row.get("receipt", "")[:LONGEST_CODE],
        words=row.get("note", ""),
    )
