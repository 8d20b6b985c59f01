"""What is said about events that could not be handled: an apology; a page to the duty person when there is danger."""

from __future__ import annotations

from datetime import datetime

from services import conversations, people
from services.db import Session
from services.messages import Inbound, T
from services.outbox import Priority
from services.tickets import paging
from services.understanding.danger import danger_in


async def apologise(session: Session, message: Inbound, *, now: datetime) -> None:
    """Tell the sender that his message was not handled and whom to call."""
    found = await people.known_address(session, message, now=now)
    if found is None or found.house is None:
        return
    await conversations.tell(
        session,
        to=found.to,
        key=f"apology:{message.channel}:{message.account}:{message.event_id}",
        text=T("apology", phone=found.house.phone),
        priority=Priority.REPLY,
        now=now,
    )


async def page_if_danger(session: Session, message: Inbound, *, now: datetime) -> bool:
    """Page the duty person with the raw words when they speak of danger; True when they do."""
    if danger_in(message.text) is None:
        return False
    house = await people.house_of_message(session, message, now=now)
    if house is None:
        return False
    await paging.page(
        session,
        await paging.whom(session, house=house, tier=1, now=now),
        house=house,
        key=f"raw:{message.channel}:{message.account}:{message.event_id}",
        text=T("staff.alarm_raw", words=message.text, sender=message.name or message.sender),
        now=now,
    )
    return True
