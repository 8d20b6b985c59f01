"""Random actions by random people: whatever they do, a ticket stays whole."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from services import actors
from services.actors import Actor
from services.catalog import Kind
from services.db import Session
from services.models import Deadline, History, NumberView, Prompt, Staff, Survey, Ticket, Timer
from services.pricing import Line as Item
from services.refusals import Refused
from services.tickets import deadlines, engine, escalation, finding, history, merging, passing, quotes
from services.tickets.history import Said
from services.tickets.rules import OVER, TABLE, Action, Standing, State, standings
from services.tickets.terms import Clock
from tests.support import estate, whole
from tests.support.line import Line

NAMES = ("王芳", "赵敏", "王师傅", "陈师傅", "小李", "老赵", "孙经理")
OWNER, NEIGHBOUR, ENGINEER, OTHER, DESK, SUPERVISOR, MANAGER, SYSTEM = range(8)
STEPS = 80
ENDS = {Action.OWNER_ACCEPTS, Action.CLOSE, Action.CANCEL, Action.MERGE, Action.FOUND_RIGHT}
PICTURE = 1


async def crowd(session: Session, line: Line) -> list[Actor]:
    """Build the people who will act, and the system."""
    found = [await estate.actor_of(session, line, await estate.web_of(session, name)) for name in NAMES]
    return [*found, actors.system("autoclose", house=found[0].house)]


@dataclass(slots=True)
class Play:
    """A random play: who is there, what they play with, how often each thing happened."""

    line: Line
    dice: random.Random
    people: list[Actor]
    tickets: list[int]
    staff: list[int]
    done: Counter[Action] = field(default_factory=Counter)

    async def turn(self) -> None:
        """Let somebody try something."""
        ticket_id = self.dice.choice(self.tickets)
        async with self.line.db.transaction() as session:
            ticket = await session.get_one(Ticket, ticket_id)
            who, action = self._who_and_what(ticket)
            entitled = standings(who, ticket) & TABLE[action].who
            before, seq = State(ticket.state), ticket.seq
            try:
                async with session.begin_nested():
                    await self._try(session, who, action, ticket)
            except Refused:
                after = await session.get_one(Ticket, ticket_id, populate_existing=True)
                assert (after.state, after.seq) == (before, seq)
                return
            assert entitled
            await self._see(session, ticket_id, action, before, seq)

    def _who_and_what(self, ticket: Ticket) -> tuple[Actor, Action]:
        """Pick anybody and anything; more often what makes sense now and was seldom seen."""
        others = frozenset() if ticket.kind == Kind.RECTIFICATION else {Action.FOUND_RIGHT, Action.FOUND_WRONG}
        sensible = [one for one, rule in TABLE.items() if ticket.state in rule.states and one not in others]
        action = self.dice.choice(list(TABLE))
        if self.dice.random() < 0.8:
            action = min(sensible, key=lambda one: (self.done[one] + 3 * (one in ENDS), self.dice.random()))
        entitled = [one for one in self.people if standings(one, ticket) & TABLE[action].who]
        anybody = not entitled or self.dice.random() < 0.1
        return self.dice.choice(self.people if anybody else entitled), action

    async def _try(self, session: Session, who: Actor, action: Action, ticket: Ticket) -> None:
        now, policy = self.line.now, self.line.world.policies.defaults
        asked: dict[str, Any] = {"now": now, "policy": policy}
        if action is Action.MERGE:
            into = self.dice.choice([*self.tickets, ticket.id])
            await merging.merge(session, who, ticket_id=ticket.id, into_id=into, **asked)
        elif action is Action.UNMERGE:
            await merging.unmerge(session, who, ticket_id=ticket.id, **asked)
        else:
            found = await finding.find(session, who, ticket_id=ticket.id, lock=True)
            await self._plain(session, who, action, found)

    async def _plain(self, session: Session, who: Actor, action: Action, ticket: Ticket) -> None:
        now, policy = self.line.now, self.line.world.policies.defaults
        if action is Action.LINK:
            other = await session.get_one(Ticket, self.dice.choice(self.tickets))
            await merging.link(session, who, ticket=ticket, other=other, now=now, policy=policy)
            return
        said = Said(self.dice.choice(["", "一句话", "一句话"]), (PICTURE,) if action is Action.NO_ACCESS else ())
        if action is Action.GIVE_BACK and not who.system:
            await passing.give_back(session, who, ticket=ticket, reason="skill", said=said, now=now, policy=policy)
            return
        if action is Action.QUOTE:
            lines = [Item("labour", "人工", 1, 0, self.dice.randint(1, 400) * 100)]
            await quotes.offer(session, who, ticket=ticket, lines=lines, guarantee_days=0, now=now, policy=policy)
            return
        if action in {Action.AGREE, Action.DECLINE}:
            agreed = action is Action.AGREE
            await quotes.decide(session, who, ticket=ticket, agreed=agreed, words="", now=now, policy=policy)
            return
        codes = self._codes(action)
        if action is Action.INHERIT:
            codes = {"requester": ticket.requester_id, "address": ticket.requester_address_id}
        await engine.act(session, who, action, ticket=ticket, now=now, policy=policy, said=said, codes=codes)

    def _codes(self, action: Action) -> Mapping[str, Any]:
        """Return what an action brings along."""
        dice = self.dice
        later = self.line.now + timedelta(minutes=dice.choice([-60, 30, 600, 3000]))
        brought: Mapping[Action, Mapping[str, Any]] = {
            Action.ASSIGN: {"to": dice.choice(self.staff)},
            Action.HAND_ON: {"to": dice.choice(self.staff)},
            Action.GIVE_BACK: {"reason": "unaccepted"},
            Action.NOT_OURS: {"whose": "power", "label": "供电局", "phone": "95598"},
            Action.PROBLEM: {"problem": dice.choice(["absent", "parts", "quote", "lead"])},
            Action.PAUSE: {"reason": dice.choice(["parts", "weather"]), "until": later},
            Action.NO_ACCESS: {"until": later},
            Action.EXTEND: {"reason": "parts", "until": later},
            Action.RESCHEDULE: {"start": later, "end": later + timedelta(hours=2)},
            Action.FOUND_WRONG: {"until": later},
            Action.QUALITY: {"verdict": dice.choice(["good", "poor"])},
            Action.CONCERN: {"staff": None, "team": dice.choice(["", "cleaning"]), "unit": None},
            Action.RALLY: {"members": [dice.choice(self.staff)]},
            Action.APPEAL: dice.choice([{}, {"to": dice.choice(self.staff)}]),
            Action.DONE: dice.choice([{}, {"charge": 500}, {"charge": 90_000}]),
        }
        return brought.get(action, {})

    async def _see(self, session: Session, ticket_id: int, action: Action, before: State, seq: int) -> None:
        """See that what happened was allowed to, and that everything is whole."""
        ticket = await session.get_one(Ticket, ticket_id)
        if ticket.state in OVER and before not in OVER:
            assert action in ENDS
        assert ticket.seq >= seq
        self.done[action] += ticket.seq > seq
        for one in {ticket_id, ticket.merged_into_id} - {None}:
            await whole.check(session, await session.get_one(Ticket, one))

    async def pass_time(self) -> None:
        """Let time go by; now and then what falls due is worked, at times much later."""
        self.line.pass_time(timedelta(minutes=self.dice.choice([1, 5, 20, 60, 400])))
        if self.dice.random() < 0.4:
            async with self.line.db.transaction() as session:
                await self._look(session)

    async def _look(self, session: Session) -> None:
        due = select(Timer).where(
            Timer.kind == deadlines.TIMER, Timer.state == "waiting", Timer.due_at <= self.line.now
        )
        for timer in (await session.scalars(due)).all():
            timer.state = "done"
            await session.flush()
            policy = self.line.world.policies.defaults
            await escalation.look(session, ticket_id=timer.subject_id, now=self.line.now, policy=policy)
            await whole.check(session, await session.get_one(Ticket, timer.subject_id))


async def begun(line: Line, seed: int) -> Play:
    """File tickets of several kinds."""
    async with line.db.transaction() as session:
        people = await crowd(session, line)
        owner = people[OWNER]
        tickets = [
            await estate.filed(session, line, owner, matter="漏水"),
            await estate.filed(session, line, people[NEIGHBOUR], matter="也漏水"),
            await estate.filed(session, line, owner, matter="爆管", emergency=True),
            await estate.filed(session, line, owner, matter="态度差", kind=Kind.COMPLAINT, confidential=True),
            await estate.filed(session, line, owner, matter="怎么缴费", kind=Kind.INQUIRY),
            await estate.filed(session, line, owner, matter="清走杂物", kind=Kind.RECTIFICATION),
        ]
        staff = list((await session.scalars(select(Staff.id).where(Staff.team == "engineering"))).all())
        weighted = [*people, owner, owner, people[ENGINEER], people[ENGINEER], people[SUPERVISOR]]
        return Play(line, random.Random(seed), weighted, [ticket.id for ticket in tickets], staff)


@pytest.mark.parametrize("seed", range(3))
async def test_a_ticket_stays_whole_whatever_people_do(line: Line, seed: int) -> None:
    play = await begun(line, seed)
    for _ in range(STEPS):
        await play.turn()
        await play.pass_time()
    assert len(+play.done) > len(TABLE) // 2
    async with line.db.transaction() as session:
        assert await history.seal(session, now=line.now)
    async with line.db.reading() as session:
        verdict = await history.verify(session)
        assert (verdict.broken, verdict.tickets) == ([], len(play.tickets))
        await answered_by_people(session)


async def answered_by_people(session: Session) -> None:
    """See that no clock of an answer was met at a moment at which no employee did anything to its ticket."""
    met = select(Deadline).where(Deadline.clock.in_((Clock.ANSWER, Clock.NEXT)), Deadline.how == "met")
    for row in (await session.scalars(met)).all():
        by_hand = History.ticket_id == row.ticket_id, History.at == row.ended_at, History.system == ""
        people = (await session.scalars(select(History.person_id).where(*by_hand))).all()
        staff = (await session.scalars(select(Staff.person_id).where(Staff.person_id.in_(people)))).all()
        assert staff


async def test_silence_counts_as_no_answer_and_plans_no_survey(line: Line) -> None:
    async with line.db.transaction() as session:
        owner, _, engineer, *_, system = await crowd(session, line)
        ticket = await estate.filed(session, line, owner)
        await estate.act(session, line, engineer, Action.ACCEPT, ticket.id)
        await estate.act(session, line, engineer, Action.DONE, ticket.id, words="换了")
        await estate.act(session, line, system, Action.CLOSE, ticket.id)
        assert ticket.closed_how == "silence"
        assert await session.scalar(select(func.count()).select_from(Survey)) == 0


async def test_the_owners_number_is_logged_when_it_is_shown_and_never_when_he_refused(line: Line) -> None:
    async with line.db.transaction() as session:
        owner, _, engineer, *_ = await crowd(session, line)
        shown = await estate.filed(session, line, owner)
        hidden = await estate.filed(session, line, owner, matter="另一件")
        hidden.shows_number = False
        for ticket in (shown, hidden):
            await estate.act(session, line, engineer, Action.ACCEPT, ticket.id)
        rows = (await session.execute(select(NumberView.ticket_id, NumberView.viewer_id))).all()
        assert [tuple(row) for row in rows] == [(shown.id, engineer.person_id)]


async def test_a_ticket_of_another_is_not_there(line: Line) -> None:
    async with line.db.transaction() as session:
        owner, neighbour, *_ = await crowd(session, line)
        ticket = await estate.filed(session, line, owner)
        assert standings(neighbour, ticket) == frozenset()
        for action in TABLE:
            with pytest.raises(Refused) as refused:
                await estate.act(session, line, neighbour, action, ticket.id)
            assert refused.value.text.key == "refused.not_found"


async def test_a_complaint_is_not_there_for_the_desk_nor_for_the_team(line: Line) -> None:
    async with line.db.transaction() as session:
        owner, _, engineer, _, desk, supervisor, manager, _ = await crowd(session, line)
        ticket = await estate.filed(session, line, owner, kind=Kind.COMPLAINT, confidential=True)
        assert standings(desk, ticket) == standings(engineer, ticket) == frozenset()
        assert Standing.LEAD in standings(supervisor, ticket)
        assert Standing.LEAD in standings(manager, ticket)


async def test_reopening_cancels_the_survey_its_question_and_its_timers(line: Line) -> None:
    async with line.db.transaction() as session:
        owner, _, engineer, *_ = await crowd(session, line)
        ticket = await estate.filed(session, line, owner)
        await estate.act(session, line, engineer, Action.ACCEPT, ticket.id)
        await estate.act(session, line, engineer, Action.DONE, ticket.id, words="换了")
        await estate.act(session, line, owner, Action.OWNER_ACCEPTS, ticket.id)
    await line.advance(timedelta(hours=5))
    async with line.db.transaction() as session:
        assert await session.scalar(select(Survey.state)) == "asked"
        await estate.act(session, line, owner, Action.OWNER_RETURNS, ticket.id, words="又漏了")
    async with line.db.reading() as session:
        assert await session.scalar(select(Survey.state)) == "cancelled"
        asked = select(func.count()).where(Prompt.form == "survey", Prompt.state == "open")
        assert await session.scalar(asked) == 0
        timers = select(func.count()).where(Timer.subject == "survey", Timer.state == "waiting")
        assert await session.scalar(timers) == 0
        row = await session.get(Ticket, ticket.id)
        assert row is not None
        assert (row.cycle, row.returns, row.state) == (2, 1, State.WORKING)


async def test_a_refused_action_leaves_the_ticket_as_it_was(line: Line) -> None:
    async with line.db.transaction() as session:
        owner, _, engineer, *_ = await crowd(session, line)
        ticket = await estate.filed(session, line, owner)
        before = (ticket.state, ticket.seq, ticket.head, ticket.holder_id)
        for who, action in ((owner, Action.OWNER_ACCEPTS), (engineer, Action.DONE), (owner, Action.ACCEPT)):
            with pytest.raises(Refused):
                await estate.act(session, line, who, action, ticket.id)
        assert (ticket.state, ticket.seq, ticket.head, ticket.holder_id) == before
