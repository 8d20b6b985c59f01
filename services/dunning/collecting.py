"""A collector's day: whom to see first, one household with all that was tried, what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, select

from services import access, people
from services.access import Deed, Subject
from services.actors import Actor
from services.calendar import Span
from services.catalog import Kind
from services.db import Session
from services.dunning import pauses, visits
from services.dunning.visits import Visit
from services.models import (
    Bill,
    Building,
    Content,
    DataView,
    DunningAttempt,
    Instalment,
    Occupancy,
    Person,
    Promise,
    Ticket,
    Unit,
)
from services.money import standing
from services.refusals import NotAllowed, NotFound, Refused

MOST = 5  # of each group
PAST = 6  # attempts on a card
AGAIN = timedelta(days=3)  # after nobody answered


class NotYours(Refused):
    """No unit of the estate, or one where somebody else collects."""

    key = "refused.not_your_unit"


class Outcome(StrEnum):
    """What came of a call or a visit."""

    REACHED = "reached"
    NOT_REACHED = "not_reached"
    REFUSED = "refused"


class Reason(StrEnum):
    """Why somebody does not pay."""

    QUALITY = "quality"
    VACANCY = "vacancy"
    DISPUTE = "dispute"
    HARDSHIP = "hardship"
    UNREACHABLE = "unreachable"
    FORGOT = "forgot"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Debtor:
    """A household that owes, on a list."""

    unit: Unit
    cents: int
    oldest: date


@dataclass(frozen=True, slots=True)
class Today:
    """The groups of a day: nobody stands in two of them."""

    visits: Sequence[Visit]  # agreed, the next first
    promised: Sequence[Debtor]
    tasks: Sequence[Debtor]  # a step says: call, visit
    largest: Sequence[Debtor]
    oldest: Sequence[Debtor]
    left: Sequence[Debtor]  # what people owe who sold or moved out


@dataclass(frozen=True, slots=True)
class Gone:
    """Somebody who left a home and still owes for his time."""

    person: Person
    phone: str
    cents: int


@dataclass(frozen=True, slots=True)
class CardOf:
    """One household: what it owes, who pays, what was tried, what holds it up."""

    unit: Unit
    bills: Sequence[Bill]
    held: frozenset[int]  # bills that wait for finance
    payer: Person | None
    phone: str
    attempts: Sequence[DunningAttempt]
    promise: Sequence[Instalment]
    visit: Span | None
    left: Sequence[Gone]
    complaints: int
    spared: bool


def _collects(actor: Actor) -> ColumnElement[bool]:
    """Say which units an employee collects for; who leads sees all."""
    if actor.is_lead or actor.staff is None:
        return Unit.community_id == actor.community_id
    collector = func.coalesce(Unit.collector_id, Building.collector_id, Building.steward_id)
    return (Unit.community_id == actor.community_id) & (collector == actor.staff.staff_id)


def _debtors(actor: Actor, today: date, whose: ColumnElement[bool]) -> Select[int, int, date]:
    """Say for which homes what is overdue, with sum and oldest day; parking spaces count to their home."""
    home = func.coalesce(Unit.attached_to, Unit.id)
    owes = standing.OPEN, whose, Bill.due_on < today, Bill.community_id == actor.community_id
    total = func.sum(Bill.cents + Bill.adjusted_cents - Bill.paid_cents)
    return (
        select(home.label("home"), total.label("cents"), func.min(Bill.due_on).label("oldest"))
        .select_from(Bill)
        .join(Unit, Unit.id == Bill.unit_id)
        .outerjoin(Building, (Building.community_id == Unit.community_id) & (Building.name == Unit.building))
        .where(*owes, _collects(actor))
        .group_by(home)
    )


def _may(actor: Actor) -> None:
    if actor.community_id is None or not access.may(actor, Deed.COLLECT, Subject(actor.community_id)):
        raise NotAllowed


async def today(session: Session, actor: Actor, *, day: date, now: datetime) -> Today:
    """Return whom to see today: promised for today, the largest, the oldest. Raises `NotAllowed`."""
    _may(actor)
    promised = await _promised(session, actor, day)
    met = await visits.ahead(session, actor, now=now, most=MOST)
    seen = {one.unit.id for one in promised} | {one.unit.id for one in met}
    base = _debtors(actor, day, Bill.payer_id.is_(None)).subquery()
    waits = select(DunningAttempt.unit_id).where(DunningAttempt.state == "task")
    tasks = await _free(session, select(base).where(base.c.home.in_(waits)).order_by(base.c.oldest), seen, now)
    seen |= {one.unit.id for one in tasks}
    largest = await _free(session, select(base).order_by(base.c.cents.desc(), base.c.home), seen, now)
    seen |= {one.unit.id for one in largest}
    oldest = await _free(session, select(base).order_by(base.c.oldest, base.c.home), seen, now)
    gone = _debtors(actor, day, Bill.payer_id.is_not(None)).subquery()
    left = await _named(session, (await session.execute(select(gone).order_by(gone.c.cents.desc()).limit(MOST))).all())
    return Today(met, promised, tasks, largest, oldest, left)


async def _promised(session: Session, actor: Actor, day: date) -> Sequence[Debtor]:
    rows = await session.execute(
        select(Unit, Instalment.cents, Instalment.due_on)
        .join(Promise, Promise.unit_id == Unit.id)
        .join(Instalment, Instalment.promise_id == Promise.id)
        .outerjoin(Building, (Building.community_id == Unit.community_id) & (Building.name == Unit.building))
        .where(Promise.state == "open", Instalment.due_on == day, _collects(actor))
        .order_by(Instalment.cents.desc(), Unit.id)
        .limit(MOST)
    )
    return [Debtor(unit, cents, due_on) for unit, cents, due_on in rows]


async def _free(session: Session, statement: Select[Any], seen: set[int], now: datetime) -> Sequence[Debtor]:
    """Return the first of those that nothing holds up and that are not seen to later."""
    rows = (await session.execute(statement.limit(MOST * 8))).all()
    homes = [row.home for row in rows]
    held = set(seen) | set(await pauses.spared(session, homes=homes, now=now))
    later = DunningAttempt.unit_id.in_(homes), DunningAttempt.next_on > now.date()
    held |= set((await session.scalars(select(DunningAttempt.unit_id).where(*later))).all())
    return await _named(session, [row for row in rows if row.home not in held][:MOST])


async def _named(session: Session, rows: Sequence[Row[Any]]) -> Sequence[Debtor]:
    units = await session.scalars(select(Unit).where(Unit.id.in_([row.home for row in rows])))
    by_id = {unit.id: unit for unit in units}
    return [Debtor(by_id[row.home], int(row.cents), row.oldest) for row in rows]


async def _unit(session: Session, actor: Actor, unit_id: int) -> Unit:
    unit = await session.get(Unit, unit_id)
    if unit is None or unit.community_id != actor.community_id:
        raise NotYours
    here = Subject(unit.community_id, unit.id, collector_id=await standing.collector_of(session, unit))
    if not access.may(actor, Deed.COLLECT, here):
        raise NotYours
    return unit


async def card(session: Session, actor: Actor, *, unit_id: int, now: datetime) -> CardOf:
    """Return a household's card; that its number was shown is written down. Raises `NotYours`."""
    unit = await _unit(session, actor, unit_id)
    units = [one.id for one in await standing.household(session, unit_id=unit.id)]
    payers = (await standing.payers(session, unit_ids=[unit.id])).get(unit.id, ())
    payer = payers[0] if payers else None
    await _look(session, actor, unit, payer, now)
    tried = select(DunningAttempt).where(DunningAttempt.unit_id == unit.id)
    promised = select(Instalment).join(Promise).where(Promise.unit_id == unit.id, Promise.state == "open")
    return CardOf(
        unit,
        await standing.owed(session, unit_ids=units),
        await pauses.paused_bills(session, unit_ids=units, now=now),
        payer,
        await people.phone_of(session, payer.id) if payer else "",
        (await session.scalars(tried.order_by(DunningAttempt.id.desc()).limit(PAST))).all(),
        (await session.scalars(promised.order_by(Instalment.due_on))).all(),
        await visits.agreed(session, unit_id=unit.id, now=now),
        await _left(session, actor, unit, units, now),
        await _complaints(session, unit),
        unit.id in await pauses.spared(session, homes=[unit.id], now=now),
    )


async def _left(session: Session, actor: Actor, unit: Unit, units: Sequence[int], now: datetime) -> Sequence[Gone]:
    """Return who left a home owing; their numbers are looked at like the payer's."""
    found = []
    for person_id, bills in (await standing.left_owing(session, unit_ids=units)).items():
        person = await session.get_one(Person, person_id)
        phone = await people.phone_of(session, person.id)
        found.append(Gone(person, phone, sum(standing.open_cents(bill) for bill in bills)))
        await _look(session, actor, unit, person, now)
    return found


async def _look(session: Session, actor: Actor, unit: Unit, payer: Person | None, now: datetime) -> None:
    session.add(
        DataView(
            community_id=unit.community_id,
            viewer_id=actor.person_id,
            person_id=payer.id if payer else None,
            unit_id=unit.id,
            what="number",
            channel=str(actor.channel or ""),
            at=now,
        )
    )
    await session.flush()


async def _complaints(session: Session, unit: Unit) -> int:
    """Count the household's open complaints: who collects knows that there are some, not what they say."""
    persons = select(Occupancy.person_id).where(Occupancy.unit_id == unit.id, Occupancy.status == "active")
    open_ones = Ticket.kind == Kind.COMPLAINT, Ticket.state.not_in(pauses.ENDED)
    counted = select(func.count()).select_from(Ticket).where(Ticket.requester_id.in_(persons), *open_ones)
    return await session.scalar(counted) or 0


async def note(
    session: Session,
    actor: Actor,
    *,
    unit_id: int,
    outcome: Outcome,
    reason: Reason | None,
    key: str,
    now: datetime,
) -> DunningAttempt:
    """Write down what came of a call or visit: of the open task, else as an attempt of its own. Raises `Refused`."""
    unit = await _unit(session, actor, unit_id)
    if actor.staff is None:
        raise NotAllowed
    known = await session.scalar(select(DunningAttempt).where(DunningAttempt.key == key))
    if known is not None:
        return known
    waits = DunningAttempt.unit_id == unit.id, DunningAttempt.state == "task"
    attempt = await session.scalar(select(DunningAttempt).where(*waits).order_by(DunningAttempt.id).limit(1))
    if attempt is None:
        attempt = DunningAttempt(
            community_id=unit.community_id, unit_id=unit.id, key=key, list="fees", step="", way="call", at=now, bills=[]
        )
        session.add(attempt)
    attempt.state, attempt.done_at, attempt.staff_id = "done", now, actor.staff.staff_id
    attempt.result, attempt.reason = outcome.value, reason.value if reason else ""
    if outcome is Outcome.NOT_REACHED:
        attempt.next_step, attempt.next_on = "call", (now + AGAIN).date()
    await session.flush()
    return attempt


async def quote(session: Session, actor: Actor, *, unit_id: int, words: str, now: datetime) -> None:
    """Keep what the household said beside the outcome that this employee wrote down last. Raises `Refused`."""
    unit = await _unit(session, actor, unit_id)
    if actor.staff is None:
        raise NotAllowed
    mine = DunningAttempt.unit_id == unit.id, DunningAttempt.staff_id == actor.staff.staff_id
    done = select(DunningAttempt).where(*mine, DunningAttempt.state == "done").order_by(DunningAttempt.done_at.desc())
    attempt = await session.scalar(done.limit(1))
    if attempt is None:
        raise NotFound
    said = Content(community_id=unit.community_id, kind="dunning", words=words, created_at=now)
    session.add(said)
    await session.flush()
    attempt.content_id = said.id
