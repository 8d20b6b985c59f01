"""What staff are asked while they work a ticket: to whom, whose, what is the matter, what was done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from handlers import tickets, work
from handlers.answers import Answers, Question, filled, one_of, pick
from handlers.answers import words as free_words
from handlers.form import Form
from handlers.turn import Turn
from services.conversations import Option
from services.messages import Reply, T, reply
from services.models import Ticket
from services.tickets import dispatch, finding
from services.tickets.dispatch import Need
from services.tickets.history import Said
from services.tickets.rules import Action

MOST_OFFERED = 6


class Problem(StrEnum):
    """Why work on site can't go on."""

    ABSENT = "absent"
    PARTS = "parts"
    QUOTE = "quote"
    LEAD = "lead"


async def _colleagues(turn: Turn, so_far: Answers) -> Sequence[Option]:
    """Offer colleagues: the team's, those on duty first."""
    ticket = await finding.find(turn.session, turn.actor, ticket_id=int(so_far["ticket"]))
    found = await dispatch.candidates(
        turn.session, community_id=ticket.community_id, team=_team_for(ticket), now=turn.now
    )
    category = turn.world.catalog.categories.get(ticket.category)
    need = Need(category.skill if category else "")
    others = [c for c in dispatch.ranked(found, need) if c.staff_id != ticket.holder_id]
    return [
        Option(c.staff_id, T("staff.option", name=c.name, badge=c.badge, count=c.open_work))
        for c in others[:MOST_OFFERED]
    ]


def _team_for(ticket: Ticket) -> str:
    return "engineering" if ticket.kind == "repair" else ticket.team


@dataclass(frozen=True, kw_only=True)
class HandOn(Form, name="hand_on"):
    """To whom a ticket goes, and a word why."""

    ticket: Annotated[int, filled()]
    first: Annotated[bool, filled()] = False  # nobody had it before
    to: Annotated[int, pick(_colleagues)]

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:  # noqa: ARG003
        """Ask whom to send, or to whom it goes on."""
        return Question(T("assign.to" if so_far.get("first") else "hand_on.to"), options)

    async def submit(self, turn: Turn) -> Reply:
        """Hand it on."""
        return await work.give(turn, self.ticket, self.to)


@dataclass(frozen=True, kw_only=True)
class NotOurs(Form, name="not_ours"):
    """Whose matter it is."""

    ticket: Annotated[int, filled()]
    whose: Annotated[str, free_words(least=2)]

    async def submit(self, turn: Turn) -> Reply:
        """Give it back to the desk with the name of whose it is."""
        ticket, _ = await tickets.act(turn, self.ticket, Action.NOT_OURS, said=Said(self.whose))
        return reply(T("work.not_ours", number=ticket.number))


@dataclass(frozen=True, kw_only=True)
class ReportProblem(Form, name="problem"):
    """What keeps the work from going on."""

    ticket: Annotated[int, filled()]
    what: Annotated[Problem, one_of(Problem, "problem")]

    async def submit(self, turn: Turn) -> Reply:
        """Tell the desk and the owner."""
        ticket, _ = await tickets.act(turn, self.ticket, Action.PROBLEM, codes={"problem": self.what})
        return reply(T("work.problem", number=ticket.number))


@dataclass(frozen=True, kw_only=True)
class AskOwner(Form, name="ask"):
    """A question to the owner."""

    ticket: Annotated[int, filled()]
    number: Annotated[str, filled()]
    question: Annotated[str, free_words(least=2)]

    async def submit(self, turn: Turn) -> Reply:
        """Open it on the owner's side."""
        await tickets.act(turn, self.ticket, Action.ASK, said=Said(self.question))
        return reply(T("work.asked", number=self.number))


@dataclass(frozen=True, kw_only=True)
class Done(Form, name="done"):
    """A photo or a note of what was done."""

    ticket: Annotated[int, filled()]
    number: Annotated[str, filled()]
    what: Annotated[str, free_words()]

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:  # noqa: ARG003
        """Ask by number."""
        return Question(T("done.what", number=so_far["number"]), options)

    async def submit(self, turn: Turn) -> Reply:
        """Finish with it."""
        return await work.finish(turn, self.ticket, "" if turn.inbound.media else self.what)


@dataclass(frozen=True, kw_only=True)
class Settle(Form, name="settle"):
    """The answer to a complaint or a question."""

    ticket: Annotated[int, filled()]
    number: Annotated[str, filled()]
    what: Annotated[str, free_words(least=2)]

    async def submit(self, turn: Turn) -> Reply:
        """Give the answer; the owner has the last word."""
        return await work.finish(turn, self.ticket, self.what)
