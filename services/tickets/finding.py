"""Finding tickets: only what the actor may see is there at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, or_, select

from services import inlined, loading
from services.actors import Actor
from services.db import Session
from services.models import Ticket, table_of
from services.refusals import NotFound, Refused
from services.sqltypes import BigId, Moment
from services.tickets.rules import State, standings

OPEN = (State.OPEN, State.ASSIGNED, State.WORKING, State.DONE)
IN_HAND = (State.OPEN, State.ASSIGNED, State.WORKING)
MOST_LISTED = 10
RANK = (State.DONE, State.WORKING, State.ASSIGNED, State.OPEN)


class WhichTicket(Refused):
    """Two tickets of different years bear the number."""

    key = "refused.which_ticket"


async def find(session: Session, actor: Actor, *, ticket_id: int, lock: bool = False) -> Ticket:
    """Return a ticket by id; raises `NotFound` when there is none that the actor may see."""
    await session.flush()  # what this turn did to the ticket before must not be read over
    found = await loading.objects(session, _by_id(lock=lock), {"ticket_id": ticket_id}, Ticket, fresh=True)
    if not found or not standings(actor, found[0]):
        raise NotFound
    return found[0]


@cache
def _by_id(*, lock: bool) -> Select[Any]:
    statement = select(table_of(Ticket)).where(table_of(Ticket).c.id == bindparam("ticket_id"))
    return statement.with_for_update(key_share=True) if lock else statement


async def by_number(session: Session, actor: Actor, *, number: str) -> Ticket:
    """Return the newest ticket of that number among what the actor may see; raises `NotFound`, `WhichTicket`."""
    found = (
        await session.scalars(
            select(Ticket)
            .where(Ticket.community_id == actor.community_id, Ticket.number == number)
            .order_by(Ticket.year.desc())
        )
    ).all()
    mine = [ticket for ticket in found if standings(actor, ticket)]
    if not mine:
        raise NotFound
    open_ones = [ticket for ticket in mine if ticket.state in OPEN]
    if len(open_ones) > 1:
        raise WhichTicket(years="/".join(str(ticket.year) for ticket in open_ones))
    return open_ones[0] if open_ones else mine[0]


def _whose(actor: Actor) -> dict[str, int | None]:
    return {"person_id": actor.person_id, "address_id": actor.address_id}


def _theirs() -> Select[Any]:
    """Tickets of a person; of a stranger, those filed from his address."""
    ticket = table_of(Ticket).c
    by_address = ticket.requester_id.is_(None) & (ticket.requester_address_id == bindparam("address_id", type_=BigId))
    by_person = ticket.requester_id == bindparam("person_id", type_=BigId)
    return select(table_of(Ticket)).where(or_(by_person, by_address))


async def mine(session: Session, actor: Actor, *, now: datetime) -> Sequence[Ticket]:
    """Return the person's own tickets: open ones, and what closed in the last days, newest first."""
    asked = {**_whose(actor), "recent": now - timedelta(days=30)}
    return await loading.objects(session, _mine(), asked, Ticket)


@cache
def _mine() -> Select[Any]:
    ticket = table_of(Ticket).c
    return (
        _theirs()
        .where(or_(inlined.among(ticket.state, OPEN), ticket.closed_at > bindparam("recent", type_=Moment)))
        .order_by(inlined.among(ticket.state, OPEN).desc(), ticket.id.desc())
        .limit(MOST_LISTED)
    )


def just_filed(newest: Sequence[Ticket], actor: Actor, *, since: datetime) -> Ticket | None:
    """Return, of the open tickets, the one filed from here a short while ago that nobody accepted yet."""
    fresh = (
        ticket for ticket in newest if ticket.requester_address_id == actor.address_id and ticket.created_at >= since
    )
    return next((ticket for ticket in fresh if ticket.state in {State.OPEN, State.ASSIGNED}), None)


async def newest_open(session: Session, actor: Actor) -> Sequence[Ticket]:
    """Return the person's open tickets, newest first."""
    return await loading.objects(session, _newest_open(), _whose(actor), Ticket)


@cache
def _newest_open() -> Select[Any]:
    ticket = table_of(Ticket).c
    return _theirs().where(inlined.among(ticket.state, OPEN)).order_by(ticket.id.desc()).limit(MOST_LISTED)


async def held(session: Session, actor: Actor) -> Sequence[Ticket]:
    """Return what the employee holds, what is under way first, then what is due first."""
    staff = actor.staff
    if staff is None:
        return []
    found = await session.scalars(
        select(Ticket)
        .where(Ticket.holder_id == staff.staff_id, inlined.among(Ticket.state, IN_HAND))
        .order_by(inlined.equal(Ticket.state, State.WORKING).desc(), Ticket.promised_at.nulls_last(), Ticket.id)
        .limit(MOST_LISTED * 2)
    )
    return found.all()


async def pool(session: Session, actor: Actor) -> Sequence[Ticket]:
    """Return what nobody has yet and the employee could take or hand out."""
    staff = actor.staff
    if staff is None:
        return []
    mine_to_see = Ticket.team == staff.team
    if actor.is_front:
        mine_to_see = Ticket.confidential.is_(False) if not actor.is_lead else Ticket.id > 0
    return (
        await session.scalars(
            select(Ticket)
            .where(Ticket.community_id == staff.community_id, inlined.equal(Ticket.state, State.OPEN), mine_to_see)
            .order_by(Ticket.id)
            .limit(MOST_LISTED)
        )
    ).all()
