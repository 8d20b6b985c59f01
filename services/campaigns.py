"""A survey of all owners: begun by a manager, sent in small parts, answered question by question, ended by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from services import conversations, db, people, questions, timers
from services.actors import Actor, House, Role, Tie
from services.db import Session
from services.messages import Choice, T, When
from services.models import Campaign, CampaignAnswer, CampaignPerson, FollowUp, Occupancy, Unit
from services.outbox import Priority, To
from services.questions import Kind, Question, Questions
from services.refusals import NotAllowed, NotFound, Refused
from services.settings import Policy
from services.tickets import followups

SUBJECT = "campaign"
CHUNK = 50  # owners a transaction
BETWEEN = timedelta(seconds=5)
WAITING = ("invited", "answering", "later")  # who may still answer


class Running(Refused):
    """One survey of all owners at a time."""

    key = "refused.campaign_running"


class NobodyThere(Refused):
    """No owner can be reached."""

    key = "refused.campaign_nobody"


class CampaignOver(Refused):
    """It has ended, or the person wants no more of it."""

    key = "refused.campaign_over"


@dataclass(frozen=True, slots=True)
class Reach:
    """How many owners a survey would reach, and how many not."""

    reached: int
    unreached: int


async def reach(session: Session, *, community_id: int) -> Reach:
    """Count without sending anything."""
    reached = unreached = after = 0
    while found := await _owners(session, community_id, after):
        there = await people.addresses_of(session, list(found))
        reached, unreached, after = reached + len(there), unreached + len(found) - len(there), max(found)
    return Reach(reached, unreached)


async def ready(session: Session, actor: Actor, *, community_id: int) -> Reach:
    """See that a survey may begin, and count whom it reaches; raises `NotAllowed`, `Running`, `NobodyThere`."""
    if not actor.system and (actor.staff is None or actor.staff.role != Role.MANAGER):
        raise NotAllowed
    runs = Campaign.community_id == community_id, Campaign.state == "running"
    if await session.scalar(select(Campaign.id).where(*runs)) is not None:
        raise Running
    found = await reach(session, community_id=community_id)
    if not found.reached:
        raise NobodyThere
    return found


async def start(
    session: Session, actor: Actor, *, house: House, asked: Questions, now: datetime, policy: Policy
) -> Campaign:
    """Begin a survey of all owners; raises `NotAllowed`, `Running`, `NobodyThere`."""
    await ready(session, actor, community_id=house.id)
    row = {
        "community_id": house.id,
        "state": "running",
        "questions": questions.pack(asked),
        "started_by": actor.person_id,
        "started_at": now,
        "expires_at": now + timedelta(days=policy.surveys.campaign_days),
    }
    added = (await db.insert_once(session, Campaign, row, Campaign.id)).scalar_one_or_none()
    if added is None:
        raise Running
    campaign = await session.get_one(Campaign, added)
    await _at(session, campaign, "campaign.send", now)
    remind_at = now + timedelta(days=policy.surveys.campaign_remind_days)
    if remind_at < campaign.expires_at:
        await _at(session, campaign, "campaign.remind", remind_at)
    await _at(session, campaign, "campaign.end", campaign.expires_at)
    return campaign


async def _at(session: Session, campaign: Campaign, kind: str, due_at: datetime) -> None:
    await timers.move(
        session,
        key=f"{SUBJECT}:{campaign.id}:{kind}",
        kind=kind,
        subject=SUBJECT,
        subject_id=campaign.id,
        due_at=due_at,
        community_id=campaign.community_id,
    )


async def _owners(session: Session, community_id: int, after: int) -> dict[int, str]:
    """Return the next owners after a person, each once, with the building of his first home."""
    person_id = Occupancy.person_id
    owns = Occupancy.community_id == community_id, Occupancy.role == Tie.OWNER, Occupancy.status == "active"
    chunk = select(person_id).where(*owns, person_id > after).distinct().order_by(person_id).limit(CHUNK)
    rows = await session.execute(
        select(person_id, Unit.building)
        .join(Unit, Unit.id == Occupancy.unit_id)
        .where(*owns, person_id.in_(chunk))
        .order_by(person_id, Unit.id.desc())
    )
    return {row[0]: row[1] for row in rows}


async def _running(session: Session, campaign_id: int) -> Campaign | None:
    """Return a survey that runs, locked until the transaction ends."""
    found = await session.get(Campaign, campaign_id, with_for_update=True)
    return found if found is not None and found.state == "running" else None


async def send(session: Session, *, campaign_id: int, now: datetime, policy: Policy) -> None:  # noqa: ARG001
    """Invite the next owners, and set the timer for those after them."""
    campaign = await _running(session, campaign_id)
    if campaign is None:
        return
    found = await _owners(session, campaign.community_id, campaign.sent_to)
    if not found:
        return
    there = await people.addresses_of(session, list(found))
    rows = [_person(campaign, one, building, now, reached=one in there) for one, building in found.items()]
    added = await db.insert_once(session, CampaignPerson, rows, CampaignPerson.person_id)
    new = set(added.scalars())
    for one, to in there.items():
        if one in new:
            await _say(session, campaign, one, to, "invite", now)
    campaign.sent_to = max(found)
    await _at(session, campaign, "campaign.send", now + BETWEEN)


def _person(campaign: Campaign, person_id: int, building: str, now: datetime, *, reached: bool) -> dict[str, Any]:
    return {
        "community_id": campaign.community_id,
        "campaign_id": campaign.id,
        "person_id": person_id,
        "building": building,
        "state": "invited" if reached else "unreachable",
        "invited_at": now if reached else None,
    }


async def _say(session: Session, campaign: Campaign, person_id: int, to: To, what: str, now: datetime) -> None:
    """Invite somebody, or remind him once: nothing is asked before he says yes."""
    begin = T("campaign.begin") if what == "invite" else T("campaign.go_on")
    text = T(f"campaign.{what}", count=len(campaign.questions), until=When(campaign.expires_at))
    rows = [[Choice(begin, f"go:survey:go {campaign.id}"), Choice(T("campaign.no"), f"go:survey:no {campaign.id}")]]
    await conversations.tell(
        session,
        to=to,
        key=f"{SUBJECT}:{campaign.id}:{person_id}:{what}",
        text=text,
        rows=rows,
        priority=Priority.SURVEY,
        person_id=person_id,
        expires_at=campaign.expires_at,
        still_wanted=f"{SUBJECT}:{campaign.id}",
        now=now,
    )


async def remind(session: Session, *, campaign_id: int, now: datetime) -> None:
    """Remind the next of those who have not answered everything, each once."""
    campaign = await _running(session, campaign_id)
    if campaign is None:
        return
    waits = CampaignPerson.state.in_(WAITING), CampaignPerson.person_id > campaign.reminded_to
    mine = CampaignPerson.campaign_id == campaign.id, *waits
    statement = select(CampaignPerson).where(*mine).order_by(CampaignPerson.person_id).limit(CHUNK)
    found = (await session.scalars(statement)).all()
    if not found:
        return
    there = await people.addresses_of(session, [one.person_id for one in found])
    for one in found:
        if one.person_id in there:
            one.reminded_at = now
            await _say(session, campaign, one.person_id, there[one.person_id], "remind", now)
    campaign.reminded_to = found[-1].person_id
    await _at(session, campaign, "campaign.remind", now + BETWEEN)


async def end(session: Session, *, campaign_id: int, now: datetime) -> None:  # noqa: ARG001
    """End a survey: what comes later is an ordinary message."""
    campaign = await _running(session, campaign_id)
    if campaign is not None:
        campaign.state = "over"
        await conversations.end_where(session, key_prefix=f"choose:{SUBJECT}:{campaign.id}:", state="expired")


async def still_wanted(session: Session, campaign_id: int) -> bool:
    """Whether the survey still runs, asked at the moment of sending."""
    return await session.scalar(select(Campaign.state).where(Campaign.id == campaign_id)) == "running"


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody stands: the question that comes next, its number, of how many."""

    campaign: Campaign
    question: Question | None
    number: int
    count: int


async def place(session: Session, actor: Actor, *, campaign_id: int) -> Place:
    """Return the next question of the person; raises `NotFound`, `CampaignOver`."""
    campaign, _ = await _mine(session, actor, campaign_id)
    return await _place(session, actor, campaign)


async def _mine(session: Session, actor: Actor, campaign_id: int) -> tuple[Campaign, CampaignPerson]:
    whose = CampaignPerson.campaign_id == campaign_id, CampaignPerson.person_id == actor.person_id
    mine = (await session.scalars(select(CampaignPerson).where(*whose).with_for_update())).one_or_none()
    campaign = await session.get(Campaign, campaign_id)
    if mine is None or campaign is None:
        raise NotFound
    if campaign.state != "running" or mine.state not in WAITING:
        raise CampaignOver
    return campaign, mine


async def _place(session: Session, actor: Actor, campaign: Campaign) -> Place:
    asked = questions.read(campaign.questions)
    given = await _answered(session, actor, campaign)
    left = [(number, one) for number, one in enumerate(asked, 1) if one.key not in given]
    number, question = left[0] if left else (len(asked), None)
    return Place(campaign, question, number, len(asked))


async def _answered(session: Session, actor: Actor, campaign: Campaign) -> dict[str, int | None]:
    his = CampaignAnswer.campaign_id == campaign.id, CampaignAnswer.person_id == actor.person_id
    found = await session.execute(select(CampaignAnswer.question, CampaignAnswer.score).where(*his))
    return {row[0]: row[1] for row in found}


async def latest(session: Session, actor: Actor) -> int | None:
    """Return the running survey that waits for the person, if any."""
    waits = CampaignPerson.person_id == actor.person_id, CampaignPerson.state.in_(WAITING), Campaign.state == "running"
    of = CampaignPerson.campaign_id == Campaign.id, Campaign.community_id == actor.community_id
    return await session.scalar(select(Campaign.id).where(*of, *waits).limit(1))


async def answer(
    session: Session, actor: Actor, *, campaign_id: int, question: str, score: int | None, words: str, now: datetime
) -> Place:
    """Keep an answer, the first one to a question, and return where the person stands then. Raises `Refused`."""
    campaign, mine = await _mine(session, actor, campaign_id)
    row = {
        "community_id": campaign.community_id,
        "campaign_id": campaign.id,
        "person_id": mine.person_id,
        "question": question,
        "score": score,
        "words": words or None,
        "at": now,
    }
    if any(one["key"] == question for one in campaign.questions):
        await db.insert_once(session, CampaignAnswer, row)
    mine.state = "answering"
    found = await _place(session, actor, campaign)
    if found.question is None:
        mine.state, mine.ended_at = "finished", now
    return found


async def unhappy(session: Session, actor: Actor, *, campaign: Campaign, policy: Policy) -> Sequence[str]:
    """Return the lines of service that the person scored low: somebody may call him, if he likes."""
    given = await _answered(session, actor, campaign)
    low = policy.surveys.unhappy_at_most
    scored = [one for one in questions.read(campaign.questions) if one.kind is Kind.SCORE]
    return list(dict.fromkeys(str(one.line) for one in scored if (given.get(one.key) or low + 1) <= low))


async def call_me(
    session: Session, actor: Actor, *, campaign_id: int, now: datetime, policy: Policy
) -> FollowUp | None:
    """Let a lead call the person about what he is not content with; he has said yes. None: planned before."""
    campaign = await session.get(Campaign, campaign_id)
    whose = CampaignPerson.campaign_id == campaign_id, CampaignPerson.person_id == actor.person_id
    took_part = await session.scalar(select(func.count()).select_from(CampaignPerson).where(*whose))
    if campaign is None or actor.person_id is None or not took_part:
        raise NotFound
    topics = await unhappy(session, actor, campaign=campaign, policy=policy)
    return await followups.plan_on_request(
        session,
        community_id=campaign.community_id,
        campaign_id=campaign.id,
        person_id=actor.person_id,
        topics=topics,
        now=now,
        policy=policy,
    )


async def leave(session: Session, actor: Actor, *, campaign_id: int, for_good: bool, now: datetime) -> None:
    """Let the person go on later, or never; what he has answered counts. Raises `Refused`."""
    _, mine = await _mine(session, actor, campaign_id)
    mine.state = "stopped" if for_good else "later"
    mine.ended_at = now if for_good else None
