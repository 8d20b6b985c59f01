"""What owners say of bills: what it pauses, who may say it, who answers, what follows when nobody does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from services import actors, retention
from services.access import Deed
from services.actors import Actor, Proof, Role
from services.db import Session
from services.models import Bill, Matter, Outgoing, Payment
from services.money import answers, bulk, matters, standing
from services.money.answers import Answered, Booked
from services.money.bulk import Entry
from services.money.ledger import Money
from services.money.matters import About, Said
from services.refusals import NotAllowed, NotFound
from services.settings import Policy, Retention
from tests.support import accounts, estate
from tests.support.line import START, Line

POLICY = Policy()
TILL = actors.system("import", Deed.TAKE_PAYMENT)
LATE = START + timedelta(days=10)


async def somebody(session: Session, line: Line, name: str) -> Actor:
    actor = await estate.actor_of(session, line, await estate.web_of(session, name))
    return replace(actor, proof=Proof.CODE, proof_is_recent=True)


async def said(session: Session, line: Line, about: About = About.PAID, *, one: bool = False) -> Matter:
    """Let Wang Fang say something of her bills: of all, or of the first."""
    owner = await somebody(session, line, "王芳")
    bills = await standing.due(session, owner)
    what = Said(about=about, unit_id=bills[0].unit_id, bill_id=bills[0].id if one else None)
    return await matters.say(session, owner, said=what, now=line.now, policy=POLICY)


async def paused(session: Session, matter: Matter, line: Line, after: timedelta = timedelta(0)) -> frozenset[int]:
    return await matters.paused_bills(session, unit_ids=[matter.unit_id], now=line.now + after)


async def test_paid_already_pauses_all_that_was_open_until_its_day(line: Line) -> None:
    async with line.db.transaction() as session:
        matter = await said(session, line)
        bills = await standing.owed(session, unit_ids=[matter.unit_id])
        assert await paused(session, matter, line) == {bill.id for bill in bills}
        assert await paused(session, matter, line, matter.due_at - line.now) == frozenset()


async def test_what_is_billed_later_is_not_paused(line: Line) -> None:
    async with line.db.transaction() as session:
        matter = await said(session, line)
        first = (await standing.owed(session, unit_ids=[matter.unit_id]))[0]
        later = Bill(
            community_id=first.community_id,
            unit_id=first.unit_id,
            item="水费",
            period="2026-04",
            cents=900,
            due_on=first.due_on,
            as_of=line.now,
        )
        session.add(later)
        await session.flush()
        assert later.id not in await paused(session, matter, line)


async def test_a_dispute_pauses_its_line_alone(line: Line) -> None:
    async with line.db.transaction() as session:
        matter = await said(session, line, About.WRONG, one=True)
        assert await paused(session, matter, line) == {matter.bill_id}


async def test_an_invoice_pauses_nothing(line: Line) -> None:
    async with line.db.transaction() as session:
        assert await paused(session, await said(session, line, About.INVOICE), line) == frozenset()


async def test_said_twice_it_is_one_matter(line: Line) -> None:
    async with line.db.transaction() as session:
        first, again = await said(session, line), await said(session, line)
        assert first.id == again.id
        assert await session.scalar(select(func.count()).select_from(Matter)) == 1


async def test_finance_has_working_days_of_the_office(line: Line) -> None:
    """The clock starts on a Sunday: two working days on is Wednesday's closing."""
    async with line.db.transaction() as session:
        matter = await said(session, line)
        assert matter.due_at.astimezone(line.world.zone).isoformat() == "2026-04-15T17:30:00+08:00"


async def test_nobody_speaks_of_a_neighbours_bills(line: Line) -> None:
    async with line.db.transaction() as session:
        other = await somebody(session, line, "杨帆")
        bill = (await standing.due(session, await somebody(session, line, "王芳")))[0]
        with pytest.raises(NotAllowed):
            await matters.say(
                session, other, said=Said(about=About.PAID, unit_id=bill.unit_id), now=line.now, policy=POLICY
            )
        own = other.here[0].unit_id
        with pytest.raises(NotFound):
            await matters.say(
                session,
                other,
                said=Said(about=About.WRONG, unit_id=own, bill_id=bill.id),
                now=line.now,
                policy=POLICY,
            )


async def test_without_finance_who_leads_is_asked(line: Line) -> None:
    async with line.db.transaction() as session:
        matter = await said(session, line)
        leads = {(await somebody(session, line, name)).staff for name in ("老赵", "孙经理")}
        assert set(matter.given["asked"]) == {one.staff_id for one in leads if one is not None}


async def test_the_first_answer_counts(line: Line) -> None:
    first, second = (
        await accounts.hired(line, "钱会计", Role.FINANCE),
        await accounts.hired(line, "周会计", Role.FINANCE),
    )
    async with line.db.transaction() as session:
        matter = await said(session, line)
        qian, zhou = [await estate.actor_of(session, line, one) for one in (first, second)]
        await answers.missing(session, qian, matter_id=matter.id, words="没有", now=line.now)
        with pytest.raises(Answered):
            await answers.found(session, zhou, matter_id=matter.id, booked=None, now=line.now)


async def test_money_that_finance_found_is_written_down_once(line: Line) -> None:
    writer = await accounts.hired(line, "钱会计", Role.FINANCE)
    async with line.db.transaction() as session:
        matter = await said(session, line)
        clerk = await estate.actor_of(session, line, writer)
        owed = sum(map(standing.open_cents, await standing.owed(session, unit_ids=[matter.unit_id])))
        booked = Booked(owed, "wechat", START.date())
        await answers.found(session, clerk, matter_id=matter.id, booked=booked, now=line.now)
        payment = (await session.scalars(select(Payment).where(Payment.key == f"matter:{matter.id}"))).one()
        assert payment.cents == owed
        assert await standing.owed(session, unit_ids=[matter.unit_id]) == []
        assert await paused(session, matter, line) == frozenset()


async def test_owners_and_the_desk_answer_nothing(line: Line) -> None:
    async with line.db.transaction() as session:
        matter = await said(session, line)
        for name in ("王芳", "小李"):
            with pytest.raises((NotAllowed, NotFound)):
                await answers.found(
                    session, await somebody(session, line, name), matter_id=matter.id, booked=None, now=line.now
                )


async def test_unanswered_it_lapses_and_can_still_be_answered(line: Line) -> None:
    async with line.db.transaction() as session:
        matter = await said(session, line)
        await matters.lapse(session, matter_id=matter.id, now=line.now)
        assert matter.state == "open"  # too early
        await matters.lapse(session, matter_id=matter.id, now=LATE)
        assert matter.state == "lapsed"
        told = await session.scalars(select(Outgoing.key).where(Outgoing.key.like(f"matter:{matter.id}:l%")))
        assert {key.split(":")[2] for key in told} == {"lapsed", "late"}
        lead = await somebody(session, line, "老赵")
        await answers.missing(session, lead, matter_id=matter.id, words="没有", now=LATE)
        assert matter.state == "answered"


async def test_what_was_paid_meanwhile_does_not_lapse(line: Line) -> None:
    async with line.db.transaction() as session:
        matter = await said(session, line)
        for bill in await standing.owed(session, unit_ids=[matter.unit_id]):
            bill.paid_cents = bill.cents
        await session.flush()
        await matters.lapse(session, matter_id=matter.id, now=LATE)
        assert (matter.state, matter.answer) == ("answered", "found")


async def test_what_was_said_goes_when_words_go(line: Line) -> None:
    kept = Retention(words_days=30)
    async with line.db.transaction() as session:
        matter = await said(session, line)
        matter.words = "昨天转的"
        lead = await somebody(session, line, "老赵")
        await answers.missing(session, lead, matter_id=matter.id, words="没有", now=line.now)
        early = await retention.sweep(session, kept, now=START + timedelta(days=29), limit=10)
        late = await retention.sweep(session, kept, now=START + timedelta(days=32), limit=10)
        assert (early.matters, late.matters) == (0, 1)
        await session.refresh(matter)
        assert (matter.words, matter.answer_words, matter.given, matter.answer) == ("", "", {}, "missing")


async def landed(session: Session, line: Line, matter: Matter, cents: int, key: str) -> None:
    """Let a file bring money for the matter's unit."""
    money = Money(cents=cents, way="transfer", source="import", key=key, paid_on=line.now.date())
    entry = Entry(matter.unit_id, money)
    await bulk.record_many(session, TILL, community_id=matter.community_id, entries=[entry], now=line.now)


async def test_paid_already_ends_by_itself_when_all_of_it_is_paid_and_not_before(line: Line) -> None:
    async with line.db.transaction() as session:
        matter = await said(session, line)
        owed = [standing.open_cents(one) for one in await standing.owed(session, unit_ids=[matter.unit_id])]
        await landed(session, line, matter, sum(owed) - 1, "a")
        assert matter.state == "open"
        await landed(session, line, matter, 1, "b")
        assert (matter.state, matter.answer, matter.answered_by) == ("answered", "found", None)
        told = await session.scalars(select(Outgoing.key).where(Outgoing.key.like("paid:%")))
        assert len({key.split(":")[1] for key in told.all()}) == 1
        await landed(session, line, matter, 100, "c")
        assert matter.answered_at == line.now


async def test_a_dispute_does_not_end_by_money(line: Line) -> None:
    async with line.db.transaction() as session:
        matter = await said(session, line, About.WRONG, one=True)
        owed = [standing.open_cents(one) for one in await standing.owed(session, unit_ids=[matter.unit_id])]
        await landed(session, line, matter, sum(owed), "a")
        assert matter.state == "open"
