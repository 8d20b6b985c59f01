"""Finding tickets: only what the actor may see is there at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import Select, bindparam, or_, select

from services import inlined
from services.actors import Actor
from services.db import Session
from services.models import Ticket
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
    statement = select(Ticket).where(Ticket.id == ticket_id).execution_options(populate_existing=True)
    if lock:
        statement = statement.with_for_update(key_share=True)
    ticket = (await session.scalars(statement)).one_or_none()
    if ticket is None or not standings(actor, ticket):
        raise NotFound
    return ticket


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


def _theirs() -> Select[Ticket]:
    """Tickets of a person; of a stranger, those filed from his address."""
    by_address = Ticket.requester_id.is_(None) & (Ticket.requester_address_id == bindparam("address_id", type_=BigId))
    return select(Ticket).where(or_(Ticket.requester_id == bindparam("person_id", type_=BigId), by_address))


async def mine(session: Session, actor: Actor, *, now: datetime) -> Sequence[Ticket]:
    """Return the person's own tickets: open ones, and what closed in the last days, newest first."""
    return (await session.scalars(_mine(), {**_whose(actor), "recent": now - timedelta(days=30)})).all()


@cache
def _mine() -> Select[Ticket]:
    return (
        _theirs()
        .where(or_(inlined.among(Ticket.state, OPEN), Ticket.closed_at > bindparam("recent", type_=Moment)))
        .order_by(inlined.among(Ticket.state, OPEN).desc(), Ticket.id.desc())
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
    return (await session.scalars(_newest_open(), _whose(actor))).all()


@cache
def _newest_open() -> Select[Ticket]:
    return _theirs().where(inlined.among(Ticket.state, OPEN)).order_by(Ticket.id.desc()).limit(MOST_LISTED)


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
