"""What those who lead do with complaints: whom one is about, the group, the written reply, the signature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from handlers import tickets, whom, wording
from handlers.answers import Answers, Kind, Unclear, filled, one_of, pick
from handlers.answers import words as free_words
from handlers.form import Numbered
from handlers.tickets import Verb
from handlers.turn import Turn
from services import people, shifts
from services.catalog import Kind as TicketKind
from services.conversations import Option
from services.messages import Reply, T, plain, reply
from services.tickets import apart, approach, complaints, finding
from services.tickets.history import Said
from services.tickets.needs import NotIndependent
from services.tickets.rules import Action, independent

MOST_CALLED = 20


class Outcome(StrEnum):
    """How a complaint ended, as who signs it sees it."""

    CONTENT = "content"
    LETS_REST = "lets_rest"
    INSISTS = "insists"
    WAITS = "waits"  # can't be settled now; the owner knows when
    UNFOUNDED = "unfounded"  # beyond what we can do, or made up; answered patiently all the same


# ---------------------------------------------------------------- the signature


async def sign_off(turn: Turn, ticket_id: int) -> Reply:
    """Sign a finished ticket; of a complaint, how it ended is asked."""
    ticket = await tickets.may(turn, ticket_id, Action.SIGN_OFF)
    if not independent(turn.actor, ticket):
        raise NotIndependent(number=ticket.number)
    if ticket.kind == TicketKind.COMPLAINT:
        return Reply(then=tickets.start("sign_off", ticket))
    return await _sign(turn, ticket_id, "", "")


@dataclass(frozen=True, kw_only=True)
class SignOff(Numbered, name="sign_off"):
    """How a complaint ended."""

    ticket: Annotated[int, filled()]
    number: Annotated[str, filled()]
    outcome: Annotated[Outcome, one_of(Outcome, "outcome")]
    words: Annotated[str, free_words(optional=True)] = ""

    async def submit(self, turn: Turn) -> Reply:
        """Sign it."""
        return await _sign(turn, self.ticket, self.outcome.value, self.words)


async def _sign(turn: Turn, ticket_id: int, outcome: str, words: str) -> Reply:
    await complaints.sign_off(
        turn.session,
        turn.actor,
        ticket_id=ticket_id,
        outcome=outcome,
        said=Said(words),
        now=turn.now,
        policy=turn.policy,
    )
    ticket = await finding.find(turn.session, turn.actor, ticket_id=ticket_id)
    return reply(T("work.signed", number=ticket.number))


# ---------------------------------------------------------------- whom it is about


async def concern(turn: Turn, ticket_id: int) -> Reply:
    """Ask whom a complaint is about."""
    return Reply(then=tickets.start("concern", await tickets.may(turn, ticket_id, Action.CONCERN)))


@dataclass(frozen=True, kw_only=True)
class Meant(Kind):
    """An employee by name or badge, a team, a flat."""

    async def options(self, turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG002
        """Offer the teams; names are typed."""
        return [Option({"team": team}, T(f"team.people.{team}")) for team in whom.TEAMS]

    async def read(self, turn: Turn, options: Sequence[Option]) -> Any:  # noqa: ANN401
        """Prefer an employee named or a flat; else one of the teams."""
        found = await whom.of_words(turn, turn.text)
        if found.get("staff") or found.get("unit"):
            return found
        called = await shifts.called(turn.session, community_id=turn.house.id, words=turn.text.strip())
        if len(called) == 1:
            return {"staff": called[0].staff_id}
        flat = await whom.flat(turn, turn.text)
        return flat or await self._team(turn, options)

    async def _team(self, turn: Turn, options: Sequence[Option]) -> Any:  # noqa: ANN401
        try:
            return await super().read(turn, options)
        except Unclear:
            raise Unclear(T("concern.unclear")) from None


@dataclass(frozen=True, kw_only=True)
class Concern(Numbered, name="concern"):
    """Whom a complaint is about, as it turns out."""

    ticket: Annotated[int, filled()]
    number: Annotated[str, filled()]
    about: Annotated[Mapping[str, Any], Meant()]

    async def submit(self, turn: Turn) -> Reply:
        """Note it; from now on it is kept from them."""
        ticket = await complaints.concern(
            turn.session,
            turn.actor,
            ticket_id=self.ticket,
            about=whom.read(self.about),
            now=turn.now,
            policy=turn.policy,
        )
        if turn.actor.staff is not None and turn.actor.staff.staff_id in await apart.of_ticket(turn.session, ticket):
            return reply(T("concern.noted_away", number=ticket.number))
        holder = await people.staff_name(turn.session, ticket.holder_id)
        return reply(T("concern.noted", number=ticket.number, name=holder or T("word.nobody")))


# ---------------------------------------------------------------- the neighbours


async def tell_neighbours(turn: Turn, ticket_id: int) -> Reply:
    """Ask what the flat that it is about shall hear."""
    ticket = await tickets.may(turn, ticket_id, Action.TELL)
    return Reply(then=tickets.start("tell_neighbours", ticket))


@wording.guarded("neighbours")
async def told_neighbours(turn: Turn, ticket_id: int, said: Said) -> Reply:
    """Tell them, as from the desk; who spoke is never named."""
    reached = await approach.tell(turn.session, turn.actor, ticket_id=ticket_id, said=said, now=turn.now)
    ticket = await finding.find(turn.session, turn.actor, ticket_id=ticket_id)
    return reply(T("neighbours.sent" if reached else "neighbours.not_reached", number=ticket.number))


@dataclass(frozen=True, kw_only=True)
class TellNeighbours(Numbered, name="tell_neighbours"):
    """What the neighbours are told."""

    ticket: Annotated[int, filled()]
    number: Annotated[str, filled()]
    words: Annotated[str, free_words(least=4)]

    async def submit(self, turn: Turn) -> Reply:
        """Say it to them."""
        return await told_neighbours(turn, self.ticket, self.words)


# ---------------------------------------------------------------- the rapid-response group


async def rally(turn: Turn, ticket_id: int) -> Reply:
    """Ask who is called together: everybody on the roster, or those named."""
    return Reply(then=tickets.start("rally", await tickets.may(turn, ticket_id, Action.RALLY)))


async def _everybody(turn: Turn, so_far: Answers) -> Sequence[Option]:
    ticket = await finding.find(turn.session, turn.actor, ticket_id=int(so_far["ticket"]))
    found = await complaints.at_hand(turn.session, ticket, now=turn.now)
    leads = [one for one in found if one.on_duty and {"supervisor", "manager"} & set(one.skills)]
    every = [one.staff_id for one in found][:MOST_CALLED]
    options = [Option(every, T("rally.everybody", count=len(every)))]
    return [*options, Option([one.staff_id for one in leads], T("rally.leads", count=len(leads)))] if leads else options


async def _named(turn: Turn) -> list[int] | None:
    """Read names or badges, one after the other; who is not known makes it unclear."""
    called = list[int]()
    for name in turn.text.replace(",", " ").replace("\uff0c", " ").replace("\u3001", " ").split():
        found = await shifts.called(turn.session, community_id=turn.house.id, words=name)
        if len(found) != 1:
            raise Unclear(T("rally.unknown", name=plain(name)))
        called.append(found[0].staff_id)
    return called[:MOST_CALLED] or None


@dataclass(frozen=True, kw_only=True)
class Rally(Numbered, name="rally"):
    """Who is in the rapid-response group."""

    ticket: Annotated[int, filled()]
    number: Annotated[str, filled()]
    members: Annotated[Sequence[int], pick(_everybody, other=_named)]

    async def submit(self, turn: Turn) -> Reply:
        """Call them together."""
        mine = [turn.actor.staff.staff_id] if turn.actor.staff is not None else []
        ticket = await complaints.rally(
            turn.session,
            turn.actor,
            ticket_id=self.ticket,
            members=[*mine, *self.members],
            now=turn.now,
            policy=turn.policy,
        )
        count = len([one for one in ticket.responders.split(",") if one])
        return reply(T("rally.called", number=ticket.number, count=count))


# ---------------------------------------------------------------- the written reply


async def reply_outside(turn: Turn, ticket_id: int) -> Reply:
    """Ask for the written reply to the office that forwarded a case."""
    return Reply(then=tickets.start("reply_outside", await tickets.may(turn, ticket_id, Action.REPLY)))


@dataclass(frozen=True, kw_only=True)
class ReplyOutside(Numbered, name="reply_outside"):
    """What is written back."""

    ticket: Annotated[int, filled()]
    number: Annotated[str, filled()]
    words: Annotated[str, free_words(least=5)]

    async def submit(self, turn: Turn) -> Reply:
        """Keep it, and give the letter as it goes out."""
        case = await complaints.reply(
            turn.session, turn.actor, ticket_id=self.ticket, words=self.words, now=turn.now, policy=turn.policy
        )
        letter = T(
            "reply_outside.letter",
            office=T(f"office.{case.office}"),
            outside=case.number,
            words=self.words,
            estate=turn.house.name,
            phone=turn.house.phone,
        )
        return reply(T("reply_outside.kept", number=self.number, letter=letter))


VERBS: Mapping[str, Verb] = {
    "sign_off": sign_off,
    "concern": concern,
    "tell_neighbours": tell_neighbours,
    "rally": rally,
    "reply_outside": reply_outside,
}
