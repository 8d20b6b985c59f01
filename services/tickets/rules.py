"""The action table: one pure function says what an action by somebody does to a ticket in a state, or why not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from services.actors import Actor
from services.models import Ticket
from services.refusals import NotAllowed, Refused


class State(StrEnum):
    """What logic hangs on; how a state is worded is the catalogues' matter."""

    OPEN = "open"  # nobody has it
    ASSIGNED = "assigned"  # somebody has it but did not say yes
    WORKING = "working"
    DONE = "done"  # the owner has the word
    CLOSED = "closed"
    CANCELLED = "cancelled"


class Action(StrEnum):
    """What can be done to a ticket."""

    FILE = "file"
    ASSIGN = "assign"
    ACCEPT = "accept"
    HAND_ON = "hand_on"
    NOT_OURS = "not_ours"
    CALLED = "called"
    ON_THE_WAY = "on_the_way"
    ARRIVED = "arrived"
    PROBLEM = "problem"
    ASK = "ask"
    ANSWER = "answer"
    DONE = "done"
    NOTE = "note"
    RESCHEDULE = "reschedule"
    OWNER_ACCEPTS = "owner_accepts"
    OWNER_RETURNS = "owner_returns"
    CLOSE = "close"
    CANCEL = "cancel"
    URGE = "urge"
    QUALITY = "quality"


class Standing(StrEnum):
    """What somebody is to a ticket."""

    REQUESTER = "requester"
    HOLDER = "holder"
    TEAM = "team"
    FRONT = "front"
    LEAD = "lead"
    SYSTEM = "system"


class Repeat(StrEnum):
    """What the same action does when its effect is there already."""

    REFUSE = "refuse"
    IGNORE = "ignore"
    AGAIN = "again"


class AlreadyTaken(Refused):
    """Somebody else was quicker."""

    key = "refused.taken"


class TooLate(Refused):
    """The ticket is past the point where this makes sense."""

    key = "refused.too_late"


class AcceptFirst(Refused):
    """The step comes after saying yes to the ticket."""

    key = "refused.accept_first"


class AlreadyDone(Refused):
    """It has been done already."""

    key = "refused.already"


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of the table: who may, from which states, to which state, what a repeat does."""

    who: frozenset[Standing]
    states: frozenset[State]
    to: State | None = None
    repeat: Repeat = Repeat.AGAIN


@dataclass(frozen=True, slots=True)
class Change:
    """What the action does: the new state; `repeated` means nothing is to be done any more."""

    state: State
    repeated: bool = False


def _rule(who: str, states: str, to: State | None = None, repeat: Repeat = Repeat.AGAIN) -> Rule:
    return Rule(
        frozenset(Standing(word) for word in who.split()),
        frozenset(State(word) for word in states.split()),
        to,
        repeat,
    )


TABLE: dict[Action, Rule] = {
    Action.ASSIGN: _rule("front lead system", "open assigned working", State.ASSIGNED),
    Action.ACCEPT: _rule("holder team lead", "open assigned", State.WORKING, Repeat.IGNORE),
    Action.HAND_ON: _rule("holder front lead system", "assigned working", State.ASSIGNED),
    Action.NOT_OURS: _rule("holder", "assigned working", State.OPEN, Repeat.REFUSE),
    Action.CALLED: _rule("holder", "working"),
    Action.ON_THE_WAY: _rule("holder", "working", None, Repeat.IGNORE),
    Action.ARRIVED: _rule("holder", "working", None, Repeat.IGNORE),
    Action.PROBLEM: _rule("holder", "working"),
    Action.ASK: _rule("holder front lead", "open assigned working done"),
    Action.ANSWER: _rule("requester", "open assigned working done"),
    Action.DONE: _rule("holder lead", "working", State.DONE, Repeat.IGNORE),
    Action.NOTE: _rule("requester holder team front lead", "open assigned working done"),
    Action.RESCHEDULE: _rule("requester holder front lead", "open assigned working"),
    Action.OWNER_ACCEPTS: _rule("requester", "done", State.CLOSED, Repeat.IGNORE),
    Action.OWNER_RETURNS: _rule("requester", "done closed", State.WORKING, Repeat.REFUSE),
    Action.CLOSE: _rule("system lead", "done", State.CLOSED, Repeat.IGNORE),
    Action.CANCEL: _rule("requester front lead", "open assigned working", State.CANCELLED, Repeat.IGNORE),
    Action.URGE: _rule("requester", "open assigned working"),
    Action.QUALITY: _rule("front lead", "done closed"),
}


def standings(actor: Actor, ticket: Ticket) -> frozenset[Standing]:
    """Return what the actor is to the ticket; empty means it does not exist for him."""
    if actor.system:
        return frozenset({Standing.SYSTEM})
    mine = {
        Standing.REQUESTER: _is_requester(actor, ticket),
        Standing.HOLDER: False,
        Standing.TEAM: False,
        Standing.FRONT: False,
        Standing.LEAD: False,
    }
    staff = next((m for m in actor.memberships if m.community_id == ticket.community_id), None)
    if staff is not None:
        mine[Standing.HOLDER] = ticket.holder_id == staff.staff_id
        mine[Standing.TEAM] = staff.team == ticket.team and not ticket.confidential
        mine[Standing.LEAD] = actor.is_lead
        mine[Standing.FRONT] = actor.is_front and (not ticket.confidential or actor.is_lead)
    return frozenset(standing for standing, holds in mine.items() if holds)


def _is_requester(actor: Actor, ticket: Ticket) -> bool:
    if ticket.requester_id is not None:
        return actor.person_id == ticket.requester_id
    return ticket.requester_address_id is not None and actor.address_id == ticket.requester_address_id


def decide(action: Action, state: State, who: frozenset[Standing], *, holds: bool) -> Change:
    """Say what the action does. `holds`: its effect is there already, by this actor. Raises `Refused`."""
    rule = TABLE[action]
    if not who & rule.who:
        raise AlreadyTaken if action is Action.ACCEPT and who and state not in NOT_YET else NotAllowed
    if holds and rule.repeat is Repeat.IGNORE:
        return Change(state, repeated=True)
    if holds and rule.repeat is Repeat.REFUSE:
        raise AlreadyDone
    if state not in rule.states:
        raise _why_not(action, state)
    return Change(rule.to or state)


def _why_not(action: Action, state: State) -> Refused:
    if action is Action.ACCEPT and state in {State.WORKING, State.DONE}:
        return AlreadyTaken()
    if action in ON_SITE and state in NOT_YET:
        return AcceptFirst()
    return TooLate()


NOT_YET = frozenset({State.OPEN, State.ASSIGNED})
ON_SITE = frozenset({Action.CALLED, Action.ON_THE_WAY, Action.ARRIVED, Action.PROBLEM, Action.DONE})
