"""The survey after a ticket: is it fixed, how was it, a sentence if you like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from handlers import tickets
from handlers.answers import Answers, Question, filled, pick, score
from handlers.answers import words as free_words
from handlers.form import Form
from handlers.turn import Turn
from services import media, surveys
from services.conversations import Option
from services.messages import Choice, Reply, T, When, reply
from services.tickets.history import Said
from services.tickets.rules import Action


async def _fixed_or_not(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    return [Option("yes", T("survey.fixed.yes")), Option("no", T("survey.fixed.no"))]


def _is_fixed(so_far: Answers) -> bool:
    return so_far.get("fixed") == "yes"


def _is_not_fixed(so_far: Answers) -> bool:
    return so_far.get("fixed") == "no"


@dataclass(frozen=True, kw_only=True)
class TakeSurvey(Form, name="survey"):
    """One survey per ticket and cycle."""

    survey: Annotated[int, filled()]
    number: Annotated[str, filled()] = ""
    matter: Annotated[str, filled()] = ""
    fixed: Annotated[str, pick(_fixed_or_not)]
    score: Annotated[int, score(when=_is_fixed)] = 0
    words: Annotated[str, free_words(optional=True, when=_is_fixed)] = ""
    why: Annotated[str, free_words(optional=True, when=_is_not_fixed)] = ""

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:  # noqa: ARG003
        """Name the matter, so that nobody wonders which repair is meant."""
        text = T(f"survey.{name}", matter=so_far.get("matter", ""), number=so_far.get("number", ""))
        return Question(text, options, across=5 if name == "score" else 2)

    async def submit(self, turn: Turn) -> Reply:
        """Keep the score; what is not fixed goes back to work, with the reason and a photo if there is one."""
        if self.fixed == "no":
            _, ticket = await surveys.find(turn.session, turn.actor, survey_id=self.survey)
            kept = await media.keep(turn.session, turn.actor, turn.inbound, now=turn.now)
            said = Said(self.why, tuple(kept))
            ticket, _ = await tickets.act(turn, ticket.id, Action.OWNER_RETURNS, said=said)
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
