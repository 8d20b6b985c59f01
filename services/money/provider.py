"""A payment provider's calls: each is kept as it came, booked once, and put before finance when it fits nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from services import actors, conversations, people
from services.access import LEADS, Deed
from services.actors import Actor, Role
from services.db import Session, insert_once
from services.messages import Cents, T, plain
from services.models import Community, Payment, ProviderCall, Staff
from services.money import ledger
from services.money.ledger import BadSum, KeyTaken, Money
from services.outbox import Priority

SOURCE, BOOKED, UNMATCHED = "provider", "booked", "unmatched"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a call says: money for a unit, or a refund of an earlier call."""

    key: str
    body: str
    cents: int
    paid_at: datetime
    unit: str = ""  # building-entrance-room
    way: str = "other"
    payer: str = ""
    bills: tuple[int, ...] = ()
    refund_of: str = ""


async def take(session: Session, *, slug: str, call: Call, now: datetime) -> ProviderCall | None:
    """Keep a call and book it, once per key; None when there is no such community."""
    community = (await session.scalars(select(Community).where(Community.slug == slug))).one_or_none()
    if community is None:
        return None
    row = {"community_id": community.id, "key": call.key, "body": call.body, "state": UNMATCHED, "at": now}
    added = (await insert_once(session, ProviderCall, row, ProviderCall.id)).scalar_one_or_none()
    if added is None:
        known = ProviderCall.community_id == community.id, ProviderCall.key == call.key
        return (await session.scalars(select(ProviderCall).where(*known))).one()
    kept = await session.get_one(ProviderCall, added)
    till = actors.system(SOURCE, Deed.TAKE_PAYMENT, Deed.TAKE_BACK)
    payment = await (_refund if call.refund_of else _payment)(session, till, community, kept, call, now)
    if payment is None:
        await _tell_finance(session, community, kept, call, now)
    else:
        kept.state, kept.payment_id = BOOKED, payment.id
    return kept


async def _payment(
    session: Session, till: Actor, community: Community, kept: ProviderCall, call: Call, now: datetime
) -> Payment | None:
    unit = await people.unit_written(session, community_id=community.id, name=call.unit)
    if unit is None:
        kept.why = "unit"
        return None
    money = Money(
        cents=call.cents,
        way=call.way,
        source=SOURCE,
        key=f"{SOURCE}:{call.key}",
        paid_on=call.paid_at.astimezone(ZoneInfo(community.zone)).date(),
        payer=call.payer,
    )
    try:
        return await ledger.record(session, till, unit=unit, money=money, bills=call.bills, now=now)
    except (BadSum, KeyTaken):
        kept.why = "sum"
        return None


async def _refund(
    session: Session, till: Actor, community: Community, kept: ProviderCall, call: Call, now: datetime
) -> Payment | None:
    first = Payment.community_id == community.id, Payment.key == f"{SOURCE}:{call.refund_of}"
    payment = (await session.scalars(select(Payment).where(*first))).one_or_none()
    if payment is None:
        kept.why = "payment"
        return None
    key = f"{SOURCE}:{call.key}"
    try:
        return await ledger.refund(session, till, payment=payment, cents=call.cents, key=key, words="", now=now)
    except BadSum:
        kept.why = "sum"
        return None


async def _tell_finance(session: Session, community: Community, kept: ProviderCall, call: Call, now: datetime) -> None:
    """Put it before finance, or before who leads where nobody keeps the books."""
    for staff_id, to in (await people.addresses_of_staff(session, await _finance(session, community.id))).items():
        cents, payer = Cents(call.cents), plain(call.payer or "-")
        refund = T("staff.unmatched_refund", cents=cents, key=call.key)
        text = T("staff.unmatched_payment", cents=cents, payer=payer, unit=plain(call.unit or "-"), key=call.key)
        await conversations.tell(
            session,
            to=to,
            key=f"provider:{kept.id}:{staff_id}",
            text=refund if call.refund_of else text,
            priority=Priority.WORK,
            now=now,
        )


async def _finance(session: Session, community_id: int) -> Sequence[int]:
    here = select(Staff.id).where(Staff.community_id == community_id, Staff.active)
    books = (await session.scalars(here.where(Staff.role == Role.FINANCE))).all()
    return books or (await session.scalars(here.where(Staff.role.in_(LEADS)))).all()
