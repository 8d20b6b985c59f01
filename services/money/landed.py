"""Whoever pays hears that money came in: the sum where the address is proven, the receipt's number everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from services import conversations, people
from services.actors import STRONG
from services.db import Session
from services.messages import Cents, Choice, T
from services.models import Address, Community, Payment, Unit
from services.money import standing
from services.outbox import Priority


async def tell(session: Session, payment: Payment, unit: Unit, *, now: datetime) -> None:
    """Tell everybody whose bills it paid, each once."""
    phone = await session.scalar(select(Community.phone).where(Community.id == unit.community_id)) or ""
    known = T("money.landed", cents=Cents(payment.cents), number=payment.number, phone=phone)
    plain = T("money.landed_plain", number=payment.number, phone=phone)
    rows = [[Choice(T("more.invoice"), "go:ask:invoice")]]
    await _tell(session, payment, unit, known, plain, rows, now)


async def back(session: Session, payment: Payment, original: Payment, unit: Unit, *, now: datetime) -> None:
    """Tell them that money went back, or that an entry never was."""
    phone = await session.scalar(select(Community.phone).where(Community.id == unit.community_id)) or ""
    receipt, number = original.number, payment.number
    known = (
        T("money.reversed", receipt=receipt, number=number, phone=phone)
        if payment.kind == "reversal"
        else T("money.back", cents=Cents(-payment.cents), receipt=receipt, number=number, phone=phone)
    )
    plain = T("money.back_plain", receipt=receipt, number=number, phone=phone)
    await _tell(session, payment, unit, known, plain, [], now)


async def _tell(
    session: Session,
    payment: Payment,
    unit: Unit,
    known: T,
    plain: T,
    rows: Sequence[Sequence[Choice]],
    now: datetime,
) -> None:
    """Say the one to proven addresses, the other to the rest."""
    reached = await people.addresses_of(session, await _whose(session, payment, unit))
    proven = await trusted(session, address_ids=[to.address_id for to in reached.values()])
    for person_id, to in reached.items():
        sure = to.address_id in proven
        await conversations.tell(
            session,
            to=to,
            person_id=person_id,
            key=f"paid:{payment.id}:{person_id}",
            text=known if sure else plain,
            rows=rows if sure else [],
            priority=Priority.WORK,
            now=now,
        )


async def _whose(session: Session, payment: Payment, unit: Unit) -> Sequence[int]:
    """Return the persons a payment concerns: who left the bills that it paid, else who pays for the unit now."""
    paid = [payment.id, *([payment.reverses_id] if payment.reverses_id else [])]
    left = (await standing.left_paid(session, payment_ids=paid)).values()
    payers = await standing.payers(session, unit_ids=[unit.id])
    return sorted(set(left)) or [person.id for person in payers.get(unit.id, ())]


async def trusted(session: Session, *, address_ids: list[int]) -> frozenset[int]:
    """Return the addresses to which amounts may be sent: proven by a contact or a code, not by a number alone."""
    found = select(Address.id).where(Address.id.in_(address_ids), Address.proof.in_(STRONG))
    return frozenset((await session.scalars(found)).all())
