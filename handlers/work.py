"""Staff work their tickets: accept, hand on, steps on site, problems, questions, done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from handlers import tickets, words
from handlers.answers import Answers, Question, filled, one_of, pick
from handlers.answers import words as free_words
from handlers.forms import Form
from handlers.turn import Turn
from services import conversations, media, people, surveys
from services.conversations import Option
from services.messages import Reply, Start, T, Toast, When, lines, reply
from services.models import Ticket
from services.refusals import NotAllowed
from services.tickets import dispatch, finding
from services.tickets.dispatch import Need
from services.tickets.history import Said
from services.tickets.rules import Action
from services.understanding.times import clock_time

Verb = Callable[[Turn, int], Awaitable[Reply]]

MOST_OFFERED = 6
LATEST_BACK = timedelta(hours=24)


class Problem(StrEnum):
    """Why work on site can't go on."""

    ABSENT = "absent"
    PARTS = "parts"
    QUOTE = "quote"
    LEAD = "lead"


async def jobs(turn: Turn) -> Reply:
    """List what the employee holds and what waits for somebody."""
    if turn.actor.staff is None:
        raise NotAllowed
    held = await finding.held(turn.session, turn.actor)
    pool = await finding.pool(turn.session, turn.actor)
    sums = await surveys.sums_of(turn.session, staff_id=turn.actor.staff.staff_id)
    score = T("jobs.score", count=sums.answers, average=f"{sums.average_tenths / 10:.1f}") if sums.answers else None
    if not held and not pool:
        return reply(lines(T("jobs.none"), score))
    text, rows = tickets.listed([*held, *pool])
    head = T("jobs.head", held=len(held), pool=len(pool))
    return reply(lines(head, text, score), *rows)


async def accept(turn: Turn, ticket_id: int) -> Reply:
    """Take a ticket; exactly one wins."""
    ticket, change = await tickets.act(turn, ticket_id, Action.ACCEPT)
    by = When(ticket.from_at or ticket.promised_at or turn.now)
    return _noted(turn, T("work.accepted_before" if change.repeated else "work.accepted", number=ticket.number, by=by))


def _noted(turn: Turn, text: T) -> Reply:
    """Answer a tap by a toast: the card itself shows the change. Typed words get an answer in words."""
    return Reply(toast=Toast(text)) if turn.inbound.tap_id else reply(text)


def step(action: Action) -> Verb:
    """Return the verb of a step on the way: called, on the way, arrived."""

    async def verb(turn: Turn, ticket_id: int) -> Reply:
        ticket, change = await tickets.act(turn, ticket_id, action, codes=_typed_time(turn))
        if change.repeated:
            return _noted(turn, T("work.step_before", number=ticket.number))
        return _noted(turn, T(f"work.{action}", number=ticket.number))

    return verb


def _typed_time(turn: Turn) -> dict[str, datetime]:
    """Read a time typed later, such as "14:20到的"; it counts with its own time."""
    at = clock_time(turn.text, now=turn.now, zone=turn.house.zone) if turn.text else None
    return {"at": at} if at is not None and turn.now - at < LATEST_BACK else {}


async def hand_on(turn: Turn, ticket_id: int) -> Reply:
    """Ask to whom."""
    await finding.find(turn.session, turn.actor, ticket_id=ticket_id)
    return Reply(then=Start("hand_on", {"ticket": ticket_id}))


async def not_ours(turn: Turn, ticket_id: int) -> Reply:
    """Ask whose it is."""
    await finding.find(turn.session, turn.actor, ticket_id=ticket_id)
    return Reply(then=Start("not_ours", {"ticket": ticket_id}))


async def problem(turn: Turn, ticket_id: int) -> Reply:
    """Ask what is the matter; picked from a list, never typed."""
    await finding.find(turn.session, turn.actor, ticket_id=ticket_id)
    return Reply(then=Start("problem", {"ticket": ticket_id}))


async def ask(turn: Turn, ticket_id: int) -> Reply:
    """Ask what the owner shall be asked."""
    ticket = await finding.find(turn.session, turn.actor, ticket_id=ticket_id)
    return Reply(then=Start("ask", {"ticket": ticket_id, "number": ticket.number}))


async def done(turn: Turn, ticket_id: int) -> Reply:
    """Finish; without a photo or a note the engineer is asked for one."""
    ticket = await finding.find(turn.session, turn.actor, ticket_id=ticket_id)
    if not turn.inbound.media and not _note(turn):
        return Reply(then=Start("done", {"ticket": ticket_id, "number": ticket.number}))
    return await finish(turn, ticket_id)


def _note(turn: Turn) -> str:
    """Return what was written beside the word "done"."""
    rest = words.after(turn, "words.done")
    return "" if turn.inbound.tap else (rest if rest is not None else turn.text)


async def finish(turn: Turn, ticket_id: int) -> Reply:
    """Say that it is done, with what was sent along."""
    kept = await media.keep(turn.session, turn.actor, turn.inbound, now=turn.now)
    said = Said(_note(turn), tuple(kept))
    ticket, change = await tickets.act(turn, ticket_id, Action.DONE, said=said)
    if change.repeated:
        return reply(T("work.done_before", number=ticket.number))
    return reply(T("work.done", number=ticket.number))


async def photo(turn: Turn, held: Ticket) -> Reply:
    """A photo with a word is "done"; a photo without goes into the ticket, and "done" is one tap away."""
    if turn.text:
        return await finish(turn, held.id)
    kept = await media.keep(turn.session, turn.actor, turn.inbound, now=turn.now)
    await tickets.act(turn, held.id, Action.NOTE, said=Said("", tuple(kept)))
    album = f"album:{turn.inbound.account}:{turn.inbound.album}" if turn.inbound.album else ""
    answer = reply(T("work.photo_kept", number=held.number), [tickets.button("done", held)])
    return Reply(answer.say, key=album)


async def send(turn: Turn, ticket_id: int, staff_id: int) -> Reply:
    """A lead sends somebody by one tap."""
    return await _assign(turn, ticket_id, staff_id)


async def assign(turn: Turn, ticket_id: int) -> Reply:
    """Ask who shall go."""
    await finding.find(turn.session, turn.actor, ticket_id=ticket_id)
    return Reply(then=Start("hand_on", {"ticket": ticket_id}))


async def _assign(turn: Turn, ticket_id: int, staff_id: int, why: str = "") -> Reply:
    ticket = await finding.find(turn.session, turn.actor, ticket_id=ticket_id)
    action = Action.HAND_ON if ticket.holder_id is not None else Action.ASSIGN
    ticket, _ = await tickets.act(turn, ticket_id, action, said=Said(why), codes={"to": staff_id})
    name = await people.staff_name(turn.session, staff_id)
    return reply(T("work.handed_on", number=ticket.number, name=name))


VERBS: Mapping[str, Verb] = {
    "accept": accept,
    "hand_on": hand_on,
    "assign": assign,
    "not_ours": not_ours,
    "called": step(Action.CALLED),
    "on_the_way": step(Action.ON_THE_WAY),
    "arrived": step(Action.ARRIVED),
    "problem": problem,
    "ask": ask,
    "done": done,
}
TYPED: Mapping[str, str] = {  # what an employee may type about the ticket in hand
    "words.accept": "accept",
    "words.called": "called",
    "words.on_the_way": "on_the_way",
    "words.arrived": "arrived",
    "words.done": "done",
    "words.problem": "problem",
    "words.not_ours": "not_ours",
}


async def _colleagues(turn: Turn, so_far: Answers) -> Sequence[Option]:
    """Offer colleagues: the team's, those on duty first."""
    ticket = await finding.find(turn.session, turn.actor, ticket_id=int(so_far["ticket"]))
    found = await dispatch.candidates(
        turn.session, community_id=ticket.community_id, team=_team_for(ticket), now=turn.now
    )
    category = turn.world.catalog.categories.get(ticket.category)
    need = Need(category.skill if category else "")
    others = [c for c in dispatch.ranked(found, need) if c.staff_id != ticket.holder_id]
    return [
        Option(c.staff_id, T("staff.option", name=c.name, badge=c.badge, count=c.open_work))
        for c in others[:MOST_OFFERED]
    ]


def _team_for(ticket: Ticket) -> str:
    return "engineering" if ticket.kind == "repair" else ticket.team


@dataclass(frozen=True, kw_only=True)
class HandOn(Form, name="hand_on"):
    """To whom a ticket goes, and a word why."""

    ticket: Annotated[int, filled()]
    to: Annotated[int, pick(_colleagues)]

    async def submit(self, turn: Turn) -> Reply:
        """Hand it on."""
        return await _assign(turn, self.ticket, self.to)


@dataclass(frozen=True, kw_only=True)
class NotOurs(Form, name="not_ours"):
    """Whose matter it is."""

    ticket: Annotated[int, filled()]
    whose: Annotated[str, free_words(least=2)]

    async def submit(self, turn: Turn) -> Reply:
        """Give it back to the desk with the name of whose it is."""
        ticket, _ = await tickets.act(turn, self.ticket, Action.NOT_OURS, said=Said(self.whose))
        return reply(T("work.not_ours", number=ticket.number))


@dataclass(frozen=True, kw_only=True)
class ReportProblem(Form, name="problem"):
    """What keeps the work from going on."""

    ticket: Annotated[int, filled()]
    what: Annotated[Problem, one_of(Problem, "problem")]

    async def submit(self, turn: Turn) -> Reply:
        """Tell the desk and the owner."""
        ticket, _ = await tickets.act(turn, self.ticket, Action.PROBLEM, codes={"problem": self.what})
        return reply(T("work.problem", number=ticket.number))


@dataclass(frozen=True, kw_only=True)
class AskOwner(Form, name="ask"):
    """A question to the owner."""

    ticket: Annotated[int, filled()]
    number: Annotated[str, filled()]
    question: Annotated[str, free_words(least=2)]

    async def submit(self, turn: Turn) -> Reply:
        """Open it on the owner's side."""
        await tickets.act(turn, self.ticket, Action.ASK, said=Said(self.question))
        return reply(T("work.asked", number=self.number))


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
        return await finish(turn, self.ticket)


async def reply_in_group(turn: Turn, ticket: Ticket) -> Reply:
    """A reply to a card in the group is the ticket's internal log."""
    kept = await media.keep(turn.session, turn.actor, turn.inbound, now=turn.now)
    await tickets.act(turn, ticket.id, Action.NOTE, said=Said(turn.text, tuple(kept)))
    return Reply()


async def ticket_of_card(turn: Turn) -> Ticket | None:
    """Return the ticket whose card the message answers."""
    if not turn.inbound.reply_to:
        return None
    found = await conversations.card_answered(
        turn.session,
        channel=turn.inbound.channel,
        account=turn.inbound.account,
        external=turn.inbound.address,
        message_id=turn.inbound.reply_to,
    )
    return await finding.find(turn.session, turn.actor, ticket_id=found) if found is not None else None


async def open_ticket(turn: Turn, number: str) -> Reply:
    """Show a ticket by its number."""
    ticket = await finding.by_number(turn.session, turn.actor, number=number)
    return await tickets.view(turn, ticket)
