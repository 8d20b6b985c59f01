"""The only way to change a ticket: an action by an actor, decided by the table, written down, told around."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Insert, insert, update

from services import direct, people, timers
from services.actors import Actor
from services.db import Session
from services.models import Holding, Ticket, table_of
from services.settings import Policy
from services.tickets import cards, deeds, effects, history
from services.tickets.deeds import Deed
from services.tickets.history import Said
from services.tickets.rules import Action, AlreadyTaken, Change, State, decide, standings

UNSEEN = frozenset({Action.ASK, Action.ANSWER, Action.NOTE})  # unless files come along
TIMED = ("ticket.unaccepted", "ticket.autoclose", "ticket.autoclose_warn")


async def act(
    session: Session,
    actor: Actor,
    action: Action,
    *,
    ticket: Ticket,
    now: datetime,
    policy: Policy,
    said: Said | None = None,
    codes: Mapping[str, Any] | None = None,
) -> Change:
    """Do an action to a ticket whose row the caller has locked; raises `Refused`."""
    who = standings(actor, ticket)
    deed = Deed(actor, ticket, action, now, policy, said or Said(), codes or {}, who)
    try:
        change = decide(action, State(ticket.state), who, holds=deeds.holds(deed))
    except AlreadyTaken:
        name = await people.staff_name(session, ticket.holder_id)
        raise AlreadyTaken(number=ticket.number, name=name) from None
    if change.repeated:
        return change
    deeds.check(deed)
    before = State(ticket.state)
    ticket.state = change.state
    deeds.patch(deed)
    await _hold(session, deed, before)
    await history.append(
        session, actor, ticket=ticket, action=action, now=now, codes=_codes(deed, before), said=_words(deed)
    )
    await _time(session, deed, before)
    await effects.follow(session, deed)
    if _shows(deed):
        await cards.touch(session, ticket=ticket, now=now)
    return change


def _shows(deed: Deed) -> bool:
    """Whether the action changes what cards show."""
    return deed.action not in UNSEEN or bool(deed.said.media)


def _codes(deed: Deed, before: State) -> dict[str, Any]:
    codes = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in deed.codes.items()}
    return {"from": before, "to_state": deed.ticket.state, **codes}


def _words(deed: Deed) -> Said | None:
    return deed.said if deed.said.words or deed.said.media else None


_HOLDS_END: Mapping[Action, str] = {
    Action.ASSIGN: "reassigned",
    Action.HAND_ON: "handed_on",
    Action.ACCEPT: "taken_over",
    Action.NOT_OURS: "not_ours",
    Action.OWNER_ACCEPTS: "closed",
    Action.CLOSE: "closed",
    Action.CANCEL: "cancelled",
}


async def _hold(session: Session, deed: Deed, before: State) -> None:
    """Keep the rows of who held the ticket: exactly one is open while somebody does."""
    ticket, action = deed.ticket, deed.action
    reopened = action is Action.OWNER_RETURNS and before is State.CLOSED
    if action not in _HOLDS_END and not reopened:
        return
    await session.execute(
        update(Holding)
        .where(Holding.ticket_id == ticket.id, Holding.until.is_(None))
        .values(until=deed.now, ended=_HOLDS_END.get(action, "reopened"))
        .execution_options(synchronize_session=False)
    )
    if ticket.holder_id is None or ticket.state in {State.CLOSED, State.CANCELLED}:
        return
    staff = deed.actor.staff
    await hold(session, ticket, from_staff_id=staff.staff_id if staff else None, now=deed.now)


async def hold(session: Session, ticket: Ticket, *, from_staff_id: int | None, now: datetime) -> None:
    """Open a holding for who has the ticket now."""
    row = {
        "community_id": ticket.community_id,
        "ticket_id": ticket.id,
        "staff_id": ticket.holder_id,
        "from_staff_id": from_staff_id,
        "since": now,
    }
    await direct.execute(session, _hold_on(), row)


@cache
def _hold_on() -> Insert:
    return insert(table_of(Holding))


async def _time(session: Session, deed: Deed, before: State) -> None:
    """Set and cancel the ticket's timers."""
    ticket, state = deed.ticket, State(deed.ticket.state)
    if state is not before:
        await timers.cancel(session, subject="ticket", subject_id=ticket.id, kinds=TIMED)
    if deed.action in {Action.ASSIGN, Action.HAND_ON, Action.NOT_OURS}:
        await expect_acceptance(session, ticket, now=deed.now, policy=deed.policy)
    if deed.action is Action.DONE:
        await _expect_answer(session, deed)


async def expect_acceptance(session: Session, ticket: Ticket, *, now: datetime, policy: Policy) -> None:
    """Somebody must say yes in time, else those who lead hear of it."""
    urgent = ticket.priority == "urgent"
    minutes = policy.tickets.urgent_accept_minutes if urgent else policy.tickets.accept_minutes
    await timers.move(
        session,
        key=f"ticket:{ticket.id}:unaccepted:{ticket.seq}",
        kind="ticket.unaccepted",
        subject="ticket",
        subject_id=ticket.id,
        due_at=now + timedelta(minutes=minutes),
        community_id=ticket.community_id,
    )


async def _expect_answer(session: Session, deed: Deed) -> None:
    ticket, days = deed.ticket, deed.policy.tickets
    for kind, after in (
        ("ticket.autoclose_warn", min(days.autoclose_warn_days, days.autoclose_days)),
        ("ticket.autoclose", days.autoclose_days),
    ):
        await timers.move(
            session,
            key=f"{kind}:{ticket.id}:{ticket.seq}",
            kind=kind,
            subject="ticket",
            subject_id=ticket.id,
            due_at=deed.now + timedelta(days=after),
            community_id=ticket.community_id,
        )
