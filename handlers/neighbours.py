"""Neighbours and one fault: "me too" in free words, and the question at the end whether it is fixed for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from handlers import joins, repair
from handlers.answers import Answers, Question, filled, pick
from handlers.answers import words as free_words
from handlers.form import Form
from handlers.turn import Turn
from services import incidents, media, people
from services.conversations import Option
from services.messages import Reply, Start, T, plain, reply
from services.models import Ticket
from services.tickets import joined, joining, unmended
from services.tickets.history import Said
from services.tickets.joining import Neighbour

YES, NO = "yes", "no"


async def known_cause(turn: Turn, category: str | None) -> Reply | None:
    """Say what is known of an incident at his home, of the category or of any; None when there is none."""
    incident = await incidents.holding(
        turn.session,
        community_id=turn.house.id,
        categories=(category,) if category else (),
        buildings=tuple(home.building for home in turn.actor.here),
        now=turn.now,
    )
    if incident is None:
        return None
    await incidents.noted(turn.session, incident, unit_id=joins.home_of(turn), now=turn.now)
    return reply(joins.explained(turn, incident))


async def me_too(turn: Turn) -> Reply:
    """Answer "me too": an incident at his home is explained, a fault near it is offered to wait for."""
    category = turn.understood().category
    known = await known_cause(turn, category)
    if known is not None:
        return known
    found = await _nearby(turn, category)
    if found:
        return Reply(then=Start("join_in", {"tickets": [ticket.id for ticket in found]}))
    if category is not None:
        return Reply(then=Start("repair", await repair.known_from(turn, turn.understood())))
    return reply(T("join.nothing"))


async def _nearby(turn: Turn, category: str | None) -> Sequence[Ticket]:
    return await joining.nearby(turn.session, turn.actor, category=category, now=turn.now, policy=turn.policy)


async def _meant(turn: Turn, so_far: Answers) -> Sequence[Ticket]:
    """Return those of the faults that are still open."""
    return [ticket for ticket in await _nearby(turn, None) if ticket.id in so_far["tickets"]]


async def _offered(turn: Turn, so_far: Answers) -> Sequence[Option]:
    found = await _meant(turn, so_far)
    yes = [Option(one.id, T("join.yes") if len(found) == 1 else plain(one.place)) for one in found]
    return [*yes, Option(joins.NOT_THIS, T("join.no"))]


@dataclass(frozen=True, kw_only=True)
class JoinIn(Form, name="join_in"):
    """For which of the open faults nearby somebody wants to wait along."""

    tickets: Annotated[Sequence[int], filled()]
    which: Annotated[int, pick(_offered)]

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:
        """Describe the only one, or ask which."""
        del name
        found = await _meant(turn, so_far)
        text = joins.offer(turn, found[0]) if len(found) == 1 else T("join.which")
        return Question(text, options)

    async def submit(self, turn: Turn) -> Reply:
        """Count him in, or let him say what else it is."""
        if self.which == joins.NOT_THIS:
            return Reply(then=Start("repair", {"stranger": turn.actor.person_id is None and not turn.actor.phone}))
        home = next(iter(turn.actor.here), None)
        ticket = next((one for one in await _nearby(turn, None) if one.id == self.which), None)
        whom = Neighbour(
            place=ticket.place if ticket else "",
            person_id=turn.actor.person_id,
            address_id=turn.actor.address_id,
            unit_id=home.unit_id if home else None,
        )
        return await joins.joined(turn, self.which, whom)


async def _fixed_or_not(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    return [Option(YES, T("joined.yes")), Option(NO, T("joined.no"))]


def _is_not(so_far: Answers) -> bool:
    return so_far.get("fixed") == NO


@dataclass(frozen=True, kw_only=True)
class Joined(Form, name="joined"):
    """Whether what a neighbour waited for is in order at his place as well; if not, it becomes his own ticket."""

    joiner: Annotated[int, filled()]
    place: Annotated[str, filled()]
    over: Annotated[bool, filled()] = False
    fixed: Annotated[str, pick(_fixed_or_not)]
    words: Annotated[str, free_words(optional=True, when=_is_not)] = ""

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:
        """Name the place."""
        del turn
        if name == "words":
            return Question(T("joined.words"), options)
        return Question(T("joined.over" if so_far.get("over") else "joined.fixed", place=so_far["place"]), options)

    async def submit(self, turn: Turn) -> Reply:
        """Keep it; what is not in order comes first in the queue of who did the work."""
        if self.fixed == YES:
            await joined.answer(turn.session, turn.actor, joiner_id=self.joiner, fixed=True, now=turn.now)
            return reply(T("joined.thanks"))
        kept = await media.keep(turn.session, turn.actor, turn.inbound, now=turn.now)
        words = self.words or turn.world.texts.label(T("joined.matter"), turn.house.locale)
        ticket = await unmended.file_own(
            turn.session,
            turn.actor,
            joiner_id=self.joiner,
            said=Said(words, tuple(kept)),
            requester=await repair.requester(turn),
            house=turn.house,
            catalog=turn.world.catalog,
            now=turn.now,
            policy=turn.policy,
        )
        name = await people.staff_name(turn.session, ticket.holder_id)
        filed = T("joined.filed", number=ticket.number, name=name) if name else T("joined.open", number=ticket.number)
        return reply(filed)
