"""A deed: an action with all that belongs to it, what must hold for it, and what it changes on the ticket's row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from services.actors import Actor
from services.messages import When
from services.models import Ticket
from services.refusals import Refused
from services.settings import Policy
from services.tickets.history import Said
from services.tickets.rules import Action, Standing, State

OPEN_STATES = frozenset({State.OPEN, State.ASSIGNED, State.WORKING})


class NothingShown(Refused):
    """A repair is done when there is a photo or a note of what was done."""

    key = "refused.nothing_shown"
    ends = False


class UrgedLately(Refused):
    """The holder was urged a short while ago."""

    key = "refused.urged"


class ReopenTooLate(Refused):
    """A closed ticket can be returned only for a while."""

    key = "refused.reopen_late"


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


def holds(deed: Deed) -> bool:
    """Whether the action's effect is there already, by this actor."""
    ticket, staff = deed.ticket, deed.actor.staff
    state = State(ticket.state)
    effects_there: dict[Action, bool] = {
        Action.ACCEPT: state is State.WORKING and staff is not None and ticket.holder_id == staff.staff_id,
        Action.ON_THE_WAY: ticket.step in {"on_the_way", "arrived"} and state is State.WORKING,
        Action.ARRIVED: ticket.step == "arrived" and state is State.WORKING,
        Action.DONE: state is State.DONE,
        Action.OWNER_ACCEPTS: state is State.CLOSED,
        Action.OWNER_RETURNS: state in OPEN_STATES and ticket.returns > 0,
        Action.CLOSE: state is State.CLOSED,
        Action.CANCEL: state is State.CANCELLED,
    }
    return effects_there.get(deed.action, False)


def check(deed: Deed) -> None:
    """See that the action brings what it needs and comes at its time; raises `Refused`."""
    ticket, tickets = deed.ticket, deed.policy.tickets
    if deed.action is Action.DONE and not (deed.said.words or deed.said.media):
        raise NothingShown
    if deed.action is Action.URGE and ticket.urged_at is not None:
        again = ticket.urged_at + timedelta(hours=tickets.urge_hours)
        if deed.now < again:
            raise UrgedLately(number=ticket.number, again=When(again))
    if deed.action is Action.OWNER_RETURNS and ticket.closed_at is not None:
        late = deed.now - ticket.closed_at > timedelta(days=tickets.reopen_days)
        if late:
            raise ReopenTooLate(number=ticket.number)


def _nothing(deed: Deed) -> None:
    """Change nothing but the state."""


def _assign(deed: Deed) -> None:
    deed.ticket.holder_id, deed.ticket.step = deed.codes["to"], ""
    deed.ticket.accepted_at = None


def _accept(deed: Deed) -> None:
    staff = deed.actor.staff
    deed.ticket.holder_id = staff.staff_id if staff else deed.ticket.holder_id
    deed.ticket.accepted_at, deed.ticket.step = deed.now, ""


def _let_go(deed: Deed) -> None:
    deed.ticket.holder_id, deed.ticket.step, deed.ticket.team = None, "", "desk"


def _step(deed: Deed) -> None:
    order = (Action.CALLED, Action.ON_THE_WAY, Action.ARRIVED)
    if deed.ticket.step not in order[order.index(deed.action) :]:  # a call after arriving is no step back
        deed.ticket.step = deed.action
    if deed.action is Action.ARRIVED:
        deed.ticket.arrived_at = deed.codes.get("at", deed.now)


def _done(deed: Deed) -> None:
    deed.ticket.done_at, deed.ticket.step = deed.now, ""


def _closed(how: str) -> Callable[[Deed], None]:
    def close(deed: Deed) -> None:
        by_hand = deed.action is Action.CLOSE and not deed.actor.system
        deed.ticket.closed_at, deed.ticket.closed_how = deed.now, "desk" if by_hand else how

    return close


def _returned(deed: Deed) -> None:
    ticket = deed.ticket
    if ticket.closed_at is not None:
        ticket.cycle += 1
    if ticket.holder_id is None:
        ticket.state = State.OPEN
    ticket.returns += 1
    ticket.closed_at, ticket.closed_how, ticket.done_at, ticket.step = None, "", None, ""


def _urged(deed: Deed) -> None:
    deed.ticket.urges += 1
    deed.ticket.urged_at = deed.now


def _rescheduled(deed: Deed) -> None:
    deed.ticket.from_at, deed.ticket.until_at = deed.codes["start"], deed.codes["end"]


def _noted(deed: Deed) -> None:
    deed.ticket.media_count += len(deed.said.media)


def _judged(deed: Deed) -> None:
    deed.ticket.quality = deed.codes["verdict"]


_PATCHES: Mapping[Action, Callable[[Deed], None]] = {
    Action.ASSIGN: _assign,
    Action.HAND_ON: _assign,
    Action.ACCEPT: _accept,
    Action.NOT_OURS: _let_go,
    Action.CALLED: _step,
    Action.ON_THE_WAY: _step,
    Action.ARRIVED: _step,
    Action.DONE: _done,
    Action.OWNER_ACCEPTS: _closed("accepted"),
    Action.CLOSE: _closed("silence"),
    Action.CANCEL: _closed("cancelled"),
    Action.OWNER_RETURNS: _returned,
    Action.URGE: _urged,
    Action.RESCHEDULE: _rescheduled,
    Action.NOTE: _noted,
    Action.QUALITY: _judged,
}


def patch(deed: Deed) -> None:
    """Change the ticket's row as the action does."""
    _PATCHES.get(deed.action, _nothing)(deed)
