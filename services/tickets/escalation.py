"""When somebody must look at a ticket: a rest is over, a deadline draws near or has passed. Each step happens once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, update

from services import actors, conversations, houses, outbox, people
from services.actors import House, Role
from services.calendars import Days, calendars
from services.db import Session, insert_once
from services.messages import Choice, T, Text, When, plain
from services.models import Deadline, Escalation, Staff, Ticket
from services.settings import Policy
from services.tickets import apart, deadlines, dispatch, engine, finding, ladder, news, paging
from services.tickets.deadlines import Running
from services.tickets.dispatch import Need
from services.tickets.ladder import Step
from services.tickets.rules import NOT_YET, OVER, Action, State
from services.tickets.telling import tap
from services.tickets.terms import Clock, Term

CLOCKWORK = "clockwork"
UNACCEPTED = "unaccepted"
MOST_OFFERED = 2


async def look(session: Session, *, ticket_id: int, now: datetime, policy: Policy) -> None:
    """Do what is due on a ticket: end its rest, take the steps of its deadlines, set its timer anew."""
    ticket = await finding.locked(session, ticket_id=ticket_id)
    if ticket is None or ticket.state in OVER:
        return
    house = await houses.by_id(session, community_id=ticket.community_id)
    if ticket.state == State.PAUSED:
        await _end_rest(session, ticket, house, now=now, policy=policy)
        return
    running = await _running(session, ticket, house, now=now, policy=policy)
    if not running.rows and ticket.state in NOT_YET:
        await _adopt(session, ticket, house, now=now, policy=policy)
        running = await _running(session, ticket, house, now=now, policy=policy)
    for row in list(running.rows):
        if row.ended_at is None and row.next_at is not None and row.next_at <= now:
            await _step(running, row, house, policy)
    await (await _running(session, ticket, house, now=now, policy=policy)).settle()


async def _running(session: Session, ticket: Ticket, house: House, *, now: datetime, policy: Policy) -> Running:
    known = calendars(policy, house.zone)
    return await deadlines.load(session, ticket, now=now, figures=policy.deadlines, calendars=known)


async def _end_rest(session: Session, ticket: Ticket, house: House, *, now: datetime, policy: Policy) -> None:
    if ticket.paused_until is None or ticket.paused_until > now:
        return
    clockwork = actors.system(CLOCKWORK, Action.RESUME, house=house)
    await engine.act(session, clockwork, Action.RESUME, ticket=ticket, now=now, policy=policy)


async def _adopt(session: Session, ticket: Ticket, house: House, *, now: datetime, policy: Policy) -> None:
    """A ticket of before this program had clocks gets the one it waits for."""
    known = await session.scalar(select(Deadline.id).where(Deadline.ticket_id == ticket.id).limit(1))
    if known is None:
        owed = {Clock.ACCEPT: Term(days=Days.DESK, minutes=policy.deadlines.accept_minutes)}
        calendar = calendars(policy, house.zone)
        await deadlines.begin(session, ticket, owed, now=now, figures=policy.deadlines, calendars=calendar)


async def page_now(session: Session, *, ticket: Ticket, house: House, now: datetime, policy: Policy) -> None:
    """Page for a new emergency at once; its deadline pages on when it has passed."""
    running = await _running(session, ticket, house, now=now, policy=policy)
    row = running.of(Clock.ACCEPT)
    if row is not None:
        await _tell(running, row, Step.PAGE, house, policy)
        await running.settle()


async def _step(running: Running, row: Deadline, house: House, policy: Policy) -> None:
    """Take the next step of a deadline; where nobody can be told, the one after it at once."""
    if await _message_waits(running, row):
        return
    nobody = False
    while (following := running.following(row)) is not None:
        step, at = following
        if at > running.now and not nobody:
            return
        told = await _tell(running, row, step, house, policy)
        if told is None:
            return
        nobody = not told
        if told or step in ladder.BEFORE or step is Step.PAGE:
            return


async def _message_waits(running: Running, row: Deadline) -> bool:
    """Whether the step before has not reached anybody yet: its time begins when its message has left or failed."""
    taken = running.taken(row)
    last = taken[-1].step if taken else None
    if last is None or last in ladder.BEFORE or last is Step.PAGE:  # a warning holds nobody up, nor does a page
        return False
    if not await outbox.waits(running.session, key_prefix=f"escalation:{row.id}:{last}:{row.moves}:"):
        return False
    await running.session.execute(
        update(Escalation)
        .where(Escalation.deadline_id == row.id, Escalation.due_at == row.due_at, Escalation.step == str(last))
        .values(at=running.now)
        .execution_options(synchronize_session=False)
    )
    running.begin_again(row)
    return True


async def _tell(running: Running, row: Deadline, step: Step, house: House, policy: Policy) -> Sequence[int] | None:
    """Note the step and tell whoever hears; None when it was taken before."""
    session, ticket = running.session, running.ticket
    number = await _pages(session, ticket) if step is Step.PAGE else 0
    kept = {
        "community_id": ticket.community_id,
        "ticket_id": ticket.id,
        "deadline_id": row.id,
        "step": f"{step}:{number}" if step is Step.PAGE else str(step),
        "due_at": row.due_at,
        "at": running.now,
        "told": [],
    }
    noted = (await insert_once(session, Escalation, kept, Escalation.id)).scalar_one_or_none()
    if noted is None:
        return None
    running.take(row, step)
    if step is Step.PAGE:
        told = await _page(running, row, house, number=number)
    elif step is Step.OWNER:
        told = await _tell_owner(running, row)
    else:
        told = await _tell_staff(running, row, step, house, policy)
    escalation = await session.get(Escalation, noted)
    if escalation is not None:
        escalation.told = list(told)
    return told


async def _pages(session: Session, ticket: Ticket) -> int:
    """Return how often a ticket was paged for, whoever had it meanwhile."""
    pages = select(func.count()).where(Escalation.ticket_id == ticket.id, Escalation.step.startswith(Step.PAGE))
    return await session.scalar(pages) or 0


async def _page(running: Running, row: Deadline, house: House, *, number: int) -> Sequence[int]:
    ticket = running.ticket
    found = await paging.whom(running.session, house=house, tier=number, now=running.now)
    text = T(
        "staff.alarm" if number == 0 else "staff.alarm_again",
        place=plain(ticket.place),
        words=ticket.matter,
        number=ticket.number,
        phone=ticket.requester_phone,
        count=number + 1,
    )
    go = [[Choice(T("do.go"), f"t:accept:{ticket.id}")]]
    key = f"page:{ticket.id}:{row.id}.{number}"
    await paging.page(running.session, found, house=house, key=key, text=text, rows=go, now=running.now)
    return [one.staff_id for one in found]


async def _tell_owner(running: Running, row: Deadline) -> Sequence[int]:
    ticket, by = running.ticket, When(row.due_at)
    text = T("news.late_soon" if row.clock == Clock.ARRIVE else "news.answer_late_soon", number=ticket.number, by=by)
    rows = [[tap(ticket, "reschedule"), tap(ticket, "cancel")]] if row.clock == Clock.ARRIVE else ()
    await news.to_owner(running.session, ticket, text, rows=rows, now=running.now, tag=f":late{row.id}.{row.moves}")
    return []


async def _tell_staff(running: Running, row: Deadline, step: Step, house: House, policy: Policy) -> Sequence[int]:
    session, ticket, now = running.session, running.ticket, running.now
    name = await people.staff_name(session, ticket.holder_id)
    told = await _who(running, row, step)
    if row.clock == Clock.ACCEPT and ticket.state == State.ASSIGNED:
        clockwork = actors.system(CLOCKWORK, Action.GIVE_BACK, house=house)
        codes = {"reason": UNACCEPTED}
        await engine.act(session, clockwork, Action.GIVE_BACK, ticket=ticket, now=now, policy=policy, codes=codes)
    if not told:
        return []
    text = _words(ticket, row, step, name)
    rows = _of_holder(ticket, row) if step is Step.WARN else await _of_lead(running, told)
    key = f"escalation:{row.id}:{step}:{row.moves}"
    for staff_id, to in (await news.reach(session, told)).items():
        priority = news.priority_of(ticket)
        await conversations.tell(
            session, to=to, key=f"{key}:{staff_id}", text=text, rows=rows, priority=priority, now=now
        )
    return told


async def _who(running: Running, row: Deadline, step: Step) -> Sequence[int]:
    """Return who hears of a step, on duty; the top of the ladder always hears."""
    session, ticket = running.session, running.ticket
    if step is Step.WARN:
        return (
            [ticket.holder_id] if ticket.holder_id is not None else await news.front(session, ticket, now=running.now)
        )
    leads = await dispatch.leads_of(session, ticket, now=running.now)
    if step is Step.LEAD:
        above = await session.scalar(select(Staff.reports_to).where(Staff.id == ticket.holder_id))
        return [one.staff_id for one in leads if one.staff_id == above and one.on_duty]
    role = Role.SUPERVISOR if step is Step.SUPERVISOR else Role.MANAGER
    heard = {ticket.holder_id, *await _heard(session, row)}
    found = [one for one in leads if role in one.skills and one.staff_id not in heard]
    on_duty = [one.staff_id for one in found if one.on_duty]
    return on_duty if on_duty or step is Step.SUPERVISOR else [one.staff_id for one in found]


async def _heard(session: Session, row: Deadline) -> set[int]:
    """Return who was told already that the deadline has passed: nobody hears it twice."""
    rows = await session.execute(
        select(Escalation.step, Escalation.told).where(
            Escalation.deadline_id == row.id, Escalation.due_at == row.due_at
        )
    )
    return {staff_id for step, told in rows.all() if step not in ladder.BEFORE for staff_id in told}


def _words(ticket: Ticket, row: Deadline, step: Step, name: T | None) -> Text:
    place, by = plain(ticket.place), When(row.due_at)
    if row.clock == Clock.ACCEPT:
        return T(
            "staff.unaccepted" if name else "staff.undispatched",
            number=ticket.number,
            place=place,
            matter=ticket.matter,
            name=name,
            since=When(ticket.created_at),
        )
    if step is Step.WARN:
        return T(f"staff.warn.{row.clock}", number=ticket.number, place=place, matter=ticket.matter, by=by)
    who = name or T("word.nobody")
    return T(f"staff.overdue.{row.clock}", number=ticket.number, place=place, matter=ticket.matter, by=by, name=who)


def _of_holder(ticket: Ticket, row: Deadline) -> Sequence[Sequence[Choice]]:
    first = "on_the_way" if row.clock == Clock.ARRIVE else "called" if row.clock != Clock.RESOLVE else "view"
    return [[tap(ticket, first), tap(ticket, "extend")]]


async def _of_lead(running: Running, told: Sequence[int]) -> Sequence[Sequence[Choice]]:
    """Offer whoever leads to send somebody, to give more time, to take it, to talk to the owner first."""
    ticket = running.ticket
    team = ticket.team if ticket.team != "desk" or ticket.promised_at is None else "engineering"
    others = await dispatch.candidates(
        running.session, community_id=ticket.community_id, team=team, now=running.now, about=apart.about(ticket)
    )
    offered = [
        one
        for one in dispatch.ranked(others, Need(""))
        if one.on_duty and one.staff_id not in {ticket.holder_id, *told}
    ]
    send = [
        Choice(T("do.send", name=one.name, count=one.open_work), f"t:send:{ticket.id}:{one.staff_id}")
        for one in offered[:MOST_OFFERED]
    ]
    own = [Choice(T("do.more_time"), f"t:extend:{ticket.id}"), tap(ticket, "take"), tap(ticket, "talk")]
    return [send, own] if send else [own]
