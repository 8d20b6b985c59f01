"""What happened in a stretch of time and what is open now, counted over rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from services import inlined
from services.catalog import Kind, Priority
from services.db import Session
from services.models import Deadline, History, Quote, Survey, Ticket, Unit
from services.reports import APART, Share
from services.stretches import Stretch
from services.tickets.dispatch import ENDED
from services.tickets.quotes import REFERRED
from services.tickets.rules import NOT_YET, Action, State
from services.tickets.terms import Clock

PUBLIC = ""  # the building of what belongs to none
RUNS = NOT_YET | {State.WORKING}


@dataclass(frozen=True, slots=True)
class Filed:
    """A request as it was counted: without a name, a flat, a word."""

    id: int
    kind: str
    category: str
    scope: str
    source: str
    state: str
    priority: str
    team: str
    payer: str
    building: str
    created_at: datetime
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Happened:
    """What a stretch of time brought."""

    filed: Sequence[Filed]
    settled: Share  # on time, of all settled
    returned: int
    scores: int
    low: int

    @property
    def kinds(self) -> Mapping[str, int]:
        """Requests by kind."""
        return Counter(one.kind for one in self.filed)

    @property
    def sources(self) -> Mapping[str, int]:
        """Requests by the way they came."""
        return Counter(one.source for one in self.filed)

    @property
    def homes(self) -> int:
        """Repairs inside homes."""
        return sum(one.kind == Kind.REPAIR and one.scope == "unit" for one in self.filed)

    @property
    def public(self) -> int:
        """Repairs in public areas."""
        return sum(one.kind == Kind.REPAIR and one.scope != "unit" for one in self.filed)

    @property
    def reworks(self) -> int:
        """Repairs that are done again for nothing."""
        return sum(one.payer == "rework" for one in self.filed)

    def causes(self, most: int) -> Sequence[tuple[str, int]]:
        """Return the matters that came most, with how often; of equals the one that comes first by name."""
        found = Counter(one.category for one in self.filed)
        return sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))[:most]


@dataclass(frozen=True, slots=True)
class Open:
    """How much waits, and for what."""

    undispatched: int
    overdue: int
    due_today: int
    unpriced: int


@dataclass(frozen=True, slots=True)
class Night:
    """What came while the desk was closed."""

    filed: int
    emergencies: int
    answered: int
    slowest_seconds: float | None  # until somebody said that he goes


async def filed(session: Session, *, community_id: int, span: Stretch) -> Sequence[Filed]:
    """Return what was filed in a stretch, without what was called off or merged into another."""
    rows = await session.execute(
        _filed().where(
            Ticket.community_id == community_id,
            Ticket.created_at >= span.starts_at,
            Ticket.created_at < span.ends_at,
            Ticket.state.not_in(APART),
        )
    )
    return [Filed(*row) for row in rows]


async def still_open(session: Session, *, community_id: int) -> Sequence[Filed]:
    """Return what is open, whenever it was filed."""
    open_now = inlined.outside(Ticket.state, ENDED)
    rows = await session.execute(_filed().where(Ticket.community_id == community_id, open_now))
    return [Filed(*row) for row in rows]


def _filed() -> Select[*tuple[Any, ...]]:
    return (
        select(
            *(Ticket.id, Ticket.kind, Ticket.category, Ticket.scope, Ticket.source, Ticket.state),
            *(Ticket.priority, Ticket.team, Ticket.payer, func.coalesce(Unit.building, PUBLIC)),
            *(Ticket.created_at, Ticket.due_at),
        )
        .outerjoin(Unit, Unit.id == Ticket.unit_id)
        .order_by(Ticket.id)
    )


async def happened(session: Session, *, community_id: int, span: Stretch, unhappy_at_most: int) -> Happened:
    """Count what a stretch of time brought."""
    scores = await _scores(session, community_id, span)
    return Happened(
        filed=await filed(session, community_id=community_id, span=span),
        settled=await _settled(session, community_id, span),
        returned=await _returned(session, community_id, span),
        scores=len(scores),
        low=sum(score <= unhappy_at_most for score in scores),
    )


async def _settled(session: Session, community_id: int, span: Stretch) -> Share:
    """What was done (or closed at once) in the stretch and stayed so; late is what missed the time first promised."""
    ended = func.coalesce(Ticket.done_at, Ticket.closed_at)
    late = (
        select(Deadline.id)
        .where(
            Deadline.ticket_id == Ticket.id,
            Deadline.clock == Clock.RESOLVE,
            Deadline.how == "met",
            Deadline.ended_at >= span.starts_at,
            Deadline.ended_at < span.ends_at,
            Deadline.ended_at > Deadline.first_due_at,
        )
        .exists()
    )
    rows = await session.execute(
        select(Ticket.id, late).where(
            Ticket.community_id == community_id,
            Ticket.state.in_((State.DONE, State.CLOSED)),
            ended >= span.starts_at,
            ended < span.ends_at,
        )
    )
    found = [bool(is_late) for _, is_late in rows]
    return Share(len(found) - sum(found), len(found))


async def _returned(session: Session, community_id: int, span: Stretch) -> int:
    count = await session.scalar(
        select(func.count())
        .select_from(History)
        .where(
            History.community_id == community_id,
            History.action == Action.OWNER_RETURNS,
            History.at >= span.starts_at,
            History.at < span.ends_at,
        )
    )
    return count or 0


async def _scores(session: Session, community_id: int, span: Stretch) -> Sequence[int]:
    found = await session.scalars(
        select(Survey.score).where(
            Survey.community_id == community_id,
            Survey.answered_at >= span.starts_at,
            Survey.answered_at < span.ends_at,
            Survey.score.is_not(None),
        )
    )
    return [score for score in found if score is not None]


async def open_now(session: Session, *, community_id: int, now: datetime, today: Stretch) -> Open:
    """Count what waits: for somebody, for its time that has passed, for its time today, for a price of ours."""
    waits = await still_open(session, community_id=community_id)
    due = [one.due_at for one in waits if one.state in RUNS and one.due_at is not None]
    unpriced = await session.scalar(
        select(func.count())
        .select_from(Quote)
        .join(Ticket, Ticket.id == Quote.ticket_id)
        .where(
            Ticket.community_id == community_id,
            inlined.outside(Ticket.state, ENDED),
            Quote.state == REFERRED,
        )
    )
    return Open(
        undispatched=sum(one.state == State.OPEN for one in waits),
        overdue=sum(at < now for at in due),
        due_today=sum(now <= at < today.ends_at for at in due),
        unpriced=unpriced or 0,
    )


async def night(session: Session, *, community_id: int, span: Stretch) -> Night:
    """Count what came at night, and how fast somebody went when it could not wait."""
    came = await filed(session, community_id=community_id, span=span)
    alarms = {one.id: one.created_at for one in came if one.priority == Priority.EMERGENCY}
    rows = await session.execute(
        select(Deadline.ticket_id, func.min(Deadline.ended_at))
        .where(Deadline.ticket_id.in_(alarms), Deadline.clock == Clock.ACCEPT, Deadline.how == "met")
        .group_by(Deadline.ticket_id)
    )
    took = [(at - alarms[ticket_id]).total_seconds() for ticket_id, at in rows if at is not None]
    return Night(len(came), len(alarms), len(took), max(took, default=None))
