"""Relay: two people talk through the line about a ticket, neither seeing the other's number, until one ends it."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, or_, select, update

from services import conversations, direct, inlined
from services.actors import Actor
from services.db import Session
from services.messages import Choice, T, plain
from services.models import Relay, Ticket, table_of
from services.outbox import Priority, To
from services.people import to_of
from services.refusals import NotAllowed, Refused
from services.sqltypes import BigId
from services.tickets import news
from services.tickets.rules import Standing, standings

END = "go:end"


class NobodyThere(Refused):
    """The owner can't be reached by message."""

    key = "refused.nobody_there"


async def begin(session: Session, actor: Actor, *, ticket: Ticket, now: datetime, minutes: int) -> Relay:
    """Open a relay between the employee and the requester; raises `NotAllowed`, `NobodyThere`."""
    if not standings(actor, ticket) & {Standing.HOLDER, Standing.FRONT, Standing.LEAD}:
        raise NotAllowed
    owner = await news.owner_address(session, ticket)
    if owner is None or actor.address_id is None:
        raise NobodyThere(phone="" if ticket.anonymous else ticket.requester_phone)
    await end_all(session, address_ids=(actor.address_id, owner.address_id))
    row = Relay(
        community_id=ticket.community_id,
        ticket_id=ticket.id,
        staff_address_id=actor.address_id,
        owner_address_id=owner.address_id,
        state="open",
        until=now + timedelta(minutes=minutes),
        created_at=now,
    )
    session.add(row)
    await session.flush()
    await _tell(session, row, owner, T("relay.begun_owner", number=ticket.number), key="begun", now=now)
    return row


async def of(session: Session, actor: Actor, *, now: datetime) -> Relay | None:
    """Return the relay that the actor's address takes part in, if one is open."""
    if not actor.talks:
        return None
    open_one = await direct.scalar(session, _open_at(), {"address_id": actor.address_id, "now": now})
    return await session.get(Relay, open_one) if open_one is not None else None


@cache
def _open_at() -> Select[Any]:
    relay, address_id = table_of(Relay).c, bindparam("address_id", type_=BigId)
    return (
        select(relay.id)
        .where(
            and_(inlined.equal(relay.state, "open"), relay.until > bindparam("now")),
            or_(relay.staff_address_id == address_id, relay.owner_address_id == address_id),
        )
        .order_by(relay.id.desc())
        .limit(1)
    )


async def pass_on(
    session: Session, actor: Actor, *, relay: Relay, words: str, media: tuple[int, ...], now: datetime
) -> None:
    """Hand words and files to the other side; the talk goes on for as long as it lives."""
    from_staff = relay.staff_address_id == actor.address_id
    other = relay.owner_address_id if from_staff else relay.staff_address_id
    to = await to_of(session, address_id=other)
    if to is None:
        raise NobodyThere(phone="")
    text = T("relay.from_staff" if from_staff else "relay.from_owner", words=plain(words))
    await _tell(session, relay, to, text, key=actor.event_id, now=now, media=media)


async def _tell(
    session: Session, relay: Relay, to: To, text: T, *, key: str, now: datetime, media: tuple[int, ...] = ()
) -> None:
    await conversations.tell(
        session,
        to=to,
        key=f"relay:{relay.id}:{to.address_id}:{key}",
        text=text,
        rows=[[Choice(T("relay.end"), END)]] if key == "begun" else [],
        media=media,
        priority=Priority.REPLY,
        now=now,
    )


async def end(session: Session, *, relay: Relay, by: Actor, now: datetime) -> None:
    """End the talk; the other side is told."""
    relay.state = "done"
    other = relay.owner_address_id if relay.staff_address_id == by.address_id else relay.staff_address_id
    to = await to_of(session, address_id=other)
    if to is not None:
        await _tell(session, relay, to, T("relay.ended"), key="ended", now=now)


async def end_all(session: Session, *, address_ids: tuple[int, ...]) -> None:
    """End older talks of these addresses: one at a time."""
    await session.execute(
        update(Relay)
        .where(
            inlined.equal(Relay.state, "open"),
            or_(Relay.staff_address_id.in_(address_ids), Relay.owner_address_id.in_(address_ids)),
        )
        .values(state="done")
        .execution_options(synchronize_session=False)
    )
