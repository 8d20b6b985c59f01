"""What somebody may do to a ticket as it is now, as buttons: most needed first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from services.actors import Actor
from services.calendars import DEVELOPER
from services.catalog import Kind
from services.messages import Choice, T
from services.models import Ticket
from services.refusals import Refused
from services.tickets import faces, parties
from services.tickets.rules import HELD, IN_HAND, Action, Standing, State, decide, independent, standings, taking

MOST_SHOWN = 6

OWNERS: Mapping[State, Sequence[str]] = {
    State.OPEN: ("urge", "reschedule", "note", "cancel"),
    State.ASSIGNED: ("urge", "reschedule", "note", "cancel"),
    State.WORKING: ("urge", "reschedule", "note", "cancel"),
    State.PAUSED: ("reschedule", "urge", "note", "cancel"),
    State.DONE: ("owner_accepts", "owner_returns"),
    State.CLOSED: ("owner_returns",),
}
HOLDERS: Mapping[State, Sequence[str]] = {
    State.ASSIGNED: ("accept", "hand_on", "not_ours", "give_back", "extend"),
    State.WORKING: ("tell", "extend", "hand_on", "link"),  # after the steps of the visit
    State.PAUSED: ("resume", "done", "ask", "tell", "talk", "problem", "hand_on", "link"),
}
ANSWERED = frozenset({State.DONE, State.CLOSED})
COMPLAINTS = ("concern", "rally")  # of those who lead
DESKS: Mapping[State, Sequence[str]] = {
    State.OPEN: ("accept", "assign", "take", "ask", "tell", "talk", "extend", "merge", "link", "withdraw"),
    State.ASSIGNED: ("hand_on", "take", "ask", "tell", "talk", "extend", "merge", "link", "withdraw"),
    State.WORKING: ("hand_on", "ask", "tell", "talk", "extend", "take", "merge", "pause", "link", "withdraw"),
    State.PAUSED: ("resume", "hand_on", "ask", "tell", "talk", "extend", "take", "merge", "link", "withdraw"),
    State.DONE: ("close", "reopen", "quality", "sign_off", "ask", "tell", "talk", "link"),
    State.CLOSED: ("quality", "sign_off", "reopen"),
    State.CANCELLED: ("reopen",),
    State.MERGED: ("unmerge",),
}
DOES: Mapping[str, Action] = {
    "urge": Action.URGE,
    "reschedule": Action.RESCHEDULE,
    "note": Action.NOTE,
    "cancel": Action.CANCEL,
    "no_show": Action.NO_SHOW,
    "owner_accepts": Action.OWNER_ACCEPTS,
    "owner_returns": Action.OWNER_RETURNS,
    "accept": Action.ACCEPT,
    "assign": Action.ASSIGN,
    "hand_on": Action.HAND_ON,
    "give_back": Action.GIVE_BACK,
    "not_ours": Action.NOT_OURS,
    "called": Action.CALLED,
    "on_the_way": Action.ON_THE_WAY,
    "arrived": Action.ARRIVED,
    "no_access": Action.NO_ACCESS,
    "problem": Action.PROBLEM,
    "pause": Action.PAUSE,
    "resume": Action.RESUME,
    "extend": Action.EXTEND,
    "quote": Action.QUOTE,
    "agree": Action.AGREE,
    "decline": Action.DECLINE,
    "ask": Action.ASK,
    "tell": Action.TELL,
    "talk": Action.TELL,
    "done": Action.DONE,
    "settle": Action.DONE,
    "close": Action.CLOSE,
    "reopen": Action.REOPEN,
    "withdraw": Action.CANCEL,
    "merge": Action.MERGE,
    "unmerge": Action.UNMERGE,
    "link": Action.LINK,
    "quality": Action.QUALITY,
    "sign_off": Action.SIGN_OFF,
    "concern": Action.CONCERN,
    "rally": Action.RALLY,
    "reply_outside": Action.REPLY,
    "tell_neighbours": Action.TELL,
    "unsettled": Action.OWNER_RETURNS,
    "found_right": Action.FOUND_RIGHT,
    "found_wrong": Action.FOUND_WRONG,
}


def button(verb: str, ticket: Ticket) -> Choice:
    """Return a button about a ticket."""
    return Choice(T(f"do.{verb}"), f"t:{verb}:{ticket.id}")


def fits(actor: Actor, ticket: Ticket, verb: str) -> bool:
    """Whether the verb can be done to the ticket now, by this actor."""
    who, state = standings(actor, ticket), State(ticket.state)
    if verb == "quality" and Standing.HOLDER in who:
        return False
    if verb == "take":
        return Standing.LEAD in who and Standing.HOLDER not in who
    if verb in {"view", "record"}:
        return bool(who)
    if verb in {"sign_off", "close"} and not independent(actor, ticket):
        return False
    if verb in {"sides", "upper_absent"}:
        return bool(who - {Standing.REQUESTER, Standing.TEAM}) and ticket.category == parties.LEAK
    try:
        decide(taking(who, state) if verb == "accept" else DOES[verb], state, who, holds=False)
    except Refused:
        return False
    return True


def fitting(actor: Actor, verb: str, held: Sequence[Ticket]) -> Sequence[Ticket]:
    """Return the tickets to which the verb can be done now; all of them when it fits none."""
    return [ticket for ticket in held if fits(actor, ticket, verb)] or held


def missed(ticket: Ticket, *, now: datetime) -> bool:
    """Whether the promised time has passed and nobody came."""
    waits = ticket.state in {State.ASSIGNED, State.WORKING} and ticket.arrived_at is None
    return waits and ticket.promised_at is not None and ticket.promised_at <= now


def shown(actor: Actor, ticket: Ticket, *, now: datetime) -> Sequence[Choice]:
    """Return the first buttons of a ticket, and the way to the others."""
    found = _all(actor, ticket, now)
    if len(found) <= MOST_SHOWN:
        return found
    return [*found[: MOST_SHOWN - 1], button("more", ticket)]


def others(actor: Actor, ticket: Ticket, *, now: datetime) -> Sequence[Choice]:
    """Return the buttons that were not shown first."""
    found = _all(actor, ticket, now)
    return found[MOST_SHOWN - 1 :] if len(found) > MOST_SHOWN else found


def _all(actor: Actor, ticket: Ticket, now: datetime) -> list[Choice]:
    who, state = standings(actor, ticket), State(ticket.state)
    if Standing.REQUESTER in who:
        first = ["no_show"] if missed(ticket, now=now) else []
        return [button(verb, ticket) for verb in (*first, *_owners(ticket, state))]
    holds = Standing.HOLDER in who
    verbs = [verb for verb in dict.fromkeys(_verbs(ticket, who)) if fits(actor, ticket, verb)]
    return [_said(verb, ticket, holds=holds) for verb in verbs]


def _owners(ticket: Ticket, state: State) -> Sequence[str]:
    """Return what an owner does: an answered complaint has one appeal, and its record at any time."""
    if ticket.kind != Kind.COMPLAINT or state not in ANSWERED:
        return OWNERS.get(state, ())
    first = ("owner_accepts",) if state is State.DONE else ()
    return (*first, *(() if ticket.appeals else ("unsettled",)), "record")


def _verbs(ticket: Ticket, who: frozenset[Standing]) -> Iterator[str]:
    """Yield what comes to mind for somebody of such standing; what he may not do is sorted out later."""
    state = State(ticket.state)
    if ticket.kind == Kind.RECTIFICATION and state in HELD:
        yield from (*faces.CHECKING, "hand_on", "extend", "withdraw")
        return
    if Standing.HOLDER in who:
        if state is State.WORKING:
            yield from faces.steps(ticket)
        yield from HOLDERS.get(state, ())
    if state in IN_HAND:
        yield from ("sides", *(("tell_neighbours",) if ticket.about_unit_id is not None else ()))
    if who & {Standing.FRONT, Standing.LEAD}:
        desk = ticket.kind != Kind.REPAIR or ticket.team == DEVELOPER or Standing.TEAM in who
        yield from (verb for verb in DESKS.get(state, ()) if verb != "accept" or desk)
        yield from COMPLAINTS if ticket.kind == Kind.COMPLAINT or ticket.serious else ()
        yield from ("reply_outside",) if ticket.source == "forwarded" else ()
    elif Standing.TEAM in who:
        yield from ("note",) if ticket.confidential else ("accept",)


def _said(verb: str, ticket: Ticket, *, holds: bool) -> Choice:
    """Whoever leads gives more time; the holder is late."""
    if verb == "extend" and not holds:
        return Choice(T("do.more_time"), f"t:extend:{ticket.id}")
    return button(verb, ticket)
