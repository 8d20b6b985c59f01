"""What holds of every ticket at every moment, whatever people did: the invariants of the engine, looked up in its rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from sqlalchemy import func, select

from services.db import Session
from services.models import Deadline, Escalation, History, Holding, Pause, Quote, Survey, Ticket, Timer
from services.tickets import deadlines, ladder
from services.tickets.deeds import Wait
from services.tickets.rules import IN_HAND, NOT_YET, OVER, State
from services.tickets.terms import Clock

HOW = {"accepted": "owner_accepts", "silence": "close", "desk": "close", "cancelled": "cancel", "merged": "merge"}


async def check(session: Session, ticket: Ticket) -> None:
    """See that a ticket's rows agree with each other."""
    await session.flush()
    await _holding(session, ticket)
    await _ending(session, ticket)
    await _history(session, ticket)
    await _rests(session, ticket)
    await _clocks(session, ticket)
    await _steps(session, ticket)
    await _money(session, ticket)


async def _rows(session: Session, model: Any, *where: Any) -> Sequence[Any]:
    statement = select(model).where(*where).order_by(model.id).execution_options(populate_existing=True)
    return (await session.scalars(statement)).all()


async def _holding(session: Session, ticket: Ticket) -> None:
    """Exactly one holds what is held; the stretches follow each other without a gap in which two hold it."""
    rows = await _rows(session, Holding, Holding.ticket_id == ticket.id)
    held = ticket.holder_id is not None and ticket.state not in OVER
    assert [row.staff_id for row in rows if row.until is None] == ([ticket.holder_id] if held else [])
    for earlier, later in pairwise(rows):
        assert earlier.since <= earlier.until <= later.since
    assert (ticket.holder_id is None) <= (ticket.state in {State.OPEN, State.CANCELLED, State.MERGED})
    assert (ticket.state == State.OPEN) <= (ticket.holder_id is None)


async def _ending(session: Session, ticket: Ticket) -> None:
    """Closed means a verdict, silence, being taken back, or life in another ticket; nobody surveys what is open."""
    over = ticket.state in OVER
    assert ((ticket.closed_at is not None), (ticket.closed_how != "")) == (over, over)
    assert (ticket.closed_how in {"accepted", "silence", "desk"}) == (ticket.state == State.CLOSED)
    assert (ticket.closed_how == "cancelled") == (ticket.state == State.CANCELLED)
    assert (ticket.closed_how == "merged") == (ticket.state == State.MERGED) == (ticket.merged_into_id is not None)
    assert (ticket.done_at is not None) >= (ticket.state in {State.DONE, State.CLOSED})
    assert (ticket.done_at is None) >= (ticket.state in IN_HAND)
    if over:
        last = [
            row for row in await _rows(session, History, History.ticket_id == ticket.id) if row.action in HOW.values()
        ]
        assert last[-1].action == HOW[ticket.closed_how]
        assert (last[-1].system != "") == (ticket.closed_how == "silence")
    if ticket.closed_how != "accepted":
        waiting = Survey.ticket_id == ticket.id, Survey.state.in_(("waiting", "asked"))
        assert await session.scalar(select(func.count()).where(*waiting)) == 0
    merged = await session.scalar(select(func.count()).where(Ticket.merged_into_id == ticket.id))
    assert ticket.merged_count == merged


async def _history(session: Session, ticket: Ticket) -> None:
    """History only grows, in time and count, and each row begins in the state that the one before it left."""
    rows = await _rows(session, History, History.ticket_id == ticket.id)
    assert [row.seq for row in rows] == list(range(1, ticket.seq + 1))
    for earlier, later in pairwise(rows):
        assert earlier.at <= later.at
        assert earlier.hash == later.prev
        assert earlier.codes["to_state"] == later.codes["from"]
    assert rows[-1].codes["to_state"] == ticket.state


async def _rests(session: Session, ticket: Ticket) -> None:
    """A ticket rests if and only if one pause of it is open; pauses follow each other."""
    rows = await _rows(session, Pause, Pause.ticket_id == ticket.id)
    paused = ticket.state == State.PAUSED
    assert [row.reason for row in rows if row.ended_at is None] == ([ticket.pause_reason] if paused else [])
    assert (ticket.pause_reason != "") == paused
    assert (ticket.paused_until is not None) <= paused
    for earlier, later in pairwise(rows):
        assert earlier.since <= earlier.ended_at <= later.since


async def _clocks(session: Session, ticket: Ticket) -> None:
    """Clocks are counted from one, end one way, and the ticket's one timer is set to the earliest look."""
    rows = await _rows(session, Deadline, Deadline.ticket_id == ticket.id)
    by_clock = defaultdict(list)
    for row in rows:
        by_clock[row.clock].append(row)
        assert row.started_at <= row.due_at
        assert (row.ended_at is not None) == (row.how in {"met", "dropped"})
        assert row.ended_at is None or (row.next_at is None and row.started_at <= row.ended_at)
    for same in by_clock.values():
        assert [row.count for row in same] == list(range(1, len(same) + 1))
        assert sum(row.ended_at is None for row in same) <= 1
    running = {row.clock: row for row in rows if row.ended_at is None}
    assert not running or ticket.state in IN_HAND
    assert (Clock.ACCEPT in running) <= (ticket.state in NOT_YET)
    if Clock.ARRIVE in running:
        assert running[Clock.ARRIVE].due_at == ticket.promised_at
    paused = ticket.state == State.PAUSED
    assert ticket.due_at == (None if paused else min((row.due_at for row in running.values()), default=None))
    await _timer(session, ticket, [row.next_at for row in running.values() if row.next_at is not None], paused=paused)


async def _timer(session: Session, ticket: Ticket, looks: Sequence[Any], *, paused: bool) -> None:
    waiting = Timer.kind == deadlines.TIMER, Timer.subject_id == ticket.id, Timer.state == "waiting"
    timers = await _rows(session, Timer, *waiting)
    assert not (paused and looks)
    at = ticket.paused_until if paused else min(looks, default=None)
    assert [timer.due_at for timer in timers] == ([] if at is None else [at])


async def _steps(session: Session, ticket: Ticket) -> None:
    """Of each deadline as it stood every step was taken once, in order, and what comes before came before."""
    of = {row.id: row for row in await _rows(session, Deadline, Deadline.ticket_id == ticket.id)}
    taken = defaultdict(list)
    rows = await _rows(session, Escalation, Escalation.ticket_id == ticket.id)
    pages = [row.step for row in rows if row.step.startswith(ladder.Step.PAGE)]
    assert pages == [f"page:{number}" for number in range(len(pages))]  # whoever had it meanwhile
    for row in rows:
        if row.step not in pages:
            taken[row.deadline_id, row.due_at].append(row)
    for (deadline_id, due_at), rows in taken.items():
        steps = [row.step for row in rows]
        assert len(set(steps)) == len(steps)
        assert steps == sorted(steps, key=ladder.ORDINARY.index)
        for row in rows:
            assert (row.at < due_at) if row.step in ladder.BEFORE else (row.at >= due_at)
            assert row.at >= of[deadline_id].started_at


async def _money(session: Session, ticket: Ticket) -> None:
    """Nothing is charged that was not agreed; a ticket that waits for a word on a price has one open price."""
    assert (ticket.charged_cents or 0) <= (ticket.agreed_cents or 0)
    rows = await _rows(session, Quote, Quote.ticket_id == ticket.id)
    asked = [row for row in rows if row.state == "asked"]
    assert asked in ([], rows[-1:])
    assert len(asked) == 1 or ticket.pause_reason != Wait.QUOTE
    agreed = [row.total_cents for row in rows if row.state == "agreed"]
    assert ticket.agreed_cents == (agreed[-1] if agreed else None)
