"""Lists: whose tickets, which of them, in what order; tickets that may be one matter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from services.actors import Actor
from services.db import Session
from services.models import Ticket
from services.tickets import finding, merging
from services.tickets.rules import State
from tests.support import estate
from tests.support.line import Line

OWNER, OTHER, DESK, LEAD, ENGINEER = "王芳", "张福全", "小李", "老赵", "王师傅"


async def person(session: Session, line: Line, name: str) -> Actor:
    return await estate.actor_of(session, line, await estate.web_of(session, name))


async def several(session: Session, line: Line, owner: Actor, count: int) -> list[Ticket]:
    found = []
    for _ in range(count):
        line.pass_time(timedelta(days=1))  # one a day
        found.append(await estate.filed(session, line, owner))
    return found


def ids(tickets: Sequence[Ticket]) -> list[int]:
    return [ticket.id for ticket in tickets]


async def test_an_owner_sees_what_is_open_first_then_what_closed_in_the_last_days(line: Line) -> None:
    async with line.db.transaction() as session:
        owner = await person(session, line, OWNER)
        closed, long_closed, cancelled, first, second = await several(session, line, owner, 5)
        await several(session, line, await person(session, line, OTHER), 1)
        closed.state, closed.closed_at = State.CLOSED, line.now - timedelta(days=2)
        long_closed.state, long_closed.closed_at = State.CLOSED, line.now - timedelta(days=31)
        cancelled.state, cancelled.closed_at = State.CANCELLED, line.now - timedelta(days=1)
        first.state = State.DONE
        await session.flush()
        assert ids(await finding.mine(session, owner, now=line.now)) == ids([second, first, cancelled, closed])
        assert ids(await finding.newest_open(session, owner)) == ids([second, first])


async def test_a_list_ends_somewhere(line: Line) -> None:
    async with line.db.transaction() as session:
        owner = await person(session, line, OWNER)
        found = await several(session, line, owner, finding.MOST_LISTED + 2)
        newest = ids(found)[: -finding.MOST_LISTED - 1 : -1]
        assert ids(await finding.mine(session, owner, now=line.now)) == newest
        found[-1].state, found[-1].closed_at = State.CLOSED, line.now
        found[-2].state, found[-2].closed_at = State.CLOSED, line.now
        found[0].state, found[0].closed_at = State.CLOSED, line.now
        await session.flush()
        shown = ids(await finding.mine(session, owner, now=line.now))
        assert shown == [*ids(found)[9:0:-1], found[-1].id]  # nine are open; one place is left


async def test_what_was_filed_from_an_address_before_it_was_known_is_listed_with_the_rest(line: Line) -> None:
    async with line.db.transaction() as session:
        owner = await person(session, line, OWNER)
        before, after = await several(session, line, owner, 2)
        before.requester_id = None
        await session.flush()
        assert ids(await finding.newest_open(session, owner)) == ids([after, before])
        stranger = replace(owner, person_id=None)
        assert ids(await finding.newest_open(session, stranger)) == [before.id]
        before.state, before.closed_at = State.CLOSED, line.now
        await session.flush()
        assert ids(await finding.mine(session, stranger, now=line.now)) == [before.id]


async def test_staff_see_what_they_hold_and_what_waits_for_them(line: Line) -> None:
    async with line.db.transaction() as session:
        owner, engineer = await person(session, line, OWNER), await person(session, line, ENGINEER)
        desk, lead = await person(session, line, DESK), await person(session, line, LEAD)
        under_way, soon, done, merged, waits, secret = await several(session, line, owner, 6)
        assert engineer.staff is not None
        for ticket, state in ((soon, "assigned"), (under_way, "working"), (done, "done"), (merged, "merged")):
            ticket.holder_id, ticket.state = engineer.staff.staff_id, State(state)
        for ticket in (waits, secret):
            ticket.holder_id, ticket.state, ticket.team = None, State.OPEN, engineer.staff.team
        secret.confidential, secret.team = True, "desk"
        await session.flush()
        assert ids(await finding.held(session, engineer)) == ids([under_way, soon])
        assert ids(await finding.pool(session, engineer)) == [waits.id]
        assert ids(await finding.pool(session, desk)) == [waits.id]
        assert ids(await finding.pool(session, lead)) == ids([waits, secret])
        assert await finding.held(session, owner) == []
        assert await finding.pool(session, owner) == []


async def test_alike_is_what_is_open_in_the_same_home_or_in_public_places(line: Line) -> None:
    async with line.db.transaction() as session:
        owner = await person(session, line, OWNER)
        first, second, elsewhere, over, merged = await several(session, line, owner, 5)
        others = await several(session, line, await person(session, line, OTHER), 1)
        elsewhere.category = "electrical"
        over.state, merged.state = State.CLOSED, State.MERGED
        await session.flush()
        assert ids(await merging.alike(session, first)) == [second.id]
        assert await merging.alike(session, others[0]) == []
        for ticket in (first, others[0]):
            ticket.unit_id, ticket.scope = None, "public"
        await session.flush()
        assert ids(await merging.alike(session, first)) == ids(others)
