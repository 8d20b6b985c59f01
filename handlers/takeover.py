"""A shift handed over in chat: what is open with a note each, who comes, and item by item whether it is clear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from handlers.answers import Answers, Question, filled, pick
from handlers.answers import words as free_words
from handlers.form import Form
from handlers.turn import Turn
from services import handovers, people, relief
from services.conversations import Option
from services.messages import Reply, Start, T, Text, When, joined, lines, reply
from services.models import Ticket
from services.refusals import NotAllowed
from services.tickets import faces

ALL_RIGHT = 0


async def handover(turn: Turn) -> Reply:
    """Hand the shift over; who has one waiting for him goes on with that first."""
    if turn.actor.staff is None:
        raise NotAllowed
    waiting = await handovers.waiting_for(turn.session, turn.actor)
    if waiting is not None:
        return Reply(then=Start("take_over", {"item": waiting.id}))
    if not await relief.coming(turn.session, turn.actor, now=turn.now):
        return reply(T("handover.nobody"))
    return Reply(then=Start("handover", {}))


# ---------------------------------------------------------------- who goes


async def _open(turn: Turn) -> Sequence[Ticket]:
    return await relief.left_open(turn.session, turn.actor, now=turn.now)


async def _notes(turn: Turn, found: Sequence[Ticket], changed: Mapping[str, str]) -> dict[int, str]:
    """Return the note of each ticket: the one that was written, else the last thing said about it."""
    said = await relief.last_words(turn.session, [ticket.id for ticket in found])
    return {ticket.id: changed.get(str(ticket.id), said.get(ticket.id, "")) for ticket in found}


def _holds(turn: Turn, found: Sequence[Ticket]) -> bool:
    return any(turn.actor.staff is not None and ticket.holder_id == turn.actor.staff.staff_id for ticket in found)


async def _which(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    change = [Option(ticket.id, T("handover.change", number=ticket.number)) for ticket in await _open(turn)]
    return [Option(ALL_RIGHT, T("handover.all_right")), *change]


async def _nothing(turn: Turn, so_far: Answers) -> int | None:  # noqa: ARG001
    return None if await _open(turn) else ALL_RIGHT


async def _coming(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    found = await relief.coming(turn.session, turn.actor, now=turn.now)
    return [Option(one.staff_id, _option(one)) for one in found]


def _option(one: relief.Coming) -> T:
    if one.on_duty:
        return T("handover.option.on", name=one.name)
    if one.starts_at is not None:
        return T("handover.option.later", name=one.name, at=When(one.starts_at))
    return T("handover.option.free", name=one.name)


async def _ways(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    """Offer to pass one's own tickets on as well; an engineer usually does, the desk usually goes on with its own."""
    both = [Option(value=True, label=T("handover.pass")), Option(value=False, label=T("handover.keep"))]
    return both[::-1] if turn.actor.is_front else both


async def _no_own(turn: Turn, so_far: Answers) -> bool | None:  # noqa: ARG001
    return None if _holds(turn, await _open(turn)) else False


def _is_given(so_far: Answers) -> bool:
    return so_far.get("which") == ALL_RIGHT


def _is_changed(so_far: Answers) -> bool:
    return bool(so_far.get("which"))


@dataclass(frozen=True, kw_only=True)
class HandOver(Form, name="handover"):
    """The list with its notes, one of them changed or all right as they are; then who comes."""

    notes: Annotated[Mapping[str, str], filled()] = field(default_factory=dict)
    which: Annotated[int, pick(_which, only=_nothing)]
    note: Annotated[str, free_words(when=_is_changed)] = ""
    to: Annotated[int, pick(_coming, when=_is_given)] = 0
    passes: Annotated[bool, pick(_ways, only=_no_own, when=_is_given)] = False

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:
        """Show the list; ask by number for a note."""
        found = await _open(turn)
        if name == "which":
            return Question(await _list(turn, found, so_far.get("notes") or {}), options)
        if name == "note":
            number = next((ticket.number for ticket in found if ticket.id == so_far["which"]), "")
            return Question(T("handover.note", number=number), options)
        return Question(T(f"handover.{name}" if found else "handover.to_none"), options)

    async def submit(self, turn: Turn) -> Reply:
        """Keep a changed note and show the list again, or give it to who comes."""
        if self.which != ALL_RIGHT:
            return Reply(then=Start("handover", {"notes": {**self.notes, str(self.which): self.note}}))
        given = await handovers.give(
            turn.session,
            turn.actor,
            to_staff_id=self.to,
            notes=await _notes(turn, await _open(turn), self.notes),
            passes_on=self.passes,
            now=turn.now,
            policy=turn.policy,
        )
        if given.state == "confirmed":  # nothing was in hand: both have heard it
            return Reply()
        name = await people.staff_name(turn.session, self.to)
        return reply(T("handover.given", name=name, minutes=turn.policy.shifts.confirm_minutes))


async def _list(turn: Turn, found: Sequence[Ticket], changed: Mapping[str, str]) -> Text:
    notes = await _notes(turn, found, changed)
    rows: list[Text | None] = []
    for ticket in found:
        rows += [_ticket(turn, ticket), T("handover.noted", note=notes[ticket.id]) if notes[ticket.id] else None]
    return lines(T("handover.list", count=len(found)), *rows)


def _ticket(turn: Turn, ticket: Ticket) -> Text:
    """Say a ticket in a line; one that is late says so."""
    late = T("handover.late") if ticket.due_at is not None and ticket.due_at < turn.now else None
    return joined([faces.one_line(ticket, now=turn.now), late], " ")


# ---------------------------------------------------------------- who comes


async def _verdicts(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    return [Option(value=True, label=T("takeover.clear")), Option(value=False, label=T("takeover.doubt"))]


def _doubts(so_far: Answers) -> bool:
    return so_far.get("clear") is False


@dataclass(frozen=True, kw_only=True)
class TakeOver(Form, name="take_over"):
    """One item: clear, or a question to who goes."""

    item: Annotated[int, filled()]
    clear: Annotated[bool, pick(_verdicts)]
    question: Annotated[str, free_words(least=2, when=_doubts)] = ""

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:
        """Show the item; the first one says whose shift it is."""
        given, item, ticket = await handovers.item_with_ticket(turn.session, item_id=int(so_far["item"]))
        who = await people.staff_name(turn.session, given.from_staff_id)
        if name == "question":
            return Question(T("takeover.question", name=who), options)
        everything = await handovers.items(turn.session, given)
        place = [one.id for one in everything].index(item.id) + 1
        fresh = all(one.state == "new" for one in everything)
        text = lines(
            T("takeover.head", name=who, count=len(everything)) if fresh else None,
            joined([T("takeover.count", place=place, count=len(everything)), _ticket(turn, ticket)], " "),
            T("handover.noted", note=item.note) if item.note else None,
            T("takeover.asked_before", question=item.question) if item.question else None,
            T("takeover.answered", name=who, answer=item.answer) if item.answer else None,
        )
        return Question(text, options)

    async def submit(self, turn: Turn) -> Reply:
        """Keep the verdict; the next item comes as a question of its own."""
        about: dict[str, Any] = {"item_id": self.item, "now": turn.now, "policy": turn.policy}
        if self.clear:
            given = await handovers.clear(turn.session, turn.actor, **about)
        else:
            given = await handovers.doubt(turn.session, turn.actor, question=self.question, **about)
        states = [item.state for item in await handovers.items(turn.session, given)]
        if not self.clear or "refused" not in states or {"new", "answered"} & set(states):
            return Reply()
        name = await people.staff_name(turn.session, given.from_staff_id)
        return reply(T("takeover.waits", name=name, count=states.count("refused")))


@dataclass(frozen=True, kw_only=True)
class ShiftAnswer(Form, name="shift_answer"):
    """What who goes answers to a question about an item."""

    item: Annotated[int, filled()]
    question: Annotated[str, filled()]
    answer: Annotated[str, free_words()]

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:  # noqa: ARG003
        """Put the question as it was asked."""
        given, _, ticket = await handovers.item_with_ticket(turn.session, item_id=int(so_far["item"]))
        who = await people.staff_name(turn.session, given.to_staff_id)
        return Question(T("shift_answer.answer", name=who, number=ticket.number, question=so_far["question"]), options)

    async def submit(self, turn: Turn) -> Reply:
        """Pass it on: the item is asked again."""
        await handovers.answer(turn.session, turn.actor, item_id=self.item, words=self.answer, now=turn.now)
        return reply(T("shift_answer.done"))
