"""The sheet of a week or a month: every figure with its target and how it is counted, trends, what was asked most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from services import reports
from services.actors import House
from services.catalog import Kind
from services.db import Session
from services.digests import counts, periods
from services.digests.counts import PUBLIC, Filed
from services.models import Deadline, FollowUp, OutsideCase, Ticket
from services.reports import APART, Kpis, Share
from services.settings import Policy
from services.stretches import Stretch
from services.tickets.terms import Clock

MOST_CAUSES = 8
HOURS = 24


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of the sheet: its name, what it came to, before that, and what it is measured by in per cent."""

    name: str
    value: Share | int | float | None
    before: Share | int | float | None = None
    target: int | None = None
    at_most: bool = False

    @property
    def told(self) -> bool:
        """Whether there is anything to tell, now or before."""
        return any(
            one is not None and not (isinstance(one, Share) and one.of <= 0) for one in (self.value, self.before)
        )

    @property
    def kept(self) -> bool | None:
        """Whether the target is kept; None where there is none, or nothing to measure."""
        if self.target is None or not isinstance(self.value, Share) or self.value.rate is None:
            return None
        percent = self.value.rate * 100
        return percent <= self.target if self.at_most else percent >= self.target


@dataclass(frozen=True, slots=True)
class Cause:
    """A matter of the catalogue: how often it came, how often the period before, where and when most."""

    category: str
    count: int
    before: int
    building: str
    of_building: int
    hour: int  # the first of the two hours in which most of it came
    of_hours: int


@dataclass(frozen=True, slots=True)
class Point:
    """A week of a trend."""

    span: Stretch
    homes: int
    public: int
    complaints: int
    others: int
    replied: Share
    in_time: Share
    satisfied: Share
    reworks: int
    returned: int

    @property
    def received(self) -> int:
        """Everything that came in the week."""
        return self.homes + self.public + self.complaints + self.others


@dataclass(frozen=True, slots=True)
class Sheet:
    """All that a sheet shows."""

    span: Stretch
    zone: ZoneInfo
    figures: Sequence[Figure]
    satisfied: Mapping[str, Share]  # by department
    completed: Mapping[str, Share]
    kinds: Mapping[str, int]
    sources: Mapping[str, int]
    buildings: Mapping[str, int]
    hours: Sequence[int]
    causes: Sequence[Cause]
    trend: Sequence[Point]


async def gather(session: Session, *, house: House, span: Stretch, policy: Policy) -> Sheet:
    """Count everything that the sheet of a community and period shows."""
    before = periods.same_before(span, house.zone)
    now_is = await reports.kpis(session, community_id=house.id, start=span.starts_at, end=span.ends_at)
    was = await reports.kpis(session, community_id=house.id, start=before.starts_at, end=before.ends_at)
    filed = await counts.filed(session, community_id=house.id, span=span)
    earlier = await counts.filed(session, community_id=house.id, span=before)
    mine, theirs = await _others(session, house, span), await _others(session, house, before)
    weeks = periods.weeks_up_to(span, house.zone, count=policy.digests.trend_weeks)
    return Sheet(
        span=span,
        zone=house.zone,
        figures=figures(now_is, was, mine, theirs, policy),
        satisfied=now_is.satisfied,
        completed=now_is.completed,
        kinds=Counter(one.kind for one in filed),
        sources=Counter(one.source for one in filed),
        buildings=Counter(one.building for one in filed),
        hours=_by_hour(filed, house.zone),
        causes=_causes(filed, earlier, house.zone),
        trend=[await _point(session, house, week) for week in weeks],
    )


@dataclass(frozen=True, slots=True)
class Others:
    """What the sheet needs beside the common figures."""

    human: Share
    forwarded: Share
    called: Share


async def _others(session: Session, house: House, span: Stretch) -> Others:
    return Others(
        human=await _answered(session, house.id, span),
        forwarded=await _replied(session, house.id, span),
        called=await _called(session, house.id, span),
    )


async def _answered(session: Session, community_id: int, span: Stretch) -> Share:
    """Return how many of those who asked something in the period, or for a person, heard one."""
    met = (
        select(Deadline.id)
        .where(Deadline.ticket_id == Ticket.id, Deadline.clock == Clock.ANSWER, Deadline.how == "met")
        .exists()
    )
    rows = await session.execute(
        select(Ticket.id, met).where(
            Ticket.community_id == community_id,
            Ticket.created_at >= span.starts_at,
            Ticket.created_at < span.ends_at,
            Ticket.state.not_in(APART),
            Ticket.kind == Kind.INQUIRY,
        )
    )
    found = [bool(heard) for _, heard in rows]
    return Share(sum(found), len(found))


async def _replied(session: Session, community_id: int, span: Stretch) -> Share:
    """Return how many cases that offices forwarded had their written reply in time."""
    rows = await session.execute(
        select(OutsideCase.due_at, OutsideCase.replied_at)
        .join(Ticket, Ticket.id == OutsideCase.ticket_id)
        .where(
            OutsideCase.community_id == community_id,
            Ticket.created_at >= span.starts_at,
            Ticket.created_at < span.ends_at,
            Ticket.state.not_in(APART),
        )
    )
    found = [replied_at is not None and replied_at <= due_at for due_at, replied_at in rows]
    return Share(sum(found), len(found))


async def _called(session: Session, community_id: int, span: Stretch) -> Share:
    """Return how many of the calls owed to unhappy owners since the period began were made."""
    count, done = (
        await session.execute(
            select(func.count(), func.count(FollowUp.done_at)).where(
                FollowUp.community_id == community_id,
                FollowUp.created_at >= span.starts_at,
                FollowUp.created_at < span.ends_at,
            )
        )
    ).one()
    return Share(int(done), int(count))


def figures(now_is: Kpis, was: Kpis, mine: Others, theirs: Others, policy: Policy) -> Sequence[Figure]:
    """Put the figures in the order in which they are read."""
    targets = policy.targets
    shares = (
        ("replied", now_is.replied, was.replied, targets.replied),
        ("in_time", now_is.replied_in_time, was.replied_in_time, targets.in_time),
        ("repeats", now_is.repeats, was.repeats, targets.repeats),
        ("satisfied", total(now_is.satisfied), total(was.satisfied), targets.satisfied),
        ("followed_up", now_is.followed_up, was.followed_up, targets.followed_up),
        ("called", mine.called, theirs.called, None),
        ("completed", total(now_is.completed), total(was.completed), None),
        ("human", mine.human, theirs.human, targets.answered),
        ("answered", now_is.answered, was.answered, targets.answered),
        ("kept", now_is.promises.kept, was.promises.kept, targets.kept),
        ("forwarded", mine.forwarded, theirs.forwarded, targets.replied),
    )
    plain = (
        ("breaches", sum(now_is.breaches.values()), sum(was.breaches.values())),
        ("reworks", now_is.reworks, was.reworks),
        ("returned", now_is.returned, was.returned),
        ("no_access", now_is.promises.no_access, was.promises.no_access),
        ("alarm_seconds", now_is.emergencies.p50_seconds, was.emergencies.p50_seconds),
    )
    received = Figure("received", sum(now_is.received.values()), sum(was.received.values()))
    return [
        received,
        *(Figure(name, value, before, target, name == "repeats") for name, value, before, target in shares),
        *(Figure(name, value, before) for name, value, before in plain),
    ]


def total(shares: Mapping[str, Share]) -> Share:
    """Put the shares of departments together."""
    return Share(sum(one.count for one in shares.values()), sum(one.of for one in shares.values()))


async def _point(session: Session, house: House, week: Stretch) -> Point:
    kpis = await reports.kpis(session, community_id=house.id, start=week.starts_at, end=week.ends_at)
    filed = await counts.filed(session, community_id=house.id, span=week)
    repairs = [one for one in filed if one.kind == Kind.REPAIR]
    homes = sum(one.scope == "unit" for one in repairs)
    complaints = sum(one.kind == Kind.COMPLAINT for one in filed)
    return Point(
        span=week,
        homes=homes,
        public=len(repairs) - homes,
        complaints=complaints,
        others=len(filed) - len(repairs) - complaints,
        replied=kpis.replied,
        in_time=kpis.replied_in_time,
        satisfied=total(kpis.satisfied),
        reworks=kpis.reworks,
        returned=kpis.returned,
    )


def _by_hour(filed: Sequence[Filed], zone: ZoneInfo) -> Sequence[int]:
    found = Counter(one.created_at.astimezone(zone).hour for one in filed)
    return [found[hour] for hour in range(HOURS)]


def _causes(filed: Sequence[Filed], earlier: Sequence[Filed], zone: ZoneInfo) -> Sequence[Cause]:
    """Return what was asked most, and what stands out about it: the building, the hours."""
    before = Counter(one.category for one in earlier)
    found = [
        replace(_cause([one for one in filed if one.category == category], zone), before=before[category])
        for category in {one.category for one in filed}
    ]
    return sorted(found, key=lambda one: (-one.count, one.category))[:MOST_CAUSES]


def _cause(those: Sequence[Filed], zone: ZoneInfo) -> Cause:
    buildings = Counter(one.building for one in those if one.building != PUBLIC)
    building, of_building = min(buildings.items(), key=lambda pair: (-pair[1], pair[0]), default=("", 0))
    pairs = Counter(one.created_at.astimezone(zone).hour // 2 * 2 for one in those)
    hour, of_hours = min(pairs.items(), key=lambda pair: (-pair[1], pair[0]))
    return Cause(those[0].category, len(those), 0, building, of_building, hour, of_hours)
