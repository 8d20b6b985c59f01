"""Why nobody was asked how it was: each reason stands in the ticket's history, and a call follows where one is owed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from services import surveys
from services.actors import Actor
from services.db import Session
from services.models import Address, FollowUp, History, Person, Staff, Survey, Ticket
from services.settings import Policy
from services.tickets import due as silence
from services.tickets import merging
from services.tickets.rules import Action
from tests.support import estate
from tests.support.line import Line


async def cast(session: Session, line: Line, *names: str) -> list[Actor]:
    return [await estate.actor_of(session, line, await estate.web_of(session, name)) for name in names]


async def done(session: Session, line: Line, owner: Actor, *, rule: str = "unless_rated") -> Ticket:
    """File a ticket and finish its work."""
    (engineer,) = await cast(session, line, "王师傅")
    ticket = await estate.filed(session, line, owner)
    ticket.follow_up = rule
    await session.execute(update(Ticket).where(Ticket.id == ticket.id).values(holder_id=None, state="open"))
    await estate.act(session, line, engineer, Action.GRAB, ticket.id)
    await estate.act(session, line, engineer, Action.DONE, ticket.id, words="换了")
    return ticket


async def reasons(session: Session, ticket: Ticket) -> list[str]:
    rows = select(History.codes).where(History.ticket_id == ticket.id, History.action == "no_survey")
    return [codes["why"] for codes in await session.scalars(rows.order_by(History.seq))]


async def owed(session: Session, ticket: Ticket) -> list[tuple[str, str]]:
    """Return why the owner is to be called, and by whom."""
    row = select(FollowUp.why, Staff.badge).join(Staff, Staff.id == FollowUp.staff_id)
    return [(why, badge) for why, badge in await session.execute(row.where(FollowUp.ticket_id == ticket.id))]


@pytest.mark.parametrize(
    ("rule", "why", "call"), [("never", "never", []), ("always", "called", [("rule", "08")]), ("unless_rated", "", [])]
)
async def test_the_catalogues_rule_says_whether_somebody_is_asked_or_called(
    quick_line: Line, rule: str, why: str, call: list[tuple[str, str]]
) -> None:
    async with quick_line.db.transaction() as session:
        (owner,) = await cast(session, quick_line, "王芳")
        ticket = await done(session, quick_line, owner, rule=rule)
        await estate.act(session, quick_line, owner, Action.OWNER_ACCEPTS, ticket.id)
        assert await reasons(session, ticket) == ([why] if why else [])
        assert await owed(session, ticket) == call
        asked = await session.scalar(select(Survey.id).where(Survey.ticket_id == ticket.id))
        assert (asked is not None) == (not why)


@pytest.mark.parametrize(("score", "call"), [(5, [("rule", "08")]), (1, [("low_score", "03")])])
async def test_a_score_given_at_once_is_kept_and_only_one_call_follows(
    quick_line: Line, score: int, call: list[tuple[str, str]]
) -> None:
    async with quick_line.db.transaction() as session:
        (owner,) = await cast(session, quick_line, "王芳")
        ticket = await done(session, quick_line, owner, rule="always")
        await estate.act(session, quick_line, owner, Action.OWNER_ACCEPTS, ticket.id, score=score)
        await surveys.answer_at_once(session, ticket=ticket, score=score, now=quick_line.now, policy=Policy())
        assert await owed(session, ticket) == call


async def test_a_silent_owner_is_called_by_whoever_took_his_request(quick_line: Line) -> None:
    async with quick_line.db.transaction() as session:
        (owner,) = await cast(session, quick_line, "王芳")
        ticket = await done(session, quick_line, owner)
        await silence.close_by_silence(session, ticket_id=ticket.id, now=quick_line.now, policy=Policy())
        assert (await reasons(session, ticket), await owed(session, ticket)) == (["silence"], [("unsent", "08")])


async def test_who_was_spoken_to_when_it_was_closed_is_left_alone(quick_line: Line) -> None:
    async with quick_line.db.transaction() as session:
        owner, lead = await cast(session, quick_line, "王芳", "老赵")
        ticket = await done(session, quick_line, owner)
        await estate.act(session, quick_line, lead, Action.CLOSE, ticket.id)
        assert (await reasons(session, ticket), await owed(session, ticket)) == (["by_desk"], [])


async def test_an_employee_who_filed_for_himself_is_neither_asked_nor_called(quick_line: Line) -> None:
    async with quick_line.db.transaction() as session:
        (himself,) = await cast(session, quick_line, "小李")
        ticket = await done(session, quick_line, himself, rule="always")
        await estate.act(session, quick_line, himself, Action.OWNER_ACCEPTS, ticket.id)
        assert (await reasons(session, ticket), await owed(session, ticket)) == (["own"], [])


async def test_what_lives_on_in_another_ticket_is_not_asked_about(quick_line: Line) -> None:
    async with quick_line.db.transaction() as session:
        owner, desk = await cast(session, quick_line, "王芳", "小李")
        ticket = await estate.filed(session, quick_line, owner)
        into = await estate.filed(session, quick_line, owner, matter="又漏了")
        await merging.merge(session, desk, ticket_id=ticket.id, into_id=into.id, now=quick_line.now, policy=Policy())
        assert (await reasons(session, ticket), await reasons(session, into)) == (["merged"], [])


async def test_nobody_is_asked_twice_in_some_days_but_about_work_that_was_redone(quick_line: Line) -> None:
    line = quick_line
    async with line.db.transaction() as session:
        (owner,) = await cast(session, line, "王芳")
        first, second = [await done(session, line, owner) for _ in range(2)]
        for ticket in (first, second):
            await estate.act(session, line, owner, Action.OWNER_ACCEPTS, ticket.id)
    await line.advance(timedelta(hours=5))
    async with line.db.transaction() as session:
        states = await session.execute(select(Survey.state, Survey.why).order_by(Survey.ticket_id))
        assert sorted(tuple(row) for row in states) == [("asked", ""), ("cancelled", "recent")]
        asked = await session.scalar(select(Survey.ticket_id).where(Survey.state == "asked"))
        other = second if asked == first.id else first
        assert (await reasons(session, other), await owed(session, other)) == (["recent"], [])
        owner, engineer = await cast(session, line, "王芳", "王师傅")
        await estate.act(session, line, owner, Action.OWNER_RETURNS, other.id)
        await estate.act(session, line, engineer, Action.DONE, other.id, words="又换了")
        await estate.act(session, line, owner, Action.OWNER_ACCEPTS, other.id)
    await line.advance(timedelta(hours=20))
    async with line.db.reading() as session:
        redone = select(Survey.state).where(Survey.ticket_id == other.id, Survey.cycle == 2)
        assert await session.scalar(redone) == "asked"


async def test_who_can_not_be_written_to_is_called(quick_line: Line) -> None:
    line = quick_line
    async with line.db.transaction() as session:
        (owner,) = await cast(session, line, "王芳")
        ticket = await done(session, line, owner)
        await estate.act(session, line, owner, Action.OWNER_ACCEPTS, ticket.id)
        hers = select(Person.id).where(Person.name == "王芳").scalar_subquery()
        await session.execute(update(Address).where(Address.person_id == hers).values(gone_at=line.now))
    await line.advance(timedelta(hours=5))
    async with line.db.reading() as session:
        assert (await reasons(session, ticket), await owed(session, ticket)) == (["unreachable"], [("unsent", "08")])


async def test_an_unanswered_survey_becomes_a_call_unless_the_ticket_goes_on(quick_line: Line) -> None:
    line = quick_line
    async with line.db.transaction() as session:
        (owner,) = await cast(session, line, "王芳")
        ticket = await done(session, line, owner)
        await estate.act(session, line, owner, Action.OWNER_ACCEPTS, ticket.id)
    await line.advance(timedelta(days=8))
    async with line.db.transaction() as session:
        assert await owed(session, ticket) == [("unanswered", "08")]
        (owner,) = await cast(session, line, "王芳")
        await session.execute(update(Ticket).values(closed_at=line.now))
        await estate.act(session, line, owner, Action.OWNER_RETURNS, ticket.id)
        dropped = (await session.execute(select(FollowUp.result, FollowUp.done_at))).one()
        assert tuple(dropped) == ("overtaken", line.now)
