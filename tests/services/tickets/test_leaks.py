"""Water from above: the upper household never learns who told us; nobody there, and its contact is called."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from services.actors import Actor
from services.db import Session
from services.models import Content, History, Outgoing, Party, Prompt, Ticket, Unit
from services.refusals import NotFound
from services.settings import Policy
from services.tickets import leaks, parties
from services.tickets.leaks import Heard, LeakOver, NotAbove
from services.tickets.parties import LEAK, Allowed, Side
from services.tickets.requests import Request, Requester
from services.tickets.rules import Action
from tests.support import estate
from tests.support.line import START, Line

ASKED: dict[str, Any] = {"now": START, "policy": Policy()}
BELOW, ABOVE, OTHER, DESK = "周丽", "王芳", "宋刚", "小李"
HINTS = ("周丽", "1202", "厨房", "8007")


async def crowd(session: Session, line: Line) -> list[Actor]:
    names = (BELOW, ABOVE, OTHER, DESK)
    return [await estate.actor_of(session, line, await estate.web_of(session, name)) for name in names]


async def a_leak(session: Session, line: Line, owner: Actor) -> Ticket:
    assert owner.house is not None
    home = owner.here[0]
    request = Request(
        category=line.world.catalog.categories[LEAK],
        matter="厨房顶漏水,周丽急",
        place="3栋2单元1202",
        unit_id=home.unit_id,
        requester=Requester(person_id=owner.person_id, address_id=owner.address_id, name=owner.name),
    )
    return await leaks.file(session, owner, house=owner.house, request=request, **ASKED)


async def upper(session: Session, ticket: Ticket) -> Party:
    found = await parties.of(session, ticket, role=Side.ABOVE)
    assert found is not None
    return found


async def told(session: Session, who: Actor) -> str:
    sent = await session.scalars(select(Outgoing.payload).where(Outgoing.address_id == who.address_id))
    asked = await session.scalars(select(Prompt.given).where(Prompt.address_id == who.address_id))
    return orjson.dumps([*sent.all(), *asked.all()]).decode()


async def contact_asked(session: Session) -> Sequence[str]:
    return (await session.scalars(select(Prompt.form).where(Prompt.form == "reach_contact"))).all()


async def test_neither_side_reads_the_others_words(quick_line: Line) -> None:
    async with quick_line.db.transaction() as session:
        below, above, other, _ = await crowd(session, quick_line)
        ticket = await a_leak(session, quick_line, below)
        party = await upper(session, ticket)
        heard = Heard(Allowed.YES, "只有晚上在家,别找物业小李", START, START + timedelta(hours=3))
        for nobody in (other, below):
            with pytest.raises(NotFound):
                await leaks.answered(session, nobody, party_id=party.id, heard=heard, now=START)
        await leaks.answered(session, above, party_id=party.id, heard=heard, now=START)
        assert "晚上在家" not in await told(session, below)
        assert not [hint for hint in HINTS if hint in await told(session, above)]
        kept = await session.scalar(select(Content.words).where(Content.id == party.content_id))
        assert kept == heard.words  # where retention finds and erases it
        assert (party.allowed, party.state) == (Allowed.YES, "answered")


async def test_a_household_that_says_nothing_or_is_not_there_is_reached_through_its_contact(quick_line: Line) -> None:
    async with quick_line.db.transaction() as session:
        below, *_ = await crowd(session, quick_line)
        ticket_id = (await a_leak(session, quick_line, below)).id
    await quick_line.drain()
    await quick_line.advance(timedelta(minutes=70))
    async with quick_line.db.transaction() as session:
        ticket = await session.get_one(Ticket, ticket_id)
        desk = await estate.actor_of(session, quick_line, await estate.web_of(session, DESK))
        assert len(await contact_asked(session)) == 1
        for calls in (2, 3, 3):  # asked again twice, then people see to it themselves
            await leaks.contact_reached(session, desk, ticket=ticket, heard=None, **ASKED)
            await leaks.unanswered(session, ticket_id=ticket.id, now=START)
            assert (await upper(session, ticket)).tries >= calls
        actions = (await session.scalars(select(History.action).order_by(History.seq))).all()
        assert actions.count("upper_contact") >= 3


async def test_a_flat_that_stands_empty_is_not_written_to(quick_line: Line) -> None:
    async with quick_line.db.transaction() as session:
        below, above, *_ = await crowd(session, quick_line)
        unit = await session.get_one(Unit, above.here[0].unit_id)
        unit.vacant_since = START.date()
        await session.flush()
        ticket = await a_leak(session, quick_line, below)
        assert ((await upper(session, ticket)).state, len(await contact_asked(session))) == ("contact", 1)


async def test_the_desk_is_asked_where_numbers_do_not_tell(quick_line: Line) -> None:
    async with quick_line.db.transaction() as session:
        _, above, _, desk = await crowd(session, quick_line)
        ticket = await a_leak(session, quick_line, above)  # the top floor
        assert await parties.of(session, ticket, role=Side.ABOVE) is None
        assert "leak.which_above" in await told(session, desk)
        for wrong, refusal in ((ticket.unit_id or 0, NotAbove), (10**6, NotFound)):
            with pytest.raises(refusal):
                await leaks.name_upper(session, desk, ticket=ticket, unit_id=wrong, **ASKED)
        with pytest.raises(NotFound):
            await leaks.nobody_there(session, desk, ticket=ticket, now=START)
        with pytest.raises(NotFound):
            await leaks.record(session, desk, ticket=ticket, side=Side.ABOVE, heard=Heard(Allowed.NO), now=START)


async def test_naming_the_same_flat_twice_tells_it_once_and_what_is_over_needs_no_answer(quick_line: Line) -> None:
    async with quick_line.db.transaction() as session:
        below, above, _, desk = await crowd(session, quick_line)
        ticket = await a_leak(session, quick_line, below)
        party = await upper(session, ticket)
        await leaks.name_upper(session, desk, ticket=ticket, unit_id=party.unit_id or 0, **ASKED)
        await leaks.turn_to_upper(session, desk, ticket=ticket, **ASKED)
        assert len((await session.scalars(select(Prompt).where(Prompt.form == "upstairs"))).all()) == 1
        await estate.act(session, quick_line, below, Action.CANCEL, ticket.id)
        await leaks.unanswered(session, ticket_id=ticket.id, now=START)
        assert await contact_asked(session) == []
        with pytest.raises(LeakOver):
            await leaks.answered(session, above, party_id=party.id, heard=Heard(Allowed.YES), now=START)
