"""Money that a file says went back: of the payment that it names, or of the only one of that sum."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select

from services.actors import Actor
from services.db import Session
from services.imports import columns
from services.imports.columns import folded
from services.imports.known import Coming, Known, wrong
from services.imports.lines import Line
from services.models import Payment, Unit
from services.money import ledger
from services.money.ledger import PAYMENT, BadSum


@dataclass(frozen=True, slots=True)
class _Paid:
    """A payment that can go back: the names it has, and how much of it is left."""

    key: str
    names: frozenset[str]
    cents: int
    left: int


def is_one(row: Mapping[str, Any]) -> bool:
    """Whether a row is money that went back: less than nothing, or of that type."""
    said = folded(row.get("entry", ""))
    return row.get("amount", 0) < 0 or columns.shipped().codes["entry"].get(said) == "refund"


def key_of(row: Mapping[str, Any], known: Known) -> str:
    """Return what names the refund however often the file comes; the serial may be the payment's own."""
    back = abs(row["amount"])
    if "serial" in row:
        return f"import:back:{row['serial']}:{row['day']}:{back}"
    said = [str(row.get(name, "")) for name in ("unit_id", "day", "refunds", "way", "payer_name", "receipt", "note")]
    digest = hashlib.sha256("\x1f".join([*said, str(back)]).encode()).hexdigest()[:24]
    nth = 1
    while not known.is_new("nth back", digest, nth):
        nth += 1
    return f"import:back:{digest}:{nth}"


async def find(session: Session, lines: Sequence[Line], known: Known) -> None:
    """Find what each new refund of the lines, in their order, is of; say what is missing where that is not certain."""
    homes = await _homes(session, sorted({line.fields["unit_id"] for line in lines}))
    backs = [line for line in lines if "back" in line.fields and line.state == "new"]
    there = await _there(session, {homes[line.fields["unit_id"]] for line in backs})
    for line in lines:
        row = line.fields
        home = homes[row["unit_id"]]
        if "back" not in row:
            if line.state == "new" and not line.problems:
                names = frozenset(str(row[name]) for name in ("serial", "receipt") if name in row)
                known.coming.setdefault(home, []).append(Coming(row["key"], names, row["amount"]))
        elif line.state == "new" and not line.problems:
            came = [_Paid(one.key, one.names, one.cents, one.cents) for one in known.coming.get(home, ())]
            _match(line, [*there.get(home, ()), *came], known)


def _match(line: Line, paid: Sequence[_Paid], known: Known) -> None:
    row = line.fields
    cents: int = row["back"]
    left = {one.key: one.left - known.gone.get(one.key, 0) for one in paid}
    said = row.get("refunds")
    named = [one for one in paid if said in one.names] if said else []
    if said and not named:
        wrong(line, "refund_known", said, name="refunds")
        return
    named = named or [one for one in paid if row.get("serial") in one.names]
    fits = [one for one in named if left[one.key] >= cents]
    if named and not fits:
        wrong(line, "refund_left", f"{cents / 100:.2f}", name="amount")
        return
    fits = fits if named else [one for one in paid if one.cents == left[one.key] == cents]
    if len(fits) != 1:
        wrong(line, "refund_which", f"{cents / 100:.2f}", name="amount")
        return
    row["of"] = fits[0].key
    known.gone[fits[0].key] = known.gone.get(fits[0].key, 0) + cents


async def _homes(session: Session, unit_ids: Sequence[int]) -> Mapping[int, int]:
    rows = await session.execute(select(Unit.id, func.coalesce(Unit.attached_to, Unit.id)).where(Unit.id.in_(unit_ids)))
    return {row[0]: row[1] for row in rows.all()}


async def _there(session: Session, homes: set[int]) -> Mapping[int, Sequence[_Paid]]:
    """Return the payments of households that are written down."""
    if not homes:
        return {}
    home = func.coalesce(Unit.attached_to, Unit.id)
    asked = select(Payment, home.label("home")).join(Unit, Unit.id == Payment.unit_id).where(home.in_(homes))
    rows = (await session.execute(asked.order_by(Payment.id))).all()
    gone: dict[int, int] = {}
    for payment, _ in rows:
        if payment.reverses_id is not None:
            gone[payment.reverses_id] = gone.get(payment.reverses_id, 0) - payment.cents
    found: dict[int, list[_Paid]] = {}
    for payment, at in rows:
        if payment.kind == PAYMENT:
            said = {payment.key, payment.key.removeprefix("import:"), payment.number, payment.receipt}
            names = frozenset({*said, f"{payment.year}-{payment.number}"} - {""})
            left = payment.cents - gone.get(payment.id, 0)
            found.setdefault(at, []).append(_Paid(payment.key, names, payment.cents, left))
    return found


async def apply(session: Session, actor: Actor, row: Mapping[str, Any], known: Known, *, now: datetime) -> None:
    """Book one refund; nobody is told, as of all that files bring."""
    its = Payment.community_id == known.community_id, Payment.key == row["of"]
    payment = (await session.scalars(select(Payment).where(*its))).one_or_none()
    if payment is None:
        return
    day = date.fromisoformat(row["day"])
    try:
        await ledger.refund(
            session,
            actor,
            payment=payment,
            cents=row["back"],
            key=row["key"],
            words=row.get("note", ""),
            now=now,
            on=day,
            tell=False,
        )
    except BadSum:  # it went back by hand since the file was checked; the file again says so
        return
