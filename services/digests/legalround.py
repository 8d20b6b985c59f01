"""The summary of the legal list, every so many months, as a timer that sets itself anew."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from services import houses, timers
from services.actors import House, Role
from services.db import Session
from services.digests import court, jobs, periods
from services.fee_settings import Dunning
from services.models import Community, Timer
from services.settings import Policies, Policy
from services.stretches import Stretch
from services.tickets import dispatch, news

ROUND = "digest.legal"
READERS = [Role.FINANCE, Role.MANAGER]


async def begin(session: Session, *, now: datetime, policies: Policies) -> None:
    """See that every community's next summary is set, for a new one as for times that were changed."""
    for community_id in (await session.scalars(select(Community.id).order_by(Community.id))).all():
        house = await houses.by_id(session, community_id=community_id)
        await _set(session, house, now=now, figures=(await policies.of(session, community_id)).dunning)


async def go(session: Session, timer: Timer, now: datetime, policy: Policy) -> None:
    """Ask for the summary, one per reader, and set the next one."""
    house = await houses.by_id(session, community_id=timer.subject_id)
    figures = policy.dunning
    before = periods.last_of_months(timer.due_at, house.zone, figures.legal_months, figures.legal_day, figures.legal_at)
    found = await dispatch.candidates(session, community_id=house.id, team="", now=now, roles=READERS)
    for to in (await news.reach(session, [one.staff_id for one in found])).values():
        await jobs.ask(
            session,
            key=f"{timer.key}:{to.address_id}",
            kind=court.SUMMARY,
            community_id=house.id,
            address_id=to.address_id,
            at=timer.due_at,
            span=Stretch(before, timer.due_at),
        )
    await _set(session, house, now=max(now, timer.due_at), figures=figures)


async def _set(session: Session, house: House, *, now: datetime, figures: Dunning) -> None:
    """Set the next one, once a community and month; a time that was changed moves it."""
    due_at = periods.next_of_months(now, house.zone, figures.legal_months, figures.legal_day, figures.legal_at)
    key = f"{ROUND}:{house.id}:{due_at.astimezone(house.zone):%Y-%m}"
    await timers.set_once(
        session, key=key, kind=ROUND, subject="community", subject_id=house.id, due_at=due_at, community_id=house.id
    )
    known = (await session.scalars(select(Timer).where(Timer.key == key))).one()
    if known.state == "waiting" and known.due_at != due_at:
        known.due_at = due_at
