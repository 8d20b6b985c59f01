"""What actions do to a ticket's clocks: met by people only, started anew, put off, rested."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select

from services import actors
from services.actors import Actor
from services.catalog import Kind
from services.db import Session
from services.models import Deadline, Ticket, Timer
from services.tickets import deadlines, engine, escalation, merging
from services.tickets.history import Said
from services.tickets.rules import Action, State
from services.tickets.terms import Clock
from tests.support import estate, whole
from tests.support.line import START, Line

HOUR = timedelta(hours=1)
DUE = START + 9 * HOUR  # today at 18:00, as START is 9:00


class Bench:
    """One ticket on a bench, and who works on it."""

    def __init__(self, session: Session, line: Line, owner: Actor, engineer: Actor, lead: Actor) -> None:
        self.session, self.line = session, line
        self.owner, self.engineer, self.lead = owner, engineer, lead
        self.ticket = Ticket()

    async def file(self, **more: Any) -> Ticket:
        """File a ticket."""
        self.ticket = await estate.filed(self.session, self.line, self.owner, **more)
        return self.ticket

    async def act(self, who: Actor, action: Action, *, words: str = "", media: int = 0, **codes: Any) -> None:
        """Do something to the ticket, and see that it is whole."""
        said = Said(words, (1,) * media)
        policy = self.line.world.policies.defaults
        await engine.act(
            self.session, who, action, ticket=self.ticket, now=self.line.now, policy=policy, said=said, codes=codes
        )
        await whole.check(self.session, self.ticket)

    async def clocks(self) -> dict[str, datetime]:
        """Return what runs and until when."""
        rows = await self.rows()
        return {row.clock: row.due_at for row in rows if row.ended_at is None}

    async def rows(self) -> list[Deadline]:
        """Return all deadlines there were, oldest first."""
        statement = select(Deadline).where(Deadline.ticket_id == self.ticket.id).order_by(Deadline.id)
        return list((await self.session.scalars(statement)).all())

    async def ended(self, clock: Clock) -> list[str]:
        """Return how a clock ended, each time it did."""
        return [row.how for row in await self.rows() if row.clock == clock and row.ended_at is not None]


@pytest.fixture
async def bench(line: Line) -> AsyncIterator[Bench]:
    """Return a bench with a repair in the hands of an engineer who has not said yes."""
    async with line.db.transaction() as session:
        names = ("王芳", "王师傅", "老赵")
        people = [await estate.actor_of(session, line, await estate.web_of(session, name)) for name in names]
        made = Bench(session, line, *people)
        await made.file()
        yield made


async def test_a_new_repair_owes_a_yes_a_call_a_visit_and_the_repair(bench: Bench) -> None:
    clocks = await bench.clocks()
    assert clocks == {
        Clock.ACCEPT: START + HOUR / 2,
        Clock.ANSWER: START + 2 * HOUR,
        Clock.ARRIVE: DUE,
        Clock.RESOLVE: clocks[Clock.RESOLVE],
    }
    ticket = bench.ticket
    assert (ticket.due_at, ticket.answer_by, ticket.promised_at) == (START + HOUR / 2, START + 2 * HOUR, DUE)
    await whole.check(bench.session, ticket)


async def test_each_step_of_a_job_meets_its_clock_and_none_runs_when_it_is_done(bench: Bench) -> None:
    await bench.act(bench.engineer, Action.ACCEPT)
    assert set(await bench.clocks()) == {Clock.ANSWER, Clock.ARRIVE, Clock.RESOLVE}
    await bench.act(bench.engineer, Action.CALLED)
    assert set(await bench.clocks()) == {Clock.ARRIVE, Clock.RESOLVE}
    await bench.act(bench.engineer, Action.ARRIVED)
    assert set(await bench.clocks()) == {Clock.RESOLVE}
    await bench.act(bench.engineer, Action.DONE, words="换了")
    assert await bench.clocks() == {}
    assert {row.how for row in await bench.rows()} == {"met"}
    assert {row.staff_id for row in await bench.rows()} == {bench.ticket.holder_id}


async def test_what_the_system_says_is_no_answer(bench: Bench) -> None:
    system = actors.system("tests", house=bench.owner.house)
    await bench.act(system, Action.HAND_ON, to=bench.ticket.holder_id)
    await bench.act(bench.owner, Action.NOTE, words="还有水管")
    assert Clock.ANSWER in await bench.clocks()
    assert await bench.ended(Clock.ANSWER) == []


async def test_the_owners_word_waits_for_a_persons_once_however_often_he_writes(bench: Bench) -> None:
    await bench.act(bench.engineer, Action.ACCEPT)
    await bench.act(bench.engineer, Action.CALLED)
    for words in ("在吗", "什么时候来"):
        await bench.act(bench.owner, Action.NOTE, words=words)
    assert (await bench.clocks())[Clock.NEXT] == START + 2 * HOUR
    await bench.act(bench.lead, Action.TELL, words="马上")
    assert await bench.ended(Clock.NEXT) == ["met"]
    await bench.act(bench.owner, Action.URGE)
    assert [row.count for row in await bench.rows() if row.clock == Clock.NEXT] == [1, 2]


async def test_an_owner_who_writes_while_the_first_answer_is_owed_starts_no_second_clock(bench: Bench) -> None:
    await bench.act(bench.owner, Action.NOTE, words="快点")
    assert Clock.NEXT not in await bench.clocks()


async def test_work_that_changes_hands_owes_a_new_yes(bench: Bench) -> None:
    await bench.act(bench.engineer, Action.ACCEPT)
    bench.line.pass_time(HOUR)
    await bench.act(bench.engineer, Action.HAND_ON, to=bench.ticket.holder_id)
    assert (await bench.clocks())[Clock.ACCEPT] == START + 1.5 * HOUR
    await bench.act(bench.engineer, Action.GIVE_BACK, reason="skill")
    assert [row.how for row in await bench.rows() if row.clock == Clock.ACCEPT] == ["met", "dropped", ""]


async def test_the_system_taking_it_back_leaves_the_clock_of_the_yes_as_it_runs(bench: Bench) -> None:
    system = actors.system("tests", house=bench.owner.house)
    bench.line.pass_time(HOUR)
    await bench.act(system, Action.GIVE_BACK, reason="unaccepted")
    assert (await bench.clocks())[Clock.ACCEPT] == START + HOUR / 2


async def test_a_holder_who_is_late_puts_off_the_visit_and_it_is_counted(bench: Bench) -> None:
    await bench.act(bench.engineer, Action.ACCEPT)
    await bench.act(bench.engineer, Action.EXTEND, reason="parts", until=DUE + HOUR)
    (arrive,) = [row for row in await bench.rows() if row.clock == Clock.ARRIVE]
    assert (arrive.first_due_at, arrive.due_at, arrive.moves) == (DUE, DUE + HOUR, 1)
    assert bench.ticket.promised_at == DUE + HOUR
    assert await bench.ended(Clock.ANSWER) == ["met"]


async def test_a_time_that_the_owner_picks_is_a_new_promise_and_one_of_ours_puts_the_old_one_off(bench: Bench) -> None:
    await bench.act(bench.owner, Action.RESCHEDULE, start=DUE, end=DUE + HOUR)
    assert await bench.ended(Clock.ARRIVE) == ["dropped"]
    await bench.act(bench.lead, Action.RESCHEDULE, start=DUE + HOUR, end=DUE + 2 * HOUR)
    arrivals = [(row.count, row.due_at, row.moves) for row in await bench.rows() if row.clock == Clock.ARRIVE]
    assert arrivals == [(1, DUE, 0), (2, DUE + 2 * HOUR, 1)]


async def test_a_rest_puts_off_what_is_counted_and_renews_a_visit_whose_time_went_by(bench: Bench) -> None:
    await bench.act(bench.engineer, Action.ACCEPT)
    before = await bench.clocks()
    await bench.act(bench.engineer, Action.PAUSE, reason="parts", until=START + 24 * HOUR)
    assert (bench.ticket.due_at, bench.ticket.paused_until) == (None, START + 24 * HOUR)
    bench.line.pass_time(24 * HOUR)
    await escalation.look(
        bench.session, ticket_id=bench.ticket.id, now=bench.line.now, policy=bench.line.world.policies.defaults
    )
    await whole.check(bench.session, bench.ticket)
    after = await bench.clocks()
    assert bench.ticket.state == State.WORKING
    assert after[Clock.RESOLVE] == before[Clock.RESOLVE] + 24 * HOUR
    assert after[Clock.ARRIVE] == DUE + 24 * HOUR


async def test_a_complaint_that_is_to_be_settled_today_keeps_its_evening_after_a_rest(bench: Bench) -> None:
    await bench.file(kind=Kind.COMPLAINT, matter="态度差", confidential=True)
    before = (await bench.clocks())[Clock.RESOLVE]
    assert before == START + 12 * HOUR  # the desk closes at 21:00
    await bench.act(bench.lead, Action.GRAB)
    await bench.act(bench.lead, Action.PAUSE, reason="department", until=START + 5 * HOUR)
    bench.line.pass_time(HOUR)
    await bench.act(bench.lead, Action.RESUME)
    assert (await bench.clocks())[Clock.RESOLVE] > before


async def test_nobody_at_home_meets_the_visit_and_a_new_time_is_a_new_one(bench: Bench) -> None:
    await bench.act(bench.engineer, Action.ACCEPT)
    await bench.act(bench.engineer, Action.NO_ACCESS, media=1, until=START + 30 * HOUR)
    assert await bench.ended(Clock.ARRIVE) == ["met"]
    await bench.act(bench.owner, Action.RESCHEDULE, start=DUE, end=DUE + HOUR)
    assert (bench.ticket.state, bench.ticket.promised_at) == (State.WORKING, DUE + HOUR)
    assert (await bench.clocks())[Clock.ARRIVE] == DUE + HOUR


@pytest.mark.parametrize("action", [Action.OWNER_RETURNS, Action.REOPEN])
async def test_what_comes_back_owes_a_visit_the_repair_and_a_word_or_a_yes(bench: Bench, action: Action) -> None:
    await bench.act(bench.engineer, Action.ACCEPT)
    await bench.act(bench.engineer, Action.ARRIVED)
    await bench.act(bench.engineer, Action.DONE, words="换了")
    await bench.act(bench.owner, Action.OWNER_ACCEPTS)
    bench.line.pass_time(24 * HOUR)
    returns = action is Action.OWNER_RETURNS
    await bench.act(bench.owner if returns else bench.lead, action, words="又漏了")
    clocks = await bench.clocks()
    assert set(clocks) == {Clock.ARRIVE, Clock.RESOLVE, Clock.NEXT if returns else Clock.ACCEPT}
    assert bench.ticket.promised_at == clocks[Clock.ARRIVE] == DUE + 24 * HOUR
    assert (bench.ticket.arrived_at, bench.ticket.done_at) == (None, None)


@pytest.mark.parametrize("action", [Action.CANCEL, Action.MERGE])
async def test_what_is_over_waits_for_nothing(bench: Bench, action: Action) -> None:
    if action is Action.MERGE:
        root, policy = bench.ticket, bench.line.world.policies.defaults
        await bench.file(matter="同一件")
        asked = {"ticket_id": bench.ticket.id, "into_id": root.id}
        await merging.merge(bench.session, bench.lead, **asked, now=bench.line.now, policy=policy)
    else:
        await bench.act(bench.lead, action)
    assert await bench.clocks() == {}
    assert {row.how for row in await bench.rows()} == {"dropped"}
    waiting = select(Timer.id).where(
        Timer.subject_id == bench.ticket.id, Timer.kind == deadlines.TIMER, Timer.state == "waiting"
    )
    assert await bench.session.scalar(waiting) is None


async def test_a_ticket_of_before_there_were_clocks_gets_one_when_it_is_handed_on(bench: Bench) -> None:
    await bench.act(bench.engineer, Action.ACCEPT)
    await bench.session.execute(delete(Deadline))
    bench.session.expire_all()
    await bench.session.refresh(bench.ticket)
    await bench.act(bench.engineer, Action.HAND_ON, to=bench.ticket.holder_id)
    assert await bench.clocks() == {Clock.ACCEPT: START + HOUR / 2}
