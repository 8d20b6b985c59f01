"""What managers watch: the figures of a period, counted by plain SQL over what happened.

Received is what was filed in the period, without what was called off or merged into another. Closing by silence is no
answer. Times are desk time.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, and_, case, cast, func, literal, or_, select
from sqlalchemy.orm import aliased

from services.catalog import Kind, Priority
from services.db import Session
from services.models import Deadline, Escalation, FollowUp, Pause, Quote, Survey, Ticket
from services.sqltypes import Moment, SecondsBetween
from services.tickets import followups
from services.tickets.rules import State
from services.tickets.terms import Clock

SATISFIED = 4  # of 5, and above
REPEATED_WITHIN = timedelta(days=30)
AT_THE_OUTSIDE = timedelta(hours=48)
APART = (State.CANCELLED, State.MERGED)


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many."""

    count: int
    of: int

    @property
    def rate(self) -> float | None:
        """The share between 0 and 1; None of nothing."""
        return self.count / self.of if self.of else None


@dataclass(frozen=True, slots=True)
class Sum:
    """How many, and what they come to."""

    count: int
    cents: int


@dataclass(frozen=True, slots=True)
class Promises:
    """Arrivals that were promised: whether somebody came by the time first given."""

    kept: Share
    put_off: int  # promises that were moved at least once
    no_access: int  # somebody came, nobody was at home
    no_shows: int  # somebody waited, nobody came


@dataclass(frozen=True, slots=True)
class Emergencies:
    """How long it took until somebody said that he goes."""

    count: int
    p50_seconds: float | None
    p95_seconds: float | None


@dataclass(frozen=True, slots=True)
class Kpis:
    """The figures of a period; see the functions below for how each is counted."""

    received: Mapping[str, int]  # by kind
    replied: Share
    replied_in_time: Share
    repeats: Share
    satisfied: Mapping[str, Share]  # by team
    followed_up: Share
    completed: Mapping[str, Share]  # by team
    answered: Share
    promises: Promises
    breaches: Mapping[str, int]  # by clock
    escalations: Mapping[str, int]  # by step
    minutes: Mapping[str, float]  # on average, by clock, in real time
    reworks: int
    returned: int
    quotes: Mapping[str, Sum]  # by what became of them
    emergencies: Emergencies


@dataclass(frozen=True, slots=True)
class _Span:
    """The period, for one community."""

    session: Session
    community_id: int
    start: datetime
    end: datetime

    def within(self, column: Any) -> ColumnElement[bool]:  # noqa: ANN401 - a mapped attribute
        return and_(column >= self.start, column < self.end)

    def of(self, table: Any, column: Any) -> ColumnElement[bool]:  # noqa: ANN401
        return and_(table.community_id == self.community_id, self.within(column))

    async def one(self, *columns: Any, where: Sequence[ColumnElement[bool]]) -> tuple[Any, ...]:  # noqa: ANN401
        return tuple((await self.session.execute(select(*columns).where(*where))).one())

    async def counts(self, statement: Select[str, int]) -> dict[str, int]:
        rows = await self.session.execute(statement)
        return {str(name): int(count) for name, count in rows.all()}


async def kpis(session: Session, *, community_id: int, start: datetime, end: datetime) -> Kpis:
    """Return the figures of a community from `start` until before `end`."""
    span = _Span(session, community_id, start, end)
    replied, in_time = await _replies(span)
    return Kpis(
        received=await _received(span),
        replied=replied,
        replied_in_time=in_time,
        repeats=await _repeats(span),
        satisfied=await _satisfied(span),
        followed_up=await _followed_up(span),
        completed=await _completed(span),
        answered=await _answered(span),
        promises=await _promises(span),
        breaches=await _breaches(span),
        escalations=await _escalations(span),
        minutes=await _minutes(span),
        reworks=await _reworks(span),
        returned=await _returned(span),
        quotes=await _quotes(span),
        emergencies=await _emergencies(span),
    )


def _filed(span: _Span) -> Sequence[ColumnElement[bool]]:
    return span.of(Ticket, Ticket.created_at), Ticket.state.not_in(APART)


def _sum(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


async def _received(span: _Span) -> Mapping[str, int]:
    """Requests by kind."""
    statement = select(Ticket.kind, func.count()).where(*_filed(span)).group_by(Ticket.kind).order_by(Ticket.kind)
    return await span.counts(statement)


async def _replies(span: _Span) -> tuple[Share, Share]:
    """Requests to which a person replied, and in time, of all received.

    The reply is what the ticket's answer clock waits for; a ticket without one waits for somebody to say that he takes
    it. In time: by the moment first promised, and within 48 hours.
    """
    other = aliased(Deadline)
    answer = select(other.id).where(other.ticket_id == Ticket.id, other.clock == Clock.ANSWER).correlate(Ticket)
    owed = case((answer.exists(), literal(str(Clock.ANSWER))), else_=literal(str(Clock.ACCEPT)))
    mine = Deadline.ticket_id == Ticket.id, Deadline.clock == owed
    met = select(func.min(Deadline.ended_at)).where(*mine, Deadline.how == "met").correlate(Ticket).scalar_subquery()
    promised = select(Deadline.first_due_at).where(*mine, Deadline.count == 1).correlate(Ticket).scalar_subquery()
    rows = (
        select(
            met.label("at"),
            promised.label("by"),
            SecondsBetween(Ticket.created_at, func.coalesce(met, literal(span.end, Moment))).label("took"),
        )
        .where(*_filed(span))
        .subquery()
    )
    on_time = and_(rows.c.at <= rows.c.by, rows.c.took <= AT_THE_OUTSIDE.total_seconds())
    counted = select(func.count(), func.count(rows.c.at), _sum(on_time)).select_from(rows)
    received, replied, in_time = (await span.session.execute(counted)).one()
    return Share(int(replied), int(received)), Share(int(in_time), int(received))


async def _repeats(span: _Span) -> Share:
    """Complaints on a matter taken or answered before, of the others.

    A repeat is one by the same person on the same kind of matter within 30 days, or the return of an answer that did
    not satisfy.
    """
    before = aliased(Ticket)
    earlier = (
        select(before.id)
        .where(
            before.requester_id == Ticket.requester_id,
            before.community_id == Ticket.community_id,
            before.category == Ticket.category,
            before.kind == Kind.COMPLAINT,
            before.created_at < Ticket.created_at,
            SecondsBetween(before.created_at, Ticket.created_at) <= REPEATED_WITHIN.total_seconds(),
        )
        .exists()
    )
    count, alike, returns = await span.one(
        func.count(),
        _sum(earlier),
        func.coalesce(func.sum(Ticket.returns), 0),
        where=[
            span.of(Ticket, Ticket.created_at),
            Ticket.kind == Kind.COMPLAINT,
            Ticket.state != State.CANCELLED,
        ],
    )
    return Share(int(alike) + int(returns), int(count) - int(alike))


async def _satisfied(span: _Span) -> Mapping[str, Share]:
    """Scores of 4 and 5 of all scores given in the period, by the team that did the work."""
    rows = await span.session.execute(
        select(Ticket.team, _sum(Survey.score >= SATISFIED), func.count())
        .join(Ticket, Ticket.id == Survey.ticket_id)
        .where(span.of(Survey, Survey.answered_at), Survey.score.is_not(None))
        .group_by(Ticket.team)
        .order_by(Ticket.team)
    )
    return {team: Share(int(happy), int(count)) for team, happy, count in rows.all()}


async def _followed_up(span: _Span) -> Share:
    """Tickets whose owner was asked or called afterwards, of those closed in the period."""
    asked = select(Survey.id).where(
        Survey.ticket_id == Ticket.id, or_(Survey.asked_at.is_not(None), Survey.answered_at.is_not(None))
    )
    spoken = FollowUp.done_at.is_not(None), FollowUp.result.in_(("", *followups.SPOKEN))  # "": noted by 0.1.0
    called = select(FollowUp.id).where(FollowUp.ticket_id == Ticket.id, *spoken)
    closed = [span.of(Ticket, Ticket.closed_at), Ticket.state == State.CLOSED]
    count, followed = await span.one(func.count(), _sum(or_(asked.exists(), called.exists())), where=closed)
    return Share(int(followed), int(count))


async def _completed(span: _Span) -> Mapping[str, Share]:
    """Closed of what was filed in the period, by the team that has it."""
    rows = await span.session.execute(
        select(Ticket.team, _sum(Ticket.state == State.CLOSED), func.count())
        .where(*_filed(span))
        .group_by(Ticket.team)
        .order_by(Ticket.team)
    )
    return {team: Share(int(closed), int(count)) for team, closed, count in rows.all()}


async def _answered(span: _Span) -> Share:
    """Owners who spoke again and heard a person, of those who did; who needed no answer any more is left out."""
    mine = [span.of(Deadline, Deadline.started_at), Deadline.clock == Clock.NEXT, Deadline.how != "dropped"]
    count, met = await span.one(func.count(), _sum(Deadline.how == "met"), where=mine)
    return Share(int(met), int(count))


async def _promises(span: _Span) -> Promises:
    """Arrivals promised for the period: kept by the time first given; what the owner moved himself is another one."""
    mine = [span.of(Deadline, Deadline.first_due_at), Deadline.clock == Clock.ARRIVE, Deadline.how != "dropped"]
    kept = and_(Deadline.how == "met", Deadline.ended_at <= Deadline.first_due_at)
    count, met, moved = await span.one(func.count(), _sum(kept), _sum(Deadline.moves > 0), where=mine)
    (absent,) = await span.one(func.count(), where=[span.of(Pause, Pause.since), Pause.reason == "absent"])
    (missed,) = await span.one(func.coalesce(func.sum(Ticket.no_shows), 0), where=[span.of(Ticket, Ticket.created_at)])
    return Promises(Share(int(met), int(count)), int(moved), int(absent), int(missed))


async def _breaches(span: _Span) -> Mapping[str, int]:
    """Deadlines that passed in the period, put off or not, before they were met; by clock."""
    late = or_(
        and_(Deadline.how == "met", Deadline.ended_at > Deadline.due_at),
        and_(Deadline.ended_at.is_(None), Deadline.due_at < span.end, Ticket.state != State.PAUSED),
    )
    return await span.counts(
        select(Deadline.clock, func.count())
        .join(Ticket, Ticket.id == Deadline.ticket_id)
        .where(span.of(Deadline, Deadline.due_at), late)
        .group_by(Deadline.clock)
        .order_by(Deadline.clock)
    )


async def _escalations(span: _Span) -> Mapping[str, int]:
    """Steps taken in the period, pagings together."""
    step = case((Escalation.step.startswith("page"), "page"), else_=Escalation.step).label("taken")
    counted = select(step, func.count()).where(span.of(Escalation, Escalation.at)).group_by("taken").order_by("taken")
    return await span.counts(counted)


async def _minutes(span: _Span) -> Mapping[str, float]:
    """Real minutes from the start of a clock until it was met in the period, on average; its first run only."""
    rows = await span.session.execute(
        select(Deadline.clock, func.avg(SecondsBetween(Deadline.started_at, Deadline.ended_at)))
        .where(span.of(Deadline, Deadline.ended_at), Deadline.how == "met", Deadline.count == 1)
        .group_by(Deadline.clock)
        .order_by(Deadline.clock)
    )
    return {clock: round(float(seconds) / 60, 1) for clock, seconds in rows.all()}


async def _reworks(span: _Span) -> int:
    """Repairs of the period that are done again for nothing, because the first work did not last."""
    (count,) = await span.one(func.count(), where=[*_filed(span), Ticket.payer == "rework"])
    return int(count)


async def _returned(span: _Span) -> int:
    """How often work filed in the period came back from its owner."""
    (count,) = await span.one(func.coalesce(func.sum(Ticket.returns), 0), where=_filed(span))
    return int(count)


async def _quotes(span: _Span) -> Mapping[str, Sum]:
    """Quotes asked in the period, by what became of them."""
    rows = await span.session.execute(
        select(Quote.state, func.count(), cast(func.coalesce(func.sum(Quote.total_cents), 0), Integer))
        .where(span.of(Quote, Quote.asked_at))
        .group_by(Quote.state)
        .order_by(Quote.state)
    )
    return {state: Sum(int(count), int(cents)) for state, count, cents in rows.all()}


async def _emergencies(span: _Span) -> Emergencies:
    """Emergencies of the period, and the seconds until somebody said that he goes."""
    taken = (
        select(func.min(Deadline.ended_at))
        .where(Deadline.ticket_id == Ticket.id, Deadline.clock == Clock.ACCEPT, Deadline.how == "met")
        .correlate(Ticket)
        .scalar_subquery()
    )
    rows = await span.session.scalars(
        select(SecondsBetween(Ticket.created_at, taken)).where(*_filed(span), Ticket.priority == Priority.EMERGENCY)
    )
    found = rows.all()
    seconds = sorted(float(each) for each in found if each is not None)
    if not seconds:
        return Emergencies(len(found), None, None)
    cuts = statistics.quantiles(seconds, n=20, method="inclusive") if len(seconds) > 1 else [seconds[0]] * 19
    return Emergencies(len(found), round(cuts[9], 1), round(cuts[18], 1))
