"""What an action does to a ticket's clocks: which it meets, which it starts, which promise it moves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from services.calendars import calendars
from services.catalog import Priority
from services.db import Session
from services.models import Deadline
from services.tickets import deadlines
from services.tickets.deadlines import Running
from services.tickets.deeds import Deed
from services.tickets.rules import IN_HAND, NOT_YET, OVER, Action, Standing, State
from services.tickets.terms import Clock, Term, accepted, next_answer, promised

BY_STAFF = frozenset({Clock.ANSWER, Clock.NEXT})
MEETS: Mapping[Action, frozenset[Clock]] = {  # done by an employee; what the system says meets nothing
    Action.ACCEPT: frozenset({Clock.ACCEPT}),
    Action.GRAB: frozenset({Clock.ACCEPT}),
    Action.CALLED: BY_STAFF,
    Action.ASK: BY_STAFF,
    Action.TELL: BY_STAFF,
    Action.EXTEND: BY_STAFF,
    Action.RESCHEDULE: BY_STAFF,
    Action.QUOTE: BY_STAFF,
    Action.PAUSE: BY_STAFF,
    Action.NO_ACCESS: BY_STAFF | {Clock.ARRIVE},
    Action.ON_THE_WAY: BY_STAFF,
    Action.ARRIVED: BY_STAFF | {Clock.ARRIVE},
    Action.NOT_OURS: BY_STAFF | {Clock.ACCEPT, Clock.ARRIVE},
    Action.DONE: frozenset(Clock),
    Action.FOUND_RIGHT: frozenset(Clock),
}
SPOKEN = frozenset({Action.ANSWER, Action.NOTE, Action.URGE, Action.NO_SHOW, Action.DECLINE})
PASSED_ON = frozenset(
    {
        Action.ASSIGN,
        Action.HAND_ON,
        Action.GIVE_BACK,
        Action.NOT_OURS,
        Action.REOPEN,
        Action.UNMERGE,
        Action.APPEAL,
    }
)
BACK_TO_WORK = frozenset({Action.OWNER_RETURNS, Action.REOPEN, Action.UNMERGE, Action.APPEAL})
PUTS_OFF = frozenset({Action.RESCHEDULE, Action.EXTEND, Action.FOUND_WRONG})
MINDED = frozenset(MEETS) | SPOKEN | PASSED_ON | BACK_TO_WORK | PUTS_OFF
PUT_OFF_FIRST = (Clock.ARRIVE, Clock.RESOLVE, Clock.ANSWER)  # what a holder who is late puts off


async def follow(session: Session, deed: Deed, before: State, *, zone: ZoneInfo) -> None:
    """Move the clocks as an action does; an action that no clock minds costs nothing."""
    state = State(deed.ticket.state)
    if deed.action not in MINDED and state is before:
        return
    policy = deed.policy
    running = await deadlines.load(
        session, deed.ticket, now=deed.now, figures=policy.deadlines, calendars=calendars(policy, zone)
    )
    if _by_staff(deed):
        running.end(MEETS.get(deed.action, frozenset()), "met")
    if state in OVER:
        running.end(frozenset(Clock), "dropped")
    else:
        await _start(running, deed, before, zone)
        await _move(running, deed, before, zone)
    await running.settle()


def _by_staff(deed: Deed) -> bool:
    return bool(deed.standings - {Standing.REQUESTER, Standing.SYSTEM})


async def _start(running: Running, deed: Deed, before: State, zone: ZoneInfo) -> None:
    """Start what the action owes from now on."""
    by_system = Standing.SYSTEM in deed.standings
    waits = State(deed.ticket.state) in NOT_YET  # what comes back to who worked on it needs no new yes
    if deed.action in PASSED_ON and waits and not (by_system and deed.action is Action.GIVE_BACK):
        await running.again(Clock.ACCEPT, or_else=accepted(deed.policy.deadlines))
    back = deed.action in BACK_TO_WORK and before not in IN_HAND
    if back:
        await running.again(Clock.RESOLVE)
        await _come_again(running, deed, zone)
    if deed.action is Action.APPEAL:  # each tier answers on a clock of its own
        await running.again(Clock.ANSWER)
    spoke = deed.action in SPOKEN and Standing.REQUESTER in deed.standings and State(deed.ticket.state) in IN_HAND
    if (spoke or back) and running.of(Clock.ANSWER, Clock.NEXT, Clock.ACCEPT) is None:
        await running.add(Clock.NEXT, next_answer(deed.policy.deadlines))


async def _come_again(running: Running, deed: Deed, zone: ZoneInfo) -> None:
    """What was over needs somebody at the door once more: the old promise is no use to anybody."""
    if deed.ticket.promised_at is not None:
        by = promised(deed.now, deed.policy, zone, priority=Priority(deed.ticket.priority))
        await running.agree(Clock.ARRIVE, by)


async def _move(running: Running, deed: Deed, before: State, zone: ZoneInfo) -> None:
    """Move promises: another time was agreed, the holder needs longer, or a rest is over."""
    ticket = deed.ticket
    if before is State.PAUSED and ticket.state != State.PAUSED:
        await _rested(running, deed, zone)
    if deed.action in {Action.ACCEPT, Action.GRAB}:
        _promise_anew(running, deed, zone)
    elif deed.action is Action.RESCHEDULE:
        await _rescheduled(running, deed)
    elif deed.action is Action.EXTEND:
        late, unaccepted = running.of(*PUT_OFF_FIRST), running.of(Clock.ACCEPT)
        if unaccepted is not None and Standing.LEAD in deed.standings:  # who knows that nobody has said yes may wait
            _put_off(unaccepted, deed.codes["until"])
        if late is not None:
            _put_off(late, deed.codes["until"])
        elif ticket.promised_at is not None:  # nothing runs: what is said now is the promise
            await running.agree(Clock.ARRIVE, deed.codes["until"])
    elif deed.action is Action.FOUND_WRONG:
        await _due_anew(running, deed.codes["until"])
    arrive, answer = running.of(Clock.ARRIVE), running.of(Clock.ANSWER)
    ticket.promised_at = arrive.due_at if arrive is not None else ticket.promised_at
    ticket.answer_by = answer.due_at if answer is not None else ticket.answer_by


async def _due_anew(running: Running, by: datetime) -> None:
    """What was not put right is due at another date."""
    resolve = running.of(Clock.RESOLVE)
    if resolve is not None:
        _put_off(resolve, by)
    else:
        await running.agree(Clock.RESOLVE, by)


async def _rescheduled(running: Running, deed: Deed) -> None:
    """A time that the owner picks is a new promise; one that we pick puts the old one off."""
    arrive, by = running.of(Clock.ARRIVE), deed.codes["end"]
    if arrive is not None and Standing.REQUESTER not in deed.standings:
        _put_off(arrive, by)
    elif deed.ticket.promised_at is not None:
        running.end(frozenset({Clock.ARRIVE}), "dropped")
        await running.agree(Clock.ARRIVE, by)


async def _rested(running: Running, deed: Deed, zone: ZoneInfo) -> None:
    """After a rest, what is counted goes on less the rest; an arrival whose time went by is promised anew."""
    rests = await running.rests()
    for row in running.rows:
        term = Term.unpacked(row.term)
        if row.ended_at is None and term is not None and not row.moves:
            row.due_at = term.due(row.started_at, running.calendars, rests)
    _promise_anew(running, deed, zone)
    ticket = deed.ticket
    comes_again = deed.action is Action.RESUME and bool(ticket.absences) and ticket.arrived_at is None
    if comes_again and running.of(Clock.ARRIVE) is None:  # nobody was at home
        by = promised(deed.now, deed.policy, zone, priority=Priority(ticket.priority))
        await running.agree(Clock.ARRIVE, by)


def _promise_anew(running: Running, deed: Deed, zone: ZoneInfo) -> None:
    """Whoever takes over where a promise was broken makes one that can be kept."""
    arrive = running.of(Clock.ARRIVE)
    if arrive is not None and arrive.due_at < deed.now:
        by = promised(deed.now, deed.policy, zone, priority=Priority(deed.ticket.priority))
        _put_off(arrive, by)


def _put_off(row: Deadline, by: datetime) -> None:
    row.due_at, row.moves = by, row.moves + 1
