"""What people hear when a ticket moves: the owner, who holds it, the desk and those who lead it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from services import conversations, people, wire
from services.db import Session
from services.messages import Channel, Choice, Lines, T, Text
from services.models import Ticket
from services.outbox import Priority, To
from services.tickets import apart, cards, dispatch, history

PAID = frozenset({"news.done.charge", "news.done.free"})
CONTROL_ROOM = "security"  # the team that keeps watch while the desk is closed
ALARMING = frozenset({"urgent", "emergency"})


def priority_of(ticket: Ticket) -> Priority:
    """Return how fast messages about the ticket go to staff."""
    return Priority.ALARM if ticket.priority in ALARMING else Priority.WORK


async def owner_address(session: Session, ticket: Ticket) -> To | None:
    """Return where the requester hears of the ticket: where he filed it, else where he wrote last."""
    if ticket.requester_address_id is not None:
        found = await people.to_of(session, address_id=ticket.requester_address_id)
        if found is not None:
            return found
    if ticket.requester_id is None:
        return None
    return (await people.addresses_of(session, [ticket.requester_id])).get(ticket.requester_id)


async def to_owner(
    session: Session,
    ticket: Ticket,
    text: Text,
    *,
    now: datetime,
    rows: Sequence[Sequence[Choice]] = (),
    media: tuple[int, ...] = (),
    tag: str = "",
    alone: bool = False,
) -> bool:
    """Tell the requester, and those whose tickets were merged into this one; False when he can't be told.

    `alone`: it is about his own home.
    """
    to = await owner_address(session, ticket)
    if ticket.merged_count and not alone:
        await to_merged(session, ticket, to, text, now=now, media=media, tag=tag)
    if to is None:
        return False
    await conversations.tell(
        session,
        to=to,
        key=f"ticket:{ticket.id}:{ticket.seq}:owner{tag}",
        text=text,
        rows=() if to.channel == Channel.SMS else rows,  # by text message the words say what to answer
        priority=Priority.REPLY,
        person_id=ticket.requester_id,
        media=() if to.channel == Channel.SMS else media,  # a text message carries none, nor waits for any
        now=now,
    )
    return True


async def to_merged(
    session: Session,
    ticket: Ticket,
    root: To | None,
    text: Text,
    *,
    now: datetime,
    media: tuple[int, ...] = (),
    tag: str = "",
) -> None:
    """Tell the requesters of tickets that live on in this one, each once and of his own, however often they filed."""
    heard = {root.address_id} if root is not None else set[int]()
    for other in await merged_into(session, ticket):
        to = await owner_address(session, other)
        if to is not None and to.address_id not in heard:
            heard.add(to.address_id)
            own = wire.refilled(_common(text), {"number": other.number, "matter": other.matter, "place": other.place})
            await to_owner(session, other, own, now=now, media=media, tag=f"{tag}:{ticket.id}.{ticket.seq}")


def _common(text: Text) -> Text:
    """Leave out what one of them pays."""
    if not isinstance(text, Lines):
        return text
    return Lines(tuple(part for part in text.parts if not isinstance(part, T) or part.key not in PAID), text.between)


async def merged_into(session: Session, ticket: Ticket) -> Sequence[Ticket]:
    """Return the tickets that live on in this one."""
    return (await session.scalars(select(Ticket).where(Ticket.merged_into_id == ticket.id).order_by(Ticket.id))).all()


async def ask_owner(
    session: Session, ticket: Ticket, *, form: str, given: Mapping[str, Any], now: datetime, key: str = ""
) -> bool:
    """Open a question on the requester's address; False when he has none."""
    to = await owner_address(session, ticket)
    if to is None:
        return False
    await conversations.ask(
        session,
        to=to,
        person_id=ticket.requester_id,
        form=form,
        given=given,
        key=key or f"ticket:{ticket.id}:{ticket.seq}:{form}",
        priority=Priority.REPLY,
        now=now,
        expires_at=now + timedelta(days=14),
    )
    return True


async def to_staff(
    session: Session,
    ticket: Ticket,
    staff_ids: Sequence[int],
    text: Text,
    *,
    now: datetime,
    rows: Sequence[Sequence[Choice]] = (),
    media: tuple[int, ...] = (),
    tag: str = "",
) -> None:
    """Tell employees, each where he can be reached; nobody whom the ticket is about."""
    away = await apart.of_ticket(session, ticket)
    for staff_id, to in (await reach(session, [one for one in staff_ids if one not in away])).items():
        await conversations.tell(
            session,
            to=to,
            key=f"ticket:{ticket.id}:{ticket.seq}:staff{staff_id}{tag}",
            text=text,
            rows=rows,
            priority=priority_of(ticket),
            media=media,
            now=now,
        )


async def reach(session: Session, staff_ids: Sequence[int]) -> dict[int, To]:
    """Return the addresses of employees by staff id."""
    if not staff_ids:
        return {}
    found = await people.addresses_of_staff(session, staff_ids)
    return {one: found[one] for one in staff_ids if one in found}


async def card_to_staff(session: Session, ticket: Ticket, staff_id: int, *, view: cards.View, now: datetime) -> bool:
    """Give an employee a card of the ticket; False when he can't be reached, or when it is about him."""
    to = (await reach(session, [staff_id])).get(staff_id)
    if to is None or staff_id in await apart.of_ticket(session, ticket):
        return False
    await cards.show(session, ticket=ticket, to=to, view=view, priority=priority_of(ticket), now=now)
    return True


async def files_to_staff(session: Session, ticket: Ticket, staff_id: int, *, now: datetime) -> None:
    """Hand an employee the photos and voice messages of the ticket, once per set of them."""
    files = await history.files(session, ticket)
    to = (await reach(session, [staff_id])).get(staff_id) if files else None
    if to is not None:
        await conversations.tell(
            session,
            to=to,
            key=f"ticket:{ticket.id}:files:{staff_id}:{files[-1]}",
            text=T("staff.files", number=ticket.number),
            media=files,
            priority=priority_of(ticket),
            now=now,
        )


async def front(session: Session, ticket: Ticket, *, now: datetime) -> Sequence[int]:
    """Return who looks after the ticket: the desk on duty, by night the control room; else all of the desk.

    A confidential one is only for those who lead.
    """
    if ticket.confidential:
        found = await dispatch.leads_of(session, ticket, now=now)
        return [c.staff_id for c in found if c.on_duty] or [c.staff_id for c in found]
    whom = apart.about(ticket)
    desk = await dispatch.candidates(session, community_id=ticket.community_id, team="desk", now=now, about=whom)
    present = [c.staff_id for c in desk if c.on_duty]
    if present:
        return present
    watch = await dispatch.candidates(session, community_id=ticket.community_id, team=CONTROL_ROOM, now=now, about=whom)
    return [c.staff_id for c in watch if c.on_duty] or [c.staff_id for c in desk]


async def card_to_front(session: Session, ticket: Ticket, *, now: datetime) -> None:
    """Give those who look after the ticket a card, and what came with it."""
    for staff_id in await front(session, ticket, now=now):
        await card_to_staff(session, ticket, staff_id, view=cards.View.FRONT, now=now)
        await files_to_staff(session, ticket, staff_id, now=now)


async def to_front(
    session: Session, ticket: Ticket, text: Text, *, now: datetime, rows: Sequence[Sequence[Choice]] = ()
) -> None:
    """Tell those who look after the ticket."""
    staff_ids = await front(session, ticket, now=now)
    await to_staff(session, ticket, staff_ids, text, now=now, rows=rows, tag=":front")
