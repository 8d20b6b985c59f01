"""Whoever pays hears that money came in: the sum where the address is proven, the receipt's number everywhere."""

from __future__ import annotations

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
    """Tell everybody who pays for the unit, each once."""
    persons = (await standing.payers(session, unit_ids=[unit.id])).get(unit.id, ())
    reached = await people.addresses_of(session, [person.id for person in persons])
    proven = await trusted(session, address_ids=[to.address_id for to in reached.values()])
    phone = await session.scalar(select(Community.phone).where(Community.id == unit.community_id)) or ""
    for person_id, to in reached.items():
        sure = to.address_id in proven
        cents = Cents(payment.cents)
        await conversations.tell(
            session,
            to=to,
            person_id=person_id,
            key=f"paid:{payment.id}:{person_id}",
            text=T("money.landed", cents=cents, number=payment.number, phone=phone)
            if sure
            else T("money.landed_plain", number=payment.number, phone=phone),
            rows=[[Choice(T("more.invoice"), "go:ask:invoice")]] if sure else [],
            priority=Priority.WORK,
            now=now,
        )


async def trusted(session: Session, *, address_ids: list[int]) -> frozenset[int]:
    """Return the addresses to which amounts may be sent: proven by a contact or a code, not by a number alone."""
    found = select(Address.id).where(Address.id.in_(address_ids), Address.proof.in_(STRONG))
    return frozenset((await session.scalars(found)).all())
