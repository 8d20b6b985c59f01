"""The daily round: each step once, one message a day for all homes of a payer, nothing that is not true any more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from services import actors
from services.access import Deed
from services.actors import Tie
from services.db import Session
from services.dunning import collecting, pauses, promises, rounds, saying
from services.dunning.promises import Part
from services.models import (
    Bill,
    DataView,
    DunningAttempt,
    Occupancy,
    Person,
    Promise,
    Timer,
    Unit,
)
from services.money import ledger
from services.money.ledger import Money
from services.refusals import NotAllowed
from tests.support import accounts, estate
from tests.support.line import Line, Writer

DUE = date(2026, 4, 30)
WEEK_LATER = datetime(2026, 5, 7, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai


async def begun(line: Line, *, until: datetime) -> None:
    """Let the clock come to a moment, and the rounds begin there."""
    await line.advance(until - timedelta(minutes=5) - line.now)
    await line.schedule.dunning()


async def attempts(line: Line, room: str = "3-2-1502") -> Sequence[DunningAttempt]:
    async with line.db.reading() as session:
        unit = await accounts.unit_called(session, room)
        rows = select(DunningAttempt).where(DunningAttempt.unit_id == unit.id).order_by(DunningAttempt.id)
        return (await session.scalars(rows)).all()


async def pay(session: Session, line: Line, unit: Unit, cents: int, key: str = "t1") -> None:
    money = Money(cents=cents, way="transfer", source="import", key=key, paid_on=line.now.date())
    till = actors.system("till", Deed.TAKE_PAYMENT)
    await ledger.record(session, till, unit=unit, money=money, tell=False, now=line.now)


def said(line: Line, writer: Writer, words: str) -> int:
    return sum(words in shown.text for shown in line.screen(writer).messages)


async def test_a_round_that_runs_twice_says_it_once(line: Line) -> None:
    wang = await estate.linked(line, "王芳")
    await begun(line, until=WEEK_LATER)
    await line.advance(timedelta(minutes=10))
    for _ in range(2):
        async with line.db.transaction() as session:
            again = update(Timer).where(Timer.kind == rounds.ROUND, Timer.state == "done")
            await session.execute(again.values(state="waiting"))
        await line.advance(timedelta(minutes=1))
    assert said(line, wang, "还没收到") == 1
    assert [one.step for one in await attempts(line)] == ["week"]


async def test_every_unit_that_owes_is_reached_in_small_chunks(line: Line) -> None:
    async with line.db.transaction() as session:
        free = (await session.scalars(select(Unit).where(Unit.id.not_in(select(Bill.unit_id))).limit(30))).all()
        more = {"item": "物业费", "period": "2026", "cents": 100, "due_on": DUE, "as_of": line.now}
        session.add_all(Bill(community_id=unit.community_id, unit_id=unit.id, **more) for unit in free)
    await begun(line, until=WEEK_LATER)
    await line.advance(timedelta(minutes=10))
    async with line.db.reading() as session:
        owing = select(func.count(Bill.unit_id.distinct())).where(Bill.paid_cents < Bill.cents)
        tried = select(func.count(DunningAttempt.unit_id.distinct()))
        assert await session.scalar(owing) == await session.scalar(tried)
        assert (await session.scalar(owing) or 0) > 2 * rounds.CHUNK


async def test_all_homes_of_one_payer_take_turns_within_a_day(line: Line) -> None:
    wang = await estate.linked(line, "王芳")
    async with line.db.transaction() as session:
        person = (await session.scalars(select(Person).where(Person.name == "王芳"))).one()
        home = await accounts.unit_called(session, "3-2-1202")
        await session.execute(
            update(Occupancy)
            .where(Occupancy.unit_id == home.id, Occupancy.role == Tie.OWNER)
            .values(person_id=person.id)
        )
    await begun(line, until=WEEK_LATER)
    await line.advance(timedelta(minutes=10))
    assert said(line, wang, "还没收到") == 1
    await line.advance(timedelta(days=1))
    assert said(line, wang, "还没收到") == 2


async def test_money_that_lands_between_the_round_and_the_sending_stops_the_message(line: Line) -> None:
    wang = await estate.linked(line, "王芳")
    await begun(line, until=WEEK_LATER)
    line.pass_time(timedelta(minutes=6))
    await line.schedule.timers()  # the round has spoken, nothing has left
    async with line.db.transaction() as session:
        unit = await accounts.unit_called(session, "3-2-1502")
        await pay(session, line, unit, await promises.owed_by(session, unit_id=unit.id))
    await line.drain()
    assert said(line, wang, "还没收到") == 0
    assert [one.state for one in await attempts(line)] == ["skipped"]


async def test_a_message_that_would_leave_in_the_nap_gives_its_step_back(line: Line) -> None:
    wang = await estate.linked(line, "王芳")
    await begun(line, until=WEEK_LATER)
    line.pass_time(timedelta(minutes=6))
    await line.schedule.timers()
    line.pass_time(timedelta(hours=2, minutes=40))  # 12:41
    await line.drain()
    assert said(line, wang, "还没收到") == 0
    await line.advance(timedelta(days=1))
    assert said(line, wang, "还没收到") == 1
    assert [one.state for one in await attempts(line)] == ["skipped", "said"]


async def test_in_the_spring_festival_the_round_waits_for_the_eighth_day(line: Line) -> None:
    async with line.db.transaction() as session:
        await session.execute(update(Bill).values(due_on=date(2027, 2, 6)))
    await begun(line, until=datetime(2027, 2, 6, 2, 0, tzinfo=UTC))
    await line.advance(timedelta(days=5))
    assert not await attempts(line)
    async with line.db.reading() as session:
        waits = await session.scalar(select(Timer.due_at).where(Timer.kind == rounds.ROUND, Timer.state == "waiting"))
    assert waits == datetime(2027, 2, 13, 1, 0, tzinfo=UTC)


async def test_nobody_to_write_to_becomes_a_call_of_the_collector(line: Line) -> None:
    chen = await accounts.hired(line, "陈收费", actors.Role.COLLECTOR)
    await begun(line, until=WEEK_LATER)
    await line.advance(timedelta(minutes=10))
    found = await attempts(line, "3-2-1202")
    async with line.db.reading() as session:
        who = await estate.actor_of(session, line, chen)
        assert who.staff is not None
        assert [(one.way, one.state, one.staff_id) for one in found] == [("call", "task", who.staff.staff_id)]


async def test_a_promise_must_make_the_whole_and_lie_ahead_and_there_is_one(line: Line) -> None:
    wang = await estate.linked(line, "王芳")
    async with line.db.transaction() as session:
        actor = await estate.actor_of(session, line, wang)
        unit = await accounts.unit_called(session, "3-2-1502")
        owed, today = await promises.owed_by(session, unit_id=unit.id), line.now.date()

        async def promise(*parts: Part) -> Promise:
            policy = line.world.policies.defaults
            return await promises.make(session, actor, unit_id=unit.id, parts=parts, now=line.now, policy=policy)

        for wrong in (
            [Part(today, owed - 1)],
            [Part(today - timedelta(days=1), owed)],
            [Part(today + timedelta(days=31), owed)],
            [Part(today, 0), Part(today + timedelta(days=1), owed)],
            [Part(today, owed - 1), Part(today, 1)],
        ):
            with pytest.raises(promises.BadPromise):
                await promise(*wrong)
        await promise(Part(today, owed))
        assert await pauses.spared(session, homes=[unit.id], now=line.now) == {unit.id}
        with pytest.raises(promises.AlreadyPromised):
            await promise(Part(today, owed))
        other = await accounts.unit_called(session, "1-1-101")
        with pytest.raises(NotAllowed):
            await promises.may_speak_for(session, actor, unit_id=other.id)


async def test_who_collects_sees_only_his_units_and_each_look_is_written_down(line: Line) -> None:
    chen = await accounts.hired(line, "陈收费", actors.Role.COLLECTOR)
    yang = await estate.linked(line, "杨帆")
    async with line.db.transaction() as session:
        actor = await estate.actor_of(session, line, chen)
        own, other = [await accounts.unit_called(session, name) for name in ("3-2-1502", "1-1-101")]
        card = await collecting.card(session, actor, unit_id=own.id, now=line.now)
        assert card.phone.endswith("13800138000")
        assert await session.scalar(select(func.count()).select_from(DataView)) == 1
        with pytest.raises(collecting.NotYours):
            await collecting.card(session, actor, unit_id=other.id, now=line.now)
        later = DUE + timedelta(days=5)
        found = await collecting.today(session, actor, day=later, now=line.now)
        assert {one.unit.building for one in [*found.largest, *found.oldest]} == {"3"}
        owner = await estate.actor_of(session, line, yang)
        with pytest.raises(NotAllowed):
            await collecting.today(session, owner, day=later, now=line.now)


async def test_what_nobody_wrote_down_is_not_sent(line: Line) -> None:
    async with line.db.transaction() as session:
        gone = await saying.still_wanted(session, 4711, now=line.now, policies=line.world.policies)
        assert not gone


@pytest.mark.parametrize(
    ("room", "days_before", "holds"),
    [("3-2-1502", 100, True), ("3-2-1502", 130, False), ("1-1-101", 100, False), ("", 100, True)],
    ids=["this home and time", "before the period", "another home", "no home in particular"],
)
async def test_only_a_related_complaint_holds_reminders_up(
    line: Line, room: str, days_before: int, *, holds: bool
) -> None:
    wang = await estate.linked(line, "王芳")
    async with line.db.transaction() as session:
        home = await accounts.unit_called(session, "3-2-1502")
        ticket = await estate.filed(session, line, await estate.actor_of(session, line, wang))
        ticket.kind, ticket.unit_id = "complaint", (await accounts.unit_called(session, room)).id if room else None
        ticket.created_at = datetime(2026, 4, 30, 4, tzinfo=UTC) - timedelta(days=days_before)
        await session.execute(update(Bill).where(Bill.unit_id == home.id).values(from_on=None))
        await session.flush()
        assert (home.id in await pauses.spared(session, homes=[home.id], now=line.now)) == holds
