"""What the desk and those who lead do to a ticket: take it, open it again, merge it, judge it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from handlers import mine, tickets, work
from handlers.answers import Answers, Kind, Question, Unclear, YesNo, filled, one_of, pick
from handlers.answers import words as free_words
from handlers.form import Form, Numbered
from handlers.tickets import Verb
from handlers.turn import Turn
from services.conversations import Option
from services.messages import Reply, Start, T, plain, reply
from services.models import Ticket
from services.refusals import NotAllowed, NotFound
from services.tickets import finding, merging, passing
from services.tickets.history import Said
from services.tickets.rules import Action, Standing, standings


class Verdict(StrEnum):
    """The desk's own word on the work."""

    GOOD = "good"
    POOR = "poor"


async def take(turn: Turn, ticket_id: int) -> Reply:
    """Take a ticket, whoever has it."""
    ticket = await finding.find(turn.session, turn.actor, ticket_id=ticket_id, lock=True)
    change = await passing.take(turn.session, turn.actor, ticket=ticket, now=turn.now, policy=turn.policy)
    return work.noted(turn, T("work.accepted_before" if change.repeated else "work.taken", number=ticket.number))


async def close(turn: Turn, ticket_id: int) -> Reply:
    """Close what the owner was asked about, on a lead's word."""
    ticket, change = await tickets.act(turn, ticket_id, Action.CLOSE)
    return reply(T("work.closed_before" if change.repeated else "work.closed", number=ticket.number))


async def unmerge(turn: Turn, ticket_id: int) -> Reply:
    """Give a merged ticket its own life again."""
    ticket = await merging.unmerge(turn.session, turn.actor, ticket_id=ticket_id, now=turn.now, policy=turn.policy)
    return reply(T("work.unmerged", number=ticket.number))


def _asks(form: str, action: Action) -> Verb:
    async def verb(turn: Turn, ticket_id: int) -> Reply:
        return Reply(then=tickets.start(form, await tickets.may(turn, ticket_id, action)))

    return verb


async def cancel(turn: Turn, ticket_id: int) -> Reply:
    """An owner calls his own ticket off at once; the desk says why."""
    ticket = await finding.find(turn.session, turn.actor, ticket_id=ticket_id)
    if Standing.REQUESTER in standings(turn.actor, ticket):
        return await mine.cancel(turn, ticket_id)
    return await VERBS["withdraw"](turn, ticket_id)


VERBS: Mapping[str, Verb] = {
    "take": take,
    "close": close,
    "reopen": _asks("reopen", Action.REOPEN),
    "quality": _asks("quality", Action.QUALITY),
    "merge": _asks("merge", Action.MERGE),
    "unmerge": unmerge,
    "link": _asks("link", Action.LINK),
    "withdraw": _asks("withdraw", Action.CANCEL),
    "cancel": cancel,
}


@dataclass(frozen=True, kw_only=True)
class Reopen(Numbered, name="reopen"):
    """Why a ticket is taken up again."""

    ticket: Annotated[int, filled()]
    number: Annotated[str, filled()]
    words: Annotated[str, free_words(least=2)]

    async def submit(self, turn: Turn) -> Reply:
        """Open it again, under the same number."""
        ticket, _ = await tickets.act(turn, self.ticket, Action.REOPEN, said=Said(self.words))
        return reply(T("work.reopened", number=ticket.number))


@dataclass(frozen=True, kw_only=True)
class Withdraw(Numbered, name="withdraw"):
    """Why the desk calls a ticket off."""

    ticket: Annotated[int, filled()]
    number: Annotated[str, filled()]
    words: Annotated[str, free_words(least=2)]

    async def submit(self, turn: Turn) -> Reply:
        """Call it off; the owner and the holder hear it."""
        ticket, _ = await tickets.act(turn, self.ticket, Action.CANCEL, said=Said(self.words))
        return reply(T("work.withdrawn", number=ticket.number))


def _is_poor(so_far: Answers) -> bool:
    return so_far.get("verdict") == Verdict.POOR


@dataclass(frozen=True, kw_only=True)
class Judge(Numbered, name="quality"):
    """How the work was, as the desk saw it."""

    ticket: Annotated[int, filled()]
    number: Annotated[str, filled()]
    verdict: Annotated[Verdict, one_of(Verdict, "quality")]
    words: Annotated[str, free_words(least=2, when=_is_poor)] = ""

    async def submit(self, turn: Turn) -> Reply:
        """Keep the verdict."""
        codes = {"verdict": self.verdict.value}
        ticket, _ = await tickets.act(turn, self.ticket, Action.QUALITY, said=Said(self.words), codes=codes)
        return reply(T("work.judged", number=ticket.number))


async def _alike(turn: Turn, so_far: Answers) -> Sequence[Option]:
    """Offer open tickets that may be the same matter."""
    ticket = await finding.find(turn.session, turn.actor, ticket_id=int(so_far["ticket"]))
    found = await merging.alike(turn.session, ticket)
    return [Option(one.id, _label(one)) for one in found if standings(turn.actor, one)]


def _label(ticket: Ticket) -> T:
    return T("merge.option", number=ticket.number, place=plain(ticket.place), matter=plain(ticket.matter))


async def _typed_number(turn: Turn) -> int | None:
    try:
        return (await finding.by_typed(turn.session, turn.actor, typed=turn.text, now=turn.now)).id
    except NotFound:
        raise Unclear(T("short.no_such", number=turn.text)) from None


@dataclass(frozen=True, kw_only=True)
class Sure(YesNo):
    """Whether it is meant; not asked when both tickets come from the same person."""

    async def known(self, turn: Turn, so_far: Answers) -> Any:  # noqa: ANN401
        """Look who reported them."""
        ticket, into = await _both(turn, so_far)
        same = ticket.requester_id is not None and ticket.requester_id == into.requester_id
        return True if same or not merging.may(turn.actor, ticket, into) else None  # who may not is refused anyway

    async def options(self, turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG002
        """Offer both, by what they do."""
        return [Option(value=True, label=T("merge.sure.yes")), Option(value=False, label=T("merge.sure.no"))]


async def _both(turn: Turn, so_far: Answers) -> tuple[Ticket, Ticket]:
    ticket = await finding.find(turn.session, turn.actor, ticket_id=int(so_far["ticket"]))
    return ticket, await finding.find(turn.session, turn.actor, ticket_id=int(so_far["into"]))


@dataclass(frozen=True, kw_only=True)
class Merge(Form, name="merge"):
    """Into which ticket one goes."""

    ticket: Annotated[int, filled()]
    number: Annotated[str, filled()]
    into: Annotated[int, pick(_alike, other=_typed_number)]
    sure: Annotated[bool, Sure()]

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:
        """Name the tickets; those that look alike are written out, one below the other."""
        if name == "into":
            return Question(T("merge.into", number=so_far["number"]), options, across=1)
        ticket, into = await _both(turn, so_far)
        return Question(T("merge.sure", number=ticket.number, into=into.number), options)

    async def submit(self, turn: Turn) -> Reply:
        """Merge it, or leave it as it is."""
        if not self.sure:
            return reply(T("merge.left", number=self.number))
        ticket, into = await merging.merge(
            turn.session, turn.actor, ticket_id=self.ticket, into_id=self.into, now=turn.now, policy=turn.policy
        )
        return reply(T("work.merged", number=ticket.number, into=into.number))


@dataclass(frozen=True, kw_only=True)
class Number(Kind):
    """A ticket, by its number."""

    async def read(self, turn: Turn, options: Sequence[Option]) -> Any:  # noqa: ANN401, ARG002
        """Look it up among what the person may see."""
        return await _typed_number(turn)


@dataclass(frozen=True, kw_only=True)
class Link(Numbered, name="link"):
    """Which ticket one has to do with."""

    ticket: Annotated[int, filled()]
    number: Annotated[str, filled()]
    to: Annotated[int, Number()]

    async def submit(self, turn: Turn) -> Reply:
        """Tie them."""
        first, second = sorted((self.ticket, self.to))  # locked in the order of ids
        found = {one: await finding.find(turn.session, turn.actor, ticket_id=one, lock=True) for one in (first, second)}
        ticket, other = found[self.ticket], found[self.to]
        await merging.link(turn.session, turn.actor, ticket=ticket, other=other, now=turn.now, policy=turn.policy)
        return reply(T("work.linked", number=ticket.number, other=other.number))


async def two(turn: Turn, verb: str, rest: str) -> Reply:
    """Do something to two tickets by their numbers: `/merge 0412-07 0412-03`."""
    _staff_only(turn)
    numbers = rest.split()
    if len(numbers) != len(("this", "that")):
        return reply(T("desk.two_numbers", how=f"/{verb}"))
    ticket, other = [await finding.by_typed(turn.session, turn.actor, typed=number, now=turn.now) for number in numbers]
    action = Action.MERGE if verb == "merge" else Action.LINK
    await tickets.may(turn, ticket.id, action)
    return Reply(then=tickets.start(verb, ticket, **{"into" if verb == "merge" else "to": other.id}))


async def one(turn: Turn, verb: str, rest: str) -> Reply:
    """Do something to a ticket by its number, with words if there are any: `/reopen 0412-07 still dripping`."""
    _staff_only(turn)
    number, _, words = rest.strip().partition(" ")
    if not number:
        return reply(T("desk.one_number", how=f"/{verb}"))
    ticket = await finding.by_typed(turn.session, turn.actor, typed=number, now=turn.now)
    answer = await VERBS[verb](turn, ticket.id)
    if answer.then is None or not words.strip():
        return answer
    return Reply(then=Start(answer.then.form, {**answer.then.given, "words": words.strip()}))


def _staff_only(turn: Turn) -> None:
    if turn.actor.staff is None:
        raise NotAllowed
