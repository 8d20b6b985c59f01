"""Paging whoever is on duty, on every way there is to reach him."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from services import conversations
from services.actors import House
from services.db import Session
from services.messages import Choice, T, Text
from services.models import Address, Person, Ticket
from services.outbox import Priority, To
from services.tickets import dispatch


async def page(
    session: Session, *, house: House, key: str, text: Text, now: datetime, ticket: Ticket | None = None
) -> int:
    """Tell every engineer and lead on duty at each of his addresses; return how many messages that makes."""
    leads = await dispatch.leads(session, community_id=house.id, now=now)
    hands = await dispatch.candidates(session, community_id=house.id, team="engineering", now=now)
    everybody = [*hands, *leads]
    on_duty = [c.person_id for c in everybody if c.on_duty] or [c.person_id for c in everybody]
    addresses = await _all_addresses(session, on_duty)
    rows = [[Choice(T("do.accept"), f"t:accept:{ticket.id}")]] if ticket is not None else []
    for to in addresses:
        await conversations.tell(
            session, to=to, key=f"{key}:{to.address_id}", text=text, rows=rows, priority=Priority.ALARM, now=now
        )
    return len(addresses)


async def _all_addresses(session: Session, person_ids: list[int]) -> list[To]:
    rows = await session.execute(
        select(Address.id, Address.locale, Address.community_id, Address.channel, Person.locale)
        .join(Person, Person.id == Address.person_id)
        .where(Address.person_id.in_(person_ids), Address.gone_at.is_(None), Address.is_group.is_(False))
        .order_by(Address.id)
    )
    return [To(row[0], row[4] or row[1] or "zh_Hans", row[2], row[3]) for row in rows]
