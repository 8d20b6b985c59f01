"""Calls after the end: who may make them, what each result brings, and that both verdicts stay apart."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from services.actors import Actor
from services.db import Session
from services.models import FollowUp, Outgoing, Staff, Ticket, Timer
from services.refusals import NotAllowed, NotFound
from services.settings import Policy
from services.tickets import calls, followups, history
from services.tickets.calls import NotedBefore, Step
from services.tickets.followups import Result, Why
from services.tickets.rules import Action, State
from tests.support import estate
from tests.support.line import Line


async def cast(session: Session, line: Line, *names: str) -> list[Actor]:
    return [await estate.actor_of(session, line, await estate.web_of(session, name)) for name in names]


async def closed(session: Session, line: Line, *, confidential: bool = False) -> Ticket:
    owner, engineer = await cast(session, line, "王芳", "王师傅")
    ticket = await estate.filed(session, line, owner)
    await estate.act(session, line, engineer, Action.ACCEPT, ticket.id)
    await estate.act(session, line, engineer, Action.DONE, ticket.id, words="换了")
    await estate.act(session, line, owner, Action.OWNER_ACCEPTS, ticket.id)
    ticket.confidential = confidential
    await session.flush()
    return ticket


async def owed(session: Session, line: Line, ticket: Ticket, why: Why = Why.RULE) -> FollowUp:
    row = await followups.plan(session, ticket, why=why, now=line.now, policy=Policy())
    assert row is not None
    return row


async def note(
    session: Session, line: Line, who: Actor, row: FollowUp, result: Result, step: Step = Step.NOTHING, words: str = ""
) -> FollowUp:
    return await calls.noted(
        session,
        who,
        follow_up_id=row.id,
        result=result,
        step=step,
        words=words,
        now=line.now,
        policy=Policy(),
    )


async def test_a_call_is_planned_once_per_cycle_and_reason(quick_line: Line) -> None:
    async with quick_line.db.transaction() as session:
        ticket = await closed(session, quick_line)
        await owed(session, quick_line, ticket)
        assert await followups.plan(session, ticket, why=Why.RULE, now=quick_line.now, policy=Policy()) is None
        await owed(session, quick_line, ticket, Why.UNANSWERED)


async def test_only_who_owes_it_or_leads_may_note_a_call_and_once(quick_line: Line) -> None:
    async with quick_line.db.transaction() as session:
        ticket = await closed(session, quick_line)
        row = await owed(session, quick_line, ticket)
        desk, lead, *others = await cast(session, quick_line, "小李", "老赵", "王芳", "王师傅")
        for other in others:
            with pytest.raises(NotFound):
                await note(session, quick_line, other, row, Result.CONTENT)
        assert [one.row.id for one in await followups.open_ones(session, desk)] == [row.id]
        assert [one.row.id for one in await followups.open_ones(session, lead)] == [row.id]
        assert await followups.open_ones(session, others[1]) == await followups.open_ones(session, others[0]) == []
        await note(session, quick_line, desk, row, Result.CONTENT, words="都好")
        assert (row.result, row.outcome, row.done_at) == ("content", "都好", quick_line.now)
        with pytest.raises(NotedBefore):
            await note(session, quick_line, lead, row, Result.NOT_CONTENT)
        (said,) = [one for one in await history.timeline(session, ticket) if one.action == calls.NOTED]
        assert (said.codes["result"], said.words) == ("content", "都好")


async def test_a_confidential_tickets_call_is_for_who_took_it_down_or_who_leads(quick_line: Line) -> None:
    async with quick_line.db.transaction() as session:
        ticket = await closed(session, quick_line, confidential=True)
        taken = await owed(session, quick_line, ticket)
        assert await session.scalar(select(Staff.badge).where(Staff.id == taken.staff_id)) == "08"
        (desk,) = await cast(session, quick_line, "小李")
        assert [one.row.id for one in await followups.open_ones(session, desk)] == [taken.id]
        ticket.first_taker_id, ticket.cycle = None, 2
        await session.flush()
        row = await owed(session, quick_line, ticket)
        assert await session.scalar(select(Staff.badge).where(Staff.id == row.staff_id)) == "03"
        assert await followups.open_ones(session, desk) == []
        with pytest.raises(NotFound):
            await note(session, quick_line, desk, row, Result.CONTENT)


async def test_a_call_for_whom_nobody_is_there_ends_at_the_second_try(quick_line: Line) -> None:
    line = quick_line
    async with line.db.transaction() as session:
        ticket = await closed(session, line)
        row = await owed(session, line, ticket)
        (desk,) = await cast(session, line, "小李")
        await note(session, line, desk, row, Result.NOT_REACHED)
        assert (row.tries, row.done_at, row.due_at) == (1, None, line.now + timedelta(hours=48))
    await line.advance(timedelta(hours=25))
    async with line.db.transaction() as session:
        told = select(func.count()).where(Outgoing.key.contains(f":follow_up{row.id}:"))
        assert await session.scalar(told) == 2
        await followups.overdue(session, follow_up_id=row.id, now=line.now)  # put off meanwhile: nobody hears
        assert await session.scalar(told) == 2
        row = await session.get_one(FollowUp, row.id)
        (desk,) = await cast(session, line, "小李")
        await note(session, line, desk, row, Result.NOT_REACHED)
        assert row.result == "unreachable"
        waiting = Timer.subject == "follow_up", Timer.state == "waiting"
        assert await session.scalar(select(func.count()).where(*waiting)) == 0


async def test_a_call_that_is_overdue_is_told_to_those_who_lead(quick_line: Line) -> None:
    line = quick_line
    async with line.db.transaction() as session:
        ticket = await closed(session, line)
        row = await owed(session, line, ticket)
    await line.advance(timedelta(hours=25))
    async with line.db.transaction() as session:
        told = (await session.scalars(select(Outgoing.payload).where(Outgoing.key.contains("overdue")))).all()
        assert len(told) == 2
        assert all("staff.overdue.call" in str(payload) for payload in told)
        for follow_up_id in (row.id, 999):
            await followups.again(session, follow_up_id=follow_up_id, now=line.now)


async def test_another_visit_opens_the_ticket_and_a_lead_can_be_asked_to_call(quick_line: Line) -> None:
    async with quick_line.db.transaction() as session:
        ticket = await closed(session, quick_line)
        row = await owed(session, quick_line, ticket)
        desk, lead = await cast(session, quick_line, "小李", "老赵")
        await note(session, quick_line, desk, row, Result.NOT_CONTENT, Step.SUPERVISOR, "还在滴")
        assert row.done_at is None
        assert lead.staff is not None
        assert row.staff_id == lead.staff.staff_id
        with pytest.raises(NotFound):
            await note(session, quick_line, desk, row, Result.CONTENT)
        with pytest.raises(NotAllowed):  # he leads himself
            await note(session, quick_line, lead, row, Result.NOT_CONTENT, Step.SUPERVISOR, "还在滴")
        await note(session, quick_line, lead, row, Result.NOT_CONTENT, Step.COME_AGAIN, "还在滴")
        assert (row.result, row.next_step) == ("not_content", "come_again")
        assert (ticket.state, ticket.cycle) == (State.ASSIGNED, 2)
        task = await followups.task(session, row)
        assert calls.steps(lead, task) == [Step.NOTHING]  # it is open already


async def test_the_desks_check_neither_closes_nor_opens_and_stands_beside_the_owners_verdict(quick_line: Line) -> None:
    async with quick_line.db.transaction() as session:
        owner, engineer, desk = await cast(session, quick_line, "王芳", "王师傅", "小李")
        ticket = await estate.filed(session, quick_line, owner)
        await estate.act(session, quick_line, engineer, Action.ACCEPT, ticket.id)
        await estate.act(session, quick_line, engineer, Action.DONE, ticket.id, words="换了")
        await estate.act(session, quick_line, desk, Action.QUALITY, ticket.id, words="没擦", verdict="poor")
        assert (ticket.state, ticket.quality, ticket.closed_how, ticket.returns) == (State.DONE, "poor", "", 0)
        await estate.act(session, quick_line, owner, Action.OWNER_ACCEPTS, ticket.id)
        await estate.act(session, quick_line, desk, Action.QUALITY, ticket.id, verdict="good")
        assert (ticket.state, ticket.quality, ticket.closed_how) == (State.CLOSED, "good", "accepted")
