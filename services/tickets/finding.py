"""Finding tickets: only what the actor may see is there at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    and_,
    bindparam,
    desc,
    false,
    or_,
    select,
    true,
    union_all,
)

from services import inlined, loading
from services.actors import FRONT, LEADS, Actor, Membership, Role
from services.db import Session
from services.models import Ticket, table_of
from services.refusals import NotFound, Refused
from services.sqltypes import BigId, Moment
from services.tickets.dispatch import ENDED
from services.tickets.rules import State, standings

OPEN = (State.OPEN, State.ASSIGNED, State.WORKING, State.PAUSED, State.DONE)
IN_HAND = (State.OPEN, State.ASSIGNED, State.WORKING, State.PAUSED)
MOST_LISTED = 10


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


async def locked(session: Session, *, ticket_id: int) -> Ticket | None:
    """Return a ticket for the house itself, its row locked until the transaction ends; None when there is none."""
    await session.flush()
    found = await loading.objects(session, _by_id(lock=True), {"ticket_id": ticket_id}, Ticket, fresh=True)
    return found[0] if found else None


@cache
def _by_id(*, lock: bool) -> Select[Any]:
    statement = select(table_of(Ticket)).where(table_of(Ticket).c.id == bindparam("ticket_id"))
    return statement.with_for_update(key_share=True) if lock else statement


async def by_number(session: Session, actor: Actor, *, number: str) -> Ticket:
    """Return the newest ticket of that number among what the actor may see; raises `NotFound`, `WhichTicket`."""
    asked = {"community_id": actor.community_id, "number": number}
    found = await loading.objects(session, _by_number(), asked, Ticket)
    mine = [ticket for ticket in found if standings(actor, ticket)]
    if not mine:
        raise NotFound
    open_ones = [ticket for ticket in mine if ticket.state in OPEN]
    if len(open_ones) > 1:
        raise WhichTicket(years="/".join(str(ticket.year) for ticket in open_ones))
    return open_ones[0] if open_ones else mine[0]


@cache
def _by_number() -> Select[Any]:
    ticket = table_of(Ticket).c
    same = ticket.community_id == bindparam("community_id"), ticket.number == bindparam("number")
    return select(table_of(Ticket)).where(*same).order_by(ticket.year.desc())


async def by_typed(session: Session, actor: Actor, *, typed: str, now: datetime) -> Ticket:
    """Return a ticket by its number, or by the last part alone of one of today's. Raises `NotFound`."""
    zone = actor.house.zone if actor.house is not None else now.tzinfo
    day, _, count = typed.strip().lstrip("#").rpartition("-")
    if not count.isdecimal():
        raise NotFound
    return await by_number(session, actor, number=f"{day or now.astimezone(zone).strftime('%m%d')}-{int(count):02d}")


async def number_of(session: Session, ticket_id: int | None) -> str:
    """Return a ticket's number; empty when there is none."""
    if ticket_id is None:
        return ""
    return await session.scalar(select(Ticket.number).where(Ticket.id == ticket_id)) or ""


def seen_by(actor: Actor) -> ColumnElement[bool]:
    """Say in SQL what `standings(actor, ticket)` says of a row: that the actor may see it."""
    ticket = table_of(Ticket).c
    by_person = ticket.requester_id == actor.person_id
    by_address = ticket.requester_id.is_(None) & (ticket.requester_address_id == actor.address_id)
    own = [by_person] if actor.person_id is not None else []
    own += [by_address] if actor.address_id is not None else []
    return or_(false(), *own, *(_seen_at_work(staff) for staff in actor.memberships))


def _seen_at_work(staff: Membership) -> ColumnElement[bool]:
    ticket, public = table_of(Ticket).c, table_of(Ticket).c.confidential.is_(False)
    ways = [ticket.holder_id == staff.staff_id, ticket.responders.contains(f",{staff.staff_id},", autoescape=True)]
    ways += [(ticket.first_taker_id == staff.staff_id) & ticket.confidential, (ticket.team == staff.team) & public]
    if staff.role in LEADS:
        ways.append(true())
    elif staff.role in FRONT:
        ways.append(public)
    elif staff.role == Role.SECURITY:
        ways.append(public & ticket.state.in_(IN_HAND))
    return and_(ticket.community_id == staff.community_id, not_kept_from(staff), or_(*ways))


def not_kept_from(staff: Membership) -> ColumnElement[bool]:
    """Say in SQL that a ticket is neither about this employee, nor about whom he reports to, nor about his team."""
    ticket = table_of(Ticket).c
    about = ticket.about_staff_id
    nobody = or_(about.is_(None), about.not_in([staff.staff_id, *sorted(staff.above)]))
    return nobody & (ticket.about_team != staff.team) if staff.team else nobody


def _whose(actor: Actor) -> dict[str, int | None]:
    return {"person_id": actor.person_id, "address_id": actor.address_id}


def _theirs(*which: ColumnElement[bool]) -> CompoundSelect[Any]:
    """Tickets of a person; of a stranger, those filed from his address. Newest first, each way by its own index."""
    ticket = table_of(Ticket).c
    by_person = ticket.requester_id == bindparam("person_id", type_=BigId)
    by_address = ticket.requester_id.is_(None) & (ticket.requester_address_id == bindparam("address_id", type_=BigId))
    ways = (select(table_of(Ticket)).where(way, *which) for way in (by_person, by_address))
    return union_all(*ways).order_by(desc("id")).limit(MOST_LISTED)


async def mine(session: Session, actor: Actor, *, now: datetime) -> Sequence[Ticket]:
    """Return the person's own tickets: open ones, and what closed in the last days, newest first."""
    open_ones = await newest_open(session, actor)
    if len(open_ones) == MOST_LISTED:
        return open_ones
    asked = {**_whose(actor), "recent": now - timedelta(days=30)}
    lately = await loading.objects(session, _closed_lately(), asked, Ticket)
    return [*open_ones, *lately][:MOST_LISTED]


@cache
def _closed_lately() -> CompoundSelect[Any]:
    ticket = table_of(Ticket).c
    recent = ticket.closed_at > bindparam("recent", type_=Moment)
    return _theirs(recent, inlined.outside(ticket.state, OPEN))


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
def _newest_open() -> CompoundSelect[Any]:
    return _theirs(*_open(OPEN))


def _open(states: tuple[State, ...]) -> tuple[ColumnElement[bool], ...]:
    """Say that a ticket is open, in words that the indexes of open tickets know too."""
    state = table_of(Ticket).c.state
    return inlined.outside(state, ENDED), inlined.among(state, states)


async def held(session: Session, actor: Actor) -> Sequence[Ticket]:
    """Return what the employee holds, what is under way first, then what is due first."""
    staff = actor.staff
    if staff is None:
        return []
    return await loading.objects(session, _held(), {"staff_id": staff.staff_id}, Ticket)


async def in_hand(session: Session, *, staff_id: int, lock: bool = False) -> Sequence[Ticket]:
    """Return everything somebody holds that is not done, for the house itself: what was promised first first."""
    return await loading.objects(session, _in_hand(lock=lock), {"staff_id": staff_id}, Ticket, fresh=lock)


@cache
def _in_hand(*, lock: bool) -> Select[Any]:
    ticket = table_of(Ticket).c
    his = select(table_of(Ticket)).where(ticket.holder_id == bindparam("staff_id"), *_open(IN_HAND))
    if lock:  # one order for everybody who locks several
        return his.order_by(ticket.id).with_for_update(key_share=True)
    return his.order_by(ticket.promised_at.nulls_last(), ticket.id)


@cache
def _held() -> Select[Any]:
    ticket = table_of(Ticket).c
    return (
        select(table_of(Ticket))
        .where(ticket.holder_id == bindparam("staff_id"), *_open(IN_HAND))
        .order_by(inlined.equal(ticket.state, State.WORKING).desc(), ticket.promised_at.nulls_last(), ticket.id)
        .limit(MOST_LISTED * 2)
    )


async def pool(session: Session, actor: Actor) -> Sequence[Ticket]:
    """Return what nobody has yet and the employee could take or hand out."""
    staff = actor.staff
    if staff is None:
        return []
    away = [staff.staff_id, *sorted(staff.above)]
    asked = {"community_id": staff.community_id, "team": staff.team, "away": away}
    return await loading.objects(
        session, _pool(is_front=actor.is_front or actor.keeps_watch, is_lead=actor.is_lead), asked, Ticket
    )


@cache
def _pool(*, is_front: bool, is_lead: bool) -> Select[Any]:
    ticket = table_of(Ticket).c
    public = ticket.confidential.is_(False)
    mine_to_see: ColumnElement[bool] = (ticket.team == bindparam("team")) & public
    if is_front:
        mine_to_see = true() if is_lead else public
    about = ticket.about_staff_id
    not_of_me = or_(about.is_(None), about.not_in(bindparam("away", expanding=True)))
    mine_to_see = mine_to_see & not_of_me & (ticket.about_team != bindparam("team"))
    return (
        select(table_of(Ticket))
        .where(ticket.community_id == bindparam("community_id"), *_open((State.OPEN,)), mine_to_see)
        .order_by(ticket.id)
        .limit(MOST_LISTED)
    )
