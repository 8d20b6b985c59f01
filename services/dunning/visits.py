"""A time to meet about what is owed: evenings and weekends, one household at a time, both sides told."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from services import conversations, hours, houses, people, places
from services.actors import Actor
from services.calendar import Span
from services.db import Session
from services.dunning import promises, quiet
from services.fee_settings import Dunning
from services.messages import Choice, Style, T, Text, When, window_end
from services.models import DunningAttempt, Staff, Unit
from services.money import standing
from services.outbox import Priority
from services.refusals import Refused
from services.settings import Policy

AHEAD, NOTICE = timedelta(days=9), timedelta(hours=3)
OFFERED = 6
DAY = timedelta(days=1)
TASK, VISIT = "task", "visit"


class NobodyComes(Refused):
    """No employee collects for this home: the office is called."""

    key = "refused.nobody_comes"


class TimeGone(Refused):
    """Somebody else took that time meanwhile."""

    key = "refused.time_gone"


@dataclass(frozen=True, slots=True)
class Visit:
    """When who collects meets a household."""

    unit: Unit
    start: datetime
    end: datetime


def free(now: datetime, figures: Dunning, zone: ZoneInfo, taken: Collection[datetime]) -> Sequence[Span]:
    """Return the next times: of each evening, morning or afternoon the first that nobody has."""
    found: list[Span] = []
    day = now.astimezone(zone).date()
    while len(found) < OFFERED and day <= (now + AHEAD).astimezone(zone).date():
        for spans in _periods(day, figures, zone):
            left = [span for span in spans if span.start >= now + NOTICE and span.start not in taken]
            found += left[:1]
        day += DAY
    return found[:OFFERED]


def _periods(day: date, figures: Dunning, zone: ZoneInfo) -> Iterator[Sequence[Span]]:
    """Cut a day's evening, or its morning and afternoon, into visits."""
    if quiet.is_festival(day):
        return
    each = timedelta(minutes=figures.visit_minutes)
    for text in (figures.visit_evenings, figures.visit_weekends):
        for period in hours.read(text).week[day.weekday()]:
            start, end = (datetime.combine(day, at, zone).astimezone(UTC) for at in (period.start, period.end))
            count = (end - start) // each
            yield [Span(start + n * each, start + (n + 1) * each) for n in range(count)]


async def offered(session: Session, actor: Actor, *, unit_id: int, now: datetime, figures: Dunning) -> Sequence[Span]:
    """Return when a home's collector has time; raises `NobodyComes`, `NotFound`, `NotAllowed`."""
    unit = await promises.may_speak_for(session, actor, unit_id=unit_id)
    house = await houses.by_id(session, community_id=unit.community_id)
    return free(now, figures, house.zone, await _taken(session, await _collector(session, actor, unit), now))


async def _collector(session: Session, actor: Actor, unit: Unit) -> int:
    """Return the staff id of who comes: who collects there, else the employee that writes it down."""
    staff_id = await standing.collector_of(session, unit)
    if staff_id is None and actor.staff is not None:
        staff_id = actor.staff.staff_id
    if staff_id is None:
        raise NobodyComes(phone=actor.house.phone if actor.house else "")
    return staff_id


async def _taken(session: Session, staff_id: int, now: datetime) -> frozenset[datetime]:
    ahead = DunningAttempt.state == TASK, DunningAttempt.staff_id == staff_id, DunningAttempt.visit_until > now
    starts = (await session.scalars(select(DunningAttempt.visit_from).where(*ahead))).all()
    return frozenset(start for start in starts if start is not None)


async def book(
    session: Session, actor: Actor, *, unit_id: int, start: datetime, now: datetime, policy: Policy
) -> DunningAttempt:
    """Agree a time, in the place of one agreed before; the other side is told. Raises `Refused`."""
    unit = await promises.may_speak_for(session, actor, unit_id=unit_id)
    staff_id = await _collector(session, actor, unit)
    await session.execute(select(Staff.id).where(Staff.id == staff_id).with_for_update(key_share=True))
    before = await _booked(session, unit.id, now)
    if before is not None and before.visit_from == start:
        return before
    house = await houses.by_id(session, community_id=unit.community_id)
    span = next((one for one in _all(start, policy.dunning, house.zone) if one.start == start), None)
    if span is None or start <= now or start in await _taken(session, staff_id, now):
        raise TimeGone
    attempt = before or await _task(session, unit, now)
    attempt.way, attempt.staff_id, attempt.next_step = VISIT, staff_id, VISIT
    attempt.visit_from, attempt.visit_until = span
    attempt.next_on = start.astimezone(house.zone).date()
    await session.flush()
    words = await said(session, unit, staff_id, span)
    await _tell(session, actor, attempt, T("visit.agreed", **words), T("visit.agreed_staff", **words), now=now)
    return attempt


def _all(start: datetime, figures: Dunning, zone: ZoneInfo) -> Sequence[Span]:
    return [span for spans in _periods(start.astimezone(zone).date(), figures, zone) for span in spans]


async def _booked(session: Session, unit_id: int, now: datetime) -> DunningAttempt | None:
    ahead = DunningAttempt.unit_id == unit_id, DunningAttempt.state == TASK, DunningAttempt.visit_until > now
    return (await session.scalars(select(DunningAttempt).where(*ahead).limit(1))).one_or_none()


async def agreed(session: Session, *, unit_id: int, now: datetime) -> Span | None:
    """Return the time that is agreed with a household, if there is one."""
    booked = await _booked(session, unit_id, now)
    return span_of(booked) if booked is not None else None


async def _task(session: Session, unit: Unit, now: datetime) -> DunningAttempt:
    """Return the household's open task, else a new one."""
    waits = DunningAttempt.unit_id == unit.id, DunningAttempt.state == TASK, DunningAttempt.list != "left"
    known = await session.scalar(select(DunningAttempt).where(*waits).order_by(DunningAttempt.id).limit(1))
    if known is not None:
        return known
    key = f"visit:{unit.id}:{now:%Y%m%d%H%M%S%f}"
    made = DunningAttempt(
        community_id=unit.community_id, unit_id=unit.id, key=key, list="fees", step="", way=VISIT, at=now, bills=[]
    )
    made.state = TASK
    session.add(made)
    return made


async def call_off(session: Session, actor: Actor, *, unit_id: int, now: datetime) -> bool:
    """Take an agreed time back and tell the other side; False when there is none."""
    unit = await promises.may_speak_for(session, actor, unit_id=unit_id)
    attempt = await _booked(session, unit.id, now)
    if attempt is None:
        return False
    words = await said(session, unit, attempt.staff_id, span_of(attempt) or Span(now, now))
    attempt.visit_from = attempt.visit_until = attempt.next_on = None
    if not attempt.step:
        attempt.state, attempt.done_at = "skipped", now
    await session.flush()
    await _tell(session, actor, attempt, T("visit.off", **words), T("visit.off_staff", **words), now=now)
    return True


def span_of(attempt: DunningAttempt) -> Span | None:
    """Return when an attempt's visit is, if it has one."""
    start, end = attempt.visit_from, attempt.visit_until
    return Span(start, end) if start is not None and end is not None else None


async def said(session: Session, unit: Unit, staff_id: int | None, span: Span) -> dict[str, str | T | Text | When]:
    """Return what a text says of a visit: where, with whom, from when until when."""
    name = await people.staff_name(session, staff_id)
    times = {"start": When(span.start, Style.WEEK), "end": window_end(span.start, span.end)}
    return {"unit": places.unit_label(unit), "name": name or "", **times}


async def _tell(
    session: Session, actor: Actor, attempt: DunningAttempt, text: T, to_staff: T, *, now: datetime
) -> None:
    """Tell who collects what somebody else did, and the household what an employee did."""
    key = f"{text.key}:{attempt.id}:{now:%Y%m%d%H%M%S}"
    staff = [attempt.staff_id] if attempt.staff_id else []
    if actor.staff is None or actor.staff.staff_id not in staff:
        rows = [[Choice(T("collect.open"), f"go:collect:{attempt.unit_id}")]]
        for staff_id, to in (await people.addresses_of_staff(session, staff)).items():
            await conversations.tell(
                session, to=to, key=f"{key}:s{staff_id}", text=to_staff, rows=rows, priority=Priority.WORK, now=now
            )
    if actor.staff is None:
        return
    rows = choices(attempt.unit_id) if attempt.visit_from else []
    payers = (await standing.payers(session, unit_ids=[attempt.unit_id])).get(attempt.unit_id, ())
    for person_id, to in (await people.addresses_of(session, [one.id for one in payers])).items():
        await conversations.tell(
            session,
            to=to,
            person_id=person_id,
            key=f"{key}:{person_id}",
            text=text,
            rows=rows,
            priority=Priority.WORK,
            now=now,
        )


def choices(unit_id: int) -> list[list[Choice]]:
    """Offer another time, or none."""
    return [[Choice(T("visit.other"), f"go:meet:{unit_id}"), Choice(T("visit.none"), f"go:meet:{unit_id} off")]]


async def ahead(session: Session, actor: Actor, *, now: datetime, most: int) -> Sequence[Visit]:
    """Return whom an employee meets from now on, the next first."""
    if actor.staff is None:
        return []
    rows = await session.execute(
        select(Unit, DunningAttempt.visit_from, DunningAttempt.visit_until)
        .join(Unit, Unit.id == DunningAttempt.unit_id)
        .where(
            DunningAttempt.community_id == actor.community_id,
            DunningAttempt.state == TASK,
            DunningAttempt.staff_id == actor.staff.staff_id,
            DunningAttempt.visit_until > now,
        )
        .order_by(DunningAttempt.visit_from)
        .limit(most)
    )
    return [Visit(unit, start, end) for unit, start, end in rows if start is not None and end is not None]
