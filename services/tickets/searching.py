"""The desk's queue: tickets by filter and by words, page by page, nothing but what the actor may see as an employee."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true

from services import inlined, phones
from services.actors import Actor
from services.catalog import Kind
from services.db import Session
from services.models import Building, Number, Person, Staff, Ticket, Unit, table_of
from services.tickets import finding
from services.tickets.dispatch import ENDED
from services.tickets.rules import State

PAGE = 25
LOOKED_THROUGH = 20_000  # tickets that one page of ended ones goes through at most
NUMBER = re.compile(r"#?(\d{4})\s?[-\uff0d\u2013\u2014]\s?(\d{2,4})")
RUNNING = (State.OPEN, State.ASSIGNED, State.WORKING)
LEAST_OF_NUMBER = 7
MOST_WORDS = 60


class View(StrEnum):
    """What of the queue is looked at."""

    OPEN = "open"
    MINE = "mine"
    UNDISPATCHED = "undispatched"
    OVERDUE = "overdue"
    TODAY = "today"
    COMPLAINTS = "complaints"
    FORWARDED = "forwarded"
    ALL = "all"


class Order(StrEnum):
    """What stands first: what is due soonest, or what came last."""

    URGENT = "urgent"
    NEWEST = "newest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody looks for in the queue; what is left empty does not narrow it."""

    view: View = View.OPEN
    order: Order = Order.URGENT
    team: str = ""
    holder: int = 0
    building: str = ""
    category: str = ""
    state: str = ""
    words: str = ""
    after: int = 0  # the id of the ticket that the page before ended with

    @property
    def among_all(self) -> bool:
        """Whether ended tickets are looked through, too."""
        return self.view is View.ALL or self.state in ENDED


@dataclass(frozen=True, slots=True)
class Page:
    """Tickets of a page, and with what the next one begins; 0: there is none."""

    tickets: Sequence[Ticket]
    after: int = 0


def at_work(actor: Actor) -> Actor:
    """Return the actor as the employee he is: tickets that are his own as a resident are for his chat."""
    return replace(actor, person_id=None, address_id=None)


async def find(session: Session, actor: Actor, *, wanted: Wanted, now: datetime, region: str) -> Page:
    """Return a page of the queue. A ticket's number finds it whatever else is asked for."""
    if number := NUMBER.fullmatch(wanted.words.strip()):
        return await _numbered(session, actor, f"{number[1]}-{int(number[2]):02d}")
    sought = await _sought(session, actor, wanted, region)
    narrowed = [*_filters(actor, wanted, now), *sought.conditions]
    if wanted.among_all:
        return await _through_all(session, actor, wanted, narrowed, whole=sought.is_indexed)
    ticket = table_of(Ticket).c
    statement = select(Ticket).where(
        ticket.community_id == actor.community_id,
        inlined.outside(ticket.state, ENDED),  # as the index says it: what is open is little
        finding.seen_by(at_work(actor)),
        *narrowed,
    )
    newest = wanted.order is Order.NEWEST
    found = (await session.scalars(_from(statement, wanted, by_id=newest).limit(PAGE + 1))).all()
    return Page(found[:PAGE], found[PAGE - 1].id if len(found) > PAGE else 0)


def _from(statement: Select[Ticket], wanted: Wanted, *, by_id: bool) -> Select[Ticket]:
    """Go on after the ticket that the page before ended with; what has no deadline stands last."""
    ticket = table_of(Ticket).c
    if by_id:
        statement = statement.where(ticket.id < wanted.after) if wanted.after else statement
        return statement.order_by(ticket.id.desc())
    if wanted.after:
        last = select(table_of(Ticket).c.due_at).where(ticket.id == wanted.after)
        due = last.correlate(None).scalar_subquery()
        same = or_(ticket.due_at == due, and_(ticket.due_at.is_(None), due.is_(None))) & (ticket.id > wanted.after)
        later = or_(ticket.due_at > due, and_(ticket.due_at.is_(None), due.is_not(None)))
        statement = statement.where(or_(same, later))
    return statement.order_by(ticket.due_at.nulls_last(), ticket.id)


async def _through_all(
    session: Session, actor: Actor, wanted: Wanted, narrowed: Sequence[ColumnElement[bool]], *, whole: bool
) -> Page:
    """Look through ended tickets too, newest first, a stretch at a time: a page never reads the whole table.

    `whole`: an index finds the few that are sought, wherever they are.
    """
    ticket = table_of(Ticket).c
    here = ticket.community_id == actor.community_id
    before = ticket.id < wanted.after if wanted.after else true()
    stretch = select(ticket.id).where(here, before).order_by(ticket.id.desc())
    floor = None if whole else await session.scalar(stretch.offset(LOOKED_THROUGH).limit(1))
    within = (ticket.id > floor,) if floor is not None else ()
    statement = select(Ticket).where(here, before, *within, finding.seen_by(at_work(actor)), *narrowed)
    found = (await session.scalars(statement.order_by(ticket.id.desc()).limit(PAGE + 1))).all()
    if len(found) > PAGE:
        return Page(found[:PAGE], found[PAGE - 1].id)
    return Page(found, floor + 1 if floor is not None else 0)


def _filters(actor: Actor, wanted: Wanted, now: datetime) -> list[ColumnElement[bool]]:
    ticket = table_of(Ticket).c
    narrowed = [_view(actor, wanted.view, now)]
    equal = {"team": wanted.team, "holder_id": wanted.holder, "category": wanted.category, "state": wanted.state}
    narrowed += [ticket[name] == value for name, value in equal.items() if value]
    if wanted.building:
        narrowed.append(_building(actor, wanted.building))
    return narrowed


def _view(actor: Actor, view: View, now: datetime) -> ColumnElement[bool]:
    ticket = table_of(Ticket).c
    runs, staff = inlined.among(ticket.state, RUNNING), actor.staff
    midnight = _midnight(actor, now)
    ways: dict[View, ColumnElement[bool]] = {
        View.MINE: ticket.holder_id == (staff.staff_id if staff else 0),
        View.UNDISPATCHED: inlined.equal(ticket.state, State.OPEN),
        View.OVERDUE: runs & (ticket.due_at < now),
        View.TODAY: runs & (ticket.due_at >= now) & (ticket.due_at < midnight),
        View.COMPLAINTS: ticket.kind == Kind.COMPLAINT.value,
        View.FORWARDED: ticket.source == "forwarded",
    }
    return ways.get(view, true())


def _midnight(actor: Actor, now: datetime) -> datetime:
    local = now.astimezone(actor.house.zone) if actor.house is not None else now
    return local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def _building(actor: Actor, building: str) -> ColumnElement[bool]:
    """Its flats, and what is said to be at it: "3" is not "31"."""
    ticket, unit = table_of(Ticket).c, table_of(Unit).c
    flats = select(unit.id).where(unit.community_id == actor.community_id, unit.building == building)
    longer = [ticket.place.startswith(f"{building}{digit}", autoescape=True) for digit in range(10)]
    said = ticket.unit_id.is_(None) & ticket.place.startswith(building, autoescape=True) & ~or_(*longer)
    return or_(ticket.unit_id.in_(flats), said)


async def _numbered(session: Session, actor: Actor, number: str) -> Page:
    """Return the tickets of that number, one a year."""
    ticket = table_of(Ticket).c
    same = ticket.community_id == actor.community_id, ticket.number == number
    statement = select(Ticket).where(*same, finding.seen_by(at_work(actor))).order_by(ticket.year.desc())
    return Page((await session.scalars(statement)).all())


@dataclass(frozen=True, slots=True)
class _Sought:
    """What words come to; `is_indexed`: few tickets, found by an index."""

    conditions: Sequence[ColumnElement[bool]] = ()
    is_indexed: bool = False


async def _sought(session: Session, actor: Actor, wanted: Wanted, region: str) -> _Sought:
    """Read what was typed as a phone's number, or as words of name, place and matter."""
    ticket, typed = table_of(Ticket).c, wanted.words.strip()[:MOST_WORDS]
    if not typed:
        return _Sought()
    if len(phones.digits(typed)) >= LEAST_OF_NUMBER:
        number = phones.e164(typed, region) or typed
        whose = (await session.scalars(select(Number.person_id).where(Number.e164 == number))).all()
        if whose and wanted.among_all:
            return _Sought((named_to(actor), ticket.requester_id.in_(whose)), is_indexed=True)
        return _Sought((named_to(actor), or_(ticket.requester_id.in_(whose), ticket.requester_phone == number)))
    said = [ticket.place.icontains(typed, autoescape=True), ticket.matter.icontains(typed, autoescape=True)]
    named = named_to(actor) & ticket.requester_name.icontains(typed, autoescape=True)
    return _Sought((or_(*said, named),))


def named_to(actor: Actor) -> ColumnElement[bool]:
    """Say in SQL that who asked is named to the actor: "a resident says" hides him from all but who answers him."""
    ticket, staff = table_of(Ticket).c, actor.staff
    if actor.is_lead or staff is None:
        return true()
    took_it = ticket.first_taker_id == staff.staff_id
    return or_(ticket.anonymous.is_(False), ticket.confidential.is_(False), took_it)


async def counts(session: Session, actor: Actor, *, now: datetime) -> dict[View, int]:
    """Return how many open tickets each view has, in one statement over what is open."""
    ticket = table_of(Ticket).c
    views = [view for view in View if view is not View.ALL]
    sums = [func.count().filter(_view(actor, view, now)) for view in views]
    statement = select(*sums).where(
        ticket.community_id == actor.community_id,
        inlined.outside(ticket.state, ENDED),
        finding.seen_by(at_work(actor)),
    )
    return dict(zip(views, (await session.execute(statement)).one(), strict=True))


@dataclass(frozen=True, slots=True)
class Colleague:
    """An employee as the queue names holders."""

    staff_id: int
    name: str
    badge: str


async def colleagues(session: Session, actor: Actor) -> Sequence[Colleague]:
    """Return the estate's employees, to choose a holder among."""
    rows = await session.execute(
        select(Staff.id, Person.name, Staff.badge)
        .join(Person, Person.id == Staff.person_id)
        .where(Staff.community_id == actor.community_id, Staff.active)
        .order_by(Staff.badge, Staff.id)
    )
    return [Colleague(*row) for row in rows]


async def buildings(session: Session, actor: Actor) -> Sequence[str]:
    """Return the estate's buildings by name."""
    named = select(Building.name).where(Building.community_id == actor.community_id).order_by(Building.id)
    return (await session.scalars(named)).all()
