"""Random actions by random people: whatever they do, a ticket stays whole."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from services import actors
from services.actors import Actor
from services.db import Session
from services.models import History, Holding, NumberView, Prompt, Staff, Survey, Ticket, Timer
from services.refusals import Refused
from services.tickets import history
from services.tickets.rules import TABLE, Action, Standing, State, standings
from tests.support import estate
from tests.support.line import Line

OVER = {State.CLOSED, State.CANCELLED}
NAMES = ("王芳", "赵敏", "王师傅", "陈师傅", "小李", "老赵", "孙经理")
STEPS = 220


async def crowd(session: Session, line: Line) -> list[Actor]:
    """Build the people who will act, and the system."""
    found = [await estate.actor_of(session, line, await estate.web_of(session, name)) for name in NAMES]
    return [*found, actors.system("autoclose", house=found[0].house)]


async def codes_for(session: Session, line: Line, action: Action, dice: random.Random) -> dict[str, object]:
    staff = list((await session.scalars(select(Staff.id).where(Staff.team == "engineering"))).all())
    match action:
        case Action.ASSIGN | Action.HAND_ON:
            return {"to": dice.choice(staff)}
        case Action.PROBLEM:
            return {"problem": dice.choice(["absent", "parts", "quote", "lead"])}
        case Action.RESCHEDULE:
            return {"start": line.now + timedelta(hours=2), "end": line.now + timedelta(hours=4)}
        case Action.QUALITY:
            return {"verdict": dice.choice(["good", "poor"])}
    return {}


async def check_whole(session: Session, ticket: Ticket) -> None:
    """See that the rows of a ticket agree with each other."""
    open_holdings = (
        await session.scalars(select(Holding.staff_id).where(Holding.ticket_id == ticket.id, Holding.until.is_(None)))
    ).all()
    held = ticket.holder_id is not None and ticket.state not in OVER
    assert open_holdings == ([ticket.holder_id] if held else [])
    assert (ticket.closed_at is not None) == (ticket.state in OVER)
    assert (ticket.closed_how != "") == (ticket.state in OVER)
    assert (ticket.holder_id is None) <= (ticket.state in {State.OPEN, State.CANCELLED})
    seqs = (
        await session.scalars(select(History.seq).where(History.ticket_id == ticket.id).order_by(History.seq))
    ).all()
    assert list(seqs) == list(range(1, ticket.seq + 1))
    if ticket.state != State.CLOSED or ticket.closed_how != "accepted":
        waiting = await session.scalar(
            select(func.count()).where(Survey.ticket_id == ticket.id, Survey.state.in_(("waiting", "asked")))
        )
        assert waiting == 0


async def one_action(line: Line, ticket_id: int, who: Actor, action: Action, dice: random.Random) -> bool:
    """Let somebody try something; return whether it happened."""
    async with line.db.transaction() as session:
        before = await session.get(Ticket, ticket_id)
        assert before is not None
        entitled, state = standings(who, before) & TABLE[action].who, State(before.state)
        codes = await codes_for(session, line, action, dice)
        try:
            change = await estate.act(session, line, who, action, ticket_id, words="一句话", **codes)
        except Refused:
            return False
        assert entitled
        after = await session.get(Ticket, ticket_id)
        assert after is not None
        if after.state in OVER and state not in OVER:
            assert action in {Action.OWNER_ACCEPTS, Action.CLOSE, Action.CANCEL}
        await check_whole(session, after)
        return not change.repeated


@pytest.mark.parametrize("seed", range(2))
async def test_a_ticket_stays_whole_whatever_people_do(line: Line, seed: int) -> None:
    dice, done = random.Random(seed), Counter[Action]()
    async with line.db.transaction() as session:
        people_here = await crowd(session, line)
        tickets = [
            (await estate.filed(session, line, people_here[0], matter=f"漏水{number}")).id for number in range(6)
        ]
    for number in range(STEPS):
        who, action = dice.choice(people_here), dice.choice(list(TABLE))
        ticket_id = tickets[number * len(tickets) // STEPS]
        done[action] += await one_action(line, ticket_id, who, action, dice)
        line.pass_time(timedelta(minutes=dice.randint(1, 90)))
    assert len(done) > len(TABLE) // 2
    async with line.db.transaction() as session:
        assert await history.seal(session, now=line.now)
    async with line.db.reading() as session:
        verdict = await history.verify(session)
        assert (verdict.broken, verdict.tickets) == ([], len(tickets))


async def test_silence_counts_as_no_answer_and_plans_no_survey(line: Line) -> None:
    async with line.db.transaction() as session:
        owner, _, engineer, *_, system = await crowd(session, line)
        ticket = await estate.filed(session, line, owner)
        await estate.act(session, line, engineer, Action.ACCEPT, ticket.id)
        await estate.act(session, line, engineer, Action.DONE, ticket.id, words="换了")
        await estate.act(session, line, system, Action.CLOSE, ticket.id)
        assert ticket.closed_how == "silence"
        assert await session.scalar(select(func.count()).select_from(Survey)) == 0


async def test_the_owners_number_is_logged_when_it_is_shown_and_never_when_he_refused(line: Line) -> None:
    async with line.db.transaction() as session:
        owner, _, engineer, *_ = await crowd(session, line)
        shown = await estate.filed(session, line, owner)
        hidden = await estate.filed(session, line, owner, matter="另一件")
        hidden.shows_number = False
        for ticket in (shown, hidden):
            await estate.act(session, line, engineer, Action.ACCEPT, ticket.id)
        rows = (await session.execute(select(NumberView.ticket_id, NumberView.viewer_id))).all()
        assert [tuple(row) for row in rows] == [(shown.id, engineer.person_id)]


async def test_a_ticket_of_another_is_not_there(line: Line) -> None:
    async with line.db.transaction() as session:
        owner, neighbour, *_ = await crowd(session, line)
        ticket = await estate.filed(session, line, owner)
        assert standings(neighbour, ticket) == frozenset()
        for action in TABLE:
            with pytest.raises(Refused) as refused:
                await estate.act(session, line, neighbour, action, ticket.id)
            assert refused.value.text.key == "refused.not_found"


async def test_a_complaint_is_not_there_for_the_desk_nor_for_the_team(line: Line) -> None:
    async with line.db.transaction() as session:
        owner, _, engineer, _, desk, supervisor, manager, _ = await crowd(session, line)
        ticket = await estate.filed(session, line, owner, confidential=True)
        assert standings(desk, ticket) == standings(engineer, ticket) - {Standing.HOLDER} == frozenset()
        assert Standing.LEAD in standings(supervisor, ticket)
        assert Standing.LEAD in standings(manager, ticket)


async def test_reopening_cancels_the_survey_its_question_and_its_timers(line: Line) -> None:
    async with line.db.transaction() as session:
        owner, _, engineer, *_ = await crowd(session, line)
        ticket = await estate.filed(session, line, owner)
        await estate.act(session, line, engineer, Action.ACCEPT, ticket.id)
        await estate.act(session, line, engineer, Action.DONE, ticket.id, words="换了")
        await estate.act(session, line, owner, Action.OWNER_ACCEPTS, ticket.id)
    await line.advance(timedelta(hours=5))
    async with line.db.transaction() as session:
        assert await session.scalar(select(Survey.state)) == "asked"
        await estate.act(session, line, owner, Action.OWNER_RETURNS, ticket.id, words="又漏了")
    async with line.db.reading() as session:
        assert await session.scalar(select(Survey.state)) == "cancelled"
        asked = select(func.count()).where(Prompt.form == "survey", Prompt.state == "open")
        assert await session.scalar(asked) == 0
        timers = select(func.count()).where(Timer.subject == "survey", Timer.state == "waiting")
        assert await session.scalar(timers) == 0
        row = await session.get(Ticket, ticket.id)
        assert row is not None
        assert (row.cycle, row.returns, row.state) == (2, 1, State.WORKING)


async def test_a_refused_action_leaves_the_ticket_as_it_was(line: Line) -> None:
    async with line.db.transaction() as session:
        owner, _, engineer, *_ = await crowd(session, line)
        ticket = await estate.filed(session, line, owner)
        before = (ticket.state, ticket.seq, ticket.head, ticket.holder_id)
        for who, action in ((owner, Action.OWNER_ACCEPTS), (engineer, Action.DONE), (owner, Action.ACCEPT)):
            with pytest.raises(Refused):
                await estate.act(session, line, who, action, ticket.id)
        assert (ticket.state, ticket.seq, ticket.head, ticket.holder_id) == before
