"""A car in the way: who is asked, who may answer, and that neither learns who the other is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import func, select

from services import cars
from services.actors import Actor
from services.cars import Answer, AskedBefore, CallOver
from services.db import Session
from services.models import CarCall, Outgoing, Prompt, Ticket
from services.refusals import NotFound
from services.settings import Policy
from services.tickets.requests import Requester
from tests.support import estate
from tests.support.line import START, Line

ASKED: dict[str, Any] = {"now": START, "policy": Policy()}


async def person(session: Session, line: Line, name: str) -> Actor:
    return await estate.actor_of(session, line, await estate.web_of(session, name))


async def call(session: Session, asker: Actor, plate: str = "浙A12345") -> CarCall:
    who = Requester(person_id=asker.person_id, address_id=asker.address_id, name=asker.name, phone="+8613800138000")
    return await cars.ask(
        session, asker, plate=plate, place="王芳家3-2-1502门口", matter="挪车", requester=who, **ASKED
    )


async def test_the_keeper_reads_nothing_of_who_asks_nor_where(quick_line: Line) -> None:
    async with quick_line.db.transaction() as session:
        asker, keeper = [await person(session, quick_line, name) for name in ("王芳", "吴海")]
        one = await call(session, asker)
        prompts = (await session.scalars(select(Prompt).where(Prompt.address_id == keeper.address_id))).all()
        assert [prompt.given for prompt in prompts] == [{"call": one.id, "plate": "浙A12345"}]
        await cars.answered(session, keeper, call_id=one.id, answer=Answer.COMING, **ASKED)
        said = await session.scalars(select(Outgoing.payload).where(Outgoing.address_id == asker.address_id))
        words = b"".join(orjson.dumps(payload) for payload in said).decode()
        assert not [hint for hint in ("吴海", "1202", "38006") if hint in words]


async def test_only_the_keeper_answers_and_only_the_asker_asks_again(quick_line: Line) -> None:
    async with quick_line.db.transaction() as session:
        asker, keeper, other = [await person(session, quick_line, name) for name in ("王芳", "吴海", "宋刚")]
        one = await call(session, asker)
        with pytest.raises(AskedBefore):
            await call(session, asker)
        with pytest.raises(NotFound):
            await cars.answered(session, other, call_id=one.id, answer=Answer.COMING, **ASKED)
        await cars.answered(session, keeper, call_id=one.id, answer=Answer.SOON, **ASKED)
        with pytest.raises(CallOver):
            await cars.answered(session, keeper, call_id=one.id, answer=Answer.COMING, **ASKED)
        with pytest.raises(NotFound):
            await cars.still_there(session, other, call_id=one.id, requester=Requester(), **ASKED)
        ticket = await cars.still_there(session, asker, call_id=one.id, requester=Requester(), **ASKED)
        with pytest.raises(CallOver):
            await cars.still_there(session, asker, call_id=one.id, requester=Requester(), **ASKED)
        assert (ticket.team, ticket.priority, ticket.shows_number) == ("security", "urgent", False)


async def test_a_keeper_who_says_nothing_is_a_guards_matter_once(quick_line: Line) -> None:
    async with quick_line.db.transaction() as session:
        asker = await person(session, quick_line, "王芳")
        await person(session, quick_line, "吴海")  # has a page
        call_id = (await call(session, asker)).id
    await quick_line.drain()
    await quick_line.advance(timedelta(minutes=20))
    async with quick_line.db.transaction() as session:
        await cars.overdue(session, call_id=call_id, **ASKED)
        assert await session.scalar(select(func.count()).select_from(Ticket)) == 1
        assert (await session.get_one(CarCall, call_id)).state == "guard"
