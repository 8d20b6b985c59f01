"""A deed: an action with all that belongs to it, and what it changes on the ticket's row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from services.actors import Actor
from services.models import Ticket
from services.settings import Policy
from services.tickets.history import Said
from services.tickets.rules import HELD, IN_HAND, Action, Standing, State


class Wait(StrEnum):
    """What a paused ticket waits for."""

    PARTS = "parts"
    ABSENT = "absent"
    WEATHER = "weather"
    DEPARTMENT = "department"
    QUOTE = "quote"


@dataclass(frozen=True, slots=True)
class Deed:
    """An action with all that belongs to it, on its way through the engine."""

    actor: Actor
    ticket: Ticket
    action: Action
    now: datetime
    policy: Policy
    said: Said = field(default_factory=Said)
    codes: Mapping[str, Any] = field(default_factory=dict)
    standings: frozenset[Standing] = frozenset()
    before: State = State.OPEN


def holds(deed: Deed) -> bool:
    """Whether the action's effect is there already, by this actor."""
    ticket, staff = deed.ticket, deed.actor.staff
    state = State(ticket.state)
    mine = state in HELD and staff is not None and ticket.holder_id == staff.staff_id
    effects_there: dict[Action, bool] = {
        Action.ACCEPT: mine,
        Action.GRAB: mine,
        Action.ON_THE_WAY: ticket.step in {"on_the_way", "arrived"} and state is State.WORKING,
        Action.ARRIVED: ticket.step == "arrived" and state is State.WORKING,
        Action.RESUME: state is State.WORKING,
        Action.AGREE: state is State.WORKING and _agreed_before(deed),
        Action.DONE: state is State.DONE,
        Action.OWNER_ACCEPTS: state is State.CLOSED,
        Action.OWNER_RETURNS: state in IN_HAND and ticket.returns > 0,
        Action.CLOSE: state is State.CLOSED,
        Action.CANCEL: state is State.CANCELLED,
        Action.MERGE: state is State.MERGED,
        Action.APPEAL: state in IN_HAND and ticket.appeals > 0,
        Action.SIGN_OFF: ticket.signed_by is not None,
        Action.FOUND_RIGHT: state is State.CLOSED,
    }
    return effects_there.get(deed.action, False)


def _agreed_before(deed: Deed) -> bool:
    agreed = deed.ticket.agreed_cents
    return agreed is not None and agreed == deed.codes.get("total", agreed)


def patch(deed: Deed) -> None:
    """Change the ticket's row as the action does."""
    change = _PATCHES.get(deed.action)
    if change is not None:
        change(deed)
    if deed.ticket.state != State.PAUSED:
        deed.ticket.pause_reason, deed.ticket.paused_until = "", None


def _assign(deed: Deed) -> None:
    deed.ticket.holder_id, deed.ticket.step = deed.codes["to"], ""
    deed.ticket.accepted_at = None


def _accept(deed: Deed) -> None:
    staff = deed.actor.staff
    deed.ticket.holder_id = staff.staff_id if staff else deed.ticket.holder_id
    deed.ticket.accepted_at, deed.ticket.step = deed.now, ""


def _let_go(deed: Deed) -> None:
    deed.ticket.holder_id, deed.ticket.step, deed.ticket.accepted_at = None, "", None
    if deed.action is Action.NOT_OURS:
        deed.ticket.team = "desk"


def _step(deed: Deed) -> None:
    order = (Action.CALLED, Action.ON_THE_WAY, Action.ARRIVED)
    if deed.ticket.step not in order[order.index(deed.action) :]:  # a call after arriving is no step back
        deed.ticket.step = deed.action
    if deed.action is Action.ARRIVED:
        deed.ticket.arrived_at = deed.codes.get("at", deed.now)


def _paused(deed: Deed) -> None:
    deed.ticket.pause_reason, deed.ticket.paused_until = deed.codes["reason"], deed.codes["until"]


def _no_access(deed: Deed) -> None:
    ticket = deed.ticket
    ticket.absences += 1
    ticket.pause_reason, ticket.paused_until = Wait.ABSENT, deed.codes["until"]
    ticket.step, ticket.arrived_at = "", None  # somebody has to come again
    ticket.from_at, ticket.until_at = None, None


def _no_show(deed: Deed) -> None:
    deed.ticket.no_shows += 1


def _quoted(deed: Deed) -> None:
    deed.ticket.pause_reason, deed.ticket.paused_until = Wait.QUOTE, None


def _agreed(deed: Deed) -> None:
    deed.ticket.agreed_cents = deed.codes["total"]


def _finished(deed: Deed) -> None:
    ticket = deed.ticket
    ticket.done_at, ticket.step = deed.now, ""
    ticket.charged_cents = deed.codes.get("charge", ticket.agreed_cents)
    ticket.answered_by = deed.actor.staff.staff_id if deed.actor.staff else ticket.holder_id


def _closed(how: str) -> Callable[[Deed], None]:
    def close(deed: Deed) -> None:
        by_hand = deed.action is Action.CLOSE and not deed.actor.system
        deed.ticket.closed_at, deed.ticket.closed_how = deed.now, "desk" if by_hand else how

    return close


def _merged(deed: Deed) -> None:
    _closed("merged")(deed)
    deed.ticket.state_before, deed.ticket.merged_into_id = deed.before, deed.codes["into"]


def _unmerged(deed: Deed) -> None:
    ticket = deed.ticket
    before = State(ticket.state_before or State.OPEN)
    held = ticket.holder_id is not None
    ticket.state = (State.ASSIGNED if before in {State.PAUSED, State.DONE} else before) if held else State.OPEN
    ticket.closed_at, ticket.closed_how, ticket.merged_into_id, ticket.state_before = None, "", None, ""
    ticket.done_at, ticket.charged_cents = None, None  # merged when done: it is looked at once more
    _come_again(ticket)


def _come_again(ticket: Ticket) -> None:
    """What was agreed on for the first visit is over."""
    ticket.arrived_at, ticket.from_at, ticket.until_at = None, None, None


def _returned(deed: Deed) -> None:
    ticket = deed.ticket
    if ticket.closed_at is not None:
        ticket.cycle += 1
    if ticket.holder_id is None:
        ticket.state = State.OPEN
    elif deed.action is Action.REOPEN:
        ticket.state = State.ASSIGNED
    ticket.returns += 1
    ticket.closed_at, ticket.closed_how, ticket.done_at, ticket.step = None, "", None, ""
    ticket.charged_cents, ticket.signed_by = None, None
    _come_again(ticket)


def _appealed(deed: Deed) -> None:
    ticket, to = deed.ticket, deed.codes.get("to")
    if ticket.closed_at is not None:
        ticket.cycle += 1
    ticket.appeals += 1
    ticket.holder_id, ticket.tier = to, "manager"
    ticket.state = State.ASSIGNED if to is not None else State.OPEN
    ticket.accepted_at, ticket.step = None, ""
    ticket.closed_at, ticket.closed_how, ticket.done_at, ticket.signed_by = None, "", None, None


def _concerned(deed: Deed) -> None:
    codes = deed.codes
    ticket = deed.ticket
    ticket.about_staff_id, ticket.about_team = codes.get("staff"), codes.get("team", "")
    ticket.about_unit_id = codes.get("unit")
    ticket.confidential = True


def _rallied(deed: Deed) -> None:
    deed.ticket.responders = "".join(["", *(f",{one}" for one in deed.codes["members"]), ","])


def _urged(deed: Deed) -> None:
    deed.ticket.urges += 1
    deed.ticket.urged_at = deed.now


def _rescheduled(deed: Deed) -> None:
    ticket = deed.ticket
    ticket.from_at, ticket.until_at = deed.codes["start"], deed.codes["end"]
    if ticket.state == State.PAUSED and ticket.pause_reason == Wait.ABSENT:
        ticket.state = State.WORKING


def _noted(deed: Deed) -> None:
    deed.ticket.media_count += len(deed.said.media)


def _checked(deed: Deed) -> None:
    ticket = deed.ticket
    ticket.done_at = ticket.closed_at = deed.now
    ticket.closed_how, ticket.step = "desk", ""


def _failed(deed: Deed) -> None:
    deed.ticket.step = ""


def _judged(deed: Deed) -> None:
    deed.ticket.quality = deed.codes["verdict"]


def _signed(deed: Deed) -> None:
    staff = deed.actor.staff
    deed.ticket.signed_by = staff.staff_id if staff else None
    deed.ticket.outcome = deed.codes.get("outcome", "")


def _inherited(deed: Deed) -> None:
    ticket = deed.ticket
    ticket.requester_id, ticket.requester_address_id = deed.codes["requester"], deed.codes["address"]
    ticket.requester_name, ticket.requester_phone = "", ""  # whoever comes is looked up


_PATCHES: Mapping[Action, Callable[[Deed], None]] = {
    Action.ASSIGN: _assign,
    Action.HAND_ON: _assign,
    Action.ACCEPT: _accept,
    Action.GRAB: _accept,
    Action.GIVE_BACK: _let_go,
    Action.NOT_OURS: _let_go,
    Action.CALLED: _step,
    Action.ON_THE_WAY: _step,
    Action.ARRIVED: _step,
    Action.NO_ACCESS: _no_access,
    Action.NO_SHOW: _no_show,
    Action.PAUSE: _paused,
    Action.QUOTE: _quoted,
    Action.AGREE: _agreed,
    Action.DONE: _finished,
    Action.OWNER_ACCEPTS: _closed("accepted"),
    Action.CLOSE: _closed("silence"),
    Action.CANCEL: _closed("cancelled"),
    Action.MERGE: _merged,
    Action.UNMERGE: _unmerged,
    Action.OWNER_RETURNS: _returned,
    Action.REOPEN: _returned,
    Action.URGE: _urged,
    Action.RESCHEDULE: _rescheduled,
    Action.NOTE: _noted,
    Action.QUALITY: _judged,
    Action.SIGN_OFF: _signed,
    Action.APPEAL: _appealed,
    Action.CONCERN: _concerned,
    Action.RALLY: _rallied,
    Action.FOUND_RIGHT: _checked,
    Action.FOUND_WRONG: _failed,
    Action.INHERIT: _inherited,
}
