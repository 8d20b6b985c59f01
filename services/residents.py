"""One person's file as the desk reads it: homes, numbers, tickets, calls owed, ways to reach him."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, insert, or_, select

from services import deskpass, looks, people, phones
from services.actors import Actor
from services.db import Session
from services.models import Address, FollowUp, Number, NumberView, Occupancy, Person, Survey, Ticket, Unit
from services.refusals import NotAllowed, NotFound, Refused
from services.tickets import finding
from services.tickets.dispatch import ENDED
from services.tickets.searching import at_work, named_to

MOST_TICKETS = 30
NO_TICKET = 0  # a number that was shown for no ticket's sake


class NoSuchNumber(Refused):
    """What was typed is no phone number."""

    key = "refused.desk_number"


@dataclass(frozen=True, slots=True)
class Dwelling:
    """A unit and what somebody is to it."""

    unit: Unit
    role: str


@dataclass(frozen=True, slots=True)
class Way:
    """A way on which somebody can be reached, or could be."""

    channel: str
    proof: str
    last_in_at: datetime | None
    gone: bool


@dataclass(frozen=True, slots=True)
class Owed:
    """A call that somebody was promised."""

    ticket: Ticket
    due_at: datetime
    done_at: datetime | None
    outcome: str


@dataclass(frozen=True, slots=True)
class File:
    """What the desk knows about a person."""

    person: Person
    homes: Sequence[Dwelling]
    numbers: Sequence[Number]
    ways: Sequence[Way]
    tickets: Sequence[Ticket]
    owed: Sequence[Owed]
    scores: Sequence[tuple[str, int]]  # a ticket's number and the score; for who leads alone
    may_reveal: bool


async def calling(session: Session, actor: Actor, *, typed: str, region: str) -> tuple[str, Sequence[Person]]:
    """Return a caller's number and who of the register has it; raises `NoSuchNumber`."""
    _desk_only(actor)
    number = phones.e164(typed, region)
    if number is None or actor.community_id is None:
        raise NoSuchNumber
    return number, await people.of_number(session, e164=number, community_id=actor.community_id)


def _desk_only(actor: Actor) -> None:
    if not deskpass.may_enter(actor):
        raise NotAllowed


async def known(session: Session, actor: Actor, *, person_id: int) -> Person:
    """Return a person who lives or lived in the estate, or filed something that the actor may see; or `NotFound`."""
    _desk_only(actor)
    lives = exists().where(Occupancy.person_id == Person.id, Occupancy.community_id == actor.community_id)
    filed = exists().where(Ticket.requester_id == Person.id, finding.seen_by(at_work(actor)), named_to(actor))
    statement = select(Person).where(Person.id == person_id, or_(lives, filed))
    found = (await session.scalars(statement)).one_or_none()
    if found is None:
        raise NotFound
    return found


async def looked_at(session: Session, actor: Actor, *, person_id: int, now: datetime) -> File:
    """Return the same, shown to somebody, which is written down; raises `NotFound`."""
    found = await file_of(session, actor, person_id=person_id)
    await looks.note(session, actor, what="file", person_id=person_id, now=now)
    return found


async def file_of(session: Session, actor: Actor, *, person_id: int) -> File:
    """Return a person's file as far as the actor may read it; raises `NotFound`."""
    person = await known(session, actor, person_id=person_id)
    tickets = await _tickets(session, actor, person)
    numbers = await session.scalars(select(Number).where(Number.person_id == person.id).order_by(Number.id))
    return File(
        person=person,
        homes=await _homes(session, actor, person),
        numbers=numbers.all(),
        ways=await _ways(session, actor, person),
        tickets=tickets,
        owed=await _owed(session, actor, person),
        scores=await _scores(session, actor, person) if actor.is_lead else (),
        may_reveal=_may_reveal(actor, tickets),
    )


async def _homes(session: Session, actor: Actor, person: Person) -> Sequence[Dwelling]:
    rows = await session.execute(
        select(Unit, Occupancy.role)
        .join(Occupancy, Occupancy.unit_id == Unit.id)
        .where(
            Occupancy.person_id == person.id,
            Occupancy.status == "active",
            Occupancy.community_id == actor.community_id,
        )
        .order_by(Unit.id)
    )
    return [Dwelling(unit, role) for unit, role in rows]


async def _ways(session: Session, actor: Actor, person: Person) -> Sequence[Way]:
    its = Address.person_id == person.id, Address.community_id == actor.community_id
    own = Address.is_group.is_(False), Address.account != deskpass.ACCOUNT
    found = await session.scalars(select(Address).where(*its, *own).order_by(Address.id))
    return [Way(one.channel, one.proof, one.last_in_at, one.gone_at is not None) for one in found]


async def _tickets(session: Session, actor: Actor, person: Person) -> Sequence[Ticket]:
    """Return what he filed and the actor may see: open ones first, the newest first."""
    found = await session.scalars(
        select(Ticket)
        .where(
            Ticket.requester_id == person.id,
            Ticket.community_id == actor.community_id,
            finding.seen_by(at_work(actor)),
            named_to(actor),
        )
        .order_by(Ticket.state.in_(ENDED), Ticket.id.desc())
        .limit(MOST_TICKETS)
    )
    return found.all()


async def _owed(session: Session, actor: Actor, person: Person) -> Sequence[Owed]:
    rows = await session.execute(
        select(FollowUp, Ticket)
        .join(Ticket, Ticket.id == FollowUp.ticket_id)
        .where(
            Ticket.requester_id == person.id,
            Ticket.community_id == actor.community_id,
            finding.seen_by(at_work(actor)),
            named_to(actor),
        )
        .order_by(FollowUp.id.desc())
        .limit(MOST_TICKETS)
    )
    return [Owed(ticket, call.due_at, call.done_at, call.outcome) for call, ticket in rows]


async def _scores(session: Session, actor: Actor, person: Person) -> Sequence[tuple[str, int]]:
    rows = await session.execute(
        select(Ticket.number, Survey.score)
        .join(Ticket, Ticket.id == Survey.ticket_id)
        .where(
            Ticket.requester_id == person.id,
            Ticket.community_id == actor.community_id,
            Survey.score.is_not(None),
            finding.seen_by(at_work(actor)),
            named_to(actor),
        )
        .order_by(Survey.id.desc())
        .limit(MOST_TICKETS)
    )
    return [(number, score) for number, score in rows if score is not None]


def _may_reveal(actor: Actor, tickets: Sequence[Ticket]) -> bool:
    """Whoever leads may see a number, and whoever holds open work of the person's, unless he has refused it."""
    return actor.is_lead or _held(actor, tickets) is not None


def _held(actor: Actor, tickets: Sequence[Ticket]) -> Ticket | None:
    mine = actor.staff.staff_id if actor.staff else 0
    held = (one for one in tickets if one.holder_id == mine and one.state not in ENDED and one.shows_number)
    return next(held, None)


async def reveal(session: Session, actor: Actor, *, person_id: int, now: datetime) -> Sequence[str]:
    """Return a person's numbers in full and write down who saw them; raises `NotAllowed`, `NotFound`."""
    found = await file_of(session, actor, person_id=person_id)
    if not found.may_reveal or actor.person_id is None:
        raise NotAllowed
    held = _held(actor, found.tickets)
    row = {
        "community_id": actor.community_id,
        "ticket_id": held.id if held else NO_TICKET,
        "owner_id": person_id,
        "viewer_id": actor.person_id,
        "at": now,
    }
    await session.execute(insert(NumberView).values(row))
    return [phones.readable(one.e164) for one in found.numbers]
