"""The daily round: every household that owes is looked at, in chunks, and the one step that is due is taken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from services import houses, timers
from services.actors import House
from services.db import Session, insert_once
from services.dunning import cases, quiet, saying
from services.dunning.cases import Case
from services.dunning.saying import Reached, Taken
from services.dunning.steps import Does, Plan, Step, following, furthest_ahead, of
from services.fee_settings import Dunning
from services.models import Bill, Community, DunningAttempt, Timer
from services.money import standing
from services.settings import Policies, Policy

ROUND = "dunning.round"
CHUNK = 16  # units that owe: a transaction stays under 50 ms


async def begin(session: Session, *, now: datetime, policies: Policies) -> None:
    """See that every community's next round is set."""
    for community_id in (await session.scalars(select(Community.id).order_by(Community.id))).all():
        house = await houses.by_id(session, community_id=community_id)
        await _set(session, house, now=now, figures=(await policies.of(session, community_id)).dunning)


async def _set(session: Session, house: House, *, now: datetime, figures: Dunning) -> None:
    due_at = _next(now, house, figures)
    await timers.set_once(
        session,
        key=f"{ROUND}:{house.id}:{due_at.astimezone(house.zone):%Y-%m-%d}",
        kind=ROUND,
        subject="community",
        subject_id=house.id,
        due_at=due_at,
        community_id=house.id,
    )


def _next(now: datetime, house: House, figures: Dunning) -> datetime:
    local = now.astimezone(house.zone)
    today = datetime.combine(local.date(), figures.at, house.zone)
    return today if today > now else datetime.combine(local.date() + timedelta(days=1), figures.at, house.zone)


async def go(session: Session, timer: Timer, now: datetime, policy: Policy) -> None:
    """Look at the next units that owe; when all are done the next day's round is set. In quiet hours it waits."""
    house = await houses.by_id(session, community_id=timer.subject_id)
    later = quiet.until(now, policy.dunning, house.zone)
    if later > now:
        timer.state, timer.due_at = "waiting", later
        return
    plan = of(policy.dunning.file)
    upto = now.astimezone(house.zone).date() + timedelta(days=furthest_ahead(plan))
    units = await _owing(session, house.id, upto, int(timer.given.get("after", 0)))
    next_of = _choice(house, plan, policy.dunning, now)
    found = await cases.of_units(session, units=units, upto=upto, now=now, is_due=lambda case: bool(next_of(case)))
    await _take(session, found, house, next_of, now)
    if len(units) == CHUNK:
        timer.state, timer.due_at, timer.given = "waiting", now, {"after": units[-1]}
        return
    await _set(session, house, now=max(now, timer.due_at), figures=policy.dunning)


async def _owing(session: Session, community_id: int, upto: date, after: int) -> Sequence[int]:
    """Return the next units with a bill that is open and due by a day, by the index of open bills by unit."""
    owes = standing.OPEN, Bill.unit_id > after
    statement = select(Bill.unit_id).where(*owes, Bill.community_id == community_id, Bill.due_on <= upto)
    return (await session.scalars(statement.distinct().order_by(Bill.unit_id).limit(CHUNK))).all()


def _choice(house: House, plan: Plan, figures: Dunning, now: datetime) -> Callable[[Case], Step | None]:
    """Return what tells the next step of a case as it is known."""
    today, between = now.astimezone(house.zone).date(), timedelta(hours=figures.between_hours)
    return lambda case: following(plan[case.kind], case.state, today=today, now=now, between=between)


async def _take(
    session: Session, found: Sequence[Case], house: House, next_of: Callable[[Case], Step | None], now: datetime
) -> None:
    """Take the next step of each household that has one; payers' rows are held, so that their homes take turns."""
    due = [case for case in found if next_of(case) is not None]
    if not due:
        return
    await cases.hold(session, due)
    reached = await saying.reached(session, [person for case in due for person in case.payers])
    taken: list[Taken] = []
    for case in due:
        step = next_of(case)
        if step is None:
            continue
        ways = reached.ways(case.payers, step.via) if step.does is Does.MESSAGE else ()
        one = Taken(case, step, reached.who(case.payers), ways)
        taken.append(one)
        if one.ways and one.person is not None:
            for other in due:
                cases.written(other, one.person.id, case.home.id, now)
    await _note(session, taken, house, reached, now)


async def _note(session: Session, taken: Sequence[Taken], house: House, reached: Reached, now: datetime) -> None:
    """Write the attempts down, each once, and say what is to be said of those that are new."""
    if not taken:
        return
    rows = [await _row(session, one, now) for one in taken]
    added = await insert_once(session, DunningAttempt, rows, DunningAttempt.id, DunningAttempt.key)
    ids = {row.key: row.id for row in added.all()}
    new = [(ids[one.case.key(one.step)], one) for one in taken if one.case.key(one.step) in ids]
    await saying.say(session, [(attempt_id, one) for attempt_id, one in new if one.ways], house, reached, now)


async def _row(session: Session, one: Taken, now: datetime) -> dict[str, Any]:
    case = one.case
    return {
        "community_id": case.home.community_id,
        "unit_id": case.home.id,
        "key": case.key(one.step),
        "list": case.kind,
        "step": one.step.name,
        "way": one.way,
        "state": one.state,
        "at": now,
        "bills": [bill.id for bill in case.bills],
        "cents": case.cents,
        "person_id": one.person.id if one.person else None,
        "staff_id": await standing.collector_of(session, case.home) if one.state == "task" else None,
    }
