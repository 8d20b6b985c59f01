"""Looking a ticket up and showing it, for owners and staff alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from handlers.turn import Turn
from services import people
from services.catalog import Kind
from services.messages import Choice, Reply, Say, Style, T, Text, When, joined, lines, pairs, plain, reply
from services.models import Ticket
from services.tickets import engine, faces, finding, history
from services.tickets.history import Happened, Said
from services.tickets.rules import Action, Change, Standing, State, decide, standings

MOST_SHOWN = 12


def button(verb: str, ticket: Ticket) -> Choice:
    """Return a button about a ticket."""
    return Choice(T(f"do.{verb}"), f"t:{verb}:{ticket.id}")


async def act(
    turn: Turn,
    ticket_id: int,
    action: Action,
    *,
    said: Said | None = None,
    codes: Mapping[str, Any] | None = None,
) -> tuple[Ticket, Change]:
    """Lock the ticket and do an action to it; raises `Refused`."""
    ticket = await finding.find(turn.session, turn.actor, ticket_id=ticket_id, lock=True)
    change = await engine.act(
        turn.session, turn.actor, action, ticket=ticket, now=turn.now, policy=turn.policy, said=said, codes=codes
    )
    return ticket, change


def returned(ticket: Ticket) -> Reply:
    """Say what follows when the owner is not content: the repair, or the answering, goes on."""
    return reply(T("mine.returned" if ticket.kind == Kind.REPAIR else "mine.returned_answer", number=ticket.number))


async def view(turn: Turn, ticket: Ticket) -> Reply:
    """Show a ticket with its timeline and what can be done to it."""
    who = standings(turn.actor, ticket)
    rows = await history.timeline(turn.session, ticket)
    head = T(
        "ticket.head",
        number=ticket.number,
        kind=T(f"kind.{ticket.kind}"),
        state=faces.state_of(ticket),
        place=plain(ticket.place),
        matter=ticket.matter,
    )
    holder = await people.staff_name(turn.session, ticket.holder_id)
    promised = (
        T("ticket.promised", by=When(ticket.promised_at))
        if ticket.promised_at and ticket.state in finding.IN_HAND
        else None
    )
    told = [_event(row, who) for row in rows if _seen_by(row, ticket, who)][-MOST_SHOWN:]
    text = lines(head, T("ticket.holder", name=holder) if holder else None, promised, *told)
    shown = await history.files(turn.session, ticket) if who - {Standing.REQUESTER} else ()
    return Reply(Say(text, pairs(_buttons(ticket, who)), media=shown))


async def may(turn: Turn, ticket_id: int, action: Action) -> Ticket:
    """Find a ticket and see that the action can be done to it now, before anything is asked; raises `Refused`."""
    ticket = await finding.find(turn.session, turn.actor, ticket_id=ticket_id)
    decide(action, State(ticket.state), standings(turn.actor, ticket), holds=False)
    return ticket


def _event(row: Happened, who: frozenset[Standing]) -> Text:
    words = row.words if row.action in SPOKEN else None
    private = row.action in INTERNAL and not who - {Standing.REQUESTER}
    return joined(
        [
            T("ticket.event", at=When(_counts(row), Style.FULL), what=T(f"event.{row.action}")),
            T("ticket.event.words", words=words) if words and not private else None,
        ],
        " ",
    )


def _seen_by(row: Happened, ticket: Ticket, who: frozenset[Standing]) -> bool:
    """Whether the row is for these eyes: notes among employees are not for the requester."""
    if who - {Standing.REQUESTER}:
        return True
    return row.action != Action.NOTE or row.person_id == ticket.requester_id


def _counts(row: Happened) -> datetime:
    """Return the time that counts: what was typed later ("14:20到的") has its own."""
    typed = row.codes.get("at")
    return datetime.fromisoformat(typed) if typed else row.at


SPOKEN = frozenset({Action.NOTE, Action.ASK, Action.ANSWER, Action.DONE, Action.OWNER_RETURNS, Action.NOT_OURS})
INTERNAL = frozenset({Action.NOT_OURS, Action.HAND_ON})


def _buttons(ticket: Ticket, who: frozenset[Standing]) -> Sequence[Choice]:
    if Standing.REQUESTER in who:
        return [button(verb, ticket) for verb in OWNER_VERBS.get(State(ticket.state), ())]
    if Standing.HOLDER in who and ticket.state == State.WORKING:
        return [button(verb, ticket) for verb in faces.steps(ticket)]
    if ticket.state in {State.OPEN, State.ASSIGNED}:
        return [button(verb, ticket) for verb in ("accept", "hand_on" if ticket.holder_id else "assign")]
    return ()


OWNER_VERBS: Mapping[State, Sequence[str]] = {
    State.OPEN: ("urge", "reschedule", "note", "cancel"),
    State.ASSIGNED: ("urge", "reschedule", "note", "cancel"),
    State.WORKING: ("urge", "reschedule", "note", "cancel"),
    State.DONE: ("owner_accepts", "owner_returns"),
    State.CLOSED: ("owner_returns",),
}


def listed(found: Sequence[Ticket]) -> tuple[Text, Sequence[Sequence[Choice]]]:
    """Put tickets below each other, each with a button that opens it."""
    choices = [Choice(plain(ticket.number), f"t:view:{ticket.id}") for ticket in found]
    return lines(*(faces.one_line(ticket) for ticket in found)), pairs(choices, across=3)
