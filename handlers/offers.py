"""The owner's nod to a price: by himself, or as the desk heard it on the phone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from handlers import prices, tickets, words
from handlers.answers import Answers, Kind, Question, Unclear, filled
from handlers.answers import words as free_words
from handlers.form import Form
from handlers.turn import Turn
from services import media, people
from services.conversations import Option
from services.messages import Channel, Reply, Say, Start, T, Text, lines, money, reply
from services.models import Quote, Ticket
from services.tickets import finding, quotes
from services.tickets.history import Said
from services.tickets.rules import Action, Standing, standings
from services.understanding.numbers import choice_number

AGREE, DECLINE, CALL, SPOKE = "agree", "decline", "call", "spoke"


@dataclass(frozen=True, kw_only=True)
class Nod(Kind):
    """Yes, no, or "call me": money is never agreed by words that only come close. Other words are passed on."""

    async def options(self, turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG002
        """Offer the three."""
        return [Option([answer], T(f"offer.{answer}")) for answer in (AGREE, DECLINE, CALL)]

    async def read(self, turn: Turn, options: Sequence[Option]) -> Any:  # noqa: ANN401
        """Take a digit, a label as it was shown, or the plain words for it."""
        number = choice_number(turn.text)
        if number is not None and 0 < number <= len(options):
            return options[number - 1].value
        for answer, key in ((AGREE, "words.agree"), (DECLINE, "words.decline"), (CALL, "words.call_me")):
            if words.means(turn, key):
                return [answer]
        if not turn.text and not turn.inbound.media:
            raise Unclear(T("unclear.choose"))
        return [SPOKE, turn.text]


@dataclass(frozen=True, kw_only=True)
class Offer(Form, name="offer"):
    """The owner says whether the price suits."""

    hears_all = True

    ticket: Annotated[int, filled()]
    quote: Annotated[int, filled()]
    again: Annotated[bool, filled()] = False
    answer: Annotated[Sequence[str], Nod()]

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:
        """Say what is to be done, what it costs, and what he agreed to before."""
        del name
        quote, ticket = await quotes.find(turn.session, turn.actor, quote_id=int(so_far["quote"]))
        if turn.actor.channel is Channel.SMS:
            return Question(_short(turn, quote, ticket), options)
        name_of = await people.staff_name(turn.session, quote.staff_id)
        head = T("offer.head", name=name_of, number=ticket.number)
        again = T("offer.again") if so_far.get("again") else None
        return Question(lines(again, head, _price(turn, quote, ticket)), options)

    async def submit(self, turn: Turn) -> Reply:
        """Decide, or pass on what he wants to know and leave the question open."""
        ticket = await finding.find(turn.session, turn.actor, ticket_id=self.ticket, lock=True)
        answer = self.answer[0]
        if answer in {CALL, SPOKE}:
            return await self._passed(turn, ticket, answer)
        quote = await quotes.decide(
            turn.session,
            turn.actor,
            ticket=ticket,
            agreed=answer == AGREE,
            words="",
            now=turn.now,
            policy=turn.policy,
            quote_id=self.quote,
        )
        return reply(T(f"offer.{answer}.noted", number=ticket.number, total=money(quote.total_cents)))

    async def _passed(self, turn: Turn, ticket: Ticket, answer: str) -> Reply:
        """Let the engineer know, who has the owner's number on his card."""
        quote, _ = await quotes.find(turn.session, turn.actor, quote_id=self.quote)
        kept = await media.keep(turn.session, turn.actor, turn.inbound, now=turn.now)
        spoken = turn.label(T("offer.call.words")) if answer == CALL else self.answer[1]
        codes = {"asker": quote.staff_id}
        await tickets.act(turn, ticket.id, Action.ANSWER, said=Said(spoken, tuple(kept)), codes=codes)
        return Reply(Say(T(f"offer.{answer}.passed")), waits=quotes.waits(ticket, quote))


def _price(turn: Turn, quote: Quote, ticket: Ticket) -> Text:
    """Say a price: one line in a sentence, more of them below each other; more than was agreed beside what was."""
    found = quotes.lines_of(quote)
    shown, total = prices.itemised(turn, found), money(quote.total_cents)
    guarantee = prices.guaranteed(quote.guarantee_days)
    if quotes.exceeds(ticket, quote):
        before = T("offer.before", agreed=money(ticket.agreed_cents or 0))
        return lines(before, T("offer.more", lines=shown, total=total, guarantee=guarantee))
    if len(found) == 1:
        return T("offer.price", lines=shown, guarantee=guarantee)
    return T("offer.prices", lines=shown, total=total, guarantee=guarantee)


def _short(turn: Turn, quote: Quote, ticket: Ticket) -> T:
    """Say a price so that it fits into a text message with its digits."""
    items, total = prices.in_short(turn, quotes.lines_of(quote)), money(quote.total_cents)
    if quotes.exceeds(ticket, quote):
        return T("offer.short.more", items=items, total=total, agreed=money(ticket.agreed_cents or 0))
    return T("offer.short", items=items, total=total, guarantee=prices.guaranteed(quote.guarantee_days))


def decided(*, agreed: bool) -> Callable[[Turn, int], Awaitable[Reply]]:
    """Return the verb by which a price is agreed or declined: the owner's own, or the desk's after a call."""

    async def verb(turn: Turn, ticket_id: int) -> Reply:
        ticket = await tickets.may(turn, ticket_id, Action.AGREE if agreed else Action.DECLINE)
        if Standing.REQUESTER in standings(turn.actor, ticket):
            return await _decide(turn, ticket_id, "", agreed=agreed)
        return Reply(then=Start("decided", {"ticket": ticket.id, "number": ticket.number, "agreed": agreed}))

    return verb


@dataclass(frozen=True, kw_only=True)
class Decided(Form, name="decided"):
    """What the owner said on the phone about a price."""

    ticket: Annotated[int, filled()]
    number: Annotated[str, filled()]
    agreed: Annotated[bool, filled()]
    what: Annotated[str, free_words(least=2)]

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:
        """Ask for his own words."""
        del turn, name
        return Question(T("decided.what", number=so_far["number"]), options)

    async def submit(self, turn: Turn) -> Reply:
        """Pass it on."""
        return await _decide(turn, self.ticket, self.what, agreed=self.agreed)


async def _decide(turn: Turn, ticket_id: int, spoken: str, *, agreed: bool) -> Reply:
    ticket = await finding.find(turn.session, turn.actor, ticket_id=ticket_id, lock=True)
    quote = await quotes.decide(
        turn.session, turn.actor, ticket=ticket, agreed=agreed, words=spoken, now=turn.now, policy=turn.policy
    )
    verb, total = AGREE if agreed else DECLINE, money(quote.total_cents)
    if spoken:
        return reply(T(f"decided.{verb}", number=ticket.number, total=total))
    return reply(T(f"offer.{verb}.noted", number=ticket.number, total=total))


VERBS: Mapping[str, Callable[[Turn, int], Awaitable[Reply]]] = {
    "agree": decided(agreed=True),
    "decline": decided(agreed=False),
}
