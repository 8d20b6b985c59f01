"""What waits for a decision of those who lead, most urgent first: a line each, with what can be done about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from sqlalchemy import func, select

from services import inlined
from services.actors import Actor
from services.catalog import Kind, Priority
from services.db import Session
from services.messages import Choice, T, When, plain
from services.models import Deadline, FollowUp, History, OutsideCase, Pause, Ticket, TicketLink
from services.reports import REPEATED_WITHIN
from services.settings import Policy
from services.tickets import followups
from services.tickets.complaints import REPEAT
from services.tickets.deeds import Wait
from services.tickets.dispatch import ENDED
from services.tickets.rules import IN_HAND, Action, Standing, State, standings
from services.tickets.terms import Clock

AN_HOUR, SOME_DAYS = timedelta(hours=1), timedelta(days=2)
WORDS_TO_OWNER = (Action.TELL, Action.ASK, Action.CALLED, Action.EXTEND)


class Why(IntEnum):
    """Why a matter is named, most urgent first."""

    ALARM = 0
    FORWARDED = 1
    UNANSWERED = 2
    UNDISPATCHED = 3
    AGAIN = 4
    LOW = 5
    REPEATED = 6
    SILENT = 7


@dataclass(frozen=True, slots=True)
class Matter:
    """A matter to decide: why, since when or until when, about which ticket, in which words, with which buttons."""

    why: Why
    at: datetime
    ticket: Ticket
    text: T
    taps: Sequence[Choice]


@dataclass(frozen=True, slots=True)
class _Desk:
    """What the rules below look at: the open tickets that the reader may see, and what else hangs on them."""

    session: Session
    community_id: int
    now: datetime
    policy: Policy
    seen: Sequence[Ticket]


async def matters(
    session: Session, actor: Actor, *, community_id: int, now: datetime, policy: Policy
) -> Sequence[Matter]:
    """Return what the reader has to decide, a ticket once, the most urgent first."""
    found = await session.scalars(
        select(Ticket)
        .where(Ticket.community_id == community_id, inlined.outside(Ticket.state, ENDED))
        .order_by(Ticket.id)
    )
    seen = [ticket for ticket in found if sees(actor, ticket)]
    desk = _Desk(session, community_id, now, policy, seen)
    named = [
        *_alarms(desk),
        *await _forwarded(desk, actor),
        *await _unanswered(desk),
        *_undispatched(desk),
        *await _again(desk, actor),
        *await _low(desk, actor),
        *await _repeated(desk),
        *await _silent(desk),
    ]
    first: dict[int, Matter] = {}
    for matter in sorted(named, key=lambda one: (one.why, one.at, one.ticket.id)):
        first.setdefault(matter.ticket.id, matter)
    return list(first.values())


def sees(actor: Actor, ticket: Ticket) -> bool:
    """Whether the reader may see the ticket as an employee; his own requests are no work of his."""
    return bool(standings(actor, ticket) - {Standing.REQUESTER})


def _about(ticket: Ticket) -> dict[str, T | str]:
    return {"number": ticket.number, "place": plain(ticket.place), "matter": ticket.matter}


def _tap(verb: str, ticket: Ticket) -> Choice:
    return Choice(T(f"do.{verb}"), f"t:{verb}:{ticket.id}")


def _hands(ticket: Ticket) -> Sequence[Choice]:
    """Offer to send somebody and to take it; what somebody has is handed on."""
    return _tap("assign" if ticket.state == State.OPEN else "hand_on", ticket), _tap("take", ticket)


def _alarms(desk: _Desk) -> Iterator[Matter]:
    for ticket in desk.seen:
        if ticket.priority == Priority.EMERGENCY and ticket.state in {State.OPEN, State.ASSIGNED}:
            text = T("digest.item.alarm", **_about(ticket), since=When(ticket.created_at))
            yield Matter(Why.ALARM, ticket.created_at, ticket, text, _hands(ticket))


async def _forwarded(desk: _Desk, actor: Actor) -> Sequence[Matter]:
    """Cases from an office whose owner was not reached yet, or whose written reply has not gone back, ended or not."""
    rows = await desk.session.execute(
        select(OutsideCase, Ticket)
        .join(Ticket, Ticket.id == OutsideCase.ticket_id)
        .where(OutsideCase.community_id == desk.community_id, OutsideCase.replied_at.is_(None))
        .order_by(OutsideCase.due_at)
    )
    found = []
    for case, ticket in rows:
        if not sees(actor, ticket):
            continue
        reached = case.contacted_at is not None
        by = case.due_at if reached else case.contact_due_at
        office = T("digest.office", office=T(f"office.{case.office}"), number=case.number)
        owed = T("digest.owed.reply" if reached else "digest.owed.contact", by=When(by))
        text = T("digest.item.forwarded", **_about(ticket), office=office, owed=owed, left=left(by, desk.now))
        taps = (_tap("reply_outside" if reached else "called", ticket), _tap("view", ticket))
        found.append(Matter(Why.FORWARDED, by, ticket, text, taps))
    return found


async def _unanswered(desk: _Desk) -> Sequence[Matter]:
    """Complaints that nobody has answered, when the outermost limit is near or has passed."""
    limit, near = desk.policy.deadlines.complaint_answer_hours, desk.policy.digests.near_hours
    soon = desk.now + timedelta(hours=near - limit)
    late = {t.id: t for t in desk.seen if t.kind == Kind.COMPLAINT and t.state in IN_HAND and t.created_at <= soon}
    rows = await desk.session.scalars(
        select(Deadline.ticket_id).where(
            Deadline.ticket_id.in_(late), Deadline.clock == Clock.ANSWER, Deadline.ended_at.is_(None)
        )
    )
    found = []
    for ticket in (late[ticket_id] for ticket_id in set(rows)):
        by = ticket.created_at + timedelta(hours=limit)
        text = T("digest.item.unanswered", **_about(ticket), limit=limit, left=left(by, desk.now))
        found.append(Matter(Why.UNANSWERED, by, ticket, text, _hands(ticket)))
    return found


def left(by: datetime, now: datetime) -> T:
    """Say how long it is until a moment, or since."""
    apart = abs(by - now)
    if apart >= SOME_DAYS:
        span = T("digest.days", count=apart.days)
    elif apart >= AN_HOUR:
        span = T("digest.hours", count=apart // AN_HOUR)
    else:
        span = T("digest.minutes", count=apart // timedelta(minutes=1))
    return T("digest.left" if by > now else "digest.past", span=span)


def _undispatched(desk: _Desk) -> Iterator[Matter]:
    patience = timedelta(minutes=desk.policy.deadlines.accept_minutes)
    for ticket in desk.seen:
        if ticket.state == State.OPEN and desk.now - ticket.created_at >= patience:
            text = T("digest.item.undispatched", **_about(ticket), since=When(ticket.created_at))
            yield Matter(Why.UNDISPATCHED, ticket.created_at, ticket, text, _hands(ticket))


async def _again(desk: _Desk, actor: Actor) -> Sequence[Matter]:
    """Public faults of the same kind at the same place, so often in so many days; named by the newest of them."""
    figures = desk.policy.digests
    rows = await desk.session.scalars(
        select(Ticket)
        .where(
            Ticket.community_id == desk.community_id,
            Ticket.kind == Kind.REPAIR,
            Ticket.scope == "public",
            Ticket.created_at > desk.now - timedelta(days=figures.repeat_days),
            Ticket.state.not_in((State.CANCELLED, State.MERGED)),
        )
        .order_by(Ticket.id)
    )
    alike: defaultdict[tuple[str, str], list[Ticket]] = defaultdict(list)
    for ticket in rows:
        if sees(actor, ticket):
            alike[ticket.category, ticket.place].append(ticket)
    found = []
    for those in alike.values():
        newest = those[-1]
        if len(those) >= figures.repeat_times:
            text = T("digest.item.again", **_about(newest), count=len(those), days=figures.repeat_days)
            taps = (
                (_tap("view", newest), _tap("hand_on", newest)) if newest.state in IN_HAND else (_tap("view", newest),)
            )
            found.append(Matter(Why.AGAIN, newest.created_at, newest, text, taps))
    return found


async def _low(desk: _Desk, actor: Actor) -> Sequence[Matter]:
    """Unhappy owners whom nobody has called yet."""
    rows = await desk.session.execute(
        select(FollowUp, Ticket)
        .join(Ticket, Ticket.id == FollowUp.ticket_id)
        .where(FollowUp.community_id == desk.community_id, FollowUp.done_at.is_(None), followups.unhappy())
        .order_by(FollowUp.id)
    )
    found = []
    for owed, ticket in rows:
        if sees(actor, ticket):
            text = T("digest.item.low", **_about(ticket), by=When(owed.due_at), left=left(owed.due_at, desk.now))
            call = Choice(T("jobs.call_button", number=ticket.number), f"f:view:{owed.id}")
            taps = (call, _tap("view", ticket))
            found.append(Matter(Why.LOW, owed.due_at, ticket, text, taps))
    return found


async def _repeated(desk: _Desk) -> Sequence[Matter]:
    """Open complaints on a matter that their owner has complained about before, or that came back."""
    mine = [one for one in desk.seen if one.kind == Kind.COMPLAINT and one.state in IN_HAND]
    earlier, linked = await _before(desk, mine), await _linked(desk, mine)
    found = []
    for ticket in mine:
        times = max(earlier.get(ticket.id, 0), linked.get(ticket.id, 0)) + ticket.returns
        if times:
            text = T("digest.item.repeated", **_about(ticket), count=times + 1)
            found.append(
                Matter(Why.REPEATED, ticket.created_at, ticket, text, (_tap("view", ticket), _tap("take", ticket)))
            )
    return found


async def _linked(desk: _Desk, mine: Sequence[Ticket]) -> Mapping[int, int]:
    """Return how many earlier complaints each was recognised to repeat when it was filed."""
    rows = await desk.session.execute(
        select(TicketLink.other_id, func.count())
        .where(TicketLink.other_id.in_([one.id for one in mine]), TicketLink.kind == REPEAT)
        .group_by(TicketLink.other_id)
    )
    return {row[0]: row[1] for row in rows}


async def _before(desk: _Desk, mine: Sequence[Ticket]) -> Mapping[int, int]:
    """Return how often the owners of these complaints had complained about the same matter shortly before."""
    people = {one.requester_id for one in mine if one.requester_id is not None}
    rows = await desk.session.execute(
        select(Ticket.id, Ticket.requester_id, Ticket.category, Ticket.created_at).where(
            Ticket.community_id == desk.community_id,
            Ticket.requester_id.in_(people),
            Ticket.kind == Kind.COMPLAINT,
            Ticket.state.not_in((State.CANCELLED, State.MERGED)),
        )
    )
    known = [(row[0], row[1], row[2], row[3]) for row in rows]
    return {
        one.id: sum(
            who == one.requester_id
            and category == one.category
            and ticket_id != one.id
            and one.created_at - REPEATED_WITHIN <= at < one.created_at
            for ticket_id, who, category, at in known
        )
        for one in mine
    }


async def _silent(desk: _Desk) -> Sequence[Matter]:
    """What waits for parts while the owner has heard nothing for days."""
    days = desk.policy.digests.silent_days
    resting = {t.id: t for t in desk.seen if t.state == State.PAUSED and t.pause_reason == Wait.PARTS}
    pauses = await desk.session.execute(
        select(Pause.ticket_id, Pause.since).where(Pause.ticket_id.in_(resting), Pause.ended_at.is_(None))
    )
    told = await desk.session.execute(
        select(History.ticket_id, func.max(History.at))
        .where(History.ticket_id.in_(resting), History.action.in_(WORDS_TO_OWNER))
        .group_by(History.ticket_id)
    )
    last = {row[0]: row[1] for row in told}
    found = []
    for ticket_id, since in pauses:
        heard = max(since, last.get(ticket_id) or since)
        if desk.now - heard >= timedelta(days=days):
            ticket = resting[ticket_id]
            text = T(
                "digest.item.silent", **_about(ticket), day=(desk.now - since).days + 1, silent=(desk.now - heard).days
            )
            found.append(Matter(Why.SILENT, heard, ticket, text, (_tap("tell", ticket), _tap("view", ticket))))
    return found
