"""The running deadlines of a ticket as rows: started, met, put off, resting; and when somebody looks next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Insert, Select, bindparam, func, insert, select

from services import conversations, direct, loading, timers
from services.calendar import Break
from services.calendars import Calendars, Days
from services.catalog import Kind, Priority
from services.db import Session
from services.models import Deadline, Escalation, Pause, Ticket, table_of
from services.settings import Deadlines
from services.tickets import ladder
from services.tickets.ladder import Step, Taken, Watched
from services.tickets.rules import State
from services.tickets.terms import Clock, Term

TIMER = "ticket.clock"


@dataclass(frozen=True, slots=True)
class Passed:
    """A step that was taken, and what the deadline was then."""

    taken: Taken
    due_at: datetime


@dataclass(slots=True)
class Running:
    """The running deadlines of a ticket, and all that is needed to move them."""

    session: Session
    ticket: Ticket
    now: datetime
    figures: Deadlines
    calendars: Calendars
    rows: list[Deadline]
    steps: dict[int, list[Passed]]  # by deadline, in order
    woken: datetime | None  # when the ticket's timer rings as things stand, as far as its rows tell

    def of(self, *clocks: Clock) -> Deadline | None:
        """Return the first of these clocks that runs."""
        found = {row.clock: row for row in self.rows if row.ended_at is None}
        return next((found[clock] for clock in clocks if clock in found), None)

    def end(self, clocks: frozenset[Clock], how: str) -> None:
        """End the clocks that run: met, or dropped because nobody waits any more."""
        for row in self.rows:
            if row.ended_at is None and row.clock in clocks:
                row.ended_at, row.how, row.next_at = self.now, how, None
                row.staff_id = self.ticket.holder_id

    async def add(self, clock: Clock, term: Term) -> None:
        """Start a clock from now on."""
        await self._insert(_counted(self.ticket, clock, term, self.now, self.calendars))

    async def agree(self, clock: Clock, by: datetime) -> None:
        """Start a clock that ends at a moment which was agreed."""
        await self._insert(_agreed(self.ticket, clock, self.now, by))

    async def again(self, clock: Clock, *, or_else: Term | None = None) -> None:
        """Start a clock anew by the term that it first had; a ticket that never had one may get another."""
        self.end(frozenset({clock}), "dropped")
        asked = {"ticket_id": self.ticket.id, "clock": clock}
        kept = await direct.scalar(self.session, _first_term(), asked)
        term = Term.unpacked(kept) if kept else or_else
        if term is not None:
            await self.add(clock, term)

    async def _insert(self, row: dict[str, Any]) -> None:
        asked = {"ticket_id": self.ticket.id, "clock": row["clock"]}
        row["count"] = await direct.scalar(self.session, _count(), asked) + 1
        new = Deadline(**row)
        await loading.add(self.session, new)
        self.rows.append(new)

    async def settle(self) -> None:
        """Work out when somebody looks at each clock next, and set the ticket's one timer to the earliest."""
        ticket, live = self.ticket, [row for row in self.rows if row.ended_at is None]
        await self._end_questions()
        if ticket.state == State.PAUSED:
            for row in live:
                row.next_at = None
            ticket.due_at = None
            await _wake(self.session, ticket, ticket.paused_until)
            return
        for row in live:
            following = self.following(row)
            row.next_at = following[1] if following is not None else None
        ticket.due_at = min((row.due_at for row in live), default=None)
        wakes = _earliest(live)
        if wakes is None or wakes != self.woken or wakes <= self.now:  # else it rings then as it is
            await _wake(self.session, ticket, wakes)

    async def _end_questions(self) -> None:
        """What was asked about a deadline is no question any more when it has ended."""
        for row in self.rows:
            if row.ended_at is not None and self.steps.get(row.id):
                await conversations.end_where(self.session, key_prefix=f"choose:escalation:{row.id}:")

    def following(self, row: Deadline) -> tuple[Step, datetime] | None:
        """Return the next step of a deadline."""
        seen = _watched(self.ticket, row.clock, row.calendar, row.started_at, row.due_at)
        return ladder.following(seen, self.taken(row), now=self.now, figures=self.figures, calendars=self.calendars)

    def taken(self, row: Deadline) -> Sequence[Taken]:
        """Return the steps that were taken for a deadline as it stands: one that was put off is watched anew."""
        return [passed.taken for passed in self.steps.get(row.id, ()) if passed.due_at == row.due_at]

    def take(self, row: Deadline, step: Step) -> None:
        """Remember a step that is taken now."""
        self.steps.setdefault(row.id, []).append(Passed(Taken(step, self.now), row.due_at))

    def begin_again(self, row: Deadline) -> None:
        """Let the time of the step that was taken last begin now."""
        last = self.steps[row.id].pop()
        self.take(row, last.taken.step)

    async def rests(self) -> Sequence[Break]:
        """Return the pauses of the ticket as breaks of its clocks."""
        rows = await direct.execute(self.session, _pauses(), {"ticket_id": self.ticket.id})
        return [Break(row.since, row.ended_at or self.now) for row in rows]


async def load(session: Session, ticket: Ticket, *, now: datetime, figures: Deadlines, calendars: Calendars) -> Running:
    """Return the running deadlines of a ticket with the steps that were taken for them."""
    rows, steps = dict[int, Deadline](), dict[int, list[Passed]]()
    for found in await direct.execute(session, _running(), {"ticket_id": ticket.id}):
        row = loading.put(session, Deadline, found)
        rows[row.id] = row
        step, due_at, at = found[-3:]
        if step is not None:
            steps.setdefault(row.id, []).append(Passed(Taken(Step(step.partition(":")[0]), at), due_at))
    live = list(rows.values())
    return Running(session, ticket, now, figures, calendars, live, steps, _earliest(live))


def _earliest(rows: Iterable[Deadline]) -> datetime | None:
    return min((row.next_at for row in rows if row.next_at is not None), default=None)


async def begin(
    session: Session,
    ticket: Ticket,
    owed: Mapping[Clock, Term],
    *,
    now: datetime,
    figures: Deadlines,
    calendars: Calendars,
    outside: Mapping[Clock, datetime] | None = None,
) -> None:
    """Start the clocks of a new ticket; an arrival that was promised is one of them.

    `outside`: moments that somebody else has set, in real time; they stand in place of our own terms.
    """
    others = outside or {}
    rows = [_counted(ticket, clock, term, now, calendars) for clock, term in owed.items() if clock not in others]
    rows += [_agreed(ticket, clock, now, by, days=Days.ALWAYS) for clock, by in others.items()]
    if ticket.promised_at is not None:
        rows.append(_agreed(ticket, Clock.ARRIVE, now, ticket.promised_at))
    for row in rows:
        seen = _watched(ticket, row["clock"], row["calendar"], now, row["due_at"])
        following = ladder.following(seen, (), now=now, figures=figures, calendars=calendars)
        row["next_at"] = following[1] if following is not None else None
    if not rows:
        return
    await direct.execute_many(session, _insert(), rows)
    ticket.answer_by = next((row["due_at"] for row in rows if row["clock"] == Clock.ANSWER), ticket.answer_by)
    ticket.due_at = min(row["due_at"] for row in rows)
    await _wake(session, ticket, min((row["next_at"] for row in rows if row["next_at"]), default=None))


async def _wake(session: Session, ticket: Ticket, at: datetime | None) -> None:
    """Set the ticket's one timer; a ticket that waits for nothing has none."""
    if at is None:
        await timers.cancel(session, subject="ticket", subject_id=ticket.id, kinds=(TIMER,))
        return
    await timers.move(
        session,
        key=f"ticket:{ticket.id}:clock",
        kind=TIMER,
        subject="ticket",
        subject_id=ticket.id,
        due_at=at,
        community_id=ticket.community_id,
    )


def _watched(ticket: Ticket, clock: str, calendar: str, started_at: datetime, due_at: datetime) -> Watched:
    return Watched(
        clock=Clock(clock),
        priority=Priority(ticket.priority),
        days=Days(calendar),
        started_at=started_at,
        due_at=due_at,
        promised=clock == Clock.ARRIVE or (clock == Clock.ANSWER and ticket.kind == Kind.COMPLAINT),
    )


def _counted(ticket: Ticket, clock: Clock, term: Term, now: datetime, calendars: Calendars) -> dict[str, Any]:
    return _row(ticket, clock, now, term.due(now, calendars), term.days, term.packed())


def _agreed(
    ticket: Ticket, clock: Clock, now: datetime, by: datetime, *, days: Days = Days.ENGINEERS
) -> dict[str, Any]:
    return _row(ticket, clock, now, by, days, {})


def _row(
    ticket: Ticket, clock: Clock, now: datetime, due_at: datetime, days: Days, term: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "community_id": ticket.community_id,
        "ticket_id": ticket.id,
        "clock": clock,
        "count": 1,
        "calendar": days,
        "term": dict(term),
        "started_at": now,
        "first_due_at": due_at,
        "due_at": due_at,
        "moves": 0,
        "next_at": None,
        "ended_at": None,
        "how": "",
        "staff_id": None,
    }


@cache
def _insert() -> Insert:
    return insert(table_of(Deadline))


@cache
def _running() -> Select[Any]:
    deadlines, steps = table_of(Deadline), table_of(Escalation)
    deadline, step = deadlines.c, steps.c
    mine = deadline.ticket_id == bindparam("ticket_id"), deadline.ended_at.is_(None)
    return (
        select(deadlines, step.step.label("step"), step.due_at.label("step_due"), step.at)
        .select_from(deadlines.outerjoin(steps, step.deadline_id == deadline.id))
        .where(*mine)
        .order_by(deadline.id, step.at, step.id)
    )


@cache
def _count() -> Select[Any]:
    deadline = table_of(Deadline).c
    same = deadline.ticket_id == bindparam("ticket_id"), deadline.clock == bindparam("clock")
    return select(func.coalesce(func.max(deadline.count), 0)).where(*same)


@cache
def _first_term() -> Select[Any]:
    deadline = table_of(Deadline).c
    same = deadline.ticket_id == bindparam("ticket_id"), deadline.clock == bindparam("clock")
    return select(deadline.term).where(*same, deadline.count == 1)


@cache
def _pauses() -> Select[Any]:
    pause = table_of(Pause).c
    return select(pause.since, pause.ended_at).where(pause.ticket_id == bindparam("ticket_id")).order_by(pause.since)
