"""The survey: is it fixed, how was it, a sentence if you like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from handlers import tickets
from handlers.answers import Answers, Question, filled, pick, score
from handlers.answers import words as free_words
from handlers.form import Form
from handlers.turn import Turn
from services import surveys
from services.conversations import Option
from services.messages import Choice, Reply, Start, T, When, reply
from services.refusals import NotFound
from services.tickets import followups
from services.tickets.rules import Action


async def _fixed_or_not(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    return [Option("yes", T("survey.fixed.yes")), Option("no", T("survey.fixed.no"))]


def _is_fixed(so_far: Answers) -> bool:
    return so_far.get("fixed") == "yes"


@dataclass(frozen=True, kw_only=True)
class TakeSurvey(Form, name="survey"):
    """One survey per ticket and cycle."""

    survey: Annotated[int, filled()]
    number: Annotated[str, filled()] = ""
    matter: Annotated[str, filled()] = ""
    fixed: Annotated[str, pick(_fixed_or_not)]
    score: Annotated[int, score(when=_is_fixed)] = 0
    words: Annotated[str, free_words(optional=True, when=_is_fixed)] = ""

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:  # noqa: ARG003
        """Name the matter, so that nobody wonders which repair is meant."""
        text = T(f"survey.{name}", matter=so_far.get("matter", ""), number=so_far.get("number", ""))
        return Question(text, options, across=5 if name == "score" else 2)

    async def submit(self, turn: Turn) -> Reply:
        """Keep the score; what is not fixed goes back to work."""
        if self.fixed == "no":
            _, ticket = await surveys.find(turn.session, turn.actor, survey_id=self.survey)
            ticket, _ = await tickets.act(turn, ticket.id, Action.OWNER_RETURNS)
            return tickets.returned(ticket)
        unhappy = await surveys.answer(
            turn.session,
            turn.actor,
            survey_id=self.survey,
            score=self.score,
            words=self.words,
            now=turn.now,
            policy=turn.policy,
        )
        if unhappy is None:
            return reply(T("survey.thanks"))
        choices = [Choice(T("survey.come_again"), f"t:owner_returns:{unhappy.ticket_id}")]
        return reply(T("survey.sorry", by=When(unhappy.due_at), phone=turn.house.phone), choices)


@dataclass(frozen=True, kw_only=True)
class FollowedUp(Form, name="followed_up"):
    """What a supervisor's call to an unhappy owner brought."""

    follow_up: Annotated[int, filled()]
    outcome: Annotated[str, free_words(least=2)]

    async def submit(self, turn: Turn) -> Reply:
        """Write it down."""
        await followups.done(turn.session, turn.actor, follow_up_id=self.follow_up, outcome=self.outcome, now=turn.now)
        return reply(T("follow_up.noted"))


async def follow_up(turn: Turn, follow_up_id: int) -> Reply:
    """Begin to write down a follow-up; only who leads may."""
    if not turn.actor.is_lead:
        raise NotFound
    return Reply(then=Start("followed_up", {"follow_up": follow_up_id}))
