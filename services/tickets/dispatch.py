"""Who gets a ticket: a pure rule over skills, area, duty and open work; and the query that feeds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, func, or_, select

from services import direct, inlined
from services.actors import LEADS, Role
from services.db import Session
from services.models import Duty, Holding, Person, Staff, Ticket, table_of
from services.sqltypes import Moment
from services.tickets import apart
from services.tickets.apart import About
from services.tickets.rules import State

AT_WORK = (State.OPEN, State.ASSIGNED, State.WORKING)  # what rests or waits for the owner's word is no load
ENDED = (State.CLOSED, State.CANCELLED, State.MERGED)  # as the indexes of open tickets say it
GENERAL = "general"
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An employee as the rule sees him."""

    staff_id: int
    person_id: int
    name: str
    badge: str
    skills: tuple[str, ...]
    areas: tuple[str, ...]
    open_work: int
    on_duty: bool
    last_given: datetime | None = None  # when he was last given a ticket


@dataclass(frozen=True, slots=True)
class Need:
    """What a ticket asks for."""

    skill: str
    building: str = ""
    rather_not: int | None = None  # who did the work that came back: of the equally fit somebody else


def choose(candidates: Sequence[Candidate], need: Need) -> Candidate | None:
    """Pick who is on duty: by skill, own area, other hands than before, least open work, lowest id."""
    on_duty = [candidate for candidate in candidates if candidate.on_duty]
    return min(on_duty, key=lambda candidate: _rank(candidate, need), default=None)


def in_turn(candidates: Sequence[Candidate], need: Need) -> Candidate | None:
    """Pick who is on duty and whose turn it is: the same rule, and of equals who waited longest."""
    on_duty = [candidate for candidate in candidates if candidate.on_duty]
    return min(on_duty, key=lambda candidate: _turn(candidate, need), default=None)


def _turn(candidate: Candidate, need: Need) -> tuple[int, bool, bool, int, datetime, int]:
    skill, elsewhere, again, open_work, staff_id = _rank(candidate, need)
    return skill, elsewhere, again, open_work, candidate.last_given or NEVER, staff_id


def ranked(candidates: Sequence[Candidate], need: Need) -> list[Candidate]:
    """Order everybody by the same rule, those on duty first."""
    return sorted(candidates, key=lambda candidate: (not candidate.on_duty, *_rank(candidate, need)))


def _rank(candidate: Candidate, need: Need) -> tuple[int, bool, bool, int, int]:
    skill = 0 if need.skill in candidate.skills else 1 if GENERAL in candidate.skills else 2
    elsewhere = bool(need.building and candidate.areas and need.building not in candidate.areas)
    return skill, elsewhere, candidate.staff_id == need.rather_not, candidate.open_work, candidate.staff_id


async def candidates(
    session: Session,
    *,
    community_id: int,
    team: str,
    now: datetime,
    roles: Sequence[Role] = (),
    about: About | None = None,
) -> Sequence[Candidate]:
    """Return the team's active employees (or those of the roles) with duty and open work.

    `about`: whom the ticket that they are for is about; it must not reach them, nor who reports to them.
    """
    away = await apart.of(session, about, community_id=community_id) if about is not None else apart.NOBODY
    asked = {"community_id": community_id, "team": "" if roles else team, "roles": list(roles), "now": now}
    rows = await direct.execute(session, _candidates(), asked)
    # A role counts as a skill: "a supervisor" is asked for like "an electrician".
    found = (Candidate(r[0], r[1], r[2], r[3], (*r[4], r[8]), tuple(r[5]), r[6], r[7] > 0, r[9]) for r in rows)
    return [one for one in found if one.staff_id not in away]


@cache
def _candidates() -> Select[Any]:
    staff, person, now = table_of(Staff).c, table_of(Person).c, bindparam("now", type_=Moment)
    ticket, duty = table_of(Ticket).c, table_of(Duty).c
    work = (
        select(func.count())
        .select_from(table_of(Ticket))
        .where(
            ticket.holder_id == staff.id,
            inlined.outside(ticket.state, ENDED),  # as the index says it
            inlined.among(ticket.state, AT_WORK),
        )
    )
    held = table_of(Holding).c
    last_given = select(func.max(held.since)).where(held.staff_id == staff.id).scalar_subquery()
    on_duty = (
        select(func.count())
        .select_from(table_of(Duty))
        .where(duty.staff_id == staff.id, duty.starts_at <= now, duty.ends_at > now)
    )
    return (
        select(staff.id, staff.person_id, person.name, staff.badge, staff.skills, staff.areas)
        .add_columns(work.scalar_subquery(), on_duty.scalar_subquery(), staff.role, last_given.label("last_given"))
        .select_from(table_of(Staff).join(table_of(Person), person.id == staff.person_id))
        .where(staff.community_id == bindparam("community_id"), staff.active)
        .where(or_(staff.team == bindparam("team"), staff.role.in_(bindparam("roles", expanding=True))))
        .order_by(staff.id)
    )


async def leads(
    session: Session, *, community_id: int, now: datetime, about: About | None = None
) -> Sequence[Candidate]:
    """Return supervisors and managers, supervisors on duty first."""
    found = await candidates(session, community_id=community_id, team="", now=now, roles=sorted(LEADS), about=about)
    return ranked(found, Need("supervisor"))


async def leads_of(session: Session, ticket: Ticket, *, now: datetime) -> Sequence[Candidate]:
    """Return who leads and may know of the ticket, in the same order."""
    return await leads(session, community_id=ticket.community_id, now=now, about=apart.about(ticket))
