"""A request before it is a ticket: what is asked, for whom; who answers for it, how it finds its hands, who pays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.actors import House
from services.calendars import DEVELOPER, Days, calendars
from services.catalog import Category, Kind, Priority, Way
from services.db import Session
from services.settings import Policy
from services.tickets import paying
from services.tickets.apart import NOBODY_NAMED, About
from services.tickets.terms import Matter
from services.understanding.gravity import serious_in


class Source(StrEnum):
    """Through what a request came."""

    CHAT = "chat"
    SMS = "sms"
    WEB = "web"
    PHONE = "phone"
    VISIT = "visit"
    STAFF = "staff"
    GROUP = "group"  # of the residents' own, pasted by an employee
    FORWARDED = "forwarded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requester:
    """For whom the ticket is: a person of the register, or a stranger as he calls himself."""

    person_id: int | None = None
    address_id: int | None = None
    name: str = ""
    phone: str = ""
    shows_number: bool = True
    needs_care: bool = False
    known: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Where a forwarded case came from, and in how many real hours what is owed."""

    office: str
    number: str
    contact_by: datetime  # the owner must have been reached
    reply_by: datetime  # the written reply goes back


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be filed."""

    category: Category
    matter: str
    place: str
    requester: Requester
    scope: str = "unit"
    unit_id: int | None = None
    building: str = ""
    media: tuple[int, ...] = ()
    hands: int | None = None  # who shall have it if he is on duty: he did the work that is not in order
    urgent: bool = False
    emergency: bool = False  # no limit holds it up
    start: datetime | None = None
    end: datetime | None = None
    source: Source | None = None
    confidential: bool = False
    anonymous: bool = False  # "a resident says"
    about: About = NOBODY_NAMED
    outside: Outside | None = None

    @property
    def kind(self) -> Kind:
        """What sort of request it is, see `Catalog.of_kind`."""
        return self.category.kind


@dataclass(frozen=True, slots=True)
class Plan:
    """Who answers for a request, how it finds its hands, and who pays."""

    team: str
    way: Way
    priority: Priority
    payer: str
    rework_of: int | None = None


async def plan(session: Session, house: House, request: Request, now: datetime, policy: Policy) -> Plan:
    """Work out from the catalogue, the age of the home and earlier work how the request is handled."""
    priority = _priority(request)
    if request.emergency or request.kind is not Kind.REPAIR:
        return Plan(_team(request), Way.DUTY, priority, "")
    paid = await paying.look(
        session, category=request.category, unit_id=_home(request), today=now.astimezone(house.zone).date()
    )
    if paid.payer == DEVELOPER and priority is not Priority.URGENT:
        return Plan(DEVELOPER, Way.DESK, priority, paid.payer)
    way = request.category.dispatch
    by_day = calendars(policy, house.zone).of(Days.DESK).is_open(now)
    if way is Way.GRAB and not (by_day and request.scope == "public"):
        way = Way.DUTY
    return Plan(_team(request), way, priority, paid.payer, paid.rework_of)


def _home(request: Request) -> int | None:
    return request.unit_id if request.scope == "unit" else None


def _priority(request: Request) -> Priority:
    if request.emergency:
        return Priority.EMERGENCY
    if request.urgent or (request.kind is Kind.COMPLAINT and serious_in(request.matter)):
        return Priority.URGENT
    return request.category.priority


def matter(request: Request, plan: Plan) -> Matter:
    """Return what the request's deadlines depend on."""
    return Matter(
        kind=request.kind,
        priority=plan.priority,
        department=DEVELOPER if plan.team == DEVELOPER else request.category.department,
        public=request.scope == "public",
        grade=request.category.grade,
        resolve_days=request.category.resolve_days,
    )


def _team(request: Request) -> str:
    if request.emergency:
        return "engineering"
    if not request.requester.known or request.kind is not Kind.REPAIR:
        return "desk"
    return request.category.department
