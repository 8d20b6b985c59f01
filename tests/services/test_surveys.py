"""Surveys: once per ticket and cycle, only after the owner's word, kept as sums for whom they are about."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from services import surveys
from services.actors import Actor
from services.db import Session
from services.models import Address, FollowUp, Prompt, Staff, Survey, Ticket
from services.refusals import NotFound
from services.settings import Policy
from services.surveys import SurveyOver
from services.tickets.rules import Action
from tests.support import estate
from tests.support.line import Line


async def accepted(line: Line, *, name: str = "王芳") -> tuple[int, int]:
    """Take a ticket to the owner's acceptance; return ticket and survey."""
    async with line.db.transaction() as session:
        owner = await estate.actor_of(session, line, await estate.web_of(session, name))
        engineer = await estate.actor_of(session, line, await estate.web_of(session, "王师傅"))
        ticket = await estate.filed(session, line, owner)
        await estate.act(session, line, engineer, Action.ACCEPT, ticket.id)
        await estate.act(session, line, engineer, Action.DONE, ticket.id, words="换了")
        await estate.act(session, line, owner, Action.OWNER_ACCEPTS, ticket.id)
        survey = await session.scalar(select(Survey.id).where(Survey.ticket_id == ticket.id))
        assert survey is not None
        return ticket.id, survey


async def actor(session: Session, line: Line, name: str) -> Actor:
    return await estate.actor_of(session, line, await estate.web_of(session, name))


async def answer(session: Session, line: Line, who: str, survey: int, score: int, words: str = "") -> FollowUp | None:
    return await surveys.answer(
        session,
        await actor(session, line, who),
        survey_id=survey,
        score=score,
        words=words,
        now=line.now,
        policy=Policy(),
    )


async def test_it_is_asked_once_some_hours_after_the_owner_accepted(line: Line) -> None:
    _, survey = await accepted(line)
    await line.advance(timedelta(hours=3, minutes=50))
    async with line.db.reading() as session:
        assert await session.scalar(select(Survey.state)) == "waiting"
    await line.advance(timedelta(hours=1))
    async with line.db.transaction() as session:
        assert await session.scalar(select(Survey.state)) == "asked"
        assert not await surveys.ask_now(session, survey_id=survey, now=line.now, policy=Policy())
        assert await session.scalar(select(func.count()).where(Prompt.form == "survey")) == 1


async def test_at_night_it_rests_until_the_morning(line: Line) -> None:
    await line.advance(timedelta(hours=10))  # 19:00
    await accepted(line)
    await line.advance(timedelta(hours=8))
    async with line.db.reading() as session:
        assert await session.scalar(select(Survey.state)) == "waiting"
    await line.advance(timedelta(hours=6))
    async with line.db.reading() as session:
        assert await session.scalar(select(Survey.state)) == "asked"


async def test_who_can_no_longer_be_reached_is_not_asked(line: Line) -> None:
    await accepted(line)
    async with line.db.transaction() as session:
        await session.execute(update(Address).values(gone_at=line.now))
    await line.advance(timedelta(hours=6))
    async with line.db.reading() as session:
        assert (await session.execute(select(Survey.state, Survey.why))).one() == ("expired", "unreachable")


async def test_an_answer_ends_it_and_another_is_refused(line: Line) -> None:
    _, survey = await accepted(line)
    async with line.db.transaction() as session:
        assert await answer(session, line, "王芳", survey, 5, "很好") is None
        with pytest.raises(SurveyOver):
            await answer(session, line, "王芳", survey, 1)
        row = await session.get(Survey, survey)
        assert row is not None
        assert (row.score, row.words, row.state, row.fixed) == (5, "很好", "answered", True)
    await line.advance(timedelta(days=3))
    async with line.db.reading() as session:
        assert await session.scalar(select(func.count()).where(Prompt.form == "survey")) == 0


async def test_somebody_elses_survey_is_not_there(line: Line) -> None:
    _, survey = await accepted(line)
    async with line.db.transaction() as session:
        with pytest.raises(NotFound):
            await answer(session, line, "赵敏", survey, 5)
        with pytest.raises(NotFound):
            await answer(session, line, "王芳", 999, 5)


@pytest.mark.parametrize(("score", "unhappy"), [(5, False), (3, False), (2, True), (1, True)])
async def test_a_low_score_owes_a_call_with_a_deadline(line: Line, score: int, unhappy: bool) -> None:
    _, survey = await accepted(line)
    async with line.db.transaction() as session:
        owed = await answer(session, line, "王芳", survey, score, "等太久")
        assert (owed is not None) == unhappy
        if owed is not None:
            badge = await session.scalar(select(Staff.badge).where(Staff.id == owed.staff_id))
            assert (badge, owed.due_at) == ("03", line.now + timedelta(hours=Policy().surveys.follow_up_hours))


async def test_an_engineer_sees_his_scores_as_sums_only(line: Line) -> None:
    async with line.db.reading() as session:
        staff = await session.scalar(select(Staff.id).where(Staff.badge == "27"))
        assert staff is not None
        assert await surveys.sums_of(session, staff_id=staff) == surveys.Sum(0, 0)
    for score in (5, 4):
        _, survey = await accepted(line)
        async with line.db.transaction() as session:
            await answer(session, line, "王芳", survey, score)
    async with line.db.reading() as session:
        assert await surveys.sums_of(session, staff_id=staff) == surveys.Sum(2, 45)


async def test_a_score_that_comes_with_the_acceptance_is_kept_and_only_once(line: Line) -> None:
    ticket_id, _ = await accepted(line)
    async with line.db.transaction() as session:
        ticket = await session.get(Ticket, ticket_id)
        assert ticket is not None
        await surveys.answer_at_once(session, ticket=ticket, score=4, now=line.now, policy=Policy())
        await session.flush()
        again = await surveys.answer_at_once(session, ticket=ticket, score=1, now=line.now, policy=Policy())
        assert (await session.scalar(select(Survey.score)), again) == (4, None)


async def test_an_expired_survey_takes_its_question_along(line: Line) -> None:
    _, survey = await accepted(line)
    await line.advance(timedelta(hours=6))
    async with line.db.transaction() as session:
        await surveys.expire(session, survey_id=survey, now=line.now, policy=Policy())
        await session.flush()
        await surveys.expire(session, survey_id=survey, now=line.now, policy=Policy())
        assert not await surveys.still_wanted(session, survey)
        assert not await surveys.remind(session, survey_id=survey, now=line.now)
        assert await session.scalar(select(Prompt.state).where(Prompt.form == "survey")) == "expired"
