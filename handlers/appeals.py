"""What an owner can do with the answer to his complaint: take it to the next tier, ask once more, have the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from handlers import mine, tickets
from handlers.answers import Answers, Question, filled, one_of
from handlers.answers import words as free_words
from handlers.form import Form, Numbered
from handlers.tickets import Verb
from handlers.turn import Turn
from services import media
from services.conversations import Option
from services.messages import Channel, Reply, T, When, reply
from services.tickets import complaints, finding, history
from services.tickets.history import Said
from services.tickets.rules import Action


class Next(StrEnum):
    """Who is to look at it once more."""

    HIGHER = "higher"
    SAME = "same"


class Content(StrEnum):
    """What an answer by text message is answered with."""

    YES = "yes"
    NO = "no"


async def unsettled(turn: Turn, ticket_id: int) -> Reply:
    """Ask what is not settled and who shall look at it; after the one appeal there is only the record."""
    return tickets.unsettled(await tickets.may(turn, ticket_id, Action.OWNER_RETURNS))


@dataclass(frozen=True, kw_only=True)
class Unsettled(Numbered, name="unsettled"):
    """The answer does not content the owner."""

    ticket: Annotated[int, filled()]
    number: Annotated[str, filled()]
    why: Annotated[str, free_words(least=2)]
    next: Annotated[Next, one_of(Next, "unsettled")]
    files: Annotated[Sequence[int], filled()] = ()

    @classmethod
    async def also(cls, turn: Turn, name: str, so_far: Answers) -> Mapping[str, object]:  # noqa: ARG003
        """Photos may come with the words."""
        if name != "why" or not turn.inbound.media:
            return {}
        return {"files": await media.keep(turn.session, turn.actor, turn.inbound, now=turn.now)}

    async def submit(self, turn: Turn) -> Reply:
        """Take it to the next tier, or let the same people answer once more."""
        said = Said(self.why, tuple(self.files))
        if self.next is Next.SAME:
            ticket, _ = await tickets.act(turn, self.ticket, Action.OWNER_RETURNS, said=said)
            return tickets.returned(ticket)
        ticket = await complaints.appeal(
            turn.session, turn.actor, ticket_id=self.ticket, said=said, now=turn.now, policy=turn.policy
        )
        return reply(T("unsettled.appealed", number=ticket.number, by=When(ticket.answer_by or turn.now)))


@dataclass(frozen=True, kw_only=True)
class Settled(Form, name="settled"):
    """Whether an answer contents, by text message; after the last one the record can be had instead."""

    ticket: Annotated[int, filled()]
    number: Annotated[str, filled()]
    last: Annotated[bool, filled()] = False
    content: Annotated[Content, one_of(Content, "settled")]

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:
        """Say what the second choice does."""
        del turn, name
        if so_far.get("last"):
            options = [options[0], Option(Content.NO.value, T("do.record"))]
            return Question(T("settled.content.last", number=so_far["number"]), options)
        return Question(T("settled.content", number=so_far["number"]), options)

    async def submit(self, turn: Turn) -> Reply:
        """Close it, go on to what is not settled, or give the record."""
        if self.content is Content.YES:
            return await mine.accept(turn, self.ticket)
        return await (record(turn, self.ticket) if self.last else unsettled(turn, self.ticket))


async def record(turn: Turn, ticket_id: int) -> Reply:
    """Give the owner the whole record of his complaint; by text message the desk prints it."""
    ticket = await finding.find(turn.session, turn.actor, ticket_id=ticket_id)
    if turn.inbound.channel is Channel.SMS:
        await complaints.record_wanted(turn.session, ticket, now=turn.now)
        return reply(T("record.by_hand", number=ticket.number, phone=turn.house.phone))
    rows = await history.timeline(turn.session, ticket)
    return reply(tickets.record_of(ticket, rows))


VERBS: Mapping[str, Verb] = {"unsettled": unsettled, "record": record}
