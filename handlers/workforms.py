"""What staff are asked while they work a ticket: to whom it goes, whose it is, what was done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from handlers import telling, tickets, work
from handlers.answers import Answers, Question, filled, one_of, pick
from handlers.answers import words as free_words
from handlers.form import Form, Numbered
from handlers.turn import Turn
from services.catalog import Kind, said
from services.conversations import Option
from services.messages import Reply, T, plain, reply
from services.models import Ticket
from services.tickets import apart, dispatch, finding, passing
from services.tickets.dispatch import Need
from services.tickets.history import Said
from services.tickets.rules import Action

MOST_OFFERED = 6
LEAST = 2  # signs that name somebody
OTHER = "other"  # whose it is stands in the words


class Why(StrEnum):
    """Why somebody lets go of a ticket."""

    SKILL = "skill"
    BUSY = "busy"
    OFF_DUTY = "off_duty"
    OTHER = "other"


async def colleagues(turn: Turn, so_far: Answers) -> Sequence[Option]:
    """Offer colleagues: the team's, those on duty first."""
    ticket = await finding.find(turn.session, turn.actor, ticket_id=int(so_far["ticket"]))
    found = await dispatch.candidates(
        turn.session, community_id=ticket.community_id, team=_team_for(ticket), now=turn.now, about=apart.about(ticket)
    )
    if ticket.confidential:  # others who lead can have it, too
        found = [*await dispatch.leads_of(turn.session, ticket, now=turn.now), *found]
    category = turn.world.catalog.categories.get(ticket.category)
    need = Need(category.skill if category else "")
    others = [c for c in dispatch.ranked(found, need) if c.staff_id != ticket.holder_id]
    return [
        Option(c.staff_id, T("staff.option", name=c.name, badge=c.badge, count=c.open_work))
        for c in others[:MOST_OFFERED]
    ]


async def _called(turn: Turn, so_far: Answers) -> int | None:
    """Return the colleague whose name was typed along, when only one of those offered begins so."""
    name = str(so_far.get("said") or "")
    found = [option.value for option in await colleagues(turn, so_far) if turn.label(option.label).startswith(name)]
    return int(found[0]) if name and len(found) == 1 else None


def _team_for(ticket: Ticket) -> str:
    return "engineering" if ticket.kind == "repair" else ticket.team


async def _reasons(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    """Offer the usual reasons, kept as the words that the next one reads."""
    labels = [T(f"give_back.{why}") for why in Why if why is not Why.OTHER]
    return [Option(turn.label(label), label) for label in labels]


async def _typed_reason(turn: Turn) -> str | None:
    return turn.text or None


@dataclass(frozen=True, kw_only=True)
class HandOn(Form, name="hand_on"):
    """To whom a ticket goes; whoever had it says why."""

    ticket: Annotated[int, filled()]
    first: Annotated[bool, filled()] = False  # nobody had it before
    mine: Annotated[bool, filled()] = False  # its holder hands it on
    said: Annotated[str, filled()] = ""  # the name that was typed along
    to: Annotated[int, pick(colleagues, only=_called)]
    why: Annotated[
        str, pick(_reasons, other=_typed_reason, optional=True, when=lambda so_far: bool(so_far.get("mine")))
    ] = ""

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:
        """Ask whom to send, or to whom it goes on, and why."""
        del turn
        if name == "why":
            return Question(T("hand_on.why"), options)
        return Question(T("assign.to" if so_far.get("first") else "hand_on.to"), options)

    async def submit(self, turn: Turn) -> Reply:
        """Hand it on."""
        return await work.give(turn, self.ticket, self.to, self.why)


def _says_more(so_far: Answers) -> bool:
    return so_far.get("reason") == Why.OTHER


@dataclass(frozen=True, kw_only=True)
class GiveBack(Numbered, name="give_back"):
    """Why the holder lets go."""

    ticket: Annotated[int, filled()]
    number: Annotated[str, filled()]
    reason: Annotated[Why, one_of(Why, "give_back")]
    words: Annotated[str, free_words(optional=True, when=_says_more)] = ""

    async def submit(self, turn: Turn) -> Reply:
        """Let it go to the next one, or into the pool."""
        ticket = await finding.find(turn.session, turn.actor, ticket_id=self.ticket, lock=True)
        chosen = await passing.give_back(
            turn.session,
            turn.actor,
            ticket=ticket,
            reason=self.reason.value,
            said=Said(self.words),
            now=turn.now,
            policy=turn.policy,
        )
        if chosen is None:
            return reply(T("work.given_back_pool", number=ticket.number))
        name = T("staff.name", name=chosen.name, badge=chosen.badge)
        return reply(T("work.given_back", number=ticket.number, name=name))


async def _contacts(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    """Offer whose matters are usually not ours, with the number to call."""
    contacts = turn.world.catalog.contacts.values()
    labels = ((one.key, f"{said(one.labels, turn.actor.locale)} {one.phone}".strip()) for one in contacts)
    return [Option({"key": key}, plain(label)) for key, label in labels]


async def _typed_contact(turn: Turn) -> Mapping[str, str] | None:
    return work.whose_is(turn, turn.text) if len(turn.text) >= LEAST else None


@dataclass(frozen=True, kw_only=True)
class NotOurs(Form, name="not_ours"):
    """Whose matter it is."""

    ticket: Annotated[int, filled()]
    whose: Annotated[Mapping[str, str], pick(_contacts, other=_typed_contact)]

    async def submit(self, turn: Turn) -> Reply:
        """Give it back to the desk with the name of whose it is, and the owner the number to call."""
        contact = turn.world.catalog.contacts.get(self.whose.get("key", ""))
        typed = Said(self.whose.get("words", ""))
        codes = {"whose": OTHER, "label": "", "phone": self.whose.get("phone", "")}
        if contact is not None:
            label = said(contact.labels, turn.house.locale)
            codes = {"whose": contact.key, "label": label, "phone": contact.phone}
        ticket, _ = await tickets.act(turn, self.ticket, Action.NOT_OURS, said=typed, codes=codes)
        repair = ticket.kind == Kind.REPAIR
        return reply(T("work.not_ours" if repair else "work.not_ours_answer", number=ticket.number))


@dataclass(frozen=True, kw_only=True)
class AskOwner(Form, name="ask"):
    """A question to the owner."""

    ticket: Annotated[int, filled()]
    number: Annotated[str, filled()]
    question: Annotated[str, free_words(least=2)]

    async def submit(self, turn: Turn) -> Reply:
        """Open it on the owner's side."""
        return await telling.ask(turn, self.ticket, self.question)


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
