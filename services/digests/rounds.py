"""The rounds: what leads, groups and holders are told unasked, as timers that set themselves anew."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import get_args

from sqlalchemy import select

from services import groups, houses, people, timers
from services.actors import House
from services.db import Session
from services.digests import evening, jobs, periods
from services.models import Community, Timer
from services.settings import Policies, Policy, Weekday
from services.stretches import Stretch
from services.tickets import dispatch, news

TODAY, UNCLEARED, WEEK, MONTH = "digest.today", "digest.uncleared", "digest.week", "digest.month"
ROUNDS = (TODAY, UNCLEARED, WEEK, MONTH)
KIND: Mapping[str, str] = {TODAY: "today", UNCLEARED: "uncleared", WEEK: "week", MONTH: "month"}


async def begin(session: Session, *, now: datetime, policies: Policies) -> None:
    """See that every community's rounds are set, for a new one as for times that were changed."""
    for community_id in (await session.scalars(select(Community.id).order_by(Community.id))).all():
        house = await houses.by_id(session, community_id=community_id)
        policy = await policies.of(session, community_id)
        for kind in ROUNDS:
            await _set(session, kind, house, now=now, policy=policy)


async def go(session: Session, timer: Timer, now: datetime, policy: Policy) -> None:
    """Ask for what the round brings, a row per reader, and set the next one."""
    house = await houses.by_id(session, community_id=timer.subject_id)
    span = told_of(timer.kind, timer.due_at, house)
    for one in await dispatch.leads(session, community_id=house.id, now=now):
        await _for_staff(session, timer, KIND[timer.kind], one.staff_id, span)
    if timer.kind == UNCLEARED:
        await _for_the_others(session, timer, house, span)
    await _set(session, timer.kind, house, now=max(now, timer.due_at), policy=policy)


async def _for_staff(session: Session, timer: Timer, kind: str, staff_id: int, span: Stretch) -> None:
    to = (await news.reach(session, [staff_id])).get(staff_id)
    if to is not None:
        await _ask(session, timer, kind, to.address_id, span)


async def _for_the_others(session: Session, timer: Timer, house: House, span: Stretch) -> None:
    """Whoever holds what is not cleared is asked about it, and so are the groups of the teams that have some."""
    found = await evening.not_cleared(session, house=house, now=timer.due_at)
    for staff_id in sorted({ticket.holder_id for ticket in found if ticket.holder_id is not None}):
        await _for_staff(session, timer, "mine", staff_id, span)
    for team in groups.TEAMS:
        to = await people.group_of(session, community_id=house.id, team=team)
        if to is not None and any(ticket.team == team for ticket in found):
            await _ask(session, timer, "group", to.address_id, span, team=team)


async def _ask(session: Session, timer: Timer, kind: str, address_id: int, span: Stretch, *, team: str = "") -> None:
    await jobs.ask(
        session,
        key=f"{timer.key}:{kind}:{team or address_id}",
        kind=kind,
        community_id=timer.subject_id,
        address_id=address_id,
        at=timer.due_at,
        span=span,
        team=team,
    )


def told_of(kind: str, at: datetime, house: House) -> Stretch:
    """Return the period that a round tells of."""
    if kind == WEEK:
        return periods.week_before(at, house.zone)
    if kind == MONTH:
        return periods.month_before(at, house.zone)
    return periods.day_of(at, house.zone)


def following(kind: str, *, house: House, now: datetime, policy: Policy) -> datetime:
    """Return when the next round of a kind is."""
    figures, zone = policy.digests, house.zone
    if kind == TODAY:
        return periods.next_daily(now, zone, figures.today_at)
    if kind == UNCLEARED:
        return periods.next_daily(now, zone, figures.not_cleared_at)
    if kind == WEEK:
        return periods.next_weekly(now, zone, get_args(Weekday).index(figures.week_day), figures.week_at)
    return periods.next_monthly(now, zone, figures.month_day, figures.month_at)


async def _set(session: Session, kind: str, house: House, *, now: datetime, policy: Policy) -> None:
    """Set the next round, one a community and day; a time that was changed moves it."""
    due_at = following(kind, house=house, now=now, policy=policy)
    key = f"{kind}:{house.id}:{due_at.astimezone(house.zone):%Y-%m-%d}"
    await timers.set_once(
        session, key=key, kind=kind, subject="community", subject_id=house.id, due_at=due_at, community_id=house.id
    )
    known = (await session.scalars(select(Timer).where(Timer.key == key))).one()
    if known.state == "waiting" and known.due_at != due_at:
        known.due_at = due_at
