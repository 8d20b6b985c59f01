"""Surveys of all owners: one at a time, each owner invited once, whoever stops is left alone, nobody is recognised."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from services import actors, campaign_results, campaigns, questions
from services.actors import Actor
from services.db import Session
from services.models import Campaign, CampaignPerson, FollowUp, Occupancy, Outgoing, Person, Unit
from services.questions import Kind, Question
from services.questions import Line as Service
from services.refusals import NotAllowed, NotFound
from services.settings import Policy, Surveys
from tests.support import estate
from tests.support.line import Line

ASKED = questions.load()
SMALL = Policy(surveys=Surveys(small_group=2))
TEXT = {"zh_Hans": "?", "zh_Hant": "?", "en": "?"}


async def actor(session: Session, line: Line, name: str) -> Actor:
    return await estate.actor_of(session, line, await estate.web_of(session, name))


async def begun(session: Session, line: Line, asked: questions.Questions = ASKED) -> Campaign:
    for name in ("王芳", "吴海", "张福全"):
        await estate.web_of(session, name)
    manager = await actor(session, line, "孙经理")
    assert manager.house is not None
    return await campaigns.start(session, manager, house=manager.house, asked=asked, now=line.now, policy=Policy())


async def say(
    session: Session, line: Line, who: Actor, campaign_id: int, question: str, score: int | None, words: str = ""
) -> campaigns.Place:
    return await campaigns.answer(
        session, who, campaign_id=campaign_id, question=question, score=score, words=words, now=line.now
    )


async def test_it_goes_to_every_owner_once_and_a_second_one_waits_until_it_is_over(line: Line) -> None:
    async with line.db.transaction() as session:
        lead = await actor(session, line, "老赵")
        assert lead.house is not None
        with pytest.raises(NotAllowed):
            await campaigns.ready(session, lead, community_id=lead.house.id)
        campaign = await begun(session, line)
        with pytest.raises(campaigns.Running):
            await begun(session, line)
    await line.advance(timedelta(minutes=2))
    async with line.db.transaction() as session:
        owners = select(func.count(Occupancy.person_id.distinct())).where(
            Occupancy.role == "owner", Occupancy.status == "active"
        )
        assert await session.scalar(select(func.count()).select_from(CampaignPerson)) == await session.scalar(owners)
        invited = select(func.count()).where(Outgoing.key.like(f"campaign:{campaign.id}:%:invite"))
        before = await session.scalar(invited)
        row = await session.get_one(Campaign, campaign.id)
        row.sent_to = 0  # as if a sender had died before its cursor was kept
        await session.flush()
        await campaigns.send(session, campaign_id=campaign.id, now=line.now, policy=Policy())
        assert await session.scalar(invited) == before == 3
    await line.advance(timedelta(days=15))
    async with line.db.transaction() as session:
        assert not await campaigns.still_wanted(session, campaign.id)
        reminded = select(func.count()).where(Outgoing.key.like(f"campaign:{campaign.id}:%:remind"))
        assert await session.scalar(reminded) == 3
        her = await actor(session, line, "王芳")
        with pytest.raises(campaigns.CampaignOver):
            await campaigns.place(session, her, campaign_id=campaign.id)
        for work in (campaigns.remind, campaigns.end):
            await work(session, campaign_id=campaign.id, now=line.now)
        await campaigns.send(session, campaign_id=campaign.id, now=line.now, policy=Policy())
        await begun(session, line)


async def test_the_first_answer_to_a_question_counts_and_who_stops_is_left_alone(quick_line: Line) -> None:
    line = quick_line
    async with line.db.transaction() as session:
        campaign = await begun(session, line)
    await line.advance(timedelta(minutes=2))
    async with line.db.transaction() as session:
        her, him, other = [await actor(session, line, name) for name in ("王芳", "吴海", "小李")]
        with pytest.raises(NotFound):
            await campaigns.place(session, other, campaign_id=campaign.id)
        await say(session, line, her, campaign.id, "reception", 1)
        place = await say(session, line, her, campaign.id, "reception", 5)
        assert (place.number, place.count, place.question) == (2, len(ASKED), ASKED[1])
        await say(session, line, her, campaign.id, "no such question", 5)
        assert await campaigns.unhappy(session, her, campaign=campaign, policy=Policy()) == ["reception"]
        await campaigns.leave(session, him, campaign_id=campaign.id, for_good=True, now=line.now)
        await session.flush()
        with pytest.raises(campaigns.CampaignOver):
            await say(session, line, him, campaign.id, "reception", 5)
        assert await campaigns.latest(session, him) is None
        assert await campaigns.latest(session, her) == campaign.id
    await line.advance(timedelta(days=5))
    async with line.db.reading() as session:
        reminded = select(CampaignPerson.person_id).where(CampaignPerson.reminded_at.is_not(None))
        assert him.person_id not in (await session.scalars(reminded)).all()


async def test_who_says_yes_is_called_once_and_only_who_took_part(quick_line: Line) -> None:
    line = quick_line
    async with line.db.transaction() as session:
        campaign = await begun(session, line)
    await line.advance(timedelta(minutes=2))
    async with line.db.transaction() as session:
        her, stranger = await actor(session, line, "王芳"), await actor(session, line, "小李")
        await say(session, line, her, campaign.id, "cleaning", 2)
        for planned in (True, False):
            row = await campaigns.call_me(session, her, campaign_id=campaign.id, now=line.now, policy=Policy())
            assert (row is not None) == planned
        kept = (await session.scalars(select(FollowUp))).one()
        assert (kept.ticket_id, kept.person_id, kept.topics) == (None, her.person_id, "cleaning")
        with pytest.raises(NotFound):
            await campaigns.call_me(session, stranger, campaign_id=campaign.id, now=line.now, policy=Policy())
    await line.advance(timedelta(hours=30))
    async with line.db.reading() as session:
        told = await session.scalars(select(Outgoing.payload).where(Outgoing.key.contains("overdue")))
        assert all("staff.overdue.campaign" in str(payload) for payload in told.all())


async def test_no_owner_to_be_reached_is_said_instead_of_beginning(quick_line: Line) -> None:
    async with quick_line.db.transaction() as session:
        manager = await actor(session, quick_line, "孙经理")
        assert manager.house is not None
        await session.execute(update(Occupancy).values(status="ended"))
        with pytest.raises(campaigns.NobodyThere):
            await campaigns.ready(session, manager, community_id=manager.house.id)


async def test_results_count_by_line_and_building_and_leave_small_groups_out(quick_line: Line) -> None:
    line = quick_line
    asked = (
        Question("desk", Service.RECEPTION, Kind.SCORE, TEXT),
        Question("gate", Service.SECURITY, Kind.YES_NO, TEXT),
        Question("more", Service.GENERAL, Kind.WORDS, TEXT),
    )
    async with line.db.transaction() as session:
        lead, owner = await actor(session, line, "老赵"), await actor(session, line, "王芳")
        assert lead.house is not None
        house = lead.house.id
        with pytest.raises(NotFound):
            await campaign_results.of_latest(session, lead, community_id=house, policy=SMALL)
        campaign = await begun(session, line, asked)
        unit = (await session.scalars(select(Unit).order_by(Unit.id).limit(1))).one()
        for number, (building, score) in enumerate((("1", 5), ("1", 4), ("1", 2), ("2", 1), ("2", 3), ("3", 5))):
            person = Person(name=f"某人{number}", created_at=line.now)
            session.add(person)
            await session.flush()
            mine = {"community_id": unit.community_id, "campaign_id": campaign.id, "person_id": person.id}
            session.add(CampaignPerson(**mine, building=building, state="invited", invited_at=line.now))
            await session.flush()
            him = actors.Actor(None, person.id, lead.house, "zh_Hans")
            await say(session, line, him, campaign.id, "desk", score)
            await say(session, line, him, campaign.id, "gate", score % 2)
            await say(session, line, him, campaign.id, "more", None, f"话{number}")
        with pytest.raises(NotAllowed):
            await campaign_results.of_latest(session, owner, community_id=house, policy=SMALL)
        found = await campaign_results.of_latest(session, lead, community_id=house, policy=SMALL)
        assert (found.invited, found.answered, found.reply_percent, found.over) == (6, 6, 100, False)
        tallies = [(row.tally.satisfied, row.tally.answers) for row in found.rows if row.tally]
        assert tallies == [(3, 6), (4, 6)]
        shown = {one.name: one.answered for one in found.buildings}
        assert shown == {"1": 3, "2": None, "3": None}  # 2 would tell what 3 said
        assert found.buildings[0].all == campaign_results.Tally(3, 2)
        assert len(found.words) == 6
        few = await campaign_results.of_latest(
            session, lead, community_id=house, policy=Policy(surveys=Surveys(small_group=7))
        )
        assert (few.buildings, few.words, [row.tally for row in few.rows]) == ((), (), [None, None])


@given(st.dictionaries(st.text("123456789", min_size=1, max_size=2), st.integers(0, 40)), st.integers(2, 10))
def test_what_is_left_out_is_nobody_or_a_crowd(answers: dict[str, int], least: int) -> None:
    shown = campaign_results.shown(answers, least)
    assert all(answers[name] >= least for name in shown)
    hidden = sum(count for name, count in answers.items() if name not in shown)
    assert hidden == 0 or hidden >= least or not shown
