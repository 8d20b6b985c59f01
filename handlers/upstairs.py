"""Water from above: what the upper household is asked, whom the desk calls, what each side allowed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

from handlers import mine, places
from handlers import tickets as shown
from handlers.answers import Answers, Question, filled, one_of, pick
from handlers.answers import words as free_words
from handlers.form import Form, Numbered
from handlers.tickets import Verb
from handlers.turn import Turn
from services.conversations import Option
from services.messages import Choice, Reply, T, lines, plain, reply
from services.models import Ticket
from services.refusals import NotAllowed
from services.tickets import finding, leaks, parties
from services.tickets.leaks import Heard
from services.tickets.parties import Allowed, Side
from services.tickets.rules import Standing, standings

NO = "no"
LEAST = 2  # signs that say something


async def _times(turn: Turn, so_far: Answers) -> Sequence[Option]:
    """Offer the next parts of the day, and that it does not suit."""
    return [*(await mine.windows(turn, so_far))[:3], Option(NO, T("upstairs.no"))]


async def _typed(turn: Turn) -> Any:  # noqa: ANN401
    """Read a time; anything else is passed on as it was said."""
    window = await mine.typed_window(turn)
    if window is not None:  # "my son is there on Saturday" says more than the time
        return [*window, turn.text]
    return {"said": turn.text} if len(turn.text) >= LEAST else None


def _declined(so_far: Answers) -> bool:
    return so_far.get("when") == NO


@dataclass(frozen=True, kw_only=True)
class Upstairs(Form, name="upstairs"):
    """When somebody may look at a bathroom above a leak; nothing tells who lives below."""

    expires: ClassVar[timedelta | None] = leaks.ANSWER_DAYS

    party: Annotated[int, filled()]
    unit: Annotated[int, filled()]
    when: Annotated[Any, pick(_times, other=_typed)]
    words: Annotated[str, free_words(optional=True, when=_declined)] = ""

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:
        """Name the household's own flat: it may have several."""
        home = next((one for one in turn.actor.here if one.unit_id == so_far["unit"]), None)
        place = places.unit_label(home) if home is not None else plain("")
        return Question(T(f"upstairs.{name}", place=place), options, across=1 if name == "when" else 2)

    async def submit(self, turn: Turn) -> Reply:
        """Pass the answer on to who works the case."""
        heard = self._heard()
        await leaks.answered(turn.session, turn.actor, party_id=self.party, heard=heard, now=turn.now)
        return reply(T(f"upstairs.thanks.{heard.allowed}", phone=turn.house.phone))

    def _heard(self) -> Heard:
        if self.when == NO:
            return Heard(Allowed.NO, self.words)
        if isinstance(self.when, Mapping):
            return Heard(Allowed.UNKNOWN, self.when["said"])
        start, end = (datetime.fromisoformat(text) for text in self.when[:2])
        return Heard(Allowed.YES, "".join(self.when[2:]), start, end)


async def _reached_or_not(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    return [Option("yes", T("reach_contact.yes")), Option("no", T("reach_contact.no"))]


def _was_reached(so_far: Answers) -> bool:
    return so_far.get("reached") == "yes"


@dataclass(frozen=True, kw_only=True)
class ReachContact(Form, name="reach_contact"):
    """The desk calls the emergency contact of a flat where nobody answers."""

    ticket: Annotated[int, filled()]
    number: Annotated[str, filled()]
    party: Annotated[int, filled()]
    reached: Annotated[str, pick(_reached_or_not)]
    allowed: Annotated[Allowed, one_of(Allowed, "allowed.say", when=_was_reached)] = Allowed.UNKNOWN
    words: Annotated[str, free_words(optional=True, when=_was_reached)] = ""

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:
        """Give the contact as the register has it."""
        if name != "reached":
            return await super().ask(turn, name, so_far, options)
        ticket, unit = await leaks.whom_to_call(turn.session, turn.actor, ticket_id=int(so_far["ticket"]))
        contact = plain(unit.emergency_contact) if unit.emergency_contact else T("reach_contact.none")
        text = T("reach_contact.reached", number=ticket.number, place=places.unit_label(unit), contact=contact)
        return Question(text, options)

    async def submit(self, turn: Turn) -> Reply:
        """Write down what came of it."""
        ticket = await finding.find(turn.session, turn.actor, ticket_id=self.ticket, lock=True)
        heard = Heard(self.allowed, self.words) if self.reached == "yes" else None
        await leaks.contact_reached(
            turn.session, turn.actor, ticket=ticket, heard=heard, now=turn.now, policy=turn.policy
        )
        return reply(
            T("reach_contact.noted" if heard else "reach_contact.again", number=self.number),
            [Choice(T("do.sides"), f"t:sides:{self.ticket}")],
        )


async def _what(turn: Turn, so_far: Answers) -> Sequence[Option]:
    """Offer what may be written down about either side, as far as it makes sense now."""
    ticket = await finding.find(turn.session, turn.actor, ticket_id=int(so_far["ticket"]))
    there = await parties.of(turn.session, ticket, role=Side.ABOVE) is not None
    above = ["above_yes", "above_no", "absent"] if there else ["begin"] if ticket.unit_id is not None else []
    return [Option(value, T(f"sides.{value}")) for value in (*above, "below_yes", "below_no", "other_unit")]


async def _no_options(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    return []


async def _typed_unit(turn: Turn) -> int | None:
    place = await places.from_reading(turn, turn.understood())
    return place.get("unit") if place is not None else None


def _names_a_unit(so_far: Answers) -> bool:
    return so_far.get("what") == "other_unit"


def _says_who_allows(so_far: Answers) -> bool:
    return "_" in str(so_far.get("what") or "") and not _names_a_unit(so_far)


@dataclass(frozen=True, kw_only=True)
class Sides(Numbered, name="sides"):
    """Both households of a leak, and what is to be written down about them."""

    ticket: Annotated[int, filled()]
    number: Annotated[str, filled()]
    what: Annotated[str, pick(_what)]
    unit: Annotated[int, pick(_no_options, other=_typed_unit, when=_names_a_unit)] = 0
    words: Annotated[str, free_words(optional=True, when=_says_who_allows)] = ""

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:
        """Show how things stand before the choice."""
        if name != "what":
            return await super().ask(turn, name, so_far, options)
        ticket = await finding.find(turn.session, turn.actor, ticket_id=int(so_far["ticket"]))
        known = [parties.line(one) for one in await parties.shown(turn.session, ticket)]
        return Question(lines(T("sides.what", number=ticket.number), *known), options)

    async def submit(self, turn: Turn) -> Reply:
        """Do what was chosen."""
        ticket = await _case(turn, self.ticket, lock=True)
        session, actor, now = turn.session, turn.actor, turn.now
        if self.what == "other_unit":
            await leaks.name_upper(session, actor, ticket=ticket, unit_id=self.unit, now=now, policy=turn.policy)
        elif self.what == "begin":
            await leaks.turn_to_upper(session, actor, ticket=ticket, now=now, policy=turn.policy)
        elif self.what == "absent":
            await leaks.nobody_there(session, actor, ticket=ticket, now=now)
        else:
            side, _, allowed = self.what.partition("_")
            heard = Heard(Allowed(allowed), self.words)
            await leaks.record(session, actor, ticket=ticket, side=Side(side), heard=heard, now=now)
        known = [parties.line(one) for one in await parties.shown(session, ticket)]
        return reply(lines(T("sides.noted", number=ticket.number), *known))


async def _case(turn: Turn, ticket_id: int, *, lock: bool = False) -> Ticket:
    """Return a case to those who work it; the requester is not one of them."""
    ticket = await finding.find(turn.session, turn.actor, ticket_id=ticket_id, lock=lock)
    if not standings(turn.actor, ticket) & {Standing.HOLDER, Standing.FRONT, Standing.LEAD}:
        raise NotAllowed
    return ticket


async def sides(turn: Turn, ticket_id: int) -> Reply:
    """Show both households and ask what is to be written down."""
    return Reply(then=shown.start("sides", await _case(turn, ticket_id)))


async def absent(turn: Turn, ticket_id: int) -> Reply:
    """Nobody opens above: the desk gets the emergency contact."""
    ticket = await _case(turn, ticket_id, lock=True)
    await leaks.nobody_there(turn.session, turn.actor, ticket=ticket, now=turn.now)
    return reply(T("sides.contact_called", number=ticket.number))


VERBS: Mapping[str, Verb] = {"sides": sides, "upper_absent": absent}
TYPED: Mapping[str, str] = {"words.upper_absent": "upper_absent"}
