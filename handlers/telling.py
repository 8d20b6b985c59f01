"""What employees say to owners through the line: tell, ask, talk on; each looked at by the wording guard."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from handlers import tickets, wording, words
from handlers.answers import Answers, Question, pick
from handlers.answers import words as free_words
from handlers.form import Form
from handlers.turn import Turn
from services import relays
from services.conversations import Option
from services.messages import Reply, Start, T, Toast, plain, reply
from services.tickets import finding, news
from services.tickets.history import Said
from services.tickets.rules import Action

MARK = re.compile(r"[>\uff1e\u300b\u3009]+\s*")
NUMBER = re.compile(r"(\d{4})\s?[-\uff0d\u2013\u2014]\s?(\d{2,4})(?!\d)[\s,\uff0c:\uff1a]*")
MOST_OFFERED = 6


@wording.guarded("tell")
async def tell(turn: Turn, ticket_id: int, said: Said) -> Reply:
    """Pass words on to the owner of a ticket; say when he can't be reached."""
    ticket, _ = await tickets.act(turn, ticket_id, Action.TELL, said=said)
    reached = await news.owner_address(turn.session, ticket) is not None
    return reply(T("tell.told" if reached else "tell.not_reached", number=ticket.number))


@wording.guarded("ask")
async def ask(turn: Turn, ticket_id: int, said: Said) -> Reply:
    """Ask the owner of a ticket; his answer comes back."""
    ticket, _ = await tickets.act(turn, ticket_id, Action.ASK, said=said)
    return reply(T("work.asked", number=ticket.number))


@wording.guarded(wording.RELAY)
async def talk_on(turn: Turn, ticket_id: int, said: Said) -> Reply:
    """Pass words on in a talk through the line; when it has ended meanwhile, they go to the owner by themselves."""
    row = await relays.of(turn.session, turn.actor, now=turn.now)
    if row is None or row.ticket_id != ticket_id:
        return await wording.VIAS["tell"](turn, ticket_id, said)
    await relays.pass_on(turn.session, turn.actor, relay=row, words=said.words, media=said.media, now=turn.now)
    return Reply()


async def ask_words(turn: Turn, ticket_id: int) -> Reply:
    """Ask for the words; pressed in a group, in private."""
    await tickets.may(turn, ticket_id, Action.TELL)
    to = await wording.private_chat(turn)
    if to is not None:
        await wording.ask_in_private(turn, to, Tell.name, {"ticket": ticket_id})
        return Reply(toast=Toast(T("tell.in_private")))
    if turn.inbound.group:  # words in a group are heard as replies to a card only
        return Reply(toast=Toast(T("tell.how"), alert=True))
    return Reply(then=Start(Tell.name, {"ticket": ticket_id}))


def is_marked(text: str) -> bool:
    """Whether words are for the owner: they begin with `>`, in any width."""
    return MARK.match(text) is not None


def unmarked(text: str) -> str:
    """Return the words without the mark."""
    return MARK.sub("", text, count=1)


async def numbered(turn: Turn) -> Reply | None:
    """Take `> 0412-07 words` of an employee, whatever else is open; None when it is none of these."""
    rest = _for_owner(turn)
    found = NUMBER.match(rest) if rest else None
    if found is None or rest is None:
        return None
    ticket = await finding.by_number(turn.session, turn.actor, number=f"{found[1]}-{found[2]}")
    return await with_words(turn, ticket.id, rest[found.end() :])


async def marked(turn: Turn) -> Reply | None:
    """Take `> words`: about the card that they answer, else the only job in hand; of several he is asked which."""
    rest = _for_owner(turn)
    if not rest:
        return None
    answered = await tickets.of_card(turn)
    held = [answered] if answered else [t.id for t in await finding.held(turn.session, turn.actor)]
    if not held:
        return reply(T("jobs.none"))
    if len(held) == 1:
        return await with_words(turn, held[0], rest)
    return Reply(then=Start(Tell.name, {"words": rest}))


async def with_words(turn: Turn, ticket_id: int, rest: str) -> Reply:
    """Pass the words on; when there are none, ask for them."""
    await tickets.may(turn, ticket_id, Action.TELL)  # or a hit would be noted for nothing
    return await (tell(turn, ticket_id, rest) if rest or turn.inbound.media else ask_words(turn, ticket_id))


def _for_owner(turn: Turn) -> str | None:
    """Return what an employee wrote for the owner, after the mark or "tell the owner"; None when he did not."""
    if turn.actor.staff is None:
        return None
    return unmarked(turn.text) if is_marked(turn.text) else words.after(turn, "words.tell")


async def _jobs(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    held = await finding.held(turn.session, turn.actor)
    return [Option(ticket.id, plain(f"{ticket.number} {ticket.place}")) for ticket in held[:MOST_OFFERED]]


@dataclass(frozen=True, kw_only=True)
class Tell(Form, name="tell"):
    """Words for the owner of a ticket."""

    ticket: Annotated[int, pick(_jobs)]
    words: Annotated[str, free_words()]

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:
        """Ask by number."""
        if name == "ticket":
            return Question(T("jobs.which"), options)
        ticket = await finding.find(turn.session, turn.actor, ticket_id=so_far["ticket"])
        return Question(T("tell.words", number=ticket.number), options)

    async def submit(self, turn: Turn) -> Reply:
        """Pass them on."""
        return await tell(turn, self.ticket, self.words)
