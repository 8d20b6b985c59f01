"""Who pays for a repair: the developer under warranty, nobody for rework, else the owner, by a quote."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select

from services import direct, inlined
from services.calendars import DEVELOPER
from services.catalog import Category, Kind, Payer
from services.db import Session
from services.models import Ticket, Unit, table_of
from services.tickets.rules import State

REWORK = "rework"
DONE_WORK = ("accepted", "silence", "desk")


@dataclass(frozen=True, slots=True)
class Paid:
    """Who pays, and the earlier ticket whose work is done again."""

    payer: str
    rework_of: int | None = None


async def look(session: Session, *, category: Category, unit_id: int | None, today: date) -> Paid:
    """Return who pays for a repair in a home (or, without one, in a public place)."""
    if unit_id is None:
        return Paid(category.payer)
    asked = {"unit_id": unit_id, "category": category.key}
    row = (await direct.execute(session, _found(), asked)).one_or_none()
    if row is None:
        return Paid(category.payer)
    guaranteed = timedelta(days=category.guarantee_days)
    if row.closed_at is not None and today - row.closed_at.date() < guaranteed:
        return Paid(REWORK, row.ticket_id)
    return Paid(payer_of(category, handover_on=row.handover_on, today=today))


def payer_of(category: Category, *, handover_on: date | None, today: date) -> str:
    """Return who pays by the age of the home; where that is not known, what the catalogue says."""
    if category.payer is not Payer.WARRANTY or handover_on is None:
        return category.payer
    return DEVELOPER if today - handover_on < timedelta(days=category.warranty_days) else Payer.QUOTED


@cache
def _found() -> Select[Any]:
    """A home's handover, and the newest repair of the category in it that was closed as done."""
    unit, ticket = table_of(Unit).c, table_of(Ticket).alias()
    newest = (
        select(ticket.c.id)
        .where(
            ticket.c.unit_id == unit.id,
            ticket.c.category == bindparam("category"),
            inlined.equal(ticket.c.kind, Kind.REPAIR),
            inlined.equal(ticket.c.state, State.CLOSED),
            inlined.among(ticket.c.closed_how, DONE_WORK),
        )
        .order_by(ticket.c.id.desc())
        .limit(1)
        .correlate(table_of(Unit))
        .scalar_subquery()
    )
    earlier = table_of(Ticket)
    return (
        select(unit.handover_on, earlier.c.id.label("ticket_id"), earlier.c.closed_at)
        .select_from(table_of(Unit).outerjoin(earlier, earlier.c.id == newest))
        .where(unit.id == bindparam("unit_id"))
    )
