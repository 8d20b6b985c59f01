"""An owner's own tickets: see, urge, change the time, add, cancel, accept, return."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from handlers import buttons, menu, tickets
from handlers.answers import Answers, Question, filled, pick, score, yes_no
from handlers.answers import words as free_words
from handlers.form import Form
from handlers.tickets import Verb
from handlers.turn import Turn
from services import media, people, surveys
from services.catalog import Kind
from services.conversations import Option
from services.messages import Choice, Reply, Start, T, When, lines, plain, reply, window_end
from services.models import Ticket
from services.tickets import cards, finding, joining
from services.tickets.history import Said
from services.tickets.rules import Action
from services.understanding.times import Window

JOINS_FOR = timedelta(minutes=30)  # what is written so soon after filing belongs to the ticket
DAYPARTS = ((9, 12), (14, 17), (18, 20))


async def show(turn: Turn) -> Reply:
    """List the person's own tickets, and what he waits for with his neighbours."""
    found = await finding.mine(turn.session, turn.actor, now=turn.now)
    along = [_along(turn, ticket) for ticket in await joining.waited_for(turn.session, turn.actor)]
    if not found:
        return reply(lines(T("mine.along"), *along) if along else T("mine.none"))
    if len(found) == 1 and not along:
        return await tickets.view(turn, found[0])
    text, rows = tickets.listed(found)
    return reply(lines(T("mine.head"), text, T("mine.along") if along else None, *along), *rows)


def _along(turn: Turn, ticket: Ticket) -> T:
    """Say how far it is with what somebody waits for with his neighbours."""
    progress = joining.progress(ticket, now=turn.now)
    return T("mine.along.line", place=plain(ticket.place), progress=progress)


async def view(turn: Turn, ticket_id: int) -> Reply:
    """Show one ticket."""
    return await tickets.view(turn, await finding.find(turn.session, turn.actor, ticket_id=ticket_id))


async def urge(turn: Turn, ticket_id: int) -> Reply:
    """Urge whoever holds the ticket."""
    ticket, _ = await tickets.act(turn, ticket_id, Action.URGE)
    return reply(T("mine.urged", number=ticket.number))


async def cancel(turn: Turn, ticket_id: int) -> Reply:
    """Take the ticket back."""
    ticket, _ = await tickets.act(turn, ticket_id, Action.CANCEL)
    return reply(T("mine.cancelled", number=ticket.number))


async def reschedule(turn: Turn, ticket_id: int) -> Reply:
    """Ask for another time."""
    await tickets.may(turn, ticket_id, Action.RESCHEDULE)
    window = next(iter(turn.understood().when), None) if turn.text else None
    given = {"when": [window.start.isoformat(), window.end.isoformat()]} if window else {}
    return Reply(then=Start("reschedule", {"ticket": ticket_id, **given}))


async def note(turn: Turn, ticket_id: int) -> Reply:
    """Ask for what is to be added."""
    await tickets.may(turn, ticket_id, Action.NOTE)
    return Reply(then=Start("note", {"ticket": ticket_id}))


async def accept(turn: Turn, ticket_id: int) -> Reply:
    """The owner is content: the ticket is closed, the survey comes later."""
    ticket, change = await tickets.act(turn, ticket_id, Action.OWNER_ACCEPTS)
    return reply(T("mine.accepted_before" if change.repeated else "mine.accepted", number=ticket.number))


async def give_back(turn: Turn, ticket_id: int) -> Reply:
    """Ask what is still wrong."""
    ticket = await tickets.may(turn, ticket_id, Action.OWNER_RETURNS)
    if ticket.kind == Kind.COMPLAINT:
        return tickets.unsettled(ticket)
    return Reply(then=Start("return", {"ticket": ticket_id}))


async def no_show(turn: Turn, ticket_id: int) -> Reply:
    """Nobody came at the promised time: the engineer and whoever leads hear it."""
    ticket, _ = await tickets.act(turn, ticket_id, Action.NO_SHOW)
    return reply(T("mine.no_show", number=ticket.number, phone=turn.house.phone))


async def waited_for_nothing(turn: Turn, theirs: Sequence[Ticket]) -> Reply | None:
    """Answer "nobody came" about the only visit whose time has passed; None: it is something else."""
    missed = [ticket for ticket in theirs if buttons.missed(ticket, now=turn.now)]
    return await no_show(turn, missed[0].id) if len(missed) == 1 else None


async def more(turn: Turn, ticket_id: int) -> Reply:
    """Show what else can be done to a ticket."""
    return tickets.more(turn, await finding.find(turn.session, turn.actor, ticket_id=ticket_id))


VERBS: Mapping[str, Verb] = {
    "view": view,
    "more": more,
    "no_show": no_show,
    "urge": urge,
    "cancel": cancel,
    "reschedule": reschedule,
    "note": note,
    "owner_accepts": accept,
    "owner_returns": give_back,
}


async def add(turn: Turn, ticket: Ticket) -> Reply:
    """Add words or files to a ticket."""
    kept = await media.keep(turn.session, turn.actor, turn.inbound, now=turn.now)
    said = Said(turn.text, tuple(kept))
    await tickets.act(turn, ticket.id, Action.NOTE, said=said)
    key = f"album:{turn.inbound.account}:{turn.inbound.album}" if turn.inbound.album else ""
    answer = reply(T("mine.added", number=ticket.number))
    return Reply(answer.say, key=key)


async def send_back(turn: Turn, ticket_id: int, why: str) -> Reply:
    """The owner says in his own words that it is not fixed."""
    ticket = await tickets.may(turn, ticket_id, Action.OWNER_RETURNS)
    if ticket.kind == Kind.COMPLAINT:
        return tickets.unsettled(ticket, why)
    ticket, _ = await tickets.act(turn, ticket_id, Action.OWNER_RETURNS, said=Said(why))
    return tickets.returned(ticket)


async def hide_number(turn: Turn) -> Reply:
    """Keep the person's number from engineers, now and from here on; the desk passes messages on."""
    await people.hide_number(turn.session, turn.actor)
    for ticket in await finding.newest_open(turn.session, turn.actor):
        ticket.shows_number = False
        await cards.touch(turn.session, ticket=ticket, now=turn.now)
    return reply(T("number.hidden"))


async def which(turn: Turn, verb: str) -> Reply:
    """Do something to the person's only open ticket, or ask which one is meant."""
    found = await finding.newest_open(turn.session, turn.actor)
    if not found:
        along = [_along(turn, ticket) for ticket in await joining.waited_for(turn.session, turn.actor)]
        return reply(lines(T("mine.along"), *along) if along else lines(T("mine.none"), turn.about()))
    if len(found) == 1:
        return await VERBS[verb](turn, found[0].id)
    text = lines(T("mine.which"), *(tickets.listed(found)[0],))
    choices = [Choice(T("ticket.number", number=ticket.number), f"t:{verb}:{ticket.id}") for ticket in found]
    return reply(text, choices)


async def call_off(turn: Turn) -> Reply:
    """Answer a lone 0: ask whether the only open ticket is to be called off; else a person helps."""
    found = [
        ticket for ticket in await finding.newest_open(turn.session, turn.actor) if ticket.state in finding.IN_HAND
    ]
    if not found:
        return await menu.person(turn)
    ticket = found[0]
    return Reply(then=Start("call_off", {"ticket": ticket.id, "number": ticket.number, "matter": ticket.matter}))


@dataclass(frozen=True, kw_only=True)
class CallOff(Form, name="call_off"):
    """Is it true that nobody need come."""

    ticket: Annotated[int, filled()]
    number: Annotated[str, filled()]
    matter: Annotated[str, filled()]
    sure: Annotated[bool, yes_no()]

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:
        """Name the ticket."""
        del turn, name
        return Question(T("call_off.sure", number=so_far["number"], matter=so_far["matter"]), options)

    async def submit(self, turn: Turn) -> Reply:
        """Cancel it, or leave everything as it is."""
        return await (cancel(turn, self.ticket) if self.sure else view(turn, self.ticket))


@dataclass(frozen=True, kw_only=True)
class Note(Form, name="note"):
    """Something to add to a ticket."""

    ticket: Annotated[int, filled()]
    words: Annotated[str, free_words()]

    async def submit(self, turn: Turn) -> Reply:
        """Add it."""
        return await add(turn, await finding.find(turn.session, turn.actor, ticket_id=self.ticket))


@dataclass(frozen=True, kw_only=True)
class Return(Form, name="return"):
    """What is still wrong after a repair."""

    ticket: Annotated[int, filled()]
    why: Annotated[str, free_words(optional=True)] = ""

    async def submit(self, turn: Turn) -> Reply:
        """Send it back to work, under the same number."""
        kept = await media.keep(turn.session, turn.actor, turn.inbound, now=turn.now)
        ticket, _ = await tickets.act(turn, self.ticket, Action.OWNER_RETURNS, said=Said(self.why, tuple(kept)))
        return tickets.returned(ticket)


async def windows(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    """Offer the next parts of the day that are still to come."""
    local = turn.now.astimezone(turn.house.zone)
    options: list[Option] = []
    for day in range(3):
        for start_hour, end_hour in DAYPARTS:
            start = local.replace(hour=start_hour, minute=0, second=0, microsecond=0) + timedelta(days=day)
            end = start.replace(hour=end_hour)
            if end > local + timedelta(hours=1) and len(options) < 4:  # noqa: PLR2004 - four buttons
                value = [max(start, local).isoformat(), end.isoformat()]
                options.append(Option(value, T("when.window", start=When(start), end=window_end(start, end))))
    return options


async def typed_window(turn: Turn) -> list[str] | None:
    """Read a stretch of time out of typed words."""
    window: Window | None = next(iter(turn.understood().when), None)
    return [window.start.isoformat(), window.end.isoformat()] if window else None


@dataclass(frozen=True, kw_only=True)
class Reschedule(Form, name="reschedule"):
    """Another time for a visit."""

    ticket: Annotated[int, filled()]
    when: Annotated[Sequence[str], pick(windows, other=typed_window)]

    async def submit(self, turn: Turn) -> Reply:
        """Change it; the other side is told."""
        start, end = (datetime.fromisoformat(text) for text in self.when)
        ticket, _ = await tickets.act(turn, self.ticket, Action.RESCHEDULE, codes={"start": start, "end": end})
        return reply(T("mine.rescheduled", number=ticket.number, start=When(start), end=window_end(start, end)))


@dataclass(frozen=True, kw_only=True)
class AnswerStaff(Form, name="answer"):
    """The desk or the engineer asked the owner something."""

    ticket: Annotated[int, filled()]
    number: Annotated[str, filled()]
    question: Annotated[str, filled()]
    asker: Annotated[int, filled()] = 0
    words: Annotated[str, free_words()]

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:
        """Put the asker's own words into the question."""
        del turn, name
        return Question(T("answer.words", number=so_far["number"], question=so_far["question"]), options)

    async def submit(self, turn: Turn) -> Reply:
        """Pass the answer on."""
        kept = await media.keep(turn.session, turn.actor, turn.inbound, now=turn.now)
        said = Said(self.words, tuple(kept))
        await tickets.act(turn, self.ticket, Action.ANSWER, said=said, codes={"asker": self.asker or None})
        return reply(T("answer.passed", number=self.number))


@dataclass(frozen=True, kw_only=True)
class Verdict(Form, name="verdict"):
    """By text message, acceptance and score are one digit; 0 means it is not fixed."""

    ticket: Annotated[int, filled()]
    number: Annotated[str, filled()]
    matter: Annotated[str, filled()]
    score: Annotated[int, score(zero="score.not_fixed")]

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:
        """Name the matter."""
        del turn, name
        return Question(T("verdict.score", matter=so_far["matter"], number=so_far["number"]), options)

    async def submit(self, turn: Turn) -> Reply:
        """Close and keep the score, or send it back to work."""
        if self.score == 0:
            ticket, _ = await tickets.act(turn, self.ticket, Action.OWNER_RETURNS)
            return tickets.returned(ticket)
        ticket, _ = await tickets.act(turn, self.ticket, Action.OWNER_ACCEPTS, codes={"score": self.score})
        unhappy = await surveys.answer_at_once(
            turn.session, ticket=ticket, score=self.score, now=turn.now, policy=turn.policy
        )
        if unhappy is not None:
            return reply(T("survey.sorry", by=When(unhappy.due_at), phone=turn.house.phone))
        return reply(T("survey.thanks"))
