"""What a survey of all owners brought: by line of service and by building, so that nobody is recognised."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from services import questions
from services.actors import Actor
from services.db import Session
from services.models import Campaign, CampaignAnswer, CampaignPerson
from services.questions import Kind, Question
from services.refusals import NotAllowed, NotFound
from services.settings import Policy

SATISFIED = 4  # of 5, and above
MOST_WORDS = 10


class NoCampaign(NotFound):
    """Owners were never asked yet."""

    key = "refused.no_campaign"


@dataclass(frozen=True, slots=True)
class Tally:
    """Answers to a question, and how many of them are content (of yes and no: yes)."""

    answers: int
    satisfied: int

    @property
    def percent(self) -> int:
        """The share of the content in whole percents; 0 of none."""
        return round(100 * self.satisfied / self.answers) if self.answers else 0


@dataclass(frozen=True, slots=True)
class Row:
    """A question with its tally; None: too few answered it."""

    question: Question
    tally: Tally | None


@dataclass(frozen=True, slots=True)
class Building:
    """A building: how many were invited and answered; None: too few, nothing is said of them."""

    name: str
    invited: int
    answered: int | None
    rows: Sequence[Row]
    all: Tally | None


@dataclass(frozen=True, slots=True)
class Results:
    """All that is told of a survey."""

    started_at: datetime
    expires_at: datetime
    over: bool
    invited: int
    unreached: int
    answered: int
    rows: Sequence[Row]
    buildings: Sequence[Building]
    words: Sequence[str]

    @property
    def reply_percent(self) -> int:
        """How many of those invited answered at least one question, in whole percents."""
        return round(100 * self.answered / self.invited) if self.invited else 0


Counted = Mapping[str, Mapping[str, Tally]]  # by building, by question


async def of_latest(session: Session, actor: Actor, *, community_id: int, policy: Policy) -> Results:
    """Return the results of the latest survey, to those who lead; raises `NotAllowed`, `NoCampaign`."""
    if not (actor.is_lead or actor.system):
        raise NotAllowed
    newest = select(Campaign).where(Campaign.community_id == community_id).order_by(Campaign.id.desc()).limit(1)
    campaign = (await session.scalars(newest)).one_or_none()
    if campaign is None:
        raise NoCampaign
    asked = questions.read(campaign.questions)
    least = policy.surveys.small_group
    invited, unreached = await _invited(session, campaign)
    answered = await _who_answered(session, campaign)
    counted = await _counted(session, campaign, asked)
    total = sum(answered.values())
    scored = [one for one in asked if one.kind is not Kind.WORDS]
    return Results(
        started_at=campaign.started_at,
        expires_at=campaign.expires_at,
        over=campaign.state != "running",
        invited=sum(invited.values()),
        unreached=unreached,
        answered=total,
        rows=[Row(one, _enough(_sum(counted, one.key), least)) for one in scored],
        buildings=_buildings(invited, answered, counted, scored, least) if total >= least else (),
        words=await _words(session, campaign) if total >= least else (),
    )


async def _invited(session: Session, campaign: Campaign) -> tuple[Mapping[str, int], int]:
    state, building = CampaignPerson.state, CampaignPerson.building
    rows = await session.execute(
        select(building, state, func.count()).where(CampaignPerson.campaign_id == campaign.id).group_by(building, state)
    )
    invited, unreached = defaultdict[str, int](int), 0
    for name, how, count in rows:
        if how == "unreachable":
            unreached += int(count)
        else:
            invited[name] += int(count)
    return invited, unreached


async def _who_answered(session: Session, campaign: Campaign) -> Mapping[str, int]:
    """Count who answered at least one question, by building."""
    person = CampaignPerson
    said = (
        select(CampaignAnswer.id)
        .where(CampaignAnswer.campaign_id == person.campaign_id, CampaignAnswer.person_id == person.person_id)
        .exists()
    )
    mine = select(person.building, func.count()).where(person.campaign_id == campaign.id, said)
    return {row[0]: int(row[1]) for row in await session.execute(mine.group_by(person.building))}


async def _counted(session: Session, campaign: Campaign, asked: Sequence[Question]) -> Counted:
    """Count answers and content ones by building and question; no person leaves the database."""
    person, given = CampaignPerson, CampaignAnswer
    rows = await session.execute(
        select(person.building, given.question, given.score, func.count())
        .join(person, (person.campaign_id == given.campaign_id) & (person.person_id == given.person_id))
        .where(given.campaign_id == campaign.id, given.score.is_not(None))
        .group_by(person.building, given.question, given.score)
    )
    content = {one.key: SATISFIED if one.kind is Kind.SCORE else 1 for one in asked}
    found: dict[str, dict[str, Tally]] = defaultdict(dict)
    for building, question, score, count in rows:
        before = found[building].get(question, Tally(0, 0))
        happy = int(count) if score is not None and score >= content.get(question, SATISFIED) else 0
        found[building][question] = Tally(before.answers + int(count), before.satisfied + happy)
    return found


def _sum(counted: Counted, question: str) -> Tally:
    here = [tallies[question] for tallies in counted.values() if question in tallies]
    return _total(here)


def _total(tallies: Sequence[Tally]) -> Tally:
    return Tally(sum(one.answers for one in tallies), sum(one.satisfied for one in tallies))


def _enough(tally: Tally, least: int) -> Tally | None:
    return tally if tally.answers >= least else None


def shown(answers: Mapping[str, int], least: int) -> frozenset[str]:
    """Return which groups may stand by themselves: none is small, nor can a small one be had by subtracting.

    What is left out together has no answers at all, or so many that nobody is recognised in it.
    """
    by_size = sorted(answers, key=lambda name: (answers[name], name))
    out = [name for name in by_size if 0 < answers[name] < least]
    rest = [name for name in by_size if answers[name] >= least]
    while out and rest and sum(answers[name] for name in out) < least:
        out.append(rest.pop(0))
    return frozenset(rest)


def _buildings(
    invited: Mapping[str, int],
    answered: Mapping[str, int],
    counted: Counted,
    scored: Sequence[Question],
    least: int,
) -> Sequence[Building]:
    """Lay out the buildings; a question is left out where too few of one answered it."""
    large = shown(answered, least)
    by_question = {
        one.key: shown({name: counted.get(name, {}).get(one.key, Tally(0, 0)).answers for name in answered}, least)
        for one in scored
    }
    found = []
    for name in sorted(invited, key=lambda name: (len(name), name)):
        tallies = counted.get(name, {})
        kept = [
            Row(one, tallies.get(one.key) if name in large and name in by_question[one.key] else None) for one in scored
        ]
        whole = _total([row.tally for row in kept if row.tally is not None and row.question.kind is Kind.SCORE])
        big = name in large
        found.append(Building(name, invited[name], answered[name] if big else None, kept, whole if big else None))
    return found


async def _words(session: Session, campaign: Campaign) -> Sequence[str]:
    """Return what was written, the newest first, without whose it is."""
    said = CampaignAnswer.campaign_id == campaign.id, CampaignAnswer.words.is_not(None)
    newest = select(CampaignAnswer.words).where(*said).order_by(CampaignAnswer.at.desc()).limit(MOST_WORDS)
    return [words for words in await session.scalars(newest) if words]
