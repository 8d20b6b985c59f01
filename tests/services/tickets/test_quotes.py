"""What work will cost: asked, decided once, never charged above what was agreed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from services.actors import Actor
from services.calendars import DEVELOPER
from services.db import Database, Session
from services.messages import money
from services.models import History, Outgoing, Prompt, Quote, Ticket, Timer
from services.pricing import Line as Item
from services.pricing import read
from services.refusals import NotAllowed, NotFound, Refused
from services.settings import Policy
from services.tickets import finding, quotes
from services.tickets.needs import AboveAgreed, NeedsNote
from services.tickets.paying import REWORK
from services.tickets.rules import Action, AlreadyDone, State, TooLate
from tests.support import estate
from tests.support.line import Line

VALVE = Item("angle_valve", "角阀", 1, 3800, 2000)
HOSE = Item("hose", "软管", 2, 5000, 3000)
JOINT = Item("", "铜接头", 1, 2500, 0, listed=False)


@dataclass(frozen=True, slots=True)
class Scene:
    """A repair in work and everybody around it."""

    line: Line
    ticket_id: int
    owner: Actor
    engineer: Actor
    lead: Actor
    desk: Actor

    async def offer(self, *lines: Item, by: Actor | None = None, days: int = 180) -> Quote:
        """Let somebody, by default the engineer, name a price."""
        who = by or self.engineer
        async with self.line.db.transaction() as session:
            ticket = await finding.find(session, who, ticket_id=self.ticket_id, lock=True)
            return await quotes.offer(
                session, who, ticket=ticket, lines=lines, guarantee_days=days, now=self.line.now, policy=Policy()
            )

    async def decide(
        self, who: Actor, *, agreed: bool, words: str = "", quote_id: int | None = None, db: Database | None = None
    ) -> Quote:
        """Let somebody answer the price."""

        async def answer(session: Session) -> Quote:
            ticket = await finding.find(session, who, ticket_id=self.ticket_id, lock=True)
            return await quotes.decide(
                session,
                who,
                ticket=ticket,
                agreed=agreed,
                words=words,
                now=self.line.now,
                policy=Policy(),
                quote_id=quote_id,
            )

        return await (db or self.line.db).run(answer)

    async def act(self, who: Actor, action: Action, **codes: object) -> None:
        """Let somebody do something else to the ticket."""
        async with self.line.db.transaction() as session:
            await estate.act(session, self.line, who, action, self.ticket_id, words="一句话", **codes)

    async def ticket(self) -> Ticket:
        """Return the ticket as it is now."""
        async with self.line.db.reading() as session:
            return (await session.scalars(select(Ticket).where(Ticket.id == self.ticket_id))).one()

    async def quotes(self) -> Sequence[Quote]:
        """Return every quote of the ticket, oldest first."""
        async with self.line.db.reading() as session:
            return (await session.scalars(select(Quote).order_by(Quote.count))).all()

    async def set(self, **values: object) -> None:
        """Change the ticket's row by hand."""
        async with self.line.db.transaction() as session:
            ticket = (await session.scalars(select(Ticket).where(Ticket.id == self.ticket_id))).one()
            for name, value in values.items():
                setattr(ticket, name, value)

    async def questions(self) -> list[tuple[str, str]]:
        """Return the questions about a price by key and state."""
        async with self.line.db.reading() as session:
            rows = await session.execute(
                select(Prompt.key, Prompt.state).where(Prompt.form == "offer").order_by(Prompt.id)
            )
            return [(str(key), state) for key, state in rows]


@pytest.fixture
async def scene(line: Line) -> Scene:
    """Return a repair that 王师傅 has said yes to."""
    names = ("王芳", "王师傅", "老赵", "小李")
    writers = [await estate.linked(line, name) for name in names]
    async with line.db.transaction() as session:
        owner, engineer, lead, desk = [await estate.actor_of(session, line, writer) for writer in writers]
        ticket = await estate.filed(session, line, owner)
        await estate.act(session, line, engineer, Action.ACCEPT, ticket.id)
        return Scene(line, ticket.id, owner, engineer, lead, desk)


async def test_an_agreed_price_is_what_may_be_charged(scene: Scene) -> None:
    offered = await scene.offer(VALVE, HOSE)
    assert (offered.count, offered.total_cents, offered.state) == (1, 13800, "asked")
    assert (await scene.ticket()).state == State.PAUSED
    decided = await scene.decide(scene.owner, agreed=True)
    assert (decided.state, decided.decided_by, decided.decided_at) == ("agreed", scene.owner.person_id, scene.line.now)
    ticket = await scene.ticket()
    assert (ticket.state, ticket.agreed_cents, ticket.pause_reason) == (State.WORKING, 13800, "")
    with pytest.raises(AboveAgreed):
        await scene.act(scene.engineer, Action.DONE, charge=13801)
    await scene.act(scene.engineer, Action.DONE)
    assert (await scene.ticket()).charged_cents == 13800


async def test_less_than_agreed_may_be_charged(scene: Scene) -> None:
    await scene.offer(VALVE)
    await scene.decide(scene.owner, agreed=True)
    await scene.act(scene.engineer, Action.DONE, charge=2000)
    assert (await scene.ticket()).charged_cents == 2000


async def test_a_declined_price_lets_the_work_go_on_without_it(scene: Scene) -> None:
    await scene.offer(VALVE)
    assert (await scene.decide(scene.owner, agreed=False)).state == "declined"
    ticket = await scene.ticket()
    assert (ticket.state, ticket.agreed_cents) == (State.WORKING, None)
    with pytest.raises(AboveAgreed):
        await scene.act(scene.engineer, Action.DONE, charge=1)


async def test_a_new_price_takes_the_place_of_one_that_waits(scene: Scene) -> None:
    first = await scene.offer(VALVE)
    second = await scene.offer(VALVE, HOSE)
    assert [(one.count, one.state) for one in await scene.quotes()] == [(1, "replaced"), (2, "asked")]
    with pytest.raises(quotes.Answered) as refused:
        await scene.decide(scene.owner, agreed=True, quote_id=first.id)
    assert refused.value.text.params["was"] is not None
    await scene.decide(scene.owner, agreed=True, quote_id=second.id)
    assert await scene.questions() == [
        (f"offer:{scene.ticket_id}:1", "cancelled"),
        (f"offer:{scene.ticket_id}:2", "cancelled"),
    ]


async def test_what_was_agreed_before_holds_when_more_is_declined(scene: Scene) -> None:
    await scene.offer(VALVE)
    await scene.decide(scene.owner, agreed=True)
    await scene.offer(VALVE, HOSE)
    await scene.decide(scene.owner, agreed=False)
    await scene.act(scene.engineer, Action.DONE)
    assert (await scene.ticket()).charged_cents == VALVE.cents


async def test_a_price_is_answered_once(scene: Scene) -> None:
    with pytest.raises(NotFound):
        await scene.decide(scene.owner, agreed=True)
    await scene.offer(VALVE)
    await scene.decide(scene.owner, agreed=True)
    for agreed in (True, False):
        with pytest.raises(quotes.Answered):
            await scene.decide(scene.owner, agreed=agreed)
    with pytest.raises(AlreadyDone):
        await scene.act(scene.owner, Action.AGREE, total=VALVE.cents)


async def test_the_price_of_somebody_else_is_not_his_to_agree_to(scene: Scene) -> None:
    await scene.offer(VALVE)
    with pytest.raises(NotAllowed):
        await scene.decide(scene.engineer, agreed=True)
    home = await estate.linked(scene.line, "赵敏")
    async with scene.line.db.reading() as session:
        stranger = await estate.actor_of(session, scene.line, home)
        quote = (await session.scalars(select(Quote))).one()
        with pytest.raises(NotFound):
            await quotes.find(session, stranger, quote_id=quote.id)
        with pytest.raises(NotFound):
            await quotes.find(session, stranger, quote_id=quote.id + 1)
        assert (await quotes.find(session, scene.owner, quote_id=quote.id))[0] is quote


async def test_the_desk_writes_down_what_the_owner_said_on_the_phone(scene: Scene) -> None:
    await scene.offer(VALVE)
    with pytest.raises(NeedsNote):
        await scene.decide(scene.desk, agreed=True)
    decided = await scene.decide(scene.desk, agreed=True, words="她说可以")
    assert decided.decided_by == scene.desk.person_id
    async with scene.line.db.reading() as session:
        codes = (await session.scalars(select(History.codes).where(History.action == Action.AGREE))).one()
        assert (codes["quote"], codes["count"], codes["total"]) == (decided.id, 1, 5800)
        key = f"ticket:{scene.ticket_id}:%:owner"
        assert (await session.scalars(select(Outgoing.id).where(Outgoing.key.like(key)))).all()


async def test_an_item_that_is_not_on_the_list_waits_for_the_supervisor(scene: Scene) -> None:
    with pytest.raises(quotes.NotListed) as refused:
        await scene.offer(VALVE, JOINT)
    assert refused.value.text.params["item"] == "铜接头"
    async with scene.line.db.transaction() as session:
        ticket = await finding.find(session, scene.engineer, ticket_id=scene.ticket_id, lock=True)
        shown = money(8300)
        referred = await quotes.refer(
            session, scene.engineer, ticket=ticket, lines=[VALVE, JOINT], shown=shown, now=scene.line.now
        )
        assert quotes.lines_of(referred) == (VALVE, JOINT)
    with pytest.raises(NotFound):
        await scene.decide(scene.owner, agreed=True)
    assert (await scene.offer(VALVE, JOINT, by=scene.lead)).count == 2
    assert [one.state for one in await scene.quotes()] == ["replaced", "asked"]


@pytest.mark.parametrize(("payer", "refusal"), [(REWORK, quotes.ReworkIsFree), (DEVELOPER, quotes.DeveloperPays)])
async def test_what_the_owner_need_not_pay_is_quoted_by_who_leads_alone(
    scene: Scene, payer: str, refusal: type[Refused]
) -> None:
    await scene.set(payer=payer)
    with pytest.raises(refusal):
        await scene.offer(VALVE)
    assert (await scene.offer(VALVE, by=scene.lead)).state == "asked"


async def test_a_sum_that_cannot_be_is_not_sent(scene: Scene) -> None:
    for line in (
        replace(VALVE, material_cents=0, labour_cents=0),
        replace(VALVE, material_cents=quotes.MOST_CENTS + 1),
    ):
        with pytest.raises(quotes.OddSum):
            await scene.offer(line)
    assert not await scene.quotes()


async def test_an_engineer_in_haste_does_not_lose_the_owners_word(scene: Scene) -> None:
    await scene.offer(VALVE)
    await scene.act(scene.engineer, Action.ARRIVED)
    assert (await scene.ticket()).state == State.WORKING
    assert (await scene.decide(scene.owner, agreed=True)).state == "agreed"
    with pytest.raises(TooLate):
        await scene.act(scene.owner, Action.DECLINE)


async def test_while_the_work_changes_hands_the_price_waits(scene: Scene) -> None:
    await scene.offer(VALVE)
    colleague = await estate.linked(scene.line, "陈师傅")
    async with scene.line.db.reading() as session:
        other = await estate.actor_of(session, scene.line, colleague)
    assert other.staff is not None
    await scene.act(scene.engineer, Action.HAND_ON, to=other.staff.staff_id)
    with pytest.raises(quotes.PassedOn):
        await scene.decide(scene.owner, agreed=True)
    await scene.act(other, Action.ACCEPT)
    assert (await scene.decide(scene.owner, agreed=True)).state == "agreed"


@pytest.mark.parametrize("arrives", [False, True])
async def test_work_that_ended_without_an_answer_withdraws_the_question(scene: Scene, *, arrives: bool) -> None:
    await scene.offer(VALVE)
    if arrives:
        await scene.act(scene.engineer, Action.ARRIVED)
    await scene.act(scene.engineer, Action.DONE)
    assert await scene.questions() == [(f"offer:{scene.ticket_id}:1", "cancelled")]
    with pytest.raises(TooLate):
        await scene.decide(scene.owner, agreed=True)


async def test_a_price_without_an_answer_is_asked_about_once_more(scene: Scene) -> None:
    await scene.offer(VALVE)
    await scene.line.advance(timedelta(days=4))
    assert await scene.questions() == [
        (f"offer:{scene.ticket_id}:1", "cancelled"),
        (f"offer:{scene.ticket_id}:1:again", "open"),
    ]
    async with scene.line.db.reading() as session:
        (timer,) = (await session.scalars(select(Timer).where(Timer.kind == quotes.REMIND))).all()
        assert timer.state == "done"
    await scene.decide(scene.owner, agreed=True)


async def test_an_answered_price_is_not_asked_about_again(scene: Scene) -> None:
    offered = await scene.offer(VALVE)
    await scene.decide(scene.owner, agreed=True)
    async with scene.line.db.transaction() as session:
        assert not await quotes.remind(session, quote_id=offered.id, now=scene.line.now)
        assert not await quotes.remind(session, quote_id=offered.id + 1, now=scene.line.now)
        (timer,) = (await session.scalars(select(Timer).where(Timer.kind == quotes.REMIND))).all()
        assert timer.state == "cancelled"


async def test_who_cannot_be_asked_here_is_called_by_the_desk(scene: Scene) -> None:
    await scene.set(requester_id=None, requester_address_id=None)
    offered = await scene.offer(VALVE)
    assert not await scene.questions()
    async with scene.line.db.transaction() as session:
        assert await quotes.remind(session, quote_id=offered.id, now=scene.line.now)
    async with scene.line.db.reading() as session:
        said = (
            await session.scalars(select(Outgoing.key).where(Outgoing.key.like(f"ticket:{scene.ticket_id}:%")))
        ).all()
    assert any(key.endswith(":quote1") for key in said)
    assert any(key.endswith(":front") for key in said)


async def test_two_replicas_take_one_answer(scene: Scene, estate_url: str) -> None:
    await scene.offer(VALVE)
    other = Database(estate_url)

    async def answer(who: Actor, db: Database, *, agreed: bool) -> str:
        try:
            return (await scene.decide(who, agreed=agreed, words="电话里说的", db=db)).state
        except Refused as refused:
            return type(refused).__name__

    came = await asyncio.gather(
        answer(scene.owner, scene.line.db, agreed=True), answer(scene.desk, other, agreed=False)
    )
    await other.dispose()
    assert "Answered" in came
    (quote,) = await scene.quotes()
    assert quote.state in came
    assert ((await scene.ticket()).agreed_cents == VALVE.cents) == (quote.state == "agreed")


async def test_the_longest_guarantee_of_its_lines_goes_on_a_quote(scene: Scene) -> None:
    prices = scene.line.world.catalog.prices
    found = read("角阀1个 疏通地漏", prices, "zh_Hans").lines
    assert quotes.guarantee(found, prices) == 180
    assert quotes.guarantee([JOINT], prices) == 0
    assert (quotes.unlisted(found), quotes.unlisted([VALVE, JOINT])) == ("", "铜接头")


async def test_a_line_says_how_the_price_stands(scene: Scene) -> None:
    async def said() -> tuple[str, str]:
        async with scene.line.db.reading() as session:
            ticket = (await session.scalars(select(Ticket).where(Ticket.id == scene.ticket_id))).one()
            known, short = quotes.line(ticket, await quotes.latest(session, ticket)), quotes.line(ticket)
            return (known.key if known else ""), (short.key if short else "")

    assert await said() == ("", "")
    await scene.offer(VALVE)
    assert await said() == ("quote.line.asked", "quote.line.waits")
    await scene.decide(scene.owner, agreed=False)
    assert await said() == ("quote.line.declined", "")
    await scene.offer(VALVE)
    await scene.decide(scene.owner, agreed=True)
    assert await said() == ("quote.line.agreed", "quote.line.agreed")
