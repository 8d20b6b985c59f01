"""Who pays: the developer while the home is young, nobody for work done again, else the owner by a quote."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from services import catalog
from services.calendars import DEVELOPER
from services.catalog import Payer, Way
from services.db import Session
from services.models import Deadline, Ticket, TicketLink, Unit
from services.tickets import paying
from services.tickets.paying import Paid
from services.tickets.rules import State
from services.tickets.terms import Clock
from tests.support import estate
from tests.support.line import START, Line

TODAY = START.date()
PLUMBING = catalog.load().categories["plumbing"]


async def repaired(session: Session, line: Line, **row: Any) -> Ticket:
    """File a repair of the plumbing in an owner's home, and give its row what it has when it is over."""
    owner = await estate.actor_of(session, line, await estate.web_of(session, "王芳"))
    ticket = await estate.filed(session, line, owner)
    for name, value in {"state": State.CLOSED, "closed_how": "accepted", "closed_at": START, **row}.items():
        setattr(ticket, name, value)
    await session.flush()
    return ticket


async def look(session: Session, line: Line, unit_id: int | None, today: date) -> Paid:
    category = line.world.catalog.categories["plumbing"]
    return await paying.look(session, category=category, unit_id=unit_id, today=today)


async def test_a_home_under_warranty_is_the_developers_and_waits_for_the_desk(line: Line) -> None:
    async with line.db.transaction() as session:
        await session.execute(update(Unit).values(handover_on=TODAY - timedelta(days=10)))
        owner = await estate.actor_of(session, line, await estate.web_of(session, "王芳"))
        ticket = await estate.filed(session, line, owner)
        assert (ticket.team, ticket.payer, ticket.dispatch) == (DEVELOPER, DEVELOPER, Way.DESK)
        assert (ticket.state, ticket.holder_id) == (State.OPEN, None)
        rows = (await session.scalars(select(Deadline).where(Deadline.ticket_id == ticket.id))).all()
        assert {row.clock: row.calendar for row in rows}[Clock.ACCEPT] == "office"
        urgent = await estate.filed(session, line, owner, matter="急", urgent=True)
        assert (urgent.team, urgent.state) == ("engineering", State.ASSIGNED)


async def test_the_same_again_so_soon_is_done_for_nothing_and_tied_to_the_work_before(line: Line) -> None:
    async with line.db.transaction() as session:
        before = await repaired(session, line)
        days = line.world.catalog.categories["plumbing"].guarantee_days
        line.pass_time(timedelta(days=days - 1))
        again = await repaired(session, line, state=State.ASSIGNED, closed_how="", closed_at=None)
        assert again.payer == paying.REWORK
        links = (await session.scalars(select(TicketLink))).all()
        assert [(link.ticket_id, link.other_id, link.kind) for link in links] == [(before.id, again.id, "rework")]
        found = await look(session, line, before.unit_id, TODAY + timedelta(days=days))
        assert found.payer != paying.REWORK


@pytest.mark.parametrize(
    "row",
    [
        {"closed_how": "cancelled", "state": State.CANCELLED},
        {"closed_how": "merged", "state": State.MERGED},
        {"category": "electrical"},
        {"kind": "complaint"},
    ],
)
async def test_what_was_never_done_or_was_another_matter_is_no_rework(line: Line, row: dict[str, Any]) -> None:
    async with line.db.transaction() as session:
        before = await repaired(session, line, **row)
        assert (await look(session, line, before.unit_id, TODAY)).payer != paying.REWORK


async def test_public_places_and_unknown_homes_go_by_the_catalogue(line: Line) -> None:
    payer = line.world.catalog.categories["plumbing"].payer
    async with line.db.transaction() as session:
        for unit_id in (None, 10**6):
            assert await look(session, line, unit_id, TODAY) == Paid(payer)


@given(st.integers(-30, 4000), st.integers(1, 2000), st.sampled_from(Payer))
def test_the_age_of_the_home_decides_only_where_the_catalogue_speaks_of_warranty(
    age: int, warranty: int, payer: Payer
) -> None:
    category = replace(PLUMBING, payer=payer, warranty_days=warranty)
    found = paying.payer_of(category, handover_on=TODAY - timedelta(days=age), today=TODAY)
    if payer is not Payer.WARRANTY:
        assert found == payer
    else:
        assert found == (DEVELOPER if age < warranty else Payer.QUOTED)
    assert paying.payer_of(category, handover_on=None, today=TODAY) == payer
