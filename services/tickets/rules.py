"""The action table: one pure function says what an action by somebody does to a ticket in a state, or why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from services.actors import FRONT, LEADS, Actor, Membership, Role
from services.catalog import Kind
from services.models import Ticket
from services.refusals import NotAllowed, Refused


class State(StrEnum):
    """What logic hangs on; how a state is worded is the catalogues' matter."""

    OPEN = "open"  # nobody has it
    ASSIGNED = "assigned"  # somebody has it but did not say yes
    WORKING = "working"
    PAUSED = "paused"  # waits for parts, weather, the owner: its clocks rest
    DONE = "done"  # the owner has the word
    CLOSED = "closed"
    CANCELLED = "cancelled"
    MERGED = "merged"  # lives on in another ticket


class Action(StrEnum):
    """What can be done to a ticket."""

    FILE = "file"
    ASSIGN = "assign"
    ACCEPT = "accept"
    GRAB = "grab"
    HAND_ON = "hand_on"
    GIVE_BACK = "give_back"
    NOT_OURS = "not_ours"
    CALLED = "called"
    ON_THE_WAY = "on_the_way"
    ARRIVED = "arrived"
    NO_ACCESS = "no_access"
    NO_SHOW = "no_show"
    PROBLEM = "problem"
    PAUSE = "pause"
    RESUME = "resume"
    EXTEND = "extend"
    RESCHEDULE = "reschedule"
    ASK = "ask"
    ANSWER = "answer"
    TELL = "tell"
    NOTE = "note"
    QUOTE = "quote"
    AGREE = "agree"
    DECLINE = "decline"
    DONE = "done"
    OWNER_ACCEPTS = "owner_accepts"
    OWNER_RETURNS = "owner_returns"
    CLOSE = "close"
    REOPEN = "reopen"
    CANCEL = "cancel"
    MERGE = "merge"
    UNMERGE = "unmerge"
    LINK = "link"
    URGE = "urge"
    APPEAL = "appeal"
    CONCERN = "concern"
    RALLY = "rally"
    REPLY = "reply"
    QUALITY = "quality"
    SIGN_OFF = "sign_off"
    FOUND_RIGHT = "found_right"
    FOUND_WRONG = "found_wrong"
    INHERIT = "inherit"


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
    """A row of the table: who may, from which states, to which state, what a repeat does, what it must bring."""

    who: frozenset[Standing]
    states: frozenset[State]
    to: State | None = None
    repeat: Repeat = Repeat.AGAIN
    brings: str = ""  # names of its codes; "words", "photo" for what is said along


@dataclass(frozen=True, slots=True)
class Change:
    """What the action does: the new state; `repeated` means nothing is to be done any more."""

    state: State
    repeated: bool = False


OPEN, ASSIGNED, WORKING, PAUSED = State.OPEN, State.ASSIGNED, State.WORKING, State.PAUSED
NOT_YET = frozenset({OPEN, ASSIGNED})
HELD = frozenset({WORKING, PAUSED})
IN_HAND = NOT_YET | HELD
LIVE = IN_HAND | {State.DONE}
OVER = frozenset({State.CLOSED, State.CANCELLED, State.MERGED})


def _rule(
    who: str,
    states: frozenset[State] | State,
    to: State | None = None,
    repeat: Repeat = Repeat.AGAIN,
    *,
    brings: str = "",
) -> Rule:
    named = frozenset(Standing(word) for word in who.split())
    return Rule(named, states if isinstance(states, frozenset) else frozenset({states}), to, repeat, brings)


HOLDING = IN_HAND - {OPEN}
ENDED = frozenset({State.DONE, State.CLOSED})
TABLE: Mapping[Action, Rule] = {
    Action.ASSIGN: _rule("front lead system", IN_HAND, ASSIGNED, brings="to"),
    Action.ACCEPT: _rule("holder", ASSIGNED, WORKING, Repeat.IGNORE),
    Action.GRAB: _rule("team front lead", NOT_YET, WORKING, Repeat.IGNORE),
    Action.HAND_ON: _rule("holder front lead system", HOLDING, ASSIGNED, brings="to words?"),
    Action.GIVE_BACK: _rule("holder system", HOLDING, OPEN, Repeat.REFUSE, brings="reason"),
    Action.NOT_OURS: _rule("holder", HOLDING, OPEN, Repeat.REFUSE, brings="whose words?"),
    Action.CALLED: _rule("holder", HELD),
    Action.ON_THE_WAY: _rule("holder", HELD, WORKING, Repeat.IGNORE, brings="at?"),
    Action.ARRIVED: _rule("holder", HELD, WORKING, Repeat.IGNORE, brings="at?"),
    Action.NO_ACCESS: _rule("holder", WORKING, PAUSED, brings="photo until"),
    Action.NO_SHOW: _rule("requester", frozenset({ASSIGNED, WORKING})),
    Action.PROBLEM: _rule("holder", HELD, brings="problem"),
    Action.PAUSE: _rule("holder lead", HELD, PAUSED, brings="reason until"),
    Action.RESUME: _rule("holder lead system", PAUSED, WORKING, Repeat.IGNORE),
    Action.EXTEND: _rule("holder front lead", IN_HAND, brings="until reason"),
    Action.RESCHEDULE: _rule("requester holder front lead", IN_HAND, brings="start end"),
    Action.ASK: _rule("holder front lead", LIVE, brings="words"),
    Action.ANSWER: _rule("requester", LIVE, brings="words asker?"),
    Action.TELL: _rule("holder front lead", LIVE, brings="words"),
    Action.NOTE: _rule("requester holder team front lead", LIVE, brings="words or photo"),
    Action.QUOTE: _rule("holder lead", HELD, PAUSED, brings="lines"),
    Action.AGREE: _rule("requester front lead", HELD, WORKING, Repeat.REFUSE, brings="words, by the desk"),
    Action.DECLINE: _rule("requester front lead", HELD, WORKING, Repeat.REFUSE, brings="words, by the desk"),
    Action.DONE: _rule("holder lead", HELD, State.DONE, Repeat.IGNORE, brings="words or photo, charge?"),
    Action.OWNER_ACCEPTS: _rule("requester", State.DONE, State.CLOSED, Repeat.IGNORE, brings="score?"),
    Action.OWNER_RETURNS: _rule("requester", ENDED, WORKING, Repeat.REFUSE, brings="words?"),
    Action.CLOSE: _rule("system lead", State.DONE, State.CLOSED, Repeat.IGNORE),
    Action.REOPEN: _rule(
        "front lead", frozenset({State.DONE, State.CLOSED, State.CANCELLED}), OPEN, Repeat.REFUSE, brings="words"
    ),
    Action.CANCEL: _rule("requester front lead", IN_HAND, State.CANCELLED, Repeat.IGNORE, brings="words?"),
    Action.MERGE: _rule("front lead", LIVE, State.MERGED, Repeat.REFUSE, brings="into"),
    Action.UNMERGE: _rule("front lead", State.MERGED, OPEN, Repeat.REFUSE),
    Action.LINK: _rule("holder front lead", LIVE | ENDED, brings="to"),
    Action.URGE: _rule("requester", IN_HAND),
    Action.APPEAL: _rule("requester", ENDED, OPEN, Repeat.REFUSE, brings="to? words?"),
    Action.CONCERN: _rule("lead", LIVE, brings="staff or team or unit"),
    Action.RALLY: _rule("lead", LIVE, brings="members"),
    Action.REPLY: _rule("holder lead", LIVE | ENDED, None, Repeat.REFUSE, brings="words"),
    Action.QUALITY: _rule("front lead", ENDED, brings="verdict words?"),
    Action.SIGN_OFF: _rule("lead", ENDED, None, Repeat.REFUSE, brings="outcome?"),
    Action.FOUND_RIGHT: _rule("holder front lead", HELD, State.CLOSED, Repeat.IGNORE),
    Action.FOUND_WRONG: _rule("holder front lead", HELD, WORKING, brings="until words"),
    Action.INHERIT: _rule("system", LIVE, brings="requester address?"),
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
    if staff is not None and not kept_from(staff, ticket):
        open_to_all = not ticket.confidential
        mine[Standing.HOLDER] = ticket.holder_id == staff.staff_id
        mine[Standing.TEAM] = (staff.team == ticket.team and open_to_all) or responds(staff, ticket)
        mine[Standing.LEAD] = staff.role in LEADS
        watches = staff.role == Role.SECURITY and ticket.state in IN_HAND  # what is over is the desk's alone
        took_it = ticket.first_taker_id == staff.staff_id  # whoever took it down answers for it to the end
        desks = (staff.role in FRONT or watches) and (open_to_all or staff.role in LEADS)
        mine[Standing.FRONT] = desks or (took_it and not open_to_all)
    return frozenset(standing for standing, holds in mine.items() if holds)


def kept_from(staff: Membership, ticket: Ticket) -> bool:
    """Whether the ticket is about this employee, about whom he reports to, or about his team."""
    about = ticket.about_staff_id
    of_team = bool(ticket.about_team) and staff.team == ticket.about_team
    return of_team or (about is not None and (about == staff.staff_id or about in staff.above))


def responds(staff: Membership, ticket: Ticket) -> bool:
    """Whether the employee is in the ticket's rapid-response group."""
    return f",{staff.staff_id}," in (ticket.responders or "")


def _is_requester(actor: Actor, ticket: Ticket) -> bool:
    if ticket.requester_id is not None:
        return actor.person_id == ticket.requester_id
    return ticket.requester_address_id is not None and actor.address_id == ticket.requester_address_id


def independent(actor: Actor, ticket: Ticket) -> bool:
    """Whether the actor may close and sign it: of a complaint not who answered it."""
    answered = actor.staff is not None and ticket.answered_by == actor.staff.staff_id
    return not (answered and ticket.kind == Kind.COMPLAINT)


def taking(who: frozenset[Standing], state: State) -> Action:
    """Return what "I take it" is: saying yes to what one was given, or taking what anybody may have."""
    return Action.ACCEPT if Standing.HOLDER in who or state not in NOT_YET else Action.GRAB


def decide(action: Action, state: State, who: frozenset[Standing], *, holds: bool) -> Change:
    """Say what the action does. `holds`: its effect is there already, by this actor. Raises `Refused`."""
    rule = TABLE[action]
    if not who & rule.who:
        raise AlreadyTaken if action in TAKES and who and state not in NOT_YET else NotAllowed
    if holds and rule.repeat is Repeat.IGNORE:
        return Change(state, repeated=True)
    if holds and rule.repeat is Repeat.REFUSE:
        raise AlreadyDone
    if state not in rule.states:
        raise _why_not(action, state)
    return Change(rule.to or state)


def _why_not(action: Action, state: State) -> Refused:
    if action in TAKES and state in HELD | {State.DONE}:
        return AlreadyTaken()
    if action in ON_SITE and state in NOT_YET:
        return AcceptFirst()
    return TooLate()


TAKES = frozenset({Action.ACCEPT, Action.GRAB})
ON_SITE = frozenset(
    {
        Action.CALLED,
        Action.ON_THE_WAY,
        Action.ARRIVED,
        Action.NO_ACCESS,
        Action.PROBLEM,
        Action.PAUSE,
        Action.QUOTE,
        Action.DONE,
    }
)
