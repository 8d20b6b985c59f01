"""The daily round: every household that owes is looked at, in chunks, and the one step that is due is taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from services import houses, timers
from services.actors import House
from services.db import Session, insert_once
from services.dunning import pauses, quiet, saying
from services.dunning.steps import OF_THE_OFFICE, Does, Household, Step, following, furthest_ahead, of
from services.fee_settings import Dunning
from services.models import Bill, Community, DunningAttempt, Person, Timer, Unit
from services.money import standing
from services.outbox import To
from services.settings import Policies, Policy

ROUND = "dunning.round"
CHUNK = 8  # units that owe: a transaction stays under 50 ms
FEES = "fees"


@dataclass(slots=True)
class Case:
    """A household that owes, as the round sees it."""

    home: Unit
    bills: list[Bill] = field(default_factory=list)  # open, nothing holds them up, oldest first
    payers: Sequence[Person] = ()
    tried: set[str] = field(default_factory=set)  # the keys of its attempts
    last_at: datetime | None = None
    spared: bool = False

    @property
    def state(self) -> Household:
        """What the pure core is asked about."""
        return self._as_if(self.bills[0]) if self.bills else Household(None)

    def may_be_due(self, steps: Sequence[Step], today: date, now: datetime) -> bool:
        """Whether a step is to be taken if nothing holds it up, whichever bills are held up."""
        return any(
            following(steps, self._as_if(bill), today=today, now=now, between=timedelta()) for bill in self.bills
        )

    def key(self, step: Step) -> str:
        """A step is taken once for the bill that it follows from."""
        return self._anchor(self.bills[0]) + step.name

    def _as_if(self, oldest: Bill) -> Household:
        taken = {key.rpartition(":")[2] for key in self.tried if key.startswith(self._anchor(oldest))}
        return Household(oldest.due_on, taken, self.last_at, self.spared)

    def _anchor(self, bill: Bill) -> str:
        return f"{FEES}:{self.home.id}:{bill.id}:"


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
    steps = of(policy.dunning.file)
    today = now.astimezone(house.zone).date()
    after = int(timer.given.get("after", 0))
    found = await _owing(session, house.id, today + timedelta(days=furthest_ahead(steps)), after)
    for case in await cases(session, units=found, today=today, steps=steps, now=now):
        await _take(session, case, house, steps, policy.dunning, now)
    if len(found) == CHUNK:
        timer.state, timer.due_at, timer.given = "waiting", now, {"after": found[-1]}
        return
    await _set(session, house, now=max(now, timer.due_at), figures=policy.dunning)


async def _owing(session: Session, community_id: int, upto: date, after: int) -> Sequence[int]:
    """Return the next units with a bill that is open and due by a day, by the index of open bills by unit."""
    owes = standing.OPEN, Bill.payer_id.is_(None), Bill.unit_id > after
    statement = select(Bill.unit_id).where(*owes, Bill.community_id == community_id, Bill.due_on <= upto)
    return (await session.scalars(statement.distinct().order_by(Bill.unit_id).limit(CHUNK))).all()


async def cases(
    session: Session, *, units: Sequence[int], today: date, steps: Sequence[Step], now: datetime
) -> Sequence[Case]:
    """Put together what is known of the households of some units, leaving out those for which no step can be due."""
    upto = today + timedelta(days=furthest_ahead(steps))
    roots = select(func.coalesce(Unit.attached_to, Unit.id)).where(Unit.id.in_(units))
    rows = (await session.scalars(select(Unit).where(Unit.id.in_(roots) | Unit.attached_to.in_(roots)))).all()
    home_of = {unit.id: unit.attached_to or unit.id for unit in rows}
    found = {unit.id: Case(unit) for unit in rows if unit.attached_to is None}
    for bill in await standing.owed(session, unit_ids=list(home_of)):
        if bill.due_on <= upto and home_of[bill.unit_id] in found:
            found[home_of[bill.unit_id]].bills.append(bill)
    tried = select(DunningAttempt.unit_id, DunningAttempt.key).where(DunningAttempt.unit_id.in_(list(found)))
    for home_id, key in await session.execute(tried):
        found[home_id].tried.add(key)
    return await _held_up(session, [case for case in found.values() if case.may_be_due(steps, today, now)], now)


async def _held_up(session: Session, found: Sequence[Case], now: datetime) -> Sequence[Case]:
    """Note what holds cases up and who pays; on most days there is none to look at."""
    if not found:
        return ()
    homes = [case.home.id for case in found]
    units = {bill.unit_id for case in found for bill in case.bills} | set(homes)
    held = await pauses.paused_bills(session, unit_ids=sorted(units), now=now)
    spared = await pauses.spared(session, homes=homes, now=now)
    payers = await standing.payers(session, unit_ids=homes)
    for case in found:
        case.bills = [bill for bill in case.bills if bill.id not in held]
        case.spared, case.payers = case.home.id in spared, payers.get(case.home.id, ())
    return sorted(found, key=lambda case: case.home.id)


async def _take(
    session: Session, case: Case, house: House, steps: Sequence[Step], figures: Dunning, now: datetime
) -> None:
    """Take the household's next step, if there is one; its payer's row is held, so that his homes take turns."""
    today, between = now.astimezone(house.zone).date(), timedelta(hours=figures.between_hours)
    if following(steps, case.state, today=today, now=now, between=between) is None:
        return
    case.last_at = await _last_of(session, case)
    step = following(steps, case.state, today=today, now=now, between=between)
    if step is None:
        return
    if step.does in OF_THE_OFFICE:
        await _note(session, case, step, now, way=step.does, state="wanted")
        return
    if step.does is not Does.MESSAGE:
        await _note(session, case, step, now, way=step.does, state="task")
        return
    ways = await saying.ways(session, case.payers, step.via)
    if not ways:  # nobody can be written to: the collector is to call
        await _note(session, case, step, now, way=Does.CALL, state="task")
        return
    await _say(session, case, step, ways, house, now)


async def _last_of(session: Session, case: Case) -> datetime | None:
    """Hold the payers' rows (the home's without any) and return when one of them was last written to."""
    ids = sorted(person.id for person in case.payers)
    held = select(Person).where(Person.id.in_(ids)).order_by(Person.id) if ids else None
    if held is not None:
        await session.execute(held.with_for_update(key_share=True))
    said = DunningAttempt.state == "said", DunningAttempt.community_id == case.home.community_id
    whose = DunningAttempt.person_id.in_(ids) | (DunningAttempt.unit_id == case.home.id)
    last: datetime | None = await session.scalar(select(func.max(DunningAttempt.at)).where(*said, whose))
    return last


async def _say(session: Session, case: Case, step: Step, ways: Sequence[To], house: House, now: datetime) -> None:
    attempt_id = await _note(session, case, step, now, way=ways[0].channel, state="said")
    if attempt_id is None:
        return
    for to in ways:
        await saying.say(
            session,
            attempt_id=attempt_id,
            step=step,
            home=case.home,
            bills=case.bills,
            person=case.payers[0],
            to=to,
            house=house,
            now=now,
        )


async def _note(session: Session, case: Case, step: Step, now: datetime, *, way: str, state: str) -> int | None:
    """Write an attempt down, once; None when it was taken before."""
    row: dict[str, Any] = {
        "community_id": case.home.community_id,
        "unit_id": case.home.id,
        "key": case.key(step),
        "list": FEES,
        "step": step.name,
        "way": way,
        "state": state,
        "at": now,
        "bills": [bill.id for bill in case.bills],
        "cents": sum(standing.open_cents(bill) for bill in case.bills),
        "person_id": case.payers[0].id if case.payers else None,
        "staff_id": await standing.collector_of(session, case.home) if state == "task" else None,
    }
    added: int | None = (await insert_once(session, DunningAttempt, row, DunningAttempt.id)).scalar_one_or_none()
    return added
