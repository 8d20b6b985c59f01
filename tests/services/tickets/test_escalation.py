"""When nothing happens: who hears, in which order, how often; in one process, in two, and after a long sleep."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select, update

from services import due
from services.db import Database, Session
from services.messages import Channel
from services.models import Address, Deadline, Duty, Escalation, Outgoing, Person, Staff, Ticket, Timer
from services.outbox import Priority
from services.tickets import deadlines, escalation
from services.tickets.rules import Action, State
from services.tickets.terms import Clock
from tests.support import estate, whole
from tests.support.line import START, Line, Writer

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SIX = START + 9 * HOUR  # 18:00, when somebody was to be there


@pytest.fixture
async def people(line: Line) -> dict[str, Writer]:
    """Give the owner, the engineers and those who lead a chat each."""
    names = ("王芳", "王师傅", "小李", "老赵", "孙经理")
    return {name: await estate.linked(line, name) for name in names}


@pytest.fixture
async def beside(line: Line, estate_url: str) -> AsyncIterator[Sequence[Database]]:
    """Return the databases of two replicas; SQLite serves one process."""
    other = line.db if line.db.is_sqlite else Database(estate_url, connections=4)
    yield [line.db, other]
    if other is not line.db:
        await other.dispose()


async def ticket_of(line: Line, people: dict[str, Writer], *, accepted: bool = True, emergency: bool = False) -> int:
    """File a repair, and let the engineer say yes to it."""
    async with line.db.transaction() as session:
        owner = await estate.actor_of(session, line, people["王芳"])
        ticket = await estate.filed(session, line, owner, emergency=emergency)
        if accepted:
            engineer = await estate.actor_of(session, line, people["王师傅"])
            await estate.act(session, line, engineer, Action.ACCEPT, ticket.id)
            await estate.act(session, line, engineer, Action.CALLED, ticket.id)
    await line.drain()
    return ticket.id


async def steps(line: Line, clock: Clock) -> list[str]:
    """Return the steps that were taken for a clock, in order."""
    async with line.db.reading() as session:
        taken = (
            select(Escalation.step)
            .join(Deadline, Deadline.id == Escalation.deadline_id)
            .where(Deadline.clock == clock)
            .order_by(Escalation.id)
        )
        return list((await session.scalars(taken)).all())


async def whole_still(line: Line, ticket_id: int) -> Ticket:
    async with line.db.transaction() as session:
        ticket = await session.get_one(Ticket, ticket_id)
        await whole.check(session, ticket)
        return ticket


async def tick(line: Line, db: Database) -> int:
    """Work one due timer, as a tick does; return how many there were."""

    async def work(session: Session) -> int:
        timer = await due.take(session, now=line.now)
        if timer is None:
            return 0
        await due.work(session, timer, now=line.now, policies=line.world.policies)
        return 1

    return await db.run(work)


async def off_duty(line: Line, *roles: str) -> None:
    """Send everybody of these roles home."""
    async with line.db.transaction() as session:
        staff = select(Staff.id).where(Staff.role.in_(roles))
        await session.execute(delete(Duty).where(Duty.staff_id.in_(staff)))


async def test_a_visit_that_is_late_goes_up_step_by_step_and_each_hears_once(
    line: Line, people: dict[str, Writer]
) -> None:
    ticket_id = await ticket_of(line, people)
    await line.advance(12 * HOUR)
    assert await steps(line, Clock.ARRIVE) == ["warn", "owner", "lead", "supervisor", "manager"]
    said = {name: sum("18:00" in shown.text for shown in line.screen(who).messages) for name, who in people.items()}
    assert said["老赵"] == 1  # whom the holder reports to is the supervisor: nobody hears it twice
    assert said["孙经理"] == 1
    await whole_still(line, ticket_id)


async def test_whoever_puts_it_off_in_time_is_watched_anew(line: Line, people: dict[str, Writer]) -> None:
    ticket_id = await ticket_of(line, people)
    await line.advance(8 * HOUR + 35 * MINUTE)
    async with line.db.transaction() as session:
        engineer = await estate.actor_of(session, line, people["王师傅"])
        await estate.act(session, line, engineer, Action.EXTEND, ticket_id, reason="parts", until=SIX + 2 * HOUR)
    await line.advance(2 * HOUR)
    assert await steps(line, Clock.ARRIVE) == ["warn", "warn"]
    assert (await whole_still(line, ticket_id)).promised_at == SIX + 2 * HOUR


async def test_each_step_happens_once_however_many_tick_at_once(
    line: Line, people: dict[str, Writer], beside: Sequence[Database]
) -> None:
    ticket_id = await ticket_of(line, people)
    for _ in range(12):
        line.pass_time(HOUR)
        for _ in range(3):
            await asyncio.gather(*(tick(line, db) for db in (*beside, *beside)))
        line.db.wake("outbox")  # what the other replica has to say
        await line.drain()
    assert await steps(line, Clock.ARRIVE) == ["lead", "supervisor", "manager"]  # warnings came too late to help
    async with line.db.reading() as session:
        keys = (await session.scalars(select(Outgoing.key).where(Outgoing.key.startswith("escalation:")))).all()
        assert len(keys) == len(set(keys))
    await whole_still(line, ticket_id)


async def test_looking_twice_at_once_takes_a_step_once(
    line: Line, people: dict[str, Writer], beside: Sequence[Database]
) -> None:
    ticket_id = await ticket_of(line, people)
    line.pass_time(9 * HOUR)
    policy = line.world.policies.defaults

    async def look(session: Session) -> None:
        await escalation.look(session, ticket_id=ticket_id, now=line.now, policy=policy)

    await asyncio.gather(*(db.run(look) for db in (*beside, *beside, *beside)))
    assert await steps(line, Clock.ARRIVE) == ["lead"]
    await whole_still(line, ticket_id)


async def test_after_three_days_of_sleep_there_is_one_step_and_the_next_half_an_hour_later(
    line: Line, people: dict[str, Writer]
) -> None:
    ticket_id = await ticket_of(line, people)
    line.pass_time(timedelta(days=3))
    await line.schedule.timers()
    assert await steps(line, Clock.ARRIVE) == ["lead"]
    await line.drain()
    await line.advance(29 * MINUTE)
    assert await steps(line, Clock.ARRIVE) == ["lead"]
    await line.advance(2 * MINUTE)
    assert await steps(line, Clock.ARRIVE) == ["lead", "supervisor", "manager"]  # the supervisor was the lead
    await whole_still(line, ticket_id)


async def test_the_time_of_a_step_begins_when_the_message_before_it_has_left(
    line: Line, people: dict[str, Writer]
) -> None:
    await ticket_of(line, people)
    line.pass_time(9 * HOUR)
    for _ in range(3):  # nothing is delivered
        await line.schedule.timers()
        line.pass_time(40 * MINUTE)
    assert await steps(line, Clock.ARRIVE) == ["lead"]
    await line.drain()
    await line.advance(MINUTE)
    assert await steps(line, Clock.ARRIVE) == ["lead", "supervisor", "manager"]


async def test_a_warning_that_never_left_holds_nobody_up(line: Line, people: dict[str, Writer]) -> None:
    await ticket_of(line, people)
    line.pass_time(8.5 * HOUR)
    await line.schedule.timers()
    line.pass_time(HOUR)
    await line.schedule.timers()
    assert await steps(line, Clock.ARRIVE) == ["warn", "lead"]


async def test_with_nobody_on_duty_the_next_tier_hears_at_once(line: Line, people: dict[str, Writer]) -> None:
    await ticket_of(line, people)
    await off_duty(line, "supervisor", "manager")
    await line.advance(9 * HOUR + MINUTE)
    assert await steps(line, Clock.ARRIVE) == ["warn", "owner", "lead", "supervisor", "manager"]
    assert any("18:00" in shown.text for shown in line.screen(people["孙经理"]).messages)


async def test_what_nobody_says_yes_to_goes_back_to_the_pool_and_the_supervisor_can_act_with_one_tap(
    line: Line, people: dict[str, Writer]
) -> None:
    ticket_id = await ticket_of(line, people, accepted=False)
    await line.advance(31 * MINUTE)
    ticket = await whole_still(line, ticket_id)
    assert (ticket.state, ticket.holder_id) == (State.OPEN, None)
    told = line.screen(people["老赵"]).messages[-1]
    assert ticket.number in told.text
    assert "王师傅" in told.text
    labels = [button.label for row in told.rows for button in row]
    assert "我来" in labels
    assert any(label.startswith("派") for label in labels)
    await line.advance(30 * MINUTE)
    assert await steps(line, Clock.ACCEPT) == ["supervisor", "manager"]


async def test_whoever_leads_may_wait_for_a_yes(line: Line, people: dict[str, Writer]) -> None:
    ticket_id = await ticket_of(line, people, accepted=False)
    await line.advance(31 * MINUTE)
    async with line.db.transaction() as session:
        supervisor = await estate.actor_of(session, line, people["老赵"])
        until = line.now + 2 * HOUR
        await estate.act(session, line, supervisor, Action.EXTEND, ticket_id, reason="parts", until=until)
    await line.advance(1.9 * HOUR)
    assert await steps(line, Clock.ACCEPT) == ["supervisor"]
    await line.advance(0.2 * HOUR)
    assert await steps(line, Clock.ACCEPT) == ["supervisor", "supervisor"]
    await whole_still(line, ticket_id)


async def test_who_was_given_it_can_not_put_off_his_yes(line: Line, people: dict[str, Writer]) -> None:
    ticket_id = await ticket_of(line, people, accepted=False)
    async with line.db.transaction() as session:
        engineer = await estate.actor_of(session, line, people["王师傅"])
        until = line.now + 2 * HOUR
        await estate.act(session, line, engineer, Action.EXTEND, ticket_id, reason="parts", until=until)
    await line.advance(31 * MINUTE)
    assert await steps(line, Clock.ACCEPT) == ["supervisor"]
    assert (await whole_still(line, ticket_id)).state == State.OPEN


async def test_what_nobody_says_yes_to_goes_back_to_the_pool_even_when_nobody_leads(
    line: Line, people: dict[str, Writer]
) -> None:
    async with line.db.transaction() as session:
        await session.execute(update(Staff).where(Staff.role.in_(("supervisor", "manager"))).values(active=False))
    ticket_id = await ticket_of(line, people, accepted=False)
    await line.advance(31 * MINUTE)
    ticket = await whole_still(line, ticket_id)
    assert (ticket.state, ticket.holder_id) == (State.OPEN, None)


async def test_nobody_who_leads_is_woken_for_an_ordinary_repair(line: Line, people: dict[str, Writer]) -> None:
    line.pass_time(11.5 * HOUR)  # 20:30
    await ticket_of(line, people, accepted=False)
    line.pass_time(HOUR)
    await line.advance(timedelta())
    assert await steps(line, Clock.ACCEPT) == []
    await line.advance(11 * HOUR)
    assert await steps(line, Clock.ACCEPT) == ["supervisor"]


async def test_a_ticket_of_before_there_were_clocks_is_taken_up_by_its_old_timer(
    line: Line, people: dict[str, Writer]
) -> None:
    ticket_id = await ticket_of(line, people, accepted=False)
    async with line.db.transaction() as session:
        await session.execute(delete(Deadline))
        await session.execute(update(Timer).where(Timer.kind == deadlines.TIMER).values(kind="ticket.unaccepted"))
        await session.execute(update(Timer).values(key=f"ticket:{ticket_id}:unaccepted:0"))
    await line.advance(31 * MINUTE)
    ticket = await whole_still(line, ticket_id)
    assert ticket.due_at is not None
    await line.advance(31 * MINUTE)
    assert await steps(line, Clock.ACCEPT) == ["supervisor"]


async def test_a_rest_ends_by_itself_and_the_holder_hears_it(line: Line, people: dict[str, Writer]) -> None:
    ticket_id = await ticket_of(line, people)
    async with line.db.transaction() as session:
        engineer = await estate.actor_of(session, line, people["王师傅"])
        await estate.act(session, line, engineer, Action.PAUSE, ticket_id, reason="parts", until=START + 24 * HOUR)
    await line.advance(23 * HOUR)
    assert (await whole_still(line, ticket_id)).state == State.PAUSED
    assert await steps(line, Clock.ARRIVE) == []
    await line.advance(1.1 * HOUR)
    ticket = await whole_still(line, ticket_id)
    assert ticket.state == State.WORKING
    assert any(ticket.number in shown.text for shown in line.screen(people["王师傅"]).messages[-2:])


async def paged(line: Line) -> dict[str, list[str]]:
    """Return on which channels who was paged, by name."""
    async with line.db.reading() as session:
        rows = await session.execute(
            select(Person.name, Address.channel)
            .select_from(Outgoing)
            .join(Address, Address.id == Outgoing.address_id)
            .join(Person, Person.id == Address.person_id)
            .where(Outgoing.key.startswith("page:"), Outgoing.priority == Priority.ALARM)
            .order_by(Outgoing.id)
        )
        found: dict[str, list[str]] = {}
        for name, channel in rows.all():
            found.setdefault(name, []).append(channel)
        return found


async def test_an_emergency_pages_everybody_on_every_way_and_one_tier_more_every_three_minutes(
    line: Line, people: dict[str, Writer]
) -> None:
    line.pass_time(18 * HOUR)  # 3 o'clock at night
    ticket_id = await ticket_of(line, people, accepted=False, emergency=True)
    await line.advance(MINUTE)
    first = await paged(line)
    assert set(first["王师傅"]) == {Channel.TELEGRAM, Channel.SMS}  # a number that never wrote to us
    assert {"刘师傅", "陈师傅"} <= set(first)
    assert "老赵" not in first
    await line.advance(3 * MINUTE)
    second = await paged(line)
    assert "老赵" in second
    assert "孙经理" not in second
    await line.advance(12 * MINUTE)
    last = await paged(line)
    assert last["孙经理"].count(Channel.TELEGRAM) == 4
    assert await steps(line, Clock.ACCEPT) == [f"page:{number}" for number in range(6)]
    async with line.db.transaction() as session:
        engineer = await estate.actor_of(session, line, people["王师傅"])
        taking = Action.ACCEPT if (await session.get_one(Ticket, ticket_id)).holder_id else Action.GRAB
        await estate.act(session, line, engineer, taking, ticket_id)
    await line.advance(HOUR / 4)
    assert len(await steps(line, Clock.ACCEPT)) == 6
    await whole_still(line, ticket_id)


async def test_who_assigns_an_emergency_by_hand_wakes_nobody_else_at_once_and_the_tiers_go_on(
    line: Line, people: dict[str, Writer]
) -> None:
    ticket_id = await ticket_of(line, people, accepted=False, emergency=True)
    await line.advance(2 * MINUTE)
    async with line.db.transaction() as session:
        supervisor = await estate.actor_of(session, line, people["老赵"])
        other = await session.scalar(select(Staff.id).where(Staff.badge == "31"))
        await estate.act(session, line, supervisor, Action.ASSIGN, ticket_id, to=other)
    await line.advance(2 * MINUTE)
    assert await steps(line, Clock.ACCEPT) == ["page:0"]
    await line.advance(MINUTE)
    assert await steps(line, Clock.ACCEPT) == ["page:0", "page:1"]
    assert "老赵" in await paged(line)
    await whole_still(line, ticket_id)


async def test_an_emergency_with_no_hands_on_duty_pages_the_supervisor_at_once(
    line: Line, people: dict[str, Writer]
) -> None:
    await off_duty(line, "engineer", "security")
    await ticket_of(line, people, accepted=False, emergency=True)
    await line.advance(MINUTE)
    assert "老赵" in await paged(line)


async def test_no_timer_spins(line: Line, people: dict[str, Writer]) -> None:
    await ticket_of(line, people)
    await ticket_of(line, people, accepted=False)
    for _ in range(10):
        line.pass_time(3 * HOUR)
        await line.schedule.timers()  # nothing is ever delivered
        async with line.db.reading() as session:
            behind = select(func.count()).where(Timer.state == "waiting", Timer.due_at <= line.now)
            assert await session.scalar(behind) == 0
