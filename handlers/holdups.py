"""What holds work up: nobody at home, parts, weather, a time that can't be kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from handlers import buttons, later, quotes, tickets, upstairs, words
from handlers.answers import Answers, Kind, Unclear, filled, one_of, pick
from handlers.form import Form, Numbered
from handlers.tickets import Verb
from handlers.turn import Turn
from services import media
from services.conversations import Option
from services.messages import Channel, MediaKind, Reply, Start, T, When, reply
from services.models import Ticket
from services.tickets import finding, parties
from services.tickets.history import Said
from services.tickets.parties import Side
from services.tickets.rules import Action

WITHOUT_PHOTOS = frozenset({Channel.SMS, Channel.CONSOLE})
SHOWN = frozenset({MediaKind.PHOTO, MediaKind.VIDEO})


class Problem(StrEnum):
    """Why work on site can't go on."""

    ABSENT = "absent"
    PARTS = "parts"
    QUOTE = "quote"
    WEATHER = "weather"
    DEPARTMENT = "department"
    NOT_OURS = "not_ours"
    GIVE_BACK = "give_back"
    LEAD = "lead"


class Rest(StrEnum):
    """What a ticket may wait for, when an employee says so."""

    PARTS = "parts"
    WEATHER = "weather"
    DEPARTMENT = "department"
    ABSENT = "absent"


class Late(StrEnum):
    """Why somebody comes later than promised."""

    PREVIOUS = "previous"
    PARTS = "parts"
    BUSY = "busy"
    ROAD = "road"
    OWNER = "owner"
    OTHER = "other"


async def problem(turn: Turn, ticket_id: int) -> Reply:
    """Ask what is the matter; picked from a list, never typed."""
    await tickets.may(turn, ticket_id, Action.PROBLEM)
    return Reply(then=Start("problem", {"ticket": ticket_id}))


async def pause(turn: Turn, ticket_id: int) -> Reply:
    """Ask what it waits for, and until when."""
    ticket = await tickets.may(turn, ticket_id, Action.PAUSE)
    reason, rest = words.reason_in(turn, words.beside(turn, "words.pause"), Rest)
    until = later.begins(turn, rest)
    return Reply(then=tickets.start("pause", ticket, reason=reason, until=until.isoformat() if until else None))


async def resume(turn: Turn, ticket_id: int) -> Reply:
    """Let the work go on."""
    ticket, change = await tickets.act(turn, ticket_id, Action.RESUME)
    return reply(T("work.resumed_before" if change.repeated else "work.resumed", number=ticket.number))


async def no_access(turn: Turn, ticket_id: int) -> Reply:
    """Ask for a photo of the door; one that came along is enough. Of a leak's two doors, ask which it was."""
    ticket = await tickets.may(turn, ticket_id, Action.NO_ACCESS)
    photos = await _photos(turn)
    if ticket.category == parties.LEAK and await parties.of(turn.session, ticket, role=Side.ABOVE) is not None:
        return Reply(then=tickets.start("no_access", ticket, photos=photos or None, two_doors=True))
    if not photos and turn.inbound.channel in WITHOUT_PHOTOS:
        return reply(T("no_access.by_sms", number=ticket.number))
    return Reply(then=tickets.start("no_access", ticket, photos=photos or None))


async def extend(turn: Turn, ticket_id: int) -> Reply:
    """Ask why it gets later, and by when."""
    ticket = await tickets.may(turn, ticket_id, Action.EXTEND)
    reason, rest = words.reason_in(turn, words.beside(turn, "words.extend"), Late)
    until = later.ends(turn, rest)
    return Reply(then=tickets.start("extend", ticket, reason=reason, until=until.isoformat() if until else None))


async def _photos(turn: Turn) -> list[int]:
    if not any(file.kind in SHOWN for file in turn.inbound.media):
        return []
    return list(await media.keep(turn.session, turn.actor, turn.inbound, now=turn.now))


VERBS: Mapping[str, Verb] = {
    "problem": problem,
    "pause": pause,
    "resume": resume,
    "no_access": no_access,
    "extend": extend,
}
TYPED: Mapping[str, str] = {
    "words.problem": "problem",
    "words.extend": "extend",
    "words.pause": "pause",
    "words.resume": "resume",
    "words.no_access": "no_access",
}
FOLLOWS: Mapping[Problem, tuple[str, Action, Mapping[str, str]]] = {  # the form that a choice leads to, its action
    Problem.ABSENT: ("no_access", Action.NO_ACCESS, {}),
    Problem.PARTS: ("pause", Action.PAUSE, {"reason": Rest.PARTS}),
    Problem.QUOTE: ("quote", Action.QUOTE, {}),
    Problem.WEATHER: ("pause", Action.PAUSE, {"reason": Rest.WEATHER}),
    Problem.DEPARTMENT: ("pause", Action.PAUSE, {"reason": Rest.DEPARTMENT}),
    Problem.NOT_OURS: ("not_ours", Action.NOT_OURS, {}),
    Problem.GIVE_BACK: ("give_back", Action.GIVE_BACK, {}),
    Problem.LEAD: ("", Action.PROBLEM, {}),
}


async def _problems(turn: Turn, so_far: Answers) -> Sequence[Option]:
    """Offer what can be done to the ticket as it is now."""
    ticket = await finding.find(turn.session, turn.actor, ticket_id=int(so_far["ticket"]))
    return [Option(one.value, T(f"problem.{one}")) for one in Problem if _fits(turn, ticket, one)]


def _fits(turn: Turn, ticket: Ticket, one: Problem) -> bool:
    return buttons.fits(turn.actor, ticket, FOLLOWS[one][0] or "problem")


@dataclass(frozen=True, kw_only=True)
class ReportProblem(Form, name="problem"):
    """What keeps the work from going on."""

    ticket: Annotated[int, filled()]
    what: Annotated[str, pick(_problems)]

    async def submit(self, turn: Turn) -> Reply:
        """Begin what the choice asks for; the supervisor is called at once."""
        what = Problem(self.what)
        form, action, given = FOLLOWS[what]
        if what is Problem.ABSENT:
            return await no_access(_silent(turn), self.ticket)
        if what is Problem.QUOTE:
            return await quotes.begin(_silent(turn), self.ticket)
        if form:
            return Reply(then=tickets.start(form, await tickets.may(turn, self.ticket, action), **given))
        ticket, _ = await tickets.act(turn, self.ticket, action, codes={"problem": what})
        return reply(T("work.problem", number=ticket.number))


def _silent(turn: Turn) -> Turn:
    """Return the turn without its words, which answered another question."""
    return replace(turn, inbound=replace(turn.inbound, text=""))


@dataclass(frozen=True, kw_only=True)
class Pause(Numbered, name="pause"):
    """What the work waits for, and until when."""

    ticket: Annotated[int, filled()]
    number: Annotated[str, filled()]
    reason: Annotated[Rest, one_of(Rest, "pause")]
    until: Annotated[datetime, later.Moment(of=later.rests, begin=True)]

    async def submit(self, turn: Turn) -> Reply:
        """Let it rest; the owner hears why, and it goes on by itself."""
        codes = {"reason": self.reason.value, "until": self.until}
        ticket, _ = await tickets.act(turn, self.ticket, Action.PAUSE, codes=codes)
        return reply(T("work.paused", number=ticket.number, until=When(self.until)))


@dataclass(frozen=True, kw_only=True)
class Door(Kind):
    """A photo of the door; words alone don't show it."""

    async def read(self, turn: Turn, options: Sequence[Option]) -> Any:  # noqa: ANN401, ARG002
        """Keep the photo."""
        photos = await _photos(turn)
        if not photos:
            raise Unclear(T("refused.needs_photo"))
        return photos


async def _doors(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    return [Option(str(side), T(f"no_access.door.{side}")) for side in (Side.ABOVE, Side.BELOW)]


def _has_two_doors(so_far: Answers) -> bool:
    return bool(so_far.get("two_doors"))


def _is_own_door(so_far: Answers) -> bool:
    return so_far.get("door") != Side.ABOVE


@dataclass(frozen=True, kw_only=True)
class NoAccess(Numbered, name="no_access"):
    """Nobody is at home: a photo of the door shows that somebody came."""

    ticket: Annotated[int, filled()]
    number: Annotated[str, filled()]
    two_doors: Annotated[bool, filled()] = False
    door: Annotated[str, pick(_doors, when=_has_two_doors)] = str(Side.BELOW)
    photos: Annotated[Sequence[int], Door(when=_is_own_door)] = ()

    async def submit(self, turn: Turn) -> Reply:
        """Let the owner pick another time; without a word from him it comes up again tomorrow."""
        if self.door == Side.ABOVE:
            return await upstairs.absent(turn, self.ticket)
        until = later.next_morning(turn)
        seen = Said("", tuple(self.photos))
        ticket, _ = await tickets.act(turn, self.ticket, Action.NO_ACCESS, said=seen, codes={"until": until})
        return reply(T("work.no_access", number=ticket.number, until=When(until)))


@dataclass(frozen=True, kw_only=True)
class Extend(Numbered, name="extend"):
    """By when somebody comes instead, and why later."""

    ticket: Annotated[int, filled()]
    number: Annotated[str, filled()]
    reason: Annotated[Late, one_of(Late, "late")]
    until: Annotated[datetime, later.Moment(of=later.delays)]

    async def submit(self, turn: Turn) -> Reply:
        """Put it off; the owner hears it before the old time passes."""
        codes = {"reason": self.reason.value, "until": self.until}
        ticket, _ = await tickets.act(turn, self.ticket, Action.EXTEND, codes=codes)
        return reply(T("work.extended", number=ticket.number, until=When(self.until)))
