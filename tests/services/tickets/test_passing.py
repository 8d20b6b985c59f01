"""Work that changes hands: given back, taken over, handed on because somebody left."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, update

from services.actors import Actor
from services.catalog import Kind
from services.db import Session
from services.models import Address, Duty, Holding, Number, Person, Staff, Ticket
from services.tickets import finding, passing
from services.tickets.history import Said
from services.tickets.rules import Action, State
from tests.support import estate, whole
from tests.support.line import Line


async def people(session: Session, line: Line, *names: str) -> list[Actor]:
    return [await estate.actor_of(session, line, await estate.web_of(session, name)) for name in names]


async def given_back(session: Session, line: Line, who: Actor, ticket: Ticket) -> str | None:
    policy = line.world.policies.defaults
    asked: dict[str, Any] = {"reason": "skill", "said": Said("不会修"), "now": line.now, "policy": policy}
    found = await finding.find(session, who, ticket_id=ticket.id, lock=True)
    chosen = await passing.give_back(session, who, ticket=found, **asked)
    await whole.check(session, ticket)
    return chosen.name if chosen is not None else None


async def test_what_is_given_back_goes_to_the_next_on_duty_and_never_straight_back(line: Line) -> None:
    async with line.db.transaction() as session:
        owner, engineer = await people(session, line, "王芳", "王师傅")
        ticket = await estate.filed(session, line, owner)
        assert engineer.staff is not None
        await estate.act(session, line, engineer, Action.ACCEPT, ticket.id)
        name = await given_back(session, line, engineer, ticket)
        assert name in {"陈师傅", "刘师傅"}
        assert (ticket.state, ticket.holder_id != engineer.staff.staff_id) == (State.ASSIGNED, True)
        ended = (await session.scalars(select(Holding.ended).order_by(Holding.id))).all()
        assert list(ended) == ["given_back", ""]  # who accepts what he was given holds it already


async def test_with_nobody_else_on_duty_it_waits_in_the_pool(line: Line) -> None:
    async with line.db.transaction() as session:
        owner, engineer = await people(session, line, "王芳", "王师傅")
        ticket = await estate.filed(session, line, owner)
        assert engineer.staff is not None
        others = select(Staff.id).where(Staff.team == "engineering", Staff.id != engineer.staff.staff_id)
        await session.execute(delete(Duty).where(Duty.staff_id.in_(others)))
        assert await given_back(session, line, engineer, ticket) is None
        assert (ticket.state, ticket.holder_id) == (State.OPEN, None)


async def test_a_complaint_is_passed_among_those_who_lead_only(line: Line) -> None:
    async with line.db.transaction() as session:
        owner, supervisor = await people(session, line, "王芳", "老赵")
        ticket = await estate.filed(session, line, owner, kind=Kind.COMPLAINT, confidential=True)
        assert await given_back(session, line, supervisor, ticket) == "孙经理"


async def test_who_leads_takes_what_another_holds_and_what_nobody_has(line: Line) -> None:
    async with line.db.transaction() as session:
        owner, engineer, supervisor = await people(session, line, "王芳", "王师傅", "老赵")
        policy = line.world.policies.defaults
        held, free = [await estate.filed(session, line, owner, matter=f"漏水{n}") for n in range(2)]
        await estate.act(session, line, engineer, Action.ACCEPT, held.id)
        until = line.now + timedelta(days=1)
        await estate.act(session, line, engineer, Action.PAUSE, held.id, reason="parts", until=until)
        for ticket in (held, free):
            await passing.take(session, supervisor, ticket=ticket, now=line.now, policy=policy)
            await whole.check(session, ticket)
        assert supervisor.staff is not None
        assert {held.holder_id, free.holder_id} == {supervisor.staff.staff_id}
        assert (held.state, free.state) == (State.WORKING, State.WORKING)
        again = await passing.take(session, supervisor, ticket=held, now=line.now, policy=policy)
        assert again.repeated


async def test_everything_of_somebody_who_left_goes_to_others_and_who_leads_hears_it(line: Line) -> None:
    engineer = await estate.linked(line, "王师傅")
    lead = await estate.linked(line, "老赵")
    async with line.db.transaction() as session:
        (owner,) = await people(session, line, "王芳")
        tickets = [await estate.filed(session, line, owner, matter=f"漏水{n}") for n in range(3)]
        who = await estate.actor_of(session, line, engineer)
        assert who.staff is not None
        for ticket in tickets:
            given = ticket.holder_id == who.staff.staff_id
            await estate.act(session, line, who, Action.ACCEPT if given else Action.GRAB, ticket.id)
        await estate.act(session, line, who, Action.DONE, tickets[2].id, words="换了")
        assert list(await passing.stranded(session)) == []
        await session.execute(update(Staff).where(Staff.id == who.staff.staff_id).values(active=False))
        assert list(await passing.stranded(session)) == [who.staff.staff_id]
        policy = line.world.policies.defaults
        asked: dict[str, Any] = {"staff_id": who.staff.staff_id, "now": line.now, "policy": policy, "why": "left"}
        assert await passing.hand_on_all(session, **asked) == 2
        assert list(await passing.stranded(session)) == []
        for ticket in tickets:
            await whole.check(session, ticket)
        assert [ticket.state for ticket in tickets] == [State.ASSIGNED, State.ASSIGNED, State.DONE]
    await line.drain()
    assert sum("王师傅" in shown.text for shown in line.screen(lead).messages) == 2


async def test_who_can_be_reached_on_no_way_is_stranded_and_a_number_that_never_wrote_is_a_way(line: Line) -> None:
    engineer = await estate.linked(line, "王师傅")
    async with line.db.transaction() as session:
        (owner,) = await people(session, line, "王芳")
        ticket = await estate.filed(session, line, owner)
        who = await estate.actor_of(session, line, engineer)
        assert who.staff is not None
        if ticket.holder_id != who.staff.staff_id:
            await estate.act(session, line, who, Action.GRAB, ticket.id)
        person = select(Person.id).where(Person.name == "王师傅").scalar_subquery()
        await session.execute(update(Address).where(Address.person_id == person).values(gone_at=line.now))
        assert list(await passing.stranded(session)) == [who.staff.staff_id]
        await session.execute(update(Address).where(Address.person_id == person).values(person_id=None))
        assert list(await passing.stranded(session)) == []
        await session.execute(delete(Number).where(Number.person_id == person))
        assert list(await passing.stranded(session)) == [who.staff.staff_id]
