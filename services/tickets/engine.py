"""The only way to change a ticket: an action by an actor, decided by the table, written down, told around."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Insert, Update, bindparam, insert, update

from services import direct, houses, people, timers
from services.actors import Actor
from services.db import Session
from services.models import Holding, Pause, Ticket, table_of
from services.settings import Policy
from services.tickets import apart, cards, clocks, deeds, effects, history, needs
from services.tickets.deeds import Deed
from services.tickets.history import Said
from services.tickets.rules import OVER, Action, AlreadyTaken, Change, Standing, State, decide, standings

UNSEEN = frozenset(
    {Action.ASK, Action.ANSWER, Action.NOTE, Action.TELL, Action.LINK, Action.REPLY}
)  # unless files come along
TIMED = ("ticket.autoclose", "ticket.autoclose_warn")


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
    who, before = standings(actor, ticket), State(ticket.state)
    deed = Deed(actor, ticket, action, now, policy, said or Said(), codes or {}, who, before)
    try:
        change = decide(action, before, who, holds=deeds.holds(deed))
    except AlreadyTaken:
        name = await people.staff_name(session, ticket.holder_id)
        raise AlreadyTaken(number=ticket.number, name=name) from None
    if change.repeated:
        return change
    needs.check(deed)
    await _keep_apart(session, deed)
    ticket.state = change.state
    deeds.patch(deed)
    await _hold(session, deed)
    await _rest(session, deed)
    await history.append(session, actor, ticket=ticket, action=action, now=now, codes=_codes(deed), said=_words(deed))
    await clocks.follow(session, deed, before, zone=await _zone(session, deed))
    await _time(session, deed)
    await effects.follow(session, deed)
    if _shows(deed):
        await cards.touch(session, ticket=ticket, now=now)
    return Change(State(ticket.state))


async def _keep_apart(session: Session, deed: Deed) -> None:
    """A complaint never goes to whom it is about, whoever sends it. Raises `KeptFrom`."""
    if deed.action in {Action.ASSIGN, Action.HAND_ON} and deed.codes["to"] in await apart.of_ticket(
        session, deed.ticket
    ):
        name = await people.staff_name(session, deed.codes["to"])
        raise apart.KeptFrom(number=deed.ticket.number, name=name)


async def _zone(session: Session, deed: Deed) -> ZoneInfo:
    """Return the zone that the ticket's estate lives in."""
    house = deed.actor.house
    if house is None or house.id != deed.ticket.community_id:
        house = await houses.by_id(session, community_id=deed.ticket.community_id)
    return house.zone


def _shows(deed: Deed) -> bool:
    """Whether the action changes what cards show."""
    return deed.action not in UNSEEN or bool(deed.said.media)


def _codes(deed: Deed) -> dict[str, Any]:
    codes = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in deed.codes.items()}
    return {"from": deed.before, "to_state": deed.ticket.state, **codes}


def _words(deed: Deed) -> Said | None:
    return deed.said if deed.said.words or deed.said.media else None


_HOLDS_END: Mapping[Action, str] = {
    Action.ASSIGN: "reassigned",
    Action.HAND_ON: "handed_on",
    Action.ACCEPT: "taken_over",
    Action.GRAB: "taken_over",
    Action.GIVE_BACK: "given_back",
    Action.NOT_OURS: "not_ours",
    Action.OWNER_ACCEPTS: "closed",
    Action.CLOSE: "closed",
    Action.CANCEL: "cancelled",
    Action.MERGE: "merged",
    Action.FOUND_RIGHT: "closed",
    Action.APPEAL: "appealed",
}


async def _hold(session: Session, deed: Deed) -> None:
    """Keep the rows of who held the ticket: exactly one is open while somebody does."""
    ticket = deed.ticket
    back = deed.before in OVER and ticket.state not in OVER
    keeps = deed.action is Action.ACCEPT and Standing.HOLDER in deed.standings
    if keeps or (deed.action not in _HOLDS_END and not back):
        return
    how = _HOLDS_END.get(deed.action, "reopened")
    await direct.execute(session, _let_go(), {"ticket": ticket.id, "now": deed.now, "how": how})
    if ticket.holder_id is None or ticket.state in OVER:
        return
    staff = deed.actor.staff
    await hold(session, ticket, from_staff_id=staff.staff_id if staff else None, now=deed.now)


async def _rest(session: Session, deed: Deed) -> None:
    """Keep the rows of a ticket's pauses: exactly one is open while it rests."""
    ticket, rests = deed.ticket, deed.ticket.state == State.PAUSED
    if deed.before is State.PAUSED and (not rests or deed.action in {Action.PAUSE, Action.QUOTE}):
        await session.execute(
            update(Pause)
            .where(Pause.ticket_id == ticket.id, Pause.ended_at.is_(None))
            .values(ended_at=deed.now)
            .execution_options(synchronize_session=False)
        )
    elif not rests or deed.before is State.PAUSED:
        return
    if rests:
        row = {
            "community_id": ticket.community_id,
            "ticket_id": ticket.id,
            "reason": ticket.pause_reason,
            "since": deed.now,
            "until": ticket.paused_until,
        }
        await session.execute(insert(Pause).values(row))


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
def _let_go() -> Update:
    holding = table_of(Holding)
    running = holding.c.ticket_id == bindparam("ticket"), holding.c.until.is_(None)
    return update(holding).where(*running).values(until=bindparam("now"), ended=bindparam("how"))


@cache
def _hold_on() -> Insert:
    return insert(table_of(Holding))


async def _time(session: Session, deed: Deed) -> None:
    """Set and cancel the timers of the owner's silence."""
    if deed.ticket.state != deed.before and deed.before is State.DONE:
        await timers.cancel(session, subject="ticket", subject_id=deed.ticket.id, kinds=TIMED)
    if deed.action is Action.DONE:
        await _expect_answer(session, deed)


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
