"""How much of what fell due has been paid: by community, phase, building, collector and month; what a collector took.

Due are the bills with a due day in the month, as corrected; paid is what was paid for them up to the month's last day,
by the day of payment. The collector is who collects for the unit now; what is credited to him landed in his time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Date, Select, SQLColumnExpression, case, func, literal, select

from services import access
from services.access import Deed, Subject
from services.actors import Actor
from services.db import Session
from services.models import (
    Allocation,
    Bill,
    Building,
    Community,
    DunningAttempt,
    Instalment,
    Payment,
    Person,
    Promise,
    Staff,
    Unit,
)
from services.refusals import NotAllowed

Name = TypeVar("Name", bound=Hashable)
COLLECTOR = func.coalesce(Unit.collector_id, Building.collector_id, Building.steward_id)
TRENDS = 12  # months


@dataclass(frozen=True, slots=True)
class Sums:
    """What was due and what of it is paid, in cents."""

    due: int
    paid: int

    @property
    def share(self) -> float | None:
        """How much of it is paid, between 0 and 1; None of nothing."""
        return self.paid / self.due if self.due > 0 else None

    @property
    def percent(self) -> str:
        """The same as people read it."""
        return f"{100 * (self.share or 0):.1f}"


@dataclass(frozen=True, slots=True)
class Part:
    """The sums of the smallest group that is told apart."""

    month: date  # its first day
    community_id: int
    phase: str
    building: str
    collector_id: int | None
    due: int
    paid: int


@dataclass(frozen=True, slots=True)
class Own:
    """What landed in a month and is credited to a collector, and the sums of the units where he collects."""

    landed: int
    payments: int
    sums: Sums


def months_to(first: date, count: int = TRENDS) -> Sequence[date]:
    """Return the first days of so many months, the last of which is the one given."""
    found = [first]
    while len(found) < count:
        found.append((found[-1] - timedelta(days=1)).replace(day=1))
    return found[::-1]


def following(first: date) -> date:
    """Return the first day of the next month."""
    return (first + timedelta(days=32)).replace(day=1)


def folded(parts: Sequence[Part], by: Callable[[Part], Name]) -> Mapping[Name, Sums]:
    """Add parts up by what they have in common."""
    due: defaultdict[Name, int] = defaultdict(int)
    paid: defaultdict[Name, int] = defaultdict(int)
    for part in parts:
        due[by(part)] += part.due
        paid[by(part)] += part.paid
    return {name: Sums(due[name], paid[name]) for name in due}


def total(parts: Sequence[Part]) -> Sums:
    """Add all parts up."""
    return Sums(sum(part.due for part in parts), sum(part.paid for part in parts))


def may_see(actor: Actor, community_id: int) -> bool:
    """Whether somebody may see what was collected there, of everybody."""
    return access.may(actor, Deed.SEE_RATES, Subject(community_id))


async def parts(
    session: Session, actor: Actor, *, months: Sequence[date], before: date | None = None
) -> Sequence[Part]:
    """Return the sums of months that follow each other, wherever the actor may see them; paid only before a day, if so.

    Raises `NotAllowed`.
    """
    seen = [one.community_id for one in actor.memberships if may_see(actor, one.community_id)]
    if not seen:
        raise NotAllowed
    return await _parts(session, months, before, Bill.community_id.in_(seen))


async def _parts(
    session: Session, months: Sequence[date], before: date | None, where: ColumnElement[bool]
) -> Sequence[Part]:
    month = case(*((Bill.due_on < following(first), at) for at, first in enumerate(months)))
    ends = case(
        *(
            (Bill.due_on < following(first), literal(min(following(first), before or date.max), Date))
            for first in months
        )
    )
    fell = where, Bill.due_on >= months[0], Bill.due_on < following(months[-1])
    due = await _summed(session, month, Bill.cents + Bill.adjusted_cents, lambda rows: rows.where(*fell))
    paid = await _summed(
        session,
        month,
        Allocation.cents,
        lambda rows: (
            rows.join(Allocation, Allocation.bill_id == Bill.id)
            .join(Payment, Payment.id == Allocation.payment_id)
            .where(*fell, Payment.paid_on < ends)
        ),
    )
    return [
        Part(months[at], community_id, phase, building, collector_id, cents, paid.get(name, 0))
        for name, cents in due.items()
        for at, community_id, phase, building, collector_id in [name]
    ]


async def _summed(
    session: Session,
    month: ColumnElement[int | None],
    cents: SQLColumnExpression[int],
    narrowed: Callable[[Select[*tuple[Any, ...]]], Select[*tuple[Any, ...]]],
) -> dict[tuple[Any, ...], int]:
    """Sum up by month, community, phase, building and collector."""
    phase = func.coalesce(Building.phase, "").label("of_phase")
    named = "due_month", Bill.community_id, "of_phase", Unit.building, "collects"
    rows: Select[*tuple[Any, ...]] = (
        select(
            *(month.label("due_month"), Bill.community_id, phase, Unit.building, COLLECTOR.label("collects")),
            func.sum(cents),
        )
        .select_from(Bill)
        .join(Unit, Unit.id == Bill.unit_id)
        .outerjoin(Building, (Building.community_id == Unit.community_id) & (Building.name == Unit.building))
    )
    grouped = narrowed(rows).group_by(*named).order_by(*named)
    return {tuple(row[:-1]): int(row[-1]) for row in await session.execute(grouped)}


async def own(session: Session, actor: Actor, *, month: date, since: datetime, until: datetime) -> Own:
    """Return what landed in a month and is credited to the actor, and the month's sums of his units.

    Raises `NotAllowed`.
    """
    here = actor.community_id
    if here is None or actor.staff is None or not access.may(actor, Deed.SEE_OWN_RATE, Subject(here)):
        raise NotAllowed
    mine = actor.staff.staff_id
    landed = select(func.coalesce(func.sum(Payment.cents), 0), func.count(Payment.id)).where(
        Payment.community_id == here,
        Payment.credited_to == mine,
        Payment.landed_at >= since,
        Payment.landed_at < until,
    )
    cents, count = (await session.execute(landed)).one()
    found = await _parts(session, [month], None, (Bill.community_id == here) & (mine == COLLECTOR))
    return Own(int(cents), int(count), total(found))


async def landed(session: Session, actor: Actor, *, since: datetime, until: datetime) -> int:
    """Return what came in within a stretch of time less what went back, in cents. Raises `NotAllowed`."""
    came = Payment.community_id == _here(actor), Payment.landed_at >= since, Payment.landed_at < until
    return int(await session.scalar(select(func.coalesce(func.sum(Payment.cents), 0)).where(*came)) or 0)


async def promised_for(session: Session, actor: Actor, *, day: date) -> int:
    """Count the households that promised to pay on a day. Raises `NotAllowed`."""
    said = (
        select(func.count(func.distinct(Promise.unit_id)))
        .join(Instalment, Instalment.promise_id == Promise.id)
        .where(Promise.community_id == _here(actor), Promise.state == "open", Instalment.due_on == day)
    )
    return await session.scalar(said) or 0


async def reasons(session: Session, actor: Actor, *, since: datetime, until: datetime) -> Sequence[tuple[str, int]]:
    """Return how often each reason for not paying was written down, the most frequent first. Raises `NotAllowed`."""
    said = DunningAttempt.community_id == _here(actor), DunningAttempt.reason != ""
    count = func.count()
    rows = await session.execute(
        select(DunningAttempt.reason, count)
        .where(*said, DunningAttempt.done_at >= since, DunningAttempt.done_at < until)
        .group_by(DunningAttempt.reason)
        .order_by(count.desc(), DunningAttempt.reason)
    )
    return [(row[0], int(row[1])) for row in rows]


async def promised(session: Session, actor: Actor, *, since: datetime, until: datetime) -> tuple[int, int]:
    """Return how many promises ended in a period, and how many of them were kept. Raises `NotAllowed`."""
    ended = Promise.community_id == _here(actor), Promise.ended_at >= since, Promise.ended_at < until
    states = await session.scalars(select(Promise.state).where(*ended, Promise.state.in_(["kept", "broken"])))
    found = states.all()
    return len(found), found.count("kept")


async def collectors(session: Session, ids: Sequence[int | None]) -> Mapping[int, str]:
    """Return the names of those who collect."""
    rows = await session.execute(
        select(Staff.id, Person.name, Staff.badge).join(Person, Person.id == Staff.person_id).where(Staff.id.in_(ids))
    )
    return {staff_id: f"{name} {badge}".strip() for staff_id, name, badge in rows}


async def estates(session: Session, ids: Sequence[int]) -> Mapping[int, str]:
    """Return the names of communities."""
    rows = await session.execute(select(Community.id, Community.name).where(Community.id.in_(ids)))
    return {row[0]: row[1] for row in rows}


def _here(actor: Actor) -> int:
    if actor.community_id is None or not may_see(actor, actor.community_id):
        raise NotAllowed
    return actor.community_id
