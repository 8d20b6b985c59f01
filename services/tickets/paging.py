"""Paging: an emergency reaches whoever is on duty on every way there is, and one tier more each time nobody answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from services import conversations, people
from services.actors import House, Role
from services.db import Session, insert_once
from services.messages import Channel, Choice, T, Text
from services.models import Address, ChannelAccount, Escalation, Number, Person, Staff, Ticket
from services.outbox import Priority, To
from services.tickets import dispatch
from services.tickets.dispatch import Candidate

TIERS: Sequence[tuple[Role, ...]] = ((Role.ENGINEER, Role.SECURITY), (Role.SUPERVISOR,), (Role.MANAGER,))


async def whom(session: Session, *, house: House, tier: int, now: datetime) -> Sequence[Candidate]:
    """Return who is paged the n-th time: hands on duty, then supervisors too, then everybody who leads.

    Nobody of a tier on duty: the next one is paged at once; the last one is paged on duty or not.
    """
    found: list[Candidate] = []
    for number, roles in enumerate(TIERS):
        if number > tier and found:
            break
        last = number == len(TIERS) - 1
        here = await dispatch.candidates(session, community_id=house.id, team="", now=now, roles=roles)
        found += [one for one in here if one.on_duty or last]
    return found


async def page(
    session: Session,
    found: Sequence[Candidate],
    *,
    house: House,
    key: str,
    text: Text,
    now: datetime,
    rows: Sequence[Sequence[Choice]] = (),
) -> int:
    """Tell people at each of their addresses, chat and text message; return how many messages that makes."""
    addresses = await _every_way(session, house, [one.person_id for one in found], now)
    for to in addresses:
        await conversations.tell(
            session, to=to, key=f"{key}:{to.address_id}", text=text, rows=rows, priority=Priority.ALARM, now=now
        )
    return len(addresses)


async def stand_down(session: Session, ticket: Ticket, *, house: House, now: datetime) -> None:
    """Tell those who were paged that somebody goes; their buttons end."""
    rows = await session.scalars(
        select(Escalation.told).where(Escalation.ticket_id == ticket.id, Escalation.step.startswith("page"))
    )
    told = {staff_id for row in rows for staff_id in row} - {ticket.holder_id}
    key = f"page:{ticket.id}:"
    await conversations.end_where(session, key_prefix=f"choose:{key}")
    person_ids = (await session.scalars(select(Staff.person_id).where(Staff.id.in_(told)))).all() if told else []
    name = await people.staff_name(session, ticket.holder_id)
    text = T("staff.page_taken", number=ticket.number, name=name)
    for to in await _every_way(session, house, person_ids, now):
        await conversations.tell(
            session, to=to, key=f"{key}taken:{to.address_id}", text=text, priority=Priority.ALARM, now=now
        )


async def _every_way(session: Session, house: House, person_ids: Sequence[int], now: datetime) -> Sequence[To]:
    await _open_numbers(session, house, person_ids, now)
    rows = await session.execute(
        select(Address.id, Address.locale, Address.community_id, Address.channel, Person.locale)
        .join(Person, Person.id == Address.person_id)
        .where(Address.person_id.in_(person_ids), Address.gone_at.is_(None), Address.is_group.is_(False))
        .order_by(Address.id)
    )
    return [To(row[0], row[4] or row[1] or house.locale, row[2], row[3]) for row in rows]


async def _open_numbers(session: Session, house: House, person_ids: Sequence[int], now: datetime) -> None:
    """Numbers that have never written can be written to, too."""
    account = await session.scalar(
        select(ChannelAccount.account)
        .where(ChannelAccount.channel == Channel.SMS, ChannelAccount.community_id == house.id)
        .order_by(ChannelAccount.id)
        .limit(1)
    )
    if account is None:
        return
    numbers = await session.execute(select(Number.person_id, Number.e164).where(Number.person_id.in_(person_ids)))
    for person_id, e164 in numbers.all():
        row = {
            "channel": Channel.SMS,
            "account": account,
            "external": e164,
            "community_id": house.id,
            "person_id": person_id,
            "proof": "register",
            "proven_at": now,
            "created_at": now,
        }
        await insert_once(session, Address, row)
