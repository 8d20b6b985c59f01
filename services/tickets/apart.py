"""Whom a ticket must not reach: it is about him, about somebody he reports to, or about his team."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, or_, select, union

from services import direct
from services.db import Session
from services.models import Staff, Ticket, table_of
from services.refusals import Refused

NOBODY: frozenset[int] = frozenset()


class KeptFrom(Refused):
    """The ticket is about the one to whom it should go."""

    key = "refused.kept_from"


@dataclass(frozen=True, slots=True)
class About:
    """Whom a complaint is about: an employee, a team, neighbours."""

    staff_id: int | None = None
    team: str = ""
    unit_id: int | None = None


NOBODY_NAMED = About()


def about(ticket: Ticket) -> About:
    """Return whom a ticket is about."""
    return About(ticket.about_staff_id, ticket.about_team or "", ticket.about_unit_id)


async def of(session: Session, whom: About, *, community_id: int) -> frozenset[int]:
    """Return the staff ids that it must be kept from; of most tickets nobody's, and nothing is asked."""
    if whom.staff_id is None and not whom.team:
        return NOBODY
    asked = {"staff_id": whom.staff_id or 0, "team": whom.team or " ", "community_id": community_id}
    return frozenset(row.id for row in await direct.execute(session, _below(), asked))


async def of_ticket(session: Session, ticket: Ticket) -> frozenset[int]:
    """Return the staff ids from whom a ticket must be kept."""
    return await of(session, about(ticket), community_id=ticket.community_id)


async def among(session: Session, ticket_ids: Sequence[int], *, staff_id: int) -> Mapping[int, str]:
    """Return the numbers of those tickets that must be kept from an employee."""
    named = or_(Ticket.about_staff_id.is_not(None), Ticket.about_team != "")
    found = (await session.scalars(select(Ticket).where(Ticket.id.in_(ticket_ids), named).order_by(Ticket.id))).all()
    return {one.id: one.number for one in found if staff_id in await of_ticket(session, one)}


@cache
def _below() -> Select[Any]:
    """The employee and whoever reports to him, however far down; and the team."""
    staff, other = table_of(Staff).c, table_of(Staff).alias().c
    below = select(staff.id).where(staff.id == bindparam("staff_id")).cte("below", recursive=True)
    below = below.union(select(other.id).where(other.reports_to == below.c.id))
    team = select(staff.id).where(staff.community_id == bindparam("community_id"), staff.team == bindparam("team"))
    both = union(select(below.c.id), team).subquery()
    return select(both.c.id)
