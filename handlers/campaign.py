"""The survey of all owners in chat: begun by a manager, answered a tap at a time, its results for those who lead."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from handlers import repair
from handlers.answers import Answers, Question, filled, pick
from handlers.answers import words as free_words
from handlers.form import Form
from handlers.turn import Turn
from services import campaign_results, campaigns, conversations
from services.campaign_results import Building, Results, Row
from services.campaigns import Place
from services.catalog import said
from services.conversations import Option
from services.messages import Choice, Reply, Start, Style, T, Text, When, joined, lines, plain, reply
from services.questions import Kind
from services.refusals import NotAllowed
from services.understanding.intents import Intent

LATER = "later"
MOST_QUOTED = 5


async def command(turn: Turn, rest: str) -> Reply:
    """Go on with the survey that waits; `/survey start` and `/survey results` are for those who lead."""
    verb, _, which = rest.strip().partition(" ")
    if verb == "start":
        return await _offer(turn)
    if verb == "results":
        return await _results(turn, which.strip())
    if verb in {"go", "no"} and which.isdecimal() and which.isascii():
        return await (go_on(turn, int(which)) if verb == "go" else _stop(turn, int(which)))
    waiting = await campaigns.latest(turn.session, turn.actor)
    if waiting is not None:
        return await go_on(turn, waiting)
    return reply(T("campaign.how" if turn.actor.is_lead else "campaign.none"))


async def go_on(turn: Turn, campaign_id: int) -> Reply:
    """Ask the next question; one that is open already is asked again."""
    place = await campaigns.place(turn.session, turn.actor, campaign_id=campaign_id)
    for prompt in await conversations.open_prompts(turn.session, address_id=turn.actor.to.address_id):
        if prompt.form == TakeCampaign.name and not (prompt.expires_at and prompt.expires_at <= turn.now):
            if place.question is not None and prompt.given.get("question") == place.question.key:
                return Reply(again=prompt.id)
            prompt.state = "cancelled"
    return await _next(turn, place, "")


async def _next(turn: Turn, place: Place, words: str) -> Reply:
    """Ask what comes next; after the last question whether somebody may call, where something is wrong."""
    if place.question is not None:
        text = said(place.question.text, turn.actor.locale)
        given = {"campaign": place.campaign.id, "question": place.question.key, "kind": place.question.kind.value}
        return Reply(then=Start("campaign", {**given, "text": text, "number": place.number, "count": place.count}))
    topics = await campaigns.unhappy(turn.session, turn.actor, campaign=place.campaign, policy=turn.policy)
    if topics:
        return Reply(then=Start("campaign_call", {"campaign": place.campaign.id, "topics": topics, "words": words}))
    return await _ended(turn, T("campaign.thanks"), words)


async def _ended(turn: Turn, text: T, words: str) -> Reply:
    """Thank; words that name something broken become the draft of a repair, so that it is mended, too."""
    if words:
        wrote = dataclasses.replace(turn, inbound=dataclasses.replace(turn.inbound, text=words, tap="", media=()))
        reading = wrote.understood()
        if reading.intent is Intent.REPAIR and reading.confident:
            known = await repair.known_from(wrote, reading)
            return dataclasses.replace(reply(text), then=Start("repair", known))
    return reply(text)


async def _stop(turn: Turn, campaign_id: int) -> Reply:
    await campaigns.leave(turn.session, turn.actor, campaign_id=campaign_id, for_good=True, now=turn.now)
    return reply(T("campaign.stopped"))


def _is_scored(so_far: Answers) -> bool:
    return so_far.get("kind") != Kind.WORDS


def _is_worded(so_far: Answers) -> bool:
    return not _is_scored(so_far)


async def _answers(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    later = Option(LATER, T("campaign.later"), "0")
    if so_far.get("kind") == Kind.YES_NO:
        return [Option("1", T("campaign.yes"), "1"), Option("0", T("campaign.not"), "2"), later]
    return [*(Option(digit, T(f"score.{digit}"), digit) for digit in "54321"), later]


@dataclass(frozen=True, kw_only=True)
class TakeCampaign(Form, name="campaign"):
    """One question of the survey of all owners; the next one follows by itself."""

    gives_way: ClassVar[bool] = True

    campaign: Annotated[int, filled()]
    question: Annotated[str, filled()]
    kind: Annotated[str, filled()] = Kind.SCORE
    text: Annotated[str, filled()] = ""
    number: Annotated[int, filled()] = 1
    count: Annotated[int, filled()] = 1
    score: Annotated[str, pick(_answers, when=_is_scored)] = ""
    words: Annotated[str, free_words(optional=True, when=_is_worded)] = ""

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:
        """Say how far one has come."""
        del turn, name
        text = T("campaign.question", number=so_far["number"], count=so_far["count"], text=plain(so_far["text"]))
        return Question(text, options, across=3)

    async def submit(self, turn: Turn) -> Reply:
        """Keep the answer and go on; or leave it for later."""
        if self.score == LATER:
            await campaigns.leave(turn.session, turn.actor, campaign_id=self.campaign, for_good=False, now=turn.now)
            again = Choice(T("campaign.go_on"), f"go:survey:go {self.campaign}")
            return reply(T("campaign.put_off"), [again])
        place = await campaigns.answer(
            turn.session,
            turn.actor,
            campaign_id=self.campaign,
            question=self.question,
            score=int(self.score) if self.score else None,
            words=self.words,
            now=turn.now,
        )
        return await _next(turn, place, self.words)


async def _call_or_not(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    return [Option("yes", T("campaign.call.yes")), Option("no", T("campaign.call.no"))]


@dataclass(frozen=True, kw_only=True)
class CallMe(Form, name="campaign_call"):
    """Whether somebody who leads may call about what is not in order."""

    campaign: Annotated[int, filled()]
    topics: Annotated[Sequence[str], filled()] = ()
    words: Annotated[str, filled()] = ""
    call: Annotated[str, pick(_call_or_not)]

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:
        """Name the lines of service."""
        del turn, name
        about = joined([T(f"service.{topic}") for topic in so_far["topics"]], " · ")
        return Question(T("campaign.call", about=about), options, across=2)

    async def submit(self, turn: Turn) -> Reply:
        """Plan the call, or leave it at that."""
        if self.call == "no":
            return await _ended(turn, T("campaign.thanks"), self.words)
        planned = await campaigns.call_me(
            turn.session, turn.actor, campaign_id=self.campaign, now=turn.now, policy=turn.policy
        )
        text = T("campaign.called", by=When(planned.due_at)) if planned is not None else T("campaign.thanks")
        return await _ended(turn, text, self.words)


# ---------------------------------------------------------------- for those who lead


async def _offer(turn: Turn) -> Reply:
    """Count first: how many it will reach is confirmed before anything is sent."""
    found = await campaigns.ready(turn.session, turn.actor, community_id=turn.house.id)
    given = {"reached": found.reached, "unreached": found.unreached}
    return Reply(then=Start("campaign_start", given))


async def _send_or_not(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    return [Option("yes", T("campaign.start.yes")), Option("no", T("campaign.start.no"))]


@dataclass(frozen=True, kw_only=True)
class StartCampaign(Form, name="campaign_start"):
    """Whether the survey goes out to so many."""

    reached: Annotated[int, filled()]
    unreached: Annotated[int, filled()] = 0
    sure: Annotated[str, pick(_send_or_not)]

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:
        """Say how many it reaches, what is asked and until when."""
        del name
        text = T(
            "campaign.start",
            reached=so_far["reached"],
            unreached=so_far["unreached"],
            count=len(turn.world.questions),
            days=turn.policy.surveys.campaign_days,
        )
        return Question(text, options)

    async def submit(self, turn: Turn) -> Reply:
        """Begin it."""
        if self.sure == "no":
            return reply(T("campaign.start.left"))
        begun = await campaigns.start(
            turn.session,
            turn.actor,
            house=turn.house,
            asked=turn.world.questions,
            now=turn.now,
            policy=turn.policy,
        )
        return reply(T("campaign.started", reached=self.reached, until=When(begun.expires_at)))


async def _results(turn: Turn, building: str) -> Reply:
    if not turn.actor.is_lead or turn.inbound.group:
        raise NotAllowed
    found = await campaign_results.of_latest(turn.session, turn.actor, community_id=turn.house.id, policy=turn.policy)
    one = next((each for each in found.buildings if each.name == building), None)
    if building and one is None:
        return reply(T("campaign.results.no_building", name=building))
    return reply(lines(_head(found), *(_of_building(one) if one is not None else _whole(found))))


def _head(found: Results) -> Text:
    return T(
        "campaign.results.over" if found.over else "campaign.results.running",
        start=When(found.started_at, Style.DAY),
        end=When(found.expires_at, Style.DAY),
        invited=found.invited,
        answered=found.answered,
        percent=found.reply_percent,
        unreached=found.unreached,
    )


def _whole(found: Results) -> Sequence[Text | None]:
    quotes = [T("campaign.results.quote", words=words) for words in found.words[:MOST_QUOTED]]
    return [
        *(_row(row) for row in found.rows),
        T("campaign.results.buildings") if found.buildings else None,
        *(_building(one) for one in found.buildings),
        T("campaign.results.words") if quotes else None,
        *quotes,
    ]


def _row(row: Row) -> T:
    name = T(f"service.{row.question.line}")
    if row.tally is None:
        return T("campaign.results.few", name=name)
    return T("campaign.results.row", name=name, percent=row.tally.percent, answers=row.tally.answers)


def _building(one: Building) -> T:
    name = T("campaign.results.block", name=one.name)
    if one.all is None or one.answered is None:
        return T("campaign.results.few", name=name)
    return T(
        "campaign.results.building", name=name, percent=one.all.percent, answered=one.answered, invited=one.invited
    )


def _of_building(one: Building) -> Sequence[Text]:
    return [_building(one), *(_row(row) for row in one.rows)] if one.all is not None else [_building(one)]
